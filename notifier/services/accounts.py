"""The acts on staff accounts themselves, each written into the audit chain, inside a transaction that its caller has opened.

Nothing here asks whether the act is allowed: commands do so in `services.staff`, the pages in `services.colleagues`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection

from notifier.domain.staff import ADMINISTRATORS, Grant
from notifier.services import tries
from notifier.services.application import Application
from notifier.services.sealing import hash_of, new_token
from notifier.store import people, records, staff

RECOVERY_LASTS: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Actor:
    """Whose act it is, when, and from which school's page; no school for commands."""

    by: str
    now: datetime
    school: str = ""


def make(
    connection: Connection, folded: str, actor: Actor, *, name: str, password_hash: str | None
) -> tuple[Any, bool]:
    """The account of an e-mail address, made where there is none; and whether it is new. A password only ever fills a gap."""
    row = {
        "user_id": str(uuid4()), "email": folded, "name": name, "password_hash": password_hash, "made_at": actor.now,
        "made_by": actor.by, "password_changed_at": actor.now if password_hash else None, "totp_step": 0,
    }  # fmt: skip
    new = staff.add_user(connection, row)
    user = staff.user_by_email(connection, folded)
    assert user is not None
    if not new and password_hash and user.password_hash is None:
        staff.change_user(connection, user.user_id, password_hash=password_hash, password_changed_at=actor.now)
    return user, new


def give(connection: Connection, user: Any, grant: Grant, actor: Actor, *, new_account: bool) -> bool:
    """Give a role; False where it was held.

    A new administrator signs in again, by the second factor where the settings ask for it; and who made a link for a lesser account
    does not hold one for an administrator's now.
    """
    new = staff.add_grant(connection, user.user_id, grant, at=actor.now, by=actor.by)
    if new and grant.role in ADMINISTRATORS:
        staff.end_sessions(connection, user.user_id, at=actor.now, why="role_added")
        staff.end_recoveries(connection, user.user_id, at=actor.now, but_by=actor.by)
    detail = {"role": grant.role.value, "school": grant.school_id, "trust": grant.trust, "new_account": new_account}
    _audit(connection, [grant], actor, "staff.add", user, detail)
    return new


def take(connection: Connection, user: Any, grant: Grant, actor: Actor) -> bool:
    """Take a role away and end the person's sessions at once; False where it was not held."""
    if not staff.remove_grant(connection, user.user_id, grant):
        return False
    staff.end_sessions(connection, user.user_id, at=actor.now, why="role_removed")
    detail = {"role": grant.role.value, "school": grant.school_id, "trust": grant.trust}
    _audit(connection, [grant], actor, "staff.remove_role", user, detail)
    return True


def close(connection: Connection, user: Any, actor: Actor) -> None:
    """Disable an account: sessions, known browsers and open links end with it."""
    staff.change_user(connection, user.user_id, disabled_at=actor.now, disabled_by=actor.by)
    staff.end_sessions(connection, user.user_id, at=actor.now, why="disabled")
    staff.end_recoveries(connection, user.user_id, at=actor.now)
    staff.forget_devices(connection, user.user_id)
    note(connection, user, actor, "staff.disable")


def reopen(connection: Connection, user: Any, actor: Actor) -> None:
    """Enable a disabled account."""
    staff.change_user(connection, user.user_id, disabled_at=None, disabled_by=None)
    note(connection, user, actor, "staff.enable")


def new_link(connection: Connection, app: Application, user: Any, actor: Actor) -> str:
    """A link for choosing a password, in place of those made before; returned this once.

    The old password stays until the link is used: a link made by mistake locks nobody out.
    """
    token = new_token()
    row = {"token_hash": hash_of(token), "user_id": user.user_id, "made_at": actor.now, "made_by": actor.by,
           "expires_at": actor.now + RECOVERY_LASTS}  # fmt: skip
    staff.add_recovery(connection, row)
    note(connection, user, actor, "staff.recovery")
    return f"{app.settings.public_url}/recover/{token}"


def drop_second_factor(connection: Connection, user: Any, actor: Actor) -> None:
    """Take a second factor and its recovery codes away; sessions end."""
    staff.change_user(connection, user.user_id, totp_secret=None, totp_since=None)
    staff.put_codes(connection, user.user_id, [], at=actor.now)
    staff.end_sessions(connection, user.user_id, at=actor.now, why="second_factor_off")
    staff.forget_devices(connection, user.user_id)
    note(connection, user, actor, "staff.second_factor_off")


def forget_attempts(connection: Connection, user: Any, actor: Actor) -> None:
    """Let somebody who made too many attempts try again at once, in every browser."""
    staff.clear_tries(connection, *tries.counter("account", user.email))
    for kind in ("second_factor", "own_password"):
        staff.clear_tries(connection, *tries.counter(kind, user.user_id))
    # the counter of a known browser goes by the browser; unknown again, it waits by the account's
    staff.forget_devices(connection, user.user_id)
    note(connection, user, actor, "staff.unlock")


def note(connection: Connection, user: Any, actor: Actor, act: str, **detail: Any) -> None:
    """Write an act on an account into the chain of each school where the person has a role."""
    _audit(connection, staff.grants(connection, user.user_id), actor, act, user, detail)


def _audit(
    connection: Connection, grants: Iterable[Grant], actor: Actor, act: str, user: Any, detail: Mapping[str, Any]
) -> None:
    audit_act(
        connection, grants, at=actor.now, actor=actor.by, act=act, subject=user.email, detail=detail, school=actor.school
    )  # fmt: skip


def audit_act(
    connection: Connection,
    grants: Iterable[Grant],
    *,
    at: datetime,
    actor: str,
    act: str,
    subject: str,
    detail: Mapping[str, Any],
    school: str = "",
) -> None:
    """Write an act on an account into the chain of each school where the person has a role, else into the service's own.

    An act from a school's page stands in that school's chain too: one over a trust would be read nowhere else.
    """
    schools = sorted({grant.school_id or school for grant in grants} - {""}) or [records.EVERY_SCHOOL]
    for school_id in schools:
        people.lock_school(connection, school_id)
        records.lock_chain(connection, school_id)
        records.add_audit(connection, school_id, at=at, actor=actor, act=act, subject=subject, detail=detail)
