"""What a report is made of: figures, each a table with perhaps a picture of it, and the span of days it is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final

from notifier.domain.schools import School
from notifier.domain.sessions import LONDON, at_local
from notifier.store.reports import Scope, SummerTime

Cell = str | int | float | None
"""A cell of a table: words, a count, an amount; None where there is nothing to count."""

LONGEST: Final = timedelta(days=400)
"""The longest span a report is made of."""


class Kind(StrEnum):
    """How a figure is drawn."""

    BARS = "bars"  # lying, one for each row: for few or many named things
    COLUMNS = "columns"  # standing, in the order of time
    STACK = "stack"  # standing, on top of each other: parts of a whole


@dataclass(frozen=True, slots=True)
class Chart:
    """How a table is drawn: which columns (by number; the first names the row), and what they count."""

    kind: Kind
    columns: tuple[int, ...]
    unit: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A table and its picture. `said` tells in a sentence what is to be seen. The first column of a row is its name."""

    key: str
    title: str
    said: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    chart: Chart | None = None
    note: str = ""
    money: frozenset[int] = frozenset()
    """Columns that hold pence."""
    total: bool = False
    """Whether the last row adds the others up; it is not drawn."""

    @property
    def drawn_rows(self) -> tuple[tuple[Cell, ...], ...]:
        """The rows of the picture."""
        return self.rows[:-1] if self.total else self.rows

    @property
    def drawn(self) -> bool:
        """Whether there is anything to draw."""
        return self.chart is not None and any(
            _number(row[column]) for row in self.drawn_rows for column in self.chart.columns
        )


@dataclass(frozen=True, slots=True)
class Report:
    """Figures about one subject."""

    key: str
    title: str
    lead: str
    figures: tuple[Figure, ...]


class WrongSpan(ValueError):
    """The days asked for cannot be; `field` is the one to correct ("first" or "last")."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True, slots=True)
class Span:
    """Local days, both included."""

    first: date
    last: date

    def scope(self, schools: Sequence[School]) -> Scope:
        """The span at some schools, for queries."""
        return Scope(
            tuple(school.key for school in schools), self.first, self.last,
            since=at_local(self.first, time()), until=at_local(self.last + timedelta(days=1), time()),
        )  # fmt: skip

    @property
    def weekly(self) -> bool:
        """Whether weeks say more than days."""
        return (self.last - self.first).days > 20

    def part_of(self, day: date) -> date:
        """The day itself, or the Monday of its week where the span is long."""
        return day - timedelta(days=day.weekday()) if self.weekly else day

    def summer(self) -> tuple[SummerTime, ...]:
        """Runs of its days on which the local clock at noon is ahead of UTC."""
        found: list[SummerTime] = []
        day = self.first
        while day <= self.last:
            offset = datetime.combine(day, time(12), LONDON).utcoffset() or timedelta()
            seconds = int(offset.total_seconds())
            if seconds and found and found[-1].last == day - timedelta(days=1) and found[-1].seconds == seconds:
                found[-1] = SummerTime(found[-1].first, day, seconds)
            elif seconds:
                found.append(SummerTime(day, day, seconds))
            day += timedelta(days=1)
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Preset:
    """A span that can be chosen by name."""

    key: str
    label: str
    span: Span


def span_of(first: str, last: str, otherwise: Span, today: date) -> Span:
    """The span of two typed dates (either may be empty). Raises WrongSpan with what to type."""
    begins = _typed("first", first) or otherwise.first
    ends = _typed("last", last) or (otherwise.last if not first.strip() else max(today, begins))
    if ends < begins:
        raise WrongSpan("last", "The last day lies before the first. Give a last day on or after the first.")
    if ends - begins > LONGEST:
        raise WrongSpan("last", f"That is more than {LONGEST.days} days. Choose a shorter time.")
    return Span(begins, ends)


def _typed(field: str, text: str) -> date | None:
    given = text.strip()
    if not given:
        return None
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y"):
        try:
            found = datetime.strptime(given, form).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
        if 2000 <= found.year <= 2100:
            return found
    raise WrongSpan(field, f"“{given}” is not a date. Enter it like 23/11/2026.")


def presets(school: School, today: date) -> Iterator[Preset]:
    """Spans worth choosing, the shortest first; those that lie in the future are left out."""
    monday = today - timedelta(days=today.weekday())
    yield Preset("week", "This week", Span(monday, today))
    yield Preset("last-week", "Last week", Span(monday - timedelta(days=7), monday - timedelta(days=1)))
    yield Preset("4-weeks", "Last 4 weeks", Span(today - timedelta(days=27), today))
    begun = [term for term in sorted(school.terms) if term[0] <= today]
    if begun:
        yield Preset(
            "term", "This term" if begun[-1][1] >= today else "Last term", Span(begun[-1][0], min(begun[-1][1], today))
        )


def months(today: date, number: int = 12) -> list[Preset]:
    """The finished months before a day, the newest first: spans that never overlap."""
    found = []
    last = today.replace(day=1) - timedelta(days=1)
    for _ in range(number):
        first = last.replace(day=1)
        found.append(Preset(f"{first:%Y-%m}", f"{first:%B %Y}", Span(first, last)))
        last = first - timedelta(days=1)
    return found


def day_words(day: date) -> str:
    """A day as tables show it."""
    return f"{day:%a} {day.day} {day:%b}"


def _number(cell: Cell) -> float:
    return float(cell) if isinstance(cell, int | float) else 0.0


def totals(rows: Sequence[Any]) -> Counter[str]:
    """The rows of several schools added up, column by column."""
    found: Counter[str] = Counter()
    for row in rows:
        found.update({name: value for name, value in row._mapping.items() if name != "school_id"})
    return found


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else many}"
