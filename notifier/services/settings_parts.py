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

FILE, POLICY = "file", "policy"

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


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
            raise ValueError(f"Enter {self.label[0].lower()}{self.label[1:]}.")
        return self._number(typed) if self.kind in ("number", "percent", "pounds") else typed

    def _number(self, typed: str) -> Any:
        plain = typed.replace("£", "").replace("%", "").replace(",", "").strip()
        if self.kind == "number":
            if not plain.isdecimal() or len(plain) > 6:
                raise ValueError("Enter a whole number, like 30.")
            return int(plain)
        if not re.fullmatch(r"\d{1,6}(\.\d{1,2})?", plain):
            raise ValueError(
                "Enter a number, like 15." if self.kind == "percent" else "Enter pounds, like 50 or 12.50."
            )
        return round(float(plain) / 100, 4) if self.kind == "percent" else round(float(plain) * 100)


def _shown_span(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"{value[0]} to {value[1]}"
    return str(value).replace("/", " to ")


def _span(line: str) -> Any:
    """A day or first and last day as typed. In a list of terms it is a pair, else as the file writes it; see `School`."""
    parts = [part.strip() for part in re.split(r"\s+(?:to|until)\s+|\s*–\s*|\s+-\s+", line.strip()) if part.strip()]
    if len(parts) not in (1, 2):
        raise ValueError(f"“{line.strip()}” is no day. Write 2026-11-27, or 2026-10-26 to 2026-10-30.")
    return "/".join(_iso(part) for part in parts)


def _iso(text: str) -> str:
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text).isoformat()
        return datetime.strptime(text, "%d/%m/%Y").date().isoformat()  # noqa: DTZ007 - a date without a time
    except ValueError:
        raise ValueError(f"“{text}” is no date. Write 2026-11-27 or 27/11/2026.") from None


@dataclass(frozen=True, slots=True)
class Part:
    """One settings page."""

    key: str
    title: str
    lead: str
    fields: tuple[Field, ...] = field(default=())


def _times(session: str, word: str) -> tuple[Field, ...]:
    return tuple(
        Field(f"{session}-{name}".lower(), f"{word}: {label}", "time", ("times", session, name), hint=hint)
        for name, label, hint in (
            ("register_closes", "registers close", ""),
            ("first_contact", "first texts", "Never before registers close."),
            ("last_contact", "no text after", "What has not left by then is not sent; a person rings."),
        )
    )


_MEDIA: Final = (("sms", "Text message"), ("email", "E-mail"))


def parts(
    *, languages: Sequence[tuple[str, str]], policies: Sequence[tuple[str, str]], steps: Sequence[Any]
) -> dict[str, Part]:
    """Every settings page by key; languages and policies are (key, words), steps those of the school's ladder."""
    folds = tuple((tag, words) for tag, words in languages if tag in FOLDABLE)
    made = (
        Part("times", "Times", "When registers close, and between which times families are contacted.",
             (*_times("AM", "Morning"), *_times("PM", "Afternoon"))),
        Part("calendar", "Calendar", "On other days nobody is contacted. Bank holidays are known already.", (
            Field("terms", "Terms", "spans", ("calendar", "terms"), hint="One on each line: 2026-09-02 to 2026-12-18"),
            Field("closed", "Closed days and half-terms", "spans", ("calendar", "closed"), hint="One on each line: 2026-11-27, or 2026-10-26 to 2026-10-30"),
            Field("inset", "Training days", "spans", ("calendar", "inset"), hint="One on each line"),
            Field("open", "Bank holidays on which the school opens", "spans", ("calendar", "bank_holidays_open"), hint="One on each line"),
        )),
        Part("ladder", "Ladder", "What happens, step by step, while nobody has answered.", (
            Field("policy", "Ladder", "one", ("school", "policy"), choices=tuple(policies)),
            *(Field(f"step-{number}", f"Minutes after the first text: {step.name.replace('_', ' ')}", "number", ("step", number, "after"), POLICY)
              for number, step in enumerate(steps) if number > 0),
            Field("wait", "Minutes an answer may wait for a person", "number", ("policy", "unconfirmed_wait"), POLICY, hint="Then the child goes on the list of calls."),
            Field("automatic", "Thank carers automatically with the reviewed short answers", "yes_no", ("policy", "automatic_answers"), POLICY, choices=(("yes", "Yes"), ("no", "No"))),
        )),
        Part("languages", "Languages", "Offered beside English. Only approved translations go out; until then English does.", (
            Field("languages", "Languages", "several", ("school", "languages"), choices=tuple(languages)),
            Field("fold", "Send texts without accents, to keep them short", "several", ("school", "fold"), choices=folds),
        )),
        Part("channels", "Channels", "How families are reached, and where messages hold a link to the answer page.", (
            Field("channels", "Channels", "several", ("school", "channels"), choices=_MEDIA),
            Field("links", "A link to the answer page stands in", "several", ("school", "answer_links"), choices=_MEDIA, hint="A link makes a text one part longer, and families are told not to trust links in texts."),
        )),
        Part("guards", "Guards and limits", "What stands between a faulty register and a hundred alarmed families.", (
            Field("share", "Hold the school when more than this per cent are unexplained", "percent", ("guards", "unusual_share"), POLICY),
            Field("minimum", "… and at least so many pupils", "number", ("guards", "unusual_minimum"), POLICY),
            Field("stale", "A register is too old after this many minutes", "number", ("guards", "stale_after"), POLICY),
            Field("taken", "A register counts as taken from this per cent of marks", "percent", ("guards", "taken_share"), POLICY),
            Field("spend", "Spend on texts in a day, in pounds", "pounds", ("caps", "spend_pence_per_day"), POLICY, hint="Beyond it texts are held until a person releases them."),
            Field("equal", "The same text to one number in a day", "number", ("caps", "equal_texts_per_number"), POLICY),
        )),
        Part("people", "Names and addresses", "What stands in messages, and who is told.", (
            Field("name", "School’s name", "text", ("school", "name")),
            Field("short", "Short name, in every text", "text", ("school", "short_name"), hint="Each letter counts towards the length of a text."),
            Field("phone", "Office telephone", "text", ("school", "phone")),
            Field("email", "Office e-mail", "text", ("school", "email"), hint="It gets every alert for staff."),
            Field("safeguarding", "Safeguarding lead’s e-mail", "text", ("school", "safeguarding_email"), hint="It gets the urgent alerts as well."),
            Field("person", "Whom families can speak to", "text", ("school", "named_person"), hint="For messages outside the first day, with their role."),
        )),
    )  # fmt: skip
    return {part.key: part for part in made}
