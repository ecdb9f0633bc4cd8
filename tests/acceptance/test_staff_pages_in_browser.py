"""Every staff page in a real browser: no accessibility fault that axe finds, nothing cut off, nothing the policy refuses, and live."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import time
from typing import Any

import pytest
from playwright.sync_api import expect

from notifier.demo.sign_ins import PASSWORD
from notifier.demo.staff_pages import PAGES, Served, StaffPage, sign_in
from notifier.domain.sessions import at_local
from notifier.domain.staff import Role
from notifier.services import staff
from notifier.store.tables import follow_ups

pytestmark = pytest.mark.browser

TELEPHONE, DESK = {"width": 320, "height": 640}, {"width": 1440, "height": 900}
ALICE = "alice@oakfield.example"


@pytest.fixture(scope="module")
def site(served_site: Any) -> Iterator[Served]:
    """A pretend school's pages, with more that are tried."""
    with served_site("pages") as served:
        yield served


@pytest.fixture(scope="module")
def as_person(browser: Any, site: Served) -> Iterator[Callable[[str | None], Any]]:
    """A browser's page by person, signed in once."""
    known: dict[str | None, Any] = {}

    def view(email: str | None) -> Any:
        if email not in known:
            known[email] = browser.new_context(locale="en-GB", reduced_motion="reduce").new_page()
            if email:
                sign_in(known[email], site.url, email, PASSWORD)
        return known[email]

    yield view
    for page in known.values():
        page.context.close()


@contextmanager
def complaints(view: Any) -> Iterator[list[str]]:
    """What the browser complains of: refused by the policy, not found, failed in a script."""
    heard: list[str] = []

    def listen(message: Any) -> None:
        if message.type == "error" and "status of" not in message.text:
            heard.append(message.text)

    failed = heard.append
    view.on("console", listen)
    view.on("pageerror", lambda error: failed(str(error)))
    yield heard
    view.remove_listener("console", listen)


FAILING = (
    StaffPage("fault", "/broken", Role.ATTENDANCE_OFFICER, 500),
    StaffPage("no-records", "/unreachable", Role.ATTENDANCE_OFFICER, 503),
)
"""Pages that tell of trouble of our own; the site of these tests has addresses that make it."""

SPACED = """
() => {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync('* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-bottom: 2em !important }')
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
}
"""
"""The spacing of WCAG 1.4.12, as somebody's own style sheet sets it."""

CUT_OFF = """
() => [...document.querySelectorAll('main *:not(input), header *')]
  .filter(one => ['hidden', 'clip'].includes(getComputedStyle(one).overflowX) && one.clientWidth > 2)
  .filter(one => one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1)
  .map(one => one.outerHTML.slice(0, 120))
"""


MAIN = {
    "sign-in", "today", "follow-up", "inbox", "reply", "messages", "message", "settings-guards", "reports", "wording-edit", "audit", "help",
}  # fmt: skip
"""Pages that are looked at every time; the others in CI."""

LOOKED_AT = [
    pytest.param(page, id=page.name, marks=() if page.name in MAIN else pytest.mark.long) for page in (*PAGES, *FAILING)
]


@pytest.mark.parametrize("page", LOOKED_AT)
def test_a_page_has_no_violation_and_fits_a_telephone_and_a_desk(
    page: StaffPage, as_person: Any, site: Served, axe: Callable[[Any], list[str]]
) -> None:
    view = as_person(page.email)
    with complaints(view) as heard:
        for size in (TELEPHONE, DESK):
            view.set_viewport_size(size)
            assert view.goto(site.address(page)).status == page.status
            assert page.email is None or "Sign in" not in view.title(), "the page was not shown"
            assert view.evaluate("document.body.classList.contains('js-enabled')"), "the scripts did not run"
            if size is TELEPHONE:  # what is folded is looked at too
                view.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
            assert axe(view) == []
            assert view.evaluate("document.documentElement.scrollWidth") <= size["width"], "it scrolls sideways"
            view.evaluate(SPACED)
            assert view.evaluate("document.documentElement.scrollWidth") <= size["width"], (
                "spaced words scroll sideways"
            )
            assert view.evaluate(CUT_OFF) == []
        assert heard == []


def test_the_menu_folds_on_a_telephone_and_is_plain_without_scripts(as_person: Any, browser: Any, site: Served) -> None:
    view = as_person(ALICE)
    view.set_viewport_size(TELEPHONE)
    view.goto(f"{site.url}/help")
    inbox = view.get_by_role("link", name="Today", exact=True)
    assert not inbox.is_visible()
    view.get_by_role("button", name="Menu").click()
    assert inbox.is_visible()
    without = browser.new_context(java_script_enabled=False, viewport=TELEPHONE).new_page()
    sign_in(without, site.url, ALICE, PASSWORD)
    without.goto(f"{site.url}/help")
    assert without.get_by_role("link", name="Today", exact=True).is_visible()
    assert not without.get_by_role("button", name="Menu").is_visible()
    without.context.close()


def test_the_keyboard_comes_first_to_the_skip_link_and_by_it_to_the_content(as_person: Any, site: Served) -> None:
    view = as_person(ALICE)
    view.goto(f"{site.url}/help")
    view.keyboard.press("Tab")
    assert view.evaluate("document.activeElement.textContent").strip() == "Skip to main content"
    view.keyboard.press("Enter")
    assert view.evaluate("document.activeElement.id") == "main-content"


def change_something(site: Served) -> None:
    """What a step of the ladder does to a row."""
    with site.stage.app.database.begin() as connection:
        connection.execute(follow_ups.update().values(version=follow_ups.c.version + 1))


def test_a_page_says_what_changed_and_leaves_alone_what_somebody_writes_in(as_person: Any, site: Served) -> None:
    view = as_person(ALICE)
    view.set_viewport_size(DESK)
    view.goto(f"{site.url}/tried")
    before = view.locator("#counts").inner_text()
    view.get_by_label("Note").fill("rang, no answer")
    view.mouse.move(700, 850)
    change_something(site)
    show = view.locator("[data-live-show]")
    expect(show).to_contain_text(": show", timeout=15_000)
    expect(view.locator("#counts")).not_to_have_text(before, timeout=15_000)
    assert view.locator("#list").inner_text().endswith(before.split()[0]), "the list moved by itself"
    show.click()
    expect(show).to_have_text("Refresh")
    assert view.get_by_label("Note").input_value() == "rang, no answer"
    assert "left as it is" in view.locator("[data-live-said]").inner_text()


def test_a_stream_ends_with_the_session_and_the_page_says_so(browser: Any, site: Served) -> None:
    view = browser.new_context().new_page()
    sign_in(view, site.url, "vera@oakfield.example", PASSWORD)
    with view.expect_response("**/events*"):  # the stream is open
        view.goto(f"{site.url}/tried")
    staff.disable(site.stage.app, "vera@oakfield.example", by="Dana", now=at_local(site.stage.day.day, time(16)))
    expect(view.locator("[data-live-said]")).to_contain_text("signed out", timeout=15_000)
    view.context.close()
    staff.enable(site.stage.app, "vera@oakfield.example", by="Dana", now=at_local(site.stage.day.day, time(16)))


@pytest.fixture
def two_open(site: Served) -> list[str]:
    """The addresses of two follow-ups that wait for a person, whatever the pretend morning came to."""
    from notifier.store import follow_ups as store

    with site.stage.app.database.begin() as connection:
        rows = store.of_day(connection, site.stage.school.key, site.stage.day.day)
        chosen = list({row.pupil_id: row for row in rows}.values())[:2]
        for row in chosen:
            store.reopen(connection, site.stage.school.key, row.follow_up_id, reason="needs_review", at=row.opened_at)
    assert len(chosen) == 2
    return [f"{site.url}/follow-ups/{row.follow_up_id}" for row in chosen]


def test_a_reason_is_confirmed_by_keyboard_alone_and_the_page_leads_to_the_next_child(
    browser: Any, site: Served, two_open: list[str]
) -> None:
    view = browser.new_context(locale="en-GB", reduced_motion="reduce").new_page()
    sign_in(view, site.url, ALICE, PASSWORD)
    view.goto(f"{site.url}/")
    view.locator(".app-board__name").first.focus()
    view.keyboard.press("Enter")
    expect(view.get_by_role("heading", name="Confirm a reason")).to_be_visible()
    view.locator("#note_confirm").focus()
    view.keyboard.press("1")  # while somebody writes, a number is a number
    expect(view.locator("#note_confirm")).to_have_value("1")
    view.evaluate("document.activeElement.blur()")
    view.keyboard.press("1")
    expect(view.get_by_text("The reason is confirmed.")).to_be_visible()
    view.locator('[accesskey="n"]').focus()
    view.keyboard.press("Enter")
    expect(view.get_by_role("heading", name="Confirm a reason")).to_be_visible()
    view.context.close()


def test_a_follow_up_is_worked_without_javascript(browser: Any, site: Served, two_open: list[str]) -> None:
    view = browser.new_context(locale="en-GB", java_script_enabled=False).new_page()
    sign_in(view, site.url, ALICE, PASSWORD)
    view.goto(two_open[1])
    view.get_by_role("button", name="Keep the call").click()
    expect(view.get_by_role("heading", name="There is a problem")).to_be_visible()
    view.get_by_label("Somebody else").check()
    view.get_by_label("No answer").check()
    view.locator("#call_note").fill("Grandmother, 09:50")
    view.get_by_role("button", name="Keep the call").click()
    expect(view.get_by_text("The call is on record.")).to_be_visible()
    expect(view.get_by_text("somebody else: no answer. Grandmother, 09:50")).to_be_visible()
    view.get_by_text("Add a note").click()
    view.locator("#note").fill("Coat is here")
    view.get_by_role("button", name="Keep the note").click()
    expect(view.get_by_text("Note by Alice Morgan: Coat is here")).to_be_visible()
    view.context.close()


def test_words_are_checked_while_somebody_writes(as_person: Any, site: Served) -> None:
    view = as_person("alice@oakfield.example")
    with complaints(view) as heard:
        view.goto(f"{site.url}/wording/first_day_am/en")
        words = view.get_by_label("Text", exact=True)
        words.fill("{{ school }}: {{ pupils }} not in today, {{ date }}. Ring {{ phone }} or be fined")
        view.get_by_text("It speaks of fines or courts").wait_for()
        words.fill("{{ school }}: {{ pupils }} not in today, {{ date }}. Please reply or ring {{ phone }}.")
        view.get_by_text("The checks found nothing").wait_for()
        assert view.get_by_text("4p a text").is_visible()
    assert heard == []
