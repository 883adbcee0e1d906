"""The permit relay on one GPIO pin. The factory that makes the pin is given: a Pi's, or the simulated board's."""

from typing import Any

from gpiozero.output_devices import OutputDevice
from gpiozero.pins import Factory


class GpioRelay:
    """Active high, off from the first moment: the driver needs a pull-down at the relay board, because a closed pin floats."""

    def __init__(self, pin: int, factory: Factory) -> None:
        self._output: Any = OutputDevice(pin, active_high=True, initial_value=False, pin_factory=factory)
        self._wanted = False

    def energise(self) -> None:
        self._wanted = True
        self._output.on()

    def release(self) -> None:
        self._wanted = False
        self._output.off()

    def check(self) -> None:
        """Raises OSError when the pin is not at the level it was told."""
        if bool(self._output.value) is not self._wanted:
            raise OSError(f"the pin reads {'off' if self._wanted else 'on'}")

    def held(self) -> bool:
        """Never: taking the pin makes it a floating input for a moment, and so lets the relay fall."""
        return False

    def close(self) -> None:
        self._output.close()


def pi_pin_factory() -> Factory:
    """The pins of the Raspberry Pi this runs on. Raises gpiozero.BadPinFactory or ImportError anywhere else.

    Named outright: left to choose, gpiozero falls back without a word to drivers that leave an output on.
    """
    from gpiozero.pins.lgpio import LGPIOFactory

    return LGPIOFactory()
