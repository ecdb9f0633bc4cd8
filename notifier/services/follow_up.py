"""A follow-up's road: changed marks, the ladder's steps, what to do when a message fails, and a person's confirmation.

Only a person, or a mark that changed in the register, closes a follow-up. A reply pauses texts; it never ends anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier.domain.choosing import Blocks, Circle, circle_of
from notifier.domain.codes import CodeEffect
from notifier.domain.decisions import why_nobody
from notifier.domain.ladder import DueStep, due_steps, next_due
from notifier.domain.messages import MAY_HAVE_LEFT, MessageStatus
from notifier.domain.policies import Audience
from notifier.domain.reasons import Reason
from notifier.domain.schools import School
from notifier.domain.sessions import Session, at_local, local_date
from notifier.services import alerts, outbox
from notifier.services.application import Application
from notifier.services.steps import drafts_for, step_drafts
from notifier.store import blocks as block_store
from notifier.store import follow_ups as store
from notifier.store import messages as message_store
from notifier.store import people, records, replies

ALL_CLEAR_HOURS = 3
"""How long after an arrival the good news may still go out."""


@dataclass(frozen=True, slots=True)
class MarkChange:
    """A mark that became another; codes are '' for no mark."""

    pupil_id: str
    day: date
    session: str
    old: str
    new: str


class NotOpen(Exception):
    """The follow-up cannot be closed so; the words say why."""


def marks_changed(
    connection: Connection, app: Application, school: School, changes: Sequence[MarkChange], *, now: datetime
) -> None:
    """Let open follow-ups follow their marks: close, send the all clear, stop what waits, or open again."""
    if not changes:
        return
    by_day: dict[date, dict[tuple[str, str], MarkChange]] = {}
    for change in changes:
        by_day.setdefault(change.day, {})[(change.session, change.pupil_id)] = change
    for day, changed in by_day.items():
        arrived: list[Any] = []
        for row in store.of_day(connection, school.key, day):
            own = changed.get((row.session, row.pupil_id))
            later = changed.get((Session.PM.value, row.pupil_id)) if row.session == Session.AM else None
            if row.closed_at is not None:
                if own is not None and app.codes.triggers_contact(own.new):
                    _reopen(connection, school, row, now)
                continue
            if own is not None and _follow_mark(connection, app, school, row, own, now):
                arrived.append(row)
            elif own is None and later is not None and app.codes.is_on_site(later.new):
                _close(connection, school, row, now, actor="register", reason="arrived_later", code=later.new)
                arrived.append(row)
        send_all_clear(connection, app, school, arrived, day=day, now=now)


def _follow_mark(
    connection: Connection, app: Application, school: School, row: Any, change: MarkChange, now: datetime
) -> bool:
    """Act on a changed mark; True where the pupil has arrived."""
    effect = app.codes.effect(change.new)
    if effect is CodeEffect.UNEXPLAINED:
        return False
    if effect in (CodeEffect.UNKNOWN, CodeEffect.NO_MARK):
        # the evidence of absence is gone, but nothing says that the child is safe: a person looks
        put_on_call_list(connection, school, row, Reason.NEEDS_REVIEW, now)
        return False
    on_site = effect is CodeEffect.PRESENT
    _close(
        connection, school, row, now, actor="register", reason="present" if on_site else "explained", code=change.new
    )
    return on_site


def _close(
    connection: Connection, school: School, row: Any, now: datetime, *, actor: str, reason: str, code: str | None
) -> None:
    store.change(
        connection,
        school.key,
        [row.follow_up_id],
        closed_at=now,
        closed_by=actor,
        closed_reason=reason,
        closed_code=code,
        next_step_at=None,
        answer_due_at=None,
    )
    note(connection, school, row.follow_up_id, now, "closed", actor, f"{reason}{f', code {code}' if code else ''}")
    stop_waiting(
        connection,
        school,
        [row.follow_up_id],
        now,
        Reason.CLOSED_BY_STAFF if actor != "register" else Reason.NO_LONGER_ABSENT,
    )


def _reopen(connection: Connection, school: School, row: Any, now: datetime) -> None:
    store.reopen(connection, school.key, row.follow_up_id, reason=Reason.NEEDS_REVIEW, at=now)
    note(connection, school, row.follow_up_id, now, "reopened", "register", "the mark says unexplained again")


def note(
    connection: Connection, school: School, follow_up_id: str, now: datetime, kind: str, actor: str, detail: str = ""
) -> None:
    """Add an entry to a follow-up's timeline."""
    row = store.event_row(school.key, follow_up_id, at=now, kind=kind, actor=actor, detail=detail)
    store.add_events(connection, [row])


def stop_waiting(
    connection: Connection, school: School, follow_up_ids: Sequence[str], now: datetime, reason: Reason
) -> list[str]:
    """Cancel messages that have not left; one that names a sibling too is looked at again before it leaves."""
    waiting = message_store.waiting_of_follow_ups(connection, school.key, follow_up_ids)
    links = message_store.links_of(connection, school.key, waiting)
    alone = [key for key in waiting if {link.follow_up_id for link in links.get(key, [])} <= set(follow_up_ids)]
    return message_store.move(connection, school.key, alone, MessageStatus.CANCELLED, at=now, reason=reason.value)


def put_on_call_list(connection: Connection, school: School, row: Any, reason: Reason, now: datetime) -> bool:
    """Put a follow-up on the call list; False where it is there already."""
    added = store.put_on_call_list(connection, school.key, row.follow_up_id, reason=reason.value, at=now)
    if added:
        note(connection, school, row.follow_up_id, now, "call_list", "ladder", reason.value)
    return added


def send_all_clear(
    connection: Connection, app: Application, school: School, follow_ups: Sequence[Any], *, day: date, now: datetime
) -> None:
    """Tell exactly those who may have been alarmed that the child is in school."""
    if not follow_ups:
        return
    about = {row.follow_up_id: row for row in follow_ups}
    roll = people.load_roll(connection, school.key, pupil_ids=[row.pupil_id for row in follow_ups], off_roll=True)
    policy = app.policy(school)
    drafts = []
    for message in message_store.of_follow_ups(connection, school.key, list(about)):
        row = about[message.about]
        carer = roll.carers.get(message.carer_id or "")
        if message.purpose != outbox.ABSENCE or MessageStatus(message.status) not in MAY_HAVE_LEFT or carer is None:
            continue
        drafts.append(
            outbox.Draft(
                carer=carer,
                channel=message.channel,
                address=message.to_address,
                pupils=(roll.pupils[row.pupil_id],),
                template=policy.all_clear_template,
                purpose=outbox.ALL_CLEAR,
                step="all_clear",
                follow_up_ids={row.pupil_id: row.follow_up_id},
                values={"time": None},
            )
        )
    timing = outbox.Timing(now=now, due_at=now, expires_at=now + timedelta(hours=ALL_CLEAR_HOURS))
    session = follow_ups[0].session
    outbox.queue(connection, app, school, outbox.share_by_family(drafts), day=day, session=session, timing=timing)
    for row in follow_ups:
        told = len({draft.carer.carer_id for draft in drafts if row.pupil_id in draft.follow_up_ids})
        note(connection, school, row.follow_up_id, now, "all_clear", "register", f"{told} carers to tell")


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


def _written_to(connection: Connection, school: School, ids: Sequence[str]) -> dict[str, set[tuple[str, str]]]:
    """For each follow-up, the (carer, channel) pairs that were, or are about to be, written to."""
    found: dict[str, set[tuple[str, str]]] = {}
    for message in message_store.of_follow_ups(connection, school.key, ids):
        if message.purpose == outbox.ABSENCE:
            found.setdefault(message.about, set()).add((message.carer_id or "", message.channel))
    return found


def advance(connection: Connection, app: Application, school: School, *, now: datetime) -> int:
    """Do every step of the school's ladder that is due; returns how many follow-ups moved."""
    day = local_date(now)
    rows = store.due(connection, school.key, day, now)
    if not rows:
        return 0
    policy = app.policy(school)
    circles = _circles(connection, app, school, [row.pupil_id for row in rows], day)
    written = _written_to(connection, school, [row.follow_up_id for row in rows])
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
        due = due_steps(
            policy.steps,
            started_at=row.ladder_from,
            next_step=row.next_step,
            now=now,
            last_contact=at_local(day, times.last_contact),
            texts_paused=row.answered_at is not None,
        )
        done = row.next_step
        for item in due:
            if item.step.to is Audience.CALL_LIST:
                if waiting:
                    break  # the answer's own deadline puts it on the list
                if put_on_call_list(connection, school, row, Reason.NO_ANSWER, now):
                    calls.append(row)
            elif item.step.to is Audience.SAFEGUARDING_LEAD:
                if waiting:
                    break
                if row.answered_at is None or row.urgent_at is not None:
                    leads.append(row)
            else:
                found = _text_step(connection, school, row, item, circles, written, now)
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
    written = _written_to(connection, school, [row.follow_up_id for row in follow_ups])
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


def confirm(
    connection: Connection,
    app: Application,
    school: School,
    pupil_id: str,
    *,
    day: date,
    code: str,
    by: str,
    now: datetime,
    note_text: str = "",
) -> list[str]:
    """A person confirms why a pupil is away: the day's follow-ups close. The MIS is not touched.

    Raises NotOpen where nothing is open, or the code gives no reason.
    """
    effect = app.codes.effect(code)
    if effect in (CodeEffect.UNEXPLAINED, CodeEffect.UNKNOWN, CodeEffect.NO_MARK):
        raise NotOpen(f"'{code}' gives no reason: choose a code in force that explains the absence, such as I or M.")
    rows = store.of_pupils(connection, school.key, [pupil_id], since=day, open_only=True)
    rows = [row for row in rows if row.day == day]
    if not rows:
        raise NotOpen(f"Pupil {pupil_id} has no open follow-up on {day:%d/%m/%Y}; nothing was changed.")
    for row in rows:
        _close(connection, school, row, now, actor=by, reason="confirmed", code=code)
        if note_text:
            note(connection, school, row.follow_up_id, now, "note", by, note_text)
    ids = [row.follow_up_id for row in rows]
    replies.mark_read(connection, school.key, ids, by=by, at=now)
    records.add_audit(
        connection, school.key, at=now, actor=by, act="follow_up.confirm", subject=pupil_id,
        detail={"day": day.isoformat(), "code": code},
    )  # fmt: skip
    if app.codes.is_on_site(code):
        send_all_clear(connection, app, school, rows, day=day, now=now)
    return ids


def end_day(connection: Connection, app: Application, school: School, *, day: date, now: datetime) -> int:
    """At the day's cut-off, hand everyone still open over on a list; returns how many."""
    rows = [row for row in store.of_day(connection, school.key, day, open_only=True) if row.handed_over_at is None]
    if not rows:
        return 0
    for row in rows:
        put_on_call_list(connection, school, row, Reason.NO_ANSWER, now)
        note(connection, school, row.follow_up_id, now, "handed_over", "ladder", "still open at the day's cut-off")
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
