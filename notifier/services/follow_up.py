"""What a follow-up does when its mark changes or a person confirms: close, open again, stop what waits, send the all clear.

Only a person, or a mark that changed in the register, closes a follow-up. A reply pauses texts; it never ends anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier.domain.codes import CodeEffect
from notifier.domain.messages import MAY_HAVE_LEFT, MessageStatus
from notifier.domain.reasons import Reason
from notifier.domain.schools import School
from notifier.domain.sessions import Session
from notifier.services import outbox
from notifier.services.application import Application
from notifier.store import follow_ups as store
from notifier.store import marks as mark_store
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


CONFIRMED = "confirmed"
"""Closed for this reason, a person gave the reason of the absence; "present", "explained" and "arrived_later" are the register's."""


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
                    _keep_back_all_clear(connection, app, school, row, day, now, Reason.UNEXPLAINED)
                elif later is not None and app.codes.triggers_contact(later.new):
                    _keep_back_all_clear(connection, app, school, row, day, now, Reason.LEFT_DURING_DAY)
                continue
            if own is not None and _follow_mark(connection, app, school, row, own, now):
                arrived.append(row)
            elif own is None and later is not None and app.codes.is_on_site(later.new):
                _close(connection, school, row, now, actor="register", reason="arrived_later", code=later.new)
                arrived.append(row)
        here = _not_missing_again(connection, app, school, arrived, day)
        for row in arrived:
            if row not in here:
                said = "the carers got no all clear: missing again in the afternoon"
                note(connection, school, row.follow_up_id, now, "note", "register", said)
        send_all_clear(connection, app, school, here, day=day, now=now)


def _not_missing_again(
    connection: Connection, app: Application, school: School, arrived: Sequence[Any], day: date
) -> list[Any]:
    """Those of the arrived whom the afternoon's register does not miss: nobody is told that a child is here who has left again."""
    mornings = [row.pupil_id for row in arrived if row.session == Session.AM]
    afternoon = (
        mark_store.session_marks(connection, school.key, day, Session.PM, pupil_ids=mornings) if mornings else {}
    )
    return [
        row
        for row in arrived
        if row.session != Session.AM
        or row.pupil_id not in afternoon
        or not app.codes.is_mark(afternoon[row.pupil_id].code)
        or app.codes.is_on_site(afternoon[row.pupil_id].code)
    ]


def _keep_back_all_clear(
    connection: Connection, app: Application, school: School, row: Any, day: date, now: datetime, reason: Reason
) -> None:
    """The child is missing again while an all clear still waits: it does not leave; brothers and sisters get one of their own."""
    waiting = message_store.waiting_of_follow_ups(connection, school.key, [row.follow_up_id], purpose=outbox.ALL_CLEAR)
    links = message_store.links_of(connection, school.key, waiting)
    kept = message_store.move(connection, school.key, waiting, MessageStatus.CANCELLED, at=now, reason=reason.value)
    if not kept:
        return
    note(connection, school, row.follow_up_id, now, "note", "register", "the all clear did not leave: missing again")
    others = {link.follow_up_id for key in kept for link in links.get(key, []) if link.follow_up_id} - {
        row.follow_up_id
    }
    send_all_clear(connection, app, school, store.by_ids(connection, school.key, sorted(others)), day=day, now=now)


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
    written = message_store.of_follow_ups(connection, school.key, list(about))
    kept_back = {
        (message.carer_id, message.message_id)
        for message in written
        if message.purpose == outbox.ALL_CLEAR and message.status == MessageStatus.CANCELLED
    }
    never_told = Counter(
        carer_id for carer_id, _ in kept_back
    )  # one that was kept back must not stand in the way of the next
    for message in written:
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
                step=f"all_clear_{never_told[carer.carer_id] + 1}" if never_told[carer.carer_id] else "all_clear",
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
    people.lock_school(connection, school.key)
    rows = store.of_pupils(connection, school.key, [pupil_id], since=day, open_only=True)
    rows = [row for row in rows if row.day == day]
    if not rows:
        raise NotOpen(f"Pupil {pupil_id} has no open follow-up on {day:%d/%m/%Y}; nothing was changed.")
    for row in rows:
        _close(connection, school, row, now, actor=by, reason=CONFIRMED, code=code)
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
