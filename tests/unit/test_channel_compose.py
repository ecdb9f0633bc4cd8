"""The e-mail itself: headers that bring a reply back, and that no school's wording can break."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default

import pytest

from notifier.channels.base import Outgoing
from notifier.channels.smtp import TOKEN_HEADER, compose, message_id, reply_token

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)


def written(reply_plus: bool = False, **fields: object):
    """The e-mail as the other side reads it."""
    values = {
        "attempt_id": "a1",
        "message_id": "0b7c/e5 d2",
        "school_id": "oakfield",
        "to": "amina@carers.example",
        "body": "Dzień dobry.\nعائشہ آج سکول میں نہیں ہیں۔\n.\nOakfield",
        "html": "<p>Dzień dobry.</p>",
        "subject": "Aisha – Mon 23 Nov",
        "sender_name": "Oakfield Primary School",
        "language": "pl",
        "reply_token": "tok_EN-1",
        "expires_at": NOW + timedelta(hours=1),
    }
    mail = compose(
        Outgoing(**{**values, **fields}),
        from_address="absence@oakfield.example",
        from_name="Notifier",
        reply_to="replies@oakfield.example",
        reply_plus=reply_plus,
        now=NOW,
    )
    return message_from_bytes(mail.as_bytes(), policy=default)


def test_the_mail_says_who_writes_and_that_a_machine_does():
    mail = written()

    assert mail["From"] == "Oakfield Primary School <absence@oakfield.example>"
    assert mail["To"] == "amina@carers.example"
    assert mail["Subject"] == "Aisha – Mon 23 Nov"
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert mail["Content-Language"] == "pl"


def test_both_forms_are_there_and_unharmed():
    mail = written()

    assert mail.get_content_type() == "multipart/alternative"
    plain, html = mail.iter_parts()
    assert plain.get_content().splitlines() == ["Dzień dobry.", "عائشہ آج سکول میں نہیں ہیں۔", ".", "Oakfield"]
    assert html.get_content_type() == "text/html"
    assert html.get_content().strip() == "<p>Dzień dobry.</p>"


def test_without_html_the_mail_is_plain():
    assert written(html=None).get_content_type() == "text/plain"


def test_every_attempt_of_one_message_carries_the_same_message_id():
    assert written()["Message-ID"] == written(attempt_id="a2")["Message-ID"] == "<notifier.0b7c-e5-d2@oakfield.example>"
    assert message_id("a", "x.example") != message_id("b", "x.example")


@pytest.mark.parametrize("reply_plus", [True, False], ids=["plus address", "plain address"])
def test_an_answer_brings_the_token_back(reply_plus):
    mail = written(reply_plus=reply_plus)
    answer = {
        "To": str(mail["Reply-To"]),
        "In-Reply-To": str(mail["Message-ID"]),
        "References": f"{mail['References']} {mail['Message-ID']}",
    }

    assert reply_token(answer) == "tok_EN-1"
    assert mail[TOKEN_HEADER] == "tok_EN-1"
    expected = "replies+tok_EN-1@oakfield.example" if reply_plus else "replies@oakfield.example"
    assert mail["Reply-To"] == expected


def test_a_mail_that_answers_nothing_has_no_token():
    assert reply_token({"To": "replies@oakfield.example"}) is None


def test_no_wording_can_add_a_header():
    mail = written(
        subject="Hello\r\nBcc: everyone@example.org",
        sender_name='Oak\nfield "Primary", <x@example.org>',
        language="en\r\nX: y",
    )

    assert mail["Bcc"] is None
    assert mail["X"] is None
    assert mail["Subject"] == "Hello Bcc: everyone@example.org"
    assert mail["From"].addresses[0].addr_spec == "absence@oakfield.example"
    assert mail["From"].addresses[0].display_name == 'Oak field "Primary", <x@example.org>'


def test_a_mail_without_subject_takes_its_first_line():
    assert written(subject=None)["Subject"] == "Dzień dobry."


def test_a_domain_in_another_alphabet_is_written_as_the_network_wants_it():
    assert written(to="amina@schüle.example")["To"] == "amina@xn--schle-mva.example"


@pytest.mark.parametrize(
    "to",
    ["", "nobody", "@x.example", "a@", "żaneta@carers.example", "a b@x.example", "a..b@x.example", "a\n@x.example"],
)
def test_an_address_that_cannot_be_written_to_is_refused(to):
    with pytest.raises(ValueError, match="e-mail address"):
        written(to=to)


def test_answers_go_where_the_message_says():
    from notifier.channels.smtp import compose

    outgoing = Outgoing(
        attempt_id="a", message_id="m", school_id="oakfield", to="c@families.example", body="Hello",
        expires_at=datetime(2026, 11, 23, 11, 30, tzinfo=UTC), reply_token="m", reply_to="office@oakfield.example",
    )  # fmt: skip
    mail = compose(
        outgoing, from_address="absence@oakfield.example", from_name="Oakfield", reply_to="absence@oakfield.example",
        reply_plus=True, now=datetime(2026, 11, 23, 9, 30, tzinfo=UTC),
    )  # fmt: skip
    assert str(mail["Reply-To"]) == "office@oakfield.example"
    assert mail["References"], "the token comes back with the answer's references"
