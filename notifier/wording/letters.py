"""What may be wrong with the characters of a sentence, whatever it says: lost letters, hidden signs, broken direction, end signs.

Every finding is a pair: what is wrong, and what to do. Nothing here knows the meaning of a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from notifier.wording.catalogues import PLACEHOLDER
from notifier.wording.languages import direction

Finding = tuple[str, str]

FULL_STOPS: Final = {"bn": "।", "pa": "।", "ur": "۔"}
"""The full stop of a language that does not use "."."""

JOINERS_BELONG: Final = frozenset({"ur", "bn", "pa", "ar"})
"""Languages whose spelling may need the invisible joiners U+200C and U+200D."""

ABBREVIATIONS: Final = {"ro": ("dvs.",), "es": ("Ud.", "Uds."), "tr": ("vb.",), "pl": ("np.", "itd.")}
"""Words that end with a full stop of their own, which may also end a line without one."""

OVERRIDES = re.compile("[\u202a-\u202e]")
ISOLATES = re.compile("[\u2066-\u2069]")

_ENDS: Final = {
    ".": "full stop",
    "।": "full stop",
    "۔": "full stop",
    "?": "question mark",
    "؟": "question mark",
    "!": "exclamation mark",
    ":": "colon",
}
_INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad\u180e]")
_JOINERS = re.compile("[\u200c\u200d]")
_MARKS = re.compile("[\u200e\u200f\u061c]")
_HIDDEN_IN_PLACEHOLDER = re.compile(
    r"%[\u061c\u200e\u200f\u2066-\u2069]|%\([^)\s]*[\u061c\u200e\u200f\u2066-\u2069]|\)[\u061c\u200e\u200f\u2066-\u2069]+s\b"
)
_LOST = re.compile(r"[^\W_]\?[^\W_]|(?:^|\s)\?[^\W_]|\?\?")
_CEDILLA = re.compile("[ŞşŢţ]")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def letters(language: str, text: str, *, channel: str) -> Iterator[Finding]:
    """What is wrong with the characters of one sentence of a language. `channel` is "sms", "email", "email.subject" or "page"."""
    if not unicodedata.is_normalized("NFC", text):
        yield "Its accents are not composed (NFC).", "Save it again with composed letters."
    if "\ufffd" in text:
        yield "It holds the sign for a lost letter (U+FFFD).", "Write the letter again and save as UTF-8."
    if _LOST.search(PLACEHOLDER.sub("", text)):
        yield (
            "A question mark stands inside a word, as where letters were lost.",
            "Write the letters again and save as UTF-8.",
        )
    if _CONTROL.search(text):
        yield "It holds a control character.", "Take it out; a sentence stands on one line."
    hidden = _INVISIBLE.findall(text) or ([] if language in JOINERS_BELONG else _JOINERS.findall(text))
    if hidden:
        yield f"It holds an invisible character (U+{ord(hidden[0]):04X}).", "Delete it and type the place again."
    if "  " in text or text != text.strip():
        yield "It holds a doubled space, or one at its beginning or end.", "One space between words."
    if language == "ro" and _CEDILLA.search(text):
        yield "It holds ş or ţ with a cedilla.", "Romanian writes ș and ț with a comma below."
    yield from _direction(language, text, channel)


def _direction(language: str, text: str, channel: str) -> Iterator[Finding]:
    if OVERRIDES.search(text):
        yield "It holds a character that overrides the direction of writing.", "Take it out."
    if _HIDDEN_IN_PLACEHOLDER.search(text):
        yield "A placeholder holds a hidden direction mark.", "Type the placeholder again, in Latin letters only."
    if not balanced(text):
        yield "Its direction isolates are not closed in order.", "Close every U+2066, U+2067 and U+2068 with U+2069."
    elif channel == "sms" and ISOLATES.search(text):
        yield "A text holds direction isolates, which old phones draw as boxes.", "Take them out."
    if direction(language) == "ltr" and _MARKS.search(text):
        yield "It holds a hidden direction mark, which this language does not need.", "Take it out."


def balanced(text: str) -> bool:
    """Whether every isolate is closed, and nothing is closed that was not opened."""
    depth = 0
    for character in text:
        if character in "\u2066\u2067\u2068":
            depth += 1
        elif character == "\u2069":
            depth -= 1
            if depth < 0:
                return False
    return depth == 0


def ending(language: str, english: str, text: str) -> Iterator[Finding]:
    """Whether a translation ends as its English does: a full stop of its script, a question mark, or no sign at all."""
    wanted, found = _end(english), _end(text)
    if wanted is None and text.endswith(ABBREVIATIONS.get(language, ("\0",))):
        return
    if wanted != found:
        what = f"It ends with {_told(found)}, the English with {_told(wanted)}."
        yield what, "End it as the English ends; the next sentence follows at once."
    elif wanted == "full stop" and text[-1] != (stop := FULL_STOPS.get(language, ".")):
        yield "It ends with the full stop of another script.", f"Write {stop} at the end."


def _end(text: str) -> str | None:
    return _ENDS.get(text[-1:])


def _told(end: str | None) -> str:
    return f"a {end}" if end and end[0] not in "aeiou" else f"an {end}" if end else "no sign"
