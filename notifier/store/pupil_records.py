"""What was recorded about one pupil between two days, each row with where it came from: for the evidence pack."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, select

from notifier.store.tables import carers, contacts, decisions, follow_ups, imports, marks, reported_absences


def marks_between(connection: Connection, school_id: str, pupil_id: str, first: date, last: date) -> list[Any]:
    """Every mark as it came in, with `source` and `by` of the intake that brought it."""
    query = (
        select(*marks.c, imports.c.source, imports.c.by, imports.c.kind)
        .outerjoin(imports, and_(imports.c.school_id == marks.c.school_id, imports.c.import_id == marks.c.import_id))
        .where(marks.c.school_id == school_id, marks.c.pupil_id == pupil_id, marks.c.day >= first, marks.c.day <= last)
    )
    return list(connection.execute(query.order_by(marks.c.received_at, marks.c.row)))


def decisions_between(connection: Connection, school_id: str, pupil_id: str, first: date, last: date) -> list[Any]:
    """Every decision, each time the conclusion changed."""
    of = decisions.c
    query = select(decisions).where(of.school_id == school_id, of.pupil_id == pupil_id, of.day >= first, of.day <= last)
    return list(connection.execute(query.order_by(of.decided_at, of.ordinal)))


def follow_ups_between(connection: Connection, school_id: str, pupil_id: str, first: date, last: date) -> list[Any]:
    """The follow-ups of the pupil's absences."""
    of = follow_ups.c
    query = select(follow_ups).where(
        of.school_id == school_id, of.pupil_id == pupil_id, of.day >= first, of.day <= last
    )
    return list(connection.execute(query.order_by(of.day, of.session)))


def reported_between(connection: Connection, school_id: str, pupil_id: str, first: date, last: date) -> list[Any]:
    """Absences that were told ahead and touch the days."""
    of = reported_absences.c
    query = select(reported_absences).where(
        of.school_id == school_id, of.pupil_id == pupil_id, of.first_day <= last, of.last_day >= first
    )
    return list(connection.execute(query.order_by(of.made_at)))


def contacts_of(connection: Connection, school_id: str, pupil_id: str) -> list[Any]:
    """The pupil's contacts as they are now, with the carers' names."""
    query = (
        select(*contacts.c, carers.c.name, carers.c.language)
        .join(carers, and_(carers.c.school_id == contacts.c.school_id, carers.c.carer_id == contacts.c.carer_id))
        .where(contacts.c.school_id == school_id, contacts.c.pupil_id == pupil_id)
    )
    return list(connection.execute(query.order_by(contacts.c.priority, contacts.c.carer_id)))
