"""What is printed on badges: which cards a typed number can mean, and when it means one."""

import pytest

from server.domain.card_numbers import Form, NoCard, meanings, only_card

PRINTED = [("0C008471FD", "008471FD", "0008679933", "132,29181"), ("1C0044CF23", "0044CF23", "0004509475", "068,53027")]


def ids(text):
    found = meanings(text)
    return set() if isinstance(found, NoCard) else {card for meaning in found for card in meaning.card_ids()}


def forms(text):
    found = meanings(text)
    assert not isinstance(found, NoCard)
    return [meaning.form for meaning in found]


@pytest.mark.parametrize(("hex10", "hex8", "ten", "w26"), PRINTED)
def test_every_number_printed_on_a_card_can_mean_that_card(hex10, hex8, ten, w26):
    card = f"em4100:{hex10}"

    assert all(card in ids(text) for text in (hex10, hex8, ten, w26, f"{ten} {w26}", hex10.lower(), f" {ten} "))


def test_a_reader_that_types_the_printed_number_is_thought_of():
    assert "printed10:0008679933" in ids("0008679933") & ids("008471FD") & ids("0008679933 132,29181")


@pytest.mark.parametrize(("hex10", "hex8", "ten", "w26"), PRINTED)
def test_only_the_ten_hex_digits_name_one_card(hex10, hex8, ten, w26):
    assert only_card(hex10) == f"em4100:{hex10}"
    assert [only_card(text) for text in (hex8, ten, w26, f"{ten} {w26}")] == [None] * 4


def test_how_many_cards_bear_the_same_printed_number():
    assert [meanings(text)[0].count for text in ("62E3086CED", "0004509475 068,53027", "068,53027")] == [1, 256, 65_536]
    assert len(ids("068,53027")) == 65_536


@pytest.mark.parametrize(
    ("text", "card"),
    [
        ("04782E21801D80", "iso14443a:04782E21801D80"),
        ("04:78:2e:21:80:1d:80", "iso14443a:04782E21801D80"),
        ("04 78 2E 21 80 1D 80", "iso14443a:04782E21801D80"),
        ("0102030405060708090A", "iso14443a:0102030405060708090A"),
        ("DE:AD:BE:EF", "iso14443a:DEADBEEF"),
    ],
)
def test_a_uid_names_one_card(text, card):
    assert only_card(text) == card


def test_eight_hex_digits_may_be_either_kind_of_card():
    assert forms("DEADBEEF") == [Form.UID, Form.HEX8]
    assert only_card("DEADBEEF") is None
    assert {"iso14443a:DEADBEEF", "em4100:62DEADBEEF"} <= ids("DEADBEEF")


def test_ten_decimal_digits_may_be_hex_digits_too_unless_they_are_too_large_for_the_printed_number():
    assert forms("0008679933") == [Form.HEX10, Form.PRINTED10]
    assert forms("9999999999") == [Form.HEX10]
    assert only_card("9999999999") == "em4100:9999999999"


def test_zeros_left_away_are_no_matter():
    assert ids("008679933") == ids("0008679933") - {"em4100:0008679933"}
    assert ids("68,53027") == ids("068,53027")


def test_of_two_numbers_on_one_card_the_one_finds_a_slip_in_the_other():
    assert meanings("0008679933 132,29182") is NoCard.CONTRADICTS_ITSELF
    assert meanings("9999999999 132,29181") is NoCard.CONTRADICTS_ITSELF


@pytest.mark.parametrize(
    "text",
    [
        "",
        "badge 7",
        "12345",
        "62E3086CE",
        "62E3086CEG",
        "256,1",
        "1,65536",
        "０００８６７９９３３",
        "1,2,3",
        "62E3:086CED",
    ],
)
def test_what_is_no_number_of_a_card_is_told(text):
    assert meanings(text) is NoCard.UNKNOWN_FORM
    assert only_card(text) is None


@pytest.mark.parametrize("text", ["FFFFFFFFFF", "00:00:00:00", "FF:FF:FF:FF:FF:FF:FF"])
def test_a_blank_card_is_told(text):
    assert meanings(text) is NoCard.BLANK


def test_a_made_up_number_is_told_and_leaves_the_other_kind_of_card():
    assert meanings("08:12:34:56") is NoCard.RANDOM
    assert forms("08123456") == [Form.HEX8]
