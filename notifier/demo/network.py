"""What goes wrong between the school and a carer's telephone on a pretend morning: little, but of every kind.

Some addresses refuse for a while, some for good, and for some the provider takes the message while its answer to us is lost.
A demonstration hands this to the simulated network; which addresses are hit is always the same for one school and seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from notifier.demo.addresses import DemoCarer
from notifier.demo.population import DemoSchool
from notifier.demo.scenes import Scene

TEMPORARY_SHARE: Final = 0.01
PERMANENT_SHARE: Final = 0.007
LOST_SHARE: Final = 0.004
"""Shares of carers outside the scenes who are hit by each kind of trouble; an assumption."""

TEMPORARY_SCENE: Final = Scene.ILLNESS_PL
PERMANENT_SCENE: Final = Scene.DAY_TWO
LOST_SCENE: Final = Scene.THANKS_ONLY
"""Scenes in which the first carer's text is delayed, cannot be delivered (an e-mail can), or leaves with its outcome unknown."""


@dataclass(frozen=True, slots=True)
class NetworkTrouble:
    """Addresses (E.164 or e-mail) that are in trouble today; an address is in one kind of trouble only.

    `temporary`: how often the provider certainly refuses before it accepts. `permanent`: never delivered. `lost_answers`: the
    provider takes the first message, but we never hear that it did.
    """

    temporary: Mapping[str, int]
    permanent: frozenset[str]
    lost_answers: frozenset[str]


def trouble_for(school: DemoSchool) -> NetworkTrouble:
    """Choose the addresses in trouble: one for each of three scenes, and a few among all other carers."""
    temporary: dict[str, int] = {}
    permanent: set[str] = set()
    lost: set[str] = set()
    playing = {carer_id for family in school.parts.values() for carer_id in family.carer_ids}
    chance = Random(f"{school.key}/{school.seed}/network")
    for carer in school.carers.values():
        draw = chance.random()
        address = _address(carer)
        if address is None or carer.carer_id in playing:
            continue
        if draw < TEMPORARY_SHARE:
            temporary[address] = 1 + int(draw / TEMPORARY_SHARE * 2)
        elif draw < TEMPORARY_SHARE + PERMANENT_SHARE:
            permanent.add(address)
        elif draw < TEMPORARY_SHARE + PERMANENT_SHARE + LOST_SHARE:
            lost.add(address)
    if hit := _first_address(school, TEMPORARY_SCENE):
        temporary[hit] = 1
    if hit := _first_address(school, PERMANENT_SCENE):
        permanent.add(hit)
    if hit := _first_address(school, LOST_SCENE):
        lost.add(hit)
    return NetworkTrouble(temporary, frozenset(permanent), frozenset(lost))


def _address(carer: DemoCarer) -> str | None:
    return carer.mobile or carer.email or None


def _first_address(school: DemoSchool, scene: Scene) -> str | None:
    family = school.parts.get(scene)
    return _address(school.carers[family.carer_ids[0]]) if family else None
