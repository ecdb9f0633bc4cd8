"""Attendance codes: what each does, and which files of codes are refused."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.configuration.codes import codes_markdown, load_codes
from notifier.configuration.errors import ConfigurationError
from notifier.domain.codes import CodeClass, CodeEffect, Trigger, clean_code
from notifier.paths import data_folder

TABLE = load_codes()
SHIPPED = (data_folder("config") / "attendance_codes.toml").read_text(encoding="utf-8")
E = CodeEffect


@pytest.mark.parametrize(
    ("codes", "effect"),
    [
        pytest.param(["/", "\\", "L", "U"], E.PRESENT, id="on site, however late"),
        pytest.param(["N"], E.UNEXPLAINED, id="the only one that asks for contact"),
        pytest.param(["C", "C1", "E", "G", "I", "J1", "M", "R", "S", "T"], E.EXPLAINED, id="reason known"),
        pytest.param(["C2", "D", "Q", "X", "Z", "#"], E.NOT_EXPECTED, id="not expected"),
        pytest.param(["Y1", "Y2", "Y3", "Y4", "Y5", "Y6", "Y7"], E.NOT_EXPECTED, id="unable to attend"),
        pytest.param(["B", "K", "P", "V", "W"], E.OFF_SITE, id="somewhere else"),
        pytest.param(["O"], E.REVIEW, id="left to a person"),
        pytest.param(["H", "J", "Y", "F", "@"], E.UNKNOWN, id="withdrawn"),
        pytest.param(["ZZ", "?", "1", "NN", "Present", "Ｎ"], E.UNKNOWN, id="never heard of"),
        pytest.param(["", "-", " ", "\t", None], E.NO_MARK, id="no mark"),
    ],
)
def test_a_mark_has_its_effect(codes, effect):
    assert {code: TABLE.effect(code) for code in codes} == dict.fromkeys(codes, effect)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [(" n ", "N"), ("y4", "Y4"), ("/ ", "/"), (" \\", "\\"), ("#", "#"), ("-", ""), (None, "")],
)
def test_codes_are_read_as_registers_write_them(typed, meant):
    assert clean_code(typed) == meant


@settings(max_examples=100)
@given(st.text(max_size=4))
def test_nothing_but_n_ever_asks_for_contact(code):
    assert TABLE.triggers_contact(code) is (code.strip().upper() == "N")


@pytest.mark.parametrize(
    ("code", "review_codes", "effect"),
    [
        pytest.param("O", {"O"}, E.REVIEW, id="as shipped"),
        pytest.param("O", set(), E.EXPLAINED, id="a school that trusts its O"),
        pytest.param("G", {"O", "G"}, E.REVIEW, id="a school that looks at G too"),
        pytest.param("g ", {"G"}, E.REVIEW, id="as typed"),
        pytest.param("N", {"N"}, E.UNEXPLAINED, id="never takes a contact away"),
        pytest.param("/", {"/"}, E.PRESENT, id="never doubts a child who is here"),
        pytest.param("H", {"H"}, E.UNKNOWN, id="never revives a withdrawn code"),
        pytest.param("", {""}, E.NO_MARK, id="never reads a missing mark"),
    ],
)
def test_a_policy_says_which_codes_are_left_to_a_person(code, review_codes, effect):
    assert TABLE.effect(code, review_codes) is effect


@pytest.mark.parametrize(
    ("code", "on_site", "explains", "expected", "is_mark"),
    [
        ("/", True, False, True, True),
        ("U", True, False, True, True),
        ("N", False, False, True, True),
        ("I", False, True, True, True),
        ("V", False, True, True, True),
        ("X", False, True, False, True),
        ("O", False, False, True, True),
        ("H", False, False, True, True),
        ("", False, False, True, False),
    ],
)
def test_the_questions_a_run_asks(code, on_site, explains, expected, is_mark):
    assert TABLE.is_on_site(code) is on_site
    assert TABLE.explains(code) is explains
    assert TABLE.is_expected(code) is expected
    assert TABLE.is_mark(code) is is_mark


def test_only_the_two_closure_codes_close_the_school():
    assert {code for code in TABLE.codes if TABLE.closes_school(code)} == {"#", "Y4"}
    assert not TABLE.closes_school("nonsense")


def test_a_withdrawn_code_is_known_as_such():
    entry = TABLE.lookup("j")
    assert entry is not None
    assert (entry.withdrawn, entry.replaced_by, entry.code_class, entry.trigger) == (True, ("J1",), None, Trigger.NEVER)


def test_every_code_has_a_meaning_a_source_and_a_day_of_review():
    for entry in TABLE.codes.values():
        assert entry.meaning
        assert entry.source
        assert entry.review_date == date(2027, 7, 31)
        assert entry.withdrawn or entry.code_class in CodeClass


def changed(folder: Path, old: str, new: str) -> Path:
    assert old in SHIPPED
    (folder / "attendance_codes.toml").write_text(SHIPPED.replace(old, new, 1), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            'effect = "unexplained"', 'effect = "explained"', 'code #30: "N": effect "unexplained"', id="mute"
        ),
        pytest.param('trigger = "yes"', 'trigger = "never"', 'code #30: "N": trigger "yes"', id="no trigger"),
        pytest.param('effect = "review"', 'effect = "revue"', "'revue' is not an effect", id="unknown effect"),
        pytest.param('effect = "review"', 'effect = "unknown"', "'unknown' is not an effect", id="reserved effect"),
        pytest.param('class = "present"', 'class = "here"', 'code #1.class: "here" is not one of: present', id="class"),
        pytest.param('code = "L"', 'code = "/"', 'code #3.code: "/" is listed twice', id="twice"),
        pytest.param('code = "H"', 'code = "N"', 'withdrawn #1.code: "N" is listed twice', id="in force and withdrawn"),
        pytest.param('code = "L"', 'code = "LATE"', "'LATE' is not an attendance code", id="no code"),
        pytest.param('replaced_by = ["J1"]', 'replaced_by = ["J9"]', '"J9" is not a code in force', id="replaced by"),
        pytest.param('"nottinghamshire"]', '"notts"]', '"notts" is not a key of [sources]', id="source"),
        pytest.param("effect =", "efect =", 'code #1.efect: is not known here; did you mean "effect"?', id="key"),
        pytest.param('class = "present"\n', "", "code #1.class: is missing; write one of: present", id="missing"),
        pytest.param("review_date = 2027-07-31", "", "review_date: is missing; write a date", id="no review date"),
        pytest.param("review_date = 2027", "review_date 2027", "is not valid TOML", id="not TOML"),
    ],
)
def test_a_file_of_codes_that_would_be_dangerous_is_refused_by_name(tmp_path, old, new, says):
    with pytest.raises(ConfigurationError) as refused:
        load_codes(changed(tmp_path, old, new))
    assert "attendance_codes.toml: " in str(refused.value)
    assert says in str(refused.value)


def test_a_folder_without_codes_uses_the_shipped_ones(tmp_path):
    assert load_codes(tmp_path) == TABLE


def test_a_changed_file_is_read_again(tmp_path):
    folder = changed(tmp_path, 'effect = "review"', 'effect = "explained"')
    assert load_codes(folder).effect("O") is E.EXPLAINED


def test_the_page_about_codes_is_the_one_made_from_the_file():
    page = data_folder("config").parent / "docs" / "reference" / "attendance-codes.md"
    assert page.read_text(encoding="utf-8") == codes_markdown(TABLE)
