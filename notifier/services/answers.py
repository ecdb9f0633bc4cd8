"""A person's answer to a carer: a reviewed phrase in the carer's language, or own words that were checked and shown with their cost.

An answer is a message like all others: a row with an identity (the form that sent it, so that two clicks make one), looked at again
before it leaves. Nobody is answered who may not be written to about these children, nor at an address that is not on record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from notifier.domain.choosing import Barrier, circle_of
from notifier.domain.people import Carer, Pupil
from notifier.domain.replies import ANSWER_PAGE
from notifier.domain.schools import School
from notifier.domain.sessions import local_date
from notifier.services import inbox_acts, outbox
from notifier.services.application import Application
from notifier.services.inbox import Conversation
from notifier.services.inbox_acts import Turn
from notifier.services.schools import NotAllowed
from notifier.store import blocks as block_store
from notifier.store import inbox as store
from notifier.store import people, records
from notifier.wording import Rendered
from notifier.wording.free_text import MOST_PARTS, TEMPLATE, faults, tidy
from notifier.wording.languages import direction

PHRASES: Final[Mapping[str, str]] = {
    "reply_call": "We will ring you",
    "reply_urgent": "We are checking now",
    "answer_office": "Please come by the office",
    "reply_received": "Thank you, noted",
    "reply_thanks_no_reason": "What is the reason?",
}
"""The reviewed phrases, with the words staff know them by; their own words are those of the messages of these names."""

ANSWER_WITHIN: Final = timedelta(hours=2)
"""An answer that could not leave by then says nothing useful any more."""

WHY_NOT: Final[Mapping[str, str]] = {
    "stranger": "Nobody knows whose number this is, so it is not answered. Say whose it is, or note it as a stranger’s.",
    "wrong_number": "The number is somebody else’s. It is not written to again.",
    "not_on_record": "This address is not the one on record for this carer, so nothing is sent to it. Ring the number on record, and correct "
    "the MIS if the family has a new one.",
    "switched_off": "This school does not use this channel now. Ring instead.",
    "no_child": "No child on roll belongs to this carer any more. Ring if it matters.",
    Barrier.NO_CONTACT: "This person must not be contacted. Do not answer; tell the safeguarding lead what was written.",
    Barrier.NOT_RESPONSIBLE: "This person has no parental responsibility on record, so no message is sent. Ring instead.",
    Barrier.BIRTH_PARENT: "A birth parent of a looked-after child: ask the social worker before you answer.",
    Barrier.SUPPRESSED: "Messages are switched off for this family. Ring instead.",
    Barrier.OPTED_OUT: "They asked for no more messages, and that is kept. Ring instead.",
    Barrier.NO_ADDRESS: "No address of this carer may be used. Ring instead.",
}
"""Why somebody is not answered in writing, and what to do instead."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a conversation may be answered. `why_not` is empty where it may be."""

    channel: str
    address: str
    carer: Carer | None = None
    pupils: tuple[Pupil, ...] = ()
    follow_up_ids: Mapping[str, str] | None = None
    session: str = ""
    surnames: tuple[str, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """A message as it would go out, with its cost in pence."""

    key: str
    label: str
    message: Rendered
    pence: float


def way_of(connection: Connection, app: Application, school: School, found: Conversation, *, now: datetime) -> Way:
    """How a conversation may be answered now, or why not."""
    channel = found.channel
    if channel == ANSWER_PAGE:
        channel = "email" if "@" in found.sender else "sms"

    def barred(why: str) -> Way:
        return Way(channel, found.sender, found.carer, why_not=WHY_NOT[why])

    if found.carer is None:
        return barred("stranger")
    if found.wrong:
        return barred("wrong_number")
    if channel not in app.usable_channels(school):
        return barred("switched_off")
    roll = people.load_roll(connection, school.key, pupil_ids=[child.pupil_id for child in found.children])
    blocks = block_store.load_blocks(connection, school.key, local_date(now))
    allowed: list[Pupil] = []
    for pupil_id, pupil in roll.pupils.items():
        circle = circle_of(
            pupil,
            roll.contacts.get(pupil_id, ()),
            roll.carers,
            school_channels=app.usable_channels(school),
            blocks=blocks,
        )
        for reach in circle.reaches:
            if reach.carer.carer_id != found.carer.carer_id:
                continue
            if reach.barrier is not None:
                return barred(reach.barrier)
            if (channel, found.sender) in blocks.opted_out:
                return barred(Barrier.OPTED_OUT)
            if channel not in reach.channels or reach.address(channel) != found.sender:
                return barred("not_on_record")
            allowed.append(pupil)
    if not allowed:
        return barred("no_child")
    ids = {pupil.pupil_id for pupil in allowed}
    newest = {row.pupil_id: row for row in reversed(found.follow_ups) if row.pupil_id in ids}
    return Way(
        channel,
        found.sender,
        roll.carers.get(found.carer.carer_id, found.carer),
        tuple(sorted(allowed, key=lambda pupil: (pupil.called, pupil.pupil_id))),
        {key: row.follow_up_id for key, row in newest.items()},
        next((row.session for row in newest.values()), ""),
        tuple(sorted({pupil.family_name for pupil in allowed if pupil.family_name})),
    )


def phrases(connection: Connection, app: Application, school: School, way: Way, *, now: datetime) -> list[Offered]:
    """The reviewed phrases as they would go out to this carer, each with its language and cost."""
    return [_offered(connection, app, school, way, key, label, now) for key, label in PHRASES.items()]


def _offered(
    connection: Connection, app: Application, school: School, way: Way, key: str, label: str, now: datetime
) -> Offered:
    made = outbox.preview(connection, app, school, _draft(way, key, once=""), day=local_date(now))
    return Offered(key, label, made, outbox.cost_of(app, made))


def look_at(
    connection: Connection, app: Application, school: School, way: Way, text: str, language: str, *, now: datetime
) -> tuple[Offered | None, list[str]]:
    """Own words as they would go out, and what is wrong with them; they may be sent where nothing is."""
    said = tidy(text)
    others = _other_children(connection, school, way)
    found = faults(said, channel=way.channel, language=language, surnames=way.surnames, others=others)
    if not said:
        return None, found
    made = outbox.preview(connection, app, school, _own_draft(way, said, language, once=""), day=local_date(now))
    if made.segments > MOST_PARTS:
        found.append(f"It takes {made.segments} parts; at most {MOST_PARTS} are sent. Use fewer words, or ring.")
    return Offered(TEMPLATE, "Own words", made, outbox.cost_of(app, made)), found


def _other_children(connection: Connection, school: School, way: Way) -> list[str]:
    """Full names of other pupils; a given name alone is shared by too many to mean somebody else."""
    own = {pupil.pupil_id for pupil in way.pupils}
    roll = people.load_pupils(connection, school.key, contacts_of=())
    return [
        f"{pupil.called} {pupil.family_name}"
        for key, pupil in roll.pupils.items()
        if key not in own and pupil.family_name
    ]


def _draft(way: Way, template: str, *, once: str) -> outbox.Draft:
    assert way.carer is not None
    return outbox.Draft(
        carer=way.carer, channel=way.channel, address=way.address, pupils=way.pupils, template=template,
        purpose=outbox.ANSWER, step=f"answer:{once}", follow_up_ids=way.follow_up_ids or {},
    )  # fmt: skip


def _own_draft(way: Way, text: str, language: str, *, once: str) -> outbox.Draft:
    assert way.carer is not None
    return outbox.Draft(
        carer=way.carer, channel=way.channel, address=way.address, pupils=way.pupils, template=TEMPLATE,
        purpose=outbox.ANSWER, step=f"answer:{once}", follow_up_ids=way.follow_up_ids or {},
        values={"text": text, "from_right": "yes" if direction(language) == "rtl" else None}, written_in=language,
    )  # fmt: skip


def send(turn: Turn, *, once: str, phrase: str = "", text: str = "", language: str = "en") -> bool:
    """Queue an answer and note the conversation as dealt with; False where this very form was sent before.

    Raises Changed where somebody else has it or was quicker, NotAllowed with why it may not go, NoSuchReply.
    """
    with turn.app.database.begin() as connection:
        people.lock_school(connection, turn.school_id)
        if store.answered_with(connection, turn.school_id, local_date(turn.now), f"answer:{once}"):
            return False
        school, found = inbox_acts.opened(connection, turn)
        way = way_of(connection, turn.app, school, found, now=turn.now)
        if way.why_not:
            raise NotAllowed(way.why_not)
        if phrase:
            if phrase not in PHRASES:
                raise NotAllowed("Choose one of the phrases.")
            draft = _draft(way, phrase, once=once)
        else:
            _, wrong = look_at(connection, turn.app, school, way, text, language, now=turn.now)
            if wrong:
                raise NotAllowed(" ".join(wrong))
            draft = _own_draft(way, tidy(text), language, once=once)
        inbox_acts.settle(connection, turn, school, found, outcome="answered")
        timing = outbox.Timing(now=turn.now, due_at=turn.now, expires_at=turn.now + ANSWER_WITHIN)
        ids = outbox.queue(
            connection, turn.app, school, [draft], day=local_date(turn.now), session=way.session, timing=timing
        )
        records.add_audit(
            connection, school.key, at=turn.now, actor=turn.by, act="reply.answer", subject=turn.reply_id,
            detail={"messages": ids, "template": draft.template, "pupils": [pupil.pupil_id for pupil in way.pupils]},
        )  # fmt: skip
    return True
