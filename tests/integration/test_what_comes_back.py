"""Replies and receipts: matched, read, laid beside the mark; urgent ones to people at once; a reply is never a mark."""

from __future__ import annotations

import pytest

from notifier.channels.base import ErrorClass
from notifier.channels.simulator.channel import SimulatorChannel
from notifier.channels.simulator.network import FAILURES


@pytest.fixture
def chased(morning, person):
    morning.people(
        person("p1", "c1", given_name="Ava"),
        person("p1", "c2", given_name="Ava", relationship="father", priority=2),
        person("p2", "c1", given_name="Ben", registration_group="2A"),
    )
    morning.marks({"p1": "N", "p2": "N"})
    morning.tick("09:30")
    return morning


def acknowledged(morning):
    return [m["template"] for m in morning.log() if m["purpose"] == "ack"]


def test_a_carer_with_two_absent_children_answers_for_both(chased):
    chased.reply("+447700900001", "tummy bug back tmrw", "09:41")
    board = chased.board()
    assert {pupil: len(item["replies"]) for pupil, item in board.items()} == {"p1": 1, "p2": 1}
    [reply] = board["p1"]["replies"]
    assert (reply["intent"], reply["urgent"], reply["suggested_code"]) == ("illness", False, "I")
    assert reply["pupil_ids"] == ["p1", "p2"]


def test_facts_in_a_reply_are_shown_as_proposals_and_a_named_child_comes_first(chased):
    chased.reply("+447700900001", "Ben has a temperature, back thurs", "09:41")
    [reply] = chased.board()["p2"]["replies"]
    assert reply["facts"]["pupil_ids"] == ["p2"]
    assert reply["facts"]["condition"] == "fever"
    assert reply["facts"]["return_date"] > chased.explain("p2")["date"]
    assert reply["follow_up_id"] == chased.board()["p2"]["id"]
    assert len(chased.board()["p1"]["replies"]) == 1


def test_a_reply_never_changes_a_mark_or_closes_anything(chased):
    chased.reply("+447700900001", "she is ill", "09:41")
    assert chased.explain("p1")["marks"] == {"AM": "N"}
    assert chased.board()["p1"]["closed_at"] is None


@pytest.mark.parametrize(
    ("words", "intent"),
    [("She is in school! I dropped her at 8.40", "dispute"), ("I dont know where she is", "safeguarding")],
)
def test_urgent_words_reach_people_at_once(chased, words, intent):
    chased.reply("+447700900001", words, "09:41")
    item = chased.board()["p1"]
    assert (item["state"], item["call_reason"], item["replies"][0]["intent"]) == ("urgent", "urgent_reply", intent)
    mails = [mail for mail in chased.log(staff=True) if mail["template"] == "staff_urgent_reply"]
    assert {mail["to"] for mail in mails} == {"office@oakfield.example", "lead@oakfield.example"}
    assert all("Ava" not in mail["subject"] for mail in mails)
    assert acknowledged(chased) == ["reply_urgent"]


def test_the_same_message_twice_is_one_reply(chased):
    assert chased.reply("+447700900001", "ill", "09:41", provider_id="SM1")
    assert chased.reply("+447700900001", "ill", "09:41", provider_id="SM1") is None
    assert len(chased.board()["p1"]["replies"]) == 1
    assert len(acknowledged(chased)) == 1


def test_stop_moves_the_family_to_a_person_and_is_not_answered(chased):
    chased.reply("+447700900001", "STOP", "09:41")
    assert chased.board()["p1"]["call_reason"] == "opted_out"
    assert acknowledged(chased) == []
    chased.tick("09:50")
    second = [
        m["carer_id"]
        for m in chased.log()
        if m["purpose"] == "absence" and m["created_at"] >= chased.at("09:50").isoformat()
    ]
    assert second == ["c2"], "the other carer is still told; the one who said STOP is not"
    chased.reply("+447700900001", "START", "10:00")
    with chased.app.database.read() as connection:
        from notifier.store import blocks

        assert blocks.load_blocks(connection, "oakfield", chased.day).opted_out == frozenset()
    assert acknowledged(chased) == [], "Twilio has answered START itself"
    assert chased.board()["p1"]["answered_at"] is None, "START gives no reason for the absence"


def test_a_worry_reaches_people_whatever_else_is_said_with_it(chased):
    chased.reply("+447700900001", "stop it he IS in school", "09:41")
    item = chased.board()["p1"]
    assert (item["state"], item["replies"][0]["urgent"]) == ("urgent", True)
    assert "staff_urgent_reply" in {mail["template"] for mail in chased.log(staff=True)}


def test_a_wrong_number_is_never_texted_again_and_the_next_contact_is(chased):
    chased.reply("+447700900001", "wrong number mate", "09:41")
    chased.send("09:42")
    later = [m for m in chased.log() if m["created_at"] >= chased.at("09:41").isoformat()]
    assert [(m["carer_id"], m["purpose"]) for m in later if m["purpose"] == "absence"] == [("c2", "absence")]
    assert chased.board()["p1"]["call_reason"] == "wrong_number"
    [apology] = [m for m in later if m["purpose"] == "ack"]
    assert apology["template"] == "wrong_number" and "Ava" not in apology["body"]
    chased.tick("09:50")
    assert not [
        m for m in chased.log() if m["to"] == "+447700900001" and m["created_at"] >= chased.at("09:50").isoformat()
    ]


def test_machines_are_not_answered(chased):
    chased.reply("+447700900001", "I am out of the office until Monday", "09:41", auto_reply=True)
    assert acknowledged(chased) == []
    assert chased.board()["p1"]["state"] == "chasing"


def test_no_more_than_three_answers_go_to_one_number_in_a_day(chased):
    for minute in range(41, 47):
        chased.reply("+447700900001", "she is ill", f"09:{minute}")
    assert len(acknowledged(chased)) == 3


def test_a_forbidden_contacts_message_is_kept_and_not_answered(morning, person):
    morning.people(person("p1", "c1"), person("p1", "c2", no_contact="yes", priority=2, relationship="father"))
    morning.marks({"p1": "N"})
    morning.tick("09:30")
    morning.reply("+447700900002", "where is my daughter", "09:41")
    assert acknowledged(morning) == []
    assert morning.board()["p1"]["replies"], "staff see it"


def test_a_strangers_message_is_kept_for_staff(chased):
    assert chased.reply("+447700900777", "who are you", "09:41")
    with chased.app.database.read() as connection:
        from notifier.store import replies

        [row] = replies.listing(connection, "oakfield")
    assert (row.carer_id, row.follow_up_id) == (None, None)
    assert acknowledged(chased) == []


def test_a_number_at_two_schools_answers_the_one_that_wrote(make_morning, person):
    oakfield, riverside = make_morning(), make_morning(key="riverside")
    for school in (oakfield, riverside):
        school.add_school()
        school.people(person("p1", "c1"))
    riverside.marks({"p1": "N"})
    riverside.tick("09:30")
    riverside.reply("+447700900001", "ill", "09:41")
    assert len(riverside.board()["p1"]["replies"]) == 1
    assert oakfield.board() == {}


class TestReceipts:
    @pytest.fixture
    def sent(self, morning, person):
        morning.people(
            person("p1", "c1", email="c1@families.example"), person("p1", "c2", relationship="father", priority=2)
        )
        morning.marks({"p1": "N"})
        morning.run()
        morning.send()
        return morning

    def status(self, morning):
        return next(m["status"] for m in morning.log() if m["carer_id"] == "c1" and m["channel"] == "sms")

    def test_a_late_receipt_never_moves_a_state_back(self, sent):
        [text] = sent.log()
        assert sent.receipt(text, "delivered", "09:31")
        assert sent.receipt(text, "sent", "09:32")
        assert self.status(sent) == "delivered"

    def test_the_same_receipt_twice_changes_nothing(self, sent):
        [text] = sent.log()
        assert sent.receipt(text, "delivered", "09:31") is True
        assert sent.receipt(text, "delivered", "09:32") is False

    def test_an_unknown_message_is_stored_and_no_error(self, sent):
        [text] = sent.log()
        assert sent.receipt(text, "delivered", "09:31", provider_id="SMnobody")
        assert self.status(sent) == "accepted"

    def test_what_could_not_be_delivered_goes_by_the_other_channel(self, sent):
        [text] = sent.log()
        sent.receipt(text, "undelivered", "09:31", error_code="30003")
        assert [(m["carer_id"], m["channel"]) for m in sent.log()][1:] == [("c1", "email")]

    def test_a_receipt_about_our_account_stops_sending_and_alerts_staff(self, sent):
        [text] = sent.log()
        sent.receipt(text, "failed", "09:31", error_code="30002", error_class=ErrorClass.CONFIG)
        assert "staff_sending_stopped" in {mail["template"] for mail in sent.log(staff=True)}
        assert sent.board()["p1"]["call_reason"] == "configuration"
        sent.tick("09:50")
        assert {m["status"] for m in sent.log() if m["channel"] == "sms"} == {"failed", "queued"}, (
            "no further text leaves"
        )
        assert sent.unaccounted() == []

    def test_a_bad_receipt_that_came_first_still_marks_the_number(self, morning, person):
        from notifier.store import blocks

        morning.people(person("p1", "c1"))
        morning.marks({"p1": "N"})
        morning.run()
        [text] = morning.log()
        code = next(code for _, code, asks in FAILURES.values() if asks is ErrorClass.PERMANENT)
        ids = {}

        class Hasty(SimulatorChannel):
            async def send(self, outgoing, *, now):
                outcome = await super().send(outgoing, now=now)
                ids["sim"] = outcome.provider_id
                morning.receipt(
                    {**text, "provider": "simulator"}, "undelivered", "09:30", provider_id=ids["sim"], error_code=code
                )
                return outcome

        morning.app.channels["sms"] = Hasty("sms", morning.network)
        morning.send()
        with morning.app.database.read() as connection:
            assert ("sms", text["to"]) in blocks.load_blocks(connection, "oakfield", morning.day).faulty
        assert morning.unaccounted() == []

    def test_then_to_the_next_contact_and_at_last_to_people(self, sent):
        for moment in ("09:31", "09:32", "09:33"):
            text = [m for m in sent.log() if m["status"] == "accepted" or m["status"] == "sent"][-1]
            sent.receipt(text, "undelivered", moment)
            sent.send(moment)
        assert [(m["carer_id"], m["channel"]) for m in sent.log()] == [("c1", "sms"), ("c1", "email"), ("c2", "sms")]
        assert sent.board()["p1"]["call_reason"] == "not_delivered"
        assert sent.unaccounted() == []
