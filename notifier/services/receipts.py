"""Delivery receipts: kept as they came, laid to their message, never letting a state go back.

They arrive out of order, twice, late, before our own commit, or for messages we do not know; each is stored and none is an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection

from notifier.channels.base import ErrorClass, Receipt
from notifier.domain.messages import MessageStatus
from notifier.domain.reasons import Reason
from notifier.services import brakes, ladder
from notifier.services.application import Application
from notifier.store import blocks as block_store
from notifier.store import messages as store
from notifier.store import receipts as receipt_store

log = structlog.get_logger()


def receive_receipt(connection: Connection, app: Application, receipt: Receipt, *, now: datetime) -> bool:
    """Keep a receipt and apply it where its message is known; False where the same one had come before."""
    event = {
        "provider": receipt.provider,
        "provider_id": receipt.provider_id,
        "provider_status": receipt.provider_status,
        "status": receipt.status.value,
        "attempt_id": receipt.attempt_id,
        "error_code": receipt.error_code,
        "occurred_at": receipt.occurred_at,
        "received_at": now,
        "applied": False,
        "raw": dict(receipt.raw),
    }
    if not receipt_store.add_event(connection, event):
        return False
    message = store.by_provider_id(connection, receipt.provider_id)
    if message is None and receipt.attempt_id:
        message = store.by_attempt(connection, receipt.attempt_id)
    if message is None:
        log.info("receipt.unknown_message", provider=receipt.provider, provider_id=receipt.provider_id)
        return True
    apply_receipt(connection, app, message, receipt, now=now)
    return True


def apply_receipt(connection: Connection, app: Application, message: Any, receipt: Receipt, *, now: datetime) -> bool:
    """Move a message as a receipt says, where the table of moves allows it; True where it moved."""
    values: dict[str, Any] = {"provider": receipt.provider, "provider_id": receipt.provider_id}
    if message.sent_at is None:
        values["sent_at"] = now
    if receipt.status is MessageStatus.DELIVERED:
        values["delivered_at"] = receipt.occurred_at
    if receipt.error_code:
        values["error_code"] = receipt.error_code
    reason = Reason.NOT_DELIVERED if receipt.status in (MessageStatus.UNDELIVERED, MessageStatus.FAILED) else None
    moved = store.move(
        connection,
        message.school_id,
        [message.message_id],
        receipt.status,
        at=now,
        reason=reason.value if reason else None,
        **values,
    )
    receipt_store.note_applied(connection, receipt, school_id=message.school_id, message_id=message.message_id)
    if moved and reason is not None:
        _not_delivered(connection, app, message, receipt, now)
    return bool(moved)


def _not_delivered(connection: Connection, app: Application, message: Any, receipt: Receipt, now: datetime) -> None:
    if message.audience != "carer":
        return
    school = app.school(connection, message.school_id)
    if receipt.error_class is ErrorClass.CONFIG:  # the account is suspended, say: nothing more would arrive either
        brakes.stop_channel(
            connection, app, school, "configuration", message.channel, [message], now=now,
            detail=f"{receipt.provider}: {receipt.error_code or ''} {receipt.status.value}, by a receipt",
        )  # fmt: skip
    elif receipt.error_class is ErrorClass.PERMANENT:
        block_store.note_fault(
            connection, school.key, message.channel, message.to_address,
            reason="unreachable", detail=f"provider {receipt.error_code}", at=now,
        )  # fmt: skip
    elif receipt.error_class is ErrorClass.OPTOUT:
        block_store.opt_out(
            connection, school.key, message.channel, message.to_address, source=f"provider {receipt.error_code}", at=now
        )
    ladder.pass_on(connection, app, school, message, now=now, reason=Reason.NOT_DELIVERED)


def apply_waiting(
    connection: Connection,
    app: Application,
    provider_ids: Sequence[str],
    *,
    now: datetime,
    providers: Iterable[str] | None = None,
) -> None:
    """Apply receipts that came before we had committed whose they were. Naming the `providers` saves a scan of all receipts."""
    for event in receipt_store.unapplied_events(connection, provider_ids, providers=providers):
        message = store.by_provider_id(connection, event.provider_id)
        if message is None:
            continue
        receipt = Receipt(
            provider=event.provider,
            provider_id=event.provider_id,
            status=MessageStatus(event.status),
            provider_status=event.provider_status,
            occurred_at=event.occurred_at,
            attempt_id=event.attempt_id,
            error_code=event.error_code,
            error_class=_class_of(app, event),
        )
        apply_receipt(connection, app, message, receipt, now=now)


def _class_of(app: Application, event: Any) -> ErrorClass | None:
    channel = next((channel for channel in app.channels.values() if channel.name == event.provider), None)
    return channel.receipt_class(event.error_code, MessageStatus(event.status)) if channel else None
