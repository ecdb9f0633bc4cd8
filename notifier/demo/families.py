"""How pretend carers behave when a message reaches them: what they answer, in which language, after how many minutes, or not.

A carer answers out of what is really the matter with the child (`Absence.code`), not out of what the register says. Families
that play a scene keep to it; everybody else draws their behaviour, always the same for the same school, seed and carer. All
wording is made up. Carers answer in their own language where we have words in it, otherwise in English.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import Final

from notifier.demo.absence import DemoDay
from notifier.demo.scenes import Scene


class Behaviour(StrEnum):
    """What a carer does about a message. Where it is an answer, the name is that of its intent."""

    ILLNESS = "illness"
    MEDICAL = "medical"
    LATE = "late"
    DISPUTE = "dispute"
    SAFEGUARDING = "safeguarding"
    REFUSAL = "refusal"
    HOLIDAY = "holiday"
    STOP = "optout"
    WRONG_NUMBER = "wrongnum"
    THANKS = "thanks"
    CALLS_OFFICE = "calls_office"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class PlannedReply:
    """One answer: so long after the message arrived, in these words."""

    delay: timedelta
    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a carer does about the first message of a day about these pupils.

    `calls_office_after` is set for a carer who telephones instead; `after_all_clear` is the answer to an all clear, if any.
    """

    carer_id: str
    pupil_ids: tuple[str, ...]
    behaviour: Behaviour
    replies: tuple[PlannedReply, ...] = ()
    calls_office_after: timedelta | None = None
    after_all_clear: PlannedReply | None = None


REPLIES: Final[dict[Behaviour, dict[str, tuple[str, ...]]]] = {
    Behaviour.ILLNESS: {
        "en": (
            "got a tummy bug, back tmrw hopefully",
            "Sorry, {name} has been sick all night so won't be in today",
            "{name} has a high temperature and a sore throat",
            "full of cold and a bad cough, keeping {name} home",
            "Morning. {name} is poorly, should have rang sorry",
            "earache again, seeing the doctor later. {name} won't be in",
        ),
        "pl": (
            "{name} ma gorączkę, dziś nie przyjdzie",
            "Dzień dobry, {name} wymiotuje od rana i zostaje w domu",
            "przepraszam, {name} źle się czuje, boli brzuch",
        ),
        "ur": (
            "{name} کو رات سے بخار ہے، آج گھر پر آرام ہے",
            "السلام علیکم، {name} کی طبیعت خراب ہے، پیٹ میں درد ہے",
            "{name} ko bukhar hai aaj school nahi",
        ),
        "cy": (
            "Mae {name} yn sâl, ddim yn dod heddiw",
            "Bore da, mae gan {name} wres uchel a pheswch",
            "mae {name} wedi bod yn chwydu drwy'r nos",
        ),
        "ro": ("{name} are febră, rămâne acasă azi", "Bună ziua, {name} varsă de azi-noapte"),
    },
    Behaviour.MEDICAL: {
        "en": (
            "{name} is at the dentist this morning, letter was sent in last week",
            "hospital appointment at 10, back after lunch",
        ),
        "pl": ("{name} ma dziś wizytę u lekarza o 10",),
        "cy": ("Mae gan {name} apwyntiad deintydd am 10",),
    },
    Behaviour.LATE: {
        "en": ("on our way, overslept sorry", "running late be there in 10", "car wouldnt start, {name} is on the way now"),
        "pl": ("już jedziemy, korki, będziemy za 10 minut",),
        "cy": ("ar ein ffordd nawr, sori",),
    },
    Behaviour.DISPUTE: {
        "en": (
            "{name} is in school! I dropped off at 8.40",
            "What do you mean not in? {name} walked in with the others, please check",
            "{name} should be there, left home at 8 as normal",
        ),
        "pl": ("{name} jest w szkole, rano odprowadziłam pod same drzwi, proszę sprawdzić",),
        "ur": ("{name} تو سکول میں ہے، میں خود صبح چھوڑ کر آئی تھی، چیک کریں",),
        "cy": ("Mae {name} yn yr ysgol, es i â {name} i'r drws bore 'ma!",),
    },
    Behaviour.SAFEGUARDING: {
        "en": (
            "I dont know where {name} is, left on foot before 8 and phone is off",
            "{name} didn't come home last night, I don't know where {name} is",
        ),
    },
    Behaviour.REFUSAL: {
        "en": ("refusing to come in, I have tried everything", "{name} won't get out of bed, really anxious about school again"),
    },
    Behaviour.HOLIDAY: {
        "en": ("we are away on holiday until monday", "flight was cancelled, stuck in Spain till tomorrow"),
    },
    Behaviour.STOP: {"en": ("STOP",)},
    Behaviour.WRONG_NUMBER: {
        "en": ("wrong number mate, I dont have a child at your school", "Sorry you have the wrong number, new phone"),
    },
    Behaviour.THANKS: {"en": ("ok thanks", "Thanks for letting me know", "👍"), "pl": ("ok, dziękuję",), "cy": ("diolch",)},
}  # fmt: skip
"""Made-up answers by behaviour and language. `{name}` stands for the children, as the family calls them."""

BOTH_ILL: Final = ("both of them have a vomiting bug, been up all night. {name} off today and tmrw",)
"""What a carer says about brothers and sisters who are ill together."""

SCENE_BEHAVIOURS: Final[dict[Scene, Behaviour]] = {
    Scene.SIBLINGS: Behaviour.ILLNESS,
    Scene.ILLNESS_PL: Behaviour.ILLNESS,
    Scene.ILLNESS_UR: Behaviour.ILLNESS,
    Scene.DISPUTE: Behaviour.DISPUTE,
    Scene.LATE: Behaviour.LATE,
    Scene.NO_ANSWER: Behaviour.NO_ANSWER,
    Scene.STOP: Behaviour.STOP,
    Scene.WRONG_NUMBER: Behaviour.WRONG_NUMBER,
    Scene.COURT_ORDER: Behaviour.ILLNESS,
    Scene.LOOKED_AFTER: Behaviour.MEDICAL,
    Scene.LANDLINE_ONLY: Behaviour.NO_ANSWER,
    Scene.THANKS_ONLY: Behaviour.THANKS,
    Scene.SAFEGUARDING: Behaviour.SAFEGUARDING,
    Scene.DAY_TWO: Behaviour.ILLNESS,
    Scene.CALLS_OFFICE: Behaviour.CALLS_OFFICE,
    Scene.REPORTED_AHEAD: Behaviour.ILLNESS,
    Scene.LEFT_DURING_DAY: Behaviour.SAFEGUARDING,
    Scene.WITHDRAWN_CODE: Behaviour.HOLIDAY,
}
"""What the carer of first priority does in each scene."""

DELAYS: Final[dict[Behaviour, tuple[int, int]]] = {
    Behaviour.ILLNESS: (2, 14),
    Behaviour.MEDICAL: (4, 18),
    Behaviour.LATE: (1, 6),
    Behaviour.DISPUTE: (1, 5),
    Behaviour.SAFEGUARDING: (2, 7),
    Behaviour.REFUSAL: (4, 18),
    Behaviour.HOLIDAY: (5, 25),
    Behaviour.STOP: (2, 9),
    Behaviour.WRONG_NUMBER: (1, 10),
    Behaviour.THANKS: (1, 8),
    Behaviour.CALLS_OFFICE: (6, 20),
}
"""Minutes until a carer acts, from and to; an assumption."""

DRAWN: Final[dict[str, tuple[tuple[Behaviour, float], ...]]] = {
    "I": (
        (Behaviour.ILLNESS, 62), (Behaviour.CALLS_OFFICE, 12), (Behaviour.THANKS, 4), (Behaviour.WRONG_NUMBER, 1),
        (Behaviour.STOP, 1), (Behaviour.NO_ANSWER, 20),
    ),
    "M": ((Behaviour.MEDICAL, 80), (Behaviour.NO_ANSWER, 20)),
    "U": ((Behaviour.LATE, 65), (Behaviour.DISPUTE, 10), (Behaviour.NO_ANSWER, 25)),
    "G": ((Behaviour.HOLIDAY, 35), (Behaviour.NO_ANSWER, 65)),
    "O": ((Behaviour.REFUSAL, 45), (Behaviour.HOLIDAY, 5), (Behaviour.CALLS_OFFICE, 10), (Behaviour.NO_ANSWER, 40)),
}  # fmt: skip
"""What carers outside the scenes do, by what is really the matter, with weights; an assumption."""

IN_SCHOOL: Final = ((Behaviour.DISPUTE, 90.0), (Behaviour.NO_ANSWER, 10.0))
"""What carers do who are told that a child is absent who is in fact in school."""


class Families:
    """The carers of one day. Ask `plan_for` when the first message about some pupils reaches a carer."""

    def __init__(self, day: DemoDay) -> None:
        self._day = day
        self._school = day.school

    def behaviour_of(self, carer_id: str, pupil_ids: Sequence[str]) -> Behaviour:
        """What this carer does about a message naming these pupils. Raises KeyError for a carer the school does not know."""
        family = self._school.family_of[carer_id]
        scene = self._scene(pupil_ids)
        if scene is not None:
            if carer_id == family.carer_ids[0]:
                return SCENE_BEHAVIOURS[scene]
            # the father is asked because a stranger has the mother's number, and answers
            return Behaviour.ILLNESS if scene is Scene.WRONG_NUMBER else Behaviour.NO_ANSWER
        absence = next((self._day.absences[p] for p in pupil_ids if p in self._day.absences), None)
        table = IN_SCHOOL if absence is None else DRAWN.get(absence.code, DRAWN["O"])
        return self._chance(carer_id).choices([b for b, _ in table], [w for _, w in table])[0]

    def plan_for(self, carer_id: str, pupil_ids: Sequence[str]) -> Plan:
        """Everything this carer does about a message naming these pupils: the same however often it is asked."""
        behaviour = self.behaviour_of(carer_id, pupil_ids)
        pupils = tuple(pupil_ids)
        if behaviour is Behaviour.NO_ANSWER:
            return Plan(carer_id, pupils, behaviour)
        chance = self._chance(carer_id + "/words")
        delay = timedelta(minutes=chance.randint(*DELAYS[behaviour]), seconds=chance.randrange(60))
        if behaviour is Behaviour.CALLS_OFFICE:
            return Plan(carer_id, pupils, behaviour, calls_office_after=delay)
        reply = self._reply(chance, carer_id, pupils, behaviour, delay)
        thanks = None
        if behaviour in (Behaviour.LATE, Behaviour.DISPUTE):
            thanks = self._reply(chance, carer_id, pupils, Behaviour.THANKS, timedelta(minutes=chance.randint(1, 4)))
        return Plan(carer_id, pupils, behaviour, (reply,), after_all_clear=thanks)

    def _reply(
        self, chance: Random, carer_id: str, pupil_ids: tuple[str, ...], behaviour: Behaviour, delay: timedelta
    ) -> PlannedReply:
        worded = REPLIES[behaviour]
        own = self._school.carers[carer_id].language
        language = own if own in worded else "en"
        texts = worded[language]
        if behaviour is Behaviour.ILLNESS and language == "en" and len(pupil_ids) > 1:
            texts = BOTH_ILL
        name = " & ".join(self._school.by_id[pupil_id].called for pupil_id in pupil_ids)
        return PlannedReply(delay, chance.choice(texts).format(name=name), language)

    def _scene(self, pupil_ids: Sequence[str]) -> Scene | None:
        for pupil_id in pupil_ids:
            absence = self._day.absences.get(pupil_id)
            if absence is not None and absence.scene is not None:
                return absence.scene
        return None

    def _chance(self, purpose: str) -> Random:
        return Random(f"{self._school.key}/{self._school.seed}/{purpose}")
