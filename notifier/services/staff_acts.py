"""What staff do with a follow-up: confirm, open again, note, log a call, hand to the safeguarding lead, not expected until a date.

Every act says how much of the story its page had shown (`seen`). Where somebody else, or a carer, has added to it since, an act that
ends or moves something raises `Changed` with what is new, so that nobody decides over another's head. An act that was sent twice
(`once` is the page's own random word) counts once. Everything is audited; nothing changes the MIS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection

from notifier.domain.calls import CALLS, CallOutcome
from notifier.domain.codes import CodeEffect
from notifier.domain.reasons import Reason
from notifier.domain.schools import School
from notifier.domain.staff_words import CLOSED
from notifier.services import alerts, follow_up, schools
from notifier.services.application import Application
from notifier.services.explain import event_words
from notifier.store import blocks as block_store
from notifier.store import follow_ups as store
from notifier.store import people, records

AUTOMATIC: Final = frozenset({"step", "step_skipped", "not_reached", "all_clear", "opened", "call_list"})
"""Entries of a story that change nothing about what a person decides."""

LONGEST_NOTE: Final = 2000  # characters
LONGEST_ABSENCE: Final = timedelta(days=120)


class NoSuchFollowUp(Exception):
    """The school has no follow-up of that id."""


class Refused(Exception):
    """The act cannot be done; the words say why and what to do. `field` names the field of the form that is meant, if one is.

    `others` are faults of further fields of the same form, by field.
    """

    def __init__(self, words: str, field: str = "", others: Mapping[str, str] | None = None) -> None:
        super().__init__(words)
        self.field, self.others = field, dict(others or {})


class Changed(Exception):
    """Somebody added to the story since the page was read; nothing was done. `since` is what is new, in words, oldest first."""

    def __init__(self, since: Sequence[str]) -> None:
        super().__init__("; ".join(since))
        self.since = tuple(since)


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts on which follow-up, and when.

    `seen` are the marks (see `mark_of`) of the entries that the page's story had; None where it had shown no story. `once` is the page's
    own random word.
    """

    app: Application
    school_id: str
    follow_up_id: str
    by: str
    now: datetime
    seen: frozenset[str] | None = None
    once: str = ""


@contextmanager
def opened(act: Act, *, watchful: bool = True) -> Iterator[tuple[Connection, School, Any]]:
    """The follow-up, with its school locked to the end of the transaction. Raises NoSuchFollowUp and, where `watchful`, Changed."""
    with act.app.database.begin() as connection:
        school = act.app.school(connection, act.school_id)
        people.lock_school(connection, school.key)
        row = store.get(connection, school.key, act.follow_up_id)
        if row is None:
            raise NoSuchFollowUp(act.follow_up_id)
        if watchful:
            since = added_since(connection, school, act)
            if since:
                raise Changed(since)
        yield connection, school, row


def added_since(connection: Connection, school: School, act: Act) -> list[str]:
    """What others added to the story since the page was read, in words."""
    if act.seen is None:
        return []
    fresh = [
        event
        for event in store.timeline(connection, school.key, [act.follow_up_id])
        if mark_of(event) not in act.seen and event.kind not in AUTOMATIC and event.actor != act.by
    ]
    return event_words(connection, school.key, fresh)


def mark_of(event: Any) -> str:
    """What a page holds for an entry of the story that it has shown."""
    return str(event.event_id)[:8]


def confirm(act: Act, code: str, *, note: str = "") -> None:
    """Confirm why the pupil is away (or here): the day's follow-ups close. Raises Refused, Changed, NoSuchFollowUp.

    A pupil who is confirmed as present is good news for whoever was alarmed: the all clear goes out.
    """
    effect = act.app.codes.effect(code)
    if effect in (CodeEffect.UNEXPLAINED, CodeEffect.UNKNOWN, CodeEffect.NO_MARK):
        raise Refused("Choose a code that gives a reason, such as I (ill) or M (medical appointment).", "code")
    with opened(act) as (connection, school, row):
        if row.closed_at is not None:
            if row.closed_by == act.by and row.closed_code == code:
                return  # the second click of two
            raise Refused(f"This is settled already: {_how_closed(row)}. Open it again first if that is wrong.")
        follow_up.confirm(
            connection,
            act.app,
            school,
            row.pupil_id,
            day=row.day,
            code=code,
            by=act.by,
            now=act.now,
            note_text=checked(note),
        )


def _how_closed(row: Any) -> str:
    code = f", code {row.closed_code}" if row.closed_code else ""
    who = "the register" if row.closed_by == "register" else row.closed_by
    why = CLOSED.get(row.closed_reason, row.closed_reason)
    return f"{why[:1].lower()}{why[1:]}{code}, by {who}"


def open_again(act: Act, why: str) -> None:
    """Take a confirmation back: the follow-up, and what was closed with it, is on the call list again. Raises Refused."""
    why = checked(why, needed="Say why it is opened again.", field="why")
    with opened(act, watchful=False) as (connection, school, row):
        if row.closed_at is None:
            return
        if row.closed_reason != "confirmed":
            raise Refused("The register settled this one. Correct the mark in your MIS; it then opens again by itself.")
        for one in store.of_pupils(connection, school.key, [row.pupil_id], since=row.day):
            if one.day == row.day and one.closed_at == row.closed_at and one.closed_reason == "confirmed":
                store.reopen(connection, school.key, one.follow_up_id, reason=Reason.NEEDS_REVIEW.value, at=act.now)
                follow_up.note(connection, school, one.follow_up_id, act.now, "reopened", act.by, why)
        audit(connection, school, act, "follow_up.open_again", row, {"why": why})


def add_note(act: Act, text: str) -> None:
    """Add a note to the story. Raises Refused for an empty one."""
    text = checked(text, needed="Write the note first.", field="note")
    with opened(act, watchful=False) as (connection, school, row):
        if tell_once(connection, school, act, "note", text):
            audit(connection, school, act, "follow_up.note", row, {})


def log_call(act: Act, outcome: CallOutcome, *, carer_id: str, note: str = "") -> None:
    """Put a call on record, with what follows from it: texts pause, the alarm is raised, a number is not used again. Raises Refused."""
    note = checked(note)
    words = CALLS[outcome]
    with opened(act, watchful=False) as (connection, school, row):
        roll = people.load_roll(connection, school.key, pupil_ids=[row.pupil_id], off_roll=True)
        contact = next((one for one in roll.contacts.get(row.pupil_id, ()) if one.carer_id == carer_id), None)
        carer = roll.carers.get(carer_id) if contact else None
        if carer_id and carer is None:
            raise Refused("Choose whom you rang.", "carer")
        if not carer_id and not note:
            raise Refused("Say in the note whom you rang.", "call_note")
        who = (
            ", ".join(part for part in (carer.name or carer_id, contact.relationship) if part)
            if carer and contact
            else "somebody else"
        )
        if not tell_once(connection, school, act, "call", f"{who}: {words.told}{f'. {note}' if note else ''}"):
            return  # the second click of two
        if words.fault and carer and carer.mobile:
            block_store.note_fault(
                connection,
                school.key,
                "sms",
                carer.mobile,
                reason=words.fault,
                detail=f"a call by {act.by}",
                at=act.now,
            )
        if row.closed_at is None and words.pauses:
            _pause(connection, act, school, row, alarmed=words.alarms)
        audit(connection, school, act, "follow_up.call", row, {"outcome": outcome.value, "carer": carer_id or None})


def _pause(connection: Connection, act: Act, school: School, row: Any, *, alarmed: bool) -> None:
    """As after a reply: no more texts by themselves; without a confirmation the pupil is on the call list soon."""
    wait = timedelta(minutes=act.app.policy(school).unconfirmed_wait)
    if row.answered_at is None:
        due = None if alarmed else act.now + wait
        store.change(connection, school.key, [row.follow_up_id], answered_at=act.now, answer_due_at=due)
    follow_up.stop_waiting(connection, school, [row.follow_up_id], act.now, Reason.ANSWERED)
    if alarmed:
        store.change(connection, school.key, [row.follow_up_id], urgent_at=act.now)
        follow_up.put_on_call_list(connection, school, row, Reason.URGENT_REPLY, act.now)
        _tell_lead(connection, act, school, row)


def hand_to_lead(act: Act, why: str) -> None:
    """Hand a pupil to the safeguarding lead, who is told by e-mail at once. Raises Refused and Changed."""
    why = checked(why, needed="Say what the safeguarding lead has to know.", field="why")
    with opened(act) as (connection, school, row):
        if row.closed_at is not None:
            raise Refused("This is settled. Open it again first, then hand it over.")
        if not tell_once(connection, school, act, "safeguarding_lead", why):
            return
        follow_up.put_on_call_list(connection, school, row, Reason.NEEDS_REVIEW, act.now)
        _tell_lead(connection, act, school, row)
        audit(connection, school, act, "follow_up.hand_to_lead", row, {"why": why})


def _tell_lead(connection: Connection, act: Act, school: School, row: Any) -> None:
    store.change(connection, school.key, [row.follow_up_id], lead_at=act.now)
    fresh = store.by_ids(connection, school.key, [row.follow_up_id])
    alerts.tell_of_calls(
        connection, act.app, school, fresh, key=f"lead:{row.follow_up_id}:{act.now.isoformat()}", day=row.day, session=row.session,
        now=act.now, template="staff_safeguarding_lead", urgent=True,
    )  # fmt: skip


def not_expected(act: Act, until: date, code: str, *, note: str = "") -> None:
    """The family says until when the pupil is away: those days cause no texts, and the day's follow-ups are confirmed.

    `until` is the last day of absence. Raises Refused and Changed.
    """
    if act.app.codes.effect(code) in (
        CodeEffect.UNEXPLAINED,
        CodeEffect.UNKNOWN,
        CodeEffect.NO_MARK,
        CodeEffect.PRESENT,
    ):
        raise Refused("Choose a code that gives a reason for staying away.", "until_code")
    note = checked(note)
    with opened(act) as (connection, school, row):
        if not tell_once(
            connection, school, act, "away", f"code {code} until {until:%d/%m/%Y}{f': {note}' if note else ''}"
        ):
            return  # the second click of two
        report(connection, school, row.pupil_id, row.day, until, code, note=note, by=act.by, now=act.now)
        if row.closed_at is None:
            follow_up.confirm(
                connection, act.app, school, row.pupil_id, day=row.day, code=code, by=act.by, now=act.now
            )  # fmt: skip


def report(
    connection: Connection,
    school: School,
    pupil_id: str,
    first: date,
    last: date,
    code: str,
    *,
    note: str,
    by: str,
    now: datetime,
) -> None:
    """Record days of absence that a family told the school about. Raises Refused."""
    if last < first:
        raise Refused(f"The last day of absence must be {first.day} {first:%B} or later.", "until")
    if last - first > LONGEST_ABSENCE:
        raise Refused("That is too far ahead: give a day within the next four months.", "until")
    try:
        schools.record_absence(
            connection, school, pupil_id, first_day=first, last_day=last, by=by, now=now, code=code, note=note
        )
    except schools.NotAllowed as problem:
        raise Refused(str(problem)) from None


def checked(text: str, *, needed: str = "", field: str = "note") -> str:
    """What somebody typed, without white space around it. Raises Refused where it is missing or too long."""
    text = text.strip()
    if needed and not text:
        raise Refused(needed, field)
    if len(text) > LONGEST_NOTE:
        raise Refused(f"This is {len(text)} characters long; {LONGEST_NOTE} is the most.", field)
    return text


def tell_once(connection: Connection, school: School, act: Act, kind: str, detail: str) -> bool:
    """Add an entry to the story; False where the same page has added it already.

    Going back in the browser shows a page with its old random word: what differs in its words is another act, and no second click.
    """
    event = store.event_row(school.key, act.follow_up_id, at=act.now, kind=kind, actor=act.by, detail=detail)
    if act.once:
        event["event_id"] = str(uuid5(NAMESPACE_URL, f"notifier:{kind}:{act.follow_up_id}:{act.once}:{detail}"))
    return store.add_event_once(connection, event)


def audit(connection: Connection, school: School, act: Act, what: str, row: Any, detail: dict[str, Any]) -> None:
    """Put an act on record."""
    records.add_audit(
        connection, school.key, at=act.now, actor=act.by, act=what, subject=row.pupil_id,
        detail={"follow_up": row.follow_up_id, **detail},
    )  # fmt: skip


def report_ahead(
    app: Application,
    school_id: str,
    pupil_id: str,
    *,
    first: date,
    last: date,
    code: str,
    note: str,
    by: str,
    now: datetime,
) -> None:
    """A family says before the run when a pupil will be away: those days cause no texts. Raises Refused."""
    if app.codes.effect(code) in (CodeEffect.UNEXPLAINED, CodeEffect.UNKNOWN, CodeEffect.NO_MARK, CodeEffect.PRESENT):
        raise Refused("Choose a code that gives a reason for staying away.", "until_code")
    with app.database.begin() as connection:
        report(
            connection,
            app.school(connection, school_id),
            pupil_id,
            first,
            last,
            code,
            note=checked(note),
            by=by,
            now=now,
        )
