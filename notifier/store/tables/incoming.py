"""What comes back: replies, what they are about, and the links to the answer page."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from notifier.store.tables.columns import instant, json_value, private, table_of


class ReplyRow(SQLModel, table=True):
    """A message from outside, with how it was read and to whom it was matched. `school_id` is empty while nobody's."""

    __tablename__ = "replies"
    __table_args__ = (
        UniqueConstraint("provider", "provider_id"),
        Index("ix_replies_received", "school_id", "received_at"),
        Index("ix_replies_unread", "school_id", "received_at", sqlite_where=text("read_at IS NULL"), postgresql_where=text("read_at IS NULL")),
        Index("ix_replies_sender", "school_id", "sender", "received_at"),
    )  # fmt: skip
    school_id: str = Field(primary_key=True)
    reply_id: str = Field(primary_key=True)
    provider: str
    provider_id: str
    channel: str
    sender: str = private(nullable=False)
    recipient: str = private(nullable=False)
    body: str = private(nullable=False)
    received_at: datetime = instant(nullable=False)
    carer_id: str | None = None
    pupil_ids: Any = json_value()
    follow_up_id: str | None = None
    intent: str
    urgent: bool = False
    suggested_code: str | None = None
    confidence: float = 0.0
    language: str | None = None
    return_hint: str | None = None
    matched: Any = json_value()
    facts: Any = Field(default=None, sa_type=JSON, nullable=True)
    read_at: datetime | None = instant()
    read_by: str | None = None
    # the inbox: who deals with it, and what came of it; the version grows with each act, for whoever acts at the same time
    taken_by: str | None = None
    taken_until: datetime | None = instant()
    given_by: str | None = None
    outcome: str | None = None
    note: str | None = private()
    version: int = Field(default=1, nullable=False, sa_column_kwargs={"server_default": text("1")})


class ReplyFollowUpRow(SQLModel, table=True):
    """The follow-ups a reply was laid beside; two where a carer has two absent children."""

    __tablename__ = "reply_follow_ups"
    __table_args__ = (Index("ix_reply_follow_ups_follow_up", "school_id", "follow_up_id"),)
    school_id: str = Field(primary_key=True)
    reply_id: str = Field(primary_key=True)
    follow_up_id: str = Field(primary_key=True)


class ReplyPupilRow(SQLModel, table=True):
    """Which pupils a reply is about, for finding a pupil's replies."""

    __tablename__ = "reply_pupils"
    __table_args__ = (Index("ix_reply_pupils_pupil", "school_id", "pupil_id", "reply_id"),)
    school_id: str = Field(primary_key=True)
    reply_id: str = Field(primary_key=True)
    pupil_id: str = Field(primary_key=True)


class AnswerLinkRow(SQLModel, table=True):
    """A carer's link to the answer page: only the token's hash is kept; used once, and only until the end of its day."""

    __tablename__ = "answer_links"
    __table_args__ = (UniqueConstraint("token_hash"),)
    school_id: str = Field(primary_key=True)
    link_id: str = Field(primary_key=True)
    token_hash: str
    carer_id: str
    pupil_ids: Any = json_value()
    day: date
    channel: str
    address: str = private(nullable=False)
    language: str
    made_at: datetime = instant(nullable=False)
    expires_at: datetime = instant(nullable=False)
    used_at: datetime | None = instant()
    reply_id: str | None = None


replies = table_of(ReplyRow)
reply_follow_ups = table_of(ReplyFollowUpRow)
reply_pupils = table_of(ReplyPupilRow)
answer_links = table_of(AnswerLinkRow)
