"""gpiozero pins that live in the simulated board's file, outside this process: a killed agent leaves them as they were.

All that stands above these pins is the code that runs on a Pi. As with the real driver, taking a pin makes it a
floating input for a moment, and closing it leaves it an input at the board's pull-down: look at function and level.
"""

from pathlib import Path
from typing import Any

from gpiozero.exc import (
    PinEdgeDetectUnsupported,
    PinFixedPull,
    PinInvalidFunction,
    PinInvalidPull,
    PinPWMUnsupported,
    PinSetInput,
)
from gpiozero.pins import Factory
from gpiozero.pins.pi import PiFactory, PiPin

from agent.hardware.board_map import FLOATING, INPUT, OUTPUT, PULL_DOWN, PULL_UP, PinBank, read_config

_RASPBERRY_PI_4B = 0xC03111
_PULLS = {"floating": FLOATING, "up": PULL_UP, "down": PULL_DOWN}
_PULL_NAMES = {number: name for name, number in _PULLS.items()}


def board_pin_factory(directory: Path, agent: str) -> Factory:
    """The pins of one agent on the board in ``directory``. Raises ValueError for an agent not named in board.json."""
    agents = read_config(directory).agents
    if agent not in agents:
        raise ValueError(f"the simulated board has no agent {agent!r}, only {', '.join(agents)}")
    return _BoardFactory(PinBank(directory, agents, agent))


class _BoardFactory(PiFactory):  # type: ignore[misc]
    def __init__(self, bank: PinBank) -> None:
        super().__init__()
        self.bank = bank
        self.pin_class = _BoardPin

    def _get_revision(self) -> int:
        return _RASPBERRY_PI_4B


class _BoardPin(PiPin):  # type: ignore[misc]
    """One pin, of which this process keeps nothing but the number."""

    def __init__(self, factory: _BoardFactory, info: Any) -> None:
        super().__init__(factory, info)
        self._bank = factory.bank
        self._bank.release(self._number, FLOATING)

    def close(self) -> None:
        self._bank.release(self._number, FLOATING)

    def _get_function(self) -> str:
        return "output" if self._bank.read(self._number).function == OUTPUT else "input"

    def _set_function(self, value: str) -> None:
        match value:
            case "input":
                self._bank.release(self._number, FLOATING)
            case "output":
                self._bank.drive(self._number, 0)
            case _:
                raise PinInvalidFunction(f"invalid function {value!r} for pin {self!r}")

    def _get_state(self) -> int:
        return self._bank.read(self._number).level

    def _set_state(self, value: float) -> None:
        if self._bank.read(self._number).function == INPUT:
            raise PinSetInput(f"cannot set state of pin {self!r}")
        self._bank.drive(self._number, int(bool(value)))

    def _get_pull(self) -> str:
        return _PULL_NAMES[self._bank.read(self._number).pull]

    def _set_pull(self, value: str) -> None:
        if self._bank.read(self._number).function != INPUT:
            raise PinFixedPull(f"cannot set pull on non-input pin {self!r}")
        if value not in _PULLS:
            raise PinInvalidPull(f"invalid pull {value!r} for pin {self!r}")
        self._bank.release(self._number, _PULLS[value])

    def _get_frequency(self) -> None:
        return None

    def _set_frequency(self, value: float | None) -> None:
        if value is not None:
            raise PinPWMUnsupported(f"no PWM on simulated pin {self!r}")

    def _enable_event_detect(self) -> None:
        raise PinEdgeDetectUnsupported(f"no edge detection on simulated pin {self!r}")
