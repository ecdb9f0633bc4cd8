"""XLSX sheets as rows of text, with dates as ISO dates and numbers as the digits a person sees.

A spreadsheet keeps 07700 900123 as 447700900123.0 and pupil 00123 as 123 shown with five digits; both are put back here as
far as the file itself tells. Formulas count by the value last worked out.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import openpyxl

from notifier.registers.refusals import FileError

_LARGEST_UNPACKED: Final = 1024 * 1024 * 1024
_ONLY_ZEROS = re.compile(r"0{2,}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One visible sheet. `rows` reads it from the top, once."""

    title: str
    estimated_rows: int
    _worksheet: Any
    _filename: str

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(row number as shown, cells as text), blank rows included. Raises FileError where the sheet is damaged."""
        lines = enumerate(self._worksheet.iter_rows(), start=1)
        while True:
            try:
                number, cells = next(lines)
                texts = [_text(cell) for cell in cells]
            except StopIteration:
                return
            except Exception as error:  # sheets are unpacked and parsed only while they are read
                raise _damaged(self._filename) from error
            yield number, texts


def read_sheets(content: bytes, filename: str) -> list[Sheet]:
    """The visible sheets of a workbook. Raises FileError for a damaged or absurdly large one."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _LARGEST_UNPACKED:
            raise FileError("too_large", f"{filename} unpacks to more than 1 GB. Export only the rows that are needed.")
        with warnings.catch_warnings():
            # openpyxl remarks on styles and drop-down lists it does not keep; none of them is read here
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except FileError:
        raise
    except Exception as error:  # a damaged archive surfaces as any of a dozen types from zipfile, XML and openpyxl
        raise _damaged(filename) from error
    sheets = []
    for worksheet in book.worksheets:
        if worksheet.sheet_state != "visible":
            continue
        estimate = worksheet.max_row or 0
        # some exporters write a wrong size into the sheet, and reading would stop there
        worksheet.reset_dimensions()
        sheets.append(Sheet(worksheet.title, estimate, worksheet, filename))
    return sheets


def _damaged(filename: str) -> FileError:
    return FileError(
        "damaged_workbook",
        f"{filename} is not a workbook that can be read. Open it in a spreadsheet and save it again as .xlsx or CSV.",
    )


def _text(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float)):
        return _digits(value, cell.number_format)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(" ", "seconds")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _digits(value: int | float, number_format: str | None) -> str:
    if isinstance(value, float):
        if not value.is_integer():
            return repr(value)
        value = int(value)
    digits = str(value)
    shown = number_format or ""
    # "00000" as the format of an id means that people see, and type, its leading zeros
    return digits.zfill(len(shown)) if _ONLY_ZEROS.fullmatch(shown) else digits
