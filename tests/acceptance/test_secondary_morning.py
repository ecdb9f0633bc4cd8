"""One morning of a 1,000-pupil secondary, from files to log, through the real commands, a provider full of trouble and real mail."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, datetime

import pytest

from notifier.channels.twilio.testing import SCRIPTS
from notifier.demo.absence import DropKind, make_day, write_marks_csv
from notifier.demo.population import make_school
from notifier.services import tick

DAY = date(2026, 11, 24)
TROUBLE = {
    "refused for good": "+447700900202",
    "opted out": "+447700900201",
    "server error, stored": "+447700900222",
    "server error, not stored": "+447700900221",
    "cut after accepting": "+447700900226",
    "cut before accepting": "+447700900227",
    "half an answer": "+447700900228",
    "too many requests, once": "+447700900213",
}


@pytest.fixture
def database_url(sqlite_url):
    """One engine is enough here: the integration tests and the kill tests run on both."""
    return sqlite_url


@pytest.fixture
def secondary(commands):
    school = make_school(pupils=1000, seed=11, day=DAY, key="hillview", name="Hillview School")
    school.write_school_toml(commands.folder / "hillview.toml")
    school.write_people_csv(commands.folder / "people.csv")
    drops = make_day(school).day_events()
    registers = next(drop for drop in drops if drop.kind is DropKind.REGISTERS)
    write_marks_csv(commands.folder / "marks.csv", registers.rows)
    return commands, school


def at(clock: str) -> str:
    return f"2026-11-24T{clock}+00:00"


def check_promise(inside):
    """The invariant, asked after every step."""
    assert tick.unaccounted(inside.app) == []


@pytest.mark.timeout(300)
def test_a_morning_from_files_to_log(secondary, inside, double, mail_server):
    commands, school = secondary
    commands.run("school", "add", "hillview.toml")
    people = commands.json("import", "people", "people.csv", "--school", "hillview", "--at", at("08:00:00"))
    assert (people["outcome"], people["refused"]) == ("taken_in", [])
    marks = commands.json("import", "marks", "marks.csv", "--school", "hillview", "--at", at("09:21:00"))
    assert (marks["rows"], marks["refused"]) == (1000, [])
    ran = commands.json("run", "hillview", "--date", DAY.isoformat(), "--session", "AM", "--at", at("09:30:00"))
    check_promise(inside)
    assert len(ran["decisions"]) == 1000
    with (commands.folder / "marks.csv").open(encoding="utf-8-sig") as file:
        unexplained = {row["pupil_id"] for row in csv.DictReader(file) if row["code"] == "N"}
    contacted = {item["pupil_id"] for item in ran["decisions"] if item["outcome"] == "contact"}
    assert contacted <= unexplained, "only a mark that says so causes contact"
    told = {item["pupil_id"] for item in ran["decisions"] if item["pupil_id"] in unexplained and item["reason"]}
    assert told == unexplained

    queued = inside.messages("hillview")
    numbers = sorted({entry["to"] for entry in queued if entry["channel"] == "sms"})
    assert len(numbers) > len(TROUBLE)
    for number, script in zip(numbers, TROUBLE.values(), strict=False):
        double.scripts[number] = SCRIPTS[script]
    double.lose_answers(2)
    sent = commands.json("send", "--at", at("09:30:10"))
    assert sent["unknown"] > 0 and sent["accepted"] > 0
    check_promise(inside)

    never_stored = {numbers[3], numbers[5]}
    for number in never_stored:  # the provider recovers
        double.scripts.pop(number)
    commands.json("reconcile", "--at", at("09:31:30"))
    check_promise(inside)
    for clock in ("09:31:30", "09:33:00", "09:36:00"):
        moment = datetime.fromisoformat(at(clock))
        inside.reconcile(moment)
        check_promise(inside)
        inside.send(moment)
        check_promise(inside)
    commands.run("tick", "--at", at("09:51:00"))
    check_promise(inside)

    log = [entry for entry in commands.json("log", "hillview") if entry["kind"] == "message"]
    first = [entry for entry in log if entry["channel"] == "sms" and entry["created_at"] < at("09:30:01")]
    assert {entry["status"] for entry in first} <= {"accepted", "sent", "delivered", "failed", "undelivered"}
    stored = Counter((message.to, message.body) for message in double.messages)
    assert stored.most_common(1)[0][1] == 1, "no text twice"
    assert double.faults == [], "every form was one that Twilio takes"
    for pupil_id, carer_id in school.never_told:
        assert not [entry for entry in log if entry["carer_id"] == carer_id and pupil_id in entry["pupil_ids"]]
    assert len(mail_server.mails) >= len([entry for entry in first if entry["channel"] == "email"])
    assert mail_server.mails_to("office@hillview.example"), "the office was told what to do"
