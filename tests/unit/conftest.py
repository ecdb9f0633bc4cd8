"""The program as a person runs it: commands in an empty folder, with a database of their own and channels that reach nobody."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from notifier.cli import app

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs a command and expects an exit code; the folder holds oakfield.toml and the examples of people.csv and marks.csv."""
    for name in list(os.environ):
        if name.startswith(("NOTIFIER_", "TWILIO_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", f"sqlite:///{tmp_path / 'notifier.db'}")
    monkeypatch.setenv("NOTIFIER_CONFIG_DIR", str(REPOSITORY / "config"))
    monkeypatch.setenv("NOTIFIER_CHANNELS__SMS", "simulator")
    monkeypatch.setenv("NOTIFIER_CHANNELS__EMAIL", "simulator")
    for name in ("people.csv", "marks.csv"):
        shutil.copy(REPOSITORY / "docs" / "examples" / name, tmp_path / name)
    shutil.copy(REPOSITORY / "config" / "schools" / "oakfield.example.toml", tmp_path / "oakfield.toml")
    runner = CliRunner()

    def run(*arguments: str, code: int = 0) -> Result:
        result = runner.invoke(app, list(arguments), prog_name="notifier")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, f"exit code {result.exit_code}\n{result.stdout}\n{result.stderr}"
        return result

    return run
