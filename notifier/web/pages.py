"""The plain staff page: a morning's counts, holds, board and log, and the story of one pupil's day. It only reads.

Rendered on the server, without scripts, for a browser on this machine (see `protection`). Everything on a page belongs to one
school and was read in one transaction, so that its parts agree; the time of reading stands at the top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Connection

from notifier.domain.people import Carer
from notifier.domain.reasons import Reason
from notifier.domain.reasons import words as reason_words
from notifier.domain.schools import School
from notifier.domain.sessions import Session, at_local, local_date
from notifier.services import views
from notifier.services.application import Application
from notifier.services.explain import explain
from notifier.store import marks, messages, people
from notifier.store.people import Roll
from notifier.web import words
from notifier.web.days import BadDay, parse_day
from notifier.web.protection import NotOnThisMachine, require_loopback

_FOLDER: Final = Path(__file__).parent
STATIC: Final = {"style.css": "text/css", "answer.css": "text/css", "icon.svg": "image/svg+xml"}
"""The files served under /static, and nothing else."""

SHORT_LOG: Final = 50
"""Entries of the log shown at first."""

Document = dict[str, Any]


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "clock": words.clock_time,
        "seconds": words.clock_seconds,
        "day": words.long_day,
        "language": words.language_name,
        "number": words.spaced_number,
        "direction": words.direction,
        "counted": words.counted,
    }
    environment.globals |= {"words": words, "reason_words": reason_words}
    return environment


class Pages:
    """Renders the templates. `not_here` answers whoever is not on this machine."""

    def __init__(self) -> None:
        self._templates = _environment()

    def html(self, template: str, values: Document, status: int = 200) -> HTMLResponse:
        """One page."""
        return HTMLResponse(self._templates.get_template(template).render(values), status)

    async def not_here(self, _request: Request, problem: Exception) -> HTMLResponse:
        """The refusal, with why and what to do."""
        assert isinstance(problem, NotOnThisMachine)
        return self.html("not_here.html", {"why": str(problem)}, 403)


def build_router(app: Application, *, clock: Callable[[], datetime], pages: Pages) -> APIRouter:
    """`/`, `/pupils/{pupil_id}` and the static files."""
    router = APIRouter(default_response_class=HTMLResponse)
    here = [Depends(require_loopback)]

    @router.get("/", dependencies=here)
    def morning(school: str | None = None, date: str | None = None, log: str | None = None) -> HTMLResponse:
        now = clock()
        values, status = _asked(date, now)
        with app.database.read() as connection:
            chosen, schools = _chosen(connection, app, school)
            values |= {"schools": schools, "school": chosen}
            if chosen is None:
                return pages.html("no_school.html", values | {"asked": school}, 404 if school else 200)
            values |= _morning(connection, app, chosen, values["day"], now=now, whole_log=log == "all")
        return pages.html("morning.html", values, status)

    @router.get("/pupils/{pupil_id}", dependencies=here)
    def pupil(pupil_id: str, school: str | None = None, date: str | None = None) -> HTMLResponse:
        now = clock()
        values, status = _asked(date, now)
        with app.database.read() as connection:
            chosen, schools = _chosen(connection, app, school)
            values |= {"schools": schools, "school": chosen}
            if chosen is None:
                return pages.html("no_school.html", values | {"asked": school}, 404 if school else 200)
            story = explain(connection, app, chosen, pupil_id, values["day"])
            if not story["known"]:
                return pages.html("no_pupil.html", values | {"pupil_id": pupil_id}, 404)
            values |= _pupil(connection, app, chosen, story)
        return pages.html("pupil.html", values, status)

    @router.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in STATIC:
            return HTMLResponse("Not found", 404)
        return FileResponse(_FOLDER / "static" / name, media_type=STATIC[name])

    return router


def _asked(text: str | None, now: datetime) -> tuple[Document, int]:
    """The day asked for; where it cannot be read, today with the fault said on the page."""
    today = local_date(now)
    try:
        return {"day": parse_day(text, today=today), "today": today, "now": now, "fault": None}, 200
    except BadDay as problem:
        return {"day": today, "today": today, "now": now, "fault": str(problem)}, 400


def _chosen(connection: Connection, app: Application, key: str | None) -> tuple[School | None, list[School]]:
    """The school asked for, or the first; None for one that does not exist and where there is none."""
    schools = sorted(app.schools(connection), key=lambda school: school.name)
    if key:
        return next((school for school in schools if school.key == key), None), schools
    return (schools[0] if schools else None), schools


def _morning(
    connection: Connection, app: Application, school: School, day: date, *, now: datetime, whole_log: bool
) -> Document:
    board = views.board(connection, app, school, day)
    log = views.log_entries(connection, school, day=day)
    roll = people.load_roll(connection, school.key, pupil_ids=_pupils_in(board, log), off_roll=True)
    _lay_marks_beside(connection, app, school, day, board)
    for item in board:
        for reply in item["replies"]:
            _name(reply, roll, app, item["pupil_id"])
        item["known"], item["to_do"] = _situation(item)
    for entry in log:
        _name(entry, roll, app)
    strays = [entry for entry in log if entry["kind"] == "reply" and entry["follow_up_id"] is None]
    strays.sort(key=lambda reply: not reply["urgent"])
    summary = views.summary(connection, app, school, day, now=now)
    return {
        "summary": summary,
        "starts": _next_start(school, day, now) if summary["is_school_day"] and summary["is_today"] else None,
        "holds": [hold | {"what": reason_words(hold["kind"]).what} for hold in summary["holds"]],
        "board": {state: _part(board, state) for state in words.BOARD_PARTS},
        "strays": strays,
        "log": log if whole_log else log[:SHORT_LOG],
        "log_length": len(log),
        "names": {pupil_id: f"{pupil.called} {pupil.family_name}".strip() for pupil_id, pupil in roll.pupils.items()},
    }


def _part(board: Iterable[Document], state: str) -> list[Document]:
    """One part of the board; whoever must be rung stands first."""
    return sorted((item for item in board if item["state"] == state), key=lambda item: item["call_list_at"] is None)


def _pupils_in(board: Iterable[Document], log: Iterable[Document]) -> set[str]:
    return {item["pupil_id"] for item in board} | {pupil_id for entry in log for pupil_id in entry["pupil_ids"]}


def _lay_marks_beside(
    connection: Connection, app: Application, school: School, day: date, board: Sequence[Document]
) -> None:
    """Add the mark as it stands now to each follow-up: answers are read beside it."""
    ids = [item["pupil_id"] for item in board]
    by_session = {
        session.value: marks.session_marks(connection, school.key, day, session, pupil_ids=ids) for session in Session
    }
    for item in board:
        mark = by_session.get(item["session"], {}).get(item["pupil_id"])
        item["mark"] = mark.code if mark else ""
        item["mark_words"] = _meaning(app, item["mark"])


def _situation(item: Document) -> tuple[str, str]:
    """What is known of a follow-up in a sentence, and what to do. What the carer wrote last outweighs how it all began."""
    state = item["state"]
    if state == "urgent":
        urgent = [reply for reply in item["replies"] if reply["urgent"]]
        known = reason_words(Reason.URGENT_REPLY)
        return known.what, urgent[-1]["next_step"] if urgent else known.next_step
    if state == "answered" and item["replies"]:
        return "", item["replies"][-1]["next_step"]
    if state in ("chasing", "closed"):
        return "", ""
    return item["reason_words"], item["next_step_words"]


def _meaning(app: Application, code: str | None) -> str:
    entry = app.codes.lookup(code)
    return entry.meaning if entry else ""


def _name(entry: Document, roll: Roll, app: Application, pupil_id: str | None = None) -> None:
    """Say who wrote or was written to, and what a suggested code means."""
    carer = roll.carers.get(entry["carer_id"] or "")
    about = [pupil_id] if pupil_id else entry["pupil_ids"]
    entry["who"] = carer.name if carer and carer.name else ""
    entry["relationship"] = _relationship(roll, about, entry["carer_id"])
    entry["suggested_words"] = _meaning(app, entry.get("suggested_code"))


def _relationship(roll: Roll, pupil_ids: Iterable[str], carer_id: str | None) -> str:
    links = (link for pupil_id in pupil_ids for link in roll.contacts.get(pupil_id, ()) if link.carer_id == carer_id)
    return next((link.relationship for link in links), "")


def _next_start(school: School, day: date, now: datetime) -> datetime | None:
    """When the day's first texts leave, while that lies ahead."""
    first = min((at_local(day, times.first_contact) for times in school.times.values()), default=None)
    return first if first is not None and now < first else None


def _pupil(connection: Connection, app: Application, school: School, story: Document) -> Document:
    roll = people.load_roll(connection, school.key, pupil_ids=[story["pupil_id"]], off_roll=True)
    for contact in story["contacts"]:
        carer = roll.carers[contact["carer_id"]]
        contact["numbers"] = [] if contact["barrier"] == "no_contact" else _numbers(carer)
    answers = {
        reply["id"]: reply for item in story["follow_ups"] for reply in item["replies"]
    }  # one may lie beside two
    for reply in answers.values():
        _name(reply, roll, app, story["pupil_id"])
    for item in story["follow_ups"]:
        item["known"], item["to_do"] = _situation(item)
    sent = messages.listing(connection, school.key, day=date.fromisoformat(story["date"]), pupil_id=story["pupil_id"])
    texts = [views.message_document(row) for row in sent]
    for text in texts:
        _name(text, roll, app, story["pupil_id"])
    return {
        "story": story,
        "marks": [(session, code, _meaning(app, code)) for session, code in story["marks"].items()],
        "answers": list(answers.values()),
        "texts": texts,
        "flags": sorted(roll.pupils[story["pupil_id"]].flags),
    }


def _numbers(carer: Carer) -> list[str]:
    return [number for number in (carer.mobile, carer.landline) if number]
