"""The moments of a pretend morning in short sentences, as staff would tell them: what came in, what left, who answered.

Sentences are made from what the service did, not from the script. A moment has a local time, a kind (which decides its colour)
and one line of words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from notifier.channels.simulator import SimulatedMessage
from notifier.demo.absence import DropKind, MarkDrop
from notifier.demo.population import DemoSchool
from notifier.domain.codes import CodeTable
from notifier.domain.replies import PLANS, Intent
from notifier.wording.languages import locale_of

TOLD_NAMES: Final = 3
"""Most names in one line."""


class MomentKind(StrEnum):
    """What a moment is about."""

    MARKS = "marks"
    SENT = "sent"
    ANSWER = "answer"
    URGENT = "urgent"
    ALL_CLEAR = "all clear"
    HELD = "held"
    STAFF = "staff"
    CONFIRMED = "confirmed"
    HANDED_OVER = "handed over"
    TROUBLE = "trouble"


@dataclass(frozen=True, slots=True)
class Moment:
    """Something worth telling. `at` is aware UTC."""

    at: datetime
    kind: MomentKind
    words: str


INTENT_WORDS: Final[dict[Intent, str]] = {
    Intent.DISPUTE: "should be in school",
    Intent.SAFEGUARDING: "worry about the child",
    Intent.ILLNESS: "ill",
    Intent.MEDICAL: "appointment",
    Intent.LATE: "on the way",
    Intent.REFUSAL: "will not come",
    Intent.HOLIDAY: "away on holiday",
    Intent.BEREAVEMENT: "death in the family",
    Intent.RELIGIOUS: "religious day",
    Intent.TRANSPORT: "transport failed",
    Intent.WRONGNUM: "wrong number",
    Intent.OPTOUT: "no more texts",
    Intent.CALLME: "asks for a call",
    Intent.WHO: "asks who is writing",
    Intent.THANKS: "only thanks",
    Intent.OOO: "automatic answer",
    Intent.OTHER: "to be read",
}
"""How an answer was read, in the fewest words."""


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 text", "17 texts"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence: "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def language_name(tag: str) -> str:
    """A language's English name: "Polish" for "pl"."""
    return "English" if tag == "en" else str(locale_of(tag).get_language_name("en_GB"))


def named(school: DemoSchool, pupil_ids: Iterable[str]) -> str:
    """Pupils by first name and group: "Zofia (3 Oak)", and only a number where there are many."""
    pupils = [school.by_id[key] for key in sorted(set(pupil_ids))]
    if len(pupils) > TOLD_NAMES:
        return counted(len(pupils), "child", "children")
    return listed([f"{pupil.called} ({pupil.registration_group})" for pupil in pupils])


def carer_of(school: DemoSchool, carer_id: str | None, pupil_ids: Sequence[str]) -> str:
    """A carer as staff speak of them: "Zofia's mother"."""
    for pupil_id in sorted(pupil_ids):
        for contact in school.contacts.get(pupil_id, ()):
            if contact.carer_id == carer_id:
                return f"{school.by_id[pupil_id].called}’s {contact.relationship or 'carer'}"
    return "a stranger"


def on_marks(school: DemoSchool, codes: CodeTable, drop: MarkDrop) -> Moment:
    """Marks came in."""
    unexplained = [mark.pupil_id for mark in drop.rows if codes.triggers_contact(mark.code)]
    names = named(school, [mark.pupil_id for mark in drop.rows]) if len(drop.rows) <= TOLD_NAMES else ""
    if drop.kind is DropKind.ARRIVAL:
        words = f"{names} signs in late at the office"
    elif drop.kind is DropKind.FOUND:
        words = f"{names} is found in class; the register is put right"
    elif drop.kind is DropKind.OFFICE:
        words = f"The office types {counted(len(drop.rows), 'reason')} into the register"
    elif drop.kind is DropKind.LATE_REGISTER:
        words = f"The register of {school.late_group} comes at last: {len(unexplained)} unexplained"
    elif drop.kind is DropKind.AFTERNOON:
        words = f"The afternoon’s registers are in: {len(unexplained)} unexplained"
    else:
        away = [mark for mark in drop.rows if codes.explains(mark.code)]
        words = f"The registers are in: {len(away)} away with a reason, {len(unexplained)} unexplained"
    return Moment(drop.at, MomentKind.MARKS, words)


def on_sent(at: datetime, school: DemoSchool, why: str, left: Sequence[tuple[SimulatedMessage, Any]]) -> Moment:
    """Messages to carers left, all for one reason (a key of WHY_WORDS)."""
    texts = sum(message.medium == "sms" for message, _ in left)
    mails = len(left) - texts
    parts = [counted(texts, "text")] if texts else []
    parts += [counted(mails, "e-mail")] if mails else []
    what = listed(parts)
    pupils = {pupil_id for _, row in left for pupil_id in row.pupil_ids}
    if why == "all_clear":
        return Moment(at, MomentKind.ALL_CLEAR, f"All clear: {named(school, pupils)} is in school, {what}")
    tongues = Counter(message.language for message, _ in left)
    spoken = [language_name(tag) for tag, _ in sorted(tongues.items(), key=lambda item: (-item[1], item[0]))]
    verb = "leaves" if len(left) == 1 else "leave"
    about = f"about {named(school, pupils)}"
    if why == "another_way":
        carers = sorted({carer_of(school, row.carer_id, row.pupil_ids) for _, row in left})
        about = f"to {listed(carers)}" if len(carers) <= TOLD_NAMES else about
    languages = f", in {listed(spoken)}" if spoken != ["English"] else ""
    return Moment(at, MomentKind.SENT, f"{WHY_WORDS.get(why, '')}{what} {verb} {about}{languages}")


WHY_WORDS: Final = {
    "first_text": "",
    "tried_again": "The network was busy, so once more: ",
    "another_way": "Not reached, so another way: ",
    "second_text": "No reason yet: ",
    "all_contacts": "Still no reason: ",
    "all_clear": "",
}
"""Why messages left, as the beginning of a sentence."""


def on_answer(at: datetime, school: DemoSchool, reply: Any, language: str | None) -> Moment:
    """A carer's answer was read and laid beside the mark."""
    intent = Intent(reply.intent)
    who = carer_of(school, reply.carer_id, reply.pupil_ids)
    spoken = "" if not language or language == "en" else f" ({language_name(language.split('-')[0])})"
    words = f"{who}{spoken}: “{shortened(reply.body)}” → {reading_of(reply.intent, reply.suggested_code)}"
    if reply.urgent:
        return Moment(at, MomentKind.URGENT, f"URGENT {words}")
    return Moment(at, MomentKind.ANSWER, words + ("; a person rings" if PLANS[intent].call_list else ""))


def shortened(text: str, length: int = 32) -> str:
    """A carer's words on one line, cut at a word where they are long."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rsplit(" ", 1)[0].rstrip(",;.") + " …"


def reading_of(intent: str, code: str | None) -> str:
    """How an answer was read: "ill, code I suggested"."""
    return INTENT_WORDS[Intent(intent)] + (f", code {code} suggested" if code else "")


STAFF_WORDS: Final = {
    "staff_register_not_taken": "Held: {detail} has no register yet, so nobody there is texted; staff know",
    "staff_register_stale": "Held: a register is too old to act on; staff are told",
    "staff_unusual_absence": "Held: far more unexplained than usual; a second person must look",
    "staff_call_list": "Staff are told whom to ring: {detail}",
    "staff_safeguarding_lead": "The safeguarding lead is told: no reason yet for {detail}",
    "staff_handed_over": "The day’s contact ends: {detail} still open, handed over by name",
    "staff_opted_out": "Staff are told that a family wants no more texts",
    "staff_run_report": "The {detail} report goes to staff",
    "staff_spend_cap": "The day’s spending limit is reached; sending stops and staff are told",
    "staff_sending_stopped": "Sending stopped; staff are told",
    "staff_missed_run": "A run was missed; staff are told",
}
"""What staff e-mails tell. Urgent answers are told with the answer itself."""

STAFF_KINDS: Final = {
    "staff_register_not_taken": MomentKind.HELD,
    "staff_register_stale": MomentKind.HELD,
    "staff_unusual_absence": MomentKind.HELD,
    "staff_handed_over": MomentKind.HANDED_OVER,
    "staff_spend_cap": MomentKind.TROUBLE,
    "staff_sending_stopped": MomentKind.TROUBLE,
}
"""The kinds of those that are more than a word to staff."""


def on_staff_mail(at: datetime, row: Any, detail: str) -> Moment | None:
    """Staff were told something; None where another line says it already."""
    words = STAFF_WORDS.get(row.template)
    return Moment(at, STAFF_KINDS.get(row.template, MomentKind.STAFF), words.format(detail=detail)) if words else None
