"""What a claimed batch is looked at against before it leaves, for all its schools in a handful of queries.

A batch takes the oldest messages of every school, so a query for each school would cost more than all the rest of the hand-over.
Whose message may leave is decided in `services.look_again`; this module only reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, and_, func, select

from notifier.domain.choosing import Blocks
from notifier.domain.messages import MAY_HAVE_LEFT, MessageStatus
from notifier.store.database import pairs
from notifier.store.tables import (
    address_faults,
    contact_blocks,
    current_marks,
    follow_ups,
    message_pupils,
    messages,
    opt_outs,
    schools,
    suppressions,
)


@dataclass(frozen=True, slots=True)
class NamedPupil:
    """A pupil whom a message names. `code` is the mark of the message's session as it stands now; None where there is none."""

    pupil_id: str
    follow_up_id: str | None
    code: str | None
    closed: bool
    answered: bool


def named_pupils(connection: Connection, batch: Sequence[tuple[str, str]]) -> dict[str, list[NamedPupil]]:
    """The pupils that messages name, with what is known of them now, by message. `batch` holds (school, message id)."""
    if not batch:
        return {}
    wanted = pairs(connection, batch)
    query = (
        select(
            message_pupils.c.message_id,
            message_pupils.c.pupil_id,
            message_pupils.c.follow_up_id,
            current_marks.c.code,
            follow_ups.c.closed_at.is_not(None),
            follow_ups.c.answered_at.is_not(None),
        )
        .select_from(wanted)
        .join(messages, and_(messages.c.school_id == wanted.c.school_id, messages.c.message_id == wanted.c.key))
        .join(
            message_pupils,
            and_(
                message_pupils.c.school_id == messages.c.school_id, message_pupils.c.message_id == messages.c.message_id
            ),
        )
        .outerjoin(
            current_marks,
            and_(
                current_marks.c.school_id == messages.c.school_id,
                current_marks.c.day == messages.c.day,
                current_marks.c.session == messages.c.session,
                current_marks.c.pupil_id == message_pupils.c.pupil_id,
            ),
        )
        .outerjoin(
            follow_ups,
            and_(
                follow_ups.c.school_id == message_pupils.c.school_id,
                follow_ups.c.follow_up_id == message_pupils.c.follow_up_id,
            ),
        )
    )
    found: dict[str, list[NamedPupil]] = {}
    for message_id, pupil_id, follow_up_id, code, closed, answered in connection.execute(query).all():
        named = NamedPupil(pupil_id, follow_up_id, code, bool(closed), bool(answered))
        found.setdefault(message_id, []).append(named)
    return found


def blocks_of(connection: Connection, days: Mapping[str, date]) -> dict[str, Blocks]:
    """What stands in the way of messages, by school; `days` gives the day on which each school is looked at."""
    ids = sorted(days)
    opted: dict[str, set[tuple[str, str]]] = {key: set() for key in ids}
    faulty: dict[str, set[tuple[str, str]]] = {key: set() for key in ids}
    silenced: dict[str, set[tuple[str | None, str | None]]] = {key: set() for key in ids}
    for school_id, channel, address in connection.execute(
        select(opt_outs.c.school_id, opt_outs.c.channel, opt_outs.c.address).where(
            opt_outs.c.school_id.in_(ids), opt_outs.c.ended_at.is_(None)
        )
    ):
        opted[school_id].add((channel, address))
    for school_id, channel, address in connection.execute(
        select(address_faults.c.school_id, address_faults.c.channel, address_faults.c.address).where(
            address_faults.c.school_id.in_(ids), address_faults.c.cleared_at.is_(None)
        )
    ):
        faulty[school_id].add((channel, address))
    for row in connection.execute(
        select(
            suppressions.c.school_id,
            suppressions.c.pupil_id,
            suppressions.c.carer_id,
            suppressions.c.starts_on,
            suppressions.c.ends_on,
        ).where(suppressions.c.school_id.in_(ids), suppressions.c.lifted_at.is_(None))
    ):
        if row.starts_on <= days[row.school_id] and (row.ends_on is None or row.ends_on >= days[row.school_id]):
            silenced[row.school_id].add((row.pupil_id, row.carer_id))
    forbidden: dict[str, set[tuple[str, str]]] = {key: set() for key in ids}
    for school_id, pupil_id, carer_id in connection.execute(
        select(contact_blocks.c.school_id, contact_blocks.c.pupil_id, contact_blocks.c.carer_id).where(
            contact_blocks.c.school_id.in_(ids), contact_blocks.c.ended_at.is_(None)
        )
    ):
        forbidden[school_id].add((pupil_id, carer_id))
    return {
        key: Blocks(frozenset(opted[key]), frozenset(faulty[key]), frozenset(silenced[key]), frozenset(forbidden[key]))
        for key in ids
    }


def spent_by_school(connection: Connection, school_ids: Iterable[str], day: date) -> dict[str, float]:
    """Pence that schools' texts of a day have cost, may have cost, or are about to cost in a hand-over under way."""
    states = sorted(MAY_HAVE_LEFT | {MessageStatus.UNDELIVERED})
    rows = connection.execute(
        select(messages.c.school_id, func.sum(messages.c.cost_pence))
        .where(messages.c.school_id.in_(sorted(school_ids)), messages.c.day == day, messages.c.status.in_(states))
        .group_by(messages.c.school_id)
    )
    return {school_id: float(total or 0.0) for school_id, total in rows}


def changed_schools(connection: Connection, school_ids: Iterable[str]) -> dict[str, datetime]:
    """When each school's file was last changed, for whoever keeps the school from one batch to the next."""
    rows = connection.execute(
        select(schools.c.school_id, schools.c.changed_at).where(schools.c.school_id.in_(sorted(school_ids)))
    )
    return {row.school_id: row.changed_at for row in rows}
