"""E-mail addresses beyond the independent cases: reserved domains, tidying, what logs are shown."""

from __future__ import annotations

import pytest

from notifier.domain.emails import EmailError, masked, parse_email


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        pytest.param("  Ewa.Nowak@Example.ORG ", "Ewa.Nowak@example.org", id="spaces and a domain in capitals"),
        pytest.param("\u200bewa@example.org\ufeff", "ewa@example.org", id="invisible characters"),
    ],
)
def test_an_address_is_tidied(typed: str, address: str) -> None:
    assert parse_email(typed) == address


@pytest.mark.parametrize("domain", ["oakfield.example", "OAKFIELD.Example", "mail.test", "nobody.invalid"])
def test_a_reserved_domain_is_for_tests_only(domain: str) -> None:
    assert parse_email(f"ewa@{domain}", allow_test=True) == f"ewa@{domain.lower()}"
    with pytest.raises(EmailError) as caught:
        parse_email(f"ewa@{domain}")
    assert caught.value.code == "test_address"


@pytest.mark.parametrize("domain", ["printer.local", "pc.localhost"])
def test_a_name_of_the_local_network_is_never_an_address(domain: str) -> None:
    with pytest.raises(EmailError):
        parse_email(f"ewa@{domain}", allow_test=True)


@pytest.mark.parametrize("typed", ["two words@school.example", "a@b@school.example", "@school.example", "a@.example"])
def test_a_faulty_form_is_refused_under_a_reserved_domain_too(typed: str) -> None:
    with pytest.raises(EmailError) as caught:
        parse_email(typed, allow_test=True)
    assert caught.value.code == "invalid_address"


def test_two_addresses_in_one_cell_are_named_as_such() -> None:
    with pytest.raises(EmailError, match="one address only"):
        parse_email("ewa@example.org; jan@example.org")


def test_a_log_shows_the_first_letter_and_the_domain() -> None:
    assert masked("ewa@example.org") == "e•••@example.org"
    assert masked("rubbish") == "•••"
