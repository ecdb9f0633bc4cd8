"""The evidence pack: everything recorded about one pupil and period, in the order it happened, each with its source.

Nothing is worked out again and nothing is left out but the tokens of answer links. The fingerprint is a hash over the content alone (not over
who made the pack and when), so the same records always give the same one; the audit keeps it with every pack.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from notifier.domain.answer_tokens import without_tokens
from notifier.domain.reasons import words
from notifier.domain.replies import PLANS, Intent
from notifier.domain.schools import School
from notifier.domain.sessions import LONDON, at_local, local_date
from notifier.domain.staff_words import MESSAGE_STATES
from notifier.services import audit
from notifier.services.application import Application
from notifier.services.message_story import message_steps
from notifier.services.story_words import Names, decision_said, event_said, names_for, proposal_decided, proposal_said
from notifier.store import audit as audit_store
from notifier.store import follow_ups, message_log, messages, names, proposals, pupil_records
from notifier.store.message_log import IN
from notifier.wording.titles import title_of

MOST_DAYS: Final = 400
"""Days that one pack may cover: a school year."""

MOST_ACTS: Final = 5_000


class NoEvidence(Exception):
    """A pack cannot be made; the words say why."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing recorded. `at` is ISO 8601 with offset, on the school's clock; `said` are somebody's own words or those sent."""

    at: str
    kind: str
    what: str
    source: str
    said: str = ""
    language: str = ""
    record: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """The content of an evidence pack."""

    school: str
    school_name: str
    pupil_id: str
    pupil_name: str
    group: str
    first: str
    last: str
    contacts: tuple[tuple[str, ...], ...]
    events: tuple[Event, ...]

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything above, as JSON with sorted keys."""
        plain = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(plain.encode()).hexdigest()


def collect(connection: Connection, app: Application, school: School, pupil_id: str, first: date, last: date) -> Pack:
    """Everything about a pupil from the first day to the last, both included. Raises NoEvidence."""
    if last < first or (last - first).days > MOST_DAYS:
        raise NoEvidence(f"A pack covers 1 to {MOST_DAYS} days: choose a shorter time.")
    pupil = messages.names_of(connection, school.key, [pupil_id]).get(pupil_id)
    if pupil is None:
        raise NoEvidence("There is no such pupil at this school.")
    since, until = at_local(first, time(0)), at_local(last + timedelta(days=1), time(0))
    chased = pupil_records.follow_ups_between(connection, school.key, pupil_id, first, last)
    told = [
        *_marks(connection, app, school, pupil_id, first, last),
        *_decisions(connection, school, pupil_id, first, last),
        *_timeline(connection, school, chased),
        *_reported(connection, school, pupil_id, first, last),
        *_messages(connection, school, pupil_id, since, until),
        *_proposals(connection, school, pupil_id, first, last),
        *_acts(connection, school, pupil_id, chased, since, until),
    ]
    people = tuple(
        (
            row.name or row.carer_id,
            row.relationship,
            str(row.priority),
            _yes(row.parental_responsibility),
            _barred(row),
            row.language,
        )
        for row in pupil_records.contacts_of(connection, school.key, pupil_id)
    )
    return Pack(
        school=school.key,
        school_name=school.name,
        pupil_id=pupil_id,
        pupil_name=f"{pupil.given_name} {pupil.family_name}".strip(),
        group=pupil.registration_group,
        first=first.isoformat(),
        last=last.isoformat(),
        contacts=people,
        events=tuple(sorted(told, key=lambda event: datetime.fromisoformat(event.at))),
    )


def _event(at: datetime, kind: str, what: str, source: str, **more: str) -> Event:
    return Event(at.astimezone(LONDON).isoformat(), kind, what, source, **more)


def _yes(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "not said"}[value]


def _barred(row: Any) -> str:
    return "must not be contacted" if row.no_contact else "may be contacted"


def _marks(
    connection: Connection, app: Application, school: School, pupil_id: str, first: date, last: date
) -> Iterator[Event]:
    for row in pupil_records.marks_between(connection, school.key, pupil_id, first, last):
        meaning = app.codes.lookup(row.code)
        named = f" ({meaning.meaning})" if meaning else ""
        late = f", {row.minutes_late} minutes late" if row.minutes_late else ""
        source = f"register, by {row.source}" if row.source else "register"
        what = f"{_day(row.day)} {row.session}: mark {row.code or 'none'}{named}{late}"
        yield _event(row.received_at, "mark", what, source, said=row.comment or "", record=row.import_id)


def _decisions(connection: Connection, school: School, pupil_id: str, first: date, last: date) -> Iterator[Event]:
    for row in pupil_records.decisions_between(connection, school.key, pupil_id, first, last):
        what = f"{_day(row.day)}, mark {row.code or 'none'}. {decision_said(row.session, row.outcome, row.reason)}"
        yield _event(row.decided_at, "decision", what, "Notifier", record=f"{row.reason}/{row.ordinal}")


def _timeline(connection: Connection, school: School, chased: Sequence[Any]) -> Iterator[Event]:
    days = {row.follow_up_id: f"{_day(row.day)} {row.session}" for row in chased}
    told = follow_ups.timeline(connection, school.key, list(days))
    # staff by the address under which they acted: a name that changes later must not change a pack
    known = Names(names_for(connection, school.key, actors=[event.actor for event in told]).carers)
    for event in told:
        what = f"Follow-up of {days[event.follow_up_id]}: {without_tokens(event_said(event, known))}"
        yield _event(event.at, "follow-up", what, event.actor, record=event.follow_up_id)


def _reported(connection: Connection, school: School, pupil_id: str, first: date, last: date) -> Iterator[Event]:
    for row in pupil_records.reported_between(connection, school.key, pupil_id, first, last):
        what = f"Absence told ahead for {_day(row.first_day)} to {_day(row.last_day)}{f', code {row.code}' if row.code else ''}"
        yield _event(row.made_at, "told ahead", what, row.by, said=row.note or "", record=row.report_id)
        if row.withdrawn_at is not None:
            yield _event(
                row.withdrawn_at, "told ahead", "The absence told ahead was taken back", "", record=row.report_id
            )


def _messages(
    connection: Connection, school: School, pupil_id: str, since: datetime, until: datetime
) -> Iterator[Event]:
    found = message_log.of_pupil(connection, school.key, pupil_id, since, until)
    people = names.carers_by_id(connection, school.key, [entry.row.carer_id for entry in found if entry.row.carer_id])
    sent = [entry.row for entry in found if entry.direction != IN]
    for entry in found:
        row = entry.row
        person = people.get(row.carer_id, row.carer_id or "unknown sender")
        if entry.direction == IN:
            label = PLANS[Intent(row.intent)].label
            code = f", suggested code {row.suggested_code}" if row.suggested_code else ""
            what = f"{_medium(row.channel)} from {person} ({row.sender}), read as: {label}{code}"
            yield _event(row.received_at, "answer", what, row.provider, said=without_tokens(row.body),
                         language=row.language or "", record=row.reply_id)  # fmt: skip
            continue
        cost = (
            f", {row.segments} part{'' if row.segments == 1 else 's'}, {row.cost_pence:.1f} pence"
            if row.channel == "sms"
            else ""
        )
        state = (
            f"now {MESSAGE_STATES.get(row.status, row.status)}{f' ({words(row.reason).what})' if row.reason else ''}"
        )
        what = f"{_medium(row.channel)} to {person} ({row.to_address}) written: {title_of(row.template)}{cost}; {state}"
        body = "\n\n".join(filter(None, (row.subject, row.body)))
        yield _event(
            row.created_at,
            "message",
            what,
            "Notifier",
            said=without_tokens(body),
            language=row.language,
            record=row.message_id,
        )
    by_id = {row.message_id: row for row in sent}
    for row in sent:
        person = people.get(row.carer_id, row.carer_id or "")
        for step in message_steps(connection, school.key, [by_id[row.message_id]])[1:]:
            what = f"{_medium(row.channel)} to {person}: {step.what}{f' ({step.more})' if step.more else ''}"
            yield _event(step.at, "transport", what, step.source, record=row.message_id)


def _medium(channel: str) -> str:
    return {"sms": "Text", "email": "E-mail", "page": "Answer on the page"}.get(channel, channel)


def _proposals(connection: Connection, school: School, pupil_id: str, first: date, last: date) -> Iterator[Event]:
    for row in proposals.listing(connection, school.key, pupil_id=pupil_id):
        if first <= local_date(row.made_at) <= last:
            what = proposal_said(row)
            yield _event(row.made_at, "proposal", what, row.made_by, record=row.proposal_id)
        if row.decided_at is not None and first <= local_date(row.decided_at) <= last:
            what = proposal_decided(row, Names())
            yield _event(row.decided_at, "proposal", what, row.decided_by or "", record=row.proposal_id)


def _acts(
    connection: Connection, school: School, pupil_id: str, chased: Sequence[Any], since: datetime, until: datetime
) -> Iterator[Event]:
    """What people did, out of the audit. Packs made before are left out: one would change the next one's fingerprint."""
    sought = audit_store.Sought(
        pupil_id=pupil_id, subjects=tuple(row.follow_up_id for row in chased), since=since, until=until, acts_only=True
    )
    for told in audit.page(connection, school.key, sought, limit=MOST_ACTS):
        if told.act == "evidence.export":
            continue
        detail = "; ".join(told.said)
        what = f"{told.actor} {told.words}{f' ({detail})' if detail else ''}"
        yield _event(told.at, "act", without_tokens(what), f"audit, entry {told.number}", record=told.subject)


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b %Y}"
