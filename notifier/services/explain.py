"""The whole story of one pupil's day: marks, decisions, messages, receipts, replies, and who did what, in the order it happened.

Every line comes from what was stored at the time; nothing is worked out again. Scoped by school, like everything that reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from notifier.domain.answer_tokens import without_tokens
from notifier.domain.choosing import circle_of
from notifier.domain.messages import MessageStatus
from notifier.domain.reasons import Reason, words
from notifier.domain.replies import ANSWER_PAGE, PLANS, Intent
from notifier.domain.schools import School
from notifier.domain.sessions import Session, local_date
from notifier.services.application import Application
from notifier.services.views import Document, board, iso
from notifier.store import blocks as block_store
from notifier.store import follow_ups, marks, messages, people, proposals, receipts, replies, runs

_EVENTS = {
    "opened": "follow-up opened",
    "step": "ladder",
    "step_skipped": "ladder step left out",
    "call_list": "put on the call list",
    "safeguarding_lead": "handed to the safeguarding lead",
    "handed_over": "handed over",
    "reply": "reply laid beside the mark",
    "not_reached": "not reached",
    "all_clear": "all clear",
    "closed": "follow-up closed",
    "reopened": "follow-up opened again",
    "note": "note",
    "call": "call",
    "by_hand": "written to by hand",
    "confirmed": "reason confirmed",
}
_FALLBACKS = {
    "not_approved": "not approved yet",
    "no_translation": "not translated",
    "not_offered": "not offered by the school",
}
_OWN_WORDING = {
    "own_wording_stale": "is outdated",
    "own_wording_refused": "did not pass the checks",
    "own_wording_not_approved": "is not approved yet",
}
_ENDED = frozenset({"cancelled", "expired", "withheld", "failed", "undelivered", "held"})
_RANK = {status.value: rank for rank, status in enumerate(MessageStatus)}


def explain(connection: Connection, app: Application, school: School, pupil_id: str, day: date) -> Document:
    """The story as a document. A pupil nobody knows has `known` false and an empty story."""
    roll = people.load_roll(connection, school.key, pupil_ids=[pupil_id], off_roll=True)
    pupil = roll.pupils.get(pupil_id)
    chased = [row.follow_up_id for row in follow_ups.of_day(connection, school.key, day) if row.pupil_id == pupil_id]
    sent = messages.listing(connection, school.key, day=day, pupil_id=pupil_id)
    story = [
        *_marks(connection, app, school, pupil_id, day),
        *_decisions(connection, school, pupil_id, day),
        *_follow_ups(connection, school, chased),
        *_proposals(connection, school, pupil_id, day),
        *_messages(connection, school, sent),
        *_replies(connection, school, chased),
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
        "story": sorted(story, key=lambda entry: entry["at"]),  # stable: what is told first above comes first
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
        meaning = app.codes.lookup(mark.code)
        said = f"{mark.code or 'no mark'}{f' ({meaning.meaning})' if meaning else ''}"
        yield _told(mark.received_at, f"{mark.session} mark came in: {said}", kind="mark", code=mark.code)


def _decisions(connection: Connection, school: School, pupil_id: str, day: date) -> Iterator[Document]:
    for made in runs.decision_history(connection, school.key, pupil_id, day):
        what = f"{made.session} decision: {made.outcome}. {words(made.reason).what}"
        yield _told(made.decided_at, what, kind="decision", outcome=made.outcome, reason=made.reason)


def _follow_ups(connection: Connection, school: School, ids: Sequence[str]) -> Iterator[Document]:
    for event in follow_ups.timeline(connection, school.key, ids):
        yield _told(event.at, event_words(event), kind="follow_up", actor=event.actor)


def event_words(event: Any) -> str:
    """An entry of a follow-up's timeline as the story tells it."""
    detail = event.detail
    if event.kind == "call_list" or (event.kind == "not_reached" and detail in Reason._value2member_map_):
        detail = words(detail).what
    return f"{_EVENTS.get(event.kind, event.kind)}: {detail} [{event.actor}]"


def _messages(connection: Connection, school: School, sent: Sequence[Any]) -> Iterator[Document]:
    """Messages queued, each try with a provider, receipts, and why a message ended without arriving."""
    ids = [row.message_id for row in sent]
    for row in reversed(sent):
        why = _FALLBACKS.get(row.fallback, row.fallback)
        fallback = f", in {row.language} because {row.wanted_language} is {why}" if row.fallback else ""
        if row.fallback in _OWN_WORDING:
            fallback = f", in the shipped words because the school's own wording {_OWN_WORDING[row.fallback]}"
        what = f"{_medium(row.channel)} to carer {row.carer_id} queued ({row.template}{fallback})"
        yield _told(row.created_at, what, kind="message", id=row.message_id)
    for attempt in messages.attempts_of(connection, school.key, ids):
        result = f"{attempt.outcome or 'outcome not known yet'} {attempt.detail}".strip()
        what = f"handed to {attempt.provider}: {result}"
        yield _told(attempt.started_at, what, kind="attempt", id=attempt.message_id)
    found = receipts.events_of(connection, ids)
    for event in sorted(found, key=lambda row: (row.received_at, _RANK.get(row.status, 0))):
        what = f"{event.provider} says: {event.provider_status}"
        yield _told(event.received_at, what, kind="receipt", id=event.message_id)
    for row in reversed(sent):
        if row.reason and row.status in _ENDED:
            what = f"{_medium(row.channel)} to carer {row.carer_id} {row.status}: {words(row.reason).what}"
            yield _told(row.changed_at, what, kind="message", id=row.message_id)


def _replies(connection: Connection, school: School, ids: Sequence[str]) -> Iterator[Document]:
    for reply in replies.of_follow_ups(connection, school.key, ids):
        said = f": “{without_tokens(reply.body)}”" if reply.body or reply.channel != ANSWER_PAGE else ""
        how = "answered on the page" if reply.channel == ANSWER_PAGE else "wrote"
        what = f"carer {reply.carer_id} {how}{said} ({PLANS[Intent(reply.intent)].label})"
        yield _told(reply.received_at, what, kind="reply", id=reply.reply_id)


def _proposals(connection: Connection, school: School, pupil_id: str, day: date) -> Iterator[Document]:
    """Messages outside first-day contact that were proposed that day, and what people decided about them."""
    for row in proposals.listing(connection, school.key, pupil_id=pupil_id):
        if local_date(row.made_at) == day:
            what = f"{row.template} proposed to staff: {row.grounds.get('why', '')} [{row.made_by}]"
            yield _told(row.made_at, what, kind="proposal", id=row.proposal_id)
        if row.decided_at is not None and local_date(row.decided_at) == day:
            reason = f": {row.decision_reason}" if row.decision_reason else ""
            what = f"proposed {row.template} {row.state.replace('_', ' ')}{reason} [{row.decided_by}]"
            yield _told(row.decided_at, what, kind="proposal", id=row.proposal_id, actor=row.decided_by)


def _medium(channel: str) -> str:
    return {"sms": "text", "email": "e-mail"}.get(channel, channel)


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
