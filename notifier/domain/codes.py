"""What an attendance code means for the morning: is the child here, explained, expected at all, or unaccounted for?

The codes themselves are data (config/attendance_codes.toml, read by `notifier.configuration.codes`); this module holds the
shapes and the questions. A code that is withdrawn, unknown or missing is never evidence of absence and never causes a message.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final


class CodeClass(StrEnum):
    """The statistical class of a code, as the statutory guidance of August 2024 gives it."""

    PRESENT = "present"
    APPROVED_ACTIVITY = "approved_activity"
    AUTHORISED = "authorised"
    UNAUTHORISED = "unauthorised"
    NOT_POSSIBLE = "not_possible"  # outside the denominator of attendance figures
    ADMINISTRATIVE = "administrative"  # not collected at all


class Trigger(StrEnum):
    """Whether a code by itself asks for contact on the same day."""

    YES = "yes"
    NEVER = "never"
    CARE = "care"  # never by itself; a person may decide otherwise


class CodeEffect(StrEnum):
    """What a mark comes to when a run decides about a pupil."""

    PRESENT = "present"  # the child is on site, however late
    UNEXPLAINED = "unexplained"  # the only effect that asks for contact
    EXPLAINED = "explained"
    NOT_EXPECTED = "not_expected"
    OFF_SITE = "off_site"  # at another place, in somebody else's care
    REVIEW = "review"  # may hide an unexplained absence: a person looks
    UNKNOWN = "unknown"  # not a code in force
    NO_MARK = "no_mark"


NO_MARK_SIGNS: Final = frozenset({"", "-"})
"""What registers write where no mark has been made yet."""

_ABSENCE_EFFECTS: Final = frozenset(
    {CodeEffect.EXPLAINED, CodeEffect.NOT_EXPECTED, CodeEffect.OFF_SITE, CodeEffect.REVIEW}
)


@dataclass(frozen=True, slots=True)
class AttendanceCode:
    """One code as the data file has it.

    `code_class` is None for withdrawn codes: they have no class today. `closes_school` marks codes that, given to whole groups,
    say the school is shut. `source` names where meaning and class come from; `review_date` is the day by which a person
    checks them again.
    """

    code: str
    meaning: str
    code_class: CodeClass | None
    trigger: Trigger
    effect: CodeEffect
    withdrawn: bool = False
    replaced_by: tuple[str, ...] = ()
    closes_school: bool = False
    note: str = ""
    source: str = ""
    review_date: date | None = None


def clean_code(code: str | None) -> str:
    """A code as the register means it: no blanks around, letters in upper case, '' where there is no mark."""
    cleaned = (code or "").strip().upper()
    return "" if cleaned in NO_MARK_SIGNS else cleaned


@dataclass(frozen=True, slots=True)
class CodeTable:
    """All codes the service knows, by code. Every question takes a code as it came and never raises for a strange one."""

    codes: Mapping[str, AttendanceCode]

    def lookup(self, code: str | None) -> AttendanceCode | None:
        """The entry of a code, also of a withdrawn one; None for an unknown code and for no mark."""
        return self.codes.get(clean_code(code))

    def effect(self, code: str | None, review_codes: Collection[str] | None = None) -> CodeEffect:
        """What a mark comes to. With a policy's `review_codes` those codes, and no others, are left to a person.

        A policy can neither send a present or unexplained pupil to review nor make any code cause contact.
        """
        cleaned = clean_code(code)
        if not cleaned:
            return CodeEffect.NO_MARK
        entry = self.codes.get(cleaned)
        if entry is None or entry.withdrawn:
            return CodeEffect.UNKNOWN
        if review_codes is None or entry.effect not in _ABSENCE_EFFECTS:
            return entry.effect
        if cleaned in review_codes:
            return CodeEffect.REVIEW
        return CodeEffect.EXPLAINED if entry.effect is CodeEffect.REVIEW else entry.effect

    def triggers_contact(self, code: str | None) -> bool:
        """Whether the mark is evidence of an unexplained absence."""
        return self.effect(code) is CodeEffect.UNEXPLAINED

    def is_on_site(self, code: str | None) -> bool:
        """Whether the child is in school: present, late, or arrived after the register closed."""
        return self.effect(code) is CodeEffect.PRESENT

    def is_mark(self, code: str | None) -> bool:
        """Whether anything was entered at all; a withdrawn or unknown code still shows that the register was taken."""
        return bool(clean_code(code))

    def explains(self, code: str | None) -> bool:
        """Whether the mark gives a reason why the child is not here, so that nobody needs to ask for one."""
        return self.effect(code) in {CodeEffect.EXPLAINED, CodeEffect.NOT_EXPECTED, CodeEffect.OFF_SITE}

    def is_expected(self, code: str | None) -> bool:
        """Whether the pupil counts among those expected this session; without a mark the pupil does."""
        return self.effect(code) is not CodeEffect.NOT_EXPECTED

    def closes_school(self, code: str | None) -> bool:
        """Whether the mark says that the whole school is shut."""
        entry = self.lookup(code)
        return entry is not None and not entry.withdrawn and entry.closes_school
