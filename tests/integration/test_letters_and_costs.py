"""A school's own letters and costs: its carers, its children's names, its approvals; and texts without accents as they go out."""

from __future__ import annotations

import io
import shutil

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from notifier.services import costs, letters, schools
from notifier.services.application import UnknownSchool
from notifier.services.letters import Wanted
from notifier.store.tables import audit

AT = "08:30"


@pytest.fixture
def database_url(sqlite_template, tmp_path):
    """SQLite alone: nothing here asks the database for anything of its own."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'notifier.db')}"


@pytest.fixture
def oakfield(morning, person):
    """Oakfield with carers of several languages, one of them barred, one without a mobile number."""
    morning.people(
        person("1", "1", given_name="Łukasz", language="pl"),
        person("2", "2", given_name="Zosia", language="pl"),
        person("3", "3", given_name="Aisha", language="ur"),
        person("4", "4", given_name="Kim"),
        person("5", "5", given_name="Sam", language="so"),
        person("6", "6", given_name="Jo", no_contact="yes"),
        person("7", "7", given_name="Max", mobile="", email="max@example.org"),
        person("8", "8", given_name="Lee", parental_responsibility="no", pupil_flags="no_nudges"),
    )
    return morning


def by_language(told):
    return {row["language"]: row for row in told["messages"][0]["languages"]}


def test_one_text_to_each_carer_is_counted_as_it_would_go_out_today(oakfield):
    told = costs.school_costs(oakfield.app, "oakfield", day=oakfield.day)
    rows = by_language(told)
    assert (told["carers"], {tag: row["carers"] for tag, row in rows.items()}) == (
        5,
        {"pl": 2, "ur": 1, "en": 1, "so": 1},
    )
    assert all(row["goes_out_in"] == ["en"] for row in rows.values())
    assert rows["pl"]["why_english"] == ["not_approved"]
    assert rows["so"]["why_english"] == ["not_offered"]
    assert (told["pupils"], told["names_outside_gsm"], told["letters_outside_gsm"]) == (8, 1, ["Ł"])
    # the English text about Łukasz is dear for his name alone
    assert (rows["en"]["parts"], rows["pl"]["names_outside_gsm"]) == (1, 1)
    assert rows["pl"]["parts"] > 2
    assert rows["pl"]["parts_once_approved"] > rows["pl"]["parts"]
    assert rows["pl"]["parts_without_accents"] < rows["pl"]["parts_once_approved"]
    assert rows["ur"]["parts_without_accents"] is None
    assert told["messages"][0]["pence"] == pytest.approx(told["messages"][0]["parts"] * told["pence_per_part"])


def test_an_approval_changes_what_goes_out_and_what_it_costs(oakfield):
    schools.approve(
        oakfield.app, language="pl", reviewer="Ewa Nowak, EAL lead", now=oakfield.at(AT), school_id="oakfield"
    )
    row = by_language(costs.school_costs(oakfield.app, "oakfield", day=oakfield.day, price=10.0))["pl"]
    assert (row["goes_out_in"], row["why_english"], row["parts_once_approved"]) == (["pl"], [], None)
    assert row["pence"] == row["parts"] * 10


def test_a_school_that_folds_sends_its_own_words_without_accents_and_names_with_them(make_morning, person):
    morning = make_morning()
    morning.add_school('fold = ["pl"]')
    morning.people(
        person("1", "1", given_name="Łukasz", language="pl"), person("2", "2", given_name="Zosia", language="pl"),
        person("3", "3"), person("4", "4"),
    )  # fmt: skip
    schools.approve(morning.app, language="pl", reviewer="Ewa Nowak, EAL lead", now=morning.at(AT))
    morning.marks({"1": "N", "2": "N", "3": "/", "4": "/"})
    morning.run()
    texts = {message["pupil_ids"][0]: message for message in morning.log() if message["channel"] == "sms"}
    assert {message["language"] for message in texts.values()} == {"pl"}
    assert "Zosia" in texts["2"]["body"] and texts["2"]["encoding"] == "GSM-7"
    assert "Łukasz" in texts["1"]["body"] and texts["1"]["encoding"] == "UCS-2"
    assert texts["1"]["body"].replace("Łukasz", "Zosia") == texts["2"]["body"]
    told = by_language(costs.school_costs(morning.app, "oakfield", day=morning.day))["pl"]
    assert told["parts"] == sum(message["segments"] for message in texts.values())
    assert told["parts_without_accents"] is None


def printed(morning, *wanted, language="en", key="toolkit_thank_you"):
    return letters.print_letters(
        morning.app, "oakfield", key, wanted, language=language, day=morning.day, now=morning.at(AT), by="Alice"
    )


def test_letters_for_pupils_name_each_once_and_are_put_on_record(oakfield):
    made = printed(oakfield, *(Wanted(0, {}, pupil) for pupil in ("1", "4", "8")))
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(made.pdf)).pages]
    assert [name for page, name in zip(pages, ("Łukasz", "Kim", "Lee"), strict=True) if name in page] == [
        "Łukasz",
        "Kim",
        "Lee",
    ]
    assert "Oakfield Primary School" in pages[0] and "Specimen" not in pages[0]
    assert (made.letters, made.refused, made.flagged) == (3, [], [("8", ("no_nudges",))])
    with oakfield.app.database.read() as connection:
        row = connection.execute(select(audit).where(audit.c.act == "letters.print")).one()
    assert (row.actor, row.subject, row.detail) == (
        "Alice", "toolkit_thank_you", {"letters": 3, "pupil_ids": ["1", "4", "8"]},
    )  # fmt: skip


def test_a_letter_goes_out_in_english_until_its_language_is_approved(oakfield):
    wanted = Wanted(0, {}, "3")
    first = printed(oakfield, wanted, language="pl", key="illness_cough_cold")
    assert first.in_english == [("3", "pl", "draft: needs approval")]
    schools.approve(oakfield.app, language="pl", reviewer="Ewa Nowak, EAL lead", now=oakfield.at(AT))
    second = printed(oakfield, wanted, language="pl", key="illness_cough_cold")
    assert second.in_english == []
    assert PdfReader(io.BytesIO(second.pdf)).trailer["/Root"]["/Lang"] == "pl"


def test_a_row_that_cannot_be_written_is_refused_and_the_others_are_printed(oakfield):
    since = {"since": oakfield.day, "days_missed": 3}
    rows = (Wanted(2, since, "4"), Wanted(3, {"since": oakfield.day}, "1"), Wanted(4, since, "99"), Wanted(5, since))
    made = printed(oakfield, *rows, key="toolkit_days_missed")
    assert made.letters == 1
    assert [refusal.message for refusal in made.refused] == [
        "Row 3: 'toolkit_days_missed' needs a value for: days_missed. Give it as a column of a list.",
        "Row 4: No pupil '99' is on roll at Oakfield Primary School.",
        "Row 5: 'toolkit_days_missed' needs a value for: pupils. Give it as a column of a list.",
    ]


def test_a_school_that_is_not_there_prints_and_costs_nothing(oakfield):
    with pytest.raises(UnknownSchool):
        costs.school_costs(oakfield.app, "mallorys", day=oakfield.day)
    with pytest.raises(UnknownSchool):
        letters.print_letters(
            oakfield.app, "mallorys", "toolkit_thank_you", [Wanted(0, {}, "1")],
            language="en", day=oakfield.day, now=oakfield.at(AT), by="Mallory",
        )  # fmt: skip
