"""The rules that never bend, tried from the staff pages by an unlucky officer: two tabs, second clicks, settings changed in mid-morning."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from notifier.channels.simulator import SimulatorChannel
from notifier.services import school_settings
from notifier.store import follow_ups
from notifier.store import school_settings as kept_settings

ALICE, BASHIR, DANA = "attendance_officer", "safeguarding_lead", "administrator"
SAMINA = "+447700900001"


@pytest.fixture
def oakfield(morning: Any, person: Callable[..., dict[str, object]]) -> Any:
    """Oakfield: Hafsa and her brother Bilal are unexplained, so is Ali; nobody was written to yet."""
    morning.people(
        person("1", "1", given_name="Hafsa", family_name="Butt", carer_name="Samina Butt"),
        person("1", "11", given_name="Hafsa", family_name="Butt", carer_name="Tariq Butt", relationship="father", priority=2),
        person("3", "1", given_name="Bilal", family_name="Butt", carer_name="Samina Butt"),
        person("2", "2", given_name="Ali", family_name="Khan", carer_name="Sara Khan"),
        *(person(str(number), str(number)) for number in range(20, 40)),
    )  # fmt: skip
    morning.marks({"1": "N", "2": "N", "3": "N", **{str(number): "/" for number in range(20, 40)}})
    return morning


@pytest.fixture
def desk(staff: Any, oakfield: Any) -> Callable[..., Any]:
    """A desk for somebody with a role."""
    return lambda role=ALICE, at="09:35": staff.Desk(oakfield, role, at)


def change(morning: Any, part: str, at: str, **typed: str) -> None:
    """A settings page saved as it stands but for what is typed."""
    with morning.app.database.read() as connection:
        settings = school_settings.read(connection, morning.app, morning.key)
    page = school_settings.parts_of(morning.app, settings)[part]
    values = school_settings.values_of(page, settings) | typed
    draft = school_settings.drafted(morning.app, settings, page, values)
    assert draft.faults == {} and draft.changes
    school_settings.save(morning.app, morning.key, draft, seen=settings.version, by="Dana", now=morning.at(at))


def texts_to(morning: Any, number: str) -> list[str]:
    """What reached a number about an absence."""
    return [item.body for item in morning.network.messages if item.to == number and item.medium == "sms"]


# not expected until


def test_days_ahead_are_kept_for_a_reason_the_same_person_confirmed_already(oakfield, desk):
    """First "ill", then "until Wednesday": the second is no second click of the first."""
    oakfield.tick("09:30")
    alice = desk()
    assert alice.do("2", "confirm", code="I").status_code == 303
    assert alice.do("2", "away", until="2026-11-25", until_code="I").headers["location"].endswith("done=away")

    oakfield.day += timedelta(days=1)
    oakfield.marks({"1": "/", "2": "N", "3": "/", **{str(number): "/" for number in range(20, 40)}})
    decision = next(one for one in oakfield.run().decisions if one.pupil_id == "2")
    assert decision.reason == "reported_ahead"


def test_a_second_click_on_days_ahead_keeps_them_once(oakfield, desk):
    from notifier.store import blocks

    oakfield.tick("09:30")
    alice = desk()
    page = alice.open("2")
    for _ in range(2):
        answer = alice.send("2", "away", page, until="2026-11-25", until_code="I")
        assert answer.headers["location"].endswith("done=away")
    with oakfield.app.database.read() as connection:
        assert len(blocks.reports_made(connection, "oakfield", date(2026, 11, 24))) == 1


def test_days_told_ahead_by_mistake_can_be_taken_back_and_the_child_is_followed_up(oakfield, desk):
    """A wrong last day must not keep a missing child from being noticed."""
    alice = desk(at="09:15")
    page = alice.browser.get("/pupils/2")
    fields = {"first": "2026-11-20", "until": "2026-12-18", "until_code": "I", "until_note": "Mixed up with a brother"}
    assert alice.browser.send("/pupils/2/away", fields, page=page).status_code == 303
    oakfield.tick("09:30")
    assert "2" not in oakfield.board()

    page = alice.at("09:40").browser.get("/pupils/2")
    assert "Mixed up with a brother" in page.text
    report = re.search(r"/told-ahead/([0-9a-f-]{36})/take-back", page.text)[1]
    assert alice.browser.send(f"/pupils/1/told-ahead/{report}/take-back", page=page).status_code == 404, (
        "another pupil's"
    )
    for _ in range(2):
        answer = alice.browser.send(f"/pupils/2/told-ahead/{report}/take-back", page=page)
        assert answer.status_code == 303
    assert "taken back" in alice.browser.get(answer.headers["location"]).text
    oakfield.send("09:40")
    assert len(texts_to(oakfield, "+447700900002")) == 1
    assert "2" in oakfield.board() and oakfield.unaccounted() == []


# written by hand


def test_a_text_by_hand_about_two_children_is_not_doubled_when_one_of_them_is_settled(oakfield, desk):
    oakfield.tick("09:30")
    alice = desk(at="09:40")
    assert alice.do("1", "text-again").status_code == 303
    oakfield.send("09:40")
    assert alice.do("3", "confirm", code="M").status_code == 303
    before = texts_to(oakfield, SAMINA)
    assert len(before) == 2

    oakfield.tick("09:50")
    assert texts_to(oakfield, SAMINA) == before
    assert [body for body in texts_to(oakfield, "+447700900011") if "Hafsa" in body], "the next contact is written to"
    assert oakfield.unaccounted() == []


def test_writing_by_hand_from_the_sisters_page_is_not_a_second_text_when_the_brother_is_settled(oakfield, desk):
    oakfield.tick("09:30")
    alice, bashir = desk(at="09:40"), desk(BASHIR, at="09:42")
    alice.do("1", "text-again")
    oakfield.send("09:40")
    alice.do("3", "confirm", code="M")
    answer = bashir.do("1", "text-again")
    assert answer.status_code == 422
    assert "written at 09:40 already" in answer.text
    oakfield.send("09:43")
    assert len(texts_to(oakfield, SAMINA)) == 2


# settings changed in mid-morning


def test_a_last_time_that_is_moved_earlier_counts_for_what_waits(oakfield):
    oakfield.run()
    change(oakfield, "times", "09:31", **{"am-last_contact": "09:40"})
    counts = oakfield.send("09:45")
    assert (counts.accepted, counts.expired) == (0, 3 - 1)
    assert {item["call_reason"] for item in oakfield.board().values()} == {"past_deadline"}
    assert oakfield.unaccounted() == []


def test_a_provider_is_told_the_last_time_that_counts_now(oakfield):
    told = []

    class Noting(SimulatorChannel):
        async def send(self, outgoing: Any, *, now: Any) -> Any:
            told.append(outgoing.expires_at)
            return await super().send(outgoing, now=now)

    oakfield.run()
    change(oakfield, "times", "09:31", **{"am-last_contact": "09:50"})
    oakfield.app.channels["sms"] = Noting("sms", oakfield.network)
    oakfield.send("09:35")
    assert set(told) == {oakfield.at("09:50")}


def test_a_school_that_closes_in_mid_morning_loses_no_child(oakfield):
    """The boiler breaks at 09:31: nothing leaves, and whoever is unexplained is on a person's list."""
    oakfield.run()
    change(oakfield, "calendar", "09:31", closed="2026-10-26 to 2026-10-30\n2026-11-23")
    oakfield.send("09:32")
    assert texts_to(oakfield, SAMINA) == []
    assert oakfield.unaccounted() == []
    assert {item["call_reason"] for item in oakfield.board().values()} == {"closed_meanwhile"}


def test_a_school_that_closes_after_the_first_texts_hands_over_whoever_is_open(oakfield):
    oakfield.tick("09:30")
    change(oakfield, "calendar", "09:40", closed="2026-10-26 to 2026-10-30\n2026-11-23")
    oakfield.tick("09:41")
    assert {item["call_reason"] for item in oakfield.board().values()} == {"closed_meanwhile"}
    mails = [mail for mail in oakfield.log(staff=True) if mail["template"] == "staff_handed_over"]
    assert mails
    oakfield.tick("09:42")
    assert len([mail for mail in oakfield.log(staff=True) if mail["template"] == "staff_handed_over"]) == len(mails)


def test_a_shorter_ladder_in_mid_morning_still_ends_with_people(oakfield):
    """Two texts were written under the old ladder; the new one has a single text before the call list."""
    folder = oakfield.app.config_dir / "policies"
    oakfield.tick("09:30")
    oakfield.tick("09:50")
    with oakfield.app.database.begin() as connection:  # as for a vulnerable child: on the list from the start
        follow_ups.put_on_call_list(
            connection, "oakfield", oakfield.board()["2"]["id"], reason="vulnerable", at=oakfield.at("09:50")
        )
    text = (folder / "first_day_absence.toml").read_text(encoding="utf-8")
    head, *steps = text.split("[[step]]")
    short = "[[step]]".join([head, steps[0], *steps[-2:]])
    with oakfield.app.database.begin() as connection:
        row = school_settings.read(connection, oakfield.app, "oakfield")
        kept_settings.change(
            connection, "oakfield", seen=row.version, by="Dana", at=oakfield.at("09:55"), part="ladder", name=row.school.name,
            file_text=row.file_text, policy_text=short, sending=True,
        )  # fmt: skip
    oakfield.tick("10:31")
    assert all(item["call_list_at"] for item in oakfield.board().values())
    oakfield.tick("11:01")
    assert all(item["safeguarding_lead_at"] for item in oakfield.board().values())
    assert [mail for mail in oakfield.log(staff=True) if mail["template"] == "staff_safeguarding_lead"]


# silences and blocks


def test_going_back_to_a_silence_that_was_lifted_and_sending_it_again_sets_it_anew(oakfield, desk):
    oakfield.tick("09:30")
    alice = desk()
    page = alice.open("2")
    once = alice.hidden(page, "once")
    fields = {"suppress_carer": "2", "reason": "in hospital", "suppress_until": "2026-11-25", "once": once}
    assert alice.browser.send("/pupils/2/suppress", fields, page=page).status_code == 303
    lift = alice.open("2").text.partition("/suppressions/")[2].partition("/")[0]
    assert alice.browser.send(f"/pupils/2/suppressions/{lift}/lift", page=page).status_code == 303
    assert alice.browser.send("/pupils/2/suppress", fields, page=page).status_code == 303
    assert "in hospital" in alice.open("2").text


def test_going_back_to_a_block_that_was_declined_and_sending_it_again_sets_it_anew(oakfield, desk):
    oakfield.tick("09:30")
    bashir, dana = desk(BASHIR), desk(DANA)
    page = bashir.open("2")
    fields = {"block_carer": "2", "grounds": "Order of 2 November", "once": bashir.hidden(page, "once")}
    assert bashir.browser.send("/pupils/2/block", fields, page=page).status_code == 303
    block = dana.open("2").text.partition("/blocks/")[2].partition("/")[0]
    theirs = dana.open("2")
    assert (
        dana.browser.send(f"/pupils/2/blocks/{block}/decline", {"why": "No such order"}, page=theirs).status_code == 303
    )
    assert bashir.browser.send("/pupils/2/block", fields, page=page).status_code == 303
    assert "Order of 2 November" in bashir.open("2").text


def test_going_back_and_saying_something_else_is_another_act_and_no_second_click(oakfield, desk):
    """The browser's back button shows the page with its old random word."""
    oakfield.tick("09:30")
    alice = desk()
    page = alice.open("1")
    alice.send("1", "call", page, carer="1", outcome="no_answer")
    alice.send("1", "call", page, carer="1", outcome="no_answer")
    alice.send("1", "call", page, carer="11", outcome="alarm")
    alice.send("1", "note", page, note="First")
    alice.send("1", "note", page, note="Second")
    story = "\n".join(entry["what"] for entry in oakfield.explain("1")["story"])
    assert len(re.findall("Call.*Samina Butt", story)) == 1
    assert re.search("Call.*Tariq Butt", story)
    assert oakfield.board()["1"]["urgent_at"], "what the father said counts"
    assert "First" in story and "Second" in story


def test_going_back_and_silencing_another_contact_silences_both(oakfield, desk):
    oakfield.tick("09:30")
    alice = desk()
    page = alice.open("1")
    fields = {"reason": "Asked for it", "suppress_until": "2026-11-25", "once": alice.hidden(page, "once")}
    for carer in ("1", "11"):
        assert (
            alice.browser.send("/pupils/1/suppress", {**fields, "suppress_carer": carer}, page=page).status_code == 303
        )
    with oakfield.app.database.read() as connection:
        from notifier.store import blocks

        assert {
            row.carer_id for row in blocks.suppressions_of(connection, "oakfield", "1", [], date(2026, 11, 23))
        } == {"1", "11"}


# sending switched off and on


def test_the_all_clear_of_a_child_who_came_while_sending_was_off_leaves_when_it_is_on_again(oakfield):
    """Whoever was alarmed before the switch is told; texts that ask for a reason stay cancelled."""
    from notifier.services import school_start

    def switch(on: bool, at: str) -> None:
        with oakfield.app.database.begin() as connection:
            version = school_settings.read(connection, oakfield.app, "oakfield").version
            for step in school_start.VOUCHED:
                kept_settings.vouch(connection, "oakfield", step, by="Dana", at=oakfield.at(at))
        school_start.switch(
            oakfield.app, "oakfield", on, seen=version, by="Dana", now=oakfield.at(at), why="Fire alarm"
        )

    oakfield.tick("09:30")
    switch(False, "09:40")
    oakfield.marks({"2": "L"}, at="09:45")
    oakfield.tick("09:50")
    sara = "+447700900002"
    assert len(texts_to(oakfield, sara)) == 1
    before = len(texts_to(oakfield, SAMINA))
    switch(True, "09:55")
    oakfield.send("09:55")
    assert len(texts_to(oakfield, sara)) == 2 and "in school" in texts_to(oakfield, sara)[-1]
    assert len(texts_to(oakfield, SAMINA)) == before
    assert oakfield.unaccounted() == []


# wrong numbers


def test_a_number_is_not_said_to_be_wrong_unless_somebody_wrote_so(oakfield, desk):
    oakfield.tick("09:30")
    oakfield.reply("+447700900002", "Ali has a cold", "09:33")
    alice = desk()
    conversation = re.search(r"/inbox/[0-9a-f-]{36}", alice.browser.get("/inbox").text)[0]
    page = alice.browser.get(conversation)
    answer = alice.browser.send(f"{conversation}/wrong-number", {"seen": alice.hidden(page, "seen")}, page=page)
    assert answer.status_code == 409 and "Nobody wrote that this is a wrong number" in answer.text
    assert conversation in alice.browser.get("/inbox").text


# somebody who must not be contacted


@pytest.mark.parametrize("how", ["by the people file", "by a block of today"])
def test_a_message_of_somebody_who_must_not_be_contacted_is_no_answer_and_alarms_people(oakfield, how):
    """The father against whom there is an order writes that she is ill: the mother is still asked, and people know at once."""
    from notifier.services import contact_blocks

    if how == "by the people file":
        oakfield.change_contact("1", "11", no_contact=True)
    else:
        contact_blocks.propose(
            oakfield.app,
            "oakfield",
            pupil_id="1",
            carer_id="11",
            grounds="Order of today",
            by="Bashir",
            now=oakfield.at("09:00"),
        )
    oakfield.tick("09:30")
    oakfield.reply("+447700900011", "Hafsa is ill today", "09:35")
    item = oakfield.board()["1"]
    assert (item["answered_at"], item["call_reason"]) == (None, "urgent_reply") and item["urgent_at"]
    assert [mail["to"] for mail in oakfield.log(staff=True) if mail["template"] == "staff_urgent_reply"]
    oakfield.tick("09:50")
    assert len(texts_to(oakfield, SAMINA)) == 2
    assert texts_to(oakfield, "+447700900011") == []
