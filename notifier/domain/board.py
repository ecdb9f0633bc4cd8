"""The morning board: which follow-ups need a person next, and the counts that are also its filters.

Pure: a `Card` is one follow-up as it stands; nothing here knows the hour, the database or the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from notifier.domain.people import PupilFlag

RUNG_FIRST: Final = frozenset({PupilFlag.VULNERABLE, PupilFlag.LOOKED_AFTER, PupilFlag.SOCIAL_WORKER})
"""Flags of children who are looked for before others."""


class State(StrEnum):
    """A follow-up's standing in one word."""

    URGENT = "urgent"
    HANDED_OVER = "handed_over"
    CALL_LIST = "call_list"
    ANSWERED = "answered"
    CHASING = "chasing"
    CLOSED = "closed"


class Part(StrEnum):
    """A count of the board that is also a filter. A follow-up may belong to several."""

    UNEXPLAINED = "unexplained"
    URGENT = "urgent"
    RING = "ring"
    ANSWERED = "answered"
    CONTACTED = "contacted"
    UNREACHABLE = "unreachable"
    EXPLAINED = "explained"


@dataclass(frozen=True, slots=True)
class Card:
    """One follow-up on the board.

    `code` is the mark of its session as it stands now, empty for none. `left` counts the messages about the absence that the provider
    has or may have, `waiting` those that are about to leave; `answers` counts what carers wrote. Instants are aware; None has not been.
    """

    follow_up_id: str
    pupil_id: str
    name: str
    group: str
    flags: frozenset[str]
    session: str
    reason: str
    opened_at: datetime
    code: str = ""
    left: int = 0
    waiting: int = 0
    answers: int = 0
    answered_at: datetime | None = None
    urgent_at: datetime | None = None
    call_list_at: datetime | None = None
    call_reason: str | None = None
    lead_at: datetime | None = None
    handed_over_at: datetime | None = None
    next_step_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    closed_reason: str | None = None
    closed_code: str | None = None

    @property
    def state(self) -> State:
        """Where it stands."""
        return state_of(self)

    @property
    def first(self) -> bool:
        """Whether the child is one of those who are looked for before others."""
        return bool(self.flags & RUNG_FIRST)


def state_of(row: Any) -> State:
    """The standing of a follow-up, a card or a row of the table."""
    if row.closed_at is not None:
        return State.CLOSED
    if row.urgent_at is not None:
        return State.URGENT
    if row.answered_at is not None:
        return State.ANSWERED
    if row.handed_over_at is not None:
        return State.HANDED_OVER
    return State.CALL_LIST if row.call_list_at is not None else State.CHASING


def parts_of(card: Card) -> frozenset[Part]:
    """The counts a follow-up belongs to. Unexplained and explained together are all of them."""
    if card.closed_at is not None:
        found = {Part.EXPLAINED}
    else:
        found = {Part.UNEXPLAINED}
        if card.urgent_at is not None:
            found.add(Part.URGENT)
        if card.answered_at is not None or card.answers:
            found.add(Part.ANSWERED)
        if card.call_list_at is not None:
            found.add(Part.RING)
        if not card.left and not card.waiting:
            found.add(Part.UNREACHABLE)
    if card.left:
        found.add(Part.CONTACTED)
    return frozenset(found)


def counts(cards: Iterable[Card]) -> Mapping[Part, int]:
    """How many follow-ups belong to each part."""
    found = dict.fromkeys(Part, 0)
    for card in cards:
        for part in parts_of(card):
            found[part] += 1
    return found


def need(card: Card) -> tuple[Any, ...]:
    """What to sort by, so that whoever needs a person next stands first.

    Urgent answers; children who are looked for first and of whom nobody has heard; calls to be made; answers to be confirmed, the
    oldest first; those still waiting for an answer, the longest first; and what is settled.
    """
    state = card.state
    unheard = state in (State.HANDED_OVER, State.CALL_LIST, State.CHASING)
    if state is State.URGENT:
        tier = 0
    elif unheard and card.first:
        tier = 1
    elif state in (State.HANDED_OVER, State.CALL_LIST):
        tier = 2
    elif state is State.ANSWERED:
        tier = 3
    else:
        tier = 4 if state is State.CHASING else 5
    since = card.answered_at if state is State.ANSWERED and card.answered_at else card.opened_at
    return tier, not card.first, since, card.group, card.name, card.pupil_id
