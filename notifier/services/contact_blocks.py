"""Court-order blocks: one person sets a block, which holds at once; a second confirms it. It takes two people to end one as well.

Whatever is still open is decided for the child: a block that nobody has confirmed yet holds, and one whose end somebody asked for
holds until a second person agrees. Also suppressions, which only switch automatic messages off until a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from sqlalchemy import Connection

from notifier.domain.schools import School
from notifier.domain.sessions import local_date
from notifier.services import follow_up
from notifier.services.application import Application
from notifier.services.staff_acts import Refused, checked
from notifier.store import blocks as store
from notifier.store import follow_ups as follow_up_store
from notifier.store import people, records


class NoSuchBlock(Exception):
    """The school has no such block."""


@contextmanager
def _at(app: Application, school_id: str) -> Iterator[tuple[Connection, School]]:
    with app.database.begin() as connection:
        school = app.school(connection, school_id)
        people.lock_school(connection, school.key)
        yield connection, school


def propose(
    app: Application,
    school_id: str,
    *,
    pupil_id: str,
    carer_id: str,
    grounds: str,
    by: str,
    now: datetime,
    once: str = "",
) -> str:
    """Forbid contact with a carer about a pupil, from now; returns the block's id. Raises Refused."""
    grounds = checked(grounds, needed="Say what the block rests on, such as the order and its date.", field="grounds")
    with _at(app, school_id) as (connection, school):
        roll = people.load_roll(connection, school.key, pupil_ids=[pupil_id], off_roll=True)
        if carer_id not in {contact.carer_id for contact in roll.contacts.get(pupil_id, ())}:
            raise Refused("Choose the contact who must not be contacted.", "block_carer")
        for standing in store.contact_blocks_standing(connection, school.key, pupil_id):
            if standing.carer_id == carer_id:
                return str(standing.block_id)
        block_id = _id_of("block", school.key, once, pupil_id, carer_id, grounds)
        if store.contact_block(connection, school.key, block_id) is not None:
            block_id = str(uuid4())  # it has ended since, and the same page was sent again after going back
        row = {"school_id": school.key, "block_id": block_id, "pupil_id": pupil_id, "carer_id": carer_id, "grounds": grounds,
               "made_by": by, "made_at": now}  # fmt: skip
        store.add_contact_block(connection, row)
        _tell(
            connection,
            school,
            pupil_id,
            by,
            now,
            f"contact with carer {carer_id} is blocked; a second person has to confirm it",
        )
        _audit(connection, school, "block.propose", pupil_id, block_id, by, now, carer=carer_id)
    return block_id


def confirm(app: Application, school_id: str, block_id: str, *, by: str, now: datetime) -> Any:
    """The second person confirms. Raises Refused and NoSuchBlock."""
    with _at(app, school_id) as (connection, school):
        row = _standing(connection, school, block_id)
        _require_another(row.made_by, by, "You set this block yourself. A second person has to confirm it.")
        if not store.change_contact_block(
            connection, school.key, block_id, unless="second_by", second_by=by, second_at=now
        ):
            return row
        _tell(connection, school, row.pupil_id, by, now, f"the block on contact with carer {row.carer_id} is confirmed")
        _audit(connection, school, "block.confirm", row.pupil_id, block_id, by, now, carer=row.carer_id)
        return row


def decline(app: Application, school_id: str, block_id: str, *, why: str, by: str, now: datetime) -> Any:
    """The second person does not confirm: the block ends. Raises Refused and NoSuchBlock."""
    why = checked(why, needed="Say why the block is not right.", field="why")
    with _at(app, school_id) as (connection, school):
        row = _standing(connection, school, block_id)
        _require_another(row.made_by, by, "You set this block yourself. A second person has to look at it.")
        if not store.change_contact_block(
            connection,
            school.key,
            block_id,
            unless="second_by",
            ended_by=by,
            ended_at=now,
            ended_reason="declined",
            end_asked_why=why,
        ):
            raise Refused(
                "This block has been confirmed meanwhile. Ask for its end instead; a second person has to agree."
            )
        _tell(
            connection,
            school,
            row.pupil_id,
            by,
            now,
            f"the block on contact with carer {row.carer_id} is not confirmed: {why}",
        )
        _audit(connection, school, "block.decline", row.pupil_id, block_id, by, now, carer=row.carer_id, why=why)
        return row


def ask_end(app: Application, school_id: str, block_id: str, *, why: str, by: str, now: datetime) -> Any:
    """The first person asks that a block end; it holds meanwhile. Raises Refused and NoSuchBlock."""
    why = checked(why, needed="Say why the block may end.", field="why")
    with _at(app, school_id) as (connection, school):
        row = _standing(connection, school, block_id)
        if not store.change_contact_block(
            connection,
            school.key,
            block_id,
            unless="end_asked_by",
            end_asked_by=by,
            end_asked_at=now,
            end_asked_why=why,
        ):
            return row
        _tell(
            connection,
            school,
            row.pupil_id,
            by,
            now,
            f"asks that the block on carer {row.carer_id} end: {why}; it holds meanwhile",
        )
        _audit(connection, school, "block.ask_end", row.pupil_id, block_id, by, now, carer=row.carer_id, why=why)
        return row


def end(app: Application, school_id: str, block_id: str, *, by: str, now: datetime) -> Any:
    """The second person agrees that a block ends. Raises Refused and NoSuchBlock."""
    with _at(app, school_id) as (connection, school):
        row = _standing(connection, school, block_id)
        if row.end_asked_by is None:
            raise Refused("Nobody has asked that this block end.")
        _require_another(row.end_asked_by, by, "You asked for this yourself. A second person has to agree.")
        if not store.change_contact_block(
            connection, school.key, block_id, unless="ended_by", ended_by=by, ended_at=now, ended_reason="lifted"
        ):
            return row
        _tell(connection, school, row.pupil_id, by, now, f"the block on contact with carer {row.carer_id} is lifted")
        _audit(connection, school, "block.end", row.pupil_id, block_id, by, now, carer=row.carer_id)
        return row


def keep(app: Application, school_id: str, block_id: str, *, by: str, now: datetime) -> Any:
    """Somebody wants the block to stay: the wish to end it is put away. Raises NoSuchBlock."""
    with _at(app, school_id) as (connection, school):
        row = _standing(connection, school, block_id)
        if row.end_asked_by is not None:
            store.change_contact_block(
                connection,
                school.key,
                block_id,
                unless="ended_by",
                end_asked_by=None,
                end_asked_at=None,
                end_asked_why=None,
            )
            _tell(connection, school, row.pupil_id, by, now, f"the block on contact with carer {row.carer_id} stays")
            _audit(connection, school, "block.keep", row.pupil_id, block_id, by, now, carer=row.carer_id)
        return row


def suppress(
    app: Application,
    school_id: str,
    *,
    pupil_id: str,
    carer_id: str,
    reason: str,
    until: date,
    by: str,
    now: datetime,
    once: str = "",
) -> str:
    """Switch automatic messages about a pupil off, for one carer or (empty) all, until the end of a day. Raises Refused."""
    reason = checked(reason, needed="Say why no messages should go.", field="reason")
    today = local_date(now)
    if until < today:
        raise Refused("The last day must be today or later.", "suppress_until")
    suppression_id = _id_of("suppress", school_id, once, pupil_id, carer_id, reason, until.isoformat())
    with _at(app, school_id) as (connection, school):
        roll = people.load_roll(connection, school.key, pupil_ids=[pupil_id], off_roll=True)
        if carer_id and carer_id not in {contact.carer_id for contact in roll.contacts.get(pupil_id, ())}:
            raise Refused("Choose a contact of this pupil, or everybody.", "suppress_carer")
        if any(
            row.suppression_id == suppression_id
            for row in store.suppressions_of(connection, school.key, pupil_id, [carer_id], today)
        ):
            return suppression_id  # the second click of two
        if store.suppression(connection, school.key, suppression_id) is not None:
            suppression_id = str(uuid4())  # it was lifted since, and the same page was sent again after going back
        row = {"school_id": school.key, "suppression_id": suppression_id, "pupil_id": pupil_id, "carer_id": carer_id or None,
               "reason": reason, "by": by, "starts_on": today, "ends_on": until, "made_at": now}  # fmt: skip
        store.add_suppression(connection, row)
        whom = f"carer {carer_id}" if carer_id else "everybody"
        _tell(
            connection,
            school,
            pupil_id,
            by,
            now,
            f"automatic messages to {whom} are off until {until:%d/%m/%Y}: {reason}",
        )
        _audit(connection, school, "contact.suppress", pupil_id, suppression_id, by, now,
               carer=carer_id or None, until=until.isoformat(), reason=reason)  # fmt: skip
    return suppression_id


def lift(app: Application, school_id: str, suppression_id: str, *, by: str, now: datetime) -> Any:
    """Switch automatic messages on again. Raises NoSuchBlock."""
    with _at(app, school_id) as (connection, school):
        row = store.lift_suppression(connection, school.key, suppression_id, by=by, at=now)
        if row is None:
            raise NoSuchBlock(suppression_id)
        if row.pupil_id:
            _tell(connection, school, row.pupil_id, by, now, "automatic messages are on again")
        _audit(
            connection,
            school,
            "contact.lift",
            row.pupil_id or row.carer_id or "",
            suppression_id,
            by,
            now,
            carer=row.carer_id,
        )
        return row


def _id_of(what: str, school_id: str, once: str, *said: str) -> str:
    """The same id for two clicks on one page; another for anything else that a page with that random word says."""
    if not once:
        return str(uuid4())
    return str(uuid5(NAMESPACE_URL, "\n".join([f"notifier:{what}", school_id, once, *said])))


def _standing(connection: Connection, school: School, block_id: str) -> Any:
    row = store.contact_block(connection, school.key, block_id)
    if row is None:
        raise NoSuchBlock(block_id)
    if row.ended_at is not None:
        raise Refused("This block has ended already.")
    return row


def _require_another(first: str, second: str, words: str) -> None:
    if first.casefold() == second.casefold():
        raise Refused(words)


def _tell(connection: Connection, school: School, pupil_id: str, by: str, now: datetime, words: str) -> None:
    """Add it to the story of the pupil's follow-ups of the day."""
    for row in follow_up_store.of_pupils(connection, school.key, [pupil_id], since=local_date(now)):
        follow_up.note(connection, school, row.follow_up_id, now, "note", by, words)


def _audit(
    connection: Connection, school: School, act: str, pupil_id: str, what: str, by: str, now: datetime, **detail: Any
) -> None:
    records.add_audit(
        connection, school.key, at=now, actor=by, act=act, subject=pupil_id, detail={"id": what, **detail}
    )
