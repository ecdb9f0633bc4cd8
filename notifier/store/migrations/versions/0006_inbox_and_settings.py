"""Who deals with a reply and what came of it; a school's settings with their history, and its switch for sending

Revision: 0006, after 0005
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import notifier.store.types


revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    instant = notifier.store.types.UtcDateTime
    op.create_table(
        "school_versions",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("by", text(), nullable=False),
        sa.Column("part", text(), nullable=False),
        sa.Column("file_text", text(), nullable=False),
        sa.Column("policy_text", text(), nullable=True),
        sa.Column("sending", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "number", name=op.f("pk_school_versions")),
    )
    op.create_table(
        "school_steps",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("step", text(), nullable=False),
        sa.Column("by", text(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("note", text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "step", name=op.f("pk_school_steps")),
    )
    op.add_column("schools", sa.Column("policy_text", text(), nullable=True))
    op.add_column("schools", sa.Column("sending", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("schools", sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")))
    # column by column: rebuilding the table on SQLite would lose what hangs on it
    op.add_column("replies", sa.Column("taken_by", text(), nullable=True))
    op.add_column("replies", sa.Column("taken_until", instant(), nullable=True))
    op.add_column("replies", sa.Column("given_by", text(), nullable=True))
    op.add_column("replies", sa.Column("outcome", text(), nullable=True))
    op.add_column("replies", sa.Column("note", notifier.store.types.PrivateText(), nullable=True))
    op.add_column("replies", sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.create_index(
        "ix_replies_unread",
        "replies",
        ["school_id", "received_at"],
        unique=False,
        sqlite_where=sa.text("read_at IS NULL"),
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index("ix_replies_sender", "replies", ["school_id", "sender", "received_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_replies_sender", "replies")
    op.drop_index("ix_replies_unread", "replies")
    for column in ("version", "note", "outcome", "given_by", "taken_until", "taken_by"):
        op.drop_column("replies", column)
    for column in ("version", "sending", "policy_text"):
        op.drop_column("schools", column)
    op.drop_table("school_steps")
    op.drop_table("school_versions")
