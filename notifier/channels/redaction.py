"""Makes words fit for a log or a staff page: no secret, no whole telephone number, no whole e-mail address.

Providers quote the recipient in their error texts, so every text that came from outside passes through here before it leaves a channel.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_NUMBER: Final = re.compile(r"\+?\d(?:[\s().-]{0,2}\d){6,}")
_ADDRESS: Final = re.compile(r"([^\s<>@:;,\"'=]{1,64})@([A-Za-z0-9.-]+)")
_LONGEST: Final = 300


def redact(text: str, *, secrets: Iterable[str | None] = ()) -> str:
    """Return `text` on one line, at most 300 characters, with the given secrets gone and numbers and addresses shortened.

    A number keeps its last three digits, an e-mail address its first letter and domain: enough for staff to recognise it.
    """
    for secret in secrets:
        if secret:
            text = text.replace(secret, "[secret]")
    text = _ADDRESS.sub(lambda found: f"{found[1][0]}…@{found[2]}", text)
    text = _NUMBER.sub(lambda found: f"…{re.sub(r'[^0-9]', '', found[0])[-3:]}", text)
    return " ".join(text.split())[:_LONGEST]
