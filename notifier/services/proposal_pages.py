"""What the page of proposals shows besides `proposals.listing`: groups with words, what would be said, and whether sending is open now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from notifier.domain.schools import School
from notifier.domain.sessions import local_date
from notifier.domain.situations import FACTS, Situation
from notifier.services import proposals
from notifier.services.application import Application
from notifier.services.outbox import ANYBODY
from notifier.services.proposal_facts import restored
from notifier.services.proposals import NOBODY, NOT_KNOWN
from notifier.services.schools import NotAllowed
from notifier.services.send_proposals import within_hours
from notifier.services.wording_pages import SITUATION_WORDS, title_of
from notifier.store import proposals as store
from notifier.store import records
from notifier.wording import MissingValue, TemplateFault

STATES: Final[Mapping[str, str]] = {
    store.PROPOSED: "to look through",
    store.SENT: "sent",
    store.HELD_BACK: "held back",
    store.EXPIRED: "expired",
}
"""The states of a proposal, for people."""

LEFT_OUT: Final = {
    NOBODY: "no contact may be written to by a channel the message has",
    NOT_KNOWN: "a number or date that the message tells is not known",
}
"""Why a pupil was left out of a list, besides the facts."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """One proposal: the record, why in words and numbers, and the English of what would be said."""

    record: Mapping[str, Any]
    grounds: tuple[str, ...]
    said: str
    title: str


@dataclass(frozen=True, slots=True)
class Group:
    """The proposals of a situation."""

    anchor: str
    words: str
    items: tuple[Proposed, ...]


def groups(app: Application, school: School, *, state: str) -> list[Group]:
    """A school's proposals of a state by situation, in the order of the rules."""
    rows = proposals.listing(app, school.key, state=state)
    with app.database.read() as connection:
        approvals = records.approved(connection, school.key, school.trust)
    found = []
    for situation, words in SITUATION_WORDS.items():
        mine = tuple(_proposed(app, school, row, approvals) for row in rows if row["situation"] == situation.value)
        if mine:
            found.append(Group(situation.value.replace("_", "-"), words, mine))
    return found


def _proposed(
    app: Application, school: School, row: Mapping[str, Any], approvals: frozenset[tuple[str, str]]
) -> Proposed:
    asked = [
        trial
        for trial in row["facts"]
        if trial["fact"] in FACTS and trial["fact"] != "asked" and trial["wanted"] != "no"
    ]
    grounds = tuple(
        means if trial["found"] is True else f"{means}: {_plain(trial['found'])}"
        for trial in asked
        for means in (FACTS[trial["fact"]].means,)
    )
    return Proposed(row, grounds, _said(app, school, row, approvals), title_of(row["template"]))


def _said(app: Application, school: School, row: Mapping[str, Any], approvals: frozenset[tuple[str, str]]) -> str:
    """The English of a proposal's text, or of its e-mail where it has no text; empty where it cannot be written any more."""
    given = (row["name"] or "").split()
    values: dict[str, Any] = {
        "school": school.short_name, "phone": school.phone, "date": local_date(datetime.fromisoformat(row["date"] + "T12:00:00+00:00")),
        "pupils": tuple(given[:1]) or ("the child",), "time": None, "named_person": school.named_person or ANYBODY,
        "nhs_link": app.nhs_link, **restored(row["values"]),
    }  # fmt: skip
    try:
        template = app.wording.template(row["template"])
        channel = "sms" if "sms" in template.channels else "email"
        return (
            app.wording_of(school)
            .render(template.key, channel=channel, language="en", values=values, approvals=approvals)
            .body
        )
    except (MissingValue, TemplateFault, LookupError):
        return ""


def _plain(value: Any) -> str:
    return (
        {True: "yes", False: "no", None: "not known"}.get(value, str(value))
        if not isinstance(value, int) or isinstance(value, bool)
        else str(value)
    )


def closed_now(app: Application, school: School, now: datetime) -> str:
    """Why nothing can be sent at this moment, in words; empty where it can."""
    try:
        within_hours(app, school, now)
    except NotAllowed as why:
        return str(why)
    return ""


def can_be_asked(app: Application) -> list[tuple[str, str]]:
    """Situations that come only when somebody asks for them, with their words."""
    asked = [situation for situation, rules in app.choosing.situations.items() if rules.asked]
    return [(situation.value, SITUATION_WORDS[Situation(situation)]) for situation in asked]


def left_out_words(left_out: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    """Why pupils were left out of a list, with how many."""
    return [
        (FACTS[fact].means if fact in FACTS else LEFT_OUT.get(fact, fact), number)
        for fact, number in sorted(left_out.items())
    ]
