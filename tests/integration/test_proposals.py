"""Messages outside first-day contact: proposed, looked through, held back by name, sent by a person, and never in one breath with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from notifier.configuration.choosing import choosing_file
from notifier.configuration.errors import ConfigurationError
from notifier.domain.sessions import Session
from notifier.domain.situations import Situation
from notifier.paths import data_folder
from notifier.services import proposals
from notifier.services.schools import NotAllowed
from notifier.services.send_proposals import send
from notifier.services.why import why
from notifier.store.database import upsert
from notifier.store.tables import audit, current_marks, pupils, replies

MONDAY = date(2026, 11, 23)


def attended(morning: Any, pupil: str, away: dict[str, str] | None = None, since: date = date(2026, 9, 2)) -> None:
    """A pupil's marks up to today: in school every day but those of `away`, as {"11-16": "I"}."""
    school = morning.app.school
    with morning.app.database.begin() as connection:
        days = morning.app.calendar(school(connection, morning.key)).school_days_between(since, morning.day)
        rows = []
        for day in days:
            code = (away or {}).get(f"{day:%m-%d}")
            for session in ("AM", "PM") if day < morning.day else ("AM",):
                at = morning.at("09:00") - (morning.day - day)
                rows.append(
                    {
                        "school_id": morning.key, "day": day, "session": session, "pupil_id": pupil,
                        "code": code or ("/" if session == "AM" else "\\"), "changed_at": at, "seen_at": at,
                    }
                )  # fmt: skip
        upsert(connection, current_marks, rows, update=("code", "changed_at", "seen_at"))


ODD = {"11-10": "O", "11-18": "I"}
BACK = {"11-18": "I", "11-19": "I", "11-20": "I"}


def make(morning: Any, at: str = "12:00", situation: str | None = None, **more: Any) -> proposals.Made:
    wanted = Situation(situation) if situation else None
    return proposals.make(morning.app, morning.key, now=morning.at(at), by="Alice", situation=wanted, **more)


def offered(made: proposals.Made) -> list[tuple[str, str]]:
    return [(item["pupil_id"], item["template"]) for item in made.proposed]


def states(morning: Any) -> dict[str, str]:
    return {item["pupil_id"]: item["state"] for item in proposals.listing(morning.app, morning.key)}


def send_all(morning: Any, at: str = "12:05", ids: list[str] | None = None) -> Any:
    return send(morning.app, morning.key, ids, by="Alice", now=morning.at(at))


def sent_by(morning: Any) -> list[dict[str, Any]]:
    return [message for message in morning.log() if message["purpose"] == "proposal"]


def acts(morning: Any) -> list[tuple[str, str]]:
    with morning.app.database.read() as connection:
        rows = connection.execute(select(audit.c.act, audit.c.actor).where(audit.c.act.like("proposal%")))
        return [(row.act, row.actor) for row in rows]


def flag(morning: Any, pupil: str, flags: str = "no_nudges", **values: Any) -> None:
    with morning.app.database.begin() as connection:
        connection.execute(
            update(pupils).where(pupils.c.pupil_id == pupil).values(**(values or {"flags": flags}))
        )  # fmt: skip


@pytest.fixture
def family(morning: Any, person: Callable[..., dict[str, object]]) -> Any:
    """Ada has had odd days, Ben comes back after three; both have one carer each."""
    morning.people(person("1", "c1", given_name="Ada", email="one@family.example"), person("2", "c2", given_name="Ben"))
    attended(morning, "1", ODD)
    attended(morning, "2", BACK)
    return morning


def test_the_list_names_pupils_with_words_and_reasons_and_sends_nothing(family: Any) -> None:
    looked = make(family, dry_run=True)
    assert states(family) == {}
    made = make(family)
    assert offered(made) == offered(looked) == [("1", "moments_small_things"), ("2", "return_after_absence")]
    ada = made.proposed[0]
    assert (ada["rule"], ada["family"], ada["state"]) == ("small_things", "moments_matter", "proposed")
    assert {"fact": "odd_days", "found": 2, "wanted": "at least 2 and at most 4"} in ada["facts"]
    assert make(family, "12:30").proposed == []  # the same is not proposed twice
    assert family.log() == []
    assert family.send("12:30").accepted == 0
    assert acts(family) == [("proposals.made", "Alice")]


@pytest.mark.parametrize("flags", ["medical", "send", "bereaved", "looked_after", "no_nudges", "vulnerable", "social_worker"])  # fmt: skip
def test_odd_days_are_never_brought_up_where_a_barrier_is_known(family: Any, flags: str) -> None:
    flag(family, "1", flags)
    made = make(family, pupil_ids=["1"])
    assert (made.proposed, dict(made.left_out)) == ([], {flags: 1})


def test_a_death_in_the_family_keeps_everything_but_first_day_contact_away(family: Any) -> None:
    family.reply("+447700900001", "My mum passed away on Friday, the funeral is tomorrow", "10:00")
    assert dict(make(family, pupil_ids=["1"]).left_out) == {"bereavement_reply": 1}
    assert make(family, situation="clubs", pupil_ids=["1"]).proposed == []


def test_a_pupil_with_a_first_day_message_gets_nothing_else_that_day(family: Any) -> None:
    family.marks({"1": "N", "2": "/"})
    family.run()
    family.send("09:31")
    made = make(family)
    assert offered(made) == [("2", "return_after_absence")]
    assert make(family, situation="clubs", pupil_ids=["1"]).left_out == {"first_day_today": 1}
    family.confirm("1", "I", "12:10")  # the follow-up is closed, yet the text went out today
    assert make(family, "12:20", situation="clubs", pupil_ids=["1"]).proposed == []


def test_what_a_person_sends_is_queued_leaves_and_is_on_record(family: Any) -> None:
    make(family)
    result = send_all(family)
    assert (len(result.sent), result.refused) == (2, [])
    assert family.send("12:06").accepted == 2
    texts = {message["pupil_ids"][0]: message for message in sent_by(family)}
    assert (texts["1"]["template"], texts["1"]["channel"], texts["1"]["status"]) == (
        "moments_small_things",
        "sms",
        "accepted",
    )
    assert "Ada" in texts["1"]["body"] and "Example" not in texts["1"]["body"]
    assert texts["1"]["step"] == next(item["id"] for item in result.sent if item["pupil_id"] == "1")
    assert states(family) == {"1": "sent", "2": "sent"}
    assert acts(family)[1:] == [("proposal.sent", "Alice"), ("proposal.sent", "Alice")]
    told = " ".join(entry["what"] for entry in family.explain("1")["story"])
    assert (
        "Proposed to staff: Odd days: the small good things" in told
        and "sent by Alice" in told
        and "handed to the simulator" in told
    )
    with pytest.raises(NotAllowed, match=r"was sent already by Alice\. Nothing was sent"):
        send_all(family, "12:30", [texts["1"]["step"]])


@pytest.mark.parametrize(
    ("at", "says"), [("09:29", "It is 09:29"), ("18:00", "leave on school days from 09:30 to 18:00")]
)
def test_nothing_leaves_outside_the_hours_for_it(family: Any, at: str, says: str) -> None:
    make(family, "09:00")
    with pytest.raises(NotAllowed, match=says):
        send_all(family, at)
    assert states(family) == {"1": "proposed", "2": "proposed"}


def test_nothing_leaves_on_a_day_without_school(family: Any) -> None:
    make(family)
    family.day = date(2026, 11, 27)
    with pytest.raises(NotAllowed, match=r"27/11/2026 is no school day .* Send on the next school day"):
        send_all(family)


def test_a_pupil_is_held_back_by_name_and_with_a_reason(family: Any) -> None:
    make(family)
    with pytest.raises(NotAllowed, match="who holds back and why"):
        proposals.hold_back(family.app, family.key, "1", reason=" ", by="Alice", now=family.at("12:01"))
    proposals.hold_back(family.app, family.key, "1", reason="a hard week at home", by="Alice", now=family.at("12:01"))
    assert [item["pupil_id"] for item in send_all(family).sent] == ["2"]
    held = next(item for item in proposals.listing(family.app, family.key, state="held_back"))
    assert (held["pupil_id"], held["decided_by"], held["decision_reason"]) == ("1", "Alice", "a hard week at home")
    assert ("proposal.held_back", "Alice") in acts(family)
    assert make(family, "12:30").proposed == []  # nor does it come again this half-term
    with pytest.raises(NotAllowed, match="No open proposal and no pupil with one is '1'"):
        proposals.hold_back(family.app, family.key, "1", reason="again", by="Alice", now=family.at("12:40"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda m: flag(m, "1", "bereaved"), "It may not go out: marked bereaved in the people file"),
        (lambda m: flag(m, "1", on_roll=False), "The pupil is no longer on roll"),
        (lambda m: m.change_contact("1", "c1", no_contact=True), "Nobody may be written to"),
        (lambda m: (m.marks({"1": "N", "2": "/"}), m.run()), "had a first-day message today; an absence is still being"),
        (lambda m: m.reply("+447700900001", "Her grandad has died", "12:02"), "wrote of a death in the family"),
    ],
    ids=["flag", "left", "no contact", "absent", "death"],
)  # fmt: skip
def test_everything_is_looked_at_again_when_a_person_sends(
    family: Any, change: Callable[[Any], Any], says: str
) -> None:
    make(family, "09:00")
    change(family)
    result = send_all(family)
    assert [item["pupil_id"] for item in result.sent] == ["2"]
    assert [item["pupil_id"] for item in result.refused] == ["1"]
    assert says in result.refused[0]["why"]
    assert states(family)["1"] == "proposed"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: (m.marks({"1": "N", "2": "/"}), m.run()), "first_day_first"),
        (lambda m: flag(m, "1", "medical"), "excluded"),
        (lambda m: m.change_contact("1", "c1", no_contact=True), "no_contact_allowed"),
        (lambda m: flag(m, "1", on_roll=False), "no_contact_allowed"),
    ],
    ids=["absent", "flag", "no contact", "left"],
)
def test_everything_is_looked_at_once_more_before_a_message_leaves(
    family: Any, change: Callable[[Any], Any], reason: str
) -> None:
    make(family, "09:10")
    send_all(family, "09:30")
    change(family)
    family.send("09:31")
    ended = {message["pupil_ids"][0]: (message["status"], message["reason"]) for message in sent_by(family)}
    assert ended == {"1": ("cancelled", reason), "2": ("accepted", None)}
    listed = {item["pupil_id"]: item["messages"][0]["reason"] for item in proposals.listing(family.app, family.key)}
    assert listed["1"] == reason


def test_nothing_goes_out_about_a_pupil_whose_register_has_not_come_in_or_whose_absence_is_held(
    morning: Any, person: Any
) -> None:
    morning.people(person("1", "c1", email="one@family.example"), person("2", "c2", email="two@family.example"))
    attended(morning, "2")
    make(morning, "09:00", situation="thank_you")
    morning.marks({"2": "N"})  # nobody has decided about it yet
    why_not = {item["pupil_id"]: item["why"] for item in send_all(morning, "09:30").refused}
    assert why_not["1"] == "Today's register has not come in for this pupil yet. Send once it has."
    assert "has a session without a reason today" in why_not["2"]


def test_what_is_not_handed_over_by_the_evening_expires(family: Any) -> None:
    make(family)
    send_all(family, "17:59")
    assert family.send("18:01").expired == 2


def test_a_carer_told_of_one_childs_absence_hears_nothing_about_the_other_that_day(morning: Any, person: Any) -> None:
    morning.people(person("1", "c1"), person("2", "c1"))
    attended(morning, "2", ODD)
    made = make(morning, "09:00")
    assert offered(made) == [("2", "moments_small_things")]
    morning.marks({"1": "N", "2": "/"})
    morning.run()
    assert "they have had another message" in send_all(morning).refused[0]["why"]


def test_a_carer_of_two_gets_one_family_of_messages_a_day_and_equal_letters_once(morning: Any, person: Any) -> None:
    morning.people(person("1", "c1", email="one@family.example"), person("2", "c1", email="one@family.example"))
    attended(morning, "1", BACK)
    attended(morning, "2")
    make(morning, situation="clubs")
    result = send_all(morning)
    assert len(result.sent) == 2
    assert len(sent_by(morning)) == 1  # the invitation names nobody: once is enough
    assert offered(make(morning, "12:10")) == [("1", "return_after_absence")]
    assert "they have had another message" in send_all(morning, "12:11").refused[0]["why"]


def test_a_family_of_messages_keeps_its_distance(family: Any) -> None:
    make(family, situation="clubs", pupil_ids=["1"])
    assert len(send_all(family).sent) == 1
    assert make(family, situation="thank_you", pupil_ids=["1"]).proposed == []
    family.day = MONDAY + timedelta(days=14)
    attended(family, "1")
    assert offered(make(family, situation="thank_you", pupil_ids=["1"])) == [("1", "toolkit_thank_you")]


def test_a_carer_who_stopped_texts_is_asked_by_e_mail_and_never_by_text(family: Any) -> None:
    family.reply("+447700900001", "STOP", "10:00")
    made = make(family, pupil_ids=["1"])
    assert [(item["template"], item["carer_id"]) for item in made.proposed] == [("opt_out_follow_up", "c1")]
    send_all(family)
    assert [(message["channel"], message["to"]) for message in sent_by(family)] == [("email", "one@family.example")]
    family.send("12:06")
    assert [message["status"] for message in sent_by(family)] == ["accepted"]


def test_nobody_is_asked_where_the_stopped_channel_was_the_only_one(family: Any) -> None:
    family.reply("+447700900002", "STOP", "10:00")
    assert make(family, pupil_ids=["2"]).proposed == []


def test_who_left_during_the_day_stays_on_the_call_list_and_the_text_is_offered_to_staff(family: Any) -> None:
    family.marks({"1": "/", "2": "/"})
    family.run()
    family.marks({"1": "N", "2": "\\"}, session="PM", at="13:21")
    family.run("13:30", Session.PM)
    assert family.log() == []
    assert family.board()["1"]["state"] == "call_list"
    made = make(family, "13:40", pupil_ids=["1"])
    assert offered(made) == [("1", "left_during_day")]
    send_all(family, "13:41")
    family.marks({"1": "\\", "2": "\\"}, session="PM", at="13:42")  # found: the text would be a false alarm now
    family.send("13:43")
    assert [(message["status"], message["reason"]) for message in sent_by(family)] == [("cancelled", "excluded")]


def test_the_tick_makes_the_list_after_the_morning_and_sends_nothing_of_it(family: Any) -> None:
    family.marks({"1": "/", "2": "/"})
    family.tick("11:29")
    assert states(family) == {}
    family.tick("11:30")
    assert states(family) == {"1": "proposed", "2": "proposed"}
    family.tick("11:31")
    family.tick("13:50")
    assert sent_by(family) == []
    assert acts(family) == [("proposals.made", "scheduler")]
    family.day = MONDAY + timedelta(days=1)
    family.marks({"1": "/", "2": "/"})
    family.tick("11:31")
    assert states(family) == {"1": "proposed", "2": "expired"}  # "good to have you back today" is over tonight


def test_a_broken_file_of_rules_stops_proposals_by_name_and_never_first_day_contact(
    make_morning: Any, person: Any, tmp_path: Path
) -> None:
    shutil.copytree(data_folder("config"), tmp_path / "own")
    shipped = choosing_file().read_text(encoding="utf-8")
    (tmp_path / "own" / "choosing.toml").write_text(
        shipped.replace('"first_day_nursery"', '"nursery"'), encoding="utf-8"
    )
    morning = make_morning(NOTIFIER_CONFIG_DIR=str(tmp_path / "own"))
    morning.add_school()
    morning.people(person("1", "c1"))
    flag(morning, "1", year_group="N1")
    morning.marks({"1": "N"})
    morning.run()
    assert morning.texts() == [("c1", "first_day_am")]
    morning.reply("+447700900001", "The bus never came", "10:00")
    assert morning.texts("ack") == [("c1", "reply_transport")]
    with morning.app.database.read() as connection:
        school = morning.app.school(connection, morning.key)
    for _ in range(2):  # it is told again until it is mended
        with pytest.raises(
            ConfigurationError, match=r"choosing\.toml: rule #2 \(nursery\)\.template: there is no message"
        ):
            proposals.daily(morning.app, school, now=morning.at("12:00"))


def test_another_school_sees_and_decides_nothing_here(family: Any, make_morning: Any) -> None:
    make(family)
    stranger = make_morning("elmfield")
    stranger.add_school(key="elmfield")
    mine = proposals.listing(family.app, family.key)[0]["id"]
    assert proposals.listing(stranger.app, "elmfield") == []
    with pytest.raises(NotAllowed):
        proposals.hold_back(stranger.app, "elmfield", mine, reason="mischief", by="Mallory", now=family.at("12:10"))
    with pytest.raises(NotAllowed, match="There is no proposal"):
        send(stranger.app, "elmfield", [mine], by="Mallory", now=family.at("12:10"))
    assert set(states(family).values()) == {"proposed"}


def test_why_tells_every_rule_its_facts_and_what_forbids_it(family: Any) -> None:
    flag(family, "1", "send")
    told = why(family.app, family.key, "1", now=family.at("12:00"))
    by_name = {each["situation"]: each for each in told["situations"]}
    assert set(by_name) == set(Situation)
    odd = by_name["odd_days"]
    assert (odd["template"], odd["allowed"]) == ("moments_small_things", False)
    assert odd["excluded_by"] == [{"fact": "send", "means": "marked send in the people file"}]
    worry = odd["rules"][0]
    assert (worry["name"], worry["matched"]) == ("worry", False)
    assert [fact["fact"] for fact in worry["facts"] if not fact["holds"]] == ["refusal_reply"]
    assert by_name["unexplained"]["template"] == "first_day_am"
    assert by_name["unexplained"]["not_tried"] == ["afternoon"]
    with pytest.raises(NotAllowed, match="No pupil '9' is on roll"):
        why(family.app, family.key, "9", now=family.at("12:00"))


def test_a_nursery_child_has_words_of_its_own_and_shares_one_text_with_a_sister_in_school(
    morning: Any, person: Any
) -> None:
    morning.people(person("1", "c1"), person("2", "c1"), person("3", "c3"))
    flag(morning, "1", year_group="N2")
    flag(morning, "3", year_group="Nursery")
    morning.marks({"1": "N", "2": "N", "3": "N"})
    morning.run()
    assert morning.texts() == [("c1", "first_day_am"), ("c3", "first_day_nursery")]


@pytest.mark.parametrize(
    ("day", "at", "says", "template"),
    [
        (MONDAY, "10:00", "The school bus never came", "reply_transport"),
        (MONDAY, "10:00", "She has a tummy bug", "reply_illness"),
        (MONDAY, "17:00", "She has a tummy bug", "reply_out_of_hours"),
        (MONDAY, "07:29", "She has a tummy bug", "reply_out_of_hours"),
        (MONDAY, "07:30", "She has a tummy bug", "reply_illness"),
        (date(2026, 11, 27), "10:00", "She has a tummy bug", "reply_out_of_hours"),
        (date(2026, 11, 22), "10:00", "She should be in school", "reply_urgent"),
        (MONDAY, "21:00", "Who is this?", "reply_who"),
    ],
)
def test_a_reply_is_answered_by_what_it_says_and_by_whether_anybody_is_there(
    family: Any, day: date, at: str, says: str, template: str
) -> None:
    family.day = day
    family.reply("+447700900001", says, at)
    assert family.texts("ack") == [("c1", template)]


def test_a_message_names_the_person_of_the_schools_file(make_morning: Any, person: Any) -> None:
    morning = make_morning()
    morning.add_school('named_person = "Ms Okafor, attendance officer"')
    morning.people(person("1", "c1", email="one@family.example"))
    attended(morning, "1")
    make(morning, situation="offer_of_help", pupil_ids=["1"])
    send_all(morning)
    assert "Ms Okafor, attendance officer" in sent_by(morning)[0]["body"]


@pytest.mark.parametrize(
    ("condition", "template"), [("cough_cold", "illness_cough_cold"), ("hospital", None), (None, None)]
)
def test_an_illness_a_carer_named_is_answered_with_the_nhs_page_the_next_day(
    family: Any, condition: str | None, template: str | None
) -> None:
    family.marks({"1": "N", "2": "/"})
    family.run()
    family.send("09:31")
    reply = family.reply("+447700900001", "She is ill", "10:00")
    with family.app.database.begin() as connection:
        facts = {"condition": condition} if condition else None
        connection.execute(update(replies).where(replies.c.reply_id == reply).values(facts=facts))
    family.confirm("1", "I", "10:30")
    assert make(family, pupil_ids=["1"]).proposed == []
    family.day = MONDAY + timedelta(days=1)
    family.marks({"1": "I", "2": "/"})
    made = make(family, pupil_ids=["1"])
    assert [item["template"] for item in made.proposed] == ([template] if template else [])
    if template is None:
        return
    assert (made.proposed[0]["family"], made.proposed[0]["carer_id"]) == ("illness", "c1")
    send_all(family)
    family.send("12:06")
    message = sent_by(family)[0]
    assert (message["status"], message["carer_id"]) == ("accepted", "c1")
    assert "https://www.nhs.uk/" in message["body"]
