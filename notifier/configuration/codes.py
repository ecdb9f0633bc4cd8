"""Reads the attendance codes (config/attendance_codes.toml): what each means and what a mark of it does.

The file is data so that a change of regulation is a change of file, reviewed by a person. What would make the service
dangerous is refused here: a code in force without an effect, or an effect that contradicts what the code triggers.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from notifier.configuration.errors import ConfigurationError, Expected, Problem, problems_in, read_toml, shown_path
from notifier.domain.codes import AttendanceCode, CodeClass, CodeEffect, CodeTable, Trigger, clean_code
from notifier.paths import data_folder

FILE_NAME = "attendance_codes.toml"

_EFFECTS_IN_A_FILE = (
    CodeEffect.PRESENT,
    CodeEffect.UNEXPLAINED,
    CodeEffect.EXPLAINED,
    CodeEffect.NOT_EXPECTED,
    CodeEffect.OFF_SITE,
    CodeEffect.REVIEW,
)


def _clean(value: object) -> object:
    if not isinstance(value, str) or not clean_code(value) or len(clean_code(value)) > 3:
        raise ValueError(f'{value!r} is not an attendance code; write it as "C1"')
    return clean_code(value)


def _effect(value: object) -> object:
    if value not in _EFFECTS_IN_A_FILE:
        raise ValueError(f"{value!r} is not an effect; write one of: {', '.join(_EFFECTS_IN_A_FILE)}")
    return value


Code = Annotated[str, BeforeValidator(_clean)]
Words = Annotated[str, Expected("a text")]
Day = Annotated[date, Expected("a date as in 2027-07-31, without quotation marks")]
Sources = Annotated[list[str], Expected("a list of keys of the table [sources]")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


class _CodeEntry(_Table):
    code: Code
    meaning: Words
    class_: Annotated[CodeClass, Expected(f"one of: {', '.join(CodeClass)}")]
    trigger: Annotated[Trigger, Expected(f"one of: {', '.join(Trigger)}")]
    effect: Annotated[CodeEffect, BeforeValidator(_effect), Expected(f"one of: {', '.join(_EFFECTS_IN_A_FILE)}")]
    source: Sources
    note: Words = ""
    closes_school: Annotated[bool, Expected("true or false")] = False
    review_date: Day | None = None

    model_config = ConfigDict(extra="forbid", alias_generator=lambda name: name.rstrip("_"))


class _WithdrawnEntry(_Table):
    code: Code
    meaning: Words
    source: Sources
    replaced_by: list[Code] = []
    note: Words = ""
    review_date: Day | None = None


class _CodesFile(_Table):
    review_date: Day
    sources: Annotated[dict[str, str], Expected("a table of source keys and their words")]
    code: Annotated[list[_CodeEntry], Expected("one [[code]] table for each code in force")]
    withdrawn: list[_WithdrawnEntry] = []


def codes_file(config_dir: Path | None = None) -> Path:
    """Where the codes are read from: the configuration folder where it has them, else the shipped file."""
    if config_dir is not None and (config_dir / FILE_NAME).is_file():
        return config_dir / FILE_NAME
    return data_folder("config") / FILE_NAME


def load_codes(config_dir: Path | None = None) -> CodeTable:
    """The code table of a configuration folder, or the shipped one. Raises ConfigurationError naming file and key."""
    file = codes_file(config_dir).resolve()
    return _load(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _load(file: Path, _changed_at: int) -> CodeTable:
    source = shown_path(file)
    try:
        read = _CodesFile.model_validate(read_toml(file, source=source))
    except ValidationError as error:
        raise ConfigurationError(problems_in(error, _CodesFile, source)) from error
    problems = [Problem(source, key, message) for key, message in _contradictions(read)]
    if problems:
        raise ConfigurationError(problems)
    return CodeTable({entry.code: entry for entry in _entries(read)})


def _contradictions(read: _CodesFile) -> Iterable[tuple[str, str]]:
    seen: set[str] = set()
    listed: list[tuple[str, _CodeEntry | _WithdrawnEntry]] = [
        *((f"code #{number}", entry) for number, entry in enumerate(read.code, 1)),
        *((f"withdrawn #{number}", entry) for number, entry in enumerate(read.withdrawn, 1)),
    ]
    for key, entry in listed:
        if entry.code in seen:
            yield f"{key}.code", f'"{entry.code}" is listed twice; keep one entry'
        seen.add(entry.code)
        for name in entry.source:
            if name not in read.sources:
                yield f"{key}.source", f'"{name}" is not a key of [sources]'
    for number, code in enumerate(read.code, 1):
        contacts = code.effect is CodeEffect.UNEXPLAINED
        if contacts is not (code.trigger is Trigger.YES):
            expected = 'effect "unexplained"' if code.trigger is Trigger.YES else 'trigger "yes"'
            yield f"code #{number}", f'"{code.code}": {expected} is expected; only the two together cause a message'
        if contacts and code.class_ is not CodeClass.UNAUTHORISED:
            yield f"code #{number}.class", f'"{code.code}": a code that causes messages has the class "unauthorised"'
    in_force = {code.code for code in read.code}
    if not any(code.effect is CodeEffect.UNEXPLAINED for code in read.code):
        yield "code", 'no code has the effect "unexplained", so nobody would ever be contacted'
    for number, withdrawn in enumerate(read.withdrawn, 1):
        for code_now in withdrawn.replaced_by:
            if code_now not in in_force:
                yield f"withdrawn #{number}.replaced_by", f'"{code_now}" is not a code in force'


def _entries(read: _CodesFile) -> Iterable[AttendanceCode]:
    for code in read.code:
        yield AttendanceCode(
            code=code.code,
            meaning=code.meaning,
            code_class=code.class_,
            trigger=code.trigger,
            effect=code.effect,
            closes_school=code.closes_school,
            note=code.note,
            source="; ".join(read.sources[name] for name in code.source),
            review_date=code.review_date or read.review_date,
        )
    for withdrawn in read.withdrawn:
        yield AttendanceCode(
            code=withdrawn.code,
            meaning=withdrawn.meaning,
            code_class=None,
            trigger=Trigger.NEVER,
            effect=CodeEffect.UNKNOWN,
            withdrawn=True,
            replaced_by=tuple(withdrawn.replaced_by),
            note=withdrawn.note,
            source="; ".join(read.sources[name] for name in withdrawn.source),
            review_date=withdrawn.review_date or read.review_date,
        )


def codes_markdown(table: CodeTable) -> str:
    """The page docs/reference/attendance-codes.md, made from the table."""
    in_force = [entry for entry in table.codes.values() if not entry.withdrawn]
    lines = [
        "# Attendance codes",
        "",
        f"This page is made from `config/{FILE_NAME}`. Change that file, not this page.",
        "",
        "Only a code with the effect `unexplained` causes a message. Anything that is not in the first table (a withdrawn",
        "code, an unknown one, no mark at all) never does.",
        "",
        "| code | meaning | class | triggers contact | effect | note |",
        "|---|---|---|---|---|---|",
        *(
            f"| `{entry.code}` | {entry.meaning} | {entry.code_class} | {entry.trigger} | {entry.effect} | {entry.note} |"
            for entry in in_force
        ),
        "",
        "## Withdrawn codes",
        "",
        "They still turn up in registers. They are accepted, shown, and never acted on.",
        "",
        "| code | meaning | replaced by | note |",
        "|---|---|---|---|",
        *(
            f"| `{entry.code}` | {entry.meaning} | {', '.join(f'`{code}`' for code in entry.replaced_by)} | {entry.note} |"
            for entry in table.codes.values()
            if entry.withdrawn
        ),
        "",
        "## Sources",
        "",
        *(
            f"- `{entry.code}`: {entry.source} (to be reviewed by {entry.review_date})"
            for entry in table.codes.values()
        ),
        "",
    ]
    return "\n".join(lines)
