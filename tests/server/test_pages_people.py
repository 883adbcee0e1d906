"""The pages about people: found, added, changed by two at once, blocked, left; and what one may use, in words."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from server.db import db
from server.domain.roles import Role
from server.machines import service as machines
from server.people import service as people
from server.people.models import Holder, Membership, Person, TenantKind
from server.training import service as training
from tests.server.page_lab import by, database_url, manager, web
from tests.server.signed_in import signed_in, text
from tests.server.test_pages_machines import version
from wire.messages import RiskClass, Service

__all__ = ["by", "database_url", "manager", "web"]

ADA = {"given_name": "Ada", "family_name": "King", "email": "", "language": "fr"}


def rows(answer):
    return re.findall(r'<th scope="row"><a href="/people/(\d+)"', text(answer))


def test_people_are_found_by_name_without_accents_by_mail_badge_and_number(manager, lab, by):
    eloi = people.add_holder("Éloi", "Straßer", email="eloi@example.org", actor="t", now=by["now"]).number
    people.lend_token(eloi, "ab" * 14 + "7f3a", "k1", "casier 12", **by)

    for typed in ("eloi", "STRASSER elo", "eloi@exa", "Casier 12", "…7F3A", str(eloi)):
        assert rows(manager.get("/people", query_string={"q": typed})) == [str(eloi)], typed
    assert rows(manager.get("/people?q=eloi+lovelace")) == []


def test_the_list_is_narrowed_to_a_tenant_to_those_without_a_badge_the_blocked_and_the_gone(manager, lab, by):
    bob, eve = (people.add_holder(name, name, **by).number for name in ("Bob", "Eve"))
    people.block_holder(lab.holder, "why", **by)
    people.end_holder(eve, "left", **by)

    assert rows(manager.get("/people")) == [str(bob), str(lab.holder)]
    assert rows(manager.get("/people?tenant=acme")) == [str(lab.holder)]
    assert rows(manager.get("/people?show=no_badge")) == [str(bob)]
    assert rows(manager.get("/people?show=blocked")) == [str(lab.holder)]
    assert rows(manager.get("/people?show=ended")) == [str(eve)]


def test_a_person_is_added_with_who_pays_and_the_next_step_is_said(manager, lab):
    answer = manager.post("/people/new", data=ADA | {"payer": "acme-rd"}, follow_redirects=True)

    assert "L’étape suivante : un badge" in text(answer)
    king = db.session.scalars(select(Person.holder_number).where(Person.family_name == "King")).one()
    assert db.session.scalars(select(Membership.rank).where(Membership.holder_number == king)).one() == 0


def test_a_form_that_is_not_filled_in_says_what_to_type(manager):
    answer = manager.post("/people/new", data=ADA | {"given_name": " ", "email": "ada"})

    assert answer.status_code == 422
    assert "Tapez une adresse, par exemple nom@exemple.org." in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_the_second_of_two_editors_sees_both_values_and_chooses(manager, lab):
    edit = f"/people/{lab.holder}/edit"
    manager.post(edit, data=ADA | {"version": 1, "shows_first_name": "y"})

    second = manager.post(edit, data=ADA | {"version": 1, "family_name": "Byron", "shows_first_name": "y"})
    assert second.status_code == 409
    assert "King" in second.text
    assert "Byron" in second.text
    fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', second.text))
    chosen = manager.post(edit, data=fields | {"keep-family_name": "mine"})

    assert chosen.status_code == 303
    assert db.session.scalars(select(Person.family_name)).one() == "Byron"


def test_the_page_says_what_one_may_start_and_what_is_missing(manager, lab, by):
    machines.add_machine("c1", "Mill", "cnc", "agent-1", RiskClass.HIGH, **by)
    machines.add_machine("p2", "Printer 2", "printer", "agent-1", RiskClass.LOW, **by)
    machines.set_service("p2", Service.MAINTENANCE, "", **by)
    training.add_skill("milling", "Fraisage", **by)
    training.require_skills("c1", ["milling"], **by)
    training.require_skills("p2", ["printing"], **by)

    page = text(manager.get(f"/people/{lab.holder}"))

    assert re.search(r"<b>1</b> sur 3 machines", page)
    assert "Fraisage manque." in page
    assert "En maintenance." in page
    assert f"/skills/milling/give?person={lab.holder}" in page


@pytest.mark.parametrize(
    ("change", "said", "way"),
    [
        (lambda lab, by: people.block_holder(lab.holder, "why", **by), "Cette personne est bloquée.", "/unblock"),
        (lambda lab, by: people.block_token(lab.token, "lost", **by), "Le badge est bloqué.", "/badges/new"),
        (lambda lab, by: people.return_token(lab.token, **by), "Aucun badge n’est prêté", "/badges/new"),
        (
            lambda lab, by: people.end_membership(lab.membership, "x", **by),
            "L’appartenance par défaut",
            "/memberships/new",
        ),
        (
            lambda lab, by: people.suspend_tenant("acme", "x", **by),
            "L’accès de Acme SARL est en pause.",
            "/tenants/acme",
        ),
        (
            lambda lab, by: people.end_payer("acme-rd", by["now"], "x", **by),
            "centre de coûts par défaut",
            "/memberships/new",
        ),
    ],
)
def test_what_stands_against_somebody_everywhere_comes_with_the_way_on(manager, lab, by, change, said, way):
    change(lab, by)

    page = text(manager.get(f"/people/{lab.holder}"))

    assert said in page
    assert re.search(rf'class="button is-plain is-small" href="[^"]*{way}"', page)
    assert "<b>0</b> sur 1 machine" in page


def test_blocking_asks_for_a_reason_and_shows_it(manager, lab):
    block = f"/people/{lab.holder}/block"
    assert manager.post(block, data={"reason": " "}).status_code == 422

    page = text(manager.post(block, data={"reason": "Badge prêté à un collègue"}, follow_redirects=True))
    assert "Bloqué depuis le 14 octobre 2026." in page
    assert page.count("Badge prêté à un collègue") == 2  # the banner and the journal

    text(manager.post(f"/people/{lab.holder}/unblock", data={"reason": "entendu"}, follow_redirects=True))
    assert db.session.scalars(select(Holder.blocked_at)).one() is None


def test_leaving_says_first_what_ends_and_a_change_meanwhile_is_told(manager, lab, by):
    leave = f"/people/{lab.holder}/leaver"
    page = text(manager.get(leave))
    assert "Acme SARL" in page
    assert f"…{lab.fingerprint[-4:].upper()}" in page
    people.block_holder(lab.holder, "meanwhile", **by)

    stale = manager.post(leave, data={"reason": "parti", "badges": "back", "version": 1})
    assert stale.status_code == 409
    manager.post(leave, data={"reason": "parti", "badges": "back", "version": version(stale.text)})

    assert "A quitté le lieu" in text(manager.get(f"/people/{lab.holder}"))
    assert "Prêter un badge" not in text(manager.get(f"/people/{lab.holder}"))


def test_a_second_membership_is_added_preferred_and_ended(manager, lab, by):
    people.add_tenant("bee", "Bee SAS", TenantKind.STARTUP, **by)
    people.add_payer("bee", "bee", "Labo", "Bee SAS", **by)
    added = {"payer": "bee", "until": "2026-10-31"}
    manager.post(f"/people/{lab.holder}/memberships/new", data=added)
    new = db.session.scalars(select(Membership).where(Membership.ref != lab.membership)).one()
    assert new.valid_until == by["now"].replace(
        month=10, day=31, hour=23
    )  # midnight in the lab, after the clock went back

    manager.post(f"/people/{lab.holder}/memberships/{new.ref}/prefer")
    page = text(manager.get(f"/people/{lab.holder}"))
    assert page.index("Bee SAS") < page.index("Acme SARL")

    manager.post(f"/people/{lab.holder}/memberships/{new.ref}/end", data={"reason": "fin de stage"})
    db.session.rollback()  # the read above would keep its old picture
    assert db.session.scalars(select(Membership.ended_reason).where(Membership.rank < 0)).one() == "fin de stage"


def test_until_when_somebody_is_under_age_is_told_to_nobody_who_may_not_change_it(web, manager, lab, by):
    people.set_minor_until(lab.holder, by["now"] + timedelta(days=300), **by)
    people.edit_person(lab.holder, people.PersonFacts("Ada", "King", "", "fr", True), **by)
    trainer, desk = (signed_in(web, role) for role in (Role.TRAINER, Role.DESK))

    page = text(trainer.get(f"/people/{lab.holder}"))

    for seen in (manager, desk):
        assert text(seen.get(f"/people/{lab.holder}")).lower().count("mineur") == 2  # in the facts, and in the journal
    assert "mineur" not in page.lower()
    assert "Journal" in page


def test_a_trainer_sees_people_but_neither_changes_them_nor_where_they_were(web, lab):
    trainer = signed_in(web, Role.TRAINER)

    page = text(trainer.get(f"/people/{lab.holder}"))

    assert "Dernières sessions" not in page
    assert f"/people/{lab.holder}/edit" not in page
    assert trainer.get(f"/people/{lab.holder}/edit").status_code == 403
    assert trainer.post(f"/people/{lab.holder}/block", data={"reason": "x"}).status_code == 403


def test_a_membership_of_somebody_else_is_not_there(manager, lab, by):
    bob = people.add_holder("Bob", "B", **by).number

    assert manager.get(f"/people/{bob}/memberships/{lab.membership}/end").status_code == 404
    assert manager.get("/people/1").status_code == 404


def test_a_name_that_was_erased_leaves_a_number(manager, lab):
    db.session.delete(db.session.scalars(select(Person)).one())
    db.session.commit()

    assert f"Porteur {lab.holder}" in text(manager.get(f"/people/{lab.holder}"))
    assert f"Porteur {lab.holder}" in text(manager.get("/people"))


def test_a_qualification_that_ends_soon_is_counted_in_the_list(manager, lab, by):
    training.revoke(lab.qualification, "again", **by)
    training.grant(lab.holder, "printing", None, by["now"] + timedelta(days=9), **by)

    assert '<span class="warns">1</span>' in text(manager.get("/people"))
