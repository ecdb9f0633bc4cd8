"""Proposals, links to the answer page, and the facts read off a reply

Revision: 0002, after 0001
"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

import notifier.store.types


revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    instant = notifier.store.types.UtcDateTime
    op.create_table(
        "answer_links",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("link_id", text(), nullable=False),
        sa.Column("token_hash", text(), nullable=False),
        sa.Column("carer_id", text(), nullable=False),
        sa.Column("pupil_ids", sa.JSON(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", text(), nullable=False),
        sa.Column("address", notifier.store.types.PrivateText(), nullable=False),
        sa.Column("language", text(), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("used_at", instant(), nullable=True),
        sa.Column("reply_id", text(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "link_id", name=op.f("pk_answer_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_answer_links_token_hash")),
    )
    op.create_table(
        "proposals",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("proposal_id", text(), nullable=False),
        sa.Column("pupil_id", text(), nullable=False),
        sa.Column("carer_id", text(), nullable=True),
        sa.Column("situation", text(), nullable=False),
        sa.Column("period", text(), nullable=False),
        sa.Column("family", text(), nullable=False),
        sa.Column("template", text(), nullable=False),
        sa.Column("grounds", sa.JSON(), nullable=False),
        sa.Column("state", text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", instant(), nullable=False),
        sa.Column("made_by", text(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("decided_at", instant(), nullable=True),
        sa.Column("decided_by", text(), nullable=True),
        sa.Column("decision_reason", text(), nullable=True),
        sa.Column("message_ids", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "proposal_id", name=op.f("pk_proposals")),
        sa.UniqueConstraint(
            "school_id",
            "pupil_id",
            "situation",
            "period",
            name=op.f("uq_proposals_school_id_pupil_id_situation_period"),
        ),
    )
    with op.batch_alter_table("proposals", schema=None) as batch:
        batch.create_index("ix_proposals_state", ["school_id", "state", "made_at"], unique=False)
    with op.batch_alter_table("replies", schema=None) as batch:
        batch.add_column(sa.Column("facts", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("replies", schema=None) as batch:
        batch.drop_column("facts")
    with op.batch_alter_table("proposals", schema=None) as batch:
        batch.drop_index("ix_proposals_state")
    op.drop_table("proposals")
    op.drop_table("answer_links")
