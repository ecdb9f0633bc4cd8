"""`notifier templates`: what messages there are, how they read in every language, what they cost, and what is wrong with them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from babel import UnknownLocaleError
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from notifier.paths import data_folder
from notifier.wording import CatalogueFault, MessageTemplate, Rendered, TemplateFault, UnknownTemplate, Wording, check
from notifier.wording.catalogues import write_catalogues
from notifier.wording.checks import variants
from notifier.wording.languages import locale_of

app = typer.Typer(help="The wording of messages: look, preview, check.", no_args_is_help=True)

errors = Console(stderr=True, highlight=False, soft_wrap=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Templates = Annotated[
    Path | None, typer.Option("--templates", help="Folder of messages; the shipped one unless given.", exists=True)
]
Locale = Annotated[
    Path | None, typer.Option("--locale", help="Folder of catalogues; the shipped one unless given.", exists=True)
]
Key = Annotated[str, typer.Argument(metavar="TEMPLATE", help="The message, as `notifier templates list` names it.")]

STANDINGS = {
    None: "may go out",
    "not_approved": "needs approval",
    "no_translation": "not translated",
    "not_offered": "English only",
}
"""What a message's standing in a language is called for people."""


def _refuse(fault: object) -> NoReturn:
    errors.print(str(fault), markup=False)
    raise typer.Exit(2)


def _load(templates: Path | None, locale: Path | None) -> Wording:
    try:
        return Wording.load(templates, locale)
    except (TemplateFault, CatalogueFault, FileNotFoundError) as fault:
        _refuse(fault)


def _template(wording: Wording, key: str) -> MessageTemplate:
    try:
        return wording.template(key)
    except UnknownTemplate as fault:
        _refuse(fault)


def _print_json(document: object) -> None:
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def _rows(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table for people; tab-separated lines where the output is not a terminal."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(row))
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        table.add_row(*map(escape, row))
    Console().print(table)


@app.command("list")
def list_templates(as_json: AsJson = False, templates: Templates = None, locale: Locale = None) -> None:
    """List every message, and in which languages it may go out."""
    wording = _load(templates, locale)
    listed = [
        {
            "key": template.key,
            "family": template.family,
            "channels": template.channels,
            "purpose": template.purpose,
            "reviewed": template.reviewed,
            "languages": {
                language: wording.standing(template.key, language) or "approved" for language in wording.languages()
            },
        }
        for template in wording.templates()
    ]
    if as_json:
        _print_json(listed)
        return
    _rows(
        ["message", "family", "goes out in", "purpose"],
        (
            (
                template.key,
                template.family,
                ", ".join(tag for tag in wording.languages() if wording.standing(template.key, tag) is None),
                template.purpose,
            )
            for template in wording.templates()
        ),
    )


@app.command()
def show(key: Key, as_json: AsJson = False, templates: Templates = None, locale: Locale = None) -> None:
    """Show what a message is for, which values it needs, its English source and its standing in every language."""
    wording = _load(templates, locale)
    template = _template(wording, key)
    standings = {language: wording.standing(key, language) for language in wording.languages()}
    hashes = {language: wording.approval_hash(key, language) for language in wording.languages()[1:]}
    if as_json:
        _print_json(
            {
                "key": key,
                **{
                    name: getattr(template, name)
                    for name in ("family", "purpose", "audience", "excluded", "source", "evidence")
                },
                "reviewed": template.reviewed,
                "channels": template.channels,
                "segments": dict(template.segments) if "sms" in template.channels else {},
                "placeholders": [
                    {
                        "name": given.name,
                        "kind": given.kind,
                        "means": given.means,
                        "required": given.required,
                        "sample": given.sample,
                        "fields": {field.name: field.means for field in given.fields},
                    }
                    for given in template.placeholders
                ],
                "languages": {language: standing or "approved" for language, standing in standings.items()},
                "approval_hashes": {} if template.english_only else hashes,
                "sources": dict(template.sources),
            }
        )
        return
    console = Console(highlight=False)
    console.print(Text(key, style="bold"), Text(f"  ({template.family})"))
    for label, words in (
        ("For", template.purpose),
        ("Goes to", template.audience),
        ("Never to", template.excluded),
        ("Source", template.source),
        ("Evidence", template.evidence),
        ("Reviewed", template.reviewed.isoformat()),
        ("Languages", ", ".join(f"{language}: {STANDINGS[standing]}" for language, standing in standings.items())),
    ):
        console.print(Text.assemble((f"{label}: ", "dim"), words))
    console.print()
    _rows(
        ["value", "kind", "needed", "means"],
        ((given.name, given.kind, "yes" if given.required else "no", given.means) for given in template.placeholders),
    )
    for name in ("sms.txt", "email.txt"):
        if name in template.sources:
            console.print()
            console.print(Text(name, style="bold"))
            console.print(Text(template.sources[name].strip()))


@app.command()
def preview(
    key: Key,
    language: Annotated[str | None, typer.Option("--language", "-l", help="Only this language, such as pl.")] = None,
    price: Annotated[float, typer.Option("--price", help="Pence for one part of a text.", min=0)] = 4.0,
    as_json: AsJson = False,
    templates: Templates = None,
    locale: Locale = None,
) -> None:
    """Show a message in every language with sample values, with its parts and what they cost.

    Languages nobody has approved are shown as they would read; until somebody approves them, English goes out instead.
    """
    wording = _load(templates, locale)
    template = _template(wording, key)
    known = wording.languages() if not template.english_only else ("en",)
    if language is not None and language not in known:
        _refuse(f"There is no wording of '{key}' in '{language}'. There is: {', '.join(known)}.")
    shown = [
        (described, wording.draft(key, channel=channel, language=tag, values=values))
        for channel in template.channels
        for described, values in _previewed(template)
        for tag in ((language,) if language else known)
    ]
    if as_json:
        _print_json([_as_json(described, message, price) for described, message in shown])
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
        return f"{message.language} · e-mail"
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


@app.command()
def update(
    language: Annotated[
        list[str] | None, typer.Option("--language", "-l", help="Begin a catalogue for this language, such as so.")
    ] = None,
    templates: Templates = None,
    locale: Locale = None,
) -> None:
    """Bring messages.pot and every catalogue into step with the English wording.

    Unchanged sentences keep their translation and review; a changed one offers the old translation as a draft that is never sent.
    """
    wording = _load(templates, locale)
    folder = locale or data_folder("locale")
    try:
        for tag in language or ():
            locale_of(tag)
        written = write_catalogues(wording.templates(), folder, created=datetime.now(UTC), languages=language or ())
    except (UnknownLocaleError, ValueError) as fault:
        _refuse(f"{fault}. Give a language tag such as so, pa-Guru or zh-Hant.")
    for path in written:
        typer.echo(path)
    if not written:
        typer.echo("Every catalogue was in step already.")


@app.command("check")
def check_templates(as_json: AsJson = False, templates: Templates = None, locale: Locale = None) -> None:
    """Look for what must not go out: lost placeholders, too many parts, forbidden content. Exit code 1 if anything is found."""
    wording = _load(templates, locale)
    found = check(wording)
    if as_json:
        _print_json([{name: getattr(problem, name) for name in problem.__slots__} for problem in found])
    elif found:
        _rows(
            ["message", "language", "where", "what", "what to do"],
            ((problem.template, problem.language, problem.where, problem.what, problem.remedy) for problem in found),
        )
    else:
        typer.echo(f"{len(wording.templates())} messages in {', '.join(wording.languages())}: nothing found.")
    if found:
        raise typer.Exit(1)
