"""Two made-up languages that show faults before any translator has worked: en-XA and ar-XB.

en-XA is English with accents, two fifths longer and in brackets: what stays plain cannot be translated, what loses its bracket was
cut or glued. ar-XB is English between Arabic tatweel signs, so that every word belongs to the right-to-left line: what does not begin
at the right is set wrongly. Both keep placeholders and numbers. They are for previews and tests, and are never sent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from notifier.wording.catalogues import DRAFT, PLACEHOLDER, Entry, LanguageCatalogue, Sentence, english_hash

ACCENTED: Final = "en-XA"
MIRRORED: Final = "ar-XB"
PSEUDO: Final = frozenset({ACCENTED, MIRRORED})

LONGER: Final = 0.4
"""By how much en-XA is longer than the English, as translations of short sentences are."""

TATWEEL: Final = "\u0640"
"""A letter of the right-to-left line that every phone can show; nothing on the way to a phone takes it out."""

_ACCENTS: Final = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "áƀçðéƒĝĥîĵķļɱñóþɋŕšţûṽŵẋýžÅƁÇÐÉƑĜĤÎĴĶĻṀÑÓÞɊŔŠŢÛṼŴẊÝŽ",
)
_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")


def accented(english: str) -> str:
    """A sentence in en-XA. A text sent as it is would show by its brackets that a placeholder was cut."""
    made = _outside(english, lambda text: text.translate(_ACCENTS))
    more = round(len(PLACEHOLDER.sub("", english)) * LONGER)
    return f"[{made} {'~' * max(more - 3, 1)}]"


def mirrored(english: str) -> str:
    """A sentence in ar-XB. It always begins with a right-to-left letter, even before a placeholder or a number."""
    made = _outside(english, lambda text: _WORD.sub(lambda word: f"{TATWEEL}{word.group()}{TATWEEL}", text))
    return made if made.startswith(TATWEEL) else f"{TATWEEL} {made}"


def _outside(english: str, change: Callable[[str], str]) -> str:
    """A sentence with everything but its placeholders changed."""
    parts, last = [], 0
    for held in PLACEHOLDER.finditer(english):
        parts += [change(english[last : held.start()]), held.group()]
        last = held.end()
    return "".join([*parts, change(english[last:])])


def pseudo_catalogues(sentences: Iterable[Sentence]) -> dict[str, LanguageCatalogue]:
    """Both made-up languages for these sentences, by tag; every entry is a draft that nobody can approve."""
    known = list(sentences)
    return {
        language: LanguageCatalogue(language, {(entry.context, entry.english): entry for entry in entries})
        for language, make in ((ACCENTED, accented), (MIRRORED, mirrored))
        for entries in [[_entry(sentence, make(sentence.english)) for sentence in known]]
    }


def _entry(sentence: Sentence, words: str) -> Entry:
    hashed = english_hash(sentence.context, sentence.english)
    return Entry(sentence.context, sentence.english, words, DRAFT, hashed)
