"""Hashing and verifying passwords with argon2id, a few at a time.

Every hash takes megabytes and tenths of a second on purpose, so at most as many run at once as there are processors. Call from
a worker thread, never from an event loop. An account that does not exist costs the same time as one that does.
"""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import Final

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from notifier.sign_in_settings import SignInSettings

_AT_ONCE: Final = threading.BoundedSemaphore(max(os.cpu_count() or 1, 1))


def hash_password(settings: SignInSettings, password: str) -> str:
    """The hash to keep, with its own salt and costs."""
    with _AT_ONCE:
        return _hasher(settings.argon2_rounds, settings.argon2_memory_kib).hash(password)


def verify_password(settings: SignInSettings, kept: str | None, password: str) -> bool:
    """Whether a password is the one that was kept. Without one (None) it takes as long and says no."""
    hasher = _hasher(settings.argon2_rounds, settings.argon2_memory_kib)
    against = kept or _nobodys(settings.argon2_rounds, settings.argon2_memory_kib)
    with _AT_ONCE:
        try:
            return hasher.verify(against, password) and kept is not None
        except (Argon2Error, InvalidHashError):
            return False


def needs_new_hash(settings: SignInSettings, kept: str) -> bool:
    """Whether a hash was made with other costs than are set now."""
    return _hasher(settings.argon2_rounds, settings.argon2_memory_kib).check_needs_rehash(kept)


@lru_cache(maxsize=4)
def _hasher(rounds: int, memory: int) -> PasswordHasher:
    return PasswordHasher(time_cost=rounds, memory_cost=memory, parallelism=1, type=Type.ID)


@lru_cache(maxsize=4)
def _nobodys(rounds: int, memory: int) -> str:
    return _hasher(rounds, memory).hash(os.urandom(16).hex())
