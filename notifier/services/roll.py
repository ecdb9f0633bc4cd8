"""What a people file does to the roll: who is new or changed, who has left, and what a part of a file may not undo.

A broken export must take no class off roll, and rows that come back corrected must lift no block: in both cases nobody would notice.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from notifier.domain.people import Carer, Contact, Pupil
from notifier.domain.schools import School
from notifier.registers.agreement import completed_carer, completed_pupil
from notifier.registers.people import PeopleFile
from notifier.registers.refusals import Warning_
from notifier.store import people as people_store

LEAVERS_AT_ONCE = 10
LEAVERS_SHARE = 0.1
LEAVERS_MOST = 0.5
"""More pupils than this missing from a people file mean that the file is not the whole roll: ten, or a tenth of the roll where
that is more, but never more than half of it."""


def save_people(
    connection: Connection, school: School, read: PeopleFile, *, now: datetime, keep_leavers: bool, corrected: bool
) -> dict[str, int]:
    """Save what a people file says, and count the rows "changed" and "unchanged", and pupils who "left" or were "kept" though not named.

    `keep_leavers`: the file is not the whole roll. `corrected`: it holds rows refused before, so what they do not say still stands.
    """
    before = people_store.load_roll(connection, school.key)
    pupils: dict[str, Pupil] = {row.pupil.pupil_id: row.pupil for row in read.rows}
    pupils.update({pupil.pupil_id: pupil for pupil in read.without_contacts})
    carers: dict[str, Carer] = {row.carer.carer_id: row.carer for row in read.rows}
    links: dict[tuple[str, str], Contact] = {
        (row.contact.pupil_id, row.contact.carer_id): row.contact for row in read.rows
    }
    known = {(contact.pupil_id, contact.carer_id): contact for group in before.contacts.values() for contact in group}
    if corrected:
        pupils = {key: completed_pupil(pupil, before.pupils.get(key)) for key, pupil in pupils.items()}
        carers = {key: completed_carer(carer, before.carers.get(key)) for key, carer in carers.items()}
        links = {key: _still_blocked(link, known.get(key)) for key, link in links.items()}
    new_pupils = [pupil for key, pupil in pupils.items() if before.pupils.get(key) != pupil]
    new_carers = [carer for key, carer in carers.items() if before.carers.get(key) != carer]
    new_links = [link for key, link in links.items() if known.get(key) != link]
    gone_links = [] if keep_leavers else [key for key in known if key[0] in pupils and key not in links]
    missing = [key for key in before.pupils if key not in pupils]
    # A file of one class, or a broken export, must not take the other classes off roll: then nobody would look for them.
    on_roll = len(before.pupils)
    whole_roll = len(missing) <= min(max(LEAVERS_AT_ONCE, LEAVERS_SHARE * on_roll), LEAVERS_MOST * on_roll)
    left = missing if whole_roll and not keep_leavers else []
    people_store.save_people(
        connection,
        pupil_rows=[people_store.pupil_row(school.key, pupil, now) for pupil in new_pupils],
        carer_rows=[people_store.carer_row(school.key, carer, now) for carer in new_carers],
        contact_rows=[people_store.contact_row(school.key, link, now) for link in new_links],
    )
    people_store.drop_contacts(connection, school.key, gone_links)
    people_store.take_off_roll(connection, school.key, left, now)
    touched = {pupil.pupil_id for pupil in new_pupils} | {link.pupil_id for link in new_links}
    touched |= {key[0] for key in gone_links}
    by_carer = {carer.carer_id for carer in new_carers}
    touched |= {key[0] for key in links if key[1] in by_carer}
    changed = sum(row.pupil.pupil_id in touched for row in read.rows)
    return {
        "changed": changed,
        "unchanged": len(read.rows) - changed,
        "left": len(left),
        "kept": len(missing) - len(left),
    }


def _still_blocked(link: Contact, before: Contact | None) -> Contact:
    """Rows refused because they contradict a block come back alone, and then nothing in them tells of it: only a whole file lifts it."""
    return replace(link, no_contact=True) if before is not None and before.no_contact else link


def missing_many(kept: int, on_purpose: bool) -> tuple[Warning_, ...]:
    """A warning that the file is hardly the whole roll, where pupils were kept who are not in it."""
    if not kept or on_purpose:
        return ()
    words = (
        f"The file does not name {kept} pupils who are on roll, so nobody was taken off roll. If it is the whole roll, "
        "check the export; pupils who have left go when a complete file no longer names them."
    )
    return (Warning_(row=None, column=None, value=str(kept), code="many_missing", message=words),)
