"""The inbox's own queries: replies nobody has read, who deals with them, and what came of it.

Every act is a conditional UPDATE on the version that somebody saw, so that of two people who act at once the second changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, desc, func, or_, select, update

from notifier.store import message_log
from notifier.store.database import in_chunks, insert_missing
from notifier.store.tables import (
    carers,
    contacts,
    follow_ups,
    messages,
    pupils,
    replies,
    reply_follow_ups,
    reply_pupils,
)

MOST_SHOWN = 500
"""Unread replies a page shows at the most; the oldest come first, so that none is forgotten."""


def unread(connection: Connection, school_id: str, *, limit: int = MOST_SHOWN) -> list[Any]:
    """A school's replies that nobody has read, oldest first."""
    query = (
        select(replies)
        .where(replies.c.school_id == school_id, replies.c.read_at.is_(None))
        .order_by(replies.c.received_at, replies.c.reply_id)
        .limit(limit)
    )
    return list(connection.execute(query))


def count_unread(connection: Connection, school_id: str) -> int:
    """How many replies nobody has read."""
    query = select(func.count()).select_from(replies)
    return int(
        connection.execute(query.where(replies.c.school_id == school_id, replies.c.read_at.is_(None))).scalar_one()
    )


def reply(connection: Connection, school_id: str, reply_id: str) -> Any | None:
    """One reply of a school."""
    return connection.execute(
        select(replies).where(replies.c.school_id == school_id, replies.c.reply_id == reply_id)
    ).first()


def from_sender(connection: Connection, school_id: str, sender: str, *, since: datetime) -> list[Any]:
    """What an address has sent to a school since then, oldest first; what nobody has read is among it however old it is."""
    query = select(replies).where(
        replies.c.school_id == school_id,
        replies.c.sender == sender,
        or_(replies.c.received_at >= since, replies.c.read_at.is_(None)),
    )
    return list(connection.execute(query.order_by(replies.c.received_at, replies.c.reply_id)))


def sent_to(connection: Connection, school_id: str, address: str, *, since: datetime) -> list[Any]:
    """A school's messages to an address since then, oldest first."""
    query = select(messages).where(
        messages.c.to_address == address,
        messages.c.created_at >= since,
        messages.c.school_id == school_id,
        messages.c.audience == "carer",
    )
    return list(connection.execute(query.order_by(messages.c.created_at, messages.c.message_id)))


def follow_ups_of(connection: Connection, school_id: str, reply_ids: Collection[str]) -> dict[str, list[Any]]:
    """The follow-ups that replies were laid beside, by reply, newest first."""
    found: dict[str, list[Any]] = {}
    for chunk in in_chunks(sorted(reply_ids)):
        query = (
            select(reply_follow_ups.c.reply_id, *follow_ups.c)
            .join(
                follow_ups,
                (follow_ups.c.school_id == reply_follow_ups.c.school_id)
                & (follow_ups.c.follow_up_id == reply_follow_ups.c.follow_up_id),
            )
            .where(reply_follow_ups.c.school_id == school_id, reply_follow_ups.c.reply_id.in_(chunk))
            .order_by(desc(follow_ups.c.opened_at))
        )
        for row in connection.execute(query):
            found.setdefault(row.reply_id, []).append(row)
    return found


def take(
    connection: Connection,
    school_id: str,
    versions: Mapping[str, int],
    *,
    by: str,
    until: datetime | None,
    given_by: str | None,
    now: datetime,
    over: str | None = None,
) -> int:
    """Note who deals with replies, until when; `by` empty gives them back. Returns how many changed.

    Only replies in the version that was seen, unread, and free, run out, this person's own, or held by `over`, whom somebody takes
    them from knowingly.
    """
    holders = [holder for holder in (by, over, given_by) if holder]
    free = or_(replies.c.taken_by.is_(None), replies.c.taken_until <= now, replies.c.taken_by.in_(holders))
    changed = _change(
        connection, school_id, versions, replies.c.read_at.is_(None), free, taken_by=by or None,
        taken_until=until if by else None, given_by=given_by if by else None,
    )  # fmt: skip
    return len(changed)


def settle(
    connection: Connection,
    school_id: str,
    versions: Mapping[str, int],
    *,
    by: str,
    at: datetime,
    outcome: str,
    note: str | None = None,
) -> int:
    """Note that replies are dealt with; only those still in the version seen, unread, and not held by somebody else."""
    free = or_(replies.c.taken_by.is_(None), replies.c.taken_by == by, replies.c.taken_until <= at)
    changed = _change(
        connection, school_id, versions, replies.c.read_at.is_(None), free, read_at=at, read_by=by, outcome=outcome, note=note,
        taken_by=None, taken_until=None, given_by=None,
    )  # fmt: skip
    return len(changed)


def _change(
    connection: Connection, school_id: str, versions: Mapping[str, int], *only: ColumnElement[bool], **values: Any
) -> list[str]:
    """Change replies that are still in the version that was seen and for which `only` holds; returns which were."""
    changed = []
    for reply_id, version in versions.items():
        statement = (
            update(replies)
            .where(
                replies.c.school_id == school_id, replies.c.reply_id == reply_id, replies.c.version == version, *only
            )
            .values(**values, version=replies.c.version + 1)
        )
        if connection.execute(statement).rowcount:
            changed.append(reply_id)
    return changed


def link(
    connection: Connection,
    school_id: str,
    versions: Mapping[str, int],
    *,
    carer_id: str,
    pupil_ids: Sequence[str],
    follow_up_ids: Sequence[str],
) -> int:
    """Say whose replies they are, and lay them beside follow-ups; only those still nobody's and in the version seen."""
    changed = _change(
        connection, school_id, versions, replies.c.carer_id.is_(None), carer_id=carer_id, pupil_ids=list(pupil_ids),
        follow_up_id=follow_up_ids[0] if follow_up_ids else None,
    )  # fmt: skip
    for reply_id in changed:
        message_log.laid_to(connection, school_id, reply_id, carer_id)
        place = {"school_id": school_id, "reply_id": reply_id}
        insert_missing(connection, reply_follow_ups, [{**place, "follow_up_id": key} for key in follow_up_ids])
        insert_missing(connection, reply_pupils, [{**place, "pupil_id": key} for key in pupil_ids])
    return len(changed)


def find_contacts(
    connection: Connection, school_id: str, words: str, *, exactly: bool = False, limit: int = 30
) -> list[Any]:
    """Contacts whose pupil or carer has a name that holds the words, or the pupil's number: by pupil and priority.

    With `exactly` the words are a pupil's number and nothing else.
    """
    wanted = [words.casefold()] if exactly else [part for part in words.casefold().split() if part][:4]
    if not wanted:
        return []
    query = (
        select(
            pupils.c.pupil_id, pupils.c.given_name, pupils.c.preferred_name, pupils.c.family_name,
            pupils.c.registration_group, carers.c.carer_id, carers.c.name, carers.c.mobile, carers.c.email,
            contacts.c.relationship, contacts.c.priority, contacts.c.no_contact,
        )
        .join(contacts, (contacts.c.school_id == pupils.c.school_id) & (contacts.c.pupil_id == pupils.c.pupil_id))
        .join(carers, (carers.c.school_id == contacts.c.school_id) & (carers.c.carer_id == contacts.c.carer_id))
        .where(pupils.c.school_id == school_id, pupils.c.on_roll)
    )  # fmt: skip
    for part in wanted:
        places = () if exactly else (pupils.c.given_name, pupils.c.preferred_name, pupils.c.family_name, carers.c.name)
        query = query.where(
            or_(
                func.lower(pupils.c.pupil_id) == part,
                *(func.lower(place).contains(part, autoescape=True) for place in places),
            )
        )
    query = query.order_by(pupils.c.family_name, pupils.c.given_name, pupils.c.pupil_id, contacts.c.priority)
    return list(connection.execute(query.limit(limit)))


def count_read_since(connection: Connection, school_id: str, since: datetime) -> int:
    """How many replies that came since then have been dealt with."""
    query = select(func.count()).select_from(replies)
    query = query.where(
        replies.c.school_id == school_id, replies.c.received_at >= since, replies.c.read_at.is_not(None)
    )
    return int(connection.execute(query).scalar_one())


def answered_with(connection: Connection, school_id: str, day: date, step: str) -> bool:
    """Whether an answer of this step was queued on this day."""
    query = select(messages.c.message_id).where(
        messages.c.school_id == school_id,
        messages.c.day == day,
        messages.c.purpose == "answer",
        messages.c.step == step,
    )
    return connection.execute(query.limit(1)).first() is not None
