"""`/follow-ups/{id}`, and `/pupils/{id}` for a pupil whom nobody chases: the story of one pupil's day, and what may be done about it.

This module shows; what the buttons do is in `follow_up_acts`. A page holds marks of what it has shown, so that an act finds out whether
somebody else was quicker, and a random word, so that two clicks are one act.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from notifier.domain import board
from notifier.domain.calls import CALLS
from notifier.domain.identity import is_id
from notifier.domain.sessions import local_date
from notifier.domain.staff import Permission
from notifier.services import looks
from notifier.services.one_pupil import codes_that_explain, one_day
from notifier.services.write_by_hand import reach_words
from notifier.store import board as board_store
from notifier.store import follow_ups
from notifier.web.days import BadDay, typed_day
from notifier.web.staff import live
from notifier.web.staff.access import NotHere, Visit, require
from notifier.web.staff.answers import shell_of
from notifier.web.staff.readings import sureness

DONE: Final = {
    "confirmed": "The reason is confirmed. Enter the code in your MIS: it is on the list of what people confirmed.",
    "opened": "It is open again, and on the list of calls.",
    "called": "The call is on record.",
    "noted": "The note is kept.",
    "written": "The message is on its way.",
    "lead": "The safeguarding lead is told by e-mail. Ring too if it cannot wait.",
    "away": "Those days are kept: no text goes about them.",
    "suppressed": "Automatic messages are off until that day.",
    "taken-back": "Those days are taken back. Without a reason in the register the child is followed up again.",
    "lifted": "Automatic messages are on again.",
    "number-again": "This number is used again from the next message on, unless something else stands in the way: see the contacts.",
    "address-again": "This address is used again from the next message on, unless something else stands in the way: see the contacts.",
    "blocked": "The block holds from now. A second person has to confirm it.",
    "block-confirmed": "The block is confirmed.",
    "block-declined": "The block has ended.",
    "end-asked": "A second person has to agree. The block holds meanwhile.",
    "block-ended": "The block has ended.",
    "block-kept": "The block stays.",
}
"""What a redirect may say was done; nothing else is ever said."""

Reader = Annotated[Visit, Depends(require(Permission.SEE_MORNING))]


router = APIRouter()
"""`/follow-ups/{follow_up_id}` and `/pupils/{pupil_id}`."""


@router.get("/follow-ups/{follow_up_id}")
def one(request: Request, visit: Reader, follow_up_id: str, done: str = "") -> HTMLResponse:
    """A follow-up."""
    return show(request, visit, follow_up_id, done=done)


@router.get("/pupils/{pupil_id}")
def pupil(request: Request, visit: Reader, pupil_id: str, date: str = "", done: str = "") -> HTMLResponse:
    """A pupil’s day."""
    return show_pupil(request, visit, pupil_id, date=date, done=done)


def show(
    request: Request,
    visit: Visit,
    follow_up_id: str,
    *,
    done: str = "",
    faults: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    since: Sequence[str] = (),
    status: int = 200,
) -> HTMLResponse:
    """The page of a follow-up. `typed` is what a refused form held, `since` what others did meanwhile. Raises NotHere."""
    if not is_id(follow_up_id):
        raise NotHere
    with visit.app.database.read() as connection:
        row = follow_ups.get(connection, visit.school.key, follow_up_id)
        if row is None:
            raise NotHere
        found = one_day(connection, visit.app, visit.school, row.pupil_id, row.day, now=visit.now, row=row)
        if found is None:
            raise NotHere
        following = _next(connection, visit, row) if done in ("confirmed", "away") else None
        seen = live.seen(connection, visit.school.key, now=visit.now) if row.day == local_date(visit.now) else None
    _look(visit, "follow_up", follow_up_id, row.pupil_id)
    return _render(
        request, visit, found, base=f"/follow-ups/{follow_up_id}", seen=seen, following=following, done=done, faults=faults,
        typed=typed, since=since, status=status,
    )  # fmt: skip


def show_pupil(
    request: Request,
    visit: Visit,
    pupil_id: str,
    *,
    date: str = "",
    done: str = "",
    faults: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    """The day of a pupil, with or without a follow-up. Raises NotHere."""
    faults = dict(faults or {})
    today = local_date(visit.now)
    try:
        day = typed_day(date, today=today)
    except BadDay as problem:
        day, status = today, 400
        faults["day"] = f"{problem} Today is shown."
    with visit.app.database.read() as connection:
        found = one_day(connection, visit.app, visit.school, pupil_id, day, now=visit.now)
        if found is None:
            raise NotHere
    _look(visit, "pupil", pupil_id, pupil_id)
    base = f"/pupils/{pupil_id}"
    return _render(request, visit, found, base=base, seen=None, done=done, faults=faults, typed=typed, status=status)


def _look(visit: Visit, what: str, subject: str, pupil_id: str) -> None:
    looks.note(
        visit.app, visit.school.key, actor=visit.actor, what=what, subject=subject, pupil_ids=[pupil_id], now=visit.now
    )


def _next(connection: Any, visit: Visit, row: Any) -> board.Card | None:
    """Who needs a person next, after this one."""
    cards = sorted(board_store.cards(connection, visit.school.key, row.day), key=board.need)
    return next((card for card in cards if card.closed_at is None and card.pupil_id != row.pupil_id), None)


def _render(
    request: Request,
    visit: Visit,
    found: Any,
    *,
    base: str,
    seen: Any,
    following: board.Card | None = None,
    done: str,
    faults: Mapping[str, str] | None,
    typed: Mapping[str, str] | None,
    since: Sequence[str] = (),
    status: int,
) -> HTMLResponse:
    current: date = local_date(visit.now)
    codes = [(entry.code, entry.meaning) for entry in codes_that_explain(visit.app)]
    away = [(entry.code, entry.meaning) for entry in codes_that_explain(visit.app, present=False)]
    values = {
        "one": found,
        "base": base,
        "seen": seen,
        "following": following,
        "done": DONE.get(done, ""),
        "faults": dict(faults or {}),
        "typed": dict(typed or {}),
        "since": since,
        "once": secrets.token_hex(8),
        "codes": codes,
        "away_codes": away,
        "meanings": {entry.code: entry.meaning for entry in visit.app.codes.codes.values()},
        "calls": CALLS,
        "sureness": sureness,
        "today": current,
        "is_today": found.day == current,
        "actor": visit.actor,
        "again": [reach_words(reach) for reach in found.offer.again],
        "next_contacts": [reach_words(reach) for reach in found.offer.following],
        "called": {contact["carer_id"]: contact["called"] for contact in found.contacts},
        "story": found.story["story"],
    }
    return shell_of(request).html(request, "follow_up.html", visit.frame, values, status)
