"""Approved translations, and the messages outside the first day that wait for a person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from notifier.store.tables.columns import instant, json_value, table_of


class ProposalRow(SQLModel, table=True):
    """A message outside the first day that the rules suggest for one pupil; a person sends it or holds it back.

    `period` keeps the same suggestion from coming twice ("2026-11-24", "2026-10-26/2026-12-18"); `state` is proposed, held_back,
    sent or expired; `grounds` are the facts and the rule it came from, in words and numbers.
    """

    __tablename__ = "proposals"
    __table_args__ = (
        UniqueConstraint("school_id", "pupil_id", "situation", "period"),
        Index("ix_proposals_state", "school_id", "state", "made_at"),
    )
    school_id: str = Field(primary_key=True)
    proposal_id: str = Field(primary_key=True)
    pupil_id: str
    carer_id: str | None = None
    situation: str
    period: str
    family: str
    template: str
    grounds: Any = json_value()
    state: str
    day: date
    made_at: datetime = instant(nullable=False)
    made_by: str
    expires_on: date
    decided_at: datetime | None = instant()
    decided_by: str | None = None
    decision_reason: str | None = None
    message_ids: Any = json_value()


class ApprovalRow(SQLModel, table=True):
    """A translation approved for use, for one school or (empty school_id) for all, bound to the words it was given for."""

    __tablename__ = "approvals"
    school_id: str = Field(primary_key=True)
    language: str = Field(primary_key=True)
    template: str = Field(primary_key=True)
    approval_hash: str = Field(primary_key=True)
    reviewer: str
    approved_at: datetime = instant(nullable=False)


proposals = table_of(ProposalRow)
approvals = table_of(ApprovalRow)
