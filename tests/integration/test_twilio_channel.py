"""The Twilio channel over real HTTP, against the double: what is certain after a call, and what is not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TypeVar
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from notifier.channels.base import ChannelMisconfigured, ChannelUnavailable, ErrorClass, OutcomeKind, Outgoing
from notifier.channels.twilio import EXPIRED, TwilioChannel, TwilioConfig, check_signature, parse_inbound, parse_status
from notifier.channels.twilio.testing import ACCOUNT_SID, AUTH_TOKEN, Script, TwilioDouble
from notifier.domain.messages import MessageStatus

T = TypeVar("T")
CARER = "+447700900123"
OURS = "+447700900999"
ACCEPTED, REFUSED, RETRY, UNKNOWN = OutcomeKind.ACCEPTED, OutcomeKind.REFUSED, OutcomeKind.RETRY, OutcomeKind.UNKNOWN


def now() -> datetime:
    return datetime.now(UTC)


def text(to: str = CARER, **fields: object) -> Outgoing:
    values = {
        "attempt_id": "attempt-1",
        "message_id": "message-1",
        "school_id": "oakfield",
        "to": to,
        "body": "Oakfield Primary: Zofia is not in school today (Mon 23 Nov). Please reply.",
        "expires_at": now() + timedelta(hours=2),
    }
    return Outgoing(**{**values, **fields})


def config(url: str, **settings: object) -> TwilioConfig:
    return TwilioConfig(ACCOUNT_SID, AUTH_TOKEN, **{"from_number": OURS, "base_url": url, **settings})


def using(settings: TwilioConfig, act: Callable[[TwilioChannel], Awaitable[T]]) -> T:
    async def go() -> T:
        channel = TwilioChannel(settings)
        try:
            return await act(channel)
        finally:
            await channel.close()

    return asyncio.run(go())


@pytest.fixture(scope="module")
def twilio():
    with TwilioDouble() as double:
        yield double


@contextmanager
def our_webhooks():
    """A web server in our place that answers 204 and keeps what was posted: (address, pairs, signature)."""
    posted: list[tuple[str, list[tuple[str, str]], str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            url = f"http://{self.headers['Host']}{self.path}"
            posted.append((url, parse_qsl(body, keep_blank_values=True), self.headers.get("X-Twilio-Signature")))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", posted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_text_is_handed_over_with_a_deadline_and_an_address_for_receipts(twilio):
    moment = now()
    outgoing = text(attempt_id="a 1", expires_at=moment + timedelta(minutes=90))
    callback = "http://127.0.0.1:9/webhooks/twilio/status"

    outcome = using(config(twilio.url, status_callback_url=callback), lambda c: c.send(outgoing, now=moment))

    stored = twilio.messages[-1]
    assert (outcome.kind, outcome.provider_id, outcome.status) == (ACCEPTED, stored.sid, MessageStatus.ACCEPTED)
    assert outcome.segments == 1
    assert stored.form == {
        "To": CARER,
        "From": OURS,
        "Body": outgoing.body,
        "ValidityPeriod": "5400",
        "StatusCallback": f"{callback}?attempt=a%201#rc=5&rp=all",
    }


@pytest.mark.parametrize(
    ("left", "asked"),
    [(timedelta(seconds=7, milliseconds=900), "7"), (timedelta(milliseconds=20), "1"), (timedelta(days=2), "36000")],
    ids=["whole seconds, rounded down", "never zero", "never above twilio's limit"],
)
def test_the_deadline_becomes_twilios_validity_period(twilio, left, asked):
    moment = now()

    using(config(twilio.url), lambda c: c.send(text(expires_at=moment + left), now=moment))

    assert twilio.messages[-1].form["ValidityPeriod"] == asked


def test_a_text_past_its_deadline_never_reaches_twilio(twilio):
    moment, before = now(), len(twilio.requests)

    outcome = using(config(twilio.url), lambda c: c.send(text(expires_at=moment), now=moment))

    assert (outcome.kind, outcome.error_code, outcome.error_class) == (REFUSED, EXPIRED, None)
    assert len(twilio.requests) == before


@pytest.mark.parametrize(
    ("settings", "sender", "expected"),
    [
        pytest.param({}, None, {"From": OURS}, id="our number"),
        pytest.param(
            {"messaging_service_sid": "MG" + "a" * 32},
            None,
            {"MessagingServiceSid": "MG" + "a" * 32},
            id="the service wins",
        ),
        pytest.param(
            {"messaging_service_sid": "MG" + "a" * 32},
            "+447700900998",
            {"From": "+447700900998"},
            id="the school's number",
        ),
        pytest.param({}, "MG" + "b" * 32, {"MessagingServiceSid": "MG" + "b" * 32}, id="the school's service"),
    ],
)
def test_a_text_names_exactly_one_sender(twilio, settings, sender, expected):
    using(config(twilio.url, **settings), lambda c: c.send(text(sender=sender), now=now()))

    form = twilio.messages[-1].form
    assert {name: form[name] for name in ("From", "MessagingServiceSid") if name in form} == expected


@pytest.mark.parametrize(
    ("to", "kind", "code", "error_class"),
    [
        ("+447700900201", REFUSED, "21610", ErrorClass.OPTOUT),
        ("+447700900202", REFUSED, "21211", ErrorClass.PERMANENT),
        ("+447700900205", REFUSED, "21408", ErrorClass.CONFIG),
        ("+447700900207", RETRY, "21611", ErrorClass.LATER),
        ("+447700900209", REFUSED, "29999", ErrorClass.REVIEW),
        ("+447700900211", REFUSED, "20003", ErrorClass.CONFIG),
        ("+447700900212", RETRY, "20429", ErrorClass.RETRY),
        ("+447700900214", REFUSED, "20404", ErrorClass.CONFIG),
        ("+447700900215", REFUSED, "403", ErrorClass.CONFIG),
        ("+447700900221", UNKNOWN, "500", ErrorClass.AMBIGUOUS),
        ("+447700900222", UNKNOWN, "500", ErrorClass.AMBIGUOUS),
        ("+447700900223", UNKNOWN, "503", ErrorClass.AMBIGUOUS),
        ("+447700900224", UNKNOWN, "timeout", ErrorClass.AMBIGUOUS),
        ("+447700900225", UNKNOWN, "timeout", ErrorClass.AMBIGUOUS),
        ("+447700900226", UNKNOWN, "connection", ErrorClass.AMBIGUOUS),
        ("+447700900227", UNKNOWN, "connection", ErrorClass.AMBIGUOUS),
        ("+447700900228", UNKNOWN, "unreadable", ErrorClass.AMBIGUOUS),
        ("+447700900229", UNKNOWN, "307", ErrorClass.AMBIGUOUS),
    ],
)
def test_the_outcome_says_only_what_is_certain_and_the_text_is_posted_once(twilio, to, kind, code, error_class):
    before = len(twilio.requests)

    outcome = using(config(twilio.url, timeout_seconds=0.5), lambda c: c.send(text(to), now=now()))

    if code in {"500", "503"}:
        code = {"500": "20500", "503": "20503"}[code]
    assert (outcome.kind, outcome.error_code, outcome.error_class) == (kind, code, error_class)
    assert outcome.provider_id is None
    assert len(twilio.requests) - before == 1, "a POST was repeated or a redirect followed"
    assert to not in outcome.detail
    assert AUTH_TOKEN not in outcome.detail
    assert outcome.detail


def test_too_many_requests_says_how_long_to_wait(twilio):
    outcome = using(config(twilio.url), lambda c: c.send(text("+447700900212"), now=now()))

    assert outcome.retry_after == 2.0


def test_a_provider_that_refuses_connections_certainly_has_nothing():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        outcome = using(config(url), lambda c: c.send(text(), now=now()))

    assert (outcome.kind, outcome.error_code, outcome.error_class) == (RETRY, "connect", ErrorClass.RETRY)
    assert "could not be reached" in outcome.detail


def test_a_name_that_does_not_resolve_certainly_has_nothing():
    outcome = using(config("http://twilio.invalid"), lambda c: c.send(text(), now=now()))

    assert (outcome.kind, outcome.error_class) == (RETRY, ErrorClass.RETRY)


def test_an_error_text_that_quotes_number_and_token_is_shortened():
    words = f"no: +447700900777 {AUTH_TOKEN}"
    with TwilioDouble(scripts={"+447700900777": Script(words, status=400, code=29998)}) as double:
        outcome = using(config(double.url), lambda c: c.send(text("+447700900777"), now=now()))

    assert "…777" in outcome.detail
    assert "+447700900777" not in outcome.detail
    assert AUTH_TOKEN not in outcome.detail


def test_wrong_credentials_stop_everything_and_are_not_shown(twilio):
    settings = replace(config(twilio.url), auth_token="a-wrong-token")

    outcome = using(settings, lambda c: c.send(text(), now=now()))

    assert (outcome.kind, outcome.error_class) == (REFUSED, ErrorClass.CONFIG)
    assert "a-wrong-token" not in outcome.detail + repr(settings)


def test_many_texts_share_connections_and_none_is_posted_twice():
    with TwilioDouble(callbacks=False, delay=0.02) as double:

        async def burst(channel: TwilioChannel) -> list[OutcomeKind]:
            texts = [text(f"+4477009003{n % 100:02d}", attempt_id=f"a{n}", body=f"text {n}") for n in range(300)]
            return [outcome.kind for outcome in await asyncio.gather(*(channel.send(t, now=now()) for t in texts))]

        kinds = using(config(double.url, concurrency=150), burst)

        assert set(kinds) == {ACCEPTED}
        assert sorted(m.body for m in double.messages) == sorted(f"text {n}" for n in range(300))
        assert len(double.requests) == 300


def test_one_channel_serves_one_event_loop_after_another(twilio):
    channel = TwilioChannel(config(twilio.url))

    async def once() -> OutcomeKind:
        try:
            return (await channel.send(text(), now=now())).kind
        finally:
            await channel.close()

    assert [asyncio.run(once()) for _ in range(3)] == [ACCEPTED] * 3


@pytest.mark.parametrize(
    ("to", "stored"),
    [
        ("+447700900222", True),
        ("+447700900224", True),
        ("+447700900226", True),
        ("+447700900228", True),
        ("+447700900221", False),
        ("+447700900225", False),
        ("+447700900227", False),
    ],
)
def test_a_text_of_unknown_outcome_is_found_exactly_when_twilio_has_it(to, stored):
    started = now()
    with TwilioDouble() as double:

        async def lose_and_look(channel: TwilioChannel):
            outcome = await channel.send(text(to), now=started)
            return outcome, await channel.find(to, since=started)

        outcome, found = using(config(double.url, timeout_seconds=0.5), lose_and_look)

    assert outcome.kind is UNKNOWN
    assert [message.body for message in found] == ([text().body] if stored else [])


def test_answers_can_be_lost_on_purpose():
    with TwilioDouble() as double:
        double.lose_answers(1)
        kinds = [using(config(double.url), lambda c: c.send(text(), now=now())).kind for _ in range(2)]

        assert kinds == [UNKNOWN, ACCEPTED]
        assert len(double.texts_to(CARER)) == 2


class Clock:
    """A clock for the double that moves only when told to."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


def test_finding_follows_the_pages_until_they_are_too_old():
    clock = Clock(now() - timedelta(days=30))
    with TwilioDouble(callbacks=False, clock=clock) as double:

        async def act(channel: TwilioChannel):
            for n in range(130):
                if n == 10:  # ten long ago, then a hundred and twenty today
                    clock.at = now()
                await channel.send(text(body=f"text {n}"), now=now())
            await channel.send(text("+447700900124"), now=now())
            double.send_inbound(OURS, CARER, "not one of ours", None)
            return await channel.find(CARER, since=clock.at)

        found = using(config(double.url), act)
        lists = [request for request in double.requests if request.method == "GET"]

    assert sorted(message.body for message in found) == sorted(f"text {n}" for n in range(10, 130))
    assert len(lists) == 3
    assert all("DateSent" not in name for request in lists for name in request.query)


def test_a_text_from_before_is_not_found():
    clock = Clock(now() - timedelta(hours=1))
    with TwilioDouble(clock=clock) as double:

        async def act(channel: TwilioChannel):
            await channel.send(text(), now=now())
            return await channel.find(CARER, since=now() - timedelta(minutes=30))

        assert using(config(double.url), act) == []


def test_a_clock_of_ours_that_runs_ahead_does_not_hide_a_text():
    ahead = now() + timedelta(days=3)
    with TwilioDouble() as double:
        double.lose_answers(1)

        async def act(channel: TwilioChannel):
            await channel.send(text(expires_at=ahead + timedelta(hours=1)), now=ahead)
            double.send_inbound(CARER, OURS, "she is ill", None)
            return await channel.find(CARER, since=ahead), await channel.inbox(since=ahead)

        found, replies = using(config(double.url), act)

    assert [message.to for message in found] == [CARER]
    assert [reply.body for reply in replies] == ["she is ill"]


def test_asking_a_provider_that_is_down_says_so():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        settings = config(f"http://127.0.0.1:{taken.getsockname()[1]}")
        for ask in (
            lambda c: c.find(CARER, since=now()),
            lambda c: c.fetch("SM" + "1" * 32, now=now()),
            lambda c: c.inbox(since=now()),
        ):
            with pytest.raises(ChannelUnavailable, match="could not be asked"):
                using(settings, ask)


def test_asking_with_wrong_credentials_says_so_without_showing_them(twilio):
    settings = replace(config(twilio.url), auth_token="a-wrong-token")

    with pytest.raises(ChannelUnavailable, match="credentials") as error:
        using(settings, lambda c: c.find(CARER, since=now()))

    assert "a-wrong-token" not in str(error.value)


def test_a_text_can_be_asked_after(twilio):
    async def act(channel: TwilioChannel):
        outcome = await channel.send(text("+447700900245"), now=now())
        twilio.wait_for_callbacks()
        return outcome, await channel.fetch(outcome.provider_id, now=now() + timedelta(seconds=5))

    outcome, receipt = using(config(twilio.url), act)

    assert (receipt.provider_id, receipt.status) == (outcome.provider_id, MessageStatus.UNDELIVERED)
    assert (receipt.error_code, receipt.error_class) == ("30005", ErrorClass.PERMANENT)


def test_a_sid_that_twilio_does_not_know_has_no_receipt(twilio):
    assert using(config(twilio.url), lambda c: c.fetch("SM" + "f" * 32, now=now())) is None


@pytest.mark.parametrize(
    ("to", "statuses"),
    [
        pytest.param(CARER, ["sent", "delivered"], id="delivered"),
        pytest.param("+447700900243", ["sent", "undelivered"], id="handset off"),
        pytest.param("+447700900261", ["sent"], id="never heard of again"),
        pytest.param("+447700900262", [], id="receipts lost"),
        pytest.param("+447700900263", ["delivered", "sent"], id="wrong order"),
        pytest.param("+447700900264", ["sent", "sent", "delivered", "delivered"], id="twice"),
        pytest.param("+447700900265", ["sent", "delivered"], id="before the answer"),
    ],
)
def test_receipts_come_signed_and_carry_our_attempt_id(to, statuses):
    with our_webhooks() as (ours, posted), TwilioDouble() as double:
        settings = config(double.url, status_callback_url=f"{ours}/webhooks/twilio/status")
        outcome = using(settings, lambda c: c.send(text(to, attempt_id="a/7"), now=now()))
        double.wait_for_callbacks()

    assert outcome.kind is ACCEPTED
    assert all(check_signature(settings.auth_tokens, url, pairs, signature) for url, pairs, signature in posted)
    receipts = [
        parse_status(dict(pairs), {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}, now())
        for url, pairs, _ in posted
    ]
    assert [receipt.provider_status for receipt in receipts] == statuses
    assert {(r.attempt_id, r.provider_id) for r in receipts} <= {("a/7", outcome.provider_id)}


def test_a_carers_text_comes_signed_and_is_found_by_polling_too():
    with our_webhooks() as (ours, posted), TwilioDouble() as double:
        settings = config(double.url)
        double.send_inbound(CARER, OURS, "Chora, wróci jutro 🤒 & thx", f"{ours}/webhooks/twilio/inbound")
        double.send_inbound(CARER, OURS, "the webhook for this one was lost", None)
        double.send_inbound(CARER, "+447700900998", "to another number", None)
        polled = using(settings, lambda c: c.inbox(since=now() - timedelta(minutes=5)))
        everywhere = using(
            replace(settings, from_number=None, messaging_service_sid="MG" + "a" * 32),
            lambda c: c.inbox(since=now() - timedelta(minutes=5)),
        )

    ((url, pairs, signature),) = posted
    assert check_signature(settings.auth_tokens, url, pairs, signature)
    inbound = parse_inbound(dict(pairs), now())
    assert inbound.body == "Chora, wróci jutro 🤒 & thx"
    assert [reply.body for reply in polled] == [inbound.body, "the webhook for this one was lost"]
    assert polled[0].provider_id == inbound.provider_id
    assert len(everywhere) == 3


def test_a_carer_who_says_stop_is_refused_until_start():
    with TwilioDouble() as double:
        kinds = []
        for word in ("stop", "Start"):
            double.send_inbound(CARER, OURS, word, None)
            kinds.append(using(config(double.url), lambda c: c.send(text(), now=now())))

    assert [(o.kind, o.error_class) for o in kinds] == [(REFUSED, ErrorClass.OPTOUT), (ACCEPTED, None)]


@pytest.mark.parametrize(
    ("public", "base_url", "asked"),
    [
        ("https://absence.oakfield.example/webhooks/twilio/status", None, True),
        ("http://127.0.0.1:8000/webhooks/twilio/status", None, False),
        ("http://localhost:8000/webhooks/twilio/status", None, False),
        ("http://127.0.0.1:8000/webhooks/twilio/status", "http://127.0.0.1:4010", True),
    ],
    ids=["a public address", "this machine by number", "this machine by name", "this machine, for a double"],
)
def test_receipts_are_asked_for_only_where_they_can_arrive(public, base_url, asked):
    settings = TwilioConfig(ACCOUNT_SID, AUTH_TOKEN, OURS, base_url=base_url, status_callback_url=public)

    assert settings.callback_url == (public if asked else None)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"account_sid": ""}, "TWILIO_ACCOUNT_SID"),
        ({"account_sid": "SM123"}, "TWILIO_ACCOUNT_SID"),
        ({"auth_token": ""}, "TWILIO_AUTH_TOKEN"),
        ({"from_number": None}, "NOTIFIER_TWILIO__FROM_NUMBER or NOTIFIER_TWILIO__MESSAGING_SERVICE_SID"),
        ({"from_number": "Oakfield"}, "NOTIFIER_TWILIO__FROM_NUMBER"),
        ({"messaging_service_sid": "AC1"}, "NOTIFIER_TWILIO__MESSAGING_SERVICE_SID"),
        ({"base_url": "localhost:4010"}, "NOTIFIER_TWILIO__BASE_URL"),
        ({"status_callback_url": "/webhooks"}, "NOTIFIER_PUBLIC_URL"),
        ({"api_key_sid": "SK1"}, "api_key_secret"),
    ],
)
def test_a_setting_that_is_missing_or_cannot_be_right_is_named(change, named):
    with pytest.raises(ChannelMisconfigured, match=named):
        TwilioChannel(replace(config("http://127.0.0.1:1"), **change))
