"""/settings: what a school sets itself, each page tried on past days before it is saved; the way to the first day; the switch.

A page is sent twice: once to see what it would change and what that would have done, and once to save exactly that. Whoever saves
names the version that was seen; where somebody else was quicker nothing is saved and the page shows what they changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import HTTPException
from fastapi.responses import RedirectResponse, Response

from notifier.configuration.errors import ConfigurationError
from notifier.domain.reasons import words as reason_words
from notifier.domain.sessions import Session, local_date, local_time
from notifier.domain.staff import Permission, Role
from notifier.services import school_settings, school_start, settings_trial
from notifier.services.decide import run_session
from notifier.services.school_settings import Draft, Settings, SettingsChanged
from notifier.services.schools import NotAllowed
from notifier.services.settings_parts import Field, Part
from notifier.store import people
from notifier.store import school_settings as store
from notifier.web.staff.access import Visit, require, require_across
from notifier.web.staff.answers import shell_of
from notifier.web.staff.forms import text_of

See = Annotated[Visit, Depends(require(Permission.SEE_SETTINGS))]
Change = Annotated[Visit, Depends(require(Permission.CHANGE_SETTINGS))]
Switch = Annotated[Visit, Depends(require(Permission.SWITCH_SENDING))]
Somewhere = Annotated[Visit, Depends(require_across(Permission.SWITCH_SENDING))]

DONE: Final = {
    "saved": "The settings are saved and count from now on.",
    "same": "Nothing was changed.",
    "on": "Sending is on. What falls due from now on leaves.",
    "off": "Sending is off. Nothing leaves for families; staff e-mails do.",
    "vouched": "Noted, with your name.",
    "made": "The school is made. It sends nothing yet: go through the list.",
}

NEW: Final = (
    Field("name", "School’s name", "text", ("school", "name"), hint="Shown to staff, and in e-mails and letters."),
    Field("short_name", "Short name, in every text", "text", ("school", "short_name"), hint="Texts begin with it, so families know who writes. At most 40 characters."),
    Field("key", "Key", "text", ("school", "key"), hint="Small letters, digits and hyphens, as in st-marys-primary. It cannot be changed later."),
    Field("phone", "Office telephone", "text", ("school", "phone"), hint="Stands in every message as the number to ring."),
    Field("email", "Office e-mail", "text", ("school", "email"), hint="Gets every alert for staff."),
    Field("safeguarding_email", "Safeguarding lead’s e-mail", "text", ("school", "safeguarding_email"), hint="Gets the urgent alerts as well."),
    Field("terms", "This year’s terms", "spans", ("calendar", "terms"), hint="One on each line, like 02/09/2026 to 18/12/2026. Outside these days nothing is sent."),
)  # fmt: skip


router = APIRouter()
"""`/settings` and what stands below it."""


@router.get("/settings")
def overview(request: Request, visit: See, done: str = "") -> Response:
    """All settings in words, and the way to the first day."""
    return _overview(request, visit, done=DONE.get(done, ""))


@router.get("/settings/new-school")
def new_page(request: Request, visit: Somewhere) -> Response:
    """The form for a new school of a trust."""
    _trusts(visit)
    return _new_page(request, visit, {}, {})


@router.post("/settings/new-school")
def new_school(request: Request, visit: Somewhere) -> Response:
    """Make a school; it sends nothing yet."""
    return _new_school(request, visit)


@router.get("/settings/dry-run")
def dry_run(request: Request, visit: See) -> Response:
    """What would happen if the morning ran now."""
    return _dry_run(request, visit)


@router.post("/settings/vouch")
def vouch(request: Request, visit: Switch) -> Response:
    """A step to the first day that a person answers for."""
    try:
        school_start.vouch(visit.app, visit.school.key, text_of(visit.form, "step"), by=visit.actor, now=visit.now)
    except NotAllowed as problem:
        return _overview(request, visit, told=str(problem), status=409)
    return RedirectResponse("/settings?done=vouched", 303)


@router.post("/settings/sending")
def sending(request: Request, visit: Switch) -> Response:
    """Switch sending on or off."""
    on = text_of(visit.form, "sending") == "on"
    if on and text_of(visit.form, "sure") != "yes":
        told = "Tick the box: families are written to from now on."
        return _overview(request, visit, faults={"sure": told}, status=422)
    try:
        school_start.switch(
            visit.app, visit.school.key, on, seen=_seen(visit), by=visit.actor, now=visit.now,
            why=text_of(visit.form, "why"),
        )  # fmt: skip
    except NotAllowed as problem:
        faults = {} if on else {"why": str(problem)}
        return _overview(request, visit, told=str(problem) if on else "", faults=faults, status=422)
    except SettingsChanged as problem:
        return _overview(request, visit, told=str(problem), status=409)
    return RedirectResponse(f"/settings?done={'on' if on else 'off'}", 303)


@router.get("/settings/{key}")
def part(request: Request, visit: See, key: str) -> Response:
    """One page of settings."""
    settings, found = _part(visit, key)
    values = school_settings.values_of(found, settings)
    return _part_page(request, visit, settings, found, values, {})


@router.post("/settings/{key}")
def change(request: Request, visit: Change, key: str) -> Response:
    """Try what was typed on past days, or save it."""
    settings, found = _part(visit, key)
    typed = _typed(visit, found.fields)
    draft = school_settings.drafted(visit.app, settings, found, typed)
    if draft.faults:
        return _part_page(request, visit, settings, found, typed, draft.faults, status=422)
    if not draft.changes:
        return RedirectResponse("/settings?done=same", 303)
    saving = text_of(visit.form, "do") == "save"
    if _seen(visit) != settings.version:
        with visit.app.database.read() as connection:
            told = school_settings.who_changed(connection, visit.school.key)
        return _part_page(request, visit, settings, found, typed, {}, told=told, draft=_tried(visit, draft), status=409)
    if not saving:
        return _part_page(request, visit, settings, found, typed, {}, draft=_tried(visit, draft))
    try:
        school_settings.save(visit.app, visit.school.key, draft, seen=settings.version, by=visit.actor, now=visit.now)
    except SettingsChanged as problem:
        return _part_page(request, visit, settings, found, typed, {}, told=str(problem), status=409)
    return RedirectResponse("/settings?done=saved", 303)


def _seen(visit: Visit) -> int:
    text = text_of(visit.form, "version")
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _part(visit: Visit, key: str) -> tuple[Settings, Part]:
    with visit.app.database.read() as connection:
        settings = school_settings.read(connection, visit.app, visit.school.key)
    found = school_settings.parts_of(visit.app, settings).get(key)
    if found is None:
        raise HTTPException(404)
    return settings, found


def _typed(visit: Visit, fields: tuple[Field, ...]) -> dict[str, Any]:
    """The fields of a form as they were typed."""
    form = visit.form
    return {
        each.id: [str(one) for one in (form.getlist(each.id) if form is not None else ()) if one]
        if each.kind == "several"
        else text_of(form, each.id)
        for each in fields
    }


def _tried(visit: Visit, draft: Draft) -> dict[str, Any]:
    with visit.app.database.read() as connection:
        said = settings_trial.effects(connection, visit.app, draft, now=visit.now)
    return {"changes": draft.changes, "effects": said}


def _part_page(
    request: Request,
    visit: Visit,
    settings: Settings,
    found: Part,
    values: Mapping[str, Any],
    faults: Mapping[str, str],
    *,
    told: str = "",
    draft: Mapping[str, Any] | None = None,
    status: int = 200,
) -> Response:
    given = {
        "part": found, "values": values, "faults": {key: said for key, said in faults.items() if key},
        "told": told or faults.get("", ""), "draft": draft, "version": settings.version,
        "may_change": visit.may(Permission.CHANGE_SETTINGS), "rows": _rows(found, settings),
        "own": settings.policy_text is not None and any(each.inside == "policy" for each in found.fields),
    }  # fmt: skip
    return shell_of(request).html(request, "settings_part.html", visit.frame, given, status)


def _overview(
    request: Request,
    visit: Visit,
    *,
    done: str = "",
    told: str = "",
    faults: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    with visit.app.database.read() as connection:
        settings = school_settings.read(connection, visit.app, visit.school.key)
        steps = school_start.steps(connection, visit.app, settings.school)
        history = store.history(connection, visit.school.key)
    parts = school_settings.parts_of(visit.app, settings)
    listed = [{"part": part, "rows": _rows(part, settings)} for part in parts.values()]
    values = {
        "settings": settings,
        "parts": listed,
        "steps": steps,
        "missing": [step for step in steps if not step.done],
        "history": [row for row in history if row.by],
        "part_titles": {part.key: part.title for part in parts.values()},
        "done": done,
        "told": told,
        "faults": dict(faults or {}),
        "may_change": visit.may(Permission.CHANGE_SETTINGS),
        "may_switch": visit.may(Permission.SWITCH_SENDING),
        "may_make": any(grant.role is Role.TRUST_ADMINISTRATOR for grant in visit.person.grants),
        "why": text_of(visit.form, "why"),
    }
    return shell_of(request).html(request, "settings.html", visit.frame, values, status)


def _rows(part: Part, settings: Settings) -> list[tuple[str, str]]:
    """A page's values in words, for the overview."""
    values = school_settings.values_of(part, settings)
    return [(each.label, school_settings.in_words(each, values[each.id])) for each in part.fields]


def _dry_run(request: Request, visit: Visit) -> Response:
    """What would happen if the morning ran now: everything worked out, nothing kept, nothing sent."""
    day = local_date(visit.now)
    open_today = visit.app.calendar(visit.school).is_school_day(day)
    session = Session.AM if local_time(visit.now).hour < 12 or Session.PM not in visit.school.times else Session.PM
    result = run_session(visit.app, visit.school.key, day, session, now=visit.now, by=visit.actor, dry_run=True)
    shown = [row for row in result.decisions if row.reason != "present"]
    with visit.app.database.read() as connection:
        roll = people.load_roll(connection, visit.school.key, pupil_ids=[row.pupil_id for row in shown])
    names = {key: f"{pupil.called} {pupil.family_name}".strip() for key, pupil in roll.pupils.items()}
    values = {
        "day": day,
        "session": session.value,
        "open_today": open_today,
        "pupils": len(result.decisions),
        "decisions": [
            {"name": names.get(row.pupil_id, row.pupil_id), "code": row.code, "said": reason_words(row.reason).what,
             "contact": row.outcome == "contact"}
            for row in sorted(shown, key=lambda row: (row.outcome != "contact", names.get(row.pupil_id, "")))
        ][:200],
        "messages": [row for row in result.messages if row.audience == "carer"][:100],
        "holds": [reason_words(row.kind).what for row in result.holds],
        "may_switch": visit.may(Permission.SWITCH_SENDING),
    }  # fmt: skip
    return shell_of(request).html(request, "settings_dry_run.html", visit.frame, values)


def _trusts(visit: Visit) -> list[str]:
    """The trusts for which somebody may make schools."""
    found = sorted(
        {grant.trust for grant in visit.person.grants if grant.role is Role.TRUST_ADMINISTRATOR and grant.trust}
    )
    if not found:
        raise HTTPException(403, "Only a trust administrator makes schools here. Nothing was changed.")
    return found


def _new_page(
    request: Request,
    visit: Visit,
    values: Mapping[str, Any],
    faults: Mapping[str, str],
    status: int = 200,
) -> Response:
    shown = {each.id: values.get(each.id, "") for each in NEW}
    given = {"fields": NEW, "values": shown, "faults": {key: said for key, said in faults.items() if key},
             "told": faults.get("", ""), "trusts": _trusts(visit), "trust": values.get("trust", "")}  # fmt: skip
    return shell_of(request).html(request, "settings_new.html", visit.frame, given, status)


def _new_school(request: Request, visit: Visit) -> Response:
    trusts = _trusts(visit)
    typed = _typed(visit, NEW)
    trust = text_of(visit.form, "trust") or trusts[0]
    if trust not in trusts:
        raise HTTPException(403, "That is not your trust. Nothing was changed.")
    typed["key"] = typed["key"] or school_start.key_from(typed["name"])
    faults: dict[str, str] = {}
    values: dict[str, Any] = {}
    for each in NEW:
        try:
            values[each.id] = each.meant(typed[each.id], [])
        except ValueError as problem:
            faults[each.id] = str(problem)
        if not values.get(each.id) and each.id not in faults:
            faults[each.id] = each.missing
    if not faults:
        try:
            made = school_start.new_school(visit.app, values, trust=trust, by=visit.actor, now=visit.now)
        except NotAllowed as problem:
            faults["key"] = str(problem)
        except ConfigurationError as problem:
            faults = school_settings.by_field(NEW, problem.problems)
        else:
            return RedirectResponse(f"/settings?school={made.key}&done=made", 303)
    return _new_page(request, visit, typed | {"trust": trust}, faults, 422)
