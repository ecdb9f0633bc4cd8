"""Letters for printing, from the same words as the e-mails: one page of A4 for each, all in one PDF.

The subject is the heading, the e-mail's paragraphs are the body, the school's name and telephone number stand at the top, and the
person to ask for at the foot. typst sets the page; it gets every word as data and none as code. The PDF is tagged and says in which
language it is (PDF/UA-1), and typst refuses a letter that no font has: where a script's font is missing, nothing is made.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from notifier.wording.languages import ENGLISH, direction, spoken_date
from notifier.wording.rendering import Rendered
from notifier.wording.templates import MessageTemplate

LETTER_DATE: Final = "d MMMM y"
"""The date at the top of a letter, as in "24 November 2026"."""

MOST_LETTERS: Final = 2_000
"""Letters in one PDF; more are made in several."""

_TYPST: Final = Path(__file__).parent / "pages" / "letter.typ"

_LATIN: Final = ("Noto Sans", "DejaVu Sans", "Liberation Sans", "Libertinus Serif")
"""For Latin, Greek and Cyrillic letters. The last comes with typst, so that these letters are never missing."""

_FONTS: Final = {
    "ARABIC": ("Noto Naskh Arabic", "Noto Sans Arabic", "Noto Nastaliq Urdu", "DejaVu Sans"),
    "BENGALI": ("Noto Sans Bengali", "Noto Serif Bengali", "Lohit Bengali"),
    "GURMUKHI": ("Noto Sans Gurmukhi", "Noto Serif Gurmukhi", "Lohit Gurmukhi"),
    "GUJARATI": ("Noto Sans Gujarati", "Noto Serif Gujarati", "Lohit Gujarati"),
    "DEVANAGARI": ("Noto Sans Devanagari", "Noto Serif Devanagari", "Lohit Devanagari"),
    "TAMIL": ("Noto Sans Tamil", "Noto Serif Tamil", "Lohit Tamil"),
    "MALAYALAM": ("Noto Sans Malayalam", "Noto Serif Malayalam", "Lohit Malayalam"),
    "ETHIOPIC": ("Noto Sans Ethiopic", "Noto Serif Ethiopic"),
    "CJK": ("Noto Sans CJK TC", "Noto Sans CJK SC", "Noto Serif CJK TC", "Noto Serif CJK SC"),
}
"""Which fonts serve a script, best first. A script is named as Unicode begins the names of its letters."""

_NASTALIQ: Final = ("Noto Nastaliq Urdu", *_FONTS["ARABIC"])
_PACKAGES: Final = {"CJK": "fonts-noto-cjk"}
_PACKAGE: Final = "fonts-noto-core"

_LEADING: Final = {"ur": 1.35, "ar": 0.9, "bn": 0.85, "pa": 0.85}
"""Room between lines, in the height of a letter, for scripts that stand higher or hang lower."""

_ISOLATES = re.compile("[\u2066-\u2069]")
_ADDRESS = re.compile(r"https?://\S+")
_DANDAS: Final = frozenset("\u0964\u0965")  # full stops of many scripts, named after one


class NotPrintable(Exception):
    """A letter cannot be set; the words say why and what to do."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter, ready to be set. `specimen` is printed at the top of one that must not be sent, and empty otherwise."""

    language: str
    school: str
    phone: str
    date: str
    subject: str
    paragraphs: tuple[tuple[str, ...], ...]
    foot: tuple[str, ...]
    specimen: str = ""

    @property
    def words(self) -> str:
        """Everything that stands on it in its own language."""
        lines = (line for paragraph in self.paragraphs for line in paragraph)
        return "\n".join((self.school, self.phone, self.date, self.subject, *lines, *self.foot))


def letter_of(
    message: Rendered, *, school: str, short_name: str, phone: str, named_person: str, day: date, specimen: str = ""
) -> Letter:
    """A letter from a rendered e-mail, in its language.

    `school` is the name at the top, `short_name` the one the e-mail is signed with. Raises ValueError for what is no e-mail.
    """
    if message.channel != "email" or message.subject is None:
        raise ValueError(f"The message '{message.template}' was not written as an e-mail.")
    number = "".join(phone.split())
    paragraphs = [tuple(part.splitlines()) for part in message.body.strip().split("\n\n")]
    # the e-mail's own signature is the letter's head
    signature = {short_name, number}
    last = tuple(line for line in paragraphs[-1] if _ISOLATES.sub("", line).strip() not in signature)
    body = [*paragraphs[:-1], *([last] if last else [])]
    foot = tuple(line for line in (named_person, school) if line)
    return Letter(
        language=message.language,
        school=school,
        phone=phone,
        date=spoken_date(day, LETTER_DATE, message.language),
        subject=message.subject,
        paragraphs=tuple(body),
        foot=foot,
        specimen=specimen,
    )


def answered_by_mail(template: MessageTemplate) -> bool:
    """Whether a message's words speak of an e-mail, which a letter is not."""
    return "e-mail" in template.sources.get("email.txt", "").casefold()


def letters_pdf(letters: Sequence[Letter], *, title: str, made_at: datetime) -> bytes:
    """The letters as one PDF, a page each unless one is longer. `made_at` is written into the file.

    Raises NotPrintable where a font is missing, typst is not installed, or there are too many letters or none.
    """
    if not letters or len(letters) > MOST_LETTERS:
        raise NotPrintable(f"There are {len(letters)} letters; one file holds 1 to {MOST_LETTERS}. Divide the list.")
    try:
        import typst
    except ImportError:
        raise NotPrintable("Letters need the library typst: pip install typst") from None
    fonts = {
        one.language: _fonts_for(one.language, [made for made in letters if made.language == one.language])
        for one in letters
    }
    common = letters[0].language if len({one.language for one in letters}) == 1 else ENGLISH
    document = {
        "title": title,
        "author": letters[0].school,
        **_tag(common),
        "latin": list(_present(_LATIN)),
        "fonts": [],
        "letters": [_as_data(one, fonts[one.language]) for one in letters],
    }
    try:
        return bytes(
            typst.compile(
                str(_TYPST),
                root=str(_TYPST.parent),
                sys_inputs={"letters": json.dumps(document, ensure_ascii=False)},
                pdf_standards=["ua-1"],
                timestamp=made_at.replace(microsecond=0),
            )
        )
    except typst.TypstError as fault:
        raise NotPrintable(_in_words(str(fault))) from None


def _as_data(one: Letter, fonts: Sequence[str]) -> dict[str, Any]:
    rtl = direction(one.language) == "rtl"
    return {
        **_tag(one.language),
        "latin": list(_present(_LATIN)),
        "fonts": list(fonts),
        "rtl": rtl,
        "leading": _LEADING.get(one.language.partition("-")[0], 0.72),
        **{name: getattr(one, name) for name in ("school", "phone", "date", "subject", "foot", "specimen")},
        "paragraphs": [[_kept_together(line) if rtl else line for line in lines] for lines in one.paragraphs],
    }


def _kept_together(line: str) -> str:
    """A line that runs from the right, its web addresses from the left: else the last stroke of one would come first."""
    return _ADDRESS.sub(lambda address: f"\u2066{address.group()}\u2069", line)


def _tag(language: str) -> dict[str, str | None]:
    """A language tag as typst takes it apart."""
    first, *rest = (ENGLISH + "-GB" if language == ENGLISH else language).split("-")
    region = next((part.lower() for part in rest if len(part) == 2), None)
    return {"lang": first, "region": region}


def _fonts_for(language: str, letters: Iterable[Letter]) -> tuple[str, ...]:
    """The installed fonts for the scripts of a language's letters beside the European ones. Raises NotPrintable."""
    chosen: list[str] = []
    for script in sorted(scripts_in("".join(one.words for one in letters))):
        wanted = _NASTALIQ if script == "ARABIC" and language.partition("-")[0] == "ur" else _FONTS[script]
        found = _present(wanted)
        if not found:
            package = _PACKAGES.get(script, _PACKAGE)
            raise NotPrintable(
                f"No font for {script.capitalize()} letters is installed, so nothing was printed. On Debian or Ubuntu: "
                f"apt-get install {package}. Elsewhere install the font {wanted[0]}."
            )
        chosen += found[:1]
    return tuple(chosen)


def fonts_present(text: str, language: str = ENGLISH) -> tuple[str, ...]:
    """The installed fonts for a text: those of its scripts, or the Latin ones where it has no other. Nothing is raised."""
    found: list[str] = []
    for script in sorted(scripts_in(text)):
        wanted = _NASTALIQ if script == "ARABIC" and language.partition("-")[0] == "ur" else _FONTS[script]
        found += _present(wanted)[:1]
    return tuple(found) if text else _present(_LATIN)


def scripts_in(text: str) -> frozenset[str]:
    """The scripts of a text that not every machine has a font for."""
    return frozenset(
        script
        for letter in set(text)
        if not letter.isascii() and letter not in _DANDAS
        for script in [unicodedata.name(letter, "").partition(" ")[0]]
        if script in _FONTS
    )


def _present(fonts: Iterable[str]) -> tuple[str, ...]:
    return tuple(font for font in fonts if font in _installed())


@lru_cache(maxsize=1)
def _installed() -> frozenset[str]:
    import typst

    return frozenset(str(font.family) for font in typst.Fonts().fonts())


def _in_words(fault: str) -> str:
    missing = re.search(r"the text `\"?(.+?)\"?` could not be displayed", fault)
    if missing:
        return (
            f"No installed font has these letters: {missing[1]}. Nothing was printed. On Debian or Ubuntu: apt-get install "
            f"{_PACKAGE} (for Chinese, Japanese or Korean names {_PACKAGES['CJK']})."
        )
    return f"The letters could not be set: {fault}"
