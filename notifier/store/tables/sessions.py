"""What was concluded about a session: its run, what the guards held, and a decision for each pupil."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from notifier.store.tables.columns import instant, json_value, table_of


class RunRow(SQLModel, table=True):
    """One run of a school's session; the key makes any number of schedulers harmless. Later passes act on what came since."""

    __tablename__ = "runs"
    school_id: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    session: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    by: str
    started_at: datetime = instant(nullable=False)
    last_pass_at: datetime | None = instant()
    reported_at: datetime | None = instant()
    passes: int = 0
    counts: Any = json_value()


class HoldRow(SQLModel, table=True):
    """Something the guards stopped: a group's register, or the whole school. `measure` is what was counted when it was made."""

    __tablename__ = "holds"
    __table_args__ = (
        UniqueConstraint("school_id", "day", "session", "kind", "scope", "ordinal"),
        Index("ix_holds_open", "school_id", "day", sqlite_where=text("released_at IS NULL"), postgresql_where=text("released_at IS NULL")),
    )  # fmt: skip
    school_id: str = Field(primary_key=True)
    hold_id: str = Field(primary_key=True)
    day: date
    session: str
    kind: str
    scope: str = ""
    ordinal: int = 1
    measure: int = 0
    detail: str = ""
    made_at: datetime = instant(nullable=False)
    made_by: str = "scheduler"
    released_at: datetime | None = instant()
    released_by: str | None = None


class DecisionRow(SQLModel, table=True):
    """What a run concluded for a pupil, each time the conclusion changed. Pupils marked present have no row."""

    __tablename__ = "decisions"
    school_id: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    session: str = Field(primary_key=True)
    pupil_id: str = Field(primary_key=True)
    ordinal: int = Field(primary_key=True)
    code: str
    outcome: str
    reason: str
    decided_at: datetime = instant(nullable=False)
    current: bool = True


runs = table_of(RunRow)
holds = table_of(HoldRow)
decisions = table_of(DecisionRow)
