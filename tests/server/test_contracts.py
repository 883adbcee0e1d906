"""Contracts in the books: begun, changed, ended, taken back; what is refused; the second of two editors is told."""

from datetime import date
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from server.audit.service import trail
from server.contracts import service as contracts
from server.contracts.models import Budget
from server.contracts.service import ContractError, For, Given, Limit, Numbered, Offer
from server.db import Stale, reading
from server.domain.allowances import Allowance, Terms, Unit
from server.domain.budgets import Span, Stage
from server.domain.contracts import Gives
from server.domain.items import ItemKind
from server.domain.orders import Asked
from server.domain.period import period_of
from server.domain.roles import Role, ScopeKind
from server.domain.vat import Nature
from server.jobs.models import Change
from server.mail.models import Mail
from server.people import service as people
from server.people.models import TenantKind
from tests.server.signed_in import log_in, settings_for

H = 3600
ZONE = ZoneInfo("Europe/Paris")
JAN, OCT, NOV = date(2026, 1, 1), date(2026, 10, 1), date(2026, 11, 1)
HOURS = Gives.HOURS


@pytest.fixture
def by(now: Any) -> dict[str, Any]:
    return {"actor": "account:1", "now": now}


def terms(month: str, used: dict[tuple[str, str], int] | None = None) -> Terms:
    with reading():
        return contracts.terms_for(period_of(month, ZONE), {"acme": used or {}}).get("acme", Terms())


def left(month: str, used: dict[tuple[str, str], int] | None = None) -> list[int]:
    return [one.left for one in terms(month, used).allowances]


def heard(topic: str) -> set[str]:
    with reading() as session:
        return set(session.scalars(select(Change.key).where(Change.topic == topic)))


def test_hours_of_a_month_are_pooled_or_for_one_cost_centre_and_at_some_machines(lab, by):
    contracts.add_contract("acme", "20 h", HOURS, Given(20 * H), For(), JAN, **by)
    contracts.add_contract("acme", "Fraisage", HOURS, Given(5 * H), For("acme-rd", ("cnc",)), JAN, **by)

    pooled, own = terms("2026-10").allowances
    assert (pooled.left, pooled.payers, pooled.categories) == (20 * H, frozenset(), frozenset())
    assert (own.left, own.payers, own.categories) == (5 * H, frozenset({"acme-rd"}), frozenset({"cnc"}))
    assert heard("access") >= {"tenant:acme"}


def test_what_is_not_used_goes_over_as_long_as_agreed(lab, by):
    row = contracts.add_contract("acme", "20 h", HOURS, Given(20 * H, 1), For(), date(2026, 8, 1), **by)
    ref = f"contract:{row.id}"

    assert left("2026-09", {(ref, "2026-08"): 5 * H}) == [35 * H]
    assert left("2026-10", {(ref, "2026-08"): 5 * H, (ref, "2026-09"): 15 * H}) == [40 * H]  # September's own are whole


def test_a_change_from_a_day_on_goes_on_with_what_is_left(lab, by):
    first = contracts.add_contract("acme", "20 h", HOURS, Given(20 * H, 1), For(), date(2026, 9, 1), **by)
    second = contracts.change_contract(first.id, Given(30 * H, 1), NOV, "plus de monde", version=1, **by)

    (allowance,) = terms("2026-11", {(f"contract:{first.id}", "2026-10"): 25 * H}).allowances
    assert allowance.ref == f"contract:{first.id}"
    assert allowance.left == 45 * H  # 30 h, and 15 of October: it used September's 20 first
    with reading():
        assert [row.id for row in contracts.chain(second.id)] == [first.id, second.id]
    assert [entry.verb for entry in trail("contract", first.id)] == ["end", "add"]


def test_what_ends_gives_nothing_afterwards_and_ended_on_its_first_day_never_was(lab, by):
    one = contracts.add_contract("acme", "20 h", HOURS, Given(20 * H), For(), OCT, **by)
    contracts.end_contract(one.id, NOV, "résilié", version=1, **by)
    never = contracts.add_contract("acme", "par erreur", HOURS, Given(9 * H), For(), OCT, **by)
    contracts.end_contract(never.id, OCT, "par erreur", version=1, **by)

    assert left("2026-10") == [20 * H]
    assert left("2026-12") == []


def test_what_is_billed_already_is_not_agreed_anew(lab, by):
    row = contracts.add_contract("acme", "20 h", HOURS, Given(20 * H), For(), JAN, **by)
    billed = date(2026, 9, 30)

    with pytest.raises(ContractError, match="billed already"):
        contracts.change_contract(row.id, Given(1 * H), billed, "trop", billed_until=billed, **by)
    with pytest.raises(ContractError, match="billed already"):
        contracts.end_contract(row.id, date(2026, 9, 1), "trop", billed_until=billed, **by)
    contracts.change_contract(row.id, Given(1 * H), OCT, "moins", billed_until=billed, **by)
    assert left("2026-10") == [1 * H]


@pytest.mark.parametrize(
    ("gives", "given", "since", "until"),
    [
        (HOURS, Given(0), JAN, None),
        (Gives.CREDIT, Given(-5), JAN, None),
        (Gives.DISCOUNT, Given(10_001), JAN, None),
        (HOURS, Given(H, -1), JAN, None),
        (HOURS, Given(H), OCT, OCT),
    ],
)
def test_odd_contracts_are_refused(lab, by, gives, given, since, until):
    with pytest.raises(ContractError):
        contracts.add_contract("acme", "x", gives, given, For(), since, until, **by)

    assert terms("2026-10") == Terms()


def test_a_contract_is_for_ones_own_cost_centres(lab, by):
    people.add_tenant("other", "Other", TenantKind.COMPANY, **by)

    with pytest.raises(ContractError, match="acme-rd"):
        contracts.add_contract("other", "x", HOURS, Given(H), For("acme-rd"), JAN, **by)


def test_a_discount_is_in_the_terms_and_the_second_of_two_editors_is_told(lab, by):
    row = contracts.add_contract("acme", "10 %", Gives.DISCOUNT, Given(1000), For(None, ("printer",)), JAN, **by)
    contracts.change_contract(row.id, Given(1500), JAN, "négocié", version=1, **by)

    assert [(one.basis_points, one.categories) for one in terms("2026-10").discounts] == [
        (1500, frozenset({"printer"}))
    ]
    with pytest.raises(Stale):
        contracts.change_contract(row.id, Given(2000), JAN, "encore", version=1, **by)


# --- packs ------------------------------------------------------------------------------------------------------------


PACK = Offer("Dix heures", Unit.SECONDS, 10 * H, 180_00, until=date(2027, 10, 12))


def test_a_pack_is_billed_in_the_month_it_is_sold_and_used_from_that_day_on(lab, by):
    row = contracts.sell_pack("acme", "acme-rd", PACK, date(2026, 10, 12), **by)

    with reading():
        (item,) = contracts.bill_items(period_of("2026-10", ZONE))
        assert contracts.bill_items(period_of("2026-11", ZONE)) == []
    assert (item.ref, item.kind, item.nature) == (f"pack:{row.id}", ItemKind.PACK, "voucher")
    assert (item.tenant, item.payer, item.net_cents, item.quantity) == ("acme", "acme-rd", 180_00, Decimal(1))
    assert set(item.labels) == {"fr", "de", "en"}
    assert item.labels["fr"].count("Dix heures") == 1
    (allowance,) = terms("2026-10").allowances
    assert (allowance.left, allowance.since, allowance.until) == (10 * H, date(2026, 10, 12), date(2027, 10, 12))
    assert left("2026-12", {(f"pack:{row.id}", "2026-10"): 4 * H}) == [6 * H]
    assert left("2028-01") == []  # it has ended


def test_a_pack_pays_for_nothing_once_the_tenant_is_taxed_otherwise(lab, by):
    contracts.sell_pack("acme", "acme-rd", PACK, date(2026, 10, 12), **by)
    people.set_treatment(lab.establishment, "eu_business", date(2026, 11, 15), "siège à Fribourg", **by)

    (allowance,) = terms("2026-11").allowances
    assert allowance.until == date(2026, 11, 15)


def test_a_pack_for_one_cost_centre_is_not_for_the_others(lab, by):
    own = Offer("Dix heures", Unit.CENTS, 100_00, 90_00, pooled=False)
    contracts.sell_pack("acme", "acme-rd", own, date(2026, 10, 12), **by)

    (allowance,) = terms("2026-10").allowances
    assert allowance == Allowance(
        allowance.ref, Unit.CENTS, 100_00, frozenset({"acme-rd"}), rank=0, since=date(2026, 10, 12)
    )


def test_a_pack_sold_by_mistake_is_taken_back_before_it_is_billed_only(lab, by):
    row = contracts.sell_pack("acme", "acme-rd", PACK, date(2026, 10, 12), **by)
    with pytest.raises(ContractError, match="on a later document"):
        contracts.take_back_pack(row.id, "erreur", is_billed=True, **by)
    contracts.take_back_pack(row.id, "erreur", is_billed=False, version=1, **by)

    with reading():
        assert contracts.bill_items(period_of("2026-10", ZONE)) == []
    assert left("2026-10") == []


def test_no_pack_is_sold_before_somebody_has_decided_its_vat(lab, by):
    with pytest.raises(ContractError, match="taxed when it is sold"):
        contracts.sell_pack("acme", "acme-rd", PACK, date(2025, 12, 31), **by)
    with pytest.raises(ContractError, match="use of machines"):
        contracts.sell_pack("acme", "acme-rd", Offer("x", Unit.CENTS, 1, 1, nature=Nature.GOODS), OCT, **by)


# --- budgets ----------------------------------------------------------------------------------------------------------


def known() -> contracts.Known:
    with reading():
        (one,) = contracts.known_budgets()
    return one


def test_a_budget_of_a_tenant_is_that_of_all_its_cost_centres(lab, by):
    people.add_payer("acme", "acme-it", "IT", "Acme IT", **by)
    contracts.add_budget("acme", None, Limit(500_00, True, OCT), **by)

    assert known().rule.payers == {"acme-rd", "acme-it"}
    assert (known().tenant, known().payer, known().by_lab) == ("acme", None, True)


def test_a_budget_is_changed_at_once_and_ended_from_a_day_on(lab, by):
    row = contracts.add_budget("acme", "acme-rd", Limit(500_00, True, OCT), by_lab=False, **by)
    contracts.change_budget(row.id, Limit(800_00, True, OCT), "plus", version=1, **by)
    assert known().rule.cents == 800_00
    contracts.end_budget(row.id, NOV, "fini", version=2, **by)

    assert known().rule.until == NOV
    assert not known().by_lab
    assert {entry.verb for entry in trail("budget", row.id)} == {"add", "change", "end"}
    with pytest.raises(Stale):
        contracts.end_budget(row.id, OCT, "fini", version=2, **by)


@pytest.mark.parametrize("limit", [Limit(0, True, OCT), Limit(5, False, OCT), Limit(5, True, OCT, OCT)])
def test_odd_budgets_are_refused(lab, by, limit):
    with pytest.raises(ContractError):
        contracts.add_budget("acme", None, limit, **by)

    with reading() as session:
        assert session.scalars(select(Budget)).all() == []


def test_a_crossing_is_told_once_to_each_of_its_people_and_again_for_another_amount_or_month(
    lab, by, now, database_url
):
    row = contracts.add_budget("acme", "acme-rd", Limit(500_00, True, OCT), **by)
    log_in(Role.TENANT_ADMIN, ScopeKind.TENANT, "acme", now=now)
    log_in(Role.TENANT_ACCOUNTANT, ScopeKind.TENANT, "acme", now=now)
    log_in(Role.TENANT_ADMIN, ScopeKind.TENANT, "other", now=now)
    span, lab_settings = Span(OCT, date(2026, 10, 31)), settings_for(database_url)

    def cross(stage: Stage, cents: int, days: Span = span) -> bool:
        return contracts.note_crossing(known(), days, stage, cents, lab_settings, now)

    assert cross(Stage.WARNED, 400_00)
    assert not cross(Stage.WARNED, 410_00)
    assert len(letters()) == 2
    assert cross(Stage.REACHED, 500_00)
    assert cross(Stage.WARNED, 401_00, Span(NOV, date(2026, 11, 30)))
    contracts.change_budget(row.id, Limit(600_00, True, OCT), "plus", **by)
    assert cross(Stage.WARNED, 480_00)
    assert len(letters()) == 8
    assert len({mail.recipient for mail in letters()}) == 2
    assert "R&D" in letters()[0].subject
    assert "400,00" in letters()[0].text


def letters() -> list[Mail]:
    with reading() as session:
        return list(session.scalars(select(Mail).order_by(Mail.id)))


# --- orders -----------------------------------------------------------------------------------------------------------


def test_an_order_is_for_whoever_is_billed_there(lab, by):
    contracts.add_order(lab.establishment, None, Numbered("4500001", JAN), **by)
    contracts.add_order(lab.establishment, "acme-rd", Numbered("EJ-7", OCT, NOV, date(2026, 9, 20), 900_00), **by)

    with reading():
        found = contracts.order_for(lab.establishment, "acme-rd", OCT)
        later = contracts.order_for(lab.establishment, "acme-rd", NOV)
    assert found is not None
    assert (found.number, found.ordered_on, found.ceiling_cents) == ("EJ-7", date(2026, 9, 20), 900_00)
    assert later is not None
    assert later.number == "4500001"
    people.add_tenant("other", "Other", TenantKind.COMPANY, **by)
    people.add_payer("other", "other-1", "x", "Other", **by)
    with pytest.raises(ContractError, match="other-1"):
        contracts.add_order(lab.establishment, "other-1", Numbered("1", JAN), **by)


def test_an_order_is_put_right_and_ended(lab, by):
    row = contracts.add_order(lab.establishment, None, Numbered("4500001", JAN), **by)
    contracts.change_order(row.id, Numbered("4500010", JAN), "faute de frappe", version=1, **by)
    contracts.end_order(row.id, OCT, "soldé", version=2, **by)

    with reading():
        (one,) = contracts.all_orders()
        assert (one.number, one.until) == ("4500010", OCT)
        assert contracts.order_for(lab.establishment, "acme-rd", OCT) is None
    with pytest.raises(Stale):
        contracts.change_order(row.id, Numbered("1", JAN), "x", version=1, **by)
    with pytest.raises(ContractError, match="number"):
        contracts.change_order(row.id, Numbered(" ", JAN), "x", **by)


def test_an_establishment_says_what_it_asks_of_its_invoices(lab, by):
    with reading():
        assert contracts.asked_by() == {}
    contracts.ask_orders(lab.establishment, Asked(required=True), **by)
    contracts.ask_orders(lab.establishment, Asked(True, True), version=1, **by)

    with reading():
        assert contracts.asked_by([lab.establishment]) == {lab.establishment: Asked(True, True)}
    with pytest.raises(Stale):
        contracts.ask_orders(lab.establishment, Asked(), version=1, **by)
    assert trail("establishment", lab.establishment)[0].verb == "ask_orders"
