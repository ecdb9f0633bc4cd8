"""E-mail over SMTP: one message, one recipient, one careful conversation.

Until DATA nothing has been handed over, so any failure there is certain and may be repeated. From DATA on a lost answer is `unknown`:
the server may have the mail. SMTP has no list to look in, so such a message is shown to staff.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Final
from weakref import WeakKeyDictionary

import aiosmtplib

from notifier.channels.base import (
    ChannelMisconfigured,
    ErrorClass,
    Inbound,
    Outcome,
    OutcomeKind,
    Outgoing,
    ProviderMessage,
    Receipt,
)
from notifier.channels.redaction import redact
from notifier.channels.smtp.compose import ascii_address, compose
from notifier.domain.messages import MessageStatus

EXPIRED: Final = "expired"
"""The error code of our own for a message whose deadline passed before it was handed over; the server was not called."""

_POLICY_REFUSAL: Final = re.compile(r"\b5\.7\.\d+")


@dataclass(frozen=True, slots=True)
class SmtpConfig:
    """Which server takes our mail, and in whose name.

    `starttls` demands encryption after connecting (usual on port 587), `tls` from the first byte (usual on 465). `reply_to` is the
    mailbox that is read for answers (None: `from_address`); set `reply_plus` where it accepts `name+anything@`. `timeout` is seconds
    for each step; `concurrency` is how many connections are open at once.
    """

    host: str
    port: int = 587
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    starttls: bool = True
    tls: bool = False
    from_address: str = ""
    from_name: str = ""
    timeout: float = 20.0
    reply_to: str | None = None
    reply_plus: bool = False
    concurrency: int = 4

    def validate(self) -> None:
        """Raise ChannelMisconfigured naming the first setting that is missing or cannot be right."""
        if not self.host:
            raise ChannelMisconfigured("NOTIFIER_SMTP__HOST is missing: the name of the server that takes your mail.")
        if not self.from_address:
            raise ChannelMisconfigured("NOTIFIER_SMTP__FROM_ADDRESS is missing: the address that e-mails come from.")
        for name, address in (("NOTIFIER_SMTP__FROM_ADDRESS", self.from_address), ("The reply address", self.reply_to)):
            try:
                if address is not None:
                    ascii_address(address)
            except ValueError:
                raise ChannelMisconfigured(f"{name} is not an e-mail address.") from None
        if self.starttls and self.tls:
            raise ChannelMisconfigured(
                "NOTIFIER_SMTP__STARTTLS (port 587) and encryption from the first byte (port 465) exclude each other."
            )
        if self.password and not self.username:
            raise ChannelMisconfigured("NOTIFIER_SMTP__PASSWORD is set, but NOTIFIER_SMTP__USERNAME is missing.")


class _Refusal(Exception):
    """The conversation ended before or at DATA with a certain answer."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


class _Stale(Exception):
    """A connection kept from an earlier message turned out to be dead before anything was handed over."""


@dataclass(slots=True)
class _Connections:
    """The idle connections of one event loop, and how many more may be opened."""

    room: asyncio.Semaphore
    idle: list[aiosmtplib.SMTP] = field(default_factory=list)


class SmtpChannel:
    """SMTP as a way out for e-mail. Raises ChannelMisconfigured on construction where a setting is missing.

    Connections are kept between messages. One object may be used from several event loops; await `close` in each before it ends.
    """

    name: str = "smtp"
    medium: str = "email"

    def __init__(self, config: SmtpConfig) -> None:
        config.validate()
        self.config = config
        self.concurrency: int = config.concurrency
        self._from = ascii_address(config.from_address)
        self._reply_to = ascii_address(config.reply_to or config.from_address)
        self._connections: WeakKeyDictionary[asyncio.AbstractEventLoop, _Connections] = WeakKeyDictionary()

    async def send(self, outgoing: Outgoing, *, now: datetime) -> Outcome:
        """Hand one e-mail over, once. The provider id is its Message-ID; an accepted mail is `sent`, since no receipt follows."""
        if outgoing.expires_at <= now:
            return Outcome(OutcomeKind.REFUSED, error_code=EXPIRED, detail="The deadline had passed; nothing was sent.")
        try:
            mail = self._compose(outgoing, now)
        except (ValueError, UnicodeError):
            return Outcome(
                OutcomeKind.REFUSED,
                error_code="address",
                error_class=ErrorClass.PERMANENT,
                detail="The e-mail could not be built: the recipient's address is not one that can be written to.",
            )
        pool = self._pool()
        async with pool.room:
            try:
                while pool.idle:
                    try:
                        return await self._converse(pool, pool.idle.pop(), mail, kept=True)
                    except _Stale:
                        continue
                return await self._converse(pool, await self._connect(), mail, kept=False)
            except _Refusal as refusal:
                return refusal.outcome
            except Exception as error:  # the port promises never to raise; whatever else it is, the mail may have gone
                return self._unknown(error)

    def _compose(self, outgoing: Outgoing, now: datetime) -> EmailMessage:
        return compose(
            outgoing,
            from_address=ascii_address(outgoing.sender) if outgoing.sender else self._from,
            from_name=self.config.from_name,
            reply_to=self._reply_to,
            reply_plus=self.config.reply_plus,
            now=now,
        )

    def _pool(self) -> _Connections:
        loop = asyncio.get_running_loop()
        if loop not in self._connections:
            self._connections[loop] = _Connections(asyncio.Semaphore(self.concurrency))
        return self._connections[loop]

    async def _connect(self) -> aiosmtplib.SMTP:
        config = self.config
        server = aiosmtplib.SMTP(
            hostname=config.host,
            port=config.port,
            username=config.username,
            password=config.password,
            use_tls=config.tls,
            start_tls=config.starttls,
            timeout=config.timeout,
            local_hostname=self._from.rpartition("@")[2],  # not the machine's own name, which is nobody's business
        )
        try:
            await server.connect()
        except aiosmtplib.SMTPResponseException as error:
            raise _Refusal(self._answered(error.code, error.message, "on connecting", ErrorClass.CONFIG)) from None
        except (aiosmtplib.SMTPConnectError, aiosmtplib.SMTPServerDisconnected, TimeoutError, OSError) as error:
            raise _Refusal(self._unreached(error)) from None
        except aiosmtplib.SMTPException as error:  # STARTTLS or AUTH is not offered
            raise _Refusal(
                Outcome(
                    OutcomeKind.REFUSED,
                    error_code="server",
                    error_class=ErrorClass.CONFIG,
                    detail=self._words(f"The mail server lacks what the settings ask for: {error}"),
                )
            ) from None
        return server

    async def _converse(
        self, pool: _Connections, server: aiosmtplib.SMTP, mail: EmailMessage, *, kept: bool
    ) -> Outcome:
        sender, to = mail["From"].addresses[0].addr_spec, mail["To"].addresses[0].addr_spec
        try:
            await self._envelope(server, sender, to, kept)
            await server.data(mail.as_bytes())
        except aiosmtplib.SMTPDataError as error:
            await self._keep(pool, server)
            return self._answered(error.code, error.message, "after the message", ErrorClass.REVIEW)
        except _Refusal:
            await self._keep(pool, server)
            raise
        except BaseException:
            server.close()
            raise
        pool.idle.append(server)
        return Outcome(OutcomeKind.ACCEPTED, provider_id=str(mail["Message-ID"]), status=MessageStatus.SENT)

    async def _envelope(self, server: aiosmtplib.SMTP, sender: str, to: str, kept: bool) -> None:
        try:
            await server.mail(sender)
            kept = False
            await server.rcpt(to)
        except aiosmtplib.SMTPRecipientRefused as error:
            policy = error.code == 530 or _POLICY_REFUSAL.search(error.message)
            doubt = ErrorClass.REVIEW if policy else ErrorClass.PERMANENT
            raise _Refusal(self._answered(error.code, error.message, "for this recipient", doubt)) from None
        except aiosmtplib.SMTPResponseException as error:
            if kept and error.code == 421:  # "idle too long" was waiting for us
                raise _Stale from None
            raise _Refusal(self._answered(error.code, error.message, "for our sender", ErrorClass.CONFIG)) from None
        except (aiosmtplib.SMTPException, TimeoutError, OSError) as error:
            if kept:
                raise _Stale from None
            raise _Refusal(self._unreached(error)) from None

    async def _keep(self, pool: _Connections, server: aiosmtplib.SMTP) -> None:
        try:
            await server.rset()
        except (aiosmtplib.SMTPException, TimeoutError, OSError):
            server.close()
        else:
            pool.idle.append(server)

    def _answered(self, code: int, message: str, where: str, permanent: ErrorClass) -> Outcome:
        detail = self._words(f"The mail server answered {code} {where}: {message}")
        if 500 <= code <= 599:
            return Outcome(OutcomeKind.REFUSED, error_code=str(code), error_class=permanent, detail=detail)
        return Outcome(OutcomeKind.RETRY, error_code=str(code), error_class=ErrorClass.RETRY, detail=detail)

    def _unreached(self, error: Exception) -> Outcome:
        what = "the secure connection could not be set up" if isinstance(error, ssl.SSLError) else str(error)
        return Outcome(
            OutcomeKind.RETRY,
            error_code="connect",
            error_class=ErrorClass.RETRY,
            detail=self._words(f"The mail server could not be reached: {what}. Check NOTIFIER_SMTP__HOST and __PORT."),
        )

    def _unknown(self, error: Exception) -> Outcome:
        return Outcome(
            OutcomeKind.UNKNOWN,
            error_code="connection",
            error_class=ErrorClass.AMBIGUOUS,
            detail=f"The connection broke before the mail server confirmed ({type(error).__name__}). The e-mail may have gone.",
        )

    def _words(self, text: str) -> str:
        return redact(text, secrets=[self.config.password])

    async def find(self, to: str, *, since: datetime) -> Sequence[ProviderMessage] | None:
        """None: a mail server keeps no list that we could look in."""
        return None

    async def fetch(self, provider_id: str, *, now: datetime) -> Receipt | None:
        """None: a mail server cannot be asked how a message stands; bounces come back as e-mails."""
        return None

    async def inbox(self, *, since: datetime) -> Sequence[Inbound]:
        """Nothing: answers by e-mail arrive in a mailbox, which SMTP cannot read."""
        return ()

    def receipt_class(self, error_code: str | None, status: MessageStatus) -> ErrorClass | None:
        """None: a mail server sends no receipts."""
        return None

    async def close(self) -> None:
        """Say goodbye on the running event loop's connections."""
        pool = self._connections.pop(asyncio.get_running_loop(), None)
        for server in pool.idle if pool else ():
            with contextlib.suppress(aiosmtplib.SMTPException, TimeoutError, OSError):
                await server.quit()
            server.close()
