"""What the service keeps for itself: the pace of each sender, the tokens of the API, and signs of life."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from notifier.store.tables.columns import instant, table_of


class SenderBucketRow(SQLModel, table=True):
    """A token bucket for one sender, shared by every process that sends from it."""

    __tablename__ = "sender_buckets"
    sender: str = Field(primary_key=True)
    tokens: float
    filled_at: datetime = instant(nullable=False)


class ApiTokenRow(SQLModel, table=True):
    """A bearer token of a school, as a hash."""

    __tablename__ = "api_tokens"
    __table_args__ = (UniqueConstraint("token_hash"),)
    school_id: str = Field(primary_key=True)
    token_id: str = Field(primary_key=True)
    token_hash: str
    note: str = ""
    made_at: datetime = instant(nullable=False)
    last_used_at: datetime | None = instant()
    revoked_at: datetime | None = instant()


class HeartbeatRow(SQLModel, table=True):
    """When something last happened: the tick, a poll. One row for each name."""

    __tablename__ = "heartbeats"
    name: str = Field(primary_key=True)
    at: datetime = instant(nullable=False)


sender_buckets = table_of(SenderBucketRow)
api_tokens = table_of(ApiTokenRow)
heartbeats = table_of(HeartbeatRow)
