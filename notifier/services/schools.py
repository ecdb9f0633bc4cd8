"""Adding schools, releasing holds, reporting absences ahead, switching messages off, approving words: what staff decide."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from notifier.configuration.schools import load_school
from notifier.domain.messages import MessageStatus
from notifier.domain.reasons import Reason
from notifier.domain.schools import School
from notifier.domain.sessions import Session
from notifier.services import follow_up
from notifier.services.application import Application
from notifier.store import blocks, messages, people, records, runs
from notifier.store import follow_ups as follow_up_store
from notifier.store import replies as reply_store
from notifier.wording.overrides import OwnersWording, State
from notifier.wording.own_files import OwnWords
from notifier.wording.rendering import NOT_APPROVED


class NotAllowed(Exception):
    """The act is refused; the words say why and what to do."""


def add_school(app: Application, file: Path, *, now: datetime, by: str) -> tuple[School, bool]:
    """Add a school from its file, or replace the file; True where it is new. Raises ConfigurationError."""
    school = load_school(file, config_dir=app.config_dir)
    app.policy(school)  # its messages too: a school must not find out in the middle of a ladder
    with app.database.begin() as connection:
        new = people.save_school(connection, school.key, school.name, file.read_text(encoding="utf-8"), now)
        records.add_audit(
            connection, school.key, at=now, actor=by, act="school.add" if new else "school.change", subject=school.key,
            detail={"file": file.name},
        )  # fmt: skip
    return school, new


def release(app: Application, school_id: str, hold: str, *, by: str, now: datetime) -> Any:
    """Release a hold, named by id, kind or scope. Whoever made the run cannot release what it held. Raises NotAllowed."""
    with app.database.begin() as connection:
        school = app.school(connection, school_id)
        people.lock_school(connection, school.key)  # of two who release at once, the second finds it released
        found = runs.find_holds(connection, school.key, hold)
        if not found:
            raise NotAllowed(f"There is no open hold '{hold}' at {school.name}. See: notifier follow-ups {school.key}")
        if len(found) > 1:
            names = ", ".join(f"{row.hold_id} ({row.kind} {row.scope})".replace(" )", ")") for row in found)
            raise NotAllowed(f"'{hold}' may mean several holds; name one: {names}")
        row = found[0]
        if row.made_by.casefold() == by.casefold():
            raise NotAllowed(f"{by} started the run that was held; a second person must release it.")
        runs.release_hold(connection, school.key, row.hold_id, by=by, at=now)
        if row.kind in ("spend_cap", "configuration"):
            ids = messages.held_for(connection, school.key, row.kind)
            messages.move(connection, school.key, ids, MessageStatus.QUEUED, at=now, only_from=[MessageStatus.HELD])
        records.add_audit(
            connection, school.key, at=now, actor=by, act="hold.release", subject=row.hold_id,
            detail={"kind": row.kind, "scope": row.scope, "detail": row.detail},
        )  # fmt: skip
        return row


def report_absence(
    app: Application,
    school_id: str,
    pupil_id: str,
    *,
    first_day: date,
    last_day: date,
    by: str,
    now: datetime,
    code: str | None = None,
    note: str = "",
    sessions: Sequence[Session] = (Session.AM, Session.PM),
) -> str:
    """Record an absence the family reported: its sessions cause no text, and open texts about it stop. Raises NotAllowed."""
    with app.database.begin() as connection:
        school = app.school(connection, school_id)
        return record_absence(
            connection, school, pupil_id, first_day=first_day, last_day=last_day, by=by, now=now, code=code, note=note,
            sessions=sessions,
        )  # fmt: skip


def record_absence(
    connection: Connection,
    school: School,
    pupil_id: str,
    *,
    first_day: date,
    last_day: date,
    by: str,
    now: datetime,
    code: str | None = None,
    note: str = "",
    sessions: Sequence[Session] = (Session.AM, Session.PM),
) -> str:
    """The same within a transaction that goes on; returns the report's id. Raises NotAllowed."""
    if last_day < first_day:
        raise NotAllowed(f"The last day ({last_day:%d/%m/%Y}) lies before the first ({first_day:%d/%m/%Y}).")
    report_id = str(uuid4())
    people.lock_school(connection, school.key)
    if pupil_id not in people.load_roll(connection, school.key, pupil_ids=[pupil_id]).pupils:
        raise NotAllowed(f"No pupil '{pupil_id}' is on roll at {school.name}.")
    blocks.add_report(
        connection,
        {
            "school_id": school.key,
            "report_id": report_id,
            "pupil_id": pupil_id,
            "first_day": first_day,
            "last_day": last_day,
            "sessions": "|".join(session.value for session in sessions),
            "code": code,
            "note": note,
            "by": by,
            "made_at": now,
        },
    )
    for row in follow_up_store.of_pupils(connection, school.key, [pupil_id], since=first_day, open_only=True):
        if row.day <= last_day and row.session in {session.value for session in sessions}:
            # being chased already: texts stop, and a person confirms
            follow_up_store.change(connection, school.key, [row.follow_up_id], answered_at=now)
            follow_up.stop_waiting(connection, school, [row.follow_up_id], now, Reason.REPORTED_AHEAD)
            follow_up.note(
                connection,
                school,
                row.follow_up_id,
                now,
                "note",
                by,
                f"reported to school: {note or code or 'absence'}",
            )
    records.add_audit(
        connection, school.key, at=now, actor=by, act="absence.report", subject=pupil_id,
        detail={"first_day": first_day.isoformat(), "last_day": last_day.isoformat(), "code": code},
    )  # fmt: skip
    return report_id


def suppress(
    app: Application,
    school_id: str,
    *,
    pupil_id: str | None,
    carer_id: str | None,
    reason: str,
    until: date | None,
    by: str,
    now: datetime,
    today: date,
) -> str:
    """Switch automatic messages off for a pupil, a carer or their link, until a day. Raises NotAllowed."""
    if not pupil_id and not carer_id:
        raise NotAllowed("Name a pupil, a carer, or both.")
    if until is not None and until < today:
        raise NotAllowed(f"{until:%d/%m/%Y} is past.")
    suppression_id = str(uuid4())
    with app.database.begin() as connection:
        school = app.school(connection, school_id)
        roll = people.load_roll(connection, school.key)
        if pupil_id and pupil_id not in roll.pupils:
            raise NotAllowed(f"No pupil '{pupil_id}' is on roll at {school.name}.")
        if carer_id and carer_id not in roll.carers:
            raise NotAllowed(f"There is no carer '{carer_id}' at {school.name}.")
        blocks.add_suppression(
            connection,
            {
                "school_id": school.key,
                "suppression_id": suppression_id,
                "pupil_id": pupil_id,
                "carer_id": carer_id,
                "reason": reason,
                "by": by,
                "starts_on": today,
                "ends_on": until,
                "made_at": now,
            },
        )
        records.add_audit(
            connection, school.key, at=now, actor=by, act="contact.suppress", subject=pupil_id or carer_id or "",
            detail={"carer": carer_id, "until": until.isoformat() if until else None, "reason": reason},
        )  # fmt: skip
    return suppression_id


@dataclass(frozen=True, slots=True)
class Approval:
    """One template whose translation was approved."""

    template: str
    language: str
    reviewer: str


def approve(
    app: Application, *, language: str, reviewer: str, now: datetime, school_id: str = "", templates: Sequence[str] = ()
) -> list[Approval]:
    """Approve the present words of a language, for one school or (empty) all; bound to those words. Raises NotAllowed.

    Returns the messages that may go out now. Those that are not translated whole are left out: there are no words to approve.
    """
    with app.database.read() as connection:
        school = app.school(connection, school_id) if school_id else None
    wording = app.wording_of(school) if school else None
    own_languages = {words.language for words in wording.words()} if wording else set()
    if language not in {*app.wording.languages(), *own_languages}:
        known = ", ".join(app.wording.languages())
        raise NotAllowed(f"There is no translation into '{language}'. Languages: {known}")
    if not reviewer.strip():
        raise NotAllowed('Give the reviewer\'s name and role, as in: --reviewer "Ewa Nowak, EAL lead"')
    wanted = list(templates) or [item.key for item in app.wording.templates() if item.family != "staff"]
    translated = [key for key in wanted if app.wording.standing(key, language) in (None, NOT_APPROVED)]
    hashes = [(key, app.wording.approval_hash(key, language)) for key in translated]
    if wording is not None and language != "en":
        # whoever approves a language at a school means what goes out there, its own words among it
        own = own_approvals(wording, school_id, language, wanted, reviewer, skip_unfit=True)
        hashes += [(words.template, hashed) for words, hashed in own]
    let_out = {key for key, _ in hashes}
    missing = [key for key in wanted if key not in let_out]
    if missing and (templates or not let_out):
        raise NotAllowed(
            f"Nothing was approved: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not translated into '{language}' "
            "whole. Complete the translation, then: notifier templates check"
        )
    wanted = [key for key in wanted if key in let_out]
    with app.database.begin() as connection:
        for key, hashed in hashes:
            records.add_approval(
                connection,
                {
                    "school_id": school_id,
                    "language": language,
                    "template": key,
                    "approval_hash": hashed,
                    "reviewer": reviewer.strip(),
                    "approved_at": now,
                },
            )
        done = [Approval(key, language, reviewer.strip()) for key in wanted]
        records.add_audit(
            connection, school_id, at=now, actor=reviewer.strip(), act="wording.approve", subject=language,
            detail={"templates": wanted},
        )  # fmt: skip
    return done


def own_approvals(
    wording: OwnersWording,
    owner: str,
    language: str,
    templates: Sequence[str],
    reviewer: str,
    *,
    skip_unfit: bool = False,
) -> list[tuple[OwnWords, str]]:
    """An owner's own texts in a language that a reviewer may let out, each with what its approval is tied to.

    Raises NotAllowed for one that the reviewer saved, since two people see every translation; and, unless those are to be skipped,
    for one that cannot go out whoever approves it.
    """
    if language == "en":
        raise NotAllowed("English wording needs no second approval; who saved it is on record.")
    if not reviewer.strip():
        raise NotAllowed('Give the reviewer\'s name and role, as in: --reviewer "Ewa Nowak, EAL lead"')
    found = []
    for words in wording.words():
        if words.owner != owner or words.language != language or words.template not in templates:
            continue
        where = f"The own wording of '{words.template}' in {language} ({words.channel})"
        standing = wording.standing(words)
        if standing.state in (State.STALE, State.REFUSED):
            if skip_unfit:
                continue
            raise NotAllowed(f"{where} cannot be approved: {standing.why}. To do: {standing.remedy}.")
        if words.saved_by.partition(",")[0].strip().casefold() == reviewer.partition(",")[0].strip().casefold():
            raise NotAllowed(f"{where} was saved by {words.saved_by}; a second person must approve it.")
        found.append((words, wording.approval_hash(words)))
    return found


def read_unmatched(app: Application, *, by: str, now: datetime) -> int:
    """Note that a person has read the messages that belong to no school, and dealt with them; returns how many."""
    with app.database.begin() as connection:
        number = reply_store.mark_unmatched_read(connection, by=by, at=now)
        if number:
            records.add_audit(
                connection, records.EVERY_SCHOOL, at=now, actor=by, act="replies.read_unmatched", subject="",
                detail={"messages": number},
            )  # fmt: skip
    return number


def hash_token(token: str) -> str:
    """How API tokens are kept: high-entropy secrets need no salt."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_token(app: Application, school_id: str, *, note: str, by: str, now: datetime) -> str:
    """Make a bearer token for a school's API; it is shown once and kept only as a hash."""
    token = f"ntf_{secrets.token_urlsafe(32)}"
    with app.database.begin() as connection:
        school = app.school(connection, school_id)
        token_id = str(uuid4())[:8]
        records.add_token(
            connection,
            {
                "school_id": school.key,
                "token_id": token_id,
                "token_hash": hash_token(token),
                "note": note,
                "made_at": now,
            },
        )
        records.add_audit(
            connection, school.key, at=now, actor=by, act="token.make", subject=token_id, detail={"note": note}
        )
    return token


def token_school(connection: Connection, token: str) -> str | None:
    """The school a bearer token belongs to; None for a wrong one."""
    return records.school_of_token(connection, hash_token(token))
