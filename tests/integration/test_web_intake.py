"""Group commit: writes that arrive together share a transaction, and none of them pays for another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from notifier.store import records
from notifier.store.database import Database
from notifier.web.intake import GroupCommit

NOW = datetime(2026, 11, 23, 9, 35, tzinfo=UTC)


class Counting(Database):
    """A database that counts its writing transactions."""

    transactions = 0

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        self.transactions += 1
        with super().begin() as connection:
            yield connection


@pytest.fixture
def database(database_url: str) -> Iterator[Counting]:
    made = Counting(database_url)
    made.ensure_ready()
    made.transactions = 0
    yield made
    made.close()


def beat(name: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        records.beat(connection, name, NOW)
        return name

    return work


def fail(connection: Connection) -> str:
    records.beat(connection, "faulty", NOW)
    raise ValueError("this one cannot be stored")


def submit(database: Database, works: list[Callable[[Connection], str]], most: int = 100) -> list[object]:
    async def all_at_once() -> list[object]:
        commits = GroupCommit(database, most=most)
        return list(await asyncio.gather(*(commits.submit(work) for work in works), return_exceptions=True))

    return asyncio.run(all_at_once())


def beats(database: Database, names: list[str]) -> list[bool]:
    with database.read() as connection:
        return [records.last_beat(connection, name) is not None for name in names]


def test_what_arrives_together_shares_one_transaction(database):
    names = [f"beat {number}" for number in range(30)]

    assert submit(database, [beat(name) for name in names]) == names
    assert all(beats(database, names))
    assert database.transactions == 1


def test_a_batch_holds_no_more_than_its_limit(database):
    submit(database, [beat(f"beat {number}") for number in range(30)], most=10)

    assert database.transactions == 3


def test_one_bad_item_is_told_so_and_the_others_are_kept(database):
    results = submit(database, [beat("first"), fail, beat("last")])

    assert isinstance(results[1], ValueError)
    assert results[0::2] == ["first", "last"]
    assert beats(database, ["first", "faulty", "last"]) == [True, False, True]


def test_a_bad_item_by_itself_is_told_so(database):
    (result,) = submit(database, [fail])

    assert isinstance(result, ValueError)
    assert database.transactions == 1


def test_without_a_database_nobody_waits_for_one_time_out_after_another(database):
    tried = []

    def unreachable(_connection: Connection) -> str:
        tried.append(1)
        raise OperationalError("INSERT", {}, Exception("the database is locked"))

    results = submit(database, [unreachable] * 20)

    assert all(isinstance(result, OperationalError) for result in results)
    assert len(tried) == 2


def test_an_item_whose_sender_hung_up_is_kept_all_the_same(database):
    async def work() -> str:
        commits = GroupCommit(database, wait=0.05)
        gone = asyncio.create_task(commits.submit(beat("gone")))
        stayed = asyncio.create_task(commits.submit(beat("stayed")))
        await asyncio.sleep(0)
        gone.cancel()
        return await stayed

    assert asyncio.run(work()) == "stayed"
    assert beats(database, ["gone", "stayed"]) == [True, True]


def test_the_next_item_finds_a_commit_that_had_come_to_rest(database):
    async def work() -> list[str]:
        commits = GroupCommit(database)
        return [await commits.submit(beat("one")), await commits.submit(beat("two"))]

    assert asyncio.run(work()) == ["one", "two"]
