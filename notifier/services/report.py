"""The report to staff after a run: contacted, answered, unreachable, held, and every pupil not contacted, with why."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier.domain.decisions import Outcome
from notifier.domain.messages import MAY_HAVE_LEFT, WAITING
from notifier.domain.reasons import Reason, words
from notifier.domain.schools import School
from notifier.domain.sessions import local_time
from notifier.services import outbox
from notifier.services.alerts import full_name
from notifier.services.application import Application
from notifier.store import follow_ups, messages, replies, runs

REPORT_AFTER = timedelta(minutes=5)
"""How long after a run began its report goes out: by then the first texts have left."""

_NOT_WORTH_A_LINE = frozenset(
    {Reason.PRESENT, Reason.EXPLAINED, Reason.NOT_EXPECTED, Reason.OFF_SITE, Reason.SCHOOL_CLOSED}
)


def run_report(connection: Connection, app: Application, school: School, day: date, session: str) -> dict[str, Any]:
    """What the report says: counts, the pupils nobody was written to about, and the groups that are held."""
    decisions = runs.current_decisions(connection, school.key, day, session)
    chased = [row for row in follow_ups.of_day(connection, school.key, day) if row.session == session]
    ids = [row.follow_up_id for row in chased]
    reached = {
        row.about
        for row in messages.of_follow_ups(connection, school.key, ids)
        if row.status in MAY_HAVE_LEFT | WAITING
    }
    answered = {row.about for row in replies.of_follow_ups(connection, school.key, ids)}
    names = messages.names_of(connection, school.key, [pupil_id for _, pupil_id in decisions])
    missed = []
    unreachable = {row.pupil_id for row in chased if row.follow_up_id not in reached}
    for (_, pupil_id), row in decisions.items():
        reason = Reason(row.reason)
        contacted = row.outcome == Outcome.CONTACT and pupil_id not in unreachable
        if contacted or reason in _NOT_WORTH_A_LINE:
            continue
        pupil = names.get(pupil_id)
        missed.append(
            {
                "name": full_name(pupil) if pupil else pupil_id,
                "group": pupil.registration_group if pupil else "",
                "reason": _told(Reason.NOT_DELIVERED if row.outcome == Outcome.CONTACT else reason),
                "since": local_time(row.decided_at),
            }
        )
    held = [row for row in runs.holds_of(connection, school.key, day, open_only=True) if row.session == session]
    return {
        "session": session,
        "counts": {
            "unexplained": len(chased) + sum(row.reason == Reason.UNUSUAL_ABSENCE for row in decisions.values()),
            "contacted": len(reached),
            "answered": len(answered),
            "to_ring": sum(row.call_list_at is not None and row.closed_at is None for row in chased),
            "held": sum(row.outcome == Outcome.HOLD for row in decisions.values()),
            "not_contacted": len(missed),
        },
        "pupils": sorted(missed, key=lambda line: (line["group"], line["name"])),
        "groups": [{"name": row.scope or "the whole school", "expected": row.measure} for row in held],
    }


def _told(reason: Reason) -> str:
    """What happened and what to do about it, as one part of a line."""
    said = words(reason)
    return " ".join(part for part in (said.what, said.next_step) if part).removesuffix(".")


def send_run_report(
    connection: Connection, app: Application, school: School, day: date, session: str, *, now: datetime
) -> bool:
    """Queue a run's report once, a few minutes after it began; True where it was queued now."""
    run = runs.run_of(connection, school.key, day, session)
    if run is None or run.reported_at is not None or now - run.started_at < REPORT_AFTER:
        return False
    if not runs.note_reported(connection, school.key, day, session, now):
        return False
    values = run_report(connection, app, school, day, session)
    outbox.tell_staff(
        connection, app, school, "staff_run_report", values, key="run_report", day=day, session=session, now=now
    )
    return True
