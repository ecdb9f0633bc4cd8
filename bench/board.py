"""`python -m bench.board`: how long the server takes for today's page of a school of 2,000 pupils.

Measured in one process, through the whole application (sign-in, access, queries, templates), without a network. Twice: with as many
unexplained absences as the guards let pass, and with every pupil on the board, which only happens after a second person has let it.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import tempfile
import time
from datetime import timedelta
from html import unescape
from pathlib import Path
from random import Random
from typing import Final
from uuid import uuid4

import httpx

from bench.population import CONTACT_AT, DAY, MARKS_AT, UNEXPLAINED_SHARE
from notifier.channels.base import Inbound
from notifier.channels.simulator import NO_TROUBLE, SimulatedNetwork, SimulatorChannel
from notifier.demo.absence import DemoMark, write_marks_csv
from notifier.demo.population import make_school
from notifier.domain.sessions import Session
from notifier.domain.staff import Role
from notifier.services import decide, hand_over, receive, schools, staff, take_in
from notifier.services.application import Application, load_application
from notifier.settings import load_settings
from notifier.store import messages, runs
from notifier.web.app import build_app

PASSWORD: Final = "four ducks on a bench"
EMAIL: Final = "alice@bench.example"
AIM_MS: Final = 200
LATER: Final = timedelta(minutes=11)


def build(folder: Path, pupils: int, share: float) -> Application:
    """A school after its first texts, a third of which are answered."""
    app = load_application(
        load_settings(
            {
                "NOTIFIER_DATABASE_URL": f"sqlite:///{folder / 'board.db'}",
                "NOTIFIER_CONFIG_DIR": str(Path(__file__).resolve().parent.parent / "config"),
                "NOTIFIER_CHANNELS__SMS": "simulator",
                "NOTIFIER_CHANNELS__EMAIL": "simulator",
                "NOTIFIER_SECRET_KEY": uuid4().hex,
            }
        )
    )
    network = SimulatedNetwork(odds=NO_TROUBLE)
    app.channels = {medium: SimulatorChannel(medium, network) for medium in ("sms", "email")}
    school = make_school(pupils=pupils, seed=1, day=DAY, key="bench", name="Bench School", unique_numbers=True)
    school.write_school_toml(folder / "school.toml")
    school.write_people_csv(folder / "people.csv")
    absent = {pupil.pupil_id for pupil in Random(1).sample(school.pupils, int(len(school.pupils) * share))}
    marks = [DemoMark(p.pupil_id, DAY, Session.AM, "N" if p.pupil_id in absent else "/") for p in school.pupils]
    write_marks_csv(folder / "marks.csv", marks)
    schools.add_school(app, folder / "school.toml", now=MARKS_AT, by="bench")
    take_in.take_people(app, "bench", folder / "people.csv", now=MARKS_AT, by="bench")
    take_in.take_marks(app, "bench", folder / "marks.csv", now=MARKS_AT, by="bench")
    result = decide.run_session(app, "bench", DAY, Session.AM, now=CONTACT_AT, by="scheduler")
    for hold in result.holds:
        schools.release(app, "bench", hold.hold_id, by="bench", now=CONTACT_AT)
    if result.holds:
        decide.run_session(app, "bench", DAY, Session.AM, now=CONTACT_AT, by="scheduler")
    asyncio.run(_send(app))
    _answer(app)
    staff.add_user(app, EMAIL, Role.ATTENDANCE_OFFICER, school="bench", password=PASSWORD, by="bench", now=CONTACT_AT)
    return app


async def _send(app: Application) -> None:
    moments = (CONTACT_AT + timedelta(minutes=step) for step in range(100_000))

    async def no_sleep(_seconds: float) -> None:
        return None

    await hand_over.hand_over(app, now=CONTACT_AT, pace=hand_over.Pace(lambda: next(moments), no_sleep))


def _answer(app: Application) -> None:
    with app.database.begin() as connection:
        sent = [row for row in messages.listing(connection, "bench", day=DAY) if row.channel == "sms"][::3]
        for row in sent:
            inbound = Inbound(
                provider="simulator", provider_id=uuid4().hex, channel="sms", sender=row.to_address, recipient="+447700900999",
                body="poorly today, back tomorrow", received_at=CONTACT_AT + timedelta(minutes=4),
            )  # fmt: skip
            receive.receive_message(connection, app, inbound, now=CONTACT_AT + timedelta(minutes=4))


async def measure(app: Application, addresses: list[str], turns: int) -> dict[str, list[float]]:
    """Milliseconds of every request, by address, of somebody signed in; the first of each is its first view."""
    web = build_app(app, clock=lambda: CONTACT_AT + LATER, wake=lambda: None)
    transport = httpx.ASGITransport(app=web)
    async with httpx.AsyncClient(transport=transport, base_url=app.settings.public_url) as browser:
        page = await browser.get("/login")
        found = re.search(r'name="csrf" value="([^"]+)"', page.text)
        if found is None:
            raise RuntimeError("the sign-in page has no form")
        fields = {"csrf": unescape(found[1]), "email": EMAIL, "password": PASSWORD}
        headers = {"Origin": app.settings.public_url, "Sec-Fetch-Site": "same-origin"}
        await browser.post("/login", data=fields, headers=headers)
        taken: dict[str, list[float]] = {}
        for address in addresses:
            for _ in range(turns):
                began = time.perf_counter()
                answer = await browser.get(address)
                taken.setdefault(address, []).append(1000 * (time.perf_counter() - began))
                if answer.status_code != 200:
                    raise RuntimeError(f"{address} answered {answer.status_code}")
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.board", description=__doc__)
    parser.add_argument("--pupils", type=int, default=2000)
    parser.add_argument("--turns", type=int, default=20)
    given = parser.parse_args()
    for share in (UNEXPLAINED_SHARE, 1.0):
        with tempfile.TemporaryDirectory(prefix="notifier-bench-") as folder:
            app = build(Path(folder), given.pupils, share)
            with app.database.read() as connection:
                begun = runs.runs_of_day(connection, "bench", DAY)
            taken = asyncio.run(measure(app, ["/", "/?show=answered", "/?q=a", "/confirmed"], given.turns))
            app.database.close()
        print(
            f"{given.pupils} pupils, {int(given.pupils * share)} on the board, {len(begun)} run; aim: first view {AIM_MS} ms"
        )
        for address, times in taken.items():
            later = sorted(times[1:])
            print(
                f"  {address:18} first {times[0]:6.0f} ms, then median {statistics.median(later):6.0f} ms, slowest {later[-1]:6.0f} ms"
            )


if __name__ == "__main__":
    main()
