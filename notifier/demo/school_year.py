"""A school year for a pretend school: terms, half-terms and INSET days that leave the wanted day a school day.

The pattern is the 2026/27 calendar of the example schools (reference: attendance, 6.1); other years get the same pattern by
date. Where the wanted day would fall into a holiday, the holiday gives way, so that a demonstration can be given in August.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import holidays

Span = tuple[date, date]


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """Terms and closures; spans include both ends."""

    terms: tuple[Span, ...]
    closed: tuple[Span, ...]

    def is_school_day(self, day: date) -> bool:
        """Whether the school is open: a weekday in term, neither closed nor a bank holiday in England."""
        return (
            not _is_free(day)
            and any(first <= day <= last for first, last in self.terms)
            and not any(first <= day <= last for first, last in self.closed)
        )

    def days_before(self, day: date, count: int) -> tuple[date, ...]:
        """Up to `count` school days before `day`, oldest first; fewer at the start of the school year."""
        found: list[date] = []
        cursor = day - timedelta(days=1)
        while len(found) < count and cursor >= self.terms[0][0]:
            if self.is_school_day(cursor):
                found.append(cursor)
            cursor -= timedelta(days=1)
        return tuple(reversed(found))


@lru_cache(maxsize=16)
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def _is_free(day: date) -> bool:
    return day.weekday() >= 5 or day in _bank_holidays(day.year)


def weekday_on_or_after(day: date) -> date:
    """The first day from `day` on that is neither at a weekend nor a bank holiday in England."""
    while _is_free(day):
        day += timedelta(days=1)
    return day


def school_year_around(day: date) -> SchoolYear:
    """The school year in which `day` is a school day.

    Raises ValueError for a day at a weekend or a bank holiday: no school could be open; `weekday_on_or_after` finds one.
    """
    if _is_free(day):
        raise ValueError(
            f"{day.isoformat()} is at a weekend or a bank holiday: choose a weekday for the school's morning"
        )
    year = day.year if day.month >= 8 else day.year - 1
    terms = [
        (date(year, 9, 2), date(year, 12, 18)),
        (date(year + 1, 1, 4), date(year + 1, 3, 25)),
        (date(year + 1, 4, 12), date(year + 1, 7, 21)),
    ]
    # half-terms: the last full week of October, the third of February, the week of the late May bank holiday; one INSET day
    closed = [
        _week_of(date(year, 10, 28)),
        _week_of(date(year + 1, 2, 17)),
        _week_of(date(year + 1, 6, 2)),
        (date(year, 11, 27), date(year, 11, 27)),
    ]
    return SchoolYear(_with(day, terms), tuple(span for span in closed if not span[0] <= day <= span[1]))


def _week_of(day: date) -> Span:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=4)


def _with(day: date, terms: list[Span]) -> tuple[Span, ...]:
    """The terms, with the one before the day drawn out to it where it falls between terms."""
    if any(first <= day <= last for first, last in terms):
        return tuple(terms)
    before = [index for index, (first, _) in enumerate(terms) if first <= day]
    if before:
        first, _ = terms[before[-1]]
        terms[before[-1]] = (first, day)
    else:  # August: the year opens four weeks early, so that there is a register history to show
        terms[0] = (day - timedelta(weeks=4), terms[0][1])
    return tuple(terms)
