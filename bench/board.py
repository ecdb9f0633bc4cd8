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
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from random import Random
from typing import Final
from uuid import uuid4

import httpx
from fastapi import FastAPI
from rich.console import Console
from rich.table import Table

from bench.population import CONTACT_AT, DAY, MARKS_AT, UNEXPLAINED_SHARE
from bench.quiet import quiet
from notifier.channels.base import Inbound
from notifier.channels.simulator import NO_TROUBLE, SimulatedNetwork, SimulatorChannel
from notifier.demo.absence import DemoMark, write_marks_csv
from notifier.demo.population import make_school
from notifier.domain.sessions import Session
from notifier.domain.staff import Role
from notifier.services import decide, hand_over, receive, schools, staff, take_in
from notifier.services.application import Application, load_application
from notifier.services.memory import settle_memory
from notifier.settings import load_settings
from notifier.store import messages
from notifier.web.app import build_app

PASSWORD: Final = "four ducks on a bench"
EMAIL: Final = "alice@bench.example"
AIM_MS: Final = 200
LATER: Final = timedelta(minutes=11)
ADDRESSES: Final = ("/", "/?show=answered", "/?q=a", "/confirmed")


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


@dataclass(frozen=True, slots=True)
class Views:
    """Milliseconds of a page: `cold` at its first view in a server that has only just started, `first` at its first view once the
    server had made its templates ready, and every one after that.
    """

    cold: float
    first: float
    later: tuple[float, ...]


async def measure(app: Application, addresses: list[str], turns: int) -> dict[str, list[float]]:
    """Milliseconds of every request, by address, of somebody signed in, with templates made ready as a server does."""
    web = build_app(app, clock=lambda: CONTACT_AT + LATER, wake=lambda: None)
    web.state.shell.warm()
    return await _requests(web, app, addresses, turns)


async def _cold(app: Application, address: str) -> float:
    """Milliseconds of one page in an application of its own that has shown no other."""
    web = build_app(app, clock=lambda: CONTACT_AT + LATER, wake=lambda: None)
    return (await _requests(web, app, [address], 1))[address][0]


async def _requests(web: FastAPI, app: Application, addresses: list[str], turns: int) -> dict[str, list[float]]:
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


def views(app: Application, turns: int) -> dict[str, Views]:
    """Every measured page of today."""
    cold = {address: asyncio.run(_cold(app, address)) for address in ADDRESSES}
    taken = asyncio.run(measure(app, list(ADDRESSES), turns))
    return {address: Views(cold[address], times[0], tuple(times[1:])) for address, times in taken.items()}


def show(title: str, found: dict[str, Views], console: Console) -> None:
    """The figures as a table."""
    table = Table(title=title, title_justify="left")
    table.add_column("page, ms")
    for heading in ("cold", "warm, first", "warm, median", "warm, slowest"):
        table.add_column(heading, justify="right")
    for address, each in found.items():
        figures = (each.cold, each.first, statistics.median(each.later), max(each.later))
        table.add_row(address, *(f"{figure:.0f}" for figure in figures))
    console.print(table)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.board", description=__doc__)
    parser.add_argument("--pupils", type=int, default=2000)
    parser.add_argument("--turns", type=int, default=20)
    given = parser.parse_args()
    quiet()
    screen = Console()
    console = screen if screen.is_terminal else Console(width=120)
    for share in (UNEXPLAINED_SHARE, 1.0):
        with tempfile.TemporaryDirectory(prefix="notifier-bench-") as folder:
            app = build(Path(folder), given.pupils, share)
            settle_memory()
            title = f"{given.pupils:,} pupils, {int(given.pupils * share):,} on the board; aim for the first view: {AIM_MS} ms"
            show(title, views(app, given.turns), console)
            app.database.close()
    console.print(
        "Cold: the first page of a server that had only just started. Warm: once it had made its templates ready, beside its work."
    )


if __name__ == "__main__":
    main()
