"""`notifier templates cost`: parts and pence, by message and language, or for one school from its own carers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from notifier.cli.console import counted
from notifier.cli.templates.shared import (
    STANDINGS,
    AsJson,
    Locale,
    Templates,
    app,
    load,
    print_json,
    rows,
    template_of,
)  # fmt: skip
from notifier.wording.costs import Parts, by_template, parts, shown_parts
from notifier.wording.previews import language_name


@app.command(
    epilog="Examples:\n\nnotifier templates cost --template first_day_am\n\nnotifier templates cost --school oakfield --price 3.8"
)
def cost(
    school: Annotated[
        str | None,
        typer.Option(
            "--school", metavar="KEY", help="For this school's own carers, their languages and children's names."
        ),
    ] = None,
    template: Annotated[
        list[str] | None,
        typer.Option(
            "--template",
            metavar="TEMPLATE",
            help="Only this message; may be given several times. For a school: first_day_am.",
        ),
    ] = None,
    price: Annotated[
        float | None,
        typer.Option("--price", help="Pence for one part of a text; 4, or what the settings say for a school.", min=0),
    ] = None,
    as_json: AsJson = False,
    templates: Templates = None,
    locale: Locale = None,
) -> None:
    """Show how many parts texts take in each language, with ordinary and longest names, and what they cost.

    With a school: one text to each of its carers, what goes out in English, and what texts without accents would save.
    """
    wording = load(templates, locale)
    for key in template or ():
        template_of(wording, key)
    if school:
        _school(school, template or [], price, as_json)
        return
    pence = 4.0 if price is None else price
    listed = parts(wording, keys=template or ())
    if as_json:
        print_json([_row_document(row, pence) for row in listed])
        return
    tags = wording.languages()
    rows(
        ["parts of", *tags],
        ((key, *(shown_parts(found[tag]) for tag in tags)) for key, found in by_template(listed)),
        numbers=True,
    )
    rows(
        ["one of each", "parts", "pence", "without accents"],
        (_total(tag, [row for row in listed if row.language == tag], pence) for tag in tags),
        numbers=True,
    )
    typer.echo(
        "2-3: two parts with ordinary names, three with the longest. *: not translated, so the English text is counted."
    )


def _row_document(row: Parts, pence: float) -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in row.__slots__},
        "pence": round(row.ordinary * pence, 2),
        "pence_longest": round(row.longest * pence, 2),
    }


def _total(tag: str, found: list[Parts], pence: float) -> tuple[str, ...]:
    """One of each message in a language; what texts without accents would take, where that differs for any."""
    number = sum(row.ordinary for row in found)
    folds = any(row.folded is not None for row in found)
    folded = sum(row.folded if row.folded is not None else row.ordinary for row in found)
    return f"{tag} {language_name(tag)}", str(number), f"{number * pence:g}", str(folded) if folds else ""


def _school(key: str, keys: list[str], price: float | None, as_json: bool) -> None:
    from notifier.cli.moment import now
    from notifier.cli.opening import application
    from notifier.domain.sessions import local_date
    from notifier.services.costs import school_costs

    with application() as notifier:
        told = school_costs(notifier, key, day=local_date(now()), keys=keys, price=price)
    if as_json:
        print_json(told)
        return
    for message in told["messages"]:
        carers = "1 carer" if told["carers"] == 1 else f"{told['carers']} carers"
        typer.echo(
            f"{message['template']} to each of {carers}: {message['parts']} parts, £{message['pence'] / 100:.2f}"
        )
        rows(
            ["language", "carers", "parts", "£", "goes out in", "once approved", "without accents"],
            (_line(row) for row in message["languages"]),
            numbers=True,
        )
    names, letters = told["names_outside_gsm"], " ".join(told["letters_outside_gsm"])
    if names:
        whose = "1 pupil has a name" if names == 1 else f"{names} pupils have names"
        typer.echo(
            f"{whose} with a letter that no cheap text can hold ({letters}); every text about them holds 70 letters a part. "
            "Names are never changed."
        )


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    why = ", ".join(STANDINGS.get(reason, reason.replace("_", " ")) for reason in row["why_english"])
    offered = why.replace(STANDINGS["not_offered"], "not among the school's languages")
    return (
        f"{row['language']} {row['name']}",
        str(row["carers"]),
        str(row["parts"]),
        f"{row['pence'] / 100:.2f}",
        ", ".join(row["goes_out_in"]) + (f" ({offered})" if why else ""),
        *(
            "" if row[name] is None else counted(row[name], "part")
            for name in ("parts_once_approved", "parts_without_accents")
        ),
    )
