"""Who looked at which pupil's story: noted at every look, and sealed into the school's audit chain within minutes.

A page that shows a pupil's messages, answers or day calls `note` before it is shown; if the look cannot be noted, nothing is shown. The
tick seals (`seal_due`), also when nobody looks any more; sealing at once would make every page wait for the chain, and for a run that holds
the school.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from notifier.services.application import Application
from notifier.store import looks, people, records

WHAT: Final = {
    "follow_up": "looked at a follow-up",
    "message": "read a message",
    "reply": "read an answer",
    "pupil": "looked at a pupil's day",
    "inbox": "read an answer in the inbox",
    "evidence": "opened the evidence page of a pupil",
    "log": "searched the log for a pupil",
}
"""What is looked at, with the words for people."""

ONCE_IN: Final = timedelta(minutes=10)
"""A page that refreshes itself is one look."""

SEALED_AFTER: Final = timedelta(minutes=5)
"""The tick seals looks that are older; a minute later none of them can be taken out without a trace."""

SEALED_AT_LATEST: Final = timedelta(hours=1)
"""Without a tick, whoever looks next seals looks that are older."""

SEALS: Final = "looks.sealed"
"""The act of the audit entry that holds the hash of looks."""


def note(
    app: Application, school_id: str, *, actor: str, what: str, subject: str, pupil_ids: Iterable[str], now: datetime
) -> None:
    """Note that somebody looked at something about pupils. `what` is a key of WHAT."""
    assert what in WHAT, what
    since = now - timedelta(seconds=now.timestamp() % ONCE_IN.total_seconds())
    rows = [
        {"school_id": school_id, "pupil_id": pupil_id, "actor": actor, "what": what, "subject": subject, "at": now,
         "since": since.replace(microsecond=0)}
        for pupil_id in sorted(set(pupil_ids))
    ]  # fmt: skip
    if not rows:
        return
    with app.database.begin() as connection:
        looks.add(connection, rows)
        oldest = looks.oldest_unsealed(connection, school_id)
        if oldest is not None and now - oldest >= SEALED_AT_LATEST:
            seal(connection, school_id, now=now)


def seal_due(app: Application, school_id: str, *, now: datetime) -> int:
    """Seal a school's looks where the oldest has waited long enough; returns how many there were. Cheap where there are none."""
    with app.database.read() as connection:
        oldest = looks.oldest_unsealed(connection, school_id)
    if oldest is None or now - oldest < SEALED_AFTER:
        return 0
    with app.database.begin() as connection:
        return seal(connection, school_id, now=now)


def seal(connection: Connection, school_id: str, *, now: datetime) -> int:
    """Put the hash of all looks that are not covered yet into the audit chain; returns how many there were."""
    people.lock_school(connection, school_id)
    records.lock_chain(connection, school_id)
    rows = looks.unsealed(connection, school_id)
    if not rows:
        return 0
    entry = looks.next_entry(connection, school_id)
    records.add_audit(
        connection, school_id, at=now, actor="service", act=SEALS, subject=f"{rows[0].number}-{rows[-1].number}",
        detail={"looks": len(rows), "digest": looks.digest(rows)},
    )  # fmt: skip
    looks.seal(connection, school_id, [row.number for row in rows], entry=entry)
    return len(rows)
