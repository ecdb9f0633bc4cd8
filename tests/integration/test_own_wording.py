"""Own wording and packs from the first save to the next text that carries the words, with who did what on record."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from notifier.cli import app as program
from notifier.services import packing, packs, schools, wording
from notifier.store import records
from notifier.store.tables import approvals, audit
from notifier.wording.packs import read_pack, written

REPOSITORY = Path(__file__).resolve().parents[2]
OWN = (
    "{{ school }}: Good morning. {{ pupils }} {% if several %}are{% else %}is{% endif %} not in school this morning, {{ date }}. "
    "Please reply with the reason or call {{ phone }}."
)
POLISH = "Szkoła {{ school }}: dzień dobry. {{ pupils }} - nieobecność dziś rano ({{ date }}). Prosimy odpisać lub zadzwonić: {{ phone }}."
KEY = "first_day_am"
ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what makes no difference between the two databases."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration folder of its own."""
    shutil.copytree(REPOSITORY / "config", tmp_path / "config", ignore=shutil.ignore_patterns("wording"))
    return tmp_path / "config"


@pytest.fixture
def place(make_morning: Callable[..., Any], folder: Path, person: Callable[..., Any]) -> Callable[..., Any]:
    """Schools with a Polish and an English family each, and nobody there this Monday."""

    def make(key: str = "oakfield", more: str = 'trust = "riverside-trust"') -> Any:
        morning = make_morning(key, NOTIFIER_CONFIG_DIR=str(folder))
        morning.add_school(more)
        morning.people(person("P1", "C1"), person("P2", "C2", language="pl"), at="08:10")
        return morning

    return make


def texts(morning: Any) -> dict[str, dict[str, Any]]:
    """This morning's texts by carer, after a run."""
    morning.marks({"P1": "N", "P2": "N"})
    morning.run()
    return {message["carer_id"]: message for message in morning.log() if message["channel"] == "sms"}


def save(morning: Any, text: str = OWN, **more: Any) -> wording.Saved:
    told = {"language": "en", "by": "Alice", "now": morning.at("08:20"), **more}
    return wording.save(morning.app, morning.key, told.pop("template", KEY), {"sms": text}, **told)


def acts(morning: Any, key: str | None = None) -> list[tuple[str, str]]:
    with morning.app.database.read() as connection:
        found = connection.execute(
            select(audit).where(audit.c.school_id == (key or morning.key)).order_by(audit.c.number)
        )
        assert records.broken_link(connection, key or morning.key) is None
        return [(row.actor, row.act) for row in found if row.act.startswith(("wording", "pack"))]


@ON_SQLITE
def test_saved_words_are_in_the_next_text_and_on_record(place):
    oakfield = place()
    done = save(oakfield)
    assert done.problems == () and done.comparisons[0].source == "shipped"
    assert (done.comparisons[0].parts_after.ordinary, done.comparisons[0].parts_after.pence) == (1, 4.0)
    assert any("pl" in note for note in done.notes)
    sent = texts(oakfield)
    assert "Good morning. KimP1 is not in school this morning, Mon 23 Nov." in sent["C1"]["body"]
    assert sent["C1"]["fallback"] is None and sent["C2"]["fallback"] == "not_approved"
    assert "Good morning" in sent["C2"]["body"], "English goes out to a Polish family: the school's own"
    assert acts(oakfield) == [("Alice", "wording.save")]


@ON_SQLITE
def test_words_with_a_problem_are_not_kept(place):
    oakfield = place()
    done = save(oakfield, OWN + " You may be fined.")
    assert [(problem.where, problem.what) for problem in done.problems] == [
        ("sms.txt, line 1", "It speaks of fines or courts: fined.")
    ]
    assert acts(oakfield) == [] and not oakfield.app.wording_dir.exists()


def test_a_second_person_lets_an_own_translation_out(place):
    oakfield = place()
    save(oakfield)
    save(oakfield, POLISH, language="pl", by="Bashir")
    with pytest.raises(schools.NotAllowed, match="second person"):
        wording.approve(oakfield.app, "oakfield", KEY, language="pl", reviewer="bashir, lead", now=oakfield.at("08:30"))
    wording.approve(oakfield.app, "oakfield", KEY, language="pl", reviewer="Ewa, EAL lead", now=oakfield.at("08:30"))
    sent = texts(oakfield)
    assert (
        "dzień dobry. KimP2" in sent["C2"]["body"] and sent["C2"]["language"] == "pl" and sent["C2"]["fallback"] is None
    )
    assert acts(oakfield)[-1] == ("Ewa, EAL lead", "wording.approve_own")


@ON_SQLITE
def test_approving_a_language_at_a_school_covers_its_own_words(place):
    oakfield = place()
    save(oakfield)
    save(oakfield, POLISH, language="pl", by="Bashir")
    schools.approve(
        oakfield.app, language="pl", reviewer="Ewa", now=oakfield.at("08:30"), school_id="oakfield", templates=[KEY]
    )
    assert "dzień dobry" in texts(oakfield)["C2"]["body"]


def test_the_trusts_words_count_for_its_schools_alone(place):
    oakfield, birch = place(), place("birch")
    elm = place("elm", more="")
    save(oakfield, trust=True)
    assert "Good morning" in texts(birch)["C1"]["body"]
    assert "Good morning" not in texts(elm)["C1"]["body"]
    assert acts(oakfield) == acts(birch) == [("Alice", "wording.save")] and acts(elm) == []
    with pytest.raises(schools.NotAllowed, match="belongs to no trust"):
        save(elm, trust=True)
    place("riverside-trust", more="")
    with pytest.raises(schools.NotAllowed, match="key of a school"):
        save(oakfield, trust=True)


@ON_SQLITE
def test_outdated_and_broken_words_are_shown_to_staff_and_the_shipped_ones_go(place):
    oakfield = place()
    save(oakfield)
    file = oakfield.app.wording_dir / "oakfield" / KEY / "en" / "sms.txt"
    file.write_text(file.read_text() + "{{ school.__class__ }}\n")
    sent = texts(oakfield)
    assert sent["C1"]["fallback"] == "own_wording_refused" and "We do not know why" in sent["C1"]["body"]
    story = json.dumps(oakfield.explain("P1"), default=str)
    assert "In the shipped words: the school's own wording did not pass the checks" in story
    with oakfield.app.database.read() as connection:
        found = wording.standings(oakfield.app, connection, oakfield.app.school(connection, "oakfield"))
    assert [(item.state.value, item.why) for item in found] == [
        ("refused", "the text was changed by hand after it was saved")
    ]
    wording.remove(oakfield.app, "oakfield", KEY, language="en", by="Alice", now=oakfield.at("09:00"))
    assert not file.exists() and acts(oakfield)[-1] == ("Alice", "wording.remove")


def exported(morning: Any, **more: Any) -> bytes:
    told = {
        "name": "Mornings",
        "version": "1.0",
        "licence": "CC BY 4.0",
        "made_by": "Oakfield Primary",
        "now": morning.at("08:40"),
    }
    return written(packing.export(morning.app, morning.key, **{**told, **more}).pack).encode()


def take(morning: Any, data: bytes, **more: Any) -> packs.Plan:
    told = {"source": "x.pack.toml", "by": "Carys", "now": morning.at("08:50"), "approve": True, **more}
    return packs.take_in(morning.app, morning.key, data, **told)


def test_what_works_at_one_school_is_in_the_next_text_of_another(place):
    oakfield, birch = place(), place("birch", more="")
    save(oakfield)
    save(oakfield, POLISH, language="pl", by="Bashir")
    wording.approve(oakfield.app, "oakfield", KEY, language="pl", reviewer="Ewa, EAL lead", now=oakfield.at("08:30"))
    data = exported(oakfield, with_policy=True)
    looked = take(birch, data, approve=False)
    assert [(item.item.name, item.act) for item in looked.items] == [
        (f"message {KEY} en sms", "new"), (f"translation {KEY} pl sms", "new"), (f"approval {KEY} pl", "new"),
        ("policy first_day_absence", "same"),
    ]  # fmt: skip
    assert not looked.done and acts(birch) == [] and not (birch.app.wording_dir / "birch").exists()
    assert "We do not know why" in looked.items[0].comparison.before
    assert take(birch, data).done
    sent = texts(birch)
    assert "Good morning. KimP1" in sent["C1"]["body"] and "dzień dobry. KimP2" in sent["C2"]["body"]
    with birch.app.database.read() as connection:
        rows = connection.execute(select(approvals).where(approvals.c.school_id == "birch")).all()
    assert [row.reviewer for row in rows] == ["reviewed by Ewa, EAL lead on 23/11/2026, accepted by Carys"]
    assert acts(birch) == [("Carys", "pack.import")]
    assert not take(birch, data).wanted, "the same pack again changes nothing"


@ON_SQLITE
def test_a_pack_is_taken_in_whole_or_not_at_all(place, monkeypatch):
    oakfield, birch = place(), place("birch", more="")
    save(oakfield)
    data = exported(oakfield, with_policy=True)
    policy = birch.app.config_dir / "policies" / "first_day_absence.toml"
    policy.write_text(policy.read_text("utf-8").replace("unconfirmed_wait = 30", "unconfirmed_wait = 40"), "utf-8")
    before = policy.read_text("utf-8")

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(records, "add_audit", fail)
        with pytest.raises(OSError, match="disk is full"):
            take(birch, data, replace_policies=True)
    assert policy.read_text("utf-8") == before and not (birch.app.wording_dir / "birch").exists()
    kept = take(birch, data)
    assert [item.why for item in kept.items if item.act == "skip"] and "used by birch, oakfield" in kept.items[-1].why
    assert policy.read_text("utf-8") == before
    assert take(birch, data, replace_policies=True).done
    assert policy.read_text("utf-8") != before


@ON_SQLITE
def test_a_hub_gives_a_pack_to_all_its_schools(place):
    oakfield, birch = place(), place("birch", more='trust = "hub"')
    elm = place("elm", more='trust = "hub"')
    save(oakfield)
    assert take(birch, exported(oakfield), trust=True).owner.schools == ("birch", "elm")
    assert "Good morning" in texts(elm)["C1"]["body"] and acts(elm) == [("Carys", "pack.import")]


@ON_SQLITE
def test_only_what_goes_out_is_passed_on(place):
    oakfield = place()
    with pytest.raises(schools.NotAllowed, match="no own wording to pass on"):
        exported(oakfield)
    save(oakfield)
    save(oakfield, POLISH, language="pl", by="Bashir")
    save(oakfield, OWN.replace("Good morning", "Hello"))
    made = packing.export(
        oakfield.app, "oakfield", name="x", version="1", licence="MIT", made_by="Oakfield", now=oakfield.at("08:40")
    )
    assert [item.name for item in made.pack.items] == [f"message {KEY} en sms"]
    assert made.left_out == (f"{KEY} pl sms (oakfield): the English has changed since it was translated",)
    assert "Alice" not in written(made.pack)


@ON_SQLITE
def test_the_commands_tell_all_this(place, folder, monkeypatch, tmp_path):
    oakfield = place()
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", oakfield.app.settings.database_url)
    monkeypatch.setenv("NOTIFIER_CONFIG_DIR", str(folder))
    own, bad = tmp_path / "own.txt", tmp_path / "bad.txt"
    own.write_text(OWN, "utf-8")
    bad.write_text(OWN + " You may be fined.", "utf-8")

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(program, list(arguments), prog_name="notifier")
        assert result.exit_code == code, (arguments, result.output, result.exception)
        return result.output

    assert "Nothing was saved" in run("wording", "save", "oakfield", KEY, "--sms", str(bad), "--by", "alice", code=1)
    assert (
        "fines"
        in json.loads(run("wording", "save", "oakfield", KEY, "--sms", str(bad), "--by", "a", "--json", code=1))[
            "problems"
        ][0]["what"]
    )
    assert "Saved for oakfield by alice" in run("wording", "save", "oakfield", KEY, "--sms", str(own), "--by", "alice")
    assert run("wording", "show", "oakfield", KEY, "--channel", "sms").strip() == OWN
    assert "We do not know why" in run("wording", "show", "oakfield", KEY, "--channel", "sms", "--shipped")
    assert json.loads(run("wording", "list", "oakfield", "--json"))["wording"][0]["state"] == "in_use"
    assert "+ {{ school }}: Good morning" in run("wording", "diff", "oakfield", KEY)
    file = str(tmp_path / "o.pack.toml")
    made = ("--licence", "CC BY 4.0", "--version", "1.0", "--made-by", "Oakfield")
    assert "1 message" in run("pack", "export", "oakfield", file, *made)
    assert "there already" in run("pack", "export", "oakfield", file, *made, code=2)
    assert json.loads(run("pack", "check", file, "--json"))["problems"] == []
    assert read_pack(Path(file).read_bytes(), source="o").pack.licence == "CC BY 4.0"
    run("wording", "remove", "oakfield", KEY, "--by", "alice")
    assert "Nothing was taken in yet" in run("pack", "import", file, "oakfield", code=1)
    assert "--by NAME" in run("pack", "import", file, "oakfield", "--approve", code=2)
    assert (
        json.loads(run("pack", "import", file, "oakfield", "--approve", "--by", "carys", "--json"))["imported"] is True
    )
    Path(file).write_text(Path(file).read_text("utf-8").replace("Good morning", "Good evening"), "utf-8")
    assert f"message {KEY} en sms" in run("pack", "import", file, "oakfield", "--approve", "--by", "carys", code=2)
    (folder / "wording" / "oakfield" / KEY / "en" / "sms.txt").write_text("x", "utf-8")
    assert "save it again" in run("wording", "list", "oakfield", code=1)
    assert "1 text of the school's own wording does not go out: notifier wording list oakfield" in run("doctor", code=1)
    assert any(
        "own wording does not go out" in line for line in json.loads(run("doctor", "--json", code=1))["attention"]
    )
