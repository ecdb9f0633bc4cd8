"""The words by which replies are understood: phrases of many languages, compiled once and frozen.

A phrase is written as people would read it: `was|got dropped ... off`. The small notation is explained at `compile_phrase`. Files
are read and checked by `notifier.configuration.replies`; the rules are applied by `notifier.domain.reply_reading`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from notifier.domain.replies import Intent
from notifier.domain.reply_text import fold, spelled, tokens_of

_WORD: Final = r"[^ .?]+"
_GAPS: Final = {
    "...": rf"(?: {_WORD}){{0,3}}",
    "..": rf"(?: {_WORD})?",
    "^": r"(?:\A|(?<= \.)|(?<= \?))",
    "$": r"(?= [.?]|\Z)",
}
_ANYTHING: Final = {"#": r" \d[^ ]*", "?": r" \?", "$": r"(?= [.?]|\Z)"}


class PhraseError(ValueError):
    """A phrase that cannot be understood; the words say which and why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One phrase and what it speaks for.

    `weight` is the confidence the phrase gives on its own (0 to 1). The match does not count where `unless` is found in the
    same sentence, `before` directly in front, or `after` directly behind. `intent` is None for phrases that tell of a return.
    """

    phrase: str
    language: str
    intent: Intent | None
    weight: float
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    before: re.Pattern[str] | None = None
    after: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class LexiconLanguage:
    """What is known of one language: its spellings, and the common words by which it is recognised.

    `status` is "complete" or "draft" (not read by a native speaker, only some intents). `reviewed` is an ISO date.
    """

    tag: str
    name: str
    status: str
    reviewed: str
    spellings: Mapping[str, str] = field(default_factory=dict)
    marks: frozenset[str] = frozenset()
    intents: frozenset[Intent] = frozenset()


@dataclass(frozen=True, slots=True)
class ReplyLexicon:
    """All languages together. `whole` maps a folded whole message to "stop", "start" or "help".

    `words` and `stems` lead from a word, or the beginning of one, to the rules that need it, so that only a few of the many
    phrases are tried on each reply.
    """

    languages: Mapping[str, LexiconLanguage]
    rules: tuple[Rule, ...]
    whole: Mapping[str, tuple[str, str]]
    words: Mapping[str, tuple[int, ...]]
    stems: Mapping[str, tuple[int, ...]]
    stem_lengths: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Anchors:
    """Words of which one must be in a text for a phrase to match; `stems` are beginnings of words."""

    words: frozenset[str]
    stems: frozenset[str]


def compile_phrase(
    phrase: str, *, classes: Mapping[str, Sequence[str]], spellings: Mapping[str, str]
) -> tuple[str, Anchors]:
    """The regular expression of a phrase, and the words to find it by (none for one that fits anything).

    Raises PhraseError.

    Notation: words stand one after the other; `a|b` either; `vomit*` any ending; `[the]` may be missing; `...` up to three other
    words; `..` up to one; `^` and `$` the start and the end of a sentence; `#` a word that begins with a digit; `{child}` any entry of that word list; `his_own` two words as one
    choice; `?` a question mark.
    """
    parts: list[str] = []
    anchors: list[Anchors] = []
    for raw in phrase.split():
        if raw in _GAPS:
            parts.append(_GAPS[raw])
            continue
        optional = raw.startswith("[") and raw.endswith("]")
        inner = raw[1:-1] if optional else raw
        if "[" in inner or "]" in inner:
            raise PhraseError(f"'{phrase}' has a stray bracket at '{raw}': brackets stand around one word or choice.")
        choice, anchor = _compile_choice(inner, phrase, classes, spellings)
        parts.append(f"(?:{choice})?" if optional else f"(?:{choice})")
        if not optional and anchor is not None:
            anchors.append(anchor)
    best = min(anchors, key=lambda one: len(one.words) + 2 * len(one.stems), default=Anchors(frozenset(), frozenset()))
    return "".join(parts) + r"(?= |\Z)", best


def _compile_choice(
    choice: str, phrase: str, classes: Mapping[str, Sequence[str]], spellings: Mapping[str, str]
) -> tuple[str, Anchors | None]:
    """One word or choice with the space in front of it, and its anchors; None where a choice could be anything."""
    options: list[str] = []
    for option in choice.split("|"):
        if option.startswith("{") and option.endswith("}"):
            if option[1:-1] not in classes:
                raise PhraseError(f"'{phrase}' uses the word list {option}, which is not defined.")
            options.extend(classes[option[1:-1]])
        else:
            options.append(option)
    patterns: list[str] = []
    words: set[str] = set()
    stems: set[str] = set()
    findable = True
    for option in dict.fromkeys(options):
        if option in _ANYTHING:
            patterns.append(_ANYTHING[option])
            findable = False
            continue
        stem = option.endswith("*")
        line = spelled(tokens_of(option.rstrip("*").replace("_", " ")), {} if stem else spellings).strip()
        if not line or line == "." or (stem and len(line) < 3):
            raise PhraseError(f"'{phrase}' has an empty or too short choice: '{option}'.")
        patterns.append(f" {re.escape(line)}".replace(r"\ ", " ") + (r"[^ .?]*" if stem else r"(?= |\Z)"))
        (stems if stem and " " not in line else words).add(line.split(" ")[0])
    return "|".join(patterns), Anchors(frozenset(words), frozenset(stems)) if findable else None


def compile_any(
    phrases: Sequence[str],
    *,
    classes: Mapping[str, Sequence[str]],
    spellings: Mapping[str, str],
    start: str = "",
    end: str = "",
) -> re.Pattern[str] | None:
    """One expression for any of the phrases, None for no phrases. Raises PhraseError."""
    if not phrases:
        return None
    compiled = [compile_phrase(phrase, classes=classes, spellings=spellings)[0] for phrase in phrases]
    return re.compile(f"{start}(?:{'|'.join(compiled)}){end}")


def assemble(
    languages: Sequence[LexiconLanguage],
    rules: Sequence[tuple[Rule, Anchors]],
    whole: Mapping[str, tuple[str, str]],
) -> ReplyLexicon:
    """Put checked languages and rules together with the index of the words they need."""
    words: dict[str, list[int]] = {}
    stems: dict[str, list[int]] = {}
    for number, (_, anchors) in enumerate(rules):
        for word in anchors.words:
            words.setdefault(word, []).append(number)
        for stem in anchors.stems:
            stems.setdefault(stem, []).append(number)
    return ReplyLexicon(
        languages=MappingProxyType({language.tag: language for language in languages}),
        rules=tuple(rule for rule, _ in rules),
        whole=MappingProxyType(dict(whole)),
        words=MappingProxyType({word: tuple(numbers) for word, numbers in words.items()}),
        stems=MappingProxyType({stem: tuple(numbers) for stem, numbers in stems.items()}),
        stem_lengths=tuple(sorted({len(stem) for stem in stems})),
    )


def whole_message(text: str) -> str:
    """The key under which a whole-message word is looked up: folded words, no punctuation."""
    return " ".join(token.replace("'", "") for token in tokens_of(fold(text)) if token not in {".", "?"})
