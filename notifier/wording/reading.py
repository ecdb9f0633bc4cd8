"""How old a reader must be to follow the English of a message, as far as a formula can say.

The measure is the Flesch-Kincaid grade (Kincaid, Fishburne, Rogers and Chissom, "Derivation of New Readability Formulas", Naval
Technical Training Command, Research Branch Report 8-75, 1975): 0.39 x words per sentence + 11.8 x syllables per word - 15.59.
An American grade and five make an age. Syllables are counted by groups of vowels, because the libraries that look them up either
fetch a dictionary when they run (textstat) or count fewer (hyphenation patterns leave short beginnings and ends whole). Letters that
are spelt out (NHS) and numbers count as one syllable.

What it cannot say: whether the words are known ones, whether the order helps, whether the tone is kind. One long word weighs heavily
in a short text, so a whole message is measured, all its sentences together, and short messages get some room.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from notifier.wording.catalogues import PLACEHOLDER

MOST_AGE: Final = 9.0
"""The highest reading age of a message to families, in years. The shipped messages lie between 4 and 9."""

SHORT: Final = 20
"""Below this number of words one long word can move the measure by years, so that ROOM_FOR_SHORT is added to the limit."""

ROOM_FOR_SHORT: Final = 3.0
"""In years. "Please bring a jumper and a bottle of water tomorrow morning", which any nine-year-old can read, measures 11.9."""

MOST_WORDS: Final = 25
"""The most words one sentence may have."""

_STAND_IN: Final = "Sam"  # names, dates and numbers are what they are: one short word each
_ENDS = re.compile(r"(?<=[.?!])\s+|\n+")
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)*|\d+")
_VOWELS = re.compile(r"[aeiouy]+")
_SILENT_END = re.compile(r"(?:[^laeiouy]e|[^laeiouytd]ed|[^laeiouyscgzx]es|[aeiouy]le)$")
_SILENT_INSIDE = re.compile(r"[^laeiouy]e(?:ly|ments?|ful|less|ness)$")
_TWO_SOUNDS = re.compile(r"(?<![tscg])i(?:[ao](?!u)|er\b|ety)|eo(?!u)|ua(?!r)|uou|ying|[^q]ui(?:n|ty)|oing")


def spoken_sentences(texts: Iterable[str]) -> list[str]:
    """The sentences of several texts, with a short word for every placeholder. What stands before "school: " is no sentence."""
    found: list[str] = []
    for text in texts:
        plain = PLACEHOLDER.sub(_STAND_IN, re.sub(r"^%\(school\)s: ", "", text))
        found += [sentence for sentence in _ENDS.split(plain) if _WORD.search(sentence)]
    return found


def words_in(sentence: str) -> int:
    """How many words a sentence has; a number is one."""
    return len(_WORD.findall(sentence))


@lru_cache(maxsize=4096)
def syllables(word: str) -> int:
    """How many syllables an English word has, by its groups of vowels; at least 1."""
    low = re.sub(r"[^a-z]", "", word.lower())
    count = len(_VOWELS.findall(low)) + len(_TWO_SOUNDS.findall(low))
    if count > 1 and (_SILENT_END.search(low) or _SILENT_INSIDE.search(low)):
        count -= 1
    return max(count, 1)


def reading_age(texts: Iterable[str]) -> float | None:
    """The reading age of several texts together, in years; None where there is no sentence of more than three words."""
    measured = _measured(texts)
    return measured[0] if measured else None


def too_hard(texts: Iterable[str]) -> tuple[float, float] | None:
    """The reading age of a message's texts and the limit it breaks, both in years; None where it keeps to the limit."""
    measured = _measured(texts)
    if measured is None:
        return None
    age, words = measured
    limit = MOST_AGE if words >= SHORT else MOST_AGE + ROOM_FOR_SHORT
    return (age, limit) if age > limit else None


def _measured(texts: Iterable[str]) -> tuple[float, int] | None:
    """The reading age in years, and over how many words."""
    sentences = [sentence for sentence in spoken_sentences(texts) if words_in(sentence) > 3]
    words = [word for sentence in sentences for word in _WORD.findall(sentence)]
    if not words:
        return None
    grade = 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59
    return grade + 5, len(words)
