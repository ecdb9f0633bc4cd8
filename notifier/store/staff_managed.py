"""The accounts of a school and its trust as those who manage them see them. Nothing here judges; see `services.colleagues`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from notifier.domain.staff import Grant, Role
from notifier.store.tables import staff_grants, staff_recoveries, staff_tries, staff_users


def with_a_role(connection: Connection, school_id: str, trust: str) -> list[Any]:
    """The accounts with a role at a school or (where `trust` is not empty) over its trust, by e-mail."""
    columns = staff_grants.c
    here = columns.school_id == school_id
    held = select(columns.user_id).where(or_(here, columns.trust == trust) if trust else here)
    return list(connection.execute(select(staff_users).where(staff_users.c.user_id.in_(held)).order_by("email")))


def grants_with_givers(connection: Connection, user_ids: Sequence[str]) -> dict[str, dict[Grant, str]]:
    """The roles of several people with who gave each, by user id."""
    found: dict[str, dict[Grant, str]] = {user_id: {} for user_id in user_ids}
    for row in connection.execute(select(staff_grants).where(staff_grants.c.user_id.in_(user_ids))):
        found[row.user_id][Grant(Role(row.role), row.school_id, row.trust)] = row.made_by
    return found


def others_with(connection: Connection, grant: Grant, user_id: str) -> int:
    """How many others hold a role with an account that is not disabled."""
    columns = staff_grants.c
    query = select(func.count()).where(
        columns.school_id == grant.school_id,
        columns.trust == grant.trust,
        columns.role == grant.role.value,
        columns.user_id != user_id,
        columns.user_id == staff_users.c.user_id,
        staff_users.c.disabled_at.is_(None),
    )
    return int(connection.execute(query).scalar_one())


def lock_accounts(connection: Connection) -> None:
    """Let acts of managers on accounts follow one another to the end of the transaction: two may not close each other's account.

    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("staff accounts", 0))))


def recoveries_until(connection: Connection, user_ids: Sequence[str], *, now: datetime) -> dict[str, datetime]:
    """Until when the open recovery links of several people can be used, by user id."""
    columns = staff_recoveries.c
    query = select(columns.user_id, columns.expires_at).where(
        columns.user_id.in_(user_ids), columns.used_at.is_(None), columns.expires_at > now
    )
    return {row.user_id: row.expires_at for row in connection.execute(query)}


def waits(connection: Connection, kind: str, key_hashes: Sequence[str], *, now: datetime) -> dict[str, datetime]:
    """Until when counters make the next attempt wait; only those that do."""
    columns = staff_tries.c
    query = select(columns.key_hash, columns.wait_until).where(
        columns.kind == kind, columns.key_hash.in_(key_hashes), columns.wait_until > now
    )
    return {row.key_hash: row.wait_until for row in connection.execute(query)}
