"""People files: one row per pupil and carer, checked into the values the rest of the house works with.

A faulty address costs the address, not the row: the carer stays a contact whom staff can ring. An unclear word about
permission counts as "must not be contacted". Whether the rows agree with each other is judged in `agreement`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from notifier.domain.emails import EmailError, parse_email
from notifier.domain.people import Carer, Contact, PhoneKind, Pupil, PupilFlag
from notifier.domain.phones import PhoneError, PhoneNumber, parse_phone
from notifier.registers.agreement import Draft, settled
from notifier.registers.presets import Match, Words, folded, known_headings, load_presets, match_header, score_header
from notifier.registers.refusals import Refusal, Warning_, restored
from notifier.registers.table import Progress, open_table

_PRIORITY = re.compile(r"([1-9]\d?)(\.0+)?")
_PUPIL_COLUMNS = ("pupil_id", "given_name", "registration_group")


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One good row. `row` is the number a spreadsheet shows, `raw` the cells as they came."""

    row: int
    pupil: Pupil
    carer: Carer
    contact: Contact
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """What a people file holds.

    `without_contacts` are pupils whose own columns are sound but of whom no contact could be taken: they are on roll all
    the same, and staff must know that nobody can be reached for them.
    """

    rows: tuple[PersonRow, ...]
    refused: tuple[Refusal, ...]
    warnings: tuple[Warning_, ...]
    preset: str
    header: tuple[str, ...]
    encoding: str
    without_contacts: tuple[Pupil, ...] = ()


def read_people(
    source: Path | bytes,
    *,
    filename: str,
    preset: str | None = None,
    allow_test_numbers: bool,
    presets_dir: Path | None = None,
    progress: Progress | None = None,
) -> PeopleFile:
    """Read a people file. Raises FileError where the file as a whole cannot be read; faulty rows are in `refused`."""
    presets = load_presets(presets_dir)
    known = known_headings(presets, "people")
    table = open_table(source, filename=filename, score=lambda cells: score_header(known, cells), progress=progress)
    match = match_header(presets, "people", table.header, filename=filename, preset=preset)
    reader = _Reader(match, allow_test_numbers)
    drafts = [draft for row, cells in table.records if (draft := reader.read(row, cells)) is not None]
    agreed = settled(drafts, match)
    rows = tuple(
        PersonRow(draft.row, draft.pupil, draft.carer, draft.contact, draft.raw)
        for draft in agreed.drafts
        if draft.carer is not None and draft.contact is not None
    )
    refused = sorted([*table.refused, *reader.refused, *agreed.refused], key=lambda refusal: refusal.row)
    warnings = sorted([*reader.warnings, *agreed.warnings], key=lambda warning: warning.row or 0)
    return PeopleFile(
        rows,
        tuple(refused),
        (*match.warnings, *table.warnings, *warnings),
        match.preset.key,
        table.header,
        table.encoding,
        agreed.without_contacts,
    )


class _Reader:
    """Reads rows by one match, gathering refusals and warnings as it goes."""

    def __init__(self, match: Match, allow_test_numbers: bool) -> None:
        self.match = match
        self.words: Words = match.preset.words
        self.allow_test_numbers = allow_test_numbers
        self.refused: list[Refusal] = []
        self.warnings: list[Warning_] = []
        self._places: Mapping[str, tuple[int, ...]] = match.places

    def read(self, row: int, cells: list[str]) -> Draft | None:
        """The row as a draft (without a carer where the carer's own columns are at fault), or None where it is refused."""
        raw = tuple(cells)
        missing = [column for column in _PUPIL_COLUMNS if not self._cell(cells, column)]
        if missing:
            self._refuse_missing(row, missing, raw)
            return None
        pupil = Pupil(
            pupil_id=self._cell(cells, "pupil_id"),
            given_name=self._cell(cells, "given_name"),
            registration_group=self._cell(cells, "registration_group"),
            preferred_name=self._cell(cells, "preferred_name"),
            family_name=self._cell(cells, "family_name"),
            year_group=self._cell(cells, "year_group"),
            flags=self._flags(row, self._cell(cells, "pupil_flags")),
        )
        carer_id, priority = self._cell(cells, "carer_id"), self._cell(cells, "priority")
        good_priority = _PRIORITY.fullmatch(priority)
        if not carer_id or not good_priority:
            self._refuse_contact(row, carer_id, priority, raw)
            return Draft(row, pupil, None, None, raw)
        contact = Contact(
            pupil_id=pupil.pupil_id,
            carer_id=carer_id,
            priority=int(good_priority[1]),
            relationship=self._relationship(self._cell(cells, "relationship")),
            parental_responsibility=self._yes_no(row, "parental_responsibility", cells),
            lives_with=self._yes_no(row, "lives_with", cells),
            no_contact=self._no_contact(row, cells),
        )
        return Draft(row, pupil, self._carer(row, carer_id, cells), contact, raw)

    def _cell(self, cells: list[str], column: str) -> str:
        places = self._places.get(column)
        if places is not None:
            return restored(cells[places[0]].strip())
        joined = self.match.joined.get(column, ())
        return " ".join(part for place in joined if (part := cells[place].strip()))

    def _warn(self, row: int, column: str, value: str, code: str, words: str) -> None:
        heading = self.match.heading(column)
        self.warnings.append(Warning_(row, heading, value, code, f"Row {row}, {heading}: {words}"))

    # --- refusals ---

    def _refuse_missing(self, row: int, missing: list[str], raw: tuple[str, ...]) -> None:
        headings = ", ".join(self.match.heading(column) for column in missing)
        words = f"Row {row} has no {headings}. Fill it in and import the row again."
        self.refused.append(Refusal(row, self.match.heading(missing[0]), "", "missing_value", words, raw))

    def _refuse_contact(self, row: int, carer_id: str, priority: str, raw: tuple[str, ...]) -> None:
        if not carer_id:
            heading = self.match.heading("carer_id")
            words = (
                f"Row {row} has no {heading}: the pupil has no carer in this row. Fill it in and import the row again."
            )
            self.refused.append(Refusal(row, heading, "", "missing_value", words, raw))
            return
        heading = self.match.heading("priority")
        code = "bad_number" if priority else "missing_value"
        shown = f"'{priority}'" if priority else "empty"
        words = f"Row {row}, {heading} is {shown}; it must be a whole number from 1 (first) to 99."
        self.refused.append(Refusal(row, heading, priority, code, words, raw))

    # --- words ---

    def _flags(self, row: int, cell: str) -> frozenset[PupilFlag]:
        flags = set()
        for word in filter(None, map(str.strip, re.split(r"[|;,]", cell))):
            flag = self.words.flags.get(folded(word))
            if flag is None:
                known = ", ".join(PupilFlag)
                self._warn(
                    row, "pupil_flags", word, "unknown_flag", f"'{word}' is not a flag we know ({known}); left out."
                )
            else:
                flags.add(flag)
        return frozenset(flags)

    def _yes_no(self, row: int, column: str, cells: list[str]) -> bool | None:
        cell = self._cell(cells, column)
        if not cell:
            return None
        answer = self.words.yes_no.get(folded(cell))
        if answer is None:
            self._warn(row, column, cell, "unknown_word", f"'{cell}' is neither yes nor no; taken as not recorded.")
        return answer

    def _no_contact(self, row: int, cells: list[str]) -> bool:
        """Whether any of the columns that can forbid contact does. Fails closed: a word we do not know forbids it."""
        forbidden = False
        for place in self._places.get("no_contact", ()):
            cell = restored(cells[place].strip())
            answer = self.words.yes_no.get(folded(cell)) if cell else False
            if answer is None:
                words = (
                    f"Row {row}, {self.match.header[place]}: '{cell}' is neither yes nor no, so this carer will NOT be "
                    "contacted. If that is wrong, write 'no' there and import the row again."
                )
                self.warnings.append(Warning_(row, self.match.header[place], cell, "no_contact_unclear", words))
            forbidden = forbidden or answer is not False
        return forbidden

    def _relationship(self, cell: str) -> str:
        return self.words.relationships.get(folded(cell), cell) if cell else ""

    def _language(self, row: int, cell: str) -> str:
        if not cell:
            return "en"
        key = folded(cell)
        if key in self.words.ask:
            self._warn(row, "language", cell, "ask_language", f"'{cell}': {self.words.ask[key]} English until then.")
            return "en"
        language = self.words.languages.get(key)
        if language is None:
            words = f"'{cell}' is not a language word we know. English until a person sets the language."
            self._warn(row, "language", cell, "unknown_language", words)
            return "en"
        return language

    def _channels(self, row: int, cell: str) -> tuple[str, ...]:
        found = []
        for word in filter(None, map(str.strip, re.split(r"[|;,]", cell))):
            channel = self.words.channels.get(folded(word))
            if channel is None:
                self._warn(row, "channels", word, "unknown_channel", f"'{word}' is not sms, email or voice; left out.")
            else:
                found.append(channel)
        return tuple(dict.fromkeys(found))

    # --- addresses ---

    def _carer(self, row: int, carer_id: str, cells: list[str]) -> Carer:
        mobile, landline = self._mobile(row, self._cell(cells, "mobile"))
        email = self._email(row, self._cell(cells, "email"))
        landline = self._landline(row, cells) or landline
        if mobile is None and email is None:
            rest = "staff can only ring" if landline else "there is no number either: ask the family"
            words = f"carer {carer_id} can get no text and no e-mail; {rest}."
            self._warn(row, "mobile" if "mobile" in self._places else "email", "", "no_usable_address", words)
        return Carer(
            carer_id=carer_id,
            name=self._cell(cells, "carer_name"),
            mobile=mobile,
            landline=landline,
            email=email,
            language=self._language(row, self._cell(cells, "language")),
            channels=self._channels(row, self._cell(cells, "channels")),
        )

    def _number(self, row: int, column: str, cell: str) -> PhoneNumber | None:
        try:
            return parse_phone(cell, allow_test_numbers=self.allow_test_numbers)
        except PhoneError as error:
            self._warn(row, column, cell, error.code, f"{error.message} The number was left out.")
            return None

    def _mobile(self, row: int, cell: str) -> tuple[str | None, str | None]:
        """(mobile, landline): a number in the mobile column that takes no texts is kept for staff to ring."""
        number = self._number(row, "mobile", cell) if cell else None
        if number is None:
            return None, None
        if number.kind is PhoneKind.MOBILE:
            return number.e164, None
        words = f"{cell} is not a mobile number. It was kept for staff to ring; no text goes there."
        self._warn(row, "mobile", cell, "not_a_mobile", words)
        return None, number.e164

    def _landline(self, row: int, cells: list[str]) -> str | None:
        for place in self._places.get("landline", ()):
            cell = restored(cells[place].strip())
            number = self._number(row, "landline", cell) if cell else None
            if number is not None:
                return number.e164
        return None

    def _email(self, row: int, cell: str) -> str | None:
        if not cell:
            return None
        try:
            return parse_email(cell, allow_test=self.allow_test_numbers)
        except EmailError as error:
            self._warn(row, "email", cell, error.code, f"{error.message} The address was left out.")
            return None
