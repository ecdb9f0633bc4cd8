"""`/confirmed`: the codes that people confirmed on a day, to be entered in the MIS by hand, and the same as CSV."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from notifier.domain.sessions import local_date
from notifier.domain.staff import Permission
from notifier.services import confirmed
from notifier.web.days import BadDay, typed_day
from notifier.web.staff.access import Visit, require
from notifier.web.staff.answers import shell_of

router = APIRouter()
"""`/confirmed` and `/confirmed.csv`."""


@router.get("/confirmed")
def page(
    request: Request, visit: Annotated[Visit, Depends(require(Permission.SEE_MORNING))], date: str = ""
) -> HTMLResponse:
    """The codes confirmed on a day."""
    today, faults, status = local_date(visit.now), {}, 200
    try:
        day = typed_day(date, today=today)
    except BadDay as problem:
        day, faults, status = today, {"date": f"{problem} Today is shown."}, 400
    with visit.app.database.read() as connection:
        found = confirmed.entries(connection, visit.app, visit.school, day)
    values = {
        "day": day,
        "today": today,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1) if day < today else None,
        "entries": found,
        "to_enter": sum(entry.to_enter for entry in found),
        "may_export": visit.may(Permission.EXPORT),
        "faults": faults,
    }
    return shell_of(request).html(request, "confirmed.html", visit.frame, values, status)


@router.get("/confirmed.csv")
def export(visit: Annotated[Visit, Depends(require(Permission.EXPORT))], date: str = "") -> Response:
    """The same as CSV; taking it is on record."""
    try:
        day = typed_day(date, today=local_date(visit.now))
    except BadDay as problem:
        return Response(str(problem), 400, media_type="text/plain; charset=utf-8")
    text = confirmed.export(visit.app, visit.school.key, day, by=visit.actor, now=visit.now)
    name = f"confirmed-{visit.school.key}-{day.isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)
