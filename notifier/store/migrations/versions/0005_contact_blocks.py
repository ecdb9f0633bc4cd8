"""Blocks on contact that two people make and two people end

Revision: 0005, after 0004
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import notifier.store.types


revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    instant = notifier.store.types.UtcDateTime
    private = notifier.store.types.PrivateText
    op.create_table(
        "contact_blocks",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("block_id", text(), nullable=False),
        sa.Column("pupil_id", text(), nullable=False),
        sa.Column("carer_id", text(), nullable=False),
        sa.Column("grounds", private(), nullable=False),
        sa.Column("made_by", text(), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("second_by", text(), nullable=True),
        sa.Column("second_at", instant(), nullable=True),
        sa.Column("end_asked_by", text(), nullable=True),
        sa.Column("end_asked_at", instant(), nullable=True),
        sa.Column("end_asked_why", private(), nullable=True),
        sa.Column("ended_by", text(), nullable=True),
        sa.Column("ended_at", instant(), nullable=True),
        sa.Column("ended_reason", text(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "block_id", name=op.f("pk_contact_blocks")),
    )
    with op.batch_alter_table("contact_blocks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_contact_blocks_standing",
            ["school_id", "pupil_id"],
            unique=False,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("contact_blocks", schema=None) as batch_op:
        batch_op.drop_index("ix_contact_blocks_standing")
    op.drop_table("contact_blocks")
