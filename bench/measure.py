"""One morning, measured stage by stage through the same services the commands use, beside a bare loop of the same POSTs.

The bare loop is the floor: the same channel, numbers and words, the same number of calls in flight, and nothing else. It runs once
before and once after the hand-over, so that whatever else the machine is doing weighs on both alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import cProfile
import gc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import func, select

from bench.population import CONTACT_AT, DAY, MARKS_AT, SchoolFiles
from bench.stub import posts_taken
from notifier.channels.base import Channel, OutcomeKind, Outgoing
from notifier.domain.sessions import Session
from notifier.services import decide, hand_over, schools, take_in
from notifier.services.application import Application, load_application
from notifier.settings import load_settings
from notifier.store.tables import messages

FEWEST_BARE_CALLS = 1000
"""A loop over fewer calls than this is repeated, or its rate would be chance."""

IN_FLIGHT = 64


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage took: how many things it did, and seconds by the clock and of our process's CPU, all threads."""

    count: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Things a second."""
        return self.count / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU for one thing."""
        return 1000 * self.cpu / self.count

    def __add__(self, other: Stage) -> Stage:
        """Both taken together."""
        return Stage(self.count + other.count, self.seconds + other.seconds, self.cpu + other.cpu)


@dataclass(frozen=True, slots=True)
class Morning:
    """One measured morning. Rows are counted for `people` and `marks`, pupils for `decide`, messages for the others."""

    people: Stage
    marks: Stage
    decide: Stage
    hand_over: Stage
    bare: Stage
    segments: int

    @property
    def messages(self) -> int:
        """How many messages the provider took."""
        return self.hand_over.count

    @property
    def path(self) -> Stage:
        """From reading the marks files to the last message accepted, by message."""
        parts = (self.marks, self.decide, self.hand_over)
        return Stage(self.messages, sum(part.seconds for part in parts), sum(part.cpu for part in parts))


class _Watch:
    """Measures what runs inside `with`, after clearing away what earlier stages left."""

    def __init__(self, profile: cProfile.Profile | None = None) -> None:
        self._profile = profile
        self.seconds = self.cpu = 0.0

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Measure one stage."""
        gc.collect()
        if self._profile:
            self._profile.enable()
        seconds, cpu = time.perf_counter(), time.process_time()
        yield
        self.seconds, self.cpu = time.perf_counter() - seconds, time.process_time() - cpu
        if self._profile:
            self._profile.disable()

    def stage(self, count: int) -> Stage:
        """What was measured, for so many things."""
        return Stage(count, self.seconds, self.cpu)


def application(database_url: str, provider_url: str, *, batch_size: int) -> Application:
    """The application as a deployment has it, but for the provider's address and a pace without limit."""
    return load_application(
        load_settings(
            {
                "NOTIFIER_DATABASE_URL": database_url,
                "NOTIFIER_CONFIG_DIR": str(Path(__file__).resolve().parent.parent / "config"),
                "NOTIFIER_CHANNELS__EMAIL": "off",
                "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
                "TWILIO_AUTH_TOKEN": "0" * 32,
                "NOTIFIER_TWILIO__FROM_NUMBER": "+447700900999",
                "NOTIFIER_TWILIO__BASE_URL": provider_url,
                "NOTIFIER_TWILIO__CONCURRENCY": str(IN_FLIGHT),
                "NOTIFIER_TWILIO__MESSAGES_PER_SECOND": "1000000",
                "NOTIFIER_SENDING__BATCH_SIZE": str(batch_size),
            }
        )
    )


def run_morning(
    database_url: str,
    provider_url: str,
    files: Sequence[SchoolFiles],
    *,
    batch_size: int,
    profile: cProfile.Profile | None = None,
) -> Morning:
    """Measure one morning in an empty database. Raises RuntimeError where what was sent and what is on record differ."""
    app = application(database_url, provider_url, batch_size=batch_size)
    try:
        return _run(app, provider_url, files, profile)
    finally:
        app.database.close()


def _run(
    app: Application, provider_url: str, files: Sequence[SchoolFiles], profile: cProfile.Profile | None
) -> Morning:
    for file in files:
        schools.add_school(app, file.school, now=MARKS_AT, by="bench")
    people, marks, decided, sent = _Watch(), _Watch(profile), _Watch(profile), _Watch(profile)
    with people.running():
        for file in files:
            take_in.take_people(app, file.key, file.people, now=MARKS_AT, by="bench")
    with marks.running():
        taken = [take_in.take_marks(app, file.key, file.marks, now=MARKS_AT, by="bench") for file in files]
    with decided.running():
        runs = [decide.run_session(app, file.key, DAY, Session.AM, now=CONTACT_AT, by="bench") for file in files]
    if any(run.holds for run in runs):
        raise RuntimeError("a guard held a school; the benchmark's marks are not what they should be")
    outgoing = _outgoing(app)
    bare = asyncio.run(_bare_loop(app.channels["sms"], outgoing))
    before = posts_taken(provider_url)
    with sent.running():
        counts = asyncio.run(_hand_over(app))
    posts = posts_taken(provider_url) - before
    bare += asyncio.run(_bare_loop(app.channels["sms"], outgoing))
    segments = _agreed(app, counts, posts, len(outgoing))
    return Morning(
        people=people.stage(sum(file.people_rows for file in files)),
        marks=marks.stage(sum(intake.rows for intake in taken)),
        decide=decided.stage(sum(len(run.decisions) for run in runs)),
        hand_over=sent.stage(counts.accepted),
        bare=bare,
        segments=segments,
    )


async def _hand_over(app: Application) -> hand_over.SendCounts:
    pace = hand_over.Pace(lambda: datetime.now(UTC), asyncio.sleep)
    try:
        return await hand_over.hand_over(app, now=CONTACT_AT, pace=pace)
    finally:
        for channel in app.channels.values():
            await channel.close()


def _outgoing(app: Application) -> list[Outgoing]:
    """The queued texts as the channel is given them."""
    with app.database.read() as connection:
        rows = connection.execute(select(messages).where(messages.c.status == "queued", messages.c.channel == "sms"))
        return [
            Outgoing(
                attempt_id=row.message_id,
                message_id=row.message_id,
                school_id=row.school_id,
                to=row.to_address,
                body=row.body,
                expires_at=row.expires_at,
                language=row.language,
            )
            for row in rows
        ]


async def _bare_loop(channel: Channel, outgoing: Sequence[Outgoing]) -> Stage:
    """Post every message, as many at once as in the hand-over, and do nothing else."""
    times = -(-FEWEST_BARE_CALLS // len(outgoing))
    everything = list(outgoing) * times
    upcoming = iter(everything)
    watch = _Watch()

    async def caller() -> None:
        for message in upcoming:
            outcome = await channel.send(message, now=CONTACT_AT)
            if outcome.kind is not OutcomeKind.ACCEPTED:
                raise RuntimeError(f"the stub did not take a message: {outcome.detail}")

    with watch.running():
        await asyncio.gather(*(caller() for _ in range(IN_FLIGHT)))
    await channel.close()
    return watch.stage(len(everything))


def _agreed(app: Application, counts: hand_over.SendCounts, posts: int, queued: int) -> int:
    """Check that every queued text was posted once and is on record with a SID of its own; gives their segments."""
    with app.database.read() as connection:
        accepted, distinct, segments = connection.execute(
            select(func.count(), func.count(messages.c.provider_id.distinct()), func.sum(messages.c.segments)).where(
                messages.c.status == "accepted"
            )
        ).one()
    if len({queued, counts.accepted, posts, accepted, distinct}) != 1:
        raise RuntimeError(
            f"{queued} texts were queued, {posts} posted, {counts.accepted} counted as accepted, {accepted} are on record "
            f"with {distinct} different SIDs; {counts.as_json()}"
        )
    return int(segments)


def warm_up(database_url: str, provider_url: str, files: Sequence[SchoolFiles], *, batch_size: int) -> None:
    """Run a small morning first: compiled statements, templates and imports are part of no figure."""
    run_morning(database_url, provider_url, list(islice(files, 1)), batch_size=batch_size)
