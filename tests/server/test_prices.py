"""Prices that follow each other: put right, followed, ended; and what stands on an invoice is never rewritten."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from server.billing import gaps
from server.billing import service as billing
from server.billing.models import Tariff, VatCell
from server.billing.prices import charged_until
from server.db import Stale, db
from server.domain.tariffs import Scope, simple
from server.domain.vat import Nature
from tests.server import billing_lab
from tests.server.billing_lab import CLOSING, OPENED, ZONE, close, issue, use

NOW = datetime(2026, 10, 14, 8, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "ana", "now": NOW}
DEARER = simple(3000, 900)


@pytest.fixture(autouse=True)
def _lab(app):
    billing_lab.furnish()


def printing() -> Tariff:
    return db.session.scalars(select(Tariff).where(Tariff.category == "printer").order_by(Tariff.id)).all()[0]


def dates() -> list[tuple[int, datetime, datetime | None]]:
    rows = db.session.scalars(select(Tariff).where(Tariff.category == "printer").order_by(Tariff.valid_from))
    return [(row.rule["parts"][0]["cents"], row.valid_from, row.valid_until) for row in rows]


def test_a_price_nobody_was_charged_is_put_right_in_place():
    billing.change_tariff(printing().id, DEARER, OPENED, "typing error", **BY)

    assert dates() == [(3000, OPENED, None)]


def test_from_a_later_day_on_another_price_follows():
    change = datetime(2026, 11, 1, tzinfo=UTC)

    following = billing.change_tariff(printing().id, DEARER, change, "winter", **BY)

    assert dates() == [(2400, OPENED, change), (3000, change, None)]
    assert following.reason == "winter"


def test_what_follows_ends_where_the_price_before_would_have():
    billing.add_tariff(Scope(category="printer"), simple(9900, 900), datetime(2026, 12, 1, tzinfo=UTC), **BY)

    billing.change_tariff(printing().id, DEARER, datetime(2026, 11, 1, tzinfo=UTC), "winter", **BY)

    assert [cents for cents, _, _ in dates()] == [2400, 3000, 9900]
    assert dates()[1][2] == dates()[2][1]


def test_a_price_on_an_invoice_is_not_rewritten_but_can_end_afterwards():
    started = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
    use(start=started)
    close()
    issue()
    price = printing()

    assert charged_until(price.id) == started
    for moment in (OPENED, started):
        with pytest.raises(billing.BillingError, match="charged at this price already"):
            billing.change_tariff(price.id, DEARER, moment, "too late", actor="ana", now=CLOSING)
        with pytest.raises(billing.BillingError, match="charged at this price already"):
            billing.end_tariff(price.id, moment, "too late", actor="ana", now=CLOSING)
    billing.end_tariff(price.id, started + timedelta(days=1), "from the next day on", actor="ana", now=CLOSING)

    assert dates() == [(2400, OPENED, started + timedelta(days=1))]


def test_a_planned_price_that_is_taken_back_is_in_nobodys_way():
    planned = datetime(2026, 12, 1, tzinfo=UTC)
    row = billing.add_tariff(Scope(category="printer", tenant_kind="school"), DEARER, planned, **BY)

    billing.end_tariff(row.id, planned, "not agreed", **BY)
    billing.add_tariff(Scope(category="printer", tenant_kind="school"), DEARER, NOW, **BY)

    assert billing.rates_for(planned + timedelta(days=1), ZONE)["p1", "acme-1"] == 2400  # a company's is another price


def test_the_second_of_two_who_change_a_price_is_told():
    seen = printing().version
    billing.change_tariff(printing().id, DEARER, OPENED, "first", seen, **BY)

    with pytest.raises(Stale):
        billing.change_tariff(printing().id, simple(1, 900), OPENED, "second", seen, **BY)
    with pytest.raises(Stale):
        billing.end_tariff(printing().id, NOW, "second", seen, **BY)


@pytest.mark.parametrize(
    ("until", "said"),
    [(OPENED - timedelta(days=1), "before it begins"), (datetime(2027, 1, 1, tzinfo=UTC), "ended by then already")],
)
def test_an_end_that_cannot_be_is_refused(until, said):
    billing.end_tariff(printing().id, datetime(2026, 12, 1, tzinfo=UTC), "end of the year", **BY)

    with pytest.raises(billing.BillingError, match=said):
        billing.end_tariff(printing().id, until, "again", **BY)


def test_machines_without_a_price_for_a_kind_of_tenant_are_found():
    assert gaps.price_gaps(NOW) == ()
    billing.end_tariff(printing().id, NOW, "no longer", **BY)

    (gap,) = gaps.price_gaps(NOW)

    assert (gap.category, gap.machines, gap.for_all) == ("printer", ("p1",), True)


def test_a_vat_cell_that_an_establishment_needs_and_nobody_decided_is_found():
    (gap,) = gaps.vat_gaps(NOW.date())

    assert (gap.treatment, [one.tenant for one in gap.billed]) == ("foreign_non_taxable", ["bach"])

    cell = ("normal", "foreign_non_taxable", Nature.MACHINE_USE, "S", 2000, "", date(2026, 1, 1), "B2C rule")
    billing.add_vat_cell(*cell, **BY)
    assert gaps.vat_gaps(NOW.date()) == ()


def test_a_vat_cell_ends_and_leaves_a_gap():
    row = db.session.scalars(select(VatCell).where(VatCell.treatment == "eu_business")).one()

    billing.end_vat_cell(row.id, NOW.date(), "new directive", row.version, **BY)

    assert {gap.treatment for gap in gaps.vat_gaps(NOW.date())} == {"eu_business", "foreign_non_taxable"}
    with pytest.raises(Stale):
        billing.end_vat_cell(row.id, date(2026, 5, 1), "second", 1, **BY)


def test_only_the_standard_category_bears_a_rate():
    for category, rate in (("S", 0), ("AE", 2000)):
        with pytest.raises(billing.BillingError, match="Only category S"):
            billing.add_vat_cell(
                "normal", "private", Nature.MACHINE_USE, category, rate, "", date(2026, 1, 1), "?", **BY
            )
