"""The illness file: what the shipped one says, and the rows that are refused because a family could be told too much."""

from datetime import date
from pathlib import Path

import pytest

from notifier.configuration.errors import ConfigurationError
from notifier.configuration.illness import load_illness, parse_illness
from notifier.domain.illness import LINK_ONLY, REPLY_CONDITIONS, STATES_A_RULE, Body, GoToSchool, TellSchool, stale
from notifier.paths import data_folder
from notifier.wording.templates import read_templates

SHIPPED = (data_folder("config") / "illness.toml").read_text(encoding="utf-8")
FILE = "config/illness.toml"


def refusal(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        parse_illness(text, source=FILE)
    return str(refused.value).splitlines()


def with_row(key: str, old: str, new: str) -> str:
    """The shipped file with one thing changed in one row."""
    before, mark, row = SHIPPED.partition(f'key = "{key}"\n')
    assert mark and old in row.partition("[[condition]]")[0]
    return before + mark + row.replace(old, new, 1)


def assert_refused(text: str, says: str) -> None:
    """That a file is refused with these words, in a line that names it."""
    assert any(says in line and line.startswith(FILE) for line in refusal(text)), refusal(text)


def test_the_shipped_file_holds_every_row_of_the_reference():
    guidance = load_illness()
    assert len(guidance.conditions) == 40
    assert guidance.nhs_link == "https://www.nhs.uk/live-well/is-my-child-too-ill-for-school/"
    row = guidance.conditions["vomiting_diarrhoea"]
    assert (row.go_to_school, row.tell_school, row.body) == (
        GoToSchool.NO,
        TellSchool.PHONE_FIRST_DAY,
        (Body.NHS, Body.UKHSA),
    )
    assert (row.reviewed, row.verified, row.template) == (date(2026, 11, 22), True, "illness_sickness")
    assert "48 hours" in row.return_rule


def test_no_row_states_a_rule_that_is_unverified_or_on_which_the_bodies_differ():
    rows = load_illness().conditions.values()
    assert {row.key for row in rows if row.differs} == {"chickenpox_nhs", "chickenpox_ukhsa"}
    assert [row.key for row in rows if row.link_only and row.template not in LINK_ONLY] == []
    assert {row.key for row in rows if not row.verified} >= {"rubella", "whooping_cough", "scabies", "mrsa", "measles"}


def test_a_rule_from_memory_is_never_called_verified():
    rows = load_illness().conditions.values()
    assert [row.key for row in rows if row.verified and ("memory" in row.return_rule or "memory" in row.source)] == []


def test_every_message_a_row_may_use_is_there_and_is_about_illness():
    messages = read_templates(data_folder("templates") / "messages")
    assert {messages[key].family for key in LINK_ONLY | set(STATES_A_RULE)} == {"illness"}
    assert {row.template for row in load_illness().conditions.values()} == LINK_ONLY | set(STATES_A_RULE)


def test_the_link_in_previews_is_the_link_families_get():
    described = (data_folder("templates") / "messages" / "_shared" / "placeholders.toml").read_text(encoding="utf-8")
    assert f'sample = "{load_illness().nhs_link}"' in described


@pytest.mark.parametrize(
    ("condition", "template"),
    [
        ("fever", "illness_temperature"),
        ("vomiting_diarrhoea", "illness_sickness"),
        ("chickenpox", "illness_chickenpox"),
        ("covid_flu", "illness_advice"),
        ("scarlet_fever", "illness_advice"),
        ("mental_health", "illness_anxiety"),
        ("asthma", None),
        ("rash", None),
        ("hospital", None),
        ("other_illness", None),
        ("a word nobody knows", None),
        (None, None),
    ],
)
def test_a_condition_leads_to_its_message_or_to_none(condition: str | None, template: str | None):
    assert load_illness().template_of(condition) == template


def test_every_condition_of_a_reply_is_answered_for():
    assert set(load_illness().reply_conditions) == set(REPLY_CONDITIONS)


WRONG_ROWS = {
    "unverified": ("measles", "illness_advice", "illness_temperature",
     'condition #14 (measles).template: "illness_temperature" states a rule, and this row is not verified; write illness_advice or illness_chickenpox'),
    "differs": ("chickenpox_nhs", "illness_chickenpox", "illness_temperature",
     'condition #3 (chickenpox_nhs).template: "illness_temperature" states a rule, and NHS and UKHSA differ on it'),
    "says the contrary": ("flu", "illness_advice", "illness_cough_cold",
     'condition #23 (flu).template: "illness_cough_cold" says "yes" to going to school, and this row says "no"'),
    "no such message": ("flu", "illness_advice", "illness_advise",
     'condition #23 (flu).template: there is no illness message "illness_advise"; did you mean "illness_advice"?'),
    "source": ("flu", "ukhsa_table", "ukhsa_tabel",
     'condition #23 (flu).source: "ukhsa_tabel" is not in the table [sources]; did you mean "ukhsa_table"?'),
    "go to school": ("flu", 'go_to_school = "no"', 'go_to_school = "perhaps"',
     'condition #23 (flu).go_to_school: "perhaps" is not one of: yes, no, conditional'),
    "date": ("flu", "2026-11-22", '"soon"',
     "condition #23 (flu).reviewed: 'soon' is not a date; write it as in 2026-11-22"),
    "verified": ("flu", "verified = true", "verified = 1",
     "condition #23 (flu).verified: 1 is not true or false"),
    "edition": ("flu", 'edition = "UKHSA table of 21 February 2024"\n', "",
     "condition #23 (flu).edition: is missing; write words for staff"),
}  # fmt: skip
"""What is changed in which row, from what to what, and what is said of it."""

WRONG_ELSEWHERE = {
    "twice": ('key = "flu"', 'key = "mumps"',
     'condition #29 (mumps).key: "mumps" is the key of condition #23 already'),
    "leads nowhere": ('impetigo = "impetigo"', 'impetigo = "impetgo"',
     'reply_conditions.impetigo: there is no condition "impetgo"; did you mean "impetigo"?'),
    "condition forgotten": ('asthma = "none"\n', "",
     'reply_conditions.asthma: is missing; write the key of a condition, or "none" for no text'),
    "not the NHS": ("https://www.nhs.uk/", "https://www.nhs.uk.example/",
     "is not a page of the NHS; write its whole address, beginning with https://www.nhs.uk/"),
    "long link": ("too-ill-for-school/", "too-ill-for-school/" + "a" * 20,
     "nhs_link: has 80 characters; texts are counted with an address of at most 60"),
}  # fmt: skip
"""What is changed in the file, and what is said of it."""


@pytest.mark.parametrize(("key", "old", "new", "says"), WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_a_wrong_row_is_refused_by_its_name(key: str, old: str, new: str, says: str):
    assert_refused(with_row(key, old, new), says)


@pytest.mark.parametrize(("old", "new", "says"), WRONG_ELSEWHERE.values(), ids=WRONG_ELSEWHERE)
def test_a_wrong_key_link_or_condition_is_refused_by_its_name(old: str, new: str, says: str):
    assert old in SHIPPED
    assert_refused(SHIPPED.replace(old, new, 1), says)


def test_a_row_is_stale_after_a_year_and_the_oldest_comes_first():
    older = with_row("flu", "2026-11-22", "2025-01-31")
    rows = parse_illness(older, source=FILE).conditions.values()
    assert stale(rows, date(2026, 1, 31)) == ()
    assert [row.key for row in stale(rows, date(2026, 2, 1))] == ["flu"]
    assert next(row.key for row in stale(rows, date(2027, 11, 23))) == "flu"
    assert len(stale(rows, date(2027, 11, 23))) == 40


def test_a_file_in_the_configuration_folder_replaces_the_shipped_one(tmp_path: Path):
    assert load_illness(tmp_path).conditions["mumps"].reviewed == date(2026, 11, 22)
    (tmp_path / "illness.toml").write_text(with_row("mumps", "2026-11-22", "2027-01-05"), encoding="utf-8")
    assert load_illness(tmp_path).conditions["mumps"].reviewed == date(2027, 1, 5)
