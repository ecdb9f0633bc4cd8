"""The files of words: what is shipped is whole, and a mistake in one is told with file and key."""

from __future__ import annotations

import pytest

from notifier.configuration.replies import LexiconError, load_lexicon
from notifier.domain.replies import Intent
from notifier.domain.reply_lexicon import PhraseError, compile_phrase

GOOD = """
language = "xy"
name = "Testish"
status = "draft"
reviewed = 2026-11-22

[[rules]]
intent = "illness"
weight = 0.9
phrases = ["blah ill"]
"""


def lexicon_of(tmp_path, text):
    (tmp_path / "replies").mkdir()
    (tmp_path / "replies" / "xy.toml").write_text(text, encoding="utf-8")
    return load_lexicon(tmp_path)


@pytest.mark.parametrize("tag", ["en", "pl", "ur", "ur-Latn", "cy"])
def test_the_shipped_languages_know_every_intent(tag):
    language = load_lexicon().languages[tag]
    assert language.status == "complete"
    # "other" needs no words of its own
    assert language.intents | {Intent.OTHER} == set(Intent)


@pytest.mark.parametrize("tag", ["ro", "bn", "pa", "ar", "pt", "es", "so", "tr", "uk"])
def test_drafts_know_danger_illness_wrong_numbers_opt_outs_and_machines(tag):
    language = load_lexicon().languages[tag]
    assert language.status == "draft"
    wanted = {Intent.DISPUTE, Intent.SAFEGUARDING, Intent.ILLNESS, Intent.WRONGNUM, Intent.OPTOUT, Intent.OOO}
    assert wanted <= language.intents


def test_a_good_file_is_taken(tmp_path):
    assert list(lexicon_of(tmp_path, GOOD).languages) == ["xy"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"illness"', '"sickness"', "xy.toml: rules[1].intent: expected one of dispute"),
        ("0.9", "7.0", "xy.toml: rules[1].weight: expected a number between 0 and 1"),
        ('"draft"', '"finished"', "xy.toml: status: 'finished' is not one of complete, draft"),
        ('"blah ill"', '"{nobody} ill"', "xy.toml: rules[1].phrases: '{nobody} ill' uses the word list {nobody}"),
        ('"blah ill"', '"[blah] ..."', "xy.toml: rules[1].phrases: '[blah] ...' needs at least one word"),
        ("weight", "wieght", "xy.toml: rules[1].wieght: unknown key"),
        ("reviewed = 2026-11-22", "", "xy.toml: reviewed: expected a date"),
        ("name =", "nmae =", "xy.toml: nmae: unknown key"),
        ('"Testish"', '"Testish', "xy.toml: is not valid TOML"),
        ("[[rules]]", "[commands]\nhalt = []\n\n[[rules]]", "xy.toml: commands.halt: unknown"),
        (
            "[[rules]]",
            '[spellings]\na = ["b"]\nc = ["b"]\n\n[[rules]]',
            "xy.toml: spellings.c: 'b' already stands for 'a'",
        ),
    ],
)
def test_a_mistake_is_told_with_file_and_key(tmp_path, old, new, told):
    with pytest.raises(LexiconError) if "TOML" not in told else pytest.raises(Exception, match="TOML") as caught:
        lexicon_of(tmp_path, GOOD.replace(old, new))
    assert told in str(caught.value)


def test_an_empty_folder_is_told(tmp_path):
    (tmp_path / "replies").mkdir()
    with pytest.raises(LexiconError, match="one for each language"):
        load_lexicon(tmp_path)


@pytest.mark.parametrize("phrase", ["[a b", "ab*", "went|| in"])
def test_a_phrase_that_cannot_be_understood_is_refused(phrase):
    with pytest.raises(PhraseError):
        compile_phrase(phrase, classes={}, spellings={})


@pytest.mark.parametrize(
    ("phrase", "line", "found"),
    [
        ("was dropped", " he was dropped off", True),
        ("was dropped", " he was not dropped off", False),
        ("was ... off", " he was very quickly dropped off", True),
        ("was ... off", " he was . she set off", False),
        ("vomit*", " vomiting", True),
        ("in $", " she is in", True),
        ("in $", " she is in bed", False),
        ("^ late", " she is late", False),
        ("at #", " at 8:40", True),
        ("his_own|her_own bed", " her own bed", True),
        ("in [the] class", " in class", True),
    ],
)
def test_the_notation_means_what_the_guide_says(phrase, line, found):
    import re

    pattern, _ = compile_phrase(phrase, classes={}, spellings={})
    assert bool(re.search(pattern, line)) is found
