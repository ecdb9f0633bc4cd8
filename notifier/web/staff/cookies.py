"""The three cookies of the staff pages, and the true address of a browser.

`notifier_session` is the session, gone when the browser closes; `notifier_device` makes a browser known again, so that strangers'
guesses do not make it wait; `notifier_form` guards the forms that are shown before anybody is signed in. Scripts see none of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from notifier.services.sealing import new_token
from notifier.settings import Settings

SESSION: Final = "notifier_session"
DEVICE: Final = "notifier_device"
FORM: Final = "notifier_form"
_HALF_A_YEAR: Final = 180 * 24 * 3600  # seconds
_LONGEST: Final = 128


@dataclass(frozen=True, slots=True)
class Cookies:
    """Reads and sets them. Over https they are Secure and bound to this very host (the prefix `__Host-`)."""

    secure: bool

    @classmethod
    def of(cls, settings: Settings) -> Cookies:
        """As the service's public address wants them."""
        return cls(settings.public_url.startswith("https://"))

    def name(self, cookie: str) -> str:
        """A cookie's full name."""
        return f"__Host-{cookie}" if self.secure else cookie

    def read(self, request: Request, cookie: str) -> str | None:
        """A cookie's value; None where there is none, or one that we never gave out."""
        value = request.cookies.get(self.name(cookie), "")
        return value if 0 < len(value) <= _LONGEST else None

    def put(self, response: Response, cookie: str, value: str) -> None:
        """Set a cookie."""
        response.set_cookie(
            self.name(cookie), value, path="/", secure=self.secure, httponly=True, samesite="lax",
            max_age=_HALF_A_YEAR if cookie == DEVICE else None,
        )  # fmt: skip

    def drop(self, response: Response, cookie: str) -> None:
        """Remove a cookie."""
        response.delete_cookie(self.name(cookie), path="/", secure=self.secure, httponly=True, samesite="lax")

    def form_secret(self, request: Request) -> str:
        """The secret behind the forms of somebody not signed in: the one the browser has, or a new one to be set."""
        return self.read(request, FORM) or new_token()


def address_of(request: Request, settings: Settings) -> str:
    """Where a request comes from: the peer, or behind proxies that are trusted the last address that is not one of them."""
    peer = request.client.host if request.client else ""
    networks = [ip_network(text) for text in settings.sign_in.trusted_proxies]

    def trusted(text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        return any(address in network for network in networks)

    if not trusted(peer):
        return peer
    hops = [hop.strip() for value in request.headers.getlist("x-forwarded-for") for hop in value.split(",")]
    for hop in reversed(hops):
        if not trusted(hop):
            try:
                return str(ip_address(hop))
            except ValueError:
                return peer
    return peer
