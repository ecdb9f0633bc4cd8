"""Moments and days as people type them, and the one clock the commands have.

Everything below the commands is told what time it is; `--at` makes any moment testable.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from notifier.domain.sessions import LONDON


def now() -> datetime:
    """The present moment (UTC): the only place where a command asks for it."""
    return datetime.now(UTC)


def today() -> date:
    """The present date in England."""
    return now().astimezone(LONDON).date()


def parse_moment(text: str) -> datetime:
    """Read ISO 8601 with its offset. Raises typer.BadParameter, also for a time without an offset: it could mean two moments."""
    example = "2026-11-23T09:30:00+00:00 (or +01:00 in summer time, or Z for UTC)"
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a moment; write it as {example}.") from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"'{text}' does not say in which zone; write it with its offset, as {example}.")
    return moment.astimezone(UTC)


def parse_day(text: str) -> date:
    """Read a date as YYYY-MM-DD or DD/MM/YYYY. Raises typer.BadParameter."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
    raise typer.BadParameter(f"'{text}' is not a date; write it as 2026-11-23 or 23/11/2026.")


At = Annotated[
    datetime | None,
    typer.Option(
        "--at",
        parser=parse_moment,
        metavar="MOMENT",
        help="Act as at this moment, ISO 8601 with offset; now unless given.",
    ),
]
"""The option `--at`."""

Day = Annotated[
    date | None,
    typer.Option(
        "--date", parser=parse_day, metavar="DATE", help="The day, as 2026-11-23 or 23/11/2026; today unless given."
    ),
]
"""The option `--date`, where today is meant without it."""
