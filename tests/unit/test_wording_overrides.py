"""A school's own wording: what may be written, which text counts, and that nothing stale or hostile ever goes out."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType

import pytest

from notifier.wording import Wording
from notifier.wording.overrides import OWN_NOT_APPROVED, OWN_REFUSED, OWN_STALE, State, owners_wording
from notifier.wording.own_checks import check_own
from notifier.wording.own_folder import FolderBusy, Saving, staged
from notifier.wording.own_text import digest, plain, tidy

STOCK = Wording.load()
KEY = "first_day"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
VALUES = {"school": "Oakfield Primary", "pupils": ("Aisha",), "date": date(2026, 11, 24), "phone": "01632 960123"}
OWN = (
    "{{ school }}: Good morning. {{ pupils }} {% if several %}are{% else %}is{% endif %} not in school today, {{ date }}. "
    "Please reply with the reason or call {{ phone }}."
)
POLISH = (
    "Szkoła {{ school }}: dzień dobry. {{ pupils }} - nieobecność dziś ({{ date }}). "
    "Prosimy odpisać, podając powód, lub zadzwonić: {{ phone }}."
)
MAIL = (
    "Subject: {{ school }}: not in school today, {{ date }}\n\n"
    "{{ pupils }} {% if several %}are{% else %}is{% endif %} not in school today. We do not know why.\n\n"
    "Please tell us the reason & call {{ phone }} if you are worried.\n"
)


def problems(text, channel="sms", language="en", english=OWN, key=KEY):
    template = STOCK.template(key)
    return check_own(STOCK.layout, template, channel=channel, language=language, text=tidy(text), english=tidy(english))


def keep(root, text, owner="oakfield", key=KEY, language="en", channel="sms", based_on=None, english=None):
    template = STOCK.template(key)
    saving = Saving(
        key, language, channel, tidy(text),
        based_on=based_on or digest(plain(template, channel)),
        english="" if language == "en" else (english or digest(plain(template, channel))),
        saved_by="Alice", saved_at=NOW,
    )  # fmt: skip
    with staged(root, owner) as change:
        change.put(saving)
        change.put_in_place()


def school(root, *owners, stock=STOCK):
    return owners_wording(stock, root, owners or ("oakfield",))


def render(wording, language="en", channel="sms", approvals=frozenset(), **more):
    return wording.render(
        KEY, channel=channel, language=language, values={**VALUES, **more}, approvals=frozenset(approvals)
    )


def approval(wording, language="pl", channel="sms", owner="oakfield"):
    return language, wording.approval_hash(wording.own(owner, KEY, language, channel))


@pytest.mark.parametrize("key", [template.key for template in STOCK.templates() if not template.english_only])
def test_every_shipped_message_may_be_saved_as_it_is(key):
    template = STOCK.template(key)
    for channel in {"sms", "email"} & set(template.channels):
        assert problems(plain(template, channel), channel=channel, key=key) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(OWN.replace("{{ phone }}", "us"), "lacks {{ phone }}", id="no telephone number"),
        pytest.param(OWN.replace("{{ pupils }}", "Your child"), "lacks {{ pupils }}", id="no name"),
        pytest.param(
            OWN.replace("{{ date }}", "{% if several %}{{ date }}{% endif %}"), "lacks {{ date }} (one child)", id="a way without the date"
        ),
        pytest.param(OWN + " {{ family_name }}", "no value 'family_name'", id="an unknown value"),
        pytest.param(OWN + " {{ reply_link }}", "may be missing", id="a value that may be missing"),
        pytest.param(OWN + " You may be fined.", "fines", id="a fine"),
        pytest.param(OWN + " Code N.", "code", id="a code"),
        pytest.param(OWN + " This is unacceptable.", "tone", id="a tone that blames"),
        pytest.param(OWN + " ✓", "outside the GSM alphabet: ✓", id="a letter that costs"),
        pytest.param(OWN + " Please tell us more about it today." * 6, "parts", id="too long"),
        pytest.param(OWN + " Reply YES.", "opt-out", id="an answer word"),
        pytest.param("", "no words", id="nothing"),
        pytest.param(OWN + " {% if several %}", "not closed", id="an open choice"),
        pytest.param(OWN + " {% endif %}", "without its", id="a stray end"),
        pytest.param(OWN + "{% if several %}a{% else %}b{% else %}c{% endif %}", "follows an {% else %}", id="two elses"),
        pytest.param(OWN + "{% if phone %}a{% endif %}", "asks for 'phone'", id="a choice by another value"),
        pytest.param(OWN.replace(". Please", ".\n\nPlease"), "no empty lines", id="an empty line"),
    ],
)  # fmt: skip
def test_a_bad_text_is_told_with_line_and_remedy(text, said):
    found = problems(text)
    assert any(said.casefold() in problem.what.casefold() for problem in found), found
    assert all(problem.where and problem.remedy and "%(" not in problem.what for problem in found)


HOSTILE = [
    "{{ school.__class__ }}", "{{ ''.__class__.__mro__ }}", "{{ 'a' * 10**9 }}", "{{ pupils|attr('x') }}", "{{ school }}{{",
    "{% for x in pupils %}{{ x }}{% endfor %}", "{% set x = 1 %}", "{% include 'x' %}", "{% import 'x' as y %}",
    "{% macro m() %}{% endmacro %}", "{% raw %}{{ x }}{% endraw %}", "{# hidden #}", "{{ lipsum() }}", "{{ cycler }}",
    "{% trans %}hello{% endtrans %}", "{% if several is defined %}x{% endif %}", "{%- if several -%}x{%- endif -%}",
    "{% call x() %}{% endcall %}", "{{ school }}\u202e", "\x1b[31m", "\x00", "{% if several %}" * 5 + "{% endif %}" * 5,
    "{% if several %}x{% endif %}" * 20, "%(school)s", "{school.__class__}", "<b>x</b>", "https://evil.example/x", "\u200b",
    "{{ school }} " * 2000, "{% extends '_shared/email.html' %}", "{% autoescape false %}x{% endautoescape %}",
]  # fmt: skip


@pytest.mark.parametrize("attack", HOSTILE)
def test_a_hostile_text_is_refused_on_saving_and_never_goes_out_when_put_there_by_hand(attack, tmp_path):
    text = OWN + attack
    began = time.monotonic()
    assert problems(text) != []
    keep(tmp_path, text)
    made = render(school(tmp_path))
    assert time.monotonic() - began < 2
    assert made.fallback == OWN_REFUSED
    assert replace(made, fallback=None) == STOCK.render(KEY, channel="sms", language="en", values=VALUES)


@pytest.mark.parametrize("attack", ["<script>x", "<img src=x onerror=y", "&lt;", "javascript:x", "\nSubject: two"])
def test_markup_in_an_email_is_text_or_refused(attack, tmp_path):
    keep(tmp_path, MAIL.replace("worried", f"worried {attack}"), channel="email")
    made = render(school(tmp_path), channel="email")
    assert attack.strip() not in (made.html or "") or "Subject" in attack
    assert "\n" not in (made.subject or "")


def test_own_words_go_out_in_both_channels_with_another_version(tmp_path):
    keep(tmp_path, OWN)
    keep(tmp_path, MAIL, channel="email")
    text, mail = render(school(tmp_path)), render(school(tmp_path), channel="email", pupils=("Aisha", "Zoë"))
    assert text.body == (
        "Oakfield Primary: Good morning. Aisha is not in school today, Tue 24 Nov. Please reply with the reason or call 01632960123."
    )
    assert (text.fallback, text.language, text.encoding) == (None, "en", "GSM-7")
    assert text.version != STOCK.render(KEY, channel="sms", language="en", values=VALUES).version
    assert mail.subject == "Oakfield Primary: not in school today, Tue 24 Nov 2026"
    assert "Aisha, Zoë are not in school" in mail.body and "reason & call" in mail.body
    assert "reason &amp; call" in mail.html and "<bdi>Zoë</bdi> are not in school" in mail.html


def test_the_schools_own_comes_before_its_trusts_and_other_schools_see_neither(tmp_path):
    keep(tmp_path, OWN.replace("Good morning", "Hello"), owner="riverside-trust")
    assert "Hello" in render(school(tmp_path, "oakfield", "riverside-trust")).body
    keep(tmp_path, OWN)
    assert "Good morning" in render(school(tmp_path, "oakfield", "riverside-trust")).body
    assert "Hello" in render(school(tmp_path, "birch", "riverside-trust")).body
    assert render(school(tmp_path, "birch")) == STOCK.render(KEY, channel="sms", language="en", values=VALUES)


def test_a_sound_text_of_the_trust_goes_out_where_the_schools_own_is_refused(tmp_path):
    keep(tmp_path, OWN.replace("Good morning", "Hello"), owner="riverside-trust")
    keep(tmp_path, OWN + " You may be fined.")
    made = render(school(tmp_path, "oakfield", "riverside-trust"))
    assert "Hello" in made.body


def test_an_own_translation_goes_out_once_approved_and_before_that_the_shipped_one(tmp_path):
    keep(tmp_path, POLISH, language="pl")
    wording = school(tmp_path)
    shipped = ("pl", STOCK.approval_hash(KEY, "pl"))
    assert render(wording, "pl").fallback == "not_approved" and render(wording, "pl").language == "en"
    waiting = render(wording, "pl", approvals=[shipped])
    assert (waiting.language, waiting.fallback) == ("pl", OWN_NOT_APPROVED) and "dzień dobry" not in waiting.body
    out = render(wording, "pl-PL", approvals=[shipped, approval(wording)])
    assert (out.language, out.wanted_language, out.fallback) == ("pl", "pl-PL", None)
    assert "dzień dobry. Aisha - nieobecność dziś (wt. 24 lis)" in out.body


def test_changed_english_lets_the_shipped_translation_out_and_never_a_stale_own_one(tmp_path):
    keep(tmp_path, POLISH, language="pl")
    approvals = [("pl", STOCK.approval_hash(KEY, "pl")), approval(school(tmp_path))]
    assert "dzień dobry" in render(school(tmp_path), "pl", approvals=approvals).body
    keep(tmp_path, OWN)
    wording = school(tmp_path)
    out = render(wording, "pl", approvals=approvals)
    assert (out.language, out.fallback) == ("pl", OWN_STALE) and "dzień dobry" not in out.body
    assert wording.standing(wording.own("oakfield", KEY, "pl", "sms"), frozenset(approvals)).state is State.STALE
    assert "Good morning" in render(wording, "ur", approvals=approvals).body
    keep(tmp_path, POLISH, language="pl", english=digest(OWN))
    assert render(school(tmp_path), "pl", approvals=approvals).fallback == OWN_NOT_APPROVED, (
        "the approval was of other English"
    )


def test_a_changed_shipped_message_takes_the_own_words_back(tmp_path):
    keep(tmp_path, OWN)
    template = STOCK.template(KEY)
    changed = {
        **template.sources,
        "sms.txt": template.sources["sms.txt"].replace("We do not know why.", "We do not know the reason."),
    }
    newer = replace(template, sources=MappingProxyType(changed), digest="other")
    made = render(school(tmp_path, stock=Wording({KEY: newer}, {}, STOCK.layout)))
    assert made.fallback == OWN_STALE and "We do not know the reason." in made.body


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda folder: (folder / "sms.txt").write_text(OWN + " Bye.\n"), id="changed by hand"),
        pytest.param(lambda folder: (folder / "sms.txt").write_bytes(b"\xff\xfe"), id="not UTF-8"),
        pytest.param(lambda folder: (folder / "sms.txt").write_text("x" * 70_000), id="far too large"),
        pytest.param(lambda folder: (folder / "wording.toml").unlink(), id="without its record"),
        pytest.param(lambda folder: (folder / "wording.toml").write_text("sms = 5"), id="a record of the wrong shape"),
        pytest.param(lambda folder: (folder / "wording.toml").write_text("["), id="a record that is not TOML"),
        pytest.param(lambda folder: (folder / "wording.toml").write_text("a=" + "[" * 5000), id="a record that nests"),
        pytest.param(lambda folder: folder.rename(folder.parent / "xx-nonsense-"), id="no such language"),
        pytest.param(lambda folder: folder.parent.rename(folder.parents[1] / "gone"), id="no such message"),
    ],
)
def test_spoilt_files_never_stop_a_message(spoil, tmp_path):
    keep(tmp_path, OWN)
    assert "Good morning" in render(school(tmp_path)).body
    spoil(tmp_path / "oakfield" / KEY / "en")
    wording = school(tmp_path)
    made = render(wording)
    assert made.body == STOCK.render(KEY, channel="sms", language="en", values=VALUES).body
    for words in wording.words():
        standing = wording.standing(words)
        assert standing.state is not State.IN_USE and standing.why and standing.remedy


def test_a_change_counts_at_once_and_looking_is_cheap(tmp_path):
    keep(tmp_path, OWN)
    assert school(tmp_path) is school(tmp_path)
    render(school(tmp_path))
    began = time.perf_counter()
    for _ in range(100):
        school(tmp_path)
    assert time.perf_counter() - began < 0.5
    keep(tmp_path, OWN.replace("Good morning", "Good day"))
    assert "Good day" in render(school(tmp_path)).body
    shutil.rmtree(tmp_path / "oakfield")
    assert render(school(tmp_path)).fallback is None


def test_a_folded_own_text_keeps_the_accents_of_names(tmp_path):
    keep(tmp_path, POLISH, language="pl")
    wording = school(tmp_path)
    made = wording.render(
        KEY, channel="sms", language="pl", values={**VALUES, "pupils": ("Łucja",)}, approvals=frozenset([approval(wording)]), fold=True
    )  # fmt: skip
    assert "dzien dobry. Łucja - nieobecnosc" in made.body


def test_an_interrupted_or_failing_change_leaves_the_words_as_they_were(tmp_path):
    keep(tmp_path, OWN)
    before = (tmp_path / "oakfield" / KEY / "en" / "sms.txt").read_text()

    def fail():
        with staged(tmp_path, "oakfield") as change:
            change.remove(KEY, "en", "sms")
            change.put_in_place()
            raise RuntimeError("the database is gone")

    with pytest.raises(RuntimeError):
        fail()
    assert (tmp_path / "oakfield" / KEY / "en" / "sms.txt").read_text() == before
    assert [path.name for path in tmp_path.iterdir()] == ["oakfield"]
    (tmp_path / "oakfield").rename(tmp_path / ".before-oakfield")
    keep(tmp_path, MAIL, channel="email")
    assert (tmp_path / "oakfield" / KEY / "en" / "sms.txt").read_text() == before
    (tmp_path / ".staging-oakfield").mkdir()
    with pytest.raises(FolderBusy, match="Somebody else"):
        keep(tmp_path, OWN)


@pytest.mark.parametrize(
    ("owner", "key", "language"), [("../x", KEY, "en"), ("oakfield", "../../x", "en"), ("oakfield", KEY, "../..")]
)
def test_no_name_leads_out_of_the_folder(owner, key, language, tmp_path):
    def put():
        with staged(tmp_path / "wording", owner) as change:
            change.put(Saving(key, language, "sms", "x\n", "", "", "Mallory", NOW))

    with pytest.raises(ValueError, match="name of a folder"):
        put()
    assert not Path(tmp_path / "x").exists()
