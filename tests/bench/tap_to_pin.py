"""From a badge's bytes at the reader to the pin that closes the relay: the whole real path, in one real agent.

Pseudo-terminal, pyserial's thread, the main loop, the state file with its fsync, gpiozero, the board's pins. Its link sends
to a real broker meanwhile. The 15 ms that a frame takes on a serial line, and the slowness of an SD card, come on top.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from sqlalchemy import select

from agent.hardware.board_map import PinBank, read_config
from agent.hardware.board_readers import Reader
from server.db import reading
from server.demo.lab import Machine
from server.demo.lab_people import MILLING, PRINTING
from server.machines.models import Agent
from tests.bench.figures import Lines, spread
from tests.bench.lab import BenchLab, bench_lab
from tests.waiting import listens

HOLDERS = 10_000
AIM_MS = {99: 5.0}
_AGENT = "agent-1"
_PRESENCE_S = 0.32  # a card that is to count again must have been away for 300 ms
_PAUSE_S = (0.01, 0.05)
_GIVES_UP_S = 2.0
_AGAIN_S = 0.5


class Place:
    """One machine as the bench sees it: a reader it holds cards to, and a pin it looks at."""

    def __init__(self, machine: Machine, board: Path) -> None:
        self.code = machine.code
        self._reader = Reader(board, machine.code)  # instead of the board's, so that no third process stands between
        self._bank = PinBank(board, read_config(board).agents, machine.agent)
        self._pin = machine.relay

    def tap(self, card: str) -> None:
        self._reader.present(card, 1, is_heard=True)

    def start(self, card: str) -> float:
        """Seconds until the pin is closed."""
        took = self._tap_until(card, driven=True)
        if took is None:
            raise TimeoutError("a badge did not start its machine")
        return took

    def end(self, card: str) -> float | None:
        """Seconds until the pin is open; None where it took more than this tap, because the one before was read late."""
        took = self._tap_until(card, driven=False)
        while self._bank.driven(self._pin):
            self.tap(card)
            time.sleep(_AGAIN_S)
        return took

    def _tap_until(self, card: str, driven: bool) -> float | None:
        began = time.perf_counter()
        self.tap(card)
        while self._bank.driven(self._pin) is not driven:
            if time.perf_counter() - began > _GIVES_UP_S:
                return None
            time.sleep(0.00002)  # looks every 80 µs or so, and leaves the processor to the agent
        return time.perf_counter() - began

    def close(self) -> None:
        self._reader.close()


def measure(quick: bool) -> Lines:
    rounds = 20 if quick else 110
    with bench_lab(agents=1, holders=HOLDERS) as lab:
        lab.start_link()
        with places_of(lab, _AGENT) as places:
            lab.stage.start_agent(_AGENT)
            lab.stage.until(lambda: is_enforced(lab, _AGENT), "the list to be in force", 60)
            starts, ends = take_turns(lab, places, rounds)
        state = lab.site.agent_settings(_AGENT).parent  # where the agent has its own file
        yield f"  one agent, its list with {HOLDERS:,} holders; from the write to the pseudo-terminal to the pin in the board's map"
        yield from spread("badge → pin closed", starts, AIM_MS)
        yield from spread("second tap → pin open (released before it is recorded)", ends)
        yield from spread("fsync alone, 12 kB appended, same file system", fsyncs(state, len(starts)))


def take_turns(lab: BenchLab, places: list[Place], rounds: int) -> tuple[list[float], list[float]]:
    """Sessions that last less than a second, at all machines in turn: seconds to close each pin, and to open it again."""
    cards = [one.card for one in lab.lab.holders if {PRINTING, MILLING} <= one.skills]
    random = Random("taps")
    starts: list[float] = []
    ends: list[float | None] = []
    for number in range(rounds):
        card = cards[number % len(cards)]
        _each(places, card, lambda place, card: starts.append(place.start(card)), random)
        _each(places, card, Place.tap, random)
        _each(places, card, lambda place, card: ends.append(place.end(card)), random)
        lab.stage.processes.check()
    return starts, [took for took in ends if took is not None]


def is_enforced(lab: BenchLab, agent: str) -> bool:
    """True when this agent says that it enforces a list, and its readers listen."""
    with reading() as session:
        revision = session.scalar(select(Agent.revision).where(Agent.name == agent))
    machines = [machine.code for machine in lab.lab.machines if machine.agent == agent]
    return bool(revision) and listens(lab.site.logs / f"{agent}.log", machines)


def fsyncs(directory: Path, count: int) -> Iterator[float]:
    """Seconds that each append takes to be on the disk, without anything of ours around it."""
    file = directory / "fsync"
    handle = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        for _ in range(count):
            began = time.perf_counter()
            os.write(handle, b"x" * 12_288)
            os.fsync(handle)
            yield time.perf_counter() - began
            time.sleep(0.01)
    finally:
        os.close(handle)
        file.unlink()


@contextmanager
def places_of(lab: BenchLab, agent: str) -> Iterator[list[Place]]:
    places = [Place(machine, lab.site.board) for machine in lab.lab.machines if machine.agent == agent]
    try:
        yield places
    finally:
        for place in places:
            place.close()


def _each(places: list[Place], card: str, do: Callable[[Place, str], None], random: Random) -> None:
    """At every place once; and then a card that is held there again is a new presentation."""
    for place in places:
        do(place, card)
        time.sleep(random.uniform(*_PAUSE_S))
    time.sleep(_PRESENCE_S)
