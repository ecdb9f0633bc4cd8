"""The story of a played morning in figures, asked of the data afterwards, and the three promises held against it.

Everything here comes from the database and from what the pretend network took, not from the script of the morning. How it is
shown stands in `notifier.demo.screen`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Any, Final

from notifier.demo.moments import Moment
from notifier.demo.morning import Played
from notifier.demo.stage import Stage
from notifier.domain.messages import MAY_HAVE_LEFT, MessageStatus
from notifier.domain.reasons import Reason
from notifier.domain.sessions import Session
from notifier.services import views
from notifier.services.outbox import ABSENCE
from notifier.services.tick import unaccounted
from notifier.store import marks, runs
from notifier.store import messages as message_store


class Whereabouts(StrEnum):
    """What became of an unexplained absence by the end of the day; the last means that it was forgotten."""

    IN_SCHOOL = "safe in school"
    EXPLAINED = "explained"
    KNOWN_BEFORE = "known before"
    WITH_A_PERSON = "with a person"
    HELD = "held"
    LOST = "forgotten"


LEFT: Final = MAY_HAVE_LEFT | {MessageStatus.UNDELIVERED}
"""States of messages that left the school."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: whether it was kept, and the figures behind it."""

    words: str
    kept: bool
    evidence: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Something the guards held: what, and when it was let go and by whom (None while it stands)."""

    what: str
    made_at: datetime
    released_at: datetime | None
    released_by: str | None


@dataclass(frozen=True)
class Story:
    """One morning in figures. Money is in pence, times are aware UTC, `whereabouts` counts pupils.

    `checks` says how often the data was asked for a lost absence, `barred_links` how many pupil-carer pairs must never be joined by
    a message.
    """

    school_key: str
    school: str
    day: date
    seed: int
    pupils: int
    groups: int
    unexplained: int
    whereabouts: Mapping[Whereabouts, int]
    contacted_pupils: int
    contacted_carers: int
    texts: int
    emails: int
    staff_emails: int
    not_delivered: int
    answered_carers: int
    minutes_to_answer: float | None
    intents: Mapping[str, int]
    urgent: int
    urgent_minutes: float
    all_clear_pupils: int
    all_clear_messages: int
    all_clear_exact: bool
    to_ring: Mapping[str, int]
    holds: tuple[Hold, ...]
    languages: Mapping[str, int]
    fallbacks: Mapping[str, int]
    segments: int
    cost_pence: float
    promises: tuple[Promise, ...]
    checks: int
    barred_links: int
    moments: tuple[Moment, ...]

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        return all(promise.kept for promise in self.promises)

    def as_json(self) -> dict[str, Any]:
        """The story as one JSON document."""
        return {**asdict(self), "kept": self.kept}


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What the data says at the end: the board, carers' answers, all messages, decisions, holds, who is on site, pence spent."""

    board: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    messages: list[Any]
    decisions: dict[tuple[str, str], Any]
    holds: list[Any]
    on_site: set[tuple[str, Session]]
    cost: float


def _ask(stage: Stage) -> _Evidence:
    school, day = stage.school, stage.day.day
    with stage.app.database.read() as connection:
        return _Evidence(
            board=views.board(connection, stage.app, school, day),
            answers=[entry for entry in views.log_entries(connection, school, day=day) if entry["kind"] == "reply"],
            messages=message_store.listing(connection, school.key, day=day, staff=True),
            decisions={
                key: row
                for session in Session
                for key, row in runs.current_decisions(connection, school.key, day, session).items()
            },
            holds=runs.holds_of(connection, school.key, day),
            on_site={
                (pupil_id, session)
                for session in Session
                for pupil_id, mark in marks.session_marks(connection, school.key, day, session).items()
                if stage.app.codes.is_on_site(mark.code)
            },
            cost=message_store.spent_today(connection, school.key, day),
        )


def story_of(stage: Stage, played: Played) -> Story:
    """Ask the data how the morning went."""
    school, pretend, day = stage.school, stage.pretend, stage.day.day
    evidence = _ask(stage)
    board, answers = evidence.board, evidence.answers
    left = [row for row in evidence.messages if row.status in LEFT]
    to_carers = [row for row in left if row.audience == "carer"]
    absence = [row for row in to_carers if row.purpose == ABSENCE]
    clear = [row for row in to_carers if row.purpose == "all_clear"]
    arrived = {item["pupil_id"] for item in board if item["closed_reason"] in ("present", "arrived_later")}
    ahead = {report.pupil_id for report in stage.day.reported_ahead()}
    found = _whereabouts(played, board, evidence.decisions, ahead=ahead, on_site=evidence.on_site)
    ring = Counter(item["call_reason"] or item["reason"] for item in _open_pupils(board).values())
    return Story(
        school_key=school.key,
        school=school.name,
        day=day,
        seed=pretend.seed,
        pupils=len(pretend.pupils),
        groups=len(pretend.groups),
        unexplained=len({pupil_id for pupil_id, _ in played.unexplained}),
        whereabouts=found,
        contacted_pupils=len({pupil_id for row in absence for pupil_id in row.pupil_ids}),
        contacted_carers=len({row.carer_id for row in absence}),
        texts=sum(row.channel == "sms" for row in to_carers),
        emails=sum(row.channel == "email" for row in to_carers),
        staff_emails=sum(row.audience != "carer" for row in left),
        not_delivered=sum(row.status == MessageStatus.UNDELIVERED for row in to_carers),
        answered_carers=len({entry["carer_id"] for entry in answers}),
        minutes_to_answer=_minutes_to_answer(absence, answers),
        intents=_ordered(Counter(entry["intent"] for entry in _first_answers(answers))),
        urgent=sum(entry["urgent"] for entry in answers),
        urgent_minutes=max(
            (_minutes_under_way(row) for row in left if row.template == "staff_urgent_reply"), default=0.0
        ),
        all_clear_pupils=len({pupil_id for row in clear for pupil_id in row.pupil_ids}),
        all_clear_messages=len(clear),
        all_clear_exact=_links(clear) == {link for link in _links(absence) if link[0] in arrived},
        to_ring=_ordered(ring),
        holds=tuple(
            Hold(row.scope or "the whole school", row.made_at, row.released_at, row.released_by)
            for row in sorted(evidence.holds, key=lambda row: (row.made_at, row.scope))
        ),
        languages=_ordered(Counter(row.language for row in to_carers)),
        fallbacks=_ordered(Counter(row.wanted_language for row in to_carers if row.fallback)),
        segments=sum(row.segments for row in to_carers if row.channel == "sms"),
        cost_pence=evidence.cost,
        promises=_promises(stage, played, found, left),
        checks=played.checks,
        barred_links=len(pretend.never_told),
        moments=tuple(played.moments),
    )


def _links(rows: Iterable[Any]) -> set[tuple[str, str, str]]:
    """Pupil, carer and channel of messages that a carer may have read."""
    return {
        (pupil_id, row.carer_id, row.channel)
        for row in rows
        if row.status in MAY_HAVE_LEFT
        for pupil_id in row.pupil_ids
    }


def _minutes_under_way(row: Any) -> float:
    """Minutes from queueing a message to handing it over."""
    way: timedelta = (row.sent_at or row.changed_at) - row.created_at
    return way / timedelta(minutes=1)


def _ordered(counts: Counter[str]) -> dict[str, int]:
    """Counts, largest first, then by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _open_pupils(board: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Pupils with an open follow-up on the call list; the earlier session speaks for both."""
    found: dict[str, Mapping[str, Any]] = {}
    for item in sorted(board, key=lambda each: each["session"]):
        if item["state"] != "closed" and item["call_list_at"]:
            found.setdefault(item["pupil_id"], item)
    return found


def _whereabouts(
    played: Played,
    board: Iterable[Mapping[str, Any]],
    decisions: Mapping[tuple[str, str], Any],
    *,
    ahead: Collection[str],
    on_site: Collection[tuple[str, Session]],
) -> dict[Whereabouts, int]:
    """Where every pupil stands who was ever marked unexplained: the least settled of their sessions counts."""
    items = {(item["pupil_id"], item["session"]): item for item in board}
    worst: dict[str, Whereabouts] = {}
    order = list(Whereabouts)
    for pupil_id, session in sorted(played.unexplained):
        item, decision = items.get((pupil_id, session.value)), decisions.get((session.value, pupil_id))
        place = _place(item, decision, reported_ahead=pupil_id in ahead)
        if item is None and (pupil_id, session) in on_site:
            place = Whereabouts.IN_SCHOOL  # the mark was put right before anything left
        before = worst.get(pupil_id, place)
        worst[pupil_id] = max(before, place, key=order.index)
    counts = Counter(worst.values())
    return {place: counts[place] for place in order if counts[place]}


def _place(item: Mapping[str, Any] | None, decision: Any | None, *, reported_ahead: bool) -> Whereabouts:
    if item is not None and item["state"] == "closed":
        return Whereabouts.IN_SCHOOL if item["closed_reason"] in ("present", "arrived_later") else Whereabouts.EXPLAINED
    if item is not None:
        watched = item["call_list_at"] or item["urgent_at"] or item["answered_at"] or item["messages"]
        return Whereabouts.WITH_A_PERSON if watched else Whereabouts.LOST
    if decision is None:
        return Whereabouts.LOST
    if decision.outcome == "hold":
        return Whereabouts.HELD
    if decision.reason == Reason.REPORTED_AHEAD or (reported_ahead and decision.outcome == "withhold"):
        return Whereabouts.KNOWN_BEFORE  # later the office enters the reason, and the decision follows the mark
    return Whereabouts.EXPLAINED if decision.outcome == "withhold" else Whereabouts.LOST


def _first_answers(answers: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first thing each carer wrote; thanks for an all clear are no answer."""
    first: dict[str, Mapping[str, Any]] = {}
    for entry in sorted(answers, key=lambda each: (each["received_at"], each["body"])):
        first.setdefault(entry["carer_id"] or entry["from"], entry)
    return list(first.values())


def _minutes_to_answer(absence: Iterable[Any], answers: Iterable[Mapping[str, Any]]) -> float | None:
    """Half of the carers who answered had done so within so many minutes of the first message to them."""
    asked: dict[str, datetime] = {}
    for row in absence:
        asked[row.carer_id] = min(row.created_at, asked.get(row.carer_id, row.created_at))
    waits = [
        (datetime.fromisoformat(entry["received_at"]) - asked[entry["carer_id"]]) / timedelta(minutes=1)
        for entry in _first_answers(answers)
        if entry["carer_id"] in asked
    ]
    return round(median(waits), 1) if waits else None


def _promises(
    stage: Stage, played: Played, found: Mapping[Whereabouts, int], left: Iterable[Any]
) -> tuple[Promise, ...]:
    total = sum(found.values())
    lost = len(played.lost) + len(unaccounted(stage.app, stage.school.key)) + found.get(Whereabouts.LOST, 0)
    rows = list(left)
    forbidden = stage.pretend.never_told
    told = sum((pupil_id, row.carer_id) in forbidden for row in rows for pupil_id in row.pupil_ids)
    taken = Counter(message.message_id for message in stage.network.messages)
    twice = sum(count > 1 for count in taken.values())
    strays = len(set(taken) ^ {row.message_id for row in rows})
    return (
        Promise(
            "Every unexplained absence accounted for",
            not lost and not played.trouble,
            f"{total - found.get(Whereabouts.LOST, 0)} of {total}",
        ),
        Promise(
            "Nobody told who must not be",
            not told,
            f"{told} of {len(rows)} messages",
        ),
        Promise(
            "No message twice",
            not twice and not strays,
            f"{len(rows)} left, {len(taken) - twice} arrived once",
        ),
    )
