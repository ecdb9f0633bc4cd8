"""How the pages put days, numbers, languages and directions; and that every state has its words."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from notifier.domain.choosing import Barrier
from notifier.domain.messages import MessageStatus
from notifier.domain.people import PupilFlag
from notifier.web import words
from notifier.web.days import BadDay, as_typed, parse_day, typed_day

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("text", [None, ""])
def test_without_a_date_it_is_today(text):
    assert parse_day(text, today=TODAY) == TODAY


def test_a_date_is_read():
    assert parse_day("2027-01-04", today=TODAY) == date(2027, 1, 4)


@pytest.mark.parametrize(
    "text",
    [
        "today",
        "2026-02-30",
        "0001-01-01",
        "9999-12-31",
        "2026-W48-1",
        "20261123",
        "2026-11-23 ",
        "٢٠٢٦-11-23",
        "x" * 9999,
    ],
)
def test_what_is_no_day_is_refused_briefly(text):
    with pytest.raises(BadDay, match="YYYY-MM-DD") as refused:
        parse_day(text, today=TODAY)
    assert len(str(refused.value)) < 150


@pytest.mark.parametrize(
    ("text", "language", "direction"),
    [
        ("Hafsa کو رات سے بخار ہے", "ur", "rtl"),
        ("بخار ہے", "ur", "rtl"),
        ("Hafsa ko bukhar hai", "ur-Latn", "auto"),
        ("Hafsa is ill", "ur", "auto"),
        ("בוקר טוב", None, "auto"),
        ("מסר", "not a language", "auto"),
        ("Zosia jest chora", "pl", "auto"),
        ("", "ur", "auto"),
    ],
)
def test_urdu_runs_from_the_right_even_where_it_begins_with_a_latin_name(text, language, direction):
    assert words.direction(text, language) == direction


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("+447700900456", "07700 900456"),
        ("+441632960123", "01632 960123"),
        ("+48221234567", "+48221234567"),
        ("a@b.example", "a@b.example"),
    ],
)
def test_a_number_is_shown_as_it_is_dialled(address, shown):
    assert words.spaced_number(address) == shown


@pytest.mark.parametrize("text", ["23/11/2026", " 23.11.2026", "23-11-2026", "23 11 2026", "2026-11-23", None, ""])
def test_a_day_is_understood_as_people_type_it_day_first(text):
    assert typed_day(text, today=TODAY) == TODAY
    assert as_typed(TODAY) == "23/11/2026"
    assert typed_day("3/2/2027", today=TODAY) == date(2027, 2, 3)


@pytest.mark.parametrize(
    "text", ["31/02/2026", "23/11/26", "11/23/2026", "tomorrow", "23/11", "١٢/11/2026", "x" * 9999]
)
def test_a_day_that_cannot_be_understood_is_refused_with_how_to_type_it(text):
    with pytest.raises(BadDay, match="Enter it like 23/11/2026") as refused:
        typed_day(text, today=TODAY)
    assert len(str(refused.value)) < 150


def test_messages_are_counted_by_medium_and_by_what_became_of_them():
    sent = [SimpleNamespace(channel=channel, status=status) for channel, status in
            (("sms", "delivered"), ("email", "undelivered"), ("sms", "delivered"), ("sms", "queued"))]  # fmt: skip
    assert words.what_became(sent) == "2 texts delivered, 1 e-mail not delivered, 1 text waiting to leave"


def test_times_are_those_of_the_school_clock():
    assert words.clock_time("2026-07-01T08:41:07+00:00") == "09:41"
    assert words.clock_seconds("2026-12-01T09:41:07+00:00") == "09:41:07"
    assert words.clock_time(None) == ""


def test_languages_have_names_and_unknown_tags_speak_for_themselves():
    assert [words.language_name(tag) for tag in ("ur", "pl", None, "??")] == ["Urdu", "Polish", "", "??"]


def test_every_state_flag_and_barrier_has_its_words():
    assert set(words.MESSAGE_STATES) == set(MessageStatus)
    assert set(words.FLAGS) == set(PupilFlag)
    assert set(words.BARRIERS) == set(Barrier)
    assert set(words.BOARD_PARTS) == set(words.FOLLOW_UP_STATES)
