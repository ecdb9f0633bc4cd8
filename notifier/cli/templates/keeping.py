"""`notifier templates update` and `check`: catalogues in step with the English, and what must not go out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from babel import UnknownLocaleError

from notifier.cli.templates.shared import AsJson, Locale, Templates, app, load, print_json, refuse, rows
from notifier.paths import data_folder
from notifier.wording import check
from notifier.wording.catalogues import write_catalogues
from notifier.wording.languages import locale_of


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
    wording = load(templates, locale)
    folder = locale or data_folder("locale")
    try:
        for tag in language or ():
            locale_of(tag)
        written = write_catalogues(wording.templates(), folder, created=datetime.now(UTC), languages=language or ())
    except (UnknownLocaleError, ValueError) as fault:
        refuse(f"{fault}. Give a language tag such as so, pa-Guru or zh-Hant.")
    for path in written:
        typer.echo(path)
    if not written:
        typer.echo("Every catalogue was in step already.")


@app.command("check")
def check_templates(as_json: AsJson = False, templates: Templates = None, locale: Locale = None) -> None:
    """Look for what must not go out: lost placeholders, too many parts, forbidden content. Exit code 1 if anything is found."""
    wording = load(templates, locale)
    found = check(wording)
    if as_json:
        print_json([{name: getattr(problem, name) for name in problem.__slots__} for problem in found])
    elif found:
        rows(
            ["message", "language", "where", "what", "what to do"],
            ((problem.template, problem.language, problem.where, problem.what, problem.remedy) for problem in found),
        )
    else:
        typer.echo(f"{len(wording.templates())} messages in {', '.join(wording.languages())}: nothing found.")
    if found:
        raise typer.Exit(1)
