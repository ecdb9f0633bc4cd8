"""What monitors and Prometheus see, before the first tick, in order, and in trouble."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from notifier.web.app import build_app


def get(morning: Any, path: str, at: str, method: str = "GET") -> httpx.Response:
    async def work() -> httpx.Response:
        web = build_app(morning.app, clock=lambda: morning.at(at), wake=lambda: None)
        transport = httpx.ASGITransport(app=web, client=("203.0.113.7", 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.5:8000") as client:
            return await client.request(method, path)

    return asyncio.run(work())


def figures(morning: Any, at: str) -> dict[str, float]:
    lines = get(morning, "/metrics", at).text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


@pytest.fixture
def oakfield(morning: Any, person: Callable[..., dict[str, object]]) -> Any:
    """Oakfield with one child absent, whose mother's text is queued and due at 09:30."""
    morning.people(*(person(str(number), str(number)) for number in range(1, 11)))
    morning.marks({"1": "N", **{str(number): "/" for number in range(2, 11)}})
    return morning


def test_before_the_first_tick_the_process_is_up(oakfield):
    answer = get(oakfield, "/healthz", "09:20")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "last_tick": None,
        "last_tick_age_seconds": None,
        "oldest_due": None,
        "oldest_due_age_seconds": None,
    }


@pytest.mark.parametrize(
    ("at", "status", "word"),
    [("09:31", 200, "ok"), ("09:35", 200, "ok"), ("09:36", 503, "late")],
    ids=["a minute after a tick", "five minutes after", "more than five minutes after"],
)
def test_health_tells_when_the_clock_has_stopped(oakfield, at, status, word):
    oakfield.tick("09:30")

    answer = get(oakfield, "/healthz", at)

    assert (answer.status_code, answer.json()["status"]) == (status, word)
    assert answer.json()["last_tick"] == "2026-11-23T09:30:00+00:00"


def test_health_shows_how_long_the_oldest_due_message_has_waited(oakfield):
    oakfield.tick("09:30", send=False)

    assert get(oakfield, "/healthz", "09:32").json()["oldest_due_age_seconds"] == 120.0


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_monitors_may_ask_for_the_head_alone(oakfield, path):
    answer = get(oakfield, path, "09:30", method="HEAD")

    assert (answer.status_code, answer.content) == (200, b"")


def test_it_is_ready_at_the_right_version_of_the_database_and_not_at_another(oakfield):
    ready = get(oakfield, "/readyz", "09:30")
    with oakfield.app.database.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    old = get(oakfield, "/readyz", "09:30")

    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert (old.status_code, old.json()["status"]) == (503, "not_ready")
    assert "notifier db upgrade" in old.json()["detail"]


def test_the_figures_are_those_of_the_moment(oakfield):
    oakfield.tick("09:30", send=False)
    queued = figures(oakfield, "09:31")
    oakfield.tick("09:32")
    oakfield.reply("+447700900001", "ill", "09:33")
    oakfield.confirm("1", "I", "09:34")
    settled = figures(oakfield, "09:34")

    assert queued['notifier_messages_today{status="queued"}'] == 1
    assert (queued["notifier_oldest_due_seconds"], queued["notifier_open_follow_ups"]) == (60, 1)
    assert settled['notifier_messages_today{status="accepted"}'] >= 1
    assert (settled["notifier_last_tick_age_seconds"], settled["notifier_open_follow_ups"]) == (120, 0)
    assert (settled["notifier_unaccounted"], settled["notifier_database_up"]) == (0, 1)


def test_a_silent_loss_shows_in_the_figures(oakfield):
    oakfield.tick("09:30", send=False)
    with oakfield.app.database.begin() as connection:
        connection.exec_driver_sql("UPDATE messages SET status = 'cancelled'")

    assert figures(oakfield, "09:31")["notifier_unaccounted"] == 1


def test_no_answer_for_monitors_names_a_family(oakfield):
    oakfield.tick("09:30")

    for path in ("/healthz", "/readyz", "/metrics"):
        assert not re.search(r"Kim|Carer|07700|\+447|example", get(oakfield, path, "09:31").text)


def test_without_its_tables_health_says_down_instead_of_failing(oakfield):
    with oakfield.app.database.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE heartbeats RENAME TO lost")

    answer = get(oakfield, "/healthz", "09:31")

    assert (answer.status_code, answer.json()["status"]) == (503, "down")
    assert figures(oakfield, "09:31")["notifier_database_up"] == 0
