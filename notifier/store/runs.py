"""Runs, holds and decisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, desc, func, or_, select, update

from notifier.store.database import Row, in_chunks, insert_missing, insert_rows
from notifier.store.tables import decisions, holds, runs

FIRST_CONTACT = "first_contact"


def claim_run(connection: Connection, school_id: str, day: date, session: str, *, by: str, at: datetime) -> bool:
    """Begin a run; False where it has begun already, here or elsewhere."""
    row = {
        "school_id": school_id,
        "day": day,
        "session": session,
        "kind": FIRST_CONTACT,
        "by": by,
        "started_at": at,
        "passes": 0,
        "counts": {},
    }
    return insert_missing(connection, runs, [row]) == 1


def run_of(connection: Connection, school_id: str, day: date, session: str) -> Any | None:
    """The run of a session; None before it began."""
    return connection.execute(
        select(runs).where(
            runs.c.school_id == school_id, runs.c.day == day, runs.c.session == session, runs.c.kind == FIRST_CONTACT
        )
    ).first()


def note_pass(connection: Connection, school_id: str, day: date, session: str, *, at: datetime, counts: Row) -> None:
    """Record that a pass was made."""
    connection.execute(
        update(runs)
        .where(
            runs.c.school_id == school_id, runs.c.day == day, runs.c.session == session, runs.c.kind == FIRST_CONTACT
        )
        .values(last_pass_at=at, passes=runs.c.passes + 1, counts=dict(counts))
    )


def note_reported(connection: Connection, school_id: str, day: date, session: str, at: datetime) -> bool:
    """Record that the run's report went to staff; False where it had gone already."""
    result = connection.execute(
        update(runs)
        .where(
            runs.c.school_id == school_id,
            runs.c.day == day,
            runs.c.session == session,
            runs.c.kind == FIRST_CONTACT,
            runs.c.reported_at.is_(None),
        )
        .values(reported_at=at)
    )
    return result.rowcount == 1


def current_decisions(
    connection: Connection, school_id: str, day: date, session: str | None = None
) -> dict[tuple[str, str], Any]:
    """The decisions that stand, by (session, pupil)."""
    query = select(decisions).where(decisions.c.school_id == school_id, decisions.c.day == day, decisions.c.current)
    if session is not None:
        query = query.where(decisions.c.session == session)
    return {(row.session, row.pupil_id): row for row in connection.execute(query)}


def save_decisions(connection: Connection, rows: Sequence[Row]) -> None:
    """Add decisions; each replaces the pupil's standing one, which stays as history."""
    if not rows:
        return
    first = rows[0]
    replaced = [row["pupil_id"] for row in rows if row["ordinal"] > 1]
    for chunk in in_chunks(replaced):
        connection.execute(
            update(decisions)
            .where(
                decisions.c.school_id == first["school_id"],
                decisions.c.day == first["day"],
                decisions.c.session == first["session"],
                decisions.c.pupil_id.in_(chunk),
            )
            .values(current=False)
        )
    insert_rows(connection, decisions, rows)


def retire_decisions(connection: Connection, school_id: str, day: date, session: str, pupil_ids: Sequence[str]) -> None:
    """Withdraw standing decisions of pupils who are present after all: their decision follows from the mark."""
    for chunk in in_chunks(list(pupil_ids)):
        connection.execute(
            update(decisions)
            .where(
                decisions.c.school_id == school_id,
                decisions.c.day == day,
                decisions.c.session == session,
                decisions.c.pupil_id.in_(chunk),
                decisions.c.current,
            )
            .values(current=False)
        )


def decision_history(connection: Connection, school_id: str, pupil_id: str, day: date) -> list[Any]:
    """Everything ever decided about a pupil on a day, oldest first."""
    return list(
        connection.execute(
            select(decisions)
            .where(decisions.c.school_id == school_id, decisions.c.pupil_id == pupil_id, decisions.c.day == day)
            .order_by(decisions.c.decided_at, decisions.c.session, decisions.c.ordinal)
        )
    )


def last_ordinals(connection: Connection, school_id: str, day: date, session: str) -> dict[str, int]:
    """How many decisions each pupil has had in a session."""
    rows = connection.execute(
        select(decisions.c.pupil_id, func.max(decisions.c.ordinal).label("last"))
        .where(decisions.c.school_id == school_id, decisions.c.day == day, decisions.c.session == session)
        .group_by(decisions.c.pupil_id)
    )
    return {row.pupil_id: row.last for row in rows}


def holds_of(connection: Connection, school_id: str, day: date, *, open_only: bool = False) -> list[Any]:
    """A day's holds, oldest first."""
    query = select(holds).where(holds.c.school_id == school_id, holds.c.day == day)
    if open_only:
        query = query.where(holds.c.released_at.is_(None))
    return list(connection.execute(query.order_by(holds.c.made_at, holds.c.hold_id)))


def add_hold(connection: Connection, row: Row) -> bool:
    """Make a hold; False where the same one stands."""
    return insert_missing(connection, holds, [row]) == 1


def get_hold(connection: Connection, school_id: str, hold_id: str) -> Any | None:
    """One hold, open or released."""
    return connection.execute(select(holds).where(holds.c.school_id == school_id, holds.c.hold_id == hold_id)).first()


def release_hold(connection: Connection, school_id: str, hold_id: str, *, by: str, at: datetime) -> bool:
    """Release a hold; False where it is not open."""
    result = connection.execute(
        update(holds)
        .where(holds.c.school_id == school_id, holds.c.hold_id == hold_id, holds.c.released_at.is_(None))
        .values(released_at=at, released_by=by)
    )
    return result.rowcount == 1


def find_holds(connection: Connection, school_id: str, text: str) -> list[Any]:
    """Open holds whose kind or scope is the given text; where there are none, those whose id begins with it.

    A group's name goes first: an id is random and may begin with "4b".
    """
    for named in (or_(holds.c.kind == text, holds.c.scope == text), holds.c.hold_id.startswith(text, autoescape=True)):
        found = connection.execute(
            select(holds).where(holds.c.school_id == school_id, holds.c.released_at.is_(None), named)
        ).all()
        if found:
            return list(found)
    return []


def stopped_channels(connection: Connection, day: date) -> list[Any]:
    """Open holds of the kinds that stop sending rather than deciding."""
    return list(
        connection.execute(
            select(holds).where(
                holds.c.released_at.is_(None), holds.c.kind.in_(("configuration", "spend_cap")), holds.c.day == day
            )
        )
    )


def runs_of_day(connection: Connection, school_id: str, day: date) -> list[Any]:
    """A day's runs."""
    return list(
        connection.execute(
            select(runs).where(runs.c.school_id == school_id, runs.c.day == day).order_by(desc(runs.c.session))
        )
    )
