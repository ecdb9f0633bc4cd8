"""Packs of wording: download what proved itself here, look through what another school made, and take it in.

A pack is first shown whole: every message with what goes out now beside what would. It is taken in only after that, by a person.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from notifier.domain.staff import Permission
from notifier.services import packing, packs
from notifier.services.schools import NotAllowed
from notifier.services.wording_editing import differences
from notifier.web.staff.access import Refused, Visit, require
from notifier.web.staff.answers import shell_of
from notifier.web.staff.forms import secret_of, text_of
from notifier.web.staff.wording import may_for_trust
from notifier.wording.packs import LARGEST_PACK, SUFFIX, PackFault, written

Reading = Annotated[Visit, Depends(require(Permission.SEE_WORDING))]
Changing = Annotated[Visit, Depends(require(Permission.CHANGE_WORDING))]
Taking = Annotated[Visit, Depends(require(Permission.APPROVE_WORDING))]

ACTS = {"new": "New", "change": "Changes", "same": "Here already", "skip": "Skipped"}
"""What becomes of an item of a pack, for people."""

FIELDS = ("name", "licence", "version", "made_by", "notes")


router = APIRouter()
"""`/wording/packs`; it comes before the pages of single messages."""


@router.get("/wording/packs")
def packs_page(request: Request, visit: Reading) -> Response:
    """Giving words to other schools, and taking theirs."""
    return _page(request, visit, {})


@router.post("/wording/packs/download")
def download(request: Request, visit: Changing) -> Response:
    """The school’s words as a pack."""
    typed = {field: text_of(visit.form, field) for field in FIELDS}
    faults = {field: words for field, words in _NEEDED.items() if not typed[field]}
    if faults:
        return _page(request, visit, faults, typed, status=422)
    try:
        made = packing.export(visit.app, visit.school.key, name=typed["name"] or f"Wording of {visit.school.name}", version=typed["version"],
                              licence=typed["licence"], made_by=typed["made_by"], now=visit.now, notes=typed["notes"])  # fmt: skip
    except NotAllowed as problem:
        return _page(request, visit, {"licence": _plain(str(problem))}, typed, status=422)
    name = re.sub(r"[^a-z0-9.-]+", "-", f"{visit.school.key}-{typed['version']}".casefold())
    headers = {"Content-Disposition": f'attachment; filename="{name}{SUFFIX}"'}
    return Response(written(made.pack), media_type="application/toml; charset=utf-8", headers=headers)


@router.post("/wording/packs/look")
def look(request: Request, visit: Changing) -> Response:
    """What a pack would change."""
    upload = visit.form.get("file") if visit.form is not None else None
    data = b""
    if upload is not None and not isinstance(upload, str):
        with upload.file:
            data = upload.file.read(LARGEST_PACK + 1)
    if not data:
        return _page(request, visit, {"file": f"Choose a pack: a file whose name ends in {SUFFIX}."}, status=422)
    return _planned(request, visit, data, approve=False)


@router.post("/wording/packs/take-in")
def take_in(request: Request, visit: Taking) -> Response:
    """Take a pack in, as it was shown."""
    return _planned(request, visit, secret_of(visit.form, "pack").replace("\r\n", "\n").encode(), approve=True)


_NEEDED = {
    "licence": "Say how others may use it, as in: CC BY 4.0.",
    "version": "Give it a version, as in: 1.0.",
    "made_by": "Say which school or hub made it. No person’s name.",
}


def _planned(request: Request, visit: Visit, data: bytes, *, approve: bool) -> Response:
    trust = text_of(visit.form, "owner") == "trust"
    if trust and not may_for_trust(visit, Permission.APPROVE_WORDING):
        raise Refused("Only somebody with a role over the trust may take a pack in for all its schools.")
    try:
        plan = packs.take_in(
            visit.app,
            visit.school.key,
            data,
            source="the pack",
            by=visit.actor,
            now=visit.now,
            approve=approve,
            trust=trust,
            policies=False,
        )
    except (PackFault, NotAllowed, UnicodeError) as problem:
        return _page(request, visit, {"file": f"The pack cannot be used. {problem}"}, status=422)
    values: dict[str, Any] = {
        "plan": plan, "acts": ACTS, "text": data.decode("utf-8"), "differences": differences, "owner": "trust" if trust else "",
        "may_take_in": visit.may(Permission.APPROVE_WORDING),
    }  # fmt: skip
    return shell_of(request).html(request, "wording_pack.html", visit.frame, values)


def _plain(words: str) -> str:
    """The words of a service without the command that somebody at a terminal would type."""
    return words.split(" See: ")[0]


def _page(
    request: Request,
    visit: Visit,
    faults: dict[str, str],
    typed: dict[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    kept = {
        "licence": "",
        "version": "1.0",
        "made_by": visit.school.name,
        "name": f"Wording of {visit.school.name}",
        "notes": "",
    }
    values = {
        "faults": faults, "typed": kept | (typed or {}), "suffix": SUFFIX, "may_change": visit.may(Permission.CHANGE_WORDING),
        "may_for_trust": may_for_trust(visit, Permission.APPROVE_WORDING), "trust": visit.school.trust or "",
    }  # fmt: skip
    return shell_of(request).html(request, "wording_packs.html", visit.frame, values, status)
