"""`notifier templates letter`: the words of an e-mail as letters on paper, one PDF for a whole list of pupils."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from notifier.cli.console import counted
from notifier.cli.moment import At, now
from notifier.cli.templates.shared import Key, Locale, Templates, app, errors, load, refuse, template_of
from notifier.domain.sessions import local_date
from notifier.registers.refusals import Refusal
from notifier.wording import MessageTemplate, MissingValue, Wording
from notifier.wording.previews import languages_for
from notifier.wording.printing import NotPrintable, answered_by_mail

if TYPE_CHECKING:
    from notifier.services.letters import Printed, Wanted


@app.command(
    epilog="Examples:\n\nnotifier templates letter toolkit_thank_you --out specimen.pdf\n\n"
    "notifier templates letter toolkit_days_missed --school oakfield --values letters.csv --out letters.pdf\n\n"
    "notifier templates letter toolkit_thank_you --school oakfield --pupil 4711 --pupil 4720 --out letters.pdf"
)
def letter(
    key: Key,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The PDF to write, such as letters.pdf.")],
    school: Annotated[
        str | None,
        typer.Option("--school", metavar="KEY", help="Print for this school; a marked specimen unless given."),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", "-l", help="The language, where a row of the list names none.")
    ] = "en",
    values: Annotated[
        Path | None,
        typer.Option(
            "--values",
            metavar="FILE",
            help="A list (CSV or XLSX) with a letter a row: pupil_id or pupils, and the message's values.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    pupil: Annotated[
        list[str] | None, typer.Option("--pupil", metavar="PUPIL", help="A pupil's id; may be given several times.")
    ] = None,
    at: At = None,
    templates: Templates = None,
    locale: Locale = None,
) -> None:
    """Make letters for printing from a message that has an e-mail: A4, a page for each pupil, all in one PDF.

    With a school only approved wording is printed; English where a language is not approved. Without one, a specimen is made.
    """  # fmt: skip
    wording = load(templates, locale)
    template = template_of(wording, key)
    if "email" not in template.channels or template.english_only:
        refuse(f"The message '{key}' has no e-mail to families, so there is nothing to print.")
    known = languages_for(wording, template)
    if language not in known:
        refuse(f"There is no wording of '{key}' in '{language}'. There is: {', '.join(known)}.")
    if answered_by_mail(template):
        errors.print(
            f"Note: the words of '{key}' speak of answering an e-mail. Read them through before you print.",
            markup=False,
        )
    moment = at or now()
    try:
        if school is None:
            made = _specimen(template, values, pupil, wording, language, moment)
        else:
            made = _for_school(template, school, values, pupil or [], language, moment)
    except (NotPrintable, MissingValue) as fault:
        refuse(fault)
    _tell(made, out)


def _specimen(
    template: MessageTemplate,
    values: Path | None,
    pupils: list[str] | None,
    wording: Wording,
    language: str,
    moment: datetime,
) -> Printed:
    from notifier.services import letters

    if pupils:
        refuse("Pupils belong to a school: name it with --school.")
    wanted, refused = _listed(values, template)
    made = letters.specimens(wording, template.key, wanted, language=language, now=moment, day=local_date(moment))
    made.refused[:0] = refused
    return made


def _for_school(
    template: MessageTemplate, school: str, values: Path | None, pupils: list[str], language: str, moment: datetime
) -> Printed:
    from notifier.cli.opening import application, who
    from notifier.services import letters

    wanted, refused = _listed(values, template)
    wanted += [letters.Wanted(0, {}, pupil_id) for pupil_id in pupils]
    with application() as notifier:
        made = letters.print_letters(
            notifier, school, template.key, wanted,
            language=language, day=local_date(moment), now=moment, by=who(),
        )  # fmt: skip
    made.refused[:0] = refused
    return made


def _listed(values: Path | None, template: MessageTemplate) -> tuple[list[Wanted], list[Refusal]]:
    from notifier.services.letters import read_list

    return read_list(values, template) if values else ([], [])


def _tell(made: Printed, out: Path) -> None:
    for refusal in sorted(made.refused, key=lambda refusal: refusal.row):
        errors.print(f"Not printed: {refusal.message}", markup=False)
    if made.in_english:
        language, why = made.in_english[0][1:]
        errors.print(f"Note: {len(made.in_english)} printed in English, not in {language} ({why}).", markup=False)
    for pupil_id, flags in made.flagged:
        errors.print(
            f"Note: pupil {pupil_id} is marked {', '.join(flags)}. See who must not get this message.", markup=False
        )
    if made.pdf is not None:
        try:
            out.write_bytes(made.pdf)
        except OSError as fault:
            refuse(f"'{out}' cannot be written: {fault.strerror}.")
        typer.echo(f"{out}: {counted(made.letters, 'letter')}")
    if made.refused:
        raise typer.Exit(1)
