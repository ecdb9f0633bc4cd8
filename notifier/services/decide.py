"""A run: one decision for every pupil on roll of one school and session, and what follows from it, in one transaction.

Passes may be made as often as one likes; each acts on what came since the last. Nothing leaves here: messages are queued, holds
and follow-ups written, staff told, all or nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from notifier.domain.choosing import Blocks, Circle, circle_of
from notifier.domain.codes import CodeEffect
from notifier.domain.decisions import FOR_STAFF, Conditions, Decision, Outcome, Situation, decide
from notifier.domain.guards import (
    RegisterFacts,
    RegisterState,
    closed_by_marks,
    is_unusual,
    outgrows_release,
    register_state,
)
from notifier.domain.identity import follow_up_id
from notifier.domain.ladder import first_staff_step, next_due
from notifier.domain.people import PupilFlag
from notifier.domain.policies import Policy
from notifier.domain.reasons import Reason
from notifier.domain.schools import School
from notifier.domain.sessions import Session, at_local
from notifier.services import alerts, follow_up, outbox
from notifier.services.application import Application
from notifier.services.choose import FirstWords, first_words, rules_or_none, share_words
from notifier.services.steps import step_drafts
from notifier.store import blocks as block_store
from notifier.store import follow_ups as follow_up_store
from notifier.store import marks as mark_store
from notifier.store import messages as message_store
from notifier.store import people, runs
from notifier.store.marks import SessionMark
from notifier.store.people import Roll

REGISTER_HOLDS = {RegisterState.NOT_TAKEN: "register_not_taken", RegisterState.STALE: "register_stale"}
UNUSUAL = "unusual_absence"
AT_ONCE = frozenset({PupilFlag.VULNERABLE, PupilFlag.LOOKED_AFTER, PupilFlag.SOCIAL_WORKER})
"""Pupils whose unexplained absence goes to the call list at once, beside the texts."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a run came to. `decisions` covers every pupil on roll; `message_ids` are those queued or standing for each pupil.

    `messages` are their rows as they stood at the end of the pass, newest first: after a dry run, all there is left of them.
    """

    school_id: str
    day: date
    session: Session
    decisions: tuple[Decision, ...]
    message_ids: Mapping[str, tuple[str, ...]]
    counts: Mapping[str, int]
    holds: tuple[Any, ...]
    messages: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Picture:
    """Everything a pass looks at, read at one moment. The roll has contacts only for pupils whose absence is unexplained."""

    school: School
    policy: Policy
    day: date
    session: Session
    now: datetime
    roll: Roll
    marks: Mapping[str, SessionMark]
    morning: Mapping[str, SessionMark]
    reported: Mapping[str, Any]
    away_all_day: frozenset[str]
    follow_ups: Mapping[tuple[str, str], Any]
    standing: Mapping[str, Any]
    holds: tuple[Any, ...]
    blocks: Blocks
    yesterday: Mapping[str, SessionMark]
    effects: Mapping[str, CodeEffect]

    def effect(self, pupil_id: str) -> CodeEffect:
        return self.effects.get(pupil_id, CodeEffect.NO_MARK)


def run_session(
    app: Application, school_id: str, day: date, session: Session, *, now: datetime, by: str, dry_run: bool = False
) -> RunResult:
    """Decide about every pupil and queue what follows. With `dry_run` everything is worked out and nothing is kept."""
    with app.database.engine.connect().execution_options(notifier_writes=True) as connection:
        transaction = connection.begin()
        try:
            result = _pass(connection, app, app.school(connection, school_id), day, session, now=now, by=by)
            if dry_run:
                transaction.rollback()
            else:
                transaction.commit()
        except BaseException:
            transaction.rollback()
            raise
    return result


def _pass(
    connection: Connection, app: Application, school: School, day: date, session: Session, *, now: datetime, by: str
) -> RunResult:
    people.lock_school(connection, school.key)
    runs.claim_run(connection, school.key, day, session, by=by, at=now)
    picture = _look(connection, app, school, day, session, now)
    registers = _judge_registers(app, picture)
    closed = not app.calendar(school).is_school_day(day) or _marks_say_closed(app, picture)
    too_late = now > at_local(day, school.times[session].last_contact)
    unusual = _judge_unusual(connection, app, picture, registers, moot=closed or too_late, by=by)
    conditions = Conditions(closed=closed, unusual=unusual, too_late=too_late)
    circles: dict[str, Circle] = {}
    made = []
    for pupil_id in sorted(picture.roll.pupils):
        made.append(_decide_one(app, picture, registers, conditions, circles, pupil_id))
    if not closed:
        _keep_register_holds(connection, picture, registers, made, by=by)
    opened = _open_follow_ups(connection, app, picture, made)
    _save(connection, picture, made)
    _queue_first_texts(connection, app, picture, made, circles, opened)
    counts = _counts(made)
    runs.note_pass(connection, school.key, day, session, at=now, counts=counts)
    holds = tuple(row for row in runs.holds_of(connection, school.key, day, open_only=True) if row.session == session)
    alerts.tell_of_holds(connection, app, school, day, session, now=now)
    to_ring = [
        row for row in follow_up_store.by_ids(connection, school.key, sorted(opened.values())) if row.call_list_at
    ]
    alerts.tell_of_calls(
        connection, app, school, to_ring, key=f"calls:{now.isoformat()}", day=day, session=session, now=now
    )
    messages = _messages(connection, picture)
    return RunResult(school.key, day, session, tuple(made), _ids_by_pupil(messages), counts, holds, messages)


def _look(
    connection: Connection, app: Application, school: School, day: date, session: Session, now: datetime
) -> _Picture:
    key = school.key
    standing = {pupil_id: row for (_, pupil_id), row in runs.current_decisions(connection, key, day, session).items()}
    before = app.calendar(school).previous_school_day(day)
    policy = app.policy(school)
    marks = mark_store.session_codes(connection, key, day, session)
    reported = block_store.reported(connection, key, day, session)
    reported_morning = block_store.reported(connection, key, day, Session.AM) if session is Session.PM else {}
    meaning = {code: app.codes.effect(code, policy.review_codes) for code in {mark.code for mark in marks.values()}}
    effects = {pupil_id: meaning[mark.code] for pupil_id, mark in marks.items()}
    unexplained = [pupil_id for pupil_id, effect in effects.items() if effect is CodeEffect.UNEXPLAINED]
    return _Picture(
        school=school,
        policy=policy,
        day=day,
        session=session,
        now=now,
        roll=people.load_pupils(connection, key, contacts_of=unexplained),
        marks=marks,
        morning=mark_store.session_codes(connection, key, day, Session.AM) if session is Session.PM else {},
        reported=reported,
        away_all_day=frozenset(set(reported) & set(reported_morning)),
        follow_ups={(row.session, row.pupil_id): row for row in follow_up_store.of_day(connection, key, day)},
        standing=standing,
        holds=tuple(row for row in runs.holds_of(connection, key, day) if row.session == session),
        blocks=block_store.load_blocks(connection, key, day),
        yesterday=mark_store.session_codes(connection, key, before, Session.PM) if before else {},
        effects=effects,
    )


def _judge_registers(app: Application, picture: _Picture) -> dict[str, RegisterState]:
    entered = {code for code in {mark.code for mark in picture.marks.values()} if app.codes.is_mark(code)}
    on_roll: Counter[str] = Counter()
    marked: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    for pupil_id, pupil in picture.roll.pupils.items():
        group = pupil.registration_group
        on_roll[group] += 1
        mark = picture.marks.get(pupil_id)
        if mark is not None and mark.code in entered:
            marked[group] += 1
            last[group] = max(last.get(group, mark.seen_at), mark.seen_at)
    return {
        group: register_state(
            RegisterFacts(group, on_roll[group], marked[group], last.get(group)), picture.policy.guards, picture.now
        )
        for group in on_roll
    }


def _marks_say_closed(app: Application, picture: _Picture) -> bool:
    codes = Counter(
        mark.code for pupil_id, mark in picture.marks.items() if pupil_id in picture.roll.pupils and mark.code
    )
    closing = sum(times for code, times in codes.items() if app.codes.closes_school(code))
    return closed_by_marks(marked=codes.total(), closure_marks=closing)


def _judge_unusual(
    connection: Connection,
    app: Application,
    picture: _Picture,
    registers: Mapping[str, RegisterState],
    *,
    moot: bool,
    by: str,
) -> bool:
    """Whether the school is held. `moot`: no text would leave anyhow, so there is nothing to hold or to release."""
    expected = unexplained = 0
    for pupil_id, pupil in picture.roll.pupils.items():
        if registers[pupil.registration_group] is RegisterState.NOT_TAKEN:
            continue
        effect = picture.effect(pupil_id)
        expected += effect is not CodeEffect.NOT_EXPECTED
        unexplained += effect is CodeEffect.UNEXPLAINED and pupil_id not in picture.reported
    earlier = [row for row in picture.holds if row.kind == UNUSUAL]
    standing = [row for row in earlier if row.released_at is None]
    if moot:
        for row in standing:
            runs.release_hold(connection, picture.school.key, row.hold_id, by="no longer needed", at=picture.now)
        return False
    if standing:
        return True  # also where the number has fallen since: a register that is being put right is not right yet
    if not is_unusual(expected=expected, unexplained=unexplained, limits=picture.policy.guards):
        return False
    if earlier and not outgrows_release(unexplained, earlier[-1].measure):
        return False
    share = unexplained / expected
    detail = f"{unexplained} of {expected} pupils expected are unexplained ({share:.0%})"
    _hold(connection, picture, UNUSUAL, "", unexplained, detail, by=by)
    return True


def _hold(
    connection: Connection, picture: _Picture, kind: str, scope: str, measure: int, detail: str, *, by: str
) -> None:
    ordinal = 1 + sum(row.kind == kind and row.scope == scope for row in picture.holds)
    row = {
        "school_id": picture.school.key,
        "hold_id": str(uuid4())[:8],
        "day": picture.day,
        "session": picture.session.value,
        "kind": kind,
        "scope": scope,
        "ordinal": ordinal,
        "measure": measure,
        "detail": detail,
        "made_at": picture.now,
        "made_by": by,
    }
    runs.add_hold(connection, row)


def _keep_register_holds(
    connection: Connection,
    picture: _Picture,
    registers: Mapping[str, RegisterState],
    made: list[Decision],
    *,
    by: str,
) -> None:
    """Hold the groups that wait for their register, and let go those that no longer do."""
    waiting: Counter[tuple[str, str]] = Counter()
    for decision in made:
        if decision.outcome is Outcome.HOLD and decision.reason in (Reason.REGISTER_NOT_TAKEN, Reason.REGISTER_STALE):
            waiting[(decision.reason.value, picture.roll.pupils[decision.pupil_id].registration_group)] += 1
    standing = {
        (row.kind, row.scope): row
        for row in picture.holds
        if row.released_at is None and row.kind in REGISTER_HOLDS.values()
    }
    for (kind, group), pupils in waiting.items():
        if (kind, group) not in standing:
            _hold(connection, picture, kind, group, pupils, f"{pupils} pupils of {group} wait", by=by)
    for place, row in standing.items():
        if place not in waiting:
            fresh = registers.get(place[1]) is RegisterState.TAKEN
            by_whom = "register" if fresh else "no longer needed"
            runs.release_hold(connection, picture.school.key, row.hold_id, by=by_whom, at=picture.now)


def _decide_one(
    app: Application,
    picture: _Picture,
    registers: Mapping[str, RegisterState],
    conditions: Conditions,
    circles: dict[str, Circle],
    pupil_id: str,
) -> Decision:
    pupil = picture.roll.pupils[pupil_id]
    mark = picture.marks.get(pupil_id)
    code = mark.code if mark else ""
    effect = picture.effect(pupil_id)
    if effect is CodeEffect.UNEXPLAINED:
        chased = picture.follow_ups.get((picture.session.value, pupil_id))
        standing = picture.standing.get(pupil_id)
        if chased is not None and standing is not None:  # being chased already: what was decided stands
            return Decision(pupil_id, standing.code, Outcome(standing.outcome), Reason(standing.reason))
        circles[pupil_id] = circle_of(
            pupil,
            picture.roll.contacts.get(pupil_id, ()),
            picture.roll.carers,
            school_channels=app.usable_channels(picture.school),
            blocks=picture.blocks,
        )
    morning = picture.morning.get(pupil_id)
    earlier = picture.follow_ups.get((Session.AM.value, pupil_id)) if picture.session is Session.PM else None
    # a closed follow-up of the morning chases nobody any more: a late arrival may have left, a patient not come back
    over = earlier if earlier is not None and earlier.closed_at is not None else None
    came = over is not None and app.codes.is_on_site(over.closed_code)
    confirmed = over is not None and not came and over.closed_reason == follow_up.CONFIRMED
    here = came or (morning is not None and app.codes.is_on_site(morning.code))
    situation = Situation(
        pupil=pupil,
        code=code,
        effect=effect,
        register=registers[pupil.registration_group],
        on_site_earlier=here,
        # whoever was reported away for the whole day and came all the same is not where the family said
        reported_ahead=pupil_id in picture.reported and not (here and pupil_id in picture.away_all_day),
        contacted_today=earlier is not None and over is None and earlier.reason != Reason.TOO_LATE,
        confirmed_today=confirmed,
        explained_today=over is not None and not came and not confirmed,
        circle=circles.get(pupil_id),
    )
    return decide(situation, conditions)


def _open_follow_ups(
    connection: Connection, app: Application, picture: _Picture, made: list[Decision]
) -> dict[str, str]:
    """Open a follow-up for everyone who is contacted or must be rung; returns the new ones by pupil."""
    rows, events, opened = [], [], {}
    for decision in made:
        place = (picture.session.value, decision.pupil_id)
        chase = decision.outcome is Outcome.CONTACT or decision.reason in FOR_STAFF
        if not chase or place in picture.follow_ups:
            continue
        pupil = picture.roll.pupils[decision.pupil_id]
        key = follow_up_id(picture.school.key, decision.pupil_id, picture.day, picture.session)
        contacted = decision.outcome is Outcome.CONTACT
        at_once = AT_ONCE & pupil.flags
        step = 1 if contacted else first_staff_step(picture.policy.steps)
        calls = None if contacted and not at_once else (Reason.VULNERABLE if contacted else decision.reason)
        rows.append(
            {
                "school_id": picture.school.key,
                "follow_up_id": key,
                "pupil_id": decision.pupil_id,
                "day": picture.day,
                "session": picture.session.value,
                "reason": decision.reason.value,
                "opened_at": picture.now,
                "ladder_from": picture.now,
                "next_step": step,
                "next_step_at": next_due(picture.policy.steps, picture.now, step),
                "call_list_at": picture.now if calls else None,
                "call_reason": calls.value if calls else None,
                "version": 1,
            }
        )
        detail = f"{decision.reason.value}; mark {decision.code or 'none'}"
        events.append(
            follow_up_store.event_row(
                picture.school.key, key, at=picture.now, kind="opened", actor="run", detail=detail
            )
        )
        if calls:
            events.append(
                follow_up_store.event_row(
                    picture.school.key, key, at=picture.now, kind="call_list", actor="run", detail=calls.value
                )
            )
        opened[decision.pupil_id] = key
    follow_up_store.open_missing(connection, rows)
    follow_up_store.add_events(connection, events)
    return opened


def _queue_first_texts(
    connection: Connection,
    app: Application,
    picture: _Picture,
    made: list[Decision],
    circles: Mapping[str, Circle],
    opened: Mapping[str, str],
) -> None:
    step = picture.policy.steps[0]
    book = rules_or_none(app)
    drafts, words = [], {}
    chosen: dict[tuple[Any, ...], FirstWords] = {}
    for decision in made:
        pupil_id = decision.pupil_id
        if decision.outcome is not Outcome.CONTACT or pupil_id not in opened:
            continue
        morning = picture.morning.get(pupil_id)
        before = picture.yesterday.get(pupil_id)
        words[pupil_id] = first_words(
            book,
            picture.policy,
            picture.school,
            picture.roll.pupils[pupil_id],
            picture.session,
            whole_day=morning is not None and app.codes.triggers_contact(morning.code),
            day_two=before is not None and app.codes.triggers_contact(before.code),
            chosen=chosen,
        )
        template = words[pupil_id].template
        drafts.extend(step_drafts(step, circles[pupil_id], opened[pupil_id], template=template, new_template=template))
    times = picture.school.times[picture.session]
    timing = outbox.Timing(
        now=picture.now,
        due_at=max(picture.now, at_local(picture.day, times.first_contact)),
        expires_at=at_local(picture.day, times.last_contact),
    )
    outbox.queue(
        connection,
        app,
        picture.school,
        outbox.share_by_family(share_words(drafts, words)),
        day=picture.day,
        session=picture.session,
        timing=timing,
    )


def _save(connection: Connection, picture: _Picture, made: list[Decision]) -> None:
    """Keep what changed; pupils marked present are counted, not stored."""
    ordinals = runs.last_ordinals(connection, picture.school.key, picture.day, picture.session)
    rows, present = [], []
    for decision in made:
        standing = picture.standing.get(decision.pupil_id)
        if decision.reason is Reason.PRESENT:
            if standing is not None:
                present.append(decision.pupil_id)
            continue
        told = (decision.outcome.value, decision.reason.value, decision.code)
        if standing is not None and (standing.outcome, standing.reason, standing.code) == told:
            continue
        rows.append(
            {
                "school_id": picture.school.key,
                "day": picture.day,
                "session": picture.session.value,
                "pupil_id": decision.pupil_id,
                "ordinal": ordinals.get(decision.pupil_id, 0) + 1,
                "code": decision.code,
                "outcome": decision.outcome.value,
                "reason": decision.reason.value,
                "decided_at": picture.now,
                "current": True,
            }
        )
    runs.retire_decisions(connection, picture.school.key, picture.day, picture.session, present)
    runs.save_decisions(connection, rows)


def _counts(made: list[Decision]) -> dict[str, int]:
    reasons = Counter(decision.reason for decision in made)
    outcomes = Counter(decision.outcome for decision in made)
    counts = {reason.value: times for reason, times in reasons.items()}
    counts.update({outcome.value: outcomes[outcome] for outcome in Outcome}, pupils=len(made))
    return dict(sorted(counts.items()))


def _messages(connection: Connection, picture: _Picture) -> tuple[Any, ...]:
    rows = message_store.listing(connection, picture.school.key, day=picture.day)
    return tuple(row for row in rows if row.session == picture.session and row.purpose == outbox.ABSENCE)


def _ids_by_pupil(messages: tuple[Any, ...]) -> dict[str, tuple[str, ...]]:
    ids: dict[str, list[str]] = {}
    for row in messages:
        for pupil_id in row.pupil_ids:
            ids.setdefault(pupil_id, []).append(row.message_id)
    return {key: tuple(sorted(value)) for key, value in ids.items()}
