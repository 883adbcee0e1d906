"""A month under a draft price list, on both databases: rated twice, kept apart from the books, gone with its draft."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from server.billing import gaps, price_drafts, whatif
from server.billing import service as billing
from server.billing.errors import BillingError
from server.billing.models import Charge, Draft, PriceDraft, WhatIf
from server.billing.tariffs import load_tariffs
from server.contracts.models import Contract
from server.db import Stale, db, reading, writing
from server.domain.tariffs import Basis, Part, Rule, Scope, simple
from server.domain.whatif import Change
from server.jobs.models import Job
from server.people.models import Tenant
from tests.server import billing_lab
from tests.server.billing_lab import ZONE, close, use

NOW = datetime(2026, 11, 3, 9, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "ana", "now": NOW}
PRINTERS, MILLS = Scope(category="printer"), Scope(category="cnc")


@pytest.fixture(autouse=True)
def _lab(app):
    billing_lab.furnish()


def drafted(*changes: Change) -> int:
    number = price_drafts.begin_draft("2027", **BY).id
    for change in changes:
        price_drafts.put_change(number, change, **BY)
    return number


def found(number: int, month: str = "2026-10") -> whatif.Found:
    told = whatif.found(number, month, ZONE, specimen=False)
    assert told is not None
    return told


def result(number: int, month: str = "2026-10") -> dict[str, Any]:
    told = found(number, month).result
    assert told is not None
    return told


def rows(table: type) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_month_is_rated_twice_and_the_books_stay_as_they_are():
    use("acme-1", "p1", seconds=7200)
    use("acme-1", "c1", seconds=3600, running_s=1800)
    close()
    before = (rows(Charge), rows(Draft))
    by_meter = Rule((Part(Basis.RUNNING, 100, per_s=60),))
    number = drafted(Change(PRINTERS, simple(3000, 900)), Change(MILLS, by_meter))

    whatif.ask(number, "2026-10", NOW, ZONE, specimen=False)

    told = found(number)
    assert (told.done, told.planned, told.runs, told.is_old) == (2, 2, False, False)
    # before: 2 h × 24.00, 1 h × 36.00 and a fee of 2.50; after: 2 h × 30.00, 30 min × 1.00
    assert told.result is not None
    assert (told.result["before"]["cents"], told.result["after"]["cents"]) == (4800 + 3850, 6000 + 3000)
    assert [(one["name"], one["sessions"]) for one in told.result["tenants"]] == [("Acme SARL", 2)]
    assert (rows(Charge), rows(Draft)) == before


def test_the_running_month_and_one_without_sessions_can_be_tried_too():
    use("acme-1", "p1", start=NOW - timedelta(hours=5))
    number = drafted(Change(PRINTERS, simple(3000, 900)))

    for month, sessions in (("2026-11", 1), ("2026-02", 0)):
        whatif.ask(number, month, NOW, ZONE, specimen=False)
        assert result(number, month)["sessions"] == sessions

    assert whatif.months_asked(number) == ["2026-11", "2026-02"]
    with pytest.raises(BillingError):
        whatif.ask(number, "2026-13", NOW, ZONE, specimen=False)


def test_included_hours_count_both_times():
    with writing() as session:
        acme = session.scalars(select(Tenant.id).where(Tenant.code == "acme")).one()
        hours = {"gives": "hours", "name": "Heures", "amount": 3600, "categories": ["printer"], "carry_months": 0}
        session.add(Contract(tenant_id=acme, valid_from=date(2026, 1, 1), **hours))
    use("acme-1", "p1", seconds=7200)
    number = drafted(Change(PRINTERS, simple(3000, 900)))

    whatif.ask(number, "2026-10", NOW, ZONE, specimen=False)

    told = result(number)
    assert (told["before"]["cents"], told["after"]["cents"]) == (2400, 3000)  # one hour of the two is paid


def test_a_long_month_waits_for_work_and_is_asked_for_once(monkeypatch):
    monkeypatch.setattr(whatif, "AT_ONCE", 0)
    monkeypatch.setattr(whatif, "_TOLD_EVERY", 1)
    use("acme-1", "p1")
    number = drafted(Change(PRINTERS, simple(3000, 900)))

    for _ in range(2):
        whatif.ask(number, "2026-10", NOW, ZONE, specimen=False)

    assert (rows(Job), found(number).runs, found(number).result) == (1, True, None)
    whatif.work_out(number, "2026-10", ZONE, specimen=False)
    whatif.work_out(number, "2026-10", ZONE, specimen=False)  # a job may run twice
    assert result(number)["after"]["cents"] == 3000


def test_what_a_draft_was_tried_on_goes_with_it_even_while_it_is_worked_out():
    use("acme-1", "p1")
    number = drafted(Change(PRINTERS, simple(3000, 900)))
    whatif.ask(number, "2026-10", NOW, ZONE, specimen=False)

    price_drafts.discard_draft(number, **BY)
    whatif.work_out(number, "2026-10", ZONE, specimen=False)

    assert (rows(PriceDraft), rows(WhatIf)) == (0, 0)
    with pytest.raises(BillingError):
        whatif.ask(number, "2026-10", NOW, ZONE, specimen=False)


def test_only_a_change_of_draft_or_month_makes_figures_old():
    use("acme-1", "p1")
    number = drafted(Change(PRINTERS, simple(3000, 900)))
    whatif.ask(number, "2026-10", NOW, ZONE, specimen=False)

    price_drafts.rename_draft(number, "2027, zweite Idee", **BY)
    assert not found(number).is_old
    price_drafts.put_change(number, Change(PRINTERS, simple(3100, 900)), **BY)
    assert found(number).is_old


def test_what_is_adopted_begins_and_ends_on_one_day_and_the_draft_stays_as_it_was():
    number = drafted(
        Change(PRINTERS, simple(3000, 900)), Change(MILLS, None), Change(Scope(machine="c1"), simple(1, 60))
    )
    day = datetime(2026, 12, 31, 23, tzinfo=UTC)

    with pytest.raises(Stale):
        price_drafts.adopt_draft(number, day, date(2027, 1, 1), "grille", 1, **BY)
    touched = price_drafts.adopt_draft(number, day, date(2027, 1, 1), "grille", **BY)

    assert touched == 3
    dates = [(one.scope, one.valid_from == day, one.valid_until == day) for one in load_tariffs()]
    assert dates == [
        (PRINTERS, False, True),
        (MILLS, False, True),
        (PRINTERS, True, False),
        (Scope(machine="c1"), True, False),
    ]
    for refused in (
        lambda: price_drafts.put_change(number, Change(PRINTERS, None), **BY),
        lambda: price_drafts.leave_out(number, 1, **BY),
        lambda: price_drafts.adopt_draft(number, day, date(2027, 2, 1), "encore", **BY),
    ):
        with pytest.raises(BillingError):
            refused()


def test_where_one_price_cannot_begin_none_does():
    billing.add_tariff(MILLS, simple(100, 60), NOW + timedelta(days=90), **BY)
    number = drafted(Change(PRINTERS, simple(3000, 900)), Change(MILLS, simple(3000, 900)))

    with pytest.raises(BillingError):
        price_drafts.adopt_draft(number, NOW, NOW.date(), "grille", **BY)

    assert [one.rule for one in load_tariffs() if one.scope == PRINTERS] == [simple(2400, 900)]
    assert db.session.get_one(PriceDraft, number).adopted_on is None


def test_a_rule_that_cannot_be_meant_does_not_come_into_a_draft():
    number = drafted()

    with pytest.raises(BillingError):
        price_drafts.put_change(number, Change(PRINTERS, simple(-1, 900)), **BY)
    with pytest.raises(BillingError):
        price_drafts.adopt_draft(number, NOW, NOW.date(), "nothing in it", **BY)


def test_prices_that_end_or_stand_in_each_others_way_are_known_beforehand():
    mill = next(one for one in load_tariffs() if one.scope == MILLS)
    billing.end_tariff(mill.id, NOW + timedelta(days=20), "fin", **BY)

    worries = gaps.price_worries(NOW)

    assert [(one.since, one.gap.machines, one.ending and one.ending.id) for one in worries.coming] == [
        (NOW + timedelta(days=20), ("c1",), mill.id)
    ]
    assert (worries.missing, worries.twice) == ((), ())
