"""From measured seconds to cents: steps, minimum, fee, the tariff of the start, and the most particular price."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.allowances import Terms
from server.domain.rating import MissingPrice, Rated, RatedSession, Session, rate_month
from server.domain.steps import billed_seconds
from server.domain.tariffs import PriceBook, Scope, Tariff, Use, simple, tariff_for

START = datetime(2026, 10, 5, 8, tzinfo=UTC)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


def use(measured_s: int = 5400, start: datetime = START, name: str = "s1", **changed: Any) -> Session:
    facts: dict[str, Any] = {"machine": "p1", "category": "printer", "tenant_kind": "company"} | changed
    return Session(name, start, start.date(), measured_s, **facts)


def price(cents_per_hour: int = 2400, **changed: Any) -> Tariff:
    """For printers and everybody, unless said otherwise; in steps of a quarter."""
    scope = {"machine": None, "category": "printer", "tenant_kind": None}
    rule = {"step_s": 900, "minimum_s": 0, "session_fee_cents": 0}
    dates = {"id": 1, "valid_from": LONG_AGO, "valid_until": None}
    own = [{name: changed.pop(name, usual) for name, usual in each.items()} for each in (scope, rule, dates)]
    assert not changed
    return Tariff(scope=Scope(**own[0]), rule=simple(cents_per_hour, **own[1]), **own[2])


def rate_all(sessions: list[Session], *tariffs: Tariff) -> tuple[Rated, ...]:
    return rate_month(sessions, tariffs, Terms(), PARIS)


def rate(session: Session, *tariffs: Tariff) -> RatedSession:
    (rated,) = rate_all([session], *tariffs)
    assert isinstance(rated, RatedSession)
    return rated


@pytest.mark.parametrize(
    ("measured_s", "billed_s", "net_cents"),
    [(0, 0, 0), (1, 1800, 1450), (1800, 1800, 1450), (1801, 2700, 2050), (2700, 2700, 2050), (5400, 5400, 3850)],
)
def test_steps_begun_are_billed_at_least_the_minimum_and_a_fee(measured_s: int, billed_s: int, net_cents: int) -> None:
    rated = rate(use(measured_s), price(minimum_s=1800, session_fee_cents=250))

    assert (rated.billed_s, rated.net_cents) == (billed_s, net_cents)
    assert rated.fee_cents == (250 if measured_s else 0)


def test_a_restart_within_an_hour_after_a_power_loss_pays_no_second_set_up_fee() -> None:
    tariff = price(minimum_s=1800, session_fee_cents=250)
    first, second = use(600), use(600, START + timedelta(hours=1), "s2", continues=True)

    rated = rate_all([first, second], tariff)

    assert [(one.billed_s, one.fee_cents, one.net_cents) for one in rated if isinstance(one, RatedSession)] == [
        (1800, 250, 1450),
        (900, 0, 600),
    ]
    assert (
        rate(use(600, START + timedelta(hours=1), "s2"), tariff).net_cents == 1450
    )  # the control: a session of its own


def test_a_session_that_goes_on_and_is_not_charged_says_what_it_would_have_cost_without_fee() -> None:
    rated = rate(use(600, continues=True, free="goodwill"), price(minimum_s=1800, session_fee_cents=250))

    assert (rated.net_cents, rated.waived_cents) == (0, 600)


def test_a_minimum_between_two_steps_is_billed_in_whole_steps() -> None:
    assert billed_seconds(60, price(minimum_s=1000).rule.parts[0]) == 1800


def test_the_cent_is_rounded_once_at_the_end_half_up() -> None:
    rated = rate(use(900), price(2502, session_fee_cents=1))

    assert rated.net_cents == 627, "625.5 and 1 make 626.5"


def test_the_tariff_of_the_start_holds_to_the_end() -> None:
    change = START + timedelta(minutes=30)
    old, new = price(1000, id=1, valid_until=change), price(9000, id=2, valid_from=change)

    before, after = rate(use(3600), old, new), rate(use(3600, change), old, new)

    assert (before.net_cents, after.net_cents) == (1000, 9000)


def test_the_machine_goes_before_its_category_and_the_own_kind_before_all() -> None:
    everybody = price(1, id=1)
    schools = price(2, id=2, tenant_kind="school")
    machine = price(3, id=3, machine="p1", category=None)
    machine_for_schools = price(4, id=4, machine="p1", category=None, tenant_kind="school")
    all_four = [everybody, schools, machine, machine_for_schools]

    def chosen(tariffs: list[Tariff], kind: str = "school") -> int:
        use = Use("p1", "printer", "acme", kind)
        found = tariff_for(tariffs, use, START)
        assert found
        assert PriceBook(tariffs).find(use, START) is found
        return found.id

    assert chosen(all_four) == 4
    assert chosen(all_four[:3]) == 3
    assert chosen(all_four[:2]) == 2
    assert chosen(all_four, "company") == 3
    assert chosen(all_four[:2], "company") == 1


def test_of_two_equal_prices_the_later_one_holds() -> None:
    assert rate(use(3600), price(10, id=1), price(20, id=2, valid_from=START)).net_cents == 20


@pytest.mark.parametrize(
    "unfit",
    [
        {"category": "cnc"},
        {"machine": "p2", "category": None},
        {"tenant_kind": "school"},
        {"valid_from": START + timedelta(seconds=1)},
        {"valid_until": START},
    ],
)
def test_a_missing_price_is_a_value_that_names_what_is_missing(unfit: dict[str, Any]) -> None:
    missing, fine = rate_all([use(name="a"), use(name="b", machine="p9", start=START)], price(**unfit))

    assert isinstance(missing, MissingPrice)
    assert str(missing) == "no price for machine p1 (printer) and tenants of kind company on 2026-10-05"
    assert isinstance(fine, MissingPrice)
    assert isinstance(rate(use(), price()), RatedSession), "with a fitting price there is one"


def test_sessions_are_rated_in_the_order_of_start_and_id() -> None:
    later, second, first = use(start=START + timedelta(hours=1), name="a"), use(name="c"), use(name="b")

    rated = rate_all([later, second, first], price())

    assert [one.session.id for one in rated] == ["b", "c", "a"]


def test_every_step_to_the_price_is_kept() -> None:
    rated = rate(use(4000), price(2400, step_s=600, session_fee_cents=300))

    (part,) = rated.parts

    assert (part.measured_s, part.part.step_s, part.billed_s, part.runs) == (4000, 600, 4200, ((4200, 2400),))
    assert (rated.time_cents, rated.fee_cents, rated.net_cents) == (2800, 300, 3100)
    assert rated.session.day == date(2026, 10, 5)


def test_what_counts_by_decision_is_billed_and_what_was_measured_is_kept() -> None:
    rated = rate(use(5 * 3600, counted_s=4800), price(2400, minimum_s=1800, session_fee_cents=250))

    # 4800 s count: six quarters begun, 5400 s; at 24.00 € an hour 36.00 €, and 2.50 €
    assert (rated.session.measured_s, rated.session.counting_s, rated.billed_s) == (18_000, 4800, 5400)
    assert (rated.fee_cents, rated.net_cents) == (250, 3850)


def test_a_session_of_which_nothing_counts_costs_nothing_at_all() -> None:
    rated = rate(use(5400, counted_s=0), price(minimum_s=1800, session_fee_cents=250))

    assert (rated.billed_s, rated.fee_cents, rated.net_cents) == (0, 0, 0)


def test_a_session_that_is_free_is_there_at_nothing_with_what_it_would_have_cost() -> None:
    rated = rate(use(3600, free="machine_fault"), price(2400, session_fee_cents=250))

    assert (rated.billed_s, rated.fee_cents, rated.net_cents) == (0, 0, 0)
    assert rated.waived_cents == 2650, "24.00 € for the hour and 2.50 € for the session"
    assert rated.session.measured_s == 3600
    assert rate(use(3600), price(2400)).waived_cents == 0


def test_a_session_that_is_free_needs_no_price() -> None:
    (rated,) = rate_all([use(free="test")])

    assert isinstance(rated, RatedSession)
    assert rated.tariff is None
    assert isinstance(rate_all([use()])[0], MissingPrice), "one that is charged does"


@given(st.integers(1, 400_000), st.sampled_from([1, 60, 300, 900, 3600]), st.integers(0, 7200), st.integers(0, 20_000))
def test_billed_time_is_whole_steps_that_just_cover_what_was_measured(
    measured_s: int, step_s: int, minimum_s: int, cents: int
) -> None:
    rated = rate(use(measured_s), price(cents, step_s=step_s, minimum_s=minimum_s))

    assert rated.billed_s % step_s == 0
    assert rated.billed_s >= max(measured_s, minimum_s)
    assert rated.billed_s - step_s < max(measured_s, minimum_s)
    assert abs(3600 * rated.net_cents - rated.billed_s * cents) <= 1800
