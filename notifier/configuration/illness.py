"""Reads what the NHS and UKHSA say about school and illness (config/illness.toml) and refuses what a family must not be told.

The file is data so that a new edition of a table is a change of file, read and signed with a date by a person. A row that is not
verified, or on which the bodies differ, is refused if its message would state a rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlsplit

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
from notifier.domain.illness import (
    LINK_ONLY,
    REPLY_CONDITIONS,
    STATES_A_RULE,
    Body,
    Condition,
    GoToSchool,
    IllnessGuidance,
    TellSchool,
)
from notifier.paths import data_folder

FILE_NAME: Final = "illness.toml"
NO_TEXT: Final = "none"
"""What the file writes for a condition about which no text is offered."""

_LONGEST_LINK = 60  # the parts of the texts are counted with an address of this length


def _day(value: object) -> object:
    # a date and time would lose its time in silence, and a text would be guessed at
    if type(value) is not date:
        raise ValueError(f"{value!r} is not a date; write it as in 2026-11-22, without quotation marks")
    return value


def _nhs_page(value: object) -> object:
    parts = urlsplit(value) if isinstance(value, str) else None
    host = (parts.hostname or "") if parts else ""
    if not parts or parts.scheme != "https" or not (host == "nhs.uk" or host.endswith(".nhs.uk")):
        raise ValueError(
            f"{value!r} is not a page of the NHS; write its whole address, beginning with https://www.nhs.uk/"
        )
    if len(str(value)) > _LONGEST_LINK:
        raise ValueError(
            f"has {len(str(value))} characters; texts are counted with an address of at most {_LONGEST_LINK}"
        )
    return value


def _listed(noun: str, plural: str) -> Expected:
    return Expected(f'a list of {plural} with at least one, as in ["{noun}"]')


Key = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]*$"), Expected('a name in small letters, digits and "_", as in "head_lice"')
]
Words = Annotated[str, Field(min_length=1), Expected("words for staff")]
Day = Annotated[date, BeforeValidator(_day), Expected("the day it was last read against its source, as in 2026-11-22")]
Switch = Annotated[bool, Field(strict=True), Expected("true or false")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Condition(_Table):
    key: Key
    name: Words
    go_to_school: Annotated[GoToSchool, Expected(f"one of: {', '.join(GoToSchool)}")]
    return_rule: Words
    tell_school: Annotated[TellSchool, Expected(f"one of: {', '.join(TellSchool)}")]
    body: Annotated[
        list[Annotated[Body, Expected(f"one of: {', '.join(Body)}")]], Field(min_length=1), _listed("NHS", "bodies")
    ]
    source: Annotated[list[str], Field(min_length=1), _listed("ukhsa_table", "keys of the table [sources]")]
    edition: Words
    reviewed: Day
    verified: Switch
    template: Annotated[str, Expected("the key of a message of the family illness")]
    differs: Switch = False
    note: str = ""


class _IllnessFile(_Table):
    nhs_link: Annotated[str, BeforeValidator(_nhs_page), Expected("the address of the NHS page")]
    sources: Annotated[dict[str, Words], Expected("a table of source keys and their words")]
    reply_conditions: Annotated[dict[str, str], Expected('a table as in fever = "high_temperature"')]
    condition: Annotated[list[_Condition], Field(min_length=1), Expected("one [[condition]] table for each illness")]


def illness_file(config_dir: Path | None = None) -> Path:
    """The file that counts: that of the configuration folder where it has one, else the shipped one."""
    own = config_dir / FILE_NAME if config_dir is not None else None
    return own if own is not None and own.is_file() else data_folder("config") / FILE_NAME


def load_illness(config_dir: Path | None = None) -> IllnessGuidance:
    """Read and check the file; read again only when it changed. Raises ConfigurationError naming file, row and field."""
    file = illness_file(config_dir).resolve()
    return _load(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _load(file: Path, _changed_at: int) -> IllnessGuidance:
    return parse_illness(file, source=shown_path(file))


def parse_illness(file: Path | str, *, source: str) -> IllnessGuidance:
    """Check a file given as a path or as its text; `source` names it in errors."""
    told = read_toml(file, source=source)
    try:
        read = _IllnessFile.model_validate(told)
    except ValidationError as error:
        problems = problems_in(error, _IllnessFile, source)
        raise ConfigurationError([_named(problem, told.get("condition")) for problem in problems]) from error
    faults = [Problem(source, where, message) for where, message in _faults(read)]
    if faults:
        raise ConfigurationError(faults)
    return _built(read)


def _named(problem: Problem, rows: object) -> Problem:
    """The problem with the row's own key in brackets, where the row has one: nobody counts forty tables."""
    place, dot, field = problem.key.partition(".")
    number = place.removeprefix("condition #")
    if not isinstance(rows, list) or not number.isdigit() or int(number) > len(rows):
        return problem
    row = rows[int(number) - 1]
    key = row.get("key") if isinstance(row, dict) else None
    named = f"{place} ({key}){dot}{field}" if isinstance(key, str) else problem.key
    return Problem(problem.file, named, problem.message)


def _faults(read: _IllnessFile) -> Iterator[tuple[str, str]]:
    seen: dict[str, int] = {}
    for number, row in enumerate(read.condition, 1):
        where = f"condition #{number} ({row.key})"
        if row.key in seen:
            yield f"{where}.key", f'"{row.key}" is the key of condition #{seen[row.key]} already'
        seen.setdefault(row.key, number)
        for source in row.source:
            if source not in read.sources:
                yield f"{where}.source", f'"{source}" is not in the table [sources]{suggestion(source, read.sources)}'
        yield from ((f"{where}.template", fault) for fault in _template_faults(row))
    for name, key in read.reply_conditions.items():
        if name not in REPLY_CONDITIONS:
            yield f"reply_conditions.{name}", f"no reply is read as this{suggestion(name, REPLY_CONDITIONS)}"
        if key != NO_TEXT and key not in seen:
            known = suggestion(key, [*seen, NO_TEXT])
            yield f"reply_conditions.{name}", f'there is no condition "{key}"{known}'
    for name in REPLY_CONDITIONS:
        if name not in read.reply_conditions:
            yield f"reply_conditions.{name}", f'is missing; write the key of a condition, or "{NO_TEXT}" for no text'


def _template_faults(row: _Condition) -> Iterator[str]:
    if row.template in LINK_ONLY:
        return
    only = " or ".join(sorted(LINK_ONLY))
    says = STATES_A_RULE.get(row.template)
    if says is None:
        yield f'there is no illness message "{row.template}"{suggestion(row.template, [*LINK_ONLY, *STATES_A_RULE])}'
    elif not row.verified:
        yield f'"{row.template}" states a rule, and this row is not verified; write {only}'
    elif row.differs:
        yield f'"{row.template}" states a rule, and NHS and UKHSA differ on it; write {only}'
    elif says is not row.go_to_school:
        yield f'"{row.template}" says "{says}" to going to school, and this row says "{row.go_to_school}"; write {only}'


def _built(read: _IllnessFile) -> IllnessGuidance:
    rows = {
        row.key: Condition(**{**row.model_dump(), "body": tuple(row.body), "source": tuple(row.source)})
        for row in read.condition
    }
    leads = {name: None if key == NO_TEXT else key for name, key in read.reply_conditions.items()}
    return IllnessGuidance(
        nhs_link=read.nhs_link,
        conditions=MappingProxyType(rows),
        reply_conditions=MappingProxyType(leads),
        sources=MappingProxyType(read.sources),
    )
