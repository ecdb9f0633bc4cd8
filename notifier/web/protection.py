"""Who may see the staff pages, and the headers that every answer carries.

Until there is a sign-in, the pages are for a browser on this very machine and nobody else: not through a proxy, and not through a
name that somebody else's web site has pointed at this machine (DNS rebinding). Webhooks, API and health have rules of their own.
"""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
"""What the address bar may say; the port is free."""

FORWARDED: Final = ("forwarded", "via", "x-real-ip", "true-client-ip", "cf-connecting-ip")
"""Headers that a proxy adds, besides everything that begins with `X-Forwarded-`."""

SECURITY_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""On every answer. Pages name children, so nothing may keep a copy."""


class NotOnThisMachine(Exception):
    """A staff page was asked for from elsewhere; the words say what gave it away."""


def require_loopback(connection: HTTPConnection) -> None:
    """Let a request pass only when it comes from this machine directly. Raises NotOnThisMachine."""
    client = connection.client
    if client is None or not _is_loopback(client.host):
        raise NotOnThisMachine("The request came from another machine.")
    proxy = _sign_of_a_proxy(connection.headers)
    if proxy:
        raise NotOnThisMachine(f"The request came through a proxy ({proxy}).")
    if connection.scope.get("http_version") == "1.0":  # browsers do not speak it; reverse proxies do by default
        raise NotOnThisMachine("The request came through a proxy (HTTP/1.0).")
    if _host_name(connection.headers.get("host", "")) not in LOOPBACK_NAMES:
        raise NotOnThisMachine("The address in the browser is not a name of this machine.")


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address.is_loopback


def _sign_of_a_proxy(headers: Headers) -> str | None:
    return next((name for name in headers if name in FORWARDED or name.startswith("x-forwarded-")), None)


def _host_name(host: str) -> str | None:
    try:
        parts = urlsplit(f"//{host}")
        if parts.port is not None and not 0 < parts.port < 65536:
            return None
        return parts.hostname if parts.netloc == host and "@" not in host else None
    except ValueError:
        return None


class SecurityHeaders:
    """Adds SECURITY_HEADERS to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)
