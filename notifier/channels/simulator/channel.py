"""The simulated network as a channel, for the demo and for `sms = "simulator"`.

It keeps the port's promises like a real provider, lost answers included. `fetch` works on ids of another process too, because an id
of the simulator carries its own story; `find` and `inbox` know only what this process's network object saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from notifier.channels.base import (
    ErrorClass,
    Inbound,
    Outcome,
    OutcomeKind,
    Outgoing,
    ProviderMessage,
    Receipt,
)
from notifier.channels.simulator.network import (
    FAILURES,
    PROVIDER,
    REFUSALS,
    Fate,
    SimulatedMessage,
    SimulatedNetwork,
    provider_id_for,
    receipts_of,
)
from notifier.domain.messages import MessageStatus


class SimulatorChannel:
    """One medium ("sms" or "email") of a simulated network. Two channels may share one network."""

    name: str = PROVIDER

    def __init__(self, medium: str = "sms", network: SimulatedNetwork | None = None) -> None:
        self.medium: str = medium
        self.network = network if network is not None else SimulatedNetwork()
        self.concurrency: int = 64

    async def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        """Hand one message to the network. What happens depends on the network's seed, the address and the message id only."""
        if outgoing.expires_at <= now:
            return Outcome(
                OutcomeKind.REFUSED, error_code="expired", detail="The deadline had passed; nothing was sent."
            )
        self.network.tell(now)
        again = self.network.tried_before(outgoing.message_id)
        fate = self.network.fate_of(self.medium, outgoing.to, outgoing.message_id, now)
        if fate in REFUSALS:
            code, error_class = REFUSALS[fate]
            return Outcome(
                OutcomeKind.REFUSED,
                error_code=code,
                error_class=error_class,
                detail=f"The simulated network refused: {code}.",
            )
        if fate is Fate.BUSY and not again:
            return Outcome(
                OutcomeKind.RETRY,
                error_code="busy",
                error_class=ErrorClass.RETRY,
                detail="The simulated network was busy.",
                retry_after=5.0,
            )
        if fate is Fate.NEVER_ARRIVED and not again:
            return _no_answer()
        taken = self._take(outgoing, fate if fate is not Fate.NEVER_ARRIVED else Fate.DELIVERED, now)
        if fate is Fate.ANSWER_LOST and not again:
            return _no_answer()
        return Outcome(OutcomeKind.ACCEPTED, provider_id=taken.provider_id, status=MessageStatus.ACCEPTED)

    def _take(self, outgoing: Outgoing, fate: Fate, now: datetime) -> SimulatedMessage:
        own = self.network.own_address if self.medium == "email" else self.network.own_number
        message = SimulatedMessage(
            provider_id=provider_id_for(self.network.seed, outgoing.to, outgoing.attempt_id, fate, now),
            medium=self.medium,
            message_id=outgoing.message_id,
            attempt_id=outgoing.attempt_id,
            school_id=outgoing.school_id,
            sender=outgoing.sender or own,
            to=outgoing.to,
            subject=outgoing.subject,
            body=outgoing.body,
            language=outgoing.language,
            created_at=now,
            fate=fate,
            reply_token=outgoing.reply_token,
        )
        self.network.take(message)
        return message

    async def find(self, to: str, *, since: datetime) -> Sequence[ProviderMessage]:
        """The messages that the network took for an address since then, newest first, in the state they are last known in: accepted."""
        return [
            ProviderMessage(
                message.provider_id, to, message.body, MessageStatus.ACCEPTED, "accepted", message.created_at
            )
            for message in reversed(self.network.messages)
            if message.to == to and message.medium == self.medium and message.created_at >= since
        ]

    async def fetch(self, provider_id: str, *, now: datetime) -> Receipt | None:
        """How a message stands at `now`; None for an id that is not the simulator's, or before its first receipt is due."""
        self.network.tell(now)
        try:
            due = [receipt for receipt in receipts_of(provider_id) if receipt.occurred_at <= now]
        except ValueError:
            return None
        return due[-1] if due else None

    async def inbox(self, *, since: datetime) -> Sequence[Inbound]:
        """The carers' answers by this medium since then, oldest first: also those not asked for by `replies`, none from the future."""
        until = self.network.clock or since
        replies = [r for r in self.network.inbound if r.channel == self.medium and since <= r.received_at <= until]
        return sorted(replies, key=lambda reply: reply.received_at)

    def receipt_class(self, error_code: str | None, status: MessageStatus) -> ErrorClass | None:
        """What a receipt with this code asks us to do, by the network's own table."""
        return next((found for _, code, found in FAILURES.values() if code == error_code), None)

    async def close(self) -> None:
        """Nothing to release."""


def _no_answer() -> Outcome:
    return Outcome(
        OutcomeKind.UNKNOWN,
        error_code="timeout",
        error_class=ErrorClass.AMBIGUOUS,
        detail="The simulated network gave no answer. The message may have been sent.",
    )
