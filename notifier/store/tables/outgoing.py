"""What leaves: messages, whom they are about, each call of a provider, and the receipts that come back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from notifier.store.tables.columns import instant, json_value, private, table_of

ENDED_BADLY = "status IN ('held', 'unknown', 'accepted', 'undelivered', 'failed', 'withheld', 'cancelled', 'expired')"
"""The states that few messages are in, or few for long: found by an index that the others do not pay for."""


class MessageRow(SQLModel, table=True):
    """One text or e-mail to one carer, or an e-mail to staff. The identity makes a second identical one impossible."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("school_id", "identity"),
        Index("ix_messages_claim", "due_at", "message_id", sqlite_where=text("status = 'queued'"), postgresql_where=text("status = 'queued'")),
        Index("ix_messages_in_flight", "claimed_at", sqlite_where=text("status IN ('sending', 'unknown')"), postgresql_where=text("status IN ('sending', 'unknown')")),
        Index("ix_messages_unsettled", "sent_at", sqlite_where=text("status IN ('accepted', 'sent')"), postgresql_where=text("status IN ('accepted', 'sent')")),
        Index("ix_messages_day", "school_id", "day", "created_at"),
        Index("ix_messages_provider", "provider_id"),
        Index("ix_messages_address", "to_address", "created_at"),
        Index("ix_messages_ended_badly", "school_id", "status", sqlite_where=text(ENDED_BADLY), postgresql_where=text(ENDED_BADLY)),
    )  # fmt: skip
    school_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    identity: str
    audience: str = "carer"
    pupil_ids: Any = json_value()
    carer_id: str | None = None
    day: date
    session: str
    channel: str
    provider: str | None = None
    to_address: str = private(nullable=False)
    template: str
    template_version: str
    language: str
    wanted_language: str
    fallback: str | None = None
    subject: str | None = private()
    body: str = private(nullable=False)
    html: str | None = private()
    encoding: str
    segments: int
    cost_pence: float = 0.0
    status: str
    reason: str | None = None
    error_code: str | None = None
    purpose: str
    step: str
    provider_id: str | None = None
    attempts: int = 0
    claimed_by: str | None = None
    claimed_at: datetime | None = instant()
    created_at: datetime = instant(nullable=False)
    due_at: datetime = instant(nullable=False)
    expires_at: datetime = instant(nullable=False)
    sent_at: datetime | None = instant()
    delivered_at: datetime | None = instant()
    changed_at: datetime = instant(nullable=False)
    polled_at: datetime | None = instant()


class MessagePupilRow(SQLModel, table=True):
    """Which pupils, and which follow-ups, a message is about."""

    __tablename__ = "message_pupils"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "message_id"], ["messages.school_id", "messages.message_id"]),
        Index("ix_message_pupils_pupil", "school_id", "pupil_id", "message_id"),
        Index("ix_message_pupils_follow_up", "school_id", "follow_up_id"),
    )
    school_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    pupil_id: str = Field(primary_key=True)
    follow_up_id: str | None = None


class AttemptRow(SQLModel, table=True):
    """One call of a provider for a message, written before the call."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_attempt", "attempt_id"),)
    school_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    attempt_id: str
    provider: str
    started_at: datetime = instant(nullable=False)
    ended_at: datetime | None = instant()
    outcome: str | None = None
    provider_id: str | None = None
    error_code: str | None = None
    error_class: str | None = None
    detail: str = ""


class ProviderEventRow(SQLModel, table=True):
    """Every receipt as it came, once for each provider id and status."""

    __tablename__ = "provider_events"
    provider: str = Field(primary_key=True)
    provider_id: str = Field(primary_key=True)
    provider_status: str = Field(primary_key=True)
    status: str
    school_id: str | None = None
    message_id: str | None = None
    attempt_id: str | None = None
    error_code: str | None = None
    occurred_at: datetime = instant(nullable=False)
    received_at: datetime = instant(nullable=False)
    applied: bool = False
    raw: Any = json_value()


messages = table_of(MessageRow)
message_pupils = table_of(MessagePupilRow)
attempts = table_of(AttemptRow)
provider_events = table_of(ProviderEventRow)
