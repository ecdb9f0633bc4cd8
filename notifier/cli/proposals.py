"""`notifier proposals`: messages outside first-day contact, as a list for staff to look through, hold back by name, and send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.text import Text

from notifier.cli.console import (
    ATTENTION,
    STATUSES,
    AsJson,
    Cell,
    SchoolKey,
    counted,
    finish,
    print_json,
    rows,
    say,
    warn,
)
from notifier.cli.failures import Refused
from notifier.cli.moment import At, now
from notifier.cli.opening import application, who
from notifier.domain.messages import MessageStatus
from notifier.domain.situations import AUTOMATIC, FACTS, Situation, in_words

app = typer.Typer(
    help="Messages outside first-day contact: make the list, look through it, hold back, send.", no_args_is_help=True
)

STATES = {
    "proposed": ("? proposed", "cyan"),
    "held_back": ("‖ held back", "yellow"),
    "sent": ("→ sent", "green"),
    "expired": ("– expired", "dim"),
}
"""How each state of a proposal is shown."""

By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; kept with the record.")]


def _situation(typed: str | None) -> Situation | None:
    if typed is None:
        return None
    known = [each.value for each in Situation if each not in AUTOMATIC]
    if typed not in known:
        raise Refused(f"'{typed}' is not a situation that is proposed. Known are: {', '.join(known)}.")
    return Situation(typed)


@app.command(
    epilog="Examples:\n\nnotifier proposals make oakfield\n\nnotifier proposals make oakfield --situation clubs --pupil 4711 --dry-run"
)
def make(
    key: SchoolKey,
    at: At = None,
    situation: Annotated[
        str | None,
        typer.Option("--situation", metavar="SITUATION", help="Only this situation, such as clubs or days_missed."),
    ] = None,
    pupil: Annotated[
        list[str] | None, typer.Option("--pupil", metavar="ID", help="Only these pupils; may be given several times.")
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="Who makes the list; the login name unless given.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the list; write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Work out today's list: which families might get which message, and why. Nothing is sent.

    Situations such as clubs or start_of_term come only when they are named with `--situation`.
    """
    from notifier.services.proposals import make as make_list

    wanted = _situation(situation)
    with application() as notifier:
        made = make_list(
            notifier, key, now=at or now(), by=by or who(), situation=wanted, pupil_ids=pupil, dry_run=dry_run
        )
    if as_json:
        print_json(
            {
                "school": key,
                "date": made.day.isoformat(),
                "dry_run": dry_run,
                "proposals": made.proposed,
                "left_out": dict(sorted(made.left_out.items())),
                "expired": made.expired,
            }
        )
        return
    _table(made.proposed)
    word = "would be proposed" if dry_run else "proposed"
    say(f"{counted(len(made.proposed), 'message')} {word} for {made.day:%d/%m/%Y}; nothing was sent.")
    for fact, number in sorted(made.left_out.items()):
        say(
            f"  left out: {counted(number, 'pupil')}: {FACTS[fact].means if fact in FACTS else _OTHERS.get(fact, fact)}"
        )
    if made.expired:
        say(f"  {counted(made.expired, 'older proposal')} closed: nobody sent them in time.")
    if made.proposed and not dry_run:
        say(f"Hold back by name: notifier proposals hold {key} PUPIL --reason … --by …", "dim")
        say(f"Send the rest:     notifier proposals send {key} --all --by …", "dim")


_OTHERS = {
    "nobody_to_write_to": "no contact may be written to by a channel the message has",
    "value_not_known": "a number or date that the message tells is not known",
}


@app.command("list", epilog="Example:\n\nnotifier proposals list oakfield --state proposed")
def list_proposals(
    key: SchoolKey,
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="STATE", help=f"Only this state: {', '.join(STATES)}."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show proposals, newest first, with what became of their messages."""
    from notifier.services.proposals import listing

    if state is not None and state not in STATES:
        raise Refused(f"'{state}' is not a state. Known are: {', '.join(STATES)}.")
    with application() as notifier:
        found = listing(notifier, key, state=state)
    if as_json:
        print_json(found)
        return
    if not found:
        say(f"No {state.replace('_', ' ') + ' ' if state else ''}proposals at {key}.")
    _table(found)


def _table(found: list[dict[str, Any]]) -> None:
    rows(["proposal", "state", "pupil", "group", "message", "why", "until"], (_line(item) for item in found))


def _line(item: Mapping[str, Any]) -> list[Cell]:
    words, style = STATES.get(item["state"], (item["state"], ""))
    why = item["why"] or ""
    asked = [trial for trial in item["facts"] if trial["fact"] in FACTS and trial["fact"] not in ("asked",)]
    numbers = [
        f"{FACTS[trial['fact']].means}: {in_words(trial['found'])}" for trial in asked if trial["wanted"] != "no"
    ]
    if item["state"] == "held_back":
        why = f"held back by {item['decided_by']}: {item['decision_reason']}"
        numbers = []
    for message in item["messages"]:
        status = STATUSES.get(MessageStatus(message["status"]), (message["status"], ""))[0]
        numbers.append(f"{'text' if message['channel'] == 'sms' else 'e-mail'} to {message['carer_id']}: {status}")
    why = f"{why} ({'; '.join(numbers)})" if numbers else why
    name = f"{item['name'] or 'unknown'} ({item['pupil_id']})"
    return [item["id"], Text(words, style), name, item["group"] or "", item["template"], why, item["expires_on"]]


@app.command(
    epilog='Example:\n\nnotifier proposals hold oakfield 4711 --reason "grandfather died last week" --by "A. Officer"'
)
def hold(
    key: SchoolKey,
    which: Annotated[
        str, typer.Argument(metavar="PROPOSAL|PUPIL", help="A proposal's id, or a pupil's: all of theirs.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the record.")],
    by: By,
    at: At = None,
) -> None:
    """Hold back a proposal, or all of one pupil. It does not come again in the same period."""
    from notifier.services.proposals import hold_back

    with application() as notifier:
        held = hold_back(notifier, key, which, reason=reason, by=by, now=at or now())
    say(f"‖ {counted(len(held), 'proposal')} held back by {by}: {', '.join(held)}.", "yellow")


@app.command(
    epilog='Examples:\n\nnotifier proposals send oakfield 3f0c1a22b7 --by "A. Officer"\n\nnotifier proposals send oakfield --all --by "A. Officer"'
)
def send(
    key: SchoolKey,
    by: By,
    which: Annotated[
        list[str] | None, typer.Argument(metavar="[PROPOSAL]...", help="The proposals to send.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every open proposal.")] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Send proposals: their messages are queued, looked at again, and leave like all others. Exit code 1 if any is refused.

    Only on school days, from the morning's first contact until the evening (`send_until` in config/choosing.toml).
    """
    from notifier.services.send_proposals import send as send_list

    if bool(which) == everything:
        raise Refused("Name the proposals to send, or give --all for every open one.")
    with application() as notifier:
        result = send_list(notifier, key, None if everything else which, by=by, now=at or now())
    if as_json:
        print_json({"school": key, "sent": result.sent, "refused": result.refused})
    else:
        messages = sum(len(item["message_ids"]) for item in result.sent)
        say(f"→ {counted(len(result.sent), 'proposal')} sent by {by}: {counted(messages, 'message')} queued.", "green")
        for item in result.refused:
            warn(f"{item['id']} (pupil {item['pupil_id']}) was not sent. {item['why']}")
    finish(ATTENTION if result.refused else 0)
