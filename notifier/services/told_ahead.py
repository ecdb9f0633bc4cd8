"""Absences told ahead, as a pupil's page shows them, and taking one back: a wrong last day must not keep a missing child from being noticed.

Recording one is in `staff_acts` (`report_ahead`, `not_expected`).
"""

from __future__ import annotations

from datetime import datetime

from notifier.domain.sessions import Session, local_date
from notifier.services import follow_up
from notifier.services.application import Application
from notifier.services.decide import run_session
from notifier.store import blocks as store
from notifier.store import follow_ups as follow_up_store
from notifier.store import people, records, runs


class NoSuchReport(Exception):
    """The school has no such report of an absence about this pupil."""


def take_back(app: Application, school_id: str, pupil_id: str, report_id: str, *, by: str, now: datetime) -> bool:
    """Take days told ahead back; False where that was done before. Raises NoSuchReport.

    Where today's sessions were run already, everybody is looked at once more: whoever is marked absent without a reason is contacted, or
    goes to a person where it is too late.
    """
    today = local_date(now)
    with app.database.begin() as connection:
        school = app.school(connection, school_id)
        people.lock_school(connection, school.key)
        row = store.report(connection, school.key, report_id)
        if row is None or row.pupil_id != pupil_id:
            raise NoSuchReport(report_id)
        if not store.withdraw_report(connection, school.key, report_id, at=now):
            return False
        said = f"no longer told ahead: {row.first_day:%d/%m/%Y} to {row.last_day:%d/%m/%Y}"
        for chased in follow_up_store.of_pupils(connection, school.key, [pupil_id], since=today):
            follow_up.note(connection, school, chased.follow_up_id, now, "note", by, said)
        records.add_audit(
            connection, school.key, at=now, actor=by, act="absence.take_back", subject=pupil_id,
            detail={"report": report_id, "first_day": row.first_day.isoformat(), "last_day": row.last_day.isoformat()},
        )  # fmt: skip
        again = [
            Session(run.session)
            for run in runs.runs_of_day(connection, school.key, today)
            if row.first_day <= today <= row.last_day and run.session in row.sessions.split("|")
        ]
    for session in again:
        run_session(app, school_id, today, session, now=now, by=by)
    return True
