"""Marks files: dates, sessions, codes and times as they are typed, and marks that contradict each other."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from notifier.domain.sessions import Session
from notifier.registers.marks import MarksFile, moment_of, read_marks

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
TODAY = date(2026, 11, 23)
HEADER = "pupil_id,date,session,code,minutes_late,comment,taken_at"


def read(*lines: str, header: str = HEADER, today: date = TODAY) -> MarksFile:
    return read_marks("\n".join([header, *lines]).encode(), filename="marks.csv", today=today)


def refusals(file: MarksFile) -> list[tuple[int, str | None, str]]:
    return [(refusal.row, refusal.column, refusal.code) for refusal in file.refused]


def test_a_good_row_becomes_a_mark() -> None:
    file = read("4711,2026-11-23,AM,l,12,Car trouble,2026-11-23T09:21:00+00:00")
    (mark,) = file.rows
    assert (mark.row, mark.pupil_id, mark.date, mark.session, mark.code) == (2, "4711", TODAY, Session.AM, "L")
    assert (mark.minutes_late, mark.comment) == (12, "Car trouble")
    assert mark.taken_at == datetime(2026, 11, 23, 9, 21, tzinfo=UTC)
    assert mark.raw[3] == "l"
    assert (file.refused, file.warnings, file.preset, file.encoding) == ((), (), "standard", "utf-8")


@pytest.mark.parametrize(
    "typed", ["2026-11-20", "20/11/2026", "20-11-2026", "20.11.2026", "2026-11-20 00:00:00", " 20/11/2026 "]
)
def test_a_date_is_read_day_first(typed: str) -> None:
    assert read(f"1,{typed},AM,N,,,").rows[0].date == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        pytest.param("", "bad_date", id="empty"),
        pytest.param("11/23/2026", "bad_date", id="month first"),
        pytest.param("23/11/26", "bad_date", id="two-digit year"),
        pytest.param("46349", "bad_date", id="a spreadsheet's day number"),
        pytest.param("31/11/2026", "bad_date", id="no such day"),
        pytest.param("24/11/2026", "future_date", id="tomorrow"),
        pytest.param("22/11/2025", "old_date", id="a year and a day ago"),
    ],
)
def test_a_date_in_doubt_refuses_its_row_and_the_others_count(typed: str, code: str) -> None:
    file = read(f"1,{typed},AM,N,,,", "2,23/11/2026,AM,N,,,")
    assert refusals(file) == [(2, "date", code)]
    assert [mark.pupil_id for mark in file.rows] == ["2"]


def test_a_year_ago_is_still_taken_even_from_a_leap_day() -> None:
    assert len(read("1,2025-11-23,AM,N,,,").rows) == 1
    assert len(read("1,2027-02-28,AM,N,,,", today=date(2028, 2, 29)).rows) == 1


@pytest.mark.parametrize(
    ("typed", "session"),
    [
        ("AM", "AM"),
        ("pm", "PM"),
        ("1", "AM"),
        ("2", "PM"),
        ("2.0", "PM"),
        ("Morning", "AM"),
        ("afternoon", "PM"),
        ("a.m.", "AM"),
    ],
)
def test_a_session_is_understood(typed: str, session: str) -> None:
    assert read(f"1,2026-11-23,{typed},N,,,").rows[0].session == session


@pytest.mark.parametrize("typed", ["", "3", "Period 1", "A"])
def test_an_unknown_session_refuses_its_row(typed: str) -> None:
    assert refusals(read(f"1,2026-11-23,{typed},N,,,")) == [(2, "session", "unknown_session")]


@pytest.mark.parametrize(
    ("typed", "code"),
    [("N", "N"), (" n ", "N"), ("", ""), ("-", ""), ("–", ""), ("/", "/"), ("\\", "\\"), ("#", "#"), ("y1", "Y1"), ("ZZ9", "ZZ9"),
     ("'-", ""), ("?", "?")],
)  # fmt: skip
def test_a_code_is_kept_as_received_and_unknown_ones_are_not_refused(typed: str, code: str) -> None:
    file = read(f"1,2026-11-23,AM,{typed},,,")
    assert ([mark.code for mark in file.rows], file.refused) == ([code], ())


@pytest.mark.parametrize(("typed", "minutes"), [("", None), ("0", 0), ("12", 12), ("12.0", 12)])
def test_minutes_late_are_a_whole_number_or_nothing(typed: str, minutes: int | None) -> None:
    assert read(f"1,2026-11-23,AM,L,{typed},,").rows[0].minutes_late == minutes


@pytest.mark.parametrize("typed", ["ten", "-5", "1.5", "1440"])
def test_other_minutes_refuse_their_row(typed: str) -> None:
    assert refusals(read(f"1,2026-11-23,AM,L,{typed},,")) == [(2, "minutes_late", "bad_number")]


def test_a_mark_of_nobody_is_refused() -> None:
    assert refusals(read(" ,2026-11-23,AM,N,,,")) == [(2, "pupil_id", "missing_value")]


@pytest.mark.parametrize(
    ("typed", "day", "instant"),
    [
        pytest.param("09:21", date(2026, 11, 23), datetime(2026, 11, 23, 9, 21, tzinfo=UTC), id="a time alone, winter"),
        pytest.param("09:21", date(2026, 6, 1), datetime(2026, 6, 1, 8, 21, tzinfo=UTC), id="a time alone, summer"),
        pytest.param(
            "01/06/2026 09:21:30", date(2026, 6, 1), datetime(2026, 6, 1, 8, 21, 30, tzinfo=UTC), id="UK form"
        ),
        pytest.param(
            "2026-06-01 09:21", date(2026, 6, 1), datetime(2026, 6, 1, 8, 21, tzinfo=UTC), id="ISO, London time"
        ),
        pytest.param(
            "2026-06-01T09:21:00Z", date(2026, 6, 1), datetime(2026, 6, 1, 9, 21, tzinfo=UTC), id="ISO with zone"
        ),
        pytest.param(
            "2026-10-25 01:30", date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), id="repeated hour"
        ),
        pytest.param("2026-03-29 01:30", date(2026, 3, 29), datetime(2026, 3, 29, 1, 0, tzinfo=UTC), id="skipped hour"),
        pytest.param("2026-06-01", date(2026, 6, 1), None, id="a date alone tells no time"),
        pytest.param("25:00", date(2026, 6, 1), None, id="no such time"),
        pytest.param("soon", date(2026, 6, 1), None, id="a word"),
    ],
)
def test_a_time_is_london_time_unless_it_says_otherwise(typed: str, day: date, instant: datetime | None) -> None:
    assert moment_of(typed, day) == instant


@pytest.mark.parametrize("typed", ["soon", "2026-11-24 09:00"], ids=["unreadable", "in the future"])
def test_a_bad_time_costs_the_time_and_not_the_mark(typed: str) -> None:
    file = read(f"1,2026-11-23,AM,N,,,{typed}")
    assert (file.rows[0].code, file.rows[0].taken_at) == ("N", None)
    assert [(warning.row, warning.column, warning.code) for warning in file.warnings] == [(2, "taken_at", "bad_time")]


# --- several marks for one session ---


def test_the_newest_of_two_marks_counts_and_the_other_is_kept_aside() -> None:
    file = read("1,2026-11-23,AM,L,5,,09:40", "1,2026-11-23,AM,N,,,09:10", "2,2026-11-23,AM,/,,,")
    assert [(mark.pupil_id, mark.code) for mark in file.rows] == [("1", "L"), ("2", "/")]
    assert [mark.code for mark in file.superseded] == ["N"]
    assert [(warning.row, warning.code) for warning in file.warnings] == [(3, "superseded")]


@pytest.mark.parametrize(
    ("first", "second"),
    [("", ""), ("09:10", ""), ("09:10", "09:10")],
    ids=["no times", "one time", "the same time"],
)
def test_two_marks_with_nothing_to_tell_them_apart_are_both_refused(first: str, second: str) -> None:
    file = read(f"1,2026-11-23,AM,/,,,{first}", f"1,2026-11-23,AM,N,,,{second}", "2,2026-11-23,AM,N,,,")
    assert refusals(file) == [(2, None, "contradictory_marks"), (3, None, "contradictory_marks")]
    assert [mark.pupil_id for mark in file.rows] == ["2"]


def test_no_mark_beside_a_mark_is_a_contradiction_too() -> None:
    # the mark may have been taken back: nothing tells
    assert len(read("1,2026-11-23,AM,N,,,", "1,2026-11-23,AM,-,,,").refused) == 2


def test_the_same_mark_twice_counts_once() -> None:
    file = read("1,2026-11-23,AM,N,,,", "1,2026-11-23,AM,n,,,09:12")
    assert [(mark.row, mark.taken_at is not None) for mark in file.rows] == [(3, True)]
    assert [warning.code for warning in file.warnings] == ["duplicate_row"]
    assert file.refused == ()


# --- layouts and files ---


def test_a_column_for_each_session_gives_two_marks_a_row() -> None:
    file = read("4711,23/11/2026,N,-", "4712,23/11/2026,/,\\", header="Adno,Date,AM,PM")
    assert [(mark.row, mark.pupil_id, mark.session, mark.code) for mark in file.rows] == [
        (2, "4711", "AM", "N"),
        (2, "4711", "PM", ""),
        (3, "4712", "AM", "/"),
        (3, "4712", "PM", "\\"),
    ]
    assert file.preset == "sims"


def test_a_wide_row_with_a_bad_date_is_refused_once() -> None:
    assert refusals(read("4711,tomorrow,N,-", header="pupil_id,date,AM,PM")) == [(2, "date", "bad_date")]


def test_a_file_with_a_morning_column_only_is_understood() -> None:
    assert [mark.session for mark in read("1,2026-11-23,N", header="pupil_id,date,AM").rows] == ["AM"]


def test_messages_use_the_files_own_headings() -> None:
    file = read("4711,soon,AM,N", header="Arbor Student ID;Record Date;Roll Call;Mark Code".replace(";", ","))
    assert (file.preset, refusals(file)) == ("arbor", [(2, "Record Date", "bad_date")])
    assert file.refused[0].message.startswith("Row 2, Record Date: 'soon'")


def test_the_example_file_is_good() -> None:
    file = read_marks(EXAMPLES / "marks.csv", filename="marks.csv", today=TODAY)
    assert (len(file.rows), file.refused, file.warnings) == (12, (), ())


def test_the_same_file_reads_the_same_twice() -> None:
    content = (EXAMPLES / "marks.csv").read_bytes()
    assert read_marks(content, filename="m", today=TODAY) == read_marks(content, filename="m", today=TODAY)


def test_a_file_of_seventy_thousand_marks_is_read_whole() -> None:
    lines = [f"{number},2026-11-23,AM,/,,,09:{number % 60:02}" for number in range(70_000)]
    seen: list[int] = []
    file = read_marks(
        "\n".join([HEADER, *lines]).encode(), filename="m.csv", today=TODAY, progress=lambda done, _: seen.append(done)
    )
    assert (len(file.rows), file.refused, seen[-1]) == (70_000, (), 70_000)
