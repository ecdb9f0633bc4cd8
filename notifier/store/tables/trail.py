"""Who did what, and who looked at whom: the chained audit and the looks that are sealed into it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from notifier.store.tables.columns import counter, instant, json_value, table_of


class AuditRow(SQLModel, table=True):
    """Who did what, when; each entry carries the hash of the one before, so that a gap or a change shows."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "school_id", "at", "number"),)
    school_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: datetime = instant(nullable=False)
    actor: str
    act: str
    subject: str
    detail: Any = json_value()
    previous_hash: str
    entry_hash: str


class LookRow(SQLModel, table=True):
    """Who looked at what about a pupil, once for each ten minutes. `sealed_in` is the audit entry that holds their hash."""

    __tablename__ = "looks"
    __table_args__ = (
        UniqueConstraint("school_id", "actor", "what", "subject", "pupil_id", "since"),
        Index("ix_looks_at", "school_id", "at"),
        Index("ix_looks_pupil", "school_id", "pupil_id", "at"),
        Index("ix_looks_sealed", "school_id", "sealed_in", "number"),
    )
    number: int = counter()
    school_id: str
    pupil_id: str
    actor: str
    what: str
    subject: str
    at: datetime = instant(nullable=False)
    since: datetime = instant(nullable=False)
    sealed_in: int | None = None


audit = table_of(AuditRow)
looks = table_of(LookRow)
