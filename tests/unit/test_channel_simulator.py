"""The pretend network: the same story for the same seed, and the port's promises kept."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from notifier.channels.base import ErrorClass, Outcome, OutcomeKind, Outgoing
from notifier.channels.simulator import NO_TROUBLE, Fate, Odds, SimulatedNetwork, SimulatorChannel
from notifier.domain.messages import MOVES, MessageStatus

NINE = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CARER = "+447700900123"


def text(number: int = 1, to: str = CARER, **fields: object) -> Outgoing:
    values = {
        "attempt_id": f"a{number}",
        "message_id": f"m{number}",
        "school_id": "oakfield",
        "to": to,
        "body": f"text {number}",
        "expires_at": NINE + timedelta(hours=2),
    }
    return Outgoing(**{**values, **fields})


def send(channel: SimulatorChannel, outgoing: Outgoing, now: datetime = NINE) -> Outcome:
    return asyncio.run(channel.send(outgoing, now=now))


def story(seed: int, numbers: list[int]) -> dict[str, tuple]:
    network = SimulatedNetwork(seed=seed, odds=Odds(0.1, 0.1, 0.1, 0.1, 0.1, 0.1))
    channel = SimulatorChannel("sms", network)
    outcomes = {n: send(channel, text(n, f"+447700900{n:03d}")) for n in numbers}
    receipts = network.receipts(NINE + timedelta(hours=1))
    return {
        f"m{n}": (outcome, tuple(r for r in receipts if r.provider_id == outcome.provider_id))
        for n, outcome in outcomes.items()
    }


def test_the_same_seed_tells_the_same_story_in_any_order():
    numbers = list(range(200))
    shuffled = random.Random(1).sample(numbers, len(numbers))

    assert story(7, numbers) == story(7, shuffled)
    assert story(7, numbers) != story(8, numbers)


def test_trouble_comes_about_as_often_as_asked():
    network = SimulatedNetwork(odds=Odds(not_in_use=0.0, switched_off=0.2, silent=0.1))

    fates = Counter(network.fate_of("sms", CARER, f"m{n}", NINE) for n in range(2000))

    assert 300 < fates[Fate.SWITCHED_OFF] < 500
    assert 130 < fates[Fate.SILENT] < 270
    assert set(fates) == {Fate.SWITCHED_OFF, Fate.SILENT, Fate.DELIVERED}


def test_a_number_that_is_not_in_use_is_never_in_use():
    network = SimulatedNetwork(odds=Odds(not_in_use=0.3))

    fates = {
        to: {network.fate_of("sms", to, f"m{n}", NINE) is Fate.NOT_IN_USE for n in range(20)}
        for to in (f"+447700900{n:03d}" for n in range(100))
    }

    assert all(len(seen) == 1 for seen in fates.values())
    assert {True} in fates.values()


@pytest.mark.parametrize(
    ("fate", "kind", "error_class", "stored"),
    [
        (Fate.DELIVERED, OutcomeKind.ACCEPTED, None, True),
        (Fate.SWITCHED_OFF, OutcomeKind.ACCEPTED, None, True),
        (Fate.INVALID, OutcomeKind.REFUSED, ErrorClass.PERMANENT, False),
        (Fate.OPTED_OUT, OutcomeKind.REFUSED, ErrorClass.OPTOUT, False),
        (Fate.BUSY, OutcomeKind.RETRY, ErrorClass.RETRY, False),
        (Fate.ANSWER_LOST, OutcomeKind.UNKNOWN, ErrorClass.AMBIGUOUS, True),
        (Fate.NEVER_ARRIVED, OutcomeKind.UNKNOWN, ErrorClass.AMBIGUOUS, False),
    ],
)
def test_a_rule_fixes_an_addresss_fate_and_find_tells_the_truth(fate, kind, error_class, stored):
    channel = SimulatorChannel("sms", SimulatedNetwork(rules={CARER: fate}))

    outcome = send(channel, text())
    found = asyncio.run(channel.find(CARER, since=NINE))

    assert (outcome.kind, outcome.error_class) == (kind, error_class)
    assert [message.body for message in found] == (["text 1"] if stored else [])


def test_a_busy_network_takes_the_second_try():
    channel = SimulatorChannel("sms", SimulatedNetwork(rules={CARER: Fate.BUSY}))

    assert [send(channel, text()).kind for _ in range(2)] == [OutcomeKind.RETRY, OutcomeKind.ACCEPTED]


@pytest.mark.parametrize(
    ("fate", "statuses", "code"),
    [
        (Fate.DELIVERED, ["sent", "delivered"], None),
        (Fate.SWITCHED_OFF, ["sent", "undelivered"], "switched_off"),
        (Fate.NOT_IN_USE, ["sent", "undelivered"], "not_in_use"),
        (Fate.SILENT, ["sent"], None),
        (Fate.ANSWER_LOST, ["sent", "delivered"], None),
    ],
)
def test_receipts_fall_due_one_by_one_and_are_handed_out_once(fate, statuses, code):
    network = SimulatedNetwork(rules={CARER: fate})
    send(SimulatorChannel("sms", network), text())

    assert network.receipts(NINE) == ()
    steps = []
    while (due := network.next_due()) is not None:
        steps.extend(network.receipts(due))

    assert [receipt.provider_status for receipt in steps] == statuses
    assert steps[-1].error_code == code
    assert {receipt.attempt_id for receipt in steps} == {"a1"}
    assert network.receipts(NINE + timedelta(days=1)) == ()


def test_receipts_only_ever_ask_for_moves_that_a_message_may_make():
    network = SimulatedNetwork(odds=NO_TROUBLE)
    outcome = send(SimulatorChannel("sms", network), text())
    states = [outcome.status, *(receipt.status for receipt in network.receipts(NINE + timedelta(hours=1)))]

    assert states[-1] is MessageStatus.DELIVERED
    assert all(later in MOVES[earlier] for earlier, later in pairwise(states))


def test_an_id_can_be_asked_after_from_another_process():
    outcome = send(SimulatorChannel("sms", SimulatedNetwork(rules={CARER: Fate.NOT_IN_USE})), text())
    stranger = SimulatorChannel("sms", SimulatedNetwork())

    assert asyncio.run(stranger.fetch(outcome.provider_id, now=NINE)) is None
    receipt = asyncio.run(stranger.fetch(outcome.provider_id, now=NINE + timedelta(minutes=5)))
    assert (receipt.status, receipt.error_class) == (MessageStatus.UNDELIVERED, ErrorClass.PERMANENT)
    assert asyncio.run(stranger.fetch("SM" + "1" * 32, now=NINE)) is None


def test_answers_arrive_at_their_own_time():
    network = SimulatedNetwork()
    channel = SimulatorChannel("sms", network)
    late = network.reply(CARER, "chora, wróci jutro", NINE + timedelta(minutes=9))
    early = network.reply("+447700900124", "on our way", NINE + timedelta(minutes=2))
    network.reply("amina@carers.example", "she is ill", NINE + timedelta(minutes=3), reply_token="t1")

    assert network.replies(NINE) == ()
    assert network.replies(NINE + timedelta(minutes=2)) == (early,)
    assert asyncio.run(channel.inbox(since=NINE)) == [early]
    (mail, text_reply) = network.replies(NINE + timedelta(minutes=30))
    assert (mail.channel, mail.reply_token, text_reply) == ("email", "t1", late)
    assert asyncio.run(channel.inbox(since=NINE)) == [early, late]


def test_stop_blocks_texts_from_then_on_until_start():
    network = SimulatedNetwork(odds=NO_TROUBLE)
    channel = SimulatorChannel("sms", network)
    network.reply(CARER, " Stop ", NINE + timedelta(minutes=5))
    network.reply(CARER, "thanks", NINE + timedelta(minutes=6))
    network.reply(CARER, "START", NINE + timedelta(minutes=20))

    kinds = [send(channel, text(n), NINE + timedelta(minutes=n)).error_class for n in (4, 7, 21)]

    assert kinds == [None, ErrorClass.OPTOUT, None]


def test_a_message_past_its_deadline_is_not_taken():
    network = SimulatedNetwork()

    outcome = send(SimulatorChannel("email", network), text(expires_at=NINE))

    assert (outcome.kind, outcome.error_code) == (OutcomeKind.REFUSED, "expired")
    assert network.messages == []
