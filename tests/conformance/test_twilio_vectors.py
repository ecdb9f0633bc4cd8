"""Twilio's own signature cases, and the error classes written down independently of our table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from notifier.channels.twilio import check_signature
from notifier.channels.twilio.errors import table

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors"


def vectors(name: str) -> list[dict]:
    path = VECTORS / name
    if not path.is_file():
        return []
    loaded = json.loads(path.read_text(encoding="utf-8"))
    return loaded["codes"] if isinstance(loaded, dict) else loaded


SIGNATURES = vectors("twilio_signature_vectors.json")
ERRORS = vectors("twilio_error_classes.json")


@pytest.mark.skipif(not SIGNATURES, reason="NOT CHECKED: ../shared/vectors/twilio_signature_vectors.json is absent")
@pytest.mark.parametrize("case", SIGNATURES, ids=[case["src"] for case in SIGNATURES])
def test_a_signature_is_accepted_exactly_when_twilio_would_have_made_it(case):
    params = case["body"] if "body" in case else [tuple(pair) for pair in case["params"]]

    assert check_signature([case["token"]], case["url"], params, case["signature"]) is case["valid"]


@pytest.mark.skipif(not SIGNATURES, reason="NOT CHECKED: ../shared/vectors/twilio_signature_vectors.json is absent")
@pytest.mark.parametrize("case", SIGNATURES, ids=[case["src"] for case in SIGNATURES])
def test_no_signature_is_accepted_under_another_token(case):
    params = case["body"] if "body" in case else [tuple(pair) for pair in case["params"]]

    assert not check_signature([case["token"] + "x"], case["url"], params, case["signature"])


@pytest.mark.skipif(not ERRORS, reason="NOT CHECKED: ../shared/vectors/twilio_error_classes.json is absent")
@pytest.mark.parametrize("case", ERRORS, ids=[str(case["code"]) for case in ERRORS])
def test_each_error_code_asks_for_what_was_agreed(case):
    row = table()[case["code"]]

    assert (row.stage, row.error_class.value) == (case["stage"], case["class"])


@pytest.mark.skipif(not ERRORS, reason="NOT CHECKED: ../shared/vectors/twilio_error_classes.json is absent")
def test_our_table_has_no_code_that_was_not_agreed():
    assert set(table()) == {case["code"] for case in ERRORS}
