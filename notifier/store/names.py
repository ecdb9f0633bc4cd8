"""Names and addresses of a school's pupils and carers, for finding them by what somebody types, on roll or not; and names of staff."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select

from notifier.store.database import in_chunks
from notifier.store.tables import carers, pupils, staff_users


def pupil_names(connection: Connection, school_id: str) -> list[Any]:
    """Every pupil's id and names."""
    of = pupils.c
    query = select(of.pupil_id, of.given_name, of.preferred_name, of.family_name, of.registration_group)
    return list(connection.execute(query.where(of.school_id == school_id).order_by(of.family_name, of.given_name)))


def carer_names(connection: Connection, school_id: str) -> list[Any]:
    """Every carer's id, name, numbers and e-mail address."""
    of = carers.c
    query = select(of.carer_id, of.name, of.mobile, of.landline, of.email).where(of.school_id == school_id)
    return list(connection.execute(query.order_by(of.name, of.carer_id)))


def carers_by_id(connection: Connection, school_id: str, carer_ids: Iterable[str]) -> dict[str, str]:
    """Carers' names by id; those that have none are left out."""
    found: dict[str, str] = {}
    for chunk in in_chunks(sorted(set(carer_ids))):
        rows = connection.execute(
            select(carers.c.carer_id, carers.c.name).where(
                carers.c.school_id == school_id, carers.c.carer_id.in_(chunk)
            )
        )
        found.update((row.carer_id, row.name) for row in rows if row.name)
    return found


def staff_by_email(connection: Connection, emails: Iterable[str]) -> dict[str, str]:
    """Names of staff by the e-mail address under which they sign in; those that have none are left out."""
    found: dict[str, str] = {}
    for chunk in in_chunks(sorted(set(emails))):
        rows = connection.execute(select(staff_users.c.email, staff_users.c.name).where(staff_users.c.email.in_(chunk)))
        found.update((row.email, row.name) for row in rows if row.name)
    return found
