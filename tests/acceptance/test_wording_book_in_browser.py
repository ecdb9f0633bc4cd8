"""The pages to read the wording on, in a real browser: from a telephone's width to a desk's, right to left, and on paper."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from notifier.wording import Wording
from notifier.wording.book import book, preview_page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A preview and the whole book, as files."""
    folder, wording = tmp_path_factory.mktemp("wording"), Wording.load()
    made = {
        "preview": preview_page(wording, "first_day_am", price=4.0),
        "book": book(wording, price=4.0, made_on=date(2026, 11, 22)),
    }
    for name, page in made.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """A real Chromium that reaches no network."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        opened.close()


@pytest.mark.parametrize("width", [320, 1440])
@pytest.mark.parametrize("name", ["preview", "book"])
def test_nothing_is_fetched_scripted_or_scrolled_sideways(browser, pages, name, width):
    context = browser.new_context(viewport={"width": width, "height": 800}, java_script_enabled=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(pages[name].as_uri())

    assert asked == [pages[name].as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("document.scripts.length") == 0
    context.close()


def test_urdu_begins_at_the_right_of_the_telephone_and_punjabi_at_the_left(browser, pages):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(pages["preview"].as_uri())
    first_letter = """node => {
      const range = document.createRange();
      range.setStart(node.firstChild, 0); range.setEnd(node.firstChild, 1);
      const [letter, box] = [range.getBoundingClientRect(), node.getBoundingClientRect()];
      return (letter.left + letter.width / 2 - box.left) / box.width;
    }"""
    places = {
        tag: page.locator(f"p.bubble:lang({tag})").first.evaluate(first_letter) for tag in ("ur", "ar", "pa", "en")
    }

    assert places["ur"] > 0.8 and places["ar"] > 0.8
    assert places["pa"] < 0.2 and places["en"] < 0.2
    page.close()


def test_telephone_and_email_stand_side_by_side_on_a_desk_and_one_below_the_other_on_a_telephone(browser, pages):
    sides = "nodes => nodes.map(node => node.getBoundingClientRect()).map(box => [box.left, box.top])"
    found = {}
    for width in (1440, 320):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(pages["preview"].as_uri())
        found[width] = page.locator("figure").first.locator(".phone, .mail").evaluate_all(sides)
        page.close()
    (phone, mail), (small_phone, small_mail) = found[1440], found[320]
    assert mail[0] > phone[0] and mail[1] == phone[1]
    assert small_mail[1] > small_phone[1]


def test_the_preview_prints_on_paper_with_nothing_cut_off(browser, pages):
    page = browser.new_page()
    page.goto(pages["preview"].as_uri())
    text = " ".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(page.pdf(format="A4"))).pages)
    page.close()
    assert text.count("draft: needs approval") + text.count("approved") >= 12
    assert "Polish" in text and "Longest values" in text
