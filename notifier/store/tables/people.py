"""People: pupils, carers, and the link between them. As the newest people file has them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index
from sqlmodel import Field, SQLModel

from notifier.store.tables.columns import instant, private, table_of


class PupilRow(SQLModel, table=True):
    """A pupil on the school's roll; `on_roll` is cleared when a full people file no longer names the pupil."""

    __tablename__ = "pupils"
    school_id: str = Field(primary_key=True)
    pupil_id: str = Field(primary_key=True)
    given_name: str
    preferred_name: str = ""
    family_name: str = ""
    year_group: str = ""
    registration_group: str
    flags: str = ""
    on_roll: bool = True
    changed_at: datetime = instant(nullable=False)


class CarerRow(SQLModel, table=True):
    """A carer with addresses, language and wished channels (a `|` list, in order)."""

    __tablename__ = "carers"
    __table_args__ = (
        Index("ix_carers_mobile", "mobile", "school_id"),
        Index("ix_carers_email", "email", "school_id"),
    )
    school_id: str = Field(primary_key=True)
    carer_id: str = Field(primary_key=True)
    name: str = ""
    mobile: str | None = private()
    landline: str | None = private()
    email: str | None = private()
    language: str = "en"
    channels: str = ""
    changed_at: datetime = instant(nullable=False)


class ContactRow(SQLModel, table=True):
    """The link of a carer to a pupil."""

    __tablename__ = "contacts"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "pupil_id"], ["pupils.school_id", "pupils.pupil_id"]),
        ForeignKeyConstraint(["school_id", "carer_id"], ["carers.school_id", "carers.carer_id"]),
        Index("ix_contacts_carer", "school_id", "carer_id"),
    )
    school_id: str = Field(primary_key=True)
    pupil_id: str = Field(primary_key=True)
    carer_id: str = Field(primary_key=True)
    priority: int
    relationship: str = ""
    parental_responsibility: bool | None = None
    lives_with: bool | None = None
    no_contact: bool = False
    changed_at: datetime = instant(nullable=False)


pupils = table_of(PupilRow)
carers = table_of(CarerRow)
contacts = table_of(ContactRow)
