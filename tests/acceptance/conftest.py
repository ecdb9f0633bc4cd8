"""The real commands as subprocesses, a Twilio double over HTTP, a real mail server: what a school would run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from asyncio import run as run_to_end
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, time, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from fastapi import Depends, Request

from notifier.channels.smtp.testing import MailServer
from notifier.channels.twilio.testing import ACCOUNT_SID, AUTH_TOKEN, TwilioDouble
from notifier.web.staff.access import Visit

# Runs the command line with one function replaced by one that kills the process, as a power cut would.
KILLER = """
import importlib, os, signal, sys
from notifier.services import application, decide, hand_over, take_in  # all rooms loaded, so that the right name is replaced

def die():
    os.kill(os.getpid(), signal.SIGKILL)

module, _, name = {place!r}.partition(":")
holder = importlib.import_module(module)
*path, last = name.split(".")
for part in path:
    holder = getattr(holder, part)
original = getattr(holder, last)
when, number, calls = {when!r}, {number}, [0]

def counted(before, run):
    calls[0] += 1
    due = calls[0] == number
    if due and when == "before":
        die()
    result = run()
    if due and when == "after":
        die()
    return result

if importlib.import_module("inspect").iscoroutinefunction(original):
    async def replacement(*args, **kwargs):
        calls[0] += 1
        due = calls[0] == number
        if due and when == "before":
            die()
        result = await original(*args, **kwargs)
        if due and when == "after":
            die()
        return result
else:
    def replacement(*args, **kwargs):
        return counted(None, lambda: original(*args, **kwargs))

setattr(holder, last, replacement)
from notifier.cli import main
sys.argv = ["notifier", *{arguments!r}]
main()
"""


class Commands:
    """The `notifier` command in a folder of its own, with its environment."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment

    def run(self, *arguments: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "notifier", *arguments],
            cwd=self.folder, env=self.environment, input=stdin, capture_output=True, text=True, timeout=110, check=False,
        )  # fmt: skip
        if check and done.returncode not in (0, 1):
            raise AssertionError(f"{arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        return json.loads(done.stdout)

    def killed(self, *arguments: str, place: str, when: str, number: int = 1) -> subprocess.CompletedProcess[str]:
        """Run a command that is killed (SIGKILL) before or after a function is called for the n-th time."""
        script = KILLER.format(place=place, when=when, number=number, arguments=list(arguments))
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=110, check=False,
        )  # fmt: skip
        assert done.returncode == -9, f"it was not killed: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


@pytest.fixture
def double() -> Iterator[TwilioDouble]:
    """Twilio's stand-in, which calls nobody back unless a test asks it to."""
    with TwilioDouble(callbacks=False) as made:
        yield made


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """A real SMTP server."""
    with MailServer() as made:
        yield made


@pytest.fixture
def environment(database_url: str, double: TwilioDouble, mail_server: MailServer, tmp_path: Path) -> dict[str, str]:
    """Nothing but what the commands need."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "NOTIFIER_DATABASE_URL": database_url,
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "NOTIFIER_TWILIO__FROM_NUMBER": "+447700900999",
        "NOTIFIER_TWILIO__BASE_URL": double.url,
        "NOTIFIER_TWILIO__MESSAGES_PER_SECOND": "1000",
        "NOTIFIER_TWILIO__TIMEOUT_SECONDS": "3",
        "NOTIFIER_SMTP__HOST": "127.0.0.1",
        "NOTIFIER_SMTP__PORT": str(mail_server.port),
        "NOTIFIER_SMTP__STARTTLS": "false",
        "NOTIFIER_SMTP__FROM_ADDRESS": "absence@oakfield.example",
        "NOTIFIER_SMTP__RATE_PER_SECOND": "1000",
        "COLUMNS": "100",
    }


@pytest.fixture
def commands(environment: dict[str, str], tmp_path: Path) -> Commands:
    """The commands, in an empty folder."""
    return Commands(tmp_path, environment)


class Inside:
    """The same school through the services, in this process: quick to set up and to settle what a killed command left."""

    def __init__(self, environment: dict[str, str]) -> None:
        from notifier.services.application import load_application
        from notifier.settings import load_settings

        self.app = load_application(load_settings(environment))

    async def _close(self) -> None:
        for channel in self.app.channels.values():
            await channel.close()

    def send(self, at: datetime) -> Any:
        from notifier.services.hand_over import Pace, hand_over

        moments = iter(datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=step) for step in range(100_000))

        async def no_sleep(_seconds: float) -> None:
            return None

        async def work() -> Any:
            try:
                return await hand_over(self.app, now=at, pace=Pace(clock=lambda: next(moments), sleep=no_sleep))
            finally:
                await self._close()

        return run_to_end(work())

    def reconcile(self, at: datetime) -> Any:
        from notifier.services.reconcile import reconcile

        async def work() -> Any:
            try:
                return await reconcile(self.app, now=at, inbox=False)
            finally:
                await self._close()

        return run_to_end(work())

    def messages(self, school: str) -> list[dict[str, Any]]:
        from notifier.services import views

        with self.app.database.read() as connection:
            entries = views.log_entries(connection, self.app.school(connection, school), day=None)
        return [entry for entry in entries if entry["kind"] == "message"]


@pytest.fixture
def inside(environment: dict[str, str]) -> Iterator[Inside]:
    """The services in this process, on the same database and double."""
    made = Inside(environment)
    yield made
    made.app.database.close()


AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="session")
def axe() -> Callable[[Any], list[str]]:
    """Asks axe-core for the faults of a page that is open in Playwright: each as its rule, its help, and the first elements."""
    file = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
    if not file.is_file():
        pytest.fail("axe-core is not installed; run make")
    source = file.read_text(encoding="utf-8")

    def faults(page: Any) -> list[str]:
        page.evaluate(source)  # not by a script element: the page's own policy would refuse it
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", AXE_RULES)
        return [
            f"{fault['id']}: {fault['help']}: " + " | ".join(node["html"][:160] for node in fault["nodes"][:3])
            for fault in found["violations"]
        ]

    return faults


TRIED = """
{% extends "base.html" %}{% from "parts.html" import live_bar with context %}
{% block page_title %}Live{% endblock %}
{% block content %}<h1>Live</h1>{{ live_bar(seen) }}
<p id="counts" data-live-part="still">{{ seen.changes }} so far</p>
<form id="list" data-live-part="list"><label>Note <input name="note"></label> list of {{ seen.changes }}</form>
{% endblock %}
"""


@pytest.fixture(scope="session")
def served_site(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], AbstractContextManager[Any]]:
    """Serves a pretend school at 09:54, when much waits for a person, with one more page that is live and two that fail."""
    from jinja2 import ChoiceLoader, DictLoader
    from sqlalchemy.exc import OperationalError

    from notifier.demo import staff_pages
    from notifier.domain.staff import Permission
    from notifier.web.staff import live
    from notifier.web.staff.access import require, signed_in

    build = vars(staff_pages)["build_app"]

    def with_more_pages(app: Any, **values: Any) -> Any:
        web = build(app, **values)
        shell = web.state.shell
        shell.environment.loader = ChoiceLoader([shell.environment.loader, DictLoader({"tried.html": TRIED})])

        def tried(request: Request, visit: Visit = Depends(require(Permission.SEE_MORNING))) -> Any:
            with app.database.read() as connection:
                seen = live.seen(connection, visit.school.key, now=visit.now)
            return shell.html(request, "tried.html", visit.frame, {"seen": seen})

        def broken(visit: Visit = Depends(signed_in())) -> Any:
            raise RuntimeError("as a fault of ours would")

        def unreachable(visit: Visit = Depends(signed_in())) -> Any:
            raise OperationalError("SELECT 1", {}, Exception("as a database that is away would"))

        web.get("/tried")(tried)
        web.get("/broken")(broken)
        web.get("/unreachable")(unreachable)
        return web

    @contextmanager
    def serve(name: str) -> Iterator[Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(staff_pages, "build_app", with_more_pages)
            folder = tmp_path_factory.mktemp(name) / "demo"
            with staff_pages.served_demo(folder, pupils=160, until=time(9, 54)) as served:
                yield served

    return serve


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest, chromium: str) -> Iterator[Any]:
    """A real Chromium; opened after the module's `site` was played, since Playwright keeps an event loop in this thread."""
    from playwright.sync_api import sync_playwright

    request.getfixturevalue("site")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def person(browser: Any, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """A new browser in which somebody has signed in by the form; `options` are those of Playwright's context."""
    from notifier.demo.sign_ins import PASSWORD
    from notifier.demo.staff_pages import sign_in

    opened = []

    def enter(email: str, **options: Any) -> Any:
        context = browser.new_context(locale="en-GB", reduced_motion="reduce", **options)
        opened.append(context)
        view = context.new_page()
        view.set_default_timeout(15_000)
        sign_in(view, request.getfixturevalue("site").url, email, PASSWORD)
        return view

    yield enter
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def keyboard() -> Any:
    """The class `Keyboard` of tests/acceptance/keyboard.py."""
    spec = spec_from_file_location("keyboard", Path(__file__).with_name("keyboard.py"))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Keyboard
