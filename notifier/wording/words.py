"""What a message to a family may not say: fines, codes, blame, prices, shares, names, illnesses, the sex of a child; and English left over.

The words stand by language in config/wording_checks.toml, with the words for what is wrong. Patterns that are no words (addresses,
numbers, capitals) stand here. Matching is by whole words of any script, which regular expressions of the standard library cannot do:
they take the vowel signs of Bengali and Gurmukhi for the ends of words.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from notifier.paths import data_folder
from notifier.wording.catalogues import PLACEHOLDER
from notifier.wording.languages import ENGLISH
from notifier.wording.letters import Finding

LISTS: Final = "wording_checks.toml"

# Twilio takes each of these, sent alone, for an opt-out, an opt-in or a call for help.
_KEYWORDS: Final = "STOP|UNSUBSCRIBE|END|QUIT|STOPALL|REVOKE|OPTOUT|CANCEL|START|YES|UNSTOP|HELP|INFO"
_SHORTENERS: Final = (
    r"bit\.ly|tinyurl\.com|goo\.gl|t\.co|ow\.ly|is\.gd|buff\.ly|rebrand\.ly|cutt\.ly|rb\.gy|shorturl\.at|tiny\.cc|t\.ly"
)

_PATTERNS: Final[tuple[tuple[re.Pattern[str], str, str], ...]] = (
    (
        re.compile(
            rf"\b(?:{_KEYWORDS})\b|(?i:\b(?:reply|answer|text|send|write)\s+(?:with\s+)?['\"]?(?:{_KEYWORDS})\b)"
        ),
        "It asks for a word that the provider takes for an opt-out or opt-in.",
        "Ask for the reason in the carer's own words.",
    ),
    (
        re.compile(r"(?i)\bcode ['\"(]?[A-Z]\b"),
        "It speaks of attendance codes or of authorising.",
        "Say only that the school does not know why.",
    ),
    (
        re.compile(r"[£€$]\s*\d|\d+\s*[£€$]|\b\d+p\b"),
        "It advertises something or names a price.",
        "Promotion turns a message from school into marketing; take it out.",
    ),
    (
        re.compile(
            rf"(?i)https?:|www\.|\b(?:javascript|vbscript|data)\s*:\s*\S*[(/;,]|\b(?:{_SHORTENERS})\b"
            r"|\b[\w-]{2,}\.(?:com|org|net|uk|gov|sch|info|example)\b(?:/\S*)?"
        ),
        "It holds a web address that is not a placeholder.",
        "Use a placeholder such as {{ nhs_link }}; never a shortened address, which families are told not to trust.",
    ),
    (
        re.compile(r"\b[\w.+-]+@[\w-]+\.\w+"),
        "It holds an e-mail address.",
        "Leave it out: families answer the message, and replies go where the school set.",
    ),
    (
        re.compile(r"\d(?:[\s().-]*\d){4,}"),
        "It holds a number that looks like a telephone number.",
        "Use {{ phone }}, which stands without spaces in every language.",
    ),
    (
        re.compile(r"!!|\b(?!UKHSA\b|CAMHS\b)[A-ZÀ-ÞĄ-Ž]{5,}\b"),
        "It shouts: capitals or exclamation marks.",
        "Write it in ordinary letters.",
    ),
)

_AFTER_NAME = re.compile(r"%\(pupils\)s ([^\W\d_]+)")
_LATIN_WORD = re.compile(r"(?<![\w%(])[A-Za-z]{2,}(?!\w)")
_NON_LATIN: Final = frozenset({"ur", "bn", "pa", "ar", "uk"})


@dataclass(frozen=True, slots=True)
class WordList:
    """Words by language that a message of certain families may not hold; `families` empty means every family."""

    name: str
    what: str
    remedy: str
    families: frozenset[str]
    words: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Lists:
    """Everything config/wording_checks.toml says."""

    forbidden: tuple[WordList, ...]
    gendered: WordList
    both: Mapping[str, tuple[str, ...]]
    english: WordList
    allowed: frozenset[str]
    joined: Mapping[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def lists() -> Lists:
    """The shipped word lists, read once. Raises FileNotFoundError, tomllib.TOMLDecodeError or KeyError for a spoilt file."""
    told = tomllib.loads((data_folder("config") / LISTS).read_text("utf-8"))
    english = told["english"]
    return Lists(
        forbidden=tuple(_list(about) for about in told["forbidden"]),
        gendered=_list({"name": "gendered", **told["gendered"]}),
        both=_folded_all(told["gendered"]["both"]),
        english=_list({"name": "english", **english, "words": {ENGLISH: english["words"]}}),
        allowed=frozenset(english["allowed"]),
        joined={language: tuple(letters) for language, letters in told["joined"].items()},
    )


def _list(about: Mapping[str, Any]) -> WordList:
    families = frozenset(about.get("families", ()))
    return WordList(about["name"], about["what"], about["remedy"], families, _folded_all(about["words"]))


def _folded_all(words: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {language: tuple(map(_listed, listed)) for language, listed in words.items()}


def _listed(word: str) -> str:
    """A word of a list as it is searched for: " whole " or " beginn"."""
    stem = word.endswith("*")
    return f" {' '.join(tokens(word.rstrip('*')))}{'' if stem else ' '}"


def tokens(text: str) -> list[str]:
    """The words of a text in any script, without regard to case. Apostrophes inside a word belong to it."""
    spread = []
    # the dot that folding leaves behind a Turkish capital İ
    for character in unicodedata.normalize("NFC", text.casefold().replace("i\u0307", "i")):
        if unicodedata.category(character)[0] in "LMN" or character in "\u200c\u200d'":
            spread.append(character)
        else:
            spread.append("'" if character in "’ʼ" else " ")
    return [word for word in (part.strip("'") for part in "".join(spread).split()) if word]


def _line(language: str, text: str) -> str:
    """A text as words between single spaces, ready to be searched."""
    if language == "tr":
        text = text.replace("I", "ı")
    words = tokens(PLACEHOLDER.sub(" . ", text))
    for letters in lists().joined.get(language, ()):
        words += ["·", *(word[len(letters) :] for word in words if word.startswith(letters) and len(word) > 3)]
    return f" {' '.join(words)} "


def _found(line: str, words: Iterable[str]) -> list[str]:
    return [word.strip() for word in words if word in line]


def forbidden(language: str, text: str, *, family: str) -> Iterator[Finding]:
    """What one sentence of a message of a family may not say."""
    words = PLACEHOLDER.sub("", text)
    for pattern, what, remedy in _PATTERNS:
        if pattern.search(words):
            yield what, remedy
    if (after := _AFTER_NAME.search(text)) and after.group(1).istitle():
        yield (
            f"A name follows the given name, as a surname would: {after.group(1)}.",
            "Use the given name only: {{ pupils }}.",
        )
    line = _line(language, text)
    for listed in lists().forbidden:
        if listed.families and family not in listed.families:
            continue
        if found := _found(line, listed.words.get(language, ())):
            yield f"{listed.what}: {', '.join(found)}.", listed.remedy


def gendered(language: str, text: str) -> Iterator[Finding]:
    """Whether a sentence supposes the sex of the child or the carer. Both forms together ("hijo o hija") suppose none."""
    told = lists()
    line = _line(language, text)
    for both in told.both.get(language, ()):
        line = line.replace(both, " ")
    if found := _found(line, told.gendered.words.get(language, ())):
        yield f"{told.gendered.what}: {', '.join(found)}.", told.gendered.remedy


def english_left(language: str, english: str, text: str) -> Iterator[Finding]:
    """Whether a translation is the English, or still holds words of it."""
    told = lists()
    own = [word for word in tokens(PLACEHOLDER.sub(" . ", text)) if word not in told.allowed and not word[0].isdigit()]
    if own and tokens(PLACEHOLDER.sub(" . ", text)) == tokens(PLACEHOLDER.sub(" . ", english)):
        yield "It is the English text.", "Translate it."
        return
    found = _found(_line(language, text), told.english.words[ENGLISH])
    if language in _NON_LATIN:
        latin = _LATIN_WORD.findall(PLACEHOLDER.sub(" . ", text))
        found += [word for word in latin if word.lower() not in told.allowed and word.lower() not in found]
    if found:
        yield f"{told.english.what}: {', '.join(found)}.", told.english.remedy
