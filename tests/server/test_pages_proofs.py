"""Proofs of status and the numbers of an address on its pages: what is asked, kept, shown, taken back, and who may see it."""

from base64 import b64decode
from datetime import date
from io import BytesIO

import pytest
from sqlalchemy import select

from server.audit.models import AuditEntry
from server.db import db, reading
from server.domain.roles import Role
from server.people.models import Establishment, StatusProof, TaxTreatment
from tests.server.page_lab import by, database_url, manager, web
from tests.server.signed_in import signed_in, text

__all__ = ["by", "database_url", "manager", "web"]

PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
ADDRESS = {
    "legal_name": "Nordwerk GmbH",
    "street": "Hebelstraße 12",
    "postcode": "79098",
    "city": "Freiburg",
    "country": "DE",
    "vat_id": "DE 136 695 976",
    "email": "rechnung@nordwerk.example",
}
REPLY = {"kind": "vies", "dated_on": "2026-10-12", "number": "WAPIAAAAZ1234567"}
ABROAD = {
    "treatment": "eu_business",
    "since": "2026-10-01",
    "reason": "VIES",
    "staff": "no",
    "stated_by": "M. Weber, Geschäftsführer",
}


def refused(answer) -> str:
    assert answer.status_code == 422
    return str(answer.text.replace("\u00a0", " "))


@pytest.fixture
def house(manager) -> int:
    manager.post("/tenants/acme/addresses/new", data=ADDRESS)
    with reading() as session:
        return session.scalars(select(Establishment.id).where(Establishment.legal_name == "Nordwerk GmbH")).one()


def test_a_business_from_abroad_is_led_from_its_treatment_to_its_proof(manager, house):
    asked = f"/tenants/acme/addresses/{house}"
    led = manager.post(f"{asked}/treatment", data=ABROAD)
    assert led.location == f"{asked}/proofs/new"

    file = {"file": (BytesIO(PNG), "vies.png")}
    manager.post(led.location, data=REPLY | file, content_type="multipart/form-data")

    page = text(manager.get("/tenants/acme"))
    assert "vu, valable jusqu’au 12 octobre 2027" in page
    assert "pas de personnel sur place, déclaré par M. Weber, Geschäftsführer" in page
    proof = db.session.scalars(select(StatusProof)).one()
    assert (proof.number, proof.vat_id, proof.recheck_on) == ("WAPIAAAAZ1234567", "DE136695976", date(2027, 10, 12))
    kept = manager.get(f"{asked}/proofs/{proof.id}/file")
    assert (kept.status_code, kept.mimetype) == (200, "image/png")
    kept.close()
    assert db.session.scalars(select(AuditEntry).where(AuditEntry.verb == "prove")).one().actor.startswith("account:")


def test_whether_there_is_staff_on_site_is_asked_of_whoever_is_from_abroad(manager, house):
    where = f"/tenants/acme/addresses/{house}/treatment"

    for changed, said in (
        ({"staff": ""}, "avec du personnel sur place, ce serait 20 %"),
        ({"stated_by": ""}, "Indiquez qui, de la structure, l’a dit"),
        ({"staff": "yes"}, "c’est un établissement en France"),
        ({"treatment": "fr_establishment", "staff": "yes"}, "Dites depuis quand il y a du personnel sur place"),
    ):
        answer = manager.post(where, data=ABROAD | changed)
        assert said in refused(answer), changed

    upstairs = {"treatment": "fr_establishment", "staff": "yes", "staff_since": "2026-09-01", "stated_in": "bail"}
    assert manager.post(where, data=ABROAD | upstairs).status_code == 303
    decided = db.session.scalars(select(TaxTreatment).where(TaxTreatment.establishment_id == house)).one()
    assert (decided.staff_on_site, decided.staff_since, decided.stated_in) == (True, date(2026, 9, 1), "bail")
    assert "personnel sur place depuis le 1er septembre 2026" in text(manager.get("/tenants/acme"))


def test_without_a_proof_the_page_of_the_tenant_says_what_waits_for_it(manager, house):
    manager.post(f"/tenants/acme/addresses/{house}/treatment", data=ABROAD)
    manager.post("/tenants/acme/bill-to", data={"establishment": house, "since": "2026-10-02"})

    page = text(manager.get("/tenants/acme"))
    assert "Les documents sans TVA sont retenus." in page
    assert f"/tenants/acme/addresses/{house}/proofs/new" in page
    assert "1 justificatif de statut manque" in text(manager.get("/today"))

    short = REPLY | {"dated_on": "2026-10-01", "recheck_on": "2026-11-05"}
    manager.post(f"/tenants/acme/addresses/{house}/proofs/new", data=short)
    assert "Les documents sans TVA sont retenus." not in text(manager.get("/tenants/acme"))
    assert "1 justificatif de statut expire" in (today := text(manager.get("/today")))
    assert "Le premier le 5 novembre 2026 : Nordwerk GmbH." in today


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"number": ""}, "Tapez le numéro de consultation de la réponse VIES"),
        ({"dated_on": "2026-10-15"}, "ne peut être d’un jour à venir"),
        ({"recheck_on": "2027-10-13"}, "dans les 12 mois de sa date"),
        ({"recheck_on": "2026-10-12"}, "dans les 12 mois de sa date"),
    ],
)
def test_a_proof_that_cannot_be_is_refused_in_words(manager, house, changed, said):
    answer = manager.post(f"/tenants/acme/addresses/{house}/proofs/new", data=REPLY | changed)

    assert said in refused(answer)
    assert db.session.scalars(select(StatusProof)).all() == []


def test_what_is_no_picture_and_no_pdf_is_not_kept(manager, house):
    sent = REPLY | {"file": (BytesIO(b"MZ\x90"), "vies.exe")}

    answer = manager.post(f"/tenants/acme/addresses/{house}/proofs/new", data=sent, content_type="multipart/form-data")

    assert "vies.exe" in refused(answer)
    assert db.session.scalars(select(StatusProof)).all() == []


def test_a_proof_that_turned_out_wrong_is_taken_back_with_a_reason_and_stays_to_be_read(manager, house):
    manager.post(f"/tenants/acme/addresses/{house}/treatment", data=ABROAD)
    manager.post(f"/tenants/acme/addresses/{house}/proofs/new", data=REPLY)
    number = db.session.scalars(select(StatusProof.id)).one()
    end = f"/tenants/acme/addresses/{house}/proofs/{number}/end"

    assert "Retirer ce justificatif de Nordwerk GmbH ?" in text(manager.get(end))
    manager.post(end, data={"reason": "autre société"})
    again = manager.post(end, data={"reason": "encore"})

    assert "déjà retiré" in refused(again)
    page = text(manager.get("/tenants/acme"))
    assert "retiré : autre société" in page


def test_a_proof_belongs_to_its_address_and_its_file_is_for_who_sees_money(manager, house, lab, web, by):
    manager.post(f"/tenants/acme/addresses/{house}/proofs/new", data=REPLY)
    number = db.session.scalars(select(StatusProof.id)).one()

    assert manager.get(f"/tenants/acme/addresses/{lab.establishment}/proofs/{number}/end").status_code == 404
    assert manager.get(f"/tenants/acme/addresses/{house}/proofs/{number}/file").status_code == 404  # it has none
    desk = signed_in(web, Role.DESK)
    assert desk.get(f"/tenants/acme/addresses/{house}/proofs/{number}/file").status_code == 403


def test_an_address_of_a_public_body_keeps_its_siret_and_service_code(manager):
    public = {**ADDRESS, "country": "FR", "vat_id": "", "siren": "000 010 009", "siret": "000 010 009 00017"}
    public |= {"service_code": "ATELIERS-01", "needs_service_code": "y"}
    mistyped = public | {"siret": "000 010 009 00018"}
    assert "Ces 14 chiffres ne vont pas ensemble" in refused(manager.post("/tenants/acme/addresses/new", data=mistyped))

    manager.post("/tenants/acme/addresses/new", data=public)

    row = db.session.scalars(select(Establishment).where(Establishment.legal_name == "Nordwerk GmbH")).one()
    assert (row.siret, row.service_code, row.needs_service_code) == ("00001000900017", "ATELIERS-01", True)
    edit = text(manager.get(f"/tenants/acme/addresses/{row.id}/edit"))
    assert 'value="ATELIERS-01"' in edit
    assert "checked" in edit


def test_a_reply_is_about_a_vat_id_and_the_address_has_to_have_one(manager, house):
    manager.post(f"/tenants/acme/addresses/{house}/edit", data={**ADDRESS, "vat_id": "", "version": 1})

    answer = manager.post(f"/tenants/acme/addresses/{house}/proofs/new", data=REPLY)

    assert "l’adresse n’en a pas" in refused(answer)
