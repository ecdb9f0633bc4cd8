"""Twilio's webhooks against the real web application and a real database, signed as Twilio signs them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import Table, func, select
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from notifier.channels.base import Outcome, Outgoing
from notifier.channels.simulator import SimulatorChannel
from notifier.store.tables import attempts, provider_events, replies
from notifier.web.app import build_app

TOKEN = "an-auth-token-of-nobody"
SECOND = "the-other-auth-token"
PUBLIC = "https://absence.oakfield.example"
INBOUND, STATUS = "/webhooks/twilio/inbound", "/webhooks/twilio/status"
MOTHER = "+447700900001"


class Twilio:
    """Posts webhooks as Twilio does, through a proxy with another address. `wakes` counts how often sending was started."""

    def __init__(self, morning: Any, at: str = "09:35") -> None:
        self.wakes = 0
        self.web = build_app(morning.app, clock=lambda: morning.at(at), wake=self._wake)

    def _wake(self) -> None:
        self.wakes += 1

    def client(self) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.web, client=("203.0.113.7", 40000))
        return httpx.AsyncClient(transport=transport, base_url="http://10.0.0.5:8000")

    async def posting(
        self,
        client: httpx.AsyncClient,
        path: str,
        form: Mapping[str, str],
        *,
        query: str = "",
        token: str = TOKEN,
        signed_for: str | None = None,
        signature: str | None = None,
    ) -> httpx.Response:
        target = f"{path}?{query}" if query else path
        if signature is None:
            signature = RequestValidator(token).compute_signature(signed_for or PUBLIC + target, form)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
        return await client.post(target, content=urlencode(form), headers={k: v for k, v in headers.items() if v})

    def post(self, path: str, form: Mapping[str, str], **more: Any) -> httpx.Response:
        async def work() -> httpx.Response:
            async with self.client() as client:
                return await self.posting(client, path, form, **more)

        return asyncio.run(work())


def text(sid: str = "SM1", body: str = "She has a tummy bug", sender: str = MOTHER, **more: str) -> dict[str, str]:
    form = {"MessageSid": sid, "From": sender, "To": "+447700900999", "Body": body, "FromCity": "", "NumMedia": "0"}
    return {**form, **more}


def receipt(sid: str, status: str, **more: str) -> dict[str, str]:
    return {"MessageSid": sid, "MessageStatus": status, "To": MOTHER, "From": "+447700900999", **more}


def count(morning: Any, table: Table) -> int:
    with morning.app.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def make_oakfield(make_morning: Callable[..., Any], person: Callable[..., dict[str, object]]) -> Callable[..., Any]:
    """Make Oakfield behind a proxy, with one child absent and the text to her mother queued."""

    def make(**settings: str) -> Any:
        morning = make_morning(**{"TWILIO_AUTH_TOKEN": TOKEN, "NOTIFIER_PUBLIC_URL": PUBLIC, **settings})
        morning.add_school()
        morning.people(*(person(str(number), str(number)) for number in range(1, 11)))
        morning.marks({"1": "N", **{str(number): "/" for number in range(2, 11)}})
        morning.run()
        return morning

    return make


@pytest.fixture
def oakfield(make_oakfield: Callable[..., Any]) -> Any:
    """Oakfield at 09:30, the mother's text handed over."""
    morning = make_oakfield()
    morning.send()
    return morning


# what carers write


def test_an_answer_is_laid_beside_the_mark_and_sending_is_woken(oakfield):
    twilio = Twilio(oakfield)

    answer = twilio.post(INBOUND, text())

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    assert answer.text.endswith("<Response/>")
    (reply,) = oakfield.board()["1"]["replies"]
    assert (reply["intent"], reply["suggested_code"]) == ("illness", "I")
    assert twilio.wakes == 1


def test_the_same_text_twice_is_kept_once_and_wakes_nobody(oakfield):
    twilio = Twilio(oakfield)
    twilio.post(INBOUND, text())

    assert twilio.post(INBOUND, text()).status_code == 200
    assert count(oakfield, replies) == 1
    assert twilio.wakes == 1


def test_fifty_texts_at_once_are_all_kept(oakfield):
    twilio = Twilio(oakfield)

    async def work() -> list[httpx.Response]:
        async with twilio.client() as client:
            return await asyncio.gather(
                *(twilio.posting(client, INBOUND, text(f"SM{number % 25}")) for number in range(50))
            )

    assert {answer.status_code for answer in asyncio.run(work())} == {200}
    assert count(oakfield, replies) == 25


def test_a_picture_without_words_and_a_stray_nul_are_kept(oakfield):
    twilio = Twilio(oakfield)

    assert twilio.post(INBOUND, text("SM1", body="", NumMedia="1")).status_code == 200
    assert twilio.post(INBOUND, text("SM2", body="ill\x00 today")).status_code == 200
    assert sorted(reply["body"] for reply in oakfield.board()["1"]["replies"]) == ["", "ill today"]


def test_a_text_that_cannot_be_stored_is_answered_500_and_the_log_names_no_family(oakfield):
    with oakfield.app.database.begin() as connection:
        connection.exec_driver_sql("DROP TABLE reply_follow_ups")
    twilio = Twilio(oakfield)

    with capture_logs() as logs:
        answer = twilio.post(INBOUND, text(body="Zosia is ill"))

    assert answer.status_code == 500
    assert count(oakfield, replies) == 0
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["webhook.failed"]
    assert "Zosia" not in str(logs)
    assert MOTHER not in str(logs)


# receipts


def test_receipts_out_of_order_and_twice_never_move_a_message_back(oakfield):
    twilio = Twilio(oakfield)
    sid = oakfield.log()[0]["provider_id"]

    for status in ("delivered", "sent", "delivered", "queued"):
        assert twilio.post(STATUS, receipt(sid, status)).status_code == 200
        assert oakfield.log()[0]["status"] == "delivered"

    assert count(oakfield, provider_events) == 3
    assert twilio.wakes == 0


def test_a_receipt_for_a_message_nobody_knows_is_kept_and_answered_200(oakfield):
    answer = Twilio(oakfield).post(STATUS, receipt("SMffffffff", "delivered"))

    assert answer.status_code == 200
    with oakfield.app.database.read() as connection:
        event = connection.execute(select(provider_events)).one()
    assert (event.provider_id, event.applied) == ("SMffffffff", False)


def test_a_receipt_that_overtakes_our_own_commit_counts_once_we_know_whose_it_is(make_oakfield):
    morning = make_oakfield()
    twilio = Twilio(morning)
    answers = []

    class Hasty(SimulatorChannel):
        """Twilio, where the callback arrives before the answer to our request does."""

        name = "twilio"

        async def send(self, outgoing: Outgoing, **more: Any) -> Outcome:
            outcome = await super().send(outgoing, **more)
            async with twilio.client() as client:
                answers.append(await twilio.posting(client, STATUS, receipt(outcome.provider_id or "", "delivered")))
            return outcome

    morning.app.channels = {**morning.app.channels, "sms": Hasty("sms", morning.network)}
    morning.send()

    assert [answer.status_code for answer in answers] == [200]
    (message,) = morning.log()
    assert (message["status"], message["provider_id"]) == ("delivered", morning.network.messages[0].provider_id)


def test_a_receipt_finds_its_message_by_our_attempt_where_the_sid_is_new(oakfield):
    with oakfield.app.database.read() as connection:
        attempt = connection.execute(select(attempts.c.attempt_id)).scalar_one()

    twilio = Twilio(oakfield)
    twilio.post(STATUS, receipt("SMnew", "undelivered", ErrorCode="30005"), query=f"attempt={attempt}")

    message = oakfield.log()[0]
    assert (message["status"], message["error_code"]) == ("undelivered", "30005")
    assert twilio.wakes == 1, "the next contact's message may be waiting"


# who may post


SIGNED = {
    "behind a proxy": {},
    "with a query, exactly as it was sent": {"query": "attempt=a%2Fb%20c&again="},
    "with the port spelt out": {"signed_for": "https://absence.oakfield.example:443" + INBOUND},
    "with the other token during a change": {"token": SECOND},
}


@pytest.mark.parametrize("how", SIGNED.values(), ids=SIGNED)
def test_a_webhook_signed_for_the_public_address_is_taken(make_oakfield, how):
    morning = make_oakfield(NOTIFIER_TWILIO__SECONDARY_AUTH_TOKEN=SECOND)

    assert Twilio(morning).post(INBOUND, text(), **how).status_code == 200
    assert count(morning, replies) == 1


FORGED = {
    "without a signature": {"signature": ""},
    "with a made-up signature": {"signature": "bm90IGEgc2lnbmF0dXJl"},
    "with another token": {"token": "guess"},
    "with an empty token": {"token": ""},
    "for the address behind the proxy": {"signed_for": "http://10.0.0.5:8000" + INBOUND},
    "for the other webhook": {"signed_for": PUBLIC + STATUS},
    "for another query": {"query": "attempt=1", "signed_for": f"{PUBLIC}{INBOUND}?attempt=2"},
}


@pytest.mark.parametrize("how", FORGED.values(), ids=FORGED)
def test_a_text_that_twilio_did_not_sign_is_refused_and_leaves_nothing(oakfield, how):
    assert Twilio(oakfield).post(INBOUND, text(), **how).status_code == 403
    assert count(oakfield, replies) == 0


def test_a_receipt_that_twilio_did_not_sign_is_refused_and_leaves_nothing(oakfield):
    message = oakfield.log()[0]

    assert Twilio(oakfield).post(STATUS, receipt(message["provider_id"], "failed"), token="guess").status_code == 403
    assert count(oakfield, provider_events) == 0
    assert oakfield.log()[0]["status"] == message["status"]


def test_a_form_that_was_changed_on_the_way_is_refused(oakfield):
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC + INBOUND, text(body="ill"))

    assert Twilio(oakfield).post(INBOUND, text(body="STOP"), signature=signature).status_code == 403


def test_nothing_is_taken_while_no_auth_token_is_set(make_oakfield):
    morning = make_oakfield(TWILIO_AUTH_TOKEN="")

    with capture_logs() as logs:
        answer = Twilio(morning).post(INBOUND, text(), token="")

    assert answer.status_code == 403
    assert "no auth token is set" in logs[-1]["reason"]


def test_a_public_address_with_a_path_and_a_port_is_checked_as_a_whole(make_oakfield):
    public = "https://trust.example:8443/notifier"
    morning = make_oakfield(NOTIFIER_PUBLIC_URL=public)

    assert Twilio(morning).post(INBOUND, text(), signed_for=public + INBOUND).status_code == 200
    assert Twilio(morning).post(INBOUND, text("SM2"), signed_for="https://trust.example" + INBOUND).status_code == 403


# what cannot be understood


MALFORMED = {
    "a text without a sender": (INBOUND, {"MessageSid": "SM1", "Body": "ill"}, 400, "From"),
    "a text without an id": (INBOUND, {"From": MOTHER, "Body": "ill"}, 400, "MessageSid"),
    "a receipt without a status": (STATUS, {"MessageSid": "SM1"}, 400, "MessageStatus"),
    "an empty form": (STATUS, {}, 400, "MessageStatus"),
    "too many fields": (INBOUND, {f"Field{number}": "" for number in range(501)}, 400, "500 fields"),
    "too large a form": (INBOUND, text(body="x" * 300_000), 413, "256 KB"),
}


@pytest.mark.parametrize(("path", "form", "status", "words"), MALFORMED.values(), ids=MALFORMED)
def test_a_webhook_that_cannot_be_understood_is_refused_in_words(oakfield, path, form, status, words):
    answer = Twilio(oakfield).post(path, form)

    assert answer.status_code == status
    assert words in answer.text
