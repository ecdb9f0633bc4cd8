"""Signing in and out: what Alice meets at the door, and what Mallory does."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pyotp
import pytest

from notifier.services import staff as accounts
from notifier.store import records
from notifier.store import staff as store

ALICE = "alice@oakfield.example"
PASSWORD = "three purple ducks"


@pytest.fixture
def oakfield(make_morning: Callable[..., Any], staff: Any) -> Any:
    """Oakfield, where Alice is attendance officer."""
    made = make_morning(**staff.WITH_KEY)
    made.add_school()
    staff.add(made.app, ALICE, "attendance_officer", at=made.at("08:00"), school="oakfield")
    return made


@pytest.fixture
def browser(oakfield: Any, staff: Any) -> Any:
    """Alice's browser at 09:00, not signed in."""
    return staff.Browser(oakfield.app, oakfield.at("09:00"))


def acts(morning: Any, school: str = "oakfield") -> list[tuple[str, str]]:
    """The audit entries of a school about accounts: (act, actor)."""
    from sqlalchemy import select

    from notifier.store.tables import audit

    with morning.app.database.read() as connection:
        assert records.broken_link(connection, school) is None
        rows = connection.execute(select(audit).where(audit.c.school_id == school).order_by(audit.c.number))
        return [(row.act, row.actor) for row in rows if row.act.startswith(("sign", "staff"))]


# the way in and out


def test_a_page_asks_for_a_sign_in_and_is_shown_after_it(oakfield: Any, browser: Any) -> None:
    asked = browser.get("/account?a=1")
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=/account%3Fa%3D1")
    arrived = browser.log_in(ALICE.upper(), next="/account?a=1")
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/account?a=1")
    cookie = next(value for value in arrived.headers.get_list("set-cookie") if value.startswith("notifier_session="))
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie and "Max-Age" not in cookie
    page = browser.get("/account")
    assert page.status_code == 200 and ALICE in page.text and "confirm the reason of an absence" in page.text
    assert acts(oakfield) == [("staff.add", "test"), ("sign_in", ALICE)]


@pytest.mark.parametrize(("role", "page"), [("hub_lead", "/reports"), ("attendance_officer", "/"), ("viewer", "/")])
def test_whoever_sees_totals_only_lands_on_the_reports(make_morning: Any, staff: Any, role: str, page: str) -> None:
    made = make_morning()
    made.add_school('trust = "riverside-trust"')
    place = {"trust": "riverside-trust"} if role == "hub_lead" else {"school": "oakfield"}
    staff.add(made.app, "erin@hub.example", role, at=made.at("08:00"), **place)
    browser = staff.Browser(made.app, made.at("09:00"))
    arrived = browser.log_in("erin@hub.example")
    assert (arrived.status_code, arrived.headers["location"]) == (303, page)
    assert browser.get(page).status_code == 200


def test_signing_out_ends_the_session_itself_and_not_only_the_cookie(browser: Any) -> None:
    browser.log_in(ALICE)
    kept = browser.session
    out = browser.send("/logout")
    assert out.headers["location"] == "/login?signed_out=1" and browser.session == ""
    browser.cookies["notifier_session"] = kept
    assert browser.get("/account").status_code == 303


def test_the_session_is_new_at_every_sign_in_and_only_its_hash_is_kept(oakfield: Any, browser: Any) -> None:
    browser.cookies["notifier_session"] = "chosen-by-mallory"
    browser.log_in(ALICE)
    assert browser.session != "chosen-by-mallory" and len(browser.session) >= 43
    with oakfield.app.database.read() as connection:
        assert store.session(connection, browser.session) is None


def test_over_https_cookies_are_secure_and_bound_to_the_host(make_morning: Any, staff: Any) -> None:
    made = make_morning(NOTIFIER_PUBLIC_URL="https://notifier.oakfield.example", **staff.WITH_KEY)
    made.add_school()
    staff.add(made.app, ALICE, "viewer", at=made.at("08:00"), school="oakfield")
    browser = staff.Browser(made.app, made.at("09:00"))
    arrived = browser.log_in(ALICE)
    cookies = arrived.headers.get_list("set-cookie")
    assert cookies and all(cookie.startswith("__Host-notifier_") and "Secure" in cookie for cookie in cookies)
    assert "max-age" in browser.get("/account").headers["strict-transport-security"]


@pytest.mark.parametrize(
    "elsewhere",
    ["https://mallory.example/", "//mallory.example", "/\\mallory.example", "/%5cmallory.example", "/%2f/mallory.example",
     "javascript:alert(1)", "/a\nb", "login", "/login?next=/login"],
)  # fmt: skip
def test_the_sign_in_page_leads_nowhere_else(browser: Any, elsewhere: str) -> None:
    assert browser.log_in(ALICE, next=elsewhere).headers["location"] == "/"
    assert browser.get(f"/login?next={quote(elsewhere, safe='')}").headers["location"] == "/"


@pytest.mark.parametrize(
    ("email", "password"), [(ALICE, "three purple geese"), ("nobody@oakfield.example", "three purple ducks")]
)
def test_a_refusal_does_not_say_whether_the_account_exists(browser: Any, email: str, password: str) -> None:
    page = browser.log_in(email, password)
    assert page.status_code == 401 and browser.session == ""
    assert "The e-mail address or the password is not right" in page.text
    assert email in page.text and password not in page.text


def test_what_is_missing_is_said_beside_its_field(browser: Any) -> None:
    page = browser.log_in("", "")
    assert page.status_code == 422
    assert 'href="#email"' in page.text and 'href="#password"' in page.text
    assert "Error: Sign in" in page.text


def test_a_disabled_account_is_closed_at_once(oakfield: Any, browser: Any) -> None:
    browser.log_in(ALICE)
    accounts.disable(oakfield.app, ALICE, by="carys@trust.example", now=oakfield.at("09:01"))
    assert browser.get("/account").status_code == 303
    assert browser.log_in(ALICE).status_code == 401
    accounts.enable(oakfield.app, ALICE, by="carys@trust.example", now=oakfield.at("09:02"))
    assert browser.log_in(ALICE).status_code == 303


# sessions end


@pytest.mark.parametrize(
    ("steps", "still"), [([29, 29, 29], True), ([31], False), ([29] * 25, False)], ids=["used", "idle", "twelve hours"]
)
def test_a_session_ends_when_it_lies_idle_and_after_twelve_hours(browser: Any, steps: list[int], still: bool) -> None:
    browser.log_in(ALICE)
    for minutes in steps:
        browser.moment += timedelta(minutes=minutes)
        page = browser.get("/account")
    assert (page.status_code == 200) is still


def test_a_new_password_ends_the_other_sessions(oakfield: Any, browser: Any, staff: Any) -> None:
    other = staff.Browser(oakfield.app, browser.moment)
    browser.log_in(ALICE)
    other.log_in(ALICE)
    wrong = browser.send("/account/password", {"old": "not mine at all", "new": "four purple geese"})
    assert wrong.status_code == 422 and "Enter your present password." in wrong.text
    short = browser.send("/account/password", {"old": staff.PASSWORD, "new": "short"})
    assert short.status_code == 422 and "at least 12 characters" in short.text
    assert browser.send("/account/password", {"old": staff.PASSWORD, "new": "four purple geese"}).status_code == 200
    assert (browser.get("/account").status_code, other.get("/account").status_code) == (200, 303)
    assert other.log_in(ALICE, "four purple geese").status_code == 303


def test_a_recovery_link_works_once_and_for_a_day(oakfield: Any, browser: Any) -> None:
    now = browser.moment
    old = accounts.make_recovery(oakfield.app, ALICE, by="carys", now=now - timedelta(hours=25)).rpartition("/")[2]
    assert browser.get(f"/recover/{old}").status_code == 410
    first, link = (accounts.make_recovery(oakfield.app, ALICE, by="carys", now=now) for _ in range(2))
    assert browser.get(f"/recover/{first.rpartition('/')[2]}").status_code == 410, "a newer link ends the older"
    path = f"/recover/{link.rpartition('/')[2]}"
    page = browser.get(path)
    assert "alice" in browser.send(path, {"new": "alice is at school"}, page=page).text
    assert browser.send(path, {"new": "four purple geese"}, page=page).status_code == 200
    assert browser.send(path, {"new": "five purple geese"}, page=page).status_code == 410
    assert browser.log_in(ALICE).status_code == 401
    assert browser.log_in(ALICE, "four purple geese").status_code == 303


# too many attempts


def test_guessing_has_to_wait_ever_longer_and_a_known_browser_does_not(oakfield: Any, browser: Any, staff: Any) -> None:
    browser.log_in(ALICE)
    browser.send("/logout")
    mallory = staff.Browser(oakfield.app, browser.moment, address="198.51.100.7")
    codes = [mallory.log_in(ALICE, "guess number one").status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    refused = mallory.log_in(ALICE, staff.PASSWORD)
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) <= 30
    elsewhere = staff.Browser(oakfield.app, browser.moment, address="203.0.113.9")
    assert elsewhere.log_in(ALICE).status_code == 429, "the account waits, wherever the guess comes from"
    assert browser.log_in(ALICE).status_code == 303, "Alice's own browser is known from before"
    waits = []
    for _ in range(8):
        mallory.moment += timedelta(seconds=int(mallory.log_in(ALICE, "x").headers["retry-after"]) + 1)
        assert mallory.log_in(ALICE, "guess number two").status_code == 401
        waits.append(int(mallory.log_in(ALICE, "x").headers["retry-after"]))
    assert waits == sorted(waits) and waits[-1] == 900
    elsewhere.moment = mallory.moment + timedelta(minutes=16)
    assert elsewhere.log_in(ALICE).status_code == 303, "nobody is locked out for long"


def test_an_address_that_tries_many_accounts_has_to_wait(oakfield: Any, staff: Any) -> None:
    mallory = staff.Browser(oakfield.app, oakfield.at("09:00"), address="198.51.100.7")
    page = mallory.get("/login")
    codes = [
        mallory.send("/login", {"email": f"a{number}@oakfield.example", "password": "guess"}, page=page).status_code
        for number in range(31)
    ]
    assert codes == [401] * 30 + [429]


# the second factor


def set_up(browser: Any) -> tuple[str, list[str]]:
    """Set the second factor up; returns the secret and the recovery codes."""
    page = browser.get("/account/second-factor")
    found = re.search(r"Key: <strong>([A-Z2-7 ]+)</strong>", page.text)
    assert found is not None
    secret = found[1].replace(" ", "")
    assert browser.get("/account/second-factor/picture.svg").headers["content-type"] == "image/svg+xml"
    wrong = browser.send("/account/second-factor", {"code": "000000", "password": PASSWORD}, page=page)
    assert wrong.status_code == 422 and secret[:4] in wrong.text, "the same key is shown again"
    fields = {"code": pyotp.TOTP(secret).at(browser.moment), "password": PASSWORD}
    done = browser.send("/account/second-factor", fields, page=page)
    assert done.status_code == 200
    return secret, re.findall(r"<code>([a-z0-9-]{14})</code>", done.text)


def test_the_second_factor_is_asked_for_once_it_is_set_up(oakfield: Any, browser: Any) -> None:
    browser.log_in(ALICE)
    before = browser.session
    secret, codes = set_up(browser)
    assert len(set(codes)) == 8 and browser.session != before
    with oakfield.app.database.read() as connection:
        assert secret not in str(store.user_by_email(connection, ALICE))
    browser.send("/logout")
    browser.moment += timedelta(minutes=1)
    step = browser.log_in(ALICE)
    assert step.status_code == 200 and "Enter your code" in step.text
    half = browser.session
    assert browser.get("/account").status_code == 303, "half a sign-in opens nothing"
    code = pyotp.TOTP(secret).at(browser.moment)
    assert browser.send("/login/second-factor", {"code": "123456"}, page=step).status_code == 401
    assert (
        browser.send("/login/second-factor", {"code": code, "next": "/help"}, page=step).headers["location"] == "/help"
    )
    assert browser.session != half and browser.get("/account").status_code == 200
    browser.send("/logout")
    step = browser.log_in(ALICE)
    assert browser.send("/login/second-factor", {"code": code}, page=step).status_code == 401, "a code counts once"
    assert browser.send("/login/second-factor", {"code": codes[0].upper()}, page=step).status_code == 303
    browser.send("/logout")
    step = browser.log_in(ALICE)
    assert browser.send("/login/second-factor", {"code": codes[0]}, page=step).status_code == 401
    accounts.second_factor_off(oakfield.app, ALICE, by="carys", now=browser.moment)
    assert browser.log_in(ALICE).headers["location"] == "/"


def test_codes_cannot_be_tried_for_long_even_with_the_password(browser: Any) -> None:
    browser.log_in(ALICE)
    set_up(browser)
    browser.send("/logout")
    statuses = []
    for _ in range(3):
        step = browser.log_in(ALICE)
        statuses += [browser.send("/login/second-factor", {"code": "000000"}, page=step).status_code for _ in range(3)]
    assert statuses[:5] == [401] * 5 and set(statuses[5:]) == {429}


def test_administrators_set_one_up_before_anything_else_where_the_settings_ask(make_morning: Any, staff: Any) -> None:
    made = make_morning(NOTIFIER_SIGN_IN__SECOND_FACTOR="administrators", **staff.WITH_KEY)
    made.add_school()
    staff.add(made.app, "head@oakfield.example", "administrator", at=made.at("08:00"), school="oakfield")
    staff.add(made.app, ALICE, "attendance_officer", at=made.at("08:00"), school="oakfield")
    browser = staff.Browser(made.app, made.at("09:00"))
    assert browser.log_in("head@oakfield.example").headers["location"] == "/account/second-factor"
    assert browser.get("/account").status_code == 303
    set_up(browser)
    assert browser.get("/account").status_code == 200
    assert staff.Browser(made.app, made.at("09:00")).log_in(ALICE).headers["location"] == "/"


# forms


def test_a_form_of_another_site_does_nothing(browser: Any) -> None:
    browser.log_in(ALICE)
    page = browser.get("/account")
    for headers in (
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://mallory.example"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "same-origin", "page": "forged"},
    ):
        forged = headers.pop("page", None)
        answer = browser.send("/logout", page=forged or page, headers=headers)
        assert answer.status_code == 403 and "Nothing was done" in answer.text
    without = browser.request("POST", "/logout", data={})
    assert without.status_code == 403
    plain = browser.request("POST", "/logout", headers={"Origin": "https://mallory.example"}, data={})
    assert plain.status_code == 403
    assert browser.get("/account").status_code == 200, "still signed in"


def test_the_sign_in_form_belongs_to_one_browser(browser: Any, staff: Any, oakfield: Any) -> None:
    page = staff.Browser(oakfield.app, browser.moment).get("/login")
    browser.get("/login")
    answer = browser.send("/login", {"email": ALICE, "password": staff.PASSWORD}, page=page)
    assert answer.status_code == 403 and browser.session == ""


def test_nothing_typed_is_lost_when_the_session_ends(browser: Any, staff: Any) -> None:
    browser.log_in(ALICE)
    page = browser.get("/choose-school")
    browser.moment += timedelta(hours=1)
    typed = {"key": "oakfield", "next": "/help", "note": "Line one\nرات سے بخار <b>"}
    late = browser.send("/choose-school", typed, page=page)
    assert late.status_code == 401 and "what you typed is kept" in late.text
    sealed = staff.hidden(late, "carried")
    assert "Line one" not in sealed
    back = browser.send(
        "/login", {"email": ALICE, "password": staff.PASSWORD, "carried": sealed}, page=staff.hidden(late, "csrf")
    )
    assert back.status_code == 200 and "What you typed is kept" in back.text
    assert "رات سے بخار &lt;b&gt;" in back.text and 'action="/choose-school"' in back.text
    token = re.findall(r'name="csrf" value="([^"]+)"', back.text)[-1]
    assert browser.send("/choose-school", typed, page=token).headers["location"] == "/help"


def test_what_one_typed_is_never_given_to_another(oakfield: Any, browser: Any, staff: Any) -> None:
    staff.add(oakfield.app, "bashir@oakfield.example", "safeguarding_lead", at=oakfield.at("08:00"), school="oakfield")
    browser.log_in(ALICE)
    page = browser.get("/choose-school")
    browser.moment += timedelta(hours=1)
    late = browser.send("/choose-school", {"note": "for Alice only"}, page=page)
    back = browser.send(
        "/login",
        {"email": "bashir@oakfield.example", "password": staff.PASSWORD, "carried": staff.hidden(late, "carried")},
        page=staff.hidden(late, "csrf"),
    )
    assert back.status_code == 200 and "for Alice only" not in back.text and "it was not kept" in back.text
    again = browser.send("/choose-school", {"note": "for Alice only"}, page=page)
    assert again.status_code == 403, "a form of Alice's page does nothing under Bashir's sign-in"


def test_a_form_of_an_older_sign_in_of_the_same_person_is_offered_again(browser: Any) -> None:
    browser.log_in(ALICE)
    page = browser.get("/choose-school")
    browser.send("/logout")
    browser.log_in(ALICE)
    again = browser.send("/choose-school", {"key": "oakfield", "note": "kept"}, page=page)
    assert again.status_code == 409 and "kept" in again.text
    unsure = browser.send("/choose-school", {"key": "x"}, page=page, headers={"Sec-Fetch-Site": "none"})
    assert unsure.status_code == 403, "only where the browser says that our own page sent it"


def test_pages_hold_no_inline_code_and_say_so(browser: Any) -> None:
    for path in ("/login", "/account"):
        page = browser.get(path)
        policy = page.headers["content-security-policy"]
        assert "script-src 'self'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin" and "camera=()" in page.headers["permissions-policy"]
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", page.text)
        if path == "/login":
            browser.log_in(ALICE)
