"""Handing messages over: claim, look again, write the attempt, commit, call the provider, commit what came of it.

No transaction is open while a provider is called. Whatever stops the program in between leaves a row in `sending` with its
attempt, which `reconcile` settles; nothing is ever sent twice on a guess.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from notifier.domain.sessions import local_date, local_time
from notifier.services import follow_up, outbox
from notifier.services.application import Application
from notifier.services.look_again import end_overdue, look_again
from notifier.services.receipts import apply_waiting
from notifier.store import blocks as block_store
from notifier.store import follow_ups as follow_up_store
from notifier.store import messages as store
from notifier.store import records, runs

log = structlog.get_logger()

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
    """Wall-clock time and sleep, given by the entry point: they only pace the provider, and decide nothing."""

    clock: Clock
    sleep: Pause


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
    """Hand over everything due at `now`. The moment stands still while it runs; only the pace follows the wall clock."""
    counts = SendCounts()
    by = claimant()
    counts.expired += await asyncio.to_thread(_end_overdue, app, now)
    left = limit
    while left is None or left > 0:
        size = app.settings.sending.batch_size if left is None else min(left, app.settings.sending.batch_size)
        batch = await asyncio.to_thread(_claim, app, by, now, size, pace.clock())
        counts.add(batch.settled)
        if not batch.claimed and not batch.waiting:
            break
        if batch.outgoing:
            await _send_batch(app, batch.outgoing, counts, now=now)
            if on_batch:
                on_batch(len(batch.outgoing))
        if left is not None:
            left -= batch.claimed
        if batch.waiting and not batch.outgoing:
            await pace.sleep(batch.wait_seconds)
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


def _claim(app: Application, by: str, now: datetime, size: int, wall: datetime) -> _Batch:
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
        ready: list[Any] = []
        schools: dict[str, School] = {}
        for school_id in sorted({row.school_id for row in rows}):
            school = schools[school_id] = app.school(connection, school_id)
            mine = [row for row in rows if row.school_id == school_id]
            fit, ended = look_again(connection, app, school, mine, now=now)
            settled.update(ended)
            fit, held = _within_caps(connection, app, school, fit, now)
            settled.update(held)
            ready.extend(fit)
        ready, waiting, seconds = _within_pace(connection, app, schools, ready, now, wall)
        outgoing = tuple(_outgoing(app, schools[row.school_id], row) for row in ready)
        store.add_attempts(connection, [_attempt(row, out, channel, now) for row, out, channel in outgoing])
    return _Batch(len(rows) - waiting, outgoing, settled, waiting, seconds)


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
            expires_at=row.expires_at,
            sender=school.sms_from if row.channel == "sms" else None,
            sender_name=school.name,
            subject=row.subject,
            html=row.html,
            language=row.language,
            reply_token=row.message_id if row.audience == "carer" else None,
        ),
        channel,
    )


def _within_caps(
    connection: Connection, app: Application, school: School, rows: Sequence[Any], now: datetime
) -> tuple[list[Any], dict[str, int]]:
    """Hold back texts past the day's spending limit, and withhold one text too many of the same to one number."""
    texts = [row for row in rows if row.channel == "sms"]
    if not texts:
        return list(rows), {}
    caps = app.policy(school).caps
    held: Counter[str] = Counter()
    kept: list[Any] = []
    same = store.equal_texts(connection, texts, since=now - timedelta(hours=24))
    spent = store.spent_today(connection, school.key, texts[0].day)
    over: list[Any] = []
    for row in rows:
        if row.channel != "sms":
            kept.append(row)
            continue
        times = same.get((row.to_address, row.body), 0)
        if times >= caps.equal_texts_per_number:
            store.move(
                connection, school.key, [row.message_id], MessageStatus.WITHHELD, at=now, reason=Reason.EQUAL_TEXT_CAP.value
            )  # fmt: skip
            follow_up.pass_on(connection, app, school, row, now=now, reason=Reason.EQUAL_TEXT_CAP)
            held["cancelled"] += 1
            continue
        if spent + row.cost_pence > caps.spend_pence_per_day and row.purpose != outbox.ALL_CLEAR:
            over.append(row)
            continue
        same[(row.to_address, row.body)] = times + 1
        spent += row.cost_pence
        kept.append(row)
    if over:
        stop_channel(
            connection, app, school, "spend_cap", "sms", over, now=now, detail=f"{spent / 100:.2f} pounds spent"
        )
        held["held"] += len(over)
    return kept, held


def stop_channel(
    connection: Connection,
    app: Application,
    school: School,
    kind: str,
    channel: str,
    rows: Sequence[Any],
    *,
    now: datetime,
    detail: str,
) -> None:
    """Hold messages and stop a school's channel until a person releases it; staff are told, and ring meanwhile."""
    day = local_date(now)
    ids = [row.message_id for row in rows]
    store.move(connection, school.key, ids, MessageStatus.HELD, at=now, reason=kind)
    standing = [row for row in runs.holds_of(connection, school.key, day) if row.kind == kind and row.scope == channel]
    if not any(row.released_at is None for row in standing):
        row = {
            "school_id": school.key,
            "hold_id": str(uuid4())[:8],
            "day": day,
            "session": "",
            "kind": kind,
            "scope": channel,
            "ordinal": len(standing) + 1,
            "measure": len(ids),
            "detail": detail,
            "made_at": now,
            "made_by": "sending",
        }
        runs.add_hold(connection, row)
        template = "staff_spend_cap" if kind == "spend_cap" else "staff_sending_stopped"
        outbox.tell_staff(
            connection, app, school, template,
            _told(connection, app, school, kind, channel, len(ids), detail, now),
            key=f"{kind}:{row['hold_id']}", day=day, session="", now=now, urgent=True,
        )  # fmt: skip
    reason = Reason.SPEND_CAP if kind == "spend_cap" else Reason.CONFIGURATION
    for links in store.links_of(connection, school.key, ids).values():
        for chased in follow_up_store.by_ids(connection, school.key, [x.follow_up_id for x in links if x.follow_up_id]):
            follow_up.put_on_call_list(connection, school, chased, reason, now)


def _told(
    connection: Connection,
    app: Application,
    school: School,
    kind: str,
    channel: str,
    waiting: int,
    detail: str,
    now: datetime,
) -> dict[str, Any]:
    if kind == "spend_cap":
        spent = store.spent_today(connection, school.key, local_date(now))
        return {"spent": round(spent), "cap": app.policy(school).caps.spend_pence_per_day, "waiting": waiting}
    name = "Text messages" if channel == "sms" else "E-mails"
    return {"channel": name, "reason": detail, "since": local_time(now), "waiting": waiting}


def _within_pace(
    connection: Connection,
    app: Application,
    schools: Mapping[str, School],
    rows: Sequence[Any],
    now: datetime,
    wall: datetime,
) -> tuple[list[Any], int, float]:
    """Keep what the senders' token buckets allow now; the rest goes back to the queue untouched."""
    by_sender: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        own = schools[row.school_id].sms_from if row.channel == "sms" else None
        by_sender.setdefault((row.channel, own or "default"), []).append(row)
    kept: list[Any] = []
    waiting, seconds = 0, 0.0
    for (channel, sender), mine in by_sender.items():
        rate = app.settings.twilio.messages_per_second if channel == "sms" else app.settings.smtp.rate_per_second
        granted = records.take_tokens(
            connection, f"{channel}:{sender}", wanted=len(mine), rate=rate, burst=max(rate, 1.0), now=wall
        )
        kept.extend(mine[:granted])
        surplus = mine[granted:]
        if surplus:
            waiting += len(surplus)
            seconds = max(seconds, min(1.0, 1.0 / rate))
            for school_id in {row.school_id for row in surplus}:
                ids = [row.message_id for row in surplus if row.school_id == school_id]
                store.give_back(connection, school_id, ids, at=now)
    return kept, waiting, seconds


async def _send_batch(
    app: Application, outgoing: Sequence[tuple[Any, Outgoing, Channel]], counts: SendCounts, *, now: datetime
) -> None:
    """Call the provider for each message, a bounded number at once, and write outcomes in groups as they come."""
    gates = {medium: asyncio.Semaphore(max(1, channel.concurrency)) for medium, channel in app.channels.items()}

    async def call(row: Any, out: Outgoing, channel: Channel) -> tuple[Any, Outgoing, Channel, Outcome]:
        async with gates[row.channel]:
            return row, out, channel, await channel.send(out, now=now)

    results = await asyncio.gather(*(call(*item) for item in outgoing))
    counts.add(await asyncio.to_thread(_settle, app, results, now))


def _settle(
    app: Application, results: Sequence[tuple[Any, Outgoing, Channel, Outcome]], now: datetime
) -> dict[str, int]:
    counted: Counter[str] = Counter()
    with app.database.begin() as connection:
        store.end_attempts(connection, [_ended(row, outcome, now) for row, _, _, outcome in results])
        accepted = [item for item in results if item[3].kind is OutcomeKind.ACCEPTED]
        store.settle_accepted(
            connection,
            [
                {
                    "b_school": row.school_id,
                    "b_message": row.message_id,
                    "b_status": (outcome.status or MessageStatus.ACCEPTED).value,
                    "b_provider": channel.name,
                    "b_provider_id": outcome.provider_id,
                    "b_now": now,
                }
                for row, _, channel, outcome in accepted
            ],
        )
        for row, *_ in accepted:
            counted["staff" if row.audience == "staff" else "accepted"] += 1
        apply_waiting(
            connection, app, [outcome.provider_id for *_, outcome in accepted if outcome.provider_id], now=now
        )
        for row, _, channel, outcome in results:
            if outcome.kind is not OutcomeKind.ACCEPTED:
                school = app.school(connection, row.school_id)
                counted[_settle_other(connection, app, school, row, channel, outcome, now)] += 1
    return counted


def _ended(row: Any, outcome: Outcome, now: datetime) -> dict[str, Any]:
    return {
        "b_school": row.school_id,
        "b_message": row.message_id,
        "b_number": row.attempts,
        "b_ended": now,
        "b_outcome": outcome.kind.value,
        "b_provider_id": outcome.provider_id,
        "b_error_code": outcome.error_code,
        "b_error_class": outcome.error_class.value if outcome.error_class else None,
        "b_detail": outcome.detail,
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
        follow_up.pass_on(connection, app, school, row, now=now, reason=Reason.PAST_DEADLINE)
        return "expired"
    if outcome.kind is OutcomeKind.RETRY and row.attempts < app.settings.sending.max_attempts:
        wait = outcome.retry_after or 15.0 * 2 ** (row.attempts - 1)
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
        follow_up.pass_on(connection, app, school, row, now=now, reason=reason)
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
