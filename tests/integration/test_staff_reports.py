"""The reports pages: figures with pictures and tables, for those who may see them, and with small numbers hidden for hub leads."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from sqlalchemy import select

from notifier.store.tables import audit

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = ON_SQLITE
HIDDEN_CELL = '<span class="app-quiet">hidden</span>'
NAMES = ("KimP", "Carer C")


@pytest.fixture
def played(make_morning, person):
    """Oakfield, of a trust, with two absences; one number belongs to somebody else."""
    morning = make_morning()
    morning.add_school('trust = "riverside-trust"')
    morning.people(person("P1", "C1"), person("P2", "C2"))
    morning.marks({"P1": "N", "P2": "N"})
    morning.run()
    morning.send()
    morning.reply("+447700900001", "wrong number", "09:40")
    return morning


def test_a_school_sees_every_figure_with_its_picture_and_its_table(played, sign_in):
    browser = sign_in(played, "viewer")
    page = browser.get("/reports?first=2026-11-23&last=2026-11-23")
    assert page.status_code == 200
    for words in (
        "Whom we reached",
        "Days missed",
        "First-day response",
        "False alarms",
        "What it cost",
        "Registers late",
    ):
        assert words in page.text
    assert 'alt="Picture of the table' in page.text and "style=" not in page.text
    assert "Carer C1" in page.text, "whose number is to be put right"


def test_a_picture_is_an_svg_with_a_name_and_a_description_under_a_policy_of_its_own(played, sign_in):
    browser = sign_in(played, "viewer")
    answer = browser.get("/reports/charts/reach.reached.svg?first=2026-11-23&last=2026-11-23&narrow=1")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert (
        "script-src" not in answer.headers["content-security-policy"]
        and "sandbox" in answer.headers["content-security-policy"]
    )
    root = ElementTree.fromstring(answer.text)
    assert [child.tag.rpartition("}")[2] for child in root[:2]] == ["title", "desc"]
    assert "<script" not in answer.text
    assert browser.get("/reports/charts/nothing.such.svg").status_code == 404


def test_a_table_is_a_file_and_taking_it_is_on_record(played, sign_in):
    browser = sign_in(played, "attendance_officer")
    answer = browser.get("/reports/tables/reach.reached.csv?first=2026-11-23&last=2026-11-23")
    assert answer.text.splitlines()[1] == "Absences without a reason,2"
    with played.app.database.read() as connection:
        row = connection.execute(select(audit).where(audit.c.act == "report.export")).one()
    assert (row.actor, row.subject) == ("attendance_officer@oakfield.example", "reach.reached")


def test_days_that_cannot_be_are_refused_beside_the_field_and_kept(played, sign_in):
    page = sign_in(played, "viewer").get("/reports?first=soon&last=2026-11-23")
    assert page.status_code == 422
    assert "“soon” is not a date" in page.text and 'value="soon"' in page.text and 'href="#first"' in page.text


def test_a_trust_administrator_compares_schools_with_every_number(played, sign_in):
    browser = sign_in(played, "trust_administrator", trust="riverside-trust")
    page = browser.get("/reports/compare?first=2026-11-23&last=2026-11-23")
    assert page.status_code == 200 and HIDDEN_CELL not in page.text


def test_a_hub_lead_sees_finished_months_without_small_numbers_or_names(played, sign_in):
    browser = sign_in(played, "hub_lead", trust="riverside-trust")
    for path in ("/reports", "/reports/compare", "/reports/compare?first=2026-11-23&last=2026-11-23"):
        page = browser.get(path)
        assert page.status_code == 200, path
        assert "October 2026" in page.text and "Thursday 1 October 2026 to Saturday 31 October 2026" in page.text
        assert not any(name in page.text for name in NAMES)
    for path in ("/reports/charts/reach.reached.svg", "/reports/tables/contacts.faults.csv"):
        assert browser.get(path).status_code in (403, 404), path
    assert (
        browser.get("/reports/compare/tables/compare.reach.csv")
        .text.splitlines()[1]
        .startswith("Oakfield Primary School,hidden")
    )


def test_a_stranger_sees_nothing_of_the_school(played, make_morning, sign_in):
    hillside = make_morning("hillside")
    hillside.add_school(key="hillside")
    mallory = sign_in(hillside, "administrator", school="hillside")
    page = mallory.get("/reports?first=2026-11-23&last=2026-11-23&school=oakfield")
    assert "Carer C1" not in page.text
    assert mallory.get("/reports/charts/reach.reached.svg?school=oakfield").status_code == 404
    assert mallory.get("/reports/compare").status_code in (200, 403)
