"""Reads own wording from its folder: the texts, and beside them who saved them and for which English.

Nothing here raises: what cannot be used is returned with its fault, so that a bad file never stops a message.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from notifier.wording.own_text import FILES, OWN_CHANNELS

ABOUT: Final = "wording.toml"
"""The file beside a language's texts that says who saved them, and for which English."""

LARGEST: Final = 64_000
"""Bytes; a larger file is not read."""


@dataclass(frozen=True, slots=True)
class OwnWords:
    """One channel of one message in one language, as an owner (a school, or a trust) keeps it.

    `based_on` is the digest of the shipped English it was written for, `english` (not for English itself) that of the English it
    says the same as. `fault` says why the files cannot be used, and is empty where they can.
    """

    owner: str
    template: str
    language: str
    channel: str
    text: str
    based_on: str = ""
    english: str = ""
    saved_by: str = ""
    saved_at: datetime | None = None
    note: str = ""
    fault: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """Message, language and channel."""
        return self.template, self.language, self.channel


def text_hash(text: str) -> str:
    """The checksum `wording.toml` keeps of a text, so that a change by hand is noticed."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_owner(root: Path, owner: str) -> dict[tuple[str, str, str], OwnWords]:
    """What an owner keeps below the folder of own wording, by message, language and channel. Never raises for a bad file."""
    found = {}
    for folder in sorted((root / owner).glob("*/*")):
        if not folder.is_dir() or any(part.startswith(".") for part in folder.parts[-2:]):
            continue
        about, fault = _about(folder / ABOUT)
        for channel in OWN_CHANNELS:
            if (folder / FILES[channel]).is_file():
                words = _words(owner, folder, channel, about, fault)
                found[words.place] = words
    return found


def _about(path: Path) -> tuple[dict[str, Any], str]:
    text, fault = _read(path)
    if fault:
        return {}, f"{ABOUT} beside it {fault}"
    try:
        return tomllib.loads(text), ""
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        return {}, f"{ABOUT} beside it is not valid TOML: {problem}"


def _read(path: Path) -> tuple[str, str]:
    try:
        if path.stat().st_size > LARGEST:
            return "", f"is larger than {LARGEST:,} bytes"
        return path.read_text("utf-8"), ""
    except FileNotFoundError:
        return "", "is missing"
    except UnicodeDecodeError:
        return "", "is not UTF-8"
    except OSError as problem:
        return "", f"cannot be read: {problem.strerror}"


def _words(owner: str, folder: Path, channel: str, about: Mapping[str, Any], fault: str) -> OwnWords:
    key, language = folder.parts[-2:]
    text, unread = _read(folder / FILES[channel])
    told = about.get(channel)
    if unread:
        fault = f"{FILES[channel]} {unread}"
    elif not fault and not isinstance(told, dict):
        fault = f"{ABOUT} beside it has no [{channel}]: the text was never saved with this program"
    told = told if isinstance(told, dict) else {}
    if not fault and told.get("sha256") != text_hash(text):
        fault = "the text was changed by hand after it was saved"
    said = {
        name: value if isinstance(value := told.get(name), str) else ""
        for name in ("based_on", "english", "saved_by", "note")
    }
    saved_at = told.get("saved_at")
    return OwnWords(
        owner, key, language, channel, text, **said, saved_at=saved_at if isinstance(saved_at, datetime) else None, fault=fault
    )  # fmt: skip
