"""The two engines must answer alike where the services rely on counts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from notifier.store.database import Database, insert_missing
from notifier.store.tables import heartbeats

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("many", [1, 3], ids=["one row", "several rows"])
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
