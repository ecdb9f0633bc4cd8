"""A school's policy as values: the ladder's timed steps, the guards' limits, the caps. The numbers come from a policy file."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from notifier.domain.sessions import Session


class Audience(StrEnum):
    """To whom a step of the ladder turns."""

    BEST_PRIORITY = "best_priority"  # the allowed contacts who share the best priority
    NEXT_PRIORITY = "next_priority"  # those again, and the allowed contacts of the next priority
    ALL_RESPONSIBLE = "all_responsible"  # every allowed contact with parental responsibility
    CALL_LIST = "call_list"  # staff, by telephone
    SAFEGUARDING_LEAD = "safeguarding_lead"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ladder, `after` minutes from the first contact.

    `template` is the wording for carers who were already written to, `new_template` for those written to for the first time
    at this step; both are None for steps that turn to staff. `channels` are used in order: with `every_channel` all that the
    carer can be reached by, otherwise the first.
    """

    name: str
    after: int
    to: Audience
    template: str | None = None
    new_template: str | None = None
    channels: tuple[str, ...] = ("sms",)
    every_channel: bool = False


@dataclass(frozen=True, slots=True)
class GuardLimits:
    """When a register is not fit to act on. Shares are of pupils expected (0 to 1); ages are minutes."""

    unusual_share: float = 0.15
    unusual_minimum: int = 10
    stale_after: int = 60
    taken_share: float = 0.5


@dataclass(frozen=True, slots=True)
class Caps:
    """Brakes: pence a school may spend in a day, and how often one number may get the same text within a day."""

    spend_pence_per_day: int = 5000
    equal_texts_per_number: int = 3


@dataclass(frozen=True, slots=True)
class Policy:
    """What a school does about an unexplained absence.

    `unconfirmed_wait` is how many minutes a carer's answer may wait for a person before the follow-up goes to the call list.
    `first_templates` name the first text by session, `whole_day_template` the one used when both sessions are unexplained,
    `day_two_template` the one for a second or later day.
    """

    key: str
    steps: tuple[Step, ...]
    guards: GuardLimits = field(default_factory=GuardLimits)
    caps: Caps = field(default_factory=Caps)
    unconfirmed_wait: int = 30
    first_templates: dict[Session, str] = field(default_factory=dict)
    whole_day_template: str = "first_day"
    day_two_template: str = "day_two"
    all_clear_template: str = "all_clear"
    automatic_answers: bool = True
    review_codes: frozenset[str] = frozenset({"O"})


def templates_named(policy: Policy) -> list[tuple[str, str]]:
    """Every message that a policy names, each with its key in the policy's file; steps count from #1."""
    found = [(f"templates.{session.value}", name) for session, name in policy.first_templates.items()]
    found += [
        ("templates.whole_day", policy.whole_day_template),
        ("templates.day_two", policy.day_two_template),
        ("templates.all_clear", policy.all_clear_template),
    ]
    for number, step in enumerate(policy.steps, start=1):
        found += [
            (f"step #{number}.template", step.template or ""),
            (f"step #{number}.new_template", step.new_template or ""),
        ]
    return [(key, name) for key, name in found if name]
