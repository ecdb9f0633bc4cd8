"""What the reports count, grouped by the database: one query for each subject, for one school or many, whatever the number of pupils.

Every query is bound by schools and by local days, both ends included, and leads with the index on them. Nothing here names a
pupil. Contacts and addresses are in `report_contacts`; `services.reports` puts the figures together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Integer, Subquery, and_, case, cast, extract, func, literal, or_, select
from sqlalchemy.sql.elements import ColumnElement

from notifier.domain.messages import MAY_HAVE_LEFT, MessageStatus
from notifier.domain.sessions import Session
from notifier.store.tables import (
    current_marks,
    follow_ups,
    holds,
    message_pupils,
    messages,
    replies,
)

ABSENCE, ALL_CLEAR = "absence", "all_clear"
LEFT = tuple(sorted({*(state.value for state in MAY_HAVE_LEFT), MessageStatus.UNDELIVERED.value}))
"""States of a message that a provider took, or may have taken."""

LATE = ("L", "U")
"""Codes of a pupil who came, but late."""

BY_ITSELF = ("register", "no longer needed")
"""Who is said to have released a hold that no person released."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which schools and which local days; `since` and `until` are the same days as instants, the end excluded."""

    schools: tuple[str, ...]
    first: date
    last: date
    since: datetime
    until: datetime

    def of_days(self, table: Any) -> ColumnElement[bool]:
        """The schools and days of a table with a `day`."""
        return and_(table.c.school_id.in_(self.schools), table.c.day >= self.first, table.c.day <= self.last)

    def of_instants(self, table: Any, column: Any) -> ColumnElement[bool]:
        """The schools and days of a table with an instant."""
        return and_(table.c.school_id.in_(self.schools), column >= self.since, column < self.until)


@dataclass(frozen=True, slots=True)
class SummerTime:
    """Days within a scope whose local clock is ahead of UTC, by so many seconds."""

    first: date
    last: date
    seconds: int


def _seconds(later: Any, earlier: Any) -> Any:
    return cast(extract("epoch", later), Integer) - cast(extract("epoch", earlier), Integer)


def sum_of(condition: Any) -> Any:
    """How many rows of a group a condition holds for; nought for none."""
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _first_sent(scope: Scope) -> Subquery:
    """For each follow-up: when its first message left, and whether one arrived."""
    return (
        select(
            message_pupils.c.school_id,
            message_pupils.c.follow_up_id,
            func.min(messages.c.sent_at).label("sent_at"),
            func.max(case((messages.c.delivered_at.is_not(None), 1), else_=0)).label("delivered"),
        )
        .join(messages, and_(messages.c.school_id == message_pupils.c.school_id, messages.c.message_id == message_pupils.c.message_id))
        .where(
            scope.of_days(messages), messages.c.purpose == ABSENCE, messages.c.status.in_(LEFT),
            message_pupils.c.follow_up_id.is_not(None),
        )
        .group_by(message_pupils.c.school_id, message_pupils.c.follow_up_id)
        .subquery()
    )  # fmt: skip


def _with_sent(scope: Scope, sent: Subquery) -> Any:
    mine = follow_ups.c
    return follow_ups.outerjoin(
        sent, and_(sent.c.school_id == mine.school_id, sent.c.follow_up_id == mine.follow_up_id)
    )


def reach(connection: Connection, scope: Scope, *, session: Session | None = None) -> list[Any]:
    """By school: follow-ups, those written to, with a receipt, answered after a message, closed, open; false alarms by cause."""
    mine, sent = follow_ups.c, _first_sent(scope)
    written = sent.c.follow_up_id.is_not(None)
    late = or_(mine.closed_reason == "arrived_later", and_(mine.closed_reason == "present", mine.closed_code.in_(LATE)))
    query = (
        select(
            mine.school_id,
            func.count().label("follow_ups"),
            sum_of(written).label("written"),
            sum_of(sent.c.delivered == 1).label("delivered"),
            sum_of(and_(written, mine.answered_at.is_not(None))).label("answered"),
            sum_of(mine.closed_at.is_not(None)).label("closed"),
            sum_of(and_(written, late)).label("came_late"),
            sum_of(and_(written, mine.closed_reason == "present", ~late)).label("was_present"),
        )
        .select_from(_with_sent(scope, sent))
        .where(scope.of_days(follow_ups))
        .group_by(mine.school_id)
    )
    if session is not None:
        query = query.where(mine.session == session.value)
    return list(connection.execute(query))


def answer_minutes(connection: Connection, scope: Scope) -> list[Any]:
    """(school_id, minutes, follow_ups): whole minutes from the first message to the first answer, and how many took so long."""
    mine, sent = follow_ups.c, _first_sent(scope)
    seconds = _seconds(mine.answered_at, sent.c.sent_at)
    minutes = ((seconds - seconds % 60) / 60).label("minutes")
    query = (
        select(mine.school_id, cast(minutes, Integer).label("minutes"), func.count().label("follow_ups"))
        .select_from(_with_sent(scope, sent))
        .where(
            scope.of_days(follow_ups),
            mine.answered_at.is_not(None),
            sent.c.sent_at.is_not(None),
            mine.answered_at >= sent.c.sent_at,
        )
        .group_by(mine.school_id, cast(minutes, Integer))
    )
    return list(connection.execute(query))


def first_responses(
    connection: Connection, scope: Scope, cut_offs: Sequence[int], summer: Sequence[SummerTime]
) -> list[Any]:
    """By school and day, for the morning's follow-ups: how many had an answer or a settled reason by each local time.

    `cut_offs` are seconds after local midnight; the columns are `follow_ups`, `by_0`, `by_1` … (each holds those before) and `ever`.
    """
    mine = follow_ups.c
    response = case(
        (mine.answered_at.is_(None), mine.closed_at),
        (mine.closed_at.is_(None), mine.answered_at),
        (mine.answered_at < mine.closed_at, mine.answered_at),
        else_=mine.closed_at,
    )
    shift: Any = literal(0)
    if summer:
        shift = case(*((mine.day.between(each.first, each.last), each.seconds) for each in summer), else_=0)
    clock = _seconds(response, mine.day) + shift
    query = (
        select(
            mine.school_id, mine.day, func.count().label("follow_ups"),
            *(sum_of(clock < cut_off).label(f"by_{number}") for number, cut_off in enumerate(cut_offs)),
            sum_of(response.is_not(None)).label("ever"),
        )
        .where(scope.of_days(follow_ups), mine.session == Session.AM.value)
        .group_by(mine.school_id, mine.day)
        .order_by(mine.school_id, mine.day)
    )  # fmt: skip
    return list(connection.execute(query))


def answers(connection: Connection, scope: Scope) -> list[Any]:
    """(school_id, intent, urgent, replies), the answers of known families by what they say."""
    query = (
        select(
            replies.c.school_id,
            replies.c.intent,
            func.count().label("replies"),
            sum_of(replies.c.urgent).label("urgent"),
        )
        .where(scope.of_instants(replies, replies.c.received_at))
        .group_by(replies.c.school_id, replies.c.intent)
    )
    return list(connection.execute(query))


def marks_by_code(connection: Connection, scope: Scope) -> list[Any]:
    """(school_id, day, session, code, marks): the newest marks of pupils, whoever has left since among them."""
    mark = current_marks.c
    query = (
        select(mark.school_id, mark.day, mark.session, mark.code, func.count().label("marks"))
        .where(scope.of_days(current_marks))
        .group_by(mark.school_id, mark.day, mark.session, mark.code)
    )
    return list(connection.execute(query))


def sessions_missed(connection: Connection, scope: Scope, absent_codes: Collection[str]) -> list[Any]:
    """(school_id, sessions, pupils): how many of the pupils with any mark missed so many sessions, those who missed none too."""
    mark = current_marks.c
    each = (
        select(mark.school_id, mark.pupil_id, sum_of(mark.code.in_(sorted(absent_codes))).label("sessions"))
        .where(scope.of_days(current_marks))
        .group_by(mark.school_id, mark.pupil_id)
        .subquery()
    )
    query = select(each.c.school_id, each.c.sessions, func.count().label("pupils")).group_by(
        each.c.school_id, each.c.sessions
    )
    return list(connection.execute(query))


def cost(connection: Connection, scope: Scope) -> list[Any]:
    """What left, by school, wanted language and channel: messages, parts, pence, and how many went out in English instead."""
    mine = messages.c
    query = (
        select(
            mine.school_id, mine.wanted_language, mine.channel,
            func.count().label("messages"), func.sum(mine.segments).label("parts"), func.sum(mine.cost_pence).label("pence"),
            sum_of(mine.language != mine.wanted_language).label("instead"),
        )
        .where(scope.of_days(messages), mine.audience == "carer", mine.status.in_(LEFT))
        .group_by(mine.school_id, mine.wanted_language, mine.channel)
    )  # fmt: skip
    return list(connection.execute(query))


def register_holds(connection: Connection, scope: Scope, kinds: Collection[str]) -> list[Any]:
    """(school_id, kind, group, holds, still_held, by_person, minutes): registers that held a group, and how long on average."""
    mine = holds.c
    ended = case((mine.released_at.is_not(None), _seconds(mine.released_at, mine.made_at)))
    query = (
        select(
            mine.school_id, mine.kind, mine.scope.label("group"), func.count().label("holds"),
            sum_of(mine.released_at.is_(None)).label("still_held"),
            sum_of(and_(mine.released_at.is_not(None), mine.released_by.not_in(BY_ITSELF))).label("by_person"),
            (func.avg(ended) / 60).label("minutes"),
        )
        .where(scope.of_days(holds), mine.kind.in_(sorted(kinds)))
        .group_by(mine.school_id, mine.kind, mine.scope)
    )  # fmt: skip
    return list(connection.execute(query))


def false_alarms_by_day(connection: Connection, scope: Scope) -> list[Any]:
    """(school_id, day, cause, code, follow_ups): pupils whose carers had been written to, and who turned out to be in school."""
    mine, sent = follow_ups.c, _first_sent(scope)
    query = (
        select(
            mine.school_id, mine.day, mine.closed_reason.label("cause"), mine.closed_code.label("code"),
            func.count().label("follow_ups"),
        )
        .select_from(_with_sent(scope, sent))
        .where(
            scope.of_days(follow_ups), sent.c.follow_up_id.is_not(None), mine.closed_reason.in_(("present", "arrived_later")),
        )
        .group_by(mine.school_id, mine.day, mine.closed_reason, mine.closed_code)
    )  # fmt: skip
    return list(connection.execute(query))


def all_clears(connection: Connection, scope: Scope) -> dict[str, int]:
    """How many all-clear messages left, by school."""
    mine = messages.c
    query = (
        select(mine.school_id, func.count().label("messages"))
        .where(scope.of_days(messages), mine.purpose == ALL_CLEAR, mine.status.in_(LEFT))
        .group_by(mine.school_id)
    )
    return {row.school_id: row.messages for row in connection.execute(query)}
