"""Staff accounts: adding people, giving roles, disabling, recovery. Every act is written into the audit chain.

Whose act it is and when are arguments. What people are told when an act is refused stands in `StaffRefused`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from notifier.domain.emails import EmailError, parse_email
from notifier.domain.passwords import problem_with
from notifier.domain.schools import School
from notifier.domain.staff import OVER_A_TRUST, Grant, Role
from notifier.services import accounts, second_factor, tries
from notifier.services.application import Application
from notifier.services.passwords import hash_password, verify_password
from notifier.services.sealing import hash_of
from notifier.store import staff


class StaffRefused(Exception):
    """An act on accounts is refused; the words say why and what to do."""


@dataclass(frozen=True, slots=True)
class Added:
    """What `add_user` did: whether the account is new, and whether the role is."""

    user_id: str
    email: str
    grant: Grant
    new_account: bool
    new_role: bool


def fold_email(email: str) -> str:
    """An e-mail address as accounts are known by: without regard to capitals. Raises StaffRefused."""
    try:
        return parse_email(email, allow_test=True).casefold()
    except EmailError as error:
        raise StaffRefused(error.message) from None


def add_user(
    app: Application,
    email: str,
    role: Role,
    *,
    school: str = "",
    trust: str = "",
    name: str = "",
    password: str | None = None,
    by: str,
    now: datetime,
) -> Added:
    """Add an account with a role, or a further role to one that exists. Raises StaffRefused, UnknownSchool.

    Without `password` somebody signs in through a provider, or by a recovery link. The password of an existing account is not
    changed here; giving it again is allowed, giving another one is refused.
    """
    folded = fold_email(email)
    if password is not None and (problem := problem_with(password, email=folded)):
        raise StaffRefused(problem)
    with app.database.read() as connection:
        grant = _grant(app, connection, role, school, trust)
        present = staff.user_by_email(connection, folded)
    if present is not None and password is not None and present.password_hash is not None:
        if not verify_password(app.settings.sign_in, present.password_hash, password):
            raise StaffRefused(
                f"{folded} has an account with another password. Leave the password out to add the role; "
                f"for a new password: notifier user reset {folded}"
            )
        password = None
    kept = hash_password(app.settings.sign_in, password) if password is not None else None
    actor = accounts.Actor(by, now)
    with app.database.begin() as connection:
        user, new = accounts.make(connection, folded, actor, name=name, password_hash=kept)
        new_role = accounts.give(connection, user, grant, actor, new_account=new)
    return Added(user.user_id, folded, grant, new, new_role)


def _grant(app: Application, connection: Connection, role: Role, school: str, trust: str) -> Grant:
    """The role with its reach. Where only one school or trust can be meant, it need not be named."""
    schools = app.schools(connection)
    if role in OVER_A_TRUST:
        if school:
            raise StaffRefused(
                f"The role {role.value} is given for a trust: leave --school out and name it by --trust."
            )
        trusts = sorted({item.trust for item in schools if item.trust})
        if not trust and len(trusts) == 1:
            trust = trusts[0]
        if trust not in trusts:
            known = ", ".join(trusts) or 'none yet; a school\'s file names its trust: trust = "riverside-trust"'
            what = (
                f"There is no school of a trust '{trust}'." if trust else f"Name the trust for the role {role.value}."
            )
            raise StaffRefused(f"{what} Trusts: {known}")
        return Grant(role, trust=trust)
    if trust:
        raise StaffRefused(f"The role {role.value} is given for one school: leave --trust out and name it by --school.")
    if not school:
        if len(schools) != 1:
            known = ", ".join(item.key for item in schools) or "none yet; add one with: notifier school add FILE.toml"
            raise StaffRefused(f"Name the school for the role {role.value} by --school. Schools: {known}")
        school = schools[0].key
    return Grant(role, school_id=app.school(connection, school).key)


def remove_role(app: Application, email: str, grant: Grant, *, by: str, now: datetime) -> None:
    """Take a role away; the person's sessions end. Raises StaffRefused."""
    with app.database.begin() as connection:
        user = _known(connection, email)
        if not accounts.take(connection, user, grant, accounts.Actor(by, now)):
            raise StaffRefused(f"{user.email} does not hold that role.")


def list_users(app: Application, *, school: School | None = None) -> list[dict[str, Any]]:
    """Every account, or those with a role at one school, by e-mail."""
    with app.database.read() as connection:
        rows = staff.users(connection)
        grants = staff.grants_of(connection, [row.user_id for row in rows])
        left = {row.user_id: staff.codes_left(connection, row.user_id) for row in rows if row.totp_secret}
    return [
        {
            "email": row.email,
            "name": row.name,
            "roles": [
                {"role": grant.role.value, "school": grant.school_id or None, "trust": grant.trust or None}
                for grant in grants.get(row.user_id, ())
            ],
            "password": row.password_hash is not None,
            "second_factor": row.totp_secret is not None,
            "recovery_codes_left": left.get(row.user_id, 0),
            "disabled": row.disabled_at is not None,
            "disabled_by": row.disabled_by,
            "last_sign_in_at": row.last_sign_in_at.isoformat() if row.last_sign_in_at else None,
        }
        for row in rows
        if school is None or any(grant.reaches(school) for grant in grants.get(row.user_id, ()))
    ]


def disable(app: Application, email: str, *, by: str, now: datetime) -> None:
    """Close an account and end its sessions at once. Raises StaffRefused."""
    with app.database.begin() as connection:
        user = _known(connection, email)
        if user.email == by.strip().casefold():
            raise StaffRefused("Nobody disables their own account: ask another administrator.")
        if user.disabled_at is not None:
            raise StaffRefused(f"{user.email} is disabled already, by {user.disabled_by}.")
        accounts.close(connection, user, accounts.Actor(by, now))


def enable(app: Application, email: str, *, by: str, now: datetime) -> None:
    """Open a disabled account again. Raises StaffRefused."""
    with app.database.begin() as connection:
        user = _known(connection, email)
        if user.disabled_at is None:
            raise StaffRefused(f"{user.email} is not disabled.")
        accounts.reopen(connection, user, accounts.Actor(by, now))


def make_recovery(app: Application, email: str, *, by: str, now: datetime) -> str:
    """A one-time link for choosing a new password, for 24 hours; returned this once. Raises StaffRefused."""
    with app.database.begin() as connection:
        user = _known(connection, email)
        if user.disabled_at is not None:
            raise StaffRefused(f"{user.email} is disabled; first: notifier user enable {user.email}")
        return accounts.new_link(connection, app, user, accounts.Actor(by, now))


def recover(app: Application, token: str, password: str, *, now: datetime) -> str:
    """Use a recovery link; every session ends. Returns the e-mail. Raises StaffRefused."""
    with app.database.read() as connection:
        user_id = staff.open_recovery(connection, hash_of(token), now=now)
        user = staff.user(connection, user_id) if user_id else None
    if user is None or user.disabled_at is not None:
        raise StaffRefused("This link was used already or is too old. Ask your administrator for a new one.")
    if problem := problem_with(password, email=user.email):
        raise StaffRefused(problem)
    kept = hash_password(app.settings.sign_in, password)
    with app.database.begin() as connection:
        if not staff.use_recovery(connection, hash_of(token), now=now):
            raise StaffRefused("This link was used already or is too old. Ask your administrator for a new one.")
        staff.change_user(connection, user.user_id, password_hash=kept, password_changed_at=now)
        staff.end_sessions(connection, user.user_id, at=now, why="password_changed")
        staff.forget_devices(connection, user.user_id)
        staff.clear_tries(connection, "account", hash_of(user.email))
        accounts.note(connection, user, accounts.Actor(user.email, now), "staff.recovered")
    return str(user.email)


def recovery_is_open(app: Application, token: str, *, now: datetime) -> bool:
    """Whether a recovery link can still be used."""
    with app.database.read() as connection:
        return staff.open_recovery(connection, hash_of(token), now=now) is not None


def own_password_problem(app: Application, user_id: str, typed: str, *, now: datetime) -> str | None:
    """What is wrong with the present password that somebody signed in was asked for; None where it is right.

    Whoever holds only a session must not find the password out by trying: a few wrong ones, and even the right one has to wait.
    """
    counter = tries.counter("own_password", user_id)
    with app.database.begin() as connection:
        user = staff.user(connection, user_id)
        wait = tries.begin(connection, [counter], now=now)
    if wait is not None:
        return tries.words(wait, now)
    if user is None or not verify_password(app.settings.sign_in, user.password_hash, typed[:1024]):
        return "Enter your present password."
    with app.database.begin() as connection:
        tries.succeeded(connection, [counter])
    return None


def change_password(
    app: Application, user_id: str, *, old: str, new: str, keep_session: str, now: datetime
) -> dict[str, str]:
    """Change somebody's own password; every other session ends. Returns what is wrong by field ("old", "new"), or nothing."""
    with app.database.read() as connection:
        user = staff.user(connection, user_id)
    assert user is not None
    if problem := own_password_problem(app, user_id, old, now=now):
        return {"old": problem}
    if problem := problem_with(new, email=user.email):
        return {"new": problem}
    kept = hash_password(app.settings.sign_in, new)
    with app.database.begin() as connection:
        staff.change_user(connection, user_id, password_hash=kept, password_changed_at=now)
        staff.end_sessions(connection, user_id, at=now, why="password_changed", but=keep_session)
        accounts.note(connection, user, accounts.Actor(user.email, now), "staff.password")
    return {}


def second_factor_off(app: Application, email: str, *, by: str, now: datetime) -> None:
    """Take the second factor away, for somebody who lost telephone and codes; sessions end. Raises StaffRefused."""
    with app.database.begin() as connection:
        user = _known(connection, email)
        if user.totp_secret is None:
            raise StaffRefused(f"{user.email} has no second factor.")
        accounts.drop_second_factor(connection, user, accounts.Actor(by, now))


def second_factor_on(
    app: Application, user_id: str, secret: str, typed: str, *, keep_session: str, now: datetime
) -> tuple[str, ...] | None:
    """Begin to ask for the second factor, once a code shows that the app has it; returns the recovery codes this once.

    Every other session ends: each was opened without it. None where the code is not right, and where somebody has set one up already:
    whoever holds an older session must not put another in its place. Raises NoKey.
    """
    step = second_factor.step_of(secret, typed, now)
    if step is None:
        return None
    kept = second_factor.sealed(app.settings, secret)
    with app.database.begin() as connection:
        user = staff.user(connection, user_id)
        assert user is not None
        if not staff.begin_second_factor(connection, user_id, kept, step=step, at=now):
            return None
        staff.end_sessions(connection, user_id, at=now, why="second_factor_on", but=keep_session)
        codes = second_factor.new_codes(connection, user_id, now=now)
        accounts.note(connection, user, accounts.Actor(user.email, now), "staff.second_factor_on")
    return codes


def _known(connection: Connection, email: str) -> Any:
    user = staff.user_by_email(connection, fold_email(email))
    if user is None:
        raise StaffRefused(f"There is no account for {email.strip()}. See: notifier user list")
    return user
