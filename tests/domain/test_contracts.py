"""What contracts and packs leave for a month: shares by days, carry-over with its limits, packs, and which is used first."""

from datetime import date

import pytest

from server.domain.allowances import Allowance, Discount, Unit, meant
from server.domain.contracts import Agreement, Gives, Pack, Stretch, carried, granted, left_in, left_of, months, terms

H = 3600


def agreement(*stretches: Stretch, **said: object) -> Agreement:
    told: dict[str, object] = {"ref": "contract:1", "gives": Gives.HOURS} | said
    return Agreement(stretches=stretches or (Stretch(date(2026, 1, 1), None, 10 * H),), **told)  # type: ignore[arg-type]


def test_months_are_named_from_the_day_it_begins_to_the_one_asked_for() -> None:
    assert months(date(2025, 11, 20), "2026-02") == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert months(date(2026, 3, 1), "2026-02") == []


def test_a_whole_month_gives_all_of_it_and_a_part_of_one_its_share_by_days() -> None:
    whole = agreement(Stretch(date(2026, 4, 1), date(2026, 6, 1), 30 * H))
    late = agreement(Stretch(date(2026, 4, 16), None, 30 * H))

    assert granted(whole, "2026-04") == 30 * H
    assert granted(whole, "2026-06") == 0
    assert granted(late, "2026-04") == 15 * H  # 30 h × 15 of 30 days
    assert granted(late, "2026-05") == 30 * H


def test_a_change_on_the_eleventh_gives_ten_days_of_the_old_and_twenty_of_the_new() -> None:
    changed = agreement(Stretch(date(2026, 1, 1), date(2026, 4, 11), 30 * H), Stretch(date(2026, 4, 11), None, 60 * H))

    assert granted(changed, "2026-04") == 50 * H  # 30 h × 10/30 + 60 h × 20/30


@pytest.mark.parametrize(
    ("lasts", "most", "over"),
    [
        (0, None, 0),  # nothing goes over
        (1, None, 10 * H),  # of February alone: its own 10 h, of which nothing was used
        (2, None, 16 * H),  # and 6 h of January
        (None, None, 16 * H),
        (None, 12 * H, 12 * H),  # 16 h, but no more than 12 h
        (1, 8 * H, 8 * H),
    ],
)
def test_what_is_left_goes_over_as_long_and_as_much_as_agreed(lasts: int | None, most: int | None, over: int) -> None:
    assert carried([10 * H, 10 * H], [4 * H, 0], lasts, most) == over


def test_the_oldest_hours_are_used_first() -> None:
    # January leaves 10 h. February uses 12 h: these 10 and 2 of its own, so 8 h go over.
    assert carried([10 * H, 10 * H], [0, 12 * H], 1, None) == 8 * H


def test_what_goes_over_is_limited_each_month_and_not_only_at_the_end() -> None:
    # After January 10 h, cut to 5. February uses 12 h: those 5 and 7 of its own, so 3 h are left.
    assert carried([10 * H, 10 * H], [0, 12 * H], None, 5 * H) == 3 * H


def test_a_month_has_its_own_hours_and_what_those_before_left() -> None:
    carrying = agreement(carry_months=1)
    used = {("contract:1", "2026-01"): 10 * H, ("contract:1", "2026-02"): 7 * H, ("contract:9", "2026-02"): 3 * H}

    assert left_in(carrying, "2026-03", used) == 13 * H  # 10 h and 3 h of February
    assert left_in(agreement(), "2026-03", used) == 10 * H  # without carry-over its own alone


def test_a_month_billed_late_does_not_give_what_a_later_one_has_taken_over() -> None:
    carrying = agreement(carry_months=1)
    used = {("contract:1", "2026-04"): 14 * H}  # 4 h more than April gave: they were March's

    assert left_in(carrying, "2026-03", used) == 16 * H  # 10 h, 10 h of February, less these 4 h
    assert left_in(carrying, "2026-04", used) == 20 * H  # its own use is not counted against itself


def test_a_pack_has_what_no_other_month_has_used_before_or_after() -> None:
    pack = Pack("pack:1", Unit.SECONDS, 20 * H, date(2026, 1, 10), date(2027, 1, 10))
    used = {("pack:1", "2026-01"): 5 * H, ("pack:1", "2026-02"): 4 * H, ("pack:1", "2026-03"): 6 * H}

    assert left_of(pack, "2026-02", used) == 9 * H  # 20 − 5 − 6
    assert left_of(pack, "2026-04", used) == 5 * H
    assert left_of(pack, "2026-04", {("pack:1", "2026-01"): 30 * H}) == 0


def test_what_would_be_lost_first_is_used_first() -> None:
    monthly = agreement()
    carrying = agreement(ref="contract:2", carry_months=2)  # lost on 1 June
    soon = Pack("pack:7", Unit.SECONDS, H, date(2026, 1, 1), date(2026, 5, 1))
    late = Pack("pack:3", Unit.SECONDS, H, date(2026, 1, 1), date(2026, 9, 1))
    endless = Pack("pack:1", Unit.SECONDS, H, date(2026, 1, 1), None)

    found = terms([carrying, monthly], [endless, late, soon], "2026-03", {}).allowances

    assert [one.ref for one in found] == ["contract:1", "pack:7", "contract:2", "pack:3", "pack:1"]
    assert [one.rank for one in found] == [0, 1, 2, 3, 4]


def test_hours_of_one_cost_centre_are_not_for_another_and_pooled_ones_are_for_all() -> None:
    pooled, own = Allowance("contract:1", Unit.SECONDS, H), Allowance("contract:2", Unit.SECONDS, H, frozenset({"rd"}))
    day = date(2026, 3, 4)

    assert meant(pooled, "rd", "printer", day)
    assert meant(pooled, "it", "printer", day)
    assert meant(own, "rd", "printer", day)
    assert not meant(own, "it", "printer", day)


def test_a_pack_is_not_for_what_began_before_it_was_bought_or_after_its_end_or_elsewhere() -> None:
    pack = Pack("pack:1", Unit.CENTS, 5000, date(2026, 3, 10), date(2026, 3, 20), categories=frozenset({"cnc"}))
    (allowance,) = terms([], [pack], "2026-03", {}).allowances

    assert meant(allowance, "rd", "cnc", date(2026, 3, 10))
    assert meant(allowance, "rd", "cnc", date(2026, 3, 19))
    assert not meant(allowance, "rd", "cnc", date(2026, 3, 9))
    assert not meant(allowance, "rd", "cnc", date(2026, 3, 20))
    assert not meant(allowance, "rd", "printer", date(2026, 3, 10))


def test_a_pack_that_ended_with_the_month_is_still_there_for_a_session_that_goes_on_into_the_next() -> None:
    pack = Pack("pack:1", Unit.SECONDS, 9 * H, date(2026, 1, 1), date(2026, 3, 1))

    assert [one.left for one in terms([], [pack], "2026-03", {}).allowances] == [9 * H]
    assert terms([], [pack], "2026-05", {}).allowances == ()


def test_a_discount_changes_on_its_day_and_the_particular_one_goes_first() -> None:
    general = Stretch(date(2026, 1, 1), date(2026, 3, 15), 1000), Stretch(date(2026, 3, 15), None, 2000)
    everywhere = agreement(*general, gives=Gives.DISCOUNT)
    on_mills = agreement(
        Stretch(date(2026, 1, 1), None, 500), ref="contract:2", gives=Gives.DISCOUNT, categories=frozenset({"cnc"})
    )

    found = terms([everywhere, on_mills], [], "2026-03", {}).discounts

    assert [(one.ref, one.basis_points) for one in found] == [
        ("contract:2", 500),
        ("contract:1", 2000),
        ("contract:1", 1000),
    ]
    first = {day: _first(found, day) for day in (date(2026, 3, 14), date(2026, 3, 15))}
    assert first == {date(2026, 3, 14): 1000, date(2026, 3, 15): 2000}


def _first(found: tuple[Discount, ...], day: date) -> int:
    return next(one.basis_points for one in found if meant(one, "rd", "printer", day))
