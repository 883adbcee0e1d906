"""What authorities are told of an issued document beside the invoice itself: services to businesses of the EU for customs (DES),
transactions that no French e-invoice tells of, and payments for services. Figures to type or to hand to a platform; pure.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any

from server.domain.money import whole_cents
from server.domain.payments import Share, apportion
from server.domain.period import month_of
from server.domain.vat import TAXED, Nature, Treatment, in_services_declaration

_ABROAD = frozenset({Treatment.EU_BUSINESS, Treatment.NON_EU_BUSINESS, Treatment.FOREIGN_NON_TAXABLE})
_DECADES = ((10, "1-10"), (20, "11-20"), (31, "21-"))


class Category(StrEnum):
    """Of e-reporting (art. 290 CGI), as platforms call them."""

    GOODS = "TLB1"
    SERVICES = "TPS1"
    NOT_TAXED = "TNT1"  # place of supply outside France, exempt, or owed by the buyer


@dataclass(frozen=True, slots=True)
class Supply:
    """What of a document belongs in the declaration of services: in the month its services fell in, in cents."""

    service_month: str
    vat_id: str
    net_cents: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """Of one document, what falls under one category and rate. ``private``: told as a sum of the day, not one by one."""

    day: date
    number: str
    private: bool
    country: str
    category: Category
    rate_bp: int
    net_cents: int
    vat_cents: int


def services_declared(content: Mapping[str, Any], zone: tzinfo) -> list[Supply]:
    """By month of service. A late session and what a credit note takes back keep the month they were of: there they correct
    what was declared."""
    buyer = content["buyer"]
    sums: dict[str, int] = {}
    for charge in content["charges"]:
        treatment = charge.get("treatment") or buyer["treatment"]  # on its day, which may not be that of the others
        if in_services_declaration(charge["vat_category"], treatment, charge["nature"]):
            month = _service_month(charge, content["month"], zone)
            sums[month] = sums.get(month, 0) + charge["net_cents"]
    return [Supply(month, buyer["vat_id"] or "", cents) for month, cents in sorted(sums.items()) if cents]


def whole_euros(cents: int) -> int:
    """As customs wants it."""
    return whole_cents(Decimal(cents) / 100)


def _service_month(charge: Mapping[str, Any], otherwise: str, zone: tzinfo) -> str:
    if charge.get("ended_at"):
        return month_of(datetime.fromisoformat(charge["ended_at"]), zone)
    return str(charge["day"])[:7] if charge.get("day") else otherwise


def is_reported(buyer: Mapping[str, Any]) -> bool:
    """Whether transactions with this buyer are reported: private people, and whoever is abroad without staff here."""
    return buyer["customer"] == "private" or buyer["treatment"] in _ABROAD


def transactions(content: Mapping[str, Any]) -> Iterator[Transaction]:
    """What is reported of a document, by category and rate. The VAT of a rate is shared among goods and services in proportion."""
    buyer = content["buyer"]
    if content["kind"] == "statement" or not is_reported(buyer):
        return
    day, private = date.fromisoformat(content["issued_on"]), buyer["customer"] == "private"
    for row in content["vat"]:
        for category, net, vat in _parts(content, row):
            if net or vat:
                known = (content["number"], private, buyer["country"])
                yield Transaction(day, *known, category, row["rate_bp"], net, vat)


def decade(day: date) -> str:
    """Under the normal regime transactions are told three times a month."""
    return next(name for last, name in _DECADES if day.day <= last)


def services_paid(content: Mapping[str, Any], shares: Sequence[Share]) -> list[Share]:
    """What of a payment is told: for services with French VAT, by rate; nothing where the buyer owes the VAT, and nothing of a
    seller who has chosen to owe it when it issues."""
    if content["seller"]["vat_on_debits"] or content["kind"] == "statement":
        return []
    found = []
    for share in shares:
        if share.category != TAXED:
            continue
        goods, whole = _goods(content, share.category, share.rate_bp)
        net, vat = (
            apportion(cents, [whole - goods, goods])[0] if whole else cents
            for cents in (share.net_cents, share.vat_cents)
        )
        if net or vat:
            found.append(Share(share.category, share.rate_bp, net, vat))
    return found


def _parts(content: Mapping[str, Any], row: Mapping[str, Any]) -> list[tuple[Category, int, int]]:
    net, vat = row["net_cents"], row["vat_cents"]
    if row["category"] != TAXED:
        return [(Category.NOT_TAXED, net, vat)]
    goods, whole = _goods(content, TAXED, row["rate_bp"])
    of_services, of_goods = apportion(vat, [whole - goods, goods]) if whole else [vat, 0]
    return [(Category.SERVICES, net - goods, of_services), (Category.GOODS, goods, of_goods)]


def _goods(content: Mapping[str, Any], category: str, rate_bp: int) -> tuple[int, int]:
    """Net of goods, and net in all, under one category and rate."""
    lines = [line for group in content["groups"] for line in group["lines"]]
    same = [line for line in lines if (line["category"], line["rate_bp"]) == (category, rate_bp)]
    goods = sum(line["net_cents"] for line in same if line["nature"] == Nature.GOODS)
    return goods, sum(line["net_cents"] for line in same)
