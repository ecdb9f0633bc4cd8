"""Language tags, writing directions and dates, as CLDR has them.

Tags are BCP 47 ("pl", "pa-Guru"); folders in `locale` carry the same with an underscore. English is always British English.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from datetime import date
from functools import lru_cache

from babel import Locale
from babel.core import get_global
from babel.dates import format_date

ENGLISH = "en"

DAY = "EEE d MMM"
"""The date in a text, as in "Tue 24 Nov"."""

DAY_AND_YEAR = "EEE d MMM y"
"""The date in an e-mail, which may be read again years later."""


@lru_cache(maxsize=256)
def locale_of(language: str) -> Locale:
    """The CLDR locale of a language tag. Raises babel.UnknownLocaleError or ValueError for a tag CLDR does not know."""
    if language in (ENGLISH, "en-XA"):
        return Locale.parse("en_GB")
    # CLDR's tags for testing are not in Babel
    return Locale.parse("ar" if language == "ar-XB" else language.replace("-", "_"))


@lru_cache(maxsize=256)
def direction(language: str) -> str:
    """The direction of writing: "rtl" or "ltr"."""
    return str(locale_of(language).text_direction)


@lru_cache(maxsize=8192)
def spoken_date(day: date, pattern: str, language: str) -> str:
    """A date in the language's own words and Latin digits."""
    return str(format_date(day, pattern, locale=locale_of(language)))


@lru_cache(maxsize=4096)
def negotiated(wanted: str, offered: Collection[str]) -> str | None:
    """The offered tag that serves a wanted one: the same, or the same without its region.

    A script is dropped only where the language is written in it anyway (pa-Guru is served by pa): who reads Punjabi in Arabic letters
    is not served by Gurmukhi, nor Hong Kong by simplified Chinese.
    """
    known = {tag.casefold(): tag for tag in offered}
    parts = wanted.strip().replace("_", "-").split("-")
    while parts:
        found = known.get("-".join(parts).casefold())
        if found:
            return found
        if len(parts) == 1 or (len(parts[-1]) == 4 and parts[-1].title() != _usual_script("_".join(parts[:-1]))):
            return None
        parts.pop()
    return None


def _usual_script(language: str) -> str:
    """The script CLDR expects a language to be written in, such as Guru for pa; empty where it knows none."""
    likely = get_global("likely_subtags").get(language, "")
    return next((part for part in str(likely).split("_") if len(part) == 4), "")


def is_english(language: str) -> bool:
    """Whether a tag means English of any region; an empty tag does, since English is what goes out when nothing is known."""
    return language.strip().replace("_", "-").split("-")[0].casefold() in {"", ENGLISH}


def first_strong(text: str) -> str | None:
    """The direction phones guess for a paragraph: that of its first strong character, None where there is none."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind == "L":
            return "ltr"
        if kind in ("R", "AL"):
            return "rtl"
    return None
