"""The stranger: every page of staff says what it needs, and refuses whoever is signed out, of another school, or of another role."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from notifier.domain.staff import OVER_A_TRUST, PERMITTED, Permission, Role
from notifier.web.staff.access import Guard, guard_of

NOT_STAFF = re.compile(r"/(webhooks|api|healthz|readyz|metrics|static|assets|r)(/|$)")
"""Doors of providers, programs and carers, which have rules and tests of their own; style sheets and scripts."""

THIS_MACHINE_ONLY = "require_loopback"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def schools(make_morning: Callable[..., Any], person: Callable[..., dict[str, object]]) -> Any:
    """Oakfield with a morning behind it, and Riverside, which has none of its pupils."""
    made = make_morning()
    made.add_school('trust = "river"')
    made.add_school(key="riverside")
    made.people(person("1", "1"), *(person(str(number), str(number)) for number in range(20, 30)))
    made.marks({"1": "N", **{str(number): "/" for number in range(20, 30)}})
    made.tick("09:30")
    return made


def staff_routes(web: Any) -> Iterator[tuple[APIRoute, Guard | None]]:
    """Every route that is not somebody else's door, with what it declares."""
    for context in iter_route_contexts(web.routes):
        route = context.original_route
        assert isinstance(route, APIRoute), f"{context.path} cannot declare what it needs"
        assert route.path == context.path, "routers of pages have no prefix"
        if NOT_STAFF.match(route.path):
            continue
        guard = guard_of(route.dependant)
        names = {getattr(below.call, "__name__", "") for below in route.dependant.dependencies}
        if guard is None and THIS_MACHINE_ONLY in names:
            continue
        yield route, guard


def address(route: APIRoute, known: dict[str, str]) -> str:
    """A route's address, with things of Oakfield in the places of its parameters."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: known.get(match[1], "nothing"), route.path)


def role_with(permission: Permission | None, *, held: bool) -> Role | None:
    """A role of one school that holds a permission, or does not."""
    roles = [role for role in Role if role not in OVER_A_TRUST and ((permission in PERMITTED[role]) is held)]
    return roles[0] if roles else None


def ask(browser: Any, method: str, path: str, token: str = "") -> int:
    """The answer to a request that our own page might have sent."""
    if method in UNSAFE:
        return int(browser.request(method, path, data={"csrf": token}, headers=SAME_ORIGIN).status_code)
    return int(browser.request(method, path).status_code)


def test_every_route_declares_what_it_needs(schools: Any, staff: Any) -> None:
    web, _ = staff.served(schools.app)
    found = list(staff_routes(web))
    assert len(found) > 10
    assert [route.path for route, guard in found if guard is None] == []
    opened = {route.path for route, guard in found if guard is not None and guard.kind == "open"}
    assert {path for path in opened if not re.match(r"/(login|recover|account/second-factor)(/|$)", path)} == set()


def test_whoever_is_signed_out_sees_nothing(schools: Any, staff: Any) -> None:
    browser = staff.Browser(schools.app, schools.at("09:31"))
    for route, guard in staff_routes(browser.web):
        if guard is None or guard.kind == "open":
            continue
        for method in route.methods - {"HEAD", "OPTIONS"}:
            status = ask(browser, method, address(route, {}))
            assert status in ((401,) if method in UNSAFE else (303, 401)), f"{method} {route.path}: {status}"


def test_another_school_is_not_there_and_another_role_may_not(schools: Any, staff: Any, sign_in: Any) -> None:
    vera = staff.add(schools.app, "vera@oakfield.example", "viewer", school="oakfield", at=schools.at("09:00"))
    with schools.app.database.read() as connection:
        from notifier.store import follow_ups, messages

        known = {
            "follow_up_id": follow_ups.of_day(connection, "oakfield", schools.day)[0].follow_up_id,
            "message_id": messages.listing(connection, "oakfield", day=schools.day, staff=True)[0].message_id,
            "pupil_id": "1",
            "user_id": vera,
            "what": "disable",
        }
    browsers: dict[tuple[str, str], tuple[Any, str]] = {}

    def browser_of(role: Role, school: str) -> tuple[Any, str]:
        if (role, school) not in browsers:
            made = sign_in(schools, role.value, school=school)
            browsers[role, school] = made, staff.hidden(made.get("/account"), "csrf")
        return browsers[role, school]

    for route, guard in staff_routes(staff.served(schools.app)[0]):
        if guard is None or guard.kind not in ("school", "across"):
            continue
        for method in route.methods - {"HEAD", "OPTIONS"}:
            path, what = address(route, known), f"{method} {route.path}"
            if may_not := role_with(guard.permission, held=False):
                browser, token = browser_of(may_not, "oakfield")
                assert ask(browser, method, path, token) == 403, what
            if guard.kind == "school" and (may := role_with(guard.permission, held=True)):
                mallory, token = browser_of(may, "riverside")
                assert ask(mallory, method, f"{path}?school=oakfield", token.replace("riverside", "oakfield")) == 404, (
                    what
                )
                if "{" in route.path:
                    assert ask(mallory, method, path, token) == 404, what


def test_a_hub_lead_is_refused_where_pupils_are(schools: Any, sign_in: Any) -> None:
    browser = sign_in(schools, "hub_lead", trust="river")
    page = browser.get("/account")
    assert page.status_code == 200 and "compare schools by totals" in page.text
    for route, guard in staff_routes(browser.web):
        if guard is not None and guard.kind == "school" and guard.permission is not Permission.SEE_AGGREGATES:
            assert ask(browser, "GET" if "GET" in route.methods else "POST", address(route, {})) in (403,), route.path


def test_a_person_with_several_schools_chooses_one_and_acts_where_the_page_was_made(
    schools: Any, staff: Any, sign_in: Any
) -> None:
    browser = sign_in(schools, "attendance_officer", school="oakfield", email="carys@trust.example")
    sign_in(schools, "attendance_officer", school="riverside", email="carys@trust.example")
    page = browser.get("/choose-school?next=/account")
    assert 'value="oakfield"' in page.text and 'value="riverside"' in page.text
    assert browser.send("/choose-school", {"next": "/account"}, page=page).status_code == 422
    assert browser.send("/choose-school", {"key": "elsewhere"}, page=page).status_code == 404
    chosen = browser.send("/choose-school", {"key": "riverside", "next": "/account"}, page=page)
    assert chosen.headers["location"] == "/account"
    assert staff.hidden(browser.get("/account"), "csrf").endswith(".riverside")
    assert staff.hidden(browser.get("/account?school=oakfield"), "csrf").endswith(".oakfield")


def test_a_role_that_was_taken_away_counts_no_more_at_the_next_page(schools: Any, sign_in: Any) -> None:
    from notifier.domain.staff import Grant
    from notifier.services import staff as accounts

    browser = sign_in(schools, "viewer")
    assert "read messages and replies" in browser.get("/account").text
    accounts.remove_role(
        schools.app, "viewer@oakfield.example", Grant(Role.VIEWER, "oakfield"), by="carys", now=schools.at("09:32")
    )
    assert "read messages and replies" not in browser.get("/account").text
