"""Everything a page shows of one pupil's day: the story, the decision, messages with receipts, answers, contacts, and what may be done.

It only reads, within one transaction, from what was stored at the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection

from notifier.domain.board import State, state_of
from notifier.domain.choosing import Barrier
from notifier.domain.codes import AttendanceCode, CodeEffect
from notifier.domain.messages import MessageStatus
from notifier.domain.people import Pupil
from notifier.domain.phones import display
from notifier.domain.replies import PLANS, Intent
from notifier.domain.schools import School
from notifier.services import staff_acts, use_again, write_by_hand
from notifier.services.application import Application
from notifier.services.explain import explain
from notifier.services.story_words import receipt_said
from notifier.services.today import situation
from notifier.services.views import Document, message_document, reply_document
from notifier.services.write_by_hand import Offer
from notifier.store import blocks, follow_ups, messages, people, receipts, replies
from notifier.store.people import Roll

COMMON: Final = ("I", "M", "L", "U", "C", "O")
"""Codes that get a button of their own, after those that an answer suggests; presence in the session is added at the end."""

RING_ONLY: Final = frozenset({Barrier.NO_CONTACT, Barrier.NOT_RESPONSIBLE, Barrier.BIRTH_PARENT})
"""Who gets no automatic message however good the number is: there is nothing to use again."""

PRESENT: Final = {"AM": "/", "PM": "\\"}


@dataclass(frozen=True, slots=True)
class Quick:
    """A code with a button: its key is its number in the row. `suggested` says that an answer suggests it."""

    code: str
    meaning: str
    suggested: bool


@dataclass(frozen=True, slots=True)
class OneDay:
    """One pupil's day. `row` is the follow-up in hand, None on the page of a pupil without one."""

    pupil: Pupil
    day: date
    story: Document
    row: Any | None
    state: State | None
    known: str
    to_do: str
    others: tuple[Any, ...]
    replies: tuple[Document, ...]
    messages: tuple[Document, ...]
    contacts: tuple[Document, ...]
    calls: int
    seen: str
    offer: Offer
    quick: tuple[Quick, ...]
    suppressions: tuple[Any, ...]
    blocks: tuple[Any, ...]
    told_ahead: tuple[Any, ...]
    until: str


def one_day(
    connection: Connection,
    app: Application,
    school: School,
    pupil_id: str,
    day: date,
    *,
    now: datetime,
    row: Any | None = None,
) -> OneDay | None:
    """The day of a pupil, around the follow-up `row`; None for a pupil the school does not know."""
    story = explain(connection, app, school, pupil_id, day)
    roll = people.load_roll(connection, school.key, pupil_ids=[pupil_id], off_roll=True)
    pupil = roll.pupils.get(pupil_id)
    if pupil is None:
        return None
    of_day = [one for one in follow_ups.of_pupils(connection, school.key, [pupil_id], since=day) if one.day == day]
    ids = [one.follow_up_id for one in of_day]
    found = {
        reply.reply_id: reply for reply in replies.of_follow_ups(connection, school.key, ids)
    }  # one may lie beside two
    answers = [_reply(app, reply, roll, pupil_id) for reply in found.values()]
    events = follow_ups.timeline(connection, school.key, [row.follow_up_id]) if row is not None else []
    known, to_do = situation(row, list(found.values())) if row is not None else ("", "")
    return OneDay(
        pupil=pupil,
        day=day,
        story=story,
        row=row,
        state=state_of(row) if row is not None else None,
        known=known,
        to_do=to_do,
        others=tuple(one for one in of_day if row is None or one.follow_up_id != row.follow_up_id),
        replies=tuple(answers),
        messages=tuple(_messages(connection, school, roll, pupil_id, day)),
        contacts=tuple(_contacts(connection, school, story, roll)),
        calls=sum(event.kind == "call" for event in events),
        seen=",".join(staff_acts.mark_of(event) for event in events),
        offer=write_by_hand.offer(connection, app, school, row, now=now) if row is not None else Offer(),
        quick=quick_codes(app, row.session if row is not None else "AM", list(found.values())),
        suppressions=tuple(
            blocks.suppressions_of(connection, school.key, pupil_id, [c["carer_id"] for c in story["contacts"]], day)
        ),
        blocks=tuple(blocks.contact_blocks_standing(connection, school.key, pupil_id)),
        told_ahead=tuple(blocks.reports_standing(connection, school.key, pupil_id, day)),
        until=next(
            (str(reply["facts"]["return_date"]) for reply in reversed(answers) if reply["facts"].get("return_date")), ""
        ),
    )


def quick_codes(app: Application, session: str, answers: Sequence[Any]) -> tuple[Quick, ...]:
    """The codes with a button: those the answers suggest, the common ones, and that the pupil is here after all."""
    suggested = [reply.suggested_code for reply in reversed(answers) if reply.suggested_code]
    possible = [code for reply in reversed(answers) for code in PLANS[Intent(reply.intent)].codes]
    wanted = dict.fromkeys([*suggested, *possible, *COMMON])
    chosen = [code for code in wanted if _gives_reason(app, code)][:7]
    chosen = [*chosen, PRESENT.get(session, "/")]
    return tuple(Quick(code, app.codes.codes[code].meaning, code in suggested) for code in chosen)


def _gives_reason(app: Application, code: str) -> bool:
    return code in app.codes.codes and app.codes.effect(code) not in (
        CodeEffect.UNEXPLAINED,
        CodeEffect.UNKNOWN,
        CodeEffect.NO_MARK,
    )


def codes_that_explain(app: Application, *, present: bool = True) -> list[AttendanceCode]:
    """Every code a person may confirm, by code; without those of presence where they mean nothing."""
    return sorted(
        (
            entry
            for code, entry in app.codes.codes.items()
            if _gives_reason(app, code) and (present or entry.effect is not CodeEffect.PRESENT)
        ),
        key=lambda entry: entry.code,
    )


def _reply(app: Application, row: Any, roll: Roll, pupil_id: str) -> Document:
    carer = roll.carers.get(row.carer_id or "")
    link = next((one for one in roll.contacts.get(pupil_id, ()) if one.carer_id == row.carer_id), None)
    suggested = app.codes.lookup(row.suggested_code) if row.suggested_code else None
    return {
        **reply_document(row),
        "facts": dict(row.facts or {}),
        "who": carer.name if carer and carer.name else "",
        "relationship": link.relationship if link else "",
        "suggested_words": suggested.meaning if suggested else "",
    }


def _messages(connection: Connection, school: School, roll: Roll, pupil_id: str, day: date) -> list[Document]:
    rows = list(reversed(messages.listing(connection, school.key, day=day, pupil_id=pupil_id)))
    events: dict[str, list[Any]] = {}
    for event in receipts.events_of(connection, [row.message_id for row in rows]):
        events.setdefault(event.message_id, []).append(event)
    found = []
    for row in rows:
        carer = roll.carers.get(row.carer_id or "")
        link = next((one for one in roll.contacts.get(pupil_id, ()) if one.carer_id == row.carer_id), None)
        found.append(
            {
                **message_document(row),
                "who": carer.name if carer and carer.name else f"carer {row.carer_id}",
                "relationship": link.relationship if link else "",
                "receipts": [
                    (event.received_at, receipt_said(event.status))
                    for event in sorted(events.get(row.message_id, []), key=_in_order)
                ],
            }
        )
    return found


_RANK: Final = {status.value: rank for rank, status in enumerate(MessageStatus)}


def _in_order(event: Any) -> tuple[datetime, int]:
    """Receipts that came at the same moment stand in the order in which a message goes through its states."""
    return event.received_at, _RANK.get(event.status, 0)


def _contacts(connection: Connection, school: School, story: Mapping[str, Any], roll: Roll) -> list[Document]:
    """Contacts with the numbers to ring, and what is not used of them; of somebody who must not be contacted none is given out."""
    found = []
    addresses = use_again.addresses(roll.carers[contact["carer_id"]] for contact in story["contacts"])
    faulty = blocks.faults_of(connection, school.key, addresses)
    for contact in sorted(story["contacts"], key=lambda one: (one["priority"], one["carer_id"])):
        carer = roll.carers[contact["carer_id"]]
        forbidden = contact["barrier"] == "no_contact"
        numbers = [] if forbidden else [number for number in (carer.mobile, carer.landline) if number]
        found.append(
            {
                **contact,
                "called": contact["name"] or f"carer {contact['carer_id']}",
                "numbers": [{"dial": number, "shown": display(number)} for number in numbers],
                "email": "" if forbidden else carer.email or "",
                "forbidden": forbidden,
                "faults": [] if contact["barrier"] in RING_ONLY else use_again.faults_said(carer, faulty),
            }
        )
    return found
