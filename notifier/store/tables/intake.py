"""What came in from registers: each intake, every mark as received, and the mark that counts now."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from notifier.store.tables.columns import instant, json_value, private, table_of


class ImportRow(SQLModel, table=True):
    """One intake: a file, a push or a command."""

    __tablename__ = "imports"
    __table_args__ = (Index("ix_imports_digest", "school_id", "kind", "digest"),)
    school_id: str = Field(primary_key=True)
    import_id: str = Field(primary_key=True)
    kind: str
    source: str
    digest: str
    received_at: datetime = instant(nullable=False)
    by: str = ""
    rows: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    outcome: str = "taken_in"
    rejected_path: str | None = None
    report: Any = json_value()


class MarkRow(SQLModel, table=True):
    """A mark as it was received; rows are only ever added."""

    __tablename__ = "marks"
    __table_args__ = (Index("ix_marks_pupil", "school_id", "pupil_id", "day", "session"),)
    school_id: str = Field(primary_key=True)
    import_id: str = Field(primary_key=True)
    row: int = Field(primary_key=True)
    pupil_id: str
    day: date
    session: str
    code: str
    minutes_late: int | None = None
    comment: str = private(nullable=False)
    taken_at: datetime | None = instant()
    received_at: datetime = instant(nullable=False)


class CurrentMarkRow(SQLModel, table=True):
    """The newest mark of a pupil, day and session. `changed_at`: when this code came; `seen_at`: when it was last confirmed."""

    __tablename__ = "current_marks"
    school_id: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    session: str = Field(primary_key=True)
    pupil_id: str = Field(primary_key=True)
    code: str
    minutes_late: int | None = None
    taken_at: datetime | None = instant()
    changed_at: datetime = instant(nullable=False)
    seen_at: datetime = instant(nullable=False)


imports = table_of(ImportRow)
marks = table_of(MarkRow)
current_marks = table_of(CurrentMarkRow)
