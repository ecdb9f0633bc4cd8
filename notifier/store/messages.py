"""Messages, attempts and receipts. Every change of state is a conditional UPDATE, so that nobody else's change is undone.

The claim, the outcome and the receipt may be written by different processes at the same moment; whoever comes second changes
nothing. See `domain.messages` for the moves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, desc, func, not_, or_, select, tuple_, update

from notifier.domain.answer_tokens import without_tokens
from notifier.domain.messages import MAY_HAVE_LEFT, WAITING, MessageStatus, sources_of
from notifier.store import message_log
from notifier.store.bulk import update_many
from notifier.store.database import Row, in_chunks, insert_missing, insert_rows, listed
from notifier.store.tables import attempts, message_pupils, messages, pupils


def add_messages(connection: Connection, rows: Sequence[Row], links: Sequence[Row]) -> int:
    """Queue messages; those whose identity exists already are left out. Returns how many are new."""
    added = insert_missing(connection, messages, rows)
    insert_missing(connection, message_pupils, links)
    message_log.add_sent(connection, rows)
    return added


def claim(
    connection: Connection,
    *,
    now: datetime,
    by: str,
    limit: int,
    channels: Sequence[str],
    stopped: Iterable[tuple[str, str]] = (),
    school_id: str | None = None,
) -> list[Any]:
    """Take up to `limit` queued messages that are due: their state becomes `sending`, under this claimant's name.

    `stopped` are (school, channel) pairs that must not send now. The order matches the partial index, or the claim would scan.
    """
    pick = select(messages.c.school_id, messages.c.message_id).where(
        messages.c.status == MessageStatus.QUEUED.value, messages.c.due_at <= now
    )
    if set(channels) != {"sms", "email"}:
        pick = pick.where(messages.c.channel.in_(list(channels)))
    if school_id is not None:
        pick = pick.where(messages.c.school_id == school_id)
    for school, channel in stopped:
        pick = pick.where(not_(and_(messages.c.school_id == school, messages.c.channel == channel)))
    pick = pick.order_by(messages.c.due_at, messages.c.message_id).limit(limit)
    if connection.dialect.name == "postgresql":
        pick = pick.with_for_update(skip_locked=True)
    statement = (
        update(messages)
        .where(tuple_(messages.c.school_id, messages.c.message_id).in_(pick), messages.c.status == "queued")
        .values(
            status=MessageStatus.SENDING.value,
            claimed_by=by,
            claimed_at=now,
            changed_at=now,
            attempts=messages.c.attempts + 1,
        )
        .returning(*_CLAIMED)
    )
    return list(connection.execute(statement).all())


# What handing over reads. The other columns would be half of what a claim costs.
_CLAIMED = (
    messages.c.school_id, messages.c.message_id, messages.c.audience, messages.c.carer_id, messages.c.day, messages.c.session,
    messages.c.channel, messages.c.to_address, messages.c.template, messages.c.language, messages.c.subject, messages.c.body,
    messages.c.html, messages.c.segments, messages.c.cost_pence, messages.c.status, messages.c.purpose, messages.c.step,
    messages.c.attempts, messages.c.due_at, messages.c.expires_at,
)  # fmt: skip


def add_attempts(connection: Connection, rows: Sequence[Row]) -> None:
    """Write the attempts before the provider is called."""
    insert_rows(connection, attempts, rows)


def end_attempts(connection: Connection, rows: Sequence[Row]) -> None:
    """Write what attempts came to. Rows: the key (school_id, message_id, number) and the values."""
    if rows:
        update_many(connection, attempts, rows, keys=("school_id", "message_id", "number"))


def settle_accepted(connection: Connection, rows: Sequence[Row], *, at: datetime) -> None:
    """Write that the provider took messages. The provider's id is always kept; the state moves only where it is still behind.

    Rows: school_id, message_id, status, provider, provider_id.
    """
    if not rows:
        return
    behind = "messages.status IN ('sending', 'unknown')"
    # why a message once waited or was in doubt is past
    moved = [{**row, "reason": None, "sent_at": at, "changed_at": at} for row in rows]
    if update_many(connection, messages, moved, keys=_KEY, only_where=behind) == len(rows):
        return
    # a receipt that overtook us has moved some on already: then only the id is missing
    named = [{name: row[name] for name in (*_KEY, "provider", "provider_id")} for row in rows]
    update_many(connection, messages, named, keys=_KEY, only_where="messages.provider_id IS NULL")


_KEY = ("school_id", "message_id")


def move(
    connection: Connection,
    school_id: str,
    message_ids: Sequence[str],
    new: MessageStatus,
    *,
    at: datetime,
    reason: str | None = None,
    only_from: Iterable[MessageStatus] | None = None,
    **values: Any,
) -> list[str]:
    """Move messages to a state where the table of moves allows it; returns the ids that moved."""
    allowed = set(sources_of(new))
    if only_from is not None:
        allowed &= set(only_from)
    moved: list[str] = []
    extra: dict[str, Any] = {"status": new.value, "changed_at": at, **values}
    if reason is not None:
        extra["reason"] = reason
    for chunk in in_chunks(list(message_ids)):
        statement = (
            update(messages)
            .where(
                messages.c.school_id == school_id,
                messages.c.message_id.in_(chunk),
                messages.c.status.in_(sorted(allowed)),
            )
            .values(**extra)
            .returning(messages.c.message_id)
        )
        moved.extend(row.message_id for row in connection.execute(statement))
    return moved


def give_back(connection: Connection, school_id: str, message_ids: Sequence[str], *, at: datetime) -> None:
    """Put claimed messages back untouched: the provider was not called."""
    for chunk in in_chunks(list(message_ids)):
        connection.execute(
            update(messages)
            .where(
                messages.c.school_id == school_id,
                messages.c.message_id.in_(chunk),
                messages.c.status == MessageStatus.SENDING.value,
            )
            .values(
                status=MessageStatus.QUEUED.value,
                claimed_by=None,
                claimed_at=None,
                changed_at=at,
                attempts=messages.c.attempts - 1,
            )
        )


def get(connection: Connection, school_id: str, message_id: str) -> Any | None:
    """One message."""
    return connection.execute(
        select(messages).where(messages.c.school_id == school_id, messages.c.message_id == message_id)
    ).first()


def by_provider_id(connection: Connection, provider_id: str) -> Any | None:
    """The message a provider knows by that id."""
    return connection.execute(select(messages).where(messages.c.provider_id == provider_id)).first()


def by_attempt(connection: Connection, attempt_id: str) -> Any | None:
    """The message an attempt of ours was made for."""
    return connection.execute(
        select(messages)
        .join(
            attempts,
            and_(attempts.c.school_id == messages.c.school_id, attempts.c.message_id == messages.c.message_id),
        )
        .where(attempts.c.attempt_id == attempt_id)
    ).first()


def of_follow_ups(connection: Connection, school_id: str, ids: Sequence[str]) -> list[Any]:
    """Messages about some follow-ups, each with the follow-up's id as `about`, oldest first."""
    found: list[Any] = []
    for chunk in in_chunks(list(ids)):
        found.extend(
            connection.execute(
                select(*messages.c, message_pupils.c.follow_up_id.label("about"), message_pupils.c.pupil_id.label("about_pupil"))
                .join(
                    message_pupils,
                    and_(
                        message_pupils.c.school_id == messages.c.school_id,
                        message_pupils.c.message_id == messages.c.message_id,
                    ),
                )
                .where(messages.c.school_id == school_id, message_pupils.c.follow_up_id.in_(chunk))
                .order_by(messages.c.created_at, messages.c.message_id)
            )
        )  # fmt: skip
    return found


def links_of(connection: Connection, school_id: str, message_ids: Sequence[str]) -> dict[str, list[Any]]:
    """Pupils and follow-ups of messages, by message."""
    found: dict[str, list[Any]] = {}
    for chunk in in_chunks(list(message_ids)):
        rows = connection.execute(
            select(message_pupils).where(
                message_pupils.c.school_id == school_id, message_pupils.c.message_id.in_(chunk)
            )
        )
        for row in rows:
            found.setdefault(row.message_id, []).append(row)
    return found


def listing(
    connection: Connection,
    school_id: str,
    *,
    day: date | None = None,
    pupil_id: str | None = None,
    staff: bool = False,
    limit: int | None = None,
) -> list[Any]:
    """The message log, newest first."""
    query = select(messages).where(messages.c.school_id == school_id)
    if day is not None:
        query = query.where(messages.c.day == day)
    if not staff:
        query = query.where(messages.c.audience == "carer")
    if pupil_id is not None:
        named = select(message_pupils.c.message_id).where(
            message_pupils.c.school_id == school_id, message_pupils.c.pupil_id == pupil_id
        )
        query = query.where(messages.c.message_id.in_(named))
    query = query.order_by(desc(messages.c.created_at), desc(messages.c.message_id))
    return list(connection.execute(query.limit(limit) if limit else query))


def attempts_of(connection: Connection, school_id: str, message_ids: Sequence[str]) -> list[Any]:
    """Attempts of messages, oldest first."""
    found: list[Any] = []
    for chunk in in_chunks(list(message_ids)):
        found.extend(
            connection.execute(
                select(attempts)
                .where(attempts.c.school_id == school_id, attempts.c.message_id.in_(chunk))
                .order_by(attempts.c.started_at, attempts.c.number)
            )
        )
    return found


def last_attempts(connection: Connection, school_id: str, message_ids: Sequence[str]) -> dict[str, Any]:
    """The latest attempt of each message."""
    return {row.message_id: row for row in attempts_of(connection, school_id, message_ids)}


def equal_texts(connection: Connection, rows: Sequence[Any], *, since: datetime) -> dict[tuple[str, str], int]:
    """How often each (address, body) of these messages may already have left since then, they themselves left out.

    Bodies count without the token of a link, in which no two are equal.
    """
    own = Counter((row.to_address, without_tokens(row.body)) for row in rows)
    equal: Counter[tuple[str, str]] = Counter()
    found = connection.execute(
        select(messages.c.to_address, messages.c.body, func.count())
        .where(
            messages.c.to_address.in_(listed(connection, sorted({row.to_address for row in rows}))),
            messages.c.created_at >= since,
            messages.c.status.in_(sorted(MAY_HAVE_LEFT)),
        )
        .group_by(messages.c.to_address, messages.c.body)
    )
    for address, body, times in found:
        equal[(address, without_tokens(body))] += times
    return {place: max(times - own[place], 0) for place, times in equal.items()}


def bodies_of(connection: Connection, school_id: str, message_ids: Sequence[str]) -> dict[str, str]:
    """The words of messages, by message."""
    found: dict[str, str] = {}
    for chunk in in_chunks(list(message_ids)):
        rows = connection.execute(
            select(messages.c.message_id, messages.c.body).where(
                messages.c.school_id == school_id, messages.c.message_id.in_(chunk)
            )
        )
        found.update((row.message_id, row.body) for row in rows)
    return found


def spent_today(connection: Connection, school_id: str, day: date) -> float:
    """Pence a school's texts of a day have cost, or may have cost."""
    total = connection.execute(
        select(func.sum(messages.c.cost_pence)).where(
            messages.c.school_id == school_id,
            messages.c.day == day,
            messages.c.status.in_(sorted(MAY_HAVE_LEFT - {MessageStatus.SENDING} | {MessageStatus.UNDELIVERED})),
        )
    ).scalar_one_or_none()
    return float(total or 0.0)


def waiting_of_follow_ups(
    connection: Connection, school_id: str, ids: Sequence[str], *, purpose: str = "absence"
) -> list[str]:
    """Messages of a purpose about some follow-ups that can still be stopped."""
    found: set[str] = set()
    for chunk in in_chunks(list(ids)):
        rows = connection.execute(
            select(messages.c.message_id)
            .join(
                message_pupils,
                and_(
                    message_pupils.c.school_id == messages.c.school_id,
                    message_pupils.c.message_id == messages.c.message_id,
                ),
            )
            .where(
                messages.c.school_id == school_id,
                message_pupils.c.follow_up_id.in_(chunk),
                messages.c.purpose == purpose,
                messages.c.status.in_(sorted(WAITING)),
            )
        )
        found.update(row.message_id for row in rows)
    return sorted(found)


def held_for(
    connection: Connection, school_id: str, reason: str, channel: str | None = None, purpose: str | None = None
) -> list[str]:
    """Messages held for a reason."""
    query = select(messages.c.message_id).where(
        messages.c.school_id == school_id, messages.c.status == "held", messages.c.reason == reason
    )
    if channel:
        query = query.where(messages.c.channel == channel)
    if purpose:
        query = query.where(messages.c.purpose == purpose)
    return [row.message_id for row in connection.execute(query)]


def in_flight(connection: Connection) -> list[Any]:
    """Messages in `sending` or `unknown`, of every school."""
    return list(
        connection.execute(
            select(messages).where(messages.c.status.in_(["sending", "unknown"])).order_by(messages.c.claimed_at)
        )
    )


def unsettled(connection: Connection, *, sent_before: datetime, polled_before: datetime, limit: int = 200) -> list[Any]:
    """Messages the provider took, whose fate is still open long after."""
    return list(
        connection.execute(
            select(messages)
            .where(
                messages.c.status.in_(["accepted", "sent"]),
                messages.c.sent_at <= sent_before,
                or_(messages.c.polled_at.is_(None), messages.c.polled_at <= polled_before),
            )
            .order_by(messages.c.sent_at)
            .limit(limit)
        )
    )


def note_polled(connection: Connection, school_id: str, message_id: str, at: datetime) -> None:
    """Record that the provider was asked about a message."""
    connection.execute(
        update(messages)
        .where(messages.c.school_id == school_id, messages.c.message_id == message_id)
        .values(polled_at=at)
    )


def known_provider_ids(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of the provider's ids that some message of ours already carries."""
    found: set[str] = set()
    for chunk in in_chunks(list(ids)):
        rows = connection.execute(select(messages.c.provider_id).where(messages.c.provider_id.in_(chunk)))
        found.update(row.provider_id for row in rows)
    return found


def last_to_address(connection: Connection, channel: str, address: str, *, since: datetime) -> Any | None:
    """The newest message that may have reached an address: whoever answers, answers that one."""
    return connection.execute(
        select(messages)
        .where(
            messages.c.to_address == address,
            messages.c.channel == channel,
            messages.c.created_at >= since,
            messages.c.audience == "carer",
            messages.c.status.in_(sorted(MAY_HAVE_LEFT | {MessageStatus.UNDELIVERED})),
        )
        .order_by(desc(messages.c.created_at))
        .limit(1)
    ).first()


def take_overdue(connection: Connection, *, now: datetime, limit: int = 500) -> list[Any]:
    """Queued or held messages past their deadline; each is still in its state when it is ended."""
    return list(
        connection.execute(
            select(messages)
            .where(messages.c.status.in_(["queued", "held"]), messages.c.expires_at <= now)
            .order_by(messages.c.school_id, messages.c.message_id)
            .limit(limit)
        )
    )


def oldest_due(connection: Connection, now: datetime) -> datetime | None:
    """When the longest-waiting due message fell due; None where nothing waits."""
    return connection.execute(
        select(func.min(messages.c.due_at)).where(messages.c.status == "queued", messages.c.due_at <= now)
    ).scalar_one_or_none()


def counts_by_status(connection: Connection, school_id: str | None = None, day: date | None = None) -> dict[str, int]:
    """How many messages are in each state."""
    query = select(messages.c.status, func.count().label("n")).group_by(messages.c.status)
    if school_id is not None:
        query = query.where(messages.c.school_id == school_id)
    if day is not None:
        query = query.where(messages.c.day == day)
    return {row.status: row.n for row in connection.execute(query)}


def names_of(connection: Connection, school_id: str, pupil_ids: Iterable[str]) -> dict[str, Any]:
    """Pupil rows by id, on roll or not, for showing."""
    wanted = listed(connection, sorted(set(pupil_ids)))
    rows = connection.execute(select(pupils).where(pupils.c.school_id == school_id, pupils.c.pupil_id.in_(wanted)))
    return {row.pupil_id: row for row in rows}
