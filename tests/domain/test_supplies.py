"""What is billed beside sessions, worked out by hand: prices with fractions of a cent, free minutes, shares of a month."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from server.domain.items import ItemKind, Measured, Unit, amount
from server.domain.period import period_of
from server.domain.supplies import (
    MissingItemPrice,
    Price,
    SupplyError,
    Wanted,
    What,
    booking_quantity,
    days_in,
    is_asked_for,
    is_late,
    month_share,
    needs_certified_scale,
    operator_billed_s,
    operator_cents,
    price_for,
    refuse_odd_quantity,
)

PARIS = ZoneInfo("Europe/Paris")
OCTOBER = period_of("2026-10", PARIS)
DAY = date(2026, 10, 14)
SINCE = date(2026, 1, 1)
PLA = Price(1, What.MATERIAL, Decimal("2.5"), SINCE, material=1)
STAFF = Price(1, What.OPERATOR, Decimal(5785), SINCE)  # WoW!Lab, an hour
FABLAB = Price(2, What.OPERATOR, Decimal(2892), SINCE, tenant_kind="association", free_s=900)


def material(**told: object) -> Wanted:
    return Wanted(What.MATERIAL, told.pop("day", DAY), told.pop("kind", "company"), 1, **told)  # type: ignore[arg-type]


# --- which price ------------------------------------------------------------------------------------------------------


def test_fractions_of_a_cent_are_kept_until_the_amount():
    assert amount(Decimal(37), PLA.cents) == 93  # 37 g × 2.5 = 92.5, half up
    assert amount(Decimal("12.4"), Decimal(25)) == 310  # WoW!Lab: 12.4 g of PLA at 0.25 €


def test_material_included_in_the_hourly_price_costs_nothing_at_the_printers_and_something_elsewhere():
    included = Price(2, What.MATERIAL, Decimal(0), SINCE, material=1, category="printer")

    assert price_for([PLA, included], material(machine="p1", category="printer")) is included
    assert price_for([PLA, included], material(machine="c1", category="cnc")) is PLA
    assert price_for([PLA, included], material()) is PLA


def test_a_machine_goes_before_its_category_and_a_kind_before_all():
    for_schools = Price(2, What.MATERIAL, Decimal(1), SINCE, material=1, tenant_kind="school")
    at_printers = Price(3, What.MATERIAL, Decimal(0), SINCE, material=1, category="printer")
    at_p1 = Price(4, What.MATERIAL, Decimal(9), SINCE, material=1, machine="p1")
    prices = [at_p1, PLA, at_printers, for_schools]

    assert price_for(prices, material(kind="school")) is for_schools
    assert price_for(prices, material(kind="school", machine="p2", category="printer")) is at_printers
    assert price_for(prices, material(kind="school", machine="p1", category="printer")) is at_p1


def test_a_price_holds_from_its_day_and_no_longer_on_its_last():
    until = Price(1, What.MATERIAL, Decimal(2), SINCE, date(2026, 10, 14), material=1)
    following = Price(2, What.MATERIAL, Decimal(3), date(2026, 10, 14), material=1)

    assert price_for([until, following], material(day=date(2026, 10, 13))) is until
    assert price_for([until, following], material(day=date(2026, 10, 14))) is following
    assert price_for([until], material(day=date(2026, 10, 14))) is None
    assert price_for([PLA], Wanted(What.MATERIAL, DAY, "company", 2)) is None  # another material


def test_bookings_cost_nothing_until_a_price_says_so():
    missed = Price(1, What.MISSED, Decimal(500), DAY, category="cnc")

    assert not is_asked_for([missed], What.MISSED, DAY - timedelta(days=1))
    assert is_asked_for([missed], What.MISSED, DAY)
    assert not is_asked_for([missed], What.LATE, DAY)


def test_a_missing_price_says_of_what_for_whom_and_when():
    missing = MissingItemPrice(
        "material:7", ItemKind.MATERIAL, DAY, "acme", "company", "acme-1", {"fr": "PLA noir", "en": "PLA black"}
    )

    assert str(missing) == "no price for PLA black and tenants of kind company on 2026-10-14"


# --- quantities -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("quantity", "unit", "measured"),
    [
        (Decimal(0), Unit.GRAM, Measured.SLICER),
        (Decimal(-3), Unit.GRAM, Measured.SLICER),
        (Decimal(50_001), Unit.GRAM, Measured.SLICER),
        (Decimal("1.5"), Unit.SHEET, Measured.COUNTED),
        (Decimal(1), Unit.PIECE, Measured.CERTIFIED_SCALE),
        (Decimal(1), Unit.HOUR, Measured.STATED),
    ],
)
def test_what_nobody_can_have_used_is_refused(quantity: Decimal, unit: Unit, measured: Measured):
    with pytest.raises(SupplyError):
        refuse_odd_quantity(quantity, unit, measured)


def test_a_sensible_quantity_is_taken():
    refuse_odd_quantity(Decimal("12.4"), Unit.GRAM, Measured.CERTIFIED_SCALE)
    refuse_odd_quantity(Decimal(3), Unit.SHEET, Measured.COUNTED)


def test_only_what_is_sold_by_weight_from_an_uncertified_scale_warns():
    assert needs_certified_scale(Unit.GRAM, Measured.SCALE, Decimal("2.5"))
    assert not needs_certified_scale(Unit.GRAM, Measured.CERTIFIED_SCALE, Decimal("2.5"))
    assert not needs_certified_scale(Unit.GRAM, Measured.SLICER, Decimal("2.5"))
    assert not needs_certified_scale(Unit.GRAM, Measured.SCALE, Decimal(0))  # included in the hour
    assert not needs_certified_scale(Unit.GRAM, Measured.SCALE, None)


# --- operator's time --------------------------------------------------------------------------------------------------


def test_an_operators_hour_is_billed_in_steps_begun():
    quarter = Price(1, What.OPERATOR, Decimal(5785), SINCE, step_s=900)

    assert operator_cents(90, STAFF) == 8678  # 1.5 × 57.85 = 86.775
    assert operator_billed_s(31, quarter) == 2700  # three quarters
    assert operator_cents(31, quarter) == 4339  # 0.75 × 57.85 = 43.3875


def test_the_first_quarter_is_free_at_the_fablab_rate():
    assert operator_cents(15, FABLAB) == 0
    assert operator_billed_s(16, FABLAB) == 60
    assert operator_cents(75, FABLAB) == 2892  # 60 of the 75 minutes
    assert operator_cents(40, FABLAB) == 1205  # 25 min: 28.92 × 25 / 60 = 12.05


# --- bookings ---------------------------------------------------------------------------------------------------------


def test_a_booking_is_priced_as_one_or_by_the_booked_hour():
    begins = datetime(2026, 10, 14, 8, tzinfo=UTC)
    ends = begins + timedelta(minutes=105)

    assert booking_quantity(begins, ends, Price(1, What.MISSED, Decimal(500), SINCE)) == 1
    by_hour = Price(1, What.MISSED, Decimal(900), SINCE, per_hour=True)
    assert amount(booking_quantity(begins, ends, by_hour), by_hour.cents) == 1575  # 1.75 h × 9.00


def test_only_a_cancellation_within_the_hours_agreed_is_late():
    begins = datetime(2026, 10, 14, 8, tzinfo=UTC)
    price = Price(1, What.LATE, Decimal(500), SINCE, within_h=24)

    assert not is_late(begins - timedelta(hours=24), begins, price)  # a full day before is in time
    assert is_late(begins - timedelta(hours=23, minutes=59), begins, price)


# --- shares of a month ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "after", "days", "cents"),
    [
        (SINCE, None, 31, 2000),
        (date(2026, 10, 17), None, 15, 968),  # 20.00 × 15 / 31 = 9.677
        (date(2026, 10, 31), None, 1, 65),  # 0.645
        (SINCE, date(2026, 10, 8), 7, 452),  # 4.516
        (date(2026, 10, 10), date(2026, 10, 20), 10, 645),  # 6.451
        (date(2026, 11, 1), None, 0, 0),
        (SINCE, date(2026, 10, 1), 0, 0),
    ],
)
def test_a_monthly_price_is_shared_by_the_days_of_the_month(first: date, after: date | None, days: int, cents: int):
    assert days_in(OCTOBER, first, after) == days
    assert month_share(2000, days, OCTOBER) == cents


def test_half_a_cent_of_a_share_goes_up():
    assert month_share(1001, 15, period_of("2026-11", PARIS)) == 501  # 500.5


def test_the_days_of_a_month_are_the_labs():
    assert OCTOBER.day_of(datetime(2026, 10, 25, 22, 30, tzinfo=UTC)) == date(2026, 10, 25)  # 23:30 in winter time
    assert OCTOBER.day_of(datetime(2026, 10, 24, 22, 30, tzinfo=UTC)) == date(2026, 10, 25)  # 00:30 in summer time
