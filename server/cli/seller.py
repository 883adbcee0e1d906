"""Who issues the invoices, as a small file that `prolab init` writes to be filled in and `prolab seller` reads."""

import tomllib
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any

from server.billing.errors import BillingError
from server.billing.sellers import MAY_BE_EMPTY, problems_of
from server.domain.invoicing import Seller
from wire.codec import WireError, from_plain

TEMPLATE = """\
# Who issues the invoices: what the law wants printed of a French seller. Fill it in, then run: prolab seller seller.toml
valid_from = {today}       # invoices from this day on name this seller
trade_name = ""               # as customers know it
legal_name = ""               # with its legal form: … SAS
capital = ""                  # 10 000 €
street = ""
postcode = ""
city = ""
country = "FR"
siren = ""                    # 9 digits
siret = ""                    # 14 digits
rcs = ""                      # Mulhouse 123 456 789
vat_id = ""                   # FR and 11 digits
iban = ""
bic = ""
vat_on_debits = false         # true only with the option for paying the tax on invoicing
regime = "normal"             # or "franchise": art. 293 B, no VAT is charged
declares = "monthly"          # or "quarterly", "simplified": how often VAT is declared
mode = "issue"                # or "statement": another system makes the invoices, this one its lines
email = ""                    # may stay empty
phone = ""                    # may stay empty
payment_days = 30             # of companies: 45 at most on monthly invoices
payment_days_public = 30      # of public bodies: 30 at most
payment_days_private = 30
late_rate = "trois fois le taux d’intérêt légal"
"""


def read(file: Path) -> tuple[Seller, date]:
    """The seller in a file, and from which day. BillingError names the field and what is wrong with it."""
    try:
        plain: dict[str, Any] = tomllib.loads(file.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BillingError(f"{file}: {error}") from None
    valid_from = plain.pop("valid_from", None)
    if type(valid_from) is not date:
        raise BillingError(f"{file}: valid_from: a day is wanted, written 2026-10-01")
    if unknown := plain.keys() - {field.name for field in fields(Seller)}:
        named = ", ".join(sorted(unknown))
        raise BillingError(f"{file}: not a field of a seller: {named}")
    if empty := [name for name, value in plain.items() if value == "" and name not in MAY_BE_EMPTY]:
        named = ", ".join(empty)
        raise BillingError(f"{file}: still empty: {named}")
    try:
        seller = from_plain(Seller, plain)
    except WireError as error:
        raise BillingError(f"{file}: {error}") from None
    lines = [f"{file}: {name}: {problem}" for name, problem in problems_of(seller).items()]
    if lines:
        told = "\n".join(lines)
        raise BillingError(told)
    return seller, valid_from
