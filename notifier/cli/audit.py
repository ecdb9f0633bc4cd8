"""`notifier audit`: proof that the record of who saw and did what was not changed or cut."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Annotated, Any

import typer

from notifier.cli.console import AsJson, counted, finish, print_json, say
from notifier.cli.failures import Refused
from notifier.cli.opening import application

app = typer.Typer(help="The record of who saw and did what: check it.", no_args_is_help=True)


@app.callback()
def audit_commands() -> None:
    """The record of who saw and did what: check it."""


@app.command(
    epilog="Examples:\n\nnotifier audit check\n\nnotifier audit check --school oakfield --expect 4711:9f86d081884c7d65"
)
def check(
    school: Annotated[str, typer.Option("--school", metavar="KEY", help="Only this school; else every chain.")] = "",
    expect: Annotated[
        str,
        typer.Option(
            "--expect", metavar="NUMBER:FINGERPRINT", help="An entry that you noted earlier: it must still be there."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Read each audit chain from its first entry and say whether any entry was changed, put in or taken out.

    Each entry holds the hash of the one before it. Whoever can write to the database could make the whole chain anew: note the last
    number and fingerprint outside Notifier now and then, and give them back by --expect. Exit code 1: a chain is broken.
    """
    from notifier.services.audit import WHAT_IT_MEANS
    from notifier.services.audit import check as work
    from notifier.store.audit import chains

    expected = _expected(expect)
    if expected is not None and not school:
        raise Refused("Say whose entry you noted: --expect needs --school.")
    with application() as notifier, notifier.database.read() as connection:
        keys = [notifier.school(connection, school).key] if school else chains(connection)
        verdicts = [work(connection, key, expected=expected) for key in keys]
    if as_json:
        documents: list[dict[str, Any]] = [{**asdict(verdict), "whole": verdict.whole} for verdict in verdicts]
        print_json({"chains": documents})
    else:
        for verdict in verdicts:
            where = verdict.school_id or "the service itself"
            if verdict.whole:
                last = f"; the last is {verdict.entries}:{verdict.head[:16]}" if verdict.entries else ""
                say(
                    f"✓ {where}: {counted(verdict.entries, 'entry', 'entries')} and {counted(verdict.looks, 'look')} fit together{last}",
                    "green",
                )
            else:
                say(f"✗ {where}: {verdict.why}", "red")
        if not verdicts:
            say("There is no audit entry yet.")
        if any(not verdict.whole for verdict in verdicts):
            say(WHAT_IT_MEANS)
    if any(not verdict.whole for verdict in verdicts):
        finish(1)


def _expected(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    found = re.fullmatch(r"([0-9]+):([0-9a-f]{8,64})", text.strip().lower())
    if found is None:
        raise Refused(f"'{text}' is no noted entry. Write its number and fingerprint as in 4711:9f86d081884c7d65.")
    return int(found[1]), found[2]
