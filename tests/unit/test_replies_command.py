"""`notifier classify` as people and scripts use it."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from notifier.cli.classify import classify


@pytest.fixture
def run():
    app = typer.Typer()
    app.command()(classify)
    return lambda *arguments, **more: CliRunner().invoke(app, list(arguments), **more)


def test_every_line_gets_an_answer_in_order(run):
    lines = [
        '{"text": "tummy bug back tmrw"}',
        '{"text": "on jest w szkole", "language": "pl"}',
        "",
        '{"text": "ok", "language": null}',
    ]
    result = run(input="\n".join(lines))
    assert result.exit_code == 0
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["intent"] for answer in answers] == ["illness", "dispute", "thanks"]
    assert answers[0] == {
        "intent": "illness",
        "urgent": False,
        "suggested_code": "I",
        "confidence": answers[0]["confidence"],
        "language": "en",
        "return_hint": "back tomorrow",
    }
    assert answers[1]["urgent"] is True
    assert answers[1]["suggested_code"] is None


@pytest.mark.parametrize(
    "bad", ["not json", "[]", '{"txt": "a"}', '{"text": 3}', '{"text": "a", "language": 3}', '"text"']
)
def test_a_bad_line_is_named_and_the_others_are_answered(run, bad):
    result = run(input=f'{{"text": "ill"}}\n{bad}\n{{"text": "thanks"}}\n')
    assert result.exit_code == 1
    assert "Line 2" in result.stderr
    assert [json.loads(line)["intent"] for line in result.stdout.splitlines()] == ["illness", "thanks"]


def test_a_reply_as_an_argument_is_explained_to_people(run):
    result = run("she is in school!!")
    assert result.exit_code == 0
    assert "dispute" in result.stdout
    assert "goes to people at once" in result.stdout


def test_one_reply_as_json(run):
    assert json.loads(run("rash", "--json").stdout)["suggested_code"] == "I"
