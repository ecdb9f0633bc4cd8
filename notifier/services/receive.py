"""A message from outside: kept, matched to carer, pupils and follow-ups, read, and laid before staff.

A reply never sets a mark and never closes anything. It may pause texts, put a follow-up on the call list, stop an address, or
raise the alarm with people; everything else is for a person to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import Connection

from notifier.channels.base import Inbound
from notifier.domain.answer_tokens import without_tokens
from notifier.domain.choosing import circle_of
from notifier.domain.emails import EmailError, parse_email
from notifier.domain.messages import MessageStatus
from notifier.domain.people import Carer
from notifier.domain.phones import PhoneError, parse_phone
from notifier.domain.reasons import Reason
from notifier.domain.replies import PLANS, Intent, ReplyReading
from notifier.domain.reply_facts import Child, facts_of
from notifier.domain.reply_reading import read_reply
from notifier.domain.reply_text import strip_quoted
from notifier.domain.schools import School
from notifier.domain.sessions import local_date, local_time
from notifier.services import alerts, choose, follow_up, ladder, outbox
from notifier.services.application import Application
from notifier.store import blocks as block_store
from notifier.store import follow_ups as follow_up_store
from notifier.store import messages as message_store
from notifier.store import people, records
from notifier.store import replies as store
from notifier.store.people import Roll

log = structlog.get_logger()

ANSWERS_TO = timedelta(days=14)
"""How far back a message may lie for an incoming one to be its answer."""

ACKNOWLEDGED_PER_DAY = 3
"""Automatic answers one address may get in a day: two machines must not talk to each other."""

ACKNOWLEDGED_WITHIN = timedelta(hours=2)
"""An automatic answer that could not leave by then says nothing useful any more."""


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a message came from. `school` and `carer` are None for strangers; `follow_ups` are those it is laid beside.

    `message` is the one it certainly answers, as an answer page knows; None where that is worked out from the address.
    """

    school: School | None = None
    carer: Carer | None = None
    pupil_ids: tuple[str, ...] = ()
    follow_ups: tuple[Any, ...] = ()
    message: Any | None = None


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
        _stop_strangers(connection, app, row["channel"], row["sender"], reading, now)
        return True
    acted = {**row, **(acted_on or {})}
    _act(connection, app, match.school, match, reading, acted, now)
    if acknowledge:
        _acknowledge(connection, app, match.school, match, reading, acted, now)
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
    _act(connection, app, match.school, match, reading, kept, now)


def _plain_address(inbound: Inbound, app: Application) -> str:
    allow = app.settings.test_numbers_allowed
    try:
        if inbound.channel == "sms":
            return parse_phone(inbound.sender, allow_test_numbers=allow).e164
        return parse_email(inbound.sender, allow_test=allow)
    except (PhoneError, EmailError):
        return inbound.sender  # kept as it came: a stranger's number is still a message to read


def match_sender(
    connection: Connection, app: Application, channel: str, sender: str, *, now: datetime, recipient: str = ""
) -> Match:
    """Find carer, pupils and open follow-ups of a sender.

    Whoever answers, answers the newest message we sent there; without one, the carer on record, at the school whose number was
    written to. A carer with two absent children gets the reply laid beside both; staff split it.
    """
    last = message_store.last_to_address(connection, channel, sender, since=now - ANSWERS_TO)
    known = people.carers_at(connection, channel, sender)
    place: tuple[str, str] | None = None
    if last is not None and (last.school_id, last.carer_id) in known:
        place = (last.school_id, last.carer_id)
    elif known:
        own = [
            (school_id, carer) for school_id, carer in known if app.school(connection, school_id).sms_from == recipient
        ]
        place = (own or known)[0] if len({school_id for school_id, _ in own or known}) == 1 else None
    elif last is not None:
        place = (last.school_id, last.carer_id)  # the number changed hands on our books since
    if place is None:
        schools = app.schools(connection)
        own_school = [school for school in schools if school.sms_from == recipient and recipient]
        only = own_school or (schools if len(schools) == 1 else [])
        return Match(school=only[0]) if only else Match()
    school = app.school(connection, place[0])
    children = people.children_of(connection, school.key, place[1])
    carer = people.load_roll(connection, school.key, pupil_ids=children).carers.get(place[1])
    today = local_date(now)
    chased = follow_up_store.of_pupils(connection, school.key, list(children), since=today)
    beside = [row for row in chased if row.closed_at is None] or _about(connection, school, last, chased)
    pupil_ids = tuple(sorted({row.pupil_id for row in beside})) or children
    return Match(school, carer or Carer(place[1]), pupil_ids, tuple(beside))


def _about(connection: Connection, school: School, last: Any | None, chased: Sequence[Any]) -> list[Any]:
    """Without an open follow-up: those the answered message was about, or the day's closed ones."""
    if last is None:
        return list(chased)
    links = message_store.links_of(connection, school.key, [last.message_id]).get(last.message_id, [])
    ids = [link.follow_up_id for link in links if link.follow_up_id]
    return follow_up_store.by_ids(connection, school.key, ids) or list(chased)


def _stop_strangers(
    connection: Connection, app: Application, channel: str, sender: str, reading: ReplyReading, now: datetime
) -> None:
    """STOP counts even where several schools use a number: each of them stops."""
    for school_id in {school_id for school_id, _ in people.carers_at(connection, channel, sender)}:
        if reading.intent is Intent.OPTOUT:
            block_store.opt_out(connection, school_id, channel, sender, source="reply", at=now)
        elif reading.is_opt_in:
            block_store.opt_in(connection, school_id, channel, sender, at=now)


def _act(
    connection: Connection,
    app: Application,
    school: School,
    match: Match,
    reading: ReplyReading,
    row: dict[str, Any],
    now: datetime,
) -> None:
    plan = PLANS[reading.intent]
    still_open = [chased for chased in match.follow_ups if chased.closed_at is None]
    for chased in match.follow_ups:
        detail = f"{reading.intent.value}{' (urgent)' if reading.urgent else ''}"
        follow_up.note(connection, school, chased.follow_up_id, now, "reply", f"carer {row['carer_id'] or '?'}", detail)
    if reading.intent is Intent.OPTOUT:
        _opt_out(connection, app, school, match, row, still_open, now)
    elif reading.is_opt_in:
        block_store.opt_in(connection, school.key, row["channel"], row["sender"], at=now)
    elif reading.intent is Intent.WRONGNUM:
        if reading.urgent:  # a stranger may be the only one who saw something
            _urgent(connection, app, school, match, row, still_open, now)
            ids = [chased.follow_up_id for chased in still_open]
            follow_up_store.change(connection, school.key, ids, urgent_at=now)
        _wrong_number(connection, app, school, match, row, still_open, now)
    elif reading.urgent:
        _urgent(connection, app, school, match, row, still_open, now)
    elif plan.call_list:
        for chased in still_open:
            follow_up.put_on_call_list(connection, school, chased, Reason.ASKED_FOR_CALL, now)
    if plan.pauses and still_open and match.carer is not None:
        _pause(connection, app, school, still_open, urgent=reading.urgent, now=now)


def _pause(
    connection: Connection, app: Application, school: School, rows: Sequence[Any], *, urgent: bool, now: datetime
) -> None:
    """Stop further automatic texts; the follow-up waits for a person, and climbs the call list if nobody comes."""
    wait = timedelta(minutes=app.policy(school).unconfirmed_wait)
    ids = [row.follow_up_id for row in rows]
    for row in rows:
        if row.answered_at is None:
            follow_up_store.change(
                connection,
                school.key,
                [row.follow_up_id],
                answered_at=now,
                answer_due_at=None if urgent else now + wait,
            )
    if urgent:
        follow_up_store.change(connection, school.key, ids, urgent_at=now)
    follow_up.stop_waiting(connection, school, ids, now, Reason.ANSWERED)


def _urgent(
    connection: Connection,
    app: Application,
    school: School,
    match: Match,
    row: dict[str, Any],
    rows: Sequence[Any],
    now: datetime,
) -> None:
    """Bring an urgent answer to people at once, whether or not a follow-up is open."""
    for chased in rows:
        follow_up.put_on_call_list(connection, school, chased, Reason.URGENT_REPLY, now)
    pupils = message_store.names_of(connection, school.key, match.pupil_ids)
    names = ", ".join(f"{alerts.full_name(pupil)} ({pupil.registration_group})" for pupil in pupils.values())
    line = {
        "pupils": names or "a number we do not know",
        "time": local_time(row["received_at"]),
        "text": without_tokens(row["body"]),  # an answer by e-mail quotes our message, and the link in it
        "from": match.carer.name if match.carer and match.carer.name else row["sender"],
    }
    outbox.tell_staff(
        connection, app, school, "staff_urgent_reply", {"replies": [line]},
        key=f"urgent:{row['reply_id']}", day=local_date(now), session="", now=now, urgent=True,
    )  # fmt: skip


def _opt_out(
    connection: Connection,
    app: Application,
    school: School,
    match: Match,
    row: dict[str, Any],
    rows: Sequence[Any],
    now: datetime,
) -> None:
    """STOP moves the family to a person; the child stays in first-day contact."""
    new = block_store.opt_out(connection, school.key, row["channel"], row["sender"], source="reply", at=now)
    _stop_address(connection, school, row, rows, Reason.OPTED_OUT, now)
    for chased in rows:
        follow_up.put_on_call_list(connection, school, chased, Reason.OPTED_OUT, now)
    if new:
        pupils = message_store.names_of(connection, school.key, match.pupil_ids)
        line = {
            "name": match.carer.name if match.carer and match.carer.name else row["sender"],
            "pupils": ", ".join(alerts.full_name(pupil) for pupil in pupils.values()) or "not known",
            "channel": "texts" if row["channel"] == "sms" else "e-mails",
            "since": local_time(row["received_at"]),
        }
        outbox.tell_staff(
            connection, app, school, "staff_opted_out", {"carers": [line]},
            key=f"opt_out:{row['reply_id']}", day=local_date(now), session="", now=now,
        )  # fmt: skip


def _wrong_number(
    connection: Connection,
    app: Application,
    school: School,
    match: Match,
    row: dict[str, Any],
    rows: Sequence[Any],
    now: datetime,
) -> None:
    """Somebody else has the number: never again, note the wrong disclosure, and go on to the next contact at once."""
    last = match.message or message_store.last_to_address(
        connection, row["channel"], row["sender"], since=now - ANSWERS_TO
    )
    if last is not None and any(link.follow_up_id for link in _links(connection, school, last)):
        ladder.pass_on(connection, app, school, last, now=now, reason=Reason.WRONG_NUMBER)
    for chased in rows:
        follow_up.put_on_call_list(connection, school, chased, Reason.WRONG_NUMBER, now)
    _stop_address(connection, school, row, rows, Reason.WRONG_NUMBER, now)
    records.add_audit(
        connection, school.key, at=now, actor="reply", act="breach.wrong_number", subject=row["carer_id"] or "unknown",
        detail={"reply": row["reply_id"], "pupils": list(match.pupil_ids)},
    )  # fmt: skip


def _links(connection: Connection, school: School, message: Any) -> list[Any]:
    return message_store.links_of(connection, school.key, [message.message_id]).get(message.message_id, [])


def _stop_address(
    connection: Connection, school: School, row: dict[str, Any], rows: Sequence[Any], reason: Reason, now: datetime
) -> None:
    """Cancel what waits for this address. A wrong number is also kept from ever being used again."""
    if reason is Reason.WRONG_NUMBER:
        block_store.note_fault(
            connection, school.key, row["channel"], row["sender"], reason="wrong_number", detail="their reply", at=now
        )
    ids = [chased.follow_up_id for chased in rows]
    waiting = [
        message.message_id
        for message in message_store.of_follow_ups(connection, school.key, ids)
        if message.to_address == row["sender"] and message.status in ("queued", "held")
    ]
    message_store.move(connection, school.key, waiting, MessageStatus.CANCELLED, at=now, reason=reason.value)


def _may_answer(
    connection: Connection, app: Application, school: School, roll: Roll, match: Match, now: datetime, channel: str
) -> bool:
    """Never answer a stranger, nor somebody whom the school may not contact about any of these pupils."""
    if match.carer is None or not match.carer.carer_id:
        return False
    blocks = block_store.load_blocks(connection, school.key, local_date(now))
    allowed = False
    for pupil_id in match.pupil_ids:
        pupil = roll.pupils.get(pupil_id)
        if pupil is None:
            continue
        circle = circle_of(
            pupil,
            roll.contacts.get(pupil_id, ()),
            roll.carers,
            school_channels=app.usable_channels(school),
            blocks=blocks,
        )
        for reach in circle.reaches:
            if reach.carer.carer_id == match.carer.carer_id:
                if reach.contact.no_contact or reach.barrier is not None or channel not in reach.channels:
                    return False
                allowed = True
    return allowed


def _acknowledge(
    connection: Connection,
    app: Application,
    school: School,
    match: Match,
    reading: ReplyReading,
    row: dict[str, Any],
    now: datetime,
) -> None:
    """Queue the reviewed answer to this kind of reply, unless that could be a loop, a stranger or a forbidden contact."""
    template = choose.acknowledgement(app, school, reading.intent, urgent=reading.urgent, at=row["received_at"])
    if template is None:
        return
    if reading.intent is Intent.THANKS and all(chased.closed_at is not None for chased in match.follow_ups):
        return  # thanks for an all clear: asking again for a reason would be a false alarm
    wrong = template == "wrong_number"
    if not app.policy(school).automatic_answers or match.carer is None or row["channel"] not in school.channels:
        return
    since = now - timedelta(hours=24)
    if store.answers_sent_count(connection, school.key, row["sender"], since) > ACKNOWLEDGED_PER_DAY:
        return
    roll = people.load_roll(connection, school.key, pupil_ids=match.pupil_ids, off_roll=True)
    if not wrong and not _may_answer(connection, app, school, roll, match, now, row["channel"]):
        return
    draft = outbox.Draft(
        carer=match.carer,
        channel=row["channel"],
        address=row["sender"],
        pupils=() if wrong else tuple(roll.pupils[key] for key in match.pupil_ids if key in roll.pupils),
        template=template,
        purpose=outbox.ACKNOWLEDGEMENT,
        step=f"reply:{row['reply_id']}",
        follow_up_ids={} if wrong else {chased.pupil_id: chased.follow_up_id for chased in match.follow_ups},
    )
    session = match.follow_ups[0].session if match.follow_ups else ""
    timing = outbox.Timing(now=now, due_at=now, expires_at=now + ACKNOWLEDGED_WITHIN)
    outbox.queue(connection, app, school, [draft], day=local_date(now), session=session, timing=timing)
