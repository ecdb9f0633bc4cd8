"""What people see when a page cannot be shown: signed out, not allowed, not there, a form from elsewhere. Words and a way on.

Also the headers that staff pages add to those of every answer, and the sign-in page itself, which stands in for any page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from notifier.services.sign_in import form_token
from notifier.web.protection import SECURITY_HEADERS
from notifier.web.staff import access, forms
from notifier.web.staff.cookies import FORM
from notifier.web.staff.shell import Frame, Shell

STAFF_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # with "no-referrer" browsers hide where a form comes from, and then it could not be checked
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""On every staff page, besides SECURITY_HEADERS. No script or style stands in a page."""


NOT_CHECKED: Final = (
    '<p class="govuk-body"><strong>Not checked: your sign-in has ended or changed.</strong> What you typed is still here. '
    "Send it with the form’s own button: it is kept while you sign in again.</p>"
)
"""In place of a part that a page asked for by itself."""


class StaffHeaders:
    """Adds STAFF_HEADERS to pages (HTML) that do not set them, and over https asks browsers to stay on https."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        more = {"Strict-Transport-Security": "max-age=31536000"} if https else {}
        self.headers = STAFF_HEADERS | {"Cache-Control": SECURITY_HEADERS["Cache-Control"]} | more

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_staff(scope):
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


def _is_staff(scope: Scope) -> bool:
    """Whether a staff route answered: one that declares a guard."""
    route = scope.get("route")
    dependant = getattr(route, "dependant", None)
    return dependant is not None and access.guard_of(dependant) is not None


def shell_of(request: Request) -> Shell:
    """The shell that renders staff pages."""
    found: Shell = request.app.state.shell
    return found


def outside_frame(request: Request, secret: str) -> Frame:
    """What stands around a page for somebody not signed in; `secret` is the one of the form cookie."""
    return Frame(now=access.access_of(request).clock(), csrf=form_token(secret))


def outside_page(request: Request, template: str, values: dict[str, Any], status: int = 200) -> HTMLResponse:
    """A page for somebody not signed in, with the cookie that guards its form."""
    cookies = access.access_of(request).cookies
    secret = cookies.form_secret(request)
    page = shell_of(request).html(request, template, outside_frame(request, secret), values, status)
    if cookies.read(request, FORM) is None:
        cookies.put(page, FORM, secret)
    return page


def sign_in_page(
    request: Request,
    *,
    onward: str = "/",
    carried: str = "",
    email: str = "",
    told: str = "",
    faults: dict[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    """The sign-in page. `told` is said above the form; `carried` is a sealed form that goes along."""
    values = {
        "onward": onward,
        "carried": carried,
        "email": email,
        "told": told,
        "faults": faults or {},
        "providers": access.access_of(request).app.settings.sign_in.providers,
    }
    return outside_page(request, "login.html", values, status)


def problem_page(
    request: Request, title: str, lines: list[str], status: int, *, on: tuple[str, str] = ("/", "Go to today")
) -> HTMLResponse:
    """A page that says what happened and what to do; with the navigation where somebody is signed in."""
    frame = _frame_of_whoever(request)
    problem = {"title": title, "lines": lines, "refused": "", "way_on": on[0], "way_on_words": on[1], "incident": ""}
    return shell_of(request).html(request, "problem.html", frame, {"problem": problem}, status)


def _frame_of_whoever(request: Request) -> Frame:
    try:
        return access.visit_for_frame(request).frame
    except Exception:  # the page that tells of a problem must not fail over the same one
        return Frame(now=access.access_of(request).clock())


async def _signed_out(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, access.SignedOut)
    if "text/event-stream" in request.headers.get("accept", ""):
        return PlainTextResponse("Signed out", 401)
    address = access.sign_in_address(problem.onward)
    if request.method not in forms.UNSAFE:
        if request.headers.get("hx-request"):
            return PlainTextResponse("Signed out", 401, headers={"HX-Redirect": address})
        return RedirectResponse(address, 303)
    if request.headers.get("hx-request"):  # only a part of a page was asked for; what is typed stays where it is
        return HTMLResponse(NOT_CHECKED, 401)
    told = "You were signed out. Sign in again; nothing you did was lost."
    if problem.carried:
        told = "You were signed out before this was saved. Sign in again: what you typed is kept and shown to you next."
    elif problem.expired:
        told = "You were signed out before this was saved. Sign in again, then enter it once more."
    return await _in_thread(lambda: sign_in_page(request, carried=problem.carried, told=told, status=401))


async def _refused(request: Request, problem: Exception) -> Response:
    return await _in_thread(lambda: problem_page(request, "You may not see or do this", [str(problem)], 403))


async def _not_here(request: Request, _problem: Exception) -> Response:
    lines = ["Check the address. If you work at several schools, choose the right one first."]
    return await _in_thread(lambda: problem_page(request, "There is no such page", lines, 404))


async def _forged(request: Request, problem: Exception) -> Response:
    return await _in_thread(lambda: problem_page(request, "Nothing was done", [str(problem)], 403))


async def _unreadable(request: Request, problem: Exception) -> Response:
    return await _in_thread(lambda: problem_page(request, "The form could not be read", [str(problem)], 413))


async def _no_school(_request: Request, problem: Exception) -> Response:
    assert isinstance(problem, access.NoSchoolChosen)
    return RedirectResponse(access.sign_in_address(problem.onward).replace("/login", "/choose-school", 1), 303)


async def _sent_again(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, access.SentAgain)
    if request.headers.get("hx-request"):
        return HTMLResponse(NOT_CHECKED, 409)
    visit, settings = problem.visit, problem.visit.app.settings
    again = forms.carried_for(settings, problem.carried, visit.person.user_id)
    return await _in_thread(lambda: carry_on_page(request, visit, again, status=409))


def carry_on_page(
    request: Request, visit: access.Visit, again: forms.CarriedForm | None, *, status: int = 200
) -> HTMLResponse:
    """Offers a form for sending once more, with a token of the present session and the school it was about."""
    assert again is not None
    token = forms.PageToken.make(visit.person.token, visit.person.user_id, again.school)
    values = {"again": again, "token": str(token)}
    return shell_of(request).html(request, "carry_on.html", visit.frame, values, status)


async def _in_thread(work: Callable[[], HTMLResponse]) -> HTMLResponse:
    from fastapi.concurrency import run_in_threadpool

    return await run_in_threadpool(work)


def add_to(web: FastAPI) -> None:
    """Register the answers."""
    web.add_exception_handler(access.SignedOut, _signed_out)
    web.add_exception_handler(access.Refused, _refused)
    web.add_exception_handler(access.NotHere, _not_here)
    web.add_exception_handler(access.NoSchoolChosen, _no_school)
    web.add_exception_handler(access.SentAgain, _sent_again)
    web.add_exception_handler(forms.Forged, _forged)
    web.add_exception_handler(forms.Unreadable, _unreadable)
