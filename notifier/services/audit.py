"""Who saw and did what at a school: searched, exported, and checked for entries that were changed or taken out.

Every entry of the chain holds the hash of the one before it, and seals hold the hash of the looks. Whoever can write to the database could
make the whole chain anew; against that, the last entry's number and fingerprint can be noted somewhere else and compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection

from notifier.services import looks as looking
from notifier.services.application import Application
from notifier.services.audit_words import detail_said
from notifier.store import audit, looks, message_log, people, pupil_records, records
from notifier.store.audit import ACT, Line, Place, Sought

ACTS: Final = {
    "absence.report": "noted an absence told ahead",
    "absence.take_back": "took an absence told ahead back",
    "audit.export": "exported the audit",
    "block.ask_end": "asked to end a block on contact",
    "block.confirm": "confirmed a block on contact, as the second person",
    "block.decline": "declined a block on contact",
    "block.end": "ended a block on contact, as the second person",
    "block.keep": "kept a block on contact",
    "block.propose": "set a block on contact",
    "breach.wrong_number": "a message may have reached the wrong person",
    "confirmed.export": "saved the list of confirmed reasons",
    "contact.lift": "allowed messages to a contact again",
    "contact.suppress": "stopped messages to a contact",
    "contact.use_again": "let a contact’s number or e-mail address be used again",
    "evidence.export": "made an evidence pack",
    "follow_up.call": "noted a call",
    "follow_up.confirm": "confirmed the reason of an absence",
    "follow_up.hand_to_lead": "handed a pupil to the safeguarding lead",
    "follow_up.note": "wrote a note",
    "follow_up.open_again": "opened a follow-up again",
    "follow_up.write": "wrote to a family by hand",
    "hold.release": "released a hold",
    "letters.print": "printed letters",
    "looks.sealed": "sealed the list of looks",
    "messages.export": "exported messages",
    "pack.import": "took a pack in",
    "proposal.held_back": "held a proposed message back",
    "proposal.sent": "sent a proposed message",
    "proposals.expired": "proposed messages ran out",
    "proposals.made": "messages were proposed",
    "replies.read_unmatched": "read messages that belong to no school",
    "reply.answer": "answered a family",
    "reply.give": "gave an answer to a colleague",
    "reply.link": "said whose message it is",
    "reply.release": "gave an answer back",
    "reply.take": "took an answer on",
    "report.export": "saved a report’s table",
    "school.add": "added the school",
    "school.change": "changed the school’s file",
    "school.vouch": "vouched for a step before the first day",
    "sending.off": "switched sending off",
    "sending.on": "switched sending on",
    "settings.change": "changed the settings",
    "sign_in": "signed in",
    "sign_in.refused": "was refused at sign-in",
    "sign_out": "signed out",
    "staff.add": "gave somebody a role",
    "staff.disable": "disabled an account",
    "staff.enable": "opened an account again",
    "staff.name": "corrected a colleague’s name",
    "staff.password": "changed their password",
    "staff.recovered": "chose a new password by a recovery link",
    "staff.recovery": "made a recovery link",
    "staff.remove_role": "took a role away",
    "staff.second_factor_off": "took a second factor away",
    "staff.second_factor_on": "set a second factor up",
    "staff.unlock": "let a colleague try to sign in again",
    "token.make": "made an API token",
    "wording.approve": "approved a translation",
    "wording.approve_own": "approved the school’s own wording",
    "wording.remove": "removed the school’s own wording",
    "wording.save": "saved the school’s own wording",
} | {f"look.{what}": words for what, words in looking.WHAT.items()}
"""Acts and looks with words for people. An act that is not here is shown by its key."""


def act_words(act: str) -> str:
    """What somebody did, in words; the key where there are none."""
    return ACTS.get(act, act.replace("_", " ").replace(".", ": "))


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the audit for people. `number` is that of the chain, None for a look; `said` is the detail in words."""

    place: Place
    number: int | None
    at: datetime
    actor: str
    act: str
    words: str
    subject: str
    pupil_id: str
    detail: tuple[tuple[str, str], ...]
    said: tuple[str, ...] = ()


def sought_for_pupil(connection: Connection, school_id: str, pupil_id: str) -> tuple[str, ...]:
    """What acts on a pupil may name instead of the pupil: its follow-ups."""
    chased = pupil_records.follow_ups_between(connection, school_id, pupil_id, date.min, date.max)
    return tuple(row.follow_up_id for row in chased)


def page(
    connection: Connection, school_id: str, sought: Sought, *, before: Place | None = None, limit: int = 50
) -> list[Told]:
    """Lines of the audit for people, the newest first."""
    return [_told(line) for line in audit.lines(connection, school_id, sought, before=before, limit=limit)]


def _told(line: Line) -> Told:
    row = line.row
    if line.place.kind == ACT:
        pairs = tuple((str(key).replace("_", " "), _plain(value)) for key, value in dict(row.detail or {}).items())
        pupil = str(dict(row.detail or {}).get("pupil") or "")
        said = detail_said(row.detail or {})
        return Told(
            line.place, row.number, row.at, row.actor, row.act, act_words(row.act), row.subject, pupil, pairs, said
        )
    act = f"look.{row.what}"
    return Told(line.place, None, row.at, row.actor, act, act_words(act), row.subject, row.pupil_id, ())


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_plain(part)}" for key, part in value.items())
    return (
        ""
        if value is None
        else {True: "yes", False: "no"}.get(value, str(value))
        if isinstance(value, bool)
        else str(value)
    )


def everything(app: Application, school_id: str, sought: Sought, *, most: int) -> Iterator[Told]:
    """All lines of a search for an export, read in pieces so that nothing waits on whoever downloads."""
    before: Place | None = None
    while most > 0:
        with app.database.read() as connection:
            told = page(connection, school_id, sought, before=before, limit=min(1000, most))
        yield from told
        if len(told) < 1000:
            return
        before, most = told[-1].place, most - len(told)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking a chain found. `broken` is the first entry that does not fit, None where all do; `why` says it in words.

    `head` is the fingerprint of the last entry. `unsealed` are looks of the last hour that no entry covers yet.
    """

    school_id: str
    entries: int
    looks: int
    unsealed: int
    head: str
    broken: int | None = None
    why: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing was changed or taken out."""
        return self.broken is None


WHAT_IT_MEANS: Final = (
    "Somebody, or a fault of a disk or a restore, changed the records outside Notifier. What the audit says from this entry on cannot be "
    "relied on. Keep the database and its backups as they are, tell the head and the data protection officer, and compare with a backup "
    "made before."
)
"""What a break means and what to do."""


def check(
    connection: Connection, school_id: str, *, expected: tuple[int, str] | None = None, last: int | None = None
) -> Verdict:
    """Read a chain from its beginning (or only its last entries) and say where it is broken.

    `expected` is a number and a fingerprint (or its beginning) noted earlier: they must still be in the chain.
    """
    number, previous, seen_looks = 0, "", 0
    noted = expected is None
    if last is not None:
        newest = audit.last_entry(connection, school_id)
        number = max((newest.number if newest else 0) - last, 0)
        before = next(audit.chain(connection, school_id, after=number - 1), None) if number else None
        previous = before.entry_hash if before is not None else ""
    for row in audit.chain(connection, school_id, after=number):
        problem = _problem(row, number + 1, previous)
        if not problem and row.act == looking.SEALS:
            covered = looks.sealed_in(connection, school_id, row.number)
            seen_looks += len(covered)
            if looks.digest(covered) != row.detail.get("digest"):
                problem = (f"The looks that entry {row.number} covers are not those that were made: "
                           "one was changed, taken out or added.")  # fmt: skip
        if expected is not None and row.number == expected[0]:
            noted = row.entry_hash.startswith(expected[1])
            if not noted and not problem:
                problem = f"Entry {row.number} has another fingerprint than the one you noted: the chain was made anew."
        if problem:
            return Verdict(school_id, number, seen_looks, 0, previous, row.number, problem)
        number, previous = row.number, row.entry_hash
    open_looks = len(looks.unsealed(connection, school_id))
    if not noted and expected is not None:
        why = f"Entry {expected[0]}, which you noted, is not there: the chain ends with entry {number}. Entries were cut off."
        return Verdict(school_id, number, seen_looks, open_looks, previous, number + 1, why)
    return Verdict(school_id, number, seen_looks, open_looks, previous)


def _problem(row: Any, expected: int, previous: str) -> str:
    if row.number != expected:
        missing = (
            f"Entry {expected} is" if row.number == expected + 1 else f"Entries {expected} to {row.number - 1} are"
        )
        return f"{missing} missing: taken out before entry {row.number}."
    entry = {"number": row.number, "at": row.at.isoformat(), "actor": row.actor, "act": row.act, "subject": row.subject,
             "detail": row.detail}  # fmt: skip
    if row.previous_hash == previous and row.entry_hash == records.audit_hash(previous, entry):
        return ""
    if row.entry_hash == records.audit_hash(row.previous_hash, entry):
        return f"Entry {row.number} does not follow entry {expected - 1}: the one before it was replaced, or entries were put in."
    return f"Entry {row.number} was changed after it was written."


def messages_of(connection: Connection, school_id: str, ids: list[str]) -> dict[str, str]:
    """Which of the subjects are messages or answers, with their direction."""
    return {row.item_id: row.direction for row in message_log.of_items(connection, school_id, ids)}


def note_act(
    app: Application, school_id: str, *, actor: str, act: str, subject: str, detail: dict[str, Any], now: datetime
) -> int:
    """Write an act that changes nothing else (an export) into the chain, in a transaction of its own; returns its number."""
    with app.database.begin() as connection:
        people.lock_school(connection, school_id)
        records.lock_chain(connection, school_id)
        number = looks.next_entry(connection, school_id)
        records.add_audit(connection, school_id, at=now, actor=actor, act=act, subject=subject, detail=detail)
    return number
