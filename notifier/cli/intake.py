"""`notifier import`: people and marks from files, with every refused row named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notifier.cli.console import ATTENTION, AsJson, counted, err, finish, print_json, progress_of, rows, say, warn
from notifier.cli.moment import At, now
from notifier.cli.opening import application, who

if TYPE_CHECKING:
    from notifier.services.take_in import Intake

app = typer.Typer(help="Take people and marks in from files.", no_args_is_help=True)

SHOWN = 20
"""Refused rows and warnings shown on screen; all of them are in the rejected file and in the JSON document."""

File = Annotated[
    Path, typer.Argument(metavar="FILE", help="CSV, TSV or XLSX file.", exists=True, dir_okay=False, readable=True)
]
School = Annotated[str, typer.Option("--school", metavar="KEY", help="The school's key.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would happen; keep nothing.")]
Preset = Annotated[
    str | None,
    typer.Option("--preset", metavar="NAME", help="Read the headings by this preset (sims, arbor, …); found by itself unless given."),
]  # fmt: skip


@app.callback()
def intake() -> None:
    """Take people and marks in from files."""


@app.command(
    "people",
    epilog="Examples:\n\nnotifier import people people.csv --school oakfield --dry-run\n\n"
    "notifier import people people.xlsx --school oakfield --preset sims",
)
def import_people(
    file: File,
    school: School,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    preset: Preset = None,
    keep_leavers: Annotated[
        bool, typer.Option("--keep-leavers", help="Leave pupils on roll whom the file does not name.")
    ] = False,
) -> None:
    """Take pupils, carers and their contacts in. The file is the whole roll: pupils it does not name leave the roll.

    Nobody leaves the roll by a file with refused rows. Exit code 1 if rows were refused.
    """
    from notifier.services.take_in import take_people

    with application() as notifier, progress_of("Reading people", shown=not as_json) as progress:
        taken = take_people(
            notifier, school, file, now=at or now(), by=who(), preset=preset, progress=progress, dry_run=dry_run,
            keep_leavers=keep_leavers,
        )  # fmt: skip
    _report(taken, as_json=as_json, dry_run=dry_run)


@app.command(
    "marks",
    epilog="Examples:\n\nnotifier import marks marks.csv --school oakfield\n\n"
    "notifier import marks marks.csv --school oakfield --dry-run --json",
)
def import_marks(
    file: File,
    school: School,
    at: At = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    preset: Preset = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Take an older file in although newer marks have replaced some of its marks."),
    ] = False,
) -> None:
    """Take marks in. The newest mark of a pupil, day and session counts; the same file twice changes nothing.

    Exit code 1 if rows were refused, or if newer marks have replaced those of this file, which is then not taken in.
    """
    from notifier.services.take_in import take_marks

    with application() as notifier, progress_of("Reading marks", shown=not as_json) as progress:
        taken = take_marks(
            notifier, school, file, now=at or now(), by=who(), preset=preset, progress=progress, dry_run=dry_run,
            again=again,
        )  # fmt: skip
    _report(taken, as_json=as_json, dry_run=dry_run)


def _report(taken: Intake, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        print_json({**intake_document(taken), "dry_run": dry_run})
    else:
        _print_intake(taken, dry_run=dry_run)
    finish(ATTENTION if taken.needs_attention else 0)


def intake_document(taken: Intake) -> dict[str, Any]:
    """One intake as the document of `import --json`."""
    return {
        "school": taken.school_id,
        "kind": taken.kind,
        "file": taken.source,
        "outcome": taken.outcome,
        "rows": taken.rows,
        "changed": taken.changed,
        "unchanged": taken.unchanged,
        "refused": [_named(item) for item in taken.refused],
        "warnings": [_named(item) for item in taken.warnings],
        "rejected_file": str(taken.rejected_path) if taken.rejected_path else None,
        "preset": taken.preset,
        "left_roll": taken.left_roll,
        "import_id": taken.import_id,
    }


def _named(item: Any) -> dict[str, Any]:
    return {name: getattr(item, name) for name in ("row", "column", "value", "code", "message")}


def _print_intake(taken: Intake, *, dry_run: bool) -> None:
    if dry_run:
        say("Dry run: nothing was kept.", "bold yellow")
    say(f"{taken.source} → {taken.school_id}, headings read as '{taken.preset}'")
    if taken.outcome == "older_file":
        warn(
            f"{taken.source} was taken in before, and newer marks have replaced some of its marks since. Nothing was changed.\n"
            "  If this file is right after all, run the command again with --again."
        )
        return
    if taken.outcome == "same_again":
        say("✓ Nothing new: everything in this file stood already.", "green")
    good = f"✓ {counted(taken.rows, 'row')} read: {taken.changed:,} changed, {taken.unchanged:,} unchanged"
    say(good + (f", {counted(taken.left_roll, 'pupil')} left the roll" if taken.left_roll else ""))
    for item in taken.warnings[:SHOWN]:
        warn(item.message)
    if len(taken.warnings) > SHOWN:
        warn(f"… and {counted(len(taken.warnings) - SHOWN, 'more warning')}; --json lists them all.")
    if not taken.refused:
        return
    say()
    rows(
        ["file", "row", "column", "reason"],
        [[taken.source, str(item.row), item.column or "", item.message] for item in taken.refused[:SHOWN]],
        title=f"✗ {counted(len(taken.refused), 'refusal')}: these rows were not taken, the others count",
    )
    if len(taken.refused) > SHOWN:
        say(f"… and {len(taken.refused) - SHOWN:,} more.")
    if taken.rejected_path:
        err().print(f"Correct the rows in {taken.rejected_path} and import that file.", markup=False)
