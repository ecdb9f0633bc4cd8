"""Marks as received, the newest of each, and the intakes that brought them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, desc, func, select, update

from notifier.store.database import Row, in_chunks, insert_rows, listed, upsert
from notifier.store.tables import current_marks, imports, marks, pupils


@dataclass(frozen=True, slots=True)
class CurrentMark:
    """The newest mark of a pupil in a session. `code` is empty where a newer file took the mark away again."""

    pupil_id: str
    day: date
    session: str
    code: str
    minutes_late: int | None
    taken_at: datetime | None
    changed_at: datetime
    seen_at: datetime


def current_marks_of(
    connection: Connection, school_id: str, days: Iterable[date]
) -> dict[tuple[date, str, str], CurrentMark]:
    """The newest marks of some days, by (day, session, pupil)."""
    found = {}
    rows = connection.execute(
        select(current_marks).where(current_marks.c.school_id == school_id, current_marks.c.day.in_(sorted(set(days))))
    )
    for row in rows:
        found[(row.day, row.session, row.pupil_id)] = _mark(row)
    return found


def session_marks(
    connection: Connection, school_id: str, day: date, session: str, *, pupil_ids: Sequence[str] | None = None
) -> dict[str, CurrentMark]:
    """The newest marks of one session, by pupil."""
    query = select(current_marks).where(*_of_session(school_id, day, session))
    if pupil_ids is not None:
        query = query.where(current_marks.c.pupil_id.in_(listed(connection, sorted(set(pupil_ids)))))
    return {row.pupil_id: _mark(row) for row in connection.execute(query).all()}


class SessionMark(NamedTuple):
    """What a run reads of a mark: its code, and when it was last confirmed."""

    code: str
    seen_at: datetime


def session_codes(connection: Connection, school_id: str, day: date, session: str) -> dict[str, SessionMark]:
    """The newest marks of one session, by pupil, with no more of each than a run needs."""
    columns = (current_marks.c.pupil_id, current_marks.c.code, current_marks.c.seen_at)
    rows = connection.execute(select(*columns).where(*_of_session(school_id, day, session)))
    return {pupil_id: SessionMark(code, seen_at) for pupil_id, code, seen_at in rows.all()}


def _of_session(school_id: str, day: date, session: str) -> tuple[ColumnElement[bool], ...]:
    found = current_marks.c
    return found.school_id == school_id, found.day == day, found.session == session


def _mark(row: Any) -> CurrentMark:
    return CurrentMark(
        row.pupil_id, row.day, row.session, row.code, row.minutes_late, row.taken_at, row.changed_at, row.seen_at
    )


def latest_import(connection: Connection, school_id: str, kind: str, digest: str | None = None) -> Any | None:
    """The newest intake that was taken in, of a kind, with that content where a digest is given."""
    query = select(imports).where(
        imports.c.school_id == school_id, imports.c.kind == kind, imports.c.outcome == "taken_in"
    )
    if digest is not None:
        query = query.where(imports.c.digest == digest)
    return connection.execute(query.order_by(desc(imports.c.received_at), desc(imports.c.import_id)).limit(1)).first()


def newest_row_after(connection: Connection, school_id: str, import_id: str) -> bool:
    """Whether marks of a later intake have since replaced some of this intake's marks."""
    statement = (
        select(current_marks.c.pupil_id)
        .join(
            marks,
            and_(
                marks.c.school_id == current_marks.c.school_id,
                marks.c.pupil_id == current_marks.c.pupil_id,
                marks.c.day == current_marks.c.day,
                marks.c.session == current_marks.c.session,
            ),
        )
        .where(marks.c.school_id == school_id, marks.c.import_id == import_id, current_marks.c.code != marks.c.code)
        .limit(1)
    )
    return connection.execute(statement).first() is not None


def save_import(connection: Connection, row: Row) -> None:
    """Record an intake."""
    insert_rows(connection, imports, [row])


def save_marks(connection: Connection, *, received: Sequence[Row], changed: Sequence[Row]) -> None:
    """Keep every mark received, and make the changed ones current."""
    insert_rows(connection, marks, received)
    upsert(connection, current_marks, changed, update=("code", "minutes_late", "taken_at", "changed_at", "seen_at"))


def confirm_marks(
    connection: Connection, school_id: str, import_id: str, sessions: Iterable[tuple[date, str]], at: datetime
) -> None:
    """Note that an intake confirmed marks that stand: their register is as fresh as the intake."""
    for day, session in sessions:
        named = select(marks.c.pupil_id).where(
            marks.c.school_id == school_id,
            marks.c.import_id == import_id,
            marks.c.day == day,
            marks.c.session == session,
        )
        connection.execute(
            update(current_marks)
            .where(
                current_marks.c.school_id == school_id,
                current_marks.c.day == day,
                current_marks.c.session == session,
                current_marks.c.pupil_id.in_(named),
                current_marks.c.seen_at < at,
            )
            .values(seen_at=at)
        )


def sessions_of_import(connection: Connection, school_id: str, import_id: str) -> list[tuple[date, str]]:
    """The days and sessions an intake had marks for."""
    rows = connection.execute(
        select(marks.c.day, marks.c.session)
        .where(marks.c.school_id == school_id, marks.c.import_id == import_id)
        .distinct()
    )
    return [(row.day, row.session) for row in rows]


def last_change(connection: Connection, school_id: str, day: date, session: str) -> datetime | None:
    """When a mark of this session last came in or was confirmed; None where there is none."""
    return connection.execute(
        select(func.max(current_marks.c.seen_at)).where(
            current_marks.c.school_id == school_id, current_marks.c.day == day, current_marks.c.session == session
        )
    ).scalar_one_or_none()


def history(connection: Connection, school_id: str, pupil_id: str, day: date) -> list[Any]:
    """Every mark ever received for a pupil and day, oldest first."""
    return list(
        connection.execute(
            select(marks)
            .where(marks.c.school_id == school_id, marks.c.pupil_id == pupil_id, marks.c.day == day)
            .order_by(marks.c.received_at, marks.c.import_id, marks.c.row)
        )
    )


def recent_imports(connection: Connection, school_id: str, limit: int = 20) -> list[Any]:
    """The newest intakes of a school."""
    return list(
        connection.execute(
            select(imports).where(imports.c.school_id == school_id).order_by(desc(imports.c.received_at)).limit(limit)
        )
    )


def pupils_off_roll(connection: Connection, school_id: str, pupil_ids: Iterable[str]) -> set[str]:
    """Those of the ids that the school knows and has taken off roll."""
    found: set[str] = set()
    for chunk in in_chunks(sorted(set(pupil_ids)), 1000):
        rows = connection.execute(
            select(pupils.c.pupil_id).where(
                pupils.c.school_id == school_id, pupils.c.pupil_id.in_(chunk), ~pupils.c.on_roll
            )
        )
        found.update(row.pupil_id for row in rows)
    return found


def unknown_pupils(connection: Connection, school_id: str, pupil_ids: Iterable[str]) -> set[str]:
    """Those of the ids that the school has never had on roll."""
    wanted = set(pupil_ids)
    query = select(pupils.c.pupil_id).where(
        pupils.c.school_id == school_id, pupils.c.pupil_id.in_(listed(connection, sorted(wanted)))
    )
    return wanted.difference(connection.execute(query).scalars())
