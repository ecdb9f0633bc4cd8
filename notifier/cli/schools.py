"""`notifier school` and `notifier token`: adding and checking schools, and the tokens with which their MIS pushes marks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.console import ATTENTION, AsJson, SchoolKey, counted, err, finish, print_json, rows, say, warn
from notifier.cli.failures import Refused
from notifier.cli.moment import At, now
from notifier.cli.opening import application, warn_of_channels, who
from notifier.domain.sessions import Session

if TYPE_CHECKING:
    from notifier.domain.schools import School
    from notifier.services.application import Application

app = typer.Typer(help="Add, list and check schools.", no_args_is_help=True)
tokens = typer.Typer(help="Tokens with which a school's MIS pushes marks.", no_args_is_help=True)


@app.callback()
def school_commands() -> None:
    """Add, list and check schools."""


@app.command(epilog="Example:\n\nnotifier school add config/schools/oakfield.toml")
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The school's file.", exists=True, dir_okay=False)],
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Add a school from its file, or put a changed file in place of the one before."""
    from notifier.services.schools import add_school

    with application() as notifier:
        school, new = add_school(notifier, file, now=at or now(), by=who())
    if as_json:
        print_json({"school": school.key, "name": school.name, "new": new})
        return
    say(f"✓ {school.name} ({school.key}) {'was added' if new else 'has its new file'}.", "green")
    if new:
        say(f"Next: notifier import people FILE --school {school.key}")


@app.command("list", epilog="Example:\n\nnotifier school list")
def list_schools(as_json: AsJson = False) -> None:
    """List the schools, with their times and how many pupils are on roll."""
    from notifier.store.people import load_roll

    with application() as notifier, notifier.database.read() as connection:
        found = [(school, len(load_roll(connection, school.key).pupils)) for school in notifier.schools(connection)]
    if as_json:
        print_json(
            [
                {"key": school.key, "name": school.name, "policy": school.policy, "languages": list(school.languages),
                 "channels": list(school.channels), "pupils": pupils}
                for school, pupils in found
            ]
        )  # fmt: skip
        return
    if not found:
        say("No schools yet. Add one: notifier school add FILE.toml")
    rows(
        ["key", "name", "pupils", "first texts", "languages"],
        [
            [
                school.key, school.name, str(pupils),
                " and ".join(f"{school.times[session].first_contact:%H:%M}" for session in Session),
                ", ".join(("en", *school.languages)),
            ]
            for school, pupils in found
        ],
    )  # fmt: skip


@app.command(epilog="Examples:\n\nnotifier school check oakfield\n\nnotifier school check config/schools/oakfield.toml")
def check(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The school's key, or a school's file.")],
    as_json: AsJson = False,
) -> None:
    """Check a school's file and show what it comes to. Everything that is wrong is named at once, with file and key.

    Exit code 2 if the file is wrong, 1 if it has changed since the school was added.
    """
    from notifier.configuration.schools import load_school
    from notifier.store.people import school_file

    with application() as notifier:
        file = _file_of(notifier, key)
        with notifier.database.read() as connection:
            kept = school_file(connection, key)
            if file is None and kept is None:
                notifier.school(connection, key)  # names the schools there are
            if file is not None:
                school = load_school(file, config_dir=notifier.config_dir)
                kept = school_file(connection, school.key)
            else:
                school = load_school(kept or "", source=f"the file of school '{key}'", config_dir=notifier.config_dir)
        changed = file is not None and kept is not None and file.read_text(encoding="utf-8") != kept
        document = _described(notifier, school, added=kept is not None, changed=changed)
        if as_json:
            print_json(document)
        else:
            _print_school(document)
            warn_of_channels(notifier)
    if changed:
        warn(f"{file} was changed since the school was added; it counts after: notifier school add {file}")
    finish(ATTENTION if changed else 0)


def _file_of(notifier: Application, key: str) -> Path | None:
    given = Path(key)
    if given.is_file():
        return given
    if given.suffix == ".toml":
        raise Refused(f"There is no file '{key}'.")
    beside = (notifier.config_dir or Path("config")) / "schools" / f"{key}.toml"
    return beside if beside.is_file() else None


def _described(notifier: Application, school: School, *, added: bool, changed: bool) -> dict[str, Any]:
    policy = notifier.policy(school)
    return {
        "school": school.key,
        "name": school.name,
        "added": added,
        "changed_since_added": changed,
        "times": {
            session.value: {
                name: f"{getattr(times, name):%H:%M}" for name in ("register_closes", "first_contact", "last_contact")
            }
            for session, times in school.times.items()
        },
        "terms": [[first.isoformat(), last.isoformat()] for first, last in school.terms],
        "policy": policy.key,
        "steps": [{"name": step.name, "after": step.after, "to": step.to.value} for step in policy.steps],
        "channels": {medium: medium in notifier.channels for medium in school.channels},
        "rules": len(notifier.choosing.rules),  # raises where config/choosing.toml cannot be used
        **language_standings(notifier, school),
    }


def language_standings(notifier: Application, school: School) -> dict[str, dict[str, int]]:
    """How many messages stand how, for each language the school offers beside English.

    `approved` go out in the language. `awaiting_approval` go out in English because nobody has approved the translation, and
    `no_translation` because there is none of the English as it is now: nothing that a school could approve.
    """
    from notifier.store.records import approved

    with notifier.database.read() as connection:
        approvals = approved(connection, school.key, school.trust)
    keys = [template.key for template in notifier.wording.templates() if not template.english_only]
    found: dict[str, dict[str, int]] = {"approved": {}, "awaiting_approval": {}, "no_translation": {}}
    for language in school.languages:
        standings = Counter(notifier.wording.standing(key, language, approvals) for key in keys)
        found["approved"][language] = standings[None]
        found["awaiting_approval"][language] = standings["not_approved"]
        found["no_translation"][language] = standings["no_translation"]
    return found


def language_words(document: Mapping[str, Any], language: str) -> str:
    """How a language of `language_standings` stands, for people."""
    ready, waiting, missing = (document[name][language] for name in ("approved", "awaiting_approval", "no_translation"))
    told = []
    if waiting:
        go = counted(waiting, "message goes", "messages go")
        told.append(f"{go} out in English until approved (notifier templates approve)")
    if missing:
        have = f"{counted(missing, 'message has', 'messages have')} " if ready or waiting else ""
        told.append(f"{have}no translation yet, English goes out")
    return "; ".join(told) or "approved"


def _print_school(document: dict[str, Any]) -> None:
    say(f"✓ {document['name']} ({document['school']}): the file can be used.", "green")
    for session, times in document["times"].items():
        say(
            f"  {session}: register closes {times['register_closes']}, texts {times['first_contact']} to {times['last_contact']}"
        )
    say(f"  terms: {', '.join(' to '.join(term) for term in document['terms'])}")
    say(f"  ladder '{document['policy']}':")
    for step in document["steps"]:
        say(f"    after {step['after']:>3} minutes  {step['name']}: {step['to'].replace('_', ' ')}")
    for language in document["awaiting_approval"]:
        say(f"  {language}: {language_words(document, language)}")
    if not document["added"]:
        say("Not added yet: notifier school add FILE.toml")


@tokens.callback()
def token_commands() -> None:
    """Tokens with which a school's MIS pushes marks."""


@tokens.command("add", epilog='Example:\n\nnotifier token add oakfield --note "Arbor push" --by alice')
def add_token(
    key: SchoolKey,
    note: Annotated[str, typer.Option("--note", help="What the token is for.")],
    by: Annotated[str, typer.Option("--by", metavar="USER", help="Who makes it.")],
    at: At = None,
) -> None:
    """Make a bearer token for a school's HTTP API. It is shown this once and kept only as a hash."""
    from notifier.services.schools import make_token

    with application() as notifier:
        token = make_token(notifier, key, note=note, by=by, now=at or now())
    err().print("Keep this token now; it cannot be shown again.")
    typer.echo(token)
