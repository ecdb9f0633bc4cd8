"""What Twilio posts to us: delivery receipts and carers' texts. Checked, kept, and answered only once it is on disk.

Nothing is remembered between two requests, and the same webhook twice changes nothing, so any number of machines may take them.
A 5xx asks Twilio to try again (see docs/how-to/connect-twilio.md); what can never succeed is answered 4xx.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy import Connection

from notifier.channels.twilio import (
    INBOUND_PATH,
    SIGNATURE_HEADER,
    STATUS_PATH,
    MalformedWebhook,
    check_signature,
    parse_inbound,
    parse_status,
)
from notifier.domain.messages import MessageStatus
from notifier.services.application import Application
from notifier.services.receipts import receive_receipt
from notifier.services.receive import receive_message
from notifier.web.body import BodyTooLarge, read_body
from notifier.web.intake import GroupCommit

log = structlog.get_logger()

LARGEST_FORM: Final = 256 * 1024
"""Bytes of a webhook's form. The longest text is 1,600 characters; the rest is room for fields to come."""

MOST_FIELDS: Final = 500
"""Fields of a webhook's form; Twilio sends about thirty."""

PASSED_ON: Final = frozenset({MessageStatus.UNDELIVERED, MessageStatus.FAILED})
"""Receipts after which the next contact or channel is tried, so that a message may be waiting."""

NO_ANSWER: Final = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
"""TwiML that answers nothing: our own answers leave by the outbox, where they are counted and approved."""


class Refused(Exception):
    """A webhook that is not taken: HTTP status and words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def build_router(
    app: Application,
    *,
    clock: Callable[[], datetime],
    wake: Callable[[], None],
    count: Callable[[str, str], None],
) -> APIRouter:
    """The two webhooks. `count` is told the kind and outcome of each, for the metrics."""
    router = APIRouter()
    commits = GroupCommit(app.database)

    async def keep(kind: str, work: Callable[[Connection], Any]) -> Any:
        try:
            result = await commits.submit(work)
        except Exception as problem:
            log.error("webhook.failed", kind=kind, problem=type(problem).__name__, where=_where(problem))
            raise Refused(500, "This could not be stored; please try again.") from problem
        count(kind, "taken" if result else "repeated")
        return result

    @router.post(INBOUND_PATH)
    async def inbound(request: Request) -> Response:
        try:
            form = await _signed_form(app, request, INBOUND_PATH)
            now = clock()
            message = _parsed(lambda: parse_inbound(form, now))
            new = await keep("inbound", lambda connection: receive_message(connection, app, message, now=now))
        except Refused as refusal:
            return _refusal("inbound", refusal, count)
        if new:
            wake()
        return Response(NO_ANSWER, media_type="text/xml")

    @router.post(STATUS_PATH)
    async def status(request: Request) -> Response:
        try:
            form = await _signed_form(app, request, STATUS_PATH)
            now = clock()
            receipt = _parsed(lambda: parse_status(form, request.query_params, now))
            new = await keep("status", lambda connection: receive_receipt(connection, app, receipt, now=now))
        except Refused as refusal:
            return _refusal("status", refusal, count)
        if new and receipt.status in PASSED_ON:
            wake()
        return PlainTextResponse("")

    return router


async def _signed_form(app: Application, request: Request, path: str) -> dict[str, str]:
    """The posted fields, once it is certain that Twilio signed them for our public address. Raises Refused."""
    twilio = app.settings.twilio
    tokens = [token.get_secret_value() for token in (twilio.auth_token, twilio.secondary_auth_token) if token]
    if not tokens:
        log.warning("webhook.refused", path=path, reason="no auth token is set, so no signature can be checked")
        raise Refused(403, "Webhooks are not set up here.")
    signature = request.headers.get(SIGNATURE_HEADER)
    if not signature:
        raise Refused(403, "The signature is missing.")
    try:
        body = await read_body(request, LARGEST_FORM)
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except BodyTooLarge as problem:
        raise Refused(413, str(problem)) from problem
    except ValueError as problem:
        raise Refused(400, f"The form has more than {MOST_FIELDS} fields.") from problem
    url = app.settings.public_url.rstrip("/") + path
    query = request.scope["query_string"].decode("latin-1")  # as it arrived: decoding it would break the signature
    if not check_signature(tokens, f"{url}?{query}" if query else url, pairs, signature):
        log.warning("webhook.refused", path=path, reason="wrong signature", checked_for=url)
        raise Refused(403, "The signature is wrong.")
    # PostgreSQL takes no NUL in a text, and a carer's phone may send one
    return {name: value.replace("\x00", "") for name, value in pairs}


def _parsed(parse: Callable[[], Any]) -> Any:
    try:
        return parse()
    except MalformedWebhook as problem:
        raise Refused(400, str(problem)) from problem


def _refusal(kind: str, refusal: Refused, count: Callable[[str, str], None]) -> Response:
    count(kind, {403: "wrong_signature", 500: "failed"}.get(refusal.status, "malformed"))
    return PlainTextResponse(refusal.words, status_code=refusal.status)


def _where(problem: Exception) -> str:
    """The line that failed. The words of a database error would carry numbers and names into the log."""
    frames = [frame for frame in traceback.extract_tb(problem.__traceback__) if "notifier" in frame.filename]
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "?"
