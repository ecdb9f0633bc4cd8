"""/messages: everything sent and received, searched and exported; and one message exactly as it was sent.

A name that was typed never stands in an address: the form is answered by an address with the search sealed in it (`find`). Filters that name
nobody may be given openly (`?status=failed`, `?pupil=4711`). Pages go on from the last line shown. Finding somebody, and
opening a message, is a look and is noted before anything is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from notifier.domain.staff import Permission
from notifier.services import audit, looks, message_search
from notifier.services.message_search import Asked, LogLine, Understood
from notifier.services.message_story import story_of
from notifier.store import message_log
from notifier.store.message_log import IN
from notifier.web import words
from notifier.web.staff import searches
from notifier.web.staff.access import Visit, require
from notifier.web.staff.answers import shell_of
from notifier.web.staff.exports import csv_response, spreadsheet_time
from notifier.web.staff.forms import text_of
from notifier.wording.titles import title_of

See = Annotated[Visit, Depends(require(Permission.SEE_MESSAGES))]
Export = Annotated[Visit, Depends(require(Permission.EXPORT))]

PAGE: Final = 50
MOST_EXPORTED: Final = 200_000

DIRECTION_WORDS: Final = {
    "": "Sent and received",
    "out": "Sent to families",
    "in": "Received",
    "staff": "Alerts to staff",
}

COLUMNS: Final = (
    "time", "direction", "pupil_ids", "pupils", "person", "channel", "number_or_address", "language", "template", "state", "reason",
    "urgent", "segments", "cost_pence", "subject", "text", "id",
)  # fmt: skip

SHOWN_APART: Final = {
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""For an e-mail shown as it looked: it may run nothing, load nothing and send nothing."""


router = APIRouter()
"""`/messages`, its export, and `/messages/{item_id}`."""


@router.get("/messages")
def whole(request: Request, visit: See, before: str = "") -> Response:
    """The messages of a search, newest first."""
    asked, stale = _asked(visit, request.query_params)
    return _page(request, visit, asked, before=int(before) if before.isdecimal() else None, told=stale)


@router.post("/messages")
def search(request: Request, visit: See) -> Response:
    """A search as typed: to its address, or back with what is wrong."""
    asked = Asked.of({key: text_of(visit.form, key) for key in Asked().__slots__})
    with visit.app.database.read() as connection:
        understood = _understood(connection, visit, asked)
    if understood.faults:
        return _page(request, visit, asked, faults=understood.faults)
    return RedirectResponse(address_of(visit, asked), 303)


@router.post("/messages/export")
def export(request: Request, visit: Export) -> Response:
    """Everything a search finds, as CSV; the export is on record."""
    asked, stale = _asked(visit, {"find": text_of(visit.form, "find")})
    if stale:
        return _page(request, visit, asked, told=stale, status=409)
    with visit.app.database.read() as connection:
        understood = _understood(connection, visit, asked)
    detail = asked.filled() | ({"pupil": ", ".join(row.pupil_id for row in understood.pupils)} if asked.pupil else {})
    audit.note_act(
        visit.app,
        visit.school.key,
        actor=visit.actor,
        act="messages.export",
        subject="log",
        detail=detail,
        now=visit.now,
    )
    return csv_response(COLUMNS, _rows(visit, understood), f"messages-{visit.school.key}-{visit.now:%Y-%m-%d}.csv")


@router.get("/messages/{item_id}")
def one(request: Request, visit: See, item_id: str) -> Response:
    """A message or reply with its whole story."""
    with visit.app.database.read() as connection:
        story = story_of(connection, visit.school, item_id)
    if story is None:
        raise HTTPException(404)
    _note(visit, "reply" if story.line.direction == IN else "message", item_id, story.line.pupil_ids)
    return shell_of(request).html(
        request, "message.html", visit.frame, {"story": story, "line": story.line, "row": story.line.row}
    )


@router.get("/messages/{item_id}/as-sent")
def as_sent(visit: See, item_id: str) -> Response:
    """An e-mail as it looked."""
    with visit.app.database.read() as connection:
        story = story_of(connection, visit.school, item_id)
    if story is None or not story.html:
        raise HTTPException(404)
    _note(visit, "message", item_id, story.line.pupil_ids)
    return HTMLResponse(story.html, headers=SHOWN_APART)


def address_of(visit: Visit, asked: Asked) -> str:
    """The address of a search, with what was typed sealed."""
    filled = asked.filled()
    return "/messages" + (f"?{urlencode({'find': searches.sealed(visit, 'messages', filled)})}" if filled else "")


def _asked(visit: Visit, given: Mapping[str, Any]) -> tuple[Asked, str]:
    """The search of an address, and words where it was sealed and cannot be read."""
    if not given.get("find"):
        return Asked.of(given), ""
    found = searches.opened(visit, "messages", str(given["find"]))
    return (Asked.of(found), "") if found is not None else (Asked(), searches.STALE)


def _understood(connection: Any, visit: Visit, asked: Asked) -> Understood:
    allow_test = visit.app.settings.test_numbers_allowed
    return message_search.understand(connection, visit.school.key, asked, allow_test=allow_test)


def _page(
    request: Request,
    visit: Visit,
    asked: Asked,
    *,
    before: int | None = None,
    faults: Mapping[str, str] | None = None,
    told: str = "",
    status: int = 200,
) -> Response:
    key = visit.school.key
    with visit.app.database.read() as connection:
        understood = _understood(connection, visit, asked) if not faults else Understood(faults=faults)
        found = (
            []
            if understood.faults
            else message_log.find(connection, key, understood.wanted, before=before, limit=PAGE + 1)
        )
        lines = message_search.lines(connection, key, found[:PAGE])
        templates = message_search.templates(connection, key)
    if asked.about_somebody and lines:
        _note(visit, "log", "log", {pupil_id for line in lines for pupil_id in line.pupil_ids})
    sealed = searches.sealed(visit, "messages", asked.filled())
    older = {"find": sealed} if asked.filled() else {}
    values = {
        "asked": asked,
        "faults": dict(understood.faults),
        "lines": lines,
        "told": told,
        "templates": [("", "Any"), *sorted(((one, title_of(one)) for one in templates), key=lambda pair: pair[1])],
        "sealed": sealed,
        "one_pupil": understood.pupils[0] if len(understood.pupils) == 1 else None,
        "older": f"/messages?{urlencode(older | {'before': lines[-1].number})}" if len(found) > PAGE else "",
        "newest": address_of(visit, asked) if before is not None else "",
        "states": words.MESSAGE_STATES,
        "directions": DIRECTION_WORDS,
        "may_export": visit.may(Permission.EXPORT),
    }
    return shell_of(request).html(request, "messages.html", visit.frame, values, 422 if understood.faults else status)


def _note(visit: Visit, what: str, subject: str, pupil_ids: Any) -> None:
    looks.note(
        visit.app, visit.school.key, actor=visit.actor, what=what, subject=subject, pupil_ids=pupil_ids, now=visit.now
    )


def _rows(visit: Visit, understood: Understood) -> Iterator[tuple[object, ...]]:
    """The rows of an export, read a thousand at a time, so that nothing waits on whoever downloads."""
    before: int | None = None
    for _ in range(MOST_EXPORTED // 1000):
        with visit.app.database.read() as connection:
            found = message_log.find(connection, visit.school.key, understood.wanted, before=before, limit=1000)
            lines = message_search.lines(connection, visit.school.key, found)
        yield from map(_cells, lines)
        if len(found) < 1000:
            return
        before = found[-1].number
    yield (f"Cut after {MOST_EXPORTED} rows: search for a shorter time.",)


def _cells(line: LogLine) -> tuple[object, ...]:
    state = line.state_words or words.MESSAGE_STATES.get(line.state, line.state)
    reason = "" if line.direction == IN else line.row.reason or line.row.error_code
    return (
        spreadsheet_time(line.at), DIRECTION_WORDS[line.direction], "|".join(line.pupil_ids), "|".join(line.names), line.person,
        words.CHANNELS.get(line.channel, line.channel), words.spaced_number(line.address), line.language, line.template, state, reason,
        "yes" if line.urgent else "", line.segments, round(line.cost_pence, 3), line.subject, line.body, line.item_id,
    )  # fmt: skip
