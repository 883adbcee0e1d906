"""What is left of budgets and hours while the month runs: worked out where something changed, told once, followed by the lists."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, select

from server.billing import service as billing
from server.billing import standing
from server.billing.left import budgets_on, included, left_now
from server.billing.models import PayerStanding
from server.contracts import service as contracts
from server.contracts.service import For, Given, Limit
from server.db import reading, writing
from server.domain.budgets import Stage
from server.domain.contracts import Gives
from server.domain.roles import Role, ScopeKind
from server.domain.tariffs import Scope, simple
from server.jobs import service as jobs
from server.lists.service import compile_all
from server.machines.models import Machine
from server.mail.models import Mail
from server.people import service as people
from server.people.models import Payer, Tenant, TenantKind
from server.settings import Settings
from server.usage.models import UsageSession
from tests.server.signed_in import log_in, settings_for
from wire.messages import DenialReason, Shows

ZONE = ZoneInfo("Europe/Paris")
H = 3600
OCT = date(2026, 10, 1)


@pytest.fixture
def by(now: datetime) -> dict[str, Any]:
    return {"actor": "account:1", "now": now - timedelta(days=20)}


@pytest.fixture
def settings(lab: Any, by: dict[str, Any], database_url: str) -> Settings:
    """An hour at the printer costs 24.00. Ada may charge R&D, its IT, and a tenant of her own."""
    billing.add_tariff(Scope(category="printer"), simple(2400, 900), by["now"], **by)
    people.add_payer("acme", "acme-it", "IT", "Acme IT", **by)
    people.add_tenant("ada", "Ada", TenantKind.FREELANCER, **by)
    people.add_payer("ada", "ada-1", "Atelier", "Ada", **by)
    for payer in ("acme-it", "ada-1"):
        people.add_membership(lab.holder, payer, **by)
    return settings_for(database_url)


def use(payer: str, start: datetime, seconds: int, **changed: Any) -> None:
    facts = {"state": "ended", "ended_at": start + timedelta(seconds=seconds)} | changed
    with writing() as session:
        session.add(
            UsageSession(
                id=str(uuid4()),
                machine_id=session.scalar(select(Machine.id).where(Machine.code == "p1")),
                payer_id=session.scalar(select(Payer.id).where(Payer.code == payer)),
                holder_number=7,
                started_at=start,
                occupied_s=seconds,
                powered_s=seconds,
                time_quality="synced",
                revision=1,
                simulated=False,
                **facts,
            )
        )


def cards(now: datetime) -> dict[str, Any]:
    """The payers in the compiled list of the only agent."""
    return {card.id: card for card in compile_all(now, None, ZONE, "k1")["agent-1"].access_list.payers}


def spent(now: datetime) -> list[tuple[int, Stage]]:
    with reading():
        return [(one.spent_cents, one.stage) for one in budgets_on(now, ZONE)]


def announced(since: int) -> list[str]:
    return [change.key for change in jobs.changes_after(since) if change.topic == "access"]


def test_a_budget_that_is_reached_closes_its_payer_in_the_list_and_no_other(settings, now, by):
    contracts.add_budget("acme", "acme-rd", Limit(50_00, True, OCT), **by)
    use("acme-rd", now - timedelta(hours=5), 2 * H)  # 48.00
    standing.refresh(settings, now)
    assert spent(now) == [(48_00, Stage.WARNED)]
    assert {card.closed for card in cards(now).values()} == {None}
    seen = jobs.last_change_id()

    use("acme-rd", now - timedelta(hours=1), H // 4)  # 6.00: 54.00 in all
    assert standing.refresh(settings, now) == 1

    assert spent(now) == [(54_00, Stage.REACHED)]
    assert "standing" in announced(seen)
    closed = {code: card.closed for code, card in cards(now).items()}
    assert closed == {"acme-rd": DenialReason.BUDGET_REACHED, "acme-it": None, "ada-1": None}


def test_a_budget_of_the_whole_tenant_adds_up_its_cost_centres_and_closes_them_all(settings, now, by):
    contracts.add_budget("acme", None, Limit(50_00, True, OCT), **by)
    use("acme-rd", now - timedelta(hours=5), H)
    use("acme-it", now - timedelta(hours=3), 2 * H)
    use("ada-1", now - timedelta(hours=1), 9 * H)
    standing.refresh(settings, now)

    assert spent(now) == [(72_00, Stage.REACHED)]
    closed = {code for code, card in cards(now).items() if card.closed}
    assert closed == {"acme-rd", "acme-it"}


def test_raising_a_budget_opens_the_payer_at_the_next_list_without_working_anything_out(settings, now, by):
    row = contracts.add_budget("acme", "acme-rd", Limit(20_00, True, OCT), **by)
    use("acme-rd", now - timedelta(hours=5), H)
    standing.refresh(settings, now)
    assert cards(now)["acme-rd"].closed is DenialReason.BUDGET_REACHED

    contracts.change_budget(row.id, Limit(200_00, True, OCT), "plus", **by)

    assert cards(now)["acme-rd"].closed is None


def test_a_new_month_begins_with_nothing_spent(settings, now, by):
    contracts.add_budget("acme", "acme-rd", Limit(20_00, True, OCT), **by)
    use("acme-rd", now - timedelta(hours=5), H)
    standing.refresh(settings, now)
    november = datetime(2026, 10, 31, 23, 0, tzinfo=now.tzinfo)  # midnight in Mulhouse

    assert cards(now)["acme-rd"].closed is DenialReason.BUDGET_REACHED
    assert cards(november)["acme-rd"].closed is None


def test_what_runs_counts_up_to_its_last_known_second_and_goes_on(settings, now, by):
    contracts.add_budget("acme", "acme-rd", Limit(20_00, True, OCT), **by)
    use("acme-rd", now - timedelta(hours=1), 3000, state="open", ended_at=None)  # 50 min, four steps begun: 24.00
    standing.refresh(settings, now)

    assert spent(now) == [(24_00, Stage.REACHED)]
    with reading() as session:
        assert session.scalars(select(UsageSession.state)).one() == "open"
        assert session.scalars(select(Machine.end_session).where(Machine.code == "p1")).one() is None


def test_a_budget_between_two_days_counts_the_months_in_it(settings, now, by):
    contracts.add_budget("acme", "acme-rd", Limit(100_00, False, date(2026, 9, 20), date(2026, 12, 1)), **by)
    use("acme-rd", datetime(2026, 9, 19, 8, tzinfo=now.tzinfo), 2 * H)  # before it
    use("acme-rd", datetime(2026, 9, 21, 8, tzinfo=now.tzinfo), H)
    use("acme-rd", now - timedelta(hours=5), 2 * H)
    billing.add_tariff(Scope(machine="p1"), simple(2400, 900), by["now"] - timedelta(days=60), **by)
    standing.refresh(settings, now)

    assert spent(now) == [(72_00, Stage.FINE)]


def test_only_what_has_changed_is_worked_out_again(settings, now, by):
    contracts.add_budget("acme", "acme-rd", Limit(50_00, True, OCT), **by)
    contracts.add_budget("ada", None, Limit(50_00, True, OCT), **by)
    assert standing.refresh(settings, now) == 2
    assert standing.refresh(settings, now) == 0
    seen = jobs.last_change_id()

    use("ada-1", now - timedelta(hours=1), H)
    assert standing.refresh(settings, now) == 1
    assert standing.refresh(settings, now) == 0
    assert announced(seen) == [], "nobody is closed, and no panel tells the time that is left: no list changes"


def test_who_has_agreed_nothing_is_not_worked_out_at_all(settings, now):
    use("acme-rd", now - timedelta(hours=1), H)

    assert standing.refresh(settings, now) == 0
    with reading() as session:
        assert session.scalars(select(PayerStanding)).all() == []


def test_the_mail_goes_once_at_eighty_percent_and_once_at_a_hundred(settings, now, by):
    log_in(Role.TENANT_ADMIN, ScopeKind.TENANT, "acme", now=now)
    contracts.add_budget("acme", "acme-rd", Limit(50_00, True, OCT), **by)
    for start, seconds, letters in ((9, H, 0), (7, H, 1), (5, 60, 2), (3, 60, 2)):  # 24.00, 48.00, 54.00, 60.00
        use("acme-rd", now - timedelta(hours=start), seconds)
        standing.refresh(settings, now)
        standing.refresh(settings, now)
        with reading() as session:
            assert len(session.scalars(select(Mail)).all()) == letters


def test_hours_left_stand_on_the_card_of_a_tenant_whose_panels_tell_them(settings, now, by):
    contracts.add_contract("acme", "5 h", Gives.HOURS, Given(5 * H), For(), OCT, **by)
    use("acme-it", now - timedelta(hours=5), 5000)  # six steps begun: 1 h 30
    standing.refresh(settings, now)
    assert cards(now)["acme-rd"].seconds_left is None  # its panels show the price
    with reading():
        assert [(one.given, one.left) for one in included("acme-rd", now, ZONE)] == [(5 * H, 12_600)]

    people.edit_tenant("acme", "Acme SARL", TenantKind.COMPANY, "fr", None, Shows.TIME_LEFT, **by)
    standing.refresh(settings, now)

    assert cards(now)["acme-rd"].seconds_left == 12_600  # 3 h 30, pooled
    assert cards(now)["acme-it"].seconds_left == 12_600
    assert cards(now)["ada-1"].seconds_left is None
    with reading():
        assert left_now(now, ZONE).seconds == {("acme-rd", "printer"): 12_600, ("acme-it", "printer"): 12_600}


def test_hours_left_are_told_in_whole_five_minutes(settings, now, by):
    people.edit_tenant("acme", "Acme SARL", TenantKind.COMPANY, "fr", None, Shows.TIME_LEFT, **by)
    contracts.add_contract("acme", "1 h 02", Gives.HOURS, Given(3720), For(), OCT, **by)
    standing.refresh(settings, now)

    assert cards(now)["acme-rd"].seconds_left == 3600


def test_many_tenants_at_once_come_to_the_same_as_one_by_one(settings, now, by):
    names = [f"t{number}" for number in range(12)]
    for number, name in enumerate(names):
        people.add_tenant(name, name, TenantKind.COMPANY, **by)
        people.add_payer(name, f"{name}-1", "Atelier", name, **by)
        contracts.add_budget(name, None, Limit(50_00, True, OCT), **by)
        use(f"{name}-1", now - timedelta(hours=20), (number % 3 + 1) * H)
    use("t0-1", now - timedelta(hours=1), 900, state="open", ended_at=None)

    assert standing.refresh(settings, now) == 12

    together = spent(now)
    assert [cents for cents, _ in together[:3]] == [30_00, 48_00, 72_00]
    with writing() as session:
        session.execute(delete(PayerStanding))
        numbers = session.scalars(select(Tenant.id)).all()
    assert sum(standing.refresh(settings, now, [number]) for number in numbers) == 12
    assert spent(now) == together
