"""Changes to an owner's folder of own wording: all of them are in place, or none.

A copy of the owner's folder is changed and then put in its place by renaming, so that whoever reads meanwhile sees the old words or the
new ones. Should the machine stop between the two renamings, the shipped wording goes out until the next change puts the folder back.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import tomlkit

from notifier.wording.own_files import ABOUT, text_hash
from notifier.wording.own_text import FILES

OWNER: Final = re.compile(r"[a-z0-9-]{1,60}")
TEMPLATE: Final = re.compile(r"[a-z][a-z0-9_]{0,60}")
LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,2}")

_HEADER: Final = "Written by the program. Who saved the texts beside this file, and for which English: a text that was changed by hand is not used."


class FolderBusy(Exception):
    """Somebody else is changing the same owner's wording; the words say what to do."""


@dataclass(frozen=True, slots=True)
class Saving:
    """One text to be kept. `based_on` and `english` are digests (see `OwnWords`); `english` is empty for English itself."""

    template: str
    language: str
    channel: str
    text: str
    based_on: str
    english: str
    saved_by: str
    saved_at: datetime
    note: str = ""


class Staged:
    """A copy of an owner's folder, to be changed and put in place. Made by `staged`."""

    def __init__(self, root: Path, owner: str) -> None:
        """Take the place where the owner's folder is, or will be."""
        self._place, self._copy, self._before = root / owner, root / f".staging-{owner}", root / f".before-{owner}"
        self._swapped = False

    def begin(self) -> None:
        """Make the copy. Raises FolderBusy."""
        self._copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._copy.mkdir()
        except FileExistsError:
            words = f"Somebody else is changing this wording just now. If nobody is, delete the folder {self._copy} and try again."
            raise FolderBusy(words) from None
        if self._before.exists():  # the machine stopped while a change was being put in place
            if self._place.exists():
                shutil.rmtree(self._before)
            else:
                self._before.rename(self._place)
        if self._place.exists():
            shutil.copytree(self._place, self._copy, dirs_exist_ok=True)

    def put(self, saving: Saving) -> None:
        """Keep a text."""
        folder = self._folder(saving.template, saving.language)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / FILES[saving.channel]).write_text(saving.text, "utf-8", newline="\n")
        told: dict[str, Any] = {"based_on": saving.based_on, "sha256": text_hash(saving.text)}
        if saving.english:
            told["english"] = saving.english
        told |= {"saved_by": saving.saved_by, "saved_at": saving.saved_at, "note": saving.note}
        self._tell(folder, saving.channel, told)

    def remove(self, template: str, language: str, channel: str) -> bool:
        """Take a text away; whether there was one."""
        folder = self._folder(template, language)
        file = folder / FILES[channel]
        if not file.exists():
            return False
        file.unlink()
        self._tell(folder, channel, None)
        for empty in (folder, folder.parent):
            if not any(empty.iterdir()):
                empty.rmdir()
        return True

    def _folder(self, template: str, language: str) -> Path:
        # the callers name messages that exist; here nothing may leave the folder, whoever calls
        if not TEMPLATE.fullmatch(template) or not LANGUAGE.fullmatch(language):
            raise ValueError(f"{template!r} in {language!r} cannot be the name of a folder")
        return self._copy / template / language

    def _tell(self, folder: Path, channel: str, told: dict[str, Any] | None) -> None:
        path = folder / ABOUT
        try:
            kept = tomllib.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            kept = {}
        kept.pop(channel, None)
        if told is not None:
            kept[channel] = told
        if not kept:
            path.unlink(missing_ok=True)
            return
        document = tomlkit.document()
        document.add(tomlkit.comment(_HEADER))
        for name in sorted(kept):
            document[name] = kept[name]
        path.write_text(tomlkit.dumps(document), "utf-8", newline="\n")

    def put_in_place(self) -> None:
        """Let the changed copy count."""
        if self._place.exists():
            self._place.rename(self._before)
        self._copy.rename(self._place)
        self._swapped = True

    def undo(self) -> None:
        """Let what was there before count again."""
        if self._swapped:
            shutil.rmtree(self._place)
            if self._before.exists():
                self._before.rename(self._place)
            self._swapped = False

    def end(self) -> None:
        """Leave nothing beside the owner's folder."""
        for folder in (self._copy, self._before):
            if folder.exists():
                shutil.rmtree(folder)


@contextmanager
def staged(root: Path, owner: str) -> Iterator[Staged]:
    """Change an owner's folder below `root`; an exception undoes everything. Raises FolderBusy.

    The one who changes calls `put_in_place` when all is written.
    """
    if not OWNER.fullmatch(owner):
        raise ValueError(f"{owner!r} cannot be the name of a folder")
    change = Staged(root, owner)
    change.begin()
    try:
        yield change
    except BaseException:
        change.undo()
        raise
    finally:
        change.end()
