"""Approvals, API tokens, heartbeats, sender buckets and the audit chain."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, desc, func, select, update

from notifier.store.database import Row, insert_missing, insert_rows, upsert
from notifier.store.tables import api_tokens, approvals, audit, heartbeats, sender_buckets

EVERY_SCHOOL = ""
"""The school_id of records that hold for all schools."""


def add_approval(connection: Connection, row: Row) -> None:
    """Record that a reviewer approved a translation."""
    upsert(connection, approvals, [row], update=("reviewer", "approved_at"))


def approved(connection: Connection, school_id: str, trust: str | None = None) -> frozenset[tuple[str, str]]:
    """Approvals that hold for a school, its trust's among them, as (language, approval hash)."""
    holders = {school_id, EVERY_SCHOOL, trust or EVERY_SCHOOL}
    rows = connection.execute(
        select(approvals.c.language, approvals.c.approval_hash).where(approvals.c.school_id.in_(sorted(holders)))
    )
    return frozenset((row.language, row.approval_hash) for row in rows)


def approvals_held(connection: Connection, school_id: str, trust: str | None = None) -> Sequence[Any]:
    """The approvals that hold for a school, its trust's among them, whole, the oldest first."""
    holders = {school_id, EVERY_SCHOOL, trust or EVERY_SCHOOL}
    query = select(approvals).where(approvals.c.school_id.in_(sorted(holders)))
    return connection.execute(query.order_by(approvals.c.approved_at, approvals.c.template)).all()


def add_token(connection: Connection, row: Row) -> None:
    """Keep the hash of a new API token."""
    insert_rows(connection, api_tokens, [row])


def school_of_token(connection: Connection, token_hash: str) -> str | None:
    """The school a token was made for; None for a token that is unknown or withdrawn."""
    return connection.execute(
        select(api_tokens.c.school_id).where(api_tokens.c.token_hash == token_hash, api_tokens.c.revoked_at.is_(None))
    ).scalar_one_or_none()


def beat(connection: Connection, name: str, at: datetime) -> None:
    """Record that something just happened."""
    upsert(connection, heartbeats, [{"name": name, "at": at}], update=("at",))


def last_beat(connection: Connection, name: str) -> datetime | None:
    """When something last happened; None where never."""
    return connection.execute(select(heartbeats.c.at).where(heartbeats.c.name == name)).scalar_one_or_none()


def take_tokens(connection: Connection, sender: str, *, wanted: int, rate: float, burst: float, now: datetime) -> int:
    """Take up to `wanted` tokens from a sender's bucket; returns how many were there.

    The bucket refills at `rate` a second up to `burst`. One row, changed under the writer's lock, so that every process that
    sends from this number shares the same pace. `now` is wall-clock time.
    """
    insert_missing(connection, sender_buckets, [{"sender": sender, "tokens": burst, "filled_at": now}])
    query = select(sender_buckets).where(sender_buckets.c.sender == sender)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()
    row = connection.execute(query).one()
    passed = max((now - row.filled_at).total_seconds(), 0.0)
    tokens = min(burst, row.tokens + passed * rate)
    granted = min(wanted, int(tokens))
    connection.execute(
        update(sender_buckets)
        .where(sender_buckets.c.sender == sender)
        .values(tokens=tokens - granted, filled_at=max(now, row.filled_at))
    )
    return granted


def audit_hash(previous: str, entry: Mapping[str, Any]) -> str:
    """The hash that chains an entry to the one before."""
    plain = json.dumps(entry, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{plain}".encode()).hexdigest()


def lock_chain(connection: Connection, school_id: str) -> None:
    """Hold an audit chain to the end of the transaction. Whoever holds the school too takes the school first.

    SQLite has one writer anyway; on PostgreSQL two entries at once would want the same number.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"audit:{school_id}", 0))))


def add_audit(
    connection: Connection,
    school_id: str,
    *,
    at: datetime,
    actor: str,
    act: str,
    subject: str,
    detail: Mapping[str, Any],
) -> None:
    """Append to a school's audit chain."""
    lock_chain(connection, school_id)
    last = connection.execute(
        select(audit.c.number, audit.c.entry_hash)
        .where(audit.c.school_id == school_id)
        .order_by(desc(audit.c.number))
        .limit(1)
    ).first()
    number = (last.number if last else 0) + 1
    previous = last.entry_hash if last else ""
    entry = {"number": number, "at": at.isoformat(), "actor": actor, "act": act, "subject": subject, "detail": detail}
    insert_rows(
        connection,
        audit,
        [
            {
                "school_id": school_id,
                "number": number,
                "at": at,
                "actor": actor,
                "act": act,
                "subject": subject,
                "detail": dict(detail),
                "previous_hash": previous,
                "entry_hash": audit_hash(previous, entry),
            }
        ],
    )


def broken_link(connection: Connection, school_id: str) -> int | None:
    """The number of the first audit entry that was changed or follows a gap; None where the chain is whole."""
    previous, expected = "", 1
    for row in connection.execute(select(audit).where(audit.c.school_id == school_id).order_by(audit.c.number)):
        entry = {
            "number": row.number,
            "at": row.at.isoformat(),
            "actor": row.actor,
            "act": row.act,
            "subject": row.subject,
            "detail": row.detail,
        }
        if row.number != expected or row.previous_hash != previous or row.entry_hash != audit_hash(previous, entry):
            return int(row.number)
        previous, expected = row.entry_hash, expected + 1
    return None
