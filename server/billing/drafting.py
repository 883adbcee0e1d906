"""From the facts of a month to its drafts: whose sessions stand on whose document, and what each would say.

Nothing here touches the database. The content of a draft is plain JSON; issuing adds number and dates and freezes it.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, tzinfo
from itertools import groupby
from typing import Any

from server.billing.facts import Facts, Issuer, Use, in_force, rated_as
from server.domain import invoicing, rating
from server.domain.decisions import AS_MEASURED
from server.domain.holds import Hold, holds
from server.domain.invoicing import Item, Sold
from server.domain.oddities import Looked
from server.domain.period import Period, day_of
from server.domain.vat import Nature, decide

FORMAT = 1  # of the frozen JSON
Rated = rating.RatedSession | rating.MissingPrice


@dataclass(frozen=True, slots=True)
class NewDraft:
    """One document in the making. ``holds`` says why it cannot be issued, and is empty when it can."""

    establishment_id: int
    content: dict[str, Any]
    holds: tuple[Hold, ...]

    @property
    def held(self) -> str:
        return "; ".join(map(str, self.holds))


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
    """All drafts of a month, by tenant and name; whose sessions nobody pays for; each session not issued yet, priced, for
    whoever looks for what is odd; and of all sessions, issued or not, how many have no price or are free, and what the
    free ones would have cost."""

    drafts: tuple[NewDraft, ...]
    unplaced: tuple[Unplaced, ...]
    looked: tuple[Looked, ...]
    figures: dict[str, int]


def draft_month(facts: Facts, period: Period, issuer: Issuer, zone: tzinfo, specimen: bool) -> Month:
    """Rate each tenant's whole period, leave out what is already charged, and gather the rest by who is billed."""
    items: dict[int, list[Item]] = defaultdict(list)
    unplaced: dict[str, Unplaced] = {}
    looked: list[Looked] = []
    all_rated = list(rate_uses(facts, zone))
    for use, rated in all_rated:
        if use.charge is not None:
            continue
        looked.append(_looked(use, rated))
        establishment_id = in_force(facts.bill_to.get(use.tenant_id, []), rated.session.day)
        if establishment_id is None:
            unplaced.setdefault(use.tenant, Unplaced(use.tenant, use.tenant_name, rated.session.day))
        else:
            items[establishment_id].append(_item(facts, use, rated, establishment_id, zone))
    drafts = [_draft(facts, period, issuer, specimen, *place) for place in items.items()]
    in_order = tuple(sorted(drafts, key=_order))
    return Month(in_order, tuple(unplaced.values()), tuple(looked), _figures([rated for _, rated in all_rated]))


def _figures(rated: list[Rated]) -> dict[str, int]:
    priced = [one for one in rated if isinstance(one, rating.RatedSession)]
    return {
        "unpriced": len(rated) - len(priced),
        "free": sum(one.session.free is not None for one in priced),
        "waived_cents": sum(one.waived_cents for one in priced),
    }


def rate_uses(facts: Facts, zone: tzinfo) -> Iterator[tuple[Use, Rated]]:
    """Every use with its price: rating is given a tenant's whole month at once."""
    for _, own in groupby(facts.uses, key=lambda use: use.tenant_id):
        uses = {use.id: use for use in own}
        for rated in rating.rate_month([rated_as(use, zone) for use in uses.values()], facts.tariffs, (), ()):
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
        cents=rated.net_cents if isinstance(rated, rating.RatedSession) else None,
        settled=use.decision != AS_MEASURED,
    )


def _order(draft: NewDraft) -> tuple[str, str, int]:
    buyer = draft.content["buyer"]
    return buyer["tenant"], buyer["legal_name"], draft.establishment_id


def _item(facts: Facts, use: Use, rated: Rated, establishment_id: int, zone: tzinfo) -> Item:
    day = rated.session.day
    treatment = in_force(facts.treatments.get(establishment_id, []), day)
    issuer = in_force(facts.issuers, day)
    return Item(
        payer=use.payer,
        on_behalf_of="" if facts.owners[establishment_id] == use.tenant_id else use.tenant_name,
        cost_centre=use.cost_centre,
        machine_name=use.machine_name,
        ended_at=use.ended_at,
        end_day=day_of(use.ended_at, zone),
        rated=rated,
        vat=decide(facts.cells, issuer.regime if issuer else "(no seller yet)", treatment, Nature.MACHINE_USE, day),
        treatment=treatment,
    )


def _draft(
    facts: Facts, period: Period, issuer: Issuer, specimen: bool, establishment_id: int, items: list[Item]
) -> NewDraft:
    buyer = facts.buyers[establishment_id]
    billable = invoicing.sold(items)
    said = invoicing.compose(billable, issuer.seller, period.first_day)
    content = {
        "format": FORMAT,
        "kind": "invoice",
        "specimen": specimen,
        "month": period.month,
        "period": [period.first_day, period.last_day],
        "prefix": issuer.prefix,
        "seller": asdict(issuer.seller),
        "buyer": asdict(buyer),
        "groups": [asdict(group) for group in said.groups],
        "vat": [asdict(row) for row in said.totals.vat],
        "net_cents": said.totals.net_cents,
        "vat_cents": said.totals.vat_cents,
        "gross_cents": said.totals.gross_cents,
        "mentions": said.mentions,
        "charges": [_charge(one) for one in billable],
    }
    refused = [item.rated for item in items if item.rated.session.id in facts.refused]
    return NewDraft(establishment_id, plain(content), tuple(holds(items, buyer, refused)))


def _charge(one: Sold) -> dict[str, Any]:
    """Every step from the session to its price; codes and not ids, so that a restore can find them again."""
    session, tariff = one.rated.session, one.rated.tariff
    return {
        "session": session.id,
        "payer": one.item.payer,
        "machine": session.machine,
        "tariff": tariff.id if tariff else None,
        "started_at": session.start,
        "ended_at": one.item.ended_at,
        "occupied_s": session.measured_s,
        "counted_s": session.counted_s,
        "free": session.free,
        "continues": session.continues,
        "step_s": tariff.step_s if tariff else 0,
        "billed_s": one.rated.billed_s,
        "cents_per_hour": tariff.cents_per_hour if tariff else 0,
        "fee_cents": one.rated.fee_cents,
        "net_cents": one.rated.net_cents,
        "vat_category": one.vat.category,
        "rate_bp": one.vat.rate_bp,
    }


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
