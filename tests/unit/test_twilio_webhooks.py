"""What a webhook says, and whether it is Twilio that says it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from twilio.request_validator import RequestValidator

from notifier.channels.base import ErrorClass
from notifier.channels.twilio import MalformedWebhook, check_signature, parse_inbound, parse_status
from notifier.domain.messages import MessageStatus

NOW = datetime(2026, 11, 23, 9, 31, tzinfo=UTC)
URL = "https://absence.oakfield.example/webhooks/twilio/status?attempt=7f2c"
TOKEN = "0123456789abcdef0123456789abcdef"
FORM = [("MessageSid", "SM" + "1" * 32), ("MessageStatus", "delivered"), ("ErrorCode", "")]
SIGNATURE = RequestValidator(TOKEN).compute_signature(URL, dict(FORM))


@pytest.mark.parametrize(
    ("tokens", "url", "params", "header", "expected"),
    [
        pytest.param([TOKEN], URL, FORM, SIGNATURE, True, id="signed with our token"),
        pytest.param(["new-token", TOKEN], URL, FORM, SIGNATURE, True, id="signed with the old token during a change"),
        pytest.param([TOKEN], URL + "#rc=5&rp=all", FORM, SIGNATURE, True, id="the fragment is not signed"),
        pytest.param([TOKEN], URL, list(reversed(FORM)), SIGNATURE, True, id="in any order"),
        pytest.param([TOKEN], URL, FORM, None, False, id="no header"),
        pytest.param([TOKEN], URL, FORM, "", False, id="an empty header"),
        pytest.param([TOKEN], URL, FORM, "¡no!", False, id="a header that is not base64"),
        pytest.param([TOKEN], URL, FORM[:2], SIGNATURE, False, id="a blank field left out"),
        pytest.param([TOKEN], URL, [*FORM, ("To", "+447700900123")], SIGNATURE, False, id="a field added"),
        pytest.param([TOKEN], URL.replace("7f2c", "8f2c"), FORM, SIGNATURE, False, id="another attempt"),
        pytest.param([], URL, FORM, SIGNATURE, False, id="no token configured"),
        pytest.param(
            [""], URL, FORM, RequestValidator("").compute_signature(URL, dict(FORM)), False, id="an empty token"
        ),
        pytest.param([TOKEN], URL, "a body", SIGNATURE, False, id="a raw body without its hash in the address"),
        pytest.param([TOKEN], URL, b"\xff", SIGNATURE, False, id="bytes that are no text"),
        pytest.param([TOKEN], "https://x:port/", FORM, SIGNATURE, False, id="an address that cannot be taken apart"),
    ],
)
def test_only_what_twilio_signed_is_believed(tokens, url, params, header, expected):
    assert check_signature(tokens, url, params, header) is expected


def test_a_status_callback_becomes_a_receipt_with_our_attempt_id():
    form = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30005", "To": "+447700900123"}

    receipt = parse_status(form, {"attempt": "7f2c"}, NOW)

    assert (receipt.provider, receipt.provider_id, receipt.attempt_id) == ("twilio", "SM1", "7f2c")
    assert (receipt.status, receipt.provider_status) == (MessageStatus.UNDELIVERED, "undelivered")
    assert (receipt.error_code, receipt.error_class) == ("30005", ErrorClass.PERMANENT)
    assert receipt.occurred_at == NOW
    assert receipt.raw == form


def test_a_callback_in_the_old_field_names_is_understood_as_well():
    receipt = parse_status({"SmsSid": "SM1", "SmsStatus": "sent", "ErrorCode": "0"}, {}, NOW)

    assert (receipt.provider_id, receipt.status) == ("SM1", MessageStatus.SENT)
    assert (receipt.attempt_id, receipt.error_code, receipt.error_class) == (None, None, None)


@pytest.mark.parametrize(
    "form", [{}, {"MessageSid": "SM1"}, {"MessageStatus": "sent"}, {"MessageSid": "", "MessageStatus": "x"}]
)
def test_a_receipt_without_sid_or_status_is_refused_by_name(form):
    with pytest.raises(MalformedWebhook, match=r"Message(Sid|Status)"):
        parse_status(form, {}, NOW)


def test_a_carers_text_is_taken_in_word_for_word():
    form = {
        "MessageSid": "SM2",
        "From": "+447700900123",
        "To": "+447700900999",
        "Body": " tummy bug back tmrw 🤒\n",
        "NumMedia": "0",
    }

    inbound = parse_inbound(form, NOW)

    assert (inbound.provider, inbound.provider_id, inbound.channel) == ("twilio", "SM2", "sms")
    assert (inbound.sender, inbound.recipient) == ("+447700900123", "+447700900999")
    assert inbound.body == " tummy bug back tmrw 🤒\n"
    assert inbound.opt_out_type is None
    assert not inbound.auto_reply


def test_an_opt_out_that_twilio_recognised_is_marked():
    assert (
        parse_inbound({"MessageSid": "SM2", "From": "+447700900123", "OptOutType": "STOP"}, NOW).opt_out_type == "STOP"
    )


def test_a_picture_without_words_is_a_text_with_an_empty_body():
    assert parse_inbound({"MessageSid": "MM2", "From": "+447700900123", "NumMedia": "1"}, NOW).body == ""


def test_a_text_from_nobody_is_refused_by_name():
    with pytest.raises(MalformedWebhook, match="From"):
        parse_inbound({"MessageSid": "SM2", "Body": "hello"}, NOW)
