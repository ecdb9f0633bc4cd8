"""Group commit for webhooks: many small writes that arrive at the same moment share one transaction.

The commit, not the parsing, is what a webhook costs. An item is a function of the connection; its caller waits until it is on disk.
One bad item never takes others down: when a batch fails, its items are tried one by one. Nothing here knows what the items do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool

from notifier.store.database import Database

T = TypeVar("T")
Work = Callable[[Connection], Any]


class GroupCommit:
    """Collects writes for up to `wait` seconds, or until `most` are there, and commits them together in a worker thread."""

    def __init__(self, database: Database, *, most: int = 100, wait: float = 0.01) -> None:
        self._database = database
        self._most = most
        self._wait = wait
        self._waiting: list[tuple[Work, asyncio.Future[Any]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def submit(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in a transaction and return its result once that is committed. Raises what `work` or the database raises.

        `work` may be called twice: again by itself, after a batch that it was part of was rolled back.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, future))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        return await future

    async def _flush(self) -> None:
        """Commit batch after batch until nobody waits; what arrives during a commit makes the next batch."""
        batch: list[tuple[Work, asyncio.Future[Any]]] = []
        try:
            while self._waiting:
                if len(self._waiting) < self._most:
                    await asyncio.sleep(self._wait)
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                results = await run_in_threadpool(self._commit, [work for work, _ in batch])
                for (_, future), result in zip(batch, results, strict=True):
                    if future.done():  # the sender hung up; what it sent is kept all the same
                        continue
                    if isinstance(result, BaseException):
                        future.set_exception(result)
                    else:
                        future.set_result(result)
        finally:
            self._flusher = None
            left, self._waiting = [*batch, *self._waiting], []
            for _, future in left:  # only where the server is being stopped in the middle: nobody may wait for ever
                if not future.done():
                    future.cancel()

    def _commit(self, works: Sequence[Work]) -> list[Any]:
        """Results in order; an exception in the place of an item that could not be written."""
        try:
            return self._together(works)
        except Exception as problem:
            if len(works) == 1:
                return [problem]
        results: list[Any] = []
        for number, work in enumerate(works):
            try:
                results.extend(self._together([work]))
            except OperationalError as problem:  # no database: do not let each of the others wait for the same time-out
                return [*results, *[problem] * (len(works) - number)]
            except Exception as problem:
                results.append(problem)
        return results

    def _together(self, works: Sequence[Work]) -> list[Any]:
        with self._database.begin() as connection:
            return [work(connection) for work in works]
