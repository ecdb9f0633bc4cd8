"""What single replies are understood to mean, and above all which ones go to people at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.configuration.replies import load_lexicon
from notifier.domain.replies import PLANS, URGENT, Intent
from notifier.domain.reply_reading import read_reply

LEXICON = load_lexicon()


def read(text, **more):
    return read_reply(text, lexicon=LEXICON, **more)


@pytest.mark.parametrize(
    "text",
    [
        "are you sure? i dropped them at 8.40",
        "I saw him go in",
        "he's there, check again",
        "his sister walked in with him",
        "she was in registration",
        "Hes at skool",
        "HE IS IN SCHOOL",
        "he isn't absent",
        "what do you mean not in",
        "she was on the bus",
        "tummy bug? no she is in school",
        "ok thanks but she is in school",
        "On jest w szkole",
        "on jest w szkole zawiozlem go rano",
        "وہ سكول مين هے",
        "wo school mein hai",
        "mae hi yn yr ysgol",
        "este la scoala l-am lasat dimineata",
        "deberia estar en clase",
        "okula gitti sabah",
        "waa inay iskuulka joogtaa",
        "він у школі",
    ],
)
def test_a_child_said_to_be_in_school_is_a_dispute_and_urgent(text):
    reading = read(text)
    assert reading.urgent
    assert reading.intent is Intent.DISPUTE
    assert reading.suggested_code is None


@pytest.mark.parametrize(
    "text",
    [
        "I don't know where she is",
        "he never came home",
        "she ran away",
        "hes self harming",
        "his dad took him and wont bring him back",
        "my husband hit her",
        "the police are here",
        "has anyone seen him?",
        "nie wiem gdzie ona jest",
        "پتہ نہیں کہاں ہے",
        "mujhe nahi pata wo kahan hai",
        "sai'n gwybod ble mae e",
        "nu stiu unde este",
        "لا أعرف أين هي",
        "আমি জানি না সে কোথায়",
    ],
)
def test_a_worry_about_the_childs_safety_is_urgent(text):
    reading = read(text)
    assert reading.urgent
    assert reading.intent is Intent.SAFEGUARDING
    assert reading.suggested_code is None


@pytest.mark.parametrize("language", [None, "en", "pl", "ur", "xx"])
def test_danger_is_seen_whatever_language_was_expected(language):
    assert read("nie wiem gdzie jest", language=language).urgent
    assert read("she is in school", language=language).urgent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("hes in bed, was fine at school yesterday", Intent.ILLNESS),
        ("temperature, back in school tomorrow", Intent.ILLNESS),
        ("sick at school yesterday", Intent.ILLNESS),
        ("on way to school", Intent.LATE),
        ("he'll be in school later", Intent.LATE),
        ("not in today as not well", Intent.ILLNESS),
        ("passport office today, then airport", Intent.HOLIDAY),
        ("he left your school in july", Intent.WRONGNUM),
        ("missed the bus getting next one", Intent.LATE),
    ],
)
def test_talk_of_school_that_claims_nothing_about_now_is_not_urgent(text, intent):
    reading = read(text)
    assert not reading.urgent
    assert reading.intent is intent


@pytest.mark.parametrize("text", ["I'll ring you", "i’ll let you know", "it is very cold in the house"])
def test_the_words_ill_and_cold_need_their_meaning(text):
    assert read(text).intent is not Intent.ILLNESS


@pytest.mark.parametrize("text", ["he is not ill", "she does not have a temperature", "she isn't at the dentist"])
def test_a_negated_reason_suggests_no_code(text):
    assert read(text).suggested_code is None


@pytest.mark.parametrize(
    ("text", "intent", "code"),
    [
        ("tummy bug back tmrw", Intent.ILLNESS, "I"),
        ("appt at dentist 10am", Intent.MEDICAL, "M"),
        ("Eid today", Intent.RELIGIOUS, "R"),
        ("his grandad passed away", Intent.BEREAVEMENT, "C"),
        ("on our way", Intent.LATE, None),
        ("on holiday until monday", Intent.HOLIDAY, None),
        ("school bus never turned up", Intent.TRANSPORT, None),
        ("he wont get out of bed", Intent.REFUSAL, None),
        ("wrong number mate", Intent.WRONGNUM, None),
        ("please ring me", Intent.CALLME, None),
        ("who is this", Intent.WHO, None),
        ("thanks", Intent.THANKS, None),
        ("I am out of the office", Intent.OOO, None),
        ("ma gorączkę", Intent.ILLNESS, "I"),
        ("بخار ہے", Intent.ILLNESS, "I"),
        ("bukhar hai", Intent.ILLNESS, "I"),
        ("mae'n sâl", Intent.ILLNESS, "I"),
    ],
)
def test_it_proposes_one_code_only_where_there_is_nothing_to_choose(text, intent, code):
    reading = read(text)
    assert reading.intent is intent
    assert reading.suggested_code == code
    assert not reading.urgent


def test_a_reason_beside_danger_stays_urgent_and_suggests_nothing():
    reading = read("she has a temperature and I don't know where her brother is")
    assert reading.urgent
    assert reading.suggested_code is None


@pytest.mark.parametrize(
    "word", ["STOP", "stop.", " Stop ", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"]
)
def test_the_providers_whole_message_words_opt_out(word):
    reading = read(word)
    assert reading.intent is Intent.OPTOUT
    assert reading.confidence == 1.0


@pytest.mark.parametrize("word", ["START", "yes", "UNSTOP"])
def test_words_that_opt_in_again_are_told_apart(word):
    reading = read(word)
    assert reading.is_opt_in
    assert reading.intent is Intent.OTHER


def test_stop_inside_a_sentence_is_not_the_command():
    assert read("his nose bleed will not stop").intent is Intent.ILLNESS
    assert read("she is at the bus stop still waiting for the bus").intent is not Intent.OPTOUT


def test_the_providers_own_word_for_an_opt_out_wins():
    assert read("arrêt", opt_out_type="STOP").intent is Intent.OPTOUT
    assert read("anything", opt_out_type="START").is_opt_in


def test_a_machines_answer_is_no_answer_but_danger_in_it_still_counts():
    assert read("Gone fishing", auto_reply=True).intent is Intent.OOO
    assert read("", auto_reply=True).intent is Intent.OOO
    assert read("I don't know where she is", auto_reply=True).urgent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("", Intent.OTHER),
        ("?", Intent.OTHER),
        ("👍", Intent.THANKS),
        ("❤️🙏", Intent.THANKS),
        ("🤮", Intent.ILLNESS),
        ("...", Intent.OTHER),
    ],
)
def test_replies_without_words(text, intent):
    reading = read(text)
    assert reading.intent is intent
    assert not reading.urgent
    assert reading.suggested_code is None


@pytest.mark.parametrize("text", ["asdf qwer", "今日は休みます", "လာမည်"])
def test_what_cannot_be_read_goes_to_a_person_with_low_confidence(text):
    reading = read(text)
    assert reading.intent is Intent.OTHER
    assert reading.confidence < 0.5
    assert not reading.urgent


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tummy bug back tmrw", "back tomorrow"),
        ("ear infection back thurs", "back thursday"),
        ("in spain till friday", "till friday"),
        ("broken arm, off until 24/11", "until 24/11"),
        ("has a cold", None),
    ],
)
def test_it_keeps_the_carers_own_words_about_coming_back(text, hint):
    assert read(text).return_hint == hint


@pytest.mark.parametrize(
    ("text", "recorded", "language"),
    [
        ("hes got a tummy bug", None, "en"),
        ("córka jest chora", None, "pl"),
        ("بچے کو بخار ہے", None, "ur"),
        ("اس کو", "ur", "ur"),
        ("ابنتي مريضة", None, "ar"),
        ("usko bukhar hai aaj nahi ayega", "ur", "ur-Latn"),
        ("ok", "pl", "pl"),
        ("у нього температура", None, "uk"),
        ("zzz", None, None),
    ],
)
def test_it_says_in_which_language_a_reply_is_written(text, recorded, language):
    assert read(text, language=recorded).language == language


def test_every_intent_has_a_plan_and_only_two_are_urgent():
    assert set(PLANS) == set(Intent)
    assert {Intent.DISPUTE, Intent.SAFEGUARDING} == URGENT
    for intent, plan in PLANS.items():
        assert plan.suggested_code is None or plan.codes == (plan.suggested_code,), intent


def test_a_thank_you_an_opt_out_and_a_machine_do_not_pause_the_ladder():
    silent = {intent for intent, plan in PLANS.items() if not plan.pauses}
    assert silent == {Intent.THANKS, Intent.OOO, Intent.OPTOUT, Intent.WRONGNUM, Intent.WHO}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=300), st.sampled_from([None, "en", "ur"]))
def test_any_text_is_read_without_an_error_and_the_same_every_time(text, language):
    first = read(text, language=language)
    assert first == read(text, language=language)
    assert 0 <= first.confidence <= 1
    assert first.suggested_code is None or not first.urgent


@pytest.mark.parametrize("intent", list(Intent))
def test_the_reference_page_says_what_the_table_of_intents_says(intent):
    plan = PLANS[intent]
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "reply-intents.md").read_text(encoding="utf-8")
    line = next(line for line in page.splitlines() if line.startswith(f"| `{intent}` |"))
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1] == plan.label
    assert cells[2] == ("yes" if intent in URGENT else "no")
    assert cells[3] == (plan.suggested_code or "–")
    assert cells[4] == (", ".join(plan.codes) or "–")
    assert cells[5] == ("yes" if plan.pauses else "no")
    assert cells[6] == ("at once" if plan.call_list else "–")
    assert cells[7] == (f"`{plan.acknowledgement}`" if plan.acknowledgement else "none")
    assert cells[8] == plan.next_step
