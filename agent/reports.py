"""What reaches the main loop from the link's thread, and what the loop asks of the link. Readers: see ``hardware``."""

from dataclasses import dataclass
from typing import Protocol

from agent.access import Index


@dataclass(frozen=True, slots=True)
class Connected:
    pass


@dataclass(frozen=True, slots=True)
class Disconnected:
    pass


@dataclass(frozen=True, slots=True)
class ListArrived:
    """Laid out for look-up already, so that a badge never waits for a large list to be parsed."""

    index: Index
    payload: bytes


@dataclass(frozen=True, slots=True)
class ReceiptArrived:
    through: dict[str, int]


@dataclass(frozen=True, slots=True)
class LinkTrouble:
    """Something is wrong on the other side. ``code`` is a fault's code."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Drain:
    """An update waits: start nothing more, and end with the last session."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The process is asked to end in order."""


LinkReport = Connected | Disconnected | ListArrived | ReceiptArrived | LinkTrouble


class Line(Protocol):
    """The link as the main loop sees it. Neither method blocks."""

    def wake(self) -> None:
        """There may be new events in the outbox."""

    def set_status(self, status: bytes) -> None: ...
