"""E-mails to staff: what happened, and what to do next. Each is queued once, in the transaction of the thing it tells of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from notifier.domain.phones import display
from notifier.domain.reasons import words
from notifier.domain.schools import School
from notifier.domain.sessions import Session, local_time
from notifier.services.application import Application
from notifier.services.outbox import tell_staff
from notifier.store import blocks as block_store
from notifier.store import messages as message_store
from notifier.store import people, runs
from notifier.store.people import Roll


def pupil_lines(connection: Connection, school: School, follow_ups: Sequence[Any]) -> list[dict[str, Any]]:
    """Follow-ups as lines of a staff list: name, group, why, since when, and whom to ring in order."""
    ids = [row.pupil_id for row in follow_ups]
    pupils = message_store.names_of(connection, school.key, ids)
    roll = people.load_roll(connection, school.key, pupil_ids=ids, off_roll=True)
    forbidden = {(row.pupil_id, row.carer_id) for row in block_store.contact_blocks_standing(connection, school.key)}
    lines = []
    for row in follow_ups:
        pupil = pupils.get(row.pupil_id)
        lines.append(
            {
                "name": full_name(pupil) if pupil else row.pupil_id,
                "group": pupil.registration_group if pupil else "",
                "reason": words(row.call_reason or row.reason).what.removesuffix("."),
                "since": local_time(row.opened_at),
                "contacts": whom_to_ring(roll, row.pupil_id, forbidden),
            }
        )
    return sorted(lines, key=lambda line: (line["group"], line["name"]))


def full_name(pupil: Any) -> str:
    """A pupil's name as staff know it; takes a row or a value."""
    return f"{pupil.preferred_name or pupil.given_name} {pupil.family_name}".strip()


def whom_to_ring(roll: Roll, pupil_id: str, forbidden: Collection[tuple[str, str]] = ()) -> str:
    """The contacts staff may ring, in order, with their numbers. Nobody who must not be contacted is named, nor any number of theirs."""
    lines = []
    links = roll.contacts.get(pupil_id, ())
    barred = {link.carer_id for link in links if link.no_contact or (pupil_id, link.carer_id) in forbidden}
    theirs = {
        number
        for carer_id in barred
        if (carer := roll.carers.get(carer_id)) is not None
        for number in (carer.mobile, carer.landline)
    }
    for contact in sorted(links, key=lambda link: (link.priority, link.carer_id)):
        carer = roll.carers.get(contact.carer_id)
        if contact.carer_id in barred or carer is None:
            continue
        known = [number for number in (carer.mobile, carer.landline) if number]
        number = next((number for number in known if number not in theirs), None)
        none = "shares a number with somebody who must not be contacted" if known else "no number"
        who = ", ".join(part for part in (carer.name, contact.relationship) if part) or carer.carer_id
        lines.append(f"{who} {display(number) if number else none}")
    return "; ".join(lines)


def tell_of_holds(
    connection: Connection, app: Application, school: School, day: date, session: Session, *, now: datetime
) -> None:
    """Tell staff of holds made in this pass: one e-mail for each kind."""
    fresh = [
        row
        for row in runs.holds_of(connection, school.key, day, open_only=True)
        if row.session == session and row.made_at == now
    ]
    for kind in ("register_not_taken", "register_stale"):
        rows = [row for row in fresh if row.kind == kind]
        if rows:
            lines = [{"name": row.scope, "expected": row.measure} for row in sorted(rows, key=lambda row: row.scope)]
            tell_staff(
                connection,
                app,
                school,
                f"staff_{kind}",
                {"session": session.value, "groups": lines},
                key=f"{kind}:{'+'.join(sorted(row.hold_id for row in rows))}",
                day=day,
                session=session,
                now=now,
            )
    for row in fresh:
        if row.kind == "unusual_absence":
            tell_staff(
                connection,
                app,
                school,
                "staff_unusual_absence",
                {
                    "session": session.value,
                    "counts": {"unexplained": row.measure},
                    "limit_percent": round(app.policy(school).guards.unusual_share * 100),
                    "hold": row.hold_id,
                },
                key=f"unusual:{row.hold_id}",
                day=day,
                session=session,
                now=now,
                urgent=True,
            )


def tell_of_calls(
    connection: Connection,
    app: Application,
    school: School,
    follow_ups: Sequence[Any],
    *,
    key: str,
    day: date,
    session: str,
    now: datetime,
    template: str = "staff_call_list",
    urgent: bool = False,
) -> None:
    """Tell staff whom to ring: pupils new on the call list, or handed to the safeguarding lead."""
    if follow_ups:
        tell_staff(
            connection,
            app,
            school,
            template,
            {"session": session, "pupils": pupil_lines(connection, school, follow_ups)},
            key=key,
            day=day,
            session=session,
            now=now,
            urgent=urgent,
        )
