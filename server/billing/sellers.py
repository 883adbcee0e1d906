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
from server.domain.duties import Declares
from server.domain.refusals import Refusal
from server.domain.vat import Regime
from server.jobs import service as jobs
from server.people.identities import french_vat_id, wrong_bic, wrong_iban, wrong_siren, wrong_siret, wrong_vat_id

LONGEST_TERM = 45  # days, for a periodic invoice: art. L441-10 I al. 4 of the code de commerce
LONGEST_PUBLIC = 30  # days, of public bodies: art. R2192-10 of the code de la commande publique
MODES = ("issue", "statement")
LATE_RATES = (  # of companies: at least three times the legal rate, or what L441-10 II says where nothing is agreed
    "trois fois le taux d’intérêt légal",
    "taux de refinancement de la Banque centrale européenne majoré de 10 points",
)
MAY_BE_EMPTY = frozenset({"email", "phone", "vat_id", "capital", "rcs"})  # a small business need not have a VAT id, an
# association has neither capital nor a place in the register of trade


def add_seller(
    seller: invoicing.Seller,
    valid_from: date,
    *,
    actor: str,
    now: datetime,
    series_prefix: str = "F",
) -> Seller:
    """Who issues from a day on; the one before issues until that day."""
    for problem in (*_terms(seller), *_choices(seller)):
        raise problem[1]
    values = {**asdict(seller), "series_prefix": series_prefix, "valid_from": valid_from}
    row = Seller(**values)
    with writing() as session:
        others = select(Seller.id).where(Seller.series_prefix == series_prefix, Seller.siren != seller.siren)
        if session.scalar(others.limit(1)) is not None:
            raise BillingError(
                "Another seller's numbers begin with %(prefix)s: choose one of its own.", prefix=series_prefix
            )
        end_last(session.scalars(select(Seller)), valid_from)
        add(row, "seller", values, "", actor, now)
        jobs.announce("document", f"seller:{row.id}", now)
        jobs.announce("access", f"seller:{row.id}", now)  # its regime says at which VAT private persons are told prices
    return row


def problems_of(seller: invoicing.Seller) -> dict[str, Refusal]:
    """By field, what a check digit, an empty line or the law of payments shows to be wrong. A lab's numbers are typed once
    and printed for years. The first problem of a field counts."""
    found: dict[str, Refusal] = {}
    for name, problem in (*_empty(seller), *_wrong(seller), *_terms(seller), *_choices(seller)):
        found.setdefault(name, problem)
    return found


def _empty(seller: invoicing.Seller) -> Iterator[tuple[str, Refusal]]:
    for field in fields(seller):
        needed = field.name not in MAY_BE_EMPTY or (field.name == "vat_id" and seller.regime != Regime.FRANCHISE)
        if needed and getattr(seller, field.name) == "":
            yield field.name, BillingError("It is printed on every document and cannot be empty.")


def _wrong(seller: invoicing.Seller) -> Iterator[tuple[str, Refusal]]:
    if wrong := wrong_siren(seller.siren):
        yield "siren", wrong
    elif seller.country == "FR" and seller.vat_id and seller.vat_id != french_vat_id(seller.siren):
        yield "vat_id", BillingError("The VAT id of this SIREN is %(vat_id)s.", vat_id=french_vat_id(seller.siren))
    checked = {
        "siret": wrong_siret(seller.siret, seller.siren),
        "vat_id": wrong_vat_id(seller.vat_id, seller.siren) if seller.vat_id else None,
        "iban": wrong_iban(seller.iban),
        "bic": wrong_bic(seller.bic),
    }
    yield from ((name, problem) for name, problem in checked.items() if problem)


def _terms(seller: invoicing.Seller) -> Iterator[tuple[str, Refusal]]:
    """What the law of payments forbids, with its article."""
    if not 0 <= seller.payment_days <= LONGEST_TERM:
        yield (
            "payment_days",
            BillingError(
                "A monthly invoice is payable within %(days)s days (art. L441-10 I al. 4 of the code de commerce).",
                days=LONGEST_TERM,
            ),
        )
    if not 0 <= seller.payment_days_public <= LONGEST_PUBLIC:
        yield (
            "payment_days_public",
            BillingError(
                "A public body pays within %(days)s days (art. R2192-10 of the code de la commande publique).",
                days=LONGEST_PUBLIC,
            ),
        )
    if not 0 <= seller.payment_days_private <= LONGEST_TERM:
        yield "payment_days_private", BillingError("Between 0 and %(days)s days.", days=LONGEST_TERM)


def _choices(seller: invoicing.Seller) -> Iterator[tuple[str, Refusal]]:
    if seller.mode not in MODES:
        yield "mode", BillingError("A seller issues invoices, or statements for a system that does.")
    if seller.regime not in set(Regime):
        yield "regime", BillingError("A seller's regime is normal, or franchise.")
    if seller.declares not in set(Declares):
        yield (
            "declares",
            BillingError("A seller declares its VAT every month, every quarter, or under the simplified regime."),
        )
    if seller.regime == Regime.FRANCHISE and seller.vat_on_debits:
        yield "vat_on_debits", BillingError("Who charges no VAT has none that could be due on invoicing.")
