"""Reads a time of day out of a reply: "half 10", "quarter to 11", "about 2", "10.30".

Only times still to come count: a carer who tells when the child left home names no time to wait for. English; other languages' digits
are folded before.
"""

from __future__ import annotations

import re
from typing import Final

from notifier.domain.reply_text import fold

_CLOCK: Final = re.compile(
    r"(?P<half>\bhalf(?: past)? (?P<half_hour>\d{1,2})\b)"
    r"|(?P<quarter>\b(?:quarter|qtr|1/4) (?P<side>past|to|2) (?P<quarter_hour>\d{1,2})\b)"
    r"|(?P<few>\b(?P<minutes>5|10|20|25|five|ten|twenty) (?P<few_side>past|to) (?P<few_hour>\d{1,2})\b)"
    r"|(?P<hour>\b\d{1,2})(?:[:.](?P<minute>[0-5]\d))?\s?(?P<half_day>[ap]\.?m\b)?(?P<loose>ish\b| ?o'?clock\b)?(?![\d:./%°]|st\b|nd\b|rd\b|th\b)"
)
_NOON: Final = re.compile(r"\b(?:noon|midday|mid day)\b")
_FEW: Final = {"five": 5, "ten": 10, "twenty": 20}
_UNITS: Final = frozenset(
    [
        "min",
        "mins",
        "minute",
        "minutes",
        "hour",
        "hours",
        "hr",
        "hrs",
        "h",
        "day",
        "days",
        "week",
        "weeks",
        "wk",
        "wks",
        "month",
        "months",
        "year",
        "years",
        "yr",
        "yrs",
        "old",
        "degrees",
        "deg",
        "c",
        "times",
        "ml",
        "mg",
        "kids",
        "children",
        "of",
        "more",
        "stitches",
        "miles",
        "x",
        "jan",
        "january",
        "feb",
        "february",
        "mar",
        "march",
        "apr",
        "april",
        "may",
        "june",
        "jun",
        "july",
        "jul",
        "aug",
        "august",
        "sep",
        "sept",
        "september",
        "oct",
        "october",
        "nov",
        "november",
        "dec",
        "december",
    ]
)
_AT: Final = frozenset(
    [
        "at",
        "by",
        "for",
        "from",
        "around",
        "about",
        "til",
        "till",
        "until",
        "after",
        "@",
        "approx",
        "to",
        "before",
        "between",
        "roughly",
        "~",
        "circa",
    ]
)


def time_of(text: str, past: frozenset[str]) -> str | None:
    """A time of day still to come, as "10:30"; None where none is named. Hours without am or pm are those of a school day.

    `past` are words that show that a time lies behind ("dropped him at 8.40").
    """
    line = fold(text)
    for match in _CLOCK.finditer(line):
        found = _clock(match, line)
        if found is not None and not _behind(line[: match.start()], past):
            return found
    if (noon := _NOON.search(line)) is not None and not _behind(line[: noon.start()], past):
        return "12:00"
    return None


def _behind(before: str, past: frozenset[str]) -> bool:
    """Whether the words in front tell of something that has already happened."""
    sentence = re.split(r"[.!?;,\n]", before)[-1]
    return any(token.replace("'", "") in past for token in sentence.split()[-5:])


def _clock(match: re.Match[str], line: str) -> str | None:
    if match["half"]:
        return _at(int(match["half_hour"]), 30, None)
    if match["quarter"]:
        hour = int(match["quarter_hour"])
        return _at(hour, 15, None) if match["side"] == "past" else _before(hour, 15)
    if match["few"]:
        minutes = _FEW.get(match["minutes"]) or int(match["minutes"])
        hour = int(match["few_hour"])
        return _at(hour, minutes, None) if match["few_side"] == "past" else _before(hour, minutes)
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    if match["half_day"] or match["loose"]:
        return _at(hour, minute, match["half_day"])
    following = line[match.end() :].split()
    if following and following[0].strip(".,!") in _UNITS:
        return None
    previous = (re.findall(r"[\w@~]+|[^\w\s]", line[: match.start()]) or [""])[-1]
    if match["minute"]:
        plain = 7 <= hour <= 18 or (hour < 7 and previous in _AT)
        return _at(hour, minute, None) if plain else None
    return _at(hour, 0, None) if previous in _AT and 1 <= hour <= 12 else None


def _before(hour: int, minutes: int) -> str | None:
    told = _at(hour, 0, None)
    if told is None:
        return None
    total = int(told[:2]) * 60 - minutes
    return f"{total // 60:02}:{total % 60:02}"


def _at(hour: int, minute: int, half_day: str | None) -> str | None:
    if not 0 <= hour <= 23 or (half_day and not 1 <= hour <= 12):
        return None
    if half_day:
        hour = hour % 12 + (12 if half_day.startswith("p") else 0)
    elif 1 <= hour <= 6:
        hour += 12
    return f"{hour:02}:{minute:02}" if hour else None
