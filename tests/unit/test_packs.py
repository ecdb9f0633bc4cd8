"""Packs as files: what is written is read back whole, one changed character is noticed, and nothing hostile is taken."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from notifier.wording import Wording
from notifier.wording.own_text import digest, plain
from notifier.wording.packs import LARGEST_PACK, PackFault, check_pack, packed, read_pack, written

STOCK = Wording.load()
CONFIG = Path(__file__).resolve().parents[2] / "config"
POLICY = (CONFIG / "policies" / "first_day_absence.toml").read_text("utf-8")
TEXT = (
    "{{ school }}: Good morning. {{ pupils }} {% if several %}are{% else %}is{% endif %} not in school today, {{ date }}. "
    "Please reply with the reason or call {{ phone }}.\n"
)
POLISH = "Szkoła {{ school }}: dzień dobry. {{ pupils }} - nieobecność dziś ({{ date }}). Prosimy odpisać lub zadzwonić: {{ phone }}.\n"
MANIFEST = {
    "format": 1, "name": "Good mornings", "version": "1.0", "licence": "CC BY 4.0", "made_by": "Riverside hub",
    "made_at": datetime(2026, 11, 22, 9, tzinfo=UTC), "notes": "",
}  # fmt: skip


def tables(**changed):
    based = digest(plain(STOCK.template("first_day"), "sms"))
    item = {"template": "first_day", "channel": "sms", "based_on": based}
    made = {
        "message": [{**item, "language": "en", "text": TEXT}],
        "translation": [{**item, "language": "pl", "english": digest(TEXT), "text": POLISH}],
        "approval": [
            {
                "template": "first_day",
                "language": "pl",
                "hash": "ab" * 32,
                "reviewer": "Ewa Nowak, EAL lead",
                "at": MANIFEST["made_at"],
            }
        ],
        "policy": [{"key": "first_day_absence", "text": POLICY}],
    }
    return made | changed


def made(manifest=MANIFEST, **changed):
    return written(packed(manifest, tables(**changed)))


def read(text):
    return read_pack(text.encode(), source="x.pack.toml")


def test_a_pack_is_read_back_as_it_was_written_and_all_of_it_can_be_used():
    pack = packed(MANIFEST, tables())
    assert read(written(pack)) == pack
    assert check_pack(pack, STOCK, CONFIG) == []
    assert "Good morning. {{ pupils }}" in written(pack), "people can read it"


@pytest.mark.parametrize("text", ['a"""b\n', "a\\b\n", "\nbegins with a line end\n", "'''\n", "ł\t\n", 'ends with "'])
def test_any_text_survives_the_file(text):
    pack = packed(MANIFEST, {"policy": [{"key": "x", "text": text}]})
    assert read(written(pack)).policy[0].text == text


def test_every_changed_character_is_noticed_and_its_item_named():
    text = made()
    places = {
        "morning. {{": "message first_day en sms", "dzień": "translation first_day pl sms", "Ewa": "approval first_day pl",
        "unconfirmed_wait": "policy first_day_absence", "CC BY": "[pack]",
    }  # fmt: skip
    for words, item in places.items():
        with pytest.raises(PackFault, match=re.escape(item)):
            read(text.replace(words, words[:-1] + "X", 1))
    quoted = [at.start(1) for at in re.finditer(r'= "(.)', text)]
    for at in quoted:
        changed = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]
        with pytest.raises(PackFault):
            read(changed)


def test_an_item_left_out_or_put_in_twice_is_noticed():
    text = made()
    start = text.index("[[approval]]")
    with pytest.raises(PackFault, match="left out"):
        read(text[:start] + text[text.index("[[policy]]") :])
    with pytest.raises(PackFault, match="twice"):
        read(made(policy=tables()["policy"] * 2))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param('template = "first_day"', 'template = "../../etc"', "message's key", id="a path for a message"),
        pytest.param('language = "pl"', 'language = "../pl"', "language tag", id="a path for a language"),
        pytest.param('key = "first_day_absence"', 'key = "../x"', "policy's key", id="a path for a policy"),
        pytest.param('channel = "sms"', 'channel = "page"', '"sms" or "email"', id="another channel"),
        pytest.param('licence = "CC BY 4.0"', 'licence = " "', "licence", id="no licence"),
        pytest.param('licence = "CC BY 4.0"\n', "", "licence: is missing", id="licence left out"),
        pytest.param('licence = "CC BY 4.0"', "licence = 4", "licence", id="a number for the licence"),
        pytest.param("format = 1", "format = 2", "no other", id="another format"),
        pytest.param("format = 1", "format = true", "format", id="a truth for the format"),
        pytest.param("made_at = 2026-11-22T09:00:00Z", 'made_at = "now"', "moment", id="words for a moment"),
        pytest.param(
            "made_at = 2026-11-22T09:00:00Z", "made_at = 2026-11-22T09:00:00", "made_at", id="a moment without a zone"
        ),
        pytest.param("[[policy]]", "[policy]", "policy", id="a table for a list"),
        pytest.param("[[policy]]", "[[polisy]]", "not known", id="an unknown table"),
        pytest.param("[pack]", "[pack]\nsecret = 1", "not known", id="an unknown key"),
        pytest.param('name = "Good mornings"', 'name = "\\u001b[31mred"', "invisible", id="a terminal command"),
        pytest.param('name = "Good mornings"', f'name = "{"x" * 201}"', "name", id="a huge name"),
        pytest.param('text = """Szko', f'text = """{"x" * 7000}Szko', "6000", id="a huge text"),
        pytest.param("[pack]", "x = " + "[" * 9000, "x.pack.toml", id="deep nesting"),
        pytest.param("[pack]", "[pack", "not valid TOML", id="no TOML"),
    ],
)
def test_what_is_no_pack_is_refused_with_its_place(old, new, said):
    text = made()
    assert old in text
    with pytest.raises(PackFault, match=re.escape(said)):
        read(text.replace(old, new))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param(b"#" * (LARGEST_PACK + 1), "at most", id="too large"),
        pytest.param(b"\xff\xfe", "UTF-8", id="not UTF-8"),
        pytest.param(b"", "pack", id="empty"),
        pytest.param(b"message = [" + b"{}," * 2001 + b"]", "items", id="too many items"),
    ],
)
def test_other_files_are_refused(data, said):
    with pytest.raises(PackFault, match=said):
        read_pack(data, source="x.pack.toml")


def findings(**changed):
    return check_pack(packed(MANIFEST, tables(**changed)), STOCK, CONFIG)


def message(**changed):
    return [{**tables()["message"][0], **changed}]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"message": message(template="no_such")}, "no message 'no_such'", id="an unknown message"),
        pytest.param({"message": message(template="staff_call_list")}, "no own wording", id="a message to staff"),
        pytest.param({"message": message(text=TEXT + "You may be fined.\n")}, "fines", id="a fine"),
        pytest.param({"message": message(text=TEXT + "{{ school.__class__ }}\n")}, "not allowed", id="a hostile text"),
        pytest.param({"message": message(based_on="0" * 16)}, "another version", id="another shipped English"),
        pytest.param({"message": []}, "neither in the pack nor shipped", id="a translation without its English"),
        pytest.param({"policy": [{"key": "x", "text": "[policy]\n"}]}, "is missing", id="half a policy"),
        pytest.param({"policy": [{"key": "first_day_absence", "text": POLICY.replace('"second_text"', '"gone"')}]}, "message 'gone'", id="a policy with an unknown message"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_here_is_named(changed, said):
    found = findings(**changed)
    assert any(said in finding.what for finding in found), found
    assert all(finding.place and finding.remedy for finding in found)
