"""Loads the words by which replies are understood, one file a language, and checks every line of them.

A file is config/replies/<language>.toml. What it may hold is described in docs/explanation/replies.md; a mistake is refused with the
file, the key and what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from notifier.configuration.errors import ConfigurationError, Problem, read_toml
from notifier.configuration.kept import Files, files_of
from notifier.domain.replies import Intent
from notifier.domain.reply_lexicon import (
    Anchors,
    LexiconLanguage,
    PhraseError,
    ReplyLexicon,
    Rule,
    assemble,
    compile_any,
    compile_phrase,
    whole_message,
)
from notifier.domain.reply_text import fold
from notifier.paths import data_folder

STATUSES: Final = ("complete", "draft")
_COMMANDS: Final = ("stop", "start", "help")
_KEYS: Final = frozenset(
    {
        "language",
        "name",
        "status",
        "reviewed",
        "source",
        "marks",
        "spellings",
        "words",
        "commands",
        "negation",
        "rules",
        "returns",
    }
)
_RULE_KEYS: Final = frozenset({"intent", "weight", "phrases", "unless", "before", "after", "negatable"})
# What a "not" in front takes back. The others are said with negations themselves, or must never be lost by one.
_NEGATABLE: Final = frozenset(
    {
        Intent.ILLNESS,
        Intent.MEDICAL,
        Intent.LATE,
        Intent.HOLIDAY,
        Intent.BEREAVEMENT,
        Intent.RELIGIOUS,
        Intent.TRANSPORT,
    }
)


_Around: TypeAlias = tuple[re.Pattern[str] | None, re.Pattern[str] | None, re.Pattern[str] | None]


class LexiconError(ConfigurationError):
    """A lexicon file that cannot be used: the file, the key and what was expected."""

    def __init__(self, file: str, key: str, message: str) -> None:
        super().__init__([Problem(file, key, message)])


def load_lexicon(config_dir: Path | None = None) -> ReplyLexicon:
    """All languages of config/replies, compiled. Without `config_dir`, the shipped folder.

    Raises ConfigurationError for a missing folder, an unreadable file or a wrong value.
    """
    folder = (config_dir or data_folder("config")) / "replies"
    return _load(files_of(folder, folder.glob("*.toml")))


@lru_cache(maxsize=4)
def _load(found: Files) -> ReplyLexicon:
    files = sorted(found.folder.glob("*.toml"))
    if not files:
        raise LexiconError("config/replies", "", "holds no *.toml; there must be one for each language")
    languages: list[LexiconLanguage] = []
    rules: list[tuple[Rule, Anchors]] = []
    whole: dict[str, tuple[str, str]] = {}
    for file in files:
        reader = _FileReader(file)
        language, own_rules, own_whole = reader.read()
        if language.tag in {known.tag for known in languages}:
            raise LexiconError(file.name, "language", f"'{language.tag}' already has a file")
        languages.append(language)
        rules.extend(own_rules)
        for key, command in own_whole.items():
            whole.setdefault(key, (command, language.tag))
    return assemble(languages, rules, whole)


class _FileReader:
    """Checks and compiles one language's file; the first mistake ends it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.table = read_toml(file, source=file.name)
        unknown = sorted(set(self.table) - _KEYS)
        if unknown:
            raise self.refused(unknown[0], f"unknown key; expected one of {', '.join(sorted(_KEYS))}")
        self.tag = self.text("language")
        self.spellings = self.read_spellings()
        self.classes = {name: self.texts(f"words.{name}", value) for name, value in self.section("words").items()}

    def read(self) -> tuple[LexiconLanguage, list[tuple[Rule, Anchors]], dict[str, str]]:
        status = self.text("status")
        if status not in STATUSES:
            raise self.refused("status", f"'{status}' is not one of {', '.join(STATUSES)}")
        reviewed = self.table.get("reviewed")
        if not isinstance(reviewed, date):
            raise self.refused("reviewed", "expected a date such as 2026-11-22")
        rules = [rule for number, table in enumerate(self.rule_tables(), 1) for rule in self.read_rule(number, table)]
        rules += self.read_phrases(
            "returns", None, 0.5, self.texts("returns", self.table.get("returns", [])), (None, None, None)
        )
        language = LexiconLanguage(
            tag=self.tag,
            name=self.text("name"),
            status=status,
            reviewed=reviewed.isoformat(),
            spellings=self.spellings,
            marks=frozenset(fold(mark).replace("'", "") for mark in self.texts("marks", self.table.get("marks", []))),
            intents=frozenset(rule.intent for rule, _ in rules if rule.intent is not None),
        )
        return language, rules, self.read_commands()

    def refused(self, key: str, expected: str) -> LexiconError:
        return LexiconError(self.file.name, key, expected)

    def text(self, key: str) -> str:
        value = self.table.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.refused(key, "expected a text")
        return value

    def texts(self, key: str, value: object) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise self.refused(key, "expected a list of texts")
        return list(value)

    def section(self, key: str) -> Mapping[str, Any]:
        value = self.table.get(key, {})
        if not isinstance(value, dict):
            raise self.refused(key, "expected a table")
        return value

    def read_spellings(self) -> dict[str, str]:
        """From variant to regular spelling. A key beginning with ~ is an ending after an apostrophe."""
        spellings: dict[str, str] = {}
        for regular, variants in self.section("spellings").items():
            for variant in self.texts(f"spellings.{regular}", variants):
                folded = fold(variant)
                if folded in spellings:
                    raise self.refused(f"spellings.{regular}", f"'{variant}' already stands for '{spellings[folded]}'")
                spellings[folded] = fold(regular)
        return spellings

    def read_commands(self) -> dict[str, str]:
        whole: dict[str, str] = {}
        for command, words in self.section("commands").items():
            if command not in _COMMANDS:
                raise self.refused(f"commands.{command}", f"unknown; expected one of {', '.join(_COMMANDS)}")
            for word in self.texts(f"commands.{command}", words):
                whole[whole_message(word)] = command
        return whole

    def rule_tables(self) -> list[dict[str, Any]]:
        tables = self.table.get("rules", [])
        if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
            raise self.refused("rules", "expected at least one [[rules]] table")
        return tables

    def read_rule(self, number: int, table: Mapping[str, Any]) -> list[tuple[Rule, Anchors]]:
        where = f"rules[{number}]"
        unknown = sorted(set(table) - _RULE_KEYS)
        if unknown:
            raise self.refused(f"{where}.{unknown[0]}", f"unknown key; expected one of {', '.join(sorted(_RULE_KEYS))}")
        try:
            intent = Intent(table.get("intent", ""))
        except ValueError:
            raise self.refused(f"{where}.intent", f"expected one of {', '.join(Intent)}") from None
        weight = table.get("weight")
        if not isinstance(weight, float) or not 0 < weight < 1:
            raise self.refused(f"{where}.weight", "expected a number between 0 and 1, such as 0.9")
        before = self.texts(f"{where}.before", table.get("before", []))
        after = self.texts(f"{where}.after", table.get("after", []))
        if table.get("negatable", intent in _NEGATABLE):
            negation = self.section("negation")
            before += self.texts("negation.before", negation.get("before", []))
            after += self.texts("negation.after", negation.get("after", []))
        unless = self.texts(f"{where}.unless", table.get("unless", []))
        around = (
            self.any_of(f"{where}.unless", unless),
            self.any_of(f"{where}.before", before, end="$"),
            self.any_of(f"{where}.after", after, start="^"),
        )
        return self.read_phrases(where, intent, weight, self.texts(f"{where}.phrases", table.get("phrases")), around)

    def any_of(self, key: str, phrases: list[str], *, start: str = "", end: str = "") -> re.Pattern[str] | None:
        try:
            return compile_any(phrases, classes=self.classes, spellings=self.spellings, start=start, end=end)
        except PhraseError as problem:
            raise self.refused(key, str(problem).rstrip(".")) from problem

    def read_phrases(
        self, where: str, intent: Intent | None, weight: float, phrases: list[str], around: _Around
    ) -> list[tuple[Rule, Anchors]]:
        compiled: list[tuple[Rule, Anchors]] = []
        for phrase in phrases:
            try:
                pattern, anchors = compile_phrase(phrase, classes=self.classes, spellings=self.spellings)
            except PhraseError as problem:
                raise self.refused(f"{where}.phrases", str(problem).rstrip(".")) from problem
            if not anchors.words and not anchors.stems:
                raise self.refused(f"{where}.phrases", f"'{phrase}' needs at least one word that must be there")
            rule = Rule(phrase, self.tag, intent, weight, re.compile(pattern), *around)
            compiled.append((rule, anchors))
        return compiled
