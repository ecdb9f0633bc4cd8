"""The scenes of a pretend morning: the families that always play a part, and what happens to each.

A believable morning holds more than illness: a child who was marked absent and sits in class, a number that belongs to a
stranger, a father who must not be told. Every scene names the kind of family it needs (`Part`) and tells its story in a
sentence. Who plays it, when the marks change and what the carers answer are worked out elsewhere in this folder.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from notifier.demo.addresses import AddressKind
from notifier.domain.people import PupilFlag


class Household(StrEnum):
    """How a family lives."""

    TOGETHER = "two parents together"
    SINGLE = "one parent"
    TWO_HOMES = "two homes"
    COURT_ORDER = "one parent kept away by a court"
    LOOKED_AFTER = "foster carers"
    KINSHIP = "grandparent as special guardian"


@dataclass(frozen=True, slots=True)
class Part:
    """The family a scene needs. `late_register`: its child is in the group whose register comes late."""

    culture: str = "english"
    language: str = "en"
    children: int = 1
    household: Household = Household.TOGETHER
    first: AddressKind = AddressKind.BOTH
    second: AddressKind = AddressKind.BOTH
    flags: frozenset[PupilFlag] = frozenset()
    late_register: bool = False


class Scene(StrEnum):
    """The scenes, most telling first: a small school plays only the first few."""

    SIBLINGS = "siblings"
    ILLNESS_PL = "illness_pl"
    ILLNESS_UR = "illness_ur"
    DISPUTE = "dispute"
    LATE = "late"
    NO_ANSWER = "no_answer"
    STOP = "stop"
    WRONG_NUMBER = "wrong_number"
    COURT_ORDER = "court_order"
    LOOKED_AFTER = "looked_after"
    LANDLINE_ONLY = "landline_only"
    THANKS_ONLY = "thanks_only"
    SAFEGUARDING = "safeguarding"
    DAY_TWO = "day_two"
    CALLS_OFFICE = "calls_office"
    REPORTED_AHEAD = "reported_ahead"
    LEFT_DURING_DAY = "left_during_day"
    WITHDRAWN_CODE = "withdrawn_code"

    @property
    def part(self) -> Part:
        """The family this scene needs."""
        return PARTS[self]

    @property
    def story(self) -> str:
        """What happens, in a sentence."""
        return STORIES[self]


SCENES: Final = tuple(Scene)

PARTS: Final[dict[Scene, Part]] = {
    Scene.SIBLINGS: Part(children=2, household=Household.TWO_HOMES),
    Scene.ILLNESS_PL: Part(culture="polish", language="pl"),
    Scene.ILLNESS_UR: Part(culture="pakistani", language="ur"),
    Scene.DISPUTE: Part(culture="nigerian"),
    Scene.LATE: Part(),
    Scene.NO_ANSWER: Part(household=Household.SINGLE),
    Scene.STOP: Part(household=Household.SINGLE, first=AddressKind.MOBILE),
    Scene.WRONG_NUMBER: Part(first=AddressKind.MOBILE),
    Scene.COURT_ORDER: Part(household=Household.COURT_ORDER),
    Scene.LOOKED_AFTER: Part(household=Household.LOOKED_AFTER),
    Scene.LANDLINE_ONLY: Part(culture="portuguese", first=AddressKind.LANDLINE, second=AddressKind.LANDLINE),
    Scene.THANKS_ONLY: Part(household=Household.SINGLE, late_register=True),
    Scene.SAFEGUARDING: Part(
        household=Household.SINGLE, flags=frozenset({PupilFlag.VULNERABLE, PupilFlag.SOCIAL_WORKER})
    ),
    Scene.DAY_TWO: Part(culture="welsh", language="cy", household=Household.SINGLE),
    Scene.CALLS_OFFICE: Part(household=Household.SINGLE, first=AddressKind.EMAIL),
    Scene.REPORTED_AHEAD: Part(culture="punjabi"),
    Scene.LEFT_DURING_DAY: Part(),
    Scene.WITHDRAWN_CODE: Part(),
}

STORIES: Final[dict[Scene, str]] = {
    Scene.SIBLINGS: "Two children with two homes are away: one message names both, and the answer is for both.",
    Scene.ILLNESS_PL: "A mother answers in Polish: the child has a temperature.",
    Scene.ILLNESS_UR: "A mother answers in Urdu: the child is ill.",
    Scene.DISPUTE: "“She should be in school”: staff look at once, and find the child in class.",
    Scene.LATE: "“On our way”: the child arrives late, and everyone who was alarmed gets the all clear.",
    Scene.NO_ANSWER: "Nobody answers: the ladder is climbed to the call list and the safeguarding lead.",
    Scene.STOP: "A mother texts STOP: no more texts, and a person takes over; the child is not dropped.",
    Scene.WRONG_NUMBER: "The number belongs to a stranger: it is never texted again, and the other parent is asked.",
    Scene.COURT_ORDER: "A court keeps the father away: only the mother is told.",
    Scene.LOOKED_AFTER: "A looked-after child: the foster carer is told, the birth mother is not.",
    Scene.LANDLINE_ONLY: "Only landlines are on file: nobody can be texted, so staff ring.",
    Scene.THANKS_ONLY: "The register comes late, and the only answer is “thanks”, which explains nothing.",
    Scene.SAFEGUARDING: "A worried answer about a vulnerable child goes to the safeguarding lead at once.",
    Scene.DAY_TWO: "Unexplained since yesterday: the second day has its own wording; the answer comes in Welsh.",
    Scene.CALLS_OFFICE: "An e-mail is the only way, and the carer rings the office instead of answering.",
    Scene.REPORTED_AHEAD: "The absence was told to the office the day before: no text leaves.",
    Scene.LEFT_DURING_DAY: "Present in the morning, missing in the afternoon: staff look first, nobody is texted.",
    Scene.WITHDRAWN_CODE: "A code withdrawn in 2024 is in the register: nobody is texted on it.",
}

UNEXPLAINED_SCENES: Final = frozenset(SCENES) - {Scene.LEFT_DURING_DAY, Scene.WITHDRAWN_CODE}
"""Scenes whose children carry the code N in the morning register."""
