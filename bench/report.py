"""The benchmark's figures for people, as a table, and for programs, as JSON.

Of several repeats the median of each figure is shown. Ratios are taken inside each repeat first, because they bear a busy machine
better than rates do.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.measure import Morning


@dataclass(frozen=True, slots=True)
class Case:
    """The repeats of one size on one database."""

    database: str
    pupils: int
    schools: int
    mornings: tuple[Morning, ...]

    def figures(self) -> dict[str, float]:
        """The medians, by name."""
        found = {name: median(figure(morning) for morning in self.mornings) for name, figure in FIGURES.items()}
        return {name: round(value, 4) for name, value in found.items()}


FIGURES: dict[str, Callable[[Morning], float]] = {
    "messages": lambda m: m.messages,
    "segments": lambda m: m.segments,
    "people_rows_per_second": lambda m: m.people.rate,
    "marks_rows_per_second": lambda m: m.marks.rate,
    "decide_seconds": lambda m: m.decide.seconds,
    "decided_pupils_per_second": lambda m: m.decide.rate,
    "hand_over_messages_per_second": lambda m: m.hand_over.rate,
    "path_messages_per_second": lambda m: m.path.rate,
    "path_seconds": lambda m: m.path.seconds,
    "bare_messages_per_second": lambda m: m.bare.rate,
    "hand_over_ratio": lambda m: m.hand_over.rate / m.bare.rate,
    "path_ratio": lambda m: m.path.rate / m.bare.rate,
    "bare_cpu_ms": lambda m: m.bare.cpu_ms,
    "hand_over_cpu_ms": lambda m: m.hand_over.cpu_ms,
    "path_cpu_ms": lambda m: m.path.cpu_ms,
    "hand_over_cpu_ms_beyond_bare": lambda m: m.hand_over.cpu_ms - m.bare.cpu_ms,
    "path_cpu_ms_beyond_bare": lambda m: m.path.cpu_ms - m.bare.cpu_ms,
}
"""Every figure by its name in the JSON; CPU is milliseconds of our own process for each message."""

_ROWS: tuple[tuple[str, str, str], ...] = (
    ("messages handed over", "messages", "{:,.0f}"),
    ("parts of a text (segments)", "segments", "{:,.0f}"),
    ("people taken in, rows/s", "people_rows_per_second", "{:,.0f}"),
    ("marks taken in, rows/s", "marks_rows_per_second", "{:,.0f}"),
    ("deciding and queueing, s", "decide_seconds", "{:,.2f}"),
    ("deciding and queueing, pupils/s", "decided_pupils_per_second", "{:,.0f}"),
    ("bare loop, messages/s", "bare_messages_per_second", "{:,.0f}"),
    ("hand-over, messages/s", "hand_over_messages_per_second", "{:,.0f}"),
    ("   of the bare loop", "hand_over_ratio", "{:.2f}"),
    ("whole path, messages/s", "path_messages_per_second", "{:,.0f}"),
    ("   of the bare loop", "path_ratio", "{:.2f}"),
    ("whole path, s", "path_seconds", "{:,.2f}"),
    ("CPU a message: bare loop, ms", "bare_cpu_ms", "{:.2f}"),
    ("   hand-over beyond it", "hand_over_cpu_ms_beyond_bare", "{:.2f}"),
    ("   whole path beyond it", "path_cpu_ms_beyond_bare", "{:.2f}"),
)


def show(cases: Sequence[Case], console: Console) -> None:
    """Print one column for each case."""
    table = Table(title="Marks in, messages accepted by a local stub (medians)", title_justify="left")
    table.add_column("", no_wrap=True)
    for case in cases:
        schools = "1 school" if case.schools == 1 else f"{case.schools} schools"
        table.add_column(f"{case.database}\n{case.pupils:,} pupils\n{schools}", justify="right")
    figures = [case.figures() for case in cases]
    for words, name, form in _ROWS:
        table.add_row(words, *(form.format(found[name]) for found in figures))
    console.print(table)


def as_json(cases: Sequence[Case], *, options: dict[str, Any], versions: dict[str, str]) -> dict[str, Any]:
    """Everything that was measured, and where."""
    return {
        "machine": {
            "cores": os.cpu_count(),
            "load_average": [round(load, 2) for load in os.getloadavg()],
            "platform": platform.platform(terse=True),
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            **versions,
        },
        "options": options,
        "cases": [
            {
                "database": case.database,
                "pupils": case.pupils,
                "schools": case.schools,
                "median": case.figures(),
                "repeats": [
                    {name: round(figure(morning), 4) for name, figure in FIGURES.items()} for morning in case.mornings
                ],
            }
            for case in cases
        ],
    }


def write(path: Path, results: dict[str, Any]) -> None:
    """Write the results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
