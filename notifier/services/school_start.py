"""From nothing to the first day: a new school, what is still missing before it may send, and the switch itself.

A school that is made on the pages sends nothing until everything on its list is done and an administrator switches sending on; schools
added by command send at once, as they always did. Switching off works at any moment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import tomlkit
from sqlalchemy import Connection

from notifier.configuration.schools import load_school
from notifier.domain.messages import MessageStatus
from notifier.domain.reasons import Reason
from notifier.domain.schools import School
from notifier.services import outbox
from notifier.services.application import Application
from notifier.services.school_settings import Settings, SettingsChanged, read, who_changed
from notifier.services.schools import NotAllowed
from notifier.store import messages, people, records
from notifier.store import school_settings as store

VOUCHED: Final[Mapping[str, str]] = {
    "languages": "Somebody who reads each language has looked at its messages, or English goes out.",
    "numbers": "Ten families’ numbers were compared with the MIS, among them a family with a court order.",
    "dry_run": "A dry run was looked at, name by name, by somebody who knows the children.",
}
"""The steps that only a person can vouch for."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step on the way. `by` and `at` say who vouched for it, where only a person can."""

    key: str
    title: str
    done: bool
    said: str
    where: str = ""
    by: str = ""
    at: datetime | None = None

    @property
    def vouched(self) -> bool:
        """Whether it takes a person's word."""
        return self.key in VOUCHED


def steps(connection: Connection, app: Application, school: School) -> list[Step]:
    """The list of a school, in order."""
    have = store.standing(connection, school.key)
    told = store.steps(connection, school.key)
    approved = store.approved_languages(
        connection, [part for part in (school.key, "", school.trust) if part is not None]
    )
    waiting = [tag for tag in school.languages if tag not in approved]
    missing = [app.misconfigured[medium] for medium in school.channels if medium in app.misconfigured]

    def vouched(key: str, title: str, said: str, where: str = "") -> Step:
        row = told.get(key)
        return Step(key, title, row is not None, said, where, row.by if row else "", row.at if row else None)

    return [
        Step(
            "people", "Pupils and their contacts are in", have.pupils > 0,
            f"{have.pupils} pupils on roll; {have.unreachable} without a number or address that may be used." if have.pupils
            else f"Run: notifier import people FILE --school {school.key}, or send them over the API.",
        ),
        Step(
            "marks", "Marks come in", have.marks_taken_in > 0,
            f"Marks have come {have.marks_taken_in} times." if have.marks_taken_in
            else f"Run: notifier import marks FILE --school {school.key}, drop a file, or push them over the API.",
        ),
        Step(
            "safeguarding", "The safeguarding lead is told", bool(school.safeguarding_email),
            school.safeguarding_email or "Enter the safeguarding lead’s e-mail.", "/settings/names",
        ),
        Step("channels", "Messages can leave", not missing, " ".join(missing) or "The channels are set up.", "/settings/channels"),
        vouched("languages", "The languages are right",
                "Every language is approved." if not waiting else f"Not approved yet, so English goes out: {', '.join(waiting)}.", "/wording"),
        vouched("numbers", "The numbers are right", VOUCHED["numbers"]),
        vouched("dry_run", "A dry run was looked at", VOUCHED["dry_run"], "/settings/dry-run"),
    ]  # fmt: skip


def vouch(app: Application, school_id: str, step: str, *, by: str, now: datetime) -> None:
    """Note that somebody vouches for a step. Raises NotAllowed for one that nobody can vouch for."""
    if step not in VOUCHED:
        raise NotAllowed("This step is done by what is there, not by a word.")
    with app.database.begin() as connection:
        school = app.school(connection, school_id)
        people.lock_school(connection, school.key)
        store.vouch(connection, school.key, step, by=by, at=now)
        records.add_audit(
            connection, school.key, at=now, actor=by, act="school.vouch", subject=step, detail={"step": step}
        )


def switch(app: Application, school_id: str, on: bool, *, seen: int, by: str, now: datetime, why: str = "") -> None:
    """Switch a school's sending on or off. Raises NotAllowed while anything is missing, SettingsChanged.

    What was held meanwhile does not leave when it is switched on: it is cancelled, and its children are on the call list. Only an
    all clear that is still in time leaves then: whoever was alarmed before has to hear it.
    """
    with app.database.begin() as connection:
        people.lock_school(connection, school_id)
        found = read(connection, app, school_id)
        if on:
            missing = [step.title for step in steps(connection, app, found.school) if not step.done]
            if missing:
                raise NotAllowed(f"Sending stays off. Still missing: {'; '.join(missing)}.")
        if not on and not why.strip():
            raise NotAllowed("Say why sending is switched off; your colleagues will read it.")
        _keep(connection, found, on, seen=seen, by=by, now=now)
        if on:
            good_news = messages.held_for(connection, school_id, Reason.SENDING_OFF.value, purpose=outbox.ALL_CLEAR)
            messages.move(
                connection, school_id, good_news, MessageStatus.QUEUED, at=now, only_from=[MessageStatus.HELD],
                claimed_by=None, claimed_at=None,
            )  # fmt: skip
            held = messages.held_for(connection, school_id, Reason.SENDING_OFF.value)
            messages.move(
                connection, school_id, held, MessageStatus.CANCELLED, at=now, reason=Reason.SENDING_OFF.value,
                only_from=[MessageStatus.HELD],
            )  # fmt: skip
        records.add_audit(
            connection, school_id, at=now, actor=by, act="sending.on" if on else "sending.off", subject=school_id,
            detail={"why": why.strip()},
        )  # fmt: skip


def _keep(connection: Connection, found: Settings, on: bool, *, seen: int, by: str, now: datetime) -> None:
    version = store.change(
        connection, found.school.key, seen=seen, by=by, at=now, part="sending on" if on else "sending off",
        name=found.school.name, file_text=found.file_text, policy_text=found.policy_text, sending=on,
    )  # fmt: skip
    if version is None:
        raise SettingsChanged(who_changed(connection, found.school.key))


def new_school(app: Application, values: Mapping[str, Any], *, trust: str, by: str, now: datetime) -> School:
    """Make a school that does not send yet. Raises NotAllowed where the key is taken, ConfigurationError."""
    text = file_of(values, trust)
    school = load_school(text, source="the new school", config_dir=app.config_dir)
    with app.database.begin() as connection:
        if not store.add(connection, school.key, name=school.name, file_text=text, by=by, at=now):
            raise NotAllowed(f"There is a school with the key “{school.key}” already. Choose another.")
        records.lock_chain(connection, school.key)
        records.add_audit(
            connection,
            school.key,
            at=now,
            actor=by,
            act="school.add",
            subject=school.key,
            detail={"trust": trust, "sending": False},
        )
    return school


def file_of(values: Mapping[str, Any], trust: str) -> str:
    """The file of a new school, with usual times, this year's terms as typed, and nothing else decided."""
    document = tomlkit.document()
    document.add(tomlkit.comment("Made on the settings pages. Times and dates are local."))
    heading = tomlkit.table()
    for name in ("key", "name", "short_name", "phone", "email", "safeguarding_email"):
        if values.get(name):
            heading[name] = str(values[name])
    heading["policy"] = "first_day_absence"
    heading["trust"] = trust
    document["school"] = heading
    times = tomlkit.table(is_super_table=True)
    for session, closes, first, last in (("AM", "09:20", "09:30", "11:30"), ("PM", "13:20", "13:30", "15:00")):
        table = tomlkit.table()
        table.update({"register_closes": closes, "first_contact": first, "last_contact": last})
        times[session] = table
    document["times"] = times
    calendar = tomlkit.table()
    calendar["terms"] = [part.split("/") for part in values.get("terms", [])]
    document["calendar"] = calendar
    return tomlkit.dumps(document)


def key_from(name: str) -> str:
    """A key to offer for a school's name: "St Mary's Primary School" gives "st-marys-primary"."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold().replace("'", "").replace("’", "")).strip("-")
    return re.sub(r"-school$", "", plain)[:60]
