"""How the audit's page and evidence packs put what an entry holds beside its act: roles, days, messages and numbers in words.

The entry itself, and its export, keep what was written: nothing here is ever stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from notifier.domain.calls import CALLS, CallOutcome
from notifier.domain.reasons import Reason, words
from notifier.domain.staff import ROLE_WORDS, Role
from notifier.domain.staff_words import CHANNELS, address_fault_words
from notifier.services.settings_parts import part_title
from notifier.wording.titles import title_of

BY_ITSELF: Final[Mapping[str, str]] = {"scheduler": "Notifier, by itself", "run": "Notifier, by itself"}
"""Actors that are no person."""

_COUNTED: Final[Mapping[str, tuple[str, str]]] = {
    "proposals": ("proposal", "proposals"),
    "messages": ("message", "messages"),
    "replies": ("answer", "answers"),
    "carers": ("carer", "carers"),
    "pupils": ("pupil", "pupils"),
    "pupil_ids": ("pupil", "pupils"),
    "letters": ("letter", "letters"),
    "rows": ("row", "rows"),
    "looks": ("look", "looks"),
}
"""Lists of keys, and numbers, that are told by how many there are."""

_LEFT_OUT: Final = frozenset({"follow_up", "reply", "id", "digest", "version", "pupil", "school", "hash", "seen"})
"""Keys for programs: the pupil and the school are shown elsewhere."""

_LABELS: Final[Mapping[str, str]] = {
    "address": "from the address",
    "how": "by",
    "first_day": "from",
    "last_day": "to",
    "until": "until",
    "why": "because",
    "reason": "because",
    "noted_as": "noted before as:",
    "noted_on": "on",
    "channel": "by",
    "new_account": "a new account",
    "role": "as",
    "code": "code",
    "day": "for",
}
_HOW: Final[Mapping[str, str]] = {"password": "password", "second_factor": "password and second factor"}


def detail_said(detail: Mapping[str, Any]) -> tuple[str, ...]:
    """What an entry holds beside its act, in words; keys and empty values are left out."""
    said = [part for key, value in detail.items() for part in _said(str(key), value)]
    return tuple(part for part in said if part)


def subject_said(act: str, subject: str) -> str:
    """What an act was about: a day or a message's title in words, everything else as it stands."""
    if act.startswith("wording."):
        return title_of(subject)
    if act == "settings.change":
        return part_title(subject)
    return _day(subject) or subject


def _said(key: str, value: Any) -> list[str]:
    if key in _LEFT_OUT or value is None or value == "" or value == [] or value is False:
        return []
    label = _LABELS.get(key, key.replace("_", " "))
    if key == "changes" and isinstance(value, list):
        return [f"{name}: {_line(before)} → {_line(after)}" for name, before, after in value]
    if key in _COUNTED and not isinstance(value, bool):
        return [_count(value, *_COUNTED[key])]
    if value is True:
        return [label]
    return [f"{label} {_plain(key, value)}" if key in _LABELS else f"{label}: {_plain(key, value)}"]


def _count(value: Any, one: str, many: str) -> str:
    number = len(value) if isinstance(value, list | tuple) else value
    return f"{number} {one if number == 1 else many}"


def _plain(key: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_plain(key, part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{name.replace('_', ' ')}: {_plain(name, part)}" for name, part in value.items())
    text = str(value)
    if key == "role" and text in Role._value2member_map_:
        return ROLE_WORDS[Role(text)].lower()
    if key == "outcome" and text in CallOutcome._value2member_map_:
        return CALLS[CallOutcome(text)].label.lower()
    if key == "channel":
        return CHANNELS.get(text, text).lower()
    if key == "noted_as":
        return address_fault_words(text).lower()
    if key in ("template", "templates"):
        return title_of(text)
    if key == "kind" and text in Reason._value2member_map_:
        return words(text).what.rstrip(".")
    if key == "how":
        return _HOW.get(text, text)
    return _day(text) or (text.replace("_", " ") if key in ("outcome", "situation", "step") else text)


def _day(text: str) -> str:
    """A day in words, empty where the text is none."""
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return ""
    return f"{day:%a} {day.day} {day:%b %Y}" if day else ""


def _line(text: Any) -> str:
    return "; ".join(str(text).splitlines())
