"""Every staff page by address, and a demonstration that serves them: for screenshots and for tests that walk over all pages.

Whoever adds a page adds its line to `PAGES`. Names in braces are filled in from the pretend morning.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn

from notifier.demo.absence import make_day
from notifier.demo.morning import Morning
from notifier.demo.population import make_school
from notifier.demo.run import DAY, LOCALHOST
from notifier.demo.sign_ins import SIGN_INS, add_sign_ins
from notifier.demo.stage import Stage, prepare_folder, quiet_log, set_stage
from notifier.domain.staff import Role
from notifier.services import views
from notifier.store import inbox
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


PAGES: Final = (
    StaffPage("sign-in", "/login", None),
    StaffPage("today", "/", Role.ATTENDANCE_OFFICER),
    StaffPage("today-explained", "/?show=explained", Role.VIEWER),
    StaffPage("follow-up", "/follow-ups/{follow_up}", Role.SAFEGUARDING_LEAD),
    StaffPage("pupil", "/pupils/{pupil}", Role.ATTENDANCE_OFFICER),
    StaffPage("confirmed", "/confirmed", Role.ATTENDANCE_OFFICER),
    StaffPage("inbox", "/inbox", Role.ATTENDANCE_OFFICER),
    StaffPage("reply", "/inbox/{reply}", Role.ATTENDANCE_OFFICER),
    StaffPage("settings", "/settings"),
    StaffPage("settings-guards", "/settings/guards"),
    StaffPage("settings-calendar", "/settings/calendar", Role.ATTENDANCE_OFFICER),
    StaffPage("dry-run", "/settings/dry-run"),
    StaffPage("reports", "/reports", Role.VIEWER),
    StaffPage("wording", "/wording", Role.VIEWER),
    StaffPage("wording-by-situation", "/wording?by=situation"),
    StaffPage("wording-message", "/wording/first_day_am"),
    StaffPage("wording-edit", "/wording/first_day_am/ur"),
    StaffPage("wording-packs", "/wording/packs"),
    StaffPage("proposals", "/proposals", Role.ATTENDANCE_OFFICER),
    StaffPage("messages", "/messages", Role.ATTENDANCE_OFFICER),
    StaffPage("messages-of-a-pupil", "/messages?pupil={pupil}", Role.ATTENDANCE_OFFICER),
    StaffPage("message", "/messages/{message}", Role.ATTENDANCE_OFFICER),
    StaffPage("message-received", "/messages/{reply}", Role.ATTENDANCE_OFFICER),
    StaffPage("evidence", "/evidence?pupil={pupil}", Role.ATTENDANCE_OFFICER),
    StaffPage("audit", "/audit", Role.SAFEGUARDING_LEAD),
    StaffPage("audit-check", "/audit/check", Role.SAFEGUARDING_LEAD),
    StaffPage("help", "/help", Role.ATTENDANCE_OFFICER),
    StaffPage("account", "/account", Role.ATTENDANCE_OFFICER),
    StaffPage("not-here", "/no-such-page", Role.ATTENDANCE_OFFICER, 404),
    StaffPage("not-here-signed-out", "/no-such-page", None, 404),
)
"""The pages. `{follow_up}`, `{message}`, `{reply}` and `{pupil}` stand for one of each from the morning, urgent ones first."""


@dataclass(frozen=True, slots=True)
class Served:
    """A demonstration that is up: where, and what its pages may name."""

    url: str
    stage: Stage
    names: dict[str, str]

    def address(self, page: StaffPage) -> str:
        """A page's full address."""
        return self.url + page.address.format(**self.names)


@contextmanager
def served_demo(folder: Path, *, pupils: int = 420, seed: int = 7) -> Iterator[Served]:
    """Play the pretend morning in a folder of its own and serve its pages, on this machine only, as long as the block lasts."""
    pretend = make_school(pupils=pupils, seed=seed, day=DAY)
    prepare_folder(folder)
    with quiet_log(folder / "notifier.log"):
        stage = set_stage(pretend, make_day(pretend), folder)
        try:
            morning = Morning(stage, lambda _moment: None)
            asyncio.run(morning.play(lambda _now: None))
            add_sign_ins(stage.app, stage.school.key, now=morning.ends)
            web = build_app(stage.app, clock=lambda: morning.ends, wake=lambda: None)
            server = Server(uvicorn.Config(web, host=LOCALHOST, port=0, log_config=None, access_log=False))
            thread = threading.Thread(target=server.run)
            thread.start()
            try:
                while not server.started:
                    if not thread.is_alive():
                        raise RuntimeError(f"The demonstration's server did not start; see {folder / 'notifier.log'}.")
                    time.sleep(0.02)
                port = server.servers[0].sockets[0].getsockname()[1]
                yield Served(f"http://{LOCALHOST}:{port}", stage, _names(stage))
            finally:
                server.should_exit = True
                thread.join()
        finally:
            stage.app.database.close()


def _names(stage: Stage) -> dict[str, str]:
    order = ("urgent", "answered", "call_list", "handed_over", "chasing", "closed")
    with stage.app.database.read() as connection:
        board = views.board(connection, stage.app, stage.school, stage.day.day)
        log = views.log_entries(connection, stage.school, day=stage.day.day)
        waiting = inbox.unread(connection, stage.school.key)
    first: dict[str, Any] = min(board, key=lambda item: order.index(item["state"]), default={})
    message = next((entry["id"] for entry in log if entry["kind"] == "message"), "")
    return {
        "follow_up": str(first.get("follow_up_id", first.get("id", ""))),
        "pupil": str(first.get("pupil_id", "")),
        "message": str(message),
        "reply": next((row.reply_id for row in waiting if not row.urgent and row.intent == "illness"), ""),
    }


def sign_in(page: Any, url: str, email: str, password: str) -> None:
    """Sign a browser's page in, by the form, as a person would. `page` is Playwright's."""
    page.goto(f"{url}/login")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda address: "/login" not in address)
