"""School files: what the shipped example means, and how everything that can be wrong in one is told."""

from datetime import date, time
from pathlib import Path

import pytest

from notifier.configuration.errors import ConfigurationError
from notifier.configuration.schools import load_school, read_school
from notifier.domain.sessions import Session, SessionTimes
from notifier.paths import data_folder

EXAMPLE_FILE = data_folder("config") / "schools" / "oakfield.example.toml"
EXAMPLE = EXAMPLE_FILE.read_text(encoding="utf-8")
OAKFIELD = "config/schools/oakfield.toml"


def changed(*pairs: tuple[str, str]) -> str:
    text = EXAMPLE
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def refusal(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        load_school(text, source=OAKFIELD)
    return str(refused.value).splitlines()


def test_the_example_is_read_as_it_stands():
    school = load_school(EXAMPLE_FILE)
    assert (school.key, school.name, school.short_name) == ("oakfield", "Oakfield Primary School", "Oakfield Primary")
    assert (school.phone, school.email) == ("01632960123", "office@oakfield.example")
    assert school.languages == ("pl", "ur", "ro")
    assert school.channels == ("sms", "email")
    assert school.policy == "first_day_absence"
    assert school.times[Session.AM] == SessionTimes(time(9, 20), time(9, 30), time(11, 30))
    assert school.times[Session.PM] == SessionTimes(time(13, 20), time(13, 30), time(15, 0))
    assert school.terms[0] == (date(2026, 9, 2), date(2026, 12, 18))
    assert school.closed == (
        (date(2026, 10, 26), date(2026, 10, 30)),
        (date(2026, 11, 27), date(2026, 11, 27)),
    )


def test_a_file_with_only_what_is_needed_is_enough():
    school = load_school(
        """
        [school]
        key = "elm-2"
        name = "Elm"
        short_name = "Elm"
        phone = "01632 960 777"
        email = "office@elm.example"
        policy = "first_day_absence"
        [times]
        AM = {register_closes = 09:20:00, first_contact = 09:20:00, last_contact = 11:30:00}
        PM = {register_closes = "13:20", first_contact = "13:30", last_contact = "15:00"}
        [calendar]
        terms = [[2026-09-02, 2026-12-18]]
        """
    )
    assert (school.languages, school.closed, school.channels) == ((), (), ("sms", "email"))
    assert (school.sms_from, school.safeguarding_email, school.drop_folder) == (None, None, None)
    assert school.times[Session.AM].first_contact == time(9, 20)
    assert school.phone == "01632 960 777"


def test_the_optional_keys_reach_the_school():
    school = load_school(
        changed(
            ("# sms_from = ", "sms_from = "),
            ("+447700900123", "07700 900 123"),
            ("# drop_folder", "drop_folder"),
            ("inset = []", 'inset = ["2026-09-02", 2026-09-03, "2026-11-27"]'),
            ("# bank_holidays_open", "bank_holidays_open"),
            ('"pl", "ur", "ro"', '"zh-hans", "en", "pl", "pl"'),
        )
    )
    assert school.sms_from == "+447700900123"
    assert school.drop_folder == "var/drop/oakfield"
    assert school.safeguarding_email == "safeguarding@oakfield.example"
    assert school.closed[0] == (date(2026, 9, 2), date(2026, 9, 2))
    assert len(school.closed) == 4
    assert school.bank_holidays_open == {date(2027, 5, 3)}
    assert school.languages == ("zh-Hans", "pl")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(
            '"09:30"', '"9.30"', "times.AM.first_contact: '9.30' is not a time; write it as \"09:30\"", id="dotted time"
        ),
        pytest.param(
            '"13:20"', '"1320"', "times.PM.register_closes: '1320' is not a time; write it as \"13:20\"", id="bare time"
        ),
        pytest.param(
            '"15:00"',
            '"25:00"',
            "times.PM.last_contact: '25:00' is not a time; write it as \"09:30\"",
            id="no such time",
        ),
        pytest.param(
            '"09:20"',
            '"09:40"',
            "times.AM.first_contact: 09:30 is before the register closes, 09:40; write that time or a later one",
            id="contact before the register closes",
        ),
        pytest.param(
            '"15:00"',
            '"13:30"',
            "times.PM.last_contact: 13:30 is not after the first contact, 13:30; write a later time",
            id="no time for contact",
        ),
        pytest.param(
            "[times.PM]", "[times.pm]", 'times.pm: is not known here; did you mean "PM"?', id="session in small letters"
        ),
        pytest.param(
            "short_name", "shortname", 'school.shortname: is not known here; did you mean "short_name"?', id="key"
        ),
        pytest.param(
            'phone = "01632960123"',
            "",
            'school.phone: is missing; write the office\'s number as in "01632 960123"',
            id="no phone",
        ),
        pytest.param(
            'name = "Oakfield Primary School"', 'name = " "', 'school.name: " " is not a text', id="empty name"
        ),
        pytest.param(
            '"oakfield"',
            '"Oak Field"',
            'school.key: "Oak Field" is not a key of a-z, 0-9 and "-", as in "oakfield"',
            id="key with a space",
        ),
        pytest.param(
            '"Oakfield Primary" ',
            '"The Oakfield and Ashby Church of England Primary School" ',
            "is not a text of at most 40 characters; it stands in every message",
            id="short name too long",
        ),
        pytest.param(
            "office@oakfield.example",
            "office at oakfield",
            "school.email: 'office at oakfield' is not an e-mail address; write it as \"office@school.sch.uk\"",
            id="e-mail",
        ),
        pytest.param('"ur"', '"urdu"', "school.languages #2: 'urdu' is not a language tag (BCP 47)", id="language"),
        pytest.param('"ur"', '"xx"', "school.languages #2: 'xx' is not a language tag (BCP 47)", id="unknown language"),
        pytest.param(
            '"sms", ', '"fax", ', "school.channels #1: 'fax' is not a channel; write one of: sms, email", id="fax"
        ),
        pytest.param(
            '"first_day_absence"',
            '"first_day"',
            'school.policy: there is no policy "first_day"; did you mean "first_day_absence"?',
            id="policy",
        ),
        pytest.param(
            '"2026-12-18"',
            '"2026-02-30"',
            "calendar.terms #1: '2026-02-30' is not a date; write it as",
            id="no such day",
        ),
        pytest.param(
            '"2026-12-18"',
            '"2026-09-01"',
            "calendar.terms #1: 2026-09-02 to 2026-09-01 ends before it begins; write the earlier day first",
            id="term backwards",
        ),
        pytest.param(
            '"2026-12-18"',
            '"2027-12-18"',
            "calendar.terms #1: 2026-09-02 to 2027-12-18 is longer than any term; check the years",
            id="wrong year",
        ),
        pytest.param(
            '"2027-01-04"',
            '"2026-12-18"',
            "calendar.terms #2: 2026-12-18 is not after the end of the term before it, 2026-12-18; write terms in order",
            id="terms overlap",
        ),
        pytest.param(
            '["2026-09-02", "2026-12-18"]', '"2026-09-02"', "is not a term; write first and last day as", id="term"
        ),
        pytest.param(
            '"2026-10-26/2026-10-30"',
            '"26/10/2026"',
            'calendar.closed #1: \'26/10/2026\' is not a day; write "2026-11-27", or "2026-10-26/2026-10-30" for several',
            id="closed, day first",
        ),
        pytest.param(
            '"2026-10-26/2026-10-30"',
            '"2026-10-30/2026-10-26"',
            "calendar.closed #1: 2026-10-30 to 2026-10-26 ends before it begins; write the earlier day first",
            id="closed backwards",
        ),
        pytest.param(
            "# sms_from =", "sms_from = 'OAKFIELD' #", "school.sms_from: 'OAKFIELD' is not a number", id="sender"
        ),
    ],
)
def test_what_is_wrong_is_told_with_file_key_and_what_to_write(old, new, says):
    told = refusal(changed((old, new)))
    assert all(line.startswith(f"{OAKFIELD}: ") for line in told)
    assert any(says in line for line in told), told


def test_everything_that_is_wrong_is_told_at_once():
    told = refusal(changed(('"09:30"', '"9.30"'), ('"ur"', '"urdu"'), ("[calendar]", "[calender]"), ("phase", "fase")))
    assert [line.split(": ")[1] for line in told] == [
        "school.languages #2",
        "school.fase",
        "times.AM.first_contact",
        "calendar",
        "calender",
    ]


def test_a_file_that_is_not_toml_is_named_with_the_line():
    assert refusal('[school]\nkey = "oakfield')[0].startswith(f"{OAKFIELD}: is not valid TOML: ")


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml: cannot be read: No such file"):
        load_school(tmp_path / "nowhere.toml")


def test_a_file_saved_by_notepad_is_read(tmp_path):
    (tmp_path / "oakfield.toml").write_bytes(b"\xef\xbb\xbf" + EXAMPLE.replace("\n", "\r\n").encode())
    assert load_school(tmp_path / "oakfield.toml") == load_school(EXAMPLE_FILE)


def test_a_file_in_another_encoding_is_told_to_be_saved_again(tmp_path):
    (tmp_path / "oakfield.toml").write_bytes(EXAMPLE.replace("Primary School", "École").encode("cp1252"))
    with pytest.raises(ConfigurationError, match=r"oakfield\.toml: is not UTF-8 \(byte \d+\); save it as UTF-8"):
        load_school(tmp_path / "oakfield.toml")


def test_a_policy_of_the_school_s_own_folder_counts_and_is_checked_with_the_school(tmp_path: Path):
    (tmp_path / "policies").mkdir()
    gentle = tmp_path / "policies" / "gentle.toml"
    shipped = (data_folder("config") / "policies" / "first_day_absence.toml").read_text(encoding="utf-8")
    gentle.write_text(shipped.replace('key = "first_day_absence"', 'key = "gentle"'), encoding="utf-8")
    text = changed(('"first_day_absence"', '"gentle"'))
    assert load_school(text, config_dir=tmp_path).policy == "gentle"
    assert any('there is no policy "gentle"' in line for line in refusal(text))
    gentle.write_text(gentle.read_text(encoding="utf-8").replace("after = 0", "after = 1"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"gentle\.toml: step #1\.after: 1 will not do"):
        load_school(text, config_dir=tmp_path)


def test_a_text_accepted_before_is_read_without_its_policy():
    text = changed(('"first_day_absence"', '"gentle"'))
    assert read_school(text, source="the file of oakfield").policy == "gentle"
    with pytest.raises(ConfigurationError, match=r"^the file of oakfield: times\.AM\.first_contact: "):
        read_school(text.replace('"09:30"', '"9.30"'), source="the file of oakfield")
