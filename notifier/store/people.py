"""Schools, pupils, carers and contacts: what was taken in, and the frozen values the rules read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select, update

from notifier.domain.people import Carer, Contact, Pupil, PupilFlag
from notifier.store.database import Row, in_chunks, listed, pairs, upsert
from notifier.store.tables import carers, contacts, pupils, schools


def save_school(connection: Connection, school_id: str, name: str, file_text: str, at: datetime) -> bool:
    """Add a school or replace its file; True where the school is new."""
    known = connection.execute(select(schools.c.school_id).where(schools.c.school_id == school_id)).first()
    values: dict[str, Any] = {"name": name, "file_text": file_text, "changed_at": at}
    if known:
        values["version"] = schools.c.version + 1  # a settings page that is open just now notices
        connection.execute(update(schools).where(schools.c.school_id == school_id).values(**values))
    else:
        connection.execute(schools.insert().values(school_id=school_id, added_at=at, **values))
    return known is None


def school_files(connection: Connection) -> dict[str, str]:
    """The file text of every school, by key."""
    rows = connection.execute(select(schools.c.school_id, schools.c.file_text).order_by(schools.c.school_id))
    return {row.school_id: row.file_text for row in rows}


def school_texts(connection: Connection, school_id: str | None = None) -> dict[str, Any]:
    """What makes a school, by key: its file, its own policy, whether it sends, and the version of these."""
    query = select(
        schools.c.school_id,
        schools.c.file_text,
        schools.c.policy_text,
        schools.c.sending,
        schools.c.version,
        schools.c.changed_at,
    )
    if school_id is not None:
        query = query.where(schools.c.school_id == school_id)
    return {row.school_id: row for row in connection.execute(query.order_by(schools.c.school_id))}


def school_file(connection: Connection, school_id: str) -> str | None:
    """One school's file text; None for a school that was never added."""
    return connection.execute(select(schools.c.file_text).where(schools.c.school_id == school_id)).scalar_one_or_none()


def lock_school(connection: Connection, school_id: str) -> None:
    """Hold a school to the end of the transaction: marks, runs, ladder and replies of one school follow one another.

    SQLite has one writer anyway; on PostgreSQL the school's row is locked, and other schools go on.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(schools.c.school_id).where(schools.c.school_id == school_id).with_for_update())


def added_at(connection: Connection, school_id: str) -> datetime | None:
    """When a school was added; None where it never was."""
    return connection.execute(select(schools.c.added_at).where(schools.c.school_id == school_id)).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class Roll:
    """Everyone a school knows: pupils on roll, carers, and each pupil's contacts."""

    pupils: dict[str, Pupil]
    carers: dict[str, Carer]
    contacts: dict[str, tuple[Contact, ...]]


_PUPIL_COLUMNS = ("given_name", "preferred_name", "family_name", "year_group", "registration_group", "flags", "on_roll", "changed_at")  # fmt: skip
_CARER_COLUMNS = ("name", "mobile", "landline", "email", "language", "channels", "changed_at")
_CONTACT_COLUMNS = ("priority", "relationship", "parental_responsibility", "lives_with", "no_contact", "changed_at")


def pupil_row(school_id: str, pupil: Pupil, at: datetime, *, on_roll: bool = True) -> dict[str, Any]:
    """A pupil as a row."""
    return {
        "school_id": school_id,
        "pupil_id": pupil.pupil_id,
        "given_name": pupil.given_name,
        "preferred_name": pupil.preferred_name,
        "family_name": pupil.family_name,
        "year_group": pupil.year_group,
        "registration_group": pupil.registration_group,
        "flags": "|".join(sorted(pupil.flags)),
        "on_roll": on_roll,
        "changed_at": at,
    }


def carer_row(school_id: str, carer: Carer, at: datetime) -> dict[str, Any]:
    """A carer as a row."""
    return {
        "school_id": school_id,
        "carer_id": carer.carer_id,
        "name": carer.name,
        "mobile": carer.mobile,
        "landline": carer.landline,
        "email": carer.email,
        "language": carer.language,
        "channels": "|".join(carer.channels),
        "changed_at": at,
    }


def contact_row(school_id: str, contact: Contact, at: datetime) -> dict[str, Any]:
    """A contact as a row."""
    return {
        "school_id": school_id,
        "pupil_id": contact.pupil_id,
        "carer_id": contact.carer_id,
        "priority": contact.priority,
        "relationship": contact.relationship,
        "parental_responsibility": contact.parental_responsibility,
        "lives_with": contact.lives_with,
        "no_contact": contact.no_contact,
        "changed_at": at,
    }


def save_people(
    connection: Connection, *, pupil_rows: Sequence[Row], carer_rows: Sequence[Row], contact_rows: Sequence[Row]
) -> None:
    """Write changed people, pupils and carers before the links between them."""
    upsert(connection, pupils, pupil_rows, update=_PUPIL_COLUMNS)
    upsert(connection, carers, carer_rows, update=_CARER_COLUMNS)
    upsert(connection, contacts, contact_rows, update=_CONTACT_COLUMNS)


def drop_contacts(connection: Connection, school_id: str, links: Iterable[tuple[str, str]]) -> None:
    """Remove links (pupil, carer) that a newer file no longer has."""
    for pupil_id, carer_id in links:
        connection.execute(
            contacts.delete().where(
                contacts.c.school_id == school_id, contacts.c.pupil_id == pupil_id, contacts.c.carer_id == carer_id
            )
        )


def take_off_roll(connection: Connection, school_id: str, pupil_ids: Sequence[str], at: datetime) -> None:
    """Mark pupils as no longer on roll; their history stays."""
    for chunk in in_chunks(list(pupil_ids)):
        connection.execute(
            update(pupils)
            .where(pupils.c.school_id == school_id, pupils.c.pupil_id.in_(chunk))
            .values(on_roll=False, changed_at=at)
        )


def load_roll(
    connection: Connection, school_id: str, *, pupil_ids: Iterable[str] | None = None, off_roll: bool = False
) -> Roll:
    """A school's people; with `pupil_ids` only those pupils, their contacts and carers."""
    wanted = None if pupil_ids is None else sorted(set(pupil_ids))
    found_pupils: dict[str, Pupil] = {}
    found_contacts: dict[str, list[Contact]] = {}
    query = select(*_PUPIL).where(pupils.c.school_id == school_id)
    if not off_roll:
        query = query.where(pupils.c.on_roll)
    links = select(*_CONTACT).where(contacts.c.school_id == school_id)
    if wanted is not None:
        query = query.where(pupils.c.pupil_id.in_(listed(connection, wanted)))
        links = links.where(contacts.c.pupil_id.in_(listed(connection, wanted)))
    for row in connection.execute(query).all():
        pupil = _pupil(row)
        found_pupils[pupil.pupil_id] = pupil
    for row in connection.execute(links).all():
        contact = _contact(row)
        if contact.pupil_id in found_pupils:
            found_contacts.setdefault(contact.pupil_id, []).append(contact)
    statement = select(*_CARER).where(carers.c.school_id == school_id)
    if wanted is not None:
        carer_ids = sorted({link.carer_id for group in found_contacts.values() for link in group})
        statement = statement.where(carers.c.carer_id.in_(listed(connection, carer_ids)))
    found_carers = {carer.carer_id: carer for carer in map(_carer, connection.execute(statement).all())}
    return Roll(found_pupils, found_carers, {key: tuple(value) for key, value in found_contacts.items()})


def load_pupils(connection: Connection, school_id: str, *, contacts_of: Iterable[str]) -> Roll:
    """Every pupil on roll, but contacts and carers only for `contacts_of`: most pupils are present, and nobody is written to."""
    rows = connection.execute(select(*_PUPIL).where(pupils.c.school_id == school_id, pupils.c.on_roll)).all()
    found = {pupil.pupil_id: pupil for pupil in map(_pupil, rows)}
    some = rolls_of(connection, [(school_id, pupil_id) for pupil_id in contacts_of]).get(school_id)
    return Roll(found, some.carers, some.contacts) if some else Roll(found, {}, {})


def rolls_of(connection: Connection, wanted: Sequence[tuple[str, str]]) -> dict[str, Roll]:
    """Some pupils of several schools with their contacts and carers, by school. `wanted` holds (school, pupil id).

    Pupils who have left the roll, or have nobody to contact, are left out.
    """
    rolls: dict[str, Roll] = {school_id: Roll({}, {}, {}) for school_id, _ in wanted}
    if not wanted:
        return rolls
    named = pairs(connection, sorted(set(wanted)))
    query = (
        select(pupils.c.school_id, *_PUPIL, *_CONTACT, *_CARER)
        .select_from(named)
        .join(pupils, and_(pupils.c.school_id == named.c.school_id, pupils.c.pupil_id == named.c.key))
        .join(contacts, and_(contacts.c.school_id == pupils.c.school_id, contacts.c.pupil_id == pupils.c.pupil_id))
        .join(carers, and_(carers.c.school_id == contacts.c.school_id, carers.c.carer_id == contacts.c.carer_id))
        .where(pupils.c.on_roll)
    )
    first_contact, first_carer = 1 + len(_PUPIL), 1 + len(_PUPIL) + len(_CONTACT)
    for values in connection.execute(query).all():
        roll, pupil_id = rolls[values[0]], values[1]
        if pupil_id not in roll.pupils:
            roll.pupils[pupil_id] = _pupil(values[1:first_contact])
        contact = _contact(values[first_contact:first_carer])
        roll.contacts[pupil_id] = (*roll.contacts.get(pupil_id, ()), contact)
        if contact.carer_id not in roll.carers:
            roll.carers[contact.carer_id] = _carer(values[first_carer:])
    return rolls


def children_of(connection: Connection, school_id: str, carer_id: str) -> tuple[str, ...]:
    """The pupils on roll whom a carer is a contact of, whatever the permission."""
    rows = connection.execute(
        select(contacts.c.pupil_id)
        .join(pupils, and_(pupils.c.school_id == contacts.c.school_id, pupils.c.pupil_id == contacts.c.pupil_id))
        .where(contacts.c.school_id == school_id, contacts.c.carer_id == carer_id, pupils.c.on_roll)
        .order_by(contacts.c.pupil_id)
    )
    return tuple(row.pupil_id for row in rows)


def carers_at(connection: Connection, channel: str, address: str) -> list[tuple[str, str]]:
    """Every (school_id, carer_id) that uses an address, over all schools: an incoming message names only its sender."""
    column = carers.c.mobile if channel == "sms" else carers.c.email
    rows = connection.execute(
        select(carers.c.school_id, carers.c.carer_id).where(column == address).order_by(carers.c.school_id, carers.c.carer_id)
    )  # fmt: skip
    return [(row.school_id, row.carer_id) for row in rows]


# The columns that the rules read, in the order in which the functions below take them: whole rows cost twice as much.
_PUPIL = (
    pupils.c.pupil_id, pupils.c.given_name, pupils.c.registration_group, pupils.c.preferred_name, pupils.c.family_name,
    pupils.c.year_group, pupils.c.flags,
)  # fmt: skip
_CARER = (
    carers.c.carer_id, carers.c.name, carers.c.mobile, carers.c.landline, carers.c.email, carers.c.language, carers.c.channels,
)  # fmt: skip
_CONTACT = (
    contacts.c.pupil_id, contacts.c.carer_id, contacts.c.priority, contacts.c.relationship,
    contacts.c.parental_responsibility, contacts.c.lives_with, contacts.c.no_contact,
)  # fmt: skip

_NO_FLAGS: frozenset[PupilFlag] = frozenset()


def _pupil(row: Sequence[Any]) -> Pupil:
    pupil_id, given_name, registration_group, preferred_name, family_name, year_group, flags = row
    return Pupil(
        pupil_id=pupil_id,
        given_name=given_name,
        registration_group=registration_group,
        preferred_name=preferred_name,
        family_name=family_name,
        year_group=year_group,
        flags=frozenset(PupilFlag(flag) for flag in flags.split("|") if flag) if flags else _NO_FLAGS,
    )


def _carer(row: Sequence[Any]) -> Carer:
    carer_id, name, mobile, landline, email, language, channels = row
    return Carer(
        carer_id=carer_id,
        name=name,
        mobile=mobile,
        landline=landline,
        email=email,
        language=language,
        channels=tuple(channel for channel in channels.split("|") if channel) if channels else (),
    )


def _contact(row: Sequence[Any]) -> Contact:
    return Contact(*row)
