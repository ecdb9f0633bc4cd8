"""Proposed messages outside first-day contact: look through the list, hold back by name, send the rest. Nothing leaves without a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from notifier.domain.situations import Situation
from notifier.domain.staff import Permission
from notifier.services import proposal_pages as pages
from notifier.services import proposals, send_proposals
from notifier.services.schools import NotAllowed
from notifier.store.proposals import PROPOSED
from notifier.web.staff.access import NotHere, Visit, require
from notifier.web.staff.answers import shell_of
from notifier.web.staff.forms import text_of
from notifier.web.words import counted

Reading = Annotated[Visit, Depends(require(Permission.SEE_MESSAGES))]
Deciding = Annotated[Visit, Depends(require(Permission.ANSWER))]


@dataclass(slots=True)
class Outcome:
    """What somebody's act came to, for the page that answers it; `chosen` keeps the ticks and `reason` the words."""

    done: str = ""
    refused: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    chosen: frozenset[str] = frozenset()
    reason: str = ""
    left_out: Any = ()


router = APIRouter()
"""`/proposals`."""


@router.get("/proposals")
def proposals_page(request: Request, visit: Reading, state: str = PROPOSED, held: int = 0) -> Response:
    """The list in one state."""
    if state not in pages.STATES:
        raise NotHere
    done = f"{counted(held, 'message', 'messages')} held back." if 0 < held < 10_000 else ""
    return _page(request, visit, Outcome(done=done), state=state)


@router.post("/proposals/send")
def send(request: Request, visit: Deciding) -> Response:
    """Send the ticked ones."""
    chosen = _chosen(visit)
    if not chosen:
        return _page(request, visit, Outcome(faults={"choose": "Tick the messages that are meant."}))
    try:
        result = send_proposals.send(visit.app, visit.school.key, chosen, by=visit.actor, now=visit.now)
    except NotAllowed as why:
        return _page(request, visit, Outcome(faults={"choose": _plain(str(why))}, chosen=frozenset(chosen)))
    number = sum(len(item["message_ids"]) for item in result.sent)
    outcome = Outcome(
        done=f"{counted(len(result.sent), 'proposal', 'proposals')} sent: {counted(number, 'message', 'messages')} on the way."
        if result.sent
        else "",
        refused=[f"{item['pupil_id']}: {item['why']}" for item in result.refused],
    )
    return _page(request, visit, outcome)


@router.post("/proposals/hold")
def hold(request: Request, visit: Deciding) -> Response:
    """Hold the ticked ones back, with the reason."""
    chosen, reason = _chosen(visit), text_of(visit.form, "reason")[:200]
    faults = {} if chosen else {"choose": "Tick the messages that are meant."}
    if not reason:
        faults["reason"] = "Say why, as in: the family has a hard week. It is kept with the record."
    if not faults:
        try:
            for each in chosen:
                proposals.hold_back(visit.app, visit.school.key, each, reason=reason, by=visit.actor, now=visit.now)
        except NotAllowed:
            faults["choose"] = (
                "One of these is not open any more: somebody has sent it or held it back. The list is new now."
            )
    if faults:
        return _page(request, visit, Outcome(faults=faults, chosen=frozenset(chosen), reason=reason))
    return RedirectResponse(f"/proposals?held={len(chosen)}", 303)


@router.post("/proposals/make")
def make(request: Request, visit: Deciding) -> Response:
    """Look for proposals now, for one situation or for all that may be asked for."""
    asked = text_of(visit.form, "situation")
    known = {key for key, _ in pages.can_be_asked(visit.app)}
    if asked and asked not in known:
        return _page(request, visit, Outcome(faults={"situation": "Choose one of the list."}))
    try:
        made = proposals.make(
            visit.app,
            visit.school.key,
            now=visit.now,
            by=visit.actor,
            situation=Situation(asked) if asked else None,
        )
    except NotAllowed as why:
        return _page(request, visit, Outcome(faults={"situation": _plain(str(why))}))
    done = f"{counted(len(made.proposed), 'message is', 'messages are')} proposed; nothing was sent."
    return _page(request, visit, Outcome(done=done, left_out=pages.left_out_words(made.left_out)))


def _chosen(visit: Visit) -> list[str]:
    values = visit.form.getlist("proposal") if visit.form is not None else []
    return list(dict.fromkeys(value for value in values if isinstance(value, str)))


def _plain(words: str) -> str:
    """The words of a service without the command for a terminal."""
    return words.split("; see: ")[0].split(" See: ")[0]


def _page(request: Request, visit: Visit, outcome: Outcome, *, state: str = PROPOSED) -> Response:
    values = {
        "groups": pages.groups(visit.app, visit.school, state=state), "state": state, "states": pages.STATES, "outcome": outcome,
        "faults": outcome.faults, "closed": pages.closed_now(visit.app, visit.school, visit.now),
        "may_decide": visit.may(Permission.ANSWER), "can_be_asked": pages.can_be_asked(visit.app),
    }  # fmt: skip
    return shell_of(request).html(request, "proposals.html", visit.frame, values, 422 if outcome.faults else 200)
