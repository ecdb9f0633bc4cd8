"""What makes a message the same message: its identity, from which its id is derived.

Two processes that decide the same thing derive the same id, and the database refuses the second.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import NAMESPACE_URL, UUID, uuid5

_MESSAGES = uuid5(NAMESPACE_URL, "notifier:message")
_FOLLOW_UPS = uuid5(NAMESPACE_URL, "notifier:follow-up")


def message_identity(
    *,
    pupil_ids: Iterable[str],
    day: date,
    session: str,
    carer_id: str,
    channel: str,
    purpose: str,
    step: str,
) -> str:
    """The natural key of a message within a school (design rule 1), as one text."""
    pupils = "+".join(sorted(pupil_ids))
    return "|".join((pupils, day.isoformat(), session, carer_id, channel, purpose, step))


def message_id(school_id: str, identity: str) -> str:
    """The id of the message with that identity: the same wherever and whenever it is worked out."""
    return str(uuid5(_MESSAGES, f"{school_id}|{identity}"))


def follow_up_id(school_id: str, pupil_id: str, day: date, session: str) -> str:
    """The id of the follow-up of one pupil's absence."""
    return str(uuid5(_FOLLOW_UPS, f"{school_id}|{pupil_id}|{day.isoformat()}|{session}"))


def is_id(text: str) -> bool:
    """Whether a text from outside can be one of our ids at all."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
