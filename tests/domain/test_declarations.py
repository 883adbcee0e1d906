"""What authorities are told: services to EU businesses by month of service, transactions that no e-invoice tells of, payments."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.domain.declarations import (
    Category,
    Supply,
    Transaction,
    decade,
    services_declared,
    services_paid,
    transactions,
    whole_euros,
)
from server.domain.payments import Share

ZONE = ZoneInfo("Europe/Paris")


def charge(
    net: int, ended: str | None = "2026-10-14T08:00:00+00:00", nature: str = "machine_use", **more: Any
) -> dict[str, Any]:
    return {"net_cents": net, "ended_at": ended, "day": None, "nature": nature, "vat_category": "AE"} | more


def line(net: int, nature: str = "machine_use", category: str = "S", rate: int = 2000) -> dict[str, Any]:
    return {"net_cents": net, "nature": nature, "category": category, "rate_bp": rate}


def content(treatment: str = "eu_business", customer: str = "business", **more: Any) -> dict[str, Any]:
    return {
        "kind": "invoice", "number": "F-2026-0001", "month": "2026-10", "issued_on": "2026-11-03",
        "seller": {"vat_on_debits": False},
        "buyer": {"treatment": treatment, "customer": customer, "vat_id": "DE000000123", "country": "DE"},
        "charges": [], "groups": [], "vat": [],
    } | more  # fmt: skip


def test_services_to_a_business_of_the_eu_are_declared_and_courses_and_goods_are_not() -> None:
    charges = [charge(5000), charge(1049), charge(9900, nature="open_course"), charge(800, nature="goods")]

    assert services_declared(content(charges=charges), ZONE) == [Supply("2026-10", "DE000000123", 6049)]
    assert services_declared(content("non_eu_business", charges=charges), ZONE) == []
    taxed = [charge(5000, vat_category="S")]
    assert services_declared(content("fr_establishment", charges=taxed), ZONE) == []


def test_what_was_used_before_a_seat_moved_to_france_is_still_declared() -> None:
    charges = [charge(5000, treatment="eu_business"), charge(2000, treatment="fr_business", vat_category="S")]

    assert services_declared(content("fr_business", charges=charges), ZONE) == [Supply("2026-10", "DE000000123", 5000)]
    assert services_declared(content(charges=[charge(700, treatment="non_eu_business")]), ZONE) == []


def test_a_late_session_and_a_credit_note_correct_the_month_they_were_of() -> None:
    charges = [
        charge(5000),
        charge(700, "2026-09-30T22:30:00+00:00"),  # half past midnight on 1 October in Mulhouse
        charge(300, "2026-09-30T21:30:00+00:00"),
        charge(-200, None, day="2026-08-14"),
        charge(-50, None),
    ]

    assert services_declared(content(charges=charges), ZONE) == [
        Supply("2026-08", "DE000000123", -200),
        Supply("2026-09", "DE000000123", 300),
        Supply("2026-10", "DE000000123", 5650),
    ]


@pytest.mark.parametrize(("cents", "euros"), [(149, 1), (150, 2), (-150, -2), (0, 0)])
def test_customs_wants_whole_euros(cents: int, euros: int) -> None:
    assert whole_euros(cents) == euros


def test_a_private_persons_goods_and_services_are_told_apart_with_their_vat() -> None:
    lines = [line(6668), line(3333, "goods")]
    vat = [{"category": "S", "rate_bp": 2000, "net_cents": 10001, "vat_cents": 2000}]

    found = list(transactions(content("private", "private", groups=[{"lines": lines}], vat=vat)))

    # VAT 20.00: services 6668/10001 → 13.3346…, goods 6.6653…; floors 1333 + 666, the cent goes to the larger remainder
    day = date(2026, 11, 3)
    assert found == [
        Transaction(day, "F-2026-0001", True, "DE", Category.SERVICES, 2000, 6668, 1333),
        Transaction(day, "F-2026-0001", True, "DE", Category.GOODS, 2000, 3333, 667),
    ]


def test_a_business_abroad_is_told_one_by_one_and_a_french_one_not_at_all() -> None:
    row: dict[str, Any] = {"groups": [{"lines": [line(5000, category="AE", rate=0)]}]}
    row["vat"] = [{"category": "AE", "rate_bp": 0, "net_cents": 5000, "vat_cents": 0}]

    (one,) = transactions(content(**row))
    assert (one.private, one.category, one.net_cents) == (False, Category.NOT_TAXED, 5000)
    assert list(transactions(content("fr_business", **row))) == []
    assert list(transactions(content("fr_establishment", **row))) == [], "it receives an e-invoice"
    assert list(transactions(content(kind="statement", **row))) == []


def test_payments_are_told_of_services_with_french_vat_only() -> None:
    groups = [{"lines": [line(6000), line(4000, "goods"), line(5000, category="AE", rate=0)]}]
    paid = [Share("S", 2000, 5000, 1000), Share("AE", 0, 5000, 0)]

    # 60 % of what falls under 20 % is services: 30.00 and 6.00 of VAT
    assert services_paid(content("fr_business", groups=groups), paid) == [Share("S", 2000, 3000, 600)]
    on_debits = content("fr_business", groups=groups, seller={"vat_on_debits": True})
    assert services_paid(on_debits, paid) == []


def test_a_payment_taken_back_is_told_with_its_sign() -> None:
    groups = [{"lines": [line(6000)]}]

    assert services_paid(content(groups=groups), [Share("S", 2000, -5000, -1000)]) == [Share("S", 2000, -5000, -1000)]


@pytest.mark.parametrize(
    ("day", "name"), [(1, "1-10"), (10, "1-10"), (11, "11-20"), (20, "11-20"), (21, "21-"), (30, "21-")]
)
def test_a_month_is_told_in_three_parts(day: int, name: str) -> None:
    assert decade(date(2026, 11, day)) == name
