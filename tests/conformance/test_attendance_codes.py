"""The shipped codes against the independent table of codes in force: every code, its class, and whether it asks for contact."""

import csv
from pathlib import Path

import pytest

from notifier.configuration.codes import load_codes
from notifier.domain.codes import CodeClass

INDEPENDENT = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "attendance-codes.csv"

CLASSES = {
    "present": CodeClass.PRESENT,
    "approved educational activity": CodeClass.APPROVED_ACTIVITY,
    "authorised absence": CodeClass.AUTHORISED,
    "unauthorised absence": CodeClass.UNAUTHORISED,
    "not a possible attendance": CodeClass.NOT_POSSIBLE,
}

pytestmark = pytest.mark.skipif(
    not INDEPENDENT.is_file(), reason=f"the independent table of codes is not here: {INDEPENDENT}"
)


@pytest.fixture
def independent() -> dict[str, dict[str, str]]:
    with INDEPENDENT.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row for row in csv.DictReader(file)}


def test_exactly_the_codes_in_force_are_in_force(independent):
    assert len(independent) == 34
    assert {entry.code for entry in load_codes().codes.values() if not entry.withdrawn} == set(independent)


def test_every_code_has_its_class(independent):
    """The table has five classes and files Z and # with the codes outside the denominator; we call them administrative."""
    expected = {code: CLASSES[row["category"]] for code, row in independent.items()}
    expected |= {"Z": CodeClass.ADMINISTRATIVE, "#": CodeClass.ADMINISTRATIVE}
    table = load_codes()
    assert {code: table.codes[code].code_class for code in independent} == expected


def test_every_code_counts_in_the_denominator_as_the_table_says(independent):
    table = load_codes()
    outside = {CodeClass.NOT_POSSIBLE, CodeClass.ADMINISTRATIVE}
    ours = {code: "no" if table.codes[code].code_class in outside else "yes" for code in independent}
    assert ours == {code: row["counts_as_possible"] for code, row in independent.items()}


def test_every_code_triggers_what_the_table_says(independent):
    table = load_codes()
    ours = {code: str(table.codes[code].trigger) for code in independent}
    assert ours == {code: row["triggers_contact"] for code, row in independent.items()}
    assert {code for code in independent if table.triggers_contact(code)} == {"N"}
