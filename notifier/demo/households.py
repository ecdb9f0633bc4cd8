"""Families for a pretend school: which adults a child has, in what order the school tells them, and what it knows of each.

The shares of each kind of household are assumptions. A family that plays a scene is made as its part asks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final, TypeVar

from notifier.demo.addresses import OTHER_ADDRESSES, PARENT_ADDRESSES, AddressBook, AddressKind, DemoCarer
from notifier.demo.names import BY_KEY, PREFERRED, Culture, any_culture, family_name
from notifier.demo.scenes import Household, Part
from notifier.domain.people import Contact, Pupil, PupilFlag

_Value = TypeVar("_Value")

HOUSEHOLDS: Final = (
    (Household.TOGETHER, 63.0), (Household.SINGLE, 20.0), (Household.TWO_HOMES, 14.0),
    (Household.COURT_ORDER, 1.0), (Household.LOOKED_AFTER, 1.0), (Household.KINSHIP, 1.0),
)  # fmt: skip
"""Kinds of household, in per cent of families; an assumption."""

FLAGS: Final = (
    (PupilFlag.VULNERABLE, 0.02), (PupilFlag.SOCIAL_WORKER, 0.015), (PupilFlag.NO_NUDGES, 0.02),
    (PupilFlag.DO_NOT_TEXT, 0.005), (PupilFlag.MEDICAL, 0.02), (PupilFlag.SEND, 0.05), (PupilFlag.BEREAVED, 0.01),
)  # fmt: skip
"""What is noted about pupils, and how often; an assumption."""

OTHERS: Final = (
    ("grandmother", 0.22, True),
    ("grandfather", 0.07, False),
    ("neighbour", 0.07, True),
    ("aunt", 0.06, True),
)
"""Emergency contacts without parental responsibility: relationship, share of families (an assumption), feminine."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where a family begins in the school's numbering, and the places its children take."""

    number: int
    first_pupil: int
    first_carer: int
    prefix: str
    places: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Family:
    """Children who share carers. `carer_ids` are in order of priority."""

    family_id: str
    culture: str
    household: Household
    pupil_ids: tuple[str, ...]
    carer_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """A family with everything the school holds about it."""

    family: Family
    pupils: tuple[Pupil, ...]
    carers: tuple[DemoCarer, ...]
    contacts: tuple[Contact, ...]


@dataclass(slots=True)
class _Draft:
    """A family while its adults are being named: who they are, and what links them to each child."""

    chance: Random
    book: AddressBook
    home: Home
    culture: Culture
    surname: str
    part: Part | None
    carers: list[DemoCarer] = field(default_factory=list)
    links: list[Contact] = field(default_factory=list)

    def adult(
        self,
        relationship: str,
        *,
        feminine: bool,
        priority: int,
        responsible: bool | None,
        lives_with: bool,
        no_contact: bool = False,
        kind: AddressKind | None = None,
        surname: str | None = None,
        culture: Culture | None = None,
    ) -> None:
        """Add an adult. Links carry no pupil yet."""
        chance, culture = self.chance, culture or self.culture
        given = chance.choice(culture.women if feminine else culture.men)
        own = family_name(surname or self.surname, feminine=feminine)
        carer_id = f"{self.home.prefix}C{self.home.first_carer + len(self.carers):04d}"
        reads = chance.random() < culture.reads
        language = self.part.language if self.part else culture.language if reads else "en"
        if kind is None:
            kind = _one_of(chance, PARENT_ADDRESSES)
        carer = self.book.carer(carer_id, given, own, language, kind)
        self.carers.append(carer)
        self.links.append(Contact("", carer_id, priority, relationship, responsible, lives_with, no_contact))


def _one_of(chance: Random, table: tuple[tuple[_Value, float], ...]) -> _Value:
    return chance.choices([value for value, _ in table], [share for _, share in table])[0]


def make_family(chance: Random, book: AddressBook, home: Home, part: Part | None) -> Made:
    """Make one family for the places it takes; the children share every adult, with the same rights."""
    culture = BY_KEY[part.culture] if part else any_culture(chance)
    household = part.household if part else _one_of(chance, HOUSEHOLDS)
    draft = _Draft(chance, book, home, culture, chance.choice(culture.families), part)
    _add_parents(draft, household)
    if part is None and household is not Household.LOOKED_AFTER:
        _add_others(draft)
    pupils = _children(draft, household)
    contacts = tuple(
        Contact(
            pupil.pupil_id,
            link.carer_id,
            link.priority,
            link.relationship,
            link.parental_responsibility,
            link.lives_with,
            link.no_contact,
        )
        for pupil in pupils
        for link in draft.links
    )
    family = Family(
        family_id=f"{home.prefix}F{home.number:04d}",
        culture=culture.key,
        household=household,
        pupil_ids=tuple(pupil.pupil_id for pupil in pupils),
        carer_ids=tuple(link.carer_id for link in sorted(draft.links, key=lambda link: link.priority)),
    )
    return Made(family, pupils, tuple(draft.carers), contacts)


def _add_parents(draft: _Draft, household: Household) -> None:
    chance, part = draft.chance, draft.part
    first = part.first if part else None
    second = part.second if part else None
    said = True if part or chance.random() < 0.98 else None  # a few schools' files leave the box empty
    if household is Household.LOOKED_AFTER:
        english = BY_KEY["english"]
        foster = chance.choice(english.families)
        draft.adult(
            "foster carer", feminine=True, priority=1, responsible=False, lives_with=True,
            kind=first or AddressKind.BOTH, surname=foster, culture=english,
        )  # fmt: skip
        if part or chance.random() < 0.6:
            draft.adult(
                "foster carer", feminine=False, priority=2, responsible=False, lives_with=True,
                kind=second, surname=foster, culture=english,
            )  # fmt: skip
        draft.adult(
            "mother", feminine=True, priority=3, responsible=True, lives_with=False,
            kind=AddressKind.MOBILE if part else None,
        )  # fmt: skip
        return
    if household is Household.KINSHIP:
        draft.adult(
            "special guardian", feminine=True, priority=1, responsible=True, lives_with=True,
            kind=first or AddressKind.BOTH,
        )  # fmt: skip
        return
    mother_first = part is not None or chance.random() < 0.85
    words = ("mother", "father") if mother_first else ("father", "mother")
    draft.adult(
        words[0], feminine=mother_first, priority=1, responsible=said, lives_with=True, kind=first
    )  # fmt: skip
    if household is Household.SINGLE:
        if part is None and chance.random() < 0.15:
            other = chance.choice(draft.culture.families)
            word = "step-father" if mother_first else "step-mother"
            draft.adult(
                word, feminine=not mother_first, priority=2, responsible=False, lives_with=True, surname=other
            )  # fmt: skip
        return
    together = household is Household.TOGETHER
    own_name = together or chance.random() < 0.4
    draft.adult(
        words[1],
        feminine=not mother_first,
        priority=1 if together and part is None and chance.random() < 0.15 else 2,
        responsible=said,
        lives_with=together,
        no_contact=household is Household.COURT_ORDER,
        kind=second,
        surname=None if own_name else chance.choice(draft.culture.families),
    )


def _add_others(draft: _Draft) -> None:
    for relationship, share, feminine in OTHERS:
        if draft.chance.random() < share:
            surname = draft.chance.choice(draft.culture.families) if draft.chance.random() < 0.5 else None
            kind = _one_of(draft.chance, OTHER_ADDRESSES)
            draft.adult(
                relationship,
                feminine=feminine,
                priority=max(link.priority for link in draft.links) + 1,
                responsible=False,
                lives_with=False,
                kind=kind,
                surname=surname,
            )


def _children(draft: _Draft, household: Household) -> tuple[Pupil, ...]:
    chance, home = draft.chance, draft.home
    flags = set(draft.part.flags) if draft.part else set()
    if household is Household.LOOKED_AFTER:
        flags |= {PupilFlag.LOOKED_AFTER, PupilFlag.SOCIAL_WORKER}
    children: list[Pupil] = []
    used: set[str] = set()
    for index, (year, group) in enumerate(home.places):
        girl = chance.random() < 0.49
        names = draft.culture.girls if girl else draft.culture.boys
        given = chance.choice([name for name in names if name not in used] or [*names])
        used.add(given)
        noted = set(flags)
        if draft.part is None:
            noted |= {flag for flag, share in FLAGS if chance.random() < share}
        children.append(
            Pupil(
                pupil_id=f"{home.prefix}P{home.first_pupil + index:04d}",
                given_name=given,
                registration_group=group,
                preferred_name=PREFERRED.get(given, "") if chance.random() < 0.7 else "",
                family_name=family_name(draft.surname, feminine=girl),
                year_group=year,
                flags=frozenset(noted),
            )
        )
    return tuple(children)
