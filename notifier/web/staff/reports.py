"""The reports: one page of figures for a school, one that compares schools, and each figure as a picture and as a file.

A hub lead comes to the same address and gets the comparison: totals of finished months, small numbers hidden
(`services.report_compare`). Pictures are images of their own (`charts`), so the page needs no inline style.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from notifier.domain.sessions import local_date
from notifier.domain.staff import Permission, may
from notifier.services import report_compare, report_contacts, report_files, reports
from notifier.services.report_shapes import Figure, Preset, Report, Span, WrongSpan, months, presets, span_of
from notifier.web.days import as_typed
from notifier.web.staff import charts
from notifier.web.staff.access import NoSchoolChosen, NotHere, Refused, Visit, require, require_across, signed_in
from notifier.web.staff.answers import shell_of

AtSchool = Annotated[Visit, Depends(require(Permission.SEE_REPORTS))]
Across = Annotated[Visit, Depends(require_across(Permission.SEE_AGGREGATES))]
Anybody = Annotated[Visit, Depends(signed_in())]


@dataclass(slots=True)
class Shown:
    """The reports that pages showed a moment ago, so that their pictures need not be counted again."""

    kept: dict[tuple[str, str, Span], tuple[datetime, Report]] = field(default_factory=dict)

    def keep(self, school: str, span: Span, found: list[Report], now: datetime) -> None:
        """Keep what a page shows."""
        self.kept = {place: entry for place, entry in list(self.kept.items())[-MOST_KEPT:] if now - entry[0] < A_MOMENT}
        self.kept |= {(school, report.key, span): (now, report) for report in found}

    def of(self, school: str, key: str, span: Span, now: datetime) -> Report | None:
        """A report that was shown just now."""
        at, report = self.kept.get((school, key, span), (None, None))
        return report if at is not None and timedelta() <= now - at < A_MOMENT else None


A_MOMENT = timedelta(seconds=30)
MOST_KEPT = 200


router = APIRouter()
"""`/reports` and what belongs to it."""


@router.get("/reports")
def reports_page(request: Request, visit: Anybody) -> Response:
    """The reports of the school in hand; for whoever sees totals only, the schools beside each other."""
    may_see = [school for school in visit.person.schools if may(visit.person.grants, Permission.SEE_REPORTS, school)]
    if visit.chosen in may_see:
        return _school_page(request, visit)
    if len(may_see) == 1:
        return _school_page(request, replace(visit, chosen=may_see[0]))
    if may_see:
        raise NoSchoolChosen("/reports")
    across = tuple(
        school for school in visit.person.schools if may(visit.person.grants, Permission.SEE_AGGREGATES, school)
    )
    if not across:
        raise Refused("Your role may not see reports. Ask an administrator.")
    return _compare_page(request, replace(visit, chosen=None, schools=across))


@router.get("/reports/compare")
def compare_page(request: Request, visit: Across) -> Response:
    """Schools beside each other."""
    return _compare_page(request, visit)


@router.get("/reports/charts/{key}.svg")
def chart(request: Request, visit: AtSchool, key: str) -> Response:
    """A figure of a school as a picture."""
    return _picture(request, _figure_of(visit, request, key, _shown(request)))


@router.get("/reports/tables/{key}.csv")
def table(request: Request, visit: AtSchool, key: str) -> Response:
    """A figure of a school as CSV; taking it is on record."""
    figure = _figure_of(visit, request, key)
    span, _, _ = _school_span(visit, request)
    report_files.note_export(visit.app, [visit.school], figure, span, by=visit.actor, now=visit.now)
    return _file(figure, span, visit.school.key)


@router.get("/reports/compare/charts/{key}.svg")
def compare_chart(request: Request, visit: Across, key: str) -> Response:
    """A figure over schools as a picture."""
    return _picture(request, _compared_figure(visit, request, key))


@router.get("/reports/compare/tables/{key}.csv")
def compare_table(request: Request, visit: Across, key: str) -> Response:
    """A figure over schools as CSV; taking it is on record."""
    figure = _compared_figure(visit, request, key)
    span, _, _, _ = _compare_span(visit, request)
    report_files.note_export(visit.app, visit.schools, figure, span, by=visit.actor, now=visit.now)
    return _file(figure, span, "schools")


def _shown(request: Request) -> Shown:
    found: Shown = request.app.state.shown_reports
    return found


def _school_page(request: Request, visit: Visit) -> Response:
    span, faults, typed = _school_span(visit, request)
    found: list[Report] = [reports.make(visit.app, key, [visit.school], span) for key in reports.REPORTS]
    _shown(request).keep(visit.school.key, span, found, visit.now)
    across = [school for school in visit.person.schools if may(visit.person.grants, Permission.SEE_AGGREGATES, school)]
    values = {
        "span": span, "faults": faults, "typed": typed, "reports": found, "presets": list(_offered(visit)),
        "query": _query(span) | ({"school": visit.school.key} if len(visit.person.schools) > 1 else {}),
        "base": "/reports", "encode": urlencode, "size": _size, "compare": len(across) > 1,
        "put_right": report_contacts.put_right(visit.app, visit.school, span) if visit.may(Permission.SEE_MESSAGES) else [],
    }  # fmt: skip
    return shell_of(request).html(request, "reports.html", visit.frame, values, 422 if faults else 200)


def _compare_page(request: Request, visit: Visit) -> Response:
    span, faults, typed, choices = _compare_span(visit, request)
    made = report_compare.compare(visit.app, visit.schools, span, hide_small=_hides(visit), known=_own(visit))
    values = {
        "span": span, "faults": faults, "typed": typed, "figures": made.figures, "hidden": made.small_hidden, "choices": choices,
        "query": {"month": f"{span.first:%Y-%m}"} if made.small_hidden else _query(span), "base": "/reports/compare", "encode": urlencode,
        "size": _size, "schools": visit.schools,
    }  # fmt: skip
    return shell_of(request).html(request, "reports_compare.html", visit.frame, values, 422 if faults else 200)


def _hides(visit: Visit) -> bool:
    """Whether small numbers are hidden: unless the person may see the reports of every one of the schools."""
    return len(_own(visit)) < len(visit.schools)


def _own(visit: Visit) -> frozenset[str]:
    """Those of the schools whose own reports the person may see: a hub's lead school is often one."""
    may_see = (school for school in visit.schools if may(visit.person.grants, Permission.SEE_REPORTS, school))
    return frozenset(school.key for school in may_see)


def _offered(visit: Visit) -> list[Preset]:
    return list(presets(visit.school, local_date(visit.now)))


def _school_span(visit: Visit, request: Request) -> tuple[Span, dict[str, str], Mapping[str, str]]:
    """The days asked for; where they cannot be, the usual ones and what to correct, with what was typed."""
    usual = next(preset.span for preset in _offered(visit) if preset.key == "4-weeks")
    return _typed_span(request, usual, local_date(visit.now))


def _typed_span(request: Request, usual: Span, today: date) -> tuple[Span, dict[str, str], Mapping[str, str]]:
    first, last = request.query_params.get("first", ""), request.query_params.get("last", "")
    try:
        span = span_of(first, last, usual, today)
    except WrongSpan as wrong:
        return usual, {wrong.field: str(wrong)}, {"first": first, "last": last}
    return span, {}, {"first": as_typed(span.first), "last": as_typed(span.last)}


def _compare_span(visit: Visit, request: Request) -> tuple[Span, dict[str, str], Mapping[str, str], list[Preset]]:
    """For hub leads one of the finished months and nothing else; for others any days."""
    today = local_date(visit.now)
    choices = months(today)
    if _hides(visit):
        asked = request.query_params.get("month", "")
        chosen = next((preset.span for preset in choices if preset.key == asked), choices[0].span)
        return chosen, {}, {}, choices
    span, faults, typed = _typed_span(request, choices[0].span, today)
    return span, faults, typed, choices


def _query(span: Span) -> dict[str, str]:
    return {"first": span.first.isoformat(), "last": span.last.isoformat()}


def _figure_of(visit: Visit, request: Request, key: str, shown: Shown | None = None) -> Figure:
    """One figure of a school's reports; only its own report is worked out. Raises NotHere."""
    report, _, _ = key.partition(".")
    span, faults, _ = _school_span(visit, request)
    if report not in reports.REPORTS or faults:
        raise NotHere
    made = shown.of(visit.school.key, report, span, visit.now) if shown else None
    made = made or reports.make(visit.app, report, [visit.school], span)
    return _called(made.figures, key)


def _compared_figure(visit: Visit, request: Request, key: str) -> Figure:
    span, faults, _, _ = _compare_span(visit, request)
    if faults:
        raise NotHere
    made = report_compare.compare(visit.app, visit.schools, span, hide_small=_hides(visit), known=_own(visit))
    return _called(made.figures, key)


def _called(figures: tuple[Figure, ...], key: str) -> Figure:
    for figure in figures:
        if figure.key == key:
            return figure
    raise NotHere


def _picture(request: Request, figure: Figure) -> Response:
    if figure.chart is None:
        raise NotHere
    drawn = charts.draw(figure, narrow=request.query_params.get("narrow") == "1")
    return Response(drawn, media_type="image/svg+xml", headers=charts.HEADERS)


def _size(figure: Figure, narrow: bool) -> dict[str, Any]:
    width, height = charts.size_of(figure, narrow=narrow)
    return {"width": width, "height": height}


def _file(figure: Figure, span: Span, whose: str) -> Response:
    name = f"{whose}-{figure.key.replace('.', '-')}-{span.first.isoformat()}-{span.last.isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response("\ufeff" + report_files.as_csv(figure), media_type="text/csv; charset=utf-8", headers=headers)
