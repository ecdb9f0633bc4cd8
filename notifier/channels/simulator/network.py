"""A pretend telephone network and post office in one plain object, for the demo and for trying things without an account.

Nothing here moves by itself: a message's receipts and the carers' answers fall due at their own times and are handed out when the
caller says what time it is. The same seed and the same message ids give the same story, in any order of sending.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar

from notifier.channels.base import ErrorClass, Inbound, Receipt
from notifier.domain.messages import MessageStatus

T = TypeVar("T")

PROVIDER: Final = "simulator"
"""The provider's name in receipts and replies."""

STOP_WORDS: Final = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
"""Whole-message words that block a sender, as at Twilio; the block is lifted by START."""

START_WORDS: Final = frozenset({"START", "UNSTOP", "YES"})
"""Whole-message words that lift the block."""


class Fate(StrEnum):
    """What the network does with a message."""

    DELIVERED = "delivered"
    SWITCHED_OFF = "switched_off"  # undelivered; another channel or later
    NOT_IN_USE = "not_in_use"  # undelivered for good: the address is wrong
    SILENT = "silent"  # sent, and no receipt ever comes
    INVALID = "invalid"  # refused when handed over
    OPTED_OUT = "opted_out"  # refused when handed over
    BUSY = "busy"  # refused the first time, taken the second
    ANSWER_LOST = "answer_lost"  # taken, but the caller gets no answer
    NEVER_ARRIVED = "never_arrived"  # not taken, and the caller gets no answer


REFUSALS: Final = {
    Fate.INVALID: ("invalid_address", ErrorClass.PERMANENT),
    Fate.OPTED_OUT: ("opted_out", ErrorClass.OPTOUT),
}
"""Fates that are refused at once: error code and class."""

FAILURES: Final = {
    Fate.SWITCHED_OFF: (MessageStatus.UNDELIVERED, "switched_off", ErrorClass.LATER),
    Fate.NOT_IN_USE: (MessageStatus.UNDELIVERED, "not_in_use", ErrorClass.PERMANENT),
}
"""Fates that end in a bad receipt: state, error code and class."""

_LETTERS: Final = {
    Fate.DELIVERED: "d",
    Fate.SWITCHED_OFF: "o",
    Fate.NOT_IN_USE: "n",
    Fate.SILENT: "s",
    Fate.ANSWER_LOST: "d",
    Fate.BUSY: "d",
}
_FATES: Final = {"d": Fate.DELIVERED, "o": Fate.SWITCHED_OFF, "n": Fate.NOT_IN_USE, "s": Fate.SILENT}


@dataclass(frozen=True, slots=True)
class Odds:
    """How often things go wrong, from 0 to 1. `not_in_use` is drawn once per address, the others once per message."""

    not_in_use: float = 0.01
    switched_off: float = 0.02
    silent: float = 0.01
    busy: float = 0.0
    answer_lost: float = 0.0
    never_arrived: float = 0.0


NO_TROUBLE: Final = Odds(0, 0, 0)
"""Everything arrives."""


@dataclass(frozen=True, slots=True)
class SimulatedMessage:
    """One message that the network took. `attempt_id` and `message_id` are the caller's."""

    provider_id: str
    medium: str
    message_id: str
    attempt_id: str
    school_id: str
    sender: str
    to: str
    subject: str | None
    body: str
    language: str
    created_at: datetime
    fate: Fate
    reply_token: str | None = None


@dataclass(slots=True)
class SimulatedNetwork:
    """Everything the pretend network knows. `rules` fix an address's fate; the rest is drawn by `odds` from `seed`.

    `own_number` and `own_address` are where carers' answers go. `messages` holds what was taken, in order; `clock` is the latest
    time that anybody mentioned.
    """

    seed: int = 7
    odds: Odds = field(default_factory=Odds)
    rules: Mapping[str, Fate] = field(default_factory=dict)
    own_number: str = "+447700900999"
    own_address: str = "absence@simulator.example"
    messages: list[SimulatedMessage] = field(default_factory=list)
    inbound: list[Inbound] = field(default_factory=list)
    clock: datetime | None = None
    _due: list[tuple[datetime, int, Receipt]] = field(default_factory=list)
    _due_inbound: list[tuple[datetime, int, Inbound]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)
    _order: itertools.count[int] = field(default_factory=itertools.count)

    def tell(self, now: datetime) -> None:
        """Let the network know what time it is; earlier times change nothing."""
        self.clock = now if self.clock is None else max(self.clock, now)

    def has_stopped(self, number: str, now: datetime) -> bool:
        """Whether the number's last STOP or START up to `now` was a STOP."""
        words = [
            (i.received_at, i.body.strip().upper()) for i in self.inbound if i.sender == number and i.received_at <= now
        ]
        said = [word for _, word in sorted(words) if word in STOP_WORDS | START_WORDS]
        return bool(said) and said[-1] in STOP_WORDS

    def fate_of(self, medium: str, to: str, message_id: str, now: datetime) -> Fate:
        """What happens to this message: a block by STOP, the address's rule, or the draw. The same for every attempt."""
        if medium == "sms" and self.has_stopped(to, now):
            return Fate.OPTED_OUT
        if to in self.rules:
            return self.rules[to]
        odds = self.odds
        if draw(self.seed, "address", to) < odds.not_in_use:
            return Fate.NOT_IN_USE
        left = draw(self.seed, "message", message_id, to)
        for chance, fate in (
            (odds.switched_off, Fate.SWITCHED_OFF),
            (odds.silent, Fate.SILENT),
            (odds.busy, Fate.BUSY),
            (odds.answer_lost, Fate.ANSWER_LOST),
            (odds.never_arrived, Fate.NEVER_ARRIVED),
        ):
            if left < chance:
                return fate
            left -= chance
        return Fate.DELIVERED

    def tried_before(self, message_id: str) -> bool:
        """Whether this message was handed over before; remembers that it was now."""
        before = message_id in self._seen
        self._seen.add(message_id)
        return before

    def take(self, message: SimulatedMessage) -> None:
        """Store a message and set when its receipts fall due."""
        self.messages.append(message)
        for receipt in receipts_of(message.provider_id, message.attempt_id):
            heapq.heappush(self._due, (receipt.occurred_at, next(self._order), receipt))

    def receipts(self, until: datetime) -> tuple[Receipt, ...]:
        """The receipts that fell due up to `until` and were not handed out before, oldest first."""
        self.tell(until)
        return tuple(_popped(self._due, until))

    def reply(
        self, sender: str, body: str, at: datetime, *, to: str | None = None, reply_token: str | None = None
    ) -> Inbound:
        """A carer answers at `at`; the answer waits until `replies` is asked for that time. An address with @ is an e-mail.

        A whole-message STOP blocks texts from that time on, START lifts the block.
        """
        medium = "email" if "@" in sender else "sms"
        number = len(self.inbound)
        inbound = Inbound(
            provider=PROVIDER,
            provider_id=f"SIR-{_digest(self.seed, sender, body, at.isoformat(), number)[:20]}",
            channel=medium,
            sender=sender,
            recipient=to or (self.own_address if medium == "email" else self.own_number),
            body=body,
            received_at=at,
            reply_token=reply_token,
        )
        self.inbound.append(inbound)
        heapq.heappush(self._due_inbound, (at, next(self._order), inbound))
        return inbound

    def replies(self, until: datetime) -> tuple[Inbound, ...]:
        """The answers that came in up to `until` and were not handed out before, oldest first."""
        self.tell(until)
        return tuple(_popped(self._due_inbound, until))

    def next_due(self) -> datetime | None:
        """When the next receipt or answer falls due; None where nothing is outstanding."""
        heads = [queue[0][0] for queue in (self._due, self._due_inbound) if queue]
        return min(heads) if heads else None


def draw(seed: int, *parts: str) -> float:
    """A number from 0 to 1 that depends on nothing but its arguments."""
    return int(_digest(seed, *parts)[:13], 16) / 16**13


def provider_id_for(seed: int, to: str, attempt_id: str, fate: Fate, now: datetime) -> str:
    """An id that carries when the message was taken and what becomes of it, so that it can be asked after in another process."""
    moment = int(now.timestamp())
    return f"SIM-{_LETTERS[fate]}-{moment:x}-{_digest(seed, to, attempt_id, str(moment))[:16]}"


def receipts_of(provider_id: str, attempt_id: str | None = None) -> tuple[Receipt, ...]:
    """All receipts that a message will ever have, with the times they fall due. Raises ValueError for an id that is not ours."""
    parts = provider_id.split("-")
    if len(parts) != 4 or parts[0] != "SIM" or parts[1] not in _FATES:
        raise ValueError(f"{provider_id!r} is not an id of the simulator")
    fate = _FATES[parts[1]]
    created = datetime.fromtimestamp(int(parts[2], 16), UTC)
    spread = int(parts[3][:8], 16)
    sent = created + timedelta(seconds=1 + spread % 4)
    final = sent + timedelta(seconds=2 + spread // 4 % 25)
    receipts = [_receipt(provider_id, attempt_id, MessageStatus.SENT, sent)]
    if fate is Fate.DELIVERED:
        receipts.append(_receipt(provider_id, attempt_id, MessageStatus.DELIVERED, final))
    elif fate in FAILURES:
        status, code, error_class = FAILURES[fate]
        receipts.append(_receipt(provider_id, attempt_id, status, final, code, error_class))
    return tuple(receipts)


def _receipt(
    provider_id: str,
    attempt_id: str | None,
    status: MessageStatus,
    at: datetime,
    code: str | None = None,
    error_class: ErrorClass | None = None,
) -> Receipt:
    return Receipt(PROVIDER, provider_id, status, status.value, at, attempt_id, code, error_class)


def _digest(seed: int, *parts: object) -> str:
    return hashlib.sha256("\x1f".join([str(seed), *map(str, parts)]).encode()).hexdigest()


def _popped(queue: list[tuple[datetime, int, T]], until: datetime) -> Iterable[T]:
    while queue and queue[0][0] <= until:
        yield heapq.heappop(queue)[2]
