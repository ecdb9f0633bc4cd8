"""`notifier proposals` and `notifier templates why` as staff meet them: what they print, and their exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

REPOSITORY = Path(__file__).resolve().parents[2]
NOON = "2026-11-23T12:00:00+00:00"
Notifier = Callable[..., Result]


@pytest.fixture
def notifier(program: Notifier, tmp_path: Path) -> Notifier:
    """Oakfield with its people; Ollie (4733) is back today after three days, all others were in school for three weeks."""
    days = [date(2026, 11, 2) + timedelta(days=number) for number in range(22)]
    rows = ["pupil_id,date,session,code"]
    for day in (each for each in days if each.weekday() < 5):
        for pupil in ("4733", "4745"):
            away = pupil == "4733" and date(2026, 11, 18) <= day <= date(2026, 11, 20)
            rows += [f"{pupil},{day.isoformat()},{session},{'I' if away else '/'}" for session in ("AM", "PM")]
    (tmp_path / "marks.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    program("school", "add", "oakfield.toml")
    program("import", "people", "people.csv", "--school", "oakfield", "--at", "2026-11-01T08:00:00+00:00")
    program("import", "marks", "marks.csv", "--school", "oakfield", "--at", "2026-11-23T09:20:00+00:00")
    return program


def document(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_list_is_made_looked_through_held_back_and_sent(notifier: Notifier) -> None:
    assert "would be proposed" in notifier("proposals", "make", "oakfield", "--at", NOON, "--dry-run").stdout
    made = document(notifier("proposals", "make", "oakfield", "--at", NOON, "--by", "Alice", "--json"))
    assert [(item["pupil_id"], item["template"], item["state"]) for item in made["proposals"]] == [
        ("4733", "return_after_absence", "proposed")
    ]
    assert made["proposals"][0]["made_by"] == "Alice"
    notifier("proposals", "make", "oakfield", "--at", NOON, "--situation", "thank_you", "--pupil", "4745")
    told = notifier("proposals", "list", "oakfield", "--state", "proposed").stdout
    assert "Ollie Bennett (4733)" in told and "Back today after three to nine school days away." in told
    held = notifier("proposals", "hold", "oakfield", "4745", "--reason", "later", "--by", "Alice", "--at", NOON)
    assert "1 proposal held back by Alice" in held.stdout
    sent = document(notifier("proposals", "send", "oakfield", "--all", "--by", "Alice", "--at", NOON, "--json"))
    assert [item["pupil_id"] for item in sent["sent"]] == ["4733"]
    assert sent["refused"] == []
    listed = {item["pupil_id"]: item for item in document(notifier("proposals", "list", "oakfield", "--json"))}
    assert (listed["4733"]["state"], listed["4745"]["state"]) == ("sent", "held_back")
    assert listed["4733"]["messages"][0]["status"] == "queued"
    logged = document(notifier("log", "oakfield", "--json"))
    assert [(entry["purpose"], entry["template"]) for entry in logged] == [("proposal", "return_after_absence")]


def test_what_may_not_be_sent_is_named_with_its_reason_and_exit_code_1(notifier: Notifier) -> None:
    made = document(notifier("proposals", "make", "oakfield", "--at", NOON, "--json"))
    people = (Path("people.csv")).read_text(encoding="utf-8").replace("Bennett,4,4B,,", "Bennett,4,4B,bereaved,")
    Path("people.csv").write_text(people, encoding="utf-8")
    notifier("import", "people", "people.csv", "--school", "oakfield", "--at", "2026-11-23T12:01:00+00:00")
    refused = notifier(
        "proposals", "send", "oakfield", made["proposals"][0]["id"], "--by", "Alice", "--at", NOON, code=1
    )
    assert "(pupil 4733) was not sent. It may not go out: marked bereaved in the people file." in " ".join(
        refused.stderr.split()
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["proposals", "send", "oakfield", "--by", "Alice"], "or give --all"),
        (["proposals", "send", "oakfield", "x", "--all", "--by", "Alice"], "or give --all"),
        (["proposals", "send", "oakfield", "--all", "--by", "Alice", "--at", "2026-11-22T12:00:00+00:00"], "no school day"),
        (["proposals", "make", "oakfield", "--situation", "unexplained"], "'unexplained' is not a situation that is proposed"),
        (["proposals", "make", "oakfield", "--at", NOON, "--pupil", "9"], "No pupil '9' is on roll"),
        (["proposals", "list", "oakfield", "--state", "new"], "'new' is not a state"),
        (["proposals", "hold", "oakfield", "4745", "--reason", "r", "--by", "Alice"], "No open proposal"),
        (["proposals", "list", "elmfield"], "There is no school 'elmfield'"),
        (["templates", "why", "oakfield", "4733", "--situation", "odd"], "'odd' is not a situation"),
        (["templates", "why", "oakfield", "9"], "No pupil '9' is on roll"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_refused_in_words(notifier: Notifier, arguments: list[str], says: str) -> None:
    assert says in " ".join(notifier(*arguments, code=2).stderr.split())


def test_why_says_which_rule_chose_and_what_failed_in_plain_words(notifier: Notifier) -> None:
    told = notifier("templates", "why", "oakfield", "4733", "--at", NOON).stdout
    assert "✓ return_after_absence: return_after_absence (proposed to staff). Back today after three to nine" in told
    assert "long_absence: school days missed in a row just before today: 3 (wanted: at least 10)" in told
    one = document(
        notifier("templates", "why", "oakfield", "4733", "--at", NOON, "--situation", "return_after_absence", "--json")
    )
    assert [each["situation"] for each in one["situations"]] == ["return_after_absence"]
    assert (one["situations"][0]["rule"], one["facts"]["days_away"]) == ("some_days_away", 3)
