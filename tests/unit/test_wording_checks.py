"""The shipped wording passes its own checks; what they measure and match is exact. What they find is in test_wording_planted_faults."""

from __future__ import annotations

import shutil
import subprocess
import time
import unicodedata
from pathlib import Path

import pytest

from notifier.wording import Wording, check, check_message
from notifier.wording.catalogues import CATALOGUE, sentences
from notifier.wording.checks import COMPLETE
from notifier.wording.letters import ending, letters
from notifier.wording.reading import MOST_AGE, reading_age, spoken_sentences, syllables, too_hard, words_in
from notifier.wording.words import english_left, forbidden, gendered, lists, tokens
from tests.conftest import missing

LOCALE = Path(__file__).resolve().parents[2] / "locale"
CATALOGUES = sorted(LOCALE.glob(f"*/{CATALOGUE}"))


def test_nothing_is_found_in_the_shipped_wording():
    assert check(Wording.load()) == []


def test_every_language_that_must_be_complete_has_a_catalogue():
    assert {path.parents[1].name for path in CATALOGUES} >= COMPLETE


@pytest.mark.parametrize(
    "path", [*CATALOGUES, LOCALE / "messages.pot"], ids=lambda path: path.relative_to(LOCALE).parts[0]
)
def test_gettext_itself_accepts_every_catalogue(path):
    if shutil.which("msgfmt") is None:
        missing("msgfmt", "gettext is not installed (Debian: apt-get install gettext)")
    told = subprocess.run(["msgfmt", "-c", "-o", "/dev/null", path], capture_output=True, text=True, check=False)
    # a template has no dates and no translator yet, of which msgfmt warns
    assert told.returncode == 0, told.stderr


def test_one_message_is_checked_quickly_enough_for_a_page():
    wording = Wording.load()
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        check_message(wording, wording.template("first_day"))
        taken.append(time.perf_counter() - begun)
    assert min(taken) < 0.05


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "school why call please here says phone stays missed asked reach through"),
        (2, "reason reply message today morning advice minor worried waiting office trying"),
        (3, "nursery family afternoon hospital pharmacist chickenpox attendance arrival"),
        (4, "temperature emergency information education"),
        (5, "conjunctivitis unacceptable immediately"),
    ],
)
def test_syllables_are_counted_as_they_are_spoken(count, words):
    assert [word for word in words.split() if syllables(word) != count] == []


def test_the_reading_age_is_the_published_formula_with_five_years_added():
    # one sentence of 7 words and 9 syllables
    assert reading_age(["We can call you in the afternoon."]) == pytest.approx(0.39 * 7 + 11.8 * 9 / 7 - 10.59)
    assert reading_age(["Send", "Ill or hurt"]) is None
    assert reading_age(["%(school)s: Is %(pupils)s well today?"]) == reading_age(["Is Tom well today?"])


def test_every_shipped_message_can_be_read_well_below_the_limit():
    wording = Wording.load()
    texts: dict[str, list[str]] = {}
    for sentence in sentences(wording.templates()):
        texts.setdefault(sentence.template, []).append(sentence.english)
    ages = {key: reading_age(own) for key, own in texts.items()}
    assert max(ages.values()) <= MOST_AGE, ages
    assert max(words_in(spoken) for own in texts.values() for spoken in spoken_sentences(own)) <= 25


def test_a_short_text_is_given_room_and_a_hard_one_is_not():
    short = ["Please bring a jumper and a bottle of water tomorrow morning."]
    assert reading_age(short) > MOST_AGE
    assert too_hard(short) is None
    assert too_hard(["Persistent unsatisfactory attendance jeopardises educational attainment considerably."])
    assert too_hard(
        [*short, "The hospital telephoned reception regarding an additional afternoon appointment yesterday evening."]
    )


@pytest.mark.parametrize(
    ("language", "english", "text"),
    [
        pytest.param("ro", "This is ours.", "Copilul are un mesaj, a venit o dată.", id="Romanian are, a, o"),
        pytest.param("pl", "This is ours.", "To jest do nas, we wtorek i on też.", id="Polish to, do, we, on"),
        pytest.param("cy", "This is ours.", "Call yr ysgol, gall can o blant help.", id="Welsh call, can, help"),
        pytest.param("tr", "This is ours.", "On iş günü can ve men.", id="Turkish on, can, men"),
        pytest.param("es", "This is ours.", "Has recibido once; no son de he.", id="Spanish has, once, he"),
        pytest.param("so", "This is ours.", "Is waydii, haddii aad is aragtaan.", id="Somali is"),
        pytest.param(
            "pt", "This is ours.", "Do sul, no dia, a criança come as duas.", id="Portuguese do, no, come, as"
        ),
        pytest.param("ur", "Ask the NHS.", "NHS 111 اور GP سے e-mail پر پوچھیں۔", id="names of services"),
        pytest.param("uk", "Form", "sixth form", id="the sixth form"),
    ],
)
def test_words_that_only_look_english_are_not_reported(language, english, text):
    assert list(english_left(language, english, text)) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The refined history of this theme is there. Shelley has a scoreboard. Courteous pupils define it."),
        ("es", "Su hijo o hija, o su hijo/a, está en el colegio. Los niños y niñas del multatuli."),
        ("bn", "ছেলেমেয়েরা স্কুলে আছে।"),
        ("pl", "Państwa dziecko jest w szkole. Sądzimy, że tak. Karta, kodeks, synteza."),
        ("ro", "A venit la școală. Fața copilului. Filmul."),
        ("ar", "ابتداء من اليوم"),
        ("pa", "ਬੱਚਾ ਸਕੂਲ ਵਿੱਚ ਨਹੀਂ ਸੀ।"),
        ("pt", "A criança está sozinha e ausente."),
    ],
)
def test_words_that_only_hold_a_listed_word_are_not_reported(language, text):
    assert [*gendered(language, text), *forbidden(language, text, family="toolkit")] == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ar", "وابنك في المدرسة."),
        ("bn", "আপনার মেয়ে স্কুলে নেই।"),
        ("bn", unicodedata.normalize("NFD", "আপনার মেয়ে স্কুলে নেই।")),
        ("cy", "Mae eich merch yma."),
        ("en", "Is SHE'S there?"),
        ("es", "Su hija no está."),
        ("pa", "ਤੁਹਾਡਾ ਪੁੱਤਰ ਸਕੂਲ ਵਿੱਚ ਨਹੀਂ ਹੈ।"),
        ("pl", "Pani dziecko."),
        ("pt", "Obrigado."),
        ("ro", "Este absentă."),
        ("so", "Gabadhaada."),
        ("tr", "Kızınız okulda değil."),
        ("uk", "Вона була вдома."),
        ("ur", "وہ غائب تھا۔"),
    ],
)
def test_every_language_has_words_that_suppose_a_sex(language, text):
    assert list(gendered(language, text))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ar", "قد تُفرض غرامة."), ("ar", "والمحكمة."), ("bn", "জরিমানা হতে পারে।"), ("cy", "Cewch ddirwy."), ("es", "Una multa."),
        ("es", "Ausencia no justificada."), ("pa", "ਜੁਰਮਾਨਾ ਹੋ ਸਕਦਾ ਹੈ।"), ("pl", "Grozi mandat."), ("pl", "Wagary."), ("pt", "Uma multa."),
        ("ro", "O amendă."), ("ro", "Absență nemotivată."), ("so", "Maxkamadda."), ("tr", "Para cezası."), ("tr", "İzinsiz."),
        ("uk", "Штраф."), ("uk", "Прогул."), ("ur", "جرمانہ ہو سکتا ہے۔"), ("ur", "عدالت۔"), ("en", "A penalty notice."),
    ],
)  # fmt: skip
def test_fines_courts_and_truancy_are_found_in_every_language(language, text):
    assert list(forbidden(language, text, family="toolkit"))


def test_a_list_for_one_family_leaves_the_others_alone():
    text = "With a fever a child stays at home."
    assert list(forbidden("en", text, family="illness")) == []
    assert list(forbidden("en", text, family="first_day"))


def test_the_word_lists_are_whole():
    told = lists()
    for listed in (*told.forbidden, told.gendered):
        wanted = {"en"} if listed.name == "surnames" else {"en", *COMPLETE}
        assert set(listed.words) == wanted, listed.name
        for words in listed.words.values():
            assert all(word.strip() for word in words)
            assert len(set(words)) == len(words), listed.name
    assert tokens("Don’t re-read: ডায়রিয়া!") == ["don't", "re", "read", unicodedata.normalize("NFC", "ডায়রিয়া")]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "How can we reach you? Thank you."),
        ("es", "¿Cómo podemos llamarle? Gracias."),
        ("ar", "هل أنتم متأكدون؟ اتصلوا بنا."),
        ("ur", "می\u200cخواهم"),
        ("ro", "Vă mulțumim și așteptăm."),
        ("tr", "Teşekkür ederiz."),
    ],
)
def test_sound_letters_are_left_alone(language, text):
    assert list(letters(language, text, channel="sms")) == []


@pytest.mark.parametrize(
    ("language", "english", "text", "said"),
    [
        ("pl", "Thank you.", "Dziękujemy.", None),
        ("pa", "Thank you.", "ਧੰਨਵਾਦ।", None),
        ("pa", "Thank you.", "ਧੰਨਵਾਦ.", "another script"),
        ("ur", "Who?", "کون؟", None),
        ("ro", "we have your message", "am primit mesajul dvs.", None),
        ("ro", "we are here", "suntem aici.", "full stop"),
        ("ar", "Read it: %(link)s", "اقرؤوها: %(link)s", None),
        ("ar", "Read it: %(link)s", "اقرؤوها: %(link)s.", "full stop"),
    ],
)
def test_a_translation_ends_as_its_english(language, english, text, said):
    found = [what for what, _ in ending(language, english, text)]
    assert found == [] if said is None else said in found[0]
