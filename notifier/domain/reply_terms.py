"""Cuts a reply into the pieces that the statistical model counts: words, pairs of words, and short runs of letters.

Training and reading use this one module, so that the model always sees texts the way it was taught. Digits lose their value, long
drawn letters are shortened, accents count both with and without, and a picture is a word of its own. Nothing here knows what a
piece means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from notifier.domain.reply_text import fold

LONGEST: Final = 600
"""Characters looked at: in a longer mail the reason stands before that."""

_ENDING_LL: Final = re.compile(r"(?<=[^\W_])['’‘ʼ`´]ll\b", re.IGNORECASE)  # "I'll" must never become "ill"
_APOSTROPHE: Final = re.compile(r"(?<=[^\W_])['’‘ʼ`´](?=[^\W_])")
_DRAWN: Final = re.compile(r"([^\W\d_])\1{2,}")
_DIGIT: Final = re.compile(r"\d")
_PIECE: Final = re.compile(
    r"(?:[^\W_]|[#\u0900-\u0dff])+(?:[.:/](?=#)#+)*"
    r"|[?؟]+|!+"
    r"|[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
)
_SHORTEST_RUN: Final = 2
_LONGEST_RUN: Final = 5


def plain_line(text: str) -> str:
    """The text with case, digits, apostrophes and drawn-out letters made regular; accents stay."""
    line = _ENDING_LL.sub(" will", text[:LONGEST])
    line = _APOSTROPHE.sub("", line).casefold()
    return _DIGIT.sub("#", _DRAWN.sub(r"\1\1", line))


def pieces(text: str) -> list[str]:
    """Words, numbers, question and exclamation marks and pictures, in order."""
    return [found[0] if found[0] in "?!" else found for found in _PIECE.findall(text)]


def word_terms(text: str) -> Iterator[str]:
    """Single words, and pairs of neighbours with the ends of the message as neighbours; accented words also as written."""
    line = plain_line(text)
    words = pieces(fold(line))
    yield from words
    before = "<"
    for word in [*words, ">"]:
        yield f"{before} {word}"
        before = word
    if not line.isascii():
        known = set(words)
        for word in pieces(line):
            if word not in known:
                yield word
    yield f"length {min(len(words), 3) if len(words) < 4 else 4 + (len(words) > 8) + (len(words) > 20)}"


def letter_terms(text: str) -> Iterator[str]:
    """Runs of two to five letters within a word, its edges marked by a space."""
    for word in pieces(fold(plain_line(text))):
        edged = f" {word} "
        for size in range(_SHORTEST_RUN, _LONGEST_RUN + 1):
            for start in range(len(edged) - size + 1):
                yield edged[start : start + size]
            if len(edged) <= size:
                break
