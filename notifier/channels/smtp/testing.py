"""A real mail server for tests, in a thread of its own, that keeps every mail and makes trouble by recipient.

It needs the development dependency aiosmtpd, which is imported only when a server is started. The recipient's name says what
happens: `TROUBLE` lists the names; every other address at every domain is accepted.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Final

from notifier.channels.loop_thread import Listener

TROUBLE: Final[dict[str, str]] = {
    "unknown": "550 at RCPT: no such mailbox",
    "relay": "554 5.7.1 at RCPT: relaying refused",
    "greylisted": "451 at RCPT: try again later",
    "spam": "554 after the message: content refused",
    "full": "452 after the message: try again later",
    "cut": "the mail is kept, then the connection is cut instead of an answer",
    "gone": "the connection is cut at RCPT",
}
"""What is wrong with mail to `<name>@anywhere`."""


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """One mail as it was handed over. `connection` counts the conversations: two mails over one connection share the number."""

    sender: str
    to: str
    mail: EmailMessage
    connection: int


class MailServer(Listener):
    """An SMTP server on 127.0.0.1. Use as a context manager, or call `start` and `stop`; read `port`, `mails`, `connections`.

    With `login` it demands that name and password (AUTH without encryption, which only a test should do). `refuse_sender` answers
    550 at MAIL FROM. `start` raises ImportError without aiosmtpd.
    """

    thread_name = "mail-server"

    def __init__(self, *, port: int = 0, login: tuple[str, str] | None = None, refuse_sender: bool = False) -> None:
        super().__init__(port)
        self.host = "127.0.0.1"
        self.mails: list[CaughtMail] = []
        self.connections = 0
        self._login = login
        self.refuses_sender = refuse_sender
        self.demands_login = login is not None
        self._server: asyncio.Server | None = None
        self._open: list[Any] = []

    def mails_to(self, to: str) -> list[CaughtMail]:
        """The mails handed over for one address, oldest first."""
        return [mail for mail in list(self.mails) if mail.to == to]

    def drop_connections(self) -> None:
        """Cut every open connection, as a server does with clients that were idle too long."""
        if self._thread is not None:
            self._thread.run(self._drop())

    async def _listen(self) -> None:
        from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

        def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> Any:
            expected = self._login
            right = isinstance(given, LoginPassword) and expected is not None
            success = right and (given.login.decode(), given.password.decode()) == expected
            return AuthResult(success=success, handled=False)  # not handled: the server itself answers 535

        def conversation() -> Any:
            self.connections += 1
            server = SMTP(
                _Handler(self, self.connections),
                hostname="mail.example.org",
                authenticator=authenticate if self._login else None,
                auth_require_tls=False,
            )
            self._open.append(server)
            return server

        self._server = await asyncio.get_running_loop().create_server(conversation, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _drop(self) -> None:
        for server in self._open:
            if server.transport is not None:
                server.transport.abort()
        self._open.clear()
        await asyncio.sleep(0)

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._drop()


class _Handler:
    """What aiosmtpd asks us at each step; the method names are aiosmtpd's."""

    def __init__(self, owner: MailServer, connection: int) -> None:
        self._owner = owner
        self._connection = connection

    async def handle_MAIL(self, _server: Any, session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        if self._owner.demands_login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self._owner.refuses_sender:
            return "550 5.1.8 Sender address refused"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: list[str]) -> str:
        match address.partition("@")[0]:
            case "unknown":
                return f"550 5.1.1 <{address}>: no such mailbox"
            case "relay":
                return "554 5.7.1 Relay access denied"
            case "greylisted":
                return "451 4.7.1 Greylisted, try again later"
            case "gone":
                server.transport.abort()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        to = envelope.rcpt_tos[0]
        name = to.partition("@")[0]
        if name == "spam":
            return "554 5.6.0 Content refused"
        if name == "full":
            return "452 4.2.2 Mailbox full"
        mail = message_from_bytes(envelope.content, policy=default)
        self._owner.mails.append(CaughtMail(envelope.mail_from, to, mail, self._connection))
        if name == "cut":
            server.transport.abort()
        return "250 OK"
