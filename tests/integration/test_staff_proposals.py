"""The page of proposed messages: looked through, held back with a reason, sent by a person, and never twice."""

from __future__ import annotations

import re
from datetime import date

import pytest

from notifier.services import proposals
from notifier.store.database import upsert
from notifier.store.tables import current_marks

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def oakfield(make_morning, person):
    """Two pupils who are back on Monday after three days of illness, and a list that proposes a message about each."""
    morning = make_morning()
    morning.add_school('named_person = "Mrs Example"')
    morning.people(person("P1", "C1"), person("P2", "C2"))
    with morning.app.database.begin() as connection:
        days = morning.app.calendar(morning.app.school(connection, "oakfield")).school_days_between(
            date(2026, 9, 2), morning.day
        )
        away = {date(2026, 11, 18), date(2026, 11, 19), date(2026, 11, 20)}
        rows = [
            {"school_id": "oakfield", "day": day, "session": session, "pupil_id": pupil, "code": "I" if day in away else "/",
             "changed_at": morning.at("09:00"), "seen_at": morning.at("09:00")}
            for day in days for session in (("AM", "PM") if day < morning.day else ("AM",)) for pupil in ("P1", "P2")
        ]  # fmt: skip
        upsert(connection, current_marks, rows, update=("code",))
    made = proposals.make(morning.app, "oakfield", now=morning.at("12:00"), by="scheduler")
    assert len(made.proposed) == 2
    return morning


def ticks(page):
    return re.findall(r'name="proposal" value="(\w+)"', page.text)


def test_the_list_says_why_and_what_would_be_said(oakfield, sign_in):
    page = sign_in(oakfield, "attendance_officer", at="12:30").get("/proposals")
    assert len(ticks(page)) == 2
    assert "KimP1" in page.text and "What it says" in page.text and 'class="app-said"' in page.text


def test_what_is_ticked_is_sent_and_the_rest_stays(oakfield, sign_in):
    browser = sign_in(oakfield, "attendance_officer", at="12:30")
    page = browser.get("/proposals")
    first, second = ticks(page)
    sent = browser.send("/proposals/send", {"proposal": first}, page=page)
    assert "1 proposal sent: 1 message on the way" in sent.text and ticks(sent) == [second]
    assert [message["purpose"] for message in oakfield.log()] == ["proposal"]
    again = browser.send("/proposals/send", {"proposal": first}, page=page)
    assert again.status_code == 422 and "already by attendance_officer@oakfield.example" in again.text
    assert len(oakfield.log()) == 1
    assert "attendance_officer@oakfield.example" in browser.get("/proposals?state=sent").text


def test_holding_back_takes_a_reason(oakfield, sign_in):
    browser = sign_in(oakfield, "attendance_officer", at="12:30")
    page = browser.get("/proposals")
    first, second = ticks(page)
    refused = browser.send("/proposals/hold", {"proposal": first}, page=page)
    assert (
        refused.status_code == 422
        and "Say why" in refused.text
        and re.search(rf'value="{first}" checked', refused.text)
    )
    done = browser.send("/proposals/hold", {"proposal": first, "reason": "a hard week"}, page=page)
    assert done.status_code == 303
    assert ticks(browser.get("/proposals")) == [second]
    assert "a hard week" in browser.get("/proposals?state=held_back").text


def test_outside_the_hours_nothing_is_sent_and_the_page_says_so(oakfield, sign_in):
    browser = sign_in(oakfield, "attendance_officer", at="18:30")
    page = browser.get("/proposals")
    assert (
        "messages outside first-day contact leave on school days" in page.text.casefold()
        or "leave on school days" in page.text
    )
    late = browser.send("/proposals/send", {"proposal": ticks(page)[0]}, page=page)
    assert late.status_code == 422 and oakfield.log() == []


def test_the_list_can_be_made_again_and_nothing_ticked_is_said(oakfield, sign_in):
    browser = sign_in(oakfield, "attendance_officer", at="12:30")
    page = browser.get("/proposals")
    assert "Tick the messages" in browser.send("/proposals/send", {}, page=page).text
    assert "proposed; nothing was sent" in browser.send("/proposals/make", {"situation": ""}, page=page).text
    assert browser.send("/proposals/make", {"situation": "no_such"}, page=page).status_code == 422


def test_a_viewer_reads_and_decides_nothing(oakfield, sign_in):
    viewer = sign_in(oakfield, "viewer", at="12:30")
    page = viewer.get("/proposals")
    assert page.status_code == 200 and ticks(page) == []
    assert viewer.send("/proposals/send", {"proposal": "x"}, page=page).status_code == 403
