"""The demonstration as a newcomer runs it: the real command, a school of its own, the promises, and the same story twice."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from xml.etree import ElementTree

import pytest

from notifier.demo.run import run_demo
from notifier.demo.stage import MARKER, NotADemoFolder, prepare_folder

ROOT = Path(__file__).resolve().parents[2]
PROMISES = ("Every unexplained absence accounted for", "Nobody told who must not be", "No message twice")


def environment() -> dict[str, str]:
    """No setting of ours at all, as on a fresh machine."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NOTIFIER_", "TWILIO_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}


def demo(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "notifier", "demo", *arguments],
        cwd=cwd, env=environment(), capture_output=True, text=True, encoding="utf-8", timeout=110, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One run of the command, with its folder."""
    place = tmp_path_factory.mktemp("demo")
    return place, demo("--pupils", "120", "--dir", "story", "--svg", "story.svg", cwd=place)


def log_of(folder: Path) -> list[sqlite3.Row]:
    """The carers' messages, oldest first, straight from the database."""
    with contextlib.closing(sqlite3.connect(folder / "notifier.db")) as base:
        base.row_factory = sqlite3.Row
        return base.execute("SELECT * FROM messages WHERE audience = 'carer' ORDER BY created_at").fetchall()


def test_it_keeps_its_promises_and_ends_by_itself(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, run = told
    assert run.returncode == 0, run.stderr
    for promise in PROMISES:
        assert f"✔ {promise}" in run.stdout
    assert "✘" not in run.stdout
    assert "Every one accounted for." in run.stdout


def test_it_tells_the_morning_in_moments(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, run = told
    assert "09:21  The registers are in" in run.stdout
    assert "(Polish)" in run.stdout
    assert "(Urdu)" in run.stdout
    assert "URGENT" in run.stdout
    assert "All clear" in run.stdout
    assert "Held: " in run.stdout


def test_the_story_fits_one_screen(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, run = told
    lines = run.stdout.splitlines()
    panel = lines[next(i for i, line in enumerate(lines) if line.startswith("╭")) :]
    panel = panel[: next(i for i, line in enumerate(panel) if line.startswith("╰")) + 1]
    assert len(panel) <= 40
    assert {len(line) for line in panel} == {80}


@pytest.mark.long
def test_it_shows_how_to_see_the_whole_log(told: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    place, run = told
    assert "NOTIFIER_DATABASE_URL=sqlite:///story/notifier.db" in run.stdout
    shown = subprocess.run(
        [sys.executable, "-m", "notifier", "log", "oakfield", "--date", "2026-11-24", "--json"],
        cwd=place, env={**environment(), "NOTIFIER_DATABASE_URL": "sqlite:///story/notifier.db"},
        capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    assert "gorączkę" in shown.stdout


def test_it_needs_and_touches_no_setting_of_the_real_service(
    told: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    place, _ = told
    assert sorted(path.name for path in place.iterdir()) == ["story", "story.svg"]


def test_the_same_seed_tells_the_same_story(
    told: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = told
    monkeypatch.chdir(tmp_path)
    again = io.StringIO()
    assert run_demo(pupils=120, folder=Path("story"), svg=Path("story.svg"), out=again) == 0
    without_commands = [text.split("See it all")[0] for text in (run.stdout, again.getvalue())]
    assert without_commands[0] == without_commands[1]
    assert (tmp_path / "story.svg").read_bytes() == (told[0] / "story.svg").read_bytes()


@pytest.mark.long
def test_another_seed_tells_another_story_and_keeps_the_promises(tmp_path: Path) -> None:
    out = io.StringIO()
    assert run_demo(pupils=60, seed=8, folder=tmp_path / "story", out=out, as_json=True) == 0
    story = json.loads(out.getvalue())
    assert story["seed"] == 8
    assert story["kept"] is True
    assert sum(story["whereabouts"].values()) == story["unexplained"] > 0
    assert [promise["words"] for promise in story["promises"]] == list(PROMISES)


def test_nobody_is_asked_for_a_reason_after_the_all_clear(
    told: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    rows = log_of(told[0] / "story")
    clear = {row["carer_id"]: row["created_at"] for row in rows if row["purpose"] == "all_clear"}
    assert clear
    later = [row["template"] for row in rows if row["carer_id"] in clear and row["created_at"] > clear[row["carer_id"]]]
    assert not later


def test_the_picture_is_whole_and_loads_nothing_from_outside(
    told: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    picture = (told[0] / "story.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(picture)
    words = "".join(root.itertext()).replace("\xa0", " ")
    assert "Oakfield Primary School" in words
    for promise in PROMISES:
        assert promise in words
    assert "url(http" not in picture
    assert "@font-face" not in picture
    assert "href" not in picture
    assert picture.count("http") == 1  # the namespace


@pytest.mark.long
def test_the_picture_of_the_readme_tells_what_the_demo_tells_today(tmp_path: Path) -> None:
    """After a change that alters the story: make picture."""
    assert run_demo(folder=tmp_path / "story", svg=tmp_path / "story.svg", out=io.StringIO()) == 0
    shown, told_now = (
        "".join(ElementTree.parse(file).getroot().itertext())
        for file in (ROOT / "docs" / "images" / "demo.svg", tmp_path / "story.svg")
    )
    assert shown == told_now


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear parents", encoding="utf-8")
    run = demo("--dir", str(tmp_path), cwd=tmp_path)
    assert run.returncode == 2
    assert "not empty" in run.stderr
    assert "Traceback" not in run.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_folder_of_its_own_is_emptied_of_the_last_story_only(tmp_path: Path) -> None:
    folder = tmp_path / "story"
    prepare_folder(folder)
    (folder / "notifier.db").write_text("old", encoding="utf-8")
    (folder / "note.txt").write_text("mine", encoding="utf-8")
    prepare_folder(folder)
    assert not (folder / "notifier.db").exists()
    assert (folder / "note.txt").read_text(encoding="utf-8") == "mine"
    assert (folder / MARKER).is_file()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "story").write_text("", encoding="utf-8")
    with pytest.raises(NotADemoFolder):
        prepare_folder(tmp_path / "story")


def test_a_day_on_which_no_school_is_open_is_refused_in_words(tmp_path: Path) -> None:
    run = demo("--date", "2026-11-28", "--dir", "story", cwd=tmp_path)
    assert run.returncode == 2
    assert "2026-11-28" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_port_in_use_is_told_before_anything_begins(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        run = demo("--serve", "--port", str(other.getsockname()[1]), "--dir", "story", cwd=tmp_path)
    assert run.returncode == 2
    assert "--port" in run.stderr
    assert not (tmp_path / "story").exists()


def test_with_serve_the_staff_page_stays_up_until_it_is_stopped(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", "notifier", "demo", "--pupils", "40", "--dir", "story", "--serve", "--port", str(port)],
        cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as running:  # fmt: skip
        try:
            page = _page(f"http://127.0.0.1:{port}/", running)
        finally:
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=30)
    assert "Sign in" in page
    assert running.returncode == 0
    assert b"Traceback" not in errors


def _page(address: str, running: subprocess.Popen[bytes]) -> str:
    for _ in range(300):
        assert running.poll() is None, "the command ended before the page was there"
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as answer:
            return str(answer.read().decode())
        time.sleep(0.3)
    raise AssertionError("the page never came up")
