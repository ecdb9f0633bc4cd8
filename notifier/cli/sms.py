"""`notifier sms`: counts what a text costs in parts before anybody sends it."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console

from notifier.domain.sms import SmsSize, measure, offending

app = typer.Typer(help="Count the parts of a text.", no_args_is_help=True)

errors = Console(stderr=True, highlight=False, soft_wrap=True)


@app.callback()
def sms() -> None:
    """Count the parts of a text."""


@app.command()
def count(
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help='The text. Without it: JSON lines {"text": "…"} from standard input.'),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say which encoding a text needs and how many parts it takes, exactly as it stands.

    Without a text, every line of standard input is a JSON object with "text", and every line of output one with "encoding", "units"
    and "segments". A line that cannot be read is named on standard error, the others are counted, and the exit code is then 1.
    """
    if text is None:
        if sys.stdin.isatty():
            errors.print('Give a text, or JSON lines such as {"text": "Hello"} on standard input.')
            raise typer.Exit(2)
        _count_lines()
        return
    size = measure(text)
    if as_json:
        typer.echo(json.dumps({**_told(size), "offending": offending(text)}, ensure_ascii=False))
        return
    typer.echo(f"encoding    {size.encoding}")
    typer.echo(f"units       {size.units}")
    typer.echo(f"segments    {size.segments}")
    if letters := offending(text):
        typer.echo(f"because of  {' '.join(letters)}")


def _told(size: SmsSize) -> dict[str, object]:
    return {"encoding": size.encoding, "units": size.units, "segments": size.segments}


def _count_lines() -> None:
    refused = 0
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            text = given["text"]
            if not isinstance(text, str):
                raise TypeError
        except (ValueError, KeyError, TypeError):
            refused += 1
            errors.print(f'Line {number} is not a JSON object with a "text"; expected {{"text": "…"}}.', markup=False)
            continue
        typer.echo(json.dumps(_told(measure(text))))
    if refused:
        raise typer.Exit(1)
