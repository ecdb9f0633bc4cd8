"""Why a pupil was or was not contacted: one code and its words for staff, in one place.

The codes are a contract (commands print them, tests rely on them); the words say what happened and what to do next.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """The reason of a decision, or of a message's end."""

    UNEXPLAINED = "unexplained"
    PRESENT = "present"
    EXPLAINED = "explained"
    NOT_EXPECTED = "not_expected"
    OFF_SITE = "off_site"
    REPORTED_AHEAD = "reported_ahead"
    NO_MARK = "no_mark"
    UNKNOWN_CODE = "unknown_code"
    REGISTER_NOT_TAKEN = "register_not_taken"
    REGISTER_STALE = "register_stale"
    UNUSUAL_ABSENCE = "unusual_absence"
    LEFT_DURING_DAY = "left_during_day"
    SCHOOL_CLOSED = "school_closed"
    CLOSED_MEANWHILE = "closed_meanwhile"
    TOO_LATE = "too_late"
    NO_CONTACT_ALLOWED = "no_contact_allowed"
    NO_USABLE_CONTACT = "no_usable_contact"
    OPTED_OUT = "opted_out"
    SUPPRESSED = "suppressed"
    ALREADY_CONTACTED = "already_contacted"
    CONFIRMED_EARLIER = "confirmed_earlier"
    EXPLAINED_EARLIER = "explained_earlier"
    NEEDS_REVIEW = "needs_review"
    # ends of messages, and causes of a place on the call list
    NO_LONGER_ABSENT = "no_longer_absent"
    ANSWERED = "answered"
    CLOSED_BY_STAFF = "closed_by_staff"
    PAST_DEADLINE = "past_deadline"
    FIRST_DAY_FIRST = "first_day_first"
    EXCLUDED = "excluded"
    REPLACED = "replaced"
    SPEND_CAP = "spend_cap"
    EQUAL_TEXT_CAP = "equal_text_cap"
    CONFIGURATION = "configuration"
    SENDING_OFF = "sending_off"
    PROVIDER_REFUSED = "provider_refused"
    PROVIDER_UNREACHABLE = "provider_unreachable"
    NOT_ACCEPTED = "not_accepted"
    OUTCOME_UNKNOWN = "outcome_unknown"
    NO_ANSWER = "no_answer"
    VULNERABLE = "vulnerable"
    URGENT_REPLY = "urgent_reply"
    ASKED_FOR_CALL = "asked_for_call"
    WRONG_NUMBER = "wrong_number"
    UNCONFIRMED_REPLY = "unconfirmed_reply"
    NOT_DELIVERED = "not_delivered"
    MISSED_RUN = "missed_run"


@dataclass(frozen=True, slots=True)
class ReasonWords:
    """A reason for people: what happened, and what to do next (empty where nothing is to be done)."""

    what: str
    next_step: str = ""


WORDS: Final[dict[Reason, ReasonWords]] = {
    Reason.UNEXPLAINED: ReasonWords("Absent without a reason; the carers are being contacted."),
    Reason.PRESENT: ReasonWords("Marked present."),
    Reason.EXPLAINED: ReasonWords("Absent with a reason in the register."),
    Reason.NOT_EXPECTED: ReasonWords("Not expected in school for this session."),
    Reason.OFF_SITE: ReasonWords("Learning or taking part somewhere else."),
    Reason.REPORTED_AHEAD: ReasonWords(
        "The carer had already reported this absence.", "Enter the reason in the register."
    ),
    Reason.NO_MARK: ReasonWords(
        "The register is taken, but this pupil has no mark.", "Ask the teacher and enter the mark."
    ),
    Reason.UNKNOWN_CODE: ReasonWords(
        "The mark is not a code in force, so nobody was contacted.", "Check the mark and enter a current code."
    ),
    Reason.REGISTER_NOT_TAKEN: ReasonWords(
        "The register of this group has not been taken.", "Take the register; the group then goes on by itself."
    ),
    Reason.REGISTER_STALE: ReasonWords(
        "The last marks of this group came in too long ago to act on.",
        "Send fresh marks; the group then goes on by itself.",
    ),
    Reason.UNUSUAL_ABSENCE: ReasonWords(
        "Far more pupils than usual have no reason for absence, so nothing was sent.",
        "Check the registers. If they are right, a second person releases the hold.",
    ),
    Reason.LEFT_DURING_DAY: ReasonWords(
        "Present this morning and missing this afternoon.", "Look for the pupil on site now, then ring home."
    ),
    Reason.SCHOOL_CLOSED: ReasonWords("The school is closed today, so nobody was contacted."),
    Reason.CLOSED_MEANWHILE: ReasonWords(
        "The school closed while this absence had no reason, so texts stopped.",
        "Ring the carers, and make sure that the child is safe.",
    ),
    Reason.TOO_LATE: ReasonWords("The time for first contact had passed, so no text was sent.", "Ring the carers now."),
    Reason.NO_CONTACT_ALLOWED: ReasonWords(
        "No contact of this pupil may be texted.", "Ring a contact whom the school may call."
    ),
    Reason.NO_USABLE_CONTACT: ReasonWords(
        "No contact has a mobile number or e-mail address that works.", "Ring the contacts and correct the numbers."
    ),
    Reason.OPTED_OUT: ReasonWords("The carers have asked for no more texts.", "Ring the carers."),
    Reason.SUPPRESSED: ReasonWords(
        "Automatic messages are switched off for this pupil or contact.", "Ring the carers."
    ),
    Reason.ALREADY_CONTACTED: ReasonWords("This absence is already being followed up today."),
    Reason.CONFIRMED_EARLIER: ReasonWords(
        "Somebody at school confirmed today why the pupil is away, and the mark is still without a reason.",
        "Enter the reason in the register. If the pupil was to be back this afternoon, ring the carers.",
    ),
    Reason.EXPLAINED_EARLIER: ReasonWords(
        "A reason was entered for the morning, but the afternoon has none.",
        "Enter the afternoon's reason, or ring the carers if the pupil was to be back.",
    ),
    Reason.NEEDS_REVIEW: ReasonWords(
        "The code may hide an unexplained absence.", "Decide whether the carers need a call."
    ),
    Reason.NO_LONGER_ABSENT: ReasonWords("The mark changed before the message left."),
    Reason.ANSWERED: ReasonWords("A carer answered before the message left."),
    Reason.CLOSED_BY_STAFF: ReasonWords("Somebody at school confirmed the reason before the message left."),
    Reason.PAST_DEADLINE: ReasonWords(
        "The message could not leave in time, so it was not sent at all.", "Ring the carers."
    ),
    Reason.FIRST_DAY_FIRST: ReasonWords(
        "The family is being contacted about an absence today, so the other message was not sent.",
        "Propose it again on another day.",
    ),
    Reason.EXCLUDED: ReasonWords(
        "Something noted since forbids this kind of message for this pupil.", "Speak to the family in person instead."
    ),
    Reason.REPLACED: ReasonWords("Replaced by a message that names the pupils who are still absent."),
    Reason.SPEND_CAP: ReasonWords(
        "The school's spending limit for today is reached.",
        "Ring the carers, or release the hold: as much again may then be spent today.",
    ),
    Reason.EQUAL_TEXT_CAP: ReasonWords(
        "This number has already had the same text several times today.", "Ring the carers."
    ),
    Reason.CONFIGURATION: ReasonWords(
        "The provider refuses our account or settings; sending has stopped.",
        "Run 'notifier doctor', correct the settings, then release the hold.",
    ),
    Reason.SENDING_OFF: ReasonWords(
        "Sending is switched off for this school, so nothing left.",
        "Ring the carers. An administrator switches sending on, under Settings.",
    ),
    Reason.PROVIDER_REFUSED: ReasonWords("The provider refused the message.", "Check the number or address."),
    Reason.PROVIDER_UNREACHABLE: ReasonWords("The provider could not be reached in time.", "Ring the carers."),
    Reason.NOT_ACCEPTED: ReasonWords("The provider never had the message.", "Ring the carers."),
    Reason.OUTCOME_UNKNOWN: ReasonWords(
        "Nobody can say whether the provider took the message; it is not sent again by itself.", "Ring the carers."
    ),
    Reason.NO_ANSWER: ReasonWords("Nobody has answered.", "Ring the carers."),
    Reason.VULNERABLE: ReasonWords("Marked as vulnerable: a person rings at once.", "Ring the carers now."),
    Reason.URGENT_REPLY: ReasonWords(
        "A carer's answer is urgent: the child may not be where somebody believes.",
        "Read the answer, look for the child, ring the carer.",
    ),
    Reason.ASKED_FOR_CALL: ReasonWords("The carer asked for a call.", "Ring the carer."),
    Reason.WRONG_NUMBER: ReasonWords(
        "The number belongs to somebody else; it will not be texted again.",
        "Correct the number, ring another contact, and note the wrong disclosure.",
    ),
    Reason.UNCONFIRMED_REPLY: ReasonWords(
        "A carer answered, but nobody has confirmed the reason yet.", "Read the answer and confirm the reason."
    ),
    Reason.NOT_DELIVERED: ReasonWords("The message could not be delivered.", "Ring the carers."),
    Reason.MISSED_RUN: ReasonWords(
        "The service was not running when this session was due.", "Ring the carers of everyone still unexplained."
    ),
}
"""The words for every reason; a test holds the table complete."""


def words(reason: str) -> ReasonWords:
    """The words for a reason code; an unknown code speaks for itself."""
    try:
        return WORDS[Reason(reason)]
    except ValueError:
        return ReasonWords(reason)
