"""`notifier wording`: a school's or trust's own words in place of the shipped ones, checked before they are kept."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from notifier.cli.console import ATTENTION, AsJson, SchoolKey, counted, finish, print_json, rows, say
from notifier.cli.failures import Refused
from notifier.cli.moment import At, now
from notifier.cli.opening import application

if TYPE_CHECKING:
    from notifier.services.comparing import Comparison, Parts
    from notifier.wording import Problem
    from notifier.wording.overrides import Standing

app = typer.Typer(
    help="A school's own wording: save, list, show, compare, approve, remove.",
    no_args_is_help=True,
    add_completion=False,
)

Template = Annotated[
    str, typer.Argument(metavar="TEMPLATE", help="The message, as `notifier templates list` names it.")
]
Language = Annotated[str, typer.Option("--language", "-l", help="The language, such as pl.")]
Trust = Annotated[bool, typer.Option("--trust", help="For the school's trust: it counts for all of its schools.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does this; it is kept on record.")]

STATES = {
    "in_use": ("✓ goes out", "green"),
    "not_approved": ("… needs approval", "yellow"),
    "stale": ("! outdated", "bold yellow"),
    "refused": ("✗ refused", "bold red"),
}
"""How the states of own texts are shown."""

MOST_CHARACTERS = 200_000


@app.callback()
def wording_commands() -> None:
    """A school's own wording: save, list, show, compare, approve, remove."""


@app.command(
    epilog="Examples:\n\nnotifier wording save oakfield first_day --sms text.txt --email mail.txt --by alice\n\n"
    "notifier wording save oakfield first_day --language pl --sms pl.txt --by alice --trust"
)
def save(
    key: SchoolKey,
    template: Template,
    by: By,
    language: Language = "en",
    sms: Annotated[
        str | None, typer.Option("--sms", metavar="FILE", help="The text message; - reads standard input.")
    ] = None,
    email: Annotated[
        str | None, typer.Option("--email", metavar="FILE", help='The e-mail, whose first line is "Subject: …".')
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Why the wording was changed.")] = "",
    trust: Trust = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and compare; keep nothing.")] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Check own words and keep them in place of the shipped ones. Where a problem is found, nothing is kept (exit code 1).

    The words are plain sentences with values such as {{ pupils }}, and {% if several %} where several children need another sentence.
    `notifier wording show` prints what goes out now in that form.
    """
    from notifier.services.wording import save as keep

    texts = {channel: _read(given) for channel, given in (("sms", sms), ("email", email)) if given is not None}
    with application() as notifier:
        done = keep(
            notifier, key, template, texts, language=language, by=by, now=at or now(), note=note, trust=trust, dry_run=dry_run
        )  # fmt: skip
    if as_json:
        print_json(
            {
                "owner": done.owner.key, "template": template, "language": language,
                "saved": not done.problems and not dry_run, "problems": [problem_document(item) for item in done.problems],
                "comparisons": [comparison_document(item) for item in done.comparisons], "notes": list(done.notes),
            }
        )  # fmt: skip
        finish(ATTENTION if done.problems else 0)
        return
    if done.problems:
        print_problems(done.problems)
        say("Nothing was saved.", "bold red")
        finish(ATTENTION)
        return
    for comparison in done.comparisons:
        print_comparison(comparison)
    whom = f"{done.owner.key} ({counted(len(done.owner.schools), 'school')})" if trust else done.owner.key
    say(
        "✓ Nothing is wrong with it; nothing was saved (--dry-run)." if dry_run else f"✓ Saved for {whom} by {by}.",
        "green",
    )
    for line in done.notes:
        say(line)


@app.command("list", epilog="Example:\n\nnotifier wording list oakfield")
def list_wording(key: SchoolKey, as_json: AsJson = False) -> None:
    """List the own wording that concerns a school, its trust's included, and what to do where it does not go out (exit code 1)."""
    from notifier.services.wording import language_notes, standings
    from notifier.store.records import approved
    from notifier.wording.overrides import State

    with application() as notifier, notifier.database.read() as connection:
        school = notifier.school(connection, key)
        found = standings(notifier, connection, school)
        approvals = approved(connection, school.key, school.trust)
        wording = notifier.wording_of(school)
        english = sorted(
            {item.words.template for item in found if item.words.language == "en" and item.state is State.IN_USE}
        )
        notes = {template: language_notes(wording, school, template, approvals) for template in english}
    idle = [item for item in found if item.state is not State.IN_USE]
    if as_json:
        print_json({"school": school.key, "trust": school.trust, "wording": [standing_document(item) for item in found],
                    "notes": {template: lines for template, lines in notes.items() if lines}})  # fmt: skip
    elif not found:
        say(
            f"{school.name} uses the shipped wording. Change it: notifier wording show {key} TEMPLATE, then notifier wording save"
        )
    else:
        rows(
            ["message", "language", "channel", "of", "state", "saved by", "on"],
            [
                [item.words.template, item.words.language, item.words.channel, item.words.owner, Text(*STATES[item.state]),
                 item.words.saved_by, f"{item.words.saved_at:%d/%m/%Y}" if item.words.saved_at else ""]
                for item in found
            ],
        )  # fmt: skip
        for item in idle:
            where = f"{item.words.template} {item.words.language} {item.words.channel} ({item.words.owner})"
            say(f"{where}: {item.why}. It does not go out; the shipped wording does. To do: {item.remedy}.", "yellow")
        for template, lines in notes.items():
            for line in lines:
                say(f"{template}: {line}")
    finish(ATTENTION if idle else 0)


@app.command(epilog="Example:\n\nnotifier wording show oakfield first_day --channel sms > text.txt")
def show(
    key: SchoolKey,
    template: Template,
    language: Language = "en",
    channel: Annotated[
        str | None, typer.Option("--channel", help="Only sms or email, and nothing but its words.")
    ] = None,
    shipped: Annotated[bool, typer.Option("--shipped", help="The shipped wording, whatever the school has.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what goes out for a message now, in the form in which own wording is written: change it and save it."""
    from notifier.services.comparing import goes_out
    from notifier.services.wording import known_language
    from notifier.store.records import approved
    from notifier.wording.overrides import OwnersWording

    tag = known_language(language)
    with application() as notifier, notifier.database.read() as connection:
        school = notifier.school(connection, key)
        approvals = approved(connection, school.key, school.trust)
        wording = OwnersWording(notifier.wording, (), {}) if shipped else notifier.wording_of(school)
        about = notifier.wording.template(template)
        wanted = [name for name in about.channels if name in ("sms", "email")]
        if channel is not None and channel not in wanted:
            raise Refused(f"The message '{template}' goes by {', '.join(wanted)}, not by '{channel}'.")
        shown = {name: goes_out(wording, template, tag, name, approvals) for name in wanted if channel in (None, name)}
    if as_json:
        print_json({"school": school.key, "template": template, "language": tag,
                    "values": {given.name: given.means for given in about.placeholders},
                    "texts": {name: {"text": text, "source": source} for name, (text, source) in shown.items()}})  # fmt: skip
        return
    for name, (text, source) in shown.items():
        if channel is None:
            say(f"{name} ({tag}; words: {source})", "bold")
        typer.echo(text if channel is None else text.removesuffix("\n"))


@app.command(epilog="Example:\n\nnotifier wording diff oakfield first_day")
def diff(key: SchoolKey, template: Template, language: Language = "en", as_json: AsJson = False) -> None:
    """Compare own wording with the shipped one, also where it does not go out."""
    from notifier.services.comparing import Comparison as Compared
    from notifier.services.comparing import goes_out
    from notifier.services.wording import known_language
    from notifier.store.records import approved
    from notifier.wording.overrides import OwnersWording

    tag = known_language(language)
    with application() as notifier, notifier.database.read() as connection:
        school = notifier.school(connection, key)
        notifier.wording.template(template)
        approvals = approved(connection, school.key, school.trust)
        wording, stock = notifier.wording_of(school), OwnersWording(notifier.wording, (), {})
        found = []
        for words in wording.words():
            if (words.template, words.language) == (template, tag) and not words.fault:
                before, source = goes_out(stock, template, tag, words.channel, approvals)
                found.append(
                    (
                        wording.standing(words, approvals),
                        Compared(template, tag, words.channel, before, source, words.text),
                    )
                )
    if not found:
        raise Refused(
            f"There is no own wording of '{template}' in '{tag}' for {school.name}. See: notifier wording list {key}"
        )
    if as_json:
        print_json([{**standing_document(standing), **comparison_document(compared)} for standing, compared in found])
        return
    for standing, compared in found:
        say(
            f"Of {standing.words.owner}: {STATES[standing.state][0]}" + (f": {standing.why}" if standing.why else ""),
            "bold",
        )
        print_comparison(compared)


@app.command(
    epilog='Example:\n\nnotifier wording approve oakfield first_day --language pl --reviewer "Ewa Nowak, EAL lead"'
)
def approve(
    key: SchoolKey,
    template: Template,
    language: Language,
    reviewer: Annotated[str, typer.Option("--reviewer", help='Who read it: "name, role"; not who saved it.')],
    trust: Trust = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Let own words in another language out, as a second person who reads it. When they or their English change, they need it again."""
    from notifier.services.wording import approve as record

    with application() as notifier:
        done = record(notifier, key, template, language=language, reviewer=reviewer, now=at or now(), trust=trust)
    if as_json:
        print_json([{"owner": words.owner, "template": words.template, "language": words.language, "channel": words.channel}
                    for words in done])  # fmt: skip
        return
    say(
        f"✓ {template} in {language} ({', '.join(words.channel for words in done)}) goes out, approved by {reviewer}.",
        "green",
    )


@app.command(epilog="Example:\n\nnotifier wording remove oakfield first_day --by alice")
def remove(
    key: SchoolKey,
    template: Template,
    by: By,
    language: Language = "en",
    channel: Annotated[str | None, typer.Option("--channel", help="Only sms or email.")] = None,
    trust: Trust = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Take own wording away: the trust's or the shipped one goes out again. The words stay in the audit."""
    from notifier.services.wording import remove as take_away

    if channel not in (None, "sms", "email"):
        raise Refused(f"'{channel}' is not a channel; write sms or email.")
    channels: Sequence[str] = ("sms", "email") if channel is None else (channel,)
    with application() as notifier:
        gone = take_away(
            notifier, key, template, language=language, by=by, now=at or now(), channels=channels, trust=trust
        )
    if as_json:
        print_json({"template": template, "language": language, "removed": gone})
        return
    say(f"✓ Removed: {', '.join(gone)} of {template} in {language}.", "green")


def _read(given: str) -> str:
    """A text from a file, or from standard input for "-"."""
    try:
        data = sys.stdin.buffer.read(MOST_CHARACTERS) if given == "-" else Path(given).read_bytes()[:MOST_CHARACTERS]
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise Refused(f"{given}: not UTF-8 text (byte {fault.start + 1}); save it as UTF-8 and try again.") from None


def print_problems(problems: Iterable[Problem]) -> None:
    """What keeps words from going out, each with what to do."""
    for item in problems:
        say(Text.assemble(("✗ ", "bold red"), (f"{item.template} {item.language} {item.where}: ", "bold"), item.what))
        say(f"  To do: {item.remedy}")


def print_comparison(compared: Comparison) -> None:
    """What goes out now and what would, line by line, with parts and price."""
    say(f"{compared.template} · {compared.language} · {compared.channel}   (− now: {compared.source}, + then)", "bold")
    for line in difference(compared.before, compared.after):
        say(Text(line, "red" if line.startswith("-") else "green" if line.startswith("+") else "dim"))
    if compared.parts_after:
        before = f"{_parts(compared.parts_before)} → " if compared.parts_before else ""
        say(f"  {before}{_parts(compared.parts_after)}")
    say()


def difference(before: str, after: str) -> list[str]:
    """Two texts line by line: "- " gone, "+ " new, "  " the same."""
    lines = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in lines if not line.startswith("?")]


def _parts(parts: Parts) -> str:
    most = f", at most {parts.longest}" if parts.longest != parts.ordinary else ""
    return f"{counted(parts.ordinary, 'part')}{most} ({parts.encoding}, {parts.pence:g}p)"


def problem_document(problem: Problem) -> dict[str, str]:
    """A problem for programs."""
    return {name: getattr(problem, name) for name in problem.__slots__}


def comparison_document(compared: Comparison) -> dict[str, Any]:
    """A comparison for programs."""
    return {
        "template": compared.template, "language": compared.language, "channel": compared.channel,
        "now": compared.before, "source": compared.source, "then": compared.after,
        "parts_now": _parts_document(compared.parts_before), "parts_then": _parts_document(compared.parts_after),
    }  # fmt: skip


def _parts_document(parts: Parts | None) -> dict[str, Any] | None:
    if parts is None:
        return None
    return {"ordinary": parts.ordinary, "longest": parts.longest, "encoding": parts.encoding, "pence": parts.pence}


def standing_document(standing: Standing) -> dict[str, Any]:
    """How an own text stands, for programs."""
    words = standing.words
    return {
        "owner": words.owner, "template": words.template, "language": words.language, "channel": words.channel,
        "state": standing.state.value, "why": standing.why, "remedy": standing.remedy, "saved_by": words.saved_by,
        "saved_at": words.saved_at.isoformat() if words.saved_at else None, "note": words.note, "text": words.text,
        "problems": [problem_document(problem) for problem in standing.problems],
    }  # fmt: skip
