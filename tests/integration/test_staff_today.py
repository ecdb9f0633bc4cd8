"""Today's page: what Alice sees at 09:41, in which order, and releasing what is held."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from notifier.domain.sessions import Session

URDU = "Hafsa کو رات سے بخار ہے، آج گھر پر آرام"


@pytest.fixture
def oakfield(morning: Any, person: Callable[..., dict[str, object]]) -> Any:
    """Oakfield at 09:41: Hafsa's mother has answered in Urdu, Ali's that he is in school, Ben has only a landline.

    The register of 5A has not been taken.
    """
    morning.people(
        person("1", "1", given_name="Hafsa", family_name="Butt", carer_name="Samina Butt", language="Urdu"),
        person("2", "2", given_name="Ali", family_name="Khan", carer_name="Sara Khan", pupil_flags="vulnerable"),
        person("3", "3", given_name="Ben", family_name="Price", mobile="01632 960150"),
        person("4", "4", given_name="Cara", family_name="Ward"),
        person("4", "14", given_name="Cara", family_name="Ward", carer_name="Mark Reed", no_contact="yes", priority=2),
        person("5", "5", given_name="Dan", family_name="Hill"),
        *(person(str(number), str(number)) for number in range(20, 30)),
        *(person(str(number), str(number), registration_group="5A") for number in range(40, 43)),
    )
    morning.marks({**dict.fromkeys("12345", "N"), **{str(number): "/" for number in range(20, 30)}})
    morning.tick("09:30")
    morning.reply("+447700900001", URDU, "09:34")
    morning.reply("+447700900002", "He IS in school, I dropped him off", "09:36")
    morning.marks({"5": "L"}, at="09:38")
    return morning


@pytest.fixture(name="browser_at")
def browser_at_fixture(staff: Any) -> Callable[..., Any]:
    """A browser in which somebody is signed in at a time of the morning."""
    return lambda morning, at="09:41", role="attendance_officer": staff.signed_in(morning.app, role, at=morning.at(at))


def rows(text: str) -> list[str]:
    board = text[text.index('id="list"') :]
    return re.findall(r'app-board__name" href="/follow-ups/[^"]+">([^<]+)</a>', board)


def counts(text: str) -> dict[str, int]:
    found = re.findall(r"app-counts__item[^>]*><b>(\d+)</b> ([^<]+)</a>", text)
    return {name.strip(): int(number) for number, name in found}


def test_the_morning_stands_in_counts_that_are_filters(oakfield, browser_at):
    page = browser_at(oakfield).get("/")

    assert page.status_code == 200
    assert counts(page.text) == {
        "Unexplained": 4, "Urgent": 1, "To ring": 2, "Answered": 2, "Contacted": 4, "Unreachable": 1, "Explained": 1,
    }  # fmt: skip


def test_whoever_needs_a_person_next_stands_first(oakfield, browser_at):
    assert rows(browser_at(oakfield).get("/").text) == ["Ali Khan", "Ben Price", "Hafsa Butt", "Cara Ward"]


@pytest.mark.parametrize(
    ("show", "names"),
    [
        ("urgent", ["Ali Khan"]),
        ("ring", ["Ali Khan", "Ben Price"]),
        ("answered", ["Ali Khan", "Hafsa Butt"]),
        ("unreachable", ["Ben Price"]),
        ("explained", ["Dan Hill"]),
        ("nonsense", ["Ali Khan", "Ben Price", "Hafsa Butt", "Cara Ward"]),
    ],
)
def test_a_count_narrows_the_list(oakfield, show, names, browser_at):
    assert rows(browser_at(oakfield).get(f"/?show={show}").text) == names


def test_a_pupil_is_found_by_the_beginning_of_a_name_and_others_on_roll_are_offered(oakfield, browser_at):
    page = browser_at(oakfield).get("/?q=haf")
    assert rows(page.text) == ["Hafsa Butt"]

    others = browser_at(oakfield, role="viewer").get("/?q=Kim20").text
    assert rows(others) == []
    assert 'href="/pupils/20?date=2026-11-23">Kim20 Example</a>' in others


def test_an_answer_in_urdu_is_laid_beside_the_mark_from_the_right(oakfield, browser_at):
    text = browser_at(oakfield).get("/").text

    assert re.search(rf'<bdi class="app-said" dir="rtl" lang="ur">{URDU}</bdi>', text)
    assert "suggests code <b>I</b>" in text


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("09:18", ("Morning: the run begins at 09:30, in 12 minutes", "Texts go until 11:30.")),
        ("09:41", ("Morning: the run began at 09:30", "Texts go until 11:30.")),
        ("12:00", ("Morning: the run began at 09:30", "The time for texts ended at 11:30.")),
    ],
)
def test_the_page_says_how_long_it_is_to_the_run(morning, person, at, words, browser_at):
    morning.people(person("1", "1"))
    morning.marks({"1": "/"}, at="08:50")
    if at != "09:18":
        morning.tick("09:30")
    text = browser_at(morning, at).get("/").text

    assert f"<strong>{words[0]}.</strong>" in text
    assert words[1] in text


def test_registers_are_told_with_those_that_are_missing(oakfield, browser_at):
    text = browser_at(oakfield).get("/").text

    assert "Morning registers: 1 of 2 taken." in text
    assert "Not yet: 5A." in text


def test_a_hold_says_why_and_is_released_on_the_spot_after_a_look(oakfield, browser_at):
    browser = browser_at(oakfield)
    page = browser.get("/")
    hold = re.search(r'action="/holds/([^/]+)/release"', page.text)
    assert hold is not None
    assert "The register of this group has not been taken." in page.text

    without = browser.send(f"/holds/{hold[1]}/release", {}, page=page)
    assert without.status_code == 422
    assert "Say that you have looked at the registers yourself." in without.text

    released = browser.send(f"/holds/{hold[1]}/release", {"looked": "yes"}, page=page)
    assert (released.status_code, released.headers["location"]) == (303, "/?done=released")
    assert browser.send(f"/holds/{hold[1]}/release", {"looked": "yes"}, page=page).status_code == 303  # a second click
    bashir = browser_at(oakfield, role="safeguarding_lead")
    late = bashir.send(f"/holds/{hold[1]}/release", {"looked": "yes"})
    assert (late.status_code, "has released this hold already, at 09:41" in late.text) == (409, True)
    assert bashir.send("/holds/nothing/release", {"looked": "yes"}).status_code == 404
    after = browser.get("/?done=released").text
    assert "The hold is released." in after
    assert "/release" not in after


def test_whoever_started_the_run_cannot_release_what_it_held(oakfield, person, browser_at):
    oakfield.marks(dict.fromkeys([str(n) for n in range(20, 30)], "N"), at="09:42", session="PM")
    browser = browser_at(oakfield, "13:31")
    oakfield.run("13:30", session=Session.PM, by="attendance_officer@oakfield.example")
    page = browser.get("/")

    assert "a second person has to release it" in page.text


def test_a_viewer_sees_holds_but_no_button(oakfield, browser_at):
    text = browser_at(oakfield, role="viewer").get("/").text

    assert "The register of this group has not been taken." in text
    assert "Release this hold" not in text


def test_no_name_of_a_pupil_is_in_a_title_or_an_address(oakfield, browser_at):
    text = browser_at(oakfield).get("/").text

    title = re.search(r"<title>(.*?)</title>", text)
    assert title is not None
    assert title[1] == "Today – Oakfield Primary School – Notifier"


def test_a_day_off_and_a_day_that_cannot_be_read_say_so(oakfield, browser_at):
    browser = browser_at(oakfield)

    assert "No school: " in browser.get("/?date=2026-11-27").text
    bad = browser.get("/?date=yesterday")
    assert bad.status_code == 400
    assert "is not a day" in bad.text


def test_an_empty_morning_is_a_page_too(morning, browser_at):
    text = browser_at(morning, "08:55").get("/").text

    assert "No unexplained absence so far." in text
    assert "Morning: the run begins at 09:30" in text
