"""Links to the answer page in messages: for which messages there is one, its token and address, and when it ends.

A token is made while a message is written; the link is kept only when that very message went into the outbox. What happens when
somebody opens the link is in `notifier.services.answer_page`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection

from notifier.domain.answer_tokens import ALPHABET, LENGTH, PATH, token_hash
from notifier.domain.schools import School
from notifier.domain.sessions import at_local
from notifier.settings import Settings
from notifier.store import answer_links as store
from notifier.store import messages as message_store
from notifier.wording.templates import MessageTemplate

NEEDS = "reply_link"
"""The placeholder of messages that ask for a reason and may offer the page."""


def new_token() -> str:
    """A token nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def address_of(settings: Settings, token: str) -> str:
    """The page's address for a token."""
    return f"{settings.public_url.rstrip('/')}{PATH}{token}"


def reachable(settings: Settings) -> bool:
    """Whether the public address is one that a carer's browser may be sent to: https; for trying it out, this machine too."""
    parts = urlsplit(settings.public_url)
    if parts.scheme == "https":
        return True
    return not settings.production and _is_this_machine(parts.hostname or "")


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def end_of(day: date) -> datetime:
    """When links of a day end: midnight at its end, on the school's clock."""
    return at_local(day + timedelta(days=1), time())


def wanted(
    settings: Settings, school: School, template: MessageTemplate, channel: str, *, day: date, now: datetime
) -> bool:
    """Whether a message in these words, by this channel, gets a link."""
    return (
        channel in school.answer_links
        and any(placeholder.name == NEEDS for placeholder in template.placeholders)
        and reachable(settings)
        and now < end_of(day)
    )


def keep(connection: Connection, school: School, written: Sequence[tuple[Mapping[str, Any], str]]) -> None:
    """Keep the links of messages that were just queued, given each message's row and the token that was made for it.

    A message that stood in the outbox already keeps the link it had, or none: the body that is stored says which token goes out.
    """
    bodies = message_store.bodies_of(connection, school.key, [row["message_id"] for row, _ in written])
    links = [_link(row, token) for row, token in written if PATH + token in bodies.get(row["message_id"], "")]
    store.add_links(connection, links)


def _link(row: Mapping[str, Any], token: str) -> dict[str, Any]:
    return {
        "school_id": row["school_id"],
        "link_id": row["message_id"],
        "token_hash": token_hash(token),
        "carer_id": row["carer_id"],
        "pupil_ids": row["pupil_ids"],
        "day": row["day"],
        "channel": row["channel"],
        "address": row["to_address"],
        "language": row["wanted_language"] or "en",
        "made_at": row["created_at"],
        "expires_at": end_of(row["day"]),
        "used_at": None,
        "reply_id": None,
    }
