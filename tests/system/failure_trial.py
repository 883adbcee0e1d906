"""One trial of a failure at four real machines: what was seen of it from outside the agent, as an ``Answer`` of the matrix.

Ada works at all four machines, something fails, and pins, plug, contactors and outbox are looked at; then she tries to start
again, while the failure lasts and once it is mended.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agent.failures import Answer, Column, Failure, NextStart, Power
from tests.agent.conftest import Bench
from tests.system.four_machines import FourMachines, four_machines
from tests.system.four_machines_setup import Setup
from wire.messages import AgentStarted, EndReason, Fault, SessionEnded, TimeQuality

Lab = FourMachines
Powered = dict[Column, bool]
ALL = tuple(Column)
_OURS = frozenset({EndReason.HOLDER})  # ours, to tidy up


def nothing(lab: Lab) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Cause:
    """One way in which a failure comes about. ``strike`` returns when the agent has noticed, and which machines then had
    power, where that is not to be looked up afterwards; ``mend``, when the agent has noticed that too.

    ``begin``: what goes on before. ``ask``: how a start is tried while it lasts, where not by a badge alone.
    """

    failure: Failure
    name: str
    strike: Callable[[Lab], Powered | None]
    mend: Callable[[Lab], None] = nothing
    begin: Callable[[Lab], None] = FourMachines.uses
    end: Callable[[Lab], None] = FourMachines.ends
    ask: Callable[[Lab, Column], None] = FourMachines.asks
    columns: tuple[Column, ...] = ALL
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def setup(self) -> Setup:
        return Setup(f"{self.failure}-{self.name}".replace("_", "-").replace(" ", "-"), **self.options)


def observed(cause: Cause, bench: Bench) -> dict[Column, Answer]:
    """The whole trial, at an agent of its own on this board."""
    with four_machines(bench, cause.setup) as lab:
        cause.begin(lab)
        powered = cause.strike(lab) or lab.power_kept(cause.columns)
        cause.end(lab)
        started = lab.starts(cause.columns, cause.ask)
        cause.mend(lab)
        mended = lab.starts([column for column in cause.columns if column not in started])
        return {
            column: _answer(cause, lab, column, powered[column], _next_start(column, started, mended))
            for column in cause.columns
        }


def _next_start(column: Column, started: set[Column], mended: set[Column]) -> NextStart:
    if column in started:
        return NextStart.ALLOWED
    return NextStart.DENIED if column in mended else NextStart.LATCHED


def _answer(cause: Cause, lab: Lab, column: Column, powered: bool, next_start: NextStart) -> Answer:
    ended = lab.events(SessionEnded, column)[:1]
    reasons = [one.reason for one in ended if one.reason not in _OURS]
    told = any(fault.code == cause.failure for fault in lab.events(Fault, column))
    # an agent that was gone cannot tell: that it starts anew, and the end that it finds, is what staff are told of
    found = EndReason.POWER_LOSS in reasons and len(lab.events(AgentStarted)) > 1
    return Answer(
        power=Power.STAYS if powered else Power.RELEASED,
        next_start=next_start,
        end=reasons[0] if reasons else None,
        alarm=told or found,
        estimated=any(one.ended.quality is TimeQuality.ESTIMATED for one in ended),
    )
