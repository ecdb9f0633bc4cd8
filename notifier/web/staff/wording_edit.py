"""Changing the words of one message in one language: checks and cost while writing, the difference to what goes out, save, remove.

Without JavaScript a Check button does what typing does with it. A form holds what it began from: whoever saves after somebody else is
shown what the other wrote, and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from notifier.domain.staff import Permission
from notifier.services import wording as own_wording
from notifier.services import wording_editing as editing
from notifier.services import wording_pages as pages
from notifier.services.schools import NotAllowed
from notifier.services.wording import Owner, Saved
from notifier.services.wording_editing import Editing
from notifier.web.staff.access import NotHere, Refused, Visit, require
from notifier.web.staff.answers import shell_of
from notifier.web.staff.forms import secret_of, text_of
from notifier.web.staff.wording import may_for_trust, template_of
from notifier.wording import MessageTemplate
from notifier.wording.languages import direction, is_english
from notifier.wording.own_text import tidy
from notifier.wording.previews import language_name

Changing = Annotated[Visit, Depends(require(Permission.CHANGE_WORDING))]
MOST = 8_000
"""The most characters of a channel that are looked at."""


@dataclass(slots=True)
class Draft:
    """A form in hand: whose words, the channels as they are now, what was typed, and what the checks said."""

    template: MessageTemplate
    language: str
    owner: Owner
    parts: list[Editing]
    typed: dict[str, str]
    note: str = ""
    seen: str = ""
    checked: Saved | None = None
    faults: dict[str, str] = field(default_factory=dict)
    overtaken: bool = False

    @property
    def wanted(self) -> dict[str, str]:
        """The channels that were changed, or are the owner's own already (saving them again says they are still right)."""
        return {
            part.channel: self.typed[part.channel]
            for part in self.parts
            if part.own is not None or tidy(self.typed[part.channel]) != tidy(part.text)
        }


router = APIRouter()
"""`/wording/{key}/{language}`."""


@router.get("/wording/{key}/{language}")
def edit_page(request: Request, visit: Changing, key: str, language: str, owner: str = "") -> Response:
    """The words of one message in one language."""
    draft = _draft(visit, key, language, owner == "trust")
    return _page(request, visit, draft)


@router.post("/wording/{key}/{language}/check")
def check(request: Request, visit: Changing, key: str, language: str) -> Response:
    """What the checks say of the words so far."""
    draft = _typed(visit, key, language)
    draft.checked = _saved(visit, draft, dry_run=True)
    return HTMLResponse(shell_of(request).text(request, "wording_checked.html", visit.frame, _values(visit, draft)))


@router.post("/wording/{key}/{language}")
def act(request: Request, visit: Changing, key: str, language: str) -> Response:
    """Save, look once more, or go back to the words that come with Notifier."""
    draft, wanted = _typed(visit, key, language), text_of(visit.form, "do")
    if wanted == "remove":
        return _remove(request, visit, draft)
    draft.checked = _saved(visit, draft, dry_run=True)
    if wanted != "save":
        return _page(request, visit, draft)
    if not draft.wanted:
        draft.faults[draft.parts[0].channel] = "These are the words that go out already. Change something, then save."
    elif draft.seen != editing.version_of(draft.parts):
        draft.overtaken = True
        draft.faults[draft.parts[0].channel] = (
            "Somebody else changed this wording while you were writing. Nothing was saved; both are below."
        )
    if draft.faults or (draft.checked and draft.checked.problems):
        return _page(request, visit, draft, 409 if draft.overtaken else 422)
    done = _saved(visit, draft, dry_run=False)
    if done is None or done.problems:
        draft.checked = done
        return _page(request, visit, draft, 422)
    said = "saved" if is_english(draft.language) else "waits"
    return RedirectResponse(f"/wording/{key}?done={said}#language-{quote(draft.language)}", 303)


def _draft(visit: Visit, key: str, language: str, trust: bool) -> Draft:
    template = template_of(visit, key)
    if template.english_only:
        raise NotHere
    if trust and not may_for_trust(visit, Permission.CHANGE_WORDING):
        raise Refused("Only somebody with a role over the trust may change the words of all its schools.")
    try:
        language = own_wording.known_language(language)
        with visit.app.database.read() as connection:
            owner = own_wording.owner_of(visit.app, connection, visit.school.key, trust=trust)
    except NotAllowed:
        raise NotHere from None
    parts = editing.editing(
        visit.app, visit.school, template, language, owner.key, own_wording.wording_for(visit.app, owner)
    )
    return Draft(
        template, language, owner, parts, {part.channel: part.text for part in parts}, seen=editing.version_of(parts)
    )


def _typed(visit: Visit, key: str, language: str) -> Draft:
    draft = _draft(visit, key, language, text_of(visit.form, "owner") == "trust")
    draft.typed = {part.channel: secret_of(visit.form, part.channel)[:MOST] for part in draft.parts}
    draft.note, draft.seen = text_of(visit.form, "note")[:200], text_of(visit.form, "seen")
    return draft


def _saved(visit: Visit, draft: Draft, *, dry_run: bool) -> Saved | None:
    if not draft.wanted:
        return None
    try:
        return own_wording.save(
            visit.app, visit.school.key, draft.template.key, draft.wanted, language=draft.language, by=visit.actor, now=visit.now,
            note=draft.note, trust=draft.owner.is_trust, dry_run=dry_run,
        )  # fmt: skip
    except NotAllowed as problem:
        draft.faults[draft.parts[0].channel] = str(problem)
        return None


def _remove(request: Request, visit: Visit, draft: Draft) -> Response:
    if draft.seen != editing.version_of(draft.parts):
        draft.overtaken = True
        draft.faults[draft.parts[0].channel] = "Somebody else changed this wording meanwhile. Nothing was removed."
        return _page(request, visit, draft, 409)
    try:
        own_wording.remove(
            visit.app, visit.school.key, draft.template.key, language=draft.language, by=visit.actor, now=visit.now,
            trust=draft.owner.is_trust,
        )  # fmt: skip
    except NotAllowed as problem:
        draft.faults[draft.parts[0].channel] = str(problem)
        return _page(request, visit, draft, 422)
    return RedirectResponse(f"/wording/{draft.template.key}?done=removed#language-{quote(draft.language)}", 303)


def _page(request: Request, visit: Visit, draft: Draft, status: int = 200) -> Response:
    return shell_of(request).html(request, "wording_edit.html", visit.frame, _values(visit, draft), status)


def _values(visit: Visit, draft: Draft) -> dict[str, Any]:
    problems = draft.checked.problems if draft.checked else ()
    faults = dict(draft.faults)
    for problem in problems:
        channel = "email" if problem.where.startswith("email") else "sms"
        faults.setdefault(channel, f"{problem.what} {problem.remedy}")
    return {
        "draft": draft, "template": draft.template, "title": pages.title_of(draft.template.key), "faults": faults, "problems": problems,
        "language": draft.language, "language_name": language_name(draft.language), "english": is_english(draft.language),
        "comparisons": draft.checked.comparisons if draft.checked else (), "differences": editing.differences,
        "seen": editing.version_of(draft.parts), "own": any(part.own for part in draft.parts),
        "may_for_trust": may_for_trust(visit, Permission.CHANGE_WORDING), "state_words": pages.STATE_WORDS, "to_do": pages.TO_DO,
        "direction": direction(draft.language),
        "limit": draft.template.most_segments(draft.language), "checked": draft.checked is not None,
    }  # fmt: skip
