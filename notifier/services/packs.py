"""Takes a pack in after somebody has looked through it; `packing` makes one.

Taking in is planned first, item by item, with what goes out now beside what would. Then everything in the plan is put in place, or
nothing. An approval in a pack is information: it counts here once somebody accepts it, in that person's name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from notifier.configuration.policies import policy_files
from notifier.services.application import Application
from notifier.services.comparing import Comparison, compare
from notifier.services.schools import NotAllowed
from notifier.services.wording import Owner, audit, folder_of, owner_of, wording_for
from notifier.store import records
from notifier.wording.languages import ENGLISH
from notifier.wording.overrides import OwnersWording, State, own_approval_hash
from notifier.wording.own_folder import FolderBusy, Saving, staged
from notifier.wording.own_text import digest, plain, tidy
from notifier.wording.packs import (
    Approval,
    Message,
    Pack,
    PackedPolicy,
    Translation,
    check_pack,
    read_pack,
)

_DO = ("new", "change")

FOR_ALL_SCHOOLS = "a policy is for every school here: whoever runs Notifier takes it in, by command"
"""Why the pages leave a policy out."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One item of a pack and what becomes of it: "new", "change", "same" or "skip", with why where it is skipped."""

    item: Message | Translation | Approval | PackedPolicy
    act: str
    why: str = ""
    comparison: Comparison | None = None
    before: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A pack as it would be taken in, and whether it was."""

    pack: Pack
    owner: Owner
    items: tuple[Planned, ...]
    done: bool = False
    notes: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[Planned, ...]:
        """The items that change something."""
        return tuple(item for item in self.items if item.act in _DO)


def take_in(
    app: Application,
    key: str,
    data: bytes,
    *,
    source: str,
    by: str,
    now: datetime,
    approve: bool,
    trust: bool = False,
    policies: bool = True,
    replace_policies: bool = False,
) -> Plan:
    """Plan taking a pack in for a school or its trust, and with `approve` do it, in the name of `by`.

    Policies are files that every school here can choose: without `policies` they are left out, whatever the pack holds.
    Raises PackFault for a pack that cannot be read whole, NotAllowed, UnknownSchool.
    """
    pack = read_pack(data, source=source)
    if approve and not by.strip():
        raise NotAllowed("Say who looked through the pack and approves it: --approve --by NAME")
    with app.database.read() as connection:
        owner = owner_of(app, connection, key, trust=trust)
        plan = _planned(app, connection, pack, owner, policies, replace_policies)
    if not approve or not plan.wanted:
        return plan
    _carry_out(app, plan, by=by.strip(), now=now)
    return Plan(pack, owner, plan.items, done=True, notes=plan.notes)


def _planned(
    app: Application, connection: Connection, pack: Pack, owner: Owner, policies: bool, replace_policies: bool
) -> Plan:
    wording = wording_for(app, owner)
    approvals = records.approved(connection, owner.key, None if owner.is_trust else owner.school.trust)
    found: dict[str, str] = {}
    for finding in check_pack(pack, app.wording, app.config_dir):
        found.setdefault(finding.place, f"{finding.what} To do: {finding.remedy}")
    planned: list[Planned] = []
    english: dict[tuple[str, str], str] = {}
    for message in pack.message:
        one = _plan_words(app, wording, owner, message, found.get(message.name), approvals)
        planned.append(one)
        if one.act != "skip":
            english[message.template, message.channel] = message.text
    for item in pack.translation:
        why = found.get(item.name)
        if why is None:
            counts = english.get((item.template, item.channel)) or wording.english(item.template, item.channel)
            if digest(counts) != item.english:
                why = "it translates another English than would count here"
        planned.append(_plan_words(app, wording, owner, item, why, approvals))
    planned += _plan_approvals(app, wording, pack, planned, english, found, approvals)
    planned += [
        _plan_policy(app, connection, policy, found.get(policy.name) if policies else FOR_ALL_SCHOOLS, replace_policies)
        for policy in pack.policy
    ]
    notes = [
        f"{words.template} {words.language} {words.channel}: the own translation here belongs to the English that goes; "
        "it will be outdated"
        for words in wording.words()
        if words.owner == owner.key
        and words.language != ENGLISH
        and (now_english := english.get((words.template, words.channel)))
        and digest(now_english) != words.english
        and words.place not in {(item.template, item.language, item.channel) for item in pack.translation}
    ]
    return Plan(pack, owner, tuple(planned), notes=tuple(notes))


def _plan_words(
    app: Application,
    wording: OwnersWording,
    owner: Owner,
    item: Message | Translation,
    why: str | None,
    approvals: frozenset[tuple[str, str]],
) -> Planned:
    if why is not None:
        return Planned(item, "skip", why)
    kept = wording.own(owner.key, item.template, item.language, item.channel)
    if (
        kept is not None
        and kept.text == item.text
        and wording.standing(kept).state in (State.IN_USE, State.NOT_APPROVED)
    ):
        return Planned(item, "same")
    compared = compare(app, wording, owner.school, item.template, item.language, item.channel, item.text, approvals)
    return Planned(item, "change" if kept else "new", comparison=compared)


def _plan_approvals(
    app: Application,
    wording: OwnersWording,
    pack: Pack,
    planned: Sequence[Planned],
    english: dict[tuple[str, str], str],
    found: dict[str, str],
    approvals: frozenset[tuple[str, str]],
) -> Iterator[Planned]:
    usable = set()
    for one in planned:
        if isinstance(one.item, Translation) and one.act != "skip":
            words = one.item
            counts = english.get((words.template, words.channel)) or wording.english(words.template, words.channel)
            hashed = own_approval_hash(words.template, words.language, words.channel, english=counts, text=words.text)
            usable.add((words.template, words.language, hashed))
    for item in pack.approval:
        if item.name in found:
            yield Planned(item, "skip", found[item.name])
        elif (item.language, item.hash) in approvals:
            yield Planned(item, "same")
        elif (item.template, item.language, item.hash) in usable or (
            item.language in app.wording.languages()
            and item.hash == app.wording.approval_hash(item.template, item.language)
        ):
            yield Planned(item, "new")
        else:
            yield Planned(item, "skip", "it is of other words than are here; have them reviewed here")


def _plan_policy(
    app: Application, connection: Connection, policy: PackedPolicy, why: str | None, replace_policies: bool
) -> Planned:
    if why is not None:
        return Planned(policy, "skip", why)
    file = policy_files(app.config_dir).get(policy.key)
    if file is None:
        return Planned(policy, "new")
    before = file.read_text("utf-8-sig")
    if tidy(before) == tidy(policy.text):
        return Planned(policy, "same")
    users = [school.key for school in app.schools(connection) if school.policy == policy.key]
    used = f"used by {', '.join(users)}" if users else "used by no school"
    if not replace_policies:
        why = f"there is another policy of this key, {used}; to replace it for all of them: --replace-policies"
        return Planned(policy, "skip", why, before=before)
    return Planned(policy, "change", f"replaces the policy of this key, {used}", before=before)


def _carry_out(app: Application, plan: Plan, *, by: str, now: datetime) -> None:
    pack, owner = plan.pack, plan.owner
    origin = f"pack {pack.pack.name} {pack.pack.version} of {pack.pack.made_by}"
    policies = {one.item.key: one.item.text for one in plan.wanted if isinstance(one.item, PackedPolicy)}
    try:
        with staged(folder_of(app), owner.key) as change, _policies_written(folder_of(app).parent, policies):
            for one in plan.wanted:
                if isinstance(one.item, Message | Translation):
                    change.put(_saving(app, one.item, by=by, now=now, note=origin))
            with app.database.begin() as connection:
                for one in plan.wanted:
                    if isinstance(one.item, Approval):
                        records.add_approval(connection, _accepted(owner, one.item, by=by, now=now))
                detail = {
                    **pack.pack.model_dump(exclude={"made_at", "format"}), "made_at": pack.pack.made_at.isoformat(),
                    "taken_in": [one.item.name for one in plan.wanted],
                    "skipped": {one.item.name: one.why for one in plan.items if one.act == "skip"},
                    "texts": {
                        one.item.name: one.item.text for one in plan.wanted if isinstance(one.item, Message | Translation)
                    },
                }  # fmt: skip
                audit(connection, owner, now=now, by=by, act="pack.import", subject=pack.pack.name, detail=detail)
                change.put_in_place()
    except FolderBusy as busy:
        raise NotAllowed(str(busy)) from None


def _saving(app: Application, item: Message | Translation, *, by: str, now: datetime, note: str) -> Saving:
    return Saving(
        item.template, item.language, item.channel, item.text,
        based_on=digest(plain(app.wording.template(item.template), item.channel)),
        english=item.english if isinstance(item, Translation) else "",
        saved_by=by, saved_at=now, note=note,
    )  # fmt: skip


def _accepted(owner: Owner, item: Approval, *, by: str, now: datetime) -> dict[str, Any]:
    return {
        "school_id": owner.key, "language": item.language, "template": item.template, "approval_hash": item.hash,
        "reviewer": f"reviewed by {item.reviewer} on {item.at:%d/%m/%Y}, accepted by {by}", "approved_at": now,
    }  # fmt: skip


@contextmanager
def _policies_written(config_dir: Path, policies: dict[str, str]) -> Iterator[None]:
    """Write policy files; an exception puts the old ones back."""
    old: dict[Path, bytes | None] = {}
    try:
        for key, text in policies.items():
            path = config_dir / "policies" / f"{key}.toml"
            path.parent.mkdir(parents=True, exist_ok=True)
            old[path] = path.read_bytes() if path.exists() else None
            beside = path.with_suffix(".toml.new")
            beside.write_text(text, "utf-8", newline="\n")
            os.replace(beside, path)
        yield
    except BaseException:
        for path, before in old.items():
            if before is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(before)
        raise
