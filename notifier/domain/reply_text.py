"""Turns what people type into words that can be compared, and cuts a mail's old thread away.

Accents, Arabic-script variants, apostrophes, capitals and invisible characters are folded on both sides, in texts and in the
lexicon alike, so that a carer who types without them is read just as well. What the words mean is not known here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

_APOSTROPHES: Final = dict.fromkeys(map(ord, "’‘ʼ`´ʹ＇"), "'")
_INVISIBLE: Final = dict.fromkeys(
    [0xAD, 0x640, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]
)
_LETTERS: Final = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "ى": "ی",
        "ي": "ی",
        "ئ": "ی",
        "ے": "ی",
        "ك": "ک",
        "ة": "ه",
        "ۃ": "ه",
        "ہ": "ه",
        "ھ": "ه",
        "ۂ": "ه",
        "أ": "ا",
        "إ": "ا",
        "آ": "ا",
        "ٱ": "ا",
        "ؤ": "و",
        "ں": "ن",
    }
)
# Latin, Greek and Cyrillic accents; Arabic vowel signs; the Bengali and Gurmukhi dot that keyboards often leave out.
_MARKS: Final = re.compile("[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u09bc\u0a3c]")
_DIGITS: Final = {
    ord(digit): str(unicodedata.digit(digit))
    for zero in "٠۰০੦"
    for digit in (chr(ord(zero) + step) for step in range(10))
}
_TOKEN: Final = re.compile(
    r"\d+[.:]\d+(?:am|pm)?|\d+/\d+(?:/\d+)?"
    r"|[^\W_](?:[\w\u0900-\u0dff']|(?<=\w)[&+](?=\w))*"
    r"|[.!;\n\u061b\u06d4\u0964]+|[?\u061f]+"
)


def fold(text: str) -> str:
    """Lower case without accents, vowel signs, letter variants and invisible characters."""
    if text.isascii():
        return text.lower()
    folded = text.translate(_INVISIBLE).translate(_APOSTROPHES).casefold()
    folded = unicodedata.normalize("NFKD", folded).translate(_LETTERS)
    return _MARKS.sub("", folded).translate(_LETTERS).translate(_DIGITS)


def tokens_of(text: str) -> list[str]:
    """The folded words of a text in order; sentence ends are "." and questions "?". Apostrophes are kept inside words."""
    found: list[str] = []
    for token in _TOKEN.findall(fold(text)):
        first = token[0]
        if first in "?؟":
            found.append("?")
        elif first in ".!;\n\u061b\u06d4\u0964":
            found.append(".")
        elif first.isdigit():
            found.append(token.replace(".", ":"))
        else:
            found.append(token.rstrip("'"))
    return found


def spelled(tokens: list[str], spellings: Mapping[str, str]) -> str:
    """The words in one line, each with a space before it, with a language's short and odd spellings made regular."""
    line: list[str] = []
    for token in tokens:
        regular = spellings.get(token)
        if regular is None and "'" in token:
            regular = _without_apostrophe(token, spellings)
        line.append(token if regular is None else regular)
    return "".join(f" {word}" for word in line)


def _without_apostrophe(token: str, spellings: Mapping[str, str]) -> str:
    """Endings a language lists ("n't", "'ll") become words of their own; any other apostrophe is dropped.

    Only listed endings are split off: dropping the apostrophe of "I'll" would make the child ill.
    """
    for start in range(1, len(token)):
        ending = spellings.get(f"~{token[start:]}")
        if ending is not None:
            return f"{token[:start]} {ending}"
    return token.replace("'", "")


OUR_MARKER: Final = "please write above this line"
"""The line our own e-mails carry; an answer stands above it."""

_CUTS: Final = re.compile(
    r"^\s*(?:"
    r">"  # a quoted line
    r"|-{2,}\s*(?:original message|forwarded message|wiadomość oryginalna|oryginalna wiadomość|neges wreiddiol|اصل پیغام)"
    r"|_{10,}\s*$"
    r"|-- ?$"  # the signature mark
    r"|[-#=* ]*please write above this line"
    r"|on\b.{3,160}\bwrote:\s*$"
    r"|(?:w dniu|dnia|dn\.|pon\.|wt\.|śr\.|czw\.|pt\.|sob\.|niedz\.).{3,160}\bnapisał(?:\(a\)|a)?:\s*$"
    r"|ar\b.{3,160}\bysgrifennodd\b.{0,80}:?\s*$"
    r"|.{3,160}نے (?:لکھا|تحریر کیا).{0,20}$"
    r"|(?:from|od|oddi wrth|gan|منجانب)\s*:.{0,160}$"
    r"|(?:sent|get|wysłano|wysłane|anfonwyd)\b.{0,20}\b(?:from|outlook|z|ze|o|oddi ar)\b"
    r".{0,30}(?:iphone|ipad|samsung|android|outlook|galaxy|huawei|yahoo|mobile|phone|telefonu|smartfona|ffôn)\b.{0,30}$"
    r"|میرے .{0,30}سے بھیجا گیا.*$"
    r")",
    re.IGNORECASE,
)
_OPENING: Final = re.compile(r"^\s*(?:on|w dniu|dnia|ar)\b.{3,160}$", re.IGNORECASE)


def strip_quoted(text: str) -> str:
    """A mail's own words: everything from the quoted thread, the signature mark or our marker line on is cut.

    Where nothing stands above the cut (an answer written below the quotation), the quoted lines alone are left out.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").split("\n")
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        # "On Sunday, Oakfield Primary <office@example.org>" is often broken before "wrote:"
        broken = (
            _OPENING.match(line)
            and number + 1 < len(lines)
            and _CUTS.match(f"{line.rstrip()} {lines[number + 1].strip()}")
        )
        if _CUTS.match(line) or broken:
            above = "\n".join(lines[:number]).strip()
            return above or _below(lines)
    return text.strip()


def _below(lines: list[str]) -> str:
    """What stands under a quotation, for people who answer below it."""
    kept = [line for line in lines if line.strip() and not _CUTS.match(line)]
    return "\n".join(kept).strip() if any(line.lstrip().startswith(">") for line in lines) else ""
