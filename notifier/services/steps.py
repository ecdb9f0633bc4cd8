"""One step of the ladder as drafts: whom it turns to, by which channels, in which words."""

from __future__ import annotations

from collections.abc import Collection

from notifier.domain.choosing import Circle, Reach, channels_for, chosen
from notifier.domain.policies import Policy, Step
from notifier.domain.sessions import Session
from notifier.services.outbox import ABSENCE, Draft


def first_template(policy: Policy, session: Session, *, whole_day: bool, day_two: bool) -> str:
    """The words of the first text: a second day in a row has its own, so has a whole day without a reason."""
    if day_two:
        return policy.day_two_template
    if whole_day:
        return policy.whole_day_template
    return policy.first_templates.get(session, policy.whole_day_template)


def step_drafts(
    step: Step,
    circle: Circle,
    follow_up_id: str,
    *,
    template: str,
    new_template: str,
    written_to: Collection[str] = (),
    leave_out: Collection[str] = (),
) -> list[Draft]:
    """Drafts for everyone the step turns to; carers in `written_to` get `template`, the others `new_template`."""
    return [
        draft
        for reach in chosen(circle, step.to)
        if reach.carer.carer_id not in leave_out
        for draft in drafts_for(
            reach,
            circle,
            follow_up_id,
            channels=channels_for(reach, step),
            template=template if reach.carer.carer_id in written_to else new_template,
            step=step.name,
        )
    ]


def drafts_for(
    reach: Reach, circle: Circle, follow_up_id: str, *, channels: Collection[str], template: str, step: str
) -> list[Draft]:
    """Drafts to one carer about one pupil."""
    return [
        Draft(
            carer=reach.carer,
            channel=channel,
            address=reach.address(channel),
            pupils=(circle.pupil,),
            template=template,
            purpose=ABSENCE,
            step=step,
            follow_up_ids={circle.pupil.pupil_id: follow_up_id},
        )
        for channel in channels
    ]
