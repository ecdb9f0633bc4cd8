"""From what staff type into the log's search to what is looked for: names to pupils and carers, digits to numbers, days to instants.

Names and numbers are compared here, over one school's people, so that the same spelling counts on every database, and would count if
addresses were kept encrypted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from notifier.domain.answer_tokens import without_tokens
from notifier.domain.emails import EmailError, parse_email
from notifier.domain.messages import MessageStatus
from notifier.domain.phones import PhoneError, parse_phone
from notifier.domain.replies import PLANS, Intent
from notifier.domain.search_words import folded, words_of
from notifier.domain.sessions import at_local
from notifier.store import message_log, messages, names
from notifier.store.message_log import IN, OUT, STAFF, Entry, Wanted

MOST_PEOPLE: Final = 300
"""Pupils or carers that one name may stand for."""

FEWEST_DIGITS: Final = 4
"""Digits by which part of a number is looked for."""

LONGEST: Final = 200
"""Letters that may be typed into a field."""

CHANNELS: Final = ("sms", "email")
DIRECTIONS: Final = (OUT, IN, STAFF)


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was typed; every field may be empty. Dates are YYYY-MM-DD or DD/MM/YYYY, both days included."""

    pupil: str = ""
    carer: str = ""
    number: str = ""
    text: str = ""
    status: str = ""
    template: str = ""
    channel: str = ""
    direction: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Asked:
        """From fields of a form or an address; what is not a field of a search is left out."""
        return cls(**{part.name: str(given.get(part.name) or "").strip()[:LONGEST] for part in fields(cls)})

    def filled(self) -> dict[str, str]:
        """The fields that are not empty."""
        return {part.name: getattr(self, part.name) for part in fields(self) if getattr(self, part.name)}

    @property
    def about_somebody(self) -> bool:
        """Whether it looks for a person or for words, so that finding is a look at somebody's story."""
        return bool(self.pupil or self.carer or self.number or self.text)


@dataclass(frozen=True, slots=True)
class Understood:
    """What a search comes to. With faults (field to words) nothing is looked for."""

    wanted: Wanted = field(default_factory=Wanted)
    faults: Mapping[str, str] = field(default_factory=dict)
    pupils: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log for people. `state` is a message's status or an answer's intent; `names` are of the pupils."""

    number: int
    item_id: str
    direction: str
    at: datetime
    channel: str
    names: tuple[str, ...]
    pupil_ids: tuple[str, ...]
    person: str
    address: str
    language: str
    subject: str
    body: str
    template: str
    state: str
    state_words: str
    urgent: bool
    segments: int
    cost_pence: float
    row: Any


def understand(connection: Connection, school_id: str, asked: Asked, *, allow_test: bool) -> Understood:
    """What is looked for; with faults beside their fields where something cannot be understood.

    `allow_test` lets numbers and addresses through that are kept for tests.
    """
    faults: dict[str, str] = {}
    pupils = pupils_named(connection, school_id, asked.pupil) if asked.pupil else []
    carers = _carers(connection, school_id, asked.carer) if asked.carer else []
    for found, place, what in ((pupils, "pupil", "pupils"), (carers, "carer", "carers")):
        if len(found) > MOST_PEOPLE:
            faults[place] = f"More than {MOST_PEOPLE} {what} have a name like this. Type more of it."
    addresses = _addresses(connection, school_id, asked.number, allow_test=allow_test) if asked.number else []
    if asked.number and addresses is None:
        faults["number"] = f"Enter a number, at least {FEWEST_DIGITS} digits of one, or a whole e-mail address."
    if asked.text and not words_of(asked.text):
        faults["text"] = "Enter at least one word. Signs alone are not searched for."
    choices = (
        ("status", {state.value for state in MessageStatus}),
        ("channel", set(CHANNELS)),
        ("direction", set(DIRECTIONS)),
    )
    for place, known in choices:
        if getattr(asked, place) and getattr(asked, place) not in known:
            faults[place] = "Choose one of the list."
    since, until = _day(asked.since, "since", faults), _day(asked.until, "until", faults)
    if since and until and until < since:
        faults["until"] = "The last day is before the first."
    if asked.status and asked.direction == IN:
        faults["status"] = "Answers have no such state. Leave the state out, or search what was sent."
    if faults:
        return Understood(faults=faults)
    wanted = Wanted(
        typed=asked.text,
        direction=asked.direction,
        channel=asked.channel,
        template=asked.template,
        status=asked.status,
        pupil_ids=tuple(row.pupil_id for row in pupils) if asked.pupil else None,
        carer_ids=tuple(row.carer_id for row in carers) if asked.carer else None,
        addresses=tuple(addresses or ()) if asked.number else None,
        since=at_local(since, time(0)) if since else None,
        until=at_local(until + timedelta(days=1), time(0)) if until else None,
    )
    return Understood(wanted, {}, pupils)


def pupils_named(connection: Connection, school_id: str, typed: str) -> list[Any]:
    """The pupils whose id, or beginnings of whose names, somebody typed."""
    rows = names.pupil_names(connection, school_id)
    exact = [row for row in rows if row.pupil_id == typed]
    return exact or [row for row in rows if _named(typed, row.given_name, row.preferred_name, row.family_name)]


def _carers(connection: Connection, school_id: str, typed: str) -> list[Any]:
    rows = names.carer_names(connection, school_id)
    exact = [row for row in rows if row.carer_id == typed]
    return exact or [row for row in rows if _named(typed, row.name)]


def _named(typed: str, *parts: str) -> bool:
    """Whether each typed word begins a word of the name."""
    wanted, name = folded(typed).split(), folded(" ".join(filter(None, parts))).split()
    return bool(wanted) and all(any(part.startswith(word) for part in name) for word in wanted)


def _addresses(connection: Connection, school_id: str, typed: str, *, allow_test: bool) -> list[str] | None:
    """The addresses that are meant: a whole one, or those of the school's carers that hold the digits. None: not understood."""
    if "@" in typed:
        try:
            return sorted({parse_email(typed, allow_test=allow_test), typed})
        except EmailError:
            return None
    digits = "".join(filter(str.isdecimal, typed))
    if len(digits) < FEWEST_DIGITS:
        return None
    found = set()
    with suppress(PhoneError):
        found.add(parse_phone(typed, allow_test_numbers=allow_test).e164)
    part = digits.removeprefix("0")  # as people write it, without the country's code
    for row in names.carer_names(connection, school_id):
        found |= {address for address in (row.mobile, row.landline) if address and part in address}
    return sorted(found)


def _day(text: str, place: str, faults: dict[str, str]) -> date | None:
    if not text:
        return None
    parts = text.split("/")
    written = "-".join(reversed(parts)) if len(parts) == 3 else text
    try:
        day = date.fromisoformat("-".join(part.zfill(2) for part in written.split("-")))
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year <= 2100:
        faults[place] = "Enter a day like 23/11/2026."
        return None
    return day


def lines(connection: Connection, school_id: str, found: Sequence[Entry]) -> list[LogLine]:
    """Entries for people, with names, and without the tokens of answer links."""
    about = {pupil_id for entry in found for pupil_id in entry.row.pupil_ids}
    called = {
        key: f"{row.preferred_name or row.given_name} {row.family_name}".strip()
        for key, row in messages.names_of(connection, school_id, about).items()
    }
    people = names.carers_by_id(connection, school_id, [entry.row.carer_id for entry in found if entry.row.carer_id])
    return [_line(entry, called, people) for entry in found]


def _line(entry: Entry, called: Mapping[str, str], people: Mapping[str, str]) -> LogLine:
    row, received = entry.row, entry.direction == IN
    pupil_ids = tuple(row.pupil_ids)
    return LogLine(
        number=entry.number,
        item_id=row.reply_id if received else row.message_id,
        direction=entry.direction,
        at=row.received_at if received else row.created_at,
        channel=row.channel,
        names=tuple(called.get(key, key) for key in pupil_ids),
        pupil_ids=pupil_ids,
        person=people.get(row.carer_id, row.carer_id or "") if row.carer_id else "",
        address=row.sender if received else row.to_address,
        language=row.language or "",
        subject="" if received else without_tokens(row.subject or ""),
        body=without_tokens(row.body),
        template="" if received else row.template,
        state=row.intent if received else row.status,
        state_words=PLANS[Intent(row.intent)].label if received else "",
        urgent=bool(received and row.urgent),
        segments=0 if received else row.segments,
        cost_pence=0.0 if received else row.cost_pence,
        row=row,
    )


def templates(connection: Connection, school_id: str) -> list[str]:
    """The templates that a search can choose from."""
    return message_log.templates_used(connection, school_id)
