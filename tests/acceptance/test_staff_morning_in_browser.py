"""A whole morning's work in a real browser: by keyboard alone, without JavaScript, on a telephone; then settings, wording, a new school."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from notifier.demo.sign_ins import PASSWORD
from notifier.demo.staff_pages import NEW_SCHOOL, Served
from notifier.services import take_in
from notifier.store import follow_ups as store

pytestmark = pytest.mark.browser

ILLNESS = "Ill or injured"
TELEPHONE = {"width": 320, "height": 640}
ALICE, BASHIR = "alice@oakfield.example", "bashir@oakfield.example"
DANA, CARYS = "dana@oakfield.example", "carys@rivers.example"


@pytest.fixture(scope="module")
def site(served_site: Any) -> Iterator[Served]:
    """A pretend school at 09:54, to work in."""
    with served_site("morning") as served:
        yield served


def fresh_page(browser: Any, **options: Any) -> Any:
    """A browser that nobody has signed in with."""
    view = browser.new_context(locale="en-GB", reduced_motion="reduce", **options).new_page()
    view.set_default_timeout(15_000)
    return view


def wait_again(site: Served) -> int:
    """Have every follow-up of the day wait for a person, as after a change of mind; returns how many children these are."""
    with site.stage.app.database.begin() as connection:
        rows = store.of_day(connection, site.stage.school.key, site.stage.day.day)
        for row in rows:
            if row.closed_at is not None:
                store.reopen(
                    connection, site.stage.school.key, row.follow_up_id, reason="needs_review", at=row.opened_at
                )
    return len({row.pupil_id for row in rows})


def done(view: Any, words: str) -> None:
    """The page says that something was done."""
    expect(view.locator(".govuk-notification-banner")).to_contain_text(words)


def test_the_whole_morning_is_worked_by_keyboard_alone(browser: Any, site: Served, keyboard: Any) -> None:
    assert wait_again(site) >= 4
    view = fresh_page(browser)
    keys = keyboard(view)

    view.goto(f"{site.url}/")
    keys.write(view.get_by_label("E-mail address"), ALICE)
    keys.write(view.get_by_label("Password", exact=True), PASSWORD)
    view.keyboard.press("Enter")
    expect(view.get_by_role("heading", name=re.compile("^Today"))).to_be_visible()
    assert keys.round() > 20

    keys.press(view.locator("#counts a", has_text="Answered"))
    expect(view.get_by_role("heading", name="Answered", exact=True)).to_be_visible()
    keys.press(view.locator(".app-board__name").first)
    expect(view.get_by_role("heading", name="Confirm a reason")).to_be_visible()
    child = view.get_by_role("heading", level=1).inner_text()
    assert keys.round() > 20
    view.evaluate("document.activeElement.blur()")
    view.keyboard.press("1")
    done(view, "The reason is confirmed.")
    assert keys.focus() is not None, "the keyboard is not at what was done"
    keys.press(view.locator('[accesskey="n"]'))

    expect(view.get_by_role("heading", name="Confirm a reason")).to_be_visible()
    assert view.get_by_role("heading", level=1).inner_text() != child
    keys.choose(view.get_by_label("Somebody else", exact=True))
    keys.choose(view.locator('input[name="outcome"]').nth(2))
    keys.write(view.locator("#call_note"), "1 aunt, 2 calls")  # numbers are numbers while somebody writes
    keys.press(view.get_by_role("button", name="Keep the call"))
    done(view, "The call is on record.")
    expect(view.get_by_text("1 aunt, 2 calls")).to_be_visible()
    keys.press(view.locator("summary", has_text="Add a note"))
    keys.write(view.locator("#note"), "Coat is here")
    keys.press(view.get_by_role("button", name="Keep the note"))
    done(view, "The note is kept.")

    keys.press(view.get_by_role("link", name="Inbox", exact=True))
    expect(view.get_by_role("heading", name="Inbox", exact=True)).to_be_visible()
    assert keys.round() > 10
    keys.press(view.locator(".app-letter", has_text=ILLNESS).get_by_role("button", name="I take this").first)
    expect(view.get_by_text("You have this until")).to_be_visible()
    assert keys.round() > 10
    keys.choose(view.locator('input[name="say"]').nth(1))
    keys.press(view.get_by_role("button", name="Answer", exact=True))
    done(view, "Your answer is on its way.")
    waiting = view.locator(".app-letter").count()
    keys.press(view.get_by_role("button", name="Dealt with").first)
    done(view, "Noted as dealt with.")
    assert view.locator(".app-letter").count() == waiting - 1

    keys.press(view.get_by_role("link", name="Messages", exact=True))
    expect(view.get_by_role("heading", name="Messages", exact=True)).to_be_visible()
    keys.write(view.get_by_label("Pupil", exact=True), child.split()[0])
    view.keyboard.press("Enter")
    expect(view.get_by_text("that fit the search")).to_be_visible()
    assert keys.round() > 10
    keys.press(view.locator(".app-log__when a").first)
    expect(
        view.get_by_role("heading", name=re.compile("What happened|How it was|Receipts|Attempts")).first
    ).to_be_visible()
    assert keys.round() > 8
    view.go_back()
    expect(view.get_by_label("Pupil", exact=True)).to_have_value(child.split()[0])
    keys.press(view.get_by_role("button", name="Sign out"))
    expect(view.get_by_text("You are signed out.")).to_be_visible()
    view.context.close()


@pytest.mark.parametrize("size", [TELEPHONE, None], ids=["telephone", "desk"])
def test_the_whole_morning_is_worked_without_javascript(browser: Any, site: Served, size: Any) -> None:
    wait_again(site)
    view = fresh_page(browser, java_script_enabled=False, **({"viewport": size} if size else {}))
    view.goto(f"{site.url}/")
    view.get_by_label("E-mail address").fill(BASHIR)
    view.get_by_label("Password", exact=True).fill(PASSWORD)
    view.get_by_role("button", name="Sign in", exact=True).click()
    view.locator("#counts a", has_text="Unexplained").click()
    view.locator(".app-board__name").last.click()
    view.get_by_label("Another code").select_option("M")
    view.get_by_label("Note (optional)").first.fill("Rang the surgery")
    view.get_by_role("button", name="Confirm the code chosen above").click()
    done(view, "The reason is confirmed.")
    view.locator('[accesskey="n"]').click()
    view.get_by_role("button", name="Keep the call").click()
    expect(view.get_by_role("heading", name="There is a problem")).to_be_visible()
    expect(view).to_have_title(re.compile("^Error"))
    faults = view.locator(".govuk-error-summary a")
    assert faults.all_inner_texts() == ["Choose whom you rang.", "Choose what the call came to."]
    view.get_by_label("Somebody else", exact=True).check()
    view.get_by_label("No answer", exact=False).check()
    view.get_by_role("button", name="Keep the call").click()
    assert faults.all_inner_texts() == ["Say in the note whom you rang."]
    assert view.get_by_label("Somebody else", exact=True).is_checked()
    view.locator("#call_note").fill("Her aunt")
    view.get_by_role("button", name="Keep the call").click()
    done(view, "The call is on record.")

    view.get_by_role("link", name="Inbox", exact=True).click()
    view.get_by_role("button", name="I take this").last.click()
    expect(view.get_by_text("You have this until")).to_be_visible()
    view.get_by_role("button", name="Give it back").click()
    done(view, "Given back.")
    free = view.locator(".app-letter").filter(has=view.get_by_role("button", name="I take this"))
    free.filter(has_text=ILLNESS).first.get_by_role("link", name="Open").click()
    view.get_by_label("Own words", exact=True).check()
    view.get_by_label("Your words").fill("Thank you. We will see you tomorrow.")
    view.get_by_role("button", name="Answer", exact=True).click()
    expect(view.get_by_role("heading", name="This is what will be sent")).to_be_visible()
    view.get_by_role("button", name="Send this").click()
    done(view, "Your answer is on its way.")

    view.get_by_role("link", name="Messages", exact=True).click()
    view.get_by_label("Words in the text").fill("tomorrow")
    view.get_by_role("button", name="Search").click()
    expect(view.locator(".app-log")).to_contain_text("We will see you tomorrow")
    view.locator(".app-log__when a").first.click()
    expect(view.get_by_role("heading", level=1)).to_be_visible()
    view.context.close()


def test_a_setting_is_tried_before_it_is_saved_and_the_second_of_two_people_loses_nothing(
    person: Any, site: Served
) -> None:
    first, second = person(DANA), person(CARYS)
    for view in (first, second):
        view.goto(f"{site.url}/settings/times?school=oakfield")
    first.get_by_label("Morning: first texts").fill("25:99")
    first.get_by_role("button", name="See what it does").click()
    expect(first.get_by_role("heading", name="There is a problem")).to_be_visible()
    assert first.get_by_label("Morning: first texts").input_value() == "25:99"
    assert first.get_by_label("Morning: first texts").get_attribute("aria-describedby")
    first.get_by_role("alert").get_by_role("link").first.click()
    assert first.evaluate("document.activeElement.name") == "am-first_contact"
    first.get_by_label("Morning: first texts").fill("09:40")
    first.get_by_role("button", name="See what it does").click()
    expect(first.get_by_role("heading", name="Tried on past days")).to_be_visible()
    first.get_by_role("button", name="Save this").click()
    done(first, "The settings are saved")

    second.get_by_label("Afternoon: no text after").fill("14:45")
    second.get_by_role("button", name="See what it does").click()
    expect(second.get_by_text("since you opened this page")).to_be_visible()
    assert second.get_by_label("Afternoon: no text after").input_value() == "14:45"
    expect(second.get_by_role("button", name="Save this")).not_to_be_visible()
    second.get_by_label("Morning: first texts").fill("09:40")
    second.get_by_role("button", name="See what it does").click()
    expect(second.get_by_role("row", name="Morning: first texts")).to_have_count(0)
    second.get_by_role("button", name="Save this").click()
    done(second, "The settings are saved")
    second.goto(f"{site.url}/settings/times")
    assert second.get_by_label("Morning: first texts").input_value() == "09:40"
    assert second.get_by_label("Afternoon: no text after").input_value() == "14:45"


def test_wording_is_changed_and_the_second_of_two_people_sees_both_versions(person: Any, site: Served) -> None:
    first, second = person(DANA), person(ALICE, java_script_enabled=False)
    words = "{{ school }}: {{ pupils }} not in today, {{ date }}. Please reply or ring {{ phone }}."
    for view in (first, second):
        view.goto(f"{site.url}/wording/second_text/en")
    first.get_by_label("Text", exact=True).fill(words)
    expect(first.get_by_role("heading", name="The checks found nothing")).to_be_visible()
    first.get_by_role("button", name="Save", exact=True).click()
    expect(first).to_have_url(re.compile("done=saved"))
    second.get_by_label("Text", exact=True).fill(words.replace("Please reply", "Please answer"))
    second.get_by_role("button", name="Save", exact=True).click()
    expect(second.get_by_role("heading", name="There is a problem")).to_be_visible()
    assert "Please answer" in second.get_by_label("Text", exact=True).input_value()
    expect(second.locator("del, ins").filter(has_text="reply").first).to_be_visible()


def test_a_new_school_goes_through_its_list_to_a_dry_run_and_is_switched_on(person: Any, site: Served) -> None:
    view = person(CARYS)
    view.goto(f"{site.url}/settings/times?school=oakfield")
    view.goto(f"{site.url}/settings/new-school")
    view.get_by_label("School’s name", exact=True).fill("Ashgrove Primary School")
    view.get_by_role("button", name="Make the school").click()
    expect(view.get_by_role("heading", name="There is a problem")).to_be_visible()
    assert view.get_by_label("School’s name", exact=True).input_value() == "Ashgrove Primary School"
    view.get_by_label("Short name, in every text").fill("Ashgrove")
    view.get_by_label("Office telephone").fill("01632 960125")
    view.get_by_label("Office e-mail").fill("office@ashgrove.example")
    view.get_by_label("This year’s terms").fill("02/09/2026 to 18/12/2026")
    view.get_by_label("Safeguarding lead’s e-mail").fill("led@ashgrove.example")
    view.get_by_role("button", name="Make the school").click()
    done(view, "The school is made.")
    expect(view.locator(".app-header__school")).to_contain_text("Ashgrove")
    view.get_by_role("link", name="Change names and addresses").click()
    expect(view.locator(".app-header__school")).to_contain_text("Ashgrove")  # not the school that was in hand before
    view.get_by_label("Safeguarding lead’s e-mail").fill("lead@ashgrove.example")
    view.get_by_role("button", name="See what it does").click()
    view.get_by_role("button", name="Save this").click()
    done(view, "The settings are saved")
    expect(view.get_by_text("Sending can be switched on when all of this is done.")).to_be_visible()

    stage = site.stage
    stage.pretend.write_people_csv(stage.files / "ashgrove.csv")
    take_in.take_people(stage.app, "ashgrove-primary", stage.files / "ashgrove.csv", now=site.clock.now, by="test")
    marks = stage.files / "ashgrove-marks.csv"
    pupil = stage.pretend.pupils[0].pupil_id
    marks.write_text(f"pupil_id,date,session,code\n{pupil},{stage.day.day.isoformat()},AM,N\n", encoding="utf-8")
    take_in.take_marks(stage.app, "ashgrove-primary", marks, now=site.clock.now, by="test")
    view.reload()
    while (vouch := view.get_by_role("button", name=re.compile("^I have seen to it(?!.*dry run)"))).count():
        vouch.first.click()
        done(view, "Noted, with your name.")
    view.get_by_role("link", name="Make a dry run").click()
    expect(view.get_by_role("heading", name=re.compile("^Dry run"))).to_be_visible()
    expect(view.locator(".app-header__school")).to_contain_text("Ashgrove")
    view.get_by_role("button", name="I have looked at it, name by name").click()
    view.get_by_role("button", name="Switch sending on").click()
    expect(view.get_by_text("Tick the box").first).to_be_visible()
    view.get_by_label(re.compile("From now on families are written to")).check()
    view.get_by_role("button", name="Switch sending on").click()
    done(view, "Sending is on.")


ROUNDS = (
    (ALICE, "/messages"), (ALICE, "/inbox/{stranger}/link"), (ALICE, "/wording/first_day_am/en"), (ALICE, "/help"), (DANA, "/settings"),
    (DANA, "/settings/guards"), (DANA, "/settings/calendar"), (DANA, "/reports"), (BASHIR, "/audit"), (BASHIR, "/pupils/{present}"),
    (CARYS, "/settings/new-school"), (CARYS, f"/settings?school={NEW_SCHOOL}"), (CARYS, "/choose-school"),
)  # fmt: skip
"""Pages beside those of the morning, and whose they are."""


def test_every_control_is_reached_in_order_and_seen_at_both_widths(person: Any, site: Served, keyboard: Any) -> None:
    views = {email: person(email) for email in {email for email, _ in ROUNDS}}
    for email, address in ROUNDS:
        view = views[email]
        for size in (TELEPHONE, {"width": 1280, "height": 720}):
            view.set_viewport_size(size)
            view.goto(site.url + address.format(**site.names))
            assert keyboard(view).round() > 5
