"""What the NHS and UKHSA say about school and illness, as values, and which message may be offered to a family about it.

Nothing here judges a child. A condition that a reply names leads to a row, a row to a message; a row nobody has verified, or on which
the two bodies differ, leads only to a message that gives the link and no rule. Many conditions lead to no message: a person reads
those replies. The rows come from config/illness.toml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

LINK_ONLY: Final = frozenset({"illness_advice", "illness_chickenpox"})
"""The messages that give the link and no rule, so that they suit every row."""

REPLY_CONDITIONS: Final = (
    "vomiting_diarrhoea",
    "fever",
    "cough_cold",
    "covid_flu",
    "sore_throat",
    "ear",
    "headache",
    "chickenpox",
    "scarlet_fever",
    "hand_foot_mouth",
    "conjunctivitis",
    "impetigo",
    "head_lice",
    "asthma",
    "allergy",
    "injury",
    "period_pain",
    "mental_health",
    "hospital",
    "rash",
    "tooth",
    "other_illness",
)
"""Every condition that may be read off a reply. The file says of each which row it belongs to, or that no text is offered."""

REVIEWED_EVERY: Final = timedelta(days=365)
"""How long a review counts."""


class GoToSchool(StrEnum):
    """Whether a child with a condition goes to school, as the body says in general; never about one child."""

    YES = "yes"
    NO = "no"
    CONDITIONAL = "conditional"


class TellSchool(StrEnum):
    """What a family is asked to tell the school."""

    PHONE_FIRST_DAY = "phone_first_day"  # with the reason
    PHONE_IF_ABSENT = "phone_if_absent"
    TELL_TEACHER = "tell_teacher"  # when the child comes in
    NO = "no"


class Body(StrEnum):
    """Who says so."""

    NHS = "NHS"
    UKHSA = "UKHSA"
    CMO = "CMO"  # the Chief Medical Officer for England


STATES_A_RULE: Final[Mapping[str, GoToSchool]] = {
    "illness_cough_cold": GoToSchool.YES,
    "illness_conjunctivitis": GoToSchool.YES,
    "illness_head_lice": GoToSchool.YES,
    "illness_temperature": GoToSchool.NO,
    "illness_sickness": GoToSchool.NO,
    "illness_sore_throat": GoToSchool.CONDITIONAL,
    "illness_anxiety": GoToSchool.CONDITIONAL,
}
"""The messages that say whether a child goes to school, and what they say: only rows that say the same may use them."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One illness as a body describes it.

    `return_rule`, `edition` and `note` are words for staff, `source` the keys of the file's [sources]. `verified` and `differs`
    are explained in the file; `reviewed` is the day somebody last read the row against its source.
    """

    key: str
    name: str
    go_to_school: GoToSchool
    return_rule: str
    tell_school: TellSchool
    body: tuple[Body, ...]
    source: tuple[str, ...]
    edition: str
    reviewed: date
    verified: bool
    template: str
    differs: bool = False
    note: str = ""

    @property
    def link_only(self) -> bool:
        """Whether a family may be given the link alone, because the rule is not sure enough to be repeated."""
        return self.differs or not self.verified


@dataclass(frozen=True, slots=True)
class IllnessGuidance:
    """The whole file: the rows by key, what a reply's condition leads to (None: no text), the NHS page, and the sources' words."""

    nhs_link: str
    conditions: Mapping[str, Condition]
    reply_conditions: Mapping[str, str | None]
    sources: Mapping[str, str] = field(default_factory=dict)

    def row_of(self, reply_condition: str | None) -> Condition | None:
        """The row a condition read off a reply belongs to; None where there is none or no text is offered."""
        key = self.reply_conditions.get(reply_condition) if reply_condition else None
        return self.conditions[key] if key else None

    def template_of(self, reply_condition: str | None) -> str | None:
        """The message that may be proposed about a condition read off a reply; None where no text is offered."""
        row = self.row_of(reply_condition)
        return row.template if row else None


def stale(rows: Iterable[Condition], today: date) -> tuple[Condition, ...]:
    """The rows whose last review is more than a year ago, the oldest first."""
    return tuple(sorted((row for row in rows if today - row.reviewed > REVIEWED_EVERY), key=lambda row: row.reviewed))
