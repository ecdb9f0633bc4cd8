"""How the double calls us: status receipts and carers' texts as form posts with a correct signature.

Each is posted once; the real Twilio repeats a little, but nobody may count on it. Order and copies are the caller's affair.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any
from urllib.parse import urldefrag, urlencode

import aiohttp
from twilio.request_validator import RequestValidator
from yarl import URL

from notifier.channels.twilio.testing.records import DoubleMessage, SentCallback
from notifier.channels.twilio.webhooks import SIGNATURE_HEADER


class Callbacks:
    """Posts the double's webhooks and remembers them in `sent`. Lives in the double's event loop."""

    def __init__(self, account_sid: str, auth_token: str) -> None:
        self.sent: list[SentCallback] = []
        self._account_sid = account_sid
        self._validator: Any = RequestValidator(auth_token)  # type: ignore[no-untyped-call]
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self) -> None:
        """Open the HTTP session; call inside the loop."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))

    async def close(self) -> None:
        """Drop what is outstanding and close the session."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something after the answer to the POST has gone out."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def settle(self) -> None:
        """Wait until nothing is outstanding."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    async def receipt(self, message: DoubleMessage, status: str) -> SentCallback:
        """Post one status receipt to the address that the message named."""
        form = {
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
            "From": message.from_ or "",
            "MessageSid": message.sid,
            "MessageStatus": status,
            "SmsSid": message.sid,
            "SmsStatus": status,
            "To": message.to,
        }
        if message.service:
            form["MessagingServiceSid"] = message.service
        if message.error_code and status in {"undelivered", "failed"}:
            form["ErrorCode"] = str(message.error_code)
        return await self.post(message.status_callback or "", form)

    def inbound_form(self, message: DoubleMessage, extra: Mapping[str, str]) -> dict[str, str]:
        """The form of a carer's text, with the blank fields that Twilio also sends."""
        return {
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
            "Body": message.body,
            "From": message.from_ or "",
            "FromCity": "",
            "FromCountry": "GB",
            "FromState": "",
            "FromZip": "",
            "MessageSid": message.sid,
            "NumMedia": "0",
            "NumSegments": str(message.segments),
            "SmsMessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsStatus": "received",
            "To": message.to,
            "ToCity": "",
            "ToCountry": "GB",
            "ToState": "",
            "ToZip": "",
            **extra,
        }

    async def post(self, url: str, form: dict[str, str]) -> SentCallback:
        """Post one signed form. Nobody at home is an answer of None, not an error."""
        address = urldefrag(url).url
        signature = str(self._validator.compute_signature(address, form))
        status: int | None = None
        text = ""
        try:
            if self._session is not None:
                async with self._session.post(
                    URL(address, encoded=True),  # as we were given it: another spelling would break the signature
                    data=urlencode(form).encode("ascii"),
                    headers={SIGNATURE_HEADER: signature, "Content-Type": "application/x-www-form-urlencoded"},
                    allow_redirects=False,
                ) as answer:
                    status, text = answer.status, await answer.text()
        except (aiohttp.ClientError, TimeoutError, OSError):
            status = None
        done = SentCallback(address, form, signature, status, text)
        self.sent.append(done)
        return done
