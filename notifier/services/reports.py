"""The reports of one school, or of several counted together: what the morning's work comes to over a span of days.

Each report is worked out by itself from a few grouped queries (`store.reports`). Days, not percentages: a head can act on "31 days
missed", and a family can picture it. Comparing schools is for `report_compare`.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection

from notifier.domain.codes import CodeClass, CodeEffect
from notifier.domain.replies import PLANS, Intent
from notifier.domain.schools import School
from notifier.services import report_contacts
from notifier.services.application import Application
from notifier.services.report_shapes import Cell, Chart, Figure, Kind, Report, Span, counted, day_words, totals
from notifier.store import reports as store
from notifier.store.reports import Scope

CUT_OFFS: Final = ((9, 45), (10, 0), (10, 30))
"""Local times by which a first-day absence should have an answer."""

REGISTER_HOLDS: Final = {"register_not_taken": "Not taken", "register_stale": "Too old to act on"}

_BUCKETS: Final = ((5, "Within 5 minutes"), (10, "5 to 10 minutes"), (20, "10 to 20 minutes"), (30, "20 to 30 minutes"),
                   (60, "30 to 60 minutes"), (1_000_000, "More than an hour"))  # fmt: skip
_DAYS_MISSED: Final = (
    (3, "Up to 1 day"),
    (7, "1½ to 3 days"),
    (11, "3½ to 5 days"),
    (21, "5½ to 10 days"),
    (1_000_000, "More than 10 days"),
)
"""Sessions missed: each bucket ends below its number; two sessions are a day."""


def make(app: Application, key: str, schools: Sequence[School], span: Span) -> Report:
    """One report by its key (see REPORTS). Raises KeyError."""
    with app.database.read() as connection:
        return REPORTS[key](connection, app, span, span.scope(schools))


def _reach(connection: Connection, app: Application, span: Span, scope: Scope) -> Report:
    total = totals(store.reach(connection, scope))
    minutes: Counter[int] = Counter()
    for row in store.answer_minutes(connection, scope):
        minutes[row.minutes] += row.follow_ups
    answered, half = minutes.total(), median(minutes)
    rows = (
        ("Absences without a reason", total["follow_ups"]),
        ("A carer was written to", total["written"]),
        ("A message is known to have arrived", total["delivered"]),
        ("A carer answered", total["answered"]),
        ("Settled", total["closed"]),
    )
    timed = [*((label, number) for (_, label), number in zip(_BUCKETS, bucketed(minutes, _BUCKETS), strict=True)),
             ("No answer to a message", max(0, total["written"] - answered))]  # fmt: skip
    said = f"Of {total['follow_ups']} absences without a reason, carers were written to about {total['written']}, and {total['answered']} were answered."
    quick = (
        f"Half of the answers came within {half} minutes of the first message."
        if half is not None
        else "There were no answers to messages."
    )
    return Report(
        "reach", "Whom we reached, and how quickly", "Each unexplained absence is counted once for each session it was chased.",
        (
            Figure("reach.reached", "From absence to answer", said, ("What happened", "Absences"), rows, Chart(Kind.BARS, (1,), "absences")),
            Figure("reach.minutes", "How long answers took", quick, ("Time after the first message", "Absences"), tuple(timed),
                   Chart(Kind.BARS, (1,), "absences")),
        ),
    )  # fmt: skip


def _answers(connection: Connection, app: Application, span: Span, scope: Scope) -> Report:
    found: Counter[str] = Counter()
    urgent: Counter[str] = Counter()
    for row in store.answers(connection, scope):
        found[row.intent] += row.replies
        urgent[row.intent] += row.urgent
    rows = tuple((intent_words(intent), number, urgent[intent]) for intent, number in found.most_common())
    said = f"{found.total()} answers came in; {urgent.total()} of them were read as urgent."
    return Report(
        "answers", "What carers answered", "As the answers were read by the service; a person decides what the reason is.",
        (Figure("answers.kinds", "Answers by kind", said, ("Kind of answer", "Answers", "Urgent"), rows, Chart(Kind.BARS, (1,), "answers")),),
    )  # fmt: skip


def absent_codes(app: Application) -> frozenset[str]:
    """The codes of an absence, as the statistics have it."""
    absent = (CodeClass.AUTHORISED, CodeClass.UNAUTHORISED)
    return frozenset(
        code for code, entry in app.codes.codes.items() if entry.code_class in absent and not entry.withdrawn
    )


def _absence(connection: Connection, app: Application, span: Span, scope: Scope) -> Report:
    absent = absent_codes(app)
    missed: Counter[date] = Counter()
    unknown: Counter[date] = Counter()
    by_weekday: Counter[int] = Counter()
    days: dict[int, set[date]] = defaultdict(set)
    for row in store.marks_by_code(connection, scope):
        if app.codes.is_mark(row.code):
            days[row.day.weekday()].add(row.day)
            missed[span.part_of(row.day)] += 0
        if row.code in absent:
            missed[span.part_of(row.day)] += row.marks
            by_weekday[row.day.weekday()] += row.marks
        if app.codes.effect(row.code) is CodeEffect.UNEXPLAINED:
            unknown[span.part_of(row.day)] += row.marks
    sessions: Counter[int] = Counter()
    for row in store.sessions_missed(connection, scope, absent):
        sessions[row.sessions] += row.pupils
    marked, none = sessions.total(), sessions.pop(0, 0)
    counts = bucketed(sessions, _DAYS_MISSED)
    rows = tuple((day_words(day), missed[day] / 2, unknown[day] / 2) for day in sorted(missed))
    weekday_rows = tuple(
        (_WEEKDAYS[number], round(by_weekday[number] / 2 / len(days[number]), 1)) for number in sorted(days)
    )
    total = missed.total() / 2
    half = f"Pupils missed {_days(total)} altogether; {_days(unknown.total() / 2)} still have no reason."
    most = (
        f"{counts[-1]} of {marked} pupils missed more than 10 days."
        if counts[-1]
        else f"No pupil of {marked} missed more than 10 days."
    )
    word = "Week beginning" if span.weekly else "Day"
    return Report(
        "absence", "Days missed", "A session missed is half a day. Illness and other authorised absences are counted with the others.",
        (
            Figure("absence.time", f"Days missed by {'week' if span.weekly else 'day'}", half,
                   (word, "Pupil days missed", "of these without a reason"), rows, Chart(Kind.COLUMNS, (1, 2), "days")),
            Figure("absence.weekday", "Days missed on each day of the week",
                   "The average of the school days in this time.", ("Day of the week", "Pupil days missed on an average day"),
                   weekday_rows, Chart(Kind.COLUMNS, (1,), "days")),
            Figure("absence.pupils", "How many pupils missed how much", most, ("Days missed", "Pupils"),
                   (("None", none), *((label, number) for (_, label), number in zip(_DAYS_MISSED, counts, strict=True))),
                   Chart(Kind.BARS, (1,), "pupils")),
        ),
    )  # fmt: skip


_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def cut_off_seconds() -> tuple[int, ...]:
    """The cut-offs as seconds after local midnight."""
    return tuple(hour * 3600 + minute * 60 for hour, minute in CUT_OFFS)


def _response(connection: Connection, app: Application, span: Span, scope: Scope) -> Report:
    parts: dict[date, list[int]] = defaultdict(lambda: [0] * (len(CUT_OFFS) + 2))
    for row in store.first_responses(connection, scope, cut_off_seconds(), span.summer()):
        for place, number in enumerate(response_parts(row)):
            parts[span.part_of(row.day)][place] += number
    rows: tuple[tuple[Cell, ...], ...] = tuple((day_words(day), *parts[day], sum(parts[day])) for day in sorted(parts))
    sums = [sum(day[place] for day in parts.values()) for place in range(len(CUT_OFFS) + 2)]
    said = f"By 10:30, {sum(sums[: len(CUT_OFFS)])} of {sum(sums)} morning absences had an answer or a settled reason."
    word = "Week beginning" if span.weekly else "Day"
    return Report(
        "response", "First-day response", "For absences of the morning session: when somebody first knew why, by a carer’s answer or a settled reason.",
        (Figure("response.times", "When the reason was first known", said, (word, *response_labels(), "Altogether"), rows,
                Chart(Kind.STACK, tuple(range(1, len(CUT_OFFS) + 3)), "absences")),),
    )  # fmt: skip


def _alarm_words(cause: str, code: str | None) -> str:
    if cause == "arrived_later":
        return "The pupil came for the afternoon"
    if code == "L":
        return "The pupil came before the register closed (L)"
    if code == "U":
        return "The pupil came after the register closed (U)"
    return "The register was wrong, and was put right"


def response_labels() -> tuple[str, ...]:
    """The parts of a morning by when the reason was known."""
    first, second, third = (f"{hour:02}:{minute:02}" for hour, minute in CUT_OFFS)
    return (f"Before {first}", f"{first} to {second}", f"{second} to {third}", f"After {third}", "No answer")


def response_parts(row: Any) -> list[int]:
    """A row of `store.first_responses` as numbers that add up to its follow-ups."""
    edges = [getattr(row, f"by_{place}") for place in range(len(CUT_OFFS))]
    steps = [edges[0], *(later - earlier for earlier, later in itertools.pairwise(edges))]
    return [*steps, row.ever - edges[-1], row.follow_ups - row.ever]


def _registers(connection: Connection, app: Application, span: Span, scope: Scope) -> Report:
    rows = sorted(
        store.register_holds(connection, scope, REGISTER_HOLDS), key=lambda row: (-row.holds, row.group, row.kind)
    )
    several = len(scope.schools) > 1
    made = tuple(
        (f"{row.group}, {row.school_id}" if several else row.group, REGISTER_HOLDS[row.kind], row.holds,
         round(float(row.minutes)) if row.minutes is not None else None, row.by_person, row.still_held)
        for row in rows
    )  # fmt: skip
    held = sum(row.holds for row in rows)
    said = (
        f"Late or old registers held a group {held} {'time' if held == 1 else 'times'}."
        if held
        else "No register was late."
    )
    return Report(
        "registers", "Registers late", "A group whose register is not taken, or too old, is held: nobody in it is texted until it is right.",
        (Figure("registers.groups", "Groups held by their register", said,
                ("Group", "Register", "Times held", "Minutes held on average", "Released by a person", "Never released"), made,
                Chart(Kind.BARS, (2,), "times held")),),
    )  # fmt: skip


def _alarms(connection: Connection, app: Application, span: Span, scope: Scope) -> Report:
    causes: Counter[str] = Counter()
    times: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for row in store.false_alarms_by_day(connection, scope):
        late = row.cause == "arrived_later" or row.code in store.LATE
        causes[_alarm_words(row.cause, row.code)] += row.follow_ups
        times[span.part_of(row.day)][0 if late else 1] += row.follow_ups
    said_by: Counter[str] = Counter()
    for row in store.answers(connection, scope):
        said_by[row.intent] += row.replies
    told = sum(store.all_clears(connection, scope).values())
    total = totals(store.reach(connection, scope))
    number = causes.total()
    share = f", of {total['written']} about which a carer was written to" if total["written"] else ""
    rows = tuple(causes.most_common())
    signs = (
        ("Carers who answered that the child is in school", said_by[Intent.DISPUTE.value]),
        ("Messages that reached somebody else’s number", said_by[Intent.WRONGNUM.value]),
        ("All-clear messages sent", told),
    )
    word = "Week beginning" if span.weekly else "Day"
    return Report(
        "alarms", "False alarms", "A carer had been written to, and the child was in school or came late: exactly those who were alarmed are told.",
        (
            Figure("alarms.causes", "What caused them", counted(number, "false alarm", "false alarms") + f"{share}.", ("Cause", "Absences"), rows,
                   Chart(Kind.BARS, (1,), "absences")),
            Figure("alarms.time", f"False alarms by {'week' if span.weekly else 'day'}", "Late pupils and wrong registers apart.",
                   (word, "Came late", "Register was wrong"), tuple((day_words(day), *times[day]) for day in sorted(times)),
                   Chart(Kind.STACK, (1, 2), "absences")),
            Figure("alarms.signs", "What else tells of alarms", "Answers, and what was sent to set minds at rest.", ("Sign", "Number"), signs),
        ),
    )  # fmt: skip


REPORTS: Final[Mapping[str, Callable[[Connection, Application, Span, Scope], Report]]] = {
    "reach": _reach,
    "response": _response,
    "answers": _answers,
    "alarms": _alarms,
    "contacts": report_contacts.contacts,
    "registers": _registers,
    "absence": _absence,
    "cost": report_contacts.cost,
}
"""The reports by key, in the order of the page."""


def intent_words(intent: str) -> str:
    """The kind of an answer, for people."""
    try:
        return PLANS[Intent(intent)].label
    except ValueError:
        return intent


def median(counted: Counter[int]) -> int | None:
    """The middle value of counted values; None where there is none."""
    left = (counted.total() + 1) // 2
    for value in sorted(counted):
        left -= counted[value]
        if left <= 0:
            return value
    return None


def bucketed(counted: Counter[int], buckets: Sequence[tuple[int, str]]) -> list[int]:
    """Counted values by bucket; each ends below its number."""
    found = [0] * len(buckets)
    for value, number in counted.items():
        found[next(place for place, (edge, _) in enumerate(buckets) if value < edge)] += number
    return found


def _days(number: float) -> str:
    return f"{number:g} {'day' if number == 1 else 'days'}"
