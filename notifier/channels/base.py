"""The port that every channel fills: what goes out, what came of it, and what comes back.

All times are aware UTC. A channel never repeats a send by itself, and says plainly when it cannot know what happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from notifier.domain.messages import MessageStatus


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message ready to leave. `attempt_id` is ours and comes back in callbacks; `to` is E.164 or an e-mail address.

    `sender` overrides the configured sender for this school (None: the default). `subject`, `html`, `reply_token` and
    `reply_to` (where answers go; None: the configured address) concern e-mail only. After `expires_at` the provider must not
    deliver it any more.
    """

    attempt_id: str
    message_id: str
    school_id: str
    to: str
    body: str
    expires_at: datetime
    sender: str | None = None
    sender_name: str | None = None
    subject: str | None = None
    html: str | None = None
    language: str = "en"
    reply_token: str | None = None
    reply_to: str | None = None


class OutcomeKind(StrEnum):
    """What is known after handing a message to a provider."""

    ACCEPTED = "accepted"  # the provider has it, and gave its id
    REFUSED = "refused"  # the provider certainly does not have it; repeating will not help
    RETRY = "retry"  # the provider certainly does not have it; try again after `retry_after` seconds
    UNKNOWN = "unknown"  # nobody can say: reconcile, never repeat blindly


class ErrorClass(StrEnum):
    """What an error asks us to do next; the table of codes is data in each channel's folder."""

    RETRY = "retry"  # certainly not processed: the same again with back-off
    LATER = "later"  # the same channel later, or the next channel
    ONCE = "once"  # one more try at the most
    AMBIGUOUS = "ambiguous"  # look for the message before anything else
    PERMANENT = "permanent"  # next contact or channel
    OPTOUT = "optout"  # record the opt-out, never again by this channel
    CONFIG = "config"  # stop sending and tell staff
    BUG = "bug"  # our own defect
    REVIEW = "review"  # a person must look


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to. `detail` is for staff and never holds a secret or a whole address."""

    kind: OutcomeKind
    provider_id: str | None = None
    status: MessageStatus | None = None
    error_code: str | None = None
    error_class: ErrorClass | None = None
    detail: str = ""
    segments: int | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery receipt, from a callback or from asking. `attempt_id` is ours where the callback carried it."""

    provider: str
    provider_id: str
    status: MessageStatus
    provider_status: str
    occurred_at: datetime
    attempt_id: str | None = None
    error_code: str | None = None
    error_class: ErrorClass | None = None
    raw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inbound:
    """A message from outside. `auto_reply` is set where its headers say that a machine wrote it."""

    provider: str
    provider_id: str
    channel: str
    sender: str
    recipient: str
    body: str
    received_at: datetime
    auto_reply: bool = False
    opt_out_type: str | None = None
    reply_token: str | None = None
    raw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProviderMessage:
    """A message as the provider's own list shows it, for reconciling."""

    provider_id: str
    to: str
    body: str
    status: MessageStatus
    provider_status: str
    created_at: datetime
    error_code: str | None = None
    error_class: ErrorClass | None = None


class ChannelUnavailable(Exception):
    """The provider could not be asked just now; the words say what to check."""


class ChannelMisconfigured(Exception):
    """A setting is missing or wrong; the words name it."""


class Channel(Protocol):
    """A way out. `name` is the provider ("twilio", "smtp", "simulator"); `medium` is what carers see ("sms", "email")."""

    name: str
    medium: str
    concurrency: int

    async def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        """Hand one message over, once. Never raises for what a provider or network may do: it says so in the outcome."""
        ...

    async def find(self, to: str, *, since: datetime) -> Sequence[ProviderMessage] | None:
        """The provider's own list of messages to an address created since then; None where it keeps no such list.

        Raises ChannelUnavailable when the list could not be read.
        """
        ...

    async def fetch(self, provider_id: str, *, now: datetime) -> Receipt | None:
        """Ask how one message stands; None where the provider cannot say. Raises ChannelUnavailable."""
        ...

    async def inbox(self, *, since: datetime) -> Sequence[Inbound]:
        """Messages that came in since then, for replies whose webhook never reached us. Raises ChannelUnavailable."""
        ...

    def receipt_class(self, error_code: str | None, status: MessageStatus) -> ErrorClass | None:
        """What a receipt kept earlier asks us to do, by its error code and status; None while nothing is wrong."""
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
