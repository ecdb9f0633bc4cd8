"""Follow-ups: the absences being chased, and the timeline of each."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from notifier.store.tables.columns import instant, private, table_of


class FollowUpRow(SQLModel, table=True):
    """One unexplained absence being chased, until a person confirms a reason or the mark changes."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        UniqueConstraint("school_id", "pupil_id", "day", "session"),
        Index("ix_follow_ups_day", "school_id", "day"),
        Index("ix_follow_ups_due", "school_id", "next_step_at", sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
    )  # fmt: skip
    school_id: str = Field(primary_key=True)
    follow_up_id: str = Field(primary_key=True)
    pupil_id: str
    day: date
    session: str
    reason: str
    opened_at: datetime = instant(nullable=False)
    ladder_from: datetime = instant(nullable=False)
    next_step: int = 0
    next_step_at: datetime | None = instant()
    answered_at: datetime | None = instant()
    answer_due_at: datetime | None = instant()
    urgent_at: datetime | None = instant()
    call_list_at: datetime | None = instant()
    call_reason: str | None = None
    lead_at: datetime | None = instant()
    handed_over_at: datetime | None = instant()
    closed_at: datetime | None = instant()
    closed_by: str | None = None
    closed_reason: str | None = None
    closed_code: str | None = None
    version: int = 1


class FollowUpEventRow(SQLModel, table=True):
    """The timeline of a follow-up: who or what did what, when, why."""

    __tablename__ = "follow_up_events"
    __table_args__ = (Index("ix_follow_up_events_follow_up", "school_id", "follow_up_id", "at"),)
    school_id: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    follow_up_id: str
    at: datetime = instant(nullable=False)
    kind: str
    actor: str
    detail: str = private(nullable=False)


follow_ups = table_of(FollowUpRow)
follow_up_events = table_of(FollowUpEventRow)
