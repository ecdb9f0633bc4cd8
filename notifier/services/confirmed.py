"""What people confirmed on a day, for whoever enters it in the MIS: nothing here, or anywhere in the service, changes a mark there."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection

from notifier.domain.schools import School
from notifier.domain.sessions import LONDON, Session
from notifier.registers.refusals import neutralised
from notifier.services.application import Application
from notifier.store import blocks, marks, people, records
from notifier.store import board as store

COLUMNS: Final = (
    "date",
    "session",
    "pupil_id",
    "name",
    "group",
    "code",
    "meaning",
    "mark_now",
    "to_enter",
    "said_by",
    "at",
    "how",
)
"""The columns of the export."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One code to be entered. `mark` is the mark as it stands; `how` says where the code comes from. `at` is aware."""

    day: date
    session: str
    pupil_id: str
    name: str
    group: str
    code: str
    meaning: str
    mark: str
    by: str
    at: datetime
    how: str
    follow_up_id: str = ""

    @property
    def to_enter(self) -> bool:
        """Whether the register does not say so yet."""
        return self.mark != self.code


def entries(connection: Connection, app: Application, school: School, day: date) -> list[Entry]:
    """The day's codes that people confirmed, and those that families reported ahead; by group and name."""
    found = [
        Entry(
            day=day,
            session=row.session,
            pupil_id=row.pupil_id,
            name=f"{row.preferred_name or row.given_name} {row.family_name}".strip(),
            group=row.registration_group,
            code=row.closed_code or "",
            meaning=_meaning(app, row.closed_code),
            mark=row.code or "",
            by=row.closed_by or "",
            at=row.closed_at,
            how="confirmed",
            follow_up_id=row.follow_up_id,
        )
        for row in store.confirmed(connection, school.key, day)
    ]
    found += _reported(connection, app, school, day, {(entry.session, entry.pupil_id) for entry in found})
    return sorted(found, key=lambda entry: (entry.group, entry.name, entry.pupil_id, entry.session))


def _reported(
    connection: Connection, app: Application, school: School, day: date, known: set[tuple[str, str]]
) -> Iterable[Entry]:
    """Reports with a code for sessions that nobody confirmed by hand; the newest report of a session counts."""
    reports = [row for row in blocks.reports_made(connection, school.key, day) if row.code]
    ids = [row.pupil_id for row in reports]
    pupils = people.load_roll(connection, school.key, pupil_ids=ids).pupils if ids else {}
    now = {
        session.value: marks.session_marks(connection, school.key, day, session, pupil_ids=ids)
        for session in Session
        if ids
    }
    for row in reports:
        pupil = pupils.get(row.pupil_id)
        for session in row.sessions.split("|"):
            if pupil is None or (session, row.pupil_id) in known:
                continue
            known.add((session, row.pupil_id))
            mark = now[session].get(row.pupil_id)
            yield Entry(
                day=day,
                session=session,
                pupil_id=row.pupil_id,
                name=f"{pupil.called} {pupil.family_name}".strip(),
                group=pupil.registration_group,
                code=row.code,
                meaning=_meaning(app, row.code),
                mark=mark.code if mark else "",
                by=row.by,
                at=row.made_at,
                how="reported by the family",
            )


def as_csv(found: Iterable[Entry]) -> str:
    """The list for a spreadsheet: UTF-8 with a mark that spreadsheets look for; no cell can be taken for a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for entry in found:
        writer.writerow(
            neutralised(cell)
            for cell in (
                entry.day.isoformat(), entry.session, entry.pupil_id, entry.name, entry.group, entry.code, entry.meaning,
                entry.mark, "yes" if entry.to_enter else "no", entry.by, f"{entry.at.astimezone(LONDON):%Y-%m-%d %H:%M}", entry.how,
            )
        )  # fmt: skip
    return "\ufeff" + text.getvalue()


def export(app: Application, school_id: str, day: date, *, by: str, now: datetime) -> str:
    """The day's list as CSV; that it was taken is put on record."""
    with app.database.begin() as connection:
        school = app.school(connection, school_id)
        people.lock_school(connection, school.key)
        found = entries(connection, app, school, day)
        records.add_audit(
            connection, school.key, at=now, actor=by, act="confirmed.export", subject="",
            detail={"day": day.isoformat(), "rows": len(found)},
        )  # fmt: skip
    return as_csv(found)


def _meaning(app: Application, code: str | None) -> str:
    entry = app.codes.lookup(code)
    return entry.meaning if entry else ""
