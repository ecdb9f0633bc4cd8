"""Changing a school's settings: its file and its own policy are written anew, checked as a whole, and kept with their history.

What the pages change is the text of the school's file, comments and all, as if somebody had typed it; so a file and a page never part
company. Ladder, guards and caps stand in a policy that several schools may share: the first change makes the school's own copy of
it, and setting everything back to the shared values takes the copy away again (docs/decisions/0016).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import tomlkit
from sqlalchemy import Connection

from notifier.configuration.errors import ConfigurationError, Problem
from notifier.configuration.policies import list_policies, load_policy, parse_policy, policy_files
from notifier.configuration.schools import load_school
from notifier.domain.policies import Policy
from notifier.domain.schools import School
from notifier.services.application import Application, UnknownSchool
from notifier.services.settings_parts import FILE, POLICY, Field, Part, part_title, parts, span_words
from notifier.store import people, records
from notifier.store import school_settings as store
from notifier.wording.previews import language_name


class SettingsChanged(Exception):
    """Somebody saved settings since the page was read; nothing was saved. The words say who, when and which."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A school's settings as they stand: both texts, and the version that a page must name when it saves."""

    school: School
    policy: Policy
    file_text: str
    policy_text: str | None
    sending: bool
    version: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """Settings that somebody wants: as typed, as values, and what is wrong with them by field ("" for the whole)."""

    part: Part
    typed: Mapping[str, Any]
    before: Settings
    after: Settings
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """What differs, as (field, before, after) in words."""
        told = []
        old, new = values_of(self.part, self.before), values_of(self.part, self.after)
        for each in self.part.fields:
            if old.get(each.id) != new.get(each.id):
                told.append((each.label, in_words(each, old.get(each.id)), in_words(each, new.get(each.id))))
        return told


def in_words(each: Field, value: Any) -> str:
    """A field's value, as a form shows it, in words for a list; several spans of days each on a line."""
    if isinstance(value, list):
        names = dict(each.choices)
        return ", ".join(str(names.get(one) or one) for one in value) or "none"
    if each.kind in ("one", "yes_no"):
        return dict(each.choices).get(value, str(value))
    said = str(value or "")
    if not said:
        return "none"
    if each.kind == "spans":
        return "\n".join(span_words(line) for line in said.splitlines())
    return {"percent": f"{said}%", "pounds": f"£{said}"}.get(each.kind, said)


def read(connection: Connection, app: Application, school_id: str) -> Settings:
    """A school's settings. Raises UnknownSchool."""
    row = people.school_texts(connection, school_id).get(school_id)
    if row is None:
        raise UnknownSchool(f"There is no school '{school_id}'.")
    school = app.school(connection, school_id)
    return Settings(
        school, app.policy(school), row.file_text, row.policy_text, bool(row.sending), row.version, row.changed_at
    )


def parts_of(app: Application, settings: Settings) -> dict[str, Part]:
    """The settings pages of a school."""
    tags = dict.fromkeys([*(tag for tag in app.wording.languages() if tag != "en"), *settings.school.languages])
    return parts(
        languages=[(tag, language_name(tag)) for tag in tags],
        policies=[(key, key.replace("_", " ").capitalize()) for key in list_policies(app.config_dir)],
        steps=settings.policy.steps,
    )


def values_of(part: Part, settings: Settings) -> dict[str, Any]:
    """The values of a page's fields as its form shows them."""
    documents = {FILE: tomlkit.parse(settings.file_text).unwrap(), POLICY: _policy_values(settings.policy)}
    shown: dict[str, Any] = {}
    for each in part.fields:
        value = _at(documents[each.inside], each.place)
        if value is None:
            value = _DEFAULTS.get(each.id)
        shown[each.id] = each.shown(value)
    return shown


_DEFAULTS: Mapping[str, Any] = {"channels": ["sms", "email"], "links": ["email"], "closed": [], "inset": [], "open": [], "languages": [], "fold": []}  # fmt: skip


def _policy_values(policy: Policy) -> dict[str, Any]:
    guards, caps = policy.guards, policy.caps
    return {
        "policy": {"unconfirmed_wait": policy.unconfirmed_wait, "automatic_answers": policy.automatic_answers},
        "guards": {name: getattr(guards, name) for name in guards.__slots__},
        "caps": {name: getattr(caps, name) for name in caps.__slots__},
        "step": [{"after": step.after} for step in policy.steps],
    }


def _at(document: Any, place: Sequence[Any]) -> Any:
    for key in place:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def drafted(app: Application, settings: Settings, part: Part, typed: Mapping[str, Any]) -> Draft:
    """What a form asks for, checked as a whole. `typed` holds a text for each field, a list for those with several values."""
    faults: dict[str, str] = {}
    meant: dict[str, Any] = {}
    for each in part.fields:
        given = typed.get(each.id, [] if each.kind == "several" else "")
        try:
            meant[each.id] = each.meant(
                "" if isinstance(given, list) else str(given), given if isinstance(given, list) else []
            )
        except ValueError as problem:
            faults[each.id] = str(problem)
    if faults:
        return Draft(part, typed, settings, settings, faults)
    try:
        after = _applied(app, settings, part, meant)
    except ConfigurationError as problem:
        return Draft(part, typed, settings, settings, by_field(part.fields, problem.problems))
    return Draft(part, typed, settings, after)


def _applied(app: Application, settings: Settings, part: Part, meant: Mapping[str, Any]) -> Settings:
    """The settings with a page's values in place. Raises ConfigurationError."""
    file = tomlkit.parse(settings.file_text)
    for each in (one for one in part.fields if one.inside == FILE):
        _put(file, each, meant[each.id])
    file_text = tomlkit.dumps(file)
    source = "the school's settings"
    school = load_school(file_text, source=source, config_dir=app.config_dir)
    chosen = school.policy != settings.school.policy
    shared = load_policy(school.policy, app.config_dir)
    own = (
        settings.policy_text if settings.policy_text is not None and settings.school.own_policy and not chosen else None
    )
    text = own or policy_files(app.config_dir)[school.policy].read_text(encoding="utf-8")
    fields = [one for one in part.fields if one.inside == POLICY]
    if chosen:  # the minutes typed were those of the other ladder; limits go along
        fields = [one for one in fields if one.place[0] != "step"]
        text = _with_limits(text, settings.policy)
    policy_text: str | None = text
    if fields or chosen:
        document = tomlkit.parse(text)
        for each in fields:
            _put(document, each, meant[each.id])
        policy_text = tomlkit.dumps(document)
    policy = parse_policy(policy_text or text, source=source, key=school.policy, config_dir=app.config_dir)
    if policy == shared:
        policy_text = None
    school = replace(school, own_policy=policy_text, sending=settings.sending)
    return replace(settings, school=school, policy=policy, file_text=file_text, policy_text=policy_text)


def _with_limits(text: str, policy: Policy) -> str:
    document = tomlkit.parse(text)
    for table in ("guards", "caps"):
        limits = getattr(policy, table)
        for name in limits.__slots__:
            document.setdefault(table, tomlkit.table())[name] = getattr(limits, name)
    return tomlkit.dumps(document)


def _put(document: Any, each: Field, value: Any) -> None:
    """Write a value at its place, the rest of the text left as it is; an empty one is taken out."""
    *path, last = each.place
    for key in path:
        if isinstance(key, int):
            document = document[key]
        else:
            if key not in document:
                document[key] = tomlkit.table()
            document = document[key]
    if each.id == "terms":
        value = [one.split("/") if "/" in one else [one, one] for one in value]
    if each.kind == "several":  # the order in the file is the school's own; a form has another
        before = list(document.get(last, _DEFAULTS.get(each.id, [])))
        value = [one for one in before if one in value] + [one for one in value if one not in before]
        if last not in document and value == before:
            return
    if value is None or (value == [] and last not in document):
        if last in document:
            del document[last]
        return
    if last in document and document[last] == value:
        return
    document[last] = value


def by_field(fields: Sequence[Field], problems: Sequence[Problem]) -> dict[str, str]:
    """What the readers of the files find wrong, by field; under "" what belongs to none of them."""
    told: dict[str, str] = {}
    for problem in problems:
        where = next(
            (
                one.id
                for one in fields
                if problem.key == one.key or problem.key.startswith((f"{one.key} ", f"{one.key}."))
            ),
            "",
        )
        said = f"{problem.message[:1].upper()}{problem.message[1:]}"
        told[where] = f"{told[where]} {said}." if where in told else f"{said}."
    return told


def save(app: Application, school_id: str, draft: Draft, *, seen: int, by: str, now: datetime) -> int:
    """Keep a draft that has no faults; returns the new version. Raises SettingsChanged where somebody was quicker."""
    with app.database.begin() as connection:
        people.lock_school(connection, school_id)
        version = store.change(
            connection, school_id, seen=seen, by=by, at=now, part=draft.part.key, name=draft.after.school.name,
            file_text=draft.after.file_text, policy_text=draft.after.policy_text, sending=draft.after.sending,
        )  # fmt: skip
        if version is None:
            raise SettingsChanged(who_changed(connection, school_id))
        records.add_audit(
            connection, school_id, at=now, actor=by, act="settings.change", subject=draft.part.key,
            detail={"changes": [list(change) for change in draft.changes], "version": version},
        )  # fmt: skip
    return version


def who_changed(connection: Connection, school_id: str) -> str:
    """Who saved last, in words."""
    last = store.latest(connection, school_id)
    if last is None or not last.by:
        return (
            "Somebody changed the settings since you opened this page. Nothing was saved; look at them as they are now."
        )
    return f"{last.by} changed “{part_title(last.part)}” since you opened this page. Nothing was saved; look at the settings as they are now."
