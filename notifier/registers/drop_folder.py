"""A folder that a MIS or a person drops files into: which files are whole and ready, what each is, and where it goes after.

A file still being written is left alone until it has been quiet for some seconds. A file that has been read moves to `done/`
or `refused/` beside it and never overwrites another. The clock is the caller's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from notifier.registers.columns import Purpose
from notifier.registers.presets import Preset, known_headings, load_presets, match_header, score_header
from notifier.registers.refusals import FileError
from notifier.registers.table import open_table

DONE: Final = "done"
REFUSED: Final = "refused"

_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls"})
_NAMES: Final[tuple[tuple[str, Purpose], ...]] = (
    ("people", "people"),
    ("pupils", "people"),
    ("contacts", "people"),
    ("marks", "marks"),
    ("attendance", "marks"),
)


@dataclass(frozen=True, slots=True)
class DroppedFile:
    """A file ready to be read. `kind` is "unknown" where neither its name nor its header says: to be refused, not ignored."""

    path: Path
    kind: Literal["people", "marks", "unknown"]


def ready_files(
    folder: Path, *, now: datetime, quiet_seconds: int = 5, presets_dir: Path | None = None
) -> list[DroppedFile]:
    """The files to read, people before marks and older before newer. `now` is aware.

    Files changed within `quiet_seconds` wait for the next look. Temporary files, hidden files, links, reports of refused rows
    and files that are no tables by their suffix are passed over. A folder that is missing holds nothing.
    """
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return []
    presets: Mapping[str, Preset] | None = None
    found: list[tuple[int, float, str, DroppedFile]] = []
    for entry in entries:
        path = Path(entry.path)
        if not _wanted(path):
            continue
        try:
            if not entry.is_file(follow_symlinks=False):
                continue
            changed = entry.stat(follow_symlinks=False).st_mtime
        except OSError:  # taken away meanwhile
            continue
        # a time ahead of ours comes from another machine's clock, and must not keep the file waiting for ever
        if 0 <= now.timestamp() - changed < quiet_seconds:
            continue
        kind = _kind_by_name(path.name)
        if kind is None:
            presets = presets or load_presets(presets_dir)
            kind = _kind_by_header(path, presets)
        dropped = DroppedFile(path, kind or "unknown")
        # marks of new pupils make sense only once the pupils are known
        found.append((0 if kind == "people" else 1, changed, path.name, dropped))
    return [dropped for _, _, _, dropped in sorted(found, key=lambda item: item[:3])]


def file_away(path: Path, done: bool, stamp: str) -> Path:
    """Move a file that has been read to `done/` or `refused/`, its name led by `stamp`; the new path is returned.

    The place is claimed first, so that two processes cannot overwrite each other's file. Raises OSError where the folder
    does not let us move it.
    """
    folder = path.parent / (DONE if done else REFUSED)
    folder.mkdir(exist_ok=True)
    for attempt in range(1, 10_000):
        again = "" if attempt == 1 else f"-{attempt}"
        target = folder / f"{stamp}{again}-{path.name}"
        try:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        except FileExistsError:
            continue
        try:
            os.replace(path, target)
        except OSError:
            target.unlink(missing_ok=True)
            raise
        return target
    raise FileExistsError(f"{folder} already holds thousands of files named {stamp}-{path.name}")


def _wanted(path: Path) -> bool:
    name = path.name.lower()
    temporary = name.startswith((".", "~")) or name.endswith(".rejected.csv")
    return path.suffix.lower() in _SUFFIXES and not temporary


def _kind_by_name(name: str) -> Purpose | None:
    return next((kind for start, kind in _NAMES if name.lower().startswith(start)), None)


def _kind_by_header(path: Path, presets: Mapping[str, Preset]) -> Purpose | None:
    """What the header makes of the file: the one kind whose needed columns are all there."""
    known = known_headings(presets)
    try:
        table = open_table(path, filename=path.name, score=lambda cells: score_header(known, cells))
    except FileError:
        return None
    fitting: list[Purpose] = []
    for kind in ("people", "marks"):
        try:
            match_header(presets, kind, table.header, filename=path.name)
        except FileError:
            continue
        fitting.append(kind)
    return fitting[0] if len(fitting) == 1 else None
