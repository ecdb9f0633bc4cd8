"""Settings on the pages: tried on past days, saved as the school's own file, never over somebody else's change; and the switch for sending."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from notifier.services import school_settings
from notifier.services.settings_parts import Field
from notifier.store import people, records
from notifier.web.staff.settings import NEW

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what the engine makes no difference to."""


@pytest.fixture
def dana(morning: Any, sign_in: Callable[..., Any]) -> Any:
    return sign_in(morning, "administrator", at="10:00", email="dana@oakfield.example")


@pytest.fixture
def played(morning: Any, person: Callable[..., Any]) -> Any:
    """A morning with 12 of 20 pupils unexplained: held by the usual guards."""
    morning.people(
        *(person(f"p{number}", f"c{number}", language="pl" if number < 5 else "en") for number in range(1, 21))
    )
    morning.marks({f"p{number}": "N" if number <= 12 else "/" for number in range(1, 21)})
    morning.run()
    return morning


def fields(page: Any) -> dict[str, Any]:
    """What the page's form would send, as it stands."""
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", page.text):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is None or name[1] == "csrf" or (re.search("checkbox|radio", tag) and " checked" not in tag):
            continue
        said = unescape(value[1]) if value else ""
        if 'type="checkbox"' in tag:
            found.setdefault(name[1], []).append(said)
        else:
            found[name[1]] = said
    for name, text in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', page.text, re.DOTALL):
        found[name] = unescape(text)
    return found


def text_of(morning: Any) -> str:
    with morning.app.database.read() as connection:
        return people.school_file(connection, "oakfield") or ""


@on_sqlite
def test_the_overview_shows_every_setting_and_whether_sending_is_on(morning: Any, dana: Any) -> None:
    page = dana.get("/settings")
    assert page.status_code == 200
    for said in (
        "Sending is on",
        "Morning: first texts",
        "09:30",
        "15%",
        "£50.00",
        "Nothing was changed on these pages yet",
    ):
        assert said in page.text, said


@on_sqlite
def test_times_are_tried_then_saved_into_the_schools_own_file(played: Any, dana: Any) -> None:
    page = dana.get("/settings/times")
    form = fields(page) | {"am-first_contact": "09:45"}
    tried = dana.send("/settings/times", {**form, "do": "try"}, page=page)
    assert "would leave at 09:45 instead of 09:30" in tried.text and "Save this" in tried.text
    assert "09:45" not in text_of(played)
    assert (
        dana.send("/settings/times", {**form, "do": "save"}, page=tried).headers["location"] == "/settings?done=saved"
    )
    assert tomllib.loads(text_of(played))["times"]["AM"]["first_contact"] == "09:45"
    with played.app.database.read() as connection:
        assert f"{played.app.school(connection, 'oakfield').times['AM'].first_contact:%H:%M}" == "09:45"
        assert records.broken_link(connection, "oakfield") is None
    assert "dana@oakfield.example" in dana.get("/settings").text


@on_sqlite
def test_what_does_not_fit_together_is_said_beside_its_field_and_what_was_typed_stays(morning: Any, dana: Any) -> None:
    page = dana.get("/settings/times")
    wrong = dana.send(
        "/settings/times", {**fields(page), "am-first_contact": "09:00", "am-last_contact": "half 11"}, page=page
    )
    assert wrong.status_code == 422
    assert 'href="#am-last_contact"' in wrong.text and 'value="half 11"' in wrong.text
    wrong = dana.send("/settings/times", {**fields(page), "am-first_contact": "09:00"}, page=page)
    assert "before the register closes" in wrong.text and 'id="am-first_contact-error"' in wrong.text


def test_guards_make_the_schools_own_policy_and_say_what_they_would_have_held(played: Any, dana: Any) -> None:
    page = dana.get("/settings/guards")
    form = fields(page) | {"minimum": "15", "spend": "12.50"}
    tried = dana.send("/settings/guards", {**form, "do": "try"}, page=page)
    assert (
        "1 session was run in the last 30 days. These limits would have held 0 runs; the present ones 1." in tried.text
    )
    assert "12 of 20 (60%)" in tried.text
    dana.send("/settings/guards", {**form, "do": "save"}, page=tried)
    with played.app.database.read() as connection:
        school = played.app.school(connection, "oakfield")
        policy = played.app.policy(school)
        assert (policy.guards.unusual_minimum, policy.caps.spend_pence_per_day, policy.key) == (
            15,
            1250,
            "first_day_absence",
        )
        assert "[[step]]" in (school.own_policy or "")
    assert played.run("10:01").counts["contact"] == 0  # today's hold stands until somebody releases it
    played.day = played.day.replace(day=24)
    played.marks({f"p{number}": "N" if number <= 12 else "/" for number in range(1, 21)})
    assert played.run().counts["contact"] == 12  # and the guards use it
    again = dana.get("/settings/guards")
    back = fields(again) | {"minimum": "10", "spend": "50"}
    dana.send("/settings/guards", {**back, "do": "save"}, page=again)
    with played.app.database.read() as connection:
        assert played.app.school(connection, "oakfield").own_policy is None  # as the shared one: it follows that again


@on_sqlite
def test_of_two_people_who_change_settings_the_second_sees_what_the_first_did(
    morning: Any, dana: Any, sign_in: Callable[..., Any]
) -> None:
    other = sign_in(morning, "administrator", at="10:00", email="erik@oakfield.example")
    mine, theirs = dana.get("/settings/times"), other.get("/settings/guards")
    other.send("/settings/guards", {**fields(theirs), "minimum": "12", "do": "save"}, page=theirs)
    late = dana.send("/settings/times", {**fields(mine), "am-first_contact": "09:50", "do": "save"}, page=mine)
    assert (
        late.status_code == 409
        and "erik@oakfield.example changed “Guards and limits”" in late.text
        and 'value="09:50"' in late.text
    )
    assert "09:50" not in text_of(morning)
    assert dana.send("/settings/times", {**fields(late), "do": "save"}, page=late).status_code == 303
    assert "09:50" in text_of(morning)


def test_calendar_languages_channels_ladder_and_names_are_saved_too(played: Any, dana: Any) -> None:
    for key, change, said in (
        (
            "calendar",
            {"closed": "26/10/2026 to 30/10/2026\n2026-11-27\n2026-12-01"},
            "No longer a school day: Tuesday 1 December",
        ),
        ("languages", {"languages": ["pl", "ro"], "fold": ["pl"]}, "4 carers have it on record"),
        ("channels", {"channels": ["email"]}, "20 of them could not be written to"),
        ("ladder", {"step-1": "25", "wait": "20"}, "09:55: Second text"),
        ("names", {"short": "Oakfield"}, "Texts would begin with “Oakfield:”"),
    ):
        page = dana.get(f"/settings/{key}")
        form = fields(page) | change
        tried = dana.send(f"/settings/{key}", {**form, "do": "try"}, page=page)
        assert said in unescape(tried.text), (key, tried.text)
        assert dana.send(f"/settings/{key}", {**form, "do": "save"}, page=tried).status_code == 303
    with played.app.database.read() as connection:
        school = played.app.school(connection, "oakfield")
        policy = played.app.policy(school)
    assert (school.languages, school.fold, school.channels, school.short_name) == (
        ("pl", "ro"),
        ("pl",),
        ("email",),
        "Oakfield",
    )
    assert (policy.steps[1].after, policy.unconfirmed_wait) == (25, 20)
    assert len(school.closed) == 3 and len(school.terms) == 2


@on_sqlite
def test_saving_what_stands_there_already_changes_nothing(morning: Any, dana: Any) -> None:
    before = text_of(morning)
    for key in ("times", "calendar", "ladder", "languages", "channels", "guards", "names"):
        page = dana.get(f"/settings/{key}")
        same = dana.send(f"/settings/{key}", {**fields(page), "do": "save"}, page=page)
        assert same.headers["location"] == "/settings?done=same", key
    assert text_of(morning) == before


@on_sqlite
def test_an_attendance_officer_sees_settings_and_changes_none(morning: Any, sign_in: Callable[..., Any]) -> None:
    alice = sign_in(morning, "attendance_officer", at="10:00")
    page = alice.get("/settings/guards")
    assert page.status_code == 200 and "an administrator changes them" in page.text
    assert alice.send("/settings/guards", {**fields(page), "minimum": "1", "do": "save"}).status_code == 403
    assert alice.get("/settings/nothing").status_code == 404


def test_a_new_school_sends_nothing_until_its_list_is_done_and_somebody_switches_it_on(
    morning: Any, make_morning: Callable[..., Any], person: Callable[..., Any], sign_in: Callable[..., Any]
) -> None:
    morning.add_school('trust = "riverside"')
    carys = sign_in(morning, "trust_administrator", at="09:25", trust="riverside", email="carys@riverside.example")
    page = carys.get("/settings/new-school")
    empty = carys.send("/settings/new-school", {"name": "Elm Park Primary School"}, page=page)
    wanted = ("the short name", "the office telephone", "the safeguarding lead’s e-mail", "this year’s terms")
    assert [words for words in wanted if f"Enter {words}." not in empty.text] == []
    made = carys.send("/settings/new-school", {
        "name": "Elm Park Primary School", "short_name": "Elm Park", "key": "", "phone": "01632 960555",
        "email": "office@elm.example", "safeguarding_email": "lead@elm.example", "terms": "2026-09-02 to 2026-12-18",
    }, page=page)  # fmt: skip
    assert made.headers["location"] == "/settings?school=elm-park-primary&done=made"
    elm = make_morning("elm-park-primary")
    elm.people(person("p1", "c1"), person("p2", "c2"))
    elm.marks({"p1": "N", "p2": "/"})
    elm.run()
    assert elm.send().as_json()["held"] == 1
    (held,) = elm.log()
    assert (held["status"], held["reason"]) == ("held", "sending_off")
    assert elm.board()["p1"]["state"] == "call_list" and elm.unaccounted() == []  # a person rings
    carys.moment = elm.at("09:40")
    start = carys.get("/settings?school=elm-park-primary")
    assert "Sending is off" in start.text and "Switch sending on" not in start.text
    too_soon = carys.send("/settings/sending", {"version": "1", "sending": "on", "sure": "yes"}, page=start)
    assert too_soon.status_code == 422 and "Still missing: The languages are right" in too_soon.text
    dry = carys.get("/settings/dry-run?school=elm-park-primary")
    assert "Kimp1 Example" in dry.text and "1 message would leave" in dry.text
    for step in ("languages", "numbers", "dry_run"):
        assert carys.send("/settings/vouch", {"step": step}, page=start).status_code == 303
    unsure = carys.send("/settings/sending", {"version": "1", "sending": "on"}, page=start)
    assert unsure.status_code == 422 and 'href="#sure"' in unsure.text
    assert (
        carys.send("/settings/sending", {"version": "1", "sending": "on", "sure": "yes"}, page=start).status_code == 303
    )
    assert [item["status"] for item in elm.log()] == ["cancelled"]  # what waited does not burst out
    assert elm.send("09:41").accepted == 0
    off = carys.get("/settings?school=elm-park-primary")
    assert carys.send("/settings/sending", {"version": "2", "sending": "off", "why": ""}, page=off).status_code == 422
    assert (
        carys.send("/settings/sending", {"version": "2", "sending": "off", "why": "a trial"}, page=off).status_code
        == 303
    )


@on_sqlite
def test_only_a_trust_administrator_makes_schools(morning: Any, dana: Any) -> None:
    assert dana.get("/settings/new-school").status_code == 403
    assert dana.send("/settings/new-school", {"name": "x"}).status_code == 403


@on_sqlite
def test_every_setting_says_what_it_does(morning: Any) -> None:
    with morning.app.database.read() as connection:
        settings = school_settings.read(connection, morning.app, "oakfield")
    fields = [field for part in school_settings.parts_of(morning.app, settings).values() for field in part.fields]
    assert [field.id for field in (*fields, *NEW) if len(field.hint) < 20] == []


@pytest.mark.parametrize(
    ("in_the_file", "in_the_form", "in_words"),
    [
        (["2026-09-02", "2026-12-18"], "02/09/2026 to 18/12/2026", "Wed 2 Sep 2026 to Fri 18 Dec 2026"),
        ("2026-10-26/2026-10-30", "26/10/2026 to 30/10/2026", "Mon 26 Oct 2026 to Fri 30 Oct 2026"),
        ("2026-11-27", "27/11/2026", "Fri 27 Nov 2026"),
    ],
)
def test_days_of_the_calendar_are_typed_and_told_as_people_write_them(
    in_the_file: Any, in_the_form: str, in_words: str
) -> None:
    field = Field("closed", "Closed days", "spans", ("calendar", "closed"))
    assert field.shown([in_the_file]) == in_the_form
    assert school_settings.in_words(field, f"{in_the_form}\n{in_the_form}") == f"{in_words}\n{in_words}"
    assert field.meant(in_the_form, []) == ["/".join([in_the_file] if isinstance(in_the_file, str) else in_the_file)]
