"""The log's own index with its words, reply to pupil, who looked at what, and indexes of the audit

Revision: 0004, after 0003

The words' index is each engine's own: FTS5 over `log_entries` on SQLite, kept by triggers; an expression index of lexemes on
PostgreSQL. Whoever later rebuilds the table on SQLite (batch_alter_table) makes the triggers again.
"""

from __future__ import annotations

import json
from itertools import islice

import sqlalchemy as sa
import sqlmodel
from alembic import op

import notifier.store.types
from notifier.domain.search_words import kept_words


revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_ENDED_BADLY = "status IN ('held', 'unknown', 'accepted', 'undelivered', 'failed', 'withheld', 'cancelled', 'expired')"

_SQLITE = (
    "CREATE VIRTUAL TABLE log_words USING fts5(words, content='log_entries', content_rowid='entry', "
    "tokenize='ascii', detail='none', columnsize=0)",
    "CREATE TRIGGER log_words_added AFTER INSERT ON log_entries BEGIN "
    "INSERT INTO log_words(rowid, words) VALUES (new.entry, new.words); END",
    "CREATE TRIGGER log_words_removed AFTER DELETE ON log_entries BEGIN "
    "INSERT INTO log_words(log_words, rowid, words) VALUES ('delete', old.entry, old.words); END",
    "CREATE TRIGGER log_words_changed AFTER UPDATE OF entry, words ON log_entries BEGIN "
    "INSERT INTO log_words(log_words, rowid, words) VALUES ('delete', old.entry, old.words); "
    "INSERT INTO log_words(rowid, words) VALUES (new.entry, new.words); END",
)
_POSTGRESQL = (
    "CREATE INDEX ix_log_entries_words ON log_entries USING gin (array_to_tsvector(string_to_array(words, ' ')))"
)


def upgrade() -> None:
    text = sqlmodel.sql.sqltypes.AutoString
    instant = notifier.store.types.UtcDateTime
    private = notifier.store.types.PrivateText
    counter = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "reply_pupils",
        sa.Column("school_id", text(), nullable=False),
        sa.Column("reply_id", text(), nullable=False),
        sa.Column("pupil_id", text(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", "reply_id", "pupil_id", name=op.f("pk_reply_pupils")),
    )
    op.create_index("ix_reply_pupils_pupil", "reply_pupils", ["school_id", "pupil_id", "reply_id"])
    # with the message's id: SQLite took the primary key instead, and read a school's whole list
    op.drop_index("ix_message_pupils_pupil", "message_pupils")
    op.create_index("ix_message_pupils_pupil", "message_pupils", ["school_id", "pupil_id", "message_id"])
    op.create_table(
        "log_entries",
        sa.Column("entry", counter, nullable=False, autoincrement=True),
        sa.Column("school_id", text(), nullable=False),
        sa.Column("item_id", text(), nullable=False),
        sa.Column("direction", text(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("channel", text(), nullable=False),
        sa.Column("template", text(), nullable=True),
        sa.Column("carer_id", text(), nullable=True),
        sa.Column("address", private(), nullable=False),
        sa.Column("words", private(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name=op.f("pk_log_entries")),
        sa.UniqueConstraint("school_id", "item_id", name=op.f("uq_log_entries_school_id_item_id")),
    )
    op.create_index("ix_log_entries_school", "log_entries", ["school_id", "entry"])
    op.create_index("ix_log_entries_at", "log_entries", ["school_id", "at"])
    op.create_index("ix_log_entries_template", "log_entries", ["school_id", "template", "entry"])
    op.create_index("ix_log_entries_carer", "log_entries", ["school_id", "carer_id", "entry"])
    op.create_index("ix_log_entries_address", "log_entries", ["school_id", "address", "entry"])
    op.create_table(
        "looks",
        sa.Column("number", counter, nullable=False, autoincrement=True),
        sa.Column("school_id", text(), nullable=False),
        sa.Column("pupil_id", text(), nullable=False),
        sa.Column("actor", text(), nullable=False),
        sa.Column("what", text(), nullable=False),
        sa.Column("subject", text(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("since", instant(), nullable=False),
        sa.Column("sealed_in", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_looks")),
        sa.UniqueConstraint(
            "school_id", "actor", "what", "subject", "pupil_id", "since",
            name=op.f("uq_looks_school_id_actor_what_subject_pupil_id_since"),
        ),
    )  # fmt: skip
    op.create_index("ix_looks_at", "looks", ["school_id", "at"])
    op.create_index("ix_looks_pupil", "looks", ["school_id", "pupil_id", "at"])
    op.create_index("ix_looks_sealed", "looks", ["school_id", "sealed_in", "number"])
    op.create_index("ix_audit_at", "audit", ["school_id", "at", "number"])
    where = {"sqlite_where": sa.text(_ENDED_BADLY), "postgresql_where": sa.text(_ENDED_BADLY)}
    op.create_index("ix_messages_ended_badly", "messages", ["school_id", "status"], **where)
    _fill()
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_SQLITE[0])
        connection.exec_driver_sql("INSERT INTO log_words(log_words) VALUES ('rebuild')")
        for statement in _SQLITE[1:]:
            connection.exec_driver_sql(statement)
    else:
        connection.exec_driver_sql(_POSTGRESQL)


_KEPT = """
SELECT school_id, message_id AS item_id, CASE audience WHEN 'staff' THEN 'staff' ELSE 'out' END AS direction, created_at AS at,
       channel, template, carer_id, to_address AS address, subject, body, NULL AS pupil_ids
FROM messages
UNION ALL
SELECT school_id, reply_id, 'in', received_at, channel, NULL, carer_id, sender, NULL, body, CAST(pupil_ids AS TEXT) FROM replies
ORDER BY 4, 2
"""


def _fill() -> None:
    """Enter what was sent and received before, oldest first."""
    connection = op.get_bind()
    rows = connection.exec_driver_sql(_KEPT, execution_options={"yield_per": 1000})
    entry = sa.text(
        "INSERT INTO log_entries (school_id, item_id, direction, at, channel, template, carer_id, address, words) "
        "VALUES (:school_id, :item_id, :direction, :at, :channel, :template, :carer_id, :address, :words)"
    )
    about = sa.text("INSERT INTO reply_pupils (school_id, reply_id, pupil_id) VALUES (:school_id, :item_id, :pupil_id)")
    while batch := [dict(row._mapping) for row in islice(rows, 1000)]:
        pupils = [
            {"school_id": row["school_id"], "item_id": row["item_id"], "pupil_id": pupil}
            for row in batch
            for pupil in sorted(set(json.loads(row["pupil_ids"] or "[]")))
        ]
        for row in batch:
            row["words"] = kept_words(row["school_id"], row.pop("subject"), row.pop("body"))
            del row["pupil_ids"]
        connection.execute(entry, batch)
        if pupils:
            connection.execute(about, pupils)


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for name in ("added", "removed", "changed"):
            connection.exec_driver_sql(f"DROP TRIGGER log_words_{name}")
        connection.exec_driver_sql("DROP TABLE log_words")
    op.drop_index("ix_messages_ended_badly", "messages")
    op.drop_index("ix_message_pupils_pupil", "message_pupils")
    op.create_index("ix_message_pupils_pupil", "message_pupils", ["school_id", "pupil_id"])
    op.drop_index("ix_audit_at", "audit")
    for name in ("looks", "log_entries", "reply_pupils"):
        op.drop_table(name)
