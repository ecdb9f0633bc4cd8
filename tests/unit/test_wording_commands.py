"""`notifier templates` and `notifier sms` as people and scripts use them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from notifier.cli import sms, templates
from notifier.wording.checks import COMPLETE

ROOT = Path(__file__).resolve().parents[2]

run = CliRunner().invoke


def told(*arguments, app=templates.app, **more):
    result = run(app, [*arguments, "--json"], **more)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_list_says_which_languages_may_go_out():
    listed = {row["key"]: row for row in told("list")}
    assert listed["first_day_am"]["languages"] == {"en": "approved"} | dict.fromkeys(COMPLETE, "not_approved")
    assert listed["staff_missed_run"]["channels"] == ["email"]


def test_the_list_is_plain_lines_when_piped():
    lines = run(templates.app, ["list"]).stdout.splitlines()
    assert any(line.startswith("first_day_am\tfirst_day\ten\t") for line in lines)


def test_show_gives_the_hash_an_approval_is_tied_to():
    shown = told("show", "first_day_am")
    assert set(shown["approval_hashes"]) == COMPLETE
    assert all(len(value) == 64 for value in shown["approval_hashes"].values())
    assert shown["placeholders"][0]["name"] == "school"
    assert "Never to: " in run(templates.app, ["show", "first_day_am"]).stdout


def test_a_preview_shows_every_language_with_its_price():
    shown = told("preview", "first_day_am", "--price", "2.5")
    texts = [row for row in shown if row["channel"] == "sms"]
    assert {row["language"] for row in texts} == {"en", *COMPLETE}
    assert all(row["pence"] == row["segments"] * 2.5 for row in texts)
    urdu = run(templates.app, ["preview", "first_day_am", "--language", "ur"]).stdout
    assert "ur · UCS-2 · 3 parts · 12p · needs approval" in urdu
    assert "en · " not in urdu


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "nothing"], "There is no message 'nothing'"),
        (["preview", "first_day", "--language", "xx"], "There is: en, ar, bn, cy, es, "),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(arguments, said):
    result = run(templates.app, arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_check_is_content_with_the_shipped_wording():
    result = run(templates.app, ["check"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert "nothing found" in result.stdout
    assert told("check") == []


def test_check_names_what_is_wrong_and_what_to_do(tmp_path):
    shutil.copytree(ROOT / "templates" / "messages", tmp_path / "messages")
    path = tmp_path / "messages" / "reply_call" / "sms.txt"
    path.write_text(path.read_text("utf-8").replace("Thank you.", "Reply STOP."), "utf-8")
    result = run(templates.app, ["check", "--json", "--templates", str(tmp_path / "messages")])
    assert result.exit_code == 1
    problems = json.loads(result.stdout)
    assert {"template", "language", "where", "what", "remedy"} == set(problems[0])
    assert any(problem["template"] == "reply_call" and "opt-out" in problem["what"] for problem in problems)


def test_a_spoilt_folder_is_a_wrong_configuration(tmp_path):
    result = run(templates.app, ["list", "--templates", str(tmp_path)])
    assert result.exit_code == 2
    assert "placeholders.toml" in result.stderr


def test_update_brings_the_catalogues_into_step_and_begins_new_ones(tmp_path):
    shutil.copytree(ROOT / "locale", tmp_path / "locale")
    at = ["--locale", str(tmp_path / "locale")]
    assert "in step already" in run(templates.app, ["update", *at]).stdout
    assert "lt/LC_MESSAGES/messages.po" in run(templates.app, ["update", "-l", "lt", *at]).stdout
    assert "lt" in told("list", *at)[0]["languages"]
    result = run(templates.app, ["update", "-l", "xyzzy", *at])
    assert (result.exit_code, "language tag" in result.stderr) == (2, True)


def test_a_text_is_counted_with_what_makes_it_dear():
    assert told("count", "Zoë", app=sms.app) == {"encoding": "UCS-2", "units": 3, "segments": 1, "offending": ["ë"]}
    assert run(sms.app, ["count", "plain"]).stdout.split() == ["encoding", "GSM-7", "units", "5", "segments", "1"]


def test_lines_are_counted_in_order_and_a_bad_one_is_named():
    lines = '{"text": "a"}\n\nnot json\n{"text": 7}\n{"text": "' + "ł" * 71 + '"}\n'
    result = run(sms.app, ["count"], input=lines)
    assert [json.loads(line) for line in result.stdout.splitlines()] == [
        {"encoding": "GSM-7", "units": 1, "segments": 1},
        {"encoding": "UCS-2", "units": 71, "segments": 2},
    ]
    assert result.exit_code == 1
    assert "Line 3 " in result.stderr
    assert "Line 4 " in result.stderr
