"""What the checks find in spoilt wording, and that the shipped wording has none of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from notifier.wording import Wording, check

ROOT = Path(__file__).resolve().parents[2]
MESSAGES, LOCALE = ROOT / "templates" / "messages", ROOT / "locale"
KEYS = ("_shared", "first_day_am", "reply_call", "staff_missed_run")


def test_nothing_is_found_in_the_shipped_wording():
    assert check(Wording.load()) == []


@pytest.fixture
def folders(tmp_path):
    """A few shipped messages with their catalogues, to be spoilt."""
    for key in KEYS:
        shutil.copytree(MESSAGES / key, tmp_path / "messages" / key)
    shutil.copytree(LOCALE, tmp_path / "locale")
    return tmp_path / "messages", tmp_path / "locale"


def found(folders):
    return check(Wording.load(*folders))


def spoil(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


@pytest.mark.parametrize(
    ("language", "old", "new", "said"),
    [
        pytest.param("pl", 'zadzwonić: %(phone)s."', 'zadzwonić."', "placeholders differ", id="a lost placeholder"),
        pytest.param(
            "pl", 'zadzwonić: %(phone)s."', 'zadzwonić: %(telefon)s."', "placeholders differ", id="a renamed one"
        ),
        pytest.param("pl", 'zadzwonić: %(phone)s."', 'zadzwonić: %(phone)."', "broken placeholder", id="a broken one"),
        pytest.param("pl", "Dziękujemy. Zadzwonimy", "Dziękujemy 100. Zadzwonimy", "numbers differ", id="a number"),
        pytest.param("pl", "Dziękujemy. Zadzwonimy", "Grzywna. Zadzwonimy", "fines", id="a fine"),
        pytest.param("pl", "Dziękujemy. Zadzwonimy", "Odpowiedz YES. Zadzwonimy", "opt-out", id="an answer word"),
        pytest.param("pl", "Dziękujemy. Zadzwonimy", "Pani syn. Zadzwonimy", "sex", id="a gendered word"),
        pytest.param("pl", "Dziękujemy. Zadzwonimy", "<b>Tak</b>. Zadzwonimy", "HTML", id="markup"),
        pytest.param("pl", "Dziękujemy. Zadzwonimy", "Dzie\u0328kujemy. Zadzwonimy", "NFC", id="loose accents"),
        pytest.param("pl", "Zadzwonimy do Państwa", "Zadzwonimy " * 12 + "do Państwa", "parts", id="too long"),
        pytest.param(
            "cy", "cyn bo hir", "cyn gynted â phosibl", "outside the GSM alphabet: â", id="a dear Welsh letter"
        ),
        pytest.param("ur", "سکول %(school)s: شکریہ", "%(school)s: شکریہ", "left-to-right", id="a wrong beginning"),
        pytest.param("ur", "شکریہ۔ ہم آپ", "شکریہ\u202e۔ ہم آپ", "overrides", id="a direction override"),
    ],
)
def test_a_spoilt_translation_is_found(folders, language, old, new, said):
    spoil(folders[1] / language / "LC_MESSAGES" / "messages.po", old, new)
    assert any(problem.language == language and said in problem.what and problem.remedy for problem in found(folders))


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        pytest.param("reply_call/sms.txt", "Thank you.", "Reply YES.", "opt-out", id="an answer word"),
        pytest.param("reply_call/sms.txt", "Thank you.", "Text help.", "opt-out", id="an answer word in small letters"),
        pytest.param("reply_call/sms.txt", "Thank you.", "You may be fined.", "fines", id="a fine"),
        pytest.param("reply_call/sms.txt", "Thank you.", "It is authorised.", "authoris", id="authorising"),
        pytest.param("reply_call/sms.txt", "Thank you.", "Marked with code N.", "codes", id="a code"),
        pytest.param("reply_call/sms.txt", "Thank you.", "Buy a raffle ticket.", "advertises", id="promotion"),
        pytest.param("reply_call/sms.txt", "Thank you.", "He is well.", "sex", id="he or she"),
        pytest.param("reply_call/sms.txt", "Thank you.", "Thank you, %(x)s.", "percent", id="a percent sign"),
        pytest.param("reply_call/sms.txt", "{% endtrans %}", "{% endtrans %} Bye.", "translatable", id="loose words"),
        pytest.param("reply_call/email.html", "</p>", "</p><p>Bye.</p>", "translatable", id="loose words in the page"),
        pytest.param("first_day_am/sms.txt", "{{ pupils }}", "{{ surname }}", "surname", id="a surname"),
        pytest.param("reply_call/sms.txt", '"sms|', '"email|', "context", id="the context of another channel"),
        pytest.param(
            "first_day_am/email.txt",
            "Subject: ",
            "Subject: {{ pupils }} ",
            "subject holds pupils",
            id="a name in a subject",
        ),
        pytest.param("reply_call/email.txt", "Subject: ", "About: ", "Subject", id="no subject"),
        pytest.param("reply_call/sms.txt", "{{ phone }}", "{{ fone }}", "fone", id="an unknown value"),
        pytest.param(
            "staff_missed_run/email.txt", "{{ due }}", "{{ due.hour }}{{ 1 + 1 }}", "expression", id="an expression"
        ),
    ],
)
def test_spoilt_english_is_found(folders, file, old, new, said):
    spoil(folders[0] / file, old, new)
    assert any(problem.language == "en" and said in problem.what and problem.remedy for problem in found(folders))


def test_a_missing_translation_is_found_in_a_complete_language_and_borne_in_a_new_one(folders):
    source = folders[0] / "reply_call" / "sms.txt"
    spoil(source, "Thank you.", "Thank you so much for this.")
    problems = found(folders)
    assert {problem.language for problem in problems} == {"cy", "pl", "ur"}
    assert all("no current translation" in problem.what for problem in problems)
    (folders[1] / "so" / "LC_MESSAGES").mkdir(parents=True)
    (folders[1] / "so" / "LC_MESSAGES" / "messages.po").write_text('msgid ""\nmsgstr ""\n', "utf-8")
    assert found(folders) == problems
