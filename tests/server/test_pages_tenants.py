"""The pages about who pays: tenants with their addresses, numbers, treatment for VAT, cost centres and dates."""

import re
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from server.db import db
from server.domain.roles import Role
from server.people import service as people
from server.people.models import BillTo, Establishment, Payer, TaxTreatment, Tenant, TenantKind
from tests.server.page_lab import by, database_url, manager, web
from tests.server.signed_in import signed_in, text
from tests.server.test_pages_machines import version

__all__ = ["by", "database_url", "manager", "web"]

ADDRESS = {"legal_name": "Bee SAS", "street": "2 rue", "postcode": "68100", "city": "Mulhouse", "country": "fr"}


def test_a_new_tenant_is_led_from_step_to_step_until_it_can_be_billed(manager):
    tenant = {"name": "Bee SAS", "kind": "startup", "language": "fr", "code": "bee", "cost_centre": "Labo"}
    added = manager.post("/tenants/new", data=tenant)
    assert "Aucun document n’est possible." in text(manager.get(added.location))

    treatment = manager.post("/tenants/bee/addresses/new", data=ADDRESS | {"siren": "000 001 271"}).location
    bills = manager.post(
        treatment, data={"treatment": "fr_business", "since": "2026-10-01", "reason": "Kbis vu"}
    ).location
    house = db.session.scalars(select(Establishment).where(Establishment.legal_name == "Bee SAS")).one()
    manager.post(bills, data={"establishment": house.id, "since": "2026-10-01"})

    page = text(manager.get("/tenants/bee"))
    assert "Aucun document n’est possible." not in page
    assert "Entreprise établie en France" in page
    assert (house.siren, house.country) == ("000001271", "FR")
    db.session.rollback()
    assert db.session.scalars(select(BillTo.establishment_id).where(BillTo.establishment_id == house.id)).one()
    assert db.session.scalars(select(Payer.label).where(Payer.code == "bee")).one() == "Bee SAS · Labo"
    decided = db.session.scalars(select(TaxTreatment).where(TaxTreatment.establishment_id == house.id)).one()
    assert re.fullmatch(r"account:\d+", decided.decided_by)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"siren": "12345678"}, "Un SIREN a 9 chiffres ; ici 8 signes."),
        ({"siren": "123456789"}, "l’un d’eux est mal tapé"),
        ({"vat_id": "FR1200000127"}, "il en manque 1"),
        ({"vat_id": "FR99000001271"}, "sa clé de 2 chiffres ne va pas avec le SIREN"),
        ({"siren": "000001305", "vat_id": "FR42000001271"}, "Avec ce SIREN, ce serait FR47000001305."),
        ({"country": "France"}, "Tapez les deux lettres du pays"),
    ],
)
def test_a_mistyped_number_is_refused_with_what_to_type(manager, numbers, said):
    answer = manager.post("/tenants/acme/addresses/new", data=ADDRESS | numbers)

    assert answer.status_code == 422
    assert said in answer.text.replace("\u00a0", " ")


def test_the_second_of_two_editors_of_a_tenant_sees_both_values(manager):
    edit = {"name": "Acme SA", "kind": "company", "language": "fr", "parent": "", "version": 1}
    manager.post("/tenants/acme/edit", data=edit)

    second = manager.post("/tenants/acme/edit", data=edit | {"name": "Acme GmbH", "kind": "school"})

    assert second.status_code == 409
    assert "Acme SA" in second.text
    assert "École" in second.text


def test_the_second_of_two_editors_of_an_address_sees_both_values(manager, lab):
    edit = f"/tenants/acme/addresses/{lab.establishment}/edit"
    manager.post(edit, data=ADDRESS | {"version": 1})

    assert manager.post(edit, data=ADDRESS | {"version": 1, "city": "Thann"}).status_code == 409


def test_a_treatment_on_a_day_already_decided_is_refused_in_words(manager, lab):
    again = {"treatment": "private", "since": "2025-12-01", "reason": "x"}

    answer = manager.post(f"/tenants/acme/addresses/{lab.establishment}/treatment", data=again)

    assert answer.status_code == 422
    assert "quelque chose est déjà décidé à partir du 1er janvier 2026" in answer.text.replace("\u00a0", " ")


def test_suspending_names_who_is_touched_and_has_a_moment_and_a_reason(manager):
    page = text(manager.get("/tenants/acme/suspend"))
    assert "1 personne ne peut plus faire payer cette structure." in page
    assert "Ada Lovelace" in page

    manager.post(
        "/tenants/acme/suspend", data={"since": "2026-11-02T08:00", "reason": "courrier du 12", "decided_by": "Ines"}
    )

    suspended = db.session.scalars(select(Tenant.suspended_from)).one()
    assert suspended == datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
    assert "suspendue à partir du 2 novembre 2026" in text(manager.get("/tenants?show=suspended"))


def test_a_suspended_tenant_is_resumed_with_a_reason(manager, by):
    people.suspend_tenant("acme", "unpaid", **by)
    assert "Suspendue à partir du 14 octobre 2026 : unpaid." in text(manager.get("/tenants/acme/resume"))

    manager.post("/tenants/acme/resume", data={"reason": "payé"})

    assert db.session.scalars(select(Tenant.suspended_from)).one() is None


def test_a_cost_centre_is_opened_and_closed_after_its_last_day(manager):
    manager.post("/tenants/acme/payers/new", data={"cost_centre": "Qualité", "code": "acme-q"})
    taken = manager.post("/tenants/acme/payers/new", data={"cost_centre": "Qualité", "code": "acme-q"})
    assert "il y a déjà un payeur acme-q" in taken.text

    manager.post("/tenants/acme/payers/acme-q/end", data={"until": "2026-10-20", "reason": "fusion"})

    until = db.session.scalars(select(Payer.valid_until).where(Payer.code == "acme-q")).one()
    assert until == datetime(2026, 10, 20, 22, 0, tzinfo=UTC)
    assert "20 oct." in text(manager.get("/tenants/acme"))


def test_a_tenant_that_leaves_is_no_longer_in_the_list_but_is_found(manager):
    seen = version(text(manager.get("/tenants/acme/end")))
    manager.post("/tenants/acme/end", data={"reason": "déménage", "version": seen})

    assert 'href="/tenants/acme"' not in text(manager.get("/tenants"))
    assert 'href="/tenants/acme"' in text(manager.get("/tenants?q=acme"))
    assert 'href="/tenants/acme"' in text(manager.get("/tenants?show=ended"))


def test_another_tenants_address_may_pay(manager, lab, by):
    people.add_tenant("bee", "Bee SAS", TenantKind.STARTUP, parent="acme", **by)

    manager.post("/tenants/bee/bill-to", data={"establishment": lab.establishment, "since": "2026-11-01"})

    assert "Bee SAS" in text(manager.get("/tenants/acme"))
    assert db.session.scalars(select(BillTo.valid_from).where(BillTo.valid_from > date(2026, 10, 1))).one()


def test_an_address_of_another_tenant_is_not_there(manager, lab, by):
    people.add_tenant("bee", "Bee SAS", TenantKind.STARTUP, **by)

    assert manager.get(f"/tenants/bee/addresses/{lab.establishment}/edit").status_code == 404
    assert manager.get("/tenants/bee/payers/acme-rd/end").status_code == 404


def test_the_accountant_sees_no_names_and_changes_nothing(web):
    accountant = signed_in(web, Role.LAB_ACCOUNTANT)

    page = text(accountant.get("/tenants/acme"))

    assert "Ada Lovelace" not in page
    assert "/tenants/acme/edit" not in page
    assert accountant.get("/tenants/acme/edit").status_code == 403
