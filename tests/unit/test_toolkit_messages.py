"""The messages of the families toolkit and moments_matter: the values they ask for, and the shape of their English."""

import re

import pytest

from notifier.paths import data_folder
from notifier.wording.rendering import Wording
from notifier.wording.templates import read_templates

ONE_PUPIL = {"pupils", "school", "phone", "named_person"}
PROMISED = {
    "toolkit_start_of_term": {"school", "phone", "named_person", "first_day"},
    "toolkit_welcome_back": ONE_PUPIL,
    "toolkit_improved": ONE_PUPIL | {"days_before", "days_now", "weeks"},
    "toolkit_days_missed": ONE_PUPIL | {"days_missed", "since", "others"},
    "toolkit_pattern": ONE_PUPIL | {"days_missed", "since"},
    "toolkit_offer_of_help": ONE_PUPIL,
    "toolkit_clubs": {"school", "phone", "named_person"},
    "toolkit_illness_season": {"school", "phone", "nhs_link"},
    "toolkit_term_time_leave": {"school", "phone", "named_person"},
    "toolkit_invitation_to_talk": ONE_PUPIL,
    "toolkit_thank_you": ONE_PUPIL,
    "moments_fresh_start": ONE_PUPIL,
    "moments_small_things": ONE_PUPIL,
    "moments_friends": ONE_PUPIL,
    "moments_learning": ONE_PUPIL,
    "moments_mild_illness": ONE_PUPIL | {"nhs_link"},
    "moments_worry": ONE_PUPIL,
}
MESSAGES = read_templates(data_folder("templates") / "messages")


@pytest.fixture(scope="module")
def wording() -> Wording:
    """The shipped wording."""
    return Wording.load()


def test_the_families_hold_the_promised_messages():
    kept = {key for key, made in MESSAGES.items() if made.family in ("toolkit", "moments_matter")}
    assert kept == set(PROMISED)


@pytest.mark.parametrize("key", PROMISED)
def test_a_message_asks_for_the_promised_values_on_both_channels(key: str):
    message = MESSAGES[key]
    assert {given.name for given in message.placeholders} == PROMISED[key]
    assert message.required == PROMISED[key] - {"others"}
    assert message.channels == ("sms", "email")


@pytest.mark.parametrize("key", PROMISED)
def test_an_email_reads_as_a_letter(wording: Wording, key: str):
    body = wording.draft(key, channel="email", language="en", values=MESSAGES[key].samples()).body
    assert body.startswith("Dear parent or carer,\n")
    assert 80 <= len(body.split()) <= 160
    assert re.search(r"(?i)\b(?:tap|click|this e-?mail)\b", body) is None  # it is printed as well


def test_the_own_count_comes_first_and_the_comparison_only_where_a_school_compares(wording: Wording):
    samples = MESSAGES["toolkit_days_missed"].samples()
    for channel in ("sms", "email"):
        compared = wording.draft("toolkit_days_missed", channel=channel, language="en", values=samples).body
        alone = wording.draft("toolkit_days_missed", channel=channel, language="en", values={**samples, "others": None})
        nobody = wording.draft("toolkit_days_missed", channel=channel, language="en", values={**samples, "others": 0})
        assert 0 < compared.index(": 5.") < compared.index("no more than 1.")
        assert "year group" not in alone.body
        assert "no more than 0." in nobody.body
