"""Builds the e-mail itself: the headers that let a reply find its way back, and keep machines from answering machines.

Pure: everything it needs is an argument. The Message-ID comes from our message's id, so that a second try of the same message carries
the same one and receivers can drop the double.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from notifier.channels.base import Outgoing

TOKEN_HEADER: Final = "X-Notifier-Token"  # noqa: S105 - a header's name
"""Our own header that carries the reply token."""

# Quoted-printable or base64 where needed: some relays still break 8-bit bodies.
_POLICY: Final = SMTP.clone(cte_type="7bit", max_line_length=78)
_REFERENCE: Final = re.compile(r"<reply\.([A-Za-z0-9_-]+)@")


def message_id(own_id: str, domain: str) -> str:
    """The Message-ID header of one of our messages, with its angle brackets. The same for every attempt."""
    return f"<notifier.{re.sub(r'[^A-Za-z0-9._-]', '-', own_id)}@{domain}>"


def ascii_address(address: str) -> str:
    """The address with its domain in ASCII. Raises ValueError where it cannot be written so, or is no address at all."""
    local, at, domain = address.strip().rpartition("@")
    if not at or not local or not domain or not local.isascii() or re.search(r"[\s<>\x00-\x1f]", local):
        raise ValueError("not an e-mail address that can be written to")
    written = f"{local}@{domain.encode('idna').decode('ascii')}"
    try:
        Address(addr_spec=written)
    except (MessageError, ValueError, IndexError):
        raise ValueError("not an e-mail address that can be written to") from None
    return written


def compose(
    outgoing: Outgoing,
    *,
    from_address: str,
    from_name: str,
    reply_to: str,
    reply_plus: bool,
    now: datetime,
) -> EmailMessage:
    """The e-mail for one message. `from_address` and `reply_to` are ASCII; with `reply_plus` the token goes into the Reply-To address.

    Raises ValueError where the recipient's address cannot be written to.
    """
    domain = from_address.rpartition("@")[2]
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(_line(outgoing.sender_name or from_name), addr_spec=from_address)
    mail["To"] = Address(addr_spec=ascii_address(outgoing.to))
    mail["Subject"] = _line(outgoing.subject or outgoing.body.partition("\n")[0])[:200]
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(outgoing.message_id, domain)
    token = outgoing.reply_token
    own = (
        ascii_address(outgoing.reply_to) if outgoing.reply_to else None
    )  # a mailbox of which we know no plus addressing
    mail["Reply-To"] = Address(addr_spec=own or (_with_token(reply_to, token) if token and reply_plus else reply_to))
    if token:
        # An answer repeats the References of what it answers, so the token comes back even without a plus address.
        mail["References"] = f"<reply.{_token(token)}@{domain}>"
        mail[TOKEN_HEADER] = _token(token)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    mail.set_content(outgoing.body)
    if outgoing.html:
        mail.add_alternative(outgoing.html, subtype="html")
    mail["Content-Language"] = _line(outgoing.language)  # last: setting a content drops Content- headers
    return mail


def reply_token(headers: Mapping[str, str]) -> str | None:
    """The token that a reply brought back, from its plus address (To, Delivered-To) or its References; None where there is none."""
    for name in ("To", "Delivered-To", "X-Original-To", "Cc"):
        found = re.search(r"\+([A-Za-z0-9_-]+)@", headers.get(name, ""))
        if found:
            return found[1]
    for name in ("References", "In-Reply-To"):
        found = _REFERENCE.search(headers.get(name, ""))
        if found:
            return found[1]
    return None


def _with_token(address: str, token: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}+{_token(token)}@{domain}"


def _token(token: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "", token)


def _line(text: str) -> str:
    # A line break in a header would let a school's name or a subject add headers of its own.
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
