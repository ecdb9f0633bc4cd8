"""Nothing that leaves a channel as words holds a secret, a whole number or a whole address."""

from __future__ import annotations

import pytest

from notifier.channels.redaction import redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The 'To' number +447700900123 is not valid", "The 'To' number …123 is not valid"),
        ("07700 900 123 and (01632) 960-123", "…123 and (…123"),
        ("550 <amina.khan@carers.example>: unknown", "550 <a…@carers.example>: unknown"),
        ("HTTP 400, code 21610", "HTTP 400, code 21610"),
        ("two\nlines", "two lines"),
        ("token hunter2 refused", "token [secret] refused"),
    ],
    ids=["E.164", "as people write it", "an address", "codes stay", "one line", "a secret"],
)
def test_words_are_shortened(text, expected):
    assert redact(text, secrets=["hunter2", None, ""]) == expected


def test_words_have_an_end():
    assert len(redact("word " * 1000)) <= 300
