"""What keeps a document from being issued: a closed list of reasons, each with what somebody needs to put it right.

The command line says them in English; pages say them in the reader's language, with the way on.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from server.domain.invoicing import Buyer, Extra, Item, sold
from server.domain.items import BillItem
from server.domain.rating import MissingPrice, NotMeasured, Rated, RatedSession
from server.domain.supplies import MissingItemPrice
from server.domain.vat import PROVEN, SIREN_NEEDED, MissingCell


class Why(StrEnum):
    PRICE = "price"
    NOT_MEASURED = "not_measured"
    ITEM_PRICE = "item_price"  # of material, somebody's time or a booking
    VAT_CELL = "vat_cell"
    TREATMENT = "treatment"
    VAT_ID = "vat_id"
    SIREN = "siren"
    PROOF = "proof"  # of the status for which no VAT is charged
    SERVICE_CODE = "service_code"
    ORDER = "order"  # the customer asks for one on each invoice
    ORDER_USED_UP = "order_used_up"
    MIXED = "mixed"
    ORIGINAL = "original"  # of a credit note: the number of the invoice that another system made of a statement
    REFUSED = "refused"
    EINVOICE = "einvoice"  # what its own checks or those of the norm find wrong with it
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
    label: str = ""  # of the item without a price
    findings: tuple[tuple[str, str], ...] = ()  # what is wrong with the document: rule, and what stands there

    def __str__(self) -> str:
        findings = "; ".join(": ".join(one) for one in self.findings)
        return _SENTENCES[Why(self.why)].format(hold=self, findings=findings)


_SENTENCES = {
    Why.PRICE: "no price for machine {hold.machine} ({hold.category}) "
    "and tenants of kind {hold.tenant_kind} on {hold.day}",
    Why.NOT_MEASURED: "machine {hold.machine} did not tell on {hold.day} the time that its price is for",
    Why.ITEM_PRICE: "no price for {hold.label} and tenants of kind {hold.tenant_kind} on {hold.day}",
    Why.VAT_CELL: "no VAT cell for seller regime {hold.regime}, treatment {hold.treatment}, "
    "nature {hold.nature} on {hold.day}",
    Why.TREATMENT: "no VAT treatment of this establishment on {hold.day}",
    Why.VAT_ID: "reverse charge needs the VAT id of {hold.name}",
    Why.SIREN: "a French business is billed with its SIREN, and {hold.name} has none on record",
    Why.PROOF: "{hold.name} is billed without VAT as a business abroad, and nobody has seen a proof of its status within "
    "twelve months",
    Why.SERVICE_CODE: "{hold.name} refuses invoices without its service code, and none is on record",
    Why.ORDER: "{hold.name} refuses invoices without an order number, and there is none for {hold.day}",
    Why.ORDER_USED_UP: "order {hold.label} of {hold.name} does not cover this bill any more",
    Why.MIXED: "services outside the scope of VAT cannot stand on one document with others",
    Why.ORIGINAL: "the number of the invoice that was made of {hold.label} is not typed in, and a credit note must name it",
    Why.REFUSED: "{hold.name} refused a session of {hold.day}, and nobody has answered",
    Why.EINVOICE: "the invoice of {hold.name} is not valid: {findings}",
    Why.NOTHING: "it comes to 0.00 €, and nothing is not invoiced",
}


def holds(
    items: Sequence[Item | Extra], buyer: Buyer, refused: Sequence[Rated] = (), *, is_proven: bool = True
) -> list[Hold]:
    """Why this document cannot be issued, each reason once, with its first day. Empty when it can. ``refused``: those of
    its sessions that their payer does not want to pay for, while nobody has answered; ``is_proven``: somebody has seen
    within a year that the buyer is the business abroad as which it is treated."""
    found = [hold for item in items for hold in _of_price(item, buyer)]
    found += [_of_cell(item.vat, item, buyer) for item in items if isinstance(item.vat, MissingCell)]
    found += [_of_refusal(rated, buyer) for rated in refused]
    billable = sold(items)
    categories = {one.vat.category for one in billable}
    found += _of_buyer(buyer, categories, {item.treatment for item in items}, is_proven)
    if "O" in categories and len(categories) > 1:
        found.append(Hold(Why.MIXED, buyer.legal_name))
    if not found and sum(one.net_cents for one in billable) == 0:
        found.append(Hold(Why.NOTHING, buyer.legal_name))
    return _once(found)


def _of_buyer(
    buyer: Buyer, categories: AbstractSet[str], treatments: AbstractSet[str | None], is_proven: bool
) -> Iterator[Hold]:
    """What a document with these categories of VAT needs of whom it is for."""
    if "AE" in categories and not buyer.vat_id:
        yield Hold(Why.VAT_ID, buyer.legal_name)
    if not buyer.siren and treatments & SIREN_NEEDED:
        yield Hold(Why.SIREN, buyer.legal_name)
    if not is_proven and categories & PROVEN:
        yield Hold(Why.PROOF, buyer.legal_name)
    if buyer.needs_service_code and not buyer.service_code:
        yield Hold(Why.SERVICE_CODE, buyer.legal_name)


def _with(first: Hold, more: Hold) -> Hold:
    return replace(first, seconds=first.seconds + more.seconds, cents=first.cents + more.cents)


def _of_price(item: Item | Extra, buyer: Buyer) -> Iterator[Hold]:
    match item:
        case Item(rated=MissingPrice() | NotMeasured() as missing):
            session = missing.session
            yield Hold(
                Why.PRICE if isinstance(missing, MissingPrice) else Why.NOT_MEASURED,
                buyer.legal_name,
                session.day,
                machine=session.machine,
                category=session.category,
                tenant_kind=session.tenant_kind,
                seconds=session.counting_s,
            )
        case Extra(item=MissingItemPrice() as lacking):
            label = lacking.labels["fr"]
            yield Hold(Why.ITEM_PRICE, buyer.legal_name, lacking.day, tenant_kind=lacking.tenant_kind, label=label)


def _of_refusal(rated: Rated, buyer: Buyer) -> Hold:
    cents = rated.net_cents if isinstance(rated, RatedSession) else 0
    return Hold(Why.REFUSED, buyer.legal_name, rated.session.day, seconds=rated.session.counting_s, cents=cents)


def _of_cell(cell: MissingCell, item: Item | Extra, buyer: Buyer) -> Hold:
    seconds, cents = _waits(item)
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


def _waits(item: Item | Extra) -> tuple[int, int]:
    """The seconds and cents that wait, as far as they are known."""
    if isinstance(item, Extra):
        return 0, item.item.net_cents if isinstance(item.item, BillItem) else 0
    return item.rated.session.counting_s, item.rated.net_cents if isinstance(item.rated, RatedSession) else 0


def _once(found: Iterable[Hold]) -> list[Hold]:
    """Each reason once, with its first day, and all that waits for it."""
    once: dict[tuple[str, ...], Hold] = {}
    for hold in sorted(found, key=lambda one: one.day or date.min):
        key = (hold.why, hold.machine, hold.tenant_kind, hold.regime, hold.treatment, hold.nature, hold.label)
        before = once.get(key)
        once[key] = hold if before is None else _with(before, hold)
    order = list(Why)
    return sorted(once.values(), key=lambda one: order.index(Why(one.why)))
