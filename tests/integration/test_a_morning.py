"""One school's morning through the services: who is contacted, who is not, and that nobody is lost on the way."""

from __future__ import annotations

import pytest

from notifier.domain.reasons import Reason
from notifier.domain.sessions import Session


def reasons(result):
    return {item.pupil_id: (item.outcome.value, item.reason.value) for item in result.decisions}


def test_it_texts_only_the_carers_of_unexplained_absences(morning, person):
    morning.people(*(person(f"p{n}", f"c{n}") for n in range(1, 7)))
    morning.marks({"p1": "N", "p2": "/", "p3": "I", "p4": "", "p5": "H", "p6": "U"})
    result = morning.run()
    assert reasons(result) == {
        "p1": ("contact", "unexplained"),
        "p2": ("withhold", "present"),
        "p3": ("withhold", "explained"),
        "p4": ("hold", "no_mark"),
        "p5": ("withhold", "unknown_code"),
        "p6": ("withhold", "present"),
    }
    assert morning.send().accepted == 1
    [text] = morning.log()
    assert (text["to"], text["status"], text["template"]) == ("+447700900001", "accepted", "first_day_am")
    assert "Kimp1" in text["body"] and "Example" not in text["body"] and "Oakfield Primary" in text["body"]
    assert morning.unaccounted() == []


def test_running_and_sending_again_changes_nothing(morning, person):
    morning.people(person("p1", "c1"), person("p2", "c2"))
    morning.marks({"p1": "N", "p2": "/"})
    first = morning.run()
    morning.send()
    assert morning.run(at="09:32").message_ids == first.message_ids
    assert morning.send(at="09:32").accepted == 0
    assert len(morning.log()) == 1


def test_a_dry_run_says_the_same_and_keeps_nothing(morning, person):
    morning.people(person("p1", "c1"))
    morning.marks({"p1": "N"})
    tried = morning.run(dry_run=True)
    assert morning.log() == [] and morning.board() == {}
    assert reasons(morning.run()) == reasons(tried)


def test_two_schedulers_at_once_send_one_text(make_morning, person):
    one, two = make_morning(), make_morning()
    one.add_school()
    one.people(person("p1", "c1"))
    one.marks({"p1": "N"})
    one.tick("09:30", send=False)
    two.tick("09:30", send=False)
    sent = one.send().accepted + two.send().accepted
    assert sent == 1
    assert len(one.log()) == 1


def test_a_group_without_a_register_is_held_and_goes_on_by_itself(morning, person):
    morning.people(person("p1", "c1"), *(person(f"q{n}", f"c2{n}", registration_group="5A") for n in range(4)))
    morning.marks({"p1": "N"})
    result = morning.run()
    assert reasons(result)["q0"] == ("hold", "register_not_taken")
    assert [(hold.kind, hold.scope) for hold in result.holds] == [("register_not_taken", "5A")]
    assert [mail["template"] for mail in morning.log(staff=True)] == ["staff_register_not_taken"]
    morning.send()
    assert len(morning.log()) == 1
    morning.marks({"q0": "N", "q1": "/", "q2": "/", "q3": "/"}, at="09:44")
    morning.tick("09:45")
    assert {text["carer_id"] for text in morning.log()} == {"c1", "c20"}
    assert morning.run(at="09:46").holds == ()


def test_old_marks_are_held_until_fresh_ones_come(morning, person):
    morning.people(person("p1", "c1"))
    morning.marks({"p1": "N"}, at="08:20")
    assert reasons(morning.run())["p1"] == ("hold", "register_stale")
    morning.marks({"p1": "N"}, at="09:40")
    morning.tick("09:41")
    assert morning.log()[0]["status"] == "accepted"


class TestUnusualAbsence:
    @pytest.fixture
    def crowd(self, morning, person):
        morning.people(*(person(f"p{n}", f"c{n}") for n in range(1, 41)))
        morning.marks({f"p{n}": "N" if n <= 12 else "/" for n in range(1, 41)})
        return morning

    def test_nothing_leaves_until_a_second_person_releases(self, crowd):
        from notifier.services import schools

        result = crowd.run(by="Alice")
        assert {reason for outcome, reason in reasons(result).values() if outcome == "hold"} == {"unusual_absence"}
        assert crowd.send().accepted == 0
        [hold] = result.holds
        with pytest.raises(schools.NotAllowed, match="second person"):
            schools.release(crowd.app, "oakfield", hold.hold_id, by="alice", now=crowd.at("09:33"))
        schools.release(crowd.app, "oakfield", "unusual_absence", by="Bashir", now=crowd.at("09:34"))
        crowd.tick("09:35")
        assert len(crowd.log()) == 12
        assert crowd.unaccounted() == []

    def test_a_group_named_like_the_start_of_another_holds_id_is_meant_itself(self, crowd):
        from notifier.store import runs

        def hold(hold_id, scope):
            return {
                "school_id": crowd.key, "hold_id": hold_id, "day": crowd.day, "session": "AM", "kind": "register_not_taken",
                "scope": scope, "ordinal": 1, "measure": 0, "detail": "", "made_at": crowd.at("09:30"), "made_by": "Alice",
            }  # fmt: skip

        with crowd.app.database.begin() as connection:
            runs.add_hold(connection, hold("074aa94c", "4B"))
            runs.add_hold(connection, hold("4b9782a1", "RB"))
            named = [[row.scope for row in runs.find_holds(connection, crowd.key, text)] for text in ("4B", "4b97")]
        assert named == [["4B"], ["RB"]]

    def test_a_number_that_outgrows_the_release_is_held_again(self, crowd):
        from notifier.services import schools

        crowd.run(by="Alice")
        schools.release(crowd.app, "oakfield", "unusual_absence", by="Bashir", now=crowd.at("09:34"))
        crowd.marks({f"p{n}": "N" for n in range(13, 33)}, at="09:35")
        crowd.tick("09:36")
        assert {row["carer_id"] for row in crowd.log()} == set()

    def test_both_addresses_are_told(self, crowd):
        crowd.run()
        told = {mail["to"] for mail in crowd.log(staff=True) if mail["template"] == "staff_unusual_absence"}
        assert told == {"office@oakfield.example", "lead@oakfield.example"}


def test_on_a_closed_day_nobody_is_contacted(morning, person):
    from datetime import date

    morning.people(person("p1", "c1"))
    morning.day = date(2026, 11, 27)
    morning.marks({"p1": "N"})
    assert reasons(morning.run())["p1"] == ("withhold", "school_closed")
    morning.tick("09:35")
    assert morning.log() == []


def test_whole_school_closure_marks_stop_the_run(morning, person):
    morning.people(*(person(f"p{n}", f"c{n}") for n in range(1, 5)))
    morning.marks({"p1": "N", "p2": "#", "p3": "#", "p4": "#"})
    assert reasons(morning.run())["p1"] == ("withhold", "school_closed")


def test_a_run_after_the_last_time_for_contact_puts_pupils_on_the_call_list(morning, person):
    morning.people(person("p1", "c1"))
    morning.marks({"p1": "N"}, at="11:40")
    morning.tick("11:41")
    assert morning.log() == []
    assert morning.board()["p1"]["call_reason"] == "too_late"
    assert morning.unaccounted() == []


def test_a_run_missed_for_a_whole_day_is_made_up_for_by_people(morning, person):
    from datetime import date

    morning.people(person("p1", "c1"))
    morning.marks({"p1": "N"})
    monday = morning.day
    morning.day = date(2026, 11, 24)
    morning.tick("08:30")
    morning.day = monday
    assert morning.board()["p1"]["call_reason"] == "too_late"
    assert {mail["template"] for mail in morning.log(staff=True)} >= {"staff_missed_run"}
    assert morning.log() == []


def test_a_mark_that_comes_a_day_late_still_brings_a_person(morning, person):
    from datetime import date

    morning.people(person("p1", "c1"), person("p2", "c2"))
    morning.marks({"p1": "/"})
    morning.tick("09:30")
    monday = morning.day
    morning.day = date(2026, 11, 24)
    morning.marks({"p2": "N"}, at="08:20", day=monday)
    morning.tick("08:30")
    morning.day = monday
    assert morning.board()["p2"]["call_reason"] == "too_late"
    assert morning.log() == []
    assert "staff_missed_run" not in {mail["template"] for mail in morning.log(staff=True)}


def test_present_in_the_morning_and_missing_after_lunch_goes_to_staff_not_to_texts(morning, person):
    morning.people(person("p1", "c1"))
    morning.marks({"p1": "/"})
    morning.tick("09:30")
    morning.marks({"p1": "N"}, session="PM", at="13:21")
    for moment in ("13:30", "13:50", "14:15", "14:30", "15:00"):
        morning.tick(moment)
    assert morning.log() == []
    assert morning.board()["p1"]["call_reason"] == "left_during_day"


def test_an_absence_chased_since_the_morning_is_not_texted_again_after_lunch(morning, person):
    morning.people(person("p1", "c1"))
    morning.marks({"p1": "N"})
    morning.tick("09:30")
    before = len(morning.log())
    morning.marks({"p1": "N"}, session="PM", at="13:21")
    result = morning.run(at="13:30", session=Session.PM)
    morning.send(at="13:30")
    assert reasons(result)["p1"] == ("withhold", "already_contacted")
    assert len(morning.log()) == before


def test_an_afternoon_absence_has_its_own_words(morning, person):
    morning.people(person("p1", "c1"))
    morning.marks({"p1": "M"})
    morning.marks({"p1": "N"}, session="PM", at="13:21")
    morning.tick("13:30")
    assert morning.texts() == [("c1", "first_day_pm")]


def test_a_second_day_has_its_own_words(morning, person):
    from datetime import date

    morning.people(person("p1", "c1"))
    morning.marks({"p1": "N"}, session="PM", day=date(2026, 11, 20))
    morning.marks({"p1": "N"}, at="09:22")
    morning.tick("09:30")
    assert morning.texts() == [("c1", "day_two")]


def test_an_absence_reported_ahead_causes_no_text(morning, person):
    from notifier.services import schools

    morning.people(person("p1", "c1"))
    schools.report_absence(
        morning.app,
        "oakfield",
        "p1",
        first_day=morning.day,
        last_day=morning.day,
        by="Alice",
        now=morning.at("08:50"),
        code="I",
    )
    morning.marks({"p1": "N"})
    assert reasons(morning.run())["p1"] == ("withhold", "reported_ahead")
    assert morning.send().accepted == 0


def test_siblings_share_one_message_that_names_both(morning, person):
    morning.people(person("p1", "c1"), person("p2", "c1", given_name="Ava", registration_group="2A"))
    morning.marks({"p1": "N", "p2": "N"})
    morning.tick("09:30")
    [text] = morning.log()
    assert sorted(text["pupil_ids"]) == ["p1", "p2"] and "Ava" in text["body"] and "Kimp1" in text["body"]


def test_a_sibling_who_arrives_before_it_leaves_is_not_named(morning, person):
    morning.people(person("p1", "c1"), person("p2", "c1", given_name="Ava", registration_group="2A"))
    morning.marks({"p1": "N", "p2": "N"})
    morning.run()
    morning.marks({"p2": "L"}, at="09:31")
    morning.send(at="09:31")
    statuses = {tuple(sorted(text["pupil_ids"])): text["status"] for text in morning.log()}
    assert statuses == {("p1", "p2"): "cancelled", ("p1",): "accepted"}
    assert "Ava" not in next(text["body"] for text in morning.log() if text["status"] == "accepted")


def test_it_cancels_the_text_when_the_pupil_arrives_late(morning, person):
    morning.people(person("p1", "c1"))
    morning.marks({"p1": "N"})
    morning.run()
    morning.marks({"p1": "U"}, at="09:31")
    assert morning.send(at="09:32").accepted == 0
    assert [(text["purpose"], text["status"], text["reason"]) for text in morning.log()] == [
        ("absence", "cancelled", Reason.NO_LONGER_ABSENT)
    ]
    assert morning.board()["p1"]["state"] == "closed"


def test_exactly_those_who_were_alarmed_get_the_all_clear(morning, person):
    morning.people(
        person("p1", "c1"),
        person("p1", "c2", relationship="father", priority=2),
        person("p2", "c3", given_name="Ben"),
    )
    morning.marks({"p1": "N", "p2": "N"})
    morning.tick("09:30")
    morning.marks({"p1": "U"}, at="09:40")
    morning.tick("09:41")
    assert morning.texts("all_clear") == [("c1", "all_clear")]
    assert next(text for text in morning.log() if text["purpose"] == "all_clear")["status"] == "accepted"


def test_the_story_of_a_day_can_be_told(morning, person):
    morning.people(person("p1", "c1"))
    morning.marks({"p1": "N"})
    morning.tick("09:30")
    morning.reply("+447700900001", "tummy bug back tmrw", "09:41")
    story = morning.explain("p1")
    kinds = [entry["kind"] for entry in story["story"]]
    assert {"mark", "decision", "follow_up", "message", "attempt", "reply"} <= set(kinds)
    assert story["story"] == sorted(story["story"], key=lambda entry: entry["at"])


def test_another_school_sees_nothing(make_morning, person):
    oakfield, elsewhere = make_morning(), make_morning(key="riverside")
    oakfield.add_school()
    elsewhere.add_school()
    oakfield.people(person("p1", "c1"))
    oakfield.marks({"p1": "N"})
    oakfield.tick("09:30")
    assert elsewhere.log() == [] and elsewhere.board() == {}
    assert elsewhere.explain("p1")["known"] is False
