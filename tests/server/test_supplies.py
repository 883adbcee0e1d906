"""Supplies in the books: what is noted, corrected and priced, and what a month's items come to, by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from server.accounts import service as accounts
from server.accounts.service import AccountFacts
from server.bookings.models import Booking
from server.courses.models import Course, CourseDate, CourseFee
from server.db import Stale, closing_database, make_app, reading, writing
from server.domain.items import BillItem, ItemKind, Measured, Unit
from server.domain.period import Period, period_of
from server.domain.supplies import MissingItemPrice, SupplyError, What
from server.machines.models import Machine
from server.people import service as people
from server.people.models import Holder, Payer, Tenant
from server.supplies import service as supplies
from server.supplies.models import Noted
from server.supplies.service import ItemFacts, MaterialFacts, Place, PriceFacts, PriceFor, Span
from server.usage import decisions
from tests.server import billing_lab
from tests.server.billing_lab import ZONE, use

NOW = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
BY: dict[str, Any] = {"actor": "account:1", "now": NOW}
SINCE = date(2026, 1, 1)
OCTOBER = period_of("2026-10", ZONE)
PLA = MaterialFacts({"fr": "PLA noir", "de": "PLA schwarz"}, "g", "material_in_service")
DAY = date(2026, 10, 12)


@pytest.fixture
def lab(database_url: str) -> Any:
    app = make_app(database_url)
    with app.app_context(), closing_database():
        billing_lab.furnish()
        yield app


@pytest.fixture
def pla(lab: Any) -> int:
    """2.5 cents a gram; included in the hourly price of printers."""
    number = supplies.add_material(PLA, **BY)
    price(PriceFor(What.MATERIAL, number), "2.5")
    price(PriceFor(What.MATERIAL, number, category="printer"), "0")
    return number


def price(scope: PriceFor, cents: str, since: date = SINCE, **terms: Any) -> int:
    return supplies.add_price(scope, PriceFacts(Decimal(cents), **terms), since, "décidé", **BY)


def items(period: Period = OCTOBER, specimen: bool = False, tenant: str | None = None) -> list[Any]:
    with reading() as session:
        number = session.scalar(select(Tenant.id).where(Tenant.code == tenant)) if tenant else None
        return supplies.bill_items(period, specimen, number)


def only(kind: ItemKind) -> Any:
    (found,) = (one for one in items() if one.kind is kind)
    return found


def note(material: int, grams: str, place: Place, measured: Measured = Measured.SLICER) -> int:
    return supplies.note_material(material, Decimal(grams), measured, place, zone=ZONE, **BY)


# --- material ---------------------------------------------------------------------------------------------------------


def test_material_of_a_payer_and_a_day_is_billed_with_its_fraction_of_a_cent(pla):
    number = note(pla, "37", Place(payer="acme-1", day=DAY))

    (item,) = items()
    assert isinstance(item, BillItem)
    assert (item.ref, item.day, item.tenant, item.payer) == (f"material:{number}", DAY, "acme", "acme-1")
    assert (item.quantity, item.unit, item.unit_cents, item.net_cents) == (
        Decimal(37),
        Unit.GRAM,
        Decimal("2.5"),
        93,
    )  # 92.5
    assert item.labels == {"fr": "PLA noir", "de": "PLA schwarz", "en": "PLA noir"}
    assert (item.nature, item.measured) == ("material_in_service", Measured.SLICER)


def test_material_on_a_session_follows_its_payer_its_machine_and_the_day_it_ended(pla):
    print_ = use("acme-2", "p1", datetime(2026, 9, 30, 20, tzinfo=UTC), 5 * 3600)  # ends on 1 October
    milled = use("acme-2", "c1", datetime(2026, 10, 5, 8, tzinfo=UTC))
    for one in (print_, milled):
        note(pla, "100", Place(session=one))

    found = {item.session: item for item in items()}
    assert (found[print_].day, found[print_].net_cents, found[print_].machine) == (date(2026, 10, 1), 0, "p1")
    assert (found[milled].payer, found[milled].net_cents) == ("acme-2", 250)
    assert items(period_of("2026-09", ZONE)) == []


def test_a_correction_keeps_the_reference_and_the_newest_counts(pla):
    number = note(pla, "37", Place(payer="acme-1", day=DAY))
    second = supplies.correct_noted(number, Decimal(40), "bobine pesée", Measured.CERTIFIED_SCALE, number, **BY)
    with pytest.raises(Stale):
        supplies.correct_noted(number, Decimal(41), "autre avis", None, number, **BY)
    supplies.correct_noted(second, Decimal("40.4"), "relu", None, second, **BY)

    (item,) = items()
    assert (item.ref, item.quantity, item.net_cents) == (f"material:{number}", Decimal("40.4"), 101)
    assert (item.measured, item.reason) == (Measured.CERTIFIED_SCALE, "relu")
    with reading() as session:
        assert [row.quantity_milli for row in session.scalars(select(Noted).order_by(Noted.id))] == [
            37000,
            40000,
            40400,
        ]


def test_a_note_that_is_taken_back_is_billed_no_more(pla):
    session = use()
    number = note(pla, "37", Place(session=session))
    supplies.correct_noted(number, Decimal(0), "mauvaise machine", **BY)

    assert items() == []


def test_a_correction_needs_a_reason_and_a_sensible_quantity(pla):
    number = note(pla, "37", Place(payer="acme-1", day=DAY))

    for quantity, reason in (("-1", "x"), ("60000", "x"), ("3", "  ")):
        with pytest.raises(SupplyError):
            supplies.correct_noted(number, Decimal(quantity), reason, **BY)


@pytest.mark.parametrize(
    ("quantity", "place"),
    [
        ("-1", Place(payer="acme-1", day=DAY)),
        ("1.2345", Place(payer="acme-1", day=DAY)),
        ("5", Place(payer="acme-1", day=date(2026, 10, 21))),  # tomorrow
        ("5", Place(payer="acme-1", day=date(2025, 10, 1))),
        ("5", Place(payer="acme-1")),
        ("5", Place(session="nowhere")),
    ],
)
def test_nonsense_is_not_noted(pla, quantity: str, place: Place):
    with pytest.raises(SupplyError):
        note(pla, quantity, place)

    assert items() == []


def test_a_missing_price_is_said_and_never_guessed(lab):
    resin = supplies.add_material(MaterialFacts({"fr": "Résine"}, "ml", "goods"), **BY)
    price(PriceFor(What.MATERIAL, resin, tenant_kind="school"), "12")
    number = note(resin, "80", Place(payer="acme-1", day=DAY))

    (item,) = items()
    assert isinstance(item, MissingItemPrice)
    assert (item.ref, item.tenant_kind, item.day) == (f"material:{number}", "company", DAY)
    assert str(item) == "no price for Résine and tenants of kind company on 2026-10-12"


def test_what_a_broken_machine_spoiled_is_shown_at_nothing(pla):
    session = use("acme-1", "c1")
    note(pla, "100", Place(session=session))
    decisions.do_not_charge(session, "machine_fault", "buse bouchée", **BY)

    (item,) = items()
    assert (item.net_cents, item.free, item.quantity) == (0, "machine_fault", 100)


def test_simulated_sessions_bring_their_material_to_specimens_only(pla):
    note(pla, "10", Place(session=use("acme-1", "c1", simulated=True)))

    assert items() == []
    assert [item.net_cents for item in items(specimen=True)] == [25]


def test_the_lab_itself_is_measured_and_never_invoiced(pla):
    note(pla, "10", Place(payer="atelier-1", day=DAY))

    assert items() == []
    assert len(items(tenant="atelier")) == 1


def test_a_price_is_followed_by_another_and_never_rewritten(pla):
    price(PriceFor(What.MATERIAL, pla), "3", DAY)
    for day in (DAY - timedelta(days=1), DAY):
        note(pla, "10", Place(payer="acme-1", day=day))

    assert [item.net_cents for item in items()] == [25, 30]
    with pytest.raises(SupplyError, match="already decided"):
        price(PriceFor(What.MATERIAL, pla), "4", DAY)


def test_a_material_no_longer_offered_is_billed_where_it_was_noted(pla):
    note(pla, "10", Place(payer="acme-1", day=DAY))
    supplies.end_material(pla, "plus en stock", **BY)

    assert len(items()) == 1
    with pytest.raises(SupplyError, match="offered no longer"):
        note(pla, "10", Place(payer="acme-1", day=DAY))


def test_the_unit_of_a_material_stays(pla):
    with pytest.raises(SupplyError, match="unit stays"):
        supplies.edit_material(pla, MaterialFacts(PLA.names, "ml", PLA.nature), **BY)
    with pytest.raises(SupplyError, match="French"):
        supplies.edit_material(pla, MaterialFacts({"de": "PLA"}, "g", PLA.nature), **BY)


@pytest.mark.parametrize(
    ("scope", "facts"),
    [
        (PriceFor("material"), PriceFacts(Decimal(1))),
        (PriceFor("operator", machine="p1"), PriceFacts(Decimal(1))),
        (PriceFor("missed", machine="p1", category="printer"), PriceFacts(Decimal(1))),
        (PriceFor("missed", machine="nothing"), PriceFacts(Decimal(1))),
        (PriceFor("missed"), PriceFacts(Decimal(-1))),
        (PriceFor("missed"), PriceFacts(Decimal("0.0001"))),
        (PriceFor("late"), PriceFacts(Decimal(1))),
        (PriceFor("operator"), PriceFacts(Decimal(1), step_s=0)),
    ],
)
def test_an_odd_price_is_refused(lab, scope: PriceFor, facts: PriceFacts):
    with pytest.raises(SupplyError):
        supplies.add_price(scope, facts, SINCE, "x", **BY)


# --- operator's time --------------------------------------------------------------------------------------------------


def test_operator_time_is_noted_in_minutes_or_from_one_moment_to_another(lab):
    price(PriceFor(What.OPERATOR), "5785")  # WoW!Lab
    price(PriceFor(What.OPERATOR, tenant_kind="association"), "2892", free_s=900)
    by_minutes = supplies.note_operator(Span(90), Place(payer="acme-1", day=DAY), zone=ZONE, **BY)
    begins = datetime(2026, 10, 12, 8, tzinfo=UTC)
    span = Span(begins=begins, ends=begins + timedelta(minutes=75))
    by_times = supplies.note_operator(span, Place(payer="bach-1", day=DAY), zone=ZONE, **BY)

    found = {item.ref: item for item in items()}
    company, club = found[f"operator:{by_minutes}"], found[f"operator:{by_times}"]
    assert (company.quantity, company.unit, company.net_cents) == (Decimal("1.5"), Unit.HOUR, 8678)  # 86.775
    assert (club.quantity, club.net_cents) == (1, 2892)  # an hour of the 75 minutes
    assert club.labels["fr"] == "Temps d’opérateur (75 min, dont 15 gratuites)"
    assert company.labels["de"] == "Arbeitszeit des Personals"
    assert company.nature == "operator_service"


@pytest.mark.parametrize(
    "span", [Span(0), Span(-5), Span(24 * 60 + 1), Span(begins=NOW, ends=NOW + timedelta(hours=1))]
)
def test_odd_operator_time_is_not_noted(lab, span: Span):
    with pytest.raises(SupplyError):
        supplies.note_operator(span, Place(payer="acme-1", day=DAY), zone=ZONE, **BY)


def test_operator_time_is_corrected_in_whole_minutes(lab):
    price(PriceFor(What.OPERATOR), "6000")
    number = supplies.note_operator(Span(90), Place(payer="acme-1", day=DAY), zone=ZONE, **BY)
    with pytest.raises(SupplyError):
        supplies.correct_noted(number, Decimal("30.5"), "x", **BY)
    supplies.correct_noted(number, Decimal(30), "une demi-heure seulement", **BY)

    assert only(ItemKind.OPERATOR).net_cents == 3000


# --- single and monthly items -----------------------------------------------------------------------------------------


def lost_badge(**changed: Any) -> ItemFacts:
    known = {"payer": "acme-1", "day": DAY, "labels": {"fr": "Badge perdu"}, "nature": "fee", "quantity": Decimal(1)}
    return ItemFacts(**{**known, "unit": "piece", "cents": Decimal(1500), **changed})


def test_a_single_item_is_billed_on_its_day_until_it_is_taken_back(lab):
    number = supplies.add_one_off(lost_badge(), "badge perdu le 11", **BY)
    (item,) = items()
    assert (item.ref, item.kind, item.net_cents, item.nature) == (f"one_off:{number}", ItemKind.FEE, 1500, "fee")
    supplies.take_back(number, "retrouvé", **BY)

    assert items() == []
    with pytest.raises(SupplyError, match="already"):
        supplies.take_back(number, "encore", **BY)


def test_an_adjustment_takes_something_off_and_nothing_else_may(lab):
    with pytest.raises(SupplyError):
        supplies.add_one_off(lost_badge(cents=Decimal(-100)), "x", **BY)
    with pytest.raises(SupplyError):
        supplies.adjust(lost_badge(), "x", **BY)
    supplies.adjust(lost_badge(cents=Decimal(-450), nature="machine_use"), "minute comptée en trop", **BY)

    assert (only(ItemKind.ADJUSTMENT).net_cents, only(ItemKind.ADJUSTMENT).nature) == (-450, "machine_use")


@pytest.mark.parametrize(
    "changed", [{"quantity": Decimal(0)}, {"unit": "kg"}, {"labels": {"de": "Karte"}}, {"nature": "gift"}]
)
def test_an_odd_item_is_refused(lab, changed: dict[str, Any]):
    with pytest.raises(SupplyError):
        supplies.add_one_off(lost_badge(**changed), "x", **BY)


def locker(since: date, until: date | None = None) -> int:
    labels = {"fr": "Casier 12", "de": "Schliessfach 12", "en": "Locker 12"}
    return supplies.add_recurring("acme-1", labels, "subscription", 2000, since, "contrat", until, **BY)


def test_a_locker_from_the_seventeenth_costs_fifteen_days_of_the_month_and_says_so(lab):
    number = locker(date(2026, 10, 17))

    (item,) = items()
    assert (item.ref, item.net_cents, item.day) == (f"recurring:{number}:2026-10", 968, date(2026, 10, 17))  # 9.677
    assert item.labels == {
        "fr": "Casier 12 (15 jours sur 31, à 20,00 € par mois)",
        "de": "Schliessfach 12 (15 von 31 Tagen, zu 20,00 € im Monat)",
        "en": "Locker 12 (15 of 31 days, at €20.00 a month)",
    }
    (whole,) = items(period_of("2026-11", ZONE))
    assert (whole.ref, whole.net_cents, whole.labels["fr"]) == (f"recurring:{number}:2026-11", 2000, "Casier 12")
    assert items(period_of("2026-09", ZONE)) == []


def test_a_monthly_item_ends_and_is_shared_by_its_last_days(lab):
    number = locker(SINCE)
    supplies.end_recurring(number, date(2026, 10, 8), "casier rendu", **BY)

    assert only(ItemKind.RECURRING).net_cents == 452  # 20.00 × 7 / 31 = 4.516
    assert items(period_of("2026-11", ZONE)) == []
    with pytest.raises(SupplyError, match="before it begins"):
        supplies.end_recurring(number, date(2025, 12, 31), "x", **BY)


# --- courses ----------------------------------------------------------------------------------------------------------


def test_course_fees_are_billed_to_whoever_paid_for_each_person_then(lab):
    held = datetime(2026, 10, 6, 16, tzinfo=UTC)
    with writing() as session:
        course = Course(title="Découpe laser", capacity=4, minutes=120, skills=[])
        session.add(course)
        session.flush()
        date_ = CourseDate(course_id=course.id, begins_at=held)
        session.add(date_)
        session.flush()
        payer = session.scalars(select(Payer).where(Payer.code == "nord-1")).one()
        known = {"date_id": date_.id, "nature": "open_course", "net_cents": 4500, "title": "Découpe laser"}
        for one in ({"payer_id": payer.id, "tenant_id": payer.tenant_id, "holder_number": 7}, {"holder_number": 8}):
            session.add(CourseFee(**known, **one, held_at=held, noted_at=held))

    item = only(ItemKind.COURSE)
    assert (item.tenant, item.payer, item.net_cents, item.nature) == ("nord", "nord-1", 4500, "open_course")
    assert (item.ref.split(":")[0], item.unit, item.labels["de"]) == ("course", Unit.PERSON, "Kurs: Découpe laser")


# --- bookings ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def holder(lab: Any) -> int:
    with writing() as session:
        session.add(Holder(number=7))
    people.add_membership(7, "acme-1", actor="test", now=billing_lab.OPENED)
    return 7


def booked(holder: int, machine: str = "c1", day: int = 14, **changed: Any) -> str:
    begins = datetime(2026, 10, day, 8, tzinfo=UTC)
    with writing() as session:
        place = session.scalars(select(Machine.id).where(Machine.code == machine)).one()
        row = Booking(
            ref=f"b{day}-{machine}",
            machine_id=place,
            holder_number=holder,
            begins=begins,
            ends=begins + timedelta(minutes=90),
            made_by="account:1",
            made_at=begins - timedelta(days=9),
            **changed,
        )
        session.add(row)
    return row.ref


def test_a_missed_booking_is_billed_to_the_usual_payer_and_an_excused_one_to_nobody(lab, holder):
    price(PriceFor(What.MISSED, category="cnc"), "1200", per_hour=True)
    missed = booked(holder, outcome="missed")
    booked(holder, day=15, outcome="excused")
    booked(holder, day=16, outcome="kept")
    booked(holder, day=17)

    (item,) = items()
    assert (item.ref, item.payer, item.day) == (f"booking:{missed}:missed", "acme-1", date(2026, 10, 14))
    assert (item.quantity, item.unit, item.net_cents) == (Decimal("1.5"), Unit.HOUR, 1800)  # 90 min × 12.00
    assert item.labels["fr"] == "Réservation non honorée, Fraiseuse C1 (14/10/2026)"
    assert item.nature == "fee"


def test_only_the_holders_own_late_cancellation_costs(lab, holder):
    price(PriceFor(What.LATE), "500", within_h=24)
    own = accounts.add_account(AccountFacts("maker@lab.test", "Maker", None, holder), **BY)
    for day, by, hours in (
        (14, f"account:{own}", 3),
        (15, f"account:{own}", 25),
        (16, "account:999", 3),
        (17, "work", 3),
    ):
        begins = datetime(2026, 10, day, 8, tzinfo=UTC)
        booked(holder, day=day, cancelled_at=begins - timedelta(hours=hours), cancelled_by=by)

    assert [(item.day.day, item.net_cents) for item in items()] == [(14, 500)]


def test_a_booking_without_a_price_holds_only_where_the_lab_asks_for_others(lab, holder):
    booked(holder, outcome="missed")
    assert items() == []
    price(PriceFor(What.MISSED, category="printer"), "300")

    (item,) = items()
    assert isinstance(item, MissingItemPrice)
    assert item.kind is ItemKind.BOOKING


def test_nobody_pays_for_a_booking_by_fallback(lab, holder):
    price(PriceFor(What.MISSED), "500")
    booked(holder, outcome="missed")
    tie = people.add_membership(holder, "nord-1", actor="test", now=billing_lab.OPENED)
    people.prefer_membership(tie.ref, actor="test", now=billing_lab.OPENED)
    people.end_membership(tie.ref, "partie", actor="test", now=datetime(2026, 10, 2, tzinfo=UTC))

    assert items() == []  # the default had ended, and acme is not charged instead


def test_a_kept_booking_is_use_of_the_machine(lab, holder):
    price(PriceFor(What.KEPT, machine="c1"), "100")
    booked(holder, outcome="kept")

    item = only(ItemKind.BOOKING)
    assert (item.nature, item.net_cents, item.unit) == ("machine_use", 100, Unit.PIECE)
