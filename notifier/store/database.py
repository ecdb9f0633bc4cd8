"""One engine for SQLite and PostgreSQL, with transactions that say whether they write.

On SQLite every writing transaction takes the write lock at once (BEGIN IMMEDIATE), so that two processes wait for each other
instead of failing half-way. The schema comes from the migrations, made on first use of an empty database.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import (
    ARRAY,
    Connection,
    Engine,
    FromClause,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    create_engine,
    event,
    func,
    inspect,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url

from notifier.store import bulk

Row = bulk.Row

_MIGRATIONS = Path(__file__).parent / "migrations"

FEW: Final = 3
"""So many rows go the plain way: a statement for each is no dearer then."""


class DatabaseNotReady(Exception):
    """The database is older or newer than this program; the words say what to run."""


class Database:
    """The way to the data. `begin` writes, `read` only reads; neither is held while waiting on a network."""

    def __init__(self, url: str, *, echo: bool = False) -> None:
        """Prepare an engine. Raises sqlalchemy's ArgumentError on a URL that cannot be read."""
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_engine(
                url, hide_parameters=True, echo=echo, connect_args={"timeout": 30, "check_same_thread": False}
            )
            _tune_sqlite(self.engine)
        else:
            self.engine = create_engine(
                url, hide_parameters=True, echo=echo, pool_pre_ping=True, pool_size=10, max_overflow=10
            )

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that writes; committed at the end, rolled back on an exception."""
        with self.engine.connect().execution_options(notifier_writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading one consistent picture."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    def upgrade(self) -> None:
        """Run every migration that is missing."""
        with self.begin() as connection:
            config = _alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def ensure_ready(self) -> None:
        """Make the schema in an empty database; raise DatabaseNotReady where it is of another version."""
        with self.read() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
            empty = not inspect(connection).has_table("schools")
        head = ScriptDirectory.from_config(_alembic_config()).get_current_head()
        if current == head:
            return
        if empty and current is None:
            self.upgrade()
            return
        raise DatabaseNotReady(
            f"The database is at version {current or 'none'}, this program needs {head}. "
            "Make a backup, then run: notifier db upgrade"
        )

    def revisions(self) -> tuple[str | None, str | None]:
        """The database's version and the version this program needs."""
        with self.read() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
        return current, ScriptDirectory.from_config(_alembic_config()).get_current_head()


def _alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _tune_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("notifier_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert many rows at once; a duplicate key raises IntegrityError."""
    if len(rows) > FEW:
        bulk.insert_many(connection, table, rows)
    elif rows:
        connection.execute(table.insert(), rows)


def insert_missing(connection: Connection, table: Table, rows: Sequence[Row]) -> int:
    """Insert the rows whose keys are not there yet; returns how many were new. Existing rows are left untouched."""
    if len(rows) > FEW:
        return bulk.insert_many(connection, table, rows, on_conflict="ON CONFLICT DO NOTHING")
    if not rows:
        return 0
    build = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = build(table).on_conflict_do_nothing()
    counting = {"preserve_rowcount": True}  # psycopg counts many rows, but SQLAlchemy drops the count unless asked
    result = connection.execute(statement, rows if len(rows) > 1 else rows[0], execution_options=counting)
    return max(result.rowcount, 0)


def upsert(connection: Connection, table: Table, rows: Sequence[Row], *, update: Iterable[str]) -> None:
    """Insert rows, or update the named columns where the primary key is already there; of two with one key the last counts."""
    if not rows:
        return
    key = [column.name for column in table.primary_key.columns]
    if len(rows) > FEW:
        keys = list(zip(*([row[name] for row in rows] for name in key), strict=True))
        if len(set(keys)) < len(rows):  # PostgreSQL refuses to change a row twice in one statement
            rows = list(dict(zip(keys, rows, strict=True)).values())
        quoted = connection.dialect.identifier_preparer.quote
        changes = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in update)
        ending = f"ON CONFLICT ({', '.join(map(quoted, key))}) DO UPDATE SET {changes}"
        bulk.insert_many(connection, table, rows, on_conflict=ending)
        return
    build = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = build(table)
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in update},
    )
    connection.execute(statement, rows)


def in_chunks(values: Sequence[Any], size: int = 500) -> Iterator[Sequence[Any]]:
    """Cut a long list for IN clauses (SQLite allows 32,766 bound values; short lists plan better)."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def pairs(connection: Connection, values: Sequence[tuple[str, str]]) -> FromClause:
    """Pairs of a school and a key as something to join with: columns `school_id` and `key`.

    They travel as one or two parameters whatever their number, so that the statement is compiled once, and each finds its row
    by the primary key; long IN lists of pairs do neither.
    """
    if connection.dialect.name == "sqlite":
        each = func.json_each(bindparam("pairs", json.dumps(values), unique=True)).table_valued("value")
        school, key = (func.json_extract(each.c.value, place).label(name) for place, name in _PAIR)
        return select(school, key).select_from(each).subquery()
    schools, keys = (
        cast(bindparam("pairs", list(part), unique=True), ARRAY(Text)) for part in zip(*values, strict=True)
    )
    return func.unnest(schools, keys).table_valued("school_id", "key").render_derived()


def listed(connection: Connection, values: Sequence[str]) -> Select[tuple[str]]:
    """Texts as something to compare with by IN: one parameter, and one statement whatever their number."""
    if connection.dialect.name == "sqlite":
        return select(
            func.json_each(bindparam("values", json.dumps(values), unique=True)).table_valued("value").c.value
        )
    return select(func.unnest(cast(bindparam("values", list(values), unique=True), ARRAY(Text))))


_PAIR = (("$[0]", "school_id"), ("$[1]", "key"))
