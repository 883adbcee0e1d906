"""What the parts of the box must be able to do, whatever they are made of, and what they report to the main loop.

Readers, meters, inputs and plugs work in threads of their own and report; none of them stops anything (design rule 4).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # what switches relays off imports this package, and no rules with it
    from agent.panel import Shown


@dataclass(frozen=True, slots=True)
class Presented:
    """A card came to the reader. A card left lying there is one presentation. ``card_id`` never leaves the agent."""

    machine: str
    card_id: str


@dataclass(frozen=True, slots=True)
class LeftLying:
    """A card was there already when the reader began to look. Nobody has just held it there, so it must start nothing."""

    machine: str
    card_id: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A card is in the field. Told before its number is read, so that whoever holds it knows at once."""

    machine: str


@dataclass(frozen=True, slots=True)
class Removed:
    """The card that was presented last is gone. Only readers that can tell report it; a reader that fails never does."""

    machine: str


@dataclass(frozen=True, slots=True)
class RandomId:
    """A card or phone that makes up another number each time: nobody can be known by it."""

    machine: str


@dataclass(frozen=True, slots=True)
class FrameRefused:
    """Bytes of a reader or a meter that meant nothing: torn, wrong checksum, or an id that blank cards have."""

    machine: str
    why: str


@dataclass(frozen=True, slots=True)
class ReaderDown:
    machine: str
    detail: str


@dataclass(frozen=True, slots=True)
class ReaderUp:
    machine: str


@dataclass(frozen=True, slots=True)
class ReaderReset:
    """The reader had forgotten its settings, and was set up again. Its card, if it has one, was there all the time."""

    machine: str


@dataclass(frozen=True, slots=True)
class Heard:
    """Bytes came in and have been counted; what they meant, if anything, was reported before."""

    machine: str


ReaderReport = (
    Seen | Presented | LeftLying | Removed | RandomId | FrameRefused | ReaderReset | ReaderDown | ReaderUp | Heard
)


class Input(StrEnum):
    """What a wire into the box can tell. Each is True while the thing it is named for holds."""

    CONTACT = "contact"  # feedback: the machine's power is closed
    ESTOP = "estop"  # an emergency stop is pressed, or its wire is broken
    BUTTON = "button"  # the box's button is down
    PROBLEM = "problem"  # the "report a problem" button is down
    BYPASS = "bypass"  # the key-switch beside the box bridges our contact


@dataclass(frozen=True, slots=True)
class Moved:
    """An input is now so. The first report of each input tells how it stands at the start."""

    machine: str
    input: Input
    on: bool


@dataclass(frozen=True, slots=True)
class InputsDown:
    """An input of this machine cannot be read."""

    machine: str
    detail: str


@dataclass(frozen=True, slots=True)
class Metered:
    """One reading. ``wh``: the meter's own counter, which only grows; None where it has none."""

    machine: str
    watts: float
    wh: float | None


@dataclass(frozen=True, slots=True)
class MeterDown:
    """The meter does not answer. It is silent from now until the next reading, and is told once."""

    machine: str
    detail: str


@dataclass(frozen=True, slots=True)
class OutputTrouble:
    """An actuator that is switched from its own thread did not obey; it goes on trying to release."""

    machine: str
    detail: str


MeterReport = Metered | FrameRefused | MeterDown


@dataclass(frozen=True, slots=True)
class PanelTrouble:
    """A display, lamp or buzzer fails. Told once an outage; it forbids nothing."""

    machine: str
    detail: str


PlugReport = Metered | MeterDown | Moved | OutputTrouble
HardwareReport = ReaderReport | Moved | InputsDown | MeterReport | OutputTrouble | PanelTrouble


class Reader(Protocol):
    """Reads in its own thread, survives a cable pulled out, and stops nothing (design rule 4)."""

    @property
    def bytes_seen(self) -> int | None:
        """Bytes read so far whose meaning has been reported; None while the reader is not open."""

    def start(self, report: Callable[[ReaderReport], None]) -> None: ...

    def stop(self) -> None: ...


class Relay(Protocol):
    """The permit contact. Every method may raise; then control of the output is lost and the main loop acts on that."""

    def energise(self) -> None: ...

    def release(self) -> None: ...

    def check(self) -> None:
        """Read the output back. Raises when it is not what it was last told to be."""

    def held(self) -> bool:
        """Asked once, at the start: True when the actuator proves that it kept its contact closed while we were away."""

    def close(self) -> None:
        """Give the pin up, which leaves it to the board's pull-down."""


class Meter(Protocol):
    """Measures power in its own thread."""

    def start(self, report: Callable[[MeterReport], None]) -> None: ...

    def stop(self) -> None: ...


class Panel(Protocol):
    """Display, lamp and buzzer. Showing never blocks; drawing is done elsewhere than in the caller's thread."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Dark and silent."""

    def show(self, machine: str, shown: "Shown") -> None: ...

    def seen(self, machine: str) -> None:
        """A card is in the field: say so at once, from whatever thread this is."""
