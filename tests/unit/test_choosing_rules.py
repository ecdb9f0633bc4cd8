"""Choosing by the shipped rules: who gets which words, and for whom a family of messages is never chosen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from notifier.configuration.choosing import load_choosing
from notifier.domain.situations import (
    AUTOMATIC,
    ChoosingBook,
    Fact,
    Rule,
    Situation,
    Wanted,
    choose,
    excluded,
    in_words,
)
from notifier.paths import data_folder
from notifier.wording.templates import read_templates

FAMILY_OF = {key: made.family for key, made in read_templates(data_folder("templates") / "messages").items()}
POLICY = {f"policy.{name}": f"the {name} words" for name in ("AM", "PM", "whole_day", "day_two")}
ORDINARY: dict[str, Fact] = {"present_today": True, "asked": True, "phase": "primary", "stage": "", "days_missed": 0}


@pytest.fixture(scope="module")
def book() -> ChoosingBook:
    return load_choosing(None, FAMILY_OF)


@pytest.mark.parametrize(
    ("facts", "template"),
    [
        ({"session": "AM"}, "the AM words"),
        ({"session": "PM"}, "the PM words"),
        ({"session": "PM", "whole_day": True}, "the whole_day words"),
        ({"session": "AM", "day_of_absence": 2, "stage": "nursery"}, "the day_two words"),
        ({"session": "AM", "stage": "nursery"}, "first_day_nursery"),
        ({"session": "PM", "whole_day": True, "stage": "nursery"}, "first_day_nursery"),
        ({"session": "AM", "stage": "sixth_form", "phase": "secondary"}, "first_day_sixth_form"),
        ({"session": "AM", "stage": "sixth_form", "phase": "primary"}, "the AM words"),
    ],
)
def test_the_first_text_has_the_words_of_session_day_and_stage(
    book: ChoosingBook, facts: dict[str, Fact], template: str
) -> None:
    facts = {"day_of_absence": 1, "whole_day": False, "stage": "", "phase": "primary", **facts}
    assert choose(book, Situation.UNEXPLAINED, facts, POLICY).template == template


@pytest.mark.parametrize("year", ["N1", "n2", "Nursery", " nursery "])
def test_nursery_is_read_off_the_year_group_however_it_is_written(book: ChoosingBook, year: str) -> None:
    assert book.stage(year) == "nursery"


@pytest.mark.parametrize(
    ("year", "stage"), [("12", "sixth_form"), ("Y13", "sixth_form"), ("1", ""), ("R", ""), ("", "")]
)
def test_other_years_are_sixth_form_or_have_no_stage(book: ChoosingBook, year: str, stage: str) -> None:
    assert book.stage(year) == stage


@pytest.mark.parametrize(
    ("intent", "urgent", "opened", "template"),
    [
        ("transport", False, True, "as planned"),
        ("illness", False, True, "as planned"),
        ("illness", False, False, "reply_out_of_hours"),
        ("dispute", True, False, "reply_urgent"),
        ("wrongnum", False, False, "as planned"),
        ("who", False, False, "as planned"),
    ],
)
def test_a_reply_is_answered_by_what_it_says_and_when_it_comes(
    book: ChoosingBook, intent: str, urgent: bool, opened: bool, template: str
) -> None:
    facts: dict[str, Fact] = {"intent": intent, "urgent": urgent, "office_open": opened}
    assert choose(book, Situation.REPLY, facts, {"plan.acknowledgement": "as planned"}).template == template


@pytest.mark.parametrize(
    ("situation", "facts", "template"),
    [
        ("left_during_day", {"left_today": True, "open_follow_up": True}, "left_during_day"),
        ("left_during_day", {"left_today": True, "open_follow_up": False}, None),
        ("opted_out", {"stopped_a_channel": True}, "opt_out_follow_up"),
        ("illness_reply", {"illness_reply": True}, "illness_cough_cold"),
        ("illness_reply", {"illness_reply": True, "refusal_reply": True}, None),
        ("welcome_back", {"days_away": 10}, "toolkit_welcome_back"),
        ("welcome_back", {"days_away": 9}, None),
        ("return_after_absence", {"days_away": 3}, "return_after_absence"),
        ("return_after_absence", {"days_away": 3, "present_today": False}, None),
        ("return_after_absence", {"days_away": 3, "no_nudges": True}, None),
        ("improved", {"days_before": 3, "days_now": 1}, "toolkit_improved"),
        ("improved", {"days_before": 3, "days_now": 2}, None),
        ("improved", {"days_before": None, "days_now": 0}, None),
        ("improved", {"days_before": 5, "days_now": 0, "medical": True}, None),
        ("pattern", {"pattern_days": 3, "other_days_missed": 1}, "toolkit_pattern"),
        ("pattern", {"pattern_days": 4, "other_days_missed": 9}, None),
        ("days_missed", {"days_missed": 4, "odd_days": 0}, "toolkit_days_missed"),
        ("days_missed", {"days_missed": 3, "odd_days": 0}, None),
        ("odd_days", {"odd_days": 2, "refusal_reply": True}, "moments_worry"),
        ("odd_days", {"odd_days": 2, "odd_illness_days": 2}, "moments_mild_illness"),
        ("odd_days", {"odd_days": 2, "week_of_half_term": 2}, "moments_fresh_start"),
        ("odd_days", {"odd_days": 2, "week_of_half_term": 5, "pattern_weekday": "Friday"}, "moments_friends"),
        ("odd_days", {"odd_days": 2, "week_of_half_term": 5, "phase": "secondary"}, "moments_learning"),
        ("odd_days", {"odd_days": 2, "week_of_half_term": 5}, "moments_small_things"),
        ("odd_days", {"odd_days": 1}, None),
        ("odd_days", {"odd_days": 5}, None),
        ("clubs", {"asked": True}, "toolkit_clubs"),
        ("clubs", {"asked": False}, None),
    ],
)  # fmt: skip
def test_a_situation_is_recognised_by_its_facts(
    book: ChoosingBook, situation: str, facts: dict[str, Fact], template: str | None
) -> None:
    standing = {"condition.template": "illness_cough_cold"}
    assert choose(book, Situation(situation), {**ORDINARY, **facts}, standing).template == template


NEVER = {
    "moments_matter": {
        "medical", "send", "bereaved", "looked_after", "no_nudges", "vulnerable", "social_worker", "bereavement_reply",
        "urgent_reply", "much_illness",
    },
    "toolkit": {"bereaved", "no_nudges", "bereavement_reply"},
    "illness": {"medical", "bereaved", "no_nudges", "bereavement_reply", "urgent_reply", "much_illness"},
    "first_day": set(),
}  # fmt: skip
FLAGS = sorted(set().union(*NEVER.values()))
A_RULE = {
    "moments_matter": "small_things", "toolkit": "clubs", "illness": "named_illness", "first_day": "some_days_away",
}  # fmt: skip


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("family", NEVER)
def test_a_family_of_messages_is_never_for_its_exclusions_and_for_nobody_else(
    book: ChoosingBook, family: str, flag: str
) -> None:
    rule = book.rule(A_RULE[family])
    assert rule is not None
    for template in (key for key, of in FAMILY_OF.items() if of == family):
        stopped = excluded(book, template, rule, {flag: True})
        assert bool(stopped) == (flag in NEVER[family]), template
        assert excluded(book, template, rule, {flag: False}) == ()


@pytest.mark.parametrize("fact", ["first_day_today", "open_follow_up", "unexplained_today"])
def test_nothing_else_goes_out_beside_the_first_day_unless_its_rule_says_so(book: ChoosingBook, fact: str) -> None:
    for rule in book.rules:
        stopped = excluded(book, rule.template, rule, {fact: True})
        beside = rule.situation in AUTOMATIC or rule.name in ("left_during_day", "stopped_texts")
        assert stopped == (() if beside else (fact,)), rule.name
    assert excluded(book, "toolkit_clubs", None, {fact: True}) == (fact,)


def test_what_is_excluded_still_shows_the_words_that_would_have_fitted(book: ChoosingBook) -> None:
    choice = choose(book, Situation.ODD_DAYS, {**ORDINARY, "odd_days": 2, "send": True, "open_follow_up": True})
    assert (choice.template, choice.excluded_by, choice.allowed) == (
        "moments_small_things", ("send", "open_follow_up"), False,
    )  # fmt: skip
    assert [tried.rule.name for tried in choice.tried if tried.matched] == ["small_things"]


def test_the_first_rule_that_matches_wins_and_the_others_are_not_tried(book: ChoosingBook) -> None:
    first = Rule("first", Situation.CLUBS, "toolkit_clubs", "Because.", {"days_missed": Wanted(at_least=1, at_most=2)})
    second = replace(first, name="second", template="toolkit_thank_you", when={})
    small = replace(book, rules=(first, second))
    assert choose(small, Situation.CLUBS, {"days_missed": 2}).template == "toolkit_clubs"
    assert choose(small, Situation.CLUBS, {"days_missed": 3}).template == "toolkit_thank_you"
    assert len(choose(small, Situation.CLUBS, {"days_missed": 1}).tried) == 1
    assert str(first.when["days_missed"]) == "at least 1 and at most 2"


@pytest.mark.parametrize(
    ("value", "words"), [(None, "not known"), (True, "yes"), (False, "no"), (3, "3"), ("", "none of its own")]
)
def test_facts_are_told_in_words(value: Fact, words: str) -> None:
    assert in_words(value) == words


def test_what_is_not_known_never_matches() -> None:
    assert not Wanted(at_most=3).holds(None)
    assert not Wanted(among=(False,)).holds(None)
    assert not Wanted(at_least=1).holds("two")
