"""What marks say over weeks: days counted downwards, odd days, weekdays that come back, returns; by the school's own calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from notifier.configuration.codes import load_codes
from notifier.domain.calendar import SchoolCalendar
from notifier.domain.mark_facts import MarkReader, Span, middle, term_ahead
from notifier.domain.situations import Fact, Limits

CALENDAR = SchoolCalendar(
    terms=((date(2026, 9, 2), date(2026, 12, 18)), (date(2027, 1, 4), date(2027, 3, 25))),
    closed=((date(2026, 10, 26), date(2026, 10, 30)), (date(2026, 11, 27), date(2026, 11, 27))),
)
TODAY = date(2026, 11, 24)  # a Tuesday
LIMITS = Limits()
SPAN = Span.of(CALENDAR, TODAY, LIMITS)


def facts(away: dict[str, str], today: date = TODAY, **more: str) -> dict[str, Fact]:
    """The facts of a pupil in school every day but those of `away`, as "11-23": codes of AM and PM, "I/" for a morning only."""
    span = Span.of(CALENDAR, today, LIMITS)
    marks = {day: {"AM": "/", "PM": "\\"} for day in span.days}
    for place, codes in away.items():
        month, day = map(int, place.split("-"))
        marks[date(2026, month, day)] = dict(zip(("AM", "PM"), codes, strict=False))
    return MarkReader(span, load_codes(None), LIMITS).facts(marks)


def test_a_half_term_begins_after_its_holiday_and_not_after_a_single_day_off() -> None:
    assert SPAN.half_term[0] == date(2026, 11, 2)
    assert SPAN.half_term[-1] == TODAY
    assert Span.of(CALENDAR, date(2026, 12, 1), LIMITS).half_term[0] == date(2026, 11, 2)
    assert Span.of(CALENDAR, date(2026, 10, 23), LIMITS).half_term[0] == date(2026, 9, 2)
    assert SPAN.first <= SPAN.before[0]


def test_the_weeks_that_are_compared_do_not_overlap() -> None:
    assert len(SPAN.recent) == len(SPAN.before) == 20
    assert SPAN.before[-1] < SPAN.recent[0]
    assert Span.of(CALENDAR, date(2026, 9, 16), LIMITS).before == ()


@pytest.mark.parametrize(
    ("today", "begins"),
    [
        (date(2026, 11, 24), date(2027, 1, 4)),
        (date(2026, 10, 28), date(2027, 1, 4)),  # a half-term holiday begins no new term
        (date(2026, 8, 20), date(2026, 9, 2)),
        (date(2026, 9, 8), date(2026, 9, 2)),
        (date(2026, 9, 9), date(2027, 1, 4)),
        (date(2027, 3, 24), None),
    ],
)
def test_the_next_start_is_that_of_the_coming_term_or_of_this_one_in_its_first_week(
    today: date, begins: date | None
) -> None:
    assert term_ahead(CALENDAR, today) == begins


@pytest.mark.parametrize(
    ("away", "days"),
    [
        ({}, 0),
        ({"11-09": "II", "11-10": "OO"}, 2),
        ({"11-09": "I\\"}, 0),
        ({"11-09": "I\\", "11-16": "/M"}, 1),
        ({"11-09": "UU", "11-10": "LL"}, 0),  # late is not missed
        ({"11-09": "XX", "11-10": "##", "11-11": "BB"}, 0),  # not expected, closed, taught elsewhere
        ({"10-12": "II", "10-13": "II"}, 0),  # before the holiday
        ({"11-09": "", "11-10": ["", ""]}, 0),  # no mark is not an absence
    ],
)  # fmt: skip
def test_days_missed_are_whole_days_of_this_half_term_counted_downwards(away: dict[str, str], days: int) -> None:
    assert facts(away)["days_missed"] == days


@pytest.mark.parametrize(
    ("away", "odd", "illness"),
    [
        ({"11-09": "II", "11-17": "OO"}, 2, 1),
        ({"11-09": "II", "11-10": "II"}, 0, 0),  # two days in a row are not odd days
        ({"11-06": "II", "11-09": "II"}, 0, 0),  # Friday and Monday are in a row as well
        ({"11-09": "GG"}, 0, 0),  # a holiday is another matter
        ({"11-02": "II"}, 1, 1),  # school was attended before the holiday
        ({"11-24": "NN"}, 0, 0),  # today nobody knows yet
        ({"11-23": "II"}, 1, 1),
    ],
)
def test_odd_days_are_single_and_marked_as_what_might_be_avoided(away: dict[str, str], odd: int, illness: int) -> None:
    found = facts(away)
    assert (found["odd_days"], found["odd_illness_days"]) == (odd, illness)


def test_a_weekday_that_comes_back_is_counted_against_the_others() -> None:
    found = facts({"11-02": "II", "11-09": "OO", "11-23": "II", "11-12": "II"})
    assert (found["pattern_weekday"], found["pattern_days"], found["other_days_missed"]) == ("Monday", 3, 1)
    assert facts({})["pattern_weekday"] is None


@pytest.mark.parametrize(
    ("away", "today", "days"),
    [
        ({"11-23": "II", "11-20": "II", "11-19": "II"}, TODAY, 3),
        ({"11-23": "II", "11-20": "I\\", "11-19": "II"}, TODAY, 1),
        ({"11-20": "II"}, TODAY, 0),
        ({"11-26": "II", "11-30": "II"}, date(2026, 12, 1), 2),  # the day the school was closed does not count
    ],
)
def test_days_away_are_the_school_days_missed_just_before_today(away: dict[str, str], today: date, days: int) -> None:
    assert facts(away, today)["days_away"] == days


def test_the_weeks_before_are_compared_with_the_last_weeks() -> None:
    before = {f"{day:%m-%d}": "II" for day in SPAN.before[:4]}
    found = facts({**before, "11-09": "OO"})
    assert (found["days_before"], found["days_now"]) == (4, 1)
    assert facts({}, today=date(2026, 9, 16))["days_before"] is None


def test_today_says_who_is_here_who_left_and_who_has_been_away_since_yesterday() -> None:
    assert facts({})["present_today"] is True
    left = facts({"11-24": "/N"})
    assert (left["left_today"], left["whole_day"], left["day_of_absence"]) == (True, False, 1)
    assert (left["unexplained_today"], left["register_missing"]) == (True, False)
    assert facts({"11-24": "--"})["register_missing"] is True
    second = facts({"11-23": "NN", "11-24": "NN"})
    assert (second["left_today"], second["whole_day"], second["day_of_absence"]) == (False, True, 2)


def test_much_illness_is_more_than_the_odd_day() -> None:
    days = [date(2026, 11, 9) + timedelta(days=number) for number in range(5)]
    found = facts({f"{day:%m-%d}": "II" for day in days})
    assert (found["illness_sessions"], found["much_illness"]) == (10, True)
    assert facts({"11-09": "II"})["much_illness"] is False


def test_the_middle_of_a_year_is_not_told_where_it_would_point_at_children() -> None:
    assert middle([0, 1, 2]) is None
    assert middle([0, 0, 0, 1, 1, 1, 1, 2, 3, 9]) == 1


def test_the_week_of_the_half_term_counts_from_its_monday() -> None:
    assert facts({})["week_of_half_term"] == 4
    assert facts({}, today=date(2026, 11, 6))["week_of_half_term"] == 1
