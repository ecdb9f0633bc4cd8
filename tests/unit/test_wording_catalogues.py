"""Catalogues in step with the templates, and what a change of English does to a review."""

from __future__ import annotations

import io
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from notifier.wording import CatalogueFault
from notifier.wording.catalogues import (
    CATALOGUE,
    POT,
    english_hash,
    read_catalogue,
    rendered,
    sentences,
    write_catalogues,
)
from notifier.wording.checks import COMPLETE
from notifier.wording.templates import read_templates

ROOT = Path(__file__).resolve().parents[2]
MESSAGES, LOCALE = ROOT / "templates" / "messages", ROOT / "locale"
WHEN = datetime(2027, 1, 2, 3, 4, tzinfo=UTC)
COMPLETE_FAMILIES = {"first_day", "illness"}


@pytest.fixture
def folders(tmp_path):
    """Copies of the shipped templates and catalogues that may be changed."""
    shutil.copytree(MESSAGES, tmp_path / "messages")
    shutil.copytree(LOCALE, tmp_path / "locale")
    return tmp_path / "messages", tmp_path / "locale"


def update(messages, locale, **more):
    return write_catalogues(read_templates(messages).values(), locale, created=WHEN, **more)


def test_the_shipped_catalogues_are_in_step_with_the_templates(folders):
    assert update(*folders) == [], "run notifier.wording.catalogues.write_catalogues and commit what it writes"


TEMPLATES = read_templates(MESSAGES)
TEXTS = {(text.context, text.english): text.template for text in sentences(TEMPLATES.values())}


@pytest.mark.parametrize("language", sorted(COMPLETE))
def test_every_shipped_entry_is_translated_current_and_honestly_a_draft(language):
    entries = read_catalogue(LOCALE / language / CATALOGUE, language).entries
    assert set(entries) == set(TEXTS)
    for place, entry in entries.items():
        assert entry.current or TEMPLATES[TEXTS[place]].family not in COMPLETE_FAMILIES, entry
        assert entry.status == "needs native review"
        assert not entry.approved


def test_translators_are_told_purpose_and_placeholders():
    with (LOCALE / POT).open("rb") as file:
        for message in read_po(file):
            if message.id:
                told = " ".join(message.auto_comments)
                assert "purpose: " in told
                assert "placeholders, to be kept" in told
                assert message.context.partition("|")[0] in {"sms", "email", "email.subject", "page"}


def test_a_changed_sentence_keeps_its_old_translation_only_as_a_draft(folders):
    messages, locale = folders
    path = locale / "pl" / CATALOGUE
    path.write_text(path.read_text("utf-8").replace("needs native review", "approved"), "utf-8")
    source = messages / "reply_call" / "sms.txt"
    source.write_text(source.read_text("utf-8").replace("as soon as we can", "very soon"), "utf-8")
    assert path in update(messages, locale)
    entries = read_catalogue(path, "pl").entries.values()
    (changed,) = [entry for entry in entries if entry.context == "sms|reply_call"]
    assert "very soon" in changed.english
    assert changed.translation.startswith("%(school)s: Dziękujemy. Zadzwonimy")
    assert (changed.current, changed.approved, changed.fuzzy, changed.status) == (
        False,
        False,
        True,
        "needs native review",
    )
    assert changed.english_hash != english_hash(changed.context, changed.english)
    assert all(entry.approved for entry in entries if entry is not changed and entry.translation)


def test_a_review_survives_an_update(folders):
    messages, locale = folders
    path = locale / "ur" / CATALOGUE
    path.write_text(
        path.read_text("utf-8").replace(
            "#. status: needs native review",
            "#. status: approved\n#. reviewer: A. Reader, interpreter\n#. reviewed: 2026-12-01",
        ),
        "utf-8",
    )
    (messages / "first_day" / "message.toml").write_text(
        (messages / "first_day" / "message.toml").read_text("utf-8").replace("First message", "The first message"),
        "utf-8",
    )
    assert path in update(messages, locale)
    text = path.read_text("utf-8")
    assert (
        text.count("#. reviewer: A. Reader, interpreter")
        == text.count("#. status: approved")
        == text.count("#. reviewed:")
    )
    assert "The first message" in text


def test_a_sentence_that_is_gone_leaves_the_catalogue(folders):
    messages, locale = folders
    shutil.rmtree(messages / "wrong_number")
    update(messages, locale)
    assert "wrong_number" not in (locale / "cy" / CATALOGUE).read_text("utf-8")


def test_a_new_language_begins_with_empty_drafts(folders):
    messages, locale = folders
    assert update(messages, locale, languages=["zh-Hant"]) == [locale / "zh_Hant" / CATALOGUE]
    entries = read_catalogue(locale / "zh_Hant" / CATALOGUE, "zh-Hant").entries.values()
    assert entries
    assert not any(entry.current or entry.approved for entry in entries)


def test_an_update_twice_writes_nothing_the_second_time(folders):
    messages, locale = folders
    source = messages / "reply_who" / "email.txt"
    source.write_text(source.read_text("utf-8").replace("This is a message", "This message is"), "utf-8")
    assert update(messages, locale)
    assert update(messages, locale) == []


@pytest.mark.parametrize("spoilt", ['msgstr "b', 'msgstr b"', "msgstr", "what is this", 'msgtsr "b"'])
def test_a_spoilt_catalogue_is_refused_by_file_and_line(tmp_path, spoilt):
    path = tmp_path / "messages.po"
    path.write_text(f'msgid "a"\n{spoilt}\n', "utf-8")
    with pytest.raises(CatalogueFault, match=r"messages\.po: line 2"):
        read_catalogue(path, "pl")


def test_a_catalogue_that_is_not_utf_8_is_refused(tmp_path):
    path = tmp_path / "messages.po"
    path.write_bytes('msgid "a"\nmsgstr "ł"\n'.encode("iso-8859-2"))
    with pytest.raises(CatalogueFault, match="UTF-8"):
        read_catalogue(path, "pl")


def test_what_is_written_can_be_read_again():
    with (LOCALE / "ur" / CATALOGUE).open("rb") as file:
        catalogue = read_po(file)
    again = read_po(io.BytesIO(rendered(catalogue).encode()))
    assert [(message.context, message.id, message.string) for message in again] == [
        (message.context, message.id, message.string) for message in catalogue
    ]
