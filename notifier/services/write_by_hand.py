"""Writing to a family by hand from a follow-up: the same carers again, or the next contact, now instead of at the ladder's time.

What is written takes the identity that the ladder's own next text would have: so the ladder does not write it a second time, two
clicks or two people make one message, and brothers and sisters still share it. Everything else stays as the ladder has it: the last
time for texts, permission, the last look before a message leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from notifier.domain.choosing import Circle, Reach, circle_of
from notifier.domain.ladder import STAFF
from notifier.domain.phones import display
from notifier.domain.policies import Policy, Step
from notifier.domain.schools import School
from notifier.domain.sessions import Session, at_local, local_date, local_time
from notifier.services import follow_up, outbox
from notifier.services.application import Application
from notifier.services.ladder import steps_had
from notifier.services.staff_acts import Act, Refused, audit, opened, tell_once
from notifier.services.steps import drafts_for
from notifier.store import blocks as block_store
from notifier.store import follow_ups as store
from notifier.store import messages as message_store
from notifier.store import people

BY_HAND = "by_hand"
"""The step of messages written by hand after the ladder's last text; numbered."""

_MAY_STILL_ARRIVE = frozenset({"queued", "held", "sending", "unknown"})
"""While one written by hand is like this, a further click means the same message: else both would leave."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What may be written now. Empty tuples where nothing may; then `why_not` says why."""

    again: tuple[Reach, ...] = ()
    following: tuple[Reach, ...] = ()
    why_not: str = ""


def offer(connection: Connection, app: Application, school: School, row: Any, *, now: datetime) -> Offer:
    """Whom a person may write to about a follow-up at this moment."""
    why_not = _obstacle(app, school, row, now)
    if why_not:
        return Offer(why_not=why_not)
    circle = _circles(connection, app, school, [row.pupil_id], row).get(row.pupil_id)
    if circle is None or not circle.allowed:
        return Offer(why_not="No contact of this pupil may be written to. Ring instead.")
    written = _written_to(connection, school, row)
    again = tuple(reach for reach in circle.allowed if reach.carer.carer_id in written)
    others = [reach for reach in circle.allowed if reach.carer.carer_id not in written]
    best = min((reach.contact.priority for reach in others), default=0)
    following = tuple(reach for reach in others if reach.contact.priority == best)
    return Offer(again=again, following=following)


def _obstacle(app: Application, school: School, row: Any, now: datetime) -> str:
    times = school.times[Session(row.session)]
    if row.closed_at is not None:
        return "This is settled; nothing more is written."
    if row.day != local_date(now):
        return "Texts about an absence leave only on its own day."
    if now > at_local(row.day, times.last_contact):
        return f"No text leaves after {times.last_contact:%H:%M}. Ring instead."
    if row.answered_at is not None:
        return f"Somebody has answered at {local_time(row.answered_at):%H:%M}, so texts pause. Ring instead, or confirm the reason."
    return ""


def text_again(act: Act) -> list[str]:
    """Write once more to those who were written to; returns the ids of what was queued. Raises Refused and Changed."""
    return _write(act, again=True)


def next_contact(act: Act) -> list[str]:
    """Write to the next contact in order who has not been written to. Raises Refused and Changed."""
    return _write(act, again=False)


def _write(act: Act, *, again: bool) -> list[str]:
    with opened(act) as (connection, school, row):
        found = offer(connection, act.app, school, row, now=act.now)
        if found.why_not:
            raise Refused(found.why_not)
        reaches = found.again if again else found.following
        if not reaches:
            raise Refused(
                "Nobody has been written to yet. Write to the next contact instead."
                if again
                else "There is no further contact who may be written to. Ring instead."
            )
        policy = act.app.policy(school)
        step = _step(connection, school, policy, row)
        drafts = [
            draft
            for reach in reaches
            for draft in _drafts(connection, act.app, school, policy, row, reach, step, again=again)
        ]
        waiting = outbox.Timing(
            now=act.now, due_at=act.now, expires_at=at_local(row.day, school.times[Session(row.session)].last_contact)
        )
        whom = ", ".join(reach.carer.name or reach.carer.carer_id for reach in reaches)
        what = "again" if again else "next contact"
        if not tell_once(connection, school, act, BY_HAND, f"{what}: {whom}"):
            return []  # the second click of two
        about = sorted({key for draft in drafts for key in draft.follow_up_ids.values()})
        messages = message_store.of_follow_ups(connection, school.key, about)
        had = steps_had(message for message in messages if message.purpose == outbox.ABSENCE)
        earlier = [had[place].created_at for draft in drafts if (place := _place(draft)) in had]
        drafts = [draft for draft in drafts if _place(draft) not in had]
        if not any(row.follow_up_id in draft.follow_up_ids.values() for draft in drafts):
            raise Refused(_written_before(earlier))
        before = {message.message_id: message.created_at for message in messages}
        ids = outbox.queue(
            connection,
            act.app,
            school,
            outbox.share_by_family(drafts),
            day=row.day,
            session=row.session,
            timing=waiting,
        )
        fresh = [one for one in ids if one not in before]
        if not fresh:
            raise Refused(_written_before(before[one] for one in ids if one in before))
        written = {key for draft in drafts for key in draft.follow_up_ids.values()}
        for other in sorted(written - {row.follow_up_id}):
            follow_up.note(connection, school, other, act.now, BY_HAND, act.by, f"{what}: {whom}")
        audit(
            connection,
            school,
            act,
            "follow_up.write",
            row,
            {"what": what, "messages": fresh, "carers": [r.carer.carer_id for r in reaches]},
        )
        return fresh


def _place(draft: outbox.Draft) -> tuple[str, str, str, str]:
    """What `steps_had` knows the draft of one pupil by."""
    return (next(iter(draft.follow_up_ids.values())), draft.carer.carer_id, draft.channel, draft.step)


def _written_before(moments: Iterable[datetime]) -> str:
    at = local_time(max(moments))
    return f"This text was written at {at:%H:%M} already, by hand or by the ladder, and is not written twice. Ring instead."


def _step(connection: Connection, school: School, policy: Policy, row: Any) -> Step:
    """The ladder's next text step; where there is none left, a step of its own, numbered by what was written by hand so far."""
    for step in policy.steps[max(row.next_step, 1) :]:
        if step.to not in STAFF:
            return step
    texts = [step for step in policy.steps if step.to not in STAFF]
    by_hand = [
        message
        for message in message_store.of_follow_ups(connection, school.key, [row.follow_up_id])
        if message.step.startswith(BY_HAND)
    ]
    done = {message.step for message in by_hand} - {one.step for one in by_hand if one.status in _MAY_STILL_ARRIVE}
    last = texts[-1]
    return Step(f"{BY_HAND}_{len(done) + 1}", last.after, last.to, last.template, last.new_template, last.channels)


def _drafts(
    connection: Connection,
    app: Application,
    school: School,
    policy: Policy,
    row: Any,
    reach: Reach,
    step: Step,
    *,
    again: bool,
) -> list[outbox.Draft]:
    """Drafts to one carer about this pupil and, where the carer was written to about brothers and sisters too, about those still open."""
    rows = [row, *_siblings(connection, school, row, reach.carer.carer_id)]
    circles = _circles(connection, app, school, [one.pupil_id for one in rows], row)
    template = (step.template if again else step.new_template) or step.template or policy.whole_day_template
    made: list[outbox.Draft] = []
    for one in rows:
        circle = circles.get(one.pupil_id)
        own = next(
            (found for found in (circle.allowed if circle else ()) if found.carer.carer_id == reach.carer.carer_id),
            None,
        )
        if circle is not None and own is not None:
            channels = [channel for channel in step.channels if channel in own.channels][:1] or list(own.channels[:1])
            if own.carer.channels:
                channels = list(own.channels[:1])
            made += drafts_for(own, circle, one.follow_up_id, channels=channels, template=template, step=step.name)
    return made


def _siblings(connection: Connection, school: School, row: Any, carer_id: str) -> list[Any]:
    children = set(people.children_of(connection, school.key, carer_id)) - {row.pupil_id}
    found = store.of_pupils(connection, school.key, sorted(children), since=row.day, open_only=True)
    return [one for one in found if one.day == row.day and one.session == row.session and one.answered_at is None]


def _circles(
    connection: Connection, app: Application, school: School, pupil_ids: Sequence[str], row: Any
) -> dict[str, Circle]:
    roll = people.load_roll(connection, school.key, pupil_ids=pupil_ids)
    blocks = block_store.load_blocks(connection, school.key, row.day)
    channels = app.usable_channels(school)
    return {
        key: circle_of(pupil, roll.contacts.get(key, ()), roll.carers, school_channels=channels, blocks=blocks)
        for key, pupil in roll.pupils.items()
    }


def _written_to(connection: Connection, school: School, row: Any) -> set[str]:
    return {
        message.carer_id
        for message in message_store.of_follow_ups(connection, school.key, [row.follow_up_id])
        if message.purpose == outbox.ABSENCE and message.carer_id
    }


def reach_words(reach: Reach) -> str:
    """A contact for a button: "Samina Butt (mother), text to 07700 900001"."""
    channel = reach.channels[0]
    address = reach.address(channel)
    how = f"text to {display(address)}" if channel == "sms" else f"e-mail to {address}"
    who = reach.carer.name or f"carer {reach.carer.carer_id}"
    return f"{who}{f' ({reach.contact.relationship})' if reach.contact.relationship else ''}, {how}"
