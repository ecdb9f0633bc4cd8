"""How a reading of a reply is put to staff: how sure it is, which code it suggests, and the facts it found. Never more than a suggestion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from notifier.domain.answer_tokens import without_tokens
from notifier.services.application import Application
from notifier.services.inbox import Child, plan_of
from notifier.web import words

_SURE: Final = ((0.85, "very likely"), (0.6, "likely"), (0.35, "perhaps"), (0.0, "a guess"))


def sureness(confidence: float) -> str:
    """A confidence from 0 to 1 in words: "likely". The rules' weights are not a calibrated chance, so no percentage is shown."""
    return next(said for least, said in _SURE if confidence >= least)


def reading(app: Application, row: Any, children: Sequence[Child] = ()) -> dict[str, Any]:
    """What the inbox shows beside a reply."""
    plan = plan_of(row)
    code = app.codes.lookup(row.suggested_code) if row.suggested_code else None
    return {
        "id": row.reply_id,
        "body": words_of(row.body),
        "language": row.language or "",
        "language_name": words.language_name(row.language),
        "received_at": row.received_at,
        "channel": words.CHANNELS.get(row.channel, row.channel),
        "intent": plan.label,
        "next_step": plan.next_step,
        "sureness": sureness(row.confidence),
        "urgent": bool(row.urgent),
        "code": row.suggested_code or "",
        "code_words": code.meaning if code else "",
        "facts": facts(row.facts or {}, row.return_hint, children),
    }


def words_of(body: str) -> str:
    """A reply's words for a page. An answer by e-mail quotes our message and the link in it: the link's secret is left out."""
    return without_tokens(body)


def facts(found: Mapping[str, Any], hint: str | None, children: Sequence[Child]) -> list[tuple[str, str]]:
    """The facts read off a reply as labels and words: when the child is back, at what time, which child, what ails them."""
    names = {child.pupil_id: child.called for child in children}
    said: list[tuple[str, str]] = []
    if day := found.get("return_date"):
        said.append(("Back", words.long_day(date.fromisoformat(str(day)))))
    elif hint:
        said.append(("About coming back", f"“{hint}”"))
    if clock := found.get("time"):
        said.append(("Time", str(clock)))
    meant = [names[key] for key in found.get("pupil_ids", ()) if key in names]
    if meant and len(children) > 1:
        said.append(("Means", ", ".join(meant)))
    if condition := found.get("condition"):
        said.append(("Says it is", str(condition).replace("_", " ")))
    if near := found.get("closest"):
        said.append(("Reads like", f"“{near}”"))
    return said
