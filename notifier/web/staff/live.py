"""Tells open pages that something changed, by server-sent events; the pages then ask again, and everything works without it.

One task of the process asks the database every two seconds for all open pages together, and only while there are any. What it sends is
a number and a moment, nobody's data. A page holds the figures that it was read with, so that any process of several may go on
where another left off. A stream ends when its session does.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Depends, Request
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from notifier.domain.sessions import at_local, local_date
from notifier.domain.staff import Permission
from notifier.services.application import Application
from notifier.store import changes
from notifier.store.changes import Seen
from notifier.web.staff.access import Visit, require

EVERY_SECONDS: Final = 2.0
BEAT_SECONDS: Final = 20.0
"""A line that says nothing, so that proxies keep the connection and closed pages are noticed."""

MOST_STREAMS: Final = 500
"""Open pages in one process; a page beyond them is not live, and says so."""

MOST_OF_A_SESSION: Final = 6
"""Open pages of one sign-in: as many connections as a browser makes to one server."""

_log = structlog.get_logger(__name__)


def seen(connection: Connection, school_id: str, *, now: datetime) -> Seen:
    """What a page sees of a school's day, for `live_bar` in its template; read in the page's own transaction."""
    return _seen(connection, {school_id}, now)[school_id]


def _seen(connection: Connection, school_ids: set[str], now: datetime) -> dict[str, Seen]:
    day = local_date(now)
    return changes.seen(connection, school_ids, day, midnight=at_local(day, time(0)))


@dataclass(eq=False, slots=True)
class Watcher:
    """One open page. `news` is set when `seen` or `ended` changed."""

    school_id: str
    session_hash: str
    seen: Seen | None = None
    ended: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Live:
    """The open pages of one process."""

    def __init__(
        self, app: Application, clock: Callable[[], datetime], *, every: float = EVERY_SECONDS, most: int = MOST_STREAMS
    ) -> None:
        self._app, self._clock, self._every, self._most = app, clock, every, most
        self._watchers: set[Watcher] = set()
        self._task: asyncio.Task[None] | None = None
        self._closing = False

    def answer(self, school_id: str, session_hash: str) -> Response:
        """The answer to `GET /events`, for somebody signed in; call it on the event loop."""
        of_session = sum(watcher.session_hash == session_hash for watcher in self._watchers)
        if of_session >= MOST_OF_A_SESSION:
            return Response("Too many pages are open in this browser for all of them to be live.", 429)
        if self._closing or len(self._watchers) >= self._most:
            return Response("Too many pages are open for this one to be live.", 503)
        return EventStream(self, Watcher(school_id, session_hash))

    def close(self) -> None:
        """End every stream, so that the server can stop; from the event loop."""
        self._closing = True
        for watcher in self._watchers:
            watcher.news.set()

    @property
    def closing(self) -> bool:
        """Whether the server stops."""
        return self._closing

    @property
    def watched(self) -> int:
        """How many pages are open."""
        return len(self._watchers)

    def add(self, watcher: Watcher) -> None:
        """Begin to watch for a page."""
        self._watchers.add(watcher)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look_again_and_again())

    def remove(self, watcher: Watcher) -> None:
        """A page was closed."""
        self._watchers.discard(watcher)

    async def _look_again_and_again(self) -> None:
        failing = False
        while self._watchers and not self._closing:
            try:
                await self._look()
                failing = False
            except SQLAlchemyError as problem:
                if not failing:
                    _log.warning("live_pages_cannot_look", error=type(problem).__name__)
                failing = True
            await asyncio.sleep(self._every)

    async def _look(self) -> None:
        watchers = list(self._watchers)
        schools = {watcher.school_id for watcher in watchers}
        sessions = {watcher.session_hash for watcher in watchers}
        now = self._clock()
        idle = timedelta(minutes=self._app.settings.sign_in.idle_minutes)

        def read() -> tuple[dict[str, Seen], set[str]]:
            with self._app.database.read() as connection:
                return _seen(connection, schools, now), changes.open_sessions(
                    connection, sessions, now=now, used_since=now - idle
                )

        found, still_open = await run_in_threadpool(read)
        for watcher in watchers:
            ended = watcher.session_hash not in still_open
            if ended or watcher.seen != found[watcher.school_id]:
                watcher.seen, watcher.ended = found[watcher.school_id], ended
                watcher.news.set()


router = APIRouter()
"""`/events`. An open page does not keep a forgotten session alive."""


@router.get("/events")
async def events(
    request: Request,
    visit: Annotated[Visit, Depends(require(Permission.SEE_MORNING, keeps_alive=False))],
) -> Response:
    """News for an open page, until it is closed or its session ends."""
    streams: Live = request.app.state.live
    return streams.answer(visit.school.key, visit.person.current.session_hash)


class EventStream(Response):
    """One page's stream: what is seen now, then every change, until the page is closed or the session ends."""

    media_type = "text/event-stream"

    def __init__(self, live: Live, watcher: Watcher) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._live, self._watcher = live, watcher

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream to its end."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        gone = asyncio.create_task(_until_gone(receive))
        self._live.add(self._watcher)
        try:
            await send(_chunk("retry: 5000\n\n"))
            while not (gone.done() or self._live.closing):
                news = asyncio.create_task(self._watcher.news.wait())
                await asyncio.wait({news, gone}, timeout=BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                if gone.done() or self._live.closing:
                    break
                if not self._watcher.news.is_set():
                    await send(_chunk(": still here\n\n"))
                    continue
                self._watcher.news.clear()
                await send(_chunk(_event(self._watcher)))
                if self._watcher.ended:
                    break
        finally:
            self._live.remove(self._watcher)
            gone.cancel()
        if not gone.done():
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _chunk(text: str) -> Message:
    return {"type": "http.response.body", "body": text.encode(), "more_body": True}


def _event(watcher: Watcher) -> str:
    if watcher.ended:
        return "event: ended\ndata: {}\n\n"
    seen_now = watcher.seen or Seen()
    data = json.dumps({"changes": seen_now.changes, "newest": seen_now.newest_text, "urgent": seen_now.urgent})
    return f"event: seen\ndata: {data}\n\n"
