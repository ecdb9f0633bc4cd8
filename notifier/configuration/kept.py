"""What has been read from files once is kept for as long as they are the same, wherever they lie.

A copy of a folder with its times is the same files: many applications of one process, each with a folder of its own, share what was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Files:
    """Some files of a folder, equal to others with the same names, sizes and times of change."""

    folder: Path = field(compare=False)
    marks: tuple[tuple[str, int, int], ...]


def files_of(folder: Path, paths: Iterable[Path]) -> Files:
    """These files as they are now. Raises FileNotFoundError."""
    found = [(path.name, path.stat()) for path in sorted(paths)]
    return Files(folder, tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in found))
