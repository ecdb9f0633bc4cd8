"""What the wording pages show: the messages by family or situation, how far each language is, and what goes out to families now.

Reading only; `services.wording` saves, approves and removes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from notifier.domain.replies import PLANS
from notifier.domain.schools import School
from notifier.domain.situations import STANDING, Situation
from notifier.services.application import Application
from notifier.store import records
from notifier.wording import MessageTemplate, MissingValue, TemplateFault
from notifier.wording.book import FAMILY_WORDS
from notifier.wording.coverage import Coverage, coverage
from notifier.wording.languages import ENGLISH, direction, is_english, negotiated
from notifier.wording.overrides import OwnersWording, Standing, State
from notifier.wording.own_files import OwnWords
from notifier.wording.own_text import OWN_CHANNELS
from notifier.wording.previews import language_name, ordinary, phone_direction
from notifier.wording.rendering import Rendered
from notifier.wording.templates import FAMILIES, STAFF
from notifier.wording.titles import title_of as title_of

SITUATION_WORDS: Final[Mapping[Situation, str]] = {
    Situation.UNEXPLAINED: "A child is not in school and nobody has said why",
    Situation.REPLY: "A carer has answered",
    Situation.LEFT_DURING_DAY: "A child was here this morning and is missing now",
    Situation.OPTED_OUT: "A carer has asked for no more texts",
    Situation.ILLNESS_REPLY: "A carer has told of an illness",
    Situation.WELCOME_BACK: "A child is back after a long absence",
    Situation.RETURN_AFTER_ABSENCE: "A child is back after an absence",
    Situation.IMPROVED: "A child has been in school more than before",
    Situation.PATTERN: "Absences fall on the same days",
    Situation.DAYS_MISSED: "A child has missed several days",
    Situation.ODD_DAYS: "Odd days off",
    Situation.START_OF_TERM: "A term begins",
    Situation.ILLNESS_SEASON: "Many are ill",
    Situation.TERM_TIME_LEAVE: "A family asks for leave in term time",
    Situation.CLUBS: "Clubs",
    Situation.OFFER_OF_HELP: "A family may want help",
    Situation.INVITATION_TO_TALK: "An invitation to talk",
    Situation.THANK_YOU: "Thanks to a family",
}
"""What the situations are called for people."""

ANYTIME: Final = "No rule names it; it is part of another message or sent by hand"

WHY_NOT: Final[Mapping[str, str]] = {
    "not_approved": "A draft: nobody has approved it, so English goes out.",
    "no_translation": "Not translated whole: English goes out.",
    "not_offered": "The school does not offer this language: English goes out.",
    "own_wording_stale": "Your own wording is outdated: the shipped wording goes out.",
    "own_wording_refused": "Your own wording does not pass the checks: the shipped wording goes out.",
    "own_wording_not_approved": "Your own wording waits for a second person: the shipped wording goes out.",
}
"""Why something else goes out than somebody would expect."""

TO_DO: Final[Mapping[State, str]] = {
    State.NOT_APPROVED: "A second person who reads the language has to approve it.",
    State.STALE: "Compare it with the new wording, then save it again or remove it.",
    State.REFUSED: "Open it, mend what the checks say, and save it again; or remove it.",
}
"""What to do about own wording that does not go out."""

STATE_WORDS: Final[Mapping[State, str]] = {
    State.IN_USE: "in use", State.NOT_APPROVED: "waits for approval", State.STALE: "outdated", State.REFUSED: "refused",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A message in a list."""

    key: str
    title: str
    purpose: str
    family: str
    channels: tuple[str, ...]
    own: bool
    ready: tuple[str, ...]
    drafts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole list in groups, each with a heading; what own wording needs somebody; and how far each language is."""

    groups: tuple[tuple[str, str, tuple[Line, ...]], ...]
    trouble: tuple[Standing, ...]
    languages: tuple[Coverage, ...]
    offered: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A message in one language: what goes out now by channel, or the draft that somebody could approve."""

    language: str
    name: str
    badge: str
    kind: str
    why: str
    text: Rendered | None
    mail: Rendered | None
    page: Rendered | None
    pence: float
    can_approve: bool
    own: bool
    offered: bool
    direction: str
    phone_direction: str

    @property
    def paragraphs(self) -> list[list[str]]:
        """The e-mail's paragraphs, each as its lines."""
        return [
            part.splitlines() for part in (self.mail.body if self.mail else "").strip().split("\n\n") if part.strip()
        ]


def situations_of(app: Application, school: School) -> dict[str, list[Situation]]:
    """The situations in which each message is used at a school."""
    policy = app.policy(school)
    standing: dict[str, list[str]] = {
        "policy.AM": [key for session, key in policy.first_templates.items() if session == "AM"],
        "policy.PM": [key for session, key in policy.first_templates.items() if session == "PM"],
        "policy.whole_day": [policy.whole_day_template],
        "policy.day_two": [policy.day_two_template],
        "plan.acknowledgement": sorted({plan.acknowledgement for plan in PLANS.values() if plan.acknowledgement}),
        "condition.template": [made.key for made in app.wording.templates() if made.family == "illness"],
    }
    found: dict[str, list[Situation]] = defaultdict(list)
    for rule in app.choosing.rules:
        keys = standing.get(rule.template, []) if rule.template in STANDING.get(rule.situation, ()) else [rule.template]
        for key in keys:
            if rule.situation not in found[key]:
                found[key].append(rule.situation)
    for key in (step_key for step in policy.steps for step_key in (step.template, step.new_template) if step_key):
        if Situation.UNEXPLAINED not in found[key]:
            found[key].append(Situation.UNEXPLAINED)
    if Situation.UNEXPLAINED not in found[policy.all_clear_template]:
        found[policy.all_clear_template].append(Situation.UNEXPLAINED)
    return found


def overview(app: Application, school: School, *, by_situation: bool) -> Overview:
    """The messages of a school in groups."""
    with app.database.read() as connection:
        approvals = records.approved(connection, school.key, school.trust)
    wording = app.wording_of(school)
    own = {words.template for words in wording.words()}
    lines = [_line(wording, template, school, approvals, template.key in own) for template in app.wording.templates()]
    groups: list[tuple[str, str, tuple[Line, ...]]] = []
    if by_situation:
        used = situations_of(app, school)
        for situation, words in SITUATION_WORDS.items():
            mine = tuple(line for line in lines if situation in used.get(line.key, ()))
            groups.append((situation.value.replace("_", "-"), words, mine))
        groups.append(
            ("other", ANYTIME, tuple(line for line in lines if not used.get(line.key) and line.family != STAFF))
        )
    else:
        groups += [
            (
                family.replace("_", "-"),
                FAMILY_WORDS.get(family, family),
                tuple(line for line in lines if line.family == family),
            )
            for family in FAMILIES
        ]
    standings = (wording.standing(words, approvals) for words in wording.words())
    return Overview(
        tuple(group for group in groups if group[2]),
        tuple(standing for standing in standings if standing.state is not State.IN_USE),
        tuple(sorted(coverage(app.wording, approvals), key=lambda one: (negotiated(one.language, school.languages) is None, language_name(one.language)))),
        tuple(school.languages),
    )  # fmt: skip


def _line(
    wording: OwnersWording, template: MessageTemplate, school: School, approvals: frozenset[tuple[str, str]], own: bool
) -> Line:
    languages = () if template.english_only else school.languages
    states = {tag: wording.stock.standing(template.key, tag, approvals) for tag in languages}
    for tag in languages:
        if any(
            wording.in_use(template.key, tag, channel, approvals)[0]
            for channel in template.channels
            if channel in OWN_CHANNELS
        ):
            states[tag] = None
    return Line(
        template.key, title_of(template.key), template.purpose, template.family, template.channels, own,
        tuple(tag for tag, state in states.items() if state is None),
        tuple(tag for tag, state in states.items() if state == "not_approved"),
    )  # fmt: skip


def values_of(
    app: Application, school: School, template: MessageTemplate, given: Mapping[str, object]
) -> dict[str, object]:
    """Sample values with the school's own name, number and person."""
    own: dict[str, object] = {"school": school.short_name, "phone": school.phone}
    if school.named_person:
        own["named_person"] = school.named_person
    known = {placeholder.name for placeholder in template.placeholders}
    return {**given, **{name: value for name, value in own.items() if name in known}}


def sets(template: MessageTemplate) -> list[tuple[str, dict[str, object]]]:
    """The sets of values that a message can be looked at with, each with its words."""
    found = [
        (described.removeprefix("ordinary values, ").capitalize(), values) for described, values in ordinary(template)
    ]
    longest = template.samples(longest=True)
    return [*found, ("Longest names", longest)] if longest != template.samples() else found


def shown(app: Application, school: School, template: MessageTemplate, values: Mapping[str, object]) -> Iterator[Shown]:
    """What goes out at a school in each language: English, those it offers, then the others that are translated."""
    with app.database.read() as connection:
        approvals = records.approved(connection, school.key, school.trust)
    wording = app.wording_of(school)
    others = (
        []
        if template.english_only
        else [*school.languages, *(tag for tag in app.wording.languages() if tag != ENGLISH)]
    )
    for tag in dict.fromkeys([ENGLISH, *others]):
        yield _shown(app, school, wording, template, tag, values, approvals)


def _shown(
    app: Application,
    school: School,
    wording: OwnersWording,
    template: MessageTemplate,
    language: str,
    values: Mapping[str, object],
    approvals: frozenset[tuple[str, str]],
) -> Shown:
    given = values_of(app, school, template, values)
    links = {
        placeholder.name: None
        for placeholder in template.placeholders
        if placeholder.kind == "link" and not placeholder.required
    }
    made: dict[str, Rendered] = {}
    own = waits = False
    why = ""
    for channel in template.channels:
        for_channel = {**given, **links} if channel == "sms" else given
        out = wording.render(template.key, channel=channel, language=language, values=for_channel, approvals=approvals)
        words, _ = (
            wording.in_use(template.key, language, channel, approvals) if channel in OWN_CHANNELS else (None, None)
        )
        own = own or words is not None
        why = why or WHY_NOT.get(out.fallback or "", "")
        pending = _waiting(wording, template.key, language, channel, approvals)
        if pending is not None:
            waits = True
            out = _drafted(wording, pending, for_channel) or out
        elif out.fallback == "not_approved":
            waits = True
            out = app.wording.draft(template.key, channel=channel, language=language, values=for_channel)
        made[channel] = out
    offered = is_english(language) or negotiated(language, school.languages) is not None
    text = made.get("sms")
    missing = (
        not is_english(language)
        and not waits
        and any(out.fallback in ("no_translation", "not_approved") for out in made.values())
    )
    if not offered and not missing:
        why = WHY_NOT["not_offered"]
    kind = "missing" if missing else "draft" if waits else "in_use" if offered else "spare"
    badge = {"missing": "not translated", "draft": "draft", "in_use": "in use", "spare": "not offered here"}[kind]
    return Shown(
        language, language_name(language), f"own wording, {badge}" if own else badge, kind, why, None if missing else text,
        None if missing else made.get("email"), None if missing else made.get("page"),
        (text.segments if text else 0) * app.settings.prices.sms_pence_per_segment, waits and not missing, own, offered,
        direction(language), phone_direction(text.body, language) if text else direction(language),
    )  # fmt: skip


def _waiting(
    wording: OwnersWording, key: str, language: str, channel: str, approvals: frozenset[tuple[str, str]]
) -> OwnWords | None:
    """An own text that only waits for its approval."""
    if is_english(language) or channel not in OWN_CHANNELS:
        return None
    for owner in wording.owners:
        words = wording.own(owner, key, language, channel)
        if words is not None and wording.standing(words, approvals).state is State.NOT_APPROVED:
            return words
    return None


def _drafted(wording: OwnersWording, words: OwnWords, values: Mapping[str, object]) -> Rendered | None:
    try:
        return wording.draft(words, values)
    except (TemplateFault, MissingValue):
        return None


def histories(app: Application, school: School, template: str) -> list[Any]:
    """Who approved which translation of a message, for the school, its trust or everybody; the newest first."""
    with app.database.read() as connection:
        rows = records.approvals_held(connection, school.key, school.trust)
    return [row for row in reversed(rows) if row.template == template]
