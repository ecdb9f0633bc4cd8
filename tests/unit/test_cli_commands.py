"""The commands as a person or a program meets them: what they print, where, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

REPOSITORY = Path(__file__).resolve().parents[2]
DAY = "2026-11-23"
AT_TAKEN = f"{DAY}T09:20:00+00:00"
AT_RUN = f"{DAY}T09:31:00+00:00"
AT_SENT = f"{DAY}T09:31:30+00:00"

Notifier = Callable[..., Result]


@pytest.fixture
def notifier(program: Notifier, monkeypatch: pytest.MonkeyPatch) -> Notifier:
    """The program, in a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    return program


@pytest.fixture
def oakfield(notifier: Notifier) -> Notifier:
    """The program with Oakfield's people and Monday's marks taken in."""
    notifier("school", "add", "oakfield.toml")
    notifier("import", "people", "people.csv", "--school", "oakfield", "--at", AT_TAKEN)
    notifier("import", "marks", "marks.csv", "--school", "oakfield", "--at", AT_TAKEN)
    return notifier


@pytest.fixture
def morning(oakfield: Notifier) -> Notifier:
    """The program after Monday's texts have left."""
    oakfield("run", "oakfield", "--date", DAY, "--session", "AM", "--at", AT_RUN)
    oakfield("send", "--at", AT_SENT)
    return oakfield


def document(result: Result) -> Any:
    """The one JSON document on standard output."""
    return json.loads(result.stdout)


def test_a_school_is_added_once_and_then_replaced(notifier: Notifier) -> None:
    assert document(notifier("school", "add", "oakfield.toml", "--json"))["new"] is True
    assert document(notifier("school", "add", "oakfield.toml", "--json"))["new"] is False
    [school] = document(notifier("school", "list", "--json"))
    assert (school["key"], school["pupils"]) == ("oakfield", 0)


def test_a_wrong_school_file_is_told_by_file_key_and_expectation(notifier: Notifier) -> None:
    text = Path("oakfield.toml").read_text(encoding="utf-8")
    Path("oakfield.toml").write_text(
        text.replace('first_contact = "09:30"', 'first_contact = "half nine"'), encoding="utf-8"
    )
    for arguments in (("school", "add", "oakfield.toml"), ("school", "check", "oakfield.toml")):
        told = notifier(*arguments, code=2)
        assert "oakfield.toml: times.AM.first_contact" in told.stderr
        assert told.stdout == ""


def test_a_file_changed_since_it_was_added_needs_attention(notifier: Notifier) -> None:
    notifier("school", "add", "oakfield.toml")
    notifier("school", "check", "oakfield.toml")
    text = Path("oakfield.toml").read_text(encoding="utf-8")
    Path("oakfield.toml").write_text(text.replace('"11:30"', '"11:45"'), encoding="utf-8")
    assert "notifier school add" in notifier("school", "check", "oakfield.toml", code=1).stderr
    assert document(notifier("school", "check", "oakfield", "--json"))["times"]["AM"]["last_contact"] == "11:30"


def test_refused_rows_are_named_and_the_good_rows_count(oakfield: Notifier) -> None:
    Path("more.csv").write_text(
        f"pupil_id,date,session,code\n4720,{DAY},AM,I\n9999,{DAY},AM,N\n4733,{DAY},XX,N\n", encoding="utf-8"
    )
    told = oakfield("import", "marks", "more.csv", "--school", "oakfield", "--at", AT_RUN, "--json", code=1)
    taken = document(told)
    assert taken["outcome"] == "taken_in"
    assert taken["changed"] == 1
    assert {(item["row"], item["column"]) for item in taken["refused"]} == {(3, "pupil_id"), (4, "session")}
    assert Path(taken["rejected_file"]).name == "more.rejected.csv"
    assert Path("more.rejected.csv").is_file()


def test_refused_rows_are_shown_to_people_with_file_row_column_and_reason(oakfield: Notifier) -> None:
    Path("more.csv").write_text(f"pupil_id,date,session,code\n9999,{DAY},AM,N\n", encoding="utf-8")
    told = oakfield("import", "marks", "more.csv", "--school", "oakfield", "--at", AT_RUN, code=1)
    assert "more.csv\t2\tpupil_id\tNo pupil '9999' is on roll" in told.stdout
    assert "more.rejected.csv" in told.stderr


def test_the_same_file_twice_changes_nothing_and_a_dry_run_keeps_nothing(notifier: Notifier) -> None:
    notifier("school", "add", "oakfield.toml")
    tried = document(notifier("import", "people", "people.csv", "--school", "oakfield", "--dry-run", "--json"))
    assert (tried["changed"], tried["dry_run"]) == (12, True)
    first = document(notifier("import", "people", "people.csv", "--school", "oakfield", "--json"))
    again = document(notifier("import", "people", "people.csv", "--school", "oakfield", "--json"))
    assert (first["outcome"], first["changed"]) == ("taken_in", 12)
    assert (again["outcome"], again["changed"], again["unchanged"]) == ("same_again", 0, 12)


def test_an_older_file_is_not_taken_in_until_somebody_says_again(oakfield: Notifier) -> None:
    Path("newer.csv").write_text(f"pupil_id,date,session,code\n4711,{DAY},AM,L\n", encoding="utf-8")
    oakfield("import", "marks", "newer.csv", "--school", "oakfield", "--at", f"{DAY}T09:40:00Z")
    older = ("import", "marks", "marks.csv", "--school", "oakfield", "--at", f"{DAY}T09:45:00Z")
    assert "--again" in oakfield(*older, code=1).stderr
    assert document(oakfield(*older, "--again", "--json"))["outcome"] == "taken_in"


def test_a_file_that_cannot_be_read_is_told_in_words(oakfield: Notifier) -> None:
    Path("letter.csv").write_text("Dear parents,\nthe school fair is on Friday.\n", encoding="utf-8")
    told = oakfield("import", "marks", "letter.csv", "--school", "oakfield", code=2)
    assert told.stdout == ""
    assert told.stderr.startswith("Error: ")
    assert "does not exist" in oakfield("import", "marks", "no.csv", "--school", "oakfield", code=2).stderr


def test_a_run_decides_about_every_pupil_and_queues_one_text_for_siblings(oakfield: Notifier) -> None:
    run = document(oakfield("run", "oakfield", "--date", "23/11/2026", "--session", "am", "--at", AT_RUN, "--json"))
    decisions = {item["pupil_id"]: item for item in run["decisions"]}
    assert len(decisions) == 7
    assert (decisions["4711"]["outcome"], decisions["4711"]["reason"]) == ("contact", "unexplained")
    assert decisions["4711"]["message_ids"] == decisions["4712"]["message_ids"] != []
    assert decisions["4750"]["reason"] == "explained"
    assert run["holds"] == []


DRY_RUN = ("run", "oakfield", "--date", DAY, "--session", "AM", "--dry-run", "--at")


def test_a_dry_run_says_what_would_happen_and_queues_nothing(oakfield: Notifier) -> None:
    told = oakfield(*DRY_RUN, AT_RUN).stdout
    assert "Dry run: nothing was kept" in told
    assert "the carers would be contacted" in told
    assert "are being contacted" not in told
    assert "Carers contacted" not in told
    assert document(oakfield("log", "oakfield", "--json")) == []


def test_a_message_that_brother_and_sister_share_is_counted_once(oakfield: Notifier) -> None:
    assert "Zosia Nowak, Jakub Nowak\t4B, RB\t1 message\n" in oakfield(*DRY_RUN, AT_RUN).stdout


def test_a_dry_run_shows_the_words_with_their_parts_and_the_price_of_the_settings(
    oakfield: Notifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_PRICES__SMS_PENCE_PER_SEGMENT", "6.5")
    told = oakfield(*DRY_RUN, AT_RUN).stdout
    assert "first_day_am · en · GSM-7 · 1 part · 6.5p · 1 text\n  Oakfield Primary: Megan is not in school" in told
    assert "instead of pl: nobody has approved the translation yet" in told
    assert "2 texts in 2 parts for 13p" in told


def test_a_dry_run_lists_its_messages_for_programs(oakfield: Notifier) -> None:
    run = document(oakfield(*DRY_RUN, AT_RUN, "--json"))
    ids = {key for item in run["decisions"] for key in item["message_ids"]}
    assert {item["id"] for item in run["messages"]} == ids
    assert {item["segments"] for item in run["messages"]} == {1}
    assert all(item["body"] and item["cost_pence"] for item in run["messages"])


def test_a_dry_run_after_the_run_finds_nothing_new(morning: Notifier) -> None:
    told = morning(*DRY_RUN, f"{DAY}T09:40:00Z").stdout
    assert "Megan Price\t5A\tnothing new: 1 message queued or sent before" in told
    assert "The words that would go" not in told


def test_a_dry_run_names_no_hold_that_could_not_be_released(oakfield: Notifier) -> None:
    dry = ("run", "oakfield", "--date", DAY, "--session", "PM", "--at", f"{DAY}T13:31:00Z", "--dry-run")
    told = oakfield(*dry, code=1).stdout
    assert "Would be held\n\tgroup\twhy\twhat to do\n" in told


def test_a_register_not_taken_needs_attention_and_says_what_to_do(oakfield: Notifier) -> None:
    told = oakfield("run", "oakfield", "--date", DAY, "--session", "PM", "--at", f"{DAY}T13:31:00Z", code=1)
    assert re.search(r"‖ held\t4B\tThe register of this group has not been taken\.\tTake the register", told.stdout)


def test_sending_prints_the_counts_of_the_contract_and_shouts_about_the_simulator(oakfield: Notifier) -> None:
    oakfield("run", "oakfield", "--date", DAY, "--session", "AM", "--at", AT_RUN)
    told = oakfield("send", "--at", AT_SENT, "--json")
    counts = document(told)
    assert counts["accepted"] == 2
    assert {"accepted", "failed", "unknown", "expired", "cancelled"} <= set(counts)
    assert "nothing reaches anybody" in told.stderr
    assert document(oakfield("send", "--at", AT_SENT, "--json"))["accepted"] == 0


def test_without_twilio_the_texts_wait_and_the_words_name_every_setting(
    oakfield: Notifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    oakfield("run", "oakfield", "--date", DAY, "--session", "AM", "--at", AT_RUN)
    monkeypatch.delenv("NOTIFIER_CHANNELS__SMS")
    monkeypatch.delenv("NOTIFIER_CHANNELS__EMAIL")
    told = oakfield("send", "--at", AT_SENT, "--json", code=2)
    assert document(told)["accepted"] == 0
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "NOTIFIER_TWILIO__FROM_NUMBER", "NOTIFIER_SMTP__HOST"):
        assert name in told.stderr
    assert "2 texts to carers could not leave" in " ".join(told.stderr.split())
    assert {entry["status"] for entry in document(oakfield("log", "oakfield", "--json"))} == {"queued"}
    assert "Nothing was due" not in oakfield("send", "--at", AT_SENT, code=2).stdout
    oakfield("tick", "--at", AT_SENT, code=2)


def test_with_nothing_configured_and_nothing_waiting_sending_only_warns(
    notifier: Notifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOTIFIER_CHANNELS__SMS")
    monkeypatch.delenv("NOTIFIER_CHANNELS__EMAIL")
    told = notifier("send")
    assert "Nothing was due" in told.stdout
    assert "TWILIO_AUTH_TOKEN" in told.stderr


def test_the_log_is_newest_first_for_people_programs_and_spreadsheets(morning: Notifier) -> None:
    entries = document(morning("log", "oakfield", "--date", DAY, "--json"))
    assert [entry["kind"] for entry in entries] == ["message", "message"]
    assert {entry["status"] for entry in entries} == {"accepted"}
    [both] = [entry for entry in entries if entry["to"] == "+447700900456"]
    assert sorted(both["pupil_ids"]) == ["4711", "4712"]
    people = morning("log", "oakfield", "--date", DAY).stdout
    assert "09:31\t→ accepted\tMegan Price\t07700 900410 text, en\tMegan is not in school" in people
    table = list(csv.DictReader(io.StringIO(morning("log", "oakfield", "--csv", "--pupil", "4711").stdout)))
    assert [(row["to"], row["status"]) for row in table] == [("+447700900456", "accepted")]
    assert "choose one" in morning("log", "oakfield", "--csv", "--json", code=2).stderr
    assert "No pupil 'x'" in morning("log", "oakfield", "--pupil", "x", code=2).stderr


def test_the_story_of_a_day_names_mark_decision_and_message(morning: Notifier) -> None:
    told = morning("explain", "oakfield", "4711", "--date", DAY).stdout
    assert "Zosia Nowak (4711), 4B" in told
    for words in (
        "09:20  Marked absent without a reason (N) in the morning register",
        "Morning: it was decided to write to the carers",
        "Text to Ewa Nowak written: First message (morning)",
        "Text to Ewa Nowak: handed to the simulator",
    ):
        assert words in told
    assert document(morning("explain", "oakfield", "4711", "--date", DAY, "--json"))["marks"] == {"AM": "N"}
    assert "No pupil 'x'" in morning("explain", "oakfield", "x", "--date", DAY, code=2).stderr


def test_the_board_shows_who_has_to_be_rung_first(morning: Notifier) -> None:
    board = document(morning("follow-ups", "oakfield", "--date", DAY, "--json"))
    assert {"school", "date", "follow_ups", "holds", "summary"} <= set(board)
    assert board["follow_ups"][0]["pupil_id"] == "4745"  # looked after: a person rings at once
    told = morning("follow-ups", "oakfield", "--date", DAY).stdout
    assert told.index("Megan Price") < told.index("Zosia Nowak")


@pytest.mark.parametrize(
    ("said", "after", "to_do"),
    [
        pytest.param("she is in school!", "", "Check the register and the site now", id="urgent"),
        pytest.param("tummy bug", "thanks", "Confirm the reason", id="a reason"),
    ],
)
def test_what_tells_most_stays_in_view_on_the_board_whatever_came_after_it(
    morning: Notifier, said: str, after: str, to_do: str
) -> None:
    from notifier.channels.base import Inbound
    from notifier.services.application import load_application
    from notifier.services.receive import receive_message
    from notifier.settings import load_settings

    moment = datetime(2026, 11, 23, 9, 40, tzinfo=UTC)
    app = load_application(load_settings())
    with app.database.begin() as connection:
        for words in (said, after):
            came = Inbound("twilio", f"SM{words}", "sms", "+447700900410", "+447700900999", words, moment)
            assert receive_message(connection, app, came, now=moment)
    app.database.close()
    told = morning("follow-ups", "oakfield", "--date", DAY).stdout
    assert f"“{said}”" in told and to_do in told
    assert ("no words, perhaps a picture" in morning("replies", "oakfield", "--date", DAY).stdout) is (after == "")


def test_confirming_a_reason_closes_the_follow_up_and_only_codes_in_force_are_taken(morning: Notifier) -> None:
    confirm = ("confirm", "oakfield", "4711", "--by", "alice", "--at", f"{DAY}T10:00:00Z", "--code")
    assert "not an attendance code" in morning(*confirm, "ZZZ", code=2).stderr
    assert "no reason yet" in morning(*confirm, "N", code=2).stderr
    assert "withdrawn" in morning(*confirm, "H", code=2).stderr
    morning(*confirm, "i", "--note", "mother rang")
    board = document(morning("follow-ups", "oakfield", "--date", DAY, "--json"))["follow_ups"]
    [closed] = [item for item in board if item["state"] == "closed"]
    assert (closed["pupil_id"], closed["closed_code"], closed["closed_by"]) == ("4711", "I", "alice")
    assert "no open follow-up" in morning(*confirm, "I", code=2).stderr


def test_an_absence_reported_ahead_causes_no_text(oakfield: Notifier) -> None:
    report = ("report-absence", "oakfield", "4745", "--from", DAY, "--code", "I", "--by", "alice", "--at", AT_TAKEN)
    oakfield(*report, "--session", "am")
    run = document(oakfield("run", "oakfield", "--date", DAY, "--session", "AM", "--at", AT_RUN, "--json"))
    assert {item["pupil_id"]: item["reason"] for item in run["decisions"]}["4745"] == "reported_ahead"
    assert "before the first" in oakfield(*report, "--to", "2026-11-20", code=2).stderr


def test_switching_messages_off_refuses_ids_that_nobody_has(oakfield: Notifier) -> None:
    suppress = ("suppress", "oakfield", "--reason", "asked to be rung", "--by", "bashir", "--at", AT_TAKEN)
    assert "No carer '9999'" in oakfield(*suppress, "--carer", "9999", code=2).stderr
    assert "Name a pupil" in oakfield(*suppress, code=2).stderr
    oakfield(*suppress, "--carer", "9030", "--until", "2027-01-31")
    run = document(oakfield("run", "oakfield", "--date", DAY, "--session", "AM", "--at", AT_RUN, "--json"))
    [megan] = [item for item in run["decisions"] if item["pupil_id"] == "4745"]
    assert (megan["outcome"], megan["reason"]) == ("withhold", "suppressed")


def test_whoever_made_a_run_cannot_release_what_it_held(oakfield: Notifier) -> None:
    oakfield("run", "oakfield", "--date", DAY, "--session", "PM", "--at", f"{DAY}T13:31:00Z", "--by", "Alice", code=1)
    assert "second person" in oakfield("release", "oakfield", "4B", "--by", "alice", code=2).stderr
    assert "Released by bashir" in oakfield("release", "oakfield", "4B", "--by", "bashir").stdout
    assert "no open hold" in oakfield("release", "oakfield", "nothing", "--by", "bashir", code=2).stderr


def test_reconcile_tick_replies_and_accounted_answer_in_documents(morning: Notifier) -> None:
    assert document(morning("reconcile", "--at", f"{DAY}T09:50:00Z", "--json"))["still_unknown"] == 0
    ticked = document(morning("tick", "--at", f"{DAY}T09:52:00Z", "--json"))
    assert ticked["steps"] >= 2
    assert ticked["trouble"] == []
    assert document(morning("replies", "oakfield", "--json")) == []
    assert document(morning("accounted", "oakfield", "--date", DAY, "--json"))["unaccounted"] == []


def test_an_approved_language_is_used_from_then_on(oakfield: Notifier) -> None:
    assert "Languages:" in oakfield("templates", "approve", "-l", "xx", "--reviewer", "E, EAL", code=2).stderr
    approved = ("templates", "approve", "--language", "pl", "--reviewer", "Ewa Nowak, EAL lead", "--school", "oakfield")
    assert {item["language"] for item in document(oakfield(*approved, "--json"))} == {"pl"}
    assert "no message 'nope'" in oakfield(*approved, "--template", "nope", code=2).stderr
    assert document(oakfield("school", "check", "oakfield", "--json"))["awaiting_approval"]["pl"] == 0
    oakfield("run", "oakfield", "--date", DAY, "--session", "AM", "--at", AT_RUN)
    languages = {entry["to"]: entry["language"] for entry in document(oakfield("log", "oakfield", "--json"))}
    assert languages["+447700900456"] == "pl"


def test_a_language_without_a_catalogue_waits_for_no_approval(notifier: Notifier) -> None:
    file = Path("oakfield.toml")
    file.write_text(file.read_text("utf-8").replace('"ro"]', '"lt"]'), "utf-8")
    notifier("school", "add", "oakfield.toml")
    checked = document(notifier("school", "check", "oakfield", "--json"))
    assert checked["awaiting_approval"]["lt"] == 0 < checked["awaiting_approval"]["pl"]
    assert checked["no_translation"]["lt"] > checked["no_translation"]["pl"] > 0
    for command in (("school", "check", "oakfield"), ("doctor",)):
        told = notifier(*command).stdout
        assert "lt: no translation yet, English goes out\n" in told
        assert re.search(r"pl: \d+ messages go out in English until approved", told)


def keep_message(body: str, *, urgent: bool = False, read: bool = False) -> None:
    """A message from a number nobody knows, as the webhook keeps it."""
    from notifier.store.database import Database
    from notifier.store.replies import add_reply

    moment = datetime(2026, 11, 23, 10, 5, tzinfo=UTC)
    row = {
        "school_id": "", "reply_id": body, "provider": "simulator", "provider_id": body, "channel": "sms",
        "sender": "+447700900999", "recipient": "+447700900001", "body": body, "received_at": moment, "pupil_ids": [],
        "intent": "safeguarding" if urgent else "who", "urgent": urgent, "confidence": 0.0, "matched": [],
        "read_at": moment if read else None,
    }  # fmt: skip
    database = Database(os.environ["NOTIFIER_DATABASE_URL"])
    try:
        with database.begin() as connection:
            assert add_reply(connection, row, [])
    finally:
        database.close()


def test_a_policy_that_names_no_message_is_refused_before_the_morning(
    notifier: Notifier, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(repository / "config", tmp_path / "own")
    monkeypatch.setenv("NOTIFIER_CONFIG_DIR", str(tmp_path / "own"))
    policy = tmp_path / "own" / "policies" / "first_day_absence.toml"
    policy.write_text(policy.read_text().replace('template = "second_text"', 'template = "secnd_text"', 1))
    school = str(tmp_path / "own" / "schools" / "oakfield.example.toml")
    for command in ("check", "add"):
        assert (
            "step #2.template: there is no message 'secnd_text'" in notifier("school", command, school, code=2).stderr
        )


def test_messages_of_no_school_can_be_read(oakfield: Notifier) -> None:
    assert "No messages that belong to no school" in oakfield("replies", "--unmatched").stdout
    keep_message("who is this?")
    assert "10:05\t07700 900001\t07700 900999\t“who is this?”" in oakfield("replies", "--unmatched").stdout
    [found] = document(oakfield("replies", "--unmatched", "--json"))
    assert (found["school"], found["from"], found["to"]) == ("", "+447700900999", "+447700900001")
    assert document(oakfield("replies", "oakfield", "--json")) == []


@pytest.mark.parametrize("arguments", [("replies",), ("replies", "oakfield", "--unmatched")], ids=["neither", "both"])
def test_replies_are_asked_for_of_a_school_or_of_none(notifier: Notifier, arguments: tuple[str, ...]) -> None:
    assert "Name a school" in notifier(*arguments, code=2).stderr


@pytest.mark.parametrize(
    ("urgent", "read", "code"),
    [
        pytest.param(False, False, 1, id="unread"),
        pytest.param(True, False, 1, id="unread and urgent"),
        pytest.param(True, True, 0, id="read"),
    ],
)
def test_the_doctor_counts_messages_of_no_school(oakfield: Notifier, urgent: bool, read: bool, code: int) -> None:
    assert "belong to no school" not in oakfield("doctor").stdout
    keep_message("who is this?", urgent=urgent, read=read)
    told = oakfield("doctor", code=code).stdout
    assert ("1 message from an unknown number belongs to no school" in told) is not read
    assert ("urgent" in told) is (urgent and not read)
    assert ("notifier replies --unmatched" in told) is not read


def test_a_token_is_shown_once_and_alone_on_standard_output(oakfield: Notifier) -> None:
    made = oakfield("token", "add", "oakfield", "--note", "push", "--by", "carys")
    assert re.fullmatch(r"ntf_\S{40,}\n", made.stdout)


def test_the_database_says_its_version(notifier: Notifier) -> None:
    before = document(notifier("db", "check", "--json", code=1))
    assert before["version"] is None
    upgraded = document(notifier("db", "upgrade", "--json"))
    assert upgraded["version"] == upgraded["needed"] == before["needed"]
    notifier("db", "check")


def test_the_doctor_names_what_is_missing_and_never_a_secret(
    oakfield: Notifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_CHANNELS__SMS", "twilio")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "c0ffee" * 5)
    told = oakfield("doctor", "--json", code=1)
    found = document(told)
    assert "c0ffee" not in told.stdout + oakfield("doctor", code=1).stdout
    assert any("TWILIO_ACCOUNT_SID" in problem for problem in found["channels"]["sms"]["missing"])
    assert found["settings"]["twilio.auth_token"] == {"value": "set", "source": "environment: TWILIO_AUTH_TOKEN"}
    assert found["schools"][0]["awaiting_approval"]["pl"] > 0
    assert found["unaccounted"] == 0


def test_the_doctor_asks_the_mail_server_only_when_told_to(oakfield: Notifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFIER_CHANNELS__EMAIL", "smtp")
    monkeypatch.setenv("NOTIFIER_SMTP__HOST", "127.0.0.1")
    monkeypatch.setenv("NOTIFIER_SMTP__PORT", "1")
    monkeypatch.setenv("NOTIFIER_SMTP__FROM_ADDRESS", "absence@oakfield.example")
    assert "reached" not in document(oakfield("doctor", "--json"))["channels"]["email"]
    asked = document(oakfield("doctor", "--reach", "--json", code=1))["channels"]["email"]
    assert (asked["reached"], asked["reached_words"][:27]) == (False, "127.0.0.1:1 does not answer")


def test_the_doctor_changes_nothing_in_an_empty_folder(notifier: Notifier) -> None:
    assert document(notifier("doctor", "--json", code=1))["database"]["reachable"] is False
    assert not Path("notifier.db").exists()


def test_the_doctor_lists_wrong_settings(notifier: Notifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFIER_SMTP__PORT", "many")
    found = document(notifier("doctor", "--json", code=2))
    assert any("NOTIFIER_SMTP__PORT" in words for words in found["wrong"])
    assert "NOTIFIER_SMTP__PORT" in notifier("send", code=2).stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("log", "nowhere"), "There is no school 'nowhere'", id="unknown school"),
        pytest.param(("send", "--at", "2026-11-23T09:30:00"), "zone", id="moment without offset"),
        pytest.param(("follow-ups", "oakfield", "--date", "yesterday"), "not a date", id="no date"),
        pytest.param(("run", "oakfield", "--date", DAY, "--session", "night"), "night", id="no session"),
        pytest.param(("sendd",), "send", id="no such command"),
    ],
)
def test_wrong_usage_is_told_in_words_and_ends_with_2(
    notifier: Notifier, arguments: tuple[str, ...], words: str
) -> None:
    told = notifier(*arguments, code=2)
    assert words in told.stderr
    assert "Traceback" not in told.stderr
    assert told.stdout == ""


def test_a_database_that_cannot_be_reached_is_named_without_its_password(
    notifier: Notifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", "postgresql+psycopg://notifier:geheim@127.0.0.1:1/notifier")
    told = notifier("school", "list", code=2)
    assert "NOTIFIER_DATABASE_URL" in told.stderr
    assert "geheim" not in told.stderr
    assert document(notifier("doctor", "--json", code=2))["database"]["ready"] is False


def test_an_unexpected_error_keeps_its_traceback(notifier: Notifier, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("notifier.services.application.load_application", broken)
    with pytest.raises(ZeroDivisionError):
        notifier("school", "list")


@pytest.mark.parametrize("command", ["classify", "demo", "import marks", "sms count", "templates preview", "run"])
def test_help_flows_to_the_edge_and_names_no_value_for_flags(notifier: Notifier, command: str) -> None:
    told = notifier(*command.split(), "--help").stdout
    assert "<bool>" not in told
    paragraphs = [part.splitlines() for part in told.split("╭")[0].split(" " * 80)]
    early = [line for lines in paragraphs for line in lines[:-1] if 0 < len(line.rstrip()) < 60]
    assert early == []


@pytest.mark.parametrize("command", ["send", "templates", "classify", "demo", "import", "school"])
def test_help_is_there_for_every_kind_of_command(notifier: Notifier, command: str) -> None:
    assert f"notifier {command}" in notifier(command, "--help").stdout
