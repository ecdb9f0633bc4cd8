"""`make bench`: one morning of 1,000 and of 50,000 pupils on SQLite and PostgreSQL, beside a bare loop of the same POSTs.

`--quick` takes the small school once and is done within a minute. Nothing leaves this machine: the provider is a local stub.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import pstats
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import postgres, stub
from bench.measure import run_morning, warm_up
from bench.population import write_schools
from bench.quiet import quiet
from bench.report import Case, as_json, show, write
from notifier.services.memory import settle_memory

RESULTS = Path(__file__).resolve().parent / "results"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 pupils, once: a first look in under a minute")
    parser.add_argument("--pupils", type=int, nargs="+", default=[1000, 50000], help="sizes to measure")
    parser.add_argument("--repeats", type=int, default=3, help="mornings of each size; medians are shown")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="how long the stub waits before it answers")
    parser.add_argument("--batch-size", type=int, default=500, help="messages claimed at a time")
    parser.add_argument("--database", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"])
    parser.add_argument("--profile", action="store_true", help="write where the time goes; figures are then slower")
    parser.add_argument("--out", type=Path, default=RESULTS / "latest.json", help="where the JSON goes")
    given = parser.parse_args()
    if given.quick:
        given.pupils, given.repeats = [1000], 1
    return given


@contextlib.contextmanager
def _fresh_sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="notifier-bench-") as folder:
        yield f"sqlite:///{folder}/notifier.db"


def _measure(
    given: argparse.Namespace, name: str, fresh: Callable[[], contextlib.AbstractContextManager[str]], console: Console
) -> list[Case]:
    cases = []
    for pupils in given.pupils:
        with tempfile.TemporaryDirectory(prefix="notifier-bench-") as folder, stub.running(given.latency_ms) as url:
            console.print(f"{name}: making the files of {pupils:,} pupils …", style="dim")
            files = write_schools(Path(folder), pupils)
            with fresh() as database:
                warm_up(database, url, files, batch_size=given.batch_size)
            mornings = []
            for turn in range(given.repeats):
                profile = cProfile.Profile() if given.profile else None
                with fresh() as database:
                    made = run_morning(database, url, files, batch_size=given.batch_size, profile=profile)
                mornings.append(made)
                console.print(
                    f"{name}: {pupils:,} pupils, {turn + 1} of {given.repeats}: {made.messages:,} messages in "
                    f"{made.path.seconds:.2f} s, hand-over {made.hand_over.rate:,.0f}/s, bare {made.bare.rate:,.0f}/s",
                    style="dim",
                )
                if profile:
                    _write_profile(profile, given.out.parent / f"profile-{name}-{pupils}.txt")
            cases.append(Case(name, pupils, len(files), tuple(mornings)))
    return cases


def _write_profile(profile: cProfile.Profile, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as handle:
        for order in ("tottime", "cumulative"):
            pstats.Stats(profile, stream=handle).sort_stats(order).print_stats(60)


def main() -> None:
    """Measure, print, and write bench/results/latest.json."""
    given = _arguments()
    quiet()
    settle_memory()  # as the entry points do
    console = Console(stderr=True)
    cases: list[Case] = []
    if "sqlite" in given.database:
        cases += _measure(given, "sqlite", _fresh_sqlite, console)
    versions: dict[str, str] = {}
    if "postgresql" in given.database:
        folder = postgres.installed()
        if folder is None:
            console.print("PostgreSQL is not installed here, so only SQLite was measured.", style="yellow")
        else:
            versions["postgresql"] = postgres.version(folder)
            with postgres.running(folder) as server:
                cases += _measure(given, "postgresql", lambda: postgres.database(server), console)
    options: dict[str, Any] = {
        name: getattr(given, name) for name in ("pupils", "repeats", "latency_ms", "batch_size", "profile")
    }
    write(given.out, as_json(cases, options=options, versions=versions))
    screen = Console()
    show(cases, screen if screen.is_terminal else Console(width=120))


if __name__ == "__main__":
    main()
