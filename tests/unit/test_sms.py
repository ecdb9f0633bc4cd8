"""Encoding, parts and cleaning of texts."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.domain.sms import GSM_BASIC, GSM_EXTENDED, SmsSize, measure, normalise, offending

ANY_TEXT = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from("aé€[]ł\u2019\u00a0\u200b\u200c\u200d\u0301\r\n😀")),
    max_size=400,
)
GSM_TEXT = st.text(st.sampled_from(GSM_BASIC + GSM_EXTENDED * 8), max_size=700)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        pytest.param("", SmsSize("GSM-7", 0, 1), id="empty"),
        pytest.param("a" * 160, SmsSize("GSM-7", 160, 1), id="one full part"),
        pytest.param("a" * 161, SmsSize("GSM-7", 161, 2), id="one more"),
        pytest.param("a" * 306, SmsSize("GSM-7", 306, 2), id="two full parts"),
        pytest.param("a" * 307, SmsSize("GSM-7", 307, 3), id="three parts"),
        pytest.param("€" * 80, SmsSize("GSM-7", 160, 1), id="escaped characters take two"),
        pytest.param("a" * 152 + "€" + "a" * 152, SmsSize("GSM-7", 306, 3), id="an escape pair is not parted"),
        pytest.param("ł" * 70, SmsSize("UCS-2", 70, 1), id="one full UCS-2 part"),
        pytest.param("ł" * 71, SmsSize("UCS-2", 71, 2), id="one more UCS-2"),
        pytest.param("ł" * 66 + "😀" + "ł" * 66, SmsSize("UCS-2", 134, 3), id="a surrogate pair is not parted"),
        pytest.param("€" * 10 + "ł", SmsSize("UCS-2", 11, 1), id="the euro sign is one unit of UCS-2"),
    ],
)
def test_it_counts_parts(text, size):
    assert measure(text) == size


def slowly(widths, single, part):
    """Parts counted one character at a time."""
    if sum(widths) <= single:
        return 1
    parts, room = 1, part
    for width in widths:
        if width > room:
            parts, room = parts + 1, part
        room -= width
    return parts


@given(GSM_TEXT)
@settings(max_examples=100, deadline=None)
def test_gsm_parts_are_those_of_a_count_one_by_one(text):
    widths = [2 if character in GSM_EXTENDED else 1 for character in text]
    assert measure(text) == SmsSize("GSM-7", sum(widths), slowly(widths, 160, 153))


@given(ANY_TEXT)
@settings(max_examples=100, deadline=None)
def test_any_text_is_counted_and_its_offenders_decide_the_encoding(text):
    size = measure(text)
    assert (size.encoding == "UCS-2") == bool(offending(text))
    if size.encoding == "UCS-2":
        widths = [len(character.encode("utf-16-le")) // 2 for character in text]
        assert (size.units, size.segments) == (sum(widths), slowly(widths, 70, 67))


def test_offending_characters_are_named_once_in_order():
    assert offending("Zoë and Łukasz and Zoë €") == ("ë", "Ł")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("O\u2019Brien \u2013 \u201cyes\u201d\u2026", 'O\'Brien - "yes"...'),
        ("09:25\u202fam\u00a0now", "09:25 am now"),
        ("a\u200bb\ufeffc\u00add\u2060e", "abcde"),
        ("tab\there", "tab here"),
        ("one\r\ntwo\rthree\u2028four", "one\ntwo\nthree\nfour"),
        ("e\u0301", "é"),
        ("e\u200b\u0301", "é"),
        ("Łódź ŵ ș ı", "Łódź ŵ ș ı"),
        ("می\u200cخواهم \u200d \u200f", "می\u200cخواهم \u200d \u200f"),
        ("plain [text] ~", "plain [text] ~"),
    ],
)
def test_it_cleans_punctuation_and_spaces_but_no_letters(text, clean):
    assert normalise(text) == clean


@given(ANY_TEXT)
@settings(max_examples=100, deadline=None)
def test_cleaning_twice_changes_nothing_more_and_keeps_every_letter(text):
    clean = normalise(text)
    assert normalise(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)

    def letters(value):
        return [
            character
            for character in unicodedata.normalize("NFD", value)
            if unicodedata.category(character)[0] in "LMN"
        ]

    assert letters(clean) == letters(text)
