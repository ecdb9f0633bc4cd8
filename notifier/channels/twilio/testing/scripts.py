"""What the double does for which number: the table that a test reads to find the trouble it wants.

All numbers are from Ofcom's drama range. Any number that is not in the table is accepted and delivered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Script:
    """The fate of texts to one number.

    `status` and `code` are the answer to the POST; from 300 upwards the text is not stored unless `stored` says so. `cut` breaks
    the connection instead of answering, `hang` keeps it open without a word, `garbled` answers with half a document. `times`
    limits the trouble to the first requests (None: always). `path` are the statuses after the first one, the last with
    `delivery_code`. `receipts` is how they are called back: "in order", "reversed", "twice", "before the answer", "late" (half a
    second) or "none".
    """

    what: str
    status: int = 201
    code: int | None = None
    stored: bool = False
    cut: bool = False
    hang: bool = False
    garbled: bool = False
    retry_after: int | None = None
    times: int | None = None
    path: tuple[str, ...] = ("sent", "delivered")
    delivery_code: int | None = None
    receipts: str = "in order"


DELIVERED: Final = Script("accepted and delivered")
"""What happens to every number that has no script of its own."""


def _refused(what: str, code: int, status: int = 400) -> Script:
    return Script(what, status=status, code=code)


def _undelivered(what: str, code: int, last: str = "undelivered") -> Script:
    return Script(what, path=("sent", last), delivery_code=code)


SCRIPTS: Final[dict[str, Script]] = {
    # refused when posted
    "+447700900201": _refused("the carer has opted out", 21610),
    "+447700900202": _refused("not a valid number", 21211),
    "+447700900203": _refused("not a mobile", 21614),
    "+447700900204": _refused("To and From cannot be combined", 21612),
    "+447700900205": _refused("country not enabled", 21408),
    "+447700900206": _refused("From cannot send", 21606),
    "+447700900207": _refused("the sender's queue is full", 21611),
    "+447700900208": _refused("a landline", 21635),
    "+447700900209": _refused("a code that no table has (made up)", 29999),
    "+447700900210": _refused("trial account", 21608),
    "+447700900211": _refused("credentials refused", 20003, 401),
    "+447700900212": Script("always too many requests", status=429, code=20429, retry_after=2),
    "+447700900213": Script("too many requests, once", status=429, code=20429, retry_after=1, times=1),
    "+447700900214": _refused("no such account", 20404, 404),
    "+447700900215": _refused("a bare 403 without a body", 0, 403),
    # nobody can say
    "+447700900221": Script("server error, not stored", status=500, code=20500),
    "+447700900222": Script("server error, stored all the same", status=500, code=20500, stored=True),
    "+447700900223": Script("service unavailable, not stored", status=503, code=20503),
    "+447700900224": Script("no answer, stored", hang=True, stored=True),
    "+447700900225": Script("no answer, not stored", hang=True),
    "+447700900226": Script("connection cut after accepting: stored", cut=True, stored=True),
    "+447700900227": Script("connection cut before accepting: not stored", cut=True),
    "+447700900228": Script("half an answer, stored", garbled=True, stored=True),
    "+447700900229": Script("redirected", status=307),
    "+447700900230": Script("connection cut once before accepting, then delivered", cut=True, times=1),
    # accepted, and then not delivered
    "+447700900241": _undelivered("queue overflow", 30001, "failed"),
    "+447700900242": _undelivered("account suspended", 30002, "failed"),
    "+447700900243": _undelivered("handset off", 30003),
    "+447700900244": _undelivered("blocked", 30004),
    "+447700900245": _undelivered("unknown handset", 30005),
    "+447700900246": _undelivered("landline", 30006),
    "+447700900247": _undelivered("filtered", 30007),
    "+447700900248": _undelivered("unknown error", 30008),
    "+447700900249": _undelivered("validity period over", 30036, "failed"),
    # receipts with a will of their own
    "+447700900261": Script("sent, and never heard of again", path=("sent",)),
    "+447700900262": Script("delivered, but no receipt comes", receipts="none"),
    "+447700900263": Script("receipts in the wrong order", receipts="reversed"),
    "+447700900264": Script("every receipt twice", receipts="twice"),
    "+447700900265": Script("receipts before the answer to the POST", receipts="before the answer"),
    "+447700900266": Script("receipts late", receipts="late"),
    "+447700900267": Script("stays queued", path=()),
}
"""The number to text for each kind of trouble."""
