"""From the facts of a month to its drafts: whose sessions stand on whose document, and what each would say.

Nothing here touches the database. The content of a draft is plain JSON; issuing adds number and dates and freezes it.
"""

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import date, tzinfo
from itertools import groupby
from typing import Any

from server.billing.facts import Facts, Issuer, Use, in_force
from server.domain import invoicing, rating
from server.domain.invoicing import Item, Sold
from server.domain.period import Period, day_of
from server.domain.vat import Nature, decide

FORMAT = 1  # of the frozen JSON


@dataclass(frozen=True, slots=True)
class NewDraft:
    """One document in the making. ``held`` says in words why it cannot be issued, and is empty when it can."""

    establishment_id: int
    content: dict[str, Any]
    held: str


@dataclass(frozen=True, slots=True)
class Month:
    """All drafts of a month, by tenant and name; and in words the sessions that no establishment pays for."""

    drafts: tuple[NewDraft, ...]
    unplaced: tuple[str, ...]


def draft_month(facts: Facts, period: Period, issuer: Issuer, zone: tzinfo, specimen: bool) -> Month:
    """Rate each tenant's whole period, leave out what is already charged, and gather the rest by who is billed."""
    items: dict[int, list[Item]] = defaultdict(list)
    unplaced: dict[str, None] = {}
    for tenant_id, own in groupby(facts.uses, key=lambda use: use.tenant_id):
        uses = {use.id: use for use in own}
        sessions = [_session(use, zone) for use in uses.values()]
        for rated in rating.rate_month(sessions, facts.tariffs, (), ()):
            use = uses[rated.session.id]
            establishment_id = in_force(facts.bill_to.get(tenant_id, []), rated.session.day)
            if use.charge is not None:
                continue
            if establishment_id is None:
                unplaced[f"no establishment pays for {use.tenant_name} on {rated.session.day}"] = None
            else:
                items[establishment_id].append(_item(facts, use, rated, establishment_id, zone))
    drafts = [_draft(facts, period, issuer, specimen, *place) for place in items.items()]
    return Month(tuple(sorted(drafts, key=_order)), tuple(unplaced))


def _order(draft: NewDraft) -> tuple[str, str, int]:
    buyer = draft.content["buyer"]
    return buyer["tenant"], buyer["legal_name"], draft.establishment_id


def _session(use: Use, zone: tzinfo) -> rating.Session:
    return rating.Session(
        id=use.id,
        start=use.started_at,
        day=day_of(use.started_at, zone),
        measured_s=use.measured_s,
        machine=use.machine,
        category=use.category,
        tenant_kind=use.tenant_kind,
    )


def _item(
    facts: Facts, use: Use, rated: rating.RatedSession | rating.MissingPrice, establishment_id: int, zone: tzinfo
) -> Item:
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
    return NewDraft(establishment_id, plain(content), "; ".join(invoicing.held_because(items, buyer)))


def _charge(one: Sold) -> dict[str, Any]:
    """Every step from the session to its price; codes and not ids, so that a restore can find them again."""
    session, tariff = one.rated.session, one.rated.tariff
    return {
        "session": session.id,
        "payer": one.item.payer,
        "machine": session.machine,
        "tariff": tariff.id,
        "started_at": session.start,
        "ended_at": one.item.ended_at,
        "occupied_s": session.measured_s,
        "step_s": tariff.step_s,
        "billed_s": one.rated.billed_s,
        "cents_per_hour": tariff.cents_per_hour,
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
