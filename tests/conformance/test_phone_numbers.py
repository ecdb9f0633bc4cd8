"""Telephone numbers as typed by staff across UK public services (GOV.UK Notify's own cases, MIT, see the vectors' manifest)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from notifier.domain.people import PhoneKind
from notifier.domain.phones import PhoneError, parse_phone

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "phone_vectors.json"
CASES: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8")) if VECTORS.is_file() else {}

pytestmark = pytest.mark.skipif(not CASES, reason=f"THE PHONE VECTORS ARE MISSING ({VECTORS}): nothing is checked here")


def cases(*groups: str) -> list[Any]:
    """Every case of these groups, named by its position, since the values hold invisible characters."""
    found = []
    for group in groups:
        rows = CASES.get(group, [])
        for place, row in enumerate(rows.items() if isinstance(rows, dict) else rows):
            value = tuple(row) if isinstance(row, (list, tuple)) else (row,)
            found.append(pytest.param(*value, id=f"{group}-{place}"))
    return found


@pytest.mark.parametrize(("typed", "e164"), cases("valid_uk_mobile"))
def test_a_uk_mobile_is_read_however_it_is_typed(typed: str, e164: str) -> None:
    number = parse_phone(typed, allow_test_numbers=False)
    assert (number.e164, number.kind) == (e164, PhoneKind.MOBILE)


@pytest.mark.parametrize(("typed", "digits"), cases("messy_ok"))
def test_misplaced_zeros_and_plus_signs_are_understood(typed: str, digits: str) -> None:
    assert parse_phone(typed, allow_test_numbers=False).e164 == "+" + digits


@pytest.mark.parametrize("typed", cases("valid_international"))
def test_a_number_abroad_is_accepted_and_keeps_its_country(typed: str) -> None:
    assert not parse_phone(typed, allow_test_numbers=False).e164.startswith("+44")


@pytest.mark.parametrize("typed", cases("channel_islands"))
def test_a_channel_islands_mobile_is_a_mobile(typed: str) -> None:
    assert parse_phone(typed, allow_test_numbers=False).kind is PhoneKind.MOBILE


@pytest.mark.parametrize("typed", cases("valid_uk_landline"))
def test_a_uk_landline_is_real_but_never_a_mobile(typed: str) -> None:
    number = parse_phone(typed, allow_test_numbers=False)
    assert number.e164.startswith("+44")
    assert number.kind is not PhoneKind.MOBILE


@pytest.mark.parametrize("typed", cases("invalid_uk_landline"))
def test_a_number_that_no_household_has_is_refused(typed: str) -> None:
    with pytest.raises(PhoneError):
        parse_phone(typed, allow_test_numbers=True)


@pytest.mark.parametrize(("typed", "code"), cases("invalid_uk_mobile", "invalid_international", "messy_bad"))
def test_a_faulty_number_is_refused_with_its_code(typed: str, code: str) -> None:
    with pytest.raises(PhoneError) as caught:
        parse_phone(typed, allow_test_numbers=True)
    assert caught.value.code == code
