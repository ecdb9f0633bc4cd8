"""How staff sign in: sessions, second factor, password hashing and sign-in providers. A part of `notifier.settings`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from notifier.configuration.errors import Problem
from notifier.domain.staff import Grant, Role

SECRET_PREFIX: Final = "NOTIFIER_SIGN_IN_SECRET_"  # noqa: S105 - the name of a variable
"""Before a provider's key, in capitals: the variable that holds its client secret."""


def _several(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _tables(value: object) -> object:
    """Tables from the environment are written as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError('must be a list of tables as JSON, such as [{"key": "microsoft", …}]') from None


def _networks(value: object) -> object:
    found = _several(value)
    for part in found if isinstance(found, list | tuple) else ():
        try:
            ip_network(part)
        except ValueError:
            raise ValueError(f'"{part}" is not an address or network; write it as "10.0.0.0/8"') from None
    return found


Texts = Annotated[tuple[str, ...], BeforeValidator(_several)]
Minutes = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RoleFromClaim(_Section):
    """A role that a provider's claim gives: whoever's `claim` is, or holds, `value` has `role` at `school` or over `trust`."""

    claim: str
    value: str
    role: Role
    school: str = ""
    trust: str = ""

    @model_validator(mode="after")
    def _fits(self) -> RoleFromClaim:
        self.grant()
        return self

    def grant(self) -> Grant:
        """The role with its reach."""
        return Grant(self.role, self.school, self.trust)


class ProviderSettings(_Section):
    """One OpenID Connect provider. Endpoints are read from `issuer`/.well-known/openid-configuration."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,30}$")]
    label: str
    kind: Literal["entra", "google", "oidc"] = "oidc"
    issuer: str
    client_id: str
    client_secret: SecretStr | None = None
    scopes: Texts = ("openid", "profile", "email")
    tenants: Texts = ()
    domains: Texts = ()
    email_claim: str = "email"
    emails_are_verified: bool = False
    roles: tuple[RoleFromClaim, ...] = ()

    @model_validator(mode="after")
    def _safe(self) -> ProviderSettings:
        parts = urlsplit(self.issuer)
        loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
        if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and loopback)):
            raise ValueError(f'the issuer "{self.issuer}" must begin with https://')
        if self.kind == "entra" and not self.tenants:
            raise ValueError('Microsoft Entra needs the ids of the tenants that may sign in; write tenants = ["…"]')
        if self.kind == "google" and not self.domains:
            raise ValueError('Google needs the domains that may sign in; write domains = ["school.example"]')
        if self.emails_are_verified and not (self.tenants or self.domains):
            raise ValueError("emails_are_verified needs tenants or domains: only your own are known to be verified")
        return self


class SignInSettings(_Section):
    """How staff sign in. Providers are tables of their own, `[[sign_in.providers]]`: `docs/how-to/sign-in.md`."""

    idle_minutes: Minutes = Field(30, description="A session ends after so many minutes without a page.")
    session_hours: Annotated[int, Field(ge=1, le=24)] = Field(12, description="A session ends after so many hours.")
    second_factor: Literal["optional", "administrators", "everybody"] | None = Field(
        None,
        description="Who must have a second factor beside a password; everybody may. When not set: administrators in "
        "production, nobody elsewhere. Needs the secret key. A provider's sign-in brings its own.",
    )
    argon2_memory_kib: Annotated[int, Field(ge=8)] = Field(
        19456, description="Memory for hashing one password (argon2id), in KiB."
    )
    argon2_rounds: Annotated[int, Field(ge=1)] = Field(2, description="Rounds of hashing a password (argon2id).")
    trusted_proxies: Annotated[tuple[str, ...], BeforeValidator(_networks)] = Field(
        (),
        description="Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed (commas between them), "
        "so that failed sign-ins are counted for the true address.",
    )
    providers: Annotated[tuple[ProviderSettings, ...], BeforeValidator(_tables)] = Field(
        (), description="Sign-in providers, as tables in `notifier.toml`, or as JSON in the environment."
    )

    @model_validator(mode="after")
    def _distinct(self) -> SignInSettings:
        keys = [provider.key for provider in self.providers]
        if len(keys) != len(set(keys)):
            raise ValueError("two sign-in providers have the same key")
        return self

    def provider(self, key: str) -> ProviderSettings | None:
        """A provider by its key."""
        return next((provider for provider in self.providers if provider.key == key), None)


def with_secrets(found: SignInSettings, environ: Mapping[str, str], problems: list[Problem]) -> SignInSettings:
    """The settings with each provider's secret, read from its variable or the file that `…_FILE` names."""
    providers = []
    for provider in found.providers:
        name = SECRET_PREFIX + provider.key.upper()
        if provider.client_secret is not None:
            message = f"is a secret and does not belong in settings; set {name}, or {name}_FILE"
            problems.append(Problem("", f"sign_in.providers {provider.key}.client_secret", message))
        secret = environ.get(name, "").strip() or _from_file(name, environ, problems)
        if not secret:
            problems.append(
                Problem("environment", name, f'is missing; it holds the client secret of "{provider.label}"')
            )
        providers.append(provider.model_copy(update={"client_secret": SecretStr(secret)}))
    return found.model_copy(update={"providers": tuple(providers)})


def _from_file(name: str, environ: Mapping[str, str], problems: list[Problem]) -> str:
    given = environ.get(f"{name}_FILE")
    folder = environ.get("NOTIFIER_SECRETS_DIR")
    file = Path(given) if given else next((path for path in _files_in(folder) if path.name.upper() == name), None)
    if file is None:
        return ""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        problems.append(Problem("environment", name, f'the file "{file}" cannot be read: {reason}'))
        return ""


def _files_in(folder: str | None) -> list[Path]:
    return list(Path(folder).iterdir()) if folder and Path(folder).is_dir() else []
