"""/audit: who saw and did what at the school, searched and exported, with proof that nothing was changed or taken out.

The newest entries are checked each time the page is opened; the whole chain on a page of its own, since that reads all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import Connection

from notifier.domain.sessions import at_local
from notifier.domain.staff import Permission
from notifier.services import audit, looks, message_search
from notifier.services.audit import Told
from notifier.services.audit_words import BY_ITSELF, subject_said
from notifier.store import messages, names
from notifier.store.audit import Place, Sought
from notifier.web.days import BadDay, typed_day
from notifier.web.staff import searches
from notifier.web.staff.access import Visit, require
from notifier.web.staff.answers import shell_of
from notifier.web.staff.exports import csv_response, spreadsheet_time
from notifier.web.staff.forms import text_of

See = Annotated[Visit, Depends(require(Permission.SEE_AUDIT))]

PAGE: Final = 50
CHECKED_AT_ONCE: Final = 1000
"""Entries that are checked whenever the page is opened."""

MOST_EXPORTED: Final = 200_000
COLUMNS: Final = ("entry", "time", "who", "act", "what", "about", "pupil", "detail")


@dataclass(frozen=True, slots=True)
class Asked:
    """A search of the audit as typed. `pupil` is a name or id; days are YYYY-MM-DD or DD/MM/YYYY."""

    actor: str = ""
    act: str = ""
    pupil: str = ""
    kind: str = ""
    since: str = ""
    until: str = ""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Asked:
        """From fields of a form or an address."""
        return cls(**{part.name: str(given.get(part.name) or "").strip()[:200] for part in fields(cls)})

    def filled(self) -> dict[str, str]:
        """The fields that are not empty."""
        return {part.name: getattr(self, part.name) for part in fields(self) if getattr(self, part.name)}


router = APIRouter()
"""`/audit`, its check and its export."""


@router.get("/audit")
def whole(request: Request, visit: See, before: str = "", find: str = "") -> Response:
    """The entries of a search, newest first."""
    found = searches.opened(visit, "audit", find) if find else dict(request.query_params)
    told = searches.STALE if found is None else ""
    return _page(request, visit, Asked.of(found or {}), before=_place(before), told=told)


@router.post("/audit")
def search(request: Request, visit: See) -> Response:
    """A search as typed: to its address, or back with what is wrong."""
    asked = Asked.of({key: text_of(visit.form, key) for key in Asked().__slots__})
    with visit.app.database.read() as connection:
        _, faults = _sought(connection, visit, asked)
    if faults:
        return _page(request, visit, asked)
    return RedirectResponse(_address(visit, asked), 303)


@router.post("/audit/export")
def export(request: Request, visit: See) -> Response:
    """Everything a search finds, as CSV; the export is an entry itself."""
    found = searches.opened(visit, "audit", text_of(visit.form, "find"))
    if found is None:
        return _page(request, visit, Asked(), told=searches.STALE)
    asked = Asked.of(found)
    with visit.app.database.read() as connection:
        sought, _ = _sought(connection, visit, asked)
    if sought is None:
        return _page(request, visit, asked)
    detail = asked.filled() | ({"pupil": sought.pupil_id} if sought.pupil_id else {})
    audit.note_act(
        visit.app,
        visit.school.key,
        actor=visit.actor,
        act="audit.export",
        subject="audit",
        detail=detail,
        now=visit.now,
    )
    told = audit.everything(visit.app, visit.school.key, sought, most=MOST_EXPORTED)
    return csv_response(COLUMNS, _cells(told), f"audit-{visit.school.key}-{visit.now:%Y-%m-%d}.csv")


@router.get("/audit/check")
def check(request: Request, visit: See) -> Response:
    """Whether the chain holds, with the looks of the last hour sealed in first."""
    with visit.app.database.begin() as connection:
        looks.seal(connection, visit.school.key, now=visit.now)
    with visit.app.database.read() as connection:
        verdict = audit.check(connection, visit.school.key)
    values = {"verdict": verdict, "meaning": audit.WHAT_IT_MEANS}
    return shell_of(request).html(request, "audit_check.html", visit.frame, values)


def _address(visit: Visit, asked: Asked) -> str:
    filled = asked.filled()
    return "/audit" + (f"?{urlencode({'find': searches.sealed(visit, 'audit', filled)})}" if filled else "")


def _sought(connection: Connection, visit: Visit, asked: Asked) -> tuple[Sought | None, dict[str, str]]:
    """What is looked for, or the faults beside their fields."""
    faults: dict[str, str] = {}
    days = {}
    for name in ("since", "until"):
        text = getattr(asked, name)
        try:
            days[name] = typed_day(text, today=visit.now.date()) if text else None
        except BadDay:
            faults[name] = "Enter a day like 23/11/2026."
    pupils = message_search.pupils_named(connection, visit.school.key, asked.pupil) if asked.pupil else []
    if asked.pupil and len(pupils) != 1:
        several = f"{len(pupils)} pupils have a name like this. Type more of it, or the number in the register."
        faults["pupil"] = several if pupils else "No pupil has this name or number."
    if faults:
        return None, faults
    first, last = days["since"], days["until"]
    pupil_id = pupils[0].pupil_id if pupils else ""
    return Sought(
        actor=asked.actor,
        act=asked.act,
        pupil_id=pupil_id,
        subjects=audit.sought_for_pupil(connection, visit.school.key, pupil_id) if pupil_id else (),
        since=at_local(first, time(0)) if first else None,
        until=at_local(last + timedelta(days=1), time(0)) if last else None,
        acts_only=asked.kind == "acts",
        looks_only=asked.kind == "looks",
    ), {}


def _page(request: Request, visit: Visit, asked: Asked, *, before: Place | None = None, told: str = "") -> Response:
    key = visit.school.key
    with visit.app.database.read() as connection:
        sought, faults = _sought(connection, visit, asked)
        found = audit.page(connection, key, sought, before=before, limit=PAGE + 1) if sought else []
        lines = found[:PAGE]
        called = messages.names_of(connection, key, {pupil for line in lines if (pupil := _pupil(line))})
        items = audit.messages_of(connection, key, [line.subject for line in lines])
        people = names.staff_by_email(
            connection, [text for line in lines for text in (line.actor, line.subject) if "@" in text]
        )
        verdict = audit.check(connection, key, last=CHECKED_AT_ONCE) if before is None else None
    find = searches.sealed(visit, "audit", asked.filled())
    onward = {"find": find} if asked.filled() else {}
    values = {
        "asked": asked,
        "faults": faults,
        "told": told,
        "lines": lines,
        "names": {
            pupil: f"{row.preferred_name or row.given_name} {row.family_name}".strip() for pupil, row in called.items()
        },
        "pupil_of": {line.place: _pupil(line) for line in lines},
        "items": items,
        "people": people,
        "by_itself": BY_ITSELF,
        "subject_said": subject_said,
        "verdict": verdict,
        "meaning": audit.WHAT_IT_MEANS,
        "acts": [("", "Any"), *sorted(audit.ACTS.items(), key=lambda pair: pair[1])],
        "find": find,
        "older": f"/audit?{urlencode(onward | {'before': _text(lines[-1].place)})}" if len(found) > PAGE else "",
        "newest": _address(visit, asked) if before is not None else "",
    }
    return shell_of(request).html(request, "audit.html", visit.frame, values, 422 if faults else 200)


ABOUT_PUPILS: Final = frozenset(
    {"absence.report", "absence.take_back", "contact.suppress", "contact.use_again", "evidence.export"}
)
"""Acts whose subject is a pupil, beside all those on a follow-up."""


def _pupil(line: Told) -> str:
    about = line.act in ABOUT_PUPILS or line.act.startswith("follow_up.")
    return line.pupil_id or (line.subject if about else "")


def _text(place: Place) -> str:
    return f"{place.at.isoformat()}~{place.kind}~{place.number}"


def _place(text: str) -> Place | None:
    try:
        at, kind, number = text.split("~")
        moment = datetime.fromisoformat(at)
        return Place(moment, int(kind), int(number)) if moment.tzinfo else None
    except ValueError:
        return None


def _cells(told: Iterator[Told]) -> Iterator[tuple[object, ...]]:
    for line in told:
        detail = "; ".join(f"{key}: {value}" for key, value in line.detail)
        yield (
            line.number or "",
            spreadsheet_time(line.at),
            line.actor,
            line.act,
            line.words,
            line.subject,
            _pupil(line),
            detail,
        )
