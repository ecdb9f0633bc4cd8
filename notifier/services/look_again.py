"""The last look before a message leaves: still absent, still permitted, still in time, school open?

`gather` reads what a whole batch of many schools is looked at against, with a handful of queries; `look_again` judges one school's
part. What may leave is returned; everything else is ended here, with its reason, and the follow-up goes on another way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from notifier.domain.choosing import Barrier, Circle, circle_of
from notifier.domain.messages import MessageStatus
from notifier.domain.reasons import Reason
from notifier.domain.schools import School
from notifier.domain.sessions import Session, at_local
from notifier.services import follow_up, ladder, outbox
from notifier.services.application import Application
from notifier.services.proposals_last_look import overtaken
from notifier.store import follow_ups, last_look, people
from notifier.store import messages as store
from notifier.store.last_look import NamedPupil


@dataclass(frozen=True, slots=True)
class Facts:
    """What one school's messages are looked at against: the pupils each names, and each pupil's contacts, as they are now."""

    named: Mapping[str, Sequence[NamedPupil]]
    circles: Mapping[str, Circle]


def gather(
    connection: Connection, app: Application, schools: Mapping[str, School], rows: Sequence[Any]
) -> dict[str, Facts]:
    """The facts for messages of several schools, by school, with a handful of queries whatever the number of schools."""
    for_carers = [row for row in rows if row.audience == "carer"]
    named = last_look.named_pupils(connection, [(row.school_id, row.message_id) for row in for_carers])
    days: dict[str, date] = {}
    wanted: dict[str, set[str]] = {}
    for row in for_carers:
        days[row.school_id] = max(row.day, days.get(row.school_id, row.day))
        wanted.setdefault(row.school_id, set()).update(pupil.pupil_id for pupil in named.get(row.message_id, ()))
    rolls = people.rolls_of(
        connection, [(school_id, pupil_id) for school_id, ids in wanted.items() for pupil_id in ids]
    )
    blocks = last_look.blocks_of(connection, days)
    facts = {school_id: Facts(named, {}) for school_id in schools}
    for school_id, roll in rolls.items():
        channels = app.usable_channels(schools[school_id])
        circles = {
            pupil_id: circle_of(
                pupil, roll.contacts[pupil_id], roll.carers, school_channels=channels, blocks=blocks[school_id]
            )
            for pupil_id, pupil in roll.pupils.items()
        }
        facts[school_id] = Facts(named, circles)
    return facts


def look_again(
    connection: Connection,
    app: Application,
    school: School,
    rows: Sequence[Any],
    *,
    now: datetime,
    facts: Facts | None = None,
) -> tuple[list[Any], dict[str, int]]:
    """Sort claimed messages of one school into those that may leave and counts of those ended ("expired", "cancelled").

    `facts` are what `gather` found in this transaction; without them they are gathered here.
    """
    facts = facts or gather(connection, app, {school.key: school}, rows)[school.key]
    fit: list[Any] = []
    ended: Counter[str] = Counter()
    open_today = {day: app.calendar(school).is_school_day(day) for day in {row.day for row in rows}}
    proposed = [row for row in rows if row.purpose == outbox.PROPOSAL and row.expires_at > now]
    stopped = overtaken(connection, app, school, proposed, facts.named, now=now) if proposed else {}
    for row in rows:
        if leaves_until(school, row) <= now:
            _end(connection, app, school, row, MessageStatus.EXPIRED, Reason.PAST_DEADLINE, now)
            ended["expired"] += 1
        elif row.message_id in stopped:
            _end(connection, app, school, row, MessageStatus.CANCELLED, stopped[row.message_id], now)
            ended["cancelled"] += 1
        elif row.audience == "staff":
            fit.append(row)
        elif row.purpose == outbox.ABSENCE and not open_today[row.day]:
            _end(connection, app, school, row, MessageStatus.CANCELLED, Reason.SCHOOL_CLOSED, now)
            ended["cancelled"] += 1
        else:
            reason = _obstacle(connection, app, school, row, facts, now)
            if reason is None:
                fit.append(row)
            else:
                ended["cancelled"] += 1
    return fit, ended


def leaves_until(school: School, row: Any) -> datetime:
    """Until when a message may leave: its own deadline, or the school's last time for texts where that is earlier now."""
    deadline: datetime = row.expires_at
    times = school.times.get(Session(row.session)) if row.purpose == outbox.ABSENCE else None
    return min(deadline, at_local(row.day, times.last_contact)) if times else deadline


def end_overdue(connection: Connection, app: Application, *, now: datetime) -> int:
    """End every message past its deadline, also where its channel is stopped or not set up; returns how many."""
    rows = store.take_overdue(connection, now=now)
    for row in rows:
        _end(
            connection,
            app,
            app.school(connection, row.school_id),
            row,
            MessageStatus.EXPIRED,
            Reason.PAST_DEADLINE,
            now,
        )
    return len(rows)


def _obstacle(
    connection: Connection, app: Application, school: School, row: Any, facts: Facts, now: datetime
) -> Reason | None:
    """Why a message to a carer may not leave; it is ended here then. None where it may."""
    links = facts.named.get(row.message_id, ())
    for link in links:
        reason = _not_permitted(row, facts.circles.get(link.pupil_id))
        if reason is not None:
            _end(connection, app, school, row, MessageStatus.CANCELLED, reason, now)
            return reason
    if row.purpose != outbox.ABSENCE:
        return None
    still, gone = [], None
    for link in links:
        if link.code is None or not app.codes.triggers_contact(link.code):
            gone = Reason.NO_LONGER_ABSENT
        elif link.closed:
            gone = Reason.CLOSED_BY_STAFF
        elif link.answered:
            gone = Reason.ANSWERED
        else:
            still.append(link)
    if gone is None:
        return None
    reason = Reason.REPLACED if still else gone
    store.move(connection, school.key, [row.message_id], MessageStatus.CANCELLED, at=now, reason=reason.value)
    if still:
        _say_it_without(connection, app, school, row, still, facts, now)
    return reason


def _not_permitted(row: Any, circle: Circle | None) -> Reason | None:
    """Whether the carer may still get this message, at this address, by this channel."""
    reach = next((reach for reach in (circle.reaches if circle else ()) if reach.carer.carer_id == row.carer_id), None)
    if reach is None:
        return Reason.NO_CONTACT_ALLOWED
    if reach.barrier is Barrier.OPTED_OUT:
        return Reason.OPTED_OUT
    if reach.barrier is Barrier.SUPPRESSED:
        return Reason.SUPPRESSED
    if reach.barrier is Barrier.NO_ADDRESS:
        return Reason.NO_USABLE_CONTACT
    if reach.barrier is not None:
        return Reason.NO_CONTACT_ALLOWED
    if row.channel not in reach.channels or reach.address(row.channel) != row.to_address:
        return Reason.NO_USABLE_CONTACT
    return None


def _end(
    connection: Connection,
    app: Application,
    school: School,
    row: Any,
    status: MessageStatus,
    reason: Reason,
    now: datetime,
) -> None:
    moved = store.move(connection, school.key, [row.message_id], status, at=now, reason=reason.value)
    if not moved or row.audience != "carer":
        return
    if reason is Reason.SCHOOL_CLOSED:  # nobody else is written to either; people see to the child
        _to_people(connection, school, row, Reason.CLOSED_MEANWHILE, now)
    else:
        ladder.pass_on(connection, app, school, row, now=now, reason=reason)


def _to_people(connection: Connection, school: School, row: Any, reason: Reason, now: datetime) -> None:
    links = store.links_of(connection, school.key, [row.message_id]).get(row.message_id, [])
    chased = [link.follow_up_id for link in links if link.follow_up_id]
    for each in follow_ups.by_ids(connection, school.key, chased):
        follow_up.put_on_call_list(connection, school, each, reason, now)


def _say_it_without(
    connection: Connection,
    app: Application,
    school: School,
    row: Any,
    still: Sequence[NamedPupil],
    facts: Facts,
    now: datetime,
) -> None:
    """Queue the same message again, naming only the pupils who are still absent."""
    reach = next(reach for reach in facts.circles[still[0].pupil_id].reaches if reach.carer.carer_id == row.carer_id)
    draft = outbox.Draft(
        carer=reach.carer,
        channel=row.channel,
        address=row.to_address,
        pupils=tuple(facts.circles[link.pupil_id].pupil for link in still),
        template=row.template,
        purpose=row.purpose,
        step=row.step,
        follow_up_ids={link.pupil_id: link.follow_up_id for link in still if link.follow_up_id},
    )
    timing = outbox.Timing(now=now, due_at=now, expires_at=row.expires_at)
    outbox.queue(connection, app, school, [draft], day=row.day, session=row.session, timing=timing)
