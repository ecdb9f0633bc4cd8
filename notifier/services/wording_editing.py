"""What somebody sees who changes the words of a message: the words in hand, what goes out now, and the difference, word by word."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from notifier.domain.schools import School
from notifier.services.application import Application
from notifier.services.comparing import goes_out
from notifier.store import records
from notifier.wording import MessageTemplate
from notifier.wording.languages import is_english, negotiated
from notifier.wording.overrides import OwnersWording, Standing
from notifier.wording.own_files import OwnWords
from notifier.wording.own_text import OWN_CHANNELS, digest, plain


@dataclass(frozen=True, slots=True)
class Editing:
    """One channel as it is edited: the words in hand, what goes out now and whose, and the shipped wording."""

    channel: str
    text: str
    now: str
    source: str
    shipped: str
    english: str
    own: OwnWords | None
    standing: Standing | None


def editing(
    app: Application, school: School, template: MessageTemplate, language: str, owner: str, wording: OwnersWording
) -> list[Editing]:
    """The channels of a message as somebody changes them for an owner (the school or its trust)."""
    with app.database.read() as connection:
        approvals = records.approved(connection, owner, school.trust if owner == school.key else None)
    found = []
    for channel in template.channels:
        if channel not in OWN_CHANNELS:
            continue
        now, source = goes_out(wording, template.key, language, channel, approvals)
        own = wording.own(owner, template.key, language, channel)
        known = negotiated(language, app.wording.languages())
        shipped = plain(
            template,
            channel,
            None if is_english(language) else app.wording.translations(template.key, known or language),
        )
        found.append(
            Editing(channel, own.text if own else shipped if not is_english(language) else now, now, source, shipped,
                    wording.english(template.key, channel), own, wording.standing(own, approvals) if own else None)
        )  # fmt: skip
    return found


def version_of(parts: Sequence[Editing]) -> str:
    """What an edit began from: it differs as soon as somebody else has saved or removed an own text."""
    return digest("\n".join(f"{part.channel} {part.own.text if part.own else ''}" for part in parts))


_WORDS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\s+|[^\s{]+|\{")


def differences(before: str, after: str) -> list[tuple[str, str]]:
    """Two texts word by word: pairs of "same", "gone" or "new" and the words."""
    old, new = _WORDS.findall(before.strip()), _WORDS.findall(after.strip())
    found: list[tuple[str, str]] = []
    for act, first, last, start, end in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if act == "equal":
            found.append(("same", "".join(old[first:last])))
            continue
        if last > first:
            found.append(("gone", "".join(old[first:last])))
        if end > start:
            found.append(("new", "".join(new[start:end])))
    return found
