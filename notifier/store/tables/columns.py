"""The kinds of column that tables are made of, and the metadata they all belong to."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import JSON, BigInteger, Integer, MetaData, Table
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


def instant(*, nullable: bool = True) -> Any:
    """A moment, aware, in UTC."""
    return Field(default=None, sa_type=UtcDateTime, nullable=nullable)


def private(*, nullable: bool = True) -> Any:
    """A text about somebody, as an address or a message's words: of the one type that encryption would go into."""
    return Field(default=None, sa_type=PrivateText, nullable=nullable)


def json_value() -> Any:
    """A list or an object, kept as JSON."""
    return Field(default=None, sa_type=JSON, nullable=False)


def counter() -> Any:
    """A number that the database gives, growing; for rows that are read in the order in which they came."""
    return Field(default=None, primary_key=True, sa_type=BigInteger().with_variant(Integer, "sqlite"))


def table_of(model: type[SQLModel]) -> Table:
    """The table of a model, for statements."""
    return cast(Table, model.__table__)  # type: ignore[attr-defined]
