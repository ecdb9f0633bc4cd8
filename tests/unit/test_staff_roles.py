"""Roles, permissions and passwords: the tables that say who may do what."""

from __future__ import annotations

from datetime import date, time

import pytest

from notifier.domain.passwords import problem_with
from notifier.domain.schools import School
from notifier.domain.sessions import Session, SessionTimes
from notifier.domain.staff import (
    MAY_GIVE,
    OVER_A_TRUST,
    PERMISSION_WORDS,
    PERMITTED,
    ROLE_DOES,
    ROLE_WORDS,
    Grant,
    Permission,
    Role,
    may,
    may_give,
    roles_at,
    roles_with,
)

TIMES = SessionTimes(time(9, 20), time(9, 30), time(11, 30))


def school(key: str, trust: str | None = None) -> School:
    return School(
        key=key, name=key, short_name=key, phone="01632960123", email=f"office@{key}.example", policy="first_day_absence",
        times=dict.fromkeys(Session, TIMES), terms=((date(2026, 9, 2), date(2026, 12, 18)),), trust=trust,
    )  # fmt: skip


OAKFIELD, RIVERSIDE, ALONE = school("oakfield", "river"), school("riverside", "river"), school("alone")


def test_every_role_and_permission_has_words_and_every_permission_a_role() -> None:
    assert set(ROLE_WORDS) == set(ROLE_DOES) == set(PERMITTED) == set(Role)
    assert set(PERMISSION_WORDS) == set(Permission) == set().union(*PERMITTED.values())


@pytest.mark.parametrize(
    ("role", "may_do", "may_not"),
    [
        (Role.VIEWER, "see_morning see_messages see_reports", "answer confirm see_audit change_settings export"),
        (
            Role.ATTENDANCE_OFFICER,
            "answer confirm release_hold suppress",
            "safeguard block_contact see_audit manage_staff",
        ),
        (
            Role.SAFEGUARDING_LEAD,
            "confirm safeguard block_contact see_audit",
            "change_settings manage_staff switch_sending",
        ),
        (Role.ADMINISTRATOR, "change_settings switch_sending manage_staff see_audit", "see_aggregates safeguard"),
        (Role.TRUST_ADMINISTRATOR, "change_settings manage_staff see_aggregates", "safeguard"),
        (Role.HUB_LEAD, "see_aggregates", "see_morning see_messages see_reports see_wording see_settings export"),
    ],
)
def test_a_role_may_do_its_own_work_and_no_more(role: Role, may_do: str, may_not: str) -> None:
    grant = Grant(role, trust="river") if role in OVER_A_TRUST else Grant(role, "oakfield")
    assert all(may([grant], Permission(name), OAKFIELD) for name in may_do.split())
    assert not any(may([grant], Permission(name), OAKFIELD) for name in may_not.split())


def test_a_grant_reaches_its_school_or_its_trust_and_nothing_else() -> None:
    officer, trust = Grant(Role.ATTENDANCE_OFFICER, "oakfield"), Grant(Role.TRUST_ADMINISTRATOR, trust="river")
    assert [bool(roles_at([officer], place)) for place in (OAKFIELD, RIVERSIDE, ALONE)] == [True, False, False]
    assert [bool(roles_at([trust], place)) for place in (OAKFIELD, RIVERSIDE, ALONE)] == [True, True, False]


@pytest.mark.parametrize(
    ("role", "place"),
    [(Role.VIEWER, {}), (Role.VIEWER, {"trust": "t"}), (Role.HUB_LEAD, {"school_id": "s"}), (Role.HUB_LEAD, {}),
     (Role.ADMINISTRATOR, {"school_id": "s", "trust": "t"})],
)  # fmt: skip
def test_a_role_over_nothing_or_over_the_wrong_kind_of_place_is_refused(role: Role, place: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is given for"):
        Grant(role, **place)


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "at least 12"), ("x" * 300, "at most 256"), ("aaaaaaaaaaaa", "guess"), ("123456789012", "guess"),
        ("Password1234", "guess"), ("P@ssw0rd12345!", "guess"), ("qwertyuiopas", "guess"), ("welcomeschool1", "guess"),
        ("abcabcabcabc", "guess"), ("summer20262026", "guess"), ("my name is Alice", "“alice”"), ("ALICE.jones 4444", "“alice"),
        ("three purple ducks", None), ("correct horse battery staple", None), ("Zx9!fkq2pLw0", None), ("пароль для школы", None),
    ],
)  # fmt: skip
def test_a_password_is_long_and_not_among_the_commonest(password: str, says: str | None) -> None:
    problem = problem_with(password, email="alice.jones@oakfield.example")
    assert problem is None if says is None else problem is not None and says in problem


@pytest.mark.parametrize(
    ("held", "wanted", "expected"),
    [
        ("administrator oakfield", "viewer oakfield", True),
        ("administrator oakfield", "safeguarding_lead oakfield", True),
        ("administrator oakfield", "administrator oakfield", True),
        ("administrator oakfield", "viewer riverside", False),
        ("administrator oakfield", "hub_lead river", False),
        ("administrator oakfield", "trust_administrator river", False),
        ("trust_administrator river", "administrator riverside", True),
        ("trust_administrator river", "trust_administrator river", True),
        ("trust_administrator river", "hub_lead hill", False),
        ("trust_administrator river", "viewer alone", False),
        ("trust_administrator river", "viewer unknown", False),
        ("safeguarding_lead oakfield", "viewer oakfield", False),
        ("hub_lead river", "viewer oakfield", False),
    ],
)
def test_nobody_gives_a_role_above_their_own_or_out_of_their_reach(held: str, wanted: str, expected: bool) -> None:
    def grant(text: str) -> Grant:
        role, place = text.split()
        return Grant(Role(role), trust=place) if Role(role) in OVER_A_TRUST else Grant(Role(role), school_id=place)

    trusts = {one.key: one.trust for one in (OAKFIELD, RIVERSIDE, ALONE) if one.trust}
    assert may_give([grant(held)], grant(wanted), trusts) is expected


def test_exactly_those_who_manage_staff_may_give_roles() -> None:
    assert set(MAY_GIVE) == set(roles_with(Permission.MANAGE_STAFF))
    for role, given in MAY_GIVE.items():
        assert role in given and (given >= OVER_A_TRUST or not OVER_A_TRUST & given)
