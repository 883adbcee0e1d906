"""Numbers of businesses and accounts: what check digits can say of them, and what to type instead."""

import pytest

from server.people.identities import (
    compact,
    french_vat_id,
    wrong_bic,
    wrong_iban,
    wrong_siren,
    wrong_siret,
    wrong_vat_id,
)

SIREN, SIRET = "000010009", "00001000900017"  # from the zeros that no company has


def test_a_siren_and_its_siret_and_vat_id_fit_together():
    assert wrong_siren(SIREN) is None
    assert wrong_siret(SIRET, SIREN) is None
    assert wrong_vat_id(french_vat_id(SIREN), SIREN) is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("000010008", "one of them is mistyped"),
        ("00001000", "this has 8 signs"),
        ("0000100090", "this has 10 signs"),
        ("", "this has 0 signs"),
        ("00001000a", "has 9 digits"),
        ("０００010009", "has 9 digits"),
    ],
)
def test_a_siren_with_a_wrong_digit_or_length_is_refused_with_what_is_wrong(wrong, said):
    assert said in str(wrong_siren(wrong))


@pytest.mark.parametrize(
    ("siret", "said"),
    [
        ("00001000900018", "mistyped"),
        ("0000100090001", "This has 13 signs"),
        ("00002000800017", "begins with its SIREN"),
    ],
)
def test_a_siret_that_cannot_be_says_why(siret, said):
    assert said in str(wrong_siret(siret, SIREN))


def test_a_post_office_has_a_siret_that_only_its_own_rule_allows():
    assert wrong_siret("35600000049837", "356000000") is None


@pytest.mark.parametrize("iban", ["FR7630006000011234567890189", "DE89370400440532013000", "CH9300762011623852957"])
def test_an_iban_has_the_remainder_one(iban):
    assert wrong_iban(iban) is None
    assert wrong_iban(iban[:-1] + str((int(iban[-1]) + 1) % 10))
    assert wrong_iban(iban[:-1])


@pytest.mark.parametrize("number", ["DE136695976", "BE0428759497", "LU15027442", "CHE107787577MWST", "GB980780684"])
def test_vat_ids_of_the_neighbours_are_known(number):
    assert wrong_vat_id(number) is None


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("DE136695975", "One looks like DE123456788"),
        ("BE0428759498", "One looks like BE0123456749"),
        ("CHE107787577", "has MWST, TVA or IVA behind it"),
        ("CHE107787578MWST", "cannot be a Swiss VAT id"),
        ("FR67000010009", "its key of 2 digits does not fit"),
        ("FR6700001000", "1 missing"),
        ("FR670000100090", "1 too many"),
        ("12345", "two letters of the country"),
        ("", "two letters of the country"),
    ],
)
def test_a_vat_id_that_cannot_be_says_what_to_type(number, said):
    assert said in str(wrong_vat_id(number))


def test_the_vat_id_of_another_siren_is_answered_with_its_own():
    assert "it would be FR66000010009" in str(wrong_vat_id("FR42000001271", SIREN))


def test_a_bic_has_eight_or_eleven_letters_and_digits():
    wrong = [bool(wrong_bic(text)) for text in ("EXEMFRPP", "EXEMFRPPXXX", "EXEMFRPPX", "EXEM1RPP")]

    assert wrong == [False, False, True, True]


def test_what_people_write_into_long_numbers_is_left_out():
    assert compact("fr76 3000-6000\u00a00112.3456") == "FR763000600001123456"
