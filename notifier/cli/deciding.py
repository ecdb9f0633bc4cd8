"""What a person decides about a pupil: the reason of an absence, one reported ahead, or that nobody is written to."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.console import SchoolKey, counted, say
from notifier.cli.failures import Refused
from notifier.cli.moment import At, Day, now, parse_day
from notifier.cli.opening import application
from notifier.domain.sessions import Session, local_date

if TYPE_CHECKING:
    from notifier.domain.codes import CodeTable
    from notifier.services.application import Application

Pupil = Annotated[str, typer.Argument(metavar="PUPIL", help="The pupil's id, as in the people file.")]
By = Annotated[str, typer.Option("--by", metavar="USER", help="Who decides; kept with the record.")]


def confirm(
    key: SchoolKey,
    pupil: Pupil,
    code: Annotated[str, typer.Option("--code", help="The attendance code that explains it, such as I.")],
    by: By,
    day: Day = None,
    note: Annotated[str, typer.Option("--note", help="What was learnt, for the follow-up's story.")] = "",
    at: At = None,
) -> None:
    """Confirm why a pupil is away: the day's follow-ups close and texts stop. The MIS is not changed: enter the code there too."""
    from notifier.services.follow_up import confirm as confirm_reason

    moment = at or now()
    day = day or local_date(moment)
    with application() as notifier:
        given = reason_code(notifier.codes, code)
        with notifier.database.begin() as connection:
            school = notifier.school(connection, key)
            closed = confirm_reason(
                connection, notifier, school, pupil, day=day, code=given, by=by, now=moment, note_text=note
            )
    say(f"✓ {counted(len(closed), 'follow-up')} of pupil {pupil} on {day:%d/%m/%Y} closed with code {given}.", "green")
    say("Enter the code in your MIS as well: the register is not changed from here.")


def report_absence(
    key: SchoolKey,
    pupil: Pupil,
    first_day: Annotated[
        date, typer.Option("--from", parser=parse_day, metavar="DATE", help="First day of the absence.")
    ],
    by: By,
    last_day: Annotated[
        date | None, typer.Option("--to", parser=parse_day, metavar="DATE", help="Last day; the first unless given.")
    ] = None,
    code: Annotated[str | None, typer.Option("--code", help="The attendance code, where it is known.")] = None,
    note: Annotated[str, typer.Option("--note", help="What the family said.")] = "",
    session: Annotated[
        Session | None,
        typer.Option("--session", metavar="AM|PM", help="Only this session; both unless given.", case_sensitive=False),
    ] = None,
    at: At = None,
) -> None:
    """Record an absence that the family reported: it causes no text, and texts about it stop."""
    from notifier.services.schools import report_absence as record

    with application() as notifier:
        given = reason_code(notifier.codes, code) if code else None
        record(
            notifier, key, pupil, first_day=first_day, last_day=last_day or first_day, by=by, now=at or now(), code=given,
            note=note, sessions=(session,) if session else tuple(Session),
        )  # fmt: skip
    until = f" to {last_day:%d/%m/%Y}" if last_day and last_day != first_day else ""
    say(f"✓ Recorded: pupil {pupil} is away {first_day:%d/%m/%Y}{until}{f' {session}' if session else ''}.", "green")
    say("Enter the reason in your MIS as well: the register is not changed from here.")


def suppress(
    key: SchoolKey,
    reason: Annotated[str, typer.Option("--reason", help="Why nobody is written to.")],
    by: By,
    pupil: Annotated[str | None, typer.Option("--pupil", metavar="PUPIL", help="About this pupil.")] = None,
    carer: Annotated[str | None, typer.Option("--carer", metavar="CARER", help="To this carer.")] = None,
    until: Annotated[
        date | None,
        typer.Option("--until", parser=parse_day, metavar="DATE", help="Last day; without end unless given."),
    ] = None,
    at: At = None,
) -> None:
    """Switch automatic messages off about a pupil, to a carer, or to a carer about a pupil. People ring instead."""
    from notifier.services.schools import suppress as switch_off

    moment = at or now()
    if not reason.strip():
        raise Refused('Give a reason, as in: --reason "asked to be rung only".')
    with application() as notifier:
        _must_be_known(notifier, key, pupil, carer)
        switch_off(
            notifier, key, pupil_id=pupil, carer_id=carer, reason=reason.strip(), until=until, by=by, now=moment,
            today=local_date(moment),
        )  # fmt: skip
    about = " ".join(
        part for part in (f"to carer {carer}" if carer else "", f"about pupil {pupil}" if pupil else "") if part
    )
    say(f"✓ No automatic messages {about} {f'until {until:%d/%m/%Y}' if until else 'from now on'}.", "green")


def _must_be_known(notifier: Application, key: str, pupil: str | None, carer: str | None) -> None:
    """Refuse ids nobody has: a typing error here would leave a family texted that must not be."""
    from notifier.store.people import load_roll

    with notifier.database.read() as connection:
        school = notifier.school(connection, key)
        roll = load_roll(connection, school.key, off_roll=True)
    if pupil and pupil not in roll.pupils:
        raise Refused(f"No pupil '{pupil}' is known at {school.name}. Nothing was changed.")
    if carer and carer not in roll.carers:
        raise Refused(f"No carer '{carer}' is known at {school.name}. Nothing was changed.")


def reason_code(codes: CodeTable, typed: str) -> str:
    """A code in force that explains a mark. Raises Refused for any other."""
    entry = codes.lookup(typed)
    if entry is None:
        raise Refused(f"'{typed}' is not an attendance code. docs/reference/attendance-codes.md lists them.")
    if entry.withdrawn:
        instead = ", ".join(entry.replaced_by) or "a code in force"
        raise Refused(f"Code {entry.code} ({entry.meaning}) is withdrawn; use {instead}.")
    if codes.triggers_contact(entry.code):
        raise Refused(f"Code {entry.code} says that there is no reason yet; give the code of the reason.")
    return entry.code


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    panel = "Decisions of people"
    app.command(
        rich_help_panel=panel,
        epilog='Example:\n\nnotifier confirm oakfield 4711 --code I --by alice --note "mother rang, vomiting"',
    )(confirm)
    app.command(
        "report-absence",
        rich_help_panel=panel,
        epilog="Examples:\n\nnotifier report-absence oakfield 4711 --from 24/11/2026 --to 25/11/2026 --code I --by alice\n\n"
        "notifier report-absence oakfield 4712 --from 2026-11-24 --session AM --code M --by alice",
    )(report_absence)
    app.command(
        rich_help_panel=panel,
        epilog='Example:\n\nnotifier suppress oakfield --carer 9002 --reason "court order" --by bashir --until 2027-03-31',
    )(suppress)
