"""OpenID Connect: the talk with a sign-in provider, up to a person whom it vouches for.

Authorization code with PKCE, state and nonce. Endpoints and keys come from the provider's own discovery document. People are known by
the provider's unchanging id (Entra: tenant and object; others: subject), never by an address, which somebody else may have tomorrow.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from authlib.integrations.requests_client import OAuth2Session
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from notifier.services.sign_in import ProviderPerson
from notifier.sign_in_settings import ProviderSettings

TIMEOUT_SECONDS: Final = 10.0
KEPT_SECONDS: Final = 3600.0
LEEWAY_SECONDS: Final = 120
ALGORITHMS: Final = ("RS256", "PS256", "ES256")
"""Signatures that are believed: never "none", and never one that the client secret could make."""

_log = structlog.get_logger(__name__)


class ProviderFault(Exception):
    """The provider cannot be reached, or its answer cannot be believed; the words are for the log."""


@dataclass(frozen=True, slots=True)
class _Known:
    metadata: Mapping[str, Any]
    keys: KeySet
    until: float


class Provider:
    """One provider. Its documents are read on first use and kept for an hour; keys also when an unknown one signs."""

    def __init__(self, settings: ProviderSettings, redirect_uri: str) -> None:
        self.settings = settings
        self._redirect_uri = redirect_uri
        self._known: _Known | None = None
        self._lock = threading.Lock()

    def address_there(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in. Raises ProviderFault."""
        with self._client() as client:
            more = {"prompt": "select_account"} if self.settings.kind in ("entra", "google") else {}
            if self.settings.kind == "google" and len(self.settings.domains) == 1:
                more["hd"] = self.settings.domains[0]
            url, _ = client.create_authorization_url(
                self._discovered().metadata["authorization_endpoint"], state=state, nonce=nonce,
                code_verifier=verifier, **more,
            )  # fmt: skip
        return str(url)

    def person(self, *, code: str, nonce: str, verifier: str, now: datetime) -> ProviderPerson:
        """Whom a code stands for. Raises ProviderFault."""
        metadata = self._discovered().metadata
        with self._client() as client:
            try:
                token = client.fetch_token(
                    metadata["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
                )
                claims = self._claims(str(token.get("id_token") or ""), token, nonce, now)
                if self._needs_more(claims) and metadata.get("userinfo_endpoint"):
                    claims = self._with_userinfo(claims, client.get(metadata["userinfo_endpoint"]))
            except ProviderFault:
                raise
            except Exception as error:  # the libraries below raise many kinds, and all mean the same here
                raise ProviderFault(f"{type(error).__name__}: the code was not exchanged") from error
        self._check_organisation(claims)
        return self._vouched(claims)

    def _client(self) -> OAuth2Session:
        secret = self.settings.client_secret
        return OAuth2Session(
            self.settings.client_id,
            secret.get_secret_value() if secret else None,
            scope=" ".join(self.settings.scopes),
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            default_timeout=TIMEOUT_SECONDS,
        )

    def _discovered(self, *, again: bool = False) -> _Known:
        with self._lock:
            if self._known is not None and not again and self._known.until > time.monotonic():
                return self._known
            try:
                with self._client() as client:
                    address = self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration"
                    metadata = _document(client, address)
                    keys = KeySet.import_key_set(_document(client, metadata["jwks_uri"]))  # type: ignore[arg-type]
            except ProviderFault:
                raise
            except Exception as error:
                raise ProviderFault(f"{type(error).__name__}: the discovery document was not read") from error
            self._known = _Known(metadata, keys, time.monotonic() + KEPT_SECONDS)
            return self._known

    def _claims(self, id_token: str, token: Mapping[str, Any], nonce: str, now: datetime) -> dict[str, Any]:
        """The claims of an ID token that this provider signed for us, just now, for this very sign-in."""
        try:
            decoded = self._decoded(id_token)
            claims = CodeIDToken(
                dict(decoded.claims), dict(decoded.header),
                options={"aud": {"essential": True, "value": self.settings.client_id}, "exp": {"essential": True},
                         "nonce": {"essential": True, "value": nonce}},
                params={"nonce": nonce, "client_id": self.settings.client_id, "access_token": token.get("access_token")},
            )  # fmt: skip
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
        except Exception as error:
            raise ProviderFault(f"{type(error).__name__}: the ID token is not to be believed") from error
        found = dict(claims)
        if found.get("iss") not in self._issuers(found):
            raise ProviderFault("the ID token is from another issuer")
        return found

    def _decoded(self, id_token: str) -> jwt.Token:
        try:
            return jwt.decode(id_token, self._discovered().keys, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            # the provider may have begun to sign with a new key since its keys were read
            return jwt.decode(id_token, self._discovered(again=True).keys, algorithms=list(ALGORITHMS))

    def _issuers(self, claims: Mapping[str, Any]) -> set[str]:
        issuer = str(self._discovered().metadata.get("issuer", ""))
        if self.settings.kind == "entra":
            return {issuer.replace("{tenantid}", str(claims.get("tid", "")))}
        if self.settings.kind == "google":
            return {issuer, issuer.removeprefix("https://")}
        return {issuer}

    def _needs_more(self, claims: Mapping[str, Any]) -> bool:
        wanted = {self.settings.email_claim, *(role.claim for role in self.settings.roles)}
        return any(name not in claims for name in wanted)

    def _with_userinfo(self, claims: dict[str, Any], answer: Any) -> dict[str, Any]:
        """Claims that only userinfo has (DfE Sign-in's organisation), once it speaks of the same person."""
        found = answer.json() if answer.status_code == 200 else {}
        if not isinstance(found, dict) or found.get("sub") != claims.get("sub"):
            return claims
        return {**found, **claims}

    def _check_organisation(self, claims: Mapping[str, Any]) -> None:
        settings = self.settings
        if settings.kind == "entra" and claims.get("tid") not in settings.tenants:
            raise ProviderFault("the account is of another tenant")
        if settings.kind == "google" and claims.get("hd") not in settings.domains:
            raise ProviderFault("the account is of another domain")
        if settings.kind == "oidc" and settings.domains:
            domain = str(claims.get(settings.email_claim, "")).rpartition("@")[2].casefold()
            if domain not in {allowed.casefold() for allowed in settings.domains}:
                raise ProviderFault("the account is of another domain")

    def _vouched(self, claims: Mapping[str, Any]) -> ProviderPerson:
        settings = self.settings
        subject = (
            f"{claims.get('tid')}:{claims.get('oid')}" if settings.kind == "entra" else str(claims.get("sub") or "")
        )
        if not subject or (settings.kind == "entra" and not claims.get("oid")):
            raise ProviderFault("the ID token does not say who it is")
        email = claims.get(settings.email_claim)
        verified = settings.emails_are_verified or _true(claims.get("email_verified"))
        if settings.kind == "entra":
            # Entra lets administrators of a tenant write any address into a profile; only xms_edov says it was verified
            verified = settings.emails_are_verified or _true(claims.get("xms_edov"))
        grants = tuple(
            dict.fromkeys(role.grant() for role in settings.roles if _holds(claims.get(role.claim), role.value))
        )
        return ProviderPerson(
            settings.key, subject, email if verified and isinstance(email, str) else None, str(claims.get("name") or ""),
            grants, bool(settings.roles),
        )  # fmt: skip


def _document(client: OAuth2Session, address: str) -> dict[str, Any]:
    answer = client.request("GET", address, withhold_token=True, allow_redirects=False)
    found = answer.json() if answer.status_code == 200 else None
    if not isinstance(found, dict):
        raise ProviderFault(f"{address} answered {answer.status_code} without a document")
    return found


def _true(value: object) -> bool:
    return value is True or value == 1 or (isinstance(value, str) and value.casefold() in ("true", "1"))


def _holds(claim: object, value: str) -> bool:
    """Whether a claim is a value, or a list or table that holds it (DfE Sign-in's organisation is a table)."""
    if isinstance(claim, Mapping):
        return any(_holds(part, value) for part in claim.values())
    if isinstance(claim, list | tuple):
        return any(_holds(part, value) for part in claim)
    return claim is not None and not isinstance(claim, bool) and str(claim) == value
