"""A school's settings and their history, the steps to its first day, and what past days say about other settings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, desc, func, select, update

from notifier.store.database import insert_missing, insert_rows, upsert
from notifier.store.tables import (
    approvals,
    carers,
    contacts,
    decisions,
    follow_ups,
    imports,
    messages,
    pupils,
    runs,
    school_steps,
    school_versions,
    schools,
)


def change(
    connection: Connection,
    school_id: str,
    *,
    seen: int,
    by: str,
    at: datetime,
    part: str,
    name: str,
    file_text: str,
    policy_text: str | None,
    sending: bool,
) -> int | None:
    """Change a school's settings where they still are in the version seen; returns the new version, None where they are not."""
    before = connection.execute(select(schools).where(schools.c.school_id == school_id)).first()
    if before is None or before.version != seen:
        return None
    insert_missing(
        connection,
        school_versions,
        [_version(before, before.version, before.changed_at, "", "as it was")],
    )
    values = {"name": name, "file_text": file_text, "policy_text": policy_text, "sending": sending}
    moved = connection.execute(
        update(schools)
        .where(schools.c.school_id == school_id, schools.c.version == seen)
        .values(version=seen + 1, changed_at=at, **values)
    ).rowcount
    if moved != 1:
        return None
    after = connection.execute(select(schools).where(schools.c.school_id == school_id)).one()
    insert_rows(connection, school_versions, [_version(after, seen + 1, at, by, part)])
    return seen + 1


def _version(row: Any, number: int, at: datetime, by: str, part: str) -> dict[str, Any]:
    return {
        "school_id": row.school_id, "number": number, "at": at, "by": by, "part": part,
        "file_text": row.file_text, "policy_text": row.policy_text, "sending": row.sending,
    }  # fmt: skip


def add(connection: Connection, school_id: str, *, name: str, file_text: str, by: str, at: datetime) -> bool:
    """Add a school that does not send yet; False where the key is taken."""
    row = {"school_id": school_id, "name": name, "file_text": file_text, "added_at": at, "changed_at": at, "sending": False,
           "version": 1}  # fmt: skip
    if insert_missing(connection, schools, [row]) != 1:
        return False
    made = connection.execute(select(schools).where(schools.c.school_id == school_id)).one()
    insert_rows(connection, school_versions, [_version(made, 1, at, by, "made")])
    return True


def history(connection: Connection, school_id: str, *, limit: int = 20) -> list[Any]:
    """The latest changes, newest first."""
    query = select(school_versions).where(school_versions.c.school_id == school_id)
    return list(connection.execute(query.order_by(desc(school_versions.c.number)).limit(limit)))


def latest(connection: Connection, school_id: str) -> Any | None:
    """The latest change; None where nothing was changed on these pages."""
    return next(iter(history(connection, school_id, limit=1)), None)


def steps(connection: Connection, school_id: str) -> dict[str, Any]:
    """What people have vouched for on the way to the first day, by step."""
    return {
        row.step: row for row in connection.execute(select(school_steps).where(school_steps.c.school_id == school_id))
    }


def vouch(connection: Connection, school_id: str, step: str, *, by: str, at: datetime, note: str = "") -> None:
    """Note that somebody vouches for a step."""
    row = {"school_id": school_id, "step": step, "by": by, "at": at, "note": note}
    upsert(connection, school_steps, [row], update=("by", "at", "note"))


@dataclass(frozen=True, slots=True)
class Standing:
    """What is there already: pupils on roll, those without any address among their contacts, and whether marks have come."""

    pupils: int
    unreachable: int
    marks_taken_in: int


def standing(connection: Connection, school_id: str) -> Standing:
    """How far a school's data have come."""
    on_roll = select(func.count()).select_from(pupils).where(pupils.c.school_id == school_id, pupils.c.on_roll)
    reachable = (
        select(func.count(func.distinct(contacts.c.pupil_id)))
        .join(carers, and_(carers.c.school_id == contacts.c.school_id, carers.c.carer_id == contacts.c.carer_id))
        .join(pupils, and_(pupils.c.school_id == contacts.c.school_id, pupils.c.pupil_id == contacts.c.pupil_id))
        .where(
            contacts.c.school_id == school_id, pupils.c.on_roll, contacts.c.no_contact.is_(False),
            carers.c.mobile.is_not(None) | carers.c.email.is_not(None),
        )
    )  # fmt: skip
    taken = select(func.count()).select_from(imports)
    taken = taken.where(imports.c.school_id == school_id, imports.c.kind == "marks", imports.c.outcome == "taken_in")
    total = int(connection.execute(on_roll).scalar_one())
    return Standing(
        total,
        max(total - int(connection.execute(reachable).scalar_one()), 0),
        int(connection.execute(taken).scalar_one()),
    )


@dataclass(frozen=True, slots=True)
class PastRun:
    """A session as the guards met it: pupils expected and unexplained at its first pass."""

    day: date
    session: str
    expected: int
    unexplained: int


def past_runs(connection: Connection, school_id: str, *, since: date, codes: Collection[str]) -> list[PastRun]:
    """The sessions that were run since a day, newest first. Numbers are those of the first pass, when most was unexplained."""
    first = (
        select(decisions.c.day, decisions.c.session, func.count().label("unexplained"))
        .join(
            runs,
            and_(
                runs.c.school_id == decisions.c.school_id, runs.c.day == decisions.c.day, runs.c.session == decisions.c.session,
                runs.c.started_at == decisions.c.decided_at,
            ),
        )
        .where(
            decisions.c.school_id == school_id, decisions.c.day >= since, decisions.c.code.in_(sorted(codes)),
            decisions.c.reason != "reported_ahead",
        )
        .group_by(decisions.c.day, decisions.c.session)
    )  # fmt: skip
    unexplained = {(row.day, row.session): int(row.unexplained) for row in connection.execute(first)}
    found = []
    for row in connection.execute(
        select(runs)
        .where(runs.c.school_id == school_id, runs.c.day >= since)
        .order_by(desc(runs.c.day), desc(runs.c.session))
    ):
        counts = row.counts or {}
        expected = counts.get("pupils", 0) - counts.get("not_expected", 0) - counts.get("register_not_taken", 0)
        found.append(PastRun(row.day, row.session, int(expected), unexplained.get((row.day, row.session), 0)))
    return found


def spent_by_day(connection: Connection, school_id: str, *, since: date) -> dict[date, float]:
    """Pence that texts cost on each day since then."""
    query = (
        select(messages.c.day, func.sum(messages.c.cost_pence))
        .where(
            messages.c.school_id == school_id, messages.c.day >= since,
            messages.c.status.in_(("sending", "unknown", "accepted", "sent", "delivered", "undelivered")),
        )
        .group_by(messages.c.day)
    )  # fmt: skip
    return {day: float(pence or 0.0) for day, pence in connection.execute(query)}


def past_follow_ups(connection: Connection, school_id: str, *, since: date) -> list[Any]:
    """When follow-ups since a day began, were answered and ended."""
    query = select(
        follow_ups.c.day, follow_ups.c.session, follow_ups.c.reason, follow_ups.c.opened_at, follow_ups.c.ladder_from,
        follow_ups.c.answered_at, follow_ups.c.closed_at, follow_ups.c.closed_reason,
    ).where(follow_ups.c.school_id == school_id, follow_ups.c.day >= since)  # fmt: skip
    return list(connection.execute(query))


def carers_by_language(connection: Connection, school_id: str) -> dict[str, int]:
    """How many carers of pupils on roll have each language."""
    query = (
        select(carers.c.language, func.count(func.distinct(carers.c.carer_id)))
        .join(contacts, and_(contacts.c.school_id == carers.c.school_id, contacts.c.carer_id == carers.c.carer_id))
        .join(pupils, and_(pupils.c.school_id == contacts.c.school_id, pupils.c.pupil_id == contacts.c.pupil_id))
        .where(carers.c.school_id == school_id, pupils.c.on_roll)
        .group_by(carers.c.language)
    )
    return {language: int(number) for language, number in connection.execute(query)}


def carers_by_address(connection: Connection, school_id: str) -> dict[tuple[bool, bool], int]:
    """How many carers have (a mobile number, an e-mail address)."""
    query = (
        select(carers.c.mobile.is_not(None), carers.c.email.is_not(None), func.count())
        .where(carers.c.school_id == school_id)
        .group_by(carers.c.mobile.is_not(None), carers.c.email.is_not(None))
    )
    return {(bool(mobile), bool(email)): int(number) for mobile, email, number in connection.execute(query)}


def approved_languages(connection: Connection, school_ids: Collection[str]) -> set[str]:
    """Languages in which anything is approved for one of these."""
    return set(
        connection.scalars(select(approvals.c.language).where(approvals.c.school_id.in_(sorted(school_ids))).distinct())
    )
