"""Figures as CSV files, and the record of who took one away."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from notifier.domain.schools import School
from notifier.registers.refusals import neutralised
from notifier.services.application import Application
from notifier.services.report_shapes import Cell, Figure, Span
from notifier.store import records


def as_csv(figure: Figure) -> str:
    """A figure's table as CSV, money in pounds, safe to open in a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(figure.head)
    for row in figure.rows:
        writer.writerow([_plain(cell, column in figure.money) for column, cell in enumerate(row)])
    return text.getvalue()


def _plain(cell: Cell, money: bool) -> str | int | float:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return neutralised(cell)
    return f"{cell / 100:.2f}" if money else cell


def note_export(
    app: Application, schools: Sequence[School], figure: Figure, span: Span, *, by: str, now: datetime
) -> None:
    """Tell each school's audit that a table about it was taken away."""
    detail = {"first": span.first.isoformat(), "last": span.last.isoformat()}
    with app.database.begin() as connection:
        for school in sorted(schools, key=lambda each: each.key):  # two exports at once lock in the same order
            records.add_audit(
                connection, school.key, at=now, actor=by, act="report.export", subject=figure.key, detail=detail
            )
