"""A morning at Oakfield, played through the services against a simulated network: what the integration tests speak in."""

from __future__ import annotations

import asyncio
import csv
import importlib.util
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from notifier.channels.base import Inbound, Receipt
from notifier.channels.simulator import NO_TROUBLE, SimulatedNetwork, SimulatorChannel
from notifier.domain.messages import MessageStatus
from notifier.domain.sessions import Session
from notifier.services import decide, explain, follow_up, hand_over, receipts, receive, schools, take_in, views
from notifier.services import tick as ticking
from notifier.services.application import Application, load_application
from notifier.settings import load_settings
from notifier.store import messages

MONDAY = date(2026, 11, 23)
PEOPLE = [
    "pupil_id",
    "given_name",
    "family_name",
    "registration_group",
    "pupil_flags",
    "carer_id",
    "carer_name",
    "relationship",
    "priority",
    "parental_responsibility",
    "lives_with",
    "no_contact",
    "mobile",
    "email",
    "language",
]

SCHOOL = """
[school]
key = "{key}"
name = "Oakfield Primary School"
short_name = "Oakfield Primary"
phase = "primary"
phone = "01632960123"
email = "office@{key}.example"
safeguarding_email = "lead@{key}.example"
languages = ["pl", "ur", "cy"]
channels = ["sms", "email"]
policy = "first_day_absence"
{more}
[times.AM]
register_closes = "09:20"
first_contact = "09:30"
last_contact = "11:30"
[times.PM]
register_closes = "13:20"
first_contact = "13:30"
last_contact = "15:00"
[calendar]
terms = [["2026-09-02", "2026-12-18"], ["2027-01-04", "2027-03-25"]]
closed = ["2026-10-26/2026-10-30", "2026-11-27"]
"""


def person(pupil: str, carer: str, **more: object) -> dict[str, object]:
    """A row of a people file; what is not said is ordinary."""
    number = 900000 + int("".join(filter(str.isdigit, carer)) or 0)
    row: dict[str, object] = {
        "pupil_id": pupil,
        "given_name": f"Kim{pupil}",
        "family_name": "Example",
        "registration_group": "4B",
        "carer_id": carer,
        "carer_name": f"Carer {carer}",
        "relationship": "mother",
        "priority": 1,
        "parental_responsibility": "yes",
        "mobile": f"07700 {number}",
    }
    row.update(more)
    return row


class Morning:
    """Oakfield's morning. Times are London wall-clock texts ("09:30") on `day`."""

    def __init__(self, app: Application, network: SimulatedNetwork, folder: Path, key: str = "oakfield") -> None:
        self.app, self.network, self.folder, self.key, self.day = app, network, folder, key, MONDAY

    def at(self, moment: str) -> datetime:
        hour, minute = moment.split(":")
        local = datetime(
            self.day.year, self.day.month, self.day.day, int(hour), int(minute), tzinfo=ZoneInfo("Europe/London")
        )
        return local.astimezone(UTC)

    def add_school(self, more: str = "", key: str | None = None) -> None:
        file = self.folder / f"{key or self.key}.toml"
        file.write_text(SCHOOL.format(key=key or self.key, more=more), encoding="utf-8")
        schools.add_school(self.app, file, now=self.at("08:00"), by="Alice")

    def file(self, header: Sequence[str], rows: Sequence[Mapping[str, object]]) -> Path:
        path = self.folder / f"{uuid4().hex[:8]}.csv"
        text = io.StringIO()
        writer = csv.DictWriter(text, header, restval="")
        writer.writeheader()
        writer.writerows(rows)
        path.write_text(text.getvalue(), encoding="utf-8")
        return path

    def people(self, *rows: Mapping[str, object], at: str = "08:10") -> take_in.Intake:
        intake = take_in.take_people(self.app, self.key, self.file(PEOPLE, rows), now=self.at(at), by="Alice")
        assert intake.refused == ()
        return intake

    def marks(
        self,
        marks: Mapping[str, str],
        session: str = "AM",
        at: str = "09:21",
        day: date | None = None,
        again: bool = False,
    ) -> take_in.Intake:
        rows = [
            {"pupil_id": pupil, "date": (day or self.day).isoformat(), "session": session, "code": code}
            for pupil, code in marks.items()
        ]
        path = self.file(["pupil_id", "date", "session", "code"], rows)
        return take_in.take_marks(self.app, self.key, path, now=self.at(at), by="Alice", again=again)

    def run(
        self, at: str = "09:30", session: Session = Session.AM, by: str = "Alice", dry_run: bool = False
    ) -> decide.RunResult:
        return decide.run_session(self.app, self.key, self.day, session, now=self.at(at), by=by, dry_run=dry_run)

    async def _close(self) -> None:
        for channel in self.app.channels.values():
            await channel.close()

    def send(self, at: str = "09:30") -> hand_over.SendCounts:
        async def work() -> hand_over.SendCounts:
            try:
                return await hand_over.hand_over(self.app, now=self.at(at), pace=pace())
            finally:
                await self._close()

        return asyncio.run(work())

    def tick(self, at: str, send: bool = True) -> ticking.TickResult:
        async def work() -> ticking.TickResult:
            try:
                return await ticking.tick(self.app, now=self.at(at), pace=pace(), send=send)
            finally:
                await self._close()

        result = asyncio.run(work())
        assert result.trouble == []
        return result

    def reply(self, sender: str, body: str, at: str, channel: str = "sms", **more: Any) -> str | None:
        inbound = Inbound(
            provider="simulator", provider_id=more.pop("provider_id", uuid4().hex), channel=channel, sender=sender,
            recipient="+447700900999", body=body, received_at=self.at(at), **more,
        )  # fmt: skip
        with self.app.database.begin() as connection:
            return receive.receive_message(connection, self.app, inbound, now=self.at(at))

    def receipt(self, message: Mapping[str, Any], status: str, at: str, **more: Any) -> bool:
        values = Receipt(
            provider=message["provider"] or "simulator", provider_id=more.pop("provider_id", message["provider_id"]),
            status=MessageStatus(status), provider_status=status, occurred_at=self.at(at), **more,
        )  # fmt: skip
        with self.app.database.begin() as connection:
            return receipts.receive_receipt(connection, self.app, values, now=self.at(at))

    def log(self, staff: bool = False) -> list[dict[str, Any]]:
        with self.app.database.read() as connection:
            rows = messages.listing(connection, self.key, day=self.day, staff=True)
        wanted = [row for row in rows if (row.audience == "staff") == staff]
        return [views.message_document(row) for row in reversed(wanted)]

    def board(self) -> dict[str, dict[str, Any]]:
        with self.app.database.read() as connection:
            school = self.app.school(connection, self.key)
            return {item["pupil_id"]: item for item in views.board(connection, self.app, school, self.day)}

    def explain(self, pupil: str) -> dict[str, Any]:
        with self.app.database.read() as connection:
            return explain.explain(connection, self.app, self.app.school(connection, self.key), pupil, self.day)

    def confirm(self, pupil: str, code: str, at: str) -> None:
        with self.app.database.begin() as connection:
            school = self.app.school(connection, self.key)
            follow_up.confirm(connection, self.app, school, pupil, day=self.day, code=code, by="Alice", now=self.at(at))

    def change_contact(self, pupil: str, carer: str, **values: Any) -> None:
        from sqlalchemy import update

        from notifier.store.tables import contacts

        with self.app.database.begin() as connection:
            connection.execute(
                update(contacts)
                .where(contacts.c.school_id == self.key, contacts.c.pupil_id == pupil, contacts.c.carer_id == carer)
                .values(**values)
            )

    def unaccounted(self) -> list[Any]:
        return ticking.unaccounted(self.app)

    def texts(self, purpose: str = "absence") -> list[tuple[str, str]]:
        return sorted((m["carer_id"], m["template"]) for m in self.log() if m["purpose"] == purpose)


def pace() -> hand_over.Pace:
    """A pace that does not wait: each look at the clock finds the buckets full again."""
    moments = iter(datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=step) for step in range(100_000))

    async def no_sleep(_seconds: float) -> None:
        return None

    return hand_over.Pace(clock=lambda: next(moments), sleep=no_sleep)


@pytest.fixture
def make_morning(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Morning]]:
    """Make mornings that share one database; each is an application of its own, as in another process."""
    made: list[Morning] = []

    def make(key: str = "oakfield", **settings: str) -> Morning:
        values = {
            "NOTIFIER_DATABASE_URL": database_url,
            "NOTIFIER_CHANNELS__SMS": "simulator",
            "NOTIFIER_CHANNELS__EMAIL": "simulator",
            "NOTIFIER_SIGN_IN__ARGON2_MEMORY_KIB": "8",
            "NOTIFIER_SIGN_IN__ARGON2_ROUNDS": "1",
            **settings,
        }
        app = load_application(load_settings(values))
        network = SimulatedNetwork(odds=NO_TROUBLE)
        app.channels = {medium: SimulatorChannel(medium, network) for medium in ("sms", "email")}
        morning = Morning(app, network, tmp_path, key)
        made.append(morning)
        return morning

    yield make
    for morning in made:
        morning.app.database.close()


@pytest.fixture
def morning(make_morning: Callable[..., Morning]) -> Morning:
    """Oakfield, added, with nobody on roll yet."""
    made = make_morning()
    made.add_school()
    return made


@pytest.fixture(name="person")
def person_fixture() -> Callable[..., dict[str, object]]:
    """The function `person`."""
    return person


@pytest.fixture(scope="session")
def staff() -> Any:
    """The module tests/integration/staff.py: accounts, browsers that are signed in, forms sent as a browser sends them."""
    spec = importlib.util.spec_from_file_location("notifier_test_staff", Path(__file__).with_name("staff.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def sign_in(staff: Any) -> Callable[..., Any]:
    """sign_in(morning, "attendance_officer", at="09:31"): a browser in which somebody with that role is signed in.

    `school` is the morning's own unless given; `trust` is for roles over a trust.
    """

    def browser(
        morning: Morning, role: str, *, at: str = "09:31", school: str = "", trust: str = "", email: str = ""
    ) -> Any:
        return staff.signed_in(
            morning.app, role, at=morning.at(at), school=school or morning.key, trust=trust, email=email
        )

    return browser
