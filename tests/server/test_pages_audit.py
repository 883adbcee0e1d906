"""The journal and the search field: who changed what, in words; and what was typed, found or opened at once."""

import pytest

from server.accounts.models import Account
from server.db import writing
from server.domain.roles import Role
from server.people import service as people
from server.people.models import TenantKind
from tests.server.page_lab import database_url, manager, web
from tests.server.signed_in import signed_in, text

__all__ = ["database_url", "manager", "web"]


@pytest.fixture
def by(now):
    with writing() as session:
        account = Account(email="camille@lab.test", name="Camille Ostreville", created_at=now)
        session.add(account)
        session.flush()
        return {"actor": f"account:{account.id}", "now": now}


def test_the_journal_names_who_did_what_to_whom_and_why(manager, lab, by):
    people.block_token(lab.token, "perdu", **by)
    people.edit_tenant("acme", "Acme SA", TenantKind.SCHOOL, "fr", None, **by)

    page = text(manager.get("/audit"))

    assert page.count("Camille Ostreville") >= 2
    assert "Badge bloqué<small>perdu</small>" in page
    assert f"Ada Lovelace · badge …{lab.fingerprint[-4:].upper()}" in page
    assert "nom : Acme SA (avant : Acme SARL)" in page
    assert "type : École (avant : Entreprise)" in page


def test_the_journal_is_narrowed_by_person_kind_and_days(manager, lab, by):
    people.block_holder(lab.holder, "porte forcée", **by)

    assert "porte forcée" in text(manager.get("/audit", query_string={"actor": by["actor"], "kind": "holder"}))
    assert "porte forcée" in text(manager.get("/audit?from=2026-10-14&to=2026-10-14"))
    assert "porte forcée" not in text(manager.get("/audit?from=2026-10-15"))
    assert "porte forcée" not in text(manager.get("/audit?kind=tenant"))
    assert "porte forcée" in text(manager.get("/audit?from=yesterday"))


def test_a_deed_that_nobody_has_words_for_is_shown_as_it_was_written(manager, lab, by):
    from server.audit import service as audit

    with writing():
        audit.record(by["actor"], "paint", "wall", "north", None, {"colour": "red"}, "", by["now"])

    assert "wall: paint" in text(manager.get("/audit"))


def test_only_the_manager_reads_the_journal(web):
    assert signed_in(web, Role.DESK).get("/audit").status_code == 403


def test_the_search_finds_machines_people_and_tenants_by_group(manager, lab):
    page = text(manager.get("/search?q=a"))

    assert f'href="/people/{lab.holder}"' in page
    assert 'href="/tenants/acme"' in page
    assert page.count(" autofocus") == 1


@pytest.mark.parametrize("typed", ["acme", "p1"])
def test_a_code_leads_straight_to_its_page(manager, typed):
    assert manager.get(f"/search?q={typed}").location in {"/tenants/acme", "/machines/p1"}


def test_the_search_shows_nobody_what_they_may_not_open(web, lab):
    page = text(signed_in(web, Role.LAB_ACCOUNTANT).get("/search?q=ada"))

    assert f"/people/{lab.holder}" not in page


def test_what_is_not_there_is_said_with_what_to_try(manager):
    assert "Rien trouvé" in text(manager.get("/search?q=zzzzzz"))
