"""The month as it will be lived: who comes when to which machine, and everything that happens on the way. Pure and seeded.

Faults and scenes are placed first because they need their machines; ordinary work fills what is left.
"""

from datetime import date
from random import Random

from server.demo.builder import Builder
from server.demo.cast import Cast, make_cast
from server.demo.days import BEFORE, MONTH_ENDS, Days, at
from server.demo.faults import plan_faults
from server.demo.lab import CNC, LASER, PRINTER, Lab
from server.demo.lab_people import CUTTING, MILLING, PRINTING, Holder
from server.demo.moments import Plan, Visit
from server.demo.scenes import plan_scenes
from wire.messages import DenialReason

_HOUR = 3600
_SKILL = {PRINTER: PRINTING, CNC: MILLING, LASER: CUTTING}
_VISITS_ON = (58, 58, 58, 58, 56, 31, 14)  # Monday … Sunday
_LONG_PRINTS_IN_31_DAYS = 34
_COMES_AT = {7: 2, 8: 8, 9: 12, 10: 12, 11: 9, 12: 5, 13: 9, 14: 12, 15: 11, 16: 9, 17: 7, 18: 5, 19: 3, 20: 2, 21: 1}
_MONDAY_TO_FRIDAY, _SATURDAY = range(8, 19), range(9, 16)  # hours at which a job that needs opening hours begins


def make_timetable(lab: Lab, days: Days, seed: int) -> tuple[Plan, Cast]:
    cast = make_cast(lab, days, seed)
    builder = Builder(lab, Random(f"timetable {seed}"))
    plan_faults(builder, days, cast)
    plan_scenes(builder, days, cast)
    for _ in range(max(3, round(_LONG_PRINTS_IN_31_DAYS * days.count / 31))):
        long_print(builder, cast, builder.random.choice(days.all()[:-1] or days.all()))
    for day in days.all():
        for _ in range(_VISITS_ON[day.weekday()]):
            ordinary(builder, cast, day)
        refusals(builder, cast, day)
    begin = at(days.first - BEFORE, 20)
    return builder.plan(begin, MONTH_ENDS + 6 * _HOUR + 300), cast


def long_print(builder: Builder, cast: Cast, day: date) -> None:
    """Started before going home, collected the next morning or the one after."""
    random = builder.random
    for _ in range(50):
        start = at(day, random.randint(14, 20), random.randrange(60), random.randrange(60))
        seconds = random.randint(10 * _HOUR + 600, 17 * _HOUR)
        if _try(builder, cast, PRINTER, start, seconds):
            return


def ordinary(builder: Builder, cast: Cast, day: date) -> None:
    random = builder.random
    for _ in range(200):
        category = random.choices((PRINTER, CNC, LASER), (70, 22, 8))[0]
        hour = random.choices(list(_COMES_AT), list(_COMES_AT.values()))[0]
        if category != PRINTER and hour not in _open_hours(day):
            continue
        start = at(day, hour, random.randrange(60), random.randrange(60))
        if _try(builder, cast, category, start, _duration(random, category)):
            return


def _open_hours(day: date) -> range:
    if day.weekday() == 6:
        return range(0)
    return _SATURDAY if day.weekday() == 5 else _MONDAY_TO_FRIDAY


def _duration(random: Random, category: str) -> int:
    """Seconds: a median of 69 minutes for prints, 52 for milling, 16 for cutting."""
    median, spread, longest = {
        PRINTER: (69 * 60, 0.65, 9 * _HOUR),
        CNC: (52 * 60, 0.55, 5 * _HOUR),
        LASER: (16 * 60, 0.6, 100 * 60),
    }[category]
    return round(min(max(median * random.lognormvariate(0, spread), 240), longest))


def _try(builder: Builder, cast: Cast, category: str, start: int, seconds: int) -> bool:
    random = builder.random
    machine = random.choice(builder.lab.machines_of(category)).code
    if not builder.diary.free(machine, start, start + seconds):
        return False
    holder = random.choice(_able(cast, category))
    builder.visit(machine, holder, start, start + seconds)
    _in_between(builder, cast, category, Visit(machine, holder.key, start, start + seconds), holder.card)
    return True


def _in_between(builder: Builder, cast: Cast, category: str, visit: Visit, card: str) -> None:
    """Now and then the holder looks how long the job has run, or somebody else tries at the busy printer."""
    random = builder.random
    moment = visit.start + visit.seconds // 2 + random.randrange(60)
    if random.random() < 0.04:
        builder.tap(moment, visit.machine, card)
    elif category == PRINTER and random.random() < 0.02:
        other = random.choice([one for one in _able(cast, category) if one.key != visit.holder])
        builder.refused_beside(moment, visit.machine, other.card, DenialReason.IN_USE)


def refusals(builder: Builder, cast: Cast, day: date) -> None:
    """A badge nobody knows, a mill without the course, a mill at night: about three times in two days."""
    random = builder.random
    stranger = f"99{random.randrange(16**8):08X}"
    builder.refused_within(PRINTER, range(at(day, 8), at(day, 20)), stranger, DenialReason.UNKNOWN_TOKEN)
    if _open_hours(day) and random.random() < 0.8:
        novice = random.choice([holder for holder in cast.regulars if MILLING not in holder.skills])
        daytime = range(at(day, 9, 30), at(day, 16))
        builder.refused_within(CNC, daytime, novice.card, DenialReason.QUALIFICATION_MISSING)
    if random.random() < 0.6:
        miller = random.choice(_able(cast, CNC))
        builder.refused_within(CNC, range(at(day, 21), at(day, 22)), miller.card, DenialReason.OUTSIDE_HOURS)


def _able(cast: Cast, category: str) -> list[Holder]:
    return [holder for holder in cast.regulars if _SKILL[category] in holder.skills]
