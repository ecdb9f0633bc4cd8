"""Proposals, and what the rules that make them read of a school: marks, replies, first-day messages, follow-ups, opt-outs.

One query for each subject and school, whatever the number of pupils. `services.proposals` decides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, or_, select, update

from notifier.domain.messages import MessageStatus
from notifier.store.database import Row, in_chunks, insert_missing
from notifier.store.tables import (
    current_marks,
    follow_ups,
    message_pupils,
    messages,
    opt_outs,
    proposals,
    replies,
)

PROPOSED, HELD_BACK, SENT, EXPIRED = "proposed", "held_back", "sent", "expired"
"""The states of a proposal; it leaves `proposed` once and for all."""

_NEVER_LEFT = (MessageStatus.CANCELLED.value, MessageStatus.WITHHELD.value, MessageStatus.EXPIRED.value)


def add(connection: Connection, rows: Sequence[Row]) -> int:
    """Write proposals; those of the same pupil, situation and period are there already and stay. Returns how many are new."""
    return insert_missing(connection, proposals, rows)


def listing(
    connection: Connection, school_id: str, *, state: str | None = None, pupil_id: str | None = None
) -> list[Any]:
    """A school's proposals, newest first."""
    query = select(proposals).where(proposals.c.school_id == school_id)
    if state is not None:
        query = query.where(proposals.c.state == state)
    if pupil_id is not None:
        query = query.where(proposals.c.pupil_id == pupil_id)
    return list(
        connection.execute(query.order_by(proposals.c.made_at.desc(), proposals.c.situation, proposals.c.pupil_id))
    )


def get(connection: Connection, school_id: str, proposal_id: str) -> Any | None:
    """One proposal."""
    return connection.execute(
        select(proposals).where(proposals.c.school_id == school_id, proposals.c.proposal_id == proposal_id)
    ).first()


def standing(connection: Connection, school_id: str, since: date) -> list[Any]:
    """Proposals made since a day, whatever became of them, and older ones that are still open."""
    return list(
        connection.execute(
            select(
                proposals.c.proposal_id, proposals.c.pupil_id, proposals.c.situation, proposals.c.period, proposals.c.family,
                proposals.c.state, proposals.c.day, proposals.c.decided_at,
            ).where(proposals.c.school_id == school_id, or_(proposals.c.day >= since, proposals.c.state == PROPOSED))
        )
    )  # fmt: skip


def decide(
    connection: Connection, school_id: str, proposal_id: str, state: str, *, by: str, at: datetime, reason: str | None
) -> bool:
    """Move an open proposal to a state; False where somebody else has decided already."""
    result = connection.execute(
        update(proposals)
        .where(
            proposals.c.school_id == school_id, proposals.c.proposal_id == proposal_id, proposals.c.state == PROPOSED
        )
        .values(state=state, decided_at=at, decided_by=by, decision_reason=reason)
    )
    return result.rowcount == 1


def note_messages(connection: Connection, school_id: str, proposal_id: str, message_ids: Sequence[str]) -> None:
    """Keep which messages a proposal became."""
    connection.execute(
        update(proposals)
        .where(proposals.c.school_id == school_id, proposals.c.proposal_id == proposal_id)
        .values(message_ids=list(message_ids))
    )


def expire(connection: Connection, school_id: str, today: date, at: datetime) -> list[str]:
    """Close open proposals whose last day is over; returns their ids."""
    rows = connection.execute(
        update(proposals)
        .where(
            proposals.c.school_id == school_id, proposals.c.state == PROPOSED, proposals.c.expires_on < today
        )
        .values(state=EXPIRED, decided_at=at, decided_by="service", decision_reason="its days were over")
        .returning(proposals.c.proposal_id)
    )  # fmt: skip
    return sorted(row.proposal_id for row in rows)


def marks_between(
    connection: Connection, school_id: str, first: date, last: date, pupil_ids: Collection[str] | None = None
) -> list[Any]:
    """The newest marks of some days, as (pupil_id, day, session, code)."""
    query = select(current_marks.c.pupil_id, current_marks.c.day, current_marks.c.session, current_marks.c.code).where(
        current_marks.c.school_id == school_id, current_marks.c.day >= first, current_marks.c.day <= last
    )
    if pupil_ids is not None:
        query = query.where(current_marks.c.pupil_id.in_(sorted(pupil_ids)))
    return list(connection.execute(query))


def replies_since(connection: Connection, school_id: str, since: datetime, until: datetime) -> list[Any]:
    """Replies of some days, oldest first: whom they are about, what they say, and what was read off them."""
    columns = (
        replies.c.reply_id, replies.c.carer_id, replies.c.pupil_ids, replies.c.received_at, replies.c.intent,
        replies.c.urgent, replies.c.facts,
    )  # fmt: skip
    return list(
        connection.execute(
            select(*columns)
            .where(
                replies.c.school_id == school_id, replies.c.received_at >= since, replies.c.received_at <= until,
                or_(replies.c.urgent, replies.c.intent.in_(["illness", "refusal", "bereavement"])),
            )
            .order_by(replies.c.received_at)
        )
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OfTheDay:
    """A message to a carer today: about whom, to whom, of which purpose, in which template. `step` is the proposal's id."""

    message_id: str
    pupil_id: str | None
    carer_id: str | None
    address: str
    purpose: str
    template: str
    step: str


def messages_of(connection: Connection, school_id: str, day: date, purposes: Sequence[str]) -> list[OfTheDay]:
    """The day's messages of some purposes that left or may yet leave, once for each pupil they name."""
    rows = connection.execute(
        select(
            messages.c.message_id, message_pupils.c.pupil_id, messages.c.carer_id, messages.c.to_address, messages.c.purpose,
            messages.c.template, messages.c.step,
        )
        .outerjoin(
            message_pupils,
            and_(
                message_pupils.c.school_id == messages.c.school_id, message_pupils.c.message_id == messages.c.message_id
            ),
        )
        .where(
            messages.c.school_id == school_id, messages.c.day == day, messages.c.purpose.in_(list(purposes)),
            messages.c.status.not_in(_NEVER_LEFT),
        )
    )  # fmt: skip
    return [OfTheDay(*row) for row in rows]


def followed_up(connection: Connection, school_id: str, since: date, today: date) -> set[str]:
    """Pupils with a follow-up that is open."""
    rows = connection.execute(
        select(follow_ups.c.pupil_id).where(
            follow_ups.c.school_id == school_id,
            follow_ups.c.day >= since,
            follow_ups.c.day <= today,
            follow_ups.c.closed_at.is_(None),
        )
    )
    return {row.pupil_id for row in rows}


def stopped_since(connection: Connection, school_id: str, since: datetime) -> list[Any]:
    """Opt-outs that stand and were made since then, as (channel, address, made_at)."""
    return list(
        connection.execute(
            select(opt_outs.c.channel, opt_outs.c.address, opt_outs.c.made_at).where(
                opt_outs.c.school_id == school_id, opt_outs.c.ended_at.is_(None), opt_outs.c.made_at >= since
            )
        )
    )


def messages_by_id(connection: Connection, school_id: str, ids: Sequence[str]) -> dict[str, Any]:
    """What became of messages, as (message_id, channel, carer_id, status, reason), by id."""
    found: dict[str, Any] = {}
    for chunk in in_chunks(list(ids)):
        for row in connection.execute(
            select(
                messages.c.message_id, messages.c.channel, messages.c.carer_id, messages.c.status, messages.c.reason
            ).where(messages.c.school_id == school_id, messages.c.message_id.in_(chunk))
        ):
            found[row.message_id] = row
    return found
