"""The API as a school's own systems use it, and as Mallory, who holds the token of another school, tries to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from notifier.services import schools
from notifier.web import api
from notifier.web.app import build_app

READABLE = ["messages", "replies", "follow-ups", "decisions", "summary"]


class Caller:
    """Somebody with a token, or none. The clock stands at `at`."""

    def __init__(self, morning: Any, token: str | None, at: str = "09:40", key: str = "oakfield") -> None:
        self.wakes = 0
        self._key = key
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._web = build_app(morning.app, clock=lambda: morning.at(at), wake=self._wake)

    def _wake(self) -> None:
        self.wakes += 1

    def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def work() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._web, client=("203.0.113.7", 40000))
            async with httpx.AsyncClient(transport=transport, base_url="https://absence.example") as client:
                return await client.request(method, f"/api/v1/schools/{self._key}/{path}", **more)

        return asyncio.run(work())

    def get(self, path: str) -> httpx.Response:
        return self.call("GET", path, headers=self._headers)

    def push(self, *marks: dict[str, Any], query: str = "") -> httpx.Response:
        return self.push_raw(json.dumps({"marks": marks}), query)

    def push_raw(self, body: str | bytes, query: str = "") -> httpx.Response:
        return self.call("POST", f"marks{query}", headers=self._headers, content=body)


def mark(pupil: str, code: str, **more: Any) -> dict[str, Any]:
    return {"pupil_id": pupil, "date": "2026-11-23", "session": "AM", "code": code, **more}


@pytest.fixture
def oakfield(make_morning: Callable[..., Any], person: Callable[..., dict[str, object]]) -> Any:
    """Oakfield with ten pupils on roll, and Ashby beside it in the same database."""
    morning = make_morning()
    morning.add_school()
    morning.people(*(person(str(number), str(number)) for number in range(1, 11)))
    other = make_morning(key="ashby")
    other.add_school()
    return morning


def token_of(morning: Any, key: str) -> str:
    return schools.make_token(morning.app, key, note="MIS", by="Alice", now=morning.at("08:00"))


@pytest.fixture
def alice(oakfield: Any) -> Caller:
    """Oakfield's own system."""
    return Caller(oakfield, token_of(oakfield, "oakfield"))


@pytest.fixture
def mallory(oakfield: Any) -> Caller:
    """Ashby's system, asking for Oakfield's children."""
    return Caller(oakfield, token_of(oakfield, "ashby"))


@pytest.fixture
def absent(oakfield: Any) -> Any:
    """One child absent at 09:30; her mother has answered in Polish."""
    oakfield.marks({"1": "N", **{str(number): "/" for number in range(2, 11)}})
    oakfield.run()
    oakfield.send()
    oakfield.reply("+447700900001", "Zosia ma gorączkę", "09:35")
    return oakfield


# who may ask


def test_a_stranger_is_refused_on_every_address(absent, mallory):
    answers = {path: mallory.get(path) for path in READABLE}

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(READABLE, 403)
    assert {answer.json()["error"] for answer in answers.values()} == {"other_school"}


def test_a_stranger_can_push_nothing(oakfield, mallory):
    assert mallory.push(mark("1", "N")).status_code == 403
    assert oakfield.explain("1")["marks"] == {}


def test_a_school_that_does_not_exist_answers_a_stranger_like_any_other(oakfield):
    nowhere = Caller(oakfield, token_of(oakfield, "ashby"), key="nowhere")

    assert (nowhere.get("summary").status_code, nowhere.get("summary").json()["error"]) == (403, "other_school")


@pytest.mark.parametrize("token", [None, "", "ntf_guess"], ids=["none", "empty", "made up"])
def test_without_a_token_of_ours_nothing_is_said(oakfield, token):
    anybody = Caller(oakfield, token)
    answers = {path: anybody.get(path) for path in READABLE}

    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(READABLE, 401)
    assert all(answer.headers["www-authenticate"].startswith("Bearer") for answer in answers.values())


def test_a_push_without_a_token_is_refused(oakfield):
    assert Caller(oakfield, None).push(mark("1", "N")).status_code == 401


def test_another_scheme_is_no_token(alice):
    alice._headers = {"Authorization": alice._headers["Authorization"].replace("Bearer", "Basic")}

    assert alice.get("summary").status_code == 401


# marks in


def test_pushed_marks_count_and_sending_is_woken(oakfield, alice):
    answer = alice.push(mark("1", "N", taken_at="2026-11-23T09:12:00+00:00"), mark("2", "L", minutes_late=8))

    assert answer.status_code == 200
    document = answer.json()
    assert (document["school"], document["outcome"], document["rows"]) == ("oakfield", "taken_in", 2)
    assert (document["changed"], document["unchanged"], document["refused"]) == (2, 0, [])
    assert oakfield.explain("1")["marks"] == {"AM": "N"}
    assert alice.wakes == 1


def test_the_same_push_twice_changes_nothing(alice):
    alice.push(mark("1", "N"), mark("2", "/"))

    again = alice.push(mark("1", "N"), mark("2", "/"))

    assert again.status_code == 200
    assert (again.json()["outcome"], again.json()["changed"], again.json()["unchanged"]) == ("same_again", 0, 2)
    assert alice.wakes == 1


def test_the_same_marks_in_another_order_change_nothing_either(alice):
    alice.push(mark("1", "N"), mark("2", "/"))

    assert alice.push(mark("2", "/"), mark("1", "N")).json()["changed"] == 0


def test_a_refused_mark_is_named_and_the_good_ones_count(oakfield, alice):
    document = alice.push(mark("1", "N"), mark("77", "N"), {**mark("2", "/"), "date": "soon"}).json()

    assert (document["rows"], document["changed"]) == (2, 1)
    assert [(row["row"], row["column"], row["code"]) for row in document["refused"]] == [
        (2, "pupil_id", "unknown_pupil"),
        (3, "date", "bad_date"),
    ]
    assert "77" in document["refused"][0]["message"]
    assert oakfield.explain("1")["marks"] == {"AM": "N"}


def test_an_old_push_cannot_bring_an_absence_back_unless_somebody_says_so(oakfield, alice):
    alice.push(mark("1", "N"))
    alice.push(mark("1", "/"))

    late = alice.push(mark("1", "N"))
    assert (late.status_code, late.json()["outcome"]) == (409, "older_file")
    assert "again=true" in late.json()["message"]
    assert oakfield.explain("1")["marks"] == {"AM": "/"}

    meant = alice.push(mark("1", "N"), query="?again=true")
    assert (meant.status_code, meant.json()["changed"]) == (200, 1)
    assert oakfield.explain("1")["marks"] == {"AM": "N"}


WRONG = {
    "not JSON": b"pupil_id,date\n",
    "nothing at all": b"",
    "not UTF-8": b'{"marks": ["\xff"]}',
    "a list": b"[]",
    "no list of marks": b'{"marks": {}}',
    "half a character": b'{"marks": [{"pupil_id": "1", "comment": "\\ud83d"}]}',
    "a NUL": b'{"marks": [{"pupil_id": "1\\u0000"}]}',
    "nested without end": b"[" * 100_000,
}


def test_a_body_of_the_wrong_shape_is_refused_in_words(alice):
    answers = {name: alice.push_raw(body) for name, body in WRONG.items()}

    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(WRONG, 422)
    assert all(answer.json()["message"] for answer in answers.values())


def test_too_large_a_body_is_refused_whether_or_not_it_says_how_large_it_is(alice, monkeypatch):
    monkeypatch.setattr(api, "LARGEST_PUSH", 1000)
    body = b" " * 1001

    async def in_parts() -> Any:
        for start in range(0, len(body), 100):
            yield body[start : start + 100]

    assert alice.push_raw(body).status_code == 413
    assert alice.push_raw(in_parts()).status_code == 413


def test_too_many_marks_are_refused(alice):
    assert alice.push_raw(b'{"marks": [' + b"0," * 100_000 + b"0]}").status_code == 413


# reading out


def test_messages_and_replies_are_read_out_in_the_shapes_of_the_commands(absent, alice):
    answer_to_reply, message = alice.get("messages?date=2026-11-23").json()["messages"]
    (reply,) = alice.get("replies").json()["replies"]

    assert (message["pupil_ids"], message["to"], message["purpose"]) == (["1"], "+447700900001", "absence")
    assert answer_to_reply["purpose"] == "ack"
    assert {"encoding", "segments", "status", "provider_id", "due_at", "expires_at"} <= message.keys()
    assert (reply["from"], reply["intent"], reply["suggested_code"], reply["language"]) == (
        "+447700900001",
        "illness",
        "I",
        "pl",
    )


def test_the_board_and_the_counts_are_read_out(absent, alice):
    (item,) = alice.get("follow-ups").json()["follow_ups"]
    summary = alice.get("summary").json()

    assert (item["pupil_id"], item["state"]) == ("1", "answered")
    assert (summary["unexplained"], summary["contacted"], summary["answered"]) == (1, 1, 1)


def test_decisions_are_read_out_with_their_messages(absent, alice):
    message = alice.get("messages").json()["messages"][-1]

    document = alice.get("decisions?date=2026-11-23&session=AM").json()

    assert (document["date"], document["session"]) == ("2026-11-23", "AM")
    assert document["decisions"] == [
        {
            "school": "oakfield",
            "pupil_id": "1",
            "date": "2026-11-23",
            "session": "AM",
            "code": "N",
            "outcome": "contact",
            "reason": "unexplained",
            "message_ids": [message["id"]],
        }
    ]
    assert alice.get("decisions?session=PM").json()["decisions"] == []


def test_another_day_is_empty(absent, alice):
    for path in READABLE:
        document = alice.get(f"{path}?date=2026-11-20").json()
        assert document["date"] == "2026-11-20"
        assert not any(value for value in document.values() if isinstance(value, list))


def test_a_day_that_cannot_be_read_is_refused_in_words_on_every_address(alice):
    for path in READABLE:
        answer = alice.get(f"{path}?date=23/11/2026")
        assert (answer.status_code, answer.json()["error"]) == (422, "bad_date")


def test_a_session_that_does_not_exist_is_refused(alice):
    assert alice.get("decisions?session=am").json()["error"] == "bad_session"
