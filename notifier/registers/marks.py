"""Marks files: one row per pupil, date and session, or one per pupil and day with a column for each session.

Codes are kept as they come: what an unknown one means is decided later, and never here. A row that leaves in doubt whose mark
it is, or when, is refused, and so are two different marks for one session where nothing tells which is newer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from notifier.domain.sessions import LONDON, UTC, Session, at_local
from notifier.registers.presets import Match, folded, known_headings, load_presets, match_header, score_header
from notifier.registers.refusals import Refusal, Warning_, restored
from notifier.registers.table import Progress, open_table


@dataclass(frozen=True, slots=True)
class MarkRow:
    """One good mark. `code` is in capitals, '' where no mark was made; `taken_at` is aware UTC, None where not said.

    `row` is the number a spreadsheet shows; the two marks of a wide row share it.
    """

    row: int
    pupil_id: str
    date: date
    session: Session
    code: str
    minutes_late: int | None
    comment: str
    taken_at: datetime | None
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarksFile:
    """What a marks file, or a push, holds. `superseded` are sound rows for which the same file has a newer mark."""

    rows: tuple[MarkRow, ...]
    refused: tuple[Refusal, ...]
    warnings: tuple[Warning_, ...]
    preset: str
    header: tuple[str, ...]
    encoding: str
    superseded: tuple[MarkRow, ...] = ()


def read_marks(
    source: Path | bytes,
    *,
    filename: str,
    preset: str | None = None,
    today: date,
    presets_dir: Path | None = None,
    progress: Progress | None = None,
) -> MarksFile:
    """Read a marks file; `today` is the school's local date. Raises FileError where the file as a whole cannot be read."""
    presets = load_presets(presets_dir)
    known = known_headings(presets, "marks")
    table = open_table(source, filename=filename, score=lambda cells: score_header(known, cells), progress=progress)
    match = match_header(presets, "marks", table.header, filename=filename, preset=preset)
    checker = MarkChecker(today, match.preset.words.sessions, match.heading)
    rows = list(_wide(table.records, match, checker) if match.wide else _long(table.records, match, checker))
    kept = settled_marks(rows, checker.refused, checker.warnings)
    refused = sorted([*table.refused, *checker.refused], key=lambda refusal: refusal.row)
    return MarksFile(
        tuple(kept.rows),
        tuple(refused),
        (*match.warnings, *table.warnings, *checker.warnings),
        match.preset.key,
        table.header,
        table.encoding,
        tuple(kept.superseded),
    )


def _long(records: Iterable[tuple[int, list[str]]], match: Match, checker: MarkChecker) -> Iterable[MarkRow]:
    # looked up once, not once for each of 70,000 rows
    pupil, day, session, code = (match.places[column][0] for column in ("pupil_id", "date", "session", "code"))
    minutes, comment, taken = (match.places.get(column, (-1,))[0] for column in ("minutes_late", "comment", "taken_at"))
    check = checker.check
    for row, cells in records:
        mark = check(
            row,
            cells[pupil],
            cells[day],
            cells[session],
            cells[code],
            cells[minutes] if minutes >= 0 else "",
            cells[comment] if comment >= 0 else "",
            cells[taken] if taken >= 0 else "",
            tuple(cells),
        )
        if mark is not None:
            yield mark


def _wide(records: Iterable[tuple[int, list[str]]], match: Match, checker: MarkChecker) -> Iterable[MarkRow]:
    """Two marks out of one row. Minutes, comment and time belong to no single session there, so they are not read."""
    pupil, day = (match.places[column][0] for column in ("pupil_id", "date"))
    sessions = [(str(session), place) for session, place in match.wide.items()]
    for row, cells in records:
        raw = tuple(cells)
        for session, place in sessions:
            mark = checker.check(row, cells[pupil], cells[day], session, cells[place], "", "", "", raw)
            if mark is None:
                break  # said once is enough: the fault lies in the columns both marks share
            yield mark


_ISO_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_UK_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: 00:00(?::00)?)?")
_UK_MOMENT = re.compile(r"(\d{1,2}[/.-]\d{1,2}[/.-]\d{4})[ T](\d{1,2}:\d{2}(?::\d{2})?)")
_SPREADSHEET_DAY = re.compile(r"4\d{4}(\.\d+)?")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?")
_MINUTES = re.compile(r"(\d{1,4})(\.0+)?")
_MINUTES_IN_A_DAY: Final = 1440
_NO_MARK: Final = frozenset({"-", "–", "—"})


class MarkChecker:
    """Checks marks given as text, remembering dates and times it has met, and gathers refusals and warnings.

    `heading` turns a column of ours into the name the sender uses for it.
    """

    def __init__(self, today: date, sessions: Mapping[str, Session], heading: Callable[[str], str]) -> None:
        self.refused: list[Refusal] = []
        self.warnings: list[Warning_] = []
        self._today = today
        self._heading = heading
        self._words = sessions
        self._oldest = _a_year_before(today)
        self._dates: dict[str, date | tuple[str, str]] = {}
        self._sessions: dict[str, Session | None] = {}
        self._codes: dict[str, str] = {}
        self._moments: dict[tuple[str, date], datetime | None] = {}

    def check(
        self,
        row: int,
        pupil_id: str,
        day: str,
        session: str,
        code: str,
        minutes: str,
        comment: str,
        taken_at: str,
        raw: tuple[str, ...],
    ) -> MarkRow | None:
        """The mark, or None where it was refused. All values are text as received."""
        pupil_id = restored(pupil_id.strip())
        if not pupil_id:
            self.refuse(row, "pupil_id", "", "missing_value", "is empty, so nobody knows whose mark this is.", raw)
            return None
        when = self._dates.get(day)
        if when is None:
            when = self._dates[day] = self._date(day)
        if isinstance(when, tuple):
            self.refuse(row, "date", day, *when, raw)
            return None
        which = self._sessions[session] if session in self._sessions else self._session(session)
        if which is None:
            shown = f"'{session.strip()}' is no session" if session.strip() else "is empty"
            self.refuse(row, "session", session, "unknown_session", f"{shown}. Write AM or PM.", raw)
            return None
        late = None
        if minutes and (minutes := minutes.strip()):
            found = _MINUTES.fullmatch(minutes)
            if found is None or int(found[1]) >= _MINUTES_IN_A_DAY:
                words = f"'{minutes}' is not a number of minutes. Write a whole number, or leave it empty."
                self.refuse(row, "minutes_late", minutes, "bad_number", words, raw)
                return None
            late = int(found[1])
        known = self._codes.get(code)
        if known is None:
            known = self._codes[code] = _code(code)
        moment = self._moment(row, taken_at.strip(), when) if taken_at else None
        return MarkRow(row, pupil_id, when, which, known, late, restored(comment.strip()), moment, raw)

    def refuse(self, row: int, column: str | None, value: str, code: str, words: str, raw: tuple[str, ...]) -> None:
        """Refuse a row, for a column of ours or (None) as a whole; `words` say what is wrong and what to do."""
        heading = self._heading(column) if column else None
        where = f"Row {row}, {heading}" if heading else f"Row {row}"
        self.refused.append(Refusal(row, heading, value.strip(), code, f"{where}: {words}", raw))

    def _session(self, text: str) -> Session | None:
        found = self._sessions[text] = self._words.get(folded(text.removesuffix(".0")))
        return found

    def _date(self, text: str) -> date | tuple[str, str]:
        shown = text.strip()
        found = _date_of(shown)
        if found is None and _SPREADSHEET_DAY.fullmatch(shown):
            words = f"'{shown}' is how a spreadsheet counts days. Format the column as a date, save it, and import it again."
            return "bad_date", words
        if found is None:
            return "bad_date", f"'{shown}' is not a date. Write it as 2026-11-23 or 23/11/2026."
        if found > self._today:
            return "future_date", f"{found} lies in the future. Check the day, or import the row on that day."
        if found < self._oldest:
            return "old_date", f"{found} is more than a year ago. Check the year."
        return found

    def _moment(self, row: int, text: str, day: date) -> datetime | None:
        if not text:
            return None
        key = (text, day)
        if key not in self._moments:
            self._moments[key] = moment_of(text, day)
        moment = self._moments[key]
        if moment is None or moment.astimezone(LONDON).date() > self._today:
            heading = self._heading("taken_at")
            why = "is not a date and time" if moment is None else "lies in the future"
            words = f"Row {row}, {heading}: '{text}' {why}; the mark was taken without it."
            self.warnings.append(Warning_(row, heading, text, "bad_time", words))
            return None
        return moment


def _code(text: str) -> str:
    code = restored(text.strip()).upper()
    return "" if code in _NO_MARK else code


def _a_year_before(today: date) -> date:
    try:
        return today.replace(year=today.year - 1)
    except ValueError:  # 29 February
        return today.replace(year=today.year - 1, day=28)


def _date_of(text: str) -> date | None:
    try:
        if found := _ISO_DATE.fullmatch(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _UK_DATE.fullmatch(text):
            return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        pass
    return None


def moment_of(text: str, day: date) -> datetime | None:
    """An instant in UTC out of ISO 8601, "23/11/2026 09:21", or a time alone on `day`; None where it is none of these.

    Without an offset it is London time; a time that the autumn change repeats is the first of the two.
    """
    try:
        if found := _TIME.fullmatch(text):
            return at_local(day, time(int(found[1]), int(found[2]), int(found[3] or 0)))
        if found := _UK_MOMENT.fullmatch(text):
            local_day = _date_of(found[1])
            return moment_of(found[2], local_day) if local_day else None
        if ":" not in text:  # a date alone says nothing about when on that day
            return None
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        return at_local(moment.date(), moment.time())
    return moment.astimezone(UTC)


@dataclass(slots=True)
class _Settled:
    rows: list[MarkRow] = field(default_factory=list)
    superseded: list[MarkRow] = field(default_factory=list)


def settled_marks(rows: list[MarkRow], refused: list[Refusal], warnings: list[Warning_]) -> _Settled:
    """One mark for each pupil, date and session: equal ones count once, of different ones the newest.

    Where nothing tells which is newest, all of them are refused: a guess might alarm a family for nothing.
    """
    groups: dict[tuple[str, date, Session], list[MarkRow]] = {}
    for mark in rows:
        groups.setdefault((mark.pupil_id, mark.date, mark.session), []).append(mark)
    if len(groups) == len(rows):
        return _Settled(rows)
    settled = _Settled()
    for (pupil_id, day, session), marks in groups.items():
        if len(marks) == 1:
            settled.rows.append(marks[0])
            continue
        newest = _newest(marks)
        listed = ", ".join(str(mark.row) for mark in marks)
        if newest is None:
            for mark in marks:
                words = (
                    f"Row {mark.row}: pupil {pupil_id} has different marks for {day} {session} in rows {listed}, and nothing "
                    "tells which is newer. None was taken. Leave only the right one and import it again."
                )
                refused.append(Refusal(mark.row, None, mark.code, "contradictory_marks", words, mark.raw))
            continue
        settled.rows.append(newest)
        for mark in marks:
            if mark is newest:
                continue
            if (mark.code, mark.minutes_late) == (newest.code, newest.minutes_late):
                words = f"Row {mark.row} says the same as row {newest.row}; it counts once."
                warnings.append(Warning_(mark.row, None, mark.code, "duplicate_row", words))
            else:
                settled.superseded.append(mark)
                words = f"Row {mark.row}: the mark in row {newest.row} is newer and counts."
                warnings.append(Warning_(mark.row, None, mark.code, "superseded", words))
    settled.rows.sort(key=lambda mark: mark.row)
    return settled


def _newest(marks: list[MarkRow]) -> MarkRow | None:
    """The mark that counts, or None where different marks are equally new or one of them has no time."""
    if len({(mark.code, mark.minutes_late) for mark in marks}) == 1:
        return max(
            marks, key=lambda mark: (mark.taken_at is not None, mark.taken_at.timestamp() if mark.taken_at else 0)
        )
    times = [mark.taken_at for mark in marks if mark.taken_at is not None]
    if len(times) < len(marks):
        return None
    latest = max(times)
    last = [mark for mark in marks if mark.taken_at == latest]
    return last[0] if len({(mark.code, mark.minutes_late) for mark in last}) == 1 else None
