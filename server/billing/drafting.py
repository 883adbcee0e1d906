"""From the facts of a month to its drafts: whose sessions and items stand on whose document, and what each would say.

Nothing here touches the database. The content of a draft is plain JSON; issuing adds number and dates and freezes it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, tzinfo
from itertools import groupby
from typing import Any

from server.billing.charging import charge_of
from server.billing.facts import Facts, Issuer
from server.billing.placing import Cases
from server.billing.uses import Use, in_force, rated_as
from server.domain import invoicing, rating
from server.domain.allowances import Terms
from server.domain.bearing import Bearing
from server.domain.daily import hours_by_day
from server.domain.decisions import AS_MEASURED
from server.domain.holds import Hold, Why, holds
from server.domain.included import used_of, what_is_left
from server.domain.invoicing import Extra, Frame, Item, Seller, plain_group
from server.domain.numbering import credit_prefix
from server.domain.oddities import Looked, Oddity
from server.domain.orders import Order
from server.domain.parting import Original, Part, Placed, parts_of
from server.domain.period import Period
from server.domain.rating import Rated, RatedSession
from server.domain.status import until
from server.domain.tariffs import PriceBook
from server.domain.vat import Cell, customer
from server.uncollected import uncollected

FORMAT = 2  # of the frozen JSON
_NOTHING_AGREED = Terms()
_OWED_BY_REGIME = frozenset({"S", "AE"})  # no small business bills these
_ANYTHING: Mapping[str, int] = {}
STATEMENT = "statement"  # the mode of a seller whose invoices another system writes


@dataclass(frozen=True, slots=True)
class NewDraft:
    """One document in the making. ``holds`` says why it cannot be issued, and is empty when it can."""

    establishment_id: int
    content: dict[str, Any]
    holds: tuple[Hold, ...]

    @property
    def held(self) -> str:
        return "; ".join(map(str, self.holds))

    @property
    def part(self) -> str:
        said: str = self.content["part"]
        return said


@dataclass(frozen=True, slots=True)
class Beside:
    """What a month bills beside its own sessions: those of earlier months that came late, priced; what came to be known of
    charged ones, with the establishment whose document is corrected, and the invoice. ``elsewhere``: those of its own
    sessions that a later month bills."""

    late: tuple[tuple[Use, Rated], ...] = ()
    elsewhere: frozenset[str] = frozenset()
    adjusted: tuple[tuple[int, Extra], ...] = ()
    originals: Mapping[str, Original] = field(default_factory=dict)


NOTHING_BESIDE = Beside()


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A tenant with sessions that no establishment pays for, and the first such day."""

    tenant: str
    name: str
    day: date

    def __str__(self) -> str:
        return f"no establishment pays for {self.name} on {self.day}"


@dataclass(frozen=True, slots=True)
class Month:
    """All drafts of a month, by tenant and name; whose sessions or items nobody pays for; each session not issued yet,
    priced, for whoever looks for what is odd; and of all sessions, issued or not, how many have no price or are free, and
    what the free ones would have cost."""

    drafts: tuple[NewDraft, ...]
    unplaced: tuple[Unplaced, ...]
    looked: tuple[Looked, ...]
    figures: dict[str, int]
    used_up: tuple[Oddity, ...] = ()  # orders that go out all the same


def draft_month(
    facts: Facts, period: Period, issuer: Issuer, zone: tzinfo, specimen: bool, beside: Beside = NOTHING_BESIDE
) -> Month:
    """Rate each tenant's whole period, leave out what is already charged, and gather the rest by who is billed."""
    with uncollected():
        return _drafted(facts, period, issuer, zone, specimen, beside)


def _drafted(facts: Facts, period: Period, issuer: Issuer, zone: tzinfo, specimen: bool, beside: Beside) -> Month:
    placed: dict[int, list[Placed]] = defaultdict(list)
    unplaced: dict[str, Unplaced] = {}
    looked: list[Looked] = []
    all_rated = list(rate_uses(facts, zone))
    cases = Cases(facts)
    for use, rated in (*all_rated, *beside.late):
        if use.charge is not None or use.id in beside.elsewhere:
            continue
        looked.append(_looked(use, rated))
        pays = cases.pays(use.tenant_id, rated.session.day)
        if pays is None:
            unplaced.setdefault(use.tenant, Unplaced(use.tenant, use.tenant_name, rated.session.day))
        else:
            placed[pays].append(cases.session(use, rated, pays, zone))
    for item in facts.items:
        whose, again = facts.payers[item.payer], facts.reopened.get(item.ref, 0)
        if facts.charged.get(item.ref, -1) >= again:
            continue
        pays = cases.pays(whose.tenant_id, item.day)
        if pays is None:
            unplaced.setdefault(item.tenant, Unplaced(item.tenant, whose.tenant_name, item.day))
        else:
            placed[pays].append(cases.item(item, whose, pays, again))
    for establishment_id, extra in beside.adjusted:
        placed[establishment_id].append(extra)
    borne = {
        number: Bearing(facts.ordered, number, facts.buyers[number].legal_name, items)
        for number, items in placed.items()
    }
    drafts = [
        _draft(facts, period, issuer, specimen, zone, number, part, borne[number])
        for number, items in placed.items()
        for part in parts_of(items, beside.originals, borne[number].part_of, statement=issuer.seller.mode == STATEMENT)
    ]
    _tell_what_is_left(drafts, facts, [rated for _, rated in all_rated])
    in_order, figures = tuple(sorted(drafts, key=_order)), _figures([rated for _, rated in all_rated])
    used_up = tuple(oddity for orders in borne.values() for oddity in orders.used_up())
    return Month(in_order, tuple(unplaced.values()), tuple(looked), figures, used_up)


def _tell_what_is_left(drafts: list[NewDraft], facts: Facts, rated: list[Rated]) -> None:
    """Of included hours and credit, on the invoices and statements of the tenant that has them."""
    used = used_of(one for each in rated if isinstance(each, RatedSession) for one in each.covered)
    for draft in drafts:
        terms = facts.terms.get(draft.content["buyer"]["tenant"], _NOTHING_AGREED)
        left = [] if draft.content["corrects"] else what_is_left(terms, used, facts.agreed)
        draft.content["allowances"] = plain([asdict(one) for one in left])


def _figures(rated: list[Rated]) -> dict[str, int]:
    priced = [one for one in rated if isinstance(one, RatedSession)]
    return {
        "unpriced": len(rated) - len(priced),
        "free": sum(one.session.free is not None for one in priced),
        "waived_cents": sum(one.waived_cents for one in priced),
    }


def rate_uses(facts: Facts, zone: tzinfo, charged_at: Mapping[str, int] = _ANYTHING) -> Iterator[tuple[Use, Rated]]:
    """Every use with its price: rating is given a tenant's whole month at once. ``charged_at``: sessions that keep the price at
    which they were charged, by its id, whatever was decided about prices since."""
    book = PriceBook(facts.tariffs)
    carried: dict[int, list[rating.Session]] = defaultdict(list)
    for use in facts.carried:
        carried[use.tenant_id].append(rated_as(use, zone))
    for tenant_id, own in groupby(facts.uses, key=lambda use: use.tenant_id):
        uses = {use.id: use for use in own}
        sessions = [rated_as(use, zone, charged_at.get(use.id)) for use in uses.values()]
        terms = facts.terms.get(sessions[0].tenant, _NOTHING_AGREED)
        for rated in rating.rate_month(sessions, book, terms, zone, carried.get(tenant_id, ())):
            yield uses[rated.session.id], rated


def _looked(use: Use, rated: Rated) -> Looked:
    return Looked(
        id=use.id,
        holder=use.holder,
        machine=use.machine,
        machine_name=use.machine_name,
        risk=use.risk,
        tenant=use.tenant_name,
        started_at=use.started_at,
        ended_at=use.ended_at,
        day=rated.session.day,
        seconds=use.measured_s,
        state=use.state,
        end_reason=use.end_reason or "",
        time_quality=use.time_quality,
        cents=rated.net_cents if isinstance(rated, RatedSession) else None,
        settled=use.decision != AS_MEASURED,
    )


def _order(draft: NewDraft) -> tuple[str, str, int, str]:
    buyer = draft.content["buyer"]
    return buyer["tenant"], buyer["legal_name"], draft.establishment_id, draft.part


def _draft(
    facts: Facts,
    period: Period,
    issuer: Issuer,
    specimen: bool,
    zone: tzinfo,
    establishment_id: int,
    part: Part,
    orders: Bearing,
) -> NewDraft:
    buyer, items = facts.buyers[establishment_id], part.items
    seller = _as_then(issuer.seller, facts, items, period.last_day)
    kind = "credit_note" if part.corrects else "statement" if seller.mode == STATEMENT else "invoice"
    treatment = _treated(items) or in_force(facts.treatments.get(establishment_id, []), period.last_day)
    billable = invoicing.sold(items)
    frame = Frame(period.first_day, buyer.language, kind, treatment, orders.by_payer(items))
    said = invoicing.compose(billable, seller, frame)
    content = {
        "format": FORMAT,
        "kind": kind,
        "specimen": specimen,
        "month": period.month,
        "period": [period.first_day, period.last_day],
        "language": buyer.language,
        "prefix": credit_prefix(issuer.prefix) if part.corrects else issuer.prefix,
        "seller": asdict(seller),
        "buyer": asdict(buyer) | {"treatment": treatment, "customer": customer(treatment)},
        "order": _borne(orders.on_document(items)),
        "corrects": [part.corrects.said()] if part.corrects else [],
        "part": part.name,
        "days": hours_by_day(billable),
        "vat": [asdict(row) for row in said.totals.vat],
        "net_cents": said.totals.net_cents,
        "vat_cents": said.totals.vat_cents,
        "gross_cents": said.totals.gross_cents,
        "mentions": said.mentions,
        "untaxed": said.untaxed,
    }
    at_length = {
        "groups": [plain_group(group) for group in said.groups],
        "charges": [charge_of(one, zone) for one in billable],
    }
    refused = [item.rated for item in items if isinstance(item, Item) and item.subject in facts.refused]
    proofs = facts.proofs.get(establishment_id, ())
    is_proven = part.corrects is not None or until(proofs, period.last_day, buyer.vat_id) is not None
    found = holds(items, buyer, refused, is_proven=is_proven)
    found += _of_original(part.corrects, buyer.legal_name) if part.corrects else orders.holds(items)
    return NewDraft(establishment_id, plain(content) | at_length, tuple(found))


def _of_original(original: Original, name: str) -> list[Hold]:
    """A credit note names the invoice that it corrects, also one that another system wrote."""
    return [] if original.number else [Hold(Why.ORIGINAL, name, label=original.statement)]


def _borne(order: Order | None) -> dict[str, Any] | None:
    return None if order is None else {"number": order.number, "day": order.ordered_on}


def _as_then(seller: Seller, facts: Facts, items: Sequence[Placed], otherwise: date) -> Seller:
    """Who issues today, as it stood towards VAT when it supplied: December's invoices are written in January, under the regime of
    December, and a credit note under that of what it takes back."""
    known = [(_day_of(one), one.vat) for one in items]
    taxed = (day for day, vat in known if isinstance(vat, Cell) and vat.category in _OWED_BY_REGIME)
    then: Issuer | None = in_force(facts.issuers, max(taxed, default=otherwise))
    if then is None:
        return seller
    was = then.seller
    return replace(seller, regime=was.regime, vat_id=was.vat_id, vat_on_debits=was.vat_on_debits)


def _day_of(one: Placed) -> date:
    return one.item.day if isinstance(one, Extra) else one.rated.session.day


def _treated(items: Sequence[Placed]) -> str | None:
    """As what the buyer stands on this document: who moves abroad in the middle of a month has been at home before."""
    known = [(_day_of(one), one.treatment) for one in items]
    return max(((day, treatment) for day, treatment in known if treatment), default=(None, None))[1]


def plain(value: Any) -> Any:
    """The same with days and moments in ISO form and tuples as lists: what JSON gives back."""
    match value:
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case list() | tuple():
            return [plain(each) for each in value]
        case date():
            return value.isoformat()
        case _:
            return value
