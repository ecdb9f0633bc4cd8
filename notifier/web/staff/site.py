"""Puts the staff pages together: shell, access and its answers, error pages, live updates, and one router a page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

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
from notifier.web.staff.shell import Shell


def add_staff_pages(web: FastAPI, app: Application, *, clock: Callable[[], datetime]) -> None:
    """Add every staff page to a web application. `web.state.live` is closed before the server stops (see `web.server`)."""
    shell = Shell()
    web.state.shell = shell
    web.state.live = Live(app, clock)
    web.add_middleware(answers.StaffHeaders, https=app.settings.public_url.startswith("https://"))
    access.install(web, app, clock=clock)
    answers.add_to(web)
    add_error_pages(web, shell, clock)
    web.include_router(shell.files.router(), dependencies=[Depends(access.open_to_everybody())])
    web.include_router(live.build_router(web.state.live))
    web.include_router(signing_in.build_router())
    web.include_router(providers.build_router())
    web.include_router(account.build_router())
    web.include_router(help.build_router(shell))
    web.include_router(inbox.build_router(shell))
    web.include_router(inbox_answers.build_router(shell))
    web.include_router(settings.build_router(shell))
    for pages in (today, follow_up, follow_up_acts, confirmed):
        web.include_router(pages.build_router())
    web.include_router(reports.build_router(shell))
    web.include_router(wording_packs.build_router(shell))  # before wording: "packs" is no message
    web.include_router(wording.build_router(shell))
    web.include_router(wording_edit.build_router(shell))
    web.include_router(proposals.build_router(shell))
    for record in (messages, evidence, audit):
        web.include_router(record.build_router(shell))
