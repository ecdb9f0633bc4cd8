"""The evidence pack as a PDF: who made it and when, the fingerprint, contacts, and every event by day; numbered pages.

typst sets the pages and gets every word as data. Words in other scripts use the fonts that letters use; a sign that no installed font has (an
emoji, mostly) is given by its Unicode name in brackets, and the pack says so.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from notifier.domain.sessions import LONDON
from notifier.services.evidence import NoEvidence, Pack
from notifier.wording.languages import direction
from notifier.wording.printing import fonts_present

_TYPST: Final = Path(__file__).parent / "pages" / "evidence.typ"
_TRIES: Final = 40

_JOINED: Final = re.compile("[\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]|(?<=[\u2190-\u2bff\U0001f000-\U0001faff])\u200d")
"""What joins pictures to one another or chooses their looks and colours: their names stand alone."""

NAMED: Final = "Signs that no font on this machine has are given by their names in square brackets."


def evidence_pdf(pack: Pack, *, made_by: str, made_at: datetime, purpose: str) -> bytes:
    """The pack as a tagged PDF (PDF/UA-1). Raises NoEvidence where it cannot be set."""
    try:
        import typst
    except ImportError:
        raise NoEvidence("Evidence packs need the library typst: pip install typst") from None
    local = made_at.astimezone(LONDON)
    missing: set[str] = set()
    for _ in range(_TRIES):
        document = _document(pack, made_by, local, purpose, missing)
        try:
            return bytes(
                typst.compile(
                    str(_TYPST),
                    root=str(_TYPST.parent),
                    sys_inputs={"pack": json.dumps(document, ensure_ascii=False)},
                    pdf_standards=["ua-1"],
                    timestamp=made_at.replace(microsecond=0),
                )
            )
        except typst.TypstError as fault:
            found = (_signs_in(str(fault)) or _pictures_of(pack)) - missing
            if not found:
                raise NoEvidence(f"The pack could not be set: {fault}") from None
            missing |= found
    raise NoEvidence("The pack holds too many signs that no installed font has. Install the package fonts-noto-core.")


def _signs_in(fault: str) -> set[str]:
    """The signs that typst says it cannot show; empty for another fault."""
    told = re.search(r"the text `\"?(.+?)\"?` could not be displayed", fault, re.DOTALL)
    if told is None:
        return set()
    plain = re.sub(r"\\u\{([0-9a-fA-F]+)\}", lambda code: chr(int(code[1], 16)), told[1])
    return {letter for letter in plain if not letter.isascii()}


def _pictures_of(pack: Pack) -> set[str]:
    """Every sign that is no letter and no mark of one: where typst names only the neighbour of the one that it cannot show."""
    said = "".join(event.said + event.what for event in pack.events)
    return {letter for letter in said if not letter.isascii() and unicodedata.category(letter)[0] in "SC"}


def _document(pack: Pack, made_by: str, local: datetime, purpose: str, missing: set[str]) -> dict[str, Any]:
    named = {ord(letter): _named(letter) for letter in missing}

    def plain(text: str) -> str:
        kept = _JOINED.sub(
            "", "".join(letter for letter in text if letter == "\n" or unicodedata.category(letter) != "Cc")
        )
        return kept.translate(named)

    days: list[dict[str, Any]] = []
    for event in pack.events:
        at = datetime.fromisoformat(event.at)
        day = f"{at:%A} {at.day} {at:%B %Y}"
        if not days or days[-1]["day"] != day:
            days.append({"day": day, "events": []})
        days[-1]["events"].append(
            {
                "time": f"{at:%H:%M:%S}",
                "kind": event.kind,
                "what": plain(event.what),
                "source": plain(event.source),
                "said": [plain(line) for line in event.said.splitlines()] if event.said else [],
                **_language(event.said, event.language),
            }
        )
    everything = "".join(
        [pack.pupil_name, *(event.what for event in pack.events), *(" ".join(row) for row in pack.contacts)]
    )
    return {
        "title": f"Evidence pack, pupil {pack.pupil_id}",
        "author": pack.school_name,
        "latin": list(fonts_present("")),
        "fonts": list(fonts_present(everything)),
        "school": pack.school_name,
        "pupil": plain(pack.pupil_name),
        "pupil_id": pack.pupil_id,
        "group": pack.group,
        "first": _long(pack.first),
        "last": _long(pack.last),
        "made_by": made_by,
        "made_at": f"{local:%A} {local.day} {local:%B %Y, %H:%M:%S %Z}",
        "purpose": plain(purpose),
        "fingerprint": pack.fingerprint,
        "count": len(pack.events),
        "contacts": [[plain(cell) for cell in row] for row in pack.contacts],
        "days": days,
        "note": NAMED if missing else "",
    }


def _named(letter: str) -> str:
    """What stands for a sign that cannot be shown: its name, and nothing for what only joins others."""
    if unicodedata.category(letter) in ("Mn", "Cf"):
        return ""
    return f"[{unicodedata.name(letter, f'U+{ord(letter):04X}').lower()}]"


def _language(said: str, language: str) -> dict[str, Any]:
    first, *rest = (language or "en").split("-")
    region = next((part.lower() for part in rest if len(part) == 2), None)
    from_the_right = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in said)
    rtl = from_the_right and (not language or direction(language) == "rtl")
    return {
        "lang": first if 2 <= len(first) <= 3 else "en",
        "region": region,
        "rtl": rtl,
        "script_fonts": list(fonts_present(said, language)),
    }


def _long(day: str) -> str:
    moment = datetime.fromisoformat(day)
    return f"{moment.day} {moment:%B %Y}"
