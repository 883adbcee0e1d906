"""Which VAT a line bears: a dated table that a named person decided, cell by cell, and never the customer's country.

seller's regime × treatment of the establishment that is billed × nature of the supply → category, rate, mention.
An empty cell is a value: it holds the document and says which cell somebody must decide.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Nature(StrEnum):
    """What is supplied."""

    MACHINE_USE = "machine_use"
    MACHINE_USE_WITH_ROOM = "machine_use_with_room"  # an exclusive room or bench rented with it
    OPEN_COURSE = "open_course"  # anybody may enrol
    TENANT_TRAINING = "tenant_training"  # ordered by one tenant
    OPERATOR_SERVICE = "operator_service"
    GOODS = "goods"  # handed over
    MATERIAL_IN_SERVICE = "material_in_service"  # ancillary to the use of a machine
    SUBSCRIPTION = "subscription"
    FEE = "fee"  # not kept, lost badge
    VOUCHER = "voucher"


class Treatment(StrEnum):
    """How an establishment can be treated. Decided for each with a reason; none follows from a country by itself."""

    FR_BUSINESS = "fr_business"
    FR_PUBLIC = "fr_public"  # a public body: paid within 30 days, through Chorus
    FR_ESTABLISHMENT = "fr_establishment"  # of a foreign business: own staff and means here that use the service
    EU_BUSINESS = "eu_business"
    NON_EU_BUSINESS = "non_eu_business"
    FOREIGN_NON_TAXABLE = "foreign_non_taxable"
    PRIVATE = "private"


TAXED = "S"  # the category with a rate above zero
CATEGORIES = (TAXED, "AE", "O", "E")  # of EN 16931, those a French workshop meets
PROVEN = frozenset({"AE", "O"})  # nothing is charged here because of who the customer is: that must be proven
SIREN_NEEDED = frozenset({Treatment.FR_BUSINESS, Treatment.FR_PUBLIC, Treatment.FR_ESTABLISHMENT})


class Regime(StrEnum):
    """How the seller itself stands towards VAT."""

    NORMAL = "normal"
    FRANCHISE = "franchise"  # small business: art. 293 B of the CGI, no VAT charged


REGIMES = tuple(Regime)


class Customer(StrEnum):
    """Whom the law of payments sees: which term, which interest, and whether prices are shown with VAT."""

    BUSINESS = "business"
    PUBLIC = "public"
    PRIVATE = "private"


def customer(treatment: str | None) -> Customer:
    """From the treatment of the establishment. Whoever is not taxable is protected like a private person: neither the
    interest nor the fixed indemnity between traders is asked of them."""
    match treatment:
        case Treatment.FR_PUBLIC:
            return Customer.PUBLIC
        case Treatment.PRIVATE | Treatment.FOREIGN_NON_TAXABLE:
            return Customer.PRIVATE
        case _:
            return Customer.BUSINESS


def buyer_kind(treatment: str) -> str:
    """As whom a document names its buyer: established here, a public body, private, or from abroad. Invoices to the first two are
    electronic ones, those to the others are reported."""
    match treatment:
        case Treatment.FR_BUSINESS | Treatment.FR_ESTABLISHMENT:
            return "FR"
        case Treatment.EU_BUSINESS | Treatment.NON_EU_BUSINESS:
            return "INT"
        case Treatment.FR_PUBLIC:
            return "PUB"
        case _:
            return "PRIV" if treatment == Treatment.PRIVATE else "EXT"


_OF_THE_EU = frozenset({Treatment.EU_BUSINESS, Treatment.FR_ESTABLISHMENT})
_DECLARED = frozenset(Nature) - {Nature.OPEN_COURSE, Nature.GOODS, Nature.MACHINE_USE_WITH_ROOM}


def in_services_declaration(category: str, treatment: str | None, nature: str) -> bool:
    """Whether a line belongs in the monthly declaration of services to businesses of the EU (DES): those for which the
    customer owes the VAT under the general rule. Courses and rooms are taxed where they are, goods are not services. Who
    opens an establishment here during a month has been a business of the EU before: the category of the line tells."""
    return category == "AE" and treatment in _OF_THE_EU and nature in _DECLARED


def reason_code(regime: str, category: str, nature: str) -> str:
    """Why no VAT is charged, as electronic invoices say it (code list VATEX); empty where it is, and for an exemption of
    which nothing is known here. A workshop meets two: the small business's, and that of vocational training."""
    if category != "E":
        return {"AE": "VATEX-EU-AE", "O": "VATEX-EU-O"}.get(category, "")
    if regime == Regime.FRANCHISE:
        return "VATEX-FR-FRANCHISE"
    return "VATEX-FR-CGI261-4" if nature in {Nature.OPEN_COURSE, Nature.TENANT_TRAINING} else ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One decision: EN 16931 category, rate in hundredths of a percent, the words the law wants on the document, and the
    code of the reason why no VAT is charged (VATEX, for electronic invoices)."""

    regime: str
    treatment: str
    nature: str
    category: str
    rate_bp: int
    mention: str
    valid_from: date
    valid_until: date | None  # first day it no longer holds
    vatex: str = ""


@dataclass(frozen=True, slots=True)
class MissingCell:
    """Nobody has decided this. ``treatment`` is None where the establishment itself has none on that day."""

    regime: str
    treatment: str | None
    nature: str
    day: date

    def __str__(self) -> str:
        if self.treatment is None:
            return f"no VAT treatment of this establishment on {self.day}"
        return (
            f"no VAT cell for seller regime {self.regime}, treatment {self.treatment}, "
            f"nature {self.nature} on {self.day}"
        )


def decide(cells: Iterable[Cell], regime: str, treatment: str | None, nature: Nature, day: date) -> Cell | MissingCell:
    """The cell in force on a day; of two the later one."""
    fitting = [
        cell
        for cell in cells
        if (cell.regime, cell.treatment, cell.nature) == (regime, treatment, nature)
        and cell.valid_from <= day
        and (cell.valid_until is None or day < cell.valid_until)
    ]
    return max(fitting, key=lambda cell: cell.valid_from, default=MissingCell(regime, treatment, nature, day))
