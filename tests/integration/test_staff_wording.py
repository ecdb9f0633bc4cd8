"""The wording pages: reading every message, changing one under the checks, two people on a translation, two people at once, packs."""

from __future__ import annotations

import re
import shutil
from html import unescape
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KEY = "first_day_am"
OWN = (
    "{{ school }}: Good morning. {{ pupils }} {% if several %}are{% else %}is{% endif %} not in school this morning, {{ date }}. "
    "Please reply with the reason or call {{ phone }}."
)
POLISH = "Szkoła {{ school }}: dzień dobry. {{ pupils }} - nieobecność dziś rano ({{ date }}). Prosimy odpisać lub zadzwonić: {{ phone }}."


@pytest.fixture
def oakfield(make_morning, person, tmp_path):
    """Oakfield of the Riverside trust, with a configuration folder of its own."""
    shutil.copytree(REPOSITORY / "config", tmp_path / "config", ignore=shutil.ignore_patterns("wording"))
    morning = make_morning(NOTIFIER_CONFIG_DIR=str(tmp_path / "config"))
    morning.add_school('trust = "riverside-trust"')
    morning.people(person("P1", "C1"), person("P2", "C2", language="pl"))
    return morning


def fields(page):
    """What the edit form holds, as a browser would send it."""
    areas = re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>(.*?)</textarea>', page.text, re.DOTALL)
    hidden = re.findall(r'<input type="hidden" name="(seen|owner)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in [*areas, *hidden]}


def hidden(page):
    return unescape(re.search(r'name="csrf" value="([^"]*)"', page.text)[1])


def write(browser, text, language="en", do="save", path="", **more):
    page = browser.get(f"/wording/{KEY}/{language}{path}")
    assert page.status_code == 200
    return browser.send(f"/wording/{KEY}/{language}", {**fields(page), "sms": text, "do": do, **more}, page=page)


def texts(morning):
    morning.marks({"P1": "N", "P2": "N"})
    morning.run()
    return {row["carer_id"]: row["body"] for row in morning.log() if row["channel"] == "sms"}


def test_every_message_is_listed_by_family_and_by_situation(oakfield, sign_in):
    browser = sign_in(oakfield, "viewer")
    families, situations = browser.get("/wording"), browser.get("/wording?by=situation")
    for template in oakfield.app.wording.templates():
        assert f'href="/wording/{template.key}"' in families.text
        assert template.family == "staff" or f'href="/wording/{template.key}"' in situations.text, template.key
    assert "How far each language is" in families.text and "Polish (polski)" in families.text
    assert browser.get(f"/wording/{KEY}/en").status_code == 403


def test_every_message_can_be_looked_at(oakfield, sign_in):
    browser = sign_in(oakfield, "viewer")
    for template in oakfield.app.wording.templates():
        page = browser.get(f"/wording/{template.key}?values=1")
        assert page.status_code == 200 and "style=" not in page.text, template.key
    page = browser.get(f"/wording/{KEY}")
    assert 'lang="ur" dir="rtl"' in page.text and "Oakfield Primary" in page.text
    assert "Approve this translation" not in page.text, "a viewer approves nothing"
    assert browser.get("/wording/nothing_such").status_code == 404


def test_a_check_tells_what_is_wrong_and_what_it_costs_and_saves_nothing(oakfield, sign_in):
    browser = sign_in(oakfield, "attendance_officer")
    page = write(browser, "Come in or be fined, {{ pupils }}!", do="check")
    assert (
        page.status_code == 200 and "It cannot be saved like this" in page.text and "Come in or be fined" in page.text
    )
    page = browser.get(f"/wording/{KEY}/en")
    live = browser.send(f"/wording/{KEY}/en/check", {**fields(page), "sms": OWN}, page=page)
    assert "The checks found nothing" in live.text and "4p a text" in live.text and "<ins>" in live.text
    assert "<html" not in live.text
    assert "Good morning" not in texts(oakfield)["C1"]


def test_saved_words_are_in_the_next_text(oakfield, sign_in):
    done = write(sign_in(oakfield, "attendance_officer"), OWN, note="friendlier")
    assert done.status_code == 303 and done.headers["location"].startswith(f"/wording/{KEY}?done=saved")
    assert "Good morning" in texts(oakfield)["C1"]


def test_words_with_a_fault_are_kept_in_the_form_and_not_saved(oakfield, sign_in):
    page = write(sign_in(oakfield, "attendance_officer"), "Hello {{ pupils }}")
    assert page.status_code == 422
    assert "Hello {{ pupils }}" in unescape(page.text) and 'id="sms-error"' in page.text and 'href="#sms"' in page.text
    same = sign_in(oakfield, "administrator")
    shipped = fields(same.get(f"/wording/{KEY}/en"))["sms"]
    assert "go out already" in write(same, shipped).text


def test_the_second_of_two_people_sees_what_the_first_wrote(oakfield, sign_in):
    alice, bashir = sign_in(oakfield, "attendance_officer"), sign_in(oakfield, "administrator")
    before = bashir.get(f"/wording/{KEY}/en")
    write(alice, OWN)
    late = bashir.send(
        f"/wording/{KEY}/en", {**fields(before), "sms": OWN.replace("Good morning", "Hello"), "do": "save"}, page=before
    )
    assert late.status_code == 409
    assert "attendance_officer@oakfield.example" in late.text and "<del>" in late.text and "Hello" in late.text
    again = bashir.send(f"/wording/{KEY}/en", {**fields(late), "do": "save"}, page=late)
    assert again.status_code == 303 and "Hello" in texts(oakfield)["C1"]


def test_a_translation_goes_out_when_a_second_person_has_approved_it(oakfield, sign_in):
    bashir = sign_in(oakfield, "administrator", email="bashir@oakfield.example")
    assert write(bashir, POLISH, language="pl").status_code == 303
    refused = bashir.send(f"/wording/{KEY}/pl/approve", {"role": "DSL"})
    assert refused.status_code == 422 and "a second person must approve it" in refused.text
    nobody = sign_in(oakfield, "administrator")
    assert "Say how you know the language" in nobody.send(f"/wording/{KEY}/pl/approve", {"role": " "}).text
    assert nobody.send(f"/wording/{KEY}/pl/approve", {"role": "head, reads Polish"}).status_code == 303
    assert "administrator@oakfield.example, head, reads Polish" in nobody.get(f"/wording/{KEY}").text
    assert "dzień dobry" in texts(oakfield)["C2"]


def test_a_shipped_draft_is_approved_for_the_school(oakfield, sign_in):
    browser = sign_in(oakfield, "administrator")
    assert browser.send(f"/wording/{KEY}/ur/approve", {"role": "EAL lead"}).status_code == 303
    assert "EAL lead" in browser.get(f"/wording/{KEY}").text


def test_own_words_can_be_removed_and_outdated_ones_are_named(oakfield, sign_in):
    browser = sign_in(oakfield, "attendance_officer")
    write(browser, OWN)
    file = next((Path(oakfield.app.config_dir) / "wording" / "oakfield").rglob("sms.txt"))
    file.write_text(file.read_text() + "changed by hand")
    assert "Own wording that does not go out" in browser.get("/wording").text
    assert write(browser, OWN, do="remove").status_code == 303
    assert "Own wording that does not go out" not in browser.get("/wording").text


def test_only_somebody_over_the_trust_changes_the_trusts_words(oakfield, sign_in):
    assert sign_in(oakfield, "administrator").get(f"/wording/{KEY}/en?owner=trust").status_code == 403
    carys = sign_in(oakfield, "trust_administrator", trust="riverside-trust")
    assert write(carys, OWN, path="?owner=trust").status_code == 303
    assert (Path(oakfield.app.config_dir) / "wording" / "riverside-trust" / KEY).is_dir()
    assert "Good morning" in texts(oakfield)["C1"]


def test_a_pack_is_looked_through_before_it_is_taken_in(oakfield, sign_in, make_morning):
    alice = sign_in(oakfield, "administrator")
    write(alice, OWN)
    empty = alice.send("/wording/packs/download", {"version": "1.0"})
    assert empty.status_code == 422 and "Say how others may use it" in empty.text
    pack = alice.send("/wording/packs/download", {"licence": "CC BY 4.0", "version": "1.0", "made_by": "Oakfield"})
    assert pack.headers["content-disposition"] == 'attachment; filename="oakfield-1.0.pack.toml"'
    hillside = make_morning("hillside", NOTIFIER_CONFIG_DIR=str(oakfield.app.config_dir))
    hillside.add_school()
    browser = sign_in(hillside, "administrator", school="hillside")
    page = browser.get("/wording/packs")
    look = browser.request(
        "POST", "/wording/packs/look", data={"csrf": hidden(page)}, files={"file": ("x.pack.toml", pack.content)},
        headers={"Origin": browser.base, "Sec-Fetch-Site": "same-origin"},
    )  # fmt: skip
    assert look.status_code == 200 and "1 item would change" in look.text and "<ins>" in look.text
    inside = unescape(re.search(r'name="pack" value="([^"]*)"', look.text)[1])
    spoilt = browser.send("/wording/packs/take-in", {"pack": inside.replace("Good morning", "Good evening")}, page=look)
    assert spoilt.status_code == 422 and "cannot be used" in spoilt.text
    done = browser.send("/wording/packs/take-in", {"pack": inside}, page=look)
    assert done.status_code == 200 and "Taken in." in done.text
    assert (Path(oakfield.app.config_dir) / "wording" / "hillside" / KEY).is_dir()
