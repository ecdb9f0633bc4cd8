"""Loads the words by which facts are read out of replies: config/reply_facts.toml, and the weekday names of CLDR."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from babel import Locale

from notifier.configuration.errors import ConfigurationError, Problem, read_toml
from notifier.configuration.kept import Files, files_of
from notifier.domain.reply_facts import FactWords
from notifier.domain.reply_text import fold, tokens_of
from notifier.paths import data_folder

FILE: Final = "reply_facts.toml"
_LANGUAGES: Final = ("pl", "ro", "ur", "bn", "pa", "ar", "pt", "es", "so", "tr", "uk", "cy")
_WORD_LISTS: Final = frozenset({"tomorrow", "returning", "staying", "past", "together", "denials"})
_TABLES: Final = frozenset({"days", "months", "numbers", "words", "conditions"})


def load_fact_words(config_dir: Path | None = None) -> FactWords:
    """The words, from the folder or from the shipped one. Raises ConfigurationError naming file, key and what was expected."""
    file = (config_dir or data_folder("config")) / FILE
    file = file if file.is_file() else data_folder("config") / FILE
    return _load(files_of(file.parent, [file]))


@lru_cache(maxsize=4)
def _load(files: Files) -> FactWords:
    table = read_toml(files.folder / Path(FILE).name, source=FILE)
    if wrong := sorted(set(table) ^ _TABLES):
        raise _refused(wrong[0], f"expected the tables {', '.join(sorted(_TABLES))} and no other")
    words = table["words"]
    if wrong := sorted(set(words) ^ _WORD_LISTS):
        raise _refused(f"words.{wrong[0]}", f"expected the lists {', '.join(sorted(_WORD_LISTS))} and no other")
    days = {**_cldr_days(), **_numbered("days", table["days"], 7)}
    return FactWords(
        days=days,
        months=_numbered("months", table["months"], 12),
        numbers=_numbered("numbers", table["numbers"], 31),
        tomorrow=_set("tomorrow", words),
        returning=_set("returning", words),
        staying=_set("staying", words),
        past=_set("past", words),
        together=_phrases("words.together", words["together"]),
        denials=_set("denials", words),
        conditions={name: _phrases(f"conditions.{name}", phrases) for name, phrases in table["conditions"].items()},
    )


def _refused(key: str, expected: str) -> ConfigurationError:
    return ConfigurationError([Problem(FILE, key, expected)])


def _texts(key: str, value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) and fold(item).strip() for item in value):
        raise _refused(key, "expected a list of texts")
    return value


def _numbered(name: str, table: Mapping[str, Any], most: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, texts in table.items():
        if not number.isdecimal() or not 1 <= int(number) <= most:
            raise _refused(f"{name}.{number}", f"expected a number from 1 to {most}")
        found.update({fold(text): int(number) for text in _texts(f"{name}.{number}", texts)})
    return found


def _set(name: str, words: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(fold(text) for text in _texts(f"words.{name}", words[name]))


def _phrases(key: str, value: object) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(f"{word}*" if starred else word for word, starred in _words_of(text)) for text in _texts(key, value)
    )


def _words_of(text: str) -> list[tuple[str, bool]]:
    return [
        (word, part.endswith("*"))
        for part in text.split()
        for word in [token for token in tokens_of(part.rstrip("*")) if token not in {".", "?"}]
    ]


def _cldr_days() -> dict[str, int]:
    days: dict[str, int] = {}
    for language in _LANGUAGES:
        for form in ("format", "stand-alone"):
            for number, name in Locale.parse(language).days[form]["wide"].items():
                first = tokens_of(name)
                if len(first) == 1:
                    days[first[0]] = number + 1
    return days
