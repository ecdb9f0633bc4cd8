"""The automatic answer to a reply: a reviewed text for its kind, where there is one and nothing forbids it."""

from __future__ import annotations

from datetime import timedelta

from notifier.domain.choosing import circle_of
from notifier.domain.replies import Intent
from notifier.domain.sessions import local_date
from notifier.services import choose, outbox
from notifier.services.incoming import Received
from notifier.store import blocks as block_store
from notifier.store import people
from notifier.store import replies as store
from notifier.store.people import Roll

ACKNOWLEDGED_PER_DAY = 3
"""Automatic answers one address may get in a day: two machines must not talk to each other."""

ACKNOWLEDGED_WITHIN = timedelta(hours=2)
"""An automatic answer that could not leave by then says nothing useful any more."""


def queue_answer(reply: Received) -> None:
    """Queue the reviewed answer to this kind of reply, unless that could be a loop, a stranger or a forbidden contact."""
    connection, app, school, match, row, now = (
        reply.connection, reply.app, reply.school, reply.match, reply.row, reply.now,
    )  # fmt: skip
    template = choose.acknowledgement(
        app, school, reply.reading.intent, urgent=reply.reading.urgent, at=row["received_at"]
    )
    if template is None:
        return
    if reply.reading.intent is Intent.THANKS and not reply.still_open:
        return  # thanks for an all clear: asking again for a reason would be a false alarm
    wrong = template == "wrong_number"
    if not app.policy(school).automatic_answers or match.carer is None or row["channel"] not in school.channels:
        return
    since = now - timedelta(hours=24)
    if store.answers_sent_count(connection, school.key, row["sender"], since) > ACKNOWLEDGED_PER_DAY:
        return
    roll = people.load_roll(connection, school.key, pupil_ids=match.pupil_ids, off_roll=True)
    if not wrong and not _may_answer(reply, roll):
        return
    draft = outbox.Draft(
        carer=match.carer,
        channel=row["channel"],
        address=row["sender"],
        pupils=() if wrong else tuple(roll.pupils[key] for key in match.pupil_ids if key in roll.pupils),
        template=template,
        purpose=outbox.ACKNOWLEDGEMENT,
        step=f"reply:{row['reply_id']}",
        follow_up_ids={} if wrong else {chased.pupil_id: chased.follow_up_id for chased in match.follow_ups},
    )
    session = match.follow_ups[0].session if match.follow_ups else ""
    timing = outbox.Timing(now=now, due_at=now, expires_at=now + ACKNOWLEDGED_WITHIN)
    outbox.queue(connection, app, school, [draft], day=local_date(now), session=session, timing=timing)


def _may_answer(reply: Received, roll: Roll) -> bool:
    """Never answer a stranger, nor somebody whom the school may not contact about any of these pupils."""
    match, school, channel = reply.match, reply.school, reply.row["channel"]
    if match.carer is None or not match.carer.carer_id:
        return False
    blocks = block_store.load_blocks(reply.connection, school.key, local_date(reply.now))
    allowed = False
    for pupil_id in match.pupil_ids:
        pupil = roll.pupils.get(pupil_id)
        if pupil is None:
            continue
        circle = circle_of(
            pupil,
            roll.contacts.get(pupil_id, ()),
            roll.carers,
            school_channels=reply.app.usable_channels(school),
            blocks=blocks,
        )
        for reach in circle.reaches:
            if reach.carer.carer_id == match.carer.carer_id:
                if reach.contact.no_contact or reach.barrier is not None or channel not in reach.channels:
                    return False
                allowed = True
    return allowed
