"""Error pages in plain words: what happened, whether anything was lost, and where to go from here.

Only addresses that people open in a browser get pages; the API, webhooks, health and metrics keep their own short answers. A page's own
words (`HTTPException(403, "...")`) come after the general ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from secrets import token_hex
from typing import Final

import structlog
from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from notifier.web.protection import SECURITY_HEADERS
from notifier.web.staff import access
from notifier.web.staff.answers import STAFF_HEADERS
from notifier.web.staff.shell import Frame, Shell

NOT_PAGES: Final = ("/api/", "/webhooks/", "/healthz", "/readyz", "/metrics", "/events", "/assets/", "/static/", "/r/")
"""Beginnings of addresses that programs and carers ask for."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error page. `refused` is what the page itself had to say; `incident` is the key of the log's entry."""

    title: str
    lines: tuple[str, ...]
    way_on_words: str = "Go to today’s page"
    way_on: str = "/"
    refused: str = ""
    incident: str = ""


PROBLEMS: Final[dict[int, Problem]] = {
    400: Problem(
        "That could not be read", ("The address or the form holds something that Notifier does not understand.",)
    ),
    403: Problem(
        "You may not do this",
        ("Your role at this school does not include it, or the page was open for too long. Nothing was changed.",),
    ),
    404: Problem(
        "There is nothing here",
        ("The address may be mistyped, or what was here belongs to another school or day.",),
    ),
    405: Problem(
        "This page cannot be asked for like that", ("Nothing was changed. Go back, and use the page’s own buttons.",)
    ),
    413: Problem("That is too large", ("The file or text is larger than Notifier takes. Nothing was changed.",)),
    422: Problem(
        "Something is missing or wrong",
        (
            "The address or the form holds something that Notifier cannot use. Nothing was changed. Go back and check what you entered.",
        ),
    ),
    429: Problem("Too many tries", ("Wait a few minutes, then try again. Nothing was changed.",)),
    500: Problem(
        "Something went wrong in Notifier",
        (
            "What you just did may not have been saved: check before you do it again.",
            "Texts that were due still leave by themselves. If you need to reach a family now, ring them.",
        ),
    ),
    503: Problem(
        "Notifier cannot reach its records",
        (
            "Nothing was saved. Try again in a minute.",
            "Until this page comes back, texts may not leave: ring the families of children who are not in school, beginning with the "
            "most vulnerable, and tell whoever looks after Notifier here.",
        ),
        "Try again",
    ),
}
"""The pages by status."""


def frame_of(request: Request, clock: Callable[[], datetime]) -> Frame:
    """The frame of whoever asks; a bare one for somebody not signed in, and where even that cannot be found out."""
    try:
        return access.visit_for_frame(request).frame
    except Exception:  # the page that tells of a problem must not fail over the same one
        return Frame(now=clock())


def _page_of(request: Request) -> str:
    """Which page it was, for the log: the route's own path, since addresses may hold a recovery link's token or a pupil's number."""
    return str(getattr(request.scope.get("route"), "path", "")) or "no page"


def for_people(request: Request) -> bool:
    """Whether an address is one that people open."""
    return not request.url.path.startswith(NOT_PAGES)


def add_error_pages(web: FastAPI, shell: Shell, clock: Callable[[], datetime]) -> None:
    """Answer errors of pages with pages."""

    def page(request: Request, status: int, refused: str = "", incident: str = "") -> HTMLResponse:
        known = PROBLEMS.get(status) or Problem(_phrase(status), ())
        frame = frame_of(request, clock)
        problem = replace(known, refused=refused, incident=incident)
        if status == 503 and request.method == "GET":
            problem = replace(problem, way_on=str(request.url.path))
        if not frame.person and problem.way_on == "/":
            problem = replace(problem, way_on_words="Go to the start page")
        answer = shell.html(request, "problem.html", frame, {"problem": problem}, status)
        headers = SECURITY_HEADERS | STAFF_HEADERS
        for name, value in headers.items():  # no route answered, and 500 is made outside the middleware that adds them
            answer.headers[name] = value
        return answer

    async def http_problem(request: Request, raised: Exception) -> Response:
        assert isinstance(raised, HTTPException)
        if not for_people(request):
            return await http_exception_handler(request, raised)
        if raised.status_code < 400:
            return Response(status_code=raised.status_code, headers=raised.headers)
        said = str(raised.detail) if raised.detail != _phrase(raised.status_code) else ""
        answer = await run_in_threadpool(page, request, raised.status_code, said)
        answer.headers.update(raised.headers or {})
        return answer

    async def unusable(request: Request, raised: Exception) -> Response:
        assert isinstance(raised, RequestValidationError)
        if not for_people(request):
            return await request_validation_exception_handler(request, raised)
        fields = sorted({str(error["loc"][-1]) for error in raised.errors() if error.get("loc")})
        said = f"Look at: {', '.join(fields)}." if fields else ""
        return await run_in_threadpool(page, request, 422, said)

    async def no_database(request: Request, raised: Exception) -> Response:
        _log.error("database_unreachable", error=type(raised).__name__, page=_page_of(request))
        if not for_people(request):
            return PlainTextResponse("The database cannot be reached.", 503, headers={"Retry-After": "30"})
        answer = await run_in_threadpool(page, request, 503)
        answer.headers["Retry-After"] = "30"
        return answer

    async def broken(request: Request, raised: Exception) -> Response:
        incident = token_hex(4)
        _log.error("page_failed", incident=incident, page=_page_of(request), error=type(raised).__name__)
        if not for_people(request):
            return PlainTextResponse("Internal Server Error", 500, headers=SECURITY_HEADERS)
        return await run_in_threadpool(page, request, 500, "", incident)

    web.add_exception_handler(HTTPException, http_problem)
    web.add_exception_handler(RequestValidationError, unusable)
    for kind in (OperationalError, InterfaceError, NoConnection):
        web.add_exception_handler(kind, no_database)
    web.add_exception_handler(Exception, broken)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Something went wrong"
