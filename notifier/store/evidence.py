"""The promise as a query: which unexplained absences are not accounted for?

Every mark with an unexplained code, of a session whose run has begun, must have a decision that stands. One that says
"contact", or that a person must ring, must have a follow-up, and one that says "contacted already" another session's; an open
follow-up must have a message on its way or delivered, or a place on the call list. What this returns is a silent loss, and there
must never be any.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Exists, and_, exists, or_, select

from notifier.domain.decisions import FOR_STAFF
from notifier.domain.messages import MAY_HAVE_LEFT, WAITING
from notifier.domain.reasons import Reason
from notifier.store.tables import current_marks, decisions, follow_ups, message_pupils, messages, pupils, runs


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """An unexplained absence nobody is chasing, and what is missing."""

    school_id: str
    pupil_id: str
    day: date
    session: str
    missing: str


def unaccounted(
    connection: Connection, *, unexplained_codes: Collection[str], school_id: str | None = None, day: date | None = None
) -> list[Unaccounted]:
    """Every unexplained absence that is neither contacted, held, withheld with a reason, nor on a person's list."""
    mark, made, chased = current_marks.c, decisions.c, follow_ups.c
    query = (
        select(
            mark.school_id, mark.pupil_id, mark.day, mark.session,
            made.outcome, made.reason, chased.follow_up_id, chased.closed_at, chased.call_list_at,
            _live_message().label("message"), _chased_today().label("chased_today"),
        )
        .select_from(current_marks)
        .join(pupils, and_(pupils.c.school_id == mark.school_id, pupils.c.pupil_id == mark.pupil_id, pupils.c.on_roll))
        .join(runs, and_(runs.c.school_id == mark.school_id, runs.c.day == mark.day, runs.c.session == mark.session))
        .outerjoin(
            decisions,
            and_(
                made.school_id == mark.school_id, made.day == mark.day, made.session == mark.session,
                made.pupil_id == mark.pupil_id, made.current,
            ),
        )
        .outerjoin(
            follow_ups,
            and_(
                chased.school_id == mark.school_id, chased.day == mark.day, chased.session == mark.session,
                chased.pupil_id == mark.pupil_id,
            ),
        )
        .where(mark.code.in_(sorted(unexplained_codes)), or_(runs.c.last_pass_at.is_(None), mark.changed_at <= runs.c.last_pass_at))
    )  # fmt: skip
    if school_id is not None:
        query = query.where(mark.school_id == school_id)
    if day is not None:
        query = query.where(mark.day == day)
    found = []
    for row in connection.execute(query):
        missing = _missing(row)
        if missing:
            found.append(Unaccounted(row.school_id, row.pupil_id, row.day, row.session, missing))
    return found


def _live_message() -> Exists:
    return exists(
        select(messages.c.message_id)
        .join(
            message_pupils,
            and_(
                message_pupils.c.school_id == messages.c.school_id,
                message_pupils.c.message_id == messages.c.message_id,
            ),
        )
        .where(
            message_pupils.c.school_id == follow_ups.c.school_id,
            message_pupils.c.follow_up_id == follow_ups.c.follow_up_id,
            messages.c.purpose == "absence",
            messages.c.status.in_(sorted(MAY_HAVE_LEFT | WAITING)),
        )
    )


def _chased_today() -> Exists:
    """Whether another session's follow-up chases this absence, was closed by a person, or closed only since the run looked."""
    other = follow_ups.alias("other")
    return exists(
        select(other.c.follow_up_id).where(
            other.c.school_id == current_marks.c.school_id,
            other.c.day == current_marks.c.day,
            other.c.pupil_id == current_marks.c.pupil_id,
            or_(
                other.c.closed_at.is_(None),
                other.c.closed_reason == "confirmed",
                other.c.closed_at > runs.c.last_pass_at,
            ),
        )
    )


def _missing(row: object) -> str | None:
    outcome, reason = getattr(row, "outcome", None), getattr(row, "reason", None)
    if outcome is None:
        return "no decision"
    if reason == Reason.ALREADY_CONTACTED and not getattr(row, "chased_today", False):
        return "the follow-up of the morning is closed"
    if outcome == "hold" or (outcome == "withhold" and reason not in FOR_STAFF):
        return None
    if getattr(row, "follow_up_id", None) is None:
        return "no follow-up"
    if getattr(row, "closed_at", None) is not None or getattr(row, "call_list_at", None) is not None:
        return None
    return None if getattr(row, "message", False) else "no message and not on the call list"
