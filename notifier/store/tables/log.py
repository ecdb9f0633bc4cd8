"""The log: one row for each message and reply, for reading in order and for finding."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import SQLModel

from notifier.store.tables.columns import counter, instant, private, table_of


class LogEntryRow(SQLModel, table=True):
    """A message or reply as the log finds it: what never changes about it, and its words. Rows are only added.

    `entry` counts in the order in which things came to be, over all schools; the log is read along it. `direction` is out, in or
    staff. `words` are those of `domain.search_words`; the engines' own full-text indexes over them are made by migration 0004.
    """

    __tablename__ = "log_entries"
    __table_args__ = (
        UniqueConstraint("school_id", "item_id"),
        Index("ix_log_entries_school", "school_id", "entry"),
        Index("ix_log_entries_at", "school_id", "at"),
        Index("ix_log_entries_template", "school_id", "template", "entry"),
        Index("ix_log_entries_carer", "school_id", "carer_id", "entry"),
        Index("ix_log_entries_address", "school_id", "address", "entry"),
    )
    entry: int = counter()
    school_id: str
    item_id: str
    direction: str
    at: datetime = instant(nullable=False)
    channel: str
    template: str | None = None
    carer_id: str | None = None
    address: str = private(nullable=False)
    words: str = private(nullable=False)


log_entries = table_of(LogEntryRow)
