"""Numbers and e-mail addresses that are not used, as a pupil's page shows them, and using one again: a wrong click must not silence a parent for good.

An address is noted as faulty by a provider's final refusal, by "wrong number", or by a call's outcome. A person may say that it is right
after all. That ends nothing else: who asked for no more messages, or must not be contacted, gets none, and the next final refusal
notes the address anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from notifier.domain.choosing import address_of
from notifier.domain.people import Carer
from notifier.domain.phones import display
from notifier.domain.sessions import local_date
from notifier.domain.staff_words import address_fault_words
from notifier.services import follow_up
from notifier.services.application import Application
from notifier.services.staff_acts import Refused
from notifier.services.views import Document
from notifier.store import blocks as store
from notifier.store import follow_ups as follow_up_store
from notifier.store import people, records

WRITTEN_TO: Final = ("sms", "email")
"""Channels by which something is written to an address."""


class NoSuchAddress(Exception):
    """The pupil has no such contact, or the contact has no address on that channel."""


def addresses(carers: Iterable[Carer]) -> set[str]:
    """Everything these carers could be written to at."""
    return {address for carer in carers for channel in WRITTEN_TO if (address := address_of(carer, channel))}


def faults_said(carer: Carer, faulty: Mapping[tuple[str, str], Any]) -> list[Document]:
    """What is not used of a carer's addresses, why, by whose word and since when. `faulty` is by channel and address."""
    found = [
        (channel, address, faulty[channel, address])
        for channel in WRITTEN_TO
        if (address := address_of(carer, channel)) and (channel, address) in faulty
    ]
    return [
        {
            "channel": channel,
            "shown": display(address) if channel == "sms" else address,
            "why": address_fault_words(row.reason),
            "by": row.detail,
            "found_at": row.found_at,
        }
        for channel, address, row in found
    ]


def use_again(
    app: Application, school_id: str, pupil_id: str, *, carer_id: str, channel: str, found: str, by: str, now: datetime
) -> bool:
    """Use a contact's address again; False where it is used already. `found` is when the fault was found, as the page showed it (ISO 8601).

    Raises NoSuchAddress, and Refused where the address was noted anew since the page was read.
    """
    with app.database.begin() as connection:
        school = app.school(connection, school_id)
        people.lock_school(connection, school.key)
        roll = people.load_roll(connection, school.key, pupil_ids=[pupil_id], off_roll=True)
        contact = next((one for one in roll.contacts.get(pupil_id, ()) if one.carer_id == carer_id), None)
        carer = roll.carers.get(carer_id) if contact else None
        address = address_of(carer, channel) if carer else None
        if carer is None or contact is None or address is None:
            raise NoSuchAddress(carer_id)
        row = store.fault(connection, school.key, channel, address)
        if row is None:
            return False  # the second click of two, or the MIS has brought another number meanwhile
        thing = "address" if channel == "email" else "number"
        why = address_fault_words(row.reason)
        if row.found_at.isoformat() != found or not store.clear_fault(
            connection, school.key, channel, address, found_at=row.found_at, at=now
        ):
            raise Refused(
                f"This {thing} was noted once more since you opened the page ({why.lower()}). Check it before you use it again.",
                "contacts",
            )
        who = ", ".join(part for part in (carer.name or f"carer {carer_id}", contact.relationship) if part)
        said = f"the {'e-mail address' if channel == 'email' else 'number'} of {who} is used again. Noted before: {why.lower()}"
        for chased in follow_up_store.of_pupils(connection, school.key, [pupil_id], since=local_date(now)):
            follow_up.note(connection, school, chased.follow_up_id, now, "note", by, said)
        records.add_audit(
            connection, school.key, at=now, actor=by, act="contact.use_again", subject=pupil_id,
            detail={"carer": carer_id, "channel": channel, "noted_as": row.reason, "noted_on": local_date(row.found_at).isoformat()},
        )  # fmt: skip
    return True
