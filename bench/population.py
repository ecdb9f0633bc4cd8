"""The schools that the benchmark's morning is run for: made-up families, and as many unexplained marks as the guards let pass.

Every school has a people file and a marks file, as the office would send them. The share of unexplained marks lies just under the
limit at which a school is held, because a morning with many messages is the one that has to be fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

from notifier.demo.absence import DemoMark, write_marks_csv
from notifier.demo.population import DemoSchool, make_school
from notifier.domain.sessions import Session

DAY = date(2026, 11, 24)
MARKS_AT = datetime(2026, 11, 24, 9, 20, tzinfo=UTC)
"""When the registers come in; London is on UTC on that day."""
CONTACT_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
"""When the first texts are due."""

UNEXPLAINED_SHARE = 0.145
"""Just under the guard's 0.15; from there on a second person would have to release the school."""

SCHOOL_SIZE = 1000


@dataclass(frozen=True, slots=True)
class SchoolFiles:
    """One school's files, and how many rows they hold."""

    key: str
    school: Path
    people: Path
    marks: Path
    people_rows: int
    marks_rows: int


def write_schools(folder: Path, pupils: int) -> list[SchoolFiles]:
    """Write the files of as many schools of a thousand pupils (the last one smaller) as make up that many pupils."""
    written: list[SchoolFiles] = []
    while pupils > 0:
        number = len(written) + 1
        size = min(pupils, SCHOOL_SIZE)
        pupils -= size
        key = f"bench-{number:03d}"
        school = make_school(
            pupils=size, seed=number, day=DAY, key=key, name=f"Benchmark {number} School", unique_numbers=True
        )
        written.append(_write(folder, school))
    return written


def _write(folder: Path, school: DemoSchool) -> SchoolFiles:
    files = SchoolFiles(
        key=school.key,
        school=folder / f"{school.key}.toml",
        people=folder / f"{school.key}-people.csv",
        marks=folder / f"{school.key}-marks.csv",
        people_rows=sum(len(links) for links in school.contacts.values()),
        marks_rows=len(school.pupils),
    )
    school.write_school_toml(files.school)
    school.write_people_csv(files.people)
    chosen = Random(school.key).sample(school.pupils, int(len(school.pupils) * UNEXPLAINED_SHARE))
    absent = {pupil.pupil_id for pupil in chosen}
    write_marks_csv(
        files.marks,
        [DemoMark(p.pupil_id, DAY, Session.AM, "N" if p.pupil_id in absent else "/") for p in school.pupils],
    )
    return files
