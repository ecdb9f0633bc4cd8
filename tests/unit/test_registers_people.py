"""People files: what is taken, what is refused by name, and what is settled to the careful side."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.domain.people import PupilFlag
from notifier.registers.people import PeopleFile, read_people

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"

GOOD = {
    "pupil_id": "4711",
    "given_name": "Zofia",
    "preferred_name": "",
    "family_name": "Nowak",
    "year_group": "4",
    "registration_group": "4B",
    "pupil_flags": "",
    "carer_id": "9001",
    "carer_name": "Ewa Nowak",
    "relationship": "Mum",
    "priority": "1",
    "parental_responsibility": "",
    "lives_with": "",
    "no_contact": "",
    "mobile": "07700 900456",
    "landline": "",
    "email": "ewa@example.org",
    "language": "",
    "channels": "",
}


def read(*changes: dict[str, str], test_numbers: bool = True) -> PeopleFile:
    """A file with one row for each set of changes to a good row; the first is row 2."""
    lines = [";".join(GOOD)] + [";".join((GOOD | change).values()) for change in changes]
    return read_people("\n".join(lines).encode(), filename="people.csv", allow_test_numbers=test_numbers)


def refusals(file: PeopleFile) -> list[tuple[int, str | None, str]]:
    return [(refusal.row, refusal.column, refusal.code) for refusal in file.refused]


def warnings(file: PeopleFile) -> list[tuple[int | None, str | None, str]]:
    return [(warning.row, warning.column, warning.code) for warning in file.warnings]


def test_a_good_row_becomes_pupil_carer_and_contact() -> None:
    change = {"pupil_flags": "vulnerable | LAC", "language": "Polish", "channels": "text|email", "lives_with": "Y",
              "parental_responsibility": "no"}  # fmt: skip
    file = read(change)
    (person,) = file.rows
    assert (file.refused, file.warnings, file.preset, person.row) == ((), (), "standard", 2)
    assert (person.pupil.called, person.pupil.registration_group) == ("Zofia", "4B")
    assert person.pupil.flags == {PupilFlag.VULNERABLE, PupilFlag.LOOKED_AFTER}
    assert (person.carer.mobile, person.carer.email) == ("+447700900456", "ewa@example.org")
    assert (person.carer.language, person.carer.channels) == ("pl", ("sms", "email"))
    contact = person.contact
    assert (contact.priority, contact.relationship, contact.no_contact) == (1, "mother", False)
    assert (contact.parental_responsibility, contact.lives_with) == (False, True)
    assert person.raw[0] == "4711"


def test_what_the_school_has_not_said_stays_unsaid() -> None:
    contact = read({}).rows[0].contact
    assert (contact.parental_responsibility, contact.lives_with) == (None, None)


@pytest.mark.parametrize("column", ["pupil_id", "given_name", "registration_group", "carer_id", "priority"])
def test_a_row_without_a_needed_value_is_refused_and_the_others_count(column: str) -> None:
    file = read({column: " "}, {"pupil_id": "4800", "carer_id": "9100"})
    assert refusals(file) == [(2, column, "missing_value")]
    assert [person.row for person in file.rows] == [3]


@pytest.mark.parametrize("priority", ["0", "-1", "first", "1.5", "100"])
def test_a_bad_priority_is_refused(priority: str) -> None:
    assert refusals(read({"priority": priority})) == [(2, "priority", "bad_number")]


def test_a_priority_that_a_spreadsheet_made_a_decimal_is_understood() -> None:
    assert read({"priority": "2.0"}).rows[0].contact.priority == 2


def test_a_pupil_with_no_carer_in_the_file_does_not_vanish() -> None:
    file = read({"carer_id": ""}, {"pupil_id": "4800", "carer_id": ""}, {"pupil_id": "4800"})
    assert [pupil.pupil_id for pupil in file.without_contacts] == ["4711"]
    assert [person.pupil.pupil_id for person in file.rows] == ["4800"]


# --- addresses ---


def test_an_invalid_mobile_costs_the_number_and_not_the_row() -> None:
    file = read({"mobile": "07700 90045"})
    assert (file.rows[0].carer.mobile, file.rows[0].carer.email) == (None, "ewa@example.org")
    (warning,) = file.warnings
    assert (warning.row, warning.column, warning.value, warning.code) == (2, "mobile", "07700 90045", "invalid_number")
    assert "Row 2, mobile" in warning.message


def test_a_landline_in_the_mobile_column_is_kept_for_staff_to_ring() -> None:
    file = read({"mobile": "01632 960123"})
    assert (file.rows[0].carer.mobile, file.rows[0].carer.landline) == (None, "+441632960123")
    assert warnings(file) == [(2, "mobile", "not_a_mobile")]


def test_a_landline_column_is_read() -> None:
    file = read({"landline": "01632 960124"})
    assert (file.rows[0].carer.mobile, file.rows[0].carer.landline) == ("+447700900456", "+441632960124")


def test_a_carer_without_any_address_is_still_a_contact() -> None:
    file = read({"mobile": "", "email": ""})
    assert [person.carer.carer_id for person in file.rows] == ["9001"]
    assert warnings(file) == [(2, "mobile", "no_usable_address")]


def test_a_faulty_email_costs_the_address_and_not_the_row() -> None:
    file = read({"email": "ewa at example.org"})
    assert (file.rows[0].carer.mobile, file.rows[0].carer.email) == ("+447700900456", None)
    assert warnings(file) == [(2, "email", "invalid_address")]


def test_test_addresses_are_not_taken_where_real_families_are_written_to() -> None:
    file = read({"email": "ewa@oakfield.example"}, test_numbers=False)
    assert (file.rows[0].carer.mobile, file.rows[0].carer.email) == (None, None)
    assert [code for _, _, code in warnings(file)] == ["test_number", "test_address", "no_usable_address"]


# --- permission fails closed ---


@pytest.mark.parametrize("word", ["yes", "Y", "TRUE", "1", "x"])
def test_a_yes_blocks_contact(word: str) -> None:
    assert read({"no_contact": word}).rows[0].contact.no_contact is True


@pytest.mark.parametrize("word", ["no", "N", "FALSE", "0", ""])
def test_a_no_or_nothing_lets_contact_be(word: str) -> None:
    file = read({"no_contact": word})
    assert (file.rows[0].contact.no_contact, file.warnings) == (False, ())


@pytest.mark.parametrize("word", ["see file", "?", "ask DSL", "-"])
def test_any_other_word_blocks_contact_and_is_said_loudly(word: str) -> None:
    file = read({"no_contact": word})
    assert file.rows[0].contact.no_contact is True
    assert warnings(file) == [(2, "no_contact", "no_contact_unclear")]
    assert "NOT be contacted" in file.warnings[0].message


def test_any_of_several_blocking_columns_is_enough() -> None:
    text = (
        "Adno,Forename,Reg Group,Contact ID,Contact Priority,Contact Mobile,No Contact,Court Order\n"
        "1,Amy,4B,c1,1,07700 900001,no,yes\n2,Ben,4B,c2,1,07700 900002,,no\n"
    )
    file = read_people(text.encode(), filename="sims.csv", allow_test_numbers=True)
    assert file.preset == "sims"
    assert [person.contact.no_contact for person in file.rows] == [True, False]


# --- words ---


@pytest.mark.parametrize(
    ("column", "word", "code"),
    [
        ("pupil_flags", "vulnerable|sporty", "unknown_flag"),
        ("language", "Klingon", "unknown_language"),
        ("language", "Panjabi", "ask_language"),
        ("channels", "sms|pigeon", "unknown_channel"),
        ("parental_responsibility", "perhaps", "unknown_word"),
        ("lives_with", "weekends", "unknown_word"),
    ],
)
def test_an_unknown_word_is_left_out_and_said(column: str, word: str, code: str) -> None:
    file = read({column: word})
    assert warnings(file) == [(2, column, code)]
    person = file.rows[0]
    assert (person.carer.language, person.contact.parental_responsibility, person.contact.lives_with) == (
        "en",
        None,
        None,
    )


def test_a_relationship_we_do_not_know_is_kept_as_it_is() -> None:
    assert read({"relationship": "Neighbour (key holder)"}).rows[0].contact.relationship == "Neighbour (key holder)"


def test_a_carers_name_is_joined_from_its_columns() -> None:
    text = (
        "Adno,Forename,Surname,Reg Group,Contact ID,Contact Title,Contact Forename,Contact Surname,Contact Priority,"
        "Contact Mobile\n4711,Zofia,Nowak,4B,9001,Mrs,Ewa,Nowak,1,07700 900456\n"
    )
    file = read_people(text.encode(), filename="sims.csv", allow_test_numbers=True)
    assert (file.rows[0].carer.name, file.rows[0].pupil.family_name) == ("Mrs Ewa Nowak", "Nowak")


# --- rows that disagree ---


@pytest.mark.parametrize("change", [{"given_name": "Ben"}, {"family_name": "Khan"}, {"registration_group": "6A"}])
def test_one_number_for_two_pupils_refuses_all_its_rows(change: dict[str, str]) -> None:
    file = read({}, change | {"carer_id": "9002"}, {"pupil_id": "4800", "carer_id": "9003"})
    column = next(iter(change))
    assert refusals(file) == [(2, column, "contradictory_pupil"), (3, column, "contradictory_pupil")]
    assert [person.pupil.pupil_id for person in file.rows] == ["4800"]
    assert "in row 2" in file.refused[0].message
    assert "in row 3" in file.refused[0].message


def test_capitals_and_gaps_are_no_contradiction_and_flags_add_up() -> None:
    file = read(
        {"pupil_flags": "vulnerable"}, {"given_name": "ZOFIA", "family_name": "", "carer_id": "9002", "mobile": ""}
    )
    assert file.refused == ()
    assert {person.pupil for person in file.rows} == {file.rows[0].pupil}
    assert (file.rows[1].pupil.given_name, file.rows[1].pupil.flags) == ("Zofia", {PupilFlag.VULNERABLE})
    assert warnings(file) == [(3, "pupil_flags", "differing_pupil")]


def test_the_same_row_twice_counts_once() -> None:
    file = read({}, {})
    assert (len(file.rows), file.refused, warnings(file)) == (1, (), [(3, None, "duplicate_row")])


def test_one_contact_with_different_details_is_refused_in_both_rows() -> None:
    file = read({}, {"priority": "2"}, {"carer_id": "9002"})
    assert refusals(file) == [(2, "carer_id", "contradictory_contact"), (3, "carer_id", "contradictory_contact")]
    assert [person.carer.carer_id for person in file.rows] == ["9002"]


def test_a_block_of_contact_survives_a_contradiction() -> None:
    file = read({}, {"no_contact": "yes"})
    assert refusals(file) == [(2, "carer_id", "contradictory_contact")]
    assert [(person.row, person.contact.no_contact) for person in file.rows] == [(3, True)]


def test_a_pupil_whose_only_contact_is_contradictory_does_not_vanish() -> None:
    file = read({}, {"priority": "2"})
    assert (file.rows, [pupil.pupil_id for pupil in file.without_contacts]) == ((), ["4711"])


def test_a_carer_of_two_pupils_has_one_set_of_details() -> None:
    file = read({"language": ""}, {"pupil_id": "4712", "mobile": "07700 900999", "language": "Polish"})
    assert {person.carer for person in file.rows} == {file.rows[0].carer}
    assert (file.rows[0].carer.mobile, file.rows[0].carer.language) == ("+447700900456", "pl")
    assert warnings(file) == [(3, "mobile", "differing_carer")]


def test_a_gap_in_one_siblings_row_is_filled_from_the_other() -> None:
    file = read({"mobile": ""}, {"pupil_id": "4712"})
    assert {person.carer.mobile for person in file.rows} == {"+447700900456"}


# --- whole files ---


def test_the_example_file_is_good() -> None:
    file = read_people(EXAMPLES / "people.csv", filename="people.csv", allow_test_numbers=True)
    assert (len(file.rows), file.refused, file.without_contacts) == (12, (), ())
    assert {warning.code for warning in file.warnings} == {"not_a_mobile", "no_usable_address"}


def test_a_path_and_its_bytes_read_alike() -> None:
    path = EXAMPLES / "people.csv"
    by_path = read_people(path, filename="people.csv", allow_test_numbers=True)
    assert by_path == read_people(path.read_bytes(), filename="people.csv", allow_test_numbers=True)


def test_an_arbor_like_file_is_understood() -> None:
    text = (
        "Arbor Student ID\tLegal First Name\tPreferred First Name\tRegistration Form\tGuardian ID\tGuardian\t"
        "Emergency Contact Priority\tIs Legal Guardian\tGuardian Mobile Number\tGuardian Email\n"
        "12\tJakub\tKuba\tRB\tg7\tEwa Nowak\t1\tTRUE\t+44 7700 900456\tewa@example.org\n"
    )
    file = read_people(text.encode("cp1252"), filename="arbor.tsv", allow_test_numbers=True)
    assert (file.preset, file.refused, file.warnings) == ("arbor", (), ())
    assert (file.rows[0].pupil.called, file.rows[0].contact.parental_responsibility) == ("Kuba", True)
