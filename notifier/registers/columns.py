"""The columns of people and marks files as data: what each means, whether it is needed, what may stand in it.

`docs/reference/file-columns.md` is generated from here, and `presets` asks here which columns a file must have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Purpose = Literal["people", "marks"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of ours. `needed` is "yes", "no", or the condition in words where it depends on another column."""

    name: str
    needed: str
    meaning: str
    accepted: str
    example: str


PEOPLE: Final = (
    Column("pupil_id", "yes", "The pupil's number in your MIS; marks are matched by it.", "any text, kept as it is", "4711"),
    Column("given_name", "yes", "First name, as it may stand in a text.", "any text", "Zofia"),
    Column("preferred_name", "no", "Used in texts instead of the first name.", "any text", "Zosia"),
    Column("family_name", "no", "For staff only; never in a text.", "any text", "Nowak"),
    Column("year_group", "no", "Year group.", "any text", "4"),
    Column("registration_group", "yes", "The group whose register is taken together.", "any text", "4B"),
    Column(
        "pupil_flags", "no", "What changes who is told, and how fast.",
        "`vulnerable`, `looked_after`, `social_worker`, `no_nudges`, `do_not_text`, divided by `|`", "vulnerable",
    ),
    Column("carer_id", "yes", "The carer's number; one carer of two pupils has one number.", "any text", "9001"),
    Column("carer_name", "no", "The carer's name, for staff.", "any text", "Ewa Nowak"),
    Column("relationship", "no", "What the carer is to the pupil.", "mother, father, foster carer, grandmother …", "mother"),
    Column("priority", "yes", "Whom to reach first: 1 is best; two carers may share a number.", "1 to 99", "1"),
    Column(
        "parental_responsibility", "no", "Whether the carer holds parental responsibility.",
        "yes or no; empty = not recorded", "yes",
    ),
    Column("lives_with", "no", "Whether the pupil lives with the carer.", "yes or no; empty = not recorded", "yes"),
    Column(
        "no_contact", "no", "The carer must not be contacted, for instance by court order.",
        "yes or no; empty = no; **any other word counts as yes**", "no",
    ),
    Column(
        "mobile", "this or email", "The number for texts. A landline here is kept for staff to ring.",
        "a UK number, or one from abroad with + or 00", "07700 900123",
    ),
    Column("landline", "no", "A number for staff to ring.", "as for mobile", "01632 960123"),
    Column("email", "this or mobile", "The address for e-mails.", "one plain address", "ewa@example.org"),
    Column(
        "language", "no", "The language the carer reads; empty = English.",
        "a name, a BCP 47 tag (`pl`, `zh-Hant`), or a DfE code we know", "Polish",
    ),
    Column(
        "channels", "no", "How the carer may be reached, best first; empty = what the school offers.",
        "`sms`, `email`, `voice`, divided by `|`", "sms|email",
    ),
)  # fmt: skip

MARKS: Final = (
    Column("pupil_id", "yes", "The pupil's number, as in the people file.", "any text", "4711"),
    Column(
        "date", "yes", "The day of the session; not in the future, not more than a year ago.",
        "`YYYY-MM-DD` or `DD/MM/YYYY`", "2026-11-23",
    ),
    Column(
        "session", "yes, or a column AM and PM each", "Which register.", "`AM`, `PM`, `1`, `2`, morning, afternoon", "AM",
    ),
    Column(
        "code", "yes, or a column AM and PM each", "The attendance code.",
        "kept as it comes, in capitals; empty or `-` = no mark", "N",
    ),
    Column("minutes_late", "no", "Minutes late, for L and U.", "0 to 1439", "12"),
    Column("comment", "no", "A note that stands with the mark.", "any text", ""),
    Column(
        "taken_at", "no", "When the mark was made; the newest of two marks counts.",
        "date and time, or a time on that date; London time unless it carries an offset", "09:21",
    ),
)  # fmt: skip

COLUMNS: Final[dict[Purpose, tuple[Column, ...]]] = {"people": PEOPLE, "marks": MARKS}


def names(purpose: Purpose) -> tuple[str, ...]:
    """The names of our columns, in their usual order."""
    return tuple(column.name for column in COLUMNS[purpose])


def needed(purpose: Purpose) -> tuple[str, ...]:
    """The columns no file can do without; conditions ("this or email") are judged in `presets`."""
    return tuple(column.name for column in COLUMNS[purpose] if column.needed == "yes")


_OPENING = """# File columns

<!-- Generated from notifier/registers/columns.py; change it there. -->

Files may be CSV, TSV or semicolon-separated (UTF-8, with or without BOM, or Windows-1252) or XLSX. Header names are compared
without regard to capitals, spaces, underscores and punctuation, and through presets for headings of several MIS: see
[Import from a MIS export](../how-to/import-from-a-mis.md). Columns not listed here are ignored, with a warning.
"""

_TITLES: Final[dict[Purpose, str]] = {
    "people": "## People: one row per pupil and carer\n\nA made-up file: [people.csv](../examples/people.csv).",
    "marks": "## Marks: one row per pupil, date and session\n\nA made-up file: [marks.csv](../examples/marks.csv).",
}


def columns_markdown() -> str:
    """The whole of docs/reference/file-columns.md."""
    parts = [_OPENING]
    for purpose, columns in COLUMNS.items():
        rows = ["| column | needed | meaning | accepted | example |", "|---|---|---|---|---|"]
        for column in columns:
            cells = (f"`{column.name}`", column.needed, column.meaning, column.accepted, column.example)
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        parts.append(_TITLES[purpose] + "\n\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)
