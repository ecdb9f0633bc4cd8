"""Where pretend carers can be reached, as a school office has it on file: mostly well, sometimes badly typed or not at all.

Every number given out belongs to one carer only. Numbers come from the ranges that Ofcom keeps for drama; nothing real is
ever made, except in the stub range, which is for benchmarks against a local stub and has to be asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from notifier.demo.names import plain

DRAMA_MOBILES: Final = range(7700900000, 7700901000)
"""Ofcom's mobile numbers for drama, without the leading 0 or 44."""

DRAMA_LANDLINES: Final = range(1632960000, 1632961000)
"""Ofcom's landline numbers for drama without an area."""

RESERVED: Final = frozenset(
    {
        *range(7700900000, 7700900010),
        *range(7700900990, 7700901000),
        7700900111,
        *range(7700900200, 7700900300),
        1632960123,
    }
)
"""Numbers left out: those that providers' test services and our own doubles answer in a special way, and those of the
school itself (to send from, to be rung on)."""

STUB_FIRST: Final = 7150000000
"""First number of the stub range. `phonenumbers` takes 0715x to 0719x for mobile numbers of no known operator, so imports accept
them; Ofcom may allot them any day. For local stubs only, never for a real provider."""


class AddressKind(StrEnum):
    """What the school holds for a carer."""

    BOTH = "mobile and e-mail"
    MOBILE = "mobile only"
    EMAIL = "e-mail only"
    LANDLINE = "landline only"
    LANDLINE_EMAIL = "landline and e-mail"
    INVALID = "a mistyped number"
    INVALID_EMAIL = "a mistyped number, and e-mail"
    NONE = "nothing"


PARENT_ADDRESSES: Final = (
    (AddressKind.BOTH, 66.0), (AddressKind.MOBILE, 19.0), (AddressKind.EMAIL, 4.0), (AddressKind.LANDLINE, 2.0),
    (AddressKind.LANDLINE_EMAIL, 3.0), (AddressKind.INVALID, 1.5), (AddressKind.INVALID_EMAIL, 2.5), (AddressKind.NONE, 2.0),
)  # fmt: skip
"""How parents can be reached, in per cent; an assumption."""

OTHER_ADDRESSES: Final = (
    (AddressKind.MOBILE, 55.0), (AddressKind.LANDLINE, 40.0), (AddressKind.NONE, 5.0),
)  # fmt: skip
"""How grandparents, neighbours and other emergency contacts can be reached, in per cent; an assumption."""


@dataclass(frozen=True, slots=True)
class DemoCarer:
    """A carer as the office has them. `typed_number` is what stands in the file, good or bad.

    `mobile` and `landline` are the E.164 number that it means, None where it means none of that kind.
    """

    carer_id: str
    name: str
    typed_number: str = ""
    email: str = ""
    language: str = "en"
    channels: tuple[str, ...] = ()
    mobile: str | None = None
    landline: str | None = None

    @property
    def reachable(self) -> bool:
        """Whether an automatic message could arrive at all."""
        return bool(self.mobile or self.email)


class AddressBook:
    """Gives every carer numbers and addresses of their own. `used_stub_range` tells whether the drama range ran out."""

    def __init__(self, chance: Random, *, unique_numbers: bool) -> None:
        self._chance = chance
        self._unique_numbers = unique_numbers
        self._mobiles = [number for number in DRAMA_MOBILES if number not in RESERVED]
        self._landlines = [number for number in DRAMA_LANDLINES if number not in RESERVED]
        chance.shuffle(self._mobiles)
        chance.shuffle(self._landlines)
        self._next_stub = STUB_FIRST
        self.used_stub_range = False

    def carer(self, carer_id: str, given: str, family: str, language: str, kind: AddressKind) -> DemoCarer:
        """A carer reached in this way; by e-mail where the numbers have run out."""
        number = typed = None
        email = kind in (AddressKind.BOTH, AddressKind.EMAIL, AddressKind.LANDLINE_EMAIL, AddressKind.INVALID_EMAIL)
        mobile = landline = None
        if kind in (AddressKind.BOTH, AddressKind.MOBILE):
            number = self._mobile()
            mobile = f"+44{number}" if number else None
        elif kind in (AddressKind.LANDLINE, AddressKind.LANDLINE_EMAIL):
            number = self._landlines.pop() if self._landlines else None
            landline = f"+44{number}" if number else None
        elif kind in (AddressKind.INVALID, AddressKind.INVALID_EMAIL):
            typed = self._mistyped()
        if number is not None:
            typed = self._as_typed(f"{number}")
        elif kind not in (AddressKind.INVALID, AddressKind.NONE):
            email = True
        channels: tuple[str, ...] = ("email",) if email and mobile and self._chance.random() < 0.03 else ()
        address = f"{plain(given)}.{plain(family)}.{plain(carer_id)}@families.example" if email else ""
        return DemoCarer(
            carer_id=carer_id,
            name=f"{given} {family}",
            typed_number=typed or "",
            email=address,
            language=language,
            channels=channels,
            mobile=mobile,
            landline=landline,
        )

    def _mobile(self) -> int | None:
        if self._mobiles:
            return self._mobiles.pop()
        if not self._unique_numbers:
            return None
        self.used_stub_range = True
        self._next_stub += 1
        return self._next_stub - 1

    def _as_typed(self, digits: str) -> str:
        """A national number as office staff type it."""
        spaced = f"{digits[:4]} {digits[4:]}"
        forms = (
            f"0{spaced}",
            f"0{spaced}",
            f"0{digits}",
            f"+44 {spaced}",
            f"+44{digits}",
            f"0{digits[:4]}-{digits[4:]}",
        )
        return self._chance.choice(forms)

    def _mistyped(self) -> str:
        """A number nobody can dial: a digit too few or too many, a letter, or a word."""
        tail = f"{self._chance.randrange(100, 1000)}"
        return self._chance.choice(
            (f"07700 900{tail[:2]}", f"07700 900{tail}{tail[0]}", f"07700 90O{tail}x", "n/a", "changed?")
        )
