"""How a text is counted and cleaned: which encoding it needs, how many parts it takes, and which characters cost the most.

A text of letters from the GSM alphabet takes 160 in one part; a single letter outside it turns the whole text into UCS-2, where
a part holds 70. `normalise` replaces look-alike punctuation and invisible spaces so that this happens only for real letters.
Source: 3GPP TS 23.038 (alphabet) and TS 23.040 (parts: 153 and 67 once a text needs more than one).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

Encoding = Literal["GSM-7", "UCS-2"]

GSM_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The characters that take one septet."""

GSM_EXTENDED: Final = "\f^{}\\[~]|€"
"""The characters that take two septets: an escape and a second one, which are never parted."""

FOLDABLE: Final = frozenset({"pl", "ro", "es", "pt"})
"""Languages whose texts may go without accents where a school chooses so. In Turkish that makes obscenities; Welsh is reworded."""

GSM_SINGLE, GSM_PART = 160, 153
UCS2_SINGLE, UCS2_PART = 70, 67

_BEYOND_BASIC = re.compile(f"[^{re.escape(GSM_BASIC)}]")
_BEYOND_GSM = re.compile(f"[^{re.escape(GSM_BASIC + GSM_EXTENDED)}]")
_EXTENDED = re.compile(f"[{re.escape(GSM_EXTENDED)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class SmsSize:
    """What a text costs. `units` are septets in GSM-7 and UTF-16 code units in UCS-2; `segments` are the parts billed."""

    encoding: Encoding
    units: int
    segments: int


def measure(text: str) -> SmsSize:
    """Count a text exactly as it stands, filling each part as far as it goes without parting an escape or surrogate pair.

    An empty text counts as one part, as Twilio's own calculator has it.
    """
    if not _BEYOND_BASIC.search(text):
        units = len(text)
        return SmsSize("GSM-7", units, 1 if units <= GSM_SINGLE else -(-units // GSM_PART))
    if not _BEYOND_GSM.search(text):
        return SmsSize("GSM-7", *_fill(text, _EXTENDED, GSM_SINGLE, GSM_PART))
    return SmsSize("UCS-2", *_fill(text, _ASTRAL, UCS2_SINGLE, UCS2_PART))


def _fill(text: str, double: re.Pattern[str], single: int, part: int) -> tuple[int, int]:
    """Units and parts of a text in which the characters matched by `double` take two units that must stay together."""
    doubles = [match.start() for match in double.finditer(text)]
    units = len(text) + len(doubles)
    if units <= single:
        return units, 1
    if not doubles:
        return units, -(-units // part)
    # A pair that would straddle the end of a part moves to the next one and leaves a unit unused.
    wasted = 0
    for before, position in enumerate(doubles):
        if (position + before + wasted) % part == part - 1:
            wasted += 1
    return units, -(-(units + wasted) // part)


def offending(text: str) -> tuple[str, ...]:
    """The characters that force UCS-2, each once, in order of appearance; empty for a GSM-7 text."""
    return tuple(dict.fromkeys(_BEYOND_GSM.findall(text)))


_REPLACED: Final = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    "\u2026": "...",
    # CLDR puts U+00A0 and U+202F into dates, times and percentages; each would treble the price of a text
    **dict.fromkeys(
        "\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " "
    ),
    **dict.fromkeys("\u0085\u2028\u2029", "\n"),
    **dict.fromkeys("\u200b\u2060\ufeff\u00ad", ""),
}
_TABLE: Final = str.maketrans(_REPLACED)
_ODD = re.compile("[\r" + "".join(map(re.escape, _REPLACED)) + "]")


def normalise(text: str) -> str:
    """Replace typographic punctuation and invisible spaces by plain ones, and compose accents (NFC); letters are never changed.

    The joiners U+200C and U+200D stay (Persian, Urdu and Bengali spell with them), and so do direction marks.
    """
    if text.isascii():
        return _plain(text) if _ODD.search(text) else text
    composed = unicodedata.normalize("NFC", text)
    if not _ODD.search(composed):
        return composed
    # again at the end: a zero-width space taken out may bring a letter and its accent together
    return unicodedata.normalize("NFC", _plain(composed))


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_TABLE)


_UNACCENTED: Final = str.maketrans({"ł": "l", "Ł": "L"})


def fold(text: str) -> str:
    """Our own words without the accents that the GSM alphabet lacks: "środa" becomes "sroda", while ñ, é and à stay.

    For words of a catalogue and dates only: a person's name is never folded.
    """
    folded = []
    for letter in unicodedata.normalize("NFC", text).translate(_UNACCENTED):
        if _BEYOND_GSM.match(letter) and letter.isalpha():
            bare = "".join(part for part in unicodedata.normalize("NFD", letter) if not unicodedata.combining(part))
            folded.append(bare)
        else:
            folded.append(letter)
    return "".join(folded)
