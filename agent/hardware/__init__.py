"""What the parts of the box must be able to do, whatever they are made of, and what a reader reports to the main loop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agent.panel import Shown


@dataclass(frozen=True, slots=True)
class Presented:
    """A card came to the reader. A card left lying there is one presentation. ``card_id`` never leaves the agent."""

    machine: str
    card_id: str


@dataclass(frozen=True, slots=True)
class FrameRefused:
    """Bytes that looked like a card and were none: torn, wrong checksum, or an id that blank cards have."""

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
class Heard:
    """Bytes came in and have been counted; what they meant, if anything, was reported before."""

    machine: str


ReaderReport = Presented | FrameRefused | ReaderDown | ReaderUp | Heard


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

    def close(self) -> None:
        """Give the pin up, which leaves it to the board's pull-down."""


class Panel(Protocol):
    def show(self, machine: str, shown: Shown) -> None: ...
