"""Marks pushed over HTTP as JSON, checked by the same rules as a file. The body is already parsed; nothing is fetched here.

`{"marks": [{"pupil_id", "date", "session", "code", "minutes_late"?, "comment"?, "taken_at"?}]}`; fields we do not know are
ignored, so that a sender may add its own.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from notifier.registers.columns import names
from notifier.registers.marks import MarkChecker, MarkRow, MarksFile, settled_marks
from notifier.registers.presets import STANDARD, load_presets
from notifier.registers.refusals import FileError

MOST_MARKS: Final = 100_000
"""Marks taken in one push; a larger roll is pushed in parts."""


def _number_as_text(value: Any) -> Any:
    """Ids and minutes come as numbers or as text; true and false are neither."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _nothing_as_text(value: Any) -> Any:
    return "" if value is None else _number_as_text(value)


_Id = Annotated[str, BeforeValidator(_number_as_text)]
_Optional = Annotated[str, BeforeValidator(_nothing_as_text)]


class PushedMark(BaseModel):
    """One mark as a sender writes it. A `code` of null, "" or "-" says that no mark was made; it may not be left out."""

    model_config = ConfigDict(extra="ignore", strict=True)

    pupil_id: _Id
    date: str
    session: _Id
    code: _Optional
    minutes_late: _Optional = ""
    comment: _Optional = ""
    taken_at: _Optional = ""


def read_pushed_marks(body: object, *, today: date, presets_dir: Path | None = None) -> MarksFile:
    """Check a parsed push; `today` is the school's local date. `row` in the result is the place in the list, from 1.

    Raises FileError where the body is not `{"marks": [...]}`; faulty marks are in `refused`, `raw` in the order of `header`.
    """
    listed = body.get("marks") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        raise FileError("bad_body", 'The body must be a JSON object with a list: {"marks": [...]}.')
    if len(listed) > MOST_MARKS:
        raise FileError(
            "too_many", f"One push may hold {MOST_MARKS:,} marks; this one holds {len(listed):,}. Send it in parts."
        )
    header = names("marks")
    checker = MarkChecker(today, load_presets(presets_dir)[STANDARD].words.sessions, str)
    rows: list[MarkRow] = []
    for row, entry in enumerate(listed, start=1):
        raw = _raw(entry, header)
        try:
            mark = PushedMark.model_validate(entry)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_input=False)[0]
            column = str(fault["loc"][0]) if fault["loc"] else None
            value = raw[header.index(column)] if column in header else ""
            checker.refuse(row, column, value, "bad_value", f"{fault['msg']}.", raw)
            continue
        checked = checker.check(
            row, mark.pupil_id, mark.date, mark.session, mark.code, mark.minutes_late, mark.comment, mark.taken_at, raw
        )
        if checked is not None:
            rows.append(checked)
    settled = settled_marks(rows, checker.refused, checker.warnings)
    refused = sorted(checker.refused, key=lambda refusal: refusal.row)
    return MarksFile(
        tuple(settled.rows),
        tuple(refused),
        tuple(checker.warnings),
        "json",
        header,
        "utf-8",
        tuple(settled.superseded),
    )


def _raw(entry: object, header: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(entry, dict):
        return (json.dumps(entry, ensure_ascii=False, default=str),)
    return tuple(_shown(entry.get(column)) for column in header)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
