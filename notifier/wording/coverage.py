"""How far each language is: which messages are complete, which of them may go out, and which are still missing sentences.

A message counts as complete when every sentence has a current translation, and as approved when it would go out today.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from notifier.wording.languages import ENGLISH
from notifier.wording.rendering import NO_TRANSLATION, Wording
from notifier.wording.templates import FAMILIES, STAFF


@dataclass(frozen=True, slots=True)
class Count:
    """Messages in one language: approved ones, complete drafts, and those not (fully) translated."""

    approved: int = 0
    drafts: int = 0
    missing: int = 0

    @property
    def complete(self) -> int:
        """Messages of which every sentence is translated."""
        return self.approved + self.drafts

    @property
    def messages(self) -> int:
        """All messages for families."""
        return self.complete + self.missing


@dataclass(frozen=True, slots=True)
class Coverage:
    """One language: all messages for families, by family of messages, and the keys of those not complete."""

    language: str
    whole: Count
    families: dict[str, Count]
    missing: tuple[str, ...]


def coverage(
    wording: Wording, approvals: frozenset[tuple[str, str]] = frozenset(), languages: Iterable[str] = ()
) -> list[Coverage]:
    """How far each language is (all but English unless some are named); `approvals` are a school's own."""
    templates = [
        template
        for template in wording.templates()
        if not template.english_only and wording.has_own_words(template.key)
    ]
    families = [family for family in FAMILIES if family != STAFF and any(made.family == family for made in templates)]
    found = []
    for language in tuple(languages) or tuple(tag for tag in wording.languages() if tag != ENGLISH):
        standings = {made.key: wording.standing(made.key, language, approvals) for made in templates}
        by_family = {
            family: _count(standings[made.key] for made in templates if made.family == family) for family in families
        }
        missing = tuple(key for key, standing in standings.items() if standing == NO_TRANSLATION)
        found.append(Coverage(language, _count(standings.values()), by_family, missing))
    return found


def _count(standings: Iterable[str | None]) -> Count:
    counted = Counter(standings)
    missing = counted[NO_TRANSLATION]
    return Count(counted[None], counted.total() - counted[None] - missing, missing)
