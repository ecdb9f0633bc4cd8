"""Is the register fit to act on? Limits that stand between a faulty register and a hundred alarmed families.

A group whose register is not taken, or whose marks are old, is held by itself; a school with an unusual share of unexplained
absence is held whole until a second person releases it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from notifier.domain.policies import GuardLimits


class RegisterState(StrEnum):
    """Whether a registration group's register can be acted on."""

    TAKEN = "taken"
    NOT_TAKEN = "not_taken"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """What is known of one group's register: pupils on roll, those with a mark, and when its last mark came in (UTC)."""

    group: str
    on_roll: int
    marked: int
    last_mark_at: datetime | None


def register_state(facts: RegisterFacts, limits: GuardLimits, now: datetime) -> RegisterState:
    """Judge one register at a moment. A half-synchronised register counts as not taken."""
    if facts.last_mark_at is None or facts.marked == 0 or facts.marked < limits.taken_share * facts.on_roll:
        return RegisterState.NOT_TAKEN
    if now - facts.last_mark_at > timedelta(minutes=limits.stale_after):
        return RegisterState.STALE
    return RegisterState.TAKEN


def is_unusual(*, expected: int, unexplained: int, limits: GuardLimits) -> bool:
    """Whether so many of the expected pupils are unexplained that the register is more likely wrong than the children gone."""
    return unexplained >= limits.unusual_minimum and unexplained > limits.unusual_share * expected


def outgrows_release(unexplained: int, released_at_count: int) -> bool:
    """Whether the number has grown so far past what the second person saw that it must be looked at again."""
    return unexplained > max(released_at_count * 1.25, released_at_count + 5)


def closed_by_marks(*, marked: int, closure_marks: int) -> bool:
    """Whether the marks themselves say that the school is closed (`#` and whole-site closure for half of the pupils or more)."""
    return marked > 0 and closure_marks * 2 >= marked
