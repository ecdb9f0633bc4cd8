"""What every use case shares: settings, data, codes, wording, lexicon and channels, loaded once.

Entry points build one `Application`; nothing in it changes while it lives, but connections to providers.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from notifier.channels.base import Channel, ChannelMisconfigured
from notifier.configuration.calendar import load_calendar
from notifier.configuration.choosing import load_choosing
from notifier.configuration.codes import load_codes
from notifier.configuration.errors import ConfigurationError, Problem
from notifier.configuration.illness import load_illness
from notifier.configuration.policies import load_policy, parse_policy
from notifier.configuration.replies import load_lexicon
from notifier.configuration.reply_facts import load_fact_words
from notifier.configuration.reply_model import load_reply_model
from notifier.configuration.schools import read_school
from notifier.domain.calendar import SchoolCalendar
from notifier.domain.codes import CodeTable
from notifier.domain.illness import IllnessGuidance
from notifier.domain.policies import Policy, templates_named
from notifier.domain.reply_facts import FactWords
from notifier.domain.reply_lexicon import ReplyLexicon
from notifier.domain.reply_model import ReplyModel
from notifier.domain.schools import School
from notifier.domain.situations import ChoosingBook
from notifier.settings import Settings
from notifier.store import people
from notifier.store.database import Database
from notifier.wording import Wording
from notifier.wording.overrides import FOLDER, OwnersWording, owners_wording

log = structlog.get_logger()


class UnknownSchool(Exception):
    """No school of that key was added; the words name the ones that are there."""


@dataclass(slots=True)
class Application:
    """The shared parts. `channels` maps the medium ("sms", "email") to the way out; `misconfigured` says why one is missing."""

    settings: Settings
    database: Database
    codes: CodeTable
    wording: Wording
    lexicon: ReplyLexicon
    fact_words: FactWords
    reply_model: ReplyModel | None = None
    channels: Mapping[str, Channel] = field(default_factory=dict)
    misconfigured: Mapping[str, str] = field(default_factory=dict)

    @property
    def config_dir(self) -> Path | None:
        """Where policies and codes are read from."""
        return self.settings.config_dir

    def school(self, connection: Connection, school_id: str) -> School:
        """A school by key. Raises UnknownSchool."""
        found = people.school_texts(connection, school_id).get(school_id)
        if found is None:
            known = (
                ", ".join(people.school_files(connection)) or "none yet; add one with: notifier school add FILE.toml"
            )
            raise UnknownSchool(f"There is no school '{school_id}'. Schools: {known}")
        return _school_of(found.file_text, school_id, found.policy_text, found.sending)

    def schools(self, connection: Connection) -> list[School]:
        """Every school, by key."""
        return [
            _school_of(row.file_text, key, row.policy_text, row.sending)
            for key, row in people.school_texts(connection).items()
        ]

    def policy(self, school: School) -> Policy:
        """The school's policy: its own copy where it has one of the policy that its file names, else the shared one.

        Raises ConfigurationError, also where it names a message that there is not.
        """
        if school.own_policy is not None and _key_of(school.own_policy) == school.policy:
            policy = _own_policy_of(school.own_policy, school.key, school.policy, self.config_dir)
        else:
            policy = _policy_of(school.policy, self.config_dir)
        known = {made.key for made in self.wording.templates() if made.family != "staff"}
        if problems := [
            Problem(
                f"policies/{policy.key}.toml",
                key,
                f"there is no message '{name}' for carers; see: notifier templates list",
            )
            for key, name in templates_named(policy)
            if name not in known
        ]:
            raise ConfigurationError(problems)
        return policy

    def wording_of(self, school: School) -> OwnersWording:
        """The wording as a school sees it: its own where it may go out, then its trust's, then the shipped one."""
        owners = (school.key,) if school.trust in (None, school.key) else (school.key, str(school.trust))
        return owners_wording(self.wording, self.wording_dir, owners)

    @property
    def wording_dir(self) -> Path | None:
        """Where schools' own wording lies; there is one folder for each school and trust."""
        return self.config_dir / FOLDER if self.config_dir else None

    @property
    def choosing(self) -> ChoosingBook:
        """The rules that choose a wording, checked against the messages there are. Raises ConfigurationError."""
        return _choosing_of(self.config_dir, tuple((made.key, made.family) for made in self.wording.templates()))

    def illness_template(self, condition: str | None) -> str | None:
        """The message that may be proposed about a condition read off a reply; None where no text is offered."""
        guidance = _illness_of(self.config_dir)
        return guidance.template_of(condition) if guidance else None

    @property
    def nhs_link(self) -> str | None:
        """The NHS page on when a child is too ill for school; None where the illness file cannot be used."""
        guidance = _illness_of(self.config_dir)
        return guidance.nhs_link if guidance else None

    def usable_channels(self, school: School) -> tuple[str, ...]:
        """The school's channels that lead anywhere: e-mail that is not set up is no way to reach a carer.

        Texts stay in even while their settings are wrong: that is put right within minutes, and the messages wait.
        """
        return tuple(
            medium
            for medium in school.channels
            if medium in self.channels or (medium == "sms" and self.settings.channels.sms != "off")
        )

    def calendar(self, school: School) -> SchoolCalendar:
        """The school's own calendar with England's bank holidays."""
        return _calendar_of(school)


@lru_cache(maxsize=4096)
def _school_of(text: str, school_id: str, own_policy: str | None = None, sending: bool = True) -> School:
    school = read_school(text, source=f"the file of school '{school_id}'")
    return replace(school, own_policy=own_policy, sending=bool(sending)) if own_policy or not sending else school


def _school_or_none(text: str, school_id: str) -> School | None:
    try:
        return _school_of(text, school_id)
    except ConfigurationError:
        return None  # said where the school is used


@lru_cache(maxsize=256)
def _policy_of(key: str, config_dir: Path | None) -> Policy:
    return load_policy(key, config_dir)


@lru_cache(maxsize=1024)
def _own_policy_of(text: str, school_id: str, key: str, config_dir: Path | None) -> Policy:
    return parse_policy(text, source=f"the policy of school '{school_id}'", key=key, config_dir=config_dir)


@lru_cache(maxsize=1024)
def _key_of(policy_text: str) -> str:
    return str(tomllib.loads(policy_text)["policy"]["key"])


@lru_cache(maxsize=16)
def _illness_of(config_dir: Path | None) -> IllnessGuidance | None:
    """The illness file; None, with a line in the log, where it cannot be used: a first-day text must not wait for it."""
    try:
        return load_illness(config_dir)
    except ConfigurationError as problem:
        log.error("illness.unusable", problem=str(problem))
        return None


@lru_cache(maxsize=16)
def _choosing_of(config_dir: Path | None, families: tuple[tuple[str, str], ...]) -> ChoosingBook:
    return load_choosing(config_dir, dict(families))


_calendars: dict[str, tuple[School, SchoolCalendar]] = {}


def _calendar_of(school: School) -> SchoolCalendar:
    known = _calendars.get(school.key)
    if known is not None and known[0] is school:
        return known[1]
    calendar = load_calendar(school)
    _calendars[school.key] = (school, calendar)
    return calendar


def build_channels(settings: Settings, own_numbers: Sequence[str] = ()) -> tuple[dict[str, Channel], dict[str, str]]:
    """The configured ways out, and for each medium that has none, what is missing. `own_numbers` are schools' own senders."""
    network: Any = None
    if "simulator" in (settings.channels.sms, settings.channels.email):
        from notifier.channels.simulator import SimulatedNetwork

        network = SimulatedNetwork()
    channels: dict[str, Channel] = {}
    missing: dict[str, str] = {}
    for medium, chosen in (("sms", settings.channels.sms), ("email", settings.channels.email)):
        try:
            channel = _build(medium, chosen, settings, own_numbers, network)
        except ChannelMisconfigured as problem:
            missing[medium] = str(problem)
            continue
        if channel is None:
            missing[medium] = f'{medium} is switched off (channels.{medium} = "off")'
        else:
            channels[medium] = channel
    return channels, missing


def _build(medium: str, chosen: str, settings: Settings, own_numbers: Sequence[str], network: Any) -> Channel | None:
    if chosen == "off":
        return None
    if chosen == "simulator":
        from notifier.channels.simulator import SimulatorChannel

        return SimulatorChannel(medium, network)
    if chosen == "twilio":
        from notifier.channels.twilio import TwilioChannel, TwilioConfig

        values = settings.twilio
        return TwilioChannel(
            TwilioConfig(
                account_sid=values.account_sid or "",
                auth_token=values.auth_token.get_secret_value() if values.auth_token else "",
                from_number=values.from_number,
                messaging_service_sid=values.messaging_service_sid,
                base_url=values.base_url,
                status_callback_url=f"{settings.public_url.rstrip('/')}/webhooks/twilio/status",
                timeout_seconds=values.timeout_seconds,
                concurrency=values.concurrency,
                secondary_auth_token=values.secondary_auth_token.get_secret_value()
                if values.secondary_auth_token
                else None,
                inbound_numbers=tuple(filter(None, (values.from_number, *own_numbers))),
            )
        )
    from notifier.channels.smtp import SmtpChannel, SmtpConfig

    mail = settings.smtp
    return SmtpChannel(
        SmtpConfig(
            host=mail.host or "",
            port=mail.port,
            username=mail.username,
            password=mail.password.get_secret_value() if mail.password else None,
            starttls=mail.starttls,
            from_address=mail.from_address or "",
            timeout=mail.timeout_seconds,
        )
    )


def load_application(settings: Settings, *, database: Database | None = None) -> Application:
    """Build the application from settings, making the schema in an empty database. Raises ConfigurationError, DatabaseNotReady."""
    made = database is None
    database = database or Database(settings.database_url)
    try:
        return _assemble(settings, database)
    except BaseException:
        if made:
            database.close()
        raise


def _assemble(settings: Settings, database: Database) -> Application:
    database.ensure_ready()
    with database.read() as connection:
        numbers = [
            school.sms_from
            for key, text in people.school_files(connection).items()
            if (school := _school_or_none(text, key)) and school.sms_from
        ]
    channels, missing = build_channels(settings, numbers)
    return Application(
        settings=settings,
        database=database,
        codes=load_codes(settings.config_dir),
        wording=_wording(),
        lexicon=load_lexicon(settings.config_dir),
        fact_words=load_fact_words(settings.config_dir),
        reply_model=load_reply_model(settings.config_dir, embeddings=settings.replies.embeddings),
        channels=channels,
        misconfigured=missing,
    )


@lru_cache(maxsize=1)
def _wording() -> Wording:
    return Wording.load()
