"""The columns as data, and the reference page made from them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from notifier.registers.columns import Purpose, columns_markdown, names, needed

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_reference_page_is_the_one_generated() -> None:
    page = (DOCS / "reference" / "file-columns.md").read_text(encoding="utf-8")
    assert page == columns_markdown(), "write columns_markdown() to docs/reference/file-columns.md"


@pytest.mark.parametrize("purpose", ["people", "marks"])
def test_the_example_file_shows_columns_that_exist(purpose: Purpose) -> None:
    with (DOCS / "examples" / f"{purpose}.csv").open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    assert set(needed(purpose)) <= set(header) <= set(names(purpose))


def test_what_is_needed_is_what_the_contract_says() -> None:
    assert needed("people") == ("pupil_id", "given_name", "registration_group", "carer_id", "priority")
    assert needed("marks") == ("pupil_id", "date")
