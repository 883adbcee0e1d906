"""What all charges together may not do: exceed what a contract or pack granted, go over a cap, or take a day's fee twice.

A charge alone proves its own steps; how much was left before it, only all of them show.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import select

from server.billing.models import Charge
from server.contracts import service as contracts
from server.db import db
from server.domain import contracts as granting
from server.domain.proof import covered_in
from server.domain.rule_text import from_plain
from server.domain.tariffs import Of, Rule, Span
from server.people.models import Payer
from server.usage.models import UsageSession

_Key = tuple[Any, ...]


def problems(standing: Iterable[Charge]) -> list[str]:
    """Inside ``reading()``. ``standing``: of each session the charge that says how it stands."""
    charges = [charge for charge in standing if charge.free is None and steps_of(charge)]
    tenants = dict(db.session.execute(select(Payer.id, Payer.tenant_id)).all())
    return [*_over_limits(charges, tenants), *_over_grants(charges, tenants)]


def steps_of(charge: Charge) -> dict[str, Any]:
    """The steps of its price; those of an adjustment are of the session as it stands now."""
    steps: dict[str, Any] = charge.priced.get("steps", charge.priced)
    return steps


def _over_limits(charges: Iterable[Charge], tenants: Mapping[int, int]) -> Iterator[str]:
    """Per tenant, price, and person or not: the caps, and the fee of the day."""
    limited = [charge for charge in charges if "day" in steps_of(charge)]
    names = [charge.priced.get("adjusts", charge.subject) for charge in limited]
    holders = dict(db.session.execute(select(UsageSession.id, UsageSession.holder_number)).all()) if names else {}
    taken: dict[_Key, int] = defaultdict(int)
    most: dict[_Key, int] = {}
    for charge, name in zip(limited, names, strict=True):
        steps = steps_of(charge)
        rule = from_plain(steps.get("rule", {}))
        price = (tenants[charge.payer_id], charge.tariff_id or repr(rule))
        for key, cents, limit in _counted(rule, steps, holders.get(name)):
            taken[price + key] += cents
            most[price + key] = limit
    for key, cents in taken.items():
        if cents > most[key]:
            yield f"{_where(key)}: {cents} cents are charged, {most[key]} are the most there"


def _counted(rule: Rule, steps: Mapping[str, Any], holder: int | None) -> Iterator[tuple[_Key, int, int]]:
    """What a charge adds to which limit, and that limit. Of a session that is not there any more nobody knows the person."""
    amounts = [part["net_cents"] for part in steps.get("parts", [])]
    amounts += [steps.get(name, 0) for name in ("fee_cents", "day_fee_cents", "added_cents")]
    whole = sum(amounts) - steps.get("cut_cents", 0)
    for cap in rule.caps:
        when = steps["day"] if cap.over is Span.DAY else steps["month"]
        if cap.of is Of.TENANT or holder is not None:
            yield (("cap", when, holder if cap.of is Of.PERSON else None), whole, cap.cents)
    if rule.day_fee_cents and holder is not None:
        yield (("day fee", steps["day"], holder), steps.get("day_fee_cents", 0), rule.day_fee_cents)


def _where(key: _Key) -> str:
    _, tariff, what, when, _ = key
    return f"{what} of price {tariff} in {when}"


def _over_grants(charges: Iterable[Charge], tenants: Mapping[int, int]) -> Iterator[str]:
    """What was used of each contract and pack in all months, against what it has given until the last of these."""
    used: dict[tuple[int, str], int] = defaultdict(int)
    last: dict[tuple[int, str], str] = {}
    for charge in charges:
        for ref, amount in covered_in(steps_of(charge)):
            key = (tenants[charge.payer_id], ref)
            used[key] += amount
            last[key] = max(last.get(key, ""), steps_of(charge)["month"])
    known = contracts.agreed({tenant for tenant, _ in used}) if used else {}
    packs = contracts.amounts_of({ref for _, ref in used})  # one that was taken back was there when it was used
    for (tenant, ref), amount in used.items():
        given = packs[ref] if ref in packs else _given(known.get(tenant), ref, last[tenant, ref])
        if amount > given:
            yield f"{ref}: {amount} seconds or cents are used, {given} were given"


def _given(agreed: contracts.Agreed | None, ref: str, until: str) -> int:
    """Until the end of a month."""
    if agreed is None:
        return 0
    amounts = []
    for one in agreed.agreements:
        if one.ref == ref:
            amounts += [granting.granted(one, month) for month in granting.months(one.since, until)]
    return sum(amounts)
