"""Prices of every shape from the books to the draft and back: classes of members, hours of the day, included hours, items."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from server.billing import facts
from server.billing import service as billing
from server.billing.drafting import draft_month
from server.billing.ledger import fault_of_item, verify_billing
from server.billing.models import Charge, Draft
from server.billing.prices import next_price
from server.billing.pricing import priced
from server.billing.uses import in_force
from server.contracts import service as contracts
from server.contracts.agreements import For, Given
from server.contracts.models import Contract
from server.db import reading, writing
from server.domain.contracts import Gives
from server.domain.items import BillItem, ItemKind, Unit
from server.domain.period import period_of
from server.domain.rating import RatedSession
from server.domain.tariffs import Band, Basis, Cap, Of, Part, Rule, Scope, Span, simple
from server.people.models import Holder, Membership, Payer
from tests.server.billing_lab import CLOSING, MONTH, OPENED, ZONE, add_start_up, close, furnish, issue, use

BY: Any = {"actor": "test", "now": OPENED}
pytestmark = pytest.mark.usefixtures("app")


def price(rule: Rule, **scope: Any) -> None:
    billing.add_tariff(Scope(**scope), rule, OPENED + timedelta(days=1), **BY)


def content() -> dict[str, Any]:
    with reading() as session:
        found: dict[str, Any] = session.scalars(select(Draft.content)).one()
    return found


def lines() -> list[tuple[str, str, str, int]]:
    return [
        (line["what"], line["quantity"], line["unit_cents"], line["net_cents"])
        for group in content()["groups"]
        for line in group["lines"]
    ]


def adds_up() -> bool:
    said = content()
    groups = [sum(line["net_cents"] for line in group["lines"]) == group["net_cents"] for group in said["groups"]]
    charges = sum(charge["net_cents"] for charge in said["charges"])
    return all(groups) and charges == sum(group["net_cents"] for group in said["groups"]) == said["net_cents"]


def member(**changed: Any) -> None:
    with writing() as session:
        payer = session.scalars(select(Payer).where(Payer.code == "acme-1")).one()
        about = {
            "ref": "m-1",
            "holder_number": 7,
            "tenant_id": payer.tenant_id,
            "payer_id": payer.id,
            "valid_from": OPENED,
        }
        session.add(Membership(**about | changed))


def add_holder() -> None:
    with writing() as session:
        session.add(Holder(number=7))


def test_every_step_of_a_price_is_a_line_and_all_of_them_add_up() -> None:
    furnish()
    rule = Rule(
        (Part(Basis.OCCUPIED, 1200, step_s=900), Part(Basis.RUNNING, 10, per_s=60)),
        session_fee_cents=100,
        day_fee_cents=250,
        caps=(Cap(Span.DAY, Of.PERSON, 1000),),
    )
    price(rule, machine="c1")
    # 31 min: three quarters 9.00, 10 min of running 1.00, fee 1.00, the day 2.50: 13.50, cut to 10.00; then 0.00 of 10.00
    use(machine="c1", seconds=1860, running_s=600)
    use(machine="c1", start=datetime(2026, 10, 5, 12, tzinfo=UTC), seconds=900, running_s=0)
    close()

    assert lines() == [
        ("time", "1", "1200", 1200),
        ("time", "0.166667", "600", 100),
        ("fee", "2", "100", 200),
        ("day_fee", "1", "250", 250),
        ("cap", "1", "-750", -750),
    ]
    assert adds_up()
    issue()
    assert verify_billing() == []


def test_a_cap_and_a_day_that_all_charges_together_go_over_are_found() -> None:
    furnish()
    price(Rule((Part(Basis.OCCUPIED, 600),), day_fee_cents=250, caps=(Cap(Span.DAY, Of.PERSON, 900),)), machine="c1")
    use(machine="c1")
    use(machine="c1", start=datetime(2026, 10, 5, 12, tzinfo=UTC), seconds=60)
    close()
    issue()
    assert verify_billing() == []

    with writing() as session:
        for charge in session.scalars(select(Charge)):
            charge.priced = charge.priced | {"day_fee_cents": 250}

    problems = "\n".join(verify_billing())
    assert "in 2026-10-05: 1110 cents are charged, 900 are the most there" in problems
    assert "in 2026-10-05: 500 cents are charged, 250 are the most there" in problems


def test_a_class_of_members_counts_as_it_was_when_the_session_began() -> None:
    furnish()
    add_holder()
    change = datetime(2026, 10, 10, tzinfo=UTC)
    member(member_class="mentor", valid_until=change)
    member(ref="m-2", valid_from=change)
    price(simple(600, 900), category="printer", member_class="mentor")
    use()
    use(start=change + timedelta(hours=8))
    use(payer="nord-1")
    close()

    with reading() as session:
        drafts = session.scalars(select(Draft.content)).all()
    nets = {draft["buyer"]["tenant"]: [charge["net_cents"] for charge in draft["charges"]] for draft in drafts}

    assert nets == {"acme": [600, 2400], "nord": [2400]}


def test_a_price_for_one_tenant_goes_before_that_for_its_kind() -> None:
    furnish()
    price(simple(600, 900), category="printer", tenant="acme")
    price(simple(900, 900), category="printer", tenant_kind="company")

    rates = billing.rates_for(CLOSING, ZONE)

    assert (rates["p1", "acme-1"], rates["p1", "nord-1"], rates["p1", "bach-1"]) == (600, 900, 2400)
    with pytest.raises(billing.BillingError, match="There is no tenant x"):
        price(simple(1, 60), category="printer", tenant="x")
    with pytest.raises(billing.BillingError, match="one tenant or for a kind"):
        price(simple(1, 60), category="printer", tenant="acme", tenant_kind="company")
    with pytest.raises(billing.BillingError, match="step above zero"):
        price(simple(1, 0), category="printer")


def test_panels_are_told_when_the_price_of_the_hour_changes_next() -> None:
    furnish()
    day = Band((0, 1, 2, 3, 4), time(8), time(20), 4800)
    price(Rule((Part(Basis.OCCUPIED, 2400, bands=(day,)),)), category="printer")
    seven = datetime(2026, 10, 5, 5, 0, tzinfo=UTC)  # 07:00 on the lab's clock, a Monday
    eight = seven + timedelta(hours=1)

    with reading():
        assert next_price(seven, ZONE) == eight
    assert [billing.rates_for(moment, ZONE)["p1", "acme-1"] for moment in (seven, eight)] == [2400, 4800]


def test_included_hours_are_used_in_the_order_of_the_sessions_and_shown_as_covered() -> None:
    furnish()
    contracts.add_contract("acme", "Deux heures", Gives.HOURS, Given(7200), For(), date(2026, 10, 1), **BY)
    use(seconds=5400)
    use(start=datetime(2026, 10, 6, 8, tzinfo=UTC), seconds=3600)
    close()

    (group,) = content()["groups"]
    # 1 h 30 and 1 h, of which two hours are included: half an hour at 24.00
    assert (group["billed_s"], group["covered_s"], group["net_cents"]) == (9000, 7200, 1200)
    assert adds_up()
    issue()
    assert verify_billing() == []

    with writing() as session:
        session.scalars(select(Contract)).one().amount = 7199

    assert "contract:1: 7200 seconds or cents are used, 7199 were given" in verify_billing()


def item(ref: str, day: date, cents: int, **changed: Any) -> BillItem:
    facts_: dict[str, Any] = {
        "kind": ItemKind.MATERIAL,
        "tenant": "acme",
        "payer": "acme-1",
        "nature": "machine_use",
        "net_cents": cents,
    }
    labels = {"fr": "Filament", "de": "Filament", "en": "Filament"}
    about = {"labels": labels, "quantity": Decimal(10), "unit": Unit.GRAM, "unit_cents": Decimal(cents) / 10}
    return BillItem(ref=ref, day=day, **facts_ | about | changed)


def drafted(*items: BillItem, charged: dict[str, int] | None = None, reopened: dict[str, int] | None = None) -> Any:
    period = period_of(MONTH, ZONE)
    with reading():
        known = facts.load(period, specimen=False)
    known = replace(known, items=items, charged=charged or {}, reopened=reopened or {})
    return draft_month(known, period, in_force(known.issuers, CLOSING.date()), ZONE, specimen=False)


def test_items_stand_beside_sessions_on_the_bill_of_whoever_pays_on_their_day() -> None:
    furnish()
    add_start_up(paid_by="acme")
    use()
    day = date(2026, 10, 7)
    first, second = item("material:1", day, 150, machine="p1"), item("material:2", day, 150, machine="p1")
    gift = item("material:3", day, 0, free="goodwill", unit_cents=Decimal(15))
    others = item("material:4", day, 99, tenant="new", payer="new-1")

    (draft,) = drafted(first, second, gift, others).drafts

    told = [
        (
            group["on_behalf_of"],
            line["what"],
            line["machine"],
            line["quantity"],
            line["unit"],
            line["net_cents"],
            line["free"],
        )
        for group in draft.content["groups"]
        for line in group["lines"]
    ]
    assert told == [
        ("", "time", "Imprimante P1", "1", "h", 2400, None),
        ("", "item", "Imprimante P1", "20", "g", 300, None),
        ("", "item", "", "10", "g", 0, "goodwill"),
        ("Jeune pousse", "item", "", "10", "g", 99, None),
    ]
    assert draft.content["net_cents"] == sum(charge["net_cents"] for charge in draft.content["charges"]) == 2799


def test_an_item_is_charged_once_and_again_only_after_a_credit_note_lets_it() -> None:
    furnish()
    one = item("material:1", date(2026, 10, 7), 150)

    assert drafted(one, charged={"material:1": 0}).drafts == ()
    (again,) = drafted(one, charged={"material:1": 0}, reopened={"material:1": 1}).drafts
    assert [(charge["subject"], charge["round"]) for charge in again.content["charges"]] == [("material:1", 1)]


def test_what_was_billed_of_a_day_in_the_month_before_is_known_in_this_one() -> None:
    furnish()
    price(Rule(day_fee_cents=250), machine="p1")
    evening = datetime(2026, 10, 31, 19, tzinfo=UTC)
    use(start=evening, seconds=600)
    use(start=evening + timedelta(hours=3), seconds=7200)  # 23:00 on the lab's clock to 01:00 in November
    close()
    issue()
    december = datetime(2026, 12, 3, 9, tzinfo=UTC)

    billing.build_drafts("2026-11", december, ZONE, specimen=False)

    with reading() as session:
        (november,) = session.scalars(select(Draft.content).where(Draft.month == "2026-11")).all()
    assert [charge["net_cents"] for charge in november["charges"]] == [0]


def test_a_silent_meter_holds_the_document_with_its_reason() -> None:
    furnish()
    price(Rule((Part(Basis.RUNNING, 600),)), machine="c1")
    use(machine="c1", running_s=None)
    report = close()

    (held,) = report.drafts.held
    assert held.held == "machine c1 did not tell on 2026-10-05 the time that its price is for"


def test_a_session_is_found_with_its_price_whatever_its_shape() -> None:
    furnish()
    price(
        Rule((Part(Basis.POWERED, 600), Part(Basis.COOLDOWN, 60, per_s=600, step_s=600)), minimum_cents=500),
        machine="c1",
    )
    # powered an hour, of which it cooled down for 20 min: 40 min × 6.00 = 4.00; 2 × 0.60; above the minimum
    name = use(machine="c1", cooldown_s=1200)

    found = priced(name, CLOSING, ZONE)

    assert found is not None
    assert isinstance(found.rated, RatedSession)
    assert found.rated.net_cents == 400 + 120


def test_an_item_is_worked_out_again_from_its_quantity() -> None:
    furnish()
    day = date(2026, 10, 7)
    # 7 minutes of 57.85 an hour are 6.749 → 6.75; as 0.1167 h they would be 6.751
    operator = item("operator:1", day, 675, unit=Unit.HOUR, quantity=Decimal("0.1167"), unit_cents=Decimal(5785))
    (draft,) = drafted(item("material:1", day, 150), operator, item("material:2", day, 0, unit_cents=Decimal(0))).drafts
    charges = [
        Charge(**{name: charge[name] for name in ("subject", "net_cents", "free", "priced")})
        for charge in draft.content["charges"]
    ]

    assert [fault_of_item(charge) for charge in charges] == ["", "", ""]
    for charge in charges:
        charge.net_cents += 1
    assert [fault_of_item(charge) for charge in charges] == [
        "151 cents are charged, 150 are due",
        "676 cents are charged, 675 are due",
        "1 cents are charged, 0 are due",
    ]
