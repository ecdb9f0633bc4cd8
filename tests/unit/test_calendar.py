"""School days by a school's own terms, closures and bank holidays."""

from datetime import date, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.configuration.calendar import bank_holidays, load_calendar
from notifier.domain.calendar import ClosedBecause, SchoolCalendar
from notifier.domain.schools import School
from notifier.domain.sessions import Session, SessionTimes

TERMS = (
    (date(2026, 9, 2), date(2026, 12, 18)),
    (date(2027, 1, 4), date(2027, 3, 25)),
    (date(2027, 4, 12), date(2027, 7, 21)),
)
CLOSED = ((date(2026, 10, 26), date(2026, 10, 30)), (date(2026, 11, 27), date(2026, 11, 27)))
OAKFIELD = SchoolCalendar(TERMS, CLOSED, {date(2027, 5, 3): "May Day", date(2026, 12, 25): "Christmas Day"})


@pytest.mark.parametrize(
    ("day", "why"),
    [
        pytest.param(date(2026, 9, 1), "outside term", id="day before term"),
        pytest.param(date(2026, 9, 2), None, id="first day of term"),
        pytest.param(date(2026, 11, 22), "weekend", id="Sunday"),
        pytest.param(date(2026, 8, 1), "weekend", id="Saturday out of term"),
        pytest.param(date(2026, 10, 23), None, id="Friday before half-term"),
        pytest.param(date(2026, 10, 26), "closed in the school's file", id="half-term begins"),
        pytest.param(date(2026, 10, 30), "closed in the school's file", id="half-term ends"),
        pytest.param(date(2026, 11, 27), "closed in the school's file", id="training day"),
        pytest.param(date(2026, 12, 18), None, id="last day of term"),
        pytest.param(date(2026, 12, 25), "outside term", id="Christmas is out of term first of all"),
        pytest.param(date(2027, 5, 3), "bank holiday: May Day", id="bank holiday in term"),
    ],
)
def test_it_says_why_a_day_is_no_school_day(day, why):
    assert OAKFIELD.why_closed(day) == why
    assert OAKFIELD.is_school_day(day) is (why is None)


def test_a_school_may_open_on_a_bank_holiday():
    open_anyway = SchoolCalendar(TERMS, CLOSED, OAKFIELD.bank_holidays, frozenset({date(2027, 5, 3)}))
    assert open_anyway.why_closed(date(2027, 5, 3)) is None


@pytest.mark.parametrize(
    ("day", "deadline"),
    [
        pytest.param(date(2026, 11, 16), date(2026, 11, 23), id="a plain week"),
        pytest.param(date(2026, 10, 21), date(2026, 11, 4), id="over half-term"),
        pytest.param(date(2026, 11, 24), date(2026, 12, 2), id="over a training day"),
        pytest.param(date(2026, 12, 17), date(2027, 1, 7), id="over Christmas"),
        pytest.param(date(2027, 4, 28), date(2027, 5, 6), id="over May Day"),
        pytest.param(date(2027, 7, 14), date(2027, 7, 21), id="up to the last day known"),
        pytest.param(date(2027, 7, 15), None, id="beyond the last day known"),
    ],
)
def test_a_missing_reason_must_be_known_after_five_school_days(day, deadline):
    assert OAKFIELD.reason_deadline(day) == deadline


@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        pytest.param(date(2026, 9, 2), None, date(2026, 9, 3), id="first day of all"),
        pytest.param(date(2026, 11, 2), date(2026, 10, 23), date(2026, 11, 3), id="after half-term"),
        pytest.param(date(2027, 4, 12), date(2027, 3, 25), date(2027, 4, 13), id="after Easter"),
        pytest.param(date(2027, 7, 21), date(2027, 7, 20), None, id="last day of all"),
        pytest.param(date(2026, 8, 1), None, date(2026, 9, 2), id="summer before"),
        pytest.param(date(2030, 1, 1), date(2027, 7, 21), None, id="years later"),
        pytest.param(date(2020, 1, 1), None, date(2026, 9, 2), id="years before"),
    ],
)
def test_it_finds_the_school_days_around_a_day(day, before, after):
    assert OAKFIELD.previous_school_day(day) == before
    assert OAKFIELD.next_school_day(day) == after


@pytest.mark.parametrize("count", [0, -1])
def test_counting_school_days_starts_at_one(count):
    with pytest.raises(ValueError, match="from one upwards"):
        OAKFIELD.add_school_days(date(2026, 11, 16), count)


def test_a_calendar_without_terms_has_no_school_days():
    empty = SchoolCalendar(())
    assert empty.why_closed(date(2026, 11, 23)) == "outside term"
    assert empty.next_school_day(date(2026, 11, 23)) is None
    assert empty.previous_school_day(date(2026, 11, 23)) is None


DAYS = st.dates(date(2026, 7, 1), date(2027, 9, 30))


@settings(max_examples=100)
@given(first=DAYS, length=st.integers(0, 120))
def test_school_days_between_are_exactly_the_days_that_are_school_days(first, length):
    last = first + timedelta(days=length)
    every = [first + timedelta(days=offset) for offset in range(length + 1)]
    assert list(OAKFIELD.school_days_between(first, last)) == [day for day in every if OAKFIELD.why_closed(day) is None]
    assert OAKFIELD.school_days_between(last, first - timedelta(days=1)) == ()


@settings(max_examples=100)
@given(day=DAYS, count=st.integers(1, 30))
def test_adding_school_days_agrees_with_counting_them(day, count):
    found = OAKFIELD.add_school_days(day, count)
    following = OAKFIELD.school_days_between(day + timedelta(days=1), TERMS[-1][1])
    assert found == (following[count - 1] if len(following) >= count else None)


@settings(max_examples=100)
@given(day=DAYS)
def test_before_and_after_undo_each_other(day):
    following = OAKFIELD.next_school_day(day)
    if following is not None and OAKFIELD.is_school_day(day):
        assert OAKFIELD.previous_school_day(following) == day
    before = OAKFIELD.previous_school_day(day)
    if before is not None:
        assert before < day
        assert OAKFIELD.school_days_between(before + timedelta(days=1), day - timedelta(days=1)) == ()


def test_bank_holidays_of_england_for_the_school_year():
    """The list of reference dates for 2026/27: Easter Sunday is 28 March 2027, and 26 December 2026 a Saturday."""
    found = bank_holidays([2026, 2027])
    in_year = [day for day in found if date(2026, 9, 1) <= day <= date(2027, 8, 31) and day.weekday() < 5]
    assert in_year == [
        date(2026, 12, 25),
        date(2026, 12, 28),
        date(2027, 1, 1),
        date(2027, 3, 26),
        date(2027, 3, 29),
        date(2027, 5, 3),
        date(2027, 5, 31),
        date(2027, 8, 30),
    ]
    assert found[date(2027, 3, 26)] == "Good Friday"


def test_holidays_of_scotland_and_extra_days_of_one_year():
    assert date(2027, 1, 4) not in bank_holidays([2027])  # 2 January, observed, is Scotland's
    assert bank_holidays([2023])[date(2023, 5, 8)]  # the Coronation


def test_a_caller_may_change_the_mapping_without_spoiling_the_next_one():
    first = dict(bank_holidays([2027]))
    bank_holidays([2027]).clear()  # type: ignore[attr-defined]
    assert dict(bank_holidays([2027])) == first


def test_a_school_s_calendar_is_made_of_its_file_and_the_bank_holidays():
    times = SessionTimes(time(9, 20), time(9, 30), time(11, 30))
    school = School(
        key="oakfield",
        name="Oakfield Primary School",
        short_name="Oakfield Primary",
        phone="01632960123",
        email="office@oakfield.example",
        policy="first_day_absence",
        times={Session.AM: times, Session.PM: times},
        terms=TERMS,
        closed=CLOSED,
        bank_holidays_open=frozenset({date(2027, 5, 31)}),
    )
    calendar = load_calendar(school)
    assert calendar.closed_because(date(2027, 5, 3)) is ClosedBecause.BANK_HOLIDAY
    assert calendar.is_school_day(date(2027, 5, 31))
    assert calendar.closed_because(date(2026, 11, 27)) is ClosedBecause.SCHOOL_FILE
