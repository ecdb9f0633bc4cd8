"""Tables as CSV for a spreadsheet: sent piece by piece, never kept by browser or proxy, and safe to open.

A cell that a spreadsheet would run as a formula begins with an apostrophe (see `registers.refusals`). UTF-8 with a byte order mark, which
is how Excel tells it from Windows' own encoding.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from fastapi.responses import Response, StreamingResponse

from notifier.domain.sessions import LONDON
from notifier.registers.refusals import neutralised

PIECE: Final = 200
"""Rows that are written at a time."""


def csv_response(header: Sequence[str], rows: Iterable[Sequence[object]], name: str) -> StreamingResponse:
    """An answer that a browser saves as a file. `rows` is read while it is sent, outside the event loop."""
    return StreamingResponse(
        _pieces(header, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def file_response(content: bytes, media_type: str, name: str) -> Response:
    """A whole file to save."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=media_type, headers=headers)


def spreadsheet_time(instant: datetime | None) -> str:
    """An instant on the school's clock, as spreadsheets read it; empty for none."""
    return f"{instant.astimezone(LONDON):%Y-%m-%d %H:%M:%S}" if instant else ""


def _pieces(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    each = iter(rows)
    yield b"\xef\xbb\xbf" + _written([header])
    while piece := list(islice(each, PIECE)):
        yield _written(piece)


def _written(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in rows:
        writer.writerow(
            [cell if isinstance(cell, int | float) else neutralised("" if cell is None else str(cell)) for cell in row]
        )
    return text.getvalue().encode()
