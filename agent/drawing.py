"""Whether a machine draws power when it should not, or draws none when it should: two things staff want to hear about.

Pure. A machine that works while nobody has tapped is bridged or its contactor is welded; one that draws nothing all through a
session is unplugged, switched off at its own main switch, or stopped at its emergency stop.
"""

from dataclasses import dataclass

from agent.metering import Sample, Thresholds

DRAWS_S = 10  # a supply may take seconds to run empty after we let go
DRAWS_NOTHING_S = 120
NOTHING_W = 1.0


@dataclass(frozen=True, slots=True)
class Draw:
    """What the meter says for how long without a break. Samples judge, silence does not: it leaves everything as it was.

    ``standby_w``: what a machine draws that is merely switched on; less than half of that is nothing. 0 where not known.
    """

    on: bool | None = None
    odd_ms: int | None = None  # the first of the row of samples that do not fit
    last_ms: int = 0


def watch(draw: Draw, sample: Sample, on: bool, thresholds: Thresholds, standby_w: float = 0.0) -> Draw:
    """One more sample, while the permit was given (``on``) or not. A gap, or a change of the permit, begins anew."""
    odd = draws_nothing(sample, standby_w) if on else draws(sample, thresholds)
    unbroken = draw.on is on and 0 <= sample.mono_ms - draw.last_ms <= thresholds.gap_s * 1000
    first_ms = draw.odd_ms if unbroken and draw.odd_ms is not None else sample.mono_ms
    return Draw(on, first_ms if odd else None, sample.mono_ms)


def draws(sample: Sample, thresholds: Thresholds) -> bool:
    return sample.watts > thresholds.idle_w


def draws_nothing(sample: Sample, standby_w: float = 0.0) -> bool:
    return sample.watts < max(NOTHING_W, standby_w / 2)


def power_without_session(draw: Draw) -> bool:
    """It has drawn more than idle for 10 s, and nobody may use it."""
    return draw.on is False and _held_ms(draw) >= DRAWS_S * 1000


def session_without_power(draw: Draw) -> bool:
    """It has drawn nothing for 120 s, and somebody is using it."""
    return draw.on is True and _held_ms(draw) >= DRAWS_NOTHING_S * 1000


def _held_ms(draw: Draw) -> int:
    return -1 if draw.odd_ms is None else draw.last_ms - draw.odd_ms
