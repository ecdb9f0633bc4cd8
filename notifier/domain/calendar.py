"""Is a day a school day, and which school day comes after or before it?

The answer comes from the school's own terms and closures, then the bank holidays; never from weekdays alone. All dates are
local dates in England. Where bank holidays come from is the business of `notifier.configuration.calendar`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from notifier.domain.schools import School

_DAY = timedelta(days=1)
_SATURDAY = 5


class ClosedBecause(StrEnum):
    """Why a day is no school day."""

    WEEKEND = "weekend"
    OUTSIDE_TERM = "outside term"
    SCHOOL_FILE = "closed in the school's file"
    BANK_HOLIDAY = "bank holiday"


@dataclass(frozen=True, slots=True)
class SchoolCalendar:
    """One school's days. Spans include both ends; `bank_holidays` gives each day its name.

    `open_bank_holidays` are bank holidays on which this school is open all the same.
    """

    terms: tuple[tuple[date, date], ...]
    closed: tuple[tuple[date, date], ...] = ()
    bank_holidays: Mapping[date, str] = field(default_factory=dict)
    open_bank_holidays: frozenset[date] = frozenset()

    @classmethod
    def of(cls, school: School, bank_holidays: Mapping[date, str]) -> SchoolCalendar:
        """The calendar of a school, with the bank holidays given."""
        return cls(school.terms, school.closed, bank_holidays, school.bank_holidays_open)

    def closed_because(self, day: date) -> ClosedBecause | None:
        """The first reason that holds, in the order a person would give it; None on a school day."""
        if day.weekday() >= _SATURDAY:
            return ClosedBecause.WEEKEND
        if not _within(self.terms, day):
            return ClosedBecause.OUTSIDE_TERM
        if _within(self.closed, day):
            return ClosedBecause.SCHOOL_FILE
        if day in self.bank_holidays and day not in self.open_bank_holidays:
            return ClosedBecause.BANK_HOLIDAY
        return None

    def why_closed(self, day: date) -> str | None:
        """The reason in words ("weekend", "bank holiday: May Day"); None on a school day."""
        because = self.closed_because(day)
        if because is ClosedBecause.BANK_HOLIDAY:
            return f"{because}: {self.bank_holidays[day]}"
        return None if because is None else str(because)

    def is_school_day(self, day: date) -> bool:
        """Whether registers are taken on that day."""
        return self.closed_because(day) is None

    def school_days_between(self, first: date, last: date) -> tuple[date, ...]:
        """The school days from first to last, both included; none when last is before first."""
        return tuple(day for day in _days(first, last) if self.is_school_day(day))

    def add_school_days(self, day: date, count: int) -> date | None:
        """The school day that comes `count` school days after `day`, which itself need not be one and does not count.

        None where the terms in the school's file end first: the answer is then not known, not far away. Raises ValueError
        for a count below one.
        """
        if count < 1:
            raise ValueError("count school days from one upwards")
        for following in _days(day + _DAY, self._last_day(day)):
            if self.is_school_day(following):
                count -= 1
                if count == 0:
                    return following
        return None

    def reason_deadline(self, day: date) -> date | None:
        """The last school day on which an `N` of that day may still stand; None where the terms end before it.

        Five school days after the session: SI 2024/208 regulation 10(7)-(9), statutory guidance paragraph 408.
        """
        return self.add_school_days(day, 5)

    def next_school_day(self, day: date) -> date | None:
        """The first school day after `day`; None where the school's file knows of none."""
        return self.add_school_days(day, 1)

    def previous_school_day(self, day: date) -> date | None:
        """The last school day before `day`; None where the school's file knows of none."""
        earliest = min((start for start, _ in self.terms), default=day)
        candidate = min(day, self._last_day(day) + _DAY)
        while candidate > earliest:
            candidate -= _DAY
            if self.is_school_day(candidate):
                return candidate
        return None

    def _last_day(self, otherwise: date) -> date:
        return max((end for _, end in self.terms), default=otherwise)


def _within(spans: tuple[tuple[date, date], ...], day: date) -> bool:
    return any(start <= day <= end for start, end in spans)


def _days(first: date, last: date) -> Iterator[date]:
    for offset in range((last - first).days + 1):
        yield first + offset * _DAY
