"""The inbox: what nobody has read yet, as conversations by child, from wrong numbers and from strangers.

A conversation is all that one address wrote and nobody has dealt with. It is dealt with as a whole, since an answer to one of three
texts answers the others. This module only reads; what people do is in `services.inbox_acts` and `services.answers`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from notifier.domain.people import Carer, Contact
from notifier.domain.replies import PLANS, Intent
from notifier.domain.schools import School
from notifier.domain.sessions import at_local, local_date
from notifier.store import inbox as store
from notifier.store import people
from notifier.store.people import Roll

LOOK_BACK: Final = timedelta(days=14)
"""How far back a conversation shows what was written both ways."""


class NoSuchReply(Exception):
    """The school has no such reply, or somebody has dealt with it; `by` and `at` say who and when in that case."""

    def __init__(self, by: str = "", at: datetime | None = None, outcome: str = "") -> None:
        super().__init__(by)
        self.by, self.at, self.outcome = by, at, outcome


@dataclass(frozen=True, slots=True)
class Child:
    """A pupil a conversation may be about."""

    pupil_id: str
    called: str
    name: str
    group: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that one address wrote and nobody has dealt with. `key` is the oldest of its replies.

    `stranger` says that nobody knows whose address it is; `wrong` that somebody says the number is not theirs to answer.
    """

    key: str
    sender: str
    channel: str
    replies: tuple[Any, ...]
    children: tuple[Child, ...]
    carer: Carer | None
    contacts: tuple[Contact, ...]
    follow_ups: tuple[Any, ...]
    now: datetime = field(repr=False)

    @property
    def urgent(self) -> bool:
        """Whether any of it must be read before all else."""
        return any(row.urgent for row in self.replies)

    @property
    def oldest(self) -> datetime:
        """When the oldest of it came."""
        first: datetime = self.replies[0].received_at
        return first

    @property
    def stranger(self) -> bool:
        """Whether nobody knows whose address it is."""
        return self.carer is None

    @property
    def wrong(self) -> bool:
        """Whether it says that the number is somebody else's."""
        return any(row.intent == Intent.WRONGNUM for row in self.replies)

    @property
    def holder(self) -> str:
        """Whoever deals with it now; empty where it is free."""
        return next((row.taken_by for row in self.replies if _held(row, self.now)), "")

    @property
    def held_until(self) -> datetime | None:
        """Until when it is somebody's."""
        return next((row.taken_until for row in self.replies if _held(row, self.now)), None)

    @property
    def given_by(self) -> str:
        """Who gave it to the holder; empty where they took it."""
        return next((row.given_by or "" for row in self.replies if _held(row, self.now)), "")

    @property
    def versions(self) -> dict[str, int]:
        """What whoever looks at it now has seen."""
        return {row.reply_id: row.version for row in self.replies}

    @property
    def seen(self) -> str:
        """The same for a hidden field of a form."""
        return " ".join(f"{key}:{version}" for key, version in self.versions.items())

    @property
    def relationship(self) -> str:
        """What the carer is to the children."""
        return next((contact.relationship for contact in self.contacts if contact.relationship), "")


def _held(row: Any, now: datetime) -> bool:
    return bool(row.taken_by) and row.taken_until is not None and row.taken_until > now


@dataclass(frozen=True, slots=True)
class Household:
    """Conversations about the same children, the urgent first."""

    children: tuple[Child, ...]
    conversations: tuple[Conversation, ...]

    @property
    def urgent(self) -> bool:
        """Whether any of them is."""
        return any(each.urgent for each in self.conversations)

    @property
    def oldest(self) -> datetime:
        """When the oldest came."""
        return min(each.oldest for each in self.conversations)


@dataclass(frozen=True, slots=True)
class Inbox:
    """Everything nobody has dealt with: by children, from wrong numbers, from strangers. `unread` counts single replies."""

    households: tuple[Household, ...]
    wrong: tuple[Conversation, ...]
    strangers: tuple[Conversation, ...]
    unread: int
    shown: int

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """All of them."""
        return (*(each for house in self.households for each in house.conversations), *self.wrong, *self.strangers)

    @property
    def oldest(self) -> datetime | None:
        """When the oldest came; None where nothing waits."""
        return min((each.oldest for each in self.conversations), default=None)


def load(connection: Connection, school: School, *, now: datetime) -> Inbox:
    """The inbox of a school, in a handful of queries."""
    rows = store.unread(connection, school.key)
    total = len(rows) if len(rows) < store.MOST_SHOWN else store.count_unread(connection, school.key)
    found = _conversations(connection, school, rows, now)
    houses: list[list[Conversation]] = []
    for each in (one for one in found if not one.wrong and (one.children or one.carer)):
        ids = {child.pupil_id for child in each.children}
        near = [house for house in houses if any(child.pupil_id in ids for other in house for child in other.children)]
        houses = [house for house in houses if house not in near]
        houses.append([other for house in near for other in house] + [each])
    households = [_household(house) for house in houses]
    return Inbox(
        households=tuple(sorted(households, key=lambda house: (not house.urgent, house.oldest))),
        wrong=_in_order(each for each in found if each.wrong),
        strangers=_in_order(each for each in found if not each.wrong and not each.children and not each.carer),
        unread=total,
        shown=len(rows),
    )


def _in_order(found: Any) -> tuple[Conversation, ...]:
    return tuple(sorted(found, key=lambda each: (not each.urgent, each.oldest)))


def _household(house: Sequence[Conversation]) -> Household:
    children = {child.pupil_id: child for each in house for child in each.children}
    ordered = tuple(sorted(children.values(), key=lambda child: (child.name, child.pupil_id)))
    return Household(ordered, _in_order(house))


def _conversations(connection: Connection, school: School, rows: Sequence[Any], now: datetime) -> list[Conversation]:
    by_sender: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        by_sender.setdefault((row.sender, row.carer_id or ""), []).append(row)
    pupil_ids = {pupil_id for row in rows for pupil_id in row.pupil_ids}
    roll = (
        people.load_roll(connection, school.key, pupil_ids=pupil_ids, off_roll=True) if pupil_ids else Roll({}, {}, {})
    )
    beside = store.follow_ups_of(connection, school.key, [row.reply_id for row in rows])
    return [_conversation(sender, carer_id, mine, roll, beside, now) for (sender, carer_id), mine in by_sender.items()]


def _conversation(
    sender: str, carer_id: str, rows: Sequence[Any], roll: Roll, beside: Mapping[str, Sequence[Any]], now: datetime
) -> Conversation:
    ids = list(dict.fromkeys(pupil_id for row in rows for pupil_id in row.pupil_ids))
    chased = {each.follow_up_id: each for row in rows for each in beside.get(row.reply_id, ())}
    links = [link for pupil_id in ids for link in roll.contacts.get(pupil_id, ()) if link.carer_id == carer_id]
    children = [
        Child(
            pupil_id, pupil.called, f"{pupil.called} {pupil.family_name}".strip(), pupil.registration_group,
            tuple(sorted(pupil.flags)),
        )
        for pupil_id in ids
        if (pupil := roll.pupils.get(pupil_id)) is not None
    ]  # fmt: skip
    return Conversation(
        key=rows[0].reply_id,
        sender=sender,
        channel=rows[-1].channel,
        replies=tuple(rows),
        children=tuple(children),
        carer=(roll.carers.get(carer_id) or Carer(carer_id)) if carer_id else None,
        contacts=tuple(links),
        follow_ups=tuple(chased.values()),
        now=now,
    )


def conversation(connection: Connection, school: School, reply_id: str, *, now: datetime) -> Conversation:
    """The conversation that a reply belongs to. Raises NoSuchReply where there is none any more."""
    row = store.reply(connection, school.key, reply_id)
    if row is None:
        raise NoSuchReply
    if row.read_at is not None:
        raise NoSuchReply(row.read_by or "", row.read_at, row.outcome or "")
    mine = [
        each
        for each in store.from_sender(connection, school.key, row.sender, since=now)
        if each.read_at is None and each.carer_id == row.carer_id
    ]
    return _conversations(connection, school, mine, now)[0]


def seen_in(text: str) -> dict[str, int]:
    """What a form says that its page had shown; empty where it cannot be read."""
    found: dict[str, int] = {}
    for part in text.split()[: store.MOST_SHOWN]:
        key, _, version = part.rpartition(":")
        if key and version.isdecimal() and len(version) < 10:
            found[key] = int(version)
    return found


def history(
    connection: Connection, school: School, found: Conversation, *, now: datetime
) -> list[tuple[datetime, str, Any]]:
    """What went both ways with this address lately, oldest first: (when, "out" or "in", the row). The open replies are left out."""
    since = now - LOOK_BACK
    out = [(row.created_at, "out", row) for row in store.sent_to(connection, school.key, found.sender, since=since)]
    into = [
        (row.received_at, "in", row)
        for row in store.from_sender(connection, school.key, found.sender, since=since)
        if row.reply_id not in found.versions
    ]
    return sorted([*out, *into], key=lambda each: each[0])


def read_today(connection: Connection, school: School, *, now: datetime) -> int:
    """How many replies were dealt with today."""
    return store.count_read_since(connection, school.key, at_local(local_date(now), time(0)))


def plan_of(row: Any) -> Any:
    """What a reply's reading sets in motion."""
    return PLANS[Intent(row.intent)]
