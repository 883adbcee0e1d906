"""Carries out what ``session.step()`` decides: switches the relay, writes the record, in the order given.

What goes wrong on the way comes back as a stimulus, and the failure matrix says what then happens to the machine.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from agent.failures import Column, Failure
from agent.hardware import Relay
from agent.machine import Machine, PinEntry
from agent.recorder import Job, Recorder, append
from agent.records import unproven
from agent.session import step
from agent.state import State, StateUnwritable, Transaction
from agent.stimuli import (
    CheckPin,
    EndRecorded,
    Energise,
    Failed,
    Latching,
    LatchRecorded,
    Mended,
    NotRecorded,
    PinChecked,
    Record,
    Release,
    Row,
    Stimulus,
)
from wire.messages import Body, MachineState, Stamp

log = logging.getLogger(__name__)


class Driver:
    """The machines of one agent. ``wake``: there is something new in the outbox."""

    def __init__(
        self,
        machines: Sequence[Machine],
        relays: Mapping[str, Relay],
        state: State,
        wake: Callable[[], None],
        pin_fits: Callable[[PinEntry], bool],
    ) -> None:
        self.machines = {machine.id: machine for machine in machines}
        self.recorder = Recorder(state, self._disk)
        self._relays = relays
        self._wake = wake
        self._pin_fits = pin_fits

    def apply(self, machine_id: str, stimulus: Stimulus, now: Stamp) -> None:
        """A release that fails hinders no record, but nothing starts after it; what it means is judged at the end."""
        self.machines[machine_id], effects = step(self.machines[machine_id], stimulus, now)
        lost: str | None = None
        try:
            for effect in effects:
                if isinstance(effect, Release):
                    lost = self._release(machine_id) or lost
                elif lost is not None and isinstance(effect, Record) and effect.first:
                    self.apply(machine_id, NotRecorded(), now)
                    break
                elif not self._carry_out(machine_id, effect, now):
                    break
        finally:
            if lost is not None:
                self.apply(machine_id, Failed(Failure.OUTPUT_FAILED, lost), now)

    def apply_to_all(self, stimulus: Stimulus, now: Stamp) -> None:
        for machine_id in self.machines:
            self.apply(machine_id, stimulus, now)

    def record(self, events: Sequence[Body], now: Stamp) -> None:
        """Write events that belong to no machine's state."""
        self.write(partial(append, events), now)

    def write(self, work: Callable[[Transaction], Sequence[int]], now: Stamp, key: str | None = None) -> None:
        self.recorder.put(now, Job(work, work, self._written, key))

    def let_go(self) -> None:
        """Release every relay, whatever else is the matter. A holding actuator in use keeps its own state."""
        for machine_id in self._relays:
            machine = self.machines[machine_id]
            if not (machine.column is Column.LOW_HOLD and machine.powered):
                self._release(machine_id)

    def check_outputs(self, now: Stamp) -> None:
        """Read every output back. One that is not what it was told is lost (design rule 4)."""
        for machine_id, relay in self._relays.items():
            trouble = _trouble_of(relay.check)
            if trouble is not None and Failure.OUTPUT_FAILED not in self.machines[machine_id].failures:
                self.apply(machine_id, Failed(Failure.OUTPUT_FAILED, trouble), now)

    def _carry_out(self, machine_id: str, effect: Energise | CheckPin | Record, now: Stamp) -> bool:
        """False when what was to follow must not happen."""
        match effect:
            case Energise():
                return self._energise(machine_id, now)
            case CheckPin(entry):
                self.apply(machine_id, PinChecked(self._pin_fits(entry)), now)
            case Record(first=True):
                return self._record_first(machine_id, effect, now)
            case Record():
                self._record(machine_id, effect, now)
        return True

    def _energise(self, machine_id: str, now: Stamp) -> bool:
        trouble = _trouble_of(self._relays[machine_id].energise)
        if trouble is not None:
            self.apply(machine_id, Failed(Failure.OUTPUT_FAILED, trouble), now)
        return trouble is None

    def _release(self, machine_id: str) -> str | None:
        """A pin that does not obey is given up, which leaves it to the board's pull-down."""
        relay = self._relays[machine_id]
        trouble = _trouble_of(relay.release)
        if trouble is not None:
            _trouble_of(relay.close)
        return trouble

    def _record_first(self, machine_id: str, record: Record, now: Stamp) -> bool:
        try:
            self.recorder.must(now, partial(_write, record, self.machines[machine_id]))
        except StateUnwritable:
            self.apply(machine_id, NotRecorded(), now)
            return False
        except Exception:
            self.apply(machine_id, NotRecorded(), now)
            raise
        self._wake()
        return True

    def _record(self, machine_id: str, record: Record, now: Stamp) -> None:
        machine = self.machines[machine_id]
        late = replace(record, events=tuple(map(unproven, record.events)))
        job = Job(
            work=partial(_write, record, machine),
            late=partial(_write, late, machine),
            after=partial(self._recorded, machine_id, record),
            key=f"row of {machine_id}" if _only_the_row(record) else None,
        )
        self.recorder.put(now, job)

    def _recorded(self, machine_id: str, record: Record, numbers: Sequence[int], now: Stamp) -> None:
        self._written(numbers, now)
        if record.latch is Latching.SET:
            self.apply(machine_id, LatchRecorded(numbers[-1]), now)
        if self.machines[machine_id].state is MachineState.ENDING and record.row is Row.DROP:
            self.apply(machine_id, EndRecorded(), now)

    def _written(self, numbers: Sequence[int], now: Stamp) -> None:
        if numbers:
            self._wake()

    def _disk(self, trouble: str | None, now: Stamp) -> None:
        if trouble is None:
            log.warning("the state file takes records again")
            self.apply_to_all(Mended(Failure.STATE_UNWRITABLE), now)
        else:
            log.error("the state file takes no records: %s", trouble)
            self.apply_to_all(Failed(Failure.STATE_UNWRITABLE, trouble), now)


def _trouble_of(act: Callable[[], None]) -> str | None:
    try:
        act()
    except Exception as error:
        log.exception("driving the output failed")
        return repr(error)
    return None


def _only_the_row(record: Record) -> bool:
    """Then the next one says all that this one says."""
    return record.row is Row.PUT and not record.events and record.latch is Latching.STAYS and record.memory is None


def _write(record: Record, machine: Machine, transaction: Transaction) -> list[int]:
    numbers = append(record.events, transaction)
    if record.session is not None and record.row is Row.PUT:
        transaction.put_running(record.session)
    elif record.row is Row.DROP:
        transaction.drop_running(machine.id)
    if record.latch is Latching.SET and machine.latch is not None:
        transaction.put_latch(machine.id, replace(machine.latch, n=numbers[-1]))
    elif record.latch is Latching.CLEARED:
        transaction.drop_latch(machine.id)
    if record.memory is not None:
        transaction.put_memory(machine.id, record.memory)
    return numbers
