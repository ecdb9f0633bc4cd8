"""A school as the rules see it: its times, calendar, languages, channels and the people to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from notifier.domain.sessions import Session, SessionTimes


@dataclass(frozen=True, slots=True)
class School:
    """One school, as its file says (config/schools/*.toml). Dates are local; spans include both ends.

    `email` is the office's address and gets every staff alert; `safeguarding_email` gets the urgent ones as well.
    `sms_from` is the school's own number for texts, where it has one. `trust` names the trust or hub whose wording is used where
    the school has none of its own. `named_person` signs messages outside the first day. `answer_links` are the channels whose
    messages hold a link to the answer page. `fold` are languages whose texts are sent without accents, to keep them short.
    `own_policy` is the text of the school's own copy of its policy, None where it uses the shared one. While `sending` is off nothing
    leaves for families.
    """

    key: str
    name: str
    short_name: str
    phone: str
    email: str
    policy: str
    times: Mapping[Session, SessionTimes]
    terms: tuple[tuple[date, date], ...]
    closed: tuple[tuple[date, date], ...] = ()
    phase: str = ""
    languages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ("sms", "email")
    safeguarding_email: str | None = None
    sms_from: str | None = None
    drop_folder: str | None = None
    trust: str | None = None
    named_person: str = ""
    answer_links: tuple[str, ...] = ("email",)
    fold: tuple[str, ...] = ()
    bank_holidays_open: frozenset[date] = field(default_factory=frozenset)
    own_policy: str | None = field(default=None, repr=False)
    sending: bool = True
