"""Twilio's message statuses in our own words.

The statuses are those of Twilio's OpenAPI description (`message_enum_status`); what each means for us is our reading of its
documentation, set out in docs/how-to/connect-twilio.md.
"""

from __future__ import annotations

from typing import Final

from notifier.domain.messages import MessageStatus

STATUSES: Final[dict[str, MessageStatus]] = {
    "accepted": MessageStatus.ACCEPTED,
    "scheduled": MessageStatus.ACCEPTED,
    "queued": MessageStatus.ACCEPTED,
    "sending": MessageStatus.ACCEPTED,
    "sent": MessageStatus.SENT,
    # Some parts arrived and some did not: not delivered, and not known to have failed.
    "partially_delivered": MessageStatus.SENT,
    "delivered": MessageStatus.DELIVERED,
    "read": MessageStatus.DELIVERED,
    "undelivered": MessageStatus.UNDELIVERED,
    "failed": MessageStatus.FAILED,
    "canceled": MessageStatus.FAILED,
}
"""What an outgoing message's status at Twilio means for us."""

INBOUND: Final = frozenset({"receiving", "received"})
"""Statuses that only messages from carers have."""


def message_status(provider_status: str) -> MessageStatus:
    """Our state for Twilio's status of an outgoing message.

    A word that is not in the table (Twilio adds some without notice) proves only that Twilio has the message, so it counts as
    `accepted`, which never moves a message back.
    """
    return STATUSES.get(provider_status.lower(), MessageStatus.ACCEPTED)
