"""Whether the rows of one people file agree with each other, and what is taken where they do not.

One number for two different children would alarm the wrong family: such rows are all refused. Details that differ are
settled to the careful side (flags add up, "no contact" wins) and said.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from notifier.domain.people import Carer, Contact, Pupil
from notifier.registers.presets import Match
from notifier.registers.refusals import Refusal, Warning_


@dataclass(frozen=True, slots=True)
class Draft:
    """A row whose own cells are sound; carer and contact are None where only the pupil could be taken."""

    row: int
    pupil: Pupil
    carer: Carer | None
    contact: Contact | None
    raw: tuple[str, ...]


@dataclass(slots=True)
class Agreement:
    """The drafts that stand, with pupils and carers made equal in all their rows, and what was said about the rest."""

    drafts: list[Draft] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    warnings: list[Warning_] = field(default_factory=list)
    without_contacts: tuple[Pupil, ...] = ()


def settled(drafts: Iterable[Draft], match: Match) -> Agreement:
    """Compare all rows of a file with each other. Order is kept."""
    agreement = Agreement()
    standing: list[Draft] = []
    for group in _grouped((draft.pupil.pupil_id, draft) for draft in drafts):
        standing += _one_pupil(group, match, agreement)
    standing = _one_carer_each(standing, match, agreement)
    standing.sort(key=lambda draft: draft.row)
    agreement.drafts = standing
    reached = {draft.pupil.pupil_id for draft in standing if draft.contact is not None}
    lonely = {draft.pupil.pupil_id: draft.pupil for draft in standing if draft.pupil.pupil_id not in reached}
    agreement.without_contacts = tuple(lonely.values())
    return agreement


def _grouped(pairs: Iterable[tuple[str, Draft]]) -> list[list[Draft]]:
    groups: dict[str, list[Draft]] = {}
    for key, draft in pairs:
        groups.setdefault(key, []).append(draft)
    return list(groups.values())


def _one_pupil(group: list[Draft], match: Match, agreement: Agreement) -> list[Draft]:
    """The rows of one pupil number, with one pupil in all of them; none where they mean different children."""
    pupils = {draft.pupil for draft in group}
    if len(pupils) > 1:
        for column in ("given_name", "family_name", "registration_group"):
            values: dict[str, tuple[int, str]] = {}
            for draft in group:
                value = str(getattr(draft.pupil, column))
                if value:
                    values.setdefault(" ".join(value.casefold().split()), (draft.row, value))
            if len(values) > 1:
                _refuse_pupil(group, column, list(values.values()), match, agreement)
                return []
        pupil = _merged_pupil(group, match, agreement)
        group = [replace(draft, pupil=pupil) for draft in group]
    contacts = _grouped((d.contact.carer_id, d) for d in group if d.contact is not None)
    kept = [draft for rows in contacts for draft in _one_contact(rows, match, agreement)]
    # a pupil of whom no contact stands is still on roll
    return kept or [replace(group[0], carer=None, contact=None)]


def _refuse_pupil(
    group: list[Draft], column: str, values: list[tuple[int, str]], match: Match, agreement: Agreement
) -> None:
    heading = match.heading(column)
    shown = ", ".join(f"'{value}' in row {row}" for row, value in values)
    for draft in group:
        words = (
            f"Row {draft.row}: pupil {draft.pupil.pupil_id} stands in this file with more than one {heading} ({shown}). None of "
            "these rows was taken, so that the wrong family is not contacted. Correct them and import them again."
        )
        value = str(getattr(draft.pupil, column))
        agreement.refused.append(Refusal(draft.row, heading, value, "contradictory_pupil", words, draft.raw))


def _merged_pupil(group: list[Draft], match: Match, agreement: Agreement) -> Pupil:
    """The first row's details, gaps filled from later rows; every flag of any row counts."""
    pupil = group[0].pupil
    for draft in group[1:]:
        other = draft.pupil
        for column in ("preferred_name", "year_group"):
            mine, theirs = getattr(pupil, column), getattr(other, column)
            if mine and theirs and mine != theirs:
                heading = match.heading(column)
                words = (
                    f"Row {draft.row}, {heading}: pupil {pupil.pupil_id} has '{theirs}' here and '{mine}' before; "
                    f"'{mine}' was taken."
                )
                agreement.warnings.append(Warning_(draft.row, heading, theirs, "differing_pupil", words))
        if other.flags != pupil.flags:
            heading = match.heading("pupil_flags")
            words = (
                f"Row {draft.row}, {heading}: pupil {pupil.pupil_id} has other flags in other rows; all of them count."
            )
            agreement.warnings.append(Warning_(draft.row, heading, "", "differing_pupil", words))
        pupil = completed_pupil(pupil, other)
    return pupil


def completed_pupil(pupil: Pupil, other: Pupil | None) -> Pupil:
    """A pupil's details with the gaps filled from another row, or from what was known; every flag counts."""
    if other is None:
        return pupil
    return replace(
        pupil,
        preferred_name=pupil.preferred_name or other.preferred_name,
        family_name=pupil.family_name or other.family_name,
        year_group=pupil.year_group or other.year_group,
        flags=pupil.flags | other.flags,
    )


def _one_contact(rows: list[Draft], match: Match, agreement: Agreement) -> list[Draft]:
    """The rows of one pupil and one carer: the first of equals; of different ones, only a block is kept."""
    if len(rows) == 1:
        return rows
    first = rows[0]
    if all((draft.carer, draft.contact) == (first.carer, first.contact) for draft in rows[1:]):
        for draft in rows[1:]:
            words = f"Row {draft.row} says the same as row {first.row}; it counts once."
            agreement.warnings.append(Warning_(draft.row, None, "", "duplicate_row", words))
        return [first]
    # a block must never be lost among contradictions: it stays, the rest is refused
    blocked = next((draft for draft in rows if draft.contact is not None and draft.contact.no_contact), None)
    listed = ", ".join(str(draft.row) for draft in rows)
    heading = match.heading("carer_id")
    taken = f"Only the block of contact in row {blocked.row} was taken." if blocked else "None of them was taken."
    for draft in rows:
        if draft is blocked or draft.contact is None:
            continue
        words = (
            f"Row {draft.row}: pupil {draft.pupil.pupil_id} and carer {draft.contact.carer_id} stand in rows {listed} with "
            f"different details. {taken} Correct them and import them again."
        )
        carer_id = draft.contact.carer_id
        agreement.refused.append(Refusal(draft.row, heading, carer_id, "contradictory_contact", words, draft.raw))
    return [blocked] if blocked else []


def _one_carer_each(drafts: list[Draft], match: Match, agreement: Agreement) -> list[Draft]:
    """One carer with several pupils has one set of details: the first row's, gaps filled from later rows."""
    carers: dict[str, Carer] = {}
    first_rows: dict[str, int] = {}
    for draft in sorted(drafts, key=lambda draft: draft.row):
        if draft.carer is None:
            continue
        known = carers.setdefault(draft.carer.carer_id, draft.carer)
        first_row = first_rows.setdefault(known.carer_id, draft.row)
        if known == draft.carer:
            continue
        for column in ("mobile", "email", "name", "language"):
            mine, theirs = getattr(known, column), getattr(draft.carer, column)
            if mine and theirs and mine != theirs and not (column == "language" and "en" in (mine, theirs)):
                heading = match.heading("carer_name" if column == "name" else column)
                words = (
                    f"Row {draft.row}, {heading}: carer {known.carer_id} has '{theirs}' here and '{mine}' in row {first_row}; "
                    f"'{mine}' was taken. Check which is right."
                )
                agreement.warnings.append(Warning_(draft.row, heading, theirs, "differing_carer", words))
        carers[known.carer_id] = completed_carer(known, draft.carer)
    return [draft if draft.carer is None else replace(draft, carer=carers[draft.carer.carer_id]) for draft in drafts]


def completed_carer(known: Carer, other: Carer | None) -> Carer:
    """A carer's details with the gaps filled from another row, or from what was known before."""
    if other is None:
        return known
    return replace(
        known,
        name=known.name or other.name,
        mobile=known.mobile or other.mobile,
        landline=known.landline or other.landline,
        email=known.email or other.email,
        # English is what an empty cell means
        language=other.language if known.language == "en" else known.language,
        channels=known.channels or other.channels,
    )
