"""The ladder: which steps of a follow-up are due at a moment, after sleep and restarts as well as on time.

What is due follows from when the first contact was made and which steps are already done, never from timers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifier.domain.policies import Audience, Step

STAFF = frozenset({Audience.CALL_LIST, Audience.SAFEGUARDING_LEAD})
"""Audiences that are people at school, reached whatever the hour."""


@dataclass(frozen=True, slots=True)
class DueStep:
    """A step that is due. `skipped` says why a text of it no longer leaves; the step still counts as done."""

    index: int
    step: Step
    due_at: datetime
    skipped: str | None = None


def due_at(started_at: datetime, step: Step) -> datetime:
    """The instant a step falls due."""
    return started_at + timedelta(minutes=step.after)


def due_steps(
    steps: Sequence[Step],
    *,
    started_at: datetime,
    next_step: int,
    now: datetime,
    last_contact: datetime,
    texts_paused: bool,
) -> tuple[DueStep, ...]:
    """The steps due by `now` and not done, in order.

    Of several text steps that fell due together (the machine slept) only the last leaves: it reaches everyone the earlier ones
    would have, and nobody gets two texts at once. Texts that are paused by an answer or past the last time for contact are
    skipped; steps that turn to staff never are.
    """
    found = [
        DueStep(index, steps[index], due_at(started_at, steps[index]))
        for index in range(next_step, len(steps))
        if due_at(started_at, steps[index]) <= now
    ]
    texts = [due.index for due in found if due.step.to not in STAFF]
    judged = []
    for due in found:
        skipped = None
        if due.step.to not in STAFF:
            if texts_paused:
                skipped = "answered"
            elif now > last_contact:
                skipped = "too_late"
            elif due.index != texts[-1]:
                skipped = "overtaken"
        judged.append(DueStep(due.index, due.step, due.due_at, skipped))
    return tuple(judged)


def next_due(steps: Sequence[Step], started_at: datetime, next_step: int) -> datetime | None:
    """When the next step falls due; None when the ladder has been climbed."""
    return due_at(started_at, steps[next_step]) if next_step < len(steps) else None


def step_to_go_on(steps: Sequence[Step], next_step: int, *, on_call_list: bool, lead_told: bool) -> int:
    """Where to go on: `next_step`, or an earlier step that turns to people who have not been turned to.

    Only a ladder that became shorter in mid-morning has such a step; it must not leave its people out.
    """
    told = {Audience.CALL_LIST: on_call_list, Audience.SAFEGUARDING_LEAD: lead_told}
    missed = [index for index, step in enumerate(steps[:next_step]) if not told.get(step.to, True)]
    return min([next_step, *missed])


def first_staff_step(steps: Sequence[Step]) -> int:
    """The first step that turns to staff: where a follow-up begins that nobody may be written to about."""
    return next((index for index, step in enumerate(steps) if step.to in STAFF), len(steps))
