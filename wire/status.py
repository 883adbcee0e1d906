"""How an agent and its machines stand: one retained message, which is also the last will."""

from dataclasses import dataclass

from wire.codec import decode
from wire.words import PROTOCOL, MachineState

MAX_STATUS_BYTES = 32 * 1024


@dataclass(frozen=True, slots=True)
class MachineStatus:
    machine: str
    state: MachineState | str
    since_ms: int  # wall time of the last change of state
    session: str | None = None
    checkpoint_s: int | None = None  # seconds occupied at the last 30-second checkpoint
    latched: bool = False
    faults: tuple[str, ...] = ()
    problem: bool = False  # latched because somebody reported one
    running: bool | None = None  # by the meter; None: no meter, or a silent one
    proven_open_ms: int | None = None  # wall time at which the contact was last seen to open on our release
    lacks: tuple[str, ...] = ()  # features its rules ask for and its box has no part for


@dataclass(frozen=True, slots=True)
class Status:
    """Retained, and the last will (``online`` false). ``boot`` lets the server ignore the late will of an old connection."""

    agent: str
    online: bool
    boot: str
    version: str = ""
    protocol: int = PROTOCOL
    revision: int = 0  # of the list in force
    outbox: str | None = None
    last_n: int = 0
    at_ms: int = 0
    synced: bool = False
    understands: tuple[str, ...] = ()
    machines: tuple[MachineStatus, ...] = ()
    disk_free_mb: int | None = None  # to the hundred


def decode_status(payload: bytes) -> Status:
    return decode(Status, payload, MAX_STATUS_BYTES)
