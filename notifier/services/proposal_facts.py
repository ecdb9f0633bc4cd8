"""The facts that proposals rest on, for a whole school with a handful of queries or for one pupil: flags, marks, replies, messages.

Nothing is decided here. `services.proposals` tries the rules on these facts; `notifier templates why` shows them to staff.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection

from notifier.domain.calendar import SchoolCalendar
from notifier.domain.choosing import Blocks, Circle, circle_of
from notifier.domain.mark_facts import MarkReader, Marks, Span, middle, term_ahead, weekday_name
from notifier.domain.people import Pupil
from notifier.domain.replies import Intent
from notifier.domain.schools import School
from notifier.domain.sessions import at_local, local_date
from notifier.domain.situations import ChoosingBook, Fact, Situation
from notifier.services import outbox
from notifier.services.application import Application
from notifier.services.choose import pupil_facts
from notifier.store import blocks as block_store
from notifier.store import people
from notifier.store import proposals as store
from notifier.store.people import Roll

FIRST_DAY = (outbox.ABSENCE, outbox.ALL_CLEAR)
"""Purposes of first-day messages: on their day the family gets nothing else."""


@dataclass(slots=True)
class SchoolFacts:
    """What is known of some or all pupils of a school on a day.

    `facts` are by pupil. `carers` name the one carer a situation is about, by (pupil, situation): who stopped a channel, who told of an
    illness. `first_day_carers` had a first-day message today, about whichever child. `conditions` are templates of the illness file.
    """

    school: School
    day: date
    book: ChoosingBook
    roll: Roll
    calendar: SchoolCalendar
    span: Span
    blocks: Blocks
    channels: tuple[str, ...]
    facts: dict[str, dict[str, Fact]] = field(default_factory=dict)
    carers: dict[tuple[str, Situation], str] = field(default_factory=dict)
    conditions: dict[str, str | None] = field(default_factory=dict)
    first_day_carers: frozenset[str] = frozenset()

    def circle(self, pupil: Pupil) -> Circle:
        """A pupil's contacts, judged."""
        return circle_of(
            pupil,
            self.roll.contacts.get(pupil.pupil_id, ()),
            self.roll.carers,
            school_channels=self.channels,
            blocks=self.blocks,
        )

    def standing(self, pupil_id: str) -> dict[str, str | None]:
        """The template behind "condition.template" for a pupil."""
        return {"condition.template": self.conditions.get(pupil_id)}


def gather(
    connection: Connection,
    app: Application,
    school: School,
    *,
    now: datetime,
    pupil_ids: Collection[str] | None = None,
    asked: bool = False,
    day: date | None = None,
) -> SchoolFacts:
    """The facts of pupils on roll at a moment; `pupil_ids` keeps to some. `asked` says that a person asked for the list."""
    book = app.choosing
    day = day or local_date(now)
    calendar = app.calendar(school)
    span = Span.of(calendar, day, book.limits)
    found = SchoolFacts(
        school=school,
        day=day,
        book=book,
        roll=people.load_roll(connection, school.key, pupil_ids=pupil_ids),
        calendar=calendar,
        span=span,
        blocks=block_store.load_blocks(connection, school.key, day),
        channels=app.usable_channels(school),
    )
    reader = MarkReader(span, app.codes, book.limits, sessions=len(school.times))
    marks = _marks(connection, school, span, pupil_ids)
    for pupil_id, pupil in found.roll.pupils.items():
        found.facts[pupil_id] = {
            **pupil_facts(book, school, pupil),
            **reader.facts(marks.get(pupil_id, {})),
            "weekday": weekday_name(day),
            "asked": asked,
        }
    _first_day(connection, found)
    _replies(connection, app, found, now)
    _opt_outs(connection, found, now)
    if pupil_ids is None:
        _compare(found)
    return found


def _marks(
    connection: Connection, school: School, span: Span, pupil_ids: Collection[str] | None
) -> dict[str, dict[date, dict[str, str]]]:
    marks: dict[str, dict[date, dict[str, str]]] = {}
    for row in store.marks_between(connection, school.key, span.first, span.today, pupil_ids):
        marks.setdefault(row.pupil_id, {}).setdefault(row.day, {})[row.session] = row.code
    return marks


def marks_of(connection: Connection, school: School, span: Span, pupil_id: str) -> Marks:
    """One pupil's marks over the days that facts are read from."""
    return _marks(connection, school, span, [pupil_id]).get(pupil_id, {})


def _first_day(connection: Connection, found: SchoolFacts) -> None:
    school, day = found.school, found.day
    sent = store.messages_of(connection, school.key, day, FIRST_DAY)
    since = day - timedelta(days=found.book.limits.follow_up_days)
    open_now = store.followed_up(connection, school.key, since, day)
    told = {message.pupil_id for message in sent}
    found.first_day_carers = frozenset(message.carer_id for message in sent if message.carer_id)
    for pupil_id, facts in found.facts.items():
        facts["first_day_today"] = pupil_id in told
        facts["open_follow_up"] = pupil_id in open_now


def _replies(connection: Connection, app: Application, found: SchoolFacts, now: datetime) -> None:
    """What carers lately wrote. A reply that names no pupil counts for none."""
    limits = found.book.limits
    windows = {
        "illness_reply": limits.recent_reply_days,
        "refusal_reply": limits.refusal_days,
        "bereavement_reply": limits.bereavement_days,
        "urgent_reply": limits.urgent_days,
    }
    for facts in found.facts.values():
        facts |= dict.fromkeys(windows, False)
    since = at_local(found.day - timedelta(days=max(windows.values())), time.min)
    until = min(now, at_local(found.day + timedelta(days=1), time.min))
    for reply in store.replies_since(connection, found.school.key, since, until):
        age = (found.day - local_date(reply.received_at)).days
        said = {"urgent_reply"} if reply.urgent else set()
        if reply.intent in (Intent.ILLNESS, Intent.REFUSAL, Intent.BEREAVEMENT):
            said.add(f"{reply.intent}_reply")
        named = _named(reply)
        for pupil_id in named:
            if pupil_id not in found.facts:
                continue
            facts = found.facts[pupil_id]
            for name in said:
                if age <= windows[name]:
                    facts[name] = True
            if facts["illness_reply"] is True and reply.intent == Intent.ILLNESS:
                condition = (reply.facts or {}).get("condition")
                facts["condition"] = condition or ""
                found.conditions[pupil_id] = app.illness_template(condition)
                if reply.carer_id:
                    found.carers[(pupil_id, Situation.ILLNESS_REPLY)] = reply.carer_id


def _named(reply: Any) -> Sequence[str]:
    """Whom a reply is about: the children it names where it does, else all it was matched to."""
    told = (reply.facts or {}).get("pupil_ids")
    return told if isinstance(told, list) and told else reply.pupil_ids or ()


def _opt_outs(connection: Connection, found: SchoolFacts, now: datetime) -> None:
    """Pupils one of whose carers lately stopped a channel and may still be written to by another."""
    for facts in found.facts.values():
        facts["stopped_a_channel"] = False
    since = now - timedelta(days=found.book.limits.opt_out_days)
    stopped = {(row.channel, row.address) for row in store.stopped_since(connection, found.school.key, since)}
    if not stopped:
        return
    who = {
        carer.carer_id
        for carer in found.roll.carers.values()
        if ("sms", carer.mobile) in stopped or ("email", carer.email) in stopped
    }
    for pupil_id, contacts in found.roll.contacts.items():
        if not any(contact.carer_id in who for contact in contacts):
            continue
        for reach in found.circle(found.roll.pupils[pupil_id]).allowed:
            if reach.carer.carer_id in who and reach.channels:
                found.facts[pupil_id]["stopped_a_channel"] = True
                found.carers.setdefault((pupil_id, Situation.OPTED_OUT), reach.carer.carer_id)


def _compare(found: SchoolFacts) -> None:
    """The middle pupil's days of every year group, for a comparison that points at nobody."""
    by_year: dict[str, list[int]] = {}
    for pupil_id, facts in found.facts.items():
        missed = facts["days_missed"]
        by_year.setdefault(found.roll.pupils[pupil_id].year_group, []).append(missed if isinstance(missed, int) else 0)
    middles = {year: middle(numbers) for year, numbers in by_year.items() if year}
    for pupil_id, facts in found.facts.items():
        facts["others"] = middles.get(found.roll.pupils[pupil_id].year_group)


def values_for(found: SchoolFacts, pupil_id: str) -> dict[str, Any]:
    """The values that templates outside the first day may need about a pupil; dates are local."""
    facts, span = found.facts[pupil_id], found.span
    own, others = facts.get("days_missed"), facts.get("others")
    smaller = isinstance(own, int) and isinstance(others, int) and others < own
    return {
        "days_missed": own,
        "since": span.half_term[0] if span.half_term else None,
        "others": others if smaller else None,  # a comparison is only ever with fewer days
        "days_before": facts.get("days_before"),
        "days_now": facts.get("days_now"),
        "weeks": found.book.limits.weeks,
        "first_day": term_ahead(found.calendar, found.day),
    }


def stored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON keeps them."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


def restored(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as templates take them: what was a date is one again."""
    dates = ("since", "first_day")
    return {
        name: date.fromisoformat(value) if name in dates and isinstance(value, str) else value
        for name, value in values.items()
    }
