"""`notifier serve` as a process: webhooks in, answers out, receipts back; killed and started again it carries on."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest

from notifier.channels.twilio.testing import TwilioDouble
from notifier.services import schools, take_in, views

NOW = datetime.now(UTC)


@pytest.fixture
def double():
    with TwilioDouble(callbacks=True) as made:
        yield made


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def served(environment, commands, inside, repository, port):
    """Oakfield with the example people, and a way to start the service."""
    environment["NOTIFIER_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    schools.add_school(inside.app, repository / "config/schools/oakfield.example.toml", now=NOW, by="Alice")
    take_in.take_people(inside.app, "oakfield", repository / "docs/examples/people.csv", now=NOW, by="Alice")

    @contextlib.contextmanager
    def start():
        log = (commands.folder / "serve.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "notifier", "serve", "--port", str(port)],
            cwd=commands.folder, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            wait_for(lambda: answers(port) is not None, "the service answers", log_of=commands.folder / "serve.log")
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=20)
            log.close()

    return start


def answers(port: int, path: str = "/healthz") -> dict | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as response:
            return json.load(response)
    except (urllib.error.URLError, OSError, ValueError):
        return None


def wait_for(condition, what: str, seconds: float = 40, log_of=None):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.2)
    tail = log_of.read_text()[-3000:] if log_of else ""
    raise AssertionError(f"waited in vain until {what}\n{tail}")


def log_of(inside):
    with inside.app.database.read() as connection:
        return views.log_entries(connection, inside.app.school(connection, "oakfield"), day=None)


def a_mobile(inside) -> str:
    from notifier.store import people

    with inside.app.database.read() as connection:
        roll = people.load_roll(connection, "oakfield")
    for pupil_id, links in sorted(roll.contacts.items()):
        for link in links:
            carer = roll.carers[link.carer_id]
            if carer.mobile and not link.no_contact and link.parental_responsibility and pupil_id:
                return carer.mobile
    raise AssertionError("the example people have no mobile")


def test_a_text_comes_in_and_is_answered_and_the_receipt_comes_back(served, double, inside, port):
    mobile = a_mobile(inside)
    with served():
        wait_for(lambda: (answers(port) or {}).get("last_tick"), "the first tick is done")
        seen = double.send_inbound(
            mobile, "+447700900999", "tummy bug back tmrw", f"http://127.0.0.1:{port}/webhooks/twilio/inbound"
        )
        assert seen is not None and seen.answer == 200
        [reply] = [entry for entry in log_of(inside) if entry["kind"] == "reply"]
        assert (reply["intent"], reply["suggested_code"]) == ("illness", "I")

        def delivered() -> bool:
            return [entry["status"] for entry in log_of(inside) if entry["kind"] == "message"] == ["delivered"]

        wait_for(delivered, "the automatic answer is delivered")
    assert [message.to for message in double.messages] == [mobile]


def test_killed_and_started_again_it_carries_on(served, double, inside, port):
    mobile = a_mobile(inside)
    with served() as process:
        wait_for(lambda: (answers(port) or {}).get("last_tick"), "the first tick is done")
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
    with served():
        url = f"http://127.0.0.1:{port}/webhooks/twilio/inbound"
        double.send_inbound(mobile, "+447700900999", "STOP", url)
        wait_for(lambda: [entry for entry in log_of(inside) if entry["kind"] == "reply"], "the reply is kept")
        status = urllib.request.Request(url, data=b"From=%2B447700900001&Body=hi&MessageSid=SM1", method="POST")
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(status, timeout=5)
    assert double.messages == [], "STOP is never answered"
