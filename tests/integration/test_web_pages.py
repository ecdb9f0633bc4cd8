"""The staff page: what Alice sees at her own machine, and what everybody else sees instead."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from notifier.services import schools
from notifier.web.app import build_app

URDU = "Hafsa کو رات سے بخار ہے، آج گھر پر آرام"


def get(
    morning: Any,
    path: str = "/",
    at: str = "09:41",
    client: str | None = "127.0.0.1",
    base: str = "http://127.0.0.1:8000",
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    async def work() -> httpx.Response:
        web = build_app(morning.app, clock=lambda: morning.at(at), wake=lambda: None)
        transport = httpx.ASGITransport(app=web, client=(client, 50000) if client else None)
        async with httpx.AsyncClient(transport=transport, base_url=base) as browser:
            return await browser.get(path, headers=headers)

    return asyncio.run(work())


class Outline(HTMLParser):
    """What assistive technology would find: tags opened and closed in order, ids, scopes, captions."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> at {self.getpos()}")

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


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


# what Alice sees


def test_the_page_tells_the_morning_in_figures_and_when_it_was_read(oakfield):
    page = get(oakfield)

    assert page.status_code == 200
    assert re.search(r"As of <time [^>]+>09:41</time>", page.text)
    figures = dict(re.findall(r"<dt>([^<]+)</dt><dd>(\d+)</dd>", page.text))
    assert figures == {
        "Unexplained": "5",
        "Contacted": "4",
        "Answered": "2",
        "Urgent": "1",
        "To ring": "2",
        "Arrived": "1",
        "Explained": "0",
        "Still open": "4",
    }


def test_the_board_stands_in_the_order_in_which_children_need_a_person(oakfield):
    text = get(oakfield).text

    board = text[text.index('id="board"') : text.index('id="log"')]
    assert re.findall(r'caption-title">([^<]+) <', board) == [
        "Urgent answers",
        "To ring",
        "Answered, not confirmed",
        "Waiting for an answer",
        "Settled",
    ]
    assert re.findall(r'<a href="/pupils/[^"]+">([^<]+)</a>', board) == [
        "Ali Khan",
        "Ben Price",
        "Hafsa Butt",
        "Cara Ward",
        "Dan Hill",
    ]


def test_an_urdu_answer_stands_beside_the_mark_from_the_right_with_the_suggested_code(oakfield):
    text = get(oakfield).text

    row = next(row for row in re.findall(r"<tr role=\"row\">.*?</tr>", text, re.S) if "Hafsa Butt</a>" in row)
    assert f'<bdi dir="rtl" lang="ur">{URDU}</bdi>' in row
    assert "AM mark <b>N</b>" in row
    assert "Suggested code <b>I</b>" in row
    assert "Samina Butt, mother" in row
    assert "in Urdu" in row


def test_an_urgent_answer_says_so_in_words_and_what_to_do(oakfield):
    text = get(oakfield).text

    row = next(row for row in re.findall(r"<tr role=\"row\">.*?</tr>", text, re.S) if "Ali Khan</a>" in row)
    assert ">Urgent</strong>" in row
    assert "Check the register and the site now" in row
    assert ">Vulnerable<" in row


def test_a_hold_says_what_to_do(oakfield):
    text = get(oakfield).text

    holds = text[text.index('id="holds"') : text.index('id="board"')]
    assert "5A" in holds
    assert "Take the register; the group then goes on by itself." in holds


def test_a_hold_that_a_person_must_release_shows_the_command(morning, person):
    morning.people(*(person(str(number), str(number)) for number in range(1, 31)))
    morning.marks({str(number): "N" if number <= 12 else "/" for number in range(1, 31)})
    morning.run()

    assert re.search(r"<code>notifier release oakfield [0-9a-f]{8} --by", get(morning).text)


def test_the_log_shows_messages_and_answers_newest_first(oakfield):
    text = get(oakfield).text

    log = text[text.index('id="log"') :]
    times = re.findall(r'role="rowheader"><time [^>]+>([0-9:]+)<', log)
    assert times == sorted(times, reverse=True)
    assert "<b>From</b> Samina Butt" in log
    assert "<b>to</b> Samina Butt" in log
    assert "07700 900001" in log


def test_a_long_log_is_shortened_and_can_be_shown_whole(oakfield):
    for number in range(60):
        oakfield.reply("+447700900001", f"number {number} of many", "09:39", provider_id=f"P{number:02}")

    short, whole = get(oakfield), get(oakfield, "/?log=all")

    assert len(re.findall(r'class="(?:reply|message)"', short.text)) == 50
    assert "Show all" in short.text
    assert len(re.findall(r'class="(?:reply|message)"', whole.text)) > 60
    assert "Show all" not in whole.text


def test_a_message_beside_no_absence_is_not_lost(oakfield):
    oakfield.reply("+447700900077", "Where is my son? He never came home", "09:39")
    oakfield.reply("+447700900020", "Is school open on Friday?", "09:40")

    text = get(oakfield).text

    strays = text[text.index('id="strays"') :]
    assert strays.index("Where is my son?") < strays.index("Is school open on Friday?")
    assert text.index('id="strays"') < text.index('id="board"'), "an urgent one stands before the board"
    assert "an unknown sender" in strays


def test_what_a_carer_writes_is_shown_and_never_run(oakfield):
    oakfield.reply("+447700900004", "<script>alert(1)</script><b>ill</b> & {{ 7*7 }}", "09:39")

    text = get(oakfield).text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;ill&lt;/b&gt; &amp; {{ 7*7 }}" in text
    assert "<script" not in text


def test_another_day_can_be_chosen_and_a_faulty_one_is_named(oakfield):
    friday = get(oakfield, "/?school=oakfield&date=2026-11-20")
    half_term = get(oakfield, "/?date=2026-10-28")
    faulty = get(oakfield, "/?date=20%2F11%2F2026")

    assert "Friday 20 November 2026" in friday.text
    assert "No unexplained absence on this day" in friday.text
    assert "Not a school day" in half_term.text
    assert (faulty.status_code, "is not a day" in faulty.text) == (400, True)
    assert "Monday 23 November 2026" in faulty.text


def test_before_the_first_texts_the_page_says_when_they_go(morning):
    assert "The first texts go at 09:30" in get(morning, at="08:50").text


def test_a_silent_loss_is_said_loudly(oakfield):
    with oakfield.app.database.begin() as connection:
        connection.exec_driver_sql("UPDATE messages SET status = 'cancelled' WHERE carer_id = '4'")

    text = get(oakfield).text

    assert re.search(r'role="alert"><p><strong>1 absence is not accounted for', text)


def test_without_a_school_the_page_says_how_to_add_one(make_morning):
    page = get(make_morning())

    assert page.status_code == 200
    assert "notifier school add" in page.text


def test_the_pages_are_well_formed_and_marked_up_for_screen_readers(oakfield):
    oakfield.reply("+447700900020", "Is school open on Friday?", "09:40")
    for path in ("/", "/pupils/1", "/pupils/none", "/?school=none", "/?date=soon"):
        page = Outline(get(oakfield, path).text)

        assert (page.faults, page.open) == ([], []), path
        assert page.of("html") == [{"lang": "en-GB", "dir": "ltr"}]
        assert [len(page.of(tag)) for tag in ("h1", "main", "header", "footer", "title")] == [1, 1, 1, 1, 1]
        assert len(page.of("caption")) == len(page.of("table"))
        assert all(cell.get("scope") in ("col", "row") for cell in page.of("th"))
        ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert {label["for"] for label in page.of("label")} <= set(ids)
        assert page.of("script") == []
        assert not [attributes for _, attributes in page.tags if "style" in attributes or "onclick" in attributes]


# one pupil's day


def test_a_pupils_day_is_told_in_order_with_whom_to_ring(oakfield):
    page = get(oakfield, "/pupils/1?school=oakfield&date=2026-11-23")

    assert page.status_code == 200
    story = page.text[page.text.index('id="story"') :]
    times = re.findall(r"<time [^>]+>([0-9:]{8})<", story)
    assert times == sorted(times)
    assert story.index("AM mark came in: N") < story.index("queued (first_day") < story.index("wrote:")
    assert "07700 900001" in page.text


def test_the_number_of_somebody_who_must_not_be_contacted_is_not_shown(oakfield):
    text = get(oakfield, "/pupils/4").text

    assert "Mark Reed" in text
    assert "Must not be contacted" in text
    assert "07700 900004" in text
    assert "900014" not in text


# each school sees its own


@pytest.fixture
def two_schools(oakfield: Any, make_morning: Callable[..., Any], person: Callable[..., dict[str, object]]) -> Any:
    """Ashby beside Oakfield, with a child of its own."""
    ashby = make_morning(key="ashby")
    ashby.add_school()
    ashby.people(person("901", "901", given_name="Mallory", family_name="Stranger"))
    return oakfield


def test_a_page_shows_one_school_and_lets_staff_choose(two_schools):
    oakfield, ashby = get(two_schools, "/?school=oakfield"), get(two_schools, "/?school=ashby")

    assert "Hafsa Butt" in oakfield.text
    assert "Hafsa" not in ashby.text
    assert URDU not in ashby.text
    assert all('<select id="school"' in page.text for page in (oakfield, ashby))


@pytest.mark.parametrize(
    "path",
    [
        "/pupils/1?school=ashby",
        "/pupils/901?school=oakfield",
        "/pupils/none?school=oakfield",
        "/?school=nowhere",
        "/pupils/1?school=nowhere",
    ],
)
def test_a_pupil_of_another_school_is_not_found_there(two_schools, path):
    page = get(two_schools, path)

    assert page.status_code == 404
    assert not re.search("Hafsa|Butt|Stranger", page.text)


# who may see it


ELSEWHERE = {
    "from another machine": {"client": "192.0.2.10"},
    "from nobody knows where": {"client": None},
    "through a proxy": {"headers": {"X-Forwarded-For": "127.0.0.1"}},
    "through a proxy that says only the scheme": {"headers": {"X-Forwarded-Proto": "https"}},
    "through a proxy by the standard": {"headers": {"Forwarded": "for=127.0.0.1"}},
    "through nginx": {"headers": {"X-Real-IP": "127.0.0.1"}},
    "through a tunnel": {"headers": {"Via": "1.1 tunnel"}},
    "by a name somebody pointed here": {"base": "http://rebound.example:8000"},
    "by a name that only begins right": {"base": "http://localhost.rebound.example"},
    "by the machine's address in the network": {"base": "http://192.0.2.1:8000"},
    "with a user in the name": {"headers": {"Host": "rebound.example@127.0.0.1"}},
    "with a path in the name": {"headers": {"Host": "localhost/rebound.example"}},
    "with a port that is none": {"headers": {"Host": "localhost:many"}},
    "without a name": {"headers": {"Host": ""}},
}


@pytest.mark.parametrize("how", ELSEWHERE.values(), ids=ELSEWHERE)
def test_the_pages_open_only_on_this_machine(morning, how):
    for path in ("/", "/pupils/1"):
        page = get(morning, path, **how)
        assert page.status_code == 403
        assert "open only on the machine that runs Notifier" in page.text
        assert "What to do" in page.text
        assert "Oakfield" not in page.text


def test_an_old_fashioned_proxy_gives_itself_away_by_its_http_version(morning):
    web = build_app(morning.app, clock=lambda: morning.at("09:41"), wake=lambda: None)
    sent: list[Any] = []
    scope = {
        "type": "http", "http_version": "1.0", "method": "GET", "scheme": "http", "path": "/", "raw_path": b"/",
        "query_string": b"", "headers": [(b"host", b"127.0.0.1:8000")], "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000), "root_path": "",
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(web(scope, receive, send))

    assert sent[0]["status"] == 403


@pytest.mark.parametrize(
    "how",
    [
        {"base": "http://localhost:8000"},
        {"base": "http://[::1]:8000", "client": "::1"},
        {"client": "::ffff:127.0.0.1"},
        {"base": "http://LOCALHOST"},
    ],
    ids=["by name", "by IPv6", "by IPv4 in IPv6", "in capitals"],
)
def test_a_browser_on_this_machine_is_let_in(morning, how):
    assert get(morning, **how).status_code == 200


def test_from_elsewhere_webhooks_api_and_health_stay_open(morning):
    token = schools.make_token(morning.app, "oakfield", note="MIS", by="Alice", now=morning.at("08:00"))
    how: dict[str, Any] = {
        "client": "203.0.113.7",
        "base": "https://absence.example",
        "headers": {"X-Forwarded-For": "203.0.113.9"},
    }

    assert get(morning, "/healthz", **how).status_code == 200
    assert get(morning, "/readyz", **how).status_code == 200
    how["headers"]["Authorization"] = f"Bearer {token}"
    assert get(morning, "/api/v1/schools/oakfield/summary", **how).status_code == 200


def test_every_answer_carries_the_security_headers(morning):
    for path in ("/", "/pupils/none", "/static/style.css", "/healthz", "/api/v1/schools/oakfield/summary"):
        headers = get(morning, path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy == {
            "default-src": "'none'",
            "style-src": "'self'",
            "img-src": "'self'",
            "form-action": "'self'",
            "base-uri": "'none'",
            "frame-ancestors": "'none'",
        }
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


def test_only_the_named_static_files_are_served(morning):
    assert get(morning, "/static/style.css").headers["content-type"] == "text/css; charset=utf-8"
    assert get(morning, "/static/icon.svg").headers["content-type"] == "image/svg+xml"
    for path in ("/static/app.py", "/static/..%2Fapp.py", "/static/%2e%2e/app.py", "/static/"):
        assert get(morning, path).status_code == 404


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_no_documentation_of_the_framework_is_served(morning, path):
    assert get(morning, path).status_code == 404
