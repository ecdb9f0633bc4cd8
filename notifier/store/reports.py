"""What the reports count, grouped by the database: one query for each subject, for one school or many, whatever the number of pupils.

Every query is bound by schools and by local days, both ends included, and leads with the index on them. Nothing here names a pupil but
`to_put_right`, which is for a school's own staff. `services.reports` puts the figures together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Integer, Subquery, and_, case, cast, distinct, extract, func, literal, or_, select
from sqlalchemy.sql.elements import ColumnElement

from notifier.domain.messages import MAY_HAVE_LEFT, MessageStatus
from notifier.domain.sessions import Session
from notifier.store.tables import (
    address_faults,
    carers,
    contacts,
    current_marks,
    follow_ups,
    holds,
    message_pupils,
    messages,
    opt_outs,
    pupils,
    replies,
)

ABSENCE, ALL_CLEAR = "absence", "all_clear"
LEFT = tuple(sorted({*(state.value for state in MAY_HAVE_LEFT), MessageStatus.UNDELIVERED.value}))
"""States of a message that a provider took, or may have taken."""

LATE = ("L", "U")
"""Codes of a pupil who came, but late."""

BY_ITSELF = ("register", "no longer needed")
"""Who is said to have released a hold that no person released."""

MOST_TO_PUT_RIGHT = 200
"""The most contacts listed by name."""


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


def _sum(condition: Any) -> Any:
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
    return follow_ups.outerjoin(sent, and_(sent.c.school_id == mine.school_id, sent.c.follow_up_id == mine.follow_up_id))


def reach(connection: Connection, scope: Scope, *, session: Session | None = None) -> list[Any]:
    """By school: follow-ups, those written to, with a receipt, answered after a message, closed, open; false alarms by cause."""
    mine, sent = follow_ups.c, _first_sent(scope)
    written = sent.c.follow_up_id.is_not(None)
    late = or_(mine.closed_reason == "arrived_later", and_(mine.closed_reason == "present", mine.closed_code.in_(LATE)))
    query = (
        select(
            mine.school_id,
            func.count().label("follow_ups"),
            _sum(written).label("written"),
            _sum(sent.c.delivered == 1).label("delivered"),
            _sum(and_(written, mine.answered_at.is_not(None))).label("answered"),
            _sum(mine.closed_at.is_not(None)).label("closed"),
            _sum(and_(written, late)).label("came_late"),
            _sum(and_(written, mine.closed_reason == "present", ~late)).label("was_present"),
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
        .where(scope.of_days(follow_ups), mine.answered_at.is_not(None), sent.c.sent_at.is_not(None), mine.answered_at >= sent.c.sent_at)
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
            *(_sum(clock < cut_off).label(f"by_{number}") for number, cut_off in enumerate(cut_offs)),
            _sum(response.is_not(None)).label("ever"),
        )
        .where(scope.of_days(follow_ups), mine.session == Session.AM.value)
        .group_by(mine.school_id, mine.day)
        .order_by(mine.school_id, mine.day)
    )  # fmt: skip
    return list(connection.execute(query))


def answers(connection: Connection, scope: Scope) -> list[Any]:
    """(school_id, intent, urgent, replies), the answers of known families by what they say."""
    query = (
        select(replies.c.school_id, replies.c.intent, func.count().label("replies"), _sum(replies.c.urgent).label("urgent"))
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
    """(school_id, sessions, pupils): how many pupils missed so many sessions; those who missed none are not in it."""
    mark = current_marks.c
    each = (
        select(mark.school_id, mark.pupil_id, func.count().label("sessions"))
        .where(scope.of_days(current_marks), mark.code.in_(sorted(absent_codes)))
        .group_by(mark.school_id, mark.pupil_id)
        .subquery()
    )
    query = select(each.c.school_id, each.c.sessions, func.count().label("pupils")).group_by(each.c.school_id, each.c.sessions)
    return list(connection.execute(query))


def pupils_marked(connection: Connection, scope: Scope) -> dict[str, int]:
    """How many pupils had any mark, by school."""
    mark = current_marks.c
    query = (
        select(mark.school_id, func.count(distinct(mark.pupil_id)).label("pupils"))
        .where(scope.of_days(current_marks))
        .group_by(mark.school_id)
    )
    return {row.school_id: row.pupils for row in connection.execute(query)}


def cost(connection: Connection, scope: Scope) -> list[Any]:
    """What left, by school, wanted language and channel: messages, parts, pence, and how many went out in English instead."""
    mine = messages.c
    query = (
        select(
            mine.school_id, mine.wanted_language, mine.channel,
            func.count().label("messages"), func.sum(mine.segments).label("parts"), func.sum(mine.cost_pence).label("pence"),
            _sum(mine.language != mine.wanted_language).label("instead"),
        )
        .where(scope.of_days(messages), mine.audience == "carer", mine.status.in_(LEFT))
        .group_by(mine.school_id, mine.wanted_language, mine.channel)
    )  # fmt: skip
    return list(connection.execute(query))


def outcomes(connection: Connection, scope: Scope) -> list[Any]:
    """(school_id, channel, status, messages) of everything meant for families."""
    mine = messages.c
    query = (
        select(mine.school_id, mine.channel, mine.status, func.count().label("messages"))
        .where(scope.of_days(messages), mine.audience == "carer")
        .group_by(mine.school_id, mine.channel, mine.status)
    )
    return list(connection.execute(query))


def never_delivered(connection: Connection, scope: Scope, at_least: int) -> list[Any]:
    """(school_id, channel, addresses) with so many messages or more and a receipt that none of them arrived."""
    each = _never_delivered(scope, at_least).subquery()
    query = select(each.c.school_id, each.c.channel, func.count().label("addresses")).group_by(each.c.school_id, each.c.channel)
    return list(connection.execute(query))


def _never_delivered(scope: Scope, at_least: int) -> Any:
    mine = messages.c
    return (
        select(mine.school_id, mine.channel, mine.to_address)
        .where(scope.of_days(messages), mine.audience == "carer", mine.status.in_((*LEFT, MessageStatus.FAILED.value)))
        .group_by(mine.school_id, mine.channel, mine.to_address)
        .having(
            func.count() >= at_least,
            _sum(mine.delivered_at.is_not(None)) == 0,
            _sum(mine.status.in_((MessageStatus.UNDELIVERED.value, MessageStatus.FAILED.value))) > 0,
        )
    )


def faults(connection: Connection, schools: Sequence[str]) -> list[Any]:
    """(school_id, channel, reason, addresses) that stand now."""
    mine = address_faults.c
    query = (
        select(mine.school_id, mine.channel, mine.reason, func.count().label("addresses"))
        .where(mine.school_id.in_(schools), mine.cleared_at.is_(None))
        .group_by(mine.school_id, mine.channel, mine.reason)
    )
    return list(connection.execute(query))


def carers_by_way(connection: Connection, schools: Sequence[str]) -> list[Any]:
    """(school_id, carers, by_text, by_mail, by_none): how carers of pupils on roll can be written to now.

    An address with a fault or a STOP that stands is none.
    """
    mobile, mail = _usable("sms", carers.c.mobile), _usable("email", carers.c.email)
    on_roll = (
        select(literal(1))
        .select_from(contacts.join(pupils, and_(pupils.c.school_id == contacts.c.school_id, pupils.c.pupil_id == contacts.c.pupil_id)))
        .where(contacts.c.school_id == carers.c.school_id, contacts.c.carer_id == carers.c.carer_id, pupils.c.on_roll)
        .correlate(carers)
        .exists()
    )
    query = (
        select(
            carers.c.school_id, func.count().label("carers"), _sum(mobile).label("by_text"),
            _sum(and_(~mobile, mail)).label("by_mail"), _sum(and_(~mobile, ~mail)).label("by_none"),
        )
        .where(carers.c.school_id.in_(schools), on_roll)
        .group_by(carers.c.school_id)
    )  # fmt: skip
    return list(connection.execute(query))


def _usable(channel: str, address: Any) -> Any:
    fault, stop = address_faults.c, opt_outs.c
    faulty = (
        select(literal(1))
        .where(fault.school_id == carers.c.school_id, fault.channel == channel, fault.address == address, fault.cleared_at.is_(None))
        .correlate(carers)
        .exists()
    )
    stopped = (
        select(literal(1))
        .where(stop.school_id == carers.c.school_id, stop.channel == channel, stop.address == address, stop.ended_at.is_(None))
        .correlate(carers)
        .exists()
    )
    return and_(address.is_not(None), address != "", ~faulty, ~stopped)


def register_holds(connection: Connection, scope: Scope, kinds: Collection[str]) -> list[Any]:
    """(school_id, kind, group, holds, still_held, by_person, minutes): registers that held a group, and how long on average."""
    mine = holds.c
    ended = case((mine.released_at.is_not(None), _seconds(mine.released_at, mine.made_at)))
    query = (
        select(
            mine.school_id, mine.kind, mine.scope.label("group"), func.count().label("holds"),
            _sum(mine.released_at.is_(None)).label("still_held"),
            _sum(and_(mine.released_at.is_not(None), mine.released_by.not_in(BY_ITSELF))).label("by_person"),
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


def to_put_right(connection: Connection, scope: Scope, school_id: str, at_least: int) -> list[Any]:
    """A school's contacts whose address does not work, by name: (carer_id, name, channel, address, why, found_at).

    `why` is a fault's reason, or "never_delivered".
    """
    own = Scope((school_id,), scope.first, scope.last, scope.since, scope.until)
    fault, silent = address_faults.c, _never_delivered(own, at_least).subquery()
    columns = (carers.c.carer_id, carers.c.name)
    faulty = (
        select(*columns, fault.channel, fault.address, fault.reason.label("why"), fault.found_at)
        .join(
            address_faults,
            and_(
                fault.school_id == carers.c.school_id,
                or_(
                    and_(fault.channel == "sms", fault.address == carers.c.mobile),
                    and_(fault.channel == "email", fault.address == carers.c.email),
                ),
            ),
        )
        .where(carers.c.school_id == school_id, fault.cleared_at.is_(None))
    )
    unheard = select(
        *columns, silent.c.channel, silent.c.to_address.label("address"), literal("never_delivered").label("why"),
        literal(None).label("found_at"),
    ).join(
        silent,
        or_(
            and_(silent.c.channel == "sms", silent.c.to_address == carers.c.mobile),
            and_(silent.c.channel == "email", silent.c.to_address == carers.c.email),
        ),
    ).where(carers.c.school_id == school_id)  # fmt: skip
    listed = [*connection.execute(faulty.limit(MOST_TO_PUT_RIGHT)), *connection.execute(unheard.limit(MOST_TO_PUT_RIGHT))]
    seen: dict[tuple[str, str], Any] = {}
    for row in listed:
        seen.setdefault((row.carer_id, row.channel), row)
    return list(seen.values())[:MOST_TO_PUT_RIGHT]
