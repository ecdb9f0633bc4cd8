"""Reads the rules that choose a wording (config/choosing.toml) and refuses what could not be meant.

A fact, flag, situation or template nobody knows is refused by name, with file, rule and key: a rule that silently never matched, or an
exclusion that never excluded, would be found by a family first. Which templates there are is told by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from notifier.configuration.errors import (
    ConfigurationError,
    Expected,
    Problem,
    problems_in,
    read_toml,
    shown_path,
    suggestion,
)
from notifier.configuration.policies import Channel
from notifier.domain.situations import (
    AUTOMATIC,
    FACTS,
    STANDING,
    ChoosingBook,
    FactKind,
    FamilyRules,
    Limits,
    OfficeHours,
    Rule,
    Situation,
    SituationRules,
    Wanted,
)
from notifier.paths import data_folder

FILE: Final = "choosing.toml"

_BOUNDS: Final = ("at_least", "at_most")


def _known_fact(value: object) -> object:
    if value not in FACTS:
        raise ValueError(f"{value!r} is not a fact{suggestion(str(value), FACTS)}")
    if FACTS[str(value)].kind is not FactKind.YES_NO:
        raise ValueError(f'"{value}" is a {FACTS[str(value)].kind}; here only facts that are yes or no can stand')
    return value


def _known_situation(value: object) -> object:
    if value not in tuple(Situation):
        raise ValueError(f"{value!r} is not a situation{suggestion(str(value), Situation)}")
    return value


def _clock(value: object) -> object:
    try:
        if isinstance(value, str) and len(value) == len("07:30"):
            return time.fromisoformat(value)
    except ValueError:
        pass
    raise ValueError(f'{value!r} is not a time of day; write it as "07:30"')


Flag = Annotated[str, BeforeValidator(_known_fact)]
Flags = Annotated[list[Flag], Expected('a list of flags and facts as in ["medical", "bereaved"]')]
Name = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]*$"), Expected('a name in small letters, digits and "_", as in "odd_days"')
]
Where = Annotated[Situation, BeforeValidator(_known_situation), Expected(f"one of: {', '.join(Situation)}")]
Days = Annotated[int, Field(strict=True, ge=0, le=400), Expected("whole days from 0 to 400")]
Few = Annotated[int, Field(strict=True, ge=1, le=400), Expected("a whole number from 1 to 400")]
Weeks = Annotated[int, Field(strict=True, ge=1, le=8), Expected("whole weeks from 1 to 8")]
Switch = Annotated[bool, Field(strict=True), Expected("true or false")]
Clock = Annotated[time, BeforeValidator(_clock), Expected('a time of day as in "07:30"')]
Codes = Annotated[list[str], Expected('a list of codes as in ["I", "O"]')]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Rule(_Table):
    name: Name
    situation: Where
    template: Annotated[str, Expected("the key of a message, as `notifier templates list` shows it")]
    why: Annotated[str, Field(min_length=1), Expected("a sentence for staff")]
    when: Annotated[dict[str, Any], Expected("a table of facts as in { days_missed = { at_least = 4 } }")] = {}
    unless: Flags = []
    alone: Switch = False
    beside_first_day: Switch = False


class _Family(_Table):
    never_for: Flags = []
    at_most_every_days: Days = 0
    channels: Annotated[list[Channel], Field(min_length=1), Expected('a list of channels as in ["sms", "email"]')] = [
        "sms",
        "email",
    ]


class _Situation(_Table):
    name: Where
    asked: Switch = False
    once_per: Annotated[Literal["day", "half_term", "term"], Expected("one of: day, half_term, term")] = "day"
    open_days: Days = 0


class _Limits(_Table):
    half_term_gap_days: Few = 8
    weeks: Weeks = 4
    pattern_weeks: Weeks = 4
    recent_reply_days: Days = 3
    refusal_days: Days = 28
    bereavement_days: Days = 180
    urgent_days: Days = 28
    opt_out_days: Days = 14
    follow_up_days: Days = 14
    much_illness_sessions: Few = 10
    odd_codes: Codes = ["I", "N", "O"]
    illness_codes: Codes = ["I", "M"]


class _Office(_Table):
    opens: Clock = time(7, 30)
    closes: Clock = time(17)
    send_until: Clock = time(18)


class _Proposals(_Table):
    daily: Switch = True


class _ChoosingFile(_Table):
    office: _Office = _Office()
    proposals: _Proposals = _Proposals()
    limits: _Limits = _Limits()
    stages: Annotated[dict[str, list[str]], Expected('lists of year groups by stage as in nursery = ["N1"]')] = {}
    families: Annotated[dict[str, _Family], Expected("a table [families.…] for each family")] = {}
    situation: list[_Situation] = []
    rule: Annotated[list[_Rule], Expected("one [[rule]] table for each rule")]


def choosing_file(config_dir: Path | None = None) -> Path:
    """The file that counts: that of the configuration folder where it has one, else the shipped one."""
    own = config_dir / FILE if config_dir is not None else None
    return own if own is not None and own.is_file() else data_folder("config") / FILE


def load_choosing(config_dir: Path | None, family_of: Mapping[str, str]) -> ChoosingBook:
    """Read and check the rules. `family_of` names every template there is, with its family. Raises ConfigurationError."""
    file = choosing_file(config_dir)
    return parse_choosing(file, source=shown_path(file), family_of=family_of)


def parse_choosing(file: Path | str, *, source: str, family_of: Mapping[str, str]) -> ChoosingBook:
    """Check rules given as a path or as the text of the file; `source` names it in errors."""
    try:
        read = _ChoosingFile.model_validate(read_toml(file, source=source))
    except ValidationError as error:
        raise ConfigurationError(problems_in(error, _ChoosingFile, source)) from error
    problems = [Problem(source, where, message) for where, message in _faults(read, family_of)]
    if problems:
        raise ConfigurationError(problems)
    return _built(read, family_of)


def _faults(read: _ChoosingFile, family_of: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if not read.office.opens < read.office.closes:
        yield "office.closes", f"{read.office.closes:%H:%M} is not later than opens, {read.office.opens:%H:%M}"
    families = set(family_of.values())
    for family in read.families:
        if family not in families:
            yield f"families.{family}", f"there is no family of messages of this name{suggestion(family, families)}"
    year_groups: dict[str, str] = {}
    for stage, years in read.stages.items():
        for year in years:
            if year_groups.setdefault(year.casefold(), stage) != stage:
                yield f"stages.{stage}", f'"{year}" belongs to {year_groups[year.casefold()]} already'
    seen: set[Situation] = set()
    for number, entry in enumerate(read.situation, 1):
        key = f"situation #{number} ({entry.name})"
        if entry.name in AUTOMATIC:
            yield key, "is never proposed: its messages belong to first-day contact and leave by themselves"
        if entry.name in seen:
            yield key, "is here already"
        seen.add(entry.name)
    names: dict[str, int] = {}
    for number, rule in enumerate(read.rule, 1):
        key = f"rule #{number} ({rule.name})"
        if rule.name in names:
            yield f"{key}.name", f'"{rule.name}" is the name of rule #{names[rule.name]} already'
        names.setdefault(rule.name, number)
        for where, message in _rule_faults(rule, family_of, set(read.stages)):
            yield f"{key}.{where}", message
        if rule.situation not in seen and rule.situation not in AUTOMATIC:
            yield (
                f"{key}.situation",
                f'there is no [[situation]] named "{rule.situation}", so it would never be proposed',
            )


def _rule_faults(rule: _Rule, family_of: Mapping[str, str], stages: set[str]) -> Iterator[tuple[str, str]]:
    standing = STANDING.get(rule.situation, ())
    if "." in rule.template and rule.template not in standing:
        meant = f"; write one of: {', '.join(standing)}, or a message's key" if standing else "; write a message's key"
        yield "template", f'"{rule.template}" leads nowhere in the situation "{rule.situation}"{meant}'
    elif "." not in rule.template and rule.template not in family_of:
        yield "template", f'there is no message "{rule.template}"{suggestion(rule.template, family_of)}'
    elif family_of.get(rule.template) == "staff":
        yield "template", f'"{rule.template}" is for staff, never for families'
    elif rule.situation in AUTOMATIC and family_of.get(rule.template, "first_day") != "first_day":
        yield (
            "template",
            f'"{rule.template}" is of the family {family_of[rule.template]}; only first_day leaves by itself',
        )
    elif rule.beside_first_day and family_of.get(rule.template) != "first_day":
        yield "beside_first_day", "only messages of the family first_day may stand beside the first day; leave it out"
    if rule.alone and rule.situation is not Situation.UNEXPLAINED:
        yield "alone", 'belongs to the situation "unexplained"; leave it out'
    for fact, value in rule.when.items():
        if fact not in FACTS:
            yield f"when.{fact}", f"is not a fact{suggestion(fact, FACTS)}"
        else:
            yield from ((f"when.{fact}", fault) for fault in _value_faults(fact, value, stages))


def _value_faults(fact: str, value: object, stages: set[str]) -> Iterator[str]:
    kind = FACTS[fact].kind
    if isinstance(value, dict):
        if kind is not FactKind.NUMBER:
            yield f"is a {kind}; at_least and at_most belong to numbers"
        elif not value or set(value) - set(_BOUNDS) or not all(type(bound) is int for bound in value.values()):
            yield "write whole numbers as in { at_least = 3, at_most = 9 }"
        return
    wanted: dict[FactKind, type] = {FactKind.WORD: str, FactKind.NUMBER: int, FactKind.YES_NO: bool}
    values = value if isinstance(value, list) else [value]
    for one in values:
        if type(one) is not wanted[kind]:
            what = {"word": "a text in quotation marks", "number": "a whole number", "yes_no": "true or false"}[kind]
            yield f"{one!r} will not do; write {what}"
        elif fact == "stage" and one not in stages:
            yield f'"{one}" is not a stage{suggestion(str(one), stages)}'
    if not values:
        yield "an empty list never matches; name at least one value"


def _wanted(value: Any) -> Wanted:
    if isinstance(value, dict):
        return Wanted(at_least=value.get("at_least"), at_most=value.get("at_most"))
    return Wanted(among=tuple(value) if isinstance(value, list) else (value,))


def _built(read: _ChoosingFile, family_of: Mapping[str, str]) -> ChoosingBook:
    limits = read.limits.model_dump()
    limits |= {name: frozenset(limits[name]) for name in ("odd_codes", "illness_codes")}
    return ChoosingBook(
        rules=tuple(
            Rule(
                name=rule.name,
                situation=rule.situation,
                template=rule.template,
                why=rule.why,
                when={fact: _wanted(value) for fact, value in rule.when.items()},
                unless=tuple(rule.unless),
                alone=rule.alone,
                beside_first_day=rule.beside_first_day,
            )
            for rule in read.rule
        ),
        families={
            name: FamilyRules(tuple(family.never_for), family.at_most_every_days, tuple(family.channels))
            for name, family in read.families.items()
        },
        situations={
            entry.name: SituationRules(entry.asked, entry.once_per, entry.open_days) for entry in read.situation
        },
        family_of=dict(family_of),
        stages={year.casefold(): stage for stage, years in read.stages.items() for year in years},
        limits=Limits(**limits),
        office=OfficeHours(read.office.opens, read.office.closes, read.office.send_until),
        daily=read.proposals.daily,
    )
