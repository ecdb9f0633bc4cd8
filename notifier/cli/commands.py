"""The `notifier` program: every command in its place. `main` is the entry point."""

from __future__ import annotations

from typing import Annotated

import typer

from notifier import __version__
from notifier.cli import deciding, intake, later, morning, proposals, reading, schools, sms, upkeep
from notifier.cli.audit import app as audit_app
from notifier.cli.console import speak_utf8
from notifier.cli.user import app as user_app

app = typer.Typer(
    name="notifier",
    cls=later.LaterCommands,
    no_args_is_help=True,
    rich_markup_mode="rich",
    # pretty tracebacks show the values of variables, and with them names and numbers of families
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 something needs attention, 2 wrong usage or configuration.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"notifier {__version__}")
        raise typer.Exit


@app.callback()
def notifier(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Text and e-mail carers about same-day absence, and lay their answers beside the marks."""


app.add_typer(schools.app, name="school", rich_help_panel="Taking in")
app.add_typer(intake.app, name="import", rich_help_panel="Taking in")
app.add_typer(schools.tokens, name="token", rich_help_panel="Taking in")
morning.add_to(app)
reading.add_to(app)
deciding.add_to(app)
app.add_typer(proposals.app, name="proposals", rich_help_panel="Decisions of people")
later.add_to(app)
app.add_typer(sms.app, name="sms", rich_help_panel="Wording")
app.add_typer(user_app, name="user", rich_help_panel="The service")
app.add_typer(audit_app, name="audit", rich_help_panel="The service")
upkeep.add_to(app)


def main() -> None:
    """Run the program."""
    speak_utf8()
    app(prog_name="notifier")
