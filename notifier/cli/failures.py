"""What went wrong, in words: what happened, where, and what to do. A user's mistake never ends in a traceback.

Every mistake that is named here ends with exit code 2. What is not named is a defect, and its traceback is wanted.
"""

from __future__ import annotations

import sys
from typing import Any

import typer
from rich.text import Text
from typer.core import TyperGroup

from notifier.cli.console import WRONG, err


class Refused(Exception):
    """A command that cannot be carried out as it was given; the words say what to do instead."""


def words_for(error: BaseException) -> str | None:
    """What to tell about an error; None where it is not a mistake that a user or an administrator can put right."""
    if isinstance(error, Refused):
        return str(error)
    for module, name in _PLAIN:
        kind = getattr(sys.modules.get(module), name, None)  # a room not imported cannot have raised
        if kind is not None and isinstance(error, kind):
            return str(error)
    if _is(error, "notifier.configuration.errors", "ConfigurationError"):
        return f"The configuration cannot be used:\n{error}"
    if _is(error, "sqlalchemy.exc", "OperationalError") or _is(error, "sqlalchemy.exc", "ArgumentError"):
        return _database_words(error)
    if isinstance(error, FileNotFoundError):
        return f"There is no file or folder '{error.filename}'." if error.filename else str(error)
    if isinstance(error, OSError) and error.filename:
        return f"'{error.filename}' cannot be used: {error.strerror}."
    return None


_PLAIN = (
    ("notifier.registers.refusals", "FileError"),
    ("notifier.services.application", "UnknownSchool"),
    ("notifier.services.schools", "NotAllowed"),
    ("notifier.services.sealing", "NoKey"),
    ("notifier.services.staff", "StaffRefused"),
    ("notifier.services.follow_up", "NotOpen"),
    ("notifier.store.database", "DatabaseNotReady"),
    ("notifier.wording.templates", "UnknownTemplate"),
    ("notifier.wording.templates", "TemplateFault"),
    ("notifier.wording.catalogues", "CatalogueFault"),
)
"""Errors whose own words are meant for people."""


def _is(error: BaseException, module: str, name: str) -> bool:
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(error, kind)


def _database_words(error: BaseException) -> str:
    from notifier.cli.opening import shown_database_url
    from notifier.settings import load_settings

    cause = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    url = load_settings().database_url
    words = f"The database cannot be used: {_without_password(cause, url)}\n"
    if "locked" in cause:
        return words + "Another program is writing to it. Nothing was changed; try again in a moment."
    return (
        words + f"NOTIFIER_DATABASE_URL (or database_url in notifier.toml) says {shown_database_url(url)}\n"
        "Check that the server runs, that the address is right and that the folder of an SQLite file can be written to."
    )


def _without_password(text: str, url: str) -> str:
    from urllib.parse import unquote, urlsplit

    password = urlsplit(url).password
    for form in {password, unquote(password)} if password else ():
        text = text.replace(form, "•••")
    return text


def tell(words: str) -> None:
    """Print what went wrong on standard error."""
    err().print(Text.assemble(("Error: ", "bold red"), words))


class Commands(TyperGroup):
    """The commands, with every known mistake told in words."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command. Raises typer.Exit with code 2 after a known mistake."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            words = words_for(error)
            if words is None:
                raise
            tell(words)
            raise typer.Exit(WRONG) from None
