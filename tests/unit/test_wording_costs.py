"""What texts cost, and texts without accents: our own words and dates, never a name."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from notifier.cli.templates import app
from notifier.configuration.errors import ConfigurationError
from notifier.configuration.schools import load_school
from notifier.domain.sms import FOLDABLE, measure, offending
from notifier.paths import data_folder
from notifier.wording import Wording
from notifier.wording.costs import by_template, parts, shown_parts, values_of

run = CliRunner().invoke
KEY = "first_day_am"


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording.load()


def text(wording, language, *, pupils=("Aisha",), fold=False):
    values = {**values_of(wording.template(KEY), longest=False), "pupils": pupils}
    approvals = frozenset({(language, wording.approval_hash(KEY, language))})
    return wording.render(KEY, channel="sms", language=language, values=values, approvals=approvals, fold=fold)


@pytest.mark.parametrize("language", sorted(FOLDABLE))
def test_a_text_without_accents_fits_the_cheap_alphabet(wording, language):
    full, plain = text(wording, language), text(wording, language, fold=True)
    assert (full.encoding, plain.encoding) == ("UCS-2", "GSM-7")
    assert plain.segments <= full.segments / 2
    assert plain.version != full.version
    assert (plain.language, plain.fallback) == (language, None)


def test_polish_words_and_the_spoken_date_lose_their_accents(wording):
    values = {**values_of(wording.template(KEY), longest=False), "date": date(2026, 11, 25)}
    draft = {
        fold: wording.draft(KEY, channel="sms", language="pl", values=values, fold=fold).body for fold in (False, True)
    }
    assert "śr. 25 lis" in draft[False] and "sr. 25 lis" in draft[True]
    assert not offending(draft[True])


@given(name=st.text(st.characters(categories=("L",), max_codepoint=0x24F), min_size=1, max_size=12))
def test_a_name_is_never_folded(wording, name):
    assert name in text(wording, "pl", pupils=(name,), fold=True).body


def test_a_polish_name_stays_and_makes_the_text_dear(wording):
    made = text(wording, "pl", pupils=("Łukasz",), fold=True)
    assert "Łukasz" in made.body
    assert offending(made.body) == ("Ł",)
    assert made.encoding == "UCS-2"


@pytest.mark.parametrize("language", ["tr", "cy", "uk", "ur", "en"])
def test_other_languages_are_never_folded(wording, language):
    assert text(wording, language, fold=True) == text(wording, language)


def test_an_email_keeps_its_accents(wording):
    values = values_of(wording.template(KEY), longest=False)
    made = {wording.draft(KEY, channel="email", language="pl", values=values, fold=fold).body for fold in (False, True)}
    assert len(made) == 1


def test_a_school_may_not_choose_turkish_without_accents():
    file = (data_folder("config") / "schools" / "oakfield.example.toml").read_text("utf-8")
    assert load_school(file.replace('# fold = ["pl"]', 'fold = ["pl"]')).fold == ("pl",)
    with pytest.raises(ConfigurationError, match=r"fold.*'tr' cannot be sent without accents.*es, pl, pt, ro"):
        load_school(file.replace('# fold = ["pl"]', 'fold = ["pl", "tr"]'))


def test_parts_are_those_of_the_text_itself(wording):
    rows = {row.language: row for row in parts(wording, keys=[KEY])}
    assert rows["en"].ordinary == measure(text(wording, "en").body).segments
    for row in rows.values():
        assert 1 <= row.ordinary <= row.longest <= row.limit
        assert (row.folded is not None) == (row.language in FOLDABLE)
    assert rows["pl"].folded < rows["pl"].ordinary


def test_a_missing_translation_costs_what_the_english_costs(wording):
    lithuanian, english = parts(wording, keys=[KEY], languages=["lt", "en"])
    assert lithuanian.missing and not english.missing
    assert (lithuanian.ordinary, lithuanian.longest, lithuanian.folded) == (english.ordinary, english.longest, None)
    assert shown_parts(lithuanian).endswith("*")


def test_the_table_has_every_text_for_families_and_no_staff_mail(wording):
    table = dict(by_template(parts(wording, languages=["en"])))
    assert set(table) == {made.key for made in wording.templates() if "sms" in made.channels and made.family != "staff"}


def test_the_command_as_a_document_and_as_lines():
    told = json.loads(run(app, ["cost", "--template", KEY, "--price", "2.5", "--json"]).stdout)
    assert all(row["pence"] == row["ordinary"] * 2.5 and row["pence_longest"] >= row["pence"] for row in told)
    lines = run(app, ["cost", "--template", KEY]).stdout.splitlines()
    assert lines[0].split("\t")[:2] == ["parts of", "en"]
    assert lines[1].split("\t")[0] == KEY
    refused = run(app, ["cost", "--template", "nothing"])
    assert (refused.exit_code, "There is no message 'nothing'" in refused.stderr) == (2, True)
