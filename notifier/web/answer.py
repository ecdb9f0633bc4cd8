"""`/r/{token}`: the page on which a carer answers with one tap, in their language, without scripts and without cookies.

The token in the address is the only right there is, and it serves once. GET and HEAD change nothing. A link that is used, over or
unknown gives the same status; only whoever holds a real one is told in the carer's language what to do.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.concurrency import run_in_threadpool

from notifier.domain.answer_tokens import PATH
from notifier.domain.replies import Intent
from notifier.services.answer_page import BUTTONS, LONGEST_TEXT, Answer, Page, Standing, Taken, open_page, take_answer
from notifier.services.application import Application
from notifier.web.body import BodyTooLarge, read_body
from notifier.web.visits import Visits, visitor

log = structlog.get_logger()

LARGEST_FORM: Final = 16 * 1024
"""Bytes of an answer: the text box in any script takes less than half of it."""

VISITS_A_MINUTE: Final = 600
UNKNOWN_A_MINUTE: Final = 60
"""Visits from one address in a minute, and those of them that may name a link which does not exist."""

GONE: Final = 404
HEADERS: Final = {"X-Robots-Tag": "noindex, nofollow, noarchive", "X-Frame-Options": "DENY"}
"""Besides those that every answer carries (see `protection`)."""

_MOST_FIELDS: Final = 40
_LONGEST_DATE: Final = 40
_NOT_WRITING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029]")

NO_LINK: Final = "This link does not work. Please use the link in the school’s message again, or call the school."
TOO_MANY: Final = "There were too many tries. Please wait a minute and try again, or call the school."
NOT_SAVED: Final = "We could not save your answer. Please try again, or call the school."
TOO_LARGE: Final = "Your answer is too long. Please write less, or call the school."
"""In English and without a name, since there is no link to know a school or a language from, or no database."""


def build_router(app: Application, *, clock: Callable[[], datetime], wake: Callable[[], None]) -> APIRouter:
    """The answer page. `wake` is called after an answer that may have put a message for staff into the queue."""
    router = APIRouter(default_response_class=HTMLResponse)
    html = _Pages()
    visits, unknown = Visits(VISITS_A_MINUTE), Visits(UNKNOWN_A_MINUTE)

    def no_link(request: Request) -> HTMLResponse:
        if not unknown.let_in(visitor(request), clock()):
            return html.plain(TOO_MANY, 429)
        return html.plain(NO_LINK, GONE)

    @router.api_route(PATH + "{token}", methods=["GET", "HEAD"])
    async def show(request: Request, token: str) -> HTMLResponse:
        if not visits.let_in(visitor(request), clock()):
            return html.plain(TOO_MANY, 429)
        try:
            page = await run_in_threadpool(_open, app, token, clock())
        except Exception as problem:
            _note(problem)
            return html.plain(NOT_SAVED, 503)
        if page is None:
            return no_link(request)
        return html.form(page) if page.standing is Standing.OPEN else html.said(page, page.standing.value, GONE)

    @router.post(PATH + "{token}")
    async def answer(request: Request, token: str) -> HTMLResponse:
        if not visits.let_in(visitor(request), clock()):
            return html.plain(TOO_MANY, 429)
        try:
            form = parse_qsl(
                (await read_body(request, LARGEST_FORM)).decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS
            )
        except (BodyTooLarge, ValueError):
            return html.plain(TOO_LARGE, 413)
        given = _answer_of(form)
        try:
            taken = await run_in_threadpool(_take, app, token, given, clock())
        except Exception as problem:
            _note(problem)
            return html.plain(NOT_SAVED, 503)
        if taken is None:
            return no_link(request)
        if taken.reply_id is not None:
            wake()
            return html.said(taken.page, taken.said, 200)
        if taken.page.standing is Standing.OPEN and taken.said in ("choose", "which"):
            return html.form(taken.page, given, missing=taken.said)
        return html.said(taken.page, taken.said if taken.said == Standing.USED else Standing.CLOSED.value, GONE)

    return router


def _open(app: Application, token: str, now: datetime) -> Page | None:
    with app.database.read() as connection:
        return open_page(connection, app, token, now=now)


def _take(app: Application, token: str, given: Answer, now: datetime) -> Taken | None:
    with app.database.begin() as connection:
        return take_answer(connection, app, token, given, now=now)


def _note(problem: Exception) -> None:
    """Log a failure by its kind and place: its own words might carry a token, a name or an address."""
    frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if "notifier" in frame.filename]
    where = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    log.error("answer.failed", problem=type(problem).__name__, where=where)


def _answer_of(form: Sequence[tuple[str, str]]) -> Answer:
    """What was sent, cleaned: anything that is no button, no place in the list or no writing is left out."""
    fields = dict(form)
    pressed = fields.get("answer", "")
    text = _NOT_WRITING.sub("", fields.get("text", "").replace("\r\n", "\n").replace("\r", "\n")).strip()
    return Answer(
        intent=Intent(pressed) if pressed in {button.value for button in BUTTONS} else None,
        children=tuple(int(value) for name, value in form if name == "child" and re.fullmatch(r"[0-9]{1,2}", value)),
        text=text[:LONGEST_TEXT],
        return_on=" ".join(_NOT_WRITING.sub("", fields.get("return_on", "")).split())[:_LONGEST_DATE],
    )


class _Pages:
    """Writes the page from its templates."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def form(self, page: Page, given: Answer | None = None, missing: str | None = None) -> HTMLResponse:
        """The question with its buttons; after an answer that lacked something, with what was given and what is missing."""
        given = given or Answer(intent=None, children=tuple(place for place, _ in page.children))
        values = {
            "given": given,
            "missing": missing,
            "buttons": [button.value for button in BUTTONS],
            "longest": LONGEST_TEXT,
        }
        return self._write("answer.html", {**_shown(page), **values}, 200)

    def said(self, page: Page, key: str, status: int) -> HTMLResponse:
        """One sentence to the carer instead of the question."""
        return self._write("answer_said.html", {**_shown(page), "said": key}, status)

    def plain(self, words: str, status: int) -> HTMLResponse:
        """One sentence in English that names nobody."""
        return self._write(
            "answer_plain.html", {"language": "en-GB", "direction": "ltr", "title": words, "words": words}, status
        )

    def _write(self, template: str, values: Mapping[str, Any], status: int) -> HTMLResponse:
        return HTMLResponse(self._templates.get_template(template).render(values), status, HEADERS)


def _shown(page: Page) -> dict[str, Any]:
    number = Markup('<a href="tel:{0}"><bdi dir="ltr">{0}</bdi></a>').format(page.phone)
    linked = {key: escape(words).replace(escape(page.phone), number) for key, words in page.words.items()}
    return {
        "page": page,
        "words": linked,
        "language": page.language,
        "direction": page.direction,
        "title": page.words["title"],
    }
