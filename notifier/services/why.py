"""Why a pupil would get which wording: every situation, every rule tried with the facts it found, and what forbids it.

It answers a member of staff's question and decides nothing.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from notifier.domain.schools import School
from notifier.domain.sessions import Session, local_date, local_time
from notifier.domain.situations import FACTS, Choice, Fact, Situation, choose
from notifier.services.application import Application
from notifier.services.choose import office_open, policy_words
from notifier.services.proposal_facts import gather, marks_of
from notifier.services.schools import NotAllowed


def why(
    app: Application,
    school_id: str,
    pupil_id: str,
    *,
    now: datetime,
    day: date | None = None,
    situation: Situation | None = None,
) -> dict[str, Any]:
    """The choice in each situation as a document. Raises UnknownSchool, ConfigurationError; NotAllowed for an unknown pupil."""
    day = day or local_date(now)
    with app.database.read() as connection:
        school = app.school(connection, school_id)
        found = gather(connection, app, school, now=now, pupil_ids=[pupil_id], day=day, asked=True)
        if pupil_id not in found.facts:
            raise NotAllowed(f"No pupil '{pupil_id}' is on roll at {school.name}.")
        session = _session(connection, app, school, pupil_id, found.span.today, found, now)
    facts: dict[str, Fact] = {
        **found.facts[pupil_id],
        "session": session.value,
        "office_open": office_open(app, school, found.book.office, now),
    }
    pupil = found.roll.pupils[pupil_id]
    standing = {**policy_words(app.policy(school), session), **found.standing(pupil_id)}
    standing["plan.acknowledgement"] = "the answer that belongs to what the reply says"
    wanted = [situation] if situation else list(Situation)
    return {
        "school": school.key,
        "pupil_id": pupil_id,
        "name": f"{pupil.called} {pupil.family_name}".strip(),
        "group": pupil.registration_group,
        "date": day.isoformat(),
        "facts": {name: facts.get(name) for name in FACTS if facts.get(name) is not None},
        "situations": [
            _told(choose(found.book, each, facts, standing), app, found.book.rules_of(each)) for each in wanted
        ],
    }


def _session(
    connection: Connection, app: Application, school: School, pupil_id: str, day: date, found: Any, now: datetime
) -> Session:
    """The session to speak of: the one without a reason, else that of the hour."""
    marks = marks_of(connection, school, found.span, pupil_id).get(day, {})
    unexplained = [each for each in Session if app.codes.triggers_contact(marks.get(each.value, ""))]
    if unexplained:
        return unexplained[-1]
    afternoon = school.times.get(Session.PM)
    if afternoon is not None and local_date(now) == day and local_time(now) >= afternoon.register_closes:
        return Session.PM
    return Session.AM if Session.AM in school.times else Session.PM


def _told(choice: Choice, app: Application, rules: Any) -> dict[str, Any]:
    return {
        "situation": choice.situation.value,
        "template": choice.template,
        "family": app.choosing.family_of.get(choice.template or ""),
        "rule": choice.rule.name if choice.rule else None,
        "why": choice.rule.why if choice.rule else None,
        "allowed": choice.allowed,
        "excluded_by": [{"fact": fact, "means": FACTS[fact].means} for fact in choice.excluded_by],
        "rules": [
            {
                "name": tried.rule.name,
                "template": tried.rule.template,
                "matched": tried.matched,
                "facts": [
                    {
                        "fact": trial.fact,
                        "means": FACTS[trial.fact].means,
                        "wanted": trial.wanted,
                        "found": trial.found,
                        "holds": trial.holds,
                    }
                    for trial in tried.trials
                ],
            }
            for tried in choice.tried
        ],
        "not_tried": [rule.name for rule in rules[len(choice.tried) :]],
    }
