"""One decision for one pupil: the order of the questions, as a table. And who counts as a birth parent."""

from __future__ import annotations

from typing import Any

import pytest

from notifier.domain.choosing import Barrier, Blocks, Circle, Reach, circle_of, names_birth_parent
from notifier.domain.codes import CodeEffect
from notifier.domain.decisions import Conditions, Situation, decide
from notifier.domain.guards import RegisterState
from notifier.domain.people import Carer, Contact, Pupil, PupilFlag
from notifier.services.alerts import whom_to_ring
from notifier.store.people import Roll

PUPIL = Pupil(pupil_id="p1", given_name="Kim", registration_group="4B")
MOTHER = Carer(carer_id="c1", mobile="+447700900001")
CIRCLE = Circle(PUPIL, (Reach(Contact("p1", "c1", 1), MOTHER, ("sms",)),))


@pytest.mark.parametrize(
    ("situation", "conditions", "expected"),
    [
        ({}, {}, ("contact", "unexplained")),
        ({"contacted_today": True}, {}, ("withhold", "already_contacted")),
        ({"confirmed_today": True}, {}, ("withhold", "confirmed_earlier")),
        ({"explained_today": True}, {}, ("withhold", "explained_earlier")),
        ({"explained_today": True, "on_site_earlier": True}, {}, ("withhold", "left_during_day")),
        ({"on_site_earlier": True}, {"too_late": True}, ("withhold", "left_during_day")),
        ({"register": RegisterState.NOT_TAKEN}, {}, ("hold", "register_not_taken")),
        ({"register": RegisterState.NOT_TAKEN}, {"too_late": True}, ("withhold", "too_late")),
        ({"register": RegisterState.STALE}, {"too_late": True}, ("withhold", "too_late")),
        ({}, {"unusual": True}, ("hold", "unusual_absence")),
        ({}, {"unusual": True, "too_late": True}, ("withhold", "too_late")),
        ({"reported_ahead": True, "on_site_earlier": False}, {"unusual": True}, ("withhold", "reported_ahead")),
        ({"circle": None}, {}, ("withhold", "no_usable_contact")),
        ({"effect": CodeEffect.NO_MARK}, {"too_late": True}, ("hold", "no_mark")),
        ({"effect": CodeEffect.UNKNOWN}, {}, ("withhold", "unknown_code")),
        ({}, {"closed": True}, ("withhold", "school_closed")),
    ],
)
def test_the_first_question_that_is_answered_decides(
    situation: dict[str, Any], conditions: dict[str, bool], expected: tuple[str, str]
) -> None:
    known: dict[str, Any] = {
        "effect": CodeEffect.UNEXPLAINED,
        "register": RegisterState.TAKEN,
        "circle": CIRCLE,
        **situation,
    }
    made = decide(Situation(pupil=PUPIL, code="N", **known), Conditions(**conditions))
    assert (made.outcome, made.reason) == expected


@pytest.mark.parametrize(
    ("relationship", "expected"),
    [
        ("mother", True), ("Mum (birth)", True), ("Mother*", True), ("Dad/Carer", True), ("Birth parent", True),
        ("foster mother", False), ("step-father", False), ("adoptive parent", False), ("foster carer", False),
        ("grandmother", False), ("", False), ("social worker", False),
    ],
)  # fmt: skip
def test_a_birth_parent_is_known_however_the_register_puts_it(relationship: str, expected: bool) -> None:
    assert names_birth_parent(relationship) is expected


@pytest.mark.parametrize(
    ("relationship", "lives_with", "barrier"),
    [
        ("foster carer", None, None),
        ("aunt", True, None),
        ("aunt", None, Barrier.NOT_RESPONSIBLE),
        ("social worker", None, Barrier.NOT_RESPONSIBLE),
        ("Mum (birth)", True, Barrier.BIRTH_PARENT),
        ("", None, Barrier.BIRTH_PARENT),
    ],
)
def test_for_a_looked_after_child_responsibility_on_paper_makes_nobody_the_carer(
    relationship: str, lives_with: bool | None, barrier: Barrier | None
) -> None:
    pupil = Pupil(pupil_id="p1", given_name="Kim", registration_group="4B", flags=frozenset({PupilFlag.LOOKED_AFTER}))
    contact = Contact(
        "p1", "c1", 1, relationship=relationship, parental_responsibility=True, lives_with=lives_with
    )  # fmt: skip
    circle = circle_of(pupil, [contact], {"c1": MOTHER}, school_channels=["sms"], blocks=Blocks())
    assert circle.reaches[0].barrier is barrier


def test_staff_are_never_given_a_number_that_a_forbidden_contact_answers() -> None:
    contacts = (Contact("p1", "c1", 1, relationship="mother"), Contact("p1", "c2", 2, "father", no_contact=True))
    father = Carer(carer_id="c2", mobile="+447700900001")
    carers = {"c1": MOTHER, "c2": father}
    shared = whom_to_ring(Roll({"p1": PUPIL}, carers, {"p1": contacts}), "p1")
    assert shared == "mother shares a number with somebody who must not be contacted"
    carers["c1"] = Carer(carer_id="c1", mobile="+447700900001", landline="+441632960001")
    assert "01632 960001" in whom_to_ring(Roll({"p1": PUPIL}, carers, {"p1": contacts}), "p1")
