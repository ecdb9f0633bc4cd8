"""Climbing the ladder: the steps that are due, another way where a message did not arrive, and the list at the day's end.

What is due comes from `domain.ladder`; whom a step turns to from `services.steps`. Closing is `services.follow_up`'s business.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from notifier.domain.choosing import Blocks, Circle, circle_of
from notifier.domain.decisions import why_nobody
from notifier.domain.ladder import DueStep, due_steps, next_due, step_to_go_on
from notifier.domain.messages import MAY_HAVE_LEFT, WAITING, MessageStatus
from notifier.domain.policies import Audience
from notifier.domain.reasons import Reason
from notifier.domain.schools import School
from notifier.domain.sessions import Session, at_local, local_date
from notifier.services import alerts, outbox
from notifier.services.application import Application
from notifier.services.follow_up import note, put_on_call_list
from notifier.services.steps import drafts_for, step_drafts
from notifier.store import blocks as block_store
from notifier.store import follow_ups as store
from notifier.store import messages as message_store
from notifier.store import people


def _circles(
    connection: Connection,
    app: Application,
    school: School,
    pupil_ids: Sequence[str],
    day: date,
    blocks: Blocks | None = None,
) -> dict[str, Circle]:
    roll = people.load_roll(connection, school.key, pupil_ids=pupil_ids)
    blocks = blocks or block_store.load_blocks(connection, school.key, day)
    return {
        pupil_id: circle_of(
            pupil,
            roll.contacts.get(pupil_id, ()),
            roll.carers,
            school_channels=app.usable_channels(school),
            blocks=blocks,
        )
        for pupil_id, pupil in roll.pupils.items()
    }


def _absence_messages(connection: Connection, school: School, ids: Sequence[str]) -> list[Any]:
    rows = message_store.of_follow_ups(connection, school.key, ids)
    return [message for message in rows if message.purpose == outbox.ABSENCE]


def _written_to(messages: Iterable[Any]) -> dict[str, set[tuple[str, str]]]:
    """For each follow-up, the (carer, channel) pairs that were, or are about to be, written to."""
    found: dict[str, set[tuple[str, str]]] = {}
    for message in messages:
        found.setdefault(message.about, set()).add((message.carer_id or "", message.channel))
    return found


def steps_had(messages: Iterable[Any]) -> dict[tuple[str, str, str, str], Any]:
    """What carers had, or are about to have, of which step: by (follow-up, carer, channel, step) the message.

    A message's identity holds the set of children it names. Where a brother is settled between a text by hand and the ladder's own time,
    the set is another one, and only this keeps the sister's text from leaving a second time.
    """
    return {
        (message.about, message.carer_id or "", message.channel, message.step): message
        for message in messages
        if MessageStatus(message.status) in MAY_HAVE_LEFT | WAITING
    }


def advance(connection: Connection, app: Application, school: School, *, now: datetime) -> int:
    """Do every step of the school's ladder that is due; returns how many follow-ups moved."""
    day = local_date(now)
    rows = store.due(connection, school.key, day, now)
    if not rows:
        return 0
    policy = app.policy(school)
    circles = _circles(connection, app, school, [row.pupil_id for row in rows], day)
    messages = _absence_messages(connection, school, [row.follow_up_id for row in rows])
    written, had = _written_to(messages), steps_had(messages)
    drafts: dict[str, list[outbox.Draft]] = {}
    calls, leads = [], []
    for row in rows:
        if row.answer_due_at is not None and row.answer_due_at <= now:
            store.change(connection, school.key, [row.follow_up_id], answer_due_at=None)
            if put_on_call_list(connection, school, row, Reason.UNCONFIRMED_REPLY, now):
                calls.append(row)
        waiting = row.answer_due_at is not None and row.answer_due_at > now
        if row.next_step_at is None or row.next_step_at > now:
            continue
        times = school.times[Session(row.session)]
        done = step_to_go_on(
            policy.steps, row.next_step, on_call_list=row.call_list_at is not None, lead_told=row.lead_at is not None
        )
        due = due_steps(
            policy.steps,
            started_at=row.ladder_from,
            next_step=done,
            now=now,
            last_contact=at_local(day, times.last_contact),
            texts_paused=row.answered_at is not None,
        )
        for item in due:
            if item.step.to is Audience.CALL_LIST:
                if waiting:
                    break  # the answer's own deadline puts it on the list
                added = put_on_call_list(connection, school, row, Reason.NO_ANSWER, now)
                # whose number was dead went on the list since without an e-mail of its own; who was on it from the first had one
                silently = row.answered_at is None and row.call_list_at != row.opened_at
                if row not in calls and (added or silently):
                    calls.append(row)
            elif item.step.to is Audience.SAFEGUARDING_LEAD:
                if waiting:
                    break
                if row.answered_at is None or row.urgent_at is not None:
                    leads.append(row)
            else:
                found = _text_step(connection, school, row, item, circles, written, had, now)
                drafts.setdefault(row.session, []).extend(found)
            done = item.index + 1
        following = next_due(policy.steps, row.ladder_from, done)
        if waiting and following is not None and following <= now:
            following = row.answer_due_at
        store.change(connection, school.key, [row.follow_up_id], next_step=done, next_step_at=following)
    for session, found in drafts.items():
        timing = outbox.Timing(
            now=now, due_at=now, expires_at=at_local(day, school.times[Session(session)].last_contact)
        )
        outbox.queue(connection, app, school, outbox.share_by_family(found), day=day, session=session, timing=timing)
    _tell(connection, app, school, calls, leads, day, now)
    return len(rows)


def _text_step(
    connection: Connection,
    school: School,
    row: Any,
    due: DueStep,
    circles: Mapping[str, Circle],
    written: Mapping[str, set[tuple[str, str]]],
    had: Mapping[tuple[str, str, str, str], Any],
    now: datetime,
) -> list[outbox.Draft]:
    step = due.step
    if due.skipped:
        note(connection, school, row.follow_up_id, now, "step_skipped", "ladder", f"{step.name}: {due.skipped}")
        return []
    circle = circles.get(row.pupil_id)
    found = (
        step_drafts(
            step,
            circle,
            row.follow_up_id,
            template=step.template or step.new_template or "second_text",
            new_template=step.new_template or step.template or "next_contact",
            written_to={carer for carer, _ in written.get(row.follow_up_id, ())},
        )
        if circle
        else []
    )
    if not found:
        reason = why_nobody(circle)
        put_on_call_list(connection, school, row, reason, now)
        return []
    found = [draft for draft in found if (row.follow_up_id, draft.carer.carer_id, draft.channel, draft.step) not in had]
    note(connection, school, row.follow_up_id, now, "step", "ladder", f"{step.name}: {len(found)} messages")
    return found


def _tell(
    connection: Connection,
    app: Application,
    school: School,
    calls: Sequence[Any],
    leads: Sequence[Any],
    day: date,
    now: datetime,
) -> None:
    if calls:
        fresh = store.by_ids(connection, school.key, [row.follow_up_id for row in calls])
        alerts.tell_of_calls(
            connection, app, school, fresh, key=f"calls:{now.isoformat()}", day=day, session=calls[0].session, now=now
        )
    if leads:
        store.change(connection, school.key, [row.follow_up_id for row in leads], lead_at=now)
        for row in leads:
            put_on_call_list(connection, school, row, Reason.NO_ANSWER, now)
            note(connection, school, row.follow_up_id, now, "safeguarding_lead", "ladder", "nobody has answered")
        fresh = store.by_ids(connection, school.key, [row.follow_up_id for row in leads])
        alerts.tell_of_calls(
            connection,
            app,
            school,
            fresh,
            key=f"lead:{now.isoformat()}",
            day=day,
            session=leads[0].session,
            now=now,
            template="staff_safeguarding_lead",
            urgent=True,
        )


def pass_on(
    connection: Connection, app: Application, school: School, message: Any, *, now: datetime, reason: Reason
) -> None:
    """A message did not reach its carer: try the carer's other channel, else the next contact, else the call list."""
    links = message_store.links_of(connection, school.key, [message.message_id]).get(message.message_id, [])
    follow_ups = store.by_ids(connection, school.key, [link.follow_up_id for link in links if link.follow_up_id])
    if message.purpose != outbox.ABSENCE:
        for row in follow_ups:
            note(
                connection,
                school,
                row.follow_up_id,
                now,
                "not_reached",
                "provider",
                f"{message.purpose}: {reason.value}",
            )
        return
    circles = _circles(connection, app, school, [row.pupil_id for row in follow_ups], message.day)
    written = _written_to(_absence_messages(connection, school, [row.follow_up_id for row in follow_ups]))
    last = at_local(message.day, school.times[Session(message.session)].last_contact)
    drafts = []
    for row in follow_ups:
        if row.closed_at is not None:
            continue
        found = []
        if row.answered_at is None and now < last:
            found = _another_way(
                app, school, row, message, circles.get(row.pupil_id), written.get(row.follow_up_id, set())
            )
        note(
            connection, school, row.follow_up_id, now, "not_reached", "provider",
            f"{message.channel} to carer {message.carer_id}: {reason.value}"
            + (f"; trying {found[0].channel} to carer {found[0].carer.carer_id}" if found else ""),
        )  # fmt: skip
        drafts.extend(found)
        if not found:
            put_on_call_list(connection, school, row, reason, now)
    timing = outbox.Timing(now=now, due_at=now, expires_at=last)
    outbox.queue(
        connection,
        app,
        school,
        outbox.share_by_family(drafts),
        day=message.day,
        session=message.session,
        timing=timing,
    )


def _another_way(
    app: Application, school: School, row: Any, message: Any, circle: Circle | None, tried: set[tuple[str, str]]
) -> list[outbox.Draft]:
    if circle is None:
        return []
    for reach in circle.allowed:  # the same carer by another channel first
        if reach.carer.carer_id == message.carer_id:
            untried = [channel for channel in reach.channels if (message.carer_id, channel) not in tried]
            if untried:
                return drafts_for(
                    reach, circle, row.follow_up_id, channels=untried[:1], template=message.template, step=message.step
                )
    new_template = next((step.new_template for step in app.policy(school).steps if step.new_template), message.template)
    for reach in circle.allowed:
        if not any(carer == reach.carer.carer_id for carer, _ in tried):
            return drafts_for(
                reach, circle, row.follow_up_id, channels=reach.channels[:1], template=new_template, step=message.step
            )
    return []


def end_day(
    connection: Connection, app: Application, school: School, *, day: date, now: datetime, closed: bool = False
) -> int:
    """At the day's cut-off, or when the school closes on the way to it, hand everyone still open over on a list; returns how many."""
    rows = [row for row in store.of_day(connection, school.key, day, open_only=True) if row.handed_over_at is None]
    if not rows:
        return 0
    why = Reason.CLOSED_MEANWHILE if closed else Reason.NO_ANSWER
    said = "still open when the school closed" if closed else "still open at the day's cut-off"
    for row in rows:
        put_on_call_list(connection, school, row, why, now)
        note(connection, school, row.follow_up_id, now, "handed_over", "ladder", said)
    store.change(connection, school.key, [row.follow_up_id for row in rows], handed_over_at=now, next_step_at=None)
    fresh = store.by_ids(connection, school.key, [row.follow_up_id for row in rows])
    alerts.tell_of_calls(
        connection, app, school, fresh, key=f"handed_over:{now.isoformat()}", day=day, session=rows[-1].session, now=now,
        template="staff_handed_over", urgent=True,
    )  # fmt: skip
    return len(rows)


def day_ends_at(school: School, day: date) -> datetime:
    """The school's cut-off for a day: the last time of contact of its last session (UTC)."""
    return max(at_local(day, times.last_contact) for times in school.times.values())
