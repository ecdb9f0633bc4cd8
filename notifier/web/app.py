"""Puts the doors together: one FastAPI application over one `Application`, with nothing kept in between requests.

The clock comes from outside (`notifier serve` gives the real one), and so does `wake`, which starts sending at once instead of at the
next tick.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from fastapi import FastAPI

from notifier.services.application import Application
from notifier.web import answer, api, health, static_files, webhooks
from notifier.web.protection import ReadableAddresses, SecurityHeaders
from notifier.web.staff.site import add_staff_pages


@asynccontextmanager
async def _served(web: FastAPI) -> AsyncIterator[None]:
    """While a server serves: the pages' templates are made ready beside the event loop, and nobody waits for all of them."""
    warming = asyncio.create_task(asyncio.to_thread(web.state.shell.warm))
    yield
    await warming


def build_app(app: Application, *, clock: Callable[[], datetime], wake: Callable[[], None]) -> FastAPI:
    """The web application. `clock` gives the present moment, aware.

    `wake` is called, on the event loop's thread, after something came in that may have put a message in the queue; it must
    return at once and may be called any number of times.
    """
    web = FastAPI(title="Notifier", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_served)
    metrics = health.Metrics(app, clock)
    web.state.wake = wake  # staff pages queue answers, and call it on the event loop too
    add_staff_pages(web, app, clock=clock)  # its headers come first, so before the middleware that fills in the rest
    web.add_middleware(ReadableAddresses)
    web.add_middleware(SecurityHeaders)
    web.add_exception_handler(api.ApiError, api.answer_api_error)
    web.include_router(webhooks.build_router(app, clock=clock, wake=wake, count=metrics.count_webhook))
    web.include_router(api.build_router(app, clock=clock, wake=wake))
    web.include_router(answer.build_router(app, clock=clock, wake=wake))
    web.include_router(health.build_router(app, clock=clock, metrics=metrics))
    web.include_router(static_files.build_router())
    return web
