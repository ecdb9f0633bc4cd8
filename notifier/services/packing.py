"""Makes a pack of the wording that is proven at a school: what goes out there, and nothing that does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from notifier.configuration.errors import problems_in
from notifier.configuration.policies import policy_files
from notifier.services.application import Application
from notifier.services.schools import NotAllowed
from notifier.store import records
from notifier.wording.languages import ENGLISH
from notifier.wording.overrides import State
from notifier.wording.packs import FORMAT, Pack, packed


@dataclass(frozen=True, slots=True)
class Exported:
    """A pack, and what was left out of it and why."""

    pack: Pack
    left_out: tuple[str, ...] = field(default=())


def export(
    app: Application,
    key: str,
    *,
    name: str,
    version: str,
    licence: str,
    made_by: str,
    now: datetime,
    notes: str = "",
    only: Sequence[str] = (),
    with_policy: bool = False,
) -> Exported:
    """A pack of the own wording that goes out at a school, its trust's included, with translations and their approvals.

    Own words that do not go out (outdated, refused) are left out and named. Raises NotAllowed, UnknownSchool, UnknownTemplate.
    """
    for template in only:
        app.wording.template(template)
    with app.database.read() as connection:
        school = app.school(connection, key)
        held = records.approvals_held(connection, school.key, school.trust)
    wording = app.wording_of(school)
    tables: dict[str, list[dict[str, Any]]] = {"message": [], "translation": [], "approval": [], "policy": []}
    left_out: list[str] = []
    taken: dict[tuple[str, str, str], str] = {}
    for words in wording.words():
        if (only and words.template not in only) or words.place in taken:
            continue
        standing = wording.standing(words)
        if standing.state in (State.STALE, State.REFUSED):
            left_out.append(f"{words.template} {words.language} {words.channel} ({words.owner}): {standing.why}")
            continue
        item = {
            "template": words.template,
            "language": words.language,
            "channel": words.channel,
            "based_on": words.based_on,
        }
        if words.language == ENGLISH:
            tables["message"].append({**item, "text": words.text})
        else:
            tables["translation"].append({**item, "english": words.english, "text": words.text})
        taken[words.place] = "" if words.language == ENGLISH else wording.approval_hash(words)
    tables["approval"] = _approvals(app, held, {template for template, _, _ in taken}, set(taken.values()))
    if with_policy:
        file = policy_files(app.config_dir)[school.policy]
        tables["policy"].append({"key": school.policy, "text": file.read_text("utf-8-sig").replace("\r\n", "\n")})
    if not tables["message"] and not tables["translation"] and not tables["policy"]:
        why = f" ({'; '.join(left_out)})" if left_out else ""
        raise NotAllowed(f"{school.name} has no own wording to pass on{why}. See: notifier wording list {school.key}")
    manifest = {
        "format": FORMAT, "name": name, "version": version, "licence": licence, "made_by": made_by,
        "made_at": now.replace(microsecond=0), "notes": notes,
    }  # fmt: skip
    try:
        return Exported(packed(manifest, tables), tuple(left_out))
    except ValidationError as fault:
        raise NotAllowed("\n".join(map(str, problems_in(fault, Pack, "the pack")))) from None


def _approvals(app: Application, held: Sequence[Any], templates: set[str], own: set[str]) -> list[dict[str, Any]]:
    """Who approved the translations of the messages in a pack, own and shipped; the latest approval of each counts."""
    found = {}
    for row in held:
        if row.template not in templates:
            continue
        if row.approval_hash in own or row.approval_hash == app.wording.approval_hash(row.template, row.language):
            found[row.approval_hash] = {
                "template": row.template, "language": row.language, "hash": row.approval_hash,
                "reviewer": " ".join(row.reviewer.split())[:200], "at": row.approved_at.replace(microsecond=0),
            }  # fmt: skip
    return list(found.values())
