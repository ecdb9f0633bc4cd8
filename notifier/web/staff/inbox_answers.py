"""Answering a conversation, and saying whose number a stranger's message came from.

Own words are shown as they will go out, with language, parts and cost, before the button that sends them is there. Whose number it is,
is said in two steps: first the carer is chosen, then two things are confirmed beside both numbers.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import RedirectResponse, Response
from starlette.background import BackgroundTask

from notifier.services import answers, inbox, linking
from notifier.services.inbox import NoSuchReply
from notifier.services.inbox_acts import Changed
from notifier.services.schools import NotAllowed
from notifier.web.staff.access import Visit
from notifier.web.staff.answers import shell_of
from notifier.web.staff.forms import text_of
from notifier.web.staff.inbox import Act, Typed, conversation_page, gone_page, summary, turn_of
from notifier.wording.free_text import tidy

_ONCE: Final = re.compile(r"[0-9a-f]{32}")
_TAG: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{2,8})*")

CONFIRMED: Final[Mapping[str, str]] = {
    "family": "Confirm that you checked with the family, by a number you already had.",
    "record": "Confirm that the number will be put right in the MIS.",
}
"""The two boxes without which nobody's message becomes a carer's, and what is said where one is empty."""


router = APIRouter()
"""POST `/inbox/{reply_id}/answer`, and POST …`/find`, GET and POST …`/link`."""


@router.post("/inbox/{reply_id}/answer")
def answer(request: Request, visit: Act, reply_id: str) -> Response:
    """Send a phrase or own words; own words are shown first as they will go out."""
    form = visit.form
    typed = Typed(
        say=text_of(form, "say"), text=text_of(form, "text"), language=text_of(form, "language") or "en",
        once=text_of(form, "once"),
    )  # fmt: skip
    if not _ONCE.fullmatch(typed.once) or not _TAG.fullmatch(typed.language):
        incomplete = Typed(text=typed.text, told="The form was not complete. Nothing was sent. Try again.")
        return conversation_page(request, visit, reply_id, typed=incomplete, status=400)
    if typed.say == "own" and text_of(form, "checked") != mark_of(typed.text, typed.language):
        return look_at(request, visit, reply_id, typed)
    if typed.say != "own" and typed.say not in answers.PHRASES:
        faulty = _with(typed, faults={"say": "Choose a phrase, or “Own words”."})
        return conversation_page(request, visit, reply_id, typed=faulty, status=422)
    try:
        phrase = typed.say if typed.say != "own" else ""
        new = answers.send(
            turn_of(visit, reply_id), once=typed.once, phrase=phrase, text=typed.text, language=typed.language
        )
    except (Changed, NotAllowed) as problem:
        return conversation_page(request, visit, reply_id, typed=_with(typed, told=str(problem)), status=409)
    except NoSuchReply as gone:
        return gone_page(request, visit, gone, typed=typed.text)
    return _sent(request, "/inbox?done=answered" if new else "/inbox?done=again")


@router.get("/inbox/{reply_id}/link")
def whose(request: Request, visit: Act, reply_id: str, pupil: str = "", carer: str = "") -> Response:
    """Whose number is it? The search, or what is to be confirmed about the one chosen."""
    return link_page(request, visit, reply_id, pupil=pupil, carer=carer)


@router.post("/inbox/{reply_id}/find")
def search(request: Request, visit: Act, reply_id: str) -> Response:
    """Look for a child or carer by name."""
    return link_page(request, visit, reply_id, find=text_of(visit.form, "find"))  # no name in an address


@router.post("/inbox/{reply_id}/link")
def link(request: Request, visit: Act, reply_id: str) -> Response:
    """Make a stranger’s message a carer’s, once both boxes are ticked."""
    form = visit.form
    pupil, carer = text_of(form, "pupil"), text_of(form, "carer")
    ticked = {key for key in CONFIRMED if text_of(form, key) == "yes"}
    faults = {key: said for key, said in CONFIRMED.items() if key not in ticked}
    if faults:
        return link_page(request, visit, reply_id, pupil=pupil, carer=carer, faults=faults, ticked=ticked, status=422)
    try:
        linking.link(turn_of(visit, reply_id), pupil_id=pupil, carer_id=carer)
    except (Changed, NotAllowed) as problem:
        return conversation_page(request, visit, reply_id, typed=Typed(told=str(problem)), status=409)
    except NoSuchReply as gone:
        return gone_page(request, visit, gone)
    return _sent(request, f"/inbox/{reply_id}?done=linked")


def look_at(request: Request, visit: Visit, reply_id: str, typed: Typed) -> Response:
    """Own words as they would go out, or what is wrong with them."""
    with visit.app.database.read() as connection:
        try:
            found = inbox.conversation(connection, visit.school, reply_id, now=visit.now)
        except NoSuchReply as gone:
            return gone_page(request, visit, gone, typed=typed.text)
        way = answers.way_of(connection, visit.app, visit.school, found, now=visit.now)
        if way.why_not:
            return conversation_page(request, visit, reply_id, typed=_with(typed, told=way.why_not), status=409)
        offered, wrong = answers.look_at(
            connection, visit.app, visit.school, way, typed.text, typed.language, now=visit.now
        )
    if wrong:
        faulty = _with(typed, faults={"text": " ".join(wrong)})
        return conversation_page(request, visit, reply_id, typed=faulty, status=422)
    preview = {"offered": offered, "mark": mark_of(typed.text, typed.language)}
    return conversation_page(request, visit, reply_id, typed=_with(typed, preview=preview))


def mark_of(text: str, language: str) -> str:
    """What a page holds of the words it has shown: others are shown again before they are sent."""
    return hashlib.sha256(f"{language}\n{tidy(text)}".encode()).hexdigest()[:32]


def _with(typed: Typed, **more: Any) -> Typed:
    kept: dict[str, Any] = {"say": typed.say, "text": typed.text, "language": typed.language, "once": typed.once}
    return Typed(**kept, **more)


def _sent(request: Request, onward: str) -> Response:
    """Back to a page, and sending begins at once where the server can do so."""
    wake = getattr(request.app.state, "wake", None)

    async def begin() -> None:
        if wake is not None:
            wake()

    return RedirectResponse(onward, 303, background=BackgroundTask(begin))


def link_page(
    request: Request,
    visit: Visit,
    reply_id: str,
    *,
    find: str = "",
    pupil: str = "",
    carer: str = "",
    faults: Mapping[str, str] | None = None,
    ticked: set[str] | None = None,
    status: int = 200,
) -> Response:
    """Whose number is it? First a search, then what is to be confirmed."""
    with visit.app.database.read() as connection:
        try:
            found = inbox.conversation(connection, visit.school, reply_id, now=visit.now)
        except NoSuchReply as gone:
            return gone_page(request, visit, gone)
        if not found.stranger:
            return RedirectResponse(f"/inbox/{reply_id}", 303)
        chosen = linking.contact(connection, visit.school, pupil, carer) if pupil and carer else None
        listed = linking.find(connection, visit.school, find) if find.strip() else []
    if pupil and carer and chosen is None:
        raise HTTPException(404)
    values = {
        "one": summary(visit, found), "find": find, "listed": listed, "chosen": chosen, "faults": dict(faults or {}),
        "ticked": ticked or set(), "sender": found.sender,
    }  # fmt: skip
    return shell_of(request).html(request, "reply_link.html", visit.frame, values, status)
