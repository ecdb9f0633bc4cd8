"""Every staff page by address, and a demonstration that serves them: for screenshots and for tests that walk over all pages.

Whoever adds a page adds its line to `PAGES`. Names in braces are filled in from the pretend morning.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from time import sleep
from typing import Any, Final

import uvicorn

from notifier.demo.absence import make_day
from notifier.demo.morning import Morning
from notifier.demo.population import make_school
from notifier.demo.run import DAY, LOCALHOST
from notifier.demo.sign_ins import SIGN_INS, add_sign_ins
from notifier.demo.stage import Stage, StageClock, prepare_folder, quiet_log, set_stage
from notifier.domain.sessions import at_local
from notifier.domain.staff import Role
from notifier.services import school_start, views
from notifier.services.receive import receive_message
from notifier.store import replies, staff
from notifier.web.app import build_app
from notifier.web.server import Server


@dataclass(frozen=True, slots=True)
class StaffPage:
    """A page to look at: its name (also of its picture), its address, and as whom; `role` None is signed out.

    `status` is what it answers, since pages that refuse are pages too.
    """

    name: str
    address: str
    role: Role | None = Role.ADMINISTRATOR
    status: int = 200

    @property
    def email(self) -> str | None:
        """Whose sign-in it takes."""
        return next((person.email for person in SIGN_INS if person.role is self.role), None)


OFFICER, LEAD, TRUST, HUB = Role.ATTENDANCE_OFFICER, Role.SAFEGUARDING_LEAD, Role.TRUST_ADMINISTRATOR, Role.HUB_LEAD
NEW_SCHOOL: Final = "beechwood"
"""The key of a second school of the trust, which has nothing yet: its pages are empty, and it does not send."""

PAGES: Final = (
    StaffPage("sign-in", "/login", None),
    StaffPage("today", "/", OFFICER),
    StaffPage("today-explained", "/?show=explained", Role.VIEWER),
    StaffPage("today-search", "/?q=a", OFFICER),
    StaffPage("today-empty", "/?school={new_school}", TRUST),
    StaffPage("today-holiday", "/?date={holiday}", OFFICER),
    StaffPage("today-bad-day", "/?date=nonsense", OFFICER, 400),
    StaffPage("follow-up", "/follow-ups/{follow_up}", LEAD),
    StaffPage("follow-up-settled", "/follow-ups/{settled}", OFFICER),
    StaffPage("pupil", "/pupils/{pupil}", OFFICER),
    StaffPage("pupil-present", "/pupils/{present}", LEAD),
    StaffPage("confirmed", "/confirmed", OFFICER),
    StaffPage("confirmed-empty", "/confirmed?school={new_school}", TRUST),
    StaffPage("inbox", "/inbox", OFFICER),
    StaffPage("inbox-empty", "/inbox?school={new_school}", TRUST),
    StaffPage("reply", "/inbox/{reply}", OFFICER),
    StaffPage("reply-of-a-stranger", "/inbox/{stranger}", OFFICER),
    StaffPage("reply-link", "/inbox/{stranger}/link", OFFICER),
    StaffPage("settings", "/settings"),
    StaffPage("settings-of-a-new-school", "/settings?school={new_school}", TRUST),
    StaffPage("settings-times", "/settings/times"),
    StaffPage("settings-guards", "/settings/guards"),
    StaffPage("settings-ladder", "/settings/ladder"),
    StaffPage("settings-languages", "/settings/languages"),
    StaffPage("settings-channels", "/settings/channels"),
    StaffPage("settings-calendar", "/settings/calendar", OFFICER),
    StaffPage("new-school", "/settings/new-school", TRUST),
    StaffPage("dry-run", "/settings/dry-run"),
    StaffPage("people", "/settings/people"),
    StaffPage("people-of-a-trust", "/settings/people?school={new_school}", TRUST),
    StaffPage("person", "/settings/people/{person}"),
    StaffPage("person-close", "/settings/people/{person}/disable"),
    StaffPage("person-new", "/settings/people/new"),
    StaffPage("person-new-for-a-trust", "/settings/people/new?school={new_school}", TRUST),
    StaffPage("dry-run-empty", "/settings/dry-run?school={new_school}", TRUST),
    StaffPage("reports", "/reports", Role.VIEWER),
    StaffPage("reports-empty", "/reports?school={new_school}", TRUST),
    StaffPage("reports-of-a-hub", "/reports", HUB),
    StaffPage("reports-compared", "/reports/compare", TRUST),
    StaffPage("reports-compared-hub", "/reports/compare", HUB),
    StaffPage("wording", "/wording", Role.VIEWER),
    StaffPage("wording-by-situation", "/wording?by=situation"),
    StaffPage("wording-message", "/wording/first_day_am"),
    StaffPage("wording-edit", "/wording/first_day_am/ur"),
    StaffPage("wording-packs", "/wording/packs"),
    StaffPage("proposals", "/proposals", OFFICER),
    StaffPage("messages", "/messages", OFFICER),
    StaffPage("messages-of-a-pupil", "/messages?pupil={pupil}", OFFICER),
    StaffPage("messages-empty", "/messages?school={new_school}", TRUST),
    StaffPage("message", "/messages/{message}", OFFICER),
    StaffPage("message-received", "/messages/{reply}", OFFICER),
    StaffPage("evidence", "/evidence?pupil={pupil}", OFFICER),
    StaffPage("audit", "/audit", LEAD),
    StaffPage("audit-check", "/audit/check", LEAD),
    StaffPage("help", "/help", OFFICER),
    StaffPage("account", "/account", OFFICER),
    StaffPage("second-factor", "/account/second-factor", OFFICER),
    StaffPage("choose-school", "/choose-school", TRUST),
    StaffPage("sign-out", "/logout", OFFICER),
    StaffPage("link-is-old", "/recover/used-before", None, 410),
    StaffPage("not-allowed", "/settings", Role.VIEWER, 403),
    StaffPage("not-allowed-hub", "/", HUB, 403),
    StaffPage("not-here", "/no-such-page", OFFICER, 404),
    StaffPage("not-here-signed-out", "/no-such-page", None, 404),
)
"""The pages. Names in braces stand for one of each from the morning, those that need a person most first: see `_names`."""


@dataclass(frozen=True, slots=True)
class Served:
    """A demonstration that is up: where, what its pages may name, and its clock, which stands still unless it is set."""

    url: str
    stage: Stage
    names: dict[str, str]
    clock: StageClock

    def address(self, page: StaffPage) -> str:
        """A page's full address."""
        return self.url + page.address.format(**self.names)


@contextmanager
def served_demo(folder: Path, *, pupils: int = 420, seed: int = 7, until: time | None = None) -> Iterator[Served]:
    """Play the pretend morning in a folder of its own and serve its pages, on this machine only, as long as the block lasts.

    It is played to its end, or to `until` (local), when much still waits for a person; there the clock of the pages stands.
    """
    pretend = make_school(pupils=pupils, seed=seed, day=DAY)
    prepare_folder(folder)
    with quiet_log(folder / "notifier.log"):
        stage = set_stage(pretend, make_day(pretend), folder)
        try:
            morning = Morning(stage, lambda _moment: None)
            clock = StageClock(at_local(stage.day.day, until) if until else morning.ends)
            asyncio.run(morning.play(lambda _now: None, until=clock.now))
            stranger = _write_as_a_stranger(stage, clock.now)
            _add_new_school(stage, clock.now)
            add_sign_ins(stage.app, stage.school.key, now=clock.now)
            names = _names(stage) | {"stranger": stranger, "new_school": NEW_SCHOOL}
            web = build_app(stage.app, clock=lambda: clock.now, wake=lambda: None)
            server = Server(uvicorn.Config(web, host=LOCALHOST, port=0, log_config=None, access_log=False))
            thread = threading.Thread(target=server.run)
            thread.start()
            try:
                while not server.started:
                    if not thread.is_alive():
                        raise RuntimeError(f"The demonstration's server did not start; see {folder / 'notifier.log'}.")
                    sleep(0.02)
                port = server.servers[0].sockets[0].getsockname()[1]
                yield Served(f"http://{LOCALHOST}:{port}", stage, names, clock)
            finally:
                server.should_exit = True
                thread.join()
        finally:
            stage.app.database.close()


def write_as(stage: Stage, number: str, words: str, now: datetime) -> str:
    """Let somebody write to the school, as a webhook would bring it; returns the id of the answer."""
    stage.network.reply(number, words, now)
    received = stage.network.replies(now)
    with stage.app.database.begin() as connection:
        ids = [receive_message(connection, stage.app, inbound, now=now) for inbound in received]
    return ids[-1] or ""


def _write_as_a_stranger(stage: Stage, now: datetime) -> str:
    """A message from a number that is no carer's."""
    known = {number for carer in stage.pretend.carers.values() for number in (carer.mobile, carer.landline)}
    free = next(number for number in (f"+4477009{last:05}" for last in range(900, 1000)) if number not in known)
    return write_as(stage, free, "Hello, I am her aunt. Is she in school today?", now)


def _add_new_school(stage: Stage, now: datetime) -> None:
    values = {
        "key": NEW_SCHOOL, "name": "Beechwood Primary School", "short_name": "Beechwood", "phone": "01632960124",
        "email": "office@beechwood.example", "terms": [f"{first}/{last}" for first, last in stage.pretend.year.terms],
    }  # fmt: skip
    school_start.new_school(stage.app, values, trust=stage.school.trust or "", by="demo", now=now)


def _names(stage: Stage) -> dict[str, str]:
    """What the addresses of `PAGES` may name. Raises LookupError where the morning has none of a kind: its page would go unseen."""
    order = ("urgent", "answered", "call_list", "handed_over", "chasing", "closed")
    with stage.app.database.read() as connection:
        board = views.board(connection, stage.app, stage.school, stage.day.day)
        log = views.log_entries(connection, stage.school, day=stage.day.day)
        colleague = staff.user_by_email(connection, SIGN_INS[0].email)
        answers = replies.listing(connection, stage.school.key, since=at_local(stage.day.day, time(0)))
    items = sorted(board, key=lambda item: order.index(item["state"]))
    answers.sort(key=lambda row: (row.read_at is not None, row.urgent, row.intent != "illness"))
    followed = {item["pupil_id"] for item in items}
    found = {
        "follow_up": [item["id"] for item in items],
        "settled": [item["id"] for item in items if item["state"] == "closed"],
        "pupil": [item["pupil_id"] for item in items],
        "present": [pupil.pupil_id for pupil in stage.pretend.pupils if pupil.pupil_id not in followed],
        "message": [entry["id"] for entry in log if entry["kind"] == "message"],
        "reply": [row.reply_id for row in answers if row.carer_id],
        "person": [colleague.user_id] if colleague is not None else [],
        "holiday": [first for first, _ in sorted(stage.pretend.year.closed)],
    }
    for name, these in found.items():
        if not these:
            raise LookupError(f"The pretend morning has no {name.replace('_', ' ')} to show. Take more pupils.")
    return {name: str(these[0]) for name, these in found.items()}


def sign_in(page: Any, url: str, email: str, password: str) -> None:
    """Sign a browser's page in, by the form, as a person would. `page` is Playwright's."""
    page.goto(f"{url}/login")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda address: "/login" not in address)
