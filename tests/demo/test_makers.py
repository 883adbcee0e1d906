"""The makers of the live demo: an endless stream of taps that agents can follow."""

from collections import defaultdict
from datetime import date
from itertools import islice, pairwise

from server.demo.lab import make_lab
from server.demo.makers import ComingTap, coming_taps

LAB = make_lab(1, date(2026, 10, 15))


def _first(count: int, seed: int = 1) -> list[ComingTap]:
    return list(islice(coming_taps(LAB, seed), count))


def test_taps_come_in_order_of_time() -> None:
    moments = [tap.at for tap in _first(500)]

    assert moments == sorted(moments)


def test_every_machine_is_used() -> None:
    assert {tap.machine for tap in _first(500)} == {machine.code for machine in LAB.machines}


def test_taps_at_one_reader_are_at_least_a_second_apart() -> None:
    by_machine: dict[str, list[float]] = defaultdict(list)
    for tap in _first(2000):
        by_machine[tap.machine].append(tap.at)

    assert all(two - one >= 1 for moments in by_machine.values() for one, two in pairwise(moments))


def test_the_same_seed_gives_the_same_makers() -> None:
    assert _first(100) == _first(100)
    assert _first(100) != _first(100, seed=2)
