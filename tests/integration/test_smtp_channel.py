"""The SMTP channel against a real mail server: what is certain after a conversation, and what is not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from notifier.channels.base import ChannelMisconfigured, ErrorClass, Outcome, OutcomeKind, Outgoing
from notifier.channels.smtp import EXPIRED, SmtpChannel, SmtpConfig
from notifier.channels.smtp.testing import MailServer
from notifier.domain.messages import MessageStatus

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
ACCEPTED, REFUSED, RETRY, UNKNOWN = OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.RETRY, OutcomeKind.UNKNOWN


def mail(to: str = "amina@carers.example", number: int = 1, **fields: object) -> Outgoing:
    values = {
        "attempt_id": f"a{number}",
        "message_id": f"m{number}",
        "school_id": "oakfield",
        "to": to,
        "subject": "Zofia, Mon 23 Nov",
        "body": "Zofia is not in school today.\n.\nاوک فیلڈ",
        "html": "<p>Zofia is not in school today.</p>",
        "sender_name": "Oakfield Primary School",
        "reply_token": "tok1",
        "expires_at": NOW + timedelta(hours=2),
    }
    return Outgoing(**{**values, **fields})


def config(port: int, **settings: object) -> SmtpConfig:
    values = {"starttls": False, "from_address": "absence@oakfield.example", "timeout": 5.0}
    return SmtpConfig("127.0.0.1", port, **{**values, **settings})


def using(settings: SmtpConfig, act: Callable[[SmtpChannel], Awaitable[T]]) -> T:
    async def go() -> T:
        channel = SmtpChannel(settings)
        try:
            return await act(channel)
        finally:
            await channel.close()

    return asyncio.run(go())


def send(settings: SmtpConfig, outgoing: Outgoing) -> Outcome:
    return using(settings, lambda channel: channel.send(outgoing, now=NOW))


@pytest.fixture
def server():
    with MailServer() as running:
        yield running


def test_a_mail_arrives_whole(server):
    outcome = send(config(server.port), mail())

    (caught,) = server.mails
    assert (outcome.kind, outcome.status) == (ACCEPTED, MessageStatus.SENT)
    assert outcome.provider_id == caught.mail["Message-ID"] == "<notifier.m1@oakfield.example>"
    assert (caught.sender, caught.to) == ("absence@oakfield.example", "amina@carers.example")
    plain, html = caught.mail.iter_parts()
    assert plain.get_content().splitlines() == ["Zofia is not in school today.", ".", "اوک فیلڈ"]
    assert html.get_content().strip() == "<p>Zofia is not in school today.</p>"
    assert caught.mail["Auto-Submitted"] == "auto-generated"


def test_a_second_try_carries_the_same_message_id(server):
    for attempt in ("a1", "a2"):
        send(config(server.port), mail(attempt_id=attempt))

    assert len({caught.mail["Message-ID"] for caught in server.mails}) == 1
    assert len(server.mails) == 2


@pytest.mark.parametrize(
    ("to", "kind", "code", "error_class", "kept"),
    [
        ("unknown@carers.example", REFUSED, "550", ErrorClass.PERMANENT, 0),
        ("relay@carers.example", REFUSED, "554", ErrorClass.REVIEW, 0),
        ("greylisted@carers.example", RETRY, "451", ErrorClass.RETRY, 0),
        ("spam@carers.example", REFUSED, "554", ErrorClass.REVIEW, 0),
        ("full@carers.example", RETRY, "452", ErrorClass.RETRY, 0),
        ("gone@carers.example", RETRY, "connect", ErrorClass.RETRY, 0),
        ("cut@carers.example", UNKNOWN, "connection", ErrorClass.AMBIGUOUS, 1),
        ("nobody", REFUSED, "address", ErrorClass.PERMANENT, 0),
    ],
)
def test_the_outcome_says_only_what_is_certain(server, to, kind, code, error_class, kept):
    outcome = send(config(server.port), mail(to))

    assert (outcome.kind, outcome.error_code, outcome.error_class) == (kind, code, error_class)
    assert len(server.mails_to(to)) == kept
    assert to not in outcome.detail or "@" not in to
    assert outcome.detail


def test_a_refused_recipient_does_not_spoil_the_next_mail(server):
    async def three(channel: SmtpChannel) -> list[OutcomeKind]:
        names = ("unknown@x.example", "amina@x.example", "spam@x.example", "bashir@x.example")
        return [(await channel.send(mail(to, n), now=NOW)).kind for n, to in enumerate(names)]

    assert using(config(server.port), three) == [REFUSED, ACCEPTED, REFUSED, ACCEPTED]
    assert server.connections == 1


def test_a_batch_shares_a_few_connections(server):
    async def batch(channel: SmtpChannel) -> list[Outcome]:
        return await asyncio.gather(*(channel.send(mail(f"c{n}@x.example", n), now=NOW) for n in range(40)))

    outcomes = using(config(server.port, concurrency=3), batch)

    assert {outcome.kind for outcome in outcomes} == {ACCEPTED}
    assert sorted(caught.to for caught in server.mails) == sorted(f"c{n}@x.example" for n in range(40))
    assert server.connections <= 3


def test_a_connection_that_died_in_the_meantime_is_replaced_without_a_word(server):
    async def twice(channel: SmtpChannel) -> list[OutcomeKind]:
        first = await channel.send(mail(number=1), now=NOW)
        server.drop_connections()
        second = await channel.send(mail(number=2), now=NOW)
        return [first.kind, second.kind]

    assert using(config(server.port), twice) == [ACCEPTED, ACCEPTED]
    assert len(server.mails) == 2
    assert server.connections == 2


def test_one_channel_serves_one_event_loop_after_another(server):
    channel = SmtpChannel(config(server.port))

    async def once(number: int) -> OutcomeKind:
        try:
            return (await channel.send(mail(number=number), now=NOW)).kind
        finally:
            await channel.close()

    assert [asyncio.run(once(n)) for n in range(2)] == [ACCEPTED, ACCEPTED]


def test_a_server_that_refuses_connections_certainly_has_nothing():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        outcome = send(config(taken.getsockname()[1]), mail())

    assert (outcome.kind, outcome.error_code, outcome.error_class) == (RETRY, "connect", ErrorClass.RETRY)
    assert "NOTIFIER_SMTP__HOST" in outcome.detail


def test_a_refused_sender_is_a_matter_of_configuration():
    with MailServer(refuse_sender=True) as server:
        outcome = send(config(server.port), mail())

    assert (outcome.kind, outcome.error_code, outcome.error_class) == (REFUSED, "550", ErrorClass.CONFIG)


@pytest.mark.parametrize(
    ("password", "kind", "error_class"),
    [(PASSWORD, ACCEPTED, None), ("a-wrong-password", REFUSED, ErrorClass.CONFIG)],
    ids=["right", "wrong"],
)
def test_the_password_decides(password, kind, error_class):
    with MailServer(login=("oakfield", PASSWORD)) as server:
        settings = config(server.port, username="oakfield", password=password)
        outcome = send(settings, mail())

    assert (outcome.kind, outcome.error_class) == (kind, error_class)
    assert password not in outcome.detail + repr(settings)


def test_a_server_that_wants_a_login_we_do_not_have_is_a_matter_of_configuration():
    with MailServer(login=("oakfield", PASSWORD)) as server:
        outcome = send(config(server.port), mail())

    assert (outcome.kind, outcome.error_class) == (REFUSED, ErrorClass.CONFIG)


def test_a_server_without_encryption_gets_nothing_where_encryption_is_demanded(server):
    outcome = send(config(server.port, starttls=True), mail())

    assert (outcome.kind, outcome.error_class) == (REFUSED, ErrorClass.CONFIG)
    assert server.mails == []


def test_a_mail_past_its_deadline_is_not_sent(server):
    outcome = send(config(server.port), mail(expires_at=NOW))

    assert (outcome.kind, outcome.error_code) == (REFUSED, EXPIRED)
    assert server.connections == 0


def test_smtp_cannot_be_asked_about_anything(server):
    async def ask(channel: SmtpChannel):
        return (
            await channel.find("amina@x.example", since=NOW),
            await channel.fetch("<x@y>", now=NOW),
            await channel.inbox(since=NOW),
        )

    assert using(config(server.port), ask) == (None, None, ())


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"host": ""}, "NOTIFIER_SMTP__HOST"),
        ({"from_address": ""}, "NOTIFIER_SMTP__FROM_ADDRESS"),
        ({"from_address": "absence"}, "NOTIFIER_SMTP__FROM_ADDRESS"),
        ({"reply_to": "x@"}, "The reply address"),
        ({"starttls": True, "tls": True}, "NOTIFIER_SMTP__STARTTLS"),
        ({"password": "x"}, "NOTIFIER_SMTP__USERNAME"),
    ],
)
def test_a_setting_that_is_missing_or_cannot_be_right_is_named(change, named):
    with pytest.raises(ChannelMisconfigured, match=named):
        SmtpChannel(replace(config(25), **change))
