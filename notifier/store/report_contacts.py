"""What the reports count of contacts and their addresses: what became of messages, faults, and whom nobody can write to.

Only `to_put_right` names anybody; it is for a school's own staff.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, and_, func, literal, or_, select

from notifier.domain.messages import MessageStatus
from notifier.store.reports import LEFT, Scope, sum_of
from notifier.store.tables import address_faults, carers, contacts, messages, opt_outs, pupils

MOST_TO_PUT_RIGHT = 200
"""The most contacts listed by name."""


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
    query = select(each.c.school_id, each.c.channel, func.count().label("addresses")).group_by(
        each.c.school_id, each.c.channel
    )
    return list(connection.execute(query))


def _never_delivered(scope: Scope, at_least: int) -> Any:
    mine = messages.c
    return (
        select(mine.school_id, mine.channel, mine.to_address)
        .where(scope.of_days(messages), mine.audience == "carer", mine.status.in_((*LEFT, MessageStatus.FAILED.value)))
        .group_by(mine.school_id, mine.channel, mine.to_address)
        .having(
            func.count() >= at_least,
            sum_of(mine.delivered_at.is_not(None)) == 0,
            sum_of(mine.status.in_((MessageStatus.UNDELIVERED.value, MessageStatus.FAILED.value))) > 0,
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
        .select_from(
            contacts.join(
                pupils, and_(pupils.c.school_id == contacts.c.school_id, pupils.c.pupil_id == contacts.c.pupil_id)
            )
        )
        .where(contacts.c.school_id == carers.c.school_id, contacts.c.carer_id == carers.c.carer_id, pupils.c.on_roll)
        .correlate(carers)
        .exists()
    )
    query = (
        select(
            carers.c.school_id, func.count().label("carers"), sum_of(mobile).label("by_text"),
            sum_of(and_(~mobile, mail)).label("by_mail"), sum_of(and_(~mobile, ~mail)).label("by_none"),
        )
        .where(carers.c.school_id.in_(schools), on_roll)
        .group_by(carers.c.school_id)
    )  # fmt: skip
    return list(connection.execute(query))


def _noted(about: Any, channel: str, address: Any, ended: Any) -> Any:
    """Whether a table holds something about the address that has not ended."""
    same = (about.school_id == carers.c.school_id, about.channel == channel, about.address == address)
    return select(literal(1)).where(*same, ended.is_(None)).correlate(carers).exists()


def _usable(channel: str, address: Any) -> Any:
    faulty = _noted(address_faults.c, channel, address, address_faults.c.cleared_at)
    stopped = _noted(opt_outs.c, channel, address, opt_outs.c.ended_at)
    return and_(address.is_not(None), address != "", ~faulty, ~stopped)


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
    listed = [
        *connection.execute(faulty.limit(MOST_TO_PUT_RIGHT)),
        *connection.execute(unheard.limit(MOST_TO_PUT_RIGHT)),
    ]
    seen: dict[tuple[str, str], Any] = {}
    for row in listed:
        seen.setdefault((row.carer_id, row.channel), row)
    return list(seen.values())[:MOST_TO_PUT_RIGHT]
