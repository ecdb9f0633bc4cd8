"""Every form we post and every answer of the double, against Twilio's OpenAPI description, with no extra fields allowed."""

from __future__ import annotations

import asyncio
import copy
import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from jsonschema import FormatChecker
from openapi_schema_validator import OAS30Validator

from notifier.channels.base import OutcomeKind, Outgoing
from notifier.channels.twilio import TwilioChannel, TwilioConfig
from notifier.channels.twilio.testing import ACCOUNT_SID, AUTH_TOKEN, SCRIPTS, TwilioDouble
from notifier.channels.twilio.testing.checks import CREATE_FIELDS

SPEC = Path(__file__).resolve().parents[2].parent / "shared" / "vectors" / "twilio_messages_openapi.json"
pytestmark = pytest.mark.skipif(not SPEC.is_file(), reason=f"NOT CHECKED: ../shared/vectors/{SPEC.name} is absent")

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
MESSAGES = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
CALLBACK = "https://absence.oakfield.example/webhooks/twilio/status"
SERVICE = "MG" + "ab" * 16

formats = FormatChecker()


@formats.checks("date-time-rfc-2822", raises=(TypeError, ValueError))
def _rfc_2822(value: object) -> bool:
    return not isinstance(value, str) or parsedate_to_datetime(value) is not None


@formats.checks("uri")
def _uri(value: object) -> bool:
    # Twilio's own examples of list answers hold addresses without a host under this format
    return not isinstance(value, str) or bool(urlsplit(value).path)


def spec() -> dict:
    return json.loads(SPEC.read_text(encoding="utf-8"))


def validator(schema: dict, document: dict) -> OAS30Validator:
    whole = copy.deepcopy(schema)
    whole["components"] = document["components"]
    return OAS30Validator(whole, format_checker=formats)


def request_schema(document: dict) -> dict:
    post = document["paths"][MESSAGES]["post"]
    schema = copy.deepcopy(post["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"])
    schema["additionalProperties"] = False
    return schema


def typed(form: dict[str, str], schema: dict) -> dict[str, object]:
    """A form's strings as the types that the description gives them."""
    as_integer = {name for name, spec in schema["properties"].items() if spec.get("type") == "integer"}
    return {name: int(value) if name in as_integer and value.isdecimal() else value for name, value in form.items()}


def message(to: str = "+447700900123", **fields: object) -> Outgoing:
    values = {
        "attempt_id": "0b7ce5d2-6f8a-4a11-9d0e-1c2f3a4b5c6d",
        "message_id": "m-1",
        "school_id": "oakfield",
        "to": to,
        "body": "Oakfield Primary: Zoë Żak wasn't registered on Mon 23 Nov. 😀 £5 & 100% + [ok]",
        "expires_at": NOW + timedelta(hours=2),
    }
    return Outgoing(**{**values, **fields})


def send(double: TwilioDouble, outgoing: Outgoing, **settings: object) -> OutcomeKind:
    async def go() -> OutcomeKind:
        settings.setdefault("from_number", "+447700900999")
        channel = TwilioChannel(
            TwilioConfig(ACCOUNT_SID, AUTH_TOKEN, base_url=double.url, status_callback_url=CALLBACK, **settings)
        )
        try:
            return (await channel.send(outgoing, now=NOW)).kind
        finally:
            await channel.close()

    return asyncio.run(go())


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        pytest.param({}, {}, id="from our number"),
        pytest.param({"messaging_service_sid": SERVICE}, {}, id="from a messaging service"),
        pytest.param(
            {"messaging_service_sid": SERVICE}, {"sender": "+447700900998"}, id="from the school's own number"
        ),
        pytest.param({}, {"sender": SERVICE}, id="from the school's own messaging service"),
        pytest.param({}, {"expires_at": NOW + timedelta(days=3)}, id="a deadline days away"),
        pytest.param({}, {"expires_at": NOW + timedelta(milliseconds=5)}, id="a deadline that is nearly over"),
        pytest.param({}, {"attempt_id": "a/b?c=d&e#f ü"}, id="an attempt id that needs quoting"),
        pytest.param({}, {"body": "\u200eاوک فیلڈ پرائمری: آج عائشہ سکول میں نہیں ہیں۔"}, id="Urdu"),
    ],
)
def test_every_form_we_post_is_one_that_twilio_documents(settings, fields):
    document = spec()
    schema = request_schema(document)
    with TwilioDouble(callbacks=False) as double:
        assert send(double, message(**fields), **settings) is OutcomeKind.ACCEPTED
        (posted,) = double.requests
    names = [name for name, _ in posted.form]
    assert len(names) == len(set(names))

    errors = [str(error) for error in validator(schema, document).iter_errors(typed(dict(posted.form), schema))]

    assert errors == []


def test_the_validator_itself_refuses_an_extra_field():
    document = spec()
    schema = request_schema(document)

    assert not validator(schema, document).is_valid({"To": "+447700900123", "IdempotencyKey": "1"})


def test_the_double_knows_exactly_the_documented_fields():
    assert set(request_schema(spec())["properties"]) == CREATE_FIELDS


def answers_of(double: TwilioDouble, path: str) -> dict:
    token = b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
    with urlopen(Request(double.url + path, headers={"Authorization": f"Basic {token}"})) as answer:
        return json.load(answer)


def test_every_answer_of_the_double_is_one_that_twilio_documents():
    document = spec()
    listed = validator(
        document["paths"][MESSAGES]["get"]["responses"]["200"]["content"]["application/json"]["schema"], document
    )
    one = validator(document["components"]["schemas"]["api.v2010.account.message"], document)
    documented = set(document["components"]["schemas"]["api.v2010.account.message"]["properties"])
    with TwilioDouble(callbacks=False) as double:
        for to, script in SCRIPTS.items():
            if script.status == 201 and not (script.cut or script.hang or script.garbled):
                send(double, message(to), messaging_service_sid=SERVICE if to.endswith("1") else None)
        double.send_inbound("+447700900123", "+447700900999", "she is poorly 🤒", None)
        double.wait_for_callbacks()
        base = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages"
        pages = [answers_of(double, f"{base}.json?PageSize=7")]
        while pages[-1]["next_page_uri"]:
            pages.append(answers_of(double, pages[-1]["next_page_uri"]))
        singles = [answers_of(double, f"{base}/{text.sid}.json") for text in double.messages]

    assert len(pages) > 1
    assert {item["status"] for item in singles} >= {"queued", "sent", "delivered", "undelivered", "failed"}
    for page in pages:
        assert [str(error) for error in listed.iter_errors(page)] == []
        assert set(page) <= set(listed.schema["properties"])
    for item in [*singles, *(message for page in pages for message in page["messages"])]:
        assert [str(error) for error in one.iter_errors(item)] == []
        assert set(item) == documented
