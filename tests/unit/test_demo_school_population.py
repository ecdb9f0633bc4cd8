"""The pretend school: nobody is real, families hang together, and our own readers take its files."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.configuration.calendar import load_calendar
from notifier.configuration.schools import load_school
from notifier.demo.addresses import DRAMA_MOBILES, RESERVED
from notifier.demo.households import Household
from notifier.demo.names import CULTURES, family_name, plain
from notifier.demo.population import PEOPLE_COLUMNS, DemoSchool, make_school
from notifier.demo.scenes import SCENES, Scene
from notifier.demo.school_year import school_year_around, weekday_on_or_after
from notifier.domain.choosing import Blocks, circle_of
from notifier.domain.people import Carer, PupilFlag
from notifier.registers.people import read_people

TUESDAY = date(2026, 11, 24)
DRAMA = re.compile(r"(\+44|0)(7700900|1632960)\d{3}")


@pytest.fixture(scope="module")
def oakfield() -> DemoSchool:
    return make_school(day=TUESDAY)


def text_of(school: DemoSchool) -> str:
    return "\n".join(",".join(row.values()) for row in school.people_rows()) + school.school_toml()


def test_the_same_seed_makes_the_same_school(oakfield: DemoSchool) -> None:
    assert text_of(make_school(day=TUESDAY)) == text_of(oakfield)


def test_another_seed_makes_another_school(oakfield: DemoSchool) -> None:
    assert text_of(make_school(day=TUESDAY, seed=8)) != text_of(oakfield)


@settings(max_examples=40, deadline=None)
@given(pupils=st.integers(1, 700), seed=st.integers(0, 10_000))
def test_no_school_holds_a_real_number_or_address(pupils: int, seed: int) -> None:
    school = make_school(pupils=pupils, seed=seed, day=TUESDAY)
    assert len(school.pupils) == pupils
    assert not school.stub_numbers
    for carer in school.carers.values():
        compact = re.sub(r"[ -]", "", carer.typed_number)
        if carer.mobile or carer.landline:
            assert DRAMA.fullmatch(compact), carer.typed_number
            assert (carer.mobile or carer.landline) == "+44" + compact.removeprefix("+44").removeprefix("0")
        else:
            assert not DRAMA.fullmatch(compact)
            assert not _anybodys_number(compact), carer.typed_number
        assert not carer.email or carer.email.endswith("@families.example")


def _anybodys_number(text: str) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, "GB"))
    except phonenumbers.NumberParseException:
        return False


@settings(max_examples=40, deadline=None)
@given(pupils=st.integers(1, 700), seed=st.integers(0, 10_000))
def test_every_pupil_has_a_contact_and_children_of_a_family_share_theirs(pupils: int, seed: int) -> None:
    school = make_school(pupils=pupils, seed=seed, day=TUESDAY)
    for family in school.families:
        seen = set()
        for pupil_id in family.pupil_ids:
            contacts = school.contacts[pupil_id]
            assert contacts
            assert min(contact.priority for contact in contacts) == 1
            seen.add(tuple((c.carer_id, c.priority, c.relationship, c.no_contact) for c in contacts))
        assert len(seen) == 1
        names = [school.by_id[pupil_id].given_name for pupil_id in family.pupil_ids]
        assert len(set(names)) == len(names)


def test_no_number_belongs_to_two_carers_and_none_is_reserved_for_a_double(oakfield: DemoSchool) -> None:
    numbers = [n for c in oakfield.carers.values() for n in (c.mobile, c.landline) if n]
    assert len(set(numbers)) == len(numbers)
    assert not {int(number.removeprefix("+44")) for number in numbers} & RESERVED


def test_nobody_is_texted_on_a_number_of_somebody_a_court_keeps_away(oakfield: DemoSchool) -> None:
    kept_away = [c.carer_id for contacts in oakfield.contacts.values() for c in contacts if c.no_contact]
    assert kept_away
    others = {c.mobile for c in oakfield.carers.values() if c.carer_id not in kept_away}
    assert not {oakfield.carers[c].mobile for c in kept_away} & (others - {None})


def test_a_big_school_reaches_carers_by_email_when_the_drama_numbers_run_out() -> None:
    school = make_school(pupils=1_500, day=TUESDAY)
    mobiles = [carer.mobile for carer in school.carers.values() if carer.mobile]
    assert len(set(mobiles)) == len(mobiles) == len([n for n in DRAMA_MOBILES if n not in RESERVED])
    assert not school.stub_numbers
    told = [c for contacts in school.contacts.values() for c in contacts if c.parental_responsibility]
    assert sum(school.carers[contact.carer_id].reachable for contact in told) > 0.9 * len(told)


def test_stub_numbers_are_made_only_when_asked_for_and_are_said_to_be_there() -> None:
    school = make_school(pupils=1_500, day=TUESDAY, unique_numbers=True)
    assert school.stub_numbers
    mobiles = [carer.mobile for carer in school.carers.values() if carer.mobile]
    assert len(set(mobiles)) == len(mobiles) > 1_500
    assert all(number.startswith(("+447700900", "+44715")) for number in mobiles)
    assert phonenumbers.is_valid_number(phonenumbers.parse(next(m for m in mobiles if m.startswith("+44715"))))


@pytest.mark.parametrize(
    ("pupils", "phase", "groups"),
    [(60, "primary", 7), (210, "primary", 7), (420, "primary", 14), (900, "secondary", 30), (1_000, "secondary", 35)],
)
def test_forms_hold_about_thirty(pupils: int, phase: str, groups: int) -> None:
    school = make_school(pupils=pupils, day=TUESDAY)
    sizes = Counter(pupil.registration_group for pupil in school.pupils)
    assert (school.phase, len(sizes)) == (phase, groups)
    assert max(sizes.values()) <= 30
    assert max(sizes.values()) - min(sizes.values()) <= 1


def test_the_families_are_of_many_kinds(oakfield: DemoSchool) -> None:
    assert {family.household for family in oakfield.families} == set(Household)
    assert {family.culture for family in oakfield.families} == {culture.key for culture in CULTURES}
    assert {"en", "pl", "ur", "ro", "cy"} <= {carer.language for carer in oakfield.carers.values()}
    sizes = Counter(len(family.pupil_ids) for family in oakfield.families)
    assert sizes[1] > sizes[2] > sizes[3] > 0
    carers = oakfield.carers.values()
    assert any(c.email and not c.typed_number for c in carers)
    assert any(c.landline and not c.email for c in carers)
    assert any(c.typed_number and not c.mobile and not c.landline for c in carers)
    assert any(not c.typed_number and not c.email for c in carers)
    assert set(PupilFlag) == {flag for pupil in oakfield.pupils for flag in pupil.flags}


def test_every_scene_is_played_by_the_family_it_needs(oakfield: DemoSchool) -> None:
    assert set(oakfield.parts) == set(SCENES)
    for scene, family in oakfield.parts.items():
        part = scene.part
        assert (family.culture, family.household, len(family.pupil_ids)) == (
            part.culture,
            part.household,
            part.children,
        )
        assert oakfield.carers[family.carer_ids[0]].language in (part.language, "en")
        for pupil_id in family.pupil_ids:
            assert (oakfield.by_id[pupil_id].registration_group == oakfield.late_group) == part.late_register
    assert oakfield.carers[oakfield.parts[Scene.ILLNESS_UR].carer_ids[0]].language == "ur"
    assert not any(oakfield.carers[c].reachable for c in oakfield.parts[Scene.LANDLINE_ONLY].carer_ids)


def test_a_small_school_plays_only_the_first_scenes() -> None:
    assert tuple(make_school(pupils=60, day=TUESDAY).parts) == SCENES[:3]
    assert not make_school(pupils=10, day=TUESDAY).parts


def test_our_rules_of_choosing_never_pick_somebody_who_must_not_be_told(oakfield: DemoSchool) -> None:
    carers = {
        c.carer_id: Carer(c.carer_id, c.name, c.mobile, c.landline, c.email or None, c.language, c.channels)
        for c in oakfield.carers.values()
    }
    allowed = set()
    for pupil in oakfield.pupils:
        circle = circle_of(
            pupil, oakfield.contacts[pupil.pupil_id], carers, school_channels=("sms", "email"), blocks=Blocks()
        )
        allowed |= {(pupil.pupil_id, reach.carer.carer_id) for reach in circle.allowed}
    assert oakfield.never_told
    assert not allowed & oakfield.never_told
    looked_after = oakfield.parts[Scene.LOOKED_AFTER]
    assert (looked_after.pupil_ids[0], looked_after.carer_ids[0]) in allowed
    assert (looked_after.pupil_ids[0], looked_after.carer_ids[-1]) in oakfield.never_told


def test_our_own_reader_takes_the_people_file(oakfield: DemoSchool, tmp_path) -> None:
    path = tmp_path / "people.csv"
    oakfield.write_people_csv(path)
    read = read_people(path, filename=path.name, allow_test_numbers=True)
    assert read.header == PEOPLE_COLUMNS
    assert read.refused == ()
    assert {row.pupil for row in read.rows} == set(oakfield.pupils)
    for row in read.rows:
        made = oakfield.carers[row.carer.carer_id]
        assert (row.carer.mobile, row.carer.landline, row.carer.email or "") == (made.mobile, made.landline, made.email)
    contacts = defaultdict(list)
    for row in read.rows:
        contacts[row.pupil.pupil_id].append(row.contact)
    assert {pupil_id: tuple(found) for pupil_id, found in contacts.items()} == oakfield.contacts


def test_our_own_configuration_takes_the_school_file(oakfield: DemoSchool, tmp_path) -> None:
    path = tmp_path / "oakfield.toml"
    oakfield.write_school_toml(path)
    school = load_school(path)
    assert (school.key, school.short_name, school.phase) == ("oakfield", "Oakfield Primary", "primary")
    assert any(first <= TUESDAY <= last for first, last in school.terms)
    assert load_calendar(school) is not None


@pytest.mark.parametrize(
    "day",
    [
        pytest.param(TUESDAY, id="an ordinary Tuesday"),
        pytest.param(date(2026, 10, 28), id="half-term"),
        pytest.param(date(2026, 11, 27), id="INSET day"),
        pytest.param(date(2026, 8, 12), id="summer holidays"),
        pytest.param(date(2026, 12, 22), id="Christmas holidays"),
        pytest.param(date(2027, 7, 28), id="after the last day of the year"),
        pytest.param(date(2024, 2, 29), id="another year"),
    ],
)
def test_the_wanted_day_is_a_school_day_and_the_file_says_so(day: date) -> None:
    year = school_year_around(day)
    assert year.is_school_day(day)
    assert len(year.days_before(day, 10)) == 10
    assert all(year.is_school_day(before) and before < day for before in year.days_before(day, 10))
    school = load_school(make_school(pupils=10, day=day).school_toml())
    assert any(first <= day <= last for first, last in school.terms)
    assert not any(first <= day <= last for first, last in school.closed)


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(2026, 12, 25), date(2027, 5, 3)])
def test_no_school_opens_at_a_weekend_or_bank_holiday(day: date) -> None:
    with pytest.raises(ValueError, match="choose a weekday"):
        make_school(pupils=10, day=day)
    assert school_year_around(weekday_on_or_after(day))


def test_the_first_day_of_term_has_no_days_before_it() -> None:
    assert school_year_around(date(2026, 9, 2)).days_before(date(2026, 9, 2), 10) == ()


def test_a_school_needs_a_pupil() -> None:
    with pytest.raises(ValueError, match="at least one pupil"):
        make_school(pupils=0, day=TUESDAY)


def test_two_schools_share_no_id() -> None:
    first, second = make_school(pupils=30, day=TUESDAY), make_school(pupils=30, day=TUESDAY, key="ashfield")
    assert not first.by_id.keys() & second.by_id.keys()
    assert not first.carers.keys() & second.carers.keys()


@pytest.mark.parametrize(
    ("name", "feminine", "expected"),
    [("Kowalski/Kowalska", True, "Kowalska"), ("Kowalski/Kowalska", False, "Kowalski"), ("Nowak", True, "Nowak")],
)
def test_family_names_follow_the_person(name: str, feminine: bool, expected: str) -> None:
    assert family_name(name, feminine=feminine) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("Łukasz", "lukasz"), ("O'Connor", "oconnor"), ("Yılmaz", "yilmaz"), ("Al-Masri", "almasri")]
)
def test_addresses_are_written_in_plain_letters(name: str, expected: str) -> None:
    assert plain(name) == expected
