"""A pretend day: absence fits the published rates, comes in spells, and the morning holds every scene that was promised."""

from __future__ import annotations

from collections import Counter
from datetime import date, time, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.configuration.codes import load_codes
from notifier.demo.absence import (
    FOUND_IN_CLASS_AT,
    LATE_CHILD_AT,
    DemoDay,
    DemoMark,
    DropKind,
    make_day,
    write_marks_csv,
)
from notifier.demo.calibration import RATES
from notifier.demo.families import REPLIES, SCENE_BEHAVIOURS, Behaviour, Families
from notifier.demo.network import trouble_for
from notifier.demo.population import make_school
from notifier.demo.scenes import SCENES, UNEXPLAINED_SCENES, Scene
from notifier.demo.spells import BURN_IN, spell_model, spells_of
from notifier.domain.codes import CodeEffect
from notifier.domain.sessions import Session, local_time
from notifier.registers.marks import read_marks

TUESDAY = date(2026, 11, 24)
PRESENT = frozenset("/\\LV")


@pytest.fixture(scope="module")
def morning() -> DemoDay:
    return make_day(make_school(day=TUESDAY))


def latest_marks(day: DemoDay, until: time) -> dict[tuple[str, Session], DemoMark]:
    """The newest mark of each pupil and session once everything up to a local time has come in."""
    return {
        (mark.pupil_id, mark.session): mark
        for drop in day.day_events()
        if local_time(drop.at) <= until
        for mark in drop.rows
        if mark.code
    }


def codes_of(day: DemoDay, scene: Scene, until: time, session: Session = Session.AM) -> set[str]:
    marks = latest_marks(day, until)
    return {marks[pupil_id, session].code for pupil_id in day.school.parts[scene].pupil_ids}


# --- rates ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["primary", "secondary"])
def register(request: pytest.FixtureRequest) -> tuple[str, list[DemoMark]]:
    """Two weeks of marks of 3,000 pupils or more, over several schools of one phase, the scenes' families left out."""
    marks: list[DemoMark] = []
    schools = [(600, seed) for seed in range(10)] if request.param == "primary" else [(1_500, s) for s in range(6)]
    for pupils, seed in schools:
        school = make_school(pupils=pupils, seed=seed, day=TUESDAY)
        cast = school.cast()
        marks += [mark for mark in make_day(school).history() if mark.pupil_id not in cast]
    return request.param, marks


def test_absence_over_two_weeks_fits_the_published_rates(register: tuple[str, list[DemoMark]]) -> None:
    phase, marks = register
    rates = RATES[phase]
    share = {code: 100 * count / len(marks) for code, count in Counter(mark.code for mark in marks).items()}
    overall = sum(value for code, value in share.items() if code not in PRESENT)
    assert overall == pytest.approx(rates.overall, rel=0.06)
    assert share["I"] == pytest.approx(rates.codes["I"], rel=0.10)
    assert share["O"] + share["N"] == pytest.approx(rates.codes["O"] + rates.codes["N"], rel=0.15)
    assert share["M"] == pytest.approx(rates.codes["M"], rel=0.25)
    assert share["L"] == pytest.approx(rates.late_before, rel=0.10)
    assert share["U"] == pytest.approx(rates.late_after, rel=0.25)
    assert share["C2"] == pytest.approx(rates.part_time, rel=0.6)  # few pupils, every afternoon


@pytest.mark.parametrize("phase", ["primary", "secondary"])
def test_a_year_of_spells_fits_persistence_weekdays_and_lengths(phase: str) -> None:
    model, rates, chance = spell_model(phase), RATES[phase], Random(3)
    weekdays = [index % 5 for index in range(190 + BURN_IN)]
    by_weekday, persistent, spells, short = [0] * 5, 0, 0, 0
    one_by_one = (rates.late_after + rates.part_time) / 100 * 380
    for _ in range(3_000):
        missed = 0
        for spell in spells_of(model, chance, weekdays):
            spells += spell.first >= 0
            short += spell.first >= 0 and spell.only is None and spell.days <= 2
            for index in range(max(0, spell.first), min(190, spell.first + spell.days)):
                sessions = 1 if spell.only else 2
                missed += sessions
                by_weekday[(index + BURN_IN) % 5] += sessions
        persistent += missed + one_by_one >= 38
    assert persistent / 30 == pytest.approx(rates.persistent, rel=0.12)
    assert short / spells == pytest.approx(0.5, abs=0.08)  # FFT Education Datalab: half of spells last 1 or 2 days
    friday = by_weekday[4] / (sum(by_weekday) / 5)
    assert friday == pytest.approx(rates.weekdays[4] / (sum(rates.weekdays) / 5), rel=0.05)
    assert max(by_weekday) == by_weekday[4]


@pytest.mark.parametrize("phase", ["primary", "secondary"])
def test_the_published_codes_add_up_to_the_published_absence(phase: str) -> None:
    rates = RATES[phase]
    assert sum(rates.codes.values()) + rates.part_time + rates.late_after == pytest.approx(rates.overall, abs=0.005)


def test_every_code_in_the_registers_but_the_withdrawn_one_is_in_force(morning: DemoDay) -> None:
    known = load_codes()
    used = {m.code for m in morning.history()} | {m.code for d in morning.day_events() for m in d.rows}
    assert {code for code in used if known.effect(code) is CodeEffect.UNKNOWN} == {"H"}
    assert codes_of(morning, Scene.WITHDRAWN_CODE, time(10)) == {"H"}


# --- the day -------------------------------------------------------------------------------------------------------


def test_the_same_seed_tells_the_same_day(morning: DemoDay) -> None:
    again = make_day(make_school(day=TUESDAY))
    assert again.day_events() == morning.day_events()
    assert list(again.history()) == list(morning.history())


def test_another_seed_tells_another_day(morning: DemoDay) -> None:
    assert make_day(make_school(day=TUESDAY, seed=8)).unexplained() != morning.unexplained()


@pytest.mark.parametrize("seed", [1, 7, 42])
def test_about_fifteen_to_twenty_absences_are_unexplained(seed: int) -> None:
    day = make_day(make_school(day=TUESDAY, seed=seed))
    assert 15 <= len(day.unexplained()) <= 24


def test_the_default_morning_is_the_one_the_story_tells(morning: DemoDay) -> None:
    assert len(morning.unexplained()) == 18
    assert 38 <= len(morning.absences) <= 46


@settings(max_examples=25, deadline=None)
@given(pupils=st.integers(1, 500), seed=st.integers(0, 5_000))
def test_by_the_afternoon_every_pupil_has_a_mark_for_each_session_or_was_left_blank(pupils: int, seed: int) -> None:
    day = make_day(make_school(pupils=pupils, seed=seed, day=TUESDAY))
    marks = latest_marks(day, time(14))
    for pupil in day.school.pupils:
        assert (pupil.pupil_id, Session.PM) in marks
        assert ((pupil.pupil_id, Session.AM) in marks) != (pupil.pupil_id in day.blanks)
    unexplained = set(day.unexplained())
    first_seen: dict[str, str] = {}
    for drop in day.day_events():
        for mark in drop.rows:
            if mark.session is Session.AM and mark.code:
                first_seen.setdefault(mark.pupil_id, mark.code)
    assert {pupil_id for pupil_id, code in first_seen.items() if code == "N"} == unexplained


def test_the_files_come_in_order_and_are_named_by_local_time(morning: DemoDay) -> None:
    drops = morning.day_events()
    assert [drop.at for drop in drops] == sorted(drop.at for drop in drops)
    assert len({drop.name for drop in drops}) == len(drops)
    assert drops[0].name == "marks-2026-11-24-0921-registers.csv"
    assert drops[-1].kind is DropKind.AFTERNOON
    summer = make_day(make_school(pupils=30, day=date(2027, 6, 15))).day_events()[0]
    assert (summer.at.hour, summer.name) == (8, "marks-2027-06-15-0921-registers.csv")


def test_one_group_has_no_marks_until_its_register_comes(morning: DemoDay) -> None:
    late = {p.pupil_id for p in morning.school.pupils if p.registration_group == morning.school.late_group}
    early = latest_marks(morning, time(9, 40))
    assert not {pupil_id for pupil_id, _ in early} & late
    assert late <= {pupil_id for pupil_id, _ in latest_marks(morning, time(9, 41))}
    assert codes_of(morning, Scene.THANKS_ONLY, time(9, 45)) == {"N"}


def test_every_unexplained_scene_begins_with_n(morning: DemoDay) -> None:
    for scene in UNEXPLAINED_SCENES:
        assert codes_of(morning, scene, time(9, 42)) == {"N"}, scene


def test_the_late_child_arrives_and_the_disputed_child_is_found(morning: DemoDay) -> None:
    assert codes_of(morning, Scene.LATE, LATE_CHILD_AT) == {"U"}
    assert codes_of(morning, Scene.DISPUTE, time(9, 51)) == {"N"}
    assert codes_of(morning, Scene.DISPUTE, FOUND_IN_CLASS_AT) == {"/"}
    arrival = next(d for d in morning.day_events() if d.kind is DropKind.ARRIVAL)
    assert arrival.rows[0].minutes_late == 58


def test_one_child_is_there_in_the_morning_and_missing_in_the_afternoon(morning: DemoDay) -> None:
    assert codes_of(morning, Scene.LEFT_DURING_DAY, time(12)) == {"/"}
    assert codes_of(morning, Scene.LEFT_DURING_DAY, time(14), Session.PM) == {"N"}


def test_one_absence_is_unexplained_since_the_day_before(morning: DemoDay) -> None:
    (pupil_id,) = morning.school.parts[Scene.DAY_TWO].pupil_ids
    before = [m.code for m in morning.history() if m.pupil_id == pupil_id and m.date == morning.history_days[-1]]
    assert before == ["N", "N"]
    assert not morning.absences[pupil_id].first_day


def test_one_absence_was_reported_ahead_by_its_own_carer(morning: DemoDay) -> None:
    (told,) = morning.reported_ahead()
    assert told.told_at.date() < told.day == TUESDAY
    assert told.carer_id in {contact.carer_id for contact in morning.school.contacts[told.pupil_id]}


def test_most_absent_children_are_on_a_known_spell_outside_the_scenes() -> None:
    day = make_day(make_school(pupils=1_000, day=TUESDAY))
    ordinary = [absence for absence in day.absences.values() if absence.scene is None]
    assert sum(absence.morning == "N" for absence in ordinary) < 0.4 * len(ordinary)
    assert sum(not absence.first_day for absence in ordinary) > 0.4 * len(ordinary)


def test_unusual_absence_can_be_asked_for() -> None:
    school = make_school(day=TUESDAY)
    day = make_day(school, extra_unexplained=0.25)
    assert len(day.unexplained()) > 0.15 * len(school.pupils)


def test_our_own_reader_takes_the_marks(morning: DemoDay, tmp_path) -> None:
    history = tmp_path / "marks-history.csv"
    write_marks_csv(history, morning.history())
    drops = {history: list(morning.history())}
    for drop in morning.day_events():
        path = tmp_path / drop.name
        write_marks_csv(path, drop.rows)
        drops[path] = list(drop.rows)
    for path, marks in drops.items():
        read = read_marks(path, filename=path.name, today=TUESDAY)
        assert read.refused == ()
        assert Counter(
            (r.pupil_id, r.date, r.session, r.code, r.minutes_late, r.taken_at) for r in read.rows
        ) == Counter((m.pupil_id, m.date, m.session, m.code, m.minutes_late, m.taken_at) for m in marks)


# --- families and network ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scene", SCENES)
def test_the_first_carer_of_every_scene_behaves_as_the_scene_says(morning: DemoDay, scene: Scene) -> None:
    family = morning.school.parts[scene]
    plan = Families(morning).plan_for(family.carer_ids[0], family.pupil_ids)
    assert plan.behaviour is SCENE_BEHAVIOURS[scene]
    answers = plan.behaviour not in (Behaviour.NO_ANSWER, Behaviour.CALLS_OFFICE)
    assert bool(plan.replies) == answers
    assert scene.story.endswith(".")


@pytest.mark.parametrize(
    ("scene", "language"), [(Scene.ILLNESS_PL, "pl"), (Scene.ILLNESS_UR, "ur"), (Scene.DAY_TWO, "cy")]
)
def test_carers_answer_in_their_own_language(morning: DemoDay, scene: Scene, language: str) -> None:
    family = morning.school.parts[scene]
    (reply,) = Families(morning).plan_for(family.carer_ids[0], family.pupil_ids).replies
    assert reply.language == language
    pupil = morning.school.by_id[family.pupil_ids[0]]
    assert reply.text in {text.format(name=pupil.called) for text in REPLIES[Behaviour.ILLNESS][language]}


def test_one_answer_speaks_for_brother_and_sister(morning: DemoDay) -> None:
    family = morning.school.parts[Scene.SIBLINGS]
    (reply,) = Families(morning).plan_for(family.carer_ids[0], family.pupil_ids).replies
    assert all(morning.school.by_id[pupil_id].called in reply.text for pupil_id in family.pupil_ids)
    assert "both" in reply.text


def test_the_late_child_comes_after_the_carer_said_so_and_thanks_follow(morning: DemoDay) -> None:
    family = morning.school.parts[Scene.LATE]
    plan = Families(morning).plan_for(family.carer_ids[0], family.pupil_ids)
    assert plan.replies[0].delay < timedelta(minutes=18)  # text at 09:30, arrival at 09:48
    assert plan.after_all_clear is not None


def test_a_plan_is_the_same_however_often_and_in_whatever_order_it_is_asked(morning: DemoDay) -> None:
    wanted = [(c.carer_id, (p,)) for p in morning.unexplained() for c in morning.school.contacts[p]]
    first, second = Families(morning), Families(morning)
    forwards = [first.plan_for(*ask) for ask in wanted]
    backwards = [second.plan_for(*ask) for ask in reversed(wanted)]
    assert forwards == backwards[::-1]


def test_a_carer_told_wrongly_that_a_child_is_absent_mostly_objects(morning: DemoDay) -> None:
    families = Families(morning)
    there = [p for p in morning.school.pupils if p.pupil_id not in morning.absences]
    said = Counter(families.behaviour_of(morning.school.contacts[p.pupil_id][0].carer_id, [p.pupil_id]) for p in there)
    assert set(said) == {Behaviour.DISPUTE, Behaviour.NO_ANSWER}
    assert said[Behaviour.DISPUTE] > 0.8 * len(there)


def test_no_made_up_answer_gives_a_number_away() -> None:
    for worded in REPLIES.values():
        assert "en" in worded
        for texts in worded.values():
            assert all(sum(letter.isdigit() for letter in text) < 5 for text in texts)


def test_each_kind_of_network_trouble_hits_its_scene_and_only_a_few_others(morning: DemoDay) -> None:
    school = morning.school
    trouble = trouble_for(school)
    first = {scene: school.carers[family.carer_ids[0]] for scene, family in school.parts.items()}
    assert first[Scene.ILLNESS_PL].mobile in trouble.temporary
    assert first[Scene.DAY_TWO].mobile in trouble.permanent
    assert first[Scene.THANKS_ONLY].mobile in trouble.lost_answers
    assert first[Scene.DAY_TWO].email, "the text fails, and an e-mail can follow"
    hit = [*trouble.temporary, *trouble.permanent, *trouble.lost_answers]
    assert len(set(hit)) == len(hit) < 0.06 * len(school.carers)
    assert {carer.mobile for carer in first.values()} & set(hit) == {
        first[scene].mobile for scene in (Scene.ILLNESS_PL, Scene.DAY_TWO, Scene.THANKS_ONLY)
    }
    assert trouble_for(make_school(day=TUESDAY)) == trouble
