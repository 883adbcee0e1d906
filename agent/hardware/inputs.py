"""The wires into the box: feedback contact, emergency stop, buttons, key-switch; looked at often, and told when they change.

Polled instead of waiting for edges: an edge callback that raises kills the pin driver's thread without a word, and a level
that has stood still twice is also free of bounce. Each wire closes to ground and is pulled up, so that a broken one reads open.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from gpiozero.input_devices import InputDevice
from gpiozero.pins import Factory

from agent.hardware import Input, InputsDown, Moved
from agent.places import ContactKind, Inputs

POLL_S = 0.04
log = logging.getLogger(__name__)
Report = Callable[[Moved | InputsDown], None]


class Wire:
    """One input. ``inverted``: it is on while its wire is open."""

    def __init__(self, machine: str, name: Input, pin: int, inverted: bool, factory: Factory) -> None:
        self.machine = machine
        self.name = name
        self._inverted = inverted
        # not gpiozero's DigitalInputDevice, which has callbacks on edges whether anybody wants them or not
        self._device: Any = InputDevice(pin, pull_up=True, pin_factory=factory)
        self._last: bool | None = None
        self._told: bool | None = None

    def look(self) -> Moved | None:
        """What it tells, once it has read the same twice and differs from what was told."""
        on = bool(self._device.value) is not self._inverted
        steady, self._last = on is self._last, on
        if not steady or on is self._told:
            return None
        self._told = on
        return Moved(self.machine, self.name, on)


def wires(machine: str, inputs: Inputs, factory: Factory) -> list[Wire]:
    """The inputs of one machine's box."""
    mirror = inputs.contact_kind is ContactKind.MIRROR
    there = {
        Input.CONTACT: (inputs.contact, mirror),
        Input.ESTOP: (inputs.estop, True),
        Input.BUTTON: (inputs.button, False),
        Input.PROBLEM: (inputs.problem, False),
        Input.BYPASS: (inputs.bypass, False),
    }
    return [Wire(machine, name, pin, inverted, factory) for name, (pin, inverted) in there.items() if pin is not None]


class InputWatcher:
    """Looks at all wires of an agent, in one thread."""

    def __init__(self, watched: Sequence[Wire]) -> None:
        self._wires = watched
        self._down: set[Wire] = set()
        self._stopping = threading.Event()
        self._report: Report = lambda report: None
        self._thread = threading.Thread(target=self._run, name="inputs", daemon=True)

    def start(self, report: Report) -> None:
        self._report = report
        if self._wires:
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def look(self) -> None:
        """One round. A wire that cannot be read is told once in each outage, and looked at again."""
        for wire in self._wires:
            try:
                moved = wire.look()
            except Exception as error:
                if wire not in self._down:
                    log.exception("input %s of %s cannot be read", wire.name, wire.machine)
                    self._report(InputsDown(wire.machine, f"{wire.name}: {error!r}"))
                self._down.add(wire)
            else:
                self._down.discard(wire)
                if moved is not None:
                    self._report(moved)

    def _run(self) -> None:
        while not self._stopping.wait(POLL_S):
            self.look()
