"""The learned model of replies: what it sees of a text, what it makes of it, and that its numbers belong to its data."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.configuration.errors import ConfigurationError
from notifier.configuration.replies import load_lexicon
from notifier.configuration.reply_model import load_reply_model, read_parts, write_parts
from notifier.domain.replies import URGENT, Intent
from notifier.domain.reply_reading import phrases_found, read_reply
from notifier.domain.reply_terms import letter_terms, pieces, plain_line, word_terms

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
LEXICON = load_lexicon()
MODEL = load_reply_model()


def read(text, **more):
    return read_reply(text, lexicon=LEXICON, model=MODEL, **more)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("I'll be in", "i will be in"),
        ("She’ll come", "she will come"),
        ("Sooooo sick", "soo sick"),
        ("at 8:40", "at #:##"),
        ("isn't", "isnt"),
    ],
)
def test_a_text_is_made_regular_before_it_is_counted(text, line):
    assert plain_line(text) == line


def test_i_will_never_makes_a_child_ill():
    assert "ill" not in set(word_terms("I'll ring. He’ll come. we'LL see"))


def test_pictures_and_questions_are_words_and_accents_count_both_ways():
    assert pieces("ok 👍 what??") == ["ok", "👍", "what", "?"]
    assert {"gorączka", "goraczka"} <= set(word_terms("gorączka"))
    assert " ab" in set(letter_terms("abc")) and "bc " in set(letter_terms("abc"))


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("she is in school I watched her go in", Intent.DISPUTE),
        ("no idea where he is, not been home all night", Intent.SAFEGUARDING),
        ("on jest w szkole, sam go zaprowadzilem", Intent.DISPUTE),
        ("nu stiu unde este, nu a dormit acasa", Intent.SAFEGUARDING),
        ("throwing up since 5", Intent.ILLNESS),
        ("dentist at 10", Intent.MEDICAL),
        ("running late sorry", Intent.LATE),
    ],
)
def test_plain_replies_are_read_right(text, intent):
    reading = read(text)
    assert reading.intent is intent
    assert reading.urgent is (intent in URGENT)


@pytest.mark.parametrize("text", ["asdf qwer zxcv", "今日は休みます", "လာမည်"])
def test_what_the_model_never_met_waits_for_a_person(text):
    reading = read(text)
    assert reading.intent is Intent.OTHER
    assert reading.suggested_code is None
    assert reading.confidence < 0.5


@pytest.mark.parametrize("word", ["STOP", "unsubscribe", "stopiwch"])
def test_command_words_never_reach_the_model(word):
    assert read(word).intent is Intent.OPTOUT
    assert read(word).confidence == 1.0


@pytest.mark.parametrize(
    ("text", "recorded", "language"),
    [
        ("hes got a tummy bug and a temp", None, "en"),
        ("córka jest chora, zostaje w domu", None, "pl"),
        ("mae hi adre yn sal heddiw", None, "cy"),
        ("usko bukhar hai aaj school nahi ayega", None, "ur-Latn"),
        ("ابني مريض اليوم", None, "ar"),
        ("ok", "pl", "pl"),
    ],
)
def test_the_language_is_read_off_the_letters_and_the_record_breaks_ties(text, recorded, language):
    assert read(text, language=recorded).language == language


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.sampled_from([None, "en", "ur"]))
def test_any_text_is_weighed_without_an_error_and_the_same_every_time(text, language):
    first = read(text, language=language)
    assert first == read(text, language=language)
    assert 0 <= first.confidence <= 1
    assert first.suggested_code is None or not first.urgent


def test_probabilities_add_up_to_one():
    estimate = MODEL.estimate("tummy bug", {})
    assert sum(estimate.probabilities) == pytest.approx(1.0)
    assert estimate.likeliest is Intent.ILLNESS


def test_the_rules_are_one_voice_of_the_model():
    assert (Intent.DISPUTE, 0.92) in phrases_found("she is in school", LEXICON)


@pytest.mark.parametrize("file", ["model.bin", "embedding.bin"])
def test_the_learned_numbers_belong_to_the_training_replies(file):
    from training.examples import digest

    about, _ = read_parts(ROOT / "config" / "replies" / file)
    assert about["training_sha256"] == digest(), "run: python -m training.train --embeddings"


def test_nothing_that_is_measured_with_was_taught():
    from training.examples import _key, _measured_texts, read_examples

    measured = {_key(text) for text in _measured_texts()}
    assert len(measured) > 1000
    assert not [example.text for example in read_examples() if _key(example.text) in measured]


def test_a_folder_without_a_model_uses_the_shipped_one(tmp_path):
    found = load_reply_model(tmp_path)
    assert found is not None and MODEL is not None and found.about == MODEL.about


def test_a_damaged_file_is_refused_by_name(tmp_path):
    folder = tmp_path / "replies"
    folder.mkdir()
    (folder / "model.bin").write_bytes(b'{"format":1,"parts":[["words",5]]}\nabc')
    with pytest.raises(ConfigurationError, match=r"model\.bin.*3 bytes long.*5 were expected"):
        load_reply_model(tmp_path)


def test_what_is_written_is_read_again_to_the_byte(tmp_path):
    write_parts(tmp_path / "x.bin", {"what": "ż"}, {"a": b"12", "b": b""})
    about, parts = read_parts(tmp_path / "x.bin")
    assert parts == {"a": b"12", "b": b""}
    assert about == {**json.loads((tmp_path / "x.bin").read_bytes().split(b"\n")[0])}
