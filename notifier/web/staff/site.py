"""Puts the staff pages together: shell, access and its answers, error pages, live updates, and one router a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from fastapi import Depends, FastAPI

from notifier.services.application import Application
from notifier.web.staff import (
    access,
    account,
    answers,
    audit,
    confirmed,
    evidence,
    follow_up,
    follow_up_acts,
    help,
    inbox,
    inbox_answers,
    live,
    messages,
    people,
    proposals,
    providers,
    reports,
    settings,
    signing_in,
    today,
    wording,
    wording_edit,
    wording_packs,
)
from notifier.web.staff.live import Live
from notifier.web.staff.problems import add_error_pages
from notifier.web.staff.providers import Providers
from notifier.web.staff.reports import Shown
from notifier.web.staff.shell import Shell

PAGES: Final = (
    live, signing_in, providers, account, help, inbox, inbox_answers,
    people,  # before settings: "people" is none of their pages
    settings, today, follow_up, follow_up_acts, confirmed, reports,
    wording_packs,  # before wording: "packs" is no message
    wording, wording_edit, proposals, messages, evidence, audit,
)  # fmt: skip
"""A module for each group of pages, with its `router`; where two would answer, the first does."""


def add_staff_pages(web: FastAPI, app: Application, *, clock: Callable[[], datetime]) -> None:
    """Add every staff page to a web application. `web.state.live` is closed before the server stops (see `web.server`)."""
    shell = Shell()
    web.state.shell = shell
    web.state.live = Live(app, clock)
    web.state.shown_reports = Shown()
    web.state.providers = Providers(app.settings)
    web.add_middleware(answers.StaffHeaders, https=app.settings.public_url.startswith("https://"))
    access.install(web, app, clock=clock)
    answers.add_to(web)
    add_error_pages(web, shell, clock)
    web.include_router(shell.files.router(), dependencies=[Depends(access.open_to_everybody())])
    for page in PAGES:
        web.include_router(page.router)
