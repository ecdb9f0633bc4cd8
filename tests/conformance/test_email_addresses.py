"""E-mail addresses that UK public services accept and refuse (GOV.UK Notify's own cases, MIT, see the vectors' manifest)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from notifier.domain.emails import EmailError, parse_email

VECTORS = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "email_address_vectors.json"
CASES: dict[str, list[str]] = json.loads(VECTORS.read_text(encoding="utf-8")) if VECTORS.is_file() else {}

pytestmark = pytest.mark.skipif(
    not CASES, reason=f"THE E-MAIL VECTORS ARE MISSING ({VECTORS}): nothing is checked here"
)


@pytest.mark.parametrize("address", CASES.get("valid", []))
def test_a_usable_address_is_accepted(address: str) -> None:
    local, _, domain = address.rpartition("@")
    assert parse_email(address) == f"{local}@{domain.lower()}"


@pytest.mark.parametrize("allow_test", [False, True], ids=["live", "tests allowed"])
@pytest.mark.parametrize("address", CASES.get("invalid", []))
def test_an_unusable_address_is_refused(address: str, allow_test: bool) -> None:
    with pytest.raises(EmailError) as caught:
        parse_email(address, allow_test=allow_test)
    assert caught.value.code == "invalid_address"
