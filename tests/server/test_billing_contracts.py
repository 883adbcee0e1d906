"""Contracts on the bill: hours at 0 and shown, carried over from what was billed or not yet, packs sold and used, orders."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.billing import credit_notes, months
from server.billing import service as billing
from server.billing.agreed import billed_until
from server.billing.models import Charge, Draft, Period
from server.contracts import service as contracts
from server.contracts.service import For, Given, Numbered, Offer
from server.db import closing_database, make_app, reading
from server.domain.allowances import Unit
from server.domain.contracts import Gives
from server.domain.crediting import Whole
from server.domain.orders import Asked
from server.domain.roles import Role
from server.domain.vat import Nature, Regime
from server.domain.vat_proposals import column
from server.people.models import Establishment
from tests.server.billing_lab import CLOSING, OPENED, ZONE, close, furnish, issue, use
from tests.server.signed_in import page, signed_in, web_app

H = 3600
BY: dict[str, Any] = {"actor": "test", "now": OPENED}
SEP, OCT = date(2026, 9, 1), date(2026, 10, 1)
IN_SEPTEMBER = datetime(2026, 10, 3, 9, 0, tzinfo=UTC)


@pytest.fixture
def books(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = make_app(database_url)
    with app.app_context(), closing_database():
        furnish()
        yield app


def at(day: int, month: int = 10, hour: int = 8) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def drafts(month: str = "2026-10") -> list[dict[str, Any]]:
    """Those of acme, as they are now."""
    months.build_drafts(month, CLOSING, ZONE, specimen=False)
    with reading() as session:
        rows = session.scalars(select(Draft).where(Draft.month == month).order_by(Draft.id))
        return [row.content | {"held": row.held} for row in rows if row.content["buyer"]["tenant"] == "acme"]


def house() -> int:
    with reading() as session:
        return session.scalars(select(Establishment.id).where(Establishment.legal_name == "Acme SARL")).one()


def test_included_hours_cover_whole_steps_at_nothing_and_go_over_billed_or_not(books: Flask) -> None:
    """Two hours a month at printers, what is left goes over for one month."""
    contracts.add_contract("acme", "2 h", Gives.HOURS, Given(2 * H, 1), For(None, ("printer",)), SEP, **BY)
    use(start=at(7, 9), seconds=H)  # covered
    use(start=at(8, 9), machine="c1", seconds=H)  # 36.00 and 2.50 for the session
    use(start=at(5), seconds=3 * H)  # 2 h of October and 1 h of September
    use("acme-2", start=at(6), seconds=H)  # nothing is left: 24.00; the hours were pooled

    before = drafts()
    assert [one["net_cents"] for one in before] == [24_00]
    covered = {group["cost_centre"]: group["covered_s"] for group in before[0]["groups"]}
    assert covered == {"Atelier": 3 * H, "Bureau d’études": 0}
    close("2026-09", IN_SEPTEMBER)
    assert len(issue("2026-09", IN_SEPTEMBER)) == 1
    with reading() as session:
        assert sorted(session.scalars(select(Charge.net_cents))) == [0, 38_50]
        assert billed_until("acme") == date(2026, 9, 30)
    assert [one["net_cents"] for one in drafts()] == [24_00], "what stands on charges counts like what was rated"


def test_credit_is_taken_off_and_a_discount_comes_before_it(books: Flask) -> None:
    contracts.add_contract("acme", "50 €", Gives.CREDIT, Given(50_00), For("acme-1"), OCT, **BY)
    contracts.add_contract("acme", "10 %", Gives.DISCOUNT, Given(1000), For(), OCT, **BY)
    use(start=at(5), seconds=4 * H)  # 96.00 − 9.60 = 86.40 − 50.00 = 36.40
    use("acme-2", start=at(6), seconds=H)  # 24.00 − 2.40 = 21.60

    [draft] = drafts()
    assert draft["net_cents"] == 58_00
    assert {group["cost_centre"]: group["net_cents"] for group in draft["groups"]} == {
        "Atelier": 36_40,
        "Bureau d’études": 21_60,
    }


def test_a_pack_is_billed_when_sold_and_used_up_at_nothing_across_months(books: Flask) -> None:
    voucher = [one for one in column(Regime.NORMAL, Nature.VOUCHER) if one.treatment == "fr_business"]
    billing.accept_proposals(voucher, date(2026, 1, 1), "single-purpose voucher", **BY)
    pack = Offer("Cinq heures", Unit.SECONDS, 5 * H, 100_00, until=date(2027, 1, 1))
    sold = contracts.sell_pack("acme", "acme-1", pack, date(2026, 9, 10), **BY)
    use(start=at(9, 9), seconds=H)  # before it was sold: 24.00
    use(start=at(11, 9), seconds=2 * H)  # of the pack
    use(start=at(5), seconds=4 * H)  # 3 h of the pack, 1 h at 24.00

    [september] = drafts("2026-09")
    assert september["net_cents"] == 124_00  # the pack, and the hour before it
    assert [line["label"] for line in september["groups"][0]["lines"] if line["what"] == "item"] == [
        "Forfait « Cinq heures », à utiliser avant le 01/01/2027"
    ]
    close("2026-09", IN_SEPTEMBER)
    assert len(issue("2026-09", IN_SEPTEMBER)) == 1
    [october] = drafts()
    assert october["net_cents"] == 24_00
    with reading() as session:
        sale = session.scalars(select(Charge).where(Charge.subject == f"pack:{sold.id}")).one()
    assert (sale.kind, sale.net_cents, sale.nature) == ("item", 100_00, "voucher")


def test_an_invoice_without_the_order_it_must_bear_is_held_and_says_so(books: Flask) -> None:
    contracts.ask_orders(house(), Asked(required=True), **BY)
    use(start=at(5))
    assert [one["held"] for one in drafts()] == [
        "Acme SARL refuses invoices without an order number, and there is none for 2026-10-05"
    ]

    contracts.add_order(house(), None, Numbered("4500001", OCT, ordered_on=date(2026, 9, 28)), **BY)
    [draft] = drafts()
    assert draft["held"] == ""
    assert draft["order"] == {"number": "4500001", "day": "2026-09-28"}
    assert [group["order"] for group in draft["groups"]] == ["4500001"]


def test_each_order_has_a_document_of_its_own_where_the_customer_wants_it(books: Flask) -> None:
    contracts.add_order(house(), None, Numbered("4500001", OCT), **BY)
    contracts.add_order(house(), "acme-2", Numbered("EJ-7", OCT), **BY)
    use(start=at(5))
    use("acme-2", start=at(6), seconds=2 * H)
    [together] = drafts()
    assert together["order"] is None
    assert [group["order"] for group in together["groups"]] == ["4500001", "EJ-7"]

    contracts.ask_orders(house(), Asked(one_each=True), **BY)
    assert {one["part"]: (one["order"]["number"], one["net_cents"]) for one in drafts()} == {
        "4500001": ("4500001", 24_00),
        "EJ-7": ("EJ-7", 48_00),
    }


def test_an_order_that_is_used_up_is_looked_at_and_holds_where_one_is_asked_for(books: Flask) -> None:
    """60.00 on the order: September takes 48.00, and October's 24.00 goes over it."""
    contracts.add_order(house(), None, Numbered("4500001", SEP, ceiling_cents=60_00), **BY)
    use(start=at(7, 9), seconds=2 * H)
    close("2026-09", IN_SEPTEMBER)
    issue("2026-09", IN_SEPTEMBER)
    use(start=at(5), seconds=H)

    assert [one["held"] for one in drafts()] == [""]
    with reading() as session:
        found = session.get_one(Period, "2026-10").oddities
    assert [(odd["kind"], odd["why"], odd["cents"], odd["usual"]) for odd in found] == [
        ("order", "4500001", 72_00, 60_00)
    ]
    contracts.ask_orders(house(), Asked(required=True), **BY)
    assert [one["held"] for one in drafts()] == ["order 4500001 of Acme SARL does not cover this bill any more"]


def test_what_a_credit_note_reopens_is_used_once(books: Flask) -> None:
    """Five hours in the pack; a session of three is billed, taken back, and waits to be billed anew."""
    pack = Offer("Cinq heures", Unit.SECONDS, 5 * H, 0, until=date(2027, 1, 1))
    contracts.sell_pack("acme", "acme-1", pack, date(2026, 8, 10), **BY)
    use(start=at(11, 9), machine="c1", seconds=3 * H)  # all of the pack but the fee: 2.50
    close("2026-09", IN_SEPTEMBER)
    [number] = issue("2026-09", IN_SEPTEMBER)
    use(start=at(5), machine="c1", seconds=3 * H)  # 2 h of the pack, 1 h at 36.00, and 2.50
    assert drafts()[0]["net_cents"] == 38_50

    credit_notes.credit(number, Whole(), "wrong address", reopen=True, zone=ZONE, actor="test", now=CLOSING)

    [october] = drafts()
    assert (october["groups"][0]["covered_s"], october["net_cents"]) == (2 * H, 38_50), "three hours are used, not six"
    assert [one["net_cents"] for one in drafts("2026-09")] == [2_50]


def test_the_months_page_says_which_bill_waits_for_an_order_and_where_one_is_added(sqlite_url: str) -> None:
    web = web_app(sqlite_url, CLOSING)
    with web.app_context():
        furnish()
        contracts.ask_orders(house(), Asked(required=True), **BY)
        contracts.add_order(house(), "acme-2", Numbered("EJ-7", OCT, ceiling_cents=10_00), **BY)
        use(start=at(5))
        use("acme-2", start=at(6))
        close()
    manager = signed_in(web, Role.MANAGER)

    html = page(manager, "/months/2026-10")

    assert "Le client refuse les factures sans commande, et aucune n’est valable le 5 octobre 2026." in html
    assert "Ce document dépasse ce que la commande EJ-7 permet." in html
    assert 'href="/tenants/acme/orders/new"' in html


def test_what_is_agreed_or_sold_for_a_month_that_is_billed_is_refused(sqlite_url: str) -> None:
    web = web_app(sqlite_url, CLOSING)
    with web.app_context():
        furnish()
        use(start=at(5))
        close()
        issue()
    manager = signed_in(web, Role.MANAGER)
    agreed = {"name": "Dans le loyer", "amount": "20", "over": "0", "most": "", "since": "2026-10-01", "payer": ""}
    sold = {"name": "Dix heures", "amount": "10", "price": "200", "day": "2026-10-31", "payer": "acme-1"}
    sold |= {"pooled": "y", "nature": "machine_use", "last": "2027-10-11"}

    for address, data in (("contracts/new?kind=hours", agreed), ("packs/new?kind=seconds", sold)):
        answer = manager.post(f"/tenants/acme/{address}", data=data)
        assert "c’est déjà facturé" in answer.text, (answer.status_code, address)
    assert (
        manager.post("/tenants/acme/contracts/new?kind=hours", data=agreed | {"since": "2026-11-01"}).status_code == 303
    )
