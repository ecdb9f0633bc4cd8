"""What a page does when something happens meanwhile, in a real browser: an answer comes in, the connection is lost, the sign-in ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from notifier.demo.sign_ins import PASSWORD
from notifier.demo.staff_pages import Served, write_as
from notifier.store import staff as staff_store
from notifier.store.tables import follow_ups, replies, staff_sessions

pytestmark = pytest.mark.browser

TELEPHONE, DESK = {"width": 320, "height": 640}, {"width": 1280, "height": 800}
ALICE, DANA = "alice@oakfield.example", "dana@oakfield.example"
URGENT = "She left home at 8 and I do not know where she is, please help"


@pytest.fixture(scope="module")
def site(served_site: Any) -> Iterator[Served]:
    """A pretend school at 09:54, where things happen."""
    with served_site("trouble") as served:
        yield served


@pytest.fixture
def chased(site: Served) -> tuple[str, str]:
    """The address of a follow-up that waits, and the number of a carer who has had a text about it."""
    with site.stage.app.database.read() as connection:
        row = connection.execute(
            replies.select()
            .where(replies.c.intent == "illness", replies.c.follow_up_id.is_not(None))
            .order_by(replies.c.received_at)
        ).first()
    assert row is not None
    return f"{site.url}/follow-ups/{row.follow_up_id}", row.sender


@pytest.fixture
def end_sign_in(site: Served) -> Callable[[str], None]:
    """Ends every sign-in of somebody, as time does."""

    def end(email: str) -> None:
        with site.stage.app.database.begin() as connection:
            user = staff_store.user_by_email(connection, email)
            assert user is not None
            ended = staff_sessions.update().where(staff_sessions.c.user_id == user.user_id)
            connection.execute(ended.values(ended_at=site.clock.now))

    return end


def something_changes(site: Served) -> None:
    """What a step of the ladder does to a row."""
    with site.stage.app.database.begin() as connection:
        connection.execute(follow_ups.update().values(version=follow_ups.c.version + 1))


def open_live(view: Any, address: str) -> None:
    """Open a page, with its stream of news."""
    with view.expect_response("**/events*"):
        view.goto(address)


def sign_in_again(view: Any, email: str) -> None:
    """By the form that stands in for the page."""
    view.get_by_label("E-mail address").fill(email)
    view.get_by_label("Password", exact=True).fill(PASSWORD)
    view.get_by_role("button", name="Sign in", exact=True).click()


def test_an_urgent_answer_is_announced_and_moves_nothing_while_somebody_writes(
    person: Any, site: Served, chased: Any
) -> None:
    address, number = chased
    view = person(ALICE, viewport=DESK)
    open_live(view, address)
    view.get_by_text("Add a note").click()
    view.locator("#note").fill("rang, no answer")
    view.locator("#note").focus()
    button = view.locator("[data-key='1']")
    button.hover()
    before = button.bounding_box()
    with view.expect_response(address):  # the standing is read again; it may only be replaced where nothing moves
        write_as(site.stage, number, URGENT, site.clock.now)
    expect(view.locator('[role="alert"][data-live-alarm]')).to_have_text(
        "An urgent answer has come in.", timeout=15_000
    )
    expect(view.locator('[role="status"][data-live-heard]')).to_have_text("This page has changed.")
    assert button.bounding_box() == before
    assert view.evaluate("document.activeElement.id") == "note"

    view.locator("[data-live-show]").click()
    expect(view.locator("#answers-part")).to_contain_text(URGENT)
    expect(view.locator("[data-live-said]")).to_contain_text("What you typed is still here")
    assert view.locator("#note").input_value() == "rang, no answer"
    view.get_by_role("button", name="Keep the note").click()
    expect(view.get_by_text("The note is kept.")).to_be_visible()  # what was shown need not be asked about


@pytest.mark.parametrize("size", [TELEPHONE, DESK], ids=["telephone", "desk"])
def test_todays_list_stays_under_the_pointer_until_somebody_asks_for_what_is_new(
    person: Any, site: Served, chased: Any, size: Any
) -> None:
    view = person(ALICE, viewport=size)
    open_live(view, f"{site.url}/")
    row = view.locator(".app-board__name").first
    row.scroll_into_view_if_needed()
    row.hover()
    before, said = row.bounding_box(), row.inner_text()
    write_as(site.stage, chased[1], URGENT, site.clock.now)
    show = view.locator("[data-live-show]")
    expect(show).to_contain_text(": show", timeout=15_000)
    expect(view.locator("[data-live-alarm]")).to_contain_text("urgent")
    assert row.bounding_box() == before and row.inner_text() == said
    show.focus()
    view.keyboard.press("Enter")
    expect(view.locator("[data-live-said]")).to_have_text("Up to date.")
    expect(view.locator("#list .app-tag--urgent").first).to_be_visible()
    assert view.evaluate("document.activeElement.hasAttribute('data-live-show')"), "the keyboard's place is lost"


def test_a_lost_connection_is_said_with_the_age_of_the_figures_and_comes_back_by_itself(
    person: Any, site: Served
) -> None:
    view = person(ALICE)
    view.route("**/events*", lambda route: route.abort())
    view.goto(f"{site.url}/")
    said = view.locator("[data-live-said]")
    expect(said).to_have_text("Connection lost. What you see is from 09:54. Trying again.")
    something_changes(site)
    view.unroute("**/events*")
    expect(said).to_have_text("", timeout=15_000)
    expect(view.locator("[data-live-show]")).to_contain_text(": show")


def test_a_page_goes_on_after_the_service_was_away_for_a_while(person: Any, site: Served) -> None:
    view = person(ALICE)
    view.clock.install()
    view.route("**/events*", lambda route: route.fulfill(status=503))
    view.goto(f"{site.url}/")
    expect(view.locator("[data-live-said]")).to_contain_text("Connection lost.")
    view.unroute("**/events*")
    with view.expect_response("**/events*"):
        view.clock.fast_forward(30_000)
    expect(view.locator("[data-live-said]")).to_have_text("")


def test_nothing_typed_is_lost_while_the_computer_is_offline(person: Any, site: Served, chased: Any) -> None:
    view = person(ALICE)
    view.goto(chased[0])
    view.get_by_text("Add a note").click()
    view.locator("#note").fill("written in the corridor")
    view.context.set_offline(True)
    offline = view.locator("[data-offline]")
    expect(offline).to_contain_text("This computer is offline.")
    view.get_by_role("button", name="Keep the note").click()
    expect(offline).to_contain_text("nothing was sent")
    assert view.locator("#note").input_value() == "written in the corridor"
    view.locator("[data-live-show]").click()
    expect(view.locator("[data-live-said]")).to_contain_text("could not be read again")
    assert view.locator("#note").input_value() == "written in the corridor"
    view.context.set_offline(False)
    expect(offline).to_have_text("")
    view.locator("#note").evaluate(
        "note => note.form.requestSubmit()"
    )  # a click within a second of the last is no second click
    expect(view.get_by_text("The note is kept.")).to_be_visible()
    expect(view.get_by_text("written in the corridor")).to_be_visible()


def test_a_note_outlives_the_sign_in_under_which_it_was_typed(
    person: Any, site: Served, chased: Any, end_sign_in: Any
) -> None:
    view = person(ALICE)
    open_live(view, chased[0])
    view.get_by_text("Add a note").click()
    view.locator("#note").fill("Gran says: at the dentist’s until eleven")
    end_sign_in(ALICE)
    expect(view.locator("[data-live-said]")).to_have_text(
        "You are signed out. Send what you have typed: it is kept while you sign in.", timeout=15_000
    )
    view.get_by_role("button", name="Keep the note").click()
    expect(view.get_by_text("what you typed is kept")).to_be_visible()
    view.get_by_label("E-mail address").fill(ALICE)
    view.get_by_role("button", name="Sign in", exact=True).click()  # a slip on the way does not lose it either
    expect(view.get_by_role("heading", name="There is a problem")).to_be_visible()
    sign_in_again(view, ALICE)
    expect(view.get_by_role("heading", name="What you typed is kept")).to_be_visible()
    expect(view.locator("main")).to_contain_text("Gran says: at the dentist’s until eleven")
    assert "Once" not in view.locator("main").inner_text(), "what only the page itself needs is shown"
    view.get_by_role("button", name="Send it now").click()
    expect(view.get_by_text("The note is kept.")).to_be_visible()


def test_an_answer_outlives_the_sign_in_under_which_it_was_typed(person: Any, site: Served, end_sign_in: Any) -> None:
    view = person(ALICE, java_script_enabled=False)
    view.goto(site.url + f"/inbox/{site.names['reply']}")
    view.get_by_label("Own words", exact=True).check()
    view.get_by_label("Your words").fill("Get well soon. See you tomorrow.")
    end_sign_in(ALICE)
    view.get_by_role("button", name="Answer", exact=True).click()
    sign_in_again(view, ALICE)
    view.get_by_role("button", name="Send it now").click()
    expect(view.get_by_role("heading", name="This is what will be sent")).to_be_visible()
    expect(view.locator(".govuk-inset-text")).to_contain_text("Get well soon. See you tomorrow.")
    end_sign_in(ALICE)
    view.get_by_role("button", name="Send this").click()
    sign_in_again(view, ALICE)
    view.get_by_role("button", name="Send it now").click()
    expect(view.get_by_text("Your answer is on its way.")).to_be_visible()


def test_settings_outlive_the_sign_in_under_which_they_were_typed(person: Any, site: Served, end_sign_in: Any) -> None:
    view = person(DANA)
    view.goto(f"{site.url}/settings/guards")
    view.locator("#stale").fill("47")
    end_sign_in(DANA)
    view.get_by_role("button", name="See what it does").click()
    sign_in_again(view, DANA)
    expect(view.locator("main")).to_contain_text("47")
    view.get_by_role("button", name="Send it now").click()
    expect(view.get_by_role("heading", name="What would change")).to_be_visible()
    assert view.locator("#stale").input_value() == "47"


def test_wording_outlives_the_sign_in_and_the_check_says_that_it_did_not_look(
    person: Any, site: Served, end_sign_in: Any
) -> None:
    view = person(DANA)
    view.goto(f"{site.url}/wording/first_day_pm/en")
    words = "{{ school }}: {{ pupils }} not in this afternoon, {{ date }}. Please reply or ring {{ phone }}."
    end_sign_in(DANA)
    view.get_by_label("Text", exact=True).fill(words)
    expect(view.locator("#checked")).to_contain_text("Not checked: your sign-in has ended")
    assert view.get_by_label("Text", exact=True).input_value() == words
    view.get_by_role("button", name="Save", exact=True).click()
    sign_in_again(view, DANA)
    view.get_by_role("button", name="Send it now").click()
    expect(view.get_by_role("heading", name="English", exact=True)).to_be_visible()
    expect(view.locator("main")).to_contain_text("not in this afternoon")
    assert (site.stage.folder / "config" / "wording").is_dir(), "a demonstration's wording is kept with the shipped one"
