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
REGIMES = ("normal",)


@dataclass(frozen=True, slots=True)
class Cell:
    """One decision: EN 16931 category, rate in hundredths of a percent, and the words the law wants on the document."""

    regime: str
    treatment: str
    nature: str
    category: str
    rate_bp: int
    mention: str
    valid_from: date
    valid_until: date | None  # first day it no longer holds


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


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the law texts suggest for a cell. It counts only once a named person has put it into the table."""

    treatment: str
    category: str
    rate_bp: int
    mention: str
    reason: str


MACHINE_USE_FROM_FRANCE = (
    Proposal("fr_business", "S", 2000, "", "Service supplied in France to a business established there"),
    Proposal(
        "eu_business",
        "AE",
        0,
        "Autoliquidation – art. 259-1 du CGI, art. 44 et 196 de la directive 2006/112/CE",
        "Business of another EU state with a VAT id and no establishment in France: it owes the VAT at home",
    ),
    Proposal(
        "non_eu_business",
        "O",
        0,
        "TVA non applicable – art. 259-1 du CGI",
        "Business outside the EU with proof of its status: the place of supply is not in France",
    ),
)
"""For a seller of regime ``normal``; the operator's accountant confirms each one."""
