"""Every message in two made-up languages: nothing stays outside translation, and nothing is set the wrong way round."""

from __future__ import annotations

import re
from datetime import date

import pytest
from typer.testing import CliRunner

from notifier.cli import templates as commands
from notifier.wording import Wording, check
from notifier.wording.catalogues import PLACEHOLDER, sentences
from notifier.wording.checks import variants
from notifier.wording.languages import first_strong
from notifier.wording.pseudo import ACCENTED, MIRRORED, TATWEEL, accented, mirrored

SHIPPED = Wording.load()
WORDING = SHIPPED.with_pseudo()
KEYS = [made.key for made in SHIPPED.templates() if not made.english_only and SHIPPED.has_own_words(made.key)]
# values nobody translates, in letters no check below takes for English
VALUES = {"school": "Ξξ", "pupils": ("Ψψ",), "phone": "01632960123", "time": "9:25", "named_person": "Ωω"}
LATIN = re.compile(r"[A-Za-z]{2,}")
LABEL = re.compile(r"^\w+: ", re.MULTILINE)


def written(key, language):
    """The message in every channel, with one child and several, with and without what may be missing."""
    template = WORDING.template(key)
    for channel in template.channels:
        for _, values in variants(template):
            ours = {
                name: "7" if isinstance(value, date) else VALUES.get(name, value)
                for name, value in values.items()
                if value is not None
            }
            if "pupils" in values and len(values["pupils"]) > 1:
                ours["pupils"] = ("Ψψ", "Φφ")
            yield WORDING.draft(key, channel=channel, language=language, values=ours)


def words_of(message):
    """The words families read, without addresses and the labels by which the answer page asks for its sentences."""
    text = f"{message.subject or ''}\n{message.body}"
    text = re.sub(r"https?://\S+", "", text)
    return LABEL.sub("", text) if message.channel == "page" else text


@pytest.mark.parametrize("key", KEYS)
def test_no_word_of_a_message_stays_outside_translation(key):
    for message in written(key, ACCENTED):
        assert message.language == ACCENTED
        assert LATIN.findall(words_of(message)) == []
        if message.html:
            assert '<html lang="en-XA" dir="ltr">' in message.html
            shown = re.sub(r"<[^>]*>", " ", message.html.partition("</head>")[2])
            assert LATIN.findall(re.sub(r"https?://\S+|&\w+;", "", shown)) == []


@pytest.mark.parametrize("key", KEYS)
def test_every_message_can_be_set_from_the_right(key):
    for message in written(key, MIRRORED):
        words = words_of(message)
        for word in LATIN.finditer(words):
            around = words[: word.start()][-30:] + "|" + words[word.end() :][:30]
            assert re.search(rf"{TATWEEL}[\w'’-]*\|[\w'’-]*{TATWEEL}", around), around
        for line in filter(None, words.splitlines()):
            assert first_strong(line.strip()) in ("rtl", None) or line.strip("\u2068\u2069 ") in ("Ξξ", "01632960123")
        if message.subject is not None:
            assert first_strong(message.subject) == "rtl"
        if message.html:
            assert '<html lang="ar-XB" dir="rtl">' in message.html


def test_placeholders_and_numbers_stay_and_the_accented_text_is_two_fifths_longer():
    for sentence in sentences(SHIPPED.templates()):
        for made in (accented(sentence.english), mirrored(sentence.english)):
            assert PLACEHOLDER.findall(made) == PLACEHOLDER.findall(sentence.english)
            assert re.findall(r"\d+", made) == re.findall(r"\d+", sentence.english)
        plain = len(PLACEHOLDER.sub("", sentence.english))
        assert 1.3 <= len(PLACEHOLDER.sub("", accented(sentence.english))) / plain <= 2.0 or plain < 10


def test_a_made_up_language_is_never_sent():
    assert ACCENTED not in SHIPPED.languages()
    values = WORDING.template("reply_call").samples()
    for language in (ACCENTED, MIRRORED, "ar_XB"):
        approvals = frozenset({(language, WORDING.approval_hash("reply_call", language))})
        message = WORDING.render("reply_call", channel="sms", language=language, values=values, approvals=approvals)
        assert message.language == "en"
        assert WORDING.draft("reply_call", channel="sms", language=language, values=values).fallback == "for_looking"


def test_the_shipped_wording_is_found_as_good_or_bad_with_them_as_without():
    english = [problem for problem in check(WORDING) if problem.language == "en"]
    assert english == [problem for problem in check(SHIPPED) if problem.language == "en"]


@pytest.mark.parametrize(("language", "shown"), [(ACCENTED, "Ţĥáñķ ýóû"), (MIRRORED, "ـThankـ ـyouـ")])
def test_the_preview_shows_a_made_up_language(language, shown):
    told = CliRunner().invoke(commands.app, ["preview", "reply_call", "--language", language])
    assert told.exit_code == 0
    assert shown in told.stdout
    assert "made up for looking, never sent" in told.stdout
