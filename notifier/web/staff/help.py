"""The page that explains the others: what happens in a morning, at this school's times, and what every word on the board means.

It is made from the tables that the rules themselves use, so a state or reason without an explanation cannot be. Each has an anchor
(`/help#reason-no_answer`), so that other pages link to it. It prints on a few sheets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from notifier.domain.messages import MessageStatus
from notifier.domain.policies import Audience, Policy
from notifier.domain.reasons import WORDS
from notifier.domain.replies import PLANS
from notifier.domain.schools import School
from notifier.domain.sessions import Session, at_local, local_date
from notifier.web import words
from notifier.web.staff.access import Visit, signed_in
from notifier.web.staff.answers import shell_of

MESSAGE_HELP: Final = {
    MessageStatus.HELD: ("Something has to be looked at before it may leave.", "See the hold on today’s page."),
    MessageStatus.QUEUED: ("It leaves by itself at its time.", ""),
    MessageStatus.SENDING: ("It is being given to the provider at this moment.", ""),
    MessageStatus.UNKNOWN: (
        "The connection broke at the wrong moment, and nobody can say whether the provider took it. It is never repeated blindly; "
        "Notifier asks the provider.",
        "Ring if it matters now.",
    ),
    MessageStatus.ACCEPTED: ("The provider has it and passes it on.", ""),
    MessageStatus.SENT: ("It left the provider. Not every network says more than this.", ""),
    MessageStatus.DELIVERED: ("It reached the telephone or the mailbox. Nobody can see whether it was read.", ""),
    MessageStatus.UNDELIVERED: ("It left, but did not arrive.", "Ring, and check the number."),
    MessageStatus.FAILED: ("The provider did not take it.", "Ring, and check the number."),
    MessageStatus.WITHHELD: ("A rule stopped it before it left; the reason stands beside it.", ""),
    MessageStatus.CANCELLED: ("It was no longer needed: the mark changed, or somebody answered.", ""),
    MessageStatus.EXPIRED: ("Its time had passed, so it was not sent at all: a late alarm helps nobody.", "Ring."),
}
"""What each state of a message means, and what to do."""

STATE_HELP: Final = {
    "urgent": "A carer wrote something that cannot wait: the child should be in school, or may not be safe.",
    "handed_over": "The day’s texts have ended, and this child is still not accounted for.",
    "call_list": "No text will settle this: nobody answered, nobody may be texted, or somebody asked for a call.",
    "answered": "A carer gave a reason, and nobody at school has confirmed it yet.",
    "chasing": "Texts are on their way; the next step follows by itself.",
    "closed": "Nothing more to do.",
}
"""What each state of a follow-up means."""

STATE_STEPS: Final = {
    "urgent": "Read the answer and act now, before anything else on the page.",
    "handed_over": "The safeguarding lead goes on from here.",
    "call_list": "Ring now.",
    "answered": "Check the answer, confirm the reason, and enter the code in the register.",
}
"""What to do about it; nothing where a state is missing."""

TO_WHOM: Final = {
    Audience.BEST_PRIORITY: "A text to the contacts whom the school put first.",
    Audience.NEXT_PRIORITY: "Where nobody has answered: a text to those again, and to the next contacts on the list.",
    Audience.ALL_RESPONSIBLE: "Where nobody has answered: a message to every contact with parental responsibility who may be written to.",
    Audience.CALL_LIST: "Where nobody has answered, the pupil goes on the list of calls: a person rings.",
    Audience.SAFEGUARDING_LEAD: "Whoever is still not accounted for is handed to the safeguarding lead.",
}
"""What a step of the ladder does, for staff."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the tables: an anchor, the word as pages show it, what it means and what to do."""

    anchor: str
    word: str
    meaning: str
    to_do: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens at a time of the morning; `at` is empty for what happens at no fixed time."""

    at: str
    what: str
    more: str = ""


router = APIRouter()
"""`/help`, for everybody with an account."""


@router.get("/help")
def help_page(request: Request, visit: Annotated[Visit, Depends(signed_in())]) -> HTMLResponse:
    """The morning by the school’s own times, and every word explained."""
    school = visit.chosen
    values: dict[str, Any] = {
        "moments": list(morning(school, visit.app.policy(school), local_date(visit.now))) if school else [],
        "first": _first_contact(school),
        "wait": visit.app.policy(school).unconfirmed_wait if school else 30,
        "tables": tables(),
    }
    return shell_of(request).html(request, "help.html", visit.frame, values)


def _first_contact(school: School | None) -> str:
    times = school.times.get(Session.AM) if school else None
    return f"{times.first_contact:%H:%M}" if times else "09:30"


def morning(school: School, policy: Policy, day: date) -> Iterator[Moment]:
    """What happens when on a school morning, by the school's own times and ladder."""
    times = school.times.get(Session.AM)
    if times is None:
        return
    yield Moment(
        f"{times.register_closes:%H:%M}",
        "Registers close.",
        "Marks come in from your MIS. A group whose register is not taken, or is too old, is held: nobody in it is texted until "
        "its register is right. A missing mark is never taken for an absence.",
    )
    for step in policy.steps:
        at = at_local(day, times.first_contact) + timedelta(minutes=step.after)
        yield Moment(words.clock_time(at), TO_WHOM[step.to], _before_the_first(policy) if step.after == 0 else "")
    yield Moment(
        f"{times.last_contact:%H:%M}",
        "No text leaves after this time.",
        "What has not left by now is not sent late. The children stay on the board until a person has accounted for each of them.",
    )


def _before_the_first(policy: Policy) -> str:
    share = round(policy.guards.unusual_share * 100)
    return (
        "First Notifier asks: is it a school day, and are the registers fit to act on? If more than "
        f"{share}% of the pupils expected have no reason (and at least {policy.guards.unusual_minimum}), everything is held until a "
        "second person has looked. Then every pupil gets one decision, with its reason. Only an absence without a reason (code N) "
        "brings a text. Just before it leaves, the mark and the permission are looked at once more."
    )


def tables() -> list[dict[str, Any]]:
    """Every word of the board and the log, explained."""
    return [
        {
            "id": "states",
            "title": "Where a follow-up stands",
            "lead": "A follow-up is one unexplained absence being chased, until a person confirms the reason or the register changes.",
            "entries": [
                Entry(f"state-{state}", word, STATE_HELP[state], STATE_STEPS.get(state, ""))
                for state, word in words.FOLLOW_UP_STATES.items()
            ],
        },
        {
            "id": "reasons",
            "title": "Why a pupil was or was not contacted",
            "lead": "Every pupil on roll gets one decision, and every message that ends has a reason.",
            "entries": [
                Entry(f"reason-{reason.value}", reason.value.replace("_", " ").capitalize(), said.what, said.next_step)
                for reason, said in WORDS.items()
            ],
        },
        {
            "id": "messages",
            "title": "What became of a message",
            "lead": "Receipts come from the provider; a receipt that comes late never moves a message back.",
            "entries": [
                Entry(f"message-{status.value}", words.MESSAGE_STATES[status.value].capitalize(), *MESSAGE_HELP[status])
                for status in MessageStatus
            ],
        },
        {
            "id": "answers",
            "title": "What a carer’s answer is read as",
            "lead": "It is a suggestion. An answer never changes a mark: a person confirms the reason and enters it in the MIS.",
            "entries": [
                Entry(f"answer-{intent.value}", plan.label, "", plan.next_step) for intent, plan in PLANS.items()
            ],
        },
        {
            "id": "barriers",
            "title": "Why a contact gets no automatic message",
            "lead": "",
            "entries": [Entry(f"barrier-{key}", said, BARRIER_HELP[key]) for key, said in words.BARRIERS.items()],
        },
        {
            "id": "closed",
            "title": "Why a follow-up is settled",
            "lead": "",
            "entries": [Entry(f"closed-{key}", said, CLOSED_HELP[key]) for key, said in words.CLOSED.items()],
        },
    ]


BARRIER_HELP: Final = {
    "no_contact": "The school was told that this person must not be contacted, for instance by a court.",
    "no_parental_responsibility": "This person may be rung, but is never told of an absence automatically.",
    "birth_parent_of_looked_after": "The carer of a looked-after child comes first; the social worker says who else may know.",
    "suppressed": "Somebody at school switched messages off, with a reason and until a date.",
    "opted_out": "This person answered STOP. They get no more texts; the child is still chased, by telephone.",
    "no_address": "There is nothing to write to; or what there is belongs to somebody else, or nothing can be delivered there. "
    "If a number is right after all, the pupil’s page lets it be used again.",
}
"""What stands behind each barrier."""

CLOSED_HELP: Final = {
    "present": "The register now says that the pupil is in school.",
    "arrived_later": "The pupil came late. Whoever was alarmed has been told that all is well.",
    "explained": "The register now holds a reason.",
    "confirmed": "Somebody at school confirmed the reason.",
}
"""What stands behind each end of a follow-up."""
