"""The API for a school's own systems: marks are pushed in, messages, replies, follow-ups and decisions are read out.

Every address names a school, and the bearer token must be that school's: a stranger's token is refused before anything is looked
up. The shapes are those of the commands' `--json`; see docs/reference/http.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool

from notifier.domain.schools import School
from notifier.domain.sessions import Session, local_date
from notifier.registers.payload import read_pushed_marks
from notifier.registers.refusals import FileError
from notifier.services import views
from notifier.services.application import Application
from notifier.services.schools import token_school
from notifier.services.take_in import Intake, keep_marks
from notifier.store import messages, runs
from notifier.web.body import BodyTooLarge, read_body
from notifier.web.days import BadDay, parse_day

LARGEST_PUSH: Final = 10 * 1024 * 1024
"""Bytes of one push of marks: room for about 100,000."""

BY: Final = "API"
"""Who took marks in, as the import record says."""

Document = dict[str, Any]


class ApiError(Exception):
    """A request that is not served: HTTP status, a code for programs and words for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


async def answer_api_error(_request: Request, problem: Exception) -> JSONResponse:
    """An ApiError as JSON."""
    assert isinstance(problem, ApiError)
    headers = {"WWW-Authenticate": 'Bearer realm="notifier"'} if problem.status == 401 else None
    return JSONResponse({"error": problem.code, "message": problem.message}, problem.status, headers)


class SchoolApi:
    """What may be asked and pushed under one school's address. Plain methods run in worker threads: no database call holds the event loop."""

    def __init__(self, app: Application, clock: Callable[[], datetime], wake: Callable[[], None]) -> None:
        self._app, self._clock, self._wake = app, clock, wake

    def authorise(self, key: str, request: Request) -> None:
        """Let a request on where the token is this school's. Raises ApiError: 401 without a valid token, 403 with a stranger's.

        A school that does not exist answers as another school does, so that nobody can find out which exist.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.casefold() != "bearer" or not token.strip():
            raise ApiError(401, "no_token", "Send the school's token: Authorization: Bearer …")
        with self._app.database.read() as connection:
            own = token_school(connection, token.strip())
        if own is None:
            raise ApiError(401, "wrong_token", "The token is not known, or was withdrawn.")
        if own != key:
            raise ApiError(403, "other_school", "This token belongs to another school.")

    async def push_marks(self, request: Request, key: str, again: bool = False) -> JSONResponse:
        """Take marks in, as a file of them would be."""
        try:
            data = await read_body(request, LARGEST_PUSH)
        except BodyTooLarge as problem:
            raise ApiError(413, "too_large", f"{problem} Send the marks in parts.") from problem
        intake = await run_in_threadpool(_take_push, self._app, key, data, again=again, now=self._clock())
        if intake.changed:  # an all-clear may be waiting to leave
            self._wake()
        return JSONResponse(_intake_document(intake), 409 if intake.outcome == "older_file" else 200)

    def messages(self, key: str, date: str | None = None) -> Document:
        """The day's messages."""
        return self._log(key, self._day(date), "message", "messages")

    def replies(self, key: str, date: str | None = None) -> Document:
        """The day's replies."""
        return self._log(key, self._day(date), "reply", "replies")

    def follow_ups(self, key: str, date: str | None = None) -> Document:
        """The day's board."""
        day = self._day(date)
        with self._reading(key) as (connection, school):
            board = views.board(connection, self._app, school, day)
        return {"school": key, "date": day.isoformat(), "follow_ups": board}

    def decisions(self, key: str, date: str | None = None, session: str | None = None) -> Document:
        """The decisions that stand for the day, or for one session of it."""
        day = self._day(date)
        if session is not None and session not in Session.__members__:
            raise ApiError(422, "bad_session", f"'{session}' is not a session; write AM or PM.")
        with self._reading(key) as (connection, school):
            made = _decisions(connection, school, day, session)
        return {"school": key, "date": day.isoformat(), "session": session, "decisions": made}

    def summary(self, key: str, date: str | None = None) -> Document:
        """The day in figures."""
        day = self._day(date)
        with self._reading(key) as (connection, school):
            return views.summary(connection, self._app, school, day, now=self._clock())

    def _log(self, key: str, day: date, kind: str, name: str) -> Document:
        with self._reading(key) as (connection, school):
            entries = views.log_entries(connection, school, day=day)
        return {"school": key, "date": day.isoformat(), name: [entry for entry in entries if entry["kind"] == kind]}

    @contextmanager
    def _reading(self, key: str) -> Iterator[tuple[Connection, School]]:
        with self._app.database.read() as connection:
            yield connection, self._app.school(connection, key)

    def _day(self, text: str | None) -> date:
        try:
            return parse_day(text, today=local_date(self._clock()))
        except BadDay as problem:
            raise ApiError(422, "bad_date", str(problem)) from problem


def build_router(app: Application, *, clock: Callable[[], datetime], wake: Callable[[], None]) -> APIRouter:
    """The addresses under /api/v1; none is answered without the school's token."""
    api = SchoolApi(app, clock, wake)
    router = APIRouter(prefix="/api/v1/schools/{key}", dependencies=[Depends(api.authorise)])
    router.add_api_route("/marks", api.push_marks, methods=["POST"])
    for path, read in (
        ("/messages", api.messages), ("/replies", api.replies), ("/follow-ups", api.follow_ups),
        ("/decisions", api.decisions), ("/summary", api.summary),
    ):  # fmt: skip
        router.add_api_route(path, read, methods=["GET"])
    return router


def _take_push(app: Application, key: str, data: bytes, *, again: bool, now: datetime) -> Intake:
    try:
        read = read_pushed_marks(_parsed(data), today=local_date(now))
    except FileError as problem:
        raise ApiError(413 if problem.code == "too_many" else 422, problem.code, problem.message) from problem
    return keep_marks(app, key, read, "push", data, now=now, by=BY, again=again)


def _parsed(data: bytes) -> object:
    try:
        body: object = json.loads(data)
        if b"\\u" in data:  # escapes can spell what no database keeps: half a character, or NUL
            plain = json.dumps(body, ensure_ascii=False)
            plain.encode()
            if "\\u0000" in plain:
                raise ValueError("a NUL character")
    except (ValueError, RecursionError) as problem:
        raise ApiError(422, "bad_json", "The body is not readable JSON in UTF-8.") from problem
    return body


def _intake_document(intake: Intake) -> Document:
    document: Document = {
        "school": intake.school_id,
        "import_id": intake.import_id,
        "outcome": intake.outcome,
        "rows": intake.rows,
        "changed": intake.changed,
        "unchanged": intake.unchanged,
        "refused": [_row_document(row) for row in intake.refused],
        "warnings": [_row_document(row) for row in intake.warnings],
    }
    if intake.outcome == "older_file":
        document["message"] = (
            "The same body came before, and newer marks have replaced some of it since; nothing was changed. "
            "If these marks are right again, push them with ?again=true."
        )
    return document


def _row_document(row: Any) -> Document:
    return {"row": row.row, "column": row.column, "value": row.value, "code": row.code, "message": row.message}


def _decisions(connection: Connection, school: School, day: date, session: str | None) -> list[Document]:
    """The decisions that stand, as `notifier run --json` prints them; pupils marked present have none."""
    sent: dict[tuple[str, str], list[str]] = {}
    for row in messages.listing(connection, school.key, day=day):
        if row.purpose == "absence":
            for pupil_id in row.pupil_ids:
                sent.setdefault((row.session, pupil_id), []).append(row.message_id)
    return [
        {
            "school": school.key,
            "pupil_id": row.pupil_id,
            "date": day.isoformat(),
            "session": row.session,
            "code": row.code,
            "outcome": row.outcome,
            "reason": row.reason,
            "message_ids": sorted(sent.get(place, [])) if row.outcome == "contact" else [],
        }
        for place, row in sorted(runs.current_decisions(connection, school.key, day, session).items())
    ]
