"""Presets: headings of several MIS, found by themselves; faults in a preset file; words and their traps."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from notifier.paths import data_folder
from notifier.registers.presets import STANDARD, folded, load_presets, match_header
from notifier.registers.refusals import FileError

PRESETS = load_presets()

SIMS = ("Adno", "Forename", "Surname", "Reg Group", "Contact ID", "Contact Title", "Contact Forename", "Contact Surname",
        "Contact Relationship", "Contact Priority", "Parental Responsibility", "Court Order", "Contact Mobile Telephone")  # fmt: skip
ARBOR = ("Arbor Student ID", "Legal First Name", "Legal Last Name", "Registration Form", "Guardian ID", "Guardian",
         "Emergency Contact Priority", "Is Legal Guardian", "Guardian Mobile Number", "Guardian Email")  # fmt: skip


def test_the_shipped_presets_are_the_five_promised_and_say_what_they_are_worth() -> None:
    assert list(PRESETS) == [STANDARD, "arbor", "bromcom", "scholarpack", "sims"]
    assert all("not vendor-certified" in preset.note for key, preset in PRESETS.items() if key != STANDARD)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        pytest.param(SIMS, "sims", id="SIMS-like"),
        pytest.param(ARBOR, "arbor", id="Arbor-like"),
        pytest.param(
            ("pupil_id", "given_name", "registration_group", "carer_id", "priority", "email"), STANDARD, id="ours"
        ),
        pytest.param(
            ("PUPIL ID", "Given-Name", "registrationGroup", "Carer_ID", " priority ", "E Mail"),
            STANDARD,
            id="ours, untidy",
        ),
    ],
)
def test_the_best_preset_is_found_from_the_header(header: tuple[str, ...], key: str) -> None:
    match = match_header(PRESETS, "people", header, filename="p.csv")
    assert (match.preset.key, match.warnings) == (key, ())


def test_a_name_is_joined_from_its_columns() -> None:
    match = match_header(PRESETS, "people", SIMS, filename="p.csv")
    assert match.joined["carer_name"] == (5, 6, 7)


def test_the_statutory_code_is_read_before_the_displayed_one() -> None:
    header = ("Adno", "Date", "Session", "Mark", "Statutory Return Code")
    match = match_header(PRESETS, "marks", header, filename="m.csv", preset="sims")
    assert match.heading("code") == "Statutory Return Code"


def test_a_named_preset_is_obeyed_and_an_unknown_one_refused() -> None:
    header = ("pupil_id", "date", "session", "code")
    assert match_header(PRESETS, "marks", header, filename="m.csv", preset="bromcom").preset.key == "bromcom"
    with pytest.raises(FileError, match=r"no preset 'capita'\. Known presets: standard, arbor") as caught:
        match_header(PRESETS, "marks", header, filename="m.csv", preset="capita")
    assert caught.value.code == "unknown_preset"


def test_missing_columns_are_named_with_what_was_found_and_the_closest_heading() -> None:
    with pytest.raises(FileError) as caught:
        match_header(PRESETS, "marks", ("pupil_idd", "datte", "session", "code"), filename="today.csv")
    assert caught.value.code == "missing_columns"
    message = caught.value.message
    assert "today.csv: no column for pupil_id, date." in message
    assert "The header has: pupil_idd, datte, session, code." in message
    assert "'pupil_idd' the pupil_id" in message


def test_a_people_file_needs_a_mobile_or_an_email_column() -> None:
    header = ("pupil_id", "given_name", "registration_group", "carer_id", "priority", "landline")
    with pytest.raises(FileError, match="no column for mobile or email"):
        match_header(PRESETS, "people", header, filename="p.csv")


def test_unknown_and_repeated_headings_are_warned_of() -> None:
    header = ("pupil_id", "date", "session", "code", "House", "Code")
    match = match_header(PRESETS, "marks", header, filename="m.csv")
    assert [(warning.code, warning.value) for warning in match.warnings] == [
        ("ignored_columns", "House"),
        ("repeated_column", "code"),
    ]


def test_the_columns_of_a_rejected_report_are_no_surprise() -> None:
    header = ("pupil_id", "date", "session", "code", "row", "column", "reason")
    assert match_header(PRESETS, "marks", header, filename="m.rejected.csv").warnings == ()


@pytest.mark.parametrize("word", ["PNJM", "Mirpuri", "PNJP", "PHR", "Pahari"])
def test_panjabi_speakers_from_pakistan_are_never_offered_gurmukhi(word: str) -> None:
    assert PRESETS["sims"].words.languages[folded(word)] == "ur"


@pytest.mark.parametrize("word", ["PNJ", "Panjabi", "Chinese", "Kurdish", "RMI", "OTH", "OTB"])
def test_a_word_that_does_not_settle_the_language_is_not_mapped(word: str) -> None:
    words = PRESETS[STANDARD].words
    assert folded(word) in words.ask
    assert folded(word) not in words.languages


def test_no_word_means_two_things() -> None:
    words = PRESETS[STANDARD].words
    assert not set(words.ask) & set(words.languages)
    # every listed word reaches its own meaning, so none was overwritten by a later one
    assert words.languages[folded("Cantonese")] == "zh-Hant"
    assert words.languages[folded("POL")] == "pl"
    assert words.yes_no[folded("No")] is False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A school's own copy of the presets."""
    return Path(shutil.copytree(data_folder("config") / "presets", tmp_path / "presets"))


def test_a_school_can_add_its_own_preset(folder: Path) -> None:
    (folder / "ours.toml").write_text(
        'key = "ours"\ntitle = "Ours"\nnote = "our report"\nreviewed = 2026-11-22\n[people.columns]\n[marks.columns]\n'
        'pupil_id = ["Schüler-Nr"]\ndate = ["Tag"]\nsession = ["Halbtag"]\ncode = ["Zeichen"]\n',
        encoding="utf-8",
    )
    header = ("SCHÜLER NR", "Tag", "Halbtag", "Zeichen")
    match = match_header(load_presets(folder), "marks", header, filename="m.csv")
    assert match.preset.key == "ours"
    assert match.preset.words.sessions[folded("Morning")] == "AM"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("key = ", "ours.toml is not readable TOML", id="not TOML"),
        pytest.param('key = "ours"', "fault at 'title'", id="a key missing"),
        pytest.param(
            'key = "ours"\ntitle = ""\nnote = ""\nreviewed = 2026-11-22\n[people.columns]\nmobil = ["x"]\n[marks.columns]\n',
            "'mobil' under people that does not exist; did you mean 'mobile'",
            id="a column that does not exist",
        ),
        pytest.param(
            'key = "other"\ntitle = ""\nnote = ""\nreviewed = 2026-11-22\n[people.columns]\n[marks.columns]\n',
            "it must be 'ours'",
            id="a key unlike the file's name",
        ),
    ],
)
def test_a_faulty_preset_names_file_and_key(folder: Path, text: str, words: str) -> None:
    (folder / "ours.toml").write_text(text, encoding="utf-8")
    with pytest.raises(FileError) as caught:
        load_presets(folder)
    assert caught.value.code == "preset_faulty"
    assert words in caught.value.message
