"""What stands in the way of a message: opt-outs, faulty addresses, suppressions, absences reported ahead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, or_, select, update

from notifier.domain.choosing import Blocks
from notifier.store.database import Row, insert_rows, upsert
from notifier.store.tables import address_faults, opt_outs, reported_absences, suppressions


def load_blocks(connection: Connection, school_id: str, day: date) -> Blocks:
    """Everything that stands in the way of a school's messages on a day."""
    opted = connection.execute(
        select(opt_outs.c.channel, opt_outs.c.address).where(
            opt_outs.c.school_id == school_id, opt_outs.c.ended_at.is_(None)
        )
    )
    faulty = connection.execute(
        select(address_faults.c.channel, address_faults.c.address).where(
            address_faults.c.school_id == school_id, address_faults.c.cleared_at.is_(None)
        )
    )
    silenced = connection.execute(
        select(suppressions.c.pupil_id, suppressions.c.carer_id).where(
            suppressions.c.school_id == school_id,
            suppressions.c.lifted_at.is_(None),
            suppressions.c.starts_on <= day,
            or_(suppressions.c.ends_on.is_(None), suppressions.c.ends_on >= day),
        )
    )
    return Blocks(
        opted_out=frozenset((row.channel, row.address) for row in opted),
        faulty=frozenset((row.channel, row.address) for row in faulty),
        suppressed=frozenset((row.pupil_id, row.carer_id) for row in silenced),
    )


def opt_out(connection: Connection, school_id: str, channel: str, address: str, *, source: str, at: datetime) -> bool:
    """Record that an address wants no more messages; False where that stands already."""
    known = connection.execute(
        select(opt_outs.c.opt_out_id).where(
            opt_outs.c.school_id == school_id,
            opt_outs.c.channel == channel,
            opt_outs.c.address == address,
            opt_outs.c.ended_at.is_(None),
        )
    ).first()
    if known:
        return False
    row = {
        "school_id": school_id,
        "opt_out_id": str(uuid4()),
        "channel": channel,
        "address": address,
        "source": source,
        "made_at": at,
    }
    insert_rows(connection, opt_outs, [row])
    return True


def opt_in(connection: Connection, school_id: str, channel: str, address: str, *, at: datetime) -> bool:
    """End an opt-out; False where there was none."""
    result = connection.execute(
        update(opt_outs)
        .where(
            opt_outs.c.school_id == school_id,
            opt_outs.c.channel == channel,
            opt_outs.c.address == address,
            opt_outs.c.ended_at.is_(None),
        )
        .values(ended_at=at)
    )
    return result.rowcount > 0


def note_fault(
    connection: Connection, school_id: str, channel: str, address: str, *, reason: str, detail: str, at: datetime
) -> None:
    """Record that an address must not be used until it is corrected."""
    row = {
        "school_id": school_id,
        "channel": channel,
        "address": address,
        "reason": reason,
        "detail": detail,
        "found_at": at,
        "cleared_at": None,
    }
    upsert(connection, address_faults, [row], update=("reason", "detail", "found_at", "cleared_at"))


def faults(connection: Connection, school_id: str) -> list[Any]:
    """A school's faulty addresses."""
    return list(
        connection.execute(
            select(address_faults).where(address_faults.c.school_id == school_id, address_faults.c.cleared_at.is_(None))
        )
    )


def add_suppression(connection: Connection, row: Row) -> None:
    """Switch automatic messages off for a pupil, a carer or their link."""
    insert_rows(connection, suppressions, [row])


def add_report(connection: Connection, row: Row) -> None:
    """Record an absence the family told the school about."""
    insert_rows(connection, reported_absences, [row])


def reported(
    connection: Connection, school_id: str, day: date, session: str, pupil_ids: Iterable[str] | None = None
) -> dict[str, Any]:
    """Reports that cover a session, by pupil."""
    wanted = None if pupil_ids is None else set(pupil_ids)
    rows = connection.execute(
        select(reported_absences).where(
            reported_absences.c.school_id == school_id,
            reported_absences.c.first_day <= day,
            reported_absences.c.last_day >= day,
            reported_absences.c.withdrawn_at.is_(None),
        )
    )
    return {
        row.pupil_id: row
        for row in rows
        if session in row.sessions.split("|") and (wanted is None or row.pupil_id in wanted)
    }
