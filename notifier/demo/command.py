"""The command `notifier demo`. Everything it does stands in `notifier.demo.run`, which it reads only when it is called."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer


def demo(
    pupils: Annotated[int, typer.Option("--pupils", help="How many pupils the school has.", min=1, max=5000)] = 420,
    seed: Annotated[
        int, typer.Option("--seed", help="Another number makes other families; the same, the same story.")
    ] = 7,
    folder: Annotated[
        Path, typer.Option("--dir", help="Folder for the school's files and database; emptied each time.")
    ] = Path("var/demo"),
    serve: Annotated[bool, typer.Option("--serve", help="Stay up with the staff page afterwards.")] = False,
    port: Annotated[int, typer.Option("--port", help="The port of the staff page.", min=1, max=65535)] = 8000,
    svg: Annotated[Path | None, typer.Option("--svg", help="Also write the story as a picture to this file.")] = None,
    day: Annotated[
        datetime | None, typer.Option("--date", help="The day to play; 2026-11-24 unless given.", formats=["%Y-%m-%d"])
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")] = False,
) -> None:
    """Play a pretend school's morning and tell what happened. Nothing leaves this machine.

    A school of made-up families is built in a folder of its own; its registers come in, texts leave, carers answer in several
    languages, and the promises are held against the data. Exit code 1 if one is broken.
    """
    from notifier.demo.run import PortTaken, run_demo
    from notifier.demo.stage import NotADemoFolder

    try:
        code = run_demo(
            pupils=pupils,
            seed=seed,
            folder=folder,
            serve=serve,
            port=port,
            svg=svg,
            day=day.date() if day else None,
            as_json=as_json,
        )
    except (NotADemoFolder, PortTaken, ValueError) as problem:
        typer.echo(f"Error: {problem}", err=True)
        raise typer.Exit(2) from None
    raise typer.Exit(code)


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command("demo")(demo)
