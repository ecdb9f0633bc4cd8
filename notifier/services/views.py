"""Stored things as the documents that commands and the HTTP API give out. The shapes are a contract (design part 7.1).

Also the board and the whole story of one pupil's day. Everything here only reads, and is scoped by school.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier.domain.answer_tokens import without_tokens
from notifier.domain.decisions import Decision, Outcome
from notifier.domain.reasons import words
from notifier.domain.replies import PLANS, Intent
from notifier.domain.schools import School
from notifier.domain.sessions import LONDON, at_local, local_date
from notifier.services.application import Application
from notifier.services.decide import RunResult
from notifier.store import evidence, follow_ups, messages, replies, runs

Document = dict[str, Any]


def iso(instant: datetime | None) -> str | None:
    """An instant for a document: ISO 8601 with offset, UTC."""
    return instant.isoformat() if instant else None


def decision_document(
    school_id: str, day: date, session: str, decision: Decision, message_ids: tuple[str, ...]
) -> Document:
    """One decision."""
    return {
        "school": school_id,
        "pupil_id": decision.pupil_id,
        "date": day.isoformat(),
        "session": str(session),
        "code": decision.code,
        "outcome": decision.outcome.value,
        "reason": decision.reason.value,
        "message_ids": list(message_ids),
    }


def run_document(result: RunResult) -> Document:
    """A run: every decision, counts by outcome and reason, open holds, and the messages queued or standing."""
    return {
        "school": result.school_id,
        "date": result.day.isoformat(),
        "session": result.session.value,
        "decisions": [
            decision_document(
                result.school_id,
                result.day,
                result.session,
                decision,
                result.message_ids.get(decision.pupil_id, ()) if decision.outcome is Outcome.CONTACT else (),
            )
            for decision in result.decisions
        ],
        "counts": dict(result.counts),
        "holds": [hold_document(row) for row in result.holds],
        "messages": [message_document(row) for row in result.messages],
    }


def hold_document(row: Any) -> Document:
    """A hold."""
    return {
        "id": row.hold_id,
        "school": row.school_id,
        "date": row.day.isoformat(),
        "session": row.session,
        "kind": row.kind,
        "scope": row.scope,
        "detail": row.detail,
        "made_at": iso(row.made_at),
        "released_at": iso(row.released_at),
        "released_by": row.released_by,
        "next_step": words(row.kind).next_step,
    }


def message_document(row: Any) -> Document:
    """A message."""
    return {
        "id": row.message_id,
        "school": row.school_id,
        "pupil_ids": list(row.pupil_ids),
        "carer_id": row.carer_id,
        "channel": row.channel,
        "to": row.to_address,
        "template": row.template,
        "language": row.language,
        "wanted_language": row.wanted_language,
        "fallback": row.fallback,
        "subject": row.subject,
        "body": without_tokens(row.body),
        "encoding": row.encoding,
        "segments": row.segments,
        "cost_pence": row.cost_pence,
        "status": row.status,
        "reason": row.reason,
        "error_code": row.error_code,
        "purpose": row.purpose,
        "step": row.step,
        "session": row.session,
        "date": row.day.isoformat(),
        "provider": row.provider,
        "provider_id": row.provider_id,
        "attempts": row.attempts,
        "created_at": iso(row.created_at),
        "due_at": iso(row.due_at),
        "expires_at": iso(row.expires_at),
        "sent_at": iso(row.sent_at),
        "delivered_at": iso(row.delivered_at),
    }


def reply_document(row: Any) -> Document:
    """A reply, with what it was read as."""
    plan = PLANS[Intent(row.intent)]
    return {
        "id": row.reply_id,
        "school": row.school_id,
        "from": row.sender,
        "channel": row.channel,
        "received_at": iso(row.received_at),
        "body": without_tokens(row.body),
        "carer_id": row.carer_id,
        "pupil_ids": list(row.pupil_ids),
        "follow_up_id": row.follow_up_id,
        "intent": row.intent,
        "intent_words": plan.label,
        "next_step": plan.next_step,
        "urgent": bool(row.urgent),
        "suggested_code": row.suggested_code,
        "confidence": row.confidence,
        "language": row.language,
        "return_hint": row.return_hint,
        "facts": row.facts or {},
        "read_at": iso(row.read_at),
        "read_by": row.read_by,
    }


def follow_up_state(row: Any) -> str:
    """A follow-up's standing in one word: closed, urgent, answered, handed_over, call_list or chasing."""
    if row.closed_at is not None:
        return "closed"
    if row.urgent_at is not None:
        return "urgent"
    if row.answered_at is not None:
        return "answered"
    if row.handed_over_at is not None:
        return "handed_over"
    return "call_list" if row.call_list_at is not None else "chasing"


_ORDER = {"urgent": 0, "handed_over": 1, "call_list": 2, "answered": 3, "chasing": 4, "closed": 5}


def board(
    connection: Connection, app: Application, school: School, day: date, *, pupil_id: str | None = None
) -> list[Document]:
    """The day's follow-ups, of one pupil where one is named, in the order in which they need a person."""
    rows = [row for row in follow_ups.of_day(connection, school.key, day) if pupil_id in (None, row.pupil_id)]
    ids = [row.follow_up_id for row in rows]
    names = messages.names_of(connection, school.key, (row.pupil_id for row in rows))
    sent: dict[str, list[Any]] = {}
    for message in messages.of_follow_ups(connection, school.key, ids):
        sent.setdefault(message.about, []).append(message)
    answers: dict[str, list[Any]] = {}
    for reply in replies.of_follow_ups(connection, school.key, ids):
        answers.setdefault(reply.about, []).append(reply)
    documents = []
    for row in rows:
        pupil = names.get(row.pupil_id)
        flags = [flag for flag in (pupil.flags.split("|") if pupil else []) if flag]
        state = follow_up_state(row)
        reason = row.call_reason or row.reason
        documents.append(
            {
                "id": row.follow_up_id,
                "school": row.school_id,
                "pupil_id": row.pupil_id,
                "name": f"{pupil.preferred_name or pupil.given_name} {pupil.family_name}".strip() if pupil else "",
                "group": pupil.registration_group if pupil else "",
                "flags": flags,
                "date": row.day.isoformat(),
                "session": row.session,
                "state": state,
                "reason": row.reason,
                "reason_words": words(reason).what,
                "next_step_words": words(reason).next_step if state != "closed" else "",
                "opened_at": iso(row.opened_at),
                "next_step_at": iso(row.next_step_at),
                "answered_at": iso(row.answered_at),
                "urgent_at": iso(row.urgent_at),
                "call_list_at": iso(row.call_list_at),
                "call_reason": row.call_reason,
                "safeguarding_lead_at": iso(row.lead_at),
                "handed_over_at": iso(row.handed_over_at),
                "closed_at": iso(row.closed_at),
                "closed_by": row.closed_by,
                "closed_reason": row.closed_reason,
                "closed_code": row.closed_code,
                "messages": [
                    {
                        "id": item.message_id,
                        "status": item.status,
                        "channel": item.channel,
                        "carer_id": item.carer_id,
                        "purpose": item.purpose,
                    }
                    for item in sent.get(row.follow_up_id, [])
                    if item.purpose != "ack"
                ],
                "replies": [reply_document(item) for item in answers.get(row.follow_up_id, [])],
            }
        )
    return sorted(documents, key=lambda item: (_ORDER[item["state"]], item["opened_at"], item["group"], item["name"]))


def log_entries(
    connection: Connection,
    school: School,
    *,
    day: date | None,
    pupil_id: str | None = None,
    staff: bool = False,
    limit: int | None = None,
) -> list[Document]:
    """Messages and replies together, newest first; each entry has a `kind`."""
    entries: list[Document] = [
        {"kind": "message", **message_document(row)}
        for row in messages.listing(connection, school.key, day=day, pupil_id=pupil_id, staff=staff, limit=limit)
    ]
    since = until = None
    if day is not None:
        since = datetime.combine(day, datetime.min.time(), tzinfo=LONDON)
        until = since + timedelta(days=1)
    for row in replies.listing(connection, school.key, since=since, until=until, limit=limit):
        if pupil_id is None or pupil_id in row.pupil_ids:
            entries.append({"kind": "reply", **reply_document(row)})
    entries.sort(key=lambda entry: entry.get("received_at") or entry.get("created_at") or "", reverse=True)
    return entries[:limit] if limit else entries


def summary(connection: Connection, app: Application, school: School, day: date, *, now: datetime) -> Document:
    """The morning in counts: what the first screen of a day shows."""
    items = board(connection, app, school, day)
    counts = {state: sum(item["state"] == state for item in items) for state in _ORDER}
    left = ("accepted", "sent", "delivered")
    told = [
        item
        for item in items
        if any(message["purpose"] == "absence" and message["status"] in left for message in item["messages"])
    ]
    cost = messages.spent_today(connection, school.key, day)
    times = {session.value: iso(at_local(day, value.first_contact)) for session, value in school.times.items()}
    lost = evidence.unaccounted(connection, unexplained_codes=unexplained_codes(app), school_id=school.key, day=day)
    return {
        "school": school.key,
        "name": school.name,
        "date": day.isoformat(),
        "is_school_day": app.calendar(school).is_school_day(day),
        "why_closed": app.calendar(school).why_closed(day),
        "first_contact": times,
        "unexplained": len(items),
        "contacted": len(told),
        "answered": sum(bool(item["replies"]) for item in items),
        "urgent": counts["urgent"],
        "explained": sum(item["state"] == "closed" and item["closed_reason"] != "present" for item in items),
        "arrived": sum(item["closed_reason"] in ("present", "arrived_later") for item in items),
        "to_ring": sum(item["call_list_at"] is not None and item["state"] != "closed" for item in items),
        "open": sum(item["state"] != "closed" for item in items),
        "holds": [hold_document(row) for row in runs.holds_of(connection, school.key, day, open_only=True)],
        "messages": messages.counts_by_status(connection, school.key, day),
        "cost_pence": cost,
        "unaccounted": len(lost),
        "is_today": day == local_date(now),
    }


def unexplained_codes(app: Application) -> list[str]:
    """The codes that mean: no reason yet."""
    return [code for code in app.codes.codes if app.codes.triggers_contact(code)]
