"""Sealing small texts with the service's key, so that neither a reader of the database nor a browser can read or change them.

Each purpose has a key of its own, derived from the secret key. Without a secret key (never in production) what only has to live
as long as the process is sealed with a key of the process; what must be kept cannot be sealed.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Final

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from notifier.settings import Settings

_OF_THE_PROCESS: Final = secrets.token_bytes(32)


class NoKey(Exception):
    """Something must be kept sealed and there is no secret key; the words say what to set."""


def hash_of(token: str) -> str:
    """The hash under which a random token is kept. Tokens are long and random, so a plain hash does."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """256 random bits, for addresses and cookies."""
    return secrets.token_urlsafe(32)


def seal(settings: Settings, purpose: str, text: str, *, kept: bool = False) -> str:
    """Seal a text for one purpose. Raises NoKey where it is to be `kept` and there is no secret key."""
    return _box(settings, purpose, kept).encrypt(text.encode()).decode()


def unseal(settings: Settings, purpose: str, sealed: str, *, kept: bool = False) -> str | None:
    """The text; None where it was not sealed here for this purpose, or with another key."""
    try:
        return _box(settings, purpose, kept).decrypt(sealed.encode()).decode()
    except (InvalidToken, UnicodeError, NoKey):
        return None


def _box(settings: Settings, purpose: str, kept: bool) -> Fernet:
    if settings.secret_key is not None:
        source = settings.secret_key.get_secret_value().encode()
    elif kept:
        raise NoKey("The service has no secret key. Set NOTIFIER_SECRET_KEY to what 'openssl rand -hex 32' prints.")
    else:
        source = _OF_THE_PROCESS
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"notifier:{purpose}".encode()).derive(source)
    return Fernet(base64.urlsafe_b64encode(key))
