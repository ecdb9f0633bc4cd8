"""People on the pages: who works here, adding, changing, closing; and that nobody reaches further than their own hands."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pyotp
import pytest

from notifier.domain.schools import School
from notifier.domain.staff import Role
from notifier.services import audit, colleague_acts, colleagues, schools
from notifier.services.colleagues import Manager
from notifier.services.staff import StaffRefused
from notifier.store import staff as store
from notifier.store.audit import Sought

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the engine makes no difference to."""

DANA, ALICE, CARYS = "dana@oakfield.example", "alice@oakfield.example", "carys@river.example"
PASSWORD = "nine quiet tractors"


@pytest.fixture
def place(make_morning: Callable[..., Any], staff: Any) -> Any:
    """Oakfield and Riverside, of the trust river, and Hilltop, of another."""
    made = make_morning(**staff.WITH_KEY)
    made.add_school('trust = "river"')
    oakfield = (made.folder / "oakfield.toml").read_text(encoding="utf-8")
    for key, name, trust in (("riverside", "Riverside School", "river"), ("hilltop", "Hilltop School", "hill")):
        file = made.folder / f"{key}.toml"
        other = (
            oakfield.replace('"oakfield"', f'"{key}"')
            .replace("Oakfield Primary School", name)
            .replace('"river"', f'"{trust}"')
        )
        file.write_text(other, encoding="utf-8")
        schools.add_school(made.app, file, now=made.at("08:00"), by="Alice")
    return made


@pytest.fixture
def dana(place: Any, sign_in: Callable[..., Any]) -> Any:
    """The administrator of Oakfield."""
    return sign_in(place, "administrator", at="10:00", email=DANA)


@pytest.fixture
def carys(place: Any, sign_in: Callable[..., Any]) -> Any:
    """The trust administrator, with Oakfield's page in hand."""
    browser = sign_in(place, "trust_administrator", at="10:00", trust="river", email=CARYS)
    browser.send("/choose-school", {"key": "oakfield", "next": "/"}, page=browser.get("/choose-school"))
    return browser


def user(place: Any, email: str) -> Any:
    with place.app.database.read() as connection:
        return store.user_by_email(connection, email)


def roles(place: Any, email: str) -> set[tuple[str, str]]:
    """Somebody's roles with their places."""
    with place.app.database.read() as connection:
        found = store.user_by_email(connection, email)
        held = store.grants(connection, found.user_id) if found else ()
    return {(grant.role.value, grant.school_id or grant.trust) for grant in held}


def school_of(place: Any) -> School:
    with place.app.database.read() as connection:
        found: School = place.app.school(connection, "oakfield")
    return found


def page_of(place: Any, email: str) -> str:
    return f"/settings/people/{user(place, email).user_id}"


def acts(place: Any, school: str = "oakfield") -> list[tuple[str, str, str]]:
    """The acts on accounts in a school's audit, oldest first."""
    with place.app.database.read() as connection:
        told = audit.page(connection, school, Sought(acts_only=True))
    return [(line.act, line.actor, line.subject) for line in reversed(told) if line.act.startswith("staff.")]


def link_on(page: Any) -> str:
    found = re.search(r"<textarea[^>]*readonly[^>]*>http[^<]*(/recover/[^<\s]+)<", page.text)
    assert found is not None, page.text
    return found[1]


def do(browser: Any, place: Any, email: str, act: str) -> Any:
    """An act as a person does it: by way of the page that asks, or the button on the person's page."""
    base = page_of(place, email)
    asked = browser.get(f"{base}/{act}")
    page = asked if asked.status_code == 200 else browser.get(base)
    return browser.send(f"{base}/{act}", {"seen": seen_on(page)}, page=page)


def seen_on(page: Any) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', page.text)
    return found[1] if found else ""


NEW = {"email": "Alice@Oakfield.example", "name": "Alice Morgan", "role": "attendance_officer"}


def test_the_page_shows_who_works_here_by_the_role_here_alone(place: Any, staff: Any, dana: Any, sign_in: Any) -> None:
    now = place.at("09:00")
    staff.add(place.app, ALICE, "attendance_officer", school="oakfield", at=now)
    staff.add(place.app, ALICE, "safeguarding_lead", school="hilltop", at=now)
    staff.add(place.app, "mallory@hilltop.example", "administrator", school="hilltop", at=now)
    sign_in(place, "hub_lead", at="09:30", trust="river", email="hannah@river.example")
    page = dana.get("/settings/people")
    text = unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text)))
    assert page.status_code == 200
    assert "alice@oakfield.example Attendance officer Never Off Open" in text
    assert "hannah@river.example Hub lead Mon 23 Nov 2026, 09:30 Off Open" in text
    assert "dana@oakfield.example (you) Administrator Mon 23 Nov 2026, 10:00" in text
    for hidden in ("mallory", "Hilltop", "Safeguarding lead"):
        assert hidden not in page.text
    one = dana.get(page_of(place, ALICE))
    assert "Hilltop" not in one.text and "not only this school’s" in one.text and "Close the account" not in one.text
    assert 'href="/settings/people"' in dana.get("/settings").text


@on_sqlite
def test_somebody_new_chooses_a_password_by_a_link_that_is_shown_once_and_works_once(
    place: Any, staff: Any, dana: Any
) -> None:
    form = dana.get("/settings/people/new")
    made = dana.send("/settings/people/new", NEW, page=form)
    assert made.status_code == 200 and made.headers["cache-control"] == "no-store"
    link = link_on(made)
    assert roles(place, ALICE) == {("attendance_officer", "oakfield")} and user(place, ALICE).name == "Alice Morgan"
    assert link not in dana.get(page_of(place, ALICE)).text and "Has a link" in dana.get("/settings/people").text
    alice = staff.Browser(place.app, place.at("10:05"))
    chosen = alice.send(link, {"new": PASSWORD}, page=alice.get(link))
    assert "Your new password is kept" in chosen.text
    assert alice.log_in(ALICE, PASSWORD).status_code == 303
    assert alice.get(link).status_code == 410
    assert alice.send(link, {"new": "another password"}, page=alice.get("/account")).status_code in (403, 410)
    assert acts(place) == [
        ("staff.add", DANA, ALICE),
        ("staff.recovery", DANA, ALICE),
        ("staff.recovered", ALICE, ALICE),
    ]


@on_sqlite
def test_an_old_link_does_not_work_and_a_new_one_ends_it(place: Any, staff: Any, dana: Any) -> None:
    first = link_on(dana.send("/settings/people/new", NEW, page=dana.get("/settings/people/new")))
    second = link_on(do(dana, place, ALICE, "link"))
    alice = staff.Browser(place.app, place.at("10:05"))
    assert (alice.get(first).status_code, alice.get(second).status_code) == (410, 200)
    alice.moment += timedelta(hours=24)
    assert alice.get(second).status_code == 410


@on_sqlite
def test_a_second_click_on_add_makes_no_second_account_and_shows_a_link_that_works(
    place: Any, staff: Any, dana: Any
) -> None:
    form = dana.get("/settings/people/new")
    links = [link_on(dana.send("/settings/people/new", NEW, page=form)) for _ in range(2)]
    assert staff.Browser(place.app, place.at("10:05")).get(links[1]).status_code == 200
    assert [act for act, *_ in acts(place)].count("staff.add") == 1


FAULTS = [
    ({"email": ""}, "email", "Enter the person’s e-mail address"),
    ({"email": "alice at oakfield"}, "email", "is not an e-mail address"),
    ({"email": DANA.upper()}, "email", "Nobody changes their own account"),
    ({"email": "bashir@oakfield.example"}, "email", "a role at Oakfield Primary School already: safeguarding lead"),
    ({"name": " "}, "name", "Enter the person’s name"),
    ({"name": "a\u202eb"}, "name", "without special characters"),
    ({"name": "x" * 101}, "name", "at most 100"),
    ({"role": ""}, "role", "Choose what the person does"),
    ({"role": "trust_administrator"}, "role", "Choose what the person does"),
    ({"role": "nonsense"}, "role", "Choose what the person does"),
]


@on_sqlite
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(place: Any, staff: Any, dana: Any) -> None:
    staff.add(place.app, "bashir@oakfield.example", "safeguarding_lead", school="oakfield", at=place.at("09:00"))
    form = dana.get("/settings/people/new")
    for change, field, says in FAULTS:
        typed = {**NEW, **change}
        page = dana.send("/settings/people/new", typed, page=form)
        text = unescape(page.text)
        assert page.status_code == 422 and "There is a problem" in text, change
        assert f'href="#{field}"' in text and f'id="{field}-error"' in text and text.count(says) == 2, change
        assert all(f'value="{typed[kept]}"' in text for kept in ("email", "name") if typed[kept].strip()), change
    assert user(place, ALICE) is None and roles(place, DANA) == {("administrator", "oakfield")}


@on_sqlite
def test_roles_are_given_at_once_and_taken_away_after_a_question_and_the_person_is_signed_out(
    place: Any, dana: Any, sign_in: Any
) -> None:
    alice = sign_in(place, "attendance_officer", at="10:00", email=ALICE)
    page = dana.get(base := page_of(place, ALICE))
    more = {"name": "Alice Morgan", "roles": ["attendance_officer", "safeguarding_lead"], "seen": seen_on(page)}
    assert dana.send(f"{base}/change", more, page=page).headers["location"] == f"{base}?done=changed"
    assert roles(place, ALICE) == {("attendance_officer", "oakfield"), ("safeguarding_lead", "oakfield")}
    assert alice.get("/inbox").status_code == 200
    page = dana.get(base)
    less = {"name": "Alice Morgan", "roles": ["viewer"], "seen": seen_on(page)}
    asked = dana.send(f"{base}/change", less, page=page)
    assert asked.status_code == 200 and "No longer: attendance officer, safeguarding lead." in asked.text
    assert len(roles(place, ALICE)) == 2 and alice.get("/inbox").status_code == 200
    for _ in range(2):  # a double click
        sure = dana.send(f"{base}/change", {**less, "sure": "yes"}, page=asked)
        assert sure.headers["location"] == f"{base}?done=changed"
    assert roles(place, ALICE) == {("viewer", "oakfield")}
    assert alice.get("/inbox").headers["location"].startswith("/login")
    assert [act for act, *_ in acts(place)] == [
        "staff.add", "staff.name", "staff.remove_role", "staff.remove_role", "staff.add"
    ]  # fmt: skip
    none = dana.send(f"{base}/change", {"name": "Alice Morgan", "seen": seen_on(dana.get(base))}, page=page)
    assert none.status_code == 422 and "Tick at least one role" in none.text


@on_sqlite
def test_a_new_administrator_signs_in_again_and_no_link_of_another_opens_the_account(
    place: Any, dana: Any, sign_in: Any
) -> None:
    alice = sign_in(place, "viewer", at="10:00", email=ALICE)
    sign_in(place, "administrator", at="10:00", email="eve@oakfield.example")
    eve = Manager("eve@oakfield.example", school_of(place), place.at("10:00"))
    shown = colleagues.one_colleague(place.app, eve, user(place, ALICE).user_id)
    link = colleague_acts.act(place.app, eve, shown.user_id, colleague_acts.Act.LINK, seen=shown.seen).removeprefix(
        dana.base
    )
    assert dana.get(link).status_code == 200
    page = dana.get(base := page_of(place, ALICE))
    raised = {"name": "", "roles": ["viewer", "administrator"], "seen": seen_on(page)}
    assert dana.send(f"{base}/change", raised, page=page).status_code == 303
    assert alice.get("/settings/people").headers["location"].startswith("/login")
    assert dana.get(link).status_code == 410


@on_sqlite
def test_of_two_managers_at_once_the_second_is_told_and_loses_nothing_typed(
    place: Any, staff: Any, dana: Any, carys: Any
) -> None:
    staff.add(place.app, ALICE, "viewer", school="oakfield", at=place.at("09:00"))
    page = dana.get(base := page_of(place, ALICE))
    assert do(carys, place, ALICE, "disable").status_code == 303
    late = dana.send(
        f"{base}/change", {"name": "Alice M", "roles": ["administrator"], "seen": seen_on(page)}, page=page
    )
    assert late.status_code == 409 and "Somebody changed this account" in late.text
    assert 'value="Alice M"' in late.text and "Closed</strong> by carys@river.example" in late.text
    assert re.search(r'value="administrator"[^>]* checked', late.text)
    assert roles(place, ALICE) == {("viewer", "oakfield")}


@on_sqlite
def test_a_closed_account_is_signed_out_at_once_and_can_be_opened_again(
    place: Any, staff: Any, dana: Any, sign_in: Any
) -> None:
    alice = sign_in(place, "attendance_officer", at="10:00", email=ALICE)
    link = link_on(do(dana, place, ALICE, "link"))
    asked = dana.get(f"{page_of(place, ALICE)}/disable")
    assert "Close the account of alice@oakfield.example?" in asked.text and "Oakfield Primary School." in asked.text
    assert alice.get("/").status_code == 200
    for _ in range(2):
        closed = dana.send(f"{page_of(place, ALICE)}/disable", {"seen": seen_on(asked)}, page=asked)
        assert closed.headers["location"].endswith("?done=disable")
    assert alice.get("/").headers["location"].startswith("/login")
    assert alice.log_in(ALICE).status_code == 401 and alice.get(link).status_code == 410
    assert do(dana, place, ALICE, "link").status_code == 409
    assert do(dana, place, ALICE, "enable").headers["location"].endswith("?done=enable")
    assert alice.log_in(ALICE).status_code == 303 and alice.get(link).status_code == 410
    assert [act for act, *_ in acts(place)] == ["staff.recovery", "staff.disable", "staff.enable"]


@on_sqlite
def test_whoever_is_taken_off_a_school_keeps_the_account_and_a_second_click_is_harmless(
    place: Any, staff: Any, dana: Any, sign_in: Any
) -> None:
    alice = sign_in(place, "viewer", at="10:00", email=ALICE)
    staff.add(place.app, ALICE, "viewer", school="hilltop", at=place.at("09:00"))
    asked = dana.get(f"{(base := page_of(place, ALICE))}/leave")
    for _ in range(2):
        left = dana.send(f"{base}/leave", {"seen": seen_on(asked)}, page=asked)
        assert left.headers["location"] == "/settings/people?done=left"
    assert roles(place, ALICE) == {("viewer", "hilltop")} and dana.get(base).status_code == 404
    assert alice.get("/").headers["location"].startswith("/login") and alice.log_in(ALICE).status_code == 303
    dana.moment += timedelta(minutes=5)
    assert dana.send(f"{base}/leave", {"seen": seen_on(asked)}, page=asked).status_code == 404


def test_a_lock_and_a_second_factor_are_taken_away(place: Any, staff: Any, dana: Any, sign_in: Any) -> None:
    alice = sign_in(place, "viewer", at="10:00", email=ALICE)
    page = alice.get("/account/second-factor")
    secret = re.search(r"Key: <strong>([A-Z2-7 ]+)</strong>", page.text)
    assert secret is not None
    code = pyotp.TOTP(secret[1].replace(" ", "")).at(alice.moment)
    typed = {"code": code, "password": staff.PASSWORD}
    assert alice.send("/account/second-factor", typed, page=page).status_code == 200
    guesser = staff.Browser(place.app, place.at("10:00"), address="203.0.113.9")
    for _ in range(10):
        assert guesser.log_in(ALICE, "wrong").status_code == 401
    assert guesser.log_in(ALICE).status_code == 429
    assert "Locked</strong> until 10:00" in dana.get("/settings/people").text
    assert do(dana, place, ALICE, "unlock").headers["location"].endswith("?done=unlock")
    assert "Locked" not in dana.get("/settings/people").text
    assert "app" in guesser.log_in(ALICE).text
    for _ in range(2):
        assert do(dana, place, ALICE, "second-factor").headers["location"].endswith("?done=second-factor")
    assert alice.get("/").headers["location"].startswith("/login") and guesser.log_in(ALICE).status_code == 303
    assert [act for act, *_ in acts(place)][-2:] == ["staff.unlock", "staff.second_factor_off"]


@on_sqlite
def test_nobody_changes_their_own_account(place: Any, dana: Any, sign_in: Any) -> None:
    sign_in(place, "administrator", email="eve@oakfield.example")
    page = dana.get(base := page_of(place, DANA))
    assert "This is your own account" in page.text and "Close the account" not in page.text
    token = dana.get("/settings/people/new")
    for act in ("disable", "leave", "link", "second-factor", "unlock", "enable"):
        assert dana.get(f"{base}/{act}").status_code == 303
        refused = dana.send(f"{base}/{act}", {}, page=token)
        assert refused.status_code == 409 and "Nobody changes their own account" in refused.text, act
    more = dana.send(f"{base}/change", {"roles": ["viewer"], "sure": "yes"}, page=token)
    assert more.status_code == 409 and roles(place, DANA) == {("administrator", "oakfield")}
    assert acts(place) == []


@on_sqlite
def test_the_last_administrator_stays(place: Any, carys: Any, dana: Any, sign_in: Any) -> None:
    base = page_of(place, DANA)
    for act in ("disable", "leave"):
        refused = do(carys, place, DANA, act)
        assert refused.status_code == 409 and "is the last administrator of Oakfield" in unescape(refused.text), act
    page = carys.get(base)
    lower = {"name": "", "roles": ["viewer"], "seen": seen_on(page), "sure": "yes"}
    assert carys.send(f"{base}/change", lower, page=page).status_code == 409
    assert dana.get("/settings/people").status_code == 200
    sign_in(place, "administrator", email="eve@oakfield.example")
    assert carys.send(f"{base}/change", lower, page=page).status_code == 303
    assert do(carys, place, "eve@oakfield.example", "disable").status_code == 409
    assert dana.get("/").headers["location"].startswith("/login")


@on_sqlite
def test_an_administrator_of_a_school_reaches_neither_the_trust_nor_accounts_of_elsewhere(
    place: Any, staff: Any, dana: Any, carys: Any
) -> None:
    base = page_of(place, CARYS)
    assert f'href="{base}"' not in dana.get("/settings/people").text
    token = dana.get("/settings/people/new")
    for act in ("disable", "leave", "link", "second-factor", "unlock"):
        refused = dana.send(f"{base}/{act}", {"seen": seen_on(dana.get(base))}, page=token)
        assert refused.status_code == 409 and "by a trust administrator" in refused.text, act
    head = "head@hilltop.example"
    staff.add(place.app, head, "administrator", school="hilltop", at=place.at("09:00"))
    typed = {**NEW, "email": head, "role": "viewer"}
    first = dana.send("/settings/people/new", typed, page=token)
    assert first.status_code == 422 and "There is an account for this address already" in first.text
    assert "Hilltop" not in first.text and roles(place, head) == {("administrator", "hilltop")}
    joined = dana.send("/settings/people/new", {**typed, "known": "yes"}, page=first)
    assert joined.status_code == 303 and "/recover/" not in dana.get(joined.headers["location"]).text
    for act in ("link", "disable", "second-factor", "unlock"):
        refused = do(dana, place, head, act)
        assert refused.status_code == 409 and "not only this school’s" in refused.text, act
    page = dana.get(base := page_of(place, head))
    raised = {"name": "Mine", "roles": ["viewer", "trust_administrator"], "seen": seen_on(page)}
    assert dana.send(f"{base}/change", raised, page=page).status_code == 409
    renamed = {"name": "Mine", "roles": ["viewer", "administrator"], "seen": seen_on(page)}
    assert dana.send(f"{base}/change", renamed, page=page).status_code == 303
    assert user(place, head).name == "" and user(place, head).password_hash is not None
    assert roles(place, head) == {("administrator", "hilltop"), ("administrator", "oakfield"), ("viewer", "oakfield")}
    assert do(dana, place, head, "leave").status_code == 303 and roles(place, head) == {("administrator", "hilltop")}


@on_sqlite
def test_a_trust_administrator_adds_people_at_several_schools_and_over_the_trust(place: Any, carys: Any) -> None:
    form = carys.get("/settings/people/new")
    assert "Riverside School" in form.text and "Hilltop" not in form.text
    for wrong in ([], ["hilltop"], ["oakfield", "nothing"], ["\x00"]):
        refused = carys.send("/settings/people/new", {**NEW, "schools": wrong}, page=form)
        assert refused.status_code == 422 and 'id="schools-error"' in refused.text
    assert user(place, ALICE) is None
    made = carys.send("/settings/people/new", {**NEW, "schools": ["oakfield", "riverside"]}, page=form)
    assert link_on(made) and roles(place, ALICE) == {
        ("attendance_officer", "oakfield"),
        ("attendance_officer", "riverside"),
    }
    hub = {"email": "hannah@river.example", "name": "Hannah", "role": "hub_lead"}
    assert link_on(carys.send("/settings/people/new", hub, page=form))
    assert roles(place, "hannah@river.example") == {("hub_lead", "river")}
    asked = carys.get(f"{page_of(place, ALICE)}/disable")
    assert "Oakfield Primary School, Riverside School" in asked.text
    assert do(carys, place, "hannah@river.example", "leave").status_code == 303
    assert roles(place, "hannah@river.example") == set()
    assert ("staff.add", CARYS, ALICE) in acts(place, "riverside")
    assert {("staff.add", CARYS, "hannah@river.example"), ("staff.remove_role", CARYS, "hannah@river.example")} <= set(
        acts(place)
    )


@on_sqlite
def test_people_of_another_school_are_not_there(place: Any, staff: Any, dana: Any, sign_in: Any) -> None:
    staff.add(place.app, ALICE, "viewer", school="oakfield", at=place.at("09:00"))
    mallory = sign_in(place, "administrator", at="10:00", school="hilltop", email="mallory@hilltop.example")
    token, base = mallory.get("/settings/people/new"), page_of(place, ALICE)
    assert "alice" not in mallory.get("/settings/people").text
    assert mallory.get(base).status_code == mallory.get(f"{base}/disable").status_code == 404
    for act in ("disable", "leave", "link", "second-factor", "unlock", "enable", "change", "nonsense"):
        assert mallory.send(f"{base}/{act}", {"sure": "yes", "roles": ["viewer"]}, page=token).status_code == 404, act
    assert roles(place, ALICE) == {("viewer", "oakfield")} and user(place, ALICE).disabled_at is None
    viewer = sign_in(place, "safeguarding_lead", at="10:00")
    assert viewer.get("/settings/people").status_code == viewer.get(base).status_code == 403
    assert "/settings/people" not in viewer.get("/settings").text


@on_sqlite
def test_a_role_that_a_provider_gives_is_not_taken_away_here(place: Any, staff: Any, dana: Any) -> None:
    staff.add(place.app, ALICE, "viewer", school="oakfield", at=place.at("09:00"))
    with place.app.database.begin() as connection:
        grant = store.grants(connection, user(place, ALICE).user_id)[0]
        store.remove_grant(connection, user(place, ALICE).user_id, grant)
        store.add_grant(connection, user(place, ALICE).user_id, grant, at=place.at("09:00"), by="provider microsoft")
    page = dana.get(base := page_of(place, ALICE))
    assert "Viewer comes from the sign-in with microsoft" in page.text and f"{base}/leave" not in page.text
    more = {"name": "", "roles": ["attendance_officer"], "seen": seen_on(page)}
    assert dana.send(f"{base}/change", more, page=page).status_code == 303
    assert roles(place, ALICE) == {("viewer", "oakfield"), ("attendance_officer", "oakfield")}
    refused = dana.send(f"{base}/leave", {"seen": seen_on(dana.get(base))}, page=page)
    assert refused.status_code == 409 and "take it away there" in refused.text


def test_two_administrators_who_close_each_others_account_at_once_leave_one_open(place: Any, staff: Any) -> None:
    now = place.at("10:00")
    emails = [DANA, "eve@oakfield.example"]
    ids = [staff.add(place.app, email, "administrator", school="oakfield", at=now) for email in emails]
    managers = [Manager(email, school_of(place), now) for email in emails]
    shown = [
        colleagues.one_colleague(place.app, managers[0], ids[1]),
        colleagues.one_colleague(place.app, managers[1], ids[0]),
    ]
    start, refused = threading.Barrier(2), []

    def close(manager: Manager, other: colleagues.Colleague) -> None:
        start.wait()
        try:
            colleague_acts.act(place.app, manager, other.user_id, colleague_acts.Act.DISABLE, seen=other.seen)
        except StaffRefused as problem:
            refused.append(str(problem))

    threads = [threading.Thread(target=close, args=pair) for pair in zip(managers, shown, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [user(place, email).disabled_at is None for email in emails].count(True) == 1
    assert refused == [colleagues.NO_LONGER]


def test_the_words_of_every_act_on_accounts_stand_in_the_audit() -> None:
    for act in ("add", "remove_role", "name", "disable", "enable", "unlock", "second_factor_off", "recovery"):
        assert audit.act_words(f"staff.{act}") == audit.ACTS[f"staff.{act}"]
    assert set(Role) >= {Role.HUB_LEAD}
