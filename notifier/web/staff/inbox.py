"""/inbox: replies that nobody has dealt with, urgent first, by child; and one conversation with what may be done about it.

Answering and saying whose number it is stand in `inbox_answers`. Every act goes by POST, says in which state its page was read, and
tells whoever was second what the first did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import RedirectResponse, Response

from notifier.domain.choosing import Blocks
from notifier.domain.replies import Intent
from notifier.domain.sessions import local_date, local_time
from notifier.domain.staff import Permission
from notifier.services import answers, inbox, inbox_acts, looks, staff
from notifier.services.inbox import Conversation, NoSuchReply, plan_of
from notifier.services.inbox_acts import Changed, Turn
from notifier.services.schools import NotAllowed
from notifier.services.views import follow_up_state
from notifier.store import blocks as block_store
from notifier.store import inbox as store
from notifier.store import people
from notifier.web import words
from notifier.web.staff import live
from notifier.web.staff.access import Visit, require
from notifier.web.staff.answers import shell_of
from notifier.web.staff.forms import text_of
from notifier.web.staff.readings import reading, words_of

See = Annotated[Visit, Depends(require(Permission.SEE_MESSAGES))]
Act = Annotated[Visit, Depends(require(Permission.ANSWER))]

DONE: Final = {
    "answered": "Your answer is on its way.",
    "read": "Noted as dealt with.",
    "stranger": "Noted as a stranger’s message.",
    "wrong_number": "Noted. The number is not used again.",
    "given": "Given to your colleague for the next hour.",
    "released": "Given back. Anybody may take it.",
    "linked": "The message is now beside the child. Read it there, and act on it.",
    "again": "This was sent before; nothing was sent twice.",
}
"""What was done, after the page was sent away and came back."""

LANGUAGES: Final = ("en", "cy", "pl", "ro", "ur", "bn", "pa", "ar", "pt", "es", "so", "tr", "uk")
"""The languages in which somebody may say that they write, beside the school's own."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed into the page of a conversation, kept when it comes back, and what is said about it."""

    say: str = ""
    text: str = ""
    language: str = "en"
    note: str = ""
    once: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)
    told: str = ""
    preview: Any = None


router = APIRouter()
"""`/inbox`, `/inbox/{reply_id}` and the acts that need no words of their own."""


@router.get("/inbox")
def whole(request: Request, visit: See, done: str = "") -> Response:
    """The replies that nobody has dealt with, by child."""
    with visit.app.database.read() as connection:
        found = inbox.load(connection, visit.school, now=visit.now)
        values: dict[str, Any] = {
            "inbox": found,
            "households": [
                {"house": house, "conversations": [summary(visit, each) for each in house.conversations]}
                for house in found.households
            ],
            "wrong": [summary(visit, each) for each in found.wrong],
            "strangers": [summary(visit, each) for each in found.strangers],
            "dealt_with": inbox.read_today(connection, visit.school, now=visit.now),
            "age": age(found.oldest, visit.now),
            "seen": live.seen(connection, visit.school.key, now=visit.now),
            "nobodys": store.count_unread(connection, "") if visit.may(Permission.CHANGE_SETTINGS) else 0,
            "done": DONE.get(done, ""),
        }
    return shell_of(request).html(request, "inbox.html", visit.frame, values)


@router.get("/inbox/{reply_id}")
def one(request: Request, visit: See, reply_id: str, done: str = "") -> Response:
    """One conversation."""
    return conversation_page(request, visit, reply_id, done=DONE.get(done, ""))


@router.post("/inbox/{reply_id}/take")
def take(request: Request, visit: Act, reply_id: str) -> Response:
    """Take a conversation in hand, for a while."""

    def work(turn: Turn) -> None:
        inbox_acts.take(turn, over=text_of(visit.form, "over"))

    return _act(request, visit, reply_id, work, onward=f"/inbox/{reply_id}")


@router.post("/inbox/{reply_id}/give")
def give(request: Request, visit: Act, reply_id: str) -> Response:
    """Give it to a colleague."""

    def work(turn: Turn) -> None:
        to = text_of(visit.form, "to")
        if to not in {each["email"] for each in colleagues(visit)}:
            raise NotAllowed("Choose a colleague who may answer at this school.")
        inbox_acts.give(turn, to, over=text_of(visit.form, "over"))

    return _act(request, visit, reply_id, work, onward="/inbox?done=given")


@router.post("/inbox/{reply_id}/release")
def release(request: Request, visit: Act, reply_id: str) -> Response:
    """Give it back, for anybody to take."""
    return _act(request, visit, reply_id, inbox_acts.release, onward="/inbox?done=released")


@router.post("/inbox/{reply_id}/read")
def read(request: Request, visit: Act, reply_id: str) -> Response:
    """Note it as dealt with."""
    return _dealt_with(request, visit, reply_id, "read")


@router.post("/inbox/{reply_id}/stranger")
def stranger(request: Request, visit: Act, reply_id: str) -> Response:
    """Note it as from nobody the school knows."""
    return _dealt_with(request, visit, reply_id, "stranger")


@router.post("/inbox/{reply_id}/wrong-number")
def wrong_number(request: Request, visit: Act, reply_id: str) -> Response:
    """Note that the number is somebody else's."""
    return _dealt_with(request, visit, reply_id, "wrong_number")


def _dealt_with(request: Request, visit: Visit, reply_id: str, outcome: str) -> Response:
    def work(turn: Turn) -> None:
        inbox_acts.mark_read(turn, note=text_of(visit.form, "note"), outcome=outcome)

    return _act(request, visit, reply_id, work, onward=f"/inbox?done={outcome}")


def _act(request: Request, visit: Visit, reply_id: str, work: Callable[[Turn], None], *, onward: str) -> Response:
    """Do something with a conversation and go on, or show it with what stood in the way."""
    try:
        work(turn_of(visit, reply_id))
    except (Changed, NotAllowed) as problem:
        typed = Typed(note=text_of(visit.form, "note"), told=str(problem))
        return conversation_page(request, visit, reply_id, typed=typed, status=409)
    except NoSuchReply as gone:
        return gone_page(request, visit, gone, typed=text_of(visit.form, "note"))
    return RedirectResponse(onward, 303)


def turn_of(visit: Visit, reply_id: str) -> Turn:
    """The act that a form asks for."""
    seen = inbox.seen_in(text_of(visit.form, "seen"))
    return Turn(visit.app, visit.school.key, reply_id, visit.actor, visit.now, seen)


def colleagues(visit: Visit) -> list[dict[str, str]]:
    """Everybody who may answer at the school, the person asking left out."""
    return [
        {"email": each["email"], "name": each["name"] or each["email"]}
        for each in staff.list_users(visit.app, school=visit.school)
        if not each["disabled"] and each["email"] != visit.actor and _may_answer(each, visit)
    ]


def _may_answer(each: Mapping[str, Any], visit: Visit) -> bool:
    from notifier.domain.staff import Grant, Role, may

    grants = [
        Grant(Role(held["role"]), school_id=held["school"] or "", trust=held["trust"] or "") for held in each["roles"]
    ]
    return may(grants, Permission.ANSWER, visit.school)


def age(since: datetime | None, now: datetime) -> str:
    """How long something has waited, in words: "34 minutes"; empty where nothing waits."""
    if since is None:
        return ""
    minutes = max(int((now - since).total_seconds() // 60), 0)
    if minutes < 90:
        return words.counted(minutes, "minute", "minutes")
    if minutes < 48 * 60:
        return words.counted(round(minutes / 60), "hour", "hours")
    return words.counted(minutes // (24 * 60), "day", "days")


def summary(visit: Visit, found: Conversation) -> dict[str, Any]:
    """A conversation for the list and for the top of its own page."""
    carer = found.carer
    return {
        "key": found.key,
        "seen": found.seen,
        "who": (carer.name if carer else "") or words.spaced_number(found.sender),
        "relationship": found.relationship,
        "sender": words.spaced_number(found.sender),
        "urgent": found.urgent,
        "stranger": found.stranger,
        "wrong": found.wrong,
        "children": found.children,
        "replies": [reading(visit.app, row, found.children) for row in found.replies],
        "to_do": _to_do(found),
        "age": age(found.oldest, visit.now),
        "holder": found.holder,
        "mine": found.holder == visit.actor,
        "held_until": local_time(found.held_until).strftime("%H:%M") if found.held_until else "",
        "given_by": found.given_by,
        "follow_ups": [
            {"id": row.follow_up_id, "pupil_id": row.pupil_id, "state": follow_up_state(row), "session": row.session}
            for row in found.follow_ups
        ],
        "today": local_date(found.oldest) == local_date(visit.now),
        "day": local_date(found.oldest),
    }


def _to_do(found: Conversation) -> str:
    if not found.urgent and not found.wrong and found.follow_ups and all(row.closed_at for row in found.follow_ups):
        return "The absence is settled. Read this, and note it as dealt with."
    said: str = plan_of(_weightiest(found)).next_step
    return said


_SAYS_LITTLE: Final = frozenset({Intent.THANKS, Intent.OOO, Intent.WHO, Intent.OTHER})


def _weightiest(found: Conversation) -> Any:
    """The reply that says what to do: the latest urgent one, else the latest that says anything. A later "thanks" takes nothing back."""
    for wanted in (lambda row: row.urgent, lambda row: row.intent not in _SAYS_LITTLE, lambda _row: True):
        for row in reversed(found.replies):
            if wanted(row):
                return row
    return found.replies[-1]


def conversation_page(
    request: Request,
    visit: Visit,
    reply_id: str,
    *,
    typed: Typed | None = None,
    done: str = "",
    status: int = 200,
) -> Response:
    """The page of one conversation, with whatever somebody typed into it."""
    typed = typed or Typed()
    with visit.app.database.read() as connection:
        try:
            found = inbox.conversation(connection, visit.school, reply_id, now=visit.now)
        except NoSuchReply as gone:
            return gone_page(request, visit, gone, typed=typed.text or typed.note)
        way = answers.way_of(connection, visit.app, visit.school, found, now=visit.now)
        may_answer = visit.may(Permission.ANSWER) and not way.why_not
        offered = answers.phrases(connection, visit.app, visit.school, way, now=visit.now) if may_answer else []
        past = inbox.history(connection, visit.school, found, now=visit.now)
        contacts = next_contacts(visit, connection, found) if found.wrong else []
    looks.note(
        visit.app, visit.school.key, actor=visit.actor, what="inbox", subject=reply_id,
        pupil_ids=[child.pupil_id for child in found.children], now=visit.now,
    )  # fmt: skip
    values = {
        "one": summary(visit, found),
        "way": way,
        "phrases": offered,
        "past": [_told(visit, each) for each in past],
        "contacts": contacts,
        "colleagues": colleagues(visit) if visit.may(Permission.ANSWER) else [],
        "languages": [(tag, words.language_name(tag)) for tag in dict.fromkeys([*LANGUAGES, *visit.school.languages])],
        "typed": typed,
        "once": typed.once or token_hex(16),
        "done": done,
    }
    return shell_of(request).html(request, "reply.html", visit.frame, values, status)


def _told(visit: Visit, each: tuple[datetime, str, Any]) -> dict[str, Any]:
    at, way, row = each
    out = way == "out"
    return {
        "at": at,
        "day": local_date(at) if local_date(at) != local_date(visit.now) else None,
        "out": out,
        "body": words_of(row.body),
        "language": row.language or "",
        "state": row.status if out else "",
        "by": "" if out else row.read_by or "",
        "purpose": row.purpose if out else "",
    }


def next_contacts(visit: Visit, connection: Any, found: Conversation) -> list[dict[str, Any]]:
    """Whom staff may ring about the children of a wrong number, by child and priority. Those who must not be contacted are left out."""
    blocks: Blocks = block_store.load_blocks(connection, visit.school.key, local_date(visit.now))
    roll = people.load_roll(connection, visit.school.key, pupil_ids=[child.pupil_id for child in found.children])
    listed: list[dict[str, Any]] = []
    for pupil_id, pupil in roll.pupils.items():
        for contact in sorted(roll.contacts.get(pupil_id, ()), key=lambda link: (link.priority, link.carer_id)):
            carer = roll.carers.get(contact.carer_id)
            if carer is None or contact.no_contact or (pupil_id, contact.carer_id) in blocks.forbidden:
                continue
            numbers = [number for number in (carer.mobile, carer.landline) if number and number != found.sender]
            listed.append(
                {
                    "child": pupil.called,
                    "name": carer.name or carer.carer_id,
                    "relationship": contact.relationship,
                    "numbers": [words.spaced_number(number) for number in numbers],
                    "this": found.carer is not None and contact.carer_id == found.carer.carer_id,
                }
            )
    return listed


def gone_page(request: Request, visit: Visit, gone: NoSuchReply, *, typed: str = "") -> Response:
    """Somebody has dealt with it, or it is not this school's."""
    if gone.at is None:
        raise HTTPException(404)
    values = {"by": gone.by, "at": gone.at, "outcome": gone.outcome, "typed": typed, "mine": gone.by == visit.actor}
    return shell_of(request).html(
        request, "reply_gone.html", visit.frame, values, 409 if request.method == "POST" else 200
    )
