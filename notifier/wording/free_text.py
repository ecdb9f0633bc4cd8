"""What a member of staff writes to one carer in their own words: what may not be in it, before it is shown with its cost and sent.

It goes out as a value of the message `answer_free`, so nothing in it is ever read as a template; braces are refused all the same.
The lists of words are those of the shipped wording (`words`), by the language the writer says it is in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

from notifier.wording.letters import letters
from notifier.wording.values import clean
from notifier.wording.words import forbidden, tokens

TEMPLATE: Final = "answer_free"
LONGEST: Final = 400
"""Characters; beyond that somebody should ring."""

MOST_PARTS: Final = 3
"""Parts of a text, with its frame."""

_MARKUP: Final = re.compile(r"<\s*[!/?a-zA-Z]|&#?\w+;", re.ASCII)
_CODE: Final = re.compile(r"\bcode\s+['\"(]?[A-Z]\d?\b", re.IGNORECASE)


def tidy(text: str) -> str:
    """The words as they will go out: on one line, without signs that steer the direction of writing."""
    return " ".join(clean(" ".join(unicodedata.normalize("NFC", text).split())).split())


def faults(
    text: str, *, channel: str, language: str, surnames: Iterable[str] = (), others: Iterable[str] = ()
) -> list[str]:
    """What keeps the words from being sent, in sentences for the writer; an empty list means they may go.

    `surnames` and `others` are family names and the given names of other pupils that the text must not hold.
    """
    return list(dict.fromkeys(_faults(text, channel, language, surnames, others)))


def _faults(text: str, channel: str, language: str, surnames: Iterable[str], others: Iterable[str]) -> Iterator[str]:
    if not text.strip():
        yield "Write what you want to say, or choose one of the phrases."
        return
    if len(text) > LONGEST:
        yield f"It has {len(text)} characters; at most {LONGEST} are allowed. Use fewer words, or ring."
    if "{" in text or "}" in text:
        yield "Take the braces { } out: nothing is filled in here."
    if _MARKUP.search(text):
        yield "Take the angle brackets out: it goes as plain words."
    if _CODE.search(text):
        yield "It speaks of an attendance code. Say it in ordinary words."
    base = language.partition("-")[0]
    for what, remedy in [*letters(base, text, channel=channel), *forbidden(base, text, family="first_day")]:
        yield f"{what} {remedy}"
    said = set(tokens(text))
    for name in surnames:
        if said & {part for part in tokens(name) if len(part) > 1}:
            yield f"It holds the family name {name}. Messages hold given names only: somebody else may read the telephone."
    for name in others:
        if (parts := tokens(name)) and set(parts) <= said:
            yield f"It names {name}, another child. A message to one family never does."
