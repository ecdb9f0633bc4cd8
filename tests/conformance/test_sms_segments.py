"""Independent cases for encoding and parts, and the GSM alphabet table, from Twilio's own segment calculator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from notifier.domain.sms import GSM_BASIC, GSM_EXTENDED, measure, normalise

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors"


def vectors(name: str) -> list | dict:
    path = VECTORS / name
    return json.loads(path.read_text("utf-8")) if path.is_file() else []


SEGMENTS = vectors("sms_segment_vectors.json")
TABLE = vectors("gsm0338_table.json")
SANITISE = vectors("notify_sms_sanitise_vectors.json")
needs = pytest.mark.skipif(not SEGMENTS, reason=f"CONFORMANCE NOT CHECKED: no vectors in {VECTORS}")


@needs
@pytest.mark.parametrize("case", SEGMENTS, ids=[f"{number}-{case['desc']}" for number, case in enumerate(SEGMENTS)])
def test_it_counts_as_the_provider_does(case):
    size = measure(case["body"])
    assert (size.encoding, size.segments) == (case["encoding"], case["segments"])
    if "message_bits" in case and size.encoding == "GSM-7":
        assert size.units * 7 == case["message_bits"]


@needs
@pytest.mark.parametrize("case", [case for case in SEGMENTS if case["encoding"] == "UCS-2" and "message_bits" in case])
def test_it_counts_utf16_units_of_ucs2_texts(case):
    assert measure(case["body"]).units * 16 == case["message_bits"]


@needs
def test_the_gsm_alphabet_is_exactly_the_table():
    single = {chr(int(code, 16)) for code, septets in TABLE.items() if len(septets) == 1}
    double = {chr(int(code, 16)) for code, septets in TABLE.items() if len(septets) == 2}
    assert set(GSM_BASIC) == single
    assert set(GSM_EXTENDED) == double


PUNCTUATION = [case for case in (SANITISE or {"sms": []})["sms"] if not case[0].isalpha() and case[1] != "?"]


@needs
@pytest.mark.parametrize("case", PUNCTUATION, ids=[case[2] for case in PUNCTUATION])
def test_it_replaces_punctuation_and_spaces_as_gov_uk_notify_does(case):
    character, expected, _ = case
    assert normalise(character) == ("\n" if character == "\r" else expected)  # one kind of line end is enough
