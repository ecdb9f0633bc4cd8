"""Signing in and out: passwords, second factors, providers, and the sessions that come of them.

A session is 256 random bits in a cookie; only their hash is kept. It is made anew at each step of a sign-in, so that nothing
known before a step is worth anything after it. Refusals do not say whether an account exists, nor take a different time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection

from notifier.domain.staff import ADMINISTRATORS, Grant
from notifier.services import second_factor, tries
from notifier.services.accounts import audit_act
from notifier.services.application import Application
from notifier.services.passwords import hash_password, needs_new_hash, verify_password
from notifier.services.sealing import hash_of, new_token
from notifier.store import staff

HALF_WAY: Final = timedelta(minutes=10)
"""How long somebody may take for the second step."""

MOST_CODES: Final = 5
"""Wrong codes before a sign-in begins again from the start."""

DEVICE_KNOWN_FOR: Final = timedelta(days=180)
KEPT_AFTER_END: Final = timedelta(days=7)
TOUCH_EVERY: Final = timedelta(minutes=1)
"""How exactly the last page of a session is noted; more would write at every page."""

WRONG: Final = "The e-mail address or the password is not right, or the account cannot be used."
WRONG_CODE: Final = "The code is not right, or was used before. Wait for the next code and enter that."
TOO_LATE: Final = "That took too long. Sign in again."
NO_ACCOUNT: Final = (
    "There is no account for you here that this sign-in may open. Ask your school's administrator to add you."
)


class Stage(StrEnum):
    """What a session is good for: everything, or only the step that is still wanted."""

    FULL = "full"
    SECOND_FACTOR = "second_factor"
    SET_UP = "set_up"


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: `token` goes into the browser's cookie, `device` into the one by which the browser is known again."""

    token: str
    stage: Stage
    user_id: str
    device: str | None = None


@dataclass(frozen=True, slots=True)
class NotOpened:
    """A refusal in words; `wait_until` is set where there were too many attempts."""

    words: str
    wait_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Current:
    """A session as a page finds it. `live` is whether it still counts; one that does not only says whose it was."""

    session_hash: str
    live: bool
    stage: Stage
    user: Any
    grants: tuple[Grant, ...]
    school_id: str
    draft: str | None
    method: str


@dataclass(frozen=True, slots=True)
class ProviderPerson:
    """Somebody whom a provider vouches for. `email` is None unless it is verified; `grants` come from the claims.

    `maps_roles` is whether the settings give roles by this provider's claims at all.
    """

    provider: str
    subject: str
    email: str | None
    name: str
    grants: tuple[Grant, ...] = ()
    maps_roles: bool = False


def with_password(
    app: Application, email: str, password: str, *, address: str, device: str | None, now: datetime
) -> Opened | NotOpened:
    """Sign in by password. Takes tenths of a second: call it from a worker thread."""
    folded = email.strip().casefold()[:254]
    with app.database.begin() as connection:
        user = staff.user_by_email(connection, folded)
        counters = _counters(connection, user, folded, address, device, now)
        wait = tries.begin(connection, counters, now=now)
    if wait is not None:
        return NotOpened(_wait_words(wait, now), wait)
    right = verify_password(app.settings.sign_in, user.password_hash if user else None, password[:1024])
    renewed = None
    if right and user is not None and needs_new_hash(app.settings.sign_in, user.password_hash):
        renewed = hash_password(app.settings.sign_in, password)
    with app.database.begin() as connection:
        # read again: it may have been disabled, or got another password, while the hash was worked out
        again = staff.user(connection, user.user_id) if user else None
        same = again is not None and user is not None and again.password_hash == user.password_hash
        if again is None or not right or not same or again.disabled_at is not None:
            grants = staff.grants(connection, again.user_id) if again else ()
            subject = folded if again else "unknown account"
            audit_act(
                connection, grants, at=now, actor=subject, act="sign_in.refused", subject=subject,
                detail={"address": address, "how": "password"},
            )  # fmt: skip
            return NotOpened(WRONG)
        if renewed:
            staff.change_user(connection, again.user_id, password_hash=renewed)
        grants = staff.grants(connection, again.user_id)
        stage = _stage_wanted(app, again, grants)
        if stage is Stage.FULL:
            tries.succeeded(connection, counters)
            return _complete(connection, app, again, grants, method="password", device=device, address=address, now=now)
        return Opened(_open(connection, app, again.user_id, stage, "password", now), stage, again.user_id)


def with_code(
    app: Application, current: Current, typed: str, *, address: str, device: str | None, now: datetime
) -> Opened | NotOpened:
    """The second step: a code from the app, or a recovery code. After too many wrong ones the sign-in begins again."""
    user_id = current.user.user_id
    with app.database.begin() as connection:
        wait = tries.begin(connection, [tries.counter("second_factor", user_id)], now=now)
        if wait is not None:
            return NotOpened(_wait_words(wait, now), wait)
        if not staff.count_try(connection, current.session_hash, MOST_CODES):
            staff.end_session(connection, current.session_hash, at=now, why="too_many_codes")
            return NotOpened(TOO_LATE)
        user = staff.user(connection, user_id)
        assert user is not None
        how = second_factor.accept(connection, app.settings, user, typed, now=now)
        grants = staff.grants(connection, user_id)
        if how is None or user.disabled_at is not None:
            audit_act(
                connection, grants, at=now, actor=user.email, act="sign_in.refused", subject=user.email,
                detail={"address": address, "how": "second_factor"},
            )  # fmt: skip
            return NotOpened(WRONG_CODE)
        if not staff.end_session(connection, current.session_hash, at=now, why="rotated"):
            return NotOpened(TOO_LATE)
        counters = _counters(connection, user, user.email, address, device, now)
        tries.succeeded(connection, [*counters, tries.counter("second_factor", user_id)])
        method = f"password and {how}"
        return _complete(connection, app, user, grants, method=method, device=device, address=address, now=now)


def after_set_up(
    app: Application, current: Current, *, address: str, device: str | None, now: datetime
) -> Opened | NotOpened:
    """Go on after the second factor was set up: with a new session in place of the one before."""
    with app.database.begin() as connection:
        if not staff.end_session(connection, current.session_hash, at=now, why="rotated"):
            return NotOpened(TOO_LATE)
        user = staff.user(connection, current.user.user_id)
        assert user is not None
        tries.succeeded(connection, _counters(connection, user, user.email, address, device, now))
        grants = staff.grants(connection, user.user_id)
        return _complete(
            connection, app, user, grants, method="password and app", device=device, address=address, now=now
        )


def with_provider(
    app: Application, person: ProviderPerson, *, address: str, device: str | None, now: datetime
) -> Opened | NotOpened:
    """Sign in somebody whom a provider vouches for: by its own id, at the first time by a verified e-mail or a mapped role."""
    with app.database.begin() as connection:
        user = _user_of(connection, person, now)
        if user is None or user.disabled_at is not None:
            audit_act(
                connection, (), at=now, actor=person.provider, act="sign_in.refused",
                subject=user.email if user else "unknown account", detail={"address": address, "how": person.provider},
            )  # fmt: skip
            return NotOpened(NO_ACCOUNT)
        if person.maps_roles:
            _keep_mapped_roles(connection, user, person, now)
        grants = staff.grants(connection, user.user_id)
        if not grants:
            return NotOpened(NO_ACCOUNT)
        return _complete(connection, app, user, grants, method=person.provider, device=device, address=address, now=now)


def find(connection: Connection, app: Application, token: str, *, now: datetime) -> Current | None:
    """The session of a cookie, also where it no longer counts; None where nothing is known of it."""
    row = staff.session(connection, hash_of(token))
    user = staff.user(connection, row.user_id) if row is not None else None
    if row is None or user is None:
        return None
    idle = timedelta(minutes=app.settings.sign_in.idle_minutes)
    live = row.ended_at is None and row.expires_at > now and row.seen_at + idle > now and user.disabled_at is None
    grants = staff.grants(connection, user.user_id)
    return Current(row.session_hash, live, Stage(row.stage), user, grants, row.school_id, row.draft, row.method)


def touch(app: Application, token: str, *, now: datetime) -> None:
    """Note that a session was used just now, at most once a minute."""
    with app.database.read() as connection:
        row = staff.session(connection, hash_of(token))
    if row is not None and row.ended_at is None and row.seen_at + TOUCH_EVERY <= now:
        with app.database.begin() as connection:
            staff.change_session(connection, row.session_hash, seen_at=now)


def sign_out(app: Application, current: Current, *, now: datetime) -> None:
    """End a session."""
    with app.database.begin() as connection:
        if staff.end_session(connection, current.session_hash, at=now, why="signed_out"):
            _audit(connection, current.user, current.grants, "sign_out", {}, now)


def choose_school(app: Application, current: Current, school_id: str) -> None:
    """Keep the school that a person with several works at. The caller has checked that it is theirs."""
    with app.database.begin() as connection:
        staff.change_session(connection, current.session_hash, school_id=school_id)


def keep_draft(app: Application, current: Current, sealed: str) -> None:
    """Keep the sealed secret of a second factor that is being set up."""
    with app.database.begin() as connection:
        staff.change_session(connection, current.session_hash, draft=sealed)


def form_token(token: str) -> str:
    """What every form of a session carries against forgery; who knows it learns nothing of the session itself."""
    return hashlib.sha256(f"form:{token}".encode()).hexdigest()


def _counters(
    connection: Connection, user: Any, email: str, address: str, device: str | None, now: datetime
) -> list[tries.Counter]:
    if device and user is not None:
        known = staff.knows_device(connection, hash_of(device), user.user_id, since=now - DEVICE_KNOWN_FOR)
        if known:
            return [tries.counter("device", f"{device}:{user.user_id}")]
    return [tries.counter("account", email), tries.counter("address", address)]


def _wait_words(until: datetime, now: datetime) -> str:
    return f"{tries.words(until, now)} If you forgot your password, ask your administrator for a recovery link."


def _stage_wanted(app: Application, user: Any, grants: Iterable[Grant]) -> Stage:
    if user.totp_secret is not None:
        return Stage.SECOND_FACTOR
    wanted = app.settings.second_factor
    administrator = any(grant.role in ADMINISTRATORS for grant in grants)
    needed = wanted == "everybody" or (wanted == "administrators" and administrator)
    return Stage.SET_UP if needed else Stage.FULL


def _open(connection: Connection, app: Application, user_id: str, stage: Stage, method: str, now: datetime) -> str:
    token = new_token()
    lasts = timedelta(hours=app.settings.sign_in.session_hours) if stage is Stage.FULL else HALF_WAY
    staff.add_session(
        connection,
        {
            "session_hash": hash_of(token), "user_id": user_id, "stage": stage.value, "method": method, "school_id": "",
            "tries": 0, "draft": None, "made_at": now, "seen_at": now, "expires_at": now + lasts,
        },
    )  # fmt: skip
    return token


def _complete(
    connection: Connection,
    app: Application,
    user: Any,
    grants: tuple[Grant, ...],
    *,
    method: str,
    device: str | None,
    address: str,
    now: datetime,
) -> Opened:
    token = _open(connection, app, user.user_id, Stage.FULL, method, now)
    device = device or new_token()
    staff.keep_device(connection, hash_of(device), user.user_id, at=now)
    staff.change_user(connection, user.user_id, last_sign_in_at=now)
    staff.clear_away(connection, before=now - KEPT_AFTER_END)
    _audit(connection, user, grants, "sign_in", {"how": method, "address": address}, now)
    return Opened(token, Stage.FULL, user.user_id, device)


def _user_of(connection: Connection, person: ProviderPerson, now: datetime) -> Any | None:
    """The account of somebody at a provider. An account once bound is never opened to another by its e-mail."""
    user_id = staff.user_of_identity(connection, person.provider, person.subject)
    if user_id is not None:
        return staff.user(connection, user_id)
    if person.email is None:
        return None
    email = person.email.strip().casefold()
    user = staff.user_by_email(connection, email)
    if user is None and person.grants:
        row = {"user_id": str(uuid4()), "email": email, "name": person.name, "made_at": now,
               "made_by": _mapped_by(person), "totp_step": 0}  # fmt: skip
        staff.add_user(connection, row)
        user = staff.user_by_email(connection, email)
    if user is None or user.disabled_at is not None or staff.has_identity(connection, person.provider, user.user_id):
        return None
    staff.add_identity(connection, person.provider, person.subject, user.user_id, at=now)
    _audit(connection, user, staff.grants(connection, user.user_id), "staff.bound", {"provider": person.provider}, now)
    return user


def _keep_mapped_roles(connection: Connection, user: Any, person: ProviderPerson, now: datetime) -> None:
    """Roles that came from this provider's claims follow them; roles that people gave stay."""
    by = _mapped_by(person)
    for grant in staff.grants_given_by(connection, user.user_id, by):
        if grant not in person.grants:
            staff.remove_grant(connection, user.user_id, grant)
            staff.end_sessions(connection, user.user_id, at=now, why="role_removed")  # and the pages that are open
            _audit(connection, user, [grant], "staff.remove_role", {"role": grant.role.value, "by": by}, now)
    for grant in person.grants:
        if staff.add_grant(connection, user.user_id, grant, at=now, by=by):
            _audit(connection, user, [grant], "staff.add", {"role": grant.role.value, "by": by}, now)


def _mapped_by(person: ProviderPerson) -> str:
    return f"provider {person.provider}"


def _audit(
    connection: Connection, user: Any, grants: Iterable[Grant], act: str, detail: dict[str, Any], now: datetime
) -> None:
    audit_act(connection, grants, at=now, actor=user.email, act=act, subject=user.email, detail=detail)
