"""A stand-in for Twilio over real HTTP, in a thread of its own: tests, the demo and benchmarks talk to it as to Twilio.

It answers the Messages resource, issues SIDs, checks the credentials and the posted fields, calls back with correct signatures,
and makes the trouble that `scripts` lists by number. It is honest where it matters: a text whose answer it loses is stored and
found in its list, as at Twilio.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import socket
import struct
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from notifier.channels.loop_thread import Listener
from notifier.channels.twilio.testing.callbacks import Callbacks
from notifier.channels.twilio.testing.checks import fault_in
from notifier.channels.twilio.testing.records import DoubleMessage, SeenRequest, SentCallback, segments_of
from notifier.channels.twilio.testing.scripts import DELIVERED, SCRIPTS, Script

ACCOUNT_SID: Final = "AC" + "0123456789abcdef" * 2
"""The double's account, unless told otherwise."""

AUTH_TOKEN: Final = "0123456789abcdef0123456789abcdef"  # noqa: S105 - opens nothing but the double
"""The double's token, unless told otherwise."""

STOP_WORDS: Final = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
"""Twilio's default words for opting out; the whole message, in any case."""

START_WORDS: Final = frozenset({"START", "YES", "UNSTOP"})
"""Twilio's default words for coming back."""

_MESSAGES: Final = "/2010-04-01/Accounts/{account}/Messages"
_LATE: Final = 0.5


def _utc_now() -> datetime:
    return datetime.now(UTC)


class TwilioDouble(Listener):
    """Twilio's Messages API on 127.0.0.1. Use as a context manager, or call `start` and `stop`.

    `delay` is how long each POST takes, `callback_delay` how long after the answer (and between two receipts) callbacks go out;
    both seconds. `scripts` adds to or replaces the table by number. `clock` dates the messages (default: the real time). The
    attributes `messages` (outgoing), `inbound`, `requests`, `callbacks` and `faults` (refused forms) may be read at any time.
    """

    thread_name = "twilio-double"

    def __init__(
        self,
        *,
        account_sid: str = ACCOUNT_SID,
        auth_token: str = AUTH_TOKEN,
        port: int = 0,
        callbacks: bool = True,
        callback_delay: float = 0.0,
        delay: float = 0.0,
        scripts: Mapping[str, Script] | None = None,
        sender_pool: tuple[str, ...] = ("+447700900999",),
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__(port)
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.delay = delay
        self.callback_delay = callback_delay
        self.with_callbacks = callbacks
        self.scripts: dict[str, Script] = {**SCRIPTS, **(scripts or {})}
        self.clock = clock
        self.messages: list[DoubleMessage] = []
        self.inbound: list[DoubleMessage] = []
        self.requests: list[SeenRequest] = []
        self.faults: list[str] = []
        self._sender_pool = sender_pool
        self._by_sid: dict[str, DoubleMessage] = {}
        self._opted_out: set[tuple[str, str]] = set()
        self._times: Counter[str] = Counter()
        self._lose = 0
        self._lock = threading.Lock()
        self._callbacks = Callbacks(account_sid, auth_token)
        self._runner: web.AppRunner | None = None

    # -- life -------------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The address to give as NOTIFIER_TWILIO__BASE_URL."""
        return f"http://127.0.0.1:{self.port}"

    async def _listen(self) -> None:
        app = web.Application()
        messages = _MESSAGES.format(account="{account}")
        app.router.add_post(f"{messages}.json", self._create)
        app.router.add_get(f"{messages}.json", self._list)
        app.router.add_get(f"{messages}/{{sid}}.json", self._fetch)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        self._callbacks.open()

    async def _shut(self) -> None:
        await self._callbacks.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # -- what a test says and asks ------------------------------------------------------------------------------------

    @property
    def callbacks(self) -> list[SentCallback]:
        """Every webhook posted so far, with the answer it got."""
        return self._callbacks.sent

    def lose_answers(self, number: int) -> None:
        """Store the next `number` texts but cut the connection instead of answering."""
        with self._lock:
            self._lose += number

    def texts_to(self, to: str) -> list[DoubleMessage]:
        """The texts accepted for one number, oldest first."""
        return [message for message in list(self.messages) if message.to == to]

    def wait_for_callbacks(self, *, timeout: float = 10.0) -> list[SentCallback]:
        """Wait until no receipt is outstanding; return all that were posted. Raises TimeoutError."""
        if self._thread is not None:
            self._thread.run(self._callbacks.settle(), timeout=timeout)
        return self.callbacks

    def send_inbound(self, from_: str, to: str, body: str, url: str | None, **fields: str) -> SentCallback | None:
        """A carer's text. It is stored and posted, signed, to `url`; with None it is only stored, as when a webhook is lost.

        Whole-message STOP and START words (un)block the pair of numbers, as Twilio does by itself. `fields` are added to the form.
        """
        word = body.strip().upper()
        if word in STOP_WORDS:
            self._opted_out.add((from_, to))
        elif word in START_WORDS:
            self._opted_out.discard((from_, to))
        now = self.clock()
        message = DoubleMessage(self._new_sid(), to, from_, body, "received", "inbound", now, now, now)
        message.segments = segments_of(body)
        self.inbound.append(message)
        self._by_sid[message.sid] = message
        if url is None or self._thread is None:
            return None
        return self._thread.run(self._callbacks.post(url, self._callbacks.inbound_form(message, fields)))

    def send_receipt(self, sid: str, status: str, *, error_code: int | None = None) -> SentCallback | None:
        """Move a message to `status` and post that receipt now; None where the message asked for no callback."""
        message = self._by_sid[sid]
        self._move(message, status, error_code)
        if message.status_callback is None or self._thread is None:
            return None
        return self._thread.run(self._callbacks.receipt(message, status))

    # -- POST Messages.json -------------------------------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.StreamResponse:
        pairs = tuple(parse_qsl((await request.read()).decode("utf-8"), keep_blank_values=True))
        form = dict(pairs)
        self.requests.append(SeenRequest("POST", request.path, dict(request.query), pairs))
        if (refusal := self._credentials(request)) is not None:
            return refusal
        if self.delay:
            await asyncio.sleep(self.delay)
        if (fault := fault_in(form)) is not None:
            self.faults.append(fault[1])
            return self._error(400, *fault)
        sender = form.get("From") or self._sender_pool[0]
        if (form["To"], sender) in self._opted_out:
            return self._error(400, 21610, "Attempt to send to unsubscribed recipient")
        return await self._play(request, form, self._script(form["To"]))

    def _script(self, to: str) -> Script:
        with self._lock:
            if self._lose > 0:
                self._lose -= 1
                return Script("the answer is lost", cut=True, stored=True)
            script = self.scripts.get(to, DELIVERED)
            self._times[to] += 1
            return script if script.times is None or self._times[to] <= script.times else DELIVERED

    async def _play(self, request: web.Request, form: dict[str, str], script: Script) -> web.StreamResponse:
        troubled = script.cut or script.hang or script.status >= 300
        if troubled and not script.stored:
            return await self._trouble(request, script)
        message = self._store(form)
        answer = message.resource(self.account_sid)  # as it stands before any receipt
        if script.receipts == "before the answer":
            await self._go_on(message, script, 0.0)
        else:
            wait = _LATE if script.receipts == "late" else self.callback_delay
            self._callbacks.later(self._go_on(message, script, wait))
        if troubled:
            return await self._trouble(request, script)
        if script.garbled:
            return web.Response(status=201, text=json.dumps(answer)[:40], content_type="application/json")
        return web.json_response(answer, status=201)

    async def _trouble(self, request: web.Request, script: Script) -> web.StreamResponse:
        if script.hang:
            await asyncio.sleep(3600)
        if script.cut:
            _cut(request)
            return web.Response(status=500)  # nobody reads it: the connection is gone
        if script.status < 400:
            return web.Response(status=script.status, headers={"Location": f"{self.url}/elsewhere"})
        if script.code == 0:
            return web.Response(status=script.status)
        return self._error(script.status, script.code, f"{script.what}: {request.path}", script.retry_after)

    def _store(self, form: dict[str, str]) -> DoubleMessage:
        now = self.clock()
        service = form.get("MessagingServiceSid")
        message = DoubleMessage(
            sid=self._new_sid(),
            to=form["To"],
            from_=form.get("From"),
            body=form["Body"],
            status="accepted" if service else "queued",
            direction="outbound-api",
            created=now,
            updated=now,
            service=service,
            segments=0 if service else segments_of(form["Body"]),
            status_callback=form.get("StatusCallback"),
            form=form,
        )
        self.messages.append(message)
        self._by_sid[message.sid] = message
        return message

    async def _go_on(self, message: DoubleMessage, script: Script, wait: float) -> None:
        path = (*(("queued",) if message.service else ()), *script.path)
        receipts: list[str] = []
        for status in path:
            if wait:
                await asyncio.sleep(wait)
            else:
                await asyncio.sleep(0)
            self._move(message, status, script.delivery_code if status == path[-1] else None)
            receipts.append(status)
            if script.receipts in {"in order", "late", "before the answer", "twice"}:
                await self._call_back(message, status, 2 if script.receipts == "twice" else 1)
        if script.receipts == "reversed":
            for status in reversed(receipts):
                await self._call_back(message, status, 1)

    async def _call_back(self, message: DoubleMessage, status: str, copies: int) -> None:
        if self.with_callbacks and message.status_callback:
            for _ in range(copies):
                await self._callbacks.receipt(message, status)

    def _move(self, message: DoubleMessage, status: str, error_code: int | None) -> None:
        now = self.clock()
        message.status, message.updated, message.error_code = status, now, error_code
        if message.service and status == "queued":
            message.from_ = message.from_ or self._sender_pool[0]
            message.segments = segments_of(message.body)
        if status in {"sent", "delivered", "undelivered"} and message.sent is None:
            message.sent = now

    # -- GET ------------------------------------------------------------------------------------------------------------

    async def _fetch(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(SeenRequest("GET", request.path, dict(request.query), ()))
        if (refusal := self._credentials(request)) is not None:
            return refusal
        message = self._by_sid.get(request.match_info["sid"])
        if message is None:
            return self._error(404, 20404, f"The requested resource {request.path} was not found")
        return web.json_response(message.resource(self.account_sid))

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(SeenRequest("GET", request.path, dict(request.query), ()))
        if (refusal := self._credentials(request)) is not None:
            return refusal
        query = request.query
        size = min(1000, max(1, int(query.get("PageSize", "50"))))
        page = max(0, int(query.get("Page", "0")))
        everything = sorted([*self.messages, *self.inbound], key=lambda m: (m.created, m.sid), reverse=True)
        chosen = [message for message in everything if _matches(message, query)]
        shown = chosen[page * size : (page + 1) * size]
        more = len(chosen) > (page + 1) * size
        return web.json_response(
            {
                "end": page * size + max(0, len(shown) - 1),
                "first_page_uri": _page_uri(request, size, 0),
                "next_page_uri": _page_uri(request, size, page + 1, shown[-1].sid) if more else None,
                "page": page,
                "page_size": size,
                "previous_page_uri": _page_uri(request, size, page - 1) if page else None,
                "messages": [message.resource(self.account_sid) for message in shown],
                "start": page * size,
                "uri": _page_uri(request, size, page),
            }
        )

    # -- shared -----------------------------------------------------------------------------------------------------------

    def _new_sid(self) -> str:
        return f"SM{uuid.uuid4().hex}"

    def _credentials(self, request: web.Request) -> web.Response | None:
        expected = f"{self.account_sid}:{self.auth_token}"
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):
            kind, _, given = request.headers.get("Authorization", "").partition(" ")
            if kind.lower() == "basic" and base64.b64decode(given).decode() == expected:
                if request.match_info["account"] == self.account_sid:
                    return None
                return self._error(404, 20404, f"The requested resource {request.path} was not found")
        return self._error(401, 20003, "Authenticate")

    def _error(self, status: int, code: int | None, words: str, retry_after: int | None = None) -> web.Response:
        payload: dict[str, Any] = {"message": words, "status": status}
        if code:
            payload |= {"code": code, "more_info": f"https://www.twilio.com/docs/errors/{code}"}
        headers = {"Retry-After": str(retry_after)} if retry_after is not None else None
        return web.json_response(payload, status=status, headers=headers)


def _cut(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:  # linger 0: the other side sees a reset, not a polite end
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _matches(message: DoubleMessage, query: Mapping[str, str]) -> bool:
    sent = message.sent.date().isoformat() if message.sent else None
    return (
        query.get("To", message.to) == message.to
        and query.get("From", message.from_) == message.from_
        # a message that has not left has no DateSent, so every filter on it leaves that message out
        and ("DateSent" not in query or sent == query["DateSent"][:10])
        and ("DateSent>" not in query or (sent is not None and sent >= query["DateSent>"][:10]))
        and ("DateSent<" not in query or (sent is not None and sent <= query["DateSent<"][:10]))
    )


def _page_uri(request: web.Request, size: int, page: int, after: str | None = None) -> str:
    kept = [(name, value) for name, value in request.query.items() if name not in {"PageSize", "Page", "PageToken"}]
    token = [("PageToken", f"PA{after}")] if after else []
    return f"{urlsplit(str(request.rel_url)).path}?{urlencode([*kept, ('PageSize', size), ('Page', page), *token])}"
