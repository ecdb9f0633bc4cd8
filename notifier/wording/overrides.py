"""A school's own wording in place of the shipped one: which text counts, and why another one does not.

It lies in `<configuration folder>/wording/<school or trust>/<message>/<language>/` as `sms.txt` and `email.txt`; `wording.toml` beside
them says who saved what, when, and for which shipped English. The school's own comes first, then its trust's, then the shipped one,
for each language and channel. A text that is outdated, unchecked or unsound never goes out and never stops a message: the shipped
wording goes in its place, and the reason stands with the message.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Final

from notifier.domain.sms import FOLDABLE
from notifier.domain.sms import fold as fold_text
from notifier.wording.catalogues import LanguageCatalogue
from notifier.wording.languages import ENGLISH, is_english, negotiated
from notifier.wording.own_checks import check_own
from notifier.wording.own_files import OwnWords, read_owner
from notifier.wording.own_text import OWN_CHANNELS, as_template, digest, plain, tidy
from notifier.wording.problems import Problem
from notifier.wording.rendering import Rendered, Wording
from notifier.wording.templates import TemplateFault, UnknownTemplate
from notifier.wording.values import MissingValue

FOLDER: Final = "wording"
"""Where own wording lies below the configuration folder."""

OWN_STALE: Final = "own_wording_stale"
OWN_REFUSED: Final = "own_wording_refused"
OWN_NOT_APPROVED: Final = "own_wording_not_approved"


class State(StrEnum):
    """How an own text stands."""

    IN_USE = "in_use"
    NOT_APPROVED = "not_approved"
    STALE = "stale"
    REFUSED = "refused"


_FALLBACKS: Final = {
    State.STALE: OWN_STALE,
    State.REFUSED: OWN_REFUSED,
    State.NOT_APPROVED: OWN_NOT_APPROVED,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How an own text stands: its state, what is wrong with it, and what it would take for it to go out (empty where it does)."""

    words: OwnWords
    state: State
    why: str = ""
    remedy: str = ""
    problems: tuple[Problem, ...] = ()


def own_approval_hash(key: str, language: str, channel: str, *, english: str, text: str) -> str:
    """What the approval of an own translation is tied to: the English it says the same as, and its own words."""
    parts = ("own", key, language, channel, tidy(english), tidy(text))
    return hashlib.sha256("\x04".join(parts).encode()).hexdigest()


class OwnersWording:
    """The wording as one school sees it. Made by `owners_wording`; only read, so that threads may share it."""

    def __init__(
        self, stock: Wording, owners: tuple[str, ...], words: Mapping[tuple[str, str, str, str], OwnWords]
    ) -> None:
        """`owners` in their order: the school, then its trust; `words` by owner, message, language and channel."""
        self.stock = stock
        self.owners = owners
        self._words = dict(words)
        self._sound = lru_cache(maxsize=None)(self._judge)
        self._ready = lru_cache(maxsize=None)(self._make)

    def words(self) -> tuple[OwnWords, ...]:
        """Every own text, the school's before the trust's."""
        return tuple(self._words.values())

    def own(self, owner: str, key: str, language: str, channel: str) -> OwnWords | None:
        """One own text."""
        return self._words.get((owner, key, language, channel))

    def english(self, key: str, channel: str) -> str:
        """The English that counts for the school, in the form of own wording. Raises UnknownTemplate."""
        own = self._own_english(key, channel)
        return own.text if own else plain(self.stock.template(key), channel)

    def standing(self, words: OwnWords, approvals: frozenset[tuple[str, str]] = frozenset()) -> Standing:
        """How an own text stands, given the approvals that hold for the school."""
        found = self._sound(words)
        if found.state is not State.IN_USE or is_english(words.language):
            return found
        if (words.language, self.approval_hash(words)) in approvals:
            return found
        return Standing(
            words,
            State.NOT_APPROVED,
            "nobody has approved it yet",
            "have a second person who reads the language approve it: notifier wording approve",
        )

    def approval_hash(self, words: OwnWords) -> str:
        """What an approval of an own translation is tied to."""
        english = self.english(words.template, words.channel)
        return own_approval_hash(words.template, words.language, words.channel, english=english, text=words.text)

    def in_use(
        self, key: str, language: str, channel: str, approvals: frozenset[tuple[str, str]] = frozenset()
    ) -> tuple[OwnWords | None, State | None]:
        """The own text that goes out in a language and channel, and how the first that should but does not stands."""
        passed_over: State | None = None
        for owner in self.owners:
            words = self._nearest(owner, key, language, channel)
            if words is None:
                continue
            state = self.standing(words, approvals).state
            if state is State.IN_USE:
                return words, passed_over
            passed_over = passed_over or state
        return None, passed_over

    def render(
        self,
        key: str,
        *,
        channel: str,
        language: str,
        values: Mapping[str, object],
        approvals: frozenset[tuple[str, str]] = frozenset(),
        fold: bool = False,
    ) -> Rendered:
        """Write a message as `Wording.render` does, in the school's own words where they may go out.

        In another language than English: the own text in it; else the shipped translation; else the English that counts for the school.
        """
        if not self._words or channel not in OWN_CHANNELS:
            return self.stock.render(
                key, channel=channel, language=language, values=values, approvals=approvals, fold=fold
            )
        passed_over: State | None = None
        fallback: str | None = None
        if not is_english(language):
            words, passed_over = self.in_use(key, language, channel, approvals)
            written = self._written(words, language, values, fold) if words else None
            if written is not None:
                return written
            if words:
                passed_over = State.REFUSED
            fallback = self.stock.standing(key, language, approvals)
        if is_english(language) or fallback is not None:
            words, instead = self.in_use(key, ENGLISH, channel, approvals)
            written = self._written(words, language, values, fold) if words else None
            if written is not None:
                return replace(written, fallback=fallback)
            if is_english(language):
                passed_over = State.REFUSED if words else instead
        made = self.stock.render(key, channel=channel, language=language, values=values, approvals=approvals, fold=fold)
        if made.fallback is None and passed_over is not None:
            return replace(made, fallback=_FALLBACKS[passed_over])
        return made

    def draft(self, words: OwnWords, values: Mapping[str, object], fold: bool = False) -> Rendered:
        """Write an own text as if it were in use, to look at and to count. Raises TemplateFault, MissingValue."""
        fold = fold and words.channel == "sms" and words.language.partition("-")[0] in FOLDABLE
        ready = self._ready(words, fold)
        made = ready.draft(words.template, channel=words.channel, language=words.language, values=values, fold=fold)
        return replace(made, fallback=None)

    def _written(self, words: OwnWords, wanted: str, values: Mapping[str, object], fold: bool) -> Rendered | None:
        try:
            return replace(self.draft(words, values, fold), wanted_language=wanted)
        except (TemplateFault, MissingValue):
            return None  # the shipped wording says what is missing, or goes out

    def _make(self, words: OwnWords, folded: bool) -> Wording:
        # values are put in later, so that no name loses an accent
        text = fold_text(words.text) if folded else words.text
        template = as_template(self.stock.template(words.template), words.channel, text)
        catalogues = {} if is_english(words.language) else {words.language: LanguageCatalogue(words.language)}
        return Wording({words.template: template}, catalogues, self.stock.layout)

    def _nearest(self, owner: str, key: str, language: str, channel: str) -> OwnWords | None:
        if is_english(language):
            return self._words.get((owner, key, ENGLISH, channel))
        offered = tuple(tag for who, what, tag, how in self._words if (who, what, how) == (owner, key, channel))
        found = negotiated(language, tuple(tag for tag in offered if tag != ENGLISH))
        return self._words.get((owner, key, found, channel)) if found else None

    def _own_english(self, key: str, channel: str) -> OwnWords | None:
        for owner in self.owners:
            words = self._words.get((owner, key, ENGLISH, channel))
            if words is not None and self._sound(words).state is State.IN_USE:
                return words
        return None

    def _judge(self, words: OwnWords) -> Standing:
        """How an own text stands, leaving approval aside."""
        if words.fault:
            return Standing(
                words, State.REFUSED, words.fault, "look it through and save it again: notifier wording save"
            )
        try:
            template = self.stock.template(words.template)
        except UnknownTemplate:
            return Standing(
                words,
                State.REFUSED,
                f"there is no message '{words.template}' any more",
                "remove it: notifier wording remove",
            )
        if words.channel not in template.channels:
            why = f"the message is not written for {words.channel}"
            return Standing(words, State.REFUSED, why, "remove it: notifier wording remove")
        if words.based_on != digest(plain(template, words.channel)):
            return Standing(
                words,
                State.STALE,
                "the shipped English has changed since it was written",
                "compare (notifier wording diff), then save it again or remove it",
            )
        english = "" if is_english(words.language) else self.english(words.template, words.channel)
        if english and words.english != digest(english):
            return Standing(
                words,
                State.STALE,
                "the English has changed since it was translated",
                "bring it into step with the English and save it again, or remove it",
            )
        problems = check_own(
            self.stock.layout,
            template,
            channel=words.channel,
            language=words.language,
            text=words.text,
            english=english,
        )
        if problems:
            first = f"{problems[0].where}: {problems[0].what}"
            return Standing(words, State.REFUSED, first, problems[0].remedy, tuple(problems))
        return Standing(words, State.IN_USE)


def owners_wording(stock: Wording, root: Path | None, owners: tuple[str, ...]) -> OwnersWording:
    """The wording for a school whose own lies below `root`; `owners` are the school and, where it has one, its trust.

    The folder is looked at each time, by the names, sizes and times of its files; it is read again only when they have changed.
    """
    if root is None:
        return _read_again(stock, None, owners, ())
    return _read_again(stock, root, owners, tuple(state for owner in owners for state in _state(root / owner)))


def _state(folder: Path) -> Iterable[tuple[str, int, int, int]]:
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            try:
                told = os.stat(os.path.join(where, name))
            except OSError:
                continue
            yield os.path.join(where, name), told.st_mtime_ns, told.st_size, told.st_ino


@lru_cache(maxsize=512)
def _read_again(
    stock: Wording, root: Path | None, owners: tuple[str, ...], state: tuple[tuple[str, int, int, int], ...]
) -> OwnersWording:
    words = {}
    for owner in owners if root is not None and state else ():
        words.update({(owner, *place): found for place, found in read_owner(root or Path(), owner).items()})
    return OwnersWording(stock, owners, words)
