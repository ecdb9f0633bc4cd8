"""Words are compared without accents and letter variants, and a mail's old thread is cut away."""

from __future__ import annotations

import pytest

from notifier.domain.reply_text import fold, spelled, strip_quoted, tokens_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Źle się CZUJE", "zle sie czuje"),
        ("sâl", "sal"),
        ("كی", "کي"),
        ("مَدْرَسَة", "مدرسه"),
        ("٨", "8"),
        ("he\u200bllo", "hello"),
        ("I’ll", "i'll"),
        ("ਫ਼ੋਨ", "ਫੋਨ"),
        ("İyi", "iyi"),
    ],
)
def test_what_people_type_differently_is_the_same(one, other):
    assert fold(one) == fold(other)


def test_times_and_dates_stay_whole_and_sentences_end():
    assert tokens_of("In at 8.40, till 24/11. Ok?") == ["in", "at", "8:40", "till", "24/11", ".", "ok", "?"]


def test_an_apostrophe_is_never_simply_dropped_from_i_ll():
    assert spelled(tokens_of("I'll go"), {"~'ll": "will"}) == " i will go"


QUOTED = {
    "an English thread": "She is ill.\n\nOn Sun, 22 Nov 2026 at 09:31, Oakfield Primary <office@example.org> wrote:\n> Aisha is not in",
    "a thread broken over two lines": "She is ill.\n\nOn Sunday 22 November 2026, Oakfield Primary\n<office@example.org> wrote:\n> Aisha",
    "a Polish thread": "She is ill.\n\nW dniu 22.11.2026 o 09:31, Oakfield napisał(a):\n> Aisha",
    "a Welsh thread": "She is ill.\n\nAr Sul, 22 Tach 2026 am 09:31 ysgrifennodd Oakfield:\n> Aisha",
    "an Urdu thread": "She is ill.\n\nاتوار 22 نومبر 2026 کو 09:31 پر Oakfield نے لکھا:\n> Aisha",
    "an Outlook thread": "She is ill.\n\n-----Original Message-----\nFrom: Oakfield",
    "Outlook headers": "She is ill.\n\nFrom: Oakfield <office@example.org>\nSent: Sunday",
    "a ruled thread": "She is ill.\n________________________________\nFrom: Oakfield",
    "a phone's signature": "She is ill.\n\nSent from my iPhone",
    "an Android signature": "She is ill.\nSent from Outlook for Android",
    "a Polish signature": "She is ill.\n\nWysłano z iPhone'a",
    "a Welsh signature": "She is ill.\n\nAnfonwyd o'm iPhone",
    "a signature mark": "She is ill.\n-- \nA Carer, 07700 900123",
    "our marker": "She is ill.\n\n## Please write above this line ##\nOakfield Primary",
    "quoted lines": "> Aisha is not in school\nShe is ill.",
    "Windows line ends": "She is ill.\r\n\r\n> Aisha is not in school\r\n",
    "nothing quoted": "  She is ill.\n",
}


@pytest.mark.parametrize("mail", QUOTED.values(), ids=QUOTED.keys())
def test_only_the_carers_own_words_are_left(mail):
    assert strip_quoted(mail) == "She is ill."


@pytest.mark.parametrize(
    "text",
    ["On Monday she wrote a letter", "She went off on the bus\nPlease check", "He sent it from home", ""],
)
def test_ordinary_sentences_are_left_alone(text):
    assert strip_quoted(text) == text


def test_a_mail_that_only_quotes_us_says_nothing():
    assert strip_quoted("On Sunday, Oakfield wrote:\n> should be in school") == ""
