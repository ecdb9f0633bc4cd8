"""How much absence there is, of which kind, in what spells and on which weekdays: the figures behind a pretend register.

Published figures carry their source; what nobody publishes is called an assumption. `notifier.demo.spells` turns them into
spells of absence, and the tests hold three thousand pretend pupils against this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SOURCE: Final = (
    "DfE, Pupil attendance in schools, 2025/26 to the week of 6 July 2026 (provisional, ages 5 to 15): EES_ytd_data.csv in "
    "github.com/dfe-analytical-services/attendance-data-dashboard at 8f4979c (2026-07-23). Figures Crown copyright, OGL v3.0."
)

REVIEWED: Final = "2026-11-22"


@dataclass(frozen=True, slots=True)
class PhaseRates:
    """One phase. Rates are per cent of possible sessions; `persistent` is per cent of pupils who miss a tenth or more.

    `codes` are the absences that come in spells. `part_time` (C2), `late_after` (U) and `late_before` (L, present) come one by
    one, and `visits` (V, present elsewhere) a group at a time. `weekdays` are absence Monday to Friday, DfE daily figures for
    September and October 2022 (same repository, daily files at 18d3966); only their proportions are used.
    `concentration` is how alike pupils are (the sum of the two parameters of a beta distribution), fitted here so that the
    published share of pupils is persistently absent over a year of 190 days.
    """

    overall: float
    persistent: float
    codes: dict[str, float]
    part_time: float
    late_after: float
    late_before: float
    visits: float
    weekdays: tuple[float, float, float, float, float]
    concentration: float


RATES: Final[dict[str, PhaseRates]] = {
    "primary": PhaseRates(
        overall=5.277,
        persistent=13.773,
        codes={
            "I": 2.786, "O": 0.7938, "G": 0.5349, "C": 0.3674, "M": 0.272, "R": 0.0655, "N": 0.0494, "E": 0.0369,
            "J1": 0.017, "T": 0.0142, "C1": 0.0033, "S": 0.0002,
        },
        part_time=0.1667,
        late_after=0.1694,
        late_before=1.1219,
        visits=0.7329,
        weekdays=(4.9, 4.7, 4.4, 4.4, 5.4),
        concentration=50.0,
    ),
    "secondary": PhaseRates(
        overall=8.49,
        persistent=23.768,
        codes={
            "I": 3.627, "O": 2.6084, "C": 0.4258, "M": 0.3763, "G": 0.3144, "E": 0.2887, "S": 0.1004, "R": 0.0579,
            "N": 0.0495, "J1": 0.0157, "C1": 0.0051, "T": 0.003,
        },
        part_time=0.321,
        late_after=0.2965,
        late_before=2.79,
        visits=0.7292,
        weekdays=(7.3, 7.4, 7.3, 7.4, 8.6),
        concentration=2.5,
    ),
}  # fmt: skip

HALF_DAY: Final = 0.5

SPELL_DAYS: Final[dict[str, tuple[tuple[float, ...], tuple[float, ...]]]] = {
    "I": ((HALF_DAY, 1, 2, 3, 4, 5, 6, 8, 10), (4, 31, 21, 15, 10, 9, 4, 4, 2)),
    "O": ((HALF_DAY, 1, 2, 3, 4, 5, 7, 10), (6, 38, 17, 11, 8, 8, 7, 5)),
    "G": ((1, 2, 3, 5, 8, 10), (10, 15, 15, 35, 15, 10)),
    "M": ((HALF_DAY, 1), (65, 35)),
    "E": ((1, 2, 3, 5), (35, 30, 20, 15)),
    "C": ((HALF_DAY, 1, 2, 3, 5), (10, 50, 20, 10, 10)),
    "R": ((1,), (1,)),
}
"""Length of spells in school days, and their weights: chosen so that half of all spells last one or two days, as FFT Education
Datalab reports for both phases (July 2022). The shares within each code are an assumption."""

OTHER_SPELLS: Final = ((1, 2, 3), (60, 25, 15))
"""Lengths for the rare codes; an assumption."""

UNKNOWN_AT_CLOSE: Final = 0.2
"""Share of children on a first day of illness or other absence whose reason is not known when the register closes. Nobody
publishes it; 0.10 to 0.35 is thought likely (reference: attendance, 6.3)."""

STALE_SHARE: Final = 0.2
"""Share of spells with code O that still stand as N, while no more than five school days old; an assumption. (In published
weekly figures N is 0.05 to 0.24 per cent of sessions while it is fresh.)"""

MORNING_ONLY: Final = 0.7
"""Share of half-day spells that take the morning; an assumption."""
