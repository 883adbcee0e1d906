"""Hours or credit that a tenant pays ahead. The sale stands on the bill of its month; what is used of it is shown at 0.

A pack is a single-purpose voucher: its VAT is due when it is sold, so it is for one nature of supply and one treatment.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date
from sqlalchemy import select

from server.accounts.letters import texts
from server.audit import service as audit
from server.contracts.errors import ContractError, refuse_billed
from server.contracts.models import Pack
from server.contracts.rows import added, held, payer_id, tenant_of
from server.contracts.treatments import Treatments
from server.db import db, writing
from server.domain.allowances import Unit
from server.domain.items import BillItem, ItemKind
from server.domain.items import Unit as ItemUnit
from server.domain.period import Period
from server.domain.vat import Nature
from server.jobs import service as jobs
from server.people.models import Payer, Tenant, TenantKind
from server.web.preferences import LANGUAGES

NATURES = (Nature.MACHINE_USE, Nature.MACHINE_USE_WITH_ROOM)  # what a pack can pay for


@dataclass(frozen=True, slots=True)
class Offer:
    """What is sold: so many seconds or cents for a net price. ``until``: the first day on which nothing can be used of it."""

    name: str
    unit: Unit
    amount: int
    price_cents: int
    nature: Nature = Nature.MACHINE_USE
    categories: tuple[str, ...] = ()
    until: date | None = None
    pooled: bool = True


def sell_pack(
    tenant: str,
    payer: str,
    offer: Offer,
    day: date,
    reason: str = "",
    *,
    billed_until: date | None = None,
    actor: str,
    now: datetime,
) -> Pack:
    """``payer``: the cost centre whose bill it stands on. ``billed_until``: the last day that stands on a bill of this tenant,
    which the caller knows."""
    _refuse_odd(offer, day)
    refuse_billed(day, billed_until)
    with writing():
        owner = tenant_of(tenant)
        treatment = Treatments([owner.id]).on(owner.id, day)
        if treatment is None:
            raise ContractError(
                "Nobody has decided how this tenant is treated for VAT on %(day)s. A pack is taxed when it is sold.",
                day=day,
            )
        row = Pack(
            tenant_id=owner.id,
            payer_id=payer_id(owner.id, payer),
            pooled=offer.pooled,
            name=offer.name,
            unit=offer.unit.value,
            amount=offer.amount,
            price_cents=offer.price_cents,
            nature=offer.nature.value,
            treatment=treatment,
            categories=sorted(offer.categories),
            bought_on=day,
            valid_until=offer.until,
            reason=reason,
        )
        after = {"tenant": tenant, "payer": payer, "name": offer.name, "unit": row.unit, "amount": offer.amount}
        after |= {"price_cents": offer.price_cents, "nature": row.nature, "treatment": treatment}
        after |= {"categories": row.categories, "valid_from": day, "valid_until": offer.until}
        added(row, "pack", after, reason, actor, now)
        jobs.announce("access", f"pack:{row.id}", now)
    return row


def take_back_pack(
    pack_id: int, reason: str, *, is_billed: bool, version: int | None = None, actor: str, now: datetime
) -> None:
    """As if it had never been sold. ``is_billed``: it stands on an issued document, which only a credit note undoes."""
    with writing():
        row = held(Pack, pack_id, version)
        if row.taken_back_at is not None:
            raise ContractError("It is taken back already.")
        if is_billed:
            raise ContractError("It is issued already, and can only be put right on a later document.")
        row.taken_back_at = now
        audit.record(actor, "take_back", "pack", row.id, None, {"name": row.name}, reason, now)
        jobs.announce("access", f"pack:{row.id}", now)


def amounts_of(refs: Iterable[str]) -> dict[str, int]:
    """What packs have in them, by their reference, also those that were taken back; inside ``reading()``."""
    numbers = [int(ref.partition(":")[2]) for ref in refs if ref.startswith("pack:")]
    rows = db.session.execute(select(Pack.id, Pack.amount).where(Pack.id.in_(numbers)))
    return {f"pack:{number}": amount for number, amount in rows}


def bill_items(period: Period, tenant_ids: Iterable[int] | None = None) -> list[BillItem]:
    """The packs sold in a period, inside ``reading()``; of all tenants but those that are never invoiced, or of some."""
    wanted = (
        select(Pack, Tenant.code, Payer.code)
        .join(Tenant, Tenant.id == Pack.tenant_id)
        .join(Payer, Payer.id == Pack.payer_id)
        .where(Pack.taken_back_at.is_(None), Pack.bought_on >= period.first_day, Pack.bought_on <= period.last_day)
    )
    if tenant_ids is None:
        wanted = wanted.where(Tenant.kind != TenantKind.INTERNAL.value)
    else:
        wanted = wanted.where(Pack.tenant_id.in_(list(tenant_ids)))
    return [_item(*row) for row in db.session.execute(wanted.order_by(Pack.bought_on, Pack.id))]


def _item(pack: Pack, tenant: str, payer: str) -> BillItem:
    price = Decimal(pack.price_cents)
    return BillItem(
        ref=f"pack:{pack.id}",
        kind=ItemKind.PACK,
        day=pack.bought_on,
        tenant=tenant,
        payer=payer,
        labels={language: _label(pack, language) for language in LANGUAGES},
        nature=Nature.VOUCHER,
        quantity=Decimal(1),
        unit=ItemUnit.PIECE,
        unit_cents=price,
        net_cents=pack.price_cents,
        reason=pack.reason,
    )


def _label(pack: Pack, language: str) -> str:
    gettext = texts(language)
    if pack.valid_until is None:
        return gettext("Pack “%(name)s”, without end") % {"name": pack.name}
    until = format_date(pack.valid_until, "short", locale=language)
    return gettext("Pack “%(name)s”, before %(day)s") % {"name": pack.name, "day": until}


def _refuse_odd(offer: Offer, day: date) -> None:
    if offer.amount <= 0 or offer.price_cents < 0:
        raise ContractError("A pack has more than nothing in it, and its price is not below zero.")
    if offer.nature not in NATURES:
        raise ContractError("A pack pays for the use of machines and for nothing else.")
    if offer.until is not None and offer.until <= day:
        raise ContractError("It would end before it begins.")
