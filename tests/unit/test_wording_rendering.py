"""A message from its template and values to the words that go out."""

from __future__ import annotations

import re
import shutil
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.domain.sms import measure
from notifier.wording import MissingValue, TemplateFault, UnknownChannel, UnknownTemplate, Wording
from notifier.wording.languages import negotiated

ROOT = Path(__file__).resolve().parents[2]
MESSAGES, LOCALE = ROOT / "templates" / "messages", ROOT / "locale"
VALUES = {
    "school": "Oakfield Primary",
    "pupils": ("Aisha",),
    "date": date(2026, 11, 24),
    "phone": "01632 960123",
}
SIBLINGS = {**VALUES, "pupils": ("Aisha", "Yusuf")}


@pytest.fixture(scope="module")
def wording():
    return Wording.load()


@pytest.fixture(scope="module")
def approved(tmp_path_factory):
    """The shipped wording as if a reviewer had let every translation out."""
    folder = tmp_path_factory.mktemp("approved") / "locale"
    shutil.copytree(LOCALE, folder)
    for path in folder.glob("*/LC_MESSAGES/messages.po"):
        path.write_text(
            path.read_text("utf-8").replace("#. status: needs native review", "#. status: approved"), "utf-8"
        )
    return Wording.load(MESSAGES, folder)


def text(wording, key="first_day_am", language="en", values=VALUES, **more):
    return wording.render(key, channel="sms", language=language, values=values, **more)


def test_the_first_text_says_who_is_missing_when_and_how_to_answer(wording):
    message = text(wording)
    assert message.body == (
        "Oakfield Primary: Aisha is not in school this morning, Tue 24 Nov. We do not know why. "
        "Please reply with the reason or call 01632960123."
    )
    assert (message.encoding, message.segments, message.language, message.fallback) == ("GSM-7", 1, "en", None)
    assert (message.subject, message.html, message.template) == (None, None, "first_day_am")


def test_siblings_share_one_text_in_whole_sentences(wording):
    body = text(wording, values=SIBLINGS).body
    assert "Aisha, Yusuf are not in school" in body
    assert "for each child" in body


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("pl", "Aisha - nieobecność w szkole dziś rano (wt. 24 lis)"),
        ("ur", "سکول Oakfield Primary: آج صبح، منگل 24 نومبر، Aisha"),
        ("cy", "Nid yw Aisha yn yr ysgol y bore yma, Maw 24 Tach."),
        ("pl-PL", "Aisha - nieobecność w szkole dziś rano (wt. 24 lis)"),
        ("UR_pk", "سکول Oakfield Primary"),
    ],
)
def test_an_approved_language_goes_out_with_its_own_dates(approved, language, words):
    message = text(approved, language=language)
    assert words in message.body
    assert (message.language, message.wanted_language, message.fallback) == (language[:2].lower(), language, None)


@pytest.mark.parametrize(
    ("key", "channel", "language", "fallback"),
    [
        pytest.param("first_day_am", "sms", "pl", "not_approved", id="a draft"),
        pytest.param("first_day_am", "sms", "lt", "no_translation", id="a language without a catalogue"),
        pytest.param("first_day_am", "sms", "ur-Latn", "no_translation", id="another script of a known language"),
        pytest.param("first_day_am", "sms", "??", "no_translation", id="a tag nobody knows"),
        pytest.param("staff_missed_run", "email", "pl", "not_offered", id="staff are written to in English"),
        pytest.param("first_day_am", "sms", "en-GB", None, id="British English"),
        pytest.param("first_day_am", "sms", "", None, id="no language known"),
    ],
)
def test_english_goes_out_with_the_reason_why(wording, key, channel, language, fallback):
    values = {**wording.template(key).samples(), **VALUES}
    message = wording.render(key, channel=channel, language=language, values=values)
    assert (message.language, message.wanted_language, message.fallback) == ("en", language, fallback)


def test_no_shipped_translation_goes_out_before_a_native_reader_approved_it(wording):
    standings = {
        (template.key, language): wording.standing(template.key, language)
        for template in wording.templates()
        for language in wording.languages()[1:]
        if not template.english_only
    }
    assert set(standings.values()) == {"not_approved", "no_translation"}
    assert standings["first_day_am", "so"] == standings["illness_sickness", "uk"] == "not_approved"


def test_a_schools_own_approval_lets_exactly_these_words_out(wording):
    approval = ("pl", wording.approval_hash("first_day_am", "pl"))
    assert text(wording, language="pl", approvals=frozenset({approval})).language == "pl"
    assert text(wording, "first_day_pm", language="pl", approvals=frozenset({approval})).fallback == "not_approved"
    assert text(wording, language="ur", approvals=frozenset({approval})).fallback == "not_approved"
    assert text(wording, language="pl", approvals=frozenset({("pl", "0" * 64)})).fallback == "not_approved"


@pytest.mark.parametrize("change", ["English", "translation"])
def test_an_approval_ends_when_the_words_change(wording, tmp_path, change):
    messages, locale = tmp_path / "messages", tmp_path / "locale"
    shutil.copytree(MESSAGES, messages)
    shutil.copytree(LOCALE, locale)
    if change == "English":
        path = messages / "first_day_am" / "sms.txt"
        path.write_text(path.read_text("utf-8").replace("We do not know why.", "We have not heard why."), "utf-8")
    else:
        path = locale / "pl" / "LC_MESSAGES" / "messages.po"
        path.write_text(path.read_text("utf-8").replace("dziś rano", "dzisiaj rano"), "utf-8")
    changed = Wording.load(messages, locale)
    old = ("pl", wording.approval_hash("first_day_am", "pl"))
    assert changed.approval_hash("first_day_am", "pl") != old[1]
    message = text(changed, language="pl", approvals=frozenset({old}))
    assert message.fallback == ("no_translation" if change == "English" else "not_approved")
    assert changed.approval_hash("all_clear", "pl") == wording.approval_hash("all_clear", "pl")


def test_changed_english_withdraws_even_a_translation_marked_approved(approved, tmp_path):
    messages, locale = tmp_path / "messages", tmp_path / "locale"
    shutil.copytree(MESSAGES, messages)
    shutil.copytree(LOCALE, locale)
    path = locale / "pl" / "LC_MESSAGES" / "messages.po"
    stale = path.read_text("utf-8").replace("needs native review", "approved")
    path.write_text(re.sub(r"#\. english: \w{12}", "#. english: 000000000000", stale), "utf-8")
    assert text(Wording.load(messages, locale), language="pl").fallback == "no_translation"
    assert text(approved, language="pl").fallback is None


@pytest.mark.parametrize("broken", ["", "%(telefon)s", "%(phone)", "50%"])
def test_an_approved_translation_with_a_broken_placeholder_can_never_stop_a_message(tmp_path, broken):
    locale = tmp_path / "locale"
    shutil.copytree(LOCALE, locale)
    path = locale / "pl" / "LC_MESSAGES" / "messages.po"
    spoilt = path.read_text("utf-8").replace("zadzwonić: %(phone)s.", f"zadzwonić: {broken}.")
    path.write_text(spoilt.replace("needs native review", "approved"), "utf-8")
    made = Wording.load(MESSAGES, locale)
    message = text(made, language="pl")
    assert (message.language, message.fallback) == ("en", "no_translation")
    assert "is not in school" in made.draft("first_day_am", channel="sms", language="pl", values=VALUES).body


def test_the_version_tells_wordings_apart(approved, wording):
    assert text(approved, language="pl").version != text(approved, language="ur").version
    assert text(approved).version == text(wording).version
    assert text(wording).version != text(wording, "first_day_pm").version


def test_an_all_clear_gives_the_time_where_it_is_known(wording):
    assert "Time of arrival: 09:05." in text(wording, "all_clear", values={**VALUES, "time": time(9, 5)}).body
    assert text(wording, "all_clear", values={**VALUES, "time": None}).body == text(wording, "all_clear").body
    assert "arrival" not in text(wording, "all_clear").body


def test_an_email_has_a_subject_a_text_and_a_page_that_say_the_same(wording):
    message = wording.render("first_day", channel="email", language="en", values=SIBLINGS)
    assert message.subject == "Oakfield Primary: not in school today, Tue 24 Nov 2026"
    assert message.body.startswith(
        "Aisha, Yusuf are not in school today, Tue 24 Nov 2026. We do not know why.\n\nPlease"
    )
    assert message.body.endswith("\n\nOakfield Primary\n01632960123\n")
    assert "<bdi>Aisha</bdi>, <bdi>Yusuf</bdi> are not in school" in message.html
    assert '<html lang="en-GB" dir="ltr">' in message.html
    assert 'href="tel:01632960123"' in message.html
    assert (message.encoding, message.segments) == ("UTF-8", 0)


def test_an_urdu_email_is_set_from_the_right_throughout(approved):
    message = approved.render("first_day", channel="email", language="ur", values=VALUES)
    assert '<html lang="ur" dir="rtl">' in message.html
    assert message.html.count('dir="rtl"') >= 4  # mail programs drop the attributes of html and body
    assert "\u2068Aisha\u2069" in message.body
    assert message.subject.startswith("سکول")
    assert "\u2068" not in message.subject


@pytest.mark.parametrize("key", ["staff_urgent_reply", "first_day", "staff_call_list"])
def test_a_subject_names_no_child_and_no_reason(wording, key):
    values = {**wording.template(key).samples(), **({} if key.startswith("staff") else VALUES)}
    subject = wording.render(key, channel="email", language="en", values=values).subject
    assert not re.search("Aisha|Khan|Yusuf|answer yet", subject)


def test_no_answer_to_a_reply_names_a_child_except_where_the_reason_is_asked_again(wording):
    for template in wording.templates():
        if template.key.startswith(("reply_", "wrong_")) and template.key != "reply_thanks_no_reason":
            assert "pupils" not in template.required
            assert "Aisha" not in text(wording, template.key, values=VALUES).body


def test_a_run_report_lists_numbers_and_rows(wording):
    message = wording.render(
        "staff_run_report",
        channel="email",
        language="en",
        values={
            "school": "Oakfield Primary",
            "date": date(2026, 11, 24),
            "session": "AM",
            "counts": {"contacted": 3, "not_contacted": 1},
            "pupils": [{"name": "Aisha <Khan>", "group": "4B", "reason": "no usable contact", "since": time(9, 30)}],
            "groups": [],
        },
    )
    assert message.subject == "Oakfield Primary: report for the morning of Tue 24 Nov 2026"
    assert "- Contacted: 3\n- Not contacted: 1\n" in message.body
    assert "- Aisha <Khan>, 4B: no usable contact, since 09:30\n" in message.body
    assert "Groups held" not in message.body
    assert "Aisha &lt;Khan&gt;" in message.html


def test_a_link_that_is_not_set_is_left_out(wording):
    values = {**wording.template("staff_missed_run").samples(), "link": ""}
    message = wording.render("staff_missed_run", channel="email", language="en", values=values)
    assert "Open Notifier" not in message.body + message.html


@pytest.mark.parametrize(
    ("values", "named"),
    [
        pytest.param({"school": "Oakfield Primary", "date": date(2026, 11, 24)}, "phone, pupils", id="left out"),
        pytest.param({**VALUES, "phone": None}, "phone", id="None"),
        pytest.param({**VALUES, "pupils": ()}, "pupils", id="no name"),
        pytest.param({**VALUES, "school": ""}, "school", id="empty"),
        pytest.param({**VALUES, "school": object()}, "school", id="of the wrong kind"),
    ],
)
def test_a_missing_value_is_named(wording, values, named):
    with pytest.raises(MissingValue, match=named):
        text(wording, values=values)


def test_a_row_without_a_field_is_named(wording):
    values = {**wording.template("staff_call_list").samples(), "pupils": [{"name": "Aisha Khan"}]}
    with pytest.raises(MissingValue, match="'group' in row 1 of 'pupils'"):
        wording.render("staff_call_list", channel="email", language="en", values=values)


def test_an_unknown_message_is_answered_with_those_there_are(wording):
    with pytest.raises(UnknownTemplate, match=r"first_dey.*first_day_am"):
        text(wording, "first_dey")


def test_a_channel_it_is_not_written_for_is_refused(wording):
    with pytest.raises(UnknownChannel, match="only for email"):
        text(wording, "staff_missed_run")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("{{ 7 * 7 }}", "{{ 7 * 7 }}"),
        ("%(school)s 100%", "%(school)s 100%"),
        ("{% if x %}", "{% if x %}"),
        ("D\u2019Arcy", "D'Arcy"),
        ("Łukasz", "Łukasz"),
        ("A\u202eisha\u2066", "Aisha"),
        ("Line\nBreak\r\nSubject: x", "Line Break Subject: x"),
        ("Zoe\u0308", "Zoë"),
    ],
)
def test_a_name_is_put_as_it_is_and_can_do_nothing_else(wording, approved, name, shown):
    for made in (wording, approved):
        for language in ("en", "pl", "ur"):
            assert shown in text(made, language=language, values={**VALUES, "pupils": (name,)}).body


def test_a_name_with_markup_stays_text_in_the_page(wording):
    values = {**VALUES, "pupils": ("<script>alert(1)</script>",)}
    html = wording.render("first_day", channel="email", language="en", values=values).html
    assert "<script" not in html
    assert "&lt;script&gt;" in html


@given(st.text(min_size=1, max_size=40), st.sampled_from(["en", "pl", "ur", "cy"]))
@settings(max_examples=60, deadline=None)
def test_any_name_can_be_written_and_what_is_counted_is_what_goes_out(name, language):
    message = LOADED.draft("first_day", channel="sms", language=language, values={**VALUES, "pupils": (name,)})
    size = measure(message.body)
    assert (message.encoding, message.segments) == (size.encoding, size.segments)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\n\r]", message.body)


LOADED = Wording.load()


@pytest.mark.parametrize(
    ("wanted", "offered", "found"),
    [
        ("zh-Hant-HK", ("zh-Hans", "zh-Hant"), "zh-Hant"),
        ("zh-Hant-HK", ("zh-Hans", "zh"), None),
        ("pa-Arab", ("pa",), None),
        ("pa-Guru", ("pa",), "pa"),
        ("pt-BR", ("pt",), "pt"),
        ("fa_AF", ("fa-AF", "fa"), "fa-AF"),
        ("pl", (), None),
    ],
)
def test_a_language_is_found_without_ever_changing_the_script(wanted, offered, found):
    assert negotiated(wanted, offered) == found


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("message.toml", lambda text: text.replace("first_day", "firstday"), "family is 'firstday'"),
        ("message.toml", lambda text: text.replace('"phone"', '"fone"'), "needs 'fone'"),
        ("message.toml", lambda text: text.replace("other = 3", 'other = "3"'), "segments"),
        ("message.toml", lambda text: text.replace("purpose =", "purpos ="), "unknown key 'purpos'"),
        ("message.toml", lambda text: text.replace("= 2026-11-22", '= "soon"'), "reviewed is 'soon'"),
        ("message.toml", lambda text: text + "\n[[", "message.toml"),
        ("sms.txt", lambda text: text.replace("sms|first_day_am", "sms|other"), "sms|other"),
        ("sms.txt", lambda text: text.replace("{% endif %}", ""), "sms.txt|endif|end of template"),
    ],
)
def test_a_spoilt_template_is_refused_by_file_and_key(tmp_path, name, spoil, said):
    messages = tmp_path / "messages"
    shutil.copytree(MESSAGES, messages)
    path = messages / "first_day_am" / name
    path.write_text(spoil(path.read_text("utf-8")), "utf-8")
    with pytest.raises(TemplateFault, match=said):
        text(Wording.load(messages, LOCALE))


def test_a_placeholder_nobody_described_is_refused_when_written(tmp_path):
    messages = tmp_path / "messages"
    shutil.copytree(MESSAGES, messages)
    path = messages / "reply_call" / "sms.txt"
    path.write_text(path.read_text("utf-8").replace("{{ phone }}", "{{ fone }}"), "utf-8")
    with pytest.raises(TemplateFault, match="fone"):
        text(Wording.load(messages, LOCALE), "reply_call")


def test_every_message_of_the_morning_is_there(wording):
    keys = {template.key for template in wording.templates()}
    assert keys >= {
        "first_day_am", "first_day_pm", "first_day", "second_text", "next_contact", "all_clear", "day_two", "reply_received",
        "reply_illness", "reply_late", "reply_thanks_no_reason", "reply_who", "reply_urgent", "reply_call", "wrong_number",
        "staff_register_not_taken", "staff_register_stale", "staff_unusual_absence", "staff_urgent_reply", "staff_run_report",
        "staff_handed_over", "staff_call_list", "staff_sending_stopped", "staff_spend_cap", "staff_missed_run", "staff_opted_out",
    }  # fmt: skip


LONGER = {"reply_transport"}
"""Texts that say three things, and so take two parts."""


def test_an_ordinary_english_text_takes_one_part(wording):
    for template in wording.templates():
        if "sms" in template.channels and template.family == "first_day":
            values = template.samples() | {"reply_link": None}
            assert text(wording, template.key, values=values).segments == (2 if template.key in LONGER else 1), (
                template.key
            )
