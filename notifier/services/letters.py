"""Letters for printing: which pupils, with which values, in which language; the words are those of the e-mail.

With a school, only wording goes in that may go out there, in the school's own words, and the printing is written into its audit.
Without one, a specimen is made from the shipped wording, marked as such on the page. Who is handed a letter is for staff to see to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

from notifier.domain.people import Pupil
from notifier.domain.schools import School
from notifier.registers.refusals import Refusal
from notifier.registers.table import open_table
from notifier.services.application import Application
from notifier.services.outbox import ANYBODY
from notifier.services.schools import NotAllowed
from notifier.store import people, records
from notifier.wording import MessageTemplate, MissingValue, Placeholder, Rendered, Wording
from notifier.wording.languages import ENGLISH, is_english, negotiated
from notifier.wording.previews import STANDINGS, language_name
from notifier.wording.printing import Letter, NotPrintable, letter_of, letters_pdf
from notifier.wording.rendering import NO_TRANSLATION

PUPIL_ID, LANGUAGE, PUPILS = "pupil_id", "language", "pupils"
"""Columns of a list of letters beside the message's own values."""

FROM_SCHOOL: Final = frozenset({"school", "phone", "named_person", "nhs_link", "date"})
"""Values that nobody has to write into a list."""

BETWEEN: Final = "|"
"""Stands between several names in one cell."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One letter that is asked for: `row` of the list it comes from (0 without a list), and its values by name."""

    row: int
    values: Mapping[str, Any]
    pupil_id: str = ""
    language: str = ""


@dataclass(slots=True)
class Printed:
    """What was made: the PDF (None where no letter could be), how many letters, and what staff should know.

    `in_english` holds the rows or pupils whose language may not go out, with the reason.
    """

    pdf: bytes | None
    letters: int
    refused: list[Refusal] = field(default_factory=list)
    in_english: list[tuple[str, str, str]] = field(default_factory=list)
    flagged: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


def read_list(path: Path, template: MessageTemplate) -> tuple[list[Wanted], list[Refusal]]:
    """Read a list (CSV or XLSX) with a letter a row: columns named as the message's values, `pupil_id` and `language`.

    Several names in a cell are parted by "|", dates are YYYY-MM-DD or DD/MM/YYYY. Raises FileError for what is no table, and NotAllowed
    for a column that means nothing.
    """
    by_name = {given.name: given for given in template.placeholders}
    known = {*by_name, PUPIL_ID, LANGUAGE}
    table = open_table(path, filename=path.name, score=lambda cells: sum(_named(cell) in known for cell in cells))
    header = [_named(cell) for cell in table.header]
    unknown = [table.header[place] for place, name in enumerate(header) if name and name not in known]
    if unknown:
        columns = ", ".join(name for name in sorted(known) if name not in FROM_SCHOOL)
        raise NotAllowed(
            f"{path.name}: the column '{unknown[0]}' means nothing in '{template.key}'. Columns: {columns}."
        )
    found: list[Wanted] = []
    refused: list[Refusal] = []
    for row, cells in table.records:
        values: dict[str, Any] = {}
        told = dict(zip(header, (cell.strip() for cell in cells), strict=False))
        fault = None
        for name, text in told.items():
            if name in by_name and text:
                try:
                    values[name] = _value(by_name[name], text)
                except ValueError as wrong:
                    fault = fault or Refusal(row, name, text, "bad_value", f"Row {row}, {name}: {wrong}", tuple(cells))
        if fault:
            refused.append(fault)
        elif any(told.values()):
            found.append(Wanted(row, values, told.get(PUPIL_ID, ""), told.get(LANGUAGE, "")))
    return found, [*table.refused, *refused]


def _named(cell: str) -> str:
    name = "_".join(cell.strip().casefold().split())
    return {"pupil": PUPILS, "name": PUPILS}.get(name, name)


def _value(given: Placeholder, text: str) -> Any:
    if given.kind == "names":
        return tuple(name.strip() for name in text.split(BETWEEN) if name.strip())
    if given.kind == "date":
        return _date(text)
    if given.kind == "time":
        try:
            return time.fromisoformat(text.replace(".", ":"))
        except ValueError:
            raise ValueError(f"'{text}' is not a time; write it as 09:25") from None
    if given.kind == "number":
        if not text.isascii() or not text.isdigit():
            raise ValueError(f"'{text}' is not a whole number")
        return int(text)
    return text


def _date(text: str) -> date:
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text.partition(" ")[0], form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise ValueError(f"'{text}' is not a date; write it as 2026-11-24 or 24/11/2026")


def specimens(
    wording: Wording, key: str, wanted: Sequence[Wanted], *, language: str, now: datetime, day: date
) -> Printed:
    """Letters to look at, one for each row (or one with made-up values), each marked as a specimen; drafts as they would read.

    Raises UnknownTemplate, NotPrintable, MissingValue.
    """
    template = wording.template(key)
    standing = wording.standing(key, language)
    if standing == NO_TRANSLATION:
        raise NotPrintable(f"'{key}' is not translated into {language_name(language)}; families get it in English.")
    mark = "Specimen, not for sending" + (f" ({language}: {STANDINGS[standing]})" if standing else "")
    letters = []
    for one in wanted or [Wanted(0, {})]:
        values = {**_MADE_UP, **template.samples(), "date": day, "reply_link": None, **one.values}
        made = wording.draft(key, channel="email", language=language, values=values)
        letters.append(
            letter_of(
                made,
                school=str(values["school"]),
                short_name=str(values["school"]),
                phone=str(values["phone"]),
                named_person=str(values["named_person"]),
                day=day,
                specimen=mark,
            )
        )
    return Printed(letters_pdf(letters, title=letters[0].subject, made_at=now), len(letters))


_MADE_UP: Final = {
    "school": "Oakfield Primary",
    "phone": "01632960123",
    "named_person": "Ms Okafor, attendance officer",
}


def print_letters(
    app: Application,
    school_id: str,
    key: str,
    wanted: Sequence[Wanted],
    *,
    language: str,
    day: date,
    now: datetime,
    by: str,
) -> Printed:
    """A school's letters as one PDF, in `language` where a row names none; English where a language may not go out.

    A row that cannot be written is refused by name, and the others are made. Raises UnknownSchool, UnknownTemplate, NotPrintable;
    NotAllowed where there is nothing to print.
    """
    template = app.wording.template(key)
    with app.database.read() as connection:
        school = app.school(connection, school_id)
        roll = people.load_roll(connection, school.key, pupil_ids=[one.pupil_id for one in wanted if one.pupil_id])
        approvals = records.approved(connection, school.key, school.trust)
    if not wanted:
        raise NotAllowed(f"Nobody to print '{key}' for. Name pupils, or give a list.")
    made = Printed(None, 0)
    letters: list[Letter] = []
    for one in wanted:
        who = one.pupil_id or f"row {one.row}"
        pupil = roll.pupils.get(one.pupil_id)
        try:
            if one.pupil_id and pupil is None:
                raise MissingValue(f"No pupil '{one.pupil_id}' is on roll at {school.name}.")
            message = _written(app, school, template, one, pupil, one.language or language, approvals, day)
        except MissingValue as fault:
            where = f"Row {one.row}: " if one.row else f"{who}: "
            made.refused.append(Refusal(one.row, None, who, "not_written", where + str(fault), ()))
            continue
        if message.fallback:
            made.in_english.append((who, message.wanted_language, STANDINGS.get(message.fallback, message.fallback)))
        if pupil is not None and pupil.flags:
            made.flagged.append((one.pupil_id, tuple(sorted(flag.value for flag in pupil.flags))))
        letters.append(
            letter_of(
                message,
                school=school.name,
                short_name=school.short_name,
                phone=school.phone,
                named_person=school.named_person,
                day=day,
            )
        )
    if letters:
        made.letters = len(letters)
        made.pdf = letters_pdf(letters, title=letters[0].subject, made_at=now)
        _note(app, school, key, wanted, made, by=by, now=now)
    return made


def _written(
    app: Application,
    school: School,
    template: MessageTemplate,
    one: Wanted,
    pupil: Pupil | None,
    language: str,
    approvals: frozenset[tuple[str, str]],
    day: date,
) -> Rendered:
    values: dict[str, Any] = {
        "school": school.short_name,
        "phone": school.phone,
        "date": day,
        "named_person": school.named_person or ANYBODY,
        "nhs_link": app.nhs_link,
        **({PUPILS: (pupil.called,)} if pupil else {}),
        **one.values,
    }
    missing = sorted(template.required - values.keys())
    if missing:
        raise MissingValue(f"'{template.key}' needs a value for: {', '.join(missing)}. Give it as a column of a list.")
    offered = is_english(language) or negotiated(language, school.languages) is not None
    return app.wording_of(school).render(
        template.key,
        channel="email",
        language=language if offered else ENGLISH,
        values=values,
        approvals=approvals,
    )


def _note(
    app: Application, school: School, key: str, wanted: Sequence[Wanted], made: Printed, *, by: str, now: datetime
) -> None:
    pupils = sorted({one.pupil_id for one in wanted if one.pupil_id})
    with app.database.begin() as connection:
        records.add_audit(
            connection, school.key, at=now, actor=by, act="letters.print", subject=key,
            detail={"letters": made.letters, "pupil_ids": pupils},
        )  # fmt: skip
