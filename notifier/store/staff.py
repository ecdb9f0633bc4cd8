"""Staff accounts, grants, sessions and failed sign-ins as rows. Nothing here judges; see `services.staff` and `services.sign_in`.

Secrets come in as hashes or sealed. Every change of state is a conditional UPDATE, so that of two at once only one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, select, update

from notifier.domain.staff import Grant, Role
from notifier.store.database import Row, insert_missing, insert_rows, upsert
from notifier.store.tables import (
    staff_codes,
    staff_devices,
    staff_grants,
    staff_identities,
    staff_provider_starts,
    staff_recoveries,
    staff_sessions,
    staff_tries,
    staff_users,
)


def user_by_email(connection: Connection, email: str) -> Any | None:
    """An account's row; None where there is none. `email` is already folded."""
    return connection.execute(select(staff_users).where(staff_users.c.email == email)).first()


def user(connection: Connection, user_id: str) -> Any | None:
    """An account's row by id."""
    return connection.execute(select(staff_users).where(staff_users.c.user_id == user_id)).first()


def users(connection: Connection) -> list[Any]:
    """Every account, by e-mail."""
    return list(connection.execute(select(staff_users).order_by(staff_users.c.email)))


def add_user(connection: Connection, row: Row) -> bool:
    """Add an account; False where the e-mail has one."""
    return insert_missing(connection, staff_users, [row]) == 1


def change_user(connection: Connection, user_id: str, **values: Any) -> None:
    """Change columns of an account."""
    connection.execute(update(staff_users).where(staff_users.c.user_id == user_id).values(**values))


def begin_second_factor(connection: Connection, user_id: str, sealed: str, *, step: int, at: datetime) -> bool:
    """Keep the sealed secret of a second factor; False where there is one."""
    result = connection.execute(
        update(staff_users)
        .where(staff_users.c.user_id == user_id, staff_users.c.totp_secret.is_(None))
        .values(totp_secret=sealed, totp_since=at, totp_step=step)
    )
    return result.rowcount == 1


def take_step(connection: Connection, user_id: str, step: int) -> bool:
    """Use up a time step of the second factor; False where it, or a later one, was used before."""
    result = connection.execute(
        update(staff_users)
        .where(staff_users.c.user_id == user_id, staff_users.c.totp_step < step)
        .values(totp_step=step)
    )
    return result.rowcount == 1


def add_grant(connection: Connection, user_id: str, grant: Grant, *, at: datetime, by: str) -> bool:
    """Give a role; False where it was held."""
    row = {
        "school_id": grant.school_id,
        "trust": grant.trust,
        "user_id": user_id,
        "role": grant.role.value,
        "made_at": at,
        "made_by": by,
    }
    return insert_missing(connection, staff_grants, [row]) == 1


def remove_grant(connection: Connection, user_id: str, grant: Grant) -> bool:
    """Take a role away; False where it was not held."""
    columns = staff_grants.c
    result = connection.execute(
        delete(staff_grants).where(
            columns.user_id == user_id,
            columns.role == grant.role.value,
            columns.school_id == grant.school_id,
            columns.trust == grant.trust,
        )
    )
    return result.rowcount == 1


def grants(connection: Connection, user_id: str) -> tuple[Grant, ...]:
    """The roles of one person."""
    return grants_of(connection, [user_id]).get(user_id, ())


def grants_of(connection: Connection, user_ids: Sequence[str]) -> dict[str, tuple[Grant, ...]]:
    """The roles of several people, by user id."""
    columns = staff_grants.c
    found: dict[str, tuple[Grant, ...]] = {}
    query = select(staff_grants).where(columns.user_id.in_(user_ids))
    for row in connection.execute(query.order_by(columns.school_id, columns.trust, columns.role)):
        found[row.user_id] = (*found.get(row.user_id, ()), Grant(Role(row.role), row.school_id, row.trust))
    return found


def grants_given_by(connection: Connection, user_id: str, by: str) -> list[Grant]:
    """The roles of a person that came from one giver."""
    columns = staff_grants.c
    rows = connection.execute(select(staff_grants).where(columns.user_id == user_id, columns.made_by == by))
    return [Grant(Role(row.role), row.school_id, row.trust) for row in rows]


# sessions


def add_session(connection: Connection, row: Row) -> None:
    """Keep a new session."""
    insert_rows(connection, staff_sessions, [row])


def session(connection: Connection, session_hash: str) -> Any | None:
    """A session's row, also of one that has ended; None where it was never made or is cleared away."""
    return connection.execute(select(staff_sessions).where(staff_sessions.c.session_hash == session_hash)).first()


def change_session(connection: Connection, session_hash: str, **values: Any) -> None:
    """Change columns of a session that has not ended."""
    connection.execute(
        update(staff_sessions)
        .where(staff_sessions.c.session_hash == session_hash, staff_sessions.c.ended_at.is_(None))
        .values(**values)
    )


def count_try(connection: Connection, session_hash: str, most: int) -> bool:
    """Count one more wrong code of a session before it is judged; False where the most were made."""
    result = connection.execute(
        update(staff_sessions)
        .where(
            staff_sessions.c.session_hash == session_hash,
            staff_sessions.c.ended_at.is_(None),
            staff_sessions.c.tries < most,
        )
        .values(tries=staff_sessions.c.tries + 1)
    )
    return result.rowcount == 1


def end_session(connection: Connection, session_hash: str, *, at: datetime, why: str) -> bool:
    """End a session; False where it has ended before, so that of two rotations at once only one goes on."""
    result = connection.execute(
        update(staff_sessions)
        .where(staff_sessions.c.session_hash == session_hash, staff_sessions.c.ended_at.is_(None))
        .values(ended_at=at, ended_why=why, draft=None)
    )
    return result.rowcount == 1


def end_sessions(connection: Connection, user_id: str, *, at: datetime, why: str, but: str = "") -> int:
    """End every session of a person, save one; returns how many."""
    result = connection.execute(
        update(staff_sessions)
        .where(
            staff_sessions.c.user_id == user_id,
            staff_sessions.c.ended_at.is_(None),
            staff_sessions.c.session_hash != but,
        )
        .values(ended_at=at, ended_why=why, draft=None)
    )
    return result.rowcount


# the second factor's recovery codes, and recovery of an account


def put_codes(connection: Connection, user_id: str, hashes: Sequence[str], *, at: datetime) -> None:
    """Put new recovery codes in place of all that were there."""
    connection.execute(delete(staff_codes).where(staff_codes.c.user_id == user_id))
    insert_rows(connection, staff_codes, [{"user_id": user_id, "code_hash": code, "made_at": at} for code in hashes])


def use_code(connection: Connection, user_id: str, code_hash: str, *, at: datetime) -> bool:
    """Use up a recovery code; False where it is not one, or was used."""
    columns = staff_codes.c
    result = connection.execute(
        update(staff_codes)
        .where(columns.user_id == user_id, columns.code_hash == code_hash, columns.used_at.is_(None))
        .values(used_at=at)
    )
    return result.rowcount == 1


def codes_left(connection: Connection, user_id: str) -> int:
    """How many recovery codes are unused."""
    query = select(func.count()).where(staff_codes.c.user_id == user_id, staff_codes.c.used_at.is_(None))
    return int(connection.execute(query).scalar_one())


def add_recovery(connection: Connection, row: Row) -> None:
    """Keep a recovery link, ending those made before it for the same person."""
    end_recoveries(connection, row["user_id"], at=row["made_at"])
    insert_rows(connection, staff_recoveries, [row])


def end_recoveries(connection: Connection, user_id: str, *, at: datetime, but_by: str = "") -> None:
    """End the recovery links of a person that are still open, save those that one person made."""
    columns = staff_recoveries.c
    connection.execute(
        update(staff_recoveries)
        .where(columns.user_id == user_id, columns.used_at.is_(None), columns.made_by != but_by)
        .values(used_at=at)
    )


def open_recovery(connection: Connection, token_hash: str, *, now: datetime) -> str | None:
    """Whose a recovery link is; None where it is unknown, used or too old."""
    columns = staff_recoveries.c
    query = select(columns.user_id).where(
        columns.token_hash == token_hash, columns.used_at.is_(None), columns.expires_at > now
    )
    return connection.execute(query).scalar_one_or_none()


def use_recovery(connection: Connection, token_hash: str, *, now: datetime) -> bool:
    """Use up a recovery link; False where it cannot be used."""
    columns = staff_recoveries.c
    result = connection.execute(
        update(staff_recoveries)
        .where(columns.token_hash == token_hash, columns.used_at.is_(None), columns.expires_at > now)
        .values(used_at=now)
    )
    return result.rowcount == 1


# failed sign-ins, and browsers known from before


def hold_tries(connection: Connection, kind: str, key_hash: str, *, now: datetime) -> Any:
    """The row of one counter, held to the end of the transaction; made where it is new."""
    new = {"kind": kind, "key_hash": key_hash, "failures": 0, "last_at": now, "wait_until": None}
    insert_missing(connection, staff_tries, [new])
    query = select(staff_tries).where(staff_tries.c.kind == kind, staff_tries.c.key_hash == key_hash)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()
    return connection.execute(query).one()


def set_tries(
    connection: Connection, kind: str, key_hash: str, *, failures: int, at: datetime, wait_until: datetime | None
) -> None:
    """Put a counter to a value."""
    connection.execute(
        update(staff_tries)
        .where(staff_tries.c.kind == kind, staff_tries.c.key_hash == key_hash)
        .values(failures=failures, last_at=at, wait_until=wait_until)
    )


def clear_tries(connection: Connection, kind: str, key_hash: str) -> None:
    """Forget the failures of one counter."""
    connection.execute(delete(staff_tries).where(staff_tries.c.kind == kind, staff_tries.c.key_hash == key_hash))


def take_back_try(connection: Connection, kind: str, key_hash: str) -> None:
    """Take one attempt back that was counted before it turned out well."""
    connection.execute(
        update(staff_tries)
        .where(staff_tries.c.kind == kind, staff_tries.c.key_hash == key_hash, staff_tries.c.failures > 0)
        .values(failures=staff_tries.c.failures - 1, wait_until=None)
    )


def keep_device(connection: Connection, device_hash: str, user_id: str, *, at: datetime) -> None:
    """Remember that somebody signed in with this browser."""
    row = {"device_hash": device_hash, "user_id": user_id, "made_at": at, "seen_at": at}
    upsert(connection, staff_devices, [row], update=("seen_at",))


def knows_device(connection: Connection, device_hash: str, user_id: str, *, since: datetime) -> bool:
    """Whether this person signed in with this browser since a moment."""
    columns = staff_devices.c
    query = select(columns.device_hash).where(
        columns.device_hash == device_hash, columns.user_id == user_id, columns.seen_at >= since
    )
    return connection.execute(query).first() is not None


def forget_devices(connection: Connection, user_id: str) -> None:
    """Forget every browser of a person."""
    connection.execute(delete(staff_devices).where(staff_devices.c.user_id == user_id))


# sign-in providers


def user_of_identity(connection: Connection, provider: str, subject: str) -> str | None:
    """Whose account belongs to somebody at a provider."""
    columns = staff_identities.c
    query = select(columns.user_id).where(columns.provider == provider, columns.subject == subject)
    return connection.execute(query).scalar_one_or_none()


def has_identity(connection: Connection, provider: str, user_id: str) -> bool:
    """Whether an account belongs to somebody at a provider already: then nobody else there may take it over."""
    columns = staff_identities.c
    query = select(columns.subject).where(columns.provider == provider, columns.user_id == user_id).limit(1)
    return connection.execute(query).first() is not None


def add_identity(connection: Connection, provider: str, subject: str, user_id: str, *, at: datetime) -> bool:
    """Bind an account to somebody at a provider; False where they are bound to one."""
    row = {"provider": provider, "subject": subject, "user_id": user_id, "made_at": at}
    return insert_missing(connection, staff_identities, [row]) == 1


def add_start(connection: Connection, row: Row) -> None:
    """Keep a sign-in that begins at a provider."""
    insert_rows(connection, staff_provider_starts, [row])


def take_start(connection: Connection, state_hash: str, *, now: datetime) -> Any | None:
    """Take out a sign-in under way: it is answered once. None where it is unknown or too old."""
    columns = staff_provider_starts.c
    row = connection.execute(select(staff_provider_starts).where(columns.state_hash == state_hash)).first()
    if row is None:
        return None
    taken = connection.execute(delete(staff_provider_starts).where(columns.state_hash == state_hash)).rowcount == 1
    return row if taken and row.expires_at > now else None


def clear_away(connection: Connection, *, before: datetime) -> int:
    """Remove sessions, links, starts and counters that ended before a moment; returns how many rows."""
    old: tuple[tuple[Table, Any], ...] = (
        (staff_sessions, staff_sessions.c.expires_at),
        (staff_recoveries, staff_recoveries.c.expires_at),
        (staff_provider_starts, staff_provider_starts.c.expires_at),
        (staff_tries, staff_tries.c.last_at),
    )
    return sum(connection.execute(delete(table).where(column < before)).rowcount for table, column in old)
