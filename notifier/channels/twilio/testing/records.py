"""What the double keeps and how it shows it: messages as Twilio's own JSON, requests as they came.

The JSON follows Twilio's OpenAPI description: numbers of parts and prices are strings, dates are RFC 2822, absent things are null.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final

_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_PAIRS: Final = frozenset("\f^{}\\[~]|€")


def segments_of(body: str) -> int:
    """How many parts a text takes, by plain division: near enough for a double (pairs at a boundary are not shifted)."""
    if all(letter in _GSM or letter in _GSM_PAIRS for letter in body):
        units, single, part = sum(2 if letter in _GSM_PAIRS else 1 for letter in body), 160, 153
    else:
        units, single, part = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if units <= single else -(-units // part)


@dataclass(slots=True)
class DoubleMessage:
    """One message as the double keeps it. `service` is a Messaging Service SID; times are aware UTC."""

    sid: str
    to: str
    from_: str | None
    body: str
    status: str
    direction: str
    created: datetime
    updated: datetime
    sent: datetime | None = None
    service: str | None = None
    error_code: int | None = None
    segments: int = 1
    status_callback: str | None = None
    form: dict[str, str] = field(default_factory=dict)

    def resource(self, account_sid: str) -> dict[str, Any]:
        """The message as Twilio's API shows it."""
        uri = f"/2010-04-01/Accounts/{account_sid}/Messages/{self.sid}"
        return {
            "account_sid": account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": format_datetime(self.created),
            "date_sent": format_datetime(self.sent) if self.sent else None,
            "date_updated": format_datetime(self.updated),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.from_,
            "messaging_service_sid": self.service,
            "num_media": "0",
            "num_segments": str(self.segments),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request that reached the double. `form` holds a POST's pairs, `query` the address's."""

    method: str
    path: str
    query: dict[str, str]
    form: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SentCallback:
    """One webhook that the double posted. `answer` is the HTTP status it got, None where nobody answered."""

    url: str
    form: dict[str, str]
    signature: str
    answer: int | None
    text: str
