"""`python -m bench.search`: fills a log with years of messages and replies, and measures the first page of each search.

The rows are made up and written straight into the tables, as the services would have left them. One page is 50 entries with the whole
messages; each search is made several times, of which the first (cold) and the median are shown.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from sqlalchemy import Connection, Interval, func, insert, literal, select

from bench import postgres
from bench.quiet import quiet
from notifier.domain.search_words import kept_words
from notifier.store import message_log
from notifier.store.database import Database, insert_rows
from notifier.store.message_log import Wanted
from notifier.store.tables import log_entries, message_pupils, messages, replies, reply_pupils

BEGINS = datetime(2021, 9, 1, 9, 30, tzinfo=UTC)
DAYS = 5 * 190
PUPILS = 1200
NAMES = [
    "Aisha",
    "Ben",
    "Chloe",
    "Dawid",
    "Ewa",
    "Farah",
    "George",
    "Hana",
    "Ivan",
    "Jakub",
    "Khadija",
    "Leo",
    "Maja",
    "Noor",
    "Oliver",
    "Priya",
    "Quinn",
    "Rosa",
    "Sam",
    "Tariq",
]
ANSWERS = (
    "She has a tummy bug and will be back tomorrow", "dentist this morning sorry", "overslept on our way now",
    "He is in school I dropped him off myself", "zlamal reke jestesmy w szpitalu", "temperature all night, doctor at 11",
    "جی وہ بیمار ہے", "bus did not come", "sorry forgot to ring, she is poorly",
)  # fmt: skip
OLDEST = 250_000
"""So many entries are made one by one; more are these again, later and later, copied inside the engine."""

RARE = 50_000
"""One entry of so many has a rare word, state and template; it belongs to the school that is searched."""

STATES = ("delivered",) * 93 + ("sent",) * 3 + ("cancelled",) * 2 + ("undelivered", "expired")


def fill(connection_of: Callable[[], Any], rows: int, schools: int) -> None:
    """Write that many entries of that many schools, in the order in which they would have come. A long log is a shorter one, repeated."""
    copies = max(1, rows // OLDEST)
    days = DAYS // copies
    started = time.monotonic()
    _make(connection_of, rows // copies, schools, days)
    for copy in range(1, copies):
        with connection_of() as connection:
            _hurry(connection)
            _repeat(connection, copy, days)
        print(f"{(copy + 1) * (rows // copies):,} rows, {time.monotonic() - started:.0f} s", file=sys.stderr)


def _hurry(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":  # of the making only; measuring opens the file anew
        connection.exec_driver_sql("PRAGMA cache_size = -1500000")


def _repeat(connection: Connection, copy: int, days: int) -> None:
    """The first entries once more: same schools, pupils and words, other ids, so many days later each time."""
    later = copy * days
    for table, ids, instants in (
        (messages, ("message_id", "identity", "provider_id"), ("created_at",)),
        (message_pupils, ("message_id",), ()),
        (replies, ("reply_id", "provider_id"), ("received_at",)),
        (reply_pupils, ("reply_id",), ()),
        (log_entries, ("item_id",), ("at",)),
    ):
        columns = [column for column in table.c if column is not log_entries.c.entry]
        taken: list[Any] = []
        for column in columns:
            if column.name in ids:
                taken.append(literal(f"c{copy:03d}") + column)
            elif column.name in instants:
                taken.append(_later(connection, column, later))
            else:
                taken.append(column)
        first = select(*taken).where(table.c[ids[0]].like("i%"))
        if table is log_entries:
            first = first.order_by(log_entries.c.entry)
        connection.execute(insert(table).from_select([column.name for column in columns], first))


def _later(connection: Connection, column: Any, days: int) -> Any:
    if connection.dialect.name == "sqlite":
        return func.strftime("%Y-%m-%d %H:%M:%S", column, f"+{days} days").concat(".000000")
    return column + literal(timedelta(days=days), Interval())


def _make(connection_of: Callable[[], Any], rows: int, schools: int, days: int) -> None:
    random, made = Random(7), 0
    batch: dict[str, list[dict[str, Any]]] = {name: [] for name in ("messages", "links", "replies", "about", "log")}
    tables = {
        "messages": messages,
        "links": message_pupils,
        "replies": replies,
        "about": reply_pupils,
        "log": log_entries,
    }
    while made < rows:
        school = f"school-{0 if made % RARE == 17 else random.randrange(schools):04d}"
        at = BEGINS + timedelta(days=made * days // rows, seconds=made % 5400)
        _one(batch, random, school, at, made)
        made += 1
        if made % 5000 == 0 or made == rows:
            with connection_of() as connection:
                _hurry(connection)
                for name, kept in batch.items():
                    insert_rows(connection, tables[name], kept)
                    kept.clear()


def _one(batch: dict[str, list[dict[str, Any]]], random: Random, school: str, at: datetime, number: int) -> None:
    pupil = random.randrange(PUPILS)
    item, carer, address = f"i{number:09d}", f"C{pupil}", f"+447{pupil:09d}"
    entry = {"school_id": school, "item_id": item, "at": at, "channel": "sms", "carer_id": carer, "address": address}
    if random.random() < 0.3:
        body = f"{random.choice(ANSWERS)} {random.choice(NAMES)}"
        batch["replies"].append(
            {"school_id": school, "reply_id": item, "provider": "bench", "provider_id": item, "channel": "sms", "sender": address,
             "recipient": "+447700900999", "body": body, "received_at": at, "carer_id": carer, "pupil_ids": [f"P{pupil}"],
             "follow_up_id": None, "intent": "illness", "urgent": False, "confidence": 0.9, "matched": []}
        )  # fmt: skip
        batch["about"].append({"school_id": school, "reply_id": item, "pupil_id": f"P{pupil}"})
        batch["log"].append({**entry, "direction": "in", "template": None, "words": kept_words(school, body)})
        return
    rare = number % RARE == 17
    template = (
        "medical_evidence"
        if rare
        else random.choice(("absence_first", "absence_first", "absence_second", "ack_illness"))
    )
    name = NAMES[pupil % len(NAMES)]
    body = (f"{school} Primary: {name} was not in class when the register closed today, {at:%a %d %b}. Please reply with the "
            f"reason, or ring 01632 960123.{' Zanzibar.' if rare else ''}")  # fmt: skip
    batch["messages"].append(
        {"school_id": school, "message_id": item, "identity": item, "audience": "carer", "pupil_ids": [f"P{pupil}"],
         "carer_id": carer, "day": at.date(), "session": "AM", "channel": "email" if number % 20 == 0 else "sms", "provider": "bench",
         "to_address": address, "template": template, "template_version": "1", "language": "en", "wanted_language": "en",
         "body": body, "encoding": "GSM-7", "segments": 1, "cost_pence": 3.2, "purpose": "absence", "step": "first",
         "status": "failed" if rare else random.choice(STATES), "provider_id": f"SM{item}", "attempts": 1, "created_at": at,
         "due_at": at, "expires_at": at, "sent_at": at, "changed_at": at}
    )  # fmt: skip
    batch["links"].append({"school_id": school, "message_id": item, "pupil_id": f"P{pupil}"})
    channel = "email" if number % 20 == 0 else "sms"
    batch["log"].append(
        {**entry, "direction": "out", "channel": channel, "template": template, "words": kept_words(school, body)}
    )


def searches(middle: datetime) -> dict[str, Wanted]:
    """The searches that are measured, by name."""
    week = {"since": middle, "until": middle + timedelta(days=7)}
    return {
        "nothing asked": Wanted(),
        "one pupil": Wanted(pupil_ids=("P17",)),
        "twenty pupils of a name": Wanted(pupil_ids=tuple(f"P{n}" for n in range(20, 40))),
        "one carer": Wanted(carer_ids=("C17",)),
        "one number": Wanted(addresses=("+447000000017",)),
        "a common word": Wanted(typed="register"),
        "a word of some answers": Wanted(typed="dentist"),
        "a rare word": Wanted(typed="zanzibar"),
        "a word that is not there": Wanted(typed="volcano"),
        "two words, beginnings": Wanted(typed="tumm tomor"),
        "a word and a rare state": Wanted(typed="register", status="failed"),
        "delivered": Wanted(status="delivered"),
        "undelivered": Wanted(status="undelivered"),
        "failed (rare)": Wanted(status="failed"),
        "leaving (none)": Wanted(status="sending"),
        "a common template": Wanted(template="absence_first"),
        "a rare template": Wanted(template="medical_evidence"),
        "e-mail": Wanted(channel="email"),
        "answers only": Wanted(direction="in"),
        "a week two years ago": Wanted(**week),
        "a week, e-mail": Wanted(channel="email", **week),
        "a year": Wanted(since=middle, until=middle + timedelta(days=365)),
    }


def measure(connection: Connection, school: str, middle: datetime, repeats: int) -> list[dict[str, Any]]:
    """Milliseconds of the first page of each search, and of a page deep in the log."""
    measured = []
    depth = connection.execute(
        select(func.max(log_entries.c.entry)).where(log_entries.c.school_id == school, log_entries.c.at < middle)
    ).scalar_one()
    wanted = [(name, value, None) for name, value in searches(middle).items()]
    for name, value, before in [
        *wanted,
        ("deep in the log", Wanted(), depth),
        ("a common word, deep", Wanted(typed="register"), depth),
    ]:
        took = []
        for _ in range(repeats):
            started = time.perf_counter()
            found = message_log.find(connection, school, value, before=before, limit=51)
            took.append((time.perf_counter() - started) * 1000)
        measured.append(
            {"search": name, "found": len(found), "first_ms": round(took[0], 1), "median_ms": round(median(took), 1)}
        )
    return measured


@contextlib.contextmanager
def _opened(kind: str, kept: Path | None) -> Iterator[str]:
    if kind == "postgresql":
        folder = postgres.installed()
        if folder is None:
            raise SystemExit("PostgreSQL is not installed here.")
        with postgres.running(folder) as server, postgres.database(server) as url:
            yield url
    elif kept is not None:
        yield f"sqlite:///{kept}"
    else:
        with tempfile.TemporaryDirectory(prefix="notifier-bench-") as folder_name:
            yield f"sqlite:///{folder_name}/log.db"


def main() -> None:
    """Fill, measure and print; the JSON goes to bench/results/search-ENGINE.json."""
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="entries of the log")
    parser.add_argument("--schools", type=int, default=20, help="schools they belong to")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="a SQLite file to fill, or to measure again when it is there")
    parser.add_argument("--out", type=Path, help="where the JSON goes")
    given = parser.parse_args()
    quiet()
    there = given.keep is not None and given.keep.exists()
    with _opened(given.database, given.keep) as url:
        database = Database(url)
        database.ensure_ready()
        started = time.monotonic()
        if not there:
            fill(database.begin, given.rows, given.schools)
        filled = time.monotonic() - started
        if given.database == "sqlite":
            database.close()
            database = Database(url)
        else:
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM ANALYZE")
        with database.read() as connection:
            middle = BEGINS + timedelta(days=DAYS // 2)
            measured = measure(connection, "school-0000", middle, given.repeats)
            rows = connection.execute(select(func.count()).select_from(log_entries)).scalar_one()
        database.close()
    print(f"{given.database}: {rows:,} entries, {given.schools} schools, filled in {filled:.0f} s")
    for one in measured:
        print(
            f"{one['search']:28} {one['found']:4} found  first {one['first_ms']:8.1f} ms  median {one['median_ms']:8.1f} ms"
        )
    out = given.out or Path(__file__).resolve().parent / "results" / f"search-{given.database}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(
        json.dumps({"rows": rows, "schools": given.schools, "searches": measured}, indent=2) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
