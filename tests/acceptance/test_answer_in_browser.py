"""The carer's answer page in a real browser: on a small phone, without scripts, from the keyboard, in Urdu, with large letters."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from sqlalchemy import select

from notifier.channels.simulator import NO_TROUBLE, SimulatedNetwork, SimulatorChannel
from notifier.services import schools, take_in, tick
from notifier.services.application import Application, load_application
from notifier.services.hand_over import Pace
from notifier.settings import load_settings
from notifier.store.tables import replies
from notifier.web.app import build_app

pytestmark = pytest.mark.browser

REPOSITORY = Path(__file__).resolve().parents[2]
NINE_THIRTY = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PUBLIC = "http://127.0.0.1:8000"
PHONE = {"viewport": {"width": 320, "height": 568}, "java_script_enabled": False, "has_touch": True}
PEOPLE = """pupil_id,given_name,family_name,registration_group,carer_id,carer_name,relationship,priority,parental_responsibility,email,language
1,Aisha,Khanum,4B,1,Samina Khanum,mother,1,yes,samina@family.example,ur
2,Yusuf,Khanum,2A,1,Samina Khanum,mother,1,yes,samina@family.example,ur
3,Oluwadamilola,Pricewell,4B,3,Jo Pricewell,father,1,yes,jo@family.example,en
4,Maximilian,Ward,4B,4,Lee Ward,father,1,yes,lee@family.example,en
5,Cara,Hill,4B,5,Sam Hill,mother,1,yes,sam@family.example,en
"""


def make_morning(folder: Path) -> tuple[Application, dict[str, str]]:
    """Oakfield at 09:30, all five children absent, and the links that went out, by the address they went to."""
    app = load_application(
        load_settings(
            {
                "NOTIFIER_DATABASE_URL": f"sqlite:///{folder / 'notifier.db'}",
                "NOTIFIER_CHANNELS__SMS": "simulator",
                "NOTIFIER_CHANNELS__EMAIL": "simulator",
                "NOTIFIER_PUBLIC_URL": PUBLIC,
            }
        )
    )
    network = SimulatedNetwork(odds=NO_TROUBLE)
    app.channels = {medium: SimulatorChannel(medium, network) for medium in ("sms", "email")}
    early = NINE_THIRTY - timedelta(minutes=20)
    schools.add_school(app, REPOSITORY / "config/schools/oakfield.example.toml", now=early, by="Alice")
    schools.approve(app, language="ur", reviewer="Samina Butt, teacher", now=early, school_id="oakfield")
    people, marks = folder / "people.csv", folder / "marks.csv"
    people.write_text(PEOPLE, encoding="utf-8")
    marks.write_text(
        "pupil_id,date,session,code\n" + "".join(f"{n},2026-11-23,AM,N\n" for n in range(1, 6)), encoding="utf-8"
    )
    take_in.take_people(app, "oakfield", people, now=early, by="Alice")
    take_in.take_marks(app, "oakfield", marks, now=early, by="Alice")
    moments = iter(NINE_THIRTY + timedelta(minutes=step) for step in range(10_000))

    async def no_sleep(_seconds: float) -> None:
        return None

    asyncio.run(tick.tick(app, now=NINE_THIRTY, pace=Pace(lambda: next(moments), no_sleep)))
    found = {message.to: re.search(re.escape(PUBLIC) + r"(/r/\w+)", message.body) for message in network.messages}
    return app, {to.partition("@")[0]: link[1] for to, link in found.items() if link}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Application, dict[str, str]]]:
    """A real server for that morning, with the full addresses of the links."""
    app, links = make_morning(tmp_path_factory.mktemp("answer"))
    web = build_app(app, clock=lambda: NINE_THIRTY + timedelta(minutes=10), wake=lambda: None)
    server = uvicorn.Server(uvicorn.Config(web, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield app, {name: f"http://127.0.0.1:{port}{path}" for name, path in links.items()}
    finally:
        server.should_exit = True
        thread.join()
        app.database.close()


@pytest.fixture(scope="module")
def browser(chromium: str, served: Any) -> Iterator[Any]:
    """A real Chromium; opened after the morning is made, since Playwright keeps an event loop in this thread."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        opened.close()


def answers(app: Application, carer: str) -> list[Any]:
    with app.database.read() as connection:
        return list(connection.execute(select(replies).where(replies.c.carer_id == carer)))


def sizes(page: Any, selector: str) -> list[dict[str, float]]:
    return [target.bounding_box() for target in page.locator(selector).all() if target.is_visible()]


@pytest.mark.parametrize("letters", ["100%", "200%"])
@pytest.mark.parametrize("who", ["jo", "samina"])
def test_it_fits_a_small_phone_and_a_thumb(browser, served, who, letters):
    page = browser.new_page(viewport={"width": 320, "height": 568})
    page.goto(served[1][who])
    page.evaluate(f"document.documentElement.style.fontSize = '{letters}'")
    page.locator("summary").click()

    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    for box in sizes(page, ".buttons button, .child, summary, textarea, input[type=date], a"):
        assert box["height"] >= 44, box
    page.close()


def test_a_parent_answers_with_one_tap_without_scripts(browser, served):
    app, links = served
    context = browser.new_context(**PHONE)
    page = context.new_page()
    page.goto(links["jo"])
    assert "Oluwadamilola" in page.get_by_role("heading", level=1).inner_text()
    first = page.get_by_role("button", name="Ill or hurt").bounding_box()
    assert first["y"] + first["height"] < 568, "the first answer is there without scrolling"

    page.get_by_text("You can tell us more here").tap()
    page.get_by_label("You can tell us more here").fill("sick in the night 🤒")
    page.get_by_label("Back in school on").fill("2026-11-25")
    page.get_by_role("button", name="Ill or hurt").tap()

    page.get_by_role("heading", name="Thank you. We have your answer. We will call you if we need").wait_for()
    (row,) = answers(app, "3")
    assert (row.intent, row.body, row.facts["return_date"]) == ("illness", "sick in the night 🤒", "2026-11-25")
    page.goto(links["jo"])
    assert "already" in page.get_by_role("heading", level=1).inner_text()
    assert context.cookies() == []
    context.close()


def test_it_works_from_the_keyboard_and_enter_in_a_field_sends_nothing(browser, served):
    app, links = served
    page = browser.new_page()
    page.goto(links["lee"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    page.keyboard.press("Enter")
    page.get_by_label("Back in school on").fill("2026-11-24")
    page.get_by_label("Back in school on").press("Enter")

    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text() == "Please choose one answer."
    assert answers(app, "4") == []
    assert page.get_by_label("Back in school on").input_value() == "2026-11-24"
    page.get_by_role("button", name="Doctor, dentist or hospital").focus()
    page.keyboard.press("Space")
    page.get_by_text("Thank you. We have your answer.").wait_for()
    assert answers(app, "4")[0].intent == "medical"
    page.close()


def test_in_urdu_it_runs_from_the_right_and_one_of_two_children_can_be_chosen(browser, served):
    app, links = served
    context = browser.new_context(**PHONE)
    page = context.new_page()
    page.goto(links["samina"])
    name, box = page.locator(".child bdi").first.bounding_box(), page.locator(".child input").first.bounding_box()
    assert box["x"] > name["x"], "the tick stands to the right of the name"
    assert page.get_by_role("group").filter(has=page.get_by_role("checkbox")).count() == 1

    page.get_by_label("Aisha").uncheck()
    page.locator("button[value=illness]").tap()
    page.locator(".said-thanks").wait_for()

    assert page.locator("html").get_attribute("dir") == "rtl"
    (row,) = answers(app, "1")
    assert (row.pupil_ids, row.language) == (["2"], "ur")
    context.close()


def test_the_browser_finds_nothing_to_complain_about(browser, served):
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))

    page.goto(served[1]["sam"], wait_until="networkidle")

    assert complaints == []
    colours = page.evaluate(
        "(b => [b.backgroundColor, b.color])(getComputedStyle(document.querySelector('.buttons button')))"
    )
    assert colours == ["rgb(11, 79, 74)", "rgb(255, 255, 255)"]
    page.close()
