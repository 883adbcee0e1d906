"""Somebody leaves: one page names everything that hangs on them, one confirmation ends it, and what they signed stays."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from server.accounts import service as accounts
from server.accounts.models import Account, RoleAssignment, WebSession
from server.accounts.service import AccountFacts
from server.courses.models import Course
from server.db import reading, writing
from server.domain.roles import Role, ScopeKind
from server.machines import service as machines
from server.people.models import Holder, Membership, Token
from server.training import service as training
from server.training.models import Qualification
from tests.server.page_lab import by, database_url, manager, web
from tests.server.signed_in import page, signed_in
from wire.messages import Service

__all__ = ["by", "database_url", "manager", "web"]


@pytest.fixture
def trainer(web, lab, now, by):
    """Ada trains at p1, holds a course, has given a qualification and put the machine into maintenance; she is logged in."""
    earlier = {**by, "now": now - timedelta(days=2)}
    number = accounts.add_account(AccountFacts("ada@lab.test", "Ada", None, lab.holder), **earlier)
    accounts.give_role(number, Role.TRAINER, ScopeKind.MACHINE, "p1", **earlier)
    ada = {"actor": f"account:{number}", "now": now - timedelta(days=1)}
    with writing() as session:
        session.add(Holder(number=77))
        session.add(Course(title="Impression, débuts", skills=["printing"], trainer=lab.holder, capacity=6, minutes=90))
        session.add(WebSession(id="s" * 64, account_id=number, began_at=now, seen_at=now, browser="pytest"))
        session.flush()
        training.grant(77, "printing", **ada)
    machines.set_service("p1", Service.MAINTENANCE, "", "buse", **ada)
    return number


def leave(client, lab, **more):
    shown = page(client, f"/people/{lab.holder}/leaver")
    version = shown.partition('name="version"')[2].partition('value="')[2].partition('"')[0]
    form = {"reason": "part", "badges": "back", "version": version} | more
    return client.post(f"/people/{lab.holder}/leaver", data=form)


def found(wanted):
    with reading() as session:
        return session.scalars(wanted).all()


def test_the_page_names_what_ends_and_what_somebody_else_must_take_over(manager, lab, trainer):
    shown = page(manager, f"/people/{lab.holder}/leaver")

    for said in ("Acme SARL", "ada@lab.test", "Impression, débuts", "aucun autre formateur", "maintenance"):
        assert said in shown
    assert "1 habilitation donnée par cette personne reste valable" in shown


def test_one_confirmation_ends_all_of_it_and_what_was_signed_stays(manager, lab, trainer, now):
    assert leave(manager, lab).status_code == 303

    assert found(select(Membership.ended_at)) == [now]
    assert found(select(Token.returned_at)) == [now]
    assert found(select(Account.ended_at).where(Account.id == trainer)) == [now]
    assert found(select(WebSession.ended_at).where(WebSession.account_id == trainer)) == [now]
    assert found(select(RoleAssignment.valid_until).where(RoleAssignment.account_id == trainer)) == [now]
    assert found(select(Qualification.revoked_at).where(Qualification.granted_by == f"account:{trainer}")) == [None]


def test_who_manages_no_accounts_is_told_that_the_login_stays(web, lab, trainer):
    desk = signed_in(web, Role.DESK)
    assert "un responsable le ferme" in page(desk, f"/people/{lab.holder}/leaver")

    leave(desk, lab)

    assert found(select(Account.ended_at).where(Account.id == trainer)) == [None]
    assert None not in found(select(Membership.ended_at))


def test_a_machine_with_another_trainer_is_not_left_behind(manager, lab, trainer, by):
    other = accounts.add_account(AccountFacts("bob@lab.test", "Bob"), **by)
    accounts.give_role(other, Role.TRAINER, **by)

    assert "aucun autre formateur" not in page(manager, f"/people/{lab.holder}/leaver")


def test_the_last_manager_leaves_only_after_somebody_else_is_one(web, lab, by):
    last = signed_in(web, Role.MANAGER, holder=lab.holder)
    answer = leave(last, lab)

    assert answer.status_code == 422
    assert found(select(Membership.ended_at)) == [None]
    assert found(select(Holder.ended_at).where(Holder.number == lab.holder)) == [None]
