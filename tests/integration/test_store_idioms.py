"""The two engines must answer alike where the services rely on counts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from notifier.store import bulk
from notifier.store.bulk import update_many
from notifier.store.database import Database, insert_missing, insert_rows, upsert
from notifier.store.tables import heartbeats, holds, marks, proposals

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("many", [1, 3, 40], ids=["one row", "several rows", "many rows"])
def test_it_says_how_many_rows_were_new(database_url, many):
    database = Database(database_url)
    rows = [{"name": f"n{number}", "at": NOW} for number in range(many)]
    with database.begin() as connection:
        assert insert_missing(connection, heartbeats, rows) == many
    with database.begin() as connection:
        assert insert_missing(connection, heartbeats, [*rows, {"name": "new", "at": NOW}]) == 1
        assert insert_missing(connection, heartbeats, rows) == 0
    database.close()


def test_a_time_without_a_zone_is_refused(database_url):
    database = Database(database_url)
    with database.begin() as connection, pytest.raises(Exception, match="without a zone"):
        insert_missing(connection, heartbeats, [{"name": "n", "at": datetime(2026, 11, 23)}])  # noqa: DTZ001
    database.close()


ODD = (
    "plain",
    "",
    'it\'s "so"',
    "back\\slash",
    "{a,b}",
    "NULL",
    "100% %s ?",
    "line\nbreak\ttab",
    "ażółć یہ 😀",
    ", ;|",
)
"""Words that some way of putting many values into one statement would spoil."""


def _mark(number, **other):
    row = {
        "school_id": "oakfield", "import_id": "i", "row": number, "pupil_id": f"P{number}", "day": date(2026, 11, 23),
        "session": "AM", "code": "N", "minutes_late": None, "comment": ODD[number % len(ODD)], "taken_at": None,
        "received_at": NOW,
    }  # fmt: skip
    return {**row, **other}


def test_many_rows_come_back_as_they_were_given(database_url, monkeypatch):
    monkeypatch.setattr(bulk, "MOST_AT_ONCE", 12)  # so that they are cut into several statements
    given = [
        _mark(n, minutes_late=n if n % 3 else None, taken_at=NOW + timedelta(seconds=n) if n % 2 else None)
        for n in range(30)
    ]
    database = Database(database_url)
    with database.begin() as connection:
        insert_rows(connection, marks, given)
    with database.read() as connection:
        kept = connection.execute(select(marks).where(marks.c.import_id == "i").order_by(marks.c.row)).mappings().all()
    assert [dict(row) for row in kept] == given
    with database.begin() as connection, pytest.raises(IntegrityError):
        insert_rows(connection, marks, given)
    database.close()


def test_many_rows_keep_their_lists_and_get_the_defaults_of_what_they_leave_out(database_url):
    lists = [[], ["P1"], ["P1", 'P"2"'], {"days": 3, "why": ODD[3]}, [None]]
    given = [
        {
            "school_id": "oakfield", "proposal_id": str(n), "pupil_id": "P1", "situation": "days", "period": str(n),
            "family": "toolkit", "template": "t", "grounds": {}, "state": "proposed", "day": date(2026, 11, 23),
            "made_at": NOW, "made_by": "rules", "expires_on": date(2026, 11, 30), "message_ids": each,
        }
        for n, each in enumerate(lists)
    ]  # fmt: skip
    stopped = [
        {
            "school_id": "oakfield", "hold_id": str(n), "day": date(2026, 11, 23), "session": "AM", "kind": "k",
            "scope": str(n), "made_at": NOW,
        }
        for n in range(5)
    ]  # fmt: skip
    database = Database(database_url)
    with database.begin() as connection:
        assert insert_missing(connection, proposals, given) == len(given)
        insert_rows(connection, holds, stopped)
    with database.read() as connection:
        kept = connection.execute(select(proposals.c.message_ids).order_by(proposals.c.proposal_id)).scalars().all()
        made = connection.execute(select(holds.c.ordinal, holds.c.made_by, holds.c.released_at)).all()
    assert kept == lists
    assert [tuple(row) for row in made] == [(1, "scheduler", None)] * 5
    database.close()


def test_of_two_rows_with_one_key_the_last_counts(database_url):
    database = Database(database_url)
    rows = [{"name": f"n{number % 5}", "at": NOW + timedelta(minutes=number)} for number in range(10)]
    with database.begin() as connection:
        upsert(connection, heartbeats, rows[:3], update=("at",))
        upsert(connection, heartbeats, rows, update=("at",))
    with database.read() as connection:
        kept = {row.name: row.at for row in connection.execute(select(heartbeats))}
    assert kept == {f"n{number}": NOW + timedelta(minutes=number + 5) for number in range(5)}
    database.close()


@pytest.mark.parametrize("many", [1, 6], ids=["one row", "several rows"])
def test_rows_are_changed_by_their_keys_and_only_where_the_condition_holds(database_url, many):
    database = Database(database_url)
    key = ("school_id", "import_id", "row")
    with database.begin() as connection:
        insert_rows(connection, marks, [_mark(n, code="N" if n % 2 else "/") for n in range(10)])
        changed = [
            {"school_id": "oakfield", "import_id": "i", "row": n, "code": "I", "comment": ODD[n]}
            for n in range(1, many + 1)
        ]
        assert update_many(connection, marks, changed, keys=key, only_where="marks.code = 'N'") == (many + 1) // 2
        kept = connection.execute(select(marks.c.row, marks.c.comment).where(marks.c.code == "I").order_by(marks.c.row))
        assert [tuple(row) for row in kept] == [(n, ODD[n]) for n in range(1, many + 1, 2)]
    database.close()
