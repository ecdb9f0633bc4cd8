"""Signing in through a provider, against a real one over HTTP: who gets in, and everything that must not be believed."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from notifier.services import staff as accounts

ALICE = "alice@oakfield.example"


@pytest.fixture(scope="module")
def module() -> Any:
    """The module tests/integration/open_id_provider.py."""
    spec = importlib.util.spec_from_file_location(
        "notifier_test_provider", Path(__file__).with_name("open_id_provider.py")
    )
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.fixture(scope="module")
def running(module: Any) -> Iterator[Any]:
    """The provider, once for all."""
    provider = module.Provider()
    yield provider
    provider.close()


@pytest.fixture
def provider(running: Any) -> Any:
    """The provider, honest, with Alice in front of it."""
    running.claims = {"sub": "alice-1", "email": ALICE, "email_verified": True, "name": "Alice"}
    running.faults = {}
    return running


@pytest.fixture
def door(make_morning: Callable[..., Any], staff: Any, provider: Any, module: Any) -> Callable[..., Any]:
    """A browser at a service that knows the provider; more settings of the provider may be given."""

    def build(**more: Any) -> Any:
        values = {"key": "school", "label": "Our School", "issuer": provider.issuer, "client_id": module.CLIENT, **more}
        made = make_morning(
            NOTIFIER_SIGN_IN__PROVIDERS=json.dumps([values]),
            NOTIFIER_SIGN_IN_SECRET_SCHOOL=module.SECRET,
            **staff.WITH_KEY,
        )
        made.add_school()
        provider.now = made.at("09:00").timestamp()
        return staff.Browser(made.app, made.at("09:00"))

    return build


def leave(browser: Any, **fields: str) -> str:
    """Off to the provider, signed out: the address there."""
    browser.cookies.pop("notifier_session", None)
    page = browser.send("/login/with/school", {"next": "/help", **fields}, page=browser.get("/login"))
    found = re.search(r'content="0; url=([^"]+)"', page.text)
    assert page.status_code == 200 and found is not None, page.text[:300]
    return unescape(found[1])


def through(browser: Any, provider: Any) -> Any:
    """There and back."""
    return browser.get(provider.sign_in(leave(browser)))


def invite(browser: Any, email: str = ALICE) -> None:
    accounts.add_user(browser.app, email, accounts.Role.VIEWER, school="oakfield", by="test", now=browser.moment)


def test_somebody_invited_is_signed_in_and_known_by_id_ever_after(door: Any, provider: Any) -> None:
    browser = door()
    assert through(browser, provider).status_code == 403, "nobody without an account"
    invite(browser)
    assert through(browser, provider).headers["location"] == "/help"
    assert ALICE in browser.get("/account").text
    provider.claims["email"] = "alice.married@oakfield.example"
    assert through(browser, provider).status_code == 303, "the same person under a new address"
    provider.claims = {"sub": "somebody-else", "email": ALICE, "email_verified": True}
    assert through(browser, provider).status_code == 403, "another person who was given the old address"
    provider.claims["sub"] = "alice-1"
    accounts.disable(browser.app, ALICE, by="test", now=browser.moment)
    assert through(browser, provider).status_code == 403


@pytest.mark.parametrize(
    "faults",
    [
        {"claims": {"email_verified": False}}, {"claims": {"email_verified": None}}, {"claims": {"nonce": "another"}},
        {"claims": {"aud": "somebody else"}}, {"claims": {"iss": "https://mallory.example"}}, {"claims": {"exp": 1}},
        {"claims": {"iat": 9999999999}}, {"claims": {"sub": ""}},
        {"key": RSAKey.generate_key(2048, {"kid": "one"})},
        {"key": OctKey.import_key("a client's secret"), "header": {"alg": "HS256", "kid": "one"}},
    ],
    ids=["unverified", "silent", "nonce", "audience", "issuer", "expired", "future", "nobody", "forged", "symmetric"],
)  # fmt: skip
def test_what_is_not_to_be_believed_opens_nothing(door: Any, provider: Any, faults: dict[str, Any]) -> None:
    browser = door()
    invite(browser)
    provider.faults = faults
    answer = through(browser, provider)
    assert answer.status_code in (401, 403) and browser.session == ""
    assert 'id="password"' in answer.text, "a password still opens the door"


def test_an_answer_counts_once_in_the_browser_that_asked_and_for_ten_minutes(
    door: Any, provider: Any, staff: Any
) -> None:
    browser = door()
    invite(browser)
    back = provider.sign_in(leave(browser))
    mallory = staff.Browser(browser.app, browser.moment)
    mallory.get("/login")
    assert mallory.get(back).status_code == 400
    assert browser.get(back).status_code == 400, "it was used up"
    late = provider.sign_in(leave(browser))
    browser.moment += timedelta(minutes=11)
    assert browser.get(late).status_code == 400
    assert browser.get("/login/callback/school?state=made-up&code=x").status_code == 400
    assert browser.get("/login/with/nobody").status_code == 405


def test_what_was_typed_is_kept_over_the_way_to_the_provider(door: Any, provider: Any, staff: Any) -> None:
    browser = door()
    invite(browser)
    through(browser, provider)
    page = browser.get("/choose-school")
    browser.moment += timedelta(hours=1)
    provider.now = browser.moment.timestamp()
    late = browser.send("/choose-school", {"note": "typed before"}, page=page)
    there = leave(browser, carried=staff.hidden(late, "carried"))
    back = browser.get(provider.sign_in(there))
    assert back.status_code == 200 and "typed before" in back.text


def test_microsoft_is_believed_by_tenant_and_object_and_never_by_its_email(door: Any, provider: Any) -> None:
    browser = door(kind="entra", tenants=["t-1"])
    invite(browser)
    provider.faults["issuer_template"] = provider.issuer + "/{tenantid}/v2.0"
    provider.claims = {"sub": "pairwise", "oid": "o-1", "tid": "t-1", "email": ALICE, "email_verified": True,
                       "iss": f"{provider.issuer}/t-1/v2.0"}  # fmt: skip
    assert through(browser, provider).status_code == 403, "email_verified says nothing at Entra"
    provider.claims["xms_edov"] = "1"
    assert through(browser, provider).status_code == 303
    provider.claims |= {"tid": "t-2", "iss": f"{provider.issuer}/t-2/v2.0"}
    assert through(browser, provider).status_code == 401, "another tenant"
    provider.claims |= {"tid": "t-1"}
    assert through(browser, provider).status_code == 401, "a tenant that does not fit the issuer"


def test_google_is_believed_for_its_own_domain(door: Any, provider: Any) -> None:
    browser = door(kind="google", domains=["oakfield.example"])
    invite(browser)
    assert through(browser, provider).status_code == 401, "a private account has no domain"
    provider.claims["hd"] = "oakfield.example"
    assert through(browser, provider).status_code == 303


def test_roles_may_come_from_claims_and_go_with_them(door: Any, provider: Any) -> None:
    """As DfE Sign-in does it: the organisation stands only in userinfo."""
    roles = [{"claim": "organisation", "value": "141000", "role": "viewer", "school": "oakfield"}]
    browser = door(roles=roles)
    provider.faults["userinfo"] = {"organisation": {"name": "Oakfield", "urn": 141000}}
    assert through(browser, provider).status_code == 303
    assert "Viewer, Oakfield Primary School" in browser.get("/account").text
    provider.faults["userinfo"] = {"organisation": {"name": "Elsewhere", "urn": 99}}
    assert through(browser, provider).status_code == 403, "the role went, and with it the way in"
