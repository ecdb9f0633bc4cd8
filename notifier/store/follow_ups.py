"""Follow-ups and their timelines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, desc, or_, select, update

from notifier.store.database import Row, in_chunks, insert_missing, insert_rows, listed
from notifier.store.tables import follow_up_events, follow_ups


def open_missing(connection: Connection, rows: Sequence[Row]) -> None:
    """Open follow-ups that do not exist yet."""
    insert_missing(connection, follow_ups, rows)


def of_day(connection: Connection, school_id: str, day: date, *, open_only: bool = False) -> list[Any]:
    """A day's follow-ups, oldest first."""
    query = select(follow_ups).where(follow_ups.c.school_id == school_id, follow_ups.c.day == day)
    if open_only:
        query = query.where(follow_ups.c.closed_at.is_(None))
    return list(connection.execute(query.order_by(follow_ups.c.opened_at, follow_ups.c.pupil_id)))


def days_not_handed_over(connection: Connection, school_id: str, first: date, before: date) -> list[date]:
    """Past days, oldest first, with follow-ups that are open, were never handed over, and are not on the call list either."""
    query = select(follow_ups.c.day).where(
        follow_ups.c.school_id == school_id,
        follow_ups.c.day >= first,
        follow_ups.c.day < before,
        follow_ups.c.closed_at.is_(None),
        follow_ups.c.handed_over_at.is_(None),
        follow_ups.c.call_list_at.is_(None),
    )
    return list(connection.execute(query.distinct().order_by(follow_ups.c.day)).scalars())


def get(connection: Connection, school_id: str, follow_up_id: str) -> Any | None:
    """One follow-up."""
    return connection.execute(
        select(follow_ups).where(follow_ups.c.school_id == school_id, follow_ups.c.follow_up_id == follow_up_id)
    ).first()


def by_ids(connection: Connection, school_id: str, ids: Sequence[str]) -> list[Any]:
    """Several follow-ups."""
    if not ids:
        return []
    named = follow_ups.c.follow_up_id.in_(listed(connection, list(ids)))
    return list(connection.execute(select(follow_ups).where(follow_ups.c.school_id == school_id, named)))


def of_pupils(
    connection: Connection, school_id: str, pupil_ids: Sequence[str], *, since: date, open_only: bool = False
) -> list[Any]:
    """Follow-ups of some pupils from a day on, newest first."""
    found: list[Any] = []
    for chunk in in_chunks(list(pupil_ids)):
        query = select(follow_ups).where(
            follow_ups.c.school_id == school_id, follow_ups.c.pupil_id.in_(chunk), follow_ups.c.day >= since
        )
        if open_only:
            query = query.where(follow_ups.c.closed_at.is_(None))
        found.extend(connection.execute(query.order_by(desc(follow_ups.c.opened_at))))
    return found


def due(connection: Connection, school_id: str, day: date, now: datetime) -> list[Any]:
    """Open follow-ups of a day with a step, or an unconfirmed answer, that is due."""
    return list(
        connection.execute(
            select(follow_ups)
            .where(
                follow_ups.c.school_id == school_id,
                follow_ups.c.day == day,
                follow_ups.c.closed_at.is_(None),
                or_(follow_ups.c.next_step_at <= now, follow_ups.c.answer_due_at <= now),
            )
            .order_by(follow_ups.c.opened_at, follow_ups.c.pupil_id)
        )
    )


def change(connection: Connection, school_id: str, ids: Sequence[str], **values: Any) -> int:
    """Change follow-ups that are open; returns how many were."""
    changed = 0
    for chunk in in_chunks(list(ids)):
        changed += connection.execute(
            update(follow_ups)
            .where(
                follow_ups.c.school_id == school_id,
                follow_ups.c.follow_up_id.in_(chunk),
                follow_ups.c.closed_at.is_(None),
            )
            .values(version=follow_ups.c.version + 1, **values)
        ).rowcount
    return changed


def put_on_call_list(connection: Connection, school_id: str, follow_up_id: str, *, reason: str, at: datetime) -> bool:
    """Put an open follow-up on the call list; False where it is on it already or closed."""
    result = connection.execute(
        update(follow_ups)
        .where(
            follow_ups.c.school_id == school_id,
            follow_ups.c.follow_up_id == follow_up_id,
            follow_ups.c.closed_at.is_(None),
            follow_ups.c.call_list_at.is_(None),
        )
        .values(call_list_at=at, call_reason=reason, version=follow_ups.c.version + 1)
    )
    return result.rowcount == 1


def reopen(connection: Connection, school_id: str, follow_up_id: str, *, reason: str, at: datetime) -> None:
    """Open a closed follow-up again, on the call list: a person looks before anybody is written to."""
    connection.execute(
        update(follow_ups)
        .where(follow_ups.c.school_id == school_id, follow_ups.c.follow_up_id == follow_up_id)
        .values(
            closed_at=None,
            closed_by=None,
            closed_reason=None,
            closed_code=None,
            call_list_at=at,
            call_reason=reason,
            next_step_at=None,
            answer_due_at=None,
            handed_over_at=None,
            version=follow_ups.c.version + 1,
        )
    )


def event_row(
    school_id: str, follow_up_id: str, *, at: datetime, kind: str, actor: str, detail: str = ""
) -> dict[str, Any]:
    """An entry of the timeline."""
    return {
        "school_id": school_id,
        "event_id": str(uuid4()),
        "follow_up_id": follow_up_id,
        "at": at,
        "kind": kind,
        "actor": actor,
        "detail": detail,
    }


def add_events(connection: Connection, rows: Sequence[Row]) -> None:
    """Add entries to timelines."""
    insert_rows(connection, follow_up_events, rows)


def add_event_once(connection: Connection, row: Row) -> bool:
    """Add an entry to a timeline; False where one of its id is there already."""
    return insert_missing(connection, follow_up_events, [row]) == 1


def timeline(connection: Connection, school_id: str, ids: Sequence[str]) -> list[Any]:
    """The entries of some follow-ups, oldest first."""
    found: list[Any] = []
    for chunk in in_chunks(list(ids)):
        found.extend(
            connection.execute(
                select(follow_up_events)
                .where(follow_up_events.c.school_id == school_id, follow_up_events.c.follow_up_id.in_(chunk))
                .order_by(follow_up_events.c.at)
            )
        )
    return sorted(found, key=lambda row: row.at)
