"""The secret part of a carer's link to the answer page: its alphabet and length, its hash, and how it is hidden from readers.

Whoever has the token can answer for the carer, once. So only its hash is kept beside the link, and wherever stored words are shown to
staff, printed, exported or logged the token is left out. Making one needs chance and belongs to `notifier.services.answer_links`.
"""

from __future__ import annotations

import hashlib
import re
import string
from typing import Final

ALPHABET: Final = string.ascii_letters + string.digits
"""Letters and digits only: mail programs leave a hyphen or a full stop at the end out of the link they make."""

LENGTH: Final = 22
"""Characters of a token: 130 bits."""

PATH: Final = "/r/"
"""What stands before the token in an address."""

_TOKEN = re.compile(rf"[A-Za-z0-9]{{{LENGTH}}}")
# in the mail that an answer quotes, filters may have put the address into one of their own, where "/" is written %2F
_IN_WORDS = re.compile(rf"((?:/|%2F)r(?:/|%2F))[A-Za-z0-9]{{{LENGTH}}}(?![A-Za-z0-9])", re.IGNORECASE)


def is_token(text: str) -> bool:
    """Whether a text from outside can be a token at all."""
    return _TOKEN.fullmatch(text) is not None


def token_hash(token: str) -> str:
    """What is kept of a token: its SHA-256 in hexadecimal. Salt would add nothing to 130 bits of chance."""
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def without_tokens(text: str) -> str:
    """The same words with every token replaced by an ellipsis; the address before it stays, so that staff see a link was there."""
    if "/" not in text and "%" not in text:  # most texts hold no address, and looking for one letter by letter is dear
        return text
    return _IN_WORDS.sub(r"\1…", text)
