"""The log's pages: searched, opened, exported; every look and export is in the audit, and no name stands in an address."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from urllib.parse import quote

import pytest

from notifier.domain.answer_tokens import without_tokens
from notifier.services import audit, evidence
from notifier.services.evidence_pdf import evidence_pdf
from notifier.store import message_log
from notifier.store.audit import Sought
from notifier.store.message_log import Wanted


@pytest.fixture
def oakfield(make_morning, person, staff):
    """Four texts of a Monday, with two answers; one begins like a formula."""
    made = make_morning(**staff.WITH_KEY)
    made.add_school()
    made.people(person("P1", "C1", given_name="Zoë", carer_name="Ewa Nowak"), person("P2", "C2", given_name="Tariq"))
    made.marks({"P1": "N", "P2": "N"})
    made.run()
    made.send()
    made.reply("+447700900001", "=1+1 Zoë is ill, http://x.example/r/AbCdEfGhIjKlMnOpQrStUv", "09:31")
    made.reply("+447700900002", "میرا بیٹا بیمار ہے", "09:32")
    return made


def _entries(morning, **wanted):
    with morning.app.database.read() as connection:
        return message_log.find(connection, "oakfield", Wanted(**wanted))


def _audit(morning, **sought):
    with morning.app.database.read() as connection:
        return audit.page(connection, "oakfield", Sought(**sought))


def test_a_search_by_name_leads_to_an_address_without_the_name(oakfield, sign_in):
    browser = sign_in(oakfield, "viewer")
    page = browser.get("/messages")
    assert page.status_code == 200 and "Kim" not in page.text and "Tariq" in page.text and "Zoë" in page.text
    sent = browser.send("/messages", {"pupil": "zoe"}, page=page)
    assert sent.status_code == 303 and "zoe" not in sent.headers["location"].lower()
    found = browser.get(sent.headers["location"])
    assert "Zoë" in found.text and "Tariq" not in found.text
    assert 'value="zoe"' in found.text
    assert {(line.act, line.pupil_id) for line in _audit(oakfield, looks_only=True)} == {("look.log", "P1")}
    mallory = sign_in(oakfield, "viewer", email="mallory@oakfield.example")
    assert mallory.get(sent.headers["location"]).status_code == 200  # the same school: the address may be passed on


@pytest.mark.parametrize(
    ("asked", "seen", "unseen"),
    [
        ({"number": "900001"}, "Zoë", "Tariq"),
        ({"carer": "nowak"}, "Zoë", "Tariq"),
        ({"text": "ill", "direction": "in"}, "=1+1", "بیمار"),
        ({"since": "23/11/2026", "until": "23/11/2026"}, "Tariq", "Nothing was found"),
        ({"until": "22/11/2026"}, "Nothing was found", "Tariq"),
        ({"pupil": "nobody"}, "Nothing was found", "Tariq"),
        ({"status": "failed"}, "Nothing was found", "Tariq"),
    ],
)
def test_the_form_finds(oakfield, sign_in, asked, seen, unseen):
    browser = sign_in(oakfield, "viewer")
    found = browser.get(browser.send("/messages", asked).headers["location"])
    table = found.text.partition("<main")[2]
    assert seen in table and unseen not in table


def test_what_cannot_be_understood_is_said_beside_the_field_and_kept(oakfield, sign_in):
    browser = sign_in(oakfield, "viewer")
    page = browser.send("/messages", {"since": "soon", "number": "12", "text": "!!", "pupil": "zoe"})
    assert page.status_code == 422
    for words in (
        "Enter a day like 23/11/2026.",
        "at least 4 digits",
        "at least one word",
        'value="soon"',
        'value="zoe"',
        'href="#since"',
    ):
        assert words in page.text


def test_a_message_is_shown_as_it_was_sent_and_the_look_is_noted(oakfield, sign_in):
    browser = sign_in(oakfield, "viewer")
    text = next(
        entry
        for entry in _entries(oakfield, pupil_ids=("P1",))
        if entry.direction == "out" and entry.row.purpose == "absence"
    )
    page = browser.get(f"/messages/{text.row.message_id}")
    assert (
        page.status_code == 200
        and "Written, to leave when it is due" in page.text
        and "Handed to the simulator" in page.text
    )
    assert "/r/…" in page.text and "AbCdEfGhIjKlMnOpQrStUv" not in page.text  # the answer, beside the text
    assert "Zoë" not in page.text.partition("</title>")[0]
    [answer] = _entries(oakfield, direction="in", pupil_ids=("P1",))
    assert "Received" in browser.get(f"/messages/{answer.row.reply_id}").text
    assert {line.act for line in _audit(oakfield, pupil_id="P1", looks_only=True)} == {"look.message", "look.reply"}
    assert browser.get("/messages/no-such-message").status_code == 404


def test_another_school_sees_nothing(oakfield, make_morning, sign_in, staff):
    riverside = make_morning(key="riverside", **staff.WITH_KEY)
    riverside.add_school()
    mallory = sign_in(riverside, "administrator")
    message = _entries(oakfield)[0].row
    assert mallory.get(f"/messages/{getattr(message, 'message_id', None) or message.reply_id}").status_code == 404
    assert "Tariq" not in mallory.get("/messages").text
    assert mallory.get("/messages?school=oakfield").status_code == 404


def test_the_search_is_saved_as_csv_that_a_spreadsheet_cannot_run(oakfield, sign_in):
    browser = sign_in(oakfield, "attendance_officer")
    address = browser.send("/messages", {"pupil": "Zoë"}).headers["location"]
    page = browser.get(address)
    sealed = page.text.partition('name="find" value="')[2].partition('"')[0]
    saved = browser.send("/messages/export", {"find": sealed}, page=page)
    assert saved.headers["content-type"].startswith("text/csv") and "no-store" in saved.headers["cache-control"]
    rows = list(csv.DictReader(io.StringIO(saved.content.decode("utf-8-sig"))))
    assert {row["pupil_ids"] for row in rows} == {"P1"}
    assert any(row["text"].startswith("'=1+1") and "/r/…" in row["text"] for row in rows)
    [told] = _audit(oakfield, act="messages.export")
    assert dict(told.detail) == {"pupil": "P1"}
    assert sign_in(oakfield, "viewer", email="vera@oakfield.example").send("/messages/export", {}).status_code == 403
    assert quote("Zoë") not in address


def test_the_audit_page_tells_who_did_what_and_that_it_is_whole(oakfield, sign_in):
    alice = sign_in(oakfield, "attendance_officer")
    alice.get("/messages?pupil=P1")
    bashir = sign_in(oakfield, "safeguarding_lead")
    page = bashir.get("/audit")
    assert page.status_code == 200 and "none was changed or taken out" in page.text
    assert "searched the log for a pupil" in page.text and "attendance_officer<wbr>@oakfield.example" in page.text
    found = bashir.send("/audit", {"actor": "attendance_officer", "kind": "looks", "pupil": "zoë"}, page=page)
    assert found.status_code == 303 and "attendance" not in found.headers["location"]
    page = bashir.get(found.headers["location"])
    assert page.text.count("searched the log for a pupil</td>") == 1
    sealed = page.text.partition('name="find" value="')[2].partition('"')[0]
    saved = bashir.send("/audit/export", {"find": sealed}, page=page)
    rows = list(csv.DictReader(io.StringIO(saved.content.decode("utf-8-sig"))))
    assert [(row["act"], row["pupil"]) for row in rows] == [("look.log", "P1")]
    assert "fits together" in bashir.get("/audit/check").text
    assert alice.get("/audit").status_code == 403
    wrong = bashir.send("/audit", {"since": "soon", "pupil": "nobody"}, page=page)
    assert (
        wrong.status_code == 422
        and "Enter a day like 23/11/2026." in wrong.text
        and "No pupil has this name" in wrong.text
    )


def test_a_broken_chain_is_said_on_the_page(oakfield, sign_in):
    bashir = sign_in(oakfield, "safeguarding_lead")
    with oakfield.app.database.begin() as connection:
        connection.exec_driver_sql("UPDATE audit SET actor = 'nobody' WHERE number = 2")
    for address in ("/audit", "/audit/check"):
        page = bashir.get(address).text
        assert "The record is broken" in page and "Entry 2 was changed" in page and "data protection officer" in page


def test_the_evidence_pack_holds_the_story_and_its_fingerprint_is_in_the_audit(oakfield, sign_in):
    oakfield.confirm("P1", "I", "09:40")
    browser = sign_in(oakfield, "attendance_officer")
    page = browser.get("/evidence?pupil=P1")
    typed = {"pupil": "P1", "since": "20/11/2026", "until": "23/11/2026"}
    empty = browser.send("/evidence", typed, page=page)
    assert empty.status_code == 422 and "Say what the pack is for" in empty.text and 'value="20/11/2026"' in empty.text
    made = [browser.send("/evidence", typed | {"purpose": "Meeting"}, page=page) for _ in range(2)]
    assert [one.headers["content-type"] for one in made] == ["application/pdf"] * 2 and made[0].content.startswith(
        b"%PDF"
    )
    told = _audit(oakfield, act="evidence.export")
    fingerprints = {dict(line.detail)["fingerprint"] for line in told}
    assert len(told) == 2 and len(fingerprints) == 1
    with oakfield.app.database.read() as connection:
        school = oakfield.app.school(connection, "oakfield")
        pack = evidence.collect(connection, oakfield.app, school, "P1", oakfield.day, oakfield.day)
        other = evidence.collect(connection, oakfield.app, school, "P2", oakfield.day, oakfield.day)
    assert {event.kind for event in pack.events} >= {
        "mark",
        "decision",
        "message",
        "transport",
        "answer",
        "follow-up",
        "act",
    }
    assert any("/r/…" in event.said and "AbCdEfGh" not in event.said for event in pack.events)
    assert all("Zoë" not in event.said and "P1" not in event.what for event in other.events)
    assert other.fingerprint != pack.fingerprint
    with pytest.raises(evidence.NoEvidence, match="no such pupil"), oakfield.app.database.read() as connection:
        evidence.collect(connection, oakfield.app, school, "P9", oakfield.day, oakfield.day)


def test_signs_without_a_font_are_named(oakfield):
    with oakfield.app.database.read() as connection:
        school = oakfield.app.school(connection, "oakfield")
        pack = evidence.collect(connection, oakfield.app, school, "P1", oakfield.day, oakfield.day)
    odd = evidence.Event(
        pack.events[-1].at,
        "answer",
        "an answer",
        "simulator",
        said="ill \U0001f927\U0001f3fd\ufe0f \x07 \U000f0000 thanks",
    )
    made = evidence_pdf(
        replace(pack, events=(*pack.events, odd)), made_by="a@b.example", made_at=oakfield.at("10:00"), purpose="x"
    )
    assert made.startswith(b"%PDF")


def test_an_email_can_be_seen_as_it_looked_and_may_do_nothing(make_morning, person, staff, sign_in):
    made = make_morning(**staff.WITH_KEY)
    made.add_school()
    made.people(person("P1", "C1", mobile="", email="c1@family.example"))
    made.marks({"P1": "N"})
    made.run()
    made.send()
    [email] = [entry.row for entry in _entries(made, channel="email") if entry.row.html]
    browser = sign_in(made, "viewer")
    assert f"/messages/{email.message_id}/as-sent" in browser.get(f"/messages/{email.message_id}").text
    shown = browser.get(f"/messages/{email.message_id}/as-sent")
    assert shown.text == without_tokens(email.html) and "/r/…" in shown.text
    assert shown.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert browser.get("/messages/nothing/as-sent").status_code == 404
