"""A tenant's own administrator: invites members by mail, moves and ends them, limits what cost centres pay for; and sees
nothing of another tenant, and of its members nothing but what ties them to it."""

from datetime import time, timedelta

import pytest
from sqlalchemy import select

from server.accounts import service as accounts
from server.accounts.models import Account, AccountLink, RoleAssignment
from server.accounts.service import AccountFacts
from server.db import reading
from server.domain.roles import Role, ScopeKind
from server.mail.models import Mail
from server.people import service as people
from server.people.facts import payer_rules
from server.people.models import Membership, Payer, Person, TenantKind
from server.training import service as training
from tests.server.page_lab import by, database_url, manager, web
from tests.server.signed_in import page, signed_in, text

__all__ = ["by", "database_url", "manager", "web"]

DAY = timedelta(days=1)
ZOE = {"given_name": "Zoé", "family_name": "Muster", "email": "Zoe@lab.test", "language": "de", "payer": "acme-rd"}


@pytest.fixture
def admin(web, lab, by):
    """Of acme; beside it stands bee, with a member of its own and another tie of Ada's."""
    people.add_tenant("bee", "Bee SAS", TenantKind.STARTUP, **by)
    people.add_payer("bee", "bee-1", "Labo", "Bee", **by)
    people.add_payer("acme", "acme-q", "Qualité", "Acme Q", **by)
    bob = people.add_holder("Bob", "Honig", email="bob@lab.test", **by).number
    people.add_membership(bob, "bee-1", **by)
    people.add_membership(lab.holder, "bee-1", **by)
    return signed_in(web, Role.TENANT_ADMIN, ScopeKind.TENANT, "acme")


def rows(*wanted):
    with reading() as session:
        return session.scalars(*wanted).all()


def ref_at(payer):
    return rows(select(Membership.ref).join(Payer, Payer.id == Membership.payer_id).where(Payer.code == payer))[0]


def test_who_is_invited_becomes_a_member_and_gets_a_login_by_mail(admin):
    asked = admin.post("/tenants/acme/members/invite", data=ZOE)

    assert asked.status_code == 303
    assert "Zoé Muster" in page(admin, "/tenants/acme/members")
    [person] = rows(select(Person).where(Person.family_name == "Muster"))
    [account] = rows(select(Account).where(Account.holder_number == person.holder_number))
    assert (account.email, account.language) == ("zoe@lab.test", "de")
    roles = rows(select(RoleAssignment.role).where(RoleAssignment.account_id == account.id))
    assert roles == ["holder"]
    [letter] = rows(select(Mail).where(Mail.recipient == "zoe@lab.test"))
    assert "/invitation/" in letter.text
    assert rows(select(AccountLink.account_id)) == [account.id]


def test_somebody_the_lab_knows_is_tied_and_the_answer_tells_nothing(admin):
    known = admin.post("/tenants/acme/members/invite", data=ZOE | {"email": "bob@lab.test", "family_name": "Anders"})

    assert known.status_code == 303
    assert len(rows(select(Person).where(Person.email == "bob@lab.test"))) == 1
    members = page(admin, "/tenants/acme/members")
    assert "Bob Honig" in members
    assert "Bee" not in members
    again = admin.post("/tenants/acme/members/invite", data=ZOE | {"email": "BOB@lab.test"})
    assert again.status_code == 422


def test_an_address_that_logs_in_for_somebody_else_gets_no_second_login(admin, web):
    with web.app_context():
        [email] = rows(select(Account.email).where(Account.holder_number.is_(None)))
    admin.post("/tenants/acme/members/invite", data=ZOE | {"email": email})

    assert len(rows(select(Account).where(Account.email == email))) == 1
    assert rows(select(Mail)) == []


def test_a_login_that_the_lab_has_ended_is_not_opened_again_by_a_tenant(admin, by):
    [bob] = rows(select(Person.holder_number).where(Person.email == "bob@lab.test"))
    ended = accounts.add_account(AccountFacts("other@lab.test", "Bob Honig", None, bob), **by)
    accounts.end_account(ended, **by)

    asked = admin.post("/tenants/acme/members/invite", data=ZOE | {"email": "bob@lab.test"})

    assert asked.status_code == 303
    assert len(rows(select(Account).where(Account.holder_number == bob))) == 1
    assert rows(select(Mail)) == []


def test_only_ones_own_cost_centres_are_offered_and_taken(admin):
    assert "bee-1" not in page(admin, "/tenants/acme/members/invite")
    forged = admin.post("/tenants/acme/members/invite", data=ZOE | {"payer": "bee-1"})
    moved = admin.post(f"/tenants/acme/members/{ref_at('acme-rd')}/move", data={"payer": "bee-1", "reason": "x"})

    assert (forged.status_code, moved.status_code) == (422, 422)
    assert rows(select(Person).where(Person.family_name == "Muster")) == []


def test_a_member_is_moved_between_cost_centres_and_the_past_stays(admin, lab, now):
    ref = ref_at("acme-rd")

    admin.post(f"/tenants/acme/members/{ref}/move", data={"payer": "acme-q", "reason": "autre projet"})

    old, new = (rows(select(Membership).where(Membership.ref == one))[0] for one in (ref, ref_at("acme-q")))
    assert (old.ended_at, new.valid_from, new.rank) == (now, now, old.rank)
    assert "Qualité" in page(admin, "/tenants/acme/members")
    assert admin.get(f"/tenants/acme/members/{ref}/move").status_code == 404  # it is over


def test_a_membership_that_would_be_over_already_is_refused_and_nobody_is_written_to(admin):
    asked = admin.post("/tenants/acme/members/invite", data=ZOE | {"until": "2020-01-01"})

    assert asked.status_code == 422
    assert "avant de commencer" in asked.text
    assert rows(select(Person).where(Person.family_name == "Muster")) == []
    assert rows(select(Mail)) == []


def test_who_is_moved_pays_at_the_same_hours_as_before(admin, lab, now, by):
    ref = ref_at("acme-rd")
    people.add_payer_rule(ref, people.When((0, 1), time(13), time(18)), **by)

    admin.post(f"/tenants/acme/members/{ref}/move", data={"payer": "acme-q", "reason": "autre projet"})

    with reading():
        assert [(one.payer, one.hours.begins) for one in payer_rules({}, now)] == [("acme-q", time(13))]


def test_a_membership_is_ended_and_only_of_ones_own_tenant(admin, lab, now):
    own, other = ref_at("acme-rd"), ref_at("bee-1")
    refused = {
        *(admin.post(f"/tenants/{code}/members/{other}/{act}", data={"reason": "x"}).status_code
          for code in ("acme", "bee") for act in ("end", "move")),
    }  # fmt: skip
    admin.post(f"/tenants/acme/members/{own}/end", data={"reason": "parti"})

    assert refused == {403}
    assert rows(select(Membership.ended_at).where(Membership.ref == other)) == [None]
    assert rows(select(Membership.ended_at).where(Membership.ref == own)) == [now]


def test_of_a_member_a_tenant_sees_what_ties_them_to_it_and_nothing_else(admin, lab, by):
    people.set_minor_until(lab.holder, by["now"] + 300 * DAY, **by)
    training.grant(lab.holder, "printing", **by)
    said = page(admin, "/tenants/acme/members").split('id="content"')[1].split("</main>")[0]

    assert "Ada Lovelace" in said
    for word in ("Bee", "Labo", "3D printing", "Impression", str(lab.holder), "/people/", "mineur", "2027"):
        assert word not in said, word
    assert admin.get("/tenants/acme/members?q=honig").text.count("Bob") == 0


@pytest.mark.parametrize(
    "path", ["members", "members/invite", "payers/bee-1/limits", "charges", "books", "books/names"]
)
def test_another_tenants_pages_are_closed(admin, path):
    assert admin.get(f"/tenants/bee/{path}").status_code == 403


def test_the_tenants_accountant_sees_money_and_manages_nobody(web, lab):
    accountant = signed_in(web, Role.TENANT_ACCOUNTANT, ScopeKind.TENANT, "acme")

    assert accountant.get("/tenants/acme/members").status_code == 403
    assert accountant.get("/tenants/acme/charges").status_code == 200
    assert accountant.get("/tenants/acme/payers/acme-rd/limits").status_code == 403


def test_what_a_cost_centre_pays_for_is_set_and_said_in_words(admin, manager):
    limits = "/tenants/acme/payers/acme-rd/limits"
    form = {"day0": ["08:00", "12:00"], "categories": "printer", "machines": "p1"}
    typed = admin.post(limits, data=form | {"copy": "0"})

    assert text(typed).count('value="12:00"') == 5
    assert rows(select(Payer.hours).where(Payer.code == "acme-rd")) == [[]]

    admin.post(limits, data=form)
    said = page(admin, "/tenants/acme/members")
    assert "lun. 08:00–12:00" in said
    assert "Printer 1" in said
    assert "lun. 08:00–12:00" in page(manager, "/tenants/acme")


def test_the_second_of_two_who_limit_a_cost_centre_is_told(admin):
    limits = "/tenants/acme/payers/acme-rd/limits"
    admin.post(limits, data={"categories": "printer", "version": "1"})

    assert admin.post(limits, data={"machines": "p1", "version": "1"}).status_code == 409


def test_a_person_who_left_is_taken_back_at_the_desk_first(admin, by):
    [bob] = rows(select(Person.holder_number).where(Person.email == "bob@lab.test"))
    people.end_holder(bob, "moved away", **by)

    answer = admin.post("/tenants/acme/members/invite", data=ZOE | {"email": "bob@lab.test"})

    assert answer.status_code == 422
    assert "accueil" in answer.text
