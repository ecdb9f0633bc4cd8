"""What staff read: the log, the board, one pupil's day as a story, replies, and whether everybody is accounted for."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from notifier.cli.console import (
    ATTENTION,
    STATES,
    STATUSES,
    AsJson,
    Cell,
    SchoolKey,
    address,
    clock,
    counted,
    finish,
    first_words,
    instant,
    print_json,
    rows,
    say,
    shown,
    warn,
)
from notifier.cli.deciding import Pupil
from notifier.cli.failures import Refused
from notifier.cli.moment import Day, now, parse_day, today
from notifier.cli.opening import application
from notifier.domain.replies import ANSWER_PAGE, PLANS, Intent
from notifier.domain.sessions import at_local

if TYPE_CHECKING:
    from sqlalchemy import Connection

Document = Mapping[str, Any]

LATEST = 100
"""Entries shown to people where no number is asked for."""

NO_SCHOOL = ""
"""What stands for the school of a message that belongs to none."""

AnyDay = Annotated[
    date | None,
    typer.Option("--date", parser=parse_day, metavar="DATE", help="Only this day, as 2026-11-23 or 23/11/2026."),
]


def log(
    key: SchoolKey,
    day: AnyDay = None,
    pupil: Annotated[str | None, typer.Option("--pupil", metavar="ID", help="Only about this pupil.")] = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, for a spreadsheet.")] = False,
    staff: Annotated[bool, typer.Option("--staff", help="E-mails to staff as well.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many, the newest.")] = None,
) -> None:
    """Show messages and replies, newest first.

    Long texts are cut; `--json` and `--csv` show them whole.
    """
    from notifier.services.views import log_entries
    from notifier.store.messages import names_of

    if as_json and as_csv:
        raise Refused("--json and --csv exclude each other: choose one.")
    most = limit if limit or as_json or as_csv else LATEST
    with application() as notifier, notifier.database.read() as connection:
        school = notifier.school(connection, key)
        entries = log_entries(connection, school, day=day, pupil_id=pupil, staff=staff, limit=most)
        names = {} if as_json or as_csv else _names(connection, school.key, entries)
        if pupil and not entries and not names_of(connection, school.key, [pupil]):
            raise Refused(f"No pupil '{pupil}' is known at {school.name}.")
    if as_json:
        print_json(entries)
    elif as_csv:
        typer.echo(log_csv(entries), nl=False)
    elif not entries:
        say(f"No messages or replies at {school.name}{f' on {day:%d/%m/%Y}' if day else ''}.")
    else:
        rows(
            ["time", "status", "about", "to / from", "words"],
            (_log_line(entry, names, day, school.short_name) for entry in entries),
        )
        if limit is None and len(entries) == most:
            warn(f"Only the newest {most:,} are shown; --limit asks for more, --date for one day.")


def _names(connection: Connection, school: str, entries: Iterable[Document]) -> dict[str, str]:
    from notifier.store.messages import names_of

    ids = {pupil for entry in entries for pupil in entry["pupil_ids"]}
    return {
        pupil_id: f"{row.preferred_name or row.given_name} {row.family_name}".strip()
        for pupil_id, row in names_of(connection, school, ids).items()
    }


_VIA = {"sms": "text", "email": "e-mail", ANSWER_PAGE: "answer page"}


def _said(reply: Document, length: int = 60) -> str:
    """A reply's beginning in quotation marks; a button pressed on the answer page may come without words."""
    quoted = f"“{first_words(reply['body'], length)}”"
    if reply["channel"] != ANSWER_PAGE:
        return quoted if reply["body"].strip() else "no words, perhaps a picture"
    return f"answered on the page: {quoted}" if reply["body"] else "answered on the page"


def _log_line(entry: Document, names: Mapping[str, str], day: date | None, school: str) -> list[Cell]:
    about = ", ".join(names.get(pupil, pupil) for pupil in entry["pupil_ids"])
    via = f"{_VIA.get(entry['channel'], entry['channel'])}, {entry['language'] or 'language unknown'}"
    if entry["kind"] == "reply":
        status = Text("! urgent" if entry["urgent"] else "← reply", "bold red" if entry["urgent"] else "cyan")
        words = f"{_said(entry)} ({entry['intent_words']})"
        return [clock(entry["received_at"], day), status, about, f"{address(entry['from'])}\n{via}", words]
    body = entry["body"] if entry["channel"] == "sms" else entry["subject"] or entry["body"]
    when = entry["sent_at"] or entry["created_at"]
    # every text begins with the school's name, which says nothing here
    words = first_words(body.removeprefix(f"{school}: "))
    return [clock(when, day), shown(entry["status"], STATUSES), about, f"{address(entry['to'])}\n{via}", words]


_CSV_COLUMNS = (
    "kind", "id", "time", "pupil_ids", "carer_id", "channel", "to", "from", "language", "template", "status", "reason",
    "segments", "cost_pence", "intent", "urgent", "suggested_code", "subject", "body",
)  # fmt: skip


def log_csv(entries: Iterable[Document]) -> str:
    """The log as CSV (UTF-8, CRLF), times in England; cells that a spreadsheet would run as formulas begin with an apostrophe."""
    from notifier.registers.refusals import neutralised

    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(_CSV_COLUMNS)
    for entry in entries:
        when = entry.get("received_at") or entry.get("sent_at") or entry.get("created_at")
        values = {**entry, "pupil_ids": "|".join(entry["pupil_ids"]), "time": _spreadsheet_time(when)}
        cells = ["" if values.get(name) is None else str(values.get(name)) for name in _CSV_COLUMNS]
        writer.writerow([cell if _NUMBER.fullmatch(cell) else neutralised(cell) for cell in cells])
    return written.getvalue()


_NUMBER = re.compile(r"[+-]?[0-9.]+")


def _spreadsheet_time(value: str | None) -> str:
    moment = instant(value)
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""


def follow_ups(key: SchoolKey, day: Day = None, as_json: AsJson = False) -> None:
    """Show the board: every unexplained absence being chased, those that need a person first, and what is held."""
    from notifier.services.views import board, hold_document, summary
    from notifier.store.runs import holds_of

    day = day or today()
    with application() as notifier, notifier.database.read() as connection:
        school = notifier.school(connection, key)
        items = board(connection, notifier, school, day)
        holds = [hold_document(row) for row in holds_of(connection, school.key, day, open_only=True)]
        counts = summary(connection, notifier, school, day, now=now())
    if as_json:
        print_json({"school": key, "date": day.isoformat(), "follow_ups": items, "holds": holds, "summary": counts})
        return
    say(f"{school.name} · {day:%A %d/%m/%Y}", "bold")
    if not counts["is_school_day"]:
        say(f"Not a school day: {counts['why_closed']}.")
    say(
        f"{counts['unexplained']} unexplained · {counts['contacted']} contacted · {counts['answered']} answered · "
        f"{counts['to_ring']} to ring · {counts['arrived']} arrived · {counts['explained']} explained"
    )
    say()
    rows(
        ["", "session", "group", "why", "what to do", "hold"],
        [
            ["‖ held", hold["session"], hold["scope"] or "all", hold["detail"], hold["next_step"], hold["id"]]
            for hold in holds
        ],
    )
    rows(["state", "pupil", "group", "since", "why", "what to do"], (_board_line(item, day) for item in items))
    if not items and not holds:
        say("Nobody is being chased.")
    if counts["unaccounted"]:
        warn(
            f"{counters(counts['unaccounted'])} not accounted for: see notifier accounted {key} --date {day.isoformat()}"
        )


def counters(number: int) -> str:
    """Unexplained absences, counted."""
    return counted(number, "unexplained absence is", "unexplained absences are")


def _telling(item: Document) -> list[Document]:
    """The answers that tell most: an urgent one, or a reason, stays in view though "thanks" or STOP came after it."""
    told: list[Document] = item["replies"]
    if item["state"] == "urgent":
        return [reply for reply in told if reply["urgent"]] or told
    return [reply for reply in told if PLANS[Intent(reply["intent"])].pauses] or told


def _board_line(item: Document, day: date) -> list[Cell]:
    newest = _telling(item)[-1:]
    why = f"{_said(newest[0], 40)} ({newest[0]['intent_words']})" if newest else item["reason_words"]
    if item["state"] == "closed":
        code = f", code {item['closed_code']}" if item["closed_code"] else ""
        why = f"{item['closed_reason']}{code}, by {item['closed_by']}"
    what = newest[0]["next_step"] if newest and item["state"] in ("urgent", "answered") else item["next_step_words"]
    return [
        shown(item["state"], STATES), f"{item['name']} ({item['pupil_id']})", f"{item['group']} {item['session']}",
        clock(item["opened_at"], day), why, what if item["state"] != "closed" else "",
    ]  # fmt: skip


def explain(
    key: SchoolKey,
    pupil: Pupil,
    day: Annotated[date, typer.Option("--date", parser=parse_day, metavar="DATE", help="The day, as 2026-11-23 or 23/11/2026.")],
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Tell the whole story of one pupil's day: marks, decisions, messages, receipts, replies, and who did what."""
    from notifier.services.explain import explain as explain_day

    with application() as notifier, notifier.database.read() as connection:
        school = notifier.school(connection, key)
        told = explain_day(connection, notifier, school, pupil, day)
    if not told["known"]:
        raise Refused(f"No pupil '{pupil}' is known at {school.name}.")
    if as_json:
        print_json(told)
        return
    say(f"{told['name']} ({pupil}), {told['group']} · {school.name} · {day:%A %d/%m/%Y}", "bold")
    marks = ", ".join(f"{session} {code or 'no mark'}" for session, code in told["marks"].items())
    say(f"Marks now: {marks or 'none came in'}")
    for made in told["decisions"]:
        say(f"{made['session']}: {made['outcome']} ({made['reason']}). {made['words']}")
    for item in told["follow_ups"]:
        say(
            Text.assemble(
                f"{item['session']} follow-up: ", shown(item["state"], STATES), f"  {item['next_step_words']}"
            )
        )
    say()
    say("What happened", "bold")
    if not told["story"]:
        say("  Nothing is on record.")
    for entry in told["story"]:
        say(Text.assemble((f"  {clock(entry['at'], day)}  ", "dim"), entry["what"]))
    if told["contacts"]:
        say()
        rows(
            ["contact", "", "priority", "language", "may be written to"],
            [
                [
                    contact["name"] or contact["carer_id"], contact["relationship"] or "", str(contact["priority"]),
                    contact["language"] or "en",
                    f"yes, by {' and '.join(contact['channels'])}" if contact["may_be_written_to"] else f"no: {contact['barrier']}",
                ]
                for contact in told["contacts"]
            ],
        )  # fmt: skip


def replies(
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="The school's key; none with --unmatched.", show_default=False)
    ] = None,
    day: AnyDay = None,
    unread: Annotated[bool, typer.Option("--unread", help="Only those nobody has dealt with.")] = False,
    unmatched: Annotated[
        bool,
        typer.Option(
            "--unmatched", help="Messages that belong to no school: from unknown numbers, or of several schools."
        ),
    ] = False,
    read_by: Annotated[
        str | None,
        typer.Option(
            "--read-by", metavar="NAME", help="With --unmatched: note that NAME has read and dealt with them."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what carers wrote, newest first, and what each may mean. A reply never changes a mark: a person confirms.

    With `--unmatched`, show what came in that belongs to no school; the column "to" says at which of your numbers.
    """
    from notifier.services.views import reply_document
    from notifier.store import replies as store

    if read_by and not unmatched:
        raise Refused("--read-by goes with --unmatched: a school's own answers are read by confirming a reason.")
    if unmatched == (key is not None):
        raise Refused(
            "Name a school, as in: notifier replies oakfield, or ask for those of none: notifier replies --unmatched"
        )
    since = at_local(day, time.min) if day else None
    until = at_local(day + timedelta(days=1), time.min) if day else None
    with application() as notifier, notifier.database.read() as connection:
        school = notifier.school(connection, key) if key is not None else None
        place = school.key if school else NO_SCHOOL
        found = store.listing(connection, place, since=since, until=until, unread_only=unread)
        documents = [{**reply_document(row), **({} if school else {"to": row.recipient})} for row in found]
        names = {} if as_json or not school else _names(connection, school.key, documents)
    if read_by:
        from notifier.services.schools import read_unmatched

        with application() as notifier:
            number = read_unmatched(notifier, by=read_by, now=now())
        if not as_json:
            say(f"{number} noted as read by {read_by}.")
    if as_json:
        print_json(documents)
        return
    if not documents:
        where = f"replies at {school.name}" if school else "messages that belong to no school"
        say(f"No {'unread ' if unread else ''}{where}{f' on {day:%d/%m/%Y}' if day else ''}.")
    rows(
        ["time", "about" if school else "to", "from", "says", "means", "what to do"],
        (_reply_line(item, names, day) for item in documents),
    )


def _reply_line(item: Document, names: Mapping[str, str], day: date | None) -> list[Cell]:
    about = ", ".join(names.get(pupil, pupil) for pupil in item["pupil_ids"]) or "nobody known"
    if "to" in item:
        about = address(item["to"])
    code = f" (perhaps {item['suggested_code']})" if item["suggested_code"] else ""
    means = Text(f"{'! ' if item['urgent'] else ''}{item['intent_words']}{code}", "bold red" if item["urgent"] else "")
    return [
        clock(item["received_at"], day), about, address(item["from"]), _said(item, 200), means, item["next_step"]
    ]  # fmt: skip


def accounted(key: SchoolKey, day: AnyDay = None, as_json: AsJson = False) -> None:
    """Ask the records whether every unexplained absence is contacted, held, withheld with a reason or on a person's list.

    Exit code 1 if anybody is not: ring their carers, and report it, for it must never happen.
    """
    from notifier.services.tick import unaccounted

    with application() as notifier:
        with notifier.database.read() as connection:
            school = notifier.school(connection, key)
        found = unaccounted(notifier, school.key, day)
    if as_json:
        print_json(
            {
                "school": key,
                "date": day.isoformat() if day else None,
                "unaccounted": [
                    {
                        "pupil_id": item.pupil_id,
                        "date": item.day.isoformat(),
                        "session": item.session,
                        "missing": item.missing,
                    }
                    for item in found
                ],
            }
        )
    elif found:
        rows(
            ["pupil", "date", "session", "what is missing"],
            [[item.pupil_id, item.day.isoformat(), item.session, item.missing] for item in found],
            title=f"✗ {counters(len(found))} not accounted for. Ring these carers now.",
        )
    else:
        say("✓ Every unexplained absence is accounted for.", "green")
    finish(ATTENTION if found else 0)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    panel = "Reading"
    app.command(
        rich_help_panel=panel,
        epilog="Examples:\n\nnotifier log oakfield --date 2026-11-23\n\nnotifier log oakfield --pupil 4711 --csv > log.csv",
    )(log)
    app.command("follow-ups", rich_help_panel=panel, epilog="Example:\n\nnotifier follow-ups oakfield")(follow_ups)
    app.command(rich_help_panel=panel, epilog="Example:\n\nnotifier explain oakfield 4711 --date 2026-11-23")(explain)
    app.command(
        rich_help_panel=panel, epilog="Examples:\n\nnotifier replies oakfield --unread\n\nnotifier replies --unmatched"
    )(replies)
    app.command(rich_help_panel=panel, epilog="Example:\n\nnotifier accounted oakfield --date 2026-11-23")(accounted)
