"""Thieves and strangers at the staff pages: a stolen session, a page kept open, a carer who was shut out, bytes that no database keeps."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pyotp
import pytest
import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from notifier.registers.refusals import neutralised, restored
from notifier.services import answers, audit, contact_blocks, inbox, looks, schools, staff_acts, write_by_hand
from notifier.services import staff as accounts
from notifier.services.inbox import NoSuchReply
from notifier.services.inbox_acts import Changed as Quicker
from notifier.services.inbox_acts import Turn
from notifier.services.schools import NotAllowed
from notifier.services.staff_acts import Act, Changed, Refused
from notifier.settings import Settings
from notifier.sign_in_settings import SignInSettings
from notifier.store import runs
from notifier.store.tables import answer_links, staff_users
from notifier.wording.packs import FORMAT, packed, written

ALICE, BASHIR = "attendance_officer", "safeguarding_lead"
EMAIL = "alice@oakfield.example"
PUBLIC = "https://notifier.oakfield.example"

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


# a carer with a link


@on_sqlite
def test_a_block_that_staff_set_shuts_the_answer_page_at_once(make_morning: Any, staff: Any, person: Any) -> None:
    morning = make_morning(NOTIFIER_PUBLIC_URL=PUBLIC)
    morning.add_school()
    morning.people(person("1", "1", given_name="Aisha", mobile="", email="carer1@family.example"), person("2", "2"))
    morning.marks({"1": "N", "2": "/"})
    morning.run()
    morning.send()
    token = next(
        found[1] for item in morning.network.messages if (found := re.search(r"/r/([A-Za-z0-9]{22})", item.body))
    )
    browser = staff.Browser(morning.app, morning.at("09:40"))
    assert "Aisha" in browser.get(f"/r/{token}").text

    contact_blocks.propose(
        morning.app,
        "oakfield",
        pupil_id="1",
        carer_id="1",
        grounds="Order of today",
        by="bashir",
        now=morning.at("09:41"),
    )
    closed = browser.get(f"/r/{token}")
    assert closed.status_code == 404 and "Aisha" not in closed.text
    refused = browser.request("POST", f"/r/{token}", data={"answer": "illness", "child": "0"})
    assert refused.status_code == 404 and "Aisha" not in refused.text
    with morning.app.database.read() as connection:
        assert connection.execute(select(answer_links.c.used_at)).scalar_one() is None


# a thief of a session


@pytest.fixture
def secured(make_morning: Any, staff: Any) -> Any:
    made = make_morning(**staff.WITH_KEY)
    made.add_school()
    staff.add(made.app, EMAIL, ALICE, at=made.at("08:00"), school="oakfield")
    return made


def key_on(page: Any) -> str:
    found = re.search(r"Key: <strong>([A-Z2-7 ]+)</strong>", page.text)
    assert found is not None
    return found[1].replace(" ", "")


@on_sqlite
def test_who_holds_an_older_session_cannot_put_their_own_second_factor_in_place_of_the_one_set_up(
    secured: Any, staff: Any
) -> None:
    thief, alice = (staff.Browser(secured.app, secured.at("09:00")) for _ in range(2))
    thief.log_in(EMAIL)
    alice.log_in(EMAIL)
    prepared = thief.get("/account/second-factor")
    page = alice.get("/account/second-factor")
    fields = {"code": pyotp.TOTP(key_on(page)).at(alice.moment)}
    asked = alice.send("/account/second-factor", fields, page=page)
    assert asked.status_code == 422 and "Enter your present password." in asked.text, "a session alone is not enough"
    done = alice.send("/account/second-factor", fields | {"password": staff.PASSWORD}, page=page)
    assert done.status_code == 200

    with secured.app.database.read() as connection:
        before = connection.execute(select(staff_users.c.totp_secret)).scalar_one()
    fields = {"code": pyotp.TOTP(key_on(prepared)).at(thief.moment), "password": staff.PASSWORD}
    answer = thief.send("/account/second-factor", fields, page=prepared)
    assert "<code>" not in answer.text
    with secured.app.database.read() as connection:
        assert connection.execute(select(staff_users.c.totp_secret)).scalar_one() == before
    assert thief.get("/account").status_code == 303, "a session that had no second factor ends with the others"
    assert alice.get("/account").status_code == 200


def test_with_real_families_at_the_other_end_administrators_need_a_second_factor_unless_the_settings_say_otherwise() -> (
    None
):
    assert Settings().second_factor == "optional"
    assert Settings(environment="production").second_factor == "administrators"
    for said in ("optional", "everybody"):
        assert Settings(environment="production", sign_in=SignInSettings(second_factor=said)).second_factor == said


@on_sqlite
def test_the_password_cannot_be_guessed_from_a_stolen_session(secured: Any, staff: Any) -> None:
    thief = staff.Browser(secured.app, secured.at("09:00"))
    thief.log_in(EMAIL)
    page = thief.get("/account")
    words = {"new": "four orange geese"}
    for number in range(5):
        thief.send("/account/password", {"old": f"guess number {number}", **words}, page=page)
    refused = thief.send("/account/password", {"old": staff.PASSWORD, **words}, page=page)
    assert refused.status_code == 422 and "too many attempts" in refused.text, "even the right one has to wait"
    thief.moment += timedelta(minutes=20)
    assert thief.send("/account/password", {"old": staff.PASSWORD, **words}, page=page).status_code == 200
    assert staff.Browser(secured.app, thief.moment).log_in(EMAIL, "four orange geese").status_code == 303


# bytes that no database keeps


@pytest.mark.parametrize(
    "path", ["/pupils/4%00", "/messages/%00", "/inbox/%00", "/?q=%00", "/messages?number=%00&pupil=%00", "/r/%00"]
)
def test_an_address_with_a_nul_in_it_is_refused_and_breaks_nothing(morning: Any, sign_in: Any, path: str) -> None:
    assert sign_in(morning, ALICE).get(path).status_code in (200, 400, 404, 422)


def test_a_form_with_a_nul_in_it_breaks_nothing(morning: Any, sign_in: Any, staff: Any, person: Any) -> None:
    morning.people(person("1", "1"), person("2", "2"))
    morning.marks({"1": "N", "2": "/"})
    morning.tick("09:30")
    alice = sign_in(morning, ALICE)
    address = f"/follow-ups/{morning.board()['1']['id']}"
    page = alice.get(address)
    assert alice.send(f"{address}/note", {"note": "Rang\x00 twice", "once": "a"}, page=page).status_code == 303
    assert "Rang twice" in alice.get(address).text
    assert staff.Browser(morning.app, morning.at("09:00")).log_in("a\x00@oakfield.example", "x\x00y").status_code == 401


# many at once


def test_two_people_who_release_at_once_while_others_work_release_once_and_nobody_fails(
    make_morning: Any, person: Any
) -> None:
    mornings = [make_morning() for _ in range(4)]
    first = mornings[0]
    first.add_school()
    first.people(*(person(f"p{number}", f"c{number}") for number in range(1, 31)))
    first.marks({f"p{number}": "N" for number in range(1, 31)})
    first.run(by="scheduler")
    with first.app.database.read() as connection:
        hold = runs.holds_of(connection, "oakfield", first.day, open_only=True)[0].hold_id

    def work(place: int) -> str:
        app = mornings[place % 4].app
        if place % 2:
            audit.note_act(
                app, "oakfield", actor="x", act="messages.export", subject="log", detail={}, now=first.at("09:40")
            )
            return "noted"
        try:
            schools.release(app, "oakfield", hold, by=f"person{place}", now=first.at("09:40"))
        except NotAllowed:
            return "too late"
        return "released"

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(work, range(16)))
    assert done.count("released") == 1 and done.count("noted") == 8
    with first.app.database.read() as connection:
        verdict = audit.check(connection, "oakfield")
        released = [row for row in audit.page(connection, "oakfield", audit.Sought()) if row.act == "hold.release"]
    assert verdict.whole and len(released) == 1


def test_school_tokens_silences_and_approvals_at_once_keep_one_chain(make_morning: Any, person: Any) -> None:
    mornings = [make_morning() for _ in range(4)]
    first = mornings[0]
    first.add_school()
    first.people(person("p1", "c1"))

    def work(place: int) -> None:
        app, now = mornings[place % 4].app, first.at("09:40")
        if place % 3 == 0:
            schools.make_token(app, "oakfield", note="MIS", by="Alice", now=now)
        elif place % 3 == 1:
            schools.suppress(
                app,
                "oakfield",
                pupil_id="p1",
                carer_id=None,
                reason="x",
                until=None,
                by="Alice",
                now=now,
                today=first.day,
            )
        else:
            looks.note(app, "oakfield", actor=f"a{place}", what="pupil", subject="p1", pupil_ids=["p1"], now=now)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(18)))
    with first.app.database.read() as connection:
        assert audit.check(connection, "oakfield").whole


def test_looks_that_are_noted_while_others_are_sealed_break_no_chain(make_morning: Any) -> None:
    """A look that began earlier may be kept later: no seal may cover a look that it has not read."""
    mornings = [make_morning() for _ in range(4)]
    first = mornings[0]
    first.add_school()

    def work(place: int) -> None:
        app = mornings[place % 4].app
        for number in range(15):
            looks.note(
                app, "oakfield", actor=f"person{place}", what="pupil", subject=f"p{number}", pupil_ids=[f"p{number}", "p99"],
                now=first.at("09:40"),
            )  # fmt: skip
            with app.database.begin() as connection:
                looks.seal(connection, "oakfield", now=first.at("09:40"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    with first.app.database.read() as connection:
        verdict = audit.check(connection, "oakfield")
    assert verdict.whole, verdict.why
    assert verdict.unsealed == 0


# the log, files, spreadsheets


@on_sqlite
def test_the_log_of_a_failure_holds_no_token_and_no_pupil(
    secured: Any, staff: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recovery link that met a broken database is still good: whoever reads the log must not find it there."""
    link = accounts.make_recovery(secured.app, EMAIL, by="Dana", now=secured.at("08:30"))
    browser = staff.Browser(secured.app, secured.at("09:00"))
    browser.log_in(EMAIL)

    def broken() -> Any:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(secured.app.database, "read", broken)
    with structlog.testing.capture_logs() as logs:
        assert browser.get(link.removeprefix(browser.base)).status_code == 503
        browser.get("/pupils/4711")
    assert [entry["event"] for entry in logs].count("database_unreachable") == 2
    assert link.rsplit("/", 1)[1] not in str(logs) and "4711" not in str(logs)


@on_sqlite
def test_a_pack_on_the_pages_brings_no_ladder_for_every_school(morning: Any, sign_in: Any, staff: Any) -> None:
    """A policy is a file that all schools of the service can choose: an administrator of one must not put it there."""
    text = (morning.app.config_dir / "policies" / "first_day_absence.toml").read_text(encoding="utf-8")
    manifest = {"format": FORMAT, "name": "Mine", "version": "1.0", "licence": "CC BY 4.0", "made_by": "Mallory",
                "made_at": morning.at("08:00"), "notes": ""}  # fmt: skip
    pack = written(
        packed(
            manifest, {"message": [], "translation": [], "approval": [], "policy": [{"key": "mallorys", "text": text}]}
        )
    )
    mallory = sign_in(morning, "administrator")
    page = mallory.get("/wording/packs")
    answer = mallory.send("/wording/packs/take-in", {"pack": pack}, page=page)
    assert answer.status_code == 200 and "whoever runs Notifier takes it in" in answer.text
    assert not (morning.app.config_dir / "policies" / "mallorys.toml").exists()


@pytest.mark.parametrize(
    "cell", ["=1+1", "+44", "-1", "@SUM", "\t=1", "\r=1", "\n=1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20A"]
)
def test_no_cell_of_a_file_begins_like_a_formula(cell: str) -> None:
    assert neutralised(cell) == f"'{cell}"
    assert restored(neutralised(cell)) == cell


# several people at the same child, at the same moment


def test_four_people_at_the_same_child_and_the_same_answer_write_once_each(make_morning: Any, person: Any) -> None:
    """Text again, answer, confirm, block: whatever comes together, one text of each leaves and nobody meets a fault."""
    mornings = [make_morning() for _ in range(4)]
    first = mornings[0]
    first.add_school()
    first.people(
        person("1", "1", given_name="Hafsa"), person("1", "11", given_name="Hafsa", relationship="father", priority=2),
        person("3", "1", given_name="Bilal"), *(person(str(number), str(number)) for number in range(20, 45)),
    )  # fmt: skip
    first.marks({"1": "N", "3": "N", **{str(number): "/" for number in range(20, 45)}})
    first.tick("09:30")
    chased = {pupil: item["id"] for pupil, item in first.board().items()}
    now = first.at("09:36")

    def act(place: int, pupil: str) -> Act:
        return Act(
            app=mornings[place % 4].app,
            school_id="oakfield",
            follow_up_id=chased[pupil],
            by=f"p{place}",
            now=now,
            once=f"{place}",
        )

    def write(place: int) -> str:
        try:
            (write_by_hand.text_again if place % 2 else write_by_hand.next_contact)(
                act(place, "1" if place < 6 else "3")
            )
        except (Refused, Changed):
            return "refused"
        return "written"

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(write, range(8)))
    assert 1 <= done.count("written") <= 3
    first.send("09:36")
    by_carer = Counter(item.to for item in first.network.messages if item.medium == "sms")
    assert by_carer["+447700900001"] == 2 and by_carer["+447700900011"] == 1

    first.reply("+447700900001", "They are both ill", "09:40")
    with first.app.database.read() as connection:
        school = first.app.school(connection, "oakfield")
        found = inbox.load(connection, school, now=first.at("09:41")).conversations[0]

    def answer(place: int) -> str:
        turn = Turn(mornings[place % 4].app, "oakfield", found.key, f"p{place}", first.at("09:41"), found.versions)
        try:
            return "sent" if answers.send(turn, once=f"{place:032x}", phrase="reply_call") else "again"
        except (Quicker, NoSuchReply):
            return "late"

    def confirm(place: int) -> str:
        try:
            staff_acts.confirm(act(place, "1"), "IM"[place % 2])
        except Refused:
            return "late"
        return "confirmed"

    def block(place: int) -> str:
        return contact_blocks.propose(
            mornings[place % 4].app,
            "oakfield",
            pupil_id="1",
            carer_id="11",
            grounds=f"Order {place}",
            by=f"p{place}",
            now=now,
        )

    with ThreadPoolExecutor(12) as pool:
        answered = pool.map(answer, range(4))
        confirmed = pool.map(confirm, range(4))
        blocked = pool.map(block, range(4))
        assert list(answered).count("sent") == 1
        assert list(confirmed).count("confirmed") == 1
        assert len(set(blocked)) == 1
    first.send("09:42")
    assert sum("ring" in item.body.casefold() or "call" in item.body.casefold()
               for item in first.network.messages if item.to == "+447700900001") >= 1  # fmt: skip
    assert len([entry for entry in first.log() if entry["purpose"] == "answer"]) == 1
    with first.app.database.read() as connection:
        assert audit.check(connection, "oakfield").whole
    assert first.unaccounted() == []


@on_sqlite
def test_no_page_shows_the_secret_of_a_carers_link(make_morning: Any, staff: Any, person: Any) -> None:
    """Whoever reads pages must not be able to answer in a carer's place."""
    morning = make_morning(NOTIFIER_PUBLIC_URL=PUBLIC)
    morning.add_school('answer_links = ["sms", "email"]')
    morning.people(
        person("1", "1", given_name="Aisha", email="carer1@family.example"),
        *(person(str(number), str(number)) for number in range(20, 32)),
    )
    morning.marks({"1": "N", **{str(number): "/" for number in range(20, 32)}})
    morning.tick("09:30")
    tokens = {found for item in morning.network.messages for found in re.findall(r"/r/([A-Za-z0-9]{22})", item.body)}
    assert tokens
    quoted = next(item.body for item in morning.network.messages if "/r/" in item.body)
    morning.reply("+447700900001", f"she is ill\n> {quoted}", "09:34")
    dana = staff.signed_in(morning.app, "administrator", at=morning.at("09:40"))
    seen = [
        f"/follow-ups/{morning.board()['1']['id']}",
        "/pupils/1",
        "/",
        "/inbox",
        "/messages",
        "/settings/dry-run",
        "/audit",
    ]
    seen += [f"/messages/{entry['id']}" for entry in morning.log()]
    seen += [f"/messages/{entry['id']}/as-sent" for entry in morning.log() if entry["channel"] == "email"]
    seen += re.findall(r"/inbox/[0-9a-f-]{36}", dana.get("/inbox").text)[:1]
    for path in seen:
        page = dana.get(path)
        assert page.status_code == 200, path
        assert not [token for token in tokens if token in page.text], path
