"""The pages of signing in and out: password, second step, recovery link, choice of school.

What was typed under a session that ended goes along, sealed, and is offered to the same person afterwards.
"""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from notifier.domain.staff import Permission, may
from notifier.services import sign_in, staff
from notifier.services.sign_in import Current, NotOpened, Opened, Stage, form_token
from notifier.web.staff import access, forms
from notifier.web.staff.access import Posted, Visit, access_of, open_to_everybody, signed_in
from notifier.web.staff.answers import carry_on_page, outside_page, problem_page, shell_of, sign_in_page
from notifier.web.staff.cookies import DEVICE, FORM, SESSION, address_of

OPEN = [Depends(open_to_everybody())]
Anybody = Annotated[Visit, Depends(signed_in())]

FORM_OUT_OF_DATE = "This page was open for too long, so nothing was sent. Sign in now."
DROPPED = "What had been typed before was typed by another person, so it was not kept."


router = APIRouter()
"""`/login`, `/login/second-factor`, `/logout`, `/recover/{token}`, `/choose-school`."""


@router.get("/login", dependencies=OPEN)
def login(request: Request, next: str = "/") -> Response:
    """The form for e-mail address and password."""
    onward = forms.safe_onward(next)
    found = access.current_of(request)
    if found is not None and found[1].live and found[1].stage is Stage.FULL:
        return RedirectResponse(onward, 303)
    told = "You are signed out." if "signed_out" in request.query_params else ""
    return sign_in_page(request, onward=onward, told=told)


@router.post("/login", dependencies=OPEN)
def check_password(request: Request, form: Posted) -> Response:
    """The first step, or the only one."""
    onward, carried = forms.safe_onward(forms.text_of(form, "next")), forms.text_of(form, forms.CARRIED)
    email, password = forms.text_of(form, "email"), forms.secret_of(form, "password")
    again: dict[str, Any] = {"onward": onward, "carried": carried, "email": email[:254]}
    if not form_fits(request, form):
        return sign_in_page(request, **again, told=FORM_OUT_OF_DATE, status=403)
    faults = {} if email else {"email": "Enter your e-mail address."}
    if not password:
        faults["password"] = "Enter your password."  # noqa: S105 - words
    if faults:
        return sign_in_page(request, **again, faults=faults, status=422)
    here = access_of(request)
    outcome = sign_in.with_password(
        here.app, email, password, address=address_of(request, here.app.settings),
        device=here.cookies.read(request, DEVICE), now=here.clock(),
    )  # fmt: skip
    if isinstance(outcome, NotOpened):
        status = 429 if outcome.wait_until else 401
        page = sign_in_page(request, **again, faults={"email": outcome.words}, status=status)
        if outcome.wait_until:
            page.headers["Retry-After"] = str(max(1, int((outcome.wait_until - here.clock()).total_seconds())))
        return page
    return go_on(request, outcome, onward, carried)


@router.get("/login/second-factor", dependencies=OPEN)
def second_step(request: Request, next: str = "/") -> Response:
    """The form for the code."""
    if half_way(request, Stage.SECOND_FACTOR) is None:
        return RedirectResponse("/login", 303)
    return _second_step_page(request, forms.safe_onward(next), "")


@router.post("/login/second-factor", dependencies=OPEN)
def check_code(request: Request, form: Posted) -> Response:
    """The second step: a code from the app, or a recovery code."""
    onward, carried = forms.safe_onward(forms.text_of(form, "next")), forms.text_of(form, forms.CARRIED)
    current = half_way(request, Stage.SECOND_FACTOR)
    if current is None or not form_fits(request, form):
        return sign_in_page(request, onward=onward, carried=carried, told=sign_in.TOO_LATE, status=401)
    code = forms.text_of(form, "code")
    if not code:
        faults = {"code": "Enter the 6 digits from your app, or a recovery code."}
        return _second_step_page(request, onward, carried, faults, 422)
    here = access_of(request)
    outcome = sign_in.with_code(
        here.app, current, code, address=address_of(request, here.app.settings),
        device=here.cookies.read(request, DEVICE), now=here.clock(),
    )  # fmt: skip
    if isinstance(outcome, NotOpened):
        if outcome.words == sign_in.TOO_LATE:
            return sign_in_page(request, onward=onward, carried=carried, told=outcome.words, status=401)
        status = 429 if outcome.wait_until else 401
        return _second_step_page(request, onward, carried, {"code": outcome.words}, status)
    return go_on(request, outcome, onward, carried)


@router.post("/logout")
def logout(request: Request, visit: Anybody) -> Response:
    """End the session."""
    sign_in.sign_out(visit.app, visit.person.current, now=visit.now)
    answer = RedirectResponse("/login?signed_out=1", 303)
    access_of(request).cookies.drop(answer, SESSION)
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


@router.get("/logout")
def ask_before_signing_out(request: Request, visit: Anybody) -> Response:
    """A page with the button, for whoever asks by address: only a form signs out."""
    return shell_of(request).html(request, "logout.html", visit.frame)


@router.get("/recover/{token}", dependencies=OPEN)
def choose_password(request: Request, token: str) -> Response:
    """The form behind a recovery link."""
    here = access_of(request)
    if not staff.recovery_is_open(here.app, token, now=here.clock()):
        return _link_is_old(request)
    return outside_page(request, "recover.html", {"faults": {}})


@router.post("/recover/{token}", dependencies=OPEN)
def keep_password(request: Request, token: str, form: Posted) -> Response:
    """Keep the new password; the link is used up."""
    here = access_of(request)
    if not form_fits(request, form):
        words = {"new": "This page was open for too long. Enter the password again."}
        return outside_page(request, "recover.html", {"faults": words}, 403)
    if not staff.recovery_is_open(here.app, token, now=here.clock()):
        return _link_is_old(request)
    try:
        staff.recover(here.app, token, forms.secret_of(form, "new"), now=here.clock())
    except staff.StaffRefused as problem:
        return outside_page(request, "recover.html", {"faults": {"new": str(problem)}}, 422)
    return sign_in_page(request, told="Your new password is kept. Sign in with it.")


@router.get("/choose-school")
def schools(request: Request, visit: Anybody, next: str = "/") -> Response:
    """The schools to choose from."""
    return _choice_page(request, visit, forms.safe_onward(next), {})


@router.post("/choose-school")
def choose(request: Request, visit: Anybody) -> Response:
    """Take a school in hand."""
    key, onward = forms.text_of(visit.form, "key"), forms.safe_onward(forms.text_of(visit.form, "next"))
    if not key:
        return _choice_page(request, visit, onward, {"key": "Choose a school."}, 422)
    if key not in {school.key for school in visit.person.schools}:
        raise access.NotHere
    sign_in.choose_school(visit.app, visit.person.current, key)
    return RedirectResponse(onward, 303)


def form_fits(request: Request, form: Posted) -> bool:
    """Whether a form shown before signing in was shown to this very browser."""
    secret = access_of(request).cookies.read(request, FORM)
    return secret is not None and secrets.compare_digest(
        forms.text_of(form, forms.TOKEN).encode(), form_token(secret).encode()
    )


def half_way(request: Request, stage: Stage) -> Current | None:
    """The session of somebody between two steps of signing in; None where there is none or it took too long."""
    found = access.current_of(request)
    return found[1] if found is not None and found[1].live and found[1].stage is stage else None


def go_on(request: Request, opened: Opened, onward: str, carried: str) -> Response:
    """The next step after one that went well, with the new session's cookie."""
    here = access_of(request)
    if opened.stage is Stage.FULL:
        answer = _arrived(request, opened, onward, carried)
    elif opened.stage is Stage.SECOND_FACTOR:
        answer = _second_step_page(request, onward, carried)
    else:
        answer = RedirectResponse("/account/second-factor", 303)
    here.cookies.put(answer, SESSION, opened.token)
    if opened.device is not None:
        here.cookies.put(answer, DEVICE, opened.device)
    return answer


def _arrived(request: Request, opened: Opened, onward: str, carried: str) -> Response:
    here = access_of(request)
    again = forms.carried_for(here.app.settings, carried, opened.user_id)
    if again is not None:
        return carry_on_page(request, access.visit_of(here, opened.token), again)
    if carried:
        visit = access.visit_of(here, opened.token)
        problem = {"title": "You are signed in", "lines": [DROPPED], "refused": "", "way_on": onward,
                   "way_on_words": "Go on", "incident": ""}  # fmt: skip
        return shell_of(request).html(request, "problem.html", visit.frame, {"problem": problem})
    return RedirectResponse(_landing(access.visit_of(here, opened.token), onward), 303)


def _landing(visit: Visit, onward: str) -> str:
    """Where somebody lands who asked for no page in particular: the morning, or the reports where a role sees totals only."""
    grants = visit.person.grants
    if onward != "/" or any(may(grants, Permission.SEE_MORNING, school) for school in visit.person.schools):
        return onward
    totals = any(may(grants, Permission.SEE_AGGREGATES, school) for school in visit.person.schools)
    return "/reports" if totals else onward


def _second_step_page(
    request: Request, onward: str, carried: str, faults: dict[str, str] | None = None, status: int = 200
) -> Response:
    values = {"onward": onward, "carried": carried, "faults": faults or {}}
    return outside_page(request, "second_step.html", values, status)


def _link_is_old(request: Request) -> Response:
    lines = ["This link was used already or is too old. Ask your administrator for a new one."]
    return problem_page(request, "This link cannot be used", lines, 410, on=("/login", "Go to sign-in"))


def _choice_page(request: Request, visit: Visit, onward: str, faults: dict[str, str], status: int = 200) -> Response:
    values = {"schools": visit.person.schools, "onward": onward, "faults": faults}
    return shell_of(request).html(request, "choose_school.html", visit.frame, values, status)
