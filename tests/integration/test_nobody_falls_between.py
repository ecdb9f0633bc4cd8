"""Mornings in which a child could fall between two sessions, two files or two days, and does not."""

from __future__ import annotations

from datetime import date

import pytest

from notifier.channels.base import ErrorClass
from notifier.domain.sessions import Session
from notifier.services import schools, take_in, views
from notifier.store import people


@pytest.fixture
def four(morning, person):
    """Four absent in the morning, among twenty."""
    morning.people(*(person(f"p{n}", f"c{n}") for n in range(1, 21)))
    morning.marks({f"p{n}": "N" if n <= 4 else "/" for n in range(1, 21)})
    morning.tick("09:30")
    return morning


def afternoon(morning, *absent):
    return {f"p{n}": "N" if f"p{n}" in absent else "/" for n in range(1, 21)}


def to_ring(morning):
    """Everyone on the call list whose search goes on: pupil and session, and why."""
    with morning.app.database.read() as connection:
        board = views.board(connection, morning.app, morning.app.school(connection, morning.key), morning.day)
    return {
        (item["pupil_id"], item["session"]): item["call_reason"]
        for item in board
        if item["call_list_at"] and not item["closed_at"]
    }


def decided(result):
    return {item.pupil_id: item.reason.value for item in result.decisions}


def test_whoever_came_late_and_is_gone_after_lunch_is_looked_for_again(four):
    four.marks({"p1": "L", "p2": "M"}, at="10:00")
    four.confirm("p3", "I", at="10:05")
    four.marks(afternoon(four, "p1", "p2", "p3", "p4"), "PM", at="13:21")
    found = decided(four.run("13:30", Session.PM))
    assert {key: found[key] for key in ("p1", "p2", "p3", "p4")} == {
        "p1": "left_during_day", "p2": "explained_earlier", "p3": "confirmed_earlier", "p4": "already_contacted",
    }  # fmt: skip
    assert to_ring(four) == {("p1", "PM"): "left_during_day", ("p2", "PM"): "explained_earlier"}
    assert four.unaccounted() == []


def test_a_mornings_mark_put_right_after_lunch_does_not_end_the_afternoons_search(four):
    four.marks(afternoon(four, "p1"), "PM", at="13:21")
    four.tick("13:30")
    four.marks({"p1": "/"}, at="13:45")
    four.tick("13:46")
    assert to_ring(four)[("p1", "PM")] == "left_during_day"
    assert four.unaccounted() == []


def test_nobody_is_told_that_a_child_is_here_who_is_missing_again(four):
    rows = [{"pupil_id": "p1", "date": "2026-11-23", "AM": "U", "PM": "N"}]
    take_in.take_marks(
        four.app, four.key, four.file(["pupil_id", "date", "AM", "PM"], rows), now=four.at("13:25"), by="A"
    )
    assert four.texts("all_clear") == []
    assert any("missing again in the afternoon" in str(entry) for entry in four.explain("p1")["story"])


@pytest.mark.parametrize(("session", "why"), [("AM", "unexplained"), ("PM", "left_during_day")])
def test_an_all_clear_that_still_waits_does_not_leave_when_the_child_is_missing_again(four, session, why):
    four.marks({"p1": "L", "p2": "L"}, at="12:00")
    four.marks({"p1": "N", "p2": "/"} if session == "AM" else afternoon(four, "p1"), session, at="12:01")
    four.send("12:02")
    told = {m["carer_id"]: (m["status"], m["reason"]) for m in four.log() if m["purpose"] == "all_clear"}
    assert told["c1"] == ("cancelled", why)
    assert told["c2"][0] in ("accepted", "sent", "delivered")
    assert four.unaccounted() == []


def test_a_carer_hears_after_all_when_the_child_is_back_for_good(four):
    for code, minute in (("L", "12:00"), ("N", "12:01"), ("U", "12:02")):
        four.marks({"p1": code}, at=minute)
    four.send("12:03")
    told = [m["status"] for m in four.log() if m["purpose"] == "all_clear" and m["carer_id"] == "c1"]
    assert [status for status in told if status != "cancelled"] == ["accepted"]


def test_whoever_was_reported_away_all_day_and_came_is_looked_for_when_missing_after_lunch(four):
    for pupil, sessions in (("p5", (Session.AM, Session.PM)), ("p6", (Session.PM,))):
        schools.report_absence(
            four.app, four.key, pupil, first_day=four.day, last_day=four.day, by="Alice", now=four.at("10:00"),
            code="M", sessions=sessions,
        )  # fmt: skip
    four.marks(afternoon(four, "p5", "p6"), "PM", at="13:21")
    found = decided(four.run("13:30", Session.PM))
    assert (found["p5"], found["p6"]) == ("left_during_day", "reported_ahead")


def test_a_hold_stands_until_it_is_released_though_the_number_falls(morning, person):
    morning.people(*(person(f"p{n}", f"c{n}") for n in range(1, 41)))
    morning.marks({f"p{n}": "N" if n <= 12 else "/" for n in range(1, 41)})
    morning.tick("09:30")
    morning.marks({f"p{n}": "/" for n in range(1, 7)}, at="09:40")
    morning.tick("09:41")
    assert morning.log() == []
    morning.tick("11:31")  # nobody released it: people take over by name
    assert morning.log() == []
    assert {item["call_reason"] for item in morning.board().values()} == {"too_late"} and len(morning.board()) == 6
    assert morning.run("11:40", dry_run=True).holds == ()


def test_who_was_still_open_when_the_service_stopped_is_handed_over_when_it_starts(four):
    four.day = date(2026, 11, 24)
    assert four.tick("07:30").handed_over == 4
    assert four.tick("08:00").handed_over == 0
    four.day = date(2026, 11, 23)
    assert {mail["template"] for mail in four.log(staff=True)} >= {"staff_handed_over"}


def test_a_day_missed_before_a_half_term_is_found_after_it(make_morning, person):
    morning = make_morning()
    morning.day = date(2026, 10, 23)
    morning.add_school()
    morning.people(person("p1", "c1"))
    morning.marks({"p1": "N"})
    morning.day = date(2026, 11, 2)
    assert morning.tick("07:30").runs == [("oakfield", "2026-10-23 AM")]


class TestCorrectedRows:
    @pytest.fixture
    def refused(self, morning, person):
        columns = ["pupil_id", "given_name", "registration_group", "carer_id", "relationship", "priority", "no_contact",
                   "mobile", "pupil_flags"]  # fmt: skip
        rows = [person(f"p{n}", f"c{n}", pupil_flags="vulnerable" if n == 1 else "") for n in range(1, 8)]
        rows.append(person("p1", "c90", relationship="father", no_contact="yes", pupil_flags=""))
        rows.append(person("p1", "c90", relationship="father", no_contact="no", pupil_flags=""))
        path = morning.file(columns, [{key: row.get(key, "") for key in columns} for row in rows])
        first = take_in.take_people(morning.app, morning.key, path, now=morning.at("08:00"), by="Alice")
        assert [item.code for item in first.refused] == ["contradictory_contact"]
        return morning, first.rejected_path

    def test_they_take_nobody_off_roll_and_undo_nothing_they_do_not_say(self, refused):
        morning, path = refused
        again = take_in.take_people(morning.app, morning.key, path, now=morning.at("08:05"), by="Alice")
        assert (again.left_roll, again.refused) == (0, ())
        with morning.app.database.read() as connection:
            roll = people.load_roll(connection, morning.key)
        assert len(roll.pupils) == 7 and roll.pupils["p1"].flags == {"vulnerable"}
        assert {link.carer_id: link.no_contact for link in roll.contacts["p1"]} == {"c1": False, "c90": True}


def test_a_file_that_names_less_than_half_the_roll_takes_nobody_off_it(morning, person):
    morning.people(*(person(f"p{n}", f"c{n}") for n in range(1, 9)))
    taken = morning.people(person("p1", "c1"))
    assert taken.left_roll == 0 and [warning.code for warning in taken.warnings] == ["many_missing"]


def test_an_absent_child_who_is_no_longer_on_roll_is_told_to_a_person(morning, person):
    everyone = [person(f"p{n}", f"c{n}") for n in range(1, 5)]
    morning.people(*everyone)
    morning.people(*everyone[:3], at="08:20")
    taken = morning.marks({"p1": "/", "p4": "N"})
    assert taken.needs_attention and "p4" in taken.warnings[0].message


def test_the_e_mail_with_whom_to_ring_names_those_whose_number_was_dead_too(morning, person):
    morning.people(*(person(f"p{n}", f"c{n}") for n in range(1, 4)))
    morning.marks({"p1": "N", "p2": "N", "p3": "/"})
    morning.tick("09:30")
    [dead] = [message for message in morning.log() if message["carer_id"] == "c1"]
    morning.receipt(dead, "undelivered", "09:35", error_class=ErrorClass.PERMANENT)
    for moment in ("09:50", "10:15", "10:30"):
        morning.tick(moment)
    [mail] = [message for message in morning.log(staff=True) if message["template"] == "staff_call_list"]
    assert "Kimp1" in mail["body"] and "Kimp2" in mail["body"]
