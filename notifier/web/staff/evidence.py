"""/evidence: a PDF of everything recorded about one pupil and period, for a meeting, a complaint or an inspection.

The form asks what it is for. Making one is an act in the audit, with the pack's fingerprint; opening the form for a pupil is a look.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from notifier.domain.sessions import local_date
from notifier.domain.staff import Permission
from notifier.services import audit, looks, message_search
from notifier.services.evidence import NoEvidence, collect
from notifier.services.evidence_pdf import evidence_pdf
from notifier.web.days import BadDay, typed_day
from notifier.web.staff.access import Visit, require
from notifier.web.staff.answers import shell_of
from notifier.web.staff.exports import file_response
from notifier.web.staff.forms import text_of

Export = Annotated[Visit, Depends(require(Permission.EXPORT))]

USUAL_DAYS: Final = 30
FIELDS: Final = ("pupil", "since", "until", "purpose")


router = APIRouter()
"""`/evidence`: the form, and the file."""


def _page(request: Request, visit: Visit, typed: dict[str, str], faults: dict[str, str]) -> Response:
    with visit.app.database.read() as connection:
        found = message_search.pupils_named(connection, visit.school.key, typed["pupil"]) if typed["pupil"] else []
    values: dict[str, Any] = {"typed": typed, "faults": faults, "pupil": found[0] if len(found) == 1 else None}
    if len(found) == 1:
        _note(visit, found[0].pupil_id)
    return shell_of(request).html(request, "evidence.html", visit.frame, values, 422 if faults else 200)


@router.get("/evidence")
def form(request: Request, visit: Export, pupil: str = "") -> Response:
    """The form, with the usual days filled in."""
    today = local_date(visit.now)
    first = today - timedelta(days=USUAL_DAYS)
    typed = {"pupil": pupil, "since": f"{first:%d/%m/%Y}", "until": f"{today:%d/%m/%Y}", "purpose": ""}
    return _page(request, visit, typed, {})


@router.post("/evidence")
def make(request: Request, visit: Export) -> Response:
    """The pack as a PDF, or the form with what is wrong."""
    typed = {name: text_of(visit.form, name)[:300] for name in FIELDS}
    faults: dict[str, str] = {}
    with visit.app.database.read() as connection:
        found = message_search.pupils_named(connection, visit.school.key, typed["pupil"]) if typed["pupil"] else []
    if not typed["pupil"] or not found:
        faults["pupil"] = "Enter the name or number of a pupil at this school."
    elif len(found) > 1:
        faults["pupil"] = f"{len(found)} pupils have a name like this. Type more of it, or the number in the register."
    days = {name: _day(typed[name], name, faults) for name in ("since", "until")}
    if len(typed["purpose"]) < 3:
        faults["purpose"] = "Say what the pack is for. It stands on the pack and in the audit."
    first, last = days["since"], days["until"]
    if faults or first is None or last is None:
        return _page(request, visit, typed, faults)
    pupil_id = found[0].pupil_id
    try:
        with visit.app.database.read() as connection:
            pack = collect(connection, visit.app, visit.school, pupil_id, first, last)
        content = evidence_pdf(pack, made_by=visit.actor, made_at=visit.now, purpose=typed["purpose"])
    except NoEvidence as problem:
        return _page(request, visit, typed, {"since": str(problem)})
    audit.note_act(
        visit.app, visit.school.key, actor=visit.actor, act="evidence.export", subject=pupil_id, now=visit.now,
        detail={"pupil": pupil_id, "first": pack.first, "last": pack.last, "records": len(pack.events),
                "purpose": typed["purpose"], "fingerprint": pack.fingerprint},
    )  # fmt: skip
    return file_response(content, "application/pdf", f"evidence-{_safe(pupil_id)}-{pack.first}-{pack.last}.pdf")


def _note(visit: Visit, pupil_id: str) -> None:
    looks.note(
        visit.app,
        visit.school.key,
        actor=visit.actor,
        what="evidence",
        subject=pupil_id,
        pupil_ids=[pupil_id],
        now=visit.now,
    )


def _safe(text: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in text)[:40]


def _day(text: str, name: str, faults: dict[str, str]) -> date | None:
    try:
        return typed_day(text or "nothing", today=date.min)
    except BadDay:
        faults[name] = "Enter a day like 23/11/2026."
        return None
