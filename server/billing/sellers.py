"""Who issues the documents, from a day on, and what can be seen to be wrong with the numbers a French seller must print."""

from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import date, datetime

from sqlalchemy import select

from server.billing.dated import add, end_last
from server.billing.errors import BillingError
from server.billing.models import Seller
from server.db import writing
from server.domain import invoicing
from server.domain.identities import french_vat_id, is_bic, is_iban, is_siren, is_siret, is_vat_id

LONGEST_TERM = 45  # days, for a periodic invoice: art. L441-10 I of the code de commerce


def add_seller(
    seller: invoicing.Seller,
    valid_from: date,
    *,
    actor: str,
    now: datetime,
    regime: str = "normal",
    series_prefix: str = "F",
) -> Seller:
    """Who issues from a day on; the one before issues until that day."""
    if not 0 <= seller.payment_days <= LONGEST_TERM:
        raise BillingError(
            "A monthly invoice is payable within %(days)s days (art. L441-10 of the code de commerce).",
            days=LONGEST_TERM,
        )
    values = {**asdict(seller), "regime": regime, "series_prefix": series_prefix, "valid_from": valid_from}
    row = Seller(**values)
    with writing() as session:
        end_last(session.scalars(select(Seller)), valid_from)
        add(row, "seller", values, "", actor, now)
    return row


def problems_of(seller: invoicing.Seller) -> dict[str, BillingError]:
    """By field, what a check digit or an empty line shows to be wrong. A lab's numbers are typed once and printed for
    years. The first problem of a field counts."""
    found: dict[str, BillingError] = {}
    for name, problem in (*_empty(seller), *_wrong(seller)):
        found.setdefault(name, problem)
    return found


def _empty(seller: invoicing.Seller) -> Iterator[tuple[str, BillingError]]:
    for field in fields(seller):
        if getattr(seller, field.name) == "":
            yield field.name, BillingError("It is printed on every invoice and cannot be empty.")


def _wrong(seller: invoicing.Seller) -> Iterator[tuple[str, BillingError]]:
    if not is_siren(seller.siren):
        yield "siren", BillingError("Not a SIREN: 9 digits, of which the last one checks the others.")
    elif seller.country == "FR" and seller.vat_id != french_vat_id(seller.siren):
        yield "vat_id", BillingError("The VAT id of this SIREN is %(vat_id)s.", vat_id=french_vat_id(seller.siren))
    if not is_siret(seller.siret, seller.siren):
        yield "siret", BillingError("Not a SIRET: the SIREN, then 5 digits, of which the last one checks the others.")
    if not is_vat_id(seller.vat_id):
        yield "vat_id", BillingError("Not a VAT id: the country, then its digits, such as FR12345678901.")
    if not is_iban(seller.iban):
        yield "iban", BillingError("Not an IBAN: a digit is wrong or missing.")
    if not is_bic(seller.bic):
        yield "bic", BillingError("Not a BIC: 8 or 11 letters and digits.")
