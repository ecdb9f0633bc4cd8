"""Replies, and the follow-ups they were laid beside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, desc, func, select, update

from notifier.store import message_log
from notifier.store.database import Row, in_chunks, insert_missing, insert_rows
from notifier.store.tables import replies, reply_follow_ups


def add_reply(connection: Connection, row: Row, follow_up_ids: Sequence[str]) -> bool:
    """Keep a reply; False where the provider had already given it to us."""
    if insert_missing(connection, replies, [row]) != 1:
        return False
    insert_rows(
        connection,
        reply_follow_ups,
        [{"school_id": row["school_id"], "reply_id": row["reply_id"], "follow_up_id": key} for key in follow_up_ids],
    )
    message_log.add_received(connection, [row])
    return True


def known(connection: Connection, provider: str, provider_ids: Sequence[str]) -> set[str]:
    """Those of the provider's ids that are kept already."""
    found: set[str] = set()
    for chunk in in_chunks(list(provider_ids)):
        rows = connection.execute(
            select(replies.c.provider_id).where(replies.c.provider == provider, replies.c.provider_id.in_(chunk))
        )
        found.update(row.provider_id for row in rows)
    return found


def listing(
    connection: Connection,
    school_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    unread_only: bool = False,
    limit: int | None = None,
) -> list[Any]:
    """A school's replies, newest first."""
    query = select(replies).where(replies.c.school_id == school_id)
    if since is not None:
        query = query.where(replies.c.received_at >= since)
    if until is not None:
        query = query.where(replies.c.received_at < until)
    if unread_only:
        query = query.where(replies.c.read_at.is_(None))
    query = query.order_by(desc(replies.c.received_at), desc(replies.c.reply_id))
    return list(connection.execute(query.limit(limit) if limit else query))


def of_follow_ups(connection: Connection, school_id: str, ids: Sequence[str]) -> list[Any]:
    """Replies beside some follow-ups, each with the follow-up's id as `about`, oldest first."""
    found: list[Any] = []
    for chunk in in_chunks(list(ids)):
        found.extend(
            connection.execute(
                select(*replies.c, reply_follow_ups.c.follow_up_id.label("about"))
                .join(
                    reply_follow_ups,
                    and_(
                        reply_follow_ups.c.school_id == replies.c.school_id,
                        reply_follow_ups.c.reply_id == replies.c.reply_id,
                    ),
                )
                .where(replies.c.school_id == school_id, reply_follow_ups.c.follow_up_id.in_(chunk))
                .order_by(replies.c.received_at)
            )
        )
    return found


def get(connection: Connection, school_id: str, reply_id: str) -> Any | None:
    """One reply."""
    return connection.execute(
        select(replies).where(replies.c.school_id == school_id, replies.c.reply_id == reply_id)
    ).first()


def follow_ups_of(connection: Connection, school_id: str, reply_id: str) -> list[str]:
    """The follow-ups that a reply was laid beside."""
    of = reply_follow_ups.c
    query = select(of.follow_up_id).where(of.school_id == school_id, of.reply_id == reply_id)
    return list(connection.scalars(query.order_by(of.follow_up_id)))


def answers_sent_count(connection: Connection, school_id: str, sender: str, since: datetime) -> int:
    """How many replies an address has sent since then: a loop between two machines shows here."""
    return int(
        connection.execute(
            select(func.count())
            .select_from(replies)
            .where(replies.c.school_id == school_id, replies.c.sender == sender, replies.c.received_at >= since)
        ).scalar_one()
    )


def mark_read(connection: Connection, school_id: str, follow_up_ids: Sequence[str], *, by: str, at: datetime) -> None:
    """Note that somebody has read the replies beside some follow-ups."""
    ids = select(reply_follow_ups.c.reply_id).where(
        reply_follow_ups.c.school_id == school_id, reply_follow_ups.c.follow_up_id.in_(list(follow_up_ids))
    )
    connection.execute(
        update(replies)
        .where(replies.c.school_id == school_id, replies.c.reply_id.in_(ids), replies.c.read_at.is_(None))
        .values(read_at=at, read_by=by)
    )


def mark_unmatched_read(connection: Connection, *, by: str, at: datetime) -> int:
    """Note that somebody has read the messages that belong to no school; returns how many were unread."""
    return connection.execute(
        update(replies).where(replies.c.school_id == "", replies.c.read_at.is_(None)).values(read_at=at, read_by=by)
    ).rowcount
