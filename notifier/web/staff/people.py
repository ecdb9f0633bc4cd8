"""/settings/people: who works at the school, what they may do, and their accounts: adding, changing, closing, links.

What may be done to whom is decided in `services.colleagues`, again at every act. What takes something away has a page of its own that says
what follows, and is done only from there. A link for choosing a password is shown once, to whoever made it, and never a password.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from notifier.domain.schools import School
from notifier.domain.staff import ADMINISTRATORS, OVER_A_TRUST, ROLE_DOES, ROLE_WORDS, Permission, Role, may
from notifier.services import colleague_acts, colleagues
from notifier.services.accounts import RECOVERY_LASTS
from notifier.services.colleague_acts import AccountChanged, Act, Faulty, Newcomer
from notifier.services.colleagues import Colleague, Manager, NoColleague
from notifier.services.staff import StaffRefused
from notifier.web.staff.access import NotHere, Refused, Visit, require
from notifier.web.staff.answers import shell_of
from notifier.web.staff.forms import text_of

Managing = Annotated[Visit, Depends(require(Permission.MANAGE_STAFF))]

PEOPLE: Final = "/settings/people"

DONE: Final = {
    "changed": "The change is kept and counts from now on.",
    "joined": "They were added. They have an account already and sign in as before.",
    "left": "They have no role here any more, and are signed out.",
    Act.DISABLE.value: "The account is closed, and the person signed out everywhere.",
    Act.ENABLE.value: "The account is open again. The person signs in as before.",
    Act.UNLOCK.value: "The failed attempts are forgotten. The person can try again at once.",
    Act.SECOND_FACTOR.value: "The second factor is gone, and the person signed out everywhere.",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before an act: the title, what follows from it, and the button."""

    title: str
    lines: tuple[str, ...]
    button: str
    takes_away: bool = True


router = APIRouter()
"""`/settings/people` and what stands below it; it comes before the other settings, for which "people" would be a page of theirs."""


@router.get(PEOPLE)
def everybody(request: Request, visit: Managing, done: str = "") -> Response:
    """Who works here, with the state of each account."""
    try:
        found = colleagues.working_here(visit.app, _manager(visit))
    except StaffRefused as problem:
        raise Refused(str(problem)) from None
    values = {"people": found, "words_of": ROLE_WORDS, "done": DONE.get(done, "")}
    return shell_of(request).html(request, "settings_people.html", visit.frame, values)


@router.get(f"{PEOPLE}/new")
def new_page(request: Request, visit: Managing) -> Response:
    """The form for somebody new."""
    return _new_page(request, visit, Newcomer("", "", None, [visit.school.key]), {})


@router.post(f"{PEOPLE}/new")
def add(request: Request, visit: Managing) -> Response:
    """Add somebody; a new account's link is shown this once."""
    form, several = visit.form, len(_schools(visit)) > 1
    schools = _several(visit, "schools") if several else [visit.school.key]
    typed = Newcomer(
        text_of(form, "email"), text_of(form, "name"), _role(text_of(form, "role")), schools, text_of(form, "known") == "yes"
    )  # fmt: skip
    try:
        joined = colleague_acts.add(visit.app, _manager(visit), typed)
    except Faulty as problem:
        return _new_page(request, visit, typed, problem.faults, 422)
    except StaffRefused as problem:
        raise Refused(str(problem)) from None
    if joined.link:
        return _link_page(request, visit, joined.called, joined.user_id, joined.link, added=True)
    here = typed.role in OVER_A_TRUST or visit.school.key in schools
    return _onward(visit, f"{PEOPLE}/{joined.user_id}" if here else PEOPLE, "joined")


@router.get(f"{PEOPLE}/{{user_id}}")
def person(request: Request, visit: Managing, user_id: str, done: str = "") -> Response:
    """One person: roles to change, and what can be done to the account."""
    return _person_page(request, visit, user_id, done=DONE.get(done, ""))


@router.post(f"{PEOPLE}/{{user_id}}/change")
def change(request: Request, visit: Managing, user_id: str) -> Response:
    """Change name and roles; where a role is taken away, ask first."""
    name, seen, sure = (text_of(visit.form, field) for field in ("name", "seen", "sure"))
    roles = [role for text in _several(visit, "roles") if (role := _role(text)) is not None]
    typed = {"name": name, "roles": roles}
    try:
        made = colleague_acts.change(
            visit.app, _manager(visit), user_id, name=name, roles=roles, seen=seen, sure=sure == "yes"
        )
    except NoColleague:
        raise NotHere from None
    except Faulty as problem:
        return _person_page(request, visit, user_id, typed=typed, faults=problem.faults, status=422)
    except (AccountChanged, StaffRefused) as problem:
        return _person_page(request, visit, user_id, typed=typed, told=str(problem), status=409)
    if made.done:
        return _onward(visit, f"{PEOPLE}/{user_id}", "changed")
    hidden = [("name", name), ("sure", "yes"), *(("roles", role.value) for role in roles)]
    asked = Question(
        f"Change the roles of {made.colleague.called}?",
        (
            f"No longer: {_in_words(made.taken)}.",
            *([f"New: {_in_words(made.given)}."] if made.given else []),
            "They are signed out at once, and sign in again with the roles they have then. What they have done stays on record.",
        ),
        "Change the roles",
    )
    return _question_page(request, visit, made.colleague, "change", asked, seen, hidden)


@router.get(f"{PEOPLE}/{{user_id}}/{{what}}")
def ask(request: Request, visit: Managing, user_id: str, what: str) -> Response:
    """What would follow from an act, and the button that does it."""
    colleague = _colleague(visit, user_id)
    act = _act(what)
    asked = _question(visit, colleague, act)
    if asked is None or act not in _possible(colleague):
        return RedirectResponse(f"{PEOPLE}/{user_id}", 303)
    return _question_page(request, visit, colleague, act.value, asked, colleague.seen, [])


@router.post(f"{PEOPLE}/{{user_id}}/{{what}}")
def act(request: Request, visit: Managing, user_id: str, what: str) -> Response:
    """Do something to an account."""
    wanted = _act(what)
    try:
        link = colleague_acts.act(visit.app, _manager(visit), user_id, wanted, seen=text_of(visit.form, "seen"))
    except NoColleague:
        raise NotHere from None
    except (AccountChanged, StaffRefused) as problem:
        return _person_page(request, visit, user_id, told=str(problem), status=409)
    if link:
        return _link_page(request, visit, _colleague(visit, user_id).called, user_id, link)
    if wanted is Act.LEAVE:
        return _onward(visit, PEOPLE, "left")
    return _onward(visit, f"{PEOPLE}/{user_id}", wanted.value)


def _onward(visit: Visit, path: str, done: str) -> Response:
    """To the page that says what was done, of the school that the form was about, whichever another window has in hand."""
    school = f"&school={visit.school.key}" if len(visit.person.schools) > 1 else ""
    return RedirectResponse(f"{path}?done={done}{school}", 303)


def _manager(visit: Visit) -> Manager:
    return Manager(visit.actor, visit.school, visit.now)


def _schools(visit: Visit) -> list[School]:
    """The schools whose people somebody manages."""
    held = visit.person.grants
    return [school for school in visit.person.schools if may(held, Permission.MANAGE_STAFF, school)]


def _several(visit: Visit, field: str) -> list[str]:
    return [str(one) for one in (visit.form.getlist(field) if visit.form is not None else ()) if one]


def _role(text: str) -> Role | None:
    return next((role for role in Role if role.value == text), None)


def _act(text: str) -> Act:
    found = next((act for act in Act if act.value == text), None)
    if found is None:
        raise NotHere
    return found


def _colleague(visit: Visit, user_id: str) -> Colleague:
    try:
        return colleagues.one_colleague(visit.app, _manager(visit), user_id)
    except NoColleague:
        raise NotHere from None
    except StaffRefused as problem:
        raise Refused(str(problem)) from None


def _possible(colleague: Colleague) -> frozenset[Act]:
    """What can be done to an account as it stands."""
    found: set[Act] = set()
    if colleague.touchable and colleague.given_here and not colleague.from_provider:
        found.add(Act.LEAVE)
    if colleague.touchable and colleague.whole:
        found |= {Act.ENABLE} if colleague.disabled_at is not None else {Act.DISABLE, Act.UNLOCK, Act.LINK}
        if colleague.second_factor:
            found.add(Act.SECOND_FACTOR)
    return frozenset(found)


def _in_words(roles: tuple[Role, ...]) -> str:
    return ", ".join(ROLE_WORDS[role].lower() for role in roles)


def _question(visit: Visit, colleague: Colleague, act: Act) -> Question | None:
    called, places = colleague.called, ", ".join(colleague.schools)
    sure = "Be sure that it is this person who asks: see them, or ring them on a number you know."
    if act is Act.DISABLE:
        return Question(
            f"Close the account of {called}?",
            (
                "They are signed out everywhere at once and cannot sign in any more.",
                f"The account is closed for: {places}.",
                "What they have done stays on record under their name. The account can be opened again.",
            ),
            "Close the account",
        )
    if act is Act.LEAVE:
        roles = tuple(role for role in Role if role in colleague.given_here)
        over = [f"This goes for all schools of the trust {visit.school.trust}."] if set(roles) & OVER_A_TRUST else []
        return Question(
            f"Take {called} off {visit.school.name}?",
            (
                f"They are no longer: {_in_words(roles)}.",
                *over,
                "They are signed out at once. The account itself stays, for other places or another day.",
            ),
            "Take them off",
        )
    if act is Act.SECOND_FACTOR:
        return Question(
            f"Take the second factor of {called} away?",
            (
                "For somebody who lost both their telephone and their recovery codes.",
                sure,
                "They are signed out everywhere. Until they set up a new one, whoever knows the password can sign in.",
            ),
            "Take the second factor away",
        )
    if act is Act.LINK:
        return Question(
            f"Make a link for {called} to choose a password?",
            (
                "Whoever has the link opens the account: hand it over in person.",
                sure,
                f"It works once, for {RECOVERY_LASTS.total_seconds() / 3600:.0f} hours. Links made before stop working.",
                "A password they have now goes on working until the link is used.",
            ),
            "Make the link",
            takes_away=False,
        )
    return None


def _new_page(
    request: Request, visit: Visit, typed: Newcomer, faults: Mapping[str, str], status: int = 200
) -> Response:
    try:
        offered = colleagues.offered_roles(visit.app, _manager(visit))
    except StaffRefused as problem:
        raise Refused(str(problem)) from None
    schools = _schools(visit)
    values = {
        "typed": typed,
        "faults": dict(faults),
        "roles": [(role, _label(visit, role), ROLE_DOES[role]) for role in offered],
        "schools": schools if len(schools) > 1 else [],
        "ask_known": "known" in faults or typed.known,
        "providers": visit.app.settings.sign_in.providers,
    }
    return shell_of(request).html(request, "settings_person_new.html", visit.frame, values, status)


def _person_page(
    request: Request,
    visit: Visit,
    user_id: str,
    *,
    typed: Mapping[str, Any] | None = None,
    faults: Mapping[str, str] | None = None,
    told: str = "",
    done: str = "",
    status: int = 200,
) -> Response:
    one = _colleague(visit, user_id)
    offered = [role for role in Role if role in one.changeable and role not in one.from_provider]
    asked_for = visit.app.settings.second_factor
    administers = bool(ADMINISTRATORS & set(one.roles))
    values = {
        "one": one,
        "possible": {act.value for act in _possible(one)},
        "roles": [(role, _label(visit, role), ROLE_DOES[role]) for role in offered],
        "from_provider": [(ROLE_WORDS[role], key) for role, key in one.from_provider.items()],
        "words_of": ROLE_WORDS,
        "typed": {"name": one.name, "roles": list(one.given_here)} | dict(typed or {}),
        "faults": dict(faults or {}),
        "told": told,
        "refusal": colleague_acts.NOT_WHOLE if one.touchable else colleague_acts.NOT_YOURS,
        "done": done,
        "second_factor_needed": asked_for == "everybody" or (asked_for == "administrators" and administers),
    }
    return shell_of(request).html(request, "settings_person.html", visit.frame, values, status)


def _label(visit: Visit, role: Role) -> str:
    over = f", for all schools of the trust {visit.school.trust}" if role in OVER_A_TRUST else ""
    return f"{ROLE_WORDS[role]}{over}"


def _question_page(
    request: Request,
    visit: Visit,
    colleague: Colleague,
    path: str,
    asked: Question,
    seen: str,
    hidden: list[tuple[str, str]],
) -> Response:
    values = {"one": colleague, "asked": asked, "act_path": path, "fields": [("seen", seen), *hidden]}
    return shell_of(request).html(request, "settings_person_ask.html", visit.frame, values)


def _link_page(
    request: Request, visit: Visit, called: str, user_id: str, link: str, *, added: bool = False
) -> Response:
    values = {"called": called, "user_id": user_id, "link": link, "added": added, "until": visit.now + RECOVERY_LASTS}
    return shell_of(request).html(request, "settings_person_link.html", visit.frame, values)
