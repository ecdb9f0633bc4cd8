"""How states are put for staff: of a message, a contact, a language that did not go out, a follow-up that is settled. One table each.

Pages, the story of a day, evidence packs and exports all read these. Reasons and readings have theirs in `domain.reasons` and
`domain.replies`. State is always said in words; a colour only repeats it.
"""

from __future__ import annotations

from typing import Final

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

CHANNELS: Final = {"sms": "Text", "email": "E-mail", "voice": "Call", "page": "Answer page"}

PROVIDERS: Final = {"simulator": "the simulator", "twilio": "Twilio", "smtp": "the mail server"}
"""Whom a message was handed to, and who sends receipts. One that is not here is called by its key."""

SESSIONS: Final = {"AM": "morning", "PM": "afternoon"}

CLOSED: Final = {
    "present": "Marked present",
    "arrived_later": "Arrived later",
    "explained": "Reason in the register",
    "confirmed": "Reason confirmed",
}
"""Why a follow-up is settled."""

STEPS: Final = {
    "first_text": "First text",
    "second_text": "Second text",
    "all_contacts": "Message to all contacts",
    "call_list": "List of calls",
    "safeguarding_lead": "Safeguarding lead",
}
"""Steps of the shipped ladders; a school's own are called by their key, see `step_words`."""

SKIPPED: Final = {
    "answered": "somebody had answered",
    "too_late": "the time for texts had ended",
    "overtaken": "the next step was due already",
}
"""Why a step of the ladder was left out."""

BARRIERS: Final = {
    "no_contact": "Must not be contacted",
    "no_parental_responsibility": "Ring only: no parental responsibility",
    "birth_parent_of_looked_after": "Ask the social worker first: birth parent of a looked-after child",
    "suppressed": "Automatic messages are switched off",
    "opted_out": "Asked for no more messages: ring",
    "no_address": "No mobile number or e-mail address that works: ring",
}
"""Why a contact gets no automatic message."""

ADDRESS_FAULTS: Final = {
    "wrong_number": "Somebody else’s number",
    "unreachable": "Nobody can be reached there",
}
"""Why a number or an e-mail address is not used."""

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


def step_words(name: str) -> str:
    """A step of a ladder by its name in words: "Second text"."""
    return STEPS.get(name) or name.replace("_", " ").capitalize()


def address_fault_words(reason: str) -> str:
    """Why a number or an e-mail address is not used: "Somebody else’s number"."""
    return ADDRESS_FAULTS.get(reason) or reason.replace("_", " ").capitalize()


def session_words(session: str) -> str:
    """A session as people say it: "morning" or "afternoon"."""
    return SESSIONS.get(session, session)


def provider_words(provider: str) -> str:
    """Who carried a message: "Twilio", "the mail server"."""
    return PROVIDERS.get(provider, provider)
