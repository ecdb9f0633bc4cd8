"""Schools: the file and policy a school goes by, each version of them, and the steps to its first day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text, true
from sqlmodel import Field, SQLModel

from notifier.store.tables.columns import instant, table_of


class SchoolRow(SQLModel, table=True):
    """A school and its file, as added or as its settings pages left it.

    `policy_text` is the school's own copy of the policy its file names, None where it uses the shared one. While `sending` is off
    nothing leaves for families. `version` counts the changes, so that two people do not undo each other's.
    """

    __tablename__ = "schools"
    school_id: str = Field(primary_key=True)
    name: str
    file_text: str
    policy_text: str | None = None
    sending: bool = Field(default=True, nullable=False, sa_column_kwargs={"server_default": true()})
    version: int = Field(default=1, nullable=False, sa_column_kwargs={"server_default": text("1")})
    added_at: datetime = instant(nullable=False)
    changed_at: datetime = instant(nullable=False)


class SchoolVersionRow(SQLModel, table=True):
    """A school's settings as they were from `at` on: both texts whole, who changed them and which part."""

    __tablename__ = "school_versions"
    school_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: datetime = instant(nullable=False)
    by: str
    part: str
    file_text: str
    policy_text: str | None = None
    sending: bool


class SchoolStepRow(SQLModel, table=True):
    """A step of the way to a school's first day that only a person can vouch for: who did, and when."""

    __tablename__ = "school_steps"
    school_id: str = Field(primary_key=True)
    step: str = Field(primary_key=True)
    by: str
    at: datetime = instant(nullable=False)
    note: str = ""


schools = table_of(SchoolRow)
school_versions = table_of(SchoolVersionRow)
school_steps = table_of(SchoolStepRow)
