"""The steps of one part of a price: how many were begun, and what each costs by its hour or by what came before.

Steps are reckoned in elapsed seconds of UTC. Only the price of a step looks at the lab's clock, at the step's first second;
so an hour that the clock skips or shows twice is neither lost nor billed twice.
"""

from collections.abc import Sequence
from datetime import datetime, time, tzinfo
from functools import lru_cache

from server.domain.tariffs import Band, Part

Run = tuple[int, int]  # so many seconds, at so many cents for ``per_s`` seconds

_DAY_S = 86_400
_QUARTER_S = 900  # wherever clocks are moved, it is at a full quarter of an hour in UTC


def billed_seconds(counting_s: int, part: Part, continues: bool = False) -> int:
    """Whole steps: after the free minutes all that were begun, and at least the minimum time. What goes on with a session
    that a power loss ended has no free minutes and no minimum of its own."""
    over_s = counting_s if continues else counting_s - part.free_s
    if over_s <= 0:
        return 0
    least_s = over_s if continues else max(over_s, part.minimum_s)
    return -(-least_s // part.step_s) * part.step_s


def runs(part: Part, billed_s: int, first: int, before_s: int, zone: tzinfo) -> list[Run]:
    """The price of each billed second, in order; equal neighbours together. ``first`` is the first billed second since the
    epoch; ``before_s`` is what was billed of this part before, where its tiers count over more than a session."""
    if billed_s == 0:
        return []
    if part.bands:
        return _by_hour(part, billed_s, first, zone)
    if part.tiers:
        return _by_tier(part, billed_s, before_s)
    return [(billed_s, part.cents)]


def cents_at(part: Part, moment: datetime, zone: tzinfo) -> int:
    """What a step costs that begins now, the first of its session."""
    return runs(part, part.step_s, int(moment.timestamp()), 0, zone)[0][1]


def next_hours(part: Part, moment: datetime, zone: tzinfo) -> int | None:
    """The next second since the epoch, within a day, at which other hours begin; None where the price knows no hours."""
    if not part.bands:
        return None
    now = int(moment.timestamp())
    for day in (now // _DAY_S, now // _DAY_S + 1):
        for second, _ in _hours_of(part.bands, part.cents, day, zone):
            if day * _DAY_S + second > now:
                return day * _DAY_S + second
    return None


def _by_hour(part: Part, billed_s: int, first: int, zone: tzinfo) -> list[Run]:
    found: list[Run] = []
    step, at, end = part.step_s, first, first + billed_s
    while at < end:
        day = at // _DAY_S
        hours = _hours_of(part.bands, part.cents, day, zone)
        held = max(index for index, (second, _) in enumerate(hours) if day * _DAY_S + second <= at)
        until = day * _DAY_S + (hours[held + 1][0] if held + 1 < len(hours) else _DAY_S)
        steps = min(-(-(until - at) // step), (end - at) // step)  # all that begin while these hours hold
        _append(found, steps * step, hours[held][1])
        at += steps * step
    return found


def _by_tier(part: Part, billed_s: int, before_s: int) -> list[Run]:
    found: list[Run] = []
    step, done = part.step_s, 0
    while done < billed_s:
        at = before_s + done
        cents = next((tier.cents for tier in reversed(part.tiers) if tier.after_s <= at), part.cents)
        until = next((tier.after_s for tier in part.tiers if tier.after_s > at), at + billed_s)
        steps = min(-(-(until - at) // step), (billed_s - done) // step)
        _append(found, steps * step, cents)
        done += steps * step
    return found


def _append(found: list[Run], seconds: int, cents: int) -> None:
    if found and found[-1][1] == cents:
        found[-1] = (found[-1][0] + seconds, cents)
    else:
        found.append((seconds, cents))


@lru_cache(maxsize=2048)
def _hours_of(bands: tuple[Band, ...], cents: int, day: int, zone: tzinfo) -> tuple[tuple[int, int], ...]:
    """A day of UTC, counted since the epoch, as the seconds from which another price holds, the first of them 0."""
    edges = sorted({_second(edge) for band in bands for edge in (band.begins, band.ends)})
    found: list[tuple[int, int]] = []
    for quarter in range(0, _DAY_S, _QUARTER_S):
        local = datetime.fromtimestamp(day * _DAY_S + quarter, zone)
        on_clock = _second(local.time())
        within = [edge - on_clock for edge in edges if 0 < edge - on_clock < _QUARTER_S]
        for second in (0, *within):
            price = _held(bands, cents, local.weekday(), on_clock + second)
            if not found or found[-1][1] != price:
                found.append((quarter + second, price))
    return tuple(found)


def _held(bands: Sequence[Band], cents: int, weekday: int, second: int) -> int:
    for band in bands:
        if weekday in band.weekdays and _second(band.begins) <= second < _second(band.ends):
            return band.cents
    return cents


def _second(clock: time) -> int:
    return _DAY_S if clock == time.max else clock.hour * 3600 + clock.minute * 60 + clock.second
