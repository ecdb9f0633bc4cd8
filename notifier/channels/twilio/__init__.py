"""Texts by Twilio, through its official client. Delete this folder and Twilio is gone.

`channel` hands texts over and asks about them, `webhooks` reads what Twilio posts to us, `errors.toml` says what each error code
asks for, and `testing` is the double that stands in for Twilio in tests, demos and benchmarks.
"""

from notifier.channels.twilio.channel import EXPIRED, TwilioChannel
from notifier.channels.twilio.client import TwilioConfig
from notifier.channels.twilio.webhooks import (
    ATTEMPT,
    INBOUND_PATH,
    SIGNATURE_HEADER,
    STATUS_PATH,
    MalformedWebhook,
    check_signature,
    parse_inbound,
    parse_status,
)

__all__ = [
    "ATTEMPT",
    "EXPIRED",
    "INBOUND_PATH",
    "SIGNATURE_HEADER",
    "STATUS_PATH",
    "MalformedWebhook",
    "TwilioChannel",
    "TwilioConfig",
    "check_signature",
    "parse_inbound",
    "parse_status",
]
