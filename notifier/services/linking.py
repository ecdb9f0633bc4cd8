"""Saying whose message it was: a stranger's becomes a carer's, and goes the road of every other reply from there.

Only the messages change hands. The number on record stays the MIS's to change, so nothing is sent to the new number until it is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from notifier.domain.schools import School
from notifier.domain.sessions import local_date
from notifier.services import receive
from notifier.services.inbox_acts import Changed, Turn, opened, who_was_quicker
from notifier.services.incoming import Match
from notifier.services.schools import NotAllowed
from notifier.store import blocks as block_store
from notifier.store import follow_ups as follow_up_store
from notifier.store import inbox as store
from notifier.store import people, records


@dataclass(frozen=True, slots=True)
class Contact:
    """A carer of a pupil, to choose from."""

    pupil_id: str
    pupil: str
    group: str
    carer_id: str
    carer: str
    relationship: str
    address: str
    forbidden: bool


def find(connection: Connection, school: School, words: str) -> list[Contact]:
    """Contacts by the name of pupil or carer, or the pupil's number."""
    return _contacts(connection, school, store.find_contacts(connection, school.key, words))


def contact(connection: Connection, school: School, pupil_id: str, carer_id: str) -> Contact | None:
    """One contact of a pupil on roll; None where there is none."""
    found = store.find_contacts(connection, school.key, pupil_id, exactly=True)
    return next(iter(_contacts(connection, school, [row for row in found if row.carer_id == carer_id])), None)


def _contacts(connection: Connection, school: School, rows: Iterable[Any]) -> list[Contact]:
    """The contacts, those who must not be contacted marked: by the people file, or by a block that staff set."""
    blocked = {(row.pupil_id, row.carer_id) for row in block_store.contact_blocks_standing(connection, school.key)}
    return [
        Contact(
            row.pupil_id, f"{row.preferred_name or row.given_name} {row.family_name}".strip(), row.registration_group,
            row.carer_id, row.name or row.carer_id, row.relationship, row.mobile or row.email or "",
            bool(row.no_contact) or (row.pupil_id, row.carer_id) in blocked,
        )
        for row in rows
    ]  # fmt: skip


def link(turn: Turn, *, pupil_id: str, carer_id: str) -> None:
    """Lay a stranger's messages beside a carer's children, with all that follows from what they say.

    Raises Changed, NoSuchReply, and NotAllowed for a contact that is none, or must not be contacted.
    """
    with turn.app.database.begin() as connection:
        school, found = opened(connection, turn)
        if not found.stranger:
            raise NotAllowed("Somebody has said already whose message this is.")
        if found.holder not in ("", turn.by):
            raise Changed(who_was_quicker(found, turn))
        chosen = contact(connection, school, pupil_id, carer_id)
        if chosen is None:
            raise NotAllowed("There is no such contact on roll. Search again.")
        today = local_date(turn.now)
        if chosen.forbidden:
            raise NotAllowed("This person must not be contacted. Note the message, and tell the safeguarding lead.")
        children = people.children_of(connection, school.key, carer_id)
        beside = follow_up_store.of_pupils(connection, school.key, list(children), since=today)
        chased = [row for row in beside if row.closed_at is None] or beside
        about = sorted({row.pupil_id for row in chased} | {pupil_id})
        changed = store.link(
            connection, school.key, turn.seen, carer_id=carer_id, pupil_ids=about,
            follow_up_ids=[row.follow_up_id for row in chased],
        )  # fmt: skip
        if changed != len(turn.seen):
            raise Changed(who_was_quicker(found, turn))
        roll = people.load_roll(connection, school.key, pupil_ids=about)
        match = Match(school, roll.carers[carer_id], tuple(about), tuple(chased))
        for row in found.replies:
            receive.act_on_linked(connection, turn.app, match, row, now=turn.now)
        records.add_audit(
            connection, school.key, at=turn.now, actor=turn.by, act="reply.link", subject=turn.reply_id,
            detail={"replies": sorted(turn.seen), "carer": carer_id, "pupils": about},
        )  # fmt: skip
