"""Moments and days as people type them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import typer

from notifier.cli.console import address, clock, counted, first_words
from notifier.cli.moment import parse_day, parse_moment


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        pytest.param("2026-11-23T09:30:00+00:00", datetime(2026, 11, 23, 9, 30, tzinfo=UTC), id="winter"),
        pytest.param("2026-06-23T09:30:00+01:00", datetime(2026, 6, 23, 8, 30, tzinfo=UTC), id="summer time"),
        pytest.param("2026-11-23T09:30Z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC), id="Z means UTC"),
    ],
)
def test_a_moment_with_its_offset_is_read_as_utc(typed: str, meant: datetime) -> None:
    assert parse_moment(typed) == meant


@pytest.mark.parametrize("typed", ["2026-11-23T09:30:00", "2026-11-23", "half past nine", ""])
def test_a_moment_without_its_offset_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"2026-11-23T09:30:00\+00:00"):
        parse_moment(typed)


@pytest.mark.parametrize("typed", ["2026-11-23", "23/11/2026", " 23/11/2026 "])
def test_a_day_is_read_in_both_forms(typed: str) -> None:
    assert parse_day(typed) == date(2026, 11, 23)


@pytest.mark.parametrize("typed", ["11/23/2026", "2026-11-31", "today", "23.11.2026"])
def test_a_day_that_does_not_exist_is_refused(typed: str) -> None:
    with pytest.raises(typer.BadParameter, match="23/11/2026"):
        parse_day(typed)


def test_times_are_shown_as_clocks_in_england_show_them() -> None:
    assert clock("2026-06-23T08:31:00+00:00", date(2026, 6, 23)) == "09:31"
    assert clock("2026-06-23T08:31:00+00:00") == "23/06 09:31"
    assert clock(None) == ""


def test_numbers_are_shown_as_people_write_them() -> None:
    assert address("+447700900456") == "07700 900456"
    assert address("ewa.nowak@example.org") == "ewa.nowak@example.org"
    assert counted(1, "row") == "1 row"
    assert counted(1200, "row") == "1,200 rows"


def test_a_long_message_is_cut_to_one_line() -> None:
    assert first_words("one\ntwo  three", 60) == "one two three"
    assert first_words("a" * 70, 10) == "a" * 9 + "…"
