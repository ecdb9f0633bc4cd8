"""`python -m bench.reports`: how long the reports of a term of a school take, on SQLite and on PostgreSQL.

The rows are made up and written straight into the tables: marks of both sessions of every school day, and follow-ups, messages and
answers as a large school has them. Each report is made several times; the first (cold) and the median are shown, with its pictures.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from bench import postgres
from bench.population import write_schools
from bench.quiet import quiet
from notifier.domain.schools import School
from notifier.domain.sessions import at_local
from notifier.services import reports, schools
from notifier.services.application import Application, load_application
from notifier.services.report_shapes import Span
from notifier.settings import load_settings
from notifier.store.database import insert_rows
from notifier.store.tables import current_marks, follow_ups, message_pupils, messages, replies
from notifier.web.staff.charts import draw

TERM = Span(date(2026, 9, 2), date(2026, 12, 18))
A_DAY = 45
"""Absences without a reason on a day."""


def fill(app: Application, school: School, pupils: int) -> int:
    """Write a term; returns how many rows it has."""
    random, rows = Random(7), 0
    days = app.calendar(school).school_days_between(TERM.first, TERM.last)
    for day in days:
        batch: dict[Any, list[dict[str, Any]]] = {
            table: [] for table in (current_marks, follow_ups, messages, message_pupils, replies)
        }
        away = random.sample(range(pupils), pupils // 14)
        for pupil, session in ((pupil, session) for pupil in range(pupils) for session in ("AM", "PM")):
            code = random.choice("IIIMOC") if pupil in away else "/"
            batch[current_marks].append({"school_id": school.key, "day": day, "session": session, "pupil_id": f"P{pupil}", "code": code,
                                         "changed_at": _at(day, 9, 10), "seen_at": _at(day, 9, 10)})  # fmt: skip
        for pupil in random.sample(range(pupils), A_DAY):
            _one(batch, random, school.key, day, pupil)
        with app.database.begin() as connection:
            for table, found in batch.items():
                insert_rows(connection, table, found)
                rows += len(found)
    return rows


def _at(day: date, hour: int, minute: int) -> Any:
    from datetime import time as clock

    return at_local(day, clock(hour, minute))


def _one(batch: dict[Any, list[dict[str, Any]]], random: Random, school: str, day: date, pupil: int) -> None:
    key, sent = f"{day}-{pupil}", _at(day, 9, 30)
    answered = sent + timedelta(minutes=random.randrange(1, 90)) if random.random() < 0.7 else None
    batch[follow_ups].append({
        "school_id": school, "follow_up_id": key, "pupil_id": f"P{pupil}", "day": day, "session": "AM", "reason": "unexplained", "opened_at": sent,
        "ladder_from": sent, "next_step": 1, "answered_at": answered, "closed_at": answered,
        "closed_reason": random.choice(("confirmed", "confirmed", "explained", "present")) if answered else None, "closed_code": "L", "version": 1,
    })  # fmt: skip
    for number in range(random.choice((1, 1, 2))):
        delivered = random.random() < 0.95
        batch[messages].append({
            "school_id": school, "message_id": f"{key}-{number}", "identity": f"{key}-{number}", "audience": "carer", "pupil_ids": [f"P{pupil}"],
            "carer_id": f"C{pupil}", "day": day, "session": "AM", "channel": "sms", "to_address": f"+4477009{pupil:05}", "template": "first_day_am",
            "template_version": "1", "language": "en", "wanted_language": random.choice(("en", "en", "en", "pl", "ur")), "body": "made up",
            "encoding": "GSM-7", "segments": 1, "cost_pence": 4.0, "status": "delivered" if delivered else "undelivered", "purpose": "absence",
            "step": str(number), "attempts": 1, "created_at": sent, "due_at": sent, "expires_at": sent, "sent_at": sent,
            "delivered_at": sent if delivered else None, "changed_at": sent,
        })  # fmt: skip
        batch[message_pupils].append(
            {"school_id": school, "message_id": f"{key}-{number}", "pupil_id": f"P{pupil}", "follow_up_id": key}
        )
    if answered:
        batch[replies].append({
            "school_id": school, "reply_id": key, "provider": "bench", "provider_id": key, "channel": "sms", "sender": f"+4477009{pupil:05}",
            "recipient": "+447700900999", "body": "made up", "received_at": answered, "carer_id": f"C{pupil}", "pupil_ids": [f"P{pupil}"],
            "intent": random.choice(("illness", "illness", "medical", "late", "dispute")), "urgent": False, "confidence": 0.9, "matched": [],
        })  # fmt: skip


def measure(url: str, pupils: int, repeats: int) -> dict[str, Any]:
    """Fill a database and measure every report of the term."""
    app = load_application(
        load_settings(
            {"NOTIFIER_DATABASE_URL": url, "NOTIFIER_CHANNELS__SMS": "simulator", "NOTIFIER_CHANNELS__EMAIL": "off"}
        )
    )
    try:
        with tempfile.TemporaryDirectory() as folder:
            files = write_schools(Path(folder), pupils)[0]
            school, _ = schools.add_school(app, files.school, now=_at(TERM.first, 8, 0), by="bench")
        rows = fill(app, school, pupils)
        if not app.database.is_sqlite:
            with app.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("ANALYZE")
        found: dict[str, Any] = {}
        for key in reports.REPORTS:
            times, pictures = [], 0.0
            for _ in range(repeats):
                started = time.perf_counter()
                made = reports.make(app, key, [school], TERM)
                times.append((time.perf_counter() - started) * 1000)
            started = time.perf_counter()
            for figure in made.figures:
                if figure.drawn:
                    draw(figure)
            pictures = (time.perf_counter() - started) * 1000
            found[key] = {
                "first_ms": round(times[0]),
                "median_ms": round(median(times)),
                "pictures_ms": round(pictures),
            }
        return {"rows": rows, "reports": found, "page_ms": sum(each["median_ms"] for each in found.values())}
    finally:
        app.database.close()


@contextlib.contextmanager
def _databases() -> Iterator[list[tuple[str, str]]]:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="notifier-bench-"))
        found = [("sqlite", f"sqlite:///{folder}/notifier.db")]
        programs = postgres.installed()
        if programs:
            server = stack.enter_context(postgres.running(programs))
            found.append(("postgresql", stack.enter_context(postgres.database(server))))
        yield found


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.reports", description=__doc__)
    parser.add_argument("--pupils", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    quiet()
    with _databases() as databases:
        print(json.dumps({name: measure(url, given.pupils, given.repeats) for name, url in databases}, indent=2))


if __name__ == "__main__":
    main()
