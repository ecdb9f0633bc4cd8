"""What is refused in production, where real families are at the other end."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from notifier.configuration.errors import Problem
from notifier.settings.names import env_name
from notifier.settings.values import SHORTEST_KEY, Settings

_PLACEHOLDERS = ("change", "secret", "placeholder", "example", "replace", "password")


def unsafe(settings: Settings) -> Iterator[Problem]:
    """Every setting that must not be as it is."""

    def refused(path: tuple[str, ...], message: str) -> Problem:
        return Problem("production", env_name(path), message)

    key = settings.secret_key.get_secret_value() if settings.secret_key else ""
    how = "set it to what 'openssl rand -hex 32' prints"
    if not key:
        yield refused(("secret_key",), f"is missing; {how}")
    elif len(key) < SHORTEST_KEY:
        yield refused(("secret_key",), f"is shorter than {SHORTEST_KEY} characters; {how}")
    elif len(set(key)) < 8 or any(word in key.casefold() for word in _PLACEHOLDERS):
        yield refused(("secret_key",), f"is a placeholder; {how}")
    if settings.allow_test_numbers:
        yield refused(("allow_test_numbers",), "is not possible: messages to test numbers reach nobody; leave it out")
    for medium in ("sms", "email"):
        if getattr(settings.channels, medium) == "simulator":
            others = "twilio or off" if medium == "sms" else "smtp or off"
            yield refused(("channels", medium), f"the simulator reaches nobody; write {others}")
    if settings.sign_in.argon2_memory_kib < 19456 or settings.sign_in.argon2_rounds < 2:
        path = ("sign_in", "argon2_memory_kib")
        yield refused(path, "is too little for passwords: at least 19456 KiB and 2 rounds; leave both out")
    address = urlsplit(settings.public_url)
    if address.scheme != "https" and address.hostname not in ("127.0.0.1", "localhost", "::1"):
        yield refused(("public_url",), f'"{settings.public_url}" must begin with https:// in production')
