"""The register of a pretend school: two weeks of marks, and the marks of one morning and afternoon as they come in.

At 09:21 the registers go in, one group excepted. Most absent children are on a known illness; some fifteen to twenty carry N,
for nobody has said why. One register comes at 09:41. Children who overslept sign in one by one; a child reported missing is
found in class; at half past ten the office types in what carers answered; at 13:22 the afternoon's registers follow, with
one child missing who was there in the morning. Nothing here knows what was sent to whom.

Absence in the history fits the published rates (`notifier.demo.calibration`). The scenes of the day come on top of it, so the
morning is a busy one, about twice as many unexplained as the school's own rates would bring.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Final

from notifier.demo.calibration import RATES, STALE_SHARE, UNKNOWN_AT_CLOSE
from notifier.demo.population import DemoSchool
from notifier.demo.scenes import Scene
from notifier.demo.spells import Spell, spell_model, spells_of, weekdays_with_burn_in
from notifier.domain.people import Pupil
from notifier.domain.sessions import Session, at_local

MARK_COLUMNS: Final = ("pupil_id", "date", "session", "code", "minutes_late", "comment", "taken_at")
"""The columns of a marks file."""

HISTORY_DAYS: Final = 10
"""School days of marks before the day itself."""

PRESENT: Final = {Session.AM: "/", Session.PM: "\\"}
REGISTERS_AT: Final = time(9, 21)
LATE_REGISTER_AT: Final = time(9, 41)
LATE_CHILD_AT: Final = time(9, 48)
FOUND_IN_CLASS_AT: Final = time(9, 52)
OFFICE_AT: Final = time(10, 35)
PM_REGISTERS_AT: Final = time(13, 22)
SCHOOL_STARTS: Final = time(8, 50)
BLANKS: Final = 3
"""Pupils whom the teacher left without a mark in the morning."""

OFFICE_CODES: Final = {
    Scene.SIBLINGS: "I",
    Scene.ILLNESS_PL: "I",
    Scene.ILLNESS_UR: "I",
    Scene.COURT_ORDER: "I",
    Scene.LOOKED_AFTER: "M",
    Scene.REPORTED_AHEAD: "I",
    Scene.CALLS_OFFICE: "I",
}
"""What the office types into the register at `OFFICE_AT`, from answers, calls and yesterday's note."""


class DropKind(StrEnum):
    """Why marks come in."""

    HISTORY = "history"
    REGISTERS = "registers"
    LATE_REGISTER = "late_register"
    ARRIVAL = "arrival"
    FOUND = "found"
    OFFICE = "office"
    AFTERNOON = "afternoon"


@dataclass(frozen=True, slots=True)
class DemoMark:
    """One row of a marks file. An empty code is no mark; `taken_at` is aware UTC."""

    pupil_id: str
    date: date
    session: Session
    code: str
    minutes_late: int | None = None
    comment: str = ""
    taken_at: datetime | None = None

    def row(self) -> tuple[str, ...]:
        """The row as text, in the order of MARK_COLUMNS."""
        late = "" if self.minutes_late is None else str(self.minutes_late)
        taken = self.taken_at.isoformat() if self.taken_at else ""
        return (self.pupil_id, self.date.isoformat(), self.session.value, self.code, late, self.comment, taken)


@dataclass(frozen=True, slots=True)
class MarkDrop:
    """Marks that come in together at an instant (aware UTC), with a file name that tells when (local time) and what."""

    at: datetime
    kind: DropKind
    name: str
    rows: tuple[DemoMark, ...]


@dataclass(frozen=True, slots=True)
class ReportedAhead:
    """An absence that a carer told the office about beforehand."""

    pupil_id: str
    carer_id: str
    told_at: datetime
    day: date
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Absence:
    """What is really the matter with a pupil on the day, which the register may not know yet.

    `code` is the reason in the end, `morning` the mark when the registers go in; `arrives` is the local time at which a late
    child signs in. `first_day` is false from the second day of a spell on.
    """

    pupil_id: str
    code: str
    morning: str
    first_day: bool = True
    arrives: time | None = None
    scene: Scene | None = None
    only: Session | None = None


def write_marks_csv(path: Path, marks: Iterable[DemoMark]) -> None:
    """Write a marks file, UTF-8 with commas."""
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(MARK_COLUMNS)
        writer.writerows(mark.row() for mark in marks)


@dataclass(frozen=True)
class DemoDay:
    """One day at a pretend school, with the days before it. `absences` holds every pupil who is away or late, by id."""

    school: DemoSchool
    history_days: tuple[date, ...]
    absences: dict[str, Absence]
    spells: dict[str, tuple[Spell, ...]]
    part_time: frozenset[str]
    punctual_lapses: dict[tuple[str, int], tuple[str, int]]
    visits: frozenset[tuple[str, int]]
    stale: frozenset[str]
    blanks: frozenset[str]
    late_today: dict[str, int]

    @property
    def day(self) -> date:
        """The day itself."""
        return self.school.day

    def unexplained(self) -> tuple[str, ...]:
        """The pupils marked N in the morning registers, the late one among them, in order of their id."""
        return tuple(sorted(pupil_id for pupil_id, absence in self.absences.items() if absence.morning == "N"))

    def reported_ahead(self) -> tuple[ReportedAhead, ...]:
        """Absences told to the office before the day."""
        family = self.school.parts.get(Scene.REPORTED_AHEAD)
        if family is None:
            return ()
        before = self.history_days[-1] if self.history_days else self.day
        told = at_local(before, time(15, 40) if self.history_days else time(8, 10))
        words = "not well since lunch, staying at home tomorrow, we have a GP appointment"
        return tuple(
            ReportedAhead(pupil_id, family.carer_ids[0], told, self.day, "I", words) for pupil_id in family.pupil_ids
        )

    def history(self) -> Iterator[DemoMark]:
        """Every mark of the school days before, oldest day first."""
        for index, day in enumerate(self.history_days):
            taken = {Session.AM: at_local(day, time(9, 0)), Session.PM: at_local(day, time(13, 5))}
            for session in Session:
                for pupil in self.school.pupils:
                    code, minutes = self._past_code(pupil, index, session)
                    yield DemoMark(pupil.pupil_id, day, session, code, minutes, "", taken[session])

    def _past_code(self, pupil: Pupil, index: int, session: Session) -> tuple[str, int | None]:
        for spell in self.spells.get(pupil.pupil_id, ()):
            if spell.covers(index, session):
                recent = len(self.history_days) - index <= 5
                stale = spell.code == "O" and recent and pupil.pupil_id in self.stale
                return ("N" if stale else spell.code), None
        if session is Session.PM and pupil.pupil_id in self.part_time:
            return "C2", None
        if session is Session.AM and (pupil.pupil_id, index) in self.punctual_lapses:
            return self.punctual_lapses[pupil.pupil_id, index]
        return ("V" if (pupil.registration_group, index) in self.visits else PRESENT[session]), None

    def day_events(self) -> list[MarkDrop]:
        """The files of the day, in the order in which they come in."""
        drops = [self._drop(REGISTERS_AT, DropKind.REGISTERS, self._morning(late_register=False))]
        if self.school.late_group:
            drops.append(self._drop(LATE_REGISTER_AT, DropKind.LATE_REGISTER, self._morning(late_register=True)))
        for absence in self.absences.values():
            if absence.arrives:
                drops.append(self._arrival(absence, absence.arrives))
        found = self.school.parts.get(Scene.DISPUTE)
        if found:
            taken = at_local(self.day, FOUND_IN_CLASS_AT)
            rows = tuple(
                DemoMark(pupil_id, self.day, Session.AM, "/", comment="found in class", taken_at=taken)
                for pupil_id in found.pupil_ids
            )
            drops.append(self._drop(FOUND_IN_CLASS_AT, DropKind.FOUND, rows))
        office = tuple(self._office())
        if office:
            drops.append(self._drop(OFFICE_AT, DropKind.OFFICE, office))
        drops.append(self._drop(PM_REGISTERS_AT, DropKind.AFTERNOON, tuple(self._afternoon())))
        return sorted(drops, key=lambda drop: (drop.at, drop.name))

    def _drop(self, moment: time, kind: DropKind, rows: tuple[DemoMark, ...], name: str = "") -> MarkDrop:
        stem = f"marks-{self.day.isoformat()}-{moment:%H%M}-{kind.value.replace('_', '-')}"
        return MarkDrop(at_local(self.day, moment), kind, f"{stem}{name}.csv", rows)

    def _arrival(self, absence: Absence, arrives: time) -> MarkDrop:
        taken = at_local(self.day, arrives)
        minutes = (arrives.hour - SCHOOL_STARTS.hour) * 60 + arrives.minute - SCHOOL_STARTS.minute
        mark = DemoMark(absence.pupil_id, self.day, Session.AM, "U", minutes, "signed in at the office", taken)
        return self._drop(arrives, DropKind.ARRIVAL, (mark,), f"-{absence.pupil_id}")

    def _morning(self, *, late_register: bool) -> tuple[DemoMark, ...]:
        early, late = at_local(self.day, time(8, 58)), at_local(self.day, LATE_REGISTER_AT)
        rows = []
        for pupil in self.school.pupils:
            in_late_group = pupil.registration_group == self.school.late_group
            if late_register and not in_late_group:
                continue
            if in_late_group and not late_register:
                # the export of a MIS lists the group with no marks at all
                rows.append(DemoMark(pupil.pupil_id, self.day, Session.AM, ""))
                continue
            code = "" if pupil.pupil_id in self.blanks else self._morning_code(pupil)
            minutes = self.late_today.get(pupil.pupil_id) if code == "L" else None
            taken = None if not code else late if in_late_group else early
            rows.append(DemoMark(pupil.pupil_id, self.day, Session.AM, code, minutes, "", taken))
        return tuple(rows)

    def _morning_code(self, pupil: Pupil) -> str:
        absence = self.absences.get(pupil.pupil_id)
        if absence is not None:
            return absence.morning
        return "L" if pupil.pupil_id in self.late_today else "/"

    def _office(self) -> Iterator[DemoMark]:
        taken = at_local(self.day, OFFICE_AT)
        for scene, code in OFFICE_CODES.items():
            family = self.school.parts.get(scene)
            for pupil_id in family.pupil_ids if family else ():
                yield DemoMark(pupil_id, self.day, Session.AM, code, taken_at=taken)

    def _afternoon(self) -> Iterator[DemoMark]:
        taken = at_local(self.day, time(13, 6))
        for pupil in self.school.pupils:
            code = self._afternoon_code(pupil.pupil_id)
            yield DemoMark(pupil.pupil_id, self.day, Session.PM, code, taken_at=taken)

    def _afternoon_code(self, pupil_id: str) -> str:
        absence = self.absences.get(pupil_id)
        if absence is None:
            return "C2" if pupil_id in self.part_time else "\\"
        if absence.scene is Scene.LEFT_DURING_DAY:
            return "N"
        if absence.arrives or absence.scene is Scene.DISPUTE or absence.only is Session.AM:
            return "\\"
        if absence.only is Session.PM:
            return absence.code
        return OFFICE_CODES.get(absence.scene, absence.morning) if absence.scene else absence.morning


def make_day(
    school: DemoSchool, *, unknown_at_close: float = UNKNOWN_AT_CLOSE, extra_unexplained: float = 0.0
) -> DemoDay:
    """Make the day and the two weeks before it: the same for the same school and arguments.

    `unknown_at_close` is the share of first-day absentees whose reason is not known when the register closes.
    `extra_unexplained` marks this share of the pupils who would be present with N as well: for load tests, and to show what
    the guard against unusual absence does.
    """
    chance = Random(f"{school.key}/{school.seed}/{len(school.pupils)}/absence")
    days = school.year.days_before(school.day, HISTORY_DAYS)
    visits = RATES[school.phase].visits / 100
    drawn = _Drawn(school, chance, len(days), weekdays_with_burn_in((*days, school.day)), unknown_at_close)
    away_on_visits = frozenset(
        (group, index) for group in school.groups for index in range(len(days)) if chance.random() < visits
    )
    cast = school.cast()
    present = []
    for pupil in school.pupils:
        if pupil.pupil_id in cast:
            drawn.play(pupil, cast[pupil.pupil_id])
        elif drawn.live(pupil, extra_unexplained) and pupil.registration_group != school.late_group:
            present.append(pupil.pupil_id)
    blanks = chance.sample(present, BLANKS) if len(present) >= 20 * BLANKS else []
    return DemoDay(
        school=school,
        history_days=days,
        absences=drawn.absences,
        spells=drawn.spells,
        part_time=frozenset(drawn.part_time),
        punctual_lapses=drawn.lapses,
        visits=away_on_visits,
        stale=frozenset(drawn.stale),
        blanks=frozenset(blanks),
        late_today=drawn.late_today,
    )


class _Drawn:
    """What has been drawn for the pupils so far: their spells, their lateness, and how they stand today."""

    def __init__(
        self, school: DemoSchool, chance: Random, today: int, weekdays: tuple[int, ...], unknown_at_close: float
    ) -> None:
        self._chance = chance
        self._rates = RATES[school.phase]
        self._model = spell_model(school.phase)
        self._late_group = school.late_group
        self._today = today
        self._weekdays = weekdays
        self._unknown_at_close = unknown_at_close
        self.spells: dict[str, tuple[Spell, ...]] = {}
        self.absences: dict[str, Absence] = {}
        self.lapses: dict[tuple[str, int], tuple[str, int]] = {}
        self.late_today: dict[str, int] = {}
        self.part_time: set[str] = set()
        self.stale: set[str] = set()

    def play(self, pupil: Pupil, scene: Scene) -> None:
        """Set down a pupil whose family plays a scene: never away before, unless the scene says so."""
        self.absences[pupil.pupil_id] = _played(pupil.pupil_id, scene)
        if scene is Scene.DAY_TWO:
            self.spells[pupil.pupil_id] = (Spell(self._today - 1, 2, "O"),)
            self.stale.add(pupil.pupil_id)

    def live(self, pupil: Pupil, extra_unexplained: float) -> bool:
        """Draw two weeks and a day of any other pupil's life; True where the pupil is there today, and on time."""
        chance, rates, pupil_id = self._chance, self._rates, pupil.pupil_id
        own = spells_of(self._model, chance, self._weekdays)
        if own:
            self.spells[pupil_id] = own
        if chance.random() < rates.part_time * 2 / 100:  # every afternoon, so twice the rate in sessions
            self.part_time.add(pupil_id)
        stale = chance.random() < STALE_SHARE
        if stale:
            self.stale.add(pupil_id)
        for index in range(self._today):
            lapse = _lapse(chance, rates.late_after, rates.late_before)
            if lapse:
                self.lapses[pupil_id, index] = lapse
        absence = _absent_today(chance, pupil_id, own, self._today, self._unknown_at_close, stale=stale)
        if absence is None:
            lapse = _lapse(chance, rates.late_after, rates.late_before)
            if lapse and lapse[0] == "L":
                self.late_today[pupil_id] = lapse[1]
            elif lapse:
                in_late_group = pupil.registration_group == self._late_group
                absence = _late_after_close(chance, pupil_id, in_late_group=in_late_group)
        if absence is None and extra_unexplained and chance.random() < extra_unexplained:
            absence = Absence(pupil_id, "I", "N")
        if absence is not None:
            self.absences[pupil_id] = absence
        return absence is None and pupil_id not in self.late_today


def _played(pupil_id: str, scene: Scene) -> Absence:
    """The absence of a pupil whose family plays a scene."""
    if scene is Scene.LEFT_DURING_DAY:
        return Absence(pupil_id, "N", "/", scene=scene, only=Session.PM)
    if scene is Scene.WITHDRAWN_CODE:
        return Absence(pupil_id, "G", "H", scene=scene)
    code = {Scene.LATE: "U", Scene.DISPUTE: "/", Scene.SAFEGUARDING: "N", Scene.NO_ANSWER: "O"}.get(scene, "I")
    return Absence(
        pupil_id,
        OFFICE_CODES.get(scene, code),
        "N",
        first_day=scene is not Scene.DAY_TWO,
        arrives=LATE_CHILD_AT if scene is Scene.LATE else None,
        scene=scene,
    )


def _absent_today(
    chance: Random, pupil_id: str, spells: tuple[Spell, ...], today: int, unknown_at_close: float, *, stale: bool
) -> Absence | None:
    spell = next((s for s in spells if s.first <= today < s.first + s.days), None)
    if spell is None:
        return None
    first_day = spell.first == today
    morning = "/" if spell.only is Session.PM else spell.code
    if morning in ("I", "O"):
        # leave, appointments and exclusions are known beforehand; illness and "other" are what nobody may have told
        unknown = chance.random() < unknown_at_close if first_day else stale and morning == "O"
        morning = "N" if unknown else morning
    return Absence(pupil_id, spell.code, morning, first_day, only=spell.only)


def _lapse(chance: Random, late_after: float, late_before: float) -> tuple[str, int] | None:
    """A late arrival in one morning: code and minutes. Rates are of all sessions and lateness is a morning's, hence twice."""
    draw = chance.random() * 100
    if draw < late_after * 2:
        return "U", chance.randrange(32, 110)
    if draw < (late_after + late_before) * 2:
        return "L", chance.randrange(1, 30)
    return None


def _late_after_close(chance: Random, pupil_id: str, *, in_late_group: bool) -> Absence:
    """A child who is marked N at first and signs in later: U."""
    minute = chance.randrange(45 if in_late_group else 23, 100)  # from 09:23, or after the late register came in
    return Absence(pupil_id, "U", "N", arrives=time(9 + minute // 60, minute % 60))
