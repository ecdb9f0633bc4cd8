"""What a pupil's marks say beyond today: days missed this half-term, odd single days, a weekday that keeps coming back, a return.

Days are local school days by the school's own calendar. Whole days are counted downwards, so that no family reads of more than the
register shows. A session without a mark, or one that could not be attended, counts for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median_low

from notifier.domain.calendar import SchoolCalendar
from notifier.domain.codes import CodeClass, CodeEffect, CodeTable
from notifier.domain.sessions import Session
from notifier.domain.situations import Fact, Limits

Marks = Mapping[date, Mapping[str, str]]
"""One pupil's codes by day and session."""

LOOK_BACK = timedelta(days=200)
"""No half-term and no comparison reaches further back than this."""

_MISSED = frozenset({CodeClass.AUTHORISED, CodeClass.UNAUTHORISED})
_WEEK = 5  # school days


@dataclass(frozen=True, slots=True)
class Span:
    """The school days that facts are read from, oldest first, `today` last where it is one.

    `half_term` are those of this half-term so far, `recent` the last weeks that are compared, `before` as many before them (empty
    where the calendar does not reach so far).
    """

    today: date
    days: tuple[date, ...]
    half_term: tuple[date, ...]
    recent: tuple[date, ...]
    before: tuple[date, ...]

    @classmethod
    def of(cls, calendar: SchoolCalendar, today: date, limits: Limits) -> Span:
        """The days for a school and a date; a half-term begins after a gap of `half_term_gap_days`."""
        days = calendar.school_days_between(today - LOOK_BACK, today)
        start = 0
        for place in range(1, len(days)):
            if (days[place] - days[place - 1]).days >= limits.half_term_gap_days:
                start = place
        length = limits.weeks * _WEEK
        recent = days[-length:]
        before = days[-2 * length : -length] if len(days) >= 2 * length else ()
        return cls(today, days, days[start:], recent, before)

    @property
    def first(self) -> date:
        """The oldest day whose marks are wanted."""
        pattern = self.today - timedelta(weeks=8)
        return min([pattern, *self.half_term[:1], *self.before[:1]])


def term_ahead(calendar: SchoolCalendar, today: date) -> date | None:
    """The first school day of the term that begins next, or of this one in its first week; None where the file knows of none."""
    for start, end in sorted(calendar.terms):
        if end < today:
            continue
        first = calendar.next_school_day(start - timedelta(days=1))
        if first is not None and (today - first).days < 7:
            return first
    return None


class MarkReader:
    """Reads facts off marks for one school and day. `sessions` is how many sessions a whole day has there."""

    def __init__(self, span: Span, codes: CodeTable, limits: Limits, sessions: int = 2) -> None:
        """Take what is the same for every pupil."""
        self._span, self._codes, self._limits, self._sessions = span, codes, limits, max(sessions, 1)
        self._known: dict[str, tuple[bool, bool]] = {}

    def _verdict(self, code: str) -> tuple[bool, bool]:
        """Whether a mark is a session missed, and whether it is one attended."""
        if code not in self._known:
            entry, effect = self._codes.lookup(code), self._codes.effect(code)
            missed = entry is not None and entry.code_class in _MISSED and effect is not CodeEffect.PRESENT
            self._known[code] = missed, effect in (CodeEffect.PRESENT, CodeEffect.OFF_SITE)
        return self._known[code]

    def _missed(self, marks: Marks, day: date) -> bool:
        """Whether a whole day was missed: something was, and nothing was attended."""
        verdicts = [self._verdict(code) for code in marks.get(day, {}).values()]
        return any(missed for missed, _ in verdicts) and not any(attended for _, attended in verdicts)

    def _attended(self, marks: Marks, day: date) -> bool:
        return any(self._verdict(code)[1] for code in marks.get(day, {}).values())

    def _days(self, marks: Marks, days: Sequence[date]) -> int:
        sessions = sum(self._verdict(code)[0] for day in days for code in marks.get(day, {}).values())
        return sessions // self._sessions

    def facts(self, marks: Marks) -> dict[str, Fact]:
        """The facts of one pupil."""
        span, limits = self._span, self._limits
        today = marks.get(span.today, {})
        morning, afternoon = today.get(Session.AM.value, ""), today.get(Session.PM.value, "")
        yesterday = [day for day in span.days if day < span.today][-1:]
        before = [marks.get(day, {}).get(Session.PM.value, "") for day in yesterday]
        illness = sum(code in limits.illness_codes for day in span.half_term for code in marks.get(day, {}).values())
        odd = self._odd_days(marks)
        weekday, times, others = self._pattern(marks)
        start = span.half_term[0] if span.half_term else None
        return {
            "day_of_absence": 2 if any(map(self._codes.triggers_contact, before)) else 1,
            "whole_day": self._codes.triggers_contact(morning) and self._codes.triggers_contact(afternoon),
            "present_today": any(map(self._codes.is_on_site, today.values())),
            "unexplained_today": any(map(self._codes.triggers_contact, today.values())),
            "register_missing": not any(map(self._codes.is_mark, today.values())),
            "left_today": self._codes.is_on_site(morning) and self._codes.triggers_contact(afternoon),
            "days_missed": self._days(marks, span.half_term),
            "days_now": self._days(marks, span.recent),
            "days_before": self._days(marks, span.before) if span.before else None,
            "days_away": self._days_away(marks),
            "odd_days": len(odd),
            "odd_illness_days": sum(set(marks[day].values()) <= limits.illness_codes for day in odd),
            "pattern_weekday": weekday,
            "pattern_days": times,
            "other_days_missed": others,
            "illness_sessions": illness,
            "much_illness": illness >= limits.much_illness_sessions,
            "week_of_half_term": None if start is None else _week(start, span.today),
        }

    def _days_away(self, marks: Marks) -> int:
        count = 0
        for day in reversed([day for day in self._span.days if day < self._span.today]):
            if not self._missed(marks, day):
                break
            count += 1
        return count

    def _odd_days(self, marks: Marks) -> list[date]:
        """Single days missed with school attended before and after, all marked with one of the odd codes."""
        days, first = self._span.days, self._span.half_term[:1]
        return [
            day
            for place, day in enumerate(days[:-1])
            if first and day >= first[0]
            and self._missed(marks, day)
            and set(marks[day].values()) <= self._limits.odd_codes
            and self._attended(marks, days[place + 1])
            and (place == 0 or self._attended(marks, days[place - 1]))
        ]  # fmt: skip

    def _pattern(self, marks: Marks) -> tuple[str | None, int, int]:
        """The weekday missed most among its last few, how often, and days missed on other weekdays in the same weeks."""
        found: list[tuple[int, int]] = []
        for weekday in range(_WEEK):
            last = [day for day in self._span.days if day.weekday() == weekday][-self._limits.pattern_weeks :]
            found.append((sum(self._missed(marks, day) for day in last), -weekday))
        times, negative = max(found)
        if not times:
            return None, 0, 0
        return _WEEKDAYS[-negative], times, sum(number for number, _ in found) - times


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")


def weekday_name(day: date) -> str:
    """The day of the week in English."""
    return (*_WEEKDAYS, "Saturday", "Sunday")[day.weekday()]


def _week(start: date, today: date) -> int:
    monday = start - timedelta(days=start.weekday())
    return (today - monday).days // 7 + 1


def middle(numbers: Sequence[int]) -> int | None:
    """The middle one of several pupils' days; None for fewer than ten, where it would point at children."""
    return median_low(numbers) if len(numbers) >= 10 else None
