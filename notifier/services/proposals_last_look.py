"""The last look at proposed messages before they leave: what a person sent an hour ago may be wrong by now.

An absence is being followed up since, the family had a first-day message, a flag was set, a carer wrote of a death: then it stays here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from notifier.domain.reasons import Reason
from notifier.domain.schools import School
from notifier.domain.situations import FIRST_DAY_FACTS
from notifier.services.application import Application
from notifier.services.proposal_facts import gather
from notifier.services.send_proposals import standing_in_the_way
from notifier.store import proposals as store
from notifier.store.last_look import NamedPupil


def overtaken(
    connection: Connection,
    app: Application,
    school: School,
    rows: Sequence[Any],
    named: Mapping[str, Sequence[NamedPupil]],
    *,
    now: datetime,
) -> dict[str, Reason]:
    """Messages of proposals that may not leave any more, with the reason; a handful of queries whatever their number."""
    pupils = {row.message_id: [link.pupil_id for link in named.get(row.message_id, ())] for row in rows}
    found = gather(connection, app, school, now=now, pupil_ids={each for ids in pupils.values() for each in ids})
    stopped: dict[str, Reason] = {}
    for row in rows:
        proposal = store.get(connection, school.key, row.step)
        rule_name = (proposal.grounds or {}).get("rule") if proposal is not None else None
        rule = found.book.rule(rule_name or "")
        facts = [found.facts[pupil_id] for pupil_id in pupils[row.message_id] if pupil_id in found.facts]
        beside = rule is not None and rule.beside_first_day
        followed = any(each.get(fact) is True for each in facts for fact in FIRST_DAY_FACTS)
        if not beside and (followed or row.carer_id in found.first_day_carers):
            stopped[row.message_id] = Reason.FIRST_DAY_FIRST
        elif any(
            standing_in_the_way(found, pupil_id, row.template, rule_name)
            for pupil_id in pupils[row.message_id]
            if pupil_id in found.facts
        ):
            stopped[row.message_id] = Reason.EXCLUDED
    return stopped
