"""Taking in: good rows count, refused rows are named, the same file twice changes nothing, nobody vanishes by mistake."""

from __future__ import annotations

import pytest


@pytest.fixture
def roll(morning, person):
    morning.people(*(person(f"p{n}", f"c{n}") for n in range(1, 41)))
    return morning


def test_the_same_people_twice_change_nothing(roll, person):
    again = roll.people(*(person(f"p{n}", f"c{n}") for n in range(1, 41)), at="08:20")
    assert (again.outcome, again.changed, again.left_roll) == ("same_again", 0, 0)


def test_the_same_marks_twice_change_nothing_but_how_fresh_they_are(roll):
    assert roll.marks({"p1": "N"}, at="08:30").changed == 1
    again = roll.marks({"p1": "N"}, at="09:21")
    assert (again.outcome, again.changed) == ("same_again", 0)
    assert [item.reason.value for item in roll.run().decisions if item.pupil_id == "p1"] != ["register_stale"]


def test_an_older_copy_dropped_by_mistake_brings_no_absence_back(roll):
    everyone = {f"p{n}": "/" for n in range(2, 41)}
    roll.marks({"p1": "N", **everyone})
    roll.tick("09:30")
    roll.marks({"p1": "U"}, at="09:40")
    older = roll.marks({"p1": "N", **everyone}, at="09:45")
    assert older.outcome == "older_file" and older.needs_attention
    roll.tick("09:46")
    assert roll.board()["p1"]["state"] == "closed"
    assert roll.marks({"p1": "N", **everyone}, at="09:47", again=True).changed == 1


def test_a_mark_for_a_pupil_nobody_knows_is_refused_by_name(roll):
    intake = roll.marks({"p1": "N", "p999": "N"})
    assert [(item.row, item.column, item.value, item.code) for item in intake.refused] == [
        (3, "pupil_id", "p999", "unknown_pupil")
    ]
    assert intake.changed == 1
    assert intake.rejected_path is not None and "p999" in intake.rejected_path.read_text(encoding="utf-8-sig")


def test_a_file_of_one_class_takes_nobody_off_roll(roll, person):
    intake = roll.people(person("p1", "c1"), person("p2", "c2"), at="08:20")
    assert intake.left_roll == 0
    assert [warning.code for warning in intake.warnings] == ["many_missing"]
    assert len(roll.run().decisions) == 40


def test_a_few_leavers_go_when_a_complete_file_no_longer_names_them(roll, person):
    intake = roll.people(*(person(f"p{n}", f"c{n}") for n in range(1, 39)), at="08:20")
    assert intake.left_roll == 2
    assert len(roll.run().decisions) == 38


def test_a_dry_run_keeps_nothing(roll):
    from notifier.services import take_in

    path = roll.file(
        ["pupil_id", "date", "session", "code"],
        [{"pupil_id": "p1", "date": "2026-11-23", "session": "AM", "code": "N"}],
    )
    tried = take_in.take_marks(roll.app, "oakfield", path, now=roll.at("09:21"), by="Alice", dry_run=True)
    assert tried.changed == 1
    assert roll.explain("p1")["marks"] == {}


def test_an_older_mark_that_comes_late_does_not_count_but_is_kept(roll):
    header = ["pupil_id", "date", "session", "code", "taken_at"]
    from notifier.services import take_in

    def take(code, taken, at):
        row = {"pupil_id": "p1", "date": "2026-11-23", "session": "AM", "code": code, "taken_at": taken}
        return take_in.take_marks(roll.app, "oakfield", roll.file(header, [row]), now=roll.at(at), by="Alice")

    take("L", "2026-11-23T09:15:00", "09:20")
    take("N", "2026-11-23T09:05:00", "09:25")
    story = roll.explain("p1")
    assert story["marks"] == {"AM": "L"}
    assert [entry["code"] for entry in story["story"] if entry["kind"] == "mark"] == ["L", "N"]


def test_files_in_the_drop_folder_are_taken_in_and_put_away(make_morning, person, tmp_path):
    import os
    import time

    folder = tmp_path / "drop"
    folder.mkdir()
    morning = make_morning()
    morning.add_school(more=f'drop_folder = "{folder}"')
    for name, file in (
        ("people.csv", morning.file(["pupil_id", "given_name", "registration_group", "carer_id", "priority", "mobile"], [
            {"pupil_id": "p1", "given_name": "Kim", "registration_group": "4B", "carer_id": "c1", "priority": 1, "mobile": "07700 900001"},
        ])),
        ("marks.csv", morning.file(["pupil_id", "date", "session", "code"], [
            {"pupil_id": "p1", "date": "2026-11-23", "session": "AM", "code": "N"},
        ])),
    ):  # fmt: skip
        target = folder / name
        file.rename(target)
        past = time.time() - 60
        os.utime(target, (past, past))
    result = morning.tick("09:31")
    assert [name for _, name in result.files] == ["people.csv", "marks.csv"]
    assert sorted(path.name.split("-")[0] for path in folder.iterdir()) == ["done"]
    assert morning.log()[0]["status"] == "accepted"
