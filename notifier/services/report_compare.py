"""Several schools side by side: a line for each, and for hub leads with every small number hidden.

Whoever may see the reports of all these schools sees every number. A hub lead sees totals only: finished calendar months, which
never overlap, so that no number comes out by taking one report from another; and one base for all tables, the absences of the
morning session, so that their totals are the same (`domain.small_numbers`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from notifier.domain.schools import School
from notifier.domain.sessions import Session
from notifier.domain.small_numbers import HIDDEN, THRESHOLD, hide, with_totals
from notifier.services.application import Application
from notifier.services.report_shapes import Cell, Chart, Figure, Kind, Span
from notifier.services.reports import (
    REGISTER_HOLDS,
    absent_codes,
    bucketed,
    cut_off_seconds,
    intent_words,
    response_labels,
    response_parts,
)
from notifier.store import report_contacts
from notifier.store import reports as store
from notifier.wording.previews import language_name

ALL: str = "All schools"
_MISSED = ((11, "Up to 5 days"), (21, "5½ to 10 days"), (1_000_000, "More than 10 days"))
MOST_KINDS = 6
"""So many kinds of answers, or languages, have a column of their own."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The figures side by side, and whether small numbers are hidden in them."""

    figures: tuple[Figure, ...]
    small_hidden: bool


@dataclass(frozen=True, slots=True)
class _Table:
    key: str
    title: str
    said: str
    parts: tuple[str, ...]
    cells: dict[str, list[int]]
    unit: str


def compare(
    app: Application, schools: Sequence[School], span: Span, *, hide_small: bool, known: Collection[str] = ()
) -> Comparison:
    """The schools side by side over a span. `known` are the keys of schools whose own reports the reader sees too."""
    ordered = sorted(schools, key=lambda school: school.name)
    groups = _tables(app, ordered, span)
    figures = [figure for group in groups for figure in _drawn(group, ordered, hide_small, known)]
    return Comparison((*figures, _registers(app, ordered, span), _cost(app, ordered, span, hide_small)), hide_small)


def _tables(app: Application, schools: Sequence[School], span: Span) -> list[list[_Table]]:
    """Groups of tables; those of a group have the same total for each school."""
    scope = span.scope(schools)
    empty = {school.key: 0 for school in schools}
    reached: dict[str, list[int]] = {key: [0, 0, 0] for key in empty}
    alarms: dict[str, list[int]] = {key: [0, 0, 0] for key in empty}
    response: dict[str, list[int]] = {key: [0] * len(response_labels()) for key in empty}
    ways: dict[str, list[int]] = {key: [0, 0, 0] for key in empty}
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    wanted: dict[str, Counter[str]] = defaultdict(Counter)
    missed: dict[str, Counter[int]] = defaultdict(Counter)
    with app.database.read() as connection:
        for row in store.reach(connection, scope, session=Session.AM):
            reached[row.school_id] = [row.answered, row.written - row.answered, row.follow_ups - row.written]
            false = row.came_late + row.was_present
            alarms[row.school_id] = [row.came_late, row.was_present, row.follow_ups - false]
        for row in store.first_responses(connection, scope, cut_off_seconds(), span.summer()):
            response[row.school_id] = [
                one + more for one, more in zip(response[row.school_id], response_parts(row), strict=True)
            ]
        for row in report_contacts.carers_by_way(connection, scope.schools):
            ways[row.school_id] = [row.by_text, row.by_mail, row.by_none]
        for row in store.answers(connection, scope):
            kinds[row.school_id][row.intent] += row.replies
        for row in store.cost(connection, scope):
            wanted[row.school_id][row.wanted_language or "en"] += row.messages
        for row in store.sessions_missed(connection, scope, absent_codes(app)):
            missed[row.school_id][row.sessions] += row.pupils
    pupils = {key: [missed[key].pop(0, 0), *bucketed(missed[key], _MISSED)] for key in empty}
    return [
        [
            _Table("reach", "Whom the schools reached", "Absences without a reason in the morning session.",
                   ("Answered", "Written to, no answer", "Nobody written to"), reached, "absences"),
            _Table("response", "First-day response", "When the reason of these absences was first known.", response_labels(), response, "absences"),
            _Table("alarms", "False alarms", "Carers had been written to, and the child was in school or came late.",
                   ("Came late", "Register was wrong", "No false alarm"), alarms, "absences"),
        ],
        [_Table("contacts", "How carers can be written to now", "An address that does not work, or whose owner answered STOP, is no way.",
                ("By text", "Only by e-mail", "Not at all"), ways, "carers")],
        [_Table("answers", "What carers answered", "Answers by kind, as they were read by the service.",
                *_columns(kinds, empty, intent_words), "answers")],
        [_Table("languages", "Messages by language of the family", "Messages that left, texts and e-mails.",
                *_columns(wanted, empty, language_name), "messages")],
        [_Table("absence", "How many pupils missed how much", "Illness and other authorised absences among them.",
                ("None", *(label for _, label in _MISSED)), pupils, "pupils")],
    ]  # fmt: skip


def _columns(
    counted: dict[str, Counter[str]], keys: dict[str, int], words: object
) -> tuple[tuple[str, ...], dict[str, list[int]]]:
    """The commonest kinds as columns, the others in one."""
    together: Counter[str] = Counter()
    for each in counted.values():
        together.update(each)
    common = [kind for kind, _ in together.most_common(MOST_KINDS)]
    called = [words(kind) for kind in common]  # type: ignore[operator]
    cells = {
        key: [
            *(counted[key][kind] for kind in common),
            counted[key].total() - sum(counted[key][kind] for kind in common),
        ]
        for key in keys
    }
    return (*called, "Others"), cells


def _drawn(
    tables: Sequence[_Table], schools: Sequence[School], hide_small: bool, known: Collection[str]
) -> list[Figure]:
    grids = [with_totals([table.cells[school.key] for school in schools]) for table in tables]
    own = [row for row, school in enumerate(schools) if school.key in known]
    masks = hide(grids, known=own) if hide_small else [[[False] * len(row) for row in grid] for grid in grids]
    names = [*(school.name for school in schools), ALL]
    figures = []
    for table, grid, mask in zip(tables, grids, masks, strict=True):
        rows: list[tuple[Cell, ...]] = [
            (name, *(HIDDEN if hidden else value for value, hidden in zip(values, concealed, strict=True)))
            for name, values, concealed in zip(names, grid, mask, strict=True)
        ]
        figures.append(
            Figure(f"compare.{table.key}", table.title, table.said, ("School", *table.parts, "Altogether"), tuple(rows),
                   Chart(Kind.STACK, tuple(range(1, len(table.parts) + 1)), table.unit), total=True)
        )  # fmt: skip
    return figures


def _registers(app: Application, schools: Sequence[School], span: Span) -> Figure:
    """Held registers: about groups and their teachers' times, never about a pupil, so nothing is hidden."""
    scope = span.scope(schools)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    with app.database.read() as connection:
        for row in store.register_holds(connection, scope, REGISTER_HOLDS):
            found[row.school_id][row.kind] += row.holds
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (school.name, *(found[school.key][kind] for kind in REGISTER_HOLDS)) for school in schools
    )
    return Figure("compare.registers", "Registers late", "How often a group was held by its register.",
                  ("School", *REGISTER_HOLDS.values()), rows, Chart(Kind.STACK, (1, 2), "times held"))  # fmt: skip


def _cost(app: Application, schools: Sequence[School], span: Span, hide_small: bool) -> Figure:
    scope = span.scope(schools)
    pence: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    with app.database.read() as connection:
        for row in store.cost(connection, scope):
            pence[row.school_id] += float(row.pence or 0)  # type: ignore[assignment]
            sent[row.school_id] += row.messages
    # the price of a few texts tells how many there were
    few = {key for key in (school.key for school in schools) if hide_small and sent[key] < THRESHOLD}
    rows = tuple((school.name, HIDDEN if school.key in few else round(pence[school.key], 2)) for school in schools)
    return Figure("compare.cost", "What texts cost", "E-mails cost nothing.", ("School", "Cost"), rows, Chart(Kind.BARS, (1,), "pence"),
                  money=frozenset({1}))  # fmt: skip
