"""What happened in the demo's lab before today, as a timetable: three whole months and the one that has begun.

Pure and seeded. It is lived by the agents themselves on virtual time, like the month of ``prolab demo --once``, only
with fewer visits, so that whoever starts the demo finds a lab with a past within a minute or so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from server.demo.builder import Builder
from server.demo.cast import Cast, Role, Scene
from server.demo.days import at
from server.demo.lab import PRINTER, Lab
from server.demo.lab_people import MILLING, PRINTING
from server.demo.moments import Break, Ending, Plan
from server.demo.timetable import long_print, ordinary, refusals

WHOLE_MONTHS = 3
INVOICED = 2  # of them; the last one waits for its manager
_VISITS_ON = (20, 20, 20, 20, 19, 9, 4)  # Monday … Sunday: about 500 in a month
_LONG_PRINTS_ON = (4, 1)  # Friday and Tuesday
_KILLED_AGENT = "agent-3"
_CLOSED_AFTER_S = 6 * 3600 + 300  # a month may be closed six hours after its end
_LAPSE_IN_DAYS = (2, 6, 13, 19, 27)
_HOUR = 3600
_A_WEEK_S = 7 * 24 * _HOUR


@dataclass(frozen=True, slots=True)
class Chapter:
    """One month of the past. ``plan`` goes on into the next morning, when the month may be closed."""

    month: str
    plan: Plan
    invoiced: bool


def with_lasting_lists(lab: Lab) -> Lab:
    """The same lab with lists that hold for a week: renewed every twelve hours, a quarter of a year would take minutes."""
    return replace(lab, machines=tuple(replace(machine, list_valid_s=_A_WEEK_S) for machine in lab.machines))


def cast_of_today(lab: Lab, today: date) -> Cast:
    """Everybody works as usual; for some, milling will lapse in the weeks to come."""
    millers = [holder for holder in lab.holders if MILLING in holder.skills]
    lapsing = zip(_LAPSE_IN_DAYS, millers, strict=False)
    return Cast(
        tuple(Role(Scene.LAPSED, holder, today + timedelta(days=days)) for days, holder in lapsing), lab.holders
    )


def make_history(lab: Lab, cast: Cast, today: date, now: int, seed: int) -> tuple[Chapter, ...]:
    """The chapters in order. ``now``: seconds since 1970; everything is over a few minutes before."""
    firsts = first_days(today)
    builder = Builder(lab, Random(f"history {seed}"), until=now - 600)
    _forgotten_print(builder, cast, firsts[WHOLE_MONTHS - 1])
    _power_cut(builder, cast, firsts[WHOLE_MONTHS - 1])
    for day in _days(firsts[0], today):
        _one_day(builder, cast, day, now - 600)
    finish = now - 120
    return tuple(_chapters(builder.plan(at(firsts[0], 0) - 4 * _HOUR, finish), firsts, finish))


def first_days(today: date) -> list[date]:
    """The first day of each whole month, oldest first, and of the month of today."""
    firsts = [today.replace(day=1)]
    for _ in range(WHOLE_MONTHS):
        firsts.insert(0, (firsts[0] - timedelta(days=1)).replace(day=1))
    return firsts


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=index) for index in range((last - first).days + 1))


def _one_day(builder: Builder, cast: Cast, day: date, until: int) -> None:
    if day.weekday() in _LONG_PRINTS_ON:
        long_print(builder, cast, day)
    for _ in range(_VISITS_ON[day.weekday()]):
        ordinary(builder, cast, day)
    if day.weekday() % 3 == 0 and at(day, 23) < until:
        refusals(builder, cast, day)


def _forgotten_print(builder: Builder, cast: Cast, first: date) -> None:
    """Somebody took the part and left the machine on over the weekend: it shows up when the month is looked at."""
    saturday = first + timedelta(days=(5 - first.weekday()) % 7)
    maker = next(holder for holder in cast.regulars if PRINTING in holder.skills)
    start, machine = builder.some_time(PRINTER, range(at(saturday, 15), at(saturday, 16)), 41 * _HOUR)
    builder.visit(machine, maker, start, start + 41 * _HOUR)


def _power_cut(builder: Builder, cast: Cast, first: date) -> None:
    """One agent loses its power under two jobs, and comes back eleven minutes later."""
    tuesday = first + timedelta(days=8 + (1 - first.weekday()) % 7)
    killed = at(tuesday, 11, 20, 40)
    makers = [holder for holder in cast.regulars if PRINTING in holder.skills][1:3]
    machines = [machine.code for machine in builder.lab.machines if machine.agent == _KILLED_AGENT]
    for machine, since, maker in zip(machines, (5117, 1743), makers, strict=False):
        builder.visit(machine, maker, killed - since, killed, Ending.KILLED)
        builder.diary.take(machine, killed + 61, killed + 700)
    builder.diary.take(machines[2], killed - 1800, killed + 700)
    builder.fault(killed, Break.AGENT_KILLED, _KILLED_AGENT)
    builder.fault(killed + 660, Break.AGENT_BACK, _KILLED_AGENT)


def _chapters(whole: Plan, firsts: list[date], finish: int) -> Iterator[Chapter]:
    """Cut at the mornings on which the months may be closed."""
    ends = [at(first, 0) + _CLOSED_AFTER_S for first in firsts[1:]] + [finish]
    begin = whole.begin
    for index, (first, end) in enumerate(zip(firsts, ends, strict=True)):
        moments = tuple(one for one in whole.moments if begin <= one.at < end)
        visits = tuple(visit for visit in whole.visits if begin <= visit.start < end)
        yield Chapter(f"{first:%Y-%m}", Plan(begin, end, moments, visits, ()), index < INVOICED)
        begin = end
