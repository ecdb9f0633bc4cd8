"""Handing messages over: claim, look again, write the attempt, commit, call the provider, commit what came of it.

No transaction is open while a provider is called. Whatever stops the program in between leaves a row in `sending` with its
attempt, which `reconcile` settles; nothing is ever sent twice on a guess.
"""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import Connection

from notifier.channels.base import Channel, ErrorClass, Outcome, OutcomeKind, Outgoing
from notifier.domain.messages import MessageStatus
from notifier.domain.reasons import Reason
from notifier.domain.schools import School
from notifier.domain.sessions import local_date
from notifier.services import ladder
from notifier.services.application import Application
from notifier.services.brakes import hold_while_off, stop_channel, within_caps, within_pace
from notifier.services.in_flight import NOT_CALLED, Ended, InFlight
from notifier.services.look_again import end_overdue, gather, leaves_until, look_again
from notifier.services.receipts import apply_waiting
from notifier.store import blocks as block_store
from notifier.store import last_look, runs
from notifier.store import messages as store

log = structlog.get_logger()

LONGEST_WAIT = 300.0
"""Seconds between two tries at the most."""

Clock = Callable[[], datetime]
Pause = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class SendCounts:
    """What one hand-over came to; the field names are the command's contract. `staff` counts e-mails to staff apart."""

    accepted: int = 0
    failed: int = 0
    unknown: int = 0
    expired: int = 0
    cancelled: int = 0
    held: int = 0
    retry: int = 0
    staff: int = 0

    def as_json(self) -> dict[str, int]:
        """The counts for `send --json`."""
        return {name: getattr(self, name) for name in self.__slots__}

    def add(self, other: Mapping[str, int]) -> None:
        """Add counts by name."""
        for name, number in other.items():
            setattr(self, name, getattr(self, name) + number)


@dataclass(frozen=True, slots=True)
class Pace:
    """Wall-clock time and sleep, given by the entry point: they only pace the provider, and decide nothing.

    `elapsed` is how many seconds have passed since the hand-over began. A long one must not look at deadlines, nor date its
    claims, by the moment at which it began: another machine would take a fresh claim for one whose lease has run out.
    """

    clock: Clock
    sleep: Pause
    elapsed: Callable[[], float] = lambda: 0.0


def claimant() -> str:
    """Name this process, so that others can tell whether it still lives."""
    return f"{socket.gethostname()}:{os.getpid()}"


async def hand_over(
    app: Application,
    *,
    now: datetime,
    pace: Pace,
    limit: int | None = None,
    on_batch: Callable[[int], None] | None = None,
) -> SendCounts:
    """Hand over everything due at `now`, or falling due while it runs; `pace.elapsed` says how far the moment has moved."""
    counts = SendCounts()
    by = claimant()
    known: dict[str, tuple[datetime, School]] = {}

    def moment() -> datetime:
        return now + timedelta(seconds=int(pace.elapsed()))

    def settle(ended: Sequence[Ended]) -> None:
        counts.add(_settle(app, ended, moment()))
        if on_batch:
            on_batch(len(ended))

    flight = InFlight(app.channels, settle, now=moment, fresh_for=app.settings.sending.lease_seconds / 2)
    counts.expired += await flight.in_transaction(_end_overdue, app, now)
    left = limit
    try:
        while left is None or left > 0:
            size = app.settings.sending.batch_size if left is None else min(left, app.settings.sending.batch_size)
            batch = await flight.in_transaction(_claim, app, by, moment(), size, pace.clock(), known)
            counts.add(batch.settled)
            if not batch.claimed and not batch.waiting:
                if not await flight.finish():
                    break
                continue  # what the last calls came to may have queued more
            if left is not None:
                left -= batch.claimed
            if batch.outgoing:
                await flight.start(batch.outgoing)
            elif batch.waiting:
                await flight.finish()
                await pace.sleep(batch.wait_seconds)
        await flight.finish()
    finally:
        await flight.abandon()
    return counts


def _end_overdue(app: Application, now: datetime) -> int:
    with app.database.begin() as connection:
        return end_overdue(connection, app, now=now)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What a claim brought: messages to send now, how many were settled without sending, how many wait for the pace."""

    claimed: int
    outgoing: tuple[tuple[Any, Outgoing, Channel], ...]
    settled: Mapping[str, int]
    waiting: int
    wait_seconds: float


def _claim(
    app: Application,
    by: str,
    now: datetime,
    size: int,
    wall: datetime,
    known: dict[str, tuple[datetime, School]],
) -> _Batch:
    channels = sorted(app.channels)
    if not channels:
        return _Batch(0, (), {}, 0, 0.0)
    settled: Counter[str] = Counter()
    with app.database.begin() as connection:
        stopped = [
            (row.school_id, channel)
            for row in runs.stopped_channels(connection, local_date(now))
            for channel in ([row.scope] if row.scope else ["sms"])
        ]
        rows = store.claim(connection, now=now, by=by, limit=size, channels=channels, stopped=stopped)
        if not rows:
            return _Batch(0, (), {}, 0, 0.0)
        schools = _schools(connection, app, {row.school_id for row in rows}, known)
        facts = gather(connection, app, schools, rows)
        by_school: dict[str, list[Any]] = {school_id: [] for school_id in schools}
        for row in rows:
            by_school[row.school_id].append(row)
        checked: dict[str, list[Any]] = {}
        for school_id, mine in by_school.items():
            fit, ended = look_again(connection, app, schools[school_id], mine, now=now, facts=facts[school_id])
            settled.update(ended)
            checked[school_id] = hold_while_off(connection, schools[school_id], fit, now=now)
            if left_out := len(fit) - len(checked[school_id]):
                settled.update(held=left_out)
        ready, held = within_caps(connection, app, schools, checked, now)
        settled.update(held)
        ready, waiting, seconds = within_pace(connection, app, schools, ready, now, wall)
        outgoing = tuple(_outgoing(app, schools[row.school_id], row) for row in ready)
        store.add_attempts(connection, [_attempt(row, out, channel, now) for row, out, channel in outgoing])
    return _Batch(len(rows) - waiting, outgoing, settled, waiting, seconds)


def _schools(
    connection: Connection, app: Application, school_ids: Iterable[str], known: dict[str, tuple[datetime, School]]
) -> dict[str, School]:
    """The schools as they are now; those whose file has not changed since the last batch are taken from `known`."""
    found: dict[str, School] = {}
    for school_id, changed_at in sorted(last_look.changed_schools(connection, school_ids).items()):
        if school_id not in known or known[school_id][0] != changed_at:
            known[school_id] = (changed_at, app.school(connection, school_id))
        found[school_id] = known[school_id][1]
    return found


def _attempt(row: Any, out: Outgoing, channel: Channel, now: datetime) -> dict[str, Any]:
    return {
        "school_id": row.school_id,
        "message_id": row.message_id,
        "number": row.attempts,
        "attempt_id": out.attempt_id,
        "provider": channel.name,
        "started_at": now,
        "detail": "",
    }


def _outgoing(app: Application, school: School, row: Any) -> tuple[Any, Outgoing, Channel]:
    channel = app.channels[row.channel]
    return (
        row,
        Outgoing(
            attempt_id=str(uuid4()),
            message_id=row.message_id,
            school_id=row.school_id,
            to=row.to_address,
            body=row.body,
            expires_at=leaves_until(school, row),
            sender=school.sms_from if row.channel == "sms" else None,
            sender_name=school.name,
            subject=row.subject,
            html=row.html,
            language=row.language,
            reply_token=row.message_id if row.audience == "carer" else None,
            # until the service reads a mailbox itself, an answer by e-mail belongs in the office's
            reply_to=school.email if row.channel == "email" and row.audience == "carer" else None,
        ),
        channel,
    )


def _settle(app: Application, results: Sequence[Ended], now: datetime) -> dict[str, int]:
    counted: Counter[str] = Counter()
    with app.database.begin() as connection:
        store.end_attempts(connection, [_ended(row, outcome, now) for row, _, _, outcome in results])
        accepted = [item for item in results if item[3].kind is OutcomeKind.ACCEPTED]
        store.settle_accepted(
            connection,
            [
                {
                    "school_id": row.school_id,
                    "message_id": row.message_id,
                    "status": (outcome.status or MessageStatus.ACCEPTED).value,
                    "provider": channel.name,
                    "provider_id": outcome.provider_id,
                }
                for row, _, channel, outcome in accepted
            ],
            at=now,
        )
        for row, *_ in accepted:
            counted["staff" if row.audience == "staff" else "accepted"] += 1
        apply_waiting(
            connection,
            app,
            [outcome.provider_id for *_, outcome in accepted if outcome.provider_id],
            now=now,
            providers={channel.name for *_, channel, _ in accepted},
        )
        for row, _, channel, outcome in results:
            if outcome.kind is not OutcomeKind.ACCEPTED:
                school = app.school(connection, row.school_id)
                counted[_settle_other(connection, app, school, row, channel, outcome, now)] += 1
    return counted


def _ended(row: Any, outcome: Outcome, now: datetime) -> dict[str, Any]:
    return {
        "school_id": row.school_id,
        "message_id": row.message_id,
        "number": row.attempts,
        "ended_at": now,
        "outcome": outcome.kind.value,
        "provider_id": outcome.provider_id,
        "error_code": outcome.error_code,
        "error_class": outcome.error_class.value if outcome.error_class else None,
        "detail": outcome.detail,
    }


def _settle_other(
    connection: Connection,
    app: Application,
    school: School,
    row: Any,
    channel: Channel,
    outcome: Outcome,
    now: datetime,
) -> str:
    """Write an outcome other than acceptance, and do what its class asks for; returns the count it belongs to."""
    ids, sending = [row.message_id], [MessageStatus.SENDING]
    if outcome.kind is OutcomeKind.UNKNOWN:
        store.move(
            connection, school.key, ids, MessageStatus.UNKNOWN, at=now, only_from=sending,
            reason=Reason.OUTCOME_UNKNOWN.value, provider=channel.name, error_code=outcome.error_code,
        )  # fmt: skip
        log.warning("message.unknown", school=school.key, message=row.message_id, detail=outcome.detail)
        return "unknown"
    if outcome.error_class is ErrorClass.CONFIG:
        stop_channel(
            connection, app, school, "configuration", row.channel, [row], now=now,
            detail=f"{channel.name}: {outcome.error_code or ''} {outcome.detail}".strip(),
        )  # fmt: skip
        return "held"
    if outcome is NOT_CALLED:
        store.move(
            connection, school.key, ids, MessageStatus.QUEUED, at=now, only_from=sending, claimed_by=None, claimed_at=None
        )  # fmt: skip
        return "retry"
    if outcome.error_code == "expired" and outcome.error_class is None:
        store.move(
            connection,
            school.key,
            ids,
            MessageStatus.EXPIRED,
            at=now,
            only_from=sending,
            reason=Reason.PAST_DEADLINE.value,
        )
        ladder.pass_on(connection, app, school, row, now=now, reason=Reason.PAST_DEADLINE)
        return "expired"
    staff = (
        row.audience == "staff"
    )  # news for staff is tried all day; a carer is reached another way after some minutes
    if outcome.kind is OutcomeKind.RETRY and (staff or row.attempts < app.settings.sending.max_attempts):
        wait = outcome.retry_after or min(15.0 * 4.0 ** (row.attempts - 1), LONGEST_WAIT)
        again = now + timedelta(seconds=wait)
        if again < row.expires_at:
            store.move(
                connection, school.key, ids, MessageStatus.QUEUED, at=now, only_from=sending, due_at=again,
                claimed_by=None, claimed_at=None, error_code=outcome.error_code,
            )  # fmt: skip
            return "retry"
    reason = refused(connection, school, row, outcome.error_class, outcome.error_code, now)
    moved = store.move(
        connection, school.key, ids, MessageStatus.FAILED, at=now, only_from=sending, reason=reason.value,
        provider=channel.name, error_code=outcome.error_code,
    )  # fmt: skip
    if moved:
        ladder.pass_on(connection, app, school, row, now=now, reason=reason)
    return "failed"


def refused(
    connection: Connection, school: School, row: Any, error_class: ErrorClass | None, code: str | None, now: datetime
) -> Reason:
    """Learn from a refusal what concerns the address, and say which reason it gives."""
    if error_class is ErrorClass.OPTOUT:
        block_store.opt_out(connection, school.key, row.channel, row.to_address, source=f"provider {code}", at=now)
        return Reason.OPTED_OUT
    if error_class is ErrorClass.PERMANENT:
        block_store.note_fault(
            connection, school.key, row.channel, row.to_address, reason="unreachable", detail=f"provider {code}", at=now
        )
        return Reason.PROVIDER_REFUSED
    return Reason.PROVIDER_UNREACHABLE if error_class is ErrorClass.RETRY else Reason.PROVIDER_REFUSED
