"""Which follow-ups need a person next, and what the counts hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifier.domain import board
from notifier.domain.board import Card, Part
from notifier.registers.refusals import neutralised
from notifier.services.today import matches

NINE = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def card(name: str, *, opened: int = 0, **values: Any) -> Card:
    moments = {key: NINE + timedelta(minutes=value) for key, value in values.items() if key.endswith("_at")}
    given: dict[str, Any] = {
        "follow_up_id": name, "pupil_id": name, "name": name, "group": "4B", "flags": frozenset(), "session": "AM",
        "reason": "unexplained", "opened_at": NINE + timedelta(minutes=opened), "left": 1,
    }  # fmt: skip
    return Card(**{**given, **values, **moments})


VULNERABLE = frozenset({"vulnerable"})


def test_whoever_needs_a_person_next_stands_first():
    wanted = [
        card("urgent and vulnerable", urgent_at=9, answered_at=9, flags=VULNERABLE),
        card("urgent", urgent_at=5, answered_at=5),
        card("vulnerable, not heard of", call_list_at=0, flags=VULNERABLE),
        card("handed over", handed_over_at=120, call_list_at=60),
        card("to ring, later", opened=3, call_list_at=60),
        card("answered, vulnerable", answered_at=20, flags=VULNERABLE),
        card("answered first", answered_at=4),
        card("answered later", answered_at=8),
        card("waiting longest"),
        card("waiting", opened=11),
        card("settled", closed_at=30),
    ]
    mixed = wanted[::2] + wanted[1::2]
    assert [one.name for one in sorted(mixed, key=board.need)] == [one.name for one in wanted]


@pytest.mark.parametrize(
    ("one", "parts"),
    [
        (card("waiting"), {Part.UNEXPLAINED, Part.CONTACTED}),
        (card("about to be", left=0, waiting=1), {Part.UNEXPLAINED}),
        (card("nobody", left=0, call_list_at=0), {Part.UNEXPLAINED, Part.RING, Part.UNREACHABLE}),
        (card("asked who", answers=1), {Part.UNEXPLAINED, Part.CONTACTED, Part.ANSWERED}),
        (card("urgent", urgent_at=3, answered_at=3, answers=1, call_list_at=3),
         {Part.UNEXPLAINED, Part.CONTACTED, Part.ANSWERED, Part.URGENT, Part.RING}),
        (card("settled", closed_at=3, urgent_at=2, call_list_at=2), {Part.EXPLAINED, Part.CONTACTED}),
        (card("settled, never reached", left=0, closed_at=3), {Part.EXPLAINED}),
    ],
)  # fmt: skip
def test_a_follow_up_belongs_to_its_parts(one, parts):
    assert board.parts_of(one) == parts


def test_unexplained_and_explained_are_all():
    cards = [card("a"), card("b", closed_at=3), card("c", left=0)]
    found = board.counts(cards)
    assert found[Part.UNEXPLAINED] + found[Part.EXPLAINED] == len(cards)
    assert found[Part.URGENT] == 0


@pytest.mark.parametrize(
    ("query", "texts", "found"),
    [
        ("luk", ("Łukasz Nowak",), True),
        ("zoe", ("Zoë", "Birch"), True),
        ("nowak luk", ("Łukasz Nowak",), True),
        ("obrien", ("Sean O'Brien",), True),
        ("price b", ("Daisy Price-Bennett",), True),
        ("ukasz", ("Łukasz Nowak",), False),
        ("4b", ("Kim", "4B"), True),
        (" ", ("Kim",), False),
        ("-", ("Kim",), False),
    ],
)
def test_a_pupil_is_found_by_the_beginnings_of_words(query, texts, found):
    assert matches(query, *texts) is found


@pytest.mark.parametrize("cell", ["=1+1", "+44", "-1", "@x", "\tx"])
def test_a_cell_is_never_a_formula(cell):
    assert neutralised(cell) == f"'{cell}"
    assert neutralised("Kim") == "Kim"
