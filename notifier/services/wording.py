"""A school's own wording: save it after it was checked, approve, list and remove it; and say what goes out now.

The words themselves lie in files (`notifier.wording.overrides`); who saved, approved or removed them is in the school's audit.
What belongs to a trust is told in the audit of each of its schools.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from babel import UnknownLocaleError
from sqlalchemy import Connection

from notifier.domain.schools import School
from notifier.services.application import Application
from notifier.services.comparing import Comparison, compare
from notifier.services.schools import NotAllowed, own_approvals
from notifier.store import people, records
from notifier.wording import Problem
from notifier.wording.languages import ENGLISH, is_english, locale_of, negotiated
from notifier.wording.overrides import OwnersWording, Standing, State, owners_wording
from notifier.wording.own_checks import check_own
from notifier.wording.own_files import OwnWords
from notifier.wording.own_folder import FolderBusy, Saving, staged
from notifier.wording.own_text import FILES, OWN_CHANNELS, digest, plain, tidy


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose wording is meant: a school, or its trust. `schools` are all it counts for, `order` the owners that count for it."""

    key: str
    school: School
    is_trust: bool
    schools: tuple[str, ...]

    @property
    def order(self) -> tuple[str, ...]:
        """The owners whose wording counts for this one, its own first."""
        if self.is_trust or not self.school.trust:
            return (self.key,)
        return tuple(dict.fromkeys((self.key, self.school.trust)))


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of saving. With problems, nothing was saved."""

    owner: Owner
    problems: tuple[Problem, ...]
    comparisons: tuple[Comparison, ...]
    notes: tuple[str, ...] = ()


def owner_of(app: Application, connection: Connection, key: str, *, trust: bool = False) -> Owner:
    """The school of a key, or the trust it belongs to. Raises UnknownSchool, NotAllowed."""
    school = app.school(connection, key)
    if not trust:
        return Owner(school.key, school, False, (school.key,))
    if not school.trust:
        raise NotAllowed(
            f'{school.name} belongs to no trust. Write trust = "…" into its file, then: notifier school add FILE'
        )
    members = tuple(other.key for other in app.schools(connection) if other.trust == school.trust)
    if people.school_file(connection, school.trust) is not None:
        raise NotAllowed(
            f"'{school.trust}' is the key of a school as well; give the trust another key in its schools' files."
        )
    return Owner(school.trust, school, True, members)


def wording_for(app: Application, owner: Owner) -> OwnersWording:
    """The wording as the owner sees it; a trust sees nothing of its schools' own."""
    return owners_wording(app.wording, app.wording_dir, owner.order)


def folder_of(app: Application) -> Path:
    """Where own wording lies. Raises NotAllowed."""
    if app.wording_dir is None:
        raise NotAllowed("There is no configuration folder to keep wording in; set NOTIFIER_CONFIG_DIR.")
    return app.wording_dir


def known_language(tag: str) -> str:
    """A language tag as folders carry it. Raises NotAllowed."""
    if is_english(tag):
        return ENGLISH
    try:
        locale_of(tag)
    except (UnknownLocaleError, ValueError):
        raise NotAllowed(f"'{tag}' is not a language; give a tag such as pl or pa-Guru.") from None
    return tag


def save(
    app: Application,
    key: str,
    template: str,
    texts: Mapping[str, str],
    *,
    language: str,
    by: str,
    now: datetime,
    note: str = "",
    trust: bool = False,
    dry_run: bool = False,
) -> Saved:
    """Check own texts (by channel) and keep them. Nothing is kept where there is a problem, or with `dry_run`.

    Raises UnknownSchool, UnknownTemplate, NotAllowed.
    """
    if not by.strip():
        raise NotAllowed("Say who saves it: --by NAME")
    if not texts:
        raise NotAllowed("Give the words: --sms FILE, --email FILE or both (- reads standard input).")
    language = known_language(language)
    stock = app.wording
    about = stock.template(template)
    with app.database.read() as connection:
        owner = owner_of(app, connection, key, trust=trust)
        approvals = records.approved(connection, owner.school.key, owner.school.trust)
    wording = wording_for(app, owner)
    tidied = {channel: tidy(text) for channel, text in texts.items()}
    problems: list[Problem] = []
    savings, comparisons = [], []
    for channel, text in tidied.items():
        english = wording.english(template, channel) if channel in about.channels else ""
        found = check_own(stock.layout, about, channel=channel, language=language, text=text, english=english)
        problems += found
        if found:
            continue
        made = Saving(
            template, language, channel, text,
            based_on=digest(plain(about, channel)),
            english="" if is_english(language) else digest(english),
            saved_by=by.strip(), saved_at=now, note=note.strip(),
        )  # fmt: skip
        savings.append(made)
        comparisons.append(compare(app, wording, owner.school, made.template, language, channel, text, approvals))
    if problems or dry_run:
        return Saved(owner, tuple(problems), tuple(comparisons))
    try:
        with staged(folder_of(app), owner.key) as change:
            for made in savings:
                change.put(made)
            with app.database.begin() as connection:
                detail = {"language": language, "note": note.strip(), "texts": tidied}
                audit(connection, owner, now=now, by=by.strip(), act="wording.save", subject=template, detail=detail)
                change.put_in_place()
    except FolderBusy as busy:
        raise NotAllowed(str(busy)) from None
    return Saved(owner, (), tuple(comparisons), tuple(_notes(app, owner, template, language, approvals)))


def audit(
    connection: Connection, owner: Owner, *, now: datetime, by: str, act: str, subject: str, detail: Mapping[str, Any]
) -> None:
    """Tell each school that a change concerns."""
    told = {**detail, "trust": owner.key} if owner.is_trust else detail
    for school in owner.schools:
        records.add_audit(connection, school, at=now, actor=by, act=act, subject=subject, detail=told)


def _notes(
    app: Application, owner: Owner, template: str, language: str, approvals: frozenset[tuple[str, str]]
) -> list[str]:
    """What somebody should know who has just saved own words."""
    wording = wording_for(app, owner)
    if not is_english(language):
        notes = []
        if negotiated(language, owner.school.languages) is None:
            notes.append(f"{owner.school.name} does not offer {language} yet: add it to languages in its file.")
        waiting = [words for words in wording.words() if words.template == template and words.language == language]
        if any(wording.standing(words, approvals).state is State.NOT_APPROVED for words in waiting):
            notes.append(
                f"It goes out when a second person has approved it: "
                f'notifier wording approve {owner.school.key} {template} --language {language} --reviewer "NAME, ROLE"'
            )
        return notes
    return language_notes(wording, owner.school, template, approvals)


def language_notes(
    wording: OwnersWording, school: School, template: str, approvals: frozenset[tuple[str, str]]
) -> list[str]:
    """For own English: what the school's other languages get meanwhile."""
    notes = []
    for channel in OWN_CHANNELS:
        if wording.in_use(template, ENGLISH, channel)[0] is None:
            continue
        others = [tag for tag in school.languages if wording.in_use(template, tag, channel, approvals)[0] is None]
        shipped = [tag for tag in others if wording.stock.standing(template, tag, approvals) is None]
        english = [tag for tag in others if tag not in shipped]
        if shipped:
            told = "the shipped translation goes out; it says the shipped English, not yours."
            notes.append(f"{channel} in {', '.join(shipped)}: {told}")
        if english:
            notes.append(f"{channel} in {', '.join(english)}: your English goes out; no translation is approved.")
    return notes


def standings(app: Application, connection: Connection, school: School) -> list[Standing]:
    """How every own text that concerns a school stands, the school's before the trust's."""
    approvals = records.approved(connection, school.key, school.trust)
    wording = app.wording_of(school)
    return [wording.standing(words, approvals) for words in wording.words()]


def approve(
    app: Application, key: str, template: str, *, language: str, reviewer: str, now: datetime, trust: bool = False
) -> list[OwnWords]:
    """Record that a second person approved own translations of a message. Raises NotAllowed, UnknownSchool, UnknownTemplate."""
    app.wording.template(template)
    with app.database.begin() as connection:
        owner = owner_of(app, connection, key, trust=trust)
        wording = wording_for(app, owner)
        found = own_approvals(wording, owner.key, language, [template], reviewer)
        if not found:
            raise NotAllowed(
                f"'{owner.key}' has no own wording of '{template}' in '{language}'. See: notifier wording list {key}"
            )
        for words, hashed in found:
            records.add_approval(
                connection,
                {
                    "school_id": owner.key, "language": words.language, "template": template,
                    "approval_hash": hashed, "reviewer": reviewer.strip(), "approved_at": now,
                },
            )  # fmt: skip
        detail = {"language": language, "channels": [words.channel for words, _ in found]}
        audit(
            connection, owner, now=now, by=reviewer.strip(), act="wording.approve_own", subject=template, detail=detail
        )
    return [words for words, _ in found]


def remove(
    app: Application,
    key: str,
    template: str,
    *,
    language: str,
    by: str,
    now: datetime,
    channels: Sequence[str] = OWN_CHANNELS,
    trust: bool = False,
) -> list[str]:
    """Take own wording away, so that the trust's or the shipped one goes out again. Returns the files that are gone.

    A message that is no longer shipped can be removed too. Raises NotAllowed, UnknownSchool.
    """
    if not by.strip():
        raise NotAllowed("Say who removes it: --by NAME")
    with app.database.read() as connection:
        owner = owner_of(app, connection, key, trust=trust)
    wording = wording_for(app, owner)
    kept = {channel: words for channel in channels if (words := wording.own(owner.key, template, language, channel))}
    if not kept:
        raise NotAllowed(
            f"'{owner.key}' has no own wording of '{template}' in '{language}'. See: notifier wording list {key}"
        )
    try:
        with staged(folder_of(app), owner.key) as change:
            gone = [FILES[channel] for channel in kept if change.remove(template, language, channel)]
            with app.database.begin() as connection:
                detail = {"language": language, "texts": {channel: words.text for channel, words in kept.items()}}
                audit(connection, owner, now=now, by=by.strip(), act="wording.remove", subject=template, detail=detail)
                change.put_in_place()
    except (FolderBusy, ValueError) as fault:
        raise NotAllowed(str(fault)) from None
    return gone
