"""How many parts each text takes in each language, with ordinary and with the longest names, and what they cost.

A text in GSM letters holds 160 in one part and 153 in each of several; one letter outside halves that (`notifier.domain.sms`). What
goes without accents is counted beside it for the languages in which a school may choose that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from notifier.domain.sms import FOLDABLE
from notifier.wording.checks import variants
from notifier.wording.languages import ENGLISH
from notifier.wording.rendering import NO_TRANSLATION, Wording
from notifier.wording.templates import MessageTemplate


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts one text takes with ordinary values and with the longest; `folded` is the ordinary one without accents.

    `limit` is the most that the message allows itself. Where a language has no translation, English is counted and `missing` is true.
    """

    template: str
    family: str
    language: str
    encoding: str
    ordinary: int
    longest: int
    folded: int | None
    limit: int
    missing: bool


def parts(wording: Wording, *, languages: Iterable[str] = (), keys: Iterable[str] = ()) -> list[Parts]:
    """Parts of every text for families, by message and language. Raises UnknownTemplate for a key that is not there."""
    wanted = [wording.template(key) for key in keys] or list(wording.templates())
    known = tuple(languages) or wording.languages()
    return [
        _parts(wording, template, language)
        for template in wanted
        if "sms" in template.channels and not template.english_only
        for language in known
    ]


def values_of(template: MessageTemplate, *, longest: bool) -> dict[str, object]:
    """One child's values, ordinary or longest, with nothing that may be left out: what most texts are."""
    return next(
        values
        for described, values in variants(template)
        if described.startswith("longest") == longest and _is_plain(template, described)
    )


def _is_plain(template: MessageTemplate, described: str) -> bool:
    optional = any(not given.required for given in template.placeholders)
    return ("without" in described) == optional


def _parts(wording: Wording, template: MessageTemplate, language: str) -> Parts:
    missing = wording.standing(template.key, language) == NO_TRANSLATION
    used = ENGLISH if missing else language

    def size(longest: bool, fold: bool = False) -> tuple[str, int]:
        values = values_of(template, longest=longest)
        made = wording.draft(template.key, channel="sms", language=used, values=values, fold=fold)
        return made.encoding, made.segments

    encoding, ordinary = size(longest=False)
    return Parts(
        template=template.key,
        family=template.family,
        language=language,
        encoding=encoding,
        ordinary=ordinary,
        longest=size(longest=True)[1],
        folded=size(longest=False, fold=True)[1] if used.partition("-")[0] in FOLDABLE else None,
        limit=template.most_segments(used),
        missing=missing,
    )


def by_template(counted: Iterable[Parts]) -> Iterator[tuple[str, Mapping[str, Parts]]]:
    """The same as a table: for each message its parts by language."""
    table: dict[str, dict[str, Parts]] = {}
    for row in counted:
        table.setdefault(row.template, {})[row.language] = row
    yield from table.items()


def shown_parts(row: Parts) -> str:
    """Parts in few signs: "2", "2-3" where long names take more, "1*" where English is counted."""
    span = str(row.ordinary) if row.ordinary == row.longest else f"{row.ordinary}-{row.longest}"
    return f"{span}*" if row.missing else span
