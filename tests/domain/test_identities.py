"""Numbers of businesses and accounts: what a check digit can say of them."""

import pytest

from server.domain.identities import compact, french_vat_id, is_bic, is_iban, is_siren, is_siret, is_vat_id

SIREN, SIRET = "000010009", "00001000900017"  # from the zeros that no company has


def test_a_siren_and_its_siret_and_vat_id_fit_together():
    assert is_siren(SIREN)
    assert is_siret(SIRET, SIREN)
    assert is_vat_id(french_vat_id(SIREN))


@pytest.mark.parametrize("wrong", ["000010008", "00001000", "0000100090", "", "00001000a", "０００010009"])
def test_a_siren_with_a_wrong_digit_or_length_is_none(wrong):
    assert not is_siren(wrong)


def test_a_siret_of_another_siren_is_wrong():
    assert not is_siret(SIRET, "000000018")


@pytest.mark.parametrize("iban", ["FR7630006000011234567890189", "DE89370400440532013000", "CH9300762011623852957"])
def test_an_iban_has_the_remainder_one(iban):
    assert is_iban(iban)
    assert not is_iban(iban[:-1] + str((int(iban[-1]) + 1) % 10))
    assert not is_iban(iban[:-1])


@pytest.mark.parametrize(
    ("text", "right"),
    [("DE123456789", True), ("CHE000000003MWST", True), ("FR67000010009", False), ("12345", False), ("", False)],
)
def test_a_vat_id_begins_with_its_country_and_a_french_one_has_its_key(text, right):
    assert is_vat_id(text) is right


def test_a_bic_has_eight_or_eleven_letters_and_digits():
    assert [is_bic(text) for text in ("EXEMFRPP", "EXEMFRPPXXX", "EXEMFRPPX", "EXEM1RPP")] == [True, True, False, False]


def test_what_people_write_into_long_numbers_is_left_out():
    assert compact("fr76 3000-6000\u00a00112.3456") == "FR763000600001123456"
