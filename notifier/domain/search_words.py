"""The words by which a text is found again, in any script: the same ones for what is kept and for what somebody types.

A word is a run of letters and digits, without capitals and accents ("Zoë" is found by "zoe"). Vowel signs of Bengali or Gurmukhi
are part of their words. Tokens of answer links are left out before anything is made of a text. Nothing here knows a database.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

from notifier.domain.answer_tokens import without_tokens

MOST_LETTERS: Final = 20_000
"""What of a text is looked at: an e-mail may quote years of others."""

LONGEST: Final = 40
"""Letters of a word that count."""

_ASCII = re.compile(r"[a-z0-9]+")
_APOSTROPHES = re.compile(r"(?<=\w)['’ʼ](?=\w)")
_WITHOUT_STROKE = str.maketrans("łøđħıŧ", "lodhit")
_VOWEL_SIGNS: Final = frozenset({0, 7, 9})
"""Combining classes of marks that are letters to whoever reads them: Indic vowel signs, nukta, virama."""


def words_of(text: str) -> frozenset[str]:
    """The different words of a text."""
    plain = _APOSTROPHES.sub("", without_tokens(text)[:MOST_LETTERS])
    if plain.isascii():
        return frozenset(word[:LONGEST] for word in _ASCII.findall(plain.lower()))
    return frozenset(word[:LONGEST] for word in _letters(plain).split())


class _Kept(dict[int, str]):
    """For `str.translate`: what is kept of a character, worked out once for each that is met."""

    def __missing__(self, number: int) -> str:
        letter = chr(number)
        kind = unicodedata.category(letter)[0]
        whole = kind in "LN" or (kind == "M" and unicodedata.combining(letter) in _VOWEL_SIGNS)
        kept = self[number] = letter if whole else ("" if kind == "M" else " ")
        return kept


_KEPT = _Kept()


def _letters(text: str) -> str:
    """The letters and digits of a text, with a space for everything between words."""
    return unicodedata.normalize("NFKD", text.casefold()).translate(_WITHOUT_STROKE).translate(_KEPT)


def school_mark(school_id: str) -> str:
    """What stands before each kept word: six characters for a school, so that a word is looked up in one school only.

    Two schools may share a mark; whoever looks up compares the school as well.
    """
    return hashlib.sha256(school_id.encode()).hexdigest()[:6]


def kept_words(school_id: str, *texts: str | None) -> str:
    """The words of texts as they are kept: marked, sorted, with single spaces between."""
    mark = school_mark(school_id)
    found = frozenset().union(*(words_of(text) for text in texts if text))
    return " ".join(sorted(mark + word for word in found))


def wanted_words(school_id: str, typed: str) -> tuple[str, ...]:
    """The kept words that somebody looks for, each of which may go on: "medic" finds "medicine"."""
    mark = school_mark(school_id)
    return tuple(sorted(mark + word for word in words_of(typed)))


def folded(text: str) -> str:
    """A name for comparing: without capitals, accents and punctuation."""
    return " ".join(_letters(text).split())
