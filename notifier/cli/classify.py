"""`notifier classify`: shows how a carer's reply would be understood, one by one or many at a time.

Nothing is stored and nobody is told; it is for trying wording out, and for tests from outside.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from notifier.configuration.errors import ConfigurationError
from notifier.configuration.replies import load_lexicon
from notifier.configuration.reply_model import load_reply_model
from notifier.domain.replies import PLANS, ReplyReading
from notifier.domain.reply_lexicon import ReplyLexicon
from notifier.domain.reply_model import ReplyModel
from notifier.domain.reply_reading import read_reply

errors = Console(stderr=True, highlight=False, soft_wrap=True)


def classify(
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="TEXT",
            help='The reply. Without it: JSON lines {"text": "…", "language": "pl"} from standard input.',
        ),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="The carer's recorded language, a tag such as pl or ur. It only breaks ties.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what a reply means: its kind, whether it is urgent, and the code a person might confirm.

    Without a text, every line of standard input is a JSON object with "text" and perhaps "language", and every line of output one
    with "intent", "urgent", "suggested_code", "confidence", "language" and "return_hint". A line that cannot be read is named on
    standard error, the others are answered, and the exit code is then 1.
    """
    try:
        lexicon, model = load_lexicon(), load_reply_model()
    except ConfigurationError as problem:
        errors.print(str(problem), markup=False)
        raise typer.Exit(2) from None
    if text is None:
        if sys.stdin.isatty():
            errors.print('Give a reply, or JSON lines such as {"text": "tummy bug"} on standard input.', markup=False)
            raise typer.Exit(2)
        _classify_lines(lexicon, model, language)
        return
    reading = read_reply(text, lexicon=lexicon, model=model, language=language)
    if as_json:
        typer.echo(json.dumps(_told(reading), ensure_ascii=False))
        return
    _show(reading)


def _told(reading: ReplyReading) -> dict[str, object]:
    return {
        "intent": str(reading.intent),
        "urgent": reading.urgent,
        "suggested_code": reading.suggested_code,
        "confidence": reading.confidence,
        "language": reading.language,
        "return_hint": reading.return_hint,
    }


def _show(reading: ReplyReading) -> None:
    plan = PLANS[reading.intent]
    table = Table(show_header=False, box=None)
    table.add_row("meaning", f"{plan.label} ({reading.intent})")
    table.add_row("urgent", "yes: goes to people at once" if reading.urgent else "no")
    table.add_row("suggested code", reading.suggested_code or "none: a person chooses")
    table.add_row("confidence", f"{reading.confidence:.2f}")
    table.add_row("language", reading.language or "unknown")
    table.add_row("says of the return", reading.return_hint or "nothing")
    table.add_row("because of", "; ".join(reading.matched) or "no phrase of the lexicon")
    table.add_row("next step", plan.next_step)
    Console(highlight=False).print(table)


def _classify_lines(lexicon: ReplyLexicon, model: ReplyModel | None, language: str | None) -> None:
    refused = 0
    for number, line in enumerate(sys.stdin.buffer, start=1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            text, said = given["text"], given.get("language", language)
            if not isinstance(text, str) or not (said is None or isinstance(said, str)):
                raise TypeError
        except (ValueError, KeyError, TypeError, AttributeError):
            refused += 1
            errors.print(f'Line {number} is not a JSON object with a "text"; expected {{"text": "…"}}.', markup=False)
            continue
        reading = read_reply(text, lexicon=lexicon, model=model, language=said)
        typer.echo(json.dumps(_told(reading), ensure_ascii=False))
    if refused:
        raise typer.Exit(1)
