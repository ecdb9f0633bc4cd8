"""Reads a school's file (config/schools/<key>.toml) into a `School`, or says everything that is wrong with it at once.

Shape first (names, times, dates), then what must hold between them: a register closes before carers are contacted, terms
follow one another, the policy exists. Reading never fills in a school's times or dates by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final

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
from notifier.configuration.policies import Channel, list_policies, load_policy
from notifier.domain.emails import EmailError, parse_email
from notifier.domain.phones import PhoneError, parse_phone
from notifier.domain.schools import School
from notifier.domain.sessions import Session, SessionTimes
from notifier.domain.sms import FOLDABLE

Span = tuple[date, date]

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?", re.IGNORECASE)
_LONGEST_TERM: Final = 183  # days; nothing longer is one term, so a year was mistyped
_SHORT_NAME_LENGTH: Final = 40  # characters: it stands in every text


def _time(value: object) -> time:
    if isinstance(value, time):
        return value
    if isinstance(value, str) and _TIME.fullmatch(value.strip()):
        return time.fromisoformat(value.strip())
    loose = re.fullmatch(r"(\d{1,2})[.:h ]?(\d{2})", value.strip()) if isinstance(value, str) else None
    meant = f"{int(loose[1]):02}:{loose[2]}" if loose and int(loose[1]) < 24 and int(loose[2]) < 60 else "09:30"
    raise ValueError(f'{value!r} is not a time; write it as "{meant}"')


def _date(value: object) -> date:
    if type(value) is date:  # TOML's own date; a date with a time of day is no school day
        return value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value.strip()):
            return date.fromisoformat(value.strip())
    except ValueError:
        pass  # a day that no month has
    raise ValueError(f'{value!r} is not a date; write it as "2026-09-02"')


def _span(value: object) -> Span:
    parts = [part.strip() for part in value.split("/")] if isinstance(value, str) else [value]
    try:
        days = [_date(part) for part in parts]
    except ValueError:
        days = []
    if len(days) not in (1, 2):
        raise ValueError(f'{value!r} is not a day; write "2026-11-27", or "2026-10-26/2026-10-30" for several')
    return _in_order(days[0], days[-1])


def _term(value: object) -> Span:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError(f'{value!r} is not a term; write first and last day as ["2026-09-02", "2026-12-18"]')
    start, end = _in_order(_date(value[0]), _date(value[1]))
    if (end - start).days > _LONGEST_TERM:
        raise ValueError(f"{start} to {end} is longer than any term; check the years")
    return start, end


def _in_order(start: date, end: date) -> Span:
    if end < start:
        raise ValueError(f"{start} to {end} ends before it begins; write the earlier day first")
    return start, end


def _phone(value: object) -> str:
    try:
        parse_phone(
            str(value), allow_test_numbers=True
        )  # a demonstration school has one; production checks carers' own
    except PhoneError as error:
        raise ValueError(f'{value!r} is not a telephone number: {error.message}; write it as "01632 960123"') from None
    return " ".join(str(value).split())


def _sender(value: object) -> str:
    try:
        return parse_phone(str(value), allow_test_numbers=True).e164
    except PhoneError:
        message = f'{value!r} is not a number that carers can answer; write it as "+447700900123"'
        raise ValueError(message) from None


def _email(value: object) -> str:
    try:
        return parse_email(str(value), allow_test=True)
    except EmailError:
        raise ValueError(f'{value!r} is not an e-mail address; write it as "office@school.sch.uk"') from None


def _language(value: object) -> str:
    message = f'{value!r} is not a language tag (BCP 47); write it as "pl" or "zh-Hant"'
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise ValueError(message)
    from babel import Locale, UnknownLocaleError  # late: only school files need it here

    try:
        Locale.parse(value, sep="-")
    except (UnknownLocaleError, ValueError):
        raise ValueError(message) from None
    first, *rest = value.split("-")
    return "-".join([first.lower(), *(part.title() if len(part) == 4 else part.upper() for part in rest)])


def _folded(value: object) -> str:
    if value not in FOLDABLE:
        raise ValueError(
            f"{value!r} cannot be sent without accents: words would change their meaning; possible: {', '.join(sorted(FOLDABLE))}"
        )
    return str(value)


Text = Annotated[str, Field(strict=True, pattern=r"\S"), Expected("a text")]
Time = Annotated[time, BeforeValidator(_time), Expected('a time as in "09:30"')]
Spans = Annotated[list[Annotated[Span, BeforeValidator(_span)]], Expected('a list of days, as in ["2026-11-27"]')]
Email = Annotated[str, BeforeValidator(_email), Expected("an e-mail address")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Heading(_Table):
    key: Annotated[
        str, Field(strict=True, pattern=r"^[a-z0-9-]{1,60}$"), Expected('a key of a-z, 0-9 and "-", as in "oakfield"')
    ]
    name: Text
    short_name: Annotated[
        str,
        Field(strict=True, pattern=r"\S", max_length=_SHORT_NAME_LENGTH),
        Expected(f"a text of at most {_SHORT_NAME_LENGTH} characters; it stands in every message"),
    ]
    phase: Text = ""
    phone: Annotated[str, BeforeValidator(_phone), Expected('the office\'s number as in "01632 960123"')]
    email: Email
    languages: Annotated[
        list[Annotated[str, BeforeValidator(_language)]], Expected('a list of languages as in ["pl", "ur"]')
    ] = []
    channels: Annotated[list[Channel], Field(min_length=1), Expected('a list of channels as in ["sms", "email"]')] = [
        "sms",
        "email",
    ]
    policy: Annotated[str, Field(strict=True), Expected('the name of a policy as in "first_day_absence"')]
    safeguarding_email: Email | None = None
    sms_from: Annotated[str, BeforeValidator(_sender)] | None = None
    drop_folder: Text | None = None
    trust: (
        Annotated[str, Field(strict=True, pattern=r"^[a-z0-9-]{1,60}$"), Expected('a key as in "riverside-trust"')]
        | None
    ) = None
    named_person: Text = ""
    answer_links: Annotated[list[Channel], Expected('a list of channels as in ["email"], or []')] = ["email"]
    fold: Annotated[list[Annotated[str, BeforeValidator(_folded)]], Expected('a list of languages as in ["pl"]')] = []


class _SessionTable(_Table):
    register_closes: Time
    first_contact: Time
    last_contact: Time


class _Times(_Table):
    AM: Annotated[_SessionTable, Expected("the table [times.AM]")]
    PM: Annotated[_SessionTable, Expected("the table [times.PM]")]


class _Calendar(_Table):
    terms: Annotated[
        list[Annotated[Span, BeforeValidator(_term)]],
        Field(min_length=1),
        Expected('a list of terms as in [["2026-09-02", "2026-12-18"]]'),
    ]
    closed: Spans = []
    inset: Spans = []
    bank_holidays_open: Annotated[list[Annotated[date, BeforeValidator(_date)]], Expected("a list of days")] = []


class _SchoolFile(_Table):
    school: Annotated[_Heading, Expected("the table [school]")]
    times: Annotated[_Times, Expected("the tables [times.AM] and [times.PM]")]
    calendar: Annotated[_Calendar, Expected("the table [calendar]")]


def load_school(file: Path | str, *, source: str | None = None, config_dir: Path | None = None) -> School:
    """Read and check a school's file, given as a path or as the text of the file, and the policy it names.

    `source` names it in errors (the path by itself when not given); `config_dir` is where the policy is looked for, besides
    the shipped ones. Raises ConfigurationError with every problem found.
    """
    return _load(file, source, config_dir, with_policy=True)


def read_school(text: str, *, source: str) -> School:
    """A school from the text of a file that was accepted before: all checks but those of its policy, which may lie elsewhere.

    Raises ConfigurationError. The policy tells its own faults when `load_policy` reads it.
    """
    return _load(text, source, None, with_policy=False)


def _load(file: Path | str, source: str | None, config_dir: Path | None, *, with_policy: bool) -> School:
    named = source or (shown_path(file) if isinstance(file, Path) else "the school's file")
    try:
        read = _SchoolFile.model_validate(read_toml(file, source=named))
    except ValidationError as error:
        raise ConfigurationError(problems_in(error, _SchoolFile, named)) from error
    problems = [Problem(named, key, message) for key, message in _faults(read)]
    if with_policy:
        problems.extend(_policy_problems(read.school.policy, named, config_dir))
    if problems:
        raise ConfigurationError(problems)
    return _built(read)


def _policy_problems(policy: str, named: str, config_dir: Path | None) -> list[Problem]:
    known = list_policies(config_dir)
    if policy not in known:
        return [Problem(named, "school.policy", f'there is no policy "{policy}"{suggestion(policy, known)}')]
    try:
        load_policy(policy, config_dir)  # a school must not find out at half past nine
    except ConfigurationError as error:
        return error.problems
    return []


def _faults(read: _SchoolFile) -> Iterator[tuple[str, str]]:
    yield from _time_faults(read.times)
    for number, (before, after) in enumerate(pairwise(read.calendar.terms), 2):
        if after[0] <= before[1]:
            message = f"{after[0]} is not after the end of the term before it, {before[1]}; write terms in order"
            yield f"calendar.terms #{number}", message


def _time_faults(times: _Times) -> Iterator[tuple[str, str]]:
    for session in Session:
        table: _SessionTable = getattr(times, session)
        if table.first_contact < table.register_closes:
            message = f"{table.first_contact:%H:%M} is before the register closes, {table.register_closes:%H:%M}"
            yield f"times.{session}.first_contact", f"{message}; write that time or a later one"
        if table.last_contact <= table.first_contact:
            message = f"{table.last_contact:%H:%M} is not after the first contact, {table.first_contact:%H:%M}"
            yield f"times.{session}.last_contact", f"{message}; write a later time"
    if times.PM.register_closes <= times.AM.register_closes:
        message = f"{times.PM.register_closes:%H:%M} is not after the morning's, {times.AM.register_closes:%H:%M}"
        yield "times.PM.register_closes", f"{message}; write a later time"


def _built(read: _SchoolFile) -> School:
    heading, times = read.school, read.times
    return School(
        key=heading.key,
        name=heading.name.strip(),
        short_name=heading.short_name.strip(),
        phone=heading.phone,
        email=heading.email,
        policy=heading.policy,
        times={
            Session.AM: SessionTimes(**times.AM.model_dump()),
            Session.PM: SessionTimes(**times.PM.model_dump()),
        },
        terms=tuple(read.calendar.terms),
        closed=tuple(sorted({*read.calendar.closed, *read.calendar.inset})),
        phase=heading.phase,
        languages=tuple(dict.fromkeys(language for language in heading.languages if language != "en")),
        channels=tuple(dict.fromkeys(heading.channels)),
        safeguarding_email=heading.safeguarding_email,
        sms_from=heading.sms_from,
        drop_folder=heading.drop_folder,
        trust=heading.trust,
        named_person=heading.named_person.strip(),
        answer_links=tuple(dict.fromkeys(heading.answer_links)),
        fold=tuple(dict.fromkeys(heading.fold)),
        bank_holidays_open=frozenset(read.calendar.bank_holidays_open),
    )
