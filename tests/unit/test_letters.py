"""Letters: the words of an e-mail on paper, read back from the PDF."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from pypdf import PdfReader
from typer.testing import CliRunner

from notifier.cli.templates import app
from notifier.services.letters import read_list
from notifier.services.schools import NotAllowed
from notifier.wording import Wording, printing
from notifier.wording.printing import NotPrintable, letter_of, letters_pdf, scripts_in

run = CliRunner().invoke
DAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 9, 30, 0, 123456, tzinfo=UTC)
KEY = "toolkit_days_missed"
PERSON = "Ms Okafor, attendance officer"


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording.load()


@pytest.fixture(autouse=True)
def fonts_are_looked_for_again():
    yield
    printing._installed.cache_clear()


def letter(wording, key=KEY, language="en", specimen="", **values):
    given = {**wording.template(key).samples(), "reply_link": None, **values}
    made = wording.draft(key, channel="email", language=language, values=given)
    return letter_of(
        made,
        school="Oakfield Primary School",
        short_name="Oakfield Primary",
        phone="01632 960123",
        named_person=PERSON,
        day=DAY,
        specimen=specimen,
    )


def read(*letters, title="Days missed"):
    return PdfReader(io.BytesIO(letters_pdf(letters, title=title, made_at=NOW)))


def plain(text):
    return "".join(text.split())


def test_nothing_of_the_email_is_lost_on_paper(wording):
    made = letter(wording)
    page = plain(read(made).pages[0].extract_text())
    email = wording.draft(KEY, channel="email", language="en", values=wording.template(KEY).samples())
    assert plain(email.subject) in page
    for line in email.body.splitlines():
        assert plain(line) in page or line == "01632960123"
    for line in ("Oakfield Primary School", "01632 960123", "24 November 2026", PERSON):
        assert plain(line) in page


def test_the_school_signs_once_and_the_named_person_stands_at_the_foot(wording):
    text = read(letter(wording)).pages[0].extract_text()
    assert text.rstrip().endswith(f"{PERSON}\nOakfield Primary School")
    assert text.count("01632960123") == 1  # in the sentence; the head has it with a space


@pytest.mark.parametrize(("language", "tag"), [("en", "en-GB"), ("pl", "pl"), ("cy", "cy")])
def test_the_pdf_says_its_language_title_and_structure(wording, language, tag):
    document = read(letter(wording, "illness_cough_cold", language))
    root = document.trailer["/Root"]
    assert root["/Lang"] == tag
    assert root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root
    assert b"pdfuaid:part>1<" in root["/Metadata"].get_object().get_data()
    assert (document.metadata.title, document.metadata.author) == ("Days missed", "Oakfield Primary School")


def test_thirty_letters_are_thirty_pages_of_a4_each_with_its_own_child(wording):
    names = [f"Aisha{chr(65 + number)}" for number in range(26)] + ["Łukasz", "Zoë", "Seán", "Yusuf"]
    document = read(*(letter(wording, pupils=(name,), days_missed=number) for number, name in enumerate(names)))
    assert len(document.pages) == 30
    for page, name in zip(document.pages, names, strict=True):
        text = page.extract_text()
        assert name in text
        assert not [other for other in names if other != name and other in text]
        assert [round(float(side)) for side in page.mediabox[2:]] == [595, 842]


def test_a_letter_in_several_languages_keeps_each_ones_own(wording):
    document = read(letter(wording, "illness_cough_cold"), letter(wording, "illness_cough_cold", "pl"))
    assert document.trailer["/Root"]["/Lang"] == "en-GB"
    assert "24 listopada 2026" in document.pages[1].extract_text()


def test_words_are_never_code(wording):
    hostile = '#panic("x") #include "/etc/passwd" *bold* = Heading $x$ \\ <label> @ref [#v(1em)]'
    text = read(letter(wording, pupils=(hostile,))).pages[0].extract_text()
    assert plain(hostile) in plain(text)


@pytest.mark.parametrize(("language", "family"), [("ur", "Arabic"), ("bn", "Bengali"), ("pa", "Gurmukhi")])
def test_a_script_without_a_font_is_refused_with_the_package_to_install(wording, language, family, monkeypatch):
    monkeypatch.setattr(printing, "_installed", lambda: frozenset({"Libertinus Serif"}))
    with pytest.raises(
        NotPrintable, match=rf"No font for {family} letters is installed.*apt-get install fonts-noto-core"
    ):
        letters_pdf([letter(wording, "illness_cough_cold", language)], title="x", made_at=NOW)


def test_a_name_that_no_font_has_is_refused_and_named(wording):
    with pytest.raises(NotPrintable, match=r"No installed font has these letters: .*Nothing was printed"):
        letters_pdf([letter(wording, pupils=("\u0378",))], title="x", made_at=NOW)


def test_a_script_is_told_by_its_letters_and_a_shared_full_stop_is_none():
    assert scripts_in("Zoë Łukasz Олена।") == frozenset()
    assert scripts_in("Aisha عائشہ আয়েশা") == {"ARABIC", "BENGALI"}


def test_a_right_to_left_letter_keeps_its_web_address_in_one_piece(wording, tmp_path):
    try:
        made = letters_pdf([letter(wording, "illness_cough_cold", "ar")], title="x", made_at=NOW)
    except NotPrintable as missing:
        pytest.skip(f"ARABIC LETTERS NOT TESTED: {missing}")
    text = PdfReader(io.BytesIO(made)).pages[0].extract_text()
    assert "https://www.nhs.uk/live-well/is-my-child-too-ill-for-school/" in text


@pytest.mark.parametrize("number", [0, 2001])
def test_no_letters_and_too_many_are_refused(wording, number):
    with pytest.raises(NotPrintable, match=rf"There are {number} letters"):
        letters_pdf([letter(wording)] * number, title="x", made_at=NOW)


def test_a_text_cannot_be_a_letter(wording):
    made = wording.draft("all_clear", channel="sms", language="en", values=wording.template("all_clear").samples())
    with pytest.raises(ValueError, match="not written as an e-mail"):
        letter_of(made, school="x", short_name="x", phone="1", named_person="", day=DAY)


def test_the_letters_file_is_the_same_each_time(wording):
    once, again = (letters_pdf([letter(wording)], title="x", made_at=NOW) for _ in range(2))
    assert once == again


def written(tmp_path, text, name="letters.csv"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_a_list_gives_a_letter_a_row(wording, tmp_path):
    path = written(tmp_path, "pupil;days missed;since;language\nAisha|Yusuf;5;02/11/2026;pl\nŁukasz;3;2026-11-02;\n")
    wanted, refused = read_list(path, wording.template(KEY))
    assert refused == []
    assert [(one.row, dict(one.values), one.language) for one in wanted] == [
        (2, {"pupils": ("Aisha", "Yusuf"), "days_missed": 5, "since": date(2026, 11, 2)}, "pl"),
        (3, {"pupils": ("Łukasz",), "days_missed": 3, "since": date(2026, 11, 2)}, ""),
    ]


def test_bad_rows_of_a_list_are_named_and_the_others_count(wording, tmp_path):
    path = written(tmp_path, "pupils,days_missed,since\nAisha,five,2026-11-02\nYusuf,3,2nd Nov\nKim,3,2026-11-02\n")
    wanted, refused = read_list(path, wording.template(KEY))
    assert [one.row for one in wanted] == [4]
    assert [refusal.message for refusal in refused] == [
        "Row 2, days_missed: 'five' is not a whole number",
        "Row 3, since: '2nd Nov' is not a date; write it as 2026-11-24 or 24/11/2026",
    ]


def test_a_column_that_means_nothing_is_refused_with_those_that_do(wording, tmp_path):
    path = written(tmp_path, "pupils,surname\nAisha,Khan\n")
    with pytest.raises(NotAllowed, match=r"letters.csv: the column 'surname' means nothing.*days_missed.*pupil_id"):
        read_list(path, wording.template(KEY))


def test_without_a_school_the_command_makes_a_marked_specimen(tmp_path):
    out = tmp_path / "specimen.pdf"
    result = run(
        app, ["letter", "illness_cough_cold", "-l", "pl", "--out", str(out), "--at", "2026-11-24T09:30:00+00:00"]
    )
    assert (result.exit_code, result.stdout.strip()) == (0, f"{out}: 1 letter")
    text = PdfReader(out).pages[0].extract_text()
    assert "Specimen, not for sending (pl: draft: needs approval)" in text
    assert "24 listopada 2026" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["staff_missed_run"], "has no e-mail to families"),
        (["all_clear", "--pupil", "4711"], "name it with --school"),
        (["all_clear", "-l", "xx"], "There is no wording of 'all_clear' in 'xx'"),
        (["nothing"], "There is no message 'nothing'"),
    ],
)
def test_what_cannot_be_printed_is_answered_with_why(tmp_path, arguments, said):
    out = tmp_path / "x.pdf"
    result = run(app, ["letter", *arguments, "--out", str(out)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert not out.exists()


def test_a_message_that_asks_for_an_email_back_is_noted(wording, tmp_path):
    result = run(app, ["letter", "first_day_am", "--out", str(tmp_path / "x.pdf")])
    assert "speak of answering an e-mail" in result.stderr
    assert not printing.answered_by_mail(replace(wording.template(KEY), sources={"email.txt": "Subject: x"}))
