"""A payer refuses a charge the same day: nothing is deleted, the invoice waits, staff decide, and whoever was there is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from server.audit.service import trail
from server.billing import refusals
from server.billing.errors import BillingError
from server.billing.freshness import made_of
from server.billing.models import ChargeRefusal, Draft
from server.db import Stale, reading, writing
from server.domain.decisions import Free
from server.domain.period import period_of
from server.domain.roles import Role, ScopeKind
from server.people import service as people
from server.privacy.viewing import looks_at
from server.usage import decisions
from server.usage.models import SessionDecision, UsageSession
from tests.server import billing_lab
from tests.server.billing_lab import ZONE, close, issue, use
from tests.server.signed_in import page, signed_in, web_app

NOW = datetime(2026, 10, 14, 15, 0, tzinfo=UTC)  # five in the afternoon at the lab
BY: dict[str, Any] = {"actor": "account:1", "now": NOW}
ASKED: dict[str, Any] = {"zone": ZONE, **BY}
CLOCK = (":00", ":30", "17 h", "10:")


@pytest.fixture
def app(sqlite_url: str, tmp_path: Path) -> Flask:
    web = web_app(sqlite_url, NOW, data_dir=tmp_path)
    (tmp_path / "documents").mkdir()
    with web.app_context():
        billing_lab.furnish()
    return web


def today(payer: str = "acme-1", **changed: Any) -> str:
    return use(payer, start=NOW - timedelta(hours=3), seconds=3600, **changed)


def admin(app: Flask, tenant: str = "acme", role: Role = Role.TENANT_ADMIN) -> Any:
    return signed_in(app, role, ScopeKind.TENANT, tenant)


def one(wanted: Any) -> Any:
    with reading() as session:
        return session.scalars(wanted).one()


def test_a_session_of_today_is_refused_and_stays_as_it_was_measured(app: Flask) -> None:
    with app.app_context():
        session_id = today()
        before = one(select(UsageSession).where(UsageSession.id == session_id)).occupied_s

        refusals.refuse_charge(session_id, "not our order", **ASKED)

        row = one(select(ChargeRefusal))
        assert (row.session_id, row.refused_by, row.reason, row.answered_at) == (
            *(session_id, "account:1"),
            *("not our order", None),
        )
        assert one(select(UsageSession).where(UsageSession.id == session_id)).occupied_s == before
        assert [entry.verb for entry in trail("session", session_id)] == ["refuse_charge"]


@pytest.mark.parametrize(
    ("changed", "later", "why"),
    [
        ({"state": "open", "ended_at": None}, timedelta(), "still runs"),
        ({}, timedelta(hours=7), "on the day it ended"),  # midnight in the lab, not in Greenwich
        ({}, timedelta(days=1), "on the day it ended"),
    ],
)
def test_only_what_ended_today_can_be_refused(app: Flask, changed: dict[str, Any], later: timedelta, why: str) -> None:
    with app.app_context():
        session_id = today(**changed)

        with pytest.raises(BillingError, match=why):
            refusals.refuse_charge(session_id, "x", zone=ZONE, actor="account:1", now=NOW + later)


def test_until_the_last_minute_of_the_day_it_is_not_too_late(app: Flask) -> None:
    with app.app_context():
        refusals.refuse_charge(today(), "x", zone=ZONE, actor="account:1", now=NOW + timedelta(hours=6, minutes=59))


def test_a_session_is_refused_once_and_with_a_reason(app: Flask) -> None:
    with app.app_context():
        session_id = today()
        with pytest.raises(BillingError, match="Say why"):
            refusals.refuse_charge(session_id, "  ", **ASKED)
        refusals.refuse_charge(session_id, "x", **ASKED)

        with pytest.raises(BillingError, match="refused already"):
            refusals.refuse_charge(session_id, "x", **ASKED)


def test_the_invoice_waits_for_the_answer_and_no_other_does(app: Flask) -> None:
    with app.app_context():
        refusals.refuse_charge(today(), "not our order", **ASKED)
        today("nord-1", machine="c1")
        close()
        held = {row.content["buyer"]["tenant"]: row.held for row in _drafts()}
        assert len(issue()) == 1
        waits = page(signed_in(app, Role.MANAGER), "/months/2026-10")
        assert "Ligne refusée" in waits
        assert "/refusals" in waits

        refusals.answer_refusal(one(select(ChargeRefusal.id)), True, "your order 1461", **BY)
        close()

        assert "refused" in held["acme"]
        assert held["nord"] == ""
        assert len(issue()) == 1


def _drafts() -> list[Draft]:
    with reading() as session:
        return list(session.scalars(select(Draft)))


def test_drafts_are_old_as_soon_as_something_is_refused_or_answered(app: Flask) -> None:
    period = period_of("2026-10", ZONE)
    with app.app_context():
        session_id = today()

        def made() -> str:
            with reading():
                return made_of(period, False, NOW.date())

        before = made()
        refusals.refuse_charge(session_id, "x", **ASKED)
        refused = made()
        refusals.answer_refusal(one(select(ChargeRefusal.id)), True, "x", **BY)

        assert len({before, refused}) == 2
        assert made() == before


def test_staff_take_it_off_the_bill_or_leave_it_there(app: Flask) -> None:
    with app.app_context():
        free, stays = today(), today(machine="c1")
        for session_id in (free, stays):
            refusals.refuse_charge(session_id, "not ours", **ASKED)
        numbers = {row.session_id: row.id for row in _refusals()}

        refusals.answer_refusal(numbers[free], False, "our mistake", version=1, **BY)
        refusals.answer_refusal(numbers[stays], True, "your order", **BY)

        decided = one(select(SessionDecision))
        assert (decided.session_id, decided.free, decided.reason) == (free, Free.GOODWILL, "our mistake")
        assert {row.session_id: row.is_charged for row in _refusals()} == {free: False, stays: True}
        with pytest.raises(BillingError, match="answered already"):
            refusals.answer_refusal(numbers[free], True, "again", **BY)


def _refusals() -> list[ChargeRefusal]:
    with reading() as session:
        return list(session.scalars(select(ChargeRefusal)))


def test_the_second_of_two_who_answer_is_told(app: Flask) -> None:
    with app.app_context():
        refusals.refuse_charge(today(), "x", **ASKED)

        with pytest.raises(Stale):
            refusals.answer_refusal(one(select(ChargeRefusal.id)), True, "x", version=7, **BY)


# --- pages ------------------------------------------------------------------------------------------------------------


def test_a_tenant_sees_what_it_paid_for_today_without_a_person_or_a_time_and_refuses_it(app: Flask) -> None:
    with app.app_context():
        ada = people.add_holder("Ada", "Lovelace", **BY).number
        session_id = _of(ada)
        today("nord-1", machine="c1")
        use(start=NOW - timedelta(days=1))
    client = admin(app)
    said = page(client, "/tenants/acme/charges").split('id="content"')[1].split("</main>")[0]

    assert said.count("Imprimante P1") == 1
    assert "24,00 €" in said
    for word in ("Ada", "Lovelace", "Fraiseuse", *CLOCK):
        assert word not in said, word
    answer = client.post(f"/tenants/acme/charges/{session_id}/refuse", data={"reason": "pas notre projet"})
    assert answer.status_code == 303
    assert "Refusé : pas notre projet" in page(client, "/tenants/acme/charges")


def _of(holder: int) -> str:
    session_id = today()
    with writing() as session:
        session.get_one(UsageSession, session_id).holder_number = holder
    return session_id


def test_anothers_session_is_not_there(app: Flask) -> None:
    with app.app_context():
        theirs = today("nord-1")
    client = admin(app)

    for path in (f"/tenants/acme/charges/{theirs}/refuse", f"/tenants/nord/charges/{theirs}/refuse"):
        assert client.post(path, data={"reason": "x"}).status_code in {403, 404}
    with app.app_context():
        assert _refusals() == []


def test_yesterdays_session_is_not_refused_by_its_address_either(app: Flask) -> None:
    with app.app_context():
        old = use(start=NOW - timedelta(days=1))

    assert admin(app).post(f"/tenants/acme/charges/{old}/refuse", data={"reason": "x"}).status_code == 303
    with app.app_context():
        assert _refusals() == []


def test_it_waits_for_staff_who_answer_and_the_holder_reads_both(app: Flask) -> None:
    with app.app_context():
        ada = people.add_holder("Ada", "Lovelace", **BY).number
        session_id = _of(ada)
        refusals.refuse_charge(session_id, "pas notre projet", **ASKED)
        number = _refusals()[0].id
    manager, me = signed_in(app, Role.MANAGER), signed_in(app, Role.HOLDER, holder=ada)

    assert "1 ligne refusée par son payeur" in page(manager, "/today")
    assert "Acme SARL ne veut pas la payer : pas notre projet" in page(me, "/me")
    assert "Ada Lovelace" in page(manager, "/refusals")
    sent = manager.post(f"/refusals/{number}", data={"charged": "no", "reason": "essai de notre part", "version": 1})
    assert sent.status_code == 303
    assert "refusée par son payeur" not in page(manager, "/today")
    assert "essai de notre part" in page(me, "/me")
    assert "non facturé : essai de notre part" in page(admin(app), "/tenants/acme/charges")
    other = signed_in(app, Role.HOLDER, holder=5)
    assert "pas notre projet" not in page(other, "/me")


def test_a_session_that_is_free_already_needs_no_refusal(app: Flask) -> None:
    with app.app_context():
        decisions.do_not_charge(today(), Free.TEST, "trial", **BY)

    assert "/refuse" not in page(admin(app), "/tenants/acme/charges")


# --- names ------------------------------------------------------------------------------------------------------------


def test_a_tenant_administrator_sees_hours_by_machine_and_no_name_until_the_setting_says_otherwise(app: Flask) -> None:
    """Scene 25. Then from the day on which people were informed, with the day and no hour, until that is said, too."""
    with app.app_context():
        ada = people.add_holder("Ada", "Lovelace", **BY).number
        _of(ada)
    client, accountant = admin(app), admin(app, role=Role.TENANT_ACCOUNTANT)

    assert "Imprimante P1" in page(client, "/tenants/acme/books")
    assert "Lovelace" not in page(client, "/tenants/acme/books")
    assert client.get("/tenants/acme/books/names").status_code == 404

    manager = signed_in(app, Role.MANAGER)
    empty = manager.post("/tenants/acme/names", data={"since": "2026-10-14", "reason": ""})
    assert empty.status_code == 422
    manager.post("/tenants/acme/names", data={"since": "2026-10-14", "reason": "CSE informé le 12 octobre"})
    named = page(client, "/tenants/acme/books/names").split('id="content"')[1].split("</main>")[0]
    assert "Ada Lovelace" in named
    assert "CSE informé le 12 octobre" in named
    assert "14:00" not in named
    with app.app_context():
        people.add_membership(ada, "acme-1", **BY)
    me = signed_in(app, Role.HOLDER, holder=ada)
    assert "Acme SARL voit ce que vous avez utilisé, sans l’heure" in page(me, "/me")
    assert "Lovelace" not in page(client, "/tenants/acme/books")  # the month stays as it was
    assert accountant.get("/tenants/acme/books/names").status_code == 403
    assert "Lovelace" not in page(accountant, "/tenants/acme/charges")
    assert "Lovelace" in page(client, "/tenants/acme/charges")

    manager.post("/tenants/acme/names", data={"since": "2026-10-14", "reason": "CSE informé", "times": "y"})
    assert "14:00" in page(client, "/tenants/acme/books/names")
    manager.post("/tenants/acme/names", data={"since": "2026-10-15", "reason": "CSE informé", "times": "y"})
    assert "Lovelace" not in page(client, "/tenants/acme/books/names")  # it began before that day
    manager.post("/tenants/acme/names/hide", data={"reason": "fin de l’accord"})
    assert client.get("/tenants/acme/books/names").status_code == 404


def test_each_look_at_names_stands_in_the_journal(app: Flask) -> None:
    with app.app_context():
        people.show_names("acme", NOW.date(), "informed", False, **BY)
    client = admin(app)
    page(client, "/tenants/acme/books/names?month=2026-09")

    with app.app_context():
        [look] = [entry for entry in trail("tenant", "acme") if entry.verb == "see_names"]
        assert look.after == {"month": "2026-09"}
        assert look.actor.startswith("account:")


def test_whoever_was_named_reads_who_looked(app: Flask) -> None:
    with app.app_context():
        ada = people.add_holder("Ada", "Lovelace", **BY).number
        _of(ada)
        assert looks_at(ada) == []
    client = admin(app)
    page(client, "/tenants/acme/charges")  # no name is shown yet
    with app.app_context():
        assert looks_at(ada) == []
        people.show_names("acme", NOW.date(), "informed", False, **BY)
    page(client, "/tenants/acme/books/names")

    with app.app_context():
        assert [(look.role, look.what) for look in looks_at(ada)] == [("tenant_admin", "sessions")]


# --- an accelerator -----------------------------------------------------------------------------------------------------


def test_an_accelerator_sees_totals_of_its_start_ups_and_nothing_that_leads_to_a_person(app: Flask) -> None:
    with app.app_context():
        billing_lab.add_start_up("acme")
        ada = people.add_holder("Ada", "Lovelace", **BY).number
        people.add_membership(ada, "new-1", **BY)
        use("new-1", start=NOW - timedelta(days=2), seconds=5400)
        use("new-1", machine="c1", start=NOW - timedelta(days=1), seconds=1800)
    client = admin(app)
    said = page(client, "/tenants/acme/books")

    row = said.split("Jeune pousse")[1].split("</tr>")[0]
    assert ">2<" in row
    assert "2 h 00" in row
    assert "56,50 €" in row  # 36.00, and 18.00 with 2.50 for the session
    assert "Fraiseuse" not in said
    assert "Lovelace" not in said
    for path in ("books", "members", "charges", "books/names"):
        assert client.get(f"/tenants/new/{path}").status_code == 403
    assert "Jeune pousse" not in page(admin(app, "nord"), "/tenants/nord/books")
