"""What the live board says, worked out from plain facts: one state a machine, what needs a look, what just happened.

Pure: no database, no words, and no person. The service brings the facts, the templates find the words.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from server.dashboard.plan import BAYS, Plan, pack
from server.domain.bookings import Ahead
from server.domain.bypass import bypassed_until
from wire.messages import MachineState, Service

NO_NEWS_AFTER = timedelta(minutes=2)  # a running machine's 30-second checkpoint should have come four times by then
QUARTER = timedelta(minutes=15)
BOOKED_SOON = timedelta(minutes=30)  # from here on a machine is shown as booked, though it is still free
SOON = 6  # machines on the wall's board of departures
RUNNING = (MachineState.RUNNING, MachineState.ENDING)
_READY = (MachineState.IDLE, MachineState.ARMED)
_LOCKED = (MachineState.OUT_OF_SERVICE, MachineState.MAINTENANCE)


class State(StrEnum):
    """The eight states of the status language, in the order in which they are always shown."""

    FREE = "free"
    USE = "use"
    IDLE = "idle"
    COOL = "cool"
    BOOK = "book"
    LOCK = "lock"
    OFF = "off"
    FAULT = "fault"


OCCUPIED = frozenset({State.USE, State.IDLE})  # somebody is at it


@dataclass(frozen=True, slots=True)
class AgentFacts:
    name: str
    online: bool
    seen: datetime | None  # when it last said anything


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """One machine as the books and its agent's last report have it. ``live`` is None before the first report, ``at``
    until somebody has placed it on the plan."""

    code: str
    name: str
    room: str
    agent: AgentFacts
    service: str
    note: str
    limit_s: int | None
    live: str | None = None
    started: datetime | None = None  # of the session it runs
    latched: bool = False
    faults: tuple[str, ...] = ()
    at: tuple[int, int] | None = None
    problem: bool = False  # latched because somebody reported one
    working: bool | None = None  # by its meter; None: nobody measures
    lacks: tuple[str, ...] = ()  # features its rules ask for and its box has no part for
    bypass_until: datetime | None = None  # staff bridge our contact
    booked: Ahead | None = None
    denied: str = ""  # why nobody may start it: not commissioned, or a check that the law asks for is overdue


@dataclass(frozen=True, slots=True)
class Tile:
    """One machine on the board. ``until`` is set where the time stands still: the last moment its agent was heard;
    ``bypass_until`` while staff bridge our contact; ``booked``: what goes on or comes next, nobody's name in it."""

    code: str
    name: str
    room: str
    state: State
    started: datetime | None = None  # occupied since
    until: datetime | None = None
    silent: bool = False
    seen: datetime | None = None
    limit_s: int | None = None
    why: str = ""  # a fault code, what locks it, or that a badge was read
    note: str = ""
    bypass_until: datetime | None = None
    booked: Ahead | None = None


class Worry(StrEnum):
    """What somebody should look at, worst first."""

    FAULT = "fault"
    BYPASSED = "bypassed"  # staff bridge our contact: nothing is gated or measured there
    PROBLEM = "problem"  # somebody pressed "report a problem"
    LATCHED = "latched"
    LACKS = "lacks"  # its rules ask for a part that its box does not have
    CUT_OFF = "cut_off"  # no agent at all is heard: the fault lies on our side of them
    SILENT = "silent"
    OVERTIME = "overtime"


@dataclass(frozen=True, slots=True)
class Trouble:
    worry: Worry
    subject: str = ""  # a machine's or an agent's name
    machine: str = ""  # its code
    since: datetime | None = None
    why: str = ""
    machines: tuple[str, ...] = ()  # names of the machines concerned
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something of today: who it was is not even known here."""

    event: int
    at: datetime
    kind: str
    subject: str
    machine: str = ""
    reasons: tuple[str, ...] = ()
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The day so far, on the lab's clock."""

    sessions: int
    measured_s: int  # of sessions that have ended
    refused: int
    load: tuple[int, ...]  # machines in use, one figure a quarter hour begun
    quarters: int  # in this day: 96, but for the two days on which the clock changes
    hours: tuple[tuple[int, int], ...]  # full hours of the clock, and the quarter in which each begins


@dataclass(frozen=True, slots=True)
class Room:
    name: str
    tiles: tuple[Tile, ...]

    @property
    def free(self) -> int:
        return sum(tile.state is State.FREE for tile in self.tiles)

    @property
    def taken(self) -> bool:
        """Somebody is at every machine: not the same as none being free."""
        return all(tile.state in OCCUPIED for tile in self.tiles)


@dataclass(frozen=True, slots=True)
class Shelved:
    """A room on the wall: its place among all rooms, and how many tiles wide it is."""

    index: int
    room: Room
    wide: int

    @property
    def deep(self) -> int:
        return -(-len(self.room.tiles) // self.wide)


@dataclass(frozen=True, slots=True)
class Board:
    day: date
    rooms: tuple[Room, ...]
    troubles: tuple[Trouble, ...]
    happenings: tuple[Happening, ...]
    figures: Figures
    silent: tuple[str, ...]  # agents
    agents: int
    plan: Plan

    @property
    def running(self) -> tuple[Tile, ...]:
        """Machines in use, the longest first; at the end those of which nothing is heard."""
        taken = [tile for room in self.rooms for tile in room.tiles if tile.state in OCCUPIED and tile.started]
        return tuple(sorted(taken, key=lambda tile: (tile.silent, tile.started, tile.code)))

    @property
    def bypassed(self) -> tuple[Tile, ...]:
        """Machines at which staff bridge our contact now."""
        return tuple(tile for room in self.rooms for tile in room.tiles if tile.bypass_until)

    @property
    def shelves(self) -> list[list[Shelved]]:
        """The rooms in rows, as low as they fit on a screen."""
        rooms = iter(enumerate(self.rooms))
        packed = pack([len(room.tiles) for room in self.rooms], BAYS)
        return [[Shelved(*next(rooms), wide) for wide in row] for row in packed]

    @property
    def soon(self) -> tuple[Tile, ...]:
        """Machines in use whose longest time ends, the next one first: they must be free then, or earlier."""
        limited = [(planned_end(tile), tile) for tile in self.running if tile.limit_s and not tile.silent]
        return tuple(tile for _, tile in sorted(limited, key=lambda one: (one[0], one[1].code)))[:SOON]

    @property
    def counts(self) -> dict[State, int]:
        counted = Counter(tile.state for room in self.rooms for tile in room.tiles)
        return {state: counted[state] for state in State}


def planned_end(tile: Tile) -> datetime:
    """When the longest time of a session that has one is over."""
    assert tile.started
    assert tile.limit_s
    return tile.started + timedelta(seconds=tile.limit_s)


def is_silent(agent: AgentFacts, running: bool, now: datetime) -> bool:
    """Said goodbye, never came, or reports nothing although a machine of its own is running."""
    if not agent.online or agent.seen is None:
        return True
    return running and now - agent.seen > NO_NEWS_AFTER


def tile_of(facts: MachineFacts, now: datetime) -> Tile:
    running = facts.live in RUNNING
    silent = is_silent(facts.agent, running, now)
    bypass_until = bypassed_until(facts.bypass_until, now)
    state = _state(facts, running, silent, bypass_until is not None)
    if state is State.FREE and facts.live != MachineState.ARMED:
        state = State.LOCK if facts.denied else _kept(facts.booked, now)
    outage = facts.booked if state is State.LOCK and _goes_on(facts.booked, now) else None
    return Tile(
        facts.code,
        facts.name,
        facts.room,
        state,
        started=facts.started if running else None,
        until=facts.agent.seen if silent else None,
        silent=silent,
        seen=facts.agent.seen if silent else None,
        limit_s=facts.limit_s if running else None,
        why=_why(facts, state, bypass_until is not None),
        note=(facts.note or (outage.why if outage else "")) if state is State.LOCK else "",
        bypass_until=bypass_until,
        booked=facts.booked,
    )


def _kept(booked: Ahead | None, now: datetime) -> State:
    """What a free machine is shown as: locked by an outage, booked now or soon, or free."""
    if _goes_on(booked, now):
        return State.LOCK
    return State.BOOK if booked is not None and booked.begins <= now + BOOKED_SOON else State.FREE


def _goes_on(booked: Ahead | None, now: datetime) -> bool:
    """Whether it is an outage that has begun."""
    return booked is not None and booked.is_outage and booked.begins <= now


def _state(facts: MachineFacts, running: bool, silent: bool, bypassed: bool) -> State:
    """The first that holds; what runs is never shown as less than running, whatever staff have asked for since."""
    if facts.faults:
        return State.FAULT
    if facts.latched or facts.live in _LOCKED or (not running and (bypassed or facts.service != Service.IN)):
        return State.LOCK
    if running:
        return State.IDLE if facts.working is False else State.USE
    return _at_rest(facts, silent)


def _at_rest(facts: MachineFacts, silent: bool) -> State:
    if facts.live == MachineState.COOLING:
        return State.COOL
    return State.FREE if facts.live in _READY and not silent else State.OFF


def _why(facts: MachineFacts, state: State, bypassed: bool) -> str:
    match state:
        case State.FAULT:
            return facts.faults[0]
        case State.LOCK if facts.latched:
            return "problem" if facts.problem else "latched"
        case State.LOCK if bypassed:
            return "bypassed"
        case State.FREE if facts.live == MachineState.ARMED:
            return "armed"
        case State.LOCK if facts.live == MachineState.MAINTENANCE or facts.service == Service.MAINTENANCE:
            return "maintenance"
        case State.LOCK if facts.service == Service.IN and facts.live in _READY:
            return facts.denied or "outage"
        case State.LOCK:
            return "out_of_service"
        case _:
            return ""


def rooms_of(tiles: Iterable[Tile], names: Iterable[str] = ()) -> tuple[Room, ...]:
    """Rooms with machines in them, in the order of ``names``, then as they come."""
    rooms: dict[str, list[Tile]] = {name: [] for name in names}
    for tile in tiles:
        rooms.setdefault(tile.room, []).append(tile)
    return tuple(Room(name, tuple(inside)) for name, inside in rooms.items() if inside)


def load_of(spans: Iterable[tuple[int, datetime, datetime | None]], start: datetime, now: datetime) -> tuple[int, ...]:
    """How many machines were in use in each quarter hour from ``start`` to ``now``. Spans name their machine; an open one
    runs until now."""
    used: list[set[int]] = [set() for _ in range((now - start) // QUARTER + 1)]
    for machine, begins, ends in spans:
        first = max(0, (begins - start) // QUARTER)
        last = min(len(used) - 1, (min(ends or now, now) - start) // QUARTER)
        for index in range(first, last + 1):
            used[index].add(machine)
    return tuple(map(len, used))
