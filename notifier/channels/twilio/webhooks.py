"""What Twilio tells us by webhook: is it really Twilio, and what does it say.

Pure functions on the posted form; who stores the result is not decided here. Twilio adds fields without notice, so unknown ones are
kept and never refused. The scheme has no timestamp: a replay is recognised by the caller, by provider id and status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from urllib.parse import urldefrag

from twilio.request_validator import RequestValidator

from notifier.channels.base import Inbound, Receipt
from notifier.channels.twilio.errors import receipt_class
from notifier.channels.twilio.status import message_status

STATUS_PATH = "/webhooks/twilio/status"
"""Where Twilio posts delivery receipts, below the public address."""

INBOUND_PATH = "/webhooks/twilio/inbound"
"""Where Twilio posts carers' answers, below the public address."""

ATTEMPT = "attempt"
"""The query parameter of the status webhook that carries our own attempt id."""

SIGNATURE_HEADER = "X-Twilio-Signature"
"""The header that carries the signature."""


class MalformedWebhook(ValueError):
    """A webhook lacks a field that it cannot be understood without; the words name the field."""


class _Fields(dict[str, list[str]]):
    """A form whose names may repeat, in the shape that the validator understands."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def check_signature(
    tokens: Iterable[str], url: str, params: Sequence[tuple[str, str]] | str | bytes, header: str | None
) -> bool:
    """Whether a webhook was signed with one of the account's auth tokens.

    `url` is the full public address as Twilio was given it, with the query exactly as it arrived (not decoded). `params` are the
    form's pairs in any order, blank values kept; for a JSON webhook they are the raw body. A missing header is False, never an error.
    """
    if not header:
        return False
    signed: _Fields | str = _Fields()
    if isinstance(params, bytes):
        signed = params.decode("utf-8", errors="replace")
    elif isinstance(params, str):
        signed = params
    else:
        fields = _Fields()
        for name, value in params:
            fields.setdefault(name, []).append(value)
        signed = fields
    address = urldefrag(url).url  # `#rc=…` steers Twilio's own retries and is no part of the signature
    if isinstance(signed, str) and "bodySHA256=" not in address:
        return False
    try:
        return any(_signed_with(token, address, signed, header) for token in tokens if token)
    except ValueError:  # an address that cannot be taken apart
        return False


def _signed_with(token: str, address: str, signed: _Fields | str, header: str) -> bool:
    return bool(RequestValidator(token).validate(address, signed, header))  # type: ignore[no-untyped-call]


def parse_status(form: Mapping[str, str], query: Mapping[str, str], now: datetime) -> Receipt:
    """The delivery receipt in a status callback. `now` is when it reached us, since the callback names no time.

    Raises MalformedWebhook without a message SID or a status.
    """
    provider_status = _required(form, "MessageStatus", "SmsStatus")
    status = message_status(provider_status)
    code = form.get("ErrorCode") or None
    if code == "0":  # some receipts spell "no error" so
        code = None
    return Receipt(
        provider="twilio",
        provider_id=_required(form, "MessageSid", "SmsSid"),
        status=status,
        provider_status=provider_status,
        occurred_at=now,
        attempt_id=query.get(ATTEMPT) or None,
        error_code=code,
        error_class=receipt_class(code, status),
        raw=dict(form),
    )


def parse_inbound(form: Mapping[str, str], now: datetime) -> Inbound:
    """A carer's text. A picture without words has an empty body. Raises MalformedWebhook without a SID or a sender.

    `opt_out_type` is STOP, START or HELP where Twilio's Advanced Opt-Out recognised one; Twilio has then answered the carer itself.
    """
    return Inbound(
        provider="twilio",
        provider_id=_required(form, "MessageSid", "SmsSid", "SmsMessageSid"),
        channel="sms",
        sender=_required(form, "From"),
        recipient=form.get("To", ""),
        body=form.get("Body", ""),
        received_at=now,
        opt_out_type=(form.get("OptOutType") or "").upper() or None,
        raw=dict(form),
    )


def _required(form: Mapping[str, str], *names: str) -> str:
    for name in names:
        if form.get(name):
            return form[name]
    raise MalformedWebhook(f"The webhook has no {names[0]}.")
