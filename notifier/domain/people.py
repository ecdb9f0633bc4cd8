"""Pupils, carers and the contact between them, as frozen values.

A carer is a parent or another adult; a contact is the link of one carer to one pupil, with what the school knows about it:
relationship, priority, parental responsibility, whether they may be contacted at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PupilFlag(StrEnum):
    """What a school may note about a pupil that changes who is told, and how fast."""

    VULNERABLE = "vulnerable"
    LOOKED_AFTER = "looked_after"
    SOCIAL_WORKER = "social_worker"
    NO_NUDGES = "no_nudges"
    MEDICAL = "medical"
    SEND = "send"
    BEREAVED = "bereaved"
    DO_NOT_TEXT = "do_not_text"


class PhoneKind(StrEnum):
    """What a telephone number can be used for."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Pupil:
    """A child on the school's roll."""

    pupil_id: str
    given_name: str
    registration_group: str
    preferred_name: str = ""
    family_name: str = ""
    year_group: str = ""
    flags: frozenset[PupilFlag] = frozenset()

    @property
    def called(self) -> str:
        """The name used in messages: the preferred name, else the given name."""
        return self.preferred_name or self.given_name


@dataclass(frozen=True, slots=True)
class Carer:
    """An adult who looks after a pupil, with where and in which language to reach them.

    `mobile` is E.164 and textable, or None. `landline` is E.164 for staff to ring, or None. `channels` are the channels the
    carer may be reached by, in order of preference; empty means whatever the school offers.
    """

    carer_id: str
    name: str = ""
    mobile: str | None = None
    landline: str | None = None
    email: str | None = None
    language: str = "en"
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contact:
    """The link of one carer to one pupil. `parental_responsibility` and `lives_with` are None where the school has not said."""

    pupil_id: str
    carer_id: str
    priority: int
    relationship: str = ""
    parental_responsibility: bool | None = None
    lives_with: bool | None = None
    no_contact: bool = False
