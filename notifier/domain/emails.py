"""E-mail addresses as they stand in school records: one plain address, checked by its form, never by asking a server.

The address is kept as the carer's provider knows it (the domain in lower case, the part before the @ untouched). Addresses
under the reserved names .example, .test and .invalid reach nobody; they are for tests and demonstrations only.
"""

from __future__ import annotations

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email


class EmailError(ValueError):
    """A value that is not one usable address. `code` is invalid_address or test_address; `message` is for staff."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


_INVISIBLE = re.compile(r"[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
# RFC 2606 and RFC 6761; the second-level names example.com, .org and .net belong to documentation as well, but have the
# form of any other address and are let through.
_RESERVED = ("example", "test", "invalid", "localhost", "local")
_TEST_ONLY = ("example", "test", "invalid")


def parse_email(raw: str, *, allow_test: bool = False) -> str:
    """The address, normalised. Raises EmailError.

    With `allow_test`, the reserved domains .example, .test and .invalid are accepted.
    """
    address, code, message = _read(raw, allow_test)
    if address is None:
        raise EmailError(code, message)
    return address


def masked(address: str) -> str:
    """The address for logs: its first letter and its domain ("a•••@example.org")."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}" if at else "•••"


@lru_cache(maxsize=65_536)
def _read(raw: str, allow_test: bool) -> tuple[str | None, str, str]:
    typed = _INVISIBLE.sub("", raw).strip()
    last_label = typed.rstrip(".").rpartition(".")[2].lower()
    if last_label in _RESERVED and "@" in typed:
        if not (allow_test and last_label in _TEST_ONLY):
            return None, "test_address", f"'{typed}' ends in .{last_label}, a name that reaches nobody."
        # The library refuses these names; .org stands in for them while the form is checked.
        checked, words = _check(typed.rstrip(".")[: -len(last_label)] + "org")
        address = None if checked is None else checked[: -len("org")] + last_label
        return (address, "", "") if address else (None, "invalid_address", _explain(typed, words))
    checked, words = _check(typed)
    if checked is None:
        return None, "invalid_address", _explain(typed, words)
    return checked, "", ""


def _check(typed: str) -> tuple[str | None, str]:
    try:
        found = validate_email(typed, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as error:
        return None, str(error)
    return found.normalized, ""


def _explain(typed: str, words: str) -> str:
    if typed.count("@") > 1 or any(mark in typed for mark in ";,|<>"):
        return f"'{typed}' is more than one plain e-mail address. Give one address only, without a name."
    return f"'{typed}' is not an e-mail address: {words}"
