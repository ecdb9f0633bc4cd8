"""Who may see which page: from the cookie to the person, from the person to the school, from the school to the permission.

Every route of the staff pages declares what it needs as a dependency, and gets a `Visit` from it:

    def inbox(visit: Annotated[Visit, Depends(require(Permission.SEE_MESSAGES))]) -> Response: …

`visit.school` is the one school the page is about; reading anything of another school is not possible through it. Signed out: to
the sign-in page, with what was typed. Not allowed: 403. A school, or a thing of a school, that is not theirs: 404, as if it were not there.
A test walks over all routes and fails for one that declares nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request
from sqlalchemy import Connection
from starlette.datastructures import FormData

from notifier.domain.schools import School
from notifier.domain.staff import (
    PERMISSION_WORDS,
    ROLE_WORDS,
    Grant,
    Permission,
    may,
    roles_at,
    roles_with,
)
from notifier.services import sign_in
from notifier.services.application import Application, UnknownSchool
from notifier.services.sign_in import Current, Stage
from notifier.web.staff import forms
from notifier.web.staff.cookies import SESSION, Cookies
from notifier.web.staff.visit import Guard, NoSchoolChosen, NotHere, Person, Refused, SentAgain, SignedOut, Visit

__all__ = [
    "FROM_ELSEWHERE", "OUT_OF_DATE", "Access", "Guard", "NoSchoolChosen", "NotHere", "Person", "Posted", "Refused", "SentAgain",
    "SignedOut", "Visit", "access_of", "current_of", "guard_of", "install", "open_to_everybody", "require", "require_across",
    "sign_in_address", "signed_in", "visit_for_frame", "visit_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Access:
    """The application and its clock, as the guards find them in `app.state.access`."""

    app: Application
    clock: Callable[[], datetime]
    cookies: Cookies


def install(web: FastAPI, app: Application, *, clock: Callable[[], datetime]) -> None:
    """Make the guards work in a web application."""
    web.state.access = Access(app, clock, Cookies.of(app.settings))


def access_of(request: Request) -> Access:
    """The application behind a request."""
    found: Access = request.app.state.access
    return found


Posted = Annotated[FormData | None, Depends(forms.posted)]
"""The form of a request, read up to a limit."""


def require(permission: Permission, *, keeps_alive: bool = True) -> Callable[..., Visit]:
    """A dependency: somebody who holds a permission at the school the page is about.

    `keeps_alive=False` is for what a page asks for by itself (live updates): it must not keep a forgotten session open.
    """

    def guarded(request: Request, form: Posted) -> Visit:
        visit = _visit(request, form, keeps_alive=keeps_alive)
        allowed = [school for school in visit.person.schools if may(visit.person.grants, permission, school)]
        school = _school_of(request, form, visit)
        if school is None:
            if not allowed:
                raise Refused(_refusal(permission))
            if len(allowed) > 1:
                raise NoSchoolChosen(_onward(request))
            school = allowed[0]
        if school not in allowed:
            raise Refused(_refusal(permission))
        if keeps_alive:
            _keep_choice(request, visit, school)
        return _with_form(request, form, replace(visit, chosen=school))

    guarded.guard = Guard("school", permission)  # type: ignore[attr-defined]
    return guarded


def require_across(permission: Permission, *, keeps_alive: bool = True) -> Callable[..., Visit]:
    """A dependency: somebody who holds a permission at one school or more; `visit.schools` are these."""

    def guarded(request: Request, form: Posted) -> Visit:
        visit = _visit(request, form, keeps_alive=keeps_alive)
        allowed = tuple(school for school in visit.person.schools if may(visit.person.grants, permission, school))
        if not allowed:
            raise Refused(_refusal(permission))
        return _with_form(request, form, replace(visit, schools=allowed))

    guarded.guard = Guard("across", permission)  # type: ignore[attr-defined]
    return guarded


def signed_in() -> Callable[..., Visit]:
    """A dependency: anybody with an account. `visit.school` is the school in hand, where there is one."""

    def guarded(request: Request, form: Posted) -> Visit:
        visit = _visit(request, form, keeps_alive=True)
        try:
            school = _school_of(request, form, visit)
        except NotHere:
            school = None
        if school is None and len(visit.person.schools) == 1:
            school = visit.person.schools[0]
        return _with_form(request, form, replace(visit, chosen=school, schools=visit.person.schools))

    guarded.guard = Guard("signed_in")  # type: ignore[attr-defined]
    return guarded


def open_to_everybody() -> Callable[..., None]:
    """A dependency that says so: for the steps of signing in. Forms are still refused when another site sent them."""

    def guarded(request: Request) -> None:
        if request.method in forms.UNSAFE and forms.from_elsewhere(request, access_of(request).app.settings):
            raise forms.Forged(FROM_ELSEWHERE)

    guarded.guard = Guard("open")  # type: ignore[attr-defined]
    return guarded


FROM_ELSEWHERE: Final = (
    "This form was sent by another web site, so nothing was done. Open Notifier itself and try there."
)
OUT_OF_DATE: Final = "This page was not made for your present sign-in, so nothing was done. Go back, load the page again and try once more."


def guard_of(dependant: Any) -> Guard | None:
    """What a route declares, found among its dependencies; None where it declares nothing."""
    for below in dependant.dependencies:
        guard = getattr(below.call, "guard", None) or guard_of(below)
        if isinstance(guard, Guard):
            return guard
    return None


def current_of(request: Request) -> tuple[str, Current] | None:
    """The session of a request's cookie, whatever its state; None where there is none."""
    access = access_of(request)
    token = access.cookies.read(request, SESSION)
    if token is None:
        return None
    with access.app.database.read() as connection:
        current = sign_in.find(connection, access.app, token, now=access.clock())
    return (token, current) if current is not None else None


def visit_for_frame(request: Request) -> Visit:
    """Whoever is signed in, for what stands around a page that tells of a problem. Raises SignedOut."""
    visit = _visit(request, None, keeps_alive=False, reading=True)
    try:
        school = _school_of(request, None, visit)
    except NotHere:
        school = None
    return replace(visit, chosen=school, schools=visit.person.schools)


def _visit(request: Request, form: FormData | None, *, keeps_alive: bool, reading: bool = False) -> Visit:
    access = access_of(request)
    settings = access.app.settings
    unsafe = request.method in forms.UNSAFE and not reading
    if unsafe and forms.from_elsewhere(request, settings):
        raise forms.Forged(FROM_ELSEWHERE)
    found = current_of(request)
    if found is None or not found[1].live or found[1].stage is not Stage.FULL:
        carried = ""
        if unsafe and form is not None and forms.surely_from_here(request, settings):
            carried = forms.carry(settings, request, form, forms.PageToken.read(request, form).mark)
        raise SignedOut(_onward(request), carried, expired=found is not None)
    token, current = found
    if keeps_alive:
        sign_in.touch(access.app, token, now=access.clock())
    return _visit_under(access, token, current)


def visit_of(access: Access, token: str) -> Visit:
    """The visit of a session that was opened this moment, before its cookie came back."""
    with access.app.database.read() as connection:
        current = sign_in.find(connection, access.app, token, now=access.clock())
    assert current is not None
    visit = _visit_under(access, token, current)
    return replace(visit, chosen=visit.person.schools[0] if len(visit.person.schools) == 1 else None)


def _visit_under(access: Access, token: str, current: Current) -> Visit:
    with access.app.database.read() as connection:
        schools = _schools_of(connection, access.app, current.grants)
    user = current.user
    person = Person(user.user_id, user.email, user.name, current.grants, schools, current, token)
    return Visit(person, access.clock(), access.app)


def _with_form(request: Request, form: FormData | None, visit: Visit) -> Visit:
    """Let a form in that a page of this session sent; offer one of an older page of the same person again."""
    if request.method not in forms.UNSAFE:
        return visit
    page = forms.PageToken.read(request, form)
    if page.fits(visit.person.token):
        return replace(visit, form=form)
    settings = visit.app.settings
    own = page.mark == forms.mark_of(visit.person.user_id)
    if own and form is not None and forms.surely_from_here(request, settings):
        carried = forms.carry(settings, request, form, page.mark)
        if carried:
            raise SentAgain(visit, carried)
    raise forms.Forged(OUT_OF_DATE)


def _schools_of(connection: Connection, app: Application, grants: tuple[Grant, ...]) -> tuple[School, ...]:
    """The schools somebody has a role at, by name; read one by one unless a trust has to be looked for."""
    if any(grant.trust for grant in grants):
        found = [school for school in app.schools(connection) if roles_at(grants, school)]
    else:
        found = []
        for key in sorted({grant.school_id for grant in grants}):
            try:
                found.append(app.school(connection, key))
            except UnknownSchool:
                continue  # it was taken out; its roles mean nothing
    return tuple(sorted(found, key=lambda school: school.name))


def _school_of(request: Request, form: FormData | None, visit: Visit) -> School | None:
    """The school that is meant: as the page's form says, else the address (?school=), else the choice. Raises NotHere."""
    by_key = {school.key: school for school in visit.person.schools}
    said = forms.PageToken.read(request, form).school if request.method in forms.UNSAFE else ""
    asked = said or request.query_params.get("school", "")
    if asked:
        if asked not in by_key:
            raise NotHere
        return by_key[asked]
    if visit.person.current.school_id in by_key:
        return by_key[visit.person.current.school_id]
    return visit.person.schools[0] if len(visit.person.schools) == 1 else None


def _keep_choice(request: Request, visit: Visit, school: School) -> None:
    """A page that was opened by an address with a school in it is about that school, and so are the pages its links lead to."""
    opened = request.method == "GET" and request.headers.get("sec-fetch-dest", "document") == "document"
    chosen = visit.person.current.school_id
    if opened and request.query_params.get("school") == school.key != chosen and len(visit.person.schools) > 1:
        sign_in.choose_school(visit.app, visit.person.current, school.key)


def _refusal(permission: Permission) -> str:
    roles = [f"{'an' if words[0] in 'AEIOU' else 'a'} {words.lower()}"
             for role in roles_with(permission) if (words := ROLE_WORDS[role])]  # fmt: skip
    who = roles[0] if len(roles) == 1 else f"{', '.join(roles[:-1])} or {roles[-1]}"
    return f"Your role may not {PERMISSION_WORDS[permission]}. Ask {who}."


def _onward(request: Request) -> str:
    """Where somebody wanted to go; only a page that may be asked for again."""
    if request.method in forms.UNSAFE:
        return "/"
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return forms.safe_onward(path)


def sign_in_address(onward: str) -> str:
    """The sign-in page that leads back."""
    return "/login" if onward == "/" else f"/login?next={quote(onward, safe='/')}"
