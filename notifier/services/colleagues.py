"""Who works at a school, as those who manage its staff see it; and what of it they may touch.

An account belongs to the whole service and may hold roles at schools that its manager has nothing to do with. So a manager sees a
person by the roles here alone, gives and takes only roles here that are not above their own, and does what concerns the account as a
whole (closing it, links, the second factor) only where every role of it lies in their hands: whoever could make a link for somebody of
another school could sign in there. Nobody changes their own account here. The acts are in `services.colleague_acts`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from notifier.domain.schools import School
from notifier.domain.staff import OVER_A_TRUST, Grant, Permission, Role, may, may_give
from notifier.services import tries
from notifier.services.accounts import Actor
from notifier.services.application import Application, UnknownSchool
from notifier.services.staff import StaffRefused
from notifier.store import staff, staff_managed

BY_PROVIDER: Final = "provider "
"""How the giver of a role begins where it came from a provider's claims; see `services.sign_in`."""

NO_LONGER: Final = "You may not manage the people of this school any more, so nothing was done."


class NoColleague(Exception):
    """Nobody of that id works at the school, as far as its managers may know."""


@dataclass(frozen=True, slots=True)
class Manager:
    """Whose act it is (by e-mail), about which school, and when."""

    email: str
    school: School
    now: datetime


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works at a school.

    `roles` hold here; `from_provider` are those of them that a provider's claims give, with its key. `changeable` are the roles that the
    reader may give and take here. `own` is the reader's own account; `whole` is whether the account as a whole is in their hands, and
    then `schools` names every place it is for. `link_until` is the end of an open link for choosing a password. `seen` stands for all of
    this, so that a form can tell whether it changed since.
    """

    user_id: str
    email: str
    name: str
    roles: tuple[Role, ...]
    from_provider: Mapping[Role, str]
    changeable: frozenset[Role]
    own: bool
    whole: bool
    schools: tuple[str, ...]
    has_password: bool
    second_factor: bool
    last_sign_in_at: datetime | None
    disabled_at: datetime | None
    disabled_by: str | None
    locked_until: datetime | None
    link_until: datetime | None
    seen: str

    @property
    def called(self) -> str:
        """Their name, else their e-mail address."""
        return self.name or self.email

    @property
    def given_here(self) -> frozenset[Role]:
        """The roles here that the reader may take away: those within their reach that people gave."""
        return frozenset(self.roles) & self.changeable - set(self.from_provider)

    @property
    def touchable(self) -> bool:
        """Whether the reader may change anything at all."""
        return not self.own and bool(frozenset(self.roles) & self.changeable)


@dataclass(slots=True)
class Reach:
    """What a manager holds, read in the transaction that uses it, and the trusts of schools met on the way."""

    connection: Connection
    app: Application
    manager: Manager
    held: tuple[Grant, ...]
    schools: dict[str, School | None] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, app: Application, manager: Manager) -> Reach:
        """What somebody may manage at this moment. Raises StaffRefused where that is nothing any more."""
        user = staff.user_by_email(connection, manager.email)
        held = staff.grants(connection, user.user_id) if user is not None and user.disabled_at is None else ()
        if not may(held, Permission.MANAGE_STAFF, manager.school):
            raise StaffRefused(NO_LONGER)
        return cls(connection, app, manager, held, {manager.school.key: manager.school})

    @property
    def actor(self) -> Actor:
        """The manager as the one who acts."""
        return Actor(self.manager.email, self.manager.now, self.manager.school.key)

    def covers(self, grants: Iterable[Grant]) -> bool:
        """Whether every one of these roles is the manager's to give and take."""
        return all(may_give(self.held, grant, self._trusts(grant.school_id)) for grant in grants)

    def here(self, role: Role) -> Grant | None:
        """A role as it is given from this school's page; None for one over a trust where there is no trust."""
        school = self.manager.school
        if role not in OVER_A_TRUST:
            return Grant(role, school_id=school.key)
        return Grant(role, trust=school.trust) if school.trust else None

    @property
    def offered(self) -> tuple[Role, ...]:
        """The roles that the manager may give from this school's page."""
        return tuple(role for role in Role if (grant := self.here(role)) is not None and self.covers([grant]))

    def place(self, grant: Grant) -> str:
        """Where a role holds, for people."""
        school = self._school(grant.school_id) if grant.school_id else None
        return school.name if school else grant.school_id or f"the trust {grant.trust}"

    def _trusts(self, key: str) -> dict[str, str]:
        school = self._school(key) if key else None
        return {key: school.trust} if school is not None and school.trust else {}

    def _school(self, key: str) -> School | None:
        if key not in self.schools:
            try:
                self.schools[key] = self.app.school(self.connection, key) if key.isprintable() else None
            except UnknownSchool:
                self.schools[key] = None
        return self.schools[key]


def offered_roles(app: Application, manager: Manager) -> tuple[Role, ...]:
    """The roles that somebody may give from a school's page. Raises StaffRefused."""
    with app.database.read() as connection:
        return Reach.of(connection, app, manager).offered


def working_here(app: Application, manager: Manager) -> list[Colleague]:
    """Everybody with a role at the school or over its trust; closed accounts last, else by name. Raises StaffRefused."""
    school = manager.school
    with app.database.read() as connection:
        reach = Reach.of(connection, app, manager)
        found = _colleagues(reach, staff_managed.with_a_role(connection, school.key, school.trust or ""))
    return sorted(found, key=lambda one: (one.disabled_at is not None, one.called.casefold(), one.email))


def one_colleague(app: Application, manager: Manager, user_id: str) -> Colleague:
    """Somebody who works at the school. Raises NoColleague, StaffRefused."""
    with app.database.read() as connection:
        return find(Reach.of(connection, app, manager), user_id)[1]


def find(reach: Reach, user_id: str) -> tuple[Any, Colleague]:
    """The account's row and what the manager may know of it. Raises NoColleague."""
    user = staff.user(reach.connection, user_id) if user_id.isprintable() else None
    grants = staff.grants(reach.connection, user_id) if user is not None else ()
    if user is None or not any(grant.reaches(reach.manager.school) for grant in grants):
        raise NoColleague(user_id)
    return user, _colleagues(reach, [user])[0]


def _colleagues(reach: Reach, users: list[Any]) -> list[Colleague]:
    connection, now = reach.connection, reach.manager.now
    ids = [user.user_id for user in users]
    grants = staff_managed.grants_with_givers(connection, ids)
    links = staff_managed.recoveries_until(connection, ids, now=now)
    keys = {
        user.user_id: (tries.counter("account", user.email), tries.counter("second_factor", user.user_id))
        for user in users
    }
    waits = {
        kind: staff_managed.waits(connection, kind, [key for pair in keys.values() for of, key in pair if of == kind], now=now)
        for kind in ("account", "second_factor")
    }  # fmt: skip
    return [
        _colleague(
            reach, user, grants[user.user_id], links.get(user.user_id),
            max((waits[kind][key] for kind, key in keys[user.user_id] if key in waits[kind]), default=None),
        )
        for user in users
    ]  # fmt: skip


def _colleague(
    reach: Reach, user: Any, grants: Mapping[Grant, str], link_until: datetime | None, locked_until: datetime | None
) -> Colleague:
    here = {grant.role: by for grant, by in grants.items() if grant.reaches(reach.manager.school)}
    own = user.email == reach.manager.email
    whole = not own and reach.covers(grants)
    roles = tuple(role for role in Role if role in here)
    return Colleague(
        user_id=user.user_id,
        email=user.email,
        name=user.name,
        roles=roles,
        from_provider={
            role: here[role].removeprefix(BY_PROVIDER) for role in roles if here[role].startswith(BY_PROVIDER)
        },
        changeable=frozenset(reach.offered),
        own=own,
        whole=whole,
        schools=tuple(sorted({reach.place(grant) for grant in grants})) if whole else (),
        has_password=user.password_hash is not None,
        second_factor=user.totp_secret is not None,
        last_sign_in_at=user.last_sign_in_at,
        disabled_at=user.disabled_at,
        disabled_by=user.disabled_by,
        locked_until=locked_until,
        link_until=link_until if whole else None,
        seen=_seen(user, roles),
    )


def _seen(user: Any, roles: tuple[Role, ...]) -> str:
    """Stands for what a manager was shown: another text once any of it has changed."""
    shown = (user.name, roles, user.disabled_at, user.totp_since)
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:20]
