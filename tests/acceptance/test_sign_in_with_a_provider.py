"""Signing in through an OpenID Connect provider that others wrote (oidc-provider-mock), in a real browser: there, back, into the morning."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from notifier.services import schools
from tests.conftest import free_port

pytestmark = pytest.mark.browser

ALICE = {"sub": "alice-1", "email": "alice@oakfield.example", "email_verified": True, "name": "Alice Morgan"}
MALLORY = {"sub": "mallory-1", "email": "mallory@elsewhere.example", "email_verified": True, "name": "Mallory Fox"}
LOOKALIKE = {"sub": "mallory-2", "email": "alice@oakfield.example", "email_verified": False, "name": "Alice Morgan"}


@contextmanager
def running(arguments: list[str], address: str, *, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """A server as a process of its own, until the block ends; ready when the address answers."""
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=folder, env=environment, stdout=log, stderr=log
        )  # fmt: skip
        try:
            end = time.monotonic() + 40
            while not _answers(address):
                assert process.poll() is None and time.monotonic() < end, (folder / "server.log").read_text()[-3000:]
                time.sleep(0.1)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2):
            return True
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture
def door(
    environment: dict[str, str], commands: Any, inside: Any, repository: Path, chromium: str, tmp_path: Path
) -> Iterator[Callable[[str], Any]]:
    """A new browser that has just gone through the provider as one of its people; returns its page."""
    from playwright.sync_api import sync_playwright

    provider, port = f"http://localhost:{free_port()}", free_port()
    values = {"key": "school", "label": "Our School", "issuer": provider, "client_id": "notifier"}
    environment |= {
        "NOTIFIER_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "NOTIFIER_SECRET_KEY": "3f9c1e7a5b2d4860f1e2d3c4b5a69788",
        "NOTIFIER_SIGN_IN__PROVIDERS": json.dumps([values]),
        "NOTIFIER_SIGN_IN_SECRET_SCHOOL": "a secret of the client",
    }
    schools.add_school(
        inside.app, repository / "config/schools/oakfield.example.toml", now=datetime.now(UTC), by="Dana"
    )
    commands.run("user", "add", str(ALICE["email"]), "--role", "attendance_officer", "--school", "oakfield")
    people = [part for person in (ALICE, MALLORY, LOOKALIKE) for part in ("--user-claims", json.dumps(person))]
    theirs = [
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "--port",
        provider.rpartition(":")[2],
        "--require-nonce",
        "true",
    ]
    ours = ["-m", "notifier", "serve", "--port", str(port)]
    with (
        running([*theirs, *people], f"{provider}/jwks", folder=tmp_path, environment=environment),
        running(ours, f"http://127.0.0.1:{port}/healthz", folder=tmp_path, environment=environment),
        sync_playwright() as playwright,
    ):
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        opened = playwright.chromium.launch(executable_path=chromium, args=arguments)

        def through(subject: str) -> Any:
            view = opened.new_context(locale="en-GB").new_page()
            view.goto(f"http://127.0.0.1:{port}/inbox")
            view.get_by_role("button", name="Our School").click()
            view.get_by_role("button", name=subject, exact=True).click()
            view.wait_for_url(f"http://127.0.0.1:{port}/**")
            return view

        yield through
        opened.close()


def test_whoever_is_invited_comes_back_to_the_page_they_asked_for_and_nobody_else_does(
    door: Callable[[str], Any],
) -> None:
    alice = door("alice-1")
    assert alice.url.endswith("/inbox") and str(ALICE["email"]) in alice.locator("header").inner_text()
    for stranger in ("mallory-1", "mallory-2"):
        refused = door(stranger)
        assert "/inbox" not in refused.url and "Sign out" not in refused.locator("body").inner_text()
        refused.goto(alice.url)
        assert "/login" in refused.url
