"""The tutorial is followed word for word in an empty folder: every command ends well, and prints what the page shows."""

from __future__ import annotations

import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "tutorial" / "first-school.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
LEFT_OUT = "…"


def steps() -> list[tuple[str, list[str]]]:
    """The commands of the page in order, each with the lines it shows."""
    found: list[tuple[str, list[str]]] = []
    for block in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            else:
                found[-1][1].append(line)
    return found


def at_a_terminal(command: str, folder: Path, environment: dict[str, str]) -> tuple[int, list[str]]:
    """Run a command as a person sees it, at a terminal of 100 columns; returns its exit code and what it printed."""
    words = shlex.split(command)
    if words[0] == "notifier":
        words = [sys.executable, "-m", *words]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs
    ) as running:
        os.close(theirs)
        printed = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # how a terminal says that nobody writes to it any more
                break
            if not part:
                break
            printed += part
        os.close(ours)
    return running.returncode, [line.rstrip() for line in printed.decode().splitlines()]


def assert_shown(command: str, shown: list[str], printed: list[str]) -> None:
    """Every line the page shows was printed, in this order."""
    rest = iter(printed)
    for line in shown:
        if line.strip() != LEFT_OUT:
            assert line.rstrip() in rest, f"{command}\ndoes not print\n{line}\nbut\n" + "\n".join(printed)


def test_every_command_of_the_tutorial_works_and_prints_what_the_page_shows(tmp_path: Path) -> None:
    for folder in ("config", "docs/examples"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "LANG": "C.UTF-8", "COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1",
        "PYTHONPATH": str(REPOSITORY),
    }  # fmt: skip
    followed = steps()
    assert len([command for command, _ in followed if command.startswith("notifier ")]) > 8
    for command, shown in followed:
        verb, _, rest = command.partition(" ")
        if verb == "export":
            name, _, value = rest.partition("=")
            environment[name] = value
        elif verb == "unset":
            del environment[rest]
        else:
            code, printed = at_a_terminal(command, tmp_path, environment)
            assert code == 0, f"{command} ended with {code}:\n" + "\n".join(printed)
            assert_shown(command, shown, printed)
    assert not list((tmp_path / "var").iterdir()), "the tutorial cleans up after itself"
