"""The accounts of the pretend school: one person for each role, all with the same password.

They exist only in a demonstration's own database, on this machine, where every pupil and number is made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from notifier.domain.staff import OVER_A_TRUST, ROLE_WORDS, Role
from notifier.services import staff
from notifier.services.application import Application

PASSWORD: Final = "nine thirty on a tuesday"  # noqa: S105 - of made-up people, in a made-up school


@dataclass(frozen=True, slots=True)
class SignIn:
    """Somebody who can sign in to the demonstration."""

    email: str
    name: str
    role: Role

    @property
    def line(self) -> str:
        """How the command line shows it."""
        return f"{self.email:<24} {ROLE_WORDS[self.role]}"


SIGN_INS: Final = (
    SignIn("alice@oakfield.example", "Alice Morgan", Role.ATTENDANCE_OFFICER),
    SignIn("bashir@oakfield.example", "Bashir Khan", Role.SAFEGUARDING_LEAD),
    SignIn("dana@oakfield.example", "Dana Price", Role.ADMINISTRATOR),
    SignIn("vera@oakfield.example", "Vera Lund", Role.VIEWER),
    SignIn("carys@rivers.example", "Carys Bevan", Role.TRUST_ADMINISTRATOR),
    SignIn("hannah@rivers.example", "Hannah Obi", Role.HUB_LEAD),
)


def add_sign_ins(app: Application, school_key: str, *, now: datetime) -> None:
    """Add the accounts to a demonstration."""
    for person in SIGN_INS:
        school = "" if person.role in OVER_A_TRUST else school_key  # there is one trust, which need not be named
        staff.add_user(
            app, person.email, person.role, school=school, name=person.name, password=PASSWORD, by="demo", now=now
        )
