"""Telephone numbers as school staff type them, turned into E.164 with what each number can be used for.

The reading is generous about spaces, brackets, lost or doubled zeros and missing plus signs, and strict about everything
else: a number that could be read as somebody else's is refused, because a text to a stranger names a child. Numbering plans
come from the phonenumbers library; the ranges Ofcom keeps for drama stand for test numbers and are refused unless allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

from notifier.domain.people import PhoneKind


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number that exists in its country's plan, in E.164 ("+447700900123")."""

    e164: str
    kind: PhoneKind


class PhoneError(ValueError):
    """A value that is not a usable number.

    `code` is one of too_long, too_short, unknown_character, invalid_number, test_number; `message` is for staff.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


_INVISIBLE = re.compile(r"[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")
_DASHES = re.compile(r"[-‐‑‒–—―−()]")
_DOT_BETWEEN_DIGITS = re.compile(r"(?<=\d)\.(?=\d)")
_READABLE = re.compile(r"0*\+?\d*")
_SCIENTIFIC = re.compile(r"\d(\.\d+)?[eE]\+?\d+")

# Ofcom, "Telephone numbers for drama use": mobiles 07700 900000-900999 and, without an area, 01632 960000-960999.
_DRAMA = re.compile(r"\+44(7700900\d{3}|1632960\d{3})")

_UK_MOBILE_FORM = re.compile(r"7\d{9}")

_KINDS: Final = {
    PhoneNumberType.MOBILE: PhoneKind.MOBILE,
    # North American numbers do not show which they are; a carer there must not be cut off from texts.
    PhoneNumberType.FIXED_LINE_OR_MOBILE: PhoneKind.MOBILE,
    PhoneNumberType.FIXED_LINE: PhoneKind.LANDLINE,
}
# Personal numbers (070), pagers, 03, 08 and the like are real numbers, but nobody reads a text there: PhoneKind.OTHER.

_FEWEST_DIGITS = 7


def parse_phone(raw: str, *, region: str = "GB", allow_test_numbers: bool) -> PhoneNumber:
    """Read a number as typed, national numbers in `region`'s plan. Raises PhoneError.

    Without `allow_test_numbers`, Ofcom's drama ranges 07700 900xxx and 01632 960xxx raise `test_number`.
    """
    number, code, message = _read(raw, region)
    if number is None:
        raise PhoneError(code, message)
    if not allow_test_numbers and _DRAMA.fullmatch(number.e164):
        raise PhoneError(
            "test_number", f"{raw.strip()} is from a range kept for films and tests; nobody has this number."
        )
    return number


def display(e164: str) -> str:
    """The number spaced as people write it: national form for the UK ("07700 900123"), else with its country code."""
    try:
        parsed = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    national = parsed.country_code == 44
    form = PhoneNumberFormat.NATIONAL if national else PhoneNumberFormat.INTERNATIONAL
    return str(phonenumbers.format_number(parsed, form))


def masked(e164: str) -> str:
    """The number for logs: country code, two digits and the last three ("+44 77•• •••123")."""
    try:
        parsed = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return "•••"
    national = str(parsed.national_number)
    hidden = "•" * max(len(national) - 5, 3)
    return f"+{parsed.country_code} {national[:2]}{hidden[:2]} {hidden[2:]}{national[-3:]}"


@lru_cache(maxsize=65_536)
def _read(raw: str, region: str) -> tuple[PhoneNumber | None, str, str]:
    """The number, or None with an error code and its words. Cached, because families share numbers and files come daily."""
    typed = _INVISIBLE.sub("", raw).removeprefix("'")
    if _SCIENTIFIC.fullmatch(typed):
        return None, "unknown_character", (
            f"'{raw.strip()}': the spreadsheet has turned the number into scientific notation and lost digits. "
            "Format the column as text and export again."
        )  # fmt: skip
    typed = _DASHES.sub("", _DOT_BETWEEN_DIGITS.sub("", typed))
    if not _READABLE.fullmatch(typed):
        return None, "unknown_character", (
            f"'{raw.strip()}' holds something besides digits, spaces, brackets and hyphens. Give one number only."
        )  # fmt: skip
    digits = typed.replace("+", "") if "+" in typed else typed
    if len(digits) < _FEWEST_DIGITS:
        return None, "too_short", f"'{raw.strip()}' has too few digits for a telephone number."
    after_plus = typed.partition("+")[2] if "+" in typed else None
    for candidate, home in _candidates(digits, after_plus, region):
        number = _valid(candidate, home)
        if number is not None:
            return number, "", ""
    code, message = _fault(raw.strip(), digits, after_plus, region)
    return None, code, message


def _candidates(digits: str, after_plus: str | None, region: str) -> list[tuple[str, str | None]]:
    """The readings to try, most likely first; region None means the country code is in the number.

    A foreign reading is tried only where something points abroad: a plus, the international prefix 00, or no leading zero at
    all. One leading zero means a national number, so that a mistyped one never becomes a number in another country.
    """
    code = str(phonenumbers.country_code_for_region(region))
    bare = digits.lstrip("0")
    abroad, at_home = ("+" + bare, None), (bare, region)
    if after_plus is not None and not after_plus.startswith("0"):
        return [("+" + after_plus, None)]
    if after_plus is not None:
        # "+07700..." is a national number with a plus put before it; "+0044..." carries a country code
        return [abroad, at_home] if after_plus.startswith("00") else [at_home, abroad]
    if digits.startswith("00"):
        return [abroad, at_home]
    if digits.startswith("0"):
        return [at_home, abroad] if bare.startswith(code) else [at_home]
    if region == "GB" and len(bare) == 11 and bare.startswith("7"):
        # a UK mobile without its zero and with a digit too many has the form of a Russian or Kazakh number
        return [at_home]
    return [at_home, abroad]


def _valid(candidate: str, region: str | None) -> PhoneNumber | None:
    if region == "GB" and _UK_MOBILE_FORM.fullmatch(candidate):
        # by far the most common form in a school's file; reading it directly halves the time a large file takes
        parsed = phonenumbers.PhoneNumber(country_code=44, national_number=int(candidate))
        e164 = "+44" + candidate
    else:
        try:
            parsed = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            return None
        e164 = str(phonenumbers.format_number(parsed, PhoneNumberFormat.E164))
    if _DRAMA.fullmatch(e164):
        # the library calls these ranges invalid, because nobody holds them
        return PhoneNumber(e164, PhoneKind.MOBILE if e164.startswith("+447") else PhoneKind.LANDLINE)
    kind = phonenumbers.number_type(parsed)
    if kind in (PhoneNumberType.UNKNOWN, PhoneNumberType.PREMIUM_RATE):
        return None  # a premium-rate line is no carer's, and each call to it costs
    return PhoneNumber(e164, _KINDS.get(kind, PhoneKind.OTHER))


def _fault(typed: str, digits: str, after_plus: str | None, region: str) -> tuple[str, str]:
    """Why no reading fits: the reading abroad where it is possible in its country, else the national one."""
    bare = digits.lstrip("0")
    abroad = after_plus is not None or digits.startswith("00")
    if abroad:
        verdict = _length_abroad(bare)
        if verdict is not None:
            return verdict, _words(typed, verdict, None)
    code = str(phonenumbers.country_code_for_region(region))
    national = bare[len(code) :].lstrip("0") if abroad and bare.startswith(code) else bare
    verdict = "invalid_number"
    try:
        parsed = phonenumbers.parse(national, region)
    except phonenumbers.NumberParseException:
        return verdict, _words(typed, verdict, None)
    if phonenumbers.is_possible_number_with_reason(parsed) == ValidationResult.TOO_LONG:
        verdict = "too_long"
    return verdict, _words(typed, verdict, national if region == "GB" else None)


def _length_abroad(bare: str) -> str | None:
    """The verdict on a number with its country code, or None where it is too short to be meant so."""
    try:
        parsed = phonenumbers.parse("+" + bare, None)
    except phonenumbers.NumberParseException:
        return None
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if reason == ValidationResult.TOO_LONG:
        return "too_long"
    if reason == ValidationResult.INVALID_LENGTH:
        mobile = phonenumbers.is_possible_number_for_type_with_reason(parsed, PhoneNumberType.MOBILE)
        return "too_long" if mobile == ValidationResult.TOO_LONG else "invalid_number"
    if reason in (ValidationResult.IS_POSSIBLE, ValidationResult.IS_POSSIBLE_LOCAL_ONLY):
        return "invalid_number"
    return None


def _words(typed: str, verdict: str, national: str | None) -> str:
    if national is not None and national.startswith("7") and len(national) != 10:
        wrong = "too many" if len(national) > 10 else "too few"
        return (
            f"'{typed}' has {wrong} digits: a UK mobile number has 11 with its first 0, this one {len(national) + 1}."
        )
    if verdict == "too_long":
        return f"'{typed}' has too many digits."
    return f"'{typed}' is not a number anyone can have. Check it with the family."
