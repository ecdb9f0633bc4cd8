"""What a file could not give: rows refused by name, warnings beside rows that were taken, and files not readable at all.

Good rows of the same file still count. Refused rows go into a `*.rejected.csv` that opens in a spreadsheet, can be put right
there and imported again.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final


class FileError(Exception):
    """A whole file, or push, that cannot be read. `code` is for programs; `message` says what, where and what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row not taken. `row` is the number a spreadsheet shows (in a push, the place in the list, from 1).

    `column` is the file's own heading, or None where the row as a whole is at fault; `raw` holds the cells as they came.
    """

    row: int
    column: str | None
    value: str
    code: str
    message: str
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Warning_:
    """Something staff should know about a row that was taken, or about the file (`row` None)."""

    row: int | None
    column: str | None
    value: str
    code: str
    message: str


REPORT_COLUMNS: Final = ("row", "column", "reason")
"""What `write_rejected` adds to the original columns; ignored when the corrected file comes back."""


def holds_corrected_rows(header: Sequence[str]) -> bool:
    """Whether a file is one of refused rows, corrected and brought back: a part of the file they came from, never the whole."""
    return tuple(header[-len(REPORT_COLUMNS) :]) == REPORT_COLUMNS


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What spreadsheets take for a formula's beginning, full-width signs among it (OWASP, CSV injection)."""


def neutralised(cell: str) -> str:
    """The cell with a leading apostrophe where a spreadsheet would run it as a formula (CSV injection)."""
    return "'" + cell if cell.startswith(_FORMULA_STARTS) else cell


def restored(cell: str) -> str:
    """The cell without the apostrophe that `neutralised` put there, so that a corrected file reads as it was meant."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA_STARTS) else cell


def write_rejected(path: Path, header: Sequence[str], refusals: Iterable[Refusal]) -> None:
    """Write refused rows as CSV (UTF-8 with BOM, for Excel): the original columns, then row, column and reason.

    The file appears whole or not at all. A row refused for several reasons stands once, with the reasons joined.
    """
    rows: dict[tuple[int, tuple[str, ...]], list[Refusal]] = {}
    for refusal in refusals:
        rows.setdefault((refusal.row, refusal.raw), []).append(refusal)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([neutralised(name) for name in header] + list(REPORT_COLUMNS))
    for (row, raw), reasons in rows.items():
        cells = list(raw[: len(header)]) + [""] * (len(header) - len(raw))
        # cells beyond the header would move the report's own columns, so they stand with the reason
        beyond = f" (cells beyond the header: {' | '.join(raw[len(header) :])})" if len(raw) > len(header) else ""
        columns = "; ".join(dict.fromkeys(reason.column for reason in reasons if reason.column))
        words = " ".join(reason.message for reason in reasons) + beyond
        writer.writerow([neutralised(cell) for cell in [*cells, str(row), columns, words]])
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(text.getvalue().encode("utf-8-sig"))
    os.replace(unfinished, path)
