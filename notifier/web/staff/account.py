"""The pages of one's own account: what one may do, a new password, and setting up the second factor.

Setting up is open to somebody half-way through a sign-in too, where the settings ask for a second factor that is not there yet.
"""

from __future__ import annotations

import io
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from notifier.domain.staff import PERMISSION_WORDS, ROLE_WORDS, Permission, permitted_at
from notifier.services import sealing, second_factor, sign_in, staff
from notifier.services.sign_in import Current, NotOpened, Stage
from notifier.web.staff import access, forms
from notifier.web.staff.access import Posted, Visit, access_of, open_to_everybody, signed_in
from notifier.web.staff.answers import outside_page, problem_page, shell_of, sign_in_page
from notifier.web.staff.cookies import DEVICE, SESSION, address_of
from notifier.web.staff.signing_in import form_fits

Anybody = Annotated[Visit, Depends(signed_in())]
OPEN = [Depends(open_to_everybody())]


router = APIRouter()
"""`/account`, `/account/password`, `/account/second-factor`."""


@router.get("/account")
def account(request: Request, visit: Anybody) -> Response:
    """What one may do, and the ways to change how one signs in."""
    return _account_page(request, visit)


@router.post("/account/password")
def new_password(request: Request, visit: Anybody) -> Response:
    """A new password; every other session of the account ends."""
    faults = staff.change_password(
        visit.app, visit.person.user_id, old=forms.secret_of(visit.form, "old"),
        new=forms.secret_of(visit.form, "new"), keep_session=visit.person.current.session_hash, now=visit.now,
    )  # fmt: skip
    if faults:
        return _account_page(request, visit, faults=faults, status=422)
    return _account_page(request, visit, done="Your new password is kept. You are signed out everywhere else.")


@router.get("/account/second-factor", dependencies=OPEN)
def set_up(request: Request) -> Response:
    """The secret of a second factor, as a picture and in letters."""
    found = _setting_up(request)
    if found is None:
        return RedirectResponse("/login?next=/account/second-factor", 303)
    return _set_up_page(request, found)


@router.post("/account/second-factor", dependencies=OPEN)
def confirm(request: Request, form: Posted) -> Response:
    """The first code from the app: the second factor counts from now, and the recovery codes are shown once."""
    found = _setting_up(request)
    if found is None or not form_fits(request, form):
        return sign_in_page(request, onward="/account/second-factor", told=sign_in.TOO_LATE, status=401)
    here, current = access_of(request), found
    secret = second_factor.opened(here.app.settings, current.draft)
    if secret is None or current.user.totp_secret is not None:
        return _set_up_page(request, current)
    if _asks_password(current):
        problem = staff.own_password_problem(
            here.app, current.user.user_id, forms.secret_of(form, "password"), now=here.clock()
        )
        if problem:
            return _set_up_page(request, current, faults={"password": problem}, status=422)
    codes = staff.second_factor_on(
        here.app, current.user.user_id, secret, forms.text_of(form, "code"), keep_session=current.session_hash,
        now=here.clock(),
    )  # fmt: skip
    if codes is None:
        faults = {"code": "The code is not right. Wait for the next one in the app and enter that."}
        return _set_up_page(request, current, faults=faults, status=422)
    outcome = sign_in.after_set_up(
        here.app, current, address=address_of(request, here.app.settings),
        device=here.cookies.read(request, DEVICE), now=here.clock(),
    )  # fmt: skip
    if isinstance(outcome, NotOpened):
        return sign_in_page(request, told=outcome.words, status=401)
    visit = access.visit_of(here, outcome.token)
    page = shell_of(request).html(request, "recovery_codes.html", visit.frame, {"codes": codes})
    here.cookies.put(page, SESSION, outcome.token)
    if outcome.device is not None:
        here.cookies.put(page, DEVICE, outcome.device)
    return page


@router.get("/account/second-factor/picture.svg", dependencies=OPEN)
def picture(request: Request) -> Response:
    """The secret as a picture for the app."""
    found = _setting_up(request)
    secret = second_factor.opened(access_of(request).app.settings, found.draft) if found is not None else None
    if found is None or secret is None:
        return Response("Not found", 404, media_type="text/plain")
    drawn = io.BytesIO()
    segno.make(second_factor.address_for_apps(secret, found.user.email), error="m").save(
        drawn, kind="svg", scale=5, border=4, light="#fff", dark="#000"
    )
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


def _setting_up(request: Request) -> Current | None:
    """Whoever may set a second factor up: somebody signed in, or at that very step of signing in; and who has none yet."""
    found = access.current_of(request)
    if found is None or not found[1].live or found[1].stage is Stage.SECOND_FACTOR:
        return None
    return found[1]


def _asks_password(current: Current) -> bool:
    """Whether somebody says their password again: a session alone, which may have been left open, changes no way to sign in."""
    return current.stage is Stage.FULL and current.user.password_hash is not None


def _set_up_page(
    request: Request, current: Current, *, faults: dict[str, str] | None = None, status: int = 200
) -> Response:
    here = access_of(request)
    if current.user.totp_secret is not None:
        lines = ["You have a second factor. If you lost your telephone, ask your administrator to take it away first."]
        return problem_page(request, "Your second factor is set up", lines, 200, on=("/account", "Go to your account"))
    secret = second_factor.opened(here.app.settings, current.draft)
    if secret is None:
        secret = second_factor.new_secret()
        try:
            sealed = second_factor.sealed(here.app.settings, secret)
        except sealing.NoKey as problem:
            return problem_page(request, "A second factor cannot be set up yet", [str(problem)], 503)
        sign_in.keep_draft(here.app, current, sealed)
    groups = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    values: dict[str, Any] = {"secret": groups, "faults": faults or {}, "needed": current.stage is Stage.SET_UP,
                              "asks_password": _asks_password(current)}  # fmt: skip
    return outside_page(request, "second_factor.html", values, status)


def _account_page(
    request: Request, visit: Visit, *, faults: dict[str, str] | None = None, done: str = "", status: int = 200
) -> Response:
    held = [
        {
            "school": school.name,
            "may": [PERMISSION_WORDS[part] for part in Permission if part in permitted_at(visit.person.grants, school)],
        }
        for school in visit.person.schools
    ]
    user = visit.person.current.user
    values = {
        "email": visit.person.email,
        "roles": [
            f"{ROLE_WORDS[grant.role]}, {grant.trust or _school_name(visit, grant.school_id)}"
            for grant in visit.person.grants
        ],
        "held": held,
        "has_password": user.password_hash is not None,
        "has_second_factor": user.totp_secret is not None,
        "faults": faults or {},
        "done": done,
    }
    return shell_of(request).html(request, "account.html", visit.frame, values, status)


def _school_name(visit: Visit, key: str) -> str:
    return next((school.name for school in visit.person.schools if school.key == key), key)
