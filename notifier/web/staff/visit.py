"""What a page knows of whoever asks for it: the person, the school in hand, and what they may do there; and why there is none.

`access` makes visits; pages read them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from starlette.datastructures import FormData

from notifier.domain.schools import School
from notifier.domain.staff import ROLE_WORDS, Grant, Permission, Role, permitted_at, roles_at
from notifier.services.application import Application
from notifier.services.sign_in import Current
from notifier.web.staff import forms
from notifier.web.staff.shell import Frame


class SignedOut(Exception):
    """Nobody is signed in. `carried` is the sealed form that came too late, empty where there is none."""

    def __init__(self, onward: str, carried: str = "", *, expired: bool = False) -> None:
        super().__init__(onward)
        self.onward, self.carried, self.expired = onward, carried, expired


class Refused(Exception):
    """Signed in, but the role may not do this; the words say who may."""


class NotHere(Exception):
    """There is no such thing at this person's schools, whether or not there is one elsewhere."""


class NoSchoolChosen(Exception):
    """A person with several schools has to choose one first; `onward` is where they wanted to go."""

    def __init__(self, onward: str) -> None:
        super().__init__(onward)
        self.onward = onward


class SentAgain(Exception):
    """A form of an older page of the same person: it is shown for sending once more, with a new token."""

    def __init__(self, visit: Visit, carried: str) -> None:
        super().__init__()
        self.visit, self.carried = visit, carried


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in. `schools` are those where they have any role."""

    user_id: str
    email: str
    name: str
    grants: tuple[Grant, ...]
    schools: tuple[School, ...]
    current: Current = field(repr=False)
    token: str = field(repr=False)

    @property
    def called(self) -> str:
        """Their name, else their e-mail address; this is also the actor of records."""
        return self.name or self.email


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who may make it. `now` is its moment; `form` is what was posted, checked against forgery."""

    person: Person
    now: datetime
    app: Application = field(repr=False)
    chosen: School | None = None
    schools: tuple[School, ...] = ()
    form: FormData | None = field(default=None, repr=False)

    @property
    def school(self) -> School:
        """The school of a page that is about one."""
        assert self.chosen is not None, "the route asks for no school"
        return self.chosen

    @property
    def actor(self) -> str:
        """Who acts, for records: the e-mail address, which is one person's alone."""
        return self.person.email

    @property
    def permitted(self) -> frozenset[Permission]:
        """Everything the person may do at the school; across schools, what they may do at any of them."""
        places = (self.chosen,) if self.chosen else self.schools
        return frozenset(part for place in places for part in permitted_at(self.person.grants, place))

    def may(self, permission: Permission) -> bool:
        """Whether the person may do something more at this school."""
        return permission in self.permitted

    @property
    def frame(self) -> Frame:
        """What stands around the page."""
        person, school = self.person, self.chosen
        several = len(person.schools) > 1
        return Frame(
            now=self.now,
            person=person.called,
            role=_role_words(person.grants, school),
            school_key=school.key if school else "",
            school_name=school.name if school else "",
            change_school="/choose-school" if several else "",
            account="/account",
            permitted=self.permitted,
            csrf=str(forms.PageToken.make(person.token, person.user_id, school.key if school else "")),
            simulated="simulator" in (self.app.settings.channels.sms, self.app.settings.channels.email),
            sending_off=school is not None and not school.sending,
        )


def _role_words(grants: tuple[Grant, ...], school: School | None) -> str:
    roles = roles_at(grants, school) if school else {grant.role for grant in grants}
    return ", ".join(ROLE_WORDS[role] for role in Role if role in roles)


@dataclass(frozen=True, slots=True)
class Guard:
    """What a route declares: `kind` is school, across, signed_in or open."""

    kind: str
    permission: Permission | None = None
