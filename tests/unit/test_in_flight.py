"""Calls under way: the next batch may begin early, but only behind a batch of which a provider has taken something."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from notifier.channels.base import Outcome, OutcomeKind
from notifier.services.in_flight import NOT_CALLED, SETTLE_AFTER, InFlight

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ACCEPTED, REFUSED = Outcome(OutcomeKind.ACCEPTED, provider_id="SM1"), Outcome(OutcomeKind.REFUSED)


class Way:
    """A channel whose calls end when the test says so."""

    name, medium, concurrency = "double", "sms", 3

    def __init__(self) -> None:
        self.out, self.most = 0, 0
        self.answers: dict[str, asyncio.Future[Outcome]] = {}

    async def send(self, outgoing, *, now):
        self.out += 1
        self.most = max(self.most, self.out)
        try:
            return await self.answers[outgoing]
        finally:
            self.out -= 1

    def calls(self, *names):
        loop = asyncio.get_running_loop()
        self.answers.update({name: loop.create_future() for name in names})
        return [(SimpleNamespace(channel="sms"), name, self) for name in names]


class Stage:
    """The parts of one hand-over, with what was written."""

    def __init__(self, failing: bool = False, fresh_for: float = 60.0) -> None:
        self.way = Way()
        self.groups: list[list[str]] = []
        self.failing = failing
        self.flight = InFlight({"sms": self.way}, self._settle, now=lambda: NOW, fresh_for=fresh_for)

        self.outcomes: dict[str, Outcome] = {}

    def _settle(self, ended):
        self.outcomes.update({name: outcome for _, name, _, outcome in ended})
        self.groups.append(sorted(name for _, name, _, _ in ended))
        if self.failing:
            raise RuntimeError("the disk is full")

    def begin(self, *names):
        return asyncio.create_task(self.flight.start(self.way.calls(*names)))


async def rest() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_the_next_batch_may_be_claimed_once_one_message_was_taken():
    async def story():
        stage = Stage()
        begun = stage.begin("a", "b")
        await rest()
        assert not begun.done(), "nothing is known of the provider yet"
        stage.way.answers["a"].set_result(ACCEPTED)
        await begun
        assert stage.groups == [], "the other call is still out"
        stage.way.answers["b"].set_result(ACCEPTED)
        assert await stage.flight.finish()
        assert stage.groups == [["a", "b"]]

    asyncio.run(story())


def test_behind_refusals_no_batch_is_claimed_before_they_are_written():
    async def story():
        stage = Stage()
        begun = stage.begin("a", "b")
        await rest()
        stage.way.answers["a"].set_result(REFUSED)
        await rest()
        assert not begun.done()
        stage.way.answers["b"].set_result(REFUSED)
        await begun
        assert stage.groups == [["a", "b"]]

    asyncio.run(story())


def test_never_more_than_two_batches_are_in_hand():
    async def story():
        stage = Stage()
        first = stage.begin("a", "b")
        await rest()
        stage.way.answers["a"].set_result(ACCEPTED)
        await first
        second = stage.begin("c")
        await rest()
        stage.way.answers["c"].set_result(ACCEPTED)
        await asyncio.wait_for(second, 5)
        third = stage.begin("d", "e")
        await rest()
        stage.way.answers["d"].set_result(ACCEPTED)
        await rest()
        assert not third.done(), "the first and the third are both unfinished"
        stage.way.answers["b"].set_result(ACCEPTED)
        await asyncio.wait_for(third, 5)
        stage.way.answers["e"].set_result(ACCEPTED)
        await stage.flight.finish()
        assert sorted(name for group in stage.groups for name in group) == list("abcde")

    asyncio.run(story())


def test_a_channel_never_has_more_calls_out_than_it_allows():
    async def story():
        stage = Stage()
        names = [f"m{number}" for number in range(10)]
        begun = stage.begin(*names)
        await rest()
        assert stage.way.most == 3
        for name in names:
            stage.way.answers[name].set_result(ACCEPTED)
        await begun
        await stage.flight.finish()
        assert stage.way.most == 3

    asyncio.run(story())


def test_outcomes_are_written_before_the_last_call_has_ended():
    async def story():
        stage = Stage()
        names = [f"m{number}" for number in range(SETTLE_AFTER + 1)]
        begun = stage.begin(*names)
        for name in names[:-1]:
            stage.way.answers[name].set_result(ACCEPTED)
        await begun
        for _ in range(500):
            if stage.groups:
                break
            await asyncio.sleep(0.01)
        assert [len(group) for group in stage.groups] == [SETTLE_AFTER]
        stage.way.answers[names[-1]].set_result(ACCEPTED)
        await stage.flight.finish()
        assert [len(group) for group in stage.groups] == [SETTLE_AFTER, 1]

    asyncio.run(story())


def test_trouble_in_writing_outcomes_is_raised():
    async def story():
        stage = Stage(failing=True)
        begun = stage.begin("a")
        await rest()
        stage.way.answers["a"].set_result(ACCEPTED)

        async def to_the_end():
            await begun
            await stage.flight.finish()

        with pytest.raises(RuntimeError, match="the disk is full"):
            await to_the_end()


def test_trouble_in_writing_refusals_is_raised_before_more_is_claimed():
    async def story():
        stage = Stage(failing=True)
        begun = stage.begin("a")
        await rest()
        stage.way.answers["a"].set_result(REFUSED)
        with pytest.raises(RuntimeError, match="the disk is full"):
            await begun

    asyncio.run(story())


def test_after_trouble_elsewhere_the_calls_that_are_out_are_still_written():
    async def story():
        stage = Stage()
        begun = stage.begin("a", "b")
        await rest()
        stage.way.answers["a"].set_result(ACCEPTED)
        await begun
        left = asyncio.create_task(stage.flight.abandon())
        await rest()
        stage.way.answers["b"].set_result(ACCEPTED)
        await left
        assert stage.groups == [["a", "b"]]
        assert not await stage.flight.finish()

    asyncio.run(story())


def test_no_call_begins_once_the_claim_has_grown_old():
    async def story():
        stage = Stage(fresh_for=-1.0)
        await stage.begin("a", "b")
        await stage.flight.finish()
        assert stage.way.most == 0, "the provider was not called"
        assert stage.outcomes == {"a": NOT_CALLED, "b": NOT_CALLED}

    asyncio.run(story())
