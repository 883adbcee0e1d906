"""Contesting a line on pages: the tenant's, the lab's, and what whoever was at the machine reads of it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from server.billing.models import Dispute
from server.db import reading, writing
from server.domain.roles import Role, ScopeKind
from server.people.models import Holder
from server.privacy.models import TraceView
from server.supplies.models import OneOff
from tests.server import billing_lab
from tests.server.billing_lab import use
from tests.server.signed_in import page, web_app
from tests.server.test_pages_supplies import signed_in

NOW = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
LINES = "/tenants/acme/lines?month=2026-10"


@pytest.fixture
def web(sqlite_url: str) -> Any:
    app = web_app(sqlite_url, NOW)
    with app.app_context():
        billing_lab.furnish()
        with writing() as session:
            session.add(Holder(number=7))
    return app


@pytest.fixture
def session(web: Any) -> str:
    with web.app_context():
        return use("acme-1", "p1", datetime(2026, 10, 5, 8, 12, tzinfo=UTC))  # 10:12 on the lab's clock


@pytest.fixture
def accountant(web: Any) -> Any:
    return signed_in(web, Role.TENANT_ACCOUNTANT, ScopeKind.TENANT, "acme")


@pytest.fixture
def contested(accountant: Any, session: str) -> str:
    answer = accountant.post(f"/tenants/acme/lines/2026-10/{session}/contest", data={"words": "Pas nous"})
    assert answer.status_code == 303
    return str(answer.location)


def disputes() -> list[Dispute]:
    with reading() as session:
        return list(session.scalars(select(Dispute).order_by(Dispute.id)))


def test_lines_show_machine_and_amount_and_no_time_of_day(accountant, session):
    shown = page(accountant, LINES)

    assert "Imprimante P1" in shown
    assert "24.00" in shown
    assert "Contest…" in shown
    assert "10:12" not in shown


def test_only_the_contested_line_shows_its_clock_times_and_the_look_is_told(web, accountant, session, contested):
    shown = page(accountant, contested)
    maker = signed_in(web, Role.HOLDER, holder=7)

    assert "10:12" in shown
    assert "Nov" in shown  # the day by which the lab answers
    assert "Contested by the payer" in page(maker, "/me")
    with web.app_context():
        assert disputes()[0].seen_at == NOW
        with reading() as found:
            (look,) = found.scalars(select(TraceView).where(TraceView.holder_number == 7))
    assert (look.what, look.role) == ("session", "tenant_accountant")


def test_a_contest_without_words_is_refused_and_another_tenants_line_is_not_there(web, accountant, session):
    nothing = accountant.post(f"/tenants/acme/lines/2026-10/{session}/contest", data={"words": " "})
    nord = signed_in(web, Role.TENANT_ADMIN, ScopeKind.TENANT, "nord")

    assert nothing.status_code == 422
    assert nord.get(f"/tenants/nord/lines/2026-10/{session}/contest").status_code == 404
    assert nord.get(f"/tenants/acme/lines/2026-10/{session}/contest").status_code == 403
    assert nord.get(LINES).status_code == 403


def test_a_dispute_of_another_tenant_is_not_there(web, contested):
    nord = signed_in(web, Role.TENANT_ADMIN, ScopeKind.TENANT, "nord")

    assert nord.get("/tenants/nord/disputes/1").status_code == 403
    assert nord.get("/tenants/acme/disputes/1").status_code == 403


def test_the_manager_sees_it_on_today_with_the_evidence_and_takes_a_part_off(web, accountant, session, contested):
    manager = signed_in(web, Role.MANAGER)
    assert "1 contested line" in page(manager, "/today")
    form = page(manager, "/disputes/1")
    assert f"/sessions/{session}" in form
    answer = {"how": "adjusted", "cents": "6,00", "reason": "panne", "version": str(disputes_version(web))}
    assert manager.post("/disputes/1", data=answer | {"cents": "60,00"}).status_code == 422
    assert manager.post("/disputes/1", data=answer).status_code == 303
    assert manager.post("/disputes/1", data=answer).status_code == 422  # answered meanwhile

    assert "6.00" in page(accountant, contested)
    assert "panne" in page(accountant, contested)
    assert "contested line" not in page(manager, "/today")
    with web.app_context(), reading() as found:
        assert found.scalars(select(OneOff.cents_milli)).one() == -600_000


def disputes_version(web: Any) -> int:
    with web.app_context():
        return disputes()[0].version


def test_the_days_to_answer_are_the_labs_to_set(web, accountant, session):
    manager = signed_in(web, Role.MANAGER)
    manager.post("/disputes/days", data={"days": "5"})
    accountant.post(f"/tenants/acme/lines/2026-10/{session}/contest", data={"words": "Pas nous"})

    with web.app_context():
        assert disputes()[0].answer_by.isoformat() == "2026-10-25"


def test_nobody_else_sees_what_is_contested(web, contested):
    for role in (Role.DESK, Role.TRAINER, Role.LAB_ACCOUNTANT):
        assert signed_in(web, role).get("/disputes").status_code == 403
