"""Looks at a posted form as Twilio would, and a little more strictly: a field that Twilio does not document is refused.

The field names are those of `CreateMessageRequest` in Twilio's OpenAPI description (api_v2010). The error codes are Twilio's, from
errors.toml; an undocumented field and a validity period out of range get no code, because we know of none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

CREATE_FIELDS: Final = frozenset(
    {
        "To", "StatusCallback", "ApplicationSid", "MaxPrice", "ProvideFeedback", "Attempt", "ValidityPeriod", "ForceDelivery",
        "ContentRetention", "AddressRetention", "SmartEncoded", "PersistentAction", "TrafficType", "ShortenUrls",
        "ScheduleType", "SendAt", "SendAsMms", "ContentVariables", "RiskCheck", "From", "FallbackFrom",
        "MessagingServiceSid", "Body", "MediaUrl", "ContentSid",
    }
)  # fmt: skip
"""Every field that Twilio's create call documents."""

_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}")


def fault_in(form: Mapping[str, str]) -> tuple[int | None, str] | None:
    """What is wrong with a posted form, as Twilio's code (None: no code known) and words; None where nothing is."""
    extra = sorted(set(form) - CREATE_FIELDS)
    validity = form.get("ValidityPeriod", "1")
    callback = form.get("StatusCallback")
    faults: tuple[tuple[bool, int | None, str], ...] = (
        (bool(extra), None, f"undocumented fields: {', '.join(extra)}"),
        (not form.get("To"), 21604, "A 'To' phone number is required."),
        (not form.get("From") and not form.get("MessagingServiceSid"), 21603, "A 'From' phone number is required."),
        (not form.get("Body"), 21602, "Message body is required."),
        (len(form.get("Body", "")) > 1600, 21617, "The message body exceeds the 1600 character limit."),
        (
            not _E164.fullmatch(form.get("To", "")),
            21211,
            f"The 'To' number {form.get('To')} is not a valid phone number.",
        ),
        (not validity.isdecimal() or not 1 <= int(validity) <= 36_000, None, "ValidityPeriod must be from 1 to 36000."),
        (callback is not None and not urlsplit(callback).hostname, 21609, "The StatusCallback URL is not valid."),
    )
    return next(((code, words) for wrong, code, words in faults if wrong), None)
