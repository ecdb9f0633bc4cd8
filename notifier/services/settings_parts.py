"""What a school may set itself: the fields of each settings page, where each stands in the school's file or its policy, and how it is typed.

A field knows its words, how its value is shown, and what typed text means. Whether the values fit together is for the readers of the
files to say (`configuration.schools`, `configuration.policies`), so that a file that was typed by hand and one that was saved here obey
the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final

from notifier.domain.sms import FOLDABLE
from notifier.domain.staff_words import step_words

FILE, POLICY = "file", "policy"

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")

_LIKE: Final = {
    "time": "Enter a time, like 09:20.",
    "number": "Enter a whole number, like 30.",
    "percent": "Enter a number, like 15.",
    "pounds": "Enter pounds, like 50 or 12.50.",
}
"""What to enter, by the kind of field."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that can be set. `kind` is text, time, number, percent, pounds, spans, yes_no, several or one."""

    id: str
    label: str
    kind: str
    place: tuple[Any, ...]
    inside: str = FILE
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The field's key as the readers of the files name it in their faults: "times.AM.first_contact", "step #2.after"."""
        if self.place[0] == "step":
            return f"step #{self.place[1] + 1}.{self.place[2]}"
        return ".".join(map(str, self.place))

    def shown(self, value: Any) -> str | list[str]:
        """A value of the file as the form shows it."""
        if self.kind == "several":
            return [str(each) for each in value or ()]
        if value is None:
            return ""
        if self.kind == "percent":
            return f"{float(value) * 100:g}"
        if self.kind == "pounds":
            return f"{int(value) / 100:.2f}"
        if self.kind == "spans":
            return "\n".join(_shown_span(each) for each in value)
        if self.kind == "yes_no":
            return "yes" if value else "no"
        return f"{value:%H:%M}" if isinstance(value, time) else str(value)  # TOML has times of its own

    def meant(self, typed: str, several: Sequence[str]) -> Any:
        """What was typed, as the file holds it; None for an empty text. Raises ValueError with words for whoever typed."""
        if self.kind == "several":
            known = {key for key, _ in self.choices}
            return [each for each in several if each in known]
        if self.kind == "spans":
            return [_span(line) for line in typed.splitlines() if line.strip()]
        if self.kind == "yes_no":
            return typed == "yes"
        if self.kind == "one":
            if typed not in {key for key, _ in self.choices}:
                raise ValueError("Choose one.")
            return typed
        if not typed:
            if self.kind in ("text", "optional"):
                return None
            raise ValueError(self.missing)
        return self._number(typed) if self.kind in ("number", "percent", "pounds") else typed

    @property
    def missing(self) -> str:
        """What somebody who left it empty has to do: "Enter the safeguarding lead’s e-mail." """  # noqa: D210 - ends with a quotation
        if self.kind in _LIKE:
            return _LIKE[self.kind]  # such labels are whole sentences
        thing = self.label.partition(",")[0]
        thing = thing[0].lower() + thing[1:]
        return f"Enter {thing}." if thing.startswith("this ") else f"Enter the {thing}."

    def _number(self, typed: str) -> Any:
        plain = typed.replace("£", "").replace("%", "").replace(",", "").strip()
        if self.kind == "number":
            if not plain.isdecimal() or len(plain) > 6:
                raise ValueError(_LIKE["number"])
            return int(plain)
        if not re.fullmatch(r"\d{1,6}(\.\d{1,2})?", plain):
            raise ValueError(_LIKE[self.kind])
        return round(float(plain) / 100, 4) if self.kind == "percent" else round(float(plain) * 100)


def _shown_span(value: Any) -> str:
    return " to ".join(f"{day:%d/%m/%Y}" if day else text for text, day in _days(value))


def span_words(line: str) -> str:
    """A day, or first and last day, as a form shows them, in words: "Wed 2 Sep 2026 to Fri 18 Dec 2026"."""
    return " to ".join(f"{day:%a} {day.day} {day:%b %Y}" if day else text for text, day in _days(line))


def _days(value: Any) -> list[tuple[str, date | None]]:
    """The days of a span as a file or a form writes it, each with its text; no day where the text is none."""
    texts = value if isinstance(value, list | tuple) else re.split(r" to |/(?=\d{4}-)", str(value))
    return [(str(one), _day_of(str(one))) for one in texts]


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(_iso(text))
    except ValueError:
        return None


def _span(line: str) -> Any:
    """A day or first and last day as typed. In a list of terms it is a pair, else as the file writes it; see `School`."""
    parts = [part.strip() for part in re.split(r"\s+(?:to|until)\s+|\s*–\s*|\s+-\s+", line.strip()) if part.strip()]
    if len(parts) not in (1, 2):
        raise ValueError(f"“{line.strip()}” is no day. Write 27/11/2026, or 26/10/2026 to 30/10/2026.")
    return "/".join(_iso(part) for part in parts)


def _iso(text: str) -> str:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
        return datetime.strptime(text, "%d/%m/%Y").date().isoformat()  # noqa: DTZ007 - a date without a time
    except ValueError:
        raise ValueError(f"“{text}” is no date. Write 27/11/2026.") from None


@dataclass(frozen=True, slots=True)
class Part:
    """One settings page."""

    key: str
    title: str
    lead: str
    fields: tuple[Field, ...] = field(default=())


def part_title(key: str) -> str:
    """The title of a settings page; the key as words where there is no such page."""
    found = parts(languages=(), policies=(), steps=()).get(key)
    return found.title if found else key.replace("_", " ").capitalize()


def _times(session: str, word: str) -> tuple[Field, ...]:
    return tuple(
        Field(f"{session}-{name}".lower(), f"{word}: {label}", "time", ("times", session, name), hint=hint)
        for name, label, hint in (
            ("register_closes", "registers close",
             f"A mark that is missing after this is asked for. For example {'09:20' if session == 'AM' else '13:20'}."),
            ("first_contact", "first texts",
             "Families of absent children are written to from then on. Leave ten minutes after registers close for late marks."),
            ("last_contact", "no text after", "What has not left by then is not sent; a person rings. Two hours are usual in the morning."),
        )
    )  # fmt: skip


_MEDIA: Final = (("sms", "Text message"), ("email", "E-mail"))
_SPANS: Final = "One on each line, like 26/10/2026 to 30/10/2026, or one day like 27/11/2026."

STEP_EFFECTS: Final = {
    "second_text": "Whoever has not answered gets a second text, and the next contact a first one. Usually 20.",
    "all_contacts": "Every contact with parental responsibility is written to, by text and e-mail. Usually 45.",
    "call_list": "The child goes on the list of calls: a person rings. Usually 60.",
    "safeguarding_lead": "The safeguarding lead is told by e-mail. Usually 90; later means longer in doubt.",
}
"""What each step of the shipped ladder does."""


def _step(number: int, step: Any) -> Field:
    hint = STEP_EFFECTS.get(step.name, "What the ladder does next, while nobody has answered.")
    label = f"Minutes after the first text: {step_words(step.name).lower()}"
    return Field(f"step-{number}", label, "number", ("step", number, "after"), POLICY, hint=hint)


def parts(
    *, languages: Sequence[tuple[str, str]], policies: Sequence[tuple[str, str]], steps: Sequence[Any]
) -> dict[str, Part]:
    """Every settings page by key; languages and policies are (key, words), steps those of the school's ladder."""
    folds = tuple((tag, words) for tag, words in languages if tag in FOLDABLE)
    made = (
        Part("times", "Times", "When registers close, and between which times families are contacted. Write 24-hour times, like 09:30.",
             (*_times("AM", "Morning"), *_times("PM", "Afternoon"))),
        Part("calendar", "Calendar", "Families are contacted on school days only. Bank holidays are known already.", (
            Field("terms", "Terms", "spans", ("calendar", "terms"), hint="Outside these days nothing is sent. One on each line, like 02/09/2026 to 18/12/2026."),
            Field("closed", "Closed days and half-terms", "spans", ("calendar", "closed"), hint=f"Days within a term on which nobody comes: nothing is sent. {_SPANS}"),
            Field("inset", "Training days", "spans", ("calendar", "inset"), hint=f"Staff are in and pupils are not: nothing is sent. {_SPANS}"),
            Field("open", "Bank holidays on which the school opens", "spans", ("calendar", "bank_holidays_open"), hint="Only if pupils come on a bank holiday: it is then a school day like others. One on each line."),
        )),
        Part("ladder", "Ladder", "What happens, step by step, while nobody has answered.", (
            Field("policy", "Ladder", "one", ("school", "policy"), choices=tuple(policies), hint="Which steps there are, and in which order. Another ladder brings its own minutes; your limits stay."),
            *(_step(number, step) for number, step in enumerate(steps) if number > 0),
            Field("wait", "Minutes an answer may wait for a person", "number", ("policy", "unconfirmed_wait"), POLICY, hint="An answer stops the texts. If nobody here has confirmed the reason after this time, the child goes on the list of calls. Usually 30."),
            Field("automatic", "Thank carers automatically with the reviewed short answers", "yes_no", ("policy", "automatic_answers"), POLICY, choices=(("yes", "Yes"), ("no", "No")),
                  hint="With yes, whoever answers hears at once that it was received. With no, carers hear only from a person."),
        )),
        Part("languages", "Languages", "Offered beside English. Only approved translations go out; until then English does.", (
            Field("languages", "Languages", "several", ("school", "languages"), choices=tuple(languages), hint="A carer whose record names one of these is written to in it. Choose those that families here read."),
            Field("fold", "Send texts without accents, to keep them short", "several", ("school", "fold"), choices=folds, hint="“ł” becomes “l”, and a text costs one part instead of two or three. Names stay as they are. Leave it off unless cost matters."),
        )),
        Part("channels", "Channels", "How families are reached, and where messages hold a link to the answer page.", (
            Field("channels", "Channels", "several", ("school", "channels"), choices=_MEDIA, hint="What is not ticked is never used. Both is best: an e-mail is tried where a text does not arrive."),
            Field("links", "A link to the answer page stands in", "several", ("school", "answer_links"), choices=_MEDIA, hint="With it a carer answers with one tap. A link makes a text one part longer, and families are told not to trust links in texts: e-mail alone is usual."),
        )),
        Part("guards", "Guards and limits", "What stands between a faulty register and a hundred alarmed families.", (
            Field("share", "Hold everything when more than this share is unexplained", "percent", ("guards", "unusual_share"), POLICY,
                  hint="Of the pupils expected. So many missing at once is more often a fault than the truth: nothing is sent until a second person has looked. Usually 15."),
            Field("minimum", "But only when at least this many pupils are unexplained", "number", ("guards", "unusual_minimum"), POLICY,
                  hint="So that a few absences in a small school do not hold everything. Usually 10."),
            Field("stale", "Minutes after which a register is too old", "number", ("guards", "stale_after"), POLICY,
                  hint="Counted from its last mark. A group with an older register is held until fresh marks come in. Usually 60."),
            Field("taken", "A register counts as taken from this share of marks", "percent", ("guards", "taken_share"), POLICY,
                  hint="With fewer marks the group is held: nobody in it is written to until its register is taken. Usually 50."),
            Field("spend", "Most to spend on texts in a day", "pounds", ("caps", "spend_pence_per_day"), POLICY,
                  hint="Beyond it texts are held until a person releases them. Set it well above your dearest ordinary day."),
            Field("equal", "Most times one number gets the same text in a day", "number", ("caps", "equal_texts_per_number"), POLICY,
                  hint="Stops a fault from texting one family again and again. Usually 3."),
        )),
        Part("names", "Names and addresses", "What stands in messages, and who is told.", (
            Field("name", "School’s name", "text", ("school", "name"), hint="Shown to staff, and in e-mails and letters."),
            Field("short", "Short name, in every text", "text", ("school", "short_name"), hint="Texts begin with it, so families know who writes. Each letter counts: at most 40, better under 20."),
            Field("phone", "Office telephone", "text", ("school", "phone"), hint="Stands in every message as the number to ring. It should be answered from the first text on."),
            Field("email", "Office e-mail", "text", ("school", "email"), hint="Gets every alert for staff. Best an address that several people read."),
            Field("safeguarding", "Safeguarding lead’s e-mail", "text", ("school", "safeguarding_email"), hint="Gets the urgent alerts as well: children nobody can account for, and worrying answers."),
            Field("person", "Whom families can speak to", "text", ("school", "named_person"), hint="Named in messages outside the first day, with their role, like: Mrs Patel, attendance officer. May be left empty."),
        )),
    )  # fmt: skip
    return {part.key: part for part in made}
