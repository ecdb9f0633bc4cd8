"""Settling what nobody knows: messages whose outcome is unknown, receipts that never came, replies whose webhook was lost.

A message is repeated only where the provider, asked after a pause, says that it never had it. What cannot be asked stays
`unknown`, and is shown to staff.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from notifier.channels.base import Channel, ChannelUnavailable, ProviderMessage, Receipt
from notifier.domain.messages import MessageStatus
from notifier.domain.reasons import Reason
from notifier.services import ladder
from notifier.services.application import Application
from notifier.services.receipts import apply_waiting, receive_receipt
from notifier.services.receive import receive_message
from notifier.store import messages as store
from notifier.store import records, replies

log = structlog.get_logger()

CLOCK_SKEW = timedelta(minutes=2)
"""How far the provider's clock may differ from ours when its list is searched."""

RECEIPT_OVERDUE = timedelta(minutes=10)
"""After this long without a final receipt the provider is asked."""

ASK_AGAIN = timedelta(minutes=10)
"""How long between two questions about the same message."""

INBOX_EVERY = timedelta(hours=1)
INBOX_BACK = timedelta(hours=24)


@dataclass(slots=True)
class ReconcileCounts:
    """What one reconciliation came to."""

    adopted: int = 0
    requeued: int = 0
    failed: int = 0
    still_unknown: int = 0
    receipts: int = 0
    replies: int = 0
    unreachable: int = 0

    def as_json(self) -> dict[str, int]:
        """The counts for `reconcile --json`."""
        return {name: getattr(self, name) for name in self.__slots__}


async def reconcile(app: Application, *, now: datetime, inbox: bool = True) -> ReconcileCounts:
    """Settle everything that can be settled at `now`. Safe to run at any time, by anybody, again and again."""
    counts = ReconcileCounts()
    await asyncio.to_thread(_orphans_to_unknown, app, now)
    await _settle_unknown(app, counts, now)
    await _ask_for_receipts(app, counts, now)
    if inbox:
        await _read_inboxes(app, counts, now)
    return counts


def claimant_lives(claimed_by: str | None) -> bool:
    """Whether the process that claimed a message may still be at work. Processes on other machines are given their lease."""
    host, _, pid = (claimed_by or "").rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return bool(host)
    if int(pid) == os.getpid():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _orphans_to_unknown(app: Application, now: datetime) -> None:
    """Messages in `sending` whose process died, or whose lease ran out: the provider may or may not have them."""
    lease = timedelta(seconds=app.settings.sending.lease_seconds)
    with app.database.begin() as connection:
        for row in store.in_flight(connection):
            if row.status != MessageStatus.SENDING or row.claimed_at is None:
                continue
            if claimant_lives(row.claimed_by) and now - row.claimed_at < lease:
                continue
            store.move(
                connection, row.school_id, [row.message_id], MessageStatus.UNKNOWN, at=now,
                only_from=[MessageStatus.SENDING], reason=Reason.OUTCOME_UNKNOWN.value,
            )  # fmt: skip
            log.warning("message.orphaned", school=row.school_id, message=row.message_id)


async def _settle_unknown(app: Application, counts: ReconcileCounts, now: datetime) -> None:
    def load() -> tuple[list[Any], dict[str, Any]]:
        with app.database.read() as connection:
            found = [row for row in store.in_flight(connection) if row.status == MessageStatus.UNKNOWN]
            tries: dict[str, Any] = {}
            for school_id in {row.school_id for row in found}:
                ids = [row.message_id for row in found if row.school_id == school_id]
                tries.update(store.last_attempts(connection, school_id, ids))
            return found, tries

    rows, attempts = await asyncio.to_thread(load)
    pause = timedelta(seconds=app.settings.sending.unknown_pause_seconds)
    asked: dict[tuple[str, str], list[ProviderMessage] | None] = {}
    for row in rows:
        channel = app.channels.get(row.channel)
        attempt = attempts.get(row.message_id)
        if channel is None or attempt is None:
            counts.still_unknown += 1
            continue
        place = (row.channel, row.to_address)
        if place not in asked:
            asked[place] = await _list(channel, row.to_address, attempt.started_at - CLOCK_SKEW, counts)
        listed = asked[place]
        if listed is None:
            counts.still_unknown += 1
            continue
        waited = now - attempt.started_at >= pause
        result = await asyncio.to_thread(_settle_one, app, channel, row, attempt, listed, now, waited=waited)
        setattr(counts, result, getattr(counts, result) + 1)


async def _list(channel: Channel, to: str, since: datetime, counts: ReconcileCounts) -> list[ProviderMessage] | None:
    try:
        found = await channel.find(to, since=since)
    except ChannelUnavailable as problem:
        log.warning("reconcile.unreachable", provider=channel.name, detail=str(problem))
        counts.unreachable += 1
        return None
    return None if found is None else list(found)


def _settle_one(
    app: Application,
    channel: Channel,
    row: Any,
    attempt: Any,
    listed: list[ProviderMessage],
    now: datetime,
    *,
    waited: bool,
) -> str:
    with app.database.begin() as connection:
        taken = store.known_provider_ids(connection, [item.provider_id for item in listed])
        # No look at the clock: ours and the provider's may differ, and a message missed here would be sent twice. The words
        # carry their date, and messages that some other row of ours has adopted are left out.
        mine = [item for item in listed if item.body == row.body and item.provider_id not in taken]
        if mine:
            item = min(mine, key=lambda found: found.created_at)
            values = {
                "school_id": row.school_id,
                "message_id": row.message_id,
                "status": MessageStatus.ACCEPTED.value,
                "provider": channel.name,
                "provider_id": item.provider_id,
            }
            store.settle_accepted(connection, [values], at=now)
            apply_waiting(connection, app, [item.provider_id], now=now)
            if item.status is not MessageStatus.ACCEPTED:
                receipt = Receipt(
                    provider=channel.name,
                    provider_id=item.provider_id,
                    status=item.status,
                    provider_status=item.provider_status,
                    occurred_at=now,
                    error_code=item.error_code,
                    error_class=item.error_class,
                )
                receive_receipt(connection, app, receipt, now=now)
            return "adopted"
        if not waited:
            return "still_unknown"
        school = app.school(connection, row.school_id)
        again = row.attempts < app.settings.sending.max_attempts and now < row.expires_at
        new = MessageStatus.QUEUED if again else MessageStatus.FAILED
        moved = store.move(
            connection, row.school_id, [row.message_id], new, at=now, only_from=[MessageStatus.UNKNOWN],
            reason=Reason.NOT_ACCEPTED.value, claimed_by=None, claimed_at=None,
        )  # fmt: skip
        if moved and not again:
            ladder.pass_on(connection, app, school, row, now=now, reason=Reason.NOT_ACCEPTED)
        return "requeued" if again else "failed"


async def _ask_for_receipts(app: Application, counts: ReconcileCounts, now: datetime) -> None:
    def load() -> list[Any]:
        with app.database.read() as connection:
            return store.unsettled(connection, sent_before=now - RECEIPT_OVERDUE, polled_before=now - ASK_AGAIN)

    down: set[str] = set()
    for row in await asyncio.to_thread(load):
        channel = app.channels.get(row.channel)
        if channel is None or row.provider_id is None or row.provider != channel.name or channel.name in down:
            continue
        try:
            receipt = await channel.fetch(row.provider_id, now=now)
        except ChannelUnavailable:
            counts.unreachable += 1
            down.add(channel.name)
            continue

        def keep(row: Any = row, receipt: Receipt | None = receipt) -> bool:
            with app.database.begin() as connection:
                store.note_polled(connection, row.school_id, row.message_id, now)
                return receipt is not None and receive_receipt(connection, app, receipt, now=now)

        counts.receipts += await asyncio.to_thread(keep)


async def _read_inboxes(app: Application, counts: ReconcileCounts, now: datetime) -> None:
    """Hourly, take in what the provider holds and we never heard of."""
    for channel in app.channels.values():
        name = f"inbox:{channel.name}"

        def due(name: str = name) -> bool:
            with app.database.read() as connection:
                last = records.last_beat(connection, name)
            return last is None or now - last >= INBOX_EVERY

        if not await asyncio.to_thread(due):
            continue
        try:
            found = await channel.inbox(since=now - INBOX_BACK)
        except ChannelUnavailable:
            counts.unreachable += 1
            continue

        def keep(name: str = name, channel: Channel = channel, found: Any = found) -> int:
            taken: Counter[str] = Counter()
            with app.database.begin() as connection:
                known = replies.known(connection, channel.name, [item.provider_id for item in found])
                for item in sorted(found, key=lambda one: one.received_at):
                    if item.provider_id not in known and receive_message(connection, app, item, now=now):
                        taken["replies"] += 1
                records.beat(connection, name, now)
            return taken["replies"]

        counts.replies += await asyncio.to_thread(keep)
