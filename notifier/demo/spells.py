"""Spells of absence: who is away from when to when, and by which code. Absence comes in spells, not by a coin each morning.

Each pupil has a leaning of their own, drawn so that most miss little and some miss much; a free pupil falls into a spell with
a chance that fits the leaning and the weekday. On most days most absent pupils are therefore on day two or later of a spell
the school knows about, and need no text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from random import Random
from typing import Final

from notifier.demo.calibration import HALF_DAY, MORNING_ONLY, OTHER_SPELLS, RATES, SPELL_DAYS
from notifier.domain.sessions import Session

BURN_IN: Final = 25
"""School days simulated before the first one wanted, so that spells under way are as many as on any day."""


@dataclass(frozen=True, slots=True)
class Spell:
    """One spell: the index of its first day (below 0: before the days asked for), its length in days, and its code.

    `only` names the session missed in a spell of half a day.
    """

    first: int
    days: int
    code: str
    only: Session | None = None

    def covers(self, index: int, session: Session) -> bool:
        """Whether the pupil is away in this session."""
        return self.first <= index < self.first + self.days and self.only in (None, session)


@dataclass(frozen=True)
class SpellModel:
    """What spells of a phase look like: mix of codes, lengths, mean length in days, and how weekdays pull."""

    codes: tuple[str, ...]
    shares: tuple[float, ...]
    mean_days: float
    weekday_pull: tuple[float, ...]
    leaning: tuple[float, float]


def _lengths(code: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return SPELL_DAYS.get(code, OTHER_SPELLS)


@lru_cache(maxsize=4)
def spell_model(phase: str) -> SpellModel:
    """Work out the mix of spells that yields the published mix of sessions. Raises KeyError for an unknown phase."""
    rates = RATES[phase]
    codes = {code: rate for code, rate in rates.codes.items() if code != "N"}
    codes["O"] += rates.codes["N"]  # an N that nobody clears becomes O; see STALE_SHARE for the way back
    mean = {code: _mean(_lengths(code)) for code in codes}
    shares = {code: rate / mean[code] for code, rate in codes.items()}
    total = sum(shares.values())
    shares = {code: share / total for code, share in shares.items()}
    absent = sum(codes.values()) / 100
    # days touched, for a spell of half a day still takes a whole day out of the free ones
    touched = sum(share * _mean(_lengths(code), whole=True) for code, share in shares.items())
    days_share = absent * touched / sum(share * mean[code] for code, share in shares.items())
    return SpellModel(
        codes=tuple(shares),
        shares=tuple(shares.values()),
        mean_days=touched,
        weekday_pull=_weekday_pull(rates.weekdays, shares),
        leaning=(days_share * rates.concentration, (1 - days_share) * rates.concentration),
    )


def _mean(table: tuple[tuple[float, ...], tuple[float, ...]], *, whole: bool = False) -> float:
    lengths, weights = table
    return sum((max(1, n) if whole else n) * w for n, w in zip(lengths, weights, strict=True)) / sum(weights)


def _weekday_pull(wanted: Sequence[float], shares: dict[str, float]) -> tuple[float, ...]:
    """How much likelier a spell begins on each weekday, so that absence, with its carry-over, comes out as wanted."""
    lasting = [
        sum(
            share * sum(w for n, w in zip(*_lengths(code), strict=True) if max(1, n) > age) / sum(_lengths(code)[1])
            for code, share in shares.items()
        )
        for age in range(10)
    ]
    level = sum(wanted) / 5
    pull = [1.0] * 5
    for _ in range(300):
        rate = [sum(pull[(day - age) % 5] * still for age, still in enumerate(lasting)) for day in range(5)]
        mean = sum(rate) / 5
        pull = [p * (w / level) / (r / mean) for p, w, r in zip(pull, wanted, rate, strict=True)]
    scale = 5 / sum(pull)
    return tuple(p * scale for p in pull)


def spells_of(model: SpellModel, chance: Random, weekdays: Sequence[int]) -> tuple[Spell, ...]:
    """One pupil's spells that touch the wanted days. `weekdays` covers the burn-in days as well as those wanted."""
    leaning = chance.betavariate(*model.leaning)
    # free days before a spell are (1 - start) / start on average: this start makes the share of days away the leaning
    start = leaning / (leaning + model.mean_days * (1 - leaning))
    if start * 1.5 < 0.001 / len(weekdays):  # hardly ever away: not worth drawing for every day
        return ()
    found = []
    index, draw = 0, chance.random
    while index < len(weekdays):
        if draw() >= start * model.weekday_pull[weekdays[index]]:
            index += 1
            continue
        code = chance.choices(model.codes, model.shares)[0]
        length = chance.choices(*_lengths(code))[0]
        only = None
        if length == HALF_DAY:
            only = Session.AM if draw() < MORNING_ONLY else Session.PM
        spell = Spell(index - BURN_IN, max(1, int(length)), code, only)
        if spell.first + spell.days > 0:
            found.append(spell)
        index += spell.days
    return tuple(found)


def weekdays_with_burn_in(days: Sequence[date]) -> tuple[int, ...]:
    """The weekday (0 is Monday) of every burn-in day and then of every day given."""
    return (*reversed(tuple(_weekdays_back(days[0]))), *(day.weekday() for day in days))


def _weekdays_back(day: date) -> Iterator[int]:
    found = 0
    while found < BURN_IN:
        day -= timedelta(days=1)
        if day.weekday() < 5:
            found += 1
            yield day.weekday()
