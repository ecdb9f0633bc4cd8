"""A follow-up's page: the story, and what Alice, Bashir and others may do about it, once and not over one another's heads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from sqlalchemy import update

from notifier.channels.base import ErrorClass
from notifier.domain.sessions import Session
from notifier.services import schools
from notifier.services.audit_words import detail_said
from notifier.store.tables import messages

ALICE, BASHIR = "attendance_officer", "safeguarding_lead"


@pytest.fixture
def oakfield(morning: Any, person: Callable[..., dict[str, object]]) -> Any:
    """Oakfield at 09:31: Hafsa and her brother Bilal are unexplained, so is Ali, who is vulnerable. Ines is in school."""
    morning.people(
        person("1", "1", given_name="Hafsa", family_name="Butt", carer_name="Samina Butt", language="Urdu"),
        person("1", "11", given_name="Hafsa", family_name="Butt", carer_name="Tariq Butt", relationship="father", priority=2),
        person("1", "12", given_name="Hafsa", family_name="Butt", carer_name="Mark Reed", relationship="aunt", priority=3,
               parental_responsibility="no"),
        person("3", "1", given_name="Bilal", family_name="Butt", carer_name="Samina Butt", language="Urdu"),
        person("2", "2", given_name="Ali", family_name="Khan", carer_name="Sara Khan", pupil_flags="vulnerable"),
        *(person(str(number), str(number)) for number in range(20, 30)),
    )  # fmt: skip
    morning.marks({"1": "N", "2": "N", "3": "N", **{str(number): "/" for number in range(20, 30)}})
    morning.tick("09:30")
    return morning


@pytest.fixture
def desk(staff: Any, oakfield: Any) -> Callable[..., Any]:
    """A desk for somebody with a role."""
    return lambda role=ALICE, at="09:35": staff.Desk(oakfield, role, at)


def story(morning: Any, pupil: str) -> list[str]:
    return [entry["what"] for entry in morning.explain(pupil)["story"]]


def text(page: Any) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page.text)))


def audit(morning: Any, act: str) -> list[Any]:
    from sqlalchemy import select

    from notifier.store.tables import audit as table

    with morning.app.database.read() as connection:
        return list(connection.execute(select(table).where(table.c.school_id == morning.key, table.c.act == act)))


# the story


def test_the_page_tells_the_day_in_words(oakfield, desk):
    oakfield.reply("+447700900001", "Hafsa is poorly", "09:33")
    page = desk().open("1")
    said = text(page)

    assert page.status_code == 200
    assert "Hafsa Butt 4B, Monday 23 November 2026" in said
    assert "AM mark N" in said
    assert "Absent without a reason; the carers are being contacted." in said
    assert "Hafsa is poorly" in said
    assert "Read as: Ill or injured" in said
    assert "Suggested code I" in said
    assert "Samina Butt" in said
    assert "07700 900001" in said
    assert "Ring only: no parental responsibility" in said
    assert re.search(r"<title>A follow-up, Monday 23 November 2026 – ", page.text)
    assert 'accesskey="1"' in page.text
    with oakfield.app.database.read() as connection:
        from notifier.store import looks

        seen = [(look.actor, look.what, look.pupil_id) for look in looks.unsealed(connection, "oakfield")]
    assert seen == [("attendance_officer@oakfield.example", "follow_up", "1")]


def test_a_follow_up_that_is_not_there_or_another_schools_is_not_found(oakfield, desk, staff):
    alice = desk()
    address = alice.address("1")
    oakfield.add_school(key="riverside")
    mallory = staff.signed_in(oakfield.app, ALICE, at=oakfield.at("09:35"), school="riverside")

    assert mallory.get(address).status_code == 404
    assert alice.browser.get("/follow-ups/nonsense").status_code == 404
    assert alice.browser.get("/pupils/999").status_code == 404


# confirming


def test_one_button_confirms_a_reason_and_names_who_is_next(oakfield, desk):
    answer = desk().do("1", "confirm", code="I", note_confirm="Rang at 09:34")
    assert answer.status_code == 303

    after = text(desk(BASHIR).browser.get(answer.headers["location"]))
    assert "The reason is confirmed." in after
    assert re.search(r"Reason confirmed ?: code I", after), after
    assert "Next: Ali Khan" in after
    assert oakfield.board()["1"]["closed_by"] == "attendance_officer@oakfield.example"
    assert [row.actor for row in audit(oakfield, "follow_up.confirm")] == ["attendance_officer@oakfield.example"]


def test_a_code_that_gives_no_reason_is_refused_beside_the_buttons_and_the_note_is_kept(desk):
    for code in ("", "N", "QQ"):
        page = desk().do("1", "confirm", code=code, note_confirm="He has a cold")
        assert page.status_code == 422
        assert 'href="#code"' in page.text
        assert "Choose a code that gives a reason" in page.text
        assert "He has a cold</textarea>" in page.text


def test_two_clicks_confirm_once(oakfield, desk):
    alice = desk()
    page = alice.open("1")
    assert alice.send("1", "confirm", page, code="I").status_code == 303
    assert alice.send("1", "confirm", page, code="I").status_code == 303
    assert sum("Follow-up settled" in line for line in story(oakfield, "1")) == 1


def test_an_answer_that_came_meanwhile_is_read_before_anything_is_confirmed(oakfield, desk):
    alice = desk()
    page = alice.open("1")
    oakfield.reply("+447700900001", "She IS in school, I dropped her off", "09:36")
    stopped = alice.at("09:37").send("1", "confirm", page, code="I", note_confirm="mum said ill")

    assert stopped.status_code == 409
    assert "This is new since you opened the page" in stopped.text
    assert "answered (read as: says the child is or should be in school; urgent)" in stopped.text
    assert "mum said ill</textarea>" in stopped.text
    assert oakfield.board()["1"]["state"] == "urgent"
    assert alice.send("1", "confirm", stopped, code="I").status_code == 303


def test_the_second_person_sees_what_the_first_did(oakfield, desk):
    bashir = desk(BASHIR)
    page = bashir.open("1")
    desk(ALICE, "09:36").do("1", "confirm", code="I")
    late = bashir.at("09:37").send("1", "confirm", page, code="M")

    assert late.status_code == 409
    assert "Follow-up settled by attendance_officer@oakfield.example: reason confirmed, code I" in text(late)
    assert oakfield.board()["1"]["closed_code"] == "I"


def test_a_confirmation_can_be_taken_back(oakfield, desk):
    alice = desk()
    alice.do("1", "confirm", code="I")
    assert alice.at("09:40").do("1", "open-again").status_code == 422
    assert alice.do("1", "open-again", why_open="Wrong child").status_code == 303
    assert oakfield.board()["1"]["state"] == "call_list"


# calls and notes


def test_a_call_is_logged_once_with_who_and_what(oakfield, desk):
    alice = desk()
    page = alice.open("1")
    for _ in range(2):
        assert alice.send("1", "call", page, carer="1", outcome="no_answer", call_note="rang twice").status_code == 303
    assert [line for line in story(oakfield, "1") if line.startswith("Call")] == [
        "Call by attendance_officer@oakfield.example: Samina Butt, mother: no answer. rang twice"
    ]
    assert re.search(r"noted a call</td>\s*<td[^>]*>\s*Hafsa Butt", desk(BASHIR).browser.get("/audit").text)


def test_a_call_without_outcome_says_so_and_keeps_the_choice(desk):
    page = desk().do("1", "call", carer="11", call_note="hm")
    assert page.status_code == 422
    assert "Choose what the call came to." in page.text
    assert re.search(r'value="11" checked', page.text)
    assert "hm</textarea>" in page.text


@pytest.mark.parametrize(("outcome", "state"), [("reason", "answered"), ("alarm", "urgent"), ("no_answer", "chasing")])
def test_what_a_call_came_to_decides_what_follows(oakfield, desk, outcome, state):
    desk().do("1", "call", carer="1", outcome=outcome)
    assert oakfield.board()["1"]["state"] == state
    lead = [message for message in oakfield.log(staff=True) if message["template"] == "staff_safeguarding_lead"]
    assert bool(lead) == (outcome == "alarm")


def test_a_wrong_number_is_never_texted_again(oakfield, desk):
    desk().do("1", "call", carer="1", outcome="wrong_number")
    oakfield.tick("09:51")
    assert ("1", "second_text") not in oakfield.texts()


def use_again(alice: Any, page: Any, *, pupil: str = "1") -> Any:
    """Press the first "use again" of a page."""
    form = next(part for part in page.text.split("<form")[1:] if f"/pupils/{pupil}/use-again" in part).split("</form>")[
        0
    ]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    return alice.browser.send(
        f"/pupils/{pupil}/use-again", {key: unescape(value) for key, value in fields.items()}, page=page
    )


def barrier(morning: Any, carer: str) -> str | None:
    return next(c for c in morning.explain("1")["contacts"] if c["carer_id"] == carer)["barrier"]


def test_a_number_noted_as_wrong_by_mistake_is_used_again_and_the_next_text_goes_there(oakfield, desk):
    alice = desk()
    alice.do("1", "call", carer="1", outcome="wrong_number")
    page = alice.at("09:40").open("1")
    assert "Not used: 07700 900001 . Somebody else’s number (a call by attendance_officer@oakfield.example" in text(
        page
    )
    assert "Use this number again" not in desk("viewer", "09:40").open("1").text
    for _ in range(2):
        done = use_again(alice, page)
        assert done.headers["location"] == f"{alice.address('1')}?done=number-again"
    shown = alice.browser.get(done.headers["location"])
    assert ("This number is used again" in shown.text, "Not used:" in shown.text) == (True, False)

    oakfield.tick("09:51")
    assert ("1", "second_text") in oakfield.texts()
    said = "number of Samina Butt, mother is used again. Noted before: somebody else’s number"
    assert [said in line for line in story(oakfield, "1")].count(True) == 1
    [entry] = audit(oakfield, "contact.use_again")
    assert detail_said(entry.detail) == (
        "carer: 1",
        "by text",
        "noted before as: somebody else’s number",
        "on Mon 23 Nov 2026",
    )


def test_a_page_that_is_older_than_the_next_fault_does_not_clear_it(oakfield, desk):
    """A provider's final refusal after the first click notes the number anew; going back and clicking once more changes nothing."""
    alice = desk()
    alice.do("1", "call", carer="1", outcome="dead_number")
    old = alice.at("09:40").open("1")
    assert use_again(alice, old).status_code == 303
    first = next(m for m in oakfield.log() if m["carer_id"] == "1" and m["template"].startswith("first"))
    assert oakfield.receipt(first, "undelivered", "09:42", error_class=ErrorClass.PERMANENT, error_code="30005")
    assert barrier(oakfield, "1") == "no_address"

    refused = use_again(alice.at("09:45"), old)
    assert (refused.status_code, "was noted once more since you opened the page" in refused.text) == (422, True)
    assert barrier(oakfield, "1") == "no_address"
    assert "Nobody can be reached there (provider 30005" in text(alice.open("1"))
    assert use_again(alice, alice.open("1")).status_code == 303
    assert barrier(oakfield, "1") is None


def test_using_a_number_again_ends_neither_an_opt_out_nor_a_block(oakfield, desk):
    alice = desk()
    alice.do("1", "call", carer="1", outcome="wrong_number")
    alice.do("1", "call", carer="11", outcome="wrong_number")
    page = alice.open("1")
    oakfield.reply("+447700900001", "STOP", "09:36")
    assert use_again(alice.at("09:40"), page).status_code == 303
    assert barrier(oakfield, "1") == "opted_out"

    page = alice.open("1")
    assert (
        desk(BASHIR, "09:41").browser.send("/pupils/1/block", {"block_carer": "11", "grounds": "Order"}).status_code
        == 303
    )
    assert use_again(alice, page).status_code == 303
    assert barrier(oakfield, "11") == "no_contact"
    assert "/use-again" not in alice.open("1").text
    fields = {"carer": "2", "channel": "sms", "found": "x"}
    assert alice.browser.send("/pupils/1/use-again", fields, page=page).status_code == 404, "another pupil's contact"


def test_a_note_stays_in_the_story_and_a_viewer_can_write_none(oakfield, desk, staff):
    desk().do("1", "note", note="Grandmother collects at 3")
    assert "Note by attendance_officer@oakfield.example: Grandmother collects at 3" in story(oakfield, "1")

    viewer = desk("viewer")
    assert "Add a note" not in viewer.open("1").text
    answer = viewer.browser.send(f"{viewer.address('1')}/note", {"note": "x"})
    assert answer.status_code == 403


# writing by hand


def test_texting_again_takes_the_place_of_the_ladders_next_text(oakfield, desk):
    alice = desk(at="09:45")
    page = alice.open("1")
    assert alice.send("1", "text-again", page).status_code == 303
    assert alice.send("1", "text-again", page).status_code == 303  # a double click
    again = [m for m in oakfield.log() if m["template"] == "second_text"]
    assert [(m["carer_id"], sorted(m["pupil_ids"]), m["step"]) for m in again] == [("1", ["1", "3"], "second_text")]

    oakfield.send("09:46")
    oakfield.tick("09:51")
    assert oakfield.texts().count(("1", "second_text")) == 1
    assert ("11", "next_contact") in oakfield.texts()
    other = desk(BASHIR, "09:52").do("3", "text-again")
    assert other.status_code in (303, 422)


def test_the_next_contact_is_written_to_now(oakfield, desk):
    assert desk(at="09:36").do("1", "next-contact").status_code == 303
    assert ("11", "next_contact") in oakfield.texts()
    assert any(
        "Written to by hand by attendance_officer@oakfield.example: the next contact, Tariq Butt" in line
        for line in story(oakfield, "1")
    )


def test_nobody_is_texted_again_after_an_answer_or_after_the_time_for_texts(oakfield, desk):
    assert "No text leaves after 11:30" in desk(at="11:45").open("2").text
    oakfield.reply("+447700900001", "Hafsa is ill", "09:33")
    page = desk().do("1", "text-again")
    assert page.status_code == 422
    assert "Somebody has answered at 09:33" in page.text


@pytest.mark.parametrize("status", ["held", "sending", "unknown", "delivered"])
def test_a_text_by_hand_that_may_still_arrive_is_not_written_a_second_time(oakfield, desk, status):
    for minute in ("09:51", "10:16", "10:31"):
        oakfield.send(minute)
        oakfield.tick(minute)
    oakfield.send("10:32")
    alice = desk(at="10:33")
    assert alice.do("2", "text-again").status_code == 303

    def by_hand() -> list[str]:
        return sorted(m["id"] for m in oakfield.log() if m["step"].startswith("by_hand"))

    (first,) = by_hand()
    with oakfield.app.database.begin() as connection:
        connection.execute(update(messages).where(messages.c.message_id == first).values(status=status))
    assert alice.at("10:50").do("2", "text-again").status_code == (303 if status == "delivered" else 422)
    assert len(by_hand()) == (2 if status == "delivered" else 1)


# handing over, days ahead


def test_the_lead_is_told_once_with_what_to_know(oakfield, desk):
    alice = desk()
    assert alice.do("1", "lead").status_code == 422
    page = alice.open("1")
    for _ in range(2):
        assert alice.send("1", "lead", page, why_lead="Grandmother says he never arrived").status_code == 303
    told = [m for m in oakfield.log(staff=True) if m["template"] == "staff_safeguarding_lead"]
    assert sorted(m["to"] for m in told) == ["lead@oakfield.example", "office@oakfield.example"]
    assert oakfield.board()["1"]["safeguarding_lead_at"]


def test_not_expected_until_a_date_keeps_the_days_quiet_and_confirms_today(oakfield, desk):
    alice = desk()
    for fields, words in (
        ({"until": "", "until_code": "I"}, "Enter a day like 23/11/2026."),
        ({"until": "2026-11-20", "until_code": "I"}, "must be 23 November or later"),
        ({"until": "2027-09-01", "until_code": "I"}, "too far ahead"),
        ({"until": "2026-11-25", "until_code": "/"}, "Choose a code that gives a reason for staying away"),
    ):
        page = alice.do("1", "away", **fields)
        assert (page.status_code, words in page.text) == (422, True), words
    assert alice.do("1", "away", until="25/11/2026", until_code="I", until_note="flu").status_code == 303
    assert oakfield.board()["1"]["closed_code"] == "I"
    oakfield.day = oakfield.day.replace(day=24)
    oakfield.marks({"1": "N", **dict.fromkeys(map(str, range(20, 30)), "/")}, at="09:21")
    result = oakfield.run("09:30")
    assert {d.pupil_id: d.reason.value for d in result.decisions}["1"] == "reported_ahead"


def test_a_family_that_rings_ahead_is_noted_on_the_page_of_a_pupil_without_follow_up(oakfield, desk):
    browser = desk().browser
    page = browser.get("/pupils/20")
    assert "Not expected until a date" in page.text
    fields = {"first": "2026-11-24", "until": "2026-11-24", "until_code": "M"}
    assert browser.send("/pupils/20/away", fields, page=page).headers["location"] == "/pupils/20?done=away"


# stopping messages, blocking contact


def test_messages_to_a_contact_stop_with_a_reason_until_a_day(oakfield, desk, staff):
    alice = desk()
    page = alice.open("1")
    held = {"once": staff.hidden(page, "once"), "follow_up": oakfield.board()["1"]["id"]}
    refused = alice.browser.send("/pupils/1/suppress", {**held, "suppress_carer": "1", "reason": "abroad"}, page=page)
    assert (refused.status_code, "Enter a day like 23/11/2026." in refused.text) == (422, True)
    fields = {**held, "suppress_carer": "1", "reason": "abroad", "suppress_until": "2026-11-30"}
    done = alice.browser.send("/pupils/1/suppress", fields, page=page)
    assert done.headers["location"].endswith("?done=suppressed")
    oakfield.tick("09:51")
    again = [m for m in oakfield.log() if m["template"] == "second_text" and "1" in m["pupil_ids"]]
    assert again == []
    contact = next(c for c in oakfield.explain("1")["contacts"] if c["carer_id"] == "1")
    assert contact["barrier"] == "suppressed"

    lift = re.search(r'action="(/pupils/1/suppressions/[^"]+/lift)"', alice.open("1").text)
    assert lift is not None
    assert alice.browser.send(lift[1], {}, page=page).status_code == 303
    assert alice.browser.send(lift[1], {}, page=page).status_code == 404


def test_a_court_orders_block_holds_at_once_and_takes_two_people_to_confirm_and_to_end(oakfield, desk):
    bashir, carys = desk(BASHIR), desk("administrator")
    page = bashir.open("1")
    fields = {"block_carer": "1", "grounds": "Order of 20 November"}
    assert bashir.browser.send("/pupils/1/block", fields, page=page).status_code == 303
    contact = next(c for c in oakfield.explain("1")["contacts"] if c["carer_id"] == "1")
    assert contact["barrier"] == "no_contact"
    shown = bashir.open("1")
    assert "07700 900001" not in shown.text
    base = re.search(r'action="(/pupils/1/blocks/[^"/]+)/', carys.open("1").text)
    assert base is not None

    own = bashir.browser.send(f"{base[1]}/confirm", {}, page=shown)
    assert (own.status_code, "second person has to confirm" in own.text) == (422, True)
    assert carys.browser.send(f"{base[1]}/confirm", {}, page=carys.open("1")).status_code == 303
    assert bashir.browser.send(f"{base[1]}/ask-end", {"why": "Order lapsed"}, page=shown).status_code == 303
    assert bashir.browser.send(f"{base[1]}/end", {}, page=shown).status_code == 422
    assert next(c for c in oakfield.explain("1")["contacts"] if c["carer_id"] == "1")["barrier"] == "no_contact"
    assert carys.browser.send(f"{base[1]}/end", {}, page=carys.open("1")).status_code == 303
    assert next(c for c in oakfield.explain("1")["contacts"] if c["carer_id"] == "1")["barrier"] is None
    assert [len(audit(oakfield, f"block.{act}")) for act in ("propose", "confirm", "ask_end", "end")] == [1, 1, 1, 1]


def test_what_waits_to_leave_is_stopped_by_a_block(oakfield, desk):
    oakfield.day = oakfield.day.replace(day=24)
    oakfield.marks({"2": "N", **dict.fromkeys(map(str, range(20, 30)), "/")}, at="09:21")
    oakfield.run("09:30")
    desk(BASHIR, "09:30").browser.send("/pupils/2/block", {"block_carer": "2", "grounds": "Order"})
    oakfield.send("09:30")
    message = next(m for m in oakfield.log() if m["carer_id"] == "2")
    assert (message["status"], message["reason"]) == ("cancelled", "no_contact_allowed")


def test_an_attendance_officer_cannot_block_but_can_stop_messages(desk):
    page = desk().open("1")
    assert "Block contact now" not in page.text
    assert "Stop messages to a contact" in page.text


# what was confirmed


def test_what_was_confirmed_is_listed_for_the_mis_and_exported_without_formulas(oakfield, desk):
    alice = desk()
    alice.do("1", "confirm", code="I")
    alice.do("2", "confirm", code="M")
    schools.report_absence(
        oakfield.app, "oakfield", "21", first_day=oakfield.day, last_day=oakfield.day, by="=Alice", now=oakfield.at("09:40"), code="C",
        sessions=(Session.AM,),
    )  # fmt: skip
    oakfield.marks({"2": "M"}, at="09:45")
    said = text(alice.browser.get("/confirmed"))
    assert "2 codes to enter , 1 in the register already." in said
    assert "Hafsa Butt 4B, 1 AM I" in said

    export = alice.browser.get("/confirmed.csv")
    assert export.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(export.text.removeprefix("\ufeff"))))
    assert [(line["pupil_id"], line["code"], line["to_enter"]) for line in lines] == [
        ("2", "M", "no"),
        ("1", "I", "yes"),
        ("21", "C", "yes"),
    ]
    assert lines[2]["said_by"] == "'=Alice"
    assert len(audit(oakfield, "confirmed.export")) == 1
    assert desk("viewer").browser.get("/confirmed.csv").status_code == 403
