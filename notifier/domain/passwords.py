"""Which passwords are taken: long ones that are not among the first that anybody would try.

No composition rules and no expiry, as the National Cyber Security Centre advises
(https://www.ncsc.gov.uk/collection/passwords/updating-your-approach). Three random words do.
"""

from __future__ import annotations

import re
from typing import Final

SHORTEST: Final = 12
"""Characters."""

LONGEST: Final = 256
"""Characters; more would only cost time."""

_STEMS: Final = frozenset(
    [
        "password",
        "passphrase",
        "passw0rd",
        "qwerty",
        "qwertyuiop",
        "asdfghjkl",
        "zxcvbnm",
        "letmein",
        "welcome",
        "changeme",
        "iloveyou",
        "trustno",
        "admin",
        "administrator",
        "login",
        "sunshine",
        "princess",
        "football",
        "liverpool",
        "arsenal",
        "chelsea",
        "monkey",
        "dragon",
        "superman",
        "batman",
        "pokemon",
        "master",
        "shadow",
        "charlie",
        "ashley",
        "michael",
        "jordan",
        "teacher",
        "school",
        "primary",
        "secondary",
        "academy",
        "attendance",
        "notifier",
        "safeguarding",
        "headteacher",
        "office",
        "summer",
        "autumn",
        "winter",
        "spring",
        "christmas",
        "england",
        "london",
        "monday",
        "secret",
        "default",
        "guest",
        "test",
        "temp",
    ]
)
_LOOK_ALIKES: Final = str.maketrans("013457@$!", "oieastasi")
_RUNS: Final = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
)


def problem_with(password: str, *, email: str) -> str | None:
    """Why a password is not taken, in words with what to do; None where it is."""
    if len(password) < SHORTEST:
        return f"Enter a password of at least {SHORTEST} characters. Three random words are easy to remember."
    if len(password) > LONGEST:
        return f"Enter a password of at most {LONGEST} characters."
    folded = password.casefold()
    for part in _parts_of(email):
        if part in folded:
            return f"Enter a password that does not hold “{part}”, which is part of the e-mail address."
    if _common(folded):
        return "Enter a password that is harder to guess: this one is among the commonest. Three random words are good."
    return None


def _parts_of(email: str) -> list[str]:
    """The name in an e-mail address, whole and in its parts; short parts are in too many words to be refused."""
    name = email.casefold().split("@")[0]
    return [part for part in (name, *re.split(r"[._+-]+", name)) if len(part) >= 4]


def _common(folded: str) -> bool:
    if len(set(folded)) < 5:
        return True
    pattern = re.fullmatch(r"(.{1,6}?)\1+.{0,5}", folded)
    if pattern:
        return True
    if any(folded in run * 3 or folded[::-1] in run * 3 for run in _RUNS):
        return True
    letters = re.sub(r"[^a-z]", "", folded)
    alike = re.sub(r"[^a-z]", "", re.sub(r"[\d!]+$", "", folded).translate(_LOOK_ALIKES))
    return any(_made_of_stems(text) for text in (letters, alike) if text) or (not letters and folded.isdigit())


def _made_of_stems(text: str) -> bool:
    """Whether the letters are one or two of the commonest words and nothing else."""
    if text in _STEMS:
        return True
    return any(text[:cut] in _STEMS and text[cut:] in _STEMS for cut in range(3, len(text) - 2))
