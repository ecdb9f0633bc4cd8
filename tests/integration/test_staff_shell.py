"""The shell of the staff pages: built files, error pages in words, help that leaves nothing out, and streams that end."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from notifier.domain.messages import MessageStatus
from notifier.domain.reasons import WORDS
from notifier.domain.replies import PLANS
from notifier.services.sealing import hash_of
from notifier.services.staff import disable
from notifier.store import changes
from notifier.web import words
from notifier.web.staff import live
from notifier.web.staff.built import NOT_BUILT, BuiltFiles
from notifier.web.staff.live import MOST_OF_A_SESSION, EventStream, Live
from notifier.web.staff.shell import NAVIGATION, Frame, build_environment, navigation_for

WHEN = datetime(2026, 11, 23, 9, 31, tzinfo=UTC)


ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what is the same on either engine."""


@pytest.fixture
def opened_morning(morning: Any) -> Any:
    """Oakfield, before anything has happened."""
    morning.add_school()
    return morning


@pytest.fixture
def alice(opened_morning: Any, sign_in: Callable[..., Any]) -> Any:
    """Alice's browser."""
    return sign_in(opened_morning, "attendance_officer")


def test_the_style_sheet_holds_nothing_that_is_the_governments_own() -> None:
    style = (Path(live.__file__).parent / "static" / "app.css").read_text(encoding="utf-8")
    for theirs in ("GDS Transport", "crest", "crown", "@font-face", "url("):
        assert theirs not in style


@ON_SQLITE
def test_built_files_are_kept_for_a_year_under_an_address_of_their_content(alice: Any) -> None:
    page = alice.get("/help").text
    found = set(re.findall(r'(?:href|src)="(/assets/[^"]+)"', page))
    assert {path.rsplit("/", 1)[1] for path in found} == {"app.css", "app.js", "htmx.min.js", "icon.svg"}
    for path in found:
        answer = alice.get(path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    version = next(iter(found)).split("/")[2]
    assert alice.get(f"/assets/{version}/govuk-frontend.min.js").status_code == 200, "app.js imports it"
    assert alice.get("/assets/older/app.css").headers["cache-control"] == "no-store"
    for path in ("/assets/x/app.py", f"/assets/{version}/..%2Fshell.py", f"/assets/{version}/.new"):
        assert alice.get(path).status_code == 404


def test_the_address_changes_with_the_content(tmp_path: Path) -> None:
    (tmp_path / "app.css").write_text("a{}")
    first = BuiltFiles(tmp_path).address("app.css")
    (tmp_path / "app.css").write_text("b{}")
    assert BuiltFiles(tmp_path).address("app.css") != first


def test_without_built_files_the_pages_work_and_say_what_to_do(tmp_path: Path) -> None:
    files = BuiltFiles(tmp_path / "nothing")
    assert files.missing
    environment = build_environment(files)
    page = environment.get_template("problem.html").render(
        frame=Frame(now=WHEN),
        navigation=[],
        problem={"title": "T", "lines": [], "refused": "", "incident": "", "way_on": "/", "way_on_words": "On"},
    )
    assert NOT_BUILT in page


@ON_SQLITE
def test_no_page_holds_a_script_a_style_or_anything_from_elsewhere(alice: Any) -> None:
    for path in ("/help", "/login", "/account", "/nothing-here"):
        answer = alice.get(path)
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=\"", answer.text)
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', answer.text)
        assert "'unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


@ON_SQLITE
def test_help_explains_every_status_and_every_reason(alice: Any) -> None:
    page = alice.get("/help").text
    anchors = set(re.findall(r'<tr[^>]* id="([^"]+)"', page))
    wanted = {f"reason-{reason.value}" for reason in WORDS} | {f"message-{status.value}" for status in MessageStatus}
    wanted |= {f"answer-{intent.value}" for intent in PLANS} | {f"state-{state}" for state in words.FOLLOW_UP_STATES}
    wanted |= {f"barrier-{barrier}" for barrier in words.BARRIERS} | {f"closed-{reason}" for reason in words.CLOSED}
    assert wanted <= anchors
    for said in WORDS.values():
        assert said.what.replace("'", "&#39;") in page
    for time in ("09:20", "09:30", "09:50", "10:15", "10:30", "11:00", "11:30"):
        assert f"<b>{time}</b>" in page, "the school's own ladder"


def test_the_navigation_shows_what_the_role_may_open() -> None:
    served = {place.address for place in NAVIGATION}

    def shown(permitted: set[Any]) -> list[str]:
        frame = Frame(now=WHEN, person="P", permitted=frozenset(permitted))
        return [entry["text"] for entry in navigation_for(frame, "/follow-ups/f1", served=served)]

    everything = {permission for place in NAVIGATION for permission in place.needs}
    assert shown(everything) == ["Today", "Inbox", "Messages", "Wording", "Reports", "Settings", "Audit", "Help"]
    assert shown(set()) == ["Help"]
    assert navigation_for(Frame(now=WHEN), "/", served=served) == [], "nobody is signed in"
    entries = navigation_for(
        Frame(now=WHEN, person="P", permitted=frozenset(everything)), "/follow-ups/f1", served=served
    )
    assert [entry["text"] for entry in entries if entry["active"]] == ["Today"]


@ON_SQLITE
class TestErrorPages:
    """What people see when something is wrong."""

    def test_an_unknown_address_is_said_in_words_with_the_navigation(self, alice: Any) -> None:
        answer = alice.get("/nothing-here")
        assert answer.status_code == 404
        assert "There is nothing here" in answer.text and 'href="/help"' in answer.text

    def test_programs_keep_their_short_answers(self, alice: Any) -> None:
        answer = alice.get("/api/v1/nothing")
        assert answer.status_code == 404 and answer.headers["content-type"].startswith("application/json")

    def test_a_wrong_method_is_a_page(self, alice: Any) -> None:
        answer = alice.request("DELETE", "/help")
        assert answer.status_code == 405 and "Nothing was changed" in answer.text
        assert answer.headers["allow"] == "GET"

    def test_a_fault_of_ours_names_an_entry_of_the_log_and_nothing_else(self, alice: Any) -> None:
        def broken() -> None:
            raise ZeroDivisionError("the name of a child")

        alice.web.get("/broken")(broken)
        with pytest.raises(ZeroDivisionError):  # the server's own log gets it as well
            alice.get("/broken")
        answer = answered_although_raised(alice, "/broken")
        assert answer.status_code == 500 and "name of a child" not in answer.text
        assert re.search(r"<code>[0-9a-f]{8}</code>", answer.text)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"

    def test_a_database_that_cannot_be_reached_tells_staff_to_ring(self, alice: Any) -> None:
        def away() -> None:
            raise OperationalError("SELECT", {}, Exception("connection refused"))

        alice.web.get("/away")(away)
        answer = alice.get("/away")
        assert answer.status_code == 503 and answer.headers["retry-after"] == "30"
        assert "ring the families" in answer.text and 'href="/away"' in answer.text


def answered_although_raised(browser: Any, path: str) -> Any:
    """The answer that a server sends before the exception goes on to its log."""
    import httpx

    async def work() -> Any:
        transport = httpx.ASGITransport(app=browser.web, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=browser.base) as client:
            return await client.get(path)

    return asyncio.run(work())


class TestWhatChanged:
    """The figures by which a page knows that it is old."""

    def test_they_grow_with_follow_ups_replies_and_reading_and_belong_to_one_school(
        self, make_morning: Callable[..., Any], person: Callable[..., dict[str, object]]
    ) -> None:
        morning = make_morning()
        morning.add_school()
        morning.people(person("1", "1"), *(person(str(number), str(number)) for number in range(20, 30)))
        morning.marks({"1": "N", **{str(number): "/" for number in range(20, 30)}})

        def seen() -> changes.Seen:
            with morning.app.database.read() as connection:
                return live.seen(connection, morning.key, now=morning.at("10:00"))

        assert seen() == changes.Seen()
        morning.tick("09:30")
        opened = seen()
        assert opened.changes >= 1 and opened.newest is not None
        morning.reply("+447700900001", "she is ill", "09:40")
        answered = seen()
        assert answered.changes > opened.changes
        with morning.app.database.read() as connection:
            other = live.seen(connection, "riverside", now=morning.at("10:00"))
            tomorrow = live.seen(connection, morning.key, now=morning.at("10:00") + timedelta(days=1))
        assert other == tomorrow == changes.Seen()


@ON_SQLITE
class TestStreams:
    """What an open page hears, and when it ends."""

    def test_a_page_hears_what_is_seen_then_that_the_session_ended(self, alice: Any, opened_morning: Any) -> None:
        heard = asyncio.run(self._hear(alice, opened_morning, end_session=True))
        assert [kind for kind, _ in heard] == ["seen", "ended"]
        assert json.loads(heard[0][1])["changes"] == 0

    def test_a_server_that_stops_ends_every_stream(self, alice: Any, opened_morning: Any) -> None:
        heard = asyncio.run(self._hear(alice, opened_morning, end_session=False))
        assert [kind for kind, _ in heard] == ["seen"]

    async def _hear(self, alice: Any, morning: Any, *, end_session: bool) -> list[tuple[str, str]]:
        pages = Live(morning.app, lambda: alice.moment, every=0.02)
        stream = pages.answer(morning.key, hash_of(alice.session))
        assert isinstance(stream, EventStream)
        sent: list[bytes] = []
        heard_first = asyncio.Event()

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message.get("body", b""))
            if b"event: seen" in sent[-1]:
                heard_first.set()

        serving = asyncio.create_task(stream({"type": "http"}, receive, send))
        await asyncio.wait_for(heard_first.wait(), 10)
        assert pages.watched == 1
        if end_session:
            disable(morning.app, "attendance_officer@oakfield.example", by="Dana", now=alice.moment)
        else:
            pages.close()
        await asyncio.wait_for(serving, 10)
        assert pages.watched == 0
        return re.findall(r"event: (\w+)\ndata: (.*)\n", b"".join(sent).decode())

    def test_one_sign_in_has_so_many_live_pages_and_no_more(self, opened_morning: Any) -> None:
        async def work() -> list[int]:
            pages = Live(opened_morning.app, lambda: WHEN, most=8)
            for number in range(MOST_OF_A_SESSION):
                pages.add(live.Watcher("oakfield", "one"))
                assert pages.watched == number + 1
            statuses = [pages.answer("oakfield", "one").status_code, pages.answer("oakfield", "two").status_code]
            pages.add(live.Watcher("oakfield", "two"))
            pages.add(live.Watcher("oakfield", "two"))
            statuses.append(pages.answer("oakfield", "three").status_code)
            pages.close()
            return statuses

        assert asyncio.run(work()) == [429, 200, 503]
