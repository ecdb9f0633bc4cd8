"""Numbers beyond the independent cases: test ranges, kinds, what staff and logs are shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier.domain.people import PhoneKind
from notifier.domain.phones import PhoneError, display, masked, parse_phone


@pytest.mark.parametrize(
    ("typed", "e164", "kind"),
    [
        pytest.param("07700 900123", "+447700900123", PhoneKind.MOBILE, id="drama mobile"),
        pytest.param("+44 7700 900123", "+447700900123", PhoneKind.MOBILE, id="drama mobile, international"),
        pytest.param("7700900123", "+447700900123", PhoneKind.MOBILE, id="leading zero lost in a spreadsheet"),
        pytest.param("'07700900123", "+447700900123", PhoneKind.MOBILE, id="apostrophe kept from a spreadsheet"),
        pytest.param("07700.900.123", "+447700900123", PhoneKind.MOBILE, id="dots between digits"),
        pytest.param("01632 960123", "+441632960123", PhoneKind.LANDLINE, id="drama landline"),
        pytest.param("070 4412 3456", "+447044123456", PhoneKind.OTHER, id="070 personal number is no mobile"),
        pytest.param("07641 234567", "+447641234567", PhoneKind.OTHER, id="pager is no mobile"),
        pytest.param("0333 212 3456", "+443332123456", PhoneKind.OTHER, id="03 is no mobile"),
    ],
)
def test_a_number_is_read_with_its_kind(typed: str, e164: str, kind: PhoneKind) -> None:
    number = parse_phone(typed, allow_test_numbers=True)
    assert (number.e164, number.kind) == (e164, kind)


@pytest.mark.parametrize("typed", ["07700 900000", "07700 900999", "+447700900123", "01632 960999"])
def test_a_drama_number_is_refused_where_real_families_are_written_to(typed: str) -> None:
    with pytest.raises(PhoneError) as caught:
        parse_phone(typed, allow_test_numbers=False)
    assert caught.value.code == "test_number"


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        pytest.param("", "too_short", "too few digits", id="empty"),
        pytest.param("999", "too_short", "too few digits", id="emergency"),
        pytest.param("0770090012", "invalid_number", "this one 10", id="one digit short, and the message counts"),
        pytest.param("077009001234", "too_long", "this one 12", id="one digit more, and the message counts"),
        pytest.param("4.477E+11", "unknown_character", "scientific notation", id="spoilt by a spreadsheet"),
        pytest.param("07700 900123 / 07700 900124", "unknown_character", "one number only", id="two numbers"),
        pytest.param("07700 900123 (Mum)", "unknown_character", "one number only", id="a word beside it"),
        pytest.param("+44+7700900123", "unknown_character", "one number only", id="two plus signs"),
    ],
)
def test_a_refusal_says_what_is_wrong(typed: str, code: str, words: str) -> None:
    with pytest.raises(PhoneError) as caught:
        parse_phone(typed, allow_test_numbers=True)
    assert caught.value.code == code
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("mistyped", "abroad"),
    [
        pytest.param("04795123456", "+4795123456", id="a Norwegian mobile once its zero is dropped"),
        pytest.param("77009001234", "+77009001234", id="a Kazakh mobile, or ours with a digit too many"),
    ],
)
def test_a_mistyped_national_number_never_becomes_one_in_another_country(mistyped: str, abroad: str) -> None:
    assert parse_phone(abroad, allow_test_numbers=True).e164 == abroad
    with pytest.raises(PhoneError):
        parse_phone(mistyped, allow_test_numbers=True)


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        ("+447700900123", "07700 900123"),
        ("+442079460991", "020 7946 0991"),
        ("+33122334455", "+33 1 22 33 44 55"),
        ("not a number", "not a number"),
    ],
)
def test_staff_see_a_number_as_they_would_write_it(e164: str, shown: str) -> None:
    assert display(e164) == shown


def test_a_log_shows_the_country_two_digits_and_the_last_three() -> None:
    assert masked("+447700900123") == "+44 77•• •••123"
    assert masked("rubbish") == "•••"


@given(st.integers(min_value=0, max_value=999), st.sampled_from(["{}", "{} ", " ({})", "+44 {}", "0044{}", "+44(0){}"]))
@settings(max_examples=100, deadline=None)
def test_every_way_of_writing_a_number_leads_to_one_number(last: int, form: str) -> None:
    national = f"7700900{last:03}"
    typed = form.format(national)
    assert parse_phone(typed, allow_test_numbers=True).e164 == "+44" + national
    assert parse_phone(display("+44" + national), allow_test_numbers=True).e164 == "+44" + national


@given(st.text(alphabet="0123456789+ ()-.x'", max_size=16))
@settings(max_examples=100, deadline=None)
def test_any_text_is_either_a_number_or_an_error_with_words(typed: str) -> None:
    found = ""
    try:
        found = parse_phone(typed, allow_test_numbers=True).e164
    except PhoneError as error:
        found = error.message
    assert found.startswith("+") or typed.strip() in found
