"""The report of refused rows: opens in a spreadsheet, runs no formula, and can be corrected and imported again."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pytest

from notifier.registers.marks import read_marks
from notifier.registers.people import read_people
from notifier.registers.refusals import Refusal, neutralised, restored, write_rejected


def written(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")))


def test_the_report_holds_the_original_columns_and_why(tmp_path: Path) -> None:
    path = tmp_path / "marks.rejected.csv"
    refusal = Refusal(7, "date", "soon", "bad_date", "Row 7, date: 'soon' is not a date.", ("4711", "soon", "Zoë"))
    write_rejected(path, ("pupil_id", "date", "comment"), [refusal])
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert written(path) == [
        ["pupil_id", "date", "comment", "row", "column", "reason"],
        ["4711", "soon", "Zoë", "7", "date", "Row 7, date: 'soon' is not a date."],
    ]
    assert [entry.name for entry in tmp_path.iterdir()] == ["marks.rejected.csv"]


def test_short_and_long_rows_keep_the_reports_own_columns_in_place(tmp_path: Path) -> None:
    path = tmp_path / "x.rejected.csv"
    rows = [
        Refusal(2, None, "", "ragged_row", "why", ("1",)),
        Refusal(3, None, "", "ragged_row", "why", ("1", "2", "3")),
    ]
    write_rejected(path, ("a", "b"), rows)
    assert written(path)[1:] == [["1", "", "2", "", "why"], ["1", "2", "3", "", "why (cells beyond the header: 3)"]]


def test_a_row_refused_twice_stands_once(tmp_path: Path) -> None:
    path = tmp_path / "x.rejected.csv"
    write_rejected(path, ("a",), [Refusal(2, "a", "", "x", "One.", ("1",)), Refusal(2, "b", "", "y", "Two.", ("1",))])
    assert written(path)[1:] == [["1", "2", "a; b", "One. Two."]]


@pytest.mark.parametrize("cell", ["=1+1", "+447700900123", "-", "@cmd", "\tx", "\rx"])
def test_no_cell_runs_as_a_formula_and_each_comes_back(cell: str) -> None:
    assert neutralised(cell) == "'" + cell
    assert restored(neutralised(cell)) == cell


@pytest.mark.parametrize("cell", ["", "Zoë", "/", "'tHooft", "O'Neill"])
def test_other_cells_are_left_alone(cell: str) -> None:
    assert neutralised(cell) == cell
    assert restored(cell) == cell


def test_a_corrected_report_of_marks_can_be_imported(tmp_path: Path) -> None:
    path = tmp_path / "marks.rejected.csv"
    today = date(2026, 11, 23)
    first = read_marks(b"pupil_id,date,session,code\n=1,soon,AM,-\n", filename="marks.csv", today=today)
    write_rejected(path, first.header, first.refused)
    corrected = path.read_bytes().replace(b",soon,", b",2026-11-23,")
    second = read_marks(corrected, filename="marks.rejected.csv", today=today)
    assert [(mark.pupil_id, mark.code) for mark in second.rows] == [("=1", "")]
    assert (second.refused, second.warnings) == ((), ())


def test_a_corrected_report_of_people_can_be_imported(tmp_path: Path) -> None:
    path = tmp_path / "people.rejected.csv"
    header = "pupil_id,given_name,registration_group,carer_id,priority,mobile"
    first = read_people(
        f"{header}\n1,Amy,4B,c1,first,+447700900123\n".encode(), filename="p.csv", allow_test_numbers=True
    )
    write_rejected(path, first.header, first.refused)
    corrected = path.read_bytes().replace(b",first,", b",1,", 1)
    second = read_people(corrected, filename="p.rejected.csv", allow_test_numbers=True)
    assert [person.carer.mobile for person in second.rows] == ["+447700900123"]
    assert (second.refused, second.warnings) == ((), ())
