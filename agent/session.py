"""What one machine does next: one table from its state and what happens to what it becomes and what the box then does.

Pure. The main loop (controller.py) turns the world into stimuli, calls ``step()`` and carries out the effects in their order:
at a start the record comes before the relay, at an end the relay before the record (design rules 1 to 3). The rules stand in
``agent/rules/``, a file for each moment; the failure matrix in ``failures.py``; the diagram in ``firmware_notes/``.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from agent.failures import MATRIX
from agent.machine import Machine
from agent.rules import badge, clockwork, end, pin, senses, signing, start, trouble, use
from agent.rules.clockwork import next_checkpoint, next_deadline, next_glance
from agent.rules.common import Handler, Next, stay
from agent.stimuli import (
    Draining,
    EndRecorded,
    Failed,
    Felt,
    LatchRecorded,
    Lying,
    Measured,
    Mended,
    NotRecorded,
    PinChecked,
    Pressed,
    ProblemPressed,
    RandomCard,
    Removed,
    Stimulus,
    Stopping,
    Tapped,
    Ticked,
    Wished,
)
from wire.messages import MachineState, Stamp

__all__ = ["MATRIX", "TRANSITIONS", "next_checkpoint", "next_deadline", "next_glance", "step"]


def step(machine: Machine, stimulus: Stimulus, now: Stamp) -> Next:
    """The machine after ``stimulus``, and what to do, in order."""
    if isinstance(stimulus, Tapped | Lying):
        machine = replace(machine, lying=stimulus.token)
    after, effects = TRANSITIONS[machine.state, type(stimulus)](machine, stimulus, now)
    if isinstance(stimulus, Removed):
        after = replace(after, lying=None)
    if after.state is not machine.state:
        after = replace(after, since_ms=now.wall_ms)
    return after, effects


def _wished(machine: Machine, stimulus: Wished, now: Stamp) -> Next:
    """A bypass that is over leaves the contact to be looked at again."""
    machine, effects = trouble.wished(machine, stimulus, now)
    machine, more = senses.held(machine, now)
    return machine, (*effects, *more)


# --- the table ----------------------------------------------------------------------------------------------------------

_IN_EVERY_STATE: dict[type[Stimulus], Handler] = {
    Lying: stay,
    Removed: stay,
    RandomCard: trouble.random_card,
    Pressed: stay,
    ProblemPressed: trouble.problem_pressed,
    PinChecked: stay,
    Felt: senses.felt,
    Measured: senses.measured,
    Ticked: clockwork.ticked_at_rest,
    Wished: _wished,
    Failed: trouble.failed,
    Mended: trouble.mended,
    NotRecorded: stay,
    EndRecorded: stay,
    LatchRecorded: trouble.latch_recorded,
    Draining: trouble.draining,
    Stopping: stay,
}
_ONLY_IN: dict[MachineState, dict[type[Stimulus], Handler]] = {
    MachineState.IDLE: {
        Tapped: badge.tapped_at_rest,
        Pressed: badge.pressed_at_rest,
        PinChecked: pin.pin_checked,
    },
    MachineState.ARMED: {
        Tapped: badge.tapped_while_armed,
        Pressed: start.pressed_while_armed,
    },
    MachineState.RUNNING: {
        Tapped: use.tapped,
        Lying: use.lying,
        Removed: use.removed,
        Pressed: use.pressed,
        Measured: clockwork.measured_in_use,
        Ticked: clockwork.ticked_in_use,
        NotRecorded: start.start_not_recorded,
        Stopping: end.stopping,
    },
    MachineState.COOLING: {
        Tapped: end.tapped_while_cooling,
        Ticked: clockwork.ticked_while_cooling,
        Stopping: end.stopping,
    },
    MachineState.ENDING: {
        Tapped: badge.tapped_while_closed,
        EndRecorded: end.end_recorded,
    },
    MachineState.OUT_OF_SERVICE: {
        Tapped: badge.tapped_while_closed,
        Pressed: signing.pressed,
    },
    MachineState.MAINTENANCE: {Tapped: badge.tapped_while_closed},
}
TRANSITIONS: Mapping[tuple[MachineState, type[Stimulus]], Handler] = MappingProxyType(
    {
        (state, kind): handler
        for state in MachineState
        for kind, handler in {**_IN_EVERY_STATE, **_ONLY_IN[state]}.items()
    }
)
