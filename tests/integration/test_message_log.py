"""The log is searched by pupil, carer, number, words, state, date, template, channel and direction, a page at a time."""

from __future__ import annotations

import pytest
from alembic import command

from notifier.domain.messages import MessageStatus
from notifier.store import message_log
from notifier.store.database import _alembic_config as alembic_config
from notifier.store.message_log import Wanted


@pytest.fixture
def searched(morning, person):
    """A morning with answers in three scripts and one number that fails; `find` gives (direction, words) of what it finds."""
    morning.people(
        person("P1", "C1", given_name="Zoë", language="pl"),
        person("P2", "C2"),
        person("P3", "C2"),
        person("P4", "C4", mobile="", email="c4@family.example"),
    )
    morning.marks({"P1": "N", "P2": "N", "P3": "N", "P4": "N"})
    morning.run()
    morning.send()
    morning.reply("+447700900001", "Zoë ma złamaną rękę, http://x.example/r/AbCdEfGhIjKlMnOpQrStUv", "09:41")
    morning.reply("+447700900002", "both have a tummy bug", "09:42")
    morning.reply("+447700900002", "میرا بیٹا بیمار ہے", "09:43")
    return morning


def _find(morning, limit=50, before=None, school="oakfield", **wanted):
    with morning.app.database.read() as connection:
        return message_log.find(connection, school, Wanted(**wanted), limit=limit, before=before)


def _bodies(found):
    return [entry.row.body for entry in found if entry.direction == "in"]


def test_each_condition_narrows_the_log(searched):
    everything = _find(searched)
    assert [entry.number for entry in everything] == sorted((entry.number for entry in everything), reverse=True)
    assert [entry.direction for entry in everything].count("in") == 3
    for wanted in (
        {"direction": "in"},
        {"direction": "out"},
        {"channel": "email"},
        {"template": everything[-1].row.template},
        {"carer_ids": ("C2",)},
        {"addresses": ("+447700900001",)},
        {"pupil_ids": ("P3",)},
        {"since": searched.at("09:40")},
        {"until": searched.at("09:40")},
        {"status": everything[-1].row.status},
        {"typed": "tummy"},
    ):
        found = _find(searched, **wanted)
        assert 0 < len(found) < len(everything) or wanted == {"status": everything[-1].row.status}, wanted
        assert {entry.number for entry in found} <= {entry.number for entry in everything}
    assert {entry.row.carer_id for entry in _find(searched, pupil_ids=("P3",))} == {"C2"}
    assert _find(searched, carer_ids=()) == []
    for state in MessageStatus:
        assert {entry.row.status for entry in _find(searched, status=state.value)} <= {state.value}
    assert _find(searched, school="riverside") == []


@pytest.mark.parametrize(
    ("typed", "number"),
    [("TUMMY", 1), ("tum", 1), ("bug tummy", 1), ("reke", 1), ("zlamana", 1), ("بیمار", 1), ("ummy", 0), ("AbCdEfGhIjKlMnOpQrStUv", 0), ("?!", 0)],
    ids=["capitals", "beginning", "any order", "accent", "stroke", "urdu", "middle of a word", "answer token", "signs only"],
)  # fmt: skip
def test_words_are_found_in_any_script(searched, typed, number):
    assert len(_bodies(_find(searched, typed=typed))) == number
    assert len(_bodies(_find(searched, typed=typed, pupil_ids=("P1", "P2")))) == number  # beside a narrow condition


def test_pages_follow_one_another_without_gap_or_repeat(searched):
    whole = [entry.number for entry in _find(searched)]
    read, before = [], None
    while page := _find(searched, limit=2, before=before):
        read += [entry.number for entry in page]
        before = read[-1]
    assert read == whole
    words = [entry.number for entry in _find(searched, typed="oakfield", direction="out")]
    assert [entry.number for entry in _find(searched, typed="oakfield", direction="out", before=words[0])] == words[1:]


def test_a_state_is_looked_up_as_it_is_now(searched):
    texts = [entry for entry in _find(searched, channel="sms", direction="out") if entry.row.provider_id]
    message = {"provider": texts[0].row.provider, "provider_id": texts[0].row.provider_id}
    assert searched.receipt(message, "undelivered", "09:50") is True
    for more in ({}, {"typed": "oakfield"}, {"carer_ids": (texts[0].row.carer_id,)}):
        assert [entry.number for entry in _find(searched, status="undelivered", **more)] == [texts[0].number]


def test_the_same_message_queued_again_is_entered_once(searched):
    before = len(_find(searched))
    searched.run()
    assert len(_find(searched)) == before


def test_what_was_sent_before_the_log_had_rows_is_entered_by_the_migration(searched):
    whole = [(entry.direction, entry.row.body) for entry in _find(searched)]
    database = searched.app.database
    with database.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, "0003")
    database.upgrade()
    found = _find(searched)
    assert sorted((entry.direction, entry.row.body) for entry in found) == sorted(whole)
    assert [entry.number for entry in found] == list(range(len(found), 0, -1))
    assert len(_bodies(_find(searched, typed="tummy"))) == 1
    assert {entry.row.carer_id for entry in _find(searched, pupil_ids=("P3",), direction="in")} == {"C2"}
