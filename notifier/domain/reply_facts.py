"""Reads facts out of a reply: when the child comes back, at what time, which child is meant, and what ails them.

Everything here is a proposal that staff see beside the reply; nothing acts on it by itself. The words come as a `FactWords` book
(config/reply_facts.toml). The day is the school's local day; whether it is a school day is for the caller to settle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from notifier.domain.reply_text import tokens_of
from notifier.domain.reply_times import time_of

LONGEST: Final = 600
"""Characters looked at."""

_SENTENCE_ENDS: Final = frozenset({".", "?"})
_LONG_NAME: Final = 5  # a name this long may be misspelt by one letter
_FURTHEST: Final = timedelta(days=200)


@dataclass(frozen=True, slots=True)
class FactWords:
    """The words that tell facts, folded. `days` gives the ISO weekday (1 is Monday) of a word, `months` the month.

    The sets of phrases are tuples of words: `tomorrow`, `returning` (what shows that a day is one of return), `staying` (what shows
    that the child is away on the days named), `past` (what shows that a time lies behind), `together` (all children). `conditions`
    maps a condition to its phrases; a word that ends in `*` stands for any ending.
    """

    days: Mapping[str, int]
    months: Mapping[str, int]
    numbers: Mapping[str, int]
    tomorrow: frozenset[str]
    returning: frozenset[str]
    staying: frozenset[str]
    past: frozenset[str]
    together: tuple[tuple[str, ...], ...]
    denials: frozenset[str]
    conditions: Mapping[str, tuple[tuple[str, ...], ...]]


@dataclass(frozen=True, slots=True)
class Child:
    """A child whom the reply may be about, with the names the family may use."""

    pupil_id: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReplyFacts:
    """What a reply says. `time` is 24-hour local time such as "10:30". Nothing found is None, or no pupil at all."""

    return_date: date | None = None
    time: str | None = None
    pupil_ids: tuple[str, ...] = ()
    condition: str | None = None

    def document(self) -> dict[str, object]:
        """The facts as they are stored beside a reply; only those found."""
        found = {
            "return_date": self.return_date.isoformat() if self.return_date else None,
            "time": self.time,
            "pupil_ids": list(self.pupil_ids),
            "condition": self.condition,
        }
        return {name: value for name, value in found.items() if value}


def facts_of(text: str, words: FactWords, *, received: date, children: Sequence[Child] = ()) -> ReplyFacts:
    """All facts of a reply that came on the local day `received`, about some of these absent children. Never raises."""
    tokens = tokens_of(text[:LONGEST])
    return ReplyFacts(
        return_date=return_date_of(tokens, words, received),
        time=time_of(text[:LONGEST], words.past),
        pupil_ids=children_of(tokens, words, children),
        condition=condition_of(tokens, words),
    )


# ------------------------------------------------------------------------------------------------ day of return


def return_date_of(tokens: Sequence[str], words: FactWords, received: date) -> date | None:
    """The day on which the child is said to come back, None where none is named."""
    monday = received + timedelta(days=8 - received.isoweekday())
    line = " ".join(tokens)
    for pattern, days in _SPANS:
        if (match := pattern.search(line)) is not None:
            if days is None:
                return monday
            number = _number(match.group(1), words) if match.groups() and match.group(1) else 1
            if number is None or not 0 < number * days <= 28 * 24:
                continue
            return received + timedelta(days=max(1, -(-number * days // 24)))
    if _TODAY.search(line):
        return received
    named = list(_days_named(tokens, words, received))
    if not named:
        return None
    for place, day in named:
        if _follows(tokens, place, words.returning) and not _denied(tokens, place, words):
            return day
    away = [day for place, day in named if _follows(tokens, place, words.staying)]
    if away and not _until(line):
        return max(day for _, day in named) + timedelta(days=1)  # "off today and tomorrow"
    return away[0] if away else None


_COUNT: Final = r"(\d+|a|an|one|two|three|four|five|six|seven|ten|couple of|couple|another)"
_SPANS: Final = (
    (re.compile(r"\b(?:rest of (?:the |this )?w(?:ee)?k|all (?:this )?week|whole week|remainder of the week)\b"), None),
    (
        re.compile(
            r"\bafter (?:the )?(?:weekend|w end|wkend)\b|\bnext w(?:ee)?k\b(?! (?:on )?(?:mon|tue|wed|thu|fri))"
        ),
        None,
    ),
    (re.compile(r"\b(?:end of (?:the|this) week|this week off|off this week|new week|start of (?:the )?week)\b"), None),
    (re.compile(r"\b(24|48|72) ?(?:hours?|hrs?|h)\b"), 1),
    (re.compile(r"\b(24|48|72)(?:hours?|hrs?|h)\b"), 1),
    (
        re.compile(
            rf"\b{_COUNT}(?: more| school)? days?\b(?! (?:ago|before|now|running|straight|in a row|after|already))"
        ),
        24,
    ),
    (re.compile(rf"\b{_COUNT} (?:more )?(?:weeks?|wks?)\b(?! (?:ago|before|now|after))"), 24 * 7),
    (re.compile(r"\b(fortnight)\b"), 24),
)
_TODAY: Final = re.compile(
    r"\b(?:back|in|return\w*|come|coming|bring\w*) (?:\w+ ){0,2}?(?:after (?:lunch|dinner|break)|this afternoon|by lunch\w*|for lunch|later today|"
    r"later on today|this aft|for (?:the )?afternoon)\b"
)
_UNTIL: Final = re.compile(r"\b(?:until|till|til|untill|unitl|do|pana|hasta|ate|kadar|tak|ilaa|tan)\b")


def _until(line: str) -> bool:
    return _UNTIL.search(line) is not None


def _number(word: str, words: FactWords) -> int | None:
    return int(word) if word.isdecimal() and len(word) < 4 else words.numbers.get(word)


def _days_named(tokens: Sequence[str], words: FactWords, received: date) -> Iterator[tuple[int, date]]:
    """Every day after today that the words name, with the place of the word."""
    for place, token in enumerate(tokens):
        previous = tokens[place - 1] if place else ""
        if token in words.tomorrow:
            ahead = 2 if tokens[max(place - 2, 0) : place] == ["day", "after"] else 1
            yield place, received + timedelta(days=ahead)
        elif token in words.days:
            ahead = (words.days[token] - received.isoweekday() - 1) % 7 + 1
            day = received + timedelta(days=ahead)
            if previous == "next" and day.isocalendar()[:2] == received.isocalendar()[:2]:
                day += timedelta(days=7)
            if previous not in {"last", "since", "on last"}:
                yield place, day
        elif (named := _calendar_day(tokens, place, words, received)) is not None:
            yield place, named


_NUMBERED: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
_SLASHED: Final = re.compile(r"(\d{1,2})[/.](\d{1,2})(?:[/.](?:20)?\d\d)?")


def _calendar_day(tokens: Sequence[str], place: int, words: FactWords, received: date) -> date | None:
    """A day such as 24/11, 1st dec, dec 1 or the 30th, the next one after today."""
    token = tokens[place]
    if match := _SLASHED.fullmatch(token):
        return _coming(int(match.group(1)), int(match.group(2)), received)
    if (match := _NUMBERED.fullmatch(token)) is None:
        return None
    day = int(match.group(1))
    after = [one for one in tokens[place + 1 : place + 3] if one != "of"]
    near = [*after[:1], *tokens[max(place - 1, 0) : place]]
    month = next((words.months[one] for one in near if one in words.months), None)
    if month is not None:
        return _coming(day, month, received)
    if token.isdecimal() and not (place and tokens[place - 1] == "the"):
        return None
    if token.isdecimal():
        return None
    for later in (received.month, received.month % 12 + 1):
        if (found := _coming(day, later, received)) is not None and found - received < timedelta(days=32):
            return found
    return None


def _coming(day: int, month: int, received: date) -> date | None:
    for year in (received.year, received.year + 1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if received < found <= received + _FURTHEST:
            return found
    return None


def _follows(tokens: Sequence[str], place: int, cues: frozenset[str]) -> bool:
    """Whether one of these words stands in the same sentence, a little before the word or just behind it."""
    for earlier in range(place - 1, max(place - 8, -1), -1):
        if tokens[earlier] in _SENTENCE_ENDS:
            break
        if tokens[earlier].replace("'", "") in cues:
            return True
    return any(token.replace("'", "") in cues for token in tokens[place + 1 : place + 3])


def _denied(tokens: Sequence[str], place: int, words: FactWords) -> bool:
    """Whether the return is denied: "won't be in tomorrow"."""
    return any(token.replace("'", "") in words.denials for token in tokens[max(place - 6, 0) : place])


# ------------------------------------------------------------------------------------------------ which child


def children_of(tokens: Sequence[str], words: FactWords, children: Sequence[Child]) -> tuple[str, ...]:
    """Which of the absent children the reply names, in their order; none where it names none of them."""
    if not children:
        return ()
    if len(children) > 1 and any(_stands_at(tokens, phrase) for phrase in words.together):
        return tuple(child.pupil_id for child in children)
    spoken = [token.replace("'", "") for token in tokens]
    stems = [token.split("'")[0] for token in tokens]
    exact = [child for child in children if _named(child, spoken, stems, fuzzy=False)]
    found = exact or [child for child in children if _named(child, spoken, stems, fuzzy=True)]
    return tuple(child.pupil_id for child in found)


def _named(child: Child, spoken: Sequence[str], stems: Sequence[str], *, fuzzy: bool) -> bool:
    for name in child.names:
        parts = tokens_of(name)
        if not parts:
            continue
        first = parts[0].replace("'", "")
        for word, stem in zip(spoken, stems, strict=True):
            if first in {word, stem} or word == f"{first}s":
                return True
            if fuzzy and len(first) >= _LONG_NAME and word[:1] == first[:1] and one_slip_apart(first, word):
                return True
            if fuzzy and len(first) >= _LONG_NAME and sorted(word) == sorted(first):
                return True
    return False


def one_slip_apart(name: str, word: str) -> bool:
    """Whether one letter too many, too few or wrong, or two neighbours swapped, turns one word into the other."""
    if abs(len(name) - len(word)) > 1 or name == word:
        return name == word
    shorter, longer = sorted((name, word), key=len)
    start = next((place for place, letter in enumerate(shorter) if letter != longer[place]), len(shorter))
    if len(shorter) < len(longer):
        return shorter[start:] == longer[start + 1 :]
    swapped = shorter[:start] + shorter[start + 1 : start + 2] + shorter[start : start + 1] + shorter[start + 2 :]
    return shorter[start + 1 :] == longer[start + 1 :] or swapped == longer


# ------------------------------------------------------------------------------------------------ what ails them


def condition_of(tokens: Sequence[str], words: FactWords) -> str | None:
    """The condition that is named first, None where none of the known ones is; one that is denied ("no temperature") does not count."""
    best: tuple[int, int, str] | None = None
    for condition, phrases in words.conditions.items():
        for phrase in phrases:
            for place in _places(tokens, phrase):
                near = [token.replace("'", "") for token in tokens[max(place - 3, 0) : place]]
                if near[-1:] == ["no"] or "without" in near or any(token in words.denials for token in near[-2:]):
                    continue
                found = (place, -len(phrase), condition)
                best = found if best is None or found < best else best
                break
    return best[2] if best else None


def _stands_at(tokens: Sequence[str], phrase: tuple[str, ...]) -> bool:
    return next(_places(tokens, phrase), None) is not None


def _places(tokens: Sequence[str], phrase: tuple[str, ...]) -> Iterator[int]:
    for place in range(len(tokens) - len(phrase) + 1):
        if all(_fits(tokens[place + step].replace("'", ""), word) for step, word in enumerate(phrase)):
            yield place


def _fits(token: str, word: str) -> bool:
    return token.startswith(word[:-1]) if word.endswith("*") else token == word
