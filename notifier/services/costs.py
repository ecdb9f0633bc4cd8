"""What texts cost a school, from its own carers' languages: one text to each carer, in the words and language that go out today.

It counts what `services.outbox` would write, with the carers' own children's names, and sends nothing. Carers are those a text could go
to: with a mobile number, a child on roll, nothing that forbids contact, and not known to be without parental responsibility.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from notifier.domain.people import Carer, Pupil
from notifier.domain.schools import School
from notifier.domain.sms import FOLDABLE, offending
from notifier.services.application import Application
from notifier.store import people, records
from notifier.store.people import Roll
from notifier.wording.languages import ENGLISH, is_english, negotiated
from notifier.wording.overrides import OwnersWording
from notifier.wording.previews import language_name
from notifier.wording.rendering import NOT_APPROVED

FIRST_TEXT = "first_day_am"
"""The message that is counted unless another is asked for."""


@dataclass(slots=True)
class _Tally:
    """The texts to the carers of one language."""

    carers: int = 0
    parts: int = 0
    sent: set[str] = field(default_factory=set)
    why: set[str] = field(default_factory=set)
    once_approved: int = 0
    without_accents: int = 0
    dear_names: int = 0


def school_costs(
    app: Application, school_id: str, *, day: date, keys: Sequence[str] = (), price: float | None = None
) -> dict[str, Any]:
    """One text to every carer as a document, for each message in `keys` and each language; `price` is pence for one part.

    Raises UnknownSchool, UnknownTemplate, ConfigurationError.
    """
    pence = app.settings.prices.sms_pence_per_segment if price is None else price
    with app.database.read() as connection:
        school = app.school(connection, school_id)
        roll = people.load_roll(connection, school.key)
        approvals = records.approved(connection, school.key, school.trust)
    texted = list(_texted(roll))
    wording = app.wording_of(school)
    letters = {pupil.pupil_id: offending(pupil.called) for pupil in roll.pupils.values()}
    return {
        "school": school.key,
        "pence_per_part": pence,
        "carers": len(texted),
        "pupils": len(roll.pupils),
        "names_outside_gsm": sum(1 for found in letters.values() if found),
        "letters_outside_gsm": sorted({letter for found in letters.values() for letter in found}),
        "fold": list(school.fold),
        "messages": [
            _message(app, school, wording, app.wording.template(key).key, texted, approvals, day, pence)
            for key in (keys or (FIRST_TEXT,))
        ],
    }


def _texted(roll: Roll) -> Iterable[tuple[Carer, Pupil]]:
    """The carers a text could go to, each with their first child."""
    children: dict[str, Pupil] = {}
    barred: set[str] = set()
    for pupil_id in sorted(roll.contacts):
        for contact in roll.contacts[pupil_id]:
            if contact.no_contact:
                barred.add(contact.carer_id)
            elif contact.parental_responsibility is not False:
                children.setdefault(contact.carer_id, roll.pupils[pupil_id])
    for carer_id in sorted(children.keys() - barred):
        carer = roll.carers.get(carer_id)
        if carer is not None and carer.mobile:
            yield carer, children[carer_id]


def _message(
    app: Application,
    school: School,
    wording: OwnersWording,
    key: str,
    texted: Sequence[tuple[Carer, Pupil]],
    approvals: frozenset[tuple[str, str]],
    day: date,
    pence: float,
) -> dict[str, Any]:
    samples = {given.name: given.sample for given in app.wording.template(key).placeholders if given.required}
    tallies: dict[str, _Tally] = {}
    for carer, pupil in texted:
        wanted = carer.language or ENGLISH
        tally = tallies.setdefault(ENGLISH if is_english(wanted) else wanted, _Tally())
        values = {
            **samples, "school": school.short_name, "phone": school.phone, "date": day, "pupils": (pupil.called,)
        }  # fmt: skip
        _count(app, school, wording, key, wanted, values, approvals, tally)
    rows = [_row(language, tally, pence) for language, tally in sorted(tallies.items(), key=_most_carers)]
    parts = sum(row["parts"] for row in rows)
    return {"template": key, "parts": parts, "pence": round(parts * pence, 2), "languages": rows}


def _count(
    app: Application,
    school: School,
    wording: OwnersWording,
    key: str,
    wanted: str,
    values: dict[str, Any],
    approvals: frozenset[tuple[str, str]],
    tally: _Tally,
) -> None:
    offered = is_english(wanted) or negotiated(wanted, school.languages) is not None
    asked = wanted if offered else ENGLISH
    fold = negotiated(wanted, school.fold) is not None
    made = wording.render(key, channel="sms", language=asked, values=values, approvals=approvals, fold=fold)
    once = made
    if made.fallback == NOT_APPROVED:
        once = app.wording.draft(key, channel="sms", language=asked, values=values, fold=fold)
    plain = once
    if once.language.partition("-")[0] in FOLDABLE and not fold:
        plain = (
            app.wording.draft(key, channel="sms", language=asked, values=values, fold=True)
            if once is not made
            else wording.render(key, channel="sms", language=asked, values=values, approvals=approvals, fold=True)
        )
    tally.carers += 1
    tally.parts += made.segments
    tally.once_approved += once.segments
    tally.without_accents += plain.segments
    tally.sent.add(made.language)
    tally.dear_names += bool(offending(values["pupils"][0])) and made.encoding == "UCS-2"
    if not offered or made.fallback:
        tally.why.add("not_offered" if not offered else str(made.fallback))


def _most_carers(item: tuple[str, _Tally]) -> tuple[int, str]:
    return -item[1].carers, item[0]


def _row(language: str, tally: _Tally, pence: float) -> dict[str, Any]:
    return {
        "language": language,
        "name": language_name(language),
        "carers": tally.carers,
        "goes_out_in": sorted(tally.sent),
        "why_english": sorted(tally.why),
        "parts": tally.parts,
        "pence": round(tally.parts * pence, 2),
        "parts_once_approved": tally.once_approved if tally.once_approved != tally.parts else None,
        "parts_without_accents": tally.without_accents if tally.without_accents < tally.once_approved else None,
        "names_outside_gsm": tally.dear_names,
    }
