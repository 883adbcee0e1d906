"""How long a machine really worked, told from the power it draws: two thresholds, and patience in both directions.

Pure. Time counts as running only once it is sure: a machine that has gone quiet might be in a pause of its job, so the pause
is added when work goes on within ``down_s`` and never if it does not. So the figure only grows, and may be read at any moment.
Where the meter was silent nothing was measured, and nothing is made up. Moments are mono ms of one boot; see ``interrupted``.

Also whether it draws power while nobody has tapped (bridged, or a welded contactor), or none all through a session (unplugged,
switched off at its own main switch, stopped at its emergency stop).
"""

import math
from dataclasses import dataclass, replace

DRAWS_S = 10  # a supply may take seconds to run empty after we let go
DRAWS_NOTHING_S = 120
NOTHING_W = 1.0
WRAP_MWH = 9_999_990_000  # a PZEM-004T begins anew after 9999.99 kWh
_AT_MOST_W = 100_000  # no machine on these meters draws more: a counter that grew faster is another meter's
_SLACK_MWH = 100_000  # counters move in steps
_DAY_MS = 86_400_000
_MS_AN_HOUR = 3_600_000


@dataclass(frozen=True, slots=True)
class Thresholds:
    """``run_w`` or more for ``up_s``: it runs. ``idle_w`` or less for ``down_s``: it does not. In between: as before.

    Samples more than ``gap_s`` apart say nothing about the time between them. ``standby_w``: what the machine draws that is
    merely switched on, 0 where that is not known; less than half of it is nothing. Raises ValueError for what cannot work.
    """

    run_w: float
    idle_w: float
    up_s: int = 3
    down_s: int = 90
    gap_s: int = 10
    standby_w: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.idle_w <= self.run_w < math.inf:
            raise ValueError(f"idle_w {self.idle_w} and run_w {self.run_w}: 0 or more, and run_w not the lower one")
        if min(self.up_s, self.down_s) < 0 or self.gap_s < 1:
            raise ValueError("up_s and down_s are 0 or more, gap_s is 1 or more")
        if not 0 <= self.standby_w <= self.idle_w:
            raise ValueError(f"standby_w {self.standby_w}: 0 or more, and at most idle_w")


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading. ``wh``: the meter's own counter, None where it has none."""

    mono_ms: int
    watts: float
    wh: float | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """What the meter has told since the session began. It lies in the session, and so in the state file."""

    measured_ms: int = 0
    run_ms: int = 0  # sure
    running: bool = False
    rise_ms: int | None = None  # so long at work, and not sure yet
    high_ms: int | None = None  # the last sample of ``run_w`` or more
    pause_ms: int = 0  # so long quiet, and perhaps still in the job
    quiet_ms: int | None = None  # when the pause, or a silence that may have been one, began
    idle_ms: int | None = None  # the first of an unbroken row of idle samples
    last_ms: int | None = None  # the last sample
    gap_ms: int = 10_000
    used_mwh: int | None = None
    counter_mwh: int | None = None


def take(activity: Activity, sample: Sample, thresholds: Thresholds) -> Activity:
    """What is known after one more sample. A reading that is no number counts as silence."""
    if not math.isfinite(sample.watts):
        return activity
    if activity.last_ms is not None and sample.mono_ms < activity.last_ms:
        activity = interrupted(activity)
    activity = _counted(activity, sample)
    activity = _credited(activity, sample.mono_ms, thresholds)
    activity = _judged(activity, sample, thresholds)
    return replace(activity, last_ms=sample.mono_ms, gap_ms=thresholds.gap_s * 1000)


def interrupted(activity: Activity) -> Activity:
    """As a restart of the Pi leaves it: what was sure stays; moments of another boot mean nothing now."""
    return Activity(
        measured_ms=activity.measured_ms,
        run_ms=activity.run_ms,
        gap_ms=activity.gap_ms,
        used_mwh=activity.used_mwh,
        counter_mwh=activity.counter_mwh,
    )


# --- what it says -------------------------------------------------------------------------------------------------------


def is_live(activity: Activity, now_mono_ms: int) -> bool:
    """The last sample is no older than ``gap_s``."""
    return activity.last_ms is not None and 0 <= now_mono_ms - activity.last_ms <= activity.gap_ms


def is_running(activity: Activity, now_mono_ms: int) -> bool | None:
    """None while the meter is silent."""
    return activity.running if is_live(activity, now_mono_ms) else None


def running_s(activity: Activity) -> int | None:
    """Whole seconds that surely were work. None where nothing was ever measured: silence is not zero."""
    return activity.run_ms // 1000 if activity.measured_ms else None


def measured_s(activity: Activity) -> int:
    """Whole seconds covered by samples close enough together; ``running_s`` says something about these alone."""
    return activity.measured_ms // 1000


def wh(activity: Activity) -> int | None:
    """Whole watt-hours by the meter's own counter, rounded half up. None where no counter was ever read."""
    return None if activity.used_mwh is None else (activity.used_mwh + 500) // 1000


def idle_since_ms(activity: Activity, now_mono_ms: int) -> int | None:
    """Since when (mono ms) every sample read idle, without a gap. None while it works, and while the meter is silent."""
    return activity.idle_ms if is_live(activity, now_mono_ms) else None


# --- parts of take() ----------------------------------------------------------------------------------------------------


def _credited(activity: Activity, now_ms: int, thresholds: Thresholds) -> Activity:
    """The time since the last sample goes to what that one said. A gap goes to nobody, and may have been a pause."""
    if activity.last_ms is None:
        return activity
    span = now_ms - activity.last_ms
    if span > thresholds.gap_s * 1000:
        quiet_ms = activity.last_ms if activity.quiet_ms is None else activity.quiet_ms
        return replace(activity, rise_ms=None, idle_ms=None, quiet_ms=quiet_ms)
    activity = replace(activity, measured_ms=activity.measured_ms + span)
    if activity.running and activity.quiet_ms is None:
        return replace(activity, run_ms=activity.run_ms + span)
    if activity.running:
        return replace(activity, pause_ms=activity.pause_ms + span)
    return activity if activity.rise_ms is None else replace(activity, rise_ms=activity.rise_ms + span)


def _judged(activity: Activity, sample: Sample, thresholds: Thresholds) -> Activity:
    """Whether it works, from this sample on."""
    now_ms, quiet_ms = sample.mono_ms, activity.quiet_ms
    is_idle = sample.watts <= thresholds.idle_w
    if is_idle and quiet_ms is None:
        quiet_ms = now_ms
    if quiet_ms is not None and now_ms - quiet_ms >= thresholds.down_s * 1000:
        activity = replace(activity, running=False, pause_ms=0)
    if is_idle:
        idle_ms = now_ms if activity.idle_ms is None else activity.idle_ms
        return replace(activity, rise_ms=None, idle_ms=idle_ms, quiet_ms=quiet_ms)
    run_ms = activity.run_ms + activity.pause_ms  # the pause, if there was one, was part of the job
    activity = replace(activity, idle_ms=None, quiet_ms=None, run_ms=run_ms, pause_ms=0)
    return activity if activity.running else _risen(activity, sample, thresholds)


def _risen(activity: Activity, sample: Sample, thresholds: Thresholds) -> Activity:
    """A tube that pulses may dip between the thresholds on its way up, for less than ``up_s``."""
    now_ms, high_ms, up_ms = sample.mono_ms, activity.high_ms, thresholds.up_s * 1000
    if sample.watts < thresholds.run_w:
        dips = high_ms is not None and now_ms - high_ms < up_ms
        return activity if dips else replace(activity, rise_ms=None)
    rise_ms = activity.rise_ms or 0
    if rise_ms < up_ms:
        return replace(activity, rise_ms=rise_ms, high_ms=now_ms)
    return replace(activity, running=True, rise_ms=None, high_ms=now_ms, run_ms=activity.run_ms + rise_ms)


def _counted(activity: Activity, sample: Sample) -> Activity:
    """Watt-hours grow by what the counter grew, over gaps too. A counter that jumps was reset or is another meter's."""
    if sample.wh is None or not math.isfinite(sample.wh):
        return activity
    counter = round(sample.wh * 1000)
    used = activity.used_mwh or 0
    if activity.counter_mwh is not None:
        span = _DAY_MS if activity.last_ms is None else sample.mono_ms - activity.last_ms
        at_most = _SLACK_MWH + _AT_MOST_W * 1000 * span // _MS_AN_HOUR
        grown = counter - activity.counter_mwh
        grown = grown if grown >= 0 else grown + WRAP_MWH
        used += grown if 0 <= grown <= at_most else 0
    return replace(activity, counter_mwh=counter, used_mwh=used)


# --- power that should not be, or should --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Draw:
    """For how long without a break the meter has said what does not fit. Silence leaves everything as it was."""

    on: bool | None = None
    odd_ms: int | None = None  # the first of the row of samples that do not fit
    last_ms: int = 0


def watch(draw: Draw, sample: Sample, on: bool, thresholds: Thresholds) -> Draw:
    """One more sample, while the permit was given (``on``) or not. A gap, or a change of the permit, begins anew."""
    odd = draws_nothing(sample, thresholds) if on else draws(sample, thresholds)
    unbroken = draw.on is on and 0 <= sample.mono_ms - draw.last_ms <= thresholds.gap_s * 1000
    first_ms = draw.odd_ms if unbroken and draw.odd_ms is not None else sample.mono_ms
    return Draw(on, first_ms if odd else None, sample.mono_ms)


def draws(sample: Sample, thresholds: Thresholds) -> bool:
    return sample.watts > thresholds.idle_w


def draws_nothing(sample: Sample, thresholds: Thresholds) -> bool:
    return sample.watts < max(NOTHING_W, thresholds.standby_w / 2)


def power_without_session(draw: Draw) -> bool:
    """It has drawn more than idle for 10 s, and nobody may use it."""
    return draw.on is False and _held_ms(draw) >= DRAWS_S * 1000


def session_without_power(draw: Draw) -> bool:
    """It has drawn nothing for 120 s, and somebody is using it."""
    return draw.on is True and _held_ms(draw) >= DRAWS_NOTHING_S * 1000


def _held_ms(draw: Draw) -> int:
    return -1 if draw.odd_ms is None else draw.last_ms - draw.odd_ms
