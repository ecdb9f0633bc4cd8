"""The log of everything sent and received, read along one growing number, so that a page costs the same at any depth.

What never changes about a message or reply is kept in rows of its own (`log_entries`), added in the same transaction; the messages'
own rows, which change with every receipt, carry no index for searching. Pages go on from the last entry seen, never by counting
over. Why it is made like this, and what encrypting the words would change: docs/decisions/0015-message-search.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    desc,
    exists,
    func,
    literal,
    literal_column,
    select,
    table,
    text,
    update,
)
from sqlalchemy import column as named
from sqlalchemy.sql.expression import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from notifier.domain.messages import MessageStatus
from notifier.domain.search_words import kept_words, wanted_words
from notifier.store.database import Row, in_chunks, insert_missing
from notifier.store.tables import ENDED_BADLY, log_entries, message_pupils, messages, replies, reply_pupils

OUT: Final = "out"
IN: Final = "in"
STAFF: Final = "staff"
"""Directions: to families, from families, alerts to staff."""

FEW_OR_IN_FLIGHT: Final = frozenset(MessageStatus) - {MessageStatus.SENT, MessageStatus.DELIVERED}
"""States found by an index of the messages in them. Most messages are sent or delivered: these are met soon along the log."""

A_FEW_WEEKS: Final = timedelta(weeks=10)
"""All of a school's entries of so long a time are quickly put in order."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search asks for. None: no such condition; an empty tuple: nothing can be found. All conditions must hold.

    `since` and `until` are instants (until is left out). `direction` empty means to and from families.
    """

    typed: str = ""
    direction: str = ""
    channel: str = ""
    template: str = ""
    status: str = ""
    pupil_ids: tuple[str, ...] | None = None
    carer_ids: tuple[str, ...] | None = None
    addresses: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log, with the whole row of the message or reply."""

    number: int
    direction: str
    row: Any


def add_sent(connection: Connection, rows: Sequence[Row]) -> None:
    """Enter new messages; those entered before are left as they are."""
    insert_missing(
        connection,
        log_entries,
        [
            {
                "school_id": row["school_id"],
                "item_id": row["message_id"],
                "direction": STAFF if row.get("audience") == "staff" else OUT,
                "at": row["created_at"],
                "channel": row["channel"],
                "template": row["template"],
                "carer_id": row.get("carer_id"),
                "address": row["to_address"],
                "words": kept_words(row["school_id"], row.get("subject"), row["body"]),
            }
            for row in rows
        ],
    )


def add_received(connection: Connection, rows: Sequence[Row]) -> None:
    """Enter replies, with the pupils they are about; also for one that is laid to a school only later."""
    insert_missing(
        connection,
        log_entries,
        [
            {
                "school_id": row["school_id"],
                "item_id": row["reply_id"],
                "direction": IN,
                "at": row["received_at"],
                "channel": row["channel"],
                "template": None,
                "carer_id": row.get("carer_id"),
                "address": row["sender"],
                "words": kept_words(row["school_id"], row["body"]),
            }
            for row in rows
        ],
    )
    about = [
        {"school_id": row["school_id"], "reply_id": row["reply_id"], "pupil_id": pupil_id}
        for row in rows
        for pupil_id in sorted(set(row.get("pupil_ids") or ()))
    ]
    insert_missing(connection, reply_pupils, about)


def laid_to(connection: Connection, school_id: str, reply_id: str, carer_id: str) -> None:
    """A stranger's reply turned out to be a carer's: the only change an entry ever sees."""
    connection.execute(
        update(log_entries)
        .where(log_entries.c.school_id == school_id, log_entries.c.item_id == reply_id)
        .values(carer_id=carer_id)
    )


def find(
    connection: Connection, school_id: str, wanted: Wanted, *, before: int | None = None, limit: int = 50
) -> list[Entry]:
    """A school's entries, the newest first, from below `before` on."""
    kind, item = log_entries.c.direction, log_entries.c.item_id
    query = numbers(connection, school_id, wanted, before=before).with_only_columns(log_entries.c.entry, kind, item)
    found = connection.execute(query.limit(limit)).all()
    by_id = {
        **_rows(
            connection,
            school_id,
            messages,
            messages.c.message_id,
            [row.item_id for row in found if row.direction != IN],
        ),
        **_rows(
            connection, school_id, replies, replies.c.reply_id, [row.item_id for row in found if row.direction == IN]
        ),
    }
    return [Entry(row.entry, row.direction, by_id[row.item_id]) for row in found if row.item_id in by_id]


def numbers(connection: Connection, school_id: str, wanted: Wanted, *, before: int | None) -> Select[Any]:
    """The statement behind `find`, for looking at how an engine carries it out."""
    entries, lite = log_entries.c, connection.dialect.name == "sqlite"
    people = any(part is not None for part in (wanted.pupil_ids, wanted.carer_ids, wanted.addresses))
    narrow = people or wanted.status in FEW_OR_IN_FLIGHT
    words = wanted_words(school_id, wanted.typed) if wanted.typed else None
    by_index = words and not narrow
    of = _unindexed if by_index and lite else (lambda column: column)
    place = _unled if by_index and not lite else of
    query = select(log_entries).where(place(entries.school_id) == school_id)
    by_state = not people and narrow
    by_ids = wanted.pupil_ids is not None or by_state
    number: Any = entries.entry
    if (by_ids and lite) or (not by_ids and not by_index and _a_few_weeks(wanted)):
        number = _unindexed(
            entries.entry
        )  # the few are found and put in order; walking back to them would read all that is newer
    if words is not None and not words:
        query = query.where(literal(1) == 0)  # signs alone, which are no words
    elif by_index and lite:
        hits = table("log_words", named("rowid"))
        match = text("log_words MATCH :words").bindparams(words=" AND ".join(f'"{word}"*' for word in words or ()))
        query = query.select_from(hits.join(log_entries, entries.entry == hits.c.rowid)).where(match)
        number = hits.c.rowid
    elif by_index:
        lexemes = " & ".join(f"'{word}':*" for word in words or ())
        query = query.where(
            text("array_to_tsvector(string_to_array(log_entries.words, ' ')) @@ CAST(:words AS tsquery)").bindparams(
                words=lexemes
            )
        )
    else:
        for word in words or ():
            query = query.where((literal(" ") + entries.words).like(f"% {word}%"))
    if before is not None:
        query = query.where(number < before)
    if wanted.direction:
        query = query.where(of(entries.direction) == wanted.direction)
    else:
        query = query.where(of(entries.direction).in_([OUT, IN]))
    for value, column in ((wanted.channel, entries.channel), (wanted.template, entries.template)):
        if value:
            query = query.where(of(column) == value)
    if wanted.since is not None:
        query = query.where(of(entries.at) >= literal(wanted.since, entries.at.type))
    if wanted.until is not None:
        query = query.where(of(entries.at) < literal(wanted.until, entries.at.type))
    if wanted.carer_ids is not None:
        query = query.where(entries.carer_id.in_(wanted.carer_ids))
    if wanted.addresses is not None:
        query = query.where(entries.address.in_(wanted.addresses))
    if wanted.pupil_ids is not None:
        query = query.where(entries.item_id.in_(_about(school_id, wanted.pupil_ids)))
    if wanted.status:
        query = query.where(_in_state(connection, school_id, MessageStatus(wanted.status), of, few=by_state))
    return query.order_by(desc(number))


def _a_few_weeks(wanted: Wanted) -> bool:
    return wanted.since is not None and wanted.until is not None and wanted.until - wanted.since <= A_FEW_WEEKS


def _unled(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """The school's column where its mark in the words leads already: PostgreSQL would read all numbers of a school beside them."""
    return column.concat("")


def _unindexed(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """A column that the engine must not choose an index for, where another index leads: it knows too little to choose by itself."""
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)  # a plus sign, which changes nothing


def _about(school_id: str, pupil_ids: Sequence[str]) -> Any:
    sent = select(message_pupils.c.message_id).where(
        message_pupils.c.school_id == school_id, message_pupils.c.pupil_id.in_(pupil_ids)
    )
    return sent.union_all(
        select(reply_pupils.c.reply_id).where(
            reply_pupils.c.school_id == school_id, reply_pupils.c.pupil_id.in_(pupil_ids)
        )
    )


def _in_state(
    connection: Connection, school_id: str, status: MessageStatus, of: Any, *, few: bool
) -> ColumnElement[bool]:
    """Messages in a state: from the index of those in it, else by looking at each message on the way.

    SQLite uses an index made for some states only where the statement says the index's condition in its very words.
    """
    state: ColumnElement[str] = literal_column(f"'{status.value}'")
    if few:
        lite = connection.dialect.name == "sqlite"
        of_school = messages.c.school_id == school_id
        at_school = _unindexed(messages.c.school_id) == school_id if lite else of_school
        if status is MessageStatus.QUEUED:
            chosen = and_(at_school, text("messages.status = 'queued'"))
        elif status is MessageStatus.SENDING:
            in_flight = text("messages.status IN ('sending', 'unknown')")
            chosen = and_(at_school, in_flight, messages.c.status == state)
        else:
            chosen = and_(of_school, messages.c.status == state, text(f"messages.{ENDED_BADLY}"))
        return log_entries.c.item_id.in_(select(messages.c.message_id).where(chosen))
    return exists().where(
        messages.c.school_id == school_id,
        messages.c.message_id == of(log_entries.c.item_id),
        messages.c.status == state,
    )


def _rows(connection: Connection, school_id: str, kept: Any, key: Any, ids: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for chunk in in_chunks(ids):
        for row in connection.execute(select(kept).where(kept.c.school_id == school_id, key.in_(chunk))):
            found[row._mapping[key]] = row
    return found


def templates_used(connection: Connection, school_id: str) -> list[str]:
    """The templates of a school's messages, by key; found by skipping along the index, not by reading it."""
    found: list[str] = []
    while True:
        query = select(func.min(log_entries.c.template)).where(log_entries.c.school_id == school_id)
        last = connection.execute(query.where(log_entries.c.template > found[-1]) if found else query).scalar_one()
        if last is None:
            return found
        found.append(last)


def of_items(connection: Connection, school_id: str, item_ids: Sequence[str]) -> list[Any]:
    """The entries of some messages and replies."""
    found: list[Any] = []
    for chunk in in_chunks(list(item_ids)):
        condition = and_(log_entries.c.school_id == school_id, log_entries.c.item_id.in_(chunk))
        found.extend(connection.execute(select(log_entries).where(condition)))
    return found


def of_pupil(connection: Connection, school_id: str, pupil_id: str, since: datetime, until: datetime) -> list[Entry]:
    """Everything sent and received about a pupil between two instants, the oldest first."""
    wanted = Wanted(pupil_ids=(pupil_id,), since=since, until=until)
    return list(reversed(find(connection, school_id, wanted, limit=100_000)))
