"""Wording: the messages by family or situation, each as telephones and mailboxes show it, and the approval of translations.

Changing the words is in `wording_edit`, packs in `wording_packs`. Whoever may, does the same for the school's trust.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from notifier.domain.staff import PERMITTED, Permission
from notifier.services import schools as school_services
from notifier.services import wording as own_wording
from notifier.services import wording_pages as pages
from notifier.services.schools import NotAllowed
from notifier.web.staff.access import NotHere, Visit, require
from notifier.web.staff.answers import shell_of
from notifier.web.staff.forms import text_of
from notifier.wording import MessageTemplate, UnknownTemplate
from notifier.wording.book import FAMILY_WORDS
from notifier.wording.languages import ENGLISH
from notifier.wording.previews import language_name

Reading = Annotated[Visit, Depends(require(Permission.SEE_WORDING))]
Approving = Annotated[Visit, Depends(require(Permission.APPROVE_WORDING))]

SAID = {
    "saved": "Saved. It goes out with the next message.",
    "waits": "Saved. It goes out when a second person has approved it.",
    "removed": "Removed. The shipped wording, or your trust’s, goes out again.",
    "approved": "Approved. It goes out with the next message to a family who reads this language.",
}
"""What was done just now, by the word in the address."""


router = APIRouter()
"""`/wording` and a page for each message."""


@router.get("/wording")
def list_page(request: Request, visit: Reading, by: str = "family") -> Response:
    """All messages and where each language stands."""
    found = pages.overview(visit.app, visit.school, by_situation=by == "situation")
    values = {"found": found, "by": "situation" if by == "situation" else "family", "state_words": pages.STATE_WORDS,
              "to_do": pages.TO_DO, "title_of": pages.title_of, "title_of_language": language_name}  # fmt: skip
    return shell_of(request).html(request, "wording.html", visit.frame, values)


@router.get("/wording/{key}")
def message_page(request: Request, visit: Reading, key: str, values: int = 0, done: str = "") -> Response:
    """One message in every language."""
    return _message_page(request, visit, template_of(visit, key), values, done=SAID.get(done, ""))


@router.post("/wording/{key}/{language}/approve")
def approve(request: Request, visit: Approving, key: str, language: str) -> Response:
    """Approve a translation, with who says so."""
    template = template_of(visit, key)
    role = text_of(visit.form, "role")
    if not role:
        fault = (
            "Say how you know the language and who you are at the school, as in: EAL lead, native speaker of Polish."
        )
        return _message_page(request, visit, template, 0, faults={f"role-{language}": fault})
    try:
        approve_in(visit, template, language, f"{visit.actor}, {role[:120]}")
    except NotAllowed as problem:
        return _message_page(
            request, visit, template, 0, faults={f"role-{language}": str(problem)}, typed={language: role}
        )
    return RedirectResponse(f"/wording/{key}?done=approved#language-{quote(language)}", 303)


def template_of(visit: Visit, key: str) -> MessageTemplate:
    """A message by its key. Raises NotHere."""
    try:
        return visit.app.wording.template(key)
    except UnknownTemplate:
        raise NotHere from None


def may_for_trust(visit: Visit, permission: Permission) -> bool:
    """Whether somebody may do something for all schools of the trust: that takes a role over the trust itself."""
    trust = visit.school.trust
    return bool(trust) and any(
        grant.trust == trust and permission in PERMITTED[grant.role] for grant in visit.person.grants
    )


def approve_in(visit: Visit, template: MessageTemplate, language: str, reviewer: str) -> None:
    """Approve what waits in a language: own words of the school (and of the trust, for whom the person may), else the shipped ones.

    Raises NotAllowed, also where the same person wrote the words.
    """
    if language == ENGLISH or template.english_only:
        raise NotAllowed("English needs no approval; who saved it is on record.")
    app, school = visit.app, visit.school
    own = {
        words.owner
        for words in app.wording_of(school).words()
        if (words.template, words.language) == (template.key, language)
    }
    if school.trust in own and may_for_trust(visit, Permission.APPROVE_WORDING):
        own_wording.approve(
            app, school.key, template.key, language=language, reviewer=reviewer, now=visit.now, trust=True
        )
    elif own == {school.trust}:
        raise NotAllowed("These are the words of your trust. Somebody with a role over the trust approves them.")
    if school.key in own:
        own_wording.approve(app, school.key, template.key, language=language, reviewer=reviewer, now=visit.now)
    if not own:
        school_services.approve(
            app, language=language, reviewer=reviewer, now=visit.now, school_id=school.key, templates=[template.key]
        )


def _message_page(
    request: Request,
    visit: Visit,
    template: MessageTemplate,
    chosen: int,
    *,
    done: str = "",
    faults: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    sets = pages.sets(template)
    chosen = chosen if 0 <= chosen < len(sets) else 0
    used = pages.situations_of(visit.app, visit.school).get(template.key, [])
    values = {
        "template": template, "title": pages.title_of(template.key), "sets": [described for described, _ in sets], "chosen": chosen,
        "shown": list(pages.shown(visit.app, visit.school, template, sets[chosen][1])), "done": done, "faults": faults or {},
        "typed": typed or {}, "situations": [pages.SITUATION_WORDS[situation] for situation in used],
        "family": FAMILY_WORDS.get(template.family, template.family),
        "may_change": visit.may(Permission.CHANGE_WORDING) and not template.english_only,
        "may_approve": visit.may(Permission.APPROVE_WORDING) and not template.english_only,
        "approvals": pages.histories(visit.app, visit.school, template.key), "name_of": language_name,
    }  # fmt: skip
    return shell_of(request).html(request, "wording_message.html", visit.frame, values, 422 if faults else 200)
