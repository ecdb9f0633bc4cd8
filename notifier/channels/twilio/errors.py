"""Looks up what a Twilio error code asks us to do. The table is data: errors.toml beside this module.

Twilio says that its error texts are not for programs, so only the codes count; the words shown to staff are ours.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from notifier.channels.base import ErrorClass
from notifier.domain.messages import MessageStatus

_TABLE: Final = Path(__file__).with_name("errors.toml")
_UNHAPPY: Final = frozenset({MessageStatus.UNDELIVERED, MessageStatus.FAILED})


@dataclass(frozen=True, slots=True)
class TwilioError:
    """One row of the table. `stage` is "create" (the answer to our request) or "delivery" (a receipt)."""

    code: int
    stage: str
    error_class: ErrorClass
    meaning: str


@cache
def table() -> dict[int, TwilioError]:
    """The whole table by code, read once. Raises ValueError naming the code where a class is not one of ours."""
    rows = tomllib.loads(_TABLE.read_text(encoding="utf-8"))["error"]
    return {
        row["code"]: TwilioError(row["code"], row["stage"], ErrorClass(row["class"]), row["meaning"]) for row in rows
    }


def lookup(code: int | str | None) -> TwilioError | None:
    """The row of one code, or None where the table does not have it (or there is no code at all)."""
    try:
        return table().get(int(code)) if code is not None else None
    except ValueError:
        return None


def receipt_class(code: int | str | None, status: MessageStatus) -> ErrorClass | None:
    """What a delivery receipt asks for: None while nothing is wrong, `review` where the code is missing or not in the table."""
    known = lookup(code)
    if known is not None:
        return known.error_class
    return ErrorClass.REVIEW if status in _UNHAPPY else None
