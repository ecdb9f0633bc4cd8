"""The stage of a demonstration: a folder of its own, a fresh database, and a network that reaches nobody.

Nothing here looks at the real settings, the environment's secrets or anybody's database. A folder that is not a
demonstration's own is never emptied: the file `MARKER` says which one is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree
from typing import Final

import structlog

from notifier.channels.simulator import NO_TROUBLE, Fate, SimulatedNetwork, SimulatorChannel
from notifier.demo.absence import DemoDay, write_marks_csv
from notifier.demo.network import NetworkTrouble, trouble_for
from notifier.demo.population import DemoSchool
from notifier.domain.schools import School
from notifier.domain.sessions import Session, at_local
from notifier.paths import data_folder
from notifier.services import schools, take_in
from notifier.services.application import Application, load_application
from notifier.services.hand_over import Pace
from notifier.settings import load_settings

MARKER: Final = ".notifier-demo"
DATABASE: Final = "notifier.db"
FILES: Final = "files"
CONFIGURATION: Final = "config"
LOG: Final = "notifier.log"

SET_UP_AT: Final = time(15, 30)
"""When, on the school day before, the school is set up: after that day's last texts, so that its past stays the past."""

OFFICER: Final = "Alice Morgan, attendance officer"
REVIEWER: Final = "Demo reviewer (not a real review)"
SECRET_KEY: Final = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"  # noqa: S105 - of made-up people
"""Seals the second factors of made-up people, so that the page which sets one up can be tried. It guards nothing."""

LANGUAGES: Final = ("pl", "ur", "cy")
"""The complete translations, approved for the pretend school only."""


class NotADemoFolder(Exception):
    """The folder holds something else; the words say what to do."""


def prepare_folder(folder: Path) -> None:
    """Make the folder, or empty it of the last demonstration. Raises NotADemoFolder where it holds anything else."""
    marker = folder / MARKER
    if folder.exists() and not folder.is_dir():
        raise NotADemoFolder(f"'{folder}' is a file. Give a folder with --dir.")
    if folder.is_dir() and any(folder.iterdir()) and not marker.is_file():
        raise NotADemoFolder(
            f"'{folder}' is not empty and not a demonstration's own folder, so nothing in it was touched. "
            "Give a new folder with --dir."
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", LOG):
        (folder / name).unlink(missing_ok=True)
    for name in (FILES, CONFIGURATION):
        if (folder / name).is_dir():
            rmtree(folder / name)
    (folder / FILES).mkdir()
    marker.write_text("Made by `notifier demo`, which empties this folder each time.\n", encoding="utf-8")


def database_url(folder: Path) -> str:
    """The address of the demonstration's database, as NOTIFIER_DATABASE_URL takes it."""
    return f"sqlite:///{(folder / DATABASE).as_posix()}"


@contextmanager
def quiet_log(path: Path) -> Iterator[None]:
    """Send the service's own log lines to a file for as long as the demonstration lasts."""
    before = structlog.get_config()
    with path.open("w", encoding="utf-8") as file:
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            logger_factory=structlog.PrintLoggerFactory(file),
            cache_logger_on_first_use=False,
        )
        try:
            yield
        finally:
            structlog.configure(**before)


class StageClock:
    """A clock that stands at the morning's minute and moves on only when somebody waits, so that waiting costs no time."""

    def __init__(self, start: datetime) -> None:
        """Stand at `start`."""
        self.now = start

    async def sleep(self, seconds: float) -> None:
        """Let pretend time pass."""
        self.now += timedelta(seconds=seconds)

    @property
    def pace(self) -> Pace:
        """The clock as services take it."""
        return Pace(clock=lambda: self.now, sleep=self.sleep)


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything the morning is played with. `rules` are the network's own: what becomes of messages to an address."""

    app: Application
    network: SimulatedNetwork
    pretend: DemoSchool
    day: DemoDay
    school: School
    folder: Path
    rules: dict[str, Fate]

    @property
    def files(self) -> Path:
        """Where the pretend MIS writes its files."""
        return self.folder / FILES


def set_stage(pretend: DemoSchool, day: DemoDay, folder: Path, *, public_url: str = "http://127.0.0.1:8000") -> Stage:
    """Build the school in a fresh database: people, two weeks of marks, approved languages, what was reported ahead."""
    rules = _fates(trouble_for(pretend))
    network = SimulatedNetwork(seed=pretend.seed, odds=NO_TROUBLE, rules=rules)
    app = load_application(
        load_settings(
            {
                "NOTIFIER_ENVIRONMENT": "development",
                "NOTIFIER_SECRET_KEY": SECRET_KEY,
                "NOTIFIER_CONFIG_DIR": str(_own_configuration(folder)),
                "NOTIFIER_DATABASE_URL": database_url(folder),
                "NOTIFIER_PUBLIC_URL": public_url,
                "NOTIFIER_CHANNELS__SMS": "simulator",
                "NOTIFIER_CHANNELS__EMAIL": "simulator",
            }
        )
    )
    app.channels = {medium: SimulatorChannel(medium, network) for medium in ("sms", "email")}
    files = folder / FILES
    set_up = at_local(day.history_days[-1] if day.history_days else day.day, _set_up_time(day))
    pretend.write_school_toml(files / "school.toml")
    school, _ = schools.add_school(app, files / "school.toml", now=set_up, by=OFFICER)
    pretend.write_people_csv(files / "people.csv")
    take_in.take_people(app, school.key, files / "people.csv", now=set_up, by=OFFICER)
    write_marks_csv(files / "marks-history.csv", day.history())
    if day.history_days:
        take_in.take_marks(app, school.key, files / "marks-history.csv", now=set_up, by=OFFICER)
    for language in LANGUAGES:
        schools.approve(app, language=language, reviewer=REVIEWER, now=set_up, school_id=school.key)
    for report in day.reported_ahead():
        schools.report_absence(
            app, school.key, report.pupil_id, first_day=report.day, last_day=report.day, by=OFFICER,
            now=max(report.told_at, set_up), code=report.code, note=report.words, sessions=tuple(Session),
        )  # fmt: skip
    return Stage(app, network, pretend, day, school, folder, rules)


def _own_configuration(folder: Path) -> Path:
    """A copy of what is shipped: wording that somebody changes in the demonstration must not change anybody's real messages."""
    own = folder / CONFIGURATION
    copytree(data_folder("config"), own, ignore=ignore_patterns("wording", "schools"), dirs_exist_ok=True)
    return own


def _set_up_time(day: DemoDay) -> time:
    return SET_UP_AT if day.history_days else time(8, 0)


def _fates(trouble: NetworkTrouble) -> dict[str, Fate]:
    return {
        **dict.fromkeys(trouble.temporary, Fate.BUSY),
        **dict.fromkeys(trouble.permanent, Fate.NOT_IN_USE),
        **dict.fromkeys(trouble.lost_answers, Fate.ANSWER_LOST),
    }
