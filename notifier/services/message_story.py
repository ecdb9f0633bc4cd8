"""One message as a page shows it: exactly what was sent, every attempt and receipt, the cost, and what it belongs to.

An answer has a page of the same kind. Everything comes from what was stored at the time; only the tokens of answer links are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from notifier.domain.answer_tokens import without_tokens
from notifier.domain.messages import MessageStatus
from notifier.domain.schools import School
from notifier.domain.staff_words import provider_words
from notifier.services.message_search import LogLine, lines
from notifier.services.story_words import receipt_said, result_said
from notifier.store import follow_ups, message_log, messages, names, receipts, replies
from notifier.store.message_log import IN, Entry

NOTIFIER: Final = "Notifier"


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a message. `source` is who says so: Notifier, a provider, a person."""

    at: datetime
    what: str
    source: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """A message or an answer with what belongs to it. `html` is the designed e-mail, empty where there is none."""

    line: LogLine
    steps: tuple[Step, ...]
    follow_ups: tuple[Any, ...]
    others: tuple[LogLine, ...]
    html: str


def story_of(connection: Connection, school: School, item_id: str) -> Story | None:
    """The message or answer with an id; None where the school has none."""
    row = messages.get(connection, school.key, item_id)
    if row is not None:
        return _of_message(connection, school, row)
    reply = replies.get(connection, school.key, item_id)
    return _of_reply(connection, school, reply) if reply is not None else None


def _of_message(connection: Connection, school: School, row: Any) -> Story:
    links = messages.links_of(connection, school.key, [row.message_id]).get(row.message_id, [])
    chased = follow_ups.by_ids(
        connection, school.key, sorted({link.follow_up_id for link in links if link.follow_up_id})
    )
    answers = {
        reply.reply_id: Entry(0, IN, reply)
        for reply in replies.of_follow_ups(connection, school.key, [item.follow_up_id for item in chased])
        if reply.carer_id == row.carer_id and reply.received_at >= row.created_at
    }
    direction = message_log.STAFF if row.audience == "staff" else message_log.OUT
    line, *others = lines(connection, school.key, [Entry(0, direction, row), *answers.values()])
    return Story(
        line,
        tuple(message_steps(connection, school.key, [row])),
        tuple(chased),
        tuple(others),
        without_tokens(row.html or ""),
    )


def message_steps(connection: Connection, school_id: str, rows: list[Any]) -> list[Step]:
    """What happened to messages, in order; what happened at the same moment stands in the order of cause."""
    ids = [row.message_id for row in rows]
    steps = [Step(row.created_at, "Written, to leave when it is due", NOTIFIER) for row in rows]
    for attempt in messages.attempts_of(connection, school_id, ids):
        provider = provider_words(attempt.provider)
        code = f"error {attempt.error_code}" if attempt.error_code else ""
        named = f"its number there: {attempt.provider_id}" if attempt.provider_id else ""
        more = "; ".join(filter(None, (code, attempt.detail, named)))
        number = f", try {attempt.number}" if attempt.number > 1 else ""
        steps.append(Step(attempt.started_at, f"Handed to {provider}{number}", NOTIFIER))
        if attempt.ended_at is not None:
            steps.append(Step(attempt.ended_at, result_said(attempt.outcome), provider, more))
    rank = {status.value: place for place, status in enumerate(MessageStatus)}
    for event in sorted(
        receipts.events_of(connection, ids), key=lambda row: (row.received_at, rank.get(row.status, 0))
    ):
        code = f"error {event.error_code}" if event.error_code else ""
        late = "" if event.applied else "came out of order and changed nothing"
        more = "; ".join(filter(None, (code, late)))
        steps.append(
            Step(event.received_at, receipt_said(event.status).capitalize(), provider_words(event.provider), more)
        )
    return sorted(steps, key=lambda step: step.at)


def _of_reply(connection: Connection, school: School, reply: Any) -> Story:
    chased = follow_ups.by_ids(connection, school.key, replies.follow_ups_of(connection, school.key, reply.reply_id))
    sent = {
        row.message_id: Entry(0, message_log.OUT, row)
        for row in messages.of_follow_ups(connection, school.key, [item.follow_up_id for item in chased])
        if row.carer_id == reply.carer_id
    }
    line, *others = lines(connection, school.key, [Entry(0, IN, reply), *sent.values()])
    steps = [Step(reply.received_at, "Received", provider_words(reply.provider))]
    if reply.read_at is not None:
        reader = names.staff_by_email(connection, [reply.read_by or ""]).get(reply.read_by or "", reply.read_by)
        steps.append(Step(reply.read_at, "Dealt with", reader or "staff"))
    return Story(line, tuple(steps), tuple(chased), tuple(others), "")
