"""The life of a message: its states, and the only moves between them.

`held → queued → sending → accepted → sent → delivered`, and the ends `withheld`, `cancelled`, `expired`, `undelivered`, `failed`.
`unknown` means the provider was called and nobody can say whether it took the message: never repeated blindly, always reconciled.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class MessageStatus(StrEnum):
    """Where a message is in its life."""

    HELD = "held"
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    WITHHELD = "withheld"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


S = MessageStatus

MOVES: Final[dict[MessageStatus, frozenset[MessageStatus]]] = {
    S.HELD: frozenset({S.QUEUED, S.WITHHELD, S.CANCELLED, S.EXPIRED}),
    S.QUEUED: frozenset({S.SENDING, S.HELD, S.WITHHELD, S.CANCELLED, S.EXPIRED}),
    # back to queued only where the provider certainly refused, or was certainly never called
    S.SENDING: frozenset(
        {
            S.QUEUED,
            S.HELD,
            S.UNKNOWN,
            S.ACCEPTED,
            S.SENT,
            S.DELIVERED,
            S.UNDELIVERED,
            S.FAILED,
            S.WITHHELD,
            S.CANCELLED,
            S.EXPIRED,
        }
    ),
    # back to queued only where the provider says it never had the message
    S.UNKNOWN: frozenset({S.QUEUED, S.ACCEPTED, S.SENT, S.DELIVERED, S.UNDELIVERED, S.FAILED, S.EXPIRED}),
    S.ACCEPTED: frozenset({S.SENT, S.DELIVERED, S.UNDELIVERED, S.FAILED}),
    S.SENT: frozenset({S.DELIVERED, S.UNDELIVERED, S.FAILED}),
    S.DELIVERED: frozenset(),
    S.UNDELIVERED: frozenset(),
    S.FAILED: frozenset(),
    S.WITHHELD: frozenset(),
    S.CANCELLED: frozenset(),
    S.EXPIRED: frozenset(),
}
"""For each state, the states it may move to. Nothing else is ever written."""

MAY_HAVE_LEFT: Final = frozenset({S.SENDING, S.UNKNOWN, S.ACCEPTED, S.SENT, S.DELIVERED})
"""States in which a carer may have read, or may yet read, the message: they are told when all is clear."""

WAITING: Final = frozenset({S.HELD, S.QUEUED})
"""States in which nothing has left yet, so that a message can still be stopped."""

FINAL: Final = frozenset(state for state, moves in MOVES.items() if not moves)
"""States that nothing leaves."""


def may_move(old: MessageStatus, new: MessageStatus) -> bool:
    """Whether a message in state `old` may be written to state `new`."""
    return new in MOVES[old]


def sources_of(new: MessageStatus) -> tuple[MessageStatus, ...]:
    """The states from which `new` may be reached, for the WHERE clause of a conditional update."""
    return tuple(old for old, moves in MOVES.items() if new in moves)
