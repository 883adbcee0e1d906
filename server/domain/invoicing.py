"""From rated sessions and items to what a document says: lines by cost centre and machine, totals, legal mentions.

A document names organisations, cost centres and machines, and never a person.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from server.domain.items import BillItem
from server.domain.lines import Line, Piece, gathered, of_item, of_session
from server.domain.mentions import Said, Steps, natural, sentences, steps_of
from server.domain.money import Net, Totals, totals
from server.domain.rating import Rated, RatedSession
from server.domain.supplies import MissingItemPrice
from server.domain.tariffs import Rule
from server.domain.vat import TAXED, Cell, MissingCell, customer


@dataclass(frozen=True, slots=True)
class Seller:
    """Who issues, with everything the law wants printed of them."""

    trade_name: str
    legal_name: str
    capital: str
    street: str
    postcode: str
    city: str
    country: str
    siren: str
    siret: str
    rcs: str
    vat_id: str
    iban: str
    bic: str
    vat_on_debits: bool
    payment_days: int  # of companies
    late_rate: str  # of companies, in words, as printed
    regime: str = "normal"  # domain.vat.Regime
    mode: str = "issue"  # or "statement": another system invoices
    email: str = ""
    phone: str = ""
    payment_days_public: int = 30
    payment_days_private: int = 30
    declares: str = "monthly"  # domain.duties.Declares


@dataclass(frozen=True, slots=True)
class Buyer:
    """The establishment that is billed, and how its tenant reads."""

    tenant: str
    legal_name: str
    street: str
    postcode: str
    city: str
    country: str
    siren: str | None
    vat_id: str | None
    siret: str | None = None
    service_code: str | None = None  # of a public body
    needs_service_code: bool = False
    email: str | None = None  # invoices go to
    wants_einvoice: bool = False  # though no law here asks for one
    tenant_kind: str = "company"
    language: str = "fr"


@dataclass(frozen=True, slots=True)
class Item:
    """One session on its way to a document: who pays, on which machine, until when, and how it was priced.

    ``on_behalf_of`` names the tenant when another one's establishment pays, and is empty otherwise.
    """

    payer: str
    on_behalf_of: str
    cost_centre: str
    machine_name: str
    ended_at: datetime
    end_day: date
    rated: Rated
    vat: Cell | MissingCell
    treatment: str | None
    round: int = 0  # one more after each credit note that lets it be charged anew

    @property
    def subject(self) -> str:
        return self.rated.session.id

    @property
    def nature(self) -> str:
        return self.vat.nature


@dataclass(frozen=True, slots=True)
class Extra:
    """One item that is not a session, on its way to a document."""

    payer: str
    on_behalf_of: str
    cost_centre: str
    machine_name: str
    item: BillItem | MissingItemPrice
    vat: Cell | MissingCell
    treatment: str | None
    round: int = 0

    @property
    def subject(self) -> str:
        return self.item.ref

    @property
    def nature(self) -> str:
        return self.vat.nature


@dataclass(frozen=True, slots=True)
class Sold:
    """A session whose price and VAT are known."""

    item: Item
    rated: RatedSession
    vat: Cell

    @property
    def net_cents(self) -> int:
        return self.rated.net_cents

    def pieces(self, first_day: date, language: str) -> Iterable[Piece]:
        day = self.rated.session.day
        early = [(day, self.item.end_day)] if day < first_day else []
        vat = (self.vat.category, self.vat.rate_bp)
        return of_session(self.rated, self.item.machine_name, vat, early, language)


@dataclass(frozen=True, slots=True)
class SoldExtra:
    """An item whose price and VAT are known."""

    item: Extra
    billed: BillItem
    vat: Cell

    @property
    def net_cents(self) -> int:
        return self.billed.net_cents

    def pieces(self, first_day: date, language: str) -> Iterable[Piece]:
        return [of_item(self.billed, self.item.machine_name, (self.vat.category, self.vat.rate_bp), language)]


Billable = Sold | SoldExtra


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of one cost centre, and their sums. Times are those of the first part of each price."""

    on_behalf_of: str
    cost_centre: str
    order: str
    sessions: int
    measured_s: int
    billed_s: int
    covered_s: int
    net_cents: int
    lines: tuple[Line, ...]


_OF_GROUP = tuple(each.name for each in fields(Group) if each.name != "lines")


@dataclass(frozen=True, slots=True)
class Content:
    """What a document says, but for its number and dates."""

    groups: tuple[Group, ...]
    totals: Totals
    mentions: tuple[str, ...]
    untaxed: dict[
        str, dict[str, str]
    ]  # by category without VAT: the French words of its cells, and the code of the reason


@dataclass(frozen=True, slots=True)
class Frame:
    """What the words of a document depend on beside its lines."""

    first_day: date
    language: str = "fr"
    kind: str = "invoice"
    treatment: str | None = None
    orders: dict[str, str] = field(default_factory=dict)  # payer → the number of its order


def plain_group(group: Group) -> dict[str, Any]:
    """As JSON has it. Written out field by field: a month has a hundred thousand lines."""
    said = {name: getattr(group, name) for name in _OF_GROUP}
    return said | {"lines": [line.plain() for line in group.lines]}


def sold(items: Iterable[Item | Extra]) -> list[Billable]:
    """What can be billed."""
    found: list[Billable] = []
    for item in items:
        match item:
            case Item(rated=RatedSession() as rated, vat=Cell() as vat):
                found.append(Sold(item, rated, vat))
            case Extra(item=BillItem() as billed, vat=Cell() as vat):
                found.append(SoldExtra(item, billed, vat))
    return found


def compose(items: Sequence[Billable], seller: Seller, frame: Frame) -> Content:
    """Lines, sums and mentions of a document."""
    sections: dict[tuple[str, str], list[Billable]] = {}
    for one in items:
        sections.setdefault((one.item.on_behalf_of, one.item.cost_centre), []).append(one)
    in_order = sorted(sections, key=lambda names: tuple(map(natural, names)))
    return Content(
        groups=tuple(_group(sections[names], frame) for names in in_order),
        totals=totals(Net(one.net_cents, one.vat.category, one.vat.rate_bp) for one in items),
        mentions=sentences(_said(items, seller, frame)),
        untaxed=_untaxed(items),
    )


def _untaxed(items: Iterable[Billable]) -> dict[str, dict[str, str]]:
    """Why no VAT is charged, as the cells say it. Of several reasons all words are said, and no code: it stands for one."""
    words: dict[str, set[str]] = {}
    codes: dict[str, set[str]] = {}
    for one in items:
        if one.vat.category != TAXED:
            words.setdefault(one.vat.category, set()).add(one.vat.mention)
            codes.setdefault(one.vat.category, set()).add(one.vat.vatex)
    return {
        category: {"words": "; ".join(sorted(filter(None, own))), "vatex": _only(codes[category])}
        for category, own in sorted(words.items())
    }


def _only(codes: Collection[str]) -> str:
    return next(iter(codes)) if len(codes) == 1 else ""


def _said(items: Sequence[Billable], seller: Seller, frame: Frame) -> Said:
    machines: dict[Steps, set[str]] = {}
    priced: dict[tuple[int, str], Rule] = {}
    for one in items:
        if isinstance(one, Sold) and one.rated.tariff is not None and not one.rated.session.free:
            priced[one.rated.tariff.id, one.item.machine_name] = one.rated.tariff.rule
    for (_, name), rule in priced.items():
        for steps in steps_of(rule):
            machines.setdefault(steps, set()).add(name)
    return Said(
        language=frame.language,
        kind=frame.kind,
        customer=customer(frame.treatment),
        natures=frozenset(one.item.nature for one in items),
        vat=frozenset((one.vat.category, one.vat.mention) for one in items),
        late_rate=seller.late_rate,
        vat_on_debits=seller.vat_on_debits,
        machines=machines,
    )


def _group(items: Sequence[Billable], frame: Frame) -> Group:
    rated = [one.rated for one in items if isinstance(one, Sold)]
    pieces = (piece for one in items for piece in one.pieces(frame.first_day, frame.language))
    return Group(
        on_behalf_of=items[0].item.on_behalf_of,
        cost_centre=items[0].item.cost_centre,
        order=", ".join(dict.fromkeys(frame.orders[one.item.payer] for one in items if one.item.payer in frame.orders)),
        sessions=len(rated),
        measured_s=sum(one.measured_s for one in rated),
        billed_s=sum(one.billed_s for one in rated),
        covered_s=sum(one.covered_s for one in rated),
        net_cents=sum(one.net_cents for one in items),
        lines=gathered(pieces),
    )
