"""Is the service up, is it ticking, is anything waiting too long? For monitors, load balancers and Prometheus.

No answer here names a pupil, a carer or a number. Everything is asked of the database at the moment of the request, so every
machine of several gives the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from notifier.domain.messages import MessageStatus
from notifier.domain.sessions import local_date
from notifier.services.application import Application
from notifier.services.views import iso, unexplained_codes
from notifier.store import evidence, follow_ups, messages, people, records

TICK: Final = "tick"
"""The heartbeat that the scheduler's tick leaves."""

LATE_AFTER: Final = timedelta(minutes=5)
"""Without a tick for so long, the service counts as late: texts may be waiting."""

DOWN: Final = {"status": "down", "detail": "The database cannot be read."}


class FiguresCollector(Collector):
    """The service's figures, read anew at every scrape."""

    def __init__(self, app: Application, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        """The figures, or only that the database is down."""
        up = GaugeMetricFamily("notifier_database_up", "1 where the database can be read.")
        try:
            with self._app.database.read() as connection:
                figures = list(self._figures(connection, self._clock()))
        except SQLAlchemyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from figures

    def _figures(self, connection: Connection, now: datetime) -> Iterator[Metric]:
        today = local_date(now)
        by_status = GaugeMetricFamily("notifier_messages_today", "Messages of today by status.", labels=["status"])
        counts = messages.counts_by_status(connection, day=today)
        for status in MessageStatus:
            by_status.add_metric([status.value], counts.get(status.value, 0))
        yield by_status
        oldest = messages.oldest_due(connection, now)
        yield _gauge(
            "notifier_oldest_due_seconds",
            "How long the longest-waiting due message has waited.",
            _age(oldest, now) or 0,
        )
        beat = records.last_beat(connection, TICK)
        if beat is not None:
            yield _gauge("notifier_last_tick_age_seconds", "Seconds since the last tick.", _age(beat, now) or 0)
        chased = sum(
            len(follow_ups.of_day(connection, key, today, open_only=True)) for key in people.school_files(connection)
        )
        yield _gauge("notifier_open_follow_ups", "Today's unexplained absences that nobody has confirmed.", chased)
        lost = evidence.unaccounted(connection, unexplained_codes=unexplained_codes(self._app), day=today)
        yield _gauge(
            "notifier_unaccounted",
            "Today's unexplained absences that are neither contacted, held, withheld nor listed: must be 0.",
            len(lost),
        )  # fmt: skip


class Metrics:
    """One registry for each app, so that several in one process do not mix."""

    def __init__(self, app: Application, clock: Callable[[], datetime]) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(FiguresCollector(app, clock))
        self._webhooks = Counter(
            "notifier_webhooks",
            "Webhooks this process was sent: taken, repeated, wrong_signature, malformed, failed.",
            ["kind", "outcome"],
            registry=self.registry,
        )

    def count_webhook(self, kind: str, outcome: str) -> None:
        """Count one webhook."""
        self._webhooks.labels(kind, outcome).inc()


def build_router(app: Application, *, clock: Callable[[], datetime], metrics: Metrics) -> APIRouter:
    """/healthz, /readyz and /metrics."""
    router = APIRouter()

    @router.api_route("/healthz", methods=["GET", "HEAD"])
    def health() -> JSONResponse:
        now = clock()
        try:
            document = _health(app, now)
        except SQLAlchemyError:
            return JSONResponse(DOWN, 503)
        return JSONResponse(document, 200 if document["status"] == "ok" else 503)

    @router.api_route("/readyz", methods=["GET", "HEAD"])
    def ready() -> JSONResponse:
        try:
            current, needed = app.database.revisions()
        except SQLAlchemyError:
            return JSONResponse(DOWN, 503)
        if current != needed:
            detail = "The database is of another version; run: notifier db upgrade"
            return JSONResponse({"status": "not_ready", "detail": detail, "has": current, "needs": needed}, 503)
        return JSONResponse({"status": "ready", "has": current, "needs": needed})

    @router.get("/metrics")
    def scrape() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router


def _health(app: Application, now: datetime) -> dict[str, Any]:
    with app.database.read() as connection:
        beat = records.last_beat(connection, TICK)
        oldest = messages.oldest_due(connection, now)
    late = beat is not None and now - beat > LATE_AFTER
    return {
        "status": "late" if late else "ok",
        "last_tick": iso(beat),
        "last_tick_age_seconds": _age(beat, now),
        "oldest_due": iso(oldest),
        "oldest_due_age_seconds": _age(oldest, now),
    }


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max((now - moment).total_seconds(), 0.0)


def _gauge(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)
