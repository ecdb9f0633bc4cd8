"""Keeping the service itself well: the database's version, what is configured or missing, and serving."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from notifier.cli.console import ATTENTION, WRONG, AsJson, clock, counted, finish, print_json, say
from notifier.cli.opening import log_to_stderr, shown_database_url
from notifier.cli.schools import language_words

db = typer.Typer(help="The database's version.", no_args_is_help=True)


@db.callback()
def database_commands() -> None:
    """The database's version."""


@db.command(epilog="Example:\n\nnotifier db upgrade")
def upgrade(as_json: AsJson = False) -> None:
    """Bring the database to the version this program needs. Make a backup first; nothing else may be running."""
    from notifier.settings import load_settings
    from notifier.store.database import Database

    database = Database(load_settings().database_url)
    try:
        before, needed = database.revisions()
        database.upgrade()
        after, _ = database.revisions()
    finally:
        database.close()
    if as_json:
        print_json({"before": before, "version": after, "needed": needed})
    elif before == after:
        say(f"✓ The database is at version {after} already.", "green")
    else:
        say(f"✓ The database went from version {before or 'none'} to {after}.", "green")


@db.command("check", epilog="Example:\n\nnotifier db check --json")
def check_database(as_json: AsJson = False) -> None:
    """Say which version the database has and which this program needs. Exit code 1 if they differ."""
    from notifier.settings import load_settings
    from notifier.store.database import Database

    settings = load_settings()
    database = Database(settings.database_url)
    try:
        version, needed = database.revisions()
    finally:
        database.close()
    if as_json:
        print_json({"database": shown_database_url(settings.database_url), "version": version, "needed": needed})
    elif version == needed:
        say(f"✓ The database is at version {version}, as this program needs.", "green")
    else:
        say(
            f"✗ The database is at version {version or 'none'}, this program needs {needed}. Run: notifier db upgrade",
            "red",
        )
    finish(0 if version == needed else ATTENTION)


def doctor(
    reach: Annotated[
        bool, typer.Option("--reach", help="Also ask Twilio and the mail server whether they answer.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what is configured, reachable and missing. Secrets are never shown.

    Exit code 1 if something needs attention, 2 if the configuration cannot be used or the database cannot be reached.
    """
    from notifier.cli.examination import examine

    found = examine(reach=reach)
    if as_json:
        print_json(found)
    else:
        _print_findings(found)
    finish(WRONG if found["wrong"] else ATTENTION if found["attention"] else 0)


def _print_findings(found: dict[str, Any]) -> None:
    for key, entry in found["settings"].items():
        say(f"  {key} = {entry['value']}  ({entry['source']})", "dim")
    base = found["database"]
    _line(base["ready"], "database", base["words"])
    for medium, channel in found["channels"].items():
        quiet = channel["provider"] in ("simulator", "off")
        _line(None if quiet else channel["ready"], {"sms": "texts", "email": "e-mail"}[medium], channel["words"])
        for problem in channel["missing"]:
            say(f"      {problem}")
        if channel.get("reached") is not None:
            _line(channel["reached"], "  reached", channel["reached_words"])
    if base["ready"]:
        last = found["last_tick"]
        _line(None if last is None else True, "last tick", clock(last) or "never: start notifier serve")
        oldest = found["oldest_due"]
        _line(oldest is None, "oldest message due", clock(oldest) or "none waits")
        lost = found["unaccounted"]
        _line(not lost, "unexplained absences nobody chases", str(lost))
    if found["unmatched"] and found["unmatched"]["unread"]:
        _print_unmatched(found["unmatched"])
    for school in found["schools"]:
        _line(school["usable"], f"school {school['key']}", school["name"] if school["usable"] else "the file is wrong")
        for problem in school["problems"]:
            say(f"      {problem}")
        for language in school["awaiting_approval"]:
            told = language_words(school, language)
            if told != "approved":
                say(f"      {language}: {told}")
        idle = sum(number for state, number in school.get("own_wording", {}).items() if state != "in_use")
        if idle:
            texts = counted(idle, "text of the school's own wording does", "texts of the school's own wording do")
            say(f"      {texts} not go out: notifier wording list {school['key']}", "yellow")
    for words in found["wrong"]:
        say(f"✗ {words}", "bold red")


def _print_unmatched(found: dict[str, int]) -> None:
    number = found["unread"]
    told = counted(number, "message from an unknown number belongs", "messages from unknown numbers belong")
    urgent = f", {found['urgent']:,} of them urgent" if found["urgent"] else ""
    words = f"{told} to no school{urgent}; read {'it' if number == 1 else 'them'}: notifier replies --unmatched, then --read-by NAME"
    _line(False if found["urgent"] else None, "messages of no school", words)


def _line(good: bool | None, what: str, words: str) -> None:
    sign, style = {True: ("✓", "green"), False: ("✗", "bold red"), None: ("–", "yellow")}[good]
    say(f"{sign} {what}: {words}", style)


def serve(
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="The port to listen on.", min=1, max=65535)] = 8000,
) -> None:
    """Run scheduler, sending, webhooks and staff pages in one process, until stopped."""
    from notifier.cli.console import err
    from notifier.scheduling.serve import run
    from notifier.settings import load_settings

    settings = load_settings()
    log_to_stderr(settings)
    _warn_of_settings(settings)
    err().print(f"Serving at http://{host}:{port} (stop with Ctrl+C)", markup=False)
    run(settings, host, port)


def _warn_of_settings(settings: Any) -> None:
    from notifier.cli.console import warn

    for problem in (*settings.sms_problems(), *settings.email_problems()):
        warn(f"{problem.key}: {problem.message}")
    for medium in ("sms", "email"):
        if getattr(settings.channels, medium) == "simulator":
            warn(f"channels.{medium} is the SIMULATOR: nothing reaches anybody.")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    panel = "The service"
    app.add_typer(db, name="db", rich_help_panel=panel)
    app.command(rich_help_panel=panel, epilog="Example:\n\nnotifier doctor --reach")(doctor)
    app.command(rich_help_panel=panel, epilog="Example:\n\nnotifier serve --port 8000")(serve)
