"""How the staff pages put things: states as words, times on the school's clock, languages by name.

State is always said in words; colour only repeats it. Reasons and intents have their words elsewhere (`domain.reasons`,
`domain.replies`); nothing here looks anything up.
"""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError

from notifier.domain.sessions import LONDON

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

MESSAGE_STATES: Final = {
    "held": "held",
    "queued": "waiting to leave",
    "sending": "leaving",
    "unknown": "outcome not known",
    "accepted": "with the provider",
    "sent": "sent",
    "delivered": "delivered",
    "undelivered": "not delivered",
    "failed": "failed",
    "withheld": "not sent",
    "cancelled": "cancelled",
    "expired": "too late, not sent",
}
"""What became of a message."""

TROUBLED: Final = frozenset({"unknown", "undelivered", "failed", "expired", "held"})
"""States that staff should notice."""

CHANNELS: Final = {"sms": "Text", "email": "E-mail", "voice": "Call", "page": "Answer page"}

CLOSED: Final = {
    "present": "Marked present",
    "arrived_later": "Arrived later",
    "explained": "Reason in the register",
    "confirmed": "Reason confirmed",
}
"""Why a follow-up is settled."""

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

BARRIERS: Final = {
    "no_contact": "Must not be contacted",
    "no_parental_responsibility": "Ring only: no parental responsibility",
    "birth_parent_of_looked_after": "Ask the social worker first: birth parent of a looked-after child",
    "suppressed": "Automatic messages are switched off",
    "opted_out": "Asked for no more messages: ring",
    "no_address": "No mobile number or e-mail address: ring",
}
"""Why a contact gets no automatic message."""

FALLBACKS: Final = {
    "not_approved": "the translation is not approved yet",
    "no_translation": "there is no translation yet",
    "not_offered": "the school does not offer it",
}
"""Why a message went out in English."""

OWN_WORDING: Final = {
    "own_wording_stale": "the school's own wording is outdated",
    "own_wording_refused": "the school's own wording did not pass the checks",
    "own_wording_not_approved": "the school's own wording is not approved yet",
}
"""Why the shipped wording went out in place of the school's own."""

INTERNATIONAL: Final = "+44"


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


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun: "1 pupil", "2 pupils"."""
    return f"{number} {one if number == 1 else many}"
