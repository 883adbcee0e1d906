"""What the mfrc522 package wants of RPi.GPIO, made of gpiozero: its readers' reset line and not one pin more.

RPi.GPIO itself is never installed: it writes to registers that a Raspberry Pi 5 does not have, it knows nothing of a
simulated board, and its clean-up would let go of every pin of the process, relays included.
"""

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from gpiozero.output_devices import OutputDevice
from gpiozero.pins import Factory

NO_PIN = -2  # the reset line is wired to 3.3 V. Not -1: by that the package means a pin of its own choice, a UART's
_BOARD, _BCM, _IN, _OUT = 10, 11, 1, 0
_PULSE_S = 0.001  # the chip asks for 100 ns
_lock = threading.Lock()


@dataclass(slots=True)
class _Line:
    output: Any
    readers: int


_lent: dict[int, _Line] = {}


def lend(pin: int, factory: Factory) -> None:
    """Take a pin (Broadcom number) as reset line, high from the first moment. Readers may share one.

    Raises gpiozero's GPIOPinInUse where a relay has it.
    """
    with _lock:
        if pin not in _lent:
            _lent[pin] = _Line(OutputDevice(pin, initial_value=True, pin_factory=factory), 0)
        _lent[pin].readers += 1


def give_back(pin: int) -> None:
    """The last reader to do so closes the pin."""
    with _lock:
        line = _lent[pin]
        line.readers -= 1
        if not line.readers:
            del _lent[pin]
            line.output.close()


def pulse(pin: int, pause: Callable[[float], None]) -> None:
    """Reset what hangs at this line, for a chip that does not listen any more. Not where two readers share it."""
    with _lock:
        line = _lent[pin]
        if line.readers == 1:
            line.output.off()
            pause(_PULSE_S)
            line.output.on()


def install() -> None:
    """To be done before ``import mfrc522``, which looks for RPi.GPIO by that name."""
    package, module = ModuleType("RPi"), ModuleType("RPi.GPIO", __doc__)
    vars(module).update(
        BOARD=_BOARD,
        BCM=_BCM,
        IN=_IN,
        OUT=_OUT,
        getmode=lambda: _BCM,
        setmode=_setmode,
        setup=_setup,
        output=_output,
        cleanup=lambda *channels: None,
    )
    vars(package)["GPIO"] = module
    sys.modules.update({"RPi": package, "RPi.GPIO": module})


def _setmode(mode: int) -> None:
    if mode != _BCM:
        raise ValueError("pins go by their Broadcom numbers here")


def _setup(pin: int, direction: int) -> None:
    if pin != NO_PIN and (pin not in _lent or direction != _OUT):
        raise ValueError(f"GPIO{pin} is nobody's reset line")


def _output(pin: int, level: int) -> None:
    if pin != NO_PIN:
        _lent[pin].output.value = bool(level)
