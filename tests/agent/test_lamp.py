"""Lamp and buzzer: the patterns as values, how fast they flash, and what reaches the pins."""

from itertools import pairwise
from typing import Any

import pytest
from gpiozero.pins.mock import MockFactory

from agent.hardware import buzzer, lamp
from agent.hardware.buzzer import Buzzer
from agent.hardware.lamp import BLUE, DARK, RED, RgbLamp, seen_over
from agent.hardware.pattern import RETRY_MS, Beat, Lit, Pattern
from agent.panel import Lamp, Sound
from tests.agent.fakes import HandClock
from tests.waiting import until

LOOK_MS = 10
LOOKED_MS = 5_000
STILL = Beat(())  # never started: a test plays by hand


class Bench:
    """A lamp on pins 5, 6, 13 and a buzzer on 19, with a clock turned by hand."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.troubles: list[str] = []
        self.factory = MockFactory()
        self.lamp = RgbLamp((5, 6, 13), self.factory, self.clock, self.troubles.append)
        self.buzzer = Buzzer(19, self.factory, self.clock, self.troubles.append)

    def at(self, ms: int) -> Lit:
        self.clock.ms = ms
        self.lamp.player.play()
        self.buzzer.player.play()
        return self.lit()

    def lit(self) -> Lit:
        return tuple(bool(self.factory.pin(pin).state) for pin in (5, 6, 13))

    def sounds(self) -> bool:
        return bool(self.factory.pin(19).state)


class BrokenPin:
    """A driver that refuses, as an output of gpiozero's would."""

    def on(self) -> None:
        raise OSError("no such line")

    off = on

    def close(self) -> None:
        """Nothing to give back."""


@pytest.fixture
def bench() -> Bench:
    return Bench()


def looks(pattern: Pattern, over: tuple[int, Pattern] | None = None) -> list[Lit]:
    """The pattern every few ms, with a flash laid over it from a moment on."""
    found = []
    for now in range(0, LOOKED_MS, LOOK_MS):
        lit = pattern.at(now)[0]
        if over is not None and now >= over[0] and over[1].at(now - over[0])[1] is not None:
            lit = over[1].at(now - over[0])[0]
        found.append(lit)
    return found


def most_flashes_a_second(found: list[Lit]) -> int:
    """The most often that something lights up or changes its colour within any second."""
    begins = [n * LOOK_MS for n, (before, after) in enumerate(pairwise(found)) if after != before and any(after)]
    return max((sum(start <= one < start + 1000 for one in begins) for start in begins), default=0)


def period_ms(pattern: Pattern) -> int:
    return sum(step.ms for step in pattern.again)


# --- the lamp -----------------------------------------------------------------------------------------------------------


def test_every_lamp_and_every_sound_has_a_pattern() -> None:
    assert set(lamp.PATTERNS) == set(Lamp)
    assert set(buzzer.PATTERNS) == set(Sound)


@pytest.mark.parametrize("shown", Lamp)
def test_nothing_flashes_more_than_three_times_a_second_even_when_cards_are_seen(shown: Lamp) -> None:
    pattern = lamp.PATTERNS[shown]

    alone = most_flashes_a_second(looks(pattern))
    seen = [(begins, seen_over(pattern.at(begins)[0])) for begins in range(0, 2000, 50)]
    worst = max(most_flashes_a_second(looks(pattern, one)) for one in seen)

    print(f"\n{shown}: {alone} a second, {worst} with a card seen")
    assert worst <= 3


def test_a_lamp_that_flashes_too_fast_would_be_found() -> None:
    hectic = lamp._on_off(RED, 120, 120)

    assert most_flashes_a_second(looks(hectic)) > 3


@pytest.mark.parametrize("shown", [Lamp.ASKING, Lamp.IN_USE])
def test_a_breath_is_slower_than_three_in_ten_seconds(shown: Lamp) -> None:
    assert "slow breath" in shown
    assert 1000 / period_ms(lamp.PATTERNS[shown]) <= 0.3


def test_patterns_do_what_their_names_say() -> None:
    ms = {shown: [step.ms for step in lamp.PATTERNS[shown].again] for shown in Lamp}

    assert ms[Lamp.COOLING] == [3000, 3000]
    assert [sum(ms[one]) for one in (Lamp.LOCKED, Lamp.OFFLINE, Lamp.FAULT)] == [4000, 2000, 1000]
    assert [lamp.PATTERNS[Lamp.REFUSED].at(at)[0] for at in (0, 400, 700, 1000, 1300)] == [RED, DARK, RED, DARK, RED]
    assert [lamp.PATTERNS[steady].at(9)[1] for steady in (Lamp.FREE, Lamp.IDLE)] == [None, None]


def test_no_lamp_is_green_and_no_two_look_alike() -> None:
    shown = [tuple(looks(lamp.PATTERNS[one])) for one in Lamp]

    assert len(set(shown)) == len(Lamp)
    assert not any((False, True, False) in one for one in shown)


def test_a_pattern_tells_when_it_changes_next() -> None:
    refused = lamp.PATTERNS[Lamp.REFUSED]

    for now in range(1500):
        lit, wait = refused.at(now)
        if wait is not None:
            assert refused.at(now + wait - 1)[0] == lit
            assert refused.at(now + wait)[0] != lit or refused.at(now + wait)[1] is None


def test_the_lamp_on_its_pins(bench: Bench) -> None:
    bench.lamp.show(Lamp.IN_USE, STILL)

    assert [bench.at(ms) for ms in (0, 3599, 3600, 3999, 4000)] == [BLUE, BLUE, DARK, DARK, BLUE]


def test_a_card_seen_flashes_white_and_then_goes_on_where_it_was(bench: Bench) -> None:
    bench.lamp.show(Lamp.IN_USE, STILL)
    bench.at(1000)

    bench.lamp.seen(STILL)

    assert bench.lit() == lamp.WHITE
    assert [bench.at(ms) for ms in (1119, 1120)] == [lamp.WHITE, BLUE]


def test_a_card_seen_by_a_white_lamp_darkens_it(bench: Bench) -> None:
    bench.lamp.show(Lamp.FREE, STILL)
    bench.at(1000)

    bench.lamp.seen(STILL)

    assert bench.lit() == DARK
    assert bench.at(1120) == lamp.WHITE


def test_a_card_moved_to_and_fro_does_not_make_a_stroboscope(bench: Bench) -> None:
    bench.lamp.show(Lamp.IN_USE, STILL)
    found = []

    for now in range(0, 5000, LOOK_MS):
        bench.clock.ms = now
        bench.lamp.seen(STILL)
        found.append(bench.at(now))

    assert most_flashes_a_second(found) <= 3 * 2  # white comes, blue comes back
    assert sum(after == lamp.WHITE != before for before, after in pairwise(found)) <= 10  # twice a second


# --- the buzzer ---------------------------------------------------------------------------------------------------------


def beeps(sound: Sound, within_ms: int) -> list[int]:
    """How long each beep is."""
    found: list[int] = []
    on = False
    for now in range(within_ms):
        lit = buzzer.PATTERNS[sound].at(now)[0][0]
        if lit:
            found = [*found[:-1], found[-1] + 1] if on else [*found, 1]
        on = lit
    return found


@pytest.mark.parametrize(
    ("sound", "expected"),
    [
        (Sound.NONE, []),
        (Sound.GRANTED, [150]),
        (Sound.REFUSED, [250, 250]),
        (Sound.FAULT, [100, 100, 100]),
        (Sound.ATTENTION, [80, 80]),
    ],
)
def test_what_each_sound_is(sound: Sound, expected: list[int]) -> None:
    assert beeps(sound, 61_000) == expected


def test_a_card_seen_ticks_and_does_not_disturb_what_sounds(bench: Bench) -> None:
    bench.buzzer.seen(STILL)

    assert bench.sounds()
    bench.at(30)
    assert not bench.sounds()
    bench.buzzer.sound(Sound.GRANTED, STILL)
    bench.at(31)
    assert bench.sounds()


# --- pins that fail -----------------------------------------------------------------------------------------------------


def test_a_pin_that_fails_is_told_once_raises_nothing_and_is_tried_again(bench: Bench) -> None:
    pins: list[Any] = bench.lamp.player._outputs
    bench.lamp.player._outputs = [BrokenPin()] * 3
    bench.lamp.show(Lamp.FAULT, STILL)

    waits = [bench.lamp.player.play() for _ in range(3)]
    bench.lamp.seen(STILL)

    assert waits == [RETRY_MS] * 3
    assert bench.troubles == ["lamp: no such line"]
    bench.lamp.player._outputs = pins
    assert bench.at(200) == RED


def test_the_thread_plays_and_sleeps_until_something_begins(bench: Bench) -> None:
    beat = Beat([bench.lamp.player])
    beat.start()

    bench.lamp.show(Lamp.FREE, beat)

    until(lambda: bench.lit() == lamp.WHITE)
    beat.stop()
    assert not beat._thread.is_alive()
