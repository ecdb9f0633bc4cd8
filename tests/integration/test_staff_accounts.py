"""`notifier user`: the first administrator and everybody after, from the command line; and the hashes behind it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from notifier.cli import app
from notifier.services.passwords import hash_password, verify_password
from notifier.settings import SignInSettings

ALICE = "alice@oakfield.example"
PASSWORD = "three purple ducks\n"


@pytest.fixture
def user(make_morning: Callable[..., Any], database_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`notifier user …`, at a service with the schools Oakfield (of the trust river) and Riverside."""
    made = make_morning()
    made.add_school('trust = "river"')
    made.add_school(key="riverside")
    monkeypatch.setenv("NOTIFIER_DATABASE_URL", database_url)
    monkeypatch.setenv("NOTIFIER_SIGN_IN__ARGON2_MEMORY_KIB", "8")
    monkeypatch.setenv("NOTIFIER_SIGN_IN__ARGON2_ROUNDS", "1")
    monkeypatch.setenv("NOTIFIER_CONFIG_DIR", str(Path(__file__).resolve().parents[2] / "config"))

    def run(*arguments: str, stdin: str | None = None, code: int = 0) -> Result:
        result = CliRunner().invoke(app, ["user", *arguments], prog_name="notifier", input=stdin)
        assert result.exit_code == code, f"{result.stdout}\n{result.stderr}\n{result.exception!r}"
        return result

    return run


def test_the_first_administrator_is_added_and_no_secret_is_shown(user: Callable[..., Result]) -> None:
    user("add", ALICE.upper(), "--role", "administrator", "--school", "oakfield", "--password-stdin", stdin=PASSWORD)
    user("add", ALICE, "--role", "safeguarding_lead", "--school", "oakfield", "--password-stdin", stdin=PASSWORD)
    user("add", "carys@trust.example", "--role", "trust_administrator")
    listed = user("list", "--json").stdout
    assert "argon2" not in listed and "purple" not in listed
    alice, carys = json.loads(listed)
    assert alice["email"] == ALICE and alice["password"] and not alice["disabled"]
    assert [role["role"] for role in alice["roles"]] == ["administrator", "safeguarding_lead"]
    assert (
        carys["roles"] == [{"role": "trust_administrator", "school": None, "trust": "river"}] and not carys["password"]
    )


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (["--school", "oakfield"], "short\n", "at least 12 characters"),
        (["--school", "oakfield"], "alice is at school\n", "“alice”"),
        (["--school", "oakfield"], "", "no password on standard input"),
        (["--school", "elsewhere"], PASSWORD, "There is no school 'elsewhere'"),
        ([], PASSWORD, "Name the school"),
        (["--trust", "river"], PASSWORD, "given for one school"),
    ],
)
def test_what_is_wrong_with_a_new_account_is_said(
    user: Callable[..., Result], arguments: list[str], stdin: str, says: str
) -> None:
    result = user("add", ALICE, "--role", "viewer", *arguments, "--password-stdin", stdin=stdin, code=2)
    assert says in " ".join(result.stderr.split())
    assert json.loads(user("list", "--json").stdout) == []


def test_an_account_is_disabled_enabled_and_recovered(user: Callable[..., Result]) -> None:
    user("add", ALICE, "--role", "viewer", "--school", "oakfield", "--password-stdin", stdin=PASSWORD)
    other = user(
        "add",
        ALICE,
        "--role",
        "viewer",
        "--school",
        "riverside",
        "--password-stdin",
        stdin="four purple geese\n",
        code=2,
    )
    assert "another password" in other.stderr
    user("disable", ALICE, "--by", ALICE, code=2)
    user("disable", ALICE, "--by", "carys@trust.example")
    assert json.loads(user("list", "--json").stdout)[0]["disabled_by"] == "carys@trust.example"
    user("reset", ALICE, code=2)
    user("enable", ALICE)
    assert user("reset", ALICE).stdout.startswith("http://127.0.0.1:8000/recover/")
    user("second-factor", ALICE, "--off", code=2)
    assert "There is no account" in user("disable", "nobody@oakfield.example", "--by", "x", code=2).stderr


def test_passwords_are_hashed_with_argon2id_at_the_costs_that_are_set() -> None:
    cheap = SignInSettings(argon2_memory_kib=8, argon2_rounds=1)
    kept = hash_password(cheap, "three purple ducks")
    assert kept.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert verify_password(cheap, kept, "three purple ducks") and not verify_password(cheap, kept, "three purple duck")
    assert not verify_password(cheap, None, "three purple ducks")
    assert (SignInSettings().argon2_memory_kib, SignInSettings().argon2_rounds) == (19456, 2)
