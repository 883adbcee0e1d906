"""What a charge says: everything from a session or an item to its price, so that the ledger can work it out again.

Codes and not ids, so that a restore can find them again; plain as JSON has it.
"""

from datetime import tzinfo
from functools import lru_cache
from typing import Any

from server.domain.invoicing import Billable, Sold, SoldExtra
from server.domain.items import BillItem
from server.domain.proof import steps_of
from server.domain.rule_text import to_plain
from server.domain.tariffs import Rule


def charge_of(one: Billable, zone: tzinfo) -> dict[str, Any]:
    return _of_session(one, zone) if isinstance(one, Sold) else _of_item(one)


def _of_session(one: Sold, zone: tzinfo) -> dict[str, Any]:
    session, tariff = one.rated.session, one.rated.tariff
    priced = steps_of(one.rated, _plain(tariff.rule) if tariff else None, zone)
    if tariff and (tariff.rule.caps or one.rated.covered):
        priced["month"] = f"{one.item.end_day:%Y-%m}"  # whose caps and allowances it uses
    return {
        "subject": session.id,
        "round": one.item.round,
        "kind": "session",
        "payer": one.item.payer,
        "machine": session.machine,
        "tariff": tariff.id if tariff else None,
        "started_at": session.start.isoformat(),
        "ended_at": one.item.ended_at.isoformat(),
        "day": None,
        "occupied_s": session.measured_s,
        "counted_s": session.counted_s,
        "free": session.free,
        "continues": session.continues,
        "billed_s": one.rated.billed_s,
        "priced": priced,
        "nature": one.item.nature,
        "net_cents": one.rated.net_cents,
        "vat_category": one.vat.category,
        "rate_bp": one.vat.rate_bp,
        "treatment": one.item.treatment,
    }


def _of_item(one: SoldExtra) -> dict[str, Any]:
    item = one.billed
    return {
        "subject": item.ref,
        "round": one.item.round,
        "kind": "item",
        "payer": item.payer,
        "machine": item.machine,
        "tariff": None,
        "started_at": None,
        "ended_at": None,
        "day": item.day.isoformat(),
        "occupied_s": 0,
        "counted_s": None,
        "free": item.free,
        "continues": False,
        "billed_s": 0,
        "priced": _amount(item),
        "nature": item.nature,
        "net_cents": item.net_cents,
        "vat_category": one.vat.category,
        "rate_bp": one.vat.rate_bp,
        "treatment": one.item.treatment,
    }


def _amount(item: BillItem) -> dict[str, Any]:
    """``session``: the use it belongs to, by its id."""
    said = {
        "item": item.kind.value,
        "label": item.labels["fr"],
        "quantity": str(item.quantity),
        "unit": item.unit.value,
        "unit_cents": str(item.unit_cents),
        "measured": item.measured.value if item.measured else None,
        "session": item.session,
        "reason": item.reason,
    }
    return {name: value for name, value in said.items() if value}


@lru_cache(maxsize=4096)
def _plain(rule: Rule) -> dict[str, Any]:
    return to_plain(rule)
