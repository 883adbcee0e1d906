"""Running seconds against the truth for three machines, with the plain threshold and learned thresholds beside it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce

from agent.learning import Refused, propose
from agent.metering import Activity, Sample, Thresholds, running_s, take
from tests.bench.figures import Figure, Lines

HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Profile:
    """One sample a second: what the meter read, and whether a job was on."""

    name: str
    thresholds: Thresholds
    readings: tuple[tuple[float, bool], ...]

    @property
    def truth_s(self) -> int:
        return sum(at_work for _, at_work in self.readings)

    def watts(self, at_work: bool) -> list[float]:
        return [watts for watts, job in self.readings if job is at_work]


def profiles() -> list[Profile]:
    return [
        Profile("3D print, heated bed cycling", Thresholds(30, 20), tuple(_noisy(_print()))),
        Profile("CNC, spindle pauses and a tea break", Thresholds(300, 150), tuple(_noisy(_mill()))),
        Profile("laser, short jobs, electronics idle", Thresholds(200, 110), tuple(_noisy(_laser()))),
    ]


def metered_s(profile: Profile, thresholds: Thresholds) -> int:
    samples = (Sample(second * 1000, watts) for second, (watts, _) in enumerate(profile.readings))
    return running_s(reduce(lambda activity, sample: take(activity, sample, thresholds), samples, Activity())) or 0


def plain_s(profile: Profile, watts: float) -> int:
    """What one threshold without patience makes of it."""
    return sum(reading >= watts for reading, _ in profile.readings)


def measure(quick: bool) -> Lines:
    for profile in profiles():
        limits = profile.thresholds
        yield f"  {profile.name}: at work {profile.truth_s} s of {len(profile.readings)} s"
        yield Figure("    ≥ 100 W", plain_s(profile, 100), "s")
        yield Figure(f"    ≥ {limits.run_w:.0f} W", plain_s(profile, limits.run_w), "s")
        yield _figure(profile, Thresholds(100, 60))
        yield _figure(profile, limits)
        yield _figure(profile, replace(limits, down_s=20))
        learned = propose(profile.watts(at_work=False), profile.watts(at_work=True))
        yield f"    {learned}" if isinstance(learned, Refused) else _figure(profile, learned, "learned: ")


def _figure(profile: Profile, limits: Thresholds, how: str = "") -> Figure:
    what = f"    {how}run ≥ {limits.run_w:.0f} W, idle ≤ {limits.idle_w:.0f} W, pauses up to {limits.down_s} s"
    return Figure(what, metered_s(profile, limits), "s")


def _noisy(readings: Iterator[tuple[float, bool]]) -> Iterator[tuple[float, bool]]:
    """As the meters tell it: tenths of a watt, a few percent up and down; the same each time."""
    chance = random.Random(5)
    for watts, at_work in readings:
        yield round(watts * chance.uniform(0.97, 1.03), 1), at_work


def _stretch(seconds: int, watts: float, at_work: bool) -> Iterator[tuple[float, bool]]:
    yield from [(watts, at_work)] * seconds


def _print() -> Iterator[tuple[float, bool]]:
    """An hour's print: the bed is on for ten seconds of sixty, motors and nozzle always."""
    yield from _stretch(600, 8, at_work=False)
    for second in range(HOUR_S):
        yield 220 if second % 60 < 10 else 45, True
    yield from _stretch(900, 8, at_work=False)


def _mill() -> Iterator[tuple[float, bool]]:
    """Two jobs. Within them the spindle stands for tool changes of 15 to 75 s; between them nobody is there for 20 minutes."""
    yield from _stretch(300, 85, at_work=False)
    for pauses in ((15, 40, 75), (30, 60)):
        for pause in pauses:
            yield from _stretch(420, 900, at_work=True)
            yield from _stretch(pause, 95, at_work=True)
        yield from _stretch(420, 900, at_work=True)
        yield from _stretch(1200, 85, at_work=False)


def _laser() -> Iterator[tuple[float, bool]]:
    """Jobs of 20 s to two minutes, the tube pulsing; a chiller's compressor comes on at rest, too."""
    for job, rest in ((20, 300), (45, 240), (120, 40), (30, 600), (60, 200), (90, 400)):
        for second in range(job):
            yield 420 if second % 4 else 130, True
        for second in range(rest):
            yield 75 if second % 180 < 60 else 60, False
