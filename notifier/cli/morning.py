"""The commands of a morning: decide and queue, hand over, settle, tick, and release what is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.console import (
    ATTENTION,
    DONE,
    WRONG,
    AsJson,
    SchoolKey,
    counted,
    err,
    finish,
    print_json,
    say,
    warn,
)
from notifier.cli.moment import At, now, parse_day
from notifier.cli.opening import application, warn_of_channels, who, with_channels
from notifier.cli.run_report import ACCOUNTED_FOR, print_run
from notifier.domain.sessions import Session, local_date

if TYPE_CHECKING:
    from notifier.services.application import Application
    from notifier.services.hand_over import SendCounts


def run(
    key: SchoolKey,
    day: Annotated[date, typer.Option("--date", parser=parse_day, metavar="DATE", help="The day, as 2026-11-23 or 23/11/2026.")],
    session: Annotated[Session, typer.Option("--session", metavar="AM|PM", help="Morning or afternoon.", case_sensitive=False)],
    at: At = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen, and show the words and their cost; keep nothing.")] = False,
    as_json: AsJson = False,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="NAME", help="Who runs it; the login name unless given. A second person must release what is held."),
    ] = None,
) -> None:  # fmt: skip
    """Decide about every pupil of one session and queue the messages. Nothing leaves until `notifier send`.

    Running it again acts on what came in since. Exit code 1 if a group or the school is held.
    """
    from notifier.services.decide import run_session
    from notifier.services.views import run_document
    from notifier.store.messages import names_of

    moment = at or now()
    with application() as notifier:
        result = run_session(notifier, key, day, session, now=moment, by=by or who(), dry_run=dry_run)
        named = [item.pupil_id for item in result.decisions if item.reason not in ACCOUNTED_FOR]
        with notifier.database.read() as connection:
            pupils = names_of(connection, result.school_id, named)
    if as_json:
        print_json({**run_document(result), "dry_run": dry_run})
    else:
        print_run(result, pupils, dry_run=dry_run, moment=moment)
    finish(ATTENTION if result.holds else DONE)


def send(at: At = None, as_json: AsJson = False) -> None:
    """Hand over every message that is due. Nothing is ever sent twice; what nobody knows is settled by `notifier reconcile`.

    Exit code 1 if messages failed, are held, or have an unknown outcome; 2 if texts wait because a setting is missing.
    """
    from notifier.services.hand_over import hand_over

    moment = at or now()
    with application() as notifier:
        warn_of_channels(notifier)
        console = err()
        with console.status("Sending …") as status:
            sent = [0]

            def count(number: int) -> None:
                sent[0] += number
                status.update(f"Sending … {counted(sent[0], 'message')}")

            counts = with_channels(notifier, lambda pace: hand_over(notifier, now=moment, pace=pace, on_batch=count))
        waiting = texts_waiting(notifier, local_date(moment))
    if as_json:
        print_json(counts.as_json())
    else:
        _print_counts(counts, waiting)
    finish(_sending_code(counts, waiting))


_SIGNS = {
    "accepted": ("→ accepted by the provider", "green"),
    "failed": ("✗ failed; the next way is tried, or people ring", "bold red"),
    "unknown": ("? of unknown outcome", "bold yellow"),
    "expired": ("– expired: past their deadline", "yellow"),
    "cancelled": ("– cancelled: no longer needed or allowed", "dim"),
    "held": ("‖ held", "yellow"),
    "retry": ("… refused for now, to be tried again", ""),
    "staff": ("→ e-mails to staff", "green"),
}


def _print_counts(counts: SendCounts, waiting: int) -> None:
    told = {name: number for name, number in counts.as_json().items() if number}
    for name, number in told.items():
        what, style = _SIGNS.get(name, (name, ""))
        say(f"{number:>5,}  {what}", style)
    if not told:
        say("No message has left." if waiting else "Nothing was due.")
    if counts.unknown:
        warn("Nobody knows whether the provider took some messages. They are not repeated: run `notifier reconcile`.")
    if counts.held:
        warn("Sending is held: see `notifier follow-ups KEY` for why and what to do, then `notifier release`.")


def _sending_code(counts: SendCounts, waiting: int) -> int:
    """The exit code of a hand-over; says how many texts wait for a missing setting."""
    if waiting:
        err().print(
            f"[bold red]{counted(waiting, 'text')} to carers could not leave[/] because of the settings named above. Nothing is "
            "lost: put the settings right and send again before the texts' last time of contact.",
        )
        return WRONG
    return ATTENTION if counts.failed or counts.unknown or counts.held else DONE


def texts_waiting(notifier: Application, day: date) -> int:
    """How many texts to carers wait today because texts have no way out; 0 where they have one."""
    if "sms" in notifier.channels:
        return 0
    from notifier.store import messages, people

    with notifier.database.read() as connection:
        return sum(
            row.channel == "sms" and row.status == "queued"
            for key in people.school_files(connection)
            for row in messages.listing(connection, key, day=day)
        )


def reconcile(at: At = None, as_json: AsJson = False) -> None:
    """Settle messages with an unknown outcome, and ask for receipts and replies that never came.

    A message is queued again only where the provider says that it never had it. Exit code 1 if something stays unknown.
    """
    from notifier.services.reconcile import reconcile as settle

    moment = at or now()
    with application() as notifier:
        warn_of_channels(notifier)
        counts = with_channels(notifier, lambda pace: settle(notifier, now=moment))
    if as_json:
        print_json(counts.as_json())
    else:
        meanings = {
            "adopted": "found at the provider", "requeued": "queued again: the provider never had them",
            "failed": "given up: the provider never had them, and it is too late", "still_unknown": "still unknown",
            "receipts": "receipts fetched", "replies": "replies fetched", "unreachable": "questions the provider did not answer",
        }  # fmt: skip
        told = {name: number for name, number in counts.as_json().items() if number}
        for name, number in told.items():
            say(f"{number:>5,}  {meanings.get(name, name)}")
        if not told:
            say("Nothing to settle.")
    finish(ATTENTION if counts.still_unknown or counts.unreachable or counts.failed else DONE)


def tick(at: At = None, as_json: AsJson = False) -> None:
    """Do everything that is due and not yet done for all schools, once: files, runs, ladder, sending, reports.

    Exit code 1 if a school could not be served; 2 if texts wait because a setting is missing.
    """
    from notifier.services.tick import tick as tick_once

    moment = at or now()
    with application() as notifier:
        warn_of_channels(notifier)
        result = with_channels(notifier, lambda pace: tick_once(notifier, now=moment, pace=pace))
        waiting = texts_waiting(notifier, local_date(moment))
    if as_json:
        print_json(asdict(result))
    else:
        _print_lines("file taken in", result.files)
        _print_lines("run", result.runs)
        say(f"{counted(result.steps, 'follow-up')} moved on the ladder, {result.handed_over:,} handed over to people")
        _print_counts(result.sent, waiting)
    for line in result.trouble:
        warn(line)
    finish(max(_sending_code(result.sent, waiting), ATTENTION if result.trouble else DONE))


def _print_lines(what: str, found: Sequence[tuple[str, str]]) -> None:
    for school, detail in found:
        say(f"{school}: {what}: {detail}")


def release(
    key: SchoolKey,
    hold: Annotated[
        str,
        typer.Argument(
            metavar="HOLD",
            help="The hold: its id as `notifier follow-ups KEY` shows it, its kind, or the group it holds.",
        ),
    ],
    by: Annotated[str, typer.Option("--by", metavar="USER", help="Who releases it; never whoever made the run.")],
    at: At = None,
) -> None:
    """Release a hold, once somebody has checked. The next run or tick then goes on; `notifier run` does it at once.

    `notifier follow-ups KEY` shows what is held, with the ids of the holds.
    """
    from notifier.services.schools import release as release_hold

    with application() as notifier:
        row = release_hold(notifier, key, hold, by=by, now=at or now())
    say(f"✓ Released by {by}: {row.kind}{f' {row.scope}' if row.scope else ''} ({row.detail})", "green")
    if row.session:
        say(f"Go on at once: notifier run {key} --date {row.day.isoformat()} --session {row.session}")
    else:
        say("The messages are queued again. Go on at once: notifier send")


def add_to(app: typer.Typer) -> None:
    """Register the commands of the morning."""
    panel = "The morning"
    app.command(
        rich_help_panel=panel,
        epilog="Examples:\n\nnotifier run oakfield --date 2026-11-23 --session AM --dry-run\n\n"
        "notifier run oakfield --date 23/11/2026 --session PM --by alice",
    )(run)
    app.command(rich_help_panel=panel, epilog="Example:\n\nnotifier send --json")(send)
    app.command(rich_help_panel=panel, epilog="Example:\n\nnotifier reconcile")(reconcile)
    app.command(rich_help_panel=panel, epilog="Example:\n\nnotifier tick --at 2026-11-23T09:30:00+00:00")(tick)
    app.command(
        rich_help_panel=panel,
        epilog="Examples:\n\nnotifier release oakfield unusual_absence --by bashir\n\nnotifier release oakfield 4B --by bashir",
    )(release)
