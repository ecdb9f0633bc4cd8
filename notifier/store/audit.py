"""Reading the audit chain and the looks beside it: one list, the newest first, a page at a time; and the chain from its beginning.

Writing is in `records` (acts) and `looks`. Everything is of one school.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, Text, and_, cast, desc, func, or_, select

from notifier.store.tables import audit, looks

ACT: Final = 1
LOOK: Final = 0
"""Kinds of line; of the same moment, acts are the newer."""


@dataclass(frozen=True, slots=True)
class Sought:
    """What is searched for. Empty and None are no condition. `act` is an act's key, or "look.WHAT" for a kind of look.

    `actor` is part of the name. `subjects` are everything that stands for a pupil: its id, its follow-ups and messages.
    """

    actor: str = ""
    act: str = ""
    pupil_id: str = ""
    subjects: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    acts_only: bool = False
    looks_only: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a line stands in the list."""

    at: datetime
    kind: int
    number: int


@dataclass(frozen=True, slots=True)
class Line:
    """An act, or a look, as a row."""

    place: Place
    row: Any


def lines(
    connection: Connection, school_id: str, sought: Sought, *, before: Place | None = None, limit: int = 50
) -> list[Line]:
    """Acts and looks together, the newest first, from below `before` on."""
    found: list[Iterator[Line]] = []
    if not sought.looks_only and not sought.act.startswith("look."):
        found.append(_lines(connection, audit, ACT, school_id, _acts(sought), sought, before, limit))
    if not sought.acts_only and (not sought.act or sought.act.startswith("look.")):
        found.append(_lines(connection, looks, LOOK, school_id, _looks(sought), sought, before, limit))
    return list(islice(merge(*found, key=lambda line: line.place, reverse=True), limit))


def _lines(
    connection: Connection,
    table: Table,
    kind: int,
    school_id: str,
    conditions: list[ColumnElement[bool]],
    sought: Sought,
    before: Place | None,
    limit: int,
) -> Iterator[Line]:
    columns = table.c
    query = select(table).where(columns.school_id == school_id, *conditions)
    if sought.actor:
        query = query.where(columns.actor.ilike(f"%{_literal(sought.actor)}%", escape="\\"))
    if sought.since is not None:
        query = query.where(columns.at >= sought.since)
    if sought.until is not None:
        query = query.where(columns.at < sought.until)
    if before is not None:
        same = columns.number < before.number if kind == before.kind else None
        at_once = [same] if same is not None else [] if kind > before.kind else [columns.number.is_not(None)]
        query = query.where(or_(columns.at < before.at, *(and_(columns.at == before.at, part) for part in at_once)))
    for row in connection.execute(query.order_by(desc(columns.at), desc(columns.number)).limit(limit)):
        yield Line(Place(row.at, kind, row.number), row)


def _acts(sought: Sought) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if sought.act:
        conditions.append(audit.c.act == sought.act)
    if sought.pupil_id:
        named = f"%{_literal(json.dumps(sought.pupil_id))}%"
        conditions.append(
            or_(
                audit.c.subject.in_([sought.pupil_id, *sought.subjects]),
                cast(audit.c.detail, Text).like(named, escape="\\"),
            )
        )
    return conditions


def _looks(sought: Sought) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if sought.act:
        conditions.append(looks.c.what == sought.act.removeprefix("look."))
    if sought.pupil_id:
        conditions.append(looks.c.pupil_id == sought.pupil_id)
    return conditions


def _literal(text: str) -> str:
    """Text for LIKE in which nothing stands for anything else."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def chain(connection: Connection, school_id: str, *, after: int = 0) -> Iterator[Any]:
    """A school's audit entries from the first (or after one) to the last, read piece by piece."""
    while True:
        query = select(audit).where(audit.c.school_id == school_id, audit.c.number > after)
        rows = connection.execute(query.order_by(audit.c.number).limit(1000)).all()
        yield from rows
        if len(rows) < 1000:
            return
        after = rows[-1].number


def last_entry(connection: Connection, school_id: str) -> Any | None:
    """The newest audit entry; None for an empty chain."""
    query = select(audit).where(audit.c.school_id == school_id)
    return connection.execute(query.order_by(desc(audit.c.number)).limit(1)).first()


def chains(connection: Connection) -> list[str]:
    """Every chain there is, by school; "" is that of the service itself."""
    return list(connection.scalars(select(audit.c.school_id).distinct().order_by(audit.c.school_id)))


def length(connection: Connection, school_id: str) -> int:
    """How many entries a chain has."""
    query = select(func.count()).select_from(audit).where(audit.c.school_id == school_id)
    return int(connection.execute(query).scalar_one())
