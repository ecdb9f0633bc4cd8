"""The reading of replies is measured on labelled sets, and may not become worse than it is.

First the phrases alone, then the shipped reading with the learned model. The floors stand a little below what was measured
(docs/reference/reply-model-card.md), so that a change that costs more than a few replies fails here.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from notifier.configuration.replies import load_lexicon
from notifier.configuration.reply_model import load_reply_model
from notifier.domain.replies import URGENT, Intent
from notifier.domain.reply_reading import read_reply

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from bench.replies import facts, figures, grouped, read_set  # noqa: E402

OWN = ROOT / "tests" / "data"
TRAINING = ROOT.parent / "shared" / "reference" / "replies-labelled.json"
LEXICON = load_lexicon()
MODEL = load_reply_model()


def own(name):
    return json.loads((OWN / name).read_text(encoding="utf-8"))["replies"]


def training(part):
    if not TRAINING.is_file():
        pytest.skip(f"NOT MEASURED: the labelled replies are not at {TRAINING.name} beside this repository")
    return json.loads(TRAINING.read_text(encoding="utf-8"))[part]


def measure(rows):
    right = caught = urgent = flagged = 0
    for row in rows:
        reading = read_reply(row["text"], lexicon=LEXICON)
        wanted = Intent(row["intent"])
        right += reading.intent is wanted
        urgent += wanted in URGENT
        caught += wanted in URGENT and reading.urgent
        flagged += wanted not in URGENT and reading.urgent
    return right / len(rows), caught / urgent, flagged / (len(rows) - urgent)


SETS = {
    "held out, English": (lambda: own("replies_heldout_en.json"), 0.96, 1.0, 0.03),
    "held out, Polish, Urdu and Welsh": (lambda: own("replies_heldout_languages.json"), 0.98, 1.0, 0.02),
    "odd wording, English": (lambda: own("replies_odd_en.json"), 0.92, 0.97, 0.06),
    "plain wording, English": (lambda: own("replies_plain_en.json"), 0.97, 1.0, 0.03),
    "training, English": (lambda: training("en"), 0.97, 1.0, 0.02),
}


@pytest.mark.parametrize(("rows", "accuracy", "recall", "false_flags"), SETS.values(), ids=SETS.keys())
def test_the_reading_is_no_worse_than_measured(rows, accuracy, recall, false_flags):
    right, caught, flagged = measure(rows())
    assert right >= accuracy
    assert caught >= recall
    assert flagged <= false_flags


def test_danger_is_seen_in_every_language_of_the_labelled_replies():
    rows = training("other_languages")
    by_language = defaultdict(list)
    for row in rows:
        if Intent(row["intent"]) in URGENT:
            by_language[row["lang"]].append(row)
    missed = [
        row["text"]
        for some in by_language.values()
        for row in some
        if not read_reply(row["text"], lexicon=LEXICON).urgent
    ]
    assert missed == []


def test_the_whole_of_safety_opt_out_and_wrong_number_is_read_in_other_languages():
    safety = URGENT | {Intent.OPTOUT, Intent.WRONGNUM, Intent.ILLNESS}
    rows = [row for row in training("other_languages") if Intent(row["intent"]) in safety]
    wrong = [
        row["text"] for row in rows if read_reply(row["text"], lexicon=LEXICON).intent is not Intent(row["intent"])
    ]
    assert wrong == []


# ------------------------------------------------------------------------------------------------ the release gate

FLOORS = {
    # set: kind right, urgent caught, others flagged, suggested code right
    "replies_frozen_en.tsv": (0.93, 0.96, 0.08, 0.98),
    "replies_frozen_languages.tsv": (0.92, 0.94, 0.05, 0.97),
    "replies_heldout_en.json": (0.97, 0.98, 0.05, 0.98),
    "replies_plain_en.json": (0.97, 0.98, 0.03, 0.98),
    "replies_odd_en.json": (0.94, 0.97, 0.12, 0.95),
    "replies_heldout_languages.json": (0.97, 0.98, 0.03, 0.95),
}


@pytest.mark.parametrize(("name", "floor"), FLOORS.items(), ids=FLOORS.keys())
def test_the_shipped_reading_keeps_its_floors_on_sets_it_was_not_taught(name, floor):
    read, _ = read_set(name, MODEL)
    urgent = [one.reading.urgent for one in read if one.urgent]
    others = [one.reading.urgent for one in read if not one.urgent]
    coded = [one.right for one in read if one.reading.suggested_code]
    right, caught, flagged, codes = floor
    assert sum(one.right for one in read) / len(read) >= right
    assert sum(urgent) / len(urgent) >= caught
    assert sum(others) / len(others) <= flagged
    assert sum(coded) / len(coded) >= codes


def test_no_language_falls_behind():
    read, _ = read_set("replies_frozen_languages.tsv", MODEL)
    weak = {}
    for language, some in grouped(read, "language"):
        urgent = [one.reading.urgent for one in some if one.urgent]
        if sum(urgent) / len(urgent) < 0.6 or sum(one.right for one in some) / len(some) < 0.4:
            weak[language] = (sum(urgent), len(urgent))
    assert weak == {}


def test_a_reply_is_read_in_a_few_thousandths_of_a_second():
    assert read_set("replies_plain_en.json", MODEL)[1] < 15  # 1 ms on a quiet machine


def test_the_published_figures_are_the_measured_ones():
    page = (ROOT / "docs" / "reference" / "reply-model-card.md").read_text(encoding="utf-8")
    lines = [line for line in figures(MODEL, "As shipped", details=False) if line.startswith("| frozen")]
    assert len(lines) == 2
    assert [line for line in [*lines, *facts()] if line not in page] == []
