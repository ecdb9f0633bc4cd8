"""Searches that an address may carry without showing what was typed: sealed with the service's key, for one school.

Names, numbers and words of families do not belong in addresses: these lie in histories and logs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from notifier.services import sealing
from notifier.web.staff.access import Visit

STALE: Final = "This search can no longer be read. Please search again."


def sealed(visit: Visit, kind: str, fields: Mapping[str, str]) -> str:
    """The fields of a search, sealed for the school in hand."""
    plain = json.dumps({"school": visit.school.key, **fields}, ensure_ascii=False)
    return sealing.seal(visit.app.settings, f"search:{kind}", plain)


def opened(visit: Visit, kind: str, text: str) -> dict[str, Any] | None:
    """The fields again; None where it was sealed for another school, for something else, or by a service that has gone."""
    plain = sealing.unseal(visit.app.settings, f"search:{kind}", text)
    found: dict[str, Any] = json.loads(plain) if plain else {}
    return found if found.pop("school", None) == visit.school.key else None
