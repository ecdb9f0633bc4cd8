"""Receipts as the providers gave them: each kept once, and noted as applied when its message was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from notifier.store.database import in_chunks, insert_missing
from notifier.store.tables import provider_events


def add_event(connection: Connection, row: Mapping[str, Any]) -> bool:
    """Keep a receipt as it came; False where the same one is known."""
    return insert_missing(connection, provider_events, [row]) == 1


def unapplied_events(
    connection: Connection, provider_ids: Sequence[str], *, providers: Iterable[str] | None = None
) -> list[Any]:
    """Receipts that came before we knew whose they were; found by key where the `providers` are known, else by a scan."""
    among = [] if providers is None else [provider_events.c.provider.in_(sorted(set(providers)))]
    found: list[Any] = []
    for chunk in in_chunks(list(provider_ids)):
        found.extend(
            connection.execute(
                select(provider_events)
                .where(
                    *among,
                    provider_events.c.provider_id.in_(chunk),
                    provider_events.c.applied.is_(False),
                )
                .order_by(provider_events.c.received_at)
            )
        )
    return found


def note_applied(connection: Connection, event: Any, *, school_id: str, message_id: str) -> None:
    """Record that a receipt was laid to its message."""
    connection.execute(
        update(provider_events)
        .where(
            provider_events.c.provider == event.provider,
            provider_events.c.provider_id == event.provider_id,
            provider_events.c.provider_status == event.provider_status,
        )
        .values(applied=True, school_id=school_id, message_id=message_id)
    )


def events_of(connection: Connection, message_ids: Sequence[str]) -> list[Any]:
    """Receipts of messages, oldest first."""
    found: list[Any] = []
    for chunk in in_chunks(list(message_ids)):
        found.extend(
            connection.execute(
                select(provider_events)
                .where(provider_events.c.message_id.in_(chunk))
                .order_by(provider_events.c.received_at)
            )
        )
    return found
