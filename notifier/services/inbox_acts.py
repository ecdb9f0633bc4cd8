"""What a person does with a conversation of the inbox: take it, give it to somebody, give it back, note it as dealt with.

Whoever acts says in which versions they saw it. Where anybody else was quicker, or another message came in between, nothing is done
and the words say who did what: two people never answer the same message unknowingly. Answering is in `services.answers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from notifier.domain.schools import School
from notifier.domain.sessions import local_time
from notifier.services import follow_up
from notifier.services.application import Application
from notifier.services.inbox import Conversation, conversation
from notifier.services.schools import NotAllowed
from notifier.store import inbox as store
from notifier.store import people, records

TAKEN_FOR: Final = timedelta(minutes=15)
"""How long a conversation stays with whoever took it; then it is free again."""

GIVEN_FOR: Final = timedelta(hours=1)
"""How long one stays with whom it was given to: nothing waits for somebody who is ill."""

LONGEST_NOTE: Final = 1000


class Changed(Exception):
    """Somebody was quicker, or another message came in between: nothing was done. The words say what happened."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One act of a person on a conversation: who, on what, as they had seen it, and when."""

    app: Application
    school_id: str
    reply_id: str
    by: str
    now: datetime
    seen: Mapping[str, int]


def take(turn: Turn, *, over: str = "") -> None:
    """Say that one deals with a conversation. `over` names whom it is knowingly taken from. Raises Changed, NoSuchReply."""
    _hold(turn, by=turn.by, until=turn.now + TAKEN_FOR, given_by=None, act="reply.take", over=over)


def give(turn: Turn, to: str, *, over: str = "") -> None:
    """Give a conversation to somebody. Raises Changed, NoSuchReply."""
    _hold(turn, by=to, until=turn.now + GIVEN_FOR, given_by=turn.by, act="reply.give", over=over)


def release(turn: Turn) -> None:
    """Give it back, so that anybody may take it. Raises Changed, NoSuchReply."""
    _hold(turn, by="", until=None, given_by=None, act="reply.release", over=turn.by)


def _hold(turn: Turn, *, by: str, until: datetime | None, given_by: str | None, act: str, over: str) -> None:
    with turn.app.database.begin() as connection:
        school, found = opened(connection, turn)
        changed = store.take(
            connection, school.key, turn.seen, by=by, until=until, given_by=given_by, now=turn.now, over=over or None
        )
        if changed != len(turn.seen):
            raise Changed(who_was_quicker(found, turn))
        _audit(connection, turn, school, act, found, {"to": by} if given_by else {})


def mark_read(turn: Turn, *, note: str = "", outcome: str = "read") -> None:
    """Note that a conversation is dealt with. Raises Changed, NoSuchReply, NotAllowed.

    The children's follow-ups stay as they are: only a confirmed reason or a changed mark closes them.
    """
    note = checked_note(note)
    with turn.app.database.begin() as connection:
        school, found = opened(connection, turn)
        if outcome == "stranger" and not found.stranger:
            raise NotAllowed("This is no stranger: somebody has said whose number it is. Load the page again.")
        if outcome == "wrong_number" and not found.wrong:
            raise NotAllowed(
                "Nobody wrote that this is a wrong number. On the follow-up’s page, log a call: wrong number."
            )
        settle(connection, turn, school, found, outcome=outcome, note=note)


def settle(
    connection: Connection, turn: Turn, school: School, found: Conversation, *, outcome: str, note: str = ""
) -> None:
    """Note what came of a conversation, beside its follow-ups and on record. Raises Changed."""
    changed = store.settle(
        connection, school.key, turn.seen, by=turn.by, at=turn.now, outcome=outcome, note=note or None
    )
    if changed != len(turn.seen):
        raise Changed(who_was_quicker(found, turn))
    for chased in found.follow_ups:
        said = f"reply dealt with: {outcome}" + (f" – {note}" if note else "")
        follow_up.note(connection, school, chased.follow_up_id, turn.now, "note", turn.by, said)
    _audit(connection, turn, school, f"reply.{outcome}", found, {"note": bool(note)})


def opened(connection: Connection, turn: Turn) -> tuple[School, Conversation]:
    """The conversation as it is now, with its school locked to the end of the transaction. Raises NoSuchReply and Changed."""
    school = turn.app.school(connection, turn.school_id)
    people.lock_school(connection, school.key)
    found = conversation(connection, school, turn.reply_id, now=turn.now)
    if found.versions != dict(turn.seen):
        raise Changed(who_was_quicker(found, turn))
    return school, found


def who_was_quicker(found: Conversation, turn: Turn) -> str:
    """What happened since the page was read, in words."""
    fresh = [row for row in found.replies if row.reply_id not in turn.seen]
    if fresh:
        at = local_time(fresh[-1].received_at)
        return f"Another message came at {at:%H:%M}. Nothing was done: read it first."
    holder, until = found.holder, found.held_until
    if holder and holder != turn.by and until is not None:
        given = f", given by {found.given_by}" if found.given_by else ""
        return f"{holder} has this now, until {local_time(until):%H:%M}{given}. Nothing was done."
    return "This conversation changed since you opened the page. Nothing was done: look at it as it is now."


def checked_note(note: str) -> str:
    """A note as it is kept. Raises NotAllowed where it is too long."""
    note = note.strip()
    if len(note) > LONGEST_NOTE:
        raise NotAllowed(f"A note may have {LONGEST_NOTE} characters; this one has {len(note)}.")
    return note


def _audit(
    connection: Connection, turn: Turn, school: School, act: str, found: Conversation, detail: Mapping[str, Any]
) -> None:
    records.add_audit(
        connection, school.key, at=turn.now, actor=turn.by, act=act, subject=turn.reply_id,
        detail={
            "replies": sorted(turn.seen), "pupils": [child.pupil_id for child in found.children],
            "carer": found.carer.carer_id if found.carer else None, **detail,
        },
    )  # fmt: skip
