"""Staff: accounts, roles, sessions, second factors, and what guards signing in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from notifier.store.tables.columns import instant, private, table_of


class StaffUserRow(SQLModel, table=True):
    """A member of staff with an account. Without a password only a provider's sign-in opens it; disabled, nothing does.

    `totp_secret` is sealed with the service's key; `totp_step` is the last step used, so that a code counts once.
    """

    __tablename__ = "staff_users"
    __table_args__ = (UniqueConstraint("email"),)
    user_id: str = Field(primary_key=True)
    email: str
    name: str = ""
    password_hash: str | None = private()
    password_changed_at: datetime | None = instant()
    totp_secret: str | None = private()
    totp_since: datetime | None = instant()
    totp_step: int = 0
    made_at: datetime = instant(nullable=False)
    made_by: str
    last_sign_in_at: datetime | None = instant()
    disabled_at: datetime | None = instant()
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
    made_at: datetime = instant(nullable=False)
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
    draft: str | None = private()
    made_at: datetime = instant(nullable=False)
    seen_at: datetime = instant(nullable=False)
    expires_at: datetime = instant(nullable=False)
    ended_at: datetime | None = instant()
    ended_why: str | None = None


class StaffCodeRow(SQLModel, table=True):
    """A single-use recovery code of the second factor, as a hash."""

    __tablename__ = "staff_codes"
    __table_args__ = (ForeignKeyConstraint(["user_id"], ["staff_users.user_id"]),)
    user_id: str = Field(primary_key=True)
    code_hash: str = Field(primary_key=True)
    made_at: datetime = instant(nullable=False)
    used_at: datetime | None = instant()


class StaffRecoveryRow(SQLModel, table=True):
    """A one-time link with which somebody chooses a new password, as a hash."""

    __tablename__ = "staff_recoveries"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["staff_users.user_id"]),
        Index("ix_staff_recoveries_user", "user_id"),
    )
    token_hash: str = Field(primary_key=True)
    user_id: str
    made_at: datetime = instant(nullable=False)
    made_by: str
    expires_at: datetime = instant(nullable=False)
    used_at: datetime | None = instant()


class StaffDeviceRow(SQLModel, table=True):
    """A browser in which somebody signed in before: strangers' guesses elsewhere do not make it wait."""

    __tablename__ = "staff_devices"
    __table_args__ = (
        ForeignKeyConstraint(["user_id"], ["staff_users.user_id"]),
        Index("ix_staff_devices_user", "user_id"),
    )
    device_hash: str = Field(primary_key=True)
    user_id: str
    made_at: datetime = instant(nullable=False)
    seen_at: datetime = instant(nullable=False)


class StaffTryRow(SQLModel, table=True):
    """Failed sign-ins of late, for one account, address or browser, named by a hash; and until when the next must wait."""

    __tablename__ = "staff_tries"
    kind: str = Field(primary_key=True)
    key_hash: str = Field(primary_key=True)
    failures: int
    last_at: datetime = instant(nullable=False)
    wait_until: datetime | None = instant()


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
    made_at: datetime = instant(nullable=False)


class StaffProviderStartRow(SQLModel, table=True):
    """A sign-in under way at a provider, bound to one browser; used once, within minutes."""

    __tablename__ = "staff_provider_starts"
    state_hash: str = Field(primary_key=True)
    provider: str
    browser_hash: str
    nonce: str
    verifier: str = private(nullable=False)
    onward: str
    carried: str = private(nullable=False)
    expires_at: datetime = instant(nullable=False)


staff_users = table_of(StaffUserRow)
staff_grants = table_of(StaffGrantRow)
staff_sessions = table_of(StaffSessionRow)
staff_codes = table_of(StaffCodeRow)
staff_recoveries = table_of(StaffRecoveryRow)
staff_devices = table_of(StaffDeviceRow)
staff_tries = table_of(StaffTryRow)
staff_identities = table_of(StaffIdentityRow)
staff_provider_starts = table_of(StaffProviderStartRow)
