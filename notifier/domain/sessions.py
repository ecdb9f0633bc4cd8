"""The two sessions of a school day. Times of day are local (Europe/London); instants are always aware UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

UTC = ZoneInfo("UTC")
LONDON = ZoneInfo("Europe/London")


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
    local = datetime.combine(day, moment, tzinfo=LONDON)  # fold=0: the first of two
    instant = local.astimezone(UTC)
    if instant.astimezone(LONDON).replace(tzinfo=None) != local.replace(tzinfo=None):
        # In the gap: the offset before the change was used; the change itself is the first valid instant.
        before = (local - timedelta(hours=3)).astimezone(UTC)
        low, high = before, instant
        old = before.astimezone(LONDON).utcoffset()
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) / 2
            if middle.astimezone(LONDON).utcoffset() == old:
                low = middle
            else:
                high = middle
        return high.replace(microsecond=0)
    return instant


def local_date(instant: datetime) -> date:
    """The school's calendar date at an aware instant."""
    return instant.astimezone(LONDON).date()


def local_time(instant: datetime) -> time:
    """The school's wall-clock time at an aware instant."""
    return instant.astimezone(LONDON).time()
