"""What keeps a message from somebody: suppressions, blocks, absences known ahead, opt-outs and dead addresses."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from notifier.store.tables.columns import instant, private, table_of
from notifier.store.types import PrivateText


class SuppressionRow(SQLModel, table=True):
    """Automatic messages switched off for a pupil, a carer or their link, with reason, expiry and who said so."""

    __tablename__ = "suppressions"
    school_id: str = Field(primary_key=True)
    suppression_id: str = Field(primary_key=True)
    pupil_id: str | None = None
    carer_id: str | None = None
    reason: str
    by: str
    second_by: str | None = None
    starts_on: date
    ends_on: date | None = None
    made_at: datetime = instant(nullable=False)
    lifted_at: datetime | None = instant()
    lifted_by: str | None = None


class ContactBlockRow(SQLModel, table=True):
    """A block on contact with one carer about one pupil (a court's order, a social worker's word). Two people make it, two end it.

    It holds from the moment the first person sets it, until a second person has agreed to its end: every doubt leaves it standing.
    `end_asked_*` is a wish to end it that waits for the second person; `ended_reason` is declined or lifted.
    """

    __tablename__ = "contact_blocks"
    __table_args__ = (
        Index("ix_contact_blocks_standing", "school_id", "pupil_id", sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
    )  # fmt: skip
    school_id: str = Field(primary_key=True)
    block_id: str = Field(primary_key=True)
    pupil_id: str
    carer_id: str
    grounds: str = private(nullable=False)
    made_by: str
    made_at: datetime = instant(nullable=False)
    second_by: str | None = None
    second_at: datetime | None = instant()
    end_asked_by: str | None = None
    end_asked_at: datetime | None = instant()
    end_asked_why: str | None = private()
    ended_by: str | None = None
    ended_at: datetime | None = instant()
    ended_reason: str | None = None


class ReportedAbsenceRow(SQLModel, table=True):
    """An absence the family told the school about before the run: it silences the text for its days and sessions."""

    __tablename__ = "reported_absences"
    __table_args__ = (Index("ix_reported_absences_days", "school_id", "first_day", "last_day"),)
    school_id: str = Field(primary_key=True)
    report_id: str = Field(primary_key=True)
    pupil_id: str
    first_day: date
    last_day: date
    sessions: str = "AM|PM"
    code: str | None = None
    note: str = private(nullable=False)
    by: str
    made_at: datetime = instant(nullable=False)
    withdrawn_at: datetime | None = instant()


class OptOutRow(SQLModel, table=True):
    """An address that asked for no more messages on a channel. Ended by START, never deleted."""

    __tablename__ = "opt_outs"
    __table_args__ = (Index("ix_opt_outs_address", "school_id", "channel", "address"),)
    school_id: str = Field(primary_key=True)
    opt_out_id: str = Field(primary_key=True)
    channel: str
    address: str = private(nullable=False)
    source: str
    made_at: datetime = instant(nullable=False)
    ended_at: datetime | None = instant()


class AddressFaultRow(SQLModel, table=True):
    """An address that must not be used until it is corrected: somebody else's, or one the provider calls dead."""

    __tablename__ = "address_faults"
    school_id: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    address: str = Field(primary_key=True, sa_type=PrivateText)
    reason: str
    detail: str = ""
    found_at: datetime = instant(nullable=False)
    cleared_at: datetime | None = instant()


suppressions = table_of(SuppressionRow)
contact_blocks = table_of(ContactBlockRow)
reported_absences = table_of(ReportedAbsenceRow)
opt_outs = table_of(OptOutRow)
address_faults = table_of(AddressFaultRow)
