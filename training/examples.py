"""The labelled replies that the model is taught with: read, checked, and kept apart from everything it is measured with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from notifier.domain.replies import Intent
from notifier.domain.reply_text import fold

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "training" / "replies"
MEASURED_WITH: Final = ROOT / "tests" / "data"


@dataclass(frozen=True, slots=True)
class Example:
    """One invented reply and what it means. `source` is the file it stands in, without its ending."""

    source: str
    language: str
    intent: Intent
    text: str

    @property
    def group(self) -> str:
        """English or any other language: thresholds are chosen for each."""
        return "en" if self.language == "en" else "other"


def read_examples() -> list[Example]:
    """All examples, each text once, none that equals a reply of a measured set. Raises ValueError naming file and line."""
    seen = {_key(text) for text in _measured_texts()}
    examples: list[Example] = []
    for file in sorted(FOLDER.glob("*.tsv")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            example = _read(file.stem, line, f"{file.name}, line {number}")
            if (key := _key(example.text)) not in seen:
                seen.add(key)
                examples.append(example)
    return examples


def _read(source: str, line: str, where: str) -> Example:
    cells = line.split("\t")
    if len(cells) not in (2, 3) or not cells[-1].strip():
        raise ValueError(f"{where}: expected label, tab, text, or language, tab, label, tab, text")
    language, label, text = ("en", *cells) if len(cells) == 2 else cells
    if label not in set(Intent):
        raise ValueError(f"{where}: '{label}' is not one of {', '.join(Intent)}")
    return Example(source, language, Intent(label), text)


def digest() -> str:
    """SHA-256 over the training files in order of name: what the learned numbers belong to."""
    total = hashlib.sha256()
    for file in sorted(FOLDER.glob("*.tsv")):
        total.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return total.hexdigest()


def _key(text: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in fold(text)).split()) or text.strip()


def _measured_texts() -> Iterator[str]:
    for file in sorted(MEASURED_WITH.glob("replies_*")):
        content = file.read_text(encoding="utf-8")
        if file.suffix == ".json":
            yield from (reply["text"] for reply in json.loads(content)["replies"])
        else:
            for line in content.splitlines():
                yield from line.split("\t")[:3]
