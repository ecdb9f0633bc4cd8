"""What a telephone call to a carer came to, and what follows from it. Pure.

A call never closes a follow-up by itself: a person confirms the reason. It may pause texts, raise the alarm, or show that a
number must not be used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class CallOutcome(StrEnum):
    """The outcomes that are told apart."""

    REASON = "reason"
    ALARM = "alarm"
    NO_REASON = "no_reason"
    MESSAGE = "message"
    NO_ANSWER = "no_answer"
    WRONG_NUMBER = "wrong_number"
    DEAD_NUMBER = "dead_number"


@dataclass(frozen=True, slots=True)
class CallWords:
    """An outcome for staff: its label, what it means beside it, and how the story tells it.

    `pauses` says that further automatic texts stop, as after a reply; `alarms` that nobody knows where the child is; `fault` is why the
    number must not be used any more, empty where it may.
    """

    label: str
    hint: str
    told: str
    pauses: bool = False
    alarms: bool = False
    fault: str = ""


CALLS: Final[Mapping[CallOutcome, CallWords]] = {
    CallOutcome.REASON: CallWords(
        "Spoke, and was given a reason",
        "Texts stop. Confirm the reason next.",
        "spoke, was given a reason",
        pauses=True,
    ),
    CallOutcome.ALARM: CallWords(
        "Spoke: they believe the child is in school, or do not know where",
        "Urgent: stands first on the board, and the safeguarding lead is told.",
        "spoke: they believe the child is in school, or do not know where",
        pauses=True,
        alarms=True,
    ),
    CallOutcome.NO_REASON: CallWords("Spoke, no reason yet", "The follow-up goes on.", "spoke, no reason yet"),
    CallOutcome.MESSAGE: CallWords("Left a message asking to ring back", "The follow-up goes on.", "left a message"),
    CallOutcome.NO_ANSWER: CallWords("No answer", "The follow-up goes on.", "no answer"),
    CallOutcome.WRONG_NUMBER: CallWords(
        "Wrong number", "No more texts go to this number. Correct it in your MIS.", "wrong number", fault="wrong_number"
    ),
    CallOutcome.DEAD_NUMBER: CallWords(
        "Number not in use",
        "No more texts go to this number. Correct it in your MIS.",
        "number not in use",
        fault="unreachable",
    ),
}
"""The words of each outcome, in the order in which a form offers them."""
