"""APScheduler behind one small module: a tick every minute, and a send whenever somebody asks for one.

`coalesce` and no grace limit: however late the tick comes, it comes once, and the domain decides what being late means.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from notifier.services.application import Application
from notifier.services.hand_over import Pace, hand_over
from notifier.services.tick import tick

log = structlog.get_logger()

_Result = TypeVar("_Result")


def utc_now() -> datetime:
    """The wall clock: the only place where the running service asks for it."""
    return datetime.now(UTC)


class Scheduler:
    """Ticks every `tick_seconds`, and sends at once when woken. Everything runs on one thread: ticks never overlap."""

    def __init__(self, app: Application, *, now: Callable[[], datetime] = utc_now) -> None:
        """Prepare; nothing runs before `start`."""
        self._app = app
        self._now = now
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )

    def start(self) -> None:
        """Begin, with a first tick at once: after a restart what is overdue must not wait for a minute to pass."""
        seconds = self._app.settings.scheduler.tick_seconds
        self._scheduler.add_job(
            self._tick, "interval", seconds=seconds, id="tick", next_run_time=datetime.now(UTC), replace_existing=True
        )
        self._scheduler.start()

    def wake(self) -> None:
        """Send what is due now, without waiting for the next tick; many calls at once make one send."""
        if self._scheduler.running:
            self._scheduler.add_job(self._send, id="send", replace_existing=True)

    def stop(self) -> None:
        """End after the work under way."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def _tick(self) -> None:
        try:
            result = asyncio.run(self._with_channels(tick(self._app, now=self._now(), pace=self._pace())))
            log.info("tick.done", runs=len(result.runs), files=len(result.files), sent=result.sent.accepted)
            for line in result.trouble:
                log.warning("tick.trouble", detail=line)
        except Exception:  # the scheduler must live; /healthz shows a tick that does not come back
            log.exception("tick.failed")

    def _send(self) -> None:
        try:
            asyncio.run(self._with_channels(hand_over(self._app, now=self._now(), pace=self._pace())))
        except Exception:
            log.exception("send.failed")

    def _pace(self) -> Pace:
        began = time.monotonic()
        return Pace(clock=self._now, sleep=asyncio.sleep, elapsed=lambda: time.monotonic() - began)

    async def _with_channels(self, work: Awaitable[_Result]) -> _Result:
        """Connections belong to the event loop that made them, and each piece of work has its own."""
        try:
            return await work
        finally:
            for channel in self._app.channels.values():
                await channel.close()
