"""Pages about what is agreed: a tenant's contract and declarations, payers by hour and machine, minors, emergency contacts."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from server.audit.service import trail
from server.db import reading
from server.domain.roles import Role
from server.people import service as people
from server.people.models import EmergencyContact, Holder, Membership, PayerRule, Person, Tenant, TenantKind
from server.settings import People
from tests.server.page_lab import by, database_url, manager, web
from tests.server.signed_in import page, signed_in, text, web_app

__all__ = ["by", "database_url", "manager", "web"]

DAY = timedelta(days=1)
WHY = "On travaille seul le soir"
CONTACT = {"name": "Noor Haddad", "phone": "+33 6 12 34 56 78"}
RULE = {"weekdays": ["0", "1"], "begins": "8", "ends": "12:00"}


@pytest.fixture
def careful(lab, database_url, now):
    """A lab that asks for emergency contacts, and says why."""
    return web_app(database_url, now, people=People(emergency_contacts=WHY))


def one(wanted):
    with reading() as session:
        return session.scalars(wanted).one()


# --- contract and declarations ----------------------------------------------------------------------------------------


def test_a_contract_has_dates_that_hold_whole_days_of_the_lab(manager):
    dates = {"begins": "2026-09-01", "until": "2027-06-30", "frame_ref": "DREETS 113", "frame_until": "2029-08-31"}

    assert manager.post("/tenants/acme/terms", data=dates | {"version": "1"}).status_code == 303

    tenant = one(select(Tenant))
    assert tenant.valid_from == datetime(2026, 8, 31, 22, tzinfo=UTC)
    assert tenant.valid_until == datetime(2027, 6, 30, 22, tzinfo=UTC)
    shown = page(manager, "/tenants/acme")
    assert "30 juin 2027" in shown
    assert "DREETS 113, jusqu’au 31 août 2029" in shown
    form = page(manager, "/tenants/acme/terms")
    assert 'value="2026-09-01"' in form
    assert 'value="2027-06-30"' in form


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"begins": "2026-09-01", "until": "2026-08-31"}, "Le contrat finirait avant de commencer."),
        ({"frame_ref": "DREETS 113"}, "Tapez le dernier jour de validité"),
        ({"frame_until": "2029-08-31"}, "Tapez la référence"),
    ],
)
def test_dates_that_cannot_be_are_refused_beside_their_field(manager, typed, said):
    answer = manager.post("/tenants/acme/terms", data=typed)

    assert answer.status_code == 422
    assert said in answer.text.replace("\u00a0", " ")


def test_the_second_of_two_who_change_a_contract_sees_both(manager):
    manager.post("/tenants/acme/terms", data={"until": "2027-06-30", "version": "1"})

    second = manager.post("/tenants/acme/terms", data={"until": "2027-12-31", "version": "1"})

    assert second.status_code == 409
    assert "30 juin 2027" in second.text.replace("\u00a0", " ")


def test_after_its_contract_the_tenants_page_and_its_members_say_so(manager, web, lab, by, now):
    people.set_terms("acme", people.Terms(None, now - DAY), **by)

    assert "Son contrat s’est terminé le" in page(manager, "/tenants/acme")
    assert "centre de coûts par défaut est fermé" in page(manager, f"/people/{lab.holder}")


# --- who pays when ----------------------------------------------------------------------------------------------------


@pytest.fixture
def two_payers(lab, by):
    people.add_tenant("school", "Lycée", TenantKind.SCHOOL, **by)
    people.add_payer("school", "school-1", "Classe", "Lycée", **by)
    people.add_membership(lab.holder, "school-1", **by)
    return one(select(Membership.ref).where(Membership.rank == 1))


def test_mornings_the_school_is_a_rule_shown_in_words_to_staff_and_to_the_person(manager, web, lab, two_payers):
    new = f"/people/{lab.holder}/memberships/{two_payers}/rules/new"

    assert manager.post(new, data=RULE | {"categories": "printer"}).status_code == 303

    for client, path in ((manager, f"/people/{lab.holder}"), (signed_in(web, Role.HOLDER, holder=lab.holder), "/me")):
        said = page(client, path)
        assert "lun.–mar. 08:00–12:00 sur printer" in said
        assert "Lycée · Classe" in said


def test_a_rule_is_removed_by_its_button(manager, lab, two_payers):
    manager.post(f"/people/{lab.holder}/memberships/{two_payers}/rules/new", data=RULE)
    rule = one(select(PayerRule.id))
    remove = f"/people/{lab.holder}/memberships/{two_payers}/rules/{rule}/remove"

    manager.post(remove)
    manager.post(remove)  # by an impatient finger

    with reading() as session:
        assert session.scalars(select(PayerRule)).all() == []


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"begins": "soon"}, "Tapez une heure"),
        ({"begins": "13:00"}, "la fin doit être plus tard le même jour"),
        ({"weekdays": []}, "Choisissez au moins un jour."),
        ({"machines": "m99"}, "m99"),
    ],
)
def test_a_rule_that_says_nothing_is_refused(manager, lab, two_payers, typed, said):
    answer = manager.post(f"/people/{lab.holder}/memberships/{two_payers}/rules/new", data=RULE | typed)

    assert answer.status_code == 422
    with reading() as session:
        assert session.scalars(select(PayerRule)).all() == []
    assert said in answer.text or typed == {"machines": "m99"}


def test_a_rule_of_another_persons_membership_is_not_there(manager, lab, two_payers, by):
    bob = people.add_holder("Bob", "Honig", **by).number

    assert manager.get(f"/people/{bob}/memberships/{two_payers}/rules/new").status_code == 404


# --- minors -----------------------------------------------------------------------------------------------------------


def test_under_age_until_is_a_day_on_the_persons_page_and_nowhere_a_birthday(manager, web, lab):
    known = {"given_name": "Ada", "family_name": "Lovelace", "language": "fr", "version": "1"}
    manager.post(f"/people/{lab.holder}/edit", data=known | {"minor_until": "2028-02-29"})

    assert one(select(Holder.minor_until)) == datetime(2028, 2, 29, 23, tzinfo=UTC)
    assert "jusqu’au 29 février 2028" in page(manager, f"/people/{lab.holder}")
    assert 'value="2028-02-29"' in page(manager, f"/people/{lab.holder}/edit")
    second = manager.post(f"/people/{lab.holder}/edit", data=known | {"minor_until": ""})
    assert second.status_code == 409


def test_who_has_come_of_age_is_not_called_under_age(manager, lab, by, now):
    people.set_minor_until(lab.holder, now, **by)

    assert "29 février" not in page(manager, f"/people/{lab.holder}")
    assert "<dt>Mineur</dt><dd>non</dd>" in page(manager, f"/people/{lab.holder}")


# --- what is shown of me ----------------------------------------------------------------------------------------------


def test_a_maker_takes_his_first_name_back_and_chooses_his_language(web, lab):
    me = signed_in(web, Role.HOLDER, holder=lab.holder)

    me.post("/me/consents", data={"language": "de", "version": "1"})

    person = one(select(Person))
    assert (person.shows_first_name, person.language, person.family_name) == (False, "de", "Lovelace")
    assert me.post("/me/consents", data={"language": "fr", "version": "1"}).status_code == 409


# --- emergency contacts -----------------------------------------------------------------------------------------------


def test_nobody_asks_for_a_contact_before_the_lab_has_said_why(manager, web, lab):
    me = signed_in(web, Role.HOLDER, holder=lab.holder)

    assert "contact" not in page(manager, f"/people/{lab.holder}").split('id="content"')[1]
    for client, path in ((manager, f"/people/{lab.holder}/contact"), (me, "/me/contact")):
        assert client.get(path).status_code == 404
    assert manager.post(f"/people/{lab.holder}/contact/edit", data=CONTACT).status_code == 404


def test_a_maker_writes_somebody_down_and_each_look_at_it_stands_in_the_journal(careful, lab):
    me, desk = (
        signed_in(careful, role, holder=holder) for role, holder in ((Role.HOLDER, lab.holder), (Role.DESK, None))
    )
    assert WHY in page(me, "/me/contact")
    me.post("/me/contact", data=CONTACT)

    seen = page(desk, f"/people/{lab.holder}/contact")

    assert "Noor Haddad" in seen
    assert WHY in seen
    assert "Noor" not in page(desk, f"/people/{lab.holder}")
    entries = trail("holder", lab.holder)
    assert entries[0].verb == "see_contact"
    assert not any("Noor" in repr(entry) for entry in entries)
    assert "Noor Haddad" in me.get("/me/data.json").text


def test_the_contact_of_two_who_write_at_once_is_not_lost(careful, lab):
    desk = signed_in(careful, Role.DESK)
    edit = f"/people/{lab.holder}/contact/edit"
    desk.post(edit, data=CONTACT)

    second = desk.post(edit, data={"name": "Somebody Else", "phone": "12345", "version": ""})

    assert second.status_code == 422
    assert "Noor Haddad" in second.text
    assert one(select(EmergencyContact.name)) == "Noor Haddad"
    assert desk.post(edit, data={"name": "Else", "phone": "12345", "version": "1"}).status_code == 303
    assert desk.post(edit, data={"name": "Else", "phone": "call me", "version": "2"}).status_code == 422


@pytest.mark.parametrize(
    "ends",
    [
        lambda lab, by: people.end_membership(lab.membership, "left", **by),
        lambda lab, by: people.end_holder(lab.holder, "left", **by),
        lambda lab, by: people.end_tenant("acme", "left", **by),
        lambda lab, by: people.drop_contact(lab.holder, **by),
    ],
)
def test_the_contact_goes_with_the_last_membership(lab, by, ends):
    people.keep_contact(lab.holder, people.Contact("Noor", "12345"), is_new=True, **by)

    ends(lab, by)

    with reading() as session:
        assert session.scalars(select(EmergencyContact)).all() == []


def test_with_another_membership_it_stays_and_with_the_last_date_it_goes(lab, by, now):
    people.keep_contact(lab.holder, people.Contact("Noor", "12345"), is_new=True, **by)
    people.add_membership(lab.holder, lab.payer, None, now + DAY, **by)
    people.end_membership(lab.membership, "left", **by)

    assert people.forget_contacts(now) == 0
    assert people.forget_contacts(now + DAY) == 1
    assert people.forget_contacts(now + DAY) == 0


def test_a_maker_forgets_his_contact_himself(careful, lab, by):
    me = signed_in(careful, Role.HOLDER, holder=lab.holder)
    me.post("/me/contact", data=CONTACT)
    me.post("/me/contact/forget")

    assert json.loads(me.get("/me/data.json").text)["emergency_contact"] is None
    assert "Noor" not in text(me.get("/me/contact"))
