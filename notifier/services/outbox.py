"""Writing messages into the outbox: words, language, address, identity, due time and deadline, before anything leaves.

`Draft` says what is wanted; `queue` renders it in the carer's language, or English where that is not approved, and inserts the
row whose identity makes a second identical message impossible. Staff e-mails take the same road.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier.domain.identity import message_id, message_identity
from notifier.domain.messages import MessageStatus
from notifier.domain.people import Carer, Pupil
from notifier.domain.schools import School
from notifier.services import answer_links
from notifier.services.application import Application
from notifier.store import messages as message_store
from notifier.store import records
from notifier.wording import Rendered
from notifier.wording.languages import is_english, negotiated
from notifier.wording.overrides import OwnersWording

ABSENCE, ALL_CLEAR, ACKNOWLEDGEMENT, STAFF, PROPOSAL = "absence", "all_clear", "ack", "staff", "proposal"
ANSWER = "answer"
"""Purposes of messages."""

ANYBODY = "the school office"
"""Whom families can speak to where the school names nobody."""

FOR_OPERATORS = frozenset({"staff_sending_stopped", "staff_missed_run"})
"""What whoever runs the service is told too: trouble of its own, never news of a family."""

STAFF_HOURS = 24
"""How long a staff e-mail may still leave; late news for staff is better than none."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message somebody wants queued: to whom, about which pupils, in which words.

    `written_in` is the language of words that a member of staff wrote themselves: they go as they are, whatever the carer's language.
    """

    carer: Carer
    channel: str
    address: str
    pupils: tuple[Pupil, ...]
    template: str
    purpose: str
    step: str
    follow_up_ids: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    written_in: str | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """When a message falls due, and after when it must not leave any more."""

    now: datetime
    due_at: datetime
    expires_at: datetime


def share_by_family(drafts: Iterable[Draft]) -> list[Draft]:
    """Join drafts for the same carer, channel, words and step into one that names all their pupils.

    Where two carers share an address, the first in order keeps it: one number gets one text.
    """
    grouped: dict[tuple[Any, ...], list[Draft]] = {}
    for draft in drafts:
        key = (draft.carer.carer_id, draft.channel, draft.address, draft.template, draft.purpose, draft.step)
        grouped.setdefault(key, []).append(draft)
    shared, taken = [], set()
    for group in grouped.values():
        first = group[0]
        pupils = {pupil.pupil_id: pupil for draft in group for pupil in draft.pupils}
        ids = {key: value for draft in group for key, value in draft.follow_up_ids.items()}
        ordered = tuple(sorted(pupils.values(), key=lambda pupil: (pupil.called, pupil.pupil_id)))
        place = (first.channel, first.address, first.template, first.step, tuple(pupil.pupil_id for pupil in ordered))
        if place in taken:
            continue
        taken.add(place)
        shared.append(
            Draft(
                carer=first.carer,
                channel=first.channel,
                address=first.address,
                pupils=ordered,
                template=first.template,
                purpose=first.purpose,
                step=first.step,
                follow_up_ids=ids,
                values=first.values,
            )
        )
    return shared


def queue(
    connection: Connection,
    app: Application,
    school: School,
    drafts: Sequence[Draft],
    *,
    day: date,
    session: str,
    timing: Timing,
) -> list[str]:
    """Write drafts as queued messages; those whose identity exists already are left alone. Returns the ids, new or not."""
    if not drafts:
        return []
    approvals = records.approved(connection, school.key, school.trust)
    wording = app.wording_of(school)  # looks at the folder of own wording: once for all drafts
    rows: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    tokens: list[tuple[dict[str, Any], str]] = []
    for draft in drafts:
        token = _token(app, school, draft, day, timing.now)
        if token:
            address = answer_links.address_of(app.settings, token)
            draft = replace(draft, values={**draft.values, answer_links.NEEDS: address})
        row = _row(app, school, draft, wording, approvals, day=day, session=session, timing=timing)
        rows.append(row)
        if token:
            tokens.append((row, token))
        links.extend(
            {
                "school_id": school.key,
                "message_id": row["message_id"],
                "pupil_id": pupil.pupil_id,
                "follow_up_id": draft.follow_up_ids.get(pupil.pupil_id),
            }
            for pupil in draft.pupils
        )
    message_store.add_messages(connection, rows, links)
    if tokens:
        answer_links.keep(connection, school, tokens)
    return [row["message_id"] for row in rows]


def preview(connection: Connection, app: Application, school: School, draft: Draft, *, day: date) -> Rendered:
    """What a draft would say if it were queued now, with its language and parts. Nothing is written."""
    approvals = records.approved(connection, school.key, school.trust)
    return _render(app, school, draft, app.wording_of(school), approvals, day)


def cost_of(app: Application, rendered: Rendered) -> float:
    """What a message costs, in pence."""
    return rendered.segments * app.settings.prices.sms_pence_per_segment if rendered.channel == "sms" else 0.0


def _token(app: Application, school: School, draft: Draft, day: date, now: datetime) -> str | None:
    """A fresh token for the answer page, where this message offers it."""
    if draft.purpose != ABSENCE:
        return None
    template = app.wording.template(draft.template)
    offered = answer_links.wanted(app.settings, school, template, draft.channel, day=day, now=now)
    return answer_links.new_token() if offered else None


def _row(
    app: Application,
    school: School,
    draft: Draft,
    wording: OwnersWording,
    approvals: frozenset[tuple[str, str]],
    *,
    day: date,
    session: str,
    timing: Timing,
) -> dict[str, Any]:
    rendered = _render(app, school, draft, wording, approvals, day)
    identity = message_identity(
        pupil_ids=(pupil.pupil_id for pupil in draft.pupils),
        day=day,
        session=session,
        carer_id=draft.carer.carer_id,
        channel=draft.channel,
        purpose=draft.purpose,
        step=draft.step,
    )
    return {
        "school_id": school.key,
        "message_id": message_id(school.key, identity),
        "identity": identity,
        "audience": "staff" if draft.purpose == STAFF else "carer",
        "pupil_ids": [pupil.pupil_id for pupil in draft.pupils],
        "carer_id": None if draft.purpose == STAFF else draft.carer.carer_id,
        "day": day,
        "session": session,
        "channel": draft.channel,
        "to_address": draft.address,
        "template": rendered.template,
        "template_version": rendered.version,
        "language": rendered.language,
        "wanted_language": draft.carer.language,
        "fallback": rendered.fallback,
        "subject": rendered.subject,
        "body": rendered.body,
        "html": rendered.html,
        "encoding": rendered.encoding,
        "segments": rendered.segments,
        "cost_pence": cost_of(app, rendered),
        "status": MessageStatus.QUEUED.value,
        "reason": None,
        "purpose": draft.purpose,
        "step": draft.step,
        "created_at": timing.now,
        "due_at": timing.due_at,
        "expires_at": timing.expires_at,
        "changed_at": timing.now,
        "attempts": 0,
    }


def _render(
    app: Application,
    school: School,
    draft: Draft,
    wording: OwnersWording,
    approvals: frozenset[tuple[str, str]],
    day: date,
) -> Rendered:
    values: dict[str, Any] = {
        "school": school.short_name,
        "phone": school.phone,
        "date": day,
        "pupils": tuple(pupil.called for pupil in draft.pupils),
        "time": None,
        "link": app.settings.public_url,
        "named_person": school.named_person or ANYBODY,
        "nhs_link": app.nhs_link,
        **draft.values,
    }
    if draft.written_in:
        own = wording.render(draft.template, channel=draft.channel, language="en", values=values, approvals=approvals)
        return replace(own, language=draft.written_in, wanted_language=draft.carer.language or "en", fallback=None)
    wanted = draft.carer.language or "en"
    offered = is_english(wanted) or negotiated(wanted, school.languages) is not None
    rendered = wording.render(
        draft.template,
        channel=draft.channel,
        language=wanted if offered else "en",
        values=values,
        approvals=approvals,
        fold=draft.channel == "sms" and negotiated(wanted, school.fold) is not None,
    )
    if offered:
        return rendered
    return Rendered(
        template=rendered.template,
        version=rendered.version,
        channel=rendered.channel,
        language=rendered.language,
        wanted_language=wanted,
        fallback="not_offered",
        subject=rendered.subject,
        body=rendered.body,
        html=rendered.html,
        encoding=rendered.encoding,
        segments=rendered.segments,
    )


def tell_staff(
    connection: Connection,
    app: Application,
    school: School,
    template: str,
    values: Mapping[str, Any],
    *,
    key: str,
    day: date,
    session: str,
    now: datetime,
    urgent: bool = False,
) -> list[str]:
    """Queue an e-mail to the office, and to the safeguarding lead where it is urgent. `key` keeps it from being sent twice."""
    addresses = [school.email]
    if urgent and school.safeguarding_email:
        addresses.append(school.safeguarding_email)
    if template in FOR_OPERATORS:
        addresses.extend(app.settings.alerts.addresses)
    addresses = list(dict.fromkeys(addresses))
    drafts = [
        Draft(
            carer=Carer(carer_id=f"staff:{number}", email=address),
            channel="email",
            address=address,
            pupils=(),
            template=template,
            purpose=STAFF,
            step=key,
            values=values,
        )
        for number, address in enumerate(addresses, start=1)
    ]
    timing = Timing(now=now, due_at=now, expires_at=now + timedelta(hours=STAFF_HOURS))
    return queue(connection, app, school, drafts, day=day, session=session, timing=timing)
