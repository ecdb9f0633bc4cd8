"""What other settings would have done on days that are past, in sentences with numbers from the tables: before anything is saved.

It only reads. What cannot be known from the past is said to be so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from notifier.domain.guards import is_unusual
from notifier.domain.policies import GuardLimits
from notifier.domain.sessions import Session, at_local, local_date
from notifier.services.application import Application
from notifier.services.school_settings import Draft
from notifier.services.views import unexplained_codes
from notifier.store import school_settings as store
from notifier.wording.costs import parts as parts_of_texts

LOOK_BACK = timedelta(days=30)
SHOWN = 5
"""Past days that are named one by one."""


def effects(connection: Connection, app: Application, draft: Draft, *, now: datetime) -> list[str]:
    """What a draft would change, tried on the last thirty days."""
    ways = {
        "times": _times,
        "calendar": _calendar,
        "ladder": _ladder,
        "languages": _languages,
        "channels": _channels,
        "guards": _guards,
    }
    work = ways.get(draft.part.key)
    return list(work(connection, app, draft, now)) if work else list(_people(draft))


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"


def _counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _guards(connection: Connection, app: Application, draft: Draft, now: datetime) -> Iterator[str]:
    since = local_date(now) - LOOK_BACK
    key = draft.before.school.key
    runs = store.past_runs(connection, key, since=since, codes=unexplained_codes(app))
    if not runs:
        yield "No session has been run in the last 30 days, so there is nothing to try the guards on."
    else:
        old, new = _held(runs, draft.before.policy.guards), _held(runs, draft.after.policy.guards)
        yield (
            f"{_counted(len(runs), 'session')} {'was' if len(runs) == 1 else 'were'} run in the last 30 days. These limits would have held "
            f"{_counted(len(new), 'run')}; the present ones {len(old)}."
        )
        for run in new[:SHOWN]:
            yield f"Held: {_day(run.day)} {run.session}, {run.unexplained} of {run.expected} unexplained."
        busiest = max(runs, key=lambda run: run.unexplained / run.expected if run.expected else 0.0)
        if busiest.expected:
            share = 100 * busiest.unexplained / busiest.expected
            yield f"The most in one session was {busiest.unexplained} of {busiest.expected} ({share:.0f}%), on {_day(busiest.day)}."
    limits, before = draft.after.policy.guards, draft.before.policy.guards
    if limits.stale_after != before.stale_after or limits.taken_share != before.taken_share:
        yield "How old registers were at each run is not kept, so the limits for registers cannot be tried on the past."
    spent = store.spent_by_day(connection, key, since=since)
    if spent:
        cap = draft.after.policy.caps.spend_pence_per_day
        over = sorted(day for day, pence in spent.items() if pence > cap)
        most = max(spent, key=lambda day: spent[day])
        yield (
            f"The most spent on texts in one day was £{spent[most] / 100:.2f}, on {_day(most)}. The cap of £{cap / 100:.2f} would have "
            f"stopped texts on {_counted(len(over), 'day')}."
        )
        if over:
            yield "On those days the children whose texts were held would have gone on the list of calls."
    if draft.after.policy.caps.spend_pence_per_day == 0:
        yield "With a cap of £0.00 no text leaves at all."


def _held(runs: list[store.PastRun], limits: GuardLimits) -> list[store.PastRun]:
    return [run for run in runs if is_unusual(expected=run.expected, unexplained=run.unexplained, limits=limits)]


def _times(connection: Connection, app: Application, draft: Draft, now: datetime) -> Iterator[str]:
    old, new = draft.before.school.times, draft.after.school.times
    rows = store.past_follow_ups(connection, draft.before.school.key, since=local_date(now) - LOOK_BACK)
    last = max((row.day for row in rows), default=None)
    for session in Session:
        was, will = old[session].first_contact, new[session].first_contact
        word = "morning" if session is Session.AM else "afternoon"
        if was == will:
            yield f"In the {word}, first texts leave at {will:%H:%M}, as now."
            continue
        mine = [row for row in rows if row.session == session.value]
        texts = sum(row.day == last for row in mine)
        yield f"In the {word}, first texts would leave at {will:%H:%M} instead of {was:%H:%M}." + (
            f" On {_day(last)} that was {_counted(texts, 'child', 'children')}." if last and texts else ""
        )
        if will > was:
            spared = sum(
                row.closed_at is not None
                and row.closed_reason in ("present", "arrived_later", "explained")
                and row.closed_at <= at_local(row.day, will)
                for row in mine
            )
            yield (
                f"In the last 30 days {_counted(len(mine), 'child', 'children')} had no reason at {was:%H:%M}. {spared} of them had a mark by "
                f"{will:%H:%M}, so their families would not have been texted."
            )
        else:
            yield "Marks that come between the two times would no longer be waited for: expect more texts about children who are only late."
    ends = {session: new[session].last_contact for session in Session}
    for session, end in ends.items():
        steps = [step for step in draft.after.policy.steps if step.template or step.after == 0]
        late = [step for step in steps if _later(new[session].first_contact, step.after) > end.strftime("%H:%M")]
        if late:
            yield f"{session.value}: {_counted(len(late), 'step')} of the ladder would fall after {end:%H:%M}, when no text leaves. A person rings instead."


def _later(first: object, minutes: int) -> str:
    start = datetime(2026, 1, 5, first.hour, first.minute)  # type: ignore[attr-defined]  # noqa: DTZ001 - a clock face only
    return f"{start + timedelta(minutes=minutes):%H:%M}"


def _calendar(_connection: Connection, app: Application, draft: Draft, now: datetime) -> Iterator[str]:
    old, new = app.calendar(draft.before.school), app.calendar(draft.after.school)
    today = local_date(now)
    ahead = [today + timedelta(days=number) for number in range(90)]
    closing = [day for day in ahead if old.is_school_day(day) and not new.is_school_day(day)]
    opening = [day for day in ahead if new.is_school_day(day) and not old.is_school_day(day)]
    yield f"In the next 90 days there would be {_counted(sum(map(new.is_school_day, ahead)), 'school day')}; now there are {sum(map(old.is_school_day, ahead))}."
    for days, said in ((closing, "No longer a school day"), (opening, "A school day from now on")):
        for day in days[:SHOWN]:
            yield f"{said}: {_day(day)}."
        if len(days) > SHOWN:
            yield f"{said}: {len(days) - SHOWN} more."
    past = [today - timedelta(days=number) for number in range(1, 31)]
    lost = [day for day in past if old.is_school_day(day) and not new.is_school_day(day)]
    if lost:
        yield f"In the last 30 days, {_counted(len(lost), 'day')} would have had no run."
    if today in closing:
        yield "Today would be closed: what waits to leave about today is cancelled."


def _ladder(connection: Connection, _app: Application, draft: Draft, now: datetime) -> Iterator[str]:
    school, policy = draft.after.school, draft.after.policy
    rows = store.past_follow_ups(connection, school.key, since=local_date(now) - LOOK_BACK)
    first = school.times[Session.AM].first_contact
    for step in policy.steps:
        standing = sum(_still_open(row.ladder_from, row.answered_at, row.closed_at, step.after) for row in rows)
        name = step.name.replace("_", " ").capitalize()
        tried = (
            f" In the last 30 days {standing} of {_counted(len(rows), 'follow-up')} had no answer by then."
            if rows and step.after
            else ""
        )
        yield f"{_later(first, step.after)}: {name}.{tried}"
    if not rows:
        yield "There were no follow-ups in the last 30 days to try it on."
    if policy.unconfirmed_wait != draft.before.policy.unconfirmed_wait:
        yield f"An answer that nobody confirms puts the child on the list of calls after {policy.unconfirmed_wait} minutes."
    if not policy.automatic_answers:
        yield "Carers who answer would hear nothing until a person answers them."


def _still_open(began: datetime, answered: datetime | None, closed: datetime | None, minutes: int) -> bool:
    at = began + timedelta(minutes=minutes)
    return (answered is None or answered > at) and (closed is None or closed > at)


def _languages(connection: Connection, app: Application, draft: Draft, _now: datetime) -> Iterator[str]:
    school = draft.after.school
    have = store.carers_by_language(connection, school.key)
    approved = store.approved_languages(
        connection, [part for part in (school.key, "", school.trust) if part is not None]
    )
    names = dict(draft.part.fields[0].choices)
    for tag in school.languages:
        number = have.get(tag, 0)
        ready = (
            "approved for use"
            if tag in approved
            else "not approved yet: these families get English until somebody approves it under Wording"
        )
        yield f"{names.get(tag, tag)}: {_counted(number, 'carer has', 'carers have')} it on record; {ready}."
    missing = {tag: number for tag, number in have.items() if tag not in ("en", *school.languages) and tag in names}
    for tag, number in sorted(missing.items(), key=lambda item: -item[1])[:SHOWN]:
        yield f"{names[tag]}: {_counted(number, 'carer has', 'carers have')} it on record and would be written to in English."
    for tag in school.fold:
        (row,) = list(parts_of_texts(app.wording, languages=[tag], keys=["first_day_am"]))[:1]
        yield f"{names.get(tag, tag)} without accents: the first text takes {row.folded or row.ordinary} instead of {row.ordinary} parts."


def _channels(connection: Connection, app: Application, draft: Draft, _now: datetime) -> Iterator[str]:
    school = draft.after.school
    found = store.carers_by_address(connection, school.key)
    lost = sum(
        number
        for (mobile, email), number in found.items()
        if not ((mobile and "sms" in school.channels) or (email and "email" in school.channels))
    )
    yield f"{_counted(sum(found.values()), 'carer')} on record; {_counted(lost, 'of them', 'of them')} could not be written to by these channels and would have to be rung."
    for medium in school.channels:
        if medium in app.misconfigured:
            yield f"{'Texts' if medium == 'sms' else 'E-mails'} cannot leave now: {app.misconfigured[medium]}."
    if "sms" in school.answer_links:
        yield "Texts would hold a link. Each takes about one part more, and carers are told elsewhere not to trust links in texts."


def _people(draft: Draft) -> Iterator[str]:
    before, after = draft.before.school, draft.after.school
    if before.short_name != after.short_name:
        more = len(after.short_name) - len(before.short_name)
        yield f"Texts would begin with “{after.short_name}:”, {abs(more)} letters {'more' if more >= 0 else 'fewer'}."
    if before.phone != after.phone:
        yield f"Families would be asked to ring {after.phone}. Ring it once before you save."
    if before.safeguarding_email and not after.safeguarding_email:
        yield "Nobody but the office would be told of urgent answers by e-mail."
