"""How often one address may knock at a public page: counted by the minute, in memory, and forgotten with the process.

It keeps a flood from the database. It is no defence of the tokens, which nobody can guess, and so it may be generous: many families
share one address of a telephone network, and mail filters open many links.
"""

from __future__ import annotations

from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.requests import Request


class Visits:
    """Counts visits by address and minute; of more than `addresses` in a minute the rest count together."""

    def __init__(self, most: int, *, addresses: int = 20_000) -> None:
        """`most` visits a minute are let in for each address."""
        self._most = most
        self._addresses = addresses
        self._minute = 0
        self._counts: dict[str, int] = {}

    def let_in(self, address: str, now: datetime) -> bool:
        """Count a visit; False where the address has had its share of this minute."""
        minute = int(now.timestamp() // 60)
        if minute != self._minute:
            self._minute, self._counts = minute, {}
        if address not in self._counts and len(self._counts) >= self._addresses:
            address = ""
        self._counts[address] = self._counts.get(address, 0) + 1
        return self._counts[address] <= self._most


def visitor(request: Request) -> str:
    """The address a request is counted by: the peer's, or behind a proxy the one that the proxy added last.

    Only a peer in a private network is believed to be a proxy. Networks of IPv6 count as one: a household has millions of addresses.
    """
    peer = request.client.host if request.client else ""
    named = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    address = named if named and _is_private(peer) else peer
    try:
        parsed = ip_address(address)
    except ValueError:
        return peer
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else str(parsed)


def _is_private(address: str) -> bool:
    try:
        return ip_address(address).is_private
    except ValueError:
        return False
