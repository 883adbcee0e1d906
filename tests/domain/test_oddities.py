"""What looks odd in a month, and what does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.domain.oddities import Bill, Looked, Odd, look

START = datetime(2026, 10, 5, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PLAIN = Looked(
    *("a", 7, "c1", "Fraiseuse C1", "high", "Acme", START, START + 60 * MINUTE, START.date(), 3600),
    *("ended", "holder", "synced", 3600, False),
)


def kinds(*sessions: Looked) -> list[str]:
    return [odd.kind for odd in look(sessions, [])]


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"state": "provisional"}, Odd.PROVISIONAL),
        ({"end_reason": "power_loss"}, Odd.ESTIMATED),
        ({"time_quality": "estimated"}, Odd.ESTIMATED),
        ({"seconds": 12 * 3600 + 1}, Odd.LONG),
        ({"seconds": 13 * 3600, "state": "provisional"}, Odd.PROVISIONAL),
    ],
)
def test_an_end_that_nobody_confirmed_and_a_very_long_session_are_odd_once(changed: dict[str, Any], kind: Odd) -> None:
    assert kinds(replace(PLAIN, **changed)) == [kind]
    assert kinds(replace(PLAIN, **changed, settled=True)) == [], "somebody has decided about it"
    assert kinds(replace(PLAIN, seconds=12 * 3600)) == []


def test_one_badge_at_two_machines_that_must_be_watched_is_odd() -> None:
    later = replace(PLAIN, id="b", machine="l1", machine_name="Laser L1", started_at=START + 35 * MINUTE)
    later = replace(later, ended_at=START + 95 * MINUTE, cents=500)

    (odd,) = look([later, PLAIN], [])

    assert (odd.kind, odd.subject, odd.seconds, odd.cents) == (Odd.TWO_AT_ONCE, "a+b", 25 * 60, 4100)
    assert kinds(PLAIN, replace(later, holder=8)) == []
    assert kinds(PLAIN, replace(later, risk="low")) == [], "a printer runs alone"
    assert kinds(PLAIN, replace(later, started_at=START + 56 * MINUTE)) == [], "that is a walk across the room"
    assert kinds(PLAIN, replace(later, settled=True)) == []


def test_three_at_once_are_three_pairs() -> None:
    assert kinds(PLAIN, replace(PLAIN, id="b"), replace(PLAIN, id="c")) == [Odd.TWO_AT_ONCE] * 3


@pytest.mark.parametrize(
    ("cents", "before", "odd"),
    [
        (50_000, (20_000, 20_000), True),  # two and a half times
        (49_999, (20_000, 20_000), False),
        (50_000, (20_000,), False),  # one month is no habit
        (9_000, (2_000, 2_000), False),  # 70.00 € more are not worth a look
        (50_000, (), False),
    ],
)
def test_a_bill_far_above_the_usual_is_odd(cents: int, before: tuple[int, ...], odd: bool) -> None:
    found = look([], [Bill(3, "Acme SARL", "acme", cents, 3600, before)])

    assert [one.kind for one in found] == ([Odd.UNUSUAL] if odd else [])


@pytest.mark.parametrize(
    ("cents", "is_over", "odd"),
    [
        (8_000, True, True),  # two and a half times less, and 120.00 € less
        (8_001, True, False),
        (8_000, False, False),  # the month goes on
        (0, True, True),
    ],
)
def test_a_bill_far_below_the_usual_is_odd_once_the_month_is_over(cents: int, is_over: bool, odd: bool) -> None:
    found = look([], [Bill(3, "Acme SARL", "acme", cents, 3600, (20_000, 20_000), is_over)])

    assert [one.kind for one in found] == ([Odd.UNUSUAL] if odd else [])


def test_the_worst_comes_first_and_of_equals_the_dearest() -> None:
    cheap = replace(PLAIN, seconds=13 * 3600, cents=10)
    dear, open_end = replace(cheap, id="b", cents=99, holder=8), replace(PLAIN, id="c", state="provisional", holder=9)

    assert [odd.subject for odd in look([cheap, dear, open_end], [])] == ["c", "b", "a"]
