"""A SIMULATED SPI bus: what ``import spidev`` finds where there are no chips but simulated ones.

The only thing that tests replace below the card reader.
"""

import errno
import os
import sys
from types import ModuleType

from agent.hardware.simulated_mfrc522 import Chip

_chips: dict[tuple[int, int], Chip] = {}


def plug(bus: int, device: int, chip: Chip | None) -> None:
    """From now on this chip is at that place of the bus; None: there is no such place."""
    if chip is None:
        _chips.pop((bus, device), None)
    else:
        _chips[bus, device] = chip


def install() -> None:
    """To be done before ``agent.hardware.pcd`` or ``rfid`` is imported."""
    module = ModuleType("spidev", __doc__)
    vars(module)["SpiDev"] = SpiDev
    sys.modules["spidev"] = module


class SpiDev:
    """Has the names of spidev's class that are used."""

    def __init__(self) -> None:
        self.max_speed_hz = 0
        self._chip: Chip | None = None

    def open(self, bus: int, device: int) -> None:
        """Raises FileNotFoundError, as the kernel does where SPI is not switched on."""
        if (bus, device) not in _chips:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"/dev/spidev{bus}.{device}")
        self._chip = _chips[bus, device]

    def xfer2(self, data: list[int]) -> list[int]:
        if self._chip is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._chip.transfer(data)

    def close(self) -> None:
        self._chip = None
