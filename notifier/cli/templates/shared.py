"""What the commands of `notifier templates` share: their group, their options, and how they read the wording and refuse."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from notifier.wording import CatalogueFault, MessageTemplate, TemplateFault, UnknownTemplate, Wording

app = typer.Typer(
    help="The wording of messages: look, preview, check, approve.", no_args_is_help=True, add_completion=False
)

errors = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Templates = Annotated[
    Path | None, typer.Option("--templates", help="Folder of messages; the shipped one unless given.", exists=True)
]
Locale = Annotated[
    Path | None, typer.Option("--locale", help="Folder of catalogues; the shipped one unless given.", exists=True)
]
Key = Annotated[str, typer.Argument(metavar="TEMPLATE", help="The message, as `notifier templates list` names it.")]
Price = Annotated[float, typer.Option("--price", help="Pence for one part of a text.", min=0)]

STANDINGS = {
    None: "may go out",
    "not_approved": "needs approval",
    "no_translation": "not translated",
    "not_offered": "English only",
    "for_looking": "made up for looking, never sent",
}
"""What a message's standing in a language is called for people."""


def refuse(fault: object) -> NoReturn:
    """Say what cannot be done, and end with the exit code of wrong usage."""
    errors.print(str(fault), markup=False)
    raise typer.Exit(2)


def load(templates: Path | None, locale: Path | None) -> Wording:
    """The wording from the given folders; a fault in them ends the command."""
    try:
        return Wording.load(templates, locale)
    except (TemplateFault, CatalogueFault, FileNotFoundError) as fault:
        refuse(fault)


def template_of(wording: Wording, key: str) -> MessageTemplate:
    """One message; an unknown key ends the command with the known ones."""
    try:
        return wording.template(key)
    except UnknownTemplate as fault:
        refuse(fault)


def print_json(document: object) -> None:
    """Print the one JSON document."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def rows(columns: Sequence[str], lines: Iterable[Sequence[str]], *, numbers: bool = False) -> None:
    """A table for people; tab-separated lines where the output is not a terminal.

    `numbers` sets all columns but the first to the right, and gives the headings even to a program, which could not guess them.
    """
    if not sys.stdout.isatty():
        if numbers:
            typer.echo("\t".join(columns))
        for line in lines:
            typer.echo("\t".join(line))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        right = numbers and number > 0
        table.add_column(column, overflow="fold", no_wrap=number == 0, justify="right" if right else "left")
    for line in lines:
        table.add_row(*map(escape, line))
    Console().print(table)


def write_page(path: Path, page: str) -> None:
    """Write a page that was made; a place that cannot be written to ends the command."""
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as fault:
        refuse(f"'{path}' cannot be written: {fault.strerror}.")
