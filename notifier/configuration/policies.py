"""Reads a school's policy (config/policies/<key>.toml): the ladder, the guards' limits, the caps and the wordings it uses.

A ladder that could leave a child to nobody is refused: it begins at once, climbs in order, and ends with people at school.
Whether a template of a given name exists is for `notifier templates check` to say; this room does not know the wordings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from notifier.configuration.codes import load_codes
from notifier.configuration.errors import (
    ConfigurationError,
    Expected,
    Problem,
    problems_in,
    read_toml,
    shown_path,
    suggestion,
)
from notifier.domain.codes import CodeEffect, clean_code
from notifier.domain.ladder import STAFF
from notifier.domain.policies import Audience, Caps, GuardLimits, Policy, Step
from notifier.domain.sessions import Session
from notifier.paths import data_folder

CHANNELS: Final = ("sms", "email")
"""The media a school or a step may name, as carers see them; which provider carries each is a setting of the service."""

_LONGEST_DAY = 600  # minutes from first contact: no ladder goes on for more than ten hours


def known_channel(value: object) -> object:
    """A channel's name for pydantic. Raises ValueError with the names there are."""
    if value not in CHANNELS:
        raise ValueError(f"{value!r} is not a channel; write one of: {', '.join(CHANNELS)}")
    return value


def _known_audience(value: object) -> object:
    if value not in tuple(Audience):
        close = suggestion(value, Audience) if isinstance(value, str) else ""
        raise ValueError(f"{value!r} is nobody a step can turn to{close}")
    return value


Channel = Annotated[str, BeforeValidator(known_channel)]
Name = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9_]*$"), Expected('a name in small letters, digits and "_", as in "second_text"')
]
Minutes = Annotated[int, Field(strict=True, ge=0, le=_LONGEST_DAY), Expected(f"whole minutes from 0 to {_LONGEST_DAY}")]
Share = Annotated[float, Field(gt=0, le=1), Expected("a share above 0 and up to 1; write 0.15 for 15%")]
Count = Annotated[int, Field(strict=True, ge=1), Expected("a whole number from 1")]
Switch = Annotated[bool, Field(strict=True), Expected("true or false")]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Heading(_Table):
    key: Annotated[str, Expected("the file's own name without .toml")]
    unconfirmed_wait: Minutes = 30
    automatic_answers: Switch = True
    review_codes: Annotated[list[str], Expected('a list of codes as in ["O"]')] = ["O"]


class _Templates(_Table):
    AM: Name
    PM: Name
    whole_day: Name
    day_two: Name
    all_clear: Name


class _Guards(_Table):
    unusual_share: Share = 0.15
    unusual_minimum: Count = 10
    stale_after: Annotated[int, Field(strict=True, ge=1, le=_LONGEST_DAY), Expected("whole minutes from 1")] = 60
    taken_share: Share = 0.5


class _Caps(_Table):
    spend_pence_per_day: Annotated[int, Field(strict=True, ge=0), Expected("whole pence")] = 5000
    equal_texts_per_number: Count = 3


class _Step(_Table):
    name: Name
    after: Minutes
    to: Annotated[Audience, BeforeValidator(_known_audience), Expected(f"one of: {', '.join(Audience)}")]
    template: Name | None = None
    new_template: Name | None = None
    channels: Annotated[list[Channel], Expected('a list of channels as in ["sms", "email"]')] = []
    every_channel: Switch = False


class _PolicyFile(_Table):
    policy: Annotated[_Heading, Expected("the table [policy]")]
    templates: Annotated[_Templates, Expected("the table [templates]")]
    guards: Annotated[_Guards, Expected("the table [guards]")] = _Guards()
    caps: Annotated[_Caps, Expected("the table [caps]")] = _Caps()
    step: Annotated[list[_Step], Expected("one [[step]] table for each step of the ladder")]


def policy_files(config_dir: Path | None = None) -> dict[str, Path]:
    """The policies there are, by key: the shipped ones, replaced or added to by those of a configuration folder."""
    folders = [data_folder("config")] + ([config_dir] if config_dir is not None else [])
    return {file.stem: file for folder in folders for file in sorted((folder / "policies").glob("*.toml"))}


def list_policies(config_dir: Path | None = None) -> tuple[str, ...]:
    """The keys a school's file may name as its policy, in alphabetical order."""
    return tuple(sorted(policy_files(config_dir)))


def load_policy(key: str, config_dir: Path | None = None) -> Policy:
    """Read and check one policy. Raises ConfigurationError naming file and key, or the policies there are."""
    files = policy_files(config_dir)
    if key not in files:
        message = f'there is no policy "{key}"{suggestion(key, files)}'
        raise ConfigurationError([Problem("config/policies", "", message)])
    file = files[key]
    return parse_policy(file, source=shown_path(file), key=key, config_dir=config_dir)


def parse_policy(file: Path | str, *, source: str, key: str, config_dir: Path | None = None) -> Policy:
    """Check a policy given as a path or as the text of the file; `source` names it in errors."""
    try:
        read = _PolicyFile.model_validate(read_toml(file, source=source))
    except ValidationError as error:
        raise ConfigurationError(problems_in(error, _PolicyFile, source)) from error
    problems = [Problem(source, where, message) for where, message in _faults(read, key, config_dir)]
    if problems:
        raise ConfigurationError(problems)
    return _built(read)


def _faults(read: _PolicyFile, key: str, config_dir: Path | None) -> Iterator[tuple[str, str]]:
    if read.policy.key != key:
        yield "policy.key", f'"{read.policy.key}" differs from the file\'s name; write "{key}"'
    table = load_codes(config_dir)
    for code in read.policy.review_codes:
        entry = table.lookup(code)
        if entry is None or entry.withdrawn:
            yield "policy.review_codes", f'"{code}" is not an attendance code in force'
        elif entry.effect in (CodeEffect.PRESENT, CodeEffect.UNEXPLAINED):
            yield "policy.review_codes", f'"{code}" cannot be left to review: its effect is "{entry.effect}"'
    yield from _ladder_faults(read.step)


def _ladder_faults(steps: list[_Step]) -> Iterator[tuple[str, str]]:
    if not steps:
        yield "step", "the ladder has no step; write one [[step]] table for each"
        return
    if steps[0].after != 0:
        yield "step #1.after", f"{steps[0].after} will not do; the first step is the first contact itself, so write 0"
    if steps[0].to in STAFF:
        yield "step #1.to", f'"{steps[0].to}" will not do; the first step turns to carers'
    if steps[-1].to not in STAFF:
        yield f"step #{len(steps)}.to", "the last step turns to people at school: call_list or safeguarding_lead"
    names: dict[str, int] = {}
    for number, step in enumerate(steps, 1):
        if step.name in names:
            yield f"step #{number}.name", f'"{step.name}" is the name of step #{names[step.name]} already'
        names.setdefault(step.name, number)
        if number > 1 and step.after <= steps[number - 2].after:
            before = steps[number - 2].after
            yield f"step #{number}.after", f"{step.after} is not later than the step before it, at {before} minutes"
        yield from _wording_faults(number, step)


def _wording_faults(number: int, step: _Step) -> Iterator[tuple[str, str]]:
    key = f"step #{number}"
    if step.to in STAFF:
        for name in ("template", "new_template", "channels", "every_channel"):
            if getattr(step, name):
                yield f"{key}.{name}", f'a step that turns to "{step.to}" has none; people at school do the rest'
        return
    if not step.channels:
        yield f"{key}.channels", 'is missing; write a list of channels as in ["sms", "email"]'
    if len(set(step.channels)) != len(step.channels):
        yield f"{key}.channels", "names a channel twice"
    if number == 1:
        for name in ("template", "new_template"):
            if getattr(step, name):
                yield f"{key}.{name}", "the first step takes its wording from [templates]; leave it out"
        return
    if step.template is None:
        yield f"{key}.template", 'is missing; write the name of a template as in "second_text"'


def _built(read: _PolicyFile) -> Policy:
    return Policy(
        key=read.policy.key,
        steps=tuple(
            Step(
                name=step.name,
                after=step.after,
                to=step.to,
                template=step.template,
                new_template=step.new_template or step.template,
                channels=tuple(step.channels),
                every_channel=step.every_channel,
            )
            for step in read.step
        ),
        guards=GuardLimits(**read.guards.model_dump()),
        caps=Caps(**read.caps.model_dump()),
        unconfirmed_wait=read.policy.unconfirmed_wait,
        first_templates={Session.AM: read.templates.AM, Session.PM: read.templates.PM},
        whole_day_template=read.templates.whole_day,
        day_two_template=read.templates.day_two,
        all_clear_template=read.templates.all_clear,
        automatic_answers=read.policy.automatic_answers,
        review_codes=frozenset(map(clean_code, read.policy.review_codes)),
    )
