"""Pages to read the wording on, and how far each language is."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from notifier.cli.templates import app
from notifier.paths import data_folder
from notifier.wording import Wording
from notifier.wording.book import book, preview_page
from notifier.wording.catalogues import LanguageCatalogue, read_catalogues
from notifier.wording.coverage import coverage
from notifier.wording.library import library_markdown
from notifier.wording.previews import language_name, phone_direction, show

run = CliRunner().invoke
DAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording.load()


@pytest.fixture(scope="module")
def with_welsh_begun(wording) -> Wording:
    """The shipped wording with a language that has one sentence of `all_clear`, and nothing else."""
    catalogues = read_catalogues(data_folder("locale"))
    pair = next(pair for pair in wording.translations("all_clear", "cy") if pair[0].startswith("sms|"))
    entry = catalogues["cy"].entries[pair]
    return Wording(
        {made.key: made for made in wording.templates()},
        {**catalogues, "lt": LanguageCatalogue("lt", {pair: entry})},
        wording.layout,
    )


@pytest.fixture(scope="module")
def whole_book(with_welsh_begun) -> str:
    return book(with_welsh_begun, price=4.0, made_on=DAY)


class Outline(HTMLParser):
    """The elements of a page that matter here; complains about what is opened and not closed."""

    VOID = frozenset({"meta", "br", "link", "img"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_preview_shows_every_language_with_parts_cost_and_standing(wording):
    page = preview_page(wording, "first_day_am", price=4.0)
    words = words_of(page)
    for tag in wording.languages():
        assert language_name(tag) in words
    assert "1 part · GSM-7 · 4p" in words
    assert "3 parts · UCS-2 · 12p without accents: 1 part, 4p" in words
    assert "draft: needs approval" in words
    assert "Ordinary values, one child" in words
    assert "Longest values, several children" in words


def test_right_to_left_words_stand_in_an_element_that_says_so(wording):
    seen = Outline(preview_page(wording, "first_day_am", price=4.0, languages=["ur", "pa"])).seen
    bubbles = [given for tag, given in seen if given.get("class") == "bubble"]
    assert {(given["lang"], given["dir"]) for given in bubbles} == {("ur", "rtl"), ("pa", "ltr")}
    mails = [given for tag, given in seen if given.get("class") == "text"]
    assert {(given["lang"], given["dir"]) for given in mails} == {("ur", "rtl"), ("pa", "ltr")}


def test_a_text_is_set_the_way_a_telephone_would_guess():
    assert phone_direction("Oakfield Primary: سکول", "ur") == "ltr"
    assert phone_direction("سکول Oakfield Primary", "ur") == "rtl"
    assert phone_direction("01632960123", "ur") == "rtl"


def test_pages_are_whole_and_fetch_nothing(wording, whole_book):
    for page in (whole_book, preview_page(wording, "first_day_am", price=4.0)):
        outline = Outline(page)
        assert outline.open == []
        assert not {tag for tag, _ in outline.seen} & {"script", "link", "img", "iframe", "object"}
        assert not re.search(r"url\(|@import|\son\w+=|\ssrc=", page)
        ids = [given["id"] for _, given in outline.seen if "id" in given]
        assert len(ids) == len(set(ids))
        targets = {given["href"].removeprefix("#") for tag, given in outline.seen if tag == "a"}
        assert targets <= set(ids)


def test_the_book_holds_every_message_with_what_is_known_about_it(wording, whole_book):
    words = words_of(whole_book)
    for template in wording.templates():
        assert f'id="{template.key}"' in whole_book
        for told in (template.purpose, template.audience, template.excluded, template.evidence):
            assert " ".join(told.split()).split('"')[0].split("'")[0] in words
    assert len(whole_book.encode()) < 5_000_000


def test_the_book_holds_every_translation(with_welsh_begun, whole_book):
    for tag in ("ur", "cy"):
        for made in show(with_welsh_begun, "first_day_am", languages=[tag])[:1]:
            body = made.shown[0].text.body
            assert body.replace("'", "&#39;") in whole_book


def test_a_language_that_has_no_translation_says_that_english_goes_out(with_welsh_begun, whole_book):
    preview = words_of(preview_page(with_welsh_begun, "all_clear", price=4.0, languages=["lt"]))
    assert "Lithuanian (lietuvių) not translated: English goes out" in preview
    assert re.search(r"1 of \d+ sentences are translated", preview)
    assert re.search(
        r"English goes out to carers who read Lithuanian \(lietuvių\), 1 of \d+ sentences done", words_of(whole_book)
    )


def test_the_text_shown_has_a_link_only_where_a_school_would_send_one(wording):
    shown = show(wording, "first_day_am", languages=["en"])[0].shown[0]
    assert "https://" not in shown.text.body
    assert "https://" in shown.mail.body


def test_hostile_words_stay_words(wording):
    hostile = "<script>alert(1)</script>"
    made = wording.template("all_clear")
    names = [replace(given, sample=(hostile,)) if given.name == "pupils" else given for given in made.placeholders]
    spoilt = wording.only(replace(made, purpose=hostile, placeholders=tuple(names)))
    for page in (preview_page(spoilt, "all_clear", price=4.0), book(spoilt, price=4.0, made_on=DAY)):
        assert "<script" not in page
        assert page.count("&lt;script&gt;alert(1)") >= 3


def test_a_made_up_language_says_that_it_is_never_sent(wording):
    page = words_of(preview_page(wording.with_pseudo(), "all_clear", price=4.0, languages=["ar-XB"]))
    assert "Right-to-left English (made up) made up for looking, never sent" in page


def test_coverage_counts_what_is_complete_approved_and_missing(with_welsh_begun):
    rows = {row.language: row for row in coverage(with_welsh_begun)}
    families = [made for made in with_welsh_begun.templates() if not made.english_only and made.key != "answer_free"]
    assert rows["lt"].whole.complete == 0
    assert (rows["lt"].whole.missing, len(rows["lt"].missing)) == (len(families), len(families))
    assert rows["cy"].whole.messages == len(families)
    assert rows["cy"].families["first_day"].drafts == sum(1 for made in families if made.family == "first_day")
    assert sum(count.messages for count in rows["cy"].families.values()) == len(families)


def test_an_approval_moves_a_message_from_draft_to_approved(wording):
    approvals = frozenset({("cy", wording.approval_hash("all_clear", "cy"))})
    before, after = (coverage(wording, given, ["cy"])[0].whole for given in (frozenset(), approvals))
    assert (after.approved - before.approved, after.drafts - before.drafts, after.missing - before.missing) == (
        1,
        -1,
        0,
    )


def test_coverage_as_a_document_and_as_lines():
    told = json.loads(run(app, ["coverage", "--json"]).stdout)
    assert {"language", "complete", "approved", "drafts", "missing", "families", "missing_messages"} <= set(told[0])
    first, *lines = run(app, ["coverage"]).stdout.splitlines()
    assert first.split("\t")[:3] == ["language", "complete", "approved"]
    assert len(lines) == len(told)


def test_the_commands_write_their_pages(tmp_path):
    one, whole = tmp_path / "one.html", tmp_path / "whole.html"
    assert run(app, ["preview", "first_day_am", "--language", "ur", "--html", str(one)]).exit_code == 0
    assert 'lang="ur" dir="rtl"' in one.read_text("utf-8")
    assert run(app, ["book", str(whole)]).exit_code == 0
    assert "<h1>All messages in all languages</h1>" in whole.read_text("utf-8")
    refused = run(app, ["book", str(tmp_path / "no" / "folder.html")])
    assert (refused.exit_code, "cannot be written" in refused.stderr) == (2, True)


def test_the_library_page_has_a_line_for_every_message(wording):
    page = library_markdown(wording)
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == [
        made.key
        for family in ("first_day", "toolkit", "moments_matter", "illness", "staff")
        for made in wording.templates()
        if made.family == family
    ]


def test_the_pages_are_part_of_the_package():
    import notifier.wording.book as module

    assert {path.name for path in (Path(module.__file__).parent / "pages").iterdir()} >= {
        "book.html",
        "preview.html",
        "_parts.html",
        "style.css",
        "letter.typ",
    }
