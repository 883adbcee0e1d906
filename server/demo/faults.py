"""What breaks during the demo's month: two brokers, an agent, a clock, a server that returns from yesterday's backup."""

from collections.abc import Sequence

from server.demo.builder import Builder
from server.demo.cast import Cast
from server.demo.days import Days, at
from server.demo.lab_people import MILLING, PRINTING, Holder
from server.demo.moments import Break, Ending
from server.demo.restored import plan_restore
from wire.messages import DenialReason

KILLED_AGENT = "agent-3"
CLOCKLESS_AGENT = "agent-5"
_MINUTE = 60


def plan_faults(builder: Builder, days: Days, cast: Cast) -> None:
    """Placed before everything else, because they hold the machines they need."""
    _broker(builder, at(days.workday(0.2), 10, 5), 25 * _MINUTE)
    _broker(builder, at(days.all()[-1], 15, 40), 35 * _MINUTE)
    printing = [holder for holder in cast.regulars if PRINTING in holder.skills]
    _agent_killed(builder, at(days.workday(0.4), 11, 20, 40), printing[:2])
    _clockless(builder, at(days.workday(0.55), 14, 20), cast)
    plan_restore(builder, days, cast)


def _broker(builder: Builder, killed: int, away: int) -> None:
    builder.fault(killed, Break.BROKER_KILLED)
    builder.fault(killed + away, Break.BROKER_BACK)


def _agent_killed(builder: Builder, killed: int, makers: Sequence[Holder]) -> None:
    """Two jobs are running, neither at a multiple of its 30-second checkpoint; the third machine is left alone."""
    back = killed + 11 * _MINUTE
    first, second, third = _machines_of(builder, KILLED_AGENT)
    for machine, since, holder in ((first, 1517, makers[0]), (second, 743, makers[1])):
        builder.visit(machine, holder, killed - since, killed, Ending.KILLED)
        builder.diary.take(machine, killed + 61, back)
    builder.diary.take(third, killed - 30 * _MINUTE, back)
    builder.fault(killed, Break.AGENT_KILLED, KILLED_AGENT)
    builder.fault(back, Break.AGENT_BACK, KILLED_AGENT)
    builder.visit(first, makers[0], back + 4 * _MINUTE, back + 31 * _MINUTE)


def _clockless(builder: Builder, stopped: int, cast: Cast) -> None:
    """The Pi starts without network time. What cuts refuses until the clock is set, and works after."""
    miller = next(holder for holder in cast.regulars if MILLING in holder.skills)
    machines = _machines_of(builder, CLOCKLESS_AGENT)
    cutter = machines[-1]
    for machine in machines:
        builder.diary.take(machine, stopped - 10 * _MINUTE, stopped + 20 * _MINUTE)
    builder.fault(stopped, Break.AGENT_STOPPED, CLOCKLESS_AGENT)
    builder.fault(stopped + 4 * _MINUTE, Break.CLOCKLESS_BOOT, CLOCKLESS_AGENT)
    builder.refused_beside(stopped + 9 * _MINUTE, cutter, miller.card, DenialReason.CLOCK_NOT_SET)
    builder.fault(stopped + 14 * _MINUTE, Break.CLOCK_SET, CLOCKLESS_AGENT)
    builder.visit(cutter, miller, stopped + 22 * _MINUTE, stopped + 57 * _MINUTE)


def _machines_of(builder: Builder, agent: str) -> list[str]:
    return [machine.code for machine in builder.lab.machines if machine.agent == agent]
