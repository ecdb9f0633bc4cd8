"""`notifier templates approve`: a person's word that a translation may go out, bound to exactly these words.

It completes the commands in `notifier.cli.templates`, which need no database.
"""

from __future__ import annotations

from typing import Annotated

import typer

from notifier.cli.console import AsJson, counted, print_json, say
from notifier.cli.moment import At, now
from notifier.cli.opening import application
from notifier.cli.templates import app
from notifier.cli.why import why


@app.command(
    epilog='Examples:\n\nnotifier templates approve --language pl --reviewer "Ewa Nowak, EAL lead"\n\n'
    'notifier templates approve --language ur --reviewer "Saima Khan, interpreter" --school oakfield --template first_day_am'
)
def approve(
    language: Annotated[str, typer.Option("--language", "-l", help="The language, such as pl.")],
    reviewer: Annotated[str, typer.Option("--reviewer", help='Who read it: "name, role".')],
    school: Annotated[
        str, typer.Option("--school", metavar="KEY", help="Only for this school; for all unless given.")
    ] = "",
    template: Annotated[
        list[str] | None,
        typer.Option("--template", metavar="TEMPLATE", help="Only this message; may be given several times."),
    ] = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Record that a reviewer approved a translation. When its words or the English change, it has to be approved again."""
    from notifier.services.schools import approve as record

    with application() as notifier:
        done = record(
            notifier, language=language, reviewer=reviewer, now=at or now(), school_id=school, templates=template or ()
        )
        offered = {item.key for item in notifier.wording.templates() if item.family != "staff"}
    english = 0 if template else len(offered - {item.template for item in done})
    if as_json:
        print_json(
            [{"template": item.template, "language": item.language, "reviewer": item.reviewer, "school": school or None} for item in done]
        )  # fmt: skip
        return
    where = f"at {school}" if school else "at every school"
    say(f"✓ {counted(len(done), 'message')} in {language} may go out {where}, approved by {reviewer}.", "green")
    if english:
        say(f"{counted(english, 'message')} not translated whole: English goes out. See: notifier templates coverage")


app.command(
    epilog="Examples:\n\nnotifier templates why oakfield 4711\n\nnotifier templates why oakfield 4711 --situation odd_days"
)(why)
