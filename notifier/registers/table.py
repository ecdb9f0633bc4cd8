"""A file as a header and rows of text, whatever it was saved as: CSV, TSV, semicolons, XLSX, UTF-8 or Windows-1252.

Row numbers are those a spreadsheet shows. Rows that do not fit the header are refused one by one, never guessed at. What the
columns mean is not known here: see `presets`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from notifier.registers.refusals import FileError, Refusal, Warning_
from notifier.registers.workbook import Sheet, read_sheets

Score = Callable[[Sequence[str]], int]
"""How many known headings a row holds; the row with the most, near the top, is the header."""

Progress = Callable[[int, int], None]
"""Called now and then with rows done and rows in all (the latter an estimate until the end)."""

LARGEST_FILE: Final = 200 * 1024 * 1024
_HEADER_WITHIN = 20
_DELIMITERS = (",", ";", "\t")
_MOST_OPEN_QUOTES = 100
_PROGRESS_EVERY = 2_000


@dataclass(slots=True)
class Table:
    """One opened file. Iterating `records` once yields (row number, cells) and fills `refused`.

    `encoding` is utf-8, utf-8-sig, utf-16, windows-1252, mixed or xlsx; `total` estimates the rows for progress.
    """

    filename: str
    header: tuple[str, ...]
    encoding: str
    total: int
    records: Iterator[tuple[int, list[str]]] = field(repr=False)
    refused: list[Refusal] = field(default_factory=list)
    warnings: list[Warning_] = field(default_factory=list)


def open_table(source: Path | bytes, *, filename: str, score: Score, progress: Progress | None = None) -> Table:
    """Open a file's bytes, or the file at a path. Raises FileError for what cannot be a table."""
    content = _content(source, filename)
    if content.startswith(b"PK\x03\x04"):
        table = _from_workbook(content, filename, score)
    else:
        _refuse_other_formats(content, filename)
        table = _from_text(content, filename, score)
    if progress is not None:
        table.records = _reporting(table, table.records, progress)
    return table


def _content(source: Path | bytes, filename: str) -> bytes:
    if isinstance(source, Path):
        try:
            size = source.stat().st_size
            content = source.read_bytes() if size <= LARGEST_FILE else b""
        except OSError as error:
            raise FileError("unreadable", f"{filename} could not be opened: {error.strerror}.") from error
    else:
        content, size = source, len(source)
    if size > LARGEST_FILE:
        raise FileError("too_large", f"{filename} is larger than {LARGEST_FILE // 2**20} MB. Export fewer rows.")
    if not content.strip(b"\xef\xbb\xbf\x00 \t\r\n,;"):
        raise FileError("empty_file", f"{filename} is empty. Export it again and check that it holds rows.")
    return content


def _refuse_other_formats(content: bytes, filename: str) -> None:
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        # the old Excel format, and any workbook with a password, share this container
        raise FileError(
            "old_excel",
            f"{filename} is an old Excel file (.xls) or has a password. "
            "Open it in a spreadsheet and save it as .xlsx without a password, or as CSV UTF-8.",
        )
    start = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<", b"%pdf", b"{\\rtf")):
        raise FileError(
            "not_a_table",
            f"{filename} is a web page, XML, PDF or text document whatever its name says. Export it as CSV or .xlsx.",
        )


# --- text ------------------------------------------------------------------------------------------------------------


def _from_text(content: bytes, filename: str, score: Score) -> Table:
    text, encoding, warnings = _decoded(content)
    lines = list(io.StringIO(text, newline=""))  # splits at \n, \r\n and the bare \r of old Macs, and nowhere else
    if lines and lines[0].strip().lower() in ("sep=,", "sep=;", "sep=\t", "sep="):
        del lines[0]  # an instruction to Excel, which does not show it as a row
    if "\x00" in text:
        raise FileError("not_a_table", f"{filename} holds bytes no text has. Export it as CSV or .xlsx.")
    delimiter, head = _sniffed(lines, score)
    if not head:
        raise FileError("empty_file", f"{filename} holds no rows. Export it again and check that it holds a header.")
    place = _header_place([cells for _, cells, _ in head], score)
    header_row, cells, next_line = head[place]
    table = Table(filename, _named(cells), encoding, len(lines) - next_line, iter(()), [], warnings)
    _note_skipped(table, [entry[0] for entry in head[:place]])
    table.records = _text_records(table, lines, delimiter, header_row, next_line)
    return table


def _decoded(content: bytes) -> tuple[str, str, list[Warning_]]:
    """The text, how it was encoded, and warnings; a file pasted together from two encodings is read line by line."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace"), "utf-16", []
    encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"
    try:
        return content.decode(encoding), encoding, []
    except UnicodeDecodeError:
        pass
    lines: list[str] = []
    foreign: list[int] = []
    broken: list[int] = []
    unicode_lines = 0
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            lines.append(line.decode("utf-8"))
            unicode_lines += not line.isascii()
        except UnicodeDecodeError:
            foreign.append(number)
            lines.append(line.decode("cp1252", errors="replace"))
            if "\ufffd" in lines[-1]:
                broken.append(number)
    warnings = []
    mixed = unicode_lines > 0 or encoding == "utf-8-sig"
    if mixed:
        words = f"Line(s) {_some(foreign)} are not UTF-8 like the rest and were read as Windows-1252: check the accents there."
        warnings.append(Warning_(foreign[0], None, "", "mixed_encoding", words))
    if broken:
        words = f"Line(s) {_some(broken)} hold characters that could not be read: check the names there."
        warnings.append(Warning_(broken[0], None, "", "unreadable_characters", words))
    return "\n".join(lines), "mixed" if mixed else "windows-1252", warnings


def _sniffed(lines: list[str], score: Score) -> tuple[str, list[tuple[int, list[str], int]]]:
    """The delimiter, and the first non-blank records read with it as (row number, cells, lines read so far).

    The delimiter that shows most known headings wins, then the one that cuts most rows alike, then the one that cuts finest.
    """
    best: tuple[tuple[int, int, int], str, list[tuple[int, list[str], int]]] | None = None
    for delimiter in _DELIMITERS:
        reader = csv.reader(iter(lines), delimiter=delimiter)
        head: list[tuple[int, list[str], int]] = []
        try:
            for row, cells in enumerate(reader, start=1):
                if any(cells):
                    head.append((row, cells, reader.line_num))
                if len(head) == _HEADER_WITHIN:
                    break
        except csv.Error:
            pass  # an endless quotation; the rows before it are enough to go by
        widths = [len(cells) for _, cells, _ in head]
        alike = max((widths.count(width) for width in set(widths) if width > 1), default=0)
        rank = (max((score(cells) for _, cells, _ in head), default=0), alike, max(widths, default=0))
        if best is None or rank > best[0]:
            best = (rank, delimiter, head)
    return (best[1], best[2]) if best else (",", [])


def _text_records(
    table: Table, lines: list[str], delimiter: str, header_row: int, next_line: int
) -> Iterator[tuple[int, list[str]]]:
    """The records below the header. A quotation mark that is never closed costs its own line, not the rest of the file."""
    width, row, start, restarts = len(table.header), header_row, next_line, 0
    while True:
        begin, read, open_quote = start, 0, False
        reader = csv.reader((lines[number] for number in range(begin, len(lines))), delimiter=delimiter)
        try:
            for cells in reader:
                row += 1
                before, read = read, reader.line_num
                several_lines = read - before > 1
                if len(cells) != width:
                    if not any(cells):
                        continue
                    if len(cells) > width and not any(cells[width:]):
                        cells = cells[:width]
                    elif several_lines:
                        open_quote = True
                    else:
                        table.refused.append(_ragged(table, row, cells))
                        continue
                elif several_lines:
                    open_quote = _misquoted(lines[begin + before : begin + read], delimiter)
                if open_quote:
                    read = before
                    break
                if any(cells):
                    yield row, cells
            else:
                return
        except csv.Error:  # a cell beyond the reader's limit: the same open quotation, seen earlier
            row += 1
        restarts += 1
        if restarts > _MOST_OPEN_QUOTES:
            raise FileError(
                "open_quotes",
                f"{table.filename}: quotation marks are opened and not closed in many rows, the first in row "
                f"{table.refused[0].row if table.refused else row}. Export the file again, as .xlsx if possible.",
            )
        faulty = lines[begin + read].rstrip("\r\n")
        words = (
            f"Row {row}: a quotation mark is opened and not closed. Remove it or close it, and import the row again."
        )
        table.refused.append(Refusal(row, None, faulty[:60], "open_quote", words, tuple(faulty.split(delimiter))))
        start = begin + read + 1


def _misquoted(lines: list[str], delimiter: str) -> bool:
    """Whether these lines make one record only because a quotation mark ran on into another row's."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    return False


def _ragged(table: Table, row: int, cells: list[str]) -> Refusal:
    words = (
        f"Row {row} has {len(cells)} cells where the header has {len(table.header)}, so its values may stand under the wrong "
        "headings. Look for a missing or unquoted separator."
    )
    return Refusal(row, None, "", "ragged_row", words, tuple(cells))


# --- workbooks -------------------------------------------------------------------------------------------------------


def _from_workbook(content: bytes, filename: str, score: Score) -> Table:
    candidates: list[tuple[int, Sheet, list[tuple[int, list[str]]], Iterator[tuple[int, list[str]]]]] = []
    for sheet in read_sheets(content, filename):
        rows = sheet.rows()
        head = list(islice(((row, cells) for row, cells in rows if any(cells)), _HEADER_WITHIN))
        if head:
            candidates.append((max(score(cells) for _, cells in head), sheet, head, rows))
    if not candidates:
        raise FileError("empty_file", f"{filename} holds no rows in any visible sheet. Export it again.")
    best = max(candidates, key=lambda candidate: candidate[0])  # the first of equals
    _, sheet, head, rest = best
    place = _header_place([cells for _, cells in head], score)
    table = Table(filename, _named(head[place][1]), "xlsx", sheet.estimated_rows, iter(()))
    _note_skipped(table, [row for row, _ in head[:place]])
    if len(candidates) > 1:
        names = ", ".join(f"'{other.title}'" for _, other, _, _ in candidates if other is not sheet)
        words = f"Only the sheet '{sheet.title}' was read; {names} also hold rows."
        table.warnings.append(Warning_(None, None, sheet.title, "other_sheets", words))
    table.records = _workbook_records(table, head[place + 1 :], rest)
    return table


def _workbook_records(
    table: Table, head: list[tuple[int, list[str]]], rest: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    width = len(table.header)
    for part in (iter(head), rest):
        for row, cells in part:
            if not any(cells):
                continue
            if len(cells) > width and any(cells[width:]):
                table.refused.append(_ragged(table, row, cells))
                continue
            # a sheet's row ends at its last filled cell
            yield row, cells[:width] + [""] * (width - len(cells))


# --- both ------------------------------------------------------------------------------------------------------------


def _header_place(rows: list[list[str]], score: Score) -> int:
    """Which of the first rows is the header: the one with most known headings, for reports put titles above it."""
    scores = [score(cells) for cells in rows]
    return scores.index(max(scores))


def _named(cells: list[str]) -> tuple[str, ...]:
    names = [" ".join(cell.split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _note_skipped(table: Table, rows: list[int]) -> None:
    if rows:
        words = f"Row(s) {_some(rows)} stand above the header and were not read."
        table.warnings.append(Warning_(rows[0], None, "", "above_header", words))


def _reporting(
    table: Table, records: Iterator[tuple[int, list[str]]], progress: Progress
) -> Iterator[tuple[int, list[str]]]:
    done = 0
    for done, record in enumerate(records, start=1):
        if done % _PROGRESS_EVERY == 0:
            progress(done, max(table.total, done))
        yield record
    progress(done, done)


def _some(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:5]))
    return shown + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
