"""The day that a request asks for: a date in the address, or today."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
"""Days outside are refused: they are typing errors, and the calendar has ends that arithmetic trips over."""

_WRITTEN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # Python would also take weeks, as in 2026-W48-1
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
