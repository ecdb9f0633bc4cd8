"""The carer's answer page: from the link in an e-mail to the answer on the board, once, until midnight, and for nobody else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import structlog
from sqlalchemy import select
from starlette.requests import Request

from notifier.cli.reading import log_csv
from notifier.domain.answer_tokens import token_hash, without_tokens
from notifier.domain.replies import Intent
from notifier.domain.sessions import Session
from notifier.services import answer_page, views
from notifier.services.answer_links import end_of, new_token
from notifier.services.answer_page import Answer
from notifier.services.schools import approve
from notifier.store.tables import answer_links, audit, messages, replies
from notifier.web.answer import UNKNOWN_A_MINUTE
from notifier.web.app import build_app
from notifier.web.visits import Visits, visitor

PUBLIC = "https://notifier.oakfield.example"
LINK = re.compile(re.escape(PUBLIC) + r"/r/([A-Za-z0-9]{22})(?![A-Za-z0-9])")
BUTTONS = ("illness", "medical", "late", "dispute", "other", "callme", "wrongnum")


class Browser:
    """Asks the web application as a browser anywhere would; counts how often sending was woken."""

    def __init__(self, morning: Any) -> None:
        self.moment = morning.at("09:40")
        self.woken = 0
        self.web = build_app(morning.app, clock=lambda: self.moment, wake=self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def work() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.web, client=("203.0.113.9", 50000))
            async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
                return await client.request(method, path, **more)

        return asyncio.run(work())

    def get(self, token: str) -> httpx.Response:
        return self.ask("GET", f"/r/{token}")

    def post(
        self, token: str, answer: str | None = None, children: Sequence[int] = (0,), **fields: str
    ) -> httpx.Response:
        pairs = [
            *(("child", str(place)) for place in children),
            *fields.items(),
            *([("answer", answer)] if answer else []),
        ]
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", f"/r/{token}", content=urlencode(pairs), headers=headers)


def words_of(answer: httpx.Response) -> str:
    """A page's words without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def by_mail(person: Callable[..., dict[str, object]], pupil: str, carer: str, **more: object) -> dict[str, object]:
    """A pupil whose carer has an e-mail address and no mobile."""
    return person(pupil, carer, **{"mobile": "", "email": f"carer{carer}@family.example", **more})


def tokens(morning: Any, channel: str = "email") -> dict[str, str]:
    """The tokens of the links that left, by the address they went to."""
    sent = [message for message in morning.network.messages if LINK.search(message.body)]
    return {message.to: LINK.search(message.body)[1] for message in sent if ("@" in message.to) == (channel == "email")}


def rows(morning: Any, table: Any) -> list[Any]:
    with morning.app.database.read() as connection:
        return list(connection.execute(select(table)))


@pytest.fixture
def start(
    make_morning: Callable[..., Any], person: Callable[..., dict[str, object]]
) -> Callable[..., tuple[Any, Browser]]:
    """Oakfield at 09:30: the absent children's carers have their e-mails. Carer 1 has two children, Aisha and Yusuf."""

    def begin(
        *people: Mapping[str, object], more: str = "", absent: str = "123", **settings: str
    ) -> tuple[Any, Browser]:
        morning = make_morning(**{"NOTIFIER_PUBLIC_URL": PUBLIC, **settings})
        morning.add_school(more)
        morning.people(
            *(
                people
                or (
                    by_mail(person, "1", "1", given_name="Aisha", family_name="Khanum"),
                    by_mail(person, "2", "1", given_name="Yusuf", family_name="Khanum"),
                    by_mail(person, "3", "3", given_name="Ben", family_name="Pricewell"),
                )
            ),
            *(person(str(number), str(number)) for number in range(20, 40)),
        )
        morning.marks({**dict.fromkeys(absent, "N"), **{str(number): "/" for number in range(20, 40)}})
        morning.run()
        morning.send()
        return morning, Browser(morning)

    return begin


# the whole path


def test_a_link_in_an_e_mail_becomes_an_answer_on_the_board_once(start):
    morning, browser = start()
    token = tokens(morning)["carer3@family.example"]

    for _ in range(2):
        page = browser.get(token)
        assert page.status_code == 200
        assert "Why is Ben not in school today, Mon 23 Nov 2026?" in words_of(page)
    assert browser.ask("HEAD", f"/r/{token}").status_code == 200

    done = browser.post(token, "illness", text="high temperature", return_on="2026-11-26")
    assert (done.status_code, browser.woken) == (200, 1)
    assert "Thank you. We have your answer." in words_of(done)
    item = morning.board()["3"]
    assert item["state"] == "answered"
    reply = item["replies"][0]
    assert (reply["channel"], reply["intent"], reply["urgent"], reply["suggested_code"]) == (
        "page",
        "illness",
        False,
        "I",
    )
    assert (reply["body"], reply["from"], reply["carer_id"]) == ("high temperature", "carer3@family.example", "3")
    (row,) = rows(morning, replies)
    assert (row.provider, row.facts["return_date"], row.facts["pupil_ids"]) == ("page", "2026-11-26", ["3"])

    again = browser.post(token, "late")
    assert again.status_code == 404
    assert "We have an answer from this page already. To tell us more, call 01632960123 ." in words_of(again)
    assert browser.get(token).status_code == 404
    assert len(rows(morning, replies)) == 1
    link = next(link for link in rows(morning, answer_links) if link.token_hash == token_hash(token))
    assert (link.reply_id, link.used_at) == (row.reply_id, browser.moment)


def test_the_answer_pauses_texts_and_queues_no_e_mail_of_thanks(start):
    morning, browser = start()
    before = len(morning.log())

    browser.post(tokens(morning)["carer3@family.example"], "medical")
    morning.tick("09:51")

    about_ben = [message for message in morning.log() if message["pupil_ids"] == ["3"]]
    assert len(about_ben) == 1
    assert len([message for message in morning.log() if message["purpose"] == "ack"]) == 0
    assert len(morning.log()) > before, "the other carer's second message went out"


def test_should_be_in_school_alarms_people_at_once(start):
    morning, browser = start()

    done = browser.post(tokens(morning)["carer3@family.example"], "dispute")

    assert "Thank you. We are checking now and will contact you." in words_of(done)
    item = morning.board()["3"]
    assert (item["state"], item["call_reason"]) == ("urgent", "urgent_reply")
    alarms = [message for message in morning.log(staff=True) if message["template"] == "staff_urgent_reply"]
    assert {message["to"] for message in alarms} == {"office@oakfield.example", "lead@oakfield.example"}
    assert "Says the child should be in school (answered on the page)." in alarms[0]["body"]


def test_a_call_me_puts_the_child_on_the_call_list(start):
    morning, browser = start()

    browser.post(tokens(morning)["carer3@family.example"], "callme")

    assert morning.board()["3"]["call_reason"] == "asked_for_call"


def test_danger_in_the_words_makes_any_button_urgent(start):
    morning, browser = start()

    done = browser.post(tokens(morning)["carer3@family.example"], "illness", text="he left for school this morning!!")

    assert "We are checking now" in words_of(done)
    assert morning.board()["3"]["state"] == "urgent"
    assert morning.board()["3"]["replies"][0]["suggested_code"] is None


@pytest.mark.parametrize(
    ("pressed", "text", "intent", "urgent", "code"),
    [
        ("late", "", Intent.LATE, False, None),
        ("illness", "thanks", Intent.ILLNESS, False, "I"),
        ("other", "", Intent.OTHER, False, None),
        ("other", "thank you", Intent.OTHER, False, None),
        ("other", "she has a dentist appointment", Intent.MEDICAL, False, "M"),
        ("other", "STOP", Intent.OPTOUT, False, None),
        ("wrongnum", "but I saw him alone by the river, he is missing", Intent.WRONGNUM, True, None),
    ],
)
def test_the_button_counts_and_something_else_leaves_it_to_the_words(sqlite_url, pressed, text, intent, urgent, code):
    from notifier.services.application import load_application
    from notifier.settings import load_settings

    app = load_application(load_settings({"NOTIFIER_DATABASE_URL": sqlite_url}))
    reading = answer_page.read_answer(app, Intent(pressed), text, language="en")
    app.database.close()

    assert (reading.intent, reading.urgent, reading.suggested_code) == (intent, urgent, code)


def test_not_for_me_stops_the_address_and_goes_on_to_the_next_contact(start, person):
    morning, browser = start(
        by_mail(person, "1", "1", given_name="Aisha"),
        by_mail(person, "1", "2", given_name="Aisha", priority=2),
        absent="1",
    )

    done = browser.post(tokens(morning)["carer1@family.example"], "wrongnum")
    morning.send("09:41")

    assert "We are sorry. We will not use this address again." in words_of(done)
    assert morning.texts() == [("1", "first_day_am"), ("2", "next_contact")]
    assert morning.board()["1"]["call_reason"] == "wrong_number"
    assert [row.act for row in rows(morning, audit) if row.actor == "reply"] == ["breach.wrong_number"]


# who and when


def test_two_taps_at_once_give_one_reply(start):
    morning, _ = start()
    token = tokens(morning)["carer3@family.example"]

    def tap(number: int) -> Any:
        with morning.app.database.begin() as connection:
            intent = (Intent.ILLNESS, Intent.LATE)[number % 2]
            return answer_page.take_answer(connection, morning.app, token, Answer(intent), now=morning.at("09:40"))

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(tap, range(4)))

    assert sorted(one.said for one in taken if one.reply_id is None) == ["used"] * 3
    assert len(rows(morning, replies)) == 1


@pytest.mark.parametrize(
    ("day", "last", "first_after"),
    [
        (date(2026, 11, 23), "2026-11-23T23:59:59+00:00", "2026-11-24T00:00:00+00:00"),
        (date(2026, 9, 14), "2026-09-14T22:59:59+00:00", "2026-09-14T23:00:00+00:00"),
        # the Sunday on which the clocks go back is 25 hours long
        (date(2026, 10, 25), "2026-10-25T23:59:59+00:00", "2026-10-26T00:00:00+00:00"),
        (date(2026, 10, 24), "2026-10-24T22:59:59+00:00", "2026-10-24T23:00:00+00:00"),
        (date(2027, 3, 28), "2027-03-28T22:59:59+00:00", "2027-03-28T23:00:00+00:00"),
    ],
)
def test_a_link_ends_at_midnight_on_the_schools_clock(day, last, first_after):
    assert datetime.fromisoformat(last) + timedelta(seconds=1) == end_of(day) == datetime.fromisoformat(first_after)


def test_after_midnight_the_page_is_closed_and_takes_nothing(start):
    morning, browser = start()
    token = tokens(morning)["carer3@family.example"]

    browser.moment = end_of(morning.day) - timedelta(seconds=1)
    assert browser.get(token).status_code == 200
    browser.moment = end_of(morning.day)
    for answer in (browser.get(token), browser.post(token, "illness")):
        assert answer.status_code == 404
        assert "This page is closed. Please call us on 01632960123 ." in words_of(answer)
        assert "Ben" not in answer.text
    assert rows(morning, replies) == []


def test_nobody_is_asked_about_a_child_who_has_arrived(start):
    morning, browser = start()
    both = tokens(morning)["carer1@family.example"]

    morning.marks({"1": "L"}, at="09:35")
    assert "Why is Yusuf not in school" in words_of(browser.get(both))
    morning.marks({"2": "L"}, at="09:36")
    assert "This page is closed." in words_of(browser.get(both))


def test_a_contact_that_is_forbidden_since_sees_nothing(start):
    morning, browser = start()
    token = tokens(morning)["carer3@family.example"]

    morning.change_contact("3", "3", no_contact=True)

    assert "Ben" not in browser.get(token).text
    assert browser.post(token, "illness").status_code == 404
    assert rows(morning, replies) == []


def test_a_stranger_learns_nothing(start):
    morning, browser = start()
    known = tokens(morning)["carer3@family.example"]

    for path in (new_token(), "x", known[:-1], known + "a", known.swapcase(), "%00", "é" * 22):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert not re.search("oakfield|01632|Ben", answer.text, re.IGNORECASE)
    assert browser.post(new_token(), "dispute").status_code == 404
    assert (rows(morning, replies), browser.woken) == ([], 0)


def test_guessing_is_slowed_down_without_shutting_families_out(start):
    morning, browser = start()
    guesses = [browser.get(new_token()).status_code for _ in range(UNKNOWN_A_MINUTE + 2)]

    assert guesses == [404] * UNKNOWN_A_MINUTE + [429] * 2
    assert browser.get(tokens(morning)["carer3@family.example"]).status_code == 200
    browser.moment += timedelta(minutes=1)
    assert browser.get(new_token()).status_code == 404


# brothers and sisters


def test_an_answer_about_one_of_two_children_leaves_the_other_open(start):
    morning, browser = start()
    token = tokens(morning)["carer1@family.example"]

    page = browser.get(token)
    assert page.text.count('type="checkbox"') == page.text.count(" checked") == 2
    browser.post(token, "illness", children=[1])

    board = morning.board()
    assert (board["1"]["state"], board["2"]["state"]) == ("chasing", "answered")
    assert board["2"]["replies"][0]["pupil_ids"] == ["2"]
    assert board["1"]["replies"] == []


@pytest.mark.parametrize(("pressed", "kept"), [("illness", 0), ("dispute", 1), ("callme", 1)])
def test_with_no_child_ticked_the_page_asks_unless_people_must_know_anyway(start, pressed, kept):
    morning, browser = start()
    token = tokens(morning)["carer1@family.example"]

    answer = browser.post(token, pressed, children=[], text="poorly tummy")

    assert len(rows(morning, replies)) == kept
    if not kept:
        assert (answer.status_code, "poorly tummy" in answer.text) == (200, True)
        assert '<span role="alert">Which child is your answer about?</span>' in answer.text
        assert browser.post(token, pressed, children=[0, 1]).status_code == 200
    assert morning.board()["1"]["replies"] and morning.board()["2"]["replies"]


def test_enter_without_a_button_sends_nothing_and_keeps_what_was_written(start):
    morning, browser = start()
    token = tokens(morning)["carer3@family.example"]

    answer = browser.post(token, text="<b>see</b> you", return_on="2026-11-25")

    assert answer.status_code == 200
    assert '<p class="missing" id="missing" role="alert">Please choose one answer.</p>' in answer.text
    assert "&lt;b&gt;see&lt;/b&gt; you" in answer.text and 'value="2026-11-25"' in answer.text
    form = answer.text[answer.text.index("<form") :]
    assert "name=" not in re.search(r"<button[^>]*>", form)[0], "Enter must press a button that says nothing"
    assert re.findall(r'name="answer" value="(\w+)"', form) == list(BUTTONS)
    assert rows(morning, replies) == []


@pytest.mark.parametrize(
    ("given", "date_kept", "hint"),
    [
        ("2026-11-26", "2026-11-26", None),
        ("2026-11-20", None, "2026-11-20"),
        ("Thursday", None, "Thursday"),
        ("", None, None),
    ],
)
def test_a_date_that_is_none_is_kept_as_words(start, given, date_kept, hint):
    morning, browser = start()

    browser.post(tokens(morning)["carer3@family.example"], "illness", return_on=given)

    (row,) = rows(morning, replies)
    assert (row.facts.get("return_date"), row.return_hint) == (date_kept, hint)


def test_whatever_is_posted_is_stored_or_refused_but_never_breaks(start):
    morning, browser = start()
    token = tokens(morning)["carer3@family.example"]

    assert browser.post(token, "illness", text="x" * 20_000).status_code == 413
    assert browser.post(token, "fly", children=[0, 99]).status_code == 200
    assert browser.ask("POST", f"/r/{token}", content=b"\xff%zz&" * 100).status_code == 413
    assert rows(morning, replies) == []
    assert (
        browser.post(
            token, "illness", text="a\x00b\r\nc\ud83d".encode("utf-8", "replace").decode() + "🤒" * 600
        ).status_code
        == 200
    )
    (row,) = rows(morning, replies)
    assert row.body.startswith("ab\nc") and len(row.body) == 500


# words


URDU_FAMILY = {"given_name": "Aisha", "family_name": "Khanum", "language": "ur"}


def test_the_page_is_in_the_carers_language_once_that_is_approved(start, person):
    morning, browser = start(by_mail(person, "1", "1", **URDU_FAMILY), absent="1")
    token = tokens(morning)["carer1@family.example"]

    assert '<html lang="en-GB" dir="ltr">' in browser.get(token).text
    approve(morning.app, language="ur", reviewer="Samina Butt, teacher", now=morning.at("09:35"), school_id="oakfield")
    page = browser.get(token)
    assert '<html lang="ur" dir="rtl">' in page.text
    assert "Aisha" in page.text and "Why is" not in page.text
    assert '<bdi dir="ltr">01632960123</bdi>' in page.text
    done = browser.post(token, "illness")
    assert '<html lang="ur" dir="rtl">' in done.text and "Thank you" not in done.text
    assert rows(morning, replies)[0].language == "ur"


def test_no_surname_and_no_id_is_on_any_page(start):
    morning, browser = start()
    token = tokens(morning)["carer1@family.example"]

    pages = [browser.get(token), browser.post(token), browser.post(token, "late", children=[0]), browser.get(token)]

    for page in pages:
        assert not re.search("Khanum|Carer 1|family.example|4B", page.text)


def test_every_answer_carries_strict_headers_and_sets_no_cookie(start):
    morning, browser = start()
    token = tokens(morning)["carer3@family.example"]

    for answer in (browser.get(token), browser.get("x"), browser.post(token, "late"), browser.post(token, "late")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"].startswith("noindex")
        assert answer.headers["x-frame-options"] == "DENY"
        assert "set-cookie" not in answer.headers
        assert not re.search(r"<script|<style| style=| on\w+=", answer.text)


# which messages hold a link


def test_texts_hold_no_link_unless_the_school_wants_it(start, person):
    people = person("1", "1", given_name="Aisha")
    morning, _ = start(people, absent="1")
    (text,) = [message for message in morning.log() if message["purpose"] == "absence"]
    assert ("/r/" in text["body"], rows(morning, answer_links)) == (False, [])


def test_a_text_with_a_link_counts_its_parts(start, person):
    morning, browser = start(person("1", "1", given_name="Aisha"), absent="1", more='answer_links = ["sms"]')

    (text,) = [message for message in morning.log() if message["purpose"] == "absence"]
    (stored,) = [row for row in rows(morning, messages) if row.purpose == "absence"]
    assert LINK.search(stored.body)
    assert (text["encoding"], text["segments"]) == ("GSM-7", 2 if len(stored.body) > 160 else 1)
    assert browser.post(tokens(morning, "sms")["+447700900001"], "late").status_code == 200
    assert rows(morning, replies)[0].sender == "+447700900001"


@pytest.mark.parametrize(
    ("address", "linked"),
    [("https://notifier.oakfield.example", True), ("http://127.0.0.1:8000", True), ("http://localhost:8000", True),
     ("http://notifier.oakfield.example", False)],
)  # fmt: skip
def test_a_link_needs_a_real_public_address(start, address, linked):
    morning, _ = start(NOTIFIER_PUBLIC_URL=address)

    assert bool(rows(morning, answer_links)) is linked
    assert any("/r/" in row.body for row in rows(morning, messages)) is linked


def test_only_messages_that_ask_for_a_reason_hold_a_link(start):
    morning, _ = start()
    morning.marks({"3": "L"}, at="09:35")
    morning.send("09:36")

    linked = {row.template for row in rows(morning, messages) if "/r/" in row.body or "/r/" in (row.html or "")}
    assert "all_clear" in {row.template for row in rows(morning, messages)}
    assert linked == {"first_day_am"}


def test_the_same_message_queued_twice_keeps_its_first_link(start):
    morning, browser = start()
    before = {row.link_id: row.token_hash for row in rows(morning, answer_links)}

    morning.run("09:33")
    morning.run("09:34", session=Session.AM)

    assert {row.link_id: row.token_hash for row in rows(morning, answer_links)} == before
    ids = {row.message_id for row in rows(morning, messages) if "/r/" in row.body}
    assert ids == set(before), "every link belongs to a message that holds it"
    assert browser.get(tokens(morning)["carer3@family.example"]).status_code == 200


def test_a_message_from_before_the_links_gets_none_afterwards(start, make_morning):
    morning, _ = start(more="answer_links = []")
    morning.add_school('answer_links = ["email"]')

    with morning.app.database.begin() as connection:
        school = morning.app.school(connection, "oakfield")
        assert school.answer_links == ("email",)
    morning.run("09:33")

    assert rows(morning, answer_links) == []


# the token stays between the carer and us


def test_no_token_is_in_any_log_view_or_export(start):
    with structlog.testing.capture_logs() as lines:
        morning, browser = start()
        token = tokens(morning)["carer3@family.example"]
        quoted = f"he is in school!\nwhere did you look?\n> Or answer with one tap: {PUBLIC}/r/{token}"
        browser.get(token)
        browser.post(token, "illness")
        browser.post(token, "illness")
        morning.reply("carer3@family.example", quoted, "09:42", channel="email")
    with morning.app.database.read() as connection:
        school = morning.app.school(connection, "oakfield")
        log = views.log_entries(connection, school, day=morning.day, staff=True)
    shown = [
        str(lines),
        str(log),
        log_csv(log),
        str(morning.board()),
        str(morning.explain("3")),
        str(morning.log(staff=True)),
    ]

    assert any("reply.received" in line["event"] for line in lines)
    for words in shown:
        assert token not in words
    assert f"{PUBLIC}/r/…" in log_csv(log)
    assert token not in str(rows(morning, answer_links))
    assert any(token in row.body for row in rows(morning, messages)), "the sent words are kept exactly"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"see {PUBLIC}/r/{'aB3' * 7}x.", f"see {PUBLIC}/r/…."),
        (f"https://filter.example/?url=https%3A%2F%2Fx.example%2Fr%2F{'aB3' * 7}x&data=1", "https://filter.example/?url=https%3A%2F%2Fx.example%2Fr%2F…&data=1"),
        ("meet at 3/r/4", "meet at 3/r/4"),
    ],
)  # fmt: skip
def test_a_token_is_left_out_of_words(text, shown):
    assert without_tokens(text) == shown


def test_equal_texts_are_counted_without_their_links(start, person):
    morning, _ = start(
        person("1", "1", given_name="Aisha"), person("2", "2", given_name="Aisha", mobile="07700 900001"),
        absent="12", more='answer_links = ["sms"]',
    )  # fmt: skip
    from notifier.store import messages as store

    with morning.app.database.read() as connection:
        sent = [row for row in rows(morning, messages) if row.purpose == "absence"]
        found = store.equal_texts(connection, sent[:1], since=morning.at("09:00"))

    assert len(sent) == 2
    assert list(found.values()) == [1]


def test_staff_see_that_it_was_answered_on_the_page(start, staff):
    morning, browser = start()
    browser.post(tokens(morning)["carer3@family.example"], "illness")

    assert any(
        "Carer 3 answered on the page (read as: ill or injured)" in entry["what"]
        for entry in morning.explain("3")["story"]
    )

    page = staff.signed_in(morning.app, "viewer", at=morning.at("09:45")).get("/").text
    assert page.count("Answered on the page") == 1
    assert "No words" not in page


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted_as"),
    [
        ("203.0.113.9", "", "203.0.113.9/32"),
        ("8.8.4.4", "1.1.1.1", "8.8.4.4"),
        ("127.0.0.1", "6.6.6.6, 8.8.8.8", "8.8.8.8"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("2a00:23c5:1:2:3:4:5:6", "", "2a00:23c5:1:2::/64"),
    ],
)
def test_a_visitor_is_counted_by_an_address_they_cannot_choose(peer, forwarded, counted_as):
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    request = Request({"type": "http", "client": (peer, 50000), "headers": headers})

    assert visitor(request) == counted_as.removesuffix("/32")


def test_visits_are_counted_by_the_minute_and_never_fill_the_memory():
    visits = Visits(2, addresses=3)
    now = datetime(2026, 11, 23, 9, 40, tzinfo=UTC)

    assert [visits.let_in("a", now) for _ in range(3)] == [True, True, False]
    assert [visits.let_in(name, now) for name in "bcdef"] == [True, True, True, True, False]
    assert visits.let_in("a", now + timedelta(minutes=1))
