"""Many rows in one statement, on both engines, with as little work for each row as there can be.

Rows are turned into columns. On PostgreSQL each column travels as one array, and a value that all rows share (the school, the day,
the moment) as one value, so that thousands of rows are one statement and one round trip. SQLite has no round trips: its driver
runs one prepared statement over plain tuples. Either way a column whose values need no conversion is not looked at value by value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any, Final

from sqlalchemy import Column, Connection, Dialect, Table
from sqlalchemy.sql.schema import ScalarElementColumnDefault

Row = Mapping[str, Any]

MOST_AT_ONCE: Final = 10_000
"""Rows of one statement: a very long file does not become one very long statement."""


def insert_many(connection: Connection, table: Table, rows: Sequence[Row], *, on_conflict: str = "") -> int:
    """Insert rows that all have the columns of the first; returns how many are new, or updated by `on_conflict`.

    `on_conflict` is the statement's end. Columns that the rows leave out get the table's default.
    """
    names = tuple(column.name for column in table.c if column.name in rows[0] or _default_of(column) is not None)
    counted = 0
    for part in _parts(rows):
        columns = _Columns(connection.dialect, table, names, part)
        text = _insert_text(connection.dialect, table, names, tuple(columns.same), on_conflict)
        counted += columns.run(connection, text)
    return counted


def update_many(
    connection: Connection, table: Table, rows: Sequence[Row], *, keys: tuple[str, ...], only_where: str = ""
) -> int:
    """Set the columns that are no keys in the row with these keys, for every row given; returns how many were changed.

    All rows have the columns of the first, and no two the same keys. `only_where` is a condition on the table alone.
    """
    names = (*(name for name in rows[0] if name not in keys), *keys)
    counted = 0
    for part in _parts(rows):
        columns = _Columns(connection.dialect, table, names, part)
        text = _update_text(connection.dialect, table, names, tuple(columns.same), keys, only_where)
        counted += columns.run(connection, text)
    return counted


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), MOST_AT_ONCE):
        yield rows[start : start + MOST_AT_ONCE]


def _default_of(column: Column[Any]) -> Any:
    return column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None


class _Columns:
    """Rows as columns of values that the driver takes: `same` for all rows, or `each` with its own."""

    def __init__(self, dialect: Dialect, table: Table, names: Sequence[str], rows: Sequence[Row]) -> None:
        self.names = names
        self.rows = len(rows)
        self.same: dict[str, Any] = {}
        self.each: dict[str, list[Any]] = {}
        for name in names:
            column = table.c[name]
            values = [row[name] for row in rows] if name in rows[0] else [_default_of(column)]
            convert = _converter(column, dialect)
            if values.count(values[0]) == len(values):
                self.same[name] = convert(values[0]) if convert else values[0]
            else:
                self.each[name] = [convert(value) for value in values] if convert else values
        if not self.each and len(rows) > 1:  # rows that are all alike: something has to say how many
            self.each[names[0]] = [self.same.pop(names[0])] * len(rows)

    def run(self, connection: Connection, text: str) -> int:
        """Execute a statement made for these columns; returns how many rows it changed."""
        given: Any
        if connection.dialect.name == "postgresql":
            given = (*self.same.values(), *self.each.values())
        else:
            columns = (
                self.each[name] if name in self.each else repeat(self.same[name], self.rows) for name in self.names
            )
            given = list(zip(*columns, strict=False))  # repeat gives one more than is asked for
        result = connection.exec_driver_sql(text, given, execution_options={"preserve_rowcount": True})
        return max(result.rowcount, 0)


@lru_cache(maxsize=4096)
def _converter(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    return column.type.dialect_impl(dialect).bind_processor(dialect)


@lru_cache(maxsize=1024)
def _insert_text(
    dialect: Dialect, table: Table, names: tuple[str, ...], same: tuple[str, ...], on_conflict: str
) -> str:
    quoted = dialect.identifier_preparer.quote
    into = f"INSERT INTO {quoted(table.name)} ({', '.join(map(quoted, names))})"
    if dialect.name != "postgresql":
        return f"{into} VALUES ({', '.join('?' * len(names))}) {on_conflict}"
    values, given = _given(dialect, table, names, same)
    return f"{into} SELECT {', '.join(values[name] for name in names)} FROM {given} {on_conflict}"  # noqa: S608 - names only


@lru_cache(maxsize=1024)
def _update_text(
    dialect: Dialect,
    table: Table,
    names: tuple[str, ...],
    same: tuple[str, ...],
    keys: tuple[str, ...],
    only_where: str,
) -> str:
    quoted = dialect.identifier_preparer.quote
    own = quoted(table.name)
    values, source = dict.fromkeys(names, "?"), ""
    if dialect.name == "postgresql":
        values, given = _given(dialect, table, names, same)
        source = f" FROM {given}"
    new = ", ".join(f"{quoted(name)} = {values[name]}" for name in names if name not in keys)
    found = " AND ".join(f"{own}.{quoted(key)} = {values[key]}" for key in keys)
    return f"UPDATE {own} SET {new}{source} WHERE {found}" + (f" AND {only_where}" if only_where else "")  # noqa: S608 - names only


def _given(dialect: Dialect, table: Table, names: tuple[str, ...], same: tuple[str, ...]) -> tuple[dict[str, str], str]:
    """What stands for each column's value, and the list of tables it comes from.

    Parameters are given in the order in which they stand in the text, so those of `same` are named first.
    """
    quoted = dialect.identifier_preparer.quote
    kind = {name: table.c[name].type.dialect_impl(dialect).compile(dialect) for name in names}
    each = [name for name in names if name not in same]
    sources = []
    if same:
        shared = ", ".join(f"CAST(%s AS {kind[name]}) AS {quoted(name)}" for name in same)
        sources.append(f"(SELECT {shared}) AS all_rows")
    if each:
        arrays = ", ".join(f"CAST(%s AS {kind[name]}[])" for name in each)
        sources.append(f"unnest({arrays}) AS each_row({', '.join(map(quoted, each))})")
    values = {name: f"{'all_rows' if name in same else 'each_row'}.{quoted(name)}" for name in names}
    return values, ", ".join(sources)
