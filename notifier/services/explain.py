"""The whole story of one pupil's day: marks, decisions, messages, receipts, replies, and who did what, in the order it happened.

Every line comes from what was stored at the time; nothing is worked out again. Scoped by school, like everything that reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier.domain.answer_tokens import without_tokens
from notifier.domain.choosing import circle_of
from notifier.domain.messages import MessageStatus
from notifier.domain.reasons import words
from notifier.domain.schools import School
from notifier.domain.sessions import Session, local_date
from notifier.services.application import Application
from notifier.services.story_words import (
    Names,
    decision_said,
    event_said,
    mark_said,
    medium,
    message_ended,
    message_said,
    names_for,
    proposal_decided,
    proposal_said,
    receipt_said,
    reply_said,
    try_said,
)
from notifier.services.views import Document, board, iso
from notifier.store import blocks as block_store
from notifier.store import follow_ups, marks, messages, people, proposals, receipts, replies, runs

_ENDED = frozenset({"cancelled", "expired", "withheld", "failed", "undelivered", "held"})
_RANK = {status.value: rank for rank, status in enumerate(MessageStatus)}
_KINDS = ("reply", "opened", "reopened", "call", "not_reached", "step_skipped", "step", "by_hand", "call_list", "safeguarding_lead",
          "handed_over", "closed", "note", "all_clear")  # fmt: skip
_CAUSES = {kind: place for place, kind in enumerate(_KINDS)}
"""Entries of a timeline that were made at the same moment, by what brought about what."""
_SOON = timedelta(minutes=1)


def explain(connection: Connection, app: Application, school: School, pupil_id: str, day: date) -> Document:
    """The story as a document. A pupil nobody knows has `known` false and an empty story."""
    roll = people.load_roll(connection, school.key, pupil_ids=[pupil_id], off_roll=True)
    pupil = roll.pupils.get(pupil_id)
    chased = [row.follow_up_id for row in follow_ups.of_day(connection, school.key, day) if row.pupil_id == pupil_id]
    sent = messages.listing(connection, school.key, day=day, pupil_id=pupil_id)
    events = follow_ups.timeline(connection, school.key, chased)
    answers = replies.of_follow_ups(connection, school.key, chased)
    proposed = proposals.listing(connection, school.key, pupil_id=pupil_id)
    known = names_for(
        connection,
        school.key,
        carers=[row.carer_id for row in [*sent, *answers]],
        actors=[*(event.actor for event in events), *(row.decided_by for row in proposed)],
    )
    story = [
        *_marks(connection, app, school, pupil_id, day),
        *_replies(answers, known),
        *_decisions(connection, school, pupil_id, day),
        *_proposals(proposed, day, known),
        *_follow_ups(events, answers, known),
        *_messages(connection, school, sent, known),
    ]
    standing = runs.current_decisions(connection, school.key, day)
    return {
        "school": school.key,
        "pupil_id": pupil_id,
        "name": f"{pupil.called} {pupil.family_name}".strip() if pupil else None,
        "group": pupil.registration_group if pupil else None,
        "known": pupil is not None,
        "date": day.isoformat(),
        "marks": _current(connection, school, pupil_id, day),
        "decisions": [
            {
                "session": row.session,
                "code": row.code,
                "outcome": row.outcome,
                "reason": row.reason,
                "words": words(row.reason).what,
            }
            for (_, key), row in sorted(standing.items())
            if key == pupil_id
        ],
        "follow_ups": board(connection, app, school, day, pupil_id=pupil_id),
        "contacts": _contacts(connection, app, school, roll, pupil_id, day),
        # What happened at the same moment stands in the order of cause: the lists above are in it, and sorting keeps it.
        "story": sorted(story, key=lambda entry: entry["at"]),
    }


def _told(at: datetime, what: str, **more: Any) -> Document:
    return {"at": iso(at), "what": what, **more}


def _current(connection: Connection, school: School, pupil_id: str, day: date) -> dict[str, str]:
    found = {
        session.value: marks.session_marks(connection, school.key, day, session, pupil_ids=[pupil_id])
        for session in Session
    }
    return {session: by_pupil[pupil_id].code for session, by_pupil in found.items() if pupil_id in by_pupil}


def _marks(connection: Connection, app: Application, school: School, pupil_id: str, day: date) -> Iterator[Document]:
    for mark in marks.history(connection, school.key, pupil_id, day):
        what = mark_said(
            mark.session, mark.code, app.codes.lookup(mark.code), unexplained=app.codes.triggers_contact(mark.code)
        )
        yield _told(mark.received_at, what, kind="mark", code=mark.code)


def _decisions(connection: Connection, school: School, pupil_id: str, day: date) -> Iterator[Document]:
    for made in runs.decision_history(connection, school.key, pupil_id, day):
        what = decision_said(made.session, made.outcome, made.reason)
        yield _told(made.decided_at, what, kind="decision", outcome=made.outcome, reason=made.reason)


def _follow_ups(events: Sequence[Any], answers: Sequence[Any], known: Names) -> Iterator[Document]:
    """The timeline, without the entries that only say that an answer came: the answer itself stands in the story."""
    for event in sorted(events, key=lambda event: (event.at, _CAUSES.get(event.kind, len(_CAUSES)))):
        if event.kind == "reply" and any(abs(reply.received_at - event.at) < _SOON for reply in answers):
            continue
        yield _told(event.at, event_said(event, known), kind="follow_up", actor=event.actor)


def event_words(connection: Connection, school_id: str, events: Sequence[Any]) -> list[str]:
    """Entries of a follow-up's timeline as the story tells them."""
    known = names_for(connection, school_id, actors=[event.actor for event in events])
    return [event_said(event, known) for event in events]


def _messages(connection: Connection, school: School, sent: Sequence[Any], known: Names) -> Iterator[Document]:
    """Messages queued, each try with a provider, receipts, and why a message ended without arriving."""
    rows = {row.message_id: row for row in reversed(sent)}
    to = {key: f"{medium(row.channel)} to {known.carer(row.carer_id)}" for key, row in rows.items()}
    for key, row in rows.items():
        yield _told(row.created_at, message_said(row, known), kind="message", id=key)
    for attempt in messages.attempts_of(connection, school.key, list(rows)):
        more = f" ({attempt.detail})" if attempt.detail else ""
        what = f"{to[attempt.message_id]}: {try_said(attempt)}{more}"
        yield _told(attempt.started_at, what, kind="attempt", id=attempt.message_id)
    found = receipts.events_of(connection, list(rows))
    for event in sorted(found, key=lambda row: (row.received_at, _RANK.get(row.status, 0))):
        what = f"{to[event.message_id]}: {receipt_said(event.status)}"
        yield _told(event.received_at, what, kind="receipt", id=event.message_id)
    for key, row in rows.items():
        if row.reason and row.status in _ENDED:
            yield _told(row.changed_at, message_ended(row, known), kind="message", id=key)


def _replies(answers: Sequence[Any], known: Names) -> Iterator[Document]:
    told = set()
    for reply in answers:
        if reply.reply_id not in told:  # one may lie beside the morning and the afternoon
            told.add(reply.reply_id)
            what = reply_said(reply, known, without_tokens(reply.body))
            yield _told(reply.received_at, what, kind="reply", id=reply.reply_id)


def _proposals(proposed: Sequence[Any], day: date, known: Names) -> Iterator[Document]:
    """Messages outside first-day contact that were proposed that day, and what people decided about them."""
    for row in proposed:
        if local_date(row.made_at) == day:
            yield _told(row.made_at, proposal_said(row), kind="proposal", id=row.proposal_id)
        if row.decided_at is not None and local_date(row.decided_at) == day:
            what = proposal_decided(row, known)
            yield _told(row.decided_at, what, kind="proposal", id=row.proposal_id, actor=row.decided_by)


def _contacts(
    connection: Connection, app: Application, school: School, roll: people.Roll, pupil_id: str, day: date
) -> list[Document]:
    """Everybody the school has for the pupil, and whether an automatic message may go to them at all."""
    pupil = roll.pupils.get(pupil_id)
    if pupil is None:
        return []
    circle = circle_of(
        pupil,
        roll.contacts.get(pupil_id, ()),
        roll.carers,
        school_channels=app.usable_channels(school),
        blocks=block_store.load_blocks(connection, school.key, day),
    )
    return [
        {
            "carer_id": reach.carer.carer_id,
            "name": reach.carer.name,
            "relationship": reach.contact.relationship,
            "priority": reach.contact.priority,
            "language": reach.carer.language,
            "may_be_written_to": reach.barrier is None,
            "barrier": reach.barrier.value if reach.barrier else None,
            "channels": list(reach.channels),
        }
        for reach in circle.reaches
    ]
