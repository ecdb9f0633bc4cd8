"""From values to the words that stand for them in one channel and language.

Names are put as they are, never inflected; dates follow CLDR, times are 24-hour, digits Latin, telephone numbers without spaces.
Characters that steer the direction of writing and line breaks are taken out, so that no name can rearrange or extend a message.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Final

from markupsafe import Markup, escape

from notifier.domain.sms import fold
from notifier.wording.languages import DAY, DAY_AND_YEAR, direction, spoken_date
from notifier.wording.templates import MessageTemplate, Placeholder

SESSION_WORDS: Final = {"AM": "morning", "PM": "afternoon"}
"""Sessions in staff e-mails, which are in English; carers' messages have one template per session."""

BETWEEN_NAMES: Final = ", "
"""A comma list, the same in every language: CLDR's lists inflect the last name in Welsh and Arabic."""

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"

_STEERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

Speak = Callable[[object], object]


class MissingValue(Exception):
    """A message was asked for without a value it needs, or with one of the wrong kind; the words say which."""


def clean(text: str) -> str:
    """A value as it may stand in a message: on one line, without characters that steer the direction of writing."""
    if text.isprintable():
        return text
    return _BREAKING.sub(" ", _STEERING.sub("", text)).strip()


class Speaker:
    """Puts one template's values into the words of one channel and language. Made once, used for every message."""

    def __init__(
        self, template: MessageTemplate, *, channel: str, language: str, html: bool = False, folded: bool = False
    ) -> None:
        """Prepare one way of speaking for each placeholder; `folded` writes dates, never names, without accents."""
        self._key = template.key
        self._required = template.required
        self._html = html
        self._language = language
        self._folded = folded
        self._pattern = DAY if channel == "sms" else DAY_AND_YEAR
        # old handsets draw boxes for isolates, so texts do without; plain-text e-mails to the right need them
        self._isolate = channel != "sms" and not html and direction(language) == "rtl"
        self._names_of = next((given.name for given in template.placeholders if given.kind == "names"), None)
        self._ways: tuple[tuple[str, Speak], ...] = tuple(
            (placeholder.name, self._way(placeholder)) for placeholder in template.placeholders
        )

    def __call__(self, values: Mapping[str, object]) -> dict[str, object]:
        """The words for these values, and whether the names are `several`. Raises MissingValue."""
        if not self._required <= values.keys():
            missing = ", ".join(sorted(self._required - values.keys()))
            raise MissingValue(f"The message '{self._key}' needs a value for: {missing}.")
        spoken: dict[str, object] = {}
        for name, way in self._ways:
            value = values.get(name)
            if value is None or value == "":
                if name in self._required:
                    raise MissingValue(f"The message '{self._key}' needs a value for: {name}.")
                spoken[name] = None
                continue
            try:
                spoken[name] = way(value)
            except (TypeError, AttributeError, ValueError) as fault:
                raise MissingValue(f"The message '{self._key}': the value of '{name}' does not fit: {fault}") from None
        if self._names_of:
            names = values[self._names_of]
            spoken["several"] = isinstance(names, (tuple, list)) and len(names) > 1
        return spoken

    def _way(self, placeholder: Placeholder) -> Speak:
        ways: dict[str, Speak] = {
            "text": self._text,
            "school": self._name,
            "names": self._names,
            "phone": self._phone,
            "session": self._session,
            "pence": self._pence,
            "link": self._link,
            "counts": self._counts,
            "list": lambda rows: self._rows(placeholder, rows),
        }
        return ways.get(placeholder.kind, self._text)

    def _text(self, value: object) -> str:
        """Anything by its type: words, numbers, dates, times, lists of names."""
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, (datetime, time)):
            return value.strftime("%H:%M")
        if isinstance(value, date):
            spoken = spoken_date(value, self._pattern, self._language)
            return fold(spoken) if self._folded else spoken
        if isinstance(value, (tuple, list)):
            return BETWEEN_NAMES.join(self._text(item) for item in value)
        if isinstance(value, (int, float)):
            return str(value)
        raise TypeError(f"{type(value).__name__} cannot be put into words")

    def _name(self, value: object) -> str:
        name = self._text(value)
        if self._html:
            return Markup("<bdi>{}</bdi>").format(name)
        return f"{FIRST_STRONG_ISOLATE}{name}{POP_ISOLATE}" if self._isolate else name

    def _names(self, value: object) -> str:
        names = (value,) if isinstance(value, str) else value
        if not isinstance(names, Sequence) or not names:
            raise TypeError("expected at least one name")
        spoken = [self._name(name) for name in names]
        return escape(BETWEEN_NAMES).join(spoken) if self._html else BETWEEN_NAMES.join(spoken)

    def _phone(self, value: object) -> str:
        # in a right-to-left text "01632 960123" shows with its halves exchanged
        number = "".join(self._text(value).split())
        if self._html:
            return Markup('<a href="tel:{0}" style="color:#0b4f8a"><bdi dir="ltr">{0}</bdi></a>').format(number)
        return number

    def _session(self, value: object) -> str:
        word = self._text(value)
        return SESSION_WORDS.get(word, word)

    def _pence(self, value: object) -> str:
        if not isinstance(value, (int, float)):
            raise TypeError("expected a number of pence")
        return f"£{value / 100:,.2f}"

    def _link(self, value: object) -> str:
        address = self._text(value)
        if not address.startswith(("https://", "http://")):
            raise ValueError("expected a web address that begins with https:// or http://")
        return Markup('<a href="{0}" style="color:#0b4f8a">{0}</a>').format(address) if self._html else address

    def _counts(self, value: object) -> list[dict[str, str]]:
        if not isinstance(value, Mapping):
            raise TypeError("expected numbers by name")
        return [
            {"name": self._text(str(name)).replace("_", " ").capitalize(), "number": self._text(number)}
            for name, number in value.items()
        ]

    def _rows(self, placeholder: Placeholder, value: object) -> list[dict[str, object]]:
        if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
            raise TypeError("expected a list of rows")
        return [self._row(placeholder, number, row) for number, row in enumerate(value, start=1)]

    def _row(self, placeholder: Placeholder, number: int, row: object) -> dict[str, object]:
        if not isinstance(row, Mapping):
            raise TypeError(f"row {number} is not a set of named values")
        spoken: dict[str, object] = {}
        for field in placeholder.fields:
            value = row.get(field.name)
            if value is None and field.required:
                raise MissingValue(
                    f"The message '{self._key}' needs '{field.name}' in row {number} of '{placeholder.name}'."
                )
            spoken[field.name] = "" if value is None else self._text(value)
        return spoken


def heading(text: str) -> str:
    """A subject line: one line, without isolates, which some mail programs draw as boxes."""
    return " ".join(_STEERING.sub("", text).split())


def escaped(text: str) -> Markup:
    """A message of a catalogue as HTML: its own characters are text, never markup."""
    return escape(text)
