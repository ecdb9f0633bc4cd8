"""What `notifier run` shows to people: counts by reason, what is held, who is written to and who is not.

For a dry run also the words of the messages that would go, with their parts and what they cost, since nothing of it was kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.padding import Padding
from rich.text import Text

from notifier.cli.console import counted, err, out, rows, say
from notifier.domain.answer_tokens import without_tokens
from notifier.domain.decisions import Outcome
from notifier.domain.reasons import Reason, words

if TYPE_CHECKING:
    from notifier.services.decide import RunResult

ACCOUNTED_FOR = frozenset(
    {Reason.PRESENT, Reason.EXPLAINED, Reason.NOT_EXPECTED, Reason.OFF_SITE, Reason.SCHOOL_CLOSED}
)
"""Reasons that are counted and not listed pupil by pupil: nothing is to be done."""

_WOULD = {Reason.UNEXPLAINED: "Absent without a reason; the carers would be contacted."}
"""Words that must not sound in a dry run as if it had happened."""

FALLBACKS = {
    "not_approved": "nobody has approved the translation yet",
    "no_translation": "there is no translation yet",
    "not_offered": "the school's file does not offer the language",
}
"""Why a message goes out in English although the carer reads another language."""

OWN_WORDING = {
    "own_wording_stale": "the school's own wording is outdated",
    "own_wording_refused": "the school's own wording did not pass the checks",
    "own_wording_not_approved": "the school's own wording is not approved yet",
}
"""Why the shipped wording goes out in place of the school's own: see `notifier wording list`."""


def print_run(result: RunResult, pupils: Mapping[str, Any], *, dry_run: bool, moment: datetime) -> None:
    """Show a run. `pupils` are pupil rows by id, `moment` is when the run was made: what it queued was made then."""
    if dry_run:
        say("Dry run: nothing was kept, nothing will be sent.", "bold yellow")
    say(f"{result.school_id} · {result.day:%A %d/%m/%Y} {result.session}", "bold")
    counts = Counter(decision.reason for decision in result.decisions)
    rows(
        ["pupils", "reason", "which means"],
        [
            [f"{number:>6,}", reason.value, _WOULD.get(reason, words(reason).what) if dry_run else words(reason).what]
            for reason, number in counts.most_common()
        ],
    )
    _print_holds(result, dry_run=dry_run)
    new = {row.message_id for row in result.messages if row.created_at == moment}
    wanted = [item.pupil_id for item in result.decisions if item.outcome is Outcome.CONTACT]
    rows(
        ["pupils", "group", "would be queued" if dry_run else "queued or sent"],
        [
            [
                ", ".join(_name(pupils, pupil) for pupil in family),
                ", ".join(dict.fromkeys(_group(pupils, pupil) for pupil in family)),
                _queued(ids, new) if dry_run else counted(len(ids), "message"),
            ]
            for family, ids in families(wanted, result.message_ids)
        ],
        title="→ Carers who would be contacted" if dry_run else "→ Carers contacted",
    )
    if dry_run:
        print_words([row for row in result.messages if row.message_id in new])
    held = {row.kind for row in result.holds}
    missed = [
        [
            _name(pupils, item.pupil_id),
            _group(pupils, item.pupil_id),
            item.reason.value,
            words(item.reason).next_step,
        ]
        for item in result.decisions
        if item.outcome is not Outcome.CONTACT and item.reason not in ACCOUNTED_FOR and item.reason not in held
    ]
    title = "– Would not be contacted" if dry_run else "– Not contacted"
    rows(["pupil", "group", "reason", "what to do"], missed, title=title)


def _print_holds(result: RunResult, *, dry_run: bool) -> None:
    lines = [
        ["‖ held", row.scope or "whole school", words(row.kind).what, words(row.kind).next_step, row.hold_id]
        for row in result.holds
    ]
    if dry_run:  # the id of a hold that was not kept can be released by nobody
        rows(["", "group", "why", "what to do"], [line[:-1] for line in lines], title="Would be held")
        return
    rows(["", "group", "why", "what to do", "hold"], lines, title="Held")
    if any(row.kind == "unusual_absence" for row in result.holds):
        err().print(f"A second person releases it: notifier release {result.school_id} HOLD --by NAME", markup=False)


def _name(pupils: Mapping[str, Any], pupil_id: str) -> str:
    pupil = pupils.get(pupil_id)
    return f"{pupil.preferred_name or pupil.given_name} {pupil.family_name}".strip() if pupil else pupil_id


def _group(pupils: Mapping[str, Any], pupil_id: str) -> str:
    pupil = pupils.get(pupil_id)
    return pupil.registration_group if pupil else ""


def _queued(ids: frozenset[str], new: Set[str]) -> str:
    """How many messages a pass that was not kept would have added."""
    if ids and not ids & new:
        return f"nothing new: {counted(len(ids), 'message')} queued or sent before"
    return counted(len(ids & new), "message")


def families(
    wanted: Iterable[str], message_ids: Mapping[str, Sequence[str]]
) -> list[tuple[tuple[str, ...], frozenset[str]]]:
    """Pupils joined with those who share a message with them, each family with its messages: none stands in two families."""
    joined: list[tuple[list[str], set[str]]] = []
    for pupil_id in wanted:
        pupils, sent = [pupil_id], set(message_ids.get(pupil_id, ()))
        apart = []
        for others, theirs in joined:
            if sent & theirs:
                pupils, sent = [*others, *pupils], sent | theirs
            else:
                apart.append((others, theirs))
        joined = [*apart, (pupils, sent)]
    return [(tuple(pupils), frozenset(sent)) for pupils, sent in joined]


def print_words(messages: Sequence[Any]) -> None:
    """Show how messages read: of each template, channel and language the longest, with parts and pence, and what all cost."""
    alike: dict[tuple[str, ...], list[Any]] = {}
    for row in messages:
        place = (row.template, row.channel, row.language, row.wanted_language or "", row.fallback or "")
        alike.setdefault(place, []).append(row)
    if not alike:
        return
    say("→ The words that would go", "bold")
    for found in alike.values():
        longest = max(found, key=lambda row: (row.segments, len(row.body)))
        say(_heading(longest, len(found)), "dim")
        body = without_tokens(longest.body.strip())
        _say_indented("\n\n".join(part for part in (longest.subject, body) if part))
        say()
    texts = [row for row in messages if row.channel == "sms"]
    parts = counted(sum(row.segments for row in texts), "part")
    cost = pence(sum(row.cost_pence for row in texts))
    mails = len(messages) - len(texts)
    also = f", and {counted(mails, 'e-mail')}" if mails else ""
    say(f"Would be queued: {counted(len(texts), 'text')} in {parts} for {cost}{also}; nothing was kept.", "bold")
    say()


def _say_indented(body: str) -> None:
    """A message's words, set in; at a terminal also where a line is broken at the edge."""
    console = out()
    if console.is_terminal:
        console.print(Padding(Text(body), (0, 0, 0, 2), expand=False))
    else:
        for line in body.splitlines():
            say(f"  {line}")


def _heading(row: Any, number: int) -> str:
    if row.channel == "sms":
        size = [row.encoding, counted(row.segments, "part"), pence(row.cost_pence)]
        like = counted(number, "text")
    else:
        size, like = ["e-mail"], counted(number, "e-mail")
    if number > 1:
        like += ", the longest shown"
    told = " · ".join([row.template, row.language, *size, like])
    if row.fallback in OWN_WORDING:
        told += f" · shipped words: {OWN_WORDING[row.fallback]}"
    elif row.fallback:
        told += f" · instead of {row.wanted_language}: {FALLBACKS.get(row.fallback, row.fallback)}"
    return told


def pence(amount: float) -> str:
    """A sum of money as people write it: "8p", "£1.20"."""
    return f"{round(amount, 2):g}p" if amount < 100 else f"£{amount / 100:,.2f}"
