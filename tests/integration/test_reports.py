"""What the reports say of days that were played: reach, times by the school's clock, days missed, costs, and what a hub lead may see."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest

from notifier.domain.small_numbers import HIDDEN
from notifier.services import report_compare, report_contacts, reports
from notifier.services.report_shapes import Span, WrongSpan, months, presets, span_of

MONDAY = date(2026, 11, 23)
DAY = Span(MONDAY, MONDAY)
BOTH_SCHOOLS = 'trust = "riverside-trust"'


@pytest.fixture
def played(make_morning, person):
    """A morning with four absences: one answered at 09:40, one late at 10:10, one with a wrong number, one without any contact."""
    morning = make_morning()
    morning.add_school(BOTH_SCHOOLS)
    morning.people(
        person("P1", "C1"), person("P2", "C2", language="pl"), person("P3", "C3"), person("P4", "C4", mobile="", email=""),
        *(person(f"P{number}", f"C{number}") for number in range(5, 25)),
    )  # fmt: skip
    marks = {f"P{number}": "N" if number < 5 else "/" for number in range(1, 25)} | {"P24": "I"}
    morning.marks(marks)
    morning.run()
    morning.send()
    for message in morning.log():
        morning.receipt(message, "delivered", "09:31")
    morning.reply("+447700900001", "she has a bad cough", "09:40")
    morning.reply("+447700900003", "wrong number", "09:50")
    morning.marks({**marks, "P2": "L"}, at="10:10")
    return morning


def figures(morning, key, span=DAY):
    with morning.app.database.read() as connection:
        school = morning.app.school(connection, morning.key)
    return {figure.key: figure for figure in reports.make(morning.app, key, [school], span).figures}


def table(figure):
    return {row[0]: row[1:] for row in figure.rows}


def test_reach_counts_each_absence_once_and_times_the_answers(played):
    found = figures(played, "reach")
    assert table(found["reach.reached"]) == {
        "Absences without a reason": (4,), "A carer was written to": (3,), "A message is known to have arrived": (3,),
        "A carer answered": (1,), "Settled": (1,),
    }  # fmt: skip
    times = table(found["reach.minutes"])
    assert times["5 to 10 minutes"] == (0,)
    assert times["10 to 20 minutes"] == (1,), "09:30 to 09:40"
    assert times["No answer to a message"] == (2,)
    assert "within 10 minutes" in found["reach.minutes"].said


def test_first_day_response_goes_by_the_schools_own_clock(played):
    head, rows = figures(played, "response")["response.times"].head, figures(played, "response")["response.times"].rows
    assert head[1:4] == ("Before 09:45", "09:45 to 10:00", "10:00 to 10:30")
    assert rows == (("Mon 23 Nov", 1, 0, 1, 0, 2, 4),)


def test_in_summer_the_cut_offs_are_an_hour_earlier_in_utc(make_morning, person):
    morning = make_morning()
    morning.day = date(2026, 10, 5)  # British Summer Time
    morning.add_school()
    morning.people(person("P1", "C1"))
    morning.marks({"P1": "N"})
    morning.run()
    morning.send()
    morning.reply("+447700900001", "she has a bad cough", "09:50")
    span = Span(date(2026, 10, 1), date(2026, 11, 30))
    assert [(each.first, each.last, each.seconds) for each in span.summer()] == [
        (date(2026, 10, 1), date(2026, 10, 24), 3600)
    ]
    assert figures(morning, "response", span)["response.times"].rows == (("Mon 5 Oct", 0, 1, 0, 0, 0, 1),)


def test_answers_are_counted_by_kind_with_their_words(played):
    rows = table(figures(played, "answers")["answers.kinds"])
    assert rows[reports.intent_words("illness")] == (1, 0) and rows[reports.intent_words("wrongnum")] == (1, 0)


def test_contacts_tell_whom_nobody_can_write_to(played):
    found = figures(played, "contacts")
    assert table(found["contacts.ways"]) == {"By text": (22,), "Only by e-mail": (0,), "Not at all": (2,)}
    assert table(found["contacts.faults"]) == {"Somebody else’s number": (1,)}
    assert table(found["contacts.outcomes"])["Arrived"][0] == 3
    with played.app.database.read() as connection:
        school = played.app.school(connection, played.key)
    assert [(row["name"], row["why"]) for row in report_contacts.put_right(played.app, school, DAY)] == [
        ("Carer C3", "Somebody else’s number")
    ]


def test_false_alarms_are_those_who_had_been_written_to(played):
    found = figures(played, "alarms")
    ((cause, number),) = found["alarms.causes"].rows
    assert cause.endswith("(L)") and number == 1
    assert table(found["alarms.signs"])["Messages that reached somebody else’s number"] == (1,)


def test_days_missed_are_counted_in_halves(played):
    found = figures(played, "absence")
    assert found["absence.time"].rows == (("Mon 23 Nov", 2.0, 1.5),), "three N and one I in one session"
    assert table(found["absence.pupils"]) == {
        "None": (20,), "Up to 1 day": (4,), "1½ to 3 days": (0,), "3½ to 5 days": (0,), "5½ to 10 days": (0,), "More than 10 days": (0,),
    }  # fmt: skip


def test_costs_are_told_by_the_familys_language(played):
    rows = table(figures(played, "cost")["cost.languages"])
    polish = rows["Polish (polski)"]
    assert polish[0] >= 1 and polish[3] >= 1, "nobody has approved the Polish, so English went out"
    english = rows["English"]
    assert english[4] == pytest.approx(4.0 * english[1])


def test_registers_that_came_late_are_told_by_group(make_morning, person):
    morning = make_morning()
    morning.add_school()
    morning.people(person("P1", "C1"), person("P2", "C2", registration_group="5A"))
    morning.marks({"P1": "/"})
    morning.run()
    morning.marks({"P2": "/"}, at="09:50")
    morning.run(at="09:50")
    ((group, why, times, minutes, by_person, never),) = figures(morning, "registers")["registers.groups"].rows
    assert (group, why, times, minutes, by_person, never) == ("5A", "Not taken", 1, 20, 0, 0)


def test_days_outside_the_span_and_other_schools_are_not_counted(played, make_morning, person):
    other = make_morning("hillside")
    other.add_school()
    assert table(figures(other, "reach")["reach.reached"])["Absences without a reason"] == (0,)
    week_before = Span(MONDAY - timedelta(days=7), MONDAY - timedelta(days=1))
    for key in reports.REPORTS:
        for figure in figures(played, key, week_before).values():
            assert not figure.drawn or figure.key == "contacts.ways"


def compared(morning, hide_small):
    with morning.app.database.read() as connection:
        schools = [school for school in morning.app.schools(connection) if school.trust == "riverside-trust"]
    made = report_compare.compare(morning.app, schools, DAY, hide_small=hide_small)
    return {figure.key: table(figure) for figure in made.figures}


def test_a_trust_sees_its_schools_side_by_side(played, make_morning):
    make_morning("hillside").add_school(BOTH_SCHOOLS, "hillside")
    found = compared(played, hide_small=False)["compare.reach"]
    assert list(found.items())[-1] == (report_compare.ALL, (1, 2, 1, 4))


def test_a_hub_lead_sees_no_small_number(played, make_morning):
    make_morning("hillside").add_school(BOTH_SCHOOLS, "hillside")
    for key, rows in compared(played, hide_small=True).items():
        if key == "compare.registers":
            continue
        for row in rows.values():
            assert all(cell == HIDDEN or cell >= 5 for cell in row), (key, row)


def test_spans_are_read_as_people_type_them_and_refused_with_words():
    fallback = Span(MONDAY, MONDAY)
    assert span_of("", "", fallback, MONDAY) == fallback
    assert span_of("01/09/2026", "2026-11-23", fallback, MONDAY) == Span(date(2026, 9, 1), MONDAY)
    assert span_of("01/09/2026", "", fallback, MONDAY) == Span(date(2026, 9, 1), MONDAY)
    for first, last, field in (
        ("soon", "", "first"),
        ("02/11/2026", "01/11/2026", "last"),
        ("01/01/2020", "01/01/2026", "last"),
    ):
        with pytest.raises(WrongSpan) as refused:
            span_of(first, last, fallback, MONDAY)
        assert refused.value.field == field


def test_what_a_hub_lead_may_choose_never_overlaps():
    spans = [preset.span for preset in months(MONDAY)]
    assert spans[0] == Span(date(2026, 10, 1), date(2026, 10, 31))
    for later, earlier in itertools.pairwise(spans):
        assert earlier.last < later.first


def test_presets_end_today(played):
    with played.app.database.read() as connection:
        school = played.app.school(connection, played.key)
    found = {preset.key: preset.span for preset in presets(school, MONDAY)}
    assert found["term"] == Span(date(2026, 9, 2), MONDAY) and found["week"] == DAY
