"""The schema. `school_id` comes first in every key, so that a school is the unit of work, of locking and of erasure.

A module for each subject; statements import the tables from here, and importing this makes `metadata` whole. `table=True` models do
not validate: validate plain values first, then write rows. All instants are aware UTC.
"""

from __future__ import annotations

from notifier.store.tables.barriers import address_faults, contact_blocks, opt_outs, reported_absences, suppressions
from notifier.store.tables.chasing import follow_up_events, follow_ups
from notifier.store.tables.columns import metadata
from notifier.store.tables.incoming import answer_links, replies, reply_follow_ups, reply_pupils
from notifier.store.tables.intake import current_marks, imports, marks
from notifier.store.tables.log import log_entries
from notifier.store.tables.outgoing import ENDED_BADLY, attempts, message_pupils, messages, provider_events
from notifier.store.tables.people import carers, contacts, pupils
from notifier.store.tables.school import school_steps, school_versions, schools
from notifier.store.tables.service import api_tokens, heartbeats, sender_buckets
from notifier.store.tables.sessions import decisions, holds, runs
from notifier.store.tables.staff import (
    staff_codes,
    staff_devices,
    staff_grants,
    staff_identities,
    staff_provider_starts,
    staff_recoveries,
    staff_sessions,
    staff_tries,
    staff_users,
)
from notifier.store.tables.trail import audit, looks
from notifier.store.tables.wording import approvals, proposals

__all__ = [
    "ENDED_BADLY",
    "address_faults",
    "answer_links",
    "api_tokens",
    "approvals",
    "attempts",
    "audit",
    "carers",
    "contact_blocks",
    "contacts",
    "current_marks",
    "decisions",
    "follow_up_events",
    "follow_ups",
    "heartbeats",
    "holds",
    "imports",
    "log_entries",
    "looks",
    "marks",
    "message_pupils",
    "messages",
    "metadata",
    "opt_outs",
    "proposals",
    "provider_events",
    "pupils",
    "replies",
    "reply_follow_ups",
    "reply_pupils",
    "reported_absences",
    "runs",
    "school_steps",
    "school_versions",
    "schools",
    "sender_buckets",
    "staff_codes",
    "staff_devices",
    "staff_grants",
    "staff_identities",
    "staff_provider_starts",
    "staff_recoveries",
    "staff_sessions",
    "staff_tries",
    "staff_users",
    "suppressions",
]
