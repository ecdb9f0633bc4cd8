"""The drop folder: whole files only, each known for what it is, and none overwritten when it is put away."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notifier.registers.drop_folder import file_away, ready_files

NOW = datetime(2026, 11, 23, 9, 20, tzinfo=UTC)
PEOPLE = "pupil_id,given_name,registration_group,carer_id,priority,mobile\n1,Amy,4B,c1,1,07700 900123\n"
MARKS = "pupil_id,date,session,code\n1,2026-11-23,AM,N\n"


def drop(folder: Path, name: str, text: str = MARKS, seconds_ago: float = 60) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    moment = (NOW - timedelta(seconds=seconds_ago)).timestamp()
    os.utime(path, (moment, moment))
    return path


def found(folder: Path) -> list[tuple[str, str]]:
    return [(dropped.path.name, dropped.kind) for dropped in ready_files(folder, now=NOW)]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("people.csv", "anything", "people"),
        ("Pupils 23 Nov.xlsx", "anything", "people"),
        ("contacts.txt", "anything", "people"),
        ("MARKS_am.csv", "anything", "marks"),
        ("attendance.tsv", "anything", "marks"),
        ("export-1.csv", PEOPLE, "people"),
        ("export-2.csv", MARKS, "marks"),
        ("export-3.csv", "Menu,Price\nSoup,2\n", "unknown"),
        ("export-4.xlsx", "not a workbook", "unknown"),
        ("export-5.csv", "", "unknown"),
    ],
)
def test_a_file_is_known_by_its_name_or_else_by_its_header(tmp_path: Path, name: str, text: str, kind: str) -> None:
    drop(tmp_path, name, text)
    assert found(tmp_path) == [(name, kind)]


@pytest.mark.parametrize(
    "name",
    [
        "~$marks.xlsx",
        "marks.csv.part",
        ".marks.csv",
        "marks.crdownload",
        "marks.rejected.csv",
        "Thumbs.db",
        "letter.pdf",
    ],
)
def test_temporary_files_and_reports_are_passed_over(tmp_path: Path, name: str) -> None:
    drop(tmp_path, name)
    assert found(tmp_path) == []


def test_a_file_still_being_written_waits(tmp_path: Path) -> None:
    drop(tmp_path, "marks-1.csv", seconds_ago=4)
    drop(tmp_path, "marks-2.csv", seconds_ago=5)
    assert found(tmp_path) == [("marks-2.csv", "marks")]


def test_a_file_dated_ahead_by_another_clock_is_not_left_for_ever(tmp_path: Path) -> None:
    drop(tmp_path, "marks.csv", seconds_ago=-3_600)
    assert found(tmp_path) == [("marks.csv", "marks")]


def test_people_come_before_marks_and_older_before_newer(tmp_path: Path) -> None:
    drop(tmp_path, "marks-b.csv", seconds_ago=90)
    drop(tmp_path, "marks-a.csv", seconds_ago=30)
    drop(tmp_path, "people.csv", seconds_ago=10)
    assert [name for name, _ in found(tmp_path)] == ["people.csv", "marks-b.csv", "marks-a.csv"]


def test_links_and_folders_are_passed_over_and_a_missing_folder_is_empty(tmp_path: Path) -> None:
    outside = drop(tmp_path, "secret.csv")
    folder = tmp_path / "drop"
    (folder / "marks.csv").mkdir(parents=True)
    (folder / "marks-link.csv").symlink_to(outside)
    assert found(folder) == []
    assert found(tmp_path / "nowhere") == []


def test_a_file_put_away_keeps_its_bytes_and_overwrites_nothing(tmp_path: Path) -> None:
    places = []
    for number in range(3):
        path = drop(tmp_path, "marks.csv", f"file {number}")
        places.append(file_away(path, True, "20261123T092000"))
        assert not path.exists()
    assert [place.name for place in places] == [
        "20261123T092000-marks.csv",
        "20261123T092000-2-marks.csv",
        "20261123T092000-3-marks.csv",
    ]
    assert [place.read_text(encoding="utf-8") for place in places] == ["file 0", "file 1", "file 2"]
    assert {place.parent.name for place in places} == {"done"}


def test_a_refused_file_goes_to_its_own_folder(tmp_path: Path) -> None:
    assert file_away(drop(tmp_path, "x.csv"), False, "s").parent.name == "refused"


def test_a_file_that_cannot_be_moved_leaves_no_empty_one_behind(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        file_away(tmp_path / "gone.csv", True, "s")
    assert list((tmp_path / "done").iterdir()) == []
