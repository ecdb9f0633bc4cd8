"""Whom a message from outside came from: the answer to what we sent last, else the carer on record, else nobody we know.

Nothing is kept or decided here; see `receive`, `act_on_reply` and `acknowledge`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier.domain.people import Carer
from notifier.domain.replies import ReplyReading
from notifier.domain.schools import School
from notifier.domain.sessions import local_date
from notifier.services.application import Application
from notifier.store import blocks as block_store
from notifier.store import follow_ups as follow_up_store
from notifier.store import messages as message_store
from notifier.store import people

ANSWERS_TO = timedelta(days=14)
"""How far back a message may lie for an incoming one to be its answer."""


@dataclass(frozen=True, slots=True)
class Match:
    """Whom a message came from. `school` and `carer` are None for strangers; `follow_ups` are those it is laid beside.

    `message` is the one it certainly answers, as an answer page knows; None where that is worked out from the address.
    """

    school: School | None = None
    carer: Carer | None = None
    pupil_ids: tuple[str, ...] = ()
    follow_ups: tuple[Any, ...] = ()
    message: Any | None = None


def forbidden_pupils(connection: Connection, match: Match) -> frozenset[str]:
    """The pupils of a match about whom its sender must not be contacted, by the people file or by a block that staff set."""
    if match.school is None or match.carer is None:
        return frozenset()
    carer_id, key = match.carer.carer_id, match.school.key
    roll = people.load_roll(connection, key, pupil_ids=match.pupil_ids, off_roll=True)
    told = {
        pupil_id
        for pupil_id, links in roll.contacts.items()
        for contact in links
        if contact.carer_id == carer_id and contact.no_contact
    }
    return frozenset(told | {row.pupil_id for row in block_store.contact_blocks_of(connection, key, carer_id)})


@dataclass(frozen=True, slots=True)
class Received:
    """A reply that was matched to a school, read and kept, and that is acted on at `now` in the transaction of `connection`.

    `row` holds it as it was kept: reply_id, channel, sender, body, received_at and carer_id at least.
    """

    connection: Connection
    app: Application
    school: School
    match: Match
    reading: ReplyReading
    row: dict[str, Any]
    now: datetime

    @property
    def still_open(self) -> list[Any]:
        """The follow-ups beside it that nobody has closed, as they were when it was matched."""
        return [chased for chased in self.match.follow_ups if chased.closed_at is None]


def match_sender(
    connection: Connection, app: Application, channel: str, sender: str, *, now: datetime, recipient: str = ""
) -> Match:
    """Find carer, pupils and open follow-ups of a sender.

    Whoever answers, answers the newest message we sent there; without one, the carer on record, at the school whose number was
    written to. A carer with two absent children gets the reply laid beside both; staff split it.
    """
    last = message_store.last_to_address(connection, channel, sender, since=now - ANSWERS_TO)
    known = people.carers_at(connection, channel, sender)
    place: tuple[str, str] | None = None
    if last is not None and (last.school_id, last.carer_id) in known:
        place = (last.school_id, last.carer_id)
    elif known:
        own = [
            (school_id, carer) for school_id, carer in known if app.school(connection, school_id).sms_from == recipient
        ]
        place = (own or known)[0] if len({school_id for school_id, _ in own or known}) == 1 else None
    elif last is not None:
        place = (last.school_id, last.carer_id)  # the number changed hands on our books since
    if place is None:
        schools = app.schools(connection)
        own_school = [school for school in schools if school.sms_from == recipient and recipient]
        only = own_school or (schools if len(schools) == 1 else [])
        return Match(school=only[0]) if only else Match()
    school = app.school(connection, place[0])
    children = people.children_of(connection, school.key, place[1])
    carer = people.load_roll(connection, school.key, pupil_ids=children).carers.get(place[1])
    today = local_date(now)
    chased = follow_up_store.of_pupils(connection, school.key, list(children), since=today)
    beside = [row for row in chased if row.closed_at is None] or _about(connection, school, last, chased)
    pupil_ids = tuple(sorted({row.pupil_id for row in beside})) or children
    return Match(school, carer or Carer(place[1]), pupil_ids, tuple(beside))


def _about(connection: Connection, school: School, last: Any | None, chased: Sequence[Any]) -> list[Any]:
    """Without an open follow-up: those the answered message was about, or the day's closed ones."""
    if last is None:
        return list(chased)
    links = message_store.links_of(connection, school.key, [last.message_id]).get(last.message_id, [])
    ids = [link.follow_up_id for link in links if link.follow_up_id]
    return follow_up_store.by_ids(connection, school.key, ids) or list(chased)
