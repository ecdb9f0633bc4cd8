"""One decision for every pupil on roll: contact, hold or withhold, and why.

Only a mark that says "no reason yet" asks for contact; everything that is missing, unknown or withdrawn never does. The order
of the questions is the order of harm: what would alarm a family wrongly is asked first, what only changes the means comes last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from notifier.domain.choosing import Barrier, Circle
from notifier.domain.codes import CodeEffect
from notifier.domain.guards import RegisterState
from notifier.domain.people import Pupil, PupilFlag
from notifier.domain.reasons import Reason


class Outcome(StrEnum):
    """What a run concluded for one pupil."""

    CONTACT = "contact"
    HOLD = "hold"
    WITHHOLD = "withhold"


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of one pupil at the moment of deciding.

    `on_site_earlier`: in school in an earlier session of the day. `contacted_today`: an earlier session's follow-up still
    chases this absence; `confirmed_today`: a person closed it with a reason; `explained_today`: the register did, for that session.
    `circle` is needed only where the effect is UNEXPLAINED.
    """

    pupil: Pupil
    code: str
    effect: CodeEffect
    register: RegisterState
    on_site_earlier: bool = False
    reported_ahead: bool = False
    contacted_today: bool = False
    confirmed_today: bool = False
    explained_today: bool = False
    circle: Circle | None = None


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds for the whole school at that moment."""

    closed: bool = False
    unusual: bool = False
    too_late: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The conclusion for one pupil, with the code it rests on."""

    pupil_id: str
    code: str
    outcome: Outcome
    reason: Reason


_Conclude = Callable[[Outcome, Reason], Decision]

_BY_EFFECT: dict[CodeEffect, Reason] = {
    CodeEffect.PRESENT: Reason.PRESENT,
    CodeEffect.EXPLAINED: Reason.EXPLAINED,
    CodeEffect.NOT_EXPECTED: Reason.NOT_EXPECTED,
    CodeEffect.OFF_SITE: Reason.OFF_SITE,
    CodeEffect.UNKNOWN: Reason.UNKNOWN_CODE,
    CodeEffect.REVIEW: Reason.NEEDS_REVIEW,
}

FOR_STAFF = frozenset(
    {
        Reason.LEFT_DURING_DAY,
        Reason.EXPLAINED_EARLIER,
        Reason.TOO_LATE,
        Reason.NO_CONTACT_ALLOWED,
        Reason.NO_USABLE_CONTACT,
        Reason.OPTED_OUT,
        Reason.SUPPRESSED,
    }
)
"""Withheld for these reasons, an unexplained absence goes straight to the call list: a person must ring."""


def decide(situation: Situation, conditions: Conditions) -> Decision:
    """Decide about one pupil."""

    def concluded(outcome: Outcome, reason: Reason) -> Decision:
        return Decision(situation.pupil.pupil_id, situation.code, outcome, reason)

    effect = situation.effect
    if effect in _BY_EFFECT:
        return concluded(Outcome.WITHHOLD, _BY_EFFECT[effect])
    if conditions.closed:
        return concluded(Outcome.WITHHOLD, Reason.SCHOOL_CLOSED)
    if effect is CodeEffect.NO_MARK:
        taken = situation.register is not RegisterState.NOT_TAKEN
        return concluded(Outcome.HOLD, Reason.NO_MARK if taken else Reason.REGISTER_NOT_TAKEN)
    return _decide_unexplained(situation, conditions, concluded)


def _decide_unexplained(situation: Situation, conditions: Conditions, concluded: _Conclude) -> Decision:
    if situation.reported_ahead:
        return concluded(Outcome.WITHHOLD, Reason.REPORTED_AHEAD)
    if situation.contacted_today:
        return concluded(Outcome.WITHHOLD, Reason.ALREADY_CONTACTED)
    if situation.confirmed_today:
        return concluded(Outcome.WITHHOLD, Reason.CONFIRMED_EARLIER)
    # past the last time for texts nothing is gained by waiting: whoever is marked absent by then goes to a person
    if situation.register is RegisterState.NOT_TAKEN and not conditions.too_late:
        return concluded(Outcome.HOLD, Reason.REGISTER_NOT_TAKEN)
    if situation.on_site_earlier:
        return concluded(Outcome.WITHHOLD, Reason.LEFT_DURING_DAY)
    if situation.explained_today:
        return concluded(Outcome.WITHHOLD, Reason.EXPLAINED_EARLIER)
    if conditions.too_late:
        return concluded(Outcome.WITHHOLD, Reason.TOO_LATE)
    if situation.register is RegisterState.STALE:
        return concluded(Outcome.HOLD, Reason.REGISTER_STALE)
    if conditions.unusual:
        return concluded(Outcome.HOLD, Reason.UNUSUAL_ABSENCE)
    if PupilFlag.DO_NOT_TEXT in situation.pupil.flags:
        return concluded(Outcome.WITHHOLD, Reason.SUPPRESSED)
    circle = situation.circle
    if circle is None or not circle.allowed:
        return concluded(Outcome.WITHHOLD, why_nobody(circle))
    return concluded(Outcome.CONTACT, Reason.UNEXPLAINED)


def why_nobody(circle: Circle | None) -> Reason:
    """Why none of a pupil's contacts may or can be written to; the most telling barrier speaks for all."""
    barriers = circle.barriers if circle else frozenset()
    if Barrier.OPTED_OUT in barriers:
        return Reason.OPTED_OUT
    if Barrier.SUPPRESSED in barriers:
        return Reason.SUPPRESSED
    if Barrier.NO_ADDRESS in barriers or not barriers:
        return Reason.NO_USABLE_CONTACT
    return Reason.NO_CONTACT_ALLOWED
