"""The schema. `school_id` comes first in every key, so that a school is the unit of work, of locking and of erasure.

`table=True` models do not validate: validate plain values first, then write rows. All instants are aware UTC.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    text,
    true,
)
from sqlmodel import Field, SQLModel

from notifier.store.types import PrivateText, UtcDateTime

# A shared MetaData with names for every constraint: SQLite cannot alter what has no name.
metadata: MetaData = SQLModel.metadata
metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def _instant(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_type=UtcDateTime, nullable=nullable)


def _private(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_type=PrivateText, nullable=nullable)


def _json() -> Any:
    return Field(default=None, sa_type=JSON, nullable=False)


def _counter() -> Any:
    """A number that the database gives, growing; for rows that are read in the order in which they came."""
    return Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer, "sqlite"))


ENDED_BADLY = "status IN ('held', 'unknown', 'accepted', 'undelivered', 'failed', 'withheld', 'cancelled', 'expired')"
"""The states that few messages are in, or few for long: found by an index that the others do not pay for."""


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
    added_at: datetime = _instant(nullable=False)
    changed_at: datetime = _instant(nullable=False)


class SchoolVersionRow(SQLModel, table=True):
    """A school's settings as they were from `at` on: both texts whole, who changed them and which part."""

    __tablename__ = "school_versions"
    school_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: datetime = _instant(nullable=False)
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
    at: datetime = _instant(nullable=False)
    note: str = ""


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
    changed_at: datetime = _instant(nullable=False)


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
    mobile: str | None = _private()
    landline: str | None = _private()
    email: str | None = _private()
    language: str = "en"
    channels: str = ""
    changed_at: datetime = _instant(nullable=False)


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
    changed_at: datetime = _instant(nullable=False)


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
    made_at: datetime = _instant(nullable=False)
    lifted_at: datetime | None = _instant()
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
    grounds: str = _private(nullable=False)
    made_by: str
    made_at: datetime = _instant(nullable=False)
    second_by: str | None = None
    second_at: datetime | None = _instant()
    end_asked_by: str | None = None
    end_asked_at: datetime | None = _instant()
    end_asked_why: str | None = _private()
    ended_by: str | None = None
    ended_at: datetime | None = _instant()
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
    note: str = _private(nullable=False)
    by: str
    made_at: datetime = _instant(nullable=False)
    withdrawn_at: datetime | None = _instant()


class ImportRow(SQLModel, table=True):
    """One intake: a file, a push or a command."""

    __tablename__ = "imports"
    __table_args__ = (Index("ix_imports_digest", "school_id", "kind", "digest"),)
    school_id: str = Field(primary_key=True)
    import_id: str = Field(primary_key=True)
    kind: str
    source: str
    digest: str
    received_at: datetime = _instant(nullable=False)
    by: str = ""
    rows: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    outcome: str = "taken_in"
    rejected_path: str | None = None
    report: Any = _json()


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
    comment: str = _private(nullable=False)
    taken_at: datetime | None = _instant()
    received_at: datetime = _instant(nullable=False)


class CurrentMarkRow(SQLModel, table=True):
    """The newest mark of a pupil, day and session. `changed_at`: when this code came; `seen_at`: when it was last confirmed."""

    __tablename__ = "current_marks"
    school_id: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    session: str = Field(primary_key=True)
    pupil_id: str = Field(primary_key=True)
    code: str
    minutes_late: int | None = None
    taken_at: datetime | None = _instant()
    changed_at: datetime = _instant(nullable=False)
    seen_at: datetime = _instant(nullable=False)


class RunRow(SQLModel, table=True):
    """One run of a school's session; the key makes any number of schedulers harmless. Later passes act on what came since."""

    __tablename__ = "runs"
    school_id: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    session: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    by: str
    started_at: datetime = _instant(nullable=False)
    last_pass_at: datetime | None = _instant()
    reported_at: datetime | None = _instant()
    passes: int = 0
    counts: Any = _json()


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
    made_at: datetime = _instant(nullable=False)
    made_by: str = "scheduler"
    released_at: datetime | None = _instant()
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
    decided_at: datetime = _instant(nullable=False)
    current: bool = True


class FollowUpRow(SQLModel, table=True):
    """One unexplained absence being chased, until a person confirms a reason or the mark changes."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        UniqueConstraint("school_id", "pupil_id", "day", "session"),
        Index("ix_follow_ups_day", "school_id", "day"),
        Index("ix_follow_ups_due", "school_id", "next_step_at", sqlite_where=text("closed_at IS NULL"), postgresql_where=text("closed_at IS NULL")),
    )  # fmt: skip
    school_id: str = Field(primary_key=True)
    follow_up_id: str = Field(primary_key=True)
    pupil_id: str
    day: date
    session: str
    reason: str
    opened_at: datetime = _instant(nullable=False)
    ladder_from: datetime = _instant(nullable=False)
    next_step: int = 0
    next_step_at: datetime | None = _instant()
    answered_at: datetime | None = _instant()
    answer_due_at: datetime | None = _instant()
    urgent_at: datetime | None = _instant()
    call_list_at: datetime | None = _instant()
    call_reason: str | None = None
    lead_at: datetime | None = _instant()
    handed_over_at: datetime | None = _instant()
    closed_at: datetime | None = _instant()
    closed_by: str | None = None
    closed_reason: str | None = None
    closed_code: str | None = None
    version: int = 1


class FollowUpEventRow(SQLModel, table=True):
    """The timeline of a follow-up: who or what did what, when, why."""

    __tablename__ = "follow_up_events"
    __table_args__ = (Index("ix_follow_up_events_follow_up", "school_id", "follow_up_id", "at"),)
    school_id: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    follow_up_id: str
    at: datetime = _instant(nullable=False)
    kind: str
    actor: str
    detail: str = _private(nullable=False)


class MessageRow(SQLModel, table=True):
    """One text or e-mail to one carer, or an e-mail to staff. The identity makes a second identical one impossible."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("school_id", "identity"),
        Index("ix_messages_claim", "due_at", "message_id", sqlite_where=text("status = 'queued'"), postgresql_where=text("status = 'queued'")),
        Index("ix_messages_in_flight", "claimed_at", sqlite_where=text("status IN ('sending', 'unknown')"), postgresql_where=text("status IN ('sending', 'unknown')")),
        Index("ix_messages_unsettled", "sent_at", sqlite_where=text("status IN ('accepted', 'sent')"), postgresql_where=text("status IN ('accepted', 'sent')")),
        Index("ix_messages_day", "school_id", "day", "created_at"),
        Index("ix_messages_provider", "provider_id"),
        Index("ix_messages_address", "to_address", "created_at"),
        Index("ix_messages_ended_badly", "school_id", "status", sqlite_where=text(ENDED_BADLY), postgresql_where=text(ENDED_BADLY)),
    )  # fmt: skip
    school_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    identity: str
    audience: str = "carer"
    pupil_ids: Any = _json()
    carer_id: str | None = None
    day: date
    session: str
    channel: str
    provider: str | None = None
    to_address: str = _private(nullable=False)
    template: str
    template_version: str
    language: str
    wanted_language: str
    fallback: str | None = None
    subject: str | None = _private()
    body: str = _private(nullable=False)
    html: str | None = _private()
    encoding: str
    segments: int
    cost_pence: float = 0.0
    status: str
    reason: str | None = None
    error_code: str | None = None
    purpose: str
    step: str
    provider_id: str | None = None
    attempts: int = 0
    claimed_by: str | None = None
    claimed_at: datetime | None = _instant()
    created_at: datetime = _instant(nullable=False)
    due_at: datetime = _instant(nullable=False)
    expires_at: datetime = _instant(nullable=False)
    sent_at: datetime | None = _instant()
    delivered_at: datetime | None = _instant()
    changed_at: datetime = _instant(nullable=False)
    polled_at: datetime | None = _instant()


class MessagePupilRow(SQLModel, table=True):
    """Which pupils, and which follow-ups, a message is about."""

    __tablename__ = "message_pupils"
    __table_args__ = (
        ForeignKeyConstraint(["school_id", "message_id"], ["messages.school_id", "messages.message_id"]),
        Index("ix_message_pupils_pupil", "school_id", "pupil_id", "message_id"),
        Index("ix_message_pupils_follow_up", "school_id", "follow_up_id"),
    )
    school_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    pupil_id: str = Field(primary_key=True)
    follow_up_id: str | None = None


class AttemptRow(SQLModel, table=True):
    """One call of a provider for a message, written before the call."""

    __tablename__ = "attempts"
    __table_args__ = (Index("ix_attempts_attempt", "attempt_id"),)
    school_id: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    attempt_id: str
    provider: str
    started_at: datetime = _instant(nullable=False)
    ended_at: datetime | None = _instant()
    outcome: str | None = None
    provider_id: str | None = None
    error_code: str | None = None
    error_class: str | None = None
    detail: str = ""


class ProviderEventRow(SQLModel, table=True):
    """Every receipt as it came, once for each provider id and status."""

    __tablename__ = "provider_events"
    provider: str = Field(primary_key=True)
    provider_id: str = Field(primary_key=True)
    provider_status: str = Field(primary_key=True)
    status: str
    school_id: str | None = None
    message_id: str | None = None
    attempt_id: str | None = None
    error_code: str | None = None
    occurred_at: datetime = _instant(nullable=False)
    received_at: datetime = _instant(nullable=False)
    applied: bool = False
    raw: Any = _json()


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
    sender: str = _private(nullable=False)
    recipient: str = _private(nullable=False)
    body: str = _private(nullable=False)
    received_at: datetime = _instant(nullable=False)
    carer_id: str | None = None
    pupil_ids: Any = _json()
    follow_up_id: str | None = None
    intent: str
    urgent: bool = False
    suggested_code: str | None = None
    confidence: float = 0.0
    language: str | None = None
    return_hint: str | None = None
    matched: Any = _json()
    facts: Any = Field(default=None, sa_type=JSON, nullable=True)
    read_at: datetime | None = _instant()
    read_by: str | None = None
    # the inbox: who deals with it, and what came of it; the version grows with each act, for whoever acts at the same time
    taken_by: str | None = None
    taken_until: datetime | None = _instant()
    given_by: str | None = None
    outcome: str | None = None
    note: str | None = _private()
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
    entry: int = _counter()
    school_id: str
    item_id: str
    direction: str
    at: datetime = _instant(nullable=False)
    channel: str
    template: str | None = None
    carer_id: str | None = None
    address: str = _private(nullable=False)
    words: str = _private(nullable=False)


class AnswerLinkRow(SQLModel, table=True):
    """A carer's link to the answer page: only the token's hash is kept; used once, and only until the end of its day."""

    __tablename__ = "answer_links"
    __table_args__ = (UniqueConstraint("token_hash"),)
    school_id: str = Field(primary_key=True)
    link_id: str = Field(primary_key=True)
    token_hash: str
    carer_id: str
    pupil_ids: Any = _json()
    day: date
    channel: str
    address: str = _private(nullable=False)
    language: str
    made_at: datetime = _instant(nullable=False)
    expires_at: datetime = _instant(nullable=False)
    used_at: datetime | None = _instant()
    reply_id: str | None = None


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
    grounds: Any = _json()
    state: str
    day: date
    made_at: datetime = _instant(nullable=False)
    made_by: str
    expires_on: date
    decided_at: datetime | None = _instant()
    decided_by: str | None = None
    decision_reason: str | None = None
    message_ids: Any = _json()


class OptOutRow(SQLModel, table=True):
    """An address that asked for no more messages on a channel. Ended by START, never deleted."""

    __tablename__ = "opt_outs"
    __table_args__ = (Index("ix_opt_outs_address", "school_id", "channel", "address"),)
    school_id: str = Field(primary_key=True)
    opt_out_id: str = Field(primary_key=True)
    channel: str
    address: str = _private(nullable=False)
    source: str
    made_at: datetime = _instant(nullable=False)
    ended_at: datetime | None = _instant()


class AddressFaultRow(SQLModel, table=True):
    """An address that must not be used until it is corrected: somebody else's, or one the provider calls dead."""

    __tablename__ = "address_faults"
    school_id: str = Field(primary_key=True)
    channel: str = Field(primary_key=True)
    address: str = Field(primary_key=True, sa_type=PrivateText)
    reason: str
    detail: str = ""
    found_at: datetime = _instant(nullable=False)
    cleared_at: datetime | None = _instant()


class ApprovalRow(SQLModel, table=True):
    """A translation approved for use, for one school or (empty school_id) for all, bound to the words it was given for."""

    __tablename__ = "approvals"
    school_id: str = Field(primary_key=True)
    language: str = Field(primary_key=True)
    template: str = Field(primary_key=True)
    approval_hash: str = Field(primary_key=True)
    reviewer: str
    approved_at: datetime = _instant(nullable=False)


class SenderBucketRow(SQLModel, table=True):
    """A token bucket for one sender, shared by every process that sends from it."""

    __tablename__ = "sender_buckets"
    sender: str = Field(primary_key=True)
    tokens: float
    filled_at: datetime = _instant(nullable=False)


class ApiTokenRow(SQLModel, table=True):
    """A bearer token of a school, as a hash."""

    __tablename__ = "api_tokens"
    __table_args__ = (UniqueConstraint("token_hash"),)
    school_id: str = Field(primary_key=True)
    token_id: str = Field(primary_key=True)
    token_hash: str
    note: str = ""
    made_at: datetime = _instant(nullable=False)
    last_used_at: datetime | None = _instant()
    revoked_at: datetime | None = _instant()


class AuditRow(SQLModel, table=True):
    """Who did what, when; each entry carries the hash of the one before, so that a gap or a change shows."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "school_id", "at", "number"),)
    school_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: datetime = _instant(nullable=False)
    actor: str
    act: str
    subject: str
    detail: Any = _json()
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
    number: int = _counter()
    school_id: str
    pupil_id: str
    actor: str
    what: str
    subject: str
    at: datetime = _instant(nullable=False)
    since: datetime = _instant(nullable=False)
    sealed_in: int | None = None


class HeartbeatRow(SQLModel, table=True):
    """When something last happened: the tick, a poll. One row for each name."""

    __tablename__ = "heartbeats"
    name: str = Field(primary_key=True)
    at: datetime = _instant(nullable=False)


class StaffUserRow(SQLModel, table=True):
    """A member of staff with an account. Without a password only a provider's sign-in opens it; disabled, nothing does.

    `totp_secret` is sealed with the service's key; `totp_step` is the last step used, so that a code counts once.
    """

    __tablename__ = "staff_users"
    __table_args__ = (UniqueConstraint("email"),)
    user_id: str = Field(primary_key=True)
    email: str
    name: str = ""
    password_hash: str | None = _private()
    password_changed_at: datetime | None = _instant()
    totp_secret: str | None = _private()
    totp_since: datetime | None = _instant()
    totp_step: int = 0
    made_at: datetime = _instant(nullable=False)
    made_by: str
    last_sign_in_at: datetime | None = _instant()
    disabled_at: datetime | None = _instant()
    disabled_by: str | None = None


class StaffGrantRow(SQLModel, table=True):
    """A role of a member of staff at one school, or (empty school_id) over the schools of a trust."""

    __tablename__ = "staff_grants"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["staff_users.user_id"]),
        Index("ix_staff_grants_user", "user_id"),
    )
    school_id: str = Field(primary_key=True)
    trust: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    role: str = Field(primary_key=True)
    made_at: datetime = _instant(nullable=False)
    made_by: str


class StaffSessionRow(SQLModel, table=True):
    """A signed-in browser, by the hash of its random id. `stage` is full, or what is still wanted before anything is shown.

    `draft` is the sealed secret of a second factor that is being set up. Ended sessions stay for a while, so that what was typed
    under them can be given back to the same person.
    """

    __tablename__ = "staff_sessions"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["staff_users.user_id"]),
        Index("ix_staff_sessions_user", "user_id"),
        Index("ix_staff_sessions_expires", "expires_at"),
    )
    session_hash: str = Field(primary_key=True)
    user_id: str
    stage: str
    method: str
    school_id: str = ""
    tries: int = 0
    draft: str | None = _private()
    made_at: datetime = _instant(nullable=False)
    seen_at: datetime = _instant(nullable=False)
    expires_at: datetime = _instant(nullable=False)
    ended_at: datetime | None = _instant()
    ended_why: str | None = None


class StaffCodeRow(SQLModel, table=True):
    """A single-use recovery code of the second factor, as a hash."""

    __tablename__ = "staff_codes"
    __table_args__ = (ForeignKeyConstraint(["user_id"], ["staff_users.user_id"]),)
    user_id: str = Field(primary_key=True)
    code_hash: str = Field(primary_key=True)
    made_at: datetime = _instant(nullable=False)
    used_at: datetime | None = _instant()


class StaffRecoveryRow(SQLModel, table=True):
    """A one-time link with which somebody chooses a new password, as a hash."""

    __tablename__ = "staff_recoveries"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["staff_users.user_id"]),
        Index("ix_staff_recoveries_user", "user_id"),
    )
    token_hash: str = Field(primary_key=True)
    user_id: str
    made_at: datetime = _instant(nullable=False)
    made_by: str
    expires_at: datetime = _instant(nullable=False)
    used_at: datetime | None = _instant()


class StaffDeviceRow(SQLModel, table=True):
    """A browser in which somebody signed in before: strangers' guesses elsewhere do not make it wait."""

    __tablename__ = "staff_devices"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["staff_users.user_id"]),
        Index("ix_staff_devices_user", "user_id"),
    )
    device_hash: str = Field(primary_key=True)
    user_id: str
    made_at: datetime = _instant(nullable=False)
    seen_at: datetime = _instant(nullable=False)


class StaffTryRow(SQLModel, table=True):
    """Failed sign-ins of late, for one account, address or browser, named by a hash; and until when the next must wait."""

    __tablename__ = "staff_tries"
    kind: str = Field(primary_key=True)
    key_hash: str = Field(primary_key=True)
    failures: int
    last_at: datetime = _instant(nullable=False)
    wait_until: datetime | None = _instant()


class StaffIdentityRow(SQLModel, table=True):
    """Who somebody is at a sign-in provider: its own unchanging id, never an e-mail address."""

    __tablename__ = "staff_identities"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["staff_users.user_id"]),
        Index("ix_staff_identities_user", "user_id"),
    )
    provider: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    user_id: str
    made_at: datetime = _instant(nullable=False)


class StaffProviderStartRow(SQLModel, table=True):
    """A sign-in under way at a provider, bound to one browser; used once, within minutes."""

    __tablename__ = "staff_provider_starts"
    state_hash: str = Field(primary_key=True)
    provider: str
    browser_hash: str
    nonce: str
    verifier: str = _private(nullable=False)
    onward: str
    carried: str = _private(nullable=False)
    expires_at: datetime = _instant(nullable=False)


def _table(model: type[SQLModel]) -> Table:
    return cast(Table, model.__table__)  # type: ignore[attr-defined]


schools = _table(SchoolRow)
school_versions = _table(SchoolVersionRow)
school_steps = _table(SchoolStepRow)
pupils = _table(PupilRow)
carers = _table(CarerRow)
contacts = _table(ContactRow)
suppressions = _table(SuppressionRow)
contact_blocks = _table(ContactBlockRow)
reported_absences = _table(ReportedAbsenceRow)
imports = _table(ImportRow)
marks = _table(MarkRow)
current_marks = _table(CurrentMarkRow)
runs = _table(RunRow)
holds = _table(HoldRow)
decisions = _table(DecisionRow)
follow_ups = _table(FollowUpRow)
follow_up_events = _table(FollowUpEventRow)
messages = _table(MessageRow)
message_pupils = _table(MessagePupilRow)
attempts = _table(AttemptRow)
provider_events = _table(ProviderEventRow)
replies = _table(ReplyRow)
reply_follow_ups = _table(ReplyFollowUpRow)
reply_pupils = _table(ReplyPupilRow)
log_entries = _table(LogEntryRow)
answer_links = _table(AnswerLinkRow)
proposals = _table(ProposalRow)
opt_outs = _table(OptOutRow)
address_faults = _table(AddressFaultRow)
approvals = _table(ApprovalRow)
sender_buckets = _table(SenderBucketRow)
api_tokens = _table(ApiTokenRow)
audit = _table(AuditRow)
looks = _table(LookRow)
heartbeats = _table(HeartbeatRow)
staff_users = _table(StaffUserRow)
staff_grants = _table(StaffGrantRow)
staff_sessions = _table(StaffSessionRow)
staff_codes = _table(StaffCodeRow)
staff_recoveries = _table(StaffRecoveryRow)
staff_devices = _table(StaffDeviceRow)
staff_tries = _table(StaffTryRow)
staff_identities = _table(StaffIdentityRow)
staff_provider_starts = _table(StaffProviderStartRow)
