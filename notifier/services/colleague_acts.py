"""What managers of staff do to the accounts of colleagues: adding, changing roles, closing, opening, links.

Every act is judged again in its own transaction, while other managers wait: what the page was allowed to show may have changed since. An
act that has been done already is done: a second click is no error. What is allowed at all stands in `services.colleagues`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from notifier.domain.staff import ADMINISTRATORS, OVER_A_TRUST, ROLE_WORDS, Grant, Role
from notifier.services import accounts
from notifier.services.application import Application
from notifier.services.colleagues import Colleague, Manager, NoColleague, Reach, find
from notifier.services.staff import StaffRefused, fold_email
from notifier.store import audit, staff, staff_managed

LONGEST_NAME: Final = 100
_SAME_CLICK: Final = timedelta(minutes=2)

OWN: Final = "Nobody changes their own account here. Another administrator does; your password and second factor are under “Your account”."
NOT_WHOLE: Final = (
    "This account is not only this school’s, so its sign-in is not changed here. Whoever manages all its places can do it, or whoever "
    "runs Notifier. You can take the roles here away."
)
NOT_YOURS: Final = "Roles over the whole trust are changed by a trust administrator."
CHANGED: Final = (
    "Somebody changed this account since you opened the page, so nothing was done. Look at what stands here now; if it is still right, "
    "do it again."
)


NOT_OURS: Final = (
    "There is an account for this address already, which is not only your school’s. Whoever holds it gets the role. Ask the person; if "
    "they do sign in to Notifier already, tick the box."
)


class Act(StrEnum):
    """What is done to an account from its page, by the end of its address."""

    DISABLE = "disable"
    ENABLE = "enable"
    UNLOCK = "unlock"
    SECOND_FACTOR = "second-factor"
    LINK = "link"
    LEAVE = "leave"


class AccountChanged(Exception):
    """The account is not as it was shown; nothing was done."""


class Faulty(Exception):
    """A form is not right; `faults` has the words by field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(faults.values()))
        self.faults = dict(faults)


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody was added. `link` is for choosing a password, shown this once; empty for somebody who has a way to sign in."""

    user_id: str
    called: str
    link: str
    new: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A change of roles: what it takes and gives. It is not `done` while it takes something and nobody has said yes."""

    colleague: Colleague
    taken: tuple[Role, ...]
    given: tuple[Role, ...]
    done: bool


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody to be added, as typed. `known` says that the person told the manager of an account they have already."""

    email: str
    name: str
    role: Role | None
    schools: Collection[str]
    known: bool = False


def add(app: Application, manager: Manager, newcomer: Newcomer) -> Joined:
    """Give somebody a role, with a new account where there is none. Raises Faulty, StaffRefused.

    An account that others use too is never given a link: whoever holds it signs in as before.
    """
    faults: dict[str, str] = {}
    folded = ""
    try:
        folded = fold_email(newcomer.email) if newcomer.email else ""
    except StaffRefused as problem:
        faults["email"] = str(problem)
    if not newcomer.email:
        faults["email"] = "Enter the person’s e-mail address at work."
    if wrong := _wrong_name(newcomer.name, needed=True):
        faults["name"] = wrong
    with app.database.begin() as connection:
        staff_managed.lock_accounts(connection)
        reach = Reach.of(connection, app, manager)
        grants: list[Grant] = []
        if newcomer.role is None or newcomer.role not in reach.offered:
            faults["role"] = "Choose what the person does."
        else:
            grants = _wanted(reach, newcomer.role, newcomer.schools)
            if not grants or not reach.covers(grants):
                faults["schools"] = "Choose at least one of the schools."
        if folded == manager.email:
            faults["email"] = OWN
        if faults:
            raise Faulty({key: faults[key] for key in ("email", "name", "role", "schools") if key in faults})
        return _add(reach, folded, newcomer, grants)


def _wanted(reach: Reach, role: Role, schools: Collection[str]) -> list[Grant]:
    if role in OVER_A_TRUST:
        grant = reach.here(role)
        return [grant] if grant is not None else []
    return [Grant(role, school_id=key) for key in sorted(set(schools))]


def _add(reach: Reach, folded: str, newcomer: Newcomer, grants: list[Grant]) -> Joined:
    connection, actor = reach.connection, reach.actor
    present = staff.user_by_email(connection, folded)
    held = staff.grants(connection, present.user_id) if present is not None else ()
    for grant in grants:
        same_place = [own for own in held if (own.school_id, own.trust) == (grant.school_id, grant.trust)]
        if same_place and grant not in same_place:
            words = ", ".join(ROLE_WORDS[own.role].lower() for own in same_place)
            raise Faulty(
                {"email": f"This person has a role at {reach.place(grant)} already: {words}. Change it on their page."}
            )
    # who makes an account first may hold its password: no role is added to one of elsewhere unawares
    if present is not None and not reach.covers(held) and not newcomer.known and set(grants) - set(held):
        raise Faulty({"known": NOT_OURS})
    user, new = accounts.make(connection, folded, actor, name=newcomer.name.strip(), password_hash=None)
    for grant in grants:
        if grant not in held:
            accounts.give(connection, user, grant, actor, new_account=new)
    unused = user.password_hash is None and user.last_sign_in_at is None and user.disabled_at is None
    link = ""
    if unused and reach.covers(staff.grants(connection, user.user_id)):
        link = accounts.new_link(connection, reach.app, user, actor)
    return Joined(user.user_id, user.name or user.email, link, new)


def change(
    app: Application, manager: Manager, user_id: str, *, name: str, roles: Iterable[Role], seen: str, sure: bool
) -> Change:
    """Change somebody's name and roles here. Raises Faulty, AccountChanged, NoColleague, StaffRefused."""
    with app.database.begin() as connection:
        staff_managed.lock_accounts(connection)
        reach = Reach.of(connection, app, manager)
        user, colleague = _theirs(reach, user_id)
        wanted, held = frozenset(roles), colleague.given_here
        if not wanted <= colleague.changeable:
            raise StaffRefused("That role is not yours to give. Nothing was changed.")
        wanted -= set(colleague.from_provider)
        name = name.strip() if colleague.whole else colleague.name
        faults: dict[str, str] = {}
        if name != colleague.name and (problem := _wrong_name(name, needed=bool(colleague.name))):
            faults["name"] = problem
        if held and not wanted:
            faults["roles"] = "Tick at least one role. To end the person’s access here, use “Take off this school”."
        if faults:
            raise Faulty(faults)
        taken = tuple(role for role in Role if role in held - wanted)
        given = tuple(role for role in Role if role in wanted - held)
        if not taken and not given and name == colleague.name:
            return Change(colleague, taken, given, done=True)
        if seen != colleague.seen:
            raise AccountChanged(CHANGED)
        gone = _grants(reach, taken)
        _keep_an_administrator(reach, user, gone)
        if taken and not sure:
            return Change(colleague, taken, given, done=False)
        _change(reach, user, name, gone, _grants(reach, given))
    return Change(colleague, taken, given, done=True)


def _change(reach: Reach, user: Any, name: str, gone: list[Grant], come: list[Grant]) -> None:
    connection, actor = reach.connection, reach.actor
    for grant in gone:
        accounts.take(connection, user, grant, actor)
    for grant in come:
        accounts.give(connection, user, grant, actor, new_account=False)
    if name != user.name:
        staff.change_user(connection, user.user_id, name=name)
        accounts.note(connection, user, actor, "staff.name", name=name)


def act(app: Application, manager: Manager, user_id: str, what: Act, *, seen: str) -> str:
    """Do something to an account; returns the link of Act.LINK, else nothing. Raises AccountChanged, NoColleague, StaffRefused."""
    with app.database.begin() as connection:
        staff_managed.lock_accounts(connection)
        reach = Reach.of(connection, app, manager)
        try:
            user, colleague = _theirs(reach, user_id)
        except NoColleague:
            if what is Act.LEAVE and _just_left(reach, user_id):
                return ""
            raise
        if what is not Act.LEAVE and not colleague.whole:
            raise StaffRefused(NOT_WHOLE)
        if _is_done(what, user):
            return ""
        if seen != colleague.seen:
            raise AccountChanged(CHANGED)
        return _do(reach, user, colleague, what)


def _do(reach: Reach, user: Any, colleague: Colleague, what: Act) -> str:
    connection, actor = reach.connection, reach.actor
    if what is Act.LEAVE:
        if colleague.from_provider:
            raise StaffRefused(
                f"A role comes back at the next sign-in with {_providers(colleague)}: take it away there."
            )
        gone = _grants(reach, colleague.given_here)
        _keep_an_administrator(reach, user, gone)
        _change(reach, user, user.name, gone, [])
    elif what is Act.DISABLE:
        _keep_an_administrator(reach, user, staff.grants(connection, user.user_id))
        accounts.close(connection, user, actor)
    elif what is Act.ENABLE:
        accounts.reopen(connection, user, actor)
    elif what is Act.UNLOCK:
        accounts.forget_attempts(connection, user, actor)
    elif what is Act.SECOND_FACTOR:
        accounts.drop_second_factor(connection, user, actor)
    elif user.disabled_at is not None:
        raise StaffRefused("The account is closed. Open it again first; then make the link.")
    else:
        return accounts.new_link(connection, reach.app, user, actor)
    return ""


def _is_done(what: Act, user: Any) -> bool:
    return {
        Act.DISABLE: user.disabled_at is not None,
        Act.ENABLE: user.disabled_at is None,
        Act.SECOND_FACTOR: user.totp_secret is None,
    }.get(what, False)


def _theirs(reach: Reach, user_id: str) -> tuple[Any, Colleague]:
    """Somebody whom the manager may change. Raises NoColleague, StaffRefused."""
    user, colleague = find(reach, user_id)
    if colleague.own:
        raise StaffRefused(OWN)
    if not colleague.touchable:
        raise StaffRefused(NOT_YOURS)
    return user, colleague


def _grants(reach: Reach, roles: Iterable[Role]) -> list[Grant]:
    found = [grant for role in roles if (grant := reach.here(role)) is not None]
    return sorted(found, key=lambda grant: (grant.school_id, grant.role))


def _keep_an_administrator(reach: Reach, user: Any, gone: Iterable[Grant]) -> None:
    """Raises StaffRefused where a school or trust would be left without anybody to run it."""
    for grant in gone:
        last = grant.role in ADMINISTRATORS and not staff_managed.others_with(reach.connection, grant, user.user_id)
        if last and user.disabled_at is None:
            raise StaffRefused(
                f"{user.name or user.email} is the last {ROLE_WORDS[grant.role].lower()} of {reach.place(grant)}. "
                "Make somebody else one first."
            )


def _just_left(reach: Reach, user_id: str) -> bool:
    """Whether this manager took the person off this school moments ago: the second click of a double one."""
    user = staff.user(reach.connection, user_id) if user_id.isprintable() else None
    by, since = reach.manager.email, reach.manager.now - _SAME_CLICK
    sought = audit.Sought(actor=by, act="staff.remove_role", since=since, acts_only=True)
    lines = audit.lines(reach.connection, reach.manager.school.key, sought)
    return user is not None and any(line.row.subject == user.email for line in lines)


def _providers(colleague: Colleague) -> str:
    return ", ".join(sorted(set(colleague.from_provider.values())))


def _wrong_name(name: str, *, needed: bool) -> str:
    plain = name.strip()
    if not plain and needed:
        return "Enter the person’s name, as colleagues know it."
    if len(plain) > LONGEST_NAME:
        return f"Enter at most {LONGEST_NAME} characters."
    return "" if plain.isprintable() else "Enter the name without special characters."
