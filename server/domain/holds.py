"""What keeps a document from being issued: a closed list of reasons, each with what somebody needs to put it right.

The command line says them in English; pages say them in the reader's language, with the way on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from server.domain.invoicing import Buyer, Item, sold
from server.domain.rating import MissingPrice, RatedSession
from server.domain.vat import MissingCell


class Why(StrEnum):
    PRICE = "price"
    VAT_CELL = "vat_cell"
    TREATMENT = "treatment"
    VAT_ID = "vat_id"
    SIREN = "siren"
    MIXED = "mixed"
    REFUSED = "refused"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason, and what it is about: the machine and kind of tenant without a price, the VAT cell without a decision."""

    why: str
    name: str  # of the establishment
    day: date | None = None  # the first one on which it shows
    machine: str = ""
    category: str = ""
    tenant_kind: str = ""
    regime: str = ""
    treatment: str = ""
    nature: str = ""
    seconds: int = 0  # of the sessions that wait for it
    cents: int = 0  # what they come to, where only their VAT is not known

    def __str__(self) -> str:
        match self.why:
            case Why.PRICE:
                return (
                    f"no price for machine {self.machine} ({self.category}) "
                    f"and tenants of kind {self.tenant_kind} on {self.day}"
                )
            case Why.VAT_CELL:
                return (
                    f"no VAT cell for seller regime {self.regime}, treatment {self.treatment}, "
                    f"nature {self.nature} on {self.day}"
                )
            case Why.TREATMENT:
                return f"no VAT treatment of this establishment on {self.day}"
            case Why.VAT_ID:
                return f"reverse charge needs the VAT id of {self.name}"
            case Why.SIREN:
                return f"a French business is billed with its SIREN, and {self.name} has none on record"
            case Why.REFUSED:
                return f"{self.name} refused a session of {self.day}, and nobody has answered"
            case Why.MIXED:
                return "services outside the scope of VAT cannot stand on one document with others"
            case _:
                return "it comes to 0.00 €, and nothing is not invoiced"


def holds(items: Sequence[Item], buyer: Buyer, refused: Sequence[RatedSession | MissingPrice] = ()) -> list[Hold]:
    """Why this document cannot be issued, each reason once, with its first day. Empty when it can. ``refused``: those of
    its sessions that their payer does not want to pay for, while nobody has answered."""
    found = [_of_price(item.rated, buyer) for item in items if isinstance(item.rated, MissingPrice)]
    found += [_of_cell(item.vat, item.rated, buyer) for item in items if isinstance(item.vat, MissingCell)]
    found += [_of_refusal(rated, buyer) for rated in refused]
    billable = sold(items)
    categories = {one.vat.category for one in billable}
    if "AE" in categories and not buyer.vat_id:
        found.append(Hold(Why.VAT_ID, buyer.legal_name))
    if not buyer.siren and any(item.treatment == "fr_business" for item in items):
        found.append(Hold(Why.SIREN, buyer.legal_name))
    if "O" in categories and len(categories) > 1:
        found.append(Hold(Why.MIXED, buyer.legal_name))
    if not found and sum(one.rated.net_cents for one in billable) == 0:
        found.append(Hold(Why.NOTHING, buyer.legal_name))
    return _once(found)


def _with(first: Hold, more: Hold) -> Hold:
    return replace(first, seconds=first.seconds + more.seconds, cents=first.cents + more.cents)


def _of_price(missing: MissingPrice, buyer: Buyer) -> Hold:
    session = missing.session
    return Hold(
        Why.PRICE,
        buyer.legal_name,
        session.day,
        machine=session.machine,
        category=session.category,
        tenant_kind=session.tenant_kind,
        seconds=session.counting_s,
    )


def _of_refusal(rated: RatedSession | MissingPrice, buyer: Buyer) -> Hold:
    cents = rated.net_cents if isinstance(rated, RatedSession) else 0
    return Hold(Why.REFUSED, buyer.legal_name, rated.session.day, seconds=rated.session.counting_s, cents=cents)


def _of_cell(cell: MissingCell, rated: RatedSession | MissingPrice, buyer: Buyer) -> Hold:
    seconds, cents = rated.session.counting_s, rated.net_cents if isinstance(rated, RatedSession) else 0
    if cell.treatment is None:
        return Hold(Why.TREATMENT, buyer.legal_name, cell.day, seconds=seconds, cents=cents)
    return Hold(
        Why.VAT_CELL,
        buyer.legal_name,
        cell.day,
        regime=cell.regime,
        treatment=cell.treatment,
        nature=cell.nature,
        seconds=seconds,
        cents=cents,
    )


def _once(found: Iterable[Hold]) -> list[Hold]:
    """Each reason once, with its first day, and all that waits for it."""
    once: dict[tuple[str, ...], Hold] = {}
    for hold in sorted(found, key=lambda one: one.day or date.min):
        key = (hold.why, hold.machine, hold.tenant_kind, hold.regime, hold.treatment, hold.nature)
        before = once.get(key)
        once[key] = hold if before is None else _with(before, hold)
    order = list(Why)
    return sorted(once.values(), key=lambda one: order.index(Why(one.why)))
