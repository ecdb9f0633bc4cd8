"""How often somebody may try to sign in: failures are counted in the database, so that restarts and several processes agree.

An attempt is counted before it is judged, so that many at once gain nothing. After a few free failures each further one makes
the next wait longer, up to a limit. Nobody can lock others out for long: a browser in which a person signed in before has a
counter of its own, which guesses from elsewhere do not touch (OWASP calls this device cookies).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from notifier.services.sealing import hash_of
from notifier.store import staff


@dataclass(frozen=True, slots=True)
class Rule:
    """After `free` failures the next attempt waits for `first`, then twice as long each time, at most `longest`."""

    free: int
    first: timedelta
    longest: timedelta


RULES: Final = {
    "account": Rule(10, timedelta(seconds=30), timedelta(minutes=15)),
    "address": Rule(30, timedelta(seconds=15), timedelta(minutes=5)),
    "device": Rule(5, timedelta(seconds=30), timedelta(minutes=15)),
    "second_factor": Rule(5, timedelta(seconds=30), timedelta(minutes=15)),
    "own_password": Rule(5, timedelta(seconds=30), timedelta(minutes=15)),
}
FORGOTTEN_AFTER: Final = timedelta(hours=1)

Counter = tuple[str, str]
"""The kind of a counter and the hash of what it counts for."""


def counter(kind: str, what: str) -> Counter:
    """The counter of an account (its e-mail), an address, a browser or a second factor (its user)."""
    return kind, hash_of(what)


def begin(connection: Connection, counters: Iterable[Counter], *, now: datetime) -> datetime | None:
    """Count one attempt; None where it may go on, else until when to wait (and nothing is counted)."""
    held = [(kind, key, staff.hold_tries(connection, kind, key, now=now)) for kind, key in sorted(counters)]
    waits: list[datetime] = [
        row.wait_until for _, _, row in held if row.wait_until is not None and row.wait_until > now
    ]
    if waits:
        return max(waits)
    for kind, key, row in held:
        failures = _remembered(row, now) + 1
        staff.set_tries(connection, kind, key, failures=failures, at=now, wait_until=_wait(RULES[kind], failures, now))
    return None


def words(until: datetime, now: datetime) -> str:
    """What somebody is told who has to wait."""
    minutes = max(1, -(-int((until - now).total_seconds()) // 60))
    return f"There were too many attempts. Try again in {minutes} {'minute' if minutes == 1 else 'minutes'}."


def succeeded(connection: Connection, counters: Iterable[Counter]) -> None:
    """Forget the failures of an account, browser or second factor; an address, which many share, gets its one attempt back."""
    for kind, key in sorted(counters):
        if kind == "address":
            staff.take_back_try(connection, kind, key)
        else:
            staff.clear_tries(connection, kind, key)


def _remembered(row: Any, now: datetime) -> int:
    return 0 if row.last_at < now - FORGOTTEN_AFTER else int(row.failures)


def _wait(rule: Rule, failures: int, now: datetime) -> datetime | None:
    over = failures - rule.free
    return now + min(rule.first * 2 ** min(over, 20), rule.longest) if over >= 0 else None
