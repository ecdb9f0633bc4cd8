"""A pretend school and its families: pupils, carers and who may be told what, all made up and always the same for one seed.

It is a school like many: forms of about thirty, brothers and sisters who share carers, parents in two homes, a father whom a
court keeps away, foster carers, grandparents who may be rung but not texted, landlines, mistyped numbers. Some of these
families play a part in the morning (see `notifier.demo.scenes`); how often each kind of family occurs is our assumption.

Mobile numbers come from Ofcom's range for drama, 07700 900000 to 900999, landlines from 01632 960000 to 960999, e-mail
addresses end in `families.example`. A number belongs to one carer only. When the drama numbers run out (beyond about 600
pupils) further carers are reached by e-mail alone, unless `unique_numbers` asks for the stub range described there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Final

from notifier.demo.addresses import AddressBook, DemoCarer
from notifier.demo.households import Family, Home, make_family
from notifier.demo.scenes import SCENES, Scene
from notifier.demo.school_year import SchoolYear, school_year_around
from notifier.domain.people import Contact, Pupil, PupilFlag

PEOPLE_COLUMNS: Final = (
    "pupil_id", "given_name", "preferred_name", "family_name", "year_group", "registration_group", "pupil_flags",
    "carer_id", "carer_name", "relationship", "priority", "parental_responsibility", "lives_with", "no_contact",
    "mobile", "email", "language", "channels",
)  # fmt: skip
"""The columns of a people file, in their usual order."""

LARGEST_PRIMARY: Final = 600
"""From here on the school is a secondary school."""

SIBLINGS: Final = ((1, 2, 3, 4), (68.0, 26.0, 5.0, 1.0))
"""Children at the school per family, and the share of families; an assumption."""

TREES: Final = ("Oak", "Ash", "Elm", "Birch", "Maple", "Rowan", "Willow", "Hazel")


@dataclass(frozen=True)
class DemoSchool:
    """One school with everybody it knows. `parts` names the family that plays each scene; `late_group` hands its register in late.

    `stub_numbers` says that some mobile numbers lie outside Ofcom's range for drama, so that the people must never be
    loaded where a real provider is configured.
    """

    key: str
    name: str
    short_name: str
    phase: str
    day: date
    seed: int
    year: SchoolYear
    pupils: tuple[Pupil, ...]
    carers: dict[str, DemoCarer]
    contacts: dict[str, tuple[Contact, ...]]
    parts: dict[Scene, Family]
    families: tuple[Family, ...]
    late_group: str | None
    stub_numbers: bool

    @cached_property
    def by_id(self) -> dict[str, Pupil]:
        """Pupils by their id."""
        return {pupil.pupil_id: pupil for pupil in self.pupils}

    @cached_property
    def family_of(self) -> dict[str, Family]:
        """The family of each pupil and each carer, by id."""
        found = {}
        for family in self.families:
            for member in (*family.pupil_ids, *family.carer_ids):
                found[member] = family
        return found

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The registration groups, in order of year."""
        return tuple(dict.fromkeys(pupil.registration_group for pupil in self.pupils))

    def cast(self) -> dict[str, Scene]:
        """The scene each pupil of a playing family is in, by pupil id."""
        return {pupil_id: scene for scene, family in self.parts.items() for pupil_id in family.pupil_ids}

    @cached_property
    def never_told(self) -> frozenset[tuple[str, str]]:
        """Pairs (pupil, carer) that no automatic message may ever join.

        They are contacts whom a court keeps away, birth parents of looked-after children, and everyone without parental
        responsibility except foster carers.
        """
        return frozenset(
            (contact.pupil_id, contact.carer_id)
            for pupil in self.pupils
            for contact in self.contacts[pupil.pupil_id]
            if contact.no_contact or not _may_be_told(pupil, contact)
        )

    def people_rows(self) -> Iterator[dict[str, str]]:
        """One row for every pupil and contact, in the columns of a people file, numbers as the office typed them."""
        for pupil in self.pupils:
            for contact in self.contacts[pupil.pupil_id]:
                carer = self.carers[contact.carer_id]
                yield {
                    "pupil_id": pupil.pupil_id,
                    "given_name": pupil.given_name,
                    "preferred_name": pupil.preferred_name,
                    "family_name": pupil.family_name,
                    "year_group": pupil.year_group,
                    "registration_group": pupil.registration_group,
                    "pupil_flags": "|".join(sorted(pupil.flags)),
                    "carer_id": carer.carer_id,
                    "carer_name": carer.name,
                    "relationship": contact.relationship,
                    "priority": str(contact.priority),
                    "parental_responsibility": _yes_no(contact.parental_responsibility),
                    "lives_with": _yes_no(contact.lives_with),
                    "no_contact": _yes_no(contact.no_contact),
                    "mobile": carer.typed_number,
                    "email": carer.email,
                    "language": carer.language,
                    "channels": "|".join(carer.channels),
                }

    def write_people_csv(self, path: Path) -> None:
        """Write the people file, UTF-8 with commas."""
        with path.open("w", encoding="utf-8", newline="") as handle:
            writer = csv.DictWriter(handle, PEOPLE_COLUMNS)
            writer.writeheader()
            writer.writerows(self.people_rows())

    def school_toml(self) -> str:
        """The school's own file, as config/schools/*.toml has it."""
        terms = ", ".join(f'["{first}", "{last}"]' for first, last in self.year.terms)
        closed = ", ".join(
            f'"{first}"' if first == last else f'"{first}/{last}"' for first, last in sorted(self.year.closed)
        )
        return (
            "# A pretend school, made by `notifier demo`.\n"
            "[school]\n"
            f'key = "{self.key}"\n'
            f'name = "{self.name}"\n'
            f'short_name = "{self.short_name}"\n'
            f'phase = "{self.phase}"\n'
            'trust = "rivers"\n'
            'phone = "01632960123"\n'
            f'email = "office@{self.key}.example"\n'
            f'safeguarding_email = "safeguarding@{self.key}.example"\n'
            'languages = ["pl", "ur", "cy", "ro"]\n'
            'channels = ["sms", "email"]\n'
            'policy = "first_day_absence"\n'
            "\n[times.AM]\n"
            'register_closes = "09:20"\nfirst_contact = "09:30"\nlast_contact = "11:30"\n'
            "\n[times.PM]\n"
            'register_closes = "13:20"\nfirst_contact = "13:30"\nlast_contact = "15:00"\n'
            "\n[calendar]\n"
            f"terms = [{terms}]\n"
            f"closed = [{closed}]\n"
        )

    def write_school_toml(self, path: Path) -> None:
        """Write the school's own file."""
        path.write_text(self.school_toml(), encoding="utf-8")


def _may_be_told(pupil: Pupil, contact: Contact) -> bool:
    if PupilFlag.LOOKED_AFTER in pupil.flags:
        return contact.relationship == "foster carer"
    return contact.parental_responsibility is not False


def _yes_no(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def make_school(
    *,
    pupils: int = 420,
    seed: int = 7,
    day: date,
    key: str = "oakfield",
    name: str | None = None,
    unique_numbers: bool = False,
) -> DemoSchool:
    """Make a school of so many pupils, on roll on `day` (which becomes a school day): the same for the same arguments.

    With `unique_numbers` carers beyond the drama range get mobile numbers of the stub range (see `addresses.STUB_FIRST`),
    each its own: for benchmarks against a local stub only, never for a real provider. The number of scenes grows with the
    school, one for every twenty pupils, so that a small school is not half empty. `key` also begins every id, which keeps
    several schools apart. Raises ValueError for fewer than one pupil, or a day on which no school is open.
    """
    if pupils < 1:
        raise ValueError("a school needs at least one pupil")
    year = school_year_around(day)
    chance = Random(f"{key}/{seed}/{pupils}")
    phase = "primary" if pupils <= LARGEST_PRIMARY else "secondary"
    places = _places(pupils, phase)
    groups = sorted({group for _, group in places})
    late_group = chance.choice(groups) if len(groups) >= 3 else None
    chance.shuffle(places)

    book = AddressBook(Random(f"{key}/{seed}/addresses"), unique_numbers=unique_numbers)
    prefix = "" if key == "oakfield" else f"{key}-"
    maker = _Roll(chance, book, prefix, places, late_group)
    parts = {scene: maker.admit(scene) for scene in SCENES[: pupils // 20]}
    maker.fill()
    by_group = sorted(maker.pupils, key=lambda pupil: (_year_order(pupil.year_group), pupil.registration_group))
    title = name or ("Oakfield Primary School" if phase == "primary" else "Oakfield High School")
    return DemoSchool(
        key=key,
        name=title,
        short_name=title.removesuffix(" School"),
        phase=phase,
        day=day,
        seed=seed,
        year=year,
        pupils=tuple(by_group),
        carers=maker.carers,
        contacts=maker.contacts,
        parts=parts,
        families=tuple(maker.families),
        late_group=late_group,
        stub_numbers=book.used_stub_range,
    )


def _year_order(year_group: str) -> int:
    return 0 if year_group == "R" else int(year_group)


def _places(pupils: int, phase: str) -> list[tuple[str, str]]:
    """A place (year group, registration group) for every pupil: forms of about thirty, filled evenly."""
    years = ("R", "1", "2", "3", "4", "5", "6") if phase == "primary" else ("7", "8", "9", "10", "11")
    forms = max(1, -(-pupils // (30 * len(years))))
    groups = [(year, _group(year, form, phase)) for form in range(forms) for year in years]
    return [groups[index % len(groups)] for index in range(pupils)]


def _group(year: str, form: int, phase: str) -> str:
    """In a primary school "1 Oak", in a secondary school "7B", and "7AA" after "7Z"."""
    if phase == "primary":
        return f"{year} {TREES[form]}"
    letters = ""
    form += 1
    while form:
        form, rest = divmod(form - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{year}{letters}"


class _Roll:
    """The roll while it is being filled: families take places until none is left."""

    def __init__(
        self, chance: Random, book: AddressBook, prefix: str, places: list[tuple[str, str]], late_group: str | None
    ) -> None:
        self.chance = chance
        self.book = book
        self.prefix = prefix
        self.late_group = late_group
        self.places = places
        self.pupils: list[Pupil] = []
        self.carers: dict[str, DemoCarer] = {}
        self.contacts: dict[str, tuple[Contact, ...]] = {}
        self.families: list[Family] = []

    def admit(self, scene: Scene | None = None) -> Family:
        """Admit one family, cast for a scene where one is given."""
        wanted = scene.part.children if scene else self.chance.choices(*SIBLINGS)[0]
        places = self._take(min(wanted, len(self.places)), scene)
        home = Home(
            number=len(self.families) + 1,
            first_pupil=len(self.pupils) + 1,
            first_carer=len(self.carers) + 1,
            prefix=self.prefix,
            places=places,
        )
        made = make_family(self.chance, self.book, home, scene.part if scene else None)
        self.pupils.extend(made.pupils)
        self.carers.update((carer.carer_id, carer) for carer in made.carers)
        for pupil in made.pupils:
            self.contacts[pupil.pupil_id] = tuple(c for c in made.contacts if c.pupil_id == pupil.pupil_id)
        family = made.family
        self.families.append(family)
        return family

    def fill(self) -> None:
        """Admit families until every place is taken."""
        while self.places:
            self.admit()

    def _take(self, count: int, scene: Scene | None) -> tuple[tuple[str, str], ...]:
        """Places for one family's children: different years, except for one pair of twins in twenty families."""
        twins = self.chance.random() < 0.05
        taken: list[tuple[str, str]] = []
        for _ in range(count):
            years = {year for year, _ in taken}
            chosen = len(self.places) - 1
            for index in range(len(self.places) - 1, max(-1, len(self.places) - 200), -1):
                year, group = self.places[index]
                if scene is not None and self.late_group and (group == self.late_group) != scene.part.late_register:
                    continue
                if year in years and not twins:
                    continue
                chosen = index
                break
            taken.append(self.places.pop(chosen))
        return tuple(taken)
