"""The simulated board's memory-mapped file: virtual time, and 64 pins an agent, which outlive the process behind them.

First 8 bytes: virtual wall time in ms, little-endian. Then for each agent, in the order in which agents first appear in
board.json, 64 pins of 8 bytes: function (0 input, 1 output), level, pull, what the board does to the pin (1: its driver is
broken, 2: a wire closes it to ground), and a count of writes (u32).
"""

import json
import mmap
import struct
from dataclasses import dataclass
from errno import EIO
from pathlib import Path
from typing import Any, NamedTuple

MAP_NAME = "board.map"
CONFIG_NAME = "board.json"
INPUT, OUTPUT = 0, 1
FLOATING, PULL_UP, PULL_DOWN = 0, 1, 2
PINS = 64
_TIME_BYTES = 8
_PIN_BYTES = 8
_HIGH = bytes((OUTPUT, 1))
_BROKEN, _GROUNDED = 1, 2
_CONTACTOR_MS = 30
_WRITES = struct.Struct("<I")
WIRES = ("contact", "estop", "button", "problem", "bypass")


@dataclass(frozen=True, slots=True)
class Wiring:
    """The wires into one machine's box: name and pin of each. ``mirror``: the contact is open while power is closed."""

    pins: tuple[tuple[str, int], ...] = ()
    mirror: bool = True
    contactor_ms: int = _CONTACTOR_MS  # from the relay to the contactor's own contacts


@dataclass(frozen=True, slots=True)
class Place:
    """Where one machine hangs: at which agent, and on which pin its relay."""

    machine: str
    agent: str
    relay: int
    wiring: Wiring = Wiring()

    @property
    def pins(self) -> list[int]:
        return [self.relay, *(pin for _, pin in self.wiring.pins)]


@dataclass(frozen=True, slots=True)
class BoardConfig:
    virtual: bool
    start_ms: int
    kernel_keeps_level: bool
    places: tuple[Place, ...]

    @property
    def agents(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(place.agent for place in self.places))


def read_config(directory: Path) -> BoardConfig:
    """Raises ValueError naming what is missing or twice in board.json."""
    plain: dict[str, Any] = json.loads((directory / CONFIG_NAME).read_text())
    try:
        places = tuple(_place(table) for table in plain["machines"])
        config = BoardConfig(
            bool(plain["virtual"]), int(plain["start_ms"]), bool(plain.get("kernel_keeps_level", False)), places
        )
    except KeyError as error:
        raise ValueError(f"{CONFIG_NAME}: {error} is missing") from error
    for what in ([p.machine for p in places], [(p.agent, pin) for p in places for pin in p.pins]):
        if len(set(what)) < len(what):
            raise ValueError(f"{CONFIG_NAME}: a machine or a pin is named twice")
    if not all(0 <= pin < PINS for place in places for pin in place.pins):
        raise ValueError(f"{CONFIG_NAME}: pins go from 0 to {PINS - 1}")
    if config.virtual and any(place.wiring.pins for place in places):
        raise ValueError(f"{CONFIG_NAME}: wires into the box need real time: nobody tells when they were looked at")
    return config


def _place(table: dict[str, Any]) -> Place:
    pins = tuple((name, int(table[name])) for name in WIRES if name in table)
    mirror = table.get("contact_kind", "mirror") == "mirror"
    wiring = Wiring(pins, mirror, int(table.get("contactor_ms", _CONTACTOR_MS)))
    return Place(str(table["machine"]), str(table["agent"]), int(table["relay"]), wiring)


class PinState(NamedTuple):
    function: int
    level: int
    pull: int
    broken: bool
    writes: int

    @property
    def driven(self) -> bool:
        """True when the relay is pulled in: an output that is high. A level alone says nothing, nor does a function."""
        return self.function == OUTPUT and self.level == 1


class TimeCell:
    """The virtual time in the file. Eight aligned bytes are moved at once, so that no reader sees half a change."""

    def __init__(self, directory: Path, writable: bool = False) -> None:
        self._map = _open(directory / MAP_NAME, writable)

    def read(self) -> int:
        return int.from_bytes(self._map[:_TIME_BYTES], "little", signed=True)

    def write(self, wall_ms: int) -> None:
        self._map[:_TIME_BYTES] = wall_ms.to_bytes(_TIME_BYTES, "little", signed=True)


class PinBank:
    """The 64 pins of one agent. Function and level change in one move; ``writes`` has one writer, the agent."""

    def __init__(self, directory: Path, agents: tuple[str, ...], agent: str) -> None:
        self._map = _open(directory / MAP_NAME, writable=True)
        self._start = _TIME_BYTES + agents.index(agent) * PINS * _PIN_BYTES

    def read(self, pin: int) -> PinState:
        at = self._at(pin)
        function, level, pull, flags = self._map[at : at + 4]
        if function == INPUT and flags & _GROUNDED:
            level = 0
        return PinState(function, level, pull, bool(flags & _BROKEN), _WRITES.unpack_from(self._map, at + 4)[0])

    def driven(self, pin: int) -> bool:
        """As PinState.driven, for those who look often."""
        at = self._at(pin)
        return self._map[at : at + 2] == _HIGH

    def drive(self, pin: int, level: int) -> None:
        """Make the pin an output at ``level``. Raises OSError where its driver is broken."""
        at = self._at(pin)
        if self._map[at + 3] & _BROKEN:
            raise OSError(EIO, f"simulated: the driver of pin {pin} is broken")
        self._map[at : at + 2] = bytes((OUTPUT, level))
        self._count(at)

    def release(self, pin: int, pull: int) -> None:
        """Make the pin an input. Its level is then a resistor's: ours where we pull up, else the board's pull-down."""
        at = self._at(pin)
        self._map[at : at + 3] = bytes((INPUT, 1 if pull == PULL_UP else 0, pull))
        self._count(at)

    def spoil(self, pin: int, broken: bool, lets_go: bool = True) -> None:
        """Break the pin's driver, which lets go of the relay at once or holds it as it is; or repair it."""
        at = self._at(pin)
        if broken and lets_go:
            self._map[at + 1] = 0
        self._flag(at, _BROKEN, broken)

    def ground(self, pin: int, closed: bool) -> None:
        """A wire outside closes this pin to ground, or opens again. What an input then reads is low, or its resistor's."""
        self._flag(self._at(pin), _GROUNDED, closed)

    def fall(self) -> None:
        """What the hardware does when nobody drives it any more: every pin an input, at the board's resistor."""
        for pin in range(PINS):
            at = self._at(pin)
            self._map[at : at + 3] = bytes((INPUT, 0, FLOATING))

    def _at(self, pin: int) -> int:
        if not 0 <= pin < PINS:
            raise ValueError(f"pin {pin} is not on the board")
        return self._start + pin * _PIN_BYTES

    def _flag(self, at: int, flag: int, on: bool) -> None:
        """Only the board's process does this, so that two flags do not need to change at once."""
        self._map[at + 3] = self._map[at + 3] | flag if on else self._map[at + 3] & ~flag

    def _count(self, at: int) -> None:
        written = _WRITES.unpack_from(self._map, at + 4)[0]
        _WRITES.pack_into(self._map, at + 4, (written + 1) & 0xFFFFFFFF)


def create(directory: Path, config: BoardConfig) -> None:
    """A fresh file: the start of virtual time, and every pin an input at rest."""
    size = _TIME_BYTES + len(config.agents) * PINS * _PIN_BYTES
    (directory / MAP_NAME).write_bytes(config.start_ms.to_bytes(_TIME_BYTES, "little", signed=True).ljust(size, b"\0"))


def _open(path: Path, writable: bool) -> mmap.mmap:
    with path.open("r+b" if writable else "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ)
