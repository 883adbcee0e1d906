"""The pages of supplies: catalogue and prices, what staff and makers note, items of a tenant and month, for each role."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from server.db import reading, writing
from server.domain.roles import Role, ScopeKind
from server.people.models import Holder
from server.supplies.models import Material, Noted, OneOff, Preset, Recurring, SupplyPrice
from tests.server import billing_lab
from tests.server.billing_lab import use
from tests.server.signed_in import page, web_app
from tests.server.signed_in import signed_in as logged_in

NOW = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
PLA = {"fr": "PLA noir", "de": "", "en": "PLA black", "unit": "g", "nature": "material_in_service"}
PRICE = {"euros": "0,025", "where": "", "kind": "", "since": "2026-01-01", "reason": "liste 2026"}


@pytest.fixture
def web(sqlite_url: str) -> Any:
    app = web_app(sqlite_url, NOW)
    with app.app_context():
        billing_lab.furnish()
    return app


def signed_in(web: Any, *who: Any, **more: Any) -> Any:
    """A browser that reads English."""
    client = logged_in(web, *who, **more)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def manager(web: Any) -> Any:
    return signed_in(web, Role.MANAGER)


@pytest.fixture
def pla(manager: Any) -> Any:
    manager.post("/materials/new", data=PLA)
    manager.post("/supply-prices/new?what=material:1", data=PRICE)
    return 1


def rows(kind: Any) -> list[Any]:
    with reading() as session:
        return list(session.scalars(select(kind).order_by(kind.id)))


def test_a_material_is_added_with_a_price_in_fractions_of_a_cent(web, manager, pla):
    shown = page(manager, "/materials")

    assert "PLA black" in shown
    assert "0.025" in shown
    with web.app_context():
        (material,), (price,) = rows(Material), rows(SupplyPrice)
    assert (material.names["fr"], price.cents_milli) == ("PLA noir", 2500)


def test_what_is_wrong_with_a_price_stands_at_its_field(manager, pla):
    many = manager.post("/supply-prices/new?what=material:1", data=PRICE | {"euros": "0,1234567"})
    again = manager.post("/supply-prices/new?what=material:1", data=PRICE)
    of_nothing = manager.get("/supply-prices/new?what=gift")

    assert (many.status_code, again.status_code, of_nothing.status_code) == (422, 422, 404)
    assert "at most 5 decimals" in many.text
    assert "already decided" in again.text


def test_included_in_the_hourly_price_is_said_so(manager, pla):
    manager.post("/supply-prices/new?what=material:1", data=PRICE | {"euros": "0", "where": "category:printer"})

    assert "included in the hourly price" in page(manager, "/materials/1")


def test_a_price_is_ended_and_its_material_offered_no_longer(web, manager, pla):
    manager.post("/supply-prices/1/end", data={"until": "2026-11-01", "reason": "nouveau", "version": "1"})
    stale = manager.post("/supply-prices/1/end", data={"until": "2026-10-25", "reason": "x", "version": "1"})
    manager.post("/materials/1/end", data={"reason": "plus en stock"})

    assert stale.status_code == 422
    assert "Offered no longer" in page(manager, "/materials")
    with web.app_context():
        assert rows(SupplyPrice)[0].valid_until.isoformat() == "2026-11-01"


def test_two_who_edit_a_material_are_told(manager, pla):
    manager.post("/materials/1/edit", data=PLA | {"fr": "PLA gris", "version": "1"})

    assert manager.post("/materials/1/edit", data=PLA | {"fr": "PLA vert", "version": "1"}).status_code == 409
    refused = manager.post("/materials/1/edit", data=PLA | {"unit": "ml", "version": "2"})
    assert refused.status_code == 422
    assert "unit stays" in refused.text


def test_prices_of_an_operator_and_of_bookings_stand_with_their_terms(web, manager):
    hour = {"euros": "28,92", "kind": "association", "step": "1", "free": "15", "since": "2026-01-01", "reason": "x"}
    late = {"euros": "5", "where": "category:cnc", "within": "24", "since": "2026-01-01", "reason": "x", "kind": ""}
    assert manager.post("/supply-prices/new?what=operator", data=hour).status_code == 303
    assert manager.post("/supply-prices/new?what=late", data=late | {"per_hour": "y"}).status_code == 303
    shown = page(manager, "/supply-prices")

    assert "the first 15 min free" in shown
    assert "less than 24 h before it begins" in shown
    assert "a booked hour" in shown
    with web.app_context():
        operator, booking = rows(SupplyPrice)
    assert (operator.free_s, operator.cents_milli, booking.within_h) == (900, 2892000, 24)


@pytest.mark.parametrize("role", [Role.DESK, Role.TRAINER, Role.MANAGER])
def test_staff_note_material_for_a_payer_and_correct_it_with_a_reason(web, manager, pla, role: Role):
    staff = signed_in(web, role)
    used = {"material": "1", "quantity": "37", "measured": "scale", "payer": "acme-1", "day": "2026-10-12"}
    assert staff.post("/noting/material", data=used).status_code == 303
    shown = page(staff, "/noting")

    assert "sold by weight needs a certified scale" in shown.lower()
    assert staff.post("/noting/1/correct", data={"quantity": "40", "measured": "slicer"}).status_code == 422
    right = {"quantity": "40", "measured": "slicer", "reason": "relu", "version": "1"}
    assert staff.post("/noting/1/correct", data=right).status_code == 303
    assert staff.post("/noting/1/correct", data=right).status_code == 422  # of two editors the second is told
    with web.app_context():
        assert [row.quantity_milli for row in rows(Noted)] == [37000, 40000]


def test_nonsense_is_refused_at_the_field(web, manager, pla):
    used = {"material": "1", "quantity": "-3", "measured": "slicer", "payer": "acme-1", "day": "2026-10-12"}
    for wrong in (
        {},
        {"quantity": "0"},
        {"quantity": "3", "measured": "counted"},
        {"quantity": "3", "day": "2027-01-01"},
        {"quantity": "3", "payer": ""},
    ):
        assert manager.post("/noting/material", data=used | wrong).status_code == 422

    with web.app_context():
        assert rows(Noted) == []


def test_who_pays_is_chosen_and_never_the_first_of_the_list(web, manager, pla):
    for form in ("material", "operator"):
        payers = page(manager, f"/noting/{form}").partition('name="payer"')[2].partition("</select>")[0]

        assert payers.index('<option value="">') < payers.index('value="acme-1"')
        assert "selected" not in payers


def test_material_and_time_stand_on_the_page_of_their_session(web, manager, pla):
    with web.app_context():
        session = use("acme-1", "c1", NOW - timedelta(days=2))
    manager.post(f"/noting/material?session={session}", data={"material": "1", "quantity": "100", "measured": "slicer"})
    manager.post(f"/noting/operator?session={session}", data={"minutes": "0:30"})
    shown = page(manager, f"/sessions/{session}")

    assert "PLA black" in shown
    assert "2.50" in shown
    assert "price missing" in shown  # nobody has said what an operator's hour costs
    assert "Operator’s time" in shown


def test_a_maker_notes_material_on_the_own_session_of_the_day_and_sees_what_it_costs(web, pla):
    with web.app_context():
        with writing() as session:
            session.add(Holder(number=7))
        today = use("acme-1", "c1", NOW - timedelta(hours=2), 3600)
        before = use("acme-1", "c1", NOW - timedelta(days=1), 3600)
    maker = signed_in(web, Role.HOLDER, holder=7)
    used = {"material": "1", "quantity": "12,4", "measured": "slicer"}
    answer = maker.post(f"/me/sessions/{today}/material", data=used, follow_redirects=True)

    assert "0.31" in answer.text  # 12.4 g × 2.5 cents
    assert maker.get(f"/me/sessions/{before}/material").status_code == 404
    assert maker.get("/noting").status_code == 403


def test_items_of_a_month_show_amounts_and_are_added_and_taken_back(web, manager):
    item = {
        "fr": "Badge perdu", "payer": "acme-1", "nature": "fee", "day": "2026-10-12", "quantity": "1",
        "unit": "piece", "euros": "15", "reason": "perdu le 11",
    }  # fmt: skip
    assert manager.post("/tenants/acme/items/new", data=item).status_code == 303
    shown = page(manager, "/tenants/acme/items?month=2026-10")
    assert "Badge perdu" in shown
    assert "15.00" in shown
    manager.post("/tenants/acme/items/1/take-back", data={"reason": "retrouvé", "version": "1"})

    assert "Badge perdu" not in page(manager, "/tenants/acme/items?month=2026-10")
    assert manager.get("/tenants/nord/items/1/take-back").status_code == 404  # another tenant's
    with web.app_context():
        assert rows(OneOff)[0].ended_reason == "retrouvé"


def test_a_locker_is_billed_by_the_days_of_its_month(web, manager):
    locker = {
        "fr": "Casier 12", "payer": "acme-1", "nature": "subscription", "cents": "20,00", "since": "2026-10-17",
        "until": "", "reason": "contrat",
    }  # fmt: skip
    assert manager.post("/tenants/acme/recurring/new", data=locker).status_code == 303
    shown = page(manager, "/tenants/acme/items?month=2026-10")
    assert "9.68" in shown
    assert "15 of 31 days" in shown
    manager.post("/tenants/acme/recurring/1/end", data={"until": "2026-12-01", "reason": "rendu", "version": "1"})

    with web.app_context():
        assert rows(Recurring)[0].valid_until.isoformat() == "2026-12-01"


def test_a_preset_fills_in_the_form_of_an_item(web, manager):
    manager.post("/presets/new", data={"fr": "Badge perdu", "nature": "fee", "euros": "15"})
    form = manager.get("/tenants/acme/items/new?preset=1").text
    manager.post("/presets/1/end", data={"reason": "gratuit"})

    assert 'value="Badge perdu"' in form
    assert 'value="15' in form
    with web.app_context():
        assert rows(Preset)[0].ended_at is not None


def test_the_accountant_reads_and_does_not_write(web, manager, pla):
    accountant = signed_in(web, Role.LAB_ACCOUNTANT)

    for address in ("/materials", "/materials/1", "/supply-prices", "/tenants/acme/items"):
        assert accountant.get(address).status_code == 200
    for address in ("/materials/new", "/supply-prices/new?what=operator", "/tenants/acme/items/new", "/noting"):
        assert accountant.get(address).status_code == 403


def test_an_empty_catalogue_says_what_to_do(manager):
    assert "No material yet" in page(manager, "/materials")
    assert "Nothing noted lately" in page(manager, "/noting")
    assert "Nothing beside the hours" in page(manager, "/tenants/acme/items")
    assert "No material yet" in page(manager, "/noting/material")


def test_a_tenants_own_people_see_what_is_billed_beside_the_hours(web, manager, pla):
    used = {"material": "1", "quantity": "37", "measured": "slicer", "payer": "acme-1", "day": "2026-10-12"}
    manager.post("/noting/material", data=used)
    admin = signed_in(web, Role.TENANT_ADMIN, ScopeKind.TENANT, "acme")

    shown = page(admin, "/tenants/acme/books?month=2026-10")
    assert "PLA black" in shown
    assert admin.get("/tenants/acme/items").status_code == 403
