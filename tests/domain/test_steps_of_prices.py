"""What rating keeps of every step, and the cases between the lists: what was not measured, what goes on, what one day carries over."""

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from server.domain.allowances import Allowance, Covered, Terms, Unit
from server.domain.proof import Charged, faults, steps_of
from server.domain.rating import NotMeasured, RatedSession, Session, an_hour, rate_month
from server.domain.rule_text import from_plain, to_plain
from server.domain.steps import next_hours
from server.domain.tariffs import Band, Basis, Cap, Of, Part, Rule, Span, Tier, odd, simple
from tests.domain.price_lists.said import HOUR, PARIS, at, tariff, use

QUARTER = 900
NOTHING = Terms()
BY_RUNNING = Rule((Part(Basis.RUNNING, 600),))


def rate(rule: Rule, *sessions: Session, terms: Terms = NOTHING, **changed: Any) -> list[Any]:
    return list(rate_month(sessions, [tariff(rule, category="mill")], terms, PARIS, **changed))


def test_a_time_that_no_meter_told_holds_the_bill_until_somebody_says_what_counts() -> None:
    (silent,) = rate(BY_RUNNING, use("mill", 60, running_s=None))
    # a person says that 20 min count: 6.00 × 20/60 = 2.00
    (decided,) = rate(BY_RUNNING, use("mill", 60, running_s=None, counted_s=1200))

    assert isinstance(silent, NotMeasured)
    assert str(silent) == "machine mill-1 did not tell its running time on 2026-10-05"
    assert decided.net_cents == 200


def test_of_each_time_no_more_counts_than_was_decided() -> None:
    both = Rule((Part(Basis.OCCUPIED, 600), Part(Basis.RUNNING, 60, per_s=60)))

    # of 60 min occupied 30 count: 3.00; all of 10 min of running: 6.00; decided 5 min: 0.50 and 3.00
    half, five = (rate(both, use("mill", 60, running_s=600, counted_s=seconds))[0] for seconds in (1800, 300))

    assert [part.counting_s for part in half.parts] == [1800, 600]
    assert (half.net_cents, five.net_cents) == (300 + 600, 50 + 300)


def test_what_goes_on_after_a_power_cut_has_no_second_free_minutes_minimum_or_fee() -> None:
    rule = Rule((Part(Basis.OCCUPIED, 600, step_s=60, free_s=600, minimum_s=HOUR),), 200, minimum_cents=1000)

    # 20 min: after 10 free ones the least hour 6.00, fee 2.00, to the minimum 2.00; then 20 min alone, 2.00
    first, second = rate(rule, use("mill", 20, "2026-10-05 08:00"), use("mill", 20, "2026-10-05 08:30", continues=True))

    assert (first.billed_s, first.fee_cents, first.added_cents, first.net_cents) == (HOUR, 200, 200, 1000)
    assert (second.billed_s, second.fee_cents, second.added_cents, second.net_cents) == (1200, 0, 0, 200)


def test_every_amount_on_the_way_adds_up_to_the_net() -> None:
    rule = Rule(
        (Part(Basis.OCCUPIED, 1001), Part(Basis.RUNNING, 7, per_s=60)), 33, 25, caps=(Cap(Span.DAY, Of.PERSON, 1100),)
    )
    terms = Terms((Allowance("pack:1", Unit.CENTS, 90),), ())

    # 61 min × 10.01/60 = 10.1768; 13 × 0.07 = 0.91; 0.33; 0.25: 11.6668, cut to 11.00, credit 0.90
    (one,) = rate(rule, use("mill", 61, running_s=780), terms=terms)

    assert [part.net_cents for part in one.parts] == [1018, 91]
    assert (one.fee_cents, one.day_fee_cents, one.cut_cents, one.credit_cents) == (33, 25, 67, 90)
    assert one.net_cents == 1018 + 91 + 33 + 25 - 67 - 90 == 1010


def test_included_hours_cover_whole_steps_of_the_first_part_and_are_shown() -> None:
    rule = Rule((Part(Basis.OCCUPIED, 1000, step_s=QUARTER), Part(Basis.RUNNING, 10, per_s=60)))
    terms = Terms((Allowance("contract:1", Unit.SECONDS, 2000),), ())

    # 40 min: three quarters, of which two are covered (200 s stay): 2.50; running 5 min 0.50
    (one,) = rate(rule, use("mill", 40, running_s=300), terms=terms)

    assert (one.billed_s, one.covered_s, one.covered) == (2700, 1800, (Covered("contract:1", 1800, 500),))
    assert one.net_cents == 250 + 50


def test_included_hours_are_no_reason_for_a_minimum_on_top() -> None:
    rule = Rule((Part(Basis.OCCUPIED, 1000),), minimum_cents=500)

    # the hour's 10.00 are included, and are above the minimum; of a minute's 0.17 the rest to 5.00 is added
    hour, minute = rate(
        rule,
        use("mill", 60),
        use("mill", 1, "2026-10-06 10:00"),
        terms=Terms((Allowance("c", Unit.SECONDS, HOUR + 60),)),
    )

    assert (hour.net_cents, minute.net_cents) == (0, 483)


def test_a_fee_of_the_day_that_the_month_before_has_billed_is_not_billed_again() -> None:
    rule = Rule(day_fee_cents=250, caps=(Cap(Span.DAY, Of.PERSON, 250),))
    before = use("mill", 30, "2026-10-31 20:00")
    over_midnight, next_day = use("mill", 120, "2026-10-31 23:00"), use("mill", 60, "2026-11-01 10:00")

    carried = rate(rule, over_midnight, next_day, carried=[before])
    alone = rate(rule, over_midnight, next_day)

    assert [one.net_cents for one in carried] == [0, 250]
    assert [one.net_cents for one in alone] == [250, 250], "the control"


def test_the_first_that_is_billed_bears_the_fee_of_the_day() -> None:
    rule = Rule(day_fee_cents=250)

    free, first, second = rate(
        rule, use("mill", 5, free="goodwill"), use("mill", 5, "2026-10-05 11:00"), use("mill", 5, "2026-10-05 12:00")
    )

    assert (free.net_cents, free.waived_cents, first.net_cents, second.net_cents) == (0, 250, 250, 0)


def test_an_hour_is_priced_beforehand_by_what_holds_now() -> None:
    rule = Rule(
        (
            Part(Basis.OCCUPIED, 300, bands=(Band((0,), time(8), time(20), 600),)),
            Part(Basis.RUNNING, 10, per_s=60),
            Part(Basis.COOLDOWN, 99),
        )
    )
    price, seven, eight = tariff(rule, category="mill"), at("2026-10-05 07:59"), at("2026-10-05 08:00")

    assert [an_hour(price, moment, PARIS) for moment in (seven, eight)] == [300 + 600, 600 + 600]
    assert an_hour(tariff(Rule(day_fee_cents=250), category="bench"), seven, PARIS) == 250, "flat"
    assert next_hours(rule.parts[0], seven, PARIS) == eight.timestamp()
    assert next_hours(rule.parts[1], seven, PARIS) is None


@pytest.mark.parametrize(
    "rule",
    [
        simple(-1, 900),
        simple(1, 0),
        Rule((Part(Basis.OCCUPIED, 1), Part(Basis.OCCUPIED, 2))),
        Rule((Part(Basis.OCCUPIED, 1, bands=(Band((0,), time(8), time(9), 2),), tiers=(Tier(60, 1),)),)),
        Rule((Part(Basis.OCCUPIED, 1, bands=(Band((0,), time(22), time(6), 2),)),)),
        Rule((Part(Basis.OCCUPIED, 1, bands=(Band((), time(8), time(9), 2),)),)),
        Rule((Part(Basis.OCCUPIED, 1, tiers=(Tier(60, 1), Tier(60, 2))),)),
        Rule((Part(Basis.OCCUPIED, 1, tiers=(Tier(60, 1),), tiers_over=Span.DAY),)),
        Rule(caps=(Cap(Span.SESSION, Of.PERSON, 1),)),
        Rule(caps=(Cap(Span.DAY, Of.PERSON, 1), Cap(Span.DAY, Of.PERSON, 2))),
        Rule(caps=(Cap(Span.DAY, Of.PERSON, -2),)),
    ],
)  # fmt: skip
def test_a_rule_that_nobody_can_mean_is_named(rule: Rule) -> None:
    assert odd(rule)
    assert odd(simple(100, 900)) is None


def test_hours_are_written_down_to_the_second() -> None:
    rule = Rule(
        (Part(Basis.OCCUPIED, 1, bands=(Band((0,), time(0), time(8, 0, 30), 2), Band((6,), time(9), time.max, 3))),)
    )

    hours = [(band["begins"], band["ends"]) for band in to_plain(rule)["parts"][0]["bands"]]

    assert hours == [("00:00", "08:00:30"), ("09:00", "24:00")]
    assert from_plain(to_plain(rule)) == rule


def charged(rated: RatedSession, zone: ZoneInfo = PARIS) -> Charged:
    session = rated.session
    said = steps_of(rated, to_plain(rated.tariff.rule) if rated.tariff else None, zone)
    about = (session.start, session.measured_s, session.counted_s, session.free, session.continues)
    return Charged(*about, rated.billed_s, rated.net_cents, said)


FULL = Rule(
    (
        Part(Basis.OCCUPIED, 1001, step_s=QUARTER, bands=(Band((0,), time(8), time(20), 1300),)),
        Part(Basis.COOLDOWN, 7, per_s=60),
    ),
    session_fee_cents=33,
    minimum_cents=900,
    caps=(Cap(Span.DAY, Of.PERSON, 2000),),
)


def test_a_charge_is_worked_out_again_from_its_steps_and_each_single_one_counts() -> None:
    terms = Terms((Allowance("contract:1", Unit.SECONDS, 1000), Allowance("pack:1", Unit.CENTS, 11)))
    (one,) = rate(FULL, use("mill", 125, "2026-10-05 19:30", cooldown_s=100), terms=terms)
    right = charged(one)

    assert list(faults(right)) == []
    for name in ("occupied_s", "billed_s", "net_cents"):
        assert list(faults(replace(right, **{name: getattr(right, name) + QUARTER}))), name
    assert list(faults(replace(right, started_at=datetime(2026, 10, 5, 12, tzinfo=UTC)))), "other hours"
    for wrong in ({"fee_cents": 34}, {"cut_cents": 1}, {"credit": [["pack:1", 12]]}, {"rule": to_plain(simple(1, 60))}):
        assert list(faults(replace(right, priced=right.priced | wrong))), wrong


@pytest.mark.parametrize("minutes", [0, 1, 30, 600])
def test_charges_of_every_length_prove_themselves(minutes: int) -> None:
    for session in (
        use("mill", minutes),
        use("mill", minutes, continues=True),
        use("mill", minutes, free="test"),
        use("mill", minutes, counted_s=20),
    ):
        (one,) = rate(FULL, session)

        assert list(faults(charged(one))) == []
