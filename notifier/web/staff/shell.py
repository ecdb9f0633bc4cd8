"""What every staff page shares: the Jinja environment, the frame around the content, and the navigation.

A page gives its template, its values and a `Frame`: who is signed in, at which school, what they may do. Our own templates are
strict about undefined names. GOV.UK Frontend's macros (govukButton, govukInput, govukErrorSummary and so on) are globals there, without
an import; their own templates leave options undefined on purpose and live in an environment of their own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import ChainableUndefined, Environment, FileSystemLoader, PackageLoader, PrefixLoader, StrictUndefined
from jinja2.bccache import Bucket, BytecodeCache
from starlette.requests import Request
from starlette.routing import Match

from notifier.domain.answer_tokens import without_tokens
from notifier.domain.reasons import words as reason_words
from notifier.domain.staff import Permission
from notifier.web import words
from notifier.web.days import HOW_TO_TYPE, as_typed
from notifier.web.staff.built import NOT_BUILT, BuiltFiles
from notifier.wording.titles import title_of

TEMPLATES: Final = Path(__file__).parent / "templates"
VERSION: Final = version("school-notifier")


@dataclass(frozen=True, slots=True)
class Place:
    """An entry of the navigation. It is shown to whoever holds one of `needs`; to everybody signed in where that is empty."""

    label: str
    address: str
    needs: frozenset[Permission] = frozenset()


NAVIGATION: Final = (
    Place("Today", "/", frozenset({Permission.SEE_MORNING})),
    Place("Inbox", "/inbox", frozenset({Permission.SEE_MESSAGES})),
    Place("Messages", "/messages", frozenset({Permission.SEE_MESSAGES})),
    Place("Wording", "/wording", frozenset({Permission.SEE_WORDING})),
    Place("Reports", "/reports", frozenset({Permission.SEE_REPORTS, Permission.SEE_AGGREGATES})),
    Place("Settings", "/settings", frozenset({Permission.SEE_SETTINGS})),
    Place("Audit", "/audit", frozenset({Permission.SEE_AUDIT})),
    Place("Help", "/help"),
)
"""The service navigation, in order. A place whose page is not part of the application is left out."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around a page. `now` is the time of reading, aware.

    `person` is empty for somebody who is not signed in: then there is no navigation. `change_school` is the address of the choice
    of schools, empty where there is nothing to choose. `simulated` says that nothing leaves this machine, `sending_off` that the
    school's switch is off. `csrf` is the token that
    every form carries.
    """

    now: datetime
    person: str = ""
    role: str = ""
    school_key: str = ""
    school_name: str = ""
    change_school: str = ""
    account: str = ""
    sign_out: str = "/logout"
    permitted: frozenset[Permission] = frozenset()
    csrf: str = ""
    simulated: bool = False
    sending_off: bool = False

    def may(self, permission: str) -> bool:
        """Whether the person may do something at this school; templates ask `frame.may("confirm")`."""
        return Permission(permission) in self.permitted


class Shell:
    """Renders staff pages. One is made for an application and kept in `app.state.shell`."""

    def __init__(self, files: BuiltFiles | None = None) -> None:
        self.files = files or BuiltFiles()
        self.environment = build_environment(self.files)

    def warm(self) -> None:
        """Read and compile every template: some of a second, for which else the first readers would wait."""
        for name in self.environment.list_templates(extensions=["html"]):
            self.environment.get_template(name)

    def html(
        self, request: Request, template: str, frame: Frame, values: Mapping[str, Any] | None = None, status: int = 200
    ) -> HTMLResponse:
        """One page, never kept by browser or proxy. Raises jinja2.UndefinedError for a name that a page forgot."""
        return HTMLResponse(self.text(request, template, frame, values), status, headers={"Cache-Control": "no-store"})

    def text(self, request: Request, template: str, frame: Frame, values: Mapping[str, Any] | None = None) -> str:
        """The same page, or a part of one, as text."""
        path = request.url.path
        given = {
            "frame": frame,
            "navigation": navigation_for(frame, path, served=_served(request)),
            "path": path,
            "address": _address(request),
        }
        own = dict(values or {})
        shadowed = own.keys() & (given.keys() | self.environment.globals.keys())
        assert not shadowed, f"{template} is given names that every page has already: {', '.join(sorted(shadowed))}"
        return self.environment.get_template(template).render(given | own)


def _address(request: Request) -> str:
    """A page's own address, for reading it again; without what was said once about something just done."""
    kept = [part for part in request.url.query.split("&") if part and not part.startswith("done=")]
    return request.url.path + (f"?{'&'.join(kept)}" if kept else "")


class _Compiled(BytecodeCache):
    """Templates compiled once in this process, whatever number of applications it makes; a changed template counts as another."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Jinja asks for what is kept."""
        code = self._code.get((bucket.key, bucket.checksum))
        if code is not None:
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Jinja has compiled a template."""
        self._code[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


_COMPILED: Final = _Compiled()


def build_environment(files: BuiltFiles) -> Environment:
    """The templates' environment: escaping, strict names, the filters of `web.words`, GOV.UK Frontend's macros as globals."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_COMPILED,
    )
    environment.filters |= {
        "clock": words.clock_time,
        "seconds": words.clock_seconds,
        "day": words.long_day,
        "language": words.language_name,
        "number": words.spaced_number,
        "direction": words.direction,
        "counted": words.counted,
        "iso_day": words.iso_day,
        "local_day": words.local_day,
        "short_day": words.short_day,
        "day_and_clock": words.day_and_clock,
        "shortened": words.shortened,
        "without_tokens": without_tokens,
        "as_typed": as_typed,
        "title": title_of,
    }
    environment.globals |= {
        "words": words,
        "reason_words": reason_words,
        "asset": files.address,
        "not_built": NOT_BUILT if files.missing else "",
        "product_version": VERSION,
        "example_day": HOW_TO_TYPE,
    }
    environment.globals |= _govuk_macros()
    return environment


@lru_cache(maxsize=1)
def _govuk_macros() -> dict[str, Any]:
    """GOV.UK Frontend's macros by name: govukButton from components/button, and so on."""
    package = Environment(
        loader=PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found: dict[str, Any] = {}
    for name in package.list_templates(filter_func=lambda path: path.endswith("/macro.html")):
        module = package.get_template(name).module
        found |= {key: value for key, value in vars(module).items() if key.startswith("govuk") and callable(value)}
    return found


def navigation_for(frame: Frame, path: str, *, served: Collection[str]) -> list[dict[str, Any]]:
    """The navigation in the shape that govukServiceNavigation takes; empty for somebody who is not signed in."""
    if not frame.person:
        return []
    return [
        {
            "text": place.label,
            "href": place.address,
            "current": path == place.address,
            "active": _within(path, place.address) and path != place.address,
        }
        for place in NAVIGATION
        if place.address in served and (not place.needs or place.needs & frame.permitted)
    ]


ALSO_UNDER: Final[Mapping[str, tuple[str, ...]]] = {
    "/messages": ("/evidence",),
    "/": ("/follow-ups/", "/pupils/", "/confirmed"),
    "/wording": ("/proposals",),
}
"""Pages that belong to a place without standing under its address."""


def _within(path: str, place: str) -> bool:
    return any(path.startswith(start) for start in ((f"{place}/",) if place != "/" else ()) + ALSO_UNDER.get(place, ()))


def _served(request: Request) -> frozenset[str]:
    """The addresses of the navigation that the application has pages for; asked once."""
    state = request.app.state
    known: frozenset[str] | None = getattr(state, "staff_places", None)
    if known is None:
        known = frozenset(place.address for place in NAVIGATION if _has_page(request.app.routes, place.address))
        state.staff_places = known
    return known


def _has_page(routes: Iterable[Any], path: str) -> bool:
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in routes)
