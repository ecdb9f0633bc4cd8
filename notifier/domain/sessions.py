"""The two sessions of a school day, and what a school's wall clock means as an instant.

Times of day are local (Europe/London); instants are always aware UTC. Runs are keyed by local date, so neither clock change
can make one happen twice or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

UTC = ZoneInfo("UTC")
LONDON = ZoneInfo("Europe/London")

_CLOCKS_CHANGE_AT = time(1, tzinfo=UTC)
"""Both changes happen at 01:00 Greenwich Mean Time, in spring and in autumn (Summer Time Order 2002)."""


class Session(StrEnum):
    """A registration session: morning or afternoon."""

    AM = "AM"
    PM = "PM"


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """When one session's register closes, and between which local times carers may first be contacted."""

    register_closes: time
    first_contact: time
    last_contact: time


def at_local(day: date, moment: time) -> datetime:
    """Turn a local school time into the UTC instant it means.

    A time that the spring change skips becomes the first instant after the gap; a time that the autumn change
    repeats means its first occurrence.
    """
    instant = datetime.combine(day, moment.replace(fold=0), tzinfo=LONDON).astimezone(UTC)  # fold=0: the first of two
    if local_time(instant) != moment:  # no clock ever showed it: the spring change skipped it
        return datetime.combine(day, _CLOCKS_CHANGE_AT)
    return instant


def local_date(instant: datetime) -> date:
    """The school's calendar date at an aware instant."""
    return instant.astimezone(LONDON).date()


def local_time(instant: datetime) -> time:
    """The school's wall-clock time at an aware instant."""
    return instant.astimezone(LONDON).time()
