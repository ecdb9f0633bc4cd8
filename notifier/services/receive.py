"""A message from outside: read, kept, laid beside the pupil's day, and acted on, in one transaction.

Whom it came from is worked out in `incoming`, what follows from it in `act_on_reply`, and whether it is answered in `acknowledge`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import Connection

from notifier.channels.base import Inbound
from notifier.domain.emails import EmailError, parse_email
from notifier.domain.phones import PhoneError, parse_phone
from notifier.domain.replies import Intent, ReplyReading
from notifier.domain.reply_facts import Child, facts_of
from notifier.domain.reply_reading import read_reply
from notifier.domain.reply_text import strip_quoted
from notifier.domain.sessions import local_date
from notifier.services.acknowledge import queue_answer
from notifier.services.act_on_reply import act, alarm_about_stranger, stop_strangers
from notifier.services.application import Application
from notifier.services.incoming import Match, Received, forbidden_pupils, match_sender
from notifier.store import messages as message_store
from notifier.store import people
from notifier.store import replies as store

log = structlog.get_logger()


def receive_message(connection: Connection, app: Application, inbound: Inbound, *, now: datetime) -> str | None:
    """Take one incoming message in; returns the reply's id, or None where it had come before."""
    sender = _plain_address(inbound, app)
    match = match_sender(connection, app, inbound.channel, sender, now=now, recipient=inbound.recipient)
    text = strip_quoted(inbound.body) if inbound.channel == "email" else inbound.body
    reading = read_reply(
        text,
        lexicon=app.lexicon,
        model=app.reply_model,
        language=match.carer.language if match.carer else None,
        auto_reply=inbound.auto_reply,
        opt_out_type=inbound.opt_out_type,
    )
    if forbidden_pupils(connection, match) & set(match.pupil_ids):
        # whatever it says: somebody who must not be contacted knows of the absence, or has the child
        reading = replace(reading, urgent=True, suggested_code=None)
    facts = facts_in(connection, app, match, text, inbound.received_at)
    reply_id = str(uuid4())
    row = {
        "school_id": match.school.key if match.school else "",
        "reply_id": reply_id,
        "provider": inbound.provider,
        "provider_id": inbound.provider_id,
        "channel": inbound.channel,
        "sender": sender,
        "recipient": inbound.recipient,
        "body": inbound.body,
        "received_at": inbound.received_at,
        "carer_id": match.carer.carer_id if match.carer else None,
        "pupil_ids": list(match.pupil_ids),
        "follow_up_id": _shown_first(match, facts),
        "intent": reading.intent.value,
        "urgent": reading.urgent,
        "suggested_code": reading.suggested_code,
        "confidence": reading.confidence,
        "language": reading.language,
        "return_hint": reading.return_hint,
        "matched": list(reading.matched),
        "facts": facts or None,
    }
    return reply_id if take_reply(connection, app, match, reading, row, now=now) else None


def take_reply(
    connection: Connection,
    app: Application,
    match: Match,
    reading: ReplyReading,
    row: dict[str, Any],
    *,
    now: datetime,
    acted_on: dict[str, Any] | None = None,
    acknowledge: bool = True,
) -> bool:
    """Keep a reply that was matched and read, and do what follows from it; False where it had come before.

    `acted_on` are values that differ from those kept, such as the channel an answer page's link was sent by. Without `acknowledge`
    no answer is queued: the carer has it already.
    """
    if not store.add_reply(connection, row, [chased.follow_up_id for chased in match.follow_ups]):
        return False
    if match.school is not None:
        people.lock_school(connection, match.school.key)
    log.info("reply.received", school=row["school_id"], intent=row["intent"], urgent=reading.urgent)
    if match.school is None:
        stop_strangers(connection, row["channel"], row["sender"], reading, now=now)
        if reading.urgent:
            alarm_about_stranger(connection, app, reading, row, now=now)
        return True
    reply = Received(connection, app, match.school, match, reading, {**row, **(acted_on or {})}, now)
    if act(reply) and acknowledge:
        queue_answer(reply)
    return True


def facts_in(
    connection: Connection, app: Application, match: Match, text: str, received_at: datetime
) -> dict[str, Any]:
    """What the reply says of return, time, child and condition: proposals for staff."""
    pupils = message_store.names_of(connection, match.school.key, match.pupil_ids) if match.school else {}
    children = [
        Child(pupil_id, tuple(name for name in (pupil.preferred_name, pupil.given_name) if name))
        for pupil_id, pupil in pupils.items()
    ]
    found: dict[str, Any] = facts_of(
        text, app.fact_words, received=local_date(received_at), children=children
    ).document()
    if app.reply_model is not None and (near := app.reply_model.closest(text)) is not None:
        found["closest"] = near
    return found


def _shown_first(match: Match, facts: dict[str, Any]) -> str | None:
    """The follow-up a reply is shown with first: that of a child it names, else the first of those it is laid beside."""
    named = [row for row in match.follow_ups if row.pupil_id in facts.get("pupil_ids", ())]
    return next((row.follow_up_id for row in (*named, *match.follow_ups)), None)


def act_on_linked(connection: Connection, app: Application, match: Match, row: Any, *, now: datetime) -> None:
    """Do what follows from a kept reply, once a person has said whose it is. It is not answered: the address is not on record."""
    assert match.school is not None
    reading = ReplyReading(
        intent=Intent(row.intent), urgent=bool(row.urgent), suggested_code=row.suggested_code, confidence=row.confidence,
        language=row.language,
    )  # fmt: skip
    kept = {"reply_id": row.reply_id, "channel": row.channel, "sender": row.sender, "body": row.body,
            "received_at": row.received_at, "carer_id": match.carer.carer_id if match.carer else None}  # fmt: skip
    act(Received(connection, app, match.school, match, reading, kept, now))


def _plain_address(inbound: Inbound, app: Application) -> str:
    allow = app.settings.test_numbers_allowed
    try:
        if inbound.channel == "sms":
            return parse_phone(inbound.sender, allow_test_numbers=allow).e164
        return parse_email(inbound.sender, allow_test=allow)
    except (PhoneError, EmailError):
        return inbound.sender  # kept as it came: a stranger's number is still a message to read
