"""The list of pages that are looked at, screenshot and tried by axe is the list of pages there are."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from notifier.demo.staff_pages import PAGES
from notifier.web.staff.access import guard_of

NO_PAGES = re.compile(
    r"^/(assets|static)/|\.(csv|svg)$|^/events$|^/messages/\{item_id\}/as-sent$|^/login/callback/|^/login/second-factor$|^/reports/(compare/)?(charts|tables)/"
)
"""What is fetched by a page or saved as a file, and the second step of signing in, which takes a telephone."""


@pytest.fixture
def pages(morning: Any, staff: Any) -> set[str]:
    """The path of every page that staff may open."""
    web, _ = staff.served(morning.app)
    routes = [context.original_route for context in iter_route_contexts(web.routes)]
    found = [
        route
        for route in routes
        if isinstance(route, APIRoute) and "GET" in route.methods and guard_of(route.dependant)
    ]
    return {route.path for route in found if not NO_PAGES.search(route.path)}


def test_every_page_is_in_the_list(pages: set[str]) -> None:
    assert len(pages) > 20
    shown = [re.sub(r"\{\w+\}", "x", page.address.split("?")[0]) for page in PAGES]
    missing = {
        path
        for path in pages
        if not any(re.fullmatch(re.sub(r"\{\w+(:\w+)?\}", "[^/]+", path), address) for address in shown)
    }
    assert missing == set(), "add them to notifier.demo.staff_pages.PAGES"


def test_every_page_in_the_list_has_its_own_name() -> None:
    assert len({page.name for page in PAGES}) == len(PAGES)
