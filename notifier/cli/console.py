"""How commands speak: tables and colour for people, tab-separated lines in a pipe, one JSON document for programs.

Standard output carries the answer and nothing else; progress, warnings and errors go to standard error. A status is always a
word with a sign, never a colour alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from notifier.domain.messages import MessageStatus
from notifier.domain.sessions import LONDON

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
"""The option `--json`."""

SchoolKey = Annotated[str, typer.Argument(metavar="KEY", help="The school's key, as `notifier school list` shows it.")]
"""The argument that names a school."""

DONE, ATTENTION, WRONG = 0, 1, 2
"""Exit codes: done; something needs attention (held, refused, failed); wrong usage or configuration."""

STATUSES = {
    MessageStatus.HELD: ("‖ held", "yellow"),
    MessageStatus.QUEUED: ("… queued", ""),
    MessageStatus.SENDING: ("… sending", ""),
    MessageStatus.UNKNOWN: ("? unknown", "bold yellow"),
    MessageStatus.ACCEPTED: ("→ accepted", "green"),
    MessageStatus.SENT: ("→ sent", "green"),
    MessageStatus.DELIVERED: ("✓ delivered", "green"),
    MessageStatus.UNDELIVERED: ("✗ undelivered", "bold red"),
    MessageStatus.FAILED: ("✗ failed", "bold red"),
    MessageStatus.WITHHELD: ("– withheld", "yellow"),
    MessageStatus.CANCELLED: ("– cancelled", "dim"),
    MessageStatus.EXPIRED: ("– expired", "yellow"),
}
"""How each message status is shown."""

STATES = {
    "urgent": ("! urgent", "bold red"),
    "handed_over": ("! handed over", "bold red"),
    "call_list": ("✆ to ring", "yellow"),
    "answered": ("? answered", "cyan"),
    "chasing": ("… chasing", ""),
    "closed": ("✓ closed", "green"),
}
"""How each state of a follow-up is shown."""

Cell = str | Text


def out() -> Console:
    """The console for answers."""
    return Console(highlight=False, soft_wrap=False)


def err() -> Console:
    """The console for everything else."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: Cell = "", style: str = "") -> None:
    """Print a line of the answer; not cut where the output is not a terminal."""
    console = out()
    console.print(Text(text, style) if isinstance(text, str) else text, soft_wrap=not console.is_terminal)


def warn(text: str) -> None:
    """Print a warning on standard error."""
    err().print(Text.assemble(("Note: ", "bold yellow"), text))


def print_json(document: Any) -> None:
    """Print the one JSON document."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def finish(code: int) -> None:
    """End the command with an exit code, where it is not that of a command done."""
    if code:
        raise typer.Exit(code)


def rows(headings: Sequence[str], lines: Iterable[Sequence[Cell]], *, title: str = "") -> None:
    """A table for people; headings and tab-separated lines where the output is not a terminal."""
    listed = list(lines)
    if not listed:
        return
    if title:
        say(title, "bold")
    console = out()
    if not console.is_terminal:
        typer.echo("\t".join(headings))
        for line in listed:
            typer.echo("\t".join(" ".join(str(cell).split()) for cell in line))
        typer.echo()
        return
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold", no_wrap=heading in ("time", "status", "state"))
    for line in listed:
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in line))
    console.print(table)
    console.print()


def shown(kind: str, table: dict[Any, tuple[str, str]]) -> Text:
    """A status or state with its sign and colour."""
    words, style = table.get(kind, (kind, ""))
    return Text(words, style)


def instant(value: datetime | str | None) -> datetime | None:
    """An instant from a document, in England's time."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.astimezone(LONDON)


def clock(value: datetime | str | None, day: date | None = None) -> str:
    """An instant as 24-hour time in England ("09:31"); with its date where that is not `day`; empty for none."""
    moment = instant(value)
    if moment is None:
        return ""
    return f"{moment:%H:%M}" if day == moment.date() else f"{moment:%d/%m %H:%M}"


def address(value: str) -> str:
    """A number as people write it, an e-mail address as it is."""
    from notifier.domain.phones import display

    return display(value) if value.startswith("+") else value


def first_words(text: str, length: int = 60) -> str:
    """A message's beginning on one line."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1].rstrip()}…"


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


@contextmanager
def progress_of(what: str, *, shown: bool, from_total: int = 5000) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error, for work of at least `from_total` pieces, at a terminal, where `shown`."""
    console = err()
    if not shown or not console.is_terminal:
        yield lambda done, total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=total >= from_total)


def speak_utf8() -> None:
    """Write UTF-8 whatever the machine's old code page: answers hold every family's letters."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
