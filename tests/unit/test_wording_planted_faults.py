"""Faults planted in a small library, one at a time: each must be found, and named with its message, language, place and remedy."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from notifier.cli import templates as commands
from notifier.wording import Wording, check, check_message, check_text
from notifier.wording.catalogues import CATALOGUE, LanguageCatalogue, write_catalogues
from notifier.wording.templates import html_of, read_templates

SHARED = Path(__file__).resolve().parents[2] / "templates" / "messages" / "_shared"

MESSAGE = """purpose = "p"
family = "{family}"
audience = "a"
excluded = "e"
source = "s"
evidence = "v"
reviewed = 2026-11-22
needs = ["school", "pupils", "date", "phone"{more}]

[segments]
en = 1
so = 1
other = 3
"""

SOURCES = {
    "absent/sms.txt": '{% trans "sms|absent" %}{{ school }}: {{ pupils }} is not in school today, {{ date }}. '
    "Please reply with the reason or call {{ phone }}.{% endtrans %}\n",
    "absent/email.txt": 'Subject: {% trans "email.subject|absent" %}{{ school }}: not in school today, {{ date }}{% endtrans %}\n\n'
    '{% trans "email|absent" %}{{ pupils }} is not in school today, {{ date }}. We do not know why.{% endtrans %}\n\n'
    '{% trans "email|absent" %}Please reply to this e-mail, or call us on {{ phone }}.{% endtrans %}\n\n'
    "{{ school }}\n{{ phone }}\n",
    "absent/message.toml": MESSAGE.format(family="first_day", more=""),
    "thanks/sms.txt": '{% trans "sms|thanks" %}{{ school }}: Thank you. We have your message. '
    "We will call you if we need to know more.{% endtrans %}\n",
    "thanks/message.toml": MESSAGE.format(family="first_day", more=""),
    "season/sms.txt": '{% trans "sms|season" %}{{ school }}: With 38C or more a child stays at home. '
    "NHS: {{ nhs_link }}{% endtrans %}\n",
    "season/message.toml": MESSAGE.format(family="illness", more=', "nhs_link"'),
}

# in the order of the sentences above: text, subject, two lines of e-mail; the text of season; the text of thanks
TRANSLATIONS = {
    "pl": (
        "%(school)s: %(pupils)s - nieobecność w szkole dziś (%(date)s). Prosimy odpisać, podając powód, lub zadzwonić: %(phone)s.",
        "%(school)s: nieobecność w szkole dziś (%(date)s)",
        "%(pupils)s - nieobecność w szkole dziś (%(date)s). Nie znamy przyczyny.",
        "Prosimy odpisać na ten e-mail lub zadzwonić: %(phone)s.",
        "%(school)s: Z temperaturą 38C lub wyższą dziecko zostaje w domu. NHS: %(nhs_link)s",
        "%(school)s: Dziękujemy. Mamy Państwa wiadomość. W razie pytań zadzwonimy.",
    ),
    "ro": (
        "%(school)s: %(pupils)s nu este la școală astăzi, %(date)s. Vă rugăm să răspundeți cu motivul sau să sunați la %(phone)s.",
        "%(school)s: astăzi nu este la școală, %(date)s",
        "%(pupils)s nu este la școală astăzi, %(date)s. Nu știm motivul.",
        "Vă rugăm să răspundeți la acest e-mail sau să sunați la %(phone)s.",
        "%(school)s: Cu 38C sau mai mult, un copil stă acasă. NHS: %(nhs_link)s",
        "%(school)s: Vă mulțumim. Am primit mesajul dvs. Vă vom suna dacă este nevoie.",
    ),
    "so": (
        "%(school)s: Ilmahaaga %(pupils)s maanta, %(date)s, iskuulka ma joogo. Fadlan noogu jawaab sababta ama wac %(phone)s.",
        "%(school)s: maanta iskuulka lama joogo, %(date)s",
        "Ilmahaaga %(pupils)s maanta, %(date)s, iskuulka ma joogo. Sababta ma garanayno.",
        "Fadlan ka jawaab e-maylkan ama wac %(phone)s.",
        "%(school)s: Ilmaha leh 38C ama ka badan guriga ayuu joogayaa. NHS: %(nhs_link)s",
        "%(school)s: Mahadsanid. Farriintaada waan helnay. Waan ku soo wici doonnaa.",
    ),
    "ur": (
        "سکول %(school)s: %(pupils)s آج، %(date)s، سکول میں نہیں ہے۔ براہ کرم جواب میں وجہ بتائیں یا %(phone)s پر کال کریں۔",
        "سکول %(school)s: آج سکول میں حاضری نہیں، %(date)s",
        "اطلاع: %(pupils)s آج، %(date)s، سکول میں نہیں ہے۔ ہمیں وجہ معلوم نہیں۔",
        "براہ کرم اس ای میل کا جواب دیں یا %(phone)s پر کال کریں۔",
        "سکول %(school)s: بخار 38C یا زیادہ ہو تو بچے گھر پر رہیں۔ NHS کا مشورہ: %(nhs_link)s",
        "سکول %(school)s: شکریہ۔ ہمیں آپ کا پیغام مل گیا ہے۔ ہم کال کریں گے۔",
    ),
}


def write(folder, sources=SOURCES, translations=TRANSLATIONS):
    """The small library as a school would have it on disk: a folder of messages and one of catalogues."""
    messages, locale = folder / "messages", folder / "locale"
    shutil.copytree(SHARED, messages / "_shared")
    for name, text in sources.items():
        path = messages / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    write_catalogues(
        read_templates(messages).values(), locale, created=datetime(2027, 1, 2, tzinfo=UTC), languages=translations
    )
    for language, texts in translations.items():
        path = locale / language / CATALOGUE
        head, *empty = path.read_text("utf-8").split('msgstr ""\n')
        # the first empty msgstr is the header's
        body = "".join(f'msgstr "{text}"\n{rest}' for text, rest in zip(texts, empty[1:], strict=True))
        path.write_text(f'{head}msgstr ""\n{empty[0]}{body}', "utf-8")
    return messages, locale


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return write(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def library(folders):
    return Wording.load(*folders)


def planted(library, place, old, new):
    """The library with one thing changed: "<message>/<file>" of the English, or "<language> <message>" of a translation."""
    made = {template.key: template for template in library.templates()}
    catalogues = {language: library._catalogues[language] for language in library.languages()[1:]}
    if "/" in place:
        key, name = place.split("/")
        template = made[key]
        assert old in template.sources[name]
        sources = {**template.sources, name: template.sources[name].replace(old, new)}
        if name == "email.txt":
            sources["email.html"] = html_of(sources[name])
        made[key] = replace(template, sources=sources, digest="planted")
    else:
        language, key = place.split()
        entries = dict(catalogues[language].entries)
        hit = {pair: e for pair, e in entries.items() if pair[0].endswith(f"|{key}") and old in e.translation}
        assert hit
        for pair, entry in hit.items():
            entries[pair] = replace(entry, translation=entry.translation.replace(old, new))
        catalogues[language] = LanguageCatalogue(language, entries)
    return Wording(made, catalogues, library._layout)


def test_the_unspoilt_library_has_no_fault(library):
    assert check(library) == []


TRANSLATED = [
    ("a lost placeholder", "pl absent", ": %(phone)s.", ".", "placeholders differ"),
    ("a placeholder renamed", "ro absent", "%(phone)s", "%(telefon)s", "placeholders differ"),
    ("a placeholder broken", "so absent", "%(phone)s", "%(phone)", "broken placeholder"),
    ("a placeholder twice", "pl thanks", "Dziękujemy", "Dziękujemy %(school)s", "placeholders differ"),
    ("a changed number", "pl season", "38C", "39C", "numbers differ"),
    ("digits of another script", "ur season", "38C", "۳۸C", "numbers differ|digits"),
    ("accents not composed", "pl thanks", "Dziękujemy", "Dzie\u0328kujemy", "NFC"),
    ("letters lost to question marks", "pl thanks", "Dziękujemy", "Dzi?kujemy", "question mark stands inside"),
    ("letters lost to U+FFFD", "ro thanks", "mulțumim", "mul\ufffdumim", "U\\+FFFD"),
    ("a cedilla", "ro thanks", "mulțumim", "mulţumim", "cedilla"),
    ("a zero-width space", "pl thanks", "Mamy ", "Mamy \u200b", "U\\+200B"),
    ("a doubled space", "pl thanks", "Mamy ", "Mamy  ", "doubled space"),
    ("a missing full stop", "pl thanks", "zadzwonimy.", "zadzwonimy", "ends with no sign"),
    ("a question of a statement", "so thanks", "doonnaa.", "doonnaa?", "ends with a question mark"),
    ("the full stop of another script", "ur thanks", "گے۔", "گے.", "full stop of another script"),
    ("too long", "pl thanks", "W razie", "Bardzo " * 20 + "W razie", "It takes \\d parts"),
    ("a letter that makes Somali dear", "so thanks", "Mahadsanid", "Mahadsanîd", "outside the GSM alphabet: î"),
    ("a left-to-right beginning", "ur thanks", "سکول %(school)s: شکریہ", "%(school)s: شکریہ", "left-to-right"),
    ("a direction override", "ur thanks", "شکریہ", "\u202eشکریہ", "overrides"),
    ("an isolate left open", "ur absent", "براہ کرم اس", "\u2068براہ کرم اس", "isolates are not closed"),
    ("isolates in a text", "ur thanks", "شکریہ", "\u2068شکریہ\u2069", "old phones"),
    ("a mark inside a placeholder", "ur absent", "%(phone)s", "%(\u200fphone)s", "hidden direction mark"),
    ("a direction mark where none belongs", "pl thanks", "Mamy", "\u200fMamy", "hidden direction mark"),
    ("the English left", "pl thanks", "Dziękujemy. Mamy Państwa wiadomość. W razie pytań zadzwonimy.", "Thank you. We have your message. We will call you if we need to know more.", "It is the English text"),
    ("English words left", "so thanks", "Mahadsanid", "Please", "English words: please"),
    ("English left in another alphabet", "ur thanks", "شکریہ", "شکریہ thanks", "English words: thanks"),
    ("a fine", "pl thanks", "Dziękujemy", "Grzywna", "fines or courts"),
    ("a court", "ro thanks", "Vă mulțumim", "Tribunalul", "fines or courts"),
    ("a fine in Urdu", "ur thanks", "شکریہ", "جرمانہ", "fines or courts"),
    ("unauthorised", "pl thanks", "Dziękujemy", "Nieusprawiedliwione", "authorising"),
    ("a threat", "pl thanks", "Dziękujemy", "Ostrzegamy", "blames or threatens"),
    ("a son", "ur thanks", "آپ کا پیغام", "آپ کا بیٹا", "sex"),
    ("he was absent", "pl absent", "nieobecność", "nieobecny", "sex"),
    ("your boy", "so absent", "Ilmahaaga", "Wiilkaaga", "sex"),
    ("an opt-out word", "pl thanks", "Dziękujemy", "Odpowiedz STOP", "opt-out"),
    ("markup", "pl thanks", "Dziękujemy", "<b>Dziękujemy</b>", "HTML"),
    ("a percentage", "pl thanks", "Dziękujemy", "90 procent", "share of attendance"),
    ("a number with spaces", "ur thanks", "شکریہ", "شکریہ 01632 960123", "telephone number"),
    ("a shortened link", "pl season", "NHS:", "NHS bit.ly/x:", "web address"),
    ("an illness in a first-day message", "ro thanks", "Vă mulțumim", "Febră", "names an illness"),
    ("other children", "pl thanks", "Dziękujemy", "Inne dzieci", "other children"),
    ("promotion", "ro thanks", "Vă mulțumim", "Reducere", "advertises"),
]  # fmt: skip

ENGLISH = [
    ("a fine", "thanks/sms.txt", "Thank you.", "You may be fined.", "fines or courts"),
    ("a threat of the law", "thanks/sms.txt", "Thank you.", "We may take legal action.", "fines or courts"),
    ("blame", "thanks/sms.txt", "Thank you.", "You must reply. It is a failure.", "blames or threatens: must, failure"),
    ("a code", "thanks/sms.txt", "Thank you.", "Marked with code N.", "attendance codes"),
    ("unauthorised", "thanks/sms.txt", "Thank you.", "It is unauthorised.", "authorising"),
    ("a percentage", "thanks/sms.txt", "Thank you.", "It is 90 per cent.", "share of attendance"),
    ("a percent sign", "thanks/sms.txt", "Thank you.", "It is 90%.", "percent"),
    ("an illness", "thanks/sms.txt", "Thank you.", "Is it flu?", "names an illness: flu"),
    ("other children", "thanks/sms.txt", "Thank you.", "Other children are in.", "other children"),
    ("he", "thanks/sms.txt", "Thank you.", "Is he well?", "sex"),
    ("a surname", "absent/sms.txt", "{{ pupils }} is", "{{ pupils }} Khan is", "surname would: Khan"),
    ("a title", "thanks/sms.txt", "Thank you.", "Dear Mrs Okafor.", "names a person"),
    ("a surname's place", "absent/sms.txt", "{{ pupils }}", "{{ surname }}", "surname"),
    ("a name in a subject", "absent/email.txt", "Subject: ", "Subject: {{pupils}} ", "subject holds pupils"),
    ("promotion", "thanks/sms.txt", "Thank you.", "Buy a raffle ticket.", "advertises"),
    ("a price", "thanks/sms.txt", "Thank you.", "It costs £5.", "names a price"),
    ("a web address", "thanks/sms.txt", "Thank you.", "See www.school.example/x.", "web address"),
    ("a shortened address", "thanks/sms.txt", "Thank you.", "See bit.ly/abc.", "web address"),
    ("an e-mail address", "thanks/sms.txt", "Thank you.", "Write to a@school.example.", "e-mail address"),
    ("a written-out number", "thanks/sms.txt", "Thank you.", "Call 01632 960123.", "telephone number"),
    ("an opt-in word", "thanks/sms.txt", "Thank you.", "Reply YES.", "opt-out or opt-in"),
    ("shouting", "thanks/sms.txt", "Thank you.", "PLEASE call us.", "shouts"),
    ("hard words", "thanks/sms.txt", "We will call you if we need to know more.", "Notwithstanding contemporaneous communication, subsequent clarification necessitates telephoning.", "reads for an age of"),
    ("a long sentence", "thanks/sms.txt", "Thank you.", "We " + "and we " * 13 + "go.", "A sentence has 28 words"),
    ("loose words", "thanks/sms.txt", "{% endtrans %}", "{% endtrans %} Bye.", "not part of a translatable"),
    ("the context of another channel", "thanks/sms.txt", '"sms|', '"email|', "context"),
    ("a value nobody gives", "thanks/sms.txt", "{{ school }}", "{{ headteacher }}", "'headteacher' is not allowed"),
    ("too long", "thanks/sms.txt", "Thank you.", "Thank you so very much. " * 7, "It takes 2 parts"),
    ("a dear letter", "thanks/sms.txt", "Thank you.", "Diolch ŵ.", "outside the GSM alphabet: ŵ"),
    ("no subject", "absent/email.txt", "Subject: ", "About: ", "Subject"),
    ("an expression", "thanks/sms.txt", "{{ school }}", "{{ school * 9 }}", "expected token|expression"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "old", "new", "said"), [pytest.param(*fault[1:], id=f"{fault[1]}: {fault[0]}") for fault in TRANSLATED]
)
def test_a_fault_planted_in_a_translation_is_found_and_named(library, place, old, new, said):
    language, key = place.split()
    found = check(planted(library, place, old, new))
    assert {(problem.template, problem.language) for problem in found} == {(key, language)}
    _named(found, said)


@pytest.mark.parametrize(
    ("place", "old", "new", "said"), [pytest.param(*fault[1:], id=f"{fault[1]}: {fault[0]}") for fault in ENGLISH]
)
def test_a_fault_planted_in_the_english_is_found_and_named(library, place, old, new, said):
    key = place.split("/")[0]
    found = check_message(planted(library, place, old, new), key)
    assert {(problem.template, problem.language) for problem in found} == {(key, "en")}
    _named(found, said)


def _named(found, said):
    assert [problem for problem in found if re.search(said, problem.what)], found
    for problem in found:
        assert problem.where.split("|")[0].split(",")[0].split(" ")[0] in {
            "sms", "email", "email.subject", "sms.txt", "email.txt", "email.html", "all"
        }, problem  # fmt: skip
        assert problem.what.strip() and problem.remedy.endswith((".", "%}.", "none."))


def test_one_message_is_checked_as_it_would_be_among_all(library):
    spoilt = planted(library, "pl thanks", "Dziękujemy", "Grzywna")
    assert check_message(spoilt, "thanks", "pl") == check(spoilt)
    assert check_message(spoilt, "thanks", "pl-PL") == check(spoilt)
    assert check_message(spoilt, "thanks", "ur") == check_message(spoilt, "thanks") == []


def test_a_template_that_is_not_kept_yet_is_checked_with_its_changed_english(library):
    (template,) = [t for t in planted(library, "thanks/sms.txt", "Thank you.", "You must call.").templates() if t.key == "thanks"]  # fmt: skip
    assert [problem.where for problem in check_message(library, template)] == ["sms|thanks"]
    (missing,) = check_message(library, template, "pl")
    assert "no current translation" in missing.what
    assert check_message(library, "thanks") == []


def test_a_plain_text_of_a_school_is_checked_by_the_same_words(library):
    template = library.template("thanks")
    assert check_text(template, "en", "sms", "{{ school }}: Thank you for your message.") == []
    assert "fines" in check_text(template, "en", "sms", "{{ school }}: You may be fined.")[0].what
    assert "sex" in check_text(template, "pl", "sms", "%(school)s: Pani syn.")[0].what


def test_changed_english_is_found_in_every_language_that_must_be_complete(library):
    found = check(planted(library, "thanks/sms.txt", "Thank you.", "Thanks a lot."))
    assert {problem.language for problem in found} == {"pl", "ro", "so", "ur"}
    assert all("no current translation" in problem.what for problem in found)


def test_a_language_under_way_is_borne(library):
    known = library._catalogues["pl"].entries
    stale = {pair: replace(entry, english_hash="older") for pair, entry in known.items()}
    catalogues = {"sv": LanguageCatalogue("sv", stale)}
    assert check(Wording({t.key: t for t in library.templates()}, catalogues, library._layout)) == []


def test_the_command_names_what_is_wrong_and_ends_with_1(folders, tmp_path):
    messages, locale = folders
    arguments = ["check", "--templates", str(messages), "--locale", str(locale)]
    content = CliRunner().invoke(commands.app, arguments)
    assert (content.exit_code, content.stdout) == (0, "3 messages in en, pl, ro, so, ur: nothing found.\n")
    spoilt = tmp_path / "locale"
    shutil.copytree(locale, spoilt)
    path = spoilt / "pl" / CATALOGUE
    path.write_text(path.read_text("utf-8").replace("Dziękujemy.", "Grzywna."), "utf-8")
    told = CliRunner().invoke(commands.app, [*arguments[:-1], str(spoilt)])
    assert told.exit_code == 1
    (line,) = told.stdout.splitlines()
    key, language, where, what, remedy = line.split("\t")
    assert (key, language, where) == ("thanks", "pl", "sms|thanks")
    assert what.startswith("It speaks of fines or courts: grzywn.")
    assert remedy == "A message to a family never does; take it out."
