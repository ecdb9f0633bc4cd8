"""Taking people and marks in: good rows count, refused rows are named, nothing is lost, and the same file twice changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from notifier.domain.schools import School
from notifier.domain.sessions import local_date
from notifier.registers.marks import MarkRow, MarksFile, read_marks
from notifier.registers.people import read_people
from notifier.registers.refusals import Refusal, Warning_, holds_corrected_rows, write_rejected
from notifier.services import follow_up
from notifier.services.application import Application
from notifier.services.follow_up import MarkChange
from notifier.services.roll import missing_many, save_people
from notifier.store import marks as mark_store
from notifier.store import people as people_store

Progress = Callable[[int, int], None]

NOT_ON_ROLL = "not_on_roll"
"""The warning that somebody marked absent today is no pupil any more: the only one an intake of marks needs a person for."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What one intake came to. `outcome` is "taken_in", "same_again" (nothing new) or "older_file" (refused until confirmed)."""

    school_id: str
    kind: str
    source: str
    import_id: str
    outcome: str
    rows: int
    changed: int
    unchanged: int
    refused: tuple[Refusal, ...]
    warnings: tuple[Any, ...]
    rejected_path: Path | None = None
    preset: str = ""
    left_roll: int = 0

    @property
    def needs_attention(self) -> bool:
        """Whether somebody should look: rows were refused, somebody absent is not on roll, or the file was not taken in at all."""
        absent = any(warning.code == NOT_ON_ROLL for warning in self.warnings)
        return bool(self.refused) or absent or self.outcome == "older_file"


class _DryRun(Exception):
    """Ends a transaction whose work was only tried."""


def take_people(
    app: Application,
    school_id: str,
    path: Path,
    *,
    now: datetime,
    by: str,
    preset: str | None = None,
    progress: Progress | None = None,
    dry_run: bool = False,
    keep_leavers: bool = False,
) -> Intake:
    """Take a people file in. It is the whole roll: pupils it no longer names leave the roll, unless `keep_leavers`, or unless
    rows were refused, so many are missing that the file is hardly the whole roll, or the file holds corrected rows of another.

    Raises FileError (nothing readable) and UnknownSchool.
    """
    data = path.read_bytes()
    read = read_people(
        data, filename=path.name, preset=preset, allow_test_numbers=app.settings.test_numbers_allowed, progress=progress
    )
    counts: dict[str, int] = {}
    import_id = str(uuid4())
    corrected = holds_corrected_rows(read.header)
    part = keep_leavers or corrected
    try:
        with app.database.begin() as connection:
            school = app.school(connection, school_id)
            people_store.lock_school(connection, school.key)
            counts = save_people(
                connection, school, read, now=now, keep_leavers=part or bool(read.refused), corrected=corrected
            )
            warnings = (*read.warnings, *missing_many(counts["kept"], part))
            outcome = "taken_in" if counts["changed"] or counts["left"] else "same_again"
            rejected = None if dry_run else _write_rejected(path, read.header, read.refused)
            _record(
                connection, school, import_id, "people", path.name, data, now=now, by=by, rows=len(read.rows),
                changed=counts["changed"], unchanged=counts["unchanged"], refused=read.refused, outcome=outcome,
                rejected=rejected,
            )  # fmt: skip
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return Intake(
        school_id, "people", path.name, import_id, outcome, len(read.rows), counts["changed"], counts["unchanged"],
        read.refused, warnings, rejected, read.preset, counts["left"],
    )  # fmt: skip


def take_marks(
    app: Application,
    school_id: str,
    path: Path,
    *,
    now: datetime,
    by: str,
    preset: str | None = None,
    progress: Progress | None = None,
    dry_run: bool = False,
    again: bool = False,
) -> Intake:
    """Take a marks file in, and let open follow-ups follow. Raises FileError and UnknownSchool.

    A file whose marks newer ones have replaced since is refused whole, unless `again`: a copy dropped by mistake must not bring
    an old absence back, and a real change back must not be lost in silence.
    """
    data = path.read_bytes()
    read = read_marks(data, filename=path.name, preset=preset, today=local_date(now), progress=progress)
    return keep_marks(app, school_id, read, path.name, data, now=now, by=by, path=path, dry_run=dry_run, again=again)


def keep_marks(
    app: Application,
    school_id: str,
    read: MarksFile,
    source: str,
    data: bytes,
    *,
    now: datetime,
    by: str,
    path: Path | None = None,
    dry_run: bool = False,
    again: bool = False,
) -> Intake:
    """Keep marks that were read from a file or a push."""
    import_id = str(uuid4())
    digest = hashlib.sha256(data).hexdigest()
    outcome, changed, unchanged = "taken_in", 0, 0
    refused: tuple[Refusal, ...] = read.refused
    warnings: tuple[Warning_, ...] = read.warnings
    rejected: Path | None = None
    try:
        with app.database.begin() as connection:
            school = app.school(connection, school_id)
            people_store.lock_school(connection, school.key)
            same = mark_store.latest_import(connection, school.key, "marks", digest)
            if same is not None and not again:
                outcome = _same_file(connection, school, same, now, dry_run=dry_run)
                unchanged = len(read.rows)
            else:
                rows, refused = _known_only(connection, school, read)
                warnings += _off_roll(connection, app, school, rows, local_date(now))
                changed, unchanged = _save_marks(connection, app, school, rows, read.superseded, import_id, now)
                rejected = None if dry_run or path is None else _write_rejected(path, read.header, refused)
            _record(
                connection, school, import_id, "marks", source, data, now=now, by=by, rows=len(read.rows),
                changed=changed, unchanged=unchanged, refused=refused, outcome=outcome, rejected=rejected,
            )  # fmt: skip
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    return Intake(
        school_id, "marks", source, import_id, outcome, len(read.rows), changed, unchanged, refused, warnings,
        rejected, read.preset,
    )  # fmt: skip


def _same_file(connection: Connection, school: School, same: Any, now: datetime, *, dry_run: bool) -> str:
    """The same content came before: confirm the marks that still stand, or refuse it where newer marks replaced some."""
    if mark_store.newest_row_after(connection, school.key, same.import_id):
        return "older_file"
    if not dry_run:
        sessions = mark_store.sessions_of_import(connection, school.key, same.import_id)
        mark_store.confirm_marks(connection, school.key, same.import_id, sessions, now)
    return "same_again"


def _known_only(connection: Connection, school: School, read: MarksFile) -> tuple[list[MarkRow], tuple[Refusal, ...]]:
    unknown = mark_store.unknown_pupils(connection, school.key, {row.pupil_id for row in read.rows})
    if not unknown:
        return list(read.rows), read.refused
    refused = [
        Refusal(
            row=row.row,
            column="pupil_id",
            value=row.pupil_id,
            code="unknown_pupil",
            message=f"No pupil '{row.pupil_id}' is on roll at {school.name}. Import the people file first, or correct the id.",
            raw=row.raw,
        )
        for row in read.rows
        if row.pupil_id in unknown
    ]
    good = [row for row in read.rows if row.pupil_id not in unknown]
    return good, tuple(sorted((*read.refused, *refused), key=lambda refusal: refusal.row))


def _off_roll(
    connection: Connection, app: Application, school: School, rows: Sequence[MarkRow], today: date
) -> tuple[Warning_, ...]:
    """Pupils marked absent without a reason today of whom the school says that they have left: nobody would look for them."""
    absent = {row.pupil_id for row in rows if row.date == today and app.codes.triggers_contact(row.code)}
    left = sorted(mark_store.pupils_off_roll(connection, school.key, absent)) if absent else []
    if not left:
        return ()
    words = (
        f"Marked absent today, but not on roll any more, so nobody is contacted: {', '.join(left)}. If they are pupils of "
        f"{school.name}, import the complete people file; if not, take them off the registers."
    )
    return (Warning_(row=None, column=None, value=", ".join(left), code=NOT_ON_ROLL, message=words),)


def _save_marks(
    connection: Connection,
    app: Application,
    school: School,
    rows: Sequence[MarkRow],
    superseded: Iterable[MarkRow],
    import_id: str,
    now: datetime,
) -> tuple[int, int]:
    """Keep all rows, make newer ones current; returns how many changed and how many stood already."""
    current = mark_store.current_marks_of(connection, school.key, {row.date for row in rows})
    received, changed_rows, changes = [], [], []
    stale = 0
    for number, row in enumerate((*superseded, *rows), start=1):
        received.append(_mark_row(school.key, import_id, number, row, now))
    for row in rows:
        session = row.session.value
        known = current.get((row.date, session, row.pupil_id))
        if known is not None and known.taken_at and row.taken_at and row.taken_at < known.taken_at:
            stale += 1  # a newer mark is known: this one is kept, and does not count
            continue
        if known is not None and known.code == row.code:
            continue
        changed_rows.append(
            {
                "school_id": school.key,
                "day": row.date,
                "session": session,
                "pupil_id": row.pupil_id,
                "code": row.code,
                "minutes_late": row.minutes_late,
                "taken_at": row.taken_at,
                "changed_at": now,
                "seen_at": now,
            }
        )
        if known is not None:
            changes.append(MarkChange(row.pupil_id, row.date, session, known.code, row.code))
        elif session == "PM":  # a first PM mark may be the arrival of a child missed in the morning
            changes.append(MarkChange(row.pupil_id, row.date, session, "", row.code))
    mark_store.save_marks(connection, received=received, changed=changed_rows)
    sessions = {(row["day"], row["session"]) for row in received[len(received) - len(rows) :]}
    mark_store.confirm_marks(connection, school.key, import_id, sessions, now)
    recent = [change for change in changes if change.day >= local_date(now) - timedelta(days=7)]
    follow_up.marks_changed(connection, app, school, recent, now=now)
    return len(changed_rows), len(rows) - len(changed_rows)


def _mark_row(school_id: str, import_id: str, number: int, row: MarkRow, now: datetime) -> dict[str, Any]:
    return {
        "school_id": school_id,
        "import_id": import_id,
        "row": number,
        "pupil_id": row.pupil_id,
        "day": row.date,
        "session": row.session.value,
        "code": row.code,
        "minutes_late": row.minutes_late,
        "comment": row.comment,
        "taken_at": row.taken_at,
        "received_at": now,
    }


def _write_rejected(path: Path, header: Sequence[str], refused: Sequence[Refusal]) -> Path | None:
    """Write the refused rows beside the file; the words on screen and the file agree."""
    if not refused:
        return None
    target = path.with_suffix(".rejected.csv")
    try:
        write_rejected(target, header, refused)
    except OSError:
        return None  # a folder we may not write to: the refusals stand in the import record all the same
    return target


def _record(
    connection: Connection,
    school: School,
    import_id: str,
    kind: str,
    source: str,
    data: bytes,
    *,
    now: datetime,
    by: str,
    rows: int,
    changed: int,
    unchanged: int,
    refused: Sequence[Refusal],
    outcome: str,
    rejected: Path | None,
) -> None:
    report = [
        {"row": item.row, "column": item.column, "value": item.value, "code": item.code, "message": item.message}
        for item in refused[:1000]
    ]
    mark_store.save_import(
        connection,
        {
            "school_id": school.key,
            "import_id": import_id,
            "kind": kind,
            "source": source,
            "digest": hashlib.sha256(data).hexdigest(),
            "received_at": now,
            "by": by,
            "rows": rows,
            "changed": changed,
            "unchanged": unchanged,
            "refused": len(refused),
            "outcome": outcome,
            "rejected_path": str(rejected) if rejected else None,
            "report": report,
        },
    )
