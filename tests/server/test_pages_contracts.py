"""Pages about contracts: what staff agree, what a tenant's own people see and may set, and what is refused at its field."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.billing import service as billing
from server.billing import standing
from server.contracts import service as contracts
from server.contracts.models import Budget, Contract, OrderRule, Pack, PurchaseOrder
from server.contracts.service import For, Given, Limit, Numbered, Offer
from server.db import reading
from server.domain.allowances import Unit
from server.domain.contracts import Gives
from server.domain.roles import Role, ScopeKind
from server.domain.tariffs import Scope, simple
from server.people import service as people
from server.people.models import TenantKind
from tests.server.billing_lab import use
from tests.server.page_lab import by, database_url, manager, web
from tests.server.signed_in import page, signed_in, text
from wire.messages import Shows

__all__ = ["by", "database_url", "manager", "web"]

H = 3600
AT = "/tenants/acme"
JAN, OCT = date(2026, 1, 1), date(2026, 10, 1)
NEW_HOURS = {"name": "Dans le loyer", "amount": "20", "over": "1", "most": "30", "since": "2026-10-01", "payer": ""}


@pytest.fixture
def admin(web: Flask) -> FlaskClient:
    return signed_in(web, Role.TENANT_ADMIN, ScopeKind.TENANT, "acme")


def rows(table: Any) -> list[Any]:
    with reading() as session:
        return list(session.query(table).order_by(table.__table__.primary_key.columns.values()[0]))


def test_a_tenant_without_anything_agreed_is_told_what_to_do(manager: FlaskClient, admin: FlaskClient) -> None:
    assert "Rien de convenu" in page(manager, f"{AT}/contracts")
    assert "Fixer un budget" in page(admin, f"{AT}/contracts")


def test_hours_are_agreed_shown_changed_and_ended(manager: FlaskClient, admin: FlaskClient) -> None:
    answer = manager.post(f"{AT}/contracts/new?kind=hours", data=NEW_HOURS)
    assert answer.status_code == 303, text(answer)
    [row] = rows(Contract)
    assert (row.amount, row.carry_months, row.carry_most, row.payer_id) == (20 * H, 1, 30 * H, None)
    shown = page(admin, f"{AT}/contracts")
    assert "Dans le loyer" in shown
    assert "Modifier…" not in shown  # the tenant's own people read it
    changed = {"amount": "12:30", "over": "always", "most": "", "since": "2026-11-01", "reason": "moins", "version": 1}
    assert manager.post(f"{AT}/contracts/{row.id}/change", data=changed).status_code == 303
    first, second = rows(Contract)
    assert (second.amount, second.carry_months, second.root_id) == (45_000, None, first.id)
    ended = {"last": "2026-12-31", "reason": "fin", "version": 1}
    assert manager.post(f"{AT}/contracts/{second.id}/end", data=ended).status_code == 303
    assert rows(Contract)[1].valid_until == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("kind", "typed", "field"),
    [
        ("hours", "vingt", "amount"),
        ("hours", "0", "amount"),
        ("credit", "1.284", "amount"),
        ("discount", "120", "amount"),
    ],
)
def test_what_is_typed_wrong_is_said_at_its_field(manager: FlaskClient, kind: str, typed: str, field: str) -> None:
    answer = manager.post(f"{AT}/contracts/new?kind={kind}", data=NEW_HOURS | {"amount": typed})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert rows(Contract) == []


def test_credit_and_a_discount_are_agreed_in_euros_and_percent(manager: FlaskClient) -> None:
    credit = {"name": "Crédit", "amount": "150,50", "over": "0", "since": "2026-10-01", "payer": "acme-rd"}
    discount = {"name": "Remise", "amount": "12,5", "since": "2026-10-01", "payer": "", "categories": ["printer"]}
    assert manager.post(f"{AT}/contracts/new?kind=credit", data=credit).status_code == 303
    assert manager.post(f"{AT}/contracts/new?kind=discount", data=discount).status_code == 303

    money, percent = rows(Contract)
    assert (money.gives, money.amount, money.payer_id) == ("credit", 150_50, 1)
    assert (percent.gives, percent.amount, percent.categories) == ("discount", 1250, ["printer"])
    assert "12,5 %" in page(manager, f"{AT}/contracts")


def test_two_editors_of_a_contract_see_both_amounts(manager: FlaskClient, by: dict[str, Any]) -> None:
    row = contracts.add_contract("acme", "20 h", Gives.HOURS, Given(20 * H), For(), JAN, **by)
    contracts.change_contract(row.id, Given(25 * H), JAN, "plus", version=1, **by)
    mine = {"amount": "30", "over": "0", "since": "2026-01-01", "reason": "plus", "version": 1}

    answer = manager.post(f"{AT}/contracts/{row.id}/change", data=mine)

    assert answer.status_code == 409
    assert "30" in answer.text
    assert "25" in answer.text


def test_a_pack_is_sold_shown_and_taken_back(manager: FlaskClient) -> None:
    sold = {"name": "Dix heures", "amount": "10", "price": "180", "payer": "acme-rd", "pooled": "y"}
    sold |= {"nature": "machine_use", "day": "2026-10-12", "last": "2027-10-11"}
    assert manager.post(f"{AT}/packs/new?kind=seconds", data=sold).status_code == 303
    [row] = rows(Pack)
    assert (row.amount, row.price_cents, row.valid_until) == (10 * H, 180_00, date(2027, 10, 12))
    assert "Dix heures" in page(manager, f"{AT}/contracts")

    assert "180,00" in page(manager, f"{AT}/packs/{row.id}/take-back")
    back = {"reason": "erreur", "version": 1}
    assert manager.post(f"{AT}/packs/{row.id}/take-back", data=back).status_code == 303
    assert rows(Pack)[0].taken_back_at is not None


def test_a_tenants_administrator_sets_a_budget_and_not_that_of_the_lab(admin: FlaskClient, by: dict[str, Any]) -> None:
    lab_set = contracts.add_budget("acme", None, Limit(900_00, True, OCT), **by)
    mine = {"cents": "500", "counts": "month", "since": "2026-10-01", "payer": "acme-rd"}
    assert admin.post(f"{AT}/budgets/new", data=mine).status_code == 303
    _, own = rows(Budget)
    assert (own.cents, own.monthly, own.by_lab) == (500_00, True, False)
    shown = page(admin, f"{AT}/contracts")
    assert "fixé par l’atelier" in shown

    more = {"cents": "800", "counts": "month", "since": "2026-10-01", "version": 1}
    assert admin.post(f"{AT}/budgets/{own.id}/change", data=more).status_code == 303
    assert admin.post(f"{AT}/budgets/{lab_set.id}/change", data=more).status_code == 403
    assert admin.post(f"{AT}/budgets/{lab_set.id}/end", data=more).status_code == 403
    assert [row.cents for row in rows(Budget)] == [900_00, 800_00]


def test_a_budget_in_all_needs_its_last_day(manager: FlaskClient) -> None:
    asked = {"cents": "500", "counts": "all", "since": "2026-10-01", "payer": ""}
    answer = manager.post(f"{AT}/budgets/new", data=asked)
    assert answer.status_code == 422

    assert manager.post(f"{AT}/budgets/new", data=asked | {"last": "2026-12-31"}).status_code == 303
    [row] = rows(Budget)
    assert (row.monthly, row.valid_until) == (False, date(2027, 1, 1))
    ended = {"last": "2026-11-30", "reason": "fini", "version": 1}
    assert manager.post(f"{AT}/budgets/{row.id}/end", data=ended).status_code == 303
    assert rows(Budget)[0].valid_until == date(2026, 12, 1)


def test_orders_are_added_changed_ended_and_asked_for(manager: FlaskClient, lab: Any) -> None:
    order = {"house": lab.establishment, "payer": "", "number": "EJ-2026-7", "since": "2026-10-01", "ceiling": "4000"}
    assert manager.post(f"{AT}/orders/new", data=order).status_code == 303
    [row] = rows(PurchaseOrder)
    assert (row.number, row.ceiling_cents) == ("EJ-2026-7", 4000_00)
    assert manager.post(f"{AT}/addresses/{lab.establishment}/orders", data={"required": "y"}).status_code == 303
    assert [(one.required, one.one_each) for one in rows(OrderRule)] == [(True, False)]
    shown = page(manager, f"{AT}/contracts")
    assert "EJ-2026-7" in shown
    assert "4 000,00" in shown.replace("\u202f", " ")

    changed = {"number": "EJ-2026-8", "since": "2026-10-01", "version": 1}
    assert manager.post(f"{AT}/orders/{row.id}/change", data=changed).status_code == 303
    ended = {"last": "2026-12-31", "reason": "soldé", "version": 2}
    assert manager.post(f"{AT}/orders/{row.id}/end", data=ended).status_code == 303
    [row] = rows(PurchaseOrder)
    assert (row.number, row.valid_until) == ("EJ-2026-8", date(2027, 1, 1))


def test_what_is_another_tenants_is_not_there(manager: FlaskClient, lab: Any, by: dict[str, Any]) -> None:
    people.add_tenant("other", "Autre", TenantKind.COMPANY, **by)
    contract = contracts.add_contract("acme", "20 h", Gives.HOURS, Given(20 * H), For(), JAN, **by)
    pack = contracts.sell_pack("acme", "acme-rd", Offer("x", Unit.SECONDS, H, 1), OCT, **by)
    budget = contracts.add_budget("acme", None, Limit(900_00, True, OCT), **by)
    order = contracts.add_order(lab.establishment, None, Numbered("1", JAN), **by)

    for path in (
        *(f"contracts/{contract.id}/change", f"contracts/{contract.id}/end", f"packs/{pack.id}/take-back"),
        *(f"budgets/{budget.id}/change", f"budgets/{budget.id}/end", f"orders/{order.id}/change"),
        *(f"orders/{order.id}/end", f"addresses/{lab.establishment}/orders"),
    ):
        assert manager.get(f"/tenants/other/{path}").status_code == 404, path
        assert manager.get(f"/tenants/acme/{path}").status_code == 200, path


def test_a_budget_that_is_used_up_stands_on_today_on_the_tenants_page_and_on_its_own_month(
    manager: FlaskClient, admin: FlaskClient, web: Flask, by: dict[str, Any], now: Any
) -> None:
    billing.add_tariff(Scope(category="printer"), simple(2400, 900), now - timedelta(days=20), **by)
    contracts.add_budget("acme", "acme-rd", Limit(50_00, True, OCT), **by)
    contracts.add_contract("acme", "Dans le loyer", Gives.HOURS, Given(3600), For(), OCT, **by)
    use("acme-rd", "p1", now - timedelta(hours=5), 10_800)  # 1 h included, 2 h at 24.00: 48.00
    standing.refresh(web.extensions["settings"], now)
    assert "Budget utilisé à 96 %" in page(manager, "/today")
    assert "utilisé à 96 %" in page(manager, "/tenants/acme")

    use("acme-rd", "p1", now - timedelta(hours=1), 60)  # 6.00
    standing.refresh(web.extensions["settings"], now)
    assert "Budget épuisé" in page(manager, "/today")
    assert "Budget de R&amp;D épuisé" in page(manager, "/tenants/acme")
    month = page(admin, "/tenants/acme/books")
    assert "54,00 € sur 50,00 €" in month
    assert "1 h 00 sur 1 h 00 utilisés" in month
    assert "dont 1 h 00" in month


def test_the_phone_tells_what_is_left_as_far_as_the_tenant_shows_it(
    web: Flask, lab: Any, by: dict[str, Any], now: Any
) -> None:
    contracts.add_budget("acme", "acme-rd", Limit(50_00, True, OCT), **by)
    contracts.add_contract("acme", "Dans le loyer", Gives.HOURS, Given(10 * H), For(), OCT, **by)
    standing.refresh(web.extensions["settings"], now)
    maker = signed_in(web, Role.HOLDER, holder=lab.holder)
    shown = {}
    for shows in (Shows.PRICE, Shows.TIME_LEFT, Shows.NOTHING):
        people.edit_tenant("acme", "Acme SARL", TenantKind.COMPANY, "fr", None, shows, **by)
        told = page(maker, "/me")
        shown[shows] = ("Dans le loyer" in told, "0,00 € sur 50,00 €" in told)

    assert shown == {Shows.PRICE: (True, True), Shows.TIME_LEFT: (True, False), Shows.NOTHING: (False, False)}
