"""`notifier templates list`, `show` and `coverage`: which messages there are, and in which languages they may go out."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from notifier.cli.templates.shared import (
    STANDINGS,
    AsJson,
    Key,
    Locale,
    Templates,
    app,
    load,
    print_json,
    rows,
    template_of,
)
from notifier.wording.coverage import Count, coverage
from notifier.wording.previews import language_name


@app.command("list")
def list_templates(as_json: AsJson = False, templates: Templates = None, locale: Locale = None) -> None:
    """List every message, in which languages it may go out, and in which it waits for approval."""
    wording = load(templates, locale)
    standings = {
        template.key: {tag: wording.standing(template.key, tag) for tag in wording.languages()}
        for template in wording.templates()
    }
    if as_json:
        print_json(
            [
                {
                    "key": template.key,
                    "family": template.family,
                    "channels": template.channels,
                    "purpose": template.purpose,
                    "reviewed": template.reviewed,
                    "languages": {tag: standing or "approved" for tag, standing in standings[template.key].items()},
                }
                for template in wording.templates()
            ]
        )
        return
    rows(
        ["message", "family", "goes out in", "drafts", "purpose"],
        (
            (
                template.key,
                template.family,
                " ".join(tag for tag, standing in standings[template.key].items() if standing is None),
                " ".join(tag for tag, standing in standings[template.key].items() if standing == "not_approved"),
                template.purpose,
            )
            for template in wording.templates()
        ),
    )


@app.command("coverage")
def show_coverage(
    school: Annotated[
        str | None, typer.Option("--school", metavar="KEY", help="Count what this school has approved as well.")
    ] = None,
    as_json: AsJson = False,
    templates: Templates = None,
    locale: Locale = None,
) -> None:
    """Show how far each language is: messages translated whole, approved, drafts and missing, by family."""
    wording = load(templates, locale)
    approvals: frozenset[tuple[str, str]] = _approvals(school) if school else frozenset()
    found = coverage(wording, approvals)
    if as_json:
        print_json(
            [
                {
                    "language": row.language,
                    "name": language_name(row.language),
                    **_numbers(row.whole),
                    "families": {family: _numbers(count) for family, count in row.families.items()},
                    "missing_messages": row.missing,
                }
                for row in found
            ]
        )
        return
    families = list(found[0].families) if found else []
    rows(
        ["language", "complete", "approved", "drafts", "missing", *(family.replace("_", " ") for family in families)],
        (
            (
                f"{row.language} {language_name(row.language)}",
                f"{row.whole.complete}/{row.whole.messages}",
                *map(str, (row.whole.approved, row.whole.drafts, row.whole.missing)),
                *(f"{count.complete}/{count.messages}" for count in row.families.values()),
            )
            for row in found
        ),
        numbers=True,
    )


def _numbers(count: Count) -> dict[str, int]:
    return {
        "messages": count.messages,
        "complete": count.complete,
        "approved": count.approved,
        "drafts": count.drafts,
        "missing": count.missing,
    }


def _approvals(school_id: str) -> frozenset[tuple[str, str]]:
    from notifier.cli.opening import application
    from notifier.store import records

    with application() as notifier, notifier.database.read() as connection:
        school = notifier.school(connection, school_id)
        return records.approved(connection, school.key, school.trust)


@app.command()
def show(key: Key, as_json: AsJson = False, templates: Templates = None, locale: Locale = None) -> None:
    """Show what a message is for, which values it needs, its English source and its standing in every language."""
    wording = load(templates, locale)
    template = template_of(wording, key)
    standings = {language: wording.standing(key, language) for language in wording.languages()}
    hashes = {language: wording.approval_hash(key, language) for language in wording.languages()[1:]}
    if as_json:
        print_json(
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
    rows(
        ["value", "kind", "needed", "means"],
        ((given.name, given.kind, "yes" if given.required else "no", given.means) for given in template.placeholders),
    )
    for name in ("sms.txt", "email.txt"):
        if name in template.sources:
            console.print()
            console.print(Text(name, style="bold"))
            console.print(Text(template.sources[name].strip()))
