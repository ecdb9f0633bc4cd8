"""What stands in the way of a message: opt-outs, faulty addresses, suppressions, absences reported ahead."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, and_, desc, or_, select, update

from notifier.domain.choosing import Blocks
from notifier.store.database import Row, insert_rows, upsert
from notifier.store.tables import address_faults, contact_blocks, opt_outs, reported_absences, suppressions


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
    forbidden = connection.execute(
        select(contact_blocks.c.pupil_id, contact_blocks.c.carer_id).where(
            contact_blocks.c.school_id == school_id, contact_blocks.c.ended_at.is_(None)
        )
    )
    return Blocks(
        opted_out=frozenset((row.channel, row.address) for row in opted),
        faulty=frozenset((row.channel, row.address) for row in faulty),
        suppressed=frozenset((row.pupil_id, row.carer_id) for row in silenced),
        forbidden=frozenset((row.pupil_id, row.carer_id) for row in forbidden),
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


def fault(connection: Connection, school_id: str, channel: str, address: str) -> Any | None:
    """What stands against an address; None where nothing does, or it was cleared."""
    query = select(address_faults).where(
        address_faults.c.school_id == school_id,
        address_faults.c.channel == channel,
        address_faults.c.address == address,
        address_faults.c.cleared_at.is_(None),
    )
    return connection.execute(query).first()


def faults_of(connection: Connection, school_id: str, addresses: Iterable[str]) -> dict[tuple[str, str], Any]:
    """What stands against the given addresses, by channel and address."""
    query = select(address_faults).where(
        address_faults.c.school_id == school_id,
        address_faults.c.address.in_(sorted(addresses)),
        address_faults.c.cleared_at.is_(None),
    )
    return {(row.channel, row.address): row for row in connection.execute(query)}


def clear_fault(
    connection: Connection, school_id: str, channel: str, address: str, *, found_at: datetime, at: datetime
) -> bool:
    """Let an address be used again; False where the fault that was found at that time stands no longer."""
    result = connection.execute(
        update(address_faults)
        .where(
            address_faults.c.school_id == school_id,
            address_faults.c.channel == channel,
            address_faults.c.address == address,
            address_faults.c.found_at == found_at,
            address_faults.c.cleared_at.is_(None),
        )
        .values(cleared_at=at)
    )
    return result.rowcount == 1


def add_suppression(connection: Connection, row: Row) -> None:
    """Switch automatic messages off for a pupil, a carer or their link."""
    insert_rows(connection, suppressions, [row])


def suppression(connection: Connection, school_id: str, suppression_id: str) -> Any | None:
    """One row of what was switched off, in force or not."""
    query = select(suppressions).where(
        suppressions.c.school_id == school_id, suppressions.c.suppression_id == suppression_id
    )
    return connection.execute(query).first()


def suppressions_of(
    connection: Connection, school_id: str, pupil_id: str, carer_ids: Iterable[str], day: date
) -> list[Any]:
    """What is switched off on a day for a pupil, or for the given carers whoever the child is."""
    rows = connection.execute(
        select(suppressions)
        .where(
            suppressions.c.school_id == school_id,
            suppressions.c.lifted_at.is_(None),
            suppressions.c.starts_on <= day,
            or_(suppressions.c.ends_on.is_(None), suppressions.c.ends_on >= day),
            or_(
                suppressions.c.pupil_id == pupil_id,
                and_(suppressions.c.pupil_id.is_(None), suppressions.c.carer_id.in_(sorted(carer_ids))),
            ),
        )
        .order_by(suppressions.c.made_at)
    )
    return list(rows)


def lift_suppression(
    connection: Connection, school_id: str, suppression_id: str, *, by: str, at: datetime
) -> Any | None:
    """Switch automatic messages on again; the row, or None where it was not in force."""
    return connection.execute(
        update(suppressions)
        .where(
            suppressions.c.school_id == school_id,
            suppressions.c.suppression_id == suppression_id,
            suppressions.c.lifted_at.is_(None),
        )
        .values(lifted_at=at, lifted_by=by)
        .returning(*suppressions.c)
    ).first()


def add_contact_block(connection: Connection, row: Row) -> None:
    """Forbid contact with a carer about a pupil."""
    insert_rows(connection, contact_blocks, [row])


def contact_block(connection: Connection, school_id: str, block_id: str) -> Any | None:
    """One block, standing or ended."""
    query = select(contact_blocks).where(contact_blocks.c.school_id == school_id, contact_blocks.c.block_id == block_id)
    return connection.execute(query).first()


def contact_blocks_standing(connection: Connection, school_id: str, pupil_id: str | None = None) -> list[Any]:
    """Blocks that hold, oldest first; of one pupil where one is named."""
    query = select(contact_blocks).where(contact_blocks.c.school_id == school_id, contact_blocks.c.ended_at.is_(None))
    if pupil_id is not None:
        query = query.where(contact_blocks.c.pupil_id == pupil_id)
    return list(connection.execute(query.order_by(contact_blocks.c.made_at)))


def contact_blocks_of(connection: Connection, school_id: str, carer_id: str) -> list[Any]:
    """Blocks that hold against a carer."""
    return [row for row in contact_blocks_standing(connection, school_id) if row.carer_id == carer_id]


def change_contact_block(connection: Connection, school_id: str, block_id: str, *, unless: str, **values: Any) -> bool:
    """Change a standing block whose column `unless` is still empty; False where somebody was quicker."""
    result = connection.execute(
        update(contact_blocks)
        .where(
            contact_blocks.c.school_id == school_id,
            contact_blocks.c.block_id == block_id,
            contact_blocks.c.ended_at.is_(None),
            contact_blocks.c[unless].is_(None),
        )
        .values(**values)
    )
    return result.rowcount == 1


def reports_made(connection: Connection, school_id: str, day: date) -> list[Any]:
    """Absences reported to the school that cover a day, the newest first."""
    rows = connection.execute(
        select(reported_absences)
        .where(
            reported_absences.c.school_id == school_id,
            reported_absences.c.first_day <= day,
            reported_absences.c.last_day >= day,
            reported_absences.c.withdrawn_at.is_(None),
        )
        .order_by(desc(reported_absences.c.made_at))
    )
    return list(rows)


def add_report(connection: Connection, row: Row) -> None:
    """Record an absence the family told the school about."""
    insert_rows(connection, reported_absences, [row])


def report(connection: Connection, school_id: str, report_id: str) -> Any | None:
    """One absence that was told ahead, also where it was taken back."""
    query = select(reported_absences).where(
        reported_absences.c.school_id == school_id, reported_absences.c.report_id == report_id
    )
    return connection.execute(query).first()


def reports_standing(connection: Connection, school_id: str, pupil_id: str, since: date) -> list[Any]:
    """What was told ahead about a pupil for a day, or for days after it; the first days first."""
    query = select(reported_absences).where(
        reported_absences.c.school_id == school_id,
        reported_absences.c.pupil_id == pupil_id,
        reported_absences.c.last_day >= since,
        reported_absences.c.withdrawn_at.is_(None),
    )
    return list(connection.execute(query.order_by(reported_absences.c.first_day, reported_absences.c.made_at)))


def withdraw_report(connection: Connection, school_id: str, report_id: str, *, at: datetime) -> bool:
    """Take an absence that was told ahead back; False where it was taken back before."""
    result = connection.execute(
        update(reported_absences)
        .where(
            reported_absences.c.school_id == school_id,
            reported_absences.c.report_id == report_id,
            reported_absences.c.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=at)
    )
    return result.rowcount == 1


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
