"""Who saw and did what: found again, and proof against being changed."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from notifier.services import audit, looks
from notifier.store import records
from notifier.store.audit import Sought
from notifier.store.tables import audit as entries
from notifier.store.tables import looks as look_rows


@pytest.fixture
def audited(morning, person):
    """Twelve acts on three pupils, and looks of two people."""
    morning.people(person("P1", "C1"))
    with morning.app.database.begin() as connection:
        for number in range(12):
            records.add_audit(
                connection, "oakfield", at=morning.at(f"09:{10 + number}"), actor="alice@oakfield.example", act="follow_up.confirm",
                subject=f"P{number % 3}", detail={"code": "I", "day": "2026-11-23"},
            )  # fmt: skip
    for moment, actor in (
        ("09:15", "alice@oakfield.example"),
        ("09:16", "alice@oakfield.example"),
        ("09:31", "bashir@oakfield.example"),
    ):
        looks.note(
            morning.app,
            "oakfield",
            actor=actor,
            what="message",
            subject="m1",
            pupil_ids=["P1", "P2"],
            now=morning.at(moment),
        )
    return morning


def _page(morning, before=None, limit=100, **sought):
    with morning.app.database.read() as connection:
        return audit.page(connection, "oakfield", Sought(**sought), before=before, limit=limit)


def _check(morning, **more):
    with morning.app.database.read() as connection:
        return audit.check(connection, "oakfield", **more)


def test_acts_and_looks_are_found_by_person_act_pupil_and_date(audited):
    everything = _page(audited)
    assert [line.at for line in everything] == sorted((line.at for line in everything), reverse=True)
    assert {line.actor for line in _page(audited, actor="BASHIR")} == {"bashir@oakfield.example"}
    assert {line.act for line in _page(audited, pupil_id="P1")} == {"follow_up.confirm", "look.message"}
    assert {line.pupil_id for line in _page(audited, act="look.message")} == {"P1", "P2"}
    assert len(_page(audited, act="follow_up.confirm")) == 12
    assert {line.number for line in _page(audited, since=audited.at("09:30"))} == {None}
    assert _page(audited, actor="100%") == []


def test_a_look_within_ten_minutes_is_noted_once(audited):
    assert len(_page(audited, act="look.message", actor="alice")) == 2  # two pupils, one look


def test_pages_of_the_audit_leave_nothing_out(audited):
    whole, read, before = _page(audited), [], None
    while told := _page(audited, before=before, limit=3):
        read += told
        before = told[-1].place
    assert read == whole


def test_looks_are_sealed_within_the_hour_and_the_chain_is_whole(audited):
    assert (_check(audited).whole, _check(audited).unsealed) == (True, 4)
    looks.note(
        audited.app,
        "oakfield",
        actor="alice@oakfield.example",
        what="pupil",
        subject="P2",
        pupil_ids=["P2"],
        now=audited.at("10:15"),
    )
    verdict = _check(audited)
    assert (verdict.whole, verdict.looks, verdict.unsealed) == (True, 5, 0)
    assert _check(audited, last=3).whole
    assert _check(audited, expected=(verdict.entries, verdict.head[:12])).whole


def test_what_was_tampered_with_is_named(audited):
    with audited.app.database.begin() as connection:
        looks.seal(connection, "oakfield", now=audited.at("10:00"))
    honest = _check(audited)
    number = entries.c.number
    tampering = {
        "changed": update(entries).where(number == 5).values(actor="mallory@riverside.example"),
        "missing": delete(entries).where(number == 5),
        "does not follow": None,
        "looks": update(look_rows).where(look_rows.c.pupil_id == "P2").values(actor="nobody"),
        "cut off": delete(entries).where(number > 8),
    }
    for words, statement in tampering.items():
        with audited.app.database.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
            if statement is None:
                row = connection.execute(entries.select().where(number == 5)).one()
                entry = {
                    "number": 5,
                    "at": row.at.isoformat(),
                    "actor": "x",
                    "act": row.act,
                    "subject": row.subject,
                    "detail": row.detail,
                }
                made = records.audit_hash(row.previous_hash, entry)
                connection.execute(update(entries).where(number == 5).values(actor="x", entry_hash=made))
            else:
                connection.execute(statement)
            verdict = audit.check(connection, "oakfield", expected=(honest.entries, honest.head))
            connection.rollback()
        assert not verdict.whole, words
        assert words in verdict.why.lower(), verdict.why
    assert _check(audited).whole
