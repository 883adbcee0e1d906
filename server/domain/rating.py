"""What a tenant's sessions cost. One pure function that live cost, drafts, invoices and what-if all call.

Order: measured seconds of each part's kind, and what of them counts by decision; less the free first minutes; steps begun,
at least the minimum time; each step at the price of its hour or tier; steps that included hours cover, in the order of the
sessions, at 0 and shown; session fee and day fee; minimum amount; day cap and month cap; discount; credit. Half up to the
cent once, at the end: what stands in between as whole cents are differences of rounded sums, so that they add up exactly.

The tariff is the one in force when the session **started**. A session that continues one which a power loss ended has no
second minimum time, fee, minimum amount or free minutes. What a person decided not to charge comes to 0 and stays in sight,
with its reason and with what it would have cost; it uses up nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal

from server.domain.allowances import Covered, Discount, Terms, meant
from server.domain.pools import Used
from server.domain.priced import PartPrice, Sum, part_price
from server.domain.steps import cents_at
from server.domain.tariffs import Basis, PriceBook, Tariff, Use

_NOTHING_AGREED = Terms()


@dataclass(frozen=True, slots=True)
class Session:
    """What rating needs to know of one use. ``day`` is the day it started, on the lab's clock; ``measured_s`` the time the
    machine was occupied. ``powered_s`` is without the time it cooled down afterwards; ``running_s`` None: no meter told.

    ``counted_s`` and ``free`` are a person's decision: how much of what was measured counts (None: all), and why it is
    not charged (None: it is). ``continues``: a power loss ended the session before, and this one goes on with it.
    ``tariff``: it was charged at this one and keeps it; None: the one in force.
    """

    id: str
    start: datetime
    day: date
    measured_s: int
    machine: str
    category: str
    tenant_kind: str
    counted_s: int | None = None
    free: str | None = None
    continues: bool = False
    powered_s: int | None = None
    running_s: int | None = None
    cooldown_s: int | None = 0
    holder: int = 0
    payer: str = ""
    tenant: str = ""
    member_class: str | None = None
    tariff: int | None = None

    @property
    def counting_s(self) -> int:
        return self.measured_s if self.counted_s is None else self.counted_s

    @property
    def use(self) -> Use:
        return Use(self.machine, self.category, self.tenant, self.tenant_kind, self.member_class)

    def counts(self, basis: Basis) -> int | None:
        """The seconds of one kind that count; None where nobody has measured them, nor said what counts."""
        measured_s = self.measured(basis)
        if measured_s is None or self.counted_s is None:
            return self.counted_s if measured_s is None else measured_s
        return min(measured_s, self.counted_s)

    def measured(self, basis: Basis) -> int | None:
        match basis:
            case Basis.OCCUPIED:
                return self.measured_s
            case Basis.POWERED:
                return self.powered_s
            case Basis.RUNNING:
                return self.running_s
            case Basis.COOLDOWN:
                return self.cooldown_s


@dataclass(frozen=True, slots=True)
class RatedSession:
    """A session and its price, with every step that leads there. In whole cents; parts + fee + day fee + added − cut −
    discount − credit is the net.

    ``added_cents`` raise it to the minimum amount, ``cut_cents`` are above a cap. ``covered``: what each allowance took
    over; of hours their cents are not in the sum, of credit they are taken off it.
    One that is not charged has no parts and comes to 0: ``waived_cents`` is what it would have cost. It needs no price;
    ``tariff`` is None where there is none.
    """

    session: Session
    tariff: Tariff | None
    parts: tuple[PartPrice, ...] = ()
    fee_cents: int = 0
    day_fee_cents: int = 0
    added_cents: int = 0
    covered: tuple[Covered, ...] = ()
    cut_cents: int = 0
    discount: Discount | None = None
    discount_cents: int = 0
    net_cents: int = 0
    waived_cents: int = 0

    @property
    def measured_s(self) -> int:
        """Of the first part's kind, which is what the bill counts; without parts the time it was occupied."""
        return self.parts[0].measured_s if self.parts else self.session.measured_s

    @property
    def billed_s(self) -> int:
        """Of the first part, with what was covered."""
        return self.parts[0].billed_s if self.parts else 0

    @property
    def covered_s(self) -> int:
        return self.parts[0].covered_s if self.parts else 0

    @property
    def time_cents(self) -> int:
        return sum(part.net_cents for part in self.parts)

    @property
    def before_terms_cents(self) -> int:
        """What counts towards caps: the amount before discount and credit."""
        return self.time_cents + self.fee_cents + self.day_fee_cents + self.added_cents - self.cut_cents

    @property
    def credit_cents(self) -> int:
        return sum(one.cents for one in self.covered if not one.seconds)


@dataclass(frozen=True, slots=True)
class MissingPrice:
    """Nobody has said what this costs. Holds the document; nothing is billed at a guess."""

    session: Session

    def __str__(self) -> str:
        return (
            f"no price for machine {self.session.machine} ({self.session.category}) "
            f"and tenants of kind {self.session.tenant_kind} on {self.session.day}"
        )


@dataclass(frozen=True, slots=True)
class NotMeasured:
    """Its price is for a time that no meter has told. Holds the document until somebody says what counts."""

    session: Session
    basis: Basis

    def __str__(self) -> str:
        return f"machine {self.session.machine} did not tell its {self.basis} time on {self.session.day}"


Rated = RatedSession | MissingPrice | NotMeasured


def rate_month(
    sessions: Iterable[Session],
    tariffs: Iterable[Tariff] | PriceBook,
    terms: Terms,
    zone: tzinfo,
    carried: Iterable[Session] = (),
) -> tuple[Rated, ...]:
    """Rate all of a tenant's sessions that end in one period, in the order of (start, id). ``zone`` is the lab's clock.

    ``carried``: the tenant's sessions of the period before that began on a day on which one of these did. They are not
    rated again; they say which fee of that day is paid, and what of a day's cap is used.
    """
    book = tariffs if isinstance(tariffs, PriceBook) else PriceBook(tariffs)
    used = Used(terms)
    for session in sorted(carried, key=_in_order):
        _rate(session, book, _NOTHING_AGREED, used, zone, carries=True)
    return tuple(_rate(session, book, terms, used, zone) for session in sorted(sessions, key=_in_order))


def _in_order(session: Session) -> tuple[datetime, str]:
    return session.start, session.id


def _rate(session: Session, book: PriceBook, terms: Terms, used: Used, zone: tzinfo, *, carries: bool = False) -> Rated:
    tariff = book.kept(session.tariff) or book.find(session.use, session.start)
    if tariff is None:
        return RatedSession(session, None) if session.free else MissingPrice(session)
    parts = _parts(session, tariff, terms, used, zone)
    if isinstance(parts, Basis):
        return RatedSession(session, tariff) if session.free else NotMeasured(session, parts)
    rated = _sum(session, tariff, parts, terms, used)
    if session.free:
        return RatedSession(session, tariff, waived_cents=rated.net_cents)
    used.note(tariff, session, rated, of_day_only=carries)
    return rated


def _parts(session: Session, tariff: Tariff, terms: Terms, used: Used, zone: tzinfo) -> tuple[PartPrice, ...] | Basis:
    """The times and their prices; or the kind of time that nobody measured."""
    start = int(session.start.timestamp())
    priced: list[PartPrice] = []
    for index, part in enumerate(tariff.rule.parts):
        counting_s, measured_s = session.counts(part.basis), session.measured(part.basis)
        if counting_s is None:
            return part.basis
        begins = start + min(session.measured_s, session.counting_s) if part.basis is Basis.COOLDOWN else start
        before_s = used.billed(tariff, index)
        allowances = (
            used.hours_for(session.payer, session.category, session.day) if index == 0 and terms.allowances else ()
        )
        told = counting_s if measured_s is None else measured_s
        priced.append(part_price(part, told, counting_s, session.continues, begins, before_s, allowances, zone))
    return tuple(priced)


def _sum(session: Session, tariff: Tariff, parts: tuple[PartPrice, ...], terms: Terms, used: Used) -> RatedSession:
    rule = tariff.rule
    is_billed = any(part.billed_s for part in parts) if rule.parts else session.counting_s > 0
    if not is_billed:
        return RatedSession(session, tariff, parts)
    fee_cents = 0 if session.continues else rule.session_fee_cents
    day_fee_cents = 0 if used.paid_the_day(tariff, session.holder, session.day) else rule.day_fee_cents
    least_cents = 0 if session.continues else rule.minimum_cents
    about = (session.payer, session.category, session.day)
    discount = next((one for one in terms.discounts if meant(one, *about)), None)
    worked_out = Sum(parts, fee_cents + day_fee_cents)
    added_cents = worked_out.raise_to(least_cents)
    cut_cents = worked_out.cut_to(used.left_of_caps(tariff, session.holder, session.day))
    discount_cents = worked_out.take_off(discount.basis_points) if discount else 0
    credit = used.credit_for(*about, worked_out.cents) if terms.allowances else ()
    return RatedSession(
        session=session,
        tariff=tariff,
        parts=worked_out.parts,
        fee_cents=fee_cents,
        day_fee_cents=day_fee_cents,
        added_cents=added_cents,
        covered=(*(one for part in parts for one in part.covered), *credit),
        cut_cents=cut_cents,
        discount=discount,
        discount_cents=discount_cents,
        net_cents=worked_out.cents - sum(one.cents for one in credit),
    )


def an_hour(tariff: Tariff, moment: datetime, zone: tzinfo) -> Decimal:
    """What an hour of using the machine costs that begins at a moment, in cents: what a panel shows beforehand. The first
    price counts where later ones follow; fees, and the time it cools down, stand apart. A price that has fees alone costs
    these, however long the hour."""
    rule = tariff.rule
    during = [part for part in rule.parts if part.basis is not Basis.COOLDOWN]
    time = sum((Decimal(3600 * cents_at(part, moment, zone)) / part.per_s for part in during), Decimal(0))
    return time if during else Decimal(rule.session_fee_cents + rule.day_fee_cents)
