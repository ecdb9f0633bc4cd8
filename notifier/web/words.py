"""How the staff pages put things: states as words, times on the school's clock, languages by name.

State is always said in words; colour only repeats it. What is also said outside the pages stands in `domain.staff_words`, reasons and
intents in `domain.reasons` and `domain.replies`; nothing here looks anything up.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from babel import Locale, UnknownLocaleError

from notifier.domain.sessions import LONDON
from notifier.domain.staff_words import BARRIERS as BARRIERS
from notifier.domain.staff_words import CHANNELS as CHANNELS
from notifier.domain.staff_words import CLOSED as CLOSED
from notifier.domain.staff_words import FALLBACKS as FALLBACKS
from notifier.domain.staff_words import MESSAGE_STATES as MESSAGE_STATES
from notifier.domain.staff_words import OWN_WORDING as OWN_WORDING
from notifier.domain.staff_words import session_words as session_words
from notifier.domain.staff_words import step_words as step_words

FOLLOW_UP_STATES: Final = {
    "urgent": "Urgent",
    "handed_over": "Handed over",
    "call_list": "Ring",
    "answered": "Answered",
    "chasing": "Waiting",
    "closed": "Settled",
}
"""The tag beside a follow-up, in the order in which they need a person."""

BOARD_PARTS: Final = {
    "urgent": ("Urgent answers", "Read the answer and act now, before anything else on this page."),
    "handed_over": ("Handed over", "Still open when the day's texts ended. These children are not accounted for yet."),
    "call_list": ("To ring", "A person rings now; no text will settle these."),
    "answered": (
        "Answered, not confirmed",
        "A carer has given a reason. Check it, and enter the code in the register.",
    ),
    "chasing": ("Waiting for an answer", "Texts are on their way; the next step follows by itself."),
    "closed": ("Settled", "Nothing more to do."),
}
"""The heading of each part of the board, and what it asks of staff."""

TROUBLED: Final = frozenset({"unknown", "undelivered", "failed", "expired", "held"})
"""States that staff should notice."""

FLAGS: Final = {
    "vulnerable": "Vulnerable",
    "looked_after": "Looked after",
    "social_worker": "Has a social worker",
    "no_nudges": "No reminders",
    "medical": "Long-term medical condition",
    "send": "Special educational needs",
    "bereaved": "Bereaved",
    "do_not_text": "Do not text",
}

INTERNATIONAL: Final = "+44"
_NOUNS: Final = {"sms": ("text", "texts"), "email": ("e-mail", "e-mails"), "voice": ("call", "calls")}


def clock_time(instant: datetime | str | None) -> str:
    """An instant, or its ISO form, as the school's clock showed it: "09:41"; empty for none."""
    if instant is None or instant == "":
        return ""
    moment = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    return f"{moment.astimezone(LONDON):%H:%M}"


def clock_seconds(instant: str) -> str:
    """The same with seconds, for a story in which order matters: "09:41:07"."""
    return f"{datetime.fromisoformat(instant).astimezone(LONDON):%H:%M:%S}"


def short_day(instant: datetime) -> str:
    """The local day of an instant: "Mon 23 Nov 2026"."""
    local = instant.astimezone(LONDON)
    return f"{local:%a} {local.day} {local:%b %Y}"


def day_and_clock(instant: datetime | None) -> str:
    """The same with the time: "Mon 23 Nov 2026, 09:41"; empty for none."""
    return f"{short_day(instant)}, {clock_time(instant)}" if instant is not None else ""


def shortened(text: str, letters: int = 160) -> str:
    """The beginning of a text, ended at a word where it is cut."""
    plain = " ".join(text.split())
    return plain if len(plain) <= letters else f"{plain[:letters].rpartition(' ')[0] or plain[:letters]} …"


def long_day(day: date) -> str:
    """A day in full: "Monday 23 November 2026"."""
    return f"{day:%A} {day.day} {day:%B %Y}"


@lru_cache(maxsize=512)
def language_name(tag: str | None) -> str:
    """The English name of a language tag; the tag itself where nobody knows it."""
    if not tag:
        return ""
    try:
        return str(Locale.parse(tag, sep="-").get_display_name("en") or tag)
    except (UnknownLocaleError, ValueError):
        return tag


def iso_day(text: str) -> str:
    """A day written as 2026-11-23, in full; the text itself where it is none."""
    try:
        return long_day(date.fromisoformat(text))
    except ValueError:
        return text


def local_day(instant: datetime) -> str:
    """The school's day at an instant, in full."""
    return long_day(instant.astimezone(LONDON).date())


def direction(text: str, language: str | None) -> str:
    """The `dir` of somebody's words: "rtl" or "auto".

    A reply in Urdu often begins with a child's name in Latin letters; guessing by the first letter would then turn the whole
    sentence round. Where the language is written from the right, and the letters are too, it is said outright.
    """
    if not language or not any(unicodedata.bidirectional(character) in ("R", "AL") for character in text):
        return "auto"
    try:
        return "rtl" if Locale.parse(language, sep="-").text_direction == "rtl" else "auto"
    except (UnknownLocaleError, ValueError):
        return "auto"


def spaced_number(address: str) -> str:
    """A number as one reads it out: "07700 900456". Addresses that are no British number stay as they are."""
    if not address.startswith(INTERNATIONAL) or not address[1:].isdecimal():
        return address
    national = "0" + address.removeprefix(INTERNATIONAL)
    return f"{national[:5]} {national[5:]}"


def what_became(messages: Iterable[Any]) -> str:
    """Messages counted by medium and by what became of them: "2 texts delivered, 1 e-mail not delivered"."""
    counts = Counter((message.channel, message.status) for message in messages)
    return ", ".join(
        f"{counted(number, *_NOUNS.get(channel, (channel, channel)))} {MESSAGE_STATES.get(status, status)}"
        for (channel, status), number in counts.items()
    )


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: "1 pupil", "2 pupils"."""
    return f"{number} {one if number == 1 else many}"
