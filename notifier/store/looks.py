"""Who looked at what: one row a person, thing and ten minutes, and the sealing of rows by an entry of the audit chain.

A look costs one INSERT and no place in the chain. Every few minutes all that are not sealed yet are hashed together and the hash goes into
the chain, so that one taken out or changed later shows. Rows not sealed yet are not protected.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select, update

from notifier.store.database import Row, in_chunks, insert_missing
from notifier.store.tables import looks


def add(connection: Connection, rows: Sequence[Row]) -> int:
    """Note looks; one that was noted within its ten minutes is left out. Returns how many are new."""
    return insert_missing(connection, looks, rows)


def oldest_unsealed(connection: Connection, school_id: str) -> datetime | None:
    """When the oldest look that no audit entry covers was made; None where all are covered."""
    query = select(looks.c.at).where(looks.c.school_id == school_id, looks.c.sealed_in.is_(None))
    return connection.execute(query.order_by(looks.c.number).limit(1)).scalar_one_or_none()


def unsealed(connection: Connection, school_id: str) -> list[Any]:
    """The looks that no audit entry covers yet, the oldest first."""
    query = select(looks).where(looks.c.school_id == school_id, looks.c.sealed_in.is_(None))
    return list(connection.execute(query.order_by(looks.c.number)))


def next_entry(connection: Connection, school_id: str) -> int:
    """The number of the audit entry that is written next; under the chain's lock only."""
    from notifier.store.tables import audit

    last = connection.execute(
        select(func.max(audit.c.number)).where(audit.c.school_id == school_id)
    ).scalar_one_or_none()
    return (last or 0) + 1


def seal(connection: Connection, school_id: str, numbers: Sequence[int], *, entry: int) -> None:
    """Note which audit entry covers looks, each by its number: one that began earlier may be kept later, and is in no digest yet."""
    for chunk in in_chunks(list(numbers)):
        connection.execute(
            update(looks)
            .where(looks.c.school_id == school_id, looks.c.sealed_in.is_(None), looks.c.number.in_(chunk))
            .values(sealed_in=entry)
        )


def sealed_in(connection: Connection, school_id: str, entry: int) -> list[Any]:
    """The looks that an audit entry covers, the oldest first."""
    query = select(looks).where(looks.c.school_id == school_id, looks.c.sealed_in == entry)
    return list(connection.execute(query.order_by(looks.c.number)))


def digest(rows: Iterable[Any]) -> str:
    """The hash over looks, in their order."""
    hashed = hashlib.sha256()
    for row in rows:
        line = [row.number, row.pupil_id, row.actor, row.what, row.subject, row.at.isoformat()]
        hashed.update(json.dumps(line, ensure_ascii=False).encode() + b"\n")
    return hashed.hexdigest()
