"""Sending proposals: a person's word, everything looked at again, and the messages queued like all others.

Never outside the hours for it, never past an exclusion, and never in one breath with first-day contact. What was queued is looked at
once more before it leaves, in `services.proposals_last_look`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier.domain.schools import School
from notifier.domain.sessions import Session, at_local, local_date, local_time
from notifier.domain.situations import FACTS, excluded
from notifier.services import outbox
from notifier.services.application import Application
from notifier.services.proposal_facts import SchoolFacts, gather, restored
from notifier.services.proposals import targets, too_soon
from notifier.services.schools import NotAllowed
from notifier.store import people, records
from notifier.store import proposals as store
from notifier.wording import MissingValue


@dataclass(slots=True)
class Sending:
    """What sending came to: proposals with their messages, and those refused with the reason in words."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)


def opens_at(school: School, day: date) -> datetime:
    """From when on proposals may be sent on a school day: the first contact of the morning (UTC)."""
    times = school.times.get(Session.AM) or min(school.times.values(), key=lambda each: each.first_contact)
    return at_local(day, times.first_contact)


def send(app: Application, school_id: str, ids: Sequence[str] | None, *, by: str, now: datetime) -> Sending:
    """Queue the messages of proposals; `ids` None means every open one. Raises NotAllowed outside the hours for it.

    Each is looked at again: the pupil is on roll, nothing forbids the family of messages now, somebody may be written to.
    """
    if not by.strip():
        raise NotAllowed('Say who sends, as in: --by "A. Officer".')
    day, result = local_date(now), Sending()
    with app.database.begin() as connection:
        school = app.school(connection, school_id)
        people.lock_school(connection, school.key)
        until = within_hours(app, school, now)
        open_now = {row.proposal_id: row for row in store.listing(connection, school.key, state=store.PROPOSED)}
        for each in dict.fromkeys(ids or ()):
            if each not in open_now:
                raise NotAllowed(f"{_why_not_open(connection, school, each)} Nothing was sent.")
        rows = [open_now[each] for each in dict.fromkeys(ids)] if ids is not None else list(open_now.values())
        found = gather(connection, app, school, now=now, pupil_ids={row.pupil_id for row in rows})
        standing = store.standing(connection, school.key, day - timedelta(days=200))
        today = store.messages_of(connection, school.key, day, [outbox.PROPOSAL])
        for row in sorted(rows, key=lambda each: (each.situation, each.pupil_id)):
            why = _refusal(found, row, [other for other in standing if other.pupil_id == row.pupil_id])
            drafts, existing = ([], []) if why else _drafts(app, found, row, today)
            if not why and not drafts and not existing:
                why = "Nobody may be written to about this pupil today: no contact is left, or they have had another message."
            message_ids = list(existing)
            if not why and drafts:
                timing = outbox.Timing(now=now, due_at=now, expires_at=until)
                try:
                    message_ids += outbox.queue(connection, app, school, drafts, day=day, session="", timing=timing)
                except MissingValue as problem:
                    why = str(problem)
            if why:
                result.refused.append({"id": row.proposal_id, "pupil_id": row.pupil_id, "why": why})
                continue
            today += [
                store.OfTheDay(message_id, row.pupil_id, draft.carer.carer_id, draft.address, outbox.PROPOSAL, row.template, row.proposal_id)
                for draft, message_id in zip(drafts, message_ids[len(existing) :], strict=True)
            ]  # fmt: skip
            _note_sent(connection, school, row, message_ids, by=by.strip(), now=now)
            result.sent.append({"id": row.proposal_id, "pupil_id": row.pupil_id, "message_ids": message_ids})
            standing = [*standing, _as_sent(row, now)]
    return result


def within_hours(app: Application, school: School, now: datetime) -> datetime:
    """Until when messages may leave today. Raises NotAllowed outside the hours."""
    day, until = local_date(now), app.choosing.office.send_until
    closed = app.calendar(school).why_closed(day)
    if closed:
        raise NotAllowed(f"{day:%d/%m/%Y} is no school day ({closed}). Send on the next school day.")
    opens = local_time(opens_at(school, day))
    if not opens <= local_time(now) < until:
        raise NotAllowed(
            f"It is {local_time(now):%H:%M}. Messages outside first-day contact leave on school days from {opens:%H:%M} to {until:%H:%M}."
        )
    return at_local(day, until)


def _why_not_open(connection: Connection, school: School, proposal_id: str) -> str:
    row = store.get(connection, school.key, proposal_id)
    if row is None:
        return f"There is no proposal '{proposal_id}' at {school.name}; see: notifier proposals list {school.key}."
    words = {store.SENT: "was sent", store.HELD_BACK: "was held back", store.EXPIRED: "has expired"}
    by = f" by {row.decided_by}" if row.decided_by else ""
    return f"Proposal {proposal_id} {words.get(row.state, row.state)} already{by}."


def _refusal(found: SchoolFacts, row: Any, mine: Sequence[Any]) -> str | None:
    """Why a proposal may not be sent now, in words; None where it may."""
    if row.expires_on < found.day:
        return f"Its last day was {row.expires_on:%d/%m/%Y}."
    if row.pupil_id not in found.facts:
        return "The pupil is no longer on roll."
    if row.template not in found.book.family_of:
        return f"The message '{row.template}' is not there any more."
    stops = standing_in_the_way(found, row.pupil_id, row.template, (row.grounds or {}).get("rule"))
    if stops:
        return f"It may not go out: {'; '.join(stops)}."
    rule = found.book.rule((row.grounds or {}).get("rule", ""))
    beside = rule is not None and rule.beside_first_day
    if not beside and found.facts[row.pupil_id]["register_missing"] is True:
        return "Today's register has not come in for this pupil yet. Send once it has."
    if not beside and too_soon(found, row.family, mine, but=row.proposal_id):
        days = found.book.families[row.family].at_most_every_days
        return f"The family had a message of this kind ({row.family}) in the last {max(days, 1)} days."
    return None


def standing_in_the_way(found: SchoolFacts, pupil_id: str, template: str, rule_name: str | None) -> list[str]:
    """What forbids a message about a pupil now, in words: exclusions, and for what stands beside the first day its own grounds."""
    facts, rule = found.facts[pupil_id], found.book.rule(rule_name or "")
    stops = list(excluded(found.book, template, rule, facts))
    if rule is not None:
        stops += [fact for fact in rule.unless if facts.get(fact) is True and fact not in stops]
    words = [FACTS[fact].means for fact in stops]
    if rule is not None and rule.beside_first_day:
        words += [
            f"no longer so: {FACTS[fact].means}"
            for fact, wanted in rule.when.items()
            if not wanted.holds(facts.get(fact))
        ]
    return words


def _drafts(
    app: Application, found: SchoolFacts, row: Any, today: Sequence[store.OfTheDay]
) -> tuple[list[outbox.Draft], list[str]]:
    """Drafts for a proposal, and messages that say the same to the same carer already.

    A carer who had a first-day message today, or one of another family, gets nothing more: never two families in one breath.
    """
    pupil = found.roll.pupils[row.pupil_id]
    rule = found.book.rule((row.grounds or {}).get("rule", ""))
    beside = rule is not None and rule.beside_first_day
    names_pupils = any(given.kind == "names" for given in app.wording.template(row.template).placeholders)
    drafts, existing = [], []
    for reach, channel in targets(app, found, row.pupil_id, row.situation, row.template, row.carer_id):
        address = reach.address(channel)
        if not beside and reach.carer.carer_id in found.first_day_carers:
            continue
        before = [
            message for message in today if reach.carer.carer_id == message.carer_id or message.address == address
        ]
        if not beside and any(found.book.family_of.get(message.template) != row.family for message in before):
            continue
        same = [
            message.message_id for message in before if message.template == row.template and message.address == address
        ]
        if same and not names_pupils:
            existing.append(same[0])
            continue
        drafts.append(
            outbox.Draft(
                carer=reach.carer, channel=channel, address=address, pupils=(pupil,), template=row.template,
                purpose=outbox.PROPOSAL, step=row.proposal_id, values=restored((row.grounds or {}).get("values", {})),
            )
        )  # fmt: skip
    return drafts, existing


def _note_sent(
    connection: Connection, school: School, row: Any, message_ids: Sequence[str], *, by: str, now: datetime
) -> None:
    store.decide(connection, school.key, row.proposal_id, store.SENT, by=by, at=now, reason=None)
    store.note_messages(connection, school.key, row.proposal_id, message_ids)
    records.add_audit(
        connection, school.key, at=now, actor=by, act="proposal.sent", subject=row.proposal_id,
        detail={"pupil": row.pupil_id, "template": row.template, "messages": list(message_ids)},
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Sent:
    proposal_id: str
    pupil_id: str
    situation: str
    period: str
    family: str
    state: str
    day: date
    decided_at: datetime


def _as_sent(row: Any, now: datetime) -> _Sent:
    return _Sent(row.proposal_id, row.pupil_id, row.situation, row.period, row.family, store.SENT, row.day, now)
