"""What the morning board reads: every follow-up of a day with its counts in one query, registers by group in another.

Nothing here asks once for each pupil: a board of two thousand takes as many queries as one of twenty.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, case, func, select

from notifier.domain.board import Card
from notifier.domain.messages import MAY_HAVE_LEFT, WAITING
from notifier.store.database import in_chunks
from notifier.store.tables import (
    current_marks,
    decisions,
    follow_ups,
    message_pupils,
    messages,
    pupils,
    reply_follow_ups,
)

_OWN = (
    "follow_up_id", "pupil_id", "session", "reason", "opened_at", "answered_at", "urgent_at", "call_list_at", "call_reason",
    "lead_at", "handed_over_at", "next_step_at", "closed_at", "closed_by", "closed_reason", "closed_code",
)  # fmt: skip


def cards(connection: Connection, school_id: str, day: date) -> list[Card]:
    """The day's follow-ups with their pupils, marks, and how many messages left and answers came; in no order."""
    sent = (
        select(
            message_pupils.c.follow_up_id,
            func.sum(case((messages.c.status.in_(sorted(MAY_HAVE_LEFT)), 1), else_=0)).label("gone"),
            func.sum(case((messages.c.status.in_(sorted(WAITING)), 1), else_=0)).label("waiting"),
        )
        .join(
            messages,
            and_(
                messages.c.school_id == message_pupils.c.school_id, messages.c.message_id == message_pupils.c.message_id
            ),
        )
        .where(messages.c.school_id == school_id, messages.c.day == day, messages.c.purpose == "absence")
        .group_by(message_pupils.c.follow_up_id)
        .subquery()
    )
    answers = (
        select(reply_follow_ups.c.follow_up_id, func.count().label("answers"))
        .join(
            follow_ups,
            and_(
                follow_ups.c.school_id == reply_follow_ups.c.school_id,
                follow_ups.c.follow_up_id == reply_follow_ups.c.follow_up_id,
            ),
        )
        .where(follow_ups.c.school_id == school_id, follow_ups.c.day == day)
        .group_by(reply_follow_ups.c.follow_up_id)
        .subquery()
    )
    own = [follow_ups.c[name] for name in _OWN]
    pupil = (
        pupils.c.given_name,
        pupils.c.preferred_name,
        pupils.c.family_name,
        pupils.c.registration_group,
        pupils.c.flags,
    )
    query = (
        select(*own, *pupil, current_marks.c.code, sent.c.gone, sent.c.waiting, answers.c.answers)
        .outerjoin(
            pupils, and_(pupils.c.school_id == follow_ups.c.school_id, pupils.c.pupil_id == follow_ups.c.pupil_id)
        )
        .outerjoin(
            current_marks,
            and_(
                current_marks.c.school_id == follow_ups.c.school_id,
                current_marks.c.day == follow_ups.c.day,
                current_marks.c.session == follow_ups.c.session,
                current_marks.c.pupil_id == follow_ups.c.pupil_id,
            ),
        )
        .outerjoin(sent, sent.c.follow_up_id == follow_ups.c.follow_up_id)
        .outerjoin(answers, answers.c.follow_up_id == follow_ups.c.follow_up_id)
        .where(follow_ups.c.school_id == school_id, follow_ups.c.day == day)
    )
    return [_card(row) for row in connection.execute(query)]


def _card(row: Any) -> Card:
    values: dict[str, Any] = dict(zip(_OWN, row, strict=False))  # the query's own columns come first
    return Card(
        **values,
        name=f"{row.preferred_name or row.given_name or ''} {row.family_name or ''}".strip() or row.pupil_id,
        group=row.registration_group or "",
        flags=frozenset(flag for flag in (row.flags or "").split("|") if flag),
        code=row.code or "",
        left=int(row.gone or 0),
        waiting=int(row.waiting or 0),
        answers=int(row.answers or 0),
    )


def messages_beside(connection: Connection, school_id: str, ids: Sequence[str]) -> list[Any]:
    """Messages about some follow-ups, without their words, each with the follow-up's id as `about`; oldest first."""
    found: list[Any] = []
    columns = (
        messages.c.message_id,
        messages.c.channel,
        messages.c.status,
        messages.c.carer_id,
        messages.c.purpose,
        messages.c.created_at,
    )
    for chunk in in_chunks(list(ids)):
        query = (
            select(*columns, message_pupils.c.follow_up_id.label("about"))
            .join(
                message_pupils,
                and_(
                    message_pupils.c.school_id == messages.c.school_id,
                    message_pupils.c.message_id == messages.c.message_id,
                ),
            )
            .where(
                messages.c.school_id == school_id, message_pupils.c.follow_up_id.in_(chunk), messages.c.purpose != "ack"
            )
            .order_by(messages.c.created_at, messages.c.message_id)
        )
        found.extend(connection.execute(query))
    return found


@dataclass(frozen=True, slots=True)
class GroupRegister:
    """One group's register in a session: pupils on roll, marks made, pupils without a reason, when its last mark came (UTC)."""

    group: str
    on_roll: int
    marked: int
    unexplained: int
    last_mark_at: datetime | None


def registers(
    connection: Connection, school_id: str, day: date, session: str, *, unexplained_codes: Collection[str]
) -> list[GroupRegister]:
    """Every group's register, by the group's name."""
    marked = func.coalesce(current_marks.c.code, "").not_in(("", "-"))
    query = (
        select(
            pupils.c.registration_group,
            func.count().label("on_roll"),
            func.sum(case((marked, 1), else_=0)).label("marked"),
            func.sum(case((current_marks.c.code.in_(sorted(unexplained_codes)), 1), else_=0)).label("unexplained"),
            func.max(case((marked, current_marks.c.seen_at), else_=None)).label("last"),
        )
        .outerjoin(
            current_marks,
            and_(
                current_marks.c.school_id == pupils.c.school_id,
                current_marks.c.day == day,
                current_marks.c.session == session,
                current_marks.c.pupil_id == pupils.c.pupil_id,
            ),
        )
        .where(pupils.c.school_id == school_id, pupils.c.on_roll)
        .group_by(pupils.c.registration_group)
        .order_by(pupils.c.registration_group)
    )
    return [
        GroupRegister(
            row.registration_group, int(row.on_roll), int(row.marked or 0), int(row.unexplained or 0), row.last
        )
        for row in connection.execute(query)
    ]


def held_pupils(connection: Connection, school_id: str, day: date, session: str) -> list[Any]:
    """Pupils without a reason whose contact is held, with the reason of the hold, by group and name."""
    query = (
        select(pupils.c.pupil_id, pupils.c.given_name, pupils.c.preferred_name, pupils.c.family_name,
               pupils.c.registration_group, decisions.c.reason, decisions.c.code)
        .join(decisions, and_(decisions.c.school_id == pupils.c.school_id, decisions.c.pupil_id == pupils.c.pupil_id))
        .where(
            decisions.c.school_id == school_id, decisions.c.day == day, decisions.c.session == session, decisions.c.current,
            decisions.c.outcome == "hold",
        )
        .order_by(pupils.c.registration_group, pupils.c.family_name, pupils.c.given_name)
    )  # fmt: skip
    return list(connection.execute(query))


def roll_names(connection: Connection, school_id: str) -> list[Any]:
    """Every pupil on roll by name and group, for searching: a few thousand short rows."""
    columns = (
        pupils.c.pupil_id,
        pupils.c.given_name,
        pupils.c.preferred_name,
        pupils.c.family_name,
        pupils.c.registration_group,
    )
    query = select(*columns).where(pupils.c.school_id == school_id, pupils.c.on_roll)
    return list(connection.execute(query.order_by(pupils.c.family_name, pupils.c.given_name, pupils.c.pupil_id)))


def confirmed(connection: Connection, school_id: str, day: date) -> list[Any]:
    """Follow-ups of a day that a person confirmed, with pupil and the mark as it stands now; by group and name."""
    columns = (
        follow_ups.c.follow_up_id, follow_ups.c.pupil_id, follow_ups.c.session, follow_ups.c.closed_code, follow_ups.c.closed_by,
        follow_ups.c.closed_at, pupils.c.given_name, pupils.c.preferred_name, pupils.c.family_name,
        pupils.c.registration_group, current_marks.c.code,
    )  # fmt: skip
    query = (
        select(*columns)
        .join(pupils, and_(pupils.c.school_id == follow_ups.c.school_id, pupils.c.pupil_id == follow_ups.c.pupil_id))
        .outerjoin(
            current_marks,
            and_(
                current_marks.c.school_id == follow_ups.c.school_id,
                current_marks.c.day == follow_ups.c.day,
                current_marks.c.session == follow_ups.c.session,
                current_marks.c.pupil_id == follow_ups.c.pupil_id,
            ),
        )
        .where(follow_ups.c.school_id == school_id, follow_ups.c.day == day, follow_ups.c.closed_reason == "confirmed")
        .order_by(pupils.c.registration_group, pupils.c.family_name, pupils.c.given_name, follow_ups.c.session)
    )
    return list(connection.execute(query))
