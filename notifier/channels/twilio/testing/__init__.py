"""The double that stands in for Twilio: `with TwilioDouble() as twilio: …`, or `python -m notifier.channels.twilio.testing`.

`scripts` lists which number makes which trouble; docs/explanation/twilio-double.md says what it does and does not promise.
"""

from notifier.channels.twilio.testing.double import ACCOUNT_SID, AUTH_TOKEN, TwilioDouble
from notifier.channels.twilio.testing.records import DoubleMessage, SeenRequest, SentCallback
from notifier.channels.twilio.testing.scripts import DELIVERED, SCRIPTS, Script

__all__ = [
    "ACCOUNT_SID",
    "AUTH_TOKEN",
    "DELIVERED",
    "SCRIPTS",
    "DoubleMessage",
    "Script",
    "SeenRequest",
    "SentCallback",
    "TwilioDouble",
]
