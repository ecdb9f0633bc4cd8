"""Staff for the tests: accounts with a role, browsers that are signed in, and forms sent as a browser sends them.

    browser = sign_in(morning, "attendance_officer")         # Alice at Oakfield; the fixture of conftest.py
    page = browser.get("/inbox")
    page = browser.send("/follow-ups/f1/confirm", {"code": "I"}, page=page)

Personas: Alice (attendance officer), Bashir (safeguarding lead), Carys (trust administrator), Mallory (staff at another school).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import datetime
from html import unescape
from http.cookies import SimpleCookie
from typing import Any

import httpx

from notifier.domain.staff import OVER_A_TRUST, Grant, Role
from notifier.services import sign_in
from notifier.services import staff as accounts
from notifier.services.application import Application
from notifier.services.passwords import hash_password
from notifier.store import staff as store
from notifier.web.app import build_app

PASSWORD = "three purple ducks"
WITH_KEY = {"NOTIFIER_SECRET_KEY": "3f9c1e7a5b2d4860f1e2d3c4b5a69788"}
"""Settings with which second factors can be kept."""


class Clock:
    """The clock of one web application; each request sets it to its browser's moment."""

    moment: datetime


def served(app: Application) -> tuple[Any, Clock]:
    """The web application over an application, built once for all its browsers."""
    if _served.get("app") is not app:
        clock = Clock()
        _served.update(app=app, web=build_app(app, clock=lambda: clock.moment, wake=lambda: None), clock=clock)
    return _served["web"], _served["clock"]


_served: dict[str, Any] = {}


class Browser:
    """A browser at the staff pages. `clock` is the service's clock, and may be moved. Redirects are not followed."""

    def __init__(self, app: Application, moment: datetime, *, address: str = "127.0.0.1") -> None:
        self.app, self.moment, self.address = app, moment, address
        self.web, self._clock = served(app)
        self.cookies: dict[str, str] = {}
        self.base = app.settings.public_url

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Any request, with the cookies kept."""
        self._clock.moment = self.moment

        async def work() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.web, client=(self.address, 50000))
            headers = {**(more.pop("headers", None) or {}), "Cookie": "; ".join(map("=".join, self.cookies.items()))}
            async with httpx.AsyncClient(transport=transport, base_url=self.base) as client:
                answer = await client.request(method, path, headers=headers, **more)
            for line in answer.headers.get_list("set-cookie"):
                for name, cookie in SimpleCookie(line).items():
                    self.cookies[name] = cookie.value
                    if cookie["max-age"] == "0":
                        del self.cookies[name]
            return answer

        return asyncio.run(work())

    @property
    def session(self) -> str:
        """The value of the session's cookie; empty where there is none."""
        return next((value for name, value in self.cookies.items() if name.endswith("notifier_session")), "")

    def get(self, path: str, **more: Any) -> httpx.Response:
        """A page."""
        return self.request("GET", path, **more)

    def send(
        self,
        path: str,
        fields: Mapping[str, Any] | None = None,
        *,
        page: httpx.Response | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A form as our own page would send it: with that page's token, or that of the account page."""
        if page is None:
            page = self.get("/account")
        token = page if isinstance(page, str) else hidden(page, "csrf")
        sent = {"Origin": self.base, "Sec-Fetch-Site": "same-origin", **(headers or {})}
        return self.request("POST", path, data={"csrf": token, **(fields or {})}, headers=sent)

    def log_in(self, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        """Through the sign-in page, as people do."""
        page = self.get("/login")
        return self.send("/login", {"email": email, "password": password, **more}, page=page)


def hidden(page: httpx.Response, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', page.text)
    assert found is not None, f"no hidden field {name} on {page.request.url}: {page.text[:500]}"
    return unescape(found[1])


def add(
    app: Application,
    email: str,
    role: str,
    *,
    at: datetime,
    school: str = "",
    trust: str = "",
    password: str = PASSWORD,
) -> str:
    """An account with a role; returns its id."""
    wanted = Role(role)
    place = {"trust": trust} if wanted in OVER_A_TRUST else {"school": school}
    return accounts.add_user(app, email, wanted, password=password, by="test", now=at, **place).user_id


_hashes: dict[tuple[int, int], str] = {}


def signed_in(
    app: Application,
    role: str,
    *,
    at: datetime,
    school: str = "oakfield",
    trust: str = "",
    email: str = "",
) -> Browser:
    """A browser in which somebody with a role is signed in; the account is made, the sign-in page passed over."""
    costs = (app.settings.sign_in.argon2_memory_kib, app.settings.sign_in.argon2_rounds)
    kept = _hashes.get(costs) or _hashes.setdefault(costs, hash_password(app.settings.sign_in, PASSWORD))
    wanted = Role(role)
    email = email or f"{role}@{trust or school}.example"
    grant = Grant(wanted, trust=trust) if wanted in OVER_A_TRUST else Grant(wanted, school_id=school)
    with app.database.begin() as connection:
        row = {"user_id": f"u-{email}", "email": email, "name": "", "password_hash": kept, "made_at": at, "made_by": "test",
               "totp_step": 0}  # fmt: skip
        store.add_user(connection, row)
        user = store.user_by_email(connection, email)
        assert user is not None
        store.add_grant(connection, user.user_id, grant, at=at, by="test")
        opened = sign_in._complete(
            connection, app, user, (grant,), method="test", device=None, address="127.0.0.1", now=at
        )
    browser = Browser(app, at)
    browser.cookies[browser.web.state.access.cookies.name("notifier_session")] = opened.token
    return browser


class Desk:
    """Somebody's browser at the follow-ups of pupils, which moves in time with what it does."""

    def __init__(self, morning: Any, role: str, at: str) -> None:
        self.morning = morning
        self.browser = signed_in(morning.app, role, at=morning.at(at))

    def at(self, moment: str) -> Desk:
        """The same desk at another time of the day."""
        self.browser.moment = self.morning.at(moment)
        return self

    def address(self, pupil: str) -> str:
        """Where the pupil's follow-up of the day is."""
        return f"/follow-ups/{self.morning.board()[pupil]['id']}"

    def open(self, pupil: str) -> httpx.Response:
        """The follow-up's page."""
        return self.browser.get(self.address(pupil))

    def send(self, pupil: str, act: str, page: httpx.Response, **fields: str) -> httpx.Response:
        """One of its forms, as that page held it."""
        held = {name: self.hidden(page, name) for name in ("seen", "once")}
        return self.browser.send(f"{self.address(pupil)}/{act}", {**held, **fields}, page=page)

    def hidden(self, page: httpx.Response, name: str) -> str:
        """A hidden field of a page."""
        return hidden(page, name)

    def do(self, pupil: str, act: str, **fields: str) -> httpx.Response:
        """The page opened, and one of its forms sent."""
        return self.send(pupil, act, self.open(pupil), **fields)
