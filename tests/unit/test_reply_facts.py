"""What is read out of a reply beside its kind: the day of return, a time, the child meant, the condition. Proposals only."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.configuration.errors import ConfigurationError
from notifier.configuration.reply_facts import load_fact_words
from notifier.domain.reply_facts import Child, facts_of, one_slip_apart
from notifier.paths import data_folder

WORDS = load_fact_words()
TUESDAY = date(2026, 11, 24)
PAIR = (Child("p1", ("Zainab", "Zee")), Child("p2", ("Callum",)))


def read(text, children=PAIR):
    return facts_of(text, WORDS, received=TUESDAY, children=children)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("tummy bug back thurs", "2026-11-26"),
        ("back tmrw", "2026-11-25"),
        ("should be in tomorrow", "2026-11-25"),
        ("hope to see you monday", "2026-11-30"),
        ("back in on Monday morning", "2026-11-30"),
        ("off rest of week", "2026-11-30"),
        ("48 hour rule so keeping him off", "2026-11-26"),
        ("after the weekend", "2026-11-30"),
        ("back next week", "2026-11-30"),
        ("off til friday", "2026-11-27"),
        ("off today and tomorrow", "2026-11-26"),
        ("away till 1 dec", "2026-12-01"),
        ("in spain until 30th", "2026-11-30"),
        ("back on 2/12", "2026-12-02"),
        ("will bring her in after lunch", "2026-11-24"),
        ("return day after tomorrow", "2026-11-26"),
        ("doctor says 5 days off", "2026-11-29"),
        ("wroci w czwartek", "2026-11-26"),
        ("jutro bedzie", "2026-11-25"),
        ("vuelve el lunes", "2026-11-30"),
        ("kal ayega", "2026-11-25"),
        ("she has been ill since monday", None),
        ("sick yesterday", None),
        ("not sure when he will be back", None),
        ("won't be in tomorrow", None),
    ],
)
def test_the_day_of_return_is_worked_out_from_the_local_day(text, day):
    found = read(text).return_date
    assert (found.isoformat() if found else None) == day


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("dentist 10am", "10:00"),
        ("appt at 2.15pm", "14:15"),
        ("in by half 10", "10:30"),
        ("orthodontist half past 2", "14:30"),
        ("quarter to 11 at the doctors", "10:45"),
        ("be there 10.30", "10:30"),
        ("about 11ish", "11:00"),
        ("blood test at 9", "09:00"),
        ("back about 2", "14:00"),
        ("10 o'clock", "10:00"),
        ("left home at 8.15", None),
        ("I dropped him at 8:40", None),
        ("sick since 3am", None),
        ("temp of 38.5", None),
        ("here in 10 mins", None),
        ("back on 2/12", None),
        ("in about 2 hours", None),
    ],
)
def test_a_time_still_to_come_is_read_and_one_gone_by_is_not(text, time):
    assert read(text).time == time


@pytest.mark.parametrize(
    ("text", "pupils"),
    [
        ("zainab is ill", ("p1",)),
        ("Zee's got a cold", ("p1",)),
        ("Zianab has a temp", ("p1",)),
        ("calum at dentist", ("p2",)),
        ("both ill", ("p1", "p2")),
        ("Callum and zainab have a bug", ("p1", "p2")),
        ("she is ill", ()),
        ("obie chore", ("p1", "p2")),
    ],
)
def test_it_says_which_of_the_absent_children_is_named(text, pupils):
    assert read(text).pupil_ids == pupils


def test_an_only_child_is_not_taken_for_both():
    assert read("both ears hurt", children=PAIR[:1]).pupil_ids == ()


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("throwing up all night", "vomiting_diarrhoea"),
        ("high temp 39", "fever"),
        ("chicken pox", "chickenpox"),
        ("no temperature but a bad cough", "cough_cold"),
        ("tonsillitis", "sore_throat"),
        ("nits again", "head_lice"),
        ("broke her arm", "injury"),
        ("ma goraczke", "fever"),
        ("بخار ہے", "fever"),
        ("at the dentist", None),
    ],
)
def test_the_condition_named_first_is_read(text, condition):
    assert read(text).condition == condition


def test_only_what_was_found_is_kept():
    assert read("ok").document() == {}
    assert read("Callum has a cough, back fri").document() == {
        "return_date": "2026-11-27", "pupil_ids": ["p2"], "condition": "cough_cold",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "word", "near"),
    [("aisha", "aiesha", True), ("aisha", "aihsa", True), ("aisha", "alisha", True), ("grace", "great", False)],
)
def test_one_slip_is_forgiven_in_a_name(name, word, near):
    assert one_slip_apart(name, word) is near


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=200)
    | st.from_regex(r"(back|at|half|quarter to|the|next|off) [0-9./:]{1,6} (st|am|dec|days|weeks)?", fullmatch=True)
)
def test_odd_text_never_raises(text):
    found = read(text)
    assert found.time is None or (len(found.time) == 5 and found.time < "24")
    assert found.return_date is None or found.return_date >= TUESDAY


def test_a_wrong_word_file_is_refused_by_key(tmp_path):
    shipped = data_folder("config") / "reply_facts.toml"
    (tmp_path / "reply_facts.toml").write_text(
        shipped.read_text(encoding="utf-8").replace("[days]\n1 =", "[days]\n9 ="), encoding="utf-8"
    )
    with pytest.raises(ConfigurationError, match=r"days\.9.*1 to 7"):
        load_fact_words(tmp_path)
