"""Texts by Twilio: hand one over, ask how it stands, look for one whose answer was lost, fetch the replies.

The whole care goes into one question: what is certain after a call? Only a refusal in Twilio's own words, or a connection that
was never made, proves that no text will arrive. Everything else is `unknown` and is looked for in Twilio's list.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from twilio.base.exceptions import TwilioException

from notifier.channels.base import (
    ChannelUnavailable,
    ErrorClass,
    Inbound,
    Outcome,
    OutcomeKind,
    Outgoing,
    ProviderMessage,
    Receipt,
)
from notifier.channels.redaction import redact
from notifier.channels.twilio.client import ErrorAnswer, TwilioConfig, twilio_client
from notifier.channels.twilio.errors import lookup, receipt_class
from notifier.channels.twilio.status import message_status
from notifier.channels.twilio.webhooks import ATTEMPT
from notifier.domain.messages import MessageStatus

EXPIRED: Final = "expired"
"""The error code of our own for a message whose deadline passed before it was handed over; Twilio was not called."""

_LONGEST_VALIDITY: Final = 36_000  # seconds; Twilio's own upper limit and default
_CALLBACK_RETRIES: Final = "#rc=5&rp=all"  # Twilio's default is one repeat, after a connect timeout only
_SERVICE_SID: Final = re.compile(r"MG\w{10,}")  # longer than any alphanumeric sender (11 characters)
_FIND_PAGE: Final = 50
_INBOX_PAGE: Final = 1000
_MOST_PAGES: Final = 40
_CLOCK_SLACK: Final = timedelta(seconds=60)
_RETRYABLE: Final = frozenset({ErrorClass.RETRY, ErrorClass.LATER, ErrorClass.ONCE})

# Everything that asking may end in: the network's errors, and those of the library on an answer it cannot take apart.
_UNREADABLE: Final = (
    aiohttp.ClientError,
    OSError,  # TimeoutError is one of these
    TwilioException,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
)


class TwilioChannel:
    """Twilio as a way out for texts. Raises ChannelMisconfigured on construction where a setting is missing.

    One object may be used from several event loops; await `close` in each before it ends.
    """

    name: str = "twilio"
    medium: str = "sms"

    def __init__(self, config: TwilioConfig) -> None:
        config.validate()
        self.config = config
        self.concurrency: int = config.concurrency
        self._client, self._http = twilio_client(config)

    async def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        """Hand one text over, once. A deadline that has passed is `refused` with code "expired", without a call."""
        seconds_left = (outgoing.expires_at - now).total_seconds()
        if seconds_left <= 0:
            return Outcome(
                OutcomeKind.REFUSED, error_code=EXPIRED, detail="The deadline had passed; Twilio was not called."
            )
        form = self._form(outgoing, max(1, min(_LONGEST_VALIDITY, int(seconds_left))))
        try:
            return self._accepted(await self._client.messages.create_async(**form))
        except ErrorAnswer as answer:
            return self._refused(answer)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            # No connection was made, so nothing was sent: the one network failure that is certain.
            return Outcome(
                OutcomeKind.RETRY,
                error_code="connect",
                error_class=ErrorClass.RETRY,
                detail=self._words(
                    f"Twilio could not be reached: {_why(error)}. Check the network and NOTIFIER_TWILIO__BASE_URL."
                ),
            )
        except TimeoutError:
            return self._unknown("timeout", f"Twilio gave no answer within {self.config.timeout_seconds:g} seconds")
        except (aiohttp.ClientError, OSError) as error:
            return self._unknown(
                "connection", f"The connection broke before Twilio's answer came ({type(error).__name__})"
            )
        except Exception as error:  # the port promises never to raise; whatever else it is, the text may have gone
            return self._unknown("unreadable", f"Twilio's answer could not be read ({type(error).__name__})")

    def _form(self, outgoing: Outgoing, validity: int) -> dict[str, Any]:
        form: dict[str, Any] = {"to": outgoing.to, "body": outgoing.body, "validity_period": validity}
        sender = outgoing.sender or self.config.messaging_service_sid or self.config.from_number or ""
        form["messaging_service_sid" if _SERVICE_SID.fullmatch(sender) else "from_"] = sender
        if callback := self.config.callback_url:
            form["status_callback"] = f"{callback}?{ATTEMPT}={quote(outgoing.attempt_id, safe='')}{_CALLBACK_RETRIES}"
        return form

    def _accepted(self, message: Any) -> Outcome:
        if not isinstance(message.sid, str) or not message.sid:
            return self._unknown("unreadable", "Twilio's answer held no message SID")
        status = message_status(str(message.status or "queued"))
        code = str(message.error_code) if message.error_code else None
        segments = str(message.num_segments or "")
        return Outcome(
            OutcomeKind.ACCEPTED,
            provider_id=message.sid,
            status=status,
            error_code=code,
            error_class=receipt_class(code, status),
            # A Messaging Service answers "0": the count is not known until it has chosen a sender.
            segments=int(segments) if segments.isdecimal() and int(segments) > 0 else None,
        )

    def _refused(self, answer: ErrorAnswer) -> Outcome:
        code = str(answer.code) if answer.code else str(answer.status)
        if answer.status >= 500 or answer.status < 400 or answer.status == 408:
            return self._unknown(code, f"HTTP {answer.status} instead of an answer about the text")
        known = lookup(answer.code)
        error_class = known.error_class if known else _class_of(answer.status)
        said = known.meaning if known else self._words(answer.words) or "no reason given"
        detail = f"Twilio refused with HTTP {answer.status}, code {code}: {said}."
        if error_class is ErrorClass.AMBIGUOUS:
            return self._unknown(code, detail)
        if error_class in _RETRYABLE:
            return Outcome(OutcomeKind.RETRY, None, None, code, error_class, detail, retry_after=answer.retry_after)
        return Outcome(OutcomeKind.REFUSED, None, None, code, error_class, detail)

    def _unknown(self, code: str, words: str) -> Outcome:
        detail = f"{self._words(words).rstrip('.')}. The text may have been sent."
        return Outcome(OutcomeKind.UNKNOWN, error_code=code, error_class=ErrorClass.AMBIGUOUS, detail=detail)

    def _words(self, text: str) -> str:
        return redact(text, secrets=self.config.secrets)

    async def find(self, to: str, *, since: datetime) -> Sequence[ProviderMessage]:
        """Twilio's own list of our texts to a number since then, newest first. Raises ChannelUnavailable.

        Match on the body and on SIDs not yet known: the list allows a minute of difference between the clocks, and where
        Twilio's clock is even before `since` no date can be trusted and everything listed is returned. The list is not
        filtered by DateSent, which is empty until a text leaves.
        """
        found: list[ProviderMessage] = []
        async for page in self._pages({"to": to, "page_size": _FIND_PAGE}):
            found.extend(_provider_message(item, since) for item in page if _is_ours(item))
            made = [item.date_created for item in page if item.date_created]
            # "Newest first" is remembered, not documented: stop early only where this page bears it out.
            if made and made == sorted(made, reverse=True) and made[0] < self._oldest(since):
                break
        oldest = self._oldest(since)
        return [message for message in found if message.created_at >= oldest]

    def _oldest(self, since: datetime) -> datetime:
        clock = self._http.provider_clock
        if clock is not None and clock < since - _CLOCK_SLACK:
            return datetime.min.replace(tzinfo=UTC)
        return since - _CLOCK_SLACK

    async def fetch(self, provider_id: str, *, now: datetime) -> Receipt | None:
        """Ask how one text stands; None where Twilio does not know the SID. Raises ChannelUnavailable."""
        try:
            message = await self._client.messages(provider_id).fetch_async()
        except ErrorAnswer as answer:
            if answer.status == 404:
                return None
            raise self._unavailable(answer) from None
        except _UNREADABLE as error:
            raise self._unavailable(error) from None
        provider_status = str(message.status or "")
        status = message_status(provider_status)
        code = str(message.error_code) if message.error_code else None
        updated = message.date_updated
        return Receipt(
            provider=self.name,
            provider_id=provider_id,
            status=status,
            provider_status=provider_status,
            occurred_at=updated if updated is not None and updated <= now else now,
            error_code=code,
            error_class=receipt_class(code, status),
            raw={"MessageSid": provider_id, "MessageStatus": provider_status, "ErrorCode": code or ""},
        )

    async def inbox(self, *, since: datetime) -> Sequence[Inbound]:
        """Texts that came in since then, oldest first, including those whose webhook never reached us. Raises ChannelUnavailable."""
        numbers: tuple[str | None, ...] = self.config.inbound_numbers
        if not numbers:
            alone = self.config.from_number if not self.config.messaging_service_sid else None
            numbers = (alone,)  # None: a Messaging Service's numbers are not known here, so list them all
        replies = [reply for number in numbers for reply in await self._replies_to(number, since)]
        # Twilio dates to the second and lists the newest first: turned round first, texts of one second keep their order.
        replies.reverse()
        return sorted(replies, key=lambda reply: reply.received_at)

    async def _replies_to(self, number: str | None, since: datetime) -> list[Inbound]:
        day = (since - timedelta(days=1)).date()
        replies = await self._list_replies(number, day.isoformat())
        clock = self._http.provider_clock
        if clock is not None and clock < since - _CLOCK_SLACK:  # our clock is ahead: ask again by Twilio's
            replies = await self._list_replies(number, (clock - timedelta(days=1)).date().isoformat())
        oldest = self._oldest(since)
        return [reply for reply in replies if reply.received_at >= oldest]

    async def _list_replies(self, number: str | None, day: str) -> list[Inbound]:
        filters: dict[str, Any] = {"date_sent_after": day, "page_size": _INBOX_PAGE}
        if number:
            filters["to"] = number
        return [_inbound(item) async for page in self._pages(filters) for item in page if item.direction == "inbound"]

    async def _pages(self, filters: dict[str, Any]) -> AsyncIterator[list[Any]]:
        try:
            page: Any = await self._client.messages.page_async(**filters)
            for _ in range(_MOST_PAGES):
                yield list(page)
                page = await page.next_page_async()
                if page is None:
                    return
        except (ErrorAnswer, *_UNREADABLE) as error:
            raise self._unavailable(error) from None
        raise ChannelUnavailable(f"Twilio's list is longer than {_MOST_PAGES} pages; ask for a later time.")

    def _unavailable(self, error: Exception) -> ChannelUnavailable:
        if isinstance(error, ErrorAnswer):
            known = lookup(error.code)
            said = known.meaning if known else error.words or "no reason given"
            return ChannelUnavailable(self._words(f"Twilio answered HTTP {error.status}, code {error.code}: {said}"))
        if isinstance(error, json.JSONDecodeError):
            return ChannelUnavailable("Twilio's answer could not be read.")
        return ChannelUnavailable(
            self._words(f"Twilio could not be asked ({_why(error)}); check the network and try later.")
        )

    def receipt_class(self, error_code: str | None, status: MessageStatus) -> ErrorClass | None:
        """What a receipt with this code asks us to do, by errors.toml."""
        return receipt_class(error_code, status)

    async def close(self) -> None:
        """Close the connections of the running event loop."""
        await self._http.close()


def _class_of(status: int) -> ErrorClass:
    if status == 429:
        return ErrorClass.RETRY
    if status in {401, 403, 404, 407}:
        return ErrorClass.CONFIG
    return ErrorClass.REVIEW


def _why(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name could not be resolved"
    if isinstance(error, aiohttp.ClientSSLError):
        return "the secure connection could not be set up"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "the connection was refused"
    return type(error).__name__


def _is_ours(item: Any) -> bool:
    return str(item.direction or "outbound-api").startswith("outbound")


def _provider_message(item: Any, since: datetime) -> ProviderMessage:
    provider_status = str(item.status or "")
    status = message_status(provider_status)
    code = str(item.error_code) if item.error_code else None
    return ProviderMessage(
        provider_id=str(item.sid),
        to=str(item.to or ""),
        body=str(item.body or ""),
        status=status,
        provider_status=provider_status,
        created_at=item.date_created or since,
        error_code=code,
        error_class=receipt_class(code, status),
    )


def _inbound(item: Any) -> Inbound:
    return Inbound(
        provider="twilio",
        provider_id=str(item.sid),
        channel="sms",
        sender=str(item.from_ or ""),
        recipient=str(item.to or ""),
        body=str(item.body or ""),
        received_at=item.date_created or item.date_sent,
        raw={
            "MessageSid": str(item.sid),
            "From": str(item.from_ or ""),
            "To": str(item.to or ""),
            "Body": str(item.body or ""),
        },
    )
