"""The reference pages that are made from the program stay equal to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from notifier.cli.reference import PAGES, commands_markdown, write_pages
from notifier.domain.reasons import Reason

PAGES_FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_says_what_the_program_does(name: str) -> None:
    page = PAGES_FOLDER / name
    assert page.is_file(), "run: python -m notifier.cli.reference"
    assert page.read_text(encoding="utf-8") == PAGES[name](), "run: python -m notifier.cli.reference"


@pytest.mark.parametrize(
    "command",
    [
        "demo", "serve", "tick", "school add", "school list", "school check", "import people", "import marks", "run", "send",
        "reconcile", "release", "log", "explain", "follow-ups", "replies", "confirm", "report-absence", "suppress", "accounted",
        "token add", "templates list", "templates show", "templates preview", "templates check", "templates approve", "sms count",
        "classify", "db upgrade", "db check", "doctor",
    ],
)  # fmt: skip
def test_every_command_of_the_contract_is_documented(command: str) -> None:
    assert f"\n## notifier {command}\n" in commands_markdown()


def test_every_reason_code_is_documented() -> None:
    page = PAGES["reason-codes.md"]()
    assert all(f"| `{reason.value}` |" in page for reason in Reason)


def test_pages_are_written_once_and_then_left_alone(tmp_path: Path) -> None:
    assert sorted(write_pages(tmp_path)) == sorted(PAGES)
    assert write_pages(tmp_path) == []


def test_the_commands_start_without_reading_the_heavy_rooms() -> None:
    heavy = "sqlalchemy twilio fastapi apscheduler jinja2 pydantic notifier.services notifier.settings notifier.demo"
    look = f"import sys, notifier.cli; print([name for name in '{heavy}'.split() if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
