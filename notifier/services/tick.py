"""One tick: for every school, do whatever is due and not yet done. Any number of ticks, on any number of machines, do no harm.

What is due is worked out from local dates and our own tables, never from timers: a machine that slept, restarted or changed
its clock simply finds more to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection

from notifier.configuration.errors import ConfigurationError
from notifier.domain.schools import School
from notifier.domain.sessions import Session, at_local, local_date, local_time
from notifier.registers.drop_folder import DroppedFile, file_away, ready_files
from notifier.registers.refusals import FileError
from notifier.services import ladder, looks, outbox, proposals
from notifier.services.application import Application
from notifier.services.decide import REGISTER_HOLDS, UNUSUAL, run_session
from notifier.services.hand_over import Pace, SendCounts, hand_over
from notifier.services.reconcile import ReconcileCounts, reconcile
from notifier.services.report import send_run_report
from notifier.services.take_in import NOT_ON_ROLL, take_marks, take_people
from notifier.services.views import unexplained_codes
from notifier.store import evidence, follow_ups, marks, people, records, runs

log = structlog.get_logger()

LOOK_BACK_EVERY = timedelta(minutes=15)
"""How often missed days are looked for."""

LOOK_BACK = 5
"""School days within which a run that never happened is noticed and made up for, also across a half-term."""

LONGEST_BREAK = timedelta(days=60)
"""How far back those school days are looked for: beyond the summer holiday."""


@dataclass(slots=True)
class TickResult:
    """What one tick did. `trouble` holds a line for each school that could not be served, while the others were."""

    runs: list[tuple[str, str]] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    steps: int = 0
    handed_over: int = 0
    sent: SendCounts = field(default_factory=SendCounts)
    reconciled: ReconcileCounts = field(default_factory=ReconcileCounts)
    trouble: list[str] = field(default_factory=list)


async def tick(app: Application, *, now: datetime, pace: Pace, send: bool = True) -> TickResult:
    """Do everything that is due at `now` for all schools."""
    result = TickResult()
    for key in _schools(app, result):
        try:
            serve_school(app, key, now=now, result=result)
        except Exception as problem:  # one school's trouble must not keep the others' children waiting
            log.exception("tick.school_failed", school=key)
            result.trouble.append(f"{key}: {problem}")
    result.reconciled = await reconcile(app, now=now)
    if send:
        result.sent = await hand_over(app, now=now, pace=pace)
    with app.database.begin() as connection:
        records.beat(connection, "tick", now)
    return result


def _schools(app: Application, result: TickResult) -> list[str]:
    with app.database.read() as connection:
        keys = list(people.school_files(connection))
        good = []
        for key in keys:
            try:
                app.policy(app.school(connection, key))
            except ConfigurationError as problem:
                result.trouble.append(f"{key}: {problem}")
            else:
                good.append(key)
    return good


def serve_school(app: Application, school_id: str, *, now: datetime, result: TickResult) -> None:
    """Everything due for one school: files, runs, ladder, reports, the day's end."""
    with app.database.read() as connection:
        school = app.school(connection, school_id)
    looks.seal_due(app, school.key, now=now)
    take_dropped_files(app, school, now=now, result=result)
    today = local_date(now)
    calendar = app.calendar(school)
    _make_up(app, school, today, now=now, result=result)
    if not calendar.is_school_day(today):
        result.handed_over += _end_closed_day(app, school, today, now=now)
        return
    for session in Session:
        if session in school.times and _run_is_due(app, school, today, session, now):
            run_session(app, school.key, today, session, now=now, by="scheduler")
            result.runs.append((school.key, session.value))
    with app.database.begin() as connection:
        people.lock_school(connection, school.key)
        result.steps += ladder.advance(connection, app, school, now=now)
        for session in Session:
            send_run_report(connection, app, school, today, session.value, now=now)
        if now >= ladder.day_ends_at(school, today):
            result.handed_over += ladder.end_day(connection, app, school, day=today, now=now)
    proposals.daily(app, school, now=now)  # last: nothing of the first day waits for it


def _end_closed_day(app: Application, school: School, day: date, *, now: datetime) -> int:
    """Hand over whoever was being followed up when the school closed in the course of the day; on other closed days there is nobody."""
    with app.database.read() as connection:
        if not follow_ups.of_day(connection, school.key, day, open_only=True):
            return 0
    with app.database.begin() as connection:
        people.lock_school(connection, school.key)
        return ladder.end_day(connection, app, school, day=day, now=now, closed=True)


def _run_is_due(app: Application, school: School, day: date, session: Session, now: datetime) -> bool:
    """Whether a first run, or another pass, has something to act on."""
    if now < at_local(day, school.times[session].first_contact):
        return False
    with app.database.read() as connection:
        run = runs.run_of(connection, school.key, day, session)
        if run is None or run.last_pass_at is None:
            return True
        # the afternoon rests on the morning's marks too: a child who was being looked for may since have come, and left again
        rests_on = (Session.AM, Session.PM) if session is Session.PM else (session,)
        if any(last and last > run.last_pass_at for last in _last_changes(connection, school, day, rests_on)):
            return True
        holds = [row for row in runs.holds_of(connection, school.key, day) if row.session == session]
        waiting = any(row.released_at is None and row.kind == "register_stale" for row in holds)
        let_go = any(row.released_at is not None and row.released_at >= run.last_pass_at for row in holds)
        return waiting or let_go or _held_past_the_last_contact(school, day, session, run, holds, now)


def _last_changes(
    connection: Connection, school: School, day: date, sessions: Sequence[Session]
) -> list[datetime | None]:
    return [marks.last_change(connection, school.key, day, session) for session in sessions]


def _held_past_the_last_contact(
    school: School, day: date, session: Session, run: Any, holds: Sequence[Any], now: datetime
) -> bool:
    """Whether somebody may still be held although the time for texts is over: one more pass hands them to people."""
    last_contact = at_local(day, school.times[session].last_contact)
    held = any(row.released_at is None and row.kind in (UNUSUAL, *REGISTER_HOLDS.values()) for row in holds)
    return held and now > last_contact and run.last_pass_at is not None and run.last_pass_at <= last_contact


def _make_up(app: Application, school: School, today: date, *, now: datetime, result: TickResult) -> None:
    """Find past school days with unexplained marks nobody has decided about: nobody may vanish in an outage, or with late marks.

    Either the run never happened, or marks came in after its last pass. It is too late for texts: people are told.
    """
    calendar = app.calendar(school)
    name = f"look_back:{school.key}"
    with app.database.begin() as connection:
        last = records.last_beat(connection, name)
        if last is not None and timedelta(0) <= now - last < LOOK_BACK_EVERY:
            return
        records.beat(connection, name, now)
    _hand_over_past_days(app, school, today, now=now, result=result)
    before = calendar.school_days_between(today - LONGEST_BREAK, today - timedelta(days=1))
    for day in reversed(before[-LOOK_BACK:]):
        for session in Session:
            if session not in school.times:
                continue
            with app.database.read() as connection:
                run = runs.run_of(connection, school.key, day, session)
                added = people.added_at(connection, school.key)
                if run is None and added is not None and added > at_local(day, school.times[session].last_contact):
                    continue  # marks of days before the school joined are history, not missed runs
                last_mark = marks.last_change(connection, school.key, day, session)
                if run is not None and (last_mark is None or last_mark <= (run.last_pass_at or run.started_at)):
                    holds = [row for row in runs.holds_of(connection, school.key, day) if row.session == session]
                    if not _held_past_the_last_contact(school, day, session, run, holds, now):
                        continue
                current = marks.session_marks(connection, school.key, day, session)
            if not any(app.codes.triggers_contact(mark.code) for mark in current.values()):
                continue
            by = "made up after an outage" if run is None else "scheduler"
            run_session(app, school.key, day, session, now=now, by=by)
            result.runs.append((school.key, f"{day.isoformat()} {session.value}"))
            if run is not None:
                continue  # the call list's own e-mail tells staff
            with app.database.begin() as connection:
                outbox.tell_staff(
                    connection, app, school, "staff_missed_run",
                    {
                        "session": session.value,
                        "due": school.times[session].first_contact,
                        "found": local_time(now),
                    },
                    key="missed_run", day=day, session=session, now=now, urgent=True,
                )  # fmt: skip


def _hand_over_past_days(app: Application, school: School, today: date, *, now: datetime, result: TickResult) -> None:
    """Hand over whoever was still open when the service stopped: the cut-off of their day passed unseen."""
    with app.database.begin() as connection:
        people.lock_school(connection, school.key)
        for day in follow_ups.days_not_handed_over(connection, school.key, today - LONGEST_BREAK, today):
            result.handed_over += ladder.end_day(connection, app, school, day=day, now=now)


def take_dropped_files(app: Application, school: School, *, now: datetime, result: TickResult) -> None:
    """Take in what lies in the school's drop folder; people before marks. A file that cannot be read is put aside, named."""
    if not school.drop_folder:
        return
    folder = Path(school.drop_folder)
    if not folder.is_dir():
        result.trouble.append(f"{school.key}: the drop folder {folder} is not there")
        return
    found = ready_files(folder, now=now)  # people first, and older files before newer ones whatever they are called
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    for item in found:
        try:
            _take_dropped_file(app, school, item, stamp, now=now, result=result)
        except Exception as problem:  # a file, or a folder, must not keep the children waiting whose marks are here
            log.exception("drop_folder.failed", school=school.key, file=item.path.name)
            result.trouble.append(
                f"{school.key}: {item.path.name} stays in the drop folder, and is tried again: {problem}"
            )


def _take_dropped_file(
    app: Application, school: School, item: DroppedFile, stamp: str, *, now: datetime, result: TickResult
) -> None:
    if item.kind == "unknown":
        result.trouble.append(
            f"{school.key}: {item.path.name}: neither a people nor a marks file; it was put aside unread"
        )
        file_away(item.path, done=False, stamp=stamp)
        return
    take = take_people if item.kind == "people" else take_marks
    try:
        intake = take(app, school.key, item.path, now=now, by="drop folder")
    except FileError as problem:
        log.warning("drop_folder.refused", school=school.key, file=item.path.name, problem=str(problem))
        result.trouble.append(f"{school.key}: {item.path.name}: {problem}")
        file_away(item.path, done=False, stamp=stamp)
        return
    if intake.needs_attention:
        absent = [warning.message for warning in intake.warnings if warning.code == NOT_ON_ROLL]
        said = absent or [f"{len(intake.refused)} rows refused, outcome {intake.outcome}"]
        result.trouble.append(f"{school.key}: {item.path.name}: {' '.join(said)}")
    result.files.append((school.key, item.path.name))
    file_away(item.path, done=intake.outcome != "older_file", stamp=stamp)


def unaccounted(app: Application, school_id: str | None = None, day: date | None = None) -> list[evidence.Unaccounted]:
    """The promise, asked of the data: what this returns is a silent loss."""
    with app.database.read() as connection:
        return evidence.unaccounted(connection, unexplained_codes=unexplained_codes(app), school_id=school_id, day=day)
