"""When a machine is there for somebody: its hours, the bookings of others, and classes. Pure, from the list's own records."""

from collections.abc import Iterator
from dataclasses import replace

from wire.messages import Booked, Interval, Lesson, MachineEntry, OnMaximum, Policy, Stamp


def within(open_: tuple[Interval, ...] | None, now: Stamp) -> bool:
    """None: always open."""
    return open_ is None or any(span.from_ms <= now.wall_ms < span.until_ms for span in open_)


def next_opening(entry: MachineEntry, now: Stamp) -> int | None:
    """Wall ms."""
    return min((span.from_ms for span in entry.open or () if span.from_ms > now.wall_ms), default=None)


def _foreign(entry: MachineEntry, holder: int) -> Iterator[Booked]:
    return (booked for booked in entry.booked if booked.holder != holder)


def booked_until(entry: MachineEntry, holder: int, now: Stamp) -> int | None:
    """When (wall ms) the booking of somebody else, or the outage, ends that is now."""
    now_booked = (one for one in _foreign(entry, holder) if one.from_ms <= now.wall_ms < one.until_ms)
    return max((one.until_ms for one in now_booked), default=None)


def until_booked_s(entry: MachineEntry, holder: int, now: Stamp) -> int | None:
    """Seconds until the next one begins."""
    later = (one.from_ms for one in _foreign(entry, holder) if one.from_ms > now.wall_ms)
    begins_ms = min(later, default=None)
    return None if begins_ms is None else max(1, (begins_ms - now.wall_ms) // 1000)


def until_booked(policy: Policy, booked_s: int | None) -> Policy:
    """A booking warns and adds nothing. It never takes power, and takes nothing from a longest time that does."""
    if booked_s is None:
        return policy
    longest_s = booked_s if policy.max_s is None else policy.max_s
    if longest_s >= booked_s:
        policy = replace(policy, extend_times=0)
        cut = policy.on_max is OnMaximum.CUT and policy.max_s is not None
        return policy if cut else replace(policy, max_s=booked_s, on_max=OnMaximum.WARN)
    times = (booked_s - longest_s) // policy.extend_s if policy.extend_s else 0
    return replace(policy, extend_times=min(policy.extend_times, times))


def lesson_of(entry: MachineEntry, trainer: int, now: Stamp) -> Lesson | None:
    """The class that this trainer leads here now."""
    mine = (one for one in entry.lessons if one.trainer == trainer and one.from_ms <= now.wall_ms < one.until_ms)
    return next(mine, None)


def until_over(policy: Policy, lesson: Lesson, now: Stamp) -> Policy:
    """A class has the machine to itself until its hour, and ends with it. The trainer's card opens others meanwhile."""
    left_s = max(1, (lesson.until_ms - now.wall_ms) // 1000)
    return replace(
        policy,
        max_s=left_s,
        on_max=OnMaximum.CUT,
        extend_times=0,
        payer_s=0,
        removal_s=None,
        idle_warn_s=None,
        idle_end_s=None,
        takeover_s=None,
    )
