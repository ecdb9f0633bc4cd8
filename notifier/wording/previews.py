"""What people are shown of a message: how it reads in each language, on which telephone it goes which way, and what it costs.

Everything here is written as if it were approved, with its standing beside it; nothing of it is for sending. Pages are made of it in
`book`, the terminal's preview in `notifier.cli.templates`, and whole tables of parts in `costs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from babel import UnknownLocaleError

from notifier.domain.sms import FOLDABLE
from notifier.wording.catalogues import sentences
from notifier.wording.checks import variants
from notifier.wording.languages import ENGLISH, direction, first_strong, locale_of
from notifier.wording.pseudo import ACCENTED, MIRRORED
from notifier.wording.rendering import NO_TRANSLATION, Rendered, Wording
from notifier.wording.templates import MessageTemplate

STANDINGS: Final[Mapping[str | None, str]] = {
    None: "approved",
    "not_approved": "draft: needs approval",
    "no_translation": "not translated: English goes out",
    "not_offered": "English only",
    "for_looking": "made up for looking, never sent",
}
"""What a message's standing in a language is called where it is shown."""

_NAMES: Final = {
    ENGLISH: "English",
    "bn": "Bengali (বাংলা)",  # as schools in England call it; CLDR says Bangla
    ACCENTED: "Accented English (made up)",
    MIRRORED: "Right-to-left English (made up)",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A message in one language: `text` and `mail` where it is written for them, None where the language has no translation.

    `standing` is why it would not go out by itself (a key of STANDINGS). `plain` is the text without accents, where a school may choose
    that. `translated` of `sentences` have a current translation.
    """

    language: str
    standing: str | None
    text: Rendered | None
    mail: Rendered | None
    page: Rendered | None
    plain: Rendered | None
    translated: int
    sentences: int

    @property
    def name(self) -> str:
        """The language's name in English and in itself."""
        return language_name(self.language)

    @property
    def direction(self) -> str:
        """The direction of writing, "rtl" or "ltr"."""
        return direction(self.language)

    @property
    def missing(self) -> bool:
        """Whether English goes out because there is nothing else."""
        return self.standing == NO_TRANSLATION

    @property
    def badge(self) -> str:
        """Its standing in words."""
        return "in use" if self.language == ENGLISH else STANDINGS[self.standing]


@dataclass(frozen=True, slots=True)
class Variant:
    """A message with one set of values, in every language."""

    described: str
    shown: tuple[Shown, ...]


@lru_cache(maxsize=256)
def language_name(language: str) -> str:
    """A language's name in English and in itself, as in "Polish (polski)"; the tag where nobody knows it."""
    if language in _NAMES:
        return _NAMES[language]
    try:
        locale = locale_of(language)
    except (UnknownLocaleError, ValueError):
        return language
    english, own = locale.get_display_name("en"), locale.get_display_name()
    return f"{english} ({own})" if own and own != english else str(english or language)


def languages_for(wording: Wording, template: MessageTemplate) -> tuple[str, ...]:
    """The languages a message can be shown in: English alone where it is for staff."""
    return (ENGLISH,) if template.english_only else wording.languages()


def ordinary(template: MessageTemplate) -> Iterator[tuple[str, dict[str, object]]]:
    """The values worth looking at first: ordinary ones, for one child and for several, with everything that may be missing."""
    for described, values in variants(template):
        if not described.startswith("longest") and "without" not in described:
            yield described, values


def looked_at(template: MessageTemplate) -> Iterator[tuple[str, dict[str, object]]]:
    """The values of a whole preview: ordinary ones, and the longest for as many children as there may be."""
    yield from ordinary(template)
    longest = [made for made in variants(template) if made[0].startswith("longest") and "without" not in made[0]]
    if template.samples(longest=True) != template.samples():
        yield longest[-1]


def phone_direction(body: str, language: str) -> str:
    """The direction in which a telephone sets a text: that of its first strong letter."""
    return first_strong(body) or direction(language)


def show(
    wording: Wording,
    key: str,
    *,
    languages: Iterable[str] = (),
    approvals: frozenset[tuple[str, str]] = frozenset(),
    values: Iterable[tuple[str, dict[str, object]]] | None = None,
) -> list[Variant]:
    """A message with several sets of values, in the given languages or all. Raises UnknownTemplate."""
    template = wording.template(key)
    known = tuple(languages) or languages_for(wording, template)
    whole = len(sentences([template]))
    return [
        Variant(described, tuple(_shown(wording, template, language, given, approvals, whole) for language in known))
        for described, given in (looked_at(template) if values is None else values)
    ]


def _shown(
    wording: Wording,
    template: MessageTemplate,
    language: str,
    values: Mapping[str, object],
    approvals: frozenset[tuple[str, str]],
    whole: int,
) -> Shown:
    # texts hold links only where a school has chosen that
    links = [given.name for given in template.placeholders if given.kind == "link" and not given.required]
    for_text = {**values, **dict.fromkeys(links)}
    made = {
        channel: wording.draft(
            template.key, channel=channel, language=language, values=for_text if channel == "sms" else values
        )
        for channel in template.channels
    }
    standing = wording.standing(template.key, language, approvals)
    first = next(iter(made.values()))
    if first.fallback == "for_looking":
        standing = first.fallback
    missing = standing == NO_TRANSLATION
    plain = None
    if "sms" in made and not missing and language.partition("-")[0] in FOLDABLE:
        plain = wording.draft(template.key, channel="sms", language=language, values=for_text, fold=True)
    return Shown(
        language=language,
        standing=standing,
        text=None if missing else made.get("sms"),
        mail=None if missing else made.get("email"),
        page=None if missing else made.get("page"),
        plain=plain,
        translated=whole if language == ENGLISH else len(wording.translations(template.key, language)),
        sentences=whole,
    )
