"""A pretend morning, minute by minute: marks come in, the service ticks, carers answer, the office does its part.

The service is driven as in real life: files are taken in, receipts and answers are received as webhooks would bring them, and
one tick a minute does what is due. After every tick the data is asked whether any unexplained absence is lost.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from itertools import groupby
from typing import Any, Final

from notifier.channels.base import Receipt
from notifier.channels.simulator import Fate, SimulatedMessage
from notifier.demo import moments
from notifier.demo.absence import MarkDrop, write_marks_csv
from notifier.demo.families import Behaviour, Families, PlannedReply
from notifier.demo.moments import Moment, MomentKind
from notifier.demo.stage import OFFICER, Stage, StageClock
from notifier.domain.sessions import Session, at_local
from notifier.services import follow_up, take_in, views
from notifier.services.outbox import ABSENCE, ALL_CLEAR
from notifier.services.receipts import receive_receipt
from notifier.services.receive import receive_message
from notifier.services.tick import tick, unaccounted
from notifier.store import follow_ups as follow_up_store
from notifier.store import messages as message_store
from notifier.store import replies as reply_store
from notifier.store import runs

BEGINS: Final = time(8, 50)
ENDS: Final = time(15, 10)
MINUTE: Final = timedelta(minutes=1)

ON_ITS_WAY: Final = timedelta(seconds=20)
"""How long a message needs to a carer's telephone; the network's own times differ with every run, and the story must not."""

CONFIRMS_AT: Final = (time(9, 55), time(10, 10), time(10, 25), time(10, 50), time(11, 20), time(14, 0), time(14, 40))
"""When the attendance officer reads the answers and confirms reasons."""

HANGS_BACK: Final = timedelta(minutes=4)
"""Answers younger than this wait for the officer's next round."""

ARRIVES: Final = frozenset({Fate.DELIVERED, Fate.BUSY, Fate.ANSWER_LOST, Fate.SILENT})
"""Fates with which a carer reads the message."""


@dataclass(order=True, slots=True)
class Intention:
    """Something a carer is going to do: answer in `words`, or ring the office where there are none."""

    at: datetime
    carer_id: str
    address: str
    words: str
    pupil_ids: tuple[str, ...]
    reply_token: str | None = None
    language: str = "en"


@dataclass(slots=True)
class Played:
    """What the morning left behind that the database does not tell: moments, the marks that said N, checks, what was lost."""

    moments: list[Moment] = field(default_factory=list)
    unexplained: set[tuple[str, Session]] = field(default_factory=set)
    checks: int = 0
    lost: set[tuple[str, str]] = field(default_factory=set)
    trouble: list[str] = field(default_factory=list)


class Morning:
    """One morning on a stage. `tell` is called with every moment as it happens."""

    def __init__(self, stage: Stage, tell: Callable[[Moment], None]) -> None:
        """Take the stage; nothing happens before `play`."""
        self._stage = stage
        self._tell = tell
        self._families = Families(stage.day)
        self._drops: list[MarkDrop] = stage.day.day_events()
        self._intentions: list[Intention] = []
        self._planned: set[tuple[str, str]] = set()
        self._written_about: set[str] = set()
        self._rules = stage.rules
        self._seen = 0
        self._clock = StageClock(self.begins)
        self.played = Played()

    @property
    def begins(self) -> datetime:
        """The first minute (UTC)."""
        return at_local(self._stage.day.day, BEGINS)

    @property
    def ends(self) -> datetime:
        """The last minute (UTC)."""
        return at_local(self._stage.day.day, ENDS)

    @property
    def minutes(self) -> int:
        """How many minutes are played."""
        return int((self.ends - self.begins) / MINUTE) + 1

    async def play(self, passed: Callable[[datetime], None], *, until: datetime | None = None) -> Played:
        """Play from the first minute to the last, or to `until`; `passed` is called after each. Raises whatever the service raises."""
        now = self.begins
        while now <= (until or self.ends):
            await self._minute(now)
            passed(now)
            now += MINUTE
        return self.played

    async def _minute(self, now: datetime) -> None:
        stage = self._stage
        self._take_receipts(now)
        self._let_carers_act(now)
        while self._drops and self._drops[0].at <= now:
            self._drop(self._drops.pop(0))
        if now in {at_local(stage.day.day, moment) for moment in CONFIRMS_AT}:
            self._confirm_answers(now)
        self._clock.now = now
        result = await tick(stage.app, now=now, pace=self._clock.pace)
        self.played.trouble.extend(result.trouble)
        if result.sent.unknown:
            self._say(
                now, MomentKind.TROUBLE, "A text left, the network’s answer is lost: nothing is repeated on a guess"
            )
        if result.reconciled.adopted:
            self._say(now, MomentKind.TROUBLE, "The network is asked, and has that text: it went out once")
        self._watch_network(now)
        self.played.checks += 1
        self.played.lost.update((row.pupil_id, row.session) for row in unaccounted(stage.app, stage.school.key))

    def _say(self, at: datetime, kind: MomentKind, words: str) -> None:
        self._note(Moment(at, kind, words))

    def _note(self, moment: Moment) -> None:
        self.played.moments.append(moment)
        self._tell(moment)

    def _drop(self, drop: MarkDrop) -> None:
        stage = self._stage
        path = stage.files / drop.name
        write_marks_csv(path, drop.rows)
        take_in.take_marks(stage.app, stage.school.key, path, now=drop.at, by=OFFICER)
        for mark in drop.rows:
            if stage.app.codes.triggers_contact(mark.code):
                self.played.unexplained.add((mark.pupil_id, mark.session))
        self._note(moments.on_marks(stage.pretend, stage.app.codes, drop))

    def _take_receipts(self, now: datetime) -> None:
        """Bring in receipts as webhooks would; where the network's answer got lost, its webhooks get lost too."""
        due = self._stage.network.receipts(now)
        if not due:
            return
        taken = {message.provider_id: message for message in self._stage.network.messages}
        heard = [receipt for receipt in due if taken[receipt.provider_id].fate is not Fate.ANSWER_LOST]
        with self._stage.app.database.begin() as connection:
            for receipt in sorted(heard, key=_receipt_order(taken)):
                receive_receipt(connection, self._stage.app, receipt, now=now)

    def _let_carers_act(self, now: datetime) -> None:
        """Bring in what carers did since the last minute, one after the other, each at its own time."""
        while self._intentions and self._intentions[0].at <= now:
            intention = heapq.heappop(self._intentions)
            if intention.words:
                self._answer(intention)
            else:
                self._ring_office(intention)

    def _answer(self, intention: Intention) -> None:
        stage = self._stage
        stage.network.reply(intention.address, intention.words, intention.at, reply_token=intention.reply_token)
        for inbound in stage.network.replies(intention.at):
            with stage.app.database.begin() as connection:
                reply_id = receive_message(connection, stage.app, inbound, now=inbound.received_at)
                newest = reply_store.listing(connection, stage.school.key, since=inbound.received_at)
            for row in newest:
                if row.reply_id == reply_id:
                    self._note(moments.on_answer(inbound.received_at, stage.pretend, row, row.language))

    def _ring_office(self, intention: Intention) -> None:
        """A carer rings instead of answering; the officer confirms the reason on the board."""
        stage = self._stage
        who = moments.carer_of(stage.pretend, intention.carer_id, intention.pupil_ids)
        confirmed = False
        for pupil_id in intention.pupil_ids:
            absence = stage.day.absences.get(pupil_id)
            code = absence.code if absence and absence.code != "N" else "I"
            confirmed |= self._confirm(pupil_id, code, intention.at, f"{who} rang the office")
        if confirmed:
            self._say(intention.at, MomentKind.CONFIRMED, f"{who} rings the office; Alice confirms the reason")

    def _confirm(self, pupil_id: str, code: str, now: datetime, note: str) -> bool:
        stage = self._stage
        try:
            with stage.app.database.begin() as connection:
                follow_up.confirm(
                    connection, stage.app, stage.school, pupil_id, day=stage.day.day, code=code, by=OFFICER, now=now,
                    note_text=note,
                )  # fmt: skip
        except follow_up.NotOpen:
            return False
        return True

    def _confirm_answers(self, now: datetime) -> None:
        """Read the answers beside the marks, and confirm those that suggest a code and worry nobody."""
        stage = self._stage
        with stage.app.database.read() as connection:
            items = views.board(connection, stage.app, stage.school, stage.day.day)
        done = []
        for item in items:
            good = [reply for reply in item["replies"] if reply["suggested_code"] and not reply["urgent"]]
            if item["state"] != "answered" or not good:
                continue
            last = datetime.fromisoformat(good[-1]["received_at"])
            if now - last >= HANGS_BACK and self._confirm(
                item["pupil_id"], good[-1]["suggested_code"], now, "as the carer answered"
            ):
                done.append(item["pupil_id"])
        if done:
            reasons = moments.counted(len(set(done)), "reason")
            self._say(now, MomentKind.CONFIRMED, f"Alice reads the answers and confirms {reasons}")

    def _watch_network(self, now: datetime) -> None:
        """See what left in this minute, let carers make their plans, and tell of it."""
        stage = self._stage
        fresh = sorted(stage.network.messages[self._seen :], key=lambda message: (message.to, message.body))
        self._seen = len(stage.network.messages)
        if not fresh:
            return
        with stage.app.database.read() as connection:
            rows = [(item, message_store.get(connection, stage.school.key, item.message_id)) for item in fresh]
        pairs = [(item, row) for item, row in rows if row is not None]
        to_carers = [
            (item, row) for item, row in pairs if row.audience == "carer" and row.purpose in (ABSENCE, ALL_CLEAR)
        ]
        told = sorted(((self._why(row, now), item, row) for item, row in to_carers), key=lambda each: each[0])
        for why, group in groupby(told, key=lambda each: each[0]):
            self._note(moments.on_sent(now, stage.pretend, why, [(item, row) for _, item, row in group]))
        for item, row in to_carers:
            self._plan(item, row, now)
            self._written_about.update(row.pupil_ids)
        for row in {row.template: row for _, row in pairs if row.audience != "carer"}.values():
            moment = moments.on_staff_mail(now, row, self._staff_detail(row))
            if moment:
                self._note(moment)
        for item in fresh:
            if item.fate is Fate.ANSWER_LOST:
                self._rules[item.to] = Fate.DELIVERED  # the line is bad once, not all day

    def _why(self, row: Any, now: datetime) -> str:
        """Why a message to a carer left now: a key of `moments.WHY_WORDS`."""
        if row.purpose == ALL_CLEAR:
            return "all_clear"
        if row.attempts > 1:
            return "tried_again"
        if row.step == "first_text" and self._written_about & set(row.pupil_ids):
            return "another_way"
        return str(row.step)

    def _plan(self, message: SimulatedMessage, row: Any, now: datetime) -> None:
        if message.fate not in ARRIVES or row.carer_id not in self._stage.pretend.carers:
            return
        pupils = tuple(sorted(row.pupil_ids))
        plan = self._families.plan_for(row.carer_id, pupils)
        if row.purpose == ALL_CLEAR:
            self._forget(row.carer_id, pupils)
            if plan.after_all_clear and any((row.carer_id, pupil_id) in self._planned for pupil_id in pupils):
                self._intend(message, row, pupils, now, plan.after_all_clear)
            return
        if any((row.carer_id, pupil_id) in self._planned for pupil_id in pupils):
            return
        self._planned.update((row.carer_id, pupil_id) for pupil_id in pupils)
        for reply in plan.replies:
            self._intend(message, row, pupils, now, reply)
        if plan.calls_office_after is not None and plan.behaviour is Behaviour.CALLS_OFFICE:
            at = now + ON_ITS_WAY + plan.calls_office_after
            heapq.heappush(self._intentions, Intention(at, row.carer_id, message.to, "", pupils))

    def _intend(
        self, message: SimulatedMessage, row: Any, pupils: tuple[str, ...], now: datetime, reply: PlannedReply
    ) -> None:
        at = now + ON_ITS_WAY + reply.delay
        intention = Intention(at, row.carer_id, message.to, reply.text, pupils, message.reply_token, reply.language)
        heapq.heappush(self._intentions, intention)

    def _forget(self, carer_id: str, pupil_ids: Iterable[str]) -> None:
        """Whoever has read that all is clear answers no question any more."""
        about = set(pupil_ids)
        self._intentions = [
            item for item in self._intentions if item.carer_id != carer_id or not about & set(item.pupil_ids)
        ]
        heapq.heapify(self._intentions)

    def _staff_detail(self, row: Any) -> str:
        """Whom or what a staff e-mail is about, asked of the data it was made from."""
        stage = self._stage
        if row.template == "staff_run_report":
            return "morning’s" if row.session == Session.AM else "afternoon’s"
        with stage.app.database.read() as connection:
            if row.template == "staff_register_not_taken":
                scopes = [hold.scope for hold in runs.holds_of(connection, stage.school.key, row.day, open_only=True)]
                return moments.listed(sorted(scope for scope in scopes if scope))
            chased = follow_up_store.of_day(connection, stage.school.key, row.day, open_only=True)
        moment = {
            "staff_call_list": "call_list_at",
            "staff_safeguarding_lead": "lead_at",
            "staff_handed_over": "handed_over_at",
        }.get(row.template)
        if moment is None:
            return ""
        about = [item.pupil_id for item in chased if getattr(item, moment) == row.created_at]
        return moments.named(stage.pretend, about)


def _receipt_order(taken: Mapping[str, SimulatedMessage]) -> Callable[[Receipt], tuple[str, str, str]]:
    """The same order in every run: provider ids differ between runs, addresses and words do not."""

    def order(receipt: Receipt) -> tuple[str, str, str]:
        message = taken[receipt.provider_id]
        # "delivered" sorts before "sent": receipts out of order, which the service has to bear anyway
        return message.to, message.body, receipt.status.value

    return order
