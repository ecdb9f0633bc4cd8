"""Marks pushed as JSON: the same rules as for files, and errors that name the place in the list."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from notifier.registers.marks import MarksFile
from notifier.registers.payload import read_pushed_marks
from notifier.registers.refusals import FileError

TODAY = date(2026, 11, 23)
GOOD: dict[str, Any] = {"pupil_id": "4711", "date": "2026-11-23", "session": "AM", "code": "N"}


def read(*marks: object) -> MarksFile:
    return read_pushed_marks({"marks": list(marks)}, today=TODAY)


def test_a_push_becomes_marks() -> None:
    taken = {"minutes_late": 12, "comment": "bus", "taken_at": "2026-11-23T09:21:00Z", "code": "L", "house": "Red"}
    file = read(GOOD, GOOD | {"pupil_id": 4712} | taken)
    assert [(mark.row, mark.pupil_id, mark.code, mark.minutes_late) for mark in file.rows] == [
        (1, "4711", "N", None),
        (2, "4712", "L", 12),
    ]
    assert file.rows[1].taken_at == datetime(2026, 11, 23, 9, 21, tzinfo=UTC)
    assert (file.refused, file.warnings, file.preset) == ((), (), "json")


@pytest.mark.parametrize("code", [None, "", "-"])
def test_no_mark_may_be_written_in_three_ways(code: str | None) -> None:
    assert read(GOOD | {"code": code}).rows[0].code == ""


@pytest.mark.parametrize(
    ("mark", "column", "code"),
    [
        pytest.param({k: v for k, v in GOOD.items() if k != "code"}, "code", "bad_value", id="the code left out"),
        pytest.param({k: v for k, v in GOOD.items() if k != "pupil_id"}, "pupil_id", "bad_value", id="no pupil"),
        pytest.param(GOOD | {"pupil_id": " "}, "pupil_id", "missing_value", id="an empty pupil"),
        pytest.param(GOOD | {"date": "2026-11-24"}, "date", "future_date", id="tomorrow"),
        pytest.param(GOOD | {"date": 20261123}, "date", "bad_value", id="a number for a date"),
        pytest.param(GOOD | {"session": "EV"}, "session", "unknown_session", id="an unknown session"),
        pytest.param(GOOD | {"minutes_late": True}, "minutes_late", "bad_value", id="true for minutes"),
        pytest.param(GOOD | {"minutes_late": -1}, "minutes_late", "bad_number", id="negative minutes"),
        pytest.param(["4711", "N"], None, "bad_value", id="a list for a mark"),
        pytest.param(None, None, "bad_value", id="nothing for a mark"),
    ],
)
def test_a_faulty_mark_is_refused_by_its_place_and_the_others_count(
    mark: object, column: str | None, code: str
) -> None:
    file = read(GOOD | {"pupil_id": "1"}, mark)
    assert [(refusal.row, refusal.column, refusal.code) for refusal in file.refused] == [(2, column, code)]
    assert [found.pupil_id for found in file.rows] == ["1"]


def test_different_marks_for_one_session_are_both_refused() -> None:
    file = read(GOOD, GOOD | {"code": "/"})
    assert (file.rows, len(file.refused)) == ((), 2)


@pytest.mark.parametrize("body", [None, [], "marks", {}, {"marks": {}}, {"marks": None}])
def test_another_body_is_refused_with_words(body: object) -> None:
    with pytest.raises(FileError, match="JSON object with a list") as caught:
        read_pushed_marks(body, today=TODAY)
    assert caught.value.code == "bad_body"


def test_an_empty_push_is_no_error() -> None:
    assert read().rows == ()


def test_too_many_marks_are_refused_as_a_whole() -> None:
    with pytest.raises(FileError) as caught:
        read_pushed_marks({"marks": [None] * 100_001}, today=TODAY)
    assert caught.value.code == "too_many"
