"""Files as they really come: encodings, separators, titles above the header, open quotation marks, spoilt workbooks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from notifier.registers.refusals import FileError
from notifier.registers.table import Table, open_table

HEADINGS = {"pupil", "name", "group"}


def score(cells: Sequence[str]) -> int:
    return len(HEADINGS & set(cells))


def opened(content: bytes, filename: str = "pupils.csv") -> Table:
    return open_table(content, filename=filename, score=score)


def rows(table: Table) -> list[tuple[int, list[str]]]:
    return list(table.records)


def workbook(*sheets: list[list[Any]], formats: dict[str, str] | None = None) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, cells in enumerate(sheets):
        sheet = book.create_sheet(f"Sheet{number + 1}")
        for line in cells:
            sheet.append(line)
        for place, form in (formats or {}).items():
            sheet[place].number_format = form
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        pytest.param("pupil,name,group\n1,Zoë,4B\n".encode(), "utf-8", id="UTF-8"),
        pytest.param("pupil,name,group\n1,Zoë,4B\n".encode("utf-8-sig"), "utf-8-sig", id="UTF-8 with BOM"),
        pytest.param(
            "pupil;name;group\r\n1;Zoë;4B\r\n".encode("cp1252"), "windows-1252", id="Windows-1252, semicolons"
        ),
        pytest.param("pupil\tname\tgroup\n1\tZoë\t4B\n".encode("utf-16"), "utf-16", id="Excel's Unicode text"),
        pytest.param("pupil,name,group\r1,Zoë,4B\r".encode(), "utf-8", id="old Mac line ends"),
        pytest.param("sep=;\npupil;name;group\n1;Zoë;4B\n".encode(), "utf-8", id="Excel's separator line"),
        pytest.param(
            '"pupil","name","group"\n"1","Zoë","4B"'.encode(), "utf-8", id="everything quoted, no last line end"
        ),
        pytest.param("pupil,name,group,,\n1,Zoë,4B,,\n".encode(), "utf-8", id="empty columns at the end"),
    ],
)
def test_a_text_file_is_read_however_it_was_saved(content: bytes, encoding: str) -> None:
    table = opened(content)
    assert table.header == ("pupil", "name", "group")
    assert rows(table) == [(2, ["1", "Zoë", "4B"])]
    assert (table.encoding, table.refused, table.warnings) == (encoding, [], [])


def test_two_encodings_in_one_file_are_read_line_by_line_and_said() -> None:
    table = opened("pupil,name,group\n1,Zoë,4B\n".encode() + "2,Chloé,4B\n".encode("cp1252"))
    assert [cells[1] for _, cells in rows(table)] == ["Zoë", "Chloé"]
    assert table.encoding == "mixed"
    assert [(warning.code, warning.row) for warning in table.warnings] == [("mixed_encoding", 3)]


def test_a_character_of_no_encoding_is_said() -> None:
    table = opened(b"pupil,name,group\n1,Zo\x81,4B\n")
    assert [warning.code for warning in table.warnings] == ["unreadable_characters"]


def test_row_numbers_count_blank_lines_and_quoted_line_ends_as_a_spreadsheet_does() -> None:
    table = opened(b'pupil,name,group\n\n1,"two\nlines",4B\n,,\n2,Amy,4B\n')
    assert rows(table) == [(3, ["1", "two\nlines", "4B"]), (5, ["2", "Amy", "4B"])]


def test_commas_inside_a_semicolon_file_do_not_mislead() -> None:
    table = opened(b"pupil;name;group\n1;Nowak, Zofia;4B\n2;Khan, Aisha;4B\n")
    assert rows(table)[0] == (2, ["1", "Nowak, Zofia", "4B"])


def test_titles_above_the_header_are_passed_over_and_said() -> None:
    table = opened(b"Pupils of Oakfield,,\nPrinted 22/11/2026,,\npupil,name,group\n1,Amy,4B\n")
    assert (table.header, rows(table)) == (("pupil", "name", "group"), [(4, ["1", "Amy", "4B"])])
    assert [warning.code for warning in table.warnings] == ["above_header"]


@pytest.mark.parametrize("line", ["1,Amy", "1,Amy,4B,extra"], ids=["too few", "too many"])
def test_a_row_that_does_not_fit_the_header_is_refused_and_the_rest_counts(line: str) -> None:
    table = opened(f"pupil,name,group\n{line}\n2,Ben,4B\n".encode())
    assert rows(table) == [(3, ["2", "Ben", "4B"])]
    assert [(refusal.row, refusal.code) for refusal in table.refused] == [(2, "ragged_row")]
    assert table.refused[0].raw == tuple(line.split(","))


@pytest.mark.parametrize("later", ["", '4,"Dan",4B\n', "9,Zed,4B\n" * 20_000], ids=["alone", "closed later", "huge"])
def test_an_open_quotation_mark_costs_its_own_row_only(later: str) -> None:
    table = opened(f'pupil,name,group\n1,Amy,4B\n2,"Ben,4B\n3,Cy,4B\n{later}'.encode())
    good = rows(table)
    assert [cells[0] for _, cells in good][:2] == ["1", "3"]
    assert len(good) == 2 + later.count("\n")
    assert [(refusal.row, refusal.code) for refusal in table.refused] == [(3, "open_quote")]


def test_a_file_full_of_open_quotation_marks_is_refused_as_a_whole() -> None:
    table = opened(b"pupil,name,group\n" + b'1,"Amy,4B\n2,Ben,4B\n' * 300)
    with pytest.raises(FileError) as caught:
        rows(table)
    assert caught.value.code == "open_quotes"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"", "empty_file", id="nothing"),
        pytest.param(b"\xef\xbb\xbf \r\n\r\n", "empty_file", id="only a BOM and blank lines"),
        pytest.param(b",,\n,,\n", "empty_file", id="only separators"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old_excel", id="old Excel"),
        pytest.param(b"  <html><table>", "not_a_table", id="a web page named .csv"),
        pytest.param(b"%PDF-1.7", "not_a_table", id="PDF"),
        pytest.param(b"pupil,name\x00,group\n", "not_a_table", id="bytes no text has"),
        pytest.param(b"PK\x03\x04 nonsense", "damaged_workbook", id="half a workbook"),
        pytest.param(workbook([[None]]), "empty_file", id="an empty workbook"),
    ],
)
def test_what_is_no_table_is_refused_with_words(content: bytes, code: str) -> None:
    with pytest.raises(FileError) as caught:
        opened(content, "pupils.xls")
    assert caught.value.code == code
    assert "pupils.xls" in caught.value.message


def test_a_file_that_is_gone_is_refused_with_words(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"gone\.csv could not be opened"):
        open_table(tmp_path / "gone.csv", filename="gone.csv", score=score)


def test_a_workbook_gives_what_a_person_sees() -> None:
    content = workbook(
        [
            ["pupil", "name", "group"],
            [447700900123.0, date(2026, 11, 23), datetime.fromisoformat("2026-11-23T09:21")],
            [],
            [123, True, time(9, 21)],
            [1.5, None, "4B"],
        ],
        formats={"A4": "000000"},
    )
    table = opened(content, "pupils.xlsx")
    assert rows(table) == [
        (2, ["447700900123", "2026-11-23", "2026-11-23 09:21:00"]),
        (4, ["000123", "TRUE", "09:21:00"]),
        (5, ["1.5", "", "4B"]),
    ]
    assert table.encoding == "xlsx"


def test_the_sheet_with_the_known_headings_is_read_and_others_are_named() -> None:
    content = workbook([["Notes", "for", "staff"]], [["pupil", "name", "group"], ["1", "Amy", "4B"]])
    table = opened(content, "pupils.xlsx")
    assert rows(table) == [(2, ["1", "Amy", "4B"])]
    assert ["'Sheet1'" in warning.message for warning in table.warnings] == [True]


def test_no_row_of_a_long_workbook_is_lost() -> None:
    content = workbook([["pupil", "name", "group"], *([str(number), "Amy", "4B"] for number in range(100))])
    assert [int(cells[0]) for _, cells in rows(opened(content))] == list(range(100))


def test_a_workbook_damaged_inside_is_refused_with_words() -> None:
    whole = zipfile.ZipFile(io.BytesIO(workbook([["pupil", "name", "group"], ["1", "Amy", "4B"]])))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as broken:
        for name in whole.namelist():
            content = whole.read(name)
            broken.writestr(name, content[: len(content) // 2] if "worksheets" in name else content)
    with pytest.raises(FileError) as caught:
        rows(opened(out.getvalue(), "pupils.xlsx"))
    assert caught.value.code == "damaged_workbook"


def test_progress_ends_with_all_rows_done() -> None:
    seen: list[tuple[int, int]] = []
    content = b"pupil,name,group\n" + b"1,Amy,4B\n" * 5_000
    table = open_table(content, filename="p.csv", score=score, progress=lambda done, total: seen.append((done, total)))
    assert len(rows(table)) == 5_000
    assert seen == [(2_000, 5_000), (4_000, 5_000), (5_000, 5_000)]
