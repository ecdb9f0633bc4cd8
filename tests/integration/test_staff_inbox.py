"""The inbox: what carers wrote, by child and urgency; two people never answer the same message unknowingly; own words are checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from notifier.store import records

ALICE, BASHIR = "alice@oakfield.example", "bashir@oakfield.example"
ZOFIA = "+447700900001"

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the engine makes no difference to."""


@pytest.fixture
def absent(morning: Any, person: Callable[..., Any]) -> Any:
    """Zofia and Ben are absent; their carers have been texted."""
    morning.people(
        person("p1", "c1", given_name="Zofia", family_name="Nowak", carer_name="Ewa Nowak", language="pl"),
        person(
            "p1",
            "c9",
            given_name="Zofia",
            family_name="Nowak",
            carer_name="Jan Nowak",
            relationship="father",
            priority=2,
        ),
        person("p2", "c2", given_name="Ben", family_name="Hart", carer_name="Ann Hart"),
    )
    morning.marks({"p1": "N", "p2": "N"})
    morning.run()
    morning.send()
    return morning


@pytest.fixture
def alice(absent: Any, sign_in: Callable[..., Any]) -> Any:
    return sign_in(absent, "attendance_officer", at="09:40", email=ALICE)


@pytest.fixture
def bashir(absent: Any, sign_in: Callable[..., Any]) -> Any:
    return sign_in(absent, "safeguarding_lead", at="09:40", email=BASHIR)


def seen(page: Any, reply_id: str) -> str:
    found = re.search(rf'/inbox/{reply_id}/\w[\w-]*".*?name="seen" value="([^"]*)"', page.text, re.DOTALL)
    assert found, page.text
    return unescape(found[1])


def once(page: Any) -> str:
    return re.search(r'name="once" value="(\w+)"', page.text)[1]  # type: ignore[index]


def own_words(page: Any, reply_id: str, text: str, language: str) -> dict[str, str]:
    """The form of an answer in own words, as the page of a conversation sends it."""
    return {"seen": seen(page, reply_id), "once": once(page), "say": "own", "text": text, "language": language}


def answers(morning: Any) -> list[dict[str, Any]]:
    return [item for item in morning.log() if item["purpose"] == "answer"]


@on_sqlite
def test_it_shows_urgent_answers_first_and_each_child_with_what_was_read(absent: Any, alice: Any) -> None:
    absent.reply(ZOFIA, "Zofia ma gorączkę, wróci jutro", "09:33")
    absent.reply("+447700900002", "She should be in school! I dropped her off", "09:35")
    absent.reply("+447700900777", "who is this", "09:36")
    page = alice.get("/inbox")
    assert page.status_code == 200
    text = page.text
    assert "3 messages wait" in text and "The oldest has waited 7 minutes" in text
    assert text.index("Ben Hart") < text.index("Zofia Nowak") < text.index('id="strangers"')
    assert 'lang="pl"' in text and "Polish" in text and "Ill or injured" in text and "Suggested code" in text
    assert "Nowak" not in re.search("<title>.*?</title>", text)[0]  # type: ignore[index]


@on_sqlite
def test_an_empty_inbox_says_so(alice: Any) -> None:
    assert "Nothing waits." in alice.get("/inbox").text


def test_what_bashir_took_alice_cannot_answer_unless_she_takes_it_over_knowingly(
    absent: Any, alice: Any, bashir: Any
) -> None:
    reply = absent.reply(ZOFIA, "Zofia is ill", "09:33")
    mine = alice.get(f"/inbox/{reply}")  # she looks first
    theirs = bashir.get("/inbox")
    assert bashir.send(f"/inbox/{reply}/take", {"seen": seen(theirs, reply)}, page=theirs).status_code == 303
    refused = alice.send(
        f"/inbox/{reply}/answer", {"seen": seen(mine, reply), "once": once(mine), "say": "reply_call"}, page=mine
    )
    assert refused.status_code == 409
    assert f"{BASHIR} has this now, until 09:55" in refused.text
    assert answers(absent) == []
    again = alice.get(f"/inbox/{reply}")
    assert "/answer" not in again.text and "Take it over" in again.text
    taken = alice.send(f"/inbox/{reply}/take", {"seen": seen(again, reply), "over": BASHIR}, page=again)
    assert taken.status_code == 303
    back = bashir.get(f"/inbox/{reply}")
    assert f"<b>{ALICE}</b> has this until 09:55" in back.text
    with absent.app.database.read() as connection:
        assert records.broken_link(connection, "oakfield") is None


@on_sqlite
def test_a_claim_runs_out_by_itself(absent: Any, alice: Any, bashir: Any) -> None:
    reply = absent.reply(ZOFIA, "Zofia is ill", "09:33")
    page = bashir.get("/inbox")
    bashir.send(f"/inbox/{reply}/take", {"seen": seen(page, reply)}, page=page)
    alice.moment = absent.at("09:56")
    page = alice.get(f"/inbox/{reply}")
    assert "has this" not in page.text
    assert alice.send(f"/inbox/{reply}/take", {"seen": seen(page, reply)}, page=page).status_code == 303


def test_it_answers_with_a_reviewed_phrase_once_however_often_the_form_is_sent(absent: Any, alice: Any) -> None:
    reply = absent.reply(ZOFIA, "please call me", "09:33")
    page = alice.get(f"/inbox/{reply}")
    assert "We will ring you" in page.text and "not approved yet" in page.text and "GSM-7" in page.text
    form = {"seen": seen(page, reply), "once": once(page), "say": "reply_call"}
    assert alice.send(f"/inbox/{reply}/answer", form, page=page).headers["location"] == "/inbox?done=answered"
    assert alice.send(f"/inbox/{reply}/answer", form, page=page).headers["location"] == "/inbox?done=again"
    sent = answers(absent)
    assert [(item["carer_id"], item["template"], item["status"]) for item in sent] == [("c1", "reply_call", "queued")]
    assert absent.send("09:41").accepted >= 1
    assert answers(absent)[0]["status"] == "accepted"
    assert "Nothing waits." in alice.get("/inbox").text
    assert absent.board()["p1"]["state"] in ("answered", "call_list")  # only a person's confirmation closes it


@on_sqlite
def test_another_message_that_comes_in_between_is_read_first(absent: Any, alice: Any) -> None:
    reply = absent.reply(ZOFIA, "She is ill", "09:33")
    page = alice.get(f"/inbox/{reply}")
    absent.reply(ZOFIA, "Wait, she has left the house an hour ago!", "09:39")
    form = {"seen": seen(page, reply), "once": once(page), "say": "reply_received"}
    refused = alice.send(f"/inbox/{reply}/answer", form, page=page)
    assert refused.status_code == 409 and "Another message came at 09:39" in refused.text
    assert answers(absent) == []


@on_sqlite
def test_own_words_are_shown_with_their_cost_before_they_can_be_sent(absent: Any, alice: Any) -> None:
    reply = absent.reply(ZOFIA, "She is ill", "09:33")
    page = alice.get(f"/inbox/{reply}")
    form = own_words(page, reply, "Thank you, get well soon Zofia", "en")
    shown = alice.send(f"/inbox/{reply}/answer", form, page=page)
    assert (
        "This is what will be sent" in shown.text and "Oakfield Primary: Thank you, get well soon Zofia" in shown.text
    )
    assert "1 part" in shown.text and answers(absent) == []
    mark = re.search(r'name="checked" value="(\w+)"', shown.text)[1]  # type: ignore[index]
    other = alice.send(f"/inbox/{reply}/answer", {**form, "text": "Something else", "checked": mark}, page=shown)
    assert "This is what will be sent" in other.text and answers(absent) == []  # what was not shown is shown first
    alice.send(f"/inbox/{reply}/answer", {**form, "checked": mark}, page=shown)
    assert [(item["body"], item["language"]) for item in answers(absent)] == [
        ("Oakfield Primary: Thank you, get well soon Zofia", "en")
    ]


@on_sqlite
def test_own_words_in_another_language_say_so_and_run_the_right_way(absent: Any, alice: Any) -> None:
    reply = absent.reply(ZOFIA, "She is ill", "09:33")
    page = alice.get(f"/inbox/{reply}")
    form = own_words(page, reply, "شکریہ، ہم سمجھ گئے۔", "ur")
    shown = alice.send(f"/inbox/{reply}/answer", form, page=page)
    assert "in Urdu" in shown.text and "UCS-2" in shown.text
    mark = re.search(r'name="checked" value="(\w+)"', shown.text)[1]  # type: ignore[index]
    alice.send(f"/inbox/{reply}/answer", {**form, "checked": mark}, page=shown)
    (sent,) = answers(absent)
    assert sent["language"] == "ur" and sent["body"].startswith("شکریہ")


@on_sqlite
def test_own_words_that_may_not_go_out_are_kept_and_the_fault_is_named(absent: Any, alice: Any) -> None:
    reply = absent.reply(ZOFIA, "She is ill", "09:33")
    page = alice.get(f"/inbox/{reply}")
    form = {"seen": seen(page, reply), "once": once(page), "say": "own", "language": "en"}
    for text, said in (
        ("You may get a fine for this", "fines or courts"),
        ("Dear Mrs Nowak, thank you", "family name Nowak"),
        ("Ben Hart is away too", "another child"),
        ("Hello {{ phone }}", "braces"),
        ("We use code M for that", "attendance code"),
        ("", "Write what you want to say"),
        ("x" * 500, "at most 400"),
    ):
        refused = alice.send(f"/inbox/{reply}/answer", {**form, "text": text}, page=page)
        assert refused.status_code == 422 and said in unescape(refused.text), text
        assert not text or text in unescape(refused.text)
    assert answers(absent) == []


@on_sqlite
def test_whoever_asked_for_no_more_messages_is_not_answered(absent: Any, alice: Any) -> None:
    reply = absent.reply(ZOFIA, "STOP", "09:33")
    page = alice.get(f"/inbox/{reply}")
    assert "asked for no more messages" in page.text and "/answer" not in page.text
    forced = {"seen": seen(page, reply), "once": "0" * 32, "say": "reply_call"}
    assert alice.send(f"/inbox/{reply}/answer", forced, page=page).status_code == 409
    assert answers(absent) == []


@on_sqlite
def test_a_contact_who_must_not_be_contacted_is_not_answered(absent: Any, alice: Any) -> None:
    reply = absent.reply(ZOFIA, "She is with me", "09:33")
    absent.change_contact("p1", "c1", no_contact=True)
    page = alice.get(f"/inbox/{reply}")
    assert "must not be contacted" in page.text and "/answer" not in page.text


def test_a_strangers_message_becomes_a_carers_after_two_confirmations(absent: Any, alice: Any) -> None:
    reply = absent.reply("+447700900777", "Zofia is poorly and stays at home", "09:36")
    page = alice.get(f"/inbox/{reply}")
    assert "Nobody’s number" in page.text and "/answer" not in page.text
    listed = alice.send(f"/inbox/{reply}/find", {"find": "nowak"}, page=page)
    assert "Ewa Nowak" in listed.text and "Jan Nowak" in listed.text
    chosen = alice.get(f"/inbox/{reply}/link?pupil=p1&carer=c1")
    one_box = {"seen": seen(chosen, reply), "pupil": "p1", "carer": "c1", "family": "yes"}
    half = alice.send(f"/inbox/{reply}/link", one_box, page=chosen)
    assert half.status_code == 422 and "put right in the MIS" in half.text
    done = alice.send(f"/inbox/{reply}/link", {**one_box, "record": "yes"}, page=half)
    assert done.headers["location"] == f"/inbox/{reply}?done=linked"
    board = absent.board()["p1"]
    assert board["state"] == "answered" and [item["id"] for item in board["replies"]] == [reply]
    after = alice.get(f"/inbox/{reply}")
    assert "not the one on record" in after.text and answers(absent) == []


@on_sqlite
def test_a_wrong_number_says_what_to_check_and_whom_to_ring_next(absent: Any, alice: Any) -> None:
    reply = absent.reply(ZOFIA, "wrong number, I have no kids", "09:33")
    page = alice.get(f"/inbox/{reply}")
    assert "what to check" in page.text and "Jan Nowak" in page.text and "07700 900009" in page.text
    done = alice.send(f"/inbox/{reply}/wrong-number", {"seen": seen(page, reply), "note": "Told the DPO"}, page=page)
    assert done.headers["location"] == "/inbox?done=wrong_number"
    assert "Told the DPO" in str(absent.explain("p1"))


def test_it_is_given_to_a_colleague_and_noted_as_dealt_with(absent: Any, alice: Any, bashir: Any) -> None:
    reply = absent.reply(ZOFIA, "She is ill", "09:33")
    page = alice.get(f"/inbox/{reply}")
    assert (
        alice.send(
            f"/inbox/{reply}/give", {"seen": seen(page, reply), "to": "mallory@x.example"}, page=page
        ).status_code
        == 409
    )
    assert alice.send(f"/inbox/{reply}/give", {"seen": seen(page, reply), "to": BASHIR}, page=page).status_code == 303
    theirs = bashir.get("/inbox")
    assert f"You have this until 10:40, given by {ALICE}" in theirs.text
    assert bashir.send(f"/inbox/{reply}/read", {"seen": seen(theirs, reply)}, page=theirs).status_code == 303
    late = alice.get(f"/inbox/{reply}")
    assert f"{BASHIR} has dealt with this" in late.text
    assert alice.get("/inbox/nothing-of-the-kind").status_code == 404


@on_sqlite
def test_a_viewer_reads_and_does_nothing(absent: Any, sign_in: Callable[..., Any]) -> None:
    reply = absent.reply(ZOFIA, "She is ill", "09:33")
    viewer = sign_in(absent, "viewer", at="09:40")
    page = viewer.get(f"/inbox/{reply}")
    assert page.status_code == 200 and "/answer" not in page.text
    assert viewer.send(f"/inbox/{reply}/take", {"seen": "x:1"}).status_code == 403
