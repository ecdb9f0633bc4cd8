"""The morning at a glance: the time to the run, the registers, what is held, the counts, and who needs a person next.

Everything of one page is read in one transaction with a fixed number of queries, however many pupils there are.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from notifier.domain import board
from notifier.domain.board import Card, Part
from notifier.domain.guards import RegisterFacts, RegisterState, register_state
from notifier.domain.reasons import Reason
from notifier.domain.reasons import words as reason_words
from notifier.domain.replies import PLANS, Intent
from notifier.domain.schools import School
from notifier.domain.sessions import Session, at_local, local_date
from notifier.services.application import Application
from notifier.services.views import hold_document, unexplained_codes
from notifier.store import blocks, evidence, replies, runs
from notifier.store import board as store
from notifier.store.board import GroupRegister

PAGE: Final = 60
"""Rows of the list that are shown at once."""

BEFORE_CLOSING: Final = timedelta(hours=1)
"""From how long before a session's register closes its registers are the ones to look at."""


@dataclass(frozen=True, slots=True)
class SessionClock:
    """One session's times on a day (aware), and what has happened: `began` is when its run began, None before."""

    session: Session
    first_contact: datetime
    last_contact: datetime
    began: datetime | None
    last_pass: datetime | None = None


@dataclass(frozen=True, slots=True)
class Registers:
    """The registers of one session. `late` are those not taken or too old, with their state."""

    session: Session
    groups: tuple[tuple[GroupRegister, RegisterState], ...]

    @property
    def taken(self) -> int:
        """How many can be acted on."""
        return sum(state is RegisterState.TAKEN for _, state in self.groups)

    @property
    def late(self) -> tuple[tuple[GroupRegister, RegisterState], ...]:
        """Those that cannot."""
        return tuple((group, state) for group, state in self.groups if state is not RegisterState.TAKEN)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the list: the card, the newest answer, the messages, and what to do."""

    card: Card
    replies: tuple[Any, ...]
    messages: tuple[Any, ...]
    known: str
    to_do: str


@dataclass(frozen=True, slots=True)
class Today:
    """Everything the page shows of a school's day."""

    day: date
    is_today: bool
    is_school_day: bool
    why_closed: str | None
    clocks: tuple[SessionClock, ...]
    registers: Registers | None
    holds: tuple[Mapping[str, Any], ...]
    counts: Mapping[Part, int]
    cards: tuple[Card, ...]
    rows: tuple[Row, ...]
    shown: Part
    query: str
    page: int
    pages: int
    elsewhere: tuple[Any, ...] = ()
    unaccounted: int = 0
    blocks_waiting: tuple[Any, ...] = field(default=())


def today(
    connection: Connection,
    app: Application,
    school: School,
    day: date,
    *,
    now: datetime,
    part: Part = Part.UNEXPLAINED,
    query: str = "",
    page: int = 1,
) -> Today:
    """What the page of a day shows; `part` and `query` narrow the list, `page` counts from 1."""
    cards = sorted(store.cards(connection, school.key, day), key=board.need)
    wanted = [card for card in cards if part in board.parts_of(card)]
    elsewhere: Sequence[Any] = ()
    if query:
        wanted = [card for card in cards if matches(query, card.name, card.group, card.pupil_id)]
        on_board = {card.pupil_id for card in cards}
        elsewhere = [
            row
            for row in store.roll_names(connection, school.key)
            if row.pupil_id not in on_board and matches(query, *_names(row), row.registration_group, row.pupil_id)
        ][:20]
    pages = max(1, -(-len(wanted) // PAGE))
    page = min(max(page, 1), pages)
    calendar = app.calendar(school)
    is_school_day, is_today = calendar.is_school_day(day), day == local_date(now)
    clocks = tuple(_clocks(connection, school, day)) if is_school_day else ()
    lost = evidence.unaccounted(connection, unexplained_codes=unexplained_codes(app), school_id=school.key, day=day)
    return Today(
        day=day,
        is_today=is_today,
        is_school_day=is_school_day,
        why_closed=calendar.why_closed(day),
        clocks=clocks,
        registers=_registers(connection, app, school, day, now=now) if is_school_day else None,
        holds=tuple(_holds(connection, school, day)),
        counts=board.counts(cards),
        cards=tuple(cards),
        rows=tuple(_rows(connection, school, wanted[(page - 1) * PAGE : page * PAGE])),
        shown=part,
        query=query,
        page=page,
        pages=pages,
        elsewhere=tuple(elsewhere),
        unaccounted=len(lost),
        blocks_waiting=tuple(
            row
            for row in blocks.contact_blocks_standing(connection, school.key)
            if row.second_by is None or row.end_asked_by is not None
        ),
    )


def _clocks(connection: Connection, school: School, day: date) -> Iterable[SessionClock]:
    begun = {row.session: row for row in runs.runs_of_day(connection, school.key, day)}
    for session, times in sorted(school.times.items(), key=lambda item: item[1].first_contact):
        run = begun.get(session.value)
        yield SessionClock(
            session,
            at_local(day, times.first_contact),
            at_local(day, times.last_contact),
            run.started_at if run else None,
            run.last_pass_at if run else None,
        )


def session_in_hand(school: School, day: date, now: datetime) -> Session:
    """The session whose registers are to be looked at: the last whose register closes within the hour, or has closed."""
    ordered = sorted(school.times.items(), key=lambda item: item[1].register_closes)
    due = [session for session, times in ordered if now >= at_local(day, times.register_closes) - BEFORE_CLOSING]
    return due[-1] if due else ordered[0][0]


def _registers(connection: Connection, app: Application, school: School, day: date, *, now: datetime) -> Registers:
    session = session_in_hand(school, day, now)
    limits = app.policy(school).guards
    moment = min(
        now, at_local(day, school.times[session].first_contact)
    )  # once the run has looked at them they do not grow old
    groups = store.registers(connection, school.key, day, session.value, unexplained_codes=unexplained_codes(app))
    return Registers(
        session,
        tuple(
            (one, register_state(RegisterFacts(one.group, one.on_roll, one.marked, one.last_mark_at), limits, moment))
            for one in groups
        ),
    )


def _holds(connection: Connection, school: School, day: date) -> Iterable[dict[str, Any]]:
    """Open holds, each with why in words and the pupils without a reason who wait for it."""
    found = runs.holds_of(connection, school.key, day, open_only=True)
    waiting: dict[str, list[Any]] = {}
    for session in sorted({row.session for row in found}):
        for row in store.held_pupils(connection, school.key, day, session):
            waiting.setdefault(f"{session}|{row.reason}", []).append(row)
    for row in found:
        pupils = [
            one
            for one in waiting.get(f"{row.session}|{row.kind}", [])
            if not row.scope or one.registration_group == row.scope
        ]
        yield hold_document(row) | {
            "what": reason_words(row.kind).what,
            "made_by": row.made_by,
            "made": row.made_at,
            "pupils": pupils,
        }


def _rows(connection: Connection, school: School, cards: Sequence[Card]) -> Iterable[Row]:
    ids = [card.follow_up_id for card in cards]
    sent: dict[str, list[Any]] = {}
    for message in store.messages_beside(connection, school.key, ids):
        sent.setdefault(message.about, []).append(message)
    said: dict[str, list[Any]] = {}
    for reply in replies.of_follow_ups(connection, school.key, [card.follow_up_id for card in cards if card.answers]):
        said.setdefault(reply.about, []).append(reply)
    for card in cards:
        answers = said.get(card.follow_up_id, [])
        known, to_do = situation(card, answers)
        yield Row(card, tuple(answers), tuple(sent.get(card.follow_up_id, ())), known, to_do)


def situation(card: Any, answers: Sequence[Any]) -> tuple[str, str]:
    """What is known of a follow-up in a sentence, and what to do. What the carer said last outweighs how it all began."""
    state = board.state_of(card)
    if state is board.State.URGENT:
        urgent = [reply for reply in answers if reply.urgent]
        known = reason_words(Reason.URGENT_REPLY)
        return known.what, PLANS[Intent(urgent[-1].intent)].next_step if urgent else known.next_step
    if state is board.State.ANSWERED and answers:
        return "", PLANS[Intent(answers[-1].intent)].next_step
    if state is board.State.ANSWERED:
        return "Somebody at school spoke to the family, or the family reported it.", "Confirm the reason."
    if state in (board.State.CHASING, board.State.CLOSED):
        return "", ""
    said = reason_words(card.call_reason or card.reason)
    return said.what, said.next_step


def plain(text: str) -> str:
    """A text for comparing: without case, accents and marks, so that Lukasz finds Łukasz."""
    spread = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l").replace("ø", "o").replace("đ", "d"))
    return "".join(letter for letter in spread if not unicodedata.combining(letter))


def matches(query: str, *texts: str) -> bool:
    """Whether every word of the query begins a word of the texts."""
    found = [word for text in texts for word in plain(text).replace("-", " ").replace("'", "").split()]
    wanted = plain(query).replace("-", " ").replace("'", "").split()
    return bool(wanted) and all(any(word.startswith(part) for word in found) for part in wanted)


def _names(row: Any) -> tuple[str, str, str]:
    return row.given_name, row.preferred_name or "", row.family_name or ""
