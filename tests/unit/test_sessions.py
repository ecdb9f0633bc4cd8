"""Local school times as instants, on both days the clocks change and on all others."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.domain.sessions import at_local, local_date, local_time

SPRING_2027 = date(2027, 3, 28)
AUTUMN_2026 = date(2026, 10, 25)


@pytest.mark.parametrize(
    ("day", "moment", "instant"),
    [
        pytest.param(date(2026, 11, 23), time(9, 30), datetime(2026, 11, 23, 9, 30, tzinfo=UTC), id="winter"),
        pytest.param(date(2027, 6, 14), time(9, 30), datetime(2027, 6, 14, 8, 30, tzinfo=UTC), id="summer"),
        pytest.param(date(2026, 10, 23), time(9, 30), datetime(2026, 10, 23, 8, 30, tzinfo=UTC), id="Friday before"),
        pytest.param(date(2026, 10, 26), time(9, 30), datetime(2026, 10, 26, 9, 30, tzinfo=UTC), id="Monday after"),
        pytest.param(SPRING_2027, time(0, 59), datetime(2027, 3, 28, 0, 59, tzinfo=UTC), id="before the gap"),
        pytest.param(SPRING_2027, time(1, 0), datetime(2027, 3, 28, 1, 0, tzinfo=UTC), id="gap begins"),
        pytest.param(SPRING_2027, time(1, 30), datetime(2027, 3, 28, 1, 0, tzinfo=UTC), id="inside the gap"),
        pytest.param(SPRING_2027, time(1, 59, 59), datetime(2027, 3, 28, 1, 0, tzinfo=UTC), id="gap ends"),
        pytest.param(SPRING_2027, time(2, 0), datetime(2027, 3, 28, 1, 0, tzinfo=UTC), id="after the gap"),
        pytest.param(AUTUMN_2026, time(1, 0), datetime(2026, 10, 25, 0, 0, tzinfo=UTC), id="first of two"),
        pytest.param(AUTUMN_2026, time(1, 30, fold=1), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), id="fold is ignored"),
        pytest.param(AUTUMN_2026, time(2, 0), datetime(2026, 10, 25, 2, 0, tzinfo=UTC), id="after both"),
    ],
)
def test_a_school_time_means_one_instant(day, moment, instant):
    assert at_local(day, moment) == instant
    assert at_local(day, moment).utcoffset() == timedelta(0)


MINUTES = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
DAYS = st.dates(date(1996, 1, 1), date(2037, 12, 31))


@settings(max_examples=100)
@given(day=st.one_of(DAYS, st.sampled_from([SPRING_2027, AUTUMN_2026])), moment=MINUTES)
def test_an_instant_is_on_the_day_it_was_made_for_and_never_shows_an_earlier_time(day, moment):
    instant = at_local(day, moment)
    assert local_date(instant) == day
    assert local_time(instant) >= moment


@settings(max_examples=100)
@given(day=st.sampled_from([SPRING_2027, AUTUMN_2026, date(2026, 11, 23)]), first=MINUTES, second=MINUTES)
def test_later_on_the_clock_is_never_earlier_in_time(day, first, second):
    earlier, later = sorted((first, second))
    assert at_local(day, earlier) <= at_local(day, later)


@pytest.mark.parametrize("year", range(1996, 2038))
def test_the_gap_ends_at_one_o_clock_greenwich_every_year(year):
    sunday = max(date(year, 3, day) for day in range(25, 32) if date(year, 3, day).weekday() == 6)
    just_before = datetime(year, 3, sunday.day, 0, 59, 59, tzinfo=UTC)
    assert local_time(just_before) == time(0, 59, 59)
    assert local_time(just_before + timedelta(seconds=1)) == time(2, 0)
    assert at_local(sunday, time(1, 15)) == just_before + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("instant", "day", "moment"),
    [
        pytest.param(datetime(2027, 6, 14, 23, 30, tzinfo=UTC), date(2027, 6, 15), time(0, 30), id="summer midnight"),
        pytest.param(datetime(2026, 12, 1, 23, 30, tzinfo=UTC), date(2026, 12, 1), time(23, 30), id="winter midnight"),
    ],
)
def test_the_date_is_the_one_on_the_school_s_wall(instant, day, moment):
    assert (local_date(instant), local_time(instant)) == (day, moment)
