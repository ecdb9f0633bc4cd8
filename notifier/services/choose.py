"""The wordings that leave by themselves: the first text about an absence, and the short answer to a reply.

Both follow the rules of config/choosing.toml. Where those cannot be read the policy's own words are used and the trouble is logged:
no child may go unasked about because of a mistake in a file of wordings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from notifier.configuration.errors import ConfigurationError
from notifier.domain.people import Pupil, PupilFlag
from notifier.domain.policies import Policy
from notifier.domain.replies import PLANS, Intent
from notifier.domain.schools import School
from notifier.domain.sessions import Session, local_date, local_time
from notifier.domain.situations import ChoosingBook, Fact, OfficeHours, Situation, choose
from notifier.services.application import Application
from notifier.services.outbox import Draft
from notifier.services.steps import first_template

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class FirstWords:
    """The first text's template for one pupil. `together` is used instead where one message names brothers and sisters."""

    template: str
    together: str


def rules_or_none(app: Application) -> ChoosingBook | None:
    """The rules; None, with a line in the log, where they cannot be used."""
    try:
        return app.choosing
    except ConfigurationError as problem:
        log.error("choosing.unusable", problem=str(problem))
        return None


def policy_words(policy: Policy, session: Session) -> dict[str, str | None]:
    """The templates that the policy names, by the words a rule may put for them."""
    return {
        "policy.AM": policy.first_templates.get(Session.AM, policy.whole_day_template),
        "policy.PM": policy.first_templates.get(Session.PM, policy.whole_day_template),
        "policy.whole_day": policy.whole_day_template,
        "policy.day_two": policy.day_two_template,
    }


def pupil_facts(book: ChoosingBook, school: School, pupil: Pupil) -> dict[str, Fact]:
    """What the people file and the school's file say of a pupil."""
    return {
        "stage": book.stage(pupil.year_group),
        "phase": school.phase.strip().casefold(),
        **{flag.value: flag in pupil.flags for flag in PupilFlag},
    }


def first_words(
    book: ChoosingBook | None,
    policy: Policy,
    school: School,
    pupil: Pupil,
    session: Session,
    *,
    whole_day: bool,
    day_two: bool,
    chosen: dict[tuple[Any, ...], FirstWords],
) -> FirstWords:
    """The words of the first text about a pupil's absence. `chosen` keeps what was chosen in this run, by the facts it rests on."""
    plain = first_template(policy, session, whole_day=whole_day, day_two=day_two)
    if book is None:
        return FirstWords(plain, plain)
    facts: dict[str, Fact] = {
        **pupil_facts(book, school, pupil),
        "session": session.value,
        "whole_day": whole_day,
        "day_of_absence": 2 if day_two else 1,
    }
    place = tuple(facts.items())
    if place not in chosen:
        choice = choose(book, Situation.UNEXPLAINED, facts, policy_words(policy, session))
        if choice.template is None or choice.rule is None:
            chosen[place] = FirstWords(plain, plain)
        else:
            chosen[place] = FirstWords(choice.template, plain if choice.rule.alone else choice.template)
    return chosen[place]


def share_words(drafts: Sequence[Draft], words: Mapping[str, FirstWords]) -> list[Draft]:
    """Let brothers and sisters share one message: where a carer would get several, words for one pupil alone give way."""
    together: dict[tuple[str, str, str], set[str]] = {}
    for draft in drafts:
        place = (draft.carer.carer_id, draft.channel, draft.address)
        together.setdefault(place, set()).update(pupil.pupil_id for pupil in draft.pupils)
    shared = []
    for draft in drafts:
        named = together[(draft.carer.carer_id, draft.channel, draft.address)]
        alike = {words[pupil_id].template for pupil_id in named}
        if len(named) > 1 and len(alike) > 1:
            draft = replace(draft, template=words[draft.pupils[0].pupil_id].together)
        shared.append(draft)
    return shared


def office_open(app: Application, school: School, office: OfficeHours, at: datetime) -> bool:
    """Whether somebody is at school to read a message that came at a moment."""
    return (
        app.calendar(school).is_school_day(local_date(at)) and office.opens <= local_time(at) < office.closes
    )  # fmt: skip


def acknowledgement(app: Application, school: School, intent: Intent, *, urgent: bool, at: datetime) -> str | None:
    """The template of the automatic answer to a reply that came at a moment; None where nothing is answered."""
    planned = "reply_urgent" if urgent else PLANS[intent].acknowledgement
    book = rules_or_none(app)
    if planned is None or book is None:
        return planned
    facts: dict[str, Fact] = {
        "intent": intent.value,
        "urgent": urgent,
        "office_open": office_open(app, school, book.office, at),
        "phase": school.phase.strip().casefold(),
    }
    choice = choose(book, Situation.REPLY, facts, {"plan.acknowledgement": PLANS[intent].acknowledgement})
    return planned if choice.rule is None else choice.template
