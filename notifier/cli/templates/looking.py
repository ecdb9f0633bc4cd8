"""`notifier templates preview` and `book`: a message, or all of them, in every language, in the terminal or as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from notifier.cli.templates.shared import (
    STANDINGS,
    AsJson,
    Key,
    Locale,
    Price,
    Templates,
    app,
    load,
    print_json,
    refuse,
    template_of,
    write_page,
)  # fmt: skip
from notifier.wording import MessageTemplate, Rendered
from notifier.wording.book import book as book_page
from notifier.wording.book import preview_page
from notifier.wording.checks import variants
from notifier.wording.previews import languages_for
from notifier.wording.pseudo import PSEUDO


@app.command(
    epilog="Examples:\n\nnotifier templates preview first_day_am --language ur\n\nnotifier templates preview first_day_am --html page.html"
)
def preview(
    key: Key,
    language: Annotated[
        str | None,
        typer.Option("--language", "-l", help="Only this language, such as pl; en-XA or ar-XB for a made-up one."),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write a page with pictures of telephones and e-mails instead."),
    ] = None,
    price: Price = 4.0,
    as_json: AsJson = False,
    templates: Templates = None,
    locale: Locale = None,
) -> None:
    """Show a message in every language with sample values, with its parts and what they cost.

    Languages nobody has approved are shown as they would read; until somebody approves them, English goes out instead.
    """
    wording = load(templates, locale)
    if language in PSEUDO:
        wording = wording.with_pseudo()
    template = template_of(wording, key)
    known = languages_for(wording, template)
    if language is not None and language not in known:
        refuse(f"There is no wording of '{key}' in '{language}'. There is: {', '.join(known)}.")
    if html is not None:
        write_page(html, preview_page(wording, key, price=price, languages=(language,) if language else ()))
        typer.echo(html)
        return
    shown = [
        (described, wording.draft(key, channel=channel, language=tag, values=values))
        for channel in template.channels
        for described, values in _previewed(template)
        for tag in ((language,) if language else known)
    ]
    if as_json:
        print_json([_as_json(described, message, price) for described, message in shown])
        return
    console = Console(highlight=False)
    last = None
    for described, message in shown:
        if (message.channel, described) != last:
            console.print(Text(f"\n{message.channel}: {described}", style="bold"))
            last = (message.channel, described)
        _print_message(console, message, price)


def _previewed(template: MessageTemplate) -> list[tuple[str, dict[str, object]]]:
    """The variants worth looking at: those with ordinary values."""
    return [(described, values) for described, values in variants(template) if not described.startswith("longest")][
        : None if any(given.kind == "names" for given in template.placeholders) else 1
    ]


def _as_json(described: str, message: Rendered, price: float) -> dict[str, object]:
    return {
        "template": message.template,
        "channel": message.channel,
        "language": message.language,
        "variant": described,
        "standing": message.fallback or "approved",
        "subject": message.subject,
        "body": message.body,
        "html": message.html,
        "encoding": message.encoding,
        "segments": message.segments,
        "pence": message.segments * price,
    }


def _cost(message: Rendered, price: float) -> str:
    if message.channel != "sms":
        return f"{message.language} · {'e-mail' if message.channel == 'email' else 'page'}"
    parts = "1 part" if message.segments == 1 else f"{message.segments} parts"
    return f"{message.language} · {message.encoding} · {parts} · {message.segments * price:g}p"


def _print_message(console: Console, message: Rendered, price: float) -> None:
    heading = f"{_cost(message, price)} · {STANDINGS[message.fallback]}"
    body = f"{message.subject}\n\n{message.body.rstrip()}" if message.subject else message.body
    if console.is_terminal:
        style = "green" if message.fallback is None else "yellow"
        console.print(Panel(Text(body), title=escape(heading), title_align="left", border_style=style))
    else:
        typer.echo(f"[{heading}]\n{body}\n")


@app.command(epilog="Example:\n\nnotifier templates book catalogue.html")
def book(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The page to write, such as catalogue.html.")],
    price: Price = 4.0,
    templates: Templates = None,
    locale: Locale = None,
) -> None:
    """Write every message in every language on one page, to read through or to print."""
    from notifier.cli.moment import now
    from notifier.domain.sessions import local_date

    wording = load(templates, locale)
    write_page(file, book_page(wording, price=price, made_on=local_date(now())))
    typer.echo(file)
