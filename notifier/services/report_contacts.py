"""The reports about contacts and their addresses, and about what messages cost; `reports` names them beside the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection

from notifier.domain.schools import School
from notifier.domain.staff_words import address_fault_words
from notifier.services.application import Application
from notifier.services.report_shapes import Chart, Figure, Kind, Report, Span, counted, totals
from notifier.store import report_contacts as store
from notifier.store.reports import Scope
from notifier.store.reports import cost as cost_rows
from notifier.wording.previews import language_name

UNHEARD: Final = 3
"""So many messages without one arriving make an address suspicious."""

FAULTS: Final = {"never_delivered": f"No message of {UNHEARD} or more arrived"}
"""Why an address is looked into, beside `staff_words.ADDRESS_FAULTS`."""


def contacts(connection: Connection, app: Application, span: Span, scope: Scope) -> Report:
    """Whom a message could reach, what became of messages, and which addresses do not work."""
    ways = totals(store.carers_by_way(connection, scope.schools))
    by_channel: dict[str, Counter[str]] = defaultdict(Counter)
    for row in store.outcomes(connection, scope):
        by_channel[row.channel][_OUTCOMES.get(row.status, "Not sent")] += row.messages
    faults: Counter[str] = Counter()
    for row in store.faults(connection, scope.schools):
        faults[fault_words(row.reason)] += row.addresses
    for row in store.never_delivered(connection, scope, UNHEARD):
        faults[FAULTS["never_delivered"]] += row.addresses
    texts, mails = by_channel["sms"], by_channel["email"]
    labels = ("Arrived", "Sent, not confirmed", "Not delivered", "Outcome not known", "Not sent", "Still to leave")
    trouble = tuple((reason, number) for reason, number in faults.most_common())
    return Report(
        "contacts", "Contacts and their numbers", "Whom a message could reach today, and what became of the messages of these days.",
        (
            Figure("contacts.ways", "How carers can be written to now",
                   f"{ways['by_none']} of {ways['carers']} carers cannot be written to at all.", ("Way", "Carers"),
                   (("By text", ways["by_text"]), ("Only by e-mail", ways["by_mail"]), ("Not at all", ways["by_none"])),
                   Chart(Kind.BARS, (1,), "carers"),
                   "An address that does not work, or whose owner answered STOP, is no way."),
            Figure("contacts.outcomes", "What became of messages to families",
                   counted(texts["Not delivered"] + mails["Not delivered"], "message was not delivered.", "messages were not delivered."), ("Outcome", "Texts", "E-mails"),
                   tuple((label, texts[label], mails[label]) for label in labels), Chart(Kind.BARS, (1, 2), "messages")),
            Figure("contacts.faults", "Addresses that do not work",
                   counted(faults.total(), "address needs to be put right.", "addresses need to be put right."), ("What is wrong", "Addresses"), trouble),
        ),
    )  # fmt: skip


_OUTCOMES: Final[Mapping[str, str]] = {
    "delivered": "Arrived", "sent": "Sent, not confirmed", "accepted": "Sent, not confirmed", "undelivered": "Not delivered",
    "failed": "Not delivered", "unknown": "Outcome not known", "sending": "Still to leave", "queued": "Still to leave",
    "held": "Still to leave",
}  # fmt: skip


def cost(connection: Connection, app: Application, span: Span, scope: Scope) -> Report:
    """What left, by the language of the family, and its price."""
    texts: Counter[str] = Counter()
    mails: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    instead: Counter[str] = Counter()
    pence: dict[str, float] = defaultdict(float)
    for row in cost_rows(connection, scope):
        language = row.wanted_language or "en"
        (texts if row.channel == "sms" else mails)[language] += row.messages
        instead[language] += row.instead
        if row.channel == "sms":
            parts[language] += row.parts or 0
        pence[language] += float(row.pence or 0)
    languages = sorted(pence, key=lambda tag: (-pence[tag], -texts[tag] - mails[tag], tag))
    rows = tuple(
        (language_name(tag), texts[tag], parts[tag], mails[tag], instead[tag], round(pence[tag], 2))
        for tag in languages
    )
    spent = sum(pence.values())
    said = f"{texts.total()} texts in {parts.total()} parts cost about £{spent / 100:.2f}; e-mails cost nothing."
    return Report(
        "cost", "What it cost", "A text is paid by its parts; letters outside the plain alphabet make more parts.",
        (Figure("cost.languages", "Cost by language and channel", said,
                ("Language of the family", "Texts", "Parts", "E-mails", "Went out in English instead", "Cost"), rows,
                Chart(Kind.BARS, (5,), "pence"),
                "“In English instead” counts messages in a language that the school does not offer, or whose words nobody has approved.",
                frozenset({5})),),
    )  # fmt: skip


def put_right(app: Application, school: School, span: Span) -> list[dict[str, Any]]:
    """Contacts of a school whose address has to be corrected, by name; for the school's own staff."""
    scope = span.scope([school])
    with app.database.read() as connection:
        rows = store.to_put_right(connection, scope, school.key, UNHEARD)
    return [
        {
            "name": row.name or row.carer_id,
            "channel": row.channel,
            "address": row.address,
            "why": fault_words(row.why),
            "since": row.found_at,
        }
        for row in sorted(rows, key=lambda row: (row.name, row.carer_id, row.channel))
    ]


def fault_words(reason: str) -> str:
    """Why an address has to be put right, for people."""
    return FAULTS.get(reason) or address_fault_words(reason)
