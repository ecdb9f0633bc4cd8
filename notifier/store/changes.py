"""How much has changed at a school today, as two figures from the tables: for pages that say so and ask again.

The number only grows while a day lasts; the newest change also shows what it does not count, such as a receipt. Everything is
asked for all watched schools at once, by the indexes of their day.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, case, func, select

from notifier.store.tables import follow_ups, holds, messages, replies, staff_sessions


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page has seen of a school's day: how many changes there were, and when the newest of its messages changed.

    `urgent` is how many urgent answers have come in, whether or not somebody has read them: it only grows.
    """

    changes: int = 0
    newest: datetime | None = None
    urgent: int = 0

    @property
    def newest_text(self) -> str:
        """The newest change as ISO 8601; empty for none."""
        return self.newest.isoformat() if self.newest else ""


def seen(connection: Connection, school_ids: Collection[str], day: date, *, midnight: datetime) -> dict[str, Seen]:
    """The figures of each school; `midnight` is the instant at which the local day began."""
    counts = dict.fromkeys(school_ids, 0)
    newest: dict[str, datetime] = {}
    urgent: dict[str, int] = {}
    for query in (
        select(follow_ups.c.school_id, func.sum(follow_ups.c.version))
        .where(follow_ups.c.school_id.in_(school_ids), follow_ups.c.day == day)
        .group_by(follow_ups.c.school_id),
        select(holds.c.school_id, func.count() + func.count(holds.c.released_at))
        .where(holds.c.school_id.in_(school_ids), holds.c.day == day)
        .group_by(holds.c.school_id),
    ):
        for school_id, number in connection.execute(query):
            counts[school_id] += int(number or 0)
    heard = (
        select(
            replies.c.school_id,
            func.count() + func.count(replies.c.read_at) + func.sum(replies.c.version),
            func.sum(case((replies.c.urgent, 1), else_=0)),
        )
        .where(replies.c.school_id.in_(school_ids), replies.c.received_at >= midnight)
        .group_by(replies.c.school_id)
    )
    for school_id, number, worrying in connection.execute(heard):
        counts[school_id] += int(number or 0)
        urgent[school_id] = int(worrying or 0)
    moved = (
        select(messages.c.school_id, func.max(messages.c.changed_at))
        .where(messages.c.school_id.in_(school_ids), messages.c.day == day)
        .group_by(messages.c.school_id)
    )
    for school_id, at in connection.execute(moved):
        newest[school_id] = at
    return {
        school_id: Seen(number, newest.get(school_id), urgent.get(school_id, 0)) for school_id, number in counts.items()
    }


def open_sessions(
    connection: Connection, session_hashes: Collection[str], *, now: datetime, used_since: datetime
) -> set[str]:
    """Those of the sessions that have neither ended nor run out, and whose person did something since."""
    columns = staff_sessions.c
    query = select(columns.session_hash).where(
        columns.session_hash.in_(session_hashes),
        columns.ended_at.is_(None),
        columns.expires_at > now,
        columns.seen_at > used_since,
    )
    return set(connection.scalars(query))
