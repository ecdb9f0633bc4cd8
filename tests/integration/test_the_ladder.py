"""The ladder: real schools' timings, pauses, and an end only by a person or a changed mark."""

from __future__ import annotations

import pytest


@pytest.fixture
def family(morning, person):
    morning.people(
        person("p1", "c1", email="c1@families.example"),
        person("p1", "c2", relationship="father", priority=2, email="c2@families.example"),
        person("p1", "c3", relationship="step-father", priority=3, email="c3@families.example"),
    )
    morning.marks({"p1": "N"})
    return morning


def written(morning):
    return [(m["carer_id"], m["channel"], m["template"]) for m in morning.log() if m["purpose"] == "absence"]


def test_it_climbs_as_the_policy_says(family):
    family.tick("09:30")
    assert written(family) == [("c1", "sms", "first_day_am")]
    family.tick("09:49")
    assert len(written(family)) == 1
    family.tick("09:50")
    assert sorted(written(family)[1:]) == [("c1", "sms", "second_text"), ("c2", "sms", "next_contact")]
    family.tick("10:15")
    assert {(carer, channel) for carer, channel, _ in written(family)[3:]} == {
        (carer, channel) for carer in ("c1", "c2", "c3") for channel in ("sms", "email")
    }
    family.tick("10:30")
    assert family.board()["p1"]["call_reason"] == "no_answer"
    family.tick("11:00")
    assert family.board()["p1"]["safeguarding_lead_at"]
    told = [(mail["template"], mail["to"]) for mail in family.log(staff=True)]
    assert ("staff_call_list", "office@oakfield.example") in told
    assert ("staff_safeguarding_lead", "lead@oakfield.example") in told


def test_after_a_sleep_nobody_gets_two_texts_at_once(family):
    family.tick("09:30")
    family.tick("10:20")  # both text steps fell due meanwhile
    late = [m for m in family.log() if m["created_at"] > family.at("09:31").isoformat()]
    assert {m["step"] for m in late} == {"everyone"} or len({m["step"] for m in late}) == 1
    per_address = [m["to"] for m in late]
    assert len(per_address) == len(set(per_address))


def test_texts_stop_at_the_last_time_for_contact_and_people_go_on(family):
    family.marks({"p1": "N"}, at="11:15")
    family.tick("11:20")
    sent = len(written(family))
    for moment in ("11:40", "12:05", "12:20", "12:50"):
        family.tick(moment)
    assert len(written(family)) == sent
    assert family.board()["p1"]["call_list_at"] and family.board()["p1"]["safeguarding_lead_at"]


def test_a_reply_pauses_texts_and_goes_to_the_call_list_when_nobody_confirms(family):
    family.tick("09:30")
    family.reply("+447700900001", "he has a temperature", "09:41")
    family.tick("09:50")
    assert len(written(family)) == 1
    assert family.board()["p1"]["state"] == "answered"
    family.tick("10:10")
    assert family.board()["p1"]["call_reason"] is None
    family.tick("10:11")
    assert family.board()["p1"]["call_reason"] == "unconfirmed_reply"
    for moment in ("10:15", "10:30", "11:00"):
        family.tick(moment)
    assert len(written(family)) == 1, "nobody who has answered is asked again"


def test_thanks_is_no_reason_and_the_ladder_goes_on(family):
    family.tick("09:30")
    family.reply("+447700900001", "ok thanks", "09:35")
    family.tick("09:50")
    assert len(written(family)) == 3


def test_a_persons_confirmation_ends_it(family):
    family.tick("09:30")
    family.confirm("p1", "I", "09:45")
    for moment in ("09:50", "10:15", "10:30", "11:00", "15:00"):
        family.tick(moment)
    assert len(written(family)) == 1
    board = family.board()["p1"]
    assert (board["state"], board["closed_by"], board["closed_code"]) == ("closed", "Alice", "I")
    with pytest.raises(Exception, match="no open follow-up"):
        family.confirm("p1", "I", "09:46")


def test_a_changed_mark_ends_it(family):
    family.tick("09:30")
    family.marks({"p1": "M"}, at="09:45")
    family.tick("09:50")
    assert len(written(family)) == 1
    assert family.board()["p1"]["closed_by"] == "register"
    assert family.texts("all_clear") == [], "a reason is no arrival"


def test_a_mark_that_goes_back_to_unexplained_brings_a_person_not_a_text(family):
    family.tick("09:30")
    family.marks({"p1": "/"}, at="09:40")
    family.marks({"p1": "N"}, at="09:45", again=True)
    for moment in ("09:46", "09:50", "10:15"):
        family.tick(moment)
    assert len(written(family)) == 1
    assert family.board()["p1"]["state"] == "call_list"
    assert family.unaccounted() == []


def test_a_mark_that_is_taken_away_leaves_the_child_on_a_persons_list(family):
    family.tick("09:30")
    family.marks({"p1": "-"}, at="09:40")
    family.tick("09:50")
    assert len([m for m in family.log() if m["status"] != "cancelled"]) == 1
    assert family.board()["p1"]["call_reason"] == "needs_review"


def test_arriving_after_lunch_ends_the_mornings_search(family):
    family.tick("09:30")
    family.marks({"p1": "\\"}, session="PM", at="13:21")
    family.tick("13:30")
    assert family.board()["p1"]["closed_reason"] == "arrived_later"
    assert family.texts("all_clear") == [("c1", "all_clear")]


def test_vulnerable_pupils_are_on_the_call_list_at_once(morning, person):
    morning.people(person("p1", "c1", pupil_flags="vulnerable"))
    morning.marks({"p1": "N"})
    morning.tick("09:30")
    assert morning.board()["p1"]["call_reason"] == "vulnerable"
    assert written(morning) == [("c1", "sms", "first_day_am")]


def test_the_day_ends_with_everyone_still_open_handed_over(family):
    family.tick("09:30")
    family.tick("15:00")
    board = family.board()["p1"]
    assert board["state"] == "handed_over"
    assert "staff_handed_over" in {mail["template"] for mail in family.log(staff=True)}
    before = len(family.log(staff=True))
    family.tick("15:01")
    assert len(family.log(staff=True)) == before


def test_the_run_report_names_everyone_not_contacted_with_why(morning, person):
    morning.people(person("p1", "c1"), person("p2", "c2", mobile="", given_name="Zoe"), person("p3", "c3"))
    morning.marks({"p1": "N", "p2": "N", "p3": ""})
    morning.tick("09:30")
    morning.tick("09:36")
    [report] = [mail for mail in morning.log(staff=True) if mail["template"] == "staff_run_report"]
    assert "Zoe" in report["body"] and "Kimp3" in report["body"] and "Kimp1" not in report["body"]
