"""What a carer's answer can mean, and what each meaning sets in motion.

A reply never changes a mark: it is read, laid beside the mark with a suggestion, and a person confirms. How a text is turned into
one of these meanings is in `notifier.domain.reply_reading`; the words it looks for are data in config/replies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Intent(StrEnum):
    """The kinds of answer that are told apart."""

    DISPUTE = "dispute"
    SAFEGUARDING = "safeguarding"
    ILLNESS = "illness"
    MEDICAL = "medical"
    LATE = "late"
    REFUSAL = "refusal"
    HOLIDAY = "holiday"
    BEREAVEMENT = "bereavement"
    RELIGIOUS = "religious"
    TRANSPORT = "transport"
    WRONGNUM = "wrongnum"
    OPTOUT = "optout"
    CALLME = "callme"
    WHO = "who"
    THANKS = "thanks"
    OOO = "ooo"
    OTHER = "other"


ANSWER_PAGE: Final = "page"
"""The channel of an answer that was given on the answer page, instead of by text or e-mail."""

URGENT: Final = frozenset({Intent.DISPUTE, Intent.SAFEGUARDING})
"""Answers that go to people at once: a child may be in school and unseen, or nobody may know where the child is."""


@dataclass(frozen=True, slots=True)
class IntentPlan:
    """What one kind of answer sets in motion.

    `codes` are the attendance codes a person may choose from; `suggested_code` is one of them, or None where only a person can
    choose. `pauses` says whether automatic texts pause; `call_list` whether the follow-up goes to the call list at once.
    `acknowledgement` is the key of the reviewed automatic answer, None where nothing may be sent. `label` and `next_step` are
    for staff.
    """

    intent: Intent
    label: str
    next_step: str
    suggested_code: str | None = None
    codes: tuple[str, ...] = ()
    pauses: bool = True
    call_list: bool = False
    acknowledgement: str | None = "reply_received"


_PLANS: Final = (
    IntentPlan(
        Intent.DISPUTE,
        "Says the child is or should be in school",
        "Check the register and the site now; ring the carer with what you find.",
        call_list=True,
        acknowledgement="reply_urgent",
    ),
    IntentPlan(
        Intent.SAFEGUARDING,
        "Worry about the child's safety",
        "Tell the safeguarding lead at once and ring the carer; do not text details.",
        call_list=True,
        acknowledgement="reply_urgent",
    ),
    IntentPlan(
        Intent.ILLNESS,
        "Ill or injured",
        "Confirm the reason and the expected return.",
        suggested_code="I",
        codes=("I",),
        acknowledgement="reply_illness",
    ),
    IntentPlan(
        Intent.MEDICAL,
        "Medical or dental appointment",
        "Confirm the time, and watch for the child's arrival afterwards.",
        suggested_code="M",
        codes=("M",),
    ),
    # No code is suggested: L and U both say that the child has arrived, and nobody has seen the child yet.
    IntentPlan(
        Intent.LATE,
        "Late, or on the way",
        "Watch for the arrival; if the child has not signed in soon, ring. Code L or U only once the child is here.",
        codes=("L", "U"),
        acknowledgement="reply_late",
    ),
    IntentPlan(
        Intent.REFUSAL,
        "Will not come to school",
        "Pass to the pastoral team; ring the carer about what would help.",
        codes=("I", "O"),
    ),
    IntentPlan(
        Intent.HOLIDAY,
        "Holiday or travel",
        "Look for a granted leave request before choosing a code.",
        codes=("C", "G"),
    ),
    IntentPlan(
        Intent.BEREAVEMENT,
        "Death in the family",
        "Answer personally; stop any reminder or praise texts for this family.",
        suggested_code="C",
        codes=("C",),
    ),
    IntentPlan(
        Intent.RELIGIOUS,
        "Religious observance",
        "Check that the religious body sets the day apart. Treat the reason as sensitive.",
        suggested_code="R",
        codes=("R",),
    ),
    IntentPlan(
        Intent.TRANSPORT,
        "Transport failed",
        "If the child may be waiting at a stop, ring now; find out whose transport it is before choosing a code.",
        codes=("Q", "Y1", "Y2"),
        acknowledgement="reply_transport",
    ),
    IntentPlan(
        Intent.WRONGNUM,
        "Wrong number or wrong person",
        "Stop using this number, check what was disclosed, and try the other contacts: the absence is still unexplained.",
        pauses=False,
        call_list=True,
        acknowledgement="wrong_number",
    ),
    IntentPlan(
        Intent.OPTOUT,
        "Wants no more texts",
        "Find another way to reach this family; the absence is still unexplained.",
        pauses=False,
        call_list=True,
        acknowledgement=None,
    ),
    IntentPlan(
        Intent.CALLME,
        "Asks to be rung",
        "Ring the carer.",
        call_list=True,
        acknowledgement="reply_call",
    ),
    IntentPlan(
        Intent.WHO,
        "Asks who is writing",
        "The automatic answer names the school; ring if no reason follows.",
        pauses=False,
        acknowledgement="reply_who",
    ),
    IntentPlan(
        Intent.THANKS,
        "Thanks, but no reason",
        "No reason yet: the follow-up carries on.",
        pauses=False,
        acknowledgement="reply_thanks_no_reason",
    ),
    IntentPlan(
        Intent.OOO,
        "Automatic answer",
        "Nobody has read our message: the follow-up carries on with the next contact.",
        pauses=False,
        acknowledgement=None,
    ),
    IntentPlan(Intent.OTHER, "Needs reading", "Read it and decide."),
)

PLANS: Final[Mapping[Intent, IntentPlan]] = MappingProxyType({plan.intent: plan for plan in _PLANS})
"""The plan of every intent."""


@dataclass(frozen=True, slots=True)
class ReplyReading:
    """How one reply was understood. A proposal for staff, never a mark.

    `urgent` may be true although another intent reads more strongly: any sign of danger is enough. `confidence` runs from 0 to 1
    and comes from the rules' weights, not from a calibrated model. `language` is a tag such as "pl" or "ur-Latn", None where
    nothing pointed to one. `matched` holds the phrases of the lexicon that spoke, strongest first. `return_hint` is the carer's
    own words about coming back, with spellings normalised ("back tomorrow"). `is_opt_in` marks START and its like.
    """

    intent: Intent
    urgent: bool
    suggested_code: str | None
    confidence: float
    language: str | None
    matched: tuple[str, ...] = ()
    return_hint: str | None = None
    is_opt_in: bool = False
