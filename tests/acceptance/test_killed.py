"""Killed with SIGKILL at any point around a provider call, the next commands send nothing twice and lose nothing."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from notifier.domain.sessions import Session
from notifier.services import decide, schools, take_in, tick

SCHOOL = """
[school]
key = "oakfield"
name = "Oakfield Primary School"
short_name = "Oakfield Primary"
phone = "01632960123"
email = "office@oakfield.example"
channels = ["sms", "email"]
policy = "first_day_absence"
[times.AM]
register_closes = "09:20"
first_contact = "09:30"
last_contact = "11:30"
[times.PM]
register_closes = "13:20"
first_contact = "13:30"
last_contact = "15:00"
[calendar]
terms = [["2026-09-02", "2026-12-18"]]
"""
PUPILS = 6
AT = "2026-11-23T09:30:00+00:00"


NOW = datetime.fromisoformat(AT)


@pytest.fixture
def oakfield(commands, inside):
    """Six unexplained pupils, each with one carer; set up in this process, since only the killed command must be real."""
    (commands.folder / "oakfield.toml").write_text(SCHOOL)
    people = ["pupil_id,given_name,registration_group,carer_id,priority,mobile"]
    people += [f"p{n},Kim{n},4B,c{n},1,07700 90010{n}" for n in range(PUPILS)]
    (commands.folder / "people.csv").write_text("\n".join(people))
    marks = ["pupil_id,date,session,code", *(f"p{n},2026-11-23,AM,N" for n in range(PUPILS))]
    (commands.folder / "marks.csv").write_text("\n".join(marks))
    schools.add_school(inside.app, commands.folder / "oakfield.toml", now=NOW, by="Alice")
    take_in.take_people(inside.app, "oakfield", commands.folder / "people.csv", now=NOW, by="Alice")
    return commands


def take_marks(commands, inside):
    take_in.take_marks(
        inside.app, "oakfield", commands.folder / "marks.csv", now=NOW - timedelta(minutes=9), by="Alice"
    )


def run(inside):
    decide.run_session(inside.app, "oakfield", NOW.date(), Session.AM, now=NOW, by="Alice")


def settle(inside):
    """What an operator, or the next tick, does afterwards: at once, and again when the pause is over."""
    for seconds in (30, 120, 240, 360):
        inside.send(NOW + timedelta(seconds=seconds))
        inside.reconcile(NOW + timedelta(seconds=seconds))


def check_promise(inside, double):
    reached = Counter(message.to for message in double.messages)
    assert reached == {f"+44770090010{n}": 1 for n in range(PUPILS)}, "each carer has exactly one text"
    log = inside.messages("oakfield")
    assert {entry["status"] for entry in log} <= {"accepted", "sent", "delivered"}
    assert {entry["provider_id"] for entry in log} == {message.sid for message in double.messages}
    assert tick.unaccounted(inside.app) == []


SENDING = [
    pytest.param("notifier.store.messages:claim", "after", 1, id="after the claim, before its commit"),
    pytest.param("notifier.store.messages:add_attempts", "after", 1, id="after writing attempts, before their commit"),
    pytest.param("notifier.channels.twilio.channel:TwilioChannel.send", "before", 1, id="committed, before any call"),
    pytest.param("notifier.channels.twilio.channel:TwilioChannel.send", "before", 4, id="in the midst of the calls"),
    pytest.param("notifier.channels.twilio.channel:TwilioChannel.send", "after", 1, id="after the first answer"),
    pytest.param("notifier.channels.twilio.channel:TwilioChannel.send", "after", PUPILS, id="after the last answer"),
    pytest.param("notifier.store.messages:settle_accepted", "before", 1, id="before writing outcomes"),
    pytest.param(
        "notifier.store.messages:settle_accepted", "after", 1, id="after writing outcomes, before their commit"
    ),
]


@pytest.mark.parametrize(("place", "when", "number"), SENDING)
def test_killed_while_sending_nothing_is_sent_twice_and_nothing_is_lost(oakfield, inside, double, place, when, number):
    take_marks(oakfield, inside)
    run(inside)
    oakfield.killed("send", "--at", AT, place=place, when=when, number=number)
    settle(inside)
    check_promise(inside, double)


BEFORE_SENDING = [
    pytest.param("import", "notifier.store.marks:save_marks", id="while marks are taken in"),
    pytest.param("run", "notifier.store.follow_ups:open_missing", id="while follow-ups are opened"),
    pytest.param("run", "notifier.store.messages:add_messages", id="while messages are queued"),
]


@pytest.mark.parametrize(("command", "place"), BEFORE_SENDING)
def test_killed_before_sending_the_same_again_completes_the_morning(oakfield, inside, double, command, place):
    if command == "import":
        arguments = ("import", "marks", "marks.csv", "--school", "oakfield", "--at", "2026-11-23T09:21:00+00:00")
    else:
        take_marks(oakfield, inside)
        arguments = ("run", "oakfield", "--date", "2026-11-23", "--session", "AM", "--at", AT)
    oakfield.killed(*arguments, place=place, when="after")
    assert inside.messages("oakfield") == []
    take_marks(oakfield, inside)
    run(inside)
    settle(inside)
    check_promise(inside, double)


def test_a_lost_answer_and_a_kill_together_still_send_once(oakfield, inside, double):
    take_marks(oakfield, inside)
    run(inside)
    double.lose_answers(3)
    oakfield.killed("send", "--at", AT, place="notifier.store.messages:settle_accepted", when="before")
    settle(inside)
    check_promise(inside, double)
