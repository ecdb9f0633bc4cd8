"""Twilio's official client on an HTTP client of our own: with timeouts, without retries, without redirects.

Twilio's create call has no idempotency key, so a repeated POST is a second text. The library's stock asynchronous client ignores
its timeout, stops at 100 connections and can repeat POSTs; hence this one. It says exactly what failed, so that the channel can
tell "certainly not sent" from "nobody knows".
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlencode, urlsplit
from weakref import WeakKeyDictionary

import aiohttp
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from notifier.channels.base import ChannelMisconfigured

_logger = logging.getLogger(__name__)
_NUMBER: Final = re.compile(r"\+?[0-9]{3,15}")


@dataclass(frozen=True, slots=True)
class TwilioConfig:
    """How to reach Twilio, and as whom.

    `auth_token` also signs the webhooks; `secondary_auth_token` is accepted beside it while a token is being changed. With
    `api_key_sid` and `api_key_secret` requests are made with that key instead of the token. `messaging_service_sid` wins over
    `from_number`. `base_url` is only for a test double. `status_callback_url` is the public address of our status webhook without
    a query (None: no callbacks). `inbound_numbers` are the numbers whose replies are polled (empty: `from_number`, else all).
    Times are seconds.
    """

    account_sid: str
    auth_token: str = field(repr=False)
    from_number: str | None = None
    messaging_service_sid: str | None = None
    base_url: str | None = None
    status_callback_url: str | None = None
    inbound_numbers: tuple[str, ...] = ()
    secondary_auth_token: str | None = field(default=None, repr=False)
    api_key_sid: str | None = None
    api_key_secret: str | None = field(default=None, repr=False)
    timeout_seconds: float = 10.0
    connect_timeout_seconds: float = 5.0
    concurrency: int = 64

    @property
    def auth_tokens(self) -> tuple[str, ...]:
        """The tokens that a webhook may be signed with, the primary first."""
        return tuple(token for token in (self.auth_token, self.secondary_auth_token) if token)

    @property
    def callback_url(self) -> str | None:
        """Where receipts are to be posted; None also where Twilio could not reach it, as with an address of this machine.

        Twilio refuses a text whose callback address it does not accept (error 21609), so none is better than an impossible one.
        """
        host = urlsplit(self.status_callback_url or "").hostname or ""
        if self.base_url is None and (host == "localhost" or host.startswith("127.") or host == "::1"):
            return None
        return self.status_callback_url

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must never be shown."""
        return tuple(s for s in (self.auth_token, self.secondary_auth_token, self.api_key_secret) if s)

    def validate(self) -> None:
        """Raise ChannelMisconfigured naming the first setting that is missing or cannot be right."""
        if not self.account_sid:
            raise ChannelMisconfigured(
                "TWILIO_ACCOUNT_SID is missing. It stands on the start page of the Twilio console."
            )
        if not self.account_sid.startswith("AC"):
            raise ChannelMisconfigured("TWILIO_ACCOUNT_SID must begin with AC; this looks like another kind of SID.")
        if not self.auth_token:
            raise ChannelMisconfigured(
                "TWILIO_AUTH_TOKEN is missing. It is needed even with an API key, because it signs Twilio's callbacks."
            )
        if bool(self.api_key_sid) != bool(self.api_key_secret):
            raise ChannelMisconfigured(
                "A Twilio API key needs both its SID (api_key_sid) and its secret (api_key_secret)."
            )
        self._validate_sender()
        self._validate_addresses()

    def _validate_sender(self) -> None:
        if self.messaging_service_sid:
            if not self.messaging_service_sid.startswith("MG"):
                raise ChannelMisconfigured("NOTIFIER_TWILIO__MESSAGING_SERVICE_SID must begin with MG.")
        elif not self.from_number:
            raise ChannelMisconfigured(
                "Twilio needs a sender: set NOTIFIER_TWILIO__FROM_NUMBER or NOTIFIER_TWILIO__MESSAGING_SERVICE_SID."
            )
        elif not _NUMBER.fullmatch(self.from_number):
            # An alphanumeric sender is one-way: carers could neither answer nor stop it.
            raise ChannelMisconfigured(
                "NOTIFIER_TWILIO__FROM_NUMBER must be a number such as +447700900999: carers cannot answer a name."
            )

    def _validate_addresses(self) -> None:
        for name, url in (
            ("NOTIFIER_TWILIO__BASE_URL", self.base_url),
            ("NOTIFIER_PUBLIC_URL", self.status_callback_url),
        ):
            if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
                raise ChannelMisconfigured(
                    f"{name} must be an address that begins with https:// (or http:// in tests)."
                )


class ErrorAnswer(Exception):
    """Twilio (or something on the way) answered with a status of 300 or more.

    `code` is Twilio's error code, None where the body had none. `words` are Twilio's own and may hold the recipient's number:
    redact them before anybody sees them.
    """

    def __init__(self, status: int, code: int | None, words: str, retry_after: float | None) -> None:
        super().__init__(f"HTTP {status}, code {code}")
        self.status = status
        self.code = code
        self.words = words
        self.retry_after = retry_after


class OneShotHttpClient(AsyncHttpClient):
    """Makes each request once, on one shared session per event loop.

    The session is opened inside the running loop at its first request; await `close` before that loop ends. `provider_clock` is
    the time in the last answer's Date header (None before the first), so that clocks that disagree can be noticed.
    """

    def __init__(self, *, concurrency: int, timeout_seconds: float, connect_timeout_seconds: float) -> None:
        super().__init__(_logger, True, timeout_seconds)
        self.provider_clock: datetime | None = None
        self._concurrency = concurrency
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_seconds, connect=connect_timeout_seconds, sock_connect=connect_timeout_seconds
        )
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()

    def _session(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        session = self._sessions.get(loop)
        if session is None or session.closed:
            connector = aiohttp.TCPConnector(limit=self._concurrency, ttl_dns_cache=300)
            session = aiohttp.ClientSession(
                connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
            self._sessions[loop] = session
        return session

    async def request(  # type: ignore[override]  # the library's own asynchronous base class overrides it so as well
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature; ours is set once, on the session
        allow_redirects: bool = False,
    ) -> Response:
        """Make one request. Raises ErrorAnswer from status 300 upwards, and aiohttp's own errors for the network's."""
        url = f"{uri}?{urlencode(params, doseq=True)}" if params else uri
        async with self._session().request(
            method.upper(),
            url,
            data=urlencode(data, doseq=True).encode("ascii") if data else None,
            headers={**(headers or {}), **(_authorization(auth) if auth else {})},
            allow_redirects=False,
        ) as answer:
            text = await answer.text(errors="replace")
            self.provider_clock = _date(answer.headers.get("Date")) or self.provider_clock
            if answer.status >= 300:
                raise _error_answer(answer.status, text, answer.headers)
            return Response(answer.status, text, answer.headers)

    async def close(self) -> None:
        """Close the running loop's session. A later request opens a new one."""
        session = self._sessions.pop(asyncio.get_running_loop(), None)
        if session is not None:
            await session.close()


def _authorization(auth: tuple[str, str]) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(':'.join(auth).encode()).decode()}"}


def _date(header: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(header) if header else None
    except ValueError:
        return None


def _error_answer(status: int, text: str, headers: Mapping[str, str]) -> ErrorAnswer:
    code: int | None = None
    words = ""
    try:
        payload: Any = json.loads(text)
    except ValueError:
        payload = None
    if isinstance(payload, dict):
        words = str(payload.get("message") or payload.get("detail") or payload.get("title") or "")
        raw = payload.get("code")
        code = int(raw) if isinstance(raw, int | str) and str(raw).isdecimal() and int(raw) > 0 else None
    try:
        retry_after = max(0.0, float(headers.get("Retry-After", "")))
    except ValueError:
        retry_after = None
    return ErrorAnswer(status, code, words, retry_after)


def twilio_client(config: TwilioConfig) -> tuple[Client, OneShotHttpClient]:
    """Twilio's client for this configuration, and the HTTP client beneath it (to be closed)."""
    http = OneShotHttpClient(
        concurrency=config.concurrency,
        timeout_seconds=config.timeout_seconds,
        connect_timeout_seconds=min(config.connect_timeout_seconds, config.timeout_seconds),
    )
    client = Client(  # type: ignore[no-untyped-call]
        username=config.api_key_sid or config.account_sid,
        password=config.api_key_secret or config.auth_token,
        account_sid=config.account_sid,
        http_client=http,
        # Not the process environment: what is not in `config` must not change where texts go.
        environment={"TWILIO_ACCOUNT_SID": config.account_sid},
    )
    if config.base_url:
        client.api.base_url = config.base_url.rstrip("/")
    return client, http
