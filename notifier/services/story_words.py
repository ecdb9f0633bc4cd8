"""How the story of a day puts what is on record: one sentence for each entry, with people by name and messages by title.

Records hold codes and keys, so that programs can rely on them; whatever tells people what happened (a follow-up's page, `notifier explain`,
a message's page, an evidence pack) has its sentences from here. Nothing here reads the database but `names_for`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from notifier.domain import staff_words
from notifier.domain.codes import AttendanceCode
from notifier.domain.decisions import Outcome
from notifier.domain.reasons import Reason, words
from notifier.domain.replies import ANSWER_PAGE, PLANS, Intent
from notifier.domain.staff_words import session_words, step_words
from notifier.store import names
from notifier.wording.previews import language_name
from notifier.wording.titles import title_of

BY_ITSELF: Final = frozenset({"run", "ladder", "scheduler", "provider", "register", ""})
"""Actors that are no person: the sentence does without them."""

_CARER: Final = re.compile(r"\bcarer ([\w./-]*\w)")
_NOT_REACHED: Final = re.compile(r"(\w+) to (carer \S+): (\w+)(?:; trying (\w+) to (carer \S+))?")
_OUTCOMES: Final = {
    Outcome.CONTACT: "it was decided to write to the carers",
    Outcome.WITHHOLD: "it was decided to write to nobody",
    Outcome.HOLD: "everything was held until somebody has looked",
}
_TRIES: Final = {
    "accepted": "handed to {provider}",
    "refused": "refused by {provider}",
    "retry": "not taken by {provider}; it is tried again",
    "unknown": "handed to {provider}; nobody knows yet whether it was taken",
}

_RESULTS: Final = {
    "accepted": "Taken",
    "refused": "Refused",
    "retry": "Not taken; it is tried again",
    "unknown": "Nobody knows yet whether it was taken",
}


@dataclass(frozen=True, slots=True)
class Names:
    """Names of people in a story: carers by id, staff by the e-mail address under which they act."""

    carers: Mapping[str, str] = field(default_factory=dict)
    staff: Mapping[str, str] = field(default_factory=dict)

    def carer(self, carer_id: str | None) -> str:
        """A carer's name, or "carer 4711" where no name is on record."""
        return self.carers.get(carer_id or "") or (f"carer {carer_id}" if carer_id else "somebody not on record")

    def person(self, actor: str) -> str:
        """Who acted: a member of staff, or a carer, by name."""
        match = _CARER.fullmatch(actor)
        return self.carer(match[1]) if match else self.staff.get(actor) or actor

    def by(self, actor: str | None) -> str:
        """ " by Alice Morgan", or nothing where it happened by itself."""  # noqa: D210 - the space belongs to it
        return f" by {self.person(actor)}" if actor and actor not in BY_ITSELF else ""


def names_for(
    connection: Connection, school_id: str, *, carers: Iterable[str | None] = (), actors: Iterable[str | None] = ()
) -> Names:
    """The names that a story needs."""
    acting = [actor for actor in actors if actor]
    found = [match[1] for actor in acting if (match := _CARER.fullmatch(actor))]
    return Names(
        names.carers_by_id(connection, school_id, [*found, *(carer for carer in carers if carer)]),
        names.staff_by_email(connection, [actor for actor in acting if "@" in actor]),
    )


def mark_said(session: str, code: str, meaning: AttendanceCode | None, *, unexplained: bool) -> str:
    """A mark that came in."""
    register = f"in the {session_words(session)} register"
    if not code:
        return f"No mark {register}"
    if unexplained:
        return f"Marked absent without a reason ({code}) {register}"
    return f"Marked {code} {register}: {meaning.meaning if meaning else 'not an attendance code in force'}"


def decision_said(session: str, outcome: str, reason: str) -> str:
    """What a run concluded."""
    said = _OUTCOMES.get(Outcome(outcome), outcome)
    return f"{session_words(session).capitalize()}: {said}. {words(reason).what}"


def medium(channel: str) -> str:
    """What a message is: "Text", "E-mail"."""
    return staff_words.CHANNELS.get(channel, channel)


def message_said(row: Any, known: Names) -> str:
    """A message that was written."""
    return f"{medium(row.channel)} to {known.carer(row.carer_id)} written: {title_of(row.template)}{_instead(row)}"


def message_ended(row: Any, known: Names) -> str:
    """A message that did not arrive, and why."""
    said = staff_words.MESSAGE_STATES.get(row.status, row.status)
    return f"{medium(row.channel)} to {known.carer(row.carer_id)}: {said}. {words(row.reason).what}"


def _instead(row: Any) -> str:
    """Why other words went out than somebody would expect."""
    if not row.fallback:
        return ""
    if row.fallback in staff_words.OWN_WORDING:
        return f". In the shipped words: {staff_words.OWN_WORDING[row.fallback]}"
    why = staff_words.FALLBACKS.get(row.fallback, row.fallback)
    return f". In {language_name(row.language)} instead of {language_name(row.wanted_language)}: {why}"


def try_said(attempt: Any) -> str:
    """What handing a message over came to: "handed to Twilio"."""
    provider = staff_words.provider_words(attempt.provider)
    if not attempt.outcome:
        return _TRIES["unknown"].format(provider=provider)
    return _TRIES.get(attempt.outcome, f"handed to {{provider}}: {attempt.outcome}").format(provider=provider)


def result_said(outcome: str | None) -> str:
    """What a try came to, said by the provider: "Taken"."""
    return _RESULTS.get(outcome or "", outcome or "Nobody knows yet whether it was taken")


def receipt_said(status: str) -> str:
    """What a receipt says: "delivered"."""
    return staff_words.MESSAGE_STATES.get(status, status)


def reply_said(row: Any, known: Names, body: str) -> str:
    """An answer, and what it was read as. `body` is without the tokens of answer links."""
    how = "answered on the page" if row.channel == ANSWER_PAGE else "wrote"
    said = f": “{body}”" if body or row.channel != ANSWER_PAGE else ""
    return f"{known.carer(row.carer_id)} {how}{said} {_read_as(row.intent, urgent=bool(row.urgent))}"


def _read_as(intent: str, *, urgent: bool) -> str:
    try:
        label = PLANS[Intent(intent)].label
    except ValueError:
        label = intent
    return f"(read as: {label[:1].lower()}{label[1:]}{'; urgent' if urgent else ''})"


def proposal_said(row: Any) -> str:
    """A message that was proposed to staff."""
    why = str(row.grounds.get("why", "")).rstrip(".")
    return f"Proposed to staff: {title_of(row.template)}{f' ({why})' if why else ''}"


def proposal_decided(row: Any, known: Names) -> str:
    """What became of a proposed message."""
    became = {"sent": "sent", "held_back": "held back", "expired": "ran out"}.get(
        row.state, row.state.replace("_", " ")
    )
    why = f": {row.decision_reason}" if row.decision_reason else ""
    return f"Proposed message {became}{known.by(row.decided_by)}: {title_of(row.template)}{why}"


def event_said(event: Any, known: Names) -> str:
    """An entry of a follow-up's timeline. What somebody typed stands as it was typed."""
    detail, by = event.detail, known.by(event.actor)
    match event.kind:
        case "opened":
            reason = detail.partition(";")[0]
            return "Follow-up opened" if reason == Reason.UNEXPLAINED else f"Follow-up opened. {words(reason).what}"
        case "reopened":
            return f"Follow-up opened again{by}: {detail}"
        case "call_list":
            return f"Put on the list of calls{by}. {words(detail).what}"
        case "step":
            return f"Next step: {_step(detail)}"
        case "step_skipped":
            name, _, why = detail.partition(": ")
            return f"Left out: {_lower(step_words(name))}, because {staff_words.SKIPPED.get(why, why)}"
        case "safeguarding_lead":
            return f"Handed to the safeguarding lead{by}: {detail if by else 'not accounted for yet'}"
        case "handed_over":
            ended = "the school closed" if detail.endswith("closed") else "the time for texts ended"
            return f"Handed over to staff: still open when {ended}"
        case "reply":
            intent, _, urgent = detail.partition(" (")
            return f"{_first(known.person(event.actor))} answered {_read_as(intent, urgent=bool(urgent))}"
        case "not_reached":
            return _not_reached(detail, known)
        case "all_clear":
            return _all_clear(detail)
        case "closed":
            return _closed(detail, event.actor, known)
        case "away":
            return f"Not expected{by}: {detail}"
        case "note" | "call":
            return f"{event.kind.capitalize()}{by}: {detail}"
        case "by_hand":
            what, _, whom = detail.partition(": ")
            return f"Written to by hand{by}: {_BY_HAND.get(what, what)} {whom}"
        case _:
            return f"{_first(event.kind.replace('_', ' '))}{by}: {detail}"


_BY_HAND: Final = {"again": "again", "next contact": "the next contact,"}


def _step(detail: str) -> str:
    name, _, count = detail.partition(": ")
    number = count.partition(" ")[0]
    return f"{_lower(step_words(name))}{f', {_counted(number)}' if number.isdecimal() else ''}"


def _counted(number: str) -> str:
    return f"{number} {'message' if number == '1' else 'messages'}"


def _not_reached(detail: str, known: Names) -> str:
    match = _NOT_REACHED.fullmatch(detail)
    if match is None:
        purpose, _, reason = detail.rpartition(": ")
        about = {"ack": "Our answer", "all_clear": "The all clear"}.get(purpose, "A message")
        return f"{about} did not arrive. {words(reason).what}"
    channel, carer, reason, other, next_carer = match.groups()
    then = f" Tried next: {_lower(medium(other))} to {known.person(next_carer)}." if other else ""
    return f"{medium(channel)} to {known.person(carer)} did not arrive. {words(reason).what}{then}"


def _all_clear(detail: str) -> str:
    number = detail.partition(" ")[0]
    if number == "0":
        return "In school after all. Nobody had been told of the absence"
    return f"In school after all: {number} {'carer is' if number == '1' else 'carers are'} told"


def _closed(detail: str, actor: str, known: Names) -> str:
    reason, _, code = detail.partition(", code ")
    said = staff_words.CLOSED.get(reason, reason.replace("_", " ").capitalize())
    who = " by the register" if actor == "register" else known.by(actor)
    return f"Follow-up settled{who}: {_lower(said)}{f', code {code}' if code else ''}"


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
