"""Signing in through a provider: off to it, and back with its answer, in the same browser and once."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any, Final

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from notifier.services import sign_in
from notifier.services.sealing import hash_of, new_token
from notifier.services.sign_in import NotOpened
from notifier.settings import Settings
from notifier.store import staff
from notifier.web.staff import access, forms
from notifier.web.staff.access import Posted, access_of, open_to_everybody
from notifier.web.staff.answers import outside_page, sign_in_page
from notifier.web.staff.cookies import DEVICE, FORM, address_of
from notifier.web.staff.open_id import Provider, ProviderFault
from notifier.web.staff.signing_in import FORM_OUT_OF_DATE, form_fits, go_on

OPEN = [Depends(open_to_everybody())]
LASTS: Final = timedelta(minutes=10)
NOT_NOW: Final = "{label} could not sign you in just now. Try again, or use a password if you have one."
NOT_YOU: Final = "{label} did not sign you in. Try again, or ask your administrator."

_log = structlog.get_logger(__name__)


class Providers:
    """The providers of the settings, each made when it is first asked for, and kept with what it said of itself."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, Provider] = {}
        self._lock = threading.Lock()

    def of(self, key: str) -> Provider:
        """One of them. Raises NotHere."""
        found = self._settings.sign_in.provider(key)
        if found is None:
            raise access.NotHere
        with self._lock:
            return self._known.setdefault(key, Provider(found, f"{self._settings.public_url}/login/callback/{key}"))


router = APIRouter()
"""`/login/with/{key}` and `/login/callback/{key}`."""


@router.post("/login/with/{key}", dependencies=OPEN)
def leave(request: Request, key: str, form: Posted) -> Response:
    """Off to the provider, with what it is to give back."""
    provider = _provider(request, key)
    onward, carried = forms.safe_onward(forms.text_of(form, "next")), forms.text_of(form, forms.CARRIED)
    if not form_fits(request, form):
        return sign_in_page(request, onward=onward, carried=carried, told=FORM_OUT_OF_DATE, status=403)
    here = access_of(request)
    state, nonce, verifier = new_token(), new_token(), new_token()
    try:
        there = provider.address_there(state=state, nonce=nonce, verifier=verifier)
    except ProviderFault as problem:
        return _failed(request, provider, problem, NOT_NOW, onward, carried, 503)
    with here.app.database.begin() as connection:
        staff.add_start(
            connection,
            {
                "state_hash": hash_of(state), "provider": key, "nonce": nonce, "verifier": verifier, "onward": onward,
                "browser_hash": hash_of(here.cookies.read(request, FORM) or ""), "carried": carried,
                "expires_at": here.clock() + LASTS,
            },
        )  # fmt: skip
    # a page that leads on, since browsers hold redirects after a form to the policy's form-action
    return outside_page(request, "leaving.html", {"address_there": there, "label": provider.settings.label})


@router.get("/login/callback/{key}", dependencies=OPEN)
def come_back(request: Request, key: str, state: str = "", code: str = "", error: str = "") -> Response:
    """Back from the provider with its answer."""
    provider = _provider(request, key)
    here = access_of(request)
    with here.app.database.begin() as connection:
        start: Any = staff.take_start(connection, hash_of(state), now=here.clock())
    secret = here.cookies.read(request, FORM) or ""
    if start is None or start.provider != key or start.browser_hash != hash_of(secret):
        return sign_in_page(request, told=sign_in.TOO_LATE, status=400)
    if not code:
        problem = ProviderFault(f"no code came back ({error[:60] or 'no reason given'})")
        return _failed(request, provider, problem, NOT_YOU, start.onward, start.carried, 401)
    try:
        person = provider.person(code=code, nonce=start.nonce, verifier=start.verifier, now=here.clock())
    except ProviderFault as problem:
        return _failed(request, provider, problem, NOT_YOU, start.onward, start.carried, 401)
    outcome = sign_in.with_provider(
        here.app, person, address=address_of(request, here.app.settings),
        device=here.cookies.read(request, DEVICE), now=here.clock(),
    )  # fmt: skip
    if isinstance(outcome, NotOpened):
        return sign_in_page(request, onward=start.onward, carried=start.carried, told=outcome.words, status=403)
    return go_on(request, outcome, start.onward, start.carried)


def _provider(request: Request, key: str) -> Provider:
    known: Providers = request.app.state.providers
    return known.of(key)


def _failed(
    request: Request, provider: Provider, problem: ProviderFault, words: str, onward: str, carried: str, status: int
) -> Response:
    _log.warning("provider_sign_in_failed", provider=provider.settings.key, why=str(problem))
    told = words.format(label=provider.settings.label)
    return sign_in_page(request, onward=onward, carried=carried, told=told, status=status)
