"""Staff accounts: people, grants, sessions, second factors, recoveries, and failed sign-ins

Revision: 0003, after 0002
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import notifier.store.types


revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    instant = notifier.store.types.UtcDateTime
    private = notifier.store.types.PrivateText
    op.create_table(
        "staff_provider_starts",
        sa.Column("state_hash", text(), nullable=False),
        sa.Column("provider", text(), nullable=False),
        sa.Column("browser_hash", text(), nullable=False),
        sa.Column("nonce", text(), nullable=False),
        sa.Column("verifier", private(), nullable=False),
        sa.Column("onward", text(), nullable=False),
        sa.Column("carried", private(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_staff_provider_starts")),
    )
    op.create_table(
        "staff_tries",
        sa.Column("kind", text(), nullable=False),
        sa.Column("key_hash", text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", instant(), nullable=False),
        sa.Column("wait_until", instant(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "key_hash", name=op.f("pk_staff_tries")),
    )
    op.create_table(
        "staff_users",
        sa.Column("user_id", text(), nullable=False),
        sa.Column("email", text(), nullable=False),
        sa.Column("name", text(), nullable=False),
        sa.Column("password_hash", private(), nullable=True),
        sa.Column("password_changed_at", instant(), nullable=True),
        sa.Column("totp_secret", private(), nullable=True),
        sa.Column("totp_since", instant(), nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("made_by", text(), nullable=False),
        sa.Column("last_sign_in_at", instant(), nullable=True),
        sa.Column("disabled_at", instant(), nullable=True),
        sa.Column("disabled_by", text(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_staff_users")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_users_email")),
    )
    op.create_table(
        "staff_codes",
        sa.Column("user_id", text(), nullable=False),
        sa.Column("code_hash", text(), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("used_at", instant(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["staff_users.user_id"], name=op.f("fk_staff_codes_user_id")),
        sa.PrimaryKeyConstraint("user_id", "code_hash", name=op.f("pk_staff_codes")),
    )
    op.create_table(
        "staff_devices",
        sa.Column("device_hash", text(), nullable=False),
        sa.Column("user_id", text(), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("seen_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["staff_users.user_id"], name=op.f("fk_staff_devices_user_id")),
        sa.PrimaryKeyConstraint("device_hash", name=op.f("pk_staff_devices")),
    )
    with op.batch_alter_table("staff_devices", schema=None) as batch:
        batch.create_index("ix_staff_devices_user", ["user_id"], unique=False)

    op.create_table(
        "staff_grants",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("trust", text(), nullable=False),
        sa.Column("user_id", text(), nullable=False),
        sa.Column("role", text(), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("made_by", text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["staff_users.user_id"], name=op.f("fk_staff_grants_user_id")),
        sa.PrimaryKeyConstraint("school_id", "trust", "user_id", "role", name=op.f("pk_staff_grants")),
    )
    with op.batch_alter_table("staff_grants", schema=None) as batch:
        batch.create_index("ix_staff_grants_user", ["user_id"], unique=False)

    op.create_table(
        "staff_identities",
        sa.Column("provider", text(), nullable=False),
        sa.Column("subject", text(), nullable=False),
        sa.Column("user_id", text(), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["staff_users.user_id"], name=op.f("fk_staff_identities_user_id")),
        sa.PrimaryKeyConstraint("provider", "subject", name=op.f("pk_staff_identities")),
    )
    with op.batch_alter_table("staff_identities", schema=None) as batch:
        batch.create_index("ix_staff_identities_user", ["user_id"], unique=False)

    op.create_table(
        "staff_recoveries",
        sa.Column("token_hash", text(), nullable=False),
        sa.Column("user_id", text(), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("made_by", text(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("used_at", instant(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["staff_users.user_id"], name=op.f("fk_staff_recoveries_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_recoveries")),
    )
    with op.batch_alter_table("staff_recoveries", schema=None) as batch:
        batch.create_index("ix_staff_recoveries_user", ["user_id"], unique=False)

    op.create_table(
        "staff_sessions",
        sa.Column("session_hash", text(), nullable=False),
        sa.Column("user_id", text(), nullable=False),
        sa.Column("stage", text(), nullable=False),
        sa.Column("method", text(), nullable=False),
        sa.Column("school_id", text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("draft", private(), nullable=True),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("seen_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("ended_at", instant(), nullable=True),
        sa.Column("ended_why", text(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["staff_users.user_id"], name=op.f("fk_staff_sessions_user_id")),
        sa.PrimaryKeyConstraint("session_hash", name=op.f("pk_staff_sessions")),
    )
    with op.batch_alter_table("staff_sessions", schema=None) as batch:
        batch.create_index("ix_staff_sessions_expires", ["expires_at"], unique=False)
        batch.create_index("ix_staff_sessions_user", ["user_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("staff_sessions", schema=None) as batch:
        batch.drop_index("ix_staff_sessions_user")
        batch.drop_index("ix_staff_sessions_expires")

    op.drop_table("staff_sessions")
    with op.batch_alter_table("staff_recoveries", schema=None) as batch:
        batch.drop_index("ix_staff_recoveries_user")

    op.drop_table("staff_recoveries")
    with op.batch_alter_table("staff_identities", schema=None) as batch:
        batch.drop_index("ix_staff_identities_user")

    op.drop_table("staff_identities")
    with op.batch_alter_table("staff_grants", schema=None) as batch:
        batch.drop_index("ix_staff_grants_user")

    op.drop_table("staff_grants")
    with op.batch_alter_table("staff_devices", schema=None) as batch:
        batch.drop_index("ix_staff_devices_user")

    op.drop_table("staff_devices")
    op.drop_table("staff_codes")
    op.drop_table("staff_users")
    op.drop_table("staff_tries")
    op.drop_table("staff_provider_starts")
