"""Provider calls under way: a bounded number at once, and outcomes written while other calls still wait for theirs.

The next batch is claimed while the last calls of the one before are out, so that nobody waits for the slowest answer. But it is
claimed only after some provider has taken a message of the batch before: a wrong setting must not draw in more messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from notifier.channels.base import Channel, Outcome, OutcomeKind, Outgoing

T = TypeVar("T")

Call = tuple[Any, Outgoing, Channel]
"""A claimed message's row, what its channel is given, and the channel."""

Ended = tuple[Any, Outgoing, Channel, Outcome]
"""A call with what came of it."""

MOST_BATCHES: Final = 2
SETTLE_AFTER: Final = 250
"""So many outcomes are written in one transaction, unless the batch ends or they have waited too long."""
SETTLE_SECONDS: Final = 1.0
"""Longest an outcome waits for others before it is written, so that a slow channel does not keep it from the staff."""


NOT_CALLED: Final = Outcome(OutcomeKind.RETRY, detail="not called: the claim had grown old; it is claimed again")
"""The outcome of a call that was not made. The message goes back to the queue untouched."""


class InFlight:
    """Batches whose calls are under way. `settle` writes outcomes; it runs off the event loop, one transaction at a time."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        settle: Callable[[Sequence[Ended]], None],
        *,
        now: Callable[[], datetime],
        fresh_for: float = float("inf"),
    ) -> None:
        """Nothing is under way yet. `now` is the moment the channels are told.

        A call that has not begun `fresh_for` seconds after its claim is not made any more: before long another process may
        take the claim for an orphan, ask the provider, and send the message itself.
        """
        self._fresh_for = fresh_for
        self._settle = settle
        self._now = now
        self._most = {medium: max(1, way.concurrency) for medium, way in channels.items()}
        self._gates = {medium: asyncio.Semaphore(most) for medium, most in self._most.items()}
        # our transactions one after another: SQLite has one writer, and a second one of ours would only poll for the lock
        self._one_transaction = asyncio.Lock()
        self._batches: set[asyncio.Task[None]] = set()

    async def in_transaction(self, work: Callable[..., T], *arguments: Any) -> T:
        """Run work on the database in a thread, after whatever of ours is at the database now."""
        async with self._one_transaction:
            return await asyncio.to_thread(work, *arguments)

    async def start(self, calls: Sequence[Call]) -> None:
        """Begin a batch; returns as soon as the next one may be claimed."""
        accepted = asyncio.Event()
        batch = asyncio.create_task(self._run(calls, accepted))
        self._batches.add(batch)
        await accepted.wait()
        self._collect(
            {ended for ended in self._batches if ended.done()}
        )  # trouble is raised before anything more is claimed
        while len(self._batches) >= MOST_BATCHES:
            self._collect(await self._any_ended())

    async def finish(self) -> bool:
        """Wait for everything under way; False where nothing was. Raises what a batch raised."""
        waited = bool(self._batches)
        while self._batches:
            self._collect(await self._any_ended())
        return waited

    async def abandon(self) -> None:
        """Wait for the calls that are out and write their outcomes, whatever has gone wrong elsewhere."""
        await asyncio.gather(*self._batches, return_exceptions=True)
        self._batches.clear()

    async def _any_ended(self) -> set[asyncio.Task[None]]:
        ended, _ = await asyncio.wait(self._batches, return_when=asyncio.FIRST_COMPLETED)
        return ended

    def _collect(self, ended: set[asyncio.Task[None]]) -> None:
        self._batches -= ended
        for batch in ended:
            batch.result()

    def _callers(self, calls: Sequence[Call]) -> Iterator[tuple[Iterator[Call], asyncio.Semaphore]]:
        """For every caller the calls it shares with others of its channel: a task for each call cost a third more in all."""
        by_medium: dict[str, list[Call]] = {}
        for call in calls:
            by_medium.setdefault(call[0].channel, []).append(call)
        for medium, mine in by_medium.items():
            upcoming = iter(mine)
            for _ in range(min(len(mine), self._most[medium])):
                yield upcoming, self._gates[medium]

    async def _run(self, calls: Sequence[Call], accepted: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        unsettled: list[Ended] = []
        began = last = clock()

        async def settle() -> None:
            nonlocal last
            ended, unsettled[:], last = tuple(unsettled), [], clock()
            await self.in_transaction(self._settle, ended)

        async def caller(upcoming: Iterator[Call], gate: asyncio.Semaphore) -> None:
            for row, out, channel in upcoming:
                async with gate:
                    fresh = clock() - began <= self._fresh_for
                    outcome = await channel.send(out, now=self._now()) if fresh else NOT_CALLED
                unsettled.append((row, out, channel, outcome))
                if outcome.kind is OutcomeKind.ACCEPTED:
                    accepted.set()
                if len(unsettled) >= SETTLE_AFTER or clock() - last >= SETTLE_SECONDS:
                    await settle()

        try:
            await asyncio.gather(*(caller(upcoming, gate) for upcoming, gate in self._callers(calls)))
            if unsettled:
                await settle()
        finally:
            accepted.set()
