"""What follows from a reply: texts pause, an address stops, the call list grows, people are alarmed.

A reply never sets a mark and never closes anything; everything else is for a person to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from notifier.domain.answer_tokens import without_tokens
from notifier.domain.messages import MessageStatus
from notifier.domain.reasons import Reason
from notifier.domain.replies import PLANS, Intent, ReplyReading
from notifier.domain.sessions import local_date, local_time
from notifier.services import alerts, follow_up, ladder, outbox
from notifier.services.application import Application
from notifier.services.incoming import ANSWERS_TO, Match, Received, forbidden_pupils
from notifier.store import blocks as block_store
from notifier.store import follow_ups as follow_up_store
from notifier.store import messages as message_store
from notifier.store import people, records

log = structlog.get_logger()

SHARED_BY = 12
"""So many schools at the most are alarmed about one message from a number that none of them is known to have."""


def stop_strangers(connection: Connection, channel: str, sender: str, reading: ReplyReading, *, now: datetime) -> None:
    """STOP counts even where several schools use a number: each of them stops."""
    for school_id in {school_id for school_id, _ in people.carers_at(connection, channel, sender)}:
        if reading.intent is Intent.OPTOUT:
            block_store.opt_out(connection, school_id, channel, sender, source="reply", at=now)
        elif reading.is_opt_in:
            block_store.opt_in(connection, school_id, channel, sender, at=now)


def alarm_about_stranger(
    connection: Connection, app: Application, reading: ReplyReading, row: dict[str, Any], *, now: datetime
) -> None:
    """An urgent message of which nobody can say for which school it is: each that may know the number is told, so that one of them looks.

    Those are the schools that have the number on record, else those that write from the number it came to, up to SHARED_BY of them;
    beyond that only `notifier doctor` shows it.
    """
    known = {school_id for school_id, _ in people.carers_at(connection, row["channel"], row["sender"])}
    asked = [
        school
        for school in app.schools(connection)
        if (school.key in known if known else school.sms_from in (None, row["recipient"]))
    ]
    if len(asked) > SHARED_BY:
        log.error("reply.urgent_from_stranger", schools=len(asked))
        return
    for school in asked:
        _urgent(Received(connection, app, school, Match(school), reading, row, now))


def act(reply: Received) -> bool:
    """Do what its intent asks for, beside every follow-up it was matched to; False where it is not to be answered.

    START after STOP is about the texts and not about the absence: nothing pauses, and the provider has answered it.
    """
    connection, school, reading, row, now = reply.connection, reply.school, reply.reading, reply.row, reply.now
    plan = PLANS[reading.intent]
    for chased in reply.match.follow_ups:
        detail = f"{reading.intent.value}{' (urgent)' if reading.urgent else ''}"
        follow_up.note(connection, school, chased.follow_up_id, now, "reply", f"carer {row['carer_id'] or '?'}", detail)
    if reading.urgent:
        # whatever else was said: "stop it, he IS in school", or a stranger who is the only one to have seen something
        _urgent(reply)
    if reading.intent is Intent.OPTOUT:
        _opt_out(reply)
    elif reading.is_opt_in and block_store.opt_in(connection, school.key, row["channel"], row["sender"], at=now):
        return False
    elif reading.intent is Intent.WRONGNUM:
        _wrong_number(reply)
    elif plan.call_list and not reading.urgent:
        _to_call_list(reply, Reason.ASKED_FOR_CALL)
    if plan.pauses and reply.still_open and reply.match.carer is not None:
        _pause(reply)
    return True


def _to_call_list(reply: Received, reason: Reason) -> None:
    for chased in reply.still_open:
        follow_up.put_on_call_list(reply.connection, reply.school, chased, reason, reply.now)


def _pause(reply: Received) -> None:
    """Stop further automatic texts; the follow-up waits for a person, and climbs the call list if nobody comes.

    Somebody who must not be contacted about a child answers for nobody: those who may be are asked on.
    """
    connection, school, now = reply.connection, reply.school, reply.now
    forbidden = forbidden_pupils(connection, reply.match)
    rows = [row for row in reply.still_open if row.pupil_id not in forbidden]
    wait = timedelta(minutes=reply.app.policy(school).unconfirmed_wait)
    ids = [row.follow_up_id for row in rows]
    due = None if reply.reading.urgent else now + wait
    for row in rows:
        if row.answered_at is None:
            follow_up_store.change(connection, school.key, [row.follow_up_id], answered_at=now, answer_due_at=due)
    follow_up.stop_waiting(connection, school, ids, now, Reason.ANSWERED)


def _urgent(reply: Received) -> None:
    """Bring an urgent answer to people at once, whether or not a follow-up is open."""
    _to_call_list(reply, Reason.URGENT_REPLY)
    ids = [chased.follow_up_id for chased in reply.still_open]
    follow_up_store.change(reply.connection, reply.school.key, ids, urgent_at=reply.now)
    pupils = message_store.names_of(reply.connection, reply.school.key, reply.match.pupil_ids)
    names = ", ".join(f"{alerts.full_name(pupil)} ({pupil.registration_group})" for pupil in pupils.values())
    line = {
        "pupils": names or "a number we do not know",
        "time": local_time(reply.row["received_at"]),
        "text": without_tokens(reply.row["body"]),  # an answer by e-mail quotes our message, and the link in it
        "from": _who(reply),
    }
    _tell_staff(reply, "staff_urgent_reply", {"replies": [line]}, key="urgent", urgent=True)


def _opt_out(reply: Received) -> None:
    """STOP moves the family to a person; the child stays in first-day contact."""
    connection, school, row = reply.connection, reply.school, reply.row
    new = block_store.opt_out(connection, school.key, row["channel"], row["sender"], source="reply", at=reply.now)
    _stop_address(reply, Reason.OPTED_OUT)
    _to_call_list(reply, Reason.OPTED_OUT)
    if new:
        pupils = message_store.names_of(connection, school.key, reply.match.pupil_ids)
        line = {
            "name": _who(reply),
            "pupils": ", ".join(alerts.full_name(pupil) for pupil in pupils.values()) or "not known",
            "channel": "texts" if row["channel"] == "sms" else "e-mails",
            "since": local_time(row["received_at"]),
        }
        _tell_staff(reply, "staff_opted_out", {"carers": [line]}, key="opt_out")


def _who(reply: Received) -> str:
    carer = reply.match.carer
    who = carer.name if carer and carer.name else str(reply.row["sender"])
    forbidden = forbidden_pupils(reply.connection, reply.match) & set(reply.match.pupil_ids)
    return f"{who} (must not be contacted)" if forbidden else who


def _tell_staff(reply: Received, template: str, values: dict[str, Any], *, key: str, urgent: bool = False) -> None:
    outbox.tell_staff(
        reply.connection, reply.app, reply.school, template, values, key=f"{key}:{reply.row['reply_id']}",
        day=local_date(reply.now), session="", now=reply.now, urgent=urgent,
    )  # fmt: skip


def _wrong_number(reply: Received) -> None:
    """Somebody else has the number: write there no more, note the wrong disclosure, and go on to the next contact at once."""
    connection, school, row, now = reply.connection, reply.school, reply.row, reply.now
    last = reply.match.message or message_store.last_to_address(
        connection, row["channel"], row["sender"], since=now - ANSWERS_TO
    )
    if last is not None and any(link.follow_up_id for link in _links(reply, last)):
        ladder.pass_on(connection, reply.app, school, last, now=now, reason=Reason.WRONG_NUMBER)
    _to_call_list(reply, Reason.WRONG_NUMBER)
    _stop_address(reply, Reason.WRONG_NUMBER)
    records.add_audit(
        connection, school.key, at=now, actor="reply", act="breach.wrong_number", subject=row["carer_id"] or "unknown",
        detail={"reply": row["reply_id"], "pupils": list(reply.match.pupil_ids)},
    )  # fmt: skip


def _links(reply: Received, message: Any) -> Sequence[Any]:
    found = message_store.links_of(reply.connection, reply.school.key, [message.message_id])
    return found.get(message.message_id, [])


def _stop_address(reply: Received, reason: Reason) -> None:
    """Cancel what waits for this address. A wrong number is also kept from being used, until a person says that it is right."""
    connection, key, row, now = reply.connection, reply.school.key, reply.row, reply.now
    if reason is Reason.WRONG_NUMBER:
        block_store.note_fault(
            connection, key, row["channel"], row["sender"], reason="wrong_number", detail="their reply", at=now
        )
    waiting = [
        message.message_id
        for message in message_store.of_follow_ups(connection, key, [each.follow_up_id for each in reply.still_open])
        if message.to_address == row["sender"] and message.status in ("queued", "held")
    ]
    message_store.move(connection, key, waiting, MessageStatus.CANCELLED, at=now, reason=reason.value)
