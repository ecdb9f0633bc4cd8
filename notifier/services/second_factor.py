"""The second factor: six digits from an app (TOTP, RFC 6238), and recovery codes for the day the telephone is at home.

The secret is kept sealed; a code counts once; recovery codes are kept as hashes and shown once.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime
from typing import Any, Final

import pyotp
from sqlalchemy import Connection

from notifier.services.sealing import hash_of, seal, unseal
from notifier.settings import Settings
from notifier.store import staff

PURPOSE: Final = "second-factor"
STEP_SECONDS: Final = 30
CODES: Final = 8
_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are easily confused


def new_secret() -> str:
    """A fresh secret, in the letters that apps take (base32, 160 bits)."""
    return pyotp.random_base32()


def address_for_apps(secret: str, email: str) -> str:
    """The otpauth address behind the square picture that apps read."""
    return pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=email, issuer_name="Notifier")


def sealed(settings: Settings, secret: str) -> str:
    """The secret as it is kept. Raises NoKey."""
    return seal(settings, PURPOSE, secret, kept=True)


def opened(settings: Settings, kept: str | None) -> str | None:
    """The secret; None where there is none or the secret key was changed."""
    return unseal(settings, PURPOSE, kept, kept=True) if kept else None


def step_of(secret: str, typed: str, now: datetime) -> int | None:
    """The time step a code belongs to; None where it is no code of now, of the step before or of the one after."""
    digits = re.sub(r"\s", "", typed)
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    current = int(now.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    found = [step for step in (current - 1, current, current + 1) if _same(totp.generate_otp(step), digits)]
    return max(found, default=None)


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one, other)


def accept(connection: Connection, settings: Settings, user: Any, typed: str, *, now: datetime) -> str | None:
    """Use up a code from the app ("app") or a recovery code ("recovery_code"); None where it is neither."""
    secret = opened(settings, user.totp_secret)
    step = step_of(secret, typed, now) if secret else None
    if step is not None:
        return "app" if staff.take_step(connection, user.user_id, step) else None
    if staff.use_code(connection, user.user_id, _kept_code(user.user_id, typed), at=now):
        return "recovery_code"
    return None


def new_codes(connection: Connection, user_id: str, *, now: datetime) -> tuple[str, ...]:
    """Make recovery codes in place of all before; returned this once."""
    codes = tuple("-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3)) for _ in range(CODES))
    staff.put_codes(connection, user_id, [_kept_code(user_id, code) for code in codes], at=now)
    return codes


def _kept_code(user_id: str, code: str) -> str:
    plain = re.sub(r"[^a-z0-9]", "", code.casefold())
    return hash_of(f"{user_id}:{plain}")
