"""Whom to reach, and by which channel: contacts by priority and permission.

Permission fails closed. A contact whom the school may not contact is never chosen, nor is any number or address that such a
person shares with somebody else. Contacts without parental responsibility are for staff to ring, never texted; for looked-after
children the carers come first and birth parents are never chosen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from notifier.domain.people import Carer, Contact, Pupil, PupilFlag
from notifier.domain.policies import Audience, Step

_PARENTS = frozenset({"mother", "mum", "mummy", "mom", "mam", "father", "dad", "daddy", "parent", "parents"})
_NOT_BY_BIRTH = frozenset({"foster", "step", "adoptive", "adopted"})


def names_birth_parent(relationship: str) -> bool:
    """Whether a relationship means a birth parent when a child is looked after, however it is put: "Mother", "Mum (birth)", "Dad/Carer"."""
    words = set(re.findall(r"[^\W\d_]+", relationship.casefold()))
    return bool(words & _PARENTS) and not words & _NOT_BY_BIRTH


_PARENTAL = frozenset(
    {
        "", "mother", "father", "parent", "mum", "dad", "birth mother", "birth father", "birth parent", "carer", "foster carer",
        "foster mother", "foster father", "guardian", "special guardian", "legal guardian",
        "step-mother", "step-father", "stepmother", "stepfather", "step-parent", "step parent", "adoptive parent",
        "adoptive mother", "adoptive father", "residential worker", "key worker", "kinship carer",
    }
)  # fmt: skip
# Where the school has not said who holds parental responsibility, only these words let an automatic message go;
# an aunt or a neighbour is for staff to ring (reference: telling them is a disclosure).


class Barrier(StrEnum):
    """Why a contact is not chosen for an automatic message."""

    NO_CONTACT = "no_contact"
    NOT_RESPONSIBLE = "no_parental_responsibility"
    BIRTH_PARENT = "birth_parent_of_looked_after"
    SUPPRESSED = "suppressed"
    OPTED_OUT = "opted_out"
    NO_ADDRESS = "no_address"


@dataclass(frozen=True, slots=True)
class Blocks:
    """What stands in the way of addresses and people today.

    `opted_out` and `faulty` hold (channel, address); `suppressed` holds (pupil_id or None, carer_id or None), where None means
    every one. `forbidden` holds (pupil_id, carer_id) of contacts who must not be contacted at all, for the school's own reasons: they
    count as `no_contact`, whatever the MIS says.
    """

    opted_out: frozenset[tuple[str, str]] = frozenset()
    faulty: frozenset[tuple[str, str]] = frozenset()
    suppressed: frozenset[tuple[str | None, str | None]] = frozenset()
    forbidden: frozenset[tuple[str, str]] = frozenset()

    def forbids(self, contact: Contact) -> bool:
        """Whether this carer must not be contacted at all about this pupil."""
        return contact.no_contact or (contact.pupil_id, contact.carer_id) in self.forbidden

    def suppresses(self, pupil_id: str, carer_id: str | None) -> bool:
        """Whether automatic messages about this pupil, to this carer, are switched off."""
        if not self.suppressed:
            return False
        return (
            (pupil_id, None) in self.suppressed
            or (pupil_id, carer_id) in self.suppressed
            or (None, carer_id) in self.suppressed
        )


@dataclass(frozen=True, slots=True)
class Reach:
    """One contact of one pupil: the channels by which an automatic message may go, in order, or the barrier."""

    contact: Contact
    carer: Carer
    channels: tuple[str, ...] = ()
    barrier: Barrier | None = None

    def address(self, channel: str) -> str:
        """Where a message by this channel goes."""
        found = address_of(self.carer, channel)
        if found is None:
            raise ValueError(f"carer {self.carer.carer_id} has no address for {channel}")
        return found


def address_of(carer: Carer, channel: str) -> str | None:
    """A carer's address on a channel: E.164 for sms, an e-mail address for email, None where there is none."""
    if channel == "sms":
        return carer.mobile
    if channel == "email":
        return carer.email
    return None


@dataclass(frozen=True, slots=True)
class Circle:
    """All contacts of one pupil, judged, in order of priority. `alone` are those an automatic message may go to."""

    pupil: Pupil
    reaches: tuple[Reach, ...] = field(default=())

    @property
    def allowed(self) -> tuple[Reach, ...]:
        """Contacts an automatic message may go to, best priority first."""
        return tuple(reach for reach in self.reaches if reach.barrier is None)

    @property
    def barriers(self) -> frozenset[Barrier]:
        """Every barrier met among the contacts."""
        return frozenset(reach.barrier for reach in self.reaches if reach.barrier)


def circle_of(
    pupil: Pupil,
    contacts: Iterable[Contact],
    carers: Mapping[str, Carer],
    *,
    school_channels: Sequence[str],
    blocks: Blocks,
) -> Circle:
    """Judge every contact of a pupil: by which channels an automatic message may go, or what stands in the way."""
    ordered = sorted(contacts, key=lambda contact: (contact.priority, contact.carer_id))
    forbidden = {
        address
        for contact in ordered
        if blocks.forbids(contact) and contact.carer_id in carers
        for address in (carers[contact.carer_id].mobile, carers[contact.carer_id].email)
        if address
    }
    reaches = []
    for contact in ordered:
        carer = carers.get(contact.carer_id) or Carer(contact.carer_id)
        reaches.append(_judge(pupil, contact, carer, school_channels, blocks, forbidden))
    return Circle(pupil, tuple(reaches))


def _judge(
    pupil: Pupil,
    contact: Contact,
    carer: Carer,
    school_channels: Sequence[str],
    blocks: Blocks,
    forbidden: set[str],
) -> Reach:
    def barred(barrier: Barrier) -> Reach:
        return Reach(contact, carer, (), barrier)

    if blocks.forbids(contact):
        return barred(Barrier.NO_CONTACT)
    relationship = contact.relationship.strip().casefold()
    if PupilFlag.LOOKED_AFTER in pupil.flags:
        if names_birth_parent(relationship) or (not relationship and contact.lives_with is not True):
            return barred(Barrier.BIRTH_PARENT)
        # responsibility alone makes nobody the carer: a parent under a care order, or the authority's social worker, may hold it too
        if relationship not in _PARENTAL and contact.lives_with is not True:
            return barred(Barrier.NOT_RESPONSIBLE)
        # a foster carer seldom holds parental responsibility, and is the one to tell
    elif contact.parental_responsibility is False or (
        contact.parental_responsibility is None and relationship not in _PARENTAL
    ):
        return barred(Barrier.NOT_RESPONSIBLE)
    if PupilFlag.DO_NOT_TEXT in pupil.flags or blocks.suppresses(pupil.pupil_id, carer.carer_id):
        return barred(Barrier.SUPPRESSED)
    offered = [channel for channel in (carer.channels or school_channels) if channel in school_channels]
    usable, opted_out = [], False
    for channel in offered or school_channels:
        address = address_of(carer, channel)
        if address is None or (channel, address) in blocks.faulty:
            continue
        if address in forbidden:
            return barred(Barrier.NO_CONTACT)
        if (channel, address) in blocks.opted_out:
            opted_out = True
            continue
        usable.append(channel)
    if usable:
        return Reach(contact, carer, tuple(usable))
    return barred(Barrier.OPTED_OUT if opted_out else Barrier.NO_ADDRESS)


def chosen(circle: Circle, audience: Audience) -> tuple[Reach, ...]:
    """The contacts a step turns to. Empty for steps that turn to staff, and where nobody may be written to."""
    allowed = circle.allowed
    if not allowed or audience in (Audience.CALL_LIST, Audience.SAFEGUARDING_LEAD):
        return ()
    if audience is Audience.ALL_RESPONSIBLE:
        return allowed
    priorities = sorted({reach.contact.priority for reach in allowed})
    wanted = priorities[:1] if audience is Audience.BEST_PRIORITY else priorities[:2]
    return tuple(reach for reach in allowed if reach.contact.priority in wanted)


def channels_for(reach: Reach, step: Step) -> tuple[str, ...]:
    """The channels a step uses for one contact: all usable ones it names, or the first, or else whatever is usable."""
    named = tuple(channel for channel in step.channels if channel in reach.channels)
    if step.every_channel:
        return named or reach.channels[:1]
    if reach.carer.channels:  # the carer's own order counts before the step's
        return reach.channels[:1]
    return named[:1] or reach.channels[:1]
