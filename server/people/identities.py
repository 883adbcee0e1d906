"""Whether a number of a business or an account can be right: SIREN, SIRET, VAT id, IBAN, BIC. Only what check digits,
lengths and alphabets can say; whether it is somebody's is for registers to know. Each refusal says what to type.

The knowledge of the formats is that of python-stdnum and schwifty, which know every country's.
"""

import re

from schwifty import BIC, IBAN
from stdnum.ch import uid as swiss_uid
from stdnum.ch import vat as swiss_vat
from stdnum.eu import vat as eu_vat
from stdnum.fr import siren as fr_siren
from stdnum.fr import siret as fr_siret
from stdnum.fr import tva

from server.people.rows import PeopleError


def compact(text: str) -> str:
    """Without the blanks, dots and dashes that people write into long numbers."""
    return re.sub(r"[\s.\-–]", "", text).upper()


def french_vat_id(siren: str) -> str:
    """The VAT id that belongs to a SIREN: FR, a key of two digits, the SIREN."""
    return f"FR{fr_siren.to_tva(siren)}"


def wrong_siren(text: str) -> PeopleError | None:
    if len(text) != 9 or not _digits(text):
        return PeopleError("A SIREN has 9 digits; this has %(count)s signs.", count=len(text))
    if not fr_siren.is_valid(text):
        return PeopleError("These 9 digits do not go together: one of them is mistyped.")
    return None


def wrong_siret(text: str, siren: str) -> PeopleError | None:
    """14 digits that begin with the SIREN, where there is one."""
    if len(text) != 14 or not _digits(text):
        return PeopleError(
            "A SIRET has 14 digits: the SIREN, then 5 of the place. This has %(count)s signs.", count=len(text)
        )
    if siren and not text.startswith(siren):
        return PeopleError("A SIRET begins with its SIREN: %(siren)s and 5 more digits.", siren=siren)
    if not fr_siret.is_valid(text):
        return PeopleError("These 14 digits do not go together: one of them is mistyped.")
    return None


def wrong_vat_id(text: str, siren: str = "") -> PeopleError | None:
    """A number of France, of another EU state, or of Switzerland; of the rest of the world only that it looks like one."""
    country = text[:2]
    if country == "FR":
        return _wrong_french(text, siren)
    if text.startswith("CHE"):
        return _wrong_swiss(text)
    if country.lower() in (*eu_vat.MEMBER_STATES, "el", "xi"):
        if eu_vat.is_valid(text):
            return None
        example = _EXAMPLES.get(country)
        if example is None:
            return PeopleError("This cannot be a VAT id of %(country)s: a digit is wrong or missing.", country=country)
        return PeopleError(
            "This cannot be a VAT id of %(country)s: a digit is wrong or missing. One looks like %(example)s.",
            country=country,
            example=example,
        )
    if re.fullmatch(r"[A-Z]{2,3}[0-9A-Z]{2,13}", text) is None:
        return PeopleError("This cannot be a VAT id: two letters of the country, then its digits.")
    return None


_EXAMPLES = {"DE": "DE123456788", "BE": "BE0123456749", "LU": "LU12345613", "AT": "ATU12345675", "NL": "NL123456782B01"}


def _wrong_french(text: str, siren: str) -> PeopleError | None:
    count = len(text) - 13
    if count < 0:
        return PeopleError("FR, a key of 2 digits, then the 9 of the SIREN: %(count)s missing.", count=-count)
    if count > 0:
        return PeopleError("FR, a key of 2 digits, then the 9 of the SIREN: %(count)s too many.", count=count)
    if siren and wrong_siren(siren) is None and text != french_vat_id(siren):
        return PeopleError("With this SIREN it would be %(number)s.", number=french_vat_id(siren))
    if not tva.is_valid(text):
        return PeopleError("This cannot be a French VAT id: its key of 2 digits does not fit the SIREN.")
    return None


def _wrong_swiss(text: str) -> PeopleError | None:
    """A UID with MWST, TVA or IVA behind it; without these letters it is the business's number, and no VAT id yet."""
    if swiss_vat.is_valid(text):
        return None
    if swiss_uid.is_valid(text):
        return PeopleError("That is the UID. The VAT id has MWST, TVA or IVA behind it: CHE-123.456.788 MWST.")
    return PeopleError(
        "This cannot be a Swiss VAT id: CHE, 9 digits of which the last one checks the others, then MWST."
    )


def wrong_iban(text: str) -> PeopleError | None:
    if IBAN(text, allow_invalid=True).is_valid:
        return None
    return PeopleError("Not an IBAN: a digit is wrong or missing.")


def wrong_bic(text: str) -> PeopleError | None:
    if BIC(text, allow_invalid=True).is_valid:
        return None
    return PeopleError("Not a BIC: 8 or 11 letters and digits.")


def _digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()
