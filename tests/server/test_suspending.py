"""A tenant's access is paused: decided by somebody, announced, dated; neutral at the machine; nobody is told twice."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select

from agent.saying import REFUSALS
from agent.texts import translator
from server.access.service import load_facts
from server.audit.service import trail
from server.db import Stale, db, reading
from server.domain.purses import card
from server.domain.roles import Role
from server.mail.models import Mail
from server.people import service as people
from server.people.models import Tenant
from tests.server.page_lab import by, database_url, manager, web
from tests.server.signed_in import settings_for, signed_in, text
from wire.messages import DenialReason

__all__ = ["by", "database_url", "manager", "web"]

DAY = timedelta(days=1)
ZONE = ZoneInfo("Europe/Paris")
PAPERS = people.Papers("Inès Vautrelle", date(2026, 10, 12), 7)
MONEY = ("impayé", "unpaid", "facture", "Rechnung", "invoice", "€", "Zahlung", "paiement")


@pytest.fixture
def lab_settings(database_url):
    return settings_for(database_url)


def letters():
    with reading() as session:
        return session.scalars(select(Mail).order_by(Mail.id)).all()


def test_who_decided_it_and_which_letter_said_so_are_kept(lab, by, now):
    people.suspend_tenant("acme", "unpaid", now + 9 * DAY, PAPERS, version=1, **by)

    tenant = db.session.scalars(select(Tenant)).one()
    assert (tenant.suspended_by, tenant.letter_on, tenant.notice_days) == ("Inès Vautrelle", date(2026, 10, 12), 7)
    [entry] = [one for one in trail("tenant", "acme") if one.verb == "suspend"]
    assert (entry.after["decided_by"], entry.after["letter_on"], entry.reason) == (
        *("Inès Vautrelle", "2026-10-12"),
        "unpaid",
    )
    with pytest.raises(Stale):
        people.suspend_tenant("acme", "again", None, version=1, **by)


def test_a_pause_ahead_closes_nothing_before_its_moment(lab, by, now):
    people.suspend_tenant("acme", "unpaid", now + 9 * DAY, PAPERS, **by)
    facts = load_facts(now, "k1", {})
    payers = {payer.code: payer for payer in facts.payers}

    def closed(at):
        return card("acme-rd", payers, at, at + DAY, ZONE).closed

    assert closed(now) is None
    assert closed(now + 9 * DAY) is DenialReason.TENANT_SUSPENDED


def test_members_are_told_so_many_days_before_and_only_once(lab, by, now, lab_settings):
    people.edit_person(lab.holder, people.PersonFacts("Ada", "Lovelace", "ada@lab.test", "fr", False), **by)
    people.suspend_tenant("acme", "unpaid", now + 9 * DAY, PAPERS, **by)

    assert people.warn_members(lab_settings, now) == 0
    assert letters() == []
    for _ in range(3):
        assert people.warn_members(lab_settings, now + 2 * DAY) == 1

    [letter] = letters()
    assert letter.recipient == "ada@lab.test"
    assert "Acme SARL" in letter.text
    assert not any(word in letter.text for word in MONEY)


def test_a_hundred_members_are_told_in_short_transactions(lab, by, now, lab_settings):
    roster = "\n".join(["given;family;email;payer", *(f"A{n};B;a{n}@lab.test;acme-rd" for n in range(100))])
    people.import_people(roster, people.plan_import(roster, ZONE, now).mark, ZONE, **by)
    people.suspend_tenant("acme", "unpaid", now + 2 * DAY, PAPERS, **by)
    inserts, longest = [0], [0]

    def count(connection, cursor, statement, *others):
        inserts[0] += statement.startswith("INSERT INTO mail ")

    def end(connection):
        longest[0], inserts[0] = max(longest[0], inserts[0]), 0

    event.listen(db.engine, "before_cursor_execute", count)
    event.listen(db.engine, "commit", end)
    people.warn_members(lab_settings, now)

    assert len(letters()) == 100
    assert 0 < longest[0] <= 20


def test_nobody_is_told_of_a_pause_that_has_begun_was_taken_back_or_was_not_to_be_told(lab, by, now, lab_settings):
    people.edit_person(lab.holder, people.PersonFacts("Ada", "Lovelace", "ada@lab.test", "fr", False), **by)
    people.suspend_tenant("acme", "unpaid", now + 2 * DAY, people.Papers("Inès"), **by)
    people.warn_members(lab_settings, now)
    people.suspend_tenant("acme", "unpaid", now, PAPERS, **by)
    people.warn_members(lab_settings, now)
    people.resume_tenant("acme", **by)
    people.warn_members(lab_settings, now)

    assert letters() == []


def test_another_date_is_told_anew(lab, by, now, lab_settings):
    people.edit_person(lab.holder, people.PersonFacts("Ada", "Lovelace", "ada@lab.test", "fr", False), **by)
    for days in (2, 4):
        people.suspend_tenant("acme", "unpaid", now + days * DAY, PAPERS, **by)
        people.warn_members(lab_settings, now)

    assert len(letters()) == 2


def test_the_page_names_everybody_who_is_touched_before_anything_is_stored(manager, lab, by):
    for number in range(12):
        pupil = people.add_holder(f"Élève {number}", "Muster", **by).number
        people.add_membership(pupil, lab.payer, **by)

    page = text(manager.get("/tenants/acme/suspend"))

    assert "13 personnes ne peuvent plus faire payer cette structure." in page
    assert "Ada Lovelace" in page
    assert all(f"Élève {number} Muster" in page for number in range(12))


def test_a_suspended_tenant_reads_access_paused_and_nothing_about_money(manager, web, lab, by):
    """Scene 26: at the machine, on the person's page and on the phone."""
    asked = {"since": "", "reason": "impayé depuis août", "decided_by": "Inès", "letter_on": "2026-10-01"}
    manager.post("/tenants/acme/suspend", data=asked)

    for language, words in (("fr", "Accès en pause"), ("de", "Zugang pausiert"), ("en", "Access paused")):
        panel = " ".join(map(translator(language), REFUSALS[DenialReason.TENANT_SUSPENDED]))
        assert words in panel.replace("\u00a0", " ")
        assert not any(word in panel for word in MONEY)
    person = text(manager.get(f"/people/{lab.holder}"))
    assert "L’accès de Acme SARL est en pause." in person
    assert "impayé" not in person
    own = text(signed_in(web, Role.HOLDER, holder=lab.holder).get("/me"))
    assert "L’accès de votre structure est en pause." in own
    assert "impayé" not in own
