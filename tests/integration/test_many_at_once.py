"""Several machines at once: the same runs, hand-overs, ladders and files side by side send each text once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

MACHINES = 4


@pytest.fixture
def machines(make_morning, person):
    made = [make_morning() for _ in range(MACHINES)]
    made[0].add_school()
    made[0].people(
        *(person(f"p{n}", f"c{n}") for n in range(1, 31)),
        *(person(f"p{n}", f"d{n + 100}", relationship="father", priority=2) for n in range(1, 31)),
    )
    made[0].marks({f"p{n}": "N" if n <= 4 else "/" for n in range(1, 31)})
    network = made[0].network
    for machine in made[1:]:  # one provider for all of them
        machine.network = network
        machine.app.channels = made[0].app.channels
    return made


def at_once(machines, work):
    with ThreadPoolExecutor(MACHINES) as pool:
        return list(pool.map(work, machines))


def test_ticks_at_once_send_each_text_once(machines):
    for moment in ("09:30", "09:50", "10:15", "10:30", "11:00"):
        at_once(machines, lambda machine, moment=moment: machine.tick(moment))
    texts = Counter((item.to, item.body, item.medium) for item in machines[0].network.messages)
    first_day = [key for key in texts if "01632960123" in key[1] and key[2] == "sms"]
    assert first_day
    log = [entry for entry in machines[0].log() if entry["purpose"] == "absence"]
    assert (
        len({entry["provider_id"] for entry in log})
        == len(log)
        == sum(count for key, count in texts.items() if key in first_day)
    )
    staff = Counter((mail["template"], mail["to"]) for mail in machines[0].log(staff=True))
    assert staff[("staff_safeguarding_lead", "lead@oakfield.example")] == 1
    assert staff[("staff_call_list", "office@oakfield.example")] == 1
    assert machines[0].unaccounted() == []


def test_marks_that_come_in_during_a_run_are_followed(machines):
    def work(machine):
        if machine is machines[0]:
            machine.marks({f"p{n}": "L" if n <= 4 else "/" for n in range(1, 31)}, at="09:30")
        else:
            machine.run()

    at_once(machines, work)
    open_ones = [item for item in machines[0].board().values() if item["state"] != "closed"]
    assert open_ones == []
    assert machines[0].send().accepted == 0
