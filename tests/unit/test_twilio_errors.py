"""The error table and the status table: what a code or a word of Twilio's means for us."""

from __future__ import annotations

import pytest

from notifier.channels.base import ErrorClass
from notifier.channels.twilio.errors import lookup, receipt_class, table
from notifier.channels.twilio.status import INBOUND, STATUSES, message_status
from notifier.domain.messages import MessageStatus


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        pytest.param(None, MessageStatus.DELIVERED, None, id="all is well"),
        pytest.param("30003", MessageStatus.UNDELIVERED, ErrorClass.LATER, id="handset off"),
        pytest.param(30005, MessageStatus.UNDELIVERED, ErrorClass.PERMANENT, id="no such handset, as a number"),
        pytest.param("30410", MessageStatus.FAILED, ErrorClass.AMBIGUOUS, id="may have been delivered"),
        pytest.param("39999", MessageStatus.UNDELIVERED, ErrorClass.REVIEW, id="a code nobody knows"),
        pytest.param(None, MessageStatus.FAILED, ErrorClass.REVIEW, id="failed without saying why"),
        pytest.param("not a number", MessageStatus.SENT, None, id="nonsense on a receipt that is no failure"),
    ],
)
def test_a_receipt_asks_for_what_its_code_says(code, status, expected):
    assert receipt_class(code, status) is expected


def test_a_code_that_is_not_in_the_table_is_not_found():
    assert lookup(1) is None
    assert lookup("x") is None
    assert lookup(None) is None


def test_every_row_says_what_happened_in_words_that_staff_can_read():
    assert all(row.meaning.strip() and row.stage in {"create", "delivery"} for row in table().values())


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("accepted", MessageStatus.ACCEPTED),
        ("scheduled", MessageStatus.ACCEPTED),
        ("queued", MessageStatus.ACCEPTED),
        ("sending", MessageStatus.ACCEPTED),
        ("sent", MessageStatus.SENT),
        ("partially_delivered", MessageStatus.SENT),
        ("delivered", MessageStatus.DELIVERED),
        ("read", MessageStatus.DELIVERED),
        ("Delivered", MessageStatus.DELIVERED),
        ("undelivered", MessageStatus.UNDELIVERED),
        ("failed", MessageStatus.FAILED),
        ("canceled", MessageStatus.FAILED),
        ("teleported", MessageStatus.ACCEPTED),
    ],
)
def test_a_word_of_twilios_becomes_a_state_of_ours(word, expected):
    assert message_status(word) is expected


def test_words_of_incoming_messages_are_no_states_of_outgoing_ones():
    assert not INBOUND & set(STATUSES)
