"""Messages outside first-day contact: proposed to staff as a list, held back by name, and sent only when a person says so.

The rules of config/choosing.toml make the list; a person sends or holds back. At sending everything is looked at again, and once more
before a message leaves (`services.proposals_last_look`). Every act is in the audit.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier.domain.choosing import Reach, chosen
from notifier.domain.mark_facts import term_ahead
from notifier.domain.policies import Audience
from notifier.domain.schools import School
from notifier.domain.sessions import Session, at_local, local_date
from notifier.domain.situations import AUTOMATIC, Choice, Situation, SituationRules, choose
from notifier.services.application import Application
from notifier.services.proposal_facts import SchoolFacts, gather, stored, values_for
from notifier.services.schools import NotAllowed
from notifier.store import people, records
from notifier.store import proposals as store

SERVICE = "scheduler"
"""Who makes the list of the day."""

AFTER_FIRST_PASS = timedelta(minutes=15)
"""So long after the afternoon's first contact the list is made again: who left during the day shows then."""

NOT_KNOWN = "value_not_known"
"""Why a pupil is not proposed although a rule matched: a number or date that the message tells is not known."""

NOBODY = "nobody_to_write_to"
"""Why a pupil is not proposed although a rule matched: no contact may be written to by a channel the message has."""


@dataclass(slots=True)
class Made:
    """What making a list came to. `left_out` counts pupils whom a rule named and something forbade, by that fact."""

    day: date
    proposed: list[dict[str, Any]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    expired: int = 0


def make(
    app: Application,
    school_id: str,
    *,
    now: datetime,
    by: str,
    situation: Situation | None = None,
    pupil_ids: Collection[str] | None = None,
    dry_run: bool = False,
) -> Made:
    """Work out a school's list of the day; with a situation only that one. Raises UnknownSchool, ConfigurationError, NotAllowed.

    `dry_run` writes nothing. What was proposed, sent or held back already in the same period does not come again.
    """
    if situation in AUTOMATIC:
        raise NotAllowed(f"'{situation}' belongs to first-day contact and is written by itself; nothing is proposed.")
    day = local_date(now)
    with app.database.read() as connection:
        school = app.school(connection, school_id)
        asked = situation is not None and app.choosing.situations.get(situation, SituationRules()).asked
        found = gather(connection, app, school, now=now, asked=asked)
        standing = store.standing(connection, school.key, day - timedelta(days=200))
    unknown = set(pupil_ids or ()) - found.facts.keys()
    if unknown:
        raise NotAllowed(f"No pupil '{sorted(unknown)[0]}' is on roll at {school.name}.")
    made = Made(day)
    rows = list(_rows(app, found, standing, made, now=now, by=by, situation=situation, pupil_ids=pupil_ids))
    if not dry_run:
        with app.database.begin() as connection:
            people.lock_school(connection, school.key)
            made.expired = close_expired(connection, school, now=now)
            store.add(connection, rows)
            kept = {row.proposal_id for row in store.listing(connection, school.key, state=store.PROPOSED)}
            rows = [row for row in rows if row["proposal_id"] in kept]
            if rows:
                records.add_audit(
                    connection, school.key, at=now, actor=by, act="proposals.made", subject=day.isoformat(),
                    detail={"proposals": [row["proposal_id"] for row in rows]},
                )  # fmt: skip
    made.proposed = [_document(row, found, {}) for row in rows]
    return made


def _rows(
    app: Application,
    found: SchoolFacts,
    standing: Sequence[Any],
    made: Made,
    *,
    now: datetime,
    by: str,
    situation: Situation | None,
    pupil_ids: Collection[str] | None,
) -> Iterator[dict[str, Any]]:
    """One proposal at most for each pupil: the first situation that fits, is allowed and is not done with."""
    mine: dict[str, list[Any]] = {}
    for row in standing:
        mine.setdefault(row.pupil_id, []).append(row)
    wanted = [situation] if situation else [name for name, rules in found.book.situations.items() if not rules.asked]
    for pupil_id in sorted(found.facts if pupil_ids is None else pupil_ids):
        for each in wanted:
            choice = choose(found.book, each, found.facts[pupil_id], found.standing(pupil_id))
            if choice.template is None or choice.rule is None:
                continue
            if choice.excluded_by:
                made.left_out[choice.excluded_by[0]] += 1
                continue
            family = found.book.family_of[choice.template]
            period = _period(found, pupil_id, each)
            if any(row.situation == each and row.period == period for row in mine.get(pupil_id, ())):
                continue
            if not choice.rule.beside_first_day and too_soon(found, family, mine.get(pupil_id, ())):
                continue
            if not targets(app, found, pupil_id, each, choice.template):
                made.left_out[NOBODY] += 1
                continue
            values = values_for(found, pupil_id)
            if any(values.get(name, True) is None for name in app.wording.template(choice.template).required):
                made.left_out[NOT_KNOWN] += 1
                continue
            yield _row(found, pupil_id, choice, period, family, now=now, by=by)
            break


def too_soon(found: SchoolFacts, family: str, mine: Sequence[Any], but: str = "") -> bool:
    """Whether another proposal for the pupil is open, or one of the family was sent within its days."""
    days = found.book.families[family].at_most_every_days if family in found.book.families else 0
    for row in mine:
        if row.proposal_id == but:
            continue
        if row.state == store.PROPOSED and not but:
            return True
        if row.state == store.SENT and row.family == family:
            since = (found.day - local_date(row.decided_at)).days
            if since < max(days, 1):
                return True
    return False


def _period(found: SchoolFacts, pupil_id: str, situation: Situation) -> str:
    """What keeps a suggestion from coming twice: the day, the half-term or the term; with the carer where it is about one."""
    rules, day = found.book.situations[situation], found.day
    period = day.isoformat()
    if rules.once_per == "half_term" and found.span.half_term:
        period = f"{found.span.half_term[0].isoformat()}/.."
    if rules.once_per == "term":
        coming = [term for term in sorted(found.school.terms) if term[1] >= day]
        period = "/".join(edge.isoformat() for edge in coming[0]) if coming else period
    if situation is Situation.START_OF_TERM:
        period = f"term from {term_ahead(found.calendar, day)}"
    if situation is Situation.OPTED_OUT:
        period = f"{period} {found.carers.get((pupil_id, situation), '')}"
    if situation is Situation.ILLNESS_REPLY:
        period = f"{period} {found.facts[pupil_id].get('condition') or 'illness'}"
    return period


def _row(
    found: SchoolFacts, pupil_id: str, choice: Choice, period: str, family: str, *, now: datetime, by: str
) -> dict[str, Any]:
    assert choice.rule is not None and choice.template is not None
    key = f"{found.school.key}|{pupil_id}|{choice.situation}|{period}"
    return {
        "school_id": found.school.key,
        "proposal_id": hashlib.sha256(key.encode()).hexdigest()[:10],
        "pupil_id": pupil_id,
        "carer_id": found.carers.get((pupil_id, choice.situation)),
        "situation": choice.situation.value,
        "period": period,
        "family": family,
        "template": choice.template,
        "grounds": {
            "rule": choice.rule.name,
            "why": choice.rule.why,
            "facts": [
                {"fact": trial.fact, "found": trial.found, "wanted": trial.wanted} for trial in choice.tried[-1].trials
            ],
            "values": stored(values_for(found, pupil_id)),
        },
        "state": store.PROPOSED,
        "day": found.day,
        "made_at": now,
        "made_by": by,
        "expires_on": found.day + timedelta(days=found.book.situations[choice.situation].open_days),
        "decided_at": None,
        "decided_by": None,
        "decision_reason": None,
        "message_ids": [],
    }


def targets(
    app: Application, found: SchoolFacts, pupil_id: str, situation: str, template: str, carer_id: str | None = None
) -> list[tuple[Reach, str]]:
    """Whom a proposal goes to, and how: the carer it is about, else the allowed contacts of the best priority."""
    has = app.wording.template(template).channels
    carer = carer_id or found.carers.get((pupil_id, Situation(situation)))
    circle = found.circle(found.roll.pupils[pupil_id])
    reaches = [
        reach
        for reach in (circle.allowed if carer else chosen(circle, Audience.BEST_PRIORITY))
        if carer is None or reach.carer.carer_id == carer
    ]
    order = found.book.family(template).channels
    targets = []
    for reach in reaches:
        ordered = reach.channels if reach.carer.channels else sorted(reach.channels, key=_place(order))
        usable = [channel for channel in ordered if channel in has]
        if usable:
            targets.append((reach, usable[0]))
    return targets


def _place(order: Sequence[str]) -> Any:
    return lambda channel: order.index(channel) if channel in order else len(order)


def close_expired(connection: Connection, school: School, *, now: datetime) -> int:
    """Close proposals whose last day is over; returns how many."""
    ended = store.expire(connection, school.key, local_date(now), now)
    if ended:
        records.add_audit(
            connection, school.key, at=now, actor=SERVICE, act="proposals.expired", subject=local_date(now).isoformat(),
            detail={"proposals": ended},
        )  # fmt: skip
    return len(ended)


def listing(app: Application, school_id: str, *, state: str | None = None) -> list[dict[str, Any]]:
    """A school's proposals, newest first, with what became of their messages."""
    with app.database.read() as connection:
        school = app.school(connection, school_id)
        rows = store.listing(connection, school.key, state=state)
        roll = people.load_roll(connection, school.key, pupil_ids={row.pupil_id for row in rows}, off_roll=True)
        ids = [message_id for row in rows for message_id in row.message_ids or ()]
        messages = store.messages_by_id(connection, school.key, ids)
    return [_document(dict(row._mapping), roll, messages) for row in rows]


def _document(row: dict[str, Any], known: Any, messages: dict[str, Any]) -> dict[str, Any]:
    roll = known.roll if isinstance(known, SchoolFacts) else known
    pupil = roll.pupils.get(row["pupil_id"])
    grounds = row["grounds"] or {}
    return {
        "id": row["proposal_id"],
        "school": row["school_id"],
        "pupil_id": row["pupil_id"],
        "name": f"{pupil.called} {pupil.family_name}".strip() if pupil else None,
        "group": pupil.registration_group if pupil else None,
        **{name: row[name] for name in ("carer_id", "situation", "family", "template", "state")},
        "rule": grounds.get("rule"),
        "why": grounds.get("why"),
        "facts": grounds.get("facts", []),
        "values": grounds.get("values", {}),
        "date": row["day"].isoformat(),
        "expires_on": row["expires_on"].isoformat(),
        **{name: row[name] for name in ("made_by", "decided_by", "decision_reason")},
        "decided_at": row["decided_at"].isoformat() if row["decided_at"] else None,
        "message_ids": list(row["message_ids"] or ()),
        "messages": [
            {name: getattr(messages[key], name) for name in ("message_id", "channel", "carer_id", "status", "reason")}
            for key in row["message_ids"] or ()
            if key in messages
        ],
    }


def hold_back(app: Application, school_id: str, which: str, *, reason: str, by: str, now: datetime) -> list[str]:
    """Hold back one open proposal by its id, or all of one pupil; returns their ids. Raises NotAllowed with words."""
    if not reason.strip() or not by.strip():
        raise NotAllowed('Say who holds back and why, as in: --by "A. Officer" --reason "the family has a hard week".')
    with app.database.begin() as connection:
        school = app.school(connection, school_id)
        people.lock_school(connection, school.key)
        rows = store.listing(connection, school.key, state=store.PROPOSED)
        mine = [row for row in rows if which in (row.proposal_id, row.pupil_id)]
        if not mine:
            raise NotAllowed(
                f"No open proposal and no pupil with one is '{which}'. See: notifier proposals list {school_id}"
            )
        for row in mine:
            store.decide(
                connection, school.key, row.proposal_id, store.HELD_BACK, by=by.strip(), at=now, reason=reason.strip()
            )
            records.add_audit(
                connection, school.key, at=now, actor=by.strip(), act="proposal.held_back", subject=row.proposal_id,
                detail={"pupil": row.pupil_id, "situation": row.situation, "reason": reason.strip()},
            )  # fmt: skip
    return [row.proposal_id for row in mine]


def daily(app: Application, school: School, *, now: datetime) -> Made | None:
    """What the tick does: after the morning, and once the afternoon's register is in, close what is over and make the list.

    One look at a heartbeat where nothing is due. Returns None then. Nothing is sent. Raises ConfigurationError.
    """
    day = local_date(now)
    slots = []
    if Session.AM in school.times:
        slots.append(at_local(day, school.times[Session.AM].last_contact))
    if Session.PM in school.times:
        slots.append(at_local(day, school.times[Session.PM].first_contact) + AFTER_FIRST_PASS)
    due = [slot for slot in slots if slot <= now]
    if not due:
        return None
    name = f"proposals:{school.key}"
    with app.database.read() as connection:
        last = records.last_beat(connection, name)
    if last is not None and last >= max(due):
        return None
    book = app.choosing  # before the heartbeat: rules that cannot be read are named again at every tick
    with app.database.begin() as connection:
        records.beat(connection, name, now)
        ended = close_expired(connection, school, now=now)
    if not book.daily:
        return Made(day, expired=ended)
    return make(app, school.key, now=now, by=SERVICE)
