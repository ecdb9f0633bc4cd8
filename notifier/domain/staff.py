"""Who on the staff may do what: roles, permissions, and the table that joins them.

A person holds grants: a role at one school, or a role over every school whose file names a trust. A permission is asked for at one
school; whoever has no role there must not even learn that the school exists (see `roles_at`). Adding a permission means one
line in `PERMITTED` and one in `PERMISSION_WORDS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from notifier.domain.schools import School


class Role(StrEnum):
    """What a person is, at a school or over a trust."""

    VIEWER = "viewer"
    ATTENDANCE_OFFICER = "attendance_officer"
    SAFEGUARDING_LEAD = "safeguarding_lead"
    ADMINISTRATOR = "administrator"
    TRUST_ADMINISTRATOR = "trust_administrator"
    HUB_LEAD = "hub_lead"


OVER_A_TRUST: Final = frozenset({Role.TRUST_ADMINISTRATOR, Role.HUB_LEAD})
"""Roles that are given for a trust (or hub); all others are given for one school."""

ADMINISTRATORS: Final = frozenset({Role.ADMINISTRATOR, Role.TRUST_ADMINISTRATOR})
"""Roles for which a second factor may be required by the settings."""

ROLE_WORDS: Final[Mapping[Role, str]] = {
    Role.VIEWER: "Viewer",
    Role.ATTENDANCE_OFFICER: "Attendance officer",
    Role.SAFEGUARDING_LEAD: "Safeguarding lead",
    Role.ADMINISTRATOR: "Administrator",
    Role.TRUST_ADMINISTRATOR: "Trust administrator",
    Role.HUB_LEAD: "Hub lead",
}
"""The roles for people."""

ROLE_DOES: Final[Mapping[Role, str]] = {
    Role.VIEWER: "Reads the morning, messages, wording and reports.",
    Role.ATTENDANCE_OFFICER: "Answers families, confirms reasons, releases holds, exports, drafts wording.",
    Role.SAFEGUARDING_LEAD: "As an attendance officer; also takes over what was handed over, sets court-order blocks, approves wording, reads the audit.",
    Role.ADMINISTRATOR: "Runs the school here: settings, sending, wording, people, audit.",
    Role.TRUST_ADMINISTRATOR: "Runs every school of the trust, and compares them.",
    Role.HUB_LEAD: "Totals of the trust’s schools only: never a pupil, a carer or a message.",
}
"""What a role is for, in a line; the whole of it is in `PERMITTED`."""


class Permission(StrEnum):
    """One kind of thing that staff do."""

    SEE_MORNING = "see_morning"
    SEE_MESSAGES = "see_messages"
    ANSWER = "answer"
    CONFIRM = "confirm"
    HAND_OVER = "hand_over"
    SAFEGUARD = "safeguard"
    SUPPRESS = "suppress"
    BLOCK_CONTACT = "block_contact"
    RELEASE_HOLD = "release_hold"
    EXPORT = "export"
    SEE_WORDING = "see_wording"
    CHANGE_WORDING = "change_wording"
    APPROVE_WORDING = "approve_wording"
    SEE_REPORTS = "see_reports"
    SEE_AGGREGATES = "see_aggregates"
    SEE_SETTINGS = "see_settings"
    CHANGE_SETTINGS = "change_settings"
    SWITCH_SENDING = "switch_sending"
    SEE_AUDIT = "see_audit"
    MANAGE_STAFF = "manage_staff"


PERMISSION_WORDS: Final[Mapping[Permission, str]] = {
    Permission.SEE_MORNING: "see the morning, follow-ups and pupils",
    Permission.SEE_MESSAGES: "read messages and replies",
    Permission.ANSWER: "answer replies, log calls and text again",
    Permission.CONFIRM: "confirm the reason of an absence",
    Permission.HAND_OVER: "hand a pupil to the safeguarding lead",
    Permission.SAFEGUARD: "take over and close what was handed to the safeguarding lead",
    Permission.SUPPRESS: "stop messages to a contact",
    Permission.BLOCK_CONTACT: "set and confirm court-order blocks",
    Permission.RELEASE_HOLD: "release a hold",
    Permission.EXPORT: "export messages and evidence",
    Permission.SEE_WORDING: "read the wording of messages",
    Permission.CHANGE_WORDING: "change the school's wording",
    Permission.APPROVE_WORDING: "approve wording and translations",
    Permission.SEE_REPORTS: "see the school's reports",
    Permission.SEE_AGGREGATES: "compare schools by totals, without pupils",
    Permission.SEE_SETTINGS: "see the school's settings",
    Permission.CHANGE_SETTINGS: "change the school's settings",
    Permission.SWITCH_SENDING: "switch sending on and off",
    Permission.SEE_AUDIT: "read who did what",
    Permission.MANAGE_STAFF: "manage staff accounts",
}
"""The permissions for people; each completes "You may …"."""

_READING: Final = frozenset(
    {Permission.SEE_MORNING, Permission.SEE_MESSAGES, Permission.SEE_WORDING, Permission.SEE_REPORTS}
)
_MORNING_WORK: Final = _READING | {
    Permission.ANSWER,
    Permission.CONFIRM,
    Permission.HAND_OVER,
    Permission.SUPPRESS,
    Permission.RELEASE_HOLD,
    Permission.EXPORT,
    Permission.SEE_SETTINGS,
}
_RUNNING_THE_SCHOOL: Final = _MORNING_WORK | {
    Permission.BLOCK_CONTACT,
    Permission.CHANGE_WORDING,
    Permission.APPROVE_WORDING,
    Permission.CHANGE_SETTINGS,
    Permission.SWITCH_SENDING,
    Permission.SEE_AUDIT,
    Permission.MANAGE_STAFF,
}

PERMITTED: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.VIEWER: _READING,
    Role.ATTENDANCE_OFFICER: _MORNING_WORK | {Permission.CHANGE_WORDING},
    Role.SAFEGUARDING_LEAD: _MORNING_WORK
    | {Permission.SAFEGUARD, Permission.BLOCK_CONTACT, Permission.APPROVE_WORDING, Permission.SEE_AUDIT},
    Role.ADMINISTRATOR: _RUNNING_THE_SCHOOL,
    Role.TRUST_ADMINISTRATOR: _RUNNING_THE_SCHOOL | {Permission.SEE_AGGREGATES},
    Role.HUB_LEAD: frozenset({Permission.SEE_AGGREGATES}),
}
"""What each role may do. A hub lead sees totals and never a pupil, a carer or a message."""

MAY_GIVE: Final[Mapping[Role, frozenset[Role]]] = {
    Role.ADMINISTRATOR: frozenset(Role) - OVER_A_TRUST,
    Role.TRUST_ADMINISTRATOR: frozenset(Role),
}
"""Which roles those who manage staff give and take away: never one above their own."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role at one school (`school_id`), or over the schools of a trust (`trust`); exactly one of the two is not empty."""

    role: Role
    school_id: str = ""
    trust: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError where the role and its reach do not fit."""
        wanted, other = (self.trust, self.school_id) if self.role in OVER_A_TRUST else (self.school_id, self.trust)
        if not wanted or other:
            reach = "a trust" if self.role in OVER_A_TRUST else "one school"
            raise ValueError(f"The role {self.role.value} is given for {reach}.")

    def reaches(self, school: School) -> bool:
        """Whether it holds at a school."""
        return self.school_id == school.key if self.school_id else self.trust == school.trust


def roles_at(grants: Iterable[Grant], school: School) -> frozenset[Role]:
    """The roles that hold at a school; empty for a stranger, who must not learn that it exists."""
    return frozenset(grant.role for grant in grants if grant.reaches(school))


def may(grants: Iterable[Grant], permission: Permission, school: School) -> bool:
    """Whether somebody may do something at a school."""
    return any(permission in PERMITTED[role] for role in roles_at(grants, school))


def permitted_at(grants: Iterable[Grant], school: School) -> frozenset[Permission]:
    """Everything that somebody may do at a school."""
    return frozenset(permission for role in roles_at(grants, school) for permission in PERMITTED[role])


def may_give(held: Iterable[Grant], wanted: Grant, trusts: Mapping[str, str]) -> bool:
    """Whether somebody may give a role, or take it away. `trusts` names the trust of each school that has one, by key."""
    over = wanted.trust or trusts.get(wanted.school_id, "")
    return any(
        wanted.role in MAY_GIVE.get(own.role, ())
        and (own.school_id == wanted.school_id if own.school_id else own.trust == over)
        for own in held
    )


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """The roles that hold a permission, for the words of a refusal: "ask an administrator"."""
    return tuple(role for role in Role if permission in PERMITTED[role])
