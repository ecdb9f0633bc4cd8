"""Which wording fits a situation: ordered rules over facts, the first that matches wins, and exclusions that stop a whole family.

The rules are data (config/choosing.toml, read by `notifier.configuration.choosing`); this module holds their shapes, the facts they
may ask about, and how they are tried. Nothing here sends: outside the first day a choice is a proposal for staff.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum
from typing import Final

from notifier.domain.people import PupilFlag


class Situation(StrEnum):
    """What a message may be about. `UNEXPLAINED` and `REPLY` are written by themselves; all others are proposed to staff."""

    UNEXPLAINED = "unexplained"
    REPLY = "reply"
    LEFT_DURING_DAY = "left_during_day"
    OPTED_OUT = "opted_out"
    ILLNESS_REPLY = "illness_reply"
    WELCOME_BACK = "welcome_back"
    RETURN_AFTER_ABSENCE = "return_after_absence"
    IMPROVED = "improved"
    PATTERN = "pattern"
    DAYS_MISSED = "days_missed"
    ODD_DAYS = "odd_days"
    START_OF_TERM = "start_of_term"
    ILLNESS_SEASON = "illness_season"
    TERM_TIME_LEAVE = "term_time_leave"
    CLUBS = "clubs"
    OFFER_OF_HELP = "offer_of_help"
    INVITATION_TO_TALK = "invitation_to_talk"
    THANK_YOU = "thank_you"


AUTOMATIC: Final = frozenset({Situation.UNEXPLAINED, Situation.REPLY})
"""Situations that belong to first-day contact itself: their messages wait for nobody."""

STANDING: Final[Mapping[Situation, tuple[str, ...]]] = {
    Situation.UNEXPLAINED: ("policy.AM", "policy.PM", "policy.whole_day", "policy.day_two"),
    Situation.REPLY: ("plan.acknowledgement",),
    Situation.ILLNESS_REPLY: ("condition.template",),
}
"""Words a rule may put instead of a template, where something else names it: the policy, the answer's plan, the illness file."""

Fact = str | int | bool | None
"""The value of a fact: a word, a number, yes or no; None where it is not known."""


class FactKind(StrEnum):
    """What a fact's value is."""

    WORD = "word"
    NUMBER = "number"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class FactWords:
    """A fact as rules know it, with its meaning for staff."""

    kind: FactKind
    means: str


_W, _N, _Y = FactKind.WORD, FactKind.NUMBER, FactKind.YES_NO

FACTS: Final[Mapping[str, FactWords]] = {
    "session": FactWords(_W, "session without a reason"),
    "stage": FactWords(_W, "stage with words of its own, from the year group"),
    "phase": FactWords(_W, "phase in the school's file"),
    "weekday": FactWords(_W, "day of the week today"),
    "intent": FactWords(_W, "what the reply says"),
    "condition": FactWords(_W, "the illness a carer named in the last days"),
    "pattern_weekday": FactWords(_W, "weekday missed most"),
    "day_of_absence": FactWords(_N, "day of this absence without a reason (2: the second or a later one)"),
    "days_missed": FactWords(_N, "whole days missed this half-term"),
    "days_before": FactWords(_N, "whole days missed in the weeks before the last weeks"),
    "days_now": FactWords(_N, "whole days missed in the last weeks"),
    "others": FactWords(_N, "whole days missed this half-term by the middle pupil of the year"),
    "odd_days": FactWords(_N, "single days missed this half-term, with school on the days around"),
    "odd_illness_days": FactWords(_N, "single days missed this half-term that were marked as illness"),
    "pattern_days": FactWords(_N, "how many of the last such weekdays were missed"),
    "other_days_missed": FactWords(_N, "whole days missed on other weekdays in the same weeks"),
    "days_away": FactWords(_N, "school days missed in a row just before today"),
    "illness_sessions": FactWords(_N, "sessions marked as illness or appointment this half-term"),
    "week_of_half_term": FactWords(_N, "the week of this half-term, from 1"),
    "whole_day": FactWords(_Y, "both sessions of the day are without a reason"),
    "urgent": FactWords(_Y, "the reply is urgent"),
    "office_open": FactWords(_Y, "somebody is at school to read the reply"),
    "asked": FactWords(_Y, "a member of staff asked for this list"),
    "present_today": FactWords(_Y, "marked in school today"),
    "left_today": FactWords(_Y, "in school this morning, and missing this afternoon without a reason"),
    "first_day_today": FactWords(_Y, "had a first-day message today"),
    "open_follow_up": FactWords(_Y, "an absence is still being followed up"),
    "unexplained_today": FactWords(_Y, "has a session without a reason today"),
    "register_missing": FactWords(_Y, "today's register has not come in for this pupil"),
    "stopped_a_channel": FactWords(_Y, "a carer lately stopped one way of being written to and has another"),
    "illness_reply": FactWords(_Y, "a carer lately said that the pupil is ill"),
    "refusal_reply": FactWords(_Y, "a carer lately said that the pupil will not come"),
    "bereavement_reply": FactWords(_Y, "a carer lately wrote of a death in the family"),
    "urgent_reply": FactWords(_Y, "a carer lately sent an urgent answer"),
    "much_illness": FactWords(_Y, "many sessions of illness this half-term"),
    **{flag.value: FactWords(_Y, f"marked {flag.value} in the people file") for flag in PupilFlag},
}
"""Every fact a rule may ask about. A test holds docs/reference/choosing.md complete."""


FIRST_DAY_FACTS: Final = ("first_day_today", "open_follow_up", "unexplained_today")
"""Facts that say the family is, or is about to be, contacted about an absence: nothing else goes out beside that."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a rule wants of one fact: one of `among`, or a number between `at_least` and `at_most`, both included."""

    among: tuple[Fact, ...] = ()
    at_least: int | None = None
    at_most: int | None = None

    def holds(self, value: Fact) -> bool:
        """Whether a value fits. What is not known never does."""
        if value is None:
            return False
        if self.among:
            return value in self.among
        if isinstance(value, str):
            return False
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    def __str__(self) -> str:
        if self.among:
            return " or ".join(in_words(value) for value in self.among)
        bounds = (("at least", self.at_least), ("at most", self.at_most))
        return " and ".join(f"{words} {bound}" for words, bound in bounds if bound is not None)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the policy: in this situation, where every `when` holds and no `unless`, this template.

    `template` is a key or one of STANDING. `alone` gives way to the policy's own words where one message names brothers and sisters.
    `beside_first_day` lets a person send it although the pupil is being followed up today. `why` is a sentence for staff.
    """

    name: str
    situation: Situation
    template: str
    why: str
    when: Mapping[str, Wanted] = field(default_factory=dict)
    unless: tuple[str, ...] = ()
    alone: bool = False
    beside_first_day: bool = False


@dataclass(frozen=True, slots=True)
class FamilyRules:
    """What holds for every message of a family: facts that stop it, the days between two, and the channels in order."""

    never_for: tuple[str, ...] = ()
    at_most_every_days: int = 0
    channels: tuple[str, ...] = ("sms", "email")


@dataclass(frozen=True, slots=True)
class SituationRules:
    """How a situation's proposals live: only when `asked` for, `once_per` what, and for how many days open.

    `once_per` is "day", "half_term" or "term".
    """

    asked: bool = False
    once_per: str = "day"
    open_days: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers behind the facts. Days are calendar days, `weeks` are of five school days."""

    half_term_gap_days: int = 8
    weeks: int = 4
    pattern_weeks: int = 4
    recent_reply_days: int = 3
    refusal_days: int = 28
    bereavement_days: int = 180
    urgent_days: int = 28
    opt_out_days: int = 14
    follow_up_days: int = 14
    much_illness_sessions: int = 10
    odd_codes: frozenset[str] = frozenset({"I", "N", "O"})
    illness_codes: frozenset[str] = frozenset({"I", "M"})


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """When somebody is at school to read replies, and until when proposals may leave. Local times on school days."""

    opens: time = time(7, 30)
    closes: time = time(17)
    send_until: time = time(18)


@dataclass(frozen=True, slots=True)
class ChoosingBook:
    """The whole policy. `situations` are in the order in which proposals are made: a pupil gets the first that fits.

    `families` and `family_of` go by family and by template. `stages` maps a year group, folded, to a stage.
    """

    rules: tuple[Rule, ...]
    families: Mapping[str, FamilyRules]
    situations: Mapping[Situation, SituationRules]
    family_of: Mapping[str, str]
    stages: Mapping[str, str]
    limits: Limits = field(default_factory=Limits)
    office: OfficeHours = field(default_factory=OfficeHours)
    daily: bool = True

    def rules_of(self, situation: Situation) -> tuple[Rule, ...]:
        """The rules of a situation, in order."""
        return tuple(rule for rule in self.rules if rule.situation is situation)

    def rule(self, name: str) -> Rule | None:
        """A rule by name; None where there is none any more."""
        return next((rule for rule in self.rules if rule.name == name), None)

    def family(self, template: str) -> FamilyRules:
        """What holds for the family of a template; nothing where the file says nothing of it."""
        return self.families.get(self.family_of.get(template, ""), FamilyRules())

    def stage(self, year_group: str) -> str:
        """The stage of a year group ("nursery", "sixth_form"), empty where it has none of its own."""
        return self.stages.get(year_group.strip().casefold(), "")


@dataclass(frozen=True, slots=True)
class Trial:
    """One fact of a rule as it was found. `wanted` is in words; `stops` marks an `unless`."""

    fact: str
    wanted: str
    found: Fact
    holds: bool
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule that was tried, with every fact it asked about."""

    rule: Rule
    trials: tuple[Trial, ...]

    @property
    def matched(self) -> bool:
        """Whether every fact was as the rule wants it."""
        return all(trial.holds for trial in self.trials)


@dataclass(frozen=True, slots=True)
class Choice:
    """What came of a situation: the rule that matched with its template, and the facts that forbid its family."""

    situation: Situation
    tried: tuple[Tried, ...]
    rule: Rule | None = None
    template: str | None = None
    excluded_by: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether a template was found and nothing forbids it."""
        return self.template is not None and not self.excluded_by


def choose(
    book: ChoosingBook,
    situation: Situation,
    facts: Mapping[str, Fact],
    standing: Mapping[str, str | None] | None = None,
) -> Choice:
    """Try the rules of a situation in order; the first that matches wins.

    `standing` gives the templates behind the words of STANDING. A rule whose standing word leads to nothing chooses no template.
    """
    tried: list[Tried] = []
    for rule in book.rules_of(situation):
        tried.append(Tried(rule, _trials(rule, facts)))
        if tried[-1].matched:
            stands_for = rule.template in STANDING.get(situation, ())
            template = (standing or {}).get(rule.template) if stands_for else rule.template
            forbidden = excluded(book, template, rule, facts) if template else ()
            return Choice(situation, tuple(tried), rule, template, forbidden)
    return Choice(situation, tuple(tried))


def excluded(book: ChoosingBook, template: str, rule: Rule | None, facts: Mapping[str, Fact]) -> tuple[str, ...]:
    """The facts that forbid a template now: the family's own, and a first-day message or open follow-up of today.

    Never two families in one breath: only a rule that says so may stand beside the first day.
    """
    stops = [fact for fact in book.family(template).never_for if facts.get(fact) is True]
    automatic = rule is not None and rule.situation in AUTOMATIC
    if not automatic and not (rule is not None and rule.beside_first_day):
        stops += [fact for fact in FIRST_DAY_FACTS if facts.get(fact) is True]
    return tuple(dict.fromkeys(stops))


def _trials(rule: Rule, facts: Mapping[str, Fact]) -> tuple[Trial, ...]:
    asked = [
        Trial(name, str(wanted), facts.get(name), wanted.holds(facts.get(name))) for name, wanted in rule.when.items()
    ]
    barred = [Trial(name, "no", facts.get(name), facts.get(name) is not True, stops=True) for name in rule.unless]
    return (*asked, *barred)


def in_words(value: Fact) -> str:
    """A fact's value for people."""
    if value is None:
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) or "none of its own"
