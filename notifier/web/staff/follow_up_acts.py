"""What the buttons of a follow-up's page do. Each is a form that works without JavaScript, and comes back with what was typed.

A refused form shows the page again, with what is wrong beside the field. Where somebody else was quicker (409), the page says what is
new, holds what was typed, and the same button then goes through.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from notifier.domain.calls import CallOutcome
from notifier.domain.identity import is_id
from notifier.domain.sessions import local_date
from notifier.domain.staff import Permission
from notifier.services import contact_blocks, staff_acts, told_ahead, use_again, write_by_hand
from notifier.services.contact_blocks import NoSuchBlock
from notifier.services.staff_acts import Act, Changed, NoSuchFollowUp, Refused
from notifier.services.told_ahead import NoSuchReport
from notifier.services.use_again import NoSuchAddress
from notifier.store import follow_ups, people
from notifier.web.days import BadDay, typed_day
from notifier.web.staff import forms
from notifier.web.staff.access import NotHere, Visit, require
from notifier.web.staff.follow_up import show, show_pupil
from notifier.web.staff.today import wake

Confirmer = Annotated[Visit, Depends(require(Permission.CONFIRM))]
Answerer = Annotated[Visit, Depends(require(Permission.ANSWER))]
Hander = Annotated[Visit, Depends(require(Permission.HAND_OVER))]
Silencer = Annotated[Visit, Depends(require(Permission.SUPPRESS))]
Blocker = Annotated[Visit, Depends(require(Permission.BLOCK_CONTACT))]

NOT_KEPT = frozenset({"csrf", "seen", "once"})


router = APIRouter()
"""Everything under `/follow-ups/{id}/…` and `/pupils/{id}/…` that does something."""


@router.post("/follow-ups/{follow_up_id}/confirm")
def confirm(request: Request, visit: Confirmer, follow_up_id: str) -> Response:
    """Confirm the reason, which closes the follow-up."""
    code = _text(visit, "code") or _text(visit, "other_code")
    return _act(
        request,
        visit,
        follow_up_id,
        "confirmed",
        lambda act: staff_acts.confirm(act, code, note=_text(visit, "note_confirm")),
    )


@router.post("/follow-ups/{follow_up_id}/open-again")
def open_again(request: Request, visit: Confirmer, follow_up_id: str) -> Response:
    """Open a closed follow-up again."""
    return _act(
        request, visit, follow_up_id, "opened", lambda act: staff_acts.open_again(act, _text(visit, "why_open"))
    )


@router.post("/follow-ups/{follow_up_id}/call")
def call(request: Request, visit: Answerer, follow_up_id: str) -> Response:
    """Keep a call and what it came to."""

    def work(act: Act) -> None:
        carer, said, note = _text(visit, "carer"), _text(visit, "outcome"), _text(visit, "call_note")
        faults = {}
        if not carer:
            faults["carer"] = "Choose whom you rang."
        if said not in CallOutcome._value2member_map_:
            faults["outcome"] = "Choose what the call came to."
        if carer == "other" and not note:
            faults["call_note"] = "Say in the note whom you rang."
        if faults:
            field, words = next(iter(faults.items()))
            raise Refused(words, field, faults)
        staff_acts.log_call(act, CallOutcome(said), carer_id="" if carer == "other" else carer, note=note)

    return _act(request, visit, follow_up_id, "called", work)


@router.post("/follow-ups/{follow_up_id}/note")
def note(request: Request, visit: Answerer, follow_up_id: str) -> Response:
    """Keep a note."""
    return _act(request, visit, follow_up_id, "noted", lambda act: staff_acts.add_note(act, _text(visit, "note")))


@router.post("/follow-ups/{follow_up_id}/text-again")
def text_again(request: Request, visit: Answerer, follow_up_id: str) -> Response:
    """Write to the same contacts once more."""
    return _act(request, visit, follow_up_id, "written", lambda act: _write(request, write_by_hand.text_again, act))


@router.post("/follow-ups/{follow_up_id}/next-contact")
def next_contact(request: Request, visit: Answerer, follow_up_id: str) -> Response:
    """Write to the next contact."""
    return _act(request, visit, follow_up_id, "written", lambda act: _write(request, write_by_hand.next_contact, act))


@router.post("/follow-ups/{follow_up_id}/lead")
def lead(request: Request, visit: Hander, follow_up_id: str) -> Response:
    """Hand it to the safeguarding lead."""
    return _act(
        request, visit, follow_up_id, "lead", lambda act: staff_acts.hand_to_lead(act, _text(visit, "why_lead"))
    )


@router.post("/follow-ups/{follow_up_id}/away")
def away(request: Request, visit: Confirmer, follow_up_id: str) -> Response:
    """Not expected until a day: closes the follow-up, and no text goes about those days."""

    def work(act: Act) -> None:
        staff_acts.not_expected(act, _day(visit, "until"), _text(visit, "until_code"), note=_text(visit, "until_note"))

    return _act(request, visit, follow_up_id, "away", work)


@router.post("/pupils/{pupil_id}/away")
def pupil_away(request: Request, visit: Confirmer, pupil_id: str) -> Response:
    """The same for a pupil whom nobody chases."""

    def work() -> None:
        staff_acts.report_ahead(
            visit.app, visit.school.key, pupil_id, first=_day(visit, "first"), last=_day(visit, "until"),
            code=_text(visit, "until_code"), note=_text(visit, "until_note"), by=visit.actor, now=visit.now,
        )  # fmt: skip

    return _for_pupil(request, visit, pupil_id, "away", work)


@router.post("/pupils/{pupil_id}/suppress")
def suppress(request: Request, visit: Silencer, pupil_id: str) -> Response:
    """Switch automatic messages off until a day."""

    def work() -> None:
        carer = _text(visit, "suppress_carer")
        if not carer:
            raise Refused("Choose a contact, or everybody.", "suppress_carer")
        contact_blocks.suppress(
            visit.app, visit.school.key, pupil_id=pupil_id, carer_id="" if carer == "everybody" else carer,
            reason=_text(visit, "reason"), until=_day(visit, "suppress_until"), by=visit.actor, now=visit.now,
            once=_text(visit, "once"),
        )  # fmt: skip

    return _for_pupil(request, visit, pupil_id, "suppressed", work)


@router.post("/pupils/{pupil_id}/told-ahead/{report_id}/take-back")
def take_back(request: Request, visit: Confirmer, pupil_id: str, report_id: str) -> Response:
    """Days that were told ahead by mistake count no more."""

    def work() -> None:
        if told_ahead.take_back(visit.app, visit.school.key, pupil_id, report_id, by=visit.actor, now=visit.now):
            wake(request)

    return _for_pupil(request, visit, pupil_id, "taken-back", work)


@router.post("/pupils/{pupil_id}/suppressions/{suppression_id}/lift")
def lift(request: Request, visit: Silencer, pupil_id: str, suppression_id: str) -> Response:
    """Switch them on again."""

    def work() -> None:
        contact_blocks.lift(visit.app, visit.school.key, suppression_id, by=visit.actor, now=visit.now)

    return _for_pupil(request, visit, pupil_id, "lifted", work)


@router.post("/pupils/{pupil_id}/use-again")
def use_address_again(request: Request, visit: Silencer, pupil_id: str) -> Response:
    """A number or an e-mail address that was noted as faulty is used again."""
    channel = _text(visit, "channel")

    def work() -> None:
        use_again.use_again(
            visit.app, visit.school.key, pupil_id, carer_id=_text(visit, "carer"), channel=channel, found=_text(visit, "found"),
            by=visit.actor, now=visit.now,
        )  # fmt: skip

    return _for_pupil(request, visit, pupil_id, "address-again" if channel == "email" else "number-again", work)


@router.post("/pupils/{pupil_id}/block")
def block(request: Request, visit: Blocker, pupil_id: str) -> Response:
    """Set a block on contact; a second person confirms it."""

    def work() -> None:
        contact_blocks.propose(
            visit.app, visit.school.key, pupil_id=pupil_id, carer_id=_text(visit, "block_carer"),
            grounds=_text(visit, "grounds"), by=visit.actor, now=visit.now, once=_text(visit, "once"),
        )  # fmt: skip

    return _for_pupil(request, visit, pupil_id, "blocked", work)


@router.post("/pupils/{pupil_id}/blocks/{block_id}/{step}")
def block_step(request: Request, visit: Blocker, pupil_id: str, block_id: str, step: str) -> Response:
    """What a second person, or the first one again, does about a block."""
    key, by, now, why = visit.school.key, visit.actor, visit.now, _text(visit, "why")
    steps: dict[str, tuple[str, Callable[[], object]]] = {
        "confirm": ("block-confirmed", lambda: contact_blocks.confirm(visit.app, key, block_id, by=by, now=now)),
        "decline": (
            "block-declined",
            lambda: contact_blocks.decline(visit.app, key, block_id, why=why, by=by, now=now),
        ),
        "ask-end": ("end-asked", lambda: contact_blocks.ask_end(visit.app, key, block_id, why=why, by=by, now=now)),
        "end": ("block-ended", lambda: contact_blocks.end(visit.app, key, block_id, by=by, now=now)),
        "keep": ("block-kept", lambda: contact_blocks.keep(visit.app, key, block_id, by=by, now=now)),
    }
    if step not in steps or not is_id(block_id):
        raise NotHere
    done, work = steps[step]
    return _for_pupil(request, visit, pupil_id, done, work, field=f"why-{block_id}")


def _write(request: Request, write: Callable[[Act], list[str]], act: Act) -> None:
    if write(act):
        wake(request)


def _text(visit: Visit, field: str) -> str:
    return forms.text_of(visit.form, field)


def _day(visit: Visit, field: str) -> date:
    try:
        return typed_day(_text(visit, field) or "nothing", today=local_date(visit.now))
    except BadDay:
        raise Refused("Enter a day like 23/11/2026.", field) from None


def _typed(visit: Visit) -> dict[str, str]:
    pairs = visit.form.multi_items() if visit.form is not None else []
    return {key: value for key, value in pairs if isinstance(value, str) and key not in NOT_KEPT}


def _act(request: Request, visit: Visit, follow_up_id: str, done: str, work: Callable[[Act], object]) -> Response:
    """Do something with a follow-up, then show it: as it is now, or with what stood in the way."""
    if not is_id(follow_up_id):
        raise NotHere
    act = Act(
        app=visit.app,
        school_id=visit.school.key,
        follow_up_id=follow_up_id,
        by=visit.actor,
        now=visit.now,
        seen=frozenset(_text(visit, "seen").split(",")) if visit.form is not None and "seen" in visit.form else None,
        once=_text(visit, "once")[:64],
    )
    try:
        work(act)
    except NoSuchFollowUp:
        raise NotHere from None
    except Refused as problem:
        where = _field(problem, request)
        faults = {where: str(problem)} | problem.others
        return show(request, visit, follow_up_id, faults=faults, typed=_typed(visit), status=422)
    except Changed as problem:
        return show(request, visit, follow_up_id, typed=_typed(visit), since=problem.since, status=409)
    return RedirectResponse(f"/follow-ups/{follow_up_id}?done={done}", 303)


FIELDS = {
    ("confirm", "note"): "note_confirm",
    ("open-again", "why"): "why_open",
    ("call", "note"): "call_note",
    ("lead", "why"): "why_lead",
    ("lead", "note"): "why_lead",
    ("away", "note"): "until_note",
    ("away", ""): "until",
    ("confirm", ""): "code",
    ("text-again", ""): "write",
    ("next-contact", ""): "write",
    ("open-again", ""): "why_open",
    ("lead", ""): "why_lead",
    ("suppress", "note"): "reason",
    ("block", "note"): "grounds",
}
"""Which field of the page a refusal is about, where the service speaks in general words."""


def _field(problem: Refused, request: Request) -> str:
    act = request.url.path.rsplit("/", 1)[-1]
    return FIELDS.get((act, problem.field), problem.field or "story")


def _for_pupil(
    request: Request, visit: Visit, pupil_id: str, done: str, work: Callable[[], object], *, field: str = ""
) -> Response:
    """Do something about a pupil, then show the page it came from: the follow-up named in the form, else the pupil's day."""
    back = _text(visit, "follow_up")
    with visit.app.database.read() as connection:
        known = people.load_roll(connection, visit.school.key, pupil_ids=[pupil_id], off_roll=True).pupils
        beside = follow_ups.get(connection, visit.school.key, back) if is_id(back) else None
    if pupil_id not in known:
        raise NotHere
    if beside is not None and beside.pupil_id != pupil_id:
        beside = None
    try:
        work()
    except (NoSuchAddress, NoSuchBlock, NoSuchReport):
        raise NotHere from None
    except Refused as problem:
        faults = {field or _field(problem, request): str(problem)}
        if beside is not None:
            return show(request, visit, back, faults=faults, typed=_typed(visit), status=422)
        return show_pupil(request, visit, pupil_id, faults=faults, typed=_typed(visit), status=422)
    if beside is not None:
        return RedirectResponse(f"/follow-ups/{back}?done={done}", 303)
    return RedirectResponse(f"/pupils/{quote(pupil_id, safe='')}?done={done}", 303)
