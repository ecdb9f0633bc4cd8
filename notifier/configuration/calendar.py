"""England's bank holidays, and a school's calendar made of them and its own file.

The `holidays` library works them out, proclaimed extra days included; it takes most of a second to load, so it is loaded when
a calendar is first asked for and each year is worked out once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache

from notifier.domain.calendar import SchoolCalendar
from notifier.domain.schools import School


@lru_cache(maxsize=64)
def _bank_holidays_of(year: int) -> tuple[tuple[date, str], ...]:
    from holidays import country_holidays  # late: 0.8 s that most commands can spare

    return tuple(sorted(country_holidays("GB", subdiv="ENG", years=year, expand=False).items()))


def bank_holidays(years: Iterable[int]) -> Mapping[date, str]:
    """The bank holidays of England in these years, with their names. A fresh mapping that the caller may keep."""
    return {day: name for year in sorted(set(years)) for day, name in _bank_holidays_of(year)}


def load_calendar(school: School) -> SchoolCalendar:
    """The calendar of a school: its terms and closures with the bank holidays of the years they touch."""
    years = {year for start, end in school.terms for year in range(start.year, end.year + 1)}
    return SchoolCalendar.of(school, bank_holidays(years))
