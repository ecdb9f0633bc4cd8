"""The staff page in a real browser, from a telephone's width to a desk's, served by a real server."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from notifier.channels.simulator import NO_TROUBLE, SimulatedNetwork, SimulatorChannel
from notifier.services import receive, schools, take_in, tick
from notifier.services.application import Application, load_application
from notifier.services.hand_over import Pace
from notifier.settings import load_settings
from notifier.web.app import build_app

pytestmark = pytest.mark.browser

EXAMPLES = Path(__file__).resolve().parents[2]
NINE_FORTY_ONE = datetime(2026, 11, 23, 9, 41, tzinfo=UTC)
URDU = "Aisha کو رات سے بخار ہے"
MARKS = "pupil_id,date,session,code\n4711,2026-11-23,AM,N\n4712,2026-11-23,AM,N\n4720,2026-11-23,AM,N\n" + "".join(
    f"{pupil},2026-11-23,AM,{code}\n" for pupil, code in (("4733", "L"), ("4745", "N"), ("4750", "M"))
)

CONTRAST = """() => {
  const light = c => { c /= 255; return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4 };
  const of = ([r, g, b]) => .2126 * light(r) + .7152 * light(g) + .0722 * light(b);
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = parts(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const poor = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.data.trim(), node = walk.currentNode.parentElement;
    if (!text || !node.getClientRects().length) continue;
    const [a, b] = [of(parts(getComputedStyle(node).color)), of(behind(node))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) poor.push(text);
  }
  return poor;
}"""


def make_morning(folder: Path) -> Application:
    """Oakfield of the example files at 09:41: two siblings, a vulnerable child and a looked-after one are unexplained."""
    app = load_application(
        load_settings(
            {
                "NOTIFIER_DATABASE_URL": f"sqlite:///{folder / 'notifier.db'}",
                "NOTIFIER_CHANNELS__SMS": "simulator",
                "NOTIFIER_CHANNELS__EMAIL": "simulator",
            }
        )
    )
    network = SimulatedNetwork(odds=NO_TROUBLE)
    app.channels = {medium: SimulatorChannel(medium, network) for medium in ("sms", "email")}
    early = NINE_FORTY_ONE - timedelta(minutes=30)
    schools.add_school(app, EXAMPLES / "config/schools/oakfield.example.toml", now=early, by="Alice")
    take_in.take_people(app, "oakfield", EXAMPLES / "docs/examples/people.csv", now=early, by="Alice")
    marks = folder / "marks.csv"
    marks.write_text(MARKS, encoding="utf-8")
    take_in.take_marks(app, "oakfield", marks, now=NINE_FORTY_ONE - timedelta(minutes=20), by="Alice")
    moments = iter(NINE_FORTY_ONE + timedelta(minutes=step) for step in range(10_000))

    async def no_sleep(_seconds: float) -> None:
        return None

    asyncio.run(tick.tick(app, now=NINE_FORTY_ONE - timedelta(minutes=11), pace=Pace(lambda: next(moments), no_sleep)))
    answers = {"+447700900456": "both have a tummy bug", "+447700900210": URDU, "+447700900410": "she IS in school"}
    for number, words in answers.items():
        reply = network.reply(number, words, NINE_FORTY_ONE - timedelta(minutes=5))
        with app.database.begin() as connection:
            receive.receive_message(connection, app, reply, now=NINE_FORTY_ONE)
    return app


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a real server serves that morning."""
    app = make_morning(tmp_path_factory.mktemp("page"))
    web = build_app(app, clock=lambda: NINE_FORTY_ONE, wake=lambda: None)
    server = uvicorn.Server(uvicorn.Config(web, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
        app.database.close()


@pytest.fixture(scope="module")
def browser(chromium: str, address: str) -> Iterator[Any]:
    """A real Chromium; opened after the morning is made, since Playwright keeps an event loop in this thread."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [320, 375, 768, 1280, 1440])
@pytest.mark.parametrize("path", ["/", "/pupils/4720", "/?date=soon"])
def test_nothing_has_to_be_scrolled_sideways(browser, address, path, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(address + path)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_the_browser_finds_nothing_to_complain_about(browser, address):
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.on("response", lambda response: complaints.append(response.url) if response.status >= 400 else None)

    for path in ("/", "/pupils/4711"):
        page.goto(
            address + path, wait_until="networkidle"
        )  # a picture still loading when we leave would count as failed

    assert complaints == []
    assert page.evaluate("getComputedStyle(document.querySelector('header')).backgroundColor") == "rgb(11, 79, 74)"
    page.close()


@pytest.mark.parametrize("width", [375, 1280])
def test_every_word_can_be_read_against_what_is_behind_it(browser, address, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    for path in ("/", "/pupils/4720", "/?date=soon", "/?school=none"):
        page.goto(address + path)
        assert page.evaluate(CONTRAST) == []
    page.close()


def test_an_urdu_answer_runs_from_the_right(browser, address):
    page = browser.new_page()
    page.goto(address)

    words = page.locator("#board ~ table bdi", has_text="بخار").first
    assert words.inner_text() == URDU
    assert words.evaluate("node => [getComputedStyle(node).direction, node.lang]") == ["rtl", "ur"]
    page.close()


def test_it_works_without_a_mouse(browser, address):
    page = browser.new_page()
    page.goto(address)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to the page’s content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    page.get_by_label("Day").fill("2026-11-20")
    page.get_by_label("Day").press("Enter")
    page.wait_for_url("**/*date=2026-11-20*")
    assert page.get_by_role("heading", level=1).inner_text() == "Friday 20 November 2026"
    page.close()


@pytest.mark.parametrize("width", [375, 1280])
def test_a_screen_reader_meets_tables_at_any_width(browser, address, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(address)

    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Zosia Nowak"))
    assert row.get_by_role("cell").count() == 2
    assert "Suggested code I" in row.get_by_role("cell").last.inner_text()
    assert page.get_by_role("main").count() == 1
    page.close()


def test_from_the_board_to_a_pupils_story_and_back(browser, address):
    page = browser.new_page()
    page.goto(address)

    page.get_by_role("link", name="Aisha Khan").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Aisha Khan"
    assert page.get_by_text("AM mark came in: N").count() == 1
    page.get_by_role("link", name="Back to the day").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Monday 23 November 2026"
    page.close()
