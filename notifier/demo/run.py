"""The demonstration from beginning to end: make a school, play its morning, tell the story, and say whether the promises held.

It needs no settings, no account and no network, and writes into one folder of its own. The same pupils, seed and day tell the
same story, word for word.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from notifier.demo.absence import make_day
from notifier.demo.moments import Moment
from notifier.demo.morning import Morning
from notifier.demo.population import make_school
from notifier.demo.screen import LOG_LINES, WIDTH, message_log, moment_line, ordered_log, screen, write_picture
from notifier.demo.sign_ins import PASSWORD, SIGN_INS, add_sign_ins
from notifier.demo.stage import Stage, database_url, prepare_folder, quiet_log, set_stage
from notifier.demo.story import Story, story_of
from notifier.domain.sessions import local_time
from notifier.services import views

DAY: Final = date(2026, 11, 24)
"""A Tuesday in term; a demonstration always plays the same day unless another is given."""

FOLDER: Final = Path("var/demo")
LOCALHOST: Final = "127.0.0.1"


class PortTaken(Exception):
    """Something else listens on the port; the words say what to do."""


def run_demo(
    *,
    pupils: int = 420,
    seed: int = 7,
    folder: Path = FOLDER,
    serve: bool = False,
    port: int = 8000,
    svg: Path | None = None,
    day: date | None = None,
    as_json: bool = False,
    out: TextIO | None = None,
) -> int:
    """Play a pretend school's morning and tell what happened; 0 where every promise was kept, 1 where one was broken.

    With `serve` the staff page stays up afterwards, on this machine only, until stopped. `svg` names a file for the story as a
    picture. `as_json` prints one JSON document instead of words. Raises NotADemoFolder, PortTaken, and ValueError for a school
    that cannot be.
    """
    if serve:
        _require_free(port)
    pretend = make_school(pupils=pupils, seed=seed, day=day or DAY)
    prepare_folder(folder)
    stream = out or sys.stdout
    console = Console(file=stream, highlight=False)
    if not console.is_terminal:
        console = Console(file=stream, highlight=False, width=WIDTH)
    with quiet_log(folder / "notifier.log"):
        stage = set_stage(pretend, make_day(pretend), folder, public_url=f"http://{LOCALHOST}:{port}")
        try:
            story, log, ended = _play(stage, console, silent=as_json)
            if svg is not None:
                write_picture(story, svg)
            if as_json:
                stream.write(json.dumps(story.as_json(), ensure_ascii=False, indent=2, default=_plain) + "\n")
            else:
                _tell(console, story, log, stage)
            if serve:
                _stay(stage, port, ended)
        finally:
            stage.app.database.close()
    return 0 if story.kept else 1


def _play(stage: Stage, console: Console, *, silent: bool) -> tuple[Story, list[Any], datetime]:
    """Play the morning with its clock ticking on the screen, and gather the story."""
    shown = console if console.is_terminal and not silent else Console(stderr=True)
    if not silent:
        console.print(Text(f"One morning at {stage.school.name}, played at speed. Nothing leaves here.", "bold"))
        console.print()

    def tell(moment: Moment) -> None:
        if not silent:
            line = moment_line(moment)
            if console.is_terminal:
                console.print(line, no_wrap=True, overflow="ellipsis")
            else:
                console.file.write(f"{line.plain}\n")  # whole in a file, cut on a screen

    morning = Morning(stage, tell)
    with _ticking(shown, morning.minutes) as passed:
        played = asyncio.run(morning.play(passed))
    story = story_of(stage, played)
    with stage.app.database.read() as connection:
        log = ordered_log(views.log_entries(connection, stage.school, day=stage.day.day))
    return story, log, morning.ends


@contextmanager
def _ticking(console: Console, minutes: int) -> Iterator[Callable[[datetime], None]]:
    """A bar with the morning's own clock, where somebody watches."""
    bar = Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=None),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task: TaskID = bar.add_task("08:50", total=minutes)

        def passed(now: datetime) -> None:
            bar.update(task, advance=1, description=f"{local_time(now):%H:%M}")

        yield passed


def _tell(console: Console, story: Story, log: list[Any], stage: Stage) -> None:
    console.print()
    console.print(screen(story))
    console.print()
    console.print(Text(f"The message log, newest first: {min(LOG_LINES, len(log))} of {len(log)} lines", "bold"))
    console.print(message_log(log, stage.pretend))
    console.print()
    console.print("See it all, or the whole story of one child:", style="dim")
    setting = f"NOTIFIER_DATABASE_URL={database_url(stage.folder)}"
    child = min(stage.day.unexplained(), default=stage.pretend.pupils[0].pupil_id)
    for line in (
        f"log {story.school_key} --date {story.day}",
        f"follow-ups {story.school_key} --date {story.day}",
        f"explain {story.school_key} {child} --date {story.day}",
    ):
        console.print(f"  {setting} {_command()} {line}", soft_wrap=True)


def _command() -> str:
    """How the command is called from here: by its name, or by its place in a checkout's own environment."""
    local = Path(".venv/bin/notifier")
    return str(local) if shutil.which("notifier") is None and local.exists() else "notifier"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        try:
            probe.bind((LOCALHOST, port))
        except OSError:
            raise PortTaken(f"Something else listens on port {port} already. Give another with --port.") from None


def _stay(stage: Stage, port: int, ended: datetime) -> None:
    """Keep the staff page up on this machine, with the clock standing at the end of the morning."""
    import uvicorn

    from notifier.web.app import build_app
    from notifier.web.server import Server

    add_sign_ins(stage.app, stage.school.key, now=ended)
    web = build_app(stage.app, clock=lambda: ended, wake=lambda: None)
    where = Console(stderr=True, highlight=False)
    where.print(f"\nThe staff page is at http://{LOCALHOST}:{port}/ (stop with Ctrl+C)", style="bold")
    where.print(f"Sign in as one of these, each with the password: {PASSWORD}")
    for person in SIGN_INS:
        where.print(f"  {person.line}")
    server = Server(
        uvicorn.Config(
            web, host=LOCALHOST, port=port, log_config=None, access_log=False, proxy_headers=False, server_header=False
        )
    )
    with suppress(KeyboardInterrupt):  # stopping is how it ends
        server.run()
