"""Links to the answer page. A link has its message's id, so that a message never has two; the token itself is never here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from notifier.store.database import Row, insert_missing
from notifier.store.tables import answer_links


def add_links(connection: Connection, rows: Sequence[Row]) -> int:
    """Keep links; one whose message has a link already is left out. Returns how many are new."""
    return insert_missing(connection, answer_links, rows)


def by_hash(connection: Connection, token_hash: str) -> Any | None:
    """The link of a token."""
    return connection.execute(select(answer_links).where(answer_links.c.token_hash == token_hash)).first()


def use_up(connection: Connection, school_id: str, link_id: str, *, at: datetime) -> bool:
    """Use a link; False where it was used before or its day is over. Of two taps at once one gets True."""
    return (
        connection.execute(
            update(answer_links)
            .where(
                answer_links.c.school_id == school_id,
                answer_links.c.link_id == link_id,
                answer_links.c.used_at.is_(None),
                answer_links.c.expires_at > at,
            )
            .values(used_at=at)
        ).rowcount
        == 1
    )


def note_reply(connection: Connection, school_id: str, link_id: str, reply_id: str) -> None:
    """Note which reply a link became."""
    connection.execute(
        update(answer_links)
        .where(answer_links.c.school_id == school_id, answer_links.c.link_id == link_id)
        .values(reply_id=reply_id)
    )
