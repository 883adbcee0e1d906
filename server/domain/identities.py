"""Whether a number of a business or an account can be right: SIREN, SIRET, VAT id, IBAN, BIC. Only what a check digit,
a length or an alphabet can say; whether it is somebody's is for registers to know."""

import re
from collections.abc import Iterator

_VAT_ID = re.compile(r"[A-Z]{2,3}[0-9A-Z]{2,13}")
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_IBAN_LENGTHS = {"FR": 27, "DE": 22, "CH": 21, "BE": 16, "LU": 20, "IT": 27, "ES": 24, "AT": 20, "NL": 18}


def compact(text: str) -> str:
    """Without the blanks, dots and dashes that people write into long numbers."""
    return re.sub(r"[\s.\-–]", "", text).upper()


def is_siren(text: str) -> bool:
    return len(text) == 9 and _passes_luhn(text)


def is_siret(text: str, siren: str) -> bool:
    """14 digits that begin with the SIREN."""
    return len(text) == 14 and text.startswith(siren) and _passes_luhn(text)


def french_vat_id(siren: str) -> str:
    """The VAT id that belongs to a SIREN: FR, a key of two digits, the SIREN."""
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02d}{siren}"


def is_vat_id(text: str) -> bool:
    """A country, then letters and digits; a French one with the key that belongs to its SIREN."""
    if text.startswith("FR") and text[2:].isdecimal():
        return is_siren(text[4:]) and text == french_vat_id(text[4:])
    return _VAT_ID.fullmatch(text) is not None


def is_iban(text: str) -> bool:
    """The length of its country where we know it, and the remainder 1 that ISO 13616 asks for."""
    if _IBAN.fullmatch(text) is None or len(text) != _IBAN_LENGTHS.get(text[:2], len(text)):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def is_bic(text: str) -> bool:
    return _BIC.fullmatch(text) is not None


def _passes_luhn(text: str) -> bool:
    return text.isascii() and text.isdecimal() and sum(_luhn(text)) % 10 == 0


def _luhn(digits: str) -> Iterator[int]:
    for index, digit in enumerate(reversed(digits)):
        yield sum(divmod(int(digit) * (1 + index % 2), 10))
