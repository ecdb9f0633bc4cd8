"""The carer's answer page: what a link opens, and what becomes of the answer.

Opening a link changes nothing, since mail filters open links too. The first answer that is taken uses the link up; it then goes the
road of every other reply (`notifier.services.receive`), so that it pauses texts, alarms people and lies on the board as a text does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection

from notifier.domain.answer_tokens import is_token, token_hash
from notifier.domain.people import Carer
from notifier.domain.replies import ANSWER_PAGE, PLANS, URGENT, Intent, ReplyReading
from notifier.domain.reply_reading import read_reply
from notifier.domain.schools import School
from notifier.services import receive
from notifier.services.application import Application
from notifier.services.incoming import Match
from notifier.store import answer_links as store
from notifier.store import blocks as block_store
from notifier.store import follow_ups as follow_up_store
from notifier.store import messages as message_store
from notifier.store import people, records
from notifier.store.people import Roll
from notifier.wording.languages import direction, is_english, negotiated

TEMPLATE: Final = "answer_page"
"""The message that holds the page's words."""

BUTTONS: Final = (
    Intent.ILLNESS,
    Intent.MEDICAL,
    Intent.LATE,
    Intent.DISPUTE,
    Intent.OTHER,
    Intent.CALLME,
    Intent.WRONGNUM,
)
"""The answers there is a button for, in the page's order."""

LONGEST_TEXT: Final = 500
"""Characters of the text box."""

_LONGEST_ABSENCE: Final = timedelta(days=366)
_FOR_EVERY_CHILD: Final = frozenset({Intent.DISPUTE, Intent.CALLME, Intent.WRONGNUM})
_REASONS_IN_WORDS: Final = frozenset(set(PLANS) - {Intent.WHO, Intent.THANKS, Intent.OOO})
_FOR_STAFF: Final = {Intent.DISPUTE: "Says the child should be in school", Intent.WRONGNUM: "Says: this is not for me"}


class Standing(StrEnum):
    """How a link stands."""

    OPEN = "open"
    USED = "used"
    CLOSED = "expired"


@dataclass(frozen=True, slots=True)
class Page:
    """What the page shows: its words in the carer's language, and the children by their place in the link.

    `words` are plain sentences by key (templates/messages/answer_page). Without a link the page is None instead.
    """

    standing: Standing
    words: Mapping[str, str]
    language: str
    direction: str
    school: str
    phone: str
    day: date
    children: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was sent from the page. `children` are places in the link; `return_on` is the date field as it came."""

    intent: Intent | None
    children: tuple[int, ...] = ()
    text: str = ""
    return_on: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of an answer: `said` is the key of the words that tell the carer.

    Without a `reply_id` nothing was kept: the link is used or closed, or something is missing ("choose", "which").
    """

    page: Page
    said: str
    reply_id: str | None = None


def open_page(connection: Connection, app: Application, token: str, *, now: datetime) -> Page | None:
    """What a token opens; None where there is no such link. Changes nothing."""
    link = _link(connection, token)
    return None if link is None else _page(connection, app, link, now)[0]


def take_answer(connection: Connection, app: Application, token: str, answer: Answer, *, now: datetime) -> Taken | None:
    """Take an answer, once; None where there is no such link."""
    link = _link(connection, token)
    if link is None:
        return None
    people.lock_school(connection, link.school_id)
    page, school, roll = _page(connection, app, link, now, answered=True)
    if page.standing is not Standing.OPEN:
        return Taken(page, page.standing.value)
    if answer.intent not in BUTTONS or answer.intent is None:
        return Taken(_page(connection, app, link, now)[0], "choose")
    known = tuple(place for place in range(len(link.pupil_ids)) if place in answer.children)
    if (
        len(link.pupil_ids) == 1
        or (not known and answer.intent in _FOR_EVERY_CHILD)
        or answer.intent is Intent.WRONGNUM
    ):
        known = tuple(range(len(link.pupil_ids)))
    if not known:
        return Taken(_page(connection, app, link, now)[0], "which")
    if not store.use_up(connection, link.school_id, link.link_id, at=now):
        return Taken(page, Standing.USED.value)
    pupil_ids = tuple(link.pupil_ids[place] for place in known)
    reading, reply_id = _keep(connection, app, school, roll, link, pupil_ids, answer.intent, answer, now)
    if reply_id is None:  # another process took this link's answer in between
        return Taken(page, Standing.USED.value)
    store.note_reply(connection, link.school_id, link.link_id, reply_id)
    return Taken(page, _thanks(answer.intent, reading), reply_id)


def _link(connection: Connection, token: str) -> Any | None:
    return store.by_hash(connection, token_hash(token)) if is_token(token) else None


def _page(
    connection: Connection, app: Application, link: Any, now: datetime, *, answered: bool = False
) -> tuple[Page, School, Roll]:
    """The page of a link with its school and people. Once it is `answered`, the children's follow-ups count no more."""
    school = app.school(connection, link.school_id)
    roll = people.load_roll(connection, school.key, pupil_ids=link.pupil_ids, off_roll=True)
    asked = set(link.pupil_ids) if answered else _asked_about(connection, school, link)
    children = tuple(
        (place, roll.pupils[pupil_id].called)
        for place, pupil_id in enumerate(link.pupil_ids)
        if pupil_id in asked and pupil_id in roll.pupils
    )
    standing = Standing.OPEN
    if link.used_at is not None:
        standing = Standing.USED
    elif link.expires_at <= now or not children or _forbidden(connection, roll, link):
        standing = Standing.CLOSED
    offered = is_english(link.language) or negotiated(link.language, school.languages) is not None
    made = app.wording_of(school).render(
        TEMPLATE,
        channel="page",
        language=link.language if offered else "en",
        values={
            "school": school.short_name,
            "phone": school.phone,
            "date": link.day,
            "pupils": tuple(name for _, name in children) or ("-",),
        },
        approvals=records.approved(connection, school.key, school.trust),
    )
    words = dict(line.split(": ", 1) for line in made.body.splitlines() if ": " in line)
    page = Page(
        standing=standing,
        words=words,
        language="en-GB" if is_english(made.language) else made.language,
        direction=direction(made.language),
        school=school.short_name,
        phone="".join(school.phone.split()),
        day=link.day,
        children=children,
    )
    return page, school, roll


def _asked_about(connection: Connection, school: School, link: Any) -> set[str]:
    """The pupils whose reason is still wanted: nobody is asked about a child who has arrived in the meantime."""
    links = message_store.links_of(connection, school.key, [link.link_id]).get(link.link_id, [])
    rows = follow_up_store.by_ids(connection, school.key, [row.follow_up_id for row in links if row.follow_up_id])
    return {row.pupil_id for row in rows if row.closed_at is None}


def _forbidden(connection: Connection, roll: Roll, link: Any) -> bool:
    """Whether the school may no longer be in touch with this carer about one of the children: then nothing is shown.

    A block that staff set an hour ago counts like one that came with the people file.
    """
    blocked = {row.pupil_id for row in block_store.contact_blocks_of(connection, link.school_id, link.carer_id)}
    return bool(blocked & set(link.pupil_ids)) or any(
        contact.no_contact
        for pupil_id in link.pupil_ids
        for contact in roll.contacts.get(pupil_id, ())
        if contact.carer_id == link.carer_id
    )


def _keep(
    connection: Connection,
    app: Application,
    school: School,
    roll: Roll,
    link: Any,
    pupil_ids: tuple[str, ...],
    intent: Intent,
    answer: Answer,
    now: datetime,
) -> tuple[ReplyReading, str | None]:
    """Turn an answer into a reply; its id is None where the link's answer is kept already."""
    reading = read_answer(app, intent, answer.text, language=link.language)
    beside = _beside(connection, school, link, pupil_ids)
    match = Match(
        school=school,
        carer=roll.carers.get(link.carer_id) or Carer(link.carer_id),
        pupil_ids=pupil_ids,
        follow_ups=tuple(beside),
        message=message_store.get(connection, school.key, link.link_id),
    )
    return_date = _return_date(answer.return_on, link.day)
    said = receive.facts_in(connection, app, match, answer.text, now) if answer.text else {}
    facts: dict[str, Any] = {**said, "answer": intent.value, "pupil_ids": list(pupil_ids)}
    if return_date:
        facts["return_date"] = return_date.isoformat()
    row = {
        "school_id": school.key,
        "reply_id": str(uuid4()),
        "provider": ANSWER_PAGE,
        "provider_id": link.link_id,
        "channel": ANSWER_PAGE,
        "sender": link.address,
        "recipient": "",
        "body": answer.text,
        "received_at": now,
        "carer_id": link.carer_id,
        "pupil_ids": list(pupil_ids),
        "follow_up_id": beside[0].follow_up_id if beside else None,
        "intent": reading.intent.value,
        "urgent": reading.urgent,
        "suggested_code": reading.suggested_code,
        "confidence": reading.confidence,
        "language": reading.language,
        "return_hint": reading.return_hint if return_date else answer.return_on or reading.return_hint,
        "matched": list(reading.matched),
        "facts": facts,
    }
    label = _FOR_STAFF.get(intent, PLANS[intent].label if intent is not Intent.OTHER else "Something else")
    words = f"{label} (answered on the page). {answer.text}".strip()
    kept = receive.take_reply(
        connection, app, match, reading, row, now=now,
        acted_on={"channel": link.channel, "body": words}, acknowledge=False,
    )  # fmt: skip
    return reading, row["reply_id"] if kept else None


def read_answer(app: Application, intent: Intent, text: str, *, language: str) -> ReplyReading:
    """What a button and the words beside it mean together: the button counts, and any danger in the words makes it urgent.

    Only "something else" leaves the meaning to the words.
    """
    own = PLANS[intent]
    pressed = ReplyReading(intent, intent in URGENT, own.suggested_code, 1.0, language)
    if not text:
        return pressed
    read = read_reply(text, lexicon=app.lexicon, model=app.reply_model, language=language)
    meant, code, sure = intent, own.suggested_code, 1.0
    if intent is Intent.OTHER and read.intent in _REASONS_IN_WORDS:
        meant, code, sure = read.intent, read.suggested_code, read.confidence
    elif read.urgent and read.intent in URGENT and intent is not Intent.WRONGNUM:
        meant, sure = read.intent, read.confidence
    urgent = read.urgent or meant in URGENT
    return ReplyReading(
        intent=meant,
        urgent=urgent,
        suggested_code=None if urgent else code,
        confidence=sure,
        language=read.language or language,
        matched=read.matched,
        return_hint=read.return_hint,
    )


def _beside(connection: Connection, school: School, link: Any, pupil_ids: tuple[str, ...]) -> list[Any]:
    """The follow-ups an answer is laid beside: the day's open ones of these children, else those the message was about."""
    rows = follow_up_store.of_pupils(connection, school.key, list(pupil_ids), since=link.day, open_only=True)
    beside = [row for row in rows if row.day == link.day]
    if beside:
        return beside
    links = message_store.links_of(connection, school.key, [link.link_id]).get(link.link_id, [])
    ids = [row.follow_up_id for row in links if row.follow_up_id and row.pupil_id in pupil_ids]
    return list(follow_up_store.by_ids(connection, school.key, ids))


def _return_date(text: str, day: date) -> date | None:
    """The date of coming back; None for what is no date, lies before the absence, or more than a year after it."""
    try:
        meant = date.fromisoformat(text)
    except ValueError:
        return None
    return meant if day <= meant <= day + _LONGEST_ABSENCE else None


def _thanks(pressed: Intent, reading: ReplyReading) -> str:
    """The key of the words that answer on the page."""
    if pressed is Intent.WRONGNUM or reading.intent is Intent.WRONGNUM:
        return "sorry"
    return "checking" if reading.urgent or reading.intent is Intent.CALLME else "thanks"
