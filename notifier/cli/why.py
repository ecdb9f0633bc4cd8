"""`notifier templates why`: which wording a pupil's family would get in each situation, and why, in plain words."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer
from rich.text import Text

from notifier.cli.console import AsJson, SchoolKey, print_json, say
from notifier.cli.failures import Refused
from notifier.cli.moment import At, Day, now
from notifier.cli.opening import application
from notifier.domain.situations import AUTOMATIC, Situation, in_words


def why(
    key: SchoolKey,
    pupil: Annotated[str, typer.Argument(metavar="PUPIL", help="The pupil's id, as in the people file.")],
    situation: Annotated[
        str | None, typer.Option("--situation", metavar="SITUATION", help="Only this situation, such as odd_days.")
    ] = None,
    day: Day = None,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Say which message would be used for a pupil in each situation, which rule chose it, and what forbids it."""
    from notifier.services.why import why as explain_choice

    if situation is not None and situation not in tuple(Situation):
        raise Refused(f"'{situation}' is not a situation. Known are: {', '.join(Situation)}.")
    with application() as notifier:
        told = explain_choice(
            notifier, key, pupil, now=at or now(), day=day, situation=Situation(situation) if situation else None
        )
    if as_json:
        print_json(told)
        return
    say(f"{told['name']} ({pupil}), {told['group']} · {date.fromisoformat(told['date']):%A %d/%m/%Y}", "bold")
    for each in told["situations"]:
        say()
        _situation(each)


def _situation(each: dict[str, Any]) -> None:
    name = each["situation"]
    written = "by itself" if Situation(name) in AUTOMATIC else "proposed to staff"
    if each["allowed"]:
        say(Text.assemble((f"✓ {name}: ", "bold green"), f"{each['template']} ({written}). {each['why']}"))
    elif each["template"]:
        stops = "; ".join(stop["means"] for stop in each["excluded_by"])
        say(Text.assemble((f"✗ {name}: ", "bold yellow"), f"{each['template']} would fit, but: {stops}."))
    elif each["rule"]:
        say(Text.assemble((f"– {name}: ", "bold"), "no message is offered about this illness."))
    else:
        say(Text.assemble((f"– {name}: ", "bold"), "no rule fits."))
    for rule in each["rules"]:
        say(f"    {'✓' if rule['matched'] else '–'} {rule['name']}{_reasons(rule)}")
    if each["not_tried"]:
        say(f"    not tried any more: {', '.join(each['not_tried'])}", "dim")


def _reasons(rule: dict[str, Any]) -> str:
    """The facts that made a rule match or fail; for one that failed only those that were not so."""
    shown = [fact for fact in rule["facts"] if rule["matched"] or not fact["holds"]]
    if not shown:
        return ": always"
    told = [
        f"{fact['means']}: {in_words(fact['found'])}" + ("" if fact["holds"] else f" (wanted: {fact['wanted']})")
        for fact in shown
    ]
    return f": {'; '.join(told)}"
