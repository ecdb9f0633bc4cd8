"""`/`: the morning at a glance. Time to the run, registers, holds and their release, counts that are filters, and who is next.

It reads everything in one transaction (`services.today`) and shows its age; releasing a hold is the one thing it does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from anyio import from_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from notifier.domain.board import Part
from notifier.domain.guards import RegisterState
from notifier.domain.sessions import Session, local_date
from notifier.domain.staff import Permission
from notifier.services import confirmed, schools
from notifier.services.today import SessionClock, Today, today
from notifier.store import messages, runs
from notifier.web.days import BadDay, typed_day
from notifier.web.staff import forms, live
from notifier.web.staff.access import NotHere, Visit, require
from notifier.web.staff.answers import shell_of
from notifier.web.words import clock_time, counted

PARTS: Final = {
    Part.UNEXPLAINED: ("Unexplained", "No reason is confirmed yet."),
    Part.URGENT: ("Urgent", "An answer says that the child may not be where somebody believes."),
    Part.RING: ("To ring", "A person rings; no text will settle these."),
    Part.ANSWERED: ("Answered", "A carer has answered. Read it and confirm the reason."),
    Part.CONTACTED: ("Contacted", "A message about the absence has left, for those settled since as well."),
    Part.UNREACHABLE: ("Unreachable", "No message has reached anybody. Ring."),
    Part.EXPLAINED: ("Explained", "Settled: a reason is confirmed, or the register changed."),
}
"""The counts, in order: their names and what they hold."""

REGISTER_WORDS: Final = {
    RegisterState.TAKEN: "Taken",
    RegisterState.NOT_TAKEN: "Not taken",
    RegisterState.STALE: "Too old to act on",
}

SESSION_WORDS: Final = {Session.AM: "morning", Session.PM: "afternoon"}

DONE: Final = {"released": "The hold is released. What it held goes on within a minute."}
"""What a redirect may say was done; nothing else is ever said."""

Reader = Annotated[Visit, Depends(require(Permission.SEE_MORNING))]
Releaser = Annotated[Visit, Depends(require(Permission.RELEASE_HOLD))]


router = APIRouter()
"""`/` and `/holds/{hold_id}/release`."""


@router.get("/")
def morning(
    request: Request, visit: Reader, date: str = "", show: str = "", q: str = "", page: str = "", done: str = ""
) -> HTMLResponse:
    """The day: registers, holds, counts, and who needs a person next."""
    return _page(request, visit, date=date, show=show, query=q, page=page, done=DONE.get(done, ""))


@router.post("/holds/{hold_id}/release")
def release(request: Request, visit: Releaser, hold_id: str) -> Response:
    """Release a hold, by somebody who has looked."""
    day = forms.text_of(visit.form, "date")
    with visit.app.database.read() as connection:
        hold = runs.get_hold(connection, visit.school.key, hold_id)
    if hold is None:
        raise NotHere
    if hold.released_at is not None and hold.released_by != visit.actor:
        said = f"{hold.released_by} has released this hold already, at {clock_time(hold.released_at)}."
        return _page(request, visit, date=day, faults={"list": said}, status=409)
    if not forms.text_of(visit.form, "looked"):
        fault = {f"looked-{hold_id}": "Say that you have looked at the registers yourself."}
        return _page(request, visit, date=day, faults=fault, status=422)
    try:
        if hold.released_at is None:
            schools.release(visit.app, visit.school.key, hold_id, by=visit.actor, now=visit.now)
    except schools.NotAllowed as problem:
        return _page(request, visit, date=day, faults={"holds": str(problem)}, status=409)
    wake(request)
    return RedirectResponse(f"/?{urlencode({'date': day, 'done': 'released'} if day else {'done': 'released'})}", 303)


def wake(request: Request) -> None:
    """Let what was queued leave at once, where a process that sends is near."""
    waker = getattr(request.app.state, "wake", None)
    if waker is not None:
        from_thread.run_sync(waker)


def _page(
    request: Request,
    visit: Visit,
    *,
    date: str = "",
    show: str = "",
    query: str = "",
    page: str = "",
    done: str = "",
    faults: dict[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    faults = dict(faults or {})
    current = local_date(visit.now)
    try:
        day = typed_day(date, today=current)
    except BadDay as problem:
        day, faults, status = current, faults | {"date": f"{problem} Today is shown."}, 400
    part = Part(show) if show in Part._value2member_map_ else Part.UNEXPLAINED
    number = int(page) if page.isdecimal() and len(page) < 6 else 1
    query = query.strip()[:80]
    school, app = visit.school, visit.app
    with app.database.read() as connection:
        found = today(connection, app, school, day, now=visit.now, part=part, query=query, page=number)
        entries = confirmed.entries(connection, app, school, day)
        values: dict[str, Any] = {
            "today": found,
            "seen": live.seen(connection, school.key, now=visit.now) if found.is_today else None,
            "cost": messages.spent_today(connection, school.key, day),
            "names": {card.pupil_id: card.name for card in found.cards},
        }
    values |= {
        "day": day,
        "typed_day": date[:40],
        "parts": PARTS,
        "clock_lines": [clock_words(clock, visit) for clock in found.clocks] if found.is_today else [],
        "register_words": REGISTER_WORDS,
        "session_words": SESSION_WORDS,
        "to_enter": sum(entry.to_enter for entry in entries),
        "confirmed": len(entries),
        "may_release": visit.may(Permission.RELEASE_HOLD),
        "actor": visit.actor,
        "faults": faults,
        "done": done,
        "links": Links(found, current == day),
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
    }
    return shell_of(request).html(request, "today.html", visit.frame, values, status)


class Links:
    """Addresses of the same day with another filter or page."""

    def __init__(self, found: Today, is_today: bool) -> None:
        self._base = {} if is_today else {"date": found.day.isoformat()}
        self._found = found

    def part(self, part: Part) -> str:
        """The day with one of its parts."""
        return _address(self._base | ({} if part is Part.UNEXPLAINED else {"show": part.value}))

    def page(self, number: int) -> str:
        """The same list, another page of it."""
        found = self._found
        more = {"show": found.shown.value, "q": found.query, "page": str(number)}
        return _address(self._base | {key: value for key, value in more.items() if value})


def _address(query: dict[str, str]) -> str:
    return f"/?{urlencode(query)}" if query else "/"


def clock_words(clock: SessionClock, visit: Visit) -> tuple[str, str]:
    """What is said of a session's run now: the main words, and more."""
    name = SESSION_WORDS[clock.session].capitalize()
    first, last, now = clock.first_contact, clock.last_contact, visit.now
    if clock.began is not None:
        until = (
            f"Texts go until {clock_time(last)}." if now <= last else f"The time for texts ended at {clock_time(last)}."
        )
        return f"{name}: the run began at {clock_time(clock.began)}", until
    if now < first:
        minutes = -(-int((first - now).total_seconds()) // 60)
        hours, rest = divmod(minutes, 60)
        parts = [counted(hours, "hour", "hours")] * bool(hours) + [counted(rest, "minute", "minutes")] * bool(rest)
        return (
            f"{name}: the run begins at {clock_time(first)}, in {' '.join(parts)}",
            f"Texts go until {clock_time(last)}.",
        )
    if now <= last:
        return (
            f"{name}: the run should have begun at {clock_time(first)}",
            "It begins by itself within a minute; if it does not, ring.",
        )
    return (
        f"{name}: there was no run",
        f"Its time ended at {clock_time(last)}. Whoever is absent without a reason has to be rung.",
    )
