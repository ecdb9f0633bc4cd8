"""What keeps messages back at the last moment: spending caps, too many equal texts, the senders' pace, and channels that are stopped.

All of it happens inside the transaction of a claim, before the provider is called. Held messages wait for a person's release;
those beyond the pace go back to the queue untouched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from notifier.domain.answer_tokens import without_tokens
from notifier.domain.messages import MessageStatus
from notifier.domain.reasons import Reason
from notifier.domain.schools import School
from notifier.domain.sessions import local_date, local_time
from notifier.services import follow_up, ladder, outbox
from notifier.services.application import Application
from notifier.store import follow_ups as follow_up_store
from notifier.store import last_look, records, runs
from notifier.store import messages as store


def hold_while_off(connection: Connection, school: School, rows: Sequence[Any], *, now: datetime) -> list[Any]:
    """Hold back what is for families while a school's switch is off, and put the children on the call list; returns the rest.

    What is for staff leaves: they must learn of the morning. What is held so never leaves later by itself: switching on ends it.
    """
    if school.sending:
        return list(rows)
    ids = [row.message_id for row in rows if row.audience == "carer"]
    store.move(connection, school.key, ids, MessageStatus.HELD, at=now, reason=Reason.SENDING_OFF.value)
    links = [link for found in store.links_of(connection, school.key, ids).values() for link in found]
    chased = sorted({link.follow_up_id for link in links if link.follow_up_id})
    for row in follow_up_store.by_ids(connection, school.key, chased):
        follow_up.put_on_call_list(connection, school, row, Reason.SENDING_OFF, now)
    return [row for row in rows if row.audience != "carer"]


def within_caps(
    connection: Connection,
    app: Application,
    schools: Mapping[str, School],
    checked: Mapping[str, Sequence[Any]],
    now: datetime,
) -> tuple[list[Any], dict[str, int]]:
    """Hold back texts past the day's spending limit, and withhold one text too many of the same to one number."""
    texts = [row for rows in checked.values() for row in rows if row.channel == "sms"]
    if not texts:
        return [row for rows in checked.values() for row in rows], {}
    held: Counter[str] = Counter()
    kept: list[Any] = []
    same = store.equal_texts(connection, texts, since=now - timedelta(hours=24))
    spent = _spent(connection, texts)
    for school_id, rows in checked.items():
        fit, counts = _within_caps_of(connection, app, schools[school_id], rows, same, spent, now)
        kept.extend(fit)
        held.update(counts)
    return kept, held


def _spent(connection: Connection, texts: Sequence[Any]) -> dict[tuple[str, date], float]:
    """What each school's texts of a day have cost without these, which are in hand and counted as spent already."""
    spent: dict[tuple[str, date], float] = {}
    for day in sorted({row.day for row in texts}):
        mine = [row for row in texts if row.day == day]
        for school_id, pence in last_look.spent_by_school(connection, {row.school_id for row in mine}, day).items():
            spent[(school_id, day)] = pence
        for row in mine:
            spent[(row.school_id, day)] -= row.cost_pence
    return spent


def _within_caps_of(
    connection: Connection,
    app: Application,
    school: School,
    rows: Sequence[Any],
    same: dict[tuple[str, str], int],
    spent_of: Mapping[tuple[str, date], float],
    now: datetime,
) -> tuple[list[Any], dict[str, int]]:
    texts = [row for row in rows if row.channel == "sms"]
    if not texts:
        return list(rows), {}
    caps = app.policy(school).caps
    held: Counter[str] = Counter()
    kept: list[Any] = []
    spent = spent_of[(school.key, texts[0].day)]
    limit = _limit(
        connection, school, texts[0].day, spent + sum(row.cost_pence for row in texts), caps.spend_pence_per_day
    )
    over: list[Any] = []
    for row in rows:
        if row.channel != "sms":
            kept.append(row)
            continue
        text = (row.to_address, without_tokens(row.body))
        times = same.get(text, 0)
        if times >= caps.equal_texts_per_number:
            store.move(
                connection, school.key, [row.message_id], MessageStatus.WITHHELD, at=now, reason=Reason.EQUAL_TEXT_CAP.value
            )  # fmt: skip
            ladder.pass_on(connection, app, school, row, now=now, reason=Reason.EQUAL_TEXT_CAP)
            held["cancelled"] += 1
            continue
        if spent + row.cost_pence > limit and row.purpose != outbox.ALL_CLEAR:
            over.append(row)
            continue
        same[text] = times + 1
        spent += row.cost_pence
        kept.append(row)
    if over:
        stop_channel(
            connection, app, school, "spend_cap", "sms", over, now=now,
            detail=f"£{spent / 100:.2f} of £{limit / 100:.2f} spent", told={"spent": round(spent), "cap": round(limit)},
        )  # fmt: skip
        held["held"] += len(over)
    return kept, held


def _limit(connection: Connection, school: School, day: date, wanted: float, cap: float) -> float:
    """What a school may spend on a day: its cap, and as much again for each time a person released the hold."""
    if wanted <= cap:
        return cap
    released = [
        row for row in runs.holds_of(connection, school.key, day) if row.kind == "spend_cap" and row.released_at
    ]
    return cap * (1 + len(released))


def stop_channel(
    connection: Connection,
    app: Application,
    school: School,
    kind: str,
    channel: str,
    rows: Sequence[Any],
    *,
    now: datetime,
    detail: str,
    told: Mapping[str, Any] | None = None,
) -> None:
    """Hold messages and stop a school's channel until a person releases it; staff are told, and ring meanwhile.

    `told` are the figures of a spending cap for the e-mail.
    """
    day = local_date(now)
    ids = [row.message_id for row in rows]
    store.move(connection, school.key, ids, MessageStatus.HELD, at=now, reason=kind)
    standing = [row for row in runs.holds_of(connection, school.key, day) if row.kind == kind and row.scope == channel]
    if not any(row.released_at is None for row in standing):
        row = {
            "school_id": school.key,
            "hold_id": str(uuid4())[:8],
            "day": day,
            "session": "",
            "kind": kind,
            "scope": channel,
            "ordinal": len(standing) + 1,
            "measure": len(ids),
            "detail": detail,
            "made_at": now,
            "made_by": "sending",
        }
        runs.add_hold(connection, row)
        template = "staff_spend_cap" if kind == "spend_cap" else "staff_sending_stopped"
        outbox.tell_staff(
            connection, app, school, template,
            {**told, "waiting": len(ids)} if told else _stopped(channel, len(ids), detail, now),
            key=f"{kind}:{row['hold_id']}", day=day, session="", now=now, urgent=True,
        )  # fmt: skip
    reason = Reason.SPEND_CAP if kind == "spend_cap" else Reason.CONFIGURATION
    for links in store.links_of(connection, school.key, ids).values():
        for chased in follow_up_store.by_ids(connection, school.key, [x.follow_up_id for x in links if x.follow_up_id]):
            follow_up.put_on_call_list(connection, school, chased, reason, now)


def _stopped(channel: str, waiting: int, detail: str, now: datetime) -> dict[str, Any]:
    name = "Text messages" if channel == "sms" else "E-mails"
    return {"channel": name, "reason": detail, "since": local_time(now), "waiting": waiting}


def within_pace(
    connection: Connection,
    app: Application,
    schools: Mapping[str, School],
    rows: Sequence[Any],
    now: datetime,
    wall: datetime,
) -> tuple[list[Any], int, float]:
    """Keep what the senders' token buckets allow now; the rest goes back to the queue untouched."""
    by_sender: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        own = schools[row.school_id].sms_from if row.channel == "sms" else None
        by_sender.setdefault((row.channel, own or "default"), []).append(row)
    kept: list[Any] = []
    waiting, seconds = 0, 0.0
    for (channel, sender), mine in by_sender.items():
        rate = app.settings.twilio.messages_per_second if channel == "sms" else app.settings.smtp.rate_per_second
        granted = records.take_tokens(
            connection, f"{channel}:{sender}", wanted=len(mine), rate=rate, burst=max(rate, 1.0), now=wall
        )
        kept.extend(mine[:granted])
        surplus = mine[granted:]
        if surplus:
            waiting += len(surplus)
            seconds = max(seconds, min(1.0, 1.0 / rate))
            for school_id in {row.school_id for row in surplus}:
                ids = [row.message_id for row in surplus if row.school_id == school_id]
                store.give_back(connection, school_id, ids, at=now)
    return kept, waiting, seconds
