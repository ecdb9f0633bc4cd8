"""Commands whose modules are read only when they are called, so that `notifier --help` answers at once.

The help shows a stand-in with the command's name and one line; the first call puts the real command in its place. The demo is
found by its name alone: it stands above the commands and may be deleted with its folder.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from inspect import cleandoc
from typing import Any

import typer
from typer.main import get_command

from notifier.cli.failures import Commands, Refused


@dataclass(frozen=True, slots=True)
class Later:
    """Where a command is: `attribute` of `module` is a Typer application, or a function that is the command itself."""

    module: str
    attribute: str
    summary: str
    panel: str
    epilog: str | None = None


LATER = {
    "templates": Later("notifier.cli.approvals", "app", "The wording of messages: look, preview, check, approve.", "Wording"),
    "wording": Later("notifier.cli.wording", "app", "A school's own wording: save, list, show, compare, approve.", "Wording"),
    "pack": Later("notifier.cli.packs", "app", "Packs of wording that schools share: export, check, import.", "Wording"),
    "classify": Later(
        "notifier.cli.classify", "classify", "Say what a carer's reply means.", "Wording",
        'Examples:\n\nnotifier classify "tummy bug, back tmrw"\n\n'
        'echo \'{"text": "ona jest w szkole", "language": "pl"}\' | notifier classify',
    ),
    "demo": Later("notifier.demo.command", "demo", "Play a pretend school's morning and tell what happened.", "The service"),
}  # fmt: skip
"""The commands that are read later, by name."""


PANELS = ("Taking in", "The morning", "Reading", "Decisions of people", "Wording", "The service")
"""The parts of the help, in the order of a day."""


class LaterCommands(Commands):
    """The commands, the later ones read when they are called."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, part by part: Typer by itself puts all groups last."""
        places = {
            name: PANELS.index(getattr(command, "rich_help_panel", PANELS[-1]))
            for name, command in self.commands.items()
        }
        return sorted(places, key=places.__getitem__)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that the arguments name, itself and not its stand-in."""
        name, command, rest = super().resolve_command(ctx, args)
        found = real_command(name, command)
        readable(found, ctx)
        return name, found, rest

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, flags without a value."""
        params = super().get_params(ctx)
        _without_values(params)
        return params


def readable(command: Any, ctx: Any) -> None:
    """Put a command's help, and that of the commands below it, into the form that Typer shows well.

    Typer keeps the line breaks of every paragraph but the first, wherever the window's edge is, and names a type (`<bool>`) behind
    flags, which take no value.
    """
    command.help = "\n\n".join(" ".join(part.split()) for part in cleandoc(command.help or "").split("\n\n"))
    _without_values(command.get_params(ctx))
    for below in getattr(command, "commands", {}).values():
        readable(below, ctx)


def _without_values(params: Iterable[Any]) -> None:
    for item in params:
        if getattr(item, "is_flag", False):
            item.metavar = ""


def real_command(name: str | None, command: Any) -> Any:
    """The command itself where the given one is a stand-in."""
    later = LATER.get(name or "")
    if later is None:
        return command
    try:
        found = getattr(importlib.import_module(later.module), later.attribute)
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("notifier."):
            raise
        raise Refused(f"'{name}' is not part of this installation.") from None
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name, epilog=later.epilog)(found)
        found = alone
    real: Any = get_command(found)
    real.name = name
    return real


def add_to(app: typer.Typer) -> None:
    """Register the stand-ins."""
    for name, later in LATER.items():
        app.command(name, help=later.summary, rich_help_panel=later.panel)(_stand_in)


def _stand_in() -> None:
    """Never called: `LaterCommands` puts the real command in its place."""
