"""Handing over: never twice by our doing, never lost in silence, whatever the provider does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notifier.channels.simulator import Fate


@pytest.fixture
def due(morning, person):
    morning.people(
        person("p1", "c1", email="c1@families.example"), person("p1", "c2", relationship="father", priority=2)
    )
    morning.marks({"p1": "N"})
    morning.run()
    return morning


def fate(morning, name):
    morning.network.rules["+447700900001"] = Fate(name)


def statuses(morning):
    return [(m["carer_id"], m["channel"], m["status"], m["reason"]) for m in morning.log()]


def taken(morning):
    return [item for item in morning.network.messages if item.to == "+447700900001"]


def reconcile(morning, at):
    import asyncio

    from notifier.services.reconcile import reconcile as settle

    async def work():
        counts = await settle(morning.app, now=morning.at(at))
        await morning._close()
        return counts

    return asyncio.run(work())


def test_a_lost_answer_is_unknown_and_then_adopted_not_repeated(due):
    fate(due, "answer_lost")
    assert due.send().unknown == 1
    assert due.send("09:31").accepted == 0
    assert reconcile(due, "09:32").adopted == 1
    assert statuses(due)[0][2] in ("accepted", "sent", "delivered")
    assert len(taken(due)) == 1


def test_what_never_arrived_is_repeated_only_after_the_provider_says_so(due):
    fate(due, "never_arrived")
    assert due.send().unknown == 1
    assert reconcile(due, "09:30").still_unknown == 1, "too early to be sure"
    due.network.rules.clear()
    assert reconcile(due, "09:32").requeued == 1
    assert due.send("09:32").accepted == 1
    assert len(taken(due)) == 1


def test_a_refused_number_is_remembered_and_the_carer_gets_an_email(due):
    fate(due, "invalid")
    assert due.send().failed == 1
    due.send("09:31")
    assert [(carer, channel, status) for carer, channel, status, _ in statuses(due)] == [
        ("c1", "sms", "failed"), ("c1", "email", "sent") if statuses(due)[1][2] == "sent" else ("c1", "email", "accepted"),
    ]  # fmt: skip


def test_an_opt_out_the_provider_knows_of_is_recorded(due):
    fate(due, "opted_out")
    due.send()
    with due.app.database.read() as connection:
        from notifier.store import blocks

        assert ("sms", "+447700900001") in blocks.load_blocks(connection, "oakfield", due.day).opted_out


def test_a_busy_provider_is_tried_again_later(due):
    fate(due, "busy")
    assert due.send().retry == 1
    assert due.send("09:35").accepted == 1


def test_past_its_deadline_nothing_leaves_and_people_are_told(due):
    assert due.send("11:31").expired == 1
    assert taken(due) == []
    assert due.board()["p1"]["call_list_at"]
    assert due.unaccounted() == []


def test_the_spending_limit_holds_texts_and_a_person_lets_them_go(make_morning, person):
    from notifier.services import schools

    morning = make_morning(NOTIFIER_PRICES__SMS_PENCE_PER_SEGMENT="3000")
    morning.add_school()
    morning.people(person("p1", "c1"), person("p2", "c2"))
    morning.marks({"p1": "N", "p2": "N"})
    morning.run()
    sent = morning.send()
    assert (sent.accepted, sent.held) == (1, 1)
    assert "staff_spend_cap" in {mail["template"] for mail in morning.log(staff=True)}
    assert morning.unaccounted() == []
    with pytest.raises(schools.NotAllowed):
        schools.release(morning.app, "oakfield", "no such hold", by="Bashir", now=morning.at("09:35"))
    schools.release(morning.app, "oakfield", "spend_cap", by="Bashir", now=morning.at("09:35"))
    assert [m["status"] for m in morning.log()].count("queued") == 1
    told = next(mail["body"] for mail in morning.log(staff=True) if mail["template"] == "staff_spend_cap")
    assert "Spent: £30.00. Limit: £50.00. Messages waiting: 1." in told
    assert morning.send("09:36").accepted >= 1, "what was let go leaves: as much again may be spent"
    assert {(m["status"], m["reason"]) for m in morning.log()} == {("accepted", None)}
    morning.tick("09:50")
    assert [m["reason"] for m in morning.log() if m["status"] == "held"] == ["spend_cap"], (
        "the second sum has its end too"
    )
    assert morning.unaccounted() == []


def test_one_number_never_gets_the_same_text_over_and_over(morning, person):
    morning.people(*(person(f"p{n}", f"c{n}", given_name="Sam", mobile="07700 900555") for n in range(1, 7)))
    morning.marks({f"p{n}": "N" for n in range(1, 7)})
    morning.run()
    morning.send()
    left = [m for m in morning.log() if m["status"] == "accepted"]
    assert len(left) == 3
    assert {m["reason"] for m in morning.log() if m["status"] == "withheld"} == {"equal_text_cap"}
    assert morning.unaccounted() == []


def test_wrong_account_settings_stop_sending_and_alert_staff(due):
    class Refusing:
        name, medium, concurrency = "twilio", "sms", 4

        async def send(self, outgoing, *, now):
            from notifier.channels.base import ErrorClass, Outcome, OutcomeKind

            return Outcome(OutcomeKind.REFUSED, error_code="20003", error_class=ErrorClass.CONFIG, detail="credentials")

        async def find(self, to, *, since):
            return []

        async def fetch(self, provider_id, *, now):
            return None

        async def inbox(self, *, since):
            return []

        async def close(self):
            return None

    due.app.channels["sms"] = Refusing()
    assert due.send().held == 1
    assert "staff_sending_stopped" in {mail["template"] for mail in due.log(staff=True)}
    assert due.board()["p1"]["call_reason"] == "configuration"
    assert due.unaccounted() == []


@pytest.mark.parametrize("seconds", [119, 121], ids=["within its lease", "past its lease"])
def test_a_claim_from_another_machine_is_respected_until_its_lease_ends(due, seconds):
    from sqlalchemy import update

    from notifier.store.tables import messages

    with due.app.database.begin() as connection:
        connection.execute(
            update(messages).values(status="sending", claimed_by="elsewhere:1", claimed_at=due.at("09:30"), attempts=1)
        )
    from notifier.services import reconcile as module

    module._orphans_to_unknown(due.app, due.at("09:30") + timedelta(seconds=seconds))
    assert due.log()[0]["status"] == ("sending" if seconds == 119 else "unknown")


def test_news_for_staff_is_tried_until_the_mail_server_is_back(morning, person):
    morning.people(person("p1", "c1", registration_group="4B"), person("p2", "c2", registration_group="5A"))
    morning.marks({"p1": "/"})
    morning.run()
    address = "office@oakfield.example"
    morning.network.rules[address] = Fate.BUSY
    [mail] = morning.log(staff=True)
    assert (mail["template"], mail["to"]) == ("staff_register_not_taken", address)
    assert morning.send("09:30").retry == 1
    assert morning.send("09:45").staff == 1


def test_without_any_way_out_messages_wait_and_then_people_are_told(due):
    del due.app.channels["sms"]
    assert due.send("09:31").accepted == 0
    assert due.log()[0]["status"] == "queued"
    assert due.send("11:31").expired == 1
    assert due.board()["p1"]["call_reason"] == "past_deadline"


def test_a_long_hand_over_dates_its_claims_and_deadlines_by_the_time_that_has_passed(due):
    import asyncio
    from datetime import UTC, datetime

    from notifier.services.hand_over import Pace, hand_over

    async def no_sleep(_seconds):
        return None

    async def work(minutes):
        pace = Pace(clock=lambda: datetime(2027, 1, 1, tzinfo=UTC), sleep=no_sleep, elapsed=lambda: minutes * 60.0)
        counts = await hand_over(due.app, now=due.at("09:30"), pace=pace)
        await due._close()
        return counts

    assert asyncio.run(work(minutes=125)).expired == 1, "11:35 is past the last time for contact"
    assert taken(due) == []


def test_a_message_whose_claim_grew_old_goes_back_and_leaves_once(due, monkeypatch):
    from notifier.services import hand_over

    class OldAtFirst(hand_over.InFlight):
        ages = iter([-1.0])

        def __init__(self, *arguments, fresh_for, **more):
            super().__init__(*arguments, fresh_for=next(self.ages, fresh_for), **more)

    async def first_batch():
        pace = hand_over.Pace(clock=lambda: due.at("09:30"), sleep=None)
        counts = await hand_over.hand_over(due.app, now=due.at("09:30"), pace=pace, limit=1)
        await due._close()
        return counts

    import asyncio

    monkeypatch.setattr(hand_over, "InFlight", OldAtFirst)
    assert asyncio.run(first_batch()).retry == 1
    assert (taken(due), due.log()[0]["status"]) == ([], "queued")
    assert due.send("09:31").accepted == 1
    assert len(taken(due)) == 1
