"""The day that a request asks for: a date in the address, or today; and days as people type them into forms."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
"""Days outside are refused: they are typing errors, and the calendar has ends that arithmetic trips over."""

_WRITTEN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # Python would also take weeks, as in 2026-W48-1
_TYPED: Final = re.compile(r"([0-9]{1,2})[/. -]([0-9]{1,2})[/. -]([0-9]{4})")
HOW_TO_TYPE: Final = "For example 23/11/2026"
"""The hint beside every field for a day."""

_WORDS: Final = "is not a day. Write it as YYYY-MM-DD, for example 2026-11-23."


class BadDay(ValueError):
    """The date cannot be read; the words say how to write it."""


def parse_day(text: str | None, *, today: date) -> date:
    """The day, or `today` where none is given. Raises BadDay."""
    if not text:
        return today
    try:
        day = date.fromisoformat(text) if _WRITTEN.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        raise BadDay(f"'{text[:40]}' {_WORDS}")
    return day


def typed_day(text: str | None, *, today: date) -> date:
    """A day as typed into a form, day first as in 23/11/2026, or as an address has it; `today` where none is given. Raises BadDay."""
    found = _TYPED.fullmatch((text or "").strip())
    try:
        return parse_day("{2}-{1:0>2}-{0:0>2}".format(*found.groups()) if found else (text or "").strip(), today=today)
    except BadDay:
        raise BadDay(f"“{(text or '')[:40]}” is not a day. Enter it like 23/11/2026.") from None


def as_typed(day: date) -> str:
    """A day as a form shows it: "23/11/2026"."""
    return f"{day:%d/%m/%Y}"
