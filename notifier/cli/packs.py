"""`notifier pack`: wording that one school has proven, passed on to another as one file that people can read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from notifier.cli.console import ATTENTION, WRONG, AsJson, SchoolKey, counted, err, finish, print_json, rows, say
from notifier.cli.failures import Refused
from notifier.cli.moment import At, now
from notifier.cli.opening import application
from notifier.cli.wording import comparison_document, difference, print_comparison

if TYPE_CHECKING:
    from notifier.services.packs import Plan, Planned
    from notifier.wording.packs import Pack

app = typer.Typer(
    help="Packs of wording that schools share: export, check, import.", no_args_is_help=True, add_completion=False
)

PackFile = Annotated[Path, typer.Argument(metavar="FILE.pack.toml", help="The pack.")]

ACTS = {
    "new": ("+ new", "green"),
    "change": ("± changes", "yellow"),
    "same": ("= here already", "dim"),
    "skip": ("– skipped", "bold yellow"),
}
"""How what becomes of an item is shown."""


@app.callback()
def pack_commands() -> None:
    """Packs of wording that schools share: export, check, import."""


@app.command(
    epilog='Example:\n\nnotifier pack export oakfield oakfield.pack.toml --licence "CC BY 4.0" --version 1.0 --made-by "Oakfield Primary"'
)
def export(
    key: SchoolKey,
    file: PackFile,
    licence: Annotated[str, typer.Option("--licence", help='How others may use it, as in "CC BY 4.0".')],
    version: Annotated[str, typer.Option("--version", help="The pack's version, as in 1.0.")],
    made_by: Annotated[str, typer.Option("--made-by", help="The school or hub that made it; no person's name.")],
    name: Annotated[str, typer.Option("--name", help="The pack's name; made of the school's key unless given.")] = "",
    notes: Annotated[str, typer.Option("--notes", help="What it is for, in one line.")] = "",
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="TEMPLATE", help="Only this message; may be given several times."),
    ] = None,
    policy: Annotated[
        bool, typer.Option("--policy", help="With the school's policy: its ladder, limits and caps.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Write a school's own wording that goes out, its translations and their approvals, into one file.

    It holds no pupil, carer, number or password. Reviewers' names go with their approvals.
    """
    from notifier.services.packing import export as make
    from notifier.wording.packs import SUFFIX, written

    if not file.name.endswith(SUFFIX):
        raise Refused(f"'{file.name}' should end in {SUFFIX}.")
    if file.exists() and not force:
        raise Refused(f"'{file}' is there already; give another name, or --force to write over it.")
    with application() as notifier:
        made = make(
            notifier, key, name=name or f"Wording of {key}", version=version, licence=licence, made_by=made_by,
            now=at or now(), notes=notes, only=only or (), with_policy=policy,
        )  # fmt: skip
    file.write_text(written(made.pack), "utf-8", newline="\n")
    if as_json:
        print_json({"file": str(file), **pack_document(made.pack), "left_out": list(made.left_out)})
    else:
        say(f"✓ {file}: {_contents(made.pack)}.", "green")
        for line in made.left_out:
            say(f"Left out, since it does not go out: {line}", "yellow")
    finish(ATTENTION if made.left_out else 0)


@app.command(epilog="Example:\n\nnotifier pack check riverside.pack.toml")
def check(file: PackFile, as_json: AsJson = False) -> None:
    """Check a pack without a school: checksums, licence, and every text by the rules for own wording.

    Exit code 2 for a pack that cannot be used at all, 1 where some of it cannot.
    """
    from notifier.settings import load_settings
    from notifier.wording import Wording
    from notifier.wording.packs import PackFault, check_pack, read_pack

    try:
        pack = read_pack(_bytes(file), source=file.name)
    except PackFault as fault:
        _refuse(fault, as_json)
    found = check_pack(pack, Wording.load(), load_settings().config_dir)
    if as_json:
        told = [{"item": item.place, "what": item.what, "remedy": item.remedy} for item in found]
        print_json({**pack_document(pack), "sound": True, "problems": told})
    else:
        _print_pack(pack)
        rows(["item", "what", "what to do"], [[item.place, item.what, item.remedy] for item in found])
        if not found:
            say("✓ Whole, and everything in it can be used here.", "green")
    finish(ATTENTION if found else 0)


@app.command(
    "import",
    epilog="Examples:\n\nnotifier pack import riverside.pack.toml oakfield\n\n"
    "notifier pack import riverside.pack.toml oakfield --approve --by alice",
)
def import_pack(
    file: PackFile,
    key: SchoolKey,
    approve: Annotated[bool, typer.Option("--approve", help="Take it in, in the name given with --by.")] = False,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who looked through it.")] = "",
    trust: Annotated[
        bool, typer.Option("--trust", help="For the school's trust: it counts for all of its schools.")
    ] = False,
    replace_policies: Annotated[
        bool,
        typer.Option(
            "--replace-policies", help="Also replace policies of the same key, for every school that uses them."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change, even with --approve.")
    ] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Show what a pack would change at a school, and with --approve take all of it in, or nothing.

    What cannot be used here is skipped and named (exit code 1). Exit code 2 for a pack that was changed after it was made.
    """
    from notifier.services.packs import take_in
    from notifier.wording.packs import PackFault

    data = _bytes(file)
    if approve and not by.strip():
        raise Refused("Say who looked through the pack and approves it: --approve --by NAME")
    try:
        with application() as notifier:
            plan = take_in(
                notifier, key, data, source=file.name, by=by, now=at or now(), approve=approve and not dry_run, trust=trust,
                replace_policies=replace_policies,
            )  # fmt: skip
    except PackFault as fault:
        _refuse(fault, as_json)
    skipped = any(item.act == "skip" for item in plan.items)
    waiting = bool(plan.wanted) and not plan.done and not dry_run
    if as_json:
        print_json(
            {**pack_document(plan.pack), "owner": plan.owner.key, "imported": plan.done,
             "items": [_item_document(item) for item in plan.items], "notes": list(plan.notes)}
        )  # fmt: skip
    else:
        _print_plan(plan)
        if plan.done:
            say(f"✓ Taken in for {plan.owner.key} by {by}.", "green")
        elif not plan.wanted:
            say("Nothing to take in.")
        elif dry_run:
            say("Nothing was taken in (--dry-run).", "bold yellow")
        else:
            say(
                "Nothing was taken in yet. If you want all of this: the same command with --approve --by NAME",
                "bold yellow",
            )
    finish(ATTENTION if skipped or waiting else 0)


def _bytes(file: Path) -> bytes:
    from notifier.wording.packs import LARGEST_PACK

    with file.open("rb") as opened:
        return opened.read(LARGEST_PACK + 1)


def _refuse(fault: Exception, as_json: bool) -> Any:
    if as_json:
        print_json(
            {"sound": False, "problems": [{"item": "", "what": line, "remedy": ""} for line in str(fault).splitlines()]}
        )
    else:
        err().print(Text.assemble(("Error: ", "bold red"), f"The pack cannot be used:\n{fault}"))
    raise typer.Exit(WRONG)


def _contents(pack: Pack) -> str:
    told = [
        counted(len(items), one)
        for one, items in (
            ("message", pack.message), ("translation", pack.translation), ("approval", pack.approval),
        )
        if items
    ]  # fmt: skip
    if pack.policy:
        told.append(counted(len(pack.policy), "policy", "policies"))
    return ", ".join(told) or "nothing"


def _print_pack(pack: Pack) -> None:
    about = pack.pack
    say(f"{about.name} {about.version}", "bold")
    say(f"  made by {about.made_by} on {about.made_at:%d/%m/%Y} · licence: {about.licence}")
    if about.notes:
        say(f"  {about.notes}")
    say(f"  {_contents(pack)}")
    say()


def _print_plan(plan: Plan) -> None:
    _print_pack(plan.pack)
    for planned in plan.items:
        words, style = ACTS[planned.act]
        say(
            Text.assemble(
                (words, style), f"  {planned.item.name}{_whose(planned)}" + (f": {planned.why}" if planned.why else "")
            )
        )
        if planned.comparison:
            print_comparison(planned.comparison)
        elif planned.before and planned.act == "change":
            for line in difference(planned.before, getattr(planned.item, "text", "")):
                if not line.startswith("  "):
                    say(Text(f"    {line}", "red" if line.startswith("-") else "green"))
    for note in plan.notes:
        say(note, "yellow")
    say()


def _whose(planned: Planned) -> str:
    reviewer = getattr(planned.item, "reviewer", "")
    return f" (reviewed by {reviewer} on {planned.item.at:%d/%m/%Y})" if reviewer else ""  # type: ignore[union-attr]


def pack_document(pack: Pack) -> dict[str, Any]:
    """A pack's manifest and contents for programs."""
    counts = {kind: len(getattr(pack, kind)) for kind in ("message", "translation", "approval", "policy")}
    return {"pack": pack.pack.model_dump(), "contents": counts}


def _item_document(planned: Planned) -> dict[str, Any]:
    compared = comparison_document(planned.comparison) if planned.comparison else None
    return {"item": planned.item.name, "act": planned.act, "why": planned.why, "comparison": compared}
