"""What the reconciler can find: the stations a figure passes, a session that is whole, and two stations that disagree."""

from dataclasses import dataclass
from enum import StrEnum

from server.demo.evidence import Pin, Session
from server.demo.secondhand import Expected


class Station(StrEnum):
    PIN = "pin"
    EVENT = "event"
    SESSION = "session"
    CHARGE = "charge"
    LINE = "line"
    DOCUMENT = "document"
    MACHINE = "machine"
    READER = "reader"
    LEDGER = "ledger"
    BRIDGE = "bridge"
    DEMO = "demo"


class Fate(StrEnum):
    """What becomes of a session on its way to an invoice."""

    INVOICED = "invoiced"
    INTERNAL = "internal"
    NEXT_MONTH = "next month"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Two stations that disagree about one thing."""

    station: Station
    what: str
    text: str

    def __str__(self) -> str:
        return f"{self.station} {self.what}: {self.text}"


@dataclass(frozen=True, slots=True)
class Walked:
    """One session that is whole from the pin to its charge, or up to where its fate leaves the path."""

    pin: Pin
    session: Session
    fate: Fate
    expected: Expected | None


@dataclass(frozen=True, slots=True)
class Result:
    mismatches: tuple[Mismatch, ...]
    walked: tuple[Walked, ...]
