"""What `notifier doctor` finds: settings and where they come from, database, channels, schools, and whether the clock runs.

It changes nothing, not even an empty database, and never gives out a secret.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notifier.cli.failures import words_for
from notifier.cli.moment import now
from notifier.cli.opening import missing_settings, shown_database_url
from notifier.configuration.errors import ConfigurationError

if TYPE_CHECKING:
    from notifier.domain.schools import School
    from notifier.services.application import Application
    from notifier.settings import Settings

Findings = dict[str, Any]


def examine(*, reach: bool) -> Findings:
    """Everything there is to say. `wrong` lists what keeps the service from working, `attention` what somebody should see to."""
    from notifier.settings import load_settings

    found: Findings = {
        "settings": {}, "database": {"ready": False, "words": "not looked at"}, "channels": {}, "schools": [], "last_tick": None,
        "oldest_due": None, "unaccounted": None, "unmatched": None, "wrong": [], "attention": [],
    }  # fmt: skip
    try:
        settings = load_settings()
    except ConfigurationError as problem:
        found["wrong"] = [str(item) for item in problem.problems]
        return found
    found["settings"] = setting_sources(settings, os.environ)
    found["database"] = _database(settings)
    if found["database"]["ready"]:
        try:
            _examine_application(settings, found, reach=reach)
        except Exception as problem:  # whatever is wrong in files or database belongs into the findings
            words = words_for(problem)
            if words is None:
                raise
            found["wrong"].append(words)
    else:
        found["wrong" if found["database"]["wrong"] else "attention"].append(found["database"]["words"])
        _examine_channels_only(settings, found)
    return found


def setting_sources(settings: Settings, environ: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Every setting that is not left at its default: its value as shown, and where it comes from; secrets only as "set"."""
    from pydantic import SecretStr

    from notifier.configuration.errors import read_toml
    from notifier.settings import FILE_NAME, OTHER_NAMES, SECRETS_FOLDER, env_name, setting_fields

    file = settings.config_dir / FILE_NAME
    toml = read_toml(file, source=str(file)) if file.is_file() else {}
    folder = environ.get(SECRETS_FOLDER)
    lying = {item.name.upper() for item in Path(folder).iterdir()} if folder and Path(folder).is_dir() else set()
    found = {}
    for path in setting_fields():
        own = env_name(path)
        names = [own, *([OTHER_NAMES[own]] if own in OTHER_NAMES else [])]
        source = next((f"environment: {name}" for name in names if environ.get(name, "").strip()), None)
        source = source or next((f"file named by {name}_FILE" for name in names if environ.get(f"{name}_FILE")), None)
        source = source or next((f"{SECRETS_FOLDER}: {name}" for name in names if name in lying), None)
        section: Any = toml
        for part in path:
            section = section.get(part) if isinstance(section, dict) else None
        source = source or (str(file) if section is not None else None)
        if source is None and path != ("config_dir",):
            continue
        value: Any = settings
        for part in path:
            value = getattr(value, part)
        if isinstance(value, SecretStr):
            value = "set"
        elif path == ("database_url",):
            value = shown_database_url(value)
        found[".".join(path)] = {"value": str(value), "source": source or "default"}
    return found


def _database(settings: Settings) -> Findings:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import SQLAlchemyError

    from notifier.store.database import Database

    shown = shown_database_url(settings.database_url)
    told: Findings = {"url": shown, "reachable": False, "version": None, "needed": None, "ready": False, "wrong": False}
    try:
        url = make_url(settings.database_url)
        if url.get_backend_name() == "sqlite" and url.database and not Path(url.database).exists():
            return told | {"words": f"{shown} is not there yet; it is made on first use, or by: notifier db upgrade"}
        database = Database(settings.database_url)
        try:
            version, needed = database.revisions()
        finally:
            database.close()
    except (SQLAlchemyError, OSError) as problem:
        return told | {"wrong": True, "words": words_for(problem) or str(problem)}
    told |= {
        "reachable": True,
        "version": version,
        "needed": needed,
        "ready": version == needed,
        "wrong": version is not None,
    }
    if version == needed:
        return told | {"wrong": False, "words": f"{shown}, version {version}"}
    return told | {"words": f"{shown} is at version {version or 'none'}, {needed} is needed. Run: notifier db upgrade"}


def _examine_channels_only(settings: Settings, found: Findings) -> None:
    for medium, problems in (("sms", settings.sms_problems()), ("email", settings.email_problems())):
        missing = [f"{problem.key}: {problem.message}" for problem in problems]
        found["channels"][medium] = _channel(getattr(settings.channels, medium), missing)


def _channel(provider: str, missing: list[str]) -> Findings:
    if missing:
        words = f"{provider} is not ready"
    elif provider == "simulator":
        words = "SIMULATOR: nothing reaches anybody"
    else:
        words = "switched off" if provider == "off" else f"{provider} is set up"
    return {
        "provider": provider,
        "ready": not missing and provider not in ("simulator", "off"),
        "missing": missing,
        "words": words,
    }


def _examine_application(settings: Settings, found: Findings, *, reach: bool) -> None:
    from notifier.services.application import load_application
    from notifier.services.tick import unaccounted
    from notifier.store import messages, records, replies

    app = load_application(settings)
    try:
        for medium in ("sms", "email"):
            provider = getattr(settings.channels, medium)
            missing = [] if provider == "off" else missing_settings(app, medium)
            found["channels"][medium] = _channel(provider, missing)
            if missing:
                found["attention"].append(f"{medium}: {provider} is not ready")
        if reach:
            asyncio.run(_reach(app, found))
        _examine_schools(app, found)
        with app.database.read() as connection:
            tick, due = records.last_beat(connection, "tick"), messages.oldest_due(connection, now())
            unmatched = replies.listing(connection, "")
        strangers = {
            "messages": len(unmatched),  # those read are kept, and counted here only
            "unread": sum(row.read_at is None for row in unmatched),
            "urgent": sum(bool(row.urgent) and row.read_at is None for row in unmatched),
        }
        found["unmatched"] = strangers
        found["last_tick"] = tick.isoformat() if tick else None
        found["oldest_due"] = due.isoformat() if due else None
        found["unaccounted"] = len(unaccounted(app))
        if due:
            found["attention"].append("messages are due and have not left")
        if strangers["unread"]:
            found["attention"].append("messages from unknown numbers belong to no school: notifier replies --unmatched")
        if found["unaccounted"]:
            found["attention"].append("unexplained absences are not accounted for: notifier accounted KEY")
    finally:
        app.database.close()


def _examine_schools(app: Application, found: Findings) -> None:
    from notifier.cli.schools import language_standings
    from notifier.configuration.schools import load_school
    from notifier.store import people

    with app.database.read() as connection:
        kept = people.school_files(connection)
    for key, text in kept.items():
        told: Findings = {"key": key, "name": None, "usable": True, "problems": [], "awaiting_approval": {}}
        try:
            school = load_school(text, source=f"the file of school '{key}'", config_dir=app.config_dir)
        except ConfigurationError as problem:
            told |= {"usable": False, "problems": [str(item) for item in problem.problems]}
            found["wrong"].append(f"school {key}: its file is wrong")
        else:
            told |= {
                "name": school.name,
                **language_standings(app, school),
                "own_wording": _own_wording(app, school, found),
            }
        found["schools"].append(told)


def _own_wording(app: Application, school: School, found: Findings) -> dict[str, int]:
    """How many own texts stand how; those that should go out and do not are for somebody to see to."""
    from collections import Counter

    from notifier.services.wording import standings

    with app.database.read() as connection:
        states = Counter(standing.state.value for standing in standings(app, connection, school))
    if states.total() - states["in_use"]:
        found["attention"].append(
            f"school {school.key}: own wording does not go out: notifier wording list {school.key}"
        )
    return dict(states)


async def _reach(app: Application, found: Findings) -> None:
    """Ask each provider something harmless."""
    from notifier.channels.base import ChannelUnavailable

    for medium, channel in app.channels.items():
        told = found["channels"][medium]
        try:
            if channel.name == "smtp":
                told["reached_words"] = await _greeting(app.settings)
            else:
                await channel.inbox(since=now())
                told["reached_words"] = f"{channel.name} answers"
            told["reached"] = True
        except ChannelUnavailable as problem:
            told |= {"reached": False, "reached_words": str(problem)}
            found["attention"].append(f"{medium}: {channel.name} does not answer")
        finally:
            await channel.close()


async def _greeting(settings: Settings) -> str:
    """Connect to the mail server and read its first line; nothing is sent."""
    from notifier.channels.base import ChannelUnavailable

    where = f"{settings.smtp.host}:{settings.smtp.port}"
    try:
        async with asyncio.timeout(min(settings.smtp.timeout_seconds, 10.0)):
            reader, writer = await asyncio.open_connection(settings.smtp.host, settings.smtp.port)
            try:
                line = (await reader.readline()).decode("ascii", "replace").strip()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        raise ChannelUnavailable(f"{where} does not answer; check smtp.host, smtp.port and the network") from None
    if not line.startswith("220"):
        raise ChannelUnavailable(f"{where} answers, but not as a mail server does")
    return f"{where} answers"
